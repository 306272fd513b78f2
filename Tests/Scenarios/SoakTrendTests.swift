import Scenes
import Testing
import Trading

@Suite("The verdict of a soak")
struct SoakTrendTests {
    private func looks(_ count: Int, _ figure: (Int) -> (resident: Int, inUse: Int)) -> [SoakLook] {
        (1...count).map { index in
            var look = SoakLook()
            look.at = .seconds(Int64(index) * 10)
            (look.resident, look.inUse) = figure(index)
            look.anonymous = look.resident - 9_000
            look.messagesPerSecond = 10_000
            return look
        }
    }

    @Test("memory that rises while it warms up and then stands is flat")
    func flat() {
        let trend = SoakTrend(looks(60) { (60_000 + min($0, 12) * 800, 40_000_000 + $0 % 3 * 10_000) })
        #expect(trend.problems.isEmpty && trend.resident == 0 && trend.rate == 10_000)
        #expect(trend.span == .seconds(470) && trend.meanResident == 69_600)
    }

    @Test("a mebibyte in eight minutes is not flat, whatever the last look says")
    func grows() {
        let trend = SoakTrend(looks(60) { ($0 == 60 ? 60_000 : 60_000 + $0 * 25, 40_000_000) })
        #expect(trend.problems.count == 1 && trend.problems[0].contains("resident memory grew"))
        #expect((800...1_175).contains(trend.resident), "\(trend.resident)")
    }

    @Test("what the allocator has handed out must stand too, though the kernel counts no more pages")
    func handedOut() {
        let trend = SoakTrend(looks(60) { (60_000, 40_000_000 + $0 * 30_000) })
        #expect(trend.problems.count == 1 && trend.problems[0].contains("handed out grew"))
        #expect(trend.inUse == 47 * 30_000)
    }

    @Test("one look that stands out does not decide; a step that stays does")
    func outlier() {
        #expect(SoakTrend(looks(60) { ($0 == 35 ? 70_000 : 60_000, 40_000_000) }).problems.isEmpty)
        #expect(SoakTrend(looks(60) { ($0 < 45 ? 60_000 : 61_000, 40_000_000) }).problems.count == 1)
    }

    @Test("what is seen before the first boxes have lived their life is not judged; a slope is told an hour")
    func warmUp() {
        let looks = looks(90) { (60_000 + min($0, 50) * 100, 40_000_000 + min($0, 50) * 100_000) }
        #expect(SoakTrend(looks).problems.count == 2)
        let warm = SoakTrend(looks, warmUp: .seconds(500))
        #expect(warm.problems.isEmpty && warm.warmFrom == .seconds(500) && warm.span == .seconds(400))
        #expect(warm.resident == 0 && warm.scatter == 0)
        let slow = SoakTrend(self.looks(360) { (60_000 + $0, 40_000_000 + $0 % 2) }, warmUp: .seconds(485))
        #expect(slow.problems.isEmpty && (355...365).contains(slow.perHour(slow.resident)))
        #expect(SoakTrend.megabytes(slow.perHour(slow.resident)) == "+0.37" && SoakTrend.megabytes(-2_000) == "-2.05")
        var settings = SoakSettings()
        settings.settleEvery = .seconds(4)
        #expect(settings.warmUp == .seconds(485))
    }

    @Test("a run that says nothing of its heap, or has too few looks, is not called flat")
    func silent() {
        #expect(SoakTrend(looks(60) { _ in (60_000, 0) }).problems.count == 1)
        #expect(SoakTrend(looks(12) { _ in (60_000, 1) }).problems.count == 1)
        #expect(SoakTrend(looks(12) { _ in (60_000, 1) }).rate == 10_000, "that is told all the same")
        #expect(SoakTrend([]).problems.count == 1)
    }
}
