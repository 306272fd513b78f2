import Testing
import Trading

@testable import Transport

/// A bucket as slow as it is obvious: 128 bits, tokens times the period, one nanosecond formula.
private struct SlowBucket {
    let capacity: Int128
    let refill: Int128
    let period: Int128
    var units: Int128
    var filled: Int128
    var blocked = Int128(Int64.min)

    mutating func take(_ cost: Int, _ reserve: Int, _ now: Int128) -> Bool {
        fill(now)
        guard now >= blocked, (Int128(cost) + Int128(reserve)) * period <= units else { return false }
        units -= Int128(cost) * period
        return true
    }

    mutating func fill(_ now: Int128) {
        guard now > filled else { return }
        units = min(capacity * period, units + (now - filled) * refill)
        filled = now
    }

    mutating func giveBack(_ cost: Int, _ now: Int128) {
        fill(now)
        units = min(capacity * period, units + Int128(cost) * period)
    }

    mutating func empty(_ until: Int128) {
        units = 0
        filled = max(filled, until)
        blocked = max(blocked, until)
    }

    func available(_ reserve: Int, _ now: Int128) -> Int {
        var later = self
        later.fill(now)
        return now < blocked ? 0 : max(0, Int(later.units / period) - reserve)
    }
}

private func instant(_ nanos: Int64) -> MonotonicNanos { MonotonicNanos(rawValue: nanos) }

@Suite("TokenBucket")
struct TokenBucketTests {
    @Test("does what the slow bucket does, whatever is asked of it", arguments: 0..<200)
    func oracle(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let capacity = Int.random(in: 1...(seed % 3 == 0 ? 5 : 1_000_000), using: &random)
        let refill = Int.random(in: 1...(seed % 5 == 0 ? 1_000_000_000 : 500), using: &random)
        let period = [Nanoseconds.seconds(1), .seconds(10), .seconds(600), Nanoseconds(rawValue: 7)].randomElement(
            using: &random)!
        var now = Int64.random(in: -1_000_000...1_000_000_000, using: &random)
        var bucket = TokenBucket(capacity: capacity, refill: refill, per: period, at: instant(now))
        let whole = Int128(capacity) * Int128(period.rawValue)
        var slow = SlowBucket(
            capacity: Int128(capacity), refill: Int128(refill), period: Int128(period.rawValue), units: whole,
            filled: Int128(now))
        for _ in 0..<500 {
            let step: Int64 = [0, 1, 1_000, 3_000_000, 1_000_000_000, 1 << 40].randomElement(using: &random)!
            now += Int64.random(in: -step / 8...step, using: &random)
            let cost = Int.random(in: 0...(capacity + capacity / 4 + 1), using: &random)
            let reserve = Int.random(in: 0...capacity, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                bucket.giveBack(cost, at: instant(now))
                slow.giveBack(min(cost, capacity), Int128(now))
            case 1:
                let until = now + Int64.random(in: -step...step, using: &random)
                bucket.empty(until: instant(until))
                slow.empty(Int128(until))
            default:
                let wait = bucket.wait(for: cost, keeping: reserve, at: instant(now))
                if let wait, wait > .zero {
                    var early = bucket
                    var onTime = bucket
                    let isEarly = early.take(cost, keeping: reserve, at: instant(now + wait.rawValue - 1))
                    let isOnTime = onTime.take(cost, keeping: reserve, at: instant(now + wait.rawValue))
                    #expect(isOnTime && !isEarly, "then it can, and not a nanosecond before")
                }
                let isTaken = bucket.take(cost, keeping: reserve, at: instant(now))
                #expect(isTaken == slow.take(cost, reserve, Int128(now)), "seed \(seed)")
                #expect((wait == .zero) == isTaken, "seed \(seed)")
            }
            let free = bucket.available(at: instant(now))
            #expect(free == slow.available(0, Int128(now)) && free >= 0 && free <= capacity, "seed \(seed)")
            #expect(bucket.available(keeping: reserve, at: instant(now)) == slow.available(reserve, Int128(now)))
        }
    }

    @Test("time at the ends of the clock neither traps nor overfills")
    func ends() {
        var bucket = TokenBucket(capacity: 10, refill: 1_000_000, tokens: 0, at: instant(.min))
        #expect(bucket.available(at: instant(.max)) == 10)
        #expect(bucket.take(10, at: instant(.max)) && !bucket.take(1, at: instant(.max)))
        bucket.giveBack(.max, at: instant(.min))
        #expect(bucket.available(at: instant(.max)) == 10)
        #expect(!bucket.take(.max, at: instant(.max)) && !bucket.take(1, keeping: .max, at: instant(.max)))
        #expect(bucket.wait(for: 11, at: instant(0)) == nil)
    }

