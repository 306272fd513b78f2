public import Risk
public import Trading

/// What a basket is sized for.
public struct SizingProblem {
    /// The legs, in the basket's order.
    public let legs: [SizingLeg]
    /// What one unit surely pays, counted in dollars against us. Unit: 1e-8 USD per contract.
    public let payoffRate: Int64
    /// Caps.
    public let limits: SizingLimits
    /// What the edge must be worth.
    public let thresholds: EdgeThresholds
    /// Time to payout.
    public let secondsToPayout: Int64
    /// How other money counts in dollars.
    public let valuation: Valuation

    /// A problem.
    public init(
        legs: [SizingLeg], payoff: Money, limits: SizingLimits, thresholds: EdgeThresholds, secondsToPayout: Int64,
        valuation: Valuation
    ) {
        self.legs = legs
        self.limits = limits
        self.thresholds = thresholds
        self.secondsToPayout = secondsToPayout
        self.valuation = valuation
        // Which leg will pay is not known: the payoff counts in the worse of the currencies.
        var worst = legs.isEmpty ? 0 : Int64.max
        for leg in legs { worst = min(worst, valuation.receivedRate(leg.currency)) }
        payoffRate = Int64(clamping: Int128(payoff.rawValue) * Int128(worst) / Int128(FixedPoint.one))
    }

    private init(
        _ problem: SizingProblem, _ legs: [SizingLeg], _ limits: SizingLimits, _ thresholds: EdgeThresholds,
        bonus: Int64 = 0
    ) {
        self.legs = legs
        self.limits = limits
        self.thresholds = thresholds
        payoffRate = problem.payoffRate + bonus
        secondsToPayout = problem.secondsToPayout
        valuation = problem.valuation
    }

    /// The same problem within other caps, with legs that have the cash of those.
    func within(_ limits: SizingLimits, _ legs: [SizingLeg]) -> SizingProblem {
        SizingProblem(self, legs, limits, thresholds)
    }

    /// The same problem with legs of its own: those of the engine are written over for the next one.
    var detached: SizingProblem { SizingProblem(self, legs.map { $0 }, limits, thresholds) }

    /// The same problem if a unit cost so much less. Unit: 1e-8 USD.
    func better(by bonus: Int64) -> SizingProblem { SizingProblem(self, legs, limits, thresholds, bonus: bonus) }

    /// The same problem for the breaker's probe: of the smallest size, whatever its edge is worth.
    func asProbe() -> SizingProblem { SizingProblem(self, legs, limits, .any) }
}

/// Finds how many units of a basket to buy: the admissible size with the greatest net less the hurdle on its capital.
///
/// Sizes are all multiples of the coarsest lot. Between two level ends every leg pays one price, so the result is linear
/// in the size except for roundings, which only cost; the model bound without them tells which sizes can still win. What
/// is found is equal to trying every size.
/// - Lane: one Sizer per lane; its scratch is reused.
public final class Sizer {
    private var walks: [LegWalk] = []
    private var candidate: [PlannedLeg] = []
    private var bestLegs: [PlannedLeg] = []
    private var best: Best?
    /// Room for the legs of plans to come: a plan keeps its own.
    private var rooms: [[PlannedLeg]] = []

    private struct Best {
        var quantity: Int64
        var objective: Int64
        var locked: Int64
        var payoff: Int64
    }

    /// A Sizer with empty scratch.
    public init() { makeRoom() }

    /// Asks for the memory of the next plans, while there is time: a plan then asks for none.
    func makeRoom() {
        while rooms.count < Self.roomsKept {
            var room: [PlannedLeg] = []
            room.reserveCapacity(2)
            rooms.append(room)
        }
    }

    private static let roomsKept = 32

    /// The best plan that passes every threshold; nil when no admissible size does.
    ///
    /// - Throws: `FeeFault` when a fee cannot be computed: then there is no size either.
    public func plan(_ problem: SizingProblem) throws(FeeFault) -> BasketPlan? {
        best = nil
        begin(problem.legs)
        var lot: Int64 = 0
        for leg in problem.legs { lot = max(lot, leg.lot.rawValue) }
        guard lot > 0, problem.legs.allSatisfy({ lot % $0.lot.rawValue == 0 }) else { return nil }
        var passed: Int64 = 0
        while walks.allSatisfy({ $0.level != nil }), passed < problem.limits.orderQtyMax.rawValue {
            let end = walks.lazy.map(\.reach).min() ?? 0
            let first = (passed / lot + 1) * lot
            let last = min(end, problem.limits.orderQtyMax.rawValue) / lot * lot
            if first <= last {
                let atFirst = bounds(problem, first)
                if atFirst.locked > Int128(problem.limits.lockedMax.rawValue) { break }
                try scan(problem, Segment(first: first, last: last, lot: lot), atFirst)
            }
            // Costs only grow: what a leg's cash does not reach here, it reaches at no further level.
            if walks.contains(where: { !$0.isWithinCash(first) }) { break }
            if isHopeless(problem, at: min(end, problem.limits.orderQtyMax.rawValue)) { break }
            for index in walks.indices where walks[index].reach == end { try walks[index].advance() }
            passed = end
        }
        guard let best else { return nil }
        defer { bestLegs = rooms.popLast() ?? [] }
        return finished(best)
    }

