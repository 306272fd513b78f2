import Arb
import Testing
import Trading

@Suite("Drift")
struct DriftTests {
    static let asOf = UTCNanos(rawValue: 1_000_000_000_000)
    static func before(_ seconds: Int64) -> UTCNanos { asOf + .seconds(-seconds) }
    private static func qty(_ contracts: Int64) -> Quantity { Quantity(rawValue: contracts * 100_000_000) }

    static func ours(_ venue: VenueID = .kalshi) -> OurAccount { OurAccount(venue: venue, prefix: 7) }
    static func theirs(_ venue: VenueID = .kalshi) -> AccountSnapshot {
        AccountSnapshot(venue: venue, asOf: asOf)
    }

    static func order(
        _ events: [OrderEvent], id: String? = "K1", sequence: UInt64 = 1, heard seconds: Int64 = 60,
        symbol: String = "T", purpose: OrderPurpose = .entry
    ) -> OurAccount.Order {
        var state = OrderState(OrderRegistryTests.order(sequence, purpose: purpose))
        for event in events { state.apply(event) }
        return OurAccount.Order(
            orderID: id.map { OrderID($0) }, symbol: symbol, state: state, sentAt: before(seconds),
            heardAt: before(seconds))
    }

    static func listed(
        _ id: String, _ standing: OrderSummary.Standing, cum: Int64 = 0, ours clOrdID: ClOrdID? = nil,
        created seconds: Int64 = 60
    ) -> VenueOrder {
        VenueOrder(
            orderID: OrderID(id), clOrdID: clOrdID, symbol: "T", outcome: .yes, side: .buy,
            price: Price(rawValue: 44_000_000) ?? .zero, orderQty: qty(10),
            summary: OrderSummary(standing: standing, cumQty: qty(cum), leavesQty: nil), createdAt: before(seconds))
    }

    static func fill(
        _ name: String, _ contracts: Int64, of id: String = "K1", _ outcome: Outcome = .yes, side: Side = .buy,
        cents: Int64 = 44, at seconds: Int64 = 60
    ) -> VenueFill {
        VenueFill(
            orderID: OrderID(id), symbol: "T", outcome: outcome, side: side,
            fill: Fill(
                execID: ExecID(name), lastQty: qty(contracts), lastPx: Price(rawValue: cents * 1_000_000) ?? .zero,
                fee: nil, liquidity: .taker, settlement: .confirmed), transactTime: before(seconds))
    }

    static func held(_ contracts: Int64, _ outcome: Outcome = .yes, _ venue: VenueID = .kalshi) -> VenuePosition {
        VenuePosition(venue: venue, symbol: "T", outcome: outcome, quantity: qty(contracts))
    }

    private func kinds(_ ours: OurAccount, _ theirs: AccountSnapshot) -> [Difference.Kind] {
        Drift.differences(ours, theirs, since: Self.before(3_600)).map(\.kind)
    }

    @Test("two accounts that say the same do not differ")
    func same() {
        var (ours, theirs) = (Self.ours(), Self.theirs())
        ours.orders = [Self.order([.sent, OrderRegistryTests.fill("a", 4), OrderRegistryTests.done(4)])]
        ours.positions = [Self.held(4)]
        ours.balances = [VenueBalance(venue: .kalshi, exchangeIndex: 0, cash: .cent, currency: .usd)]
        theirs.doneOrders = [Self.listed("K1", .cancelled, cum: 4)]
        theirs.fills = [Self.fill("a", 4)]
        theirs.positions = [Self.held(4)]
        theirs.balances = ours.balances
        #expect(kinds(ours, theirs).isEmpty)
    }

    @Test("nothing younger than the lag is a difference")
    func lag() {
        for (seconds, expected) in [(1, 0), (4, 0), (6, 3)] as [(Int64, Int)] {
            var (ours, theirs) = (Self.ours(), Self.theirs())
            ours.orders = [Self.order([.sent, OrderRegistryTests.fill("a", 4)], heard: seconds)]
            ours.positions = [Self.held(4)]
            theirs.openOrders = [Self.listed("F1", .working, created: 2)]
            #expect(kinds(ours, theirs).count == expected, "\(seconds) s")
        }
    }

    @Test("an order that is not listed is unknown, not gone")
    func missingThere() throws {
        var ours = Self.ours()
        ours.orders = [Self.order([.sent, .unknown(.timeout)], id: nil)]
        let found = try #require(Drift.differences(ours, Self.theirs(), since: Self.before(3_600)).first)
        #expect(found.kind == .orderMissingThere && found.severity == .critical && found.ours == "unknown")
        #expect(found.text.contains("proves nothing") && found.witness == .query)
        ours.orders = [Self.order([.notSent(LocalRefusal(.noTokens, "none"))])]
        #expect(kinds(ours, Self.theirs()).isEmpty)
    }

