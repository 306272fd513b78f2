public import Risk
public import Trading

/// Fires prepared orders: both legs of a basket at once, with `async let`, and single orders that close.
///
/// Its tasks live as long as it does and wait for work on the hot lane, so that a fire makes the two child tasks and
/// nothing else. Everything that can fail locally was done before; from here on bytes leave or a report says why not.
/// - Lane: the hot lane, which is also the preferred executor of its tasks. A task is resumed after the turn in which it
///   was given work.
/// - Bound: `seats` fires under way at once; `isFull` says so before anything is prepared.
public final class ExecutionEngine {
    /// Prepared orders that leave together.
    public struct Fire: Sendable {
        /// The caller's own number of it.
        public let tag: UInt64
        /// The first leg, or the only order.
        public let first: SendSlot
        /// Its gateway.
        public let firstVenue: VenueID
        /// The second leg; nil: a single order.
        public let second: SendSlot?
        /// Its gateway.
        public let secondVenue: VenueID
        /// When an answer is no longer waited for.
        public let deadline: MonotonicNanos

        /// Two legs.
        public init(
            tag: UInt64, first: SendSlot, at firstVenue: VenueID, second: SendSlot, at secondVenue: VenueID,
            deadline: MonotonicNanos
        ) {
            self.tag = tag
            self.first = first
            self.firstVenue = firstVenue
            self.second = second
            self.secondVenue = secondVenue
            self.deadline = deadline
        }

        /// One order.
        public init(tag: UInt64, _ slot: SendSlot, at venue: VenueID, deadline: MonotonicNanos) {
            self.tag = tag
            self.first = slot
            self.firstVenue = venue
            self.second = nil
            self.secondVenue = venue
            self.deadline = deadline
        }
    }

    /// What is told when all orders of a fire have an answer, or a deadline.
    public typealias Listener = (_ tag: UInt64, _ first: LegReport, _ second: LegReport?) -> Void

    private let seats: [Seat]
    private var tasks: [Task<Void, Never>] = []
    private let gateways: Table

    /// An engine whose tasks run on `lane`; they begin to wait in the lane's first turn.
    ///
    /// - Parameter listener: called on the lane, once a fire.
    public init(
        gateways: [any OrderGateway], lane: any TaskExecutor, seats count: Int, listener: @escaping Listener
    ) {
        precondition(count > 0, "something can be fired")
        let table = Table(Dictionary(uniqueKeysWithValues: gateways.map { ($0.venue, $0) }))
        self.gateways = table
        seats = (0..<count).map { _ in
            Seat(table) { tag, first, second in
                if tag != Self.rehearsal { listener(tag, first, second) }
            }
        }
        tasks = seats.map { seat in
            Task(executorPreference: lane) {
                while let fire = await seat.next() {
                    let reports = await Self.leave(fire, seat)
                    seat.finish(fire, reports.first, reports.second)
                }
            }
        }
    }

    /// True when nothing more can be fired now.
    public var isFull: Bool { !seats.contains { !$0.isTaken } }

    /// Fires under way.
    public var underWay: Int { seats.count { $0.isTaken } }

    /// Fires the two legs of an approved basket. The approval is spent.
    ///
    /// - Precondition: not `isFull`.
    public func start(_ approval: consuming Approval, _ gate: inout RiskGate, _ fire: Fire) -> ReservationID {
        let isWithin =
            fire.second.map { second in
                approval.admits(fire.first.order, leg: 0) && approval.admits(second.order, leg: 1)
            } ?? (approval.admits(fire.first.order, leg: 0) || approval.admits(fire.first.order, leg: 1))
        precondition(isWithin, "what leaves is what was approved")
        let reservation = gate.fired(approval)
        take(fire)
        return reservation
    }

    /// Fires without the gate, for tests of the engine alone.
    func fire(_ fire: Fire) { take(fire) }

    /// Sends orders that lessen exposure, or prove another dead: no approval is asked (law 10 kept cash for it). Two are the
    /// sales of both legs of a box.
    ///
    /// - Precondition: not `isFull`, and no order is an entry.
    public func close(_ fire: Fire) {
        precondition(fire.first.order.purpose != .entry, "an entry needs an approval")
        precondition(
            fire.second.map { $0.order.side == .sell && fire.first.order.side == .sell && $0.order.purpose == .close }
                ?? true, "two that leave together only sell")
        take(fire)
    }

    /// Sends the second leg of a basket whose first was sent alone, under the approval that both had.
    ///
    /// - Precondition: not `isFull`.
    public func follow(_ fire: Fire, under reservation: ReservationID) {
        precondition(fire.second == nil, "one leg follows")
        _ = reservation
        take(fire)
    }

    /// Lets two spent slots run the way of a fire: both gateways answer that they are spent, and nobody is told.
    ///
    /// - Precondition: not `isFull`.
    func rehearse(
        _ first: SendSlot, at firstVenue: VenueID, _ second: SendSlot, at secondVenue: VenueID, deadline: MonotonicNanos
    ) {
        take(
            Fire(
                tag: Self.rehearsal, first: first, at: firstVenue, second: second, at: secondVenue, deadline: deadline))
    }

