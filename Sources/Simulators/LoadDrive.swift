public import Trading

/// Brings a core up against a steady world and then makes frames for it by the ten thousand: a load without sockets.
public final class LoadDrive {
    /// Frames in one piece of memory.
    public struct Batch {
        /// All texts, one after the other.
        public fileprivate(set) var bytes: [UInt8] = []
        /// Where each one ends, and its link.
        public fileprivate(set) var frames: [(link: LinkID, end: Int)] = []
    }

    /// The venues' truth.
    public let world: SimWorld
    private let core: any DrivenCore
    private var kalshi: KalshiSim
    private var polymarket: PolymarketSim
    private let rest: SimRest
    private var up: Set<LinkID> = []
    /// The world's time. Unit: ns.
    public private(set) var now: Int64 = 0

    /// A drive of `core` by a world where only sizes change.
    public init(world: SimWorld, core: any DrivenCore) {
        self.world = world
        self.core = core
        kalshi = KalshiSim(world.pairs)
        polymarket = PolymarketSim(world.pairs)
        rest = SimRest(world.pairs)
    }

    /// Starts the core and answers what it asks until it is ready, at most ten minutes of the world's time.
    ///
    /// - Parameter isReady: asked once a second of the world's time.
    public func start(until isReady: () -> Bool) {
        core.start(at: VirtualDrive.stamp(now))
        while now < 600_000_000_000 {
            perform()
            now += 10_000_000
            core.advance(to: VirtualDrive.stamp(now))
            if now % 1_000_000_000 == 0, isReady() { break }
        }
        perform()
    }

    /// Makes the next frames; time passes by a microsecond a frame.
    public func batch(_ count: Int) -> Batch {
        var batch = Batch()
        batch.bytes.reserveCapacity(count * 600)
        batch.frames.reserveCapacity(count + 8)
        let base = VirtualDrive.base / 1_000_000
        while batch.frames.count < count {
            now += 1_000
            world.step(at: now) { change in
                guard case .level(let pair, let venue, let isBid, let price, let was, let size) = change else { return }
                let frames =
                    venue == 0
                    ? kalshi.changed(
                        world.pairs[pair], isBid: isBid, price: price, change: size - was,
                        milliseconds: base + now / 1_000_000)
                    : polymarket.changed(world.pairs[pair], isBid: isBid, price: price, now: size, base: base)
                for frame in frames {
                    batch.bytes += frame.text
                    batch.frames.append(
                        (
                            LinkID(venue: venue == 0 ? .kalshi : .polymarket, index: UInt16(frame.connection)),
                            batch.bytes.count
                        ))
                }
            }
        }
        return batch
    }

    /// Answers what was asked for meanwhile.
    public func perform() {
        var actions = core.takeActions()
        while !actions.isEmpty {
            for action in actions { perform(action) }
            actions = core.takeActions()
        }
    }

    private func perform(_ action: VenueAction) {
        let stamp = VirtualDrive.stamp(now)
        let base = VirtualDrive.base / 1_000_000
        switch action {
        case .open(let link):
            if link.venue == .kalshi {
                kalshi.opened(UInt64(link.index))
            } else {
                polymarket.opened(UInt64(link.index))
            }
            up.insert(link)
            core.opened(link, at: stamp)
        case .close(let link, let reason):
            guard up.remove(link) != nil else { return }
            if link.venue == .kalshi {
                kalshi.closed(UInt64(link.index))
            } else {
                polymarket.closed(UInt64(link.index))
            }
            core.closed(link, reason: reason, at: stamp)
        case .send(let link, let text):
            let connection = UInt64(link.index)
            let replies =
                link.venue == .kalshi
                ? kalshi.received(connection, text, world)
                : polymarket.received(connection, text, world, base: base)
            for reply in replies {
                reply.text.withUnsafeBytes { core.frame(link, $0.bytes, at: stamp) }
            }
        case .fetch(let request):
            let start = UTCNanos(rawValue: VirtualDrive.base)
            let body =
                request.path == "/books"
                ? polymarket.books(request.body, world, base: base)
                : (request.venue == .kalshi
                    ? rest.kalshi(request.path, world, now: start) : rest.polymarket(request.path, world, now: start))
                    .map { Array($0.utf8) }
            core.answer(
                RestAnswer(
                    request: request, status: body == nil ? 404 : 200, contentType: "application/json",
                    body: body ?? Array("{}".utf8), fetchedAt: stamp.utc), at: stamp)
        }
    }
}