    /// Walks at the start of these legs; those of the problem before are used again.
    private func begin(_ legs: [SizingLeg]) {
        if walks.count > legs.count { walks.removeLast(walks.count - legs.count) }
        for (index, leg) in legs.enumerated() {
            if index < walks.count { walks[index].restart(leg) } else { walks.append(LegWalk(leg)) }
        }
    }

    private func finished(_ best: Best) -> BasketPlan {
        let net = best.payoff - best.locked
        let bps = best.locked > 0 ? Int64(clamping: Int128(net) * 10_000 / Int128(best.locked)) : 0
        return BasketPlan(
            orderQty: Quantity(rawValue: best.quantity), legs: bestLegs, locked: Money(rawValue: best.locked),
            payoff: Money(rawValue: best.payoff), net: Money(rawValue: net), edgeBps: bps)
    }

    /// Sizes between two level ends.
    private struct Segment {
        let first: Int64
        let last: Int64
        let lot: Int64
        var sizes: Int64 { (last - first) / lot + 1 }
        func size(_ index: Int64) -> Int64 { first + index * lot }
    }

    /// True when a further level can neither improve on what was found nor begin to pay.
    private func isHopeless(_ problem: SizingProblem, at quantity: Int64) -> Bool {
        var marginal = problem.payoffRate
        var slack: Int128 = 0
        for index in walks.indices {
            let rate = problem.valuation.spentRate(walks[index].currency)
            marginal -= Int64(clamping: Int128(walks[index].marginalCost) * Int128(rate) / Int128(FixedPoint.one))
            // Levels that a ladder of 1e-4 ticks can still add.
            slack += walks[index].shortfall * 2 * 16_384
        }
        guard marginal <= 0 else { return false }
        let bound = bounds(problem, quantity)
        if let best { return bound.objective + slack <= Int128(best.objective) }
        return bound.net + slack < Int128(problem.thresholds.edgeMin.rawValue)
    }

    /// What a size comes to at best: never beaten by the exact figures, for costs have no roundings here and the payoff is
    /// rounded up. Unit: 1e-8 USD.
    private struct Bounds {
        let locked: Int128
        let net: Int128
        let objective: Int128
    }

    private func bounds(_ problem: SizingProblem, _ quantity: Int64) -> Bounds {
        var sum: Int128 = 0
        for index in walks.indices {
            let cost = walks[index].lowerBound(quantity)
            let rate = problem.valuation.spentRate(walks[index].currency)
            sum += rate == FixedPoint.one ? cost : cost * Int128(rate) / Int128(FixedPoint.one)
        }
        let net = Int128(problem.payoffRate) * Int128(quantity) / Int128(FixedPoint.one) + 1 - sum
        let locked = Money(rawValue: Int64(clamping: max(0, sum)))
        let hurdle = problem.thresholds.hurdle(locked, seconds: problem.secondsToPayout)
        return Bounds(locked: sum, net: net, objective: net - Int128(hurdle.rawValue) + 1)
    }

    /// Tries the sizes of a segment that can win, from its better end.
    private func scan(_ problem: SizingProblem, _ whole: Segment, _ atStart: Bounds) throws(FeeFault) {
        let atEnd = whole.last == whole.first ? atStart : bounds(problem, whole.last)
        guard let segment = passable(problem, whole, atStart, atEnd) else { return }
        let atFirst = segment.first == whole.first ? atStart.objective : bounds(problem, segment.first).objective
        let atLast = segment.last == whole.last ? atEnd.objective : bounds(problem, segment.last).objective
        if let best, max(atFirst, atLast) <= Int128(best.objective) { return }
        let isRising = atLast >= atFirst
        // The bound falls from the better end in a straight line but for its roundings: no size needs it computed.
        let (from, to) = isRising ? (atLast, atFirst) : (atFirst, atLast)
        let steps = Int128(max(1, segment.sizes - 1))
        for step in 0..<segment.sizes {
            if let best {
                // Falling sizes may tie with a smaller one; rising sizes must be better.
                let spare = from + Self.roundings - Int128(best.objective)
                if spare * steps < (from - to) * Int128(step) { return }
            }
            try consider(problem, segment.size(isRising ? segment.sizes - 1 - step : step))
        }
    }

