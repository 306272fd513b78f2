import Risk
import Trading

// The next step of an execution, from what all evidence says of its orders: wait, ask, send the second leg, close what
// stands alone, or be done. Called as often as anything changes; a call that finds nothing new does nothing.
extension Trader {
    func advance(_ execution: Execution, _ now: Stamp) {
        guard execution.phase != .done else {
            track(execution, now)
            return reopen(execution, now)
        }
        buryTombstones(execution, now)
        var isOpen = false
        for place in execution.orders.indices {
            let order = execution.orders[place]
            let state = registry[order.handle].state
            follow(order, state, now)
            if state.isDone {
                if execution.orders[place].ended == nil { execution.orders[place].ended = now.monotonic }
            } else {
                isOpen = true
            }
        }
        track(execution, now)
        // Law 1: while anything of it is unknown, no order goes out on any leg.
        guard !isOpen else { return tellUnknown(execution, now) }
        if execution.rebuild != nil {
            // Nothing of it leaves before it is known whether the leg does after all.
            if awaitsRebuild(execution, now) || sendRebuilt(execution, now) { return }
        }
        if let second = execution.second {
            execution.second = nil
            waitingSeconds -= 1
            if let slot = second.slot { gateway(of: second.order.instrument).giveBack(slot) }
            if sendSecond(second, of: execution, now) { return }
            reserve(execution)
        }
        settle(execution, now)
    }

    /// Keeps a search alive for an order of which nobody knows, and a clock for one that is held back.
    private func follow(_ order: ExecutionOrder, _ state: OrderState, _ now: Stamp) {
        let index = order.handle.index
        // A tombstone ends with what it was sent for.
        guard order.role != .tombstone else { return }
        if state.isDone {
            resolvers[index] = nil
            delayed[index] = nil
            overdue.remove(index)
            return
        }
        if state.isUnknown {
            guard resolvers[index] == nil else { return }
            delayed[index] = nil
            let record = registry[order.handle]
            let delay = engine.terms(of: state.order.instrument)?.takerDelay ?? .zero
            resolvers[index] = UnknownResolver(
                state.order, venue: order.venue, sentAt: (record.sentAt ?? record.intendedAt).monotonic,
                since: now.monotonic, marketDelay: delay, settings: settings.resolver)
            step(order.handle, now)
        } else if state.order.timeInForce.isImmediate, delayed[index] == nil {
            // Accepted, and not ended yet: held back by the market, or the end is still on its way.
            let held = state.isDelayed ? engine.terms(of: state.order.instrument)?.takerDelay ?? .zero : .zero
            delayed[index] =
                now.monotonic + Nanoseconds(rawValue: held.rawValue + Nanoseconds.seconds(5).rawValue)
        }
    }

    /// Asks what is due of one search.
    func step(_ handle: OrderHandle, _ now: Stamp) {
        guard let steps = resolvers[handle.index]?.steps(at: now.monotonic) else { return }
        let record = registry[handle]
        guard let owner = owners[handle.index], let execution = executions[owner] else { return }
        for step in steps {
            switch step {
            case .ask(let question):
                accounts.ask(
                    OrderInquiry(
                        question: question, venue: record.venue, order: record.state.order, orderID: record.orderID,
                        symbol: record.symbol, sentAt: record.sentAt ?? record.intendedAt,
                        tombstone: registry.findTombstone(record.state.order.clOrdID)
                            .map { registry[$0].state.order }))
            case .alert:
                halt(execution.basket.pair, .unknown, "an order is unknown")
                let age = resolvers[handle.index].map { now.monotonic - $0.since } ?? .zero
                gate.breaker.noteUnknown(pair: execution.basket.pair, age: age, at: now)
                overdue.insert(handle.index)
                gate.breaker.noteUnknown(overdue: overdue.count, at: now)
                tellBreaker()
                tell(
                    .alert(
                        TradeAlert(
                            "E_EXEC_BROKER_TIMEOUT", isCritical: true, pair: execution.basket.pair,
                            "UNKNOWN for 10 s: order \(record.state.order.clOrdID) at \(record.venue.name), \(record.state.exposureMax) contracts may be held; pair halted, still asking. See arb orders show \(record.state.order.clOrdID)",
                            at: now)))
            case .tombstone: sendTombstone(handle, execution, now)
            case .conclude(let proof):
                conclude(handle, proof, now)
                advance(execution, now)
            }
        }
    }

