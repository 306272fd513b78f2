import Risk
import Trading

// Rows 9 to 11 of the walk: both legs prepared, both intents in one append, and only then the fire.
extension Trader {
    func send(
        _ candidate: EntryCandidate, _ id: ExecutionID, _ plan: BasketPlan, _ orders: [2 of NewOrder],
        _ claim: InFlight.Claim,
        _ approval: consuming Approval, _ stamps: ExecutionStamps, _ now: Stamp
    ) throws(Refusal) {
        let first = leader(candidate.problem, plan)
        let slots: [2 of SendSlot]
        do throws(Refusal) {
            slots = try prepared(orders, now)
        } catch {
            gate.undo(approval)
            throw error
        }
        let execution = made(id, candidate, plan, now, stamps, claim)
        let alone = first.map { (leg: $0, slot: slots[$0]) }
        do throws(Refusal) {
            try mayBook(slots)
            // What may follow the first is bounded in its own record, before it leaves.
            let follower = alone.map { alone in
                let order = orders[1 - alone.leg]
                return OrderIntent.Follower(orderQtyMax: order.orderQty, limitPx: order.price)
            }
            try journal(execution, slots, only: alone?.leg, follower)
            execution.stamps.journaled = clock.now().monotonic
            try mayStillLeave(execution, slots, only: alone?.leg, decidedAt: now)
        } catch {
            giveBack(slots)
            gate.undo(approval)
            throw error
        }
        let deadline = now.monotonic + settings.orderTimeout
        guard let fires else { preconditionFailure("asked before: attached") }
        unbooked = UnbookedEntry(
            execution: execution, request: approval.request, slots: slots, only: alone?.leg, at: now)
        if let alone {
            // The other keeps its slot. It is recorded, at the size of the first's fills, when those are known: an intent
            // that was never sent could not be told from a lost one.
            let other = 1 - alone.leg
            execution.second = Execution.PendingLeg(leg: other, order: orders[other], slot: slots[other])
            waitingSeconds += 1
            execution.reservation = fires.start(
                approval, &gate,
                ExecutionEngine.Fire(
                    tag: tag(execution, 0), alone.slot, at: venue(of: orders[alone.leg].instrument),
                    deadline: deadline))
        } else {
            execution.reservation = fires.start(
                approval, &gate,
                ExecutionEngine.Fire(
                    tag: tag(execution, 0, isPair: true), first: slots[0], at: venue(of: orders[0].instrument),
                    second: slots[1], at: venue(of: orders[1].instrument), deadline: deadline))
        }
        counters.fired &+= 1  // bounded by frames
    }

    /// A disk that takes its time may have made the books old: then nothing leaves, and the record says so (P17).
    private func mayStillLeave(_ execution: Execution, _ slots: [2 of SendSlot], only: Int?, decidedAt now: Stamp)
        throws(Refusal)
    {
        let taken = execution.stamps.journaled - now.monotonic, admitted = gate.limits.bookAgeMax
        guard taken > admitted else { return }
        for leg in slots.indices where leg == only ?? leg {
            journal.withdraw(slots[leg].order.clOrdID, isTombstone: false)
        }
        throw .late(taken, admitted: admitted)
    }

    // MARK: Booking

    /// Asks everything that booking an entry could refuse: afterwards it cannot fail.
    private func mayBook(_ slots: [2 of SendSlot]) throws(Refusal) {
        guard positions.hasRoom else { throw .tracker(.full) }
        for leg in slots.indices {
            do throws(OrderRegistry.Refusal) {
                try registry.admit(slots[leg].order, orderID: slots[leg].orderID, beside: leg)
            } catch {
                throw .registry(error)
            }
        }
    }

    /// Takes the entry that left last into positions and registry: it leads away from the wire, so it is done after it, and
    /// before anything else is told to the trader or asked of it.
    func bookEntry() {
        guard let entry = unbooked else { return }
        unbooked = nil
        let (execution, now) = (entry.execution, entry.at)
        do throws(Refusal) {
            try track(execution, entry.request, now)
            for leg in entry.slots.indices where leg == entry.only ?? leg {
                let order = try register(entry.slots[leg], .leg, leg, execution, now)
                execution.orders.append(order)
                owners[order.handle.index] = execution.id.sequence
            }
        } catch {
            // The journal has it: the next start takes it up.
            preconditionFailure("what booking may refuse was asked before the order left: \(error.text)")
        }
        keep(execution)
        for place in execution.orders.indices {
            markSent(execution, [place], now)
            tellIntent(execution, place, entry.slots[execution.orders[place].leg])
        }
    }

