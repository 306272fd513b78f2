import Risk
public import Trading

// Orders signed before they are wanted: for a pair whose best prices are a few ticks away from paying, what would be ordered
// if one unit cost a cent less, two cents less, … A fire takes what fits exactly, else it is signed in line. Nothing is
// recorded or reserved for it, and nothing that is decided depends on it.
extension Trader {
    /// A basket is near: it is looked at when everything that was there to read has been read.
    public func near(_ basket: Basket, at now: Stamp) {
        lastNear = now.monotonic
        let index = Int(basket.id.index)
        guard forge != nil, armAgain.indices.contains(index), armAgain[index] <= now.monotonic else { return }
        armAgain[index] = now.monotonic + settings.armInterval
        toArm.append(basket.id)  // each once an interval
    }

    /// True while a basket was near within the last second: a fire may be close, and lanes had better be awake.
    public func isNear(at now: MonotonicNanos) -> Bool {
        guard let lastNear, !isHalted, !isStopping else { return false }
        return now - lastNear < Self.nearTime
    }

    /// What the engine takes for near. Unit: 1e-8 USD.
    public var nearSlack: Int64 { settings.armCents * Price.cent.rawValue }

    private static let nearTime = Nanoseconds.seconds(1)
    /// Baskets that are made ready in one turn: each costs some sizings.
    private static let armsATurn = 2

    func arm(at now: Stamp) {
        guard !toArm.isEmpty else { return }
        guard let forge else { return toArm.removeAll() }
        for id in toArm.prefix(Self.armsATurn) { arm(catalog.baskets[Int(id.index)], forge, now) }
        toArm.removeFirst(min(Self.armsATurn, toArm.count))
    }

    private func arm(_ basket: Basket, _ forge: (NewOrder, VenueID) -> Void, _ now: Stamp) {
        guard isOpen(basket), let problem = engine.problem(of: basket) else { return }
        engine.proveAhead(basket)
        var last: [NewOrder] = []
        for cents in 0...settings.armCents {
            let better = problem.better(by: cents * Price.cent.rawValue)
            guard let orders = wouldBe(basket, better, now), orders != last else { continue }
            last = orders
            for order in orders { forge(order, venue(of: order.instrument)) }
        }
    }

    /// What would be ordered, of venues whose orders are signed one by one.
    private func wouldBe(_ basket: Basket, _ problem: SizingProblem, _ now: Stamp) -> [NewOrder]? {
        guard let plan = (try? sizer.plan(problem)) ?? nil else { return nil }
        let candidate = EntryCandidate(basket: basket, opportunity: 0, plan: plan, problem: problem, stamps: nil)
        guard let fitted = try? fitted(candidate, smallest(problem), now) else { return nil }
        return zip(fitted.0.legs, problem.legs).compactMap { planned, leg in
            guard gateway(of: planned.instrument).signedAhead != nil else { return nil }
            return legOrder(planned, leg, ClOrdID(high: 0, low: 0))
        }
    }
}
