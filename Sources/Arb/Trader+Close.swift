import Risk
public import Trading

// What stands alone is closed under the claim that opened it, by the way that brings most at the books as they stand.
extension Trader {
    /// One look at a residual: sends one closing order, or says why not.
    func close(
        _ execution: Execution, _ holding: Holding, _ residual: (leg: Int, quantity: Quantity), _ now: Stamp
    ) {
        execution.lookedAt = execution.basket.legs.map { engine.bookReceived($0.instrument) }
        seeHalt(now)
        let isOperators = overrides[execution.id.sequence] != nil
        guard gate.killSwitch.allows(isOperators ? .operatorClose : .autoClose) else {
            // No machine closes during an operator's halt; the next look is at the next change.
            execution.lookedAt = []
            return tellLeftAlone(execution, holding, residual, now)
        }
        execution.isLeftAlone = false
        judgeLast(execution, now)
        // Orders that fill nothing do not stop the clock.
        if execution.fruitless > 0 { expire(execution, holding, residual, "closing orders fill nothing", now) }
        if let retryAt = execution.retryAt, now.monotonic < retryAt { return }
        execution.retryAt = nil
        guard isOperators || execution.closes < settings.closesMax else {
            return expire(execution, holding, residual, "\(execution.closes) closing orders did not do it", now)
        }
        let leg = execution.basket.legs[residual.leg]
        guard let market = residualMarket(execution, holding, residual) else {
            return wait(execution, holding, residual, .noDepth, now)
        }
        let toClose = engine.terms(of: leg.instrument)?.entriesEnd.map { $0 - now.utc }
        let floor = floors[venue(of: leg.instrument)]
        switch closer(execution).decide(market, spent: lossSoFar(execution, holding), toClose: toClose, floor: floor) {
        case .hold(.unconfirmed) where holding.isOpposite(1 - residual.leg):
            // Nothing is to be sold, so no word of what is held would help.
            wait(execution, holding, residual, .belowMinimum, now)
        case .hold(let why): wait(execution, holding, residual, why, now)
        case .order(let plan): order(plan, execution, holding, residual, now)
        }
    }

    /// A closing order that filled nothing is not repeated at once: a book may show what nobody gets.
    private func judgeLast(_ execution: Execution, _ now: Stamp) {
        guard let last = execution.orders.indices.last, last != execution.judged,
            execution.orders[last].role != .leg, execution.orders[last].role != .tombstone
        else { return }
        execution.judged = last
        guard registry[execution.orders[last].handle].state.cumQty.rawValue == 0 else {
            execution.fruitless = 0
            return
        }
        execution.fruitless = min(execution.fruitless + 1, 6)
        execution.retryAt = now.monotonic + .milliseconds(50 << Int64(execution.fruitless))
    }

    /// Law 6, by the tracker's own count: a closing order is at most what stands alone, and a sale at most what is held.
    private func isWithin(_ plan: ClosePlan, _ execution: Execution, _ now: Stamp) -> Bool {
        let witnessed = confirmed[HeldKey(instrument: plan.instrument, outcome: plan.outcome)]
        let most = positions.closeMax(execution.id, isSale: plan.side == .sell, venuePosition: witnessed)
        if plan.orderQty <= most || excess(of: plan, beyond: most) <= budgetStepQty(plan) { return true }
        execution.retryAt = now.monotonic + .seconds(1)
        let pair = execution.basket.pair
        guard halt(pair, .drift, "two counts of what stands alone differ") else { return false }
        tell(
            .alert(
                TradeAlert(
                    "E_EXEC_DRIFT", isCritical: true, pair: pair,
                    "\(execution.id): closing \(plan.orderQty) was wanted and at most \(most) may be; nothing is ordered, pair halted. See arb reconcile --explain",
                    at: now)))
        return false
    }

    private func excess(of plan: ClosePlan, beyond most: Quantity) -> Quantity {
        // Nothing stands alone any more: then nothing is bought, however little.
        guard plan.side == .buy, most.rawValue > 0 else { return plan.orderQty }
        return Quantity(rawValue: plan.orderQty.rawValue - most.rawValue)
    }

