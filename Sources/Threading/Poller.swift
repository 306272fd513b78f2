import CLinux
import Glibc
public import Trading

/// Waits for sockets, for a deadline and for other threads, all at once (epoll and an eventfd).
///
/// - Lane: `wait`, `add` and `remove` from the owning thread only; `wake` from any thread.
/// - Bound: reports at most 256 ready sockets a call; the rest come with the next.
public final class Poller: @unchecked Sendable {
    // Safety: the descriptors are fixed for the life of the object; the event buffer is used by the owner thread only.
    private let epoll: Int32
    private let signal: Int32
    private let tokens: UnsafeMutablePointer<UInt64>
    private static let eventsMax = 256
    private static let wakeToken = UInt64.max

    /// The system refused a descriptor; `number` is errno.
    public struct Fault: Error, Hashable, Sendable {
        /// errno of the refusal.
        public let number: Int32
        /// Stable for ever; listed in `Docs/ERRORS.md`.
        public var code: String { "E_NET_DESCRIPTORS" }
    }

    /// A poller with nothing to watch yet.
    ///
    /// - Throws: `Fault` when the process has no descriptors left.
    public init() throws(Fault) {
        epoll = CLinux_epoll_create()
        guard epoll >= 0 else { throw Fault(number: errno) }
        signal = CLinux_eventfd()
        guard signal >= 0 else {
            let number = errno
            close(epoll)
            throw Fault(number: number)
        }
        tokens = .allocate(capacity: Self.eventsMax)
        tokens.initialize(repeating: 0, count: Self.eventsMax)
        let status = CLinux_epoll_add(epoll, signal, Self.wakeToken, 0, 0)
        precondition(status == 0, "a fresh eventfd can be watched")
    }

    deinit {
        close(epoll)
        close(signal)
        tokens.deallocate()
    }

    /// Watches a socket for input (and, when `output`, for room to write); `token` comes back from `wait`.
    ///
    /// - Throws: `Fault` when the system refuses.
    public func add(_ descriptor: Int32, token: UInt64, output: Bool = false) throws(Fault) {
        precondition(token != Self.wakeToken, "the last token is the poller's own")
        if CLinux_epoll_add(epoll, descriptor, token, output ? 1 : 0, 0) == 0 { return }
        guard errno == EEXIST, CLinux_epoll_add(epoll, descriptor, token, output ? 1 : 0, 1) == 0 else {
            throw Fault(number: errno)
        }
    }

    /// Stops watching a socket. A closed descriptor needs no call.
    public func remove(_ descriptor: Int32) {
        _ = CLinux_epoll_remove(epoll, descriptor)
    }

    /// Ends a `wait` of the owner thread, now or as soon as it begins.
    public func wake() {
        var one: UInt64 = 1
        _ = write(signal, &one, 8)
    }

    /// Waits until a socket is ready, another thread called `wake`, or `timeout` has passed (zero: only looks).
    ///
    /// Calls `ready` with the token of each ready socket.
    public func wait(timeout: Nanoseconds, ready: (UInt64) -> Void) {
        // epoll counts milliseconds: rounding up would sleep past a deadline, so the last part of one is polled.
        let milliseconds = Int32(clamping: max(0, timeout.rawValue) / 1_000_000)
        let count = CLinux_epoll_wait(epoll, tokens, Int32(Self.eventsMax), milliseconds)
        guard count > 0 else { return }
        for index in 0..<Int(count) {
            let token = tokens[index]
            if token == Self.wakeToken {
                var drained: UInt64 = 0
                _ = read(signal, &drained, 8)
            } else {
                ready(token)
            }
        }
    }
}
