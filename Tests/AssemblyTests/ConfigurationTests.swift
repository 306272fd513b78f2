import Assembly
import Testing
import Trading

@Suite("Configuration")
struct ConfigurationTests {
    private func read(
        _ text: String?, environment: [String: String] = [:], flags: [(path: String, value: String, flag: String)] = []
    )
        throws(SourceFaults) -> Configuration
    { try ConfigurationReader.read(text, file: "arb.toml", folder: "/etc/arb", environment: environment, flags: flags) }

    private func faults(_ text: String) -> [SourceFault] {
        do throws(SourceFaults) {
            _ = try read(text)
            return []
        } catch { return error.all }
    }

    @Test("the defaults are good, print as TOML, and read back to themselves")
    func roundTrip() throws {
        let standard = try read(nil)
        #expect(standard.money("detector.min_edge_usd") == (try Money(decimal: "0.50")))
        #expect(standard.origin(of: "account") == .standard)
        let again = try read(standard.toml)
        for key in ConfigurationSchema.keys {
            #expect(again.value(key.path) == standard.value(key.path), "\(key.path)")
        }
        #expect(again.toml == standard.toml)
    }

    @Test(
        "flags override the environment, the environment the file, the file the defaults; each says where it came from")
    func origins() throws {
        let text = "account = \"file\"\n[risk]\nmax_daily_loss_usd = \"7\"\nmax_open_usd = \"1000\"\n"
        let configuration = try read(
            text, environment: ["ARB__RISK__MAX_DAILY_LOSS_USD": "8", "ARB__RISK__MAX_OPEN_USD": "900", "HOME": "/x"],
            flags: [("risk.max_open_usd", "800", "--set")])
        #expect(configuration.text("account") == "file")
        #expect(configuration.origin(of: "account") == .file(SourcePlace(line: 1, column: 1)))
        #expect(configuration.money("risk.max_daily_loss_usd") == (try Money(decimal: "8")))
        #expect(configuration.origin(of: "risk.max_daily_loss_usd") == .environment("ARB__RISK__MAX_DAILY_LOSS_USD"))
        #expect(configuration.money("risk.max_open_usd") == (try Money(decimal: "800")))
    }

    @Test(
        "a mistake is told at its place, with the nearest key and what was expected",
        arguments: [
            ("acount = \"x\"", 1, "'account'"), ("[detector]\nmin_edge_ust = \"1\"", 2, "'min_edge_usd'"),
            ("[detectr]\nkinds = []", 1, "'detector'"), ("[detector]\nmin_edge_usd = 0.5", 2, "in quotes"),
            ("[detector]\nmin_edge_usd = \"0,5\"", 2, "no plain decimal"),
            ("[risk]\nmax_daily_loss_usd = \"99999999\"", 2, "out of range"),
            ("mode = \"lve\"", 1, "\"live\""), ("[detector]\nkinds = [\"cross-venu\"]", 2, "\"cross-venue\""),
            ("[detector]\njudge_after_ms = [500, 50]", 2, "ascending"),
            ("[venues.kalshi]\nrest_url = \"http://x\"", 2, "https URL"),
            ("account = \"a\"\naccount = \"b\"", 2, ""), ("account = ", 1, ""),
            ("[risk]\nmax_open_orders = \"20\"", 2, "a string"),
        ] as [(String, Int, String)])
    func places(text: String, line: Int, words: String) throws {
        let found = try #require(faults(text).first)
        #expect(found.place.line == line)
        let shown = found.rendered(in: text)
        #expect(shown.hasPrefix("arb.toml:\(line):"))
        #expect(shown.contains("^"))
        #expect(shown.contains(words), "\(shown)")
    }

    @Test("all mistakes are told at once")
    func all() {
        #expect(faults("acount = 1\n[risk]\nmax_open_orders = 0\nmax_equity = 1\n[lanes]\nwait = \"sleep\"").count == 4)
    }