    private static let rehearsal = UInt64.max

    /// Ends the tasks that wait; those that have work end after it.
    public func stop() { for seat in seats { seat.end() } }

    private func take(_ fire: Fire) {
        guard let seat = seats.first(where: { !$0.isTaken }) else { preconditionFailure("asked before: not full") }
        // Between the bytes of one leg and those of the other lies one system call (`Seat.depart`).
        gateways[fire.firstVenue].seal(fire.first)
        if let second = fire.second { gateways[fire.secondVenue].seal(second) }
        seat.give(fire)
    }

    /// The gateways as the tasks see them.
    fileprivate struct Table: Sendable {
        private let kalshi: (any OrderGateway)?
        private let polymarket: (any OrderGateway)?

        init(_ gateways: [VenueID: any OrderGateway]) {
            kalshi = gateways[.kalshi]
            polymarket = gateways[.polymarket]
        }

        subscript(venue: VenueID) -> any OrderGateway {
            guard let gateway = venue == .kalshi ? kalshi : polymarket else {
                preconditionFailure("a slot was prepared by one of the gateways")
            }
            return gateway
        }

        /// Bytes leave here where the caller is on the gateway's lane; elsewhere `commit` sends them, on that lane.
        func depart(_ slot: SendSlot, at venue: VenueID, _ deadline: MonotonicNanos) {
            self[venue].depart(slot, deadline: deadline)
        }

        func commit(_ slot: SendSlot, at venue: VenueID, _ deadline: MonotonicNanos) async -> LegReport {
            await self[venue].commit(slot, deadline: deadline)
        }
    }

    /// The one place where orders leave. A child task that takes the seat alone with it asks for no memory but its own.
    private static func leave(_ fire: Fire, _ seat: Seat) async -> (first: LegReport, second: LegReport?) {
        guard fire.second != nil else { return (await seat.commitFirst(), nil) }
        async let first = seat.commitFirst()
        async let second = seat.commitSecond()
        return await (first, second)
    }
}

/// A place in which one fire at a time is under way.
private final class Seat: @unchecked Sendable {
    // Safety: touched on the hot lane only, by the engine and by the seat's own task, whose executor is that lane.
    private(set) var isTaken = false
    private var hasDeparted = false
    private var waiting: UnsafeContinuation<ExecutionEngine.Fire?, Never>?
    private var given: ExecutionEngine.Fire?
    /// What its task is about.
    private var fire: ExecutionEngine.Fire?
    private var isOver = false
    private let gateways: ExecutionEngine.Table
    private let listener: ExecutionEngine.Listener

    init(_ gateways: ExecutionEngine.Table, _ listener: @escaping ExecutionEngine.Listener) {
        self.gateways = gateways
        self.listener = listener
    }

    func give(_ fire: ExecutionEngine.Fire) {
        isTaken = true
        hasDeparted = false
        if let waiting {
            self.waiting = nil
            waiting.resume(returning: fire)
        } else {
            given = fire
        }
    }

    func end() {
        isOver = true
        waiting?.resume(returning: nil)
        waiting = nil
    }

    /// Its next work; nil when it is over.
    nonisolated(nonsending) func next() async -> ExecutionEngine.Fire? {
        fire = await take()
        return fire
    }

    /// Hands over every leg that leaves on this lane, once a fire: both legs' tasks begin with it, and whichever is first
    /// does it for both. From one task to the other is a longer way than from one system call to the next.
    private func depart(_ fire: ExecutionEngine.Fire) {
        guard !hasDeparted else { return }
        hasDeparted = true
        gateways.depart(fire.first, at: fire.firstVenue, fire.deadline)
        if let second = fire.second { gateways.depart(second, at: fire.secondVenue, fire.deadline) }
    }

    func commitFirst() async -> LegReport {
        guard let fire else { preconditionFailure("it has work") }
        depart(fire)
        return await gateways.commit(fire.first, at: fire.firstVenue, fire.deadline)
    }

    func commitSecond() async -> LegReport {
        guard let fire, let slot = fire.second else { preconditionFailure("it has two orders") }
        depart(fire)
        return await gateways.commit(slot, at: fire.secondVenue, fire.deadline)
    }

    private nonisolated(nonsending) func take() async -> ExecutionEngine.Fire? {
        if let given {
            self.given = nil
            return given
        }
        if isOver { return nil }
        // The way into the continuation is a job of its own, and others run before it: what they gave meanwhile is taken
        // here, or nobody would ever take it.
        return await withUnsafeContinuation { continuation in
            if let given {
                self.given = nil
                continuation.resume(returning: given)
            } else if isOver {
                continuation.resume(returning: nil)
            } else {
                waiting = continuation
            }
        }
    }

    func finish(_ fire: ExecutionEngine.Fire, _ first: LegReport, _ second: LegReport?) {
        isTaken = false
        listener(fire.tag, first, second)
    }
}
