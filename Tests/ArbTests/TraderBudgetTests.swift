import Arb
import Testing
import Trading

@Suite("The trader where money is ordered, not contracts")
struct TraderBudgetTests {
    @Test("a closing purchase in whole cents may buy what its last cent buys beyond what stands alone")
    func lastCent() throws {
        let rig = try TraderStage()
        try rig.stage.terms(1) { $0.budgetStep = .cent }
        let some = Quantity(rawValue: 701_000_000)
        rig.kalshi.will(
            .says(
                .accepted(
                    OrderSummary(
                        standing: .cancelled, cumQty: some, leavesQty: .zero, avgPx: Stage.cents(40),
                        cumCash: Money(rawValue: 280_400_000), fee: .zero))))
        rig.polymarket.will(.says(TraderStage.killed))
        rig.edge()
        #expect(rig.polymarket.sent.count == 2 && rig.events.alerts.isEmpty)
        let close = try #require(rig.polymarket.sent.last)
        // 7.01 at 0.50 is 3.505: 3.51 is ordered, and buys 7.02.
        #expect(close.purpose == .close && close.cashOrderQty == Money(rawValue: 351_000_000))
        #expect(close.orderQty == Quantity(rawValue: 702_000_000) && close.orderQty > some)
    }
}
