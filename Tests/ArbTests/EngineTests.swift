import Arb
import Risk
import Testing
import Trading

/// Instrument 0 is the pair's Kalshi market, 1 its Polymarket market.
@Suite("Engine")
struct EngineTests {
    private func legs(_ opportunity: Opportunity?) -> [String] {
        opportunity?.plan.legs.map { "\($0.instrument.index) \($0.outcome.rawValue) \($0.limitPx) x\($0.orderQty)" }
            ?? []
    }

    // MARK: Directions

    @Test("Kalshi YES below Polymarket's bid for YES: buys YES there and NO here, and nothing else")
    func kalshiYes() throws {
        let stage = try Stage()
        stage.book(0, bids: [(38, 50)], asks: [(40, 30)])
        stage.book(1, bids: [(50, 20)], asks: [(52, 70)])
        #expect(stage.sink.births.count == 1)
        let born = try #require(stage.sink.births.first)
        #expect(born.basket == BasketID(0))
        #expect(legs(born) == ["0 yes 0.40 x20", "1 no 0.50 x20"])
        #expect(born.plan.locked == Stage.dollars("18") && born.plan.payoff == Stage.dollars("20"))
        #expect(born.plan.net == Stage.dollars("2") && born.plan.edgeBps == 1_111)
    }

    @Test("Kalshi YES above Polymarket's ask: buys NO there and YES here")
    func kalshiNo() throws {
        let stage = try Stage()
        stage.book(0, bids: [(58, 10)], asks: [(60, 30)])
        stage.book(1, bids: [(50, 20)], asks: [(52, 70)])
        #expect(stage.sink.births.map(\.basket) == [BasketID(1)])
        #expect(legs(stage.sink.births.first) == ["0 no 0.42 x10", "1 yes 0.52 x10"])
        #expect(stage.sink.births.first?.plan.net == Stage.dollars("0.60"))
    }

    @Test("an inverted pair buys the same word on both sides")
    func inverted() throws {
        let stage = try Stage(pairs: [Stage.pair(polarity: .inverted)])
        stage.book(0, bids: [(38, 50)], asks: [(40, 30)])
        stage.book(1, bids: [(48, 20)], asks: [(50, 20)])
        #expect(legs(stage.sink.births.first) == ["0 yes 0.40 x20", "1 yes 0.50 x20"])
        #expect(stage.sink.births.count == 1)
    }

    @Test("a basket that costs exactly what it pays, or more, is no opportunity", arguments: [60, 59, 58] as [Int64])
    func noEdge(bid: Int64) throws {
        let stage = try Stage()
        stage.book(0, bids: [(55, 50)], asks: [(60, 30)])
        stage.book(1, bids: [(bid, 20)], asks: [(62, 70)])
        #expect(stage.sink.births.isEmpty)
    }

    @Test("fees are in the net to the last unit, and an edge that they eat is none")
    func fees() throws {
        // Kalshi's shape at 0.40 x 10: 0.07 x 10 x 0.4 x 0.6 = 0.168; to the cent 0.17. The other's: 0.04 x 10 x 0.25 = 0.1.
        let stage = try Stage()
        try stage.terms(0, fees: CeilingFees(rate: 7_000_000, grid: 1_000_000))
        try stage.terms(1, fees: FloorFees(rate: 4_000_000))
        stage.book(0, asks: [(40, 10)])
        stage.book(1, bids: [(50, 10)])
        let born = try #require(stage.sink.births.first)
        #expect(born.plan.legs.map(\.fee) == [Stage.dollars("0.17"), Stage.dollars("0.10")])
        #expect(born.plan.net == Stage.dollars("0.73"))
        stage.book(1, bids: [(42, 10)])  // two cents of edge before fees, none after
        #expect(stage.sink.births.count == 1 && stage.engine.status().alive.isEmpty)
    }

