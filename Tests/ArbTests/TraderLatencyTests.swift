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
}
