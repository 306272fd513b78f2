import CMemory

/// Which side of a book, always in YES terms: bids buy YES, asks sell YES.
@frozen
public enum BookSide: UInt8, Sendable, Hashable, CaseIterable {
    /// Offers to buy YES.
    case bid
    /// Offers to sell YES; on Kalshi these are the NO bids at 1 - p.
    case ask
}

/// What may be done with a book. Only `live` is a basis for decisions.
@frozen
public enum BookStatus: UInt8, Sendable, Hashable {
    /// Nothing received yet since start or since the last void.
    case void
    /// Complete and in sequence.
    case live
    /// Complete, but inside a trade burst or awaiting verification; decided within 50 ms.
    case held
}

/// One market's full-depth book in YES terms: the same liquidity is in it once, whichever outcome it was quoted for.
///
/// A handle: copying it copies the reference to one book. A bid for NO at q is an ask for YES at 1 - q.
/// - Lane: the hot lane only; memory belongs to the `BookTable`.
@frozen
public struct Book {
    // Safety: one of a BookTable's, which frees it; used on that table's lane only.
    @usableFromInline let core: UnsafeMutablePointer<Core>

    /// Two cache lines: what a message looks at lies together, with the bests of both sides.
    @usableFromInline
    struct Core {
        @usableFromInline var bids: Ladder.Core
        @usableFromInline var asks: Ladder.Core
        // `absent` where there is none: an optional would take a third line.
        @usableFromInline var receivedMonotonic: Int64 = Core.absent
        @usableFromInline var receivedUTC: Int64 = Core.absent
        @usableFromInline var venueStamp: Int64 = Core.absent
        @usableFromInline var crossChecked: Int64 = Core.absent
        @usableFromInline var epoch: UInt32 = 0
        @usableFromInline var link: LinkID?
        @usableFromInline var status = BookStatus.void
        @usableFromInline var touched = false

        @usableFromInline static var absent: Int64 { .min }

        init(unit: Price, _ pool: UnsafeMutablePointer<LadderPool>) {
            bids = Ladder.Core(unit: unit, pool)
            asks = Ladder.Core(unit: unit, pool)
        }
    }

    @inlinable
    init(core: UnsafeMutablePointer<Core>) { self.core = core }

    /// Bids for YES; the best is `bids.highest`.
    @inlinable public var bids: Ladder { Ladder(core: ladders) }
    /// Asks for YES; the best is `asks.lowest`.
    @inlinable public var asks: Ladder { Ladder(core: ladders + 1) }
    /// The ladder of one side.
    @inlinable
    public subscript(_ side: BookSide) -> Ladder { side == .bid ? bids : asks }

    @inlinable var ladders: UnsafeMutablePointer<Ladder.Core> {
        // Safety: the two ladders are the first of `Core`, one stride apart, which BookTable makes sure of.
        UnsafeMutableRawPointer(core).assumingMemoryBound(to: Ladder.Core.self)
    }

    /// Whether decisions may use the book.
    @inlinable public var status: BookStatus {
        get { core.pointee.status }
        nonmutating set { core.pointee.status = newValue }
    }
    /// Counts snapshots and voids: anything computed under another epoch is about another book.
    @inlinable public var epoch: UInt32 { core.pointee.epoch }
    /// The connection that feeds it.
    @inlinable public var link: LinkID? {
        get { core.pointee.link }
        nonmutating set { core.pointee.link = newValue }
    }
    /// The venue's own time of the newest change.
    @inlinable public var venueStamp: UTCNanos? {
        get { core.pointee.venueStamp == Core.absent ? nil : UTCNanos(rawValue: core.pointee.venueStamp) }
        nonmutating set { core.pointee.venueStamp = newValue?.rawValue ?? Core.absent }
    }
    /// When the newest change reached us.
    @inlinable public var received: Stamp? {
        get {
            guard core.pointee.receivedMonotonic != Core.absent else { return nil }
            return Stamp(
                monotonic: MonotonicNanos(rawValue: core.pointee.receivedMonotonic),
                utc: UTCNanos(rawValue: core.pointee.receivedUTC))
        }
        nonmutating set {
            core.pointee.receivedMonotonic = newValue?.monotonic.rawValue ?? Core.absent
            core.pointee.receivedUTC = newValue?.utc.rawValue ?? Core.absent
        }
    }
    /// When the book was last found equal to an independent answer of the venue (a snapshot counts).
    @inlinable public var crossChecked: MonotonicNanos? {
        get { core.pointee.crossChecked == Core.absent ? nil : MonotonicNanos(rawValue: core.pointee.crossChecked) }
        nonmutating set { core.pointee.crossChecked = newValue?.rawValue ?? Core.absent }
    }
    /// Set by whoever applies an event, cleared by whoever looks for edges: each changed book is looked at once a frame.
    @inlinable public var isTouched: Bool {
        get { core.pointee.touched }
        nonmutating set { core.pointee.touched = newValue }
    }

    /// True when a bid stands at or above an ask.
    @inlinable public var isCrossed: Bool {
        guard let bid = bids.highestPrice, let ask = asks.lowestPrice else { return false }
        return bid >= ask
    }

    /// Empties the book for a snapshot on a grid of `unit`; a new epoch begins.
    public func clear(unit: Price) {
        bids.reset(unit: unit)
        asks.reset(unit: unit)
        core.pointee.epoch &+= 1  // 2^32 snapshots of one book outlast the process
    }

    /// Declares that the book is no book: emptied, a new epoch, no decision until a snapshot. Its memory is any book's: the
    /// book of a market that has ended never needs it again.
    public func void() {
        core.pointee.status = .void
        bids.release()
        asks.release()
        core.pointee.epoch &+= 1  // as in `clear`
    }
}

/// All books of the hot lane, indexed by instrument.
///
/// - Lane: made and used on one lane; not Sendable.
public final class BookTable {
    // Safety: both live as long as the table; handles given out must not outlive it.
    private let books: UnsafeMutablePointer<Book.Core>
    private let pool: UnsafeMutablePointer<LadderPool>

    /// One empty, void book per instrument, on ladders of the given units.
    public init(units: [Price]) {
        precondition(
            MemoryLayout<Book.Core>.offset(of: \.bids) == 0
                && MemoryLayout<Book.Core>.offset(of: \.asks) == MemoryLayout<Ladder.Core>.stride
                && MemoryLayout<Book.Core>.stride == 128, "a book is two cache lines, its ladders first")
        guard let memory = CMemory_allocate(UInt64(units.count * MemoryLayout<Book.Core>.stride)) else {
            preconditionFailure("out of memory")
        }
        books = memory.bindMemory(to: Book.Core.self, capacity: units.count)
        pool = .allocate(capacity: 1)
        pool.initialize(to: LadderPool())
        count = units.count
        for (index, unit) in units.enumerated() { (books + index).initialize(to: Book.Core(unit: unit, pool)) }
    }

    deinit {
        pool.pointee.destroy()
        pool.deinitialize(count: 1)
        pool.deallocate()
        books.deallocate()
    }

    /// Number of books.
    public let count: Int

    /// The book of an instrument of the same catalog.
    public subscript(_ instrument: InstrumentID) -> Book {
        precondition(UInt32(bitPattern: instrument.index) < count, "no such instrument")
        return Book(core: books + Int(instrument.index))
    }

    /// Asks for a book's memory, so that it is there when an event for it comes.
    public func expect(_ instrument: InstrumentID) {
        precondition(UInt32(bitPattern: instrument.index) < count, "no such instrument")
        NearMemory.expect(books + Int(instrument.index), bytes: MemoryLayout<Book.Core>.stride)
    }
}
