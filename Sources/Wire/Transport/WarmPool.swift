internal import Synchronization
public import Threading
public import Trading

/// What a pool is made of.
public struct WarmPoolSettings: Sendable {
    /// Scheme, host and port of the venue; the path is not used.
    public var endpoint: Endpoint
    /// Connections for any purpose; one more is kept for closes and cancels.
    public var entries = 2
    /// An idle connection is exercised when it was not used for this long, less up to a quarter.
    public var keepAlive = Nanoseconds.seconds(20)
    /// A connection is replaced before it is this old, less up to a quarter.
    public var ageMax = Nanoseconds.seconds(600)
    /// A connection is replaced before it has carried this many requests.
    public var requestsMax = 900
    /// How long names, TCP and TLS may take together.
    public var openTimeout = Nanoseconds.seconds(5)
    /// How long the answer to an exercise may take.
    public var exerciseTimeout = Nanoseconds.seconds(5)
    /// The first of the tokens under which sockets are registered with the lane's poller; `entries + 1` are used.
    public var firstToken: UInt64 = 1 << 32
    /// Of jitter and back-off.
    public var seed: UInt64

    /// Settings for one venue.
    public init(endpoint: Endpoint, seed: UInt64) {
        self.endpoint = endpoint
        self.seed = seed
    }
}

/// What a pool has and has done.
public struct WarmPoolStatus: Sendable {
    /// Open and idle.
    public var idle = 0
    /// Taken, or with a request in flight.
    public var inUse = 0
    /// Without a connection.
    public var vacant = 0
    /// Connections that were opened.
    public var opened = 0
    /// Openings that failed.
    public var openFailed = 0
    /// Why the last opening failed, or the last request was lost.
    public var lastFault: TransportFault?
    /// Requests that were begun, exercises not counted.
    public var exchanges = 0
    /// Of them: answered.
    public var answered = 0
    /// Of them: lost.
    public var lost = 0
    /// Of them: not sent.
    public var notSent = 0
    /// Exercises that were answered or lost.
    public var exercises = 0
    /// Exercises for which there was no request.
    public var exercisesSkipped = 0
    /// Reservations for which there was no connection.
    public var starved = 0
    /// True while the process has no descriptor to spare: nothing is entered.
    public var isShort = false
    /// Connections that were given up, by reason.
    public var retired: [RetireReason: Int] = [:]
}

/// The connections to one venue that are kept open for orders, and who may use which.
///
/// A connection is handed out only when it is proved open and idle in that instant; what arrives on an idle one, an end
/// above all, is seen by the lane's poller as soon as it is there. Openings never happen on a lane.
/// - Lane: `turn` and `exchange` on the lane given at `init`; `reserve`, `release`, `status` and `stop` from any thread,
///   without locks and without allocation.
/// - Bound: `entries + 1` connections, one request in flight on each, answers of 1 MiB.
public final class WarmPool: RequestSender, @unchecked Sendable {
    // Safety: a slot's connection belongs to whoever moved its word; `random`, `early` and what slots mark as the lane's
    // are used in `turn` and `exchange` only, on one thread.
    let slots: [WarmSlot]
    let settings: WarmPoolSettings
    let lane: Lane
    let opener: WarmOpener
    let exercise: @Sendable () -> [UInt8]?
    let counters = WarmCounters()
    let stopping = Atomic<Bool>(false)
    var random: SeededGenerator
    var isOver = false
    /// When spare sockets that were lent are asked for again.
    private var refillAt = MonotonicNanos(rawValue: 0)
    /// Outcomes that came before anybody waited for them: only when the lane takes a turn in the middle of an exchange.
    private var early: [(ticket: ConnectionTicket, outcome: WireOutcome)] = []

    /// A pool that begins to open its connections with the first turn of the lane.
    ///
    /// - Parameter exercise: the whole of a cheap GET, signed where the venue wants that; nil when the read budget has no
    ///   token for it. Called on the lane.
    public init(
        _ settings: WarmPoolSettings, context: TLSContext, lane: Lane,
        exercise: @escaping @Sendable () -> [UInt8]?
    ) {
        precondition(settings.entries > 0 && settings.requestsMax > 0, "a pool has connections that may be used")
        self.settings = settings
        self.lane = lane
        self.exercise = exercise
        random = SeededGenerator(seed: settings.seed)
        let now = NanoClock.monotonic()
        let places = settings.entries + 1
        slots = (0..<places).map { place in
            WarmSlot(backoff: Backoff(seed: settings.seed &+ UInt64(place) &+ 1), at: now)
        }
        opener = WarmOpener(
            to: settings.endpoint, context: context, timeout: settings.openTimeout, places: places
        ) { [lane] in lane.poller.wake() }
    }

    deinit { opener.stop() }

    /// Ends all connections in the lane's next turn and the opening thread now; requests in flight are lost. Not on the
    /// lane.
    public func stop() {
        stopping.store(true, ordering: .releasing)
        lane.poller.wake()
        opener.stop()
    }

