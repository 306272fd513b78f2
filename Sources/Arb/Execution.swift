import Risk
public import Trading

/// One order of an execution.
struct ExecutionOrder {
    let handle: OrderHandle
    let role: OrderRole
    /// Which leg of the basket it is, or closes.
    let leg: Int
    let venue: VenueID
    var report: LegReport?
    /// Of an earlier run: no reply to it will come.
    var isAdopted = false
    /// Refused for the version of its market, and made anew: the other one is its leg's order.
    var isReplaced = false
    /// When its end was known.
    var ended: MonotonicNanos?
}

/// What an execution holds by its own orders' states: recomputed from them, never counted along.
public struct Holding: Hashable, Sendable {
    /// One leg.
    public struct Leg: Hashable, Sendable {
        /// Contracts of the leg's outcome that are ours: bought less sold less merged with their opposite. Below zero: more
        /// of the opposite than of the outcome.
        public var quantity = Quantity.zero
        /// Contracts bought, by the leg's order and by those that completed it.
        public var boughtQty = Quantity.zero
        /// What they cost, fees included. Unit: USD.
        public var cost = Money.zero
        /// What selling brought, fees off. Unit: USD.
        public var proceeds = Money.zero
        /// Contracts of the opposite outcome bought against it, and what they cost with fees. Unit: USD.
        public var oppositeQty = Quantity.zero
        /// As `cost`, of the opposite. Unit: USD.
        public var oppositeCost = Money.zero
        /// Of `quantity`: final or mined where the venue settles on a chain; all of it elsewhere.
        public var minedQty = Quantity.zero
    }

    /// The legs in the basket's order.
    public var legs: [Leg]

    /// Units that every leg has.
    public var boxed: Quantity { max(.zero, legs.map(\.quantity).min() ?? .zero) }

    /// The leg that has more than the others, and how much more; nil when all are equal. One that has less than nothing, for
    /// its opposite was bought at better prices than asked, stands below a leg of nothing: what is missing there completes.
    public var residual: (leg: Int, quantity: Quantity)? {
        let least = legs.map(\.quantity.rawValue).min() ?? 0
        var found: (leg: Int, quantity: Quantity)?
        for (index, leg) in legs.enumerated() where leg.quantity.rawValue > least {
            let over = Quantity(rawValue: leg.quantity.rawValue - least)
            if found.map({ over > $0.quantity }) ?? true { found = (index, over) }
        }
        return found
    }

    /// True when what stands alone is the opposite of this leg's outcome.
    func isOpposite(_ leg: Int) -> Bool { legs[leg].quantity.rawValue < 0 }

    /// What `quantity` contracts of a leg cost in the mean, rounded up. Unit: USD.
    public func cost(of quantity: Quantity, leg: Int) -> Money {
        let bought = legs[leg].boughtQty.rawValue
        guard bought > 0 else { return .zero }
        let exact = Int128(legs[leg].cost.rawValue) * Int128(quantity.rawValue)
        let (whole, rest) = exact.quotientAndRemainder(dividingBy: Int128(bought))
        return Money(rawValue: Int64(clamping: whole + (rest > 0 ? 1 : 0)))
    }

    /// Net if everything unboxed were worth nothing: what surely comes back less all that was spent. Unit: USD.
    ///
    /// - Parameters:
    ///   - payoffRate: what a box pays. Unit: 1e-8 USD.
    ///   - mergeRates: what a pair of outcomes pays, a leg. Unit: 1e-8 USD.
    public func net(payoffRate: Int64, mergeRates: [Int64]) -> Money {
        var sum = Int128(payoffRate) * Int128(boxed.rawValue) / Int128(FixedPoint.one)
        for (leg, rate) in zip(legs, mergeRates) {
            let merged = min(leg.oppositeQty.rawValue, max(0, leg.oppositeQty.rawValue + leg.quantity.rawValue))
            sum += Int128(rate) * Int128(merged) / Int128(FixedPoint.one)
            sum += Int128(leg.proceeds.rawValue) - Int128(leg.cost.rawValue) - Int128(leg.oppositeCost.rawValue)
        }
        return Money(rawValue: Int64(clamping: sum))
    }
}

/// One basket on its way: from the claim to the last evidence.
///
/// - Lane: the hot lane.
final class Execution {
    /// Where it stands.
    enum Phase: Hashable {
        /// Orders are out; nothing is known of some.
        case working
        /// Every order has ended; contracts stand alone.
        case closing
        /// As `closing`, and beyond the deadline: the pair is halted and a person is told.
        case stuck
        /// Nothing is left to do: the claim is given back.
        case done
    }

    private(set) var id: ExecutionID
    private(set) var basket: Basket
    private(set) var opportunity: UInt64
    private(set) var plan: BasketPlan
    private(set) var decided: Stamp
    var stamps: ExecutionStamps
    private(set) var claim: InFlight.Claim
    var reservation: ReservationID?
    /// Most that each leg's venue may charge for its entry, as approved. Unit: the leg's currency.
    var feesMax: [2 of Money] = [.zero, .zero]
    var orders: [ExecutionOrder] = []
    var phase = Phase.working
    var error = ""
    /// The second leg of one after the other: sent when the first's fills are known.
    var second: PendingLeg?
    /// A leg refused for the version of its market, while nobody has said yet where it is traded. Once an execution.
    var rebuild: Rebuild?
    var hasRebuilt = false
    /// Since when contracts stand alone; nil while none do.
    var residualSince: MonotonicNanos?
    /// A person was told that they stay during this halt.
    var isLeftAlone = false
    /// What the last look at the books said of them.
    var hold: AutoClose.Hold?
    /// The books of that look, so that it is not repeated before one changes.
    var lookedAt: [MonotonicNanos?] = []
    /// When it may be tried again after a refusal of our own.
    var retryAt: MonotonicNanos?
    /// Closing orders that left; how many of the last ones in a row filled nothing, and which was looked at last.
    var closes = 0, fruitless = 0, judged = -1
    var told: ExecutionResult.Kind?
    /// What the day's book has of it. Unit: USD.
    var booked = Money.zero
    /// Net of its box as it was last told. Unit: USD.
    private var boxNet: Money?
    /// Both legs of its box were sold before their time.
    var isClosingEarly = false
    /// When it was done.
    var endedAt: MonotonicNanos?
    /// It waits to be forgotten.
    var isInLine = false
    /// Adopted at the start from an earlier run.
    let isRecovered: Bool

