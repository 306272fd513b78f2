import Risk
import Trading

/// What the engine keeps of one instrument beside its book.
struct InstrumentState {
    /// Terms last read; nil before the first answer.
    var terms: InstrumentTerms?
    /// Why the terms are not known or not to be used.
    var fault: ReferenceFault?
    /// True between a fee change and the next reading of the terms.
    var feesPending = false
    /// The schedule in force, and when another one takes over.
    var fees: (any FeeSchedule)?
    var feesUntil: UTCNanos?
    /// True while a decision about it is put off.
    var isWaiting = false
    /// Why the book is void, for people.
    var voidReason: VoidReason? = .disconnected

    /// Chooses the schedule for `now`.
    mutating func selectFees(at now: UTCNanos) {
        guard let terms else { return }
        let found = terms.fees.schedule(at: now)
        fees = found.schedule
        feesUntil = found.until
    }

    /// What the best prices of `book` cost, model fees included.
    func tops(of book: Book, _ valuation: Valuation) -> Detector.Tops {
        let yes = book.asks.lowestPrice
        let no = book.bids.highestPrice.flatMap { $0.complement }
        return Detector.Tops(
            yesPrice: yes?.rawValue ?? -1, noPrice: no?.rawValue ?? -1, yesCost: cost(yes, valuation),
            noCost: cost(no, valuation))
    }

    private func cost(_ price: Price?, _ valuation: Valuation) -> Int64 {
        guard let price, let fees, let currency = terms?.currency else { return Detector.Tops.unknown }
        let model = Int128(price.rawValue + fees.marginalBuyFee(price, .taker).rawValue)
        return Int64(clamping: model * Int128(valuation.spentRate(currency)) / Int128(FixedPoint.one))
    }
}
