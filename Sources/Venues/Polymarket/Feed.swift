import Codec
public import Trading

/// What may be chosen about market data.
public struct FeedSettings: Hashable, Sendable {
    /// Tokens per connection; both tokens of a market share one.
    public var tokensPerLink = 200
    /// One update in this many is verified by its hash even when nobody asks.
    public var sampleEvery = 64
    /// Longest time that a mismatching book is held before it is void.
    public var holdMax = Nanoseconds.milliseconds(50)
    /// Text pings on every link.
    public var pingEvery = Nanoseconds.seconds(10)
    /// A link without any frame for this long is dead.
    public var frameSilenceMax = Nanoseconds.seconds(30)
    /// A link without data for this long has one of its books checked at once.
    public var probeAfter = Nanoseconds.seconds(5)
    /// Cross-checks of one market lie this far apart.
    public var crossCheckMin = Nanoseconds.seconds(30)
    /// As `crossCheckMin`.
    public var crossCheckMax = Nanoseconds.seconds(50)
    /// Books in one cross-check.
    public var booksPerRead = 200
    /// A newer book of the venue must be reached by the stream within this.
    public var catchUpMax = Nanoseconds.seconds(2)
    /// A resync without an answer for this long is asked for again.
    public var resyncTimeout = Nanoseconds.seconds(2)
    /// First pause before a reconnect; doubles, half of it drawn at random.
    public var backoffFirst = Nanoseconds.milliseconds(250)
    /// Longest pause before a reconnect.
    public var backoffMax = Nanoseconds.seconds(30)
    /// Crossed or mismatching books of a market in a minute that reopen its link.
    public var faultsPerMinute = 3
    /// Seed of the jitter.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
}

/// What the feed has done; plain counts.
public struct FeedCounters: Hashable, Sendable {
    /// Frames of any kind.
    public internal(set) var frames: UInt64 = 0
    /// Level changes applied.
    public internal(set) var changes: UInt64 = 0
    /// Whole books applied.
    public internal(set) var books: UInt64 = 0
    /// Hashes computed.
    public internal(set) var verifications: UInt64 = 0
    /// Hashes that did not fit at once.
    public internal(set) var mismatches: UInt64 = 0
    /// Books voided for a hash.
    public internal(set) var hashVoids: UInt64 = 0
    /// Cross-checks that agreed.
    public internal(set) var crossChecks: UInt64 = 0
    /// Cross-checks that did not.
    public internal(set) var crossCheckFailures: UInt64 = 0
    /// Messages of tokens that nobody asked for.
    public internal(set) var strangers: UInt64 = 0
    /// Messages older than the book.
    public internal(set) var stale: UInt64 = 0
    /// Messages of unknown kinds.
    public internal(set) var unknownKinds: UInt64 = 0
    /// Messages that could not be read.
    public internal(set) var malformed: UInt64 = 0
    /// Text that is no JSON and no `PONG`.
    public internal(set) var pongs: UInt64 = 0
}

/// Polymarket's market channel: books with the hash as the sequence number that the venue lacks.
///
/// An update is applied and told at once. It is verified before an opportunity may be born from it, and by sampling; a
/// mismatch holds the book until the burst is over or 50 ms have passed, then voids it.
/// - Lane: the hot lane.
/// - Source: sheet of the venue's documentation and captures of September 2026, section 7.
public final class Feed: BookFeed {
    /// A change that came while a fresh book was awaited.
    struct Waiting {
        let timestamp: Int64
        let side: BookSide
        let price: Price
        let quantity: Quantity
        let hash: HashText?
        let isNo: Bool
    }

    /// One entry of a `price_change` that has been read.
    struct Told {
        let change: Wire.Change
        let hash: HashText?
        /// Hash of the token's name.
        let symbol: UInt64
        var place = -1
        var isNo = false
    }

    struct Market {
        // What every frame touches stands first: `expectedBytes` of it are fetched together.
        let instrument: InstrumentID
        var isBurst = false
        var isResolved = false
        var heldUntil: MonotonicNanos?
        /// Of the newest frame; the hashes are of the tokens that it named.
        var timestamp: Int64 = 0
        var yesHash = HashText.none
        var noHash = HashText.none
        /// Counts states of the book; equal to `verifiedAt` when this one was proved.
        var state: UInt64 = 0
        var updates = 0
        /// YES price of the newest change: in a trade the last maker price hit.
        var lastChange: Price?
        /// Timestamps and hashes that the book has had, newest last.
        var history: [(timestamp: Int64, hash: HashText)] = []
        /// Index in `history` of the newest.
        var newest = 0
        var oddities: [BookHash.Oddity] = []
        /// Of a resync under way.
        var resyncTag: UInt64?
        var resyncDue: MonotonicNanos?
        var goal: (timestamp: Int64, hash: HashText, until: MonotonicNanos)?

