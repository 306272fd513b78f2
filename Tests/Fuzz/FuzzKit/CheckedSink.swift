public import Trading

/// Books as the core keeps them, with everything checked that must hold of any feed whatever it was sent.
public final class CheckedSink: BookSink {
    /// The books.
    public let books: BookTable
    private let count: Int
    /// The instrument whose snapshot is open.
    private var open: InstrumentID?
    private var notices = 0
    private var events = 0
    /// Markets that the venue has ended for good.
    public private(set) var ended: Set<InstrumentID> = []

    /// A sink for `count` instruments.
    public init(count: Int) {
        self.count = count
        books = BookTable(units: Array(repeating: .cent, count: count))
    }

    /// The book of an instrument.
    public func book(_ instrument: InstrumentID) -> Book { books[instrument] }

    /// Applies an event as the core does.
    public func apply(_ event: BookEvent) -> LadderFault? {
        events += 1
        do throws(LadderFault) {
            switch event {
            case .snapshotBegan(let id, let unit, let link):
                books[id].clear(unit: unit)
                books[id].link = link
                open = id
            case .level(let id, let side, let price, let quantity):
                precondition(open == nil || open == id, "a snapshot's levels are of its own market")
                precondition(price.isBinary, "a price lies between zero and one")
                try books[id][side].set(price, quantity)
            case .change(let id, let side, let price, let change):
                precondition(open == nil && books[id].status != .void, "only a book changes")
                try books[id][side].add(price, change: change)
            case .snapshotEnded(let id, _):
                precondition(open == id, "a snapshot ends that began")
                open = nil
                books[id].status = .live
            case .updated(let id, _): precondition(books[id].status != .void, "only a book is updated")
            case .crossChecked(let id): precondition(books[id].status != .void, "only a book is compared")
            case .held(let id):
                precondition(books[id].status != .void, "only a book is held")
                books[id].status = .held
            case .released(let id):
                precondition(books[id].status == .held, "only what was held is released")
                books[id].status = .live
            case .voided(let id, _):
                if open == id { open = nil }
                books[id].void()
            }
            return nil
        } catch { return error }
    }

    /// Notes what ends.
    public func apply(_ event: MarketEvent) {
        if case .status(let id, .closed) = event { ended.insert(id) }
        if case .trade(_, let price, let quantity) = event {
            precondition(price.isBinary && quantity.rawValue >= 0, "a trade has a price and a size")
        }
    }

    /// Reads the notice as an operator's screen would.
    public func note(_ notice: FeedNotice) {
        notices += 1
        precondition(notice.code.hasPrefix("E_") && !notice.text.isEmpty, "a notice says something")
    }

    /// What must hold between any two inputs.
    ///
    /// - Parameters:
    ///   - bytes: size of the input that was just taken in.
    ///   - actions: what it made the feed want.
    ///   - isUp: whether the driver has this link up.
    public func settle(bytes: Int, actions: Int, isUp: (LinkID) -> Bool) {
        precondition(open == nil, "no snapshot is left open")
        precondition(actions <= 64, "one input has few consequences")
        precondition(notices <= 64 && events <= 256 + bytes, "what is said is bounded by what was heard")
        notices = 0
        events = 0
        for index in 0..<count {
            let id = InstrumentID(Int32(index))
            let book = books[id]
            check(book.bids)
            check(book.asks)
            guard book.status != .void else {
                precondition(book.bids.isEmpty && book.asks.isEmpty, "a void book is empty")
                continue
            }
            precondition(!ended.contains(id), "a market that is over has no book")
            precondition(book.link.map(isUp) == true, "a book has a connection that is up")
            precondition(book.status == .held || !book.isCrossed, "no crossed book is shown")
        }
    }

    /// The ladder's own bookkeeping: levels ascend, none is empty, the ends are the best.
    private func check(_ ladder: Ladder) {
        var walked = 0
        var last: Level?
        var next = ladder.lowest
        while let level = next {
            precondition(level.quantity.rawValue > 0 && level.price.isBinary, "a level has a price and a size")
            precondition(last.map { $0.price < level.price } ?? true, "levels ascend")
            last = level
            walked += 1
            next = ladder.above(level.price)
        }
        precondition(walked == ladder.levels && last == ladder.highest, "levels are as many as counted")
    }
}
