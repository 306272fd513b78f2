import Testing
import Trading

@testable import Arb

/// After a pause one venue's messages are read before the other's: what the books show between them was never there.
@Suite("Decisions while messages are read late")
struct LateReadingTests {
    /// Books without an edge, both venues' clocks known, then a pause of 60 ms of which the second venue is read first.
    private func paused() throws -> Stage {
        let stage = try Stage()
        stage.book(0, asks: [(60, 10)])
        stage.book(1, bids: [(50, 10)])
        stage.pass(60)
        return stage
    }

    @Test("an edge that the unread messages end is never born")
    func ghost() throws {
        let stage = try paused()
        stage.level(1, .bid, 70, 10, age: 60)
        stage.level(0, .ask, 60, 0, age: 60)
        stage.level(0, .ask, 80, 10, age: 30)
        stage.wait(10)
        stage.wait(100)
        #expect(stage.sink.births.isEmpty)
        #expect(stage.engine.counters.putOff > 0)
    }

    @Test("an edge that is still there when everything is read is born then, once")
    func real() throws {
        let stage = try paused()
        stage.level(1, .bid, 70, 10, age: 60)
        #expect(stage.sink.births.isEmpty)
        #expect(stage.engine.nextDeadline == stage.now.monotonic + .milliseconds(10))
        stage.wait(9)
        #expect(stage.sink.births.isEmpty)
        stage.wait(1)
        #expect(stage.sink.births.count == 1 && stage.sink.births.first?.disposition == .taken)
        stage.wait(50)
        #expect(stage.sink.births.count == 1)
    }

    @Test("each late message puts the decision off anew; only a timer ends it, for it comes after everything unread")
    func extended() throws {
        let stage = try paused()
        stage.level(1, .bid, 70, 10, age: 60)
        stage.pass(50)
        // Late messages of the other venue, and punctual ones, come before the timer: none of them decides.
        stage.level(1, .bid, 30, 5, age: 0)
        #expect(stage.sink.births.isEmpty)
        stage.level(0, .ask, 61, 5, age: 110)
        #expect(stage.sink.births.isEmpty)
        stage.wait(9)
        #expect(stage.sink.births.isEmpty)
        stage.wait(1)
        #expect(stage.sink.births.count == 1)
    }

    @Test("however many late messages two markets take turns with, what a third one waits for is decided")
    func crowd() throws {
        let stage = try Stage(pairs: [Stage.pair("a"), Stage.pair("b"), Stage.pair("c")])
        for pair in 0..<3 {
            stage.book(2 * pair, asks: [(60, 10)])
            stage.book(2 * pair + 1, bids: [(50, 10)])
        }
        stage.pass(60)
        for turn in 0..<20 { stage.level(1 + 2 * (turn % 2), .bid, 70, Int64(10 + turn), age: 60) }
        stage.level(5, .bid, 70, 10, age: 60)
        #expect(stage.sink.births.isEmpty)
        stage.wait(10)
        let born = stage.sink.births.map { stage.catalog.baskets[Int($0.basket.index)].pair.name }
        #expect(Set(born) == ["a", "b", "c"])
    }

    @Test("a living opportunity ends at once, late or not, and is not taken late")
    func living() throws {
        let stage = try Stage()
        stage.book(0, asks: [(40, 10)])
        stage.book(1, bids: [(50, 10)])
        #expect(stage.sink.births.count == 1)
        stage.pass(60)
        stage.level(1, .bid, 50, 0, age: 60)
        stage.wait(1_000)
        #expect(stage.sink.endings.count == 1)
    }

    @Test(
        "what a message ends that was sent before the birth was overtaken; sent after it, the edge was there and went",
        arguments: [(11, EndReason.overtaken), (9, .edgeGone)] as [(Int64, EndReason)])
    func overtaken(age: Int64, reason: EndReason) throws {
        let stage = try Stage()
        stage.book(0, asks: [(40, 10)])
        stage.book(1, bids: [(50, 10)])
        #expect(stage.sink.births.count == 1)
        stage.pass(10)
        stage.level(1, .bid, 50, 0, age: age)
        stage.wait(1_000)
        #expect(stage.sink.endings.first?.endReason == reason)
    }
}
