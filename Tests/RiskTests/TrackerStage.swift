import Testing
import Trading

@testable import Risk

/// A tracker, and the orders of executions of one pair: YES on Kalshi at 0.40, NO on Polymarket at 0.50.
struct TrackerStage {
    var tracker: PositionTracker
    var states: [ClOrdID: OrderState] = [:]
    private var next: UInt64 = 0
    private var fills: UInt64 = 0

    static let kalshi = 0, polymarket = 1

    init(_ change: (inout RiskLimits) -> Void = { _ in }) {
        var limits = GateStage.wide
        change(&limits)
        tracker = PositionTracker(limits)
    }

    static func plan(_ sequence: UInt32 = 1, ticker: String = "K0", outcome: Outcome = .yes) -> ExecutionPlan {
        ExecutionPlan(
            execution: ExecutionID(run: 1, sequence: sequence), pair: PairID("pair0"),
            first: ExecutionPlan.Leg(
                venue: .kalshi, symbol: ticker, outcome: outcome, currency: .usd, orderQtyMin: GateStage.qty("0.01"),
                lossAlone: GateStage.usd("1")),
            second: ExecutionPlan.Leg(
                venue: .polymarket, symbol: "0x0", token: "77", outcome: outcome.opposite, currency: .pusd,
                orderQtyMin: GateStage.qty("5"), lossAlone: GateStage.usd("2")),
            payoff: Money(rawValue: FixedPoint.one), payoutAt: nil, openedAt: GateStage.at(0).utc)
    }

    mutating func begin(_ plan: ExecutionPlan = TrackerStage.plan()) throws -> ExecutionID {
        try tracker.begin(plan)
        return plan.execution
    }

    /// Adds an order; its name.
    mutating func order(
        _ execution: ExecutionID, _ leg: Int, _ quantity: String = "10", role: OrderRole = .leg, budget: String? = nil,
        price: String? = nil
    ) throws -> ClOrdID {
        next += 1
        guard let plan = tracker.plan(of: execution) else { throw PositionTracker.Refusal.unknownExecution }
        let order = NewOrder(
            clOrdID: ClOrdID(high: 1, low: next), instrument: InstrumentID(Int32(leg)),
            outcome: role == .opposite ? plan[leg].outcome.opposite : plan[leg].outcome,
            side: role == .sell ? .sell : .buy, orderQty: GateStage.qty(quantity),
            price: GateStage.px(price ?? (leg == 0 ? "0.40" : "0.50")), cashOrderQty: budget.map(GateStage.usd),
            purpose: role == .leg ? .entry : .close)
        _ = try tracker.add(order, role: role, leg: leg, feeMax: .cent, to: execution)
        states[order.clOrdID] = OrderState(order)
        try tell(order.clOrdID, .sent)
        return order.clOrdID
    }

    @discardableResult
    mutating func tell(_ id: ClOrdID, _ event: OrderEvent, at seconds: Int64 = 1) throws -> PositionChange {
        states[id]?.apply(event)
        let state = try #require(states[id])
        let change = tracker.apply(state, at: GateStage.at(seconds).utc)
        return try #require(change)
    }

    /// A fill, final on Kalshi; its name.
    @discardableResult
    mutating func fill(
        _ id: ClOrdID, _ quantity: String, at price: String? = nil, _ settlement: Settlement = .confirmed
    ) throws -> ExecID {
        fills += 1
        let state = try #require(states[id])
        let name = ExecID("fill-\(fills)")
        try tell(
            id,
            .fill(
                Fill(
                    execID: name, lastQty: GateStage.qty(quantity),
                    lastPx: price.map(GateStage.px) ?? state.order.price,
                    fee: .zero, liquidity: .taker, settlement: settlement)))
        return name
    }

    /// The order is over with what it has.
    @discardableResult
    mutating func end(_ id: ClOrdID) throws -> PositionChange {
        try tell(id, .summary(OrderSummary(standing: .cancelled, cumQty: nil, leavesQty: nil)))
    }

    /// An order that fills so much of ten and is over.
    @discardableResult
    mutating func done(
        _ execution: ExecutionID, _ leg: Int, _ filled: String, role: OrderRole = .leg, at price: String? = nil,
        _ settlement: Settlement = .confirmed
    ) throws -> ClOrdID {
        let id = try order(execution, leg, "10", role: role, price: price)
        if filled != "0" { try fill(id, filled, settlement) }
        try end(id)
        return id
    }
}

extension TrackerStage {
    mutating func fill(_ id: ClOrdID, _ quantity: String, _ settlement: Settlement) throws {
        try fill(id, quantity, at: nil, settlement)
    }
}