    /// More units than the roundings of any bound come to.
    private static let roundings: Int128 = 16

    /// The part of a segment in which sizes can pass; nil when none can.
    ///
    /// Each condition is linear in the size but for its bound's roundings, which are granted to it: so each leaves one run
    /// of sizes, found from the segment's two ends.
    private func passable(
        _ problem: SizingProblem, _ segment: Segment, _ atFirst: Bounds, _ atLast: Bounds
    ) -> Segment? {
        var run = Run(last: segment.sizes - 1)
        let ends = (spare(problem, atFirst), spare(problem, atLast))
        run.cut(ends.0.locked, ends.1.locked)
        run.cut(ends.0.net, ends.1.net)
        run.cut(ends.0.share, ends.1.share)
        run.cut(ends.0.objective, ends.1.objective)
        for index in walks.indices {
            guard let cash = walks[index].cash else { continue }
            run.cut(
                Int128(cash.rawValue) - walks[index].lowerBound(segment.first) + Self.roundings,
                Int128(cash.rawValue) - walks[index].lowerBound(segment.last) + Self.roundings)
        }
        guard !run.isEmpty else { return nil }
        return Segment(first: segment.size(run.low), last: segment.size(run.high), lot: segment.lot)
    }

    /// By how much a size passes each condition, at most; below zero: no rounding can make it pass.
    private func spare(_ problem: SizingProblem, _ at: Bounds) -> (
        locked: Int128, net: Int128, share: Int128, objective: Int128
    ) {
        let locked = max(0, at.locked)
        let bps = Int128(problem.thresholds.edgeBpsMin)
        return (
            Int128(problem.limits.lockedMax.rawValue) - locked + Self.roundings,
            at.net - Int128(problem.thresholds.edgeMin.rawValue) + Self.roundings,
            at.net * 10_000 - bps * locked + Self.roundings * (10_000 + bps),
            at.objective + Self.roundings
        )
    }

    /// Indices of sizes that are left.
    private struct Run {
        var low: Int64 = 0
        var high: Int64
        private let last: Int64

        init(last: Int64) {
            self.last = last
            high = last
        }

        var isEmpty: Bool { low > high }

        /// Keeps what lies at or above zero of a line through these values at the first and the last index.
        mutating func cut(_ first: Int128, _ last: Int128) {
            if first >= 0, last >= 0 { return }
            if first < 0, last < 0 {
                high = -1
            } else if first >= 0 {
                high = min(high, Int64(clamping: first * Int128(self.last) / (first - last)) + 1)
            } else {
                low = max(low, self.last - Int64(clamping: last * Int128(self.last) / (last - first)) - 1)
            }
        }
    }

    private func consider(_ problem: SizingProblem, _ quantity: Int64) throws(FeeFault) {
        candidate.removeAll(keepingCapacity: true)
        var locked: Int64 = 0
        for index in walks.indices {
            guard let plan = try walks[index].price(quantity) else { return }
            candidate.append(plan)
            locked = try adding(locked, plan, walks[index].currency, problem.valuation)
        }
        let payoff = Int64(clamping: Int128(problem.payoffRate) * Int128(quantity) / Int128(FixedPoint.one))
        let net = payoff - locked
        let hurdle = problem.thresholds.hurdle(Money(rawValue: locked), seconds: problem.secondsToPayout).rawValue
        let objective = net - hurdle
        guard locked <= problem.limits.lockedMax.rawValue, net >= problem.thresholds.edgeMin.rawValue, objective >= 0,
            Int128(net) * 10_000 >= Int128(problem.thresholds.edgeBpsMin) * Int128(locked)
        else { return }
        if let best, objective < best.objective || (objective == best.objective && quantity > best.quantity) { return }
        best = Best(quantity: quantity, objective: objective, locked: locked, payoff: payoff)
        swap(&bestLegs, &candidate)
    }

    private func adding(
        _ locked: Int64, _ plan: PlannedLeg, _ currency: Currency, _ valuation: Valuation
    ) throws(FeeFault) -> Int64 {
        do {
            let spent = try valuation.spent(plan.cost.adding(plan.fee), currency)
            return try Money(rawValue: locked).adding(spent).rawValue
        } catch {
            throw .overflow
        }
    }
}