        var verifiedAt: UInt64 = .max
        let condition: [UInt8]
        let tokens: Contract.Tokens
        /// Text of the tokens, for the hash.
        let yesToken: [UInt8]
        let noToken: [UInt8]
        let link: Int
        var tick: Price
        var tickText: [UInt8] = []
        var minimumText: [UInt8] = []
        var negRisk: Bool?
        var lastTradeText: [UInt8]?
        /// Price of the newest trade that was announced.
        var tradeText: [UInt8] = []
        var resyncs = 0
        var waiting: [Waiting] = []
        var nextCheck: MonotonicNanos?
        var faults = 0
        var faultsSince: MonotonicNanos?

        static let expectedBytes = 312

        /// A new state: its place in the history. What the frame did not say again is not its hash.
        mutating func advance(to instant: Int64) {
            state &+= 1  // bounded by frames
            updates &+= 1  // reset at every sample
            timestamp = instant
            guard !yesHash.isEmpty else { return }
            if !history.isEmpty, history[newest].timestamp == instant {
                history[newest].hash = yesHash
            } else if history.count < Feed.historyMax {
                history.append((instant, yesHash))
                newest = history.count - 1
            } else {
                newest = (newest + 1) % Feed.historyMax
                history[newest] = (instant, yesHash)
            }
        }

        /// Whether the book has had this hash at this time.
        func hasHad(_ instant: Int64, _ hash: HashText) -> Bool {
            history.contains { $0.timestamp == instant && $0.hash == hash }
        }

        /// Keeps the hash of the newest state.
        mutating func keep(_ hash: HashText, isNo: Bool) { if isNo { noHash = hash } else { yesHash = hash } }

        mutating func forgetHashes() {
            yesHash = .none
            noHash = .none
        }
    }

    struct Link {
        var markets: [Int] = []
        var isUp = false
        var lastFrame = MonotonicNanos(rawValue: 0)
        /// Of market data; a PONG proves nothing.
        var lastData = MonotonicNanos(rawValue: 0)
        var lastProbe = MonotonicNanos(rawValue: 0)
        var lastPing = MonotonicNanos(rawValue: 0)
        var openedAt = MonotonicNanos(rawValue: 0)
        var openDue: MonotonicNanos?
        var failures = 0
    }

    static let historyMax = 16
    static let waitingMax = 512
    static let sweepEvery = Nanoseconds.milliseconds(500)

    /// Polymarket.
    public let venue = VenueID.polymarket
    let settings: FeedSettings
    let reader = JSONReader(limits: .webSocket)
    let bookReader = JSONReader(limits: .rest)
    let hash = BookHash()
    let tokens: SymbolTable
    var markets: [Market] = []
    var links: [Link] = []
    var places: [Int32] = []
    var held: [Int] = []
    /// Of the frame being read; keeps its memory.
    var told: [Told] = []
    var random: SeededGenerator
    var actions: [VenueAction] = []
    var nextTag: UInt64 = 1
    var reads: [UInt64: (kind: ReadKind, markets: [Int])] = [:]
    var nextSweep = MonotonicNanos(rawValue: .max)
    var deadline: MonotonicNanos?

    enum ReadKind { case resync, crossCheck }

    /// What it has done so far.
    public internal(set) var counters = FeedCounters()

    /// A feed that knows these markets by token.
    public init(_ contracts: [(InstrumentID, Contract)], settings: FeedSettings) {
        precondition(settings.tokensPerLink >= 2 && settings.sampleEvery > 0, "settings are bounded")
        self.settings = settings
        random = SeededGenerator(seed: settings.seed)
        tokens = SymbolTable(countMax: max(2, contracts.count * 2), reserved: max(2, contracts.count * 2))
        let linkCount = max(1, (contracts.count * 2 + settings.tokensPerLink - 1) / settings.tokensPerLink)
        links = Array(repeating: Link(), count: contracts.isEmpty ? 0 : linkCount)
        NearMemory.reserve(&markets, contracts.count)
        for (instrument, contract) in contracts { add(instrument, contract, linkCount) }
    }

    private func add(_ instrument: InstrumentID, _ contract: Contract, _ linkCount: Int) {
        guard let pair = contract.tokens else { return }
        let place = markets.count
        do throws(SymbolFault) {
            try tokens.insert(pair.yes, Int32(place * 2))
            try tokens.insert(pair.no, Int32(place * 2 + 1))
        } catch {
            return  // a token of two markets: the reference reader finds the contradiction and blocks both
        }
        // Round robin spreads busy markets over the links, so that a link is rarely without data.
        let link = place % linkCount
        markets.append(
            Market(
                instrument: instrument, condition: Array(contract.symbol.utf8), tokens: pair,
                yesToken: Array(pair.yes.utf8), noToken: Array(pair.no.utf8), link: link, tick: .cent,
                negRisk: nil))
        markets[place].history.reserveCapacity(Self.historyMax)
        links[link].markets.append(place)
        while places.count <= Int(instrument.index) { places.append(-1) }
        places[Int(instrument.index)] = Int32(place)
    }

    // MARK: Links