    @Test("each level's contracts are bought once, at their own price, down to the last that pays")
    func depth() throws {
        let stage = try Stage()
        stage.book(0, asks: [(40, 10), (45, 10), (52, 10)])
        stage.book(1, bids: [(50, 15), (49, 100)])
        let plan = try #require(stage.sink.births.first).plan
        #expect(plan.orderQty == Stage.contracts(20))
        #expect(plan.legs.map(\.cost) == [Stage.dollars("8.50"), Stage.dollars("10.05")])
        #expect(plan.legs.map(\.levels) == [2, 2])
        #expect(plan.net == Stage.dollars("1.45"))
    }

    // MARK: Life

    @Test("an opportunity is born once, keeps its best, and ends once with its lifetime")
    func lifecycle() throws {
        let stage = try Stage()
        stage.book(0, asks: [(40, 30)])
        stage.book(1, bids: [(50, 20)])
        stage.pass(10)
        stage.level(1, .bid, 51, 20)  // better: 20 at eleven cents and ten at ten
        stage.pass(10)
        stage.level(1, .bid, 51, 0)
        stage.pass(10)
        stage.level(1, .bid, 50, 5)  // smaller, still alive
        #expect(stage.sink.births.count == 1 && stage.sink.endings.isEmpty)
        stage.pass(10)
        stage.level(1, .bid, 50, 0)
        #expect(stage.engine.status().alive.isEmpty)
        stage.wait(1_000)
        let ended = try #require(stage.sink.endings.first)
        #expect(stage.sink.endings.count == 1 && ended.sequence == 1)
        #expect(ended.plan.net == Stage.dollars("2") && ended.best.net == Stage.dollars("3.20"))
        #expect(ended.bestAt.monotonic - ended.born.monotonic == .milliseconds(10))
        #expect(try #require(ended.ended).monotonic - ended.born.monotonic == .milliseconds(40))
        #expect(ended.endReason == .edgeGone)
        stage.level(1, .bid, 50, 5)
        #expect(stage.sink.births.map(\.sequence) == [1, 2])
    }

    @Test("a book that becomes void ends the opportunity, and none is born until it is whole again", arguments: [0, 1])
    func void(instrument: Int) throws {
        let stage = try Stage()
        stage.book(0, asks: [(40, 30)])
        stage.book(1, bids: [(50, 20)])
        stage.say(instrument, [.voided(InstrumentID(Int32(instrument)), .gap)])
        #expect(stage.engine.status().alive.isEmpty)
        #expect(stage.engine.status().voidReasons.map(\.reason) == [.gap])
        stage.level(1 - instrument, instrument == 0 ? .bid : .ask, 51 - 12 * Int64(instrument), 20)
        #expect(stage.sink.births.count == 1)
        stage.wait(600)
        #expect(stage.sink.endings.map(\.endReason) == [.bookVoid])
        if instrument == 0 { stage.book(0, asks: [(40, 30)]) } else { stage.book(1, bids: [(50, 20)]) }
        #expect(stage.sink.births.count == 2)
    }

    @Test("a held book neither bears nor ends anything until it is released")
    func held() throws {
        let stage = try Stage()
        stage.book(0, asks: [(40, 30)])
        stage.book(1, bids: [(50, 20)])
        let id = InstrumentID(1)
        stage.say(1, [.held(id), .level(id, .bid, Stage.cents(50), .zero), .updated(id, venueStamp: nil)])
        #expect(stage.engine.status().alive.count == 1)
        stage.say(1, [.released(id)])
        #expect(stage.engine.status().alive.isEmpty)
        stage.say(1, [.held(id), .level(id, .bid, Stage.cents(50), Stage.contracts(9)), .updated(id, venueStamp: nil)])
        #expect(stage.sink.births.count == 1)
        stage.say(1, [.released(id)])
        #expect(stage.sink.births.count == 2)
    }

