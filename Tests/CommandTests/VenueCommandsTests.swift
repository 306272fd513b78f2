import Foundation
import Server
import Simulators
import Store
import TestKit
import Testing
import Trading

/// `doctor`, `keys test` and `reconcile` against loopback venues over TLS: the program as a process, the venues in here.
@Suite("Commands that ask the venues", .serialized)
struct VenueCommandsTests {
    /// Venues, a folder that `arb` runs in, and the program.
    private final class Stage {
        let place: Workplace
        let folder: LoopbackFolder
        let arb: Program

        init(_ change: (inout LoopbackFolder.Trading) -> Void = { _ in }) throws {
            place = try Workplace()
            arb = try Program("arb")
            var settings = SimWorld.Settings()
            settings.pairs = 3
            settings.seed = 11
            var trading = LoopbackFolder.Trading()
            change(&trading)
            folder = try LoopbackFolder(place.url.path, settings, trading: trading)
        }

        deinit { _ = folder.venues.stop() }

        func run(_ words: String...) throws -> Program.Outcome { try arb.run(words, in: place.url) }

        /// Findings by their check; of several of one name the gravest.
        func findings(_ words: String..., status: Int32) throws -> [String: [String: Any]] {
            let outcome = try arb.run(words + ["--json"], in: place.url)
            #expect(outcome.status == status, "\(outcome.out)\(outcome.err)")
            return Dictionary(
                try objects(outcome.out).map { ($0["check"] as? String ?? "", $0) },
                uniquingKeysWith: { $0["level"] as? String == "ok" ? $1 : $0 })
        }

        /// A command to the loopback Polymarket, as an operator of it would give.
        func tell(_ command: String) throws {
            let answer = folder.venues.command(PolymarketTrading.self) { half, turn in
                half.handle(WebServer.Request(method: "POST", target: "/sim", body: Array(command.utf8)), turn)?.status
            }
            try #require(answer == .some(200), "\(command): \(String(describing: answer))")
        }

        func configure(_ old: String, _ new: String) throws {
            let url = place.url.appending(path: "arb.toml")
            let text = try String(contentsOf: url, encoding: .utf8)
            try #require(text.contains(old))
            try text.replacing(old, with: new).write(to: url, atomically: true, encoding: .utf8)
        }
    }

