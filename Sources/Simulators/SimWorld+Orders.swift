// What trading does to the market: accounts' orders rest beside the crowd's and are hit by it, takers take what is there,
// markets pause, close and pay out.
extension SimWorld {
    /// Takes from the crowd's levels, best first; what rests beside them is not touched.
    ///
    /// - Parameters:
    ///   - venue: 0 Kalshi, 1 Polymarket.
    ///   - hitsAsks: the side that is taken from, in YES terms.
    ///   - levels: prices in thousandths and sizes in hundredths; there is at least that much.
    public func take(
        _ index: Int, venue: Int, hitsAsks: Bool, _ levels: [(price: Int, size: Int)], at now: Int64,
        _ tell: (SimChange) -> Void
    ) {
        guard let last = levels.last else { return }
        if venue == 1 { pairs[index].polymarketStamp = max(pairs[index].polymarketStamp + 1, now / 1_000_000) }
        var told: [(isBid: Bool, price: Int, now: Int)] = []
        for (price, size) in levels {
            let crowd = venue == 0 ? pairs[index].kalshi : pairs[index].polymarket
            let was = crowd[!hitsAsks, price]
            precondition(was >= size, "more was taken than stands there")
            if venue == 0 {
                pairs[index].kalshi[!hitsAsks, price] = was - size
            } else {
                pairs[index].polymarket[!hitsAsks, price] = was - size
            }
            let own = (venue == 0 ? pairs[index].resting.kalshi : pairs[index].resting.polymarket)[!hitsAsks, price]
            if venue == 0 {
                tell(
                    .level(
                        pair: index, venue: 0, isBid: !hitsAsks, price: price, was: was + own, now: was - size + own))
            } else {
                told.append((!hitsAsks, price, was - size + own))
            }
        }
        guard venue == 1 else { return }
        pairs[index].lastTrade = last.price
        let size = levels.reduce(0) { $0 + $1.size }
        tell(.trade(pair: index, levels: told, price: last.price, size: size))
    }

    /// Puts size to rest at a level, or takes it away (negative): an account's order, beside the crowd's.
    public func rest(
        _ index: Int, venue: Int, isBid: Bool, price: Int, by change: Int, at now: Int64, _ tell: (SimChange) -> Void
    ) {
        guard change != 0 else { return }
        pairs[index].hasResting = true
        let own = venue == 0 ? pairs[index].resting.kalshi[isBid, price] : pairs[index].resting.polymarket[isBid, price]
        precondition(own + change >= 0, "more was taken away than rested")
        let crowd = (venue == 0 ? pairs[index].kalshi : pairs[index].polymarket)[isBid, price]
        if venue == 0 {
            pairs[index].resting.kalshi[isBid, price] = own + change
        } else {
            pairs[index].resting.polymarket[isBid, price] = own + change
            pairs[index].polymarketStamp = max(pairs[index].polymarketStamp + 1, now / 1_000_000)
        }
        tell(
            .level(
                pair: index, venue: venue, isBid: isBid, price: price, was: crowd + own, now: crowd + own + change))
    }

    /// The crowd's level becomes another one where accounts have orders resting: what is new and crosses them trades first.
    func quote(
        _ index: Int, _ venue: Int, _ isBid: Bool, _ price: Int, _ was: Int, _ size: Int, _ now: Int64,
        _ tell: (SimChange) -> Void
    ) {
        var left = max(0, size - was)
        while left > 0 {
            let own = venue == 0 ? pairs[index].resting.kalshi : pairs[index].resting.polymarket
            guard let best = isBid ? own.bestAsk : own.bestBid, isBid ? best <= price : best >= price else { break }
            let size = min(left, own[!isBid, best])
            rest(index, venue: venue, isBid: !isBid, price: best, by: -size, at: now, tell)
            tell(.met(pair: index, venue: venue, isBid: !isBid, price: best, size: size))
            left -= size
        }
        let size = size > was ? was + left : size
        guard size != was else { return }
        let own = (venue == 0 ? pairs[index].resting.kalshi : pairs[index].resting.polymarket)[isBid, price]
        if venue == 0 {
            pairs[index].kalshi[isBid, price] = size
        } else {
            pairs[index].polymarket[isBid, price] = size
            pairs[index].polymarketStamp = max(pairs[index].polymarketStamp, now / 1_000_000)
        }
        tell(.level(pair: index, venue: venue, isBid: isBid, price: price, was: was + own, now: size + own))
    }

    /// Puts the crowd's size at a level as asked, now: liquidity that comes or goes by command.
    public func setCrowd(
        _ index: Int, venue: Int, isBid: Bool, price: Int, size: Int, at now: Int64, _ tell: (SimChange) -> Void
    ) {
        let was = (venue == 0 ? pairs[index].kalshi : pairs[index].polymarket)[isBid, price]
        guard was != size else { return }
        quote(index, venue, isBid, price, was, size, now, tell)
    }

    /// Moves a venue's whole book of a pair away from fair value, or back to it (zero): an edge that stays as long as it is
    /// left there. Unit: thousandths.
    public func shift(_ index: Int, venue: Int, by mills: Int, at now: Int64, _ tell: (SimChange) -> Void) {
        if venue == 0 { pairs[index].shift.kalshi = mills } else { pairs[index].shift.polymarket = mills }
        settle(index, now, tell)
    }

    /// Leaves a side of a venue's book without a quote, until it is told otherwise (nil).
    public func empty(
        _ index: Int, _ side: (venue: Int, isBid: Bool)?, at now: Int64, _ tell: (SimChange) -> Void
    ) {
        pairs[index].emptySide = side
        settle(index, now, tell)
    }

    /// Pauses a Kalshi market, or lets it trade again.
    public func pause(_ index: Int, _ isPaused: Bool, at now: Int64, _ tell: (SimChange) -> Void) {
        guard pairs[index].isPaused != isPaused, pairs[index].phase.kalshi == .open else { return }
        pairs[index].isPaused = isPaused
        tell(.paused(pair: index, isPaused: isPaused))
        if !isPaused { settle(index, now, tell) }
    }

    /// Closes a venue's market, determines it or pays it out. A closed market has no book: the crowd goes first.
    public func enter(_ phase: SimPhase, _ index: Int, venue: Int, at now: Int64, _ tell: (SimChange) -> Void) {
        if phase != .open {
            let crowd = venue == 0 ? pairs[index].kalshi : pairs[index].polymarket
            for isBid in [true, false] {
                for (price, _) in (isBid ? crowd.bids : crowd.asks).levels {
                    setCrowd(index, venue: venue, isBid: isBid, price: price, size: 0, at: now, tell)
                }
            }
        }
        if venue == 0 { pairs[index].phase.kalshi = phase } else { pairs[index].phase.polymarket = phase }
        tell(.phase(pair: index, venue: venue))
    }

    /// Gives a Kalshi market another grid, in thousandths.
    public func regrid(_ index: Int, tick: Int, _ tell: (SimChange) -> Void) {
        pairs[index].kalshiTick = tick
        tell(.grid(pair: index))
    }
}
