import Codec
public import Trading

/// How the answers to `get_snapshot` stand in the sequence of their subscription; the venue does not say.
public enum SnapshotCounter: Sendable, Hashable {
    /// Each takes the next number, like any other frame.
    case inSequence
    /// They carry no number of the sequence; whatever they carry is not looked at.
    case besides
    /// The next number is taken as one of the sequence; the last one, or none, as a snapshot beside it.
    case detect
}

/// What may be chosen about the feed. None of it changes what a correct book is.
public struct FeedSettings: Hashable, Sendable {
    /// Most markets on one connection. Each connection should carry several, so that one of them is busy.
    public var tickersPerLink = 400
    /// Most markets in one command.
    public var tickersPerCommand = 100
    /// Whether NO levels are asked for on the YES scale. True is what the venue announced as its coming default, after
    /// which the flag is to go: asking for it now reads the same books before, during and after the change.
    public var useYesPrice = true
    /// Whether public trades are subscribed.
    public var wantsTrades = true
    /// Whether the lifecycle of markets is subscribed (on the first connection, for all of them).
    public var wantsLifecycle = true
    /// How snapshots that were asked for are numbered.
    public var snapshotCounter = SnapshotCounter.detect
    /// A step of the resync ladder that brings no snapshot for this long has failed.
    public var snapshotTimeout = Nanoseconds.seconds(2)
    /// Each live book is compared with a fresh snapshot at least this long after the last time …
    public var crossCheckMin = Nanoseconds.seconds(30)
    /// … and at most this long after.
    public var crossCheckMax = Nanoseconds.seconds(55)
    /// A connection without a data frame for this long is asked for a snapshot, which is one.
    public var probeAfter = Nanoseconds.seconds(5)
    /// A connection that is neither up nor refused after this long is given up.
    public var openTimeout = Nanoseconds.seconds(20)
    /// First pause before a reconnect; doubles with each failure, half of it drawn at random.
    public var backoffFirst = Nanoseconds.milliseconds(250)
    /// Longest pause before a reconnect.
    public var backoffMax = Nanoseconds.seconds(30)
    /// Most connections made in a minute, over all links.
    public var opensPerMinute = 30
    /// This many crossed or unreadable books on one connection in a minute end it.
    public var faultsPerMinute = 3
    /// This many resyncs on one connection in a minute end it.
    public var resyncsPerMinute = 10
    /// Seed of the jitter.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
}

/// What the feed has counted since it was made. Bounded by frames, which no process outlasts.
public struct FeedCounters: Hashable, Sendable {
    /// Frames received.
    public internal(set) var frames: UInt64 = 0
    /// Deltas applied.
    public internal(set) var deltas: UInt64 = 0
    /// Snapshots that made a book.
    public internal(set) var snapshots: UInt64 = 0
    /// Trades passed on.
    public internal(set) var trades: UInt64 = 0
    /// Frames of documented kinds without use here.
    public internal(set) var ignoredKinds: UInt64 = 0
    /// Frames of kinds that are newer than this program.
    public internal(set) var unknownKinds: UInt64 = 0
    /// Frames of subscriptions that are none of ours, or no longer.
    public internal(set) var unknownSids: UInt64 = 0
    /// Frames about markets that are none of ours.
    public internal(set) var unknownTickers: UInt64 = 0
    /// Deltas and snapshots for books that wait for another snapshot or are not wanted.
    public internal(set) var stale: UInt64 = 0
    /// Frames of connections that are not up.
    public internal(set) var stray: UInt64 = 0
    /// Frames that could not be read.
    public internal(set) var malformed: UInt64 = 0
    /// Sequence numbers skipped, repeated or dropped.
    public internal(set) var gaps: UInt64 = 0
    /// Books found crossed or locked.
    public internal(set) var crossed: UInt64 = 0
    /// Books found impossible: a negative size, a price off the grid.
    public internal(set) var corrupt: UInt64 = 0
    /// Books found equal to an independent snapshot.
    public internal(set) var crossChecks: UInt64 = 0
    /// Books found different from it.
    public internal(set) var crossCheckFailures: UInt64 = 0
    /// Connections asked for.
    public internal(set) var opens: UInt64 = 0
    /// Notices that were dropped because a minute had too many.
    public internal(set) var noticesDropped: UInt64 = 0
}

/// Kalshi's market data: one sequence per subscription over all its markets, checked frame by frame.
///
/// - Lane: the hot lane.
/// - Source: sheet of the venue's documentation of 2026-10-08, section 6; what it leaves open is a setting.
public final class Feed: BookFeed {
    /// Where a market stands.
    enum Phase: UInt8 {
        /// Not started.
        case idle
        /// A snapshot is wanted; the book is void.
        case waiting
        /// In sequence.
        case live
        /// Paused by the venue: void, no snapshot wanted.
        case paused
        /// Closed for good.
        case ended
        /// The venue does not know it.
        case refused
    }

    /// What the path of a delta touches of a market.
    struct Market {
        let id: InstrumentID
        var link: Int32 = -1
        var phase = Phase.idle
        /// False when every multiple of the ladder's unit is on the grid.
        var checksGrid = false
    }

