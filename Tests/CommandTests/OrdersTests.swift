import Foundation
import TestKit
import Testing

/// `arb orders`, `arb orders show`, `arb positions`: our side of the story, read from the ledger.
@Suite("Orders and positions")
struct OrdersTests {
    private let desk: Desk

    init() throws {
        desk = try Desk()
        try desk.fillOrders()
    }

    @Test("orders are filtered by state, time, venue and number, newest first")
    func filters() throws {
        func ids(_ words: String...) throws -> [String] {
            let outcome = try desk.arb.run(["orders", "--json"] + words, in: desk.place.url)
            #expect(outcome.status == 0, "\(outcome.err)")
            return try objects(outcome.out).map { String(($0["cl_ord_id"] as? String ?? "").suffix(1)) }
        }
        #expect(try ids() == ["4", "3", "2", "1", "0"])
        #expect(try ids("--state", "unknown") == ["1"])
        #expect(try ids("--state", "open") == ["2", "1"])
        #expect(try ids("--state", "done") == ["4", "3", "0"])
        #expect(try ids("--venue", "polymarket") == ["4", "1"])
        #expect(try ids("--limit", "2") == ["4", "3"])
        // What may still work is shown however old it is.
        #expect(try ids("--since", "1s") == ["2", "1"])
    }

    @Test("amounts are strings, states are words, and unknown is said before anything else")
    func fields() throws {
        let orders = try objects(try desk.run("orders", "--json").out)
        let filled = try #require(orders.last)
        #expect(filled["schema"] as? String == "arb.order/1" && filled["state"] as? String == "cancelled")
        #expect(filled["cum_qty"] as? String == "4" && filled["leaves_qty"] as? String == "0")
        #expect(filled["avg_px"] as? String == "0.44" && filled["cum_cash"] as? String == "1.76")
        #expect(filled["fee"] as? String == "0.01" && filled["fee_whole"] as? Bool == true)
        let unknown = try #require(orders.first { $0["state"] as? String == "unknown" })
        #expect(unknown["ord_status"] as? String == "pending_new" && unknown["cash_order_qty"] as? String == "4.40")
        #expect(orders[0]["anomalies"] as? [String] == ["overfill", "contradiction", "settlement_differs"])
        let text = try desk.run("orders")
        #expect(text.out.contains("UNKNOWN") && text.err.contains("5 orders, UNKNOWN 1"))
    }

    @Test("one order is found by either name or its beginning, and told from the first event to the last")
    func show() throws {
        let whole = try desk.run("orders", "show", Desk.name(0))
        #expect(whole.status == 0, "\(whole.err)")
        for word in ["recorded", "sent", "fill 4 at 0.44, taker", "cancelled, 4 filled (ioc)", "4 for 1.76"] {
            #expect(whole.out.contains(word), "\(word)")
        }
        #expect(try desk.run("orders", "show", "3b23c1c7").out == whole.out)
        let json = try #require(try objects(try desk.run("orders", "show", "K3", "--json").out).first)
        let events = try #require(json["events"] as? [[String: Any]])
        #expect(events.map { $0["kind"] as? String } == ["sent", "summary"])
        #expect(events.allSatisfy { $0["source"] as? String == "stream" && $0["at"] is String })
        let none = try desk.run("orders", "show", "nobody")
        #expect(none.status == 1 && none.err.contains("no order is called 'nobody'"))
        let many = try desk.run("orders", "show", "ab12cd34", "--json")
        #expect(many.status == 1 && many.err.contains("E_EXEC_NO_ORDER") && many.err.contains("more than one"))
    }

    @Test("hostile words of a venue reach no terminal as they are", arguments: 0..<5 as Range<UInt64>)
    func hostile(sequence: UInt64) throws {
        let outcome = try desk.run("orders", "show", Desk.name(sequence))
        #expect(outcome.status == 0 && !outcome.out.contains("\u{1B}") && !outcome.out.contains("\u{7}"))
        for line in outcome.lines { #expect(line.count <= 80, "\(line)") }
    }

    @Test("positions: UNKNOWN first, what is held, and what it may become")
    func positions() throws {
        let text = try desk.run("positions")
        #expect(text.status == 0 && text.lines.first == "UNKNOWN 1 leg")
        for line in text.lines { #expect(line.count <= 80, "\(line)") }
        let rows = try objects(try desk.run("positions", "--json").out)
        let unknown = try #require(rows.first { $0["unknown_orders"] as? Int == 1 })
        #expect(unknown["quantity"] as? String == "0" && unknown["quantity_max"] as? String == "10")
        let working = try #require(rows.first { $0["symbol"] as? String == "KXWORKING" })
        #expect(working["quantity"] as? String == "1" && working["quantity_min"] as? String == "1")
        #expect(working["quantity_max"] as? String == "10" && working["open_orders"] as? Int == 1)
        #expect(rows.count == 4)
        #expect(try desk.run("positions", "--venue", "kalshi").lines.first == "HOLDING 2")
    }

    @Test("an account without orders is FLAT; one without a ledger is not reachable")
    func empty() throws {
        let other = try Desk()
        #expect(try other.run("orders").status == 69 && other.run("positions").status == 69)
        try other.fillLedger(1)
        let flat = try other.run("positions")
        #expect(flat.status == 0 && flat.out == "FLAT\n")
        let none = try other.run("orders")
        #expect(none.status == 0 && none.out.isEmpty && none.err.contains("no orders"))
    }
}
