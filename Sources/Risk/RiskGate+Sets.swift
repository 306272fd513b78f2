public import Trading

// Outcome sets are traded on paper alone. What they hold counts against the same limits as everything else, so that pairs and
// sets of a paper account share its cash and its caps.
extension RiskGate {
    /// The caps within which an outcome set is sized now, or why it is not entered at all.
    ///
    /// - Parameters:
    ///   - orders: legs of the set, each an order.
    ///   - place: where all of its legs are, and which purse pays them.
    ///   - isOppositeHeld: the other outcome of one of its markets is held, and nets with what would be bought.
    /// - Throws: `RiskRefusal`.
    public mutating func bounds(
        forSet basket: BasketID, orders: Int, at place: (venue: VenueID, exchangeIndex: Int?), isOppositeHeld: Bool,
        now: Stamp
    ) throws(RiskRefusal) -> SizingLimits {
        guard killSwitch.allows(.entry) else { throw RiskRefusal(.halted) }
        guard seats.indices.contains(Int(basket.index)) else { throw RiskRefusal(.notFireable) }
        let seat = seats[Int(basket.index)]
        if pairs[seat.pair].suspensions != 0 { throw RiskRefusal(.pairSuspended) }
        if demands.approval, !seat.isApproved { throw RiskRefusal(.notApproved) }
        if isOppositeHeld { throw RiskRefusal(.oppositeOpen) }
        switch breaker.admission(pair: seat.pair, place.venue, place.venue, at: now.monotonic) {
        case .free: break
        case .refused(let reason): throw RiskRefusal(reason)
        // A probe asks a venue how it is: a model is asked nothing.
        case .probe: throw RiskRefusal(.breakerProbe)
        }
        rate.advance(to: now.monotonic)
        guard sums.openOrders + orders <= limits.openOrdersMax else { throw RiskRefusal(.openOrders) }
        guard rate.count + orders <= limits.ordersPerMinuteMax else { throw RiskRefusal(.orderRate) }
        let purse = purses[Int(purseIndex(place.venue, place.exchangeIndex))]
        let spentRate = Int128(max(1, limits.valuation.spentRate(purse.currency)))
        var locked = min(Int128(limits.orderMax.rawValue), Int128(limits.pairMax.rawValue) - pairs[seat.pair].open)
        locked = min(locked, Int128(limits.openMax.rawValue) - sums.open)
        locked = min(locked, Int128(limits.venueMax.rawValue) - venues[place.venue.place].open)
        // All legs but one may fill: nearly all of it may stand alone.
        locked = min(locked, Int128(limits.netMax.rawValue) - sums.net)
        if let equity { locked = min(locked, equity * Int128(limits.equityPctMax) / 100 - sums.open) }
        if let cash = entryCash(purse) {
            locked = min(locked, cash * spentRate / Int128(FixedPoint.one))
        } else if demands.balances {
            throw RiskRefusal(.balanceUnknown)
        }
        let gross = (Int128(limits.grossMax.rawValue) - sums.gross) * Int128(FixedPoint.one) / spentRate
        let quantity = min(Int128(limits.orderQtyMax.rawValue), gross / Int128(max(1, orders)))
        let losses = Int128(limits.dailyLossMax.rawValue) - Int128(dayBook.loss(at: now.utc).rawValue) - sums.lossAtRisk
        guard losses > 0 else { throw RiskRefusal(.dailyLoss) }
        func bounded(_ amount: Int128) -> Int64 { Int64(clamping: max(0, amount)) }
        var bounds = SizingLimits(
            lockedMax: Money(rawValue: bounded(locked)), orderQtyMax: Quantity(rawValue: bounded(quantity)))
        bounds.oneLegLossMax = Money(rawValue: bounded(min(losses, Int128(limits.oneLegLossMax.rawValue))))
        return bounds
    }
}
