public import Risk
public import Trading

// What is held and what may be: for the gate, for status, for an operator's hand.
extension Trader {
    /// Am I exposed? All that our own orders hold, or may, at this instant.
    public var exposure: Exposure { positions.exposure }
    /// The same of one pair.
    public func exposure(in pair: PairID) -> Exposure { positions.exposure(in: pair) }
    /// Boxes of executions that are here, settled ones too, in order of their beginning.
    public var boxes: [BoxRecord] { positions.boxes }

    /// Why a pair takes no entries; empty when it does.
    public func suspensions(of pair: PairID) -> [RiskGate.Suspension] { gate.suspensions(of: pair) }

    /// Instruments that are claimed.
    public var claims: Int { inFlight.count }
    /// Capital that is locked or may come to be. Unit: USD.
    public var reserved: Money { gate.totals.open }
    /// Profit of the UTC day of an instant, losses negative. Unit: USD.
    public func dayProfit(at now: Stamp) -> Money {
        gate.dayBook.day == DayBook.day(of: now.utc) ? gate.dayBook.profit : .zero
    }

    /// Orders of which nobody knows what became.
    public var unknownLegs: Int { resolvers.count }

    /// Stops everything but cancels and an operator's own close.
    public func haltByOperator(_ reason: String, at now: Stamp) { gate.killSwitch.halt(.operator, reason: reason) }

    /// Takes no entries of a pair any more.
    public func haltPair(_ pair: PairID, _ reason: String, at now: Stamp) { halt(pair, .operator, reason) }

    /// Takes no entries of a pair whose review a person took back; `resume` does not end it.
    public func suspend(_ pair: PairID, _ reason: String, at now: Stamp) {
        setApproved(pair, false)
        if !halt(pair, .operator, "suspended \(reason)") { haltReasons[pair] = "suspended \(reason)" }
    }

    /// Ends what `suspend` began. Other causes stand.
    ///
    /// - Returns: false for a pair that was not approved when this run began: it is not traded in it.
    public func approve(_ pair: PairID, at now: Stamp) -> Bool {
        guard catalog.baskets.contains(where: { $0.pair == pair && $0.status == .approved }) else { return false }
        setApproved(pair, true)
        gate.lift(pair, .operator)
        if gate.suspensions(of: pair).isEmpty { haltReasons[pair] = nil }
        tellSuspension(pair)
        return true
    }

    /// Why a pair takes no entries; empty when it does.
    public func stops(of pair: PairID) -> [String] { gate.suspensions(of: pair).map(\.rawValue) }

    private func setApproved(_ pair: PairID, _ isApproved: Bool) {
        for basket in catalog.baskets where basket.pair == pair { gate.setApproved(basket.id, isApproved) }
    }

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
            tellSuspension(pair)
            gate.breaker.resume(.pair(pair), at: now)
            tellBreaker()
            closeAnew(pair, now)
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
            for cause in RiskGate.Suspension.allCases where cause != .foreign && cause != .rules {
                gate.lift(pair, cause)
            }
        }
        let halted = haltReasons.keys.sorted { $0.name < $1.name }
        haltReasons = haltReasons.filter { !gate.suspensions(of: $0.key).isEmpty }
        for pair in halted { tellSuspension(pair) }
        tellBreaker()
        closeAnew(nil, now)
        return nil
    }

    func tellSuspension(_ pair: PairID) {
        let report = SuspensionReport(
            pair: pair, causes: gate.suspensions(of: pair), text: haltReasons[pair] ?? "", at: now)
        tell(.suspended(report))
    }

    /// Takes up what earlier runs stopped. Before `adopt`.
    public func restore(breakers: [BreakerRecord], suspensions: [SuspensionReport], at now: Stamp) {
        for record in breakers { gate.restore(record, at: now) }
        for suspension in suspensions {
            for cause in suspension.causes { gate.suspend(suspension.pair, cause) }
            haltReasons[suspension.pair] = suspension.text
        }
    }

    /// Takes no entries until `resume`: what a restart found needs a person's word.
    public func hold(_ reason: String) { gate.killSwitch.halt(.breaker, reason: reason) }

    /// As `hold`, and a person is told.
    public func holdLoudly(_ code: String, _ reason: String, at now: Stamp) {
        hold(reason)
        let text = "\(reason); entries stopped, closing goes on"
        tell(.alert(TradeAlert(code, isCritical: true, pair: nil, text, at: now)))
    }

    /// Takes no entries while alerts are unseen, or again.
    public func holdForAlert(_ reason: String?) {
        if let reason { gate.killSwitch.halt(.alert, reason: reason) } else { gate.killSwitch.lift(.alert) }
    }

    /// Takes no entries in this run any more: what records them is not whole. Closing goes on.
    public func block(_ reason: String) {
        isBlocked = true
        blockReason = reason
    }

    private func hasUnknown(_ execution: Execution) -> Bool {
        execution.orders.contains { registry[$0.handle].state.isUnknown }
    }
}

// For people.
extension Trader {
    /// Breakers that are not closed.
    public var openBreakers: Int { gate.breaker.records.count }

    /// Our names of the orders of which nobody knows what became, in order of their sending.
    public var unknownNames: [String] {
        resolvers.keys.sorted().map { registry[OrderHandle($0)].state.order.clOrdID.description }
    }

    /// Reads both accounts to the last page, soon: orders and fills since then.
    public func readAccounts(since: UTCNanos, at now: Stamp) {
        for venue in gateways.keys.sorted() { accounts.read(venue, since: since) }
        for (index, _) in resolvers { step(OrderHandle(index), now) }
    }

    /// Venues of which no whole read was sent since then and has come back.
    public func unread(since instant: UTCNanos) -> [VenueID] {
        gateways.keys.sorted().filter { lastRead[$0].map { $0 < instant } ?? true }
    }

    /// True for a pair of the catalog.
    public func knows(_ pair: PairID) -> Bool { catalog.baskets.contains { $0.pair == pair } }

    /// Everything an operator asks for. Costs a walk over what is open: for status, not for messages.
    public func status(at now: Stamp) -> TraderStatus? {
        bookEntry()
        var status = TraderStatus(at: now)
        status.exposure = positions.exposure
        status.halts = gate.killSwitch.causes.map { cause in
            "\(cause.rawValue): \(gate.killSwitch.reason(cause) ?? "")"
        }
        status.isHaltedByOperator = haltFlag.isRaised || gate.killSwitch.reason(.operator) != nil
        status.breakers = gate.breaker.records
        status.stops = haltReasons.keys.sorted { $0.name < $1.name }.compactMap { pair in
            let causes = gate.suspensions(of: pair)
            guard !causes.isEmpty else { return nil }
            return TraderStatus.Stop(
                pair: pair, causes: causes.map(\.rawValue).joined(separator: ","), text: haltReasons[pair] ?? "")
        }
        let isToday = gate.dayBook.day == DayBook.day(of: now.utc)
        status.profitToday = isToday ? gate.dayBook.profit : .zero
        (status.kept, status.keptOrders) = (kept, keptOrders)
        status.counters = counters
        status.signedAhead = gateways.compactMapValues(\.signedAhead)
        status.isReady = isReady
        status.isRead = unread.isEmpty
        status.blocked = isBlocked ? blockReason : ""
        return status
    }
}
