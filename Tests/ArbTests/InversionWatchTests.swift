import Arb
import Risk
import Testing
import Trading

/// Prices of one question that stay far apart: the file is wrong, not the market.
@Suite("Inversion watch")
struct InversionWatchTests {
    /// Refreshes both books every second for `seconds`, as feeds do.
    private func watch(_ stage: Stage, _ seconds: Int, kalshi: (Int64, Int64), polymarket: (Int64, Int64)) {
        for second in 0...seconds {
            if second > 0 { stage.pass(1_000) }
            stage.book(0, bids: [(kalshi.0, 10)], asks: [(kalshi.1, 10)])
            stage.book(1, bids: [(polymarket.0, 10)], asks: [(polymarket.1, 10)])
        }
    }

    @Test("a gap that vanishes when flipped is an inverted polarity: reported once, and nothing is taken")
    func inverted() throws {
        let stage = try Stage()
        watch(stage, 301, kalshi: (20, 22), polymarket: (78, 80))
        #expect(stage.sink.births.first?.disposition == .taken, "before the patience ends nobody can know")
        #expect(stage.sink.notices.map(\.code) == ["E_PAIR_INVERSION"])
        #expect(stage.sink.notices.first?.text.contains("polarity") == true)
        watch(stage, 30, kalshi: (20, 22), polymarket: (78, 80))
        #expect(stage.sink.notices.count == 1)
        stage.book(1)
        stage.book(1, bids: [(78, 10)], asks: [(80, 10)])
        #expect(stage.sink.births.last?.disposition == .priceDivergence)
    }

    @Test("a gap that does not vanish when flipped is another question")
    func divergence() throws {
        let stage = try Stage()
        watch(stage, 301, kalshi: (20, 22), polymarket: (59, 61))
        #expect(stage.sink.notices.map(\.code) == ["E_PAIR_DIVERGENCE"])
    }

    @Test("a gap that is seen once in between is no persistent one, and agreement lifts the suspicion")
    func lifted() throws {
        let stage = try Stage()
        watch(stage, 200, kalshi: (20, 22), polymarket: (78, 80))
        watch(stage, 2, kalshi: (20, 22), polymarket: (20, 22))
        watch(stage, 200, kalshi: (20, 22), polymarket: (78, 80))
        #expect(stage.sink.notices.isEmpty)
        watch(stage, 101, kalshi: (20, 22), polymarket: (78, 80))
        #expect(!stage.sink.notices.isEmpty)
        watch(stage, 2, kalshi: (20, 22), polymarket: (20, 22))
        stage.pass(1_000)
        stage.book(1, bids: [(30, 10)], asks: [(32, 10)])
        #expect(stage.sink.births.last?.disposition == .taken)
    }

    @Test("an inverted pair whose prices mirror each other is as it should be")
    func rightlyInverted() throws {
        let stage = try Stage(pairs: [Stage.pair(polarity: .inverted)])
        watch(stage, 301, kalshi: (20, 22), polymarket: (78, 80))
        #expect(stage.sink.notices.isEmpty)
    }

    @Test(
        "a gap just below thirty cents is none of its business",
        arguments: [(49, 51, true), (48, 50, false)] as [(Int64, Int64, Bool)])
    func boundary(bid: Int64, ask: Int64, isSuspect: Bool) throws {
        let stage = try Stage()
        watch(stage, 301, kalshi: (19, 21), polymarket: (bid, ask))
        #expect(stage.sink.notices.isEmpty != isSuspect)
    }
}
