import Glibc
import Signing
import Synchronization
import Threading
public import Trading

/// The record of what is about to be sent (ARCHITECTURE §7): a ring of fixed-size records in a file that is mapped into
/// memory and had all its blocks from the start.
///
/// Opening makes a new file of what the ledger does not have yet; the one before stays beside it as `.bak`. A place is used
/// anew once the ledger has its record (`checkpoint`).
///
/// - Lane: `append` and `withdraw` on the hot lane; `checkpoint` from any thread.
/// - Bound: `capacity` records; the last eighth is for closes, tombstones and withdrawals.
public final class IntentLog: Journal, @unchecked Sendable {
    // Safety: everything but the keeper's atomics is the hot lane's alone.
    private let file: JournalFile
    private let keeper: JournalKeeper
    private let durability: JournalDurability
    private let build: UInt64
    private let closeReserve: UInt64
    private let scratch: UnsafeMutableRawPointer
    private var table: IntentTable
    private var head: UInt64
    /// The place of the next record: a division less.
    private var next: Int
    private let sync: @Sendable (Int32) -> Int32
    /// What a rehearsal read: kept, so that it is read.
    private var looked: UInt64 = 0

    /// What was found when the log was opened; the sequences are those of the new file.
    public let found: JournalContent

    /// Records that a log of the default size holds (16 MiB).
    public static let capacityDefault = 32_760

    /// Opens the log at `path`; a missing one is begun.
    ///
    /// - Parameters:
    ///   - build: of this program; its fingerprint is in every record.
    /// - Throws: `StoreFault`: `E_STORE_JOURNAL_CORRUPT` (nothing was changed), `E_STORE_PREALLOCATE`, `E_STORE_IO`.
    public convenience init(
        path: String, durability: JournalDurability, build: String, capacity: Int = capacityDefault
    ) throws(StoreFault) {
        try self.init(
            path: path, durability: durability, build: build, capacity: capacity,
            sync: { fdatasync($0) == 0 ? 0 : errno }, utc: { NanoClock.utc() })
    }

    init(
        path: String, durability: JournalDurability, build: String, capacity: Int,
        sync: @escaping @Sendable (Int32) -> Int32, utc: @escaping @Sendable () -> UTCNanos
    ) throws(StoreFault) {
        precondition(capacity >= 16 && capacity < 1 << 24, "a log holds 16 records or more")
        var found = try Self.read(path: path) ?? JournalContent()
        try Self.refuseDamage(found, path)
        let carried = found.intents.count + found.withdrawn.count
        guard carried < capacity / 2 else {
            throw StoreFault(
                .io, "\(path): \(carried) orders of unknown fate are more than a log of \(capacity) takes")
        }
        file = try JournalFile(
            making: path + ".new",
            head: JournalFile.Head(
                capacity: UInt64(capacity), generation: found.generation + 1, created: utc(), durability: durability,
                boot: JournalFile.bootIdentity(), build: build))
        self.durability = durability
        self.build = Self.fingerprint(build)
        self.sync = sync
        closeReserve = UInt64(capacity / 8)
        scratch = .allocate(byteCount: 2 * IntentRecord.size, alignment: 4_096)
        scratch.initializeMemory(as: UInt8.self, repeating: 0, count: 2 * IntentRecord.size)
        table = IntentTable(capacity: capacity)
        head = UInt64(carried)
        next = carried
        found.head = head
        found.checkpoint = 0
        for index in found.intents.indices { found.intents[index].sequence = UInt64(index + 1) }
        self.found = found
        keeper = JournalKeeper(file, head: head, sync: sync, utc: utc)
        carry(found)
        let refusal = keeper.start()
        guard refusal == 0 else {
            throw StoreFault(.io, "\(path).new cannot be synced: \(String(cString: strerror(refusal)))")
        }
        try Self.install(path)
    }

    /// What the ledger does not have yet goes into the new file; withdrawals too, for their orders may be in the ledger.
    private func carry(_ found: JournalContent) {
        for entry in found.intents {
            let record = file.record(entry.sequence)
            let used = IntentRecord.writeContent(entry.intent, to: record)
            IntentRecord.seal(
                record, .intent,
                IntentRecord.Place(sequence: entry.sequence, index: 0, count: 1, build: entry.build), used: used)
            table.insert(entry.intent.key, entry.sequence)
        }
        for (index, name) in found.withdrawn.enumerated() {
            let sequence = UInt64(found.intents.count + index + 1)
            let record = file.record(sequence)
            let used = IntentRecord.writeWithdrawal(
                IntentRecord.Key(clOrdID: name.clOrdID, isTombstone: name.isTombstone), to: record)
            IntentRecord.seal(
                record, .withdrawal, IntentRecord.Place(sequence: sequence, index: 0, count: 1, build: build),
                used: used)
        }
        file.base.storeBytes(of: head, toByteOffset: JournalFile.commitAt, as: UInt64.self)
    }

    deinit {
        keeper.finish()
        scratch.deallocate()
    }

    /// Ends the log: what was appended outlives the power from here on. Nothing may be appended after.
    public func close() { keeper.finish() }

