import Risk
public import Trading

/// One leg of a basket as the Sizer sees it: a curve, a fee schedule, and what the venue admits.
public struct SizingLeg {
    /// The market.
    public let instrument: InstrumentID
    /// The outcome bought.
    public let outcome: Outcome
    /// Its book.
    public let book: Book
    /// Exact fees now in force.
    public let fees: any FeeSchedule
    /// Orders are whole multiples of this.
    public let lot: Quantity
    /// Smallest order.
    public let orderQtyMin: Quantity
    /// Smallest cost of the order.
    public let notionalMin: Money
    /// Where buys are budgets: the budget's step.
    public let budgetStep: Money?
    /// Fills come in multiples of this.
    public let fillStep: Quantity
    /// The money it costs.
    public let currency: Currency
    /// Cash that may be spent on it; nil: unbounded.
    public private(set) var cash: Money?

    /// A leg under the terms of its instrument.
    public init(_ leg: BasketLeg, book: Book, terms: InstrumentTerms, fees: any FeeSchedule, cash: Money?) {
        self.init(leg, book: book, facts: EntryFacts(terms, rulesPinned: nil), fees: fees, cash: cash)
    }

    /// A leg under what an entry asks of those terms.
    init(_ leg: BasketLeg, book: Book, facts: EntryFacts, fees: any FeeSchedule, cash: Money?) {
        self.instrument = leg.instrument
        self.outcome = leg.outcome
        self.book = book
        self.fees = fees
        self.lot = facts.lot
        self.orderQtyMin = facts.orderQtyMin
        self.notionalMin = facts.notionalMin
        self.budgetStep = facts.budgetStep
        self.fillStep = facts.fillStep
        self.currency = facts.currency
        self.cash = cash
    }

    /// The same leg with other cash.
    func with(cash: Money?) -> SizingLeg {
        var leg = self
        leg.cash = cash
        return leg
    }
}

/// Walks one leg outward and answers, for sizes inside the level it stands at, what the order costs.
///
/// Everything below the current level is kept as sums, so that a size is priced in constant time.
///
/// A class: the Sizer asks it thousands of times in a row, and a leg is dear to copy.
final class LegWalk {
    private(set) var leg: SizingLeg
    private var fees: any FeeSchedule
    /// What the fee of one fill can lie below the model at most. Unit: 1e-8 of the currency.
    private(set) var shortfall: Int128
    private var curve: LegCurve
    /// Contracts in the levels already passed.
    private(set) var passedQty: Int64 = 0
    /// Exact cost of them. Unit: 1e-16.
    private var passedCost: Int128 = 0
    private var passedFee: Int64 = 0
    private var feeState = FeeState()
    /// Levels passed.
    private(set) var passedLevels = 0
    /// Model fee per contract at the current level, rounded down.
    private var marginalFee: Int64 = 0
    /// Model cost of the levels passed, price and fee. Unit: 1e-16. Never above the truth plus the shortfall.
    private var passedModel: Int128 = 0

    /// The money that the leg costs, and what of it may be spent: asked for with every bound.
    private(set) var currency: Currency
    private(set) var cash: Money?

    init(_ leg: SizingLeg) {
        self.leg = leg
        (currency, cash) = (leg.currency, leg.cash)
        fees = leg.fees
        shortfall = Int128(leg.fees.shortfallMax.rawValue)
        curve = LegCurve(leg.book, leg.outcome)
        readLevel()
    }

    /// Begins anew, with another leg.
    func restart(_ leg: SizingLeg) {
        self.leg = leg
        (currency, cash) = (leg.currency, leg.cash)
        fees = leg.fees
        shortfall = Int128(leg.fees.shortfallMax.rawValue)
        curve = LegCurve(leg.book, leg.outcome)
        (passedQty, passedCost, passedFee, feeState) = (0, 0, 0, FeeState())
        (passedLevels, passedModel) = (0, 0)
        readLevel()
    }

    private func readLevel() {
        marginalFee = curve.level.map { fees.marginalBuyFee($0.price, .taker).rawValue } ?? 0
    }

    /// The current level; nil when the book is exhausted.
    var level: Level? { curve.level }

    /// Contracts available up to and with the current level.
    var reach: Int64 { passedQty + (curve.level?.quantity.rawValue ?? 0) }

    /// Model cost of one more contract at the current level. Unit: 1e-8 of the currency.
    var marginalCost: Int64 { (curve.level?.price.rawValue ?? FixedPoint.one) + marginalFee }

    /// Passes the whole current level.
    func advance() throws(FeeFault) {
        guard let level = curve.level else { return }
        passedCost += Int128(level.price.rawValue) * Int128(level.quantity.rawValue)
        passedModel += Int128(level.price.rawValue + marginalFee) * Int128(level.quantity.rawValue)
        passedFee = try Self.sum(passedFee, fees.buyFee(level.price, level.quantity, .taker, &feeState).rawValue)
        passedQty += level.quantity.rawValue
        passedLevels += 1
        curve.advance()
        readLevel()
    }

