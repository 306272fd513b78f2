import Synchronization
public import Trading
public import Transport

/// The account's own limits, with a share of the orders kept for closes; cancels have a bucket that entries never touch.
///
/// - Source: per-signer limits of July 2026, tier Standard: 40 orders a second with bursts of 60, 80 and 120 for cancels.
///   The limits by address are a hundred times as wide and are not counted.
public final class SignerBudget: WriteBudget {
    private let budget: Mutex<RateBudget>

    private enum Place {
        static let orders = 0
        static let cancels = 1
    }

    /// Full buckets.
    ///
    /// - Parameters:
    ///   - orders: per second, with the burst.
    ///   - kept: tokens of the burst that entries leave to closes.
    public init(
        orders: (perSecond: Int, burst: Int) = (40, 60), cancels: (perSecond: Int, burst: Int) = (80, 120),
        kept: Int = 20, at now: MonotonicNanos
    ) {
        budget = Mutex(
            RateBudget(
                [
                    RateLimit(name: "orders", capacity: orders.burst, refill: orders.perSecond, reserve: kept),
                    RateLimit(name: "cancels", capacity: cancels.burst, refill: cancels.perSecond),
                ], at: now))
    }

    /// Takes tokens of orders; entries leave what is kept for closes.
    public func takeOrders(_ count: Int, _ purpose: SendPurpose, at now: MonotonicNanos) -> Bool {
        budget.withLock { $0.take([RateCharge(bucket: Place.orders, cost: count)], purpose, at: now) }
    }

    /// Takes tokens of cancels.
    public func takeCancels(_ count: Int, at now: MonotonicNanos) -> Bool {
        budget.withLock { $0.take([RateCharge(bucket: Place.cancels, cost: count)], .close, at: now) }
    }

    /// Puts tokens of orders back.
    public func giveBackOrders(_ count: Int, at now: MonotonicNanos) {
        budget.withLock { $0.giveBack([RateCharge(bucket: Place.orders, cost: count)], at: now) }
    }

    /// Puts tokens of cancels back.
    public func giveBackCancels(_ count: Int, at now: MonotonicNanos) {
        budget.withLock { $0.giveBack([RateCharge(bucket: Place.cancels, cost: count)], at: now) }
    }

    /// The venue said 429 to an order: the bucket of orders is empty for a while, that of cancels is not.
    public func refused(retryAfter: Nanoseconds?, at now: MonotonicNanos) {
        budget.withLock {
            $0.refused([RateCharge(bucket: Place.orders, cost: 1)], retryAfter: retryAfter, at: now)
        }
    }
}