    @Test("an order that we have no record of is FOREIGN, or of another run of ours")
    func missingHere() {
        var theirs = Self.theirs()
        theirs.openOrders = [
            Self.listed("F1", .working), Self.listed("F2", .working, ours: ClOrdID(prefix: 7, run: 9, sequence: 9)),
        ]
        theirs.doneOrders = [Self.listed("F3", .filled, cum: 3)]
        let found = Drift.differences(Self.ours(), theirs, since: Self.before(3_600))
        #expect(found.map(\.subject) == ["F2", "F1", "F3"])
        #expect(found.map(\.severity) == [.critical, .warning, .info])
        #expect(found.map(\.explanations) == [[], [.foreign], [.foreign]])
    }

    @Test("standing and sums are compared by either name")
    func standing() {
        let name = OrderRegistryTests.order().clOrdID
        for (events, listed, isOpen, kind) in [
            ([.sent, OrderRegistryTests.done(4)], Self.listed("K1", .working, cum: 4), true, .orderStanding),
            ([.sent, .unknown(.timeout)], Self.listed("K9", .cancelled, cum: 0, ours: name), false, .orderStanding),
            ([.sent, OrderRegistryTests.done(4)], Self.listed("K1", .cancelled, cum: 6), false, .orderQuantity),
        ] as [([OrderEvent], VenueOrder, Bool, Difference.Kind)] {
            var (ours, theirs) = (Self.ours(), Self.theirs())
            ours.orders = [Self.order(events, id: listed.clOrdID == nil ? "K1" : nil)]
            if isOpen { theirs.openOrders = [listed] } else { theirs.doneOrders = [listed] }
            #expect(kinds(ours, theirs) == [kind])
        }
    }

