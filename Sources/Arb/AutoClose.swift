public import Risk
public import Trading

/// How contracts that stand alone may stop doing so.
public enum CloseWay: String, Sendable, Hashable, CaseIterable {
    /// Buy the partner on the other venue: the basket is whole after all.
    case complete
    /// Sell them where they are held.
    case sell
    /// Buy the other outcome of the same market; both together pay one and are merged later.
    case opposite

    /// What an order of this way is to its execution.
    public var role: OrderRole {
        switch self {
        case .complete: .complete
        case .sell: .sell
        case .opposite: .opposite
        }
    }
}

/// Which ways the operator admits (`[unwind] policy`).
public enum ClosePolicy: String, Sendable, Hashable, CaseIterable {
    /// Only completing.
    case complete
    /// Only selling.
    case sell
    /// Only the opposite.
    case opposite
    /// Whatever brings most.
    case cheapest
    /// Nothing, until `before_close_s` before the close.
    case hold
}

/// Contracts of one leg that have no partner, and what may be done about them.
public struct ResidualMarket {
    /// Where they are held. Its outcome is the one held.
    public let held: SizingLeg
    /// The basket's other leg: its outcome completes. Nil where its book may not be used.
    public let partner: SizingLeg?
    /// The other outcome of the market they are held in. Nil where its book may not be used.
    public let opposite: SizingLeg?
    /// Contracts that stand alone.
    public let quantity: Quantity
    /// What they cost, fees included. Unit: USD.
    public let cost: Money
    /// Contracts that may be sold: at most what is ours and what the venue confirms to be held (law 6).
    public let sellable: Quantity
    /// What a unit of the basket pays, counted against us. Unit: 1e-8 USD.
    public let payoffRate: Int64
    /// What a merged pair of outcomes of the held market pays, counted against us. Unit: 1e-8 USD.
    public let mergeRate: Int64

    /// A market.
    public init(
        held: SizingLeg, partner: SizingLeg?, opposite: SizingLeg?, quantity: Quantity, cost: Money,
        sellable: Quantity, payoffRate: Int64, mergeRate: Int64
    ) {
        self.held = held
        self.partner = partner
        self.opposite = opposite
        self.quantity = quantity
        self.cost = cost
        self.sellable = sellable
        self.payoffRate = payoffRate
        self.mergeRate = mergeRate
    }
}

/// An order that closes, and what it is expected to bring.
public struct ClosePlan: Hashable, Sendable {
    /// How.
    public let way: CloseWay
    /// The market.
    public let instrument: InstrumentID
    /// The outcome traded.
    public let outcome: Outcome
    /// Bought or sold.
    public let side: Side
    /// Contracts of the residual that it closes; what is ordered.
    public let orderQty: Quantity
    /// The worst level taken.
    public let limitPx: Price
    /// Money to spend where buys are budgets.
    public let cashOrderQty: Money?
    /// What it brings, fees off: proceeds, or what the whole pays less what the rest costs. Unit: USD.
    public let value: Money
    /// The share of the residual's cost that it closes, less `value`: the loss, below zero a gain. Unit: USD.
    public let loss: Money
}

/// What to do about contracts that stand alone: by what each way brings from the books as they stand, both fees in.
///
/// Pure: no clock, no I/O. Whether an order may go out at all (no unknown leg, no halt, tokens, connections) is for the
/// caller to know.
public struct AutoClose: Sendable {
    /// What the operator admits.
    public struct Settings: Hashable, Sendable {
        /// Which ways.
        public var policy = ClosePolicy.cheapest
        /// Most that closing one execution may lose. Unit: USD.
        public var lossMax: Money
        /// From this long before the close on, `hold` no longer holds.
        public var beforeClose: Nanoseconds
        /// After this long a residual that cannot be closed halts its pair.
        public var deadline: Nanoseconds
        /// How pUSD counts.
        public var valuation: Valuation

        /// Settings.
        public init(
            policy: ClosePolicy = .cheapest, lossMax: Money, beforeClose: Nanoseconds = .seconds(120),
            deadline: Nanoseconds = .seconds(10), valuation: Valuation = Valuation()
        ) {
            self.policy = policy
            self.lossMax = lossMax
            self.beforeClose = beforeClose
            self.deadline = deadline
            self.valuation = valuation
        }
    }

    /// Why nothing is ordered now. Stable words.
    public enum Hold: String, Hashable, Sendable, CaseIterable {
        /// The policy is to hold, and the close is not near.
        case policy
        /// No book has anything to give, or none may be used.
        case noDepth = "no_depth"
        /// Every way would lose more than is left of the loss budget.
        case lossBudget = "loss_budget"
        /// Only a sale would do, and the venue does not confirm the contracts yet.
        case unconfirmed
        /// Below the smallest order of every way.
        case belowMinimum = "below_minimum"
    }