    /// The least that `quantity` can cost, price and fee, whatever the roundings do. `quantity` lies within `reach`.
    /// Unit: 1e-8 of the currency, rounded down.
    func lowerBound(_ quantity: Int64) -> Int128 {
        let inside = Int128(quantity - passedQty)
        let price = (curve.level?.price.rawValue ?? 0) + marginalFee
        return (passedModel + Int128(price) * inside) / Int128(FixedPoint.one) - shortfall * Int128(passedLevels + 1)
    }

    /// False when `quantity` costs more than there is cash for, whatever the roundings do. `quantity` lies within `reach`.
    func isWithinCash(_ quantity: Int64) -> Bool {
        guard let cash else { return true }
        return lowerBound(quantity) <= Int128(cash.rawValue)
    }

    /// What an order for `quantity` (within `reach`, above what was passed) spends and pays in fees; nil when the venue
    /// would not admit it or the book cannot fill it.
    func price(_ quantity: Int64) throws(FeeFault) -> PlannedLeg? {
        guard let level = curve.level, quantity > passedQty || (quantity == passedQty && passedLevels > 0) else {
            return nil
        }
        guard leg.budgetStep != nil else { return try priceBySize(quantity, level) }
        return try priceByBudget(quantity)
    }

    private func priceBySize(_ quantity: Int64, _ level: Level) throws(FeeFault) -> PlannedLeg? {
        guard quantity >= leg.orderQtyMin.rawValue, quantity % leg.lot.rawValue == 0 else { return nil }
        var state = feeState
        let inside = Quantity(rawValue: quantity - passedQty)
        let exact = passedCost + Int128(level.price.rawValue) * Int128(inside.rawValue)
        let cost = try Self.roundedUp(exact, step: 1)
        let fee = try Self.sum(passedFee, fees.buyFee(level.price, inside, .taker, &state).rawValue)
        return try admitted(
            PlannedLeg(
                instrument: leg.instrument, outcome: leg.outcome, orderQty: Quantity(rawValue: quantity),
                limitPx: level.price, cost: Money(rawValue: cost), fee: Money(rawValue: fee), levels: passedLevels + 1))
    }

    /// The least budget that buys at least `quantity`, spent at the levels seen: whole levels first, then what the rest
    /// buys. The budget may reach one level further than the size does, since it is rounded up to its step.
    private func priceByBudget(_ quantity: Int64) throws(FeeFault) -> PlannedLeg? {
        guard let step = leg.budgetStep, var level = curve.level else { return nil }
        var ahead = curve
        var state = feeState
        var fee = passedFee
        var shares = passedQty
        var levels = passedLevels
        let exact = passedCost + Int128(level.price.rawValue) * Int128(quantity - passedQty)
        let budget = try Self.roundedUp(exact, step: step.rawValue)
        var left = Int128(budget) * Int128(FixedPoint.one) - passedCost
        var limit = level.price
        while left > 0 {
            let whole = Int128(level.price.rawValue) * Int128(level.quantity.rawValue)
            let affordable = Int64(clamping: left / Int128(level.price.rawValue))
            let part = affordable - affordable % leg.fillStep.rawValue
            let taken = left >= whole ? level.quantity.rawValue : part
            if taken > 0 {
                fee = try Self.sum(
                    fee, fees.buyFee(level.price, Quantity(rawValue: taken), .taker, &state).rawValue)
                shares += taken
                levels += 1
                limit = level.price
            }
            guard left > whole else { break }
            left -= whole
            ahead.advance()
            guard let next = ahead.level else { return nil }  // the book cannot take the whole budget
            level = next
        }
        let planned = Quantity(rawValue: shares)
        guard shares >= quantity, planned >= leg.orderQtyMin else { return nil }
        return try admitted(
            PlannedLeg(
                instrument: leg.instrument, outcome: leg.outcome, orderQty: planned, limitPx: limit,
                cost: Money(rawValue: budget), fee: Money(rawValue: fee), levels: levels))
    }

    private func admitted(_ plan: PlannedLeg) throws(FeeFault) -> PlannedLeg? {
        guard plan.cost >= leg.notionalMin else { return nil }
        if let cash = leg.cash, try Self.sum(plan.cost.rawValue, plan.fee.rawValue) > cash.rawValue { return nil }
        return plan
    }

    private static func roundedUp(_ exact: Int128, step: Int64) throws(FeeFault) -> Int64 {
        let unit = Int128(FixedPoint.one) * Int128(step)
        let (quotient, rest) = exact.quotientAndRemainder(dividingBy: unit)
        guard let result = Int64(exactly: (quotient + (rest > 0 ? 1 : 0)) * Int128(step)) else { throw .overflow }
        return result
    }

    private static func sum(_ left: Int64, _ right: Int64) throws(FeeFault) -> Int64 {
        let (sum, over) = left.addingReportingOverflow(right)
        if over { throw .overflow }
        return sum
    }
}
