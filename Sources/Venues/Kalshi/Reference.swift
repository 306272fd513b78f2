import Codec
public import Trading

/// What may be chosen about reference data.
public struct ReferenceSettings: Hashable, Sendable {
    /// How the account is held: decides how fees are rounded.
    public var account = FeeAccount.fcm
    /// Whether fees are taken as nil until a market's `fee_waiver_expiration_time`. The venue does not say whom a waiver
    /// is for, so it is not counted on unless the operator knows.
    public var honoursFeeWaiver = false
    /// Markets are read again after this long.
    public var marketsEvery = Nanoseconds.seconds(300)
    /// Events, series and fee changes are read again after this long.
    public var feesEvery = Nanoseconds.seconds(600)
    /// The exchange's status is read again after this long.
    public var statusEvery = Nanoseconds.seconds(60)
    /// The exchange's schedule is read again after this long.
    public var scheduleEvery = Nanoseconds.seconds(3600)
    /// Terms that could not be read again for this long block their market.
    public var staleAfter = Nanoseconds.seconds(1200)
    /// A read without an answer for this long has failed.
    public var timeout = Nanoseconds.seconds(20)
    /// First pause after a failed read; doubles each time, half of it drawn at random.
    public var backoffFirst = Nanoseconds.seconds(1)
    /// Longest pause after a failed read.
    public var backoffMax = Nanoseconds.seconds(60)
    /// Most reads under way at once.
    public var readsMax = 8
    /// Shortest time between two reads: keeps a cold start below the smallest account's budget.
    public var spacing = Nanoseconds.milliseconds(50)
    /// Markets in one read.
    public var tickersPerRead = 50
    /// Seed of the jitter.
    public var seed: UInt64 = 1

    /// The defaults; the account is the dearer kind.
    public init() {}
}

/// Kalshi's reference data: markets, their events and series, fees over time, pauses.
///
/// - Lane: the hot lane; answers are rare.
/// - Source: sheet of the venue's documentation of 2026-10-08, sections 3.1, 3.2, 5 and 8.
public final class Reference: ReferenceReader {
    /// What one read asks for.
    enum Subject: Hashable {
        /// Markets by place in `markets`.
        case markets(Range<Int>)
        case event(String), eventFees(String)
        case series(String), seriesFees(String)
        case status, schedule
    }

    struct Read {
        let subject: Subject
        var due: MonotonicNanos
        var attempt = 0
        /// Of the request under way; nil while none is.
        var tag: UInt64?
        var timeoutAt = MonotonicNanos(rawValue: 0)
        /// When the first page of the present reading was asked for.
        var askedAt = MonotonicNanos(rawValue: 0)
        /// News came while it was under way: what it answers may be older than the news.
        var isWanted = false
        /// The last answer says something else than the one before: what stands on it is told anew.
        var isNews = true
        /// Pages of a list so far, and the cursors that led to them.
        var cursors: [String] = []
        var isFirst = true
        /// When it last succeeded.
        var readAt: UTCNanos?
        var fault: ReferenceFault?
    }

    struct Market {
        let instrument: InstrumentID
        let contract: Contract
        var body: Wire.MarketBody?
        var readAt: UTCNanos?
        /// When `body` was asked for: what the feed was told later is newer.
        var askedAt = MonotonicNanos(rawValue: 0)
        var isBlocked = false
        var hasTerms = false
    }

    static let pagesMax = 50
    /// Markets by event; a market that changed its event is in two, and its body says which.
    var members: [String: [Int]] = [:]

    /// Kalshi.
    public let venue = VenueID.kalshi
    let settings: ReferenceSettings
    let feed: Feed?
    let reader = JSONReader(limits: .rest)
    var random: SeededGenerator
    var reads: [Read] = []
    var known: Set<Subject> = []
    var markets: [Market] = []
    var places: [String: Int] = [:]
    var events: [String: Wire.EventBody] = [:]
    var series: [String: Wire.SeriesBody] = [:]
    var eventFees: [String: [Wire.FeeChange]] = [:]
    var seriesFees: [String: [Wire.FeeChange]] = [:]
    /// Rows of lists that are not complete yet, by read.
    var partial: [Subject: [Wire.FeeChange]] = [:]
    var partialMarkets: [Subject: Set<String>] = [:]
    var status: Wire.ExchangeStatus?
    var calendar: PauseCalendar?
    var actions: [VenueAction] = []
    var nextTag: UInt64 = 1
    /// True until the pinned terms have been told.
    var hasPins = false
    /// Reads under way, by tag.
    var asked: [UInt64: Int] = [:]
    var planned = DueQueue()
    var earliestRead = MonotonicNanos(rawValue: 0)
    var deadline: MonotonicNanos?

    /// A reader that tells `feed` the grids it learns.
    public init(settings: ReferenceSettings, feed: Feed?) {
        precondition(settings.tickersPerRead > 0 && settings.readsMax > 0, "a read asks for something")
        self.settings = settings
        self.feed = feed
        random = SeededGenerator(seed: settings.seed)
    }

    /// Queues the reads for these contracts.
    public func start(_ contracts: [(InstrumentID, Contract)], at stamp: Stamp) {
        let fresh = contracts.filter { places[$0.1.symbol] == nil }
        let first = markets.count
        for (instrument, contract) in fresh where places[contract.symbol] == nil {
            places[contract.symbol] = markets.count
            markets.append(Market(instrument: instrument, contract: contract))
            if contract.pinned != nil { hasPins = true }
        }
        guard markets.count > first else { return }
        // The schedule first: without it nothing may be entered.
        for subject in [Subject.schedule, .status] { want(subject, at: stamp) }
        for start in stride(from: first, to: markets.count, by: settings.tickersPerRead) {
            want(.markets(start..<min(start + settings.tickersPerRead, markets.count)), at: stamp)
        }
        issue(at: stamp)
    }

