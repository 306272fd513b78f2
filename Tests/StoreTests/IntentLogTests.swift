import Foundation
import TestKit
import Testing
import Threading
import Trading

@testable import Store

/// Intents as a run makes them.
enum SomeIntents {
    static func one(
        _ number: UInt64, _ venue: VenueID = .kalshi, purpose: OrderPurpose = .entry, quantity: Int64 = 1_000_000_000,
        timeInForce: TimeInForce = .ioc, pair: String = "fed", symbol: String? = nil,
        follower: OrderIntent.Follower? = nil
    ) -> OrderIntent {
        let isKalshi = venue == .kalshi
        return OrderIntent(
            execution: ExecutionID(run: 3, sequence: UInt32(truncatingIfNeeded: number)),
            role: purpose == .tombstone ? .tombstone : purpose == .close ? .sell : .leg, pair: PairID(pair),
            venue: venue,
            symbol: symbol ?? (isKalshi ? "KXFED-26DEC" : "0x" + String(repeating: "c", count: 64)),
            token: isKalshi ? "" : String(repeating: "9", count: 77),
            order: NewOrder(
                clOrdID: ClOrdID(prefix: 0xABCD, run: 3, sequence: number), instrument: InstrumentID(-1), outcome: .no,
                side: purpose == .close ? .sell : .buy, orderQty: Quantity(rawValue: quantity),
                price: Price(rawValue: 44_000_000) ?? .zero,
                cashOrderQty: isKalshi ? nil : Money(rawValue: 440_000_000), timeInForce: timeInForce,
                isReduceOnly: purpose == .close, purpose: purpose),
            orderID: isKalshi ? nil : OrderID("0x" + String(format: "%064llx", number)),
            bodyHash: Digest256 {
                $0.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: number))
            },
            decided: Stamp(monotonic: MonotonicNanos(rawValue: 5), utc: UTCNanos(rawValue: Int64(number))),
            follower: follower)
    }
}

