public import Risk
public import Trading

/// Everything of the configuration that trading depends on, beyond the limits.
public struct TraderSettings: Sendable {
    /// Whether both legs leave at once.
    public enum LegOrder: String, Sendable, Hashable, CaseIterable {
        /// Both at once.
        case both
        /// The leg whose venue holds orders back goes first; both at once where none does.
        case uncertainFirst = "uncertain-first"
        /// The leg whose book is thinner goes first.
        case fillOdds = "fill-odds"
    }

    /// IOC or FOK.
    public var timeInForce = TimeInForce.ioc
    /// When an answer is no longer waited for.
    public var orderTimeout = Nanoseconds.milliseconds(2_000)
    /// Whether both legs leave at once.
    public var legOrder = LegOrder.both
    /// Closing.
    public var close: AutoClose.Settings
    /// How often residuals are looked at without a change of a book.
    public var sweepInterval = Nanoseconds.seconds(5)
    /// Evidence.
    public var resolver = UnknownResolver.Settings()
    /// What one leg alone may lose. Unit: USD.
    public var oneLegLossMax: Money
    /// How pUSD counts.
    public var valuation: Valuation
    /// The account's part of every order id.
    public var prefix: UInt32
    /// This run's part of every order id.
    public var run: UInt32
    /// How often both accounts are read.
    public var readInterval = Nanoseconds.seconds(30)
    /// Fires under way at once.
    public var seats = 8
    /// Most executions that are not done; further ones are refused.
    public var executionsMax = 1_024
    /// An order that no record of ours explains is told as FOREIGN after this long: until then its reply may be on its way.
    public var strayLag = Nanoseconds.seconds(5)
    /// Account reads lag what happened by less than this, by venue: Polymarket's positions come from an index of the chain.
    public var readLag: [VenueID: Nanoseconds] = [.kalshi: .seconds(5), .polymarket: .seconds(120)]
    /// A box is sold before its time when both bids give this much more, after both fees, than it will pay; nil: never.
    /// Unit: USD.
    public var earlyCloseMin: Money?
    /// Closing orders of one execution that the machine sends by itself; then a person must look.
    public var closesMax = 64
    /// An execution that is over is forgotten after this long, the sooner the more of them there are.
    public var endedAge = Nanoseconds.seconds(120), endedAgeMin = Nanoseconds.seconds(10)
    /// From so many done executions on, they are forgotten after `endedAgeMin`.
    public var endedMax = 2_048
    /// A basket is made ready when its unit costs at most so much more than it pays. Unit: cents.
    public var armCents: Int64 = 2
    /// How often a basket is made ready anew.
    public var armInterval = Nanoseconds.milliseconds(100)
    /// After our own fill a market's book must have changed, and this much time passed, before it is entered again: until
    /// then it may still show what we took.
    public var settleTime = Nanoseconds.milliseconds(100)
    /// How often the way of a fire is walked while nothing happens; zero: never.
    public var rehearsalInterval = Nanoseconds.zero
    /// As `rehearsalInterval`, while no pair is near paying; nil: the same.
    public var rehearsalIntervalAway: Nanoseconds?
    /// While a pair is near paying the way is walked in four parts, one after another within `rehearsalInterval`: what is read
    /// meanwhile waits for one of them, not for all. For lanes that spin then.
    public var rehearsesInParts = false
    /// Orders are numbered from the one after it. Venues know names for ever: a run counts on from where no earlier one of
    /// its number can have come to, also one whose ledger is lost.
    public var sequenceBase: UInt64 = 0

    /// Settings.
    public init(
        close: AutoClose.Settings, oneLegLossMax: Money, valuation: Valuation, prefix: UInt32, run: UInt32
    ) {
        self.close = close
        self.oneLegLossMax = oneLegLossMax
        self.valuation = valuation
        self.prefix = prefix
        self.run = run
    }
}

