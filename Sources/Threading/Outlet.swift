import Glibc
import Synchronization
public import Trading

/// A descriptor that is written on a thread of its own, so that a reader who stops without going away, as a paused pager or
/// a full pipe, holds up nobody who has something to say (P24).
///
/// - Lane: `offer` from any thread, never waits for the reader.
/// - Bound: 1 MiB waits; lines beyond it are dropped, counted, and the reader is told how many once there is room again.
public final class Outlet: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        /// Lines that the reader has not been told of.
        var untold = 0
        var dropped = 0
        var isEnded = false
        /// Nobody reads any more.
        var isGone = false
    }

    private static let roomMax = 1 << 20

    private let descriptor: Int32
    private let isGone: @Sendable () -> Void
    private let words: @Sendable (Int) -> [UInt8]
    private let state: Mutex<State>
    private let news = Semaphore()
    private let done = Semaphore()
    /// Moves with every byte that was taken.
    private let written = Atomic<Int>(0)

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - descriptor: where to; a blocking one.
    ///   - words: says to the reader that so many lines were dropped.
    ///   - isGone: called once, when nobody reads any more; not called for a reader who stopped.
    public init(
        _ descriptor: Int32, words: @escaping @Sendable (Int) -> [UInt8], isGone: @escaping @Sendable () -> Void
    ) {
        self.descriptor = descriptor
        self.words = words
        self.isGone = isGone
        state = Mutex(State())
        _ = Worker(name: "outlet") { [self] in write() }
    }

    /// Lines that were dropped so far.
    public var dropped: Int { state.withLock { $0.dropped } }

    /// Has these bytes written, whole lines; drops them when too much waits.
    public func offer(_ bytes: [UInt8]) {
        let isFirst = state.withLock { state in
            guard !state.isGone, !state.isEnded else { return false }
            guard state.waiting.count + bytes.count <= Self.roomMax else {
                state.untold += Self.lines(bytes)
                state.dropped += Self.lines(bytes)
                return false
            }
            let isFirst = state.waiting.isEmpty
            if state.untold > 0 {
                state.waiting += words(state.untold)
                state.untold = 0
            }
            state.waiting += bytes
            return isFirst
        }
        // Who writes looks again after each block: it waits only where nothing did.
        if isFirst { news.signal() }
    }

    /// Takes nothing more, and waits until all is written. May be asked again.
    ///
    /// - Parameters:
    ///   - idle: the longest that the reader may take nothing; nil: as long as it likes.
    ///   - total: the longest altogether, where `idle` has an end.
    public func finish(idle: Nanoseconds?, total: Nanoseconds) {
        state.withLock { $0.isEnded = true }
        news.signal()
        let end = NanoClock.monotonic() + total
        var last = written.load(ordering: .relaxed)
        while !done.wait(timeout: idle ?? .seconds(60)) {
            let now = written.load(ordering: .relaxed)
            if idle != nil, now == last || NanoClock.monotonic() >= end { return }
            last = now
        }
        done.signal()  // for whoever asks again
    }

    private func write() {
        var bytes: [UInt8] = []
        while true {
            bytes.removeAll(keepingCapacity: bytes.capacity <= Self.roomMax / 8)
            let isOver = state.withLock { state in
                if state.untold > 0, state.waiting.isEmpty {
                    state.waiting = words(state.untold)
                    state.untold = 0
                }
                swap(&bytes, &state.waiting)
                return state.isEnded && bytes.isEmpty || state.isGone
            }
            if isOver { return done.signal() }
            if bytes.isEmpty { news.wait() } else { put(bytes) }
        }
    }

    private func put(_ bytes: [UInt8]) {
        let fault = SystemCalls.write(bytes, to: descriptor) { written.wrappingAdd($0, ordering: .relaxed) }
        guard fault == EPIPE else {
            // A full disk may have room again.
            if fault != 0 { state.withLock { $0.dropped += Self.lines(bytes) } }
            return
        }
        state.withLock { state in
            state.isGone = true
            state.waiting = []
        }
        isGone()
    }

    private static func lines(_ bytes: [UInt8]) -> Int { max(1, bytes.count { $0 == UInt8(ascii: "\n") }) }
}
