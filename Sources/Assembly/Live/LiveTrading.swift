public import Arb
internal import Synchronization
public import Threading
public import Trading
internal import Transport

/// Asks a run to end in order: the trader finishes or hands over, then the lane ends. From any thread, once or often.
public final class RunStop: Sendable {
    private let isAsked = Atomic<Bool>(false)
    private let lane: Lane

    /// Ends the run of this lane.
    public init(_ lane: Lane) { self.lane = lane }

    /// Asks for the end.
    public func request() {
        guard !isAsked.exchange(true, ordering: .acquiringAndReleasing) else { return }
        lane.poller.wake()
    }

    var isRequested: Bool { isAsked.load(ordering: .acquiring) }
}

/// Work that other threads want done on the hot lane, between two turns: an operator's word above all.
///
/// - Bound: 256 pieces wait; `post` refuses more.
public final class HotWork: Sendable {
    private let waiting = Mailbox<@Sendable (Stamp) -> Void>(capacity: 256)
    private let lane: Lane

    /// Work for this lane.
    public init(_ lane: Lane) { self.lane = lane }

    /// Has `body` done on the hot lane, soon. From any thread.
    ///
    /// - Returns: false when too much waits; it is not done then.
    public func post(_ body: @escaping @Sendable (Stamp) -> Void) -> Bool {
        guard waiting.post(body) else { return false }
        lane.poller.wake()
        return true
    }

    /// Looks again now: something was raised. From any thread.
    public func wake() { lane.poller.wake() }

    func run(at now: Stamp) { for body in waiting.takeAll() { body(now) } }

    var isEmpty: Bool { waiting.isEmpty }
}

/// What a live run has beyond a dry one: gateways, private streams, account reads, and the trader that they serve.
///
/// - Lane: the hot lane, all of it; driven by `LiveDriver`.
public final class LiveTrading {
    let venues: TradingVenues
    let reads: AccountReads
    let trader: any LiveTrader
    private let stop: RunStop
    private let work: HotWork
    private let patience: Nanoseconds
    /// Who fills orders in a paper run; nil in a live one.
    let paper: PaperDesk?
    private let tap: ReceiptTap?
    private var streams: [any UserStream]
    private let links: Set<LinkID>
    private var stoppedAt: MonotonicNanos?
    private var isDirty = true
    /// What was signed ahead is void, and nothing more is.
    private var isVoid = false
    /// Lanes spin: an entry may be close.
    private var isArmed = false
    /// Jobs that lanes had spilled when it was last told.
    private var spilled = 0

    /// The longest that an orderly end may take.
    public static let patience = Nanoseconds.seconds(10)

    /// - Parameters:
    ///   - reads: must be those that `trader` asks.
    ///   - work: what other threads want done; nil: nothing.
    ///   - patience: how long the trader may take to end.
    ///   - paper: who fills orders and answers for accounts where none leave; nil in a live run.
    ///   - receipts: keeps what the private streams say of our orders; nil: nobody does.
    public init(
        _ venues: TradingVenues, reads: AccountReads, trader: any LiveTrader, stop: RunStop,
        work: HotWork? = nil, patience: Nanoseconds = LiveTrading.patience, paper: PaperDesk? = nil,
        receipts: ReceiptQueue? = nil
    ) {
        tap = receipts.map { ReceiptTap($0, into: trader) }
        self.paper = paper
        self.venues = venues
        self.reads = reads
        self.trader = trader
        self.stop = stop
        self.work = work ?? HotWork(venues.lanes.hot)
        self.patience = patience
        streams = venues.all.map { $0.stream() }
        // Private links lie behind those of the feeds.
        links = Set(venues.all.map { LinkID(venue: $0.venue, index: .max) })
    }

    /// True for the connections of private streams.
    func owns(_ link: LinkID) -> Bool { link.index == .max && links.contains(link) }

    /// Where such a connection is opened.
    func edge(of link: LinkID) -> VenueEdge? { venues[link.venue]?.edge }

    // MARK: Inputs

    func start(at now: Stamp) {
        venues.start()
        for stream in streams { stream.start(at: now) }
    }

    func opened(_ link: LinkID, at now: Stamp) {
        begin(now)
        for stream in streams where stream.venue == link.venue { stream.opened(link, at: now, into: trader) }
    }

    func closed(_ link: LinkID, _ reason: String, at now: Stamp) {
        begin(now)
        for stream in streams where stream.venue == link.venue {
            stream.closed(link, reason: reason, at: now, into: trader)
        }
    }

