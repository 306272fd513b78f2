import Assembly
import Testing

@Suite("Command lines")
struct CommandLineTests {
    private let specs = [
        CommandSpec("run", "runs", [OptionSpec("--for", "DURATION", "how long"), OptionSpec("--dry-run", nil, "dry")]),
        CommandSpec("shown", "shows", [OptionSpec("--csv", nil, "as lines")]),
        CommandSpec("kept", "keeps", [OptionSpec("--csv", "FILE", "as a file")]),
        CommandSpec("pairs list", "lists"), CommandSpec("pairs show", operands: "ID", count: 1...1, "shows"),
    ]

    private func fault(_ words: [String]) -> String? {
        do throws(UsageFault) {
            _ = try ParsedCommand(words, among: specs)
            return nil
        } catch { return error.text }
    }

    @Test("options, operands and globals are read in any order")
    func good() throws {
        let parsed = try ParsedCommand(["--json", "run", "--for=60s", "--config", "x.toml"], among: specs)
        #expect(parsed.spec.name == "run" && parsed.has("--json"))
        #expect(parsed.options["--for"] == "60s" && parsed.options["--config"] == "x.toml")
        #expect(try ParsedCommand(["pairs", "show", "--", "--odd"], among: specs).operands == ["--odd"])
    }

    @Test("an option that takes a value in one command and none in another is read by its command")
    func ambiguous() throws {
        #expect(try ParsedCommand(["shown", "--csv"], among: specs).options["--csv"] == "")
        #expect(try ParsedCommand(["--json", "shown", "--csv", "--quiet"], among: specs).has("--quiet"))
        #expect(try ParsedCommand(["kept", "--csv", "-"], among: specs).options["--csv"] == "-")
        #expect(try ParsedCommand(["kept", "--csv", "a.csv", "--json"], among: specs).options["--csv"] == "a.csv")
        #expect(fault(["kept", "--csv"])?.contains("needs a value") == true)
        #expect(fault(["shown", "--csv", "a.csv"])?.contains("takes nothing more") == true)
    }

    @Test(
        "mistakes are told with the nearest right word",
        arguments: [
            (["rn"], "did you mean 'run'"), (["pairs"], "list, show"), (["pairs", "lst"], "did you mean 'pairs list'"),
            (["run", "--fro", "1s"], "did you mean '--for'"), (["run", "--for"], "needs a value"),
            (["run", "--dry-run=1"], "takes no value"),
            (["run", "extra"], "takes nothing more"), (["pairs", "show"], "takes ID"),
            (["run", "--json", "--json"], "twice"), ([], "no command"),
        ] as [([String], String)])
    func mistakes(words: [String], says: String) throws { #expect(try #require(fault(words)).contains(says)) }

    @Test("mistakes are told in the name of the program, and -h is --help")
    func names() throws {
        for words in [["pairs"], ["nothing-like-it"], ["run", "--x"], ["run", "extra"]] {
            #expect(throws: UsageFault.self) { try ParsedCommand(words, among: specs, program: "other") }
            do throws(UsageFault) {
                _ = try ParsedCommand(words, among: specs, program: "other")
            } catch {
                #expect(error.text.contains("'other ") && !error.text.contains("arb"), "\(error.text)")
            }
        }
        #expect(try ParsedCommand(["run", "-h"], among: specs).has("--help"))
        #expect(fault(["run", "-h", "--help"])?.contains("twice") == true)
    }

    @Test(
        "durations have units",
        arguments: [
            ("500ms", 500_000_000), ("60s", 60_000_000_000), ("15m", 900_000_000_000), ("24h", 86_400_000_000_000),
        ] as [(String, Int64)])
    func durations(text: String, nanoseconds: Int64) throws {
        #expect(try ParsedCommand.duration(text, of: "--for") == nanoseconds)
        #expect(throws: UsageFault.self) { try ParsedCommand.duration(text + "x", of: "--for") }
        #expect(throws: UsageFault.self) { try ParsedCommand.duration("-" + text, of: "--for") }
    }

    @Test("a command's own option hides the global one of that name")
    func shadow() throws {
        let own = CommandSpec("orders", "lists", [OptionSpec("--state", "STATE", "which")])
        #expect(try ParsedCommand(["orders", "--state", "open"], among: [own]).options["--state"] == "open")
        #expect(!own.ownGlobals.contains { $0.name == "--state" } && own.ownGlobals.count > 5)
        let help = HelpText.command(own)
        #expect(help.contains("--state STATE") && !help.contains("--state DIR"))
    }

    @Test("help fits 80 columns, and calls a program by its own name")
    func help() {
        let other =
            HelpText.overview(specs, version: "0", program: "arb-sim") + HelpText.command(specs[0], program: "arb-sim")
        #expect(!other.contains("arb ") && other.contains("usage: arb-sim "))
        for text in [HelpText.overview(specs, version: "0")] + specs.map({ HelpText.command($0) }) {
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
        }
    }
}