    /// What to do.
    public enum Decision: Hashable, Sendable {
        /// Send this.
        case order(ClosePlan)
        /// Nothing yet; looked at again when a book changes.
        case hold(Hold)
    }

    private let settings: Settings

    /// Under these settings.
    public init(_ settings: Settings) { self.settings = settings }

    /// Decides.
    ///
    /// - Parameters:
    ///   - spent: what closing this execution has lost so far. Unit: USD.
    ///   - toClose: time until the first close of the held market; nil when unknown.
    ///   - floor: least price of a sale, where an operator named one.
    public func decide(_ market: ResidualMarket, spent: Money, toClose: Nanoseconds?, floor: Price? = nil) -> Decision {
        let isNear = toClose.map { $0 <= settings.beforeClose } ?? false
        if settings.policy == .hold, !isNear { return .hold(.policy) }
        let left = settings.lossMax.rawValue - max(0, spent.rawValue)
        var reason = Hold.noDepth
        var best: ClosePlan?
        for way in ways(isNear: isNear) {
            switch quote(way, market, lossMax: left, floor: floor) {
            case .plan(let plan): if best.map({ isBetter(plan, than: $0, market) }) ?? true { best = plan }
            case .none(let why): reason = graver(reason, why)
            }
        }
        return best.map(Decision.order) ?? .hold(reason)
    }

    /// What one way would bring now, or why it brings nothing.
    public struct WayQuote: Hashable, Sendable {
        /// Which.
        public let way: CloseWay
        /// The order; nil where there is none.
        public let plan: ClosePlan?
        /// Why not; nil where there is an order.
        public let hold: Hold?
    }

    /// Every way, for an operator's eyes: as `decide` sees them, whatever the policy.
    public func quotes(_ market: ResidualMarket, spent: Money, floor: Price? = nil) -> [WayQuote] {
        let left = settings.lossMax.rawValue - max(0, spent.rawValue)
        return CloseWay.allCases.map { way in
            switch quote(way, market, lossMax: left, floor: floor) {
            case .plan(let plan): WayQuote(way: way, plan: plan, hold: nil)
            case .none(let why): WayQuote(way: way, plan: nil, hold: why)
            }
        }
    }

    /// What one leg alone would lose: its whole cost less what today's bids give for it, both fees in. Contracts that no
    /// bid takes are worth nothing. Unit: USD; below zero: a gain.
    ///
    /// - Throws: `FeeFault`.
    public static func oneLegLoss(_ plan: PlannedLeg, _ leg: SizingLeg, _ valuation: Valuation) throws(FeeFault)
        -> Money
    {
        let sale = try sale(of: plan.orderQty, leg, floor: nil)
        do {
            let paid = try valuation.spent(plan.cost.adding(plan.fee), leg.currency)
            return try paid.subtracting(valuation.received(sale?.proceeds ?? .zero, leg.currency))
        } catch {
            throw .overflow
        }
    }

    // MARK: - Ways

    private enum Quote {
        case plan(ClosePlan)
        case none(Hold)
    }

    private func ways(isNear: Bool) -> [CloseWay] {
        switch settings.policy {
        case .complete: isNear ? CloseWay.allCases : [.complete]
        case .sell: isNear ? CloseWay.allCases : [.sell]
        case .opposite: isNear ? CloseWay.allCases : [.opposite]
        case .cheapest, .hold: CloseWay.allCases
        }
    }

    /// What is most worth telling, of two reasons.
    private func graver(_ left: Hold, _ right: Hold) -> Hold {
        let order: [Hold] = [.noDepth, .belowMinimum, .unconfirmed, .lossBudget, .policy]
        let (first, second) = (order.firstIndex(of: left) ?? 0, order.firstIndex(of: right) ?? 0)
        return first >= second ? left : right
    }

    /// More value for all of the residual, where what a plan leaves open counts nothing.
    private func isBetter(_ plan: ClosePlan, than best: ClosePlan, _ market: ResidualMarket) -> Bool {
        plan.value != best.value ? plan.value > best.value : plan.orderQty > best.orderQty
    }

