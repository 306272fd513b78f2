import CLinux
import Glibc
import Synchronization
public import Trading

/// How a lane spends the time in which it has nothing to do.
public enum LaneWait: String, Sendable, Hashable, CaseIterable {
    /// Spins for 50 µs, then parks until something comes; while it is armed it spins.
    case adaptive
    /// Never parks; looks again at once, yielding the core every 50 µs.
    case spin
    /// Parks at once.
    case park
}

/// A thread that is a Swift executor: actors and tasks given to it run there and nowhere else.
///
/// Between jobs it takes turns: a lane that owns sockets polls them in `turn`. Everything that runs on one lane is
/// ordered, so what only one lane touches needs no lock.
/// - Bound: jobs wait in a ring of 1,024; beyond it they spill into a list whose length is counted (`spilled`), because
///   an executor may not refuse a job.
public final class Lane: SerialExecutor, TaskExecutor, @unchecked Sendable {
    // Safety: `jobs` is popped on the lane's thread alone; `turn` is called on it alone.
    private let jobs = JobQueue<UnownedJob>()
    private let stopping = Atomic<Bool>(false)
    private let parked = Atomic<Bool>(false)
    private let armed = Atomic<Bool>(false)
    private let owner = Atomic<UInt>(0)
    private let wait: LaneWait
    /// The core that it stays on, and that all other threads of the process keep off while it runs; nil: any.
    public let processor: Int?
    /// What the lane waits on; its owner registers sockets with it.
    public let poller: Poller
    /// For stack traces and reports.
    public let name: String

    /// What a turn of the lane found.
    public enum Turn: Sendable {
        /// Something was done: look again at once.
        case busy
        /// Nothing to do before this instant (nil: until a socket or a job comes).
        case idle(until: MonotonicNanos?)

        /// What two owners of sockets on one lane found together.
        public func joined(_ other: Turn) -> Turn {
            guard case .idle(let until) = self, case .idle(let otherUntil) = other else { return .busy }
            guard let until, let otherUntil else { return .idle(until: until ?? otherUntil) }
            return .idle(until: min(until, otherUntil))
        }
    }

    /// A lane that is not running yet.
    ///
    /// - Parameters:
    ///   - processor: the core to stay on; nil lets the kernel choose.
    /// - Throws: `Poller.Fault`.
    public init(name: String, wait: LaneWait = .adaptive, processor: Int? = nil) throws(Poller.Fault) {
        self.name = name
        self.wait = wait
        self.processor = processor
        self.poller = try Poller()
    }

    /// Jobs that once had to wait outside the ring; above zero means that the lane is overrun.
    public var spilled: Int { jobs.spilled }

    /// True when a job waits. In a lane's own turn: what it has queued itself is seen, what others queue a moment later.
    public var hasJobs: Bool { !jobs.isEmpty }

    /// True on the lane's own thread, while it runs.
    public var isCurrent: Bool { owner.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Runs the lane on the calling thread until `stop`.
    ///
    /// - Parameter turn: called between jobs with a function that tells which sockets are ready.
    public func run(turn: (_ ready: [UInt64]) -> Turn) {
        // Where the kernel refuses it the lane runs anywhere, as one without a processor does.
        let isPinned = processor.map { CLinux_pin(Int32(clamping: $0)) == 0 } ?? false
        defer { if isPinned, let processor { CLinux_release(Int32(clamping: processor)) } }
        owner.store(UInt(pthread_self()), ordering: .relaxed)
        defer { owner.store(0, ordering: .relaxed) }
        var ready: [UInt64] = []
        ready.reserveCapacity(256)
        var idleSince: MonotonicNanos?
        var isHurried = false
        while !stopping.load(ordering: .acquiring) {
            let ranJobs = runJobs()
            let outcome = turn(ready)
            ready.removeAll(keepingCapacity: true)
            // Jobs of this very turn run before the kernel is asked what else there is; not twice in a row.
            isHurried = !isHurried && !jobs.isEmpty
            if isHurried {
                idleSince = nil
                continue
            }
            var timeout = Nanoseconds.zero
            switch outcome {
            case .busy: idleSince = nil
            case .idle(let until):
                if ranJobs { idleSince = nil }
                let now = NanoClock.monotonic()
                let since = idleSince ?? now
                idleSince = since
                if shouldPark(idle: now - since) { timeout = until.map { $0 - now } ?? .seconds(1) }
            }
            waitForWork(timeout, &ready)
        }
        while runJobs() {}
    }

    /// An armed lane that may adapt spins: what it waits for is near, and waking up would cost more than all of the work.
    /// From any thread.
    public func arm(_ isArmed: Bool) {
        guard armed.exchange(isArmed, ordering: .releasing) != isArmed, isArmed, wait == .adaptive else { return }
        poller.wake()
    }

    private func shouldPark(idle: Nanoseconds) -> Bool {
        let isLong = idle > Nanoseconds(rawValue: 50_000)
        switch wait {
        case .park: return true
        case .adaptive where !armed.load(ordering: .relaxed): return isLong
        case .spin, .adaptive:
            if isLong { sched_yield() }
            return false
        }
    }

    private func waitForWork(_ timeout: Nanoseconds, _ ready: inout [UInt64]) {
        guard timeout > .zero else {
            poller.wait(timeout: .zero) { ready.append($0) }
            return
        }
        parked.store(true, ordering: .sequentiallyConsistent)
        // A job that came between the last look and this store did not wake us: look once more before sleeping.
        let nothing = jobs.isEmpty && !stopping.load(ordering: .acquiring)
        poller.wait(timeout: nothing ? timeout : .zero) { ready.append($0) }
        parked.store(false, ordering: .sequentiallyConsistent)
    }

    /// Ends `run` after the jobs that are queued. From any thread.
    public func stop() {
        stopping.store(true, ordering: .releasing)
        poller.wake()
    }

    /// Ends the wait of a parked lane. From any thread.
    public func wake() { if parked.load(ordering: .sequentiallyConsistent) { poller.wake() } }

    /// Queues a job; never refuses, wakes a parked lane.
    public func enqueue(_ job: consuming ExecutorJob) {
        jobs.push(UnownedJob(job))
        wake()
    }

    @discardableResult
    private func runJobs() -> Bool {
        guard let first = jobs.pop() else { return false }
        let (serial, task) = (asUnownedSerialExecutor(), asUnownedTaskExecutor())
        first.runSynchronously(isolatedTo: serial, taskExecutor: task)
        // A job that queues another one must not keep the sockets from their turn for ever.
        var left = Self.jobsATurn
        while left > 0, let job = jobs.pop() {
            job.runSynchronously(isolatedTo: serial, taskExecutor: task)
            left -= 1
        }
        return true
    }

    private static let jobsATurn = 256
}