    /// The newest record: after an append, that of its last intent.
    public var lastSequence: UInt64 { head }

    /// Why nothing is recorded any more: errno of the disk's refusal. Nil while all is well. Never ends (P16).
    public var diskFailure: Int32? {
        let number = keeper.failure.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Says that the ledger has every record up to this one; their places may be used anew. From any thread.
    public func checkpoint(through sequence: UInt64) {
        var known = keeper.checkpoint.load(ordering: .relaxed)
        while known < sequence {
            let (done, seen) = keeper.checkpoint.compareExchange(
                expected: known, desired: sequence, ordering: .acquiringAndReleasing)
            if done { return }
            known = seen
        }
    }

    /// Fingerprint of a build, as in `JournaledIntent.build`.
    public static func fingerprint(_ build: String) -> UInt64 {
        var bytes = [UInt8](repeating: 0, count: 32)
        let digest = Digest(.sha256)
        digest.update(Array(build.utf8))
        bytes.withUnsafeMutableBytes { digest.finish(into: $0) }
        return bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    }

    // MARK: - Journal

    /// Records one intent, or two as one unit.
    ///
    /// - Throws: `JournalFault`.
    public func append(_ first: borrowing OrderIntent, _ second: borrowing OrderIntent?) throws(JournalFault) {
        switch second {
        case .some(let other):
            try admit(first)
            try admit(other)
            guard first.order.clOrdID != other.order.clOrdID || first.isTombstone != other.isTombstone else {
                throw JournalFault(.conflict, "both orders of one unit have the id \(first.order.clOrdID)")
            }
            try room(2, isEntry: first.order.purpose == .entry || other.order.purpose == .entry)
            let one = begin(0), two = begin(1)
            write(first, one, index: 0, of: 2)
            write(other, two, index: 1, of: 2)
            try commit(2)
            table.insert(key(first), head - 1)
            table.insert(key(other), head)
        case .none:
            try admit(first)
            try room(1, isEntry: first.order.purpose == .entry)
            let one = begin(0)
            write(first, one, index: 0, of: 1)
            try commit(1)
            table.insert(key(first), head)
        }
    }

    /// Records that a recorded order never left.
    public func withdraw(_ clOrdID: ClOrdID, isTombstone: Bool) {
        guard keeper.failure.load(ordering: .relaxed) == 0, hasRoom(1, isEntry: false) else { return }
        let record = begin(0)
        let used = IntentRecord.writeWithdrawal(
            IntentRecord.Key(clOrdID: clOrdID, isTombstone: isTombstone), to: record)
        IntentRecord.seal(
            record, .withdrawal, IntentRecord.Place(sequence: head + 1, index: 0, count: 1, build: build), used: used)
        do throws(JournalFault) { try commit(1) } catch { return }  // the disk's refusal is kept in `diskFailure`
    }

    /// Does what `append` does, beside the log, and looks at the places that the next records will have.
    public func rehearse(_ first: borrowing OrderIntent, _ second: borrowing OrderIntent) {
        do throws(JournalFault) {
            try admit(first)
            try admit(second)
            try room(2, isEntry: true)
        } catch { return }
        write(first, scratch, index: 0, of: 2)
        write(second, scratch + IntentRecord.size, index: 1, of: 2)
        var seen = file.base.load(fromByteOffset: JournalFile.commitAt, as: UInt64.self)
        for index in 0..<2 {
            let place = file.place((next + index) % file.capacity)
            for offset in stride(from: 0, to: IntentRecord.size, by: 64) {
                seen ^= place.load(fromByteOffset: offset, as: UInt64.self)
            }
        }
        looked = seen
    }

    @inline(__always)
    private func key(_ intent: borrowing OrderIntent) -> IntentRecord.Key {
        IntentRecord.Key(clOrdID: intent.order.clOrdID, isTombstone: intent.isTombstone)
    }

    @inline(__always)
    private func admit(_ intent: borrowing OrderIntent) throws(JournalFault) {
        let failure = keeper.failure.load(ordering: .relaxed)
        guard failure == 0 else {
            throw JournalFault(.disk, "the disk refused before: \(String(cString: strerror(failure)))")
        }
        guard IntentRecord.fits(intent) else {
            throw JournalFault(.tooLong, "the names of order \(intent.order.clOrdID) do not fit a record")
        }
        if let known = table.sequence(of: key(intent)) { throw refusal(of: intent, known) }
    }

    private func refusal(of intent: borrowing OrderIntent, _ sequence: UInt64) -> JournalFault {
        let used = IntentRecord.writeContent(intent, to: scratch)
        let isSame = IntentRecord.isSameContent(scratch, file.record(sequence), used: used)
        return JournalFault(
            isSame ? .duplicate : .conflict,
            "order \(intent.order.clOrdID) is recorded already\(isSame ? "" : ", with other content")")
    }

    @inline(__always)
    private func hasRoom(_ count: UInt64, isEntry: Bool) -> Bool {
        let used = head - keeper.reusable.load(ordering: .acquiring)
        return used + count + (isEntry ? closeReserve : 0) <= UInt64(file.capacity)
    }

    @inline(__always)
    private func room(_ count: UInt64, isEntry: Bool) throws(JournalFault) {
        guard hasRoom(count, isEntry: isEntry) else {
            throw JournalFault(
                .full, "the ledger is \(head - keeper.checkpoint.load(ordering: .relaxed)) records behind the log")
        }
    }

    /// The place of a record to be written, its former tenant forgotten. In `power` mode it is written beside first.
    @inline(__always)
    private func begin(_ index: Int) -> UnsafeMutableRawPointer {
        let sequence = head + 1 + UInt64(index)
        let place = file.place(next + index < file.capacity ? next + index : next + index - file.capacity)
        if sequence > UInt64(file.capacity) {
            let former = IntentRecord.key(place)
            table.remove(former, sequence - UInt64(file.capacity))
        }
        switch durability {
        case .process:
            // The link goes first: a place with a link holds a whole record.
            (place + IntentRecord.chainAt).initializeMemory(as: UInt8.self, repeating: 0, count: IntentRecord.chainSize)
            return place
        case .power: return scratch + index * IntentRecord.size
        }
    }

    @inline(__always)
    private func write(
        _ intent: borrowing OrderIntent, _ record: UnsafeMutableRawPointer, index: UInt8, of count: UInt8
    ) {
        let used = IntentRecord.writeContent(intent, to: record)
        IntentRecord.seal(
            record, .intent,
            IntentRecord.Place(sequence: head + 1 + UInt64(index), index: index, count: count, build: build), used: used
        )
    }

    @inline(__always)
    private func commit(_ count: UInt64) throws(JournalFault) {
        if durability == .power { try writeThrough(count) }
        head += count
        next += Int(count)
        if next >= file.capacity { next -= file.capacity }
        // After a kill the commit word says which records were whole: the records must not be stored after it.
        atomicMemoryFence(ordering: .releasing)
        file.base.storeBytes(of: head, toByteOffset: JournalFile.commitAt, as: UInt64.self)
        keeper.published.store(head, ordering: .releasing)
    }

    /// Written and synced before anything may be sent. What may have reached the disk in part is found at the next start,
    /// and asked for like any other.
    private func writeThrough(_ count: UInt64) throws(JournalFault) {
        for index in 0..<count {
            let place = file.record(head + 1 + index)
            let written = pwrite(
                file.descriptor, scratch + Int(index) * IntentRecord.size, IntentRecord.size, off_t(place - file.base))
            guard written == IntentRecord.size else { throw poisoned(written < 0 ? errno : ENOSPC) }
        }
        let refusal = sync(file.descriptor)
        guard refusal == 0 else { throw poisoned(refusal) }
    }

    private func poisoned(_ number: Int32) -> JournalFault {
        keeper.fail(number)
        return JournalFault(.disk, "the disk refuses: \(String(cString: strerror(number)))")
    }

    var descriptor: Int32 { file.descriptor }
}

extension OrderIntent {
    @inline(__always) var isTombstone: Bool { order.purpose == .tombstone }
}

// MARK: - Files

extension IntentLog {
    /// What the log at `path` holds, damage named and nothing changed; nil when there is none.
    ///
    /// - Throws: `StoreFault`: `E_STORE_IO`.
    public static func read(path: String) throws(StoreFault) -> JournalContent? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw StoreFault(errno: errno, path)
        }
        defer { Glibc.close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size < 16 << 30 else {
            throw StoreFault(.io, "\(path) is no file of ours")
        }
        guard status.st_size > 0 else {
            return JournalReading.content(UnsafeRawBufferPointer(start: nil, count: 0), boot: "")
        }
        guard let mapped = mmap(nil, status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0), mapped != MAP_FAILED else {
            throw StoreFault(errno: errno, path)
        }
        defer { munmap(mapped, status.st_size) }
        return JournalReading.content(
            UnsafeRawBufferPointer(start: mapped, count: status.st_size), boot: JournalFile.bootIdentity())
    }

    private static func refuseDamage(_ content: JournalContent, _ path: String) throws(StoreFault) {
        guard let first = content.damage.first else { return }
        let more = content.damage.count > 1 ? " and \(content.damage.count - 1) more" : ""
        let copy =
            access(path + ".bak", R_OK) == 0 ? "the log of the start before is \(path).bak; " : ""
        throw StoreFault(
            .journalCorrupt,
            "\(path): \(first)\(more); nothing was changed. \(copy)'arb doctor --recover' "
                + "puts it aside and keeps what is whole of it; then let 'arb reconcile' compare with the venues")
    }

    /// Puts the new file in place of the old one, which stays as `.bak`. A kill in between leaves either in place.
    private static func install(_ path: String) throws(StoreFault) {
        unlink(path + ".bak")
        if link(path, path + ".bak") != 0, errno != ENOENT {
            throw StoreFault(errno: errno, path + ".bak")
        }
        guard rename(path + ".new", path) == 0 else {
            throw StoreFault(errno: errno, path)
        }
        let folder = open(
            path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            Glibc.close(folder)
        }
    }
}
