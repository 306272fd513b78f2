public import Arb
internal import Store
import Synchronization
public import Threading
public import Trading
internal import Transport

/// Runs the core against the world: sockets, REST and timers in, actions out, every input recorded where that is asked.
///
/// One thread, the hot lane, owns the engine, the books and all feed sockets. Connecting, REST and disk are elsewhere and
/// come back through mailboxes.
/// - Lane: `run` makes the calling thread the hot lane; `stop` and `status` from any thread.
public final class LiveDriver {
    private let engine: Engine
    private let edges: [VenueID: VenueEdge]
    private let clock: any Timekeeper
    private let lane: Lane
    private let recorder: CaptureWriter?
    private let cache: RestCache?
    private let outcomes = Mailbox<Connector.Attempt>(capacity: 65_536)
    private let answers = Mailbox<RestAnswer>(capacity: 65_536)
    private var connectors: [VenueID: Connector] = [:]
    private var links: [LinkID: Entry] = [:]
    private var tokens: [UInt64: LinkID] = [:]
    /// Links that have more to read than one turn takes, or had to wait for what was fired; and the same list of this turn.
    private var backlog: [UInt64] = [], readable: [UInt64] = []
    private var isHurried = false
    private var nextToken: UInt64 = 0
    private var random: SeededGenerator
    private var requests = 0
    private var nextBeat: MonotonicNanos
    private var nextStatus: MonotonicNanos
    private var frames: UInt64 = 0
    private var framesAtStatus: UInt64 = 0
    private let published: StatusCell
    private let trading: LiveTrading?

    /// A class: it is counted in with every frame, and a dictionary that changes a value in place asks for memory.
    private final class Entry {
        var socket: WebSocketLink?
        var token: UInt64 = 0
        var generation: UInt64 = 0
        var reason = ""
        var frames: UInt64 = 0
        var opens: UInt64 = 0
    }

    /// Messages taken from one connection before the others get their turn.
    private static let messagesPerTurn = 256
    private static let statusInterval = Nanoseconds.milliseconds(250)

    /// A driver for `engine`.
    ///
    /// - Parameters:
    ///   - cacheFolder: where REST answers are kept; nil: nowhere.
    ///   - seed: of masks on the wire.
    ///   - trading: who trades; nil: nobody, and nothing of it is ever touched.
    public init(
        engine: Engine, edges: [VenueEdge], clock: any Timekeeper, lane: Lane, recorder: CaptureWriter? = nil,
        cacheFolder: String? = nil, seed: UInt64, published: StatusCell, trading: LiveTrading? = nil
    ) {
        self.engine = engine
        self.edges = Dictionary(uniqueKeysWithValues: edges.map { ($0.venue, $0) })
        self.clock = clock
        self.lane = lane
        self.recorder = recorder
        self.cache = cacheFolder.map { RestCache(folder: $0) }
        self.published = published
        self.trading = trading
        random = SeededGenerator(seed: seed)
        nextBeat = clock.now().monotonic
        nextStatus = nextBeat
    }

    /// Runs until the lane is stopped or `deadline` has passed, then ends the engine's run. At the deadline, and by its
    /// `RunStop`, a trader is asked to end first; a lane that is stopped ends without asking.
    public func run(startedAt start: Stamp, until deadline: MonotonicNanos?) {
        let lane = lane
        let outcomes = outcomes
        connectors = edges.mapValues { _ in
            Connector { outcome in
                _ = outcomes.post(outcome)  // one outcome per link and try: never more than links
                lane.wake()
            }
        }
        engine.marketObserver = trading?.venues
        trading?.start(at: start)
        engine.start(at: start)
        act()
        lane.run { ready in
            guard let deadline, clock.now().monotonic >= deadline else { return turn(ready, deadline) }
            if let trading { trading.end() } else { lane.stop() }
            return turn(ready, nil)
        }
        let end = clock.now()
        recorder?.timer(at: end)
        engine.finish(at: end)
        publish(end)
        for connector in connectors.values { connector.close() }
        for entry in links.values { entry.socket?.close(code: 1001) }
        links = [:]
        trading?.finish()
    }

    private func turn(_ ready: [UInt64], _ deadline: MonotonicNanos?) -> Lane.Turn {
        // First: the answer to an order outranks a frame, and the connections look at what is ready themselves.
        let pools = trading?.venues.turn(ready)
        var isBusy = false
        if !outcomes.isEmpty {
            for outcome in outcomes.takeAll() { settle(outcome) }
            isBusy = true
        }
        if !answers.isEmpty {
            for answer in answers.takeAll() { take(answer) }
            isBusy = true
        }
        if pollAll(ready) { isBusy = true }
        // Orders that were fired leave before anything else is done; what waits is done a turn later, not ever later.
        isHurried = !isHurried && lane.hasJobs
        if isHurried, let trading {
            trading.touch()
            return .busy
        }
        engine.rest()
        let now = clock.now()
        if let due = engine.nextDeadline, due <= now.monotonic {
            recorder?.timer(at: now)
            engine.advance(to: now)
            isBusy = true
        }
        if nextBeat <= now.monotonic { beat(now) }
        if nextStatus <= now.monotonic { publish(now) }
        if let trading {
            if trading.turn(at: now, isBusy: isBusy) { isBusy = true }
            if trading.isOver(at: now.monotonic) { lane.stop() }
        }
        act()
        if isBusy { return .busy }
        var until = min(nextBeat, nextStatus)
        if let due = engine.nextDeadline { until = min(until, due) }
        if let due = trading?.nextDeadline { until = min(until, due) }
        if let deadline { until = min(until, deadline) }
        return pools?.joined(.idle(until: until)) ?? .idle(until: until)
    }

