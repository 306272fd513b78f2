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

    private final class State {
        let world: SimWorld
        var kalshi: KalshiSim
        var polymarket: PolymarketSim
        let rest: SimRest
        var sent = 0
        var lost = 0
        var firstLink: MonotonicNanos?
        init(_ world: SimWorld) {
            self.world = world
            kalshi = KalshiSim(world.pairs)
            polymarket = PolymarketSim(world.pairs)
            rest = SimRest(world.pairs)
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
    /// - Throws: `WebServer.Fault`.
    public init(_ settings: SimWorld.Settings, authority: ThrowawayCA, publicKey: String?) throws {
        started = NanoClock().now()
        let key = publicKey.flatMap { try? VerifyingKey(pem: $0) }
        verifier = key
        state = Mutex(State(SimWorld(settings)))
        kalshiServer = try WebServer(certificate: authority.certificate, key: authority.key, handlers: kalshiHandlers())
        polymarketServer = try WebServer(
            certificate: authority.certificate, key: authority.key, handlers: polymarketHandlers())
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

    private var base: Int64 { started.utc.rawValue / 1_000_000 }

    private func run() {
        var reached: Int64 = 0
        while !ended.load(ordering: .acquiring) {
            let now = (NanoClock.monotonic() - started.monotonic).rawValue
            var kalshi: [SimFrame] = []
            var polymarket: [SimFrame] = []
            if pending.load(ordering: .relaxed) > Self.pendingMax {
                // The client, or this machine, does not keep up: the market waits for it rather than for memory.
                _ = wakeup.wait(timeout: .milliseconds(1))
                continue
            }
            // In small steps: what clients ask meanwhile gets its turn.
            reached = min(now, reached + 2_000_000)
            let next = state.withLock { state -> Int64 in
                state.world.advance(to: reached) { change in
                    emit(change, now, state, &kalshi, &polymarket)
                }
                state.sent += kalshi.count + polymarket.count
                // Handed over under the lock: a snapshot asked for meanwhile must not overtake these.
                if !kalshi.isEmpty { deliver(kalshi, kalshiServer) }
                if !polymarket.isEmpty { deliver(polymarket, polymarketServer) }
                return state.world.nextEvent
            }
            guard reached == now else { continue }
            let wait = max(0, min(50_000_000, next - (NanoClock.monotonic() - started.monotonic).rawValue))
            if wait > 100_000 { _ = wakeup.wait(timeout: Nanoseconds(rawValue: wait)) }
        }
    }

    private func deliver(_ frames: [SimFrame], _ server: WebServer?) {
        pending.add(frames.count, ordering: .relaxed)
        let isPosted = server?.post { [unowned self] server in
            pending.subtract(frames.count, ordering: .relaxed)
            var lost = 0
            for frame in frames where !server.send(frame.connection, frame.text) { lost += 1 }
            if lost > 0 { state.withLock { $0.lost += lost } }
        }
        if isPosted != true { unposted.add(frames.count, ordering: .relaxed) }
    }

    private func emit(
        _ change: SimChange, _ now: Int64, _ state: State, _ kalshi: inout [SimFrame], _ polymarket: inout [SimFrame]
    ) {
        switch change {
        case .level(let pair, 0, let isBid, let price, let was, let size):
            kalshi += state.kalshi.changed(
                state.world.pairs[pair], isBid: isBid, price: price, change: size - was,
                milliseconds: base + now / 1_000_000)
        case .level(let pair, _, let isBid, let price, _, let size):
            polymarket += state.polymarket.changed(
                state.world.pairs[pair], isBid: isBid, price: price, now: size, base: base)
        case .trade(let pair, let levels, let price, let size):
            polymarket += state.polymarket.traded(state.world.pairs[pair], levels, price: price, size: size, base: base)
        case .tick(let pair, let was, _):
            polymarket += state.polymarket.ticked(state.world.pairs[pair], was: was, base: base)
        case .paused(let pair, let isPaused):
            kalshi += state.kalshi.paused(state.world.pairs[pair], isPaused)
        }
    }

    private func kalshiHandlers() -> WebServer.Handlers {
        WebServer.Handlers(
            request: { [unowned self] request in
                let target = request.target.replacing("/trade-api/v2", with: "", maxReplacements: 1)
                return answer(
                    state.withLock { $0.rest.kalshi(target, $0.world, now: started.utc).map { Array($0.utf8) } })
            },
            upgrade: { [unowned self] _, headers in
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
            opened: { [unowned self] _, id, _ in
                state.withLock {
                    $0.kalshi.opened(id)
                    noteLink(&$0.firstLink)
                }
            },
            text: { [unowned self] server, id, text in
                // Through the same queue as everything else, under the lock: nothing may overtake.
                state.withLock { deliver($0.kalshi.received(id, text, $0.world), server) }
            },
            closed: { [unowned self] _, id in state.withLock { $0.kalshi.closed(id) } })
    }

    private func polymarketHandlers() -> WebServer.Handlers {
        WebServer.Handlers(
            request: { [unowned self] request in
                let base = base
                if request.target == "/books" {
                    return answer(state.withLock { $0.polymarket.books(request.body, $0.world, base: base) })
                }
                return answer(
                    state.withLock {
                        $0.rest.polymarket(request.target, $0.world, now: started.utc).map { Array($0.utf8) }
                    })
            },
            opened: { [unowned self] _, id, _ in
                state.withLock {
                    $0.polymarket.opened(id)
                    noteLink(&$0.firstLink)
                }
            },
            text: { [unowned self] server, id, text in
                let base = base
                state.withLock { deliver($0.polymarket.received(id, text, $0.world, base: base), server) }
            },
            closed: { [unowned self] _, id in state.withLock { $0.polymarket.closed(id) } })
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
