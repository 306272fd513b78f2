public import Trading

/// Notices that messages of a venue are read later than they used to be: we, or the way to us, stood still for a moment.
///
/// After such a pause one venue's messages are read before another's, and for that time the books show two different
/// moments: an edge between them may never have been there. Whoever decides waits until everything is read.
public struct ReadDelay: Sendable {
    /// Messages later than this, and than four times the usual, are late.
    public static let tolerance = Nanoseconds.milliseconds(25)
    /// How long after the last late message everything counts as read.
    public static let calm = Nanoseconds.milliseconds(10)
    private static let learnedMax = Nanoseconds.milliseconds(100)

    /// Mean delay beyond the least delayed message of the minute, over some 256 messages.
    private var usual: Int64 = 0

    /// A venue of which nothing is known: every delay above the tolerance is late.
    public init() {}

    /// Takes in the age at which a message was read (`Freshness.age`); true when it is late.
    public mutating func observe(_ age: Nanoseconds) -> Bool {
        let delay = max(0, age.rawValue)
        let isLate = delay > Self.tolerance.rawValue + 4 * usual
        usual += (min(delay, Self.learnedMax.rawValue) - usual) / 256
        return isLate
    }
}
