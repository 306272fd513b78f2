public import Trading

/// How far a venue's clock stands from ours, travel time included: the smallest difference seen in the last minute.
///
/// The least delayed message of a minute has waited nowhere, so what it shows is clock offset plus the shortest way. Any
/// other message is older than it by the amount that its difference is larger.
/// - Bound: 60 buckets of one second; O(1) a message.
public struct ClockOffset: Sendable {
    private var second: Int64 = .min
    private var buckets = [Int64](repeating: .max, count: 60)
    private var smallest: Int64 = .max

    /// An offset of which nothing is known.
    public init() {}

    /// Takes in one message.
    ///
    /// - Parameters:
    ///   - venueStamp: the venue's own time of it.
    ///   - received: when it reached us.
    public mutating func observe(venueStamp: UTCNanos, received: Stamp) {
        let difference = (received.utc - venueStamp).rawValue
        let now = received.monotonic.rawValue / 1_000_000_000
        if now != second { turn(to: now) }
        let index = Self.index(now)
        if difference < buckets[index] {
            buckets[index] = difference
            if difference < smallest { smallest = difference }
        }
    }

    /// The offset; nil before the first message or when the last minute had none.
    public var offset: Nanoseconds? { smallest == .max ? nil : Nanoseconds(rawValue: smallest) }

    private mutating func turn(to now: Int64) {
        let forgotten = second == .min ? 60 : min(60, max(1, now - second))
        for step in 0..<forgotten { buckets[Self.index(now - step)] = .max }
        second = now
        smallest = buckets.min() ?? .max
    }

    private static func index(_ second: Int64) -> Int { Int((second % 60 + 60) % 60) }
}
