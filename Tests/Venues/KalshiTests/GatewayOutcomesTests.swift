import Codec
import Foundation
import Testing
import Trading
import Transport

@testable import Kalshi

@Suite("Gateway.Outcomes")
struct GatewayOutcomesTests {
    private let reader = JSONReader(limits: .webSocket)

    static func order(
        _ outcome: Outcome = .yes, _ lifetime: TimeInForce = .ioc, id: UInt64 = 1, count: Int64 = 10
    ) throws -> NewOrder {
        NewOrder(
            clOrdID: try #require(ClOrdID("7b0f5f0e-0000-4000-8000-00000000000\(id)")), instrument: InstrumentID(0),
            outcome: outcome, side: .buy, orderQty: Quantity(rawValue: count * FixedPoint.one),
            price: try price(outcome == .yes ? "0.44" : "0.56"), timeInForce: lifetime)
    }

    private func answered(
        _ status: Int, _ body: String, type: String = "application/json", retryAfter: Nanoseconds? = nil
    ) -> WireOutcome {
        .answered(
            WireAnswer(
                status: status, contentType: type, retryAfter: retryAfter, date: nil, body: Array(body.utf8),
                sent: MonotonicNanos(rawValue: 1), acked: MonotonicNanos(rawValue: 2)))
    }

    private func create(_ outcome: WireOutcome, _ order: NewOrder) -> OutcomePolicy.Verdict {
        OutcomePolicy.create(OutcomePolicy.read(outcome, reader), of: order)
    }

    private func create(_ status: Int, _ body: String) throws -> LegReport.Outcome {
        create(answered(status, body), try Self.order()).outcome
    }

    private func rejected(_ outcome: LegReport.Outcome) -> VenueRejection.Kind? {
        if case .rejected(let rejection) = outcome { rejection.kind } else { nil }
    }

    private func isUnknown(_ outcome: LegReport.Outcome) -> Bool {
        if case .unknown = outcome { true } else { false }
    }

    private func sample(_ name: String) throws -> WireOutcome {
        let sample = try OrderSamples.named(name)
        return answered(sample.status, String(decoding: sample.answer, as: UTF8.self))
    }

    // MARK: Accepted

    @Test("filled in part, the rest cancelled by IOC: the price is of YES, the fee not known")
    func partial() throws {
        let verdict = create(try sample("create_ioc_partial"), try Self.order())
        #expect(verdict.orderID?.text == OrderSamples.orderID)
        #expect(verdict.transactTime == UTCNanos(milliseconds: 1_795_219_200_123))
        let summary = OrderSummary(
            standing: .cancelled, cumQty: try quantity("4"), leavesQty: .zero, avgPx: try price("0.44"),
            fee: nil, feeMax: try money("0.069004"))
        #expect(verdict.outcome == .accepted(summary))
    }

    @Test("an order for NO gets its mean price in NO")
    func complement() throws {
        guard case .accepted(let summary) = create(try sample("create_ioc_partial"), try Self.order(.no)).outcome else {
            return #expect(Bool(false), "not accepted")
        }
        #expect(try summary.avgPx == price("0.56"))
    }

    @Test("nothing filled is cancelled with zero, resting works, a whole fill is filled")
    func standings() throws {
        func summary(_ name: String, _ lifetime: TimeInForce = .ioc) throws -> OrderSummary? {
            let outcome = create(try sample(name), try Self.order(.yes, lifetime)).outcome
            if case .accepted(let summary) = outcome { return summary } else { return nil }
        }
        let none = try #require(try summary("create_ioc_no_fill"))
        #expect(none.standing == .cancelled && none.cumQty == .zero && none.fee == .zero && none.avgPx == nil)
        #expect(try summary("create_self_cross_taker_at_cross")?.standing == .cancelled)
        let rests = try #require(try summary("create_gtc_rests", .gtc))
        #expect(try rests.standing == .working && rests.leavesQty == quantity("10"))
        #expect(try summary("create_fok_filled", .fok)?.standing == .filled)
    }

