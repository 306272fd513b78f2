import Server
import Signing
import Synchronization
import Threading
public import Trading

/// Both venues on loopback, over TLS, in real time: the same state machines that the virtual drive uses, behind a real
/// server.
public final class LoopbackVenues: @unchecked Sendable {
    // Safety: `state` is guarded by its mutex; the servers are told of frames by `post`, on their own threads.
    private let state: Mutex<State>
    private var kalshiServer: WebServer?
    private var polymarketServer: WebServer?
    private var worker: Worker?
    private let ended = Atomic<Bool>(false)
    private let unposted = Atomic<Int>(0)
    private let pending = Atomic<Int>(0)
    private static let pendingMax = 20_000
    private let wakeup = Semaphore()
    private let started: Stamp
    private let verifier: VerifyingKey?

    /// What is asked of orders and accounts.
    public struct Trading: Sendable {
        /// What goes wrong.
        public var faults = FaultPlan()
        /// By how much the venues' clocks are ahead of this machine's; below zero: behind.
        public var clockOffset = Nanoseconds.zero
        /// Where the truth about orders is written as it happens; nil: it is kept in memory alone.
        public var ledgerPath: String?
        /// The servers' threads never sleep: for benchmarks.
        public var isSpinning = false
        /// Makes Kalshi's trading half; nil: none, the venue can only be watched.
        public var kalshi: (@Sendable (SimWorld) -> any LoopbackTrading)?
        /// Makes Polymarket's trading half; nil: none.
        public var polymarket: (@Sendable (SimWorld) -> any LoopbackTrading)?

        /// No trading.
        public init() {}
    }

    final class State {
        let world: SimWorld
        var kalshi: KalshiSim
        var polymarket: PolymarketSim
        let rest: SimRest
        let halves: [VenueID: any LoopbackTrading]
        var turn: TradingTurn
        var later = TimedQueue<(VenueID, TradingTurn.Delivery)>()
        /// Frames of market data that were made and not handed over.
        var made: [VenueID: [SimFrame]] = [:]
        /// Changes that the trading halves have not seen.
        var unseen: [SimChange] = []
        var sent = 0
        var lost = 0
        /// Venues whose market data is made and never sent.
        var muted: Set<VenueID> = []
        /// WebSocket connections that are up.
        var links: [VenueID: Set<UInt64>] = [:]
        var firstLink: MonotonicNanos?
        /// Unit: ms since 1970, by the venues' clock, at the world's start.
        var base: Int64

        init(_ world: SimWorld, _ trading: Trading, seed: UInt64, base: Int64) {
            self.world = world
            self.base = base
            kalshi = KalshiSim(world.pairs)
            polymarket = PolymarketSim(world.pairs)
            rest = SimRest(world.pairs)
            var halves: [VenueID: any LoopbackTrading] = [:]
            if let make = trading.kalshi { halves[.kalshi] = make(world) }
            if let make = trading.polymarket { halves[.polymarket] = make(world) }
            self.halves = halves
            let ledger = TruthLedger(path: trading.ledgerPath)
            turn = TradingTurn(world, ledger)
            turn = TradingTurn(
                world, ledger, faults: trading.faults, seed: seed,
                sink: { [unowned self] change in
                    emit(change)
                    note(change)
                },
                speaker: { [unowned self] channel, type, ticker, message in
                    kalshi.told(channel, type: type, ticker: ticker, message)
                })
        }
    }

    /// What the venues have done, at the end.
    public struct Summary: Sendable {
        /// Planted edges, with instants in ns since the start.
        public let planted: [PlantedEdge]
        /// Frames sent.
        public let frames: Int
        /// Of these, frames that the servers could not take: the client did not keep up.
        public let lost: Int
    }

    /// Base URLs.
    public var kalshiPort: Int { kalshiServer?.port ?? 0 }
    /// As `kalshiPort`.
    public var polymarketPort: Int { polymarketServer?.port ?? 0 }
    /// When the world's clock stood at zero.
    public var start: Stamp { started }

