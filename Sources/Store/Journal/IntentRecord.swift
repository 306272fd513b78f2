import Threading
import Trading

/// The bytes of one record of the intent log.
///
/// 512 bytes, a disk's sector: what a power loss tears is whole records. Little endian. The checksum covers everything
/// from its end to the end of the texts; what follows is zero. The chain's link is written later by the keeper's thread
/// and is zero until then; it covers the whole record before it.
enum IntentRecord {
    static let size = 512
    static let chainAt = 480
    static let textsAt = 144
    /// Where what makes an order this very order begins: execution, amounts, kinds, texts, the hash of its body.
    static let contentAt = 56

    /// What a record says.
    enum Kind: UInt8 {
        case intent = 1
        case withdrawal = 2
    }

    /// Where it stands in its unit.
    struct Place {
        var sequence: UInt64
        var index: UInt8
        var count: UInt8
        var build: UInt64
    }

    /// The name of an intent.
    struct Key: Hashable {
        var clOrdID: ClOrdID
        var isTombstone: Bool
    }

    /// A record as read back.
    struct Read {
        var place: Place
        var key: Key
        /// Nil: a withdrawal of the key.
        var intent: OrderIntent?
    }

    /// Whether the texts of an intent fit.
    static func fits(_ intent: borrowing OrderIntent) -> Bool {
        let lengths = (
            intent.pair.name.utf8.count, intent.symbol.utf8.count, intent.token.utf8.count,
            intent.orderID?.text.utf8.count ?? 0
        )
        guard lengths.0 <= 255, lengths.1 <= 255, lengths.2 <= 255, lengths.3 <= 255 else { return false }
        return lengths.0 + lengths.1 + lengths.2 + lengths.3 <= chainAt - textsAt
            && (intent.bodyHash.isEmpty || intent.bodyHash.count == 32)
    }

    /// Writes everything of an intent but its place and checksum, from byte 16 on. The texts must fit.
    ///
    /// - Returns: the bytes used.
    @inline(__always)
    static func writeContent(_ intent: borrowing OrderIntent, to record: UnsafeMutableRawPointer) -> Int {
        put(intent.order.clOrdID.high, record, 16)
        put(intent.order.clOrdID.low, record, 24)
        put(intent.decided.utc.rawValue, record, 32)
        put(intent.decided.monotonic.rawValue, record, 40)
        put(intent.execution.run, record, 56)
        put(intent.execution.sequence, record, 60)
        put(intent.order.orderQty.rawValue, record, 64)
        put(intent.order.price.rawValue, record, 72)
        put(intent.order.cashOrderQty?.rawValue ?? 0, record, 80)
        var expires: Int64 = 0
        let timeInForce: UInt8
        switch intent.order.timeInForce {
        case .ioc: timeInForce = 1
        case .fok: timeInForce = 2
        case .gtc: timeInForce = 3
        case .gtd(let instant): (timeInForce, expires) = (4, instant.rawValue)
        }
        put(expires, record, 88)
        var flags: UInt8 = intent.order.isPostOnly ? 1 : 0
        if intent.order.isReduceOnly { flags |= 2 }
        if intent.order.cashOrderQty != nil { flags |= 4 }
        if intent.orderID != nil { flags |= 8 }
        put(flags, record, 96)
        put(code(intent.role), record, 97)
        put(intent.venue.rawValue, record, 98)
        put(timeInForce, record, 99)
        put(code(intent.order.purpose), record, 100)
        put(intent.order.outcome == .yes ? 1 as UInt8 : 2, record, 101)
        put(intent.order.side == .buy ? 1 as UInt8 : 2, record, 102)
        put(0 as UInt8, record, 103)
        var used = textsAt
        put(text(intent.pair.name, record, &used), record, 104)
        put(text(intent.symbol, record, &used), record, 105)
        put(text(intent.token, record, &used), record, 106)
        put(text(intent.orderID?.text ?? "", record, &used), record, 107)
        put(UInt8(intent.bodyHash.count), record, 108)
        put(0 as UInt8, record, 109)
        put(UInt16(used), record, 110)
        intent.bodyHash.withUnsafeBytes { hash in
            if let start = hash.baseAddress, hash.count == 32 {
                (record + 112).copyMemory(from: start, byteCount: 32)
            } else {
                (record + 112).initializeMemory(as: UInt8.self, repeating: 0, count: 32)
            }
        }
        return used
    }