    @Test(
        "a fee told as a mean, cut to a millionth, bounds an order's fee and is not it; what is unreadable says nothing"
    )
    func fees() throws {
        // 1.6406 for 106 contracts is told as 0.015477 each: times 106 that is 1.640562.
        let told: [(text: String, most: String?)] = [
            (#","average_fee_paid":"0.015477""#, "1.640668"), (#","average_fee_paid":"0.00""#, "0.000106"), ("", nil),
            (#","average_fee_paid":"-0.01""#, nil), (#","average_fee_paid":7"#, nil),
            (#","average_fee_paid":"90000000000""#, nil),
        ]
        for (text, most) in told {
            let body = #"{"order_id":"a","fill_count":"106.00","remaining_count":"0.00"\#(text)}"#
            guard case .accepted(let summary) = try create(201, body) else {
                return #expect(Bool(false), "not accepted: \(text)")
            }
            #expect(summary.fee == nil && summary.cumQty == Quantity(rawValue: 106 * FixedPoint.one))
            #expect(try summary.feeMax == most.map { try money($0) }, "\(text)")
        }
    }

    @Test("more than was asked is booked as it was told")
    func overfill() throws {
        let body = #"{"order_id":"a","fill_count":"11.00","remaining_count":"0.00","average_fill_price":"0.4400"}"#
        guard case .accepted(let summary) = try create(201, body) else { return #expect(Bool(false), "not accepted") }
        #expect(try summary.cumQty == quantity("11") && summary.standing == .filled)
    }

    // MARK: Refused

    static let codes: [(status: Int, code: String, kind: VenueRejection.Kind)] = [
        (401, "authentication_error", .authentication), (401, "header_timestamp_expired", .authentication),
        (401, "signature_is_missing_from_headers", .authentication), (401, "something_new", .authentication),
        (403, "insufficient_scope", .account), (403, "region_not_attested", .account),
        (400, "insufficient_balance", .balance), (400, "available_balance_too_low", .balance),
        (400, "invalid_price", .price), (400, "invalid_order", .other), (400, "invalid_order_size", .size),
        (400, "order_id_and_client_order_id_mismatch", .other), (400, "order_side_mismatch", .other),
        (400, "order_ticker_mismatch", .other), (400, "bad_request", .other), (400, "invalid_content_type", .other),
        (404, "not_found", .other), (404, "market_not_found", .market), (409, "order_already_exists", .duplicate),
        (409, "fill_or_kill_insufficient_resting_volume", .unfilled), (409, "market_closed", .market),
        (400, "market_closed", .market), (409, "market_inactive", .market), (409, "MARKET_INACTIVE", .market),
        (400, "trading_paused", .venueMode), (400, "exchange_paused", .venueMode), (400, "TRADING_PAUSED", .venueMode),
        (400, "EXCEEDED_ORDER_GROUP_RISK_LIMIT", .account), (400, "order_group_triggered", .account),
        (410, "deprecated_v1_order_endpoint", .other), (400, "user_not_found:_0b7d3a52", .account),
        (400, "insufficient_balance:_0b7d3a52", .balance), (418, "a_code_of_next_year", .other),
    ]

    @Test("every code of the venue, in each form that carries one, and inside a 2xx", arguments: codes.indices)
    func table(index: Int) throws {
        let (status, code, kind) = Self.codes[index]
        let nested = #"{"error":{"code":"\#(code)","message":"m","service":"exchange"}}"#
        let flat = #"{"code":"\#(code)","message":"m","details":"d"}"#
        for (status, body) in [(status, nested), (status, flat)] {
            let outcome = try create(status, body)
            #expect(rejected(outcome) == kind, "\(status) \(body): \(outcome)")
            guard case .rejected(let rejection) = outcome else { continue }
            #expect(rejection.code == code && rejection.status == status && rejection.text.hasPrefix("m"))
        }
        // What is known only by its status is not known inside a success.
        let inside = rejected(try create(200, nested))
        #expect(
            inside == (["something_new", "insufficient_scope", "region_not_attested"].contains(code) ? .other : kind))
        #expect(rejected(try create(201, flat)) == inside)
    }

    @Test("a post-only order that would take, in whichever place it is said")
    func postOnly() throws {
        let outcome = create(try sample("create_post_only_cross"), try Self.order(.yes, .gtc)).outcome
        #expect(rejected(outcome) == .postOnly)
    }

    @Test(
        "the samples' refusals",
        arguments: [
            ("create_fok_killed", .unfilled), ("create_duplicate_client_order_id", .duplicate),
            ("create_insufficient_balance", .balance), ("create_off_tick", .price), ("create_numeric_count", .other),
            ("create_legacy_endpoint_gone", .other), ("rate_limited", .throttled),
            ("auth_bad_signature", .authentication),
            ("auth_unknown_key", .authentication), ("auth_timestamp_expired", .authentication),
            ("auth_signature_missing", .authentication),
        ] as [(String, VenueRejection.Kind)])
    func samples(name: String, kind: VenueRejection.Kind) throws {
        #expect(rejected(create(try sample(name), try Self.order()).outcome) == kind)
    }

    @Test("429 is a refusal in any form, with the venue's time where it gives one")
    func throttled() throws {
        for body in [#"{"error":"too many requests"}"#, "", "<html>", #"{"error":{"code":"x"}}"#] {
            #expect(rejected(try create(429, body)) == .throttled)
        }
        let outcome = create(answered(429, "", retryAfter: .seconds(2)), try Self.order()).outcome
        guard case .rejected(let rejection) = outcome else { return #expect(Bool(false), "not refused") }
        #expect(rejection.retryAfter == .seconds(2))
    }

    @Test("bare and string forms of a 4xx are refusals by their text")
    func uncoded() throws {
        #expect(rejected(try create(400, #"{"msg":"Parameter validation failed"}"#)) == .other)
        #expect(rejected(try create(400, #"{"error":"something"}"#)) == .other)
        guard case .rejected(let rejection) = try create(400, #"{"msg":"Parameter validation failed"}"#) else { return }
        #expect(rejection.code == "Parameter validation failed")
    }

    // MARK: Unknown

    @Test("5xx is unknown whatever its body says", arguments: [500, 502, 503, 504, 599])
    func serverErrors(status: Int) throws {
        for body in ["", "<html>", #"{"error":{"code":"invalid_price"}}"#, #"{"order_id":"a"}"#] {
            #expect(try create(status, body) == .unknown(.serverError(status)))
        }
    }

    @Test(
        "what is not in the venue's form says nothing",
        arguments: [
            (200, "<html>welcome</html>"), (201, ""), (201, "{}"), (201, "[]"), (201, #"{"order_id":"a"}"#),
            (201, #"{"order_id":"a","fill_count":"1.00","remaining_count":"0.00""#), (403, "<html>blocked</html>"),
            (400, ""), (400, "{}"), (404, "nothing here"), (409, #"{"error":{}}"#), (302, #"{"error":{"code":"x"}}"#),
            (100, ""), (408, #"{"error":{"code":"timeout"}}"#), (204, ""), (200, #"{"error":"too many requests"}"#),
            (200, #"{"msg":"x"}"#),
            (201, #"{"order_id":"a","fill_count":"1.00","remaining_count":"0.00","error":{"code":"invalid_price"}}"#),
            (201, #"{"order_id":"a","fill_count":"1.00","remaining_count":"0.00","code":"invalid_price"}"#),
            (201, #"{"order_id":"a","order_id":"b","fill_count":"1.00","remaining_count":"0.00"}"#),
            (201, #"{"order_id":"a","client_order_id":"other","fill_count":"1.00","remaining_count":"0.00"}"#),
            (
                201,
                #"{"order_id":"a","client_order_id":"7b0f5f0e-0000-4000-8000-000000000002","fill_count":"1.00","remaining_count":"0.00"}"#
            ),
        ])
    func unreadable(status: Int, body: String) throws {
        let outcome = try create(status, body)
        #expect(isUnknown(outcome), "\(status) \(body): \(outcome)")
    }

    @Test("a page of a proxy is no answer, whatever its status")
    func html() throws {
        let body = #"{"order_id":"a","fill_count":"1.00","remaining_count":"0.00"}"#
        #expect(isUnknown(create(answered(201, body, type: "text/html"), try Self.order()).outcome))
        let refusal = #"{"error":{"code":"invalid_price"}}"#
        #expect(isUnknown(create(answered(400, refusal, type: "text/html"), try Self.order()).outcome))
        #expect(!isUnknown(create(answered(400, refusal, type: ""), try Self.order()).outcome))
    }

    @Test("lost, late, and never sent")
    func lost() throws {
        let order = try Self.order()
        let sent = MonotonicNanos(rawValue: 1)
        let late = create(.lost(TransportFault(.timeout, "late"), sent: sent), order).outcome
        #expect(late == .unknown(.timeout))
        let reset = create(.lost(TransportFault(.closed, "reset"), sent: sent), order).outcome
        #expect(reset == .unknown(.connectionLost("E_NET_CLOSED")))
        guard case .notSent(let refusal) = create(.notSent(TransportFault(.closed, "gone")), order).outcome else {
            return #expect(Bool(false), "sent")
        }
        #expect(refusal.kind == .noConnection && refusal.kind.rawValue == "E_EXEC_NO_CONNECTION")
    }

    @Test("our name comes back in either case of letters")
    func letterCase() throws {
        let body =
            #"{"order_id":"a","client_order_id":"7B0F5F0E-0000-4000-8000-000000000001","fill_count":"0.00","remaining_count":"0.00"}"#
        #expect(!isUnknown(try create(201, body)))
    }
}

@Suite("Gateway.Outcomes of batches and changes")
struct GatewayChangeOutcomesTests {
    private let reader = JSONReader(limits: .webSocket)
    private let orderID = OrderID(OrderSamples.orderID)

    private func reading(_ status: Int, _ body: String) -> OutcomePolicy.Reading {
        OutcomePolicy.read(
            .answered(
                WireAnswer(
                    status: status, contentType: "application/json", retryAfter: nil, date: nil,
                    body: Array(body.utf8), sent: MonotonicNanos(rawValue: 1), acked: MonotonicNanos(rawValue: 2))),
            reader)
    }
    private func sample(_ name: String) throws -> OutcomePolicy.Reading {
        let sample = try OrderSamples.named(name)
        return reading(sample.status, String(decoding: sample.answer, as: UTF8.self))
    }
    private func orders() throws -> [NewOrder] {
        [try GatewayOutcomesTests.order(id: 1), try GatewayOutcomesTests.order(id: 2)]
    }
    private func leg(_ id: Int?, _ rest: String) -> String {
        let name = id.map { #","client_order_id":"7b0f5f0e-0000-4000-8000-00000000000\#($0)""# } ?? ""
        return #"{"order_id":"o","fill_count":"1.00","remaining_count":"0.00"\#(name)\#(rest)}"#
    }
    private func words(_ verdicts: [OutcomePolicy.Verdict]) -> [String] {
        verdicts.map { verdict in
            switch verdict.outcome {
            case .notSent: "not sent"
            case .accepted(let summary): "accepted \(summary.cumQty ?? .zero)"
            case .rejected(let rejection): rejection.kind.rawValue
            case .unknown: "unknown"
            }
        }
    }

    @Test("each leg has its own outcome, in the order asked, whatever the order answered")
    func legs() throws {
        let orders = try orders()
        #expect(words(OutcomePolicy.batch(try sample("batch_create"), of: orders)) == ["accepted 4", "price"])
        #expect(
            words(OutcomePolicy.batch(try sample("batch_create"), of: orders.reversed())) == ["price", "accepted 4"])
        let unnamed = #"{"orders":[\#(leg(nil, "")),{"error":{"code":"market_closed","message":""}}]}"#
        #expect(words(OutcomePolicy.batch(reading(201, unnamed), of: orders)) == ["accepted 1", "market"])
    }

    @Test("a leg that is missing, twice there or contradicts itself is unknown; the others stand")
    func badLegs() throws {
        let orders = try orders()
        for (text, expected) in [
            (leg(1, ""), ["accepted 1", "unknown"]), (leg(1, "") + "," + leg(1, ""), ["unknown", "unknown"]),
            (leg(1, "") + "," + leg(3, ""), ["accepted 1", "unknown"]),
            (leg(1, #","error":{"code":"invalid_price"}"#) + "," + leg(2, ""), ["unknown", "accepted 1"]),
            (leg(nil, ""), ["unknown", "unknown"]), ("", ["unknown", "unknown"]),
        ] {
            let verdicts = OutcomePolicy.batch(reading(201, #"{"orders":[\#(text)]}"#), of: orders)
            #expect(words(verdicts) == expected, "\(text)")
        }
        #expect(words(OutcomePolicy.batch(reading(201, "{}"), of: orders)) == ["unknown", "unknown"])
    }

    @Test("a batch that was refused or lost as a whole")
    func wholeBatch() throws {
        let orders = try orders()
        #expect(words(OutcomePolicy.batch(try sample("rate_limited"), of: orders)) == ["throttled", "throttled"])
        #expect(words(OutcomePolicy.batch(reading(502, ""), of: orders)) == ["unknown", "unknown"])
    }

    @Test("cancels: taken off, not live, refused, about another order, lost")
    func cancels() throws {
        #expect(OutcomePolicy.cancel(try sample("cancel"), of: orderID) == .cancelled(try quantity("10")))
        guard case .notLive(let rejection) = OutcomePolicy.cancel(try sample("cancel_not_found"), of: orderID) else {
            return #expect(Bool(false), "live")
        }
        #expect(rejection.status == 404)
        func isUnknown(_ report: CancelReport) -> Bool { if case .unknown = report { true } else { false } }
        func isRejected(_ report: CancelReport) -> Bool { if case .rejected = report { true } else { false } }
        #expect(isUnknown(OutcomePolicy.cancel(try sample("cancel"), of: OrderID("other"))))
        #expect(isUnknown(OutcomePolicy.cancel(reading(404, "<html>"), of: orderID)))
        #expect(isUnknown(OutcomePolicy.cancel(reading(500, ""), of: orderID)))
        #expect(isUnknown(OutcomePolicy.cancel(reading(204, ""), of: orderID)))
        #expect(isRejected(OutcomePolicy.cancel(reading(409, #"{"error":{"code":"market_inactive"}}"#), of: orderID)))
        #expect(isRejected(OutcomePolicy.cancel(reading(404, #"{"error":{"code":"market_not_found"}}"#), of: orderID)))
        #expect(isRejected(OutcomePolicy.cancel(reading(429, ""), of: orderID)))
        #expect(OutcomePolicy.cancelAll(reading(204, "")) == .cancelled(nil))
        #expect(isUnknown(OutcomePolicy.cancelAll(reading(200, "{}"))))
        #expect(isUnknown(OutcomePolicy.cancelAll(reading(503, ""))))
        #expect(isRejected(OutcomePolicy.cancelAll(reading(401, #"{"error":{"code":"authentication_error"}}"#))))
    }

    @Test("a batch of cancels tells each order apart")
    func cancelBatch() throws {
        let body =
            #"{"orders":[{"order_id":"b","reduced_by":"0.00","error":{"code":"not_found","message":""}},"#
            + #"{"order_id":"a","reduced_by":"2.00"}]}"#
        let reports = OutcomePolicy.cancels(reading(200, body), of: [OrderID("a"), OrderID("b"), OrderID("c")])
        #expect(reports[0] == .cancelled(try quantity("2")))
        guard case .notLive = reports[1], case .unknown = reports[2] else {
            return #expect(Bool(false), "\(reports)")
        }
    }

    @Test("amendments and decreases: what is left, only of the order asked about")
    func changes() throws {
        func change(_ reading: OutcomePolicy.Reading, _ id: OrderID, isDecrease: Bool = false) -> ChangeReport {
            OutcomePolicy.change(reading, of: id, outcome: .no, isDecrease: isDecrease)
        }
        guard case .changed(let left) = change(try sample("amend"), orderID) else {
            return #expect(Bool(false), "not changed")
        }
        #expect(try left.leavesQty == quantity("8") && left.lastQty == .zero && left.avgPx == nil)
        guard case .changed(let less) = change(try sample("decrease"), orderID, isDecrease: true) else {
            return #expect(Bool(false), "not changed")
        }
        #expect(try less.leavesQty == quantity("3"))
        guard case .unknown = change(try sample("amend"), OrderID("other")),
            case .notLive = change(try sample("cancel_not_found"), orderID),
            case .rejected = change(reading(400, #"{"error":{"code":"order_side_mismatch"}}"#), orderID),
            case .unknown = change(reading(200, #"{"order_id":"\#(orderID.text)"}"#), orderID, isDecrease: true)
        else { return #expect(Bool(false), "wrong") }
    }

    @Test("order groups: made with a name, changed without one")
    func groups() throws {
        let made = OutcomePolicy.group(try sample("order_group_create"), isCreate: true)
        #expect(made == .done(OrderGroupID("c4b1a2d3-0000-4000-8000-00000000000a")))
        #expect(OutcomePolicy.group(try sample("order_group_trigger"), isCreate: false) == .done(nil))
        guard case .unknown = OutcomePolicy.group(try sample("order_group_trigger"), isCreate: true),
            case .unknown = OutcomePolicy.group(reading(500, ""), isCreate: false),
            case .rejected = OutcomePolicy.group(reading(404, #"{"error":{"code":"not_found"}}"#), isCreate: false)
        else { return #expect(Bool(false), "wrong") }
    }
}