    /// Where money is ordered, it is ordered in whole cents, rounded up so that nothing is left alone: what the last cent
    /// buys is dust on the other side. Zero where contracts are ordered.
    private func budgetStepQty(_ plan: ClosePlan) -> Quantity {
        guard plan.side == .buy, let cash = plan.cashOrderQty, cash.rawValue > 0,
            let step = engine.terms(of: plan.instrument)?.budgetStep
        else { return .zero }
        // At the mean price: levels are taken from the best on, so that the last cent buys no more than that.
        let exact = Int128(step.rawValue) * Int128(plan.orderQty.rawValue) / Int128(cash.rawValue)
        return Quantity(rawValue: Int64(clamping: exact + 1))
    }

    private func order(
        _ plan: ClosePlan, _ execution: Execution, _ holding: Holding, _ residual: (leg: Int, quantity: Quantity),
        _ now: Stamp
    ) {
        guard isWithin(plan, execution, now) else { return }
        let venue = venue(of: plan.instrument)
        let order = NewOrder(
            clOrdID: newID(), instrument: plan.instrument, outcome: plan.outcome, side: plan.side,
            orderQty: plan.orderQty, price: plan.limitPx, cashOrderQty: plan.cashOrderQty, timeInForce: .ioc,
            isReduceOnly: venue == .kalshi && plan.side == .sell, purpose: .close)
        let partner = plan.way == .complete ? 1 - residual.leg : residual.leg
        if let refusal = sendAlone(order, plan.way.role, leg: partner, of: execution, now) {
            execution.retryAt = now.monotonic + .milliseconds(50)
            execution.hold = nil
            return expire(execution, holding, residual, refusal, now)
        }
        execution.hold = nil
        execution.closes += 1
        gate.noteOrders(1, at: now.monotonic)
        counters.closes &+= 1  // bounded by executions and their deadlines
        report(execution, holding, residual, .closing, plan.way, "", now)
    }

    private func wait(
        _ execution: Execution, _ holding: Holding, _ residual: (leg: Int, quantity: Quantity), _ why: AutoClose.Hold,
        _ now: Stamp
    ) {
        execution.hold = why
        if why == .unconfirmed {
            // The venue's word of what is held comes by reads alone: one is asked for, not waited for.
            let venue = venue(of: execution.basket.legs[residual.leg].instrument)
            accounts.read(venue, since: now.utc + .seconds(-600))
            execution.retryAt = now.monotonic + .milliseconds(500)
        }
        expire(execution, holding, residual, why.rawValue, now)
    }

    /// Beyond the deadline the pair is halted and a person is told; the sweep goes on trying.
    private func expire(
        _ execution: Execution, _ holding: Holding, _ residual: (leg: Int, quantity: Quantity), _ why: String,
        _ now: Stamp
    ) {
        guard execution.phase == .closing, let since = execution.residualSince,
            now.monotonic - since >= settings.close.deadline
        else { return }
        execution.phase = .stuck
        counters.stuck &+= 1  // bounded by executions
        let pair = execution.basket.pair
        halt(pair, .stuck, "a residual cannot be closed: \(why)")
        report(execution, holding, residual, .stuck, nil, why, now)
        tell(
            .alert(
                TradeAlert(
                    "E_EXEC_CLOSE_FAILED", isCritical: true, pair: pair,
                    "\(exposed(execution, holding, residual)) and cannot be closed (\(why)); pair halted, still trying every \(settings.sweepInterval.rawValue / 1_000_000_000) s. Try arb close-exposure --pair \(pair.name) --max-loss USD",
                    at: now)))
    }

    /// Told once a halt: nothing will be done about it before a person does it.
    private func tellLeftAlone(
        _ execution: Execution, _ holding: Holding, _ residual: (leg: Int, quantity: Quantity), _ now: Stamp
    ) {
        guard !execution.isLeftAlone else { return }
        execution.isLeftAlone = true
        let pair = execution.basket.pair
        tell(
            .alert(
                TradeAlert(
                    "E_EXEC_EXPOSED", isCritical: true, pair: pair,
                    "\(exposed(execution, holding, residual)), and nothing closes them during the operator's halt. Try arb close-exposure --pair \(pair.name), or arb resume",
                    at: now)))
    }

