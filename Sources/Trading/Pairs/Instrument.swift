/// What a venue lets be done with a market now.
public enum TradingStatus: String, Sendable, Hashable, CaseIterable {
    /// Orders are accepted.
    case active
    /// Paused by the venue; resting orders may be gone.
    case paused
    /// Not open yet.
    case unopened
    /// No more orders: closed, determined or resolved.
    case closed
}

/// The name of a market at its venue, as a pair file gives it.
public struct Contract: Hashable, Sendable {
    /// The venue that lists it.
    public let venue: VenueID
    /// Kalshi: market ticker. Polymarket: condition id, `0x` and 64 lower-case hex digits.
    public let symbol: String
    /// Polymarket: the token ids that pay on YES and on NO, decimal. Nil on Kalshi.
    public let tokens: Tokens?
    /// Kalshi: the exchange shard, where the file states it.
    public let exchangeIndex: Int?
    /// Polymarket: whether the market belongs to a neg-risk event. False on Kalshi.
    public let negRisk: Bool
    /// SHA-256 (lower hex) of the rule text that was reviewed; nil when none is pinned, which blocks approval.
    public let rulesSHA256: String?
    /// Terms that hold until the venue has answered; nil: none.
    public let pinned: PinnedTerms?

    /// A pair of outcome token ids.
    public struct Tokens: Hashable, Sendable {
        /// Pays on YES.
        public let yes: String
        /// Pays on NO.
        public let no: String
        /// Token ids in decimal.
        public init(yes: String, no: String) {
            self.yes = yes
            self.no = no
        }
    }

    /// A market's name.
    public init(
        venue: VenueID, symbol: String, tokens: Tokens? = nil, exchangeIndex: Int? = nil, negRisk: Bool = false,
        rulesSHA256: String? = nil, pinned: PinnedTerms? = nil
    ) {
        self.venue = venue
        self.symbol = symbol
        self.tokens = tokens
        self.exchangeIndex = exchangeIndex
        self.negRisk = negRisk
        self.rulesSHA256 = rulesSHA256
        self.pinned = pinned
    }
}

/// Everything about a market that is read from its venue and changes rarely.
public struct InstrumentTerms: Sendable {
    /// Human title, as the venue gives it; hostile text, escape on display.
    public var title: String
    /// What the venue lets be done.
    public var status: TradingStatus
    /// Prices that orders may carry.
    public var grid: TickGrid
    /// Orders are whole multiples of this size.
    public var lot: Quantity
    /// Smallest order.
    public var orderQtyMin: Quantity
    /// Smallest cost of an order that takes liquidity; zero where there is none.
    public var notionalMin: Money
    /// Where a BUY is a budget instead of a size (Polymarket): the budget is a multiple of this. Nil: buys are by size.
    public var budgetStep: Money?
    /// Fills come in multiples of this size (Polymarket 0.000001 share).
    public var fillStep: Quantity
    /// The money it is quoted in.
    public var currency: Currency
    /// Exact fees over time.
    public var fees: FeeTimeline
    /// No entries from this instant minus `min_time_to_close_s`: the earliest of close, expected expiration, game start,
    /// end date and pause. Nil: unknown, which blocks entries.
    public var entriesEnd: UTCNanos?
    /// The latest instant at which the venue is expected to have paid. Nil: unknown, which blocks entries.
    public var payout: UTCNanos?
    /// SHA-256 (lower hex) of the rule text now shown.
    public var rulesSHA256: String?
    /// The event the market belongs to (Kalshi event ticker, Polymarket neg-risk market id), where there is one.
    public var event: String?
    /// Kalshi's shard.
    public var exchangeIndex: Int?
    /// Signed on the neg-risk exchange.
    public var negRisk: Bool
    /// A neg-risk event to which outcomes may be added: never exhaustive.
    public var augmentedNegRisk: Bool
    /// An unnamed "Other" or placeholder outcome: never traded.
    public var placeholder: Bool
    /// Whether the venue says that at most one market of the event resolves YES; nil where it does not say. Never taken
    /// for "exactly one".
    public var mutuallyExclusive: Bool?
    /// How long the venue holds a marketable order before matching; zero when at once.
    public var takerDelay: Nanoseconds
    /// Which of the venue's protocols the market is on (Polymarket `v1`, `v2`).
    public var protocolVersion: Int
    /// When the venue gave these terms.
    public var readAt: UTCNanos

    /// Terms of a market that accepts whole lots at any size and belongs to no event.
    public init(
        title: String, status: TradingStatus, grid: TickGrid, lot: Quantity, orderQtyMin: Quantity,
        notionalMin: Money = .zero,
        budgetStep: Money? = nil, fillStep: Quantity, currency: Currency, fees: FeeTimeline, entriesEnd: UTCNanos?,
        payout: UTCNanos?, readAt: UTCNanos
    ) {
        self.title = title
        self.status = status
        self.grid = grid
        self.lot = lot
        self.orderQtyMin = orderQtyMin
        self.notionalMin = notionalMin
        self.budgetStep = budgetStep
        self.fillStep = fillStep
        self.currency = currency
        self.fees = fees
        self.entriesEnd = entriesEnd
        self.payout = payout
        self.readAt = readAt
        self.rulesSHA256 = nil
        self.event = nil
        self.exchangeIndex = nil
        self.negRisk = false
        self.augmentedNegRisk = false
        self.placeholder = false
        self.mutuallyExclusive = nil
        self.takerDelay = .zero
        self.protocolVersion = 1
    }
}
