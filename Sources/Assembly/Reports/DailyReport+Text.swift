internal import Codec
internal import Store
import Trading

// The report for people: lines of at most 80 columns, what is held first.
extension DailyReport {
    /// The report as lines.
    public var lines: [String] {
        heading + nowLines + tradedLines + venueLines + pairLines + missedLines + faultLines + stopLines
    }

    /// Dollars to the cent, toward zero.
    static func dollars(_ money: Money) -> String {
        let cents = money.rawValue.magnitude / 1_000_000
        let rest = cents % 100
        return (money.rawValue < 0 ? "-$" : "$") + "\(cents / 100)." + (rest < 10 ? "0" : "") + "\(rest)"
    }

    static func plural(_ count: Int, _ one: String, _ many: String? = nil) -> String {
        "\(count) " + (count == 1 ? one : many ?? one + "s")
    }

    private static func cell(_ text: String, _ width: Int) -> String {
        let neutral = TerminalText.neutral(text)
        if neutral.count <= width { return neutral + String(repeating: " ", count: width - neutral.count) }
        return String(neutral.prefix(width - 1)) + "…"
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    static func clock(_ instant: UTCNanos) -> String { String(instant.rfc3339.dropFirst(11).prefix(8)) }

    private var period: String {
        let from = from.rfc3339, last = min(until, at).rfc3339
        let isOneDay = from.prefix(10) == last.prefix(10)
        return "\(from.prefix(10)) \(from.dropFirst(11).prefix(5)) to "
            + (isOneDay ? "" : "\(last.prefix(10)) ") + "\(last.dropFirst(11).prefix(5)) UTC"
    }

    /// What these figures are worth.
    var nature: String {
        if isPaper { return "PAPER: every fill is a model of the live books, no order was sent" }
        let kind = venuesKind == "loopback" ? "loopback venues, no money anywhere" : "venues=\(venuesKind)"
        return modes.isEmpty ? "nothing was traded; \(kind)" : "\(modes.joined(separator: " and ")), \(kind)"
    }

    private var heading: [String] {
        ["DAILY REPORT  \(period)  account \(Self.cell(account, 12).trimmingEnd())", "              \(nature)", ""]
    }

    private var nowLines: [String] {
        let held = exposure
        var parts: [String] = []
        if held.unknown > 0 { parts.append("UNKNOWN \(Self.plural(held.unknown, "leg"))") }
        if held.alone > 0 { parts.append("EXPOSED by \(Self.plural(held.alone, "execution"))") }
        if held.boxes > 0 { parts.append("HEDGED in \(Self.plural(held.boxes, "box", "boxes"))") }
        var lines = ["Now           " + (parts.isEmpty ? "FLAT" : parts.joined(separator: " · "))]
        if held.boxes > 0 {
            lines.append(
                "              cost \(Self.dollars(held.cost)), pay \(Self.dollars(held.payoff)) at least: "
                    + "\(Self.dollars(held.locked)) locked")
        }
        if held.open > 0 { lines.append("              \(Self.plural(held.open, "order")) not ended") }
        return lines + [""]
    }

    private var tradedLines: [String] {
        let total = total
        guard total.count > 0 else { return ["Traded        nothing", ""] }
        let words = ["filled", "partial", "unwound", "missed", "unknown", "begun"].compactMap { word in
            results[word].map { "\($0.count) \(word)" }
        }
        func line(_ name: String, _ money: Money, _ words: String) -> String {
            "  \(Self.cell(name, 11)) \(Self.right(money.description, 16))  \(words)"
        }
        let (locked, unwound) = (locked, unwound)
        var lines = [
            "Traded        \(Self.plural(total.count, "execution")): \(words.joined(separator: ", "))",
            line("expected", total.expected, "at the decisions, USD"),
            line("locked", locked.net, "in \(Self.plural(locked.count, "execution")) with nothing left over"),
        ]
        if unwound.count > 0 {
            lines.append(
                line("unwound", unwound.net, "of \(Self.plural(unwound.count, "execution")) with one leg short"))
        }
        lines.append(
            line(
                "net", total.net,
                total.open == 0 ? "all fees in" : "all fees in; \(total.open) not known yet"))
        if !closes.isEmpty {
            let ways = closes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
            lines.append("  closing orders: \(ways.joined(separator: ", "))")
        }
        return lines + [""]
    }

    private var venueLines: [String] {
        guard venues.contains(where: { $0.count > 0 }) else { return [] }
        func row(_ cells: [String]) -> String {
            Self.cell(cells[0], 14)
                + cells.dropFirst().enumerated().map { Self.right($1, $0 < 6 ? 8 : 9) }.joined()
        }
        var lines = [row(["Orders", "sent", "filled", "partial", "none", "refused", "unknown", "fills"])]
        for venue in venues {
            let counts = ["filled", "partial", "unfilled", "rejected", "unknown"].map { String(venue.orders[$0] ?? 0) }
            let sent = venue.count - (venue.orders["not_sent"] ?? 0)
            lines.append(row([venue.venue.name, String(sent)] + counts + [String(venue.fills)]))
        }
        lines.append("")
        for venue in venues {
            let currency = venue.venue == .polymarket ? "pUSD" : "USD"
            var text = "\(venue.bought) bought for \(venue.spent)"
            if venue.sold.rawValue > 0 { text += ", \(venue.sold) sold for \(venue.received)" }
            lines += Self.wrapped(Self.cell(venue.venue.name, 14), "\(text) \(currency)")
            lines.append(
                "              fees \(venue.fees) \(currency)"
                    + (venue.feesOpen == 0 ? "" : ", \(Self.plural(venue.feesOpen, "order")) not told whole"))
        }
        return lines + [""]
    }

    private static func wrapped(_ head: String, _ text: String) -> [String] {
        guard head.count + text.count > 80, let comma = text.firstRange(of: ", ") else { return [head + text] }
        return [
            head + text[..<comma.lowerBound] + ",",
            String(repeating: " ", count: head.count) + text[comma.upperBound...],
        ]
    }

    /// At most this many pairs and reasons; the rest in one line.
    private static let rowsShown = 10

    private var pairLines: [String] {
        guard !pairs.isEmpty else { return [] }
        var lines = ["Pairs                       fired  filled unwound     expected          net"]
        for pair in pairs.prefix(Self.rowsShown) {
            lines.append(
                Self.cell(pair.pair, 26) + Self.right(String(pair.fired), 7) + Self.right(String(pair.filled), 8)
                    + Self.right(String(pair.unwound), 8) + Self.right(Self.dollars(pair.expected), 13)
                    + Self.right(Self.dollars(pair.net), 13))
        }
        if pairs.count > Self.rowsShown {
            lines.append("and \(Self.plural(pairs.count - Self.rowsShown, "pair")) more")
        }
        return lines + [""]
    }

    private var missedLines: [String] {
        let seen = opportunities.reduce(0) { $0 + $1.count }
        guard seen > 0 else { return ["Opportunities none seen", ""] }
        let passed = opportunities.filter { $0.second == "taken" }.reduce(0) { $0 + $1.count }
        var lines = [
            "Opportunities \(seen) seen, \(passed) passed every gate"
                + (missed.isEmpty ? "" : ", \(missed.reduce(0) { $0 + $1.count }) of those not fired")
        ]
        func row(_ count: Int, _ sum: Money, _ why: String) -> String {
            Self.right(String(count), 12) + "  " + Self.right(Self.dollars(sum), 12) + "  "
                + Self.cell(why, 52).trimmingEnd()
        }
        var rows = missed.map { why -> String in
            let words = why.first.isEmpty ? "gone or busy before it could be fired" : "\(why.first) \(why.second)"
            return row(why.count, why.sum, words)
        }
        rows += opportunities.filter { $0.second != "taken" }.map {
            row($0.count, $0.sum, "\($0.second)" + ($0.first == "cross-venue" ? "" : " (\($0.first))"))
        }
        let sets = opportunities.filter { $0.second == "taken" && $0.first != "cross-venue" }
        let setCount = sets.reduce(0) { $0 + $1.count }
        if !sets.isEmpty, isPaper {
            lines.append("              \(setCount) of them outcome sets, traded on paper alone: a model")
        } else if !sets.isEmpty {
            let money = sets.reduce(Money.zero) { Money(rawValue: $0.rawValue + $1.sum.rawValue) }
            rows.append(row(setCount, money, "outcome sets: logged, never fired live"))
        }
        if !rows.isEmpty { lines.append("     missed      at best  why") }
        lines += rows.prefix(Self.rowsShown)
        if rows.count > Self.rowsShown { lines.append("            and \(rows.count - Self.rowsShown) more reasons") }
        return lines + [""]
    }

    private var faultLines: [String] {
        var lines: [String] = []
        func list(_ name: String, _ rows: [(String, Int)]) {
            guard !rows.isEmpty else { return }
            lines.append(name)
            for (words, count) in rows.prefix(Self.rowsShown) {
                lines.append(Self.right(String(count), 12) + "  " + Self.cell(words, 66).trimmingEnd())
            }
            if rows.count > Self.rowsShown { lines.append("            and \(rows.count - Self.rowsShown) more kinds") }
        }
        list("Orders that went wrong", orderFaults.map { ("\($0.first) \($0.second)", $0.count) })
        list("Feeds", notices.map { ($0.first, $0.count) })
        list("Alerts", alerts.map { ("\($0.first) (\($0.second))", $0.count) })
        return lines.isEmpty ? ["Faults        none", ""] : lines + [""]
    }

    private var stopLines: [String] {
        var lines: [String] = []
        let trips = breakers.count { $0.isOpen && $0.event != "half_open" }
        lines.append(
            "Breaker       " + (breakers.isEmpty ? "closed all the time" : Self.plural(trips, "trip"))
                + (openBreakers.isEmpty ? "" : "; OPEN NOW: \(openBreakers.joined(separator: ", "))"))
        for event in breakers.prefix(Self.rowsShown) {
            let text = event.text.isEmpty ? "\(event.scope) \(event.event) \(event.reasons)" : event.text
            lines.append("    \(Self.clock(event.at))  " + Self.cell(text, 66).trimmingEnd())
        }
        for halt in halts.prefix(Self.rowsShown) {
            lines.append(
                "    \(Self.clock(halt.at))  "
                    + Self.cell("\(halt.action)\(halt.pair.map { " \($0)" } ?? "") by \(halt.who): \(halt.reason)", 66)
                    .trimmingEnd())
        }
        return lines
    }
}

extension String {
    /// Without spaces at its end.
    fileprivate func trimmingEnd() -> String {
        String(self[..<(lastIndex { $0 != " " }.map { index(after: $0) } ?? startIndex)])
    }
}
