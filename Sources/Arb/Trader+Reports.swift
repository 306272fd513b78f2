import Risk
public import Trading

// What comes back: replies of the fires, user streams, reads. All of it is joined into the registry first; then the
// execution it belongs to takes its next step, whatever the order in which things came.
extension Trader {
    /// A fire is over: each of its orders has an answer or a deadline.
    func fired(_ tag: UInt64, _ first: LegReport, _ second: LegReport?, at now: Stamp) {
        tellAll()
        guard let execution = executions[UInt32(truncatingIfNeeded: tag >> 16)] else { return }
        let place = Int(tag >> 1 & 0x7FFF)
        let wasDone = execution.phase == .done
        took(first, execution, place, now)
        if let second { took(second, execution, place + 1, now) }
        advance(execution, now)
        // A private stream may have told its end before the reply: the reply has the stamps, so it is told once more.
        guard wasDone, execution.phase == .done, let told = execution.told else { return }
        tellResult(execution, told, now, net: net(of: execution))
    }

    private func took(_ report: LegReport, _ execution: Execution, _ place: Int, _ now: Stamp) {
        let order = execution.orders[place]
        execution.orders[place].report = report
        if order.role == .tombstone { return tookTombstone(report, order, now) }
        sold(registry.apply(report, to: order.handle, at: now), order.handle)
        heard(order.handle, report.event, .reply, report.transactTime, now)
        count(report, execution.id, execution.basket.pair, order, now)
        if case .notSent = report.outcome { journal.withdraw(report.clOrdID, isTombstone: false) }
        if case .rejected(let rejection) = report.outcome, rejection.kind == .version {
            misrouted(execution, place, now)
        }
    }

    /// What the breaker learns of a reply.
    private func count(
        _ report: LegReport, _ id: ExecutionID, _ pair: PairID, _ order: ExecutionOrder, _ now: Stamp
    ) {
        var latency: Nanoseconds?
        if let sent = report.stamps.sent, let acked = report.stamps.acked { latency = acked - sent }
        gate.breaker.record(
            BreakerSignal(report.outcome), execution: id, pair: pair, venue: order.venue, latency: latency, at: now)
        tellBreaker()
    }

    /// Passes on what the breaker did.
    func tellBreaker() {
        for event in gate.breaker.takeEvents() {
            tell(.breaker(event))
            guard event.kind == .opened else { continue }
            var pair: PairID?
            if case .pair(let named) = event.scope { pair = named }
            tell(
                .alert(
                    TradeAlert(
                        "E_EXEC_CIRCUIT_OPEN", isCritical: true, pair: pair,
                        "\(event.text); entries stopped, closing goes on. See arb status; arb resume when it is understood",
                        at: clock.now())))
        }
    }

    /// An event of an order joined: the ledger is told, and what hangs on it is looked at.
    func heard(
        _ handle: OrderHandle, _ event: OrderEvent, _ source: EvidenceSource, _ transactTime: UTCNanos?, _ now: Stamp
    ) {
        let record = registry[handle]
        tell(
            .heard(
                HeardOrder(
                    clOrdID: record.state.order.clOrdID, isTombstone: record.state.order.purpose == .tombstone,
                    orderID: record.orderID, event: event, source: source, transactTime: transactTime, at: now,
                    state: record.state)))
        if record.state.cumQty.rawValue > 0 { noteFill(record.state.order.instrument, now.monotonic) }
    }

    /// Tells on what was heard before anybody knew whose it was: the ledger has every event that an order's state is made of.
    func tellClaimed(_ now: Stamp) {
        for (handle, report, change) in registry.takeClaimed() {
            guard registry.isKept(handle) else { continue }
            sold(change, handle)
            let own = registry[handle].state.order.outcome
            heard(handle, report.event(trading: own), report.source, report.transactTime, now)
            anomalies(change.anomalies, handle, now)
            if let owner = owners[handle.index], let execution = executions[owner] { advance(execution, now) }
        }
    }

    private func joined(_ told: ExecutionReport, at now: Stamp) {
        let report = priced(told)
        let reception = registry.apply(report, at: now)
        if case .retired(isMore: true) = reception {
            return toldTooLate(report.orderID?.text ?? "without a name", report.symbol, report.venue, now)
        }
        guard case .ours(let handle, let change) = reception, change.isNews else { return }
        sold(change, handle)
        let own = registry[handle].state.order.outcome
        heard(handle, report.event(trading: own), report.source, report.transactTime, now)
        anomalies(change.anomalies, handle, now)
        if let owner = owners[handle.index], let execution = executions[owner] { advance(execution, now) }
    }

