import Trading

extension Reference {
    /// The terms that a pair file pins, in force until the venue has answered.
    static func pinned(_ contract: Contract) throws(ReferenceFault) -> InstrumentTerms? {
        guard let pins = contract.pinned else { return nil }
        let fees: Fees
        do throws(FeeFault) {
            fees = pins.feeRate == 0 ? .free : try Fees(rate: pins.feeRate, exponent: pins.feeExponent)
        } catch {
            throw ReferenceFault(code: error.code, text: "the pinned fee_rate or fee_exponent is unknown")
        }
        var terms = InstrumentTerms(
            title: contract.symbol, status: .active, grid: pins.grid, lot: Quantity(rawValue: 1_000_000),
            orderQtyMin: pins.orderQtyMin, notionalMin: Money(rawValue: FixedPoint.one), budgetStep: .cent,
            fillStep: Quantity(rawValue: 100), currency: .pusd, fees: FeeTimeline(fees), entriesEnd: pins.entriesEnd,
            payout: pins.payout, readAt: pins.readAt)
        terms.rulesSHA256 = contract.rulesSHA256
        terms.negRisk = contract.negRisk
        return terms
    }
}