    @Test("200 mutated configurations: every one is refused at the mutated line, or still means something")
    func mutations() throws {
        let lines = try read(nil).toml.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var random = SeededGenerator(seed: 200)
        var refused = 0
        for _ in 0..<200 {
            var mutated = lines
            let candidates = lines.indices.filter { lines[$0].contains(" = ") }
            let index = try #require(candidates.randomElement(using: &random))
            let line = lines[index]
            let equals = try #require(line.firstIndex(of: "="))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: mutated[index] = "x" + line
            case 1: mutated[index] = String(line[...equals]) + " -7.5"
            case 2: mutated[index] = String(line[...equals]) + " [[\"?\"]]"
            default: mutated[index] = String(line[...equals]) + " true"
            }
            let found = faults(mutated.joined(separator: "\n"))
            #expect(!found.isEmpty, "\(mutated[index])")
            #expect(found.allSatisfy { $0.place.line == index + 1 }, "\(mutated[index]): \(found.map(\.place))")
            if !found.isEmpty { refused += 1 }
        }
        #expect(refused == 200)
    }

    @Test(
        "live mode wants every limit said by somebody; each that is missing is told, and defaults do for any other mode"
    )
    func limits() throws {
        let missing = faults("mode = \"live\"\n")
        let limits = ConfigurationSchema.keys.filter(\.isLimit)
        #expect(limits.count == 19, "\(limits.map(\.path))")
        #expect(
            missing.count == limits.count && missing.allSatisfy { $0.code == "E_CFG_MISSING" && $0.place.line == 1 })
        for limit in limits { #expect(missing.contains { $0.message.contains(limit.path + " is missing") }) }
        #expect(faults("mode = \"paper\"\n").isEmpty)
        // A default that was written down is somebody's word; so is the environment's and a flag's.
        let whole = try read("").toml.replacing("mode = \"dry-run\"", with: "mode = \"live\"")
        #expect(try read(whole).text("mode") == "live")
        let lacking = whole.split(separator: "\n").filter { !$0.hasPrefix("max_net_usd") }.joined(separator: "\n")
        #expect(faults(lacking).map(\.code) == ["E_CFG_MISSING"])
        #expect(try read(lacking, environment: ["ARB__RISK__MAX_NET_USD": "10"]).money("risk.max_net_usd") > .zero)
    }

    @Test("an extra certificate authority is for loopback hosts alone")
    func authority() {
        let found = faults("[venues.kalshi]\nextra_ca_file = \"ca.pem\"")
        #expect(found.map(\.code) == ["E_CFG_CA_PRODUCTION"])
        let loopback = """
            [venues.kalshi]
            rest_url = "https://127.0.0.1:9/x"
            ws_url = "wss://localhost:9/x"
            extra_ca_file = "ca.pem"
            """
        #expect(faults(loopback).isEmpty)
        #expect(!faults(loopback.replacing("127.0.0.1", with: "127.0.0.1.example.com")).isEmpty)
    }
}

@Suite("TOML that is none")
struct TomlTests {
    private func fault(_ text: String) -> SourceFault? {
        do throws(SourceFaults) {
            _ = try ConfigurationReader.read(text, file: "arb.toml", folder: "/")
            return nil
        } catch { return error.all.first }
    }

    @Test(
        "a table name that begins with no letter of one is refused at its line, and the process goes on",
        arguments: ["[/pair]", "[ü]", "[[?]]", "[.]", "[ =]"])
    func tableNames(text: String) throws {
        let found = try #require(fault("account = \"a\"\n\n" + text + "\n[detector]\n"))
        #expect(found.place.line == 3 && found.code == "E_CFG_SYNTAX" && !found.message.isEmpty)
    }

    @Test("what a mistake quotes does not act on the terminal, nor fill it")
    func terminal() throws {
        let key = "\\u001B[2J\\u000Aarb: all is well\\u202E" + String(repeating: "k", count: 100_000)
        var shown = ""
        do throws(SourceFaults) {
            _ = try ConfigurationReader.read("\"\(key)\" = 1 # \u{202E}\u{9B}2J\n", file: "a\u{1B}.toml", folder: "/")
        } catch { shown = error.rendered }
        #expect(shown.contains("unknown") && shown.contains("\\u{1B}[2J") && shown.utf8.count < 2_000)
        #expect(!shown.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x202E || $0.value == 0x9B })
        #expect(shown.split(separator: "\n").count == 4)
    }

