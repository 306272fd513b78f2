import Glibc
import Threading

/// SIGINT and SIGTERM as a call on a thread of their own: nothing happens inside a signal handler.
struct Signals {
    private let worker: Worker

    private static func set() -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGUSR1)
        sigaddset(&set, SIGUSR2)
        return set
    }

    /// Keeps the signals from the calling thread and all that it starts later. Before any thread is started.
    static func block() {
        var set = Self.set()
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Calls `stop` at the first SIGINT or SIGTERM; a second one ends the process at once. Calls `halt` at SIGUSR1, by which
    /// `arb halt` tells a daemon to send nothing more.
    init(halt: @escaping @Sendable () -> Void = {}, _ stop: @escaping @Sendable () -> Void) {
        worker = Worker(name: "signals") {
            var set = Self.set()
            var number: Int32 = 0
            var isStopping = false
            while sigwait(&set, &number) == 0 {
                if number == SIGUSR2 { return }
                if number == SIGUSR1 {
                    halt()
                    continue
                }
                if isStopping { _exit(128 + number) }
                isStopping = true
                stop()
            }
        }
    }

    /// Ends the thread.
    func finish() {
        kill(getpid(), SIGUSR2)
        worker.join()
    }
}
