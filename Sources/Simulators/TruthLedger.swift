internal import Codec
internal import Glibc
public import Trading

/// One thing that happened to an order or an account at a loopback venue.
public struct TruthEvent: Sendable {
    /// What happened.
    public enum Kind: String, Sendable, CaseIterable {
        /// A request to place an order came in.
        case received
        /// The order was taken.
        case accepted
        /// The order, or another request, was refused.
        case rejected
        /// A part of it, or all, was filled; of Polymarket: matched.
        case filled
        /// What was left is gone.
        case cancelled
        /// Price or size was changed by request.
        case amended
        /// A market paid out.
        case settled
        /// A fill moved on its way to the chain: the reason names the status.
        case status
        /// A fill was void after all.
        case failed
        /// Money or positions moved without an order.
        case moved
        /// Something was made to go wrong: the reason names the fault.
        case fault
    }

    /// Place in the ledger, from 1.
    public internal(set) var sequence = 0
    /// Venue's clock.
    public internal(set) var at = UTCNanos(rawValue: 0)
    /// What happened.
    public var kind: Kind
    /// Where.
    public var venue: VenueID
    /// Whose: `ours`, or `crowd` and the like.
    public var account = "ours"
    /// The venue's name of the order.
    public var orderID = ""
    /// The client's name of it: Kalshi's `client_order_id`, Polymarket's salt.
    public var clientID = ""
    /// The venue's name of the trade.
    public var tradeID = ""
    /// Kalshi's ticker, Polymarket's token id.
    public var instrument = ""
    /// `bid`, `ask`, `BUY`, `SELL`.
    public var side = ""
    /// Price. Unit: 1e-6 dollars.
    public var price = 0
    /// Contracts or shares. Unit: 1e-6.
    public var quantity = 0
    /// What the fill cost in fees. Unit: 1e-6 dollars.
    public var fee = 0
    /// True when the fill took.
    public var isTaker = false
    /// The venue's code, its status, or the fault's id.
    public var reason = ""
    /// Endpoint, for faults.
    public var endpoint = ""
    /// Position of the instrument afterwards, signed at Kalshi. Unit: 1e-6.
    public var position: Int?
    /// Cash of the account afterwards, at Kalshi of the shard. Unit: 1e-6 dollars.
    public var cash: Int?

    /// An event.
    public init(_ kind: Kind, _ venue: VenueID) {
        self.kind = kind
        self.venue = venue
    }

    /// The event as one line of JSON.
    public var json: String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.sim-order-truth/1")
        json.member("seq", sequence)
        json.member("at", at.rfc3339)
        json.member("venue", venue == .kalshi ? "kalshi" : "polymarket")
        json.member("kind", kind.rawValue)
        json.member("account", account)
        let texts: [(StaticString, String)] = [
            ("order_id", orderID), ("client_id", clientID), ("trade_id", tradeID), ("instrument", instrument),
            ("side", side), ("reason", reason), ("endpoint", endpoint),
        ]
        for (name, text) in texts where !text.isEmpty { json.member(name, text) }
        let numbers: [(StaticString, Int)] = [("price_e6", price), ("quantity_e6", quantity), ("fee_e6", fee)]
        for (name, value) in numbers where value != 0 { json.member(name, value) }
        if kind == .filled { json.member("is_taker", isTaker) }
        if let position { json.member("position_e6", position) }
        if let cash { json.member("cash_e6", cash) }
        json.endObject()
        return json.string
    }
}

/// The whole truth about orders and accounts of both loopback venues, in order, append-only.
///
/// - Lane: one thread, or the lock of the venues. Bound: a million events; what comes later is counted, not kept.
public final class TruthLedger {
    /// All events.
    public private(set) var events: [TruthEvent] = []
    /// Events that found no room.
    public private(set) var dropped = 0
    private var file: UnsafeMutablePointer<FILE>?
    private static let eventsMax = 1_000_000

    /// An empty ledger.
    ///
    /// - Parameter path: where to write every event as it happens, one JSON object a line; nil: nowhere.
    public init(path: String? = nil) { file = path.flatMap { fopen($0, "w") } }

    deinit { if let file { fclose(file) } }

    /// Adds an event.
    public func append(_ event: TruthEvent, at instant: UTCNanos) {
        guard events.count < Self.eventsMax else {
            dropped += 1
            return
        }
        var event = event
        event.sequence = events.count + 1
        event.at = instant
        events.append(event)
        guard let file else { return }
        fputs(event.json + "\n", file)
        fflush(file)
    }

    /// The events of one kind.
    public func events(_ kind: TruthEvent.Kind, _ venue: VenueID? = nil) -> [TruthEvent] {
        events.filter { $0.kind == kind && (venue == nil || $0.venue == venue) }
    }

    /// The events of one order, by either name.
    public func events(order name: String) -> [TruthEvent] {
        events.filter { $0.orderID == name || $0.clientID == name }
    }
}
