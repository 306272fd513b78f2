import Foundation
import Testing
import Trading
import Transport

@testable import Polymarket

/// What an answer came to, short enough for a table.
private func word(_ outcome: LegReport.Outcome) -> String {
    switch outcome {
    case .notSent(let refusal): "not sent \(refusal.kind.rawValue)"
    case .accepted(let summary):
        "\(summary.standing.rawValue) \(summary.cumQty.map(\.description) ?? "-")"
            + " \(summary.leavesQty.map(\.description) ?? "-") \(summary.cumCash.map(\.description) ?? "-")"
    case .rejected(let rejection): "rejected \(rejection.kind.rawValue)"
    case .unknown(.timeout): "unknown timeout"
    case .unknown(.connectionLost): "unknown lost"
    case .unknown(.serverError(let status)): "unknown \(status)"
    case .unknown(.unreadable): "unknown unreadable"
    case .unknown(.restart): "unknown restart"
    }
}

private func word(_ report: CancelReport) -> String {
    switch report {
    case .cancelled: "cancelled"
    case .notLive: "not live"
    case .rejected(let rejection): "rejected \(rejection.kind.rawValue)"
    case .notSent: "not sent"
    case .unknown: "unknown"
    }
}

@Suite("Gateway: what answers come to")
struct GatewayOutcomesTests {
    private let policy = OutcomePolicy()
    private static let hash = "0xd653e88e6effe5ab1223ac36db989c949b780fbc22dadf0a1f6a074477c6b08b"

    /// 21.04 shares at 0.56: 11.7824 pUSD.
    private func sent(_ side: Trading.Side = .buy, _ life: TimeInForce = .fok) throws -> SentOrder {
        let order = NewOrder(
            clOrdID: ClOrdID(high: 1, low: 1), instrument: InstrumentID(0), outcome: .yes, side: side,
            orderQty: try Quantity(decimal: "21.04"), price: try Price(decimal: "0.56"), timeInForce: life)
        let money = BaseUnits(rawValue: 11_782_400), shares = BaseUnits(rawValue: 21_040_000)
        return SentOrder(
            order: order, orderID: OrderID(Self.hash),
            amounts: side == .buy ? Amounts(maker: money, taker: shares) : Amounts(maker: shares, taker: money),
            signed: MonotonicNanos(rawValue: 1))
    }

    private func outcome(_ wire: WireOutcome, _ side: Trading.Side = .buy, _ life: TimeInForce = .fok) throws -> String
    {
        word(policy.verdict(wire, of: try sent(side, life)).outcome)
    }

    private func body(
        _ status: String, making: String = "\"\"", taking: String = "\"\"", id: String = hash, success: Bool = true,
        error: String = ""
    ) -> WireOutcome {
        GatewayHarness.answer(
            200,
            """
            {"success":\(success),"errorMsg":"\(error)","orderID":"\(id)","status":"\(status)",\
            "makingAmount":\(making),"takingAmount":\(taking),"tradeIDs":["7d0c1c1e-0000-4000-8000-000000000001"]}
            """)
    }

    @Test("matched with amounts is a fill, in words of shares and of money, for buys and for sales")
    func matched() throws {
        let whole = body("matched", making: "\"11.7824\"", taking: "\"21.04\"")
        #expect(try outcome(whole) == "filled 21.04 0 11.7824")
        let sold = body("matched", making: "\"21.04\"", taking: "\"11.7824\"")
        #expect(try outcome(sold, .sell) == "filled 21.04 0 11.7824")
        let part = body("matched", making: "\"2.8\"", taking: "\"5\"")
        #expect(try outcome(part, .buy, .ioc) == "cancelled 5 0 2.80")
        #expect(try outcome(part, .buy, .gtc) == "working 5 16.04 2.80")
        // A better price buys more than was asked for.
        let improved = body("matched", making: "\"11.7824\"", taking: "\"22\"")
        #expect(try outcome(improved) == "filled 22 0 11.7824")
        // Numbers instead of texts.
        #expect(try outcome(body("MATCHED", making: "11.7824", taking: "21.04")) == "filled 21.04 0 11.7824")
        guard case .accepted(let summary) = policy.verdict(improved, of: try sent()).outcome else {
            Issue.record("a fill")
            return
        }
        #expect(summary.avgPx == Price(rawValue: 53_556_363))
    }

