import Assembly
import Scenes
import Threading
import Trading

/// `arb-sim soak`: a live run under load for long, its memory, and the truth at its end.
enum SoakCommand {
    static let spec = CommandSpec(
        "soak", "a live run under load: memory at intervals, 0 differences; exit 6 when it grows or differs",
        [
            OptionSpec("--for", "DURATION", "length (default 10m)"),
            OptionSpec("--rate", "N", "messages a second (default 10000)"),
            OptionSpec("--fires", "N/s", "edges a second (default 1/s)"),
            OptionSpec("--pairs", "N", "pairs (default 300)"),
            OptionSpec("--seed", "N", "of the market (default 1)"),
            OptionSpec("--every", "DURATION", "time between two looks at memory (default 10s)"),
            OptionSpec("--faults", "LIST", "what goes wrong, as for venues (default: nothing)"),
        ])

    static func run(_ parsed: ParsedCommand) throws -> Int32 {
        var settings = Soak.Settings()
        settings.duration = Nanoseconds(
            rawValue: try ParsedCommand.duration(parsed.options["--for"] ?? "10m", of: "--for"))
        settings.rate = try parsed.integer("--rate", 1...1_000_000, default: 10_000)
        settings.pairs = try parsed.integer("--pairs", 1...10_000, default: 300)
        settings.seed = UInt64(try parsed.integer("--seed", 0...Int.max / 2, default: 1))
        settings.every = Nanoseconds(
            rawValue: try ParsedCommand.duration(parsed.options["--every"] ?? "10s", of: "--every"))
        settings.faults = try VenuesCommand.faults(parsed.options["--faults"] ?? "")
        let fires = parsed.options["--fires"] ?? "1/s"
        guard fires.hasSuffix("/s"), let count = Int(fires.dropLast(2)), (0...100).contains(count) else {
            throw UsageFault("--fires '\(fires)' is no rate; write 1/s")
        }
        settings.firesPerSecond = count
        show("   time   resident   messages/s   orders\n")
        let report = try Soak(settings).run { look in
            let time = pad("\(look.at.rawValue / 1_000_000_000) s", 7)
            let memory = pad("\(look.resident) KiB", 13)
            show("\(time)\(memory)\(pad("\(look.messagesPerSecond)", 11))\(pad("\(look.orders)", 9))\n")
        }
        let audit = report.audit
        show(
            """

            \(report.rate) messages a second, \(report.edges) edges, \(audit?.orders ?? 0) orders, \(audit?.filled ?? 0) filled, \(audit?.faults ?? 0) faults struck.
            Resident memory: \(report.growth >= 0 ? "+" : "")\(report.growth) KiB after the first fifth. Sent twice: \(audit?.duplicates ?? 0).

            """)
        guard report.problems.isEmpty else {
            for problem in report.problems { show("BAD: \(problem)\n") }
            return 6
        }
        show("Memory is flat; the venues' truth and our ledger agree to the last unit.\n")
        return 0
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.utf8.count)) + text
    }
}
