import Trading

@testable import Risk

/// Pairs of one Kalshi and one Polymarket market each, a gate over them, and requests that fit it.
struct GateStage {
    var gate: RiskGate
    var sequence: UInt32 = 0
    let prefix = "pair"

    static func usd(_ text: String) -> Money {
        guard let money = try? Money(decimal: text) else { preconditionFailure("a test writes amounts") }
        return money
    }

    static func qty(_ text: String) -> Quantity {
        guard let quantity = try? Quantity(decimal: text) else { preconditionFailure("a test writes quantities") }
        return quantity
    }

    static func px(_ text: String) -> Price {
        guard let price = try? Price(decimal: text) else { preconditionFailure("a test writes prices") }
        return price
    }

    /// Seconds after a start at noon of a UTC day.
    static func at(_ seconds: Int64, _ nanos: Int64 = 0) -> Stamp {
        Stamp(
            monotonic: MonotonicNanos(rawValue: 1_000_000_000_000 + seconds * 1_000_000_000 + nanos),
            utc: UTCNanos(rawValue: 20_000 * 86_400_000_000_000 + (43_200 + seconds) * 1_000_000_000 + nanos))
    }

    static func catalog(_ pairs: Int) -> (contracts: [Contract], baskets: [Basket]) {
        var contracts: [Contract] = [], baskets: [Basket] = []
        for index in 0..<pairs {
            let kalshi = InstrumentID(Int32(contracts.count)), polymarket = InstrumentID(Int32(contracts.count + 1))
            contracts.append(Contract(venue: .kalshi, symbol: "K\(index)", exchangeIndex: 0))
            contracts.append(Contract(venue: .polymarket, symbol: "0x\(index)"))
            for outcome in [Outcome.yes, .no] {
                baskets.append(
                    Basket(
                        id: BasketID(Int32(baskets.count)), pair: PairID("pair\(index)"), kind: .crossVenue,
                        legs: [
                            BasketLeg(instrument: kalshi, outcome: outcome),
                            BasketLeg(instrument: polymarket, outcome: outcome.opposite),
                        ], payoff: Money(rawValue: FixedPoint.one), status: .approved, expectedPayout: nil))
            }
        }
        return (contracts, baskets)
    }

    /// Limits that none of the requests here touches.
    static var wide: RiskLimits {
        var limits = RiskLimits()
        limits.orderMax = usd("10000")
        limits.orderQtyMax = qty("50000")
        limits.openMax = usd("100000")
        limits.pairMax = usd("25000")
        limits.venueMax = usd("75000")
        limits.grossMax = usd("200000")
        limits.netMax = usd("10000")
        limits.equityPctMax = 100
        limits.openOrdersMax = 1_000
        limits.dailyLossMax = usd("2500")
        limits.ordersPerMinuteMax = 6_000
        limits.oneLegLossMax = usd("500")
        limits.unwindReserve = .zero
        limits.valuation = Valuation()
        return limits
    }

    init(
        _ limits: RiskLimits = GateStage.wide, pairs: Int = 3, cash: String? = "100000",
        demands: RiskGate.Demands = .init()
    )
        throws
    {
        let catalog = Self.catalog(pairs)
        gate = try RiskGate(limits: limits, demands: demands, contracts: catalog.contracts, baskets: catalog.baskets)
        if let cash { setCash(cash, cash, at: -100) }
    }

    mutating func setCash(_ kalshi: String, _ polymarket: String, at seconds: Int64) {
        let asOf = Self.at(seconds).utc
        gate.set([VenueBalance(venue: .kalshi, exchangeIndex: 0, cash: Self.usd(kalshi), currency: .usd)], asOf: asOf)
        gate.set(
            [VenueBalance(venue: .polymarket, exchangeIndex: nil, cash: Self.usd(polymarket), currency: .pusd)],
            asOf: asOf)
    }

    /// `quantity` at 0.40 on Kalshi and 0.50 on Polymarket, fees of 0.01 each.
    mutating func request(_ basket: Int32 = 0, _ quantity: String = "10", alone: String = "1") -> EntryRequest {
        sequence += 1
        let kalshi = InstrumentID(basket / 2 * 2), polymarket = InstrumentID(basket / 2 * 2 + 1)
        let outcome: Outcome = basket % 2 == 0 ? .yes : .no
        let first = EntryLeg(
            instrument: kalshi, outcome: outcome, orderQty: Self.qty(quantity), limitPx: Self.px("0.40"),
            feeMax: .cent, currency: .usd, lossAlone: Self.usd(alone), freshness: .fresh)
        let second = EntryLeg(
            instrument: polymarket, outcome: outcome.opposite, orderQty: Self.qty(quantity), limitPx: Self.px("0.50"),
            feeMax: .cent, currency: .pusd, lossAlone: Self.usd(alone), freshness: .fresh)
        return EntryRequest(
            execution: ExecutionID(run: 1, sequence: sequence), basket: BasketID(basket), first: first, second: second,
            orderQtyMin: Self.qty("5"))
    }

    /// The reason of a refusal; nil when it was approved, and then it is fired.
    @discardableResult
    mutating func fire(_ request: EntryRequest, at now: Stamp = GateStage.at(0)) -> (
        id: ReservationID?, refusal: RiskRefusal?
    ) {
        do {
            let approval = try gate.approve(request, at: now)
            return (gate.fired(approval), nil)
        } catch {
            return (nil, error)
        }
    }

    mutating func reason(_ request: EntryRequest, at now: Stamp = GateStage.at(0)) -> RiskRefusal.Reason? {
        var copy = self
        return copy.fire(request, at: now).refusal?.reason
    }
}

/// Reproducible numbers (SplitMix64).
struct Dice {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// 0 ..< count.
    mutating func roll(_ count: Int) -> Int { Int(next() % UInt64(count)) }
    mutating func roll(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }
}