    /// Starts both venues.
    ///
    /// - Parameter publicKey: PEM of the key that upgrades must be signed with; nil: any.
    /// - Throws: `SigningFault` for a key that cannot be read, `WebServer.Fault`.
    public init(
        _ settings: SimWorld.Settings, authority: ThrowawayCA, publicKey: String?, trading: Trading = Trading()
    ) throws {
        started = NanoClock().now()
        verifier = try publicKey.map { try VerifyingKey(pem: $0) }
        state = Mutex(
            State(
                SimWorld(settings), trading, seed: settings.seed,
                base: (started.utc + trading.clockOffset).rawValue / 1_000_000))
        func server(_ handlers: WebServer.Handlers) throws(WebServer.Fault) -> WebServer {
            try WebServer(
                certificate: authority.certificate, key: authority.key, isSpinning: trading.isSpinning,
                handlers: handlers)
        }
        kalshiServer = try server(kalshiHandlers())
        polymarketServer = try server(polymarketHandlers())
        worker = Worker(name: "world") { [unowned self] in run() }
    }

    /// The pair files of all pairs and sets.
    var pairFiles: [(name: String, text: String)] { state.withLock { SimFiles.files($0.world) } }

    /// Ends the venues.
    public func stop() -> Summary {
        ended.store(true, ordering: .releasing)
        wakeup.signal()
        worker?.join()
        kalshiServer?.stop()
        polymarketServer?.stop()
        return state.withLock {
            Summary(planted: $0.world.planted, frames: $0.sent, lost: $0.lost + unposted.load(ordering: .relaxed))
        }
    }

    private func run() {
        var reached: Int64 = 0
        while !ended.load(ordering: .acquiring) {
            let now = (NanoClock.monotonic() - started.monotonic).rawValue
            if pending.load(ordering: .relaxed) > Self.pendingMax {
                // The client, or this machine, does not keep up: the market waits for it rather than for memory.
                _ = wakeup.wait(timeout: .milliseconds(1))
                continue
            }
            // In small steps: what clients ask meanwhile gets its turn.
            reached = min(now, reached + 2_000_000)
            let next = state.withLock { state -> Int64 in
                state.begin(now)
                state.world.advance(to: reached) { change in
                    state.turn.tell(change)
                }
                state.settle(reached)
                flush(state)
                return state.nextEvent
            }
            guard reached == now else { continue }
            let wait = max(0, min(50_000_000, next - (NanoClock.monotonic() - started.monotonic).rawValue))
            if wait > 100_000 { _ = wakeup.wait(timeout: Nanoseconds(rawValue: wait)) }
        }
    }

    /// Hands everything over that is due, under the lock: a snapshot asked for meanwhile must not overtake it.
    private func flush(_ state: State) {
        for (venue, frames) in state.made where !frames.isEmpty {
            guard !state.muted.contains(venue) else {
                state.made[venue] = []
                continue
            }
            state.sent += frames.count
            deliver(frames, venue == .kalshi ? kalshiServer : polymarketServer)
            state.made[venue] = []
        }
        var isLater = false
        for item in state.turn.takeDeliveries() {
            if item.delay > 0 {
                state.later.push((item.venue, item.delivery), at: state.turn.now + item.delay)
                isLater = true
            } else {
                deliver(item.delivery, item.venue, state)
            }
        }
        while let due = state.later.pop(by: state.turn.now) { deliver(due.item.1, due.item.0, state) }
        if isLater { wakeup.signal() }
    }

    private func deliver(_ delivery: TradingTurn.Delivery, _ venue: VenueID, _ state: State) {
        let server = venue == .kalshi ? kalshiServer : polymarketServer
        switch delivery {
        case .frame(let frame):
            state.sent += 1
            deliver([frame], server)
        case .answer(let id, let answer): server?.post { $0.respond(id, answer) }
        case .drop(let connection): server?.post { $0.drop(connection) }
        }
    }

