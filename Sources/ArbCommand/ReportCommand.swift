import Assembly
import Codec
import Store
import Threading
import Trading

/// `arb report daily`: what was traded, locked, lost, missed, and what is held now.
enum ReportCommand {
    static let daily = CommandSpec(
        "report daily", "what a day came to: traded, locked, lost, missed, gone wrong, held now",
        [
            OptionSpec("--day", "DATE", "a UTC day such as 2026-11-21 (default today so far)"),
            OptionSpec("--since", "DURATION", "the time until now instead of a day"),
            OptionSpec("--html", "FILE", "one self-contained page"),
        ])

    static func runDaily(_ context: CommandContext) throws -> ExitCode {
        guard !(context.isJSON && context.option("--html") != nil) else {
            throw UsageFault("--html and --json are one or the other")
        }
        let now = NanoClock.utc()
        let (from, until) = try period(context, now)
        let configuration = try context.configuration()
        let ledger = try context.ledger(configuration)
        let report = try OrdersCommand.stored { () throws(StoreFault) in
            try DailyReport(ledger, account: configuration.text("account"), from: from, until: until, at: now)
        }
        if context.isJSON {
            var json = JSONWriter()
            report.write(into: &json)
            context.terminal.out(json.string)
        } else if let path = context.option("--html") {
            try context.deliver(DailyPage.text(report, build: BuildInfo.build), to: path)
        } else {
            for line in report.lines { context.terminal.out(line) }
        }
        return .done
    }

    private static func period(_ context: CommandContext, _ now: UTCNanos) throws -> (UTCNanos, UTCNanos) {
        let day = Nanoseconds.seconds(86_400)
        if let since = try context.duration("--since") {
            guard context.option("--day") == nil else { throw UsageFault("--day and --since are one or the other") }
            return (now + Nanoseconds(rawValue: -since.rawValue), UTCNanos(rawValue: .max))
        }
        guard let text = context.option("--day") else {
            let start = UTCNanos(rawValue: now.rawValue - now.rawValue % day.rawValue)
            return (start, start + day)
        }
        guard let start = UTCNanos(rfc3339: text + "T00:00:00Z") else {
            throw UsageFault("--day '\(text)' is no day; write 2026-11-21")
        }
        return (start, start + day)
    }
}
