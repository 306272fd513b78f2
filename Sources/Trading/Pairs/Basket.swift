/// What kind of riskless claim a basket is.
public enum BasketKind: String, Sendable, Hashable, CaseIterable {
    /// YES on one venue and NO on the other.
    case crossVenue = "cross-venue"
    /// NO on every outcome of an event with a bounded number of winners.
    case allNo = "all-no"
    /// YES on every outcome of an exhaustive event.
    case allYes = "all-yes"
}

/// One outcome of one instrument inside a basket.
public struct BasketLeg: Hashable, Sendable {
    /// The market.
    public let instrument: InstrumentID
    /// The outcome that is bought.
    public let outcome: Outcome

    /// Buys `outcome` of `instrument`.
    public init(instrument: InstrumentID, outcome: Outcome) {
        self.instrument = instrument
        self.outcome = outcome
    }
}

/// A set of legs that, bought in equal numbers, pays a known amount whatever happens.
public struct Basket: Hashable, Sendable {
    /// Index in the catalog.
    public let id: BasketID
    /// The pair or set it comes from.
    public let pair: PairID
    /// Why it is riskless.
    public let kind: BasketKind
    /// Two legs of a pair (Kalshi first), or one per outcome of a set.
    public let legs: [BasketLeg]
    /// What one unit of every leg pays together: one for a pair, `n - winnersMax` for all NO.
    public let payoff: Money
    /// Review state of the pair or set.
    public let status: ReviewStatus
    /// When the reviewer expects the money back.
    public let expectedPayout: UTCNanos?

    /// A basket.
    public init(
        id: BasketID, pair: PairID, kind: BasketKind, legs: [BasketLeg], payoff: Money, status: ReviewStatus,
        expectedPayout: UTCNanos?
    ) {
        self.id = id
        self.pair = pair
        self.kind = kind
        self.legs = legs
        self.payoff = payoff
        self.status = status
        self.expectedPayout = expectedPayout
    }
}
