import Synchronization
public import Trading
public import Transport

/// What may be chosen about the gateway.
public struct GatewaySettings: Hashable, Sendable {
    /// `https://…/trade-api/v2`, as configured.
    public var restURL = "https://external-api.kalshi.com/trade-api/v2"
    /// The subaccount that trades; 0 is the primary one.
    public var subaccount = 0
    /// Requests prepared or under way at once; one more than connections is never needed.
    public var slotsMax = 16
    /// Most orders in one batch.
    public var batchMax = 20
    /// Tokens of a create, an amendment and a decrease.
    public var costOrder = 10
    /// Tokens of a cancel.
    public var costCancel = 2
    /// Tokens of a write to an order group.
    public var costGroup = 10
    /// How far ahead headers are signed (`presign_ahead_ms`); zero signs in line.
    public var presignAhead = Nanoseconds.milliseconds(8_000)
    /// Headers kept ready.
    public var presignCount = 16

    /// The defaults.
    public init() {}
}

/// What the venue lets be written, by its buckets: one a shard for writes that name the shard, the first for shard 0 and
/// for whatever names none. Who keeps it decides what share of each is left to closes and cancels.
///
/// - Lane: any.
public protocol WriteBudget: Sendable {
    /// Takes tokens of a bucket, or nothing.
    func take(_ cost: Int, from bucket: Int, _ purpose: SendPurpose, at now: MonotonicNanos) -> Bool
    /// Puts back tokens of a request of which no byte left.
    func giveBack(_ cost: Int, to bucket: Int, at now: MonotonicNanos)
    /// The venue refused a request for too many (429).
    func refused(_ bucket: Int, retryAfter: Nanoseconds?, at now: MonotonicNanos)
    /// The venue answered anything else.
    func accepted(_ bucket: Int)
}

/// The account's own limits as a budget: a full-size bucket for every shard.
///
/// - Source: sheet section 7 (rate limits of 2026-10), limits from `GET /account/limits`.
public final class ShardBudget: WriteBudget {
    /// Shards that have a bucket; the venue has four.
    public static let shards = 8

    private let budget: Mutex<RateBudget>
    private let reserve: Int
    /// What one order takes of each bucket, made once: `take` allocates nothing for it.
    private let orderCost: Int
    private let orderCharges: [[RateCharge]]

    /// Buckets that are full at `now`.
    ///
    /// - Parameters:
    ///   - capacity: tokens that a bucket holds.
    ///   - refill: tokens that come back in a second.
    ///   - reserve: tokens of each bucket that only closes and cancels may take.
    ///   - orderCost: tokens of one order.
    public init(capacity: Int, refill: Int, reserve: Int, orderCost: Int = 10, at now: MonotonicNanos) {
        self.reserve = reserve
        self.orderCost = orderCost
        orderCharges = (0..<Self.shards).map { [RateCharge(bucket: $0, cost: orderCost)] }
        let limits = (0..<Self.shards).map {
            RateLimit(name: "kalshi.write.\($0)", capacity: capacity, refill: refill, reserve: reserve)
        }
        budget = Mutex(RateBudget(limits, at: now))
    }

    /// Whole tokens of one shard's bucket that this purpose may take.
    public func available(_ shard: Int, _ purpose: SendPurpose, at now: MonotonicNanos) -> Int {
        guard (0..<Self.shards).contains(shard) else { return 0 }
        return budget.withLock { $0.available(shard, purpose, at: now) }
    }

    /// Takes tokens of a bucket, or nothing; a shard that there is no bucket for has none.
    public func take(_ cost: Int, from bucket: Int, _ purpose: SendPurpose, at now: MonotonicNanos) -> Bool {
        guard (0..<Self.shards).contains(bucket) else { return false }
        if cost == orderCost { return budget.withLock { $0.take(orderCharges[bucket], purpose, at: now) } }
        return budget.withLock { $0.take([RateCharge(bucket: bucket, cost: cost)], purpose, at: now) }
    }

    /// Puts back tokens of a request of which no byte left.
    public func giveBack(_ cost: Int, to bucket: Int, at now: MonotonicNanos) {
        guard (0..<Self.shards).contains(bucket) else { return }
        budget.withLock { $0.giveBack([RateCharge(bucket: bucket, cost: cost)], at: now) }
    }

    /// The venue refused a request for too many (429).
    public func refused(_ bucket: Int, retryAfter: Nanoseconds?, at now: MonotonicNanos) {
        guard (0..<Self.shards).contains(bucket) else { return }
        budget.withLock { $0.refused([RateCharge(bucket: bucket, cost: 0)], retryAfter: retryAfter, at: now) }
    }

    /// The venue answered anything else.
    public func accepted(_ bucket: Int) {
        guard (0..<Self.shards).contains(bucket) else { return }
        budget.withLock { $0.accepted([RateCharge(bucket: bucket, cost: 0)]) }
    }
}
