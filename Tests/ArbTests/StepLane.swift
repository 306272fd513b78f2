import Arb
import Trading

/// An executor whose jobs run when the test says so, on the test's own thread: fires and answers in a known order.
final class StepLane: SerialExecutor, TaskExecutor, @unchecked Sendable {
    // Safety: used by one test on one thread.
    private var jobs: [UnownedJob] = []
    private(set) var isCurrent = false

    func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

    /// Runs everything that waits, and what that makes.
    func drain() {
        isCurrent = true
        while !jobs.isEmpty {
            let next = jobs.removeFirst()
            next.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        }
        isCurrent = false
    }
}
