import Risk
import Testing
import Trading

@Suite("ClockOffset")
struct ClockOffsetTests {
    private func stamp(_ milliseconds: Int64, wall: Int64) -> Stamp {
        Stamp(monotonic: MonotonicNanos(rawValue: milliseconds * 1_000_000), utc: UTCNanos(rawValue: wall * 1_000_000))
    }

    @Test("is the smallest difference of the last minute, as a slow list of all differences says")
    func slidingMinimum() {
        var offset = ClockOffset()
        var random = SeededGenerator(seed: 7)
        var seen: [(second: Int64, difference: Int64)] = []
        var now: Int64 = 1_000
        for _ in 0..<20_000 {
            now += Int64.random(in: 0...400, using: &random)
            let difference = Int64.random(in: -50...900, using: &random)
            offset.observe(
                venueStamp: UTCNanos(rawValue: (5_000_000 + now - difference) * 1_000_000),
                received: stamp(now, wall: 5_000_000 + now))
            seen.append((now / 1_000, difference))
            seen.removeAll { $0.second <= now / 1_000 - 60 }
            #expect(offset.offset?.rawValue == (seen.map(\.difference).min() ?? 0) * 1_000_000)
        }
    }

    @Test("knows nothing before the first message")
    func empty() { #expect(ClockOffset().offset == nil) }
}

@Suite("Freshness")
struct FreshnessTests {
    private let table = BookTable(units: [.cent])
    private var book: Book { table[InstrumentID(0)] }
    private let freshness = Freshness(Freshness.Limits())

    private func now(_ milliseconds: Int64) -> Stamp {
        Stamp(
            monotonic: MonotonicNanos(rawValue: milliseconds * 1_000_000),
            utc: UTCNanos(rawValue: (1_000_000 + milliseconds) * 1_000_000))
    }

    @Test(
        "judges the trigger by age against the venue's clock",
        arguments: [
            (age: 0, offset: 0, verdict: Freshness.Verdict.fresh), (age: 200, offset: 0, verdict: .fresh),
            (age: 201, offset: 0, verdict: .stale), (age: -5, offset: 10, verdict: .fresh),
            (age: -6, offset: 10, verdict: .stale), (age: 10, offset: 500, verdict: .fresh),
            (age: 10, offset: 501, verdict: .stale), (age: 10, offset: -501, verdict: .stale),
        ] as [(age: Int64, offset: Int64, verdict: Freshness.Verdict)])
    func trigger(age: Int64, offset: Int64, verdict: Freshness.Verdict) {
        let stamp = now(10_000)
        book.received = stamp
        book.venueStamp = UTCNanos(rawValue: stamp.utc.rawValue - (age + offset) * 1_000_000)
        let found = freshness.trigger(book, offset: .milliseconds(offset), lastData: stamp.monotonic, now: stamp)
        #expect(found == verdict)
    }

    @Test("judges the passive side by its connection and its cross-check")
    func passive() {
        let stamp = now(100_000)
        book.crossChecked = now(40_000).monotonic
        #expect(freshness.passive(book, lastData: now(90_000).monotonic, now: stamp) == .fresh)
        #expect(freshness.passive(book, lastData: now(89_999).monotonic, now: stamp) == .silent)
        #expect(freshness.passive(book, lastData: nil, now: stamp) == .silent)
        book.crossChecked = now(39_999).monotonic
        #expect(freshness.passive(book, lastData: now(99_999).monotonic, now: stamp) == .silent)
        book.crossChecked = nil
        #expect(freshness.passive(book, lastData: now(99_999).monotonic, now: stamp) == .silent)
    }

    @Test("a connection that is silent for much longer than it used to be may be frozen")
    func usual() {
        let stamp = now(100_000)
        book.crossChecked = now(90_000).monotonic
        func verdict(_ last: Int64, _ usual: Int64?) -> Freshness.Verdict {
            freshness.passive(
                book, lastData: now(last).monotonic, usualSilence: usual.map { .milliseconds($0) }, now: stamp)
        }
        #expect(verdict(99_850, 50) == .fresh && verdict(99_849, 50) == .silent)
        #expect(verdict(95_000, nil) == .fresh && verdict(95_000, 5_000) == .fresh)
        // Never longer than the limit of the configuration.
        #expect(verdict(89_999, 60_000) == .silent)
    }

    @Test("a change without a venue stamp is judged as passive")
    func unstamped() {
        let stamp = now(100_000)
        book.received = stamp
        book.venueStamp = nil
        book.crossChecked = stamp.monotonic
        #expect(freshness.trigger(book, offset: .zero, lastData: stamp.monotonic, now: stamp) == .fresh)
        #expect(freshness.trigger(book, offset: .zero, lastData: nil, now: stamp) == .silent)
    }
}

@Suite("Valuation and thresholds")
struct ValuationTests {
    @Test("counts pUSD against us both ways")
    func haircut() throws {
        let valuation = Valuation(haircutBps: 10)
        let amount = Money(rawValue: 100_000_001)
        #expect(try valuation.spent(amount, .pusd) == Money(rawValue: 100_100_002))
        #expect(try valuation.received(amount, .pusd) == Money(rawValue: 99_900_000))
        #expect(try valuation.spent(amount, .usd) == amount)
        #expect(throws: AmountError.overflow) { try Valuation(haircutBps: 100).spent(Money(rawValue: .max), .pusd) }
    }

    @Test("less than a day to payout counts as a day")
    func hurdle() {
        let thresholds = EdgeThresholds(edgeMin: .zero, edgeBpsMin: 0, annualizedPctMin: 365_000_000_0)
        // 36.5 % a year is 0.1 % a day.
        #expect(thresholds.hurdle(Money(rawValue: 100_000_000), seconds: 0) == Money(rawValue: 100_000))
        #expect(thresholds.hurdle(Money(rawValue: 100_000_000), seconds: 86_400) == Money(rawValue: 100_000))
        #expect(thresholds.hurdle(Money(rawValue: 100_000_000), seconds: 2 * 86_400) == Money(rawValue: 200_000))
        #expect(thresholds.hurdle(Money(rawValue: 1), seconds: 86_400) == Money(rawValue: 1))
    }
}
