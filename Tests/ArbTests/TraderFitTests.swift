import Arb
import Risk
import Testing
import Trading

@Suite("The trader: sizes at the caps")
struct TraderFitTests {
    /// Three levels at Kalshi, so that every contract at the limit costs more than the books promise.
    private func deep(_ rig: TraderStage) {
        rig.sync()
        rig.stage.book(0, bids: [(39, 1_000)], asks: [(36, 150), (39, 150), (42, 700)])
        rig.stage.book(1, bids: [(50, 1_000)], asks: [(52, 1_000)])
        rig.step()
    }

    private func worst(_ rig: TraderStage) throws -> (kalshi: Money, polymarket: Money) {
        let yes = try #require(rig.kalshi.sent.first), no = try #require(rig.polymarket.sent.first)
        let cost = try no.cashOrderQty ?? no.price.cost(of: no.orderQty, rounding: .againstUs)
        return (try yes.price.cost(of: yes.orderQty, rounding: .againstUs), cost)
    }

    @Test("a book deeper than max_order_usd is fired within it at its worst, and not much below")
    func orderMax() throws {
        var limits = TraderStage.limits()
        limits.orderMax = Stage.dollars("200")
        limits.netMax = Stage.dollars("500")
        let rig = try TraderStage(limits: limits)
        rig.kalshi.will(.waits)
        rig.polymarket.will(.waits)
        deep(rig)
        let worst = try worst(rig)
        let locked = worst.kalshi.rawValue + worst.polymarket.rawValue
        #expect(locked <= Stage.dollars("200").rawValue)
        #expect(locked > Stage.dollars("180").rawValue)
    }

    @Test("so is one deeper than the cash of a venue", arguments: ["30", "61.50"])
    func cash(_ cash: String) throws {
        var limits = TraderStage.limits()
        limits.equityPctMax = 100
        let rig = try TraderStage(limits: limits)
        try rig.fund(cash)
        rig.kalshi.will(.waits)
        rig.polymarket.will(.waits)
        rig.sync()
        rig.stage.book(0, bids: [(39, 1_000)], asks: [(40, 20), (60, 700)])
        rig.stage.book(1, bids: [(70, 1_000)], asks: [(72, 1_000)])
        rig.step()
        let worst = try worst(rig)
        #expect(max(worst.kalshi, worst.polymarket) <= Stage.dollars(cash))
        #expect(worst.kalshi.rawValue > Stage.dollars(cash).rawValue * 8 / 10)
    }

    @Test("what is in flight counts against the day's loss by what it may lose, not by what it costs")
    func lossAtRisk() throws {
        var limits = TraderStage.limits()
        limits.oneLegLossMax = Stage.dollars("10")
        let rig = try TraderStage(pairs: [Stage.pair("p0"), Stage.pair("p1")], limits: limits) {
            $0.oneLegLossMax = Stage.dollars("10")
        }
        rig.kalshi.will(.waits, .waits)
        rig.polymarket.will(.waits, .waits)
        for market in [0, 2] {
            rig.sync()
            rig.stage.book(market, bids: [(39, 1_000)], asks: [(40, 120)])
            rig.stage.book(market + 1, bids: [(50, 120)], asks: [(52, 1_000)])
            rig.step()
            // One leg is whole, the other is still out.
            guard market == 0, let order = rig.kalshi.sent.first else { continue }
            let summary = OrderSummary(standing: .filled, cumQty: order.orderQty, leavesQty: .zero, avgPx: order.price)
            rig.report(order, .summary(summary), orderID: "o1")
        }
        #expect(rig.kalshi.sent.count == 2)
    }
}
