import Synchronization

/// An operator's halt, raised from any thread or a signal's, seen on the hot lane before the next order.
///
/// - Lane: any; never lowered in a run, so that a halt cannot be lost between two looks.
public final class HaltFlag: Sendable {
    private let raised = Atomic<Bool>(false)

    /// Nothing is halted.
    public init() {}

    /// Halts.
    public func raise() { raised.store(true, ordering: .releasing) }

    /// True once it was raised.
    public var isRaised: Bool { raised.load(ordering: .acquiring) }
}
