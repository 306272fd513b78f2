import Trading

/// Reads one pair file, collecting its mistakes.
///
/// - Source: `Docs/OPERATING.md`, section Pair files.
struct PairFileReader {
    let file: String
    private(set) var pairs: [MarketPair] = []
    private(set) var sets: [OutcomeSet] = []
    private(set) var ids: [(id: String, place: SourcePlace)] = []
    private(set) var faults: [SourceFault] = []

    init(file: String) { self.file = file }

    mutating func read(_ text: String) {
        do throws(SourceFault) {
            for member in try TomlDocument(text, file: file).root {
                switch member.key {
                case "pair": each(member) { reader, table in reader.readPair(table) }
                case "set": each(member) { reader, table in reader.readSet(table) }
                default:
                    fault(
                        member.keyPlace, "unknown key '\(member.key)'", expected: "[[pair]] or [[set]]",
                        code: "E_PAIR_UNKNOWN_KEY")
                }
            }
        } catch {
            faults.append(error)
        }
    }

    private mutating func each(_ member: TomlMember, _ body: (inout PairFileReader, Table) -> Void) {
        guard case .array(let tables) = member.value.content else {
            return fault(
                member.keyPlace, "'\(member.key)' is \(member.value.kind)",
                expected: "[[\(member.key)]] (double brackets)")
        }
        for value in tables {
            guard case .table(let members) = value.content else {
                fault(value.place, "'\(member.key)' holds \(value.kind)", expected: "[[\(member.key)]]")
                continue
            }
            body(&self, Table(members, place: value.place))
        }
    }

    /// A table whose keys are taken one by one, so that what is left over is unknown.
    final class Table {
        var members: [TomlMember]
        let place: SourcePlace
        var known: [String] = []

        init(_ members: [TomlMember], place: SourcePlace) {
            self.members = members
            self.place = place
        }

        func take(_ key: String) -> TomlMember? {
            known.append(key)
            guard let index = members.firstIndex(where: { $0.key == key }) else { return nil }
            return members.remove(at: index)
        }
    }

    mutating func fault(
        _ place: SourcePlace, _ message: String, expected: String? = nil, code: String = "E_PAIR_VALUE"
    ) {
        faults.append(SourceFault(file: file, place: place, message: message, expected: expected, code: code))
    }

    mutating func finish(_ table: Table, _ what: String) {
        for member in table.members {
            let nearest = NearestWord.of(member.key, among: table.known)
            fault(
                member.keyPlace,
                "unknown key '\(member.key)' in \(what)" + (nearest.map { "; did you mean '\($0)'?" } ?? ""),
                expected: nearest == nil ? "one of: \(table.known.joined(separator: ", "))" : nil,
                code: "E_PAIR_UNKNOWN_KEY")
        }
    }

    // MARK: Pairs and sets

    private mutating func readPair(_ table: Table) {
        let before = faults.count
        let id = id(table)
        let title = text(table, "title", required: true)
        let status = word(table, "status", ReviewStatus.self)
        let polarity = word(table, "polarity", Polarity.self)
        let payout = instant(table, "expected_payout")
        readReview(table, status)
        let kalshi = subtable(table, "kalshi").flatMap { readKalshi($0, status) }
        let polymarket = subtable(table, "polymarket").flatMap { readPolymarket($0, status, needsTokens: true) }
        finish(table, "[[pair]]")
        guard faults.count == before, let id, let title, let status, let polarity, let kalshi, let polymarket else {
            return
        }
        pairs.append(
            MarketPair(
                id: PairID(id), title: title, status: status, polarity: polarity, expectedPayout: payout,
                kalshi: kalshi,
                polymarket: polymarket))
    }

    private mutating func readSet(_ table: Table) {
        let before = faults.count
        let id = id(table)
        let title = text(table, "title", required: false)
        let status = word(table, "status", ReviewStatus.self)
        let venue = venue(table)
        let event = text(table, "event", required: true)
        let exhaustive = boolean(table, "exhaustive")
        let winners = integer(table, "max_winners", 1...1_000)
        let payout = instant(table, "expected_payout")
        if table.members.contains(where: { $0.key == "reviewed" }) { readReview(table, status) }
        let legs = readLegs(table, venue, status)
        finish(table, "[[set]]")
        guard faults.count == before, let id, let status, let venue, let event, let winners else { return }
        guard legs.count >= 2, winners < legs.count else {
            return fault(
                table.place, "a set of \(legs.count) legs with max_winners \(winners) pays nothing for sure",
                expected: "at least two [[set.leg]], and max_winners below their number", code: "E_PAIR_SET")
        }
        sets.append(
            OutcomeSet(
                id: PairID(id), title: title ?? event, status: status, venue: venue, event: event,
                exhaustive: exhaustive ?? false,
                winnersMax: Int(winners), expectedPayout: payout, legs: legs))
    }