@Suite("IntentLog")
struct IntentLogTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private var path: String { place.path("intents.log") }

    private func open(capacity: Int = 64, _ durability: JournalDurability = .process) throws -> IntentLog {
        try IntentLog(path: path, durability: durability, build: "test", capacity: capacity)
    }

    @Test(
        "gives back every field of what was recorded, in order, and not what was withdrawn",
        arguments: JournalDurability.allCases)
    func roundTrip(durability: JournalDurability) throws {
        let gtd = SomeIntents.one(4, timeInForce: .gtd(UTCNanos(rawValue: 77)))
        do {
            let log = try open(durability)
            try log.append(SomeIntents.one(1), SomeIntents.one(2, .polymarket))
            try log.append(SomeIntents.one(3, purpose: .close), nil)
            try log.append(gtd, nil)
            try log.append(SomeIntents.one(1, purpose: .tombstone), nil)
            log.withdraw(ClOrdID(prefix: 0xABCD, run: 3, sequence: 3), isTombstone: false)
            #expect(log.lastSequence == 6)
        }
        let again = try open(durability)
        #expect(
            again.found.intents.map(\.intent) == [
                SomeIntents.one(1), SomeIntents.one(2, .polymarket), gtd, SomeIntents.one(1, purpose: .tombstone),
            ])
        #expect(again.found.intents.map(\.sequence) == [1, 2, 3, 4])
        #expect(
            again.found.withdrawn == [WithdrawnIntent(clOrdID: SomeIntents.one(3).order.clOrdID, isTombstone: false)])
        #expect(again.found.generation == 1 && again.found.build == "test" && again.found.torn == 0)
        #expect(again.found.intents.allSatisfy { $0.build == IntentLog.fingerprint("test") })
        #expect(again.found.lostSince == nil)
    }

    @Test("the bound of a second leg is recorded with the first, comes back, is part of the order, and needs its room")
    func follower() throws {
        let bound = OrderIntent.Follower(
            orderQtyMax: Quantity(rawValue: 1_234_567), limitPx: Price(rawValue: 40_000_000) ?? .zero)
        let leader = SomeIntents.one(1, .polymarket, follower: bound)
        do {
            let log = try open()
            try log.append(leader, nil)
            let other = #expect(throws: JournalFault.self) { try log.append(SomeIntents.one(1, .polymarket), nil) }
            #expect(other?.code == "E_EXEC_IDEMPOTENCY_CONFLICT")
            // As long as the texts may be, and sixteen bytes more.
            let room = 336 - 66 - 77 - 66
            try log.append(
                SomeIntents.one(2, .polymarket, pair: String(repeating: "p", count: room - 16), follower: bound), nil)
            let long = #expect(throws: JournalFault.self) {
                try log.append(
                    SomeIntents.one(3, .polymarket, pair: String(repeating: "p", count: room - 15), follower: bound),
                    nil)
            }
            #expect(long?.code == "E_STORE_JOURNAL_TOO_LONG")
        }
        let again = try open()
        #expect(
            again.found.intents.map(\.intent.follower) == [bound, bound] && again.found.intents[0].intent == leader)
    }

    @Test("opening again and again changes nothing: recovery may be killed at any time")
    func idempotent() throws {
        try open().append(SomeIntents.one(1), SomeIntents.one(2, .polymarket))
        for generation in 1...10 as ClosedRange<UInt64> {
            let log = try open()
            #expect(log.found.intents.count == 2 && log.found.generation == generation)
        }
    }

    @Test("the same key is refused: as a duplicate with the same content, as a conflict with other content")
    func keys() throws {
        let log = try open()
        try log.append(SomeIntents.one(1), SomeIntents.one(2, .polymarket))
        #expect(throws: JournalFault.self) { try log.append(SomeIntents.one(1), nil) }
        func kind(_ intent: OrderIntent, _ other: OrderIntent? = nil) -> JournalFault.Kind? {
            do throws(JournalFault) { try log.append(intent, other) } catch { return error.kind }
            return nil
        }
        #expect(kind(SomeIntents.one(1)) == .duplicate)
        #expect(kind(SomeIntents.one(1, quantity: 7))?.rawValue == "E_EXEC_IDEMPOTENCY_CONFLICT")
        #expect(kind(SomeIntents.one(9), SomeIntents.one(2, .polymarket)) == .duplicate)
        // The first of that unit was not recorded either.
        #expect(kind(SomeIntents.one(9)) == nil)
        #expect(kind(SomeIntents.one(11), SomeIntents.one(11)) == .conflict)
        #expect(kind(SomeIntents.one(1, purpose: .tombstone)) == nil)
        #expect(kind(SomeIntents.one(1, purpose: .tombstone)) == .duplicate)
        // A key outlives a restart for as long as the log has it.
        let again = try open()
        #expect(throws: JournalFault.self) { try again.append(SomeIntents.one(1), nil) }
    }

    @Test("a name that does not fit is refused before anything is written")
    func tooLong() throws {
        let log = try open()
        let long = SomeIntents.one(1, symbol: String(repeating: "x", count: 256))
        let fault = #expect(throws: JournalFault.self) { try log.append(SomeIntents.one(2), long) }
        #expect(fault?.code == "E_STORE_JOURNAL_TOO_LONG" && log.lastSequence == 0)
        let most = SomeIntents.one(
            3, pair: String(repeating: "p", count: 133), symbol: String(repeating: "ä", count: 100))
        try log.append(most, nil)
        log.close()
        #expect(try IntentLog.read(path: path)?.intents.map(\.intent) == [most])
    }

    @Test("a full log stops entries first and closes last; what the ledger has makes room")
    func full() throws {
        let log = try open(capacity: 32)
        var number: UInt64 = 0
        func append(_ purpose: OrderPurpose) -> JournalFault.Kind? {
            number += 1
            do throws(JournalFault) { try log.append(SomeIntents.one(number, purpose: purpose), nil) } catch {
                return error.kind
            }
            return nil
        }
        for _ in 0..<28 { #expect(append(.entry) == nil) }
        #expect(append(.entry)?.rawValue == "E_STORE_JOURNAL_FULL")
        for _ in 0..<4 { #expect(append(.close) == nil) }
        #expect(append(.close) == .full)
        // Around the ring many times, with the ledger always a little behind.
        for round in 0..<40 as Range<UInt64> {
            log.checkpoint(through: log.lastSequence - 3)
            waitUntil { append(.entry) == nil }
            for _ in 0..<round % 7 { _ = append(.close) }
        }
        let last = log.lastSequence
        log.close()
        let content = try #require(try IntentLog.read(path: path))
        #expect(content.damage.isEmpty && content.head == last && content.checkpoint >= last - 10)
        #expect(content.intents.allSatisfy { $0.sequence > content.checkpoint })
        #expect(UInt64(content.intents.count) == last - content.checkpoint)
    }

    private func waitUntil(_ isDone: () -> Bool) {
        let pause = Semaphore()
        for _ in 0..<500 {
            if isDone() { return }
            _ = pause.wait(timeout: .milliseconds(5))
        }
        Issue.record("it never came")
    }

    /// What of the mapped log is resident in this process. Unit: KiB.
    private func resident() -> Int? {
        var isOurs = false
        let maps = (try? FileHandle(forReadingAtPath: "/proc/self/smaps")?.readToEnd()) ?? Data()
        for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
            if line.hasSuffix("/intents.log") { isOurs = line.hasSuffix(path) }
            if isOurs, line.hasPrefix("Rss:") { return Int(line.filter(\.isNumber)) }
        }
        return nil
    }

    /// Keeps the mapped log in memory, as a live run has everything kept.
    private func lock() -> Bool {
        let maps = (try? FileHandle(forReadingAtPath: "/proc/self/maps")?.readToEnd()) ?? Data()
        let lines = String(decoding: maps, as: UTF8.self).split(separator: "\n")
        guard let line = lines.first(where: { $0.hasSuffix(path) }) else { return false }
        let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
        return ends.count == 2 && mlock(UnsafeRawPointer(bitPattern: ends[0]), Int(ends[1] - ends[0])) == 0
    }

    private static var mayLock: Bool {
        let size = 4 << 20
        let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        defer { munmap(start, size) }
        return start != MAP_FAILED && mlock(start, size) == 0
    }

    /// Appends, however long the keeper takes to free the places that the ledger has.
    private func append(_ intent: OrderIntent, to log: IntentLog) throws(JournalFault) {
        let deadline = NanoClock.monotonic() + .seconds(60)
        while true {
            do throws(JournalFault) {
                return try log.append(intent, nil)
            } catch {
                guard error.kind == .full, NanoClock.monotonic() < deadline else { throw error }
                usleep(1_000)
            }
        }
    }

    @Test(
        "what lies behind is not resident, locked or not, however often the ring goes round, and is there when it is read",
        arguments: mayLock ? [false, true] : [false])
    func residency(isLocked: Bool) throws {
        let log = try open(capacity: 2_048)
        if isLocked { try #require(lock()) }
        let most = 2_048 * 512 / 1_024 - 256
        var number: UInt64 = 0
        for _ in 0..<4 {
            for _ in 0..<1_000 {
                number += 1
                try append(SomeIntents.one(number), to: log)
            }
            log.checkpoint(through: number - 500)
            // A second until the next sync; then what it wrote may go.
            let deadline = NanoClock.monotonic() + .seconds(60)
            var seen = try #require(resident())
            while seen > most, NanoClock.monotonic() < deadline {
                usleep(20_000)
                seen = try #require(resident())
            }
            #expect(seen <= most)
        }
        log.close()
        let content = try #require(try IntentLog.read(path: path))
        #expect(content.damage.isEmpty && content.head == number && content.checkpoint == number - 500)
        #expect(content.intents.map(\.intent) == (number - 499...number).map { SomeIntents.one($0) })
    }

    @Test("keys are forgotten with their records, and found however the table is filled")
    func table() {
        var table = IntentTable(capacity: 64)
        var random = SeededRandom(seed: 11)
        var known: [IntentRecord.Key: UInt64] = [:]
        for step in 1...20_000 as ClosedRange<UInt64> {
            let key = IntentRecord.Key(
                clOrdID: ClOrdID(high: random.next() % 2, low: random.next() % 80), isTombstone: random.next() % 2 == 0)
            #expect(table.sequence(of: key) == known[key])
            if let sequence = known[key] {
                table.remove(key, sequence + 1)
                #expect(table.sequence(of: key) == sequence)
                table.remove(key, sequence)
                known[key] = nil
            } else if known.count < 64 {
                table.insert(key, step)
                known[key] = step
            }
        }
    }

    @Test("room is set aside at the start, and a file system without room is refused")
    func preallocated() throws {
        _ = try open(capacity: 1_000)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_blocks * 512 >= 1_000 * 512)
        #expect(status.st_mode & 0o777 == 0o600)
        // /proc takes no files and sets no room aside.
        let fault = #expect(throws: StoreFault.self) {
            try IntentLog(path: "/proc/self/intents.log", durability: .process, build: "test", capacity: 64)
        }
        #expect(fault?.kind == .io)
    }
}

