import Foundation
import Testing
import Trading

@testable import Store

@Suite("Ledger of the account")
struct LedgerAccountTests {
    private func ledger() throws -> Ledger {
        let folder = FileManager.default.temporaryDirectory.appending(path: "arb-account-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return try Ledger(path: folder.appending(path: "ledger.db").path)
    }

    private func keep(_ ledger: Ledger, _ sequence: UInt64, id: String?, filled: Int64, at seconds: Int64) throws {
        let order = NewOrder(
            clOrdID: ClOrdID(prefix: 7, run: 1, sequence: sequence), instrument: InstrumentID(-1), outcome: .yes,
            side: .buy, orderQty: Quantity(rawValue: 10), price: Price(rawValue: 44_000_000) ?? .zero,
            timeInForce: .ioc)
        let instant = UTCNanos(rawValue: seconds * 1_000_000_000)
        let row = try ledger.add(order, venue: .kalshi, pair: "p", symbol: "T", orderID: nil, at: instant)
        var state = OrderState(order)
        let event =
            filled < 0
            ? OrderEvent.sent
            : .summary(
                OrderSummary(standing: .cancelled, cumQty: Quantity(rawValue: filled), leavesQty: Quantity(rawValue: 0))
            )
        state.apply(.sent)
        state.apply(event)
        try ledger.append(
            StoredOrderEvent(at: instant, transactTime: nil, source: .stream, event: event), to: row, state: state,
            orderID: id.map { OrderID($0) })
    }

    @Test("orders that ended since then are named, with what they came to; open and nameless ones are not")
    func ended() throws {
        let ledger = try ledger()
        try keep(ledger, 1, id: "old", filled: 3, at: 10)
        try keep(ledger, 2, id: "a", filled: 4, at: 100)
        try keep(ledger, 3, id: "open", filled: -1, at: 110)
        try keep(ledger, 4, id: nil, filled: 0, at: 120)
        try keep(ledger, 5, id: "b", filled: 0, at: 130)
        let since = UTCNanos(rawValue: 50_000_000_000)
        #expect(try ledger.endedOrders(since: since, limit: 10).map(\.orderID.text) == ["a", "b"])
        #expect(try ledger.endedOrders(since: since, limit: 10).map(\.cumQty.rawValue) == [4, 0])
        #expect(try ledger.endedOrders(since: since, limit: 1).map(\.orderID.text) == ["b"])
    }

    @Test("cash is kept by venue and purse, the newest word in place of the one before")
    func cash() throws {
        let ledger = try ledger()
        #expect(try ledger.cash(at: .kalshi) == nil)
        func shard(_ index: Int?, _ amount: Int64, _ venue: VenueID = .kalshi) -> VenueBalance {
            VenueBalance(
                venue: venue, exchangeIndex: index, cash: Money(rawValue: amount),
                currency: venue == .kalshi ? .usd : .pusd)
        }
        try ledger.keep([shard(0, 5), shard(1, 7)], asOf: UTCNanos(rawValue: 1))
        try ledger.keep([shard(nil, 9, .polymarket)], asOf: UTCNanos(rawValue: 2))
        try ledger.keep([shard(0, 6)], asOf: UTCNanos(rawValue: 3))
        let kalshi = try #require(try ledger.cash(at: .kalshi))
        #expect(kalshi.balances == [shard(0, 6)] && kalshi.asOf == UTCNanos(rawValue: 3))
        #expect(try ledger.cash(at: .polymarket)?.balances == [shard(nil, 9, .polymarket)])
        try ledger.database.execute("UPDATE cash SET currency = 'eur' WHERE venue = 'kalshi'")
        #expect(throws: StoreFault.self) { _ = try ledger.cash(at: .kalshi) }
    }
}
