import Risk
public import Trading

/// The conductor: takes one input, tells the venue's state machine, applies what it says to the books, and looks for
/// baskets where a book has changed. The only place that calls sideways.
///
/// A pure function of its inputs and their stamps: it reads no clock, does no I/O and draws no random number, so the same
/// inputs make the same decisions for ever.
/// - Lane: the hot lane, all of it.
public final class Engine {
    let catalog: Catalog
    let settings: EngineSettings
    let books: BookTable
    let freshness: Freshness
    let listener: any DecisionSink
    /// Born and offered, not booked and told yet: that takes longer than firing, and its orders leave after this input.
    var births: [Birth] = []
    let seats: [VenueSeat]
    /// Seat by venue.
    private let seatOf: [Int]

    var states: [InstrumentState]
    let detector: Detector
    let sizer = Sizer()
    /// Of the basket that is looked at.
    var legs: [SizingLeg] = []
    let opportunities: OpportunityBook
    let inversions: InversionWatch
    private var offsets = [ClockOffset](repeating: ClockOffset(), count: 256)
    private var delays = [ReadDelay](repeating: ReadDelay(), count: 256)
    /// While messages are read late nothing new is decided; a timer after this instant ends it, because timers come after
    /// everything that was there to read. Nil: nothing is late.
    private(set) var behindUntil: MonotonicNanos?
    /// What a decision was put off for.
    private var waiting: [InstrumentID] = []
    let links = LinkTimes()
    private var touched: [InstrumentID] = []
    private(set) var stampOfNow = Stamp(monotonic: MonotonicNanos(rawValue: 0), utc: UTCNanos(rawValue: 0))

    /// One venue's state machines, and when they next want to be called.
    struct VenueSeat {
        let id: VenueID
        let feed: any BookFeed
        let reference: any ReferenceReader
    }

    /// When each seat next wants to be called; refreshed whenever something was given to it.
    private var due: [MonotonicNanos]
    /// The earliest of them and of the judgements.
    private var nextDue = MonotonicNanos(rawValue: .max)
    /// True when a feed other than the one that was fed may have something to do sooner.
    private var isOtherDue = false

    /// Who fires what is found; nil in a dry run. Decisions and their log do not depend on it.
    public weak var entryDesk: (any EntryDesk)?
    /// A basket is near when one unit costs at most so much more than it pays; zero: nobody is told. Decisions do not depend
    /// on it. Unit: 1e-8 USD.
    public var nearSlack: Int64 = 0
    /// Told of terms, pauses and grids as they come; nil in a run that sends nothing.
    public weak var marketObserver: (any MarketObserver)?
    /// Stamps the stages of each message; nil in a dry run. Decisions do not depend on it.
    public var stages: StageClock?

    /// Counts since the start; read between inputs.
    public internal(set) var counters = EngineCounters()

    /// An engine over `catalog`, fed by `venues`, deciding into `sink` (which must not own it).
    public init(catalog: Catalog, venues: [any Venue], settings: EngineSettings, sink: any DecisionSink) {
        self.catalog = catalog
        seats = venues.map { VenueSeat(id: $0.id, feed: $0.feed, reference: $0.reference) }
        seatOf = (0..<256).map { raw in venues.firstIndex { Int($0.id.rawValue) == raw } ?? -1 }
        due = Array(repeating: MonotonicNanos(rawValue: .max), count: venues.count)
        self.settings = settings
        self.listener = sink
        freshness = Freshness(settings.freshness)
        // A cent until the terms say otherwise: an empty ladder on it costs 64 bytes.
        books = BookTable(units: Array(repeating: .cent, count: catalog.count))
        states = catalog.contracts.map { InstrumentState(rulesPinned: $0.rulesSHA256) }
        detector = Detector(catalog)
        opportunities = OpportunityBook(baskets: catalog.baskets.count, delays: settings.judgeAfter)
        inversions = InversionWatch(catalog)
        touched.reserveCapacity(1024)
    }

