/// A market of the loopback Polymarket: one condition, two tokens, one book seen from both sides.
///
/// Units: prices in ten-thousandths of a dollar, amounts in millionths of pUSD or of a share.
public struct PolymarketMarket: Sendable {
    /// A whole share, or a whole pUSD.
    public static let unit = 1_000_000
    /// A whole dollar of price.
    public static let dollar = 10_000

    /// 0-based place in the exchange.
    public internal(set) var index = 0
    /// The condition id, `0x` and 64 letters.
    public let condition: String
    /// Token ids: YES, NO.
    public let tokens: [String]
    /// Names of the outcomes, in the order of the tokens.
    public var outcomes = ["Yes", "No"]
    /// What the market asks.
    public var question = "Will it happen?"
    /// Step of prices: 1,000, 100, 50, 25, 10 or 1.
    public var tick = 100
    /// Least size of an order that may rest.
    public var minSize = 5 * unit
    /// Whether it belongs to an event of which one outcome wins at most: signed for another contract.
    public var isNegRisk = false
    /// 1: classic tokens; 2: position ids, on the third exchange.
    public var version = 1
    /// Taker fee rate, in ten-thousandths.
    public var feeRate = 400
    /// Exponent of the fee's p(1-p): 0, 1 or 2.
    public var feeExponent = 1
    /// Seconds that a marketable order is held back, of sports markets; nil: none.
    public var delaySeconds: Int?
    /// Whether a taker's POST is held for the taker delay.
    public var isTakerDelayed = false
    /// Whether orders are taken.
    public var isAccepting = true
    /// Whether trading is over.
    public internal(set) var isClosed = false
    /// What a share of each outcome pays, in ten-thousandths, once it is resolved.
    public internal(set) var payout: [Int]?
    /// The pair of the world that quotes here; nil: only orders make this book.
    public var pair: Int?
    /// Price of the last trade in YES terms.
    public internal(set) var lastTrade: Int?
    /// Milliseconds since 1970 of the newest change.
    public internal(set) var stamp: Int64 = 0

    /// A market.
    public init(condition: String, yes: String, no: String) {
        self.condition = condition
        tokens = [yes, no]
    }

    /// The market that a pair of the world lists.
    public init(_ pair: SimPair) {
        self.init(condition: pair.condition, yes: pair.yesToken, no: pair.noToken)
        question = "Will event \(pair.index) happen?"
        tick = pair.polymarketTick * 10
        isNegRisk = pair.isNegRisk
        self.pair = pair.index
    }

    /// Decimals of prices, and of pUSD amounts of orders, by tick.
    public var decimals: (price: Int, amount: Int) {
        switch tick {
        case 1_000: (1, 3)
        case 100: (2, 4)
        case 50, 10: (3, 5)
        default: (4, 6)
        }
    }

    /// The contract that settles its trades, and the version of its signing domain.
    public var contract: PolymarketContract { version == 2 ? .third : isNegRisk ? .negRisk : .standard }

    /// The fee of a taker: shares times rate times (p(1-p))^e, cut to five decimals.
    ///
    /// - Source: sheet of September 2026, section 6; 21 real fills.
    public func fee(shares: Int, price: Int) -> Int {
        let dollar = Int128(Self.dollar)
        var exact = Int128(shares) * Int128(feeRate)
        var scale = dollar
        for _ in 0..<feeExponent {
            exact = exact * Int128(price) * (dollar - Int128(price))
            scale = scale * dollar * dollar
        }
        return Int(exact / (scale * 10)) * 10
    }

    /// True when a price stands on the grid, strictly between zero and one.
    public func isOnGrid(_ price: Int) -> Bool { price >= tick && price <= Self.dollar - tick && price % tick == 0 }
}

/// One of the contracts that orders are signed for.
public enum PolymarketContract: Int, Sendable, CaseIterable {
    /// Of classic markets.
    case standard
    /// Of outcomes of which one wins at most.
    case negRisk
    /// Of markets of the second protocol.
    case third

    /// Its address.
    public var address: String {
        switch self {
        case .standard: "0xE111180000d2663C0091e4f400237545B87B996B"
        case .negRisk: "0xe2222d279d744050d28e00520010520000310F59"
        case .third: "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"
        }
    }

    /// The version of its signing domain.
    public var domainVersion: String { self == .third ? "3" : "2" }
}

/// How long an order may work.
public enum PolymarketLife: String, Sendable, CaseIterable {
    /// Until it is cancelled.
    case gtc = "GTC"
    /// Until its date, less a minute.
    case gtd = "GTD"
    /// At once and whole, or not at all.
    case fok = "FOK"
    /// At once; what is left dies.
    case fak = "FAK"

    /// True where nothing may rest.
    public var isImmediate: Bool { self == .fok || self == .fak }
}

/// An order that the exchange has taken.
public struct PolymarketOrder: Sendable {
    /// What has become of it.
    public enum Status: Hashable, Sendable {
        /// On the book.
        case live
        /// Held back until its market's delay is over.
        case delayed
        /// Nothing of it is left that could trade: filled, or what could be filled was.
        case matched
        /// Dead before it was filled. The word behind the underscore, or none.
        case cancelled(String)

        /// As the venue writes it.
        public var text: String {
            switch self {
            case .live: "LIVE"
            case .delayed: "DELAYED"
            case .matched: "MATCHED"
            case .cancelled(let why): why.isEmpty ? "CANCELED" : "CANCELED_" + why
            }
        }
    }

