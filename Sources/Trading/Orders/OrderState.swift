/// One order of ours as all evidence together describes it: a pure state machine over `OrderEvent`.
///
/// What was told is only ever joined (the larger sum, the firmer settlement, the further standing), never overwritten. So
/// any order of the same events, with any of them repeated, ends in the same state: a late reply, a replayed stream or a
/// stale list cannot undo anything. Where witnesses contradict each other fills win, then the venue's account that the
/// order worked, then refusals; the contradiction is kept in `anomalies`. Nothing here looks at a clock: an unknown order
/// stays unknown until evidence comes.
///
/// - Invariant: `cumQty + voidedQty + leavesQty == orderQty` until the order is done or more was filled than asked;
///   `leavesQty == 0` when done. Voided quantity is not put back by the venue.
/// - Bound: `fillsMax` fills are remembered by name. `apply` allocates once for the first `fillsReserved` of them:
///   an order that is sent has other things to do.
public struct OrderState: Hashable, Sendable {
    /// Fills remembered by name. What comes beyond is flagged (`tooManyFills`) and counted as far as it is certain: one
    /// more fill than those known, or what the venue's own sum says.
    public static let fillsMax = 1_024
    /// Fills for which room is made with the first.
    public static let fillsReserved = 8

    /// The order as it was wanted.
    public let order: NewOrder
    /// Fills by name, in order of their names: which came first leaves no trace.
    var entries: [FillEvidence] = []
    var isSentTold = false
    var refusal: LocalRefusal?
    var rejection: VenueRejection?
    var duplicate: VenueRejection?
    var neverEntered: String?
    var unknown: UnknownReason?
    var standing: OrderSummary.Standing?
    var reason = ""
    var claim = FillClaim()
    /// The largest fill beyond `fillsMax`.
    var beyondQty = Quantity.zero
    var noticed: OrderAnomalies = []
    var sums = FillSums()

    /// An order that is intended and has not left.
    public init(_ order: NewOrder) {
        precondition(order.orderQty.rawValue >= 0, "a quantity is not negative")
        self.order = order
    }

    /// Joins one event to what is known.
    @discardableResult
    public mutating func apply(_ event: OrderEvent) -> OrderChange {
        let cumBefore = cumQty, doneBefore = isDone, anomaliesBefore = anomalies
        let isNews: Bool
        switch event {
        case .sent:
            isNews = !isSentTold
            isSentTold = true
        case .notSent(let refusal):
            isNews = self.refusal == nil
            if isNews { self.refusal = refusal }
        case .summary(let summary): isNews = join(summary)
        case .fill(let fill): isNews = join(fill)
        case .settlement(let execID, let settlement): isNews = join(execID, settlement)
        case .rejected(let rejection): isNews = join(rejection)
        case .unknown(let reason):
            isNews = unknown.map { $0.precedes(reason) } ?? true
            if isNews { unknown = reason }
        case .cannotEnter(let proof):
            isNews = neverEntered.map { proof < $0 } ?? true
            if isNews { neverEntered = proof }
        }
        if isNews { total() }
        return OrderChange(
            isNews: isNews, cumQtyChange: Quantity(rawValue: cumQty.rawValue - cumBefore.rawValue),
            becameDone: isDone && !doneBefore, anomalies: anomalies.subtracting(anomaliesBefore))
    }
}

// MARK: - Joining

extension OrderState {
    private mutating func reserve() { if entries.isEmpty { entries.reserveCapacity(Self.fillsReserved) } }

    private mutating func join(_ summary: OrderSummary) -> Bool {
        var isNews = false
        if standing.map({ $0.rank < summary.standing.rank }) ?? true {
            standing = summary.standing
            isNews = true
        }
        if summary.standing.isDone, !summary.reason.isEmpty, reason.isEmpty || summary.reason < reason {
            reason = summary.reason
            isNews = true
        }
        var told = summary.cumQty
        if told == nil, summary.standing == .filled { told = filledAtLeast }
        guard let told, told.rawValue > 0 else { return isNews }
        let next = FillClaim(
            cumQty: told, cash: summary.cumCash,
            roundedCash: summary.avgPx.flatMap { try? $0.cost(of: told, rounding: .againstUs) }, fee: summary.fee,
            feeMax: summary.feeMax)
        let joined = claim.joined(with: next)
        if joined != claim {
            claim = joined
            isNews = true
        }
        return isNews
    }

    /// What a whole fill without a sum comes to at least: what was asked, or what the budget buys at the limit. Better prices
    /// bring more; each fill is cut to a millionth, so the last digits are left to the fills.
    private var filledAtLeast: Quantity {
        guard let budget = order.cashOrderQty, order.price.rawValue > 0 else { return order.orderQty }
        let bought = Int128(budget.rawValue) * Int128(FixedPoint.one) / Int128(order.price.rawValue)
        return Quantity(rawValue: Int64(clamping: bought) / 10_000 * 10_000)
    }

