public import Trading

/// What a request may draw on: the last connection is kept for requests that lessen exposure.
public enum SendPurpose: Sendable, Hashable {
    /// Opens exposure.
    case entry
    /// Closes or cancels.
    case close
}

/// A connection that was open and idle when it was taken, and is its holder's until used or given back.
public struct ConnectionTicket: Sendable, Hashable {
    /// The connection's place.
    public let place: Int
    /// Which use of it.
    public let generation: UInt64

    /// A ticket; made by senders alone.
    public init(place: Int, generation: UInt64) {
        self.place = place
        self.generation = generation
    }
}

/// A complete answer of HTTP/1.1.
public struct WireAnswer: Sendable {
    /// HTTP status.
    public let status: Int
    /// Content type, lower case, as sent; empty when absent.
    public let contentType: String
    /// `Retry-After` in seconds; nil when absent or not a number.
    public let retryAfter: Nanoseconds?
    /// The server's `Date`; nil when absent or unreadable.
    public let date: UTCNanos?
    /// The body, at most 1 MiB.
    public let body: [UInt8]
    /// The last byte of the request was given to the kernel.
    public let sent: MonotonicNanos
    /// The answer was complete.
    public let acked: MonotonicNanos

    /// An answer.
    public init(
        status: Int, contentType: String, retryAfter: Nanoseconds?, date: UTCNanos?, body: [UInt8],
        sent: MonotonicNanos, acked: MonotonicNanos
    ) {
        self.status = status
        self.contentType = contentType
        self.retryAfter = retryAfter
        self.date = date
        self.body = body
        self.sent = sent
        self.acked = acked
    }
}

/// What came of one request. The three cases that money safety needs: certainly not, certainly answered, nobody knows.
///
/// `answered` means that a whole answer came on a connection that was idle when the request was written. A server that
/// gives up an idle connection may have said so (`408`) in the same instant: that answer is about no request of ours.
public enum WireOutcome: Sendable {
    /// No byte left.
    case notSent(TransportFault)
    /// The whole answer is here.
    case answered(WireAnswer)
    /// Bytes left, or may have; no whole answer came before the deadline or the connection's end.
    case lost(TransportFault, sent: MonotonicNanos)
}

/// Sends requests over connections that are kept open: one request in flight on each, never two.
///
/// - Lane: `reserve` and `release` from any thread; `exchange` only from an actor on the sender's own lane.
public protocol RequestSender: Sendable {
    /// Takes a connection that is proved open and idle: no end, no alert, no byte waiting on it. Nil when there is none.
    func reserve(_ purpose: SendPurpose) -> ConnectionTicket?
    /// True while the process has no descriptor to spare: then nothing is reserved for entries.
    var isShort: Bool { get }
    /// Gives an unused connection back.
    func release(_ ticket: ConnectionTicket)
    /// Does all that can be done for `request` before its bytes are handed over; it leaves with `exchange`, and with nothing
    /// else. Whoever holds the ticket, on any thread.
    func seal(_ ticket: ConnectionTicket, _ request: [UInt8])
    /// Writes a request now, of which `exchange` tells later. On another lane than the sender's nothing happens: `exchange`
    /// writes it.
    func depart(_ ticket: ConnectionTicket, _ request: [UInt8], deadline: MonotonicNanos)
    /// Writes `request`, complete with request line and headers, and waits for the answer until `deadline`.
    ///
    /// A ticket that was used or given back before is `notSent` (`E_NET_TICKET`). Task cancellation is ignored. Runs on
    /// the caller's actor, so that the bytes leave before anything else can run on its lane.
    nonisolated(nonsending) func exchange(_ ticket: ConnectionTicket, _ request: [UInt8], deadline: MonotonicNanos)
        async -> WireOutcome

    /// Lets bytes go the way of a request, to nobody: no connection to the peer is touched. On the sender's lane.
    func rehearse(_ request: [UInt8])
}

extension RequestSender {
    /// Nothing: `exchange` does all of it.
    public func seal(_ ticket: ConnectionTicket, _ request: [UInt8]) {}

    /// Nothing: `exchange` does all of it.
    public func depart(_ ticket: ConnectionTicket, _ request: [UInt8], deadline: MonotonicNanos) {}

    /// Nothing: where requests go no long way, there is none to be kept warm.
    public func rehearse(_ request: [UInt8]) {}
}

extension RequestSender {
    /// Never, where there are no descriptors.
    public var isShort: Bool { false }

    /// Why `reserve` found nothing, in an operator's words.
    public var shortage: String {
        isShort
            ? "E_NET_DESCRIPTORS: no descriptor to spare, connections are kept for closes (ulimit -n)"
            : "no connection is open and idle"
    }
}