    private mutating func readLegs(_ table: Table, _ venue: VenueID?, _ status: ReviewStatus?) -> [Contract] {
        guard let member = table.take("leg"), case .array(let values) = member.value.content else {
            fault(table.place, "a set without legs", expected: "[[set.leg]] tables", code: "E_PAIR_MISSING")
            return []
        }
        var legs: [Contract] = []
        for value in values {
            guard case .table(let members) = value.content, let venue else { continue }
            let leg = Table(members, place: value.place)
            let contract = venue == .kalshi ? readKalshi(leg, status) : readPolymarket(leg, status, needsTokens: true)
            if let contract { legs.append(contract) }
        }
        return legs
    }

    /// Who looked, when: demanded of what is approved, kept by the file alone.
    private mutating func readReview(_ table: Table, _ status: ReviewStatus?) {
        guard let review = subtable(table, "reviewed", required: status == .approved) else { return }
        _ = text(review, "by", required: status == .approved)
        if let on = text(review, "on", required: status == .approved),
            UTCNanos(rfc3339: on + "T00:00:00Z") == nil
        {
            fault(review.place, "reviewed.on '\(on)' is no date", expected: "a date such as \"2026-11-20\"")
        }
        _ = text(review, "note", required: false, mayBeEmpty: true)
        finish(review, "reviewed")
    }

