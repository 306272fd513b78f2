import Risk
import Testing
import Trading

@testable import Arb

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

    // MARK: What was paid

    private func paidSpan(_ rig: TraderStage) throws -> Nanoseconds {
        rig.wait(30_000)
        return rig.stage.now.utc - (try #require(rig.accounts.paidSince[.kalshi]))
    }

    private func paid(_ symbol: String, _ cash: String, at time: UTCNanos) -> SettlementFact {
        SettlementFact(
            venue: .kalshi, symbol: symbol, winner: .yes, yesQty: Stage.contracts(5), noQty: .zero,
            revenue: Stage.dollars(cash), fee: nil, settledAt: time)
    }

    private func answer(_ rig: TraderStage, _ facts: [SettlementFact], since: UTCNanos) {
        let read = SettlementsRead(venue: .kalshi, since: since, asOf: rig.stage.now.utc, facts: facts)
        rig.trader.settled(read, at: rig.stage.now)
    }

    @Test("paid markets are read whole until a read has answered, and while something is gone that nothing explains")
    func settlements() throws {
        let rig = try read()
        #expect(try paidSpan(rig) == Self.day)
        answer(rig, [], since: UTCNanos(rawValue: 0))
        #expect(try paidSpan(rig) < Self.hour)
        rig.read(.kalshi, held: [])
        #expect(rig.stage.now.utc - (try #require(rig.accounts.paidSince[.kalshi])) == Self.day, "asked at once")
        answer(rig, [], since: UTCNanos(rawValue: 0))
        #expect(try paidSpan(rig) == Self.day)
        rig.read(.kalshi, held: [])
        #expect(rig.events.alerts.map(\.code) == ["E_EXEC_DRIFT"])
        #expect(try paidSpan(rig) < Self.hour)
    }

    @Test("cash that came is looked for in a whole day of paid markets before it is told")
    func cash() throws {
        let rig = try TraderStage()
        func read(_ cash: String) {
            rig.wait(30_000)
            rig.read(.kalshi, held: []) {
                $0.balances = [
                    VenueBalance(venue: .kalshi, exchangeIndex: 0, cash: Stage.dollars(cash), currency: .usd)
                ]
            }
        }
        read("1000")
        answer(rig, [], since: UTCNanos(rawValue: 0))
        read("1000")
        #expect(try paidSpan(rig) < Self.hour)
        read("1005")
        let since = try #require(rig.accounts.paidSince[.kalshi])
        #expect(rig.stage.now.utc - since == Self.day)
        answer(rig, [paid("ELSE", "5", at: rig.stage.now.utc + .seconds(-10))], since: since)
        read("1005")
        #expect(rig.trader.counters.cashDrifts == 0)
    }

    @Test("of lists that begin later and later each payment counts once, and none is lost")
    func lists() throws {
        let rig = try TraderStage()
        let start = rig.stage.now.utc
        let facts = (0..<40).map { paid("M\($0)", "1", at: start + .milliseconds(700 * Int64($0))) }
        // Each list reaches back two thirds of what was paid, and to the whole second before.
        for told in 1...40 {
            let since = start + .milliseconds(700 * Int64(told / 3) + 350)
            let second = UTCNanos(rawValue: since.rawValue / 1_000_000_000 * 1_000_000_000)
            answer(rig, facts[..<told].filter { $0.settledAt.map { $0 >= second } ?? false }, since: since)
        }
        let known = try #require(rig.trader.foreign.paidOut[.kalshi])
        #expect(known.map(\.symbol) == facts.map(\.symbol))
        // A day later nothing of it can explain anything any more.
        rig.stage.wait(90_000_000)
        answer(rig, [], since: rig.stage.now.utc)
        #expect(rig.trader.foreign.paidOut[.kalshi]?.isEmpty == true)
    }

    @Test("more than are kept: the newest are")
    func bound() throws {
        let rig = try TraderStage()
        let start = rig.stage.now.utc
        answer(rig, (0..<5_000).reversed().map { paid("M\($0)", "1", at: start + .seconds($0)) }, since: start)
        let known = try #require(rig.trader.foreign.paidOut[.kalshi])
        #expect(known.count == 4_096 && known.first?.symbol == "M904" && known.last?.symbol == "M4999")
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
