import Glibc
import Signing
import Synchronization
import Threading
import Trading

/// The thread beside the hot lane: links the chain, syncs, keeps the pages ahead ready to be written and gives those behind
/// back, says what the ledger has.
///
/// - Lane: a thread of its own; looks for work every 10 ms, so that an append wakes nobody.
final class JournalKeeper: @unchecked Sendable {
    // Safety: `file` is thread-safe by its own rules; what several threads touch is atomic; the rest is the thread's own.
    private let file: JournalFile
    private let sync: @Sendable (Int32) -> Int32
    private let utc: @Sendable () -> UTCNanos
    private let stop = Semaphore()
    private var worker: Worker?

    /// The newest complete unit's last record; by the hot lane.
    let published: Atomic<UInt64>
    /// Up to here the ledger has all; by whoever writes the ledger.
    let checkpoint: Atomic<UInt64>
    /// Up to here places may be used anew; by the keeper.
    let reusable: Atomic<UInt64>
    /// errno of the first refusal of the disk; 0 while there is none. Never cleared (P16).
    let failure: Atomic<Int32>

    private var chained: UInt64 = 0
    private var durable: UInt64 = 0
    private var durableAt: UTCNanos
    private var kept: UInt64 = 0
    private var syncedAt = MonotonicNanos(rawValue: 0)
    private var readied: UInt64 = 0
    private var readiedAt = MonotonicNanos(rawValue: 0)
    /// Up to here pages of records were given back.
    private var releasedTo: UInt64 = 0
    private let digest = Digest(.sha256)
    private let recordsAhead = 512

    private static let turn = Nanoseconds.milliseconds(10)
    private static let syncEvery = Nanoseconds.seconds(1)
    private static let page = 4_096
    private static let populateForWriting: Int32 = 23  // MADV_POPULATE_WRITE, Linux 5.14; an older kernel refuses it
    private static let giveBack: Int32 = 24  // MADV_DONTNEED_LOCKED, Linux 5.18; MADV_DONTNEED refuses what is locked

    init(
        _ file: JournalFile, head: UInt64, sync: @escaping @Sendable (Int32) -> Int32,
        utc: @escaping @Sendable () -> UTCNanos
    ) {
        self.file = file
        self.sync = sync
        self.utc = utc
        published = Atomic(head)
        checkpoint = Atomic(0)
        reusable = Atomic(0)
        failure = Atomic(0)
        durableAt = utc()
    }

    /// Links and syncs what is there, and starts the thread.
    ///
    /// - Returns: 0, or errno.
    func start() -> Int32 {
        ready()
        link()
        settle()
        guard failure.load(ordering: .relaxed) == 0 else { return failure.load(ordering: .relaxed) }
        worker = Worker(name: "journal") { [self] in
            while !stop.wait(timeout: Self.turn) { turn() }
        }
        return 0
    }

    /// Ends the thread; all that was appended is linked and synced.
    func finish() {
        guard let worker else { return }
        self.worker = nil
        stop.signal()
        worker.join()
        link()
        keepCheckpoint()
        settle(isClosed: true)
    }

    private func turn() {
        link()
        keepCheckpoint()
        let now = NanoClock.monotonic()
        let written = published.load(ordering: .relaxed) - readied
        if written >= UInt64(recordsAhead / 4) || now - readiedAt >= Self.syncEvery { ready() }
        if durable < chained, now - syncedAt >= Self.syncEvery { settle() }
        release()
    }

    /// Links every complete unit that has no link yet.
    private func link() {
        let head = published.load(ordering: .acquiring)
        while chained < head {
            let record = file.record(chained + 1)
            let before = chained == 0 ? file.seed : file.record(chained) + IntentRecord.chainAt
            digest.update(UnsafeRawBufferPointer(start: before, count: 32))
            digest.update(IntentRecord.linked(record))
            digest.finish(into: UnsafeMutableRawBufferPointer(start: record + IntentRecord.chainAt, count: 32))
            chained += 1
        }
        // The newest link stays where the next one can be made from it.
        let free = min(kept, chained == 0 ? 0 : chained - 1)
        reusable.store(free, ordering: .releasing)
    }

    private func keepCheckpoint() {
        let wanted = min(checkpoint.load(ordering: .acquiring), chained)
        guard wanted > kept else { return }
        let refusal = file.write(
            JournalFile.Status(checkpoint: wanted, durable: durable, durableAt: durableAt))
        guard refusal == 0 else { return fail(refusal) }
        kept = wanted
        reusable.store(min(kept, chained - 1), ordering: .releasing)
    }

    /// Makes what is linked outlive the power, and says so.
    private func settle(isClosed: Bool = false) {
        guard failure.load(ordering: .relaxed) == 0 else { return }
        let now = utc()
        let upTo = chained
        let refusal = sync(file.descriptor)
        syncedAt = NanoClock.monotonic()
        guard refusal == 0 else { return fail(refusal) }
        durable = upTo
        durableAt = now
        let status = JournalFile.Status(checkpoint: kept, durable: durable, durableAt: now, isClosed: isClosed)
        let written = file.write(status)
        if written != 0 { return fail(written) }
        if isClosed { _ = sync(file.descriptor) }
        ready()
    }

    /// A sync leaves pages that the next write would have to ask the kernel for: asked here, ahead of it.
    private func ready() {
        readiedAt = NanoClock.monotonic()
        readied = published.load(ordering: .relaxed)
        let next = Int(readied % UInt64(file.capacity))
        let inRow = min(recordsAhead, file.capacity - next)
        populate(from: 0, JournalFile.headerSize)
        populate(from: JournalFile.headerSize + next * IntentRecord.size, inRow * IntentRecord.size)
        let rest = min(recordsAhead, file.capacity) - inRow
        if rest > 0 { populate(from: JournalFile.headerSize, rest * IntentRecord.size) }
    }

    /// Whole pages behind the newest link leave this process: nobody writes them before the log comes round, and the file
    /// has them. Else a ring would be resident as far as it was ever written. Rarely, for every processor hears of it.
    private func release() {
        let (inPage, capacity, ahead) = (Self.page / IntentRecord.size, UInt64(file.capacity), UInt64(recordsAhead))
        let to = durable / UInt64(inPage) * UInt64(inPage)
        guard capacity >= 4 * ahead, file.capacity % inPage == 0, to >= releasedTo + ahead else { return }
        // In two pieces where the ring ends; never so far back that it is ahead.
        var from = max(releasedTo, to - min(to, capacity - 2 * ahead))
        while from < to {
            let place = Int(from % capacity)
            let count = min(Int(to - from), file.capacity - place)
            let start = file.base + JournalFile.headerSize + place * IntentRecord.size
            let length = count * IntentRecord.size
            // A live run keeps what it uses in memory (`Machine.keepInMemory`): these pages too, unless they are named.
            if madvise(start, length, Self.giveBack) != 0 { _ = madvise(start, length, MADV_DONTNEED) }
            from += UInt64(count)
        }
        releasedTo = to
    }

    private func populate(from start: Int, _ count: Int) {
        let page = Self.page
        let first = start / page * page
        _ = madvise(file.base + first, start + count - first, Self.populateForWriting)
    }

    func fail(_ number: Int32) {
        _ = failure.compareExchange(expected: 0, desired: number, ordering: .sequentiallyConsistent)
    }
}
