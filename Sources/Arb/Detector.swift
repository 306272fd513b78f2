import Risk
import Trading

/// Where an edge may be: the cheap question asked of every message, before anything is sized.
///
/// A basket may pay when one unit at the best prices costs less than it pays by the fee model without rounding. Venues
/// round against us, so no basket that the Sizer would take for more than the shortfall of its fills is ever missed.
struct Detector {
    /// Per basket: what one unit pays, counted in dollars against us. Unit: 1e-8 USD.
    private var payoffRates: [Int64]

    init(baskets: Int) { payoffRates = Array(repeating: 0, count: baskets) }

    /// Sets what a basket pays once the currencies of its legs are known.
    mutating func setPayoff(_ rate: Int64, of basket: BasketID) { payoffRates[Int(basket.index)] = rate }

    /// True when one unit may cost less than it pays.
    func mayPay(_ basket: Basket, _ states: borrowing [InstrumentState]) -> Bool {
        var cost: Int64 = 0
        for leg in basket.legs { cost &+= states[Int(leg.instrument.index)].tops.cost(leg.outcome) }  // legs × 2^40
        return cost < payoffRates[Int(basket.id.index)]
    }
}
