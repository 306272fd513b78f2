public import Trading

/// What the world tells of one change.
public enum SimChange {
    /// The size at a price of a venue's book is another one.
    case level(pair: Int, venue: Int, isBid: Bool, price: Int, was: Int, now: Int)
    /// A crossing trade at Polymarket: its frames share one time and one hash.
    case trade(pair: Int, levels: [(isBid: Bool, price: Int, now: Int)], price: Int, size: Int)
    /// Polymarket's tick is another one.
    case tick(pair: Int, was: Int, now: Int)
    /// Kalshi has paused the market, or lets it trade again.
    case paused(pair: Int, isPaused: Bool)
    /// Kalshi's grid is another one.
    case grid(pair: Int)
    /// A venue's market is closed, determined or paid.
    case phase(pair: Int, venue: Int)
    /// The crowd has hit what an account had resting; the level of it is told apart.
    case met(pair: Int, venue: Int, isBid: Bool, price: Int, size: Int)
}

/// A seeded market of pairs and outcome sets in virtual time: quotes that jitter, fair values that wander, trades that
/// cross, sides that empty or draw back, ticks that change, pauses, and opportunities planted at known instants. Everything
/// else keeps a guard band in which no basket can pay.
public final class SimWorld {
    /// How lively the world is.
    public struct Settings: Sendable {
        /// Number of pairs.
        public var pairs = 10
        /// Number of outcome sets, three markets each; every third one is not exhaustive.
        public var sets = 0
        /// Changes a second over all pairs.
        public var rate = 200
        /// Mean time between two planted edges of one pair.
        public var plantEvery = Nanoseconds.seconds(6)
        /// Whether anything is planted.
        public var plants = true
        /// Whether only sizes change: a load, with nothing to find.
        public var isSteady = false
        /// Levels a side; nil: 3 to 12, drawn.
        public var depth: Int?
        /// Whether few pairs have most of the traffic.
        public var isZipf = false
        /// Seed of everything.
        public var seed: UInt64 = 1
        /// Shards that Kalshi's markets are spread over.
        public var shards = 1
        /// Whether Polymarket's markets are of the kind that shares its collateral (neg-risk).
        public var isNegRisk = false
        /// Whether Polymarket's tokens have numbers that the second protocol takes as positions too.
        public var hasPositionIDs = false

        /// The defaults.
        public init() {}
    }

    enum Timer {
        case plant(Int)
        case unplant(Int)
        case follow(Int)
        case refill(Int)
        case calm(Int)
        case resume(Int)
        case trap(Int, step: Int)
        case plantSet(Int)
        case unplantSet(Int)
    }

    /// All pairs, then the members of all sets.
    public internal(set) var pairs: [SimPair] = []
    /// All sets.
    public internal(set) var sets: [SimSet] = []
    /// Everything planted so far, in order of birth.
    public internal(set) var planted: [PlantedEdge] = []
    let settings: Settings
    var random: SeededGenerator
    var timers = TimedQueue<Timer>()
    private var nextJitter: Int64 = 0

    /// A world at time zero with full books.
    public init(_ settings: Settings) {
        self.settings = settings
        random = SeededGenerator(seed: settings.seed)
        pairs.reserveCapacity(settings.pairs + settings.sets * 3)
        for _ in 0..<settings.pairs { pairs.append(makePair(set: nil)) }
        for index in 0..<settings.sets { makeSet(index) }
        nextJitter = interval()
    }

    private func makeSet(_ index: Int) {
        let first = pairs.count
        for _ in 0..<3 { pairs.append(makePair(set: index)) }
        sets.append(
            SimSet(
                index: index, venue: index % 2, members: Array(first..<(first + 3)), isExhaustive: index % 3 != 2,
                event: index % 2 == 0 ? pairs[first].event : "loopback-event-\(index)"))
        if settings.plants { timers.push(.plantSet(index), at: drawn(2_000_000_000, settings.plantEvery.rawValue * 2)) }
    }

