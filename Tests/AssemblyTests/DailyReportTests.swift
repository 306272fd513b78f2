import Assembly
import Codec
import Foundation
import Store
import Testing
import Trading

@Suite("The daily report")
struct DailyReportTests {
    private static let day = UTCNanos(rawValue: 1_800_000_000_000_000_000 / 86_400_000_000_000 * 86_400_000_000_000)

    private func usd(_ text: String) -> Money {
        do {
            return try Money(decimal: text)
        } catch {
            Issue.record("\(text) is no amount")
            return .zero
        }
    }

    /// A day with three executions, one of yesterday, refusals, a trip and an order that is unknown.
    private func withDay(_ body: (Ledger, DailyReport) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "/daily-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let ledger = try Ledger(path: folder + "/ledger.db")
        try ledger.beginRun(
            started: Self.day, mode: "live", venues: "loopback", build: "test", configurationSHA256: "00")
        try executions(ledger)
        try orders(ledger)
        try opportunities(ledger)
        try ledger.add(
            Ledger.BreakerRow(
                at: Self.day + .seconds(50), scope: "global", event: "trip", isOpen: true, reasons: "errors",
                since: Self.day + .seconds(50), text: "breaker open: three refusals"))
        try ledger.add(
            Ledger.HaltRow(
                at: Self.day + .seconds(60), action: "halt", who: "op", host: "h", reason: "lunch\u{1B}[2J"))
        try ledger.addAlert(
            level: "critical", code: "E_EXEC_CIRCUIT_OPEN", text: "x", at: Self.day + .seconds(50))
        let report = try DailyReport(
            ledger, account: "test", from: Self.day, until: Self.day + .seconds(86_400), at: Self.day + .seconds(3_600))
        try body(ledger, report)
    }

    private func executions(_ ledger: Ledger) throws {
        let rows: [(UInt32, Int64, String, String, String, String?, UInt64?)] = [
            (1, 10, "fed", "filled", "1.10", "1.00000001", 1), (2, 20, "fed", "unwound", "2.00", "-0.50", 2),
            (3, 30, "cpi", "unknown", "0.25", nil, 3), (4, -10, "fed", "filled", "9.00", "9.00", nil),
        ]
        for (number, second, pair, result, expected, realized, opportunity) in rows {
            try ledger.keep(
                Ledger.ExecutionRow(
                    id: ExecutionID(run: 1, sequence: number), pair: pair, direction: "d", mode: "live", result: result,
                    edgeExpected: usd(expected), edgeRealized: realized.map { usd($0) },
                    decided: Self.day + .seconds(second), opportunity: opportunity))
        }
        try ledger.keep(
            Ledger.BoxRow(
                execution: ExecutionID(run: 1, sequence: 1), pair: "fed", state: "open", isOver: false,
                quantity: Quantity(rawValue: 1_000_000_000), cost: usd("9"), payoff: usd("10"),
                pnl: usd("1"), opened: Self.day, changed: Self.day))
        try ledger.keep(
            Ledger.BoxRow(
                execution: ExecutionID(run: 1, sequence: 2), pair: "fed", state: "settled", isOver: true,
                quantity: .zero, cost: usd("0.50"), payoff: .zero, pnl: usd("-0.50"), opened: Self.day,
                changed: Self.day))
    }

