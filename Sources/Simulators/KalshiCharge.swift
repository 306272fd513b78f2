/// What Kalshi charges for fills, by the rule in force since September 2026, written out in whole numbers and independent of
/// the program under test.
///
/// Per fill: the model fee is rounded up to a millionth of a dollar; the change of the balance is rounded down to the grain;
/// what that rounding takes collects per order, over taker and maker fills, and is given back in whole grains.
///
/// - Source: sheet of the venue's documentation, section 5.
struct KalshiCharge: Sendable {
    /// The series' fee multiplier in thousandths.
    var multiplier = 1_000
    /// Whether makers pay.
    var chargesMakers = false
    /// Grain of balances: 100 for direct members, 10,000 through a broker. Unit: 1e-6 dollars.
    var grain = 100

    /// The model fee rounded up to 1e-6 dollars.
    ///
    /// - Parameters:
    ///   - mills: price in thousandths.
    ///   - count: contracts in hundredths.
    func model(mills: Int, count: Int, isTaker: Bool) -> Int {
        let rate = isTaker ? 700 : chargesMakers ? 175 : 0  // of ten thousand
        // rate/1e4 * multiplier/1e3 * count/1e2 * p/1e3 * (1 - p) = …/1e15 dollars; 1e-6 dollars are 1e9 of these.
        let exact = Int128(rate * multiplier * mills * (1_000 - mills)) * Int128(count)
        return Int((exact + 999_999_999) / 1_000_000_000)
    }

    /// The fee of one fill, and what its rounding leaves in the order's accumulator.
    ///
    /// - Parameter isBuy: whether the balance goes down by the price or up.
    func fee(mills: Int, count: Int, isBuy: Bool, isTaker: Bool, accumulator: inout Int) -> Int {
        let fee = model(mills: mills, count: count, isTaker: isTaker)
        let revenue = (isBuy ? -1 : 1) * mills * count * 10
        let change = revenue - fee
        let remainder = ((change % grain) + grain) % grain  // down to the grain, also below zero
        accumulator += remainder
        let rebate = grain * min(accumulator / grain, (fee + remainder) / grain)
        accumulator -= rebate
        return fee + remainder - rebate
    }
}
