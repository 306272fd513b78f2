import Trading

// Law 1's one exception: an order that cannot matter, under the id of one of which nobody knows. A venue takes one order of
// an id, whichever comes first, so the tombstone may be sent again when it is lost itself: of any number of tries and the
// original exactly one is taken, and all the others never can be. It is recorded once, before its first bytes leave.
extension Trader {
    func sendTombstone(_ handle: OrderHandle, _ execution: Execution, _ now: Stamp) {
        let record = registry[handle]
        var refusal: String? = "there can be none"
        if let place = execution.orders.firstIndex(where: { $0.handle == handle }),
            let order = accounts.tombstone(
                for: record.state.order, venue: record.venue, sentAt: (record.sentAt ?? record.intendedAt).monotonic,
                at: now.monotonic)
        {
            let leg = execution.orders[place].leg
            if let earlier = registry.findTombstone(order.clOrdID) {
                refusal = sendAgain(earlier, order, of: execution, now)
            } else {
                refusal = sendAlone(order, .tombstone, leg: leg, of: execution, now)
            }
        }
        if refusal != nil { resolvers[handle.index]?.found(.tombstoneLost(at: now.monotonic)) }
    }

    /// Sends what is on record once more: the very same order, or nothing.
    private func sendAgain(_ handle: OrderHandle, _ order: NewOrder, of execution: Execution, _ now: Stamp) -> String? {
        guard let fires, !fires.isFull else { return "E_EXEC_BUSY every seat is taken" }
        guard let place = execution.orders.firstIndex(where: { $0.handle == handle }),
            registry[handle].state.order == order
        else { return "E_EXEC_IDEMPOTENCY_CONFLICT another tombstone has its id" }
        let slot: SendSlot
        do throws(LocalRefusal) {
            slot = try gateway(of: order.instrument).prepare(order, at: now)
        } catch {
            return "\(error.kind.rawValue) \(error.text)"
        }
        fires.close(
            ExecutionEngine.Fire(
                tag: tag(execution, place), slot, at: venue(of: order.instrument),
                deadline: now.monotonic + settings.orderTimeout))
        counters.tombstonesAgain &+= 1  // bounded by executions and their tries
        return nil
    }

    /// A try of a tombstone is over. That it was taken is said of all tries at once; anything else of this one alone, while
    /// another may be on its way.
    func tookTombstone(_ report: LegReport, _ order: ExecutionOrder, _ now: Stamp) {
        var finding = UnknownResolver.Finding.tombstoneLost(at: now.monotonic)
        var isOfAll = false
        switch report.outcome {
        case .accepted: (finding, isOfAll) = (.tombstoneAccepted, true)
        case .unknown: isOfAll = true
        case .rejected(let rejection): if rejection.kind == .duplicate { finding = .nameUsed }
        case .notSent: break
        }
        if isOfAll {
            registry.apply(report, to: order.handle, at: now)
            heard(order.handle, report.event, .reply, report.transactTime, now)
        }
        guard let original = registry.find(report.clOrdID) else { return }
        resolvers[original.index]?.found(finding)
        step(original, now)
    }

    /// A tombstone whose original the venue has: its id is taken, and no try of it can enter any more.
    func buryTombstones(_ execution: Execution, _ now: Stamp) {
        for order in execution.orders where order.role == .tombstone {
            let record = registry[order.handle]
            guard !record.state.isDone, let original = registry.find(record.state.order.clOrdID) else { continue }
            let found = registry[original]
            guard found.orderID != nil || found.state.cumQty.rawValue > 0 else { continue }
            conclude(order.handle, "its id is the original's", now)
        }
    }

    /// Proved, or said by an operator: it never entered and no longer can.
    func conclude(_ handle: OrderHandle, _ proof: String, _ now: Stamp) {
        let event = OrderEvent.cannotEnter(proof)
        registry.apply(event, to: handle, at: now)
        heard(handle, event, .local, nil, now)
    }
}