    @Test(
        "matched without what makes a fill certain is unknown",
        arguments: [
            ("\"\"", "\"\""), ("\"11.7824\"", "\"0\""), ("\"11.7824\"", "\"\""), ("\"\"", "\"21.04\""),
            ("\"11782400\"", "\"21040000\""), ("null", "null"), ("\"11.7824\"", "\"x\""), ("\"11.7824\"", "\"11\""),
            ("\"-1\"", "\"1\""),
        ])
    func uncertain(making: String, taking: String) throws {
        #expect(try outcome(body("matched", making: making, taking: taking)) == "unknown unreadable")
    }

    @Test("live is working for what rests, and a contradiction for what never does; delayed is a state of its own")
    func standings() throws {
        #expect(try outcome(body("live"), .buy, .gtc) == "working - - -")
        #expect(try outcome(body("live"), .buy, .fok) == "unknown unreadable")
        #expect(try outcome(body("live"), .buy, .ioc) == "unknown unreadable")
        #expect(try outcome(body("delayed")) == "delayed - - -")
        #expect(try outcome(body("unmatched")) == "unknown unreadable")
        #expect(try outcome(body("unmatched"), .buy, .gtc) == "unknown unreadable")
        #expect(try outcome(body("settling")) == "unknown unreadable")
        #expect(try outcome(body("live", success: false), .buy, .gtc) == "unknown unreadable")
        #expect(try outcome(body("delayed", id: "")) == "unknown unreadable")
    }

    @Test("no status: refused where a listed text says so, with or without id and success; otherwise unknown")
    func noStatus() throws {
        let killed = "order couldn't be fully filled. FOK orders are fully filled or killed."
        #expect(try outcome(body("", error: killed)) == "rejected unfilled")
        #expect(try outcome(GatewayHarness.error(400, killed)) == "rejected unfilled")
        #expect(try outcome(body("", id: "", error: "not enough balance / allowance")) == "rejected balance")
        #expect(try outcome(body("", id: "", success: false, error: "not enough balance")) == "rejected balance")
        #expect(try outcome(body("", id: "")) == "unknown unreadable")
        #expect(try outcome(body("")) == "unknown unreadable")
        #expect(try outcome(body("", error: "something new")) == "unknown unreadable")
        #expect(try outcome(body("", id: "", error: "order timed out")) == "unknown unreadable")
        let bare = "{\"success\":true,\"errorMsg\":\"\(killed)\",\"orderID\":\"\(Self.hash)\"}"
        #expect(try outcome(GatewayHarness.answer(200, bare)) == "rejected unfilled")
    }

