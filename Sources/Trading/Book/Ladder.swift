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
/// say which ticks hold anything. A 0.0001 grid has 10,000 ticks and costs 2.5 KB empty; a cent grid costs 48 bytes.
/// - Unit/shape: cells are `Quantity.rawValue`; ticks count `unit` from zero.
/// - Lane: the hot lane only. A ladder is a handle; its memory belongs to the `BookTable` that made it.
@frozen
public struct Ladder {
    // Safety: owned by exactly one BookTable, which frees it in `deinit`; used on that table's lane alone, so nothing is
    // shared. Every index below is bounded by `offset(of:)`, which refuses prices outside 1..<ticks.
    @usableFromInline let core: UnsafeMutablePointer<Core>

    @usableFromInline
    struct Core {
        @usableFromInline var unit: Int64
        @usableFromInline var words: Int
        @usableFromInline var top: UInt64
        /// `words` page words, then `(words + 63) / 64` summary words.
        @usableFromInline var bits: UnsafeMutablePointer<UInt64>
        @usableFromInline var pages: UnsafeMutablePointer<UnsafeMutablePointer<Int64>?>
        @usableFromInline var levels: Int

        init(unit: Price) {
            let ticks = Int(Price.one.rawValue / unit.rawValue)
            let words = (ticks + 63) / 64
            // `top` has a bit for each of 64 groups of 64 words.
            precondition(words <= 64 * 64, "TickGrid refuses finer grids")
            let summary = (words + 63) / 64
            self.unit = unit.rawValue
            self.words = words
            self.top = 0
            self.levels = 0
            self.bits = .allocate(capacity: words + summary)
            self.bits.initialize(repeating: 0, count: words + summary)
            self.pages = .allocate(capacity: words)
            self.pages.initialize(repeating: nil, count: words)
        }

        func free() {
            for word in 0..<words { pages[word]?.deallocate() }
            pages.deallocate()
            bits.deallocate()
        }
    }

    init(unit: Price) {
        core = .allocate(capacity: 1)
        core.initialize(to: Core(unit: unit))
    }

    func destroy() {
        core.pointee.free()
        core.deallocate()
    }

    /// Empties the ladder and, when the unit differs, rebuilds it for that unit.
    func reset(unit: Price) {
        if core.pointee.unit != unit.rawValue {
            core.pointee.free()
            core.pointee = Core(unit: unit)
        } else {
            removeAll()
        }
    }

    /// Number of prices that hold a size.
    @inlinable public var levels: Int { core.pointee.levels }
    /// True when no price holds a size.
    @inlinable public var isEmpty: Bool { core.pointee.top == 0 }
    /// The distance between two ticks.
    @inlinable public var unit: Price { Price(unchecked: core.pointee.unit) }

    @inlinable
    func offset(of price: Price) -> Int? {
        let unit = core.pointee.unit
        let (tick, rest) = price.rawValue.quotientAndRemainder(dividingBy: unit)
        guard rest == 0, tick > 0, price.rawValue < 100_000_000 else { return nil }
        return Int(tick)
    }

    @inlinable
    // Tick < 2^24, unit <= 1e8.
    func price(at tick: Int) -> Price { Price(unchecked: Int64(tick) &* core.pointee.unit) }

    /// The size at `price`; zero where there is none or no such tick.
    @inlinable
    public func quantity(at price: Price) -> Quantity {
        guard let tick = offset(of: price), let page = core.pointee.pages[tick >> 6] else { return .zero }
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
        let (sum, over) = (core.pointee.pages[tick >> 6]?[tick & 63] ?? 0).addingReportingOverflow(change.rawValue)
        guard !over, sum >= 0 else { throw .size }
        store(sum, at: tick)
    }

    @inlinable
    func store(_ size: Int64, at tick: Int) {
        let word = tick >> 6
        let bit: UInt64 = 1 << UInt64(tick & 63)
        let held = core.pointee.bits[word]
        if size > 0 {
            page(word)[tick & 63] = size
            if held & bit == 0 {
                core.pointee.levels &+= 1  // at most one per tick
                core.pointee.bits[word] = held | bit
                let summary = core.pointee.words + (word >> 6)
                core.pointee.bits[summary] |= 1 << UInt64(word & 63)
                core.pointee.top |= 1 << UInt64(word >> 6)
            }
        } else if held & bit != 0 {
            page(word)[tick & 63] = 0
            core.pointee.levels &-= 1  // the bit was set, so it was counted
            core.pointee.bits[word] = held & ~bit
            if held == bit { clearSummary(of: word) }
        }
    }

