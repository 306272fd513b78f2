import Trading

/// What was paid of a leg's market.
struct LegPaid: Hashable, Sendable {
    /// What a contract of the leg's outcome paid; nil until it has.
    var pays: Price?
    /// Pairs of both outcomes that were merged.
    var merged: Int128 = 0
}

/// Everything that follows from an execution's orders and from what was paid: a pure function, whatever came first.
struct ExecutionFigures: Hashable, Sendable {
    /// Units of both legs held, or held until one was paid.
    private(set) var matched: Int128 = 0
    /// Units that were ever matched.
    private(set) var everMatched: Int128 = 0
    /// The leg that stands over, by how much, and the part of it that can be delivered.
    private(set) var residualLeg = 0
    private(set) var residualQty: Int128 = 0
    private(set) var deliverable: Int128 = 0
    private(set) var isResidualOpposite = false
    /// Cost of all that stands over. Unit: USD.
    private(set) var residualCost: Int128 = 0
    /// Cost of the matched units. Unit: USD.
    private(set) var boxCost: Int128 = 0
    /// What the matched units pay at least, with what they have paid. Unit: USD.
    private(set) var boxPayout: Int128 = 0
    /// Net of all, what stands over at its cost. Unit: USD.
    private(set) var profitAtCost: Int128 = 0
    /// At worst, were everything open to fill and nothing to be gained.
    private(set) var exposure = ExecutionExposure()
    private(set) var isDone = true
    /// A box that was not paid in full, pairs that wait to be merged, or contracts sold that were not held.
    private(set) var isHolding = false
    private(set) var closingOpen = 0
    private(set) var voided: Int128 = 0
    private(set) var overfilled: Int128 = 0

    private let valuation: Valuation

    init(_ plan: ExecutionPlan, _ sums: (LegSums, LegSums), _ paid: (LegPaid, LegPaid), _ valuation: Valuation) {
        self.valuation = valuation
        let legs = Both(sums.0, sums.1), outcomes = Both(paid.0, paid.1)
        isDone = legs[0].open + legs[1].open == 0
        closingOpen = Int(legs[0].closingOpen + legs[1].closingOpen)
        voided = legs[0].voided + legs[1].voided
        overfilled = legs[0].overfilled + legs[1].overfilled
        matched = max(0, min(legs[0].held, legs[1].held))
        everMatched = max(0, min(legs[0].bought.min, legs[1].bought.min))
        book(plan, legs, outcomes)
        expose(plan, legs, outcomes)
    }

    /// What stands over when it is dust is booked at nothing.
    func profit(isDust: Bool) -> Int128 { isDust ? profitAtCost - residualCost : profitAtCost }

    /// The exposure; dust has none.
    func exposure(isDust: Bool) -> ExecutionExposure {
        guard isDust else { return exposure }
        var settled = exposure
        settled.net = .zero
        settled.lossAtRisk = .zero
        let locked = Int128(exposure[residualLeg].locked.rawValue) - residualCost
        settled[residualLeg].locked = Money(clamping: max(0, locked))
        return settled
    }

    // MARK: - Profit, box and residual, by fills alone

    private mutating func book(_ plan: ExecutionPlan, _ legs: Both<LegSums>, _ outcomes: Both<LegPaid>) {
        for index in 0..<2 {
            let leg = legs[index], currency = plan[index].currency
            // Money that has moved, and pairs of both outcomes, which surely pay one.
            profitAtCost -= valuation.spent(leg.buyCash.min + leg.oppositeCash.min, currency)
            profitAtCost += valuation.received(leg.proceeds + leg.paired, currency)
            let cost = valuation.spent(leg.cost(of: matched), currency)
            boxCost += cost
            if let pays = outcomes[index].pays {
                // What was paid for the matched units is in the box.
                let over = Self.worth(leg.held, pays) - Self.worth(matched, pays)
                let rest = Price.one.rawValue - pays.rawValue
                profitAtCost += valuation.received(over + Self.worth(leg.oppositeHeld, rest), currency)
                if leg.kept < 0 { profitAtCost -= valuation.spent(Self.worth(-leg.kept, pays), currency) }
            } else {
                stand(index, leg, currency, plan)
            }
        }
        boxPayout = payout(plan, outcomes)
        profitAtCost += boxPayout
        for index in 0..<2 where outcomes[index].pays == nil {
            let isWaiting = plan[index].venue != .kalshi && legs[index].paired > outcomes[index].merged
            if matched > 0 || isWaiting || legs[index].kept < 0 { isHolding = true }
        }
    }

    /// Books what stands over on one leg that was not paid yet.
    private mutating func stand(_ index: Int, _ leg: LegSums, _ currency: Currency, _ plan: ExecutionPlan) {
        let over = max(0, leg.held) - matched
        var cost: Int128 = 0
        if over > 0 {
            cost = valuation.spent(leg.cost(of: leg.held), currency) - valuation.spent(leg.cost(of: matched), currency)
            residualLeg = index
            residualQty = over
            deliverable = max(0, min(over, leg.mined - leg.sold.min))
        }
        if leg.oppositeHeld > 0 {
            let part = LegSums.share(leg.oppositeCash.min, leg.oppositeHeld, of: leg.opposite.min)
            cost += valuation.spent(part, currency)
            if residualQty == 0 {
                residualLeg = index
                residualQty = leg.oppositeHeld
                deliverable = min(leg.oppositeHeld, leg.oppositeMined)
                isResidualOpposite = true
            }
        }
        profitAtCost += cost
        residualCost += cost
        // Sold and not held: at worst each costs one.
        if leg.kept < 0 { profitAtCost -= valuation.spent(-leg.kept, currency) }
    }

