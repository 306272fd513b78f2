import Synchronization

/// An operator's halt, raised from any thread or a signal's, seen on the hot lane before the next order.
///
/// - Lane: any. A halt is never lost between two looks: lowering takes back only what was raised before it was looked at.
public final class HaltFlag: Sendable {
    private let raised = Atomic<UInt64>(0)
    private let lowered = Atomic<UInt64>(0)

    /// Nothing is halted.
    public init() {}

    /// Halts.
    public func raise() { raised.wrappingAdd(1, ordering: .acquiringAndReleasing) }

    /// True while something was raised that was not lowered.
    public var isRaised: Bool { raised.load(ordering: .acquiring) != lowered.load(ordering: .acquiring) }

    /// How often it was raised: to be read before what may be lowered is judged.
    public var count: UInt64 { raised.load(ordering: .acquiring) }

    /// Ends what was raised up to `count`; what came later stands. One caller at a time.
    public func lower(upTo count: UInt64) {
        if count > lowered.load(ordering: .relaxed) { lowered.store(count, ordering: .releasing) }
    }
}
