public import Trading

extension RiskGate {
    struct Checked {
        let pair: Int
        let places: LegPlaces
        let exposure: ExecutionExposure
        let isProbe: Bool
    }

    /// Everything that can refuse an entry, what is cheapest to know first.
    func check(_ request: EntryRequest, at now: Stamp) throws(RiskRefusal) -> Checked {
        guard killSwitch.allows(.entry) else { throw RiskRefusal(.halted) }
        let seat = try seat(of: request)
        let places = LegPlaces(
            first: legs[Int(request.first.instrument.index)], second: legs[Int(request.second.instrument.index)])
        let isProbe = try admitted(request, seat, places, at: now.monotonic)
        for index in 0..<2 {
            switch index == 0 ? request.first.freshness : request.second.freshness {
            case .fresh: continue
            case .stale: throw RiskRefusal(.staleBook)
            case .silent: throw RiskRefusal(.silentFeed)
            }
        }
        if demands.balances {
            for index in 0..<2 where purses[Int(places[index].purse)].free == nil { throw RiskRefusal(.balanceUnknown) }
        }
        let exposure = try worst(of: request)
        try checkSize(request, exposure)
        try checkExposure(exposure, pair: seat.pair, places)
        try checkLosses(request, exposure, at: now.utc)
        try checkOrders()
        try checkCash(exposure, places)
        return Checked(pair: seat.pair, places: places, exposure: exposure, isProbe: isProbe)
    }

    private func seat(of request: EntryRequest) throws(RiskRefusal) -> BasketSeat {
        guard seats.indices.contains(Int(request.basket.index)) else { throw RiskRefusal(.notFireable) }
        let seat = seats[Int(request.basket.index)]
        guard let first = seat.first, let second = seat.second, first.instrument == request.first.instrument,
            first.outcome == request.first.outcome, second.instrument == request.second.instrument,
            second.outcome == request.second.outcome
        else { throw RiskRefusal(.notFireable) }
        return seat
    }

    /// Flags: breaker, suspensions, review, opposite direction, unknown orders. True when it goes as a probe.
    private func admitted(
        _ request: EntryRequest, _ seat: BasketSeat, _ places: LegPlaces, at now: MonotonicNanos
    ) throws(RiskRefusal) -> Bool {
        if pairs[seat.pair].suspensions != 0 { throw RiskRefusal(.pairSuspended) }
        if demands.approval, !seat.isApproved { throw RiskRefusal(.notApproved) }
        if pairs[seat.pair].count > 0, pairs[seat.pair].basket != request.basket { throw RiskRefusal(.oppositeOpen) }
        if venues[places.first.venue.place].unknownOrders > 0 || venues[places.second.venue.place].unknownOrders > 0 {
            throw RiskRefusal(.venueUnanswered)
        }
        switch breaker.admission(pair: seat.pair, places.first.venue, places.second.venue, at: now) {
        case .free: return false
        case .refused(let reason): throw RiskRefusal(reason)
        case .probe:
            let most = max(request.first.orderQty, request.second.orderQty)
            guard most <= request.orderQtyMin else {
                throw RiskRefusal(
                    .breakerProbe, wanted: Int128(most.rawValue), admitted: Int128(request.orderQtyMin.rawValue))
            }
            return true
        }
    }

    /// What the entry comes to at worst: both legs whole at their limits, or the dearer one alone.
    private func worst(of request: EntryRequest) throws(RiskRefusal) -> ExecutionExposure {
        var exposure = ExecutionExposure()
        do {
            for index in 0..<2 {
                let leg = index == 0 ? request.first : request.second
                guard leg.orderQty.rawValue > 0, leg.feeMax.rawValue >= 0, (leg.cashOrderQty?.rawValue ?? 1) > 0 else {
                    throw RiskRefusal(.amounts)
                }
                let cash = try leg.cashMax()
                exposure[index].cash = cash
                exposure[index].locked = try limits.valuation.spent(cash, leg.currency)
                exposure[index].openOrders = 1
                let face = try limits.valuation.spent(Money(rawValue: leg.orderQty.rawValue), leg.currency)
                exposure.gross = try exposure.gross.adding(face)
                exposure.lossAtRisk = max(exposure.lossAtRisk, leg.lossAlone)
            }
        } catch let refusal as RiskRefusal {
            throw refusal
        } catch {
            throw RiskRefusal(.amounts)
        }
        exposure.net = max(exposure.first.locked, exposure.second.locked)
        return exposure
    }