@Suite("IntentLog and the disk")
struct IntentLogDiskTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private var path: String { place.path("intents.log") }

    @Test("P16: power durability returns after the sync; a failed one poisons the log for good")
    func syncFails() throws {
        let failing = Failing()
        let log = try IntentLog(
            path: path, durability: .power, build: "test", capacity: 64,
            sync: { failing.next($0) }, utc: { UTCNanos(rawValue: 1) })
        try log.append(SomeIntents.one(1), SomeIntents.one(2, .polymarket))
        #expect(failing.count >= 2)
        failing.refuse(with: EIO)
        let fault = #expect(throws: JournalFault.self) { try log.append(SomeIntents.one(3), nil) }
        #expect(fault?.code == "E_STORE_JOURNAL_DISK" && fault?.text.contains("Input/output") == true)
        failing.refuse(with: 0)
        let again = #expect(throws: JournalFault.self) { try log.append(SomeIntents.one(4), nil) }
        #expect(again?.kind == .disk && log.diskFailure == EIO)
        let calls = failing.count
        log.withdraw(SomeIntents.one(1).order.clOrdID, isTombstone: false)
        #expect(failing.count == calls)
    }

    @Test("P16: process durability learns of a failed sync from the keeper and stops")
    func keeperFails() throws {
        let failing = Failing()
        let log = try IntentLog(
            path: path, durability: .process, build: "test", capacity: 64,
            sync: { failing.next($0) }, utc: { UTCNanos(rawValue: 1) })
        failing.refuse(with: EIO)
        try log.append(SomeIntents.one(1), nil)
        let pause = Semaphore()
        for _ in 0..<400 where log.diskFailure == nil { _ = pause.wait(timeout: .milliseconds(10)) }
        let fault = #expect(throws: JournalFault.self) { try log.append(SomeIntents.one(2), nil) }
        #expect(fault?.kind == .disk)
    }

    @Test("P16: a write that the system refuses poisons the log")
    func writeFails() throws {
        let log = try IntentLog(path: path, durability: .power, build: "test", capacity: 64)
        try log.append(SomeIntents.one(1), nil)
        let full = Foundation.open("/dev/full", O_WRONLY)
        dup2(full, log.descriptor)
        Foundation.close(full)
        let fault = #expect(throws: JournalFault.self) { try log.append(SomeIntents.one(2), nil) }
        #expect(fault?.kind == .disk && log.diskFailure == ENOSPC)
        let again = #expect(throws: JournalFault.self) { try log.append(SomeIntents.one(3), nil) }
        #expect(again?.kind == .disk)
    }

    @Test("P02: what was appended before a kill -9 is found, whole", arguments: 0..<6)
    func killed(round: Int) throws {
        let program = try Program("arb-bench")
        let running = try program.start(["journal", "--append-until-killed", path], in: place.url)
        let wanted = 50 + round * 731
        #expect(running.waitForOutput { $0.utf8.count > wanted * 4 })
        running.signal(SIGKILL)
        let outcome = running.wait()
        #expect(outcome.isSignalled)
        let last = try #require(outcome.out.split(separator: "\n").last.flatMap { UInt64($0) })
        let content = try #require(try IntentLog.read(path: path))
        #expect(content.damage.isEmpty)
        // The kill may have come between the two records of a unit: then neither was sent.
        #expect(content.head >= last && content.head <= last + 2 && content.torn == Int(content.head % 2))
        let kept = content.head - UInt64(content.torn)
        #expect(UInt64(content.intents.count) == kept)
        let log = try IntentLog(path: path, durability: .process, build: "after", capacity: 1 << 16)
        #expect(UInt64(log.found.intents.count) == kept && log.found.lostSince == nil)
        #expect(throws: JournalFault.self) { try log.append(log.found.intents[0].intent, nil) }
    }

    @Test("P15: no room on the disk is refused at the start with its code")
    func noRoom() throws {
        let mount = place.path("small")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        let mounted = try Program.shell("mount -t tmpfs -o size=256k none '\(mount)'", in: place.url)
        guard mounted.status == 0 else {
            print("skipped: a small tmpfs cannot be mounted here (\(mounted.err.prefix(80)))")
            return
        }
        defer { _ = try? Program.shell("umount '\(mount)'", in: place.url) }
        let fault = #expect(throws: StoreFault.self) {
            try IntentLog(path: mount + "/intents.log", durability: .process, build: "test", capacity: 4_096)
        }
        #expect(fault?.code == "E_STORE_PREALLOCATE" && fault?.text.contains("No space") == true)
        #expect(!FileManager.default.fileExists(atPath: mount + "/intents.log.new"))
        // A log that fits goes on while the rest of the disk is full: its blocks were given before.
        let log = try IntentLog(path: mount + "/intents.log", durability: .power, build: "test", capacity: 128)
        _ = try Program.shell("cat /dev/zero > '\(mount)/filler'", in: place.url)
        for number in 1...100 as ClosedRange<UInt64> { try log.append(SomeIntents.one(number), nil) }
        log.close()
        #expect(try IntentLog.read(path: mount + "/intents.log")?.head == 100)
    }
}

/// Syncs that are refused on demand.
final class Failing: @unchecked Sendable {
    // Safety: guarded by the lock.
    private let lock = NSLock()
    private var number: Int32 = 0
    private var calls = 0

    var count: Int { lock.withLock { calls } }

    func refuse(with number: Int32) { lock.withLock { self.number = number } }

    func next(_ descriptor: Int32) -> Int32 {
        lock.withLock {
            calls += 1
            return number
        }
    }
}

/// Repeatable numbers.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
