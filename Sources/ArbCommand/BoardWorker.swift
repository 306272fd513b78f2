import Arb
import Assembly
import Synchronization
import Threading
import Trading

/// Redraws the board, or says a heartbeat, on a thread of its own.
final class BoardWorker: Sendable {
    private let wakeup = Semaphore()
    private let ended = Atomic<Bool>(false)
    private let worker = Mutex<Worker?>(nil)

    init(reporter: RunReporter, cell: StatusCell, office: BackOffice) {
        let interval: Nanoseconds = reporter.isBoard ? .milliseconds(500) : .seconds(5)
        worker.withLock { worker in
            // Strong: an owner that is dropped before its end, as on a failing start, must outlive its thread.
            worker = Worker(name: "board") { [self] in
                while !ended.load(ordering: .acquiring) {
                    if let status = cell.status { reporter.draw(status, office.recent) }
                    _ = wakeup.wait(timeout: interval)
                }
            }
        }
    }

    /// Ends the thread.
    func finish() {
        ended.store(true, ordering: .releasing)
        wakeup.signal()
        worker.withLock { $0 }?.join()
    }
}

/// Holds the back office that is made after the core, which needs somewhere to send decisions.
final class OfficeBox: Sendable {
    private let office = Mutex<BackOffice?>(nil)

    func open(_ office: BackOffice) { self.office.withLock { $0 = office } }

    func post(_ event: DecisionEvent) { office.withLock { $0 }?.post(event) }
}
