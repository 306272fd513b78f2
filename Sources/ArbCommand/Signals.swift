import Arb
import Glibc
import Threading

/// SIGINT and SIGTERM as a call on a thread of their own: nothing happens inside a signal handler.
///
/// SIGUSR1, the halt, is the one exception: it raises the flag in a handler on the first thread, which is the hot lane. So
/// that thread runs not one instruction of its own between the signal and the flag, however late another would be woken.
struct Signals {
    private let worker: Worker

    private static let set = SignalSet([SIGINT, SIGTERM, SIGUSR1, SIGUSR2])

    /// Keeps the signals from the calling thread and all that it starts later. Before any thread is started.
    static func block() { set.block() }

    // Safety: written once, before the handler is installed; the flag is never let go.
    private nonisolated(unsafe) static var flag: Unmanaged<HaltFlag>?

    /// Calls `stop` at the first SIGINT or SIGTERM; a second one ends the process at once. Raises `halt` at SIGUSR1, by which
    /// `arb halt` tells a daemon to send nothing more. On the thread that becomes the hot lane.
    init(halt: HaltFlag? = nil, _ stop: @escaping @Sendable () -> Void) {
        if let halt { Self.raise(halt) }
        worker = Worker(name: "signals") {
            var isStopping = false
            while true {
                let number = Self.set.wait()
                if number == SIGUSR2 { return }
                if number == SIGUSR1 {
                    halt?.raise()
                    continue
                }
                if isStopping { _exit(128 + number) }
                isStopping = true
                Terminal.hurry()
                stop()
            }
        }
    }

    /// Installs the handler: two atomic additions, nothing else, are done in it.
    private static func raise(_ halt: HaltFlag) {
        flag = Unmanaged.passRetained(halt)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in Signals.flag?._withUnsafeGuaranteedRef { $0.raise() } }
        action.sa_flags = SA_RESTART
        guard sigaction(SIGUSR1, &action, nil) == 0 else { return }
        SignalSet([SIGUSR1]).unblock()
    }

    /// Ends the thread.
    func finish() {
        kill(getpid(), SIGUSR2)
        worker.join()
    }
}