    private func orders(_ ledger: Ledger) throws {
        let price = try #require(Price(rawValue: 44_000_000))
        let stories: [(VenueID, Int64, OrderRole, UInt32, Side, [OrderEvent])] = [
            (
                .kalshi, 10, .leg, 1, .buy,
                [
                    .sent,
                    .fill(
                        Fill(
                            execID: ExecID("a"), lastQty: Quantity(rawValue: 1_000_000_000), lastPx: price,
                            fee: usd("0.1725"), liquidity: .taker, settlement: .confirmed)),
                    .summary(
                        OrderSummary(
                            standing: .filled, cumQty: Quantity(rawValue: 1_000_000_000), leavesQty: .zero)),
                ]
            ),
            (
                .polymarket, 20, .sell, 2, .sell,
                [
                    .sent,
                    .fill(
                        Fill(
                            execID: ExecID("b"), lastQty: Quantity(rawValue: 123_456_700), lastPx: price, fee: nil,
                            liquidity: .taker, settlement: .confirmed)),
                ]
            ),
            (.kalshi, 30, .leg, 3, .buy, [.sent, .unknown(.timeout)]),
            (
                .polymarket, 31, .leg, 3, .buy,
                [.sent, .rejected(VenueRejection(.balance, status: 400, code: "no_cash", text: "no"))]
            ),
            (.kalshi, -10, .leg, 4, .buy, [.sent, .rejected(VenueRejection(.balance, status: 400, code: "old"))]),
        ]
        for (number, story) in stories.enumerated() {
            let order = NewOrder(
                clOrdID: ClOrdID(prefix: 1, run: 1, sequence: UInt64(number)), instrument: InstrumentID(-1),
                outcome: .yes, side: story.4, orderQty: Quantity(rawValue: 1_000_000_000), price: price,
                timeInForce: .ioc)
            let at = Self.day + .seconds(story.1)
            let row = try ledger.add(
                order, venue: story.0, pair: "fed", symbol: "S\(number)", orderID: OrderID("o\(number)"), at: at,
                execution: ExecutionID(run: 1, sequence: story.3), role: story.2)
            var state = OrderState(order)
            for event in story.5 {
                state.apply(event)
                try ledger.append(
                    StoredOrderEvent(at: at, transactTime: at, source: .stream, event: event), to: row, state: state,
                    orderID: nil)
            }
        }
    }

    private func opportunities(_ ledger: Ledger) throws {
        let rows: [(UInt64, String, String)] = [
            (1, "taken", "cross-venue"), (2, "taken", "cross-venue"), (3, "taken", "cross-venue"),
            (4, "taken", "cross-venue"), (5, "taken", "cross-venue"), (6, "stale_book", "cross-venue"),
            (7, "taken", "all-no"),
        ]
        for (sequence, disposition, kind) in rows {
            try ledger.add(
                Ledger.OpportunityRow(
                    sequence: sequence, pair: "fed", kind: kind, direction: "d", disposition: disposition,
                    born: Self.day + .seconds(Int64(sequence)), orderQty: .zero, locked: .zero, edge: .zero,
                    edgeBps: 0, bestEdge: usd("1.50"), bestQty: .zero, json: "{}"))
        }
        for reason in ["max_pair_usd", "opposite_open"] {
            try ledger.add(
                Ledger.RefusalRow(
                    opportunity: 4, pair: "fed", at: Self.day + .seconds(4), code: "E_EXEC_RISK_REFUSED",
                    reason: reason, text: reason + ": 2 wanted, 1 admitted", edge: .cent))
        }
        try ledger.add(
            FeedNotice(code: "E_FEED_BOOK_VOID", text: "gap"), at: Self.day + .seconds(5), instrument: nil)
    }

    @Test("sums are exact, of this day alone, and what is not known is no zero")
    func sums() throws {
        try withDay { _, report in
            #expect(report.total.count == 3 && report.total.open == 1)
            #expect(report.total.expected == usd("3.35") && report.total.net == usd("0.50000001"))
            #expect(report.locked.net == usd("1.00000001") && report.unwound.net == usd("-0.50"))
            #expect(report.pairs.map(\.pair) == ["fed", "cpi"] && report.pairs[0].fired == 2)
            #expect(report.exposure.word == "unknown" && report.exposure.unknown == 1 && report.exposure.boxes == 1)
            #expect(report.exposure.locked == usd("1") && report.closes == ["sell": 1])
        }
    }