    /// A leg that waits for the other.
    ///
    /// It keeps a slot: connection and tokens are there when it is its turn. What leaves is prepared anew in that place,
    /// at the size of the first one's fills.
    struct PendingLeg {
        let leg: Int
        let order: NewOrder
        /// Nil while it could not be renewed.
        var slot: SendSlot?
    }

    /// A leg that may be made anew.
    struct Rebuild {
        /// Which of the orders was refused.
        let place: Int
        /// When its answer would no longer have been waited for: nothing is made anew from then on.
        let until: MonotonicNanos
        /// Whether the market is traded elsewhere; nil: not told yet.
        var isElsewhere: Bool?
    }

    init(
        id: ExecutionID, basket: Basket, opportunity: UInt64, plan: BasketPlan, decided: Stamp,
        stamps: ExecutionStamps, claim: InFlight.Claim, isRecovered: Bool = false
    ) {
        self.id = id
        self.basket = basket
        self.opportunity = opportunity
        self.plan = plan
        self.decided = decided
        self.stamps = stamps
        self.claim = claim
        self.isRecovered = isRecovered
        orders.reserveCapacity(4)
    }

    /// One that is made ahead: nothing is known of it before `begin`.
    convenience init(blank basket: Basket) {
        let never = Stamp(monotonic: MonotonicNanos(rawValue: 0), utc: UTCNanos(rawValue: 0))
        self.init(
            id: ExecutionID(run: 0, sequence: 0), basket: basket, opportunity: 0,
            plan: BasketPlan(orderQty: .zero, legs: [], locked: .zero, payoff: .zero, net: .zero, edgeBps: 0),
            decided: never, stamps: ExecutionStamps(never.monotonic), claim: InFlight.Claim.none)
    }

    /// Makes it the execution of a basket that is entered now. What a rehearsal left in it is gone.
    func begin(
        _ id: ExecutionID, _ basket: Basket, opportunity: UInt64, _ plan: BasketPlan, decided: Stamp,
        _ stamps: ExecutionStamps, _ claim: InFlight.Claim
    ) {
        (self.id, self.basket, self.opportunity, self.plan) = (id, basket, opportunity, plan)
        (self.decided, self.stamps, self.claim) = (decided, stamps, claim)
        orders.removeAll(keepingCapacity: true)
        feesMax = [.zero, .zero]
    }

    /// How its net differs from what was last told; nil: nothing was.
    func change(to net: Money) -> Money? {
        defer { boxNet = net }
        return boxNet.map { Money(rawValue: net.rawValue - $0.rawValue) }
    }

    /// Takes its markets again, after evidence that came late.
    func reclaim(_ claim: InFlight.Claim) { self.claim = claim }

    /// What its orders hold.
    func holding(_ registry: OrderRegistry, _ valuation: Valuation, _ currencies: [Currency]) -> Holding {
        var holding = Holding(legs: basket.legs.map { _ in Holding.Leg() })
        for order in orders where order.role != .tombstone {
            let state = registry[order.handle].state
            holding.legs[order.leg].add(state, order.role, order.venue, valuation, currencies[order.leg])
        }
        return holding
    }
}

extension Holding.Leg {
    fileprivate mutating func add(
        _ state: OrderState, _ role: OrderRole, _ venue: VenueID, _ valuation: Valuation, _ currency: Currency
    ) {
        let cum = state.cumQty.rawValue
        guard cum > 0 else { return }
        let isSale = state.order.side == .sell
        let gross = isSale ? state.cumCash.rawValue - state.fees.rawValue : state.cumCash.rawValue + state.fees.rawValue
        let amount = Money(rawValue: gross)
        // What does not fit 64 bits is far above every limit; the gate never lets such an order be made.
        let dollars = (try? isSale ? valuation.received(amount, currency) : valuation.spent(amount, currency)) ?? amount
        switch role {
        case .leg, .complete:
            quantity = Quantity(rawValue: quantity.rawValue + cum)
            boughtQty = Quantity(rawValue: boughtQty.rawValue + cum)
            cost = Money(rawValue: cost.rawValue + dollars.rawValue)
            let mined = venue == .polymarket ? state.minedQty.rawValue : cum
            minedQty = Quantity(rawValue: minedQty.rawValue + mined)
        case .sell:
            quantity = Quantity(rawValue: quantity.rawValue - cum)
            minedQty = Quantity(rawValue: minedQty.rawValue - cum)
            proceeds = Money(rawValue: proceeds.rawValue + dollars.rawValue)
        case .opposite:
            quantity = Quantity(rawValue: quantity.rawValue - cum)
            oppositeQty = Quantity(rawValue: oppositeQty.rawValue + cum)
            oppositeCost = Money(rawValue: oppositeCost.rawValue + dollars.rawValue)
        case .tombstone: break
        }
    }
}
