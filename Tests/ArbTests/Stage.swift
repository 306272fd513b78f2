import Arb
import Risk
import Trading

/// The engine alone, between two scripted venues: tests say what the feeds say, and when.
final class Stage {
    let engine: Engine
    let sink = Ledger()
    let feeds: [ScriptFeed]
    let catalog: Catalog
    private(set) var now = Stage.start

    static let start = Stamp(
        monotonic: MonotonicNanos(rawValue: 1_000_000_000), utc: UTCNanos(rawValue: 1_795_219_200_000_000_000))
    /// Terms say that entries end a day after the start, and that the money is back after thirty.
    static let day: Int64 = 86_400_000_000_000

    /// Every decision, in order.
    final class Ledger: DecisionSink {
        private(set) var births: [Opportunity] = []
        private(set) var endings: [Opportunity] = []
        private(set) var notices: [FeedNotice] = []

        func born(_ opportunity: Opportunity) { births.append(opportunity) }
        func ended(_ opportunity: Opportunity) { endings.append(opportunity) }
        func note(_ notice: FeedNotice) { notices.append(notice) }
    }

    init(pairs: [MarketPair] = [Stage.pair()], sets: [OutcomeSet] = [], _ settings: EngineSettings = Stage.settings())
        throws
    {
        catalog = try Catalog(pairs: pairs, sets: sets)
        let venues = VenueID.allCases.map { ScriptVenue($0) }
        feeds = venues.map(\.script)
        engine = Engine(catalog: catalog, venues: venues, settings: settings, sink: sink)
        engine.start(at: now)
        for index in 0..<catalog.count { try terms(index) }
    }

    // MARK: What is watched

    static func pair(
        _ id: String = "p", status: ReviewStatus = .approved, polarity: Polarity = .same, payout: UTCNanos? = nil,
        rules: String? = nil
    ) -> MarketPair {
        MarketPair(
            id: PairID(id), title: id, status: status, polarity: polarity, expectedPayout: payout,
            kalshi: Contract(venue: .kalshi, symbol: "K-" + id, rulesSHA256: rules),
            polymarket: Contract(
                venue: .polymarket, symbol: "0x" + id, tokens: Contract.Tokens(yes: id + "1", no: id + "2")))
    }

    static func set(
        _ id: String = "s", legs: Int = 3, winners: Int = 1, exhaustive: Bool = false,
        status: ReviewStatus = .approved, venue: VenueID = .kalshi
    ) -> OutcomeSet {
        OutcomeSet(
            id: PairID(id), title: id, status: status, venue: venue, event: "E", exhaustive: exhaustive,
            winnersMax: winners, expectedPayout: nil,
            legs: (0..<legs).map { Contract(venue: venue, symbol: "\(id)-\($0)") })
    }

    /// No thresholds worth the name, no freshness surprises.
    static func settings() -> EngineSettings {
        EngineSettings(
            thresholds: .any,
            limits: SizingLimits(
                lockedMax: Money(rawValue: 100_000_000_000), orderQtyMax: Quantity(rawValue: 100_000_000_000)))
    }

    /// Gives an instrument terms: whole contracts, no fees, dates that allow entries; `change` alters them.
    func terms(
        _ instrument: Int, fees: any FeeSchedule = FloorFees(rate: 0),
        _ change: (inout InstrumentTerms) -> Void = { _ in }
    ) throws {
        var terms = InstrumentTerms(
            title: "", status: .active, grid: try TickGrid(step: .cent), lot: Quantity(rawValue: 100_000_000),
            orderQtyMin: Quantity(rawValue: 100_000_000), fillStep: Quantity(rawValue: 100), currency: .usd,
            fees: FeeTimeline(fees), entriesEnd: UTCNanos(rawValue: Stage.start.utc.rawValue + Stage.day),
            payout: UTCNanos(rawValue: Stage.start.utc.rawValue + 30 * Stage.day), readAt: Stage.start.utc)
        change(&terms)
        engine.apply(terms, of: InstrumentID(Int32(instrument)))
        engine.advance(to: now)
    }

    // MARK: Time

    func wait(_ milliseconds: Int64) {
        pass(milliseconds)
        engine.advance(to: now)
    }

    /// Time goes by unnoticed: the engine sees it at the next input.
    func pass(_ milliseconds: Int64) {
        now = Stamp(
            monotonic: now.monotonic + .milliseconds(milliseconds), utc: now.utc + .milliseconds(milliseconds))
    }

