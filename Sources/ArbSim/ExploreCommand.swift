import Assembly
import Exploration
import Glibc
import Simulators
import Threading
import Trading

/// `arb-sim explore`: many seeds of the real core against the simulated venues, in virtual time.
enum ExploreCommand {
    static let spec = CommandSpec(
        "explore", "the real core against simulated venues in virtual time; exit 6 on a broken invariant",
        [
            OptionSpec("--seeds", "N", "how many seeds (default 20)"),
            OptionSpec("--start-seed", "S", "the first one (default 1)"),
            OptionSpec("--minutes", "M", "virtual minutes a seed (default 10)"),
            OptionSpec("--pairs", "N", "pairs a seed (default 10)"),
            OptionSpec("--sets", "N", "outcome sets a seed, three markets each (default 3)"),
            OptionSpec("--rate", "N", "changes a second (default 200)"),
            OptionSpec(
                "--faults", "LIST",
                "what goes wrong: gap,duplicate,late,disconnect,silent,corrupt-hash,html200,slow-rest or all"),
        ])

    static func run(_ parsed: ParsedCommand) throws -> Int32 {
        var settings = VirtualDrive.Settings()
        settings.faults = try parsed.faults()
        settings.duration = .seconds(Int64(try parsed.integer("--minutes", 1...10_000, default: 10)) * 60)
        settings.world.pairs = try parsed.integer("--pairs", 1...100_000, default: 10)
        settings.world.sets = try parsed.integer("--sets", 0...10_000, default: 3)
        settings.world.rate = try parsed.integer("--rate", 1...1_000_000, default: 200)
        let seeds = try parsed.integer("--seeds", 1...1_000_000, default: 20)
        let first = try parsed.integer("--start-seed", 0...Int.max / 2, default: 1)
        var total = Exploration.Report()
        var bad: [UInt64] = []
        let start = NanoClock.monotonic()
        for seed in first..<(first + seeds) {
            let report = try Exploration(settings).run(seed: UInt64(seed))
            total.frames += report.frames
            total.planted += report.planted
            total.found += report.found
            total.hidden += report.hidden
            total.blind += report.blind
            total.missed += report.missed
            total.phantoms += report.phantoms
            total.wrongBooks += report.wrongBooks
            for (fault, count) in report.struck { total.struck[fault, default: 0] += count }
            if !report.isGood { bad.append(report.seed) }
            show(
                "seed \(seed): planted \(report.planted) found \(report.found) hidden \(report.hidden) missed \(report.missed.count) "
                    + "phantoms \(report.phantoms.count) wrong books \(report.wrongBooks.count) born \(report.born) "
                    + "frames \(report.frames) sha256 \(report.sha256.prefix(12))\n")
            for line in (report.missed + report.phantoms + report.wrongBooks).prefix(5) { show("  \(line)\n") }
        }
        let elapsed = (NanoClock.monotonic() - start).rawValue / 1_000_000
        let struck = total.struck.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }
            .joined(separator: ", ")
        show(
            "\(seeds) seeds: planted \(total.planted), found \(total.found), hidden by void books \(total.hidden), missed "
                + "\(total.missed.count), phantoms \(total.phantoms.count), blind \(total.blind), wrong books \(total.wrongBooks.count); \(total.frames) frames in "
                + "\(elapsed) ms" + (struck.isEmpty ? "" : "; faults: \(struck)") + "\n")
        guard bad.isEmpty else {
            show("broken seeds: \(bad.map(String.init).joined(separator: " \n"))")
            return 6
        }
        return 0
    }
}
