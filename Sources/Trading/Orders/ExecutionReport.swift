/// The venue's name of one fill. FIX tag 17. Kalshi: trade id. Polymarket: trade id and, as maker, the maker order's place.
public struct ExecID: Hashable, Sendable, CustomStringConvertible {
    /// As the venue writes it.
    public let text: String
    /// The fill called `text`.
    public init(_ text: String) { self.text = text }
    /// The text.
    public var description: String { text }
}

/// How firmly a fill stands.
public enum Settlement: String, Sendable, Hashable, CaseIterable {
    /// Matched by the engine; the chain has not seen it (Polymarket).
    case matched
    /// In a block.
    case mined
    /// Final. Every Kalshi fill is.
    case confirmed
    /// The chain refused once; the operator tries again.
    case retrying
    /// Void: nothing changed hands, and the quantity is not put back.
    case failed
}

/// One fill of one order, in words of the outcome traded.
public struct Fill: Hashable, Sendable {
    /// The venue's name of it: the same fill told twice has the same.
    public let execID: ExecID
    /// Contracts. FIX tag 32.
    public let lastQty: Quantity
    /// Price of the outcome traded. FIX tag 31.
    public let lastPx: Price
    /// What the venue says it charged; nil where it does not say.
    public let fee: Money?
    /// Taken or given.
    public let liquidity: Liquidity
    /// How firm it is.
    public let settlement: Settlement

    /// A fill.
    public init(
        execID: ExecID, lastQty: Quantity, lastPx: Price, fee: Money?, liquidity: Liquidity, settlement: Settlement
    ) {
        self.execID = execID
        self.lastQty = lastQty
        self.lastPx = lastPx
        self.fee = fee
        self.liquidity = liquidity
        self.settlement = settlement
    }
}

/// What the venue itself says an order has come to. Its sums may run ahead of the fills that it has told, or behind.
public struct OrderSummary: Hashable, Sendable {
    /// Where the order stands.
    public enum Standing: String, Sendable, Hashable, CaseIterable {
        /// Rests on the book.
        case working
        /// Accepted, held back before matching, not cancellable (Polymarket `delayed`).
        case delayed
        /// Done, whole.
        case filled
        /// Done: cancelled, or the rest of an IOC.
        case cancelled
        /// Done: its time ran out (GTD).
        case expired
    }

    /// Where it stands.
    public let standing: Standing
    /// Contracts filled so far; nil where the venue does not say. FIX tag 14.
    public let cumQty: Quantity?
    /// Contracts still working; nil where the venue does not say. FIX tag 151.
    public let leavesQty: Quantity?
    /// Mean price of the outcome traded over `cumQty`, rounded by the venue; nil where it does not say. FIX tag 6.
    public let avgPx: Price?
    /// Money that changed hands without fees, exact where the venue states it (Polymarket `makingAmount`).
    public let cumCash: Money?
    /// Fees of all its fills; nil where the venue does not say.
    public let fee: Money?
    /// What they are at most, where the venue tells only a rounded mean: counted until the fees themselves are known.
    public let feeMax: Money?
    /// Why it is done, in the venue's word; empty where there is none.
    public let reason: String

    /// A summary.
    public init(
        standing: Standing, cumQty: Quantity?, leavesQty: Quantity?, avgPx: Price? = nil, cumCash: Money? = nil,
        fee: Money? = nil, feeMax: Money? = nil, reason: String = ""
    ) {
        self.feeMax = feeMax
        self.standing = standing
        self.cumQty = cumQty
        self.leavesQty = leavesQty
        self.avgPx = avgPx
        self.cumCash = cumCash
        self.fee = fee
        self.reason = reason
    }
}

/// What happened to an order.
public enum OrderEvent: Hashable, Sendable {
    /// Bytes may have left: from here on silence means UNKNOWN.
    case sent
    /// No byte of it left; it never existed.
    case notSent(LocalRefusal)
    /// The venue's own account of it.
    case summary(OrderSummary)
    /// A fill.
    case fill(Fill)
    /// A fill known by its name became firmer, or void.
    case settlement(ExecID, Settlement)
    /// The venue refused it: it never worked.
    case rejected(VenueRejection)
    /// Sent, and no answer that says what became of it.
    case unknown(UnknownReason)
    /// Proved that it never entered and no longer can (tombstone, `dead_after` with its conditions, or the operator's word).
    case cannotEnter(String)
}

/// A refusal in the venue's words.
public struct VenueRejection: Error, Hashable, Sendable {
    /// What it means for us.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Price off grid or out of range.
        case price
        /// Size, minimum or precision.
        case size
        /// Not enough cash, shares or allowance.
        case balance
        /// The market takes no orders now.
        case market
        /// Paused, restarting, post-only or cancel-only: the venue takes no such orders now.
        case venueMode = "venue_mode"
        /// An IOC or FOK that found nothing to fill it.
        case unfilled
        /// A post-only order that would have taken.
        case postOnly = "post_only"
        /// The id was used before: an order of that id exists.
        case duplicate
        /// Signature, key, stamp or wallet.
        case authentication
        /// This account may not trade (region, closed-only, ban).
        case account
        /// Too many requests; nothing was done.
        case throttled
        /// Signed for another protocol version of the market.
        case version
        /// Anything else that is surely a refusal.
        case other
    }

    /// What it means for us.
    public let kind: Kind
    /// HTTP status; 0 where it did not come by HTTP.
    public let status: Int
    /// The venue's code, or the start of its text where it has none; hostile text, escape on display.
    public let code: String
    /// The venue's words; hostile text.
    public let text: String
    /// When it may be asked again, where the venue says.
    public let retryAfter: Nanoseconds?

    /// A refusal.
    public init(_ kind: Kind, status: Int, code: String, text: String = "", retryAfter: Nanoseconds? = nil) {
        self.kind = kind
        self.status = status
        self.code = code
        self.text = text
        self.retryAfter = retryAfter
    }
}

