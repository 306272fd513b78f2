/// One side of a market's true book: prices in thousandths of a dollar, ascending, sizes in hundredths of a contract.
public struct SimSide: Sendable {
    /// All levels, by price.
    public private(set) var levels: [(price: Int, size: Int)] = []

    /// True when nothing stands here.
    public var isEmpty: Bool { levels.isEmpty }

    /// The size at a price; zero where there is none. Setting zero takes the level away.
    public subscript(_ price: Int) -> Int {
        get { place(price).flatMap { levels[$0].price == price ? levels[$0].size : nil } ?? 0 }
        set {
            guard let index = place(price), levels[index].price == price else {
                if newValue > 0 { levels.insert((price, newValue), at: place(price) ?? levels.count) }
                return
            }
            if newValue > 0 { levels[index].size = newValue } else { levels.remove(at: index) }
        }
    }

    /// The first level at or above a price.
    private func place(_ price: Int) -> Int? { levels.firstIndex { $0.price >= price } }

    mutating func removeAll() { levels = [] }
}

/// One market's true book, in YES terms.
///
/// Knows nothing of the books that it will be compared with.
public struct SimBook: Sendable {
    /// What is bid.
    public var bids = SimSide()
    /// What is asked.
    public var asks = SimSide()

    /// Best bid.
    public var bestBid: Int? { bids.levels.last?.price }
    /// Best ask.
    public var bestAsk: Int? { asks.levels.first?.price }

    /// The size on one side at a price.
    subscript(isBid: Bool, _ price: Int) -> Int {
        get { isBid ? bids[price] : asks[price] }
        set { if isBid { bids[price] = newValue } else { asks[price] = newValue } }
    }

    /// The same market seen as its other outcome.
    var mirrored: SimBook {
        var book = SimBook()
        for (price, size) in bids.levels { book.asks[1_000 - price] = size }
        for (price, size) in asks.levels { book.bids[1_000 - price] = size }
        return book
    }
}
