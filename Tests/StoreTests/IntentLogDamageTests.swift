import Foundation
import TestKit
import Testing
import Trading

@testable import Store

@Suite("IntentLog, damaged")
struct IntentLogDamageTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private var path: String { place.path("intents.log") }
    private let boot = JournalFile.bootIdentity()

    /// A log of some units, closed or as a kill leaves it.
    private func bytes(units: Int, capacity: Int = 64, checkpoint: UInt64 = 0, isClosed: Bool = true) throws -> [UInt8]
    {
        unlink(path)
        let log = try IntentLog(path: path, durability: .process, build: "test", capacity: capacity)
        for unit in 0..<UInt64(units) {
            if unit == UInt64(units / 2), checkpoint > 0 {
                log.checkpoint(through: checkpoint)
            }
            try log.append(SomeIntents.one(unit * 2 + 1), SomeIntents.one(unit * 2 + 2, .polymarket))
        }
        log.checkpoint(through: checkpoint)
        if isClosed { log.close() }
        return Array(try Data(contentsOf: URL(filePath: path)))
    }

    private func content(_ bytes: [UInt8], boot: String? = nil) -> JournalContent {
        bytes.withUnsafeBytes { JournalReading.content($0, boot: boot ?? self.boot) }
    }

    @Test("P18: of 1,000 flipped bytes none is taken for what it is not", arguments: [1, 2] as [UInt64])
    func flips(seed: UInt64) throws {
        let whole = try bytes(units: 20, checkpoint: seed == 1 ? 0 : 9)
        let truth = content(whole)
        #expect(truth.damage.isEmpty && truth.intents.count == (seed == 1 ? 40 : 31))
        var random = SeededRandom(seed: seed)
        // Header and records for the most part, the room behind them too.
        let written = JournalFile.headerSize + 42 * IntentRecord.size
        var refused = 0  // what lies behind a record's texts means nothing and may change
        for _ in 0..<1_000 {
            var damaged = whole
            let range = random.next() % 10 == 0 ? whole.count : written
            let at = Int(random.next() % UInt64(range))
            damaged[at] ^= UInt8(truncatingIfNeeded: 1 + random.next() % 255)
            let read = content(damaged)
            if read.damage.isEmpty {
                #expect(read.intents == truth.intents && read.withdrawn == truth.withdrawn, "byte \(at)")
            } else {
                refused += 1
            }
        }
        #expect(refused > 500)
    }

    @Test("P18: a flipped byte in any record is refused, with the record's number and where the copies are")
    func middle() throws {
        _ = try bytes(units: 3)
        // Opened once more, so that there is a copy of the start before.
        try IntentLog(path: path, durability: .process, build: "test", capacity: 64).close()
        var damaged = Array(try Data(contentsOf: URL(filePath: path)))
        let at = JournalFile.headerSize + 4 * IntentRecord.size + 70
        damaged[at] ^= 1
        try Data(damaged).write(to: URL(filePath: path))
        let fault = #expect(throws: StoreFault.self) {
            try IntentLog(path: path, durability: .process, build: "test", capacity: 64)
        }
        #expect(fault?.code == "E_STORE_JOURNAL_CORRUPT")
        #expect(fault?.text.contains("record 5 ") == true && fault?.text.contains(".bak") == true)
        #expect(try Data(contentsOf: URL(filePath: path)) == Data(damaged))
    }

    @Test("a unit torn at any byte was never sent: it is dropped, and what came before stands", arguments: [0, 1])
    func torn(record: Int) throws {
        // As a kill in the middle of `append` leaves it: not committed, no link, the bytes up to some point.
        var before = try bytes(units: 4, isClosed: false)
        let after = try bytes(units: 5, isClosed: false)
        func put(_ sequence: UInt64) {
            withUnsafeBytes(of: sequence) { word in
                before.replaceSubrange(JournalFile.commitAt..<JournalFile.commitAt + 8, with: word)
            }
        }
        put(8)
        let start = JournalFile.headerSize + 8 * IntentRecord.size
        for at in before.indices[(JournalFile.headerSize)...] where at >= start { before[at] = 0 }
        let truth = content(before)
        #expect(truth.damage.isEmpty && truth.intents.count == 8)
        for cut in 0..<IntentRecord.size {
            var image = before
            let end = start + record * IntentRecord.size + cut
            image.replaceSubrange(start..<end, with: after[start..<end])
            for at in stride(from: start, to: start + 2 * IntentRecord.size, by: IntentRecord.size) {
                image.replaceSubrange(
                    at..<at + IntentRecord.chainSize, with: [UInt8](repeating: 0, count: 32))
            }
            let read = content(image)
            #expect(read.damage.isEmpty, "cut at \(cut): \(read.damage)")
            #expect(read.intents == truth.intents || read.intents.count == 10, "cut at \(cut)")
        }
    }

    @Test(
        "a committed record that is gone is refused in the same start of the machine, and named as lost after another")
    func powerLoss() throws {
        let whole = try bytes(units: 5, isClosed: false)
        var lost = whole
        let start = JournalFile.headerSize + 8 * IntentRecord.size
        lost.replaceSubrange(start..<start + 2 * IntentRecord.size, with: [UInt8](repeating: 0, count: 1_024))
        #expect(content(lost).damage.first?.sequence == 9)
        let after = content(lost, boot: "another start")
        #expect(after.damage.isEmpty && after.intents.count == 8 && after.lostSince != nil)
        // What the keeper had synced may not be missing after a power loss either.
        let closed = try bytes(units: 5)
        var synced = closed
        synced.replaceSubrange(start..<start + 2 * IntentRecord.size, with: [UInt8](repeating: 0, count: 1_024))
        #expect(content(synced, boot: "another start").damage.first?.sequence == 9)
        #expect(content(closed, boot: "another start").lostSince == nil)
    }

    @Test("a link of the chain that does not fit, and links out of order, are refused")
    func chain() throws {
        var damaged = try bytes(units: 3)
        let link = JournalFile.headerSize + 2 * IntentRecord.size + IntentRecord.chainAt
        damaged[link] ^= 1
        #expect(content(damaged).damage.first?.sequence == 3)
        var missing = try bytes(units: 3)
        missing.replaceSubrange(link..<link + 32, with: [UInt8](repeating: 0, count: 32))
        #expect(content(missing).damage.isEmpty == false)
    }

    @Test("another file, an older kind, and one that was cut are refused", arguments: [0, 100, 4_096, 20_000])
    func foreign(length: Int) throws {
        let whole = try bytes(units: 3)
        #expect(!content(Array(whole.prefix(length))).damage.isEmpty)
        #expect(!content([UInt8](repeating: 0x41, count: whole.count)).damage.isEmpty)
        try Data(whole.prefix(length)).write(to: URL(filePath: path))
        let fault = #expect(throws: StoreFault.self) {
            try IntentLog(path: path, durability: .process, build: "test", capacity: 64)
        }
        #expect(fault?.code == "E_STORE_JOURNAL_CORRUPT")
    }
}
