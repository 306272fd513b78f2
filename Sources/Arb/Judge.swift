import Risk
import Trading

/// What the orders of a plan would meet in the books as they stand now.
enum Judge {
    /// Judges a plan: each leg takes what stands within its limit, as an order that may fill in part would.
    static func judge(
        _ plan: BasketPlan, of basket: Basket, after: Nanoseconds, books: BookTable, states: [InstrumentState],
        valuation: Valuation
    ) -> Judgement {
        var filled: [Quantity] = []
        var isWhole = true
        var isKnown = true
        for leg in plan.legs {
            let book = books[leg.instrument]
            guard book.status == .live, let terms = states[Int(leg.instrument.index)].terms else {
                isKnown = false
                isWhole = false
                filled.append(.zero)
                continue
            }
            let quantity = fill(leg, book, terms)
            if quantity < leg.orderQty { isWhole = false }
            filled.append(quantity)
        }
        guard isKnown else { return Judgement(after: after, cumQty: filled, boxed: .zero, net: nil, filled: false) }
        let boxed = min(filled.min() ?? .zero, plan.orderQty)
        let net = net(of: boxed, plan, basket, books: books, states: states, valuation: valuation)
        return Judgement(after: after, cumQty: filled, boxed: boxed, net: net, filled: isWhole)
    }

    /// Contracts that the book would give within the limit: up to the size, or up to the budget.
    private static func fill(_ leg: PlannedLeg, _ book: Book, _ terms: InstrumentTerms) -> Quantity {
        var curve = LegCurve(book, leg.outcome)
        var quantity: Int64 = 0
        var left = Int128(leg.cost.rawValue) * Int128(FixedPoint.one)
        while let level = curve.level, level.price <= leg.limitPx {
            if terms.budgetStep == nil {
                quantity += min(level.quantity.rawValue, leg.orderQty.rawValue - quantity)
                if quantity == leg.orderQty.rawValue { break }
            } else {
                let affordable = Int64(clamping: left / Int128(level.price.rawValue))
                let part = affordable - affordable % terms.fillStep.rawValue
                let taken = min(level.quantity.rawValue, part)
                quantity += taken
                left -= Int128(level.price.rawValue) * Int128(taken)
                if taken < level.quantity.rawValue { break }
            }
            curve.advance()
        }
        return Quantity(rawValue: quantity)
    }

    /// Net of `boxed` complete units at the prices that stand now; nil when a fee cannot be computed.
    private static func net(
        of boxed: Quantity, _ plan: BasketPlan, _ basket: Basket, books: BookTable, states: [InstrumentState],
        valuation: Valuation
    ) -> Money? {
        var locked = Money.zero
        var worst = FixedPoint.one
        for leg in plan.legs {
            let state = states[Int(leg.instrument.index)]
            guard let terms = state.terms, let fees = state.fees,
                let spent = cost(of: boxed, leg, books[leg.instrument], fees),
                let dollars = try? valuation.spent(spent, terms.currency), let sum = try? locked.adding(dollars)
            else { return nil }
            locked = sum
            worst = min(worst, valuation.receivedRate(terms.currency))
        }
        let rate = Int128(basket.payoff.rawValue) * Int128(worst) / Int128(FixedPoint.one)
        let payoff = Int64(clamping: rate * Int128(boxed.rawValue) / Int128(FixedPoint.one))
        return try? Money(rawValue: payoff).subtracting(locked)
    }

    private static func cost(of boxed: Quantity, _ leg: PlannedLeg, _ book: Book, _ fees: any FeeSchedule) -> Money? {
        var curve = LegCurve(book, leg.outcome)
        var left = boxed.rawValue
        var total = Money.zero
        var state = FeeState()
        while left > 0 {
            guard let level = curve.level else { return nil }
            let taken = Quantity(rawValue: min(left, level.quantity.rawValue))
            guard let paid = try? level.price.cost(of: taken, rounding: .againstUs),
                let fee = try? fees.buyFee(level.price, taken, .taker, &state), let sum = try? total.adding(paid),
                let whole = try? sum.adding(fee)
            else { return nil }
            total = whole
            left -= taken.rawValue
            curve.advance()
        }
        return total
    }
}
