import Trading

/// How many decimals the venue takes at a tick.
///
/// - Source: rounding tables of both official clients, November 2026; 0.005 and 0.0025 came in 2026.
struct Precision: Hashable, Sendable {
    /// The tick, in 1e-8.
    let tick: Int64
    /// 1e-8 of the last decimal that a price may have: finer than the tick at 0.005 and 0.0025.
    let priceStep: Int64
    /// 1e-6 of the last decimal that an amount of money may have: two decimals more than a price.
    let amountStep: UInt64

    /// `nil` for a tick that the venue is not known to use.
    init?(tick: Int64) {
        switch tick {
        case 10_000_000: (priceStep, amountStep) = (10_000_000, 1_000)
        case 1_000_000: (priceStep, amountStep) = (1_000_000, 100)
        case 500_000: (priceStep, amountStep) = (100_000, 10)
        case 250_000: (priceStep, amountStep) = (10_000, 1)
        case 100_000: (priceStep, amountStep) = (100_000, 10)
        case 10_000: (priceStep, amountStep) = (10_000, 1)
        default: return nil
        }
        self.tick = tick
    }
}

/// Why no amounts can be made of an order. The venue would refuse it, or read it as another order.
enum AmountsFault: Error, Hashable, Sendable {
    /// A tick that the venue is not known to use.
    case tick
    /// A price that is not a multiple of the tick between one tick and one less a tick.
    case price
    /// Nothing is left after rounding, or too much for the chain's numbers.
    case size
    /// Money of a FOK or FAK buy that is not whole cents.
    case cents
    /// Amounts that could be read as a price a ten-thousandth higher.
    case ambiguous

    /// In words.
    var text: String {
        switch self {
        case .tick: "the market's tick is not one of 0.1, 0.01, 0.005, 0.0025, 0.001 and 0.0001"
        case .price: "the price is not a multiple of the tick between one tick and one less a tick"
        case .size: "nothing is left after rounding to 0.01 share, or it does not fit"
        case .cents: "a FOK or FAK buy must cost whole cents; give it a budget"
        case .ambiguous: "the amounts could be read as a higher price than the limit"
        }
    }
}

/// What an order gives and what it wants: the two numbers that are signed. Integers throughout.
///
/// The official older client computes them in binary floating point and is off in 161 of 986 vectors; the newer one is
/// exact, and so is this.
/// - Source: rounding of the official clients, November 2026; `amount_rounding_vectors.json`, column
///   `unified_sdk_decimal` where it differs.
struct Amounts: Hashable, Sendable {
    /// Given: pUSD for a buy, shares for a sale.
    let maker: BaseUnits
    /// Wanted: shares for a buy, pUSD for a sale.
    let taker: BaseUnits

    /// 0.01 share in 1e-6 of a share, and a cent in 1e-6 of a pUSD.
    static let centi: UInt64 = 10_000

    /// An order by size: shares are cut to 0.01, the money is exact.
    static func limit(
        _ side: Trading.Side, _ shares: Quantity, at price: Price, _ precision: Precision
    ) throws(AmountsFault) -> Amounts {
        try check(price, precision)
        let cut = try shareUnits(shares)
        let money = try notional(cut, price)
        return side == .buy ? Amounts(maker: money, taker: cut) : Amounts(maker: cut, taker: money)
    }

    /// A FOK or FAK buy by budget: cut to whole cents; shares are what it buys at the limit.
    ///
    /// The limit is cut to the price's decimals first. The official client rounds the shares up to four decimals more
    /// and then cuts them; a quotient of whole cents by at most four decimals is never within that reach of the next
    /// step, so one cut gives the same.
    /// - Throws: `.ambiguous` where `maker / taker` is not in `price ..< price + 0.0001`.
    static func market(budget: Money, at price: Price, _ precision: Precision) throws(AmountsFault) -> Amounts {
        let limit = price.rawValue - price.rawValue % precision.priceStep
        guard let cut = Price(rawValue: limit) else { throw .price }
        try check(cut, precision)
        guard budget.rawValue > 0, let money = BaseUnits(exactly: budget.floored(to: .cent)), money.rawValue > 0 else {
            throw .size
        }
        // 1e-6 × 1e8 / 1e-8: the quotient is in 1e-6 of a share.
        let exact = UInt128(money.rawValue) * 100_000_000 / UInt128(limit)
        let shares = exact - exact % UInt128(precision.amountStep)
        guard shares > 0, shares <= UInt128(Int64.max / 100) else { throw .size }
        let amounts = Amounts(maker: money, taker: BaseUnits(rawValue: UInt64(shares)))
        guard amounts.isReadAs(cut) else { throw .ambiguous }
        return amounts
    }