    @Test("orders are counted by how they ended, money stays with its venue")
    func venues() throws {
        try withDay { _, report in
            let kalshi = report.venues[0], polymarket = report.venues[1]
            #expect(kalshi.orders == ["filled": 1, "unknown": 1] && kalshi.fills == 1)
            #expect(kalshi.spent == usd("4.40") && kalshi.fees == usd("0.1725") && kalshi.feesOpen == 0)
            #expect(polymarket.orders["rejected"] == 1 && polymarket.sold == Quantity(rawValue: 123_456_700))
            #expect(polymarket.feesOpen == 1 && polymarket.spent == .zero)
            #expect(report.orderFaults.map(\.second).sorted() == ["rejected no_cash", "unknown timeout"])
        }
    }

    @Test("an opportunity that passed and was not fired is missed, with the newest reason")
    func missed() throws {
        try withDay { _, report in
            #expect(
                report.missed.map { [$0.first, $0.second] }.sorted { $0[0] < $1[0] } == [
                    ["", ""], ["E_EXEC_RISK_REFUSED", "opposite_open"],
                ])
            #expect(report.missed.allSatisfy { $0.count == 1 && $0.sum.rawValue == 150_000_000 })
            #expect(report.opportunities.reduce(0) { $0 + $1.count } == 7)
        }
    }

    @Test("lines fit 80 columns, say what holds now first, and let no word act on a terminal")
    func lines() throws {
        try withDay { _, report in
            let text = report.lines.joined(separator: "\n")
            for line in report.lines { #expect(line.count <= 80, "\(line)") }
            let now = try #require(report.lines.first { $0.hasPrefix("Now") })
            #expect(now.contains("UNKNOWN 1 leg") && report.lines.firstIndex(of: now) ?? 9 < 4)
            for word in [
                "3 executions: 1 filled, 1 unwound, 1 unknown", "0.50000001", "1 trip; OPEN NOW: global", "lunch",
                "opposite_open", "stale_book", "outcome sets", "E_FEED_BOOK_VOID", "no_cash", "1 not known yet",
            ] {
                #expect(text.contains(word), "\(word)")
            }
            #expect(!text.contains("\u{1B}"))
        }
    }

    @Test("JSON has money as strings and every section, and the page is whole")
    func forms() throws {
        try withDay { _, report in
            var json = JSONWriter()
            report.write(into: &json)
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any])
            #expect(object["schema"] as? String == "arb.daily/1" && object["model"] as? Bool == false)
            let executions = try #require(object["executions"] as? [String: [String: Any]])
            #expect(executions["total"]?["net_usd"] as? String == "0.50000001")
            #expect((object["missed"] as? [Any])?.count == 2 && (object["halts"] as? [Any])?.count == 1)
            let page = DailyPage.text(report, build: "test")
            #expect(page.hasPrefix("<!doctype html>") && page.contains("UNKNOWN") && !page.contains("\u{1B}"))
        }
    }

    @Test("paper is called a model, whatever else is said")
    func paper() throws {
        try withDay { ledger, _ in
            try ledger.keep(
                Ledger.ExecutionRow(
                    id: ExecutionID(run: 1, sequence: 9), pair: "fed", direction: "d", mode: "paper", result: "filled",
                    edgeExpected: .cent, edgeRealized: .cent, decided: Self.day + .seconds(9)))
            let report = try DailyReport(
                ledger, account: "a", from: Self.day, until: Self.day + .seconds(86_400), at: Self.day + .seconds(99))
            #expect(report.isPaper && report.lines[1].contains("PAPER: every fill is a model"))
        }
    }

    @Test("an empty ledger is a quiet day")
    func empty() throws {
        let folder = NSTemporaryDirectory() + "/daily-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let report = try DailyReport(
            try Ledger(path: folder + "/ledger.db"), account: "a", from: Self.day, until: Self.day + .seconds(1),
            at: Self.day)
        let text = report.lines.joined(separator: "\n")
        #expect(text.contains("FLAT") && text.contains("Traded        nothing") && text.contains("closed all the time"))
    }
}
