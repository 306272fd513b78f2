/// Executions that are done and still here, in the order in which they are looked at.
struct EndedExecutions {
    private var line: [UInt32] = []
    private var first = 0

    var count: Int { line.count - first }

    mutating func append(_ number: UInt32) { line.append(number) }

    mutating func popFirst() -> UInt32? {
        guard first < line.count else { return nil }
        defer {
            first += 1
            if first > 64, first * 2 > line.count {
                line.removeFirst(first)
                first = 0
            }
        }
        return line[first]
    }
}
