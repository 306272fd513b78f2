import Risk
import Trading

/// A walk of the way of a fire that is not one, between two of its parts.
struct Rehearsal {
    /// What comes after the decision. Each undoes what it did, so that a walk may be left after any of them.
    enum Part { case book, firstLeg, secondLeg }

    let candidate: EntryCandidate
    let plan: BasketPlan
    let orders: [2 of NewOrder]
    let request: EntryRequest
    var next = Part.book
}

// A fire is rare: seconds lie between two, and by then its code and data have left the processor's caches. Walking the same
// way while nothing happens, up to the last step that can be undone, keeps them near. What is walked is what `enter` walks,
// with the order's own undoing after it; no claim, no intent and no byte comes of it.
extension Trader {
    /// The walk of a fire that is not one, or the next part of it. Only while nothing of ours is under way.
    func rehearse(at now: Stamp) {
        let near = settings.rehearsalInterval
        guard near > .zero else { return nextRehearsal = nil }
        let isNear = isNear(at: now.monotonic)
        // A message that comes meanwhile waits. While one may bring a fire, it waits for a part at most.
        let isInParts = isNear && settings.rehearsesInParts
        // A fire that is not near may come colder: nobody expects it.
        let pause = isInParts ? Self.part(of: near) : isNear ? near : settings.rehearsalIntervalAway ?? near
        nextRehearsal = now.monotonic + pause
        let begun = rehearsal
        rehearsal = nil
        // Whether these very markets could be entered now is all the same: nothing is claimed.
        guard let candidate = begun?.candidate ?? lastCandidate, let fires, fires.underWay == 0,
            isOpenAtAll(candidate.basket)
        else { return }
        do throws(Refusal) {
            if !isInParts {
                try walk(candidate, fires, now)
                counters.rehearsed &+= 1  // bounded by time
            } else if let begun {
                rehearsal = try walkOn(begun, fires, now)
                if rehearsal == nil { counters.rehearsed &+= 1 }  // bounded by time
            } else {
                rehearsal = try decideAgain(candidate, now)
            }
        } catch {
            // What was offered then is not to be had within the caps of now: the way to here was walked all the same.
            return
        }
    }

    /// Decision, book and each leg: all within one interval.
    private static func part(of interval: Nanoseconds) -> Nanoseconds { Nanoseconds(rawValue: interval.rawValue / 4) }

    private func walk(_ candidate: EntryCandidate, _ fires: ExecutionEngine, _ now: Stamp) throws(Refusal) {
        let walk = try decideAgain(candidate, now)
        let slots = try prepared(walk.orders, now)
        bookAgain(walk, slots, now)
        for leg in slots.indices { gateway(of: walk.orders[leg].instrument).rehearse(slots[leg]) }
        runTasks(slots, fires, now)
    }

    /// The next part.
    ///
    /// - Returns: what is left of the walk; nil: it is at its end.
    private func walkOn(_ walk: Rehearsal, _ fires: ExecutionEngine, _ now: Stamp) throws(Refusal) -> Rehearsal? {
        var rest = walk
        switch walk.next {
        case .book:
            let slots = try prepared(walk.orders, now)
            bookAgain(walk, slots, now)
            giveBack(slots)
            rest.next = .firstLeg
            return rest
        case .firstLeg:
            let order = walk.orders[0]
            gateway(of: order.instrument).rehearse(try prepared(order, now))
            rest.next = .secondLeg
            return rest
        case .secondLeg:
            let slots = try prepared(walk.orders, now)
            gateway(of: walk.orders[0].instrument).giveBack(slots[0])
            gateway(of: walk.orders[1].instrument).rehearse(slots[1])
            runTasks(slots, fires, now)
            return nil
        }
    }

    private func decideAgain(_ candidate: EntryCandidate, _ now: Stamp) throws(Refusal) -> Rehearsal {
        engine.proveAhead(candidate.basket)
        _ = try? sizer.plan(candidate.problem)
        let least = smallest(candidate.problem)
        // The books have moved on since: what does not fit any more is walked with the plan of then.
        let (plan, losses) = (try? fitted(candidate, least, now)) ?? (candidate.plan, [2 of Money](repeating: .zero))
        let orders = legOrders(plan, candidate.problem) { place in
            ClOrdID(rehearsing: place, prefix: settings.prefix, run: settings.run)
        }
        // An execution's number that no execution has.
        let id = ExecutionID(run: settings.run, sequence: 0)
        let request = request(id, candidate.basket, plan, orders, losses, candidate.problem, least)
        if let approval = try? gate.approve(request, at: now) { gate.undo(approval) }
        return Rehearsal(candidate: candidate, plan: plan, orders: orders, request: request)
    }

    /// Takes both orders in and out again, and records them nowhere.
    private func bookAgain(_ walk: Rehearsal, _ slots: [2 of SendSlot], _ now: Stamp) {
        let legs = walk.candidate.basket.legs
        guard let claim = inFlight.claim(legs) else { return }
        let execution = made(
            walk.request.execution, walk.candidate, walk.plan, now, ExecutionStamps(now.monotonic), claim)
        book(execution, walk.request, slots, now)
        spare = execution
        inFlight.release(claim, legs)
    }

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

    /// The tasks of a fire. The slots are spent: each gateway answers that nothing left, from the place where a request would
    /// leave.
    private func runTasks(_ slots: [2 of SendSlot], _ fires: ExecutionEngine, _ now: Stamp) {
        fires.rehearse(
            slots[0], at: venue(of: slots[0].order.instrument), slots[1], at: venue(of: slots[1].order.instrument),
            deadline: now.monotonic)
    }
}
