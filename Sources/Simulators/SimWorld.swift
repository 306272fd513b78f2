public import Trading

/// An opportunity that was put into the books on purpose.
public struct PlantedEdge: Sendable {
    /// Which pair.
    public let pair: Int
    /// 0 buys Kalshi YES, 1 buys Kalshi NO.
    public let direction: Int
    /// When it came. Unit: ns of the world's clock.
    public let from: Int64
    /// When it goes.
    public let until: Int64
}

/// What the world tells of one change.
public enum SimChange {
    /// The size at a price of a venue's book is another one.
    case level(pair: Int, venue: Int, isBid: Bool, price: Int, was: Int, now: Int)
    /// A crossing trade at Polymarket: its frames share one time and one hash.
    case trade(pair: Int, levels: [(isBid: Bool, price: Int, now: Int)], price: Int, size: Int)
    /// Polymarket's tick is another one.
    case tick(pair: Int, was: Int, now: Int)
}

/// A seeded market of pairs in virtual time: quotes that jitter, fair values that wander, trades that cross, sides that
/// empty, ticks that change, and opportunities planted at known instants. Everything else keeps a guard band in which no
/// basket can pay.
public final class SimWorld {
    /// How lively the world is.
    public struct Settings: Sendable {
        /// Number of pairs.
        public var pairs = 10
        /// Changes a second over all pairs.
        public var rate = 200
        /// Mean time between two planted edges of one pair.
        public var plantEvery = Nanoseconds.seconds(6)
        /// Whether anything is planted.
        public var plants = true
        /// Seed of everything.
        public var seed: UInt64 = 1

        /// The defaults.
        public init() {}
    }

    /// All pairs.
    public private(set) var pairs: [SimPair] = []
    /// Everything planted so far, in order of birth.
    public private(set) var planted: [PlantedEdge] = []
    private let settings: Settings
    private var random: SeededGenerator
    private var timers: [(at: Int64, what: Timer)] = []
    private var nextJitter: Int64 = 0

    private enum Timer {
        case plant(Int)
        case unplant(Int)
        case follow(Int)
        case refill(Int)
        case calm(Int)
    }

    /// A world at time zero with full books.
    public init(_ settings: Settings) {
        self.settings = settings
        random = SeededGenerator(seed: settings.seed)
        for index in 0..<settings.pairs { pairs.append(makePair(index)) }
        nextJitter = interval()
    }

    private func makePair(_ index: Int) -> SimPair {
        func digits(_ count: Int) -> String {
            (0..<count).map { String(Int.random(in: $0 == 0 ? 1...9 : 0...9, using: &random)) }.joined()
        }
        let hex = (0..<64).map { _ in "0123456789abcdef".randomElement(using: &random).map(String.init) ?? "0" }
            .joined()
        let fair = Int.random(in: 30...70, using: &random) * 10
        let sizes = (0..<2).map { _ in
            (0..<2).map { _ in (0..<12).map { _ in Int.random(in: 60...300, using: &random) * 100 } }
        }
        var pair = SimPair(
            index: index, ticker: "KXSIM-26DEC31-P\(index)", condition: "0x" + hex, yesToken: digits(77),
            noToken: digits(77),
            isInverted: index % 7 == 6, kalshiTick: index % 3 == 2 ? 1 : 10, polymarketTick: index % 3 == 1 ? 1 : 10,
            fair: fair,
            polymarketFair: fair, sizes: sizes, depth: Int.random(in: 3...12, using: &random))
        pair.kalshi = pair.target(0)
        pair.polymarket = pair.target(1)
        if settings.plants {
            let wait = Int64.random(in: 2_000_000_000...settings.plantEvery.rawValue * 2, using: &random)
            timers.append((wait, .plant(index)))
        }
        return pair
    }

    private func interval() -> Int64 {
        let mean = Int64(1_000_000_000) / Int64(max(1, settings.rate))
        // Clusters: most changes follow the last one closely, some after a long quiet.
        return Int.random(in: 0..<4, using: &random) == 0
            ? Int64.random(in: 0...mean * 6, using: &random) : Int64.random(in: 0...mean * 2 / 3 + 1, using: &random)
    }

    /// When something happens next.
    public var nextEvent: Int64 { min(nextJitter, timers.map(\.at).min() ?? .max) }

    /// Lets everything happen that is due at `now`.
    public func advance(to now: Int64, _ tell: (SimChange) -> Void) {
        while let index = timers.indices.filter({ timers[$0].at <= now }).min(by: { timers[$0].at < timers[$1].at }) {
            let timer = timers.remove(at: index)
            fire(timer.what, timer.at, tell)
        }
        while nextJitter <= now {
            jitter(nextJitter, tell)
            nextJitter += max(1, interval())
        }
    }

    private func fire(_ timer: Timer, _ now: Int64, _ tell: (SimChange) -> Void) {
        switch timer {
        case .plant(let index): plant(index, now, tell)
        case .unplant(let index):
            pairs[index].shift = (0, 0)
            settle(index, now, tell)
            timers.append((now + Int64.random(in: 1...settings.plantEvery.rawValue * 2, using: &random), .plant(index)))
        case .follow(let index):
            pairs[index].polymarketFair = pairs[index].fair
            settle(index, now, tell)
        case .refill(let index):
            pairs[index].emptySide = nil
            settle(index, now, tell)
        case .calm(let index): settle(index, now, tell)
        }
    }