    @Test("keys and values nested without end are refused before they are followed")
    func depth() throws {
        let dots = try #require(fault("account = \"a\"\n" + String(repeating: "a.", count: 1_000_000) + "a = 1\n"))
        #expect(dots.place.line == 2 && dots.place.column == 66)
        #expect(fault("[" + String(repeating: "a.", count: 500_000) + "a]\n")?.place.line == 1)
        #expect(fault("a = " + String(repeating: "[", count: 500_000))?.code == "E_CFG_SYNTAX")
        #expect(fault(String(repeating: "a = {", count: 500_000))?.code == "E_CFG_SYNTAX")
        let quoted = "account = \"" + String(repeating: ".", count: 60) + "\" # " + String(repeating: ".", count: 60)
        let long = "x = \"\"\"\n\"" + String(repeating: ".", count: 60) + "\n\"\"\"\n"
        for text in [quoted, long] { #expect(fault(text)?.message.contains("dots") != true) }
    }
}

@Suite("Pair files")
struct PairFileTests {
    private static let good = """
        [[pair]]
        id = "fed-dec-cut"
        title = "Fed cuts rates in December 2026"
        status = "approved"
        polarity = "same"
        expected_payout = "2026-12-10T21:00:00Z"
        reviewed = { by = "ab", on = "2026-11-20", note = "" }
          [pair.kalshi]
          ticker = "KXFEDDECISION-26DEC-C25"
          exchange_index = 0
          rules_sha256 = "\(String(repeating: "a", count: 64))"
          [pair.polymarket]
          condition_id = "0x\(String(repeating: "b", count: 64))"
          yes_token = "123"
          no_token = "456"
          neg_risk = false
          rules_sha256 = "\(String(repeating: "c", count: 64))"
        """

    private func faults(_ text: String) -> [SourceFault] {
        do throws(SourceFaults) {
            _ = try PairFiles([CaptureHeader.PairText(path: "m.toml", text: text)])
            return []
        } catch { return error.all }
    }

    @Test("a good file reads to what it says")
    func good() throws {
        let files = try PairFiles([CaptureHeader.PairText(path: "m.toml", text: Self.good)])
        let pair = try #require(files.pairs.first)
        #expect(pair.id.name == "fed-dec-cut" && pair.status == .approved && pair.polarity == .same)
        #expect(pair.kalshi.symbol == "KXFEDDECISION-26DEC-C25" && pair.kalshi.exchangeIndex == 0)
        #expect(pair.polymarket.tokens == Contract.Tokens(yes: "123", no: "456"))
        #expect(pair.expectedPayout == UTCNanos(rfc3339: "2026-12-10T21:00:00Z"))
    }

    @Test(
        "every mistake has its line and its code",
        arguments: [
            ("id = \"fed-dec-cut\"", "id = \"a b\"", 2, "E_PAIR_VALUE"),
            ("status = \"approved\"", "status = \"aproved\"", 4, "E_PAIR_VALUE"),
            ("polarity = \"same\"", "polarty = \"same\"", 5, "E_PAIR_UNKNOWN_KEY"),
            ("expected_payout = \"2026-12-10T21:00:00Z\"", "expected_payout = 2026-12-10", 6, "E_PAIR_VALUE"),
            ("  yes_token = \"123\"", "  yes_token = 123", 14, "E_PAIR_VALUE"),
            ("  neg_risk = false", "  neg_risk = \"no\"", 16, "E_PAIR_VALUE"),
            ("  ticker = \"KXFEDDECISION-26DEC-C25\"", "  tickr = \"X\"", 9, "E_PAIR_UNKNOWN_KEY"),
            ("[[pair]]", "[[pear]]", 1, "E_PAIR_UNKNOWN_KEY"),
        ] as [(String, String, Int, String)])
    func mistakes(was: String, now: String, line: Int, code: String) {
        let found = faults(Self.good.replacing(was, with: now))
        #expect(
            found.contains { $0.place.line == line && $0.code == code },
            "\(found.map { "\($0.place.line) \($0.code) \($0.message)" })")
    }

    @Test("an approved pair without a pinned rule text is refused; a proposed one is not")
    func pinned() {
        let unpinned = Self.good.replacing("\"\(String(repeating: "c", count: 64))\"", with: "\"\"")
        #expect(faults(unpinned).map(\.code) == ["E_PAIR_RULES_UNPINNED"])
        #expect(faults(unpinned.replacing("\"approved\"", with: "\"proposed\"")).isEmpty)
    }

    @Test("one id twice is refused, over all files")
    func duplicates() {
        #expect(faults(Self.good + "\n" + Self.good).map(\.code) == ["E_PAIR_DUPLICATE_ID"])
    }

    @Test("sets that pay nothing for sure are refused")
    func sets() throws {
        func text(_ winners: Int) -> String {
            """
            [[set]]
            id = "s"
            status = "proposed"
            venue = "kalshi"
            event = "KXE"
            max_winners = \(winners)
              [[set.leg]]
              ticker = "KXE-A"
              [[set.leg]]
              ticker = "KXE-B"
            """
        }
        #expect(faults(text(1)).isEmpty)
        #expect(faults(text(2)).map(\.code) == ["E_PAIR_SET"])
        let files = try PairFiles([CaptureHeader.PairText(path: "m.toml", text: text(1))])
        #expect(files.sets.first?.exhaustive == false)
    }

}
