public import Trading

/// What an execution is about: fixed when it begins, and read back after a restart.
public struct ExecutionPlan: Hashable, Sendable {
    /// One leg.
    public struct Leg: Hashable, Sendable {
        /// The venue.
        public var venue: VenueID
        /// Ticker, or condition id.
        public var symbol: String
        /// Polymarket's token; empty on Kalshi.
        public var token: String
        /// The outcome bought.
        public var outcome: Outcome
        /// The money it costs.
        public var currency: Currency
        /// Smallest order of the venue: less than both venues' is dust.
        public var orderQtyMin: Quantity
        /// What is lost when this leg alone fills and is got rid of. Unit: USD.
        public var lossAlone: Money

        /// A leg.
        public init(
            venue: VenueID, symbol: String, token: String = "", outcome: Outcome, currency: Currency,
            orderQtyMin: Quantity, lossAlone: Money = .zero
        ) {
            self.venue = venue
            self.symbol = symbol
            self.token = token
            self.outcome = outcome
            self.currency = currency
            self.orderQtyMin = orderQtyMin
            self.lossAlone = lossAlone
        }
    }

    /// Its id.
    public var execution: ExecutionID
    /// The pair or set.
    public var pair: PairID
    /// The legs in the basket's order.
    public var first: Leg, second: Leg
    /// What one unit of both legs pays together. Unit: of either leg's currency.
    public var payoff: Money
    /// When both venues are expected to have paid; nil: unknown.
    public var payoutAt: UTCNanos?
    /// When it was decided.
    public var openedAt: UTCNanos

    /// A plan.
    public init(
        execution: ExecutionID, pair: PairID, first: Leg, second: Leg, payoff: Money, payoutAt: UTCNanos?,
        openedAt: UTCNanos
    ) {
        self.execution = execution
        self.pair = pair
        self.first = first
        self.second = second
        self.payoff = payoff
        self.payoutAt = payoutAt
        self.openedAt = openedAt
    }

    /// One leg.
    ///
    /// - Parameter leg: 0 or 1.
    public subscript(leg: Int) -> Leg { leg == 0 ? first : second }
}

/// Contracts of one leg without a partner, born from fills of our own orders alone. Only told while no order of the
/// execution is open or unknown.
public struct Residual: Hashable, Sendable {
    /// The execution.
    public let execution: ExecutionID
    /// The pair or set.
    public let pair: PairID
    /// Which leg: 0 or 1.
    public let leg: Int
    /// The outcome held: the leg's, or its opposite after more of that was bought than wanted.
    public let outcome: Outcome
    /// Contracts.
    public let quantity: Quantity
    /// Contracts of them that the venue can surely deliver: mined on Polymarket, all on Kalshi.
    public let deliverable: Quantity
    /// Their cost, fees in. Unit: USD.
    public let cost: Money
    /// Below both venues' smallest orders, or worth less than `dust_usd`: booked at nothing, holds no pair.
    public let isDust: Bool
}

/// What an event did to an execution.
public struct PositionChange: Hashable, Sendable {
    /// Which.
    public let execution: ExecutionID
    /// All its orders at worst: what `RiskGate.settle` takes.
    public let exposure: ExecutionExposure
    /// How its profit moved: what `RiskGate.book` takes. Unit: USD.
    public let profitChange: Money
    /// Contracts without a partner, dust too; nil while an order is open or unknown, and when there are none.
    public let residual: Residual?
    /// Contracts of fills that are void now and were not before.
    public let newlyVoid: Quantity
    /// Contracts filled beyond what was asked, that were not before.
    public let newlyOverfilled: Quantity
    /// True when every order is over and nothing but dust stands alone: claims may end (law 2).
    public let isSettledDown: Bool
    /// True when besides nothing is held any more: the reservation may be released.
    public let isOver: Bool
}
