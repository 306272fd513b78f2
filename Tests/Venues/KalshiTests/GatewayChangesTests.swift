import Codec
import Foundation
import Testing
import Trading
import Transport

@testable import Kalshi

@Suite("Gateway.Changes")
struct GatewayChangesTests {
    private let ref = OrderRef(instrument: InstrumentID(1), orderID: OrderID(OrderSamples.orderID))

    private func last(_ harness: GatewayHarness) throws -> ParsedRequest {
        let request = try ParsedRequest(try #require(harness.sender.sent.last))
        #expect(try request.isSigned(by: harness.verifier))
        return request
    }

    @Test("a cancel names shard and market, costs two tokens of the shard and the connection kept for it")
    func cancel() async throws {
        let harness = try GatewayHarness(connections: 1)
        harness.sender.answer(200, #"{"order_id":"\#(OrderSamples.orderID)","reduced_by":"1.00"}"#)
        let report = await harness.gateway.cancel(ref, deadline: harness.deadline)
        #expect(report == .cancelled(try quantity("1")))
        #expect(harness.tokens(2) == 98 && harness.tokens(0) == 100)
        let request = try last(harness)
        #expect(
            request.line
                == "DELETE /trade-api/v2/portfolio/events/orders/\(OrderSamples.orderID)?exchange_index=2&market_ticker=KXB-T1.5 HTTP/1.1"
        )
        #expect(request.body.isEmpty && request.headers["Content-Length"] == nil)
    }

    @Test("a cancel that cannot be sent says so and holds nothing")
    func notSent() async throws {
        func kind(_ report: CancelReport) -> LocalRefusal.Kind? {
            if case .notSent(let refusal) = report { refusal.kind } else { nil }
        }
        let harness = try GatewayHarness(connections: 0)
        #expect(kind(await harness.gateway.cancel(ref, deadline: harness.deadline)) == .noConnection)
        #expect(harness.tokens(2) == 100)
        let unknown = OrderRef(instrument: InstrumentID(9), orderID: ref.orderID)
        #expect(kind(await harness.gateway.cancel(unknown, deadline: harness.deadline)) == .market)
        let hostile = OrderRef(instrument: InstrumentID(0), orderID: OrderID("../../x?y"))
        #expect(kind(await harness.gateway.cancel(hostile, deadline: harness.deadline)) == .unsupported)
        let poor = try GatewayHarness(capacity: 1, reserve: 0)
        #expect(kind(await poor.gateway.cancel(ref, deadline: poor.deadline)) == .noTokens)
        let gone = try GatewayHarness()
        gone.sender.answer(.notSent(TransportFault(.closed, "gone")))
        #expect(kind(await gone.gateway.cancel(ref, deadline: gone.deadline)) == .noConnection)
        #expect(gone.tokens(2) == 100 && gone.sender.held == 0)
    }

    @Test("a cancel of everything goes out without tokens, for its subaccount alone")
    func cancelAll() async throws {
        let harness = try GatewayHarness(capacity: 1, reserve: 0) { $0.subaccount = 3 }
        harness.sender.answer(204, "")
        #expect(await harness.gateway.cancelAll(deadline: harness.deadline) == .cancelled(nil))
        #expect(try last(harness).line == "DELETE /trade-api/v2/portfolio/events/orders?subaccount=3 HTTP/1.1")
    }

    @Test("a batch of cancels: what cannot be sent is told in its place")
    func cancelBatch() async throws {
        let harness = try GatewayHarness()
        harness.sender.answer(
            200, #"{"orders":[{"order_id":"b","reduced_by":"1.00"},{"order_id":"a","reduced_by":"2.00"}]}"#)
        let refs = [
            OrderRef(instrument: InstrumentID(0), orderID: OrderID("a")),
            OrderRef(instrument: InstrumentID(9), orderID: OrderID("x")),
            OrderRef(instrument: InstrumentID(1), orderID: OrderID("b")),
        ]
        let reports = await harness.gateway.cancelBatch(refs, deadline: harness.deadline)
        guard reports.count == 3, case .notSent = reports[1] else { return #expect(Bool(false), "\(reports)") }
        #expect(try reports[0] == .cancelled(quantity("2")) && reports[2] == .cancelled(quantity("1")))
        #expect(harness.tokens(0) == 96)
        let request = try last(harness)
        #expect(request.line == "DELETE /trade-api/v2/portfolio/events/orders/batched HTTP/1.1")
        #expect(request.body.contains(#""market_ticker":"KXB-T1.5","exchange_index":2"#))
    }

    @Test("amend and decrease name the order, its shard and what shall be left")
    func changes() async throws {
        let harness = try GatewayHarness()
        harness.sender.answer(
            200, #"{"order_id":"\#(OrderSamples.orderID)","remaining_count":"8.00","fill_count":"0.00"}"#)
        let wanted = try harness.order(2, market: 1, at: "0.42", count: "8", lifetime: .gtc)
        let report = await harness.gateway.amend(ref, to: wanted, deadline: harness.deadline)
        guard case .changed(let left) = report else { return #expect(Bool(false), "\(report)") }
        #expect(try left.leavesQty == quantity("8"))
        let request = try last(harness)
        #expect(request.line.hasPrefix("POST /trade-api/v2/portfolio/events/orders/\(OrderSamples.orderID)/amend "))
        let body = try dictionary(Array(request.body.utf8))
        #expect(body["count"] as? String == "8.00" && body["exchange_index"] as? Int == 2)
        #expect(body["updated_client_order_id"] as? String == wanted.clOrdID.description)
        #expect(harness.tokens(2) == 90)

        harness.sender.answer(200, #"{"order_id":"\#(OrderSamples.orderID)","remaining_count":"3.00"}"#)
        guard
            case .changed(let less) = await harness.gateway.decrease(
                ref, to: try quantity("3"), deadline: harness.deadline)
        else { return #expect(Bool(false), "not changed") }
        #expect(try less.leavesQty == quantity("3"))
        #expect(try last(harness).body.hasPrefix(#"{"reduce_to":"3.00""#))
        harness.sender.answer(404, #"{"error":{"code":"not_found"}}"#)
        guard case .notLive = await harness.gateway.decrease(ref, by: try quantity("1"), deadline: harness.deadline)
        else { return #expect(Bool(false), "live") }
        guard
            case .notSent = await harness.gateway.decrease(ref, by: try quantity("0.001"), deadline: harness.deadline),
            case .notSent = await harness.gateway.amend(
                ref, to: try harness.order(3, market: 1), deadline: harness.deadline),
            case .notSent = await harness.gateway.amend(
                ref, to: try harness.order(3, market: 1, at: "0.425", lifetime: .gtc), deadline: harness.deadline)
        else { return #expect(Bool(false), "sent") }
    }

    @Test("order groups: made, triggered without tokens, reset, limited, ended")
    func groups() async throws {
        let harness = try GatewayHarness(capacity: 25, reserve: 0)
        harness.sender.answer(201, #"{"order_group_id":"g-1"}"#)
        let made = await harness.gateway.makeGroup(limit: try quantity("100"), shard: 2, deadline: harness.deadline)
        #expect(made == .done(OrderGroupID("g-1")))
        #expect(try last(harness).body == #"{"contracts_limit_fp":"100.00","exchange_index":2}"#)
        let changes: [(Gateway.GroupChange, String, String)] = [
            (.reset, "PUT", "/reset?exchange_index=2"), (.trigger, "PUT", "/trigger?exchange_index=2"),
            (.trigger, "PUT", "/trigger?exchange_index=2"),
        ]
        for (change, method, end) in changes {
            harness.sender.answer(200, "{}")
            let report = await harness.gateway.change(
                OrderGroupID("g-1"), change, shard: 2, deadline: harness.deadline)
            #expect(report == .done(nil))
            let request = try last(harness)
            #expect(request.line == "\(method) /trade-api/v2/portfolio/order_groups/g-1\(end) HTTP/1.1")
            #expect(request.body == "{}")
        }
        guard
            case .notSent(let refusal) = await harness.gateway.change(
                OrderGroupID("g-1"), .reset, shard: 2, deadline: harness.deadline)
        else { return #expect(Bool(false), "sent") }
        #expect(refusal.kind == .noTokens)
        harness.clock.advance(.seconds(1))
        harness.sender.answer(200, "{}")
        _ = await harness.gateway.change(
            OrderGroupID("g-1"), .limit(try quantity("5")), shard: 2, deadline: harness.deadline)
        #expect(try last(harness).body == #"{"contracts_limit_fp":"5.00"}"#)
        harness.sender.answer(200, "{}")
        _ = await harness.gateway.change(OrderGroupID("g-1"), .delete, shard: 2, deadline: harness.deadline)
        #expect(try last(harness).line.hasPrefix("DELETE /trade-api/v2/portfolio/order_groups/g-1?exchange_index=2 "))
    }

    @Test("a keepalive is a signed read")
    func keepalive() throws {
        let harness = try GatewayHarness()
        let bytes = try harness.gateway.keepaliveRequest(at: harness.now.utc)
        let request = try ParsedRequest(String(decoding: bytes, as: UTF8.self))
        #expect(request.line == "GET /trade-api/v2/exchange/user_data_timestamp HTTP/1.1")
        #expect(try request.isSigned(by: harness.verifier))
    }
}
