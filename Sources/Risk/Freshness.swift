public import Trading

/// Whether books are new enough to decide on (OPERATOR §5, `[risk]`).
///
/// The book that changed is judged by its age against the venue's clock; the books that did not change are judged by
/// the life of their connection and by the last independent check, because a quiet market is not a stale one.
public struct Freshness: Sendable {
    /// Limits.
    public struct Limits: Sendable, Hashable {
        /// Oldest trigger book.
        public var bookAgeMax: Nanoseconds
        /// Longest time without a data frame on a connection.
        public var feedSilenceMax: Nanoseconds
        /// Longest time without a cross-check of a book.
        public var crossCheckMax: Nanoseconds
        /// Largest believable clock offset, either way.
        public var offsetMax: Nanoseconds
        /// Ages below this contradict the offset.
        public var ageMin: Nanoseconds

        /// The limits of OPERATOR §5 where no argument says otherwise.
        public init(
            bookAgeMax: Nanoseconds = .milliseconds(200), feedSilenceMax: Nanoseconds = .milliseconds(10_000),
            crossCheckMax: Nanoseconds = .seconds(60)
        ) {
            self.bookAgeMax = bookAgeMax
            self.feedSilenceMax = feedSilenceMax
            self.crossCheckMax = crossCheckMax
            self.offsetMax = .milliseconds(500)
            self.ageMin = .milliseconds(-5)
        }
    }

    /// The verdict on one book.
    public enum Verdict: Sendable, Hashable {
        /// New enough.
        case fresh
        /// The trigger side is too old, or the clocks contradict each other.
        case stale
        /// The passive side's connection or cross-check is too old.
        case silent
    }

    private let limits: Limits

    /// Freshness under `limits`.
    public init(_ limits: Limits) { self.limits = limits }

    /// The age of what a message told: receipt minus venue stamp minus offset; nil where something of that is unknown.
    public static func age(venueStamp: UTCNanos?, received: Stamp?, offset: Nanoseconds?) -> Nanoseconds? {
        guard let venueStamp, let received, let offset else { return nil }
        return Nanoseconds(rawValue: (received.utc - venueStamp).rawValue - offset.rawValue)
    }

    /// Judges the book whose change asks for a decision. A change that carries no venue stamp is judged as passive.
    public func trigger(
        _ book: Book, offset: Nanoseconds?, lastData: MonotonicNanos?, usualSilence: Nanoseconds? = nil, now: Stamp
    ) -> Verdict {
        guard let age = Self.age(venueStamp: book.venueStamp, received: book.received, offset: offset), let offset
        else {
            return passive(book, lastData: lastData, usualSilence: usualSilence, now: now)
        }
        guard offset.rawValue.magnitude <= limits.offsetMax.rawValue.magnitude, age >= limits.ageMin,
            age <= limits.bookAgeMax
        else { return .stale }
        return .fresh
    }

    /// Judges a book that did not change now.
    ///
    /// A connection that is silent for twice as long as it has been at most of late, and a little more, may be
    /// frozen: its books are not new enough, long before `feedSilenceMax`.
    /// - Parameter usualSilence: the longest silence of late; nil where that is not known yet.
    public func passive(
        _ book: Book, lastData: MonotonicNanos?, usualSilence: Nanoseconds? = nil, now: Stamp
    ) -> Verdict {
        var silenceMax = limits.feedSilenceMax
        if let usualSilence {
            silenceMax = min(silenceMax, Nanoseconds(rawValue: usualSilence.rawValue * 2 + Self.slack.rawValue))
        }
        guard let lastData, now.monotonic - lastData <= silenceMax, let checked = book.crossChecked,
            now.monotonic - checked <= limits.crossCheckMax
        else { return .silent }
        return .fresh
    }

    private static let slack = Nanoseconds.milliseconds(50)
}
