import Arb
import Risk
import Testing
import Trading

@Suite("What to do with one leg alone")
struct AutoCloseTests {
    /// Two markets in cents and contracts; the residual is YES of the first, its partner NO of the second.
    private struct Desk {
        let table: BookTable
        var terms: [InstrumentTerms]
        let fees: [any FeeSchedule]

        init(_ fees: [any FeeSchedule] = [FloorFees(rate: 0), FloorFees(rate: 0)]) throws {
            table = BookTable(units: [.cent, .cent])
            self.fees = fees
            terms = try fees.map { schedule in
                InstrumentTerms(
                    title: "", status: .active, grid: try TickGrid(step: .cent), lot: Stage.contracts(1),
                    orderQtyMin: Stage.contracts(1), fillStep: Quantity(rawValue: 100), currency: .usd,
                    fees: FeeTimeline(schedule), entriesEnd: nil, payout: nil, readAt: UTCNanos(rawValue: 0))
            }
        }

        func set(_ market: Int32, bids: [(Int64, Int64)] = [], asks: [(Int64, Int64)] = []) throws {
            let book = table[InstrumentID(market)]
            for (price, size) in bids { try book.bids.set(Stage.cents(price), Stage.contracts(size)) }
            for (price, size) in asks { try book.asks.set(Stage.cents(price), Stage.contracts(size)) }
        }

        func leg(_ market: Int32, _ outcome: Outcome) -> SizingLeg {
            SizingLeg(
                BasketLeg(instrument: InstrumentID(market), outcome: outcome), book: table[InstrumentID(market)],
                terms: terms[Int(market)], fees: fees[Int(market)], cash: nil)
        }

        func residual(
            _ quantity: Int64, cost: String, sellable: Int64? = nil, partner: Bool = true, opposite: Bool = false,
            merge: Int64 = 100_000_000
        ) -> ResidualMarket {
            ResidualMarket(
                held: leg(0, .yes), partner: partner ? leg(1, .no) : nil, opposite: opposite ? leg(0, .no) : nil,
                quantity: Stage.contracts(quantity), cost: Stage.dollars(cost),
                sellable: Stage.contracts(sellable ?? quantity), payoffRate: 100_000_000, mergeRate: merge)
        }
    }

    private func closer(_ policy: ClosePolicy = .cheapest, loss: String = "10") -> AutoClose {
        AutoClose(AutoClose.Settings(policy: policy, lossMax: Stage.dollars(loss)))
    }

    private func order(_ decision: AutoClose.Decision) -> ClosePlan? {
        if case .order(let plan) = decision { return plan }
        return nil
    }

    @Test("completes where that brings more, sells where that does, at the last level taken and no further")
    func cheapest() throws {
        let desk = try Desk()
        // 10 YES bought for 4.00. NO of the partner is 1 - 0.45 = 0.55: completing brings 0.45 each; the bid is 0.44.
        try desk.set(0, bids: [(44, 6), (42, 100)], asks: [(47, 50)])
        try desk.set(1, bids: [(45, 4), (44, 100)], asks: [(60, 50)])
        let complete = try #require(order(closer().decide(desk.residual(10, cost: "4"), spent: .zero, toClose: nil)))
        // 4 at 0.55 and 6 at 0.56 cost 5.56: 4.44 come back. Selling: 6 at 0.44 and 4 at 0.42 bring 4.32.
        #expect(complete.way == .complete && complete.instrument == InstrumentID(1) && complete.outcome == .no)
        #expect(complete.side == .buy && complete.orderQty == Stage.contracts(10))
        #expect(complete.limitPx == Stage.cents(56))
        #expect(complete.value == Stage.dollars("4.44") && complete.loss == Stage.dollars("-0.44"))
        try desk.set(0, bids: [(46, 100)])
        let sell = try #require(order(closer().decide(desk.residual(10, cost: "4"), spent: .zero, toClose: nil)))
        #expect(sell.way == .sell && sell.instrument == InstrumentID(0) && sell.outcome == .yes && sell.side == .sell)
        #expect(sell.limitPx == Stage.cents(46) && sell.value == Stage.dollars("4.60"))
    }

