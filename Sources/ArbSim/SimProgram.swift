import Assembly
import Glibc

/// `arb-sim`: the loopback venues, the demonstration, and the deterministic exploration.
@main
enum SimProgram {
    private static let commands: [(spec: CommandSpec, run: @Sendable (ParsedCommand) throws -> Int32)] = [
        (VenuesCommand.spec, VenuesCommand.run), (DemoCommand.spec, DemoCommand.run),
        (ExploreCommand.spec, ExploreCommand.run), (ScenesCommand.spec, ScenesCommand.run),
        (CrashCommand.spec, CrashCommand.run), (SoakCommand.spec, SoakCommand.run),
    ]

    private static let name = "arb-sim"

    static func main() {
        signal(SIGPIPE, SIG_IGN)
        exit(run(Array(CommandLine.arguments.dropFirst())))
    }

    private static func run(_ arguments: [String]) -> Int32 {
        let specs = commands.map(\.spec)
        if arguments.contains("--version") {
            show("\(name) \(BuildInfo.version) (build \(BuildInfo.build))\n")
            return 0
        }
        if arguments.isEmpty || [["--help"], ["-h"], ["help"]].contains(arguments) {
            show(
                HelpText.overview(
                    specs, version: BuildInfo.version, program: name,
                    about: "loopback venues, and what is proved on them")
            )
            return arguments.isEmpty ? 64 : 0
        }
        do {
            let parsed = try ParsedCommand(arguments, among: specs, program: name)
            if parsed.has("--help") {
                show(HelpText.command(parsed.spec, program: name))
                return 0
            }
            guard let command = commands.first(where: { $0.spec.name == parsed.spec.name }) else { return 70 }
            return try command.run(parsed)
        } catch let fault as UsageFault {
            complain("\(name): \(fault.text)\n")
            return 64
        } catch {
            complain("\(name): \(error)\n")
            return 1
        }
    }
}