    // MARK: What the feeds say

    /// One frame that carries `events`.
    func say(_ instrument: Int, _ events: [BookEvent], link: UInt16 = 0) {
        let venue = catalog.contracts[instrument].venue
        guard let feed = feeds.first(where: { $0.venue == venue }) else { return }
        feed.script = events
        let empty: [UInt8] = []
        engine.frame(LinkID(venue: venue, index: link), empty.span.bytes, at: now)
    }

    /// A whole book in cents and contracts. `age`: how long ago the venue stamped it, in ms; nil: without a stamp.
    func book(
        _ instrument: Int, bids: [(Int64, Int64)] = [], asks: [(Int64, Int64)] = [], age: Int64? = 0, link: UInt16 = 0
    ) {
        let id = InstrumentID(Int32(instrument))
        let link = LinkID(venue: catalog.contracts[instrument].venue, index: link)
        var events: [BookEvent] = [.snapshotBegan(id, unit: .cent, link: link)]
        events += bids.map { .level(id, .bid, Stage.cents($0.0), Stage.contracts($0.1)) }
        events += asks.map { .level(id, .ask, Stage.cents($0.0), Stage.contracts($0.1)) }
        say(instrument, events + [.snapshotEnded(id, venueStamp: stamp(age))], link: link.index)
    }

    /// One level changed.
    func level(_ instrument: Int, _ side: BookSide, _ price: Int64, _ size: Int64, age: Int64? = 0) {
        let id = InstrumentID(Int32(instrument))
        say(
            instrument,
            [.level(id, side, Stage.cents(price), Stage.contracts(size)), .updated(id, venueStamp: stamp(age))])
    }

    private func stamp(_ age: Int64?) -> UTCNanos? { age.map { now.utc + .milliseconds(-$0) } }

    static func cents(_ count: Int64) -> Price { Price(rawValue: count * 1_000_000) ?? .zero }
    static func contracts(_ count: Int64) -> Quantity { Quantity(rawValue: count * 100_000_000) }
    static func dollars(_ text: String) -> Money { (try? Money(decimal: text)) ?? Money(rawValue: .min) }
}

/// A venue whose feed says what the test put into it.
final class ScriptVenue: Venue {
    let id: VenueID
    let script: ScriptFeed
    var feed: any BookFeed { script }
    let reference: any ReferenceReader

    init(_ id: VenueID) {
        self.id = id
        script = ScriptFeed(id)
        reference = SilentReference(id)
    }
}

/// Says `script` at every frame; proves books as `verdict` tells it.
final class ScriptFeed: BookFeed {
    let venue: VenueID
    var script: [BookEvent] = []
    var verdict = BookVerdict.verified
    var isData = true
    private(set) var proofs = 0

    init(_ venue: VenueID) { self.venue = venue }

    func start(_ instruments: [InstrumentID], at stamp: Stamp, into sink: any BookSink) {}
    func opened(_ link: LinkID, at stamp: Stamp, into sink: any BookSink) {}
    func closed(_ link: LinkID, reason: String, at stamp: Stamp, into sink: any BookSink) {}
    func answered(_ answer: RestAnswer, at stamp: Stamp, into sink: any BookSink) {}
    func advance(to stamp: Stamp, into sink: any BookSink) {}
    var nextDeadline: MonotonicNanos? { nil }
    func takeActions() -> [VenueAction] { [] }

    func received(_ link: LinkID, _ payload: RawSpan, at stamp: Stamp, into sink: any BookSink) -> Bool {
        for event in script { _ = sink.apply(event) }
        return isData
    }

    func verify(_ instrument: InstrumentID, at stamp: Stamp, into sink: any BookSink) -> BookVerdict {
        proofs += 1
        return verdict
    }
}

/// Reads nothing: tests give terms to the engine themselves.
final class SilentReference: ReferenceReader {
    let venue: VenueID
    init(_ venue: VenueID) { self.venue = venue }
    func start(_ contracts: [(InstrumentID, Contract)], at stamp: Stamp) {}
    func answered(_ answer: RestAnswer, at stamp: Stamp, into sink: any ReferenceSink) {}
    func advance(to stamp: Stamp, into sink: any ReferenceSink) {}
    var nextDeadline: MonotonicNanos? { nil }
    func takeActions() -> [VenueAction] { [] }
}
