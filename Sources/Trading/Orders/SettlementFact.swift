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
