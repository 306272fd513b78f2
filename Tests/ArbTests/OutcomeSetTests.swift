import Arb
import Risk
import Testing
import Trading

/// Several outcomes of one event: what is bought, what it surely pays, and when it is not riskless after all.
@Suite("Outcome sets")
struct OutcomeSetTests {
    /// Every market at the same prices, ten contracts on each side.
    private func stage(_ set: OutcomeSet, bid: Int64, ask: Int64) throws -> Stage {
        let stage = try Stage(pairs: [], sets: [set])
        for index in 0..<set.legs.count { stage.book(index, bids: [(bid, 10)], asks: [(ask, 10)]) }
        return stage
    }

    @Test("all NO pays for every outcome that cannot win")
    func allNo() throws {
        // Four NO at 0.70 cost 2.80 and pay 3 when one wins at most.
        let stage = try stage(Stage.set(legs: 4), bid: 30, ask: 32)
        let born = try #require(stage.sink.births.first)
        #expect(stage.sink.births.count == 1 && stage.catalog.baskets[Int(born.basket.index)].kind == .allNo)
        #expect(born.plan.legs.map(\.outcome) == [.no, .no, .no, .no])
        #expect(born.plan.legs.map(\.limitPx) == Array(repeating: Stage.cents(70), count: 4))
        #expect(born.plan.locked == Stage.dollars("28") && born.plan.payoff == Stage.dollars("30"))
        #expect(born.disposition == .taken)
    }

    @Test("with two possible winners it pays one less", arguments: [(1, true), (2, false), (3, false)])
    func maxWinners(winners: Int, pays: Bool) throws {
        let stage = try stage(Stage.set(legs: 4, winners: winners), bid: 30, ask: 32)
        #expect(stage.catalog.baskets.map(\.payoff) == [Money(rawValue: Int64(4 - winners) * 100_000_000)])
        #expect(stage.sink.births.isEmpty != pays)
    }

    @Test("all YES is bought only where a reviewer said that one of them must win", arguments: [true, false])
    func allYes(isExhaustive: Bool) throws {
        let stage = try stage(Stage.set(exhaustive: isExhaustive), bid: 28, ask: 30)
        for index in 0..<3 { try stage.terms(index) { $0.mutuallyExclusive = true } }  // the venue's word is not enough
        #expect(stage.sink.births.count == (isExhaustive ? 1 : 0))
        if isExhaustive {
            let born = try #require(stage.sink.births.first)
            #expect(born.plan.legs.map(\.outcome) == [.yes, .yes, .yes])
            #expect(born.plan.net == Stage.dollars("1") && born.disposition == .taken)
        }
    }

    @Test("all YES needs every outcome: one without a seller is none")
    func missingOutcome() throws {
        let stage = try Stage(pairs: [], sets: [Stage.set(exhaustive: true)])
        for index in 0..<2 { stage.book(index, bids: [(28, 10)], asks: [(30, 10)]) }
        stage.book(2, bids: [(28, 10)])
        #expect(stage.sink.births.isEmpty)
        stage.level(2, .ask, 30, 4)
        #expect(stage.sink.births.first?.plan.orderQty == Stage.contracts(4))
    }

    @Test("an augmented event is never exhaustive, whatever the file says", arguments: 0..<3)
    func augmented(leg: Int) throws {
        let stage = try Stage(pairs: [], sets: [Stage.set(exhaustive: true, venue: .polymarket)])
        try stage.terms(leg) {
            $0.negRisk = true
            $0.augmentedNegRisk = true
        }
        for index in 0..<3 { stage.book(index, bids: [(28, 10)], asks: [(30, 10)]) }
        #expect(stage.sink.births.map(\.disposition) == [.notRiskless])
        for index in 0..<3 { stage.book(index, bids: [(40, 10)], asks: [(42, 10)]) }
        let last = try #require(stage.sink.births.last)
        #expect(stage.catalog.baskets[Int(last.basket.index)].kind == .allNo && last.disposition == .taken)
    }

    @Test("one void book of the event ends the whole basket")
    func void() throws {
        let stage = try stage(Stage.set(legs: 4), bid: 30, ask: 32)
        stage.say(3, [.voided(InstrumentID(3), .gap)])
        stage.wait(600)
        #expect(stage.sink.endings.map(\.endReason) == [.bookVoid])
        stage.level(0, .bid, 31, 10)
        #expect(stage.sink.births.count == 1)
    }

    @Test("one silent connection among the legs is enough", arguments: 0..<3)
    func silent(leg: Int) throws {
        let stage = try Stage(pairs: [], sets: [Stage.set()])
        for index in 0..<3 { stage.book(index, bids: [(30, 10)], asks: [(32, 10)], link: index == leg ? 1 : 0) }
        stage.pass(10_001)
        stage.level((leg + 1) % 3, .bid, 31, 0)
        stage.level((leg + 1) % 3, .bid, 50, 10)
        #expect(stage.sink.births.map(\.disposition) == [.silentFeed])
    }
}