    // MARK: Inputs

    /// Starts the venues: they queue their connections and reads.
    public func start(at stamp: Stamp) {
        stampOfNow = stamp
        for seat in seats {
            let mine = catalog.instruments(of: seat.id)
            seat.reference.start(mine.map { ($0, catalog.contracts[Int($0.index)]) }, at: stamp)
            seat.feed.start(mine, at: stamp, into: self)
        }
        refreshAll()
    }

    /// A link came up.
    public func opened(_ link: LinkID, at stamp: Stamp) {
        pass(to: stamp)
        guard let seat = seat(link.venue) else { return }
        seats[seat].feed.opened(link, at: stamp, into: self)
        settle()
        refreshAll()
    }

    /// A link went down.
    public func closed(_ link: LinkID, reason: String, at stamp: Stamp) {
        pass(to: stamp)
        links.forget(link)
        guard let seat = seat(link.venue) else { return }
        seats[seat].feed.closed(link, reason: reason, at: stamp, into: self)
        settle()
        refreshAll()
    }

    /// One complete text message of a link.
    public func frame(_ link: LinkID, _ payload: RawSpan, at stamp: Stamp) {
        tellBirths()
        if nextDue <= stamp.monotonic { pass(to: stamp) }
        stampOfNow = stamp
        counters.frames &+= 1  // 2^63 frames outlast the process
        stages?.begin(stamp.monotonic)
        guard let seat = seat(link.venue) else { return }
        if seats[seat].feed.received(link, payload, at: stamp, into: self) { links.record(link, stamp.monotonic) }
        settle()
        if isOtherDue { refreshAll() } else { refresh(seat) }
    }

    /// A REST answer.
    public func answer(_ answer: RestAnswer, at stamp: Stamp) {
        pass(to: stamp)
        stages?.begin(stamp.monotonic)
        guard let seat = seat(answer.request.venue) else { return }
        if answer.request.tag & RestRequest.feedTag != 0 {
            seats[seat].feed.answered(answer, at: stamp, into: self)
        } else {
            seats[seat].reference.answered(answer, at: stamp, into: self)
        }
        settle()
        refreshAll()
    }

    /// Time has passed, and everything that was there to read has been read.
    public func advance(to stamp: Stamp) {
        stages?.begin(stamp.monotonic)
        if let until = behindUntil, until <= stamp.monotonic {
            behindUntil = nil
            for instrument in waiting {
                states[Int(instrument.index)].isWaiting = false
                touch(instrument)
            }
            waiting.removeAll(keepingCapacity: true)
        }
        pass(to: stamp)
    }

    /// What is due by `stamp`, before the input of that instant.
    private func pass(to stamp: Stamp) {
        tellBirths()
        judge(dueBy: stamp.monotonic)
        stampOfNow = stamp
        for seat in seats {
            if let due = seat.feed.nextDeadline, due <= stamp.monotonic { seat.feed.advance(to: stamp, into: self) }
            if let due = seat.reference.nextDeadline, due <= stamp.monotonic {
                seat.reference.advance(to: stamp, into: self)
            }
        }
        settle()
        refreshAll()
    }

    /// The run is over: every opportunity ends, unjudged delays stay unjudged.
    public func finish(at stamp: Stamp) {
        advance(to: stamp)
        for basket in catalog.baskets { end(basket.id, .runEnded) }
        opportunities.abandonJudgements { opportunity in deliver(opportunity) }
    }

    /// The next instant at which `advance` has something to do; nil when nothing is pending.
    public var nextDeadline: MonotonicNanos? { nextDue.rawValue == .max ? nil : nextDue }

    /// Takes what the venues want done outside, oldest first per venue.
    public func takeActions() -> [VenueAction] {
        var actions: [VenueAction] = []
        for seat in seats {
            actions += seat.reference.takeActions()
            actions += seat.feed.takeActions()
        }
        return actions
    }