    /// Does what the engine, and who trades, want done outside.
    private func act() {
        perform(engine.takeActions())
        if let trading { perform(trading.takeActions()) }
    }

    // MARK: Links

    private func settle(_ outcome: Connector.Attempt) {
        guard links[outcome.link]?.generation == outcome.generation else { return }  // closed meanwhile
        let now = clock.now()
        switch outcome.result {
        case .failure(let fault): down(outcome.link, "\(fault.code) \(fault.text)\(Self.refusal(fault))", now)
        case .success(let socket):
            nextToken += 1
            do {
                try lane.poller.add(socket.descriptor, token: nextToken)
            } catch {
                return down(outcome.link, "\(error.code) no descriptor can be watched", now)
            }
            tokens[nextToken] = outcome.link
            links[outcome.link]?.socket = socket
            links[outcome.link]?.token = nextToken
            links[outcome.link]?.reason = ""
            links[outcome.link]?.opens += 1
            if isPrivate(outcome.link) {
                trading?.opened(outcome.link, at: now)
            } else {
                recorder?.opened(outcome.link, at: now)
                engine.opened(outcome.link, at: now)
            }
            backlog.append(nextToken)  // what came with the handshake is in memory, not in the socket
            act()
        }
    }

    /// Private streams are no inputs of the engine, and are never recorded: they name orders and accounts.
    private func isPrivate(_ link: LinkID) -> Bool { trading?.owns(link) ?? false }

    /// What a server said when it refused an upgrade: the first line of it, for people.
    private static func refusal(_ fault: TransportFault) -> String {
        guard !fault.body.isEmpty else { return "" }
        return ": "
            + String(decoding: fault.body.prefix(200), as: UTF8.self).split(separator: "\n").joined(separator: " ")
    }

    /// Reads what is there on every link, those first that had to wait. Once something was fired the others wait for the
    /// next turn: what a private stream tells takes longer than the way of an order.
    ///
    /// - Returns: true when there was something to look at.
    private func pollAll(_ ready: [UInt64]) -> Bool {
        swap(&backlog, &readable)
        for token in ready where !readable.contains(token) { readable.append(token) }
        for (index, token) in readable.enumerated() {
            // One at least in every turn, and who has waited comes before who has more.
            if index > 0, lane.hasJobs {
                backlog.insert(contentsOf: readable[index...], at: 0)
                break
            }
            poll(token)
        }
        let wasBusy = !readable.isEmpty
        readable.removeAll(keepingCapacity: true)
        return wasBusy
    }

    private func poll(_ token: UInt64) {
        guard let link = tokens[token], let entry = links[link], let socket = entry.socket else { return }
        var taken = 0
        let isPrivate = isPrivate(link)
        do throws(TransportFault) {
            while taken < Self.messagesPerTurn {
                let now = clock.now()
                if taken > 0, lane.hasJobs { break }
                guard let event = try socket.next(now: now.monotonic) else { break }
                taken += 1
                guard case .message(let payload) = event else { continue }
                frames += 1
                entry.frames += 1
                if isPrivate {
                    trading?.frame(link, payload.bytes, at: now)
                    continue
                }
                recorder?.frame(link, payload.bytes, at: now)
                engine.frame(link, payload.bytes, at: now)
            }
            let mayHaveMore = taken == Self.messagesPerTurn || taken > 0 && lane.hasJobs
            if mayHaveMore, !backlog.contains(token) { backlog.append(token) }
            if socket.wantsOutput { watch(socket, token, output: true) }
        } catch {
            down(link, "\(error.code) \(error.text)", clock.now())
        }
    }

    private func watch(_ socket: WebSocketLink, _ token: UInt64, output: Bool) {
        // A descriptor that cannot be watched any more is found dead by the next read.
        try? lane.poller.add(socket.descriptor, token: token, output: output)
    }

    private func beat(_ now: Stamp) {
        nextBeat = now.monotonic + .seconds(1)
        for (link, entry) in links {
            guard let socket = entry.socket else { continue }
            do throws(TransportFault) {
                if socket.deadline <= now.monotonic { try socket.beat(now: now.monotonic) }
                if socket.wantsOutput {
                    try socket.flush()
                    if !socket.wantsOutput { watch(socket, entry.token, output: false) }
                }
            } catch {
                down(link, "\(error.code) \(error.text)", now)
            }
        }
        recorder?.flush()
    }

