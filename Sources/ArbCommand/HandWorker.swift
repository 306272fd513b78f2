import Assembly
import Synchronization
import Threading
import Trading

/// Does what a command wants inside its run, beside the hot lane, and ends the run after it.
final class HandWorker: Sendable {
    /// What a command does inside a run of its own that enters nothing; on a thread beside the hot lane.
    struct Hand: Sendable {
        /// Why nothing is entered.
        let words: String
        /// Is given the run and its newest status; the run ends when it returns.
        let body: @Sendable (Daemon, StatusCell) throws -> ExitCode
    }

    private let outcome = Mutex<Result<ExitCode, any Error>?>(nil)
    private let ended = Semaphore()
    private let worker = Mutex<Worker?>(nil)

    init(_ hand: Hand, _ daemon: Daemon, _ cell: StatusCell, _ stop: RunStop) {
        worker.withLock { worker in
            worker = Worker(name: "hand") { [self] in
                let result = Result { try hand.body(daemon, cell) }
                outcome.withLock { $0 = result }
                stop.request()
                ended.signal()
            }
        }
    }

    /// What came of it; a run that was ended from outside does not wait for an answer at the keyboard.
    func result() throws -> ExitCode {
        _ = ended.wait(timeout: .seconds(1))
        guard let result = outcome.withLock({ $0 }) else { return .failure }
        return try result.get()
    }
}
