/// Where an order stands, in FIX's words (tag 39).
public enum OrdStatus: String, Sendable, Hashable, CaseIterable {
    /// Wanted and recorded; no byte has left.
    case intended
    /// Bytes may have left; nothing was heard from the venue.
    case pendingNew = "pending_new"
    /// The venue has it.
    case new
    /// The venue has it and holds it back before matching; it cannot be cancelled.
    case delayed
    /// Filled in part, and not known to be done.
    case partiallyFilled = "partially_filled"
    /// Done, whole.
    case filled
    /// Done, with a rest that died: cancelled, killed, or void.
    case cancelled
    /// Never worked: refused here or there, or proved never to have entered.
    case rejected
    /// Done: its time ran out.
    case expired

    /// True when nothing of it works any more.
    public var isDone: Bool {
        switch self {
        case .intended, .pendingNew, .new, .delayed, .partiallyFilled: false
        case .filled, .cancelled, .rejected, .expired: true
        }
    }
}

extension OrderState {
    // MARK: Quantities

    /// Contracts wanted. FIX tag 38.
    public var orderQty: Quantity { order.orderQty }

    /// Contracts that changed hands, told by name or only in sum, without void ones. FIX tag 14.
    public var cumQty: Quantity { Quantity(rawValue: toldQty - sums.voidQty) }

    /// Contracts that may still fill. FIX tag 151. Under a budget: as planned; price improvement may bring more.
    public var leavesQty: Quantity { isDone ? .zero : Quantity(rawValue: max(0, orderQty.rawValue - toldQty)) }

    /// Contracts in the venue's sum that no fill has explained yet.
    public var unexplainedQty: Quantity { Quantity(rawValue: toldQty - sums.toldQty) }

    /// Contracts of fills that are void.
    public var voidedQty: Quantity { Quantity(rawValue: sums.voidQty) }

    /// Contracts of fills that are at least in a block; what may be sold again.
    public var minedQty: Quantity { Quantity(rawValue: sums.minedQty) }

    /// Contracts of fills that are final.
    public var confirmedQty: Quantity { Quantity(rawValue: sums.confirmedQty) }

    /// Fills told by name, void ones too, in order of their names.
    public var fills: [Fill] {
        entries.filter(\.isTold).map {
            Fill(
                execID: $0.execID, lastQty: $0.lastQty, lastPx: $0.lastPx, fee: $0.fee, liquidity: $0.liquidity,
                settlement: $0.settlement)
        }
    }

    /// All contracts ever filled, void ones too: the larger of what the fills add up to and what the venue says.
    private var toldQty: Int64 {
        let (certain, over) = sums.toldQty.addingReportingOverflow(beyondQty.rawValue)
        return max(over ? .max : certain, claim.cumQty.rawValue)
    }

    // MARK: Money

    /// Money that changed hands, without fees and without void fills. A cost is rounded up, proceeds down.
    public var cumCash: Money {
        let whole: Int128
        if let cash = claim.cash, claim.cumQty.rawValue == toldQty {
            whole = Int128(cash.rawValue) * 100_000_000
        } else if unexplainedQty.rawValue > 0 {
            whole = max(sums.toldCash, claimedCash)
        } else {
            whole = sums.toldCash
        }
        return Self.money(max(0, whole - sums.voidCash), up: order.side == .buy)
    }

    /// False while part of `cumCash` is the venue's rounded mean, or the limit for want of anything better.
    public var isCashExact: Bool {
        unexplainedQty.rawValue == 0 || (claim.cash != nil && claim.cumQty.rawValue == toldQty)
    }

    /// Mean price over `cumQty`, rounded against us; nil without fills. FIX tag 6.
    public var avgPx: Price? {
        guard cumQty.rawValue > 0 else { return nil }
        let (whole, rest) = (Int128(cumCash.rawValue) * 100_000_000)
            .quotientAndRemainder(dividingBy: Int128(cumQty.rawValue))
        return Int64(exactly: order.side == .buy && rest > 0 ? whole + 1 : whole).flatMap { Price(rawValue: $0) }
    }

    /// Fees of all fills that stand, as far as the venue told them; what they are at most, where it told only that.
    public var fees: Money {
        guard let claimed = claim.fee ?? claim.feeMax, claim.cumQty.rawValue == toldQty,
            !sums.isFeeWhole || unexplainedQty.rawValue > 0, sums.voidQty == 0
        else { return Money(rawValue: sums.fee) }
        return max(claimed, Money(rawValue: sums.fee))
    }

    /// False while of some fill's fee nothing was told, not even what it is at most.
    public var isFeeTold: Bool { isFeeWhole || (claim.feeMax != nil && claim.cumQty.rawValue == toldQty) }

    /// True when `fees` covers every fill: the venue told all of them.
    public var isFeeWhole: Bool {
        (sums.isFeeWhole && unexplainedQty.rawValue == 0) || (claim.fee != nil && claim.cumQty.rawValue == toldQty)
    }

    /// 1e-16: the venue's sum, or for the part that nothing prices the limit.
    private var claimedCash: Int128 {
        if claim.cumQty.rawValue == toldQty, let cash = claim.cash ?? claim.roundedCash {
            return Int128(cash.rawValue) * 100_000_000
        }
        let (whole, over) = sums.toldCash.addingReportingOverflow(
            Int128(order.price.rawValue) * Int128(unexplainedQty.rawValue))
        return over ? .max : whole
    }

    private static func money(_ exact: Int128, up: Bool) -> Money {
        let (whole, rest) = exact.quotientAndRemainder(dividingBy: 100_000_000)
        return Money(rawValue: Int64(clamping: up && rest > 0 ? whole + 1 : whole))
    }