    private func down(_ link: LinkID, _ reason: String, _ now: Stamp) {
        drop(link)
        links[link]?.reason = reason
        if isPrivate(link) {
            trading?.closed(link, reason, at: now)
            return
        }
        recorder?.closed(link, reason: reason, at: now)
        engine.closed(link, reason: reason, at: now)
    }

    /// Forgets the socket of a link; outcomes of tries under way are void.
    private func drop(_ link: LinkID) {
        guard let entry = links[link] else { return }
        let socket = entry.socket
        entry.generation += 1
        entry.socket = nil
        tokens[entry.token] = nil
        if let socket {
            lane.poller.remove(socket.descriptor)
            socket.close(code: 1001)
        }
    }

    // MARK: Actions

    private func perform(_ actions: [VenueAction]) {
        for action in actions {
            switch action {
            case .open(let link): open(link)
            case .close(let link, let reason): down(link, reason, clock.now())
            case .send(let link, let text): send(link, text)
            case .fetch(let request): fetch(request)
            }
        }
    }

    private func open(_ link: LinkID) {
        guard let edge = isPrivate(link) ? trading?.edge(of: link) : edges[link.venue] else { return }
        drop(link)
        let entry = links[link] ?? Entry()
        entry.generation += 1
        links[link] = entry
        connectors[link.venue]?.open(link, generation: entry.generation, edge: edge, seed: random.next())
    }

    private func send(_ link: LinkID, _ text: [UInt8]) {
        guard let socket = links[link]?.socket, let token = links[link]?.token else { return }
        do throws(TransportFault) {
            try socket.send(text)
            if socket.wantsOutput { watch(socket, token, output: true) }
        } catch {
            down(link, "\(error.code) \(error.text)", clock.now())
        }
    }

    private func fetch(_ request: RestRequest) {
        guard let edge = edges[request.venue], let base = edge.services[request.service] else {
            let fault = "E_NET_URL no service '\(request.service)' is configured"
            return take(
                RestAnswer(
                    request: request, status: 0, contentType: "", body: [], fetchedAt: clock.now().utc, fault: fault))
        }
        if request.mayUseCache, let kept = cache?.answer(to: request, now: clock.now().utc) { take(kept) }
        requests += 1
        var headers: [(name: String, value: String)] = [("Accept", "application/json")]
        if request.method == "POST" { headers.append(("Content-Type", "application/json")) }
        // Everything that the core asks for is a read, also what is asked by POST.
        let http = HTTPRequest(
            base + request.path, method: request.method, headers: headers, body: request.body, mayRepeat: true)
        let answers = answers
        let lane = lane
        let clock = clock
        let cache = cache
        edge.client.send(http) { result in
            let answer = Self.answer(to: request, result, at: clock.now().utc)
            if request.mayUseCache { cache?.keep(answer) }
            _ = answers.post(answer)  // one answer per request: bounded by the client's own queue
            lane.wake()
        }
    }

    private static func answer(
        to request: RestRequest, _ result: Result<HTTPResponse, TransportFault>, at instant: UTCNanos
    ) -> RestAnswer {
        switch result {
        case .success(let response):
            RestAnswer(
                request: request, status: response.status, contentType: response.contentType, body: response.body,
                fetchedAt: instant)
        case .failure(let fault):
            RestAnswer(
                request: request, status: 0, contentType: "", body: [], fetchedAt: instant,
                fault: "\(fault.code) \(fault.text)")
        }
    }

    private func take(_ answer: RestAnswer) {
        let now = clock.now()
        requests = max(0, requests - 1)
        recorder?.answer(answer, at: now)
        engine.answer(answer, at: now)
    }

    private func publish(_ now: Stamp) {
        let elapsed = max(1, (now.monotonic - nextStatus).rawValue + Self.statusInterval.rawValue)
        let rate = Int(Int128(frames - framesAtStatus) * 1_000_000_000 / Int128(elapsed))
        framesAtStatus = frames
        nextStatus = now.monotonic + Self.statusInterval
        let entries = links.map { link, entry in
            LiveStatus.Link(
                link: link, isUp: entry.socket != nil, reason: entry.reason, frames: entry.frames, opens: entry.opens)
        }
        published.set(
            LiveStatus(
                engine: engine.status(),
                links: entries.sorted { ($0.link.venue, $0.link.index) < ($1.link.venue, $1.link.index) },
                requests: requests, framesPerSecond: rate, trader: trading?.status(at: now),
                sets: trading?.sets))
    }
}

/// Where the hot lane leaves its newest status for whoever looks.
public final class StatusCell: Sendable {
    private let newest = Mutex<LiveStatus?>(nil)

    /// An empty cell.
    public init() {}

    /// The newest status; nil before the first.
    public var status: LiveStatus? { newest.withLock { $0 } }

    func set(_ status: LiveStatus) { newest.withLock { $0 = status } }
}
