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
    // Safety: allocated and freed by BookTable; used on its lane only.
    @usableFromInline let core: UnsafeMutablePointer<Core>

    @usableFromInline
    struct Core {
        @usableFromInline var bids: Ladder
        @usableFromInline var asks: Ladder
        @usableFromInline var status: BookStatus
        @usableFromInline var touched: Bool
        @usableFromInline var epoch: UInt32
        @usableFromInline var link: LinkID?
        @usableFromInline var venueStamp: UTCNanos?
        @usableFromInline var received: Stamp?
        @usableFromInline var crossChecked: MonotonicNanos?
    }

    init(unit: Price) {
        core = .allocate(capacity: 1)
        core.initialize(
            to: Core(
                bids: Ladder(unit: unit), asks: Ladder(unit: unit), status: .void, touched: false, epoch: 0, link: nil,
                venueStamp: nil, received: nil, crossChecked: nil))
    }

    func destroy() {
        core.pointee.bids.destroy()
        core.pointee.asks.destroy()
        core.deallocate()
    }

    /// Bids for YES; the best is `bids.highest`.
    @inlinable public var bids: Ladder { core.pointee.bids }
    /// Asks for YES; the best is `asks.lowest`.
    @inlinable public var asks: Ladder { core.pointee.asks }
    /// The ladder of one side.
    @inlinable
    public subscript(_ side: BookSide) -> Ladder { side == .bid ? core.pointee.bids : core.pointee.asks }

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
        get { core.pointee.venueStamp }
        nonmutating set { core.pointee.venueStamp = newValue }
    }
    /// When the newest change reached us.
    @inlinable public var received: Stamp? {
        get { core.pointee.received }
        nonmutating set { core.pointee.received = newValue }
    }
    /// When the book was last found equal to an independent answer of the venue (a snapshot counts).
    @inlinable public var crossChecked: MonotonicNanos? {
        get { core.pointee.crossChecked }
        nonmutating set { core.pointee.crossChecked = newValue }
    }
    /// Set by whoever applies an event, cleared by whoever looks for edges: each changed book is looked at once a frame.
    @inlinable public var isTouched: Bool {
        get { core.pointee.touched }
        nonmutating set { core.pointee.touched = newValue }
    }

    /// True when a bid stands at or above an ask.
    @inlinable public var isCrossed: Bool {
        guard let bid = core.pointee.bids.highest, let ask = core.pointee.asks.lowest else { return false }
        return bid.price >= ask.price
    }

    /// Empties the book for a snapshot on a grid of `unit`; a new epoch begins.
    public func clear(unit: Price) {
        core.pointee.bids.reset(unit: unit)
        core.pointee.asks.reset(unit: unit)
        core.pointee.epoch &+= 1  // 2^32 snapshots of one book outlast the process
    }

    /// Declares that the book is no book: emptied, a new epoch, no decision until a snapshot.
    public func void() {
        core.pointee.status = .void
        core.pointee.bids.removeAll()
        core.pointee.asks.removeAll()
        core.pointee.epoch &+= 1  // as in `clear`
    }
}

/// All books of the hot lane, indexed by instrument.
///
/// - Lane: made and used on one lane; not Sendable.
public final class BookTable {
    // Safety: the buffer lives as long as the table; handles given out must not outlive it.
    private let books: UnsafeMutableBufferPointer<Book>

    /// One empty, void book per instrument, on ladders of the given units.
    public init(units: [Price]) {
        books = .allocate(capacity: units.count)
        for (index, unit) in units.enumerated() { books.initializeElement(at: index, to: Book(unit: unit)) }
    }

    deinit {
        for book in books { book.destroy() }
        books.deallocate()
    }

    /// Number of books.
    public var count: Int { books.count }

    /// The book of an instrument of the same catalog.
    public subscript(_ instrument: InstrumentID) -> Book { books[Int(instrument.index)] }
}
