public import Risk
public import Trading

/// The conductor of orders: takes what the engine offers, walks it to the wire, follows every order to its end by
/// evidence, closes what stands alone, and knows at each instant what is held.
///
/// Everything reaches it as a call with a stamp; it does no I/O of its own, and its clock only stamps. What it sends goes through
/// gateways that were asked first (`prepare`), the journal, and `ExecutionEngine`; what it reads comes back through
/// `answered`.
/// - Lane: the hot lane.
/// - Bound: `executionsMax` executions that are not done, `PositionTracker.executionsMax` that are here,
///   `OrderRegistry.ordersMax` orders; what is over is forgotten, and its history is the ledger's.
public final class Trader {
    let catalog: Catalog
    let settings: TraderSettings
    unowned let engine: Engine
    let gateways: [VenueID: any OrderGateway]
    /// The same, by the venue's raw value: every fire asks several times.
    let gatewayOf: [(any OrderGateway)?]
    let journal: any Journal
    let accounts: any AccountDesk
    let clock: any Timekeeper
    private let listener: (TradeEvent) -> Void
    private var untold: [TradeEvent] = []
    let autoClose: AutoClose
    let sizer = Sizer()

    let inFlight: InFlight
    var registry: OrderRegistry
    var gate: RiskGate
    /// What is held, by execution: every figure that the gate is given comes from here.
    var positions: PositionTracker
    private(set) var fires: ExecutionEngine?

    var executions: [UInt32: Execution] = [:]
    /// Executions that are not done, by their numbers.
    var live: Set<UInt32> = []
    /// Executions that are done and still here, the one that waits longest first.
    var ended = EndedExecutions()
    /// Which execution an order belongs to, by the index of its handle.
    var owners: [Int: UInt32] = [:]
    var resolvers: [Int: UnknownResolver] = [:]
    var delayed: [Int: MonotonicNanos] = [:]
    /// Orders that have been unknown for longer than patience.
    var overdue: Set<Int> = []
    var instruments: [MarketKey: InstrumentID] = [:]
    /// What venues say is held, by instrument and outcome. A witness: it bounds sales, and never makes one.
    var confirmed: [HeldKey: Quantity] = [:]
    /// What is at the venues and not ours, as far as it was told.
    var foreign = ForeignBook()
    /// Why the trader itself halted a pair, in words.
    var haltReasons: [PairID: String] = [:]
    /// Least prices of sales that an operator named, by venue; for one sweep.
    var floors: [VenueID: Price] = [:]
    /// Losses that an operator allowed, by execution. Unit: USD.
    var overrides: [UInt32: Money] = [:]
    /// Jobs that lanes had spilled when the breaker last opened for it.
    private var spilledBefore = 0
    /// Signs an order ahead, off this lane; nil: nothing is signed ahead. Set before the lane runs.
    public var forge: ((NewOrder, VenueID) -> Void)?
    /// Baskets that are near, to be made ready in the next turn; when each may be again, by its index; when one was last.
    var toArm: [BasketID] = []
    var armAgain: [MonotonicNanos]
    var lastNear: MonotonicNanos?
    /// Legs that wait for the other one of their basket: each will need a seat.
    var waitingSeconds = 0
    /// When something of ours last filled there, by instrument.
    private var filledAt: [MonotonicNanos?]
    /// What was offered last, for rehearsals.
    var lastCandidate: EntryCandidate?
    /// Of this turn: it becomes `lastCandidate` when its orders have left.
    var newCandidate: EntryCandidate?
    /// The legs of a basket with the cash of the caps that are left.
    var fitLegs: [SizingLeg] = []
    /// Made ahead for the next fire.
    var spare: Execution?
    /// The entry that left last, until it is booked.
    var unbooked: UnbookedEntry?
    var nextRehearsal: MonotonicNanos?
    /// A walk that is begun.
    var rehearsal: Rehearsal?
    private var lastRefusal: [BasketID: Refused] = [:]
    private var lastSequence: UInt64
    private var lastExecution: UInt32 = 0
    private var stampOfCalls: Stamp
    var isStopping = false
    /// An operator's halt from outside: a signal, or the latch found at the start.
    public let haltFlag = HaltFlag()
    /// Something of an earlier run could not be taken up, or cannot be recorded: nothing is entered.
    var isBlocked = false
    /// Why, in words.
    var blockReason = "something of an earlier run could not be taken up"
    var nextRead: MonotonicNanos?
    var nextSweep: MonotonicNanos?
    /// The box that was looked at last, of those that may be sold early.
    var lastLookedAt: UInt32 = 0
    /// False until both accounts were read and everything of earlier runs is known.
    public internal(set) var isReady = false
    var unread: Set<VenueID>
    /// When the newest whole read of each account was sent.
    var lastRead: [VenueID: UTCNanos] = [:]
    /// When the newest read of paid markets was asked for.
    var lastPaid: [VenueID: UTCNanos] = [:]
    /// Room for our side of a comparison.
    var driftRoom: [OurAccount.Order] = []
    /// Counts since the start.
    public internal(set) var counters = TraderCounters()

