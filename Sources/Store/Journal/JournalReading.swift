import Glibc
import Signing
import Trading

/// Reads the bytes of an intent log: every byte of the file is either explained or named as damage.
struct JournalReading {
    private enum Slot {
        case empty
        case whole(IntentRecord.Read)
        case broken
    }

    private let base: UnsafeRawPointer
    private let capacity: UInt64
    private let head: JournalFile.Head
    private let status: JournalFile.Status
    private let isSameBoot: Bool
    private let committed: UInt64
    private var slots: [Slot] = []
    private(set) var content = JournalContent()

    /// Reads a whole file.
    ///
    /// - Parameter boot: of this machine now.
    static func content(_ bytes: UnsafeRawBufferPointer, boot: String) -> JournalContent {
        func refused(_ at: Int, _ text: String) -> JournalContent {
            var content = JournalContent()
            content.damage = [JournalContent.Damage(sequence: nil, offset: at, text: text)]
            return content
        }
        guard let base = bytes.baseAddress, bytes.count >= JournalFile.headerSize else {
            return refused(bytes.count, "the file is too short for one")
        }
        guard let head = JournalFile.readHead(base) else { return refused(0, "not what this build writes") }
        guard head.capacity > 0, head.capacity < 1 << 24, bytes.count == JournalFile.length(Int(head.capacity)) else {
            return refused(16, "the file has not the length that it says")
        }
        guard let status = JournalFile.readStatus(base) else {
            return refused(JournalFile.keeperAt, "the keeper's checksum is wrong")
        }
        var reading = JournalReading(base, head, status, isSameBoot: !boot.isEmpty && boot == head.boot)
        reading.run()
        return reading.content
    }

    private init(_ base: UnsafeRawPointer, _ head: JournalFile.Head, _ status: JournalFile.Status, isSameBoot: Bool) {
        self.base = base
        self.head = head
        self.status = status
        self.isSameBoot = isSameBoot
        capacity = head.capacity
        committed = base.load(fromByteOffset: JournalFile.commitAt, as: UInt64.self)
        content.generation = head.generation
        content.build = head.build
        content.created = head.created
        content.checkpoint = status.checkpoint
    }

    /// Up to here every record must be whole: a killed process loses nothing that was committed, a power loss nothing that
    /// was synced.
    private var mandatory: UInt64 { isSameBoot ? committed : status.durable }

    private func record(_ sequence: UInt64) -> UnsafeRawPointer {
        base + JournalFile.headerSize + Int((sequence - 1) % capacity) * IntentRecord.size
    }

    private mutating func damage(_ sequence: UInt64, _ text: String) {
        content.damage.append(
            JournalContent.Damage(sequence: sequence, offset: UnsafeRawPointer(record(sequence)) - base, text: text))
    }

    private mutating func run() {
        let header = UnsafeRawBufferPointer(start: base, count: JournalFile.headerSize)
        if let stray = header[(JournalFile.commitAt + 8)...].firstIndex(where: { $0 != 0 }) {
            content.damage.append(JournalContent.Damage(sequence: nil, offset: stray, text: "bytes that nobody writes"))
        }
        readSlots()
        checkPlaces()
        checkChain()
        guard content.damage.isEmpty else { return }
        collect()
    }

    private mutating func readSlots() {
        slots.reserveCapacity(Int(capacity))
        for sequence in 1...capacity {
            let at = record(sequence)
            if IntentRecord.isEmpty(at) {
                slots.append(.empty)
            } else if let read = IntentRecord.read(at), (read.place.sequence - 1) % capacity == sequence - 1 {
                slots.append(.whole(read))
                content.head = max(content.head, read.place.sequence)
            } else {
                slots.append(.broken)
            }
        }
    }

    private func whole(_ sequence: UInt64) -> IntentRecord.Read? {
        guard sequence > 0, case .whole(let read) = slots[Int((sequence - 1) % capacity)],
            read.place.sequence == sequence
        else { return nil }
        return read
    }

    private var oldest: UInt64 { content.head > capacity ? content.head - capacity + 1 : 1 }