    // MARK: Standing

    /// Where it stands. FIX tag 39.
    public var ordStatus: OrdStatus {
        if toldQty > 0 || standing != nil {
            // The venue knows it. A refusal beside that is a contradiction, except of an order that was held back.
            if isComplete || standing == .filled { return sums.voidQty > 0 && isShort ? .cancelled : .filled }
            if let standing, standing.isDone { return standing == .expired ? .expired : .cancelled }
            if rejection?.kind == .unfilled { return .cancelled }
            if toldQty > 0 { return .partiallyFilled }
            if standing == .delayed, rejection != nil { return .rejected }
            return standing == .delayed ? .delayed : .new
        }
        if let rejection { return rejection.kind == .unfilled ? .cancelled : .rejected }
        if neverEntered != nil || refusal != nil { return .rejected }
        return isSentTold || unknown != nil || duplicate != nil || !entries.isEmpty ? .pendingNew : .intended
    }

    /// True when nothing of it works any more. Only a fill or a void can change a done order.
    public var isDone: Bool { ordStatus.isDone }

    /// True when it was sent and nobody knows what became of it. An order that cannot rest stays unknown until its end is
    /// known: a partial fill alone does not say what became of the rest.
    public var isUnknown: Bool {
        guard unknown != nil || duplicate != nil, !isDone else { return false }
        if order.timeInForce.isImmediate { return true }
        return toldQty == 0 && (standing == nil || standing == .delayed)
    }

    /// True while the venue holds it back before matching.
    public var isDelayed: Bool { ordStatus == .delayed }

    /// True when a cancel can do something: it may work, and it is not held back.
    public var isCancellable: Bool {
        switch ordStatus {
        case .pendingNew, .new, .partiallyFilled: true
        case .intended, .delayed, .filled, .cancelled, .rejected, .expired: false
        }
    }

    /// Why it is not, or no longer, working; empty where nobody said.
    public var text: String {
        if let rejection, standing == nil { return rejection.text.isEmpty ? rejection.code : rejection.text }
        if !reason.isEmpty { return reason }
        return refusal?.text ?? neverEntered ?? ""
    }

    /// The venue's refusal, if there was one.
    public var venueRejection: VenueRejection? { rejection ?? duplicate }

    /// Why it did not leave, if it did not.
    public var localRefusal: LocalRefusal? { refusal }

    /// Why it is, or was, unknown.
    public var unknownReason: UnknownReason? { unknown }

    /// Everything asked for was filled: by size, or by budget to less than a cent.
    private var isComplete: Bool {
        guard toldQty > 0 else { return false }
        guard let budget = order.cashOrderQty else { return toldQty >= orderQty.rawValue }
        return spent.rawValue > budget.rawValue - Money.cent.rawValue
    }

    private var isShort: Bool { order.cashOrderQty == nil ? cumQty < orderQty : true }

    /// Cash of all fills, void ones too.
    private var spent: Money {
        if let cash = claim.cash, claim.cumQty.rawValue == toldQty { return cash }
        return Self.money(unexplainedQty.rawValue > 0 ? max(sums.toldCash, claimedCash) : sums.toldCash, up: false)
    }

    /// What does not fit together.
    public var anomalies: OrderAnomalies {
        var found = noticed
        let isVenues = toldQty > 0 || standing != nil
        if let budget = order.cashOrderQty {
            if isCashExact, spent > budget { found.insert(.overfill) }
        } else if toldQty > orderQty.rawValue {
            found.insert(.overfill)
        }
        let isRefused = refusal != nil || neverEntered != nil || rejection != nil
        if toldQty > 0 || standing == .working, isRefused { found.insert(.contradiction) }
        if isVenues, refusal != nil || neverEntered != nil { found.insert(.contradiction) }
        if sums.voidQty > 0 { found.insert(.voided) }
        if standing == .filled, order.cashOrderQty == nil, toldQty < orderQty.rawValue { found.insert(.shortFill) }
        if sums.isClipped { found.insert(.badAmounts) }
        return found
    }

    // MARK: Risk

    /// The least that this order comes to, in contracts: what is known to have changed hands and is not void.
    public var exposureMin: Quantity { cumQty }

    /// The most that this order can come to, in contracts: an order that is not done counts as filled, and as open. Under
    /// a budget it is what the rest buys at the limit: better prices bring more contracts, never cost more (`cashMax`).
    public var exposureMax: Quantity {
        guard !isDone else { return cumQty }
        var rest = leavesQty.rawValue
        if let budget = order.cashOrderQty, order.price.rawValue > 0 {
            let left = Int128(max(0, budget.rawValue - spent.rawValue)) * 100_000_000
            rest = max(rest, Int64(clamping: left / Int128(order.price.rawValue)))
        }
        let (whole, over) = cumQty.rawValue.addingReportingOverflow(rest)
        return Quantity(rawValue: over ? .max : whole)
    }

    /// The most money that this buy can take, without fees: the budget, or what is open at the limit.
    ///
    /// - Returns: zero for a sale.
    public var cashMax: Money {
        guard order.side == .buy else { return .zero }
        guard !isDone else { return cumCash }
        if let budget = order.cashOrderQty { return max(budget, cumCash) }
        let open = Int128(order.price.rawValue) * Int128(leavesQty.rawValue)
        let (whole, over) = cumCash.rawValue.addingReportingOverflow(Self.money(open, up: true).rawValue)
        return Money(rawValue: over ? .max : whole)
    }
}
