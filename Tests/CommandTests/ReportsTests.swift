import Foundation
import Store
import TestKit
import Testing
import Trading

/// `arb latency` and its kin: what was traded, read from the ledger.
@Suite("Reports")
struct ReportsTests {
    private let desk: Desk

    init() throws {
        desk = try Desk()
        try desk.fillOrders()
        let ledger = try Ledger(path: desk.place.path("state/test/ledger.db"))
        let now = UTCNanos(rawValue: Int64(Date().timeIntervalSince1970) * 1_000_000_000)
        try ledger.beginRun(started: now, mode: "live", venues: "loopback", build: "test", configurationSHA256: "00")
        for number in 1...10 as ClosedRange<Int64> {
            try ledger.add(
                [
                    LatencySample(.tickToWire, Nanoseconds(rawValue: number * 1_000)),
                    LatencySample(.ack, venue: .kalshi, .milliseconds(number)),
                ], of: ExecutionID(run: 1, sequence: UInt32(number)), pair: "fed-dec-cut", at: now + .seconds(-number))
        }
    }

    @Test("latency is a table of at most 80 columns, JSON with a schema, and CSV with a header")
    func latency() throws {
        let table = try desk.run("latency")
        #expect(table.status == 0 && table.out.contains("tick_to_wire") && table.err.contains("10 executions"))
        for line in table.lines { #expect(line.count <= 80, "\(line)") }
        let rows = try objects(try desk.run("latency", "--json", "--by", "pair").out)
        #expect(rows.count == 2 && rows.allSatisfy { $0["schema"] as? String == "arb.latency/1" })
        #expect(rows[0]["pair"] as? String == "fed-dec-cut" && rows[0]["p50_ns"] as? Int == 5_000)
        #expect(rows[1]["n"] as? Int == 10 && rows[1]["max_ns"] as? Int == 10_000_000)
        let csv = try desk.run("latency", "--csv", "-", "--stage", "ack")
        #expect(
            csv.out == "pair,venue,stage,n,p50_ns,p90_ns,p99_ns,p999_ns,max_ns\n"
                + ",kalshi,ack,10,5000000,9000000,10000000,10000000,10000000\n")
        let none = try desk.run("latency", "--since", "1ms")
        #expect(none.status == 0 && none.out.isEmpty && none.err.contains("longer --since"))
    }

    @Test("the page is written whole, and a place that cannot be written is exit 73")
    func page() throws {
        let page = try desk.run("latency", "--html", "latency.html")
        #expect(page.status == 0 && page.out.isEmpty)
        let text = try String(contentsOfFile: desk.place.path("latency.html"), encoding: .utf8)
        #expect(text.hasPrefix("<!doctype html>") && text.hasSuffix("</html>\n") && text.contains("account test"))
        let refused = try desk.run("latency", "--html", "nowhere/latency.html")
        #expect(refused.status == 73 && refused.err.contains("nowhere/latency.html"))
        #expect(try desk.run("latency", "--html", "a", "--json").status == 64)
        #expect(try desk.run("latency", "--by", "venues").err.contains("did you mean 'venue'"))
    }

    @Test("the daily report says what holds, fits 80 columns, and has JSON and a page")
    func daily() throws {
        let text = try desk.run("report", "daily", "--since", "1h")
        #expect(text.status == 0 && text.lines.first?.hasPrefix("DAILY REPORT") == true, "\(text.err)")
        #expect(text.out.contains("UNKNOWN 1 leg") && text.out.contains("insufficient_balance"))
        for line in text.lines { #expect(line.count <= 80, "\(line)") }
        let json = try #require(try objects(try desk.run("report", "daily", "--since", "1h", "--json").out).first)
        #expect(json["schema"] as? String == "arb.daily/1" && (json["orders"] as? [Any])?.count == 2)
        #expect(try desk.run("report", "daily", "--html", "day.html").status == 0)
        #expect(try String(contentsOfFile: desk.place.path("day.html"), encoding: .utf8).contains("Daily report"))
        #expect(try desk.run("report", "daily", "--day", "yesterday").status == 64)
        #expect(try desk.run("report", "daily", "--day", "2020-02-29").out.contains("Traded        nothing"))
        #expect(try desk.run("report", "daily", "--day", "2020-02-29", "--since", "1h").status == 64)
    }

    @Test("export writes to a pipe or a file, and a reader that goes away ends it in peace")
    func export() throws {
        let csv = try desk.run("export", "orders")
        #expect(csv.status == 0 && csv.lines.count == 6 && csv.lines[0].hasPrefix("intended,cl_ord_id,order_id"))
        #expect(!csv.out.contains("\u{1B}"))
        #expect(try objects(try desk.run("export", "orders", "--json").out).count == 5)
        let rows = try objects(try desk.run("export", "fills", "--format", "ndjson").out)
        #expect(rows.count == 3 - 1 && rows.allSatisfy { $0["schema"] as? String == "arb.export.fills/1" })
        let file = try desk.run("export", "latency", "--out", "latency.csv", "--since", "1h")
        #expect(file.status == 0 && file.out.isEmpty)
        let text = try String(contentsOfFile: desk.place.path("latency.csv"), encoding: .utf8)
        #expect(text.split(separator: "\n").count == 21)
        #expect(try desk.run("export", "orders", "--out", "nowhere/x").status == 73)
        #expect(try desk.run("export", "order").err.contains("did you mean 'orders'"))
        #expect(try desk.run("export", "orders", "--format", "xml").status == 64)
    }

    @Test("opportunities of a run that trades say what was fired, and why the rest was not")
    func fired() throws {
        let ledger = try Ledger(path: desk.place.path("state/test/ledger.db"))
        let now = UTCNanos(rawValue: Int64(Date().timeIntervalSince1970) * 1_000_000_000)
        try ledger.beginRun(started: now, mode: "live", venues: "loopback", build: "test", configurationSHA256: "00")
        for sequence in 1...2 as ClosedRange<UInt64> {
            try ledger.add(
                Ledger.OpportunityRow(
                    sequence: sequence, pair: "fed-dec-cut", kind: "cross-venue", direction: "d", disposition: "taken",
                    born: now + .seconds(-Int64(sequence)), orderQty: .zero, locked: .zero, edge: .cent, edgeBps: 5,
                    bestEdge: .cent, bestQty: .zero, json: #"{"schema":"arb.opportunity/1","id":\#(sequence)}"#))
        }
        try ledger.keep(
            Ledger.ExecutionRow(
                id: ExecutionID(run: UInt32(ledger.run), sequence: 1), pair: "fed-dec-cut", direction: "d",
                mode: "live",
                result: "filled", edgeExpected: .cent, decided: now, opportunity: 1))
        try ledger.add(
            Ledger.RefusalRow(
                opportunity: 2, pair: "fed-dec-cut", at: now, code: "E_EXEC_RISK_REFUSED", reason: "opposite_open",
                text: "opposite_open", edge: .cent))
        let rows = try objects(try desk.run("opportunities", "--json").out)
        #expect(rows.map { $0["fired"] as? Int } == [1, 0])
        #expect(rows[1]["refusal"] as? String == "opposite_open" && rows[0]["refusal"] is NSNull)
        let table = try desk.run("opportunities")
        #expect(table.out.contains("fired") && table.out.contains(" not"))
        for line in table.lines { #expect(line.count <= 80, "\(line)") }
        #expect(try desk.run("opportunities", "--csv").lines[1].hasSuffix(",1,"))
    }
}