    /// A FOK or FAK sale: shares are cut to 0.01, the money wanted is exact.
    static func market(
        selling shares: Quantity, at price: Price, _ precision: Precision
    ) throws(AmountsFault) -> Amounts {
        guard let cut = Price(rawValue: price.rawValue - price.rawValue % precision.priceStep) else { throw .price }
        return try limit(.sell, shares, at: cut, precision)
    }

    /// A FOK or FAK buy by size: only where the size costs whole cents, because the venue takes no finer budget.
    static func market(
        buying shares: Quantity, at price: Price, _ precision: Precision
    ) throws(AmountsFault) -> Amounts {
        let amounts = try limit(.buy, shares, at: price, precision)
        guard amounts.maker.rawValue.isMultiple(of: centi) else { throw .cents }
        return amounts
    }

    /// The amounts of an order as the venue will take it.
    static func of(_ order: NewOrder, _ precision: Precision) throws(AmountsFault) -> Amounts {
        guard order.timeInForce.isImmediate else {
            return try limit(order.side, order.orderQty, at: order.price, precision)
        }
        try check(order.price, precision)
        if order.side == .sell { return try market(selling: order.orderQty, at: order.price, precision) }
        guard let budget = order.cashOrderQty else {
            return try market(buying: order.orderQty, at: order.price, precision)
        }
        guard budget.floored(to: .cent) == budget else { throw .cents }
        return try market(budget: budget, at: order.price, precision)
    }

    /// True when `maker / taker` is at least `price` and less than a ten-thousandth above it.
    func isReadAs(_ price: Price) -> Bool {
        // Both sides times 1e8 × taker.
        let paid = UInt128(maker.rawValue) * 100_000_000
        let floor = UInt128(UInt64(price.rawValue)) * UInt128(taker.rawValue)
        return paid >= floor && paid < floor + UInt128(taker.rawValue) * 10_000
    }

    /// Refuses a price off the grid.
    static func check(_ price: Price, _ precision: Precision) throws(AmountsFault) {
        guard price.rawValue % precision.tick == 0, price.rawValue >= precision.tick,
            price.rawValue <= FixedPoint.one - precision.tick
        else { throw .price }
    }

    private static func shareUnits(_ shares: Quantity) throws(AmountsFault) -> BaseUnits {
        guard shares.rawValue > 0 else { throw .size }
        let hundredths = UInt64(shares.rawValue) / 1_000_000
        guard hundredths > 0 else { throw .size }
        return BaseUnits(rawValue: hundredths * centi)  // below 2^63 / 100
    }

    /// Exact: hundredths of a share by at most four decimals of price are whole 1e-6.
    private static func notional(_ shares: BaseUnits, _ price: Price) throws(AmountsFault) -> BaseUnits {
        let exact = UInt128(shares.rawValue) * UInt128(UInt64(price.rawValue))
        guard exact.isMultiple(of: 100_000_000) else { throw .price }
        let money = exact / 100_000_000
        guard money > 0, money <= UInt128(Int64.max / 100) else { throw .size }
        return BaseUnits(rawValue: UInt64(money))
    }
}

extension BaseUnits {
    /// As shares of ours; nil where it does not fit.
    var shares: Quantity? { units.map { Quantity(rawValue: $0) } }
    /// As money of ours; nil where it does not fit.
    var cash: Money? { units.map { Money(rawValue: $0) } }

    private var units: Int64? {
        let (units, over) = rawValue.multipliedReportingOverflow(by: 100)
        return over ? nil : Int64(exactly: units)
    }
}
