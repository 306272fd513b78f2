import Arb
import Assembly
import Codec
import Glibc
import Store
import Threading
import Trading

/// `arb pairs`: what is watched, and whether the venues agree with the files.
enum PairsCommand {
    static let list = CommandSpec("pairs list", "the pairs and sets of the files", [])
    static let show = CommandSpec(
        "pairs show", operands: "ID", count: 1...1, "one pair or set, as its file describes it", [])
    static let check = CommandSpec(
        "pairs check", operands: "[ID…]", count: 0...1_000,
        "ask both venues: rule texts, dates, grids, fees, sides; say why a pair may not trade",
        [OptionSpec("--for", "DURATION", "how long to watch the books for inverted sides (default 15s)")])

    static func runList(_ context: CommandContext) throws -> ExitCode {
        let files = try context.pairs(try context.configuration())
        if context.isJSON {
            for pair in files.pairs { context.terminal.out(json(pair)) }
            for set in files.sets { context.terminal.out(json(set)) }
            return .done
        }
        context.terminal.out("id                     kind        status    title")
        for pair in files.pairs { context.terminal.out(row(pair.id, "pair", pair.status, pair.title)) }
        for set in files.sets { context.terminal.out(row(set.id, "set of \(set.legs.count)", set.status, set.title)) }
        context.terminal.say("\(files.pairs.count) pairs, \(files.sets.count) sets")
        return .done
    }

    private static func row(_ id: PairID, _ kind: String, _ status: ReviewStatus, _ title: String) -> String {
        "\(Terminal.cell(id.name, 22)) \(Terminal.cell(kind, 11)) \(Terminal.cell(status.rawValue, 9)) \(Terminal.cell(title, 34))"
    }

    static func runShow(_ context: CommandContext) throws -> ExitCode {
        let files = try context.pairs(try context.configuration())
        let wanted = context.parsed.operands[0]
        if let pair = files.pairs.first(where: { $0.id.name == wanted }) {
            if context.isJSON { context.terminal.out(json(pair)) } else { context.terminal.out(text(pair)) }
            return .done
        }
        if let set = files.sets.first(where: { $0.id.name == wanted }) {
            if context.isJSON { context.terminal.out(json(set)) } else { context.terminal.out(text(set)) }
            return .done
        }
        let nearest = NearestWord.of(wanted, among: (files.pairs.map(\.id) + files.sets.map(\.id)).map(\.name))
        throw CommandFailure(
            .failure, "E_PAIR_NONE",
            "no pair or set is called '\(wanted)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""))
    }

    private static func text(_ pair: MarketPair) -> String {
        let payout = pair.expectedPayout?.rfc3339 ?? "unknown (the venues' dates decide)"
        return """
            \(pair.id.name)
            \(HelpText.paragraph(TerminalText.neutral(pair.title), first: "title       "))
            status      \(pair.status.rawValue)
            polarity    \(pair.polarity.rawValue) (Kalshi YES = Polymarket \(pair.polarity == .same ? "YES" : "NO"))
            payout      \(payout)
            kalshi      \(pair.kalshi.symbol)
              rules     \(pair.kalshi.rulesSHA256 ?? "not pinned")
            polymarket  \(pair.polymarket.symbol)
              rules     \(pair.polymarket.rulesSHA256 ?? "not pinned")
              yes and no tokens
             \(pair.polymarket.tokens?.yes ?? "?")
             \(pair.polymarket.tokens?.no ?? "?")
            """
    }

    private static func text(_ set: OutcomeSet) -> String {
        let legs = set.legs.map { "  \($0.symbol)\n    rules \($0.rulesSHA256 ?? "not pinned")" }.joined(
            separator: "\n")
        return """
            \(set.id.name)
            \(HelpText.paragraph(TerminalText.neutral(set.title), first: "title       "))
            status      \(set.status.rawValue)
            venue       \(set.venue.name), event \(TerminalText.neutral(set.event))
            winners     at most \(set.winnersMax); buying all NO pays at least \(set.legs.count - set.winnersMax)
            exhaustive  \(set.exhaustive ? "yes: buying all YES pays 1" : "no: all YES is never bought")
            legs
            \(legs)
            """
    }

    private static func json(_ pair: MarketPair) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.pair/1")
        json.member("id", pair.id.name)
        json.member("title", pair.title)
        json.member("status", pair.status.rawValue)
        json.member("polarity", pair.polarity.rawValue)
        if let payout = pair.expectedPayout { json.member("expected_payout", payout.rfc3339) }
        for contract in [pair.kalshi, pair.polymarket] { leg(contract, &json) }
        json.endObject()
        return json.string
    }

    private static func json(_ set: OutcomeSet) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.set/1")
        json.member("id", set.id.name)
        json.member("title", set.title)
        json.member("status", set.status.rawValue)
        json.member("venue", set.venue.name)
        json.member("event", set.event)
        json.member("exhaustive", set.exhaustive)
        json.member("max_winners", set.winnersMax)
        json.key("legs")
        json.beginArray()
        for contract in set.legs {
            json.beginObject()
            json.member("instrument", contract.symbol)
            if let hash = contract.rulesSHA256 { json.member("rules_sha256", hash) }
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.string
    }

    private static func leg(_ contract: Contract, _ json: inout JSONWriter) {
        json.key(contract.venue.name)
        json.beginObject()
        json.member("instrument", contract.symbol)
        if let tokens = contract.tokens {
            json.member("yes_token", tokens.yes)
            json.member("no_token", tokens.no)
            json.member("neg_risk", contract.negRisk)
        }
        if let hash = contract.rulesSHA256 { json.member("rules_sha256", hash) }
        json.endObject()
    }
}
