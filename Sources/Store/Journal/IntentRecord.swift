import Threading
import Trading

/// The bytes of one record of the intent log.
///
/// 512 bytes, a disk's sector: what a power loss tears is whole records. Little endian. The chain's link comes first, is
/// zero until the keeper's thread writes it, and covers the rest; the checksum covers everything from its own end to the end
/// of the texts. What follows means nothing: writing it would only cost memory traffic.
enum IntentRecord {
    static let size = 512
    static let chainAt = 0
    static let chainSize = 32
    static let checksumAt = 32
    static let textsAt = 176
    /// Where what makes an order this very order begins: execution, amounts, kinds, texts, the hash of its body.
    static let contentAt = 88
    /// The bound of a second leg, behind the texts.
    private static let followerSize = 16

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
            intent.orderID?.length ?? 0
        )
        guard lengths.0 <= 255, lengths.1 <= 255, lengths.2 <= 255, lengths.3 <= 255 else { return false }
        let follower = intent.follower == nil ? 0 : followerSize
        return lengths.0 + lengths.1 + lengths.2 + lengths.3 <= size - textsAt - follower
    }

    /// Writes everything of an intent but its place and checksum, from byte 48 on. The texts must fit.
    ///
    /// - Returns: the bytes used.
    @inline(__always)
    static func writeContent(_ intent: borrowing OrderIntent, to record: UnsafeMutableRawPointer) -> Int {
        put(intent.order.clOrdID.high, record, 48)
        put(intent.order.clOrdID.low, record, 56)
        put(intent.decided.utc.rawValue, record, 64)
        put(intent.decided.monotonic.rawValue, record, 72)
        put(intent.execution.run, record, 88)
        put(intent.execution.sequence, record, 92)
        put(intent.order.orderQty.rawValue, record, 96)
        put(intent.order.price.rawValue, record, 104)
        put(intent.order.cashOrderQty?.rawValue ?? 0, record, 112)
        var expires: Int64 = 0
        let timeInForce: UInt8
        switch intent.order.timeInForce {
        case .ioc: timeInForce = 1
        case .fok: timeInForce = 2
        case .gtc: timeInForce = 3
        case .gtd(let instant): (timeInForce, expires) = (4, instant.rawValue)
        }
        put(expires, record, 120)
        var flags: UInt8 = intent.order.isPostOnly ? 1 : 0
        if intent.order.isReduceOnly { flags |= 2 }
        if intent.order.cashOrderQty != nil { flags |= 4 }
        if intent.orderID != nil { flags |= 8 }
        if intent.follower != nil { flags |= 16 }
        put(flags, record, 128)
        put(code(intent.role), record, 129)
        put(intent.venue.rawValue, record, 130)
        put(timeInForce, record, 131)
        put(code(intent.order.purpose), record, 132)
        put(intent.order.outcome == .yes ? 1 as UInt8 : 2, record, 133)
        put(intent.order.side == .buy ? 1 as UInt8 : 2, record, 134)
        put(0 as UInt8, record, 135)
        var used = textsAt
        put(text(intent.pair.name, record, &used), record, 136)
        put(text(intent.symbol, record, &used), record, 137)
        put(text(intent.token, record, &used), record, 138)
        put(name(intent.orderID, record, &used), record, 139)
        if let follower = intent.follower {
            put(follower.orderQtyMax.rawValue, record, used)
            put(follower.limitPx.rawValue, record, used + 8)
            used += followerSize
        }
        put(32 as UInt8, record, 140)
        put(0 as UInt8, record, 141)
        put(UInt16(used), record, 142)
        put(intent.bodyHash, record, 144)
        return used
    }

    /// Writes a withdrawal's content.
    static func writeWithdrawal(_ key: Key, to record: UnsafeMutableRawPointer) -> Int {
        (record + 48).initializeMemory(as: UInt8.self, repeating: 0, count: textsAt - 48)
        put(key.clOrdID.high, record, 48)
        put(key.clOrdID.low, record, 56)
        put(code(key.isTombstone ? .tombstone : .entry), record, 132)
        put(UInt16(textsAt), record, 142)
        return textsAt
    }

    /// Writes place and checksum: the record is whole after this and not before.
    @inline(__always)
    static func seal(_ record: UnsafeMutableRawPointer, _ kind: Kind, _ place: Place, used: Int) {
        put(kind.rawValue, record, 36)
        put(place.index, record, 37)
        put(place.count, record, 38)
        put(0 as UInt8, record, 39)
        put(place.sequence, record, 40)
        put(place.build, record, 80)
        put(checksum(record, used), record, 32)
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
    static func hasChain(_ record: UnsafeRawPointer) -> Bool { !isZero(record, from: chainAt, to: chainSize) }

    /// What a link covers besides the link before.
    static func linked(_ record: UnsafeRawPointer) -> UnsafeRawBufferPointer {
        let used = Int(get(record, 142) as UInt16)
        return UnsafeRawBufferPointer(start: record + checksumAt, count: max(checksumAt, min(used, size)) - checksumAt)
    }

    @inline(__always)
    private static func checksum(_ record: UnsafeRawPointer, _ used: Int) -> UInt32 {
        CRC32C.ofHalves(UnsafeRawBufferPointer(start: record + checksumAt + 4, count: used - checksumAt - 4))
    }

    /// The record, every byte of it checked; nil when it is not one that this build writes.
    static func read(_ record: UnsafeRawPointer) -> Read? {
        let used = Int(get(record, 142) as UInt16)
        guard used >= textsAt, used <= size,
            checksum(record, used) == get(record, 32) as UInt32,
            let kind = Kind(rawValue: get(record, 36)), let purpose = purpose(get(record, 132))
        else { return nil }
        let place = Place(
            sequence: get(record, 40), index: get(record, 37), count: get(record, 38), build: get(record, 80))
        guard place.sequence > 0, (1...2).contains(place.count), place.index < place.count else { return nil }
        let key = Key(
            clOrdID: ClOrdID(high: get(record, 48), low: get(record, 56)), isTombstone: purpose == .tombstone)
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
            clOrdID: ClOrdID(high: get(record, 48), low: get(record, 56)),
            isTombstone: (get(record, 132) as UInt8) == code(OrderPurpose.tombstone))
    }

    private static func intent(_ record: UnsafeRawPointer, _ clOrdID: ClOrdID, _ purpose: OrderPurpose, _ used: Int)
        -> OrderIntent?
    {
        let flags: UInt8 = get(record, 128), outcome: UInt8 = get(record, 133), side: UInt8 = get(record, 134)
        guard let role = role(get(record, 129)), let venue = VenueID(rawValue: get(record, 130)),
            let price = Price(rawValue: get(record, 104)), (1...2).contains(outcome), (1...2).contains(side)
        else { return nil }
        let timeInForce: TimeInForce
        switch get(record, 131) as UInt8 {
        case 1: timeInForce = .ioc
        case 2: timeInForce = .fok
        case 3: timeInForce = .gtc
        case 4: timeInForce = .gtd(UTCNanos(rawValue: get(record, 120)))
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
        guard let pair = text(136), let symbol = text(137), let token = text(138), let orderID = text(139)
        else { return nil }
        var follower: OrderIntent.Follower?
        if flags & 16 != 0 {
            guard at + followerSize <= used, let limitPx = Price(rawValue: get(record, at + 8)) else { return nil }
            follower = .init(orderQtyMax: Quantity(rawValue: get(record, at)), limitPx: limitPx)
            at += followerSize
        }
        guard at == used else { return nil }
        guard (get(record, 140) as UInt8) == 32 else { return nil }
        // The dense index of its run is gone with the run; the market is its symbol.
        let order = NewOrder(
            clOrdID: clOrdID, instrument: InstrumentID(-1), outcome: outcome == 1 ? .yes : .no,
            side: side == 1 ? .buy : .sell, orderQty: Quantity(rawValue: get(record, 96)), price: price,
            cashOrderQty: flags & 4 != 0 ? Money(rawValue: get(record, 112)) : nil, timeInForce: timeInForce,
            isPostOnly: flags & 1 != 0, isReduceOnly: flags & 2 != 0, purpose: purpose)
        return OrderIntent(
            execution: ExecutionID(run: get(record, 88), sequence: get(record, 92)), role: role, pair: PairID(pair),
            venue: venue, symbol: symbol, token: token, order: order, orderID: flags & 8 != 0 ? OrderID(orderID) : nil,
            bodyHash: get(record, 144),
            decided: Stamp(
                monotonic: MonotonicNanos(rawValue: get(record, 72)), utc: UTCNanos(rawValue: get(record, 64))),
            follower: follower)
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

    private static func name(_ orderID: OrderID?, _ record: UnsafeMutableRawPointer, _ used: inout Int) -> UInt8 {
        guard let orderID else { return 0 }
        let start = used
        orderID.forEachByte { byte in
            record.storeBytes(of: byte, toByteOffset: used, as: UInt8.self)
            used += 1
        }
        return UInt8(truncatingIfNeeded: used - start)  // `fits` has seen that it is at most 255
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
