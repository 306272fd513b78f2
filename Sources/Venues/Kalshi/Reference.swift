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
    private var members: [String: [Int]] = [:]

    /// Kalshi.
    public let venue = VenueID.kalshi
    let settings: ReferenceSettings
    private let feed: Feed?
    private let reader = JSONReader(limits: .rest)
    private var random: SeededGenerator
    var reads: [Read] = []
    private var known: Set<Subject> = []
    var markets: [Market] = []
    private var places: [String: Int] = [:]
    private var events: [String: Wire.EventBody] = [:]
    private var series: [String: Wire.SeriesBody] = [:]
    private var eventFees: [String: [Wire.FeeChange]] = [:]
    private var seriesFees: [String: [Wire.FeeChange]] = [:]
    /// Rows of lists that are not complete yet, by read.
    private var partial: [Subject: [Wire.FeeChange]] = [:]
    private var partialMarkets: [Subject: Set<String>] = [:]
    private var status: Wire.ExchangeStatus?
    private var calendar: PauseCalendar?
    private var actions: [VenueAction] = []
    private var nextTag: UInt64 = 1
    /// True until the pinned terms have been told.
    private var hasPins = false
    /// Reads under way, by tag.
    private var asked: [UInt64: Int] = [:]
    private var planned = DueQueue()
    private var earliestRead = MonotonicNanos(rawValue: 0)
    private var deadline: MonotonicNanos?

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

    private func want(_ subject: Subject, at stamp: Stamp) {
        guard known.insert(subject).inserted else { return }
        reads.append(Read(subject: subject, due: stamp.monotonic))
        planned.plan(reads.count - 1, at: stamp.monotonic)
    }

    private func plan(_ index: Int, at due: MonotonicNanos) {
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

    private func tellPinned(at stamp: Stamp, into sink: any ReferenceSink) {
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

    private func takeWishes(at stamp: Stamp) {
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
    private func hurry(_ index: Int, at stamp: Stamp) {
        plan(index, at: min(reads[index].due, stamp.monotonic + .seconds(1)))
    }

    // MARK: Reads

    private func issue(at stamp: Stamp) {
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

    private func soonest(_ due: MonotonicNanos) { deadline = deadline.map { min($0, due) } ?? due }

    private func send(_ index: Int, at stamp: Stamp) {
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

    private func path(of index: Int) -> String {
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

    private func every(_ subject: Subject) -> Nanoseconds {
        switch subject {
        case .markets: settings.marketsEvery
        case .event, .eventFees, .series, .seriesFees: settings.feesEvery
        case .status: settings.statusEvery
        case .schedule: settings.scheduleEvery
        }
    }

    // MARK: Answers

    /// One answer; what it completes is told to the sink.
    public func answered(_ answer: RestAnswer, at stamp: Stamp, into sink: any ReferenceSink) {
        guard let index = asked[answer.request.tag] else { return }
        do throws(ReferenceFault) {
            let root = try checked(answer, reads[index].subject)
            reads[index].tag = nil
            asked[answer.request.tag] = nil
            var next: String?
            do throws(WireFault) { next = try take(root, index, answer, at: stamp) } catch {
                throw ReferenceFault(
                    code: "E_REF_UNREADABLE",
                    text: "\(answer.request.path): \(error.field) cannot be read (\(error.code))")
            }
            if let next { return try turnPage(index, next, at: stamp) }
            succeeded(index, answer, at: stamp, into: sink)
        } catch {
            failed(index, error, at: stamp, into: sink)
        }
        issue(at: stamp)
    }

    private func checked(_ answer: RestAnswer, _ subject: Subject) throws(ReferenceFault) -> JSONValue {
        let path = answer.request.path
        if let fault = answer.fault {
            throw ReferenceFault(code: "E_REF_UNAVAILABLE", text: "\(path): \(fault)")
        }
        // The status body also comes with the codes that say that the exchange is down.
        let isStatus = subject == .status && [500, 503, 504].contains(answer.status)
        guard answer.status == 200 || isStatus else {
            throw ReferenceFault(
                code: answer.status == 404 ? "E_REF_NOT_FOUND" : "E_REF_UNAVAILABLE",
                text: "\(path): HTTP status \(answer.status)")
        }
        guard answer.contentType.hasPrefix("application/json") else {
            throw ReferenceFault(
                code: "E_REF_UNREADABLE", text: "\(path): content type \(answer.contentType) instead of JSON")
        }
        do throws(JSONFault) { return try reader.read(answer.body) } catch {
            throw ReferenceFault(code: "E_REF_UNREADABLE", text: "\(path): no JSON (\(error.code))")
        }
    }

    /// Takes one page; returns the cursor of the next.
    private func take(
        _ root: JSONValue, _ index: Int, _ answer: RestAnswer, at stamp: Stamp
    ) throws(WireFault) -> String? {
        let subject = reads[index].subject
        switch subject {
        case .markets:
            let page = try Wire.markets(root)
            for row in page.rows { take(row, index, answer.fetchedAt, at: stamp) }
            return page.cursor
        case .event(let ticker):
            let body = try Wire.event(root)
            guard body.ticker == ticker else { throw WireFault(.field, "event_ticker") }
            events[ticker] = body
            if let name = body.series {
                want(.series(name), at: stamp)
                want(.seriesFees(name), at: stamp)
            }
        case .series(let ticker):
            let body = try Wire.series(root)
            guard body.ticker == ticker else { throw WireFault(.field, "ticker") }
            series[ticker] = body
        case .eventFees(let ticker):
            let page = try Wire.eventFeeChanges(root)
            let rows = (partial[subject] ?? []) + page.rows.filter { $0.subject == ticker }
            partial[subject] = page.cursor == nil ? nil : rows
            if page.cursor == nil { eventFees[ticker] = rows.sorted { $0.from < $1.from } }
            return page.cursor
        case .seriesFees(let ticker):
            let page = try Wire.seriesFeeChanges(root)
            let rows = (partial[subject] ?? []) + page.rows.filter { $0.subject == ticker }
            partial[subject] = page.cursor == nil ? nil : rows
            if page.cursor == nil { seriesFees[ticker] = rows.sorted { $0.from < $1.from } }
            return page.cursor
        case .status:
            let fresh = try Wire.status(root)
            reads[index].isNews = status != fresh || reads[index].attempt > 0
            status = fresh
        case .schedule:
            let fresh = PauseCalendar(try Wire.schedule(root))
            reads[index].isNews = calendar != fresh || reads[index].attempt > 0
            calendar = fresh
        }
        return nil
    }

    private func take(_ row: Wire.MarketBody, _ index: Int, _ readAt: UTCNanos, at stamp: Stamp) {
        let subject = reads[index].subject
        guard let place = places[row.ticker], case .markets(let range) = subject, range.contains(place) else { return }
        partialMarkets[subject, default: []].insert(row.ticker)
        if markets[place].body?.event != row.event, let event = row.event { members[event, default: []].append(place) }
        markets[place].body = row
        markets[place].readAt = readAt
        markets[place].askedAt = reads[index].askedAt
        if let event = row.event {
            want(.event(event), at: stamp)
            want(.eventFees(event), at: stamp)
        }
    }

    private func turnPage(_ index: Int, _ cursor: String, at stamp: Stamp) throws(ReferenceFault) {
        guard reads[index].cursors.count < Self.pagesMax, !reads[index].cursors.contains(cursor) else {
            throw ReferenceFault(code: "E_REF_PAGES", text: "\(path(of: index)): pages without end")
        }
        reads[index].cursors.append(cursor)
        plan(index, at: stamp.monotonic)
        issue(at: stamp)
    }

    private func succeeded(_ index: Int, _ answer: RestAnswer, at stamp: Stamp, into sink: any ReferenceSink) {
        let subject = reads[index].subject
        reads[index].attempt = 0
        reads[index].cursors = []
        reads[index].fault = nil
        reads[index].isFirst = false
        reads[index].readAt = answer.fetchedAt
        // An answer from the disk will do until the fresh one is there, and that is asked for at once.
        let isOld = stamp.utc - answer.fetchedAt > .seconds(30)
        plan(index, at: isOld && answer.request.mayUseCache ? stamp.monotonic : stamp.monotonic + every(subject))
        if reads[index].isWanted {
            reads[index].isWanted = false
            hurry(index, at: stamp)
        }
        if case .markets(let range) = subject {
            let seen = partialMarkets[subject] ?? []
            partialMarkets[subject] = nil
            for place in range where !seen.contains(markets[place].contract.symbol) { markets[place].body = nil }
        }
        if reads[index].isNews { publish(after: subject, at: stamp, into: sink) }
    }

    private func failed(_ index: Int, _ fault: ReferenceFault, at stamp: Stamp, into sink: any ReferenceSink) {
        if let tag = reads[index].tag {
            reads[index].tag = nil
            asked[tag] = nil
        }
        let subject = reads[index].subject
        partial[subject] = nil
        partialMarkets[subject] = nil
        let doubled = settings.backoffFirst.rawValue << Int64(min(reads[index].attempt, 16))
        let longest = max(2, min(doubled, settings.backoffMax.rawValue))
        let pause = longest / 2 + Int64.random(in: 0...(longest / 2), using: &random)
        reads[index].attempt += 1
        reads[index].cursors = []
        reads[index].isFirst = false
        reads[index].fault = fault
        plan(index, at: stamp.monotonic + Nanoseconds(rawValue: pause))
        if reads[index].attempt == 1 || reads[index].attempt % 10 == 0 {
            sink.note(FeedNotice(code: fault.code, text: "\(fault.text); asked again after a pause"))
        }
        publish(after: subject, at: stamp, into: sink)
    }
}

// What the answers add up to.
extension Reference {
    private func publish(after subject: Subject, at stamp: Stamp, into sink: any ReferenceSink) {
        for place in concerned(subject) { publish(place, at: stamp, into: sink) }
    }

    private func concerned(_ subject: Subject) -> [Int] {
        switch subject {
        case .markets(let range): return Array(range)
        case .event(let ticker), .eventFees(let ticker):
            return (members[ticker] ?? []).filter { markets[$0].body?.event == ticker }
        case .series(let name), .seriesFees(let name):
            return members.keys.filter { events[$0]?.series == name }.flatMap { members[$0] ?? [] }.sorted()
        case .status, .schedule: return markets.indices.filter { markets[$0].body != nil }
        }
    }

    private func publish(_ place: Int, at stamp: Stamp, into sink: any ReferenceSink) {
        do throws(ReferenceFault) {
            guard let source = try source(place, at: stamp) else { return }
            let market = markets[place]
            let built = try source.build(
                market.contract, account: settings.account, honoursWaiver: settings.honoursFeeWaiver, at: stamp.utc)
            markets[place].isBlocked = false
            markets[place].hasTerms = true
            var terms = built.terms
            if let told = feed?.status(of: market.instrument, toldAfter: market.askedAt) { terms.status = told }
            feed?.learn(
                market.instrument, terms.grid, status: terms.status, otherEnd: built.otherEnd, at: stamp)
            sink.apply(terms, of: market.instrument)
        } catch {
            // What a file pins holds until the venue has spoken of the market itself.
            if markets[place].contract.pinned != nil, markets[place].body == nil { return }
            markets[place].isBlocked = true
            markets[place].hasTerms = false
            sink.block(markets[place].instrument, error)
        }
    }

    /// Everything about a market; nil while reads that have not failed are still to come.
    private func source(_ place: Int, at stamp: Stamp) throws(ReferenceFault) -> TermsSource? {
        let market = markets[place]
        let batch = reads.first { if case .markets(let range) = $0.subject { range.contains(place) } else { false } }
        try judge(batch, at: stamp)
        guard let body = market.body, let readAt = market.readAt else {
            guard batch?.readAt == nil else {
                throw ReferenceFault(
                    code: "E_REF_NOT_FOUND", text: "the venue does not list \(market.contract.symbol)")
            }
            return nil
        }
        guard let event = body.event else { throw TermsSource.missing("event_ticker") }
        try judge(.event(event), at: stamp)
        try judge(.eventFees(event), at: stamp)
        guard let eventBody = events[event] else { return nil }
        guard let name = eventBody.series else { throw TermsSource.missing("series_ticker") }
        try judge(.series(name), at: stamp)
        try judge(.seriesFees(name), at: stamp)
        try judge(.schedule, at: stamp)
        guard let seriesBody = series[name], let eventChanges = eventFees[event], let seriesChanges = seriesFees[name],
            calendar != nil
        else { return nil }
        return TermsSource(
            market: body, event: eventBody, series: seriesBody, seriesChanges: seriesChanges,
            eventChanges: eventChanges, status: status, calendar: calendar, readAt: readAt)
    }

    private func judge(_ subject: Subject, at stamp: Stamp) throws(ReferenceFault) {
        try judge(reads.first { $0.subject == subject }, at: stamp)
    }

    /// A failed read blocks when nothing of it is known, or what is known is too old.
    private func judge(_ read: Read?, at stamp: Stamp) throws(ReferenceFault) {
        guard let read, let fault = read.fault else { return }
        guard let readAt = read.readAt, stamp.utc - readAt <= max(settings.staleAfter, every(read.subject)) else {
            throw fault
        }
    }
}
