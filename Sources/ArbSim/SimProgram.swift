import Assembly
import Glibc

/// `arb-sim`: the loopback venues, the demonstration, and the deterministic exploration.
let specs = [
    VenuesCommand.spec, DemoCommand.spec, ExploreCommand.spec, ScenesCommand.spec, CrashCommand.spec, SoakCommand.spec,
]

func run() -> Int32 {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if arguments.isEmpty || arguments == ["--help"] {
        show(
            HelpText.overview(
                specs, version: BuildInfo.version, program: "arb-sim",
                about: "loopback venues, and what is proved on them")
        )
        return arguments.isEmpty ? 64 : 0
    }
    do {
        let parsed = try ParsedCommand(arguments, among: specs)
        if parsed.has("--help") {
            show(HelpText.command(parsed.spec, program: "arb-sim"))
            return 0
        }
        switch parsed.spec.name {
        case "explore": return try ExploreCommand.run(parsed)
        case "crash": return try CrashCommand.run(parsed)
        case "soak": return try SoakCommand.run(parsed)
        case "scenes": return try ScenesCommand.run(parsed)
        case "venues": return try VenuesCommand.run(parsed)
        default: return try DemoCommand.run(parsed)
        }
    } catch let fault as UsageFault {
        complain("arb-sim: \(fault.text)\n")
        return 64
    } catch {
        complain("arb-sim: \(error)\n")
        return 1
    }
}

signal(SIGPIPE, SIG_IGN)
exit(run())
