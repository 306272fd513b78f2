public import Trading

/// The core as a drive needs it: the deterministic part of the program, whatever it is made of.
public protocol DrivenCore: AnyObject {
    /// Starts it.
    func start(at stamp: Stamp)
    /// A link came up.
    func opened(_ link: LinkID, at stamp: Stamp)
    /// A link went down.
    func closed(_ link: LinkID, reason: String, at stamp: Stamp)
    /// A message.
    func frame(_ link: LinkID, _ payload: RawSpan, at stamp: Stamp)
    /// A REST answer.
    func answer(_ answer: RestAnswer, at stamp: Stamp)
    /// Time has passed.
    func advance(to stamp: Stamp)
    /// The run is over.
    func finish(at stamp: Stamp)
    /// What is due next.
    var nextDeadline: MonotonicNanos? { get }
    /// What is wanted outside.
    func takeActions() -> [VenueAction]
}

/// What may go wrong between the venues and the core, drawn by seed.
public enum SimFault: String, Sendable, CaseIterable {
    /// A frame is lost.
    case gap
    /// A frame comes twice.
    case duplicate
    /// A frame comes after later ones.
    case late
    /// A connection ends.
    case disconnect
    /// A connection brings nothing more, though it is up.
    case silent
    /// A hash is another one.
    case corruptHash = "corrupt-hash"
    /// A REST answer is an HTML page.
    case html200
    /// A REST answer takes seconds.
    case slowRest = "slow-rest"
}

/// Drives a core with both venues in virtual time: no sockets, no waiting, the same for the same seed.
public final class VirtualDrive {
    /// What a drive does.
    public struct Settings: Sendable {
        /// The world.
        public var world = SimWorld.Settings()
        /// Length of the run.
        public var duration = Nanoseconds.seconds(600)
        /// What goes wrong.
        public var faults: Set<SimFault> = []
        /// One frame in this many suffers each fault.
        public var faultEvery = 4_000

        /// The defaults.
        public init() {}
    }

    private enum Due {
        case frame(LinkID, [UInt8])
        case answer(RestAnswer)
        case open(LinkID)
        case close(LinkID)
    }

    /// The venues' truth.
    public let world: SimWorld
    private let core: any DrivenCore
    private let settings: Settings
    private var kalshi: KalshiSim
    private var polymarket: PolymarketSim
    private var random: SeededGenerator
    private let rest: SimRest
    private var queue = TimedQueue<Due>()
    private var up: Set<LinkID> = []
    private var silenced: Set<LinkID> = []

    /// True while a venue has a link that is up and brings nothing.
    public func isSilent(_ venue: VenueID) -> Bool { silenced.contains { $0.venue == venue } }
    /// When a link last came up.
    public private(set) var lastOpened: Int64 = 0
    /// Frames given to the core.
    public private(set) var frames = 0
    /// Faults that struck.
    public private(set) var struck: [SimFault: Int] = [:]
    /// True when the core asked for ever to be called again without time passing: a defect.
    public private(set) var isStuck = false
    private var turns = 0
    private var lastTurn: Int64 = -1
    /// Called after every input, at the world's time.
    public var observe: ((Int64) -> Void)?

    /// Wall time of the world's start: 2026-11-21T00:00:00Z.
    public static let base: Int64 = 1_795_219_200_000_000_000

    /// A drive of `core` by a world of the settings' seed.
    public init(_ settings: Settings, world: SimWorld, core: any DrivenCore) {
        self.settings = settings
        self.world = world
        self.core = core
        kalshi = KalshiSim(world.pairs)
        polymarket = PolymarketSim(world.pairs)
        rest = SimRest(world.pairs)
        random = SeededGenerator(seed: settings.world.seed ^ 0xFA17)
    }

    /// The stamp of an instant of the world.
    public static func stamp(_ now: Int64) -> Stamp {
        Stamp(monotonic: MonotonicNanos(rawValue: now), utc: UTCNanos(rawValue: base + now))
    }

    /// Runs to the end.
    public func run() {
        var now: Int64 = 0
        core.start(at: Self.stamp(0))
        perform(now)
        while now < settings.duration.rawValue {
            let deadline = core.nextDeadline?.rawValue ?? .max
            let next = max(now, min(world.nextEvent, queue.next ?? .max, deadline))
            now = min(next, settings.duration.rawValue)
            if let due = queue.pop(by: now) {
                carry(due.item, now)
            } else if deadline <= now {
                // A core that wants to be called again at the very instant at which it was called turns for ever.
                turns = now == lastTurn ? turns + 1 : 0
                lastTurn = now
                guard turns < 10_000 else {
                    isStuck = true
                    break
                }
                core.advance(to: Self.stamp(now))
            } else {
                world.advance(to: now) { change in emit(change, now) }
            }
            perform(now)
            observe?(now)
        }
        core.finish(at: Self.stamp(now))
    }

    private func later(_ delay: Int64, _ now: Int64, _ due: Due) {
        queue.push(due, at: now + delay)
    }

    private func carry(_ due: Due, _ now: Int64) {
        switch due {
        case .frame(let link, let text): deliver(link, text, now)
        case .answer(let answer): core.answer(answer, at: Self.stamp(now))
        case .open(let link):
            up.insert(link)
            lastOpened = now
            silenced.remove(link)
            if link.venue == .kalshi {
                kalshi.opened(UInt64(link.index))
            } else {
                polymarket.opened(UInt64(link.index))
            }
            core.opened(link, at: Self.stamp(now))
        case .close(let link): down(link, "the peer ended the connection", now)
        }
    }