    // MARK: Inside

    func seat(_ venue: VenueID) -> Int? {
        let seat = seatOf[Int(venue.rawValue)]
        return seat >= 0 ? seat : nil
    }

    private func refresh(_ seat: Int) {
        let never = MonotonicNanos(rawValue: .max)
        due[seat] = min(seats[seat].feed.nextDeadline ?? never, seats[seat].reference.nextDeadline ?? never)
        var next = min(opportunities.nextDue ?? never, behindUntil ?? never)
        for instant in due { next = min(next, instant) }
        nextDue = next
    }

    private func refreshAll() {
        isOtherDue = false
        for seat in seats.indices { refresh(seat) }
    }

    func touch(_ instrument: InstrumentID) {
        let book = books[instrument]
        guard !book.isTouched else { return }
        book.isTouched = true
        touched.append(instrument)
    }

    /// Looks once at every book that changed since the last input. What a look voids or releases is looked at too.
    private func settle() {
        stages?.markBooked()
        var next = 0
        while next < touched.count {
            let instrument = touched[next]
            next += 1
            books[instrument].isTouched = false
            look(at: instrument)
        }
        touched.removeAll(keepingCapacity: true)
    }

    private func look(at instrument: InstrumentID) {
        let index = Int(instrument.index)
        let book = books[instrument]
        if detector.feesEnd(instrument, by: stampOfNow.utc) { selectFees(of: instrument) }
        let yes = book.asks.lowestPrice?.rawValue ?? -1
        let no = book.bids.highestPrice.map { FixedPoint.one - $0.rawValue } ?? -1
        if detector.isMoved(instrument, yes: yes, no: no) {
            detector.set(instrument, states[index].tops(of: book, settings.valuation))
        }
        let isLive = book.status == .live
        for place in detector.places(of: instrument) {
            let basket = detector.basket(at: place)
            // Born with this very input, by another of its legs: it must be known before it is looked at again.
            if !births.isEmpty, births.contains(where: { $0.basket == basket }) { tellBirths() }
            if nearSlack > 0, isLive, detector.mayPay(at: place, of: instrument, within: nearSlack) {
                entryDesk?.near(catalog.baskets[Int(basket.index)], at: stampOfNow)
            }
            guard opportunities.isAlive(basket) || (isLive && detector.mayPay(at: place, of: instrument)) else {
                continue
            }
            evaluate(catalog.baskets[Int(basket.index)], trigger: instrument, stampOfNow)
        }
        if detector.isLookDue(instrument, stampOfNow.monotonic) {
            detector.setNextLook(instrument, stampOfNow.monotonic + InversionWatch.interval)
            for place in detector.places(of: instrument) {
                inversions.observe(detector.basket(at: place), instrument, catalog, books, stampOfNow) { notice in
                    sink.note(notice)
                }
            }
        }
    }

    func selectFees(of instrument: InstrumentID) {
        states[Int(instrument.index)].selectFees(at: stampOfNow.utc)
        detector.set(instrument, Detector.Tops())
        detector.setFeesUntil(instrument, states[Int(instrument.index)].feesUntil)
    }

    func offset(of venue: VenueID) -> Nanoseconds? { offsets[Int(venue.rawValue)].offset }

    fileprivate func observe(_ venueStamp: UTCNanos, of instrument: InstrumentID) {
        let index = Int(detector.venue(of: instrument).rawValue)
        offsets[index].observe(venueStamp: venueStamp, received: stampOfNow)
        guard let offset = offsets[index].offset,
            let age = Freshness.age(venueStamp: venueStamp, received: stampOfNow, offset: offset),
            delays[index].observe(age)
        else { return }
        behindUntil = stampOfNow.monotonic + ReadDelay.calm
    }

