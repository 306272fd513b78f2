public import Trading

/// How long to wait before the next try: doubling to a cap, with full jitter so that many clients do not knock together.
///
/// Time and randomness are given in, so that a replay waits as long as the recording did.
public struct Backoff: Sendable {
    private let first: Nanoseconds
    private let cap: Nanoseconds
    private var failures = 0
    private var random: SeededGenerator

    /// A sequence of waits that begins at up to `first` and ends at up to `cap`.
    public init(first: Nanoseconds = .milliseconds(250), cap: Nanoseconds = .seconds(30), seed: UInt64) {
        precondition(first > .zero && first <= cap, "a wait is positive")
        self.first = first
        self.cap = cap
        random = SeededGenerator(seed: seed)
    }

    /// Tries that failed in a row.
    public var attempts: Int { failures }

    /// The wait before the next try: between half and all of the step, so that it is never none.
    public mutating func next() -> Nanoseconds {
        let doublings = min(failures, 20)
        failures += 1
        let step = min(cap.rawValue, first.rawValue.multipliedReportingOverflow(by: 1 << Int64(doublings)).partialValue)
        let bounded = step > 0 ? step : cap.rawValue
        return Nanoseconds(rawValue: Int64.random(in: (bounded / 2)...bounded, using: &random))
    }

    /// A try succeeded: the next failure begins anew.
    public mutating func reset() { failures = 0 }
}
