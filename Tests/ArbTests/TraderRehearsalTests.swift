import Risk
import Testing
import Trading

@testable import Arb

@Suite("The way of a fire, walked while nothing happens")
struct TraderRehearsalTests {
    private func rig() throws -> TraderStage {
        let rig = try TraderStage { $0.rehearsalInterval = .milliseconds(20) }
        // Offered once and refused, so that there is something to rehearse and nothing is held.
        rig.kalshi.refuse(LocalRefusal(.noConnection, "test"))
        rig.edge()
        rig.kalshi.refuse(nil)
        #expect(rig.isUntouched && rig.kalshi.prepared.isEmpty)
        return rig
    }

    @Test("it prepares both legs and gives them back: no claim, no cash, no intent, no order")
    func leavesNothing() throws {
        let rig = try rig()
        rig.calm()
        let cash = rig.trader.reserved
        for _ in 0..<5 { rig.wait(20) }
        #expect(rig.trader.counters.rehearsed == 5)
        #expect(rig.kalshi.prepared.count == 5 && rig.polymarket.prepared.count == 5)
        #expect(rig.kalshi.spent == 5 && rig.polymarket.spent == 5, "both ran as far as a spent slot runs")
        #expect(rig.kalshi.sent.isEmpty && rig.polymarket.sent.isEmpty && rig.journal.intents.isEmpty)
        #expect(rig.isUntouched && rig.trader.reserved == cash && rig.events.boxes.isEmpty)
        #expect(rig.kalshi.offLane == 0 && rig.polymarket.offLane == 0)
    }

    /// The same, with a pair that came near just now, and the first part of a walk behind it.
    private func nearRig() throws -> TraderStage {
        let rig = try TraderStage {
            $0.rehearsalInterval = .milliseconds(20)
            $0.rehearsesInParts = true
        }
        rig.kalshi.refuse(LocalRefusal(.noConnection, "test"))
        rig.edge()
        rig.kalshi.refuse(nil)
        rig.calm()
        rig.trader.lastNear = rig.stage.now.monotonic
        rig.wait(20)
        #expect(rig.trader.rehearsal != nil && rig.trader.counters.rehearsed == 0)
        return rig
    }

    @Test("while a pair is near it is walked in parts: one a turn, each of which leaves nothing, and four are a walk")
    func walksInParts() throws {
        let rig = try nearRig()
        let cash = rig.trader.reserved
        for walk in 1...3 {
            for part in (walk == 1 ? 2 : 1)...4 {
                rig.wait(5)
                #expect(rig.isUntouched && rig.trader.reserved == cash && (rig.trader.rehearsal == nil) == (part == 4))
                #expect(rig.trader.counters.rehearsed == UInt64(part == 4 ? walk : walk - 1))
            }
        }
        #expect(rig.kalshi.prepared.count + rig.polymarket.prepared.count == 3 * 5)
        #expect(rig.kalshi.spent == 3 && rig.polymarket.spent == 3 && rig.journal.intents.isEmpty)
    }

    @Test("a fire between two parts of a walk goes its own way, and the walk is begun anew after it")
    func firesBetweenParts() throws {
        for parts in 1...3 {
            let rig = try nearRig()
            for _ in 1..<parts { rig.wait(5) }
            #expect(rig.trader.rehearsal != nil)
            rig.kalshi.will(.waits)
            rig.polymarket.will(.waits)
            rig.edge()
            #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1)
            rig.wait(5)
            #expect(rig.trader.rehearsal == nil, "left while a fire is out")
            rig.kalshi.answer(TraderStage.filled(10, 40))
            rig.polymarket.answer(TraderStage.filled(10, 50))
            rig.step()
            #expect(rig.events.results.last?.success == true)
        }
    }

    @Test("its names and numbers are no order's: what fires next is named as if it had not been")
    func namesNothing() throws {
        func firstName(rehearsing: Bool) throws -> (ClOrdID?, ExecutionID?) {
            let rig = try rig()
            rig.calm()
            if rehearsing { for _ in 0..<3 { rig.wait(20) } } else { rig.stage.wait(60) }
            let rehearsed = Set((rig.kalshi.prepared + rig.polymarket.prepared).map(\.clOrdID))
            rig.kalshi.will(.says(TraderStage.filled(10, 40)))
            rig.polymarket.will(.says(TraderStage.filled(10, 50)))
            rig.edge()
            #expect(rig.events.results.last?.success == true)
            let name = rig.kalshi.sent.first?.clOrdID
            #expect(!rehearsed.contains { $0 == name })
            return (name, rig.events.results.last?.id)
        }
        let quiet = try firstName(rehearsing: false), rehearsed = try firstName(rehearsing: true)
        #expect(quiet.0 == rehearsed.0 && quiet.0 != nil && quiet.1 == rehearsed.1)
    }

    @Test("not while an order is out, during a halt, or on a pair that is halted")
    func staysAway() throws {
        let rig = try rig()
        rig.kalshi.will(.waits)
        rig.polymarket.will(.waits)
        rig.stage.pass(300)
        rig.edge()
        #expect(rig.kalshi.sent.count == 1)
        let walked = rig.trader.counters.rehearsed
        rig.wait(50)
        #expect(rig.trader.counters.rehearsed == walked, "a fire is out")
        rig.kalshi.answer(TraderStage.killed)
        rig.polymarket.answer(TraderStage.killed)
        rig.step()
        rig.calm()
        rig.sync()
        rig.trader.haltByOperator("test", at: rig.stage.now)
        let halted = rig.trader.counters.rehearsed
        rig.wait(50)
        #expect(rig.trader.counters.rehearsed == halted, "halted")
        rig.sync()
        _ = rig.trader.resume(pair: nil, acceptExposure: true, at: rig.stage.now)
        rig.wait(50)
        #expect(rig.trader.counters.rehearsed > halted)
        rig.trader.haltPair(PairID("p"), "test", at: rig.stage.now)
        let before = rig.trader.counters.rehearsed
        rig.wait(50)
        #expect(rig.trader.counters.rehearsed == before, "its pair is halted")
    }

    @Test("orders a minute are as many after it as before")
    func spendsNoRate() throws {
        var limits = TraderStage.limits()
        limits.ordersPerMinuteMax = 2
        let rig = try TraderStage(limits: limits) { $0.rehearsalInterval = .milliseconds(20) }
        rig.kalshi.refuse(LocalRefusal(.noConnection, "test"))
        rig.edge()
        rig.kalshi.refuse(nil)
        rig.calm()
        for _ in 0..<50 { rig.wait(20) }
        #expect(rig.trader.counters.rehearsed == 50)
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        #expect(rig.events.results.last?.success == true)
    }
}