    /// A fill whose fee the venue does not tell (Polymarket) has the one of its schedule: what it will be charged.
    private func priced(_ report: ExecutionReport) -> ExecutionReport {
        guard case .fill(let fill) = report.event,
            let instrument = instruments[MarketKey(venue: report.venue, symbol: report.symbol)],
            let priced = priced(fill, of: instrument)
        else { return report }
        return ExecutionReport(
            venue: report.venue, orderID: report.orderID, clOrdID: report.clOrdID, symbol: report.symbol,
            event: .fill(priced), outcome: report.outcome, source: report.source, transactTime: report.transactTime)
    }

    /// The fee of a fill is the same for a purchase at a price and a sale at it, wherever a venue does not tell it.
    private func priced(_ fill: Fill, of instrument: InstrumentID) -> Fill? {
        guard fill.fee == nil, let fees = engine.fees(of: instrument) else { return nil }
        var state = FeeState()
        guard let fee = try? fees.buyFee(fill.lastPx, fill.lastQty, fill.liquidity, &state) else { return nil }
        return Fill(
            execID: fill.execID, lastQty: fill.lastQty, lastPx: fill.lastPx, fee: fee, liquidity: fill.liquidity,
            settlement: fill.settlement)
    }

    private func priced(_ listed: VenueFill, at venue: VenueID) -> VenueFill {
        guard let instrument = instruments[MarketKey(venue: venue, symbol: listed.symbol)],
            let fill = priced(listed.fill, of: instrument)
        else { return listed }
        return VenueFill(
            orderID: listed.orderID, symbol: listed.symbol, token: listed.token, outcome: listed.outcome,
            side: listed.side, fill: fill, transactTime: listed.transactTime)
    }

    /// What we sold is no longer held, whatever the venue last said: its next word may be late.
    private func sold(_ change: OrderChange, _ handle: OrderHandle) {
        let order = registry[handle].state.order
        guard order.side == .sell, change.cumQtyChange.rawValue > 0 else { return }
        let key = HeldKey(instrument: order.instrument, outcome: order.outcome)
        guard let known = confirmed[key] else { return }
        confirmed[key] = Quantity(rawValue: max(0, known.rawValue - change.cumQtyChange.rawValue))
    }

    /// What does not fit together is booked all the same, and stops entries until a person has looked.
    private func anomalies(_ found: OrderAnomalies, _ handle: OrderHandle, _ now: Stamp) {
        let grave = found.intersection([.overfill, .voided, .contradiction, .tooManyFills, .settlementDiffers])
        guard !grave.isEmpty else { return }
        let record = registry[handle]
        let pair = owners[handle.index].flatMap { executions[$0]?.basket.pair }
        if let pair {
            let state = record.state
            if found.contains(.overfill) {
                let excess = Quantity(rawValue: max(1, state.cumQty.rawValue - state.order.orderQty.rawValue))
                gate.breaker.noteOverfill(pair: pair, excess: excess, at: now)
            }
            if found.contains(.voided) {
                gate.breaker.noteSettlementFailed(pair: pair, quantity: state.voidedQty, at: now)
            }
            tellBreaker()
            halt(pair, .drift, "order \(state.order.clOrdID): \(found.words.joined(separator: ", "))")
        }
        tell(
            .alert(
                TradeAlert(
                    "E_EXEC_ANOMALY", isCritical: true, pair: pair,
                    "order \(record.state.order.clOrdID) at \(record.venue.name): \(found.words.joined(separator: ", ")); booked as told, pair halted: look at arb orders show",
                    at: now)))
    }

    /// No entry on this pair until `resume --pair`; what is open goes on being closed.
    ///
    /// - Returns: false when that cause stood already.
    @discardableResult
    func halt(_ pair: PairID, _ cause: RiskGate.Suspension, _ why: String) -> Bool {
        guard gate.suspend(pair, cause) else { return false }
        haltReasons[pair] = why
        tellSuspension(pair)
        counters.pairHalts &+= 1  // bounded by executions
        return true
    }
}

