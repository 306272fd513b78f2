import Assembly
import Codec
import Store
import Threading
import Trading

/// `arb latency`: how long each stage took, from the ledger's own rows.
enum LatencyCommand {
    static let spec = CommandSpec(
        "latency", "how long each stage of an order took: p50 p90 p99 p99.9 max, exact",
        [
            OptionSpec("--by", "WHAT", "pair, venue or stage (default venue)"),
            OptionSpec("--since", "DURATION", "decided within this (default 24h)"),
            OptionSpec("--pair", "TEXT", "pairs whose id contains this"),
            OptionSpec("--venue", "VENUE", "kalshi or polymarket: what concerns one leg"),
            OptionSpec("--stage", "STAGE", "tick_to_wire, ack, leg_skew …"),
            OptionSpec("--csv", "FILE", "comma-separated values; - is standard output"),
            OptionSpec("--html", "FILE", "one self-contained page with charts"),
        ])

    static func run(_ context: CommandContext) throws -> ExitCode {
        let grouping =
            try context.word("--by", LatencyReport.Grouping.allCases.map(\.rawValue))
            .flatMap(LatencyReport.Grouping.init) ?? .venue
        var filter = LatencyReport.Filter()
        let since = try context.duration("--since") ?? .seconds(86_400)
        filter.since = NanoClock.utc() + Nanoseconds(rawValue: -since.rawValue)
        filter.pair = context.option("--pair")
        filter.venue = try context.venue()
        filter.stage = try context.word("--stage", LatencyStage.allCases.map(\.rawValue)).flatMap(LatencyStage.init)
        let outputs = [context.option("--csv") != nil, context.option("--html") != nil, context.isJSON]
        guard outputs.count(where: { $0 }) <= 1 else {
            throw UsageFault("--csv, --html and --json are one or the other")
        }
        let configuration = try context.configuration()
        let ledger = try context.ledger(configuration)
        let report = try OrdersCommand.stored { () throws(StoreFault) in try LatencyReport(ledger, filter) }
        let rows = report.rows(by: grouping)
        if context.isJSON {
            for row in rows {
                var json = JSONWriter()
                LatencyReport.write(row, by: grouping, into: &json)
                context.terminal.out(json.string)
            }
        } else if let path = context.option("--csv") {
            let lines = [LatencyReport.csvHeader] + rows.map(LatencyReport.csv)
            try context.deliver(lines.joined(separator: "\n"), to: path)
        } else if let path = context.option("--html") {
            let newest = try OrdersCommand.stored { () throws(StoreFault) in try ledger.lastRun() }
            let heading = LatencyPage.Heading(
                account: configuration.text("account"), venues: newest?.venues ?? "", mode: newest?.mode ?? "",
                build: BuildInfo.build)
            try context.deliver(LatencyPage.text(report, heading), to: path)
        } else {
            table(report, rows, grouping, context)
        }
        return .done
    }

    private static func table(
        _ report: LatencyReport, _ rows: [LatencyReport.Row], _ grouping: LatencyReport.Grouping,
        _ context: CommandContext
    ) {
        guard !rows.isEmpty else {
            return context.terminal.say("no order left within this time; try a longer --since")
        }
        for line in LatencyReport.table(rows, by: grouping) { context.terminal.out(line) }
        let noun = report.executions == 1 ? "execution" : "executions"
        context.terminal.say("\(report.executions) \(noun); nearest rank, every sample counted")
    }
}

extension CommandContext {
    /// Gives a whole report to a file, or with `-` to standard output.
    func deliver(_ text: String, to path: String) throws(CommandFailure) {
        guard path != "-" else { return terminal.out(text) }
        do throws(ReportFile.Fault) {
            var file = try ReportFile(path)
            try file.append(Array((text.hasSuffix("\n") ? text : text + "\n").utf8))
            try file.finish()
        } catch {
            throw CommandFailure.unwritten(error)
        }
        terminal.say("written: \(path)")
    }
}