    private func makePair(set: Int?) -> SimPair {
        let index = pairs.count
        let (condition, yes, no) = (name(64, "0123456789abcdef"), name(77, "0123456789"), name(77, "0123456789"))
        let fair = set == nil ? Int.random(in: 30...70, using: &random) * 10 : 330
        let sizes = (0..<2).map { _ in
            (0..<2).map { _ in
                (0..<(settings.depth ?? 12)).map { _ in Int.random(in: 60...300, using: &random) * 100 }
            }
        }
        // A position's number has nothing in its bits 40 to 103.
        func token(_ outcome: Int, _ classic: Substring) -> String {
            guard settings.hasPositionIDs else { return "\(outcome)" + classic }
            return String(UInt128(index + 1) << 104 | UInt128(outcome))
        }
        var pair = SimPair(
            index: index,
            ticker: set.map { "KXSIMSET-26DEC31S\($0)-P\(index)" } ?? "KXSIM-26DEC31-P\(index)",
            event: set.map { "KXSIMSET-26DEC31S\($0)" } ?? "KXSIM-26DEC31", condition: "0x" + condition,
            yesToken: token(1, yes.dropFirst()), noToken: token(2, no.dropFirst()),
            isInverted: set == nil && index % 7 == 6,
            set: set, kalshiTick: index % 3 == 2 ? 1 : 10, polymarketTick: index % 3 == 1 ? 1 : 10, fair: fair,
            polymarketFair: fair, sizes: sizes, depth: settings.depth ?? Int.random(in: 3...12, using: &random))
        pair.shard = index % max(1, settings.shards)
        pair.isNegRisk = settings.isNegRisk
        pair.kalshi = pair.target(0)
        pair.polymarket = pair.target(1)
        if settings.plants, set == nil {
            timers.push(.plant(index), at: drawn(2_000_000_000, settings.plantEvery.rawValue * 2))
        }
        return pair
    }

    private func name(_ count: Int, _ alphabet: StaticString) -> String {
        let digits = UnsafeBufferPointer(start: alphabet.utf8Start, count: alphabet.utf8CodeUnitCount)
        return String(
            decoding: (0..<count).map { _ in digits[Int(random.next() >> 33) % digits.count] }, as: UTF8.self)
    }

    func drawn(_ from: Int64, _ to: Int64) -> Int64 { Int64.random(in: from...max(from, to), using: &random) }

    private func interval() -> Int64 {
        let mean = Int64(1_000_000_000) / Int64(max(1, settings.rate))
        // Clusters: most changes follow the last one closely, some after a long quiet.
        return Int.random(in: 0..<4, using: &random) == 0 ? drawn(0, mean * 6) : drawn(0, mean * 2 / 3 + 1)
    }

    /// When something happens next.
    public var nextEvent: Int64 { min(nextJitter, timers.next ?? .max) }

    /// Lets everything happen that is due at `now`.
    public func advance(to now: Int64, _ tell: (SimChange) -> Void) {
        while let timer = timers.pop(by: now) { fire(timer.item, timer.at, tell) }
        while nextJitter <= now {
            jitter(nextJitter, tell)
            nextJitter += max(1, interval())
        }
    }

    /// One change and no other, as soon as anyone asks: for a load that is paced elsewhere.
    public func step(at now: Int64, _ tell: (SimChange) -> Void) { jitter(now, tell) }

    // MARK: Books

    /// Brings both books to what they should be: what is gone first, then what is new, so that no side ever crosses.
    func settle(_ index: Int, _ now: Int64, _ tell: (SimChange) -> Void) {
        for venue in [0, 1] {
            let target = pairs[index].target(venue)
            let current = venue == 0 ? pairs[index].kalshi : pairs[index].polymarket
            for isBid in [true, false] {
                for (price, _) in (isBid ? current.bids : current.asks).levels where target[isBid, price] == 0 {
                    set(index, venue, isBid, price, 0, now, tell)
                }
            }
            for isBid in [true, false] {
                for (price, size) in (isBid ? target.bids : target.asks).levels {
                    set(index, venue, isBid, price, size, now, tell)
                }
            }
        }
    }

    private func set(
        _ index: Int, _ venue: Int, _ isBid: Bool, _ price: Int, _ size: Int, _ now: Int64, _ tell: (SimChange) -> Void
    ) {
        if venue == 0, pairs[index].isPaused { return }  // nothing trades, nothing is quoted: caught up on resume
        if (venue == 0 ? pairs[index].phase.kalshi : pairs[index].phase.polymarket) != .open { return }
        let was = venue == 0 ? pairs[index].kalshi[isBid, price] : pairs[index].polymarket[isBid, price]
        guard was != size else { return }
        guard !pairs[index].hasResting else { return quote(index, venue, isBid, price, was, size, now, tell) }
        if venue == 0 {
            pairs[index].kalshi[isBid, price] = size
        } else {
            pairs[index].polymarket[isBid, price] = size
            pairs[index].polymarketStamp = max(pairs[index].polymarketStamp, now / 1_000_000)
        }
        tell(.level(pair: index, venue: venue, isBid: isBid, price: price, was: was, now: size))
    }

    // MARK: Ordinary life

