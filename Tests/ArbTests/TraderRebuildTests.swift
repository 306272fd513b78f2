import Arb
import Risk
import Testing
import Trading

@Suite("The trader: a leg refused for the version of its market is made anew, once")
struct TraderRebuildTests {
    static let mismatch = LegReport.Outcome.rejected(
        VenueRejection(.version, status: 400, code: "order_version_mismatch"))
    private let market = InstrumentID(1)

    /// Ten at Kalshi for 0.40, filled; ten at Polymarket for 0.50, refused for its version.
    private func rig(
        kalshi: LegReport.Outcome = TraderStage.filled(10, 40), _ change: (inout TraderSettings) -> Void = { _ in }
    ) throws -> TraderStage {
        let rig = try TraderStage(change: change)
        rig.polymarket.nameOrders { OrderID("0x" + $0.clOrdID.description) }
        rig.kalshi.will(.says(kalshi))
        rig.polymarket.will(.says(Self.mismatch))
        rig.edge()
        return rig
    }

    /// The venue says where the market is traded now.
    private func route(_ rig: TraderStage, _ isElsewhere: Bool) {
        rig.sync()
        rig.trader.answered(.rerouted(market, isElsewhere), at: rig.stage.now)
    }

    @Test("the new order is recorded under its own name and hash before it leaves, fills once, and makes the box whole")
    func fills() throws {
        let rig = try rig()
        let first = try #require(rig.polymarket.sent.first)
        #expect(rig.polymarket.sent.count == 1 && rig.accounts.rerouted == [market])
        #expect(rig.journal.intents.count == 2 && rig.trader.claims == 2, "it waits under its claim")
        rig.wait(100)
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1, "nothing is closed meanwhile")
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        route(rig, true)
        #expect(rig.journal.intents.count == 3 && rig.polymarket.sent.count == 1, "recorded, and not sent yet")
        let intent = try #require(rig.journal.intents.last)
        rig.step()
        let second = try #require(rig.polymarket.sent.last)
        #expect(rig.polymarket.sent.count == 2 && intent.order == second && intent.role == .leg)
        #expect(second.clOrdID != first.clOrdID && intent.orderID == OrderID("0x" + second.clOrdID.description))
        #expect(second.orderQty == first.orderQty && second.price <= first.price && second.purpose == .entry)
        #expect(rig.trader.boxes.map(\.quantity) == [Stage.contracts(10)] && rig.trader.exposure.line == "HEDGED")
        let result = try #require(rig.events.results.last)
        #expect(result.kind == .filled && result.legs.count == 2 && result.error.isEmpty)
        #expect(rig.trader.counters.rebuilt == 1 && rig.trader.counters.residuals == 0 && rig.trader.claims == 0)
    }

    @Test("a partner that filled less is met by that much and no more")
    func partial() throws {
        let rig = try rig(kalshi: TraderStage.partly(4, 40))
        rig.polymarket.will(.says(TraderStage.filled(4, 50)))
        route(rig, true)
        rig.step()
        #expect(rig.polymarket.sent.last?.orderQty == Stage.contracts(4))
        #expect(rig.trader.boxes.map(\.quantity) == [Stage.contracts(4)])
    }

    /// What keeps an order from being made anew.
    enum Cause: CaseIterable {
        case sameVersion, nobodyAnswers, tooLate, halted, edgeGone, journalFull, noConnection, partnerDead, contradicted
    }

    @Test("none is made anew after any of these, and what the partner filled is closed", arguments: Cause.allCases)
    func none(cause: Cause) throws {
        let rig = try rig(kalshi: cause == .partnerDead ? TraderStage.killed : TraderStage.filled(10, 40))
        switch cause {
        case .sameVersion: route(rig, false)
        case .nobodyAnswers:
            for _ in 0..<5 { rig.wait(500) }
            route(rig, true)
        case .tooLate:
            rig.stage.pass(2_000)
            route(rig, true)
        case .halted:
            rig.trader.haltFlag.raise()
            route(rig, true)
        case .edgeGone:
            rig.noEdge()
            rig.sync()
            rig.stage.book(1, bids: [(20, 10)], asks: [(80, 100)])
            route(rig, true)
        case .journalFull:
            rig.journal.fault = JournalFault(.full, "test")
            route(rig, true)
        case .noConnection:
            rig.polymarket.refuse(LocalRefusal(.noConnection, "test"))
            route(rig, true)
        case .partnerDead: route(rig, true)
        case .contradicted:
            // The stream says that the refused order filled all the same: nothing is sent beside that.
            rig.report(
                rig.polymarket.sent[0],
                .fill(
                    Fill(
                        execID: ExecID("t"), lastQty: Stage.contracts(10), lastPx: Stage.cents(50), fee: .zero,
                        liquidity: .taker, settlement: .confirmed)))
            route(rig, true)
        }
        rig.step()
        #expect(rig.polymarket.sent.count { $0.purpose == .entry } == 1, "nothing was made anew")
        #expect(rig.trader.counters.rebuilt == 0 && rig.polymarket.held == 0 && rig.kalshi.held == 0)
        switch cause {
        case .partnerDead: #expect(rig.isUntouched)
        case .contradicted: #expect(rig.trader.counters.residuals == 0)
        default: #expect(rig.trader.counters.residuals == 1)
        }
    }

    @Test("a second refusal is final: the partner's fill stands alone and is closed")
    func once() throws {
        let rig = try rig()
        rig.polymarket.will(.says(Self.mismatch))
        route(rig, true)
        rig.step()
        #expect(rig.polymarket.sent.count { $0.purpose == .entry } == 2 && rig.trader.counters.residuals == 1)
        route(rig, true)
        rig.step()
        #expect(rig.polymarket.sent.count { $0.purpose == .entry } == 2 && rig.trader.counters.rebuilt == 1)
    }

    @Test("while the partner is unknown nothing is made anew; known too late, it is not either")
    func partnerUnknown() throws {
        let rig = try rig(kalshi: .unknown(.timeout))
        route(rig, true)
        rig.step()
        #expect(rig.polymarket.sent.count == 1, "law 1: nothing beside an unknown order")
        rig.wait(2_500)
        rig.report(
            rig.kalshi.sent[0],
            .summary(
                OrderSummary(
                    standing: .filled, cumQty: Stage.contracts(10), leavesQty: .zero, cumCash: Stage.dollars("4"),
                    fee: .zero)), source: .query)
        rig.step()
        #expect(rig.polymarket.sent.count { $0.purpose == .entry } == 1 && rig.trader.counters.residuals == 1)
    }

    @Test("the leg that goes first is made anew as the entry that it was; the other follows at its fills")
    func leader() throws {
        let rig = try TraderStage { $0.legOrder = .uncertainFirst }
        try rig.stage.terms(1) { $0.takerDelay = .seconds(1) }
        rig.polymarket.will(.says(Self.mismatch), .says(TraderStage.filled(10, 50)))
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.edge()
        #expect(rig.kalshi.sent.isEmpty && rig.polymarket.sent.count == 1)
        route(rig, true)
        rig.step()
        #expect(rig.polymarket.sent.count == 2 && rig.kalshi.sent.map(\.orderQty) == [Stage.contracts(10)])
        #expect(rig.trader.boxes.map(\.quantity) == [Stage.contracts(10)] && rig.trader.claims == 0)
    }

    @Test("killed between the two: the restart asks about both hashes, each by its own, and books one fill")
    func restart() throws {
        let rig = try TraderStage(isStarted: false)
        let id = ExecutionID(run: 1, sequence: 3)
        func adopted(_ number: UInt64, _ venue: VenueID, _ hash: String?, _ outcome: Outcome) -> AdoptedOrder {
            let order = NewOrder(
                clOrdID: ClOrdID(prefix: 0xABCD_1234, run: 1, sequence: number), instrument: InstrumentID(-1),
                outcome: outcome, side: .buy, orderQty: Stage.contracts(10),
                price: Stage.cents(venue == .kalshi ? 40 : 50))
            return AdoptedOrder(
                execution: id, role: .leg, pair: PairID("p"), venue: venue, symbol: venue == .kalshi ? "K-p" : "0xp",
                orderID: hash.map { OrderID($0) }, state: OrderState(order), booked: .zero)
        }
        let orders = [
            adopted(1, .kalshi, nil, .yes), adopted(2, .polymarket, "0xaa", .no), adopted(3, .polymarket, "0xbb", .no),
        ]
        rig.sync()
        rig.trader.adopt(orders, profitToday: .zero, at: rig.stage.now)
        try rig.begin()
        #expect(rig.trader.unknownLegs == 3)
        let asked = Set(rig.accounts.asked.filter { $0.venue == .polymarket }.compactMap(\.orderID))
        #expect(asked == [OrderID("0xaa"), OrderID("0xbb")])
        let whole = OrderSummary(
            standing: .filled, cumQty: Stage.contracts(10), leavesQty: .zero, cumCash: Stage.dollars("5"), fee: .zero)
        rig.report(orders[0].state.order(at: 0), .summary(whole), source: .query)
        rig.report(orders[1].state.order(at: 1), .cannotEnter("test"), orderID: "0xaa", source: .query)
        #expect(rig.trader.claims == 2, "one of them is unknown still")
        rig.report(orders[2].state.order(at: 1), .summary(whole), orderID: "0xbb", source: .query)
        rig.step()
        #expect(rig.trader.boxes.map(\.quantity) == [Stage.contracts(10)] && rig.trader.claims == 0)
        #expect(rig.polymarket.sent.isEmpty && rig.kalshi.sent.isEmpty)
    }
}

extension OrderState {
    /// Its order with its market's place in this run.
    fileprivate func order(at instrument: Int32) -> NewOrder {
        var order = order
        order.instrument = InstrumentID(instrument)
        return order
    }
}