    func frame(_ link: LinkID, _ payload: RawSpan, at now: Stamp) {
        begin(now)
        for stream in streams where stream.venue == link.venue {
            guard let tap else {
                stream.received(link, payload, at: now, into: trader)
                continue
            }
            stream.received(link, payload, at: now, into: tap)
            tap.keep(payload, at: now.utc)
        }
    }

    private func begin(_ now: Stamp) {
        isDirty = true
        trader.begin(at: now)
    }

    // MARK: Turns

    /// Something was read in a turn that ended early: the next one looks at everything.
    func touch() { isDirty = true }

    /// Everything that is due; after the engine has had its turn.
    ///
    /// - Parameter isBusy: something was read in this turn.
    /// - Returns: true when something was done.
    func turn(at now: Stamp, isBusy: Bool) -> Bool {
        if isBusy { isDirty = true }
        for stream in streams {
            guard let due = stream.nextDeadline, due <= now.monotonic else { continue }
            begin(now)
            stream.advance(to: now, into: trader)
        }
        if reads.hasLanded || reads.nextDeadline.map({ $0 <= now.monotonic }) ?? false {
            begin(now)
            reads.deliver(to: trader, at: now)
        }
        if let paper, paper.nextDeadline.map({ $0 <= now.monotonic }) ?? false {
            begin(now)
            paper.turn(into: trader, at: now)
        }
        let notes = venues.takeNotes()
        if !notes.isEmpty { begin(now) }
        for note in notes {
            switch note {
            case .notice(let notice): trader.note(notice)
            case .lapsed(let venue, let reason):
                let text = "\(venue.name) did not hear of us (\(reason)): it may have cancelled what rests"
                trader.note(FeedNotice(code: "E_EXEC_HEARTBEAT", text: text))
                trader.gap(venue, since: now.utc + .seconds(-60))
            }
        }
        if !work.isEmpty {
            begin(now)
            work.run(at: now)
        }
        followHalt()
        if trader.isNear(at: now.monotonic) != isArmed {
            isArmed.toggle()
            venues.lanes.arm(isArmed)
        }
        followLanes(now)
        if stop.isRequested, stoppedAt == nil {
            stoppedAt = now.monotonic
            isDirty = true
            trader.begin(at: now)
            trader.stop(at: now)
        }
        let isDue = trader.nextDeadline.map { $0 <= now.monotonic } ?? false
        guard isDirty || isDue else { return false }
        isDirty = false
        if isDue { trader.begin(at: now) }
        trader.turn(at: now)
        return true
    }

    /// A halt voids what was signed ahead; the end of it lets signing ahead go on.
    private func followHalt() {
        guard trader.isHalted != isVoid else { return }
        isVoid.toggle()
        isDirty = true
        if isVoid { venues.halt() } else { venues.resume() }
    }

    /// A lane that spills does not keep up: whoever trades must know.
    private func followLanes(_ now: Stamp) {
        let jobs = venues.lanes.spilled
        guard jobs != spilled else { return }
        spilled = jobs
        begin(now)
        trader.lanesSpilled(jobs, at: now)
    }

    /// How sets stand on paper; nil where none are traded.
    var sets: PaperSets.Status? { paper?.sets?.status }

    /// What the trader knows of itself, and on paper what sets hold with it.
    func status(at now: Stamp) -> TraderStatus? {
        guard var status = trader.status(at: now) else { return nil }
        paper?.sets?.add(to: &status)
        return status
    }

    /// The time of the run is over.
    func end() { stop.request() }

    /// True when the run is to end now: it was asked to, and the trader is done or out of time.
    func isOver(at now: MonotonicNanos) -> Bool {
        guard let stoppedAt else { return false }
        return trader.isQuiet && (paper?.sets?.isQuiet ?? true) || now >= stoppedAt + patience
    }

    /// The next instant at which `turn` has something to do.
    var nextDeadline: MonotonicNanos? {
        var next = trader.nextDeadline
        func take(_ due: MonotonicNanos?) {
            guard let due else { return }
            next = next.map { min($0, due) } ?? due
        }
        for stream in streams { take(stream.nextDeadline) }
        take(reads.nextDeadline)
        take(paper?.nextDeadline)
        take(stoppedAt.map { $0 + patience })
        return next
    }

    func takeActions() -> [VenueAction] {
        var actions: [VenueAction] = []
        for stream in streams { actions += stream.takeActions() }
        return actions
    }

    /// After the lane has ended.
    func finish() {
        reads.stop()
        venues.stop()
        trader.dismiss()
        venues.drain()
    }
}