    private func deliver(_ frames: [SimFrame], _ server: WebServer?) {
        guard !frames.isEmpty else { return }
        pending.add(frames.count, ordering: .relaxed)
        let isPosted = server?.post { [unowned self] server in
            pending.subtract(frames.count, ordering: .relaxed)
            var lost = 0
            for frame in frames where !server.send(frame.connection, frame.text) { lost += 1 }
            if lost > 0 { state.withLock { $0.lost += lost } }
        }
        if isPosted != true { unposted.add(frames.count, ordering: .relaxed) }
    }

    /// Everything that comes from outside: under the lock, at its own time, with all that follows handed over.
    private func turn<Result: Sendable>(_ body: (State) throws -> Result) rethrows -> Result {
        try state.withLock { state in
            state.begin((NanoClock.monotonic() - started.monotonic).rawValue)
            defer {
                state.settle(state.turn.now)
                flush(state)
            }
            return try body(state)
        }
    }

    /// Lets a test, or a command, reach into a venue's trading half and the market, between two requests.
    ///
    /// - Returns: what `body` returns; nil when the venue has no trading half of that type.
    public func command<Half: LoopbackTrading, Result: Sendable>(
        _ half: Half.Type, _ body: (Half, TradingTurn) throws -> Result
    ) rethrows -> Result? {
        try turn { state in
            for candidate in state.halves.values {
                if let half = candidate as? Half { return try body(half, state.turn) }
            }
            return nil
        }
    }

    /// Messages sent so far.
    public var frames: Int { state.withLock { $0.sent } }

    /// The truth about orders so far.
    public var truth: [TruthEvent] { state.withLock { $0.turn.ledger.events } }

    /// Adds a fault, from now on.
    public func add(_ rule: FaultPlan.Rule) { state.withLock { $0.turn.faults.add(rule) } }

    /// Keeps a venue's market data back, from now on, or no more: what was kept back is lost, a gap.
    public func mute(_ venue: VenueID, _ isMuted: Bool) {
        state.withLock { state in
            if isMuted { state.muted.insert(venue) } else { state.muted.remove(venue) }
        }
    }

    /// Ends every WebSocket connection of a venue, without a word.
    public func dropLinks(_ venue: VenueID) {
        turn { state in
            for link in state.links[venue, default: []].sorted() { state.turn.drop(venue, link) }
        }
    }

    /// All pairs, then the members of all sets, as they are now.
    public var pairs: [SimPair] { state.withLock { $0.world.pairs } }

    /// Reaches into the market and its turn, between two requests.
    public func reach<Result: Sendable>(_ body: (TradingTurn) throws -> Result) rethrows -> Result {
        try turn { try body($0.turn) }
    }

    /// Sets the venues' clocks off this machine's, from now on.
    public func setClock(offset: Nanoseconds) {
        state.withLock { $0.base = (started.utc + offset).rawValue / 1_000_000 }
    }

    /// Ends all faults.
    public func clearFaults() { state.withLock { $0.turn.faults.clear() } }

