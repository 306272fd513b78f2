/// Things that are due at instants, by number: the earliest first, of equals the smallest number.
///
/// A thing that is planned anew stays in the queue under its old instant too; whoever takes it says whether that still
/// holds. So nothing is searched, however many things there are.
public struct DueQueue: Sendable {
    private var heap: [(due: MonotonicNanos, index: Int)] = []

    /// Nothing is due.
    public init() {}

    /// Plans a thing.
    public mutating func plan(_ index: Int, at due: MonotonicNanos) {
        heap.append((due, index))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The instant of the first thing of which the plan still holds.
    public mutating func next(_ holds: (Int, MonotonicNanos) -> Bool) -> MonotonicNanos? {
        while let first = heap.first {
            if holds(first.index, first.due) { return first.due }
            removeFirst()
        }
        return nil
    }

    /// Takes the first thing that is due by `now` and of which the plan still holds.
    public mutating func take(by now: MonotonicNanos, _ holds: (Int, MonotonicNanos) -> Bool) -> Int? {
        guard let due = next(holds), due <= now, let index = heap.first?.index else { return nil }
        removeFirst()
        return index
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [parent * 2 + 1, parent * 2 + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        heap[left].due == heap[right].due ? heap[left].index < heap[right].index : heap[left].due < heap[right].due
    }
}