    /// The rest of a market.
    struct Detail {
        let ticker: String
        var grid: TickGrid?
        var previousGrid: TickGrid?
        /// Of the ladders: divides both grids' units.
        var unit = Feed.finestUnit
        /// The earliest end of entries that is not the close time; nil: unknown.
        var otherEnd: UTCNanos?
        var checkDue = MonotonicNanos(rawValue: .max)
        var isAsked = false
        /// What the lifecycle last said, and when.
        var told: (status: TradingStatus, at: MonotonicNanos)?
    }

    enum LinkPhase: UInt8 {
        case closed, opening, open, closing
    }

    /// What the path of a delta touches of a connection.
    struct Line {
        var phase = LinkPhase.closed
        /// Of the book subscription; negative while there is none.
        var sid: Int64 = -1
        /// The sequence number that must come next.
        var expected: Int64 = 1
        var lastData = MonotonicNanos(rawValue: 0)
    }

    /// How far the resync ladder has been climbed.
    enum Step: UInt8 {
        case none, askedSnapshots, resubscribed
    }

    /// The rest of a connection.
    struct Link {
        let id: LinkID
        var markets: [Int32] = []
        var step = Step.none
        /// When the present step has failed; nil while nothing is awaited.
        var stepBy: MonotonicNanos?
        /// Markets in phase `waiting`.
        var waiting = 0
        var nextCommand: Int64 = 1
        /// Chunks of markets still to be added once the subscription has a sid.
        var toAdd: [[Int32]] = []
        var tradeSid: Int64 = -1
        var lifecycleSid: Int64 = -1
        var lifecycleExpected: Int64 = 1
        var attempt = 0
        var openedAt = MonotonicNanos(rawValue: 0)
        /// Opening: given up then. Closing: counted as closed then. Closed: opened again then.
        var phaseBy: MonotonicNanos?
        /// Earliest `checkDue` of its live markets.
        var nextCheck = MonotonicNanos(rawValue: .max)
        /// When the outstanding cross-checks were asked for; nil while none is.
        var askedAt: MonotonicNanos?
        var checksMissed = 0
        var faults: MinuteLimit
        var resyncs: MinuteLimit
    }

    /// 0.0001 dollar: the finest grid that the venue has published; ladders use it until a market's grid is known.
    static let finestUnit = Price(rawValue: 10_000) ?? .one
    static let tickersMax = 100_000

    /// Kalshi.
    public let venue = VenueID.kalshi
    let settings: FeedSettings
    let reader = JSONReader()
    let symbols: SymbolTable
    // What every frame touches goes without the run time's exclusivity checks (a tenth of a frame's time): accesses are
    // single statements on one lane, and none is open while the sink is called.
    @exclusivity(unchecked) var markets: [Market] = []
    @exclusivity(unchecked) var lines: [Line] = []
    var details: [Detail] = []
    var links: [Link] = []
    /// Index in `markets` by `InstrumentID.index`; negative where there is none.
    var places: [Int32] = []
    var actions: [VenueAction] = []
    var random: SeededGenerator
    var opens: MinuteLimit
    var notices = MinuteLimit(120)
    /// Nothing is due earlier; may be earlier than anything is due.
    var deadline: MonotonicNanos?
    /// Grids and statuses that the reference reader learned, to be acted on at the next turn.
    var learned: [(market: Int32, change: Learned)] = []

    /// What the feed wants read again, taken by the reference reader.
    var wishes = ReferenceWishes()
    /// Counts since the feed was made.
    @exclusivity(unchecked) public internal(set) var counters = FeedCounters()

    /// A feed that knows these markets by ticker; `start` says which are wanted.
    public init(_ contracts: [(InstrumentID, Contract)], settings: FeedSettings) {
        precondition(settings.tickersPerLink > 0 && settings.tickersPerCommand > 0, "a command names markets")
        precondition(settings.crossCheckMin <= settings.crossCheckMax, "a range runs upwards")
        self.settings = settings
        random = SeededGenerator(seed: settings.seed)
        opens = MinuteLimit(settings.opensPerMinute)
        symbols = SymbolTable(countMax: Self.tickersMax, reserved: max(64, contracts.count))
        NearMemory.reserve(&markets, contracts.count)
        for (instrument, contract) in contracts { add(instrument, ticker: contract.symbol) }
    }

    private func add(_ instrument: InstrumentID, ticker: String) {
        // A ticker that the table refuses (empty, twice, one too many) stays unknown: its book is void for ever.
        do throws(SymbolFault) { try symbols.insert(ticker, Int32(markets.count)) } catch { return }
        let index = Int(instrument.index)
        while places.count <= index { places.append(-1) }
        places[index] = Int32(markets.count)
        markets.append(Market(id: instrument))
        details.append(Detail(ticker: ticker))
    }

    /// The market of an instrument of this feed.
    func place(_ instrument: InstrumentID) -> Int? {
        let index = Int(instrument.index)
        guard places.indices.contains(index), places[index] >= 0 else { return nil }
        return Int(places[index])
    }

