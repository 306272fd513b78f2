import Testing
import Trading

@testable import Risk

@Suite("ClockWatch")
struct ClockWatchTests {
    private func stamp(_ monotonic: Int64, _ utc: Int64) -> Stamp {
        Stamp(monotonic: MonotonicNanos(rawValue: monotonic), utc: UTCNanos(rawValue: utc))
    }

    @Test("P13: a jump of two seconds either way is told once, by its size; slewing and a pause of the machine are not")
    func jumps() {
        let second: Int64 = 1_000_000_000
        var watch = ClockWatch()
        #expect(watch.look(stamp(0, 100 * second)) == nil)
        #expect(watch.look(stamp(second, 101 * second + 400_000_000)) == nil)
        #expect(watch.look(stamp(60 * second, 160 * second)) == nil)
        #expect(watch.look(stamp(61 * second, 163 * second)) == .seconds(2))
        #expect(watch.look(stamp(62 * second, 164 * second)) == nil)
        #expect(watch.look(stamp(63 * second, 165 * second - 3_600 * second)) == .seconds(-3_600))
    }
}
