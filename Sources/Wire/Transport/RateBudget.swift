public import Trading

/// What one request takes from one bucket.
public struct RateCharge: Hashable, Sendable {
    /// The bucket's place in the budget.
    public let bucket: Int
    /// Tokens.
    public let cost: Int

    /// A charge.
    public init(bucket: Int, cost: Int) {
        self.bucket = bucket
        self.cost = cost
    }
}

/// One limit of a venue, and how much of it only closes and cancels may use.
public struct RateLimit: Hashable, Sendable {
    /// For status and reports.
    public let name: String
    /// The most that the bucket holds. Unit: tokens.
    public let capacity: Int
    /// What comes back in each period. Unit: tokens.
    public let refill: Int
    /// The period.
    public let period: Nanoseconds
    /// Kept for closes and cancels: entries see the level less this. Unit: tokens.
    public let reserve: Int

    /// A limit; the reserve leaves at least one token to entries.
    public init(name: String, capacity: Int, refill: Int, per period: Nanoseconds = .seconds(1), reserve: Int = 0) {
        precondition(reserve >= 0 && reserve < capacity, "entries may use something of every limit")
        self.name = name
        self.capacity = capacity
        self.refill = refill
        self.period = period
        self.reserve = reserve
    }
}

/// All limits of one account at one venue. A request takes from several at once, or from none.
///
/// Pure; who shares it between lanes puts it behind a lock. Nothing here allocates after `init`.
public struct RateBudget: Sendable {
    private struct Line: Sendable {
        var limit: RateLimit
        var bucket: TokenBucket
        /// Refusals in a row, each after the last pause was over.
        var strikes = 0
    }

    private var lines: [Line]
    private let pauseFirst: Nanoseconds
    private let pauseMax: Nanoseconds

    /// A budget in which every bucket is full.
    ///
    /// - Parameters:
    ///   - pauseFirst: how long nothing is sent after a refusal that names no time; doubles with each that follows.
    ///   - pauseMax: the longest pause, also where the venue asks for a longer one: a close must be tried again.
    public init(
        _ limits: [RateLimit], pauseFirst: Nanoseconds = .milliseconds(200), pauseMax: Nanoseconds = .seconds(30),
        at now: MonotonicNanos
    ) {
        precondition(pauseFirst > .zero && pauseFirst <= pauseMax, "a pause is positive")
        self.pauseFirst = pauseFirst
        self.pauseMax = pauseMax
        lines = limits.map { limit in
            let bucket = TokenBucket(
                capacity: limit.capacity, refill: limit.refill, per: limit.period, at: now)
            return Line(limit: limit, bucket: bucket)
        }
    }

    /// The limits, in the order of the places in charges.
    public var limits: [RateLimit] { lines.map(\.limit) }

    private func reserve(_ place: Int, _ purpose: SendPurpose) -> Int {
        purpose == .close ? 0 : lines[place].limit.reserve
    }

    /// Takes all of `charges`, or nothing.
    ///
    /// - Returns: false when one bucket has too little for this purpose.
    public mutating func take(_ charges: [RateCharge], _ purpose: SendPurpose, at now: MonotonicNanos) -> Bool {
        for index in charges.indices {
            let charge = charges[index]
            let kept = reserve(charge.bucket, purpose)
            if lines[charge.bucket].bucket.take(charge.cost, keeping: kept, at: now) { continue }
            for taken in charges[..<index] { lines[taken.bucket].bucket.giveBack(taken.cost, at: now) }
            return false
        }
        return true
    }

    /// Puts back what was taken for a request that was not sent.
    public mutating func giveBack(_ charges: [RateCharge], at now: MonotonicNanos) {
        for charge in charges { lines[charge.bucket].bucket.giveBack(charge.cost, at: now) }
    }

    /// The venue refused a request for too many (`429`): its buckets are empty, and stay so for `retryAfter` or, where it
    /// named no time, for a pause that doubles with every refusal in a row.
    public mutating func refused(_ charges: [RateCharge], retryAfter: Nanoseconds?, at now: MonotonicNanos) {
        for charge in charges {
            let line = lines[charge.bucket]
            // Requests that were under way together are refused together: that is one refusal.
            let isFirst = now >= line.bucket.blockedUntil
            let doublings = Int64(min(line.strikes, 20))
            let (doubled, isOver) = pauseFirst.rawValue.multipliedReportingOverflow(by: 1 << doublings)
            let pause = retryAfter ?? Nanoseconds(rawValue: isOver ? pauseMax.rawValue : doubled)
            guard isFirst || retryAfter != nil else { continue }
            if isFirst { lines[charge.bucket].strikes += 1 }
            lines[charge.bucket].bucket.empty(until: now + max(.zero, min(pause, pauseMax)))
        }
    }

    /// The venue took a request: the next refusal pauses shortly again.
    public mutating func accepted(_ charges: [RateCharge]) {
        for charge in charges { lines[charge.bucket].strikes = 0 }
    }

    /// Whole tokens of one bucket that this purpose may take.
    public func available(_ place: Int, _ purpose: SendPurpose, at now: MonotonicNanos) -> Int {
        lines[place].bucket.available(keeping: reserve(place, purpose), at: now)
    }

    /// How long until all of `charges` can be taken, each of a bucket of its own; nil: never.
    public func wait(for charges: [RateCharge], _ purpose: SendPurpose, at now: MonotonicNanos) -> Nanoseconds? {
        var longest = Nanoseconds.zero
        for charge in charges {
            let kept = reserve(charge.bucket, purpose)
            guard let wait = lines[charge.bucket].bucket.wait(for: charge.cost, keeping: kept, at: now) else {
                return nil
            }
            longest = max(longest, wait)
        }
        return longest
    }

    /// Puts another limit in the place of one, as the account's own page tells it; tokens stay what they are.
    public mutating func replace(_ place: Int, with limit: RateLimit, at now: MonotonicNanos) {
        lines[place].bucket = lines[place].bucket.resized(
            capacity: limit.capacity, refill: limit.refill, per: limit.period, at: now)
        lines[place].limit = limit
    }
}
