import Assembly
import Foundation
import Store
import Testing
import Trading

@Suite("Export")
struct ExportTests {
    /// The contract: another order or another name is another contract.
    private static let contract: [String: String] = [
        "orders":
            "intended,cl_ord_id,order_id,execution,role,venue,pair,symbol,token,outcome,side,purpose,time_in_force,"
            + "order_qty,limit_px,cash_order_qty,state,cum_qty,leaves_qty,voided_qty,avg_px,cum_cash,fee,fee_whole,sent,"
            + "heard,text",
        "fills":
            "at,exec_id,cl_ord_id,order_id,execution,role,venue,pair,symbol,outcome,side,last_qty,last_px,fee,liquidity,"
            + "settlement",
        "executions":
            "decided,id,pair,direction,mode,result,edge_expected_usd,edge_realized_usd,opportunity,error",
        "boxes": "opened,execution,pair,state,over,quantity,cost_usd,payoff_usd,net_usd,payout,changed",
        "opportunities":
            "born,pair,kind,direction,disposition,order_qty,locked_usd,edge_usd,edge_bps,best_edge_usd,best_qty,"
            + "lifetime_ns,end_reason,judged_net_usd,judged_filled,id",
        "refusals": "at,opportunity,pair,code,reason,text,edge_usd",
        "latency": "at,execution,pair,venue,stage,duration_ns",
        "breakers": "at,scope,event,open,reasons,figure,limit,since,text",
        "receipts": "at,venue,kind,cl_ord_id,order_id,http,body",
    ]

    @Test("the columns of every table are those of the contract", arguments: Export.Table.allCases)
    func columns(table: Export.Table) {
        #expect(Export.columns(table).joined(separator: ",") == Self.contract[table.rawValue])
    }

    private static let start = UTCNanos(rawValue: 1_800_000_000_000_000_000)