    private func checkSize(_ request: EntryRequest, _ exposure: ExecutionExposure) throws(RiskRefusal) {
        let quantity = max(request.first.orderQty, request.second.orderQty)
        try within(.orderQtyMax, Int128(quantity.rawValue), Int128(limits.orderQtyMax.rawValue))
        let locked = Int128(exposure.first.locked.rawValue) + Int128(exposure.second.locked.rawValue)
        try within(.orderMax, locked, Int128(limits.orderMax.rawValue))
    }

    private func checkExposure(
        _ exposure: ExecutionExposure, pair: Int, _ places: LegPlaces
    ) throws(RiskRefusal) {
        let first = Int128(exposure.first.locked.rawValue), second = Int128(exposure.second.locked.rawValue)
        try within(.pairMax, pairs[pair].open + first + second, Int128(limits.pairMax.rawValue))
        let isOneVenue = places.first.venue == places.second.venue
        let venueMax = Int128(limits.venueMax.rawValue)
        try within(.venueMax, venues[places.first.venue.place].open + first + (isOneVenue ? second : 0), venueMax)
        try within(.venueMax, venues[places.second.venue.place].open + second + (isOneVenue ? first : 0), venueMax)
        try within(.openMax, sums.open + first + second, Int128(limits.openMax.rawValue))
        try within(.grossMax, sums.gross + Int128(exposure.gross.rawValue), Int128(limits.grossMax.rawValue))
        try within(.netMax, sums.net + Int128(exposure.net.rawValue), Int128(limits.netMax.rawValue))
        if let equity { try within(.equityMax, sums.open + first + second, equity * Int128(limits.equityPctMax) / 100) }
    }

    private func checkLosses(_ request: EntryRequest, _ exposure: ExecutionExposure, at now: UTCNanos)
        throws(RiskRefusal)
    {
        let alone = Int128(exposure.lossAtRisk.rawValue)
        try within(.oneLegLoss, alone, Int128(limits.oneLegLossMax.rawValue))
        let loss = Int128(dayBook.loss(at: now).rawValue)
        guard loss < Int128(limits.dailyLossMax.rawValue) else {
            throw RiskRefusal(.dailyLoss, wanted: loss + alone, admitted: Int128(limits.dailyLossMax.rawValue))
        }
        try within(.dailyLoss, loss + sums.lossAtRisk + alone, Int128(limits.dailyLossMax.rawValue))
    }

    private func checkOrders() throws(RiskRefusal) {
        try within(.openOrders, Int128(sums.openOrders + 2), Int128(limits.openOrdersMax))
        try within(.orderRate, Int128(rate.count + 2), Int128(limits.ordersPerMinuteMax))
    }

    private func checkCash(_ exposure: ExecutionExposure, _ places: LegPlaces) throws(RiskRefusal) {
        for index in 0..<2 {
            let purse = purses[Int(places[index].purse)]
            guard let free = purse.free else { continue }
            var wanted = Int128(exposure[index].cash.rawValue)
            if places.first.purse == places.second.purse { wanted += Int128(exposure[1 - index].cash.rawValue) }
            try within(.cash, wanted, free)
            try within(.unwindReserve, wanted, entryCash(purse) ?? free)
        }
    }

    private func within(_ reason: RiskRefusal.Reason, _ wanted: Int128, _ admitted: Int128) throws(RiskRefusal) {
        if wanted > admitted { throw RiskRefusal(reason, wanted: wanted, admitted: admitted) }
    }

    // MARK: Headroom

    /// Cash that entries may take, the unwind reserve kept back; below zero when the reserve is not whole.
    func entryCash(_ purse: Purse) -> Int128? {
        guard let free = purse.free else { return nil }
        // The reserve is dollars; a currency that counts more than a dollar needs no more of it, one that counts less does.
        let rate = Int128(min(FixedPoint.one, max(1, limits.valuation.receivedRate(purse.currency))))
        let reserve = (Int128(limits.unwindReserve.rawValue) * Int128(FixedPoint.one) + rate - 1) / rate
        return free - reserve
    }

    /// Cash of all purses and locked capital together; nil where a balance is unknown and none is demanded.
    var equity: Int128? {
        var equity = sums.open
        for index in purses.indices {
            guard let free = purses[index].free else {
                if demands.balances { continue }
                return nil
            }
            let rate = limits.valuation.receivedRate(purses[index].currency)
            equity += free * Int128(rate) / Int128(FixedPoint.one)
        }
        return equity
    }