    private mutating func readKalshi(_ table: Table, _ status: ReviewStatus?) -> Contract? {
        let ticker = text(table, "ticker", required: true)
        let index = integer(table, "exchange_index", 0...100, required: false)
        let hash = rulesHash(table, status)
        let pinned = readKalshiReference(table)
        finish(table, "the Kalshi market")
        guard let ticker else { return nil }
        let isTicker = ticker.utf8.allSatisfy { byte in
            (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
        }
        guard isTicker, ticker.utf8.count <= 128 else {
            fault(table.place, "'\(ticker)' is no market ticker", expected: "capital letters, digits, dashes and dots")
            return nil
        }
        return Contract(
            venue: .kalshi, symbol: ticker, exchangeIndex: index.map { Int($0) }, rulesSHA256: hash, pinned: pinned)
    }

    private mutating func readPolymarket(_ table: Table, _ status: ReviewStatus?, needsTokens: Bool) -> Contract? {
        let before = faults.count
        let condition = hex(table, "condition_id", digits: 64, prefixed: true)
        let yes = token(table, "yes_token")
        let no = token(table, "no_token")
        let negRisk = boolean(table, "neg_risk")
        let hash = rulesHash(table, status)
        let pinned = readPolymarketReference(table)
        finish(table, "the Polymarket market")
        guard faults.count == before, let condition, let yes, let no else { return nil }
        guard yes != no else {
            fault(table.place, "yes_token and no_token are the same", code: "E_PAIR_VALUE")
            return nil
        }
        return Contract(
            venue: .polymarket, symbol: condition, tokens: Contract.Tokens(yes: yes, no: no), negRisk: negRisk ?? false,
            rulesSHA256: hash, pinned: pinned)
    }

    /// The pinned hash; what is approved must have one.
    private mutating func rulesHash(_ table: Table, _ status: ReviewStatus?) -> String? {
        guard let text = text(table, "rules_sha256", required: status == .approved, mayBeEmpty: true) else {
            return nil
        }
        if text.isEmpty {
            if status == .approved {
                fault(
                    table.place, "approved, but rules_sha256 is empty",
                    expected: "the hash that `arb pairs check` prints",
                    code: "E_PAIR_RULES_UNPINNED")
            }
            return nil
        }
        guard isHex(text, 64) else {
            fault(table.place, "rules_sha256 '\(text)' is no SHA-256", expected: "64 lower-case hex digits")
            return nil
        }
        return text
    }

    // MARK: Fields

    private mutating func id(_ table: Table) -> String? {
        guard let member = table.take("id") else {
            fault(table.place, "no id", expected: "id = \"a-name-of-yours\"", code: "E_PAIR_MISSING")
            return nil
        }
        guard case .string(let text) = member.value.content, (1...64).contains(text.utf8.count),
            text.utf8.allSatisfy({
                ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || (0x30...0x39).contains($0)
                    || [0x2D, 0x2E, 0x5F].contains($0)
            })
        else {
            fault(member.value.place, "an id is 1 to 64 letters, digits, dashes, dots or underscores")
            return nil
        }
        ids.append((text, member.value.place))
        return text
    }

    mutating func text(_ table: Table, _ key: String, required: Bool, mayBeEmpty: Bool = false) -> String? {
        guard let member = table.take(key) else {
            if required { fault(table.place, "no \(key)", expected: "\(key) = \"…\"", code: "E_PAIR_MISSING") }
            return nil
        }
        guard case .string(let text) = member.value.content, mayBeEmpty || !text.isEmpty, text.utf8.count <= 4_096
        else {
            fault(member.value.place, "\(key) is \(member.value.kind) or empty", expected: "a string")
            return nil
        }
        return text
    }

    private mutating func word<Word: RawRepresentable & CaseIterable>(_ table: Table, _ key: String, _ type: Word.Type)
        -> Word?
    where Word.RawValue == String {
        guard let member = table.take(key) else {
            fault(table.place, "no \(key)", expected: words(type), code: "E_PAIR_MISSING")
            return nil
        }
        guard case .string(let text) = member.value.content, let word = Word(rawValue: text) else {
            var message = "\(key) is \(member.value.kind)"
            if case .string(let text) = member.value.content {
                let nearest = NearestWord.of(text, among: type.allCases.map(\.rawValue))
                message = "\(key) '\(text)' is unknown" + (nearest.map { "; did you mean '\($0)'?" } ?? "")
            }
            fault(member.value.place, message, expected: words(type))
            return nil
        }
        return word
    }

    private func words<Word: RawRepresentable & CaseIterable>(_ type: Word.Type) -> String
    where Word.RawValue == String {
        type.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    }

    private mutating func venue(_ table: Table) -> VenueID? {
        guard let text = text(table, "venue", required: true) else { return nil }
        guard let venue = VenueID(name: text) else {
            fault(table.place, "venue '\(text)' is unknown", expected: "\"kalshi\" or \"polymarket\"")
            return nil
        }
        return venue
    }

    private mutating func boolean(_ table: Table, _ key: String) -> Bool? {
        guard let member = table.take(key) else { return nil }
        guard case .boolean(let value) = member.value.content else {
            fault(member.value.place, "\(key) is \(member.value.kind)", expected: "true or false, without quotes")
            return nil
        }
        return value
    }

    mutating func integer(_ table: Table, _ key: String, _ range: ClosedRange<Int64>, required: Bool = true)
        -> Int64?
    {
        guard let member = table.take(key) else {
            if required { fault(table.place, "no \(key)", expected: "\(key) = a whole number", code: "E_PAIR_MISSING") }
            return nil
        }
        guard case .integer(let value) = member.value.content, range.contains(value) else {
            fault(
                member.value.place, "\(key) is \(member.value.kind) or out of range",
                expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    mutating func instant(_ table: Table, _ key: String) -> UTCNanos? {
        guard let member = table.take(key) else { return nil }
        guard case .string(let text) = member.value.content, let instant = UTCNanos(rfc3339: text) else {
            fault(
                member.value.place, "\(key) is no instant",
                expected: "UTC as a string, such as \"2026-12-10T21:00:00Z\"")
            return nil
        }
        return instant
    }

    private mutating func token(_ table: Table, _ key: String) -> String? {
        guard let text = text(table, key, required: true) else { return nil }
        let isDecimal = text.utf8.allSatisfy { (0x30...0x39).contains($0) } && text.utf8.first != 0x30
        guard isDecimal, (1...78).contains(text.utf8.count) else {
            fault(table.place, "\(key) '\(text.prefix(80))' is no token id", expected: "1 to 78 decimal digits")
            return nil
        }
        return text
    }

    private mutating func hex(_ table: Table, _ key: String, digits: Int, prefixed: Bool) -> String? {
        guard let text = text(table, key, required: true) else { return nil }
        guard text.hasPrefix("0x"), isHex(String(text.dropFirst(2)), digits) else {
            fault(
                table.place, "\(key) '\(text.prefix(80))' is no condition id",
                expected: "0x and \(digits) lower-case hex digits")
            return nil
        }
        return text
    }

    private func isHex(_ text: String, _ digits: Int) -> Bool {
        text.utf8.count == digits && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    mutating func subtable(_ table: Table, _ key: String, required: Bool = true) -> Table? {
        guard let member = table.take(key) else {
            if required { fault(table.place, "no \(key)", expected: "a table \(key)", code: "E_PAIR_MISSING") }
            return nil
        }
        guard case .table(let members) = member.value.content else {
            fault(member.value.place, "\(key) is \(member.value.kind)", expected: "a table")
            return nil
        }
        let place = member.keyPlace.line > 0 ? member.keyPlace : member.value.place
        return Table(members, place: place)
    }
}
