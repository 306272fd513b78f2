import Synchronization

/// A queue into which any thread puts and from which one lane takes, all at once.
///
/// - Bound: `capacity`; `post` refuses when full.
public final class Mailbox<Element: Sendable>: Sendable {
    private let capacity: Int
    private let waiting = Atomic<Int>(0)
    private let elements = Mutex<[Element]>([])

    /// An empty mailbox for `capacity` elements.
    public init(capacity: Int) {
        precondition(capacity > 0, "a mailbox has a bound")
        self.capacity = capacity
    }

    /// Puts an element in.
    ///
    /// - Returns: false when the mailbox is full; the element was not taken.
    public func post(_ element: Element) -> Bool {
        elements.withLock { elements in
            guard elements.count < capacity else { return false }
            elements.append(element)
            waiting.store(elements.count, ordering: .releasing)
            return true
        }
    }

    /// True when nothing waits; costs one load, so a lane may ask in every turn.
    public var isEmpty: Bool { waiting.load(ordering: .acquiring) == 0 }

    /// Takes everything, oldest first.
    public func takeAll() -> [Element] {
        elements.withLock { elements in
            let taken = elements
            elements = []
            waiting.store(0, ordering: .releasing)
            return taken
        }
    }

    /// Takes everything, oldest first, into a list whose room is used again: neither who posts nor who takes asks the
    /// allocator for lists then.
    ///
    /// - Parameter taken: what it holds is let go first. Room for more than `keptMax` is given back.
    public func takeAll(into taken: inout [Element]) {
        taken.removeAll(keepingCapacity: taken.capacity <= Self.keptMax)
        elements.withLock { elements in
            swap(&elements, &taken)
            waiting.store(0, ordering: .releasing)
        }
    }

    private static var keptMax: Int { 1_024 }
}