    /// What the matched units pay at least, with what they have paid.
    private func payout(_ plan: ExecutionPlan, _ outcomes: Both<LegPaid>) -> Int128 {
        guard matched > 0 else { return 0 }
        let one = Int128(FixedPoint.one)
        switch (outcomes[0].pays, outcomes[1].pays) {
        case (nil, nil):
            // Which leg will pay is not known: the worse of the currencies.
            let whole = matched * Int128(plan.payoff.rawValue) / one
            return min(valuation.received(whole, plan.first.currency), valuation.received(whole, plan.second.currency))
        case (let first?, nil): return paidAndRest(plan, paid: 0, first)
        case (nil, let second?): return paidAndRest(plan, paid: 1, second)
        case (let first?, let second?):
            return valuation.received(Self.worth(matched, first), plan.first.currency)
                + valuation.received(Self.worth(matched, second), plan.second.currency)
        }
    }

    /// One leg was paid: what it paid, and what the other then surely pays. Rules that agree say the rest of the payoff
    /// after nothing, a half or all; after any other price (a void at cost) the other leg may pay nothing.
    private func paidAndRest(_ plan: ExecutionPlan, paid: Int, _ pays: Price) -> Int128 {
        let isTold = pays == .zero || pays == .one || pays.rawValue == Price.one.rawValue / 2
        let rest = isTold ? max(0, plan.payoff.rawValue - pays.rawValue) : 0
        return valuation.received(Self.worth(matched, pays), plan[paid].currency)
            + valuation.received(Self.worth(matched, rest), plan[1 - paid].currency)
    }

    private static func worth(_ quantity: Int128, _ price: Price) -> Int128 { worth(quantity, price.rawValue) }

    private static func worth(_ quantity: Int128, _ price: Int64) -> Int128 {
        guard quantity > 0 else { return 0 }
        return quantity * Int128(price) / Int128(FixedPoint.one)
    }

    // MARK: - Exposure, at worst

    private mutating func expose(_ plan: ExecutionPlan, _ legs: Both<LegSums>, _ outcomes: Both<LegPaid>) {
        var locked = Both<Int128>(0, 0)
        var gross: Int128 = 0
        for index in 0..<2 {
            let leg = legs[index], currency = plan[index].currency
            var part = ExecutionExposure.Leg()
            part.openOrders = leg.open
            part.unknownOrders = leg.unknown
            part.doneAt = leg.open == 0 ? leg.doneAt : nil
            part.cash = Money(clamping: leg.buyCash.max + leg.oppositeCash.max)
            if outcomes[index].pays == nil || leg.open > 0 {
                let most = leg.heldSpan.max
                let isNetting = plan[index].venue == .kalshi
                let waiting = isNetting ? 0 : max(0, leg.paired - outcomes[index].merged)
                locked[index] = valuation.spent(
                    LegSums.share(leg.buyCash.max, most + waiting, of: leg.bought.max), currency)
                let opposite = LegSums.share(leg.oppositeCash.max, waiting + leg.oppositeHeld, of: leg.opposite.max)
                locked[index] += valuation.spent(max(opposite, leg.oppositeCashOpen), currency)
                gross += valuation.spent(max(most, -leg.heldSpan.min) + 2 * waiting + leg.oppositeHeld, currency)
            }
            part.locked = Money(clamping: locked[index])
            exposure[index] = part
        }
        exposure.gross = Money(clamping: gross)
        exposure.net = Money(clamping: alone(plan, legs, outcomes))
        let mayLose = !isDone || exposure.net.rawValue > 0
        if mayLose { exposure.lossAtRisk = max(Money.zero, max(plan.first.lossAlone, plan.second.lossAlone)) }
    }

    /// Cost of what stands, or may stand, without a partner: the worse of the two legs.
    private func alone(_ plan: ExecutionPlan, _ legs: Both<LegSums>, _ outcomes: Both<LegPaid>) -> Int128 {
        guard !isDone else { return residualCost + shorts(plan, legs, outcomes) }
        var worst: Int128 = 0
        for index in 0..<2 where outcomes[index].pays == nil || legs[index].open > 0 {
            let leg = legs[index]
            let partner = outcomes[1 - index].pays == nil ? legs[1 - index].heldSpan.min : legs[1 - index].held
            let over = leg.heldSpan.max - max(0, partner)
            guard over > 0 else { continue }
            let cost = valuation.spent(
                LegSums.share(leg.buyCash.max, over, of: leg.bought.max), plan[index].currency)
            worst = max(worst, cost)
        }
        for index in 0..<2 where outcomes[index].pays == nil {
            let part = LegSums.share(
                legs[index].oppositeCash.min, legs[index].oppositeHeld, of: legs[index].opposite.min)
            worst += valuation.spent(part, plan[index].currency)
        }
        return worst + shorts(plan, legs, outcomes)
    }

    /// Contracts sold that are not held, at what each may cost.
    private func shorts(_ plan: ExecutionPlan, _ legs: Both<LegSums>, _ outcomes: Both<LegPaid>) -> Int128 {
        var sum: Int128 = 0
        for index in 0..<2 where outcomes[index].pays == nil && legs[index].kept < 0 {
            sum += valuation.spent(-legs[index].kept, plan[index].currency)
        }
        return sum
    }
}

/// One of each leg, without an array's allocation.
struct Both<Part: Hashable & Sendable>: Hashable, Sendable {
    var first: Part, second: Part

    init(_ first: Part, _ second: Part) {
        self.first = first
        self.second = second
    }

    subscript(leg: Int) -> Part {
        get { leg == 0 ? first : second }
        set { if leg == 0 { first = newValue } else { second = newValue } }
    }
}
