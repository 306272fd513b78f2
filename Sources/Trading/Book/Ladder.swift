/// A price that a ladder cannot hold, or a size that cannot be.
public enum LadderFault: Error, Hashable, Sendable {
    /// The price is not a multiple of the ladder's unit, or not strictly between zero and one.
    case offGrid
    /// The level's size would be below zero or past 64 bits.
    case size
}

/// One side of one book: a size for every tick, the best in O(1).
///
/// Ticks are grouped in pages of 64 that are made on first touch; three levels of bitmaps (64 ticks, 4,096 ticks, all)
/// say which ticks hold anything. What a change that does not move the best touches lies in three places: the ladder's
/// own 40 bytes beside its book, the row of the page, and the page.
/// - Unit/shape: cells are `Quantity.rawValue`; ticks count `unit` from zero.
/// - Lane: the hot lane only. A ladder is a handle; its memory belongs to the `BookTable` that made it.
@frozen
public struct Ladder {
    // Safety: lies within a book of exactly one BookTable, which frees it in `deinit`; used on that table's lane alone,
    // so nothing is shared. Every index below is bounded by `offset(of:)`, which refuses prices outside 1..<ticks.
    @usableFromInline let core: UnsafeMutablePointer<Core>

    @inlinable
    init(core: UnsafeMutablePointer<Core>) { self.core = core }

    /// Which ticks of a page hold anything, beside where the page is.
    @usableFromInline
    struct Row {
        @usableFromInline var bits: UInt64
        @usableFromInline var page: UnsafeMutablePointer<Int64>?
    }

    @usableFromInline
    struct Core {
        @usableFromInline var top: UInt64
        /// A row a page, then `(words + 63) / 64` summary words.
        @usableFromInline var rows: UnsafeMutablePointer<Row>
        @usableFromInline var unit: Int32
        @usableFromInline var words: Int32
        @usableFromInline var levels: Int32
        /// The lowest and the highest tick that hold a size; of no meaning while `top` is zero.
        @usableFromInline var low: Int32
        @usableFromInline var high: Int32

        init(unit: Price, _ pool: UnsafeMutablePointer<LadderPool>) {
            let ticks = Int(Price.one.rawValue / unit.rawValue)
            let words = (ticks + 63) / 64
            // `top` has a bit for each of 64 groups of 64 words.
            precondition(words <= 64 * 64, "TickGrid refuses finer grids")
            self.unit = Int32(unit.rawValue)  // at most one
            self.words = Int32(words)
            top = 0
            (levels, low, high) = (0, 0, 0)
            let memory = pool.pointee.take(Self.bytes(words))
            rows = memory.bindMemory(to: Row.self, capacity: words)
            let groups = (words + 63) / 64
            let behind = memory + words * MemoryLayout<Row>.stride
            behind.bindMemory(to: UInt64.self, capacity: groups)
            (behind + groups * 8).bindMemory(to: UnsafeMutablePointer<LadderPool>.self, capacity: 1).initialize(
                to: pool)
        }

        /// Rows, summaries and the pool, in whole cache lines.
        private static func bytes(_ words: Int) -> Int {
            (words * MemoryLayout<Row>.stride + (words + 63) / 64 * 8 + 8 + 63) & ~63
        }

        @inlinable var summaries: UnsafeMutablePointer<UInt64> {
            // Safety: `init` bound the words behind the rows to this type.
            UnsafeMutableRawPointer(rows + Int(words)).assumingMemoryBound(to: UInt64.self)
        }

        var pool: UnsafeMutablePointer<LadderPool> {
            // Safety: as `summaries`; the pool is behind them, and outlives its ladders.
            UnsafeRawPointer(summaries + (Int(words) + 63) / 64)
                .assumingMemoryBound(to: UnsafeMutablePointer<LadderPool>.self).pointee
        }

        func giveBack() {
            let pool = self.pool
            for word in 0..<Int(words) {
                if let page = rows[word].page { pool.pointee.giveBack(UnsafeMutableRawPointer(page), Core.pageBytes) }
            }
            pool.pointee.giveBack(UnsafeMutableRawPointer(rows), Self.bytes(Int(words)))
        }

        static let pageBytes = 64 * MemoryLayout<Int64>.stride
    }

    /// Empties the ladder and, when the unit differs, rebuilds it for that unit.
    func reset(unit: Price) {
        if Int64(core.pointee.unit) != unit.rawValue {
            let pool = core.pointee.pool
            core.pointee.giveBack()
            core.pointee = Core(unit: unit, pool)
        } else {
            removeAll()
        }
    }

