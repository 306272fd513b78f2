public import Trading

extension PositionTracker.Seat {
    /// What a change is told against.
    struct Snapshot: Hashable {
        let profit: Int128
        let voided: Int128
        let overfilled: Int128
        let exposure: ExecutionExposure
        let isOver: Bool
    }

    var snapshot: Snapshot {
        Snapshot(
            profit: figures.profit(isDust: isDust), voided: figures.voided, overfilled: figures.overfilled,
            exposure: figures.exposure(isDust: isDust), isOver: isOver)
    }

    var isSettledDown: Bool { figures.isDone && (figures.residualQty == 0 || isDust) }

    /// Dust alone is not held: it is booked at nothing.
    var isOver: Bool { isSettledDown && !figures.isHolding }

    mutating func settle(_ leg: Int, yesPays: Price) {
        let pays = plan[leg].outcome == .yes ? yesPays : (yesPays.complement ?? .zero)
        if leg == 0 { outcomes.0.pays = pays } else { outcomes.1.pays = pays }
    }

    /// Takes pairs of both outcomes as merged; how many.
    mutating func merge(_ leg: Int, atMost most: Int128) -> Int128 {
        var sums = LegSums()
        for order in orders where order.leg == leg { sums.add(order.figures, order.flow, isClosing: false) }
        let done = leg == 0 ? outcomes.0.merged : outcomes.1.merged
        let part = max(0, min(most, sums.paired - done))
        if leg == 0 { outcomes.0.merged += part } else { outcomes.1.merged += part }
        return part
    }

    var residual: Residual? {
        guard figures.isDone, figures.residualQty > 0 else { return nil }
        let outcome = plan[figures.residualLeg].outcome
        return Residual(
            execution: plan.execution, pair: plan.pair, leg: figures.residualLeg,
            outcome: figures.isResidualOpposite ? outcome.opposite : outcome,
            quantity: Quantity(rawValue: Int64(clamping: figures.residualQty)),
            deliverable: Quantity(rawValue: Int64(clamping: figures.deliverable)),
            cost: Money(clamping: figures.residualCost), isDust: isDust)
    }

    func change(since before: Snapshot) -> PositionChange {
        PositionChange(
            execution: plan.execution, exposure: figures.exposure(isDust: isDust),
            profitChange: Money(clamping: figures.profit(isDust: isDust) - before.profit), residual: residual,
            newlyVoid: Quantity(rawValue: Int64(clamping: max(0, figures.voided - before.voided))),
            newlyOverfilled: Quantity(rawValue: Int64(clamping: max(0, figures.overfilled - before.overfilled))),
            isSettledDown: isSettledDown, isOver: isOver)
    }

    func sums(_ leg: Int) -> LegSums {
        var sums = LegSums()
        for order in orders where order.leg == leg {
            sums.add(order.figures, order.flow, isClosing: order.isClosing)
        }
        return sums
    }

    func outcome(_ leg: Int) -> LegPaid { leg == 0 ? outcomes.0 : outcomes.1 }

    var boxState: BoxState {
        let paid = (outcomes.0.pays != nil, outcomes.1.pays != nil)
        if isOver || figures.matched == 0 { return .settled }
        switch paid {
        case (true, true): return .settled
        case (true, false): return .settling(plan.first.venue)
        case (false, true): return .settling(plan.second.venue)
        case (false, false): return isClosing ? .closing : .open
        }
    }
}

extension PositionTracker {
    // MARK: One execution

    /// All its orders at worst; nil for one that is not here.
    public func exposure(of execution: ExecutionID) -> ExecutionExposure? {
        seats[execution].map { $0.figures.exposure(isDust: $0.isDust) }
    }

    /// What it stands for; nil for one that is not here.
    public func plan(of execution: ExecutionID) -> ExecutionPlan? { seats[execution]?.plan }

    /// Contracts without a partner; nil while an order is open or unknown, and when there are none.
    public func residual(of execution: ExecutionID) -> Residual? { seats[execution]?.residual }

