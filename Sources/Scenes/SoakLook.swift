public import Trading

/// One look at the run of a soak.
public struct SoakLook: Sendable, Hashable {
    /// Since the start.
    public var at = Nanoseconds.zero
    /// Resident memory, and the part of it that is no file's. Unit: KiB.
    public var resident = 0, anonymous = 0
    /// What its allocator has handed out, as it says itself. Unit: bytes.
    public var inUse = 0
    /// Executions and orders that it follows.
    public var executions = 0, liveOrders = 0
    /// Boxes that are not paid.
    public var boxes = 0
    /// Messages that the venues sent since the look before, a second.
    public var messagesPerSecond = 0
    /// Orders that came to the venues so far.
    public var orders = 0

    /// Nothing seen.
    public init() {}
}