    private func withLedger(_ body: (Ledger) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "/export-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let ledger = try Ledger(path: folder + "/ledger.db")
        try ledger.beginRun(
            started: Self.start, mode: "live", venues: "loopback", build: "test", configurationSHA256: "00")
        let price = try #require(Price(rawValue: 44_000_000))
        for number in 0..<3 as Range<UInt64> {
            let order = NewOrder(
                clOrdID: ClOrdID(prefix: 1, run: 1, sequence: number), instrument: InstrumentID(-1), outcome: .no,
                side: .buy, orderQty: Quantity(rawValue: 1_000_000_000), price: price, timeInForce: .ioc)
            let at = Self.start + .seconds(Int64(number))
            let row = try ledger.add(
                order, venue: number == 2 ? .polymarket : .kalshi, pair: "p\(number)", symbol: "a,\"b\"", orderID: nil,
                at: at, execution: ExecutionID(run: 1, sequence: 1), role: .leg)
            var state = OrderState(order)
            let event = OrderEvent.fill(
                Fill(
                    execID: ExecID("f\(number)"), lastQty: Quantity(rawValue: 123_456_700), lastPx: price,
                    fee: number == 1 ? nil : .cent, liquidity: .taker, settlement: .confirmed))
            state.apply(event)
            try ledger.append(
                StoredOrderEvent(at: at, transactTime: nil, source: .stream, event: event), to: row, state: state,
                orderID: OrderID("o\(number)"))
        }
        try ledger.keep(
            Ledger.ExecutionRow(
                id: ExecutionID(run: 1, sequence: 1), pair: "p0", direction: "d", mode: "live", result: "filled",
                edgeExpected: .cent, decided: Self.start, json: #"{"schema":"arb.execution/1","id":"1-1"}"#,
                opportunity: 9))
        try ledger.keep(
            Ledger.BoxRow(
                execution: ExecutionID(run: 1, sequence: 1), pair: "p0", state: "open", isOver: false,
                quantity: Quantity(rawValue: 1), cost: .cent, payoff: .cent, pnl: Money(rawValue: -1),
                opened: Self.start, changed: Self.start))
        try ledger.add(
            [LatencySample(.ack, venue: .kalshi, .milliseconds(1))], of: ExecutionID(run: 1, sequence: 1), pair: "p0",
            at: Self.start)
        try ledger.add(
            Ledger.RefusalRow(
                opportunity: 3, pair: "p0", at: Self.start, code: "E_X", reason: "why", text: "=why", edge: .cent))
        try ledger.add(
            Ledger.BreakerRow(
                at: Self.start, scope: "global", event: "trip", isOpen: true, reasons: "errors", since: Self.start))
        try ledger.addReceipt(
            ReceiptMark(
                venue: .kalshi, kind: .create, clOrdID: nil, orderID: OrderID("o1"), status: 400, at: Self.start),
            Array("{\"error\":\"why\"}".utf8))
        try ledger.transaction { () throws(StoreFault) in
            try ledger.add(
                Ledger.OpportunityRow(
                    sequence: 9, pair: "p0", kind: "cross-venue", direction: "d", disposition: "taken",
                    born: Self.start, orderQty: .zero, locked: .zero, edge: .cent, edgeBps: 5, bestEdge: .cent,
                    bestQty: .zero, json: #"{"schema":"arb.opportunity/1","id":9}"#))
        }
        try body(ledger)
    }

    private func lines(
        _ table: Export.Table, _ format: Export.Format, _ ledger: Ledger, _ filter: Export.Filter = .init()
    ) throws -> [String] {
        var bytes: [UInt8] = []
        try Export.run(table, format, from: ledger, filter) { bytes += $0 }
        #expect(bytes.isEmpty || bytes.last == UInt8(ascii: "\n"))
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test("every table has as many cells a row as columns, in both forms", arguments: Export.Table.allCases)
    func rows(table: Export.Table) throws {
        try withLedger { ledger in
            let csv = try lines(table, .csv, ledger)
            #expect(csv.count >= 2 && csv[0] == Export.columns(table).joined(separator: ","))
            let objects = try lines(table, .ndjson, ledger)
            #expect(objects.count == csv.count - 1)
            for line in objects {
                let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
                #expect((object["schema"] as? String)?.hasPrefix("arb.") == true)
                if table == .orders { #expect(object.count == Export.columns(table).count + 1) }
            }
        }
    }

    @Test("amounts are exact, what is not known is empty, text is quoted, formulas are text")
    func cells() throws {
        try withLedger { ledger in
            let fills = try lines(.fills, .csv, ledger)
            #expect(fills[1].contains(",\"a,\"\"b\"\"\",no,buy,1.234567,0.44,0.01,taker,confirmed"))
            #expect(fills[2].contains(",0.44,,taker,confirmed"))
            #expect(try lines(.refusals, .csv, ledger)[1].contains(",'=why,"))
            #expect(try lines(.boxes, .csv, ledger)[1].contains(",-0.00000001,,"))
            let object = try lines(.fills, .ndjson, ledger)[1]
            #expect(object.contains("\"fee\":null") && object.contains("\"last_qty\":\"1.234567\""))
            #expect(try lines(.executions, .ndjson, ledger) == [#"{"schema":"arb.execution/1","id":"1-1"}"#])
        }
    }

    @Test("filters by time, pair and venue")
    func filters() throws {
        try withLedger { (ledger: Ledger) throws in
            var filter = Export.Filter()
            filter.venue = .kalshi
            #expect(try lines(.orders, .ndjson, ledger, filter).count == 2)
            filter.since = Self.start + .seconds(1)
            #expect(try lines(.fills, .ndjson, ledger, filter).count == 1)
            filter.pair = "p0"
            #expect(try lines(.orders, .ndjson, ledger, filter).isEmpty)
        }
    }

    @Test("what the reader throws ends the export")
    func ends() throws {
        struct Enough: Error {}
        try withLedger { ledger in
            #expect(throws: Enough.self) {
                try Export.run(.orders, .csv, from: ledger) { _ in throw Enough() }
            }
        }
    }
}