    /// What stands alone, and where, in words.
    private func exposed(
        _ execution: Execution, _ holding: Holding, _ residual: (leg: Int, quantity: Quantity)
    ) -> String {
        // Where too much of an opposite was bought, that is what is held.
        let isOpposite = holding.isOpposite(1 - residual.leg)
        let leg = execution.basket.legs[isOpposite ? 1 - residual.leg : residual.leg]
        let outcome = isOpposite ? leg.outcome.opposite : leg.outcome
        let contract = catalog.contracts[Int(leg.instrument.index)]
        let cost =
            isOpposite
            ? positions.residual(of: execution.id)?.cost ?? .zero
            : holding.cost(of: residual.quantity, leg: residual.leg)
        return
            "EXPOSED $\(cost): \(residual.quantity) \(outcome.rawValue) of \(contract.symbol) at \(contract.venue.name) stand alone"
    }

    /// A person said that it may go on: what stands alone has its deadline anew, also what was given up.
    func closeAnew(_ pair: PairID?, _ now: Stamp) {
        for execution in open where execution.residualSince != nil {
            if let pair, execution.basket.pair != pair { continue }
            if execution.phase == .stuck { execution.phase = .closing }
            execution.residualSince = now.monotonic
        }
    }

    /// What an operator allowed for this execution, else the configuration.
    func closer(_ execution: Execution) -> AutoClose {
        guard let override = overrides[execution.id.sequence] else { return autoClose }
        var close = settings.close
        close.policy = .cheapest
        close.lossMax = override
        return AutoClose(close)
    }

    /// What closing has lost so far: the cost of what was sold or merged, less what it brought.
    func lossSoFar(_ execution: Execution, _ holding: Holding) -> Money {
        var loss: Int64 = 0
        for (index, leg) in holding.legs.enumerated() {
            let gone = leg.boughtQty.rawValue - leg.quantity.rawValue
            guard gone > 0 else { continue }
            let rate = mergeRates(execution.basket)[index]
            let merged = Int64(clamping: Int128(rate) * Int128(leg.oppositeQty.rawValue) / Int128(FixedPoint.one))
            loss += holding.cost(of: Quantity(rawValue: gone), leg: index).rawValue - leg.proceeds.rawValue
            loss += leg.oppositeCost.rawValue - merged
        }
        return Money(rawValue: loss)
    }

    func residualMarket(
        _ execution: Execution, _ holding: Holding, _ residual: (leg: Int, quantity: Quantity)
    ) -> ResidualMarket? {
        let leg = execution.basket.legs[residual.leg]
        let partner = execution.basket.legs[1 - residual.leg]
        let other = engine.market(partner.instrument, partner.outcome)
        let held = engine.market(leg.instrument, leg.outcome)
        guard held != nil || other != nil else { return nil }
        // Where its own book may not be used, only completing is left.
        guard let base = held ?? other else { return nil }
        let venue = venue(of: leg.instrument)
        // At Kalshi buying the opposite is selling; both would meet the same bids.
        let opposite = venue == .polymarket ? engine.market(leg.instrument, leg.outcome.opposite) : nil
        if holding.isOpposite(1 - residual.leg) {
            // Too much of the partner's opposite: only the partner's own outcome makes it whole. The tracker knows its cost.
            return ResidualMarket(
                held: base, partner: other, opposite: nil, quantity: residual.quantity,
                cost: positions.residual(of: execution.id)?.cost ?? .zero, sellable: .zero,
                payoffRate: payoffRate(execution.basket), mergeRate: mergeRates(execution.basket)[residual.leg])
        }
        return ResidualMarket(
            held: base, partner: other, opposite: opposite, quantity: residual.quantity,
            cost: holding.cost(of: residual.quantity, leg: residual.leg),
            sellable: held == nil ? .zero : sellable(leg, holding.legs[residual.leg], residual.quantity),
            payoffRate: payoffRate(execution.basket), mergeRate: mergeRates(execution.basket)[residual.leg])
    }

    /// Law 6: never more than is ours and open, and than the venue says is held.
    private func sellable(_ leg: BasketLeg, _ held: Holding.Leg, _ residual: Quantity) -> Quantity {
        let witnessed = confirmed[HeldKey(instrument: leg.instrument, outcome: leg.outcome)] ?? .zero
        var most = min(residual, witnessed)
        if venue(of: leg.instrument) == .polymarket { most = min(most, max(.zero, held.minedQty)) }
        return max(.zero, most)
    }

