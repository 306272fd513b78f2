import Codec
import Foundation
import Testing
import Trading

@testable import Kalshi

@Suite("Wire.Answers")
struct WireAnswersTests {
    private let reader = JSONReader(limits: .webSocket)
    private func root(_ name: String) throws -> JSONValue {
        try reader.read([UInt8](OrderSamples.named(name).answer))
    }
    private func real(_ name: String) throws -> JSONValue { try reader.read(OrderSamples.recorded(name).body) }

    @Test("creates: partial, nothing, resting, whole")
    func creates() throws {
        let partial = try Wire.create(root("create_ioc_partial"))
        #expect(partial.orderID == OrderSamples.orderID && partial.clientOrderID?.hasSuffix("0001") == true)
        #expect(try partial.fillCount == quantity("4") && partial.remainingCount == .zero)
        #expect(try partial.averageFillPrice == price("0.44") && partial.averageFeePaid == money("0.01725"))
        #expect(partial.stamp == UTCNanos(milliseconds: 1_795_219_200_123))
        for name in ["create_ioc_no_fill", "create_self_cross_taker_at_cross"] {
            let none = try Wire.create(root(name))
            #expect(none.fillCount == .zero && none.remainingCount == .zero && none.averageFillPrice == nil)
        }
        #expect(try Wire.create(root("create_gtc_rests")).remainingCount == quantity("10"))
        #expect(try Wire.create(root("create_fok_filled")).fillCount == quantity("10"))
    }

