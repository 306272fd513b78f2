import Assembly
import Scenes
import Threading
import Trading

/// `arb-sim scenes`: stories of faults, played with a live run over real sockets.
enum ScenesCommand {
    static let spec = CommandSpec(
        "scenes", "faults over real sockets against a live run; exit 6 when a promise is broken",
        [
            OptionSpec("--seeds", "N", "seeds a scene (default 2)"),
            OptionSpec("--start-seed", "S", "the first one (default 1)"),
            OptionSpec("--only", "LIST", "these scenes alone, by name"),
            OptionSpec("--at-once", "N", "scenes at once (default \(SceneRunner.width))"),
            OptionSpec("--strict", nil, "judge bounds of time too: the machine has nothing else to do"),
            OptionSpec("--list", nil, "names and titles"),
        ])

    static func run(_ parsed: ParsedCommand) throws -> Int32 {
        Remains.clearOnSignals()
        if parsed.has("--list") {
            for scene in Scene.all {
                let faults = scene.faults.isEmpty ? "" : " (\(scene.faults.joined(separator: " ")))"
                show("\(scene.name): \(scene.title)\(faults)\n")
            }
            return 0
        }
        let seeds = UInt64(try parsed.integer("--seeds", 1...100_000, default: 2))
        let first = UInt64(try parsed.integer("--start-seed", 0...Int.max / 2, default: 1))
        let width = try parsed.integer("--at-once", 1...64, default: SceneRunner.width)
        var scenes = Scene.all
        if let list = parsed.options["--only"] {
            let names = Set(list.split(separator: ",").map(String.init))
            if let missing = names.first(where: { name in !scenes.contains { $0.name == name } }) {
                throw UsageFault("--only '\(missing)' is no scene; see --list")
            }
            scenes = scenes.filter { names.contains($0.name) }
        }
        // Every scene has some twenty threads of its own: heaps of their own would stay as they are when those are gone.
        Allocations.giveBack()
        let start = NanoClock.monotonic()
        let bad = SceneRunner.run(
            scenes, seeds: first..<(first + seeds), width: width, isStrict: parsed.has("--strict")
        ) { show("\($0)\n") }
        let seconds = (NanoClock.monotonic() - start).rawValue / 1_000_000_000
        let count = scenes.count * Int(seeds)
        show("\(count) performances of \(scenes.count) scenes in \(seconds) s: \(count - bad) good, \(bad) bad\n")
        return bad == 0 ? 0 : 6
    }
}
