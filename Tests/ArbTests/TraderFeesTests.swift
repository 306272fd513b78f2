import Arb
import Risk
import Testing
import Trading

@Suite("The trader: fees and losses are counted, wherever they fall")
struct TraderFeesTests {
    /// YES at Kalshi for 0.20, NO at Polymarket for 0.70, where a quadratic fee is charged.
    private func edge(_ rig: TraderStage) {
        rig.sync()
        rig.stage.book(0, bids: [(19, 100)], asks: [(20, 10)])
        rig.stage.book(1, bids: [(30, 10)], asks: [(32, 100)])
        rig.step()
    }

    private func filled(_ contracts: Int64, _ price: Int64, fee: String) -> LegReport.Outcome {
        .accepted(
            OrderSummary(
                standing: .filled, cumQty: Stage.contracts(contracts), leavesQty: .zero, avgPx: Stage.cents(price),
                cumCash: Money(rawValue: contracts * price * 1_000_000), fee: Stage.dollars(fee)))
    }

    @Test(
        "what is reserved has the greatest fee that may be charged: a better price nearer to one half costs more of it")
    func greatestFee() throws {
        let rig = try TraderStage()
        try rig.stage.terms(1, fees: FloorFees(rate: 7_000_000))
        rig.kalshi.will(.waits)
        rig.polymarket.will(.waits)
        edge(rig)
        #expect(rig.trader.reserved == Stage.dollars("9.175"), "0.07 x 10 x 0.25 at one half, not 0.147 at 0.70")
    }

    @Test("a purse that has enough for the planned fee and not for the greatest one gets a smaller order, no refusal")
    func purse() throws {
        var limits = TraderStage.limits()
        limits.equityPctMax = 100
        let rig = try TraderStage(limits: limits)
        try rig.stage.terms(1, fees: FloorFees(rate: 7_000_000))
        try rig.fund("8.16")
        rig.kalshi.will(.waits)
        rig.polymarket.will(.waits)
        edge(rig)
        #expect(rig.polymarket.sent.map(\.orderQty) == [Stage.contracts(9)])
        #expect(rig.events.results.isEmpty)
    }

    @Test("what stands alone is told at its cost with the fee, and the loss budget counts it")
    func residual() throws {
        for (lossMax, isSold) in [("0.30", true), ("0.26", false)] {
            let rig = try TraderStage { $0.close.lossMax = Stage.dollars(lossMax) }
            rig.kalshi.will(.says(filled(10, 40, fee: "0.17")), .says(TraderStage.filled(10, 39)))
            rig.polymarket.will(.waits)
            rig.edge()
            rig.noEdgeAtPolymarket()
            rig.hold(0, .yes, 10)
            rig.polymarket.answer(TraderStage.killed)
            rig.step()
            #expect(rig.events.residuals.first?.cost == Stage.dollars("4.17"))
            // Ten cents of price and seventeen of fee.
            #expect(rig.kalshi.sent.contains { $0.side == .sell } == isSold)
        }
    }

    @Test("the loss budget is of the whole execution: what a first close lost is gone for the second")
    func budget() throws {
        let rig = try TraderStage { $0.close.lossMax = Stage.dollars("0.30") }
        rig.kalshi.will(.says(TraderStage.filled(10, 40)), .says(TraderStage.filled(4, 35)))
        rig.polymarket.will(.waits)
        rig.edge()
        rig.sync()
        rig.stage.book(0, bids: [(35, 4)], asks: [])
        rig.stage.book(1, bids: [], asks: [])
        rig.step()
        rig.hold(0, .yes, 10)
        rig.polymarket.answer(TraderStage.killed)
        rig.step()
        #expect(rig.kalshi.sent.last?.orderQty == Stage.contracts(4), "twenty cents lost")
        rig.stage.pass(10)
        rig.sync()
        rig.stage.book(0, bids: [(36, 6)], asks: [])
        rig.step()
        #expect(rig.kalshi.sent.count == 2, "another twenty-four would be more than is left")
        rig.stage.pass(10)
        rig.sync()
        rig.stage.book(0, bids: [(39, 6)], asks: [])
        rig.kalshi.will(.says(TraderStage.filled(6, 39)))
        rig.step()
        #expect(rig.kalshi.sent.count == 3 && rig.trader.claims == 0, "six are not")
    }

    @Test("while an order of ours lacks its name, what a stream tells of its market is not taken for another's")
    func unnamed() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.waits)
        rig.polymarket.will(.waits)
        rig.edge()
        rig.sync()
        rig.trader.apply(
            ExecutionReport(
                venue: .kalshi, orderID: OrderID("new"), clOrdID: nil, symbol: "K-p",
                event: .fill(
                    Fill(
                        execID: ExecID("f"), lastQty: Stage.contracts(10), lastPx: Stage.cents(40), fee: .zero,
                        liquidity: .taker, settlement: .confirmed)), source: .stream, transactTime: nil))
        rig.wait(11_000)
        #expect(rig.trader.suspensions(of: PairID("p")).isEmpty && rig.events.alerts.isEmpty)
        #expect(rig.trader.counters.foreign == 0)
    }
}
