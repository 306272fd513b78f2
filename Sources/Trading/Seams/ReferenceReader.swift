/// Why an instrument's terms are not known. The pair is blocked and the text says why.
public struct ReferenceFault: Error, Hashable, Sendable {
    /// Stable code: `E_REF_MISSING`, `E_REF_FEE`, `E_REF_GRID`, `E_REF_SCALE`, `E_REF_UNREADABLE`, `E_REF_NOT_FOUND` …
    public let code: String
    /// What is missing or unknown, with the venue's own words where they help.
    public let text: String

    /// A fault.
    public init(code: String, text: String) {
        self.code = code
        self.text = text
    }
}

/// Where a reference reader delivers what it read.
///
/// - Lane: the hot lane.
public protocol ReferenceSink: AnyObject {
    /// The terms of an instrument are known, or known anew.
    func apply(_ terms: InstrumentTerms, of instrument: InstrumentID)
    /// The terms cannot be known now; entries on the instrument are blocked until they are.
    func block(_ instrument: InstrumentID, _ fault: ReferenceFault)
    /// Something an operator wants to know.
    func note(_ notice: FeedNotice)
}

/// A venue's reference data: REST answers in, terms out. A state machine without I/O or clock.
///
/// - Lane: the hot lane (answers are rare and parsed between frames).
public protocol ReferenceReader: AnyObject {
    /// Whose data.
    var venue: VenueID { get }
    /// Queues the reads for these contracts.
    func start(_ contracts: [(InstrumentID, Contract)], at stamp: Stamp)
    /// One answer; may queue further reads (pages, series of a market, events of a series).
    func answered(_ answer: RestAnswer, at stamp: Stamp, into sink: any ReferenceSink)
    /// Time has passed: periodic refreshes, retries with back-off.
    func advance(to stamp: Stamp, into sink: any ReferenceSink)
    /// The next instant at which `advance` has something to do.
    var nextDeadline: MonotonicNanos? { get }
    /// Takes the queued actions (`fetch` only), oldest first.
    func takeActions() -> [VenueAction]
}

/// One venue, as the core sees it: its market data and its reference data.
///
/// - Lane: the hot lane.
public protocol Venue: AnyObject {
    /// Which venue.
    var id: VenueID { get }
    /// Market data.
    var feed: any BookFeed { get }
    /// Reference data.
    var reference: any ReferenceReader { get }
}

/// Where a link connects, with the headers that its venue wants at this instant. Made at the edge: it may sign.
public struct LinkTarget: Sendable {
    /// `wss://…`.
    public let url: String
    /// Extra request headers of the upgrade.
    public let headers: [(name: String, value: String)]

    /// A target.
    public init(url: String, headers: [(name: String, value: String)] = []) {
        self.url = url
        self.headers = headers
    }
}
