import Codec
import Foundation
import Signing
import Synchronization
import Testing
import Trading
import Transport

@testable import Kalshi

@Suite("Gateway.prepare")
struct GatewayPrepareTests {
    private func refusal(_ harness: GatewayHarness, _ order: NewOrder) -> LocalRefusal.Kind? {
        do throws(LocalRefusal) {
            _ = try harness.gateway.prepare(order, at: harness.now)
            return nil
        } catch { return error.kind }
    }

    @Test("a prepared order holds ten tokens of its shard, a connection and a header, and its bytes are complete")
    func prepares() throws {
        let harness = try GatewayHarness { $0.presignAhead = .milliseconds(8_000) }
        try harness.gateway.tend(at: harness.now.utc)
        #expect(harness.gateway.headers.readyCount(at: harness.now.utc) == 16)
        let slot = try harness.gateway.prepare(try harness.order(1, .no, market: 1, at: "0.56"), at: harness.now)
        #expect(harness.tokens(2) == 90 && harness.tokens(0) == 100 && harness.sender.held == 1)
        #expect(harness.gateway.headers.readyCount(at: harness.now.utc) == 15)
        #expect(slot.orderID == nil && slot.signed == harness.now.monotonic)

        let request = try ParsedRequest(
            String(decoding: try #require(harness.gateway.request(of: slot)), as: UTF8.self))
        #expect(request.line == "POST /trade-api/v2/portfolio/events/orders HTTP/1.1")
        #expect(request.headers["Host"] == "localhost:8443" && request.headers["KALSHI-ACCESS-KEY"] == "key-id")
        #expect(request.headers["Content-Type"] == "application/json")
        #expect(request.headers["Content-Length"] == String(request.body.utf8.count))
        #expect(try request.isSigned(by: harness.verifier))
        #expect(slot.bodyHash.description == Digest.hex(.sha256, request.body))
        let body = try dictionary(Array(request.body.utf8))
        #expect(body["ticker"] as? String == "KXB-T1.5" && body["exchange_index"] as? Int == 2)
        #expect(body["side"] as? String == "ask" && body["price"] as? String == "0.4400")
    }

    @Test("what is given back is as if it had never been taken, and is spent")
    func givesBack() async throws {
        let harness = try GatewayHarness { $0.presignAhead = .milliseconds(8_000) }
        try harness.gateway.tend(at: harness.now.utc)
        let slot = try harness.gateway.prepare(try harness.order(1), at: harness.now)
        harness.gateway.giveBack(slot)
        harness.gateway.giveBack(slot)
        #expect(harness.tokens() == 100 && harness.sender.held == 0 && harness.sender.free == 4)
        #expect(harness.gateway.headers.readyCount(at: harness.now.utc) == 16)
        let report = await harness.gateway.commit(slot, deadline: harness.deadline)
        guard case .notSent(let refusal) = report.outcome else { return #expect(Bool(false), "sent") }
        #expect(refusal.kind == .slotSpent && refusal.kind.rawValue == "E_EXEC_SLOT_SPENT")
        #expect(harness.sender.sent.isEmpty)
        // The id never left: it may be prepared again.
        #expect(refusal.kind != self.refusal(harness, try harness.order(1)))
    }

    @Test("what is prepared for practice is never sent, and what it held is as before")
    func practice() async throws {
        let harness = try GatewayHarness { $0.presignAhead = .milliseconds(8_000) }
        try harness.gateway.tend(at: harness.now.utc)
        var order = try harness.order(1)
        order.clOrdID = ClOrdID(rehearsing: 0, prefix: 7, run: 1)
        let slot = try harness.gateway.prepare(order, at: harness.now)
        harness.gateway.seal(slot)
        harness.gateway.depart(slot, deadline: harness.deadline)
        guard case .notSent = await harness.gateway.commit(slot, deadline: harness.deadline).outcome else {
            return #expect(Bool(false), "sent")
        }
        harness.gateway.rehearse(slot)
        #expect(harness.sender.sent.isEmpty && harness.tokens() == 100 && harness.sender.held == 0)
        #expect(harness.gateway.headers.readyCount(at: harness.now.utc) == 16)
    }

    @Test("what is sealed is out: `commit` sends it once, and nothing gives it back")
    func seals() async throws {
        let harness = try GatewayHarness()
        let slot = try harness.gateway.prepare(try harness.order(1), at: harness.now)
        harness.gateway.seal(slot)
        harness.gateway.seal(slot)
        harness.gateway.giveBack(slot)
        harness.gateway.depart(slot, deadline: harness.deadline)
        #expect(harness.sender.held == 1 && harness.tokens() == 90 && harness.sender.sent.isEmpty)
        harness.sender.answer(201, #"{"order_id":"o","fill_count":"1.00","remaining_count":"0.00"}"#)
        guard case .accepted = await harness.gateway.commit(slot, deadline: harness.deadline).outcome else {
            return #expect(Bool(false), "not sent")
        }
        guard case .notSent = await harness.gateway.commit(slot, deadline: harness.deadline).outcome else {
            return #expect(Bool(false), "sent twice")
        }
        #expect(harness.sender.sent.count == 1 && harness.sender.held == 0)
    }

    @Test("orders that the market or the venue does not take are refused before anything is held")
    func refusals() throws {
        let harness = try GatewayHarness()
        let past = UTCNanos(rawValue: harness.now.utc.rawValue + 500_000_000)
        let cases: [(NewOrder, LocalRefusal.Kind)] = [
            (try harness.order(1, market: 7), .market), (try harness.order(1, at: "0.445"), .amounts),
            (try harness.order(1, .no, at: "0.555"), .amounts), (try harness.order(1, count: "0"), .amounts),
            (try harness.order(1, count: "0.005"), .amounts), (try harness.order(1, at: "1.00"), .amounts),
            (try harness.order(1, at: "0"), .amounts), (try harness.order(1, at: "1.5"), .amounts),
            (try harness.order(1, .yes, .sell), .unsupported),
            (try harness.order(1, .yes, .sell, lifetime: .gtc, isReduceOnly: true), .unsupported),
            (try harness.order(1, .yes, .sell, lifetime: .fok, isReduceOnly: true), .unsupported),
            (try harness.order(1, lifetime: .ioc, isPostOnly: true), .unsupported),
            (try harness.order(1, lifetime: .fok, isPostOnly: true), .unsupported),
            (try harness.order(1, lifetime: .gtd(past)), .amounts),
        ]
        for (order, kind) in cases { #expect(refusal(harness, order) == kind, "\(order)") }
        var budgeted = try harness.order(1)
        budgeted.cashOrderQty = .cent
        #expect(refusal(harness, budgeted) == .unsupported)
        #expect(harness.tokens() == 100 && harness.sender.held == 0)
        #expect(refusal(harness, try harness.order(1, .yes, .sell, isReduceOnly: true)) == nil)
        #expect(refusal(harness, try harness.order(2, lifetime: .gtd(past + .seconds(1)))) == nil)
    }

    @Test("the codes of local refusals are what they were")
    func codes() {
        let codes: [LocalRefusal.Kind: String] = [
            .noConnection: "E_EXEC_NO_CONNECTION", .noTokens: "E_EXEC_NO_TOKENS", .amounts: "E_EXEC_AMOUNTS",
            .market: "E_EXEC_MARKET", .signing: "E_EXEC_SIGNING", .blocked: "E_EXEC_BLOCKED",
            .slotSpent: "E_EXEC_SLOT_SPENT", .unsupported: "E_EXEC_UNSUPPORTED",
        ]
        for kind in LocalRefusal.Kind.allCases { #expect(codes[kind] == kind.rawValue) }
    }

    @Test("paused, closed, blocked and forgotten markets take no orders; a change of grid counts at once")
    func markets() throws {
        let harness = try GatewayHarness()
        for status in [TradingStatus.paused, .closed, .unopened] {
            harness.gateway.apply(.status(InstrumentID(0), status))
            #expect(refusal(harness, try harness.order(1)) == .market)
        }
        harness.gateway.apply(.status(InstrumentID(0), .active))
        harness.gateway.apply(.grid(InstrumentID(0), try TickGrid(step: price("0.001"))))
        let slot = try harness.gateway.prepare(try harness.order(1, at: "0.445"), at: harness.now)
        harness.gateway.giveBack(slot)
        harness.gateway.block(InstrumentID(0))
        #expect(refusal(harness, try harness.order(1)) == .market)
        #expect(throws: LocalRefusal.self) {
            try harness.gateway.apply(GatewayHarness.terms(shard: nil), of: InstrumentID(0), ticker: "KXA")
        }
        #expect(throws: LocalRefusal.self) {
            try harness.gateway.apply(GatewayHarness.terms(shard: 0), of: InstrumentID(0), ticker: "KX A")
        }
    }

    @Test("each step that fails leaves tokens, connections and headers as they were")
    func undo() throws {
        func check(_ harness: GatewayHarness, _ kind: LocalRefusal.Kind, headers: Int) throws {
            let tokens = harness.tokens()
            let held = harness.sender.held
            #expect(refusal(harness, try harness.order(99)) == kind)
            #expect(harness.tokens() == tokens && harness.sender.held == held)
            #expect(harness.gateway.headers.readyCount(at: harness.now.utc) == headers)
        }
        // Tokens: entries leave what is kept for closes.
        let poor = try GatewayHarness(capacity: 39, reserve: 20) { $0.presignAhead = .seconds(1) }
        try poor.gateway.tend(at: poor.now.utc)
        _ = try poor.gateway.prepare(try poor.order(1), at: poor.now)
        try check(poor, .noTokens, headers: 15)
        #expect(refusal(poor, try poor.order(2, .yes, .sell, isReduceOnly: true, purpose: .close)) == nil)
        // Connections: the last is kept for closes.
        let narrow = try GatewayHarness(connections: 2) { $0.presignAhead = .seconds(1) }
        try narrow.gateway.tend(at: narrow.now.utc)
        _ = try narrow.gateway.prepare(try narrow.order(1), at: narrow.now)
        try check(narrow, .noConnection, headers: 15)
        #expect(refusal(narrow, try narrow.order(2, .yes, .sell, isReduceOnly: true, purpose: .close)) == nil)
        // Places.
        let small = try GatewayHarness(connections: 9) {
            $0.slotsMax = 1
            $0.presignAhead = .seconds(1)
        }
        try small.gateway.tend(at: small.now.utc)
        _ = try small.gateway.prepare(try small.order(1), at: small.now)
        try check(small, .noConnection, headers: 15)
        // Signatures: as many in one instant as no key makes.
        let busy = try GatewayHarness(connections: 600, capacity: 9_000) { $0.slotsMax = 600 }
        for index in 0..<250 { _ = try busy.gateway.prepare(try busy.order(UInt64(index + 1_000)), at: busy.now) }
        try check(busy, .signing, headers: 0)
    }

    @Test("a shard without tokens does not hold the others back")
    func shards() throws {
        let harness = try GatewayHarness(capacity: 30)
        _ = try harness.gateway.prepare(try harness.order(1), at: harness.now)
        #expect(refusal(harness, try harness.order(2)) == .noTokens)
        #expect(refusal(harness, try harness.order(3, market: 1)) == nil)
        harness.clock.advance(.milliseconds(100))
        #expect(refusal(harness, try harness.order(4)) == nil)
    }

    @Test("an id is used once: not while it is prepared, not after it left; a tombstone has its original's")
    func ids() async throws {
        let harness = try GatewayHarness()
        let slot = try harness.gateway.prepare(try harness.order(1), at: harness.now)
        #expect(refusal(harness, try harness.order(1)) == .unsupported)
        _ = await harness.gateway.commit(slot, deadline: harness.deadline)
        #expect(refusal(harness, try harness.order(1, count: "5")) == .unsupported)
        #expect(refusal(harness, try harness.order(1, count: "0.01", purpose: .tombstone)) == nil)
    }

    @Test("a halt voids what is prepared: its slots are spent, what they held is free")
    func void() async throws {
        let harness = try GatewayHarness { $0.presignAhead = .seconds(1) }
        try harness.gateway.tend(at: harness.now.utc)
        let slot = try harness.gateway.prepare(try harness.order(1), at: harness.now)
        harness.gateway.void()
        #expect(harness.tokens() == 100 && harness.sender.held == 0 && harness.gateway.request(of: slot) == nil)
        #expect(harness.gateway.headers.readyCount(at: harness.now.utc) == 0)
        guard case .notSent(let refusal) = await harness.gateway.commit(slot, deadline: harness.deadline).outcome else {
            return #expect(Bool(false), "sent")
        }
        #expect(refusal.kind == .slotSpent && harness.sender.sent.isEmpty)
        harness.gateway.giveBack(slot)
        #expect(harness.tokens() == 100 && harness.sender.free == 4)
    }

    @Test("orders join the group of their shard")
    func groups() throws {
        let harness = try GatewayHarness()
        harness.gateway.join(OrderGroupID("g-1"), shard: 0)
        func group(_ sequence: UInt64, market: Int32) throws -> String? {
            let slot = try harness.gateway.prepare(try harness.order(sequence, market: market), at: harness.now)
            defer { harness.gateway.giveBack(slot) }
            let bytes = try #require(harness.gateway.request(of: slot))
            let body = try ParsedRequest(String(decoding: bytes, as: UTF8.self)).body
            return try dictionary(Array(body.utf8))["order_group_id"] as? String
        }
        #expect(try group(1, market: 0) == "g-1" && group(2, market: 1) == nil)
        harness.gateway.join(nil, shard: 0)
        #expect(try group(3, market: 0) == nil)
    }
}

@Suite("Gateway.commit")
struct GatewayCommitTests {
    private func commit(_ harness: GatewayHarness, _ order: NewOrder) async throws -> LegReport {
        let slot = try harness.gateway.prepare(order, at: harness.now)
        return await harness.gateway.commit(slot, deadline: harness.deadline)
    }

    @Test("an answer becomes a report with all instants; everything held is free")
    func accepted() async throws {
        let harness = try GatewayHarness()
        harness.sender.answer(201, GatewayHarness.filled("4.00"))
        let report = try await commit(harness, harness.order(1))
        guard case .accepted(let summary) = report.outcome else { return #expect(Bool(false), "\(report)") }
        #expect(try summary.cumQty == quantity("4") && summary.standing == .cancelled)
        #expect(report.orderID?.text == OrderSamples.orderID)
        #expect(try report.clOrdID == harness.order(1).clOrdID)
        #expect(report.stamps.sent == MonotonicNanos(rawValue: 2_000))
        #expect(report.stamps.acked == MonotonicNanos(rawValue: 3_000))
        #expect(report.transactTime == UTCNanos(milliseconds: 1_795_219_200_123))
        #expect(harness.sender.held == 0 && harness.tokens() == 90 && harness.sender.sent.count == 1)
    }

    @Test("every other end of an exchange: the place is free, tokens are back only where nothing left")
    func ends() async throws {
        let lost = TransportFault(.closed, "reset")
        let ends: [(WireOutcome, String, Int)] = [
            (.notSent(TransportFault(.closed, "gone")), "not sent", 100),
            (.lost(lost, sent: MonotonicNanos(rawValue: 2)), "unknown", 90),
            (.lost(TransportFault(.timeout, "late"), sent: MonotonicNanos(rawValue: 2)), "unknown", 90),
        ]
        for (end, word, tokens) in ends {
            let harness = try GatewayHarness { $0.presignAhead = .seconds(1) }
            try harness.gateway.tend(at: harness.now.utc)
            harness.sender.answer(end)
            let report = try await commit(harness, harness.order(1))
            let found =
                switch report.outcome {
                case .notSent: "not sent"
                case .unknown: "unknown"
                case .accepted: "accepted"
                case .rejected: "rejected"
                }
            #expect(found == word && harness.tokens() == tokens && harness.sender.held == 0)
            #expect(harness.gateway.headers.readyCount(at: harness.now.utc) == (word == "not sent" ? 16 : 15))
            #expect(report.stamps.acked == nil && (report.stamps.sent == nil) == (word == "not sent"))
        }
    }

    @Test("no order is sent twice: a slot is spent once it was committed, also while it is under way")
    func once() async throws {
        let harness = try GatewayHarness()
        let slot = try harness.gateway.prepare(try harness.order(1), at: harness.now)
        harness.sender.answer(201, GatewayHarness.filled("0.00"))
        harness.sender.state.withLock { state in
            state.during = { [gateway = harness.gateway] in gateway.giveBack(slot) }
        }
        _ = await harness.gateway.commit(slot, deadline: harness.deadline)
        _ = await harness.gateway.commit(slot, deadline: harness.deadline)
        #expect(harness.sender.sent.count == 1 && harness.sender.free == 4 && harness.tokens() == 90)
    }

    @Test("after 429 nothing more is sent to that shard for a while; other shards and later orders are")
    func throttled() async throws {
        let harness = try GatewayHarness()
        harness.sender.answer(429, #"{"error":"too many requests"}"#)
        guard case .rejected(let rejection) = try await commit(harness, harness.order(1)).outcome else {
            return #expect(Bool(false), "not refused")
        }
        #expect(rejection.kind == .throttled && harness.tokens(0) == 0 && harness.tokens(2) == 100)
        harness.clock.advance(.seconds(1))
        #expect(harness.tokens(0) > 10)
    }

    @Test("after 401 the pool is thrown away and headers are signed in line; the order is refused, not sent again")
    func unauthorized() async throws {
        let harness = try GatewayHarness { $0.presignAhead = .seconds(8) }
        try harness.gateway.tend(at: harness.now.utc)
        harness.sender.answer(401, #"{"error":{"code":"header_timestamp_expired","message":""}}"#)
        guard case .rejected(let rejection) = try await commit(harness, harness.order(1)).outcome else {
            return #expect(Bool(false), "not refused")
        }
        #expect(rejection.kind == .authentication && harness.sender.sent.count == 1)
        try harness.gateway.tend(at: harness.now.utc)
        #expect(harness.gateway.headers.readyCount(at: harness.now.utc) == 0)
        harness.sender.answer(201, GatewayHarness.filled("1.00"))
        _ = try await commit(harness, harness.order(2))
        let stamp = try ParsedRequest(harness.sender.sent[1]).headers["KALSHI-ACCESS-TIMESTAMP"]
        // Signed now; the pool had signed this very millisecond, so it is the next.
        #expect(stamp == String(harness.now.utc.rawValue / 1_000_000 + 1))
    }

    @Test("the buffers of a place are used again: bytes are right every time")
    func reuse() async throws {
        let harness = try GatewayHarness(connections: 2)
        for sequence in 1...5 as ClosedRange<UInt64> {
            harness.sender.answer(201, GatewayHarness.filled("0.00"))
            let count = String(sequence) + ".00"
            _ = try await commit(harness, harness.order(sequence, count: count))
            let request = try ParsedRequest(try #require(harness.sender.sent.last))
            #expect(try request.isSigned(by: harness.verifier))
            #expect(try dictionary(Array(request.body.utf8))["count"] as? String == count)
            harness.clock.advance(.seconds(1))
        }
    }

    @Test("a batch is one request billed to shard 0, with a report an order")
    func batch() async throws {
        let harness = try GatewayHarness()
        let orders = [try harness.order(1), try harness.order(2, market: 1)]
        let slot = try harness.gateway.prepareBatch(orders, at: harness.now)
        #expect(harness.tokens(0) == 80 && harness.tokens(2) == 100 && harness.sender.held == 1)
        harness.gateway.giveBack(slot)
        #expect(harness.tokens(0) == 100 && harness.sender.held == 0)
        let again = try harness.gateway.prepareBatch(orders, at: harness.now)
        harness.sender.answer(
            201,
            #"{"orders":[{"client_order_id":"\#(orders[1].clOrdID)","error":{"code":"invalid_price"}},"#
                + #"{"order_id":"o","client_order_id":"\#(orders[0].clOrdID)","fill_count":"10.00","remaining_count":"0.00"}]}"#
        )
        let reports = await harness.gateway.commit(again, deadline: harness.deadline)
        guard reports.count == 2, case .accepted = reports[0].outcome, case .rejected = reports[1].outcome else {
            return #expect(Bool(false), "\(reports)")
        }
        let request = try ParsedRequest(harness.sender.sent[0])
        #expect(request.line == "POST /trade-api/v2/portfolio/events/orders/batched HTTP/1.1")
        #expect(try request.isSigned(by: harness.verifier))
        #expect(again.bodyHash.description == Digest.hex(.sha256, request.body))
        for report in await harness.gateway.commit(slot, deadline: harness.deadline) {
            guard case .notSent = report.outcome else { return #expect(Bool(false), "sent again") }
        }
        #expect(throws: LocalRefusal.self) { try harness.gateway.prepareBatch([], at: harness.now) }
        let twice = [try harness.order(5), try harness.order(5)]
        #expect(throws: LocalRefusal.self) { try harness.gateway.prepareBatch(twice, at: harness.now) }
    }
}
