import Synchronization

/// A queue into which any thread puts and from which one lane takes, all at once.
///
/// - Bound: `capacity`; `post` refuses when full.
public final class Mailbox<Element: Sendable>: Sendable {
    private let capacity: Int
    private let room: Int
    private let waiting = Atomic<Int>(0)
    private let elements: Mutex<[Element]>

    /// An empty mailbox for `capacity` elements.
    ///
    /// - Parameter room: for so many there is memory from the start, in each of the lists that change hands.
    public init(capacity: Int, room: Int = 0) {
        precondition(capacity > 0 && room <= min(capacity, Self.keptMax), "a mailbox has a bound, and what is kept too")
        self.capacity = capacity
        self.room = room
        elements = Mutex(Self.list(room: room))
    }

    /// An empty list with room for so many, whose pages are there: the other one for `takeAll(into:)`.
    public static func list(room: Int) -> [Element] {
        guard room > 0 else { return [] }
        return Array(unsafeUninitializedCapacity: room) { memory, count in
            UnsafeMutableRawBufferPointer(memory).initializeMemory(as: UInt8.self, repeating: 0)
            count = 0
        }
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
        if taken.capacity <= Self.keptMax {
            taken.removeAll(keepingCapacity: true)
        } else {
            taken = Self.list(room: room)
        }
        elements.withLock { elements in
            swap(&elements, &taken)
            waiting.store(0, ordering: .releasing)
        }
    }

    private static var keptMax: Int { 1_024 }
}