    /// Told once: the answers are in, and of some order nobody knows.
    private func tellUnknown(_ execution: Execution, _ now: Stamp) {
        let isAnswered = execution.orders.allSatisfy { $0.report != nil || execution.isRecovered }
        guard isAnswered, execution.told == nil,
            execution.orders.contains(where: { registry[$0.handle].state.isUnknown })
        else { return }
        tellResult(execution, .unknown, now)
    }

    // MARK: One leg after the other

    /// Sends the leg that waited, at the size of the first's fills.
    ///
    /// - Returns: true when it left; else what the first filled stands alone.
    private func sendSecond(_ second: Execution.PendingLeg, of execution: Execution, _ now: Stamp) -> Bool {
        let filled = filledLegs(execution, but: second.leg)
        guard filled.rawValue > 0, !haltFlag.isRaised, gate.killSwitch.allows(.autoClose) else { return false }
        guard let market = engine.market(second.order.instrument, second.order.outcome) else { return false }
        let wanted = min(filled, second.order.orderQty).floored(to: market.lot)
        guard wanted.rawValue > 0, let planned = try? LegWalk.quote(wanted, market),
            planned.limitPx <= second.order.price
        else { return false }
        var order = second.order
        order.clOrdID = newID()
        order.orderQty = planned.orderQty
        if order.cashOrderQty != nil { order.cashOrderQty = min(planned.cost, order.cashOrderQty ?? planned.cost) }
        return sendAlone(order, .leg, leg: second.leg, of: execution, now) == nil
    }

    /// Makes the slots of legs that wait anew: a signature ages, and a connection may have ended.
    func renewSeconds(_ now: Stamp) {
        guard waitingSeconds > 0 else { return }
        for execution in open {
            guard var second = execution.second else { continue }
            let gateway = gateway(of: second.order.instrument)
            if let slot = second.slot { gateway.giveBack(slot) }
            second.slot = try? gateway.prepare(second.order, at: now)
            execution.second = second
        }
    }

    // MARK: The end

    /// Every order has ended: what is whole is a box, what stands alone is closed.
    private func settle(_ execution: Execution, _ now: Stamp) {
        let holding = holding(of: execution)
        guard let residual = standing(execution, holding) else { return finish(execution, holding, now) }
        if execution.residualSince == nil {
            execution.residualSince = now.monotonic
            execution.phase = .closing
            counters.residuals &+= 1  // bounded by executions
            if execution.told == nil || execution.told == .unknown { tellResult(execution, .unwound, now) }
            report(execution, holding, residual, .found, nil, "", now)
        }
        close(execution, holding, residual, now)
    }

    func finish(_ execution: Execution, _ holding: Holding, _ now: Stamp) {
        let wasAlone = execution.residualSince != nil
        end(execution, now)
        positions.setClosing(execution.id, false)
        execution.residualSince = nil
        inFlight.release(execution.claim, execution.basket.legs)
        let boxed = holding.boxed
        let rate = payoffRate(execution.basket)
        let net = net(of: execution)
        let isSold = execution.isClosingEarly && !wasAlone
        let kind = isSold ? execution.told ?? .filled : kind(execution, holding)
        if wasAlone || !isSold && execution.orders.contains(where: { $0.role != .leg && $0.role != .tombstone }) {
            let worst = holding.legs.indices.max { holding.legs[$0].quantity < holding.legs[$1].quantity } ?? 0
            report(execution, holding, (worst, holding.residual?.quantity ?? .zero), .closed, nil, "", now)
        }
        if holding.legs.contains(where: { $0.boughtQty.rawValue > 0 }) {
            let payoff = Money(
                rawValue: Int64(clamping: Int128(rate) * Int128(boxed.rawValue) / Int128(FixedPoint.one)))
            tell(
                .box(
                    BoxReport(
                        execution: execution.id, basket: execution.basket.id, pair: execution.basket.pair,
                        state: positions.box(of: execution.id)?.state ?? .settled, quantity: boxed,
                        cost: Money(rawValue: payoff.rawValue - net.rawValue), payoff: payoff,
                        net: net, netChange: execution.change(to: net),
                        dust: holding.legs.map { Quantity(rawValue: max(0, $0.quantity.rawValue - boxed.rawValue)) },
                        payoutAt: positions.plan(of: execution.id)?.payoutAt, openedAt: execution.decided.utc, at: now))
            )
        }
        // Of this run: what was taken up is told again and was filled long ago. Bounded by executions.
        if kind == .filled, !execution.isRecovered { counters.filled &+= 1 }
        tellResult(execution, kind, now, net: net)
        conclude(execution, now)
        tellBreaker()
        becomeReady(now)
    }

