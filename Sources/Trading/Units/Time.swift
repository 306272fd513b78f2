/// A length of time. Unit: 1 ns; may be negative.
@frozen
public struct Nanoseconds: Hashable, Comparable, Sendable {
    /// Nanoseconds.
    public let rawValue: Int64

    /// A duration of `rawValue` nanoseconds.
    @inlinable
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// A duration of whole milliseconds.
    @inlinable
    public static func milliseconds(_ count: Int64) -> Nanoseconds { Nanoseconds(rawValue: count * 1_000_000) }
    /// A duration of whole seconds.
    @inlinable
    public static func seconds(_ count: Int64) -> Nanoseconds { Nanoseconds(rawValue: count * 1_000_000_000) }
    /// No time at all.
    @inlinable public static var zero: Nanoseconds { Nanoseconds(rawValue: 0) }

    /// Orders by value.
    @inlinable
    public static func < (left: Nanoseconds, right: Nanoseconds) -> Bool { left.rawValue < right.rawValue }
}

/// An instant of the one monotonic clock (`NanoClock`). Unit: 1 ns since an arbitrary start; never compared with wall time.
@frozen
public struct MonotonicNanos: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's start.
    public let rawValue: Int64

    /// An instant at `rawValue` nanoseconds.
    @inlinable
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// Orders by value.
    @inlinable
    public static func < (left: MonotonicNanos, right: MonotonicNanos) -> Bool { left.rawValue < right.rawValue }
    /// The time from `right` to `left`.
    @inlinable
    public static func - (left: MonotonicNanos, right: MonotonicNanos) -> Nanoseconds {
        Nanoseconds(rawValue: left.rawValue - right.rawValue)
    }
    /// The instant `right` later.
    @inlinable
    public static func + (left: MonotonicNanos, right: Nanoseconds) -> MonotonicNanos {
        MonotonicNanos(rawValue: left.rawValue + right.rawValue)
    }
}

/// A wall-clock instant. Unit: 1 ns since 1970-01-01T00:00:00Z. For venues, logs and calendars; deadlines are monotonic.
@frozen
public struct UTCNanos: Hashable, Comparable, Sendable {
    /// Nanoseconds since the epoch.
    public let rawValue: Int64

    /// An instant `rawValue` nanoseconds after the epoch.
    @inlinable
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// An instant given as milliseconds since the epoch, as venues stamp it; nil when out of range.
    @inlinable
    public init?(milliseconds: Int64) {
        let (nanos, over) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        if over { return nil }
        self.rawValue = nanos
    }

    /// Orders by value.
    @inlinable
    public static func < (left: UTCNanos, right: UTCNanos) -> Bool { left.rawValue < right.rawValue }
    /// The time from `right` to `left`.
    @inlinable
    public static func - (left: UTCNanos, right: UTCNanos) -> Nanoseconds {
        Nanoseconds(rawValue: left.rawValue - right.rawValue)
    }
    /// The instant `right` later.
    @inlinable
    public static func + (left: UTCNanos, right: Nanoseconds) -> UTCNanos {
        UTCNanos(rawValue: left.rawValue + right.rawValue)
    }
}

/// When an input reached us, on both clocks. Every input of a decision carries one, and the core knows no other time.
@frozen
public struct Stamp: Hashable, Sendable {
    /// Receive instant for durations and deadlines.
    public let monotonic: MonotonicNanos
    /// Receive instant for comparison with a venue's own stamps.
    public let utc: UTCNanos

    /// A stamp from both clocks, read together.
    @inlinable
    public init(monotonic: MonotonicNanos, utc: UTCNanos) {
        self.monotonic = monotonic
        self.utc = utc
    }
}