    /// Opens the links.
    public func start(_ instruments: [InstrumentID], at stamp: Stamp, into sink: any BookSink) {
        for index in links.indices where !links[index].isUp {
            links[index].openDue = nil
            actions.append(.open(link(index)))
        }
        nextSweep = stamp.monotonic + Self.sweepEvery
        schedule()
    }

    func link(_ index: Int) -> LinkID { LinkID(venue: venue, index: UInt16(clamping: index)) }

    /// Subscribes, and asks for the books by REST: they bring the constants of the hash.
    public func opened(_ link: LinkID, at stamp: Stamp, into sink: any BookSink) {
        let index = Int(link.index)
        guard links.indices.contains(index) else { return }
        links[index].isUp = true
        links[index].openedAt = stamp.monotonic
        links[index].lastFrame = stamp.monotonic
        links[index].lastPing = stamp.monotonic
        links[index].lastData = stamp.monotonic
        links[index].lastProbe = stamp.monotonic
        let names = links[index].markets.flatMap { [markets[$0].tokens.yes, markets[$0].tokens.no] }
        actions.append(.send(link, text: Wire.subscribe(names)))
        for place in links[index].markets where !markets[place].isResolved {
            markets[place].resyncDue = stamp.monotonic + .milliseconds(100)
        }
        nextSweep = min(nextSweep, stamp.monotonic + .milliseconds(110))
        schedule()
    }

    /// All books of the link are void; it is opened again after a pause.
    public func closed(_ link: LinkID, reason: String, at stamp: Stamp, into sink: any BookSink) {
        let index = Int(link.index)
        guard links.indices.contains(index) else { return }
        if links[index].isUp {
            let lived = stamp.monotonic - links[index].openedAt
            links[index].failures =
                lived >= .seconds(60) ? 0 : lived >= .seconds(5) ? min(links[index].failures, 2) : links[index].failures
        }
        links[index].isUp = false
        for place in links[index].markets { void(place, .disconnected, into: sink) }
        let doublings = Int64(min(links[index].failures, 16))
        links[index].failures += 1
        let step = min(settings.backoffMax.rawValue, settings.backoffFirst.rawValue << doublings)
        let pause = Int64.random(in: (step / 2)...step, using: &random)
        links[index].openDue = stamp.monotonic + Nanoseconds(rawValue: pause)
        sink.note(
            FeedNotice(code: "E_FEED_LINK_DOWN", link: link, text: "\(reason); reconnecting in \(pause / 1_000_000) ms")
        )
        schedule()
    }

    /// Takes the queued actions, oldest first.
    public func takeActions() -> [VenueAction] {
        guard !actions.isEmpty else { return [] }
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    /// The next instant at which `advance` has something to do.
    public var nextDeadline: MonotonicNanos? { deadline }

    func schedule() {
        var next: MonotonicNanos? = links.isEmpty ? nil : nextSweep
        for place in held { if let until = markets[place].heldUntil { next = next.map { min($0, until) } ?? until } }
        for link in links { if let due = link.openDue { next = next.map { min($0, due) } ?? due } }
        deadline = next
    }

    /// Bursts that are over, links that are due, and twice a second everything that is slower.
    public func advance(to stamp: Stamp, into sink: any BookSink) {
        let now = stamp.monotonic
        for place in held where markets[place].heldUntil.map({ $0 <= now }) ?? false {
            decide(place, at: stamp, into: sink)
        }
        for index in links.indices {
            guard let due = links[index].openDue, due <= now else { continue }
            links[index].openDue = nil
            actions.append(.open(link(index)))
        }
        if nextSweep <= now {
            sweep(stamp, into: sink)
            nextSweep = now + Self.sweepEvery
        }
        schedule()
    }

    private func sweep(_ stamp: Stamp, into sink: any BookSink) {
        let now = stamp.monotonic
        for index in links.indices where links[index].isUp {
            if now - links[index].lastFrame >= settings.frameSilenceMax {
                links[index].isUp = false
                actions.append(
                    .close(
                        link(index), reason: "no frame for \((now - links[index].lastFrame).rawValue / 1_000_000) ms"))
            } else if now - links[index].lastPing >= settings.pingEvery {
                links[index].lastPing = now
                actions.append(.send(link(index), text: Wire.ping))
            }
        }
        for index in links.indices where links[index].isUp { probe(index, now) }
        sweepBooks(stamp, into: sink)
    }

    /// A socket can freeze while PONGs go on: a link that has been quiet for long has one book compared with the venue's.
    private func probe(_ index: Int, _ now: MonotonicNanos) {
        guard now - max(links[index].lastData, links[index].lastProbe) >= settings.probeAfter,
            let place = links[index].markets.first(where: { markets[$0].nextCheck != nil })
        else { return }
        links[index].lastProbe = now
        for other in links[index].markets.prefix(8) where markets[other].nextCheck != nil {
            markets[other].nextCheck = now
        }
        markets[place].nextCheck = now
    }
}