    /// Which orders a fire has: one, or a pair from that place on.
    func tag(_ execution: Execution, _ place: Int, isPair: Bool = false) -> UInt64 {
        UInt64(execution.id.sequence) << 16 | UInt64(place) << 1 | (isPair ? 1 : 0)
    }

    /// The leg that goes alone first; nil: both at once.
    private func leader(_ problem: SizingProblem, _ plan: BasketPlan) -> Int? {
        switch settings.legOrder {
        case .both: return nil
        case .uncertainFirst:
            let delays = problem.legs.map { engine.terms(of: $0.instrument)?.takerDelay ?? .zero }
            guard let longest = delays.max(), longest > .zero else { return nil }
            return delays.firstIndex(of: longest)
        case .fillOdds:
            // The thinner book behind the last level taken is the less certain fill.
            let depths = zip(problem.legs, plan.legs).map { leg, planned in
                Self.depth(leg, within: planned.limitPx).rawValue - planned.orderQty.rawValue
            }
            return depths[0] == depths[1] ? nil : depths[0] < depths[1] ? 0 : 1
        }
    }

    private static func depth(_ leg: SizingLeg, within limit: Price) -> Quantity {
        var curve = LegCurve(leg.book, leg.outcome)
        var sum: Int64 = 0
        while let level = curve.level, level.price <= limit {
            sum += level.quantity.rawValue
            curve.advance()
        }
        return Quantity(rawValue: sum)
    }

    /// Both or none.
    func prepared(_ orders: [2 of NewOrder], _ now: Stamp) throws(Refusal) -> [2 of SendSlot] {
        let first = try prepared(orders[0], now)
        do throws(Refusal) {
            return [first, try prepared(orders[1], now)]
        } catch {
            gateway(of: orders[0].instrument).giveBack(first)
            throw error
        }
    }

    func prepared(_ order: NewOrder, _ now: Stamp) throws(Refusal) -> SendSlot {
        do throws(LocalRefusal) {
            return try gateway(of: order.instrument).prepare(order, at: now)
        } catch {
            throw .local(venue(of: order.instrument), error)
        }
    }

    func giveBack(_ slots: [2 of SendSlot]) {
        for leg in slots.indices { gateway(of: slots[leg].order.instrument).giveBack(slots[leg]) }
    }

    /// Records the intents of an entry in one append.
    ///
    /// - Parameter only: the one leg that is recorded now; nil: both.
    private func journal(
        _ execution: Execution, _ slots: [2 of SendSlot], only: Int?, _ follower: OrderIntent.Follower?
    ) throws(Refusal) {
        let second = only == nil ? intent(execution, .leg, slots[1]) : nil
        do throws(JournalFault) {
            try journal.append(intent(execution, .leg, slots[only ?? 0], follower), second)
        } catch {
            throw .journal(error)
        }
    }

    /// Registers both orders of a pair that closes, leg by leg, and records their intents in one append.
    func record(
        _ execution: Execution, _ slots: [2 of SendSlot], _ role: OrderRole, _ now: Stamp
    ) throws(Refusal) {
        let place = execution.orders.count
        do throws(Refusal) {
            for leg in slots.indices {
                execution.orders.append(try register(slots[leg], role, leg, execution, now))
            }
            do throws(JournalFault) {
                try journal.append(intent(execution, role, slots[0]), intent(execution, role, slots[1]))
            } catch {
                throw .journal(error)
            }
        } catch {
            for order in execution.orders[place...] { forget(order, now) }
            execution.orders.removeLast(execution.orders.count - place)
            throw error
        }
        for order in execution.orders[place...] { owners[order.handle.index] = execution.id.sequence }
    }