    func want(_ subject: Subject, at stamp: Stamp) {
        guard known.insert(subject).inserted else { return }
        reads.append(Read(subject: subject, due: stamp.monotonic))
        planned.plan(reads.count - 1, at: stamp.monotonic)
    }

    func plan(_ index: Int, at due: MonotonicNanos) {
        reads[index].due = due
        planned.plan(index, at: due)
    }

    /// Earliest instant at which `advance` has something to do; long past while the feed wants something read again.
    public var nextDeadline: MonotonicNanos? {
        if let feed, feed.wishes != ReferenceWishes() { return MonotonicNanos(rawValue: 0) }
        if hasPins { return MonotonicNanos(rawValue: 0) }
        return deadline
    }

    /// Takes the queued reads, oldest first.
    public func takeActions() -> [VenueAction] {
        guard !actions.isEmpty else { return [] }
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    /// Reads that are due, reads that failed, terms that grew too old.
    public func advance(to stamp: Stamp, into sink: any ReferenceSink) {
        if hasPins { tellPinned(at: stamp, into: sink) }
        takeWishes(at: stamp)
        for index in asked.values.sorted() where reads[index].timeoutAt <= stamp.monotonic {
            failed(
                index, ReferenceFault(code: "E_REF_UNAVAILABLE", text: "no answer in time"), at: stamp, into: sink)
        }
        issue(at: stamp)
    }

    func tellPinned(at stamp: Stamp, into sink: any ReferenceSink) {
        hasPins = false
        for market in markets where !market.hasTerms {
            do throws(ReferenceFault) {
                guard let terms = try Self.pinned(market.contract, account: settings.account) else { continue }
                feed?.learn(
                    market.instrument, terms.grid, status: terms.status, otherEnd: terms.entriesEnd, at: stamp)
                sink.apply(terms, of: market.instrument)
            } catch {
                sink.block(market.instrument, error)
            }
        }
    }

    func takeWishes(at stamp: Stamp) {
        guard let feed else { return }
        let wishes = feed.wishes
        feed.wishes = ReferenceWishes()
        guard wishes != ReferenceWishes() else { return }
        for index in reads.indices {
            let isMeant =
                switch reads[index].subject {
                case .markets, .status: wishes.markets
                case .event, .eventFees, .series, .seriesFees: wishes.fees
                case .schedule: false
                }
            guard isMeant else { continue }
            if reads[index].tag != nil {
                reads[index].isWanted = true
            } else if wishes.isUrgent {
                plan(index, at: min(reads[index].due, stamp.monotonic))
            } else {
                hurry(index, at: stamp)
            }
        }
    }

    /// Sooner than planned, but not at the rate at which a venue can send news.
    func hurry(_ index: Int, at stamp: Stamp) {
        plan(index, at: min(reads[index].due, stamp.monotonic + .seconds(1)))
    }

    // MARK: Reads

    func issue(at stamp: Stamp) {
        let now = stamp.monotonic
        while asked.count < settings.readsMax, earliestRead <= now,
            let index = planned.take(by: now, { reads[$0].tag == nil && reads[$0].due == $1 })
        {
            send(index, at: stamp)
        }
        deadline = nil
        for index in asked.values { soonest(reads[index].timeoutAt) }
        // Held back by the number under way, an answer will come first.
        if asked.count < settings.readsMax, let due = planned.next({ reads[$0].tag == nil && reads[$0].due == $1 }) {
            soonest(max(due, earliestRead))
        }
    }

    func soonest(_ due: MonotonicNanos) { deadline = deadline.map { min($0, due) } ?? due }

    func send(_ index: Int, at stamp: Stamp) {
        let tag = nextTag
        nextTag += 1
        asked[tag] = index
        earliestRead = stamp.monotonic + settings.spacing
        reads[index].tag = tag
        if reads[index].cursors.isEmpty { reads[index].askedAt = stamp.monotonic }
        reads[index].timeoutAt = stamp.monotonic + settings.timeout
        actions.append(
            .fetch(
                RestRequest(
                    tag: tag, venue: venue, service: "rest", path: path(of: index),
                    mayUseCache: reads[index].isFirst && reads[index].cursors.isEmpty)))
    }

    func path(of index: Int) -> String {
        let cursor = reads[index].cursors.last.map { "&cursor=" + Self.encoded($0) } ?? ""
        switch reads[index].subject {
        case .markets(let range):
            let tickers = markets[range].map { Self.encoded($0.contract.symbol) }.joined(separator: ",")
            return "/markets?tickers=\(tickers)&limit=1000\(cursor)"
        case .event(let ticker): return "/events/\(Self.encoded(ticker))"
        case .eventFees(let ticker):
            return "/events/fee_changes?event_ticker=\(Self.encoded(ticker))&limit=100\(cursor)"
        case .series(let ticker): return "/series/\(Self.encoded(ticker))"
        case .seriesFees(let ticker):
            return "/series/fee_changes?series_ticker=\(Self.encoded(ticker))&show_historical=true\(cursor)"
        case .status: return "/exchange/status"
        case .schedule: return "/exchange/schedule"
        }
    }

    /// Percent-encodes what is not plain in a path or query; tickers are plain.
    static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
            default: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func every(_ subject: Subject) -> Nanoseconds {
        switch subject {
        case .markets: settings.marketsEvery
        case .event, .eventFees, .series, .seriesFees: settings.feesEvery
        case .status: settings.statusEvery
        case .schedule: settings.scheduleEvery
        }
    }
}
