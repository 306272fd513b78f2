public import Trading

/// A venue's allowance as it keeps it: so many tokens at most, so many coming back in a time, continuously.
///
/// Pure and exact: integers, time is given in, nothing is rounded. Time that runs backwards gives nothing.
/// - Unit: tokens. Inside, one token is as many units as the period has nanoseconds, so that each nanosecond brings
///   exactly `refill` units.
/// - Bound: capacity × period below 2^61 (a million tokens by the ten minutes fit 3,000 times over).
public struct TokenBucket: Hashable, Sendable {
    /// The most that it holds.
    public let capacity: Int
    private let refill: Int64
    private let unit: Int64
    private var level: Int64
    private var filled: MonotonicNanos
    /// Nothing is taken before this instant.
    public private(set) var blockedUntil: MonotonicNanos

    /// A bucket that is full at `now`, or holds `tokens`.
    ///
    /// - Parameters:
    ///   - refill: tokens that come back in each `period`.
    ///   - tokens: what it holds at first; cut to the capacity.
    public init(
        capacity: Int, refill: Int, per period: Nanoseconds = .seconds(1), tokens: Int? = nil, at now: MonotonicNanos
    ) {
        precondition(capacity > 0 && refill > 0 && period > .zero, "a bucket holds something and fills again")
        let (full, isOver) = Int64(capacity).multipliedReportingOverflow(by: period.rawValue)
        precondition(!isOver && full < 1 << 61, "a venue's limit is smaller than this")
        self.capacity = capacity
        self.refill = Int64(refill)
        unit = period.rawValue
        level = Int64(min(max(0, tokens ?? capacity), capacity)) * period.rawValue
        filled = now
        blockedUntil = MonotonicNanos(rawValue: .min)
    }

    private var full: Int64 { Int64(capacity) * unit }

    private mutating func fill(to now: MonotonicNanos) {
        guard now > filled else { return }
        let (elapsed, isFar) = now.rawValue.subtractingReportingOverflow(filled.rawValue)
        filled = now
        let (gain, isOver) = elapsed.multipliedReportingOverflow(by: refill)
        level = isFar || isOver || gain >= full - level ? full : level + gain
    }

    /// Whole tokens that may be taken at `now`; `keeping` of them are not counted.
    public func available(keeping reserve: Int = 0, at now: MonotonicNanos) -> Int {
        guard now >= blockedUntil else { return 0 }
        var later = self
        later.fill(to: now)
        return max(0, Int(later.level / unit) - max(0, reserve))
    }

    /// Takes `cost` tokens if as many are there and `reserve` remain.
    ///
    /// - Returns: false when not; nothing was taken.
    public mutating func take(_ cost: Int, keeping reserve: Int = 0, at now: MonotonicNanos) -> Bool {
        precondition(cost >= 0 && reserve >= 0, "a cost is no gift")
        fill(to: now)
        guard now >= blockedUntil, cost <= capacity, reserve <= capacity else { return false }
        guard (Int64(cost) + Int64(reserve)) * unit <= level else { return false }
        level -= Int64(cost) * unit
        return true
    }

    /// Puts tokens back that were taken and not used; what does not fit is gone.
    public mutating func giveBack(_ cost: Int, at now: MonotonicNanos) {
        precondition(cost >= 0, "a cost is no gift")
        fill(to: now)
        level = min(full, level + Int64(min(cost, capacity)) * unit)
    }

    /// The venue said that there were too many: empty, nothing is taken and nothing comes back before `instant`.
    public mutating func empty(until instant: MonotonicNanos) {
        level = 0
        filled = max(filled, instant)
        blockedUntil = max(blockedUntil, instant)
    }

    /// How long until `cost` can be taken with `reserve` remaining, if nothing else is taken; nil: never.
    public func wait(for cost: Int, keeping reserve: Int = 0, at now: MonotonicNanos) -> Nanoseconds? {
        precondition(cost >= 0 && reserve >= 0, "a cost is no gift")
        guard cost <= capacity, reserve <= capacity - cost else { return nil }
        var later = self
        later.fill(to: now)
        let missing = (Int64(cost) + Int64(reserve)) * unit - later.level
        var ready = max(now, blockedUntil)
        if missing > 0 {
            let time = Nanoseconds(rawValue: (missing - 1) / refill + 1)
            ready = max(ready, later.filled + time)
        }
        return ready - now
    }

    /// The same tokens under another limit; the venue has changed the tier.
    public func resized(
        capacity: Int, refill: Int, per period: Nanoseconds = .seconds(1), at now: MonotonicNanos
    ) -> TokenBucket {
        var changed = TokenBucket(
            capacity: capacity, refill: refill, per: period, tokens: available(at: max(now, blockedUntil)), at: now)
        if blockedUntil > now { changed.empty(until: blockedUntil) }
        return changed
    }
}