    private func kalshiHandlers() -> WebServer.Handlers {
        WebServer.Handlers(
            request: { [unowned self] request in
                let target = request.target.replacing("/trade-api/v2", with: "", maxReplacements: 1)
                return turn { state in
                    if let answer = state.halves[.kalshi]?.handle(request, state.turn) { return state.dated(answer) }
                    return state.dated(
                        answer(state.rest.kalshi(target, state.world, now: started.utc).map { Array($0.utf8) }))
                }
            },
            upgrade: { [unowned self] target, headers in
                let (isTraded, refusal) = turn { state in
                    (state.halves[.kalshi] != nil, state.halves[.kalshi]?.upgrade(target, headers, state.turn))
                }
                if isTraded { return refusal }
                guard let verifier else { return nil }
                let message = (headers["kalshi-access-timestamp"] ?? "") + "GET/trade-api/ws/v2"
                let signature = Self.base64(headers["kalshi-access-signature"] ?? "")
                let stamp = Int64(headers["kalshi-access-timestamp"] ?? "") ?? 0
                let skew = abs(stamp - NanoClock.utc().rawValue / 1_000_000)
                guard skew <= 10_000 else { return Self.refusal("header_timestamp_expired", "") }
                guard verifier.verifies(signature, of: message) else {
                    return Self.refusal("authentication_error", "INCORRECT_API_KEY_SIGNATURE")
                }
                return nil
            },
            opened: { [unowned self] _, id, target in
                turn { state in
                    state.links[.kalshi, default: []].insert(id)
                    state.kalshi.opened(id)
                    noteLink(&state.firstLink)
                    state.halves[.kalshi]?.opened(id, target, state.turn)
                }
            },
            text: { [unowned self] _, id, text in
                // Through the same queue as everything else, under the lock: nothing may overtake.
                turn { state in
                    guard state.halves[.kalshi]?.received(id, text, state.turn) != true else { return }
                    state.made[.kalshi, default: []] += state.kalshi.received(id, text, state.world)
                }
            },
            closed: { [unowned self] _, id in
                turn { state in
                    state.links[.kalshi]?.remove(id)
                    state.kalshi.closed(id)
                    state.halves[.kalshi]?.closed(id, state.turn)
                }
            })
    }

    private func polymarketHandlers() -> WebServer.Handlers {
        WebServer.Handlers(
            request: { [unowned self] request in
                turn { state in
                    if let answer = state.halves[.polymarket]?.handle(request, state.turn) {
                        return state.dated(answer)
                    }
                    if request.target == "/books" {
                        return answer(state.polymarket.books(request.body, state.world, base: state.base))
                    }
                    return state.dated(
                        answer(
                            state.rest.polymarket(request.target, state.world, now: state.turn.utc).map {
                                Array($0.utf8)
                            }))
                }
            },
            upgrade: { [unowned self] target, headers in
                turn { state in state.halves[.polymarket]?.upgrade(target, headers, state.turn) }
            },
            opened: { [unowned self] _, id, target in
                turn { state in
                    state.links[.polymarket, default: []].insert(id)
                    state.polymarket.opened(id)
                    noteLink(&state.firstLink)
                    state.halves[.polymarket]?.opened(id, target, state.turn)
                }
            },
            text: { [unowned self] _, id, text in
                turn { state in
                    guard state.halves[.polymarket]?.received(id, text, state.turn) != true else { return }
                    state.made[.polymarket, default: []] += state.polymarket.received(
                        id, text, state.world, base: state.base)
                }
            },
            closed: { [unowned self] _, id in
                turn { state in
                    state.links[.polymarket]?.remove(id)
                    state.polymarket.closed(id)
                    state.halves[.polymarket]?.closed(id, state.turn)
                }
            })
    }

    private func noteLink(_ first: inout MonotonicNanos?) { if first == nil { first = NanoClock.monotonic() } }

    /// When the first connection was accepted since the last time this was asked; nil: none was.
    public func takeFirstLink() -> MonotonicNanos? {
        state.withLock { state in
            defer { state.firstLink = nil }
            return state.firstLink
        }
    }

    private func answer(_ body: [UInt8]?) -> WebServer.Response {
        guard let body else {
            return WebServer.Response(
                status: 404, body: Array(#"{"error":{"code":"not_found","message":"not found"}}"#.utf8))
        }
        return WebServer.Response(body: body)
    }

    private static func refusal(_ code: String, _ details: String) -> WebServer.Response {
        WebServer.Response(
            status: 401,
            body: Array(#"{"error":{"code":"\#(code)","message":"\#(code)","details":"\#(details)"}}"#.utf8))
    }

    private static func base64(_ text: String) -> [UInt8] { SimCodec.base64(text) }
}