    @Test("another tier keeps the tokens, never more than it holds")
    func resized() {
        var bucket = TokenBucket(capacity: 100, refill: 100, at: instant(0))
        let isTaken = bucket.take(30, at: instant(0))
        #expect(isTaken)
        #expect(bucket.resized(capacity: 900, refill: 300, at: instant(0)).available(at: instant(0)) == 70)
        #expect(bucket.resized(capacity: 20, refill: 10, at: instant(0)).available(at: instant(0)) == 20)
        bucket.empty(until: instant(1_000_000_000))
        let changed = bucket.resized(capacity: 900, refill: 300, at: instant(0))
        #expect(
            changed.available(at: instant(999_999_999)) == 0 && changed.available(at: instant(2_000_000_000)) == 300)
    }
}

@Suite("RateBudget")
struct RateBudgetTests {
    private static let second: Int64 = 1_000_000_000
    private let limits = [
        RateLimit(name: "shard 1", capacity: 100, refill: 10, reserve: 20),
        RateLimit(name: "unscoped", capacity: 50, refill: 10, reserve: 10),
    ]

    @Test("takes from all buckets or from none")
    func together() {
        var budget = RateBudget(limits, at: instant(0))
        let both = [RateCharge(bucket: 0, cost: 30), RateCharge(bucket: 1, cost: 30)]
        let takes = (0..<2).map { _ in budget.take(both, .entry, at: instant(0)) }
        #expect(takes == [true, false], "the second bucket has 20 left, 10 of them kept")
        #expect(budget.available(0, .close, at: instant(0)) == 70 && budget.available(1, .close, at: instant(0)) == 20)
        #expect(budget.wait(for: both, .entry, at: instant(0)) == .seconds(2))
        budget.giveBack(both, at: instant(0))
        #expect(budget.available(0, .close, at: instant(0)) == 100 && budget.available(1, .close, at: instant(0)) == 50)
    }

    @Test("one bucket charged twice pays twice or not at all")
    func twice() {
        var budget = RateBudget(limits, at: instant(0))
        let charges = [RateCharge(bucket: 1, cost: 25), RateCharge(bucket: 1, cost: 25)]
        #expect(!budget.take(charges, .entry, at: instant(0)) && budget.available(1, .close, at: instant(0)) == 50)
        #expect(budget.take(charges, .close, at: instant(0)) && budget.available(1, .close, at: instant(0)) == 0)
    }

    @Test("entries never reach the share that is kept for closes, whatever the order")
    func reserved() {
        var random = SeededGenerator(seed: 7)
        var budget = RateBudget(limits, at: instant(0))
        var now: Int64 = 0
        for _ in 0..<10_000 {
            now += Int64.random(in: 0...Self.second / 10, using: &random)
            let charge = [RateCharge(bucket: 0, cost: Int.random(in: 1...40, using: &random))]
            let before = budget.available(0, .close, at: instant(now))
            if budget.take(charge, .entry, at: instant(now)) {
                #expect(budget.available(0, .close, at: instant(now)) >= 20)
            } else {
                #expect(before < charge[0].cost + 20)
            }
            if before >= 40, Bool.random(using: &random) {
                #expect(budget.take([RateCharge(bucket: 0, cost: 20)], .close, at: instant(now)) || before < 60)
            }
        }
    }

    @Test("a refusal empties its buckets: for as long as the venue says, or twice as long each time")
    func refused() {
        var budget = RateBudget(limits, pauseFirst: .milliseconds(200), pauseMax: .seconds(1), at: instant(0))
        let charge = [RateCharge(bucket: 0, cost: 10)]
        var now: Int64 = 0
        for pause: Int64 in [200, 400, 800, 1_000, 1_000] {
            budget.refused(charge, retryAfter: nil, at: instant(now))
            budget.refused(charge, retryAfter: nil, at: instant(now))  // of the same burst
            #expect(budget.wait(for: charge, .close, at: instant(now)) == .milliseconds(pause + 1_000))
            #expect(budget.wait(for: charge, .entry, at: instant(now)) == .milliseconds(pause + 3_000))
            #expect(budget.available(1, .entry, at: instant(now)) == 40, "the other bucket was not charged")
            now += pause * 1_000_000
        }
        budget.accepted(charge)
        budget.refused(charge, retryAfter: nil, at: instant(now))
        #expect(budget.wait(for: charge, .close, at: instant(now)) == .milliseconds(1_200))
        budget.refused(charge, retryAfter: .milliseconds(700), at: instant(now))
        #expect(budget.wait(for: charge, .close, at: instant(now)) == .milliseconds(1_700))
        budget.refused(charge, retryAfter: .seconds(86_400), at: instant(now))
        #expect(budget.wait(for: charge, .close, at: instant(now)) == .seconds(2), "a close is tried again")
        budget.giveBack(charge, at: instant(now))
        let isTaken = budget.take(charge, .close, at: instant(now))
        #expect(!isTaken, "tokens given back do not end the pause")
    }

    @Test("a new tier is in force at once")
    func replaced() {
        var budget = RateBudget(limits, at: instant(0))
        budget.replace(0, with: RateLimit(name: "shard 1", capacity: 900, refill: 300, reserve: 90), at: instant(0))
        #expect(budget.limits[0].capacity == 900 && budget.available(0, .entry, at: instant(0)) == 10)
        #expect(budget.available(0, .entry, at: instant(Self.second * 10)) == 810)
    }
}