    /// Number of prices that hold a size.
    @inlinable public var levels: Int { Int(core.pointee.levels) }
    /// True when no price holds a size.
    @inlinable public var isEmpty: Bool { core.pointee.top == 0 }
    /// The distance between two ticks.
    @inlinable public var unit: Price { Price(unchecked: Int64(core.pointee.unit)) }

    @inlinable
    func offset(of price: Price) -> Int? {
        let unit = Int64(core.pointee.unit)
        let (tick, rest) = price.rawValue.quotientAndRemainder(dividingBy: unit)
        guard rest == 0, tick > 0, price.rawValue < 100_000_000 else { return nil }
        return Int(tick)
    }

    @inlinable
    // Tick < 2^24, unit <= 1e8.
    func price(at tick: Int) -> Price { Price(unchecked: Int64(tick) &* Int64(core.pointee.unit)) }

    /// The size at `price`; zero where there is none or no such tick.
    @inlinable
    public func quantity(at price: Price) -> Quantity {
        guard let tick = offset(of: price), let page = core.pointee.rows[tick >> 6].page else { return .zero }
        return Quantity(rawValue: page[tick & 63])
    }

    /// Sets the size at `price`; zero removes the level.
    ///
    /// - Throws: `LadderFault`; the ladder is then unchanged.
    @inlinable
    public func set(_ price: Price, _ quantity: Quantity) throws(LadderFault) {
        guard let tick = offset(of: price) else { throw .offGrid }
        guard quantity.rawValue >= 0 else { throw .size }
        store(quantity.rawValue, at: tick)
    }

    /// Adds a signed change to the size at `price`.
    ///
    /// - Throws: `LadderFault.size` when the result would be below zero; the ladder is then unchanged.
    @inlinable
    public func add(_ price: Price, change: Quantity) throws(LadderFault) {
        guard let tick = offset(of: price) else { throw .offGrid }
        let (sum, over) = (core.pointee.rows[tick >> 6].page?[tick & 63] ?? 0)
            .addingReportingOverflow(change.rawValue)
        guard !over, sum >= 0 else { throw .size }
        store(sum, at: tick)
    }

    @inlinable
    func store(_ size: Int64, at tick: Int) {
        let word = tick >> 6
        let bit: UInt64 = 1 << UInt64(tick & 63)
        let held = core.pointee.rows[word].bits
        if size > 0 {
            (core.pointee.rows[word].page ?? makePage(word))[tick & 63] = size
            if held & bit == 0 { enter(tick, held | bit) }
        } else if held & bit != 0 {
            core.pointee.rows[word].page?[tick & 63] = 0
            leave(tick, held & ~bit)
        }
    }

    /// A tick holds a size that held none.
    @inlinable
    func enter(_ tick: Int, _ bits: UInt64) {
        let word = tick >> 6
        let isFirst = core.pointee.top == 0
        core.pointee.rows[word].bits = bits
        core.pointee.summaries[word >> 6] |= 1 << UInt64(word & 63)
        core.pointee.top |= 1 << UInt64(word >> 6)
        core.pointee.levels &+= 1  // at most one per tick
        let place = Int32(truncatingIfNeeded: tick)  // < 2^18: 64 × 64 pages of 64
        core.pointee.low = isFirst ? place : min(core.pointee.low, place)
        core.pointee.high = isFirst ? place : max(core.pointee.high, place)
    }

    /// A tick holds no size any more.
    @inlinable
    func leave(_ tick: Int, _ bits: UInt64) {
        let word = tick >> 6
        core.pointee.rows[word].bits = bits
        core.pointee.levels &-= 1  // the bit was set, so it was counted
        if bits == 0 {
            let summaries = core.pointee.summaries
            summaries[word >> 6] &= ~(1 << UInt64(word & 63))
            if summaries[word >> 6] == 0 { core.pointee.top &= ~(1 << UInt64(word >> 6)) }
        }
        guard core.pointee.top != 0 else { return }
        if Int(core.pointee.low) == tick { core.pointee.low = Int32(truncatingIfNeeded: lowestTick) }  // < 2^18
        if Int(core.pointee.high) == tick { core.pointee.high = Int32(truncatingIfNeeded: highestTick) }
    }

    @usableFromInline
    func makePage(_ word: Int) -> UnsafeMutablePointer<Int64> {
        let page = core.pointee.pool.pointee.take(Core.pageBytes).bindMemory(to: Int64.self, capacity: 64)
        core.pointee.rows[word].page = page
        return page
    }

    /// Removes every level; pages stay for the next ones.
    @inlinable
    public func removeAll() {
        while core.pointee.top != 0 { store(0, at: Int(core.pointee.high)) }
    }

