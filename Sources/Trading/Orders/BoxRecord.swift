/// How far a box is: equal numbers of two legs that together pay a known amount.
public enum BoxState: Hashable, Sendable {
    /// Both legs are held.
    case open
    /// Both legs are being sold before their time.
    case closing
    /// This venue has paid, the other has not: what was paid stays matched.
    case settling(VenueID)
    /// Nothing of it is held any more.
    case settled

    /// `open`, `closing`, `settling:kalshi`, `settled`.
    public var text: String {
        switch self {
        case .open: "open"
        case .closing: "closing"
        case .settling(let venue): "settling:\(venue.name)"
        case .settled: "settled"
        }
    }

    /// The state of such a text; nil for any other.
    public init?(_ text: some StringProtocol) {
        switch text {
        case "open": self = .open
        case "closing": self = .closing
        case "settled": self = .settled
        default:
            guard text.hasPrefix("settling:"), let venue = VenueID(name: text.dropFirst(9)) else { return nil }
            self = .settling(venue)
        }
    }
}

/// What one execution holds in matched legs, as it is shown and kept.
public struct BoxRecord: Hashable, Sendable {
    /// One leg of it.
    public struct Leg: Hashable, Sendable {
        /// The venue.
        public let venue: VenueID
        /// Ticker, or condition id.
        public let symbol: String
        /// Polymarket's token; empty on Kalshi.
        public let token: String
        /// The outcome held.
        public let outcome: Outcome
        /// Contracts of it that this execution holds or was paid for, matched or not.
        public let held: Quantity
        /// Cost of them, fees in. Unit: the leg's currency.
        public let cost: Money
        /// What the venue paid for them; nil until it has. Unit: the leg's currency.
        public let paid: Money?

        /// A leg.
        public init(
            venue: VenueID, symbol: String, token: String, outcome: Outcome, held: Quantity, cost: Money, paid: Money?
        ) {
            self.venue = venue
            self.symbol = symbol
            self.token = token
            self.outcome = outcome
            self.held = held
            self.cost = cost
            self.paid = paid
        }
    }

    /// The execution that made it.
    public let execution: ExecutionID
    /// The pair or set.
    public let pair: PairID
    /// The legs in the basket's order.
    public let first: Leg, second: Leg
    /// Units that are matched: what the box pays for.
    public let quantity: Quantity
    /// Cost of the matched units, fees in. Unit: USD.
    public let cost: Money
    /// What they pay whatever happens, what was paid already in it. Unit: USD.
    public let payout: Money
    /// `payout - cost`. Unit: USD.
    public let lockedProfit: Money
    /// When the last of it is expected to be paid; nil: unknown.
    public let payoutAt: UTCNanos?
    /// When the execution began.
    public let openedAt: UTCNanos
    /// How far it is.
    public let state: BoxState

    /// A record.
    public init(
        execution: ExecutionID, pair: PairID, first: Leg, second: Leg, quantity: Quantity, cost: Money, payout: Money,
        lockedProfit: Money, payoutAt: UTCNanos?, openedAt: UTCNanos, state: BoxState
    ) {
        self.execution = execution
        self.pair = pair
        self.first = first
        self.second = second
        self.quantity = quantity
        self.cost = cost
        self.payout = payout
        self.lockedProfit = lockedProfit
        self.payoutAt = payoutAt
        self.openedAt = openedAt
        self.state = state
    }
}

/// What ends contracts other than a fill. Never the cause of an order (law 11).
public enum PositionFact: Hashable, Sendable {
    /// The venue has paid a market: YES this much a contract, NO the rest. 50/50 is 0.50. Also by redeem.
    case settled(VenueID, symbol: String, yesPays: Price)
    /// As many of both outcomes were turned back into cash.
    case merged(VenueID, symbol: String, Quantity)
}
