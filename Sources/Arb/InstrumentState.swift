import Risk
import Trading

/// What the engine keeps of one instrument beside its book.
struct InstrumentState {
    /// Terms last read; nil before the first answer.
    var terms: InstrumentTerms? { didSet { facts = terms.map { EntryFacts($0, rulesPinned: rulesPinned) } } }
    /// What an entry asks of them.
    private(set) var facts: EntryFacts?
    /// SHA-256 of the rule text that was reviewed; nil: none is pinned.
    private let rulesPinned: String?
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

    /// Nothing is known of it yet.
    init(rulesPinned: String? = nil) { self.rulesPinned = rulesPinned }

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

/// What of an instrument's terms decides about an entry: the terms themselves are texts and lists, dear to look at in a fire.
struct EntryFacts {
    let isActive: Bool
    let isRuleTextChanged: Bool
    let isPlaceholder: Bool
    let isAugmented: Bool
    let currency: Currency
    let entriesEnd: UTCNanos?
    let payout: UTCNanos?
    let lot: Quantity
    let orderQtyMin: Quantity
    let notionalMin: Money
    let budgetStep: Money?
    let fillStep: Quantity

    init(_ terms: InstrumentTerms, rulesPinned: String?) {
        isActive = terms.status == .active
        isRuleTextChanged = rulesPinned.map { $0 != terms.rulesSHA256 } ?? false
        isPlaceholder = terms.placeholder
        isAugmented = terms.augmentedNegRisk
        currency = terms.currency
        entriesEnd = terms.entriesEnd
        payout = terms.payout
        lot = terms.lot
        orderQtyMin = terms.orderQtyMin
        notionalMin = terms.notionalMin
        budgetStep = terms.budgetStep
        fillStep = terms.fillStep
    }

    /// The smallest order: in steps of its fills where it is a budget.
    var smallest: Quantity { max(orderQtyMin, budgetStep == nil ? lot : fillStep) }
}
