import Arb
import Synchronization
import Threading
import Trading

/// A lane, or one that a test steps.
protocol Steps: SerialExecutor, TaskExecutor { var isCurrent: Bool { get } }
extension Lane: Steps {}
extension StepLane: Steps {}

/// A venue that answers as a test says, and remembers what it was asked. Runs on the lane it is given.
actor ScriptGateway: OrderGateway {
    /// What becomes of an order.
    enum Answer: Sendable {
        /// This, at once.
        case says(LegReport.Outcome)
        /// Nothing before the deadline: unknown.
        case silence
        /// Nothing before the test says `answer`.
        case waits
    }

    nonisolated let venue: VenueID
    private nonisolated let lane: any Steps
    private nonisolated let state: Mutex<State>

    private struct State {
        var refusal: LocalRefusal?
        var answers: [Answer] = []
        var prepared: [NewOrder] = []
        var sent: [NewOrder] = []
        var givenBack = 0
        var generation: UInt64 = 0
        var open: Set<UInt64> = []
        var offLane = 0
        var spent = 0
        var cancelAlls = 0
        var latency: Nanoseconds?
        var waiting: [UnsafeContinuation<LegReport.Outcome, Never>] = []
        var orderID: ((NewOrder) -> OrderID?) = { _ in nil }
        var ahead: SignedAhead?
        var watcher: (@Sendable (Step) -> Void)?
    }

    /// What is done with a prepared order.
    enum Step: Hashable, Sendable { case seal(VenueID), depart(VenueID), commit(VenueID) }

    init(_ venue: VenueID, on lane: any Steps) {
        self.venue = venue
        self.lane = lane
        state = Mutex(State())
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { lane.asUnownedSerialExecutor() }

    // MARK: The test's side

    nonisolated func will(_ answers: Answer...) { state.withLock { $0.answers += answers } }
    nonisolated func refuse(_ refusal: LocalRefusal?) { state.withLock { $0.refusal = refusal } }
    nonisolated func nameOrders(_ name: @escaping @Sendable (NewOrder) -> OrderID?) {
        state.withLock { $0.orderID = name }
    }
    /// Its orders are signed one by one.
    nonisolated func signsAhead() { state.withLock { $0.ahead = SignedAhead() } }
    nonisolated var signedAhead: SignedAhead? { state.withLock { $0.ahead } }
    /// Every answer says that it took this long; nil: as long as it did.
    nonisolated func takes(_ latency: Nanoseconds?) { state.withLock { $0.latency = latency } }
    nonisolated var sent: [NewOrder] { state.withLock { $0.sent } }
    nonisolated var prepared: [NewOrder] { state.withLock { $0.prepared } }
    nonisolated var givenBack: Int { state.withLock { $0.givenBack } }
    /// Slots that were neither used nor given back.
    nonisolated var held: Int { state.withLock { $0.open.count } }
    /// Commits that ran anywhere but on the lane.
    nonisolated var offLane: Int { state.withLock { $0.offLane } }
    /// Commits of slots that had been given back: nothing left.
    nonisolated var spent: Int { state.withLock { $0.spent } }
    nonisolated var cancelAlls: Int { state.withLock { $0.cancelAlls } }
    /// Is told of each step of each order.
    nonisolated func watch(_ watcher: @escaping @Sendable (Step) -> Void) { state.withLock { $0.watcher = watcher } }
    private nonisolated func tell(_ step: Step) { state.withLock { $0.watcher }?(step) }
    /// Answers the oldest order that waits.
    nonisolated func answer(_ outcome: LegReport.Outcome) {
        let waiting = state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
        waiting?.resume(returning: outcome)
    }
    nonisolated var waiting: Int { state.withLock { $0.waiting.count } }

    // MARK: The gateway

    nonisolated func prepare(_ order: NewOrder, at now: Stamp) throws(LocalRefusal) -> SendSlot {
        let slot: Result<SendSlot, LocalRefusal> = state.withLock { state in
            if let refusal = state.refusal { return .failure(refusal) }
            state.prepared.append(order)
            state.generation += 1
            state.open.insert(state.generation)
            return .success(
                SendSlot(
                    order: order, orderID: state.orderID(order),
                    bodyHash: Digest256 { $0.initializeMemory(as: UInt8.self, repeating: 7) },
                    signed: now.monotonic, place: 0, generation: state.generation))
        }
        return try slot.get()
    }

    nonisolated func giveBack(_ slot: SendSlot) {
        state.withLock { state in if state.open.remove(slot.generation) != nil { state.givenBack += 1 } }
    }

    nonisolated func seal(_ slot: SendSlot) { tell(.seal(venue)) }

    nonisolated func depart(_ slot: SendSlot, deadline: MonotonicNanos) { tell(.depart(venue)) }

    func commit(_ slot: SendSlot, deadline: MonotonicNanos) async -> LegReport {
        tell(.commit(venue))
        let isOnLane = lane.isCurrent
        let sent = NanoClock.monotonic()
        let answer = state.withLock { state -> Answer in
            if !isOnLane { state.offLane += 1 }
            guard state.open.remove(slot.generation) != nil else {
                state.spent += 1
                return .says(.notSent(LocalRefusal(.slotSpent, "given back")))
            }
            state.sent.append(slot.order)
            return state.answers.isEmpty ? .silence : state.answers.removeFirst()
        }
        let outcome: LegReport.Outcome
        switch answer {
        case .says(let said): outcome = said
        case .silence: outcome = .unknown(.timeout)
        case .waits:
            outcome = await withUnsafeContinuation { continuation in
                state.withLock { $0.waiting.append(continuation) }
            }
        }
        let latency = state.withLock { $0.latency }
        return LegReport(
            clOrdID: slot.order.clOrdID, orderID: slot.orderID, outcome: outcome,
            stamps: .init(signed: slot.signed, sent: sent, acked: latency.map { sent + $0 } ?? NanoClock.monotonic()))
    }

    func cancel(_ order: OrderRef, deadline: MonotonicNanos) async -> CancelReport { .cancelled(nil) }

    func cancelAll(deadline: MonotonicNanos) async -> CancelReport {
        state.withLock { $0.cancelAlls += 1 }
        return .cancelled(nil)
    }
}