    /// What can be held.
    struct HeldKey: Hashable {
        let instrument: InstrumentID
        let outcome: Outcome
    }

    private struct Refused: Equatable {
        let opportunity: UInt64
        let reason: String
    }

    /// What a trader is made of.
    public struct Parts {
        /// The markets.
        public var catalog: Catalog
        /// Books, terms, fees.
        public var engine: Engine
        /// One a venue.
        public var gateways: [any OrderGateway]
        /// Where intents are recorded.
        public var journal: any Journal
        /// Who reads accounts.
        public var accounts: any AccountDesk
        /// Stamps of stages and answers.
        public var clock: any Timekeeper
        /// Limits, reservations, breaker and halts.
        public var gate: RiskGate

        /// Parts.
        public init(
            catalog: Catalog, engine: Engine, gateways: [any OrderGateway], journal: any Journal,
            accounts: any AccountDesk, clock: any Timekeeper, gate: RiskGate
        ) {
            self.catalog = catalog
            self.engine = engine
            self.gateways = gateways
            self.journal = journal
            self.accounts = accounts
            self.clock = clock
            self.gate = gate
        }
    }

    /// A trader that is not ready: `start` reads the accounts first.
    ///
    /// - Parameter tell: gets every event; called on the hot lane, hands over and returns.
    public init(_ parts: Parts, settings: TraderSettings, tell: @escaping (TradeEvent) -> Void) {
        catalog = parts.catalog
        engine = parts.engine
        gateways = Dictionary(uniqueKeysWithValues: parts.gateways.map { ($0.venue, $0) })
        gatewayOf = (0..<256).map { raw in
            parts.gateways.first { Int($0.venue.rawValue) == raw }
        }
        journal = parts.journal
        accounts = parts.accounts
        clock = parts.clock
        gate = parts.gate
        positions = PositionTracker(parts.gate.limits, markets: parts.catalog.count)
        self.settings = settings
        listener = tell
        autoClose = AutoClose(settings.close)
        inFlight = InFlight(instruments: parts.catalog.count)
        filledAt = Array(repeating: nil, count: parts.catalog.count)
        registry = OrderRegistry(prefix: settings.prefix)
        unread = Set(parts.gateways.map(\.venue))
        armAgain = Array(repeating: MonotonicNanos(rawValue: .min), count: parts.catalog.baskets.count)
        // One a basket at most, in time: taken now.
        lastRefusal.reserveCapacity(parts.catalog.baskets.count)
        lastSequence = settings.sequenceBase
        stampOfCalls = parts.clock.now()
        for (index, contract) in catalog.contracts.enumerated() {
            instruments[MarketKey(venue: contract.venue, symbol: contract.symbol)] = InstrumentID(Int32(index))
        }
    }

    /// Makes the tasks that fire, on the hot lane. Once, before `start`.
    public func attach(to lane: any TaskExecutor) {
        fires = ExecutionEngine(gateways: Array(gateways.values), lane: lane, seats: settings.seats) {
            [weak self] tag, first, second in
            guard let self else { return }
            fired(tag, first, second, at: clock.now())
        }
    }

    /// Takes up a halt that was raised outside. Before anything that may send.
    func seeHalt(_ now: Stamp) {
        guard haltFlag.isRaised, gate.killSwitch.reason(.operator) == nil else { return }
        haltByOperator("arb halt", at: now)
        tell(
            .alert(
                TradeAlert(
                    "E_EXEC_CIRCUIT_OPEN", isCritical: true, pair: nil,
                    "halted by the operator: nothing but cancels leaves; what stands alone stays as it is", at: now)))
    }

    // MARK: Names and notes

    func newID() -> ClOrdID {
        lastSequence += 1  // 2^62 orders outlast the process
        let name = ClOrdID(prefix: settings.prefix, run: settings.run, sequence: lastSequence)
        registry.noteName(name)
        return name
    }