    /// Writes a withdrawal's content.
    static func writeWithdrawal(_ key: Key, to record: UnsafeMutableRawPointer) -> Int {
        (record + 16).initializeMemory(as: UInt8.self, repeating: 0, count: textsAt - 16)
        put(key.clOrdID.high, record, 16)
        put(key.clOrdID.low, record, 24)
        put(code(key.isTombstone ? .tombstone : .entry), record, 100)
        put(UInt16(textsAt), record, 110)
        return textsAt
    }

    /// Writes place, zeros behind the content, and the checksum: the record is whole after this and not before.
    @inline(__always)
    static func seal(_ record: UnsafeMutableRawPointer, _ kind: Kind, _ place: Place, used: Int) {
        put(kind.rawValue, record, 4)
        put(place.index, record, 5)
        put(place.count, record, 6)
        put(0 as UInt8, record, 7)
        put(place.sequence, record, 8)
        put(place.build, record, 48)
        (record + used).initializeMemory(as: UInt8.self, repeating: 0, count: size - used)
        put(CRC32C.of(UnsafeRawBufferPointer(start: record + 4, count: used - 4)), record, 0)
    }

    /// True when two whole records describe the very same order.
    @inline(__always)
    static func isSameContent(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, used: Int) -> Bool {
        var at = contentAt
        while at + 8 <= used {
            guard
                left.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                    == right.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            else { return false }
            at += 8
        }
        while at < used {
            guard left.load(fromByteOffset: at, as: UInt8.self) == right.load(fromByteOffset: at, as: UInt8.self) else {
                return false
            }
            at += 1
        }
        return true
    }

    // MARK: - Reading

    /// True when no byte of the place was ever written.
    static func isEmpty(_ record: UnsafeRawPointer) -> Bool { isZero(record, from: 0, to: size) }

    /// True when the chain's link was written.
    static func hasChain(_ record: UnsafeRawPointer) -> Bool { !isZero(record, from: chainAt, to: size) }

    /// The record, every byte of it checked; nil when it is not one that this build writes.
    static func read(_ record: UnsafeRawPointer) -> Read? {
        let used = Int(get(record, 110) as UInt16)
        guard used >= textsAt, used <= chainAt, isZero(record, from: used, to: chainAt),
            CRC32C.of(UnsafeRawBufferPointer(start: record + 4, count: used - 4)) == get(record, 0) as UInt32,
            let kind = Kind(rawValue: get(record, 4)), let purpose = purpose(get(record, 100))
        else { return nil }
        let place = Place(
            sequence: get(record, 8), index: get(record, 5), count: get(record, 6), build: get(record, 48))
        guard place.sequence > 0, (1...2).contains(place.count), place.index < place.count else { return nil }
        let key = Key(
            clOrdID: ClOrdID(high: get(record, 16), low: get(record, 24)), isTombstone: purpose == .tombstone)
        switch kind {
        case .withdrawal: return Read(place: place, key: key, intent: nil)
        case .intent:
            guard let intent = intent(record, key.clOrdID, purpose, used) else { return nil }
            return Read(place: place, key: key, intent: intent)
        }
    }

    /// The key of a record that was written here.
    @inline(__always)
    static func key(_ record: UnsafeRawPointer) -> Key {
        Key(
            clOrdID: ClOrdID(high: get(record, 16), low: get(record, 24)),
            isTombstone: (get(record, 100) as UInt8) == code(OrderPurpose.tombstone))
    }

