/// One question that both venues list; as a member of an outcome set it is one outcome of an event, on one venue only.
public struct SimPair: Sendable {
    /// 0-based, over pairs and then members of sets.
    public let index: Int
    /// Kalshi's ticker.
    public let ticker: String
    /// Kalshi's event ticker.
    public let event: String
    /// Polymarket's condition id.
    public let condition: String
    /// Polymarket's token ids.
    public let yesToken: String
    /// As `yesToken`.
    public let noToken: String
    /// True where Kalshi YES is Polymarket NO.
    public let isInverted: Bool
    /// The set it belongs to.
    public let set: Int?
    /// Tick of the Kalshi market, in thousandths; may change.
    public var kalshiTick: Int
    /// Shard of the Kalshi market.
    public var shard = 0
    /// Whether the Polymarket market is one of neg-risk.
    public internal(set) var isNegRisk = false
    /// Tick of the Polymarket market, in thousandths; may change.
    public var polymarketTick: Int
    /// True books, each in its own venue's YES terms.
    public var kalshi = SimBook()
    /// As `kalshi`.
    public var polymarket = SimBook()
    /// True while Kalshi has paused trading; its book stands still.
    public var isPaused = false
    /// What accounts of the venues have resting, beside the crowd's books above: Kalshi, Polymarket.
    public internal(set) var resting = (kalshi: SimBook(), polymarket: SimBook())
    /// True when anything rests, or ever did.
    var hasResting = false
    /// How far each venue's market has come on its way to payout.
    public internal(set) var phase = (kalshi: SimPhase.open, polymarket: SimPhase.open)
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
    /// A side that has drawn back for a while: venue and side.
    var drawnBack: (venue: Int, isBid: Bool)?

    /// True until one of the venues closes its market.
    var isOpen: Bool { phase.kalshi == .open && phase.polymarket == .open }

    /// True while both sides stand where they belong.
    var isQuoting: Bool { shift == (0, 0) && emptySide == nil && drawnBack == nil }

    /// True while nothing special goes on with the quotes.
    var isCalm: Bool {
        isQuoting && fair == polymarketFair && !isPaused
    }

    /// What a venue shows: the crowd's book and what rests beside it.
    public func shown(_ venue: Int) -> SimBook {
        let crowd = venue == 0 ? kalshi : polymarket
        guard hasResting else { return crowd }
        var book = crowd
        let own = venue == 0 ? resting.kalshi : resting.polymarket
        for (price, size) in own.bids.levels { book.bids[price] += size }
        for (price, size) in own.asks.levels { book.asks[price] += size }
        return book
    }

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
        let back = drawnBack.map { $0.venue == venue ? ($0.isBid ? (300, 0) : (0, 300)) : (0, 0) } ?? (0, 0)
        for level in 0..<depth {
            let bid = centre - 30 - level * 10 - back.0
            let ask = centre + 30 + level * 10 + back.1
            if bid > 0, bid < 1_000 { book.bids[bid] = sizes[venue][0][level] }
            if ask > 0, ask < 1_000 { book.asks[ask] = sizes[venue][1][level] }
        }
        if let empty = emptySide, empty.venue == venue {
            if empty.isBid { book.bids.removeAll() } else { book.asks.removeAll() }
        }
        return venue == 1 && isInverted ? book.mirrored : book
    }

    /// What one contract of each direction earns at the best prices after fees by the published formulas, in 1e-7 dollars;
    /// nil where a side is empty or Kalshi is paused. Direction 0 buys Kalshi YES, 1 buys Kalshi NO; the other leg is the
    /// opposite outcome.
    ///
    /// Written out in whole numbers, independent of the program under test. A pUSD spent counts 1.001, one received 0.999.
    public func edge(_ direction: Int) -> Int? {
        guard !isPaused else { return nil }
        let same = polymarket
        let facing = isInverted ? same.mirrored : same
        let buyKalshi = direction == 0 ? kalshi.bestAsk : kalshi.bestBid.map { 1_000 - $0 }
        let buyPolymarket = direction == 0 ? facing.bestBid.map { 1_000 - $0 } : facing.bestAsk
        guard let k = buyKalshi, let p = buyPolymarket else { return nil }
        return 9_990_000 - Self.kalshiCost(k) - Self.polymarketCost(p)
    }

    /// Price and fee of one contract at Kalshi: 0.07 p (1 - p). Unit: 1e-7 dollar.
    static func kalshiCost(_ mills: Int) -> Int { mills * 10_000 + 7 * mills * (1_000 - mills) / 10 }

    /// Price and fee of one share at Polymarket, 0.04 p (1 - p), counted 0.1 % against us. Unit: 1e-7 dollar.
    static func polymarketCost(_ mills: Int) -> Int {
        (mills * 10_000 + 4 * mills * (1_000 - mills) / 10) * 1_001 / 1_000
    }
}

/// How far a market has come.
public enum SimPhase: Sendable, Hashable {
    /// Trades, unless paused.
    case open
    /// No orders any more; the result is not known.
    case closed
    /// The result is known: what a YES pays, in thousandths of a dollar.
    case determined(Int)
    /// Paid out.
    case finalized(Int)
}

/// One event with several outcomes on one venue, of which exactly one will happen.
public struct SimSet: Sendable {
    /// 0-based.
    public let index: Int
    /// 0 Kalshi, 1 Polymarket.
    public let venue: Int
    /// Its outcomes, as indices of `SimWorld.pairs`.
    public let members: [Int]
    /// What its file says: without it, buying every YES is no riskless basket, whatever the prices say.
    public let isExhaustive: Bool
    /// The venue's name of the event.
    public let event: String
}

/// An opportunity that was put into the books on purpose.
public struct PlantedEdge: Sendable {
    /// What pays.
    public enum Basket: Hashable, Sendable {
        /// A pair; direction 0 buys Kalshi YES, 1 buys Kalshi NO.
        case pair(Int, direction: Int)
        /// A set; every YES or every NO.
        case set(Int, isYes: Bool)

        /// The id in the pair file.
        public var name: String {
            switch self {
            case .pair(let index, _): "loop-\(index)"
            case .set(let index, _): "loop-set-\(index)"
            }
        }
    }

    /// What pays.
    public let basket: Basket
    /// When it came. Unit: ns of the world's clock.
    public let from: Int64
    /// When it goes.
    public let until: Int64
}
