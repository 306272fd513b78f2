/// A market that its venue has paid, as the venue lists it. Explains a position that vanished; never a source of orders.
public struct SettlementFact: Hashable, Sendable {
    /// The venue.
    public let venue: VenueID
    /// Ticker, or condition id.
    public let symbol: String
    /// The outcome that paid; nil for a split or a scalar.
    public let winner: Outcome?
    /// Contracts held of YES and of NO when it was paid.
    public let yesQty: Quantity, noQty: Quantity
    /// What was paid, before `fee`. Unit: the venue's currency.
    public let revenue: Money
    /// What settlement cost; nil where the venue does not say.
    public let fee: Money?
    /// When; nil where the venue does not say.
    public let settledAt: UTCNanos?

    /// A fact.
    public init(
        venue: VenueID, symbol: String, winner: Outcome?, yesQty: Quantity, noQty: Quantity, revenue: Money,
        fee: Money?, settledAt: UTCNanos?
    ) {
        self.venue = venue
        self.symbol = symbol
        self.winner = winner
        self.yesQty = yesQty
        self.noQty = noQty
        self.revenue = revenue
        self.fee = fee
        self.settledAt = settledAt
    }
}

/// One read of which markets a venue has paid.
public struct SettlementsRead: Hashable, Sendable {
    /// The venue.
    public let venue: VenueID
    /// How far back it reached, where the venue has a list of them (Kalshi): all that was paid since then is in `facts`.
    public let since: UTCNanos
    /// Before the first request left: what was paid later may be missing.
    public let asOf: UTCNanos
    /// What was paid.
    public let facts: [SettlementFact]

    /// A read.
    public init(venue: VenueID, since: UTCNanos, asOf: UTCNanos, facts: [SettlementFact]) {
        self.venue = venue
        self.since = since
        self.asOf = asOf
        self.facts = facts
    }
}