    func register(_ slot: SendSlot, _ role: OrderRole, _ leg: Int, _ execution: Execution, _ now: Stamp)
        throws(Refusal) -> ExecutionOrder
    {
        let contract = catalog.contracts[Int(slot.order.instrument.index)]
        let added: ExecutionOrder
        do throws(OrderRegistry.Refusal) {
            let handle = try registry.add(
                slot.order, venue: contract.venue, symbol: contract.symbol, orderID: slot.orderID, at: now)
            added = ExecutionOrder(handle: handle, role: role, leg: leg, venue: contract.venue)
        } catch {
            throw .registry(error)
        }
        do throws(PositionTracker.Refusal) {
            _ = try positions.add(
                slot.order, role: role, leg: leg, feeMax: feeMax(slot.order, role, leg, execution), to: execution.id)
        } catch {
            forget(added, now)
            throw .tracker(error)
        }
        return added
    }

    /// An order of which no byte left: it ends as one that never was.
    func forget(_ order: ExecutionOrder, _ now: Stamp) {
        registry.apply(
            OrderEvent.notSent(LocalRefusal(.slotSpent, "undone before it was sent")), to: order.handle, at: now)
        owners[order.handle.index] = nil
        _ = positions.withdraw(registry[order.handle].state.order.clOrdID, isTombstone: order.role == .tombstone)
        registry.retire(order.handle)
    }

    func intent(
        _ execution: Execution, _ role: OrderRole, _ slot: SendSlot, _ follower: OrderIntent.Follower? = nil
    ) -> OrderIntent {
        let contract = catalog.contracts[Int(slot.order.instrument.index)]
        let token = contract.tokens.map { slot.order.outcome == .yes ? $0.yes : $0.no } ?? ""
        return OrderIntent(
            execution: execution.id, role: role, pair: execution.basket.pair, venue: contract.venue,
            symbol: contract.symbol, token: token, order: slot.order, orderID: slot.orderID, bodyHash: slot.bodyHash,
            decided: execution.decided, follower: follower)
    }

    func tellIntent(_ execution: Execution, _ place: Int, _ slot: SendSlot) {
        tellLater(.intended(intent(execution, execution.orders[place].role, slot)))
    }

    /// From here on bytes may leave: without an answer these orders are unknown.
    func markSent(_ execution: Execution, _ places: [Int], _ now: Stamp) {
        for place in places { registry.apply(.sent, to: execution.orders[place].handle, at: now) }
    }

    // MARK: One order that closes

    /// Prepares, records and sends one order of an execution that has ended all its others.
    ///
    /// - Returns: why it did not leave; nil when it did.
    func sendAlone(_ order: NewOrder, _ role: OrderRole, leg: Int, of execution: Execution, _ now: Stamp) -> String? {
        guard let fires, !fires.isFull else { return "E_EXEC_BUSY every seat is taken" }
        let gateway = gateway(of: order.instrument)
        let slot: SendSlot
        do throws(LocalRefusal) {
            slot = try gateway.prepare(order, at: now)
        } catch {
            return "\(error.kind.rawValue) \(error.text)"
        }
        do throws(Refusal) {
            let added = try register(slot, role, leg, execution, now)
            do throws(JournalFault) {
                try journal.append(intent(execution, added.role, slot), nil)
            } catch {
                forget(added, now)
                throw .journal(error)
            }
            execution.orders.append(added)
            owners[added.handle.index] = execution.id.sequence
        } catch {
            gateway.giveBack(slot)
            return error.text
        }
        let place = execution.orders.count - 1
        markSent(execution, [place], now)
        reserve(execution)
        let fire = ExecutionEngine.Fire(
            tag: tag(execution, place), slot, at: venue(of: order.instrument),
            deadline: now.monotonic + settings.orderTimeout)
        if order.purpose == .entry, let reservation = execution.reservation {
            fires.follow(fire, under: reservation)
        } else {
            fires.close(fire)
        }
        tellIntent(execution, place, slot)
        return nil
    }

    // MARK: Names

    func venue(of instrument: InstrumentID) -> VenueID { catalog.venues[Int(instrument.index)] }

    func gateway(of instrument: InstrumentID) -> any OrderGateway {
        guard let gateway = gatewayOf[Int(venue(of: instrument).rawValue)] else {
            preconditionFailure("every venue of the catalog has a gateway")
        }
        return gateway
    }
}