/// What the trader tells: kept by the ledger, shown to people. Every value stands alone.
public enum TradeEvent: Sendable {
    /// An order was recorded and is about to leave.
    case intended(OrderIntent)
    /// Something was told of an order of ours.
    case heard(HeardOrder)
    /// What came of an execution, or what it came to in the end.
    case result(ExecutionResult)
    /// Contracts that stand alone: found, being closed, closed, or stuck.
    case residual(ResidualReport)
    /// What an execution holds for good.
    case box(BoxReport)
    /// A person should know.
    case alert(TradeAlert)
    /// The breaker or a halt changed.
    case breaker(BreakerEvent)
    /// What a venue says of its purses, read while nothing was under way: what the next read is compared with.
    case cash([VenueBalance], asOf: UTCNanos)
    /// A pair was halted, or lets entries through again.
    case suspended(SuspensionReport)
    /// Profit of the UTC day so far, losses negative. Unit: USD.
    case profit(Money, at: Stamp)
}

/// Why a pair takes no entries, after a change of it.
public struct SuspensionReport: Hashable, Sendable {
    /// The pair.
    public let pair: PairID
    /// The causes that stand; empty: entries go on.
    public let causes: [RiskGate.Suspension]
    /// In words.
    public let text: String
    /// When.
    public let at: Stamp

    /// A report.
    public init(pair: PairID, causes: [RiskGate.Suspension], text: String, at stamp: Stamp) {
        self.pair = pair
        self.causes = causes
        self.text = text
        at = stamp
    }
}

/// One piece of evidence about an order, and where the order stands with it.
public struct HeardOrder: Sendable {
    /// Our name of it.
    public let clOrdID: ClOrdID
    /// True for a tombstone of that name.
    public let isTombstone: Bool
    /// The venue's name, once known.
    public let orderID: OrderID?
    /// What was told.
    public let event: OrderEvent
    /// By whom.
    public let source: EvidenceSource
    /// The venue's own stamp.
    public let transactTime: UTCNanos?
    /// When.
    public let at: Stamp
    /// All evidence together.
    public let state: OrderState
}

/// Contracts that stand alone, and what is done about them.
public struct ResidualReport: Hashable, Sendable {
    /// What became of them.
    public enum Phase: String, Hashable, Sendable, CaseIterable {
        /// One leg has more than the other.
        case found
        /// A closing order is out.
        case closing
        /// Nothing is left but dust.
        case closed
        /// It cannot be closed within the limits: the pair is halted.
        case stuck
    }

    /// The execution.
    public let execution: ExecutionID
    /// The pair.
    public let pair: PairID
    /// What became of them.
    public let phase: Phase
    /// The venue.
    public let venue: VenueID
    /// Ticker, or condition id.
    public let symbol: String
    /// The outcome held.
    public let outcome: Outcome
    /// Contracts that stand alone.
    public let quantity: Quantity
    /// What they cost. Unit: USD.
    public let cost: Money
    /// The way taken, while closing.
    public let way: CloseWay?
    /// Why nothing is ordered, in one word; and what a person can do.
    public let text: String
    /// When.
    public let at: Stamp
}

/// What an execution holds when all its orders have ended.
public struct BoxReport: Hashable, Sendable {
    /// The execution.
    public let execution: ExecutionID
    /// The basket.
    public let basket: BasketID
    /// The pair.
    public let pair: PairID
    /// How far it is.
    public let state: BoxState
    /// Units of the basket that are whole.
    public let quantity: Quantity
    /// All that was spent less all that came back. Unit: USD.
    public let cost: Money
    /// What the whole units pay at least. Unit: USD.
    public let payoff: Money
    /// `payoff - cost`. Unit: USD.
    public let net: Money
    /// `net` less what was told of it before; nil: it is told for the first time. Unit: USD.
    public let netChange: Money?
    /// Contracts left over that are not worth an order, a leg.
    public let dust: [Quantity]
    /// When the last of it is expected to be paid; nil: unknown.
    public let payoutAt: UTCNanos?
    /// When the execution was decided.
    public let openedAt: UTCNanos
    /// When.
    public let at: Stamp
}

/// What a person should know, and what to do about it.
public struct TradeAlert: Hashable, Sendable {
    /// Stable code.
    public let code: String
    /// True when money is at stake now.
    public let isCritical: Bool
    /// The pair it concerns; nil: the account.
    public let pair: PairID?
    /// What happened, what the machine did, and the next step.
    public let text: String
    /// When.
    public let at: Stamp

    /// An alert.
    public init(_ code: String, isCritical: Bool, pair: PairID?, _ text: String, at: Stamp) {
        self.code = code
        self.isCritical = isCritical
        self.pair = pair
        self.text = text
        self.at = at
    }
}
