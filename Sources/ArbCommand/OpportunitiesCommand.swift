import Assembly
import Codec
import Glibc
import Store
import Threading
import Trading

/// `arb opportunities`: what was seen, taken or skipped, and why.
enum OpportunitiesCommand {
    static let spec = CommandSpec(
        "opportunities", "what was seen, whether it would have been taken, and how long it lived",
        [
            OptionSpec("--since", "DURATION", "born within this (default 1h)"),
            OptionSpec("--min-edge", "USD", "best expected net at least this"),
            OptionSpec("--pair", "TEXT", "pairs and sets whose id contains this"),
            OptionSpec("--kind", "KIND", "cross-venue, all-no or all-yes"),
            OptionSpec("--disposition", "WORD", "taken, near_close, stale_book …"),
            OptionSpec("--limit", "N", "at most this many, newest first (default 1000)"),
            OptionSpec("--csv", nil, "comma-separated values with a header line"),
        ])

    static func run(_ context: CommandContext) throws -> ExitCode {
        let configuration = try context.configuration()
        let isPaper = context.isPaper(configuration)
        let rows = try rows(context, configuration)
        if context.isJSON {
            for row in rows { context.terminal.out(json(row, isPaper)) }
        } else if context.parsed.has("--csv") {
            context.terminal.out(csvHeader)
            for row in rows { context.terminal.out(csv(row)) }
        } else {
            if isPaper { context.terminal.out(CommandContext.paperHeadline) }
            table(rows, context.terminal)
        }
        return .done
    }

    private static func rows(_ context: CommandContext, _ configuration: Configuration) throws
        -> [Ledger.OpportunityRow]
    {
        var filter = Ledger.Filter(limit: try context.count("--limit", in: 1...1_000_000, default: 1_000))
        let since = try context.duration("--since") ?? .seconds(3_600)
        filter.since = NanoClock.utc() + Nanoseconds(rawValue: -since.rawValue)
        filter.edgeMin = try context.money("--min-edge")
        filter.pair = context.option("--pair")
        filter.kind = try context.word("--kind", BasketKind.allCases.map(\.rawValue))
        filter.disposition = try context.word("--disposition", Disposition.allCases.map(\.rawValue))
        let ledger = try context.ledger(configuration)
        do throws(StoreFault) {
            return try ledger.opportunities(filter)
        } catch {
            throw CommandFailure(error.exitCode, error.code, error.text)
        }
    }

    private static func table(_ rows: [Ledger.OpportunityRow], _ terminal: Terminal) {
        guard !rows.isEmpty else { return terminal.say("no opportunities; try a longer --since") }
        terminal.out("born (UTC)          pair                size      net    life verdict      later")
        for row in rows {
            let life =
                row.lifetime.map {
                    $0.rawValue < 10_000_000_000 ? "\($0.rawValue / 1_000_000)ms" : "\($0.rawValue / 1_000_000_000)s"
                } ?? "alive"
            terminal.out(
                "\(row.born.rfc3339.prefix(19).replacing("T", with: " ")) \(Terminal.cell(row.pair, 15)) "
                    + "\(Terminal.right(row.bestQty.description, 8)) \(Terminal.right(OpportunityLine.dollars(row.bestEdge), 8)) "
                    + "\(Terminal.right(life, 7)) \(Terminal.cell(row.disposition, 12)) "
                    + outcome(row))
        }
    }

    /// In a run that trades: whether it was fired. Otherwise whether it was still there later.
    private static func outcome(_ row: Ledger.OpportunityRow) -> String {
        if let fired = row.fired, row.disposition == Disposition.taken.rawValue {
            return fired > 0 ? "fired" : "not"
        }
        return row.judgedFilled.map { $0 ? "held" : "gone" } ?? "-"
    }

    /// The object as it was told, and what came of it where a run traded.
    private static func json(_ row: Ledger.OpportunityRow, _ isPaper: Bool) -> String {
        guard let fired = row.fired, row.json.hasSuffix("}") else { return row.json }
        var more = JSONWriter()
        more.beginObject()
        more.member("fired", fired)
        more.member("model", isPaper)
        more.key("refusal")
        if let refusal = row.refusal { more.string(refusal) } else { more.null() }
        more.endObject()
        return row.json.dropLast() + "," + more.string.dropFirst()
    }

    private static let csvHeader =
        "born,pair,kind,direction,disposition,order_qty,locked_usd,edge_usd,edge_bps,best_edge_usd,best_qty,lifetime_ns,"
        + "end_reason,judged_net_usd,judged_filled,fired,refusal"

    private static func csv(_ row: Ledger.OpportunityRow) -> String {
        let fields: [String] = [
            row.born.rfc3339, row.pair, row.kind, row.direction, row.disposition, row.orderQty.description,
            row.locked.description,
            row.edge.description, String(row.edgeBps), row.bestEdge.description, row.bestQty.description,
            row.lifetime.map { String($0.rawValue) } ?? "", row.endReason ?? "", row.judgedNet?.description ?? "",
            row.judgedFilled.map { String($0) } ?? "", row.fired.map { String($0) } ?? "", row.refusal ?? "",
        ]
        return CSVText.line(fields)
    }
}