    /// What there is and what was done.
    public var status: WarmPoolStatus {
        var status = WarmPoolStatus()
        for slot in slots {
            switch slot.now.state {
            case .vacant, .doomed: status.vacant += 1
            case .idle, .checking: status.idle += 1
            case .held, .busy: status.inUse += 1
            }
        }
        status.opened = counters.opened.current
        status.openFailed = counters.openFailed.current
        status.lastFault = counters.lastFault.withLock { $0 }
        status.exchanges = counters.exchanges.current
        status.answered = counters.answered.current
        status.lost = counters.lost.current
        status.notSent = counters.notSent.current
        status.exercises = counters.exercises.current
        status.exercisesSkipped = counters.exercisesSkipped.current
        status.starved = counters.starved.current
        status.isShort = isShort
        for (reason, counter) in zip(RetireReason.allCases, counters.retired) where counter.value.current > 0 {
            status.retired[reason] = counter.value.current
        }
        return status
    }

    /// True while the process has no descriptor to spare: nothing is entered.
    public var isShort: Bool { opener.spares.isLent }

    // MARK: The lane

    /// Writes the request now, in the caller's turn, and waits for the answer. See `RequestSender`.
    public nonisolated(nonsending) func exchange(
        _ ticket: ConnectionTicket, _ request: [UInt8], deadline: MonotonicNanos
    ) async -> WireOutcome {
        // The bytes leave here, before anything else can run on the lane; or they did a moment ago.
        if !hasDeparted(ticket), let outcome = begin(ticket, request, deadline) { return outcome }
        // A continuation is resumed on its task's preferred executor, by default a thread of the pool, and only then on its
        // actor's: with the lane preferred the answer stays on the lane. A fire's tasks prefer it already.
        let isHome = withUnsafeCurrentTask { $0?.unownedTaskExecutor == lane.asUnownedTaskExecutor() }
        if isHome { return await withUnsafeContinuation { continuation in attach(ticket, continuation) } }
        return await withTaskExecutorPreference(lane) {
            await withUnsafeContinuation { continuation in attach(ticket, continuation) }
        }
    }

    /// Writes the request now; `exchange` waits for its answer, or finds it.
    public func depart(_ ticket: ConnectionTicket, _ request: [UInt8], deadline: MonotonicNanos) {
        guard lane.isCurrent, holds(ticket) else { return }
        slots[ticket.place].departed = ticket.generation
        if let outcome = begin(ticket, request, deadline) { early.append((ticket, outcome)) }
    }

    private func hasDeparted(_ ticket: ConnectionTicket) -> Bool {
        guard slots.indices.contains(ticket.place), slots[ticket.place].departed == ticket.generation else {
            return false
        }
        slots[ticket.place].departed = nil
        return true
    }

    /// Lets bytes go the way of a request, through TLS and kernel, to an end in this process that throws them away.
    public func rehearse(_ request: [UInt8]) {
        precondition(lane.isCurrent, "requests are written on the pool's lane")
        guard let mirror = opener.mirror() else { return }
        request.withUnsafeBytes { mirror.write($0) }
    }

    /// Writes a request.
    ///
    /// - Returns: what came of it where that is known at once; otherwise `attach` tells.
    func begin(_ ticket: ConnectionTicket, _ request: [UInt8], _ deadline: MonotonicNanos) -> WireOutcome? {
        precondition(lane.isCurrent, "requests are written on the pool's lane")
        counters.exchanges.count()
        guard slots.indices.contains(ticket.place) else { return refuse(.ticket, "no such place") }
        let (slot, generation) = (slots[ticket.place], ticket.generation)
        guard slot.move(.held, generation, to: .busy, generation), let connection = slot.connection else {
            return refuse(.ticket, "the connection was used or given back before")
        }
        let now = NanoClock.monotonic()
        guard !isOver else {
            retire(ticket.place, generation, .stopped, now)
            return refuse(.closed, "the pool was stopped")
        }
        guard deadline > now else {
            if connection.isSealed {
                retire(ticket.place, generation, .withheld, now)
            } else {
                slot.set(.idle, generation)
            }
            return refuse(.timeout, "the deadline had passed before the first byte")
        }
        // What is sealed was looked at when it was.
        if !connection.isSealed, let reason = connection.silence() {
            retire(ticket.place, generation, reason, now)
            return refuse(.closed, "the connection was over before the first byte (\(reason.rawValue))")
        }
        slot.isExercise = false
        guard let fault = start(ticket.place, request, deadline) else { return nil }
        return lose(ticket.place, generation, fault, now)
    }

    /// Resumes with what came of a request that `begin` wrote, now or when it is known.
    func attach(_ ticket: ConnectionTicket, _ continuation: UnsafeContinuation<WireOutcome, Never>) {
        if let index = early.firstIndex(where: { $0.ticket == ticket }) {
            return continuation.resume(returning: early.remove(at: index).outcome)
        }
        slots[ticket.place].continuation = continuation
    }

    private func refuse(_ kind: TransportFault.Kind, _ text: String) -> WireOutcome {
        counters.notSent.count()
        return .notSent(TransportFault(kind, text))
    }

