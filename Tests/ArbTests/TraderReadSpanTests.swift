import Arb
import Risk
import Testing
import Trading

@Suite("How far back an account is read: a list that is read whole grows with every order that was ever sent")
struct TraderReadSpanTests {
    private static let day = Nanoseconds.seconds(86_400), hour = Nanoseconds.seconds(3_600)

    /// A box, and an account that was read and agrees.
    private func read() throws -> TraderStage {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        rig.stage.wait(200_000)
        rig.calm()
        rig.read(.kalshi, held: [(0, .yes, 10)])
        return rig
    }

    /// How far back Kalshi is read next.
    private func span(_ rig: TraderStage) throws -> Nanoseconds {
        rig.wait(30_000)
        return try since(rig)
    }

    private func since(_ rig: TraderStage) throws -> Nanoseconds {
        rig.stage.now.utc - (try #require(rig.accounts.readSince[.kalshi]))
    }

    @Test("what agrees is read from a little before the read before")
    func agrees() throws {
        let rig = try read()
        for _ in 0..<3 {
            #expect(try span(rig) < Self.hour)
            rig.read(.kalshi, held: [(0, .yes, 10)])
        }
    }

    @Test("a difference is looked for in a whole day, and once it is told no more")
    func differs() throws {
        let rig = try read()
        rig.read(.kalshi, held: [])
        #expect(try span(rig) == Self.day)
        rig.read(.kalshi, held: [])
        #expect(rig.events.alerts.map(\.code) == ["E_EXEC_DRIFT"])
        #expect(try span(rig) < Self.hour)
        rig.read(.kalshi, held: [(0, .yes, 4)])
        #expect(try span(rig) == Self.day, "it is another one")
    }

    @Test("what was paid is explained: nothing is looked for in older lists")
    func paid() throws {
        let rig = try read()
        rig.read(.kalshi, held: [])
        let fact = SettlementFact(
            venue: .kalshi, symbol: "K-p", winner: .yes, yesQty: Stage.contracts(10), noQty: .zero,
            revenue: Stage.dollars("10"), fee: nil, settledAt: rig.stage.now.utc)
        rig.trader.settled([fact], at: rig.stage.now)
        #expect(try span(rig) < Self.hour)
        rig.read(.kalshi, held: [])
        #expect(try span(rig) < Self.hour)
        #expect(rig.events.alerts.isEmpty)
    }

    @Test("until the first answer, a whole day")
    func first() throws {
        let rig = try TraderStage(isStarted: false)
        rig.trader.start(at: rig.stage.now)
        #expect(try since(rig) == Self.day)
        #expect(try span(rig) == Self.day, "nothing has answered yet")
        rig.read(.kalshi, held: [])
        #expect(try span(rig) < Self.hour)
    }
}
