import Arb
import Risk
import Testing
import Trading

@Suite("The trader: what is over is forgotten")
struct TraderMemoryTests {
    /// A fill that is final, with its fee: nothing more comes of it.
    private func final(_ rig: TraderStage, _ order: NewOrder, _ name: String, _ contracts: Int64, _ price: Int64) {
        rig.report(
            order,
            .fill(
                Fill(
                    execID: ExecID(name), lastQty: Stage.contracts(contracts), lastPx: Stage.cents(price), fee: .zero,
                    liquidity: .taker, settlement: .confirmed)), orderID: "v-" + name)
    }

    @Test("five thousand executions in one run: entries go on, memory is bounded, the sums stay")
    func many() throws {
        var limits = TraderStage.limits()
        limits.ordersPerMinuteMax = 1_000
        limits.dailyLossMax = Stage.dollars("2000")
        let rig = try TraderStage(limits: limits) { $0.endedMax = 256 }
        var most = 0, mostOrders = 0
        let count = 5_200
        for index in 0..<count {
            // One in ten leaves Kalshi's leg alone, which is sold at a loss of ten cents.
            let isAlone = index % 10 == 0
            if isAlone {
                rig.kalshi.will(.says(TraderStage.filled(10, 40)))
                rig.polymarket.will(.waits)
            } else {
                rig.kalshi.will(.says(TraderStage.killed))
                rig.polymarket.will(.says(TraderStage.killed))
            }
            rig.edge()
            try #require(
                rig.trader.counters.fired == UInt64(index + 1),
                "execution \(index) was not fired: \(rig.events.results.last?.error ?? "") \(rig.events.alerts.map(\.text))"
            )
            if isAlone {
                let leg = try #require(rig.kalshi.sent.last)
                final(rig, leg, "b\(index)", 10, 40)
                rig.kalshi.will(.says(TraderStage.filled(10, 39)))
                rig.hold(0, .yes, 10)
                rig.noEdgeAtPolymarket()
                rig.polymarket.answer(TraderStage.killed)
                rig.step()
                let sale = try #require(rig.kalshi.sent.last)
                try #require(sale.side == .sell)
                final(rig, sale, "s\(index)", 10, 39)
            }
            rig.stage.pass(300)
            rig.calm()
            rig.stage.pass(300)
            most = max(most, rig.trader.kept)
            mostOrders = max(mostOrders, rig.trader.keptOrders)
            if index % 500 == 0 { try rig.fund() }
        }
        #expect(rig.trader.counters.fired == UInt64(count) && rig.trader.claims == 0)
        #expect(most < 600 && mostOrders < 1_800, "\(most) executions and \(mostOrders) orders were here at once")
        #expect(rig.trader.counters.forgotten > UInt64(count) - 600)
        #expect(rig.trader.reserved == .zero && rig.trader.exposure.line == "FLAT")
        #expect(rig.trader.dayProfit(at: rig.stage.now) == Stage.dollars("-52"), "520 sales at a cent below cost")
        #expect(rig.events.alerts.isEmpty && rig.events.residuals.count { $0.phase == .closed } == 520)
    }

    @Test("a box stays until it is paid, whatever its age; then it is forgotten, and its profit is not")
    func box() throws {
        let rig = try TraderStage { $0.endedAge = .seconds(20) }
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        let legs = [rig.kalshi.sent[0], rig.polymarket.sent[0]]
        for _ in 0..<20 { rig.wait(5_000) }
        #expect(rig.trader.kept == 1 && rig.trader.boxes.count == 1)
        rig.sync()
        for (market, leg) in legs.enumerated() {
            let contract = rig.stage.catalog.contracts[market]
            let fact = SettlementFact(
                venue: contract.venue, symbol: contract.symbol, winner: .yes, yesQty: .zero, noQty: .zero,
                revenue: .zero, fee: nil, settledAt: nil)
            rig.trader.settled([fact], at: rig.stage.now)
            if market == 1 { rig.wait(6_000) }
            #expect(rig.trader.kept == 1, "Polymarket's fill is not final yet")
            final(rig, leg, "f\(market)", 10, market == 0 ? 40 : 50)
        }
        rig.wait(6_000)
        #expect(rig.trader.kept == 0 && rig.trader.keptOrders == 0 && rig.trader.boxes.isEmpty)
        #expect(rig.trader.dayProfit(at: rig.stage.now) == Stage.dollars("1"))
    }

    @Test("lists that name a forgotten order say nothing new; more than it had come to halts the pair")
    func late() throws {
        let rig = try TraderStage { $0.endedAge = .seconds(20) }
        rig.kalshi.will(.says(TraderStage.killed))
        rig.polymarket.will(.says(TraderStage.killed))
        rig.edge()
        let order = rig.kalshi.sent[0]
        func told(_ contracts: Int64) -> OrderEvent {
            .summary(
                OrderSummary(
                    standing: .cancelled, cumQty: Stage.contracts(contracts), leavesQty: .zero, cumCash: .zero,
                    fee: .zero))
        }
        rig.report(order, told(0), orderID: "k1")
        for _ in 0..<6 { rig.wait(5_000) }
        #expect(rig.trader.kept == 0)
        rig.report(order, told(0), orderID: "k1", source: .query)
        #expect(rig.events.alerts.isEmpty)
        rig.report(order, told(3), orderID: "k1", source: .query)
        rig.report(order, told(3), orderID: "k1", source: .query)
        #expect(rig.events.alerts.map(\.code) == ["E_EXEC_LATE_FILL"])
        rig.edge()
        #expect(rig.kalshi.sent.count == 1, "the pair is halted")
    }

    @Test("an order that was undone before it left is not kept")
    func undone() throws {
        let rig = try TraderStage()
        rig.journal.fault = JournalFault(.full, "test")
        for _ in 0..<5 {
            rig.edge()
            rig.stage.pass(300)
            rig.calm()
        }
        #expect(rig.trader.keptOrders == 0 && rig.trader.kept == 0)
    }
}
