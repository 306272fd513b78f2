import Arb
import Testing
import Trading

@Suite("OrderRegistry: prices of the other outcome")
struct OrderRegistryOutcomeTests {
    private let stamp = Stamp(monotonic: MonotonicNanos(rawValue: 1), utc: UTCNanos(rawValue: 1))

    private func sale() throws -> NewOrder {
        NewOrder(
            clOrdID: ClOrdID(prefix: 1, run: 1, sequence: 1), instrument: InstrumentID(0), outcome: .yes, side: .sell,
            orderQty: try Quantity(decimal: "10"), price: try Price(decimal: "0.40"), isReduceOnly: true)
    }

    @Test("a sale of YES that the venue tells as a buy of NO is booked at its own price, by stream, list and fills")
    func sold() throws {
        let orderID = OrderID("o")
        let fill = Fill(
            execID: ExecID("t"), lastQty: try Quantity(decimal: "4"), lastPx: try Price(decimal: "0.55"), fee: nil,
            liquidity: .taker, settlement: .confirmed)
        let summary = OrderSummary(
            standing: .cancelled, cumQty: try Quantity(decimal: "4"), leavesQty: .zero,
            avgPx: try Price(decimal: "0.55"), cumCash: try Money(decimal: "2.20"))
        for isStray in [false, true] {
            var registry = OrderRegistry(prefix: 1)
            let handle = try registry.add(sale(), venue: .kalshi, symbol: "KXA", orderID: nil, at: stamp)
            if !isStray {
                registry.apply(
                    LegReport(
                        clOrdID: try sale().clOrdID, orderID: orderID, outcome: .unknown(.timeout),
                        stamps: .init(signed: stamp.monotonic)), to: handle, at: stamp)
            }
            _ = registry.apply(
                ExecutionReport(
                    venue: .kalshi, orderID: orderID, clOrdID: nil, symbol: "KXA", event: .fill(fill), outcome: .no,
                    source: .stream, transactTime: nil), at: stamp)
            _ = registry.apply(
                VenueFill(
                    orderID: orderID, symbol: "KXA", outcome: .no, side: .buy, fill: fill, transactTime: nil),
                venue: .kalshi, at: stamp)
            _ = registry.apply(
                VenueOrder(
                    orderID: orderID, clOrdID: try sale().clOrdID, symbol: "KXA", outcome: .no, side: .buy,
                    price: try Price(decimal: "0.60"), orderQty: try Quantity(decimal: "10"), summary: summary,
                    createdAt: nil), venue: .kalshi, at: stamp)
            let state = registry[handle].state
            #expect(try state.cumQty == Quantity(decimal: "4") && state.avgPx == Price(decimal: "0.45"))
            #expect(
                try state.cumCash == Money(decimal: "1.80") && state.fills.map(\.lastPx) == [Price(decimal: "0.45")])
            #expect(state.anomalies.isEmpty, "\(state.anomalies.words)")
        }
    }

    @Test("what is told in the order's own outcome, or in none, stays as it is")
    func own() throws {
        let event = OrderEvent.summary(
            OrderSummary(standing: .working, cumQty: .zero, leavesQty: .zero, avgPx: try Price(decimal: "0.30")))
        for outcome in [Outcome.yes, nil] {
            let report = ExecutionReport(
                venue: .kalshi, orderID: nil, clOrdID: nil, symbol: "", event: event, outcome: outcome, source: .stream,
                transactTime: nil)
            #expect(report.event(trading: .yes) == event)
        }
        let refused = ExecutionReport(
            venue: .kalshi, orderID: nil, clOrdID: nil, symbol: "", event: .sent, outcome: .no, source: .local,
            transactTime: nil)
        #expect(refused.event(trading: .yes) == .sent)
    }
}