    @Test("a batch tells each leg apart")
    func batch() throws {
        let legs = try Wire.batchCreate(root("batch_create"))
        guard legs.count == 2, case .done(let first) = legs[0], case .refused(nil, let id?, let error) = legs[1] else {
            return #expect(Bool(false), "\(legs)")
        }
        #expect(try first.fillCount == quantity("4"))
        #expect(id.hasSuffix("0002") && error.code == "invalid_price")
        guard case .done(let cancelled) = try #require(Wire.batchCancel(root("batch_cancel")).first) else {
            return #expect(Bool(false), "no leg")
        }
        #expect(try cancelled.reducedBy == quantity("10"))
    }

    @Test("cancel, amend, decrease, group")
    func changes() throws {
        #expect(try Wire.cancel(root("cancel")).reducedBy == quantity("10"))
        let amended = try Wire.amend(root("amend"))
        #expect(try amended.remainingCount == quantity("8") && amended.fillCount == .zero)
        #expect(amended.averageFillPrice == nil && amended.clientOrderID?.hasSuffix("0003") == true)
        #expect(try Wire.decrease(root("decrease")).remainingCount == quantity("3"))
        let group = try Wire.groupCreated(root("order_group_create"))
        #expect(group.id == "c4b1a2d3-0000-4000-8000-00000000000a" && group.exchangeIndex == 0)
        #expect(throws: WireFault.self) { try Wire.decrease(reader.read(#"{"order_id":"a"}"#)) }
        #expect(try Wire.amend(reader.read(#"{"order_id":"a"}"#)).remainingCount == nil)
    }

    @Test("all four shapes of errors, and no other body is one")
    func errors() throws {
        func body(_ text: String) throws -> Wire.ErrorBody? { Wire.errorBody(try reader.read(text)) }
        #expect(try Wire.errorBody(root("create_off_tick"))?.shape == .nested)
        #expect(try Wire.errorBody(root("create_post_only_cross"))?.details == "post only cross")
        #expect(try Wire.errorBody(root("create_numeric_count"))?.shape == .flat)
        #expect(try Wire.errorBody(root("rate_limited"))?.message == "too many requests")
        #expect(try body(#"{"msg":"Parameter validation failed"}"#)?.shape == .bare)
        for text in [
            "{}", "[]", #"{"error":null}"#, #"{"error":{}}"#, #"{"error":""}"#, #"{"error":7}"#, #"{"code":7}"#,
            #"{"code":"a","code":"b"}"#, #"{"error":{"code":"a","code":"b"}}"#, #"{"message":"x"}"#,
        ] { #expect(try body(text) == nil, "\(text)") }
        let long = String(repeating: "x", count: 5_000)
        #expect(try body("{\"error\":\"\(long)\"}")?.message.utf8.count == Wire.ErrorBody.lengthMax)
    }

    @Test(
        "an answer whose amounts are not what they should be is no answer",
        arguments: [
            #"{"fill_count":"1.00","remaining_count":"0.00"}"#,
            #"{"order_id":"","fill_count":"1.00","remaining_count":"0.00"}"#,
            #"{"order_id":"a","remaining_count":"0.00"}"#,
            #"{"order_id":"a","fill_count":"1.00"}"#,
            #"{"order_id":"a","fill_count":null,"remaining_count":"0.00"}"#,
            #"{"order_id":"a","fill_count":1,"remaining_count":"0.00"}"#,
            #"{"order_id":"a","fill_count":"-1.00","remaining_count":"0.00"}"#,
            #"{"order_id":"a","fill_count":"1e2","remaining_count":"0.00"}"#,
            #"{"order_id":"a","fill_count":"1.000000001","remaining_count":"0.00"}"#,
            #"{"order_id":"a","fill_count":"999999999999999","remaining_count":"0.00"}"#,
            #"{"order_id":"a","fill_count":"1.00","remaining_count":"0.00","average_fill_price":"1.0000"}"#,
            #"{"order_id":"a","fill_count":"1.00","remaining_count":"0.00","average_fill_price":0.5}"#,
            #"{"order_id":"a","fill_count":"1.00","fill_count":"2.00","remaining_count":"0.00"}"#,
            #"{"order_id":"a","fill_count":"1.00","remaining_count":"0.00","ts_ms":"1"}"#,
            #"{"order_id":7,"fill_count":"1.00","remaining_count":"0.00"}"#, "[]", "null",
        ])
    func strict(text: String) {
        #expect(throws: WireFault.self) { try Wire.create(reader.read(text)) }
    }

    @Test("answers of June 2026 as they were recorded", .enabled(if: Samples.areThere))
    func recorded() throws {
        #expect(try Wire.create(real("orders__create_v2_maker")).remainingCount == quantity("1"))
        let taker = try Wire.create(real("orders__create_v2_taker_ioc"))
        #expect(try taker.averageFillPrice == price("0.52") && taker.averageFeePaid == money("0.0175"))
        #expect(try Wire.create(real("orders__stp_self_cross")).fillCount == .zero)
        #expect(try Wire.cancel(real("orders__cancel_v2")).clientOrderID == nil)
        let refusals = [
            "orders__cancel_already_canceled": "not_found", "orders__cancel_executed": "not_found",
            "orders__cancel_unknown_id": "not_found", "orders__duplicate_client_order_id": "order_already_exists",
            "orders__reuse_canceled_client_id": "order_already_exists",
            "orders__insufficient_balance": "insufficient_balance", "orders__invalid_price_structure": "invalid_price",
            "orders__numeric_field_types": "bad_request", "orders__post_only_cross": "invalid_order",
            "auth__bad_signature": "authentication_error", "auth__unknown_key_id": "authentication_error",
            "auth__skew_minus30s": "header_timestamp_expired",
            "auth__missing_signature_header": "signature_is_missing_from_headers",
        ]
        for (name, code) in refusals { #expect(try Wire.errorBody(real(name))?.code == code, "\(name)") }
        let sale = try Samples.object(
            Samples.sample("data/orders/kalshi_sell_insufficient_position_real.json"))
        let body = try reader.read(sale.object("response").text("body_raw"))
        #expect(Wire.errorBody(body)?.code == "insufficient_balance")
    }
}

@Suite("Wire.Account")
struct WireAccountTests {
    private let reader = JSONReader(limits: .webSocket)
    private func root(_ name: String) throws -> JSONValue {
        try reader.read([UInt8](OrderSamples.named(name).answer))
    }
    private func real(_ name: String) throws -> JSONValue { try reader.read(OrderSamples.recorded(name).body) }

    @Test("an order: status, sums, cost in the outcome that it gets")
    func orders() throws {
        let done = try Wire.order(root("order_get"))
        #expect(done.status == .canceled && done.outcome == .yes && done.ticker == OrderSamples.ticker)
        #expect(try done.fillCount == quantity("4") && done.initialCount == quantity("10"))
        #expect(try done.fillCost == money("1.76") && done.fees == money("0.069") && done.exchangeIndex == 0)
        #expect(done.createdAt == UTCNanos(rfc3339: "2026-11-21T00:00:00.120000Z"))
        let page = try Wire.orders(root("orders_list"))
        #expect(try page.cursor == nil && page.rows.count == 1 && page.rows[0].remainingCount == quantity("10"))
    }

    @Test("fills, positions, balances by shard, settlements")
    func amounts() throws {
        let fill = try #require(Wire.fills(root("fills")).rows.first)
        #expect(try fill.quantity == quantity("4") && fill.yesPrice == price("0.44") && fill.isTaker)
        #expect(
            try fill.fee == money("0.069") && fill.outcome == .yes && fill.orderID == OrderSamples.orderID)
        let position = try #require(Wire.positions(root("positions")).rows.first)
        #expect(try position.position == quantity("4") && position.exchangeIndex == 0)
        let balance = try Wire.balance(root("balance"))
        #expect(try balance.total == money("98.0186"))
        #expect(balance.shards.map(\.exchangeIndex) == [0, 2])
        #expect(try balance.shards.map(\.cash) == [money("50.0186"), money("48")])
        let settled = try #require(Wire.settlements(root("settlements")).rows.first)
        #expect(try settled.revenue == money("4") && settled.result == "yes")
        #expect(try settled.yesCount == quantity("4") && settled.fee == money("0.069"))
    }

    @Test("limits, costs, groups, transfers, queue, freshness")
    func rest() throws {
        let limits = try Wire.limits(root("account_limits"))
        #expect(limits.tier == "advanced" && limits.write == Wire.LimitBody(refill: 300, capacity: 900))
        let group = try Wire.group(root("order_group_get"))
        #expect(try group.limit == quantity("100") && group.isAutoCancelOn && group.orders == [OrderSamples.orderID])
        #expect(try Wire.transferID(root("shard_transfer")) == "d5c2b3a4-0000-4000-8000-00000000000b")
        #expect(try Wire.queuePosition(root("queue_position")) == quantity("42.5"))
        let listed = #"{"order_groups":[{"id":"g","contracts_limit_fp":"1.00","is_auto_cancel_enabled":false}]}"#
        #expect(try Wire.groups(reader.read(listed)).first?.isAutoCancelOn == false)
        let fresh = #"{"as_of_time":"2026-11-21T00:00:00Z"}"#
        #expect(try Wire.userDataTimestamp(reader.read(fresh)) == UTCNanos(rfc3339: "2026-11-21T00:00:00Z"))
    }

    @Test(
        "a cursor that is empty, null or absent is the end",
        arguments: [
            (#"{"orders":[],"cursor":""}"#, nil), (#"{"orders":[],"cursor":null}"#, nil), (#"{"orders":[]}"#, nil),
            (#"{"orders":[],"cursor":"abc"}"#, "abc"), (#"{"orders":null}"#, nil),
        ] as [(String, String?)])
    func cursors(text: String, cursor: String?) throws {
        #expect(try Wire.orders(reader.read(text)).cursor == cursor)
    }

    @Test("rows with an unknown word, a missing sum or a number for a string are refused")
    func strict() throws {
        let good = String(decoding: try OrderSamples.named("order_get").answer, as: UTF8.self)
        for (from, to) in [
            (#""status":"canceled""#, #""status":"sleeping""#), (#""outcome_side":"yes""#, #""outcome_side":"maybe""#),
            (#""fill_count_fp":"4.00""#, #""fill_count_fp":4"#), (#""yes_price_dollars":"0.4400""#, #""other":"0.44""#),
            (#""initial_count_fp":"10.00""#, #""initial_count_fp":"x""#),
        ] {
            let bad = good.replacingOccurrences(of: from, with: to)
            #expect(bad != good)
            #expect(throws: WireFault.self) { try Wire.order(reader.read(bad)) }
        }
        let twice =
            #"{"balance_dollars":"1","balance_breakdown":[{"exchange_index":0,"balance":"1"},"#
            + #"{"exchange_index":0,"balance":"1"}]}"#
        #expect(throws: WireFault.self) { try Wire.balance(reader.read(twice)) }
        #expect(throws: WireFault.self) { try Wire.balance(reader.read(#"{"balance":9801}"#)) }
        #expect(throws: WireFault.self) { try Wire.positions(reader.read(#"{"market_positions":[{"ticker":"A"}]}"#)) }
    }

    @Test("the side of the book says the outcome where the outcome is not said")
    func bookSide() throws {
        let good = String(decoding: try OrderSamples.named("order_get").answer, as: UTF8.self)
        let asks = good.replacingOccurrences(of: #""outcome_side":"yes""#, with: #""outcome_side":null"#)
            .replacingOccurrences(of: #""book_side":"bid""#, with: #""book_side":"ask""#)
        #expect(try Wire.order(reader.read(asks)).outcome == .no)
    }

    @Test("accounts of June 2026 as they were recorded", .enabled(if: Samples.areThere))
    func recorded() throws {
        #expect(try Wire.order(real("orders__get_after_create")).status == .resting)
        #expect(try Wire.order(real("orders__stp_resting_after")).remainingCount == quantity("1"))
        let orders = try Wire.orders(real("portfolio__orders_list"))
        #expect(orders.cursor == nil && orders.rows.count > 0)
        #expect(try Wire.fills(real("fills__after_taker")).rows.first?.fee == money("0.0175"))
        #expect(try Wire.positions(real("portfolio__positions")).rows.first?.position == quantity("3"))
        #expect(try Wire.balance(real("auth__balance_ok")).shards.first?.cash == money("98.0186"))
        #expect(try Wire.limits(real("account__limits")).tier == "basic")
        let costs = try Wire.costs(real("account__endpoint_costs"))
        #expect(costs.standard == 10)
        #expect(
            costs.costs.contains {
                $0.method == "DELETE" && $0.path.hasSuffix("/events/orders/:order_id") && $0.cost == 2
            })
        #expect(try Wire.settlements(real("settlements__page")).rows.isEmpty)
    }
}
