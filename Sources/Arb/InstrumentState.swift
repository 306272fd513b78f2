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
    /// Why the book is void, for people.
    var voidReason: VoidReason? = .disconnected
    var tops = Tops()

    /// What buying one contract at the best price costs in dollars, model fee included, per outcome. Unit: 1e-8 USD;
    /// `unknown` where there is nothing to buy or the fee is unknown. Kept so that a message that does not move the top
    /// costs two comparisons.
    struct Tops {
        static let unknown: Int64 = 1 << 40
        var yesPrice: Int64 = -1
        var noPrice: Int64 = -1
        var yesCost = Tops.unknown
        var noCost = Tops.unknown

        func cost(_ outcome: Outcome) -> Int64 { outcome == .yes ? yesCost : noCost }
    }

    /// Chooses the schedule for `now`.
    mutating func selectFees(at now: UTCNanos) {
        guard let terms else { return }
        let found = terms.fees.schedule(at: now)
        fees = found.schedule
        feesUntil = found.until
        tops = Tops()
    }

    /// Brings `tops` up to date with the book.
    mutating func refreshTops(_ book: Book, _ valuation: Valuation) {
        let yes = book.asks.lowest?.price
        let no = book.bids.highest.flatMap { $0.price.complement }
        if (yes?.rawValue ?? -1) != tops.yesPrice {
            tops.yesPrice = yes?.rawValue ?? -1
            tops.yesCost = cost(yes, valuation)
        }
        if (no?.rawValue ?? -1) != tops.noPrice {
            tops.noPrice = no?.rawValue ?? -1
            tops.noCost = cost(no, valuation)
        }
    }

    private func cost(_ price: Price?, _ valuation: Valuation) -> Int64 {
        guard let price, let fees, let currency = terms?.currency else { return Tops.unknown }
        let model = Int128(price.rawValue + fees.marginalBuyFee(price, .taker).rawValue)
        return Int64(clamping: model * Int128(valuation.spentRate(currency)) / Int128(FixedPoint.one))
    }
}
