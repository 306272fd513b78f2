import Arb
import Testing
import Trading

@Suite("The stamps of an execution, whatever is told first")
struct TraderLatencyTests {
    @Test("an end that a private stream told before the reply is told again with the reply's stamps")
    func streamFirst() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.waits)
        rig.polymarket.will(.waits)
        rig.edge()
        for (order, price) in [(rig.kalshi.sent[0], Int64(40)), (rig.polymarket.sent[0], 50)] {
            rig.report(
                order,
                .summary(
                    OrderSummary(
                        standing: .filled, cumQty: Stage.contracts(10), leavesQty: .zero, avgPx: Stage.cents(price),
                        cumCash: Money(rawValue: price * 10_000_000), fee: .zero)))
        }
        let early = try #require(rig.events.results.last)
        #expect(early.success && early.tickToWire == nil)
        rig.kalshi.answer(TraderStage.filled(10, 40))
        rig.polymarket.answer(TraderStage.filled(10, 50))
        rig.step()
        let whole = try #require(rig.events.results.last)
        #expect(whole.id == early.id && whole.kind == .filled && whole.edgeRealized == early.edgeRealized)
        #expect(whole.tickToWire != nil && whole.latency != nil)
        let stages = Set(LatencySample.all(of: whole).map(\.stage))
        #expect(stages == Set(LatencyStage.allCases), "every stage is measured")
        #expect(rig.events.boxes.count == 1, "what it holds is told once")
    }

    @Test("a run that ends waits a moment for the fills of an order whose reply told the sum alone")
    func feesOnTheirWay() throws {
        let rig = try TraderStage()
        func sum(_ price: Int64) -> LegReport.Outcome {
            .accepted(
                OrderSummary(
                    standing: .filled, cumQty: Stage.contracts(10), leavesQty: .zero, avgPx: Stage.cents(price),
                    cumCash: Money(rawValue: price * 10_000_000)))
        }
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(sum(50)))
        rig.edge()
        #expect(rig.events.results.last?.success == true && !rig.trader.isQuiet)
        rig.report(
            rig.polymarket.sent[0],
            .fill(
                Fill(
                    execID: ExecID("f"), lastQty: Stage.contracts(10), lastPx: Stage.cents(50), fee: .cent,
                    liquidity: .taker, settlement: .confirmed)))
        #expect(rig.trader.isQuiet)
    }

    @Test("and no longer than a moment")
    func feesThatDoNotCome() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(
            .says(
                .accepted(
                    OrderSummary(
                        standing: .filled, cumQty: Stage.contracts(10), leavesQty: .zero, avgPx: Stage.cents(50),
                        cumCash: Stage.dollars("5")))))
        rig.edge()
        #expect(!rig.trader.isQuiet)
        rig.wait(2_001)
        #expect(rig.trader.isQuiet)
    }
}