    /// One venue's whole book moves against the other's by more than spreads and fees.
    private func plant(_ index: Int, _ now: Int64, _ tell: (SimChange) -> Void) {
        guard pairs[index].emptySide == nil, pairs[index].fair == pairs[index].polymarketFair else {
            timers.append((now + 500_000_000, .plant(index)))
            return
        }
        let size = Int.random(in: 13...20, using: &random) * 10
        let isUp = Bool.random(using: &random)
        let isKalshi = Bool.random(using: &random)
        if isKalshi {
            pairs[index].shift.kalshi = isUp ? size : -size
        } else {
            pairs[index].shift.polymarket = isUp ? size : -size
        }
        // Kalshi cheap, or Polymarket dear: buy Kalshi YES.
        let direction = isKalshi == isUp ? 1 : 0
        let lifetime =
            Int.random(in: 0..<3, using: &random) == 0
            ? Int64.random(in: 1_000_000_000...5_000_000_000, using: &random)
            : Int64.random(in: 20_000_000...1_000_000_000, using: &random)
        planted.append(PlantedEdge(pair: index, direction: direction, from: now, until: now + lifetime))
        settle(index, now, tell)
        timers.append((now + lifetime, .unplant(index)))
    }

    /// Brings both books to what they should be: what is gone first, then what is new, so that no side ever crosses.
    private func settle(_ index: Int, _ now: Int64, _ tell: (SimChange) -> Void) {
        for venue in [0, 1] {
            let target = pairs[index].target(venue)
            let current = venue == 0 ? pairs[index].kalshi : pairs[index].polymarket
            for isBid in [true, false] {
                let held = (isBid ? current.bids : current.asks).keys.sorted()
                for price in held where target[isBid, price] == 0 { set(index, venue, isBid, price, 0, now, tell) }
            }
            for isBid in [true, false] {
                for (price, size) in (isBid ? target.bids : target.asks).sorted(by: { $0.key < $1.key }) {
                    set(index, venue, isBid, price, size, now, tell)
                }
            }
        }
    }

    private func set(
        _ index: Int, _ venue: Int, _ isBid: Bool, _ price: Int, _ size: Int, _ now: Int64, _ tell: (SimChange) -> Void
    ) {
        let was = venue == 0 ? pairs[index].kalshi[isBid, price] : pairs[index].polymarket[isBid, price]
        guard was != size else { return }
        if venue == 0 {
            pairs[index].kalshi[isBid, price] = size
        } else {
            pairs[index].polymarket[isBid, price] = size
            pairs[index].polymarketStamp = max(pairs[index].polymarketStamp, now / 1_000_000)
        }
        tell(.level(pair: index, venue: venue, isBid: isBid, price: price, was: was, now: size))
    }

    private func jitter(_ now: Int64, _ tell: (SimChange) -> Void) {
        let index = Int.random(in: 0..<pairs.count, using: &random)
        switch Int.random(in: 0..<200, using: &random) {
        case 0..<6 where pairs[index].shift == (0, 0) && pairs[index].fair == pairs[index].polymarketFair:
            wander(index, now, tell)
        case 6..<8 where pairs[index].shift == (0, 0) && pairs[index].emptySide == nil:
            pairs[index].emptySide = (Int.random(in: 0...1, using: &random), Bool.random(using: &random))
            settle(index, now, tell)
            timers.append((now + Int64.random(in: 50_000_000...2_000_000_000, using: &random), .refill(index)))
        case 8..<11 where pairs[index].shift == (0, 0) && pairs[index].emptySide == nil: cross(index, now, tell)
        case 11 where pairs[index].polymarketTick == 10:
            pairs[index].polymarketTick = 1
            pairs[index].polymarketStamp = max(pairs[index].polymarketStamp + 1, now / 1_000_000)
            tell(.tick(pair: index, was: 10, now: 1))
        default: resize(index, now, tell)
        }
    }

    private func wander(_ index: Int, _ now: Int64, _ tell: (SimChange) -> Void) {
        let step =
            pairs[index].fair <= 250 ? 10 : pairs[index].fair >= 750 ? -10 : Bool.random(using: &random) ? 10 : -10
        pairs[index].fair += step
        settle(index, now, tell)
        timers.append((now + Int64.random(in: 5_000_000...200_000_000, using: &random), .follow(index)))
    }

    private func resize(_ index: Int, _ now: Int64, _ tell: (SimChange) -> Void) {
        let venue = Int.random(in: 0...1, using: &random)
        let side = Int.random(in: 0...1, using: &random)
        let level = Int.random(in: 0..<pairs[index].depth, using: &random)
        pairs[index].sizes[venue][side][level] = Int.random(in: 6_000...30_000, using: &random)
        settle(index, now, tell)
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
        timers.append((now + Int64.random(in: 5_000_000...100_000_000, using: &random), .calm(index)))
    }
}
