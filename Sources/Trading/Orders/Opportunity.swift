/// What one leg of a planned basket would send.
public struct PlannedLeg: Hashable, Sendable {
    /// The market.
    public let instrument: InstrumentID
    /// The outcome bought.
    public let outcome: Outcome
    /// Contracts of that outcome to be bought. Under a budget: what the budget buys at the books seen, to `fillStep`.
    public let orderQty: Quantity
    /// Worst price paid, of the outcome bought: the last level taken, never padded.
    public let limitPx: Price
    /// Money spent on contracts, without fees. Under a budget: the budget itself.
    public let cost: Money
    /// Exact fees of the planned fills.
    public let fee: Money
    /// Price levels taken.
    public let levels: Int

    /// A planned leg.
    public init(
        instrument: InstrumentID, outcome: Outcome, orderQty: Quantity, limitPx: Price, cost: Money, fee: Money,
        levels: Int
    ) {
        self.instrument = instrument
        self.outcome = outcome
        self.orderQty = orderQty
        self.limitPx = limitPx
        self.cost = cost
        self.fee = fee
        self.levels = levels
    }
}

/// A sized basket: what to buy, what it costs, what it pays. All amounts in USD after `Valuation`.
public struct BasketPlan: Hashable, Sendable {
    /// Units of the basket that are surely paid.
    public let orderQty: Quantity
    /// One per leg of the basket, in its order; amounts in each leg's own currency.
    public let legs: [PlannedLeg]
    /// Cost with fees of all legs. Unit: USD.
    public let locked: Money
    /// What the basket pays at least. Unit: USD.
    public let payoff: Money
    /// `payoff - locked`: expected net after exact fees. Unit: USD.
    public let net: Money
    /// `net` in basis points of `locked`, rounded down.
    public let edgeBps: Int64

    /// A plan.
    public init(orderQty: Quantity, legs: [PlannedLeg], locked: Money, payoff: Money, net: Money, edgeBps: Int64) {
        self.orderQty = orderQty
        self.legs = legs
        self.locked = locked
        self.payoff = payoff
        self.net = net
        self.edgeBps = edgeBps
    }
}

/// Why an opportunity was not taken, or that it was. Stable words.
public enum Disposition: String, Sendable, Hashable, CaseIterable {
    /// Passed everything; a live run would have fired, a dry run logs it.
    case taken
    /// Expected net below `min_edge_usd`.
    case belowMinEdge = "below_min_edge_usd"
    /// Below `min_edge_bps` of the capital locked.
    case belowMinBps = "below_min_edge_bps"
    /// Below `min_annualized_pct` to the payout.
    case belowMinAnnualized = "below_min_annualized"
    /// Closer to a close than `min_time_to_close_s`.
    case nearClose = "near_close"
    /// A close or payout date is unknown or past.
    case unknownDates = "unknown_dates"
    /// A leg's market is not open for orders.
    case notTrading = "not_trading"
    /// The trigger book is older than `max_book_age_ms`, or the clock offset is out of bounds.
    case staleBook = "stale_book"
    /// The passive book's connection is silent, or its cross-check too old.
    case silentFeed = "silent_feed"
    /// The pair or set is not approved. A dry run logs it all the same.
    case notApproved = "not_approved"
    /// The rule text is not the one that was approved.
    case rulesChanged = "rules_changed"
    /// The set's event is augmented, not exhaustive, or has a placeholder outcome.
    case notRiskless = "not_riskless"
    /// The two venues' prices have been far apart for long: the pair or its polarity is suspect.
    case priceDivergence = "price_divergence"
}

/// Why an opportunity ended.
public enum EndReason: String, Sendable, Hashable, CaseIterable {
    /// The books no longer pay.
    case edgeGone = "edge_gone"
    /// The books no longer pay, and the message that says so was on its way before the birth: nobody could have had it.
    case overtaken
    /// A book became void.
    case bookVoid = "book_void"
    /// Dates, status, terms or approval no longer allow it.
    case blocked
    /// The run ended first.
    case runEnded = "run_ended"
}

/// What the order of an opportunity would have met some time after its birth.
public struct Judgement: Hashable, Sendable {
    /// How long after the birth.
    public let after: Nanoseconds
    /// Per leg: contracts that the later book would have filled within the plan's limits.
    public let cumQty: [Quantity]
    /// Units of the basket that would have been complete.
    public let boxed: Quantity
    /// Net of the complete units at the later prices, fees included. Unit: USD. Nil when a book was void.
    public let net: Money?
    /// True when every leg would have filled as planned at the limits or better.
    public let filled: Bool

    /// A judgement.
    public init(after: Nanoseconds, cumQty: [Quantity], boxed: Quantity, net: Money?, filled: Bool) {
        self.after = after
        self.cumQty = cumQty
        self.boxed = boxed
        self.net = net
        self.filled = filled
    }
}

/// One stretch of time in which a basket paid more than it cost after exact fees. Logged once, when it has ended.
public struct Opportunity: Hashable, Sendable {
    /// 1, 2, 3 … within a run.
    public let sequence: UInt64
    /// The basket.
    public let basket: BasketID
    /// The input that made it.
    public let born: Stamp
    /// The plan at birth.
    public let plan: BasketPlan
    /// Age of each leg's book at birth (venue stamp to receipt, offset removed); nil where the venue gave no stamp.
    public let bookAges: [Nanoseconds?]
    /// Whether it would have been fired, or why not: decided at birth; `taken` once it passed at any later moment.
    public var disposition: Disposition
    /// When it first passed everything; nil while it never did.
    public var takenAt: Stamp?
    /// The best plan over its life.
    public var best: BasketPlan
    /// When the best plan stood.
    public var bestAt: Stamp
    /// When it ended; nil while alive.
    public var ended: Stamp?
    /// Why it ended.
    public var endReason: EndReason?
    /// The later books, in order of delay.
    public var judgements: [Judgement]

    /// An opportunity at its birth.
    public init(
        sequence: UInt64, basket: BasketID, born: Stamp, plan: BasketPlan, bookAges: [Nanoseconds?],
        disposition: Disposition
    ) {
        self.sequence = sequence
        self.basket = basket
        self.born = born
        self.plan = plan
        self.bookAges = bookAges
        self.disposition = disposition
        self.takenAt = disposition == .taken ? born : nil
        self.best = plan
        self.bestAt = born
        self.ended = nil
        self.endReason = nil
        self.judgements = []
    }
}

/// Where the engine delivers its decisions.
///
/// - Lane: the hot lane; implementations hand over to a queue and return.
public protocol DecisionSink: AnyObject {
    /// An opportunity was born.
    func born(_ opportunity: Opportunity)
    /// An opportunity has ended and all its judgements are in.
    func ended(_ opportunity: Opportunity)
    /// A feed or reference notice.
    func note(_ notice: FeedNotice)
}