    /// The hash that was signed, `0x` and 64 letters.
    public let id: String
    /// The API key that it came with.
    public let owner: String
    /// The wallet that pays, as an index of accounts.
    public let account: Int
    /// Its market, as an index.
    public let market: Int
    /// 0 YES, 1 NO.
    public let outcome: Int
    /// True: buys its token.
    public let isBuy: Bool
    /// What is given at most, in base units: pUSD when buying.
    public let making: Int
    /// What is wanted for it.
    public let taking: Int
    /// How long it works.
    public let life: PolymarketLife
    /// Refused rather than matched on arrival.
    public let isPostOnly: Bool
    /// Unix seconds; 0: none.
    public let expiration: Int64
    /// When it came. Unit: ns of the world's clock.
    public let arrived: Int64
    /// What became of it.
    public internal(set) var status = Status.live
    /// Shares matched so far, of trades that failed too.
    public internal(set) var matched = 0
    /// pUSD given or got for these, without fees.
    public internal(set) var cash = 0
    /// Shares that rest, once it rests.
    public internal(set) var resting = 0
    /// Of what has ever rested, how much has gone.
    var restedGone = 0
    /// Its trades, oldest first.
    public internal(set) var trades: [Int] = []
    /// Priority among equals.
    var sequence = 0

    /// True where pUSD is spent rather than shares sought.
    public var hasBudget: Bool { isBuy && life.isImmediate }
    /// Shares that are wanted; of a budget, those at the limit.
    public var size: Int { isBuy ? taking : making }
    /// The limit in ten-thousandths of a dollar, cut: what the venue prints.
    public var price: Int {
        let (cash, shares) = isBuy ? (making, taking) : (taking, making)
        return Int(Int128(cash) * Int128(PolymarketMarket.dollar) / Int128(max(1, shares)))
    }

    /// True where `price` of its own token is not worse than its limit: compared as fractions.
    func accepts(_ price: Int) -> Bool {
        let dollar = Int128(PolymarketMarket.dollar)
        return isBuy
            ? Int128(price) * Int128(taking) <= Int128(making) * dollar
            : Int128(price) * Int128(making) >= Int128(taking) * dollar
    }

    /// pUSD that what rests of a buy must be able to pay.
    var restingCash: Int { isBuy ? Self.cost(restedGone + resting, price) - Self.cost(restedGone, price) : 0 }

    /// What shares cost at a price, rounded up.
    static func cost(_ shares: Int, _ price: Int) -> Int {
        let exact = Int128(shares) * Int128(price)
        let dollar = Int128(PolymarketMarket.dollar)
        return Int((exact + dollar - 1) / dollar)
    }

    /// What shares bring at a price, rounded down.
    static func proceeds(_ shares: Int, _ price: Int) -> Int {
        Int(Int128(shares) * Int128(price) / Int128(PolymarketMarket.dollar))
    }
}

/// How a trade comes about.
public enum PolymarketMatch: Sendable {
    /// Tokens change hands.
    case complementary
    /// Two buyers of opposite tokens: a new pair of tokens is made for their pUSD.
    case mint
    /// Two sellers of opposite tokens: a pair of tokens is turned back into pUSD.
    case merge
}

/// What one order at rest, or one quote of the house, gave to a trade.
public struct PolymarketMakerFill: Sendable {
    /// The order's index; nil: the house.
    public let order: Int?
    /// Its id.
    public let id: String
    /// Account that filled.
    public let account: Int
    /// 0 YES, 1 NO: the maker's own token.
    public let outcome: Int
    /// Whether the maker buys it.
    public let isBuy: Bool
    /// The maker's price of its own token.
    public let price: Int
    /// Shares.
    public let shares: Int
    /// pUSD that the maker gives or gets.
    public let cash: Int
    /// How.
    public let kind: PolymarketMatch
}

/// A trade: one taker, one price, one or more makers.
public struct PolymarketTrade: Sendable {
    /// How far it is settled.
    public enum Status: String, Sendable {
        /// By the engine.
        case matched = "MATCHED"
        /// In a block.
        case mined = "MINED"
        /// For good.
        case confirmed = "CONFIRMED"
        /// Its transaction failed and is sent again.
        case retrying = "RETRYING"
        /// Void, for good.
        case failed = "FAILED"
    }

    /// A UUID.
    public let id: String
    /// 0-based.
    public let index: Int
    /// The order that came; nil: a taker of the house.
    public let taker: Int?
    /// Its hash.
    public let takerID: String
    /// Account of the taker.
    public let account: Int
    /// Market, as an index.
    public let market: Int
    /// The taker's token.
    public let outcome: Int
    /// Whether the taker buys.
    public let isBuy: Bool
    /// Of the taker's token.
    public let price: Int
    /// Shares.
    public let shares: Int
    /// pUSD that the taker gives or gets, without the fee.
    public let cash: Int
    /// What the taker pays besides.
    public let fee: Int
    /// Who stood against it.
    public let makers: [PolymarketMakerFill]
    /// Which transaction of the taker's order, from zero.
    public let bucket: Int
    /// Unit: ns of the world's clock.
    public let matchedAt: Int64
    /// As `matchedAt`.
    public internal(set) var updatedAt: Int64
    /// How far it is.
    public internal(set) var status = Status.matched
    /// `0x` and 64 letters once it is mined.
    public internal(set) var transaction = ""
}
