/// How a run deals with money.
public enum TradingMode: String, Sendable, Hashable, CaseIterable {
    /// Sends nothing.
    case dryRun = "dry-run"
    /// Fills are a model of the live books.
    case paper
    /// Orders are real.
    case live
}

/// What came of one leg, with its stamps.
public struct ExecutedLeg: Hashable, Sendable {
    /// The venue.
    public var venue: VenueID
    /// Ticker, or condition id.
    public var symbol: String
    /// The outcome traded.
    public var outcome: Outcome
    /// Bought or sold.
    public var side: Side
    /// Contracts wanted.
    public var orderQty: Quantity
    /// Worst price admitted.
    public var limitPx: Price
    /// Contracts that changed hands and are not void.
    public var cumQty: Quantity
    /// Mean price of them; nil without fills.
    public var avgPx: Price?
    /// Money for them, without fees. Unit: the leg's currency.
    public var cash: Money
    /// Fees; nil while of some the venue told nothing. Unit: the leg's currency.
    public var fee: Money?
    /// Our name of the order.
    public var clOrdID: ClOrdID
    /// The venue's name; nil while it is not known.
    public var orderID: OrderID?
    /// Where it stands; `unknown` while nobody knows.
    public var ordStatus: OrdStatus
    /// True when it was sent and nobody knows what became of it.
    public var isUnknown: Bool
    /// Code and words of what went wrong; empty when nothing did.
    public var error: String
    /// When it was signed, sent and answered.
    public var stamps: LegReport.Stamps?
    /// When its end was known to us.
    public var filled: MonotonicNanos?

    /// A leg of which only the plan is known.
    public init(_ order: NewOrder, venue: VenueID, symbol: String) {
        self.venue = venue
        self.symbol = symbol
        outcome = order.outcome
        side = order.side
        orderQty = order.orderQty
        limitPx = order.price
        cumQty = .zero
        avgPx = nil
        cash = .zero
        fee = .zero
        clOrdID = order.clOrdID
        orderID = nil
        ordStatus = .intended
        isUnknown = false
        error = ""
        stamps = nil
        filled = nil
    }
}

/// When each stage of an execution was over, on the one monotonic clock.
@frozen
public struct ExecutionStamps: Hashable, Sendable {
    /// The frame that made it was received.
    public var recv: MonotonicNanos
    /// It was parsed.
    public var parsed: MonotonicNanos
    /// It was in the book.
    public var booked: MonotonicNanos
    /// The basket was sized.
    public var decided: MonotonicNanos
    /// Risk had approved it.
    public var approved: MonotonicNanos
    /// Both legs were prepared and their intents recorded.
    public var journaled: MonotonicNanos

    /// All at one instant.
    @inlinable
    public init(_ instant: MonotonicNanos) {
        recv = instant
        parsed = instant
        booked = instant
        decided = instant
        approved = instant
        journaled = instant
    }
}

/// What came of firing a basket: told when every leg has an answer or a deadline, and again when its end is another.
public struct ExecutionResult: Hashable, Sendable {
    /// In one word.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Every leg as planned.
        case filled
        /// Some of each leg, and nothing left over.
        case partial
        /// Nothing of any leg.
        case missed
        /// What stood alone was closed, or is being closed.
        case unwound
        /// Nobody knows of some leg.
        case unknown
        /// Nothing was sent.
        case refused
    }

    /// Which execution.
    public var id: ExecutionID
    /// The opportunity that made it: its number within the run.
    public var opportunity: UInt64
    /// The basket.
    public var basket: BasketID
    /// In one word.
    public var kind: Kind
    /// True when all legs were filled as planned.
    public var success: Bool { kind == .filled }
    /// Expected net of the plan. Unit: USD.
    public var edgeExpected: Money
    /// Net of what was boxed and unwound; nil while something is open or unknown. Unit: USD.
    public var edgeRealized: Money?
    /// The legs, in the basket's order; empty when refused before they were made.
    public var legs: [ExecutedLeg]
    /// The stages.
    public var stamps: ExecutionStamps
    /// Wall time of the decision.
    public var decidedAt: UTCNanos
    /// When this was told, monotonic.
    public var told: MonotonicNanos
    /// Code and words of what went wrong; empty when nothing did.
    public var error: String

    /// A result.
    public init(
        id: ExecutionID, opportunity: UInt64, basket: BasketID, kind: Kind, edgeExpected: Money,
        edgeRealized: Money? = nil, legs: [ExecutedLeg] = [], stamps: ExecutionStamps, decidedAt: UTCNanos,
        told: MonotonicNanos, error: String = ""
    ) {
        self.id = id
        self.opportunity = opportunity
        self.basket = basket
        self.kind = kind
        self.edgeExpected = edgeExpected
        self.edgeRealized = edgeRealized
        self.legs = legs
        self.stamps = stamps
        self.decidedAt = decidedAt
        self.told = told
        self.error = error
    }

    /// From the frame's receipt to the last byte of the first and of the last leg; nil when none or not all were sent.
    public var tickToWire: (first: Nanoseconds, last: Nanoseconds)? {
        let sent = legs.compactMap { $0.stamps?.sent }
        guard sent.count == legs.count, let first = sent.min(), let last = sent.max() else { return nil }
        return (first - stamps.recv, last - stamps.recv)
    }

    /// From the frame's receipt to the last answer; nil while one is missing.
    public var latency: Nanoseconds? {
        let acked = legs.compactMap { $0.stamps?.acked }
        guard !legs.isEmpty, acked.count == legs.count, let last = acked.max() else { return nil }
        return last - stamps.recv
    }

    /// Between the first and the last leg's last byte.
    public var legSkew: Nanoseconds? { tickToWire.map { Nanoseconds(rawValue: $0.last.rawValue - $0.first.rawValue) } }
}
