import Glibc
public import Trading

/// Some of the signals that end or call a process.
public struct SignalSet: Sendable {
    private let set: sigset_t

    /// - Parameter numbers: as signal(7) names them.
    public init(_ numbers: [Int32]) {
        var set = sigset_t()
        sigemptyset(&set)
        for number in numbers { sigaddset(&set, number) }
        self.set = set
    }

    /// Keeps them from the calling thread and all that it starts later: they wait for `wait`.
    public func block() { change(SIG_BLOCK) }

    /// Lets the calling thread have them again.
    public func unblock() { change(SIG_UNBLOCK) }

    private func change(_ how: Int32) {
        var set = set
        pthread_sigmask(how, &set, nil)
    }

    /// Waits for one of them; every thread has them blocked.
    public func wait() -> Int32 {
        var set = set
        var number: Int32 = 0
        while sigwait(&set, &number) != 0 {}
        return number
    }

    /// Waits for one of them, as `wait()` does; nil: the time has come first.
    public func wait(until time: MonotonicNanos) -> Int32? {
        var set = set
        while true {
            let left = max(0, (time - NanoClock.monotonic()).rawValue)
            var limit = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
            let number = sigtimedwait(&set, nil, &limit)
            if number > 0 { return number }
            if errno == EAGAIN { return nil }
        }
    }
}
