import Testing
import Trading

@Suite("What is due, by number")
struct DueQueueTests {
    @Test("against a table of what holds: the earliest first, of equals the smallest number, each thing once")
    func oracle() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            var queue = DueQueue()
            var table: [Int: Int64] = [:]
            var now = Int64(0)
            for _ in 0..<300 {
                now += Int64.random(in: 0...3, using: &random)
                let index = Int.random(in: 0..<20, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0, 1:
                    // Sooner or later than it was planned, and often the same instant as another's.
                    let due = now + Int64.random(in: 0...12, using: &random)
                    queue.plan(index, at: MonotonicNanos(rawValue: due))
                    table[index] = due
                case 2:
                    let isOut = { (thing: Int, _: MonotonicNanos) in thing != index }
                    let first = table.filter { $0.key != index }.min { ($0.value, $0.key) < ($1.value, $1.key) }
                    if let passed = table[index], first.map({ (passed, index) < ($0.value, $0.key) }) ?? true {
                        table[index] = nil
                    }
                    #expect(queue.next(isOut)?.rawValue == first?.value)
                default:
                    let first = table.min { ($0.value, $0.key) < ($1.value, $1.key) }
                    let due = first.flatMap { $0.value <= now ? $0.key : nil }
                    #expect(queue.take(by: MonotonicNanos(rawValue: now), { _, _ in true }) == due)
                    if let due { table[due] = nil }
                }
                #expect(queue.count == table.count)
            }
        }
    }

    @Test("planned a thousand times, it is in it once, at its last instant")
    func once() {
        var queue = DueQueue()
        for instant in 0..<1_000 { queue.plan(3, at: MonotonicNanos(rawValue: Int64(instant % 7))) }
        #expect(queue.count == 1)
        #expect(queue.take(by: MonotonicNanos(rawValue: 4), { _, _ in true }) == nil)
        #expect(queue.take(by: MonotonicNanos(rawValue: 5), { _, _ in true }) == 3)
        #expect(queue.next({ _, _ in true }) == nil && queue.count == 0)
    }
}