    @Test("an answer about another order is no answer to ours; the case of its letters does not matter")
    func otherOrder() throws {
        let other = "0x" + String(repeating: "ab", count: 32)
        let fill = (making: "\"11.7824\"", taking: "\"21.04\"")
        #expect(
            try outcome(body("matched", making: fill.making, taking: fill.taking, id: other)) == "unknown unreadable")
        #expect(try outcome(body("", id: other, error: "not enough balance")) == "unknown unreadable")
        let upper = "0x" + Self.hash.dropFirst(2).uppercased()
        #expect(
            try outcome(body("matched", making: fill.making, taking: fill.taking, id: upper))
                == "filled 21.04 0 11.7824")
    }

    @Test(
        "every documented text",
        arguments: [
            (401, "Unauthorized/Invalid api key", "rejected authentication"),
            (401, "Invalid L1 Request headers", "rejected authentication"),
            (401, "words of a later version", "rejected authentication"),
            (400, "Invalid order payload", "rejected other"), (400, "Invalid orderID", "rejected other"),
            (400, "Invalid token id", "rejected other"), (400, "Invalid side", "rejected other"),
            (400, "Invalid payload", "rejected other"), (400, "Payload exceeds the limit", "rejected other"),
            (400, "invalid order params payload", "rejected other"),
            (400, "Invalid trade params payload", "rejected other"), (400, "Invalid asset type", "rejected other"),
            (400, "Invalid signature_type", "rejected other"),
            (400, "the order owner has to be the owner of the API KEY", "rejected authentication"),
            (400, "the order signer address has to be the address of the API KEY", "rejected authentication"),
            (400, "'0xf39F' address banned", "rejected account"),
            (400, "'0xf39F' address in closed only mode", "rejected account"),
            (400, "maker address not allowed", "rejected account"),
            (400, "Too many orders in payload: 16, max allowed: 15", "rejected other"),
            (400, "order_version_mismatch", "rejected version"),
            (400, "order 0xd6 is invalid. Price (0.561) breaks minimum tick size rule: 0.01", "rejected price"),
            (400, "order 0xd6 is invalid. Size (1) lower than the minimum: 5", "rejected size"),
            (400, "invalid amount for a marketable BUY order ($0.56), min size: $1", "rejected size"),
            (400, "order 0xd6 is invalid. Duplicated.", "rejected duplicate"),
            (400, "invalid post-only order: order crosses book", "rejected post_only"),
            (400, "order 0xd6 crosses the book", "rejected post_only"),
            (400, "not enough balance / allowance: the balance is not enough -> balance: 0", "rejected balance"),
            (400, "not enough balance / allowance: allowance is not enough", "rejected balance"),
            (400, "invalid expiration", "rejected other"),
            (400, "order couldn't be fully filled. FOK orders are fully filled or killed.", "rejected unfilled"),
            (
                400,
                "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found.",
                "rejected unfilled"
            ),
            (400, "the market is not yet ready to process new orders", "rejected market"),
            (400, "order match delayed due to market conditions", "unknown unreadable"),
            (400, "order canceled in the CTF exchange contract", "unknown unreadable"),
            (400, "context canceled", "unknown unreadable"), (400, "words of a later version", "unknown unreadable"),
            (403, "Trading restricted in your region, please refer to available regions", "rejected account"),
            (403, "words of a later version", "rejected account"),
            (404, "No orderbook exists for the requested token id", "rejected market"),
            (404, "market not found", "rejected market"), (404, "fee rate not found for market", "rejected market"),
            (404, "order not found in engine", "unknown unreadable"),
            (425, "Too Early", "rejected venue_mode"), (429, "Too Many Requests", "rejected throttled"),
            (500, "could not insert order", "unknown 500"), (500, "order timed out", "unknown 500"),
            (500, "there are no matching orders", "unknown 500"),
            (500, "FOK orders are filled or killed", "unknown 500"),
            (500, "the trade contains rounding issues", "unknown 500"),
            (
                500, "the price of the taker's order has a discrepancy greater than allowed with the worst maker order",
                "unknown 500"
            ),
            (500, "not enough balance / allowance", "unknown 500"),
            (503, "Trading is currently disabled, please try later", "rejected venue_mode"),
            (
                503, "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.",
                "rejected venue_mode"
            ),
            (503, "post-only mode: only post-only orders and cancels are allowed", "rejected venue_mode"),
            (503, "upstream connect error", "unknown 503"), (502, "Bad Gateway", "unknown 502"),
            (504, "Gateway Timeout", "unknown 504"), (408, "Request Timeout", "unknown 408"),
            (409, "conflict", "unknown unreadable"), (302, "moved", "unknown unreadable"),
        ] as [(Int, String, String)])
    func texts(status: Int, text: String, wanted: String) throws {
        #expect(try outcome(GatewayHarness.error(status, text)) == wanted)
        // The venue's letters have changed case before.
        #expect(try outcome(GatewayHarness.error(status, text.uppercased())) == wanted)
    }

    @Test("answers that cannot be read are unknown, whatever their status; two statuses speak for themselves")
    func unreadable() throws {
        let html = "<html>blocked</html>"
        for status in [200, 400, 401, 403, 404] {
            #expect(try outcome(GatewayHarness.answer(status, html, type: "text/html")) == "unknown unreadable")
            let torn = GatewayHarness.answer(status, "{\"error\":")
            #expect(try outcome(torn) == "unknown unreadable")
        }
        #expect(try outcome(GatewayHarness.answer(425, html, type: "text/html")) == "rejected venue_mode")
        #expect(try outcome(GatewayHarness.answer(429, "", type: "")) == "rejected throttled")
        #expect(try outcome(GatewayHarness.answer(503, html, type: "text/html")) == "unknown 503")
        let twice = "{\"success\":true,\"orderID\":\"\(Self.hash)\",\"status\":\"live\",\"status\":\"matched\"}"
        #expect(try outcome(GatewayHarness.answer(200, twice)) == "unknown unreadable")
        #expect(try outcome(GatewayHarness.answer(200, "[]")) == "unknown unreadable")
        #expect(try outcome(GatewayHarness.answer(200, "{}")) == "unknown unreadable")
    }

    @Test("what did not leave is not sent; what may have is unknown: by deadline, or by the connection's end")
    func network() throws {
        #expect(try outcome(.notSent(TransportFault(.closed, "gone"))) == "not sent E_EXEC_NO_CONNECTION")
        let sent = MonotonicNanos(rawValue: 9)
        #expect(try outcome(.lost(TransportFault(.timeout, "late"), sent: sent)) == "unknown timeout")
        #expect(try outcome(.lost(TransportFault(.closed, "reset"), sent: sent)) == "unknown lost")
        #expect(try outcome(.lost(TransportFault(.tooLarge, "endless"), sent: sent)) == "unknown lost")
        let verdict = policy.verdict(.lost(TransportFault(.timeout, "late"), sent: sent), of: try self.sent())
        let report = verdict.report(try self.sent())
        #expect(report.stamps.sent == sent && report.stamps.acked == nil && report.orderID == OrderID(Self.hash))
    }

    @Test("when it may be asked again: by header, by body, or not said")
    func retryAfter() throws {
        func pause(_ wire: WireOutcome) throws -> Nanoseconds? {
            guard case .rejected(let rejection) = policy.verdict(wire, of: try sent()).outcome else { return nil }
            return rejection.retryAfter
        }
        #expect(try pause(GatewayHarness.error(429, "Too Many Requests", retryAfter: .seconds(3))) == .seconds(3))
        #expect(try pause(GatewayHarness.error(429, "Too Many Requests")) == nil)
        let timed = "{\"error\":\"post-only mode\",\"code\":\"post_only_mode\",\"retry_after_seconds\":90}"
        #expect(try pause(GatewayHarness.answer(503, timed)) == .seconds(90))
        let endless = "{\"error\":\"post-only mode\",\"retry_after_seconds\":99999999}"
        #expect(try pause(GatewayHarness.answer(503, endless)) == nil)
    }

    @Test("a batch is judged leg by leg; legs that cannot be counted are all unknown")
    func batch() throws {
        let first = try sent(.buy, .gtc)
        let second = SentOrder(
            order: first.order, orderID: OrderID("0x" + String(repeating: "bb", count: 32)), amounts: first.amounts,
            signed: first.signed)
        let leg = "{\"success\":true,\"errorMsg\":\"\",\"orderID\":\"\(Self.hash)\",\"status\":\"live\"}"
        let bad = "{\"success\":true,\"errorMsg\":\"not enough balance / allowance\",\"orderID\":\"\",\"status\":\"\"}"
        func words(_ text: String) -> [String] {
            policy.verdicts(GatewayHarness.answer(200, text), of: [first, second], isBatch: true).map {
                word($0.outcome)
            }
        }
        #expect(words("[\(leg),\(bad)]") == ["working - - -", "rejected balance"])
        #expect(words("[\(bad),\(leg)]") == ["rejected balance", "unknown unreadable"])
        #expect(words("[\(leg)]") == ["unknown unreadable", "unknown unreadable"])
        #expect(words(leg) == ["unknown unreadable", "unknown unreadable"])
        let refused = policy.verdicts(
            GatewayHarness.error(400, "Too many orders in payload: 16, max allowed: 15"), of: [first, second],
            isBatch: true)
        #expect(refused.map { word($0.outcome) } == ["rejected other", "rejected other"])
    }

    @Test("cancels: cancelled, not live, refused, unknown; none says that an order did not fill")
    func cancels() {
        let id = OrderID(Self.hash)
        func cancel(_ wire: WireOutcome) -> String { word(policy.report(wire, cancelling: id)) }
        func answer(_ text: String) -> WireOutcome { GatewayHarness.answer(200, text) }
        #expect(cancel(answer("{\"canceled\":[\"\(Self.hash)\"],\"not_canceled\":{}}")) == "cancelled")
        #expect(cancel(answer("{\"canceled\":[\"\(Self.hash)\"],\"not_canceled\":null}")) == "cancelled")
        let gone = "{\"canceled\":[],\"not_canceled\":{\"\(Self.hash)\":\"already canceled or matched\"}}"
        #expect(cancel(answer(gone)) == "not live")
        let held = "{\"canceled\":[],\"not_canceled\":{\"\(Self.hash)\":\"the order is delayed\"}}"
        #expect(cancel(answer(held)) == "rejected other")
        #expect(cancel(answer("{\"canceled\":[],\"not_canceled\":{}}")) == "unknown")
        #expect(cancel(answer("{\"canceled\":[\"0xother\"]}")) == "unknown")
        #expect(cancel(answer("{}")) == "unknown")
        #expect(cancel(GatewayHarness.error(404, "order not found")) == "not live")
        #expect(cancel(GatewayHarness.error(400, "Invalid orderID")) == "rejected other")
        #expect(cancel(GatewayHarness.error(401, "Unauthorized/Invalid api key")) == "rejected authentication")
        #expect(cancel(GatewayHarness.error(429, "Too Many Requests")) == "rejected throttled")
        #expect(cancel(GatewayHarness.error(425, "")) == "rejected venue_mode")
        #expect(cancel(GatewayHarness.error(500, "internal")) == "unknown")
        #expect(cancel(.notSent(TransportFault(.closed, "gone"))) == "not sent")
        let lost = WireOutcome.lost(TransportFault(.timeout, "late"), sent: MonotonicNanos(rawValue: 1))
        #expect(cancel(lost) == "unknown")
        func all(_ text: String) -> String { word(policy.reportOfAll(answer(text))) }
        #expect(all("{\"canceled\":[],\"not_canceled\":{}}") == "cancelled")
        #expect(all(gone) == "cancelled")
        #expect(all(held) == "rejected other")
    }

    @Test("the real answers of a full and of a partial fill", .enabled(if: RealOrders.areThere))
    func real() throws {
        for (name, wanted, life) in [
            ("poly_full_fill_real", "filled 5 0 2.65", TimeInForce.ioc),
            ("poly_partial_fill_real", "cancelled 5 0 2.35", .ioc),
        ] {
            let item = try RealOrders.object(name)
            let asked = item.object("request").object("body").object("order")
            let response = item.object("response")
            let maker = try #require(UInt64(asked.text("makerAmount")))
            let taker = try #require(UInt64(asked.text("takerAmount")))
            let order = NewOrder(
                clOrdID: ClOrdID(high: 1, low: 1), instrument: InstrumentID(0), outcome: .yes, side: .buy,
                orderQty: Quantity(rawValue: Int64(taker) * 100), price: .cent, timeInForce: life)
            let sent = SentOrder(
                order: order, orderID: OrderID(response.object("body_parsed").text("orderID")),
                amounts: Amounts(maker: BaseUnits(rawValue: maker), taker: BaseUnits(rawValue: taker)),
                signed: MonotonicNanos(rawValue: 1))
            let answer = GatewayHarness.answer(
                try #require(response["status"] as? Int), response.text("body_raw"), type: "application/json")
            #expect(word(policy.verdict(answer, of: sent).outcome) == wanted)
        }
    }
}

/// Recorded orders, read in place; the test is skipped, and says so, where they are not there.
enum RealOrders {
    static func object(_ name: String) throws -> [String: Any] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../../../shared/data/orders")
        let data = try Data(contentsOf: root.appending(path: "\(name).json"))
        return try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    static var areThere: Bool { (try? object("poly_full_fill_real")) != nil }
}
