/// One question that both venues list.
public struct SimPair {
    /// 0-based.
    public let index: Int
    /// Kalshi's ticker.
    public let ticker: String
    /// Polymarket's condition id.
    public let condition: String
    /// Polymarket's token ids.
    public let yesToken: String
    /// As `yesToken`.
    public let noToken: String
    /// True where Kalshi YES is Polymarket NO.
    public let isInverted: Bool
    /// Tick of the Kalshi market, in thousandths.
    public let kalshiTick: Int
    /// Tick of the Polymarket market, in thousandths; may change.
    public var polymarketTick: Int
    /// True books, each in its own venue's YES terms.
    public var kalshi = SimBook()
    /// As `kalshi`.
    public var polymarket = SimBook()
    /// Price of the last Polymarket trade, in thousandths.
    var lastTrade = 500
    /// Milliseconds of the newest change at Polymarket.
    var polymarketStamp: Int64 = 0
    /// Fair value of Kalshi YES, in thousandths.
    var fair: Int
    /// How far each venue's quotes stand from fair value now (planted opportunities).
    var shift = (kalshi: 0, polymarket: 0)
    /// What Polymarket thinks fair is; follows with a lag.
    var polymarketFair: Int
    /// Sizes by depth: venue, side, depth.
    var sizes: [[[Int]]]
    /// Levels quoted per side.
    var depth: Int
    /// A side that is empty for a while: venue and side.
    var emptySide: (venue: Int, isBid: Bool)?

    /// The rule text of the market, for hashes.
    public var rules: (primary: String, secondary: String) {
        ("If event \(index) happens, this market resolves to Yes.", "Loopback rules, text \(index).")
    }
    /// As `rules`, at Polymarket.
    public var description: String { "This market resolves to Yes if event \(index) happens." }

    /// What Kalshi and Polymarket would quote now: half a spread of three cents about fair value, a cent a level.
    func target(_ venue: Int) -> SimBook {
        var book = SimBook()
        let centre = (venue == 0 ? fair + shift.kalshi : polymarketFair + shift.polymarket)
        for level in 0..<depth {
            let bid = centre - 30 - level * 10
            let ask = centre + 30 + level * 10
            if bid > 0, bid < 1_000 { book.bids[bid] = sizes[venue][0][level] }
            if ask > 0, ask < 1_000 { book.asks[ask] = sizes[venue][1][level] }
        }
        if let empty = emptySide, empty.venue == venue {
            if empty.isBid { book.bids = [:] } else { book.asks = [:] }
        }
        return venue == 1 && isInverted ? book.mirrored : book
    }

    /// What one contract of each direction earns at the best prices after fees by the published formulas, in 1e-7 dollars;
    /// nil where a side is empty. Direction 0 buys Kalshi YES, 1 buys Kalshi NO; the other leg is the opposite outcome.
    ///
    /// Written out in whole numbers, independent of the program under test. A pUSD spent counts 1.001, one received 0.999.
    public func edge(_ direction: Int) -> Int? {
        let same = polymarket
        let facing = isInverted ? same.mirrored : same
        let buyKalshi = direction == 0 ? kalshi.bestAsk : kalshi.bestBid.map { 1_000 - $0 }
        let buyPolymarket = direction == 0 ? facing.bestBid.map { 1_000 - $0 } : facing.bestAsk
        guard let k = buyKalshi, let p = buyPolymarket else { return nil }
        let kalshiCost = k * 10_000 + 7 * k * (1_000 - k) / 10  // 0.07 p (1 - p)
        let polymarketCost = p * 10_000 + 4 * p * (1_000 - p) / 10  // 0.04 p (1 - p)
        return 9_990_000 - kalshiCost - polymarketCost * 1_001 / 1_000
    }
}
