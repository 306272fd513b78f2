import Risk
import Testing
import Trading

@Suite("Messages read late")
struct ReadDelayTests {
    private func milliseconds(_ tenths: Int64) -> Nanoseconds { Nanoseconds(rawValue: tenths * 100_000) }

    private func isLate(_ delay: inout ReadDelay, _ age: Nanoseconds) -> Bool { delay.observe(age) }

    @Test("what is above the tolerance is late; exactly at it is not", arguments: [(250, false), (251, true)])
    func tolerance(tenths: Int64, late: Bool) {
        var delay = ReadDelay()
        #expect(isLate(&delay, milliseconds(tenths)) == late)
    }

    @Test("a venue that is always this slow is not late, and one pause teaches next to nothing")
    func usual() {
        var slow = ReadDelay()
        var late = 0
        for _ in 0..<1_000 where slow.observe(milliseconds(400)) { late += 1 }
        #expect(late > 0 && late < 100)
        #expect(!isLate(&slow, milliseconds(400)))
        #expect(isLate(&slow, milliseconds(2_500)))
        var quick = ReadDelay()
        for _ in 0..<1_000 { _ = quick.observe(milliseconds(10)) }
        for _ in 0..<10 { #expect(isLate(&quick, milliseconds(900))) }
        #expect(isLate(&quick, milliseconds(500)))
    }

    @Test("an hour's delay teaches no more than a tenth of a second, and a stamp from the future nothing")
    func bounds() {
        var delay = ReadDelay()
        for _ in 0..<100_000 { _ = delay.observe(.seconds(3_600)) }
        #expect(isLate(&delay, milliseconds(4_260)))
        var early = ReadDelay()
        for _ in 0..<1_000 { #expect(!isLate(&early, milliseconds(-50))) }
        #expect(isLate(&early, milliseconds(251)))
    }
}
