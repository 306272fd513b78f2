import Codec
import TestKit
import Testing
import Trading

@testable import Arb
@testable import Assembly
@testable import Store

/// What the trader tells, as rows of the ledger.
@Suite("TradeRows")
struct TradeRowsTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private static let kept = 300

    private static func order(_ sequence: Int) -> NewOrder {
        NewOrder(
            clOrdID: ClOrdID(prefix: 7, run: 1, sequence: UInt64(sequence)), instrument: InstrumentID(0), outcome: .yes,
            side: .buy, orderQty: Quantity(rawValue: 1_000_000_000), price: Price(rawValue: 44_000_000) ?? .zero,
            cashOrderQty: nil, timeInForce: .ioc, isPostOnly: false, isReduceOnly: false, purpose: .entry)
    }

    private static func stamp(_ seconds: Int64) -> Stamp {
        Stamp(monotonic: MonotonicNanos(rawValue: seconds), utc: UTCNanos(rawValue: seconds * 1_000_000_000))
    }

    private func tell(_ event: OrderEvent, _ state: inout OrderState, _ rows: TradeRows, _ ledger: Ledger) throws {
        state.apply(event)
        let heard = HeardOrder(
            clOrdID: state.order.clOrdID, isTombstone: false, orderID: OrderID("v\(state.order.clOrdID)"), event: event,
            source: .stream, transactTime: nil, at: Self.stamp(200), state: state)
        try rows.write(.heard(heard), to: ledger, BasketNames(baskets: [], contracts: []))
    }

    @Test("what is told after an order's end finds it by index, however many orders there are: no row is walked")
    func late() throws {
        let ledger = try Ledger(path: place.path("ledger.db"))
        let rows = TradeRows()
        var states: [OrderState] = []
        for sequence in 1...Self.kept {
            let order = Self.order(sequence)
            let intent = OrderIntent(
                execution: ExecutionID(run: 1, sequence: UInt32(sequence)), role: .leg, pair: PairID("fed:1"),
                venue: .kalshi, symbol: "T", token: "", order: order, orderID: nil, bodyHash: Digest256 { _ in },
                decided: Self.stamp(100))
            try rows.write(.intended(intent), to: ledger, BasketNames(baskets: [], contracts: []))
            var state = OrderState(order)
            try tell(.sent, &state, rows, ledger)
            try tell(
                .summary(OrderSummary(standing: .cancelled, cumQty: Quantity(rawValue: 400_000_000), leavesQty: .zero)),
                &state, rows, ledger)
            #expect(state.isDone)
            states.append(state)
        }
        let walked = ledger.database.walked
        for index in states.indices {
            try tell(
                .fill(
                    Fill(
                        execID: ExecID("f\(index)"), lastQty: Quantity(rawValue: 400_000_000),
                        lastPx: Price(rawValue: 43_000_000) ?? .zero, fee: nil, liquidity: .taker,
                        settlement: .confirmed)
                ), &states[index], rows, ledger)
        }
        #expect(ledger.database.walked - walked == 0)
        let found = try ledger.orders(.init(limit: Self.kept))
        #expect(found.count == Self.kept && found.allSatisfy { $0.state.fills.count == 1 && $0.state.isDone })
        // What asks by a part of a name walks them all: the count counts.
        _ = try ledger.orders(named: "v")
        #expect(ledger.database.walked - walked >= Int64(Self.kept))
    }
}
