import Arb
import Risk
import Testing
import Trading

@Suite("The trader: a breaker that opened lets one probe of the smallest size through")
struct TraderBreakerTests {
    private func rig() throws -> TraderStage {
        var limits = TraderStage.limits()
        limits.breakerCooldown = .seconds(60)
        return try TraderStage(pairs: [Stage.pair("a"), Stage.pair("b")], limits: limits)
    }

    private func edge(_ rig: TraderStage, _ pair: Int) {
        rig.sync()
        rig.stage.book(2 * pair, bids: [(39, 100)], asks: [(40, 10)])
        rig.stage.book(2 * pair + 1, bids: [(50, 10)], asks: [(52, 100)])
        rig.step()
    }

    private func calm(_ rig: TraderStage, _ pair: Int) {
        rig.sync()
        rig.stage.book(2 * pair, bids: [(39, 100)], asks: [(60, 100)])
        rig.stage.book(2 * pair + 1, bids: [(30, 100)], asks: [(62, 100)])
        rig.step()
    }

    /// Three answers of Kalshi take two seconds each: it is open from then on.
    private func slowed() throws -> TraderStage {
        let rig = try rig()
        rig.kalshi.takes(.seconds(2))
        for _ in 0..<3 {
            rig.kalshi.will(.says(TraderStage.killed))
            rig.polymarket.will(.says(TraderStage.killed))
            edge(rig, 0)
            rig.stage.pass(300)
            calm(rig, 0)
            rig.stage.pass(300)
        }
        try #require(rig.events.breaker.contains { $0.kind == .opened })
        return rig
    }

    @Test("lanes that spill open it for everything, from sixty-four jobs on; after a resume it counts anew")
    func spills() throws {
        let rig = try rig()
        rig.trader.begin(at: rig.stage.now)
        rig.trader.lanesSpilled(63, at: rig.stage.now)
        #expect(rig.events.breaker.isEmpty)
        rig.trader.lanesSpilled(64, at: rig.stage.now)
        let event = try #require(rig.events.breaker.first)
        #expect(event.scope == .global && event.reason == .laneSpill && event.figure == 64)
        #expect(rig.events.alerts.map(\.code) == ["E_EXEC_CIRCUIT_OPEN"])
        edge(rig, 0)
        #expect(rig.kalshi.sent.isEmpty && rig.polymarket.sent.isEmpty)
        #expect(rig.trader.resume(pair: nil, acceptExposure: false, at: rig.stage.now) == nil)
        rig.trader.lanesSpilled(127, at: rig.stage.now)
        #expect(rig.events.breaker.filter { $0.kind == .opened }.count == 1)
        rig.trader.lanesSpilled(128, at: rig.stage.now)
        #expect(rig.events.breaker.filter { $0.kind == .opened }.count == 2)
    }

    @Test("slow answers open it for their venue; entries of every pair stop there")
    func opens() throws {
        let rig = try slowed()
        let event = try #require(rig.events.breaker.first)
        #expect(event.scope == .venue(.kalshi) && event.text.contains("2000 ms"))
        #expect(rig.events.alerts.map(\.code) == ["E_EXEC_CIRCUIT_OPEN"])
        for pair in [0, 1] { edge(rig, pair) }
        #expect(rig.kalshi.sent.count == 3 && rig.polymarket.sent.count == 3)
        #expect(rig.events.results.last?.error.contains("E_EXEC_CIRCUIT_OPEN") == true)
    }

    @Test("after the cooldown one entry of the smallest size goes out, alone; a quick answer closes the breaker")
    func probes() throws {
        let rig = try slowed()
        rig.kalshi.takes(nil)
        rig.stage.pass(61_000)
        for pair in [0, 1] { calm(rig, pair) }
        rig.kalshi.will(.waits)
        rig.polymarket.will(.waits)
        edge(rig, 0)
        try #require(rig.kalshi.sent.count == 4 && rig.polymarket.sent.count == 4)
        #expect(rig.kalshi.sent[3].orderQty == Stage.contracts(1), "the probe is of the smallest size")
        #expect(rig.polymarket.sent[3].orderQty == Stage.contracts(1))
        edge(rig, 1)
        #expect(rig.kalshi.sent.count == 4, "one probe at a time")
        rig.kalshi.answer(TraderStage.filled(1, 40))
        rig.polymarket.answer(TraderStage.filled(1, 50))
        rig.step()
        #expect(rig.events.breaker.last?.kind == .closed)
        rig.stage.pass(300)
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        edge(rig, 1)
        #expect(rig.kalshi.sent.last?.orderQty == Stage.contracts(10) && rig.events.results.last?.success == true)
    }

    @Test("a probe that is slow or unknown opens it again for another cooldown", arguments: [true, false])
    func fails(isSlow: Bool) throws {
        let rig = try slowed()
        rig.kalshi.takes(isSlow ? .seconds(2) : nil)
        rig.stage.pass(61_000)
        for pair in [0, 1] { calm(rig, pair) }
        if isSlow { rig.kalshi.will(.says(TraderStage.filled(1, 40))) } else { rig.kalshi.will(.silence) }
        rig.polymarket.will(.says(TraderStage.killed))
        edge(rig, 0)
        #expect(rig.kalshi.sent.count >= 4)
        let sent = rig.kalshi.sent.filter { $0.purpose == .entry }.count
        rig.stage.pass(5_000)
        calm(rig, 1)
        edge(rig, 1)
        #expect(rig.kalshi.sent.filter { $0.purpose == .entry }.count == sent, "closed for entries again")
    }

    @Test("a probe that is killed at once was answered: the venue is well")
    func killed() throws {
        let rig = try slowed()
        rig.kalshi.takes(nil)
        rig.stage.pass(61_000)
        for pair in [0, 1] { calm(rig, pair) }
        rig.kalshi.will(.says(TraderStage.killed))
        rig.polymarket.will(.says(TraderStage.killed))
        edge(rig, 0)
        #expect(rig.kalshi.sent.count == 4 && rig.events.breaker.last?.kind == .closed)
    }

    @Test("a probe that cannot be prepared is taken back: the next edge may try")
    func takenBack() throws {
        let rig = try slowed()
        rig.kalshi.takes(nil)
        rig.stage.pass(61_000)
        for pair in [0, 1] { calm(rig, pair) }
        rig.polymarket.refuse(LocalRefusal(.noConnection, "test"))
        edge(rig, 0)
        #expect(rig.kalshi.sent.count == 3 && rig.isUntouched)
        rig.polymarket.refuse(nil)
        rig.kalshi.will(.says(TraderStage.filled(1, 40)))
        rig.polymarket.will(.says(TraderStage.filled(1, 50)))
        edge(rig, 1)
        #expect(rig.kalshi.sent.count == 4 && rig.kalshi.sent[3].orderQty == Stage.contracts(1))
    }
}
