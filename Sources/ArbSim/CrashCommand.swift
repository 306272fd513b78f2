import Assembly
import Scenes
import Threading
import Trading

/// `arb-sim crash`: `kill -9` of a live run at every named point of an order's way, and at any instant.
enum CrashCommand {
    static let spec = CommandSpec(
        "crash", "kill -9 of a live run at each named point, restart, audit; exit 6 on a broken promise",
        [
            OptionSpec("--seeds", "N", "seeds a point (default 1)"),
            OptionSpec("--start-seed", "S", "the first one (default 1)"),
            OptionSpec("--only", "LIST", "these points alone, by name"),
            OptionSpec("--random", "N", "kills at any instant, a seed (default 5; 0: none)"),
            OptionSpec("--at-once", "N", "stories at once (default 4)"),
        ])

    static func run(_ parsed: ParsedCommand) throws -> Int32 {
        Remains.clearOnSignals()
        let seeds = UInt64(try parsed.integer("--seeds", 1...100_000, default: 1))
        let first = UInt64(try parsed.integer("--start-seed", 0...Int.max / 2, default: 1))
        let kills = try parsed.integer("--random", 0...10_000, default: 5)
        let width = try parsed.integer("--at-once", 1...64, default: 4)
        var stories = CrashStory.all
        if let list = parsed.options["--only"] {
            let names = Set(list.split(separator: ",").map(String.init))
            if let missing = names.first(where: { name in !stories.contains { $0.name == name } }) {
                let all = stories.map(\.name).joined(separator: ", ")
                throw UsageFault("--only '\(missing)' is no point; points: \(all)")
            }
            stories = stories.filter { names.contains($0.name) }
        }
        let start = NanoClock.monotonic()
        let bad = SceneRunner.run(stories, randomKills: kills, seeds: first..<(first + seeds), width: width) {
            show("\($0)\n")
        }
        let seconds = (NanoClock.monotonic() - start).rawValue / 1_000_000_000
        let count = (stories.count + (kills > 0 ? 1 : 0)) * Int(seeds)
        show("\(count) stories of kill -9 in \(seconds) s: \(count - bad) good, \(bad) bad\n")
        return bad == 0 ? 0 : 6
    }
}