    private func jitter(_ now: Int64, _ tell: (SimChange) -> Void) {
        var index = settings.isZipf ? zipf() : Int.random(in: 0..<pairs.count, using: &random)
        if settings.isSteady {
            // A load stays what it is when markets end.
            var looks = 0
            while !pairs[index].isOpen, looks < 64 {
                index = Int.random(in: 0..<pairs.count, using: &random)
                looks += 1
            }
            return resize(index, now, tell)
        }
        let isMember = pairs[index].set != nil
        switch Int.random(in: 0..<400, using: &random) {
        case 0..<12 where pairs[index].isCalm && !isMember: wander(index, now, tell)
        case 12..<16 where pairs[index].isCalm:
            pairs[index].emptySide = (Int.random(in: 0...1, using: &random), Bool.random(using: &random))
            settle(index, now, tell)
            timers.push(.refill(index), at: now + drawn(50_000_000, 2_000_000_000))
        case 16..<22 where pairs[index].isQuoting && !isMember: cross(index, now, tell)
        case 22 where pairs[index].polymarketTick == 10:
            pairs[index].polymarketTick = 1
            pairs[index].polymarketStamp = max(pairs[index].polymarketStamp + 1, now / 1_000_000)
            tell(.tick(pair: index, was: 10, now: 1))
        case 23 where pairs[index].isCalm && pairs[index].polymarketTick == 1 && index % 3 != 1:
            pairs[index].polymarketTick = 10
            pairs[index].polymarketStamp = max(pairs[index].polymarketStamp + 1, now / 1_000_000)
            tell(.tick(pair: index, was: 1, now: 10))
        case 24 where pairs[index].isCalm:
            pairs[index].isPaused = true
            tell(.paused(pair: index, isPaused: true))
            timers.push(.resume(index), at: now + drawn(100_000_000, 3_000_000_000))
        case 25..<28 where pairs[index].isCalm && !isMember: trap(index, step: 0, now, tell)
        default: resize(index, now, tell)
        }
    }

    /// A place by Zipf's law of exponent one: the logarithm of the rank is uniform.
    private func zipf() -> Int {
        var (low, high) = (1, 2)
        var octaves = 0
        while high <= pairs.count {
            high *= 2
            octaves += 1
        }
        low = 1 << Int.random(in: 0...octaves, using: &random)
        let rank = Int.random(in: low...min(pairs.count, low * 2 - 1), using: &random)
        return (rank - 1) &* 7_919 % pairs.count  // ranks are no neighbours
    }

    private func wander(_ index: Int, _ now: Int64, _ tell: (SimChange) -> Void) {
        let step =
            pairs[index].fair <= 250 ? 10 : pairs[index].fair >= 750 ? -10 : Bool.random(using: &random) ? 10 : -10
        pairs[index].fair += step
        settle(index, now, tell)
        timers.push(.follow(index), at: now + drawn(5_000_000, 200_000_000))
    }

    private func resize(_ index: Int, _ now: Int64, _ tell: (SimChange) -> Void) {
        let venue = Int.random(in: 0...1, using: &random)
        let side = Int.random(in: 0...1, using: &random)
        let level = Int.random(in: 0..<pairs[index].depth, using: &random)
        let size = Int.random(in: 6_000...30_000, using: &random)
        pairs[index].sizes[venue][side][level] = size
        guard settings.isSteady else { return settle(index, now, tell) }
        // Nothing else ever moves in a steady world: the one level is known.
        let isInverted = venue == 1 && pairs[index].isInverted
        let shift = pairs[index].shift
        let centre = venue == 0 ? pairs[index].fair + shift.kalshi : pairs[index].polymarketFair + shift.polymarket
        let price = centre + (side == 0 ? -30 - level * 10 : 30 + level * 10)
        guard price > 0, price < 1_000, isMissing(pairs[index], venue, isBid: side == 0) == false else { return }
        set(index, venue, (side == 0) != isInverted, isInverted ? 1_000 - price : price, size, now, tell)
    }

    private func isMissing(_ pair: SimPair, _ venue: Int, isBid: Bool) -> Bool {
        pair.emptySide.map { $0.venue == venue && $0.isBid == isBid } ?? false
    }

    /// A taker clears the best ask (or bid) at Polymarket and leaves the rest of its order where it stood.
    private func cross(_ index: Int, _ now: Int64, _ tell: (SimChange) -> Void) {
        let takesAsk = Bool.random(using: &random)
        let book = pairs[index].polymarket
        guard let price = takesAsk ? book.bestAsk : book.bestBid else { return }
        let filled = book[!takesAsk, price]
        let rest = Int.random(in: 1_000...4_000, using: &random)
        pairs[index].polymarketStamp = max(pairs[index].polymarketStamp + 1, now / 1_000_000)
        pairs[index].lastTrade = price
        pairs[index].polymarket[!takesAsk, price] = 0
        pairs[index].polymarket[takesAsk, price] = rest
        // As the venue tells it: the order's rest first, which crosses the book until the hit level is gone.
        tell(
            .trade(
                pair: index, levels: [(takesAsk, price, rest), (!takesAsk, price, 0)], price: price, size: filled))
        timers.push(.calm(index), at: now + drawn(5_000_000, 100_000_000))
    }
}
