internal import Synchronization
internal import Threading
internal import Trading

/// A gate between a test and a hostile peer's script: closed until somebody opens it.
public final class HostileGate: Sendable {
    private let isOpen = Atomic<Bool>(false)

    /// Closed.
    public init() {}

    /// Lets everybody through.
    public func open() { isOpen.store(true, ordering: .releasing) }

    /// Waits until it is open, at most five seconds; spins, since what follows is timed in microseconds.
    public func pass() {
        let until = NanoClock.monotonic() + .seconds(5)
        while !isOpen.load(ordering: .acquiring), NanoClock.monotonic() < until {}
    }
}

/// Tells whole requests apart in what a client sends.
struct HostileRequestReader {
    private var pending: [UInt8] = []
    private(set) var bytes = 0
    private(set) var requests = 0

    mutating func read(_ chunk: ArraySlice<UInt8>, _ found: (String) -> Void) {
        bytes += chunk.count
        pending += chunk
        while let end = pending.indices.first(where: { pending[$0...].starts(with: [13, 10, 13, 10]) }) {
            let head = String(decoding: pending[..<end], as: UTF8.self)
            let field = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length: ") }
            let length = field.flatMap { Int($0.dropFirst(16)) } ?? 0
            guard pending.count >= end + 4 + length else { return }
            pending.removeFirst(end + 4 + length)
            requests += 1
            found(head)
        }
    }
}
