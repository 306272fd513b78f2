public import Trading

/// What a set of durations amounts to: exact order statistics, by nearest rank. Nothing is binned or estimated.
public struct Quantiles: Hashable, Sendable {
    /// How many durations.
    public let count: Int
    /// Half are at most this.
    public let p50: Nanoseconds
    /// 90 % are at most this.
    public let p90: Nanoseconds
    /// 99 % are at most this.
    public let p99: Nanoseconds
    /// 99.9 % are at most this; the maximum below a thousand samples.
    public let p999: Nanoseconds
    /// The longest.
    public let max: Nanoseconds

    /// Of durations in ascending order; nil without any. Unit: 1 ns.
    public init?(ascending sorted: [Int64]) {
        guard let last = sorted.last else { return nil }
        /// The smallest value that at least `perMille` of all are not above.
        func rank(_ perMille: Int) -> Nanoseconds {
            let position = (sorted.count * perMille + 999) / 1_000
            return Nanoseconds(rawValue: sorted[Swift.max(1, position) - 1])
        }
        count = sorted.count
        (p50, p90, p99, p999) = (rank(500), rank(900), rank(990), rank(999))
        max = Nanoseconds(rawValue: last)
    }
}

/// Durations for people: three digits and a unit, at most seven columns.
public enum DurationText {
    /// `850ns`, `9.85us`, `123us`, `1.23ms`, `45.6s`.
    public static func short(_ duration: Nanoseconds) -> String {
        let magnitude = duration.rawValue.magnitude
        let sign = duration.rawValue < 0 ? "-" : ""
        for (unit, size) in [("us", 1_000 as UInt64), ("ms", 1_000_000)] where magnitude < size * 1_000 {
            return magnitude < 1_000 ? "\(sign)\(magnitude)ns" : sign + digits(magnitude, size) + unit
        }
        return sign + digits(magnitude, 1_000_000_000) + "s"
    }

    /// Cut, not rounded: 999.9 us stays below a millisecond.
    private static func digits(_ value: UInt64, _ unit: UInt64) -> String {
        let whole = value / unit
        if whole >= 100 { return String(whole) }
        let decimals: UInt64 = whole >= 10 ? 10 : 100
        let rest = String(value % unit * decimals / unit)
        let zeros = (decimals == 100 ? 2 : 1) - rest.count
        return "\(whole)." + String(repeating: "0", count: Swift.max(0, zeros)) + rest
    }
}
