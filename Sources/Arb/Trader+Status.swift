public import Risk
public import Trading

// What is held and what may be: for the gate, for status, for an operator's hand.
extension Trader {
    /// What an execution may cost at worst: open orders count as filled, unknown ones as filled and as open (law 1).
    func exposure(of execution: Execution, _ now: Stamp) -> ExecutionExposure {
        let currencies = currencies(execution.basket)
        let holding = holding(of: execution)
        var exposure = ExecutionExposure()
        var isOpen = false
        for index in 0..<2 {
            let held = Quantity(rawValue: max(0, holding.legs[index].quantity.rawValue))
            exposure[index].locked = holding.cost(of: held, leg: index)
            exposure.gross = Money(rawValue: exposure.gross.rawValue + held.rawValue)
            exposure[index].doneAt = now.utc
        }
        for order in execution.orders where order.role != .tombstone {
            let state = registry[order.handle].state
            let isBuy = state.order.side == .buy
            if !state.isDone {
                isOpen = true
                exposure[order.leg].openOrders += 1
                if state.isUnknown { exposure[order.leg].unknownOrders += 1 }
                exposure[order.leg].doneAt = nil
            }
            guard isBuy else { continue }
            let most = state.isDone ? state.cumCash : state.cashMax
            let cash = Money(rawValue: most.rawValue + state.fees.rawValue)
            exposure[order.leg].cash = Money(rawValue: exposure[order.leg].cash.rawValue + cash.rawValue)
            guard !state.isDone else { continue }
            let more = Money(rawValue: max(0, most.rawValue - state.cumCash.rawValue))
            let dollars = (try? settings.valuation.spent(more, currencies[order.leg])) ?? more
            exposure[order.leg].locked = Money(rawValue: exposure[order.leg].locked.rawValue + dollars.rawValue)
            let open = max(0, state.exposureMax.rawValue - state.cumQty.rawValue)
            exposure.gross = Money(rawValue: exposure.gross.rawValue + open)
        }
        if isOpen {
            exposure.net = max(exposure.first.locked, exposure.second.locked)
        } else if let residual = holding.residual {
            exposure.net = holding.cost(of: residual.quantity, leg: residual.leg)
        }
        // No entry was approved whose leg could lose more than that when it is got rid of (law 10).
        let mayLose = isOpen || execution.residualSince != nil
        exposure.lossAtRisk = mayLose ? min(exposure.net, settings.oneLegLossMax) : .zero
        return exposure
    }

    /// Instruments that are claimed.
    public var claims: Int { inFlight.count }
    /// Capital that is locked or may come to be. Unit: USD.
    public var reserved: Money { gate.totals.open }
    /// Orders of which nobody knows what became.
    public var unknownLegs: Int { resolvers.count }

    /// Stops everything but cancels and an operator's own close.
    public func haltByOperator(_ reason: String, at now: Stamp) { gate.killSwitch.halt(.operator, reason: reason) }

    /// Takes no entries of a pair any more.
    public func haltPair(_ pair: PairID, _ reason: String, at now: Stamp) { halt(pair, .operator, reason) }

    /// Lets one pair, or everything, go on.
    ///
    /// - Returns: why not; nil when it does.
    public func resume(pair: PairID?, acceptExposure: Bool, at now: Stamp) -> String? {
        if let pair {
            if !acceptExposure, open.contains(where: { $0.basket.pair == pair && hasUnknown($0) }) {
                return "E_EXEC_RESUME_REFUSED an order of \(pair.name) is unknown"
            }
            for cause in RiskGate.Suspension.allCases { gate.lift(pair, cause) }
            haltReasons[pair] = nil
            gate.breaker.resume(.pair(pair), at: now)
            tellBreaker()
            return nil
        }
        do throws(KillSwitch.ResumeRefusal) {
            try gate.killSwitch.resume(
                unknownLegs: unknownLegs, acceptExposure: acceptExposure ? "accepted by the operator" : nil)
        } catch {
            return "\(error.code) \(unknownLegs) orders are unknown"
        }
        gate.breaker.resumeAll(at: now)
        for pair in Set(catalog.baskets.map(\.pair)) {
            for cause in RiskGate.Suspension.allCases where cause != .foreign && cause != .rules { gate.lift(pair, cause) }
        }
        haltReasons = [:]
        tellBreaker()
        for execution in open where execution.phase == .stuck { execution.phase = .closing }
        return nil
    }

    private func hasUnknown(_ execution: Execution) -> Bool {
        execution.orders.contains { registry[$0.handle].state.isUnknown }
    }
}