    /// Net of one execution: matched units at what they surely pay, residual at cost, dust at nothing. Unit: USD.
    public func profit(of execution: ExecutionID) -> Money? {
        seats[execution].map { Money(clamping: $0.figures.profit(isDust: $0.isDust)) }
    }

    /// True when every order is over and nothing but dust stands alone: claims may end (law 2).
    public func isSettledDown(_ execution: ExecutionID) -> Bool { seats[execution]?.isSettledDown ?? true }

    /// True when besides nothing is held any more.
    public func isOver(_ execution: ExecutionID) -> Bool { seats[execution]?.isOver ?? true }

    /// What the venue paid a contract of a leg's outcome; nil until it has.
    public func pays(_ execution: ExecutionID, leg: Int) -> Price? { seats[execution]?.outcome(leg).pays }

    /// What the venue paid a contract of YES of a market, as far as was told; nil until it has.
    public func yesPaid(_ venue: VenueID, _ symbol: String) -> Price? {
        settlements[Market(venue: venue, symbol: symbol)]
    }

    /// Its box; nil when no unit of it was ever matched.
    public func box(of execution: ExecutionID) -> BoxRecord? { seats[execution].flatMap(box) }

    /// Most that may be ordered to close what stands alone of an execution: nothing while an order of it is open or
    /// unknown (law 1). A sale is at most what the venue confirms to be held, and can deliver (law 6).
    ///
    /// - Parameter venuePosition: contracts of the residual's outcome that the venue itself says we hold; asked for a
    ///   sale alone.
    public func closeMax(_ execution: ExecutionID, isSale: Bool, venuePosition: Quantity?) -> Quantity {
        guard let residual = residual(of: execution), !residual.isDust else { return .zero }
        guard isSale else { return residual.quantity }
        return min(residual.deliverable, max(.zero, venuePosition ?? .zero))
    }

    /// Most that may be sold of one leg of a box before its time; as `closeMax`, within the matched units.
    public func boxSaleMax(_ execution: ExecutionID, leg: Int, venuePosition: Quantity) -> Quantity {
        guard let seat = seats[execution], seat.figures.isDone, seat.outcome(leg).pays == nil else { return .zero }
        let sums = seat.sums(leg)
        let most = min(seat.figures.matched, max(0, sums.mined - sums.sold.min))
        return min(Quantity(rawValue: Int64(clamping: most)), max(.zero, venuePosition))
    }

    // MARK: All

    /// Executions that are here, in order of their beginning.
    public var executions: [ExecutionID] {
        seats.values.sorted { $0.number < $1.number }.map(\.plan.execution)
    }

    /// Everything without a partner, dust too, in order of beginning.
    public var residuals: [Residual] { seats.values.sorted { $0.number < $1.number }.compactMap(\.residual) }

    /// Boxes of executions that are here, in order of beginning.
    public var boxes: [BoxRecord] { seats.values.sorted { $0.number < $1.number }.compactMap(box) }

    /// What an operator asks first.
    public var exposure: Exposure { exposure { _ in true } }

    /// The same of one pair.
    public func exposure(in pair: PairID) -> Exposure { exposure { $0.plan.pair == pair } }

    private func exposure(where isMeant: (Seat) -> Bool) -> Exposure {
        var sum = Exposure()
        var net: Int128 = 0, exposed: Int128 = 0, hedged: Int128 = 0, gross: Int128 = 0, dust: Int128 = 0
        for seat in seats.values where isMeant(seat) {
            let exposure = seat.figures.exposure(isDust: seat.isDust)
            sum.unknownLegs += exposure.unknownOrders
            sum.openOrders += exposure.openOrders
            net += Int128(exposure.net.rawValue)
            if seat.figures.closingOpen > 0 { sum.closing += 1 } else { exposed += Int128(exposure.net.rawValue) }
            if seat.figures.matched > 0, !seat.isOver {
                sum.boxes += 1
                hedged += seat.figures.boxCost
            }
            gross += Int128(exposure.gross.rawValue)
            if seat.isDust { dust += seat.figures.residualCost }
        }
        (sum.net, sum.exposed, sum.hedged) = (Money(clamping: net), Money(clamping: exposed), Money(clamping: hedged))
        (sum.gross, sum.dust) = (Money(clamping: gross), Money(clamping: dust))
        return sum
    }

