import Risk
import Testing
import Trading

@testable import Arb

/// An operator's hand on what stands alone, and what holds entries besides.
@Suite("Trader: sweep")
struct TraderSweepTests {
    private static func held(_ settings: inout TraderSettings) {
        settings.close = AutoClose.Settings(policy: .hold, lossMax: Stage.dollars("10"))
    }

    /// Ten YES at Kalshi for 40 cents that nobody closes.
    private func exposed() throws -> TraderStage {
        let rig = try TraderStage(change: Self.held)
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.killed))
        rig.edge()
        rig.noEdge()
        rig.hold(0, .yes, 10)
        #expect(rig.polymarket.sent.count == 1 && rig.trader.claims == 2)
        return rig
    }

    @Test("the plan says what is held, every way with its cost, and orders nothing")
    func plan() throws {
        let rig = try exposed()
        let rows = rig.trader.sweepRows(SweepOrder(), at: rig.stage.now)
        let row = try #require(rows.first)
        #expect(rows.count == 1 && row.venue == .kalshi && row.outcome == .yes)
        #expect(row.quantity == Stage.contracts(10) && row.cost == Stage.dollars("4"))
        #expect(row.ways.map(\.way) == CloseWay.allCases && row.chosen?.way == .complete)
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1)
        var elsewhere = SweepOrder()
        elsewhere.pair = PairID("other")
        #expect(rig.trader.sweepRows(elsewhere, at: rig.stage.now).isEmpty)
    }

    @Test("a sweep closes through an operator's halt; what ends it ends its bounds")
    func throughHalt() throws {
        let rig = try exposed()
        rig.trader.haltFlag.raise()
        rig.step()
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.sync()
        let swept = rig.trader.beginSweep(SweepOrder(), at: rig.stage.now)
        rig.step()
        #expect(swept.count == 1 && rig.polymarket.sent.count == 2 && rig.polymarket.sent[1].purpose == .close)
        #expect(rig.trader.sweepRows(SweepOrder(), at: rig.stage.now).isEmpty && rig.trader.claims == 0)
        rig.trader.endSweep(swept)
        #expect(rig.trader.overrides.isEmpty && rig.trader.floors.isEmpty)
    }

    @Test("what stands alone during an operator's halt is told once a halt, with its cost and what a person can do")
    func toldInHalt() throws {
        let rig = try exposed()
        rig.sync()
        #expect(!rig.events.alerts.contains { $0.code == "E_EXEC_EXPOSED" }, "nobody has halted")
        for halt in 1...2 {
            rig.trader.haltFlag.raise()
            rig.step()
            for _ in 0..<30 { rig.wait(500) }
            let told = rig.events.alerts.filter { $0.code == "E_EXEC_EXPOSED" }
            #expect(told.count == halt && told.allSatisfy { $0.isCritical && $0.pair == PairID("p") })
            let text = try #require(told.last?.text)
            #expect(text.hasPrefix("EXPOSED $4.00: 10 yes of "), "\(text)")
            #expect(text.contains(" at kalshi stand alone, and nothing"), "\(text)")
            #expect(text.contains("arb close-exposure --pair p") && text.contains("arb resume"))
            rig.trader.haltFlag.lower(upTo: rig.trader.haltFlag.count)
            rig.sync()
            #expect(rig.trader.resume(pair: nil, acceptExposure: false, at: rig.stage.now) == nil)
            rig.step()
        }
        #expect(!rig.events.alerts.contains { $0.code == "E_EXEC_CLOSE_FAILED" }, "the deadline runs from the resume")
    }

    @Test("a resume gives what was given up its deadline anew, also of one pair, and says again that it failed")
    func deadlineAnew() throws {
        let rig = try exposed()
        func failures() -> Int { rig.events.alerts.count { $0.code == "E_EXEC_CLOSE_FAILED" } }
        func wait(_ halfSeconds: Int = 30) {
            for _ in 0..<halfSeconds { rig.wait(500) }
        }
        wait()
        #expect(failures() == 1)
        wait()
        #expect(failures() == 1)
        for (round, pair) in [PairID("p"), nil].enumerated() {
            rig.sync()
            #expect(rig.trader.resume(pair: pair, acceptExposure: false, at: rig.stage.now) == nil)
            wait(12)
            #expect(failures() == round + 1, "looked at by a sweep, and not before the deadline")
            wait()
            #expect(failures() == round + 2)
        }
        #expect(rig.trader.resume(pair: PairID("other"), acceptExposure: false, at: rig.stage.now) == nil)
        wait()
        #expect(failures() == 3, "another pair's resume is none of this one")
    }

    @Test("bounds that admit nothing order nothing: a loss of nothing, and a floor that no bid reaches")
    func bounds() throws {
        let rig = try exposed()
        // The partner costs more than a whole contract pays beside what was spent.
        rig.sync()
        rig.stage.book(0, bids: [(30, 100)], asks: [(45, 100)])
        rig.stage.book(1, bids: [(20, 100)], asks: [(52, 100)])
        rig.step()
        var order = SweepOrder()
        order.lossMax = Stage.dollars("0.10")
        order.floors = [.kalshi: Stage.cents(35)]
        rig.sync()
        let swept = rig.trader.beginSweep(order, at: rig.stage.now)
        rig.step()
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1)
        let row = try #require(rig.trader.sweepRows(order, at: rig.stage.now).first)
        #expect(row.chosen == nil && row.hold == .lossBudget, "\(String(describing: row.hold))")
        rig.trader.endSweep(swept)
        // The same with room: it is sold, reduce-only, no more than is held.
        order.lossMax = Stage.dollars("2")
        order.floors = [.kalshi: Stage.cents(25)]
        rig.kalshi.will(.says(TraderStage.filled(10, 30)))
        rig.sync()
        _ = rig.trader.beginSweep(order, at: rig.stage.now)
        rig.step()
        let sale = try #require(rig.kalshi.sent.last)
        #expect(sale.side == .sell && sale.isReduceOnly && sale.orderQty == Stage.contracts(10))
    }

    @Test("while an order is unknown nothing is closed; an operator's word that it did not fill ends that, once")
    func assume() throws {
        let rig = try TraderStage(change: Self.held)
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(.unknown(.timeout)))
        rig.edge()
        rig.noEdge()
        rig.sync()
        let swept = rig.trader.beginSweep(SweepOrder(), at: rig.stage.now)
        rig.step()
        let row = try #require(rig.trader.sweepRows(SweepOrder(), at: rig.stage.now).first)
        #expect(row.unknown.count == 1 && row.chosen == nil && rig.polymarket.sent.count == 1)
        let name = row.unknown[0].description
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.sync()
        #expect(rig.trader.assumeUnfilled("zz", by: "me", at: rig.stage.now)?.contains("no unknown order") == true)
        #expect(rig.trader.assumeUnfilled(name, by: "me", at: rig.stage.now) == nil)
        rig.step()
        #expect(rig.polymarket.sent.count == 2, "what stands alone is closed now")
        #expect(rig.trader.assumeUnfilled(name, by: "me", at: rig.stage.now) != nil)
        rig.trader.endSweep(swept)
    }

    @Test("what holds entries: E_EXEC_CLOCK, an unseen alert, a ledger that is not whole; resume ends the first alone")
    func holds() throws {
        let rig = try TraderStage()
        rig.sync()
        rig.trader.holdLoudly("E_EXEC_CLOCK", "the clock jumped", at: rig.stage.now)
        rig.edge()
        #expect(rig.kalshi.sent.isEmpty && rig.events.alerts.contains { $0.code == "E_EXEC_CLOCK" && $0.isCritical })
        #expect(rig.trader.resume(pair: nil, acceptExposure: false, at: rig.stage.now) == nil)
        rig.trader.holdForAlert("unseen")
        rig.edge()
        #expect(rig.kalshi.sent.isEmpty)
        rig.trader.holdForAlert(nil)
        rig.trader.block("not recorded")
        #expect(rig.trader.resume(pair: nil, acceptExposure: false, at: rig.stage.now) == nil)
        rig.edge()
        #expect(rig.kalshi.sent.isEmpty && rig.trader.status(at: rig.stage.now)?.blocked == "not recorded")
    }

    @Test("breakers and halted pairs of an earlier run stop entries until resume, and are told as ended")
    func restored() throws {
        let rig = try TraderStage()
        let record = try #require(
            BreakerRecord(
                scope: .global, reasons: [.overfill], figure: 1, limit: 0, since: UTCNanos(rawValue: 1)))
        let halted = SuspensionReport(pair: PairID("p"), causes: [.drift], text: "why", at: rig.stage.now)
        rig.sync()
        rig.trader.restore(breakers: [record], suspensions: [halted], at: rig.stage.now)
        let status = try #require(rig.trader.status(at: rig.stage.now))
        #expect(status.breakers == [record] && status.stops.first?.text == "why")
        rig.edge()
        #expect(rig.kalshi.sent.isEmpty)
        #expect(rig.trader.resume(pair: nil, acceptExposure: false, at: rig.stage.now) == nil)
        #expect(rig.events.breaker.last?.kind == .closed)
        #expect(
            rig.events.all.contains { if case .suspended(let report) = $0 { report.causes.isEmpty } else { false } })
    }

    @Test("a halt that comes while a resume is judged is not ended by it")
    func haltFlag() {
        let flag = HaltFlag()
        flag.raise()
        let seen = flag.count
        flag.raise()
        flag.lower(upTo: seen)
        #expect(flag.isRaised)
        flag.lower(upTo: flag.count)
        #expect(!flag.isRaised)
        flag.lower(upTo: 0)
        #expect(!flag.isRaised)
    }
}