    // MARK: Inputs

    /// Spreads the instruments evenly over as few connections as carry them and asks for those connections.
    public func start(_ instruments: [InstrumentID], at stamp: Stamp, into sink: any BookSink) {
        let fresh = instruments.compactMap { place($0) }.filter { markets[$0].phase == .idle }
        guard !fresh.isEmpty else { return }
        let room = links.reduce(0) { $0 + max(0, settings.tickersPerLink - $1.markets.count) }
        let missing = max(0, fresh.count - room)
        let first = links.count
        for _ in 0..<(missing + settings.tickersPerLink - 1) / settings.tickersPerLink { addLink() }
        for market in fresh {
            // The emptiest link takes it, so that each ends up with several.
            let link = links.indices.min { links[$0].markets.count < links[$1].markets.count } ?? 0
            markets[market].link = Int32(link)
            markets[market].phase = .waiting
            links[link].markets.append(Int32(market))
            links[link].waiting += 1
            if link < first { links[link].toAdd.append([Int32(market)]) }
        }
        for link in links.indices where lines[link].phase == .open { addMarkets(link, at: stamp) }
        for link in first..<links.count { open(link, at: stamp) }
    }

    private func addLink() {
        links.append(
            Link(
                id: LinkID(venue: venue, index: UInt16(links.count)), faults: MinuteLimit(settings.faultsPerMinute),
                resyncs: MinuteLimit(settings.resyncsPerMinute)))
        lines.append(Line())
    }

    /// Subscribes the link's markets.
    public func opened(_ link: LinkID, at stamp: Stamp, into sink: any BookSink) {
        guard let index = index(of: link), lines[index].phase == .opening else { return }
        lines[index].phase = .open
        lines[index].lastData = stamp.monotonic
        links[index].phaseBy = nil
        links[index].openedAt = stamp.monotonic
        links[index].nextCommand = 1
        for market in links[index].markets where markets[Int(market)].phase == .paused {
            markets[Int(market)].phase = .waiting  // the news of its end may have been missed
            links[index].waiting += 1
        }
        links[index].step = .askedSnapshots
        subscribe(index, at: stamp)
        if index == 0, settings.wantsLifecycle { subscribeLifecycle(index) }
        schedule(stamp.monotonic + settings.probeAfter)
    }

    /// All books of the link are void; it is opened again after a pause.
    public func closed(_ link: LinkID, reason: String, at stamp: Stamp, into sink: any BookSink) {
        guard let index = index(of: link), lines[index].phase != .closed else { return }
        if lines[index].phase == .open {
            note("E_FEED_DISCONNECTED", index, nil, "Connection ended (\(reason)); connecting again.", sink)
        }
        rest(index, .disconnected, at: stamp, into: sink)
    }

    /// The feed makes no REST reads of its own.
    public func answered(_ answer: RestAnswer, at stamp: Stamp, into sink: any BookSink) { counters.stray &+= 1 }

    /// Earliest instant at which `advance` may have something to do.
    public var nextDeadline: MonotonicNanos? { deadline }

    /// An unbroken sequence is the proof: a live book is verified.
    public func verify(_ instrument: InstrumentID, at stamp: Stamp, into sink: any BookSink) -> BookVerdict {
        guard let market = place(instrument), markets[market].phase == .live else { return .void }
        return .verified
    }

    /// Takes the queued actions, oldest first.
    public func takeActions() -> [VenueAction] {
        guard !actions.isEmpty else { return [] }
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    // MARK: Inside

    func index(of link: LinkID) -> Int? {
        link.venue == venue && Int(link.index) < links.count ? Int(link.index) : nil
    }

    func schedule(_ instant: MonotonicNanos) {
        if let deadline, deadline <= instant { return }
        deadline = instant
    }

    func note(
        _ code: String, _ link: Int?, _ market: Int?, _ text: String, _ sink: any BookSink, at stamp: Stamp? = nil
    ) {
        if let stamp, notices.hit(stamp.monotonic) {
            counters.noticesDropped &+= 1
            return
        }
        sink.note(
            FeedNotice(
                code: code, link: link.map { links[$0].id }, instrument: market.map { markets[$0].id }, text: text))
    }
}

/// Says when something has happened too often within a minute.
struct MinuteLimit {
    private var times: [MonotonicNanos] = []
    private let max: Int

    init(_ max: Int) { self.max = Swift.max(1, max) }

    /// Counts one; true when it is the last one allowed in this minute, or beyond.
    mutating func hit(_ now: MonotonicNanos) -> Bool {
        times.removeAll { now - $0 >= .seconds(60) }
        if times.count < max { times.append(now) }
        return times.count >= max
    }

    /// When one more will be allowed; `now` when it is already.
    func free(_ now: MonotonicNanos) -> MonotonicNanos {
        let inMinute = times.filter { now - $0 < .seconds(60) }
        guard inMinute.count >= max, let first = inMinute.first else { return now }
        return first + .seconds(60)
    }

    mutating func removeAll() { times.removeAll(keepingCapacity: true) }
}