    @inlinable
    func page(_ word: Int) -> UnsafeMutablePointer<Int64> {
        if let page = core.pointee.pages[word] { return page }
        let page = UnsafeMutablePointer<Int64>.allocate(capacity: 64)
        page.initialize(repeating: 0, count: 64)
        core.pointee.pages[word] = page
        return page
    }

    @inlinable
    func clearSummary(of word: Int) {
        let summary = core.pointee.words + (word >> 6)
        core.pointee.bits[summary] &= ~(1 << UInt64(word & 63))
        if core.pointee.bits[summary] == 0 { core.pointee.top &= ~(1 << UInt64(word >> 6)) }
    }

    /// Removes every level; pages stay for the next ones.
    @inlinable
    public func removeAll() {
        var level = highest
        while let found = level {
            store(0, at: offset(of: found.price) ?? 0)
            level = highest
        }
    }

    /// The level with the highest price.
    @inlinable public var highest: Level? {
        let top = core.pointee.top
        guard top != 0 else { return nil }
        let group = 63 - top.leadingZeroBitCount
        let word = group << 6 | (63 - core.pointee.bits[core.pointee.words + group].leadingZeroBitCount)
        return level(at: word << 6 | (63 - core.pointee.bits[word].leadingZeroBitCount))
    }

    /// The level with the lowest price.
    @inlinable public var lowest: Level? {
        let top = core.pointee.top
        guard top != 0 else { return nil }
        let group = top.trailingZeroBitCount
        let word = group << 6 | core.pointee.bits[core.pointee.words + group].trailingZeroBitCount
        return level(at: word << 6 | core.pointee.bits[word].trailingZeroBitCount)
    }

    /// The highest level strictly below `price`.
    @inlinable
    public func below(_ price: Price) -> Level? {
        guard let tick = offset(of: price) else { return nil }
        let word = tick >> 6
        let here = core.pointee.bits[word] & ((1 << UInt64(tick & 63)) - 1)
        if here != 0 { return level(at: word << 6 | (63 - here.leadingZeroBitCount)) }
        let group = word >> 6
        let inGroup = core.pointee.bits[core.pointee.words + group] & ((1 << UInt64(word & 63)) - 1)
        if inGroup != 0 {
            let found = group << 6 | (63 - inGroup.leadingZeroBitCount)
            return level(at: found << 6 | (63 - core.pointee.bits[found].leadingZeroBitCount))
        }
        let groups = core.pointee.top & ((1 << UInt64(group)) - 1)
        guard groups != 0 else { return nil }
        let last = 63 - groups.leadingZeroBitCount
        let found = last << 6 | (63 - core.pointee.bits[core.pointee.words + last].leadingZeroBitCount)
        return level(at: found << 6 | (63 - core.pointee.bits[found].leadingZeroBitCount))
    }

    /// The lowest level strictly above `price`.
    @inlinable
    public func above(_ price: Price) -> Level? {
        guard let tick = offset(of: price) else { return nil }
        let word = tick >> 6
        let here = core.pointee.bits[word] & ~(UInt64.max >> UInt64(63 - tick & 63))
        if here != 0 { return level(at: word << 6 | here.trailingZeroBitCount) }
        let group = word >> 6
        let inGroup = core.pointee.bits[core.pointee.words + group] & ~(UInt64.max >> UInt64(63 - word & 63))
        if inGroup != 0 {
            let found = group << 6 | inGroup.trailingZeroBitCount
            return level(at: found << 6 | core.pointee.bits[found].trailingZeroBitCount)
        }
        let groups = core.pointee.top & ~(UInt64.max >> UInt64(63 - group))
        guard groups != 0 else { return nil }
        let next = groups.trailingZeroBitCount
        let found = next << 6 | core.pointee.bits[core.pointee.words + next].trailingZeroBitCount
        return level(at: found << 6 | core.pointee.bits[found].trailingZeroBitCount)
    }

    @inlinable
    func level(at tick: Int) -> Level {
        Level(price: price(at: tick), quantity: Quantity(rawValue: core.pointee.pages[tick >> 6]?[tick & 63] ?? 0))
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
