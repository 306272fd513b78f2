import Arb
import Paper
import Risk
import Testing
import Trading

@Suite("Outcome sets on paper and the account that they share")
struct PaperSetsAccountTests {
    @Test("what the paper venue of pairs took is not there for a set")
    func sharedWithPairs() throws {
        let rig = try PaperSetsStage()
        rig.edge()
        try rig.send(.no, 6, at: 60, of: 0)
        rig.wait(150)
        let bought = rig.states.values.first { $0.order.instrument == InstrumentID(0) && $0.order.purpose == .entry }
        #expect(bought?.cumQty == Stage.contracts(4), "six of the ten are gone")
    }

    @Test("what a set took is not there for the paper venue of pairs")
    func sharedWithSets() throws {
        let rig = try PaperSetsStage()
        rig.edge()
        rig.wait(150)
        #expect(rig.held == [0: 10, 1: 10, 2: 10])
        try rig.send(.no, 3, at: 60, of: 0)
        rig.wait(150)
        guard case .rejected(let refusal)? = rig.reports.last?.outcome else { throw Unexpected() }
        #expect(refusal.kind == .unfilled)
        try rig.send(.no, 3, at: 80, of: 0)
        rig.stage.level(0, .bid, 25, 2)
        rig.wait(150)
        guard case .accepted(let summary)? = rig.reports.last?.outcome else { throw Unexpected() }
        #expect(summary.cumQty == Stage.contracts(2), "the level that nobody took")
    }

    private struct Unexpected: Error {}

    @Test("pairs go on to the trader, and both count against one limit")
    func pairsToo() throws {
        var limits = PaperSetsStage.limits()
        limits.openMax = Stage.dollars("20")
        let rig = try PaperSetsStage(pairs: [Stage.pair()], limits: limits)
        rig.sync()
        rig.stage.book(0, bids: [(39, 100)], asks: [(40, 10)])
        rig.stage.book(1, bids: [(50, 10)], asks: [(52, 100)])
        rig.step()
        rig.wait(150)
        #expect(rig.events.boxes.map(\.pair) == [PairID("p")] && rig.trader.reserved == Stage.dollars("9"))
        rig.edge(from: 2)
        rig.wait(150)
        // Eleven dollars are left: six sets for 1.80.
        #expect(rig.events.boxes.last?.pair == PairID("s") && rig.events.boxes.last?.quantity == Stage.contracts(6))
        #expect(rig.trader.reserved == Stage.dollars("19.80") && rig.exposure.boxes == 2)
        #expect(rig.exposure.hedged == Stage.dollars("19.80"))
    }

    @Test(
        "a set is sized within each limit",
        arguments: [("pair", 5), ("order", 4), ("venue", 3), ("net", 2), ("cash", 5)])
    func sized(limit: String, units: Int64) throws {
        var limits = PaperSetsStage.limits()
        let most = Money(rawValue: units * 180_000_000 + 50_000_000)
        switch limit {
        case "pair": limits.pairMax = most
        case "order": limits.orderMax = most
        case "venue": limits.venueMax = most
        case "net": limits.netMax = most
        default: limits.unwindReserve = Money(rawValue: 100_000_000_000 - most.rawValue)
        }
        let rig = try PaperSetsStage(limits: limits)
        rig.edge()
        rig.wait(150)
        #expect(rig.events.boxes.first?.quantity == Stage.contracts(units), "\(limit)")
    }

    @Test("what does not fit is refused with its reason, once an opportunity, and leaves nothing behind")
    func refused() throws {
        var limits = PaperSetsStage.limits()
        limits.openOrdersMax = 2
        let rig = try PaperSetsStage(limits: limits)
        rig.edge()
        rig.stage.level(0, .bid, 40, 9)
        rig.step()
        let refusals = rig.events.results.filter { $0.kind == .refused }
        #expect(refusals.map(\.error) == ["E_EXEC_RISK_REFUSED max_open_orders"])
        #expect(rig.trader.claims == 0 && rig.trader.reserved == .zero && rig.intents.isEmpty)
    }

    @Test("what a set has lost stays taken from the cash, whatever the venues' purses say")
    func cash() throws {
        var limits = PaperSetsStage.limits()
        limits.unwindReserve = Stage.dollars("981.80")
        let rig = try PaperSetsStage(limits: limits)
        rig.edge()
        rig.wait(100)
        rig.stage.book(1, asks: [(42, 100)])
        rig.wait(50)
        rig.wait(150)
        #expect(rig.exposure.state == .flat)
        for gateway in rig.gateways {
            rig.trader.answered(.snapshot(gateway.snapshot(at: rig.stage.now.utc)), at: rig.stage.now)
        }
        #expect(rig.events.alerts.isEmpty, "no drift: the venues' purses are those of pairs")
        rig.calm()
        rig.wait(200)
        rig.edge()
        #expect(rig.intents.suffix(3).map(\.order.orderQty) == Array(repeating: Stage.contracts(9), count: 3))
    }

