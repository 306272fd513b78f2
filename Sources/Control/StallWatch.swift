public import Trading

/// Whether a thread that should answer still does (P21): a pause of the whole process, or of the machine, is none of its own.
public struct StallWatch: Sendable {
    private let limit: Nanoseconds
    private let lookMax: Nanoseconds
    private var answers: UInt64 = 0
    private var lastLook: MonotonicNanos?
    private var waited = Nanoseconds.zero

    /// A watch that finds a stall after so much time without an answer.
    ///
    /// - Parameter lookMax: the most that one look counts for: whoever looks was held up too.
    public init(limit: Nanoseconds, lookMax: Nanoseconds = .milliseconds(100)) {
        self.limit = limit
        self.lookMax = lookMax
    }

    /// Looks; to be called often.
    ///
    /// - Parameter answers: how many answers came so far; zero: it has not begun.
    /// - Returns: true when it is stuck.
    public mutating func look(answers: UInt64, at now: MonotonicNanos) -> Bool {
        defer { lastLook = now }
        guard answers > 0, answers == self.answers, let lastLook else {
            self.answers = answers
            waited = .zero
            return false
        }
        waited = Nanoseconds(rawValue: waited.rawValue + min((now - lastLook).rawValue, lookMax.rawValue))
        return waited >= limit
    }
}
