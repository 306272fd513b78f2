public import Trading

/// What one paper order takes of a book.
public struct PaperTaking: Sendable {
    /// Contracts.
    public internal(set) var quantity = Quantity.zero
    /// The exact fees of the fills.
    public internal(set) var fee = Money.zero
    /// What is taken of each level, the best first.
    public internal(set) var levels: [Level] = []
    /// Unit: 1e-16.
    var exact: Int128 = 0
    let isBuy: Bool

    /// What is taken of one level.
    public struct Level: Sendable {
        let key: Depth.LevelKey
        /// Its price, of the outcome traded.
        public let price: Price
        /// Contracts.
        public let quantity: Quantity
        /// Exact fee.
        public let fee: Money
    }

    init(isBuy: Bool) { self.isBuy = isBuy }

    /// Money that changes hands without fees, rounded against us.
    public var cash: Money {
        let (whole, rest) = exact.quotientAndRemainder(dividingBy: Int128(FixedPoint.one))
        return Money(rawValue: Int64(clamping: isBuy && rest > 0 ? whole + 1 : whole))
    }
}

/// What paper orders have taken of the live books, which do not know of it: one for all that trade on paper in a run, so that
/// the same contracts are not bought twice.
///
/// - Lane: the hot lane, all of it.
/// - Bound: levels that stand in a book; what is gone is forgotten by `prune`.
public final class Depth {
    struct LevelKey: Hashable {
        let instrument: InstrumentID
        let outcome: Outcome
        let price: Int64
    }

    private var taken: [LevelKey: Int64] = [:]

    /// Nothing was taken.
    public init() {}

    /// What an order would take now, level by level within its limit; nothing changes.
    ///
    /// - Parameter held: contracts that there are for a sale.
    /// - Throws: `FeeFault`.
    public func quote(_ order: NewOrder, held: Quantity, _ market: PaperMarket) throws(FeeFault) -> PaperTaking {
        let isSale = order.side == .sell
        // A bid for an outcome is an offer of the other one at one less its price.
        let shown = isSale ? order.outcome.opposite : order.outcome
        var curve = LegCurve(market.book, shown)
        var taking = PaperTaking(isBuy: !isSale)
        var state = FeeState()
        var left = isSale ? min(order.orderQty.rawValue, held.rawValue) : order.orderQty.rawValue
        var budget = order.cashOrderQty.map { Int128($0.rawValue) * Int128(FixedPoint.one) }
        while let level = curve.level, let price = isSale ? level.price.complement : level.price {
            guard isSale ? price >= order.price : price <= order.price else { break }
            let key = LevelKey(instrument: order.instrument, outcome: shown, price: level.price.rawValue)
            var quantity = max(0, level.quantity.rawValue - (taken[key] ?? 0))
            if let money = budget {
                let affordable = Int64(clamping: money / Int128(price.rawValue))
                quantity = min(quantity, affordable - affordable % market.terms.fillStep.rawValue)
            } else {
                quantity = min(quantity, left)
            }
            if quantity > 0 {
                let amount = Quantity(rawValue: quantity)
                let fee =
                    isSale
                    ? try market.fees.sellFee(price, amount, .taker, &state)
                    : try market.fees.buyFee(price, amount, .taker, &state)
                taking.fee = Money(rawValue: taking.fee.rawValue + fee.rawValue)
                taking.quantity = Quantity(rawValue: taking.quantity.rawValue + quantity)
                taking.exact += Int128(price.rawValue) * Int128(quantity)
                taking.levels.append(PaperTaking.Level(key: key, price: price, quantity: amount, fee: fee))
                left -= quantity
                budget = budget.map { $0 - Int128(price.rawValue) * Int128(quantity) }
            }
            if budget == nil, left <= 0 { break }
            curve.advance()
        }
        return taking
    }

    /// It is taken: nobody on paper finds it again.
    public func take(_ taking: PaperTaking) {
        for level in taking.levels { taken[level.key, default: 0] += level.quantity.rawValue }
    }

    /// A level that is gone gives back what was taken of it.
    public func prune(_ market: (InstrumentID) -> PaperMarket?) {
        taken = taken.filter { key, _ in
            guard let market = market(key.instrument), let price = Price(rawValue: key.price) else { return true }
            let shown = key.outcome == .yes ? price : price.complement
            guard let shown else { return false }
            return market.book[key.outcome == .yes ? .ask : .bid].quantity(at: shown).rawValue > 0
        }
    }
}