    private func down(_ link: LinkID, _ reason: String, _ now: Int64) {
        guard up.remove(link) != nil else { return }
        if link.venue == .kalshi { kalshi.closed(UInt64(link.index)) } else { polymarket.closed(UInt64(link.index)) }
        core.closed(link, reason: reason, at: Self.stamp(now))
    }

    private func deliver(_ link: LinkID, _ text: [UInt8], _ now: Int64) {
        guard up.contains(link) else { return }
        frames += 1
        text.withUnsafeBytes { core.frame(link, $0.bytes, at: Self.stamp(now)) }
    }

    // MARK: Venues to core

    private func emit(_ change: SimChange, _ now: Int64) {
        let base = Self.base / 1_000_000
        switch change {
        case .level(let pair, 0, let isBid, let price, let was, let size):
            send(
                kalshi.changed(
                    world.pairs[pair], isBid: isBid, price: price, change: size - was,
                    milliseconds: base + now / 1_000_000), .kalshi, now)
        case .level(let pair, _, let isBid, let price, _, let size):
            send(
                polymarket.changed(world.pairs[pair], isBid: isBid, price: price, now: size, base: base), .polymarket,
                now)
        case .trade(let pair, let levels, let price, let size):
            send(polymarket.traded(world.pairs[pair], levels, price: price, size: size, base: base), .polymarket, now)
        case .tick(let pair, let was, _):
            send(polymarket.ticked(world.pairs[pair], was: was, base: base), .polymarket, now)
        case .paused(let pair, let isPaused):
            send(kalshi.paused(world.pairs[pair], isPaused), .kalshi, now)
        case .grid, .phase, .met: break  // of trading, which nobody does here
        }
    }

    private func send(_ frames: [SimFrame], _ venue: VenueID, _ now: Int64) {
        for frame in frames {
            let link = LinkID(venue: venue, index: UInt16(frame.connection))
            guard up.contains(link), !silenced.contains(link) else { continue }
            var text = frame.text
            var copies = 1
            var delay: Int64 = 0
            for fault in SimFault.allCases where settings.faults.contains(fault) {
                guard Int.random(in: 0..<settings.faultEvery, using: &random) == 0 else { continue }
                switch fault {
                case .gap: copies = 0
                case .duplicate: copies = 2
                case .late: delay = Int64.random(in: 1_000_000...200_000_000, using: &random)
                case .disconnect: later(0, now, .close(link))
                case .silent: silenced.insert(link)
                case .corruptHash: text = Self.corrupted(text)
                case .html200, .slowRest: continue
                }
                struck[fault, default: 0] += 1
            }
            for _ in 0..<copies {
                if delay > 0 { later(delay, now, .frame(link, text)) } else { deliver(link, text, now) }
            }
        }
    }

    /// One hex digit of the first hash turned into another.
    private static func corrupted(_ text: [UInt8]) -> [UInt8] {
        var text = text
        let needle = Array(#""hash":""#.utf8)
        guard text.count > needle.count + 40 else { return text }
        for start in 0..<(text.count - needle.count - 40) where Array(text[start..<start + needle.count]) == needle {
            let at = start + needle.count + 5
            text[at] = text[at] == 0x61 ? 0x62 : 0x61
        }
        return text
    }

    // MARK: Core to venues

    private func perform(_ now: Int64) {
        var actions = core.takeActions()
        while !actions.isEmpty {
            for action in actions { perform(action, now) }
            actions = core.takeActions()
        }
    }

    private func perform(_ action: VenueAction, _ now: Int64) {
        let base = Self.base / 1_000_000
        switch action {
        case .open(let link):
            down(link, "opened again", now)
            later(2_000_000, now, .open(link))
        case .close(let link, let reason): down(link, reason, now)
        case .send(let link, let text):
            guard up.contains(link), !silenced.contains(link) || text == Array("PING".utf8) else { return }
            let connection = UInt64(link.index)
            let replies =
                link.venue == .kalshi
                ? kalshi.received(connection, text, world)
                : polymarket.received(connection, text, world, base: base)
            for reply in replies { deliver(link, reply.text, now) }
        case .fetch(let request): fetch(request, now)
        }
    }

    private func fetch(_ request: RestRequest, _ now: Int64) {
        let utc = UTCNanos(rawValue: Self.base + now)
        var body: [UInt8]?
        if request.venue == .kalshi {
            body = rest.kalshi(request.path, world, now: UTCNanos(rawValue: Self.base)).map {
                Array($0.utf8)
            }
        } else if request.path == "/books" {
            body = polymarket.books(request.body, world, base: Self.base / 1_000_000)
        } else {
            body = rest.polymarket(request.path, world, now: UTCNanos(rawValue: Self.base)).map { Array($0.utf8) }
        }
        var delay = Int64.random(in: 1_000_000...20_000_000, using: &random)
        var type = "application/json"
        if settings.faults.contains(.slowRest), Int.random(in: 0..<10, using: &random) == 0 {
            delay = 3_000_000_000
            struck[.slowRest, default: 0] += 1
        }
        if settings.faults.contains(.html200), Int.random(in: 0..<10, using: &random) == 0 {
            body = Array("<html><body>welcome to the hotel</body></html>".utf8)
            type = "text/html"
            struck[.html200, default: 0] += 1
        }
        let answer = RestAnswer(
            request: request, status: body == nil ? 404 : 200, contentType: type, body: body ?? Array("{}".utf8),
            fetchedAt: utc)
        later(delay, now, .answer(answer))
    }
}