    @Test("nothing is born from a book that is not proved", arguments: [BookVerdict.held, .void], [0, 1])
    func proof(verdict: BookVerdict, venue: Int) throws {
        let stage = try Stage()
        stage.feeds[venue].verdict = verdict
        stage.book(0, asks: [(40, 30)])
        stage.book(1, bids: [(50, 20)])
        #expect(stage.sink.births.isEmpty && stage.engine.counters.unverified == 1)
        stage.feeds[venue].verdict = .verified
        stage.level(1, .bid, 50, 19)
        #expect(stage.sink.births.count == 1)
    }

    @Test("books that do not pay are never proved: proof costs")
    func noProof() throws {
        let stage = try Stage()
        stage.book(0, asks: [(55, 30)])
        stage.book(1, bids: [(50, 20)])
        #expect(stage.feeds.map(\.proofs) == [0, 0])
    }

    @Test("the end of the run ends what lives, judged or not")
    func runEnds() throws {
        let stage = try Stage()
        stage.book(0, asks: [(40, 30)])
        stage.book(1, bids: [(50, 20)])
        stage.wait(60)
        stage.engine.finish(at: stage.now)
        #expect(stage.sink.endings.map(\.endReason) == [.runEnded])
        #expect(stage.sink.endings.first?.judgements.map(\.after) == [.milliseconds(50)])
    }

    @Test("kinds that are not watched bear nothing")
    func kinds() throws {
        var settings = Stage.settings()
        settings.kinds = [.allNo, .allYes]
        let stage = try Stage(settings)
        stage.book(0, asks: [(40, 30)])
        stage.book(1, bids: [(50, 20)])
        #expect(stage.sink.births.isEmpty)
    }

    // MARK: Later books

    @Test("the later books say what an order would have met: whole, in part, nothing, or unknown")
    func judgements() throws {
        var settings = Stage.settings()
        settings.judgeAfter = [.milliseconds(50), .milliseconds(150), .milliseconds(300), .milliseconds(500)]
        let stage = try Stage(settings)
        stage.book(0, asks: [(40, 20)])
        stage.book(1, bids: [(50, 20)])
        stage.pass(100)
        stage.level(1, .bid, 50, 8)  // between the first look and the second
        stage.pass(100)
        stage.level(1, .bid, 50, 0)
        stage.level(1, .bid, 49, 90)  // there, but beyond the limit
        stage.pass(200)
        stage.say(0, [.voided(InstrumentID(0), .disconnected)])
        #expect(stage.sink.endings.isEmpty, "one look is still due")
        stage.pass(200)
        stage.level(1, .bid, 50, 90)
        let found = try #require(stage.sink.endings.first).judgements
        #expect(found.map(\.after) == settings.judgeAfter)
        #expect(found.map(\.filled) == [true, false, false, false])
        #expect(found.map(\.boxed) == [Stage.contracts(20), Stage.contracts(8), .zero, .zero])
        #expect(found.map(\.net) == [Stage.dollars("2"), Stage.dollars("0.80"), .zero, nil])
        #expect(found[1].cumQty == [Stage.contracts(20), Stage.contracts(8)])
    }

    @Test("a look is at the books as they stood, not as the input that is due changes them")
    func judgedBefore() throws {
        let stage = try Stage()
        stage.book(0, asks: [(40, 20)])
        stage.book(1, bids: [(50, 20)])
        stage.pass(50)
        stage.level(1, .bid, 50, 0)  // exactly at the first look
        stage.wait(1_000)
        #expect(stage.sink.endings.first?.judgements.map(\.filled) == [true, false, false])
    }

    @Test("the engine asks to be called when a look is due")
    func deadline() throws {
        let stage = try Stage()
        #expect(stage.engine.nextDeadline == nil)
        stage.book(0, asks: [(40, 20)])
        stage.book(1, bids: [(50, 20)])
        #expect(stage.engine.nextDeadline == stage.now.monotonic + .milliseconds(50))
    }
}
