import Assembly
import Scenes
import Threading
import Trading

/// `arb-sim soak`: a live run under load for long, its memory (KiB), and the truth at its end.
enum SoakCommand {
    static let spec = CommandSpec(
        "soak", "a live run under load whose markets end: memory flat, 0 differences; exit 6 when it is not so",
        [
            OptionSpec("--for", "DURATION", "length (default 1h)"),
            OptionSpec("--rate", "N", "messages a second (default 10000)"),
            OptionSpec("--fires", "N/s", "edges a second (default 1/s)"),
            OptionSpec("--pairs", "N", "pairs that trade at any time (default 300)"),
            OptionSpec("--settle", "DURATION", "time between two markets that end, 100ms to 1h (default 4s)"),
            OptionSpec("--seed", "N", "of the market (default 1)"),
            OptionSpec("--every", "DURATION", "time between two looks at memory (default 10s)"),
            OptionSpec("--faults", "LIST", "what goes wrong, as for venues (default: nothing)"),
        ])

    static func run(_ parsed: ParsedCommand) throws -> Int32 {
        Remains.clearOnSignals()
        var settings = SoakSettings()
        settings.duration = try parsed.duration("--for", default: "1h")
        settings.rate = try parsed.integer("--rate", 1...1_000_000, default: 10_000)
        settings.pairs = try parsed.integer("--pairs", 100...10_000, default: 300)
        settings.settleEvery = try parsed.duration("--settle", default: "4s")
        settings.seed = UInt64(try parsed.integer("--seed", 0...Int.max / 2, default: 1))
        settings.every = try parsed.duration("--every", default: "10s")
        settings.faults = try VenuesCommand.faults(parsed.options["--faults"] ?? "")
        let fires = parsed.options["--fires"] ?? "1/s"
        guard fires.hasSuffix("/s"), let count = Int(fires.dropLast(2)), (0...100).contains(count) else {
            throw UsageFault("--fires '\(fires)' is no rate; write 1/s")
        }
        settings.firesPerSecond = count
        if let fault = settings.fault { throw UsageFault(fault) }
        show("   time   resident  anonymous     in use  boxes  followed  messages/s   orders\n")
        let report = try Soak(settings).run { show(line($0)) }
        show(text(report))
        guard report.problems.isEmpty else {
            for problem in report.problems { show("BAD: \(problem)\n") }
            return 6
        }
        show("Memory is flat; the venues' truth and our ledger agree to the last unit.\n")
        return 0
    }

    private static func line(_ look: SoakLook) -> String {
        pad("\(look.at.rawValue / 1_000_000_000) s", 7) + pad("\(look.resident)", 11) + pad("\(look.anonymous)", 11)
            + pad("\(look.inUse / 1_024)", 11) + pad("\(look.boxes)", 7) + pad("\(look.liveOrders)", 10)
            + pad("\(look.messagesPerSecond)", 12) + pad("\(look.orders)", 9) + "\n"
    }

    private static func text(_ report: Soak.Report) -> String {
        let (trend, audit) = (report.trend, report.audit)
        func signed(_ figure: Int) -> String { figure >= 0 ? "+\(figure)" : "\(figure)" }
        return """

            \(trend.rate) messages a second, \(report.edges) edges, \(audit?.orders ?? 0) orders, \(audit?.filled ?? 0) filled, \(report.settled) markets paid, \(audit?.faults ?? 0) faults struck.
            Warm from \(trend.warmFrom.rawValue / 1_000_000_000) s on, over \(trend.span.rawValue / 1_000_000_000) s: resident \(signed(trend.resident)) KiB of \(trend.meanResident), looks \(trend.scatter) KiB from the line; \(SoakTrend.megabytes(trend.perHour(trend.resident))) MB/h.
            Anonymous \(signed(trend.anonymous)) KiB, in use \(signed(trend.inUse / 1_024)) KiB, boxes \(signed(trend.boxes)), orders followed \(signed(trend.liveOrders)). Sent twice: \(audit?.duplicates ?? 0).

            """
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.utf8.count)) + text
    }
}
