import Arb
import Risk
import Testing
import Trading

@Suite("The trader: the uncertain leg first")
struct TraderLegOrderTests {
    /// Polymarket holds takers back: its leg goes first, for ten at 0.50; Kalshi's would follow at 0.40.
    private func rig(_ change: (inout TraderSettings) -> Void = { _ in }) throws -> TraderStage {
        let rig = try TraderStage {
            $0.legOrder = .uncertainFirst
            change(&$0)
        }
        try rig.stage.terms(1) { $0.takerDelay = .seconds(1) }
        return rig
    }

    private func sum(_ standing: OrderSummary.Standing, _ contracts: Int64) -> OrderEvent {
        .summary(
            OrderSummary(
                standing: standing, cumQty: Stage.contracts(contracts), leavesQty: standing == .delayed ? nil : .zero,
                cumCash: Money(rawValue: contracts * 50_000_000), fee: .zero))
    }

    /// What is told of the first leg at once, and by the time that it has ended; and what it filled.
    enum First: CaseIterable {
        case filled, partial, killed, notSent
        case unknownThenFilled, unknownThenPartial, unknownThenDead
        case delayedThenFilled, delayedThenPartial, delayedThenKilled

        var fills: Int64 {
            switch self {
            case .filled, .unknownThenFilled, .delayedThenFilled: 10
            case .partial, .unknownThenPartial, .delayedThenPartial: 4
            case .killed, .notSent, .unknownThenDead, .delayedThenKilled: 0
            }
        }
        var isOpenAtFirst: Bool {
            switch self {
            case .filled, .partial, .killed, .notSent: false
            default: true
            }
        }
    }

    /// What happens when it is the second leg's turn.
    enum Second: CaseIterable {
        case filled, partial, killed, unknown, refused, journal, moved, gone, halted
        var isSent: Bool {
            switch self {
            case .filled, .partial, .killed, .unknown: true
            case .refused, .journal, .moved, .gone, .halted: false
            }
        }
    }

    private func start(_ rig: TraderStage, _ first: First) {
        switch first {
        case .filled: rig.polymarket.answer(TraderStage.filled(10, 50))
        case .partial: rig.polymarket.answer(TraderStage.partly(4, 50))
        case .killed: rig.polymarket.answer(TraderStage.killed)
        case .notSent: rig.polymarket.answer(.notSent(LocalRefusal(.slotSpent, "test")))
        case .unknownThenFilled, .unknownThenPartial, .unknownThenDead: rig.polymarket.answer(.unknown(.timeout))
        case .delayedThenFilled, .delayedThenPartial, .delayedThenKilled:
            rig.polymarket.answer(
                .accepted(OrderSummary(standing: .delayed, cumQty: .zero, leavesQty: Stage.contracts(10))))
        }
        rig.step()
    }

    private func end(_ rig: TraderStage, _ first: First, _ order: NewOrder) {
        switch first {
        case .unknownThenDead: rig.report(order, .cannotEnter("test"), source: .query)
        case .delayedThenKilled, .delayedThenPartial, .unknownThenPartial:
            rig.report(order, sum(.cancelled, first.fills), source: .query)
        case .delayedThenFilled, .unknownThenFilled: rig.report(order, sum(.filled, 10), source: .query)
        case .filled, .partial, .killed, .notSent: break
        }
    }

    private func arrange(_ rig: TraderStage, _ second: Second) {
        switch second {
        case .filled, .partial, .killed, .unknown: rig.kalshi.will(.waits)
        case .refused: rig.kalshi.refuse(LocalRefusal(.noConnection, "test"))
        case .journal: rig.journal.fault = JournalFault(.full, "test")
        case .moved: book(rig, bids: [(39, 100)], asks: [(47, 100)])
        case .gone: book(rig, bids: [], asks: [])
        case .halted: rig.trader.haltFlag.raise()
        }
    }

    private func book(_ rig: TraderStage, bids: [(Int64, Int64)], asks: [(Int64, Int64)]) {
        rig.sync()
        rig.stage.book(0, bids: bids, asks: asks)
        rig.step()
    }

