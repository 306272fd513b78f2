internal import Simulators
internal import Trading

/// The market of a soak: edges at their pace, and markets that end one after the other, so that boxes end as in life.
///
/// Pairs end in the order of their places. Edges go to those that will end soon but not at once, so that each of them has
/// boxes of some minutes when it ends; while it does, others trade on.
struct SoakMarket {
    private let house: LoopbackFolder
    private let settings: SoakSettings
    private var nextEdge: MonotonicNanos
    private var nextEnd: MonotonicNanos
    private var planted: [(pair: Int, until: MonotonicNanos)] = []
    private var paid: [(pair: Int, at: MonotonicNanos)] = []
    /// Edges that were put into the books.
    private(set) var edges = 0
    /// Markets that ended; the place of the next.
    private(set) var settled = 0

    /// How long an edge stays. A market is entered again a tenth of a second after a fill at the earliest, so each edge is
    /// one box; but every tenth stays for a second entry, which often comes to the end of it and is unwound.
    private static func time(of edge: Int) -> Nanoseconds { .milliseconds(edge % 10 == 9 ? 150 : 90) }
    init(_ house: LoopbackFolder, _ settings: SoakSettings, _ start: MonotonicNanos) {
        self.house = house
        self.settings = settings
        nextEdge = start + .seconds(3)
        nextEnd = start + settings.settleEvery
    }

    /// Everything that is due.
    mutating func advance(to now: MonotonicNanos) {
        while let first = planted.first, first.until <= now {
            shift(first.pair, 0)
            planted.removeFirst()
        }
        if settings.firesPerSecond > 0, now >= nextEdge {
            let pair =
                settled + SoakSettings.quiet + edges * 7
                % min(SoakSettings.lively, max(1, settings.pairs - SoakSettings.quiet))
            // A market's edges point one way: the other way is refused while it has boxes.
            shift(pair, pair % 2 == 0 ? -150 : 150)
            planted.append((pair, now + Self.time(of: edges)))
            edges += 1
            nextEdge = Self.after(nextEdge, Nanoseconds(rawValue: 1_000_000_000 / Int64(settings.firesPerSecond)), now)
        }
        if now >= nextEnd {
            end(settled)
            paid.append((settled, now + SoakSettings.redeemAfter))
            settled += 1
            nextEnd = Self.after(nextEnd, settings.settleEvery, now)
        }
        while let first = paid.first, first.at <= now {
            house.venues.command(PolymarketTrading.self) { half, turn in
                _ = half.redeem(account: PolymarketTrading.client, market: first.pair, turn)
            }
            paid.removeFirst()
        }
    }

    /// The next time; a machine that held this program up makes no burst of what it missed.
    private static func after(_ last: MonotonicNanos, _ pause: Nanoseconds, _ now: MonotonicNanos) -> MonotonicNanos {
        let next = last + pause
        return now - next > .seconds(1) ? now : next
    }

    /// Takes every edge out of the books.
    mutating func calm() {
        for edge in planted { shift(edge.pair, 0) }
        planted = []
    }

    private func shift(_ pair: Int, _ mills: Int) {
        house.venues.reach { $0.world.shift(pair, venue: 0, by: mills, at: $0.now, $0.tell) }
    }

    /// Both venues decide alike, and Kalshi pays.
    private func end(_ index: Int) {
        let pair = house.venues.reach { $0.world.pairs[index] }
        let isYes = (UInt64(index) &* 0x9E37_79B9_7F4A_7C15 ^ settings.seed) >> 33 & 1 == 1
        house.venues.command(KalshiTrading.self) { half, turn in
            for phase in [SimPhase.closed, .determined(isYes ? 1_000 : 0), .finalized(isYes ? 1_000 : 0)] {
                half.enter(phase, pair.ticker, turn)
            }
        }
        house.venues.command(PolymarketTrading.self) { half, turn in
            half.resolve(market: index, yes: isYes != pair.isInverted ? 10_000 : 0, turn)
        }
    }
}
