public import Trading

/// How an account is held, which decides the unit that its cash balance is kept in.
public enum FeeAccount: String, Sendable, Hashable, CaseIterable {
    /// A direct member: balances in 0.0001 dollar.
    case direct
    /// Through a futures commission merchant or broker: balances in whole cents.
    case fcm

    /// The unit of the balance.
    var balanceUnit: Int64 { self == .direct ? 10_000 : 1_000_000 }
}

/// A series' or event's fee multiplier, exactly as the venue prints it.
///
/// - Unit: 1e-8; never negative, at most 100.
public struct FeeMultiplier: Hashable, Comparable, Sendable {
    /// 1e-8 of the plain multiplier.
    public let rawValue: Int64

    /// A multiplier of `rawValue` units; nil when it is negative or beyond any that makes sense.
    public init?(rawValue: Int64) {
        guard (0...10_000_000_000).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    /// By size.
    public static func < (left: FeeMultiplier, right: FeeMultiplier) -> Bool { left.rawValue < right.rawValue }
}

/// Kalshi's exact fee of one fill: the model rounded up to a millionth, the balance aligned, the surplus paid back.
///
/// `model = M × rate × contracts × price × (1 − price)`. The trade fee is the model rounded up to 0.000001 dollar. The
/// change of the balance is then rounded down to the account's unit; what that takes is collected over the order
/// (taker and maker fills together) and given back in whole units, never beyond the fill's own fee.
///
/// A BUY of NO is an opening ask at `1 − price`. The rule's page leaves its revenue open: minus the NO cost, or plus the
/// YES proceeds against one dollar of collateral a contract. The two differ by whole hundredths of a contract, a
/// multiple of either account's unit, so they round alike and one function serves both outcomes.
/// - Source: fee schedule effective 2026-07-07 and the fee rounding page as of 2026-10; vectors in
///   `Tests/Venues/KalshiTests/Vectors/fee_vectors.json`.
public struct Fees: FeeSchedule, Hashable {
    /// The venue's word for the schedule.
    public let feeType: String
    /// The multiplier of series or event.
    public let multiplier: FeeMultiplier
    /// How the account is held.
    public let account: FeeAccount
    private let taker: Rate
    private let maker: Rate

    /// A rate with its multiplier as a reduced fraction, so that the product below stays far inside 128 bits.
    private struct Rate: Hashable {
        let numerator: Int128
        let denominator: Int128

        init(tenThousandths: Int64, _ multiplier: FeeMultiplier) {
            let numerator = Int128(tenThousandths) * Int128(multiplier.rawValue)
            let denominator: Int128 = 1_000_000_000_000
            let divisor = Self.gcd(numerator, denominator)
            self.numerator = numerator / divisor
            self.denominator = denominator / divisor
        }

        private static func gcd(_ left: Int128, _ right: Int128) -> Int128 {
            var (x, y) = (left, right)
            while y != 0 { (x, y) = (y, x % y) }
            return x
        }
    }

    /// The schedule of `feeType` at `multiplier`.
    ///
    /// The maker factor of combos is charged on every market of its series: the exempt combos are not listed anywhere.
    /// - Throws: `FeeFault.unknownSchedule` (`E_REF_FEE`) for `flat` and every type without published rates.
    public init(feeType: String, multiplier: FeeMultiplier, account: FeeAccount) throws(FeeFault) {
        let makerTenThousandths: Int64
        switch feeType {
        case "quadratic": makerTenThousandths = 0
        case "quadratic_with_maker_fees": makerTenThousandths = 175
        case "quadratic_with_combo_maker_fees": makerTenThousandths = 350
        default: throw .unknownSchedule(feeType)
        }
        self.feeType = feeType
        self.multiplier = multiplier
        self.account = account
        self.taker = Rate(tenThousandths: 700, multiplier)
        self.maker = Rate(tenThousandths: makerTenThousandths, multiplier)
    }

    /// The net fee of one fill of a BUY of either outcome at the price paid for it.
    ///
    /// - Throws: `FeeFault.overflow` (`E_AMT_OVERFLOW`), also for a price above one or a negative size.
    public func buyFee(
        _ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState
    ) throws(FeeFault) -> Money {
        do throws(AmountError) {
            let cost = try price.cost(of: quantity, rounding: .againstUs)
            return try fee(price, quantity, liquidity, revenue: -Int128(cost.rawValue), &state)
        } catch { throw .overflow }
    }

    /// The net fee of one fill of a SELL of a held outcome at the price got for it.
    ///
    /// - Throws: `FeeFault.overflow` (`E_AMT_OVERFLOW`).
    public func sellFee(
        _ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState
    ) throws(FeeFault) -> Money {
        do throws(AmountError) {
            let proceeds = try price.proceeds(of: quantity, rounding: .againstUs)
            return try fee(price, quantity, liquidity, revenue: Int128(proceeds.rawValue), &state)
        } catch { throw .overflow }
    }

    /// Nothing: the trade fee is rounded up and alignment only takes. A rebate gives back what earlier fills of the same
    /// order paid above the model, so the order's sum never lies below it either.
    public var shortfallMax: Money { .zero }

    /// The model fee of one contract, cut to 1e-8; zero for a price above one.
    public func marginalBuyFee(_ price: Price, _ liquidity: Liquidity) -> Money {
        guard let rest = price.complement else { return .zero }
        let rate = liquidity == .taker ? taker : maker
        // Below 10^12 × 2.5 × 10^15, and the quotient below 100 × 0.07 × 0.25 dollars.
        let exact = rate.numerator * Int128(price.rawValue) * Int128(rest.rawValue)
        return Money(rawValue: Int64(exact / (rate.denominator * 100_000_000)))
    }

    /// The model fee rounded up to a millionth of a dollar, in 1e-8.
    func tradeFee(_ price: Price, _ quantity: Quantity, _ liquidity: Liquidity) throws(AmountError) -> Int64 {
        guard let rest = price.complement, quantity.rawValue >= 0 else { throw .overflow }
        let rate = liquidity == .taker ? taker : maker
        // The venue's lot is 0.01 contract: dividing it out keeps absurd multipliers from overflowing real sizes.
        let whole = quantity.rawValue % 1_000_000 == 0
        let contracts = Int128(whole ? quantity.rawValue / 1_000_000 : quantity.rawValue)
        let (part, over) = (Int128(price.rawValue) * Int128(rest.rawValue)).multipliedReportingOverflow(by: contracts)
        let (exact, carried) = part.multipliedReportingOverflow(by: rate.numerator)
        if over || carried { throw .overflow }
        let unit: Int128 = whole ? 1_000_000_000_000 : 1_000_000_000_000_000_000
        let (millionths, left) = exact.quotientAndRemainder(dividingBy: rate.denominator * unit)
        guard let fee = Int64(exactly: (millionths + (left > 0 ? 1 : 0)) * 100) else { throw .overflow }
        return fee
    }

    private func fee(
        _ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, revenue: Int128, _ state: inout FeeState
    ) throws(AmountError) -> Money {
        let unit = account.balanceUnit
        let trade = try tradeFee(price, quantity, liquidity)
        guard let change = Int64(exactly: revenue - Int128(trade)) else { throw .overflow }
        let rounding = change - Money(rawValue: change).floored(to: Money(rawValue: unit)).rawValue
        let (gross, over) = trade.addingReportingOverflow(rounding)
        let (carried, full) = state.carried.addingReportingOverflow(rounding)
        if over || full { throw .overflow }
        let rebate = unit * min(carried / unit, gross / unit)
        state.carried = carried - rebate
        return Money(rawValue: gross - rebate)
    }
}
