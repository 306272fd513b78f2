public import Trading

/// The only place that makes dollars of other money.
///
/// A pUSD that is spent counts `pusd_usd` raised by the haircut, a pUSD that is received counts `pusd_usd` lowered by it:
/// both ways against us, since each may be the way through the ramp.
public struct Valuation: Sendable, Hashable {
    private let spentPUSD: Int64
    private let receivedPUSD: Int64

    /// Counts a pUSD at `price` dollars, give or take `haircutBps` basis points.
    public init(pusdUSD price: Price = .one, haircutBps: Int64 = 0) {
        precondition((0...10_000).contains(haircutBps), "configuration bounds the haircut")
        let exact = Int128(price.rawValue)
        let up = (exact * Int128(10_000 + haircutBps) + 9_999) / 10_000
        let down = exact * Int128(10_000 - haircutBps) / 10_000
        spentPUSD = Int64(clamping: up)
        receivedPUSD = Int64(clamping: down)
    }

    /// Dollars that spending one unit of `currency` counts. Unit: 1e-8.
    public func spentRate(_ currency: Currency) -> Int64 { currency == .usd ? FixedPoint.one : spentPUSD }

    /// Dollars that receiving one unit of `currency` counts. Unit: 1e-8.
    public func receivedRate(_ currency: Currency) -> Int64 { currency == .usd ? FixedPoint.one : receivedPUSD }

    /// What an amount spent counts in dollars, rounded up.
    ///
    /// - Throws: `AmountError.overflow`.
    public func spent(_ amount: Money, _ currency: Currency) throws(AmountError) -> Money {
        if currency == .usd { return amount }
        return Money(rawValue: try FixedPoint.divideByOne(Int128(amount.rawValue) * Int128(spentPUSD), up: true))
    }

    /// What an amount received counts in dollars, rounded down.
    ///
    /// - Throws: `AmountError.overflow`.
    public func received(_ amount: Money, _ currency: Currency) throws(AmountError) -> Money {
        if currency == .usd { return amount }
        return Money(rawValue: try FixedPoint.divideByOne(Int128(amount.rawValue) * Int128(receivedPUSD), up: false))
    }
}