    private static func intent(_ record: UnsafeRawPointer, _ clOrdID: ClOrdID, _ purpose: OrderPurpose, _ used: Int)
        -> OrderIntent?
    {
        let flags: UInt8 = get(record, 96), outcome: UInt8 = get(record, 101), side: UInt8 = get(record, 102)
        guard let role = role(get(record, 97)), let venue = VenueID(rawValue: get(record, 98)),
            let price = Price(rawValue: get(record, 72)), (1...2).contains(outcome), (1...2).contains(side)
        else { return nil }
        let timeInForce: TimeInForce
        switch get(record, 99) as UInt8 {
        case 1: timeInForce = .ioc
        case 2: timeInForce = .fok
        case 3: timeInForce = .gtc
        case 4: timeInForce = .gtd(UTCNanos(rawValue: get(record, 88)))
        default: return nil
        }
        var at = textsAt
        func text(_ lengthAt: Int) -> String? {
            let length = Int(get(record, lengthAt) as UInt8)
            defer { at += length }
            guard at + length <= used else { return nil }
            return String(
                validating: UnsafeRawBufferPointer(start: record + at, count: length).map { $0 }, as: UTF8.self)
        }
        guard let pair = text(104), let symbol = text(105), let token = text(106), let orderID = text(107), at == used
        else { return nil }
        let hash =
            (get(record, 108) as UInt8) == 32 ? [UInt8](UnsafeRawBufferPointer(start: record + 112, count: 32)) : []
        // The dense index of its run is gone with the run; the market is its symbol.
        let order = NewOrder(
            clOrdID: clOrdID, instrument: InstrumentID(-1), outcome: outcome == 1 ? .yes : .no,
            side: side == 1 ? .buy : .sell, orderQty: Quantity(rawValue: get(record, 64)), price: price,
            cashOrderQty: flags & 4 != 0 ? Money(rawValue: get(record, 80)) : nil, timeInForce: timeInForce,
            isPostOnly: flags & 1 != 0, isReduceOnly: flags & 2 != 0, purpose: purpose)
        return OrderIntent(
            execution: ExecutionID(run: get(record, 56), sequence: get(record, 60)), role: role, pair: PairID(pair),
            venue: venue, symbol: symbol, token: token, order: order, orderID: flags & 8 != 0 ? OrderID(orderID) : nil,
            bodyHash: hash,
            decided: Stamp(
                monotonic: MonotonicNanos(rawValue: get(record, 40)), utc: UTCNanos(rawValue: get(record, 32))))
    }

    // MARK: - Words as bytes: never reused for another meaning

    private static func code(_ role: OrderRole) -> UInt8 {
        switch role {
        case .leg: 1
        case .complete: 2
        case .sell: 3
        case .opposite: 4
        case .tombstone: 5
        }
    }

    private static func role(_ code: UInt8) -> OrderRole? { OrderRole.allCases.first { self.code($0) == code } }

    private static func code(_ purpose: OrderPurpose) -> UInt8 {
        switch purpose {
        case .entry: 1
        case .close: 2
        case .tombstone: 3
        }
    }

    private static func purpose(_ code: UInt8) -> OrderPurpose? {
        OrderPurpose.allCases.first { self.code($0) == code }
    }

    // MARK: - Bytes

    @inline(__always)
    private static func put<Value: BitwiseCopyable>(_ value: Value, _ record: UnsafeMutableRawPointer, _ at: Int) {
        record.storeBytes(of: value, toByteOffset: at, as: Value.self)
    }

    @inline(__always)
    private static func get<Value: BitwiseCopyable>(_ record: UnsafeRawPointer, _ at: Int) -> Value {
        record.loadUnaligned(fromByteOffset: at, as: Value.self)
    }

    @inline(__always)
    private static func text(_ text: borrowing String, _ record: UnsafeMutableRawPointer, _ used: inout Int) -> UInt8 {
        let at = used
        let count: Int =
            text.utf8.withContiguousStorageIfAvailable { bytes in
                if let start = bytes.baseAddress { (record + at).copyMemory(from: start, byteCount: bytes.count) }
                return bytes.count
            } ?? slowText(text, record, at)
        used += count
        return UInt8(truncatingIfNeeded: count)  // `fits` has seen that it is at most 255
    }

    private static func slowText(_ text: String, _ record: UnsafeMutableRawPointer, _ at: Int) -> Int {
        var count = 0
        for byte in text.utf8 {
            record.storeBytes(of: byte, toByteOffset: at + count, as: UInt8.self)
            count += 1
        }
        return count
    }

    private static func isZero(_ record: UnsafeRawPointer, from start: Int, to end: Int) -> Bool {
        var at = start
        while at + 8 <= end {
            if (get(record, at) as UInt64) != 0 { return false }
            at += 8
        }
        while at < end {
            if (get(record, at) as UInt8) != 0 { return false }
            at += 1
        }
        return true
    }
}
