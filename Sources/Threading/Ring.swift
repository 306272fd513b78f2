import Synchronization

/// A bounded queue from one producer thread to one consumer thread, without locks.
///
/// - Bound: `capacity` elements; `push` refuses when full, it never waits and never grows.
/// - Lane: `push` from one thread only, `pop` from one thread only.
public final class Ring<Element: Sendable>: @unchecked Sendable {
    // Safety: slot i is written by the producer before it publishes `tail` (release) and read by the consumer after it
    // saw `tail` (acquire); the consumer publishes `head` (release) before the producer may write the slot again.
    private let slots: UnsafeMutablePointer<Element?>
    private let mask: Int
    private let head = Atomic<Int>(0)
    private let tail = Atomic<Int>(0)

    /// A ring of at least `capacity` places (rounded up to a power of two).
    public init(capacity: Int) {
        precondition(capacity > 0 && capacity <= 1 << 30, "a ring has a bound")
        var size = 1
        while size < capacity { size *= 2 }
        slots = .allocate(capacity: size)
        slots.initialize(repeating: nil, count: size)
        mask = size - 1
    }

    deinit {
        slots.deinitialize(count: mask + 1)
        slots.deallocate()
    }

    /// Appends an element.
    ///
    /// - Returns: false when the ring is full; the element was not taken.
    public func push(_ element: Element) -> Bool {
        let end = tail.load(ordering: .relaxed)
        if end &- head.load(ordering: .acquiring) > mask { return false }  // counts wrap together
        slots[end & mask] = element
        tail.store(end &+ 1, ordering: .releasing)
        return true
    }

    /// Takes the oldest element; nil when the ring is empty.
    public func pop() -> Element? {
        let start = head.load(ordering: .relaxed)
        if start == tail.load(ordering: .acquiring) { return nil }
        let element = slots[start & mask]
        slots[start & mask] = nil
        head.store(start &+ 1, ordering: .releasing)
        return element
    }

    /// How many elements wait; exact only when neither side is at work.
    public var count: Int { tail.load(ordering: .acquiring) &- head.load(ordering: .acquiring) }
}
