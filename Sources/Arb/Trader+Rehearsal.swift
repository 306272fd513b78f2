import Risk
import Trading

// A fire is rare: seconds lie between two, and by then its code and data have left the processor's caches. Walking the same
// way while nothing happens, up to the last step that can be undone, keeps them near. What is walked is what `enter` walks,
// with the order's own undoing after it; no claim, no intent and no byte comes of it.
extension Trader {
    /// The walk of a fire that is not one. Only while nothing of ours is under way.
    func rehearse(at now: Stamp) {
        let near = settings.rehearsalInterval
        // A fire that is not near may come colder: nobody expects it.
        let away = settings.rehearsalIntervalAway ?? near
        nextRehearsal = near > .zero ? now.monotonic + (isNear(at: now.monotonic) ? near : away) : nil
        // Whether these very markets could be entered now is all the same: nothing is claimed.
        guard let candidate = lastCandidate, let fires, fires.underWay == 0, isOpenAtAll(candidate.basket) else {
            return
        }
        engine.proveAhead(candidate.basket)
        do throws(Refusal) {
            try walk(candidate, fires, now)
            counters.rehearsed &+= 1  // bounded by time
        } catch {
            // What was offered then is not to be had within the caps of now: the way to here was walked all the same.
            return
        }
    }

    private func walk(_ candidate: EntryCandidate, _ fires: ExecutionEngine, _ now: Stamp) throws(Refusal) {
        _ = try? sizer.plan(candidate.problem)
        let least = smallest(candidate.problem)
        // The books have moved on since: what does not fit any more is walked with the plan of then.
        let (plan, losses) = (try? fitted(candidate, least, now)) ?? (candidate.plan, [2 of Money](repeating: .zero))
        let orders = legOrders(plan, candidate.problem) { place in
            ClOrdID(rehearsing: place, prefix: settings.prefix, run: settings.run)
        }
        // An execution's number that no execution has.
        let id = ExecutionID(run: settings.run, sequence: 0)
        let entry = request(id, candidate.basket, plan, orders, losses, candidate.problem, least)
        let approval = try? gate.approve(entry, at: now)
        let slots: [2 of SendSlot]
        do throws(Refusal) {
            slots = try prepared(orders, now)
        } catch {
            if let approval { gate.undo(approval) }
            throw error
        }
        if let claim = inFlight.claim(candidate.basket.legs) {
            let execution = made(id, candidate, plan, now, ExecutionStamps(now.monotonic), claim)
            book(execution, entry, slots, now)
            spare = execution
            inFlight.release(claim, candidate.basket.legs)
        }
        if let approval { gate.undo(approval) }
        for leg in slots.indices { gateway(of: orders[leg].instrument).rehearse(slots[leg]) }
        // Their slots are spent: each gateway answers that nothing left, from the place where a request would leave.
        fires.rehearse(
            slots[0], at: venue(of: orders[0].instrument), slots[1], at: venue(of: orders[1].instrument),
            deadline: now.monotonic)
    }

    /// Takes both orders in and out again, and records them nowhere.
    private func book(_ execution: Execution, _ entry: EntryRequest, _ slots: [2 of SendSlot], _ now: Stamp) {
        do throws(Refusal) { try track(execution, entry, now) } catch { return }
        do throws(Refusal) {
            for leg in slots.indices {
                execution.orders.append(try register(slots[leg], .leg, leg, execution, now))
                owners[execution.orders[leg].handle.index] = execution.id.sequence
            }
            journal.rehearse(
                intent(execution, .leg, slots[0]), intent(execution, .leg, slots[1]))
            markSent(execution, [0, 1], now)
        } catch {
            counters.rehearsalsCut &+= 1  // bounded by time
        }
        for order in execution.orders {
            owners[order.handle.index] = nil
            _ = positions.withdraw(registry[order.handle].state.order.clOrdID, isTombstone: false)
            registry.takeBack(order.handle)
        }
        positions.abandon(execution.id)
    }
}