    private mutating func join(_ fill: Fill) -> Bool {
        guard fill.lastQty.rawValue > 0 else { return notice(.badAmounts) }
        let (index, isKnown) = place(of: fill.execID)
        guard isKnown else {
            guard entries.count < Self.fillsMax else {
                beyondQty = max(beyondQty, fill.lastQty)
                return notice(.tooManyFills) || fill.lastQty == beyondQty
            }
            reserve()
            entries.insert(FillEvidence(fill), at: index)
            return true
        }
        var found: OrderAnomalies = []
        let isNews = entries[index].join(fill, &found)
        return notice(found) || isNews
    }

    private mutating func join(_ execID: ExecID, _ settlement: Settlement) -> Bool {
        let (index, isKnown) = place(of: execID)
        guard isKnown else {
            guard entries.count < Self.fillsMax else { return notice(.tooManyFills) }
            // Firmness may be told before the fill itself: kept until it comes.
            reserve()
            entries.insert(FillEvidence(execID, settlement), at: index)
            return true
        }
        var found: OrderAnomalies = []
        let isNews = entries[index].join(settlement, &found)
        return notice(found) || isNews
    }

    private mutating func join(_ told: VenueRejection) -> Bool {
        // A used id says that an order of that id exists, which may be this one: no refusal of it.
        if told.kind == .duplicate {
            let isNews = duplicate.map { told.precedes($0) } ?? true
            if isNews { duplicate = told }
            return isNews
        }
        let isNews = rejection.map { told.precedes($0) } ?? true
        if isNews { rejection = told }
        return isNews
    }

    private mutating func total() {
        var sums = FillSums()
        for index in entries.indices { sums.add(entries[index]) }
        self.sums = sums
    }

    /// True when it is the first of its kind.
    private mutating func notice(_ anomalies: OrderAnomalies) -> Bool {
        let isNews = !noticed.isSuperset(of: anomalies)
        noticed.formUnion(anomalies)
        return isNews
    }

    /// Where a fill stands or belongs, by halves.
    private func place(of execID: ExecID) -> (index: Int, isKnown: Bool) {
        var low = 0, high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].execID.text < execID.text { low = middle + 1 } else { high = middle }
        }
        return (low, low < entries.count && entries[low].execID == execID)
    }
}

/// What one event changed.
public struct OrderChange: Hashable, Sendable {
    /// False for a repetition, and for anything weaker than what was known.
    public let isNews: Bool
    /// How `cumQty` moved; below zero when a fill was voided.
    public let cumQtyChange: Quantity
    /// True when this event ended the order.
    public let becameDone: Bool
    /// What is now known to be wrong and was not before.
    public let anomalies: OrderAnomalies

    /// A change.
    public init(isNews: Bool, cumQtyChange: Quantity, becameDone: Bool, anomalies: OrderAnomalies) {
        self.isNews = isNews
        self.cumQtyChange = cumQtyChange
        self.becameDone = becameDone
        self.anomalies = anomalies
    }
}

extension OrderSummary.Standing {
    /// True when nothing of the order works any more.
    public var isDone: Bool { rank >= 2 }

    /// The further standing wins: lists lag, so an order seen working after its end has still ended.
    var rank: Int {
        switch self {
        case .delayed: 0
        case .working: 1
        case .cancelled: 2
        case .expired: 3
        case .filled: 4
        }
    }
}

extension Settlement {
    /// The firmer wins. A fill may fail after it was mined (the chain took it back), never after it was confirmed.
    var rank: Int {
        switch self {
        case .matched: 0
        case .retrying: 1
        case .mined: 2
        case .failed: 3
        case .confirmed: 4
        }
    }
}

extension VenueRejection {
    /// An order of refusals that does not depend on their arrival; a kill first: it is an end, whatever else was said.
    func precedes(_ other: VenueRejection) -> Bool {
        if kind != other.kind, kind == .unfilled || other.kind == .unfilled { return kind == .unfilled }
        if kind != other.kind { return kind.rawValue < other.kind.rawValue }
        if status != other.status { return status < other.status }
        if code != other.code { return code < other.code }
        if text != other.text { return text < other.text }
        return (retryAfter ?? .zero) < (other.retryAfter ?? .zero)
    }
}

extension UnknownReason {
    /// An order of reasons that does not depend on their arrival.
    func precedes(_ other: UnknownReason) -> Bool {
        if rank != other.rank { return rank < other.rank }
        switch (self, other) {
        case (.connectionLost(let ours), .connectionLost(let theirs)): return ours < theirs
        case (.serverError(let ours), .serverError(let theirs)): return ours < theirs
        case (.unreadable(let ours), .unreadable(let theirs)): return ours < theirs
        default: return false
        }
    }

    private var rank: Int {
        switch self {
        case .restart: 0
        case .timeout: 1
        case .connectionLost: 2
        case .serverError: 3
        case .unreadable: 4
        }
    }
}