/// Why nobody knows what became of an order.
public enum UnknownReason: Hashable, Sendable {
    /// No answer within the order's deadline.
    case timeout
    /// The connection ended after bytes may have left.
    case connectionLost(String)
    /// A status that says nothing (5xx), with the status.
    case serverError(Int)
    /// An answer that cannot be read, or that is not about our order.
    case unreadable(String)
    /// The process ended between intent and answer.
    case restart
}

/// Why an order did not leave: everything that can fail here fails before a byte does.
public struct LocalRefusal: Error, Hashable, Sendable {
    /// Stable; listed in `Docs/ERRORS.md`.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// No connection that is proved open and idle.
        case noConnection = "E_EXEC_NO_CONNECTION"
        /// Not enough write tokens, the share for closes and cancels untouched.
        case noTokens = "E_EXEC_NO_TOKENS"
        /// Price, size or amounts that the venue would refuse.
        case amounts = "E_EXEC_AMOUNTS"
        /// Terms of the market are not known, or it takes no orders.
        case market = "E_EXEC_MARKET"
        /// No signature could be made.
        case signing = "E_EXEC_SIGNING"
        /// The venue is in a mode, or the account in a state, that takes no such order.
        case blocked = "E_EXEC_BLOCKED"
        /// The slot was used, given back or voided before.
        case slotSpent = "E_EXEC_SLOT_SPENT"
        /// What it may not do: a post-only IOC, reduce-only where there is no such thing.
        case unsupported = "E_EXEC_UNSUPPORTED"
    }

    /// Which.
    public let kind: Kind
    /// What was found, in one plain sentence.
    public let text: String

    /// A refusal.
    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }
}

/// Where an event came from: two witnesses, and what we asked.
public enum EvidenceSource: String, Sendable, Hashable, CaseIterable {
    /// The answer to our own request.
    case reply
    /// The user stream.
    case stream
    /// A read of orders, fills or trades.
    case query
    /// This program: sent, deadline, restart, or an operator's command.
    case local
}

/// Something that was told of one order.
public struct ExecutionReport: Hashable, Sendable {
    /// The venue.
    public let venue: VenueID
    /// The venue's name, where the report carries one.
    public let orderID: OrderID?
    /// Our name, where the report carries one or the gateway knows it.
    public let clOrdID: ClOrdID?
    /// The market's symbol at the venue (ticker, condition id), for orders that are not ours.
    public let symbol: String
    /// What happened, with prices of `outcome`.
    public let event: OrderEvent
    /// Of which outcome the event's prices are; nil: of the one that the order trades. Kalshi tells a sale of YES and a buy
    /// of NO alike, both as the latter.
    public let outcome: Outcome?
    /// Who says so.
    public let source: EvidenceSource
    /// The venue's own stamp; nil where it gives none.
    public let transactTime: UTCNanos?

    /// A report.
    public init(
        venue: VenueID, orderID: OrderID?, clOrdID: ClOrdID?, symbol: String, event: OrderEvent,
        outcome: Outcome? = nil, source: EvidenceSource, transactTime: UTCNanos?
    ) {
        self.venue = venue
        self.orderID = orderID
        self.clOrdID = clOrdID
        self.symbol = symbol
        self.event = event
        self.outcome = outcome
        self.source = source
        self.transactTime = transactTime
    }
}

extension ExecutionReport {
    /// What happened, with prices of the outcome that the order trades.
    public func event(trading own: Outcome) -> OrderEvent {
        guard let outcome, outcome != own else { return event }
        switch event {
        case .fill(let fill): return .fill(fill.complement ?? fill)
        case .summary(let summary): return .summary(summary.complement)
        case .sent, .notSent, .settlement, .rejected, .unknown, .cannotEnter: return event
        }
    }
}

extension Fill {
    /// The same fill told as one of the opposite outcome: 1 - p. Nil for a price above one.
    public var complement: Fill? {
        lastPx.complement.map {
            Fill(
                execID: execID, lastQty: lastQty, lastPx: $0, fee: fee, liquidity: liquidity, settlement: settlement)
        }
    }
}

extension OrderSummary {
    /// The same order told as one of the opposite outcome: what bought NO for c sold as many YES for their number less c.
    public var complement: OrderSummary {
        let cash = cumCash.flatMap { cash in
            cumQty.flatMap { try? Money(rawValue: $0.rawValue).subtracting(cash) }
        }
        return OrderSummary(
            standing: standing, cumQty: cumQty, leavesQty: leavesQty, avgPx: avgPx?.complement, cumCash: cash, fee: fee,
            feeMax: feeMax, reason: reason)
    }
}