    // MARK: Positions

    /// What our own fills amount to at a venue, both outcomes apart, less what was paid or merged; in order of symbols.
    public func positions(at venue: VenueID) -> [VenuePosition] {
        struct Place: Hashable {
            let symbol: String
            let token: String
            let outcome: Outcome
        }
        var held: [Place: Int128] = [:]
        for seat in seats.values {
            for leg in 0..<2 where seat.plan[leg].venue == venue && seat.outcome(leg).pays == nil {
                let plan = seat.plan[leg], sums = seat.sums(leg)
                let merged = seat.outcome(leg).merged
                held[Place(symbol: plan.symbol, token: plan.token, outcome: plan.outcome), default: 0] +=
                    sums.kept - merged
                let opposite = sums.opposite.min - merged
                // The other token has another name, which the plan does not know.
                if opposite != 0 {
                    held[Place(symbol: plan.symbol, token: "", outcome: plan.outcome.opposite), default: 0] += opposite
                }
            }
        }
        return held.filter { $0.value > 0 }.map { place, quantity in
            VenuePosition(
                venue: venue, symbol: place.symbol, token: place.token, outcome: place.outcome,
                quantity: Quantity(rawValue: Int64(clamping: quantity)))
        }.sorted { ($0.symbol, $0.outcome.rawValue) < ($1.symbol, $1.outcome.rawValue) }
    }

    /// Kalshi's one signed position of a ticker as our executions add up to it: YES above zero, NO below; nil while an
    /// order there is open or unknown.
    public func allocated(_ venue: VenueID, _ symbol: String) -> Quantity? {
        var sum: Int128 = 0
        for seat in seats.values {
            for leg in 0..<2 where seat.plan[leg].venue == venue && seat.plan[leg].symbol == symbol {
                let sums = seat.sums(leg)
                guard sums.open == 0 else { return nil }
                guard seat.outcome(leg).pays == nil else { continue }
                let signed = sums.kept - sums.opposite.min
                sum += seat.plan[leg].outcome == .yes ? signed : -signed
            }
        }
        return Quantity(rawValue: Int64(clamping: sum))
    }

    /// What of a venue's signed position is not ours (FOREIGN), signed alike; nil while an order there is open or
    /// unknown: then nobody can say.
    public func foreign(_ venue: VenueID, _ symbol: String, venuePosition signed: Quantity) -> Quantity? {
        guard let ours = allocated(venue, symbol) else { return nil }
        let (rest, over) = signed.rawValue.subtractingReportingOverflow(ours.rawValue)
        return Quantity(rawValue: over ? .max : rest)
    }

    // MARK: - Boxes

    private func box(_ seat: Seat) -> BoxRecord? {
        let figures = seat.figures
        guard figures.everMatched > 0 else { return nil }
        func leg(_ index: Int) -> BoxRecord.Leg {
            let plan = seat.plan[index], sums = seat.sums(index)
            let held = max(0, sums.held)
            let pays = seat.outcome(index).pays
            return BoxRecord.Leg(
                venue: plan.venue, symbol: plan.symbol, token: plan.token, outcome: plan.outcome,
                held: Quantity(rawValue: Int64(clamping: held)), cost: Money(clamping: sums.cost(of: held)),
                paid: pays.map { Money(clamping: held * Int128($0.rawValue) / Int128(FixedPoint.one)) })
        }
        return BoxRecord(
            execution: seat.plan.execution, pair: seat.plan.pair, first: leg(0), second: leg(1),
            quantity: Quantity(rawValue: Int64(clamping: figures.matched)), cost: Money(clamping: figures.boxCost),
            payout: Money(clamping: figures.boxPayout),
            lockedProfit: Money(clamping: figures.boxPayout - figures.boxCost), payoutAt: seat.plan.payoutAt,
            openedAt: seat.plan.openedAt, state: seat.boxState)
    }
}
