internal import Server
internal import Trading

// How the loopback venues' state moves: changes of the market become frames at once, and reach the trading halves after.
extension LoopbackVenues.State {
    /// Sets the time of what follows. Time never goes back.
    func begin(_ now: Int64) {
        turn.now = max(turn.now, now)
        turn.utc = UTCNanos(rawValue: base * 1_000_000 + turn.now)
    }

    /// An answer with the venue's own clock in its head.
    func dated(_ answer: WebServer.Response) -> WebServer.Response {
        var answer = answer
        answer.headers.append(("date", HTTPDate.text(turn.utc)))
        return answer
    }

    /// Makes the market data of a change.
    func emit(_ change: SimChange) {
        switch change {
        case .level(let pair, 0, let isBid, let price, let was, let size):
            made[.kalshi, default: []] += kalshi.changed(
                world.pairs[pair], isBid: isBid, price: price, change: size - was,
                milliseconds: base + turn.now / 1_000_000)
        case .level(let pair, _, let isBid, let price, _, let size):
            made[.polymarket, default: []] += polymarket.changed(
                world.pairs[pair], isBid: isBid, price: price, now: size, base: base)
        case .trade(let pair, let levels, let price, let size):
            made[.polymarket, default: []] += polymarket.traded(
                world.pairs[pair], levels, price: price, size: size, base: base)
        case .tick(let pair, let was, _):
            made[.polymarket, default: []] += polymarket.ticked(world.pairs[pair], was: was, base: base)
        case .paused(let pair, let isPaused):
            made[.kalshi, default: []] += kalshi.paused(world.pairs[pair], isPaused)
        case .grid(let pair): made[.kalshi, default: []] += kalshi.regridded(world.pairs[pair])
        case .phase(let pair, 0): made[.kalshi, default: []] += kalshi.phased(world.pairs[pair])
        case .phase, .met: break
        }
    }

    /// Keeps a change for the trading halves, where they could care.
    func note(_ change: SimChange) {
        guard !halves.isEmpty else { return }
        if case .level(let pair, _, _, _, _, _) = change, !world.pairs[pair].hasResting { return }
        unseen.append(change)
    }

    /// Lets the trading halves see what happened and do what is due.
    func settle(_ now: Int64) {
        for half in halves.values where half.nextEvent <= turn.now { half.advance(turn) }
        // What a half does about a change may change the market again; that ends, for every step uses something up.
        while !unseen.isEmpty {
            let changes = unseen
            unseen = []
            for half in halves.values {
                for change in changes { half.changed(change, turn) }
            }
        }
    }

    /// When something happens next.
    var nextEvent: Int64 {
        halves.values.reduce(min(world.nextEvent, later.next ?? .max)) { min($0, $1.nextEvent) }
    }
}