    @Test("two good venues: every line is there, none has failed, nothing differs")
    func good() throws {
        let stage = try Stage()
        let found = try stage.findings("doctor", status: 0)
        for check in [
            "kalshi.exchange", "kalshi.minimums", "polymarket.minimums",
            "kalshi.reach", "kalshi.clock", "kalshi.access", "kalshi.scopes", "kalshi.tier", "kalshi.cash",
            "kalshi.shared",
            "kalshi.fees",
            "polymarket.reach", "polymarket.clock", "polymarket.access", "polymarket.region", "polymarket.account",
            "polymarket.cash", "polymarket.allowances", "polymarket.shared",
        ] { #expect(found[check]?["level"] as? String == "ok", "\(check): \(found[check] ?? [:])") }
        let text = try stage.run("doctor")
        #expect(text.status == 0 && text.lines.allSatisfy { $0.count <= 80 })
        let keys = try stage.findings("keys", "test", status: 0)
        #expect(keys["kalshi.access"] != nil && keys["polymarket.access"] != nil && keys["kalshi.cash"] == nil)
        let reconcile = try stage.run("reconcile", "--explain")
        #expect(reconcile.status == 0 && reconcile.out.contains("no difference"), "\(reconcile.out)")
        #expect(reconcile.lines.allSatisfy { $0.count <= 80 })
    }

    @Test("a key of another environment, and a wallet's key that another pays for, are refused by name")
    func refused() throws {
        let stage = try Stage()
        try stage.configure("key_id = \"loopback\"", "key_id = \"of-another-environment\"")
        let found = try stage.findings("keys", "test", status: 6)
        #expect(found["kalshi.access"]?["level"] as? String == "fail")
        #expect((found["kalshi.access"]?["fix"] as? String)?.contains("environment") == true)
        #expect(found["polymarket.access"]?["level"] as? String == "ok")
        #expect(try stage.findings("doctor", status: 6)["kalshi.cash"] == nil)
        let reconcile = try stage.run("reconcile")
        #expect(reconcile.status == 69 && reconcile.err.contains("kalshi: ") && reconcile.out.contains("polymarket:"))
    }

    @Test(
        "a clock that is a minute off: one line a venue, with what to do; the keys' refusal that follows is not told twice"
    )
    func clock() throws {
        for seconds in [60, -60] as [Int64] {
            let stage = try Stage { $0.clockOffset = .seconds(seconds) }
            let outcome = try stage.run("doctor", "--json")
            #expect(outcome.status == 6)
            let failed = try objects(outcome.out).filter { $0["level"] as? String == "fail" }
            #expect(failed.map { $0["check"] as? String ?? "" }.sorted() == ["kalshi.clock", "polymarket.clock"])
            for finding in failed {
                #expect((finding["text"] as? String)?.contains(seconds > 0 ? "behind" : "ahead") == true)
                #expect((finding["fix"] as? String)?.contains("chrony") == true)
            }
        }
    }

    @Test("an exchange that takes no orders now is told, with what to do")
    func paused() throws {
        let stage = try Stage()
        let answer = stage.folder.venues.command(KalshiTrading.self) { half, turn in
            half.handle(
                WebServer.Request(method: "POST", target: "/sim", body: Array(#"{"do":"pause_exchange"}"#.utf8)), turn)?
                .status
        }
        try #require(answer == .some(200))
        let finding = try #require(try stage.findings("doctor", status: 0)["kalshi.exchange"])
        #expect(finding["level"] as? String == "warn" && (finding["text"] as? String)?.contains("no orders") == true)
    }

    @Test(
        "each bad input is one finding that failed, with its code and what to do",
        arguments: [
            ("kind", "kalshi.key", "E_AUTH_KEY_KIND", 6), ("encrypted", "kalshi.key", "E_AUTH_KEY_ENCRYPTED", 6),
            ("readable", "kalshi.key", "E_AUTH_KEY_MODE", 77), ("funder", "polymarket.wallet", "E_AUTH_FUNDER", 6),
            ("environment", "kalshi.access", "E_AUTH_REFUSED", 6),
            ("closed", "polymarket.account", "E_EXEC_BLOCKED", 6), ("region", "polymarket.region", "E_EXEC_BLOCKED", 6),
        ] as [(String, String, String, Int32)])
    func badInput(what: String, check: String, code: String, status: Int32) throws {
        let stage = try Stage()
        let key = stage.place.path("kalshi.pem")
        switch what {
        case "kind":
            _ = try Program.shell(
                "openssl ecparam -name prime256v1 -genkey -noout -out kalshi.pem", in: stage.place.url)
        case "encrypted":
            _ = try Program.shell(
                "openssl pkey -in kalshi.pem -aes128 -passout pass:x -out k2.pem && mv k2.pem kalshi.pem",
                in: stage.place.url)
        case "readable":
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
        case "funder":
            let text = try String(contentsOf: stage.place.url.appending(path: "arb.toml"), encoding: .utf8)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("funder") })
            try stage.configure(String(line), "funder = \"0x70997970C51812dc3A010C7d01b50e0d17dc79C8\"")
        case "environment": try stage.configure("key_id = \"loopback\"", "key_id = \"of-another-environment\"")
        case "closed": try stage.tell(#"{"do":"closed_only"}"#)
        default: try stage.tell(#"{"do":"geoblock"}"#)
        }
        if what != "readable" {
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        }
        let outcome = try stage.run("doctor", "--json")
        #expect(outcome.status == status, "\(outcome.out)\(outcome.err)")
        let failed = try objects(outcome.out).filter { $0["level"] as? String == "fail" }
        #expect(failed.count == 1, "\(failed)")
        #expect(failed.first?["check"] as? String == check && failed.first?["code"] as? String == code)
        #expect((failed.first?["fix"] as? String)?.isEmpty == false)
    }

    @Test("closed-only and geoblock are failures, each with what to do")
    func blocked() throws {
        let stage = try Stage()
        try stage.tell(#"{"do":"geoblock"}"#)
        try stage.tell(#"{"do":"closed_only"}"#)
        let found = try stage.findings("doctor", status: 6)
        for (check, word) in [("region", "geoblock"), ("account", "closed-only")] {
            let finding = try #require(found["polymarket.\(check)"])
            #expect(finding["level"] as? String == "fail" && (finding["text"] as? String)?.contains(word) == true)
            #expect((finding["fix"] as? String)?.isEmpty == false)
        }
    }

    @Test(
        "tokens that no fill of ours explains: the wallet is shared, the pair's position differs, and nothing is sent")
    func shared() throws {
        let stage = try Stage()
        let markets = stage.place.url.appending(path: "Markets")
        let files = try FileManager.default.contentsOfDirectory(at: markets, includingPropertiesForKeys: nil)
        let texts = try files.map { try String(contentsOf: $0, encoding: .utf8) }
        let token = try #require(texts.joined().firstMatch(of: /yes_token = "([0-9]+)"/)).1
        try stage.tell(#"{"do":"split","token":"\#(token)","units":25000000}"#)
        let shared = try #require(try stage.findings("doctor", status: 0)["polymarket.shared"])
        #expect(shared["level"] as? String == "warn" && (shared["fix"] as? String)?.contains("wallet") == true)
        let outcome = try stage.run("reconcile", "--explain", "--venue", "polymarket")
        #expect(outcome.status == 6 && outcome.out.contains("25 yes, 25 no"), "\(outcome.out)\(outcome.err)")
        let words = outcome.out.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
        #expect(words.contains("the pair is halted, and no order follows from it"), "\(words)")
        #expect(outcome.lines.allSatisfy { $0.count <= 80 })
    }

    @Test("a purse below its reserve is told with the pairs that starve")
    func starving() throws {
        let stage = try Stage {
            $0.kalshiCash = [0: 20_000_000]
            $0.polymarketCash = 5_000_000
        }
        let found = try stage.findings("doctor", status: 0)
        for venue in ["kalshi", "polymarket"] {
            let cash = try #require(found["\(venue).cash"])
            #expect(cash["level"] as? String == "warn" && (cash["text"] as? String)?.contains("starves") == true)
        }
    }

    @Test("orders of ours that the venue does not list: unknown legs outrank every other difference, and stay unknown")
    func unknown() throws {
        let stage = try Stage()
        let state = try persist { try StateFolder(root: stage.place.path("state"), account: "loopback") }
        let ledger = try Ledger(path: state.path + "/ledger.db")
        let sent = UTCNanos(rawValue: Int64(Date().timeIntervalSince1970 - 60) * 1_000_000_000)
        let order = NewOrder(
            clOrdID: ClOrdID(prefix: 1, run: 1, sequence: 1), instrument: InstrumentID(-1), outcome: .yes, side: .buy,
            orderQty: Quantity(rawValue: 1_000_000_000), price: Price(rawValue: 44_000_000) ?? .zero)
        let row = try ledger.add(order, venue: .kalshi, pair: "p", symbol: "KXLOST", orderID: nil, at: sent)
        var known = OrderState(order)
        for event in [OrderEvent.sent, .unknown(.timeout)] {
            known.apply(event)
            try ledger.append(
                StoredOrderEvent(at: sent, transactTime: nil, source: .local, event: event), to: row, state: known,
                orderID: nil)
        }
        let outcome = try stage.run("reconcile", "--explain")
        #expect(outcome.status == 3, "\(outcome.out)\(outcome.err)")
        #expect(outcome.out.contains("UNKNOWN 1") && outcome.out.contains("proves nothing"))
        let json = try objects(try stage.run("reconcile", "--json").out)
        let difference = try #require(json.first { $0["schema"] as? String == "arb.difference/1" })
        #expect(difference["kind"] as? String == "order_missing_there" && difference["ours"] as? String == "unknown")
        #expect(difference["severity"] as? String == "critical" && (difference["witnesses"] as? [Any])?.isEmpty == true)
        let words = outcome.out.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
        #expect(words.contains("nobody has told us of it"), "\(words)")
        #expect(try stage.run("orders", "--state", "unknown").out.contains("UNKNOWN"))
        #expect(try stage.run("reconcile", "--venue", "polymarket").status == 0)
    }

    @Test("venues that are down are told in one line each, with what failed")
    func down() throws {
        let desk = try Desk()
        let doctor = try desk.run("doctor", "--json")
        #expect(doctor.status == 6)
        let found = try objects(doctor.out).filter { ($0["check"] as? String)?.hasSuffix(".reach") == true }
        #expect(found.count == 2 && found.allSatisfy { $0["code"] as? String == "E_NET_CONNECT" })
        try desk.fillOrders()
        let reconcile = try desk.run("reconcile")
        // No wallet is configured: that outranks a venue that does not answer.
        #expect(reconcile.status == 78 && reconcile.err.contains("E_CFG_MISSING"))
        #expect(try desk.run("reconcile", "--venue", "kalshi").status == 69)
        #expect(try desk.run("keys", "test", "--offline").status == 0)
    }
}
