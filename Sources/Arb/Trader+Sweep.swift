import Risk
public import Trading

/// What an operator wants closed, and within which bounds.
public struct SweepOrder: Sendable, Hashable {
    /// One pair alone; nil: all.
    public var pair: PairID?
    /// Most that closing one execution may lose, what it lost already included; nil: as configured. Unit: USD.
    public var lossMax: Money?
    /// Least prices of sales, by venue.
    public var floors: [VenueID: Price] = [:]

    /// Everything, as configured.
    public init() {}
}

/// One execution that is not in order: what stands alone, what each way would cost, which one is taken.
public struct SweepRow: Sendable, Hashable {
    /// Which.
    public let execution: ExecutionID
    /// Its pair.
    public let pair: PairID
    /// Where the contracts are; of an unknown order alone, where it went.
    public let venue: VenueID
    /// Ticker, or condition id.
    public let symbol: String
    /// The outcome held.
    public let outcome: Outcome
    /// Contracts that stand alone, as far as it is known.
    public let quantity: Quantity
    /// What they cost. Unit: USD.
    public let cost: Money
    /// What closing has lost so far. Unit: USD.
    public let spent: Money
    /// Orders of it of which nobody knows what became: nothing is closed before that is known.
    public let unknown: [ClOrdID]
    /// Every way; empty where no book may be used.
    public let ways: [AutoClose.WayQuote]
    /// The one that would be taken now.
    public let chosen: ClosePlan?
    /// Why none is; nil where one is.
    public let hold: AutoClose.Hold?
}

// An operator's hand on what stands alone: the machine's own closing, with other bounds, and through an operator's halt.
extension Trader {
    /// What is not in order, oldest first: contracts that stand alone, and orders of which nobody knows.
    public func sweepRows(_ order: SweepOrder, at now: Stamp) -> [SweepRow] {
        executions.values
            .filter { order.pair == nil || $0.basket.pair == order.pair }
            .sorted { ($0.id.run, $0.id.sequence) < ($1.id.run, $1.id.sequence) }
            .compactMap { row($0, order, now) }
    }

    private func row(_ execution: Execution, _ order: SweepOrder, _ now: Stamp) -> SweepRow? {
        let unknown = execution.orders.filter {
            registry[$0.handle].state.isUnknown && !registry[$0.handle].state.isDone
        }
        let names = unknown.map { registry[$0.handle].state.order.clOrdID }
        let holding = holding(of: execution)
        guard let residual = standing(execution, holding) else {
            guard let first = unknown.first else { return nil }
            let record = registry[first.handle]
            return SweepRow(
                execution: execution.id, pair: execution.basket.pair, venue: record.venue, symbol: record.symbol,
                outcome: record.state.order.outcome, quantity: .zero, cost: .zero, spent: .zero, unknown: names,
                ways: [], chosen: nil, hold: nil)
        }
        // An order that is merely on its way is no business of an operator's.
        guard execution.residualSince != nil || !unknown.isEmpty else { return nil }
        let leg = execution.basket.legs[residual.leg]
        let contract = catalog.contracts[Int(leg.instrument.index)]
        let spent = lossSoFar(execution, holding)
        var ways: [AutoClose.WayQuote] = []
        var decision = AutoClose.Decision.hold(.noDepth)
        if let market = residualMarket(execution, holding, residual) {
            let close = closer(within: overrides[execution.id.sequence] ?? order.lossMax)
            let floor = order.floors[contract.venue] ?? floors[contract.venue]
            ways = close.quotes(market, spent: spent, floor: floor)
            decision = close.decide(market, spent: spent, toClose: nil, floor: floor)
        }
        var chosen: ClosePlan?
        var hold: AutoClose.Hold?
        switch decision {
        case .order(let plan): chosen = plan
        case .hold(let why): hold = why
        }
        return SweepRow(
            execution: execution.id, pair: execution.basket.pair, venue: contract.venue, symbol: contract.symbol,
            outcome: leg.outcome, quantity: residual.quantity,
            cost: holding.cost(of: residual.quantity, leg: residual.leg), spent: spent, unknown: names, ways: ways,
            chosen: names.isEmpty ? chosen : nil, hold: hold)
    }

    private func closer(within lossMax: Money?) -> AutoClose {
        var close = settings.close
        close.policy = .cheapest
        close.lossMax = lossMax ?? close.lossMax
        return AutoClose(close)
    }

    /// Begins to close what stands alone within these bounds, also what the machine gave up, also during an operator's halt.
    /// It goes on as books and answers come, until `endSweep`.
    ///
    /// - Returns: the executions that it is about.
    public func beginSweep(_ order: SweepOrder, at now: Stamp) -> [ExecutionID] {
        floors = order.floors
        let rows = sweepRows(order, at: now)
        for row in rows {
            guard let execution = executions[row.execution.sequence], execution.id == row.execution else { continue }
            overrides[execution.id.sequence] = order.lossMax ?? settings.close.lossMax
            guard execution.residualSince != nil else { continue }
            if execution.phase == .done {
                // Late evidence found its markets in use: taken again now, or left for the next sweep.
                guard let claim = inFlight.claim(execution.basket.legs) else { continue }
                execution.reclaim(claim)
                execution.phase = .working
                live.insert(execution.id.sequence)
            }
            if execution.phase == .stuck { execution.phase = .closing }
            execution.residualSince = now.monotonic
            execution.retryAt = nil
            advance(execution, now)
        }
        return rows.map(\.execution)
    }

    /// The operator's bounds hold no longer.
    public func endSweep(_ executions: [ExecutionID]) {
        floors = [:]
        for id in executions { overrides[id.sequence] = nil }
    }

    /// Takes an unknown order for one that never entered, on an operator's word alone: kept with the order.
    ///
    /// - Returns: why not; nil when it was done.
    public func assumeUnfilled(_ name: String, by who: String, at now: Stamp) -> String? {
        let found = resolvers.keys.filter {
            registry[OrderHandle($0)].state.order.clOrdID.description.hasPrefix(name.lowercased())
        }
        guard let index = found.first, found.count == 1, let owner = owners[index], let execution = executions[owner]
        else { return found.isEmpty ? "no unknown order is called '\(name)'" : "'\(name)' is the beginning of several" }
        let handle = OrderHandle(index)
        let tombstone = registry.findTombstone(registry[handle].state.order.clOrdID)
        for handle in [handle] + (tombstone.map { [$0] } ?? []) where !registry[handle].state.isDone {
            conclude(handle, "assumed by \(who)", now)
        }
        advance(execution, now)
        return nil
    }
}
