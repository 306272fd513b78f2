import CMemory

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
/// Open addressing, at most half full, and a name of usual length lies in its slot: a lookup usually waits for memory
/// once. Memory moves only when a name is entered. The hash has no per-process seed, since a replay must walk the same
/// way; the bound on names bounds the longest walk.
///
/// - Lane: one owner; not shared.
public final class SymbolTable {
    /// Longest name in bytes.
    public static let lengthMax = 512

    /// A slot begins with it; the name follows, or where it lies among the long ones when the slot has no room for it.
    @frozen @usableFromInline struct Head {
        @usableFromInline var hash: UInt64
        @usableFromInline var length: UInt32  // 0: the slot is free
        @usableFromInline var value: Int32

        @inlinable static var size: Int { 16 }
    }

    @frozen @usableFromInline struct Memory {
        @usableFromInline var slots: UnsafeMutableRawPointer
        @usableFromInline var long: UnsafeMutableRawPointer
        @usableFromInline var mask: UInt64
        /// A slot is two to this bytes: one cache line, or two once a name is entered that would not fit one.
        @usableFromInline var shift: UInt64

        @inlinable var room: Int { 1 &<< Int(truncatingIfNeeded: shift) &- Head.size }

        @inlinable func slot(_ at: UInt64) -> UnsafeMutableRawPointer {
            slots + Int(truncatingIfNeeded: at &<< shift)  // below the memory's size
        }

        @inlinable func head(_ slot: UnsafeMutableRawPointer) -> Head { slot.load(as: Head.self) }

        @inlinable func name(_ slot: UnsafeMutableRawPointer, _ length: Int) -> UnsafeMutableRawPointer {
            length <= room ? slot + Head.size : long + (slot + Head.size).load(as: Int.self)
        }
    }

    static let shiftMin: UInt64 = 6
    static let shiftMax: UInt64 = 7

    // Safety: all of it belongs to this object, is replaced only by `insert` and freed in `deinit`. Behind a constant
    // pointer, so that a lookup pays no exclusivity checks.
    @usableFromInline let memory: UnsafeMutablePointer<Memory>
    private var longUsed = 0
    private var longCapacity = 4_096
    /// Names entered.
    public private(set) var count = 0
    /// Names it may hold.
    public let countMax: Int

    /// An empty table that may hold `countMax` names; room for `reserved` is made at once.
    public init(countMax: Int, reserved: Int = 64) {
        precondition((1...(1 << 22)).contains(countMax), "a table holds 1...2^22 names")
        self.countMax = countMax
        memory = .allocate(capacity: 1)
        let slotCount = Self.slotCount(for: min(max(reserved, 1), countMax))
        memory.initialize(
            to: Memory(
                slots: Self.makeSlots(slotCount, Self.shiftMin),
                long: .allocate(byteCount: longCapacity, alignment: 64), mask: UInt64(slotCount - 1),
                shift: Self.shiftMin))
    }

    deinit {
        memory.pointee.slots.deallocate()
        memory.pointee.long.deallocate()
        memory.deallocate()
    }

    /// The number of a name, `nil` when it was never entered.
    @inlinable public func lookup(_ name: UnsafeRawBufferPointer) -> Int32? {
        lookup(name, hash: ByteHash.hash(name))
    }

    @inlinable func lookup(_ name: UnsafeRawBufferPointer, hash: UInt64) -> Int32? {
        guard let start = name.baseAddress, name.count > 0 else { return nil }
        let memory = self.memory.pointee
        var at = hash & memory.mask
        while true {
            let slot = memory.slot(at)
            let head = memory.head(slot)
            if head.length == 0 { return nil }
            if head.hash == hash && Int(head.length) == name.count
                && ByteHash.equal(memory.name(slot, name.count), start, name.count)
            {
                return head.value
            }
            at = (at &+ 1) & memory.mask  // at most half full: a free slot ends every walk
        }
    }

    /// The number of a name, `nil` when it was never entered.
    @inlinable public func lookup(_ name: JSONText) -> Int32? { lookup(name.bytes) }

    /// The number of a name whose `hash64` is known; `nil` when it was never entered.
    @inlinable public func lookup(_ name: JSONText, hash: UInt64) -> Int32? { lookup(name.bytes, hash: hash) }

    /// Asks for the memory that the lookup of a name with this `hash64` reads, so that it is there when it comes.
    public func expect(_ hash: UInt64) {
        let memory = self.memory.pointee
        CMemory_prefetch(memory.slot(hash & memory.mask), 1 << memory.shift)
    }

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
        if bytes.count > memory.pointee.room, memory.pointee.shift < Self.shiftMax {
            rebuild(slotCount: Int(memory.pointee.mask) + 1, shift: Self.shiftMax)
        }
        if (count + 1) * 2 > Int(memory.pointee.mask) + 1 {
            rebuild(slotCount: (Int(memory.pointee.mask) + 1) * 2, shift: memory.pointee.shift)
        }
        bytes.withUnsafeBytes { bytes in
            place(bytes, Head(hash: ByteHash.hash(bytes), length: UInt32(bytes.count), value: value))
        }
        count += 1
    }

    private func place(_ name: UnsafeRawBufferPointer, _ head: Head) {
        let memory = self.memory.pointee
        var at = head.hash & memory.mask
        while memory.head(memory.slot(at)).length != 0 { at = (at + 1) & memory.mask }
        let slot = memory.slot(at)
        slot.storeBytes(of: head, as: Head.self)
        let start = slot + Head.size
        if name.count <= memory.room {
            UnsafeMutableRawBufferPointer(start: start, count: name.count).copyMemory(from: name)
        } else {
            start.storeBytes(of: keepLong(name), as: Int.self)
        }
    }

    /// Where a name lies that no slot has room for.
    private func keepLong(_ name: UnsafeRawBufferPointer) -> Int {
        if longUsed + name.count > longCapacity {
            longCapacity = max(longCapacity * 2, longUsed + name.count)
            let moved = UnsafeMutableRawPointer.allocate(byteCount: longCapacity, alignment: 64)
            moved.copyMemory(from: memory.pointee.long, byteCount: longUsed)
            memory.pointee.long.deallocate()
            memory.pointee.long = moved
        }
        let offset = longUsed
        UnsafeMutableRawBufferPointer(start: memory.pointee.long + offset, count: name.count).copyMemory(from: name)
        longUsed += name.count
        return offset
    }

    private func rebuild(slotCount: Int, shift: UInt64) {
        let old = memory.pointee
        let oldLong = old.long
        longUsed = 0
        memory.pointee = Memory(
            slots: Self.makeSlots(slotCount, shift), long: .allocate(byteCount: longCapacity, alignment: 64),
            mask: UInt64(slotCount - 1), shift: shift)
        for at in 0...old.mask {
            let slot = old.slot(at)
            let head = old.head(slot)
            guard head.length != 0 else { continue }
            place(UnsafeRawBufferPointer(start: old.name(slot, Int(head.length)), count: Int(head.length)), head)
        }
        old.slots.deallocate()
        oldLong.deallocate()
    }

    private static func slotCount(for names: Int) -> Int {
        var count = 16
        while count < names * 2 { count *= 2 }
        return count
    }

    private static func makeSlots(_ count: Int, _ shift: UInt64) -> UnsafeMutableRawPointer {
        let bytes = count << Int(shift)
        guard let slots = CMemory_allocate(UInt64(bytes)) else { preconditionFailure("out of memory") }
        slots.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        return slots
    }
}
