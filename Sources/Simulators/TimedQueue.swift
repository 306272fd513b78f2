/// What is due when: a heap by instant, of equals the one that was put in first.
struct TimedQueue<Item> {
    private var heap: [(at: Int64, order: Int, item: Item)] = []
    private var order = 0

    /// When the first is due; nil when nothing waits.
    var next: Int64? { heap.first?.at }

    mutating func push(_ item: Item, at instant: Int64) {
        order += 1
        heap.append((instant, order, item))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the first when it is due by `instant`.
    mutating func pop(by instant: Int64) -> (at: Int64, item: Item)? {
        guard let first = heap.first, first.at <= instant else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [parent * 2 + 1, parent * 2 + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            if least == parent { return (first.at, first.item) }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].at, heap[left].order) < (heap[right].at, heap[right].order)
    }
}
