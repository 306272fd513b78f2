import Assembly
import Foundation
import Glibc
import Signing
import Store
import TestKit
import Testing

/// The program as people run it: words in, words, exit codes and files out.
@Suite("The arb program")
struct ProcessTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    // MARK: Words

    @Test(
        "a wrong command line is usage (64), on standard error, with the nearest right word",
        arguments: [
            (["rn"], "'run'"), (["pairs", "lst"], "'pairs list'"), (["pairs"], "list, show, check"),
            (["config", "chek"], "'config check'"), (["run", "--frr", "1s"], "'--for'"),
            (["run", "--for", "1 s"], "60s"), (["run", "--liv"], "'--live'"),
            (["record", "x.ndjson"], "takes nothing more"), (["replay"], "takes FILE"),
            (["replay", "--verfy", "x"], "'--verify'"), (["opportunities", "--limit", "0"], "1 to 1000000"),
            (["opportunities", "--kind", "cross-venu"], "'cross-venue'"), (["orders", "--state", "opn"], "'open'"),
            (["orders", "--limit", "x"], "1 to 1000000"), (["orders", "shw", "x"], "takes nothing more"),
            (["orders", "show"], "takes ID"), (["orders", "--venue", "kalsi"], "'kalshi'"),
            (["positions", "--venu", "x"], "'--venue'"), (["positions", "x"], "takes nothing more"),
            (["doctor", "--ofline"], "'--offline'"), (["doctor", "x"], "takes nothing more"),
            (["keys"], "needs one of: test"), (["keys", "tst"], "'keys test'"),
            (["reconcile", "--explian"], "'--explain'"),
            (["reconcile", "--venue", "kraken"], "kalshi, polymarket"),
            (["opportunities", "--disposition", "takn"], "'taken'"), (["opportunities", "--min-edge", "1e3"], "0.50"),
            (["opportunities", "--since", "-1h"], "--since '-1h'"), (["pairs", "show"], "takes ID"),
            (["pairs", "check", "--for", "x"], "--for 'x'"), (["config", "explain", "min_edge_ust"], "min_edge_usd"),
            (["config", "show", "--orign"], "'--origin'"), (["config", "schema", "x"], "takes nothing more"),
            (["init", "x"], "takes nothing more"), (["explain", "E_CFG_VALU"], "E_CFG_VALUE"),
            (["completion", "tcsh"], "bash, zsh and fish"), (["completion"], "takes bash|zsh|fish"),
            (["explain"], "takes CODE"), (["--config"], "needs a value"),
        ] as [([String], String)])
    func usage(words: [String], says: String) throws {
        try desk.fillLedger(1)
        let outcome = try desk.arb.run(words, in: desk.place.url)
        #expect(outcome.status == 64 && !outcome.isSignalled)
        #expect(outcome.out.isEmpty)
        #expect(outcome.err.hasPrefix("arb: ") && outcome.err.contains(says), "\(outcome.err)")
        #expect(outcome.err.split(separator: "\n").count <= 2, "\(outcome.err)")
    }

    @Test("a word that is near no other gets no suggestion; a wrong number is usage, whatever was recorded")
    func noSuggestion() throws {
        let strange = try desk.run("init", "--x")
        #expect(strange.status == 64 && !strange.err.contains("mean"), "\(strange.err)")
        #expect(strange.err.contains("'--x'"))
        let early = try desk.run("opportunities", "--limit", "0")
        #expect(early.status == 64 && early.err.contains("1 to 1000000"), "\(early.err)")
    }

    @Test("without a word it says what there is, and fails as usage")
    func noWords() throws {
        let outcome = try desk.run()
        #expect(outcome.status == 64 && outcome.out.contains("usage: arb COMMAND"))
    }

    @Test("errors in JSON carry the code, what was done and what to do")
    func jsonErrors() throws {
        for (words, code, status) in [
            (["rn", "--json"], "E_CLI_USAGE", 64), (["pairs", "show", "fed-dec-ct", "--json"], "E_PAIR_NONE", 1),
            (["config", "check", "--config", "none.toml", "--json"], "E_CFG_FILE", 78),
        ] as [([String], String, Int32)] {
            let outcome = try desk.arb.run(words, in: desk.place.url)
            #expect(outcome.status == status && outcome.out.isEmpty)
            let found = try #require(try objects(outcome.err).first)
            let error = try #require(found["error"] as? [String: Any])
            #expect(found["schema"] as? String == "arb.error/1" && error["code"] as? String == code)
            #expect(["rejected", "config"].contains(error["class"] as? String ?? ""))
            #expect((error["did"] as? String)?.isEmpty == false && error["fix"] is String)
        }
    }

    private static let commands = [
        "init", "run", "record", "replay", "positions", "orders", "orders show", "opportunities", "latency",
        "report daily", "export", "pairs list", "pairs show", "pairs check", "pairs approve", "pairs suspend", "status",
        "halt", "resume", "alert list", "alert ack", "alert test", "close-exposure", "config check",
        "config show", "config explain", "config schema", "reconcile", "doctor", "keys test", "explain", "completion",
    ]

    @Test("every command has help that fits 80 columns, and the overview names them all")
    func help() throws {
        let overview = try desk.run("--help")
        #expect(overview.status == 0 && overview.err.isEmpty)
        for command in Self.commands {
            #expect(overview.out.contains("\n  \(command)"), "\(command)")
            let outcome = try desk.arb.run(
                command.split(separator: " ").map(String.init) + ["--help"], in: desk.place.url)
            #expect(outcome.status == 0 && outcome.err.isEmpty && outcome.out.contains("usage: arb \(command)"))
            #expect(outcome.lines.allSatisfy { $0.count <= 80 }, "\(outcome.out)")
        }
        #expect(overview.lines.allSatisfy { $0.count <= 80 })
        let listed = overview.lines.filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") && !$0.hasPrefix("  -") }
        #expect(listed.count == Self.commands.count, "a command without a test: \(listed)")
        #expect(try desk.run("--version").out.hasPrefix("arb \(BuildInfo.version) (build "))
    }

    // MARK: Results

    private static let reads: [[String]] = [
        ["opportunities"], ["pairs", "list"], ["pairs", "show", "fed-dec-cut"], ["pairs", "show", "fed-dec-outcomes"],
        ["config", "check"], ["config", "show"], ["config", "explain", "risk.max_open_usd"], ["config", "schema"],
        ["explain", "E_CFG_VALUE"], ["pairs", "check", "--for", "1s"], ["orders"], ["orders", "show", Desk.name(1)],
        ["positions"], ["doctor", "--offline"], ["keys", "test", "--offline"],
    ]

    @Test("every read command has --json: each line an object with its schema", arguments: reads)
    func json(words: [String]) throws {
        try desk.fillLedger()
        try desk.fillOrders()
        let outcome = try desk.arb.run(words + ["--json"], in: desk.place.url)
        #expect(outcome.status == (words.starts(with: ["pairs", "check"]) ? 6 : 0), "\(outcome.err)")
        let found = try objects(outcome.out)
        #expect(!found.isEmpty)
        for object in found {
            let schema = try #require(object["schema"] as? String)
            #expect(schema.wholeMatch(of: /arb\.[a-z-]+\/[0-9]+/) != nil)
        }
    }

    @Test(
        "nothing that a read command shows wraps at 80 columns", arguments: reads.filter { $0 != ["config", "schema"] })
    func columns(words: [String]) throws {
        try desk.fillLedger()
        try desk.fillOrders()
        let outcome = try desk.arb.run(words, in: desk.place.url)
        #expect(!outcome.lines.isEmpty)
        for line in outcome.lines { #expect(line.count <= 80, "\(line)") }
    }

    @Test("every key and every code is explained within 80 columns")
    func explained() throws {
        for entry in ErrorCatalog.entries {
            let outcome = try desk.run("explain", entry.code.lowercased())
            #expect(outcome.status == 0 && outcome.out.hasPrefix(entry.code + "\n"))
            #expect(outcome.lines.allSatisfy { $0.count <= 80 }, "\(outcome.out)")
        }
        for key in ConfigurationSchema.keys {
            let outcome = try desk.run("config", "explain", key.path)
            #expect(outcome.status == 0 && outcome.out.hasPrefix(key.path + "\n"))
            #expect(outcome.lines.allSatisfy { $0.count <= 80 }, "\(outcome.out)")
        }
    }

    @Test("opportunities: filters, CSV with one header, and nothing found is no failure")
    func opportunities() throws {
        try desk.fillLedger()
        #expect(try desk.run("opportunities", "--json", "--min-edge", "0.41").lines.count == 10)
        #expect(try desk.run("opportunities", "--json", "--limit", "3").lines.count == 3)
        #expect(try desk.run("opportunities", "--json", "--pair", "nothing").out.isEmpty)
        let csv = try desk.run("opportunities", "--csv")
        #expect(csv.lines.count == 51 && csv.lines[0].hasPrefix("born,pair,kind,direction,disposition,"))
        let commas = csv.lines[0].count { $0 == "," }
        #expect(csv.lines.allSatisfy { $0.count { $0 == "," } == commas })
        let none = try desk.run("opportunities", "--disposition", "taken")
        #expect(none.status == 0 && none.out.isEmpty && none.err.contains("no opportunities"))
    }

    @Test(
        "a reader that goes away ends the program in peace",
        arguments: ["opportunities --csv", "config show", "--help", "orders --json", "positions", "doctor --offline"])
    func closedPipe(words: String) throws {
        try desk.fillLedger(3_000)
        try desk.fillOrders()
        // `true` reads nothing; by the time of the last write the pipe is closed.
        let script = "sleep 0; '\(desk.arb.path)' \(words) | true; echo ${PIPESTATUS[0]}"
        let bash = try Program.shell(script, in: desk.place.url)
        #expect(bash.out == "0\n" && bash.err.isEmpty, "\(bash)")
        let head = try Program.shell(
            "'\(desk.arb.path)' \(words) | head -1 | wc -l; echo ${PIPESTATUS[0]}", in: desk.place.url)
        #expect(head.out == "1\n0\n" && head.err.isEmpty, "\(head)")
    }

    @Test("completion scripts are scripts, and complete")
    func completion() throws {
        for shell in ["bash", "zsh"] {
            let outcome = try desk.run("completion", shell)
            #expect(outcome.status == 0)
            try desk.place.write("completion", outcome.out)
            let parsed = try Program.shell("bash -n completion", in: desk.place.url)
            #expect(parsed.status == 0 && parsed.err.isEmpty, "\(parsed.err)")
        }
        try desk.place.write("completion", try desk.run("completion", "bash").out)
        let script = """
            source completion
            try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _arb; echo "${COMPREPLY[*]}"; }
            try arb ru
            try arb pairs s
            try arb opportunities --min
            try arb config show --or
            """
        let completed = try Program.shell(script, in: desk.place.url)
        #expect(completed.out == "run\nshow suspend\n--min-edge\n--origin\n", "\(completed.out) \(completed.err)")
        let fish = try desk.run("completion", "fish")
        #expect(fish.lines.allSatisfy { $0.hasPrefix("complete -c arb -n '") })
    }

    // MARK: Mistakes

    @Test(
        "a mistake in the configuration is configuration (78), at its place, with a caret under it",
        arguments: [
            ("acount = \"x\"\n", "arb.toml:1:1", "'account'"),
            ("[detector]\nmin_edge_usd = 0.5\n", "arb.toml:2:16", "in quotes"),
            ("[detector\n", "arb.toml:1", ""), ("mode = \"live\"\n", "arb.toml:1:1", "risk.max_open_usd is missing"),
            ("[risk]\nmax_equity_pct = 101\n", "arb.toml:2:18", "1"),
        ] as [(String, String, String)])
    func configuration(text: String, place: String, says: String) throws {
        try desk.place.write("arb.toml", text)
        let command = text.hasPrefix("mode") ? ["run", "--for", "1s"] : ["config", "check"]
        let outcome = try desk.arb.run(command, in: desk.place.url)
        #expect(outcome.status == 78 && outcome.out.isEmpty)
        #expect(
            (place.isEmpty || outcome.err.contains(place)) && (says.isEmpty || outcome.err.contains(says)),
            "\(outcome.err)")
        if !place.isEmpty {
            let lines = outcome.err.split(separator: "\n")
            let caret = try #require(lines.first { $0.contains("^") }, "\(outcome.err)")
            let column = place.split(separator: ":").dropFirst(2).first.flatMap { Int($0) }
            let quoted = lines[(lines.firstIndex(of: caret) ?? 1) - 1]
            if let column {
                let shown = caret.distance(from: caret.startIndex, to: caret.firstIndex(of: "^") ?? caret.startIndex)
                let line = text.split(separator: "\n")[Int(place.split(separator: ":")[1])! - 1]
                #expect(quoted.dropFirst(shown).hasPrefix(line.dropFirst(column - 1)), "\(outcome.err)")
            }
        }
    }

    @Test("mistakes in environment, flags and pair files are configuration, too, all at once")
    func otherMistakes() throws {
        let environment = try desk.run("config", "check", environment: ["ARB__RISK__MAX_OPEN_USD": "x"])
        #expect(environment.status == 78 && environment.err.contains("ARB__RISK__MAX_OPEN_USD"))
        let unknown = try desk.run("config", "check", environment: ["ARB__RISK__MAX_OPN_USD": "1"])
        #expect(unknown.status == 78 && unknown.err.contains("max_open_usd"), "\(unknown.err)")
        for name in ["", "..", "a/b", ".hidden", "-x", "a b", "\u{E4}", String(repeating: "a", count: 65)] {
            let flag = try desk.run("config", "check", "--account=\(name)")
            #expect(flag.status == 78 && flag.err.contains("--account"), "\(name): \(flag.err)")
        }
        let mutated = Desk.pairs.replacing("approved", with: "aproved").replacing(
            "max_winners = 1", with: "max_winners = 2")
        try desk.place.write("Markets/fed.toml", mutated)
        let pairs = try desk.run("config", "check")
        #expect(pairs.status == 78 && pairs.err.contains("Markets/fed.toml:4:10"), "\(pairs.err)")
        #expect(pairs.err.contains("\"approved\"") && pairs.err.contains("max_winners"), "\(pairs.err)")
        try desk.place.write("arb.toml", "[markets]\npairs = [\"none.toml\"]\n")
        let missing = try desk.run("config", "check", "--json")
        #expect(missing.status == 78 && missing.err.contains("E_PAIR_FILE"))
    }

    @Test("a mode that this version has not, an unknown key and a missing field have their codes")
    func codes() throws {
        let mode = try desk.run("run", "--json", environment: ["ARB__MODE": "shadow"])
        #expect(mode.status == 78 && mode.err.contains("mode"))
        var live = ["ARB__MODE": "live"]
        for name in [
            "SIZING__MAX_ORDER_USD", "SIZING__MAX_CONTRACTS", "RISK__MAX_OPEN_USD", "RISK__MAX_PAIR_USD",
            "RISK__MAX_VENUE_USD", "RISK__MAX_GROSS_USD", "RISK__MAX_NET_USD", "RISK__MAX_EQUITY_PCT",
            "RISK__MAX_OPEN_ORDERS", "RISK__MAX_DAILY_LOSS_USD", "RISK__MAX_ERRORS_CONSECUTIVE",
            "RISK__MAX_ERROR_RATE_PCT", "RISK__MAX_ORDERS_PER_MINUTE", "RISK__MAX_ONE_LEG_LOSS_USD",
            "RISK__UNWIND_RESERVE_USD", "RISK__DUST_MAX_USD", "RISK__MAX_BOOK_AGE_MS", "RISK__MAX_FEED_SILENCE_MS",
            "UNWIND__MAX_LOSS_USD",
        ] { live["ARB__" + name] = "100" }
        let flag = try desk.run("run", "--json", environment: live)
        #expect(flag.status == 78 && flag.err.contains("E_CFG_MODE") && flag.err.contains("--confirm-account"))
        // What is traded on paper and what is traded for money have accounts of their own.
        let paper = try desk.arb.run(
            ["run", "--live", "--account", "test-paper", "--confirm-account", "test-paper"], in: desk.place.url,
            environment: live)
        #expect(paper.status == 78 && paper.err.contains("paper account"), "\(paper.err)")
        for words in [["--live"], ["--live", "--confirm-account", "mian"]] {
            let confirm = try desk.arb.run(["run", "--json"] + words, in: desk.place.url, environment: live)
            #expect(confirm.status == 78 && confirm.err.contains("E_CFG_CONFIRM"), "\(confirm.err)")
        }
        let key = try desk.run("config", "check", "--json", environment: ["ARB__NO__KEY": "1"])
        #expect(key.status == 78 && key.err.contains("E_CFG_UNKNOWN_KEY"))
        try desk.place.write("Markets/fed.toml", "[[pair]]\n")
        let field = try desk.run("config", "check", "--json")
        #expect(field.status == 78 && field.err.contains("E_PAIR_MISSING"))
    }

    @Test("without descriptors it says so, and never crashes", arguments: ["run --for 1s", "pairs check --for 1s"])
    func descriptors(words: String) throws {
        var told = false
        for limit in 4...24 {
            let script = "ulimit -n \(limit); exec '\(desk.arb.path)' \(words) --json"
            let outcome = try Program.shell(script, in: desk.place.url)
            #expect(!outcome.isSignalled && ![70, 127, 134].contains(outcome.status), "\(limit): \(outcome)")
            if outcome.err.contains("E_NET_DESCRIPTORS") { told = true }
        }
        #expect(told)
    }

    @Test("a configuration that is not there, not readable or not text is named")
    func unreadable() throws {
        #expect(try desk.run("config", "check", "--config", "none.toml").status == 78)
        try Data([0x61, 0xFF, 0x0A]).write(to: URL(filePath: desk.place.path("arb.toml")))
        let outcome = try desk.run("config", "check")
        #expect(outcome.status == 78 && outcome.err.contains("UTF-8"))
        let missing = try desk.run("run", "--config", "/dev/null", "--json", environment: ["HOME": "/nonexistent"])
        #expect(missing.status == 78, "\(missing)")
    }

    @Test("init writes a configuration that is good, once, readable by its owner alone")
    func initialise() throws {
        let place = try Workplace()
        let first = try desk.arb.run(["init"], in: place.url)
        #expect(first.status == 0 && first.out.contains("wrote arb.toml"))
        let mode = try FileManager.default.attributesOfItem(atPath: place.path("arb.toml"))[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let again = try desk.arb.run(["init"], in: place.url)
        #expect(again.status == 73 && again.err.contains("there already"))
        #expect(try desk.arb.run(["config", "check"], in: place.url).status == 0)
        let run = try desk.arb.run(["run", "--for", "1s"], in: place.url)
        #expect(run.status == 78 && run.err.contains("no pair"), "\(run.err)")
        try place.write("Markets/fed.toml", Desk.pairs)
        let keyless = try desk.arb.run(["run", "--for", "1s", "--json"], in: place.url)
        #expect(keyless.status == 78 && keyless.err.contains("E_CFG_MISSING"), "\(keyless.err)")
    }

    // MARK: Files that are not ours to use

    @Test("a key that others may read is refused (77) with the command that mends it")
    func keyMode() throws {
        chmod(desk.place.path("kalshi.pem"), 0o644)
        let outcome = try desk.run("run", "--for", "1s")
        #expect(outcome.status == 77 && outcome.err.contains("chmod 600"))
        let json = try desk.run("run", "--for", "1s", "--json")
        #expect(json.err.contains("E_AUTH_KEY_MODE"))
        try desk.place.write("kalshi.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        let damaged = try desk.run("run", "--for", "1s", "--json")
        #expect(damaged.status == 78 && damaged.err.contains("E_AUTH_KEY_KIND"))
    }

    @Test("a second instance of one account is refused (75) with the process that holds it")
    func secondInstance() throws {
        let holder = try persist { try StateFolder(root: desk.place.path("state"), account: "test") }
        let outcome = try desk.run("run", "--for", "1s")
        #expect(outcome.status == 75 && outcome.err.contains("process \(getpid())"), "\(outcome.err)")
        #expect(try desk.run("run", "--for", "1s", "--account", "other").status == 0)
        withExtendedLifetime(holder) {}
    }

    @Test("a state folder that others may write is refused (77), one that cannot be made is 73")
    func stateFolder() throws {
        try desk.fillLedger(1)
        chmod(desk.place.path("state"), 0o777)
        let open = try desk.run("run", "--for", "1s")
        #expect(open.status == 77 && open.err.contains("chmod 700"))
        for _ in 0..<10 {  // a start that fails while threads begin
            let file = try desk.run("run", "--for", "1s", "--state", desk.place.path("kalshi.pem"), "--json")
            #expect(file.status == 73 && file.err.contains("E_STORE_IO"), "\(file)")
        }
    }

    @Test("a database from the future, a damaged one and none at all are told apart, and left alone")
    func databases() throws {
        let none = try desk.run("opportunities", "--json")
        #expect(none.status == 69 && none.err.contains("E_STORE_IO"))
        try desk.fillLedger(1)
        let file = URL(filePath: desk.place.path("state/test/ledger.db"))
        var bytes = try Data(contentsOf: file)
        bytes[63] = 99  // user_version
        try bytes.write(to: file)
        for command in [["opportunities"], ["run", "--for", "1s"]] {
            let outcome = try desk.arb.run(command + ["--json"], in: desk.place.url)
            #expect(outcome.status == 78 && outcome.err.contains("E_STORE_FUTURE"), "\(outcome)")
        }
        #expect(try Data(contentsOf: file) == bytes)
        try Data(repeating: 0x41, count: 8_192).write(to: file)
        let damaged = try desk.run("opportunities", "--json")
        #expect(damaged.status == 78 && damaged.err.contains("E_STORE_CORRUPT"), "\(damaged)")
    }

    // MARK: Recordings

    @Test("a run records, replays equal, and what is cut, damaged or foreign says where")
    func recordings() throws {
        let recorded = try desk.run("record", "--for", "1s", "--out", "a.ndjson")
        #expect(recorded.status == 0, "\(recorded.err)")
        let again = try desk.run("record", "--for", "1s", "--out", "a.ndjson", "--json")
        #expect(again.status == 73 && again.err.contains("E_CAP_IO"))
        let whole = try desk.run("replay", "a.ndjson", "--verify", "--json")
        #expect(whole.status == 0, "\(whole)")
        #expect(try objects(whole.out).first?["recorded"] as? String == "equal")
        let bytes = try Data(contentsOf: URL(filePath: desk.place.path("a.ndjson")))
        let lines = bytes.split(separator: 0x0A)
        #expect(lines.count > 3)
        try bytes.dropLast(20).write(to: URL(filePath: desk.place.path("cut.ndjson")))
        let cut = try desk.run("replay", "cut.ndjson")
        #expect(cut.status == 1 && cut.err.contains("E_CAP_TRUNCATED cut.ndjson:\(lines.count):"), "\(cut.err)")
        #expect(cut.err.contains("(byte \(bytes.count - lines[lines.count - 1].count - 1))"), "\(cut.err)")
        #expect(cut.out.contains("\(lines.count - 2) inputs"), "\(cut.out)")
        try desk.place.write("foreign.ndjson", "{\"hello\":1}\n")
        let foreign = try desk.run("replay", "foreign.ndjson")
        #expect(foreign.status == 1 && foreign.err.contains("foreign.ndjson"))
        var text = String(decoding: bytes, as: UTF8.self)
        text = text.replacing("\"decisions_sha256\":\"", with: "\"decisions_sha256\":\"0")
        try desk.place.write("other.ndjson", text)
        let other = try desk.run("replay", "other.ndjson", "--verify")
        #expect(other.status == 6 && other.out.contains("different"), "\(other)")
        let rules = String(decoding: bytes, as: UTF8.self).replacing("kalshi quadratic", with: "kalshi cubic")
        try desk.place.write("rules.ndjson", rules)
        let old = try desk.run("replay", "rules.ndjson", "--json")
        #expect(old.status == 1 && old.err.contains("E_CAP_FEE_RULES"), "\(old)")
        #expect(try desk.run("replay", "none.ndjson").status == 1)
        let broken = try desk.run("replay", "a.ndjson", "none.ndjson", "cut.ndjson")
        #expect(broken.status == 1)
    }
}
