import Foundation
import Store
import TestKit
import Trading

extension Desk {
    /// A name of one of the orders below, as the venue or we call it.
    static func name(_ sequence: UInt64) -> String {
        ClOrdID(prefix: 0xAB12_CD34, run: 1, sequence: sequence).description
    }

    /// Orders of the last minutes: filled, unknown with hostile words, working, refused, and one that is wrong all over.
    func fillOrders() throws {
        let folder = try persist { try StateFolder(root: place.path("state"), account: "test") }
        let ledger = try Ledger(path: folder.path + "/ledger.db")
        let start = UTCNanos(rawValue: Int64(Date().timeIntervalSince1970) * 1_000_000_000) + .seconds(-600)
        func qty(_ contracts: Int64) -> Quantity { Quantity(rawValue: contracts * 100_000_000) }
        func fill(_ name: String, _ contracts: Int64) -> OrderEvent {
            .fill(
                Fill(
                    execID: ExecID(name), lastQty: qty(contracts), lastPx: Price(rawValue: 44_000_000) ?? .zero,
                    fee: .cent, liquidity: .taker, settlement: .confirmed))
        }
        let hostile = "\u{1B}[2J\u{7}evil\n" + String(repeating: "long ", count: 60)
        let stories: [(VenueID, String, String?, TimeInForce, [OrderEvent])] = [
            (
                .kalshi, "KXFEDDECISION-26DEC-C25-WITH-A-LONG-NAME", "3b23c1c7-f4ef-4f0d-8b9a-9e53c61f1a0d", .ioc,
                [
                    .sent, fill("f1", 4),
                    .summary(OrderSummary(standing: .cancelled, cumQty: qty(4), leavesQty: .zero, reason: "ioc")),
                ]
            ),
            (
                .polymarket, "0x" + String(repeating: "b", count: 64), "0x" + String(repeating: "d", count: 64), .fok,
                [.sent, .unknown(.unreadable(hostile))]
            ),
            (
                .kalshi, "KXWORKING", "K3", .gtd(start + .seconds(86_400)),
                [.sent, .summary(OrderSummary(standing: .working, cumQty: qty(1), leavesQty: qty(9)))]
            ),
            (
                .kalshi, "KXREFUSED", nil, .fok,
                [.sent, .rejected(VenueRejection(.balance, status: 400, code: "insufficient_balance", text: hostile))]
            ),
            (
                .polymarket, "0x" + String(repeating: "c", count: 64), "0x" + String(repeating: "e", count: 64), .ioc,
                [
                    .notSent(LocalRefusal(.noTokens, "no tokens")), fill("g", 30),
                    .settlement(ExecID("g"), .failed), .settlement(ExecID("g"), .confirmed),
                    .cannotEnter("tombstone"), .unknown(.serverError(503)),
                ]
            ),
        ]
        for (index, story) in stories.enumerated() {
            let order = NewOrder(
                clOrdID: ClOrdID(prefix: 0xAB12_CD34, run: 1, sequence: UInt64(index)), instrument: InstrumentID(-1),
                outcome: index == 1 ? .no : .yes, side: .buy, orderQty: qty(10),
                price: Price(rawValue: 44_000_000) ?? .zero,
                cashOrderQty: story.0 == .polymarket ? Money(rawValue: 440_000_000) : nil, timeInForce: story.3)
            let recorded = start + .seconds(Int64(index))
            let row = try ledger.add(
                order, venue: story.0, pair: "fed-dec-cut", symbol: story.1, orderID: nil, at: recorded)
            var state = OrderState(order)
            for (step, event) in story.4.enumerated() {
                state.apply(event)
                try ledger.append(
                    StoredOrderEvent(
                        at: recorded + .milliseconds(Int64(step + 1)), transactTime: recorded, source: .stream,
                        event: event),
                    to: row, state: state, orderID: story.2.map { OrderID($0) })
            }
        }
    }
}
