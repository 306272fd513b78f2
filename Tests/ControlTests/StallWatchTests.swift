import Control
import Testing
import Trading

@Suite("StallWatch")
struct StallWatchTests {
    private func at(_ milliseconds: Int64) -> MonotonicNanos {
        MonotonicNanos(rawValue: 0) + .milliseconds(milliseconds)
    }

    @Test("no answer for the limit is a stall; an answer begins anew; before the first one nothing is")
    func stall() {
        var watch = StallWatch(limit: .seconds(1))
        var now: Int64 = 0
        func look(_ answers: UInt64, _ milliseconds: Int64) -> Bool {
            now += milliseconds
            return watch.look(answers: answers, at: at(now))
        }
        for _ in 0..<100 { #expect(!look(0, 50)) }
        for _ in 0..<20 { #expect(!look(1, 50)) }
        #expect(look(1, 50))
        #expect(!look(2, 50))
        for _ in 0..<19 { #expect(!look(2, 50)) }
        #expect(look(2, 50))
    }

    @Test("P14: a pause of the machine counts for one look, whatever it took")
    func pause() {
        var watch = StallWatch(limit: .seconds(1))
        let found = (0...10 as ClosedRange<Int64>).map { watch.look(answers: 1, at: at($0 * 60_000)) }
        #expect(found == Array(repeating: false, count: 10) + [true])
    }
}