    /// The largest part of the residual that this way closes within the loss.
    private func quote(_ way: CloseWay, _ market: ResidualMarket, lossMax: Int64, floor: Price?) -> Quote {
        var wanted = market.quantity
        if way == .sell {
            wanted = min(wanted, market.sellable)
            if wanted.rawValue <= 0 { return .none(market.quantity.rawValue > 0 ? .unconfirmed : .belowMinimum) }
        }
        let leg: SizingLeg? =
            switch way {
            case .complete: market.partner
            case .sell: market.held
            case .opposite: market.opposite
            }
        guard let leg else { return .none(.noDepth) }
        let lot = way == .sell || leg.budgetStep == nil ? leg.lot : leg.fillStep
        wanted = wanted.floored(to: lot)
        guard wanted.rawValue > 0 else { return .none(.belowMinimum) }
        var reason = Hold.noDepth
        for size in sizes(upTo: wanted, way, leg, lot) {
            guard let plan = try? plan(way, size, leg, market, floor) else {
                if reason == .noDepth, size < leg.orderQtyMin { reason = .belowMinimum }
                continue
            }
            if plan.loss.rawValue <= lossMax { return .plan(plan) }
            reason = .lossBudget
        }
        return .none(reason)
    }

    /// The whole, then what ends with each level, largest first: at most 64 levels.
    private func sizes(upTo wanted: Quantity, _ way: CloseWay, _ leg: SizingLeg, _ lot: Quantity) -> [Quantity] {
        var curve = LegCurve(leg.book, way == .sell ? leg.outcome.opposite : leg.outcome)
        var sizes: [Quantity] = []
        var reach: Int64 = 0
        while let level = curve.level, reach < wanted.rawValue, sizes.count < 64 {
            reach = min(wanted.rawValue, reach + level.quantity.rawValue)
            let size = Quantity(rawValue: reach).floored(to: lot)
            if size.rawValue > 0, size != sizes.last { sizes.append(size) }
            curve.advance()
        }
        return sizes.reversed()
    }

    private func plan(_ way: CloseWay, _ size: Quantity, _ leg: SizingLeg, _ market: ResidualMarket, _ floor: Price?)
        throws -> ClosePlan?
    {
        let basis = Money(
            rawValue: Int64(
                clamping: Int128(market.cost.rawValue) * Int128(size.rawValue) / Int128(market.quantity.rawValue)))
        if way == .sell {
            guard let sale = try Self.sale(of: size, leg, floor: floor), sale.quantity == size else { return nil }
            guard size >= leg.orderQtyMin else { return nil }
            let value = try settings.valuation.received(sale.proceeds, leg.currency)
            return ClosePlan(
                way: way, instrument: leg.instrument, outcome: leg.outcome, side: .sell, orderQty: size,
                limitPx: sale.limitPx, cashOrderQty: nil, value: value, loss: try basis.subtracting(value))
        }
        guard let bought = try LegWalk.quote(size, leg) else { return nil }
        let rate = way == .complete ? market.payoffRate : market.mergeRate
        let pays = Money(rawValue: Int64(clamping: Int128(rate) * Int128(size.rawValue) / Int128(FixedPoint.one)))
        let value = try pays.subtracting(settings.valuation.spent(bought.cost.adding(bought.fee), leg.currency))
        return ClosePlan(
            way: way, instrument: leg.instrument, outcome: leg.outcome, side: .buy,
            orderQty: leg.budgetStep == nil ? size : bought.orderQty, limitPx: bought.limitPx,
            cashOrderQty: leg.budgetStep == nil ? nil : bought.cost, value: value,
            loss: try basis.subtracting(value))
    }

    /// What today's bids give for up to `quantity` contracts of the leg's outcome.
    static func sale(of quantity: Quantity, _ leg: SizingLeg, floor: Price?) throws(FeeFault) -> (
        quantity: Quantity, proceeds: Money, limitPx: Price
    )? {
        // A bid for an outcome is an offer of the other one at one less its price.
        var curve = LegCurve(leg.book, leg.outcome.opposite)
        var left = quantity.rawValue
        var exact: Int128 = 0
        var fees: Int64 = 0
        var state = FeeState()
        var limit: Price?
        while left > 0, let level = curve.level, let price = level.price.complement {
            if let floor, price < floor { break }
            let taken = min(left, level.quantity.rawValue)
            exact += Int128(price.rawValue) * Int128(taken)
            let fee = try leg.fees.sellFee(price, Quantity(rawValue: taken), .taker, &state)
            let (sum, over) = fees.addingReportingOverflow(fee.rawValue)
            if over { throw .overflow }
            fees = sum
            left -= taken
            limit = price
            curve.advance()
        }
        guard let limit else { return nil }
        let gross = Int64(clamping: exact / Int128(FixedPoint.one))
        return (Quantity(rawValue: quantity.rawValue - left), Money(rawValue: gross - fees), limit)
    }
}

extension LegWalk {
    /// What buying `quantity` costs at the book as it stands; nil where the book or the venue does not admit it.
    static func quote(_ quantity: Quantity, _ leg: SizingLeg) throws(FeeFault) -> PlannedLeg? {
        let walk = LegWalk(leg)
        while walk.reach < quantity.rawValue, walk.level != nil { try walk.advance() }
        guard walk.level != nil else { return nil }
        return try walk.price(quantity.rawValue)
    }
}
