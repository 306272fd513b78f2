import Trading

/// What one order has come to, out of its state machine.
struct OrderFigures: Hashable, Sendable {
    var cumQty: Int128 = 0
    var exposureMax: Int128 = 0
    var minedQty: Int128 = 0
    var voidedQty: Int128 = 0
    var overfillQty: Int128 = 0
    /// Money of the fills, without fees.
    var cash: Int128 = 0
    var cashMax: Int128 = 0
    var fee: Int128 = 0
    var feeMax: Int128 = 0
    var isDone = false
    var isUnknown = false
    var doneAt: UTCNanos?

    /// An order that was recorded and may be sent: filled, and open.
    init(_ order: NewOrder, feeMax: Money) {
        exposureMax = Int128(order.orderQty.rawValue)
        self.feeMax = Int128(feeMax.rawValue)
        guard order.side == .buy else { return }
        if let budget = order.cashOrderQty {
            cashMax = Int128(budget.rawValue)
            let price = Int128(max(1, order.price.rawValue))
            exposureMax = max(exposureMax, cashMax * Int128(FixedPoint.one) / price)
        } else {
            let exact = Int128(order.price.rawValue) * exposureMax
            cashMax = (exact + Int128(FixedPoint.one) - 1) / Int128(FixedPoint.one)
        }
    }

    init(_ state: borrowing OrderState, feeMax: Money, venue: VenueID) {
        cumQty = Int128(state.cumQty.rawValue)
        exposureMax = Int128(state.exposureMax.rawValue)
        // Every fill of Kalshi is final; of Polymarket's only what is in a block can be delivered.
        minedQty = venue == .kalshi ? cumQty : Int128(state.minedQty.rawValue)
        voidedQty = Int128(state.voidedQty.rawValue)
        if state.anomalies.contains(.overfill) {
            overfillQty = max(1, cumQty + voidedQty - Int128(state.orderQty.rawValue))
        }
        cash = Int128(state.cumCash.rawValue)
        isDone = state.isDone
        isUnknown = state.isUnknown
        fee = Int128(state.fees.rawValue)
        if !state.isFeeWhole, cumQty > 0 {
            // The venue has not told every fee: the filled share of the most that it may charge.
            let wanted = max(Int128(state.orderQty.rawValue), cumQty)
            fee = max(fee, (Int128(feeMax.rawValue) * cumQty + wanted - 1) / wanted)
        }
        cashMax = isDone ? cash : max(cash, Int128(state.cashMax.rawValue))
        self.feeMax = isDone ? fee : max(fee, Int128(feeMax.rawValue))
    }
}

/// What an order does to its leg.
enum LegFlow: Hashable, Sendable {
    /// Buys the leg's outcome.
    case buy
    /// Sells it.
    case sell
    /// Buys the other outcome of the same market: each one and one held pay one together.
    case opposite
}

/// A quantity of which the least and the most are known.
struct Span: Hashable, Sendable {
    var min: Int128 = 0
    var max: Int128 = 0
}

/// All orders of one leg added up.
struct LegSums: Hashable, Sendable {
    var bought = Span(), sold = Span(), opposite = Span()
    /// Money of buys with fees: what was paid, and what it may come to.
    var buyCash = Span(), oppositeCash = Span()
    /// Worst money of opposite buys that are still open.
    var oppositeCashOpen: Int128 = 0
    /// Proceeds of sales, fees off.
    var proceeds: Int128 = 0
    var mined: Int128 = 0
    var oppositeMined: Int128 = 0
    var open: Int32 = 0
    var unknown: Int32 = 0
    var closingOpen: Int32 = 0
    var doneAt: UTCNanos?
    var voided: Int128 = 0
    var overfilled: Int128 = 0

    mutating func add(_ order: OrderFigures, _ flow: LegFlow, isClosing: Bool) {
        let cash = Span(min: order.cash + order.fee, max: order.cashMax + order.feeMax)
        switch flow {
        case .buy:
            bought.add(order.cumQty, order.exposureMax)
            buyCash.add(cash.min, cash.max)
            mined += order.minedQty
        case .sell:
            sold.add(order.cumQty, order.exposureMax)
            proceeds += order.cash - order.fee
        case .opposite:
            opposite.add(order.cumQty, order.exposureMax)
            oppositeMined += order.minedQty
            oppositeCash.add(cash.min, cash.max)
            if !order.isDone { oppositeCashOpen += cash.max }
        }
        voided += order.voidedQty
        overfilled += order.overfillQty
        if order.isUnknown { unknown += 1 }
        if order.isDone {
            if let at = order.doneAt { doneAt = Swift.max(doneAt ?? at, at) }
        } else {
            open += 1
            if isClosing { closingOpen += 1 }
        }
    }

    /// Contracts of the leg's outcome bought and not sold again, by fills alone; below zero when more was sold than held.
    var kept: Int128 { bought.min - sold.min }
    /// Of them those that an opposite contract stands against.
    var paired: Int128 { Swift.max(0, Swift.min(opposite.min, kept)) }
    /// Contracts that can be half of a box.
    var held: Int128 { kept - paired }
    /// Opposite contracts beyond that.
    var oppositeHeld: Int128 { opposite.min - paired }

    /// The least and the most that `held` can come to.
    var heldSpan: Span {
        Span(min: bought.min - sold.max - opposite.max, max: Swift.max(0, bought.max - sold.min - opposite.min))
    }

    /// Cost of a part of what was bought, at the mean, rounded up.
    func cost(of quantity: Int128) -> Int128 { Self.share(buyCash.min, quantity, of: bought.min) }

    static func share(_ whole: Int128, _ part: Int128, of all: Int128) -> Int128 {
        guard part > 0, all > 0 else { return 0 }
        if part >= all { return whole }
        let (high, over) = whole.multipliedReportingOverflow(by: part)
        return over ? whole : (high + all - 1) / all
    }
}

extension Span {
    mutating func add(_ least: Int128, _ most: Int128) {
        min += least
        max += most
    }
}

extension Valuation {
    /// Dollars of an amount spent, rounded up; `received`: rounded down. Sums of 64 bits times a rate fit 128.
    func spent(_ amount: Int128, _ currency: Currency) -> Int128 {
        let exact = amount * Int128(spentRate(currency))
        let (whole, rest) = exact.quotientAndRemainder(dividingBy: Int128(FixedPoint.one))
        return rest > 0 ? whole + 1 : whole
    }

    func received(_ amount: Int128, _ currency: Currency) -> Int128 {
        let exact = amount * Int128(receivedRate(currency))
        let (whole, rest) = exact.quotientAndRemainder(dividingBy: Int128(FixedPoint.one))
        return rest < 0 ? whole - 1 : whole
    }
}

extension Money {
    init(clamping amount: Int128) { self.init(rawValue: Int64(clamping: amount)) }
}
