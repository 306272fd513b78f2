import Risk
import Trading

// What is held, by execution: the tracker is given every order before it is recorded and every state that it comes to,
// and the gate what the tracker says.
extension Trader {
    /// Takes an execution in, before its first order is recorded.
    func track(_ execution: Execution, _ request: EntryRequest, _ now: Stamp) throws(Refusal) {
        execution.feesMax = [request.first.feeMax, request.second.feeMax]
        let basket = execution.basket
        var payoutAt: UTCNanos?
        var isKnown = true
        for leg in basket.legs {
            let payout = engine.facts(of: leg.instrument)?.payout
            isKnown = isKnown && payout != nil
            if let payout { payoutAt = max(payoutAt ?? payout, payout) }
        }
        do throws(PositionTracker.Refusal) {
            try positions.begin(
                ExecutionPlan(
                    execution: execution.id, pair: basket.pair,
                    first: leg(basket.legs[0], request.first), second: leg(basket.legs[1], request.second),
                    payoff: basket.payoff, payoutAt: isKnown ? payoutAt : nil,
                    openedAt: now.utc))
        } catch {
            throw .tracker(error)
        }
    }

    /// Takes an execution of an earlier run in, with all its orders, and counts what it holds against the limits.
    func restore(_ execution: Execution, _ now: Stamp) throws(PositionTracker.Refusal) {
        let basket = execution.basket
        func place(_ leg: Int) -> (venue: VenueID, exchangeIndex: Int?) {
            let contract = catalog.contracts[Int(basket.legs[leg].instrument.index)]
            return (contract.venue, contract.exchangeIndex ?? (contract.venue == .kalshi ? 0 : nil))
        }
        let currencies = currencies(basket)
        execution.feesMax = [.zero, .zero]
        func leg(_ index: Int) -> ExecutionPlan.Leg {
            let contract = catalog.contracts[Int(basket.legs[index].instrument.index)]
            let outcome = basket.legs[index].outcome
            return ExecutionPlan.Leg(
                venue: contract.venue, symbol: contract.symbol,
                token: contract.tokens.map { outcome == .yes ? $0.yes : $0.no } ?? "", outcome: outcome,
                currency: currencies[index], orderQtyMin: smallest(basket.legs[index].instrument),
                lossAlone: settings.oneLegLossMax)
        }
        try positions.begin(
            ExecutionPlan(
                execution: execution.id, pair: basket.pair, first: leg(0), second: leg(1), payoff: basket.payoff,
                payoutAt: nil, openedAt: now.utc))
        for order in execution.orders {
            let state = registry[order.handle].state
            let feeMax = feeMax(state.order, order.role, order.leg, execution)
            _ = try positions.add(
                state.order, role: order.role, leg: order.leg, feeMax: feeMax, to: execution.id)
            positions.apply(state, at: now.utc)
        }
        execution.reservation = gate.restore(
            execution.id, pair: basket.pair, basket: basket.id, legs: (place(0), place(1)),
            exposure: positions.exposure(of: execution.id) ?? ExecutionExposure())
        if execution.reservation == nil { isBlocked = true }
    }

    private func leg(_ leg: BasketLeg, _ entry: EntryLeg) -> ExecutionPlan.Leg {
        let contract = catalog.contracts[Int(leg.instrument.index)]
        return ExecutionPlan.Leg(
            venue: contract.venue, symbol: contract.symbol,
            token: contract.tokens.map { leg.outcome == .yes ? $0.yes : $0.no } ?? "", outcome: leg.outcome,
            currency: entry.currency, orderQtyMin: smallest(leg.instrument), lossAlone: entry.lossAlone)
    }

    /// The smallest order of a market.
    func smallest(_ instrument: InstrumentID) -> Quantity {
        engine.facts(of: instrument)?.smallest ?? Quantity(rawValue: 1)
    }

    /// Most that the venue may charge for an order. Unit: the leg's currency.
    func feeMax(_ order: NewOrder, _ role: OrderRole, _ leg: Int, _ execution: Execution) -> Money {
        if role == .leg { return execution.feesMax[leg] }
        // Fees of this shape are greatest nearest to one half.
        guard let fees = engine.fees(of: order.instrument), let half = Price(rawValue: FixedPoint.one / 2) else {
            return .zero
        }
        var state = FeeState()
        return (try? fees.buyFee(half, order.orderQty, .taker, &state)) ?? .zero
    }

    /// Joins the states of all its orders, and reserves what they come to.
    func track(_ execution: Execution, _ now: Stamp) {
        for order in execution.orders { positions.apply(registry[order.handle].state, at: now.utc) }
        reserve(execution)
    }

    /// Puts what it has come to, at worst, in the place of what was reserved. A leg that waits for the other one keeps what
    /// was approved for it.
    func reserve(_ execution: Execution) {
        guard let reservation = execution.reservation, var exposure = positions.exposure(of: execution.id) else {
            return
        }
        if let second = execution.second, let approved = gate.exposure(of: reservation) {
            exposure[second.leg] = approved[second.leg]
            exposure.gross = max(exposure.gross, approved.gross)
            exposure.net = max(exposure.net, approved.net)
            exposure.lossAtRisk = max(exposure.lossAtRisk, approved.lossAtRisk)
        }
        gate.settle(reservation, to: exposure)
    }

    /// What stands alone and is to be closed; nil when nothing does, when it is dust, and when its market was paid.
    func standing(_ execution: Execution, _ holding: Holding) -> (leg: Int, quantity: Quantity)? {
        guard let residual = holding.residual, positions.residual(of: execution.id)?.isDust != true,
            positions.pays(execution.id, leg: residual.leg) == nil
        else { return nil }
        // Less than nothing of a leg is its opposite, held: the tracker has it, else it is no position.
        if holding.isOpposite(1 - residual.leg), positions.residual(of: execution.id) == nil { return nil }
        return residual
    }

    /// What it surely brings: nothing that stands alone counts. Unit: USD.
    func net(of execution: Execution) -> Money {
        guard let profit = positions.profit(of: execution.id) else { return .zero }
        // Dust is at nothing already.
        guard let residual = positions.residual(of: execution.id), !residual.isDust else { return profit }
        return Money(rawValue: profit.rawValue - residual.cost.rawValue)
    }

    /// Books what changed since it was last booked, and gives the reservation back when nothing is held any more.
    func conclude(_ execution: Execution, _ now: Stamp) {
        let net = net(of: execution)
        if net != execution.booked {
            gate.book(Money(rawValue: net.rawValue - execution.booked.rawValue), at: now)
            execution.booked = net
            tell(.profit(gate.dayBook.profit, at: now))
        }
        guard let reservation = execution.reservation, positions.isOver(execution.id) else { return }
        gate.release(reservation, at: now.utc)
        execution.reservation = nil
    }
}
