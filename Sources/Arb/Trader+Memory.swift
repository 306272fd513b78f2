import Risk
import Trading

// What is here and what is forgotten. An execution stays as long as anything of it may still change; then its history is
// the ledger's, and of its orders only the venue's names are kept, so that nobody takes them for another's.
extension Trader {
    /// Executions that are not done, oldest first.
    var open: [Execution] { live.sorted().compactMap { executions[$0] } }

    /// Executions that are here: those that are not done, those that hold something, and those that ended of late.
    public var kept: Int { executions.count }

    /// Orders that are here.
    public var keptOrders: Int { registry.count }

    /// False when as much is open, or held, as can be followed.
    var hasRoom: Bool {
        live.count < settings.executionsMax && executions.count < PositionTracker.executionsMax
    }

    /// False when a fire now would leave none for a leg that waits for its turn.
    var hasSeat: Bool {
        guard let fires else { return false }
        return fires.underWay + waitingSeconds + (settings.legOrder == .both ? 0 : 1) < settings.seats
    }

    /// Asks for the memory of the next fire, while there is time.
    func makeReady() {
        if let newCandidate {
            lastCandidate = newCandidate.detached
            self.newCandidate = nil
        }
        if spare == nil, let basket = catalog.baskets.first { spare = Execution(blank: basket) }
        sizer.makeRoom()
    }

    /// An execution of a candidate; the one made ahead where there is one.
    func made(
        _ id: ExecutionID, _ candidate: EntryCandidate, _ plan: BasketPlan, _ now: Stamp, _ stamps: ExecutionStamps,
        _ claim: InFlight.Claim
    ) -> Execution {
        let execution = spare ?? Execution(blank: candidate.basket)
        spare = nil
        execution.begin(
            id, candidate.basket, opportunity: candidate.opportunity, plan, decided: now, stamps, claim)
        return execution
    }

    func keep(_ execution: Execution) {
        executions[execution.id.sequence] = execution
        live.insert(execution.id.sequence)
    }

    /// Nothing is left to do; it is forgotten when nothing can come any more.
    func end(_ execution: Execution, _ now: Stamp) {
        execution.phase = .done
        live.remove(execution.id.sequence)
        execution.endedAt = now.monotonic
        if !execution.isInLine { ended.append(execution.id.sequence) }
        execution.isInLine = true
        if ended.count > settings.endedMax { forgetEnded(now) }
    }

    /// Forgets what is over. What is not over yet goes to the end of the line: at most `Self.looksMax` are looked at.
    func forgetEnded(_ now: Stamp) {
        var looks = min(ended.count, Self.looksMax)
        while looks > 0, let number = ended.popFirst() {
            looks -= 1
            guard let execution = executions[number] else { continue }
            execution.isInLine = false
            if forget(execution, now) { continue }
            // One that was taken up again comes back into the line with its end.
            guard execution.phase == .done else { continue }
            execution.isInLine = true
            ended.append(number)
        }
    }

    private static let looksMax = 256

    private func forget(_ execution: Execution, _ now: Stamp) -> Bool {
        guard execution.phase == .done, execution.residualSince == nil, execution.reservation == nil,
            positions.isOver(execution.id), let endedAt = execution.endedAt
        else { return false }
        // A late report is a matter of seconds. Under pressure that is all that is waited for.
        let age = ended.count >= settings.endedMax ? settings.endedAgeMin : settings.endedAge
        guard now.monotonic - endedAt >= age, execution.orders.allSatisfy({ isFinal($0) }) else { return false }
        guard positions.forget(execution.id) else { return false }
        for order in execution.orders {
            let index = order.handle.index
            owners[index] = nil
            resolvers[index] = nil
            delayed[index] = nil
            registry.retire(order.handle)
        }
        overrides[execution.id.sequence] = nil
        executions[execution.id.sequence] = nil
        counters.forgotten &+= 1  // bounded by executions
        return true
    }

    /// True when nothing that is told of it can change what it came to: every fill is final, and its fee is known.
    func isFinal(_ order: ExecutionOrder) -> Bool {
        let state = registry[order.handle].state
        // A stream may be ahead of the reply.
        guard state.isDone, order.report != nil || order.isAdopted else { return false }
        if state.cumQty.rawValue == 0 { return true }
        return state.isFeeWhole && (order.venue == .kalshi || state.confirmedQty == state.cumQty)
    }

    /// More was told of an order that was forgotten than it had come to: it is nobody's now, so a person must look.
    func toldTooLate(_ name: String, _ symbol: String, _ venue: VenueID, _ now: Stamp) {
        for pair in pairs(trading: symbol, at: venue) {
            guard halt(pair, .drift, "late word of an order that was over: \(name)") else {
                continue
            }
            tell(
                .alert(
                    TradeAlert(
                        "E_EXEC_LATE_FILL", isCritical: true, pair: pair,
                        "order \(name) at \(venue.name) ended long ago, and more is told of it now; pair halted, nothing is ordered. See arb reconcile --explain",
                        at: now)))
        }
    }

    /// Pairs that trade a market, by its venue's name of it.
    func pairs(trading symbol: String, at venue: VenueID) -> [PairID] {
        guard let instrument = instruments[MarketKey(venue: venue, symbol: symbol)] else { return [] }
        var found: [PairID] = []
        for basket in catalog.baskets
        where basket.legs.contains(where: { $0.instrument == instrument }) && !found.contains(basket.pair) {
            found.append(basket.pair)
        }
        return found
    }
}
