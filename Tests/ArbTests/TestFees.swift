import Trading

/// The published formula of a quadratic fee that is rounded up to a micro-dollar, then aligned to a grid with an
/// accumulator that is paid back: the shape of Kalshi's rule, written the long way round.
struct CeilingFees: FeeSchedule {
    /// Unit: 1e-8 of the model factor.
    var rate: Int64
    /// Alignment of cost and fee. Unit: 1e-8 dollars.
    var grid: Int64

    func buyFee(_ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState) throws(FeeFault)
        -> Money
    {
        let p = Int128(price.rawValue)
        let model = Int128(rate) * Int128(quantity.rawValue) * p * (100_000_000 - p)  // 1e-32
        let micro: Int128 = 100 * 1_000_000_000_000_000_000_000_000
        let trade = Int64(model / micro + (model % micro > 0 ? 1 : 0)) * 100
        let cost = p * Int128(quantity.rawValue)  // 1e-16
        let paid = cost + Int128(trade) * 100_000_000
        let gridExact = Int128(grid) * 100_000_000
        let aligned = (paid + gridExact - 1) / gridExact * gridExact
        let rounding = Int64((aligned - paid + 99_999_999) / 100_000_000)
        state.carried += rounding
        let rebate = min(state.carried / grid, (trade + rounding) / grid) * grid
        state.carried -= rebate
        return Money(rawValue: trade + rounding - rebate)
    }

    func sellFee(_ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState) throws(FeeFault)
        -> Money
    { try buyFee(price, quantity, liquidity, &state) }

    var shortfallMax: Money { .zero }

    func marginalBuyFee(_ price: Price, _ liquidity: Liquidity) -> Money {
        let p = Int128(price.rawValue)
        return Money(rawValue: Int64(Int128(rate) * p * (100_000_000 - p) / 10_000_000_000_000_000))
    }
}

/// A quadratic fee cut to five decimals a fill: the shape of Polymarket's rule.
struct FloorFees: FeeSchedule {
    var rate: Int64

    func buyFee(_ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState) throws(FeeFault)
        -> Money
    {
        let p = Int128(price.rawValue)
        let model = Int128(rate) * Int128(quantity.rawValue) * p * (100_000_000 - p)  // 1e-32
        let step: Int128 = 1_000 * 1_000_000_000_000_000_000_000_000
        return Money(rawValue: Int64(model / step) * 1_000)
    }

    func sellFee(_ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState) throws(FeeFault)
        -> Money
    { try buyFee(price, quantity, liquidity, &state) }

    var shortfallMax: Money { Money(rawValue: 1_000) }

    func marginalBuyFee(_ price: Price, _ liquidity: Liquidity) -> Money {
        let p = Int128(price.rawValue)
        return Money(rawValue: Int64(Int128(rate) * p * (100_000_000 - p) / 10_000_000_000_000_000))
    }
}