    @Test("never sells more than the venue confirms, and says so where nothing else would do")
    func confirmed() throws {
        let desk = try Desk()
        try desk.set(0, bids: [(50, 100)])
        let some = try #require(
            order(closer().decide(desk.residual(10, cost: "4", sellable: 3), spent: .zero, toClose: nil)))
        #expect(some.way == .sell && some.orderQty == Stage.contracts(3))
        let none = closer().decide(desk.residual(10, cost: "4", sellable: 0), spent: .zero, toClose: nil)
        #expect(none == .hold(.unconfirmed))
    }

    @Test("fees count on every way: what is cheaper before them may be dearer after")
    func fees() throws {
        let desk = try Desk([FloorFees(rate: 0), CeilingFees(rate: 7_000_000, grid: 1_000_000)])
        try desk.set(0, bids: [(44, 100)])
        try desk.set(1, bids: [(45, 100)])
        // Completing brings 4.50 before fees, and pays 0.18 of them; selling brings 4.40.
        let plan = try #require(order(closer().decide(desk.residual(10, cost: "4"), spent: .zero, toClose: nil)))
        #expect(plan.way == .sell && plan.value == Stage.dollars("4.40"))
    }

    @Test("takes what fits the loss budget, and nothing beyond it")
    func lossBudget() throws {
        let desk = try Desk()
        try desk.set(0, bids: [(38, 5), (10, 100)])
        let plan = try #require(
            order(closer(loss: "0.50").decide(desk.residual(10, cost: "4"), spent: .zero, toClose: nil)))
        #expect(plan.orderQty == Stage.contracts(5) && plan.loss == Stage.dollars("0.10"))
        let spent = closer(loss: "0.50").decide(
            desk.residual(10, cost: "4"), spent: Stage.dollars("0.45"), toClose: nil)
        #expect(spent == .hold(.lossBudget))
        let gain = closer(loss: "0.50").decide(
            desk.residual(10, cost: "1"), spent: Stage.dollars("0.50"), toClose: nil)
        #expect(order(gain) != nil, "what loses nothing is always within the budget")
    }

    @Test("a pair of outcomes is worth what its own venue's money is, not what the basket pays")
    func mergeRate() throws {
        let desk = try Desk()
        try desk.set(0, bids: [(50, 100)], asks: [(60, 50)])
        let plan = try #require(
            order(
                closer(.opposite).decide(
                    desk.residual(10, cost: "4", opposite: true, merge: 90_000_000), spent: .zero, toClose: nil)))
        #expect(plan.way == .opposite && plan.value == Stage.dollars("4"), "nine for the pairs, less five for NO")
    }

    @Test("a floor bounds sales alone")
    func floor() throws {
        let desk = try Desk()
        try desk.set(0, bids: [(44, 2), (30, 100)])
        let plan = try #require(
            order(
                closer().decide(
                    desk.residual(10, cost: "4"), spent: .zero, toClose: nil, floor: Stage.cents(40))))
        #expect(plan.orderQty == Stage.contracts(2) && plan.limitPx == Stage.cents(44))
    }

    @Test("the opposite outcome is bought where the books make it the best, and merges")
    func opposite() throws {
        let desk = try Desk()
        // Asks of NO are bids of YES: the price is the same, but nothing needs to be confirmed.
        try desk.set(0, bids: [(43, 100)])
        let market = desk.residual(10, cost: "4", sellable: 0, partner: false, opposite: true)
        let plan = try #require(order(closer().decide(market, spent: .zero, toClose: nil)))
        #expect(plan.way == .opposite && plan.outcome == .no && plan.side == .buy && plan.limitPx == Stage.cents(57))
        #expect(plan.value == Stage.dollars("4.30"))
    }

    @Test("a policy admits its own way alone, until the close is near")
    func policies() throws {
        let desk = try Desk()
        try desk.set(0, bids: [(50, 100)])
        try desk.set(1, bids: [(40, 100)])
        let residual = desk.residual(10, cost: "4")
        #expect(order(closer(.complete).decide(residual, spent: .zero, toClose: nil))?.way == .complete)
        #expect(order(closer(.sell).decide(residual, spent: .zero, toClose: nil))?.way == .sell)
        #expect(closer(.hold).decide(residual, spent: .zero, toClose: .seconds(500)) == .hold(.policy))
        #expect(order(closer(.hold).decide(residual, spent: .zero, toClose: .seconds(60)))?.way == .sell)
        #expect(order(closer(.complete).decide(residual, spent: .zero, toClose: .seconds(60)))?.way == .sell)
    }

    @Test("a budgeted purchase spends whole cents at the levels it takes, and buys at least what is wanted")
    func budget() throws {
        var desk = try Desk()
        desk.terms[1].budgetStep = .cent
        desk.terms[1].lot = Quantity(rawValue: 1_000_000)
        desk.terms[1].orderQtyMin = .zero
        try desk.set(1, bids: [(67, 100)])
        let plan = try #require(order(closer().decide(desk.residual(10, cost: "4"), spent: .zero, toClose: nil)))
        #expect(plan.cashOrderQty == Stage.dollars("3.30") && plan.orderQty >= Stage.contracts(10))
    }

    @Test("one leg alone loses its cost less what the bids give; contracts that no bid takes are worth nothing")
    func oneLeg() throws {
        let desk = try Desk()
        try desk.set(0, bids: [(40, 6)], asks: [(45, 10)])
        let planned = PlannedLeg(
            instrument: InstrumentID(0), outcome: .yes, orderQty: Stage.contracts(10), limitPx: Stage.cents(45),
            cost: Stage.dollars("4.50"), fee: Stage.dollars("0.10"), levels: 1)
        let loss = try AutoClose.oneLegLoss(planned, desk.leg(0, .yes), Valuation())
        #expect(loss == Stage.dollars("2.20"))
    }
}
