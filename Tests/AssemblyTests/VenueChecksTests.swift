import Arb
import Testing
import Trading

@testable import Assembly

@Suite("Findings about a venue")
struct VenueChecksTests {
    private static let now = UTCNanos(rawValue: 1_795_132_800_000_000_000)

    /// A live run wants every limit said.
    private static let live = """
        mode = "live"
        [sizing]
        max_order_usd = "200"
        max_contracts = "1000"
        [risk]
        max_open_usd = "2000"
        max_pair_usd = "500"
        max_venue_usd = "1500"
        max_gross_usd = "4000"
        max_net_usd = "200"
        max_equity_pct = 50
        max_open_orders = 20
        max_daily_loss_usd = "50"
        max_errors_consecutive = 5
        max_error_rate_pct = 50
        max_orders_per_minute = 120
        max_one_leg_loss_usd = "10"
        unwind_reserve_usd = "50"
        dust_usd = "0.05"
        dust_max_usd = "5"
        max_book_age_ms = 200
        max_feed_silence_ms = 10000
        [unwind]
        max_loss_usd = "10"

        """

    private func configuration(_ lines: String = "") throws -> Configuration {
        try ConfigurationReader.read(
            "account = \"a\"\n" + lines, file: "arb.toml", folder: "/x", environment: [:], flags: [])
    }

    private func pairs(_ shards: [Int]) throws -> PairFiles {
        let text = shards.enumerated().map { index, shard in
            """
            [[pair]]
            id = "p\(index)"
            title = "t"
            status = "approved"
            polarity = "same"
            expected_payout = "2026-12-10T21:00:00Z"
            reviewed = { by = "ab", on = "2026-11-20", note = "" }
              [pair.kalshi]
              ticker = "KX\(index)"
              exchange_index = \(shard)
              rules_sha256 = "\(String(repeating: "a", count: 64))"
              [pair.polymarket]
              condition_id = "0x\(String(repeating: String(index), count: 64))"
              yes_token = "1\(index)2"
              no_token = "1\(index)3"
              neg_risk = false
              rules_sha256 = "\(String(repeating: "c", count: 64))"

            """
        }.joined()
        return try PairFiles([CaptureHeader.PairText(path: "p.toml", text: text)])
    }

