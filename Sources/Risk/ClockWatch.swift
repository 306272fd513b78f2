public import Trading

/// Sees the wall clock jump: what it shows beside the monotonic clock changes, and neither drifts by seconds in a second.
///
/// Deadlines never look at the wall clock; signatures, the day's loss and closing times do.
public struct ClockWatch: Sendable, Hashable {
    /// A smaller change is the clock being kept right.
    public static let jumpMin = Nanoseconds.seconds(2)

    private var offset: Int64?

    /// Nothing seen yet.
    public init() {}

    /// Looks at both clocks.
    ///
    /// - Returns: by how much the wall clock jumped since the last look, forwards above zero; nil when it did not.
    public mutating func look(_ stamp: Stamp) -> Nanoseconds? {
        let now = stamp.utc.rawValue &- stamp.monotonic.rawValue
        defer { offset = now }
        guard let offset else { return nil }
        let (jump, isOver) = now.subtractingReportingOverflow(offset)
        guard isOver || jump.magnitude >= Self.jumpMin.rawValue.magnitude else { return nil }
        return Nanoseconds(rawValue: isOver ? .max : jump)
    }
}
