import Arb
import Risk
import Testing
import Trading

@Suite("The trader: what nobody knows, and what is told late")
struct TraderUnknownTests {
    @Test("V08: an order that is held back and never told again becomes unknown, and is asked for")
    func delayed() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(
            .says(.accepted(OrderSummary(standing: .delayed, cumQty: .zero, leavesQty: Stage.contracts(10)))))
        rig.edge()
        rig.wait(4_000)
        #expect(rig.trader.unknownLegs == 0 && rig.accounts.asked.isEmpty)
        rig.wait(2_000)
        #expect(rig.trader.unknownLegs == 1 && rig.accounts.asked.contains { $0.venue == .polymarket })
        #expect(rig.kalshi.sent.count == 1 && rig.trader.claims == 2)
    }

    @Test("ten seconds unknown halt the pair; resume needs it known, or the exposure accepted")
    func resume() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.silence)
        rig.edge()
        for _ in 0..<22 { rig.wait(500) }
        #expect(rig.trader.suspensions(of: PairID("p")).contains(.unknown))
        let refused = rig.trader.resume(pair: PairID("p"), acceptExposure: false, at: rig.stage.now)
        #expect(refused?.contains("E_EXEC_RESUME_REFUSED") == true)
        #expect(rig.trader.suspensions(of: PairID("p")).contains(.unknown))
        #expect(rig.trader.resume(pair: PairID("p"), acceptExposure: true, at: rig.stage.now) == nil)
        #expect(rig.trader.suspensions(of: PairID("p")).isEmpty && rig.trader.claims == 2)
    }

    @Test("three orders unknown beyond patience, each of another pair, stop everything")
    func addUp() throws {
        let pairs = (0..<4).map { Stage.pair("u\($0)") }
        let rig = try TraderStage(pairs: pairs)
        for pair in 0..<3 {
            rig.kalshi.will(.says(TraderStage.killed))
            rig.polymarket.will(.waits)
            rig.sync()
            rig.stage.book(2 * pair, bids: [(39, 100)], asks: [(40, 10)])
            rig.stage.book(2 * pair + 1, bids: [(50, 10)], asks: [(52, 100)])
            rig.step()
        }
        try #require(rig.polymarket.sent.count == 3)
        for _ in 0..<3 { rig.polymarket.answer(.unknown(.timeout)) }
        rig.step()
        #expect(rig.trader.unknownLegs == 3)
        for _ in 0..<22 { rig.wait(500) }
        #expect(rig.events.breaker.contains { $0.kind == .opened && $0.scope == .global })
    }

    @Test("a fill whose fee the venue does not tell has the one of its schedule")
    func fee() throws {
        let rig = try TraderStage()
        try rig.stage.terms(1, fees: FloorFees(rate: 7_000_000))
        rig.kalshi.will(
            .says(
                .accepted(
                    OrderSummary(
                        standing: .filled, cumQty: Stage.contracts(10), leavesQty: .zero, cumCash: Stage.dollars("2"),
                        fee: .zero))))
        rig.polymarket.will(
            .says(
                .accepted(
                    OrderSummary(
                        standing: .filled, cumQty: Stage.contracts(10), leavesQty: .zero,
                        cumCash: Stage.dollars("7")))))
        rig.sync()
        rig.stage.book(0, bids: [(19, 100)], asks: [(20, 10)])
        rig.stage.book(1, bids: [(30, 10)], asks: [(32, 100)])
        rig.step()
        #expect(rig.trader.dayProfit(at: rig.stage.now) == Stage.dollars("0.825"), "the greatest fee, until it is told")
        rig.report(
            rig.polymarket.sent[0],
            .fill(
                Fill(
                    execID: ExecID("t"), lastQty: Stage.contracts(10), lastPx: Stage.cents(70), fee: nil,
                    liquidity: .taker, settlement: .confirmed)))
        rig.step()
        #expect(rig.trader.dayProfit(at: rig.stage.now) == Stage.dollars("0.853"))
    }

    @Test("an order of which no byte left is withdrawn from the record, the one that left is not")
    func withdrawn() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(.notSent(LocalRefusal(.noConnection, "test"))))
        rig.polymarket.will(.says(TraderStage.killed))
        rig.edge()
        #expect(rig.journal.withdrawn == rig.kalshi.sent.map(\.clOrdID) && rig.journal.withdrawn.count == 1)
        #expect(rig.trader.claims == 0 && rig.trader.unknownLegs == 0)
    }

    @Test("closes never rest on a book, whatever entries do")
    func immediate() throws {
        let rig = try TraderStage { $0.timeInForce = .fok }
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.killed))
        rig.edge()
        #expect(rig.polymarket.sent.map(\.timeInForce) == [.fok, .ioc])
        #expect(rig.polymarket.sent.map(\.purpose) == [.entry, .close])
    }
}