    /// The caps within which a basket is sized now, so that the gate has nothing to refuse by its figures: what one basket
    /// may have, and what is left of every other limit. Flags (halt, breaker, review) are not in it: they refuse.
    ///
    /// - Parameters:
    ///   - orderQtyMin: the smallest size that both venues take; what a half-open breaker admits.
    /// - Returns: nil for a basket that cannot be fired.
    ///
    /// Mutating so that the gate is read in place, as in `isSuspended`.
    public mutating func bounds(for basket: BasketID, orderQtyMin: Quantity, at now: Stamp) -> SizingLimits? {
        guard seats.indices.contains(Int(basket.index)), let first = seats[Int(basket.index)].first,
            let second = seats[Int(basket.index)].second
        else { return nil }
        let pair = seats[Int(basket.index)].pair
        let places = LegPlaces(first: legs[Int(first.instrument.index)], second: legs[Int(second.instrument.index)])
        var locked = min(Int128(limits.orderMax.rawValue), Int128(limits.pairMax.rawValue) - pairs[pair].open)
        locked = min(locked, Int128(limits.openMax.rawValue) - sums.open)
        if let equity { locked = min(locked, equity * Int128(limits.equityPctMax) / 100 - sums.open) }
        let isOneVenue = places.first.venue == places.second.venue
        if isOneVenue { locked = min(locked, Int128(limits.venueMax.rawValue) - venues[places.first.venue.place].open) }
        var quantity = Int128(limits.orderQtyMax.rawValue)
        let faces =
            Int128(limits.valuation.spentRate(currency(places.first)))
            + Int128(limits.valuation.spentRate(currency(places.second)))
        let gross =
            (Int128(limits.grossMax.rawValue) - sums.gross) * Int128(FixedPoint.one) - 2 * Int128(FixedPoint.one)
        if faces > 0 { quantity = min(quantity, max(0, gross) / faces) }
        if isProbe(basket, at: now.monotonic) { quantity = min(quantity, Int128(orderQtyMin.rawValue)) }
        let losses = Int128(limits.dailyLossMax.rawValue) - Int128(dayBook.loss(at: now.utc).rawValue) - sums.lossAtRisk
        var bounds = SizingLimits(
            lockedMax: Self.money(locked), orderQtyMax: Quantity(rawValue: Self.money(quantity).rawValue))
        bounds.oneLegLossMax = Self.money(min(losses, Int128(limits.oneLegLossMax.rawValue)))
        bounds.setCash(legCash(places.first, isOneVenue: isOneVenue), at: places.first.venue)
        bounds.setCash(legCash(places.second, isOneVenue: isOneVenue), at: places.second.venue)
        return bounds
    }

    /// True when the breaker lets this basket out as a probe alone: of the smallest size, whatever its edge.
    public mutating func isProbe(_ basket: BasketID, at now: MonotonicNanos) -> Bool {
        guard seats.indices.contains(Int(basket.index)), let first = seats[Int(basket.index)].first,
            let second = seats[Int(basket.index)].second
        else { return false }
        let places = (legs[Int(first.instrument.index)].venue, legs[Int(second.instrument.index)].venue)
        return breaker.admission(pair: seats[Int(basket.index)].pair, places.0, places.1, at: now) == .probe
    }

    /// Most that one leg may take from its purse: cash, what is left of its venue's limit and of what may stand alone.
    private func legCash(_ seat: LegSeat, isOneVenue: Bool) -> Money {
        let rate = Int128(max(1, limits.valuation.spentRate(currency(seat))))
        var usd = Int128(limits.netMax.rawValue) - sums.net
        usd = min(usd, Int128(limits.venueMax.rawValue) - venues[seat.venue.place].open)
        // What is spent counts in dollars rounded up: one unit less always fits.
        var cash = rate == Int128(FixedPoint.one) ? usd : max(0, usd - 1) * Int128(FixedPoint.one) / rate
        if let free = entryCash(purses[Int(seat.purse)]) {
            cash = min(cash, isOneVenue ? free / 2 : free)
        } else if demands.balances {
            cash = 0
        }
        return Self.money(cash)
    }

    private func currency(_ seat: LegSeat) -> Currency { purses[Int(seat.purse)].currency }

    private static func money(_ amount: Int128) -> Money { Money(rawValue: Int64(clamping: max(0, amount))) }
}

extension SizingLimits {
    /// Sets what may be spent at a venue.
    public mutating func setCash(_ cash: Money, at venue: VenueID) {
        switch venue {
        case .kalshi: cashKalshi = cash
        case .polymarket: cashPolymarket = cash
        }
    }
}