    /// Every place must hold what its sequence says, but for a last unit that was not completed.
    private mutating func checkPlaces() {
        let newest = content.head
        if isSameBoot, newest > committed + 2 {
            content.damage.append(
                JournalContent.Damage(
                    sequence: nil, offset: JournalFile.commitAt, text: "the commit word is behind the records"))
        }
        if mandatory > newest { damage(newest + 1, "recorded and not there") }
        if newest > 0 {
            for sequence in oldest...newest where whole(sequence) == nil {
                // The first places of a log that went round are where a torn unit was being written.
                let isOverwritten = sequence + capacity <= newest + 2 && sequence <= status.checkpoint
                if isOverwritten { continue }
                // What was not synced may be gone after a power loss, a sector at a time: the place then holds what it
                // held before, and no link. A record with a link was whole.
                let isBroken = if case .broken = slots[Int((sequence - 1) % capacity)] { true } else { false }
                if sequence <= mandatory || isSameBoot || head.durability == .power
                    || isBroken && IntentRecord.hasChain(record(sequence))
                {
                    damage(sequence, "its checksum is wrong")
                }
            }
        }
        for index in 0..<capacity {
            let sequence = index + 1
            let isInRange = newest >= capacity || sequence <= newest
            let isTail = (newest..<newest + 2).contains { $0 % capacity == index }
            switch slots[Int(index)] {
            case .broken where !isInRange && !isTail: damage(sequence, "bytes where nothing was recorded")
            case .broken where isTail && !isInRange && IntentRecord.hasChain(record(sequence)):
                damage(sequence, "its checksum is wrong")
            default: break
            }
        }
        if !isSameBoot, head.durability == .process, !status.isClosed { content.lostSince = status.durableAt }
    }

    /// Each link is the hash of the link before and the record; links are written in order.
    private mutating func checkChain() {
        guard content.head > 0 else { return }
        let digest = Digest(.sha256)
        var link = [UInt8](repeating: 0, count: 32)
        var hasEnded = false
        for sequence in oldest...content.head {
            guard whole(sequence) != nil else { continue }
            let at = record(sequence)
            guard IntentRecord.hasChain(at) else {
                hasEnded = true
                continue
            }
            guard !hasEnded || !isSameBoot else {
                damage(sequence, "a link of the chain is missing before it")
                return
            }
            let before: UnsafeRawPointer
            if sequence == 1 {
                before = base + JournalFile.seedAt
            } else {
                guard whole(sequence - 1) != nil, IntentRecord.hasChain(record(sequence - 1)) else { continue }
                before = record(sequence - 1) + IntentRecord.chainAt
            }
            digest.update(UnsafeRawBufferPointer(start: before, count: 32))
            digest.update(IntentRecord.linked(at))
            link.withUnsafeMutableBytes { digest.finish(into: $0) }
            guard
                link.elementsEqual(
                    UnsafeRawBufferPointer(start: at + IntentRecord.chainAt, count: IntentRecord.chainSize))
            else {
                damage(sequence, "the chain of hashes breaks here")
                return
            }
        }
    }

    private mutating func collect() {
        guard content.head > 0 else { return }
        var withdrawn: Set<IntentRecord.Key> = []
        var found: [JournaledIntent] = []
        for sequence in oldest...content.head {
            guard let read = whole(sequence) else { continue }
            let first = sequence - UInt64(read.place.index)
            let isComplete = (0..<UInt64(read.place.count)).allSatisfy { step in
                // Of a unit whose first record was overwritten, the second is as old as the ledger's.
                first + step < oldest || whole(first + step)?.place.count == read.place.count
            }
            guard isComplete else {
                if sequence + 1 >= content.head || !isSameBoot {
                    content.torn += 1
                } else {
                    damage(sequence, "the other record of its unit is missing")
                }
                continue
            }
            if let intent = read.intent {
                if sequence > status.checkpoint {
                    found.append(JournaledIntent(sequence: sequence, build: read.place.build, intent: intent))
                }
            } else if sequence > status.checkpoint {
                // The ledger knows of those before.
                withdrawn.insert(read.key)
            }
        }
        content.intents = found.filter { !withdrawn.contains($0.intent.key) }
        content.withdrawn = withdrawn.map { WithdrawnIntent(clOrdID: $0.clOrdID, isTombstone: $0.isTombstone) }
            .sorted { ($0.clOrdID.high, $0.clOrdID.low) < ($1.clOrdID.high, $1.clOrdID.low) }
    }
}

extension OrderIntent {
    /// Its key in the log.
    var key: IntentRecord.Key { IntentRecord.Key(clOrdID: order.clOrdID, isTombstone: order.purpose == .tombstone) }
}
