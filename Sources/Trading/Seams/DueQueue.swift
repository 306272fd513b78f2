/// Things that are due at instants, by number: the earliest first, of equals the smallest number.
///
/// A thing is in it once, however often it is planned: the last plan holds. Nothing is searched: planning and taking take
/// the logarithm of how many things there are.
/// - Bound: one place a thing.
public struct DueQueue: Sendable {
    private var heap: [(due: MonotonicNanos, index: Int)] = []
    /// One more than a thing's place in the heap, by its number; 0: it is not planned.
    private var places: [Int] = []

    /// Nothing is due.
    public init() {}

    /// Things that are planned.
    public var count: Int { heap.count }

    /// Plans a thing, in place of what was planned for it.
    public mutating func plan(_ index: Int, at due: MonotonicNanos) {
        while places.count <= index { places.append(0) }
        if places[index] == 0 {
            heap.append((due, index))
            places[index] = heap.count
        } else {
            heap[places[index] - 1].due = due
        }
        sink(rise(places[index] - 1))
    }

    /// The instant of the first thing that is not passed over.
    ///
    /// - Parameter holds: false for a thing that is not due any more; it is taken out.
    public mutating func next(_ holds: (Int, MonotonicNanos) -> Bool) -> MonotonicNanos? {
        while let first = heap.first {
            if holds(first.index, first.due) { return first.due }
            removeFirst()
        }
        return nil
    }

    /// Takes the first thing that is due by `now` and is not passed over.
    public mutating func take(by now: MonotonicNanos, _ holds: (Int, MonotonicNanos) -> Bool) -> Int? {
        guard let due = next(holds), due <= now, let index = heap.first?.index else { return nil }
        removeFirst()
        return index
    }

    private mutating func removeFirst() {
        swap(0, heap.count - 1)
        places[heap.removeLast().index] = 0
        if !heap.isEmpty { sink(0) }
    }

    /// - Returns: where it came to rest.
    private mutating func rise(_ start: Int) -> Int {
        var child = start
        while child > 0, precedes(child, (child - 1) / 2) {
            swap(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
        return child
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [parent * 2 + 1, parent * 2 + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            if least == parent { return }
            swap(parent, least)
            parent = least
        }
    }

    private mutating func swap(_ left: Int, _ right: Int) {
        heap.swapAt(left, right)
        places[heap[left].index] = left + 1
        places[heap[right].index] = right + 1
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        heap[left].due == heap[right].due ? heap[left].index < heap[right].index : heap[left].due < heap[right].due
    }
}
