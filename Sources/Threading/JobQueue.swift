import Synchronization

/// The jobs of one lane: any thread pushes, the lane pops; first come, first served for every thread that pushes.
///
/// - Bound: a fixed ring. An executor may not refuse a job, so what finds the ring full goes to a list beside it, which
///   is counted (`spilled`); a lane that spills is overrun, and the breaker is told.
/// - Lane: `push` from any thread, without a lock while the ring has room; `pop` on the lane alone.
final class JobQueue<Job: Sendable>: @unchecked Sendable {
    // Safety: a place is written by the thread that claimed it from `tail`, before it publishes the place's turn (release),
    // and read by the lane after it saw that turn (acquire); the lane publishes the next round's turn before the place may
    // be claimed again. `overtaken` is the lane's alone; the list is guarded by its mutex.
    private struct Place: ~Copyable {
        /// Index: free for that push. Index + 1: holds that push's job.
        let turn: Atomic<Int>
        var job: Job?
    }
    private let places: UnsafeMutablePointer<Place>
    private let mask: Int
    private let tail = Atomic<Int>(0)
    private let head = Atomic<Int>(0)
    private let list = Mutex<[Job]>([])
    private let listed = Atomic<Int>(0)
    private let total = Atomic<Int>(0)
    private var overtaken: [Job] = []
    private var next = 0

    /// - Parameter capacity: places of the ring; a power of two.
    init(capacity: Int = 1024) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "places are found by a mask")
        places = .allocate(capacity: capacity)
        for index in 0..<capacity { (places + index).initialize(to: Place(turn: Atomic(index), job: nil)) }
        mask = capacity - 1
    }

    deinit {
        places.deinitialize(count: mask + 1)
        places.deallocate()
    }

    /// Jobs that once had to wait outside the ring.
    var spilled: Int { total.load(ordering: .relaxed) }

    /// Nothing waits and nobody is about to publish a job. Exact on a thread that has pushed: its own job is seen.
    var isEmpty: Bool {
        tail.load(ordering: .sequentiallyConsistent) == head.load(ordering: .relaxed)
            && listed.load(ordering: .sequentiallyConsistent) == 0 && next == overtaken.count
    }

    /// Appends a job. Never refuses.
    func push(_ job: Job) {
        // While others wait in the list the ring must not be entered: a thread's later job would overtake its earlier one.
        if listed.load(ordering: .acquiring) == 0, enter(job) { return }
        list.withLock { list in
            list.append(job)
            listed.store(list.count, ordering: .sequentiallyConsistent)
        }
        total.wrappingAdd(1, ordering: .relaxed)
    }

    private func enter(_ job: Job) -> Bool {
        var index = tail.load(ordering: .relaxed)
        while true {
            let place = places + (index & mask)
            let lead = place.pointee.turn.load(ordering: .acquiring) &- index
            if lead < 0 { return false }  // still holds the job of a round ago: full
            if lead > 0 {
                index = tail.load(ordering: .relaxed)  // another thread took this index
                continue
            }
            let claim = tail.weakCompareExchange(
                expected: index, desired: index &+ 1, ordering: .sequentiallyConsistent)
            guard claim.exchanged else {
                index = claim.original
                continue
            }
            place.pointee.job = job
            place.pointee.turn.store(index &+ 1, ordering: .releasing)
            return true
        }
    }

    /// Takes the oldest job. On the lane.
    ///
    /// - Returns: nil when none is there, also while a thread stands between its claim and its job: that job is there in
    ///   the next turn, and nothing behind it overtakes it.
    func pop() -> Job? {
        if next < overtaken.count {
            let job = overtaken[next]
            next += 1
            return job
        }
        let index = head.load(ordering: .relaxed)
        let place = places + (index & mask)
        if place.pointee.turn.load(ordering: .acquiring) == index &+ 1 {
            let job = place.pointee.job
            place.pointee.job = nil
            place.pointee.turn.store(index &+ mask &+ 1, ordering: .releasing)
            head.store(index &+ 1, ordering: .relaxed)
            return job
        }
        guard listed.load(ordering: .acquiring) > 0 else { return nil }
        return takeList()
    }

    /// Takes the oldest job of the list, and the list with it, where the ring holds none that is older. On the lane, with
    /// the last list worked off.
    func takeList() -> Job? {
        overtaken.removeAll(keepingCapacity: true)
        next = 0
        list.withLock { list in
            // Under the lock, not before: whoever appended had entered the ring before, and that is seen here. A look
            // before the lock may be older than both: the ring fills, the next job goes to the list, and would be first.
            guard tail.load(ordering: .acquiring) == head.load(ordering: .relaxed) else { return }
            swap(&list, &overtaken)
            listed.store(0, ordering: .releasing)
        }
        guard let first = overtaken.first else { return nil }
        next = 1
        return first
    }
}