extension Trader: OrderSink {
    /// Something was told of an order, ours or another's.
    public func apply(_ report: ExecutionReport) { joined(report, at: now) }

    /// What the venue says is held: bounds a sale, never makes one.
    public func apply(_ position: VenuePosition) {
        guard let instrument = instruments[MarketKey(venue: position.venue, symbol: position.symbol)] else { return }
        confirmed[HeldKey(instrument: instrument, outcome: position.outcome)] = position.quantity
        if position.venue == .kalshi {
            confirmed[HeldKey(instrument: instrument, outcome: position.outcome.opposite)] = .zero
        }
        let now = now
        for execution in open where execution.residualSince != nil {
            guard execution.basket.legs.contains(where: { $0.instrument == instrument }) else { continue }
            // This is what it waited for.
            if execution.hold == .unconfirmed { execution.retryAt = nil }
            advance(execution, now)
        }
    }

    /// Reports may have been missed: both the orders and the fills since then are read.
    public func gap(_ venue: VenueID, since: UTCNanos) {
        registry.gap(venue)
        accounts.read(venue, since: since)
    }

    /// Passed on.
    public func note(_ notice: FeedNotice) { engine.note(notice) }
}

// Reads of the accounts.
extension Trader {
    /// A read came back.
    public func answered(_ answer: AccountAnswer, at now: Stamp) {
        switch answer {
        case .snapshot(let snapshot): took(snapshot, now)
        case .reports(let reports): for report in reports { joined(report, at: now) }
        case .listed(let orders, let venue): for order in orders { listed(order, venue, now) }
        case .finding(let finding, let clOrdID, _):
            guard let handle = registry.find(clOrdID) else { return }
            resolvers[handle.index]?.found(finding)
            step(handle, now)
        case .rerouted(let instrument, let isElsewhere): rerouted(instrument, isElsewhere, now)
        case .failed: counters.readsFailed &+= 1  // bounded by reads
        }
    }

    private func took(_ snapshot: AccountSnapshot, _ now: Stamp) {
        for listed in snapshot.fills {
            let fill = priced(listed, at: snapshot.venue)
            reception(
                registry.apply(fill, venue: snapshot.venue, at: now), OrderEvent.fill(fill.fill), fill.outcome, now)
        }
        for order in snapshot.doneOrders { listed(order, snapshot.venue, now) }
        for order in snapshot.openOrders { listed(order, snapshot.venue, now) }
        registry.wasRead(snapshot.venue)
        lastRead[snapshot.venue] = snapshot.asOf
        confirmed = confirmed.filter { venue(of: $0.key.instrument) != snapshot.venue }
        for position in snapshot.positions { apply(position) }
        gate.set(snapshot.balances, asOf: snapshot.asOf)
        compare(snapshot, now)
        if unread.remove(snapshot.venue) != nil { becomeReady(now) }
    }

    private func listed(_ order: VenueOrder, _ venue: VenueID, _ now: Stamp) {
        let told = registry.apply(order, venue: venue, at: now)
        if case .retired(isMore: true) = told { toldTooLate(order.orderID.text, order.symbol, venue, now) }
        reception(told, OrderEvent.summary(order.summary), order.outcome, now)
    }

    /// - Parameter outcome: whose prices were listed; the ledger is told those of the outcome that the order trades.
    private func reception(
        _ reception: OrderRegistry.Reception, _ event: OrderEvent, _ outcome: Outcome?, _ now: Stamp
    ) {
        guard case .ours(let handle, let change) = reception, change.isNews else { return }
        sold(change, handle)
        let record = registry[handle]
        let listed = ExecutionReport(
            venue: record.venue, orderID: record.orderID, clOrdID: nil, symbol: record.symbol, event: event,
            outcome: outcome, source: .query, transactTime: nil)
        heard(handle, listed.event(trading: record.state.order.outcome), .query, nil, now)
        anomalies(change.anomalies, handle, now)
        if let owner = owners[handle.index], let execution = executions[owner] { advance(execution, now) }
    }

    /// Entries are allowed once both accounts were read and nothing of an earlier run is unknown.
    func becomeReady(_ now: Stamp) {
        guard !isReady, unread.isEmpty,
            !open.contains(where: { $0.isRecovered && ($0.phase == .working || $0.phase == .closing) })
        else { return }
        isReady = true
    }
}
