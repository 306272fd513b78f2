public import Risk
public import Trading

/// What a trader knows of itself at one instant, for people: never an input of a decision.
public struct TraderStatus: Sendable, Hashable {
    /// A pair that takes no entries.
    public struct Stop: Sendable, Hashable {
        /// The pair.
        public let pair: PairID
        /// Why, stable words with commas between them; and in words.
        public let causes: String, text: String
    }

    /// When this was true.
    public var at: Stamp
    /// What our own orders hold, or may.
    public var exposure = Exposure()
    /// Causes of a halt of everything, the gravest first, each with its reason.
    public var halts: [String] = []
    /// True while an operator's halt stands, also one that the hot lane has not looked at yet.
    public var isHaltedByOperator = false
    /// Breakers that are not closed.
    public var breakers: [BreakerRecord] = []
    /// Pairs that are halted.
    public var stops: [Stop] = []
    /// Profit of this UTC day, losses negative. Unit: USD.
    public var profitToday = Money.zero
    /// Executions and orders that are here: those that are not over, and those that ended of late.
    public var kept = 0, keptOrders = 0
    /// Counts since the start.
    public var counters = TraderCounters()
    /// Orders signed ahead, by venue.
    public var signedAhead: [VenueID: SignedAhead] = [:]
    /// True once both accounts were read and what earlier runs left is known.
    public var isReady = false
    /// True once both accounts were read.
    public var isRead = false
    /// Why nothing is entered in this run any more; empty: it is.
    public var blocked = ""

    /// Nothing known but the time.
    public init(at stamp: Stamp) { at = stamp }
}