    /// Evidence after the end: a late fill, or one that the chain undid.
    private func reopen(_ execution: Execution, _ now: Stamp) {
        let holding = holding(of: execution)
        guard let residual = standing(execution, holding) else { return conclude(execution, now) }
        guard execution.residualSince == nil else { return }
        // The markets may be another's by now: then a person must look, for two owners of one market close twice.
        guard let claim = inFlight.claim(execution.basket.legs) else {
            execution.residualSince = now.monotonic
            halt(execution.basket.pair, .stuck, "late evidence of \(execution.id) while its markets are in use")
            tell(
                .alert(
                    TradeAlert(
                        "E_EXEC_LATE_FILL", isCritical: true, pair: execution.basket.pair,
                        "\(execution.id): \(residual.quantity) contracts stand alone after its end; pair halted. Close them with arb close-exposure --pair",
                        at: now)))
            return
        }
        execution.reclaim(claim)
        execution.phase = .working
        live.insert(execution.id.sequence)
        advance(execution, now)
    }

    private func kind(_ execution: Execution, _ holding: Holding) -> ExecutionResult.Kind {
        if execution.orders.contains(where: { $0.role != .leg && $0.role != .tombstone }) { return .unwound }
        if holding.legs.allSatisfy({ $0.boughtQty.rawValue == 0 }) { return .missed }
        let legs = execution.orders.filter { $0.role == .leg && !$0.isReplaced }
        let isWhole = legs.allSatisfy { registry[$0.handle].state.ordStatus == .filled }
        return isWhole && legs.count >= 2 ? .filled : .partial
    }

    // MARK: Words

    func tellResult(_ execution: Execution, _ kind: ExecutionResult.Kind, _ now: Stamp, net: Money? = nil) {
        execution.told = kind
        let legs = execution.orders.filter { $0.role == .leg && !$0.isReplaced }.map { executed($0) }
        tell(
            .result(
                ExecutionResult(
                    id: execution.id, opportunity: execution.opportunity, basket: execution.basket.id, kind: kind,
                    edgeExpected: execution.plan.net, edgeRealized: net, legs: legs, stamps: execution.stamps,
                    decidedAt: execution.decided.utc, told: now.monotonic,
                    error: legs.map(\.error).filter { !$0.isEmpty }.joined(separator: "; "))))
    }

    private func executed(_ order: ExecutionOrder) -> ExecutedLeg {
        let record = registry[order.handle]
        let state = record.state
        var leg = ExecutedLeg(state.order, venue: order.venue, symbol: record.symbol)
        leg.cumQty = state.cumQty
        leg.avgPx = state.avgPx
        leg.cash = state.cumCash
        leg.fee = state.isFeeTold ? state.fees : nil
        leg.orderID = record.orderID
        leg.ordStatus = state.ordStatus
        leg.isUnknown = state.isUnknown
        leg.stamps = order.report?.stamps
        leg.filled = order.ended
        if state.isUnknown {
            leg.error = "E_EXEC_BROKER_TIMEOUT nobody knows yet what became of it"
        } else if let rejection = state.venueRejection {
            leg.error = "E_EXEC_BROKER_REJECTED \(rejection.code) \(rejection.text)"
        } else if let refusal = state.localRefusal {
            leg.error = "\(refusal.kind.rawValue) \(refusal.text)"
        }
        return leg
    }

    func report(
        _ execution: Execution, _ holding: Holding, _ residual: (leg: Int, quantity: Quantity),
        _ phase: ResidualReport.Phase, _ way: CloseWay?, _ text: String, _ now: Stamp
    ) {
        let leg = execution.basket.legs[residual.leg]
        let contract = catalog.contracts[Int(leg.instrument.index)]
        tell(
            .residual(
                ResidualReport(
                    execution: execution.id, pair: execution.basket.pair, phase: phase, venue: contract.venue,
                    symbol: contract.symbol, outcome: leg.outcome, quantity: residual.quantity,
                    cost: holding.cost(of: residual.quantity, leg: residual.leg), way: way, text: text, at: now)))
    }
}
