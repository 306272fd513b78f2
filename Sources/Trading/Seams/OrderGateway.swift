/// A prepared order: nothing local can fail any more. Used once, by `commit` or by `giveBack`.
///
/// - Bound: a gateway has as many slots as connections; a slot that is neither used nor given back blocks its connection.
public struct SendSlot: Hashable, Sendable {
    /// The order.
    public let order: NewOrder
    /// The venue's name, where it is known before sending (Polymarket's order hash).
    public let orderID: OrderID?
    /// SHA-256 of the body that will be sent: what the intent records.
    public let bodyHash: Digest256
    /// When the signature or header was ready.
    public let signed: MonotonicNanos
    /// The gateway's own place of it.
    public let place: Int
    /// Which use of that place: a slot of an earlier use is spent.
    public let generation: UInt64

    /// A slot; made by gateways alone.
    public init(
        order: NewOrder, orderID: OrderID?, bodyHash: Digest256, signed: MonotonicNanos, place: Int, generation: UInt64
    ) {
        self.order = order
        self.orderID = orderID
        self.bodyHash = bodyHash
        self.signed = signed
        self.place = place
        self.generation = generation
    }
}

/// Orders signed before they were wanted, and how often that helped. Counts since the start.
public struct SignedAhead: Hashable, Sendable {
    /// Ready now.
    public var ready = 0
    /// Signed.
    public var made: UInt64 = 0
    /// Entries that left with a signature made before.
    public var used: UInt64 = 0
    /// Entries that were signed when they were wanted.
    public var missed: UInt64 = 0
    /// Void before they were used: at a halt, or for another tick, fee, version or book.
    public var voided: UInt64 = 0

    /// None.
    public init() {}
}

/// What came of a cancel. None of them says that an order did not fill.
public enum CancelReport: Hashable, Sendable {
    /// The venue took the rest off the book; contracts taken off where it says.
    case cancelled(Quantity?)
    /// The venue knows no such live order: filled, cancelled before, or never there. Only evidence says which.
    case notLive(VenueRejection)
    /// Refused for another reason.
    case rejected(VenueRejection)
    /// Nothing left.
    case notSent(LocalRefusal)
    /// Nobody knows.
    case unknown(UnknownReason)
}

/// An order that is to be cancelled, with all that finds it.
public struct OrderRef: Hashable, Sendable {
    /// The market.
    public let instrument: InstrumentID
    /// The venue's name.
    public let orderID: OrderID

    /// A reference.
    public init(instrument: InstrumentID, orderID: OrderID) {
        self.instrument = instrument
        self.orderID = orderID
    }
}

/// Sends orders to one venue. Two steps: `prepare` may fail and then has undone everything; `commit` only writes.
///
/// - Lane: `prepare` and `giveBack` on the hot lane, everything else on the gateway's own.
public protocol OrderGateway: Sendable {
    /// Which venue.
    var venue: VenueID { get }

    /// Everything that can fail locally: a connection that is open and idle, write tokens, amounts, signature, bytes.
    ///
    /// - Throws: `LocalRefusal`; nothing is held then.
    func prepare(_ order: NewOrder, at now: Stamp) throws(LocalRefusal) -> SendSlot

    /// Undoes `prepare`: connection, tokens and header are free again.
    func giveBack(_ slot: SendSlot)

    /// Undoes `prepare`, after the bytes went the way of a request to nobody (`Docs/decisions/0016`).
    func rehearse(_ slot: SendSlot)

    /// Does all that can be done before the prepared bytes leave. On the hot lane; `commit` follows, never `giveBack`.
    func seal(_ slot: SendSlot)

    /// Hands sealed bytes over now, where the caller is on the lane that does so; elsewhere `commit` does it, which follows
    /// in any case.
    func depart(_ slot: SendSlot, deadline: MonotonicNanos)

    /// Writes the prepared bytes and waits for the answer until `deadline`. Never throws, ignores task cancellation.
    func commit(_ slot: SendSlot, deadline: MonotonicNanos) async -> LegReport

    /// What was signed ahead; nil where orders are not signed one by one. From any thread.
    var signedAhead: SignedAhead? { get }

    /// Cancels one order.
    func cancel(_ order: OrderRef, deadline: MonotonicNanos) async -> CancelReport

    /// Cancels every order of the account, ours or not.
    func cancelAll(deadline: MonotonicNanos) async -> CancelReport
}

extension OrderGateway {
    /// Nothing is.
    public var signedAhead: SignedAhead? { nil }

    /// Nothing: `commit` does all of it.
    public func seal(_ slot: SendSlot) {}

    /// Nothing: `commit` does all of it.
    public func depart(_ slot: SendSlot, deadline: MonotonicNanos) {}

    /// Undoes `prepare` alone: where nothing is written, nothing is kept warm.
    public func rehearse(_ slot: SendSlot) { giveBack(slot) }
}

/// Where a user stream delivers what it reads.
///
/// - Lane: the lane that reads the stream.
public protocol OrderSink: AnyObject {
    /// Something was told of an order, ours or another's.
    func apply(_ report: ExecutionReport)
    /// The venue's own position after a fill: a witness, never a source of orders.
    func apply(_ position: VenuePosition)
    /// Reports may have been missed since this instant: ask for orders and fills before trusting silence again.
    func gap(_ venue: VenueID, since: UTCNanos)
    /// Something an operator wants to know.
    func note(_ notice: FeedNotice)
}

/// A venue's private stream: frames in, reports out. A state machine without I/O, clock or randomness of its own.
public protocol UserStream: AnyObject {
    /// Whose stream.
    var venue: VenueID { get }
    /// Queues the action that opens the link.
    func start(at stamp: Stamp)
    /// The link is up: authenticate, subscribe.
    func opened(_ link: LinkID, at stamp: Stamp, into sink: any OrderSink)
    /// One complete message.
    func received(_ link: LinkID, _ payload: RawSpan, at stamp: Stamp, into sink: any OrderSink)
    /// The link is down: a gap begins.
    func closed(_ link: LinkID, reason: String, at stamp: Stamp, into sink: any OrderSink)
    /// Time has passed.
    func advance(to stamp: Stamp, into sink: any OrderSink)
    /// The next instant at which `advance` has something to do.
    var nextDeadline: MonotonicNanos? { get }
    /// Takes the queued actions, oldest first.
    func takeActions() -> [VenueAction]
}