    @Test("the opposite of what is held is no entry")
    func opposite() throws {
        let rig = try PaperSetsStage(sets: [Stage.set(exhaustive: true)])
        rig.edge()
        rig.wait(150)
        rig.calm()
        rig.wait(200)
        for index in 0..<3 { rig.stage.book(index, bids: [(20, 10)], asks: [(30, 10)]) }
        rig.step()
        #expect(rig.events.results.last?.error == "E_EXEC_RISK_REFUSED opposite_open" && rig.sets.status.fired == 1)
    }

    // MARK: Restarts

    /// Everything that was told of one run's orders, as its ledger would give it to the next.
    private func adopted(_ rig: PaperSetsStage, isEndKept: Bool = true) -> [AdoptedOrder] {
        rig.intents.map { intent in
            var state = OrderState(intent.order)
            if isEndKept, let last = rig.states[intent.order.clOrdID] { state = last }
            return AdoptedOrder(
                execution: intent.execution, role: intent.role, pair: intent.pair, venue: intent.venue,
                symbol: intent.symbol, orderID: nil, state: state, booked: .zero, intended: intent.decided.utc)
        }
    }

    @Test("a restart goes on with the sets that are held")
    func restartHeld() throws {
        let first = try PaperSetsStage()
        first.edge()
        first.wait(150)
        let rig = try PaperSetsStage(isStarted: false)
        rig.sync()
        rig.sets.adopt(adopted(first), finished: [ExecutionID(run: 1, sequence: 1)], at: rig.stage.now)
        rig.start()
        rig.step()
        #expect(rig.sets.status.boxes == 1 && rig.trader.reserved == Stage.dollars("18") && rig.trader.claims == 0)
        #expect(rig.exposure.state == .hedged && rig.events.results.isEmpty && rig.events.boxes.isEmpty)
    }

    @Test("a restart closes what an earlier run left alone")
    func restartAlone() throws {
        let first = try PaperSetsStage { $0.close.policy = .hold }
        first.edge()
        first.wait(100)
        first.stage.book(1, asks: [(42, 100)])
        first.wait(50)
        let rig = try PaperSetsStage(isStarted: false)
        rig.sync()
        rig.sets.adopt(adopted(first), finished: [], at: rig.stage.now)
        rig.start()
        rig.step()
        #expect(rig.trader.claims == 3 && rig.exposure.state == .exposed)
        for index in 0..<3 { rig.stage.book(index, asks: [(42, 100)]) }
        rig.wait(100)
        rig.wait(150)
        #expect(rig.trader.claims == 0 && rig.exposure.state == .flat)
        #expect(rig.events.results.last?.edgeRealized == Stage.dollars("-0.40"))
        #expect(rig.intents.map(\.role) == [.sell, .sell])
    }

    @Test("an order whose end was not recorded never met a book")
    func restartUnderWay() throws {
        let first = try PaperSetsStage()
        first.edge()
        let rig = try PaperSetsStage(isStarted: false)
        rig.edge()
        rig.sets.adopt(adopted(first, isEndKept: false), finished: [], at: rig.stage.now)
        rig.start()
        rig.step()
        #expect(rig.heard.count == 3 && rig.heard.allSatisfy { $0.event == .cannotEnter("paper: it never met a book") })
        #expect(rig.states.values.allSatisfy { $0.isDone && $0.cumQty == .zero })
        #expect(rig.events.results.map(\.kind) == [.missed] && rig.trader.claims == 0)
    }

    @Test("a set that is gone from the files while something of it is held blocks entries")
    func restartGone() throws {
        let first = try PaperSetsStage()
        first.edge()
        first.wait(150)
        let rig = try PaperSetsStage(sets: [Stage.set("other")], isStarted: false)
        rig.sync()
        rig.sets.adopt(adopted(first), finished: [ExecutionID(run: 1, sequence: 1)], at: rig.stage.now)
        rig.start()
        rig.edge()
        #expect(rig.events.alerts.map(\.code) == ["E_EXEC_NOT_ADOPTED"] && rig.sets.status.fired == 0)
    }
}
