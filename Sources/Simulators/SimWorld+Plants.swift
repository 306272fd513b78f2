import Trading

// What is put into the books on purpose: edges that pay, and traps that look as if they did to whoever keeps wrong books.
extension SimWorld {
    func fire(_ timer: Timer, _ now: Int64, _ tell: (SimChange) -> Void) {
        switch timer {
        case .plant(let index): plant(index, now, tell)
        case .unplant(let index):
            pairs[index].shift = (0, 0)
            settle(index, now, tell)
            timers.push(.plant(index), at: now + drawn(1, settings.plantEvery.rawValue * 2))
        case .follow(let index):
            pairs[index].polymarketFair = pairs[index].fair
            settle(index, now, tell)
        case .refill(let index):
            pairs[index].emptySide = nil
            settle(index, now, tell)
        case .calm(let index): settle(index, now, tell)
        case .resume(let index):
            pairs[index].isPaused = false
            tell(.paused(pair: index, isPaused: false))
            settle(index, now, tell)
        case .trap(let index, let step): trap(index, step: step, now, tell)
        case .plantSet(let index): plantSet(index, now, tell)
        case .unplantSet(let index):
            for member in sets[index].members {
                pairs[member].shift = (0, 0)
                settle(member, now, tell)
            }
            timers.push(.plantSet(index), at: now + drawn(1, settings.plantEvery.rawValue * 2))
        }
    }

    private func lifetime() -> Int64 {
        Int.random(in: 0..<3, using: &random) == 0
            ? drawn(1_000_000_000, 5_000_000_000) : drawn(20_000_000, 1_000_000_000)
    }

    /// One venue's whole book moves against the other's by more than spreads and fees.
    private func plant(_ index: Int, _ now: Int64, _ tell: (SimChange) -> Void) {
        guard pairs[index].isCalm else { return timers.push(.plant(index), at: now + 500_000_000) }
        let size = Int.random(in: 13...20, using: &random) * 10
        let isUp = Bool.random(using: &random)
        let isKalshi = Bool.random(using: &random)
        if isKalshi {
            pairs[index].shift.kalshi = isUp ? size : -size
        } else {
            pairs[index].shift.polymarket = isUp ? size : -size
        }
        let until = now + lifetime()
        // Kalshi cheap, or Polymarket dear: buy Kalshi YES.
        planted.append(PlantedEdge(basket: .pair(index, direction: isKalshi == isUp ? 1 : 0), from: now, until: until))
        settle(index, now, tell)
        timers.push(.unplant(index), at: until)
    }

    /// All outcomes of an event dear (every NO pays) or cheap (every YES pays, if the set is exhaustive: else a trap).
    private func plantSet(_ index: Int, _ now: Int64, _ tell: (SimChange) -> Void) {
        let set = sets[index]
        guard set.members.allSatisfy({ pairs[$0].isCalm }) else {
            return timers.push(.plantSet(index), at: now + 500_000_000)
        }
        let isYes = Bool.random(using: &random)
        let size = Int.random(in: 10...12, using: &random) * (isYes ? -10 : 10)
        let until = now + lifetime()
        if !isYes || set.isExhaustive {
            planted.append(PlantedEdge(basket: .set(index, isYes: isYes), from: now, until: until))
        }
        for member in set.members {
            if set.venue == 0 { pairs[member].shift.kalshi = size } else { pairs[member].shift.polymarket = size }
            settle(member, now, tell)
        }
        timers.push(.unplantSet(index), at: until)
    }

    /// What one unit of a set earns at the best prices after fees, in 1e-7 dollars; nil where a side is empty or a market
    /// is paused.
    public func edge(set index: Int, isYes: Bool) -> Int? {
        let set = sets[index]
        var cost = 0
        for member in set.members {
            let pair = pairs[member]
            let book = set.venue == 0 ? pair.kalshi : pair.polymarket
            guard let price = isYes ? book.bestAsk : book.bestBid.map({ 1_000 - $0 }),
                set.venue == 1 || !pair.isPaused
            else { return nil }
            cost += set.venue == 0 ? SimPair.kalshiCost(price) : SimPair.polymarketCost(price)
        }
        let units = isYes ? 1 : set.members.count - 1
        return units * (set.venue == 0 ? 10_000_000 : 9_990_000) - cost
    }

    /// A side draws back at one venue and the other venue then moves so that the prices that are gone would have paid: a
    /// book whose best price only ever gets better sees an edge that is not there.
    func trap(_ index: Int, step: Int, _ now: Int64, _ tell: (SimChange) -> Void) {
        let next: Int64
        switch step {
        case 0:
            pairs[index].drawnBack = (Int.random(in: 0...1, using: &random), Bool.random(using: &random))
            next = drawn(1_000_000, 50_000_000)
        case 1:
            guard let back = pairs[index].drawnBack else { return }
            // Asks that are gone were cheap: the other venue's bids rise. Bids that are gone were dear: its asks fall.
            let size = (back.isBid ? -1 : 1) * Int.random(in: 12...16, using: &random) * 10
            if back.venue == 0 { pairs[index].shift.polymarket = size } else { pairs[index].shift.kalshi = size }
            next = drawn(20_000_000, 800_000_000)
        case 2:
            pairs[index].shift = (0, 0)
            next = drawn(1_000_000, 50_000_000)
        default:
            pairs[index].drawnBack = nil
            return settle(index, now, tell)
        }
        settle(index, now, tell)
        timers.push(.trap(index, step: step + 1), at: now + next)
    }
}
