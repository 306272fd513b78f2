import Risk
import Trading

// A leg that its venue refused as of another version of the market: the venue has said that it never entered, so another
// one may take its place. It is asked where the market is traded now, and what is still wanted is made anew there: a new
// order with a name and an intent of its own, recorded before it leaves like any other. Once an execution, within the time
// that the first had, never after a halt, and never when the books no longer give what was planned.
extension Trader {
    /// The venue refused an order for the version of its market: where that is traded now is asked in any case, so that what
    /// follows is signed for the right place.
    func misrouted(_ execution: Execution, _ place: Int, _ now: Stamp) {
        let order = execution.orders[place]
        let record = registry[order.handle]
        accounts.reroute(order.venue, record.state.order.instrument)
        guard order.role == .leg, !execution.hasRebuilt, execution.rebuild == nil else { return }
        let sent = (record.sentAt ?? record.intendedAt).monotonic
        execution.rebuild = Execution.Rebuild(place: place, until: sent + settings.orderTimeout)
    }

    /// Where a market is traded is known, or nobody said.
    func rerouted(_ instrument: InstrumentID, _ isElsewhere: Bool, _ now: Stamp) {
        for execution in open {
            guard let rebuild = execution.rebuild,
                registry[execution.orders[rebuild.place].handle].state.order.instrument == instrument
            else { continue }
            execution.rebuild?.isElsewhere = isElsewhere
            advance(execution, now)
        }
    }

    /// True while it may still be said where the market is traded.
    func awaitsRebuild(_ execution: Execution, _ now: Stamp) -> Bool {
        guard let rebuild = execution.rebuild, rebuild.isElsewhere == nil, now.monotonic < rebuild.until else {
            return false
        }
        // A halt ends the waiting: what stands alone must not wait for what will not be sent.
        return !haltFlag.isRaised && gate.killSwitch.allows(.autoClose)
    }

    /// Sends the leg anew, if all still holds that it was planned by.
    ///
    /// - Returns: true when it left; else what the other leg filled stands alone.
    func sendRebuilt(_ execution: Execution, _ now: Stamp) -> Bool {
        guard let rebuild = execution.rebuild else { return false }
        execution.rebuild = nil
        execution.hasRebuilt = true
        guard rebuild.isElsewhere == true, now.monotonic < rebuild.until, !haltFlag.isRaised else { return false }
        let refused = execution.orders[rebuild.place]
        let state = registry[refused.handle].state
        // Dead beyond doubt: refused for this, and nothing else was ever told of it.
        guard state.ordStatus == .rejected, state.venueRejection?.kind == .version, state.cumQty.rawValue == 0,
            state.anomalies.isEmpty, let order = rebuilt(state.order, refused.leg, execution)
        else { return false }
        guard sendAlone(order, .leg, leg: refused.leg, of: execution, now) == nil else { return false }
        execution.orders[rebuild.place].isReplaced = true
        counters.rebuilt &+= 1  // bounded by executions
        return true
    }

    /// The order anew, at the size that is still wanted and at most at its old price; nil when the edge is gone.
    private func rebuilt(_ old: NewOrder, _ leg: Int, _ execution: Execution) -> NewOrder? {
        var wanted = old.orderQty
        if let second = execution.second {
            // It goes first: nothing is held yet, so it is an entry like any other, and the other leg must be there still.
            guard gate.killSwitch.allows(.entry), !isStopping, !gate.isSuspended(execution.basket.pair),
                let market = engine.market(second.order.instrument, second.order.outcome),
                let other = try? LegWalk.quote(second.order.orderQty.floored(to: market.lot), market),
                other.limitPx <= second.order.price
            else { return nil }
        } else {
            // The other leg has ended: what it filled is what this one is for.
            guard gate.killSwitch.allows(.autoClose) else { return nil }
            wanted = min(wanted, filledLegs(execution, but: leg))
        }
        guard let market = engine.market(old.instrument, old.outcome) else { return nil }
        let size = wanted.floored(to: market.lot)
        guard size.rawValue > 0, let planned = try? LegWalk.quote(size, market), planned.limitPx <= old.price else {
            return nil
        }
        var order = old
        order.clOrdID = newID()
        order.orderQty = planned.orderQty
        if let budget = old.cashOrderQty { order.cashOrderQty = min(planned.cost, budget) }
        return order
    }

    /// Contracts that the legs' own orders have filled, but those of one leg.
    func filledLegs(_ execution: Execution, but leg: Int) -> Quantity {
        execution.orders.reduce(.zero) { sum, order in
            guard order.role == .leg, order.leg != leg else { return sum }
            return Quantity(rawValue: sum.rawValue + registry[order.handle].state.cumQty.rawValue)
        }
    }
}