    func newExecutionID() -> ExecutionID {
        lastExecution += 1  // 2^32 executions a run
        return ExecutionID(run: settings.run, sequence: lastExecution)
    }

    /// Executions of this run are counted on from there, so that none has the number of one that is still open.
    func reserveSequences(beyond last: UInt32) { lastExecution = max(lastExecution, last) }

    func filledAt(_ instrument: InstrumentID) -> MonotonicNanos? { filledAt[Int(instrument.index)] }

    func noteFill(_ instrument: InstrumentID, _ instant: MonotonicNanos) {
        filledAt[Int(instrument.index)] = instant
    }

    /// Tells why an opportunity was not fired: once a reason.
    func refused(_ candidate: EntryCandidate, _ refusal: Refusal, _ now: Stamp) {
        let told = Refused(opportunity: candidate.opportunity, reason: refusal.key)
        guard lastRefusal[candidate.basket.id] != told else { return }
        lastRefusal[candidate.basket.id] = told
        // After the line of the opportunity's birth, which is written when it was offered.
        tellLater(
            .result(
                ExecutionResult(
                    id: ExecutionID(run: settings.run, sequence: 0), opportunity: candidate.opportunity,
                    basket: candidate.basket.id, kind: .refused, edgeExpected: candidate.plan.net,
                    stamps: candidate.stamps ?? ExecutionStamps(now.monotonic), decidedAt: now.utc,
                    told: now.monotonic, error: refusal.text)))
    }
}

extension Trader: LiveTrader {
    /// The instant of the calls that follow.
    public func begin(at now: Stamp) {
        stampOfCalls = now
        tellAll()
    }

    var now: Stamp { stampOfCalls }

    /// Everything that was there to read has been read.
    public func turn(at now: Stamp) {
        stampOfCalls = now
        tellAll()
        seeHalt(now)
        tellClaimed(now)
        if let due = nextDue, due <= now.monotonic { advance(to: now) }
        booksChanged(at: now)
        makeReady()
        arm(at: now)
        if let nextRehearsal, nextRehearsal <= now.monotonic { rehearse(at: now) }
    }

    /// Counted since the breaker last opened for it: what an operator has resumed is not held against the run again.
    public func lanesSpilled(_ jobs: Int, at now: Stamp) {
        guard gate.breaker.noteLaneSpill(jobs - spilledBefore, at: now) else { return }
        spilledBefore = jobs
        tellBreaker()
    }

    /// Hands an event over, behind those that wait.
    func tell(_ event: TradeEvent) {
        guard untold.isEmpty else { return untold.append(event) }
        listener(event)
    }

    /// Hands an event over in the next turn: writing for people and ledger costs more than sending.
    func tellLater(_ event: TradeEvent) { untold.append(event) }

    /// Books what has left and hands over what waits: when orders have left.
    func tellAll() {
        bookEntry()
        guard !untold.isEmpty else { return }
        for event in untold { listener(event) }
        untold.removeAll(keepingCapacity: true)
    }

    /// Nothing new is entered; what is open goes on.
    public func stop(at now: Stamp) {
        stampOfCalls = now
        isStopping = true
    }

    /// The tasks that fire wait for ever otherwise, and hold gateways, connections and lane with them.
    public func dismiss() { fires?.stop() }

    /// True while an operator's halt stands, also one that was raised and not looked at yet.
    public var isHalted: Bool { haltFlag.isRaised || gate.killSwitch.reason(.operator) != nil }

    /// True when no order is out and nothing stands alone that could be closed now.
    public var isQuiet: Bool {
        // During an operator's halt the machine closes nothing: there is nothing to wait for.
        let closes = gate.killSwitch.allows(.autoClose)
        return (fires?.underWay ?? 0) == 0
            && !open.contains { $0.phase == .working || ($0.phase == .closing && closes) } && !awaitsFees
    }

    /// True while the fills of an order that has just ended are still on their way: a reply may tell the sum alone, and the
    /// fees come with the fills. They come within a moment, or are read at the next start.
    private var awaitsFees: Bool {
        let since = clock.now().monotonic + Nanoseconds(rawValue: -Self.fillsAwaited.rawValue)
        return executions.values.contains { execution in
            guard let endedAt = execution.endedAt, endedAt > since else { return false }
            return execution.orders.contains { order in
                let state = registry[order.handle].state
                return state.cumQty.rawValue > 0 && !state.isFeeWhole
            }
        }
    }

    private static let fillsAwaited = Nanoseconds.seconds(2)
}
