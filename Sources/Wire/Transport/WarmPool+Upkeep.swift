internal import Synchronization
internal import Threading
internal import Trading

// Keeping the pool full: exercises, replacements, connections that were given up. All of it on the lane.
extension WarmPool {
    /// When an idle connection is exercised, if nobody uses it before.
    func plan(_ slot: WarmSlot, _ connection: WarmConnection, _ now: MonotonicNanos) {
        var interval = settings.keepAlive.rawValue
        if let limit = connection.idleLimit { interval = min(interval, limit.rawValue / 2) }
        let wait = Int64.random(in: (interval / 4 * 3)...interval, using: &random)
        slot.exerciseAt = now + Nanoseconds(rawValue: max(1, wait))
        slot.lookAt = nextLook(slot, connection, now)
    }

    /// When the lane looks at an idle connection of itself.
    private func nextLook(_ slot: WarmSlot, _ connection: WarmConnection, _ now: MonotonicNanos) -> MonotonicNanos {
        if slot.successor != nil { return now }
        let look = min(slot.exerciseAt, connection.endsAt)
        return slot.isOpening ? look : min(look, max(connection.agingAt, slot.openAt))
    }

    func tend(_ place: Int, _ generation: UInt64, _ now: MonotonicNanos) {
        let slot = slots[place]
        guard slot.move(.idle, generation, to: .checking, generation), let connection = slot.connection else { return }
        if let reason = connection.doubt(at: now) { return retire(place, generation, reason, now) }
        if slot.successor != nil { return retire(place, generation, .age, now) }
        if connection.agingAt <= now, slot.openAt <= now, !slot.isOpening { open(place) }
        if now >= slot.exerciseAt {
            if isSpared(place, now) {
                if let request = exercise() {
                    slot.isExercise = true
                    slot.set(.busy, generation)
                    guard let fault = start(place, request, now + settings.exerciseTimeout) else { return }
                    return tell(place, generation, lose(place, generation, fault, now))
                }
                counters.exercisesSkipped.count()
                plan(slot, connection, now)
            } else {
                slot.exerciseAt = now + .milliseconds(20)
            }
        }
        slot.lookAt = nextLook(slot, connection, now)
        slot.set(.idle, generation)
    }

    /// An entry must find a connection while this one is exercised: another one is idle, or it has waited for that long
    /// enough.
    private func isSpared(_ place: Int, _ now: MonotonicNanos) -> Bool {
        let entries = slots.count - 1
        if place == entries || entries == 1 { return true }
        for other in 0..<entries where other != place && slots[other].now.state == .idle { return true }
        guard let connection = slots[place].connection else { return false }
        return (now - connection.idleSince).rawValue > settings.keepAlive.rawValue / 4 * 5
    }

    func open(_ place: Int) {
        slots[place].isOpening = true
        opener.ask(place)
    }

    func takeArrivals(_ now: MonotonicNanos) -> Bool {
        for arrival in opener.takeAll() {
            let slot = slots[arrival.place]
            slot.isOpening = false
            switch arrival.result {
            case .failure(let fault):
                counters.openFailed.count()
                counters.lastFault.withLock { $0 = fault }
                slot.openAt = now + slot.backoff.next()
                if let connection = slot.connection { slot.lookAt = nextLook(slot, connection, now) }
            case .success(let stream):
                counters.opened.count()
                let age = settings.ageMax.rawValue
                let limits = WarmLimits(
                    requestsMax: settings.requestsMax,
                    ageMax: Nanoseconds(rawValue: Int64.random(in: (age / 4 * 3)...age, using: &random)))
                let connection = WarmConnection(stream, limits, at: now)
                let (state, generation) = slot.now
                if state == .vacant {
                    install(arrival.place, generation, connection, now)
                } else {
                    slot.successor = connection
                    slot.lookAt = now
                }
            }
        }
        return true
    }

    private func install(_ place: Int, _ generation: UInt64, _ connection: WarmConnection, _ now: MonotonicNanos) {
        let slot = slots[place]
        slot.connection = connection
        watch(place, connection, output: false)
        plan(slot, connection, now)
        slot.set(.idle, generation)
    }

    /// Gives the place's connection up and puts its successor there, or has one opened.
    func retire(_ place: Int, _ generation: UInt64, _ reason: RetireReason, _ now: MonotonicNanos) {
        let slot = slots[place]
        let answers = slot.connection?.answers ?? 0
        if let ending = slot.connection?.ending { counters.lastFault.withLock { $0 = ending } }
        slot.connection?.end()
        slot.connection = nil
        slot.isWaitingForRoom = false
        slot.set(.vacant, generation)
        for (known, counter) in zip(RetireReason.allCases, counters.retired) where known == reason {
            counter.value.count()
        }
        guard !isOver else { return }
        if let successor = slot.successor {
            slot.successor = nil
            if successor.silence() == nil { return install(place, generation, successor, now) }
        }
        // One that never answered says something about the server: the next try waits.
        slot.openAt = answers > 0 ? now : now + slot.backoff.next()
        if !slot.isOpening, slot.openAt <= now { open(place) }
    }
}
