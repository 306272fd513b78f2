import Foundation
import Testing
import Trading

@testable import Store

@Suite("Ledger of orders")
struct LedgerOrdersTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "arb-orders-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private var path: String { folder.appending(path: "ledger.db").path }

    private func order(
        _ sequence: UInt64, _ side: Side = .buy, _ outcome: Outcome = .yes, _ timeInForce: TimeInForce = .ioc,
        purpose: OrderPurpose = .entry
    ) -> NewOrder {
        NewOrder(
            clOrdID: ClOrdID(prefix: 7, run: 1, sequence: sequence), instrument: InstrumentID(-1), outcome: outcome,
            side: side, orderQty: Quantity(rawValue: 1_000_000_000), price: Price(rawValue: 44_000_000) ?? .zero,
            cashOrderQty: sequence == 2 ? Money(rawValue: 440_000_000) : nil, timeInForce: timeInForce,
            isPostOnly: sequence == 3, isReduceOnly: sequence == 4, purpose: purpose)
    }

    private static let fill = Fill(
        execID: ExecID("a"), lastQty: Quantity(rawValue: 400_000_000), lastPx: Price(rawValue: 43_000_000) ?? .zero,
        fee: nil, liquidity: .maker, settlement: .matched)

    /// One of each that can be told, with every field.
    private static let everything: [OrderEvent] = [
        .sent, .notSent(LocalRefusal(.noTokens, "no tokens")),
        .summary(
            OrderSummary(
                standing: .working, cumQty: Quantity(rawValue: 5), leavesQty: Quantity(rawValue: 7),
                avgPx: Price(rawValue: 9), cumCash: Money(rawValue: 11), fee: Money(rawValue: 13), reason: "why")),
        .summary(OrderSummary(standing: .expired, cumQty: nil, leavesQty: nil)), .fill(fill),
        .settlement(ExecID("a"), .failed),
        .rejected(
            VenueRejection(.throttled, status: 429, code: "c'); --", text: "t\n", retryAfter: .milliseconds(5))),
        .unknown(.timeout), .unknown(.connectionLost("reset")), .unknown(.serverError(503)),
        .unknown(.unreadable("<html>")), .unknown(.restart), .cannotEnter("tombstone"),
    ]

    private func keep(
        _ ledger: Ledger, _ order: NewOrder, _ events: [OrderEvent], venue: VenueID = .kalshi, id: String? = nil,
        symbol: String = "T", at seconds: Int64 = 100
    ) throws -> Int64 {
        let start = UTCNanos(rawValue: seconds * 1_000_000_000)
        let row = try ledger.add(order, venue: venue, pair: "fed", symbol: symbol, orderID: nil, at: start)
        var state = OrderState(order)
        for (index, event) in events.enumerated() {
            state.apply(event)
            try ledger.append(
                StoredOrderEvent(
                    at: start + .seconds(Int64(index + 1)), transactTime: nil, source: .stream, event: event),
                to: row, state: state, orderID: id.map { OrderID($0) })
        }
        return row
    }

    @Test("everything that can be told of an order is given back as it was, and adds up to the same state")
    func events() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let ledger = try Ledger(path: path)
        let wanted = order(2, .buy, .no, .gtd(UTCNanos(rawValue: 99)))
        let row = try keep(ledger, wanted, Self.everything, venue: .polymarket, id: "0xAB")
        let reader = try Ledger.reader(path: path)
        #expect(try reader.events(of: row).map(\.event) == Self.everything)
        let found = try #require(try reader.orders(.init()).first)
        var state = OrderState(wanted)
        for event in Self.everything { state.apply(event) }
        #expect(found.state == state && found.orderID == OrderID("0xAB") && found.venue == .polymarket)
        #expect(found.pair == "fed" && found.symbol == "T" && found.intended == UTCNanos(rawValue: 100_000_000_000))
        #expect(found.sent == UTCNanos(rawValue: 101_000_000_000))
        #expect(found.heard == UTCNanos(rawValue: 113_000_000_000))
    }

    @Test("flags and times in force come back", arguments: [TimeInForce.ioc, .fok, .gtc, .gtd(UTCNanos(rawValue: 7))])
    func fields(timeInForce: TimeInForce) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let ledger = try Ledger(path: path)
        for sequence in 1...4 as ClosedRange<UInt64> {
            _ = try keep(ledger, order(sequence, .sell, .no, timeInForce, purpose: .close), [])
        }
        #expect(
            try ledger.orders(.init()).map(\.state.order)
                == (1...4).reversed().map { order($0, .sell, .no, timeInForce, purpose: .close) })
    }

    @Test("orders are found by standing, time, venue and the beginning of either name")
    func filters() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let ledger = try Ledger(path: path)
        let kill = OrderEvent.rejected(VenueRejection(.unfilled, status: 409, code: "fok"))
        _ = try keep(ledger, order(1), [.sent, kill], at: 100)
        _ = try keep(ledger, order(2), [.sent, .unknown(.timeout)], venue: .polymarket, id: "0xabcd", at: 200)
        _ = try keep(ledger, order(3), [.sent], at: 300)
        _ = try keep(ledger, order(4), [.sent, kill], at: 400)
        func sequences(_ change: (inout Ledger.OrderFilter) -> Void) throws -> [UInt64] {
            var filter = Ledger.OrderFilter()
            change(&filter)
            return try ledger.orders(filter).map { $0.state.order.clOrdID.low & 0xFF }
        }
        #expect(try sequences { _ in } == [4, 3, 2, 1])
        #expect(try sequences { $0.standing = .unknown } == [2])
        #expect(try sequences { $0.standing = .open } == [3, 2])
        #expect(try sequences { $0.standing = .done } == [4, 1])
        // What is not done is found however old it is.
        #expect(try sequences { $0.since = UTCNanos(rawValue: 350_000_000_000) } == [4, 3, 2])
        #expect(try sequences { $0.venue = .polymarket } == [2])
        #expect(try sequences { $0.limit = 1 } == [4])
        #expect(try ledger.orders(named: "0xab").count == 1 && ledger.orders(named: "00000007").count == 2)
        let exact = ClOrdID(prefix: 7, run: 1, sequence: 3).description
        #expect(try ledger.orders(named: exact).map(\.row) == [3])
        #expect(try ledger.orders(named: "' OR 1=1").isEmpty)
    }

    @Test("what was told is never changed, an id is kept once, a tombstone shares its original's")
    func appendOnly() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let ledger = try Ledger(path: path)
        _ = try keep(ledger, order(1), [.sent])
        #expect(throws: StoreFault.self) { try keep(ledger, order(1), []) }
        _ = try keep(ledger, order(1, purpose: .tombstone), [])
        #expect(throws: StoreFault.self) { try keep(ledger, order(1, purpose: .tombstone), []) }
        #expect(throws: StoreFault.self) { try ledger.database.execute("UPDATE order_events SET kind = 'x'") }
        let first = try ledger.orders(named: order(1).clOrdID.description).first
        #expect(first?.state.order.purpose == .entry)
    }

    @Test("positions are our fills, void ones left out, both outcomes apart")
    func positions() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let ledger = try Ledger(path: path)
        let filled = OrderEvent.fill(Self.fill)
        _ = try keep(ledger, order(1), [filled])
        _ = try keep(ledger, order(5, .buy, .no), [filled], venue: .polymarket, symbol: "C")
        _ = try keep(
            ledger, order(6, .sell),
            [
                .summary(
                    OrderSummary(
                        standing: .cancelled, cumQty: Quantity(rawValue: 100_000_000), leavesQty: .zero))
            ])
        _ = try keep(ledger, order(7), [filled, .settlement(ExecID("a"), .failed)])
        #expect(
            try ledger.positions() == [
                VenuePosition(venue: .kalshi, symbol: "T", outcome: .yes, quantity: Quantity(rawValue: 300_000_000)),
                VenuePosition(
                    venue: .polymarket, symbol: "C", outcome: .no, quantity: Quantity(rawValue: 400_000_000)),
            ])
        var settlements: [String] = []
        try ledger.database.query("SELECT settlement FROM fills ORDER BY order_row") {
            settlements.append($0.text(0) ?? "")
        }
        #expect(settlements == ["matched", "matched", "failed"])
        // Old orders that came to nothing go; what was filled stays.
        _ = try keep(ledger, order(8), [.notSent(LocalRefusal(.signing, "no"))])
        try ledger.prune(before: UTCNanos(rawValue: .max))
        #expect(try ledger.orders(.init()).count == 4)
        #expect(try ledger.positions().count == 2)
    }

    @Test("a ledger of the first schema is brought up with its rows, and a reader of it finds no orders")
    func migration() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        do {
            let old = try Database(path: path)
            try old.execute(
                Schema.steps[0] + "PRAGMA application_id = \(Schema.applicationID); PRAGMA user_version = 1;"
                    + "INSERT INTO runs (started, mode, venues, build, config_sha256) VALUES ('x','y','z','b','c');")
        }
        #expect(try Ledger.reader(path: path).orders(.init()).isEmpty)
        #expect(try Ledger.reader(path: path).positions().isEmpty)
        do {
            let ledger = try Ledger(path: path)
            _ = try keep(ledger, order(1), Self.everything)
        }
        let again = try Ledger(path: path)
        var runs: Int64 = 0, version: Int64 = 0
        try again.database.query("SELECT count(*) FROM runs") { runs = $0.integer(0) ?? 0 }
        try again.database.query("PRAGMA user_version") { version = $0.integer(0) ?? 0 }
        #expect(runs == 1 && version == Int64(Schema.steps.count))
        #expect(try again.orders(.init()).count == 1)
        // The build before knows one step less: what it sees is the future, and it refuses.
        try again.database.execute("PRAGMA user_version = \(Schema.steps.count + 1)")
        let fault = #expect(throws: StoreFault.self) { try Ledger(path: path) }
        #expect(fault?.code == "E_STORE_FUTURE")
    }

    @Test("a row that this build did not write is an error, not a guess")
    func damage() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let ledger = try Ledger(path: path)
        let row = try keep(ledger, order(1), [.sent])
        try ledger.database.execute(
            "INSERT INTO order_events (order_row, at, at_utc, source, kind) "
                + "VALUES (\(row), 'x', 1, 'stream', 'new kind')")
        let event = #expect(throws: StoreFault.self) { try ledger.orders(.init()) }
        #expect(event?.code == "E_STORE_CORRUPT")
        try ledger.database.execute("DELETE FROM order_events; UPDATE orders SET venue = 'other'")
        let order = #expect(throws: StoreFault.self) { try ledger.orders(.init()) }
        #expect(order?.code == "E_STORE_CORRUPT")
    }
}