    /// True while messages are read late: then a decision about `instrument` is put off until everything is read.
    func isPutOff(_ instrument: InstrumentID) -> Bool {
        guard behindUntil != nil else { return false }
        counters.putOff &+= 1  // bounded by frames
        if !states[Int(instrument.index)].isWaiting {
            states[Int(instrument.index)].isWaiting = true
            waiting.append(instrument)
        }
        return true
    }

    /// Proves every leg's book; false when one is held or void.
    func verified(_ basket: Basket) -> Bool {
        for leg in basket.legs {
            guard let seat = seat(detector.venue(of: leg.instrument)) else { return false }
            isOtherDue = true  // a proof that fails holds the book for a time of that feed
            guard seats[seat].feed.verify(leg.instrument, at: stampOfNow, into: self) == .verified
            else {
                counters.unverified &+= 1  // bounded by frames
                return false
            }
        }
        return true
    }
}

// What the feeds say.
extension Engine: BookSink {
    /// The book of an instrument.
    public func book(_ instrument: InstrumentID) -> Book { books[instrument] }

    /// Fetches the book and what is asked of every change of it.
    public func expect(_ instrument: InstrumentID) {
        books.expect(instrument)
        detector.expect(instrument)
    }

    /// Applies what a feed says of a book.
    public func apply(_ event: BookEvent) -> LadderFault? {
        counters.events &+= 1  // bounded by levels times frames
        stages?.markParsed()
        do {
            try applied(event)
            return nil
        } catch {
            return error
        }
    }

    private func applied(_ event: BookEvent) throws(LadderFault) {
        switch event {
        case .level(let instrument, let side, let price, let quantity):
            try books[instrument][side].set(price, quantity)
        case .change(let instrument, let side, let price, let change):
            try books[instrument][side].add(price, change: change)
        case .updated(let instrument, let venueStamp):
            stamp(books[instrument], venueStamp, instrument)
            touch(instrument)
        case .snapshotBegan(let instrument, let unit, let link):
            books[instrument].clear(unit: unit)
            books[instrument].link = link
        case .snapshotEnded(let instrument, let venueStamp):
            let book = books[instrument]
            book.status = .live
            book.crossChecked = stampOfNow.monotonic
            stamp(book, venueStamp, instrument)
            states[Int(instrument.index)].voidReason = nil
            touch(instrument)
        case .held(let instrument):
            books[instrument].status = .held
            touch(instrument)
        case .released(let instrument):
            books[instrument].status = .live
            touch(instrument)
        case .crossChecked(let instrument):
            books[instrument].crossChecked = stampOfNow.monotonic
        case .voided(let instrument, let reason):
            books[instrument].void()
            states[Int(instrument.index)].voidReason = reason
            counters.voids &+= 1  // bounded by frames
            marketObserver?.voided(instrument)
            touch(instrument)
        }
    }

    private func stamp(_ book: Book, _ venueStamp: UTCNanos?, _ instrument: InstrumentID) {
        book.received = stampOfNow
        book.venueStamp = venueStamp
        if let venueStamp { observe(venueStamp, of: instrument) }
    }

    /// Applies what a feed says of a market.
    public func apply(_ event: MarketEvent) {
        switch event {
        case .status(let instrument, let status):
            states[Int(instrument.index)].terms?.status = status
            touch(instrument)
        case .grid(let instrument, let grid): states[Int(instrument.index)].terms?.grid = grid
        case .entriesEnd(let instrument, let instant):
            states[Int(instrument.index)].terms?.entriesEnd = instant
            touch(instrument)
        case .feesChanged(let instrument):
            states[Int(instrument.index)].feesPending = true
            touch(instrument)
        case .trade:
            counters.trades &+= 1  // bounded by frames
            return
        }
        marketObserver?.apply(event)
    }

    /// Passed on to the decision sink.
    public func note(_ notice: FeedNotice) {
        counters.notices &+= 1  // bounded by frames
        sink.note(notice)
    }
}