    private func run(
        _ venue: VenueID, _ lines: String = "", shards: [Int] = [0], ours: OurAccount? = nil,
        _ change: (inout VenueFacts) -> Void
    ) throws -> [String: [Finding]] {
        var facts = VenueFacts(venue: venue)
        change(&facts)
        let found = VenueChecks(
            facts: facts, configuration: try configuration(lines), pairs: try pairs(shards),
            ours: ours ?? OurAccount(venue: venue, prefix: 7)
        ).run()
        for finding in found { #expect(finding.level == .ok || !finding.fix.isEmpty, "\(finding)") }
        return Dictionary(grouping: found) { String($0.check.drop { $0 != "." }.dropFirst()) }
    }

    private func at(_ seconds: Int64, _ milliseconds: Int64 = 0) -> UTCNanos {
        Self.now + .milliseconds(seconds * 1_000 + milliseconds)
    }

    @Test(
        "a clock is wrong only by as much as the venue's stamp, cut to the second, proves",
        arguments: [
            (0, 0, .ok), (1, 400, .ok), (-1, -500, .ok), (2, 1_400, .warn), (-3, -2_500, .warn), (60, 59_400, .fail),
            (-60, -59_500, .fail),
        ] as [(Int64, Int64, Finding.Level)])
    func clock(venue: Int64, skew: Int64, level: Finding.Level) throws {
        // Asked half a second past the whole one, answered a tenth later.
        let clock = (sent: at(0, 500), venue: at(venue), received: at(0, 600))
        let found = VenueChecks.skew(clock)
        #expect(found == .milliseconds(skew))
        let finding = try #require(try run(.kalshi) { $0.clock = clock }["clock"]?.first)
        #expect(finding.level == level, "\(finding)")
        if level == .fail { #expect(finding.code == "E_AUTH_CLOCK" && finding.fix.contains("chrony")) }
    }

    @Test("a venue that does not answer is one line, with the code of what failed")
    func unreachable() throws {
        let found = try run(.polymarket) {
            $0.unreachable = AccountFault(code: "E_TLS_CERTIFICATE", text: "not good for this host")
        }
        #expect(found.count == 1 && found["reach"]?.first?.code == "E_TLS_CERTIFICATE")
    }

    @Test("a refused key asks whose environment it is of; with a wrong clock, for the clock first")
    func refused() throws {
        let fault = AccountFault(code: "E_AUTH_REFUSED", text: "/account/limits: status 401, NOT_FOUND", status: 401)
        let plain = try #require(try run(.kalshi) { $0.refused = fault }["access"]?.first)
        #expect(plain.level == .fail && plain.fix.contains("demo") && plain.code == "E_AUTH_REFUSED")
        let skewed = try run(.kalshi) {
            $0.refused = fault
            $0.clock = (sent: at(0), venue: at(90), received: at(0))
        }
        #expect(skewed["access"] == nil, "what follows from the clock is not told twice")
        #expect(skewed["clock"]?.first?.level == .fail && skewed["clock"]?.first?.text.contains("refuses") == true)
    }

    @Test("closed-only, geoblock and a newer order book are failures; a shard that pauses is looked at")
    func states() throws {
        let found = try run(.polymarket) {
            ($0.isClosedOnly, $0.region, $0.generation, $0.isAccepted) = (true, "US NY", 3, true)
        }
        for check in ["account", "region", "version"] { #expect(found[check]?.first?.level == .fail, "\(check)") }
        let well = try run(.polymarket) {
            ($0.isClosedOnly, $0.region, $0.generation, $0.isAccepted) = (false, "", 2, true)
        }
        #expect(well.values.joined().allSatisfy { $0.level == .ok } && well["access"] != nil)
        let paused = try run(.kalshi) { $0.isTrading = [0: true, 2: false] }
        #expect(paused["exchange"]?.first?.level == .warn && paused["exchange"]?.first?.text.contains("2") == true)
    }

    @Test("a key that may only read: looked at in a dry run, a failure in live mode")
    func scopes() throws {
        let dry = try run(.kalshi) { $0.scopes = ["read"] }
        #expect(dry["scopes"]?.first?.level == .warn)
        #expect(try run(.kalshi, Self.live) { $0.scopes = ["read"] }["scopes"]?.first?.level == .fail)
        #expect(try run(.kalshi) { $0.scopes = ["read", "write::trade"] }["scopes"]?.first?.level == .ok)
        #expect(try run(.kalshi) { ($0.tier, $0.writesPerSecond) = ("basic", 10) }["tier"]?.first?.level == .warn)
        #expect(try run(.kalshi) { ($0.tier, $0.writesPerSecond) = ("basic", 100) }["tier"]?.first?.level == .ok)
    }

    private func purse(_ dollars: Int64, shard: Int?) -> VenueBalance {
        VenueBalance(
            venue: shard == nil ? .polymarket : .kalshi, exchangeIndex: shard,
            cash: Money(rawValue: dollars * 100_000_000), currency: shard == nil ? .pusd : .usd)
    }

    @Test("each shard's cash is set against the pairs that live on it: the ones that starve are named")
    func shards() throws {
        let found = try run(.kalshi, shards: [0, 1, 1, 3]) {
            var snapshot = AccountSnapshot(venue: .kalshi, asOf: Self.now)
            snapshot.balances = [purse(500, shard: 0), purse(20, shard: 1), purse(0, shard: 2)]
            $0.snapshot = snapshot
        }
        let cash = try #require(found["cash"])
        #expect(cash.map(\.level) == [.ok, .warn, .ok, .warn])
        #expect(cash[1].text.contains("p1, p2") && cash[3].text.contains("shard 3") && cash[3].text.contains("p3"))
        let wallet = try run(.polymarket) {
            var snapshot = AccountSnapshot(venue: .polymarket, asOf: Self.now)
            snapshot.balances = [purse(10, shard: nil)]
            snapshot.allowances = [
                VenueAllowance(spender: "0xE111", asset: "collateral", isEnough: true),
                VenueAllowance(spender: "0xe222", asset: "collateral", isEnough: false),
            ]
            $0.snapshot = snapshot
        }
        #expect(wallet["cash"]?.first?.level == .warn && wallet["allowances"]?.first?.level == .fail)
        #expect(wallet["allowances"]?.first?.text.contains("0xe222") == true)
        let broken = try run(.kalshi) { $0.snapshotFault = AccountFault(code: "E_NET_STATUS", text: "503") }
        #expect(broken["cash"]?.first?.level == .fail)
    }

    @Test("orders and positions that are not ours: the account is shared")
    func shared() throws {
        func snapshot() -> AccountSnapshot {
            var snapshot = AccountSnapshot(venue: .kalshi, asOf: Self.now)
            snapshot.positions = [
                VenuePosition(venue: .kalshi, symbol: "KXOTHER", outcome: .yes, quantity: Quantity(rawValue: 5))
            ]
            return snapshot
        }
        let found = try run(.kalshi) { $0.snapshot = snapshot() }
        #expect(found["shared"]?.first?.level == .warn)
        #expect(found["shared"]?.first?.fix.contains("subaccount") == true)
        var ours = OurAccount(venue: .kalshi, prefix: 7)
        ours.positions = snapshot().positions
        #expect(try run(.kalshi, ours: ours) { $0.snapshot = snapshot() }["shared"]?.first?.level == .ok)
    }

    @Test("a fill that no order of ours explains: the account is shared, also where its position is closed again")
    func foreignFills() throws {
        var snapshot = AccountSnapshot(venue: .kalshi, asOf: Self.now)
        snapshot.fills = [
            VenueFill(
                orderID: OrderID("THEIRS"), symbol: "KX0", outcome: .yes, side: .buy,
                fill: Fill(
                    execID: ExecID("f"), lastQty: Quantity(rawValue: 100_000_000), lastPx: .cent, fee: nil,
                    liquidity: .taker, settlement: .confirmed), transactTime: Self.now + .seconds(-60))
        ]
        let found = try run(.kalshi) { $0.snapshot = snapshot }
        #expect(found["shared"]?.first?.level == .warn && found["shared"]?.first?.text.contains("1 fills") == true)
    }

    @Test("the least order of a market against sizing and purse: the pairs that cannot be entered are named")
    func minimums() throws {
        let five = Quantity(rawValue: 500_000_000)
        let symbol = "0x" + String(repeating: "0", count: 64)
        func found(_ dollars: Int64, _ lines: String = "") throws -> Finding? {
            try run(.polymarket, lines) {
                $0.minimums = [symbol: five]
                var snapshot = AccountSnapshot(venue: .polymarket, asOf: Self.now)
                snapshot.balances = [
                    VenueBalance(
                        venue: .polymarket, exchangeIndex: nil, cash: Money(rawValue: dollars * 100_000_000),
                        currency: .pusd)
                ]
                $0.snapshot = snapshot
            }["minimums"]?.first
        }
        #expect(try found(1_000)?.level == .ok)
        // Fifty dollars are the reserve: of 54 less than five shares at a dollar can be had.
        #expect(try found(54)?.level == .warn && found(54)?.text.contains("p0") == true)
        #expect(try found(55)?.level == .ok)
        #expect(try found(1_000, "[sizing]\nmax_contracts = \"4\"\n")?.level == .warn)
    }

    @Test("fees of parts of a cent prove a direct account")
    func fees() throws {
        func fills(_ fee: Int64, _ count: Int) -> AccountSnapshot {
            var snapshot = AccountSnapshot(venue: .kalshi, asOf: Self.now)
            snapshot.fills = (0..<count).map { index in
                VenueFill(
                    orderID: OrderID("o"), symbol: "T", outcome: .yes, side: .buy,
                    fill: Fill(
                        execID: ExecID("\(index)"), lastQty: Quantity(rawValue: 100_000_000),
                        lastPx: Price(rawValue: 44_000_000) ?? .zero, fee: Money(rawValue: fee), liquidity: .taker,
                        settlement: .confirmed), transactTime: nil)
            }
            return snapshot
        }
        let fcm = "[venues.kalshi]\nfee_account = \"fcm\""
        #expect(try run(.kalshi, fcm) { $0.snapshot = fills(1_750_000, 1) }["fees"]?.first?.level == .fail)
        #expect(try run(.kalshi) { $0.snapshot = fills(1_750_000, 9) }["fees"]?.first?.level == .ok)
        #expect(try run(.kalshi) { $0.snapshot = fills(2_000_000, 9) }["fees"]?.first?.level == .warn)
        #expect(try run(.kalshi, fcm) { $0.snapshot = fills(2_000_000, 9) }["fees"]?.first?.level == .ok)
        #expect(try run(.kalshi) { $0.snapshot = fills(0, 0) }["fees"]?.first?.level == .ok)
    }

    @Test("lanes against cores")
    func lanes() {
        #expect(LocalChecks.lanes(cores: 1, wait: "spin").level == .fail)
        #expect(LocalChecks.lanes(cores: 1, wait: "adaptive").level == .warn)
        #expect(LocalChecks.lanes(cores: 2, wait: "adaptive").level == .ok)
    }
}