    @Test(
        "every end of the first leg meets every fate of the second: never sent before its time, never for more than the first filled",
        arguments: First.allCases, Second.allCases)
    func interleavings(first: First, second: Second) throws {
        let rig = try rig()
        rig.polymarket.will(.waits)
        rig.edge()
        let leader = try #require(rig.polymarket.sent.first)
        #expect(rig.kalshi.sent.isEmpty && rig.kalshi.held == 1, "it waits, and keeps its slot")
        #expect(rig.trader.claims == 2 && rig.trader.reserved == Stage.dollars("9"))
        #expect(rig.journal.intents.map(\.order) == [leader])
        let bound = rig.journal.intents.first?.follower
        #expect(
            bound == .init(orderQtyMax: Stage.contracts(10), limitPx: Stage.cents(40)), "stated before the first left")
        arrange(rig, second)
        start(rig, first)
        if first.isOpenAtFirst {
            for _ in 0..<3 { rig.wait(500) }
            #expect(rig.kalshi.sent.isEmpty, "nothing while the first is delayed or unknown")
            #expect(rig.trader.claims == 2 && rig.trader.reserved == Stage.dollars("9"))
            #expect(rig.kalshi.held <= 1)
            end(rig, first, leader)
            rig.step()
        }
        guard first.fills > 0 else {
            #expect(rig.kalshi.sent.isEmpty && rig.kalshi.held == 0 && rig.polymarket.held == 0)
            #expect(rig.trader.claims == 0 && rig.trader.reserved == .zero)
            return
        }
        guard second.isSent else {
            #expect(rig.kalshi.held == 0, "its slot is given back")
            // What the first filled stands alone under its claim: closed by what the books give, or held.
            #expect(rig.kalshi.sent.allSatisfy { $0.purpose == .close })
            #expect(rig.trader.claims == 2 || second == .moved)
            return
        }
        let follower = try #require(rig.kalshi.sent.first)
        #expect(follower.purpose == .entry && follower.orderQty == Stage.contracts(first.fills))
        #expect(follower.orderQty <= (bound?.orderQtyMax ?? .zero) && rig.journal.intents.last?.follower == nil)
        #expect(follower.price == Stage.cents(40) && rig.journal.intents.count == 2 && rig.kalshi.held == 0)
        try finish(rig, first, second, follower)
    }

    private func finish(_ rig: TraderStage, _ first: First, _ second: Second, _ follower: NewOrder) throws {
        switch second {
        case .filled:
            rig.kalshi.answer(TraderStage.filled(first.fills, 40))
            rig.step()
            #expect(rig.trader.claims == 0 && rig.trader.boxes.map(\.quantity) == [Stage.contracts(first.fills)])
            #expect(rig.trader.exposure.line == "HEDGED")
        case .partial, .killed:
            rig.kalshi.will(.waits)
            let filled: Int64 = second == .partial ? 1 : 0
            rig.kalshi.answer(second == .partial ? TraderStage.partly(1, 40) : TraderStage.killed)
            rig.step()
            rig.wait(200)
            // The book still shows it: completing is the best way.
            let close = try #require(rig.kalshi.sent.last)
            #expect(rig.kalshi.sent.count == 2 && close.purpose == .close && close.side == .buy)
            #expect(close.orderQty == Stage.contracts(first.fills - filled))
        case .unknown:
            rig.kalshi.answer(.unknown(.timeout))
            rig.step()
            for _ in 0..<6 { rig.wait(500) }
            #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1 && rig.trader.unknownLegs == 1)
            #expect(rig.trader.claims == 2)
        case .refused, .journal, .moved, .gone, .halted: Issue.record("not sent")
        }
    }

    @Test("the slot that waits is made anew at each sweep, and there is never more than one")
    func renewed() throws {
        let rig = try rig()
        rig.polymarket.will(.waits)
        rig.edge()
        let prepared = rig.kalshi.prepared.count
        for _ in 0..<4 { rig.wait(5_000) }
        #expect(rig.kalshi.prepared.count == prepared + 4 && rig.kalshi.held == 1)
        rig.kalshi.refuse(LocalRefusal(.noConnection, "test"))
        rig.wait(5_000)
        #expect(rig.kalshi.held == 0)
        rig.kalshi.refuse(nil)
        rig.edge()
        rig.polymarket.answer(TraderStage.filled(10, 50))
        rig.step()
        #expect(rig.kalshi.sent.count == 1, "it is prepared anew when it is its turn")
    }

    @Test("a seat is kept for each leg that waits")
    func seats() throws {
        let pairs = (1...6).map { Stage.pair("q\($0)") }
        let rig = try TraderStage(pairs: pairs) {
            $0.legOrder = .uncertainFirst
            $0.seats = 4
        }
        for index in 0..<6 { try rig.stage.terms(2 * index + 1) { $0.takerDelay = .seconds(1) } }
        for _ in 0..<6 { rig.polymarket.will(.waits) }
        for _ in 0..<6 { rig.kalshi.will(.says(TraderStage.filled(10, 40))) }
        rig.sync()
        for index in 0..<6 {
            rig.stage.book(2 * index, bids: [(39, 100)], asks: [(40, 10)])
            rig.stage.book(2 * index + 1, bids: [(50, 10)], asks: [(52, 100)])
        }
        rig.step()
        let first = rig.polymarket.sent.count
        #expect(first == 2, "two that fire, and two seats for their partners")
        for _ in 0..<first { rig.polymarket.answer(TraderStage.filled(10, 50)) }
        rig.step()
        #expect(rig.kalshi.sent.count == first && rig.trader.exposure.line.contains("HEDGED"))
    }

    @Test("both at once where no venue holds orders back")
    func both() throws {
        let rig = try TraderStage { $0.legOrder = .uncertainFirst }
        rig.kalshi.will(.waits)
        rig.polymarket.will(.waits)
        rig.edge()
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1)
    }

    @Test("an end of the run while a leg waits: it is still sent when the first has filled")
    func stopped() throws {
        let rig = try rig()
        rig.polymarket.will(.waits)
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.edge()
        rig.trader.stop(at: rig.stage.now)
        #expect(!rig.trader.isQuiet)
        rig.polymarket.answer(TraderStage.filled(10, 50))
        rig.step()
        #expect(rig.kalshi.sent.count == 1 && rig.trader.isQuiet && rig.trader.exposure.line == "HEDGED")
    }
}
