/// Where a feed delivers what it read, and where it may look at the books it feeds.
///
/// - Lane: the hot lane; every call returns before the next frame is read.
public protocol BookSink: AnyObject {
    /// Applies one event.
    ///
    /// - Returns: nil when applied; otherwise why it cannot be true of a book. The feed must then void and resync: the
    ///   sink has changed nothing.
    func apply(_ event: BookEvent) -> LadderFault?
    /// The book of an instrument, for verification by the feed.
    func book(_ instrument: InstrumentID) -> Book
    /// An event of the instrument's book is about to come: whatever it will touch may be fetched from memory meanwhile.
    /// A hint, in either direction: it may be left out, and no event need follow.
    func expect(_ instrument: InstrumentID)
    /// Something about a market other than its levels.
    func apply(_ event: MarketEvent)
    /// Something an operator or a counter wants to know. Never needed for a decision.
    func note(_ notice: FeedNotice)
}

extension BookSink {
    /// Nothing is fetched.
    public func expect(_ instrument: InstrumentID) {}
}

/// A change of a market that is not a change of its levels.
public enum MarketEvent: Hashable, Sendable {
    /// The venue opened, paused or ended trading.
    case status(InstrumentID, TradingStatus)
    /// The price grid is another one; the book is void until a snapshot on it.
    case grid(InstrumentID, TickGrid)
    /// The time at which entries must end moved; nil: unknown, which blocks entries.
    case entriesEnd(InstrumentID, UTCNanos?)
    /// Fees may have changed: entries blocked until the terms are read again.
    case feesChanged(InstrumentID)
    /// A trade was printed. Its size and price in YES terms.
    case trade(InstrumentID, Price, Quantity)
}

/// What a feed tells the operator. `code` is stable and listed in `Docs/ERRORS.md`.
public struct FeedNotice: Hashable, Sendable {
    /// `E_FEED_…`, `E_WIRE_…`.
    public let code: String
    /// The connection concerned.
    public let link: LinkID?
    /// The instrument concerned.
    public let instrument: InstrumentID?
    /// What happened and what the feed does about it, in one plain sentence. May quote the venue; escape on display.
    public let text: String

    /// A notice.
    public init(code: String, link: LinkID? = nil, instrument: InstrumentID? = nil, text: String) {
        self.code = code
        self.link = link
        self.instrument = instrument
        self.text = text
    }
}

/// What a feed or a reference reader wants done outside; performed by the live driver, ignored by a replay.
public enum VenueAction: Hashable, Sendable {
    /// Connect the link (again).
    case open(LinkID)
    /// End the link; `closed` follows as an input.
    case close(LinkID, reason: String)
    /// Send one text message.
    case send(LinkID, text: [UInt8])
    /// Fetch by REST; the answer comes as an input with the same tag.
    case fetch(RestRequest)
}

/// A REST read. Requests are values so that captures can name them.
public struct RestRequest: Hashable, Sendable {
    /// Given back in the answer; unique within the venue's reader that made it. The top bit (`feedTag`) is set in
    /// requests of a feed and clear in those of a reference reader, so that answers find their way.
    public let tag: UInt64
    /// The bit that marks a request of a feed.
    public static let feedTag: UInt64 = 1 << 63
    /// Whose server.
    public let venue: VenueID
    /// Which of the venue's servers (`rest`, `clob`, `gamma`, `data`): the driver knows the base URL.
    public let service: String
    /// `GET` or `POST`.
    public let method: String
    /// Path below the base URL, with query.
    public let path: String
    /// Body of a POST.
    public let body: [UInt8]
    /// True when an answer kept on disk will do until the fresh one is there.
    public let mayUseCache: Bool

    /// A read of `path` on `service`.
    public init(
        tag: UInt64, venue: VenueID, service: String, method: String = "GET", path: String, body: [UInt8] = [],
        mayUseCache: Bool = false
    ) {
        self.tag = tag
        self.venue = venue
        self.service = service
        self.method = method
        self.path = path
        self.body = body
        self.mayUseCache = mayUseCache
    }
}

/// What came back for a `RestRequest`.
public struct RestAnswer: Hashable, Sendable {
    /// The request.
    public let request: RestRequest
    /// HTTP status; 0 when there was no answer at all.
    public let status: Int
    /// Content type as sent, lower case; empty when absent.
    public let contentType: String
    /// The body, at most 8 MiB.
    public let body: [UInt8]
    /// When the venue gave it: earlier than now for an answer from the disk cache.
    public let fetchedAt: UTCNanos
    /// Why there is no usable answer (`E_NET_…`); nil when there is one.
    public let fault: String?

    /// An answer.
    public init(
        request: RestRequest, status: Int, contentType: String, body: [UInt8], fetchedAt: UTCNanos, fault: String? = nil
    ) {
        self.request = request
        self.status = status
        self.contentType = contentType
        self.body = body
        self.fetchedAt = fetchedAt
        self.fault = fault
    }
}

/// What the check of a book against the venue's own digest says.
public enum BookVerdict: Sendable, Hashable {
    /// The book is what the venue says it is (by hash, or by an unbroken sequence).
    case verified
    /// Not equal now; held until the burst ends or 50 ms pass. No opportunity may be born from it.
    case held
    /// Not a book (void).
    case void
}

/// A venue's market data: frames in, book events out. A state machine without I/O, clock or randomness of its own.
///
/// Everything it knows comes from the inputs below, so that the same inputs give the same events for ever.
/// - Lane: the hot lane.
public protocol BookFeed: AnyObject {
    /// Whose feed.
    var venue: VenueID { get }

    /// Plans the connections for these instruments and queues the actions to open them. Called once, and again when
    /// instruments were added.
    func start(_ instruments: [InstrumentID], at stamp: Stamp, into sink: any BookSink)

    /// The link is up: subscribe.
    func opened(_ link: LinkID, at stamp: Stamp, into sink: any BookSink)

    /// One complete message.
    ///
    /// - Returns: true when it carried market data (what proves that the stream is alive; a PONG does not).
    func received(_ link: LinkID, _ payload: RawSpan, at stamp: Stamp, into sink: any BookSink) -> Bool

    /// The link is down: all its books are void, reconnect when due.
    func closed(_ link: LinkID, reason: String, at stamp: Stamp, into sink: any BookSink)

    /// A REST answer to a request of this feed.
    func answered(_ answer: RestAnswer, at stamp: Stamp, into sink: any BookSink)

    /// Time has passed: resync ladders, bursts, keepalives, cross-checks and reconnects that are due by `stamp`.
    func advance(to stamp: Stamp, into sink: any BookSink)

    /// The next instant at which `advance` has something to do; nil when nothing is pending.
    var nextDeadline: MonotonicNanos? { get }

    /// Proves the book against the venue's own digest before an opportunity may be born from it.
    func verify(_ instrument: InstrumentID, at stamp: Stamp, into sink: any BookSink) -> BookVerdict

    /// Does the work of `verify` ahead, while nothing happens. It changes nothing but how long `verify` takes: a book that
    /// is not proved by it stays as it is.
    func proveAhead(_ instrument: InstrumentID, from sink: any BookSink)

    /// Takes the queued actions, oldest first.
    func takeActions() -> [VenueAction]
}

extension BookFeed {
    /// Nothing: where a proof costs nothing.
    public func proveAhead(_ instrument: InstrumentID, from sink: any BookSink) {}
}
