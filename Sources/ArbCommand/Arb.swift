import Assembly
import Codec
import Glibc
import Threading

/// The program: finds the command, runs it, turns what went wrong into words and an exit code.
@main
enum Program {
    static let commands: [(spec: CommandSpec, run: @Sendable (CommandContext) throws -> ExitCode)] = [
        (InitCommand.spec, InitCommand.run), (RunCommand.spec, RunCommand.run), (RecordCommand.spec, RecordCommand.run),
        (ReplayCommand.spec, ReplayCommand.run), (StatusCommand.spec, StatusCommand.run),
        (HaltCommand.spec, HaltCommand.run), (ResumeCommand.spec, ResumeCommand.run),
        (CloseExposureCommand.spec, CloseExposureCommand.run),
        (AlertCommand.list, AlertCommand.runList), (AlertCommand.ack, AlertCommand.runAck),
        (AlertCommand.test, AlertCommand.runTest),
        (PositionsCommand.spec, PositionsCommand.run),
        (OrdersCommand.list, OrdersCommand.runList), (OrdersCommand.show, OrdersCommand.runShow),
        (OpportunitiesCommand.spec, OpportunitiesCommand.run), (LatencyCommand.spec, LatencyCommand.run),
        (ReportCommand.daily, ReportCommand.runDaily), (ExportCommand.spec, ExportCommand.run),
        (PairsCommand.list, PairsCommand.runList), (PairsCommand.show, PairsCommand.runShow),
        (PairsCommand.check, PairsCommand.runCheck), (PairsReview.approve, PairsReview.runApprove),
        (PairsReview.suspend, PairsReview.runSuspend), (ConfigCommand.check, ConfigCommand.runCheck),
        (ConfigCommand.show, ConfigCommand.runShow), (ConfigCommand.explain, ConfigCommand.runExplain),
        (ConfigCommand.schema, ConfigCommand.runSchema), (ReconcileCommand.spec, ReconcileCommand.run),
        (DoctorCommand.spec, DoctorCommand.run),
        (KeysCommand.test, KeysCommand.runTest),
        (ExplainCommand.spec, ExplainCommand.run),
        (CompletionCommand.spec, CompletionCommand.run),
    ]

    static func main() {
        signal(SIGPIPE, SIG_IGN)
        Allocations.giveBack()
        // Not `exit`: it takes OpenSSL down while a thread that still opens a connection is inside it. What the
        // program writes goes straight to the kernel; what a reader has not taken is waited for here.
        let code = run(Array(CommandLine.arguments.dropFirst()))
        Terminal.flush()
        _exit(code.rawValue)
    }

    private static func run(_ arguments: [String]) -> ExitCode {
        let specs = commands.map(\.spec)
        if arguments.contains("--version") {
            Terminal(noColor: true, quiet: false).out("arb \(BuildInfo.version) (build \(BuildInfo.build))")
            return .done
        }
        if arguments.isEmpty || arguments == ["--help"] || arguments == ["-h"] || arguments == ["help"] {
            Terminal(noColor: true, quiet: false).out(Array(HelpText.overview(specs, version: BuildInfo.version).utf8))
            return arguments.isEmpty ? .usage : .done
        }
        let isJSON = arguments.contains("--json")
        do {
            let parsed = try ParsedCommand(arguments, among: specs)
            let terminal = Terminal(noColor: parsed.has("--no-color"), quiet: parsed.has("--quiet"))
            if parsed.has("--help") {
                terminal.out(Array(HelpText.command(parsed.spec).utf8))
                return .done
            }
            guard let command = commands.first(where: { $0.spec.name == parsed.spec.name }) else {
                return .internalFault
            }
            return try command.run(
                CommandContext(parsed: parsed, terminal: terminal, environment: environment(), commands: specs))
        } catch let fault as UsageFault {
            report(CommandFailure(.usage, "E_CLI_USAGE", fault.text, fix: "see 'arb --help'"), isJSON)
            return .usage
        } catch let failure as CommandFailure {
            report(failure, isJSON)
            return failure.code
        } catch {
            report(CommandFailure(.internalFault, "E_CLI_INTERNAL", "\(error)", fix: "report this as a bug"), isJSON)
            return .internalFault
        }
    }

    private static func report(_ failure: CommandFailure, _ isJSON: Bool) {
        guard isJSON else {
            // Lines with places and carets are as wide as they are; a sentence is folded where a person reads it.
            let isFolded = isatty(STDERR_FILENO) == 1 && !failure.text.contains("\n")
            Terminal.complain(isFolded ? HelpText.paragraph(failure.text, first: "arb: ") : "arb: \(failure.text)")
            Terminal.complain(isFolded ? HelpText.paragraph(failure.fix, first: "     ") : "     \(failure.fix)")
            return
        }
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.error/1")
        json.key("error")
        json.beginObject()
        json.member("code", failure.error)
        json.member("class", failure.code == .configuration || failure.code == .usage ? "config" : "rejected")
        json.member("did", failure.text)
        json.member("fix", failure.fix)
        json.endObject()
        json.endObject()
        Terminal.complain(json.string)
    }

    private static func environment() -> [String: String] {
        var result: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return result
    }
}
