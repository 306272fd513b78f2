public import Trading

/// Polymarket's taker fee: `shares × rate × (p (1 - p))^exponent` in pUSD, cut to five decimals a fill. Makers pay nothing.
///
/// - Source: fee schedules of July 2026; the cut is the only rounding that reproduces the 21 on-chain fills of September
///   2026 in the vectors.
public struct Fees: FeeSchedule, Hashable {
    /// Share of the notional curve, in 1e-8.
    public let rate: Int64
    /// Power of the curve.
    public let exponent: Int

    /// Five decimals of a pUSD, in 1e-8.
    private static let step: Int128 = 1_000
    private static let one: Int128 = 100_000_000

    /// The schedule of a market.
    ///
    /// - Parameters:
    ///   - rate: 1e-8; from the market's own schedule.
    ///   - exponent: 1 in every schedule in force; up to 3 is computed exactly.
    /// - Throws: `FeeFault.unknownSchedule` (`E_REF_FEE`).
    public init(rate: Int64, exponent: Int) throws(FeeFault) {
        guard rate >= 0, rate <= FixedPoint.one else { throw .unknownSchedule("rate \(FixedPoint.text(rate))") }
        guard (1...3).contains(exponent) else { throw .unknownSchedule("exponent \(exponent)") }
        self.rate = rate
        self.exponent = exponent
    }

    /// No fee.
    public static var free: Fees { Fees() }

    private init() {
        rate = 0
        exponent = 1
    }

    /// The fee of one fill; on top of what a BUY spends.
    ///
    /// - Throws: `FeeFault.overflow`.
    public func buyFee(_ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState)
        throws(FeeFault)
        -> Money
    {
        guard liquidity == .taker, rate > 0 else { return .zero }
        guard let rest = price.complement, quantity.rawValue >= 0 else { throw .overflow }
        let curve = Int128(price.rawValue) * Int128(rest.rawValue)  // 1e-16, at most a quarter
        var scale = Self.one * Self.one
        var exact = Int128(quantity.rawValue) * Int128(rate)  // 1e-16
        var power = 0
        while power < exponent {
            // The curve is at most a quarter of its scale: cut to 1e-8 more than once it would lose digits, so the product
            // is kept whole and an overflow refused.
            let (product, over) = exact.multipliedReportingOverflow(by: curve)
            if over { throw .overflow }
            exact = product
            power += 1
            if power < exponent {
                let (wider, full) = scale.multipliedReportingOverflow(by: Self.one * Self.one)
                if full { throw .overflow }
                scale = wider
            }
        }
        // `exact` counts 1e-16 × scale; a fee unit is 1e-8.
        let (divisor, full) = scale.multipliedReportingOverflow(by: Self.one * Self.step)
        if full { throw .overflow }
        guard let fee = Int64(exactly: exact / divisor * Self.step) else { throw .overflow }
        return Money(rawValue: fee)
    }

    /// The fee of one fill; taken from what a SELL brings.
    ///
    /// - Throws: `FeeFault.overflow`.
    public func sellFee(_ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState)
        throws(FeeFault)
        -> Money
    { try buyFee(price, quantity, liquidity, &state) }

    /// A fill's fee is cut by less than a hundred-thousandth of a pUSD.
    public var shortfallMax: Money { Money(rawValue: rate == 0 ? 0 : 1_000) }

    /// The model fee of one share, rounded down to 1e-8.
    public func marginalBuyFee(_ price: Price, _ liquidity: Liquidity) -> Money {
        guard liquidity == .taker, let rest = price.complement else { return .zero }
        var fee = Int128(rate)
        for _ in 0..<exponent { fee = fee * Int128(price.rawValue) * Int128(rest.rawValue) / (Self.one * Self.one) }
        return Money(rawValue: Int64(fee))
    }
}
