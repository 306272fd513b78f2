internal import Synchronization
internal import Threading
internal import Trading

// Who may use which connection. From any thread.
extension WarmPool {
    /// Takes a connection that is open and idle. One system call on each connection that is looked at.
    ///
    /// For no entry while the process has no descriptor to spare: what was entered could not be followed.
    public func reserve(_ purpose: SendPurpose) -> ConnectionTicket? {
        if purpose == .entry, opener.spares.isLent {
            counters.starved.count()
            return nil
        }
        let now = NanoClock.monotonic()
        let places = purpose == .close ? slots.count : slots.count - 1
        while true {
            var isLookedAt = false
            for place in 0..<places {
                let slot = slots[place]
                if let generation = take(slot, now) { return ConnectionTicket(place: place, generation: generation) }
                if slot.now.state == .checking { isLookedAt = true }
            }
            // What the lane is looking at in this instant is idle again a few microseconds later.
            guard isLookedAt, NanoClock.monotonic() - now < Nanoseconds(rawValue: 20_000) else { break }
        }
        counters.starved.count()
        return nil
    }

    private func take(_ slot: WarmSlot, _ now: MonotonicNanos) -> UInt64? {
        let (state, generation) = slot.now
        guard state == .idle, !stopping.load(ordering: .acquiring) else { return nil }
        let mine = generation + 1
        guard slot.move(.idle, generation, to: .held, mine), let connection = slot.connection else { return nil }
        guard let reason = connection.doubt(at: now) else { return mine }
        slot.doom = reason
        slot.set(.doomed, mine)
        lane.wake()
        return nil
    }

    /// Gives an unused connection back; a ticket that was used does nothing. One on which a request was sealed carries no
    /// other: it is replaced.
    public func release(_ ticket: ConnectionTicket) {
        guard slots.indices.contains(ticket.place) else { return }
        let slot = slots[ticket.place]
        if holds(ticket), slot.connection?.isSealed == true {
            slot.doom = .withheld
            slot.set(.doomed, ticket.generation)
            return lane.wake()
        }
        _ = slot.move(.held, ticket.generation, to: .idle, ticket.generation)
        // What came while it was held is seen by the poller, which reports as long as it is there.
    }

    /// Makes a record of a request, so that `exchange` has nothing to do but hand it to the kernel.
    public func seal(_ ticket: ConnectionTicket, _ request: [UInt8]) {
        guard holds(ticket) else { return }
        slots[ticket.place].connection?.seal(request)
    }

    func holds(_ ticket: ConnectionTicket) -> Bool {
        guard slots.indices.contains(ticket.place) else { return false }
        return slots[ticket.place].now == (.held, ticket.generation)
    }
}