    @Test("fills are compared by name, both ways, within the window that was read")
    func fills() {
        var (ours, theirs) = (Self.ours(), Self.theirs())
        ours.orders = [Self.order([.sent, OrderRegistryTests.fill("a", 4), OrderRegistryTests.done(9)])]
        theirs.doneOrders = [Self.listed("K1", .cancelled, cum: 9)]
        theirs.fills = [Self.fill("b", 5), Self.fill("a", 4, cents: 45)]
        ours.positions = [Self.held(9)]
        theirs.positions = [Self.held(9)]
        let found = Drift.differences(ours, theirs, since: Self.before(3_600))
        #expect(found.map(\.kind) == [.fillAmounts, .fillMissingHere])
        #expect(found.map(\.severity) == [.critical, .info] && found[1].isExplained)
        theirs.fills = [Self.fill("b", 5)]
        #expect(kinds(ours, theirs).contains(.fillMissingThere))
        // Sent before the window: its fills may be before it too.
        #expect(
            !Drift.differences(ours, theirs, since: Self.before(30)).map(\.kind).contains(.fillMissingThere))
        theirs.fills = [Self.fill("a", 4), Self.fill("b", 5), Self.fill("c", 1)]
        #expect(Drift.differences(ours, theirs, since: Self.before(3_600)).map(\.severity) == [.info, .info])
        ours.orders = [Self.order([.sent, OrderRegistryTests.fill("a", 4), OrderRegistryTests.done(4)])]
        theirs.fills = [Self.fill("a", 4), Self.fill("b", 5)]
        #expect(Drift.differences(ours, theirs, since: Self.before(3_600)).first?.severity == .critical)
    }

    @Test("a sale of YES that the venue lists as a buy of NO is the same fill")
    func mirrored() {
        var (ours, theirs) = (Self.ours(), Self.theirs())
        ours.orders = [Self.order([.sent, OrderRegistryTests.fill("a", 4), OrderRegistryTests.done(4)])]
        theirs.fills = [Self.fill("a", 4, .no, cents: 56)]
        #expect(kinds(ours, theirs).isEmpty)
        theirs.fills = [Self.fill("a", 4, .no, cents: 55)]
        #expect(kinds(ours, theirs) == [.fillAmounts])
    }

    @Test("a position that differs is explained where it can be, and never more than it can be")
    func positions() throws {
        func only(_ ours: OurAccount, _ theirs: AccountSnapshot) throws -> Difference {
            let found = Drift.differences(ours, theirs, since: Self.before(3_600)).filter { $0.kind == .position }
            try #require(found.count == 1)
            return found[0]
        }
        var (ours, theirs) = (Self.ours(), Self.theirs())
        ours.positions = [Self.held(10)]
        theirs.positions = [VenuePosition(venue: .kalshi, symbol: "U", outcome: .no, quantity: Self.qty(2))]
        let found = Drift.differences(ours, theirs, since: Self.before(3_600))
        #expect(found.map(\.symbol) == ["T", "U"] && found.allSatisfy { $0.severity == .critical })
        theirs.positions = []
        #expect(try only(ours, theirs).explanations == [.emptyList])
        ours.settled = ["T"]
        #expect(try only(ours, theirs).severity == .info && only(ours, theirs).explanations == [.settlement])
        // FOREIGN fills account for all of it, or for part of it.
        ours.settled = []
        theirs.positions = [Self.held(3)]
        theirs.fills = [Self.fill("x", 7, of: "F1", .no)]
        #expect(try only(ours, theirs).isExplained && only(ours, theirs).severity == .warning)
        theirs.fills = [Self.fill("x", 6, of: "F1", .no)]
        #expect(try !only(ours, theirs).isExplained && only(ours, theirs).severity == .critical)
        // Kalshi holds one signed position: both outcomes of ours are compared as one.
        theirs.fills = []
        ours.positions = [Self.held(10), Self.held(7, .no)]
        #expect(kinds(ours, theirs).isEmpty)
        theirs.positions = [Self.held(4)]
        #expect(try only(ours, theirs).explanations == [.netting])
    }

    @Test("equal parts of both outcomes that are gone were merged, where a venue holds both")
    func merge() throws {
        var (ours, theirs) = (Self.ours(.polymarket), Self.theirs(.polymarket))
        ours.positions = [Self.held(10, .yes, .polymarket), Self.held(7, .no, .polymarket)]
        theirs.positions = [Self.held(3, .yes, .polymarket)]
        let found = try #require(Drift.differences(ours, theirs, since: Self.before(60)).first)
        #expect(found.explanations == [.merge] && found.severity == .info && found.ours == "10 yes, 7 no")
        theirs.positions = [Self.held(4, .yes, .polymarket)]
        #expect(Drift.differences(ours, theirs, since: Self.before(60)).first?.isExplained == false)
    }

    @Test("V25: what was paid out explains what is gone, at either venue, and nothing else")
    func paidOut() throws {
        for venue in VenueID.allCases {
            var (ours, theirs) = (Self.ours(venue), Self.theirs(venue))
            ours.positions = [Self.held(4, .yes, venue)]
            ours.settled = ["T"]
            let gone = try #require(Drift.differences(ours, theirs, since: Self.before(3_600)).first)
            #expect(gone.kind == .position && gone.isExplained && gone.explanations.contains(.settlement))
            theirs.positions = [Self.held(5, .yes, venue)]
            let more = try #require(Drift.differences(ours, theirs, since: Self.before(3_600)).first)
            #expect(!more.isExplained && more.severity == .critical, "a settlement adds nothing")
        }
    }

    @Test(
        "cash is what was known, and what our fills, their fees and settlements moved since; the rest is a difference")
    func expectedCash() throws {
        var (ours, theirs) = (Self.ours(), Self.theirs())
        ours.orders = [Self.order([.sent, OrderRegistryTests.fill("a", 4), OrderRegistryTests.done(4)])]
        ours.positions = [Self.held(4)]
        theirs.positions = [Self.held(4)]
        theirs.doneOrders = [Self.listed("K1", .filled, cum: 4)]
        theirs.fills = [Self.fill("a", 4)]
        func purse(_ cents: Int64) -> VenueBalance {
            VenueBalance(venue: .kalshi, exchangeIndex: 0, cash: Money(rawValue: cents * 1_000_000), currency: .usd)
        }
        ours.balances = [purse(10_000)]
        ours.balancesAt = Self.before(600)
        ours.paidOut = [VenueSettlement(symbol: "S", cash: .cent, settledAt: Self.before(30))]
        // Four contracts at 44 cents, and a cent of a settlement.
        theirs.balances = [purse(10_000 - 176 + 1)]
        #expect(kinds(ours, theirs).isEmpty, "\(Drift.differences(ours, theirs, since: Self.before(3_600)))")
        theirs.balances = [purse(10_000)]
        let difference = try #require(Drift.differences(ours, theirs, since: Self.before(3_600)).first)
        #expect(difference.kind == .balance && difference.ours.hasPrefix("98.25") && difference.severity == .warning)
        // What moved before our record of it is in it.
        ours.balancesAt = Self.before(10)
        #expect(kinds(ours, theirs).isEmpty)
    }

    @Test("cash and allowances")
    func money() {
        var (ours, theirs) = (Self.ours(.polymarket), Self.theirs(.polymarket))
        ours.balances = [VenueBalance(venue: .polymarket, exchangeIndex: nil, cash: .cent, currency: .pusd)]
        theirs.allowances = [
            VenueAllowance(spender: "0xA", asset: "collateral", isEnough: false),
            VenueAllowance(spender: "0xB", asset: "collateral", isEnough: true),
        ]
        #expect(kinds(ours, theirs) == [.allowance, .balance])
        theirs.balances = ours.balances
        #expect(kinds(ours, theirs) == [.allowance])
    }

    @Test("a registry is compared as it stands")
    func registry() throws {
        var registry = OrderRegistry(prefix: 7)
        let stamp = OrderRegistryTests.stamp(0)
        let handle = try registry.add(
            OrderRegistryTests.order(), venue: .kalshi, symbol: "T", orderID: nil, at: stamp)
        registry.apply(.sent, to: handle, at: stamp)
        let ours = OurAccount(registry, venue: .kalshi)
        #expect(ours.orders.count == 1 && ours.orders[0].sentAt == stamp.utc && ours.orders[0].heardAt == stamp.utc)
        #expect(OurAccount(registry, venue: .polymarket, room: ours.orders).orders.isEmpty)
        let theirs = AccountSnapshot(venue: .kalshi, asOf: stamp.utc + .seconds(10))
        #expect(Drift.differences(ours, theirs, since: stamp.utc).map(\.kind) == [.orderMissingThere])
    }
}
