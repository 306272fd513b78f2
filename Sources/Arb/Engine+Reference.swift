import Risk
public import Trading

// What the reference readers say.
extension Engine: ReferenceSink {
    /// Terms of an instrument, new or anew.
    public func apply(_ terms: InstrumentTerms, of instrument: InstrumentID) {
        let index = Int(instrument.index)
        states[index].terms = terms
        states[index].fault = nil
        states[index].feesPending = false
        selectFees(of: instrument)
        for basket in catalog.baskets(of: instrument) { setPayoff(of: basket) }
        marketObserver?.apply(terms, of: instrument)
        touch(instrument)
    }

    /// Entries on the instrument are blocked until its terms are known.
    public func block(_ instrument: InstrumentID, _ fault: ReferenceFault) {
        states[Int(instrument.index)].fault = fault
        marketObserver?.block(instrument)
        touch(instrument)
    }

    private func setPayoff(of basket: BasketID) {
        let entry = catalog.baskets[Int(basket.index)]
        var worst = FixedPoint.one
        for leg in entry.legs {
            guard let terms = states[Int(leg.instrument.index)].terms else { return }
            worst = min(worst, settings.valuation.receivedRate(terms.currency))
        }
        let rate = Int128(entry.payoff.rawValue) * Int128(worst) / Int128(FixedPoint.one)
        detector.setPayoff(Int64(clamping: rate), of: basket)
    }
}
