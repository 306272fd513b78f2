import Trading

extension Reference {
    /// The terms that a pair file pins, in force until the venue has answered.
    static func pinned(_ contract: Contract, account: FeeAccount) throws(ReferenceFault) -> InstrumentTerms? {
        guard let pins = contract.pinned else { return nil }
        guard let multiplier = FeeMultiplier(rawValue: pins.feeRate) else {
            throw ReferenceFault(code: "E_REF_FEE", text: "the pinned fee_multiplier is out of range")
        }
        let fees: Fees
        do throws(FeeFault) {
            fees = try Fees(feeType: pins.feeType, multiplier: multiplier, account: account)
        } catch {
            throw ReferenceFault(code: error.code, text: "the pinned fee_type '\(pins.feeType)' is unknown")
        }
        var terms = InstrumentTerms(
            title: contract.symbol, status: .active, grid: pins.grid, lot: Quantity(rawValue: 1_000_000),
            orderQtyMin: pins.orderQtyMin, fillStep: Quantity(rawValue: 1_000_000), currency: .usd,
            fees: FeeTimeline(fees), entriesEnd: pins.entriesEnd, payout: pins.payout, readAt: pins.readAt)
        terms.rulesSHA256 = contract.rulesSHA256
        terms.exchangeIndex = contract.exchangeIndex
        return terms
    }
}
