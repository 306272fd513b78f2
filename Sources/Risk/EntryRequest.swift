public import Trading

/// One leg of an entry as it would be sent.
public struct EntryLeg: Hashable, Sendable {
    /// The market.
    public var instrument: InstrumentID
    /// The outcome bought.
    public var outcome: Outcome
    /// Contracts ordered.
    public var orderQty: Quantity
    /// Worst price admitted.
    public var limitPx: Price
    /// Money to spend where the order is a budget; nil: by size.
    public var cashOrderQty: Money?
    /// Most that the venue may charge for it. Unit: the leg's currency.
    public var feeMax: Money
    /// The money it costs.
    public var currency: Currency
    /// What is lost when this leg alone fills and is got rid of at today's books, both fees in; below zero counts as
    /// zero. Unit: USD.
    public var lossAlone: Money
    /// Whether its book is new enough.
    public var freshness: Freshness.Verdict

    /// A leg.
    public init(
        instrument: InstrumentID, outcome: Outcome, orderQty: Quantity, limitPx: Price, cashOrderQty: Money? = nil,
        feeMax: Money, currency: Currency, lossAlone: Money, freshness: Freshness.Verdict
    ) {
        self.instrument = instrument
        self.outcome = outcome
        self.orderQty = orderQty
        self.limitPx = limitPx
        self.cashOrderQty = cashOrderQty
        self.feeMax = feeMax
        self.currency = currency
        self.lossAlone = lossAlone
        self.freshness = freshness
    }

    /// Most that it can take from its purse: the budget, or all of it at the limit, and the fees. Unit: its currency.
    ///
    /// - Throws: `AmountError.overflow`.
    public func cashMax() throws(AmountError) -> Money {
        let cost: Money
        if let cashOrderQty { cost = cashOrderQty } else { cost = try limitPx.cost(of: orderQty, rounding: .againstUs) }
        return try cost.adding(feeMax)
    }
}

/// A basket that wants to be fired.
public struct EntryRequest: Hashable, Sendable {
    /// Its execution.
    public var execution: ExecutionID
    /// Its basket.
    public var basket: BasketID
    /// The legs in the basket's order.
    public var first: EntryLeg, second: EntryLeg
    /// The smallest size that both venues take at these prices: what a probe of the breaker may have at most.
    public var orderQtyMin: Quantity

    /// A request.
    public init(
        execution: ExecutionID, basket: BasketID, first: EntryLeg, second: EntryLeg, orderQtyMin: Quantity
    ) {
        self.execution = execution
        self.basket = basket
        self.first = first
        self.second = second
        self.orderQtyMin = orderQtyMin
    }
}

/// Where an approved entry's exposure, cash and unwind reserve are held. Good until it is released.
@frozen
public struct ReservationID: Hashable, Sendable {
    /// 0-based place.
    public let index: Int32
    /// Which use of that place: an id of an earlier use names nothing.
    public let generation: UInt32
}

/// The gate's leave to fire one entry once. Only `RiskGate` makes one; using it twice, or copying it, does not compile.
///
/// It ends in one of two ways: `RiskGate.undo` when nothing was sent, `RiskGate.fired` when bytes may have left. One that
/// is dropped keeps its reservation for ever, which is the safe side, and our bug.
public struct Approval: ~Copyable, Sendable {
    /// What was approved, to the last unit.
    public let request: EntryRequest
    /// True when it is the breaker's one probe.
    public let isProbe: Bool
    let reservation: ReservationID
    let gate: UInt64

    init(_ request: EntryRequest, isProbe: Bool, reservation: ReservationID, gate: UInt64) {
        self.request = request
        self.isProbe = isProbe
        self.reservation = reservation
        self.gate = gate
    }

    /// True when an order is within what was approved: the last check before a leg leaves.
    ///
    /// - Parameter leg: 0 or 1, in the basket's order.
    public func admits(_ order: NewOrder, leg: Int) -> Bool {
        let approved = leg == 0 ? request.first : request.second
        guard order.instrument == approved.instrument, order.outcome == approved.outcome, order.side == .buy,
            order.purpose == .entry, order.orderQty.rawValue > 0, order.price <= approved.limitPx
        else { return false }
        guard let budget = approved.cashOrderQty else {
            return order.cashOrderQty == nil && order.orderQty <= approved.orderQty
        }
        guard let wanted = order.cashOrderQty else { return false }
        return wanted.rawValue > 0 && wanted <= budget
    }
}