    // MARK: Time

    /// The next instant at which a turn has something to do.
    public var nextDeadline: MonotonicNanos? {
        guard lastCandidate != nil, let nextRehearsal else { return nextDue }
        return nextDue.map { min($0, nextRehearsal) } ?? nextRehearsal
    }

    /// The next instant at which `advance(to:)` has something to do.
    var nextDue: MonotonicNanos? {
        var next: MonotonicNanos?
        func consider(_ instant: MonotonicNanos?) {
            guard let instant else { return }
            next = next.map { min($0, instant) } ?? instant
        }
        for resolver in resolvers.values { consider(resolver.nextDeadline) }
        for instant in delayed.values { consider(instant) }
        for number in live {
            consider(executions[number]?.retryAt)
            consider(executions[number]?.rebuild?.until)
        }
        consider(nextSweep)
        consider(nextRead)
        return next
    }

    /// Begins: both accounts are read.
    public func start(at now: Stamp) {
        nextSweep = now.monotonic + settings.sweepInterval
        if settings.rehearsalInterval.rawValue > 0 { nextRehearsal = now.monotonic + settings.rehearsalInterval }
        readAll(now)
    }

    private func readAll(_ now: Stamp) {
        nextRead = now.monotonic + settings.readInterval
        // What an earlier run holds may have been paid while nobody looked.
        let isRecovered = executions.values.contains(where: \.isRecovered)
        let longAgo = now.utc + .seconds(-90 * 86_400)
        for venue in gateways.keys.sorted() {
            accounts.read(venue, since: readFrom(venue, now))
            let since = isRecovered ? longAgo : settlementsFrom(venue, now)
            accounts.readSettlements(venue, since: since, of: endedMarkets(venue, now))
        }
    }

    /// Time has passed: searches, held-back orders, residuals, reads.
    public func advance(to now: Stamp) {
        for index in resolvers.keys.sorted() { step(OrderHandle(index), now) }
        for index in delayed.keys.sorted() {
            guard let until = delayed[index], until <= now.monotonic else { continue }
            delayed[index] = nil
            let handle = OrderHandle(index)
            guard !registry[handle].state.isDone else { continue }
            registry.apply(.unknown(.timeout), to: handle, at: now)
            if let owner = owners[index], let execution = executions[owner] { advance(execution, now) }
        }
        for execution in open where execution.rebuild.map({ $0.until <= now.monotonic }) ?? false {
            advance(execution, now)
        }
        let isSweep = nextSweep.map { $0 <= now.monotonic } ?? false
        if isSweep { nextSweep = now.monotonic + settings.sweepInterval }
        for execution in open where execution.residualSince != nil {
            let isDue = execution.retryAt.map { $0 <= now.monotonic } ?? false
            if isSweep || isDue { advance(execution, now) }
        }
        if let due = nextRead, due <= now.monotonic { readAll(now) }
        if isSweep {
            renewSeconds(now)
            tellStrays(now, lag: settings.strayLag)
            closeBoxesEarly(now)
            forgetEnded(now)
        }
        tellBreaker()
    }

    /// Looks again at what stands alone where a book has changed since. Once a turn of the lane.
    public func booksChanged(at now: Stamp) {
        guard counters.residuals > 0 else { return }
        for execution in open where execution.residualSince != nil {
            let books = execution.basket.legs.map { engine.bookReceived($0.instrument) }
            if books != execution.lookedAt { advance(execution, now) }
        }
    }

    // MARK: Rates

    func holding(of execution: Execution) -> Holding {
        execution.holding(registry, settings.valuation, currencies(execution.basket))
    }

    func currencies(_ basket: Basket) -> [Currency] {
        basket.legs.map { leg in
            engine.terms(of: leg.instrument)?.currency ?? (venue(of: leg.instrument) == .kalshi ? .usd : .pusd)
        }
    }

    func payoffRate(_ basket: Basket) -> Int64 {
        let worst = currencies(basket).map { settings.valuation.receivedRate($0) }.min() ?? 0
        return Int64(clamping: Int128(basket.payoff.rawValue) * Int128(worst) / Int128(FixedPoint.one))
    }

    func mergeRates(_ basket: Basket) -> [Int64] { currencies(basket).map { settings.valuation.receivedRate($0) } }
}
