/// Why a name could not be entered.
public enum SymbolFault: UInt8, Error, CaseIterable, Sendable {
    /// As many names as the table may hold.
    case full
    /// An empty name, or one longer than `SymbolTable.lengthMax`.
    case length
    /// The name is there already, with another number.
    case taken

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String {
        switch self {
        case .full: "E_WIRE_SYMBOL_FULL"
        case .length: "E_WIRE_SYMBOL_LENGTH"
        case .taken: "E_WIRE_SYMBOL_TAKEN"
        }
    }
}

/// Venue names to small numbers: the bytes are hashed and compared where they lie, no string is made.
///
/// Open addressing, at most half full, so a lookup usually touches one slot and one name. Memory moves only when a
/// name is entered. The hash has no per-process seed, since a replay must walk the same way; the bound on names
/// bounds the longest walk.
///
/// - Lane: one owner; not shared.
public final class SymbolTable {
    /// Longest name in bytes.
    public static let lengthMax = 512

    @frozen @usableFromInline struct Slot {
        @usableFromInline var hash: UInt64
        @usableFromInline var offset: UInt32
        @usableFromInline var length: UInt32  // 0: the slot is free
        @usableFromInline var value: Int32
        @usableFromInline var unused: Int32 = 0

        @usableFromInline init() {
            (hash, offset, length, value) = (0, 0, 0, 0)
        }
    }

    @frozen @usableFromInline struct Memory {
        @usableFromInline var slots: UnsafeMutablePointer<Slot>
        @usableFromInline var names: UnsafeMutableRawPointer
        @usableFromInline var mask: UInt64

        init(slotCount: Int, nameBytes: Int) {
            slots = SymbolTable.makeSlots(slotCount)
            names = UnsafeMutableRawPointer.allocate(byteCount: nameBytes, alignment: 64)
            mask = UInt64(slotCount - 1)
        }
    }

    // Safety: all of it belongs to this object, is replaced only by `insert` and freed in `deinit`. Behind a constant
    // pointer, so that a lookup pays no exclusivity checks.
    @usableFromInline let memory: UnsafeMutablePointer<Memory>
    private var namesUsed = 0
    private var namesCapacity: Int
    /// Names entered.
    public private(set) var count = 0
    /// Names it may hold.
    public let countMax: Int

    /// An empty table that may hold `countMax` names; room for `reserved` is made at once.
    public init(countMax: Int, reserved: Int = 64) {
        precondition((1...(1 << 22)).contains(countMax), "a table holds 1...2^22 names")
        self.countMax = countMax
        namesCapacity = max(reserved, 64) * 32
        memory = .allocate(capacity: 1)
        let slotCount = Self.slotCount(for: min(max(reserved, 1), countMax))
        memory.initialize(to: Memory(slotCount: slotCount, nameBytes: namesCapacity))
    }

    deinit {
        memory.pointee.slots.deallocate()
        memory.pointee.names.deallocate()
        memory.deallocate()
    }

    /// The number of a name, `nil` when it was never entered.
    @inlinable public func lookup(_ name: UnsafeRawBufferPointer) -> Int32? {
        guard let start = name.baseAddress, name.count > 0 else { return nil }
        let memory = self.memory.pointee
        let hash = ByteHash.hash(name)
        var at = hash & memory.mask
        while true {
            let slot = memory.slots[Int(truncatingIfNeeded: at)]
            if slot.length == 0 { return nil }
            if slot.hash == hash && Int(slot.length) == name.count
                && ByteHash.equal(memory.names + Int(slot.offset), start, name.count)
            {
                return slot.value
            }
            at = (at &+ 1) & memory.mask  // at most half full: a free slot ends every walk
        }
    }

    /// The number of a name, `nil` when it was never entered.
    @inlinable public func lookup(_ name: JSONText) -> Int32? { lookup(name.bytes) }

    /// The number of a name, `nil` when it was never entered; for cold paths.
    public func lookup(_ name: String) -> Int32? {
        var name = name
        return name.withUTF8 { lookup(UnsafeRawBufferPointer($0)) }
    }

    /// Enters a name with its number; entering the same pair again changes nothing.
    ///
    /// - Throws: `SymbolFault` (`E_WIRE_SYMBOL_*`).
    public func insert(_ name: String, _ value: Int32) throws(SymbolFault) {
        let bytes = Array(name.utf8)
        guard (1...Self.lengthMax).contains(bytes.count) else { throw .length }
        if let known = bytes.withUnsafeBytes({ lookup($0) }) {
            if known == value { return }
            throw .taken
        }
        guard count < countMax else { throw .full }
        if (count + 1) * 2 > Int(memory.pointee.mask) + 1 { growSlots() }
        if namesUsed + bytes.count > namesCapacity { growNames(namesUsed + bytes.count) }
        (memory.pointee.names + namesUsed).copyMemory(from: bytes, byteCount: bytes.count)
        var slot = Slot()
        slot.hash = bytes.withUnsafeBytes { ByteHash.hash($0) }
        slot.offset = UInt32(namesUsed)
        slot.length = UInt32(bytes.count)
        slot.value = value
        place(slot)
        namesUsed += bytes.count
        count += 1
    }

    private func place(_ slot: Slot) {
        let (slots, mask) = (memory.pointee.slots, memory.pointee.mask)
        var at = slot.hash & mask
        while slots[Int(at)].length != 0 { at = (at + 1) & mask }
        slots[Int(at)] = slot
    }

    private func growSlots() {
        let old = UnsafeMutableBufferPointer(start: memory.pointee.slots, count: Int(memory.pointee.mask) + 1)
        memory.pointee.slots = Self.makeSlots(old.count * 2)
        memory.pointee.mask = UInt64(old.count * 2 - 1)
        for slot in old where slot.length != 0 { place(slot) }
        old.deallocate()
    }

    private func growNames(_ needed: Int) {
        let capacity = max(namesCapacity * 2, needed)
        let moved = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
        moved.copyMemory(from: memory.pointee.names, byteCount: namesUsed)
        memory.pointee.names.deallocate()
        memory.pointee.names = moved
        namesCapacity = capacity
    }

    private static func slotCount(for names: Int) -> Int {
        var count = 16
        while count < names * 2 { count *= 2 }
        return count
    }

    private static func makeSlots(_ count: Int) -> UnsafeMutablePointer<Slot> {
        let slots = UnsafeMutablePointer<Slot>.allocate(capacity: count)
        slots.initialize(repeating: Slot(), count: count)
        return slots
    }
}