    /// As `removeAll`, and its pages go back to the table: what they showed may never come again.
    func release() {
        removeAll()
        let core = core.pointee
        let pool = core.pool
        for word in 0..<Int(core.words) {
            guard let page = core.rows[word].page else { continue }
            core.rows[word].page = nil
            pool.pointee.giveBack(UnsafeMutableRawPointer(page), Core.pageBytes)
        }
    }

    /// The highest tick by the bitmaps, of a ladder that holds something.
    @inlinable var highestTick: Int {
        let group = 63 - core.pointee.top.leadingZeroBitCount
        let word = group << 6 | (63 - core.pointee.summaries[group].leadingZeroBitCount)
        return word << 6 | (63 - core.pointee.rows[word].bits.leadingZeroBitCount)
    }

    /// The lowest tick by the bitmaps, of a ladder that holds something.
    @inlinable var lowestTick: Int {
        let group = core.pointee.top.trailingZeroBitCount
        let word = group << 6 | core.pointee.summaries[group].trailingZeroBitCount
        return word << 6 | core.pointee.rows[word].bits.trailingZeroBitCount
    }

    /// The highest price that holds a size, without its size.
    @inlinable public var highestPrice: Price? {
        core.pointee.top == 0 ? nil : price(at: Int(core.pointee.high))
    }

    /// The lowest price that holds a size, without its size.
    @inlinable public var lowestPrice: Price? {
        core.pointee.top == 0 ? nil : price(at: Int(core.pointee.low))
    }

    /// The level with the highest price.
    @inlinable public var highest: Level? { core.pointee.top == 0 ? nil : level(at: Int(core.pointee.high)) }

    /// The level with the lowest price.
    @inlinable public var lowest: Level? { core.pointee.top == 0 ? nil : level(at: Int(core.pointee.low)) }

    /// Asks for the memory that a change at `price` touches, so that it is there when the change comes.
    public func expect(_ price: Price) {
        guard let tick = offset(of: price) else { return }
        NearMemory.expect(core.pointee.rows + (tick >> 6), bytes: MemoryLayout<Row>.stride)
    }

    /// The highest level strictly below `price`.
    @inlinable
    public func below(_ price: Price) -> Level? {
        guard let tick = offset(of: price) else { return nil }
        let word = tick >> 6
        let here = core.pointee.rows[word].bits & ((1 << UInt64(tick & 63)) - 1)
        if here != 0 { return level(at: word << 6 | (63 - here.leadingZeroBitCount)) }
        let group = word >> 6
        let inGroup = core.pointee.summaries[group] & ((1 << UInt64(word & 63)) - 1)
        if inGroup != 0 {
            let found = group << 6 | (63 - inGroup.leadingZeroBitCount)
            return level(at: found << 6 | (63 - core.pointee.rows[found].bits.leadingZeroBitCount))
        }
        let groups = core.pointee.top & ((1 << UInt64(group)) - 1)
        guard groups != 0 else { return nil }
        let last = 63 - groups.leadingZeroBitCount
        let found = last << 6 | (63 - core.pointee.summaries[last].leadingZeroBitCount)
        return level(at: found << 6 | (63 - core.pointee.rows[found].bits.leadingZeroBitCount))
    }

    /// The lowest level strictly above `price`.
    @inlinable
    public func above(_ price: Price) -> Level? {
        guard let tick = offset(of: price) else { return nil }
        let word = tick >> 6
        let here = core.pointee.rows[word].bits & ~(UInt64.max >> UInt64(63 - tick & 63))
        if here != 0 { return level(at: word << 6 | here.trailingZeroBitCount) }
        let group = word >> 6
        let inGroup = core.pointee.summaries[group] & ~(UInt64.max >> UInt64(63 - word & 63))
        if inGroup != 0 {
            let found = group << 6 | inGroup.trailingZeroBitCount
            return level(at: found << 6 | core.pointee.rows[found].bits.trailingZeroBitCount)
        }
        let groups = core.pointee.top & ~(UInt64.max >> UInt64(63 - group))
        guard groups != 0 else { return nil }
        let next = groups.trailingZeroBitCount
        let found = next << 6 | core.pointee.summaries[next].trailingZeroBitCount
        return level(at: found << 6 | core.pointee.rows[found].bits.trailingZeroBitCount)
    }

    @inlinable
    func level(at tick: Int) -> Level {
        Level(price: price(at: tick), quantity: Quantity(rawValue: core.pointee.rows[tick >> 6].page?[tick & 63] ?? 0))
    }
}

/// A price and the size that stands there.
@frozen
public struct Level: Hashable, Sendable {
    /// The price, in YES terms inside a book.
    public let price: Price
    /// The size; positive in a book.
    public let quantity: Quantity

    /// A level of `quantity` at `price`.
    @inlinable
    public init(price: Price, quantity: Quantity) {
        self.price = price
        self.quantity = quantity
    }
}