    func start(_ place: Int, _ request: [UInt8], _ deadline: MonotonicNanos) -> TransportFault? {
        guard let connection = slots[place].connection else { return nil }
        if let fault = connection.start(request, deadline: deadline) { return fault }
        if connection.wantsOutput { watch(place, connection, output: true) }
        return nil
    }

    func watch(_ place: Int, _ connection: WarmConnection, output: Bool) {
        slots[place].isWaitingForRoom = output
        do throws(Poller.Fault) {
            try lane.poller.add(connection.descriptor, token: settings.firstToken + UInt64(place), output: output)
        } catch {
            // Without the poller a parked lane sees the socket at its next turn, which comes within a second.
            counters.lastFault.withLock {
                $0 = TransportFault(.connect, "no descriptor for the poller: \(error.number)")
            }
        }
    }

    /// Takes one turn: reads what came, gives up what is late, replaces what is used up. Part of the lane's turn.
    ///
    /// - Parameter ready: tokens from the lane's poller; those of others are ignored.
    public func turn(_ ready: [UInt64]) -> Lane.Turn {
        guard !isOver else { return .idle(until: nil) }
        if stopping.load(ordering: .acquiring) { return end() }
        for token in ready where token >= settings.firstToken {
            let place = Int(token - settings.firstToken)
            if place < slots.count { slots[place].isReady = true }
        }
        let now = NanoClock.monotonic()
        var isMoving = opener.isEmpty ? false : takeArrivals(now)
        var due = now + .seconds(1)
        if opener.spares.isLent, refillAt <= now {
            refillAt = now + .seconds(1)
            opener.refill()
        }
        for place in slots.indices {
            let slot = slots[place]
            let (state, generation) = slot.now
            switch state {
            case .busy:
                if drive(place, generation, now) { isMoving = true }
                if let connection = slot.connection { due = min(due, connection.deadline) }
            case .idle:
                if slot.isReady || slot.lookAt <= now { tend(place, generation, now) }
                due = min(due, slot.lookAt)
            case .doomed: retire(place, generation, slot.doom, now)
            case .vacant:
                if !slot.isOpening, slot.openAt <= now { open(place) }
                if !slot.isOpening { due = min(due, slot.openAt) }
            case .held, .checking: break
            }
            slot.isReady = false
        }
        return isMoving ? .busy : .idle(until: due)
    }

    private func end() -> Lane.Turn {
        isOver = true
        let now = NanoClock.monotonic()
        for place in slots.indices {
            let slot = slots[place]
            while true {
                let (state, generation) = slot.now
                if state == .busy {
                    let fault = TransportFault(.closed, "the pool was stopped")
                    tell(place, generation, lose(place, generation, fault, now, .stopped))
                } else if state == .idle, !slot.move(.idle, generation, to: .checking, generation) {
                    continue
                } else if state == .idle || state == .doomed {
                    retire(place, generation, .stopped, now)
                }
                break
            }
            slot.successor = nil
        }
        _ = opener.takeAll()
        return .idle(until: nil)
    }

    // MARK: Requests in flight

    private func drive(_ place: Int, _ generation: UInt64, _ now: MonotonicNanos) -> Bool {
        let slot = slots[place]
        guard let connection = slot.connection else { return false }
        switch connection.poll() {
        case .waiting, .moving:
            if slot.isWaitingForRoom, !connection.wantsOutput { watch(place, connection, output: false) }
            guard connection.deadline <= now else { return slot.isReady }
            tell(
                place, generation,
                lose(place, generation, TransportFault(.timeout, "no answer within the deadline"), now))
        case .broken(let fault): tell(place, generation, lose(place, generation, fault, now))
        case .answered(let answer): finish(place, generation, answer)
        }
        return true
    }

    private func finish(_ place: Int, _ generation: UInt64, _ answer: WireAnswer) {
        let slot = slots[place]
        guard let connection = slot.connection else { return }
        slot.backoff.reset()
        if !slot.isExercise { counters.answered.count() }
        // Told first: as soon as the place is idle another thread may take it.
        tell(place, generation, .answered(answer))
        if let reason = connection.leftover(at: answer.acked) {
            retire(place, generation, reason, answer.acked)
        } else {
            plan(slot, connection, answer.acked)
            slot.set(.idle, generation)
        }
    }

    /// Gives up a request in flight with its connection.
    func lose(
        _ place: Int, _ generation: UInt64, _ fault: TransportFault, _ now: MonotonicNanos,
        _ reason: RetireReason = .lost
    ) -> WireOutcome {
        let slot = slots[place]
        let sent = slot.connection?.sentAt ?? now
        slot.connection?.abort()
        retire(place, generation, reason, now)
        counters.lastFault.withLock { $0 = fault }
        if !slot.isExercise { counters.lost.count() }
        return .lost(fault, sent: sent)
    }

    /// Hands an outcome to whoever waits for it, or keeps it for who will in a moment.
    func tell(_ place: Int, _ generation: UInt64, _ outcome: WireOutcome) {
        let slot = slots[place]
        if slot.isExercise { return counters.exercises.count() }
        guard let continuation = slot.continuation else {
            return early.append((ConnectionTicket(place: place, generation: generation), outcome))
        }
        slot.continuation = nil
        continuation.resume(returning: outcome)
    }
}
