internal import Arb
internal import Synchronization
internal import Threading
public import Trading
public import Transport

/// What a venue's side is made of; used while it is made.
final class VenueParts {
    let configuration: Configuration
    let home: String
    let client: HTTPClient
    let context: TLSContext
    let lane: Lane
    /// For any purpose; one more is kept for closes and cancels.
    let connections: Int
    let seed: UInt64
    /// Who keeps the venue's words; nil: nobody.
    let receipts: ReceiptQueue?
    private let venue: VenueID
    private let base: String
    private(set) var made: WarmPool?
    /// The account's limits in words.
    var limits = ""

    init(
        _ venue: VenueID, _ configuration: Configuration, home: String, lane: Lane, seed: UInt64,
        receipts: ReceiptQueue?
    ) throws(TransportFault) {
        self.receipts = receipts
        self.venue = venue
        self.configuration = configuration
        self.home = home
        self.lane = lane
        self.seed = seed
        base = configuration.text(venue == .kalshi ? "venues.kalshi.rest_url" : "venues.polymarket.clob_url")
        connections = Int(configuration.integer("orders.warm_connections"))
        context = try TLSContext(
            loopbackAuthority: configuration.path("venues.\(venue.name).extra_ca_file", home: home))
        client = TradingEdge.client(configuration, venue, home: home)
    }

    func pool(_ exercise: @escaping @Sendable () -> [UInt8]?) throws(TransportFault) -> WarmPool {
        var settings = WarmPoolSettings(endpoint: try Endpoint(base), seed: seed)
        settings.entries = connections
        settings.keepAlive = configuration.seconds("orders.keepalive_s")
        // The feed's sockets count up from one; each pool has a range of its own.
        settings.firstToken = 1 << 32 + UInt64(venue.rawValue) << 16
        let pool = WarmPool(settings, context: context, lane: lane, exercise: exercise)
        made = pool
        return pool
    }
}

/// One venue as a run trades there: connections kept warm, a gateway on its lane, the account, the private stream.
///
/// - Lane: `gateway` as it says itself; the rest as each says.
public final class TradingVenue: Sendable {
    /// Which venue.
    public let venue: VenueID
    /// Sends orders.
    public let gateway: any OrderGateway
    /// Reads all of the account; off the lanes.
    public let reader: any AccountReader
    /// The account's limits in words, for the start of a run and `doctor`.
    public let limits: String
    let side: any TradingSide
    let pool: WarmPool
    let lane: Lane
    let edge: VenueEdge
    private let seed: UInt64
    /// Orders rest: the venue wants to hear of us.
    let isResting = Atomic<Bool>(false)
    /// A heartbeat is under way.
    let isBeating = Atomic<Bool>(false)
    /// The venue expects more of them.
    let hasBeaten = Atomic<Bool>(false)

    init(_ venue: VenueID, _ side: any TradingSide, _ parts: VenueParts, pool: WarmPool) {
        self.venue = venue
        self.side = side
        self.pool = pool
        gateway = side.gateway
        reader = side.reader
        limits = parts.limits
        lane = parts.lane
        seed = parts.seed
        edge = VenueEdge(venue: venue, services: [:], context: parts.context, client: parts.client) { _, now in
            try side.streamTarget(at: now)
        }
    }

    /// The connections and what was done with them; from any thread.
    public var connections: WarmPoolStatus { pool.status }

    /// A private stream of the account, not started.
    public func stream() -> any UserStream { side.stream(seed: seed) }
}
