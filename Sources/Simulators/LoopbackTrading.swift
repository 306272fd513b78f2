public import Server
public import Trading

/// What the trading halves of the loopback venues share: the market, the ledger, the faults, the clock, and the way out for
/// everything that follows from a call.
///
/// - Lane: used under the lock of the loopback venues alone.
public final class TradingTurn {
    /// Something that goes to the server of one venue.
    public enum Delivery: Sendable {
        /// A frame for a WebSocket connection.
        case frame(SimFrame)
        /// An answer to a request that was left for later.
        case answer(UInt64, WebServer.Response)
        /// The end of a WebSocket connection, without a word.
        case drop(UInt64)
    }

    /// The market, with the crowd's books.
    public let world: SimWorld
    /// Where everything is written down.
    public let ledger: TruthLedger
    /// The world's time. Unit: ns since its start.
    public internal(set) var now: Int64 = 0
    /// The wall clock at the venue.
    public internal(set) var utc = UTCNanos(rawValue: 0)
    /// What goes wrong.
    public var faults: FaultPlan
    /// Chances other than the market's own.
    public var random: SeededGenerator
    /// What goes out, each with its delay in ns.
    public private(set) var deliveries: [(delay: Int64, venue: VenueID, delivery: Delivery)] = []
    private let sink: (SimChange) -> Void
    private let speaker: (_ channel: String, _ type: String, _ ticker: String?, _ message: String) -> [SimFrame]

    /// A turn.
    ///
    /// - Parameters:
    ///   - sink: takes every change of the books at once, so that frames of market data are made in its order.
    ///   - speaker: makes the frames of a message on one of Kalshi's private channels.
    public init(
        _ world: SimWorld, _ ledger: TruthLedger, faults: FaultPlan = FaultPlan(), seed: UInt64 = 1,
        sink: @escaping (SimChange) -> Void = { _ in },
        speaker: @escaping (String, String, String?, String) -> [SimFrame] = { _, _, _, _ in [] }
    ) {
        self.world = world
        self.ledger = ledger
        self.faults = faults
        random = SeededGenerator(seed: seed ^ 0x7EAD)
        self.sink = sink
        self.speaker = speaker
    }

    /// Milliseconds since 1970, as venues stamp.
    public var milliseconds: Int64 { utc.rawValue / 1_000_000 }

    /// A number drawn from a range.
    public func drawn(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }

    /// Tells those who follow the books; for `SimWorld`'s functions that take a `tell`.
    public func tell(_ change: SimChange) { sink(change) }

    /// Sends a frame to a connection, after a delay in ns.
    public func push(_ venue: VenueID, _ frame: SimFrame, after delay: Int64 = 0) {
        deliveries.append((delay, venue, .frame(frame)))
    }

    /// A message on one of Kalshi's private channels, to everyone who subscribed to it; numbered when it is made.
    public func frames(_ channel: String, type: String, ticker: String?, _ message: String) -> [SimFrame] {
        speaker(channel, type, ticker, message)
    }

    /// Answers a request that was left for later, after a delay in ns.
    public func answer(_ venue: VenueID, _ id: UInt64, _ answer: WebServer.Response, after delay: Int64 = 0) {
        deliveries.append((delay, venue, .answer(id, answer)))
    }

    /// Ends a WebSocket connection without a word, after a delay in ns.
    public func drop(_ venue: VenueID, _ connection: UInt64, after delay: Int64 = 0) {
        deliveries.append((delay, venue, .drop(connection)))
    }

    /// Writes an event down.
    public func record(_ event: TruthEvent) { ledger.append(event, at: utc) }

    /// Whether something goes wrong here, and what; it is written down.
    public func strike(_ venue: VenueID, _ endpoint: String, among kinds: Set<FaultKind>? = nil) -> FaultKind? {
        guard let kind = faults.strike(venue, endpoint, among: kinds) else { return nil }
        var event = TruthEvent(.fault, venue)
        event.reason = kind.rawValue
        event.endpoint = endpoint
        record(event)
        return kind
    }

    /// As `strike`, for one fault.
    public func strikes(_ venue: VenueID, _ endpoint: String, _ kind: FaultKind) -> Bool {
        strike(venue, endpoint, among: [kind]) != nil
    }

    /// The deliveries so far; they are the caller's now.
    public func takeDeliveries() -> [(delay: Int64, venue: VenueID, delivery: Delivery)] {
        defer { deliveries = [] }
        return deliveries
    }
}

/// The trading half of a loopback venue: everything that needs a signature, and the user stream.
public protocol LoopbackTrading: AnyObject {
    /// Answers a request; nil: it is not one of trading, the public reads answer it. `.later`: a later turn answers.
    func handle(_ request: WebServer.Request, _ turn: TradingTurn) -> WebServer.Response?
    /// Refuses an upgrade, or accepts it (nil).
    func upgrade(_ target: String, _ headers: [String: String], _ turn: TradingTurn) -> WebServer.Response?
    /// A WebSocket connection is up.
    func opened(_ connection: UInt64, _ target: String, _ turn: TradingTurn)
    /// A WebSocket connection is gone.
    func closed(_ connection: UInt64, _ turn: TradingTurn)
    /// A text of a client.
    ///
    /// - Returns: true when it was for trading alone; false: the market data has it too.
    func received(_ connection: UInt64, _ text: [UInt8], _ turn: TradingTurn) -> Bool
    /// When something happens by itself next (expiry, late arrival, delayed match …). Unit: ns of the world's clock.
    var nextEvent: Int64 { get }
    /// Lets everything happen that is due at the turn's time.
    func advance(_ turn: TradingTurn)
    /// The market has changed, by itself or by a half's own doing: a pause, a grid, a phase, a level beside which something
    /// rests, a hit of it. Called after the call that changed it.
    func changed(_ change: SimChange, _ turn: TradingTurn)
}

extension LoopbackTrading {
    /// Refuses nothing.
    public func upgrade(_ target: String, _ headers: [String: String], _ turn: TradingTurn) -> WebServer.Response? {
        nil
    }
    /// Nothing to do.
    public func opened(_ connection: UInt64, _ target: String, _ turn: TradingTurn) {}
    /// Nothing to do.
    public func closed(_ connection: UInt64, _ turn: TradingTurn) {}
    /// Nothing to do.
    public func received(_ connection: UInt64, _ text: [UInt8], _ turn: TradingTurn) -> Bool { false }
}
