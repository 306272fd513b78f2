import Foundation
import Signing
import Synchronization
import Testing
import Trading
import Transport

@testable import Polymarket

@Suite("Gateway: modes, cancels and versions")
struct GatewayModesTests {
    /// Sends one order whose answer is `wire`.
    private func teach(_ harness: GatewayHarness, _ wire: WireOutcome) async throws {
        let slot = try harness.gateway.prepare(harness.order(), at: harness.clock.now())
        harness.sender.then(wire)
        _ = await harness.gateway.commit(slot, deadline: harness.deadline)
    }

    private enum Try { case entry, resting, close }

    /// Why an order is not prepared now; nil when it is.
    private func blocked(_ harness: GatewayHarness, _ what: Try = .entry) throws -> LocalRefusal.Kind? {
        let order =
            switch what {
            case .entry: try harness.order()
            case .resting: try harness.order(budget: nil, .gtc, isPostOnly: true)
            case .close: try harness.order(.sell, "3", budget: nil, purpose: .close)
            }
        do throws(LocalRefusal) {
            harness.gateway.giveBack(try harness.gateway.prepare(order, at: harness.clock.now()))
            return nil
        } catch { return error.kind }
    }

    @Test("post-only with a time: no taker goes out until then, resting orders do; then all")
    func postOnly() async throws {
        let harness = try GatewayHarness()
        try await teach(harness, GatewayHarness.error(503, "post-only mode", retryAfter: .seconds(90)))
        #expect(try blocked(harness) == .blocked && blocked(harness, .close) == .blocked)
        #expect(try blocked(harness, .resting) == nil)
        harness.clock.advance(.seconds(89))
        #expect(try blocked(harness) == .blocked)
        harness.clock.advance(.seconds(1))
        #expect(try blocked(harness) == nil && blocked(harness, .close) == nil)
        #expect(harness.sender.free == 3)
    }

    @Test("cancel-only and disabled: no order goes out; without a time it is a guess, which binds entries alone")
    func closed() async throws {
        for text in ["Trading is currently cancel-only.", "Trading is currently disabled"] {
            let told = try GatewayHarness()
            try await teach(told, GatewayHarness.error(503, text, retryAfter: .seconds(10)))
            #expect(try blocked(told, .resting) == .blocked && blocked(told, .close) == .blocked)
            told.clock.advance(.seconds(10))
            #expect(try blocked(told) == nil)
            let guess = try GatewayHarness()
            try await teach(guess, GatewayHarness.error(503, text))
            #expect(try blocked(guess) == .blocked && blocked(guess, .close) == nil)
            guess.clock.advance(.seconds(30))
            #expect(try blocked(guess) == nil)
        }
    }

    @Test("a restart: a pause that doubles, then two minutes in which no entry takes; an order taken ends the doubling")
    func restart() async throws {
        let harness = try GatewayHarness()
        try await teach(harness, GatewayHarness.error(425, "Too Early"))
        #expect(try blocked(harness, .resting) == .blocked && blocked(harness, .close) == nil)
        harness.clock.advance(.seconds(1))
        #expect(try blocked(harness, .resting) == nil && blocked(harness) == .blocked)
        harness.clock.advance(.seconds(119))
        #expect(try blocked(harness) == .blocked)
        harness.clock.advance(.seconds(1))
        #expect(try blocked(harness) == nil)
        try await teach(harness, GatewayHarness.error(425, "Too Early"))
        harness.clock.advance(.milliseconds(1_999))
        #expect(try blocked(harness, .resting) == .blocked)
        harness.clock.advance(.milliseconds(1))
        #expect(try blocked(harness, .resting) == nil)
    }

    @Test("429: entries wait as long as the venue says, or a second; the budget is told, cancels go on")
    func throttled() async throws {
        let harness = try GatewayHarness()
        try await teach(harness, GatewayHarness.error(429, "Too Many Requests", retryAfter: .seconds(5)))
        #expect(harness.budget.now.refusals == [.seconds(5)])
        harness.clock.advance(.milliseconds(4_999))
        #expect(try blocked(harness) == .blocked)
        harness.sender.then(GatewayHarness.answer(200, "{\"canceled\":[],\"not_canceled\":{}}"))
        let report = await harness.gateway.cancelAll(deadline: harness.deadline)
        #expect(report == .cancelled(nil))
        harness.clock.advance(.milliseconds(1))
        #expect(try blocked(harness) == nil)
        try await teach(harness, GatewayHarness.error(429, "Too Many Requests"))
        #expect(harness.budget.now.refusals == [.seconds(5), nil])
        #expect(try blocked(harness) == .blocked && blocked(harness, .close) == nil)
        harness.clock.advance(.seconds(1))
        #expect(try blocked(harness) == nil)
    }

    @Test(
        "a region, a ban, closed-only or bad keys end entries until the operator says that they are mended; closes are tried",
        arguments: [
            (403, "Trading restricted in your region"), (400, "'0xf39F' address in closed only mode"),
            (400, "'0xf39F' address banned"), (401, "Unauthorized/Invalid api key"),
        ])
    func account(status: Int, text: String) async throws {
        let harness = try GatewayHarness()
        try await teach(harness, GatewayHarness.error(status, text))
        harness.clock.advance(.seconds(86_400))
        #expect(try blocked(harness) == .blocked && blocked(harness, .resting) == .blocked)
        #expect(try blocked(harness, .close) == nil)
        harness.gateway.resetAccount()
        #expect(try blocked(harness) == nil)
    }

    @Test("refusals of the order alone, and unknown outcomes, block nothing")
    func harmless() async throws {
        let harness = try GatewayHarness()
        for wire in [
            GatewayHarness.error(400, "not enough balance / allowance"), GatewayHarness.error(500, "order timed out"),
            GatewayHarness.error(503, "upstream connect error"), GatewayHarness.answer(200, "x"),
        ] {
            try await teach(harness, wire)
            #expect(try blocked(harness) == nil)
        }
    }

    // MARK: Cancels

    private func id(_ letter: String) -> OrderID { OrderID("0x" + String(repeating: letter, count: 64)) }

    @Test("one order: the documented request; tokens of cancels, a connection kept for closes")
    func cancelOne() async throws {
        let harness = try GatewayHarness(connections: 1, orders: 0)
        harness.sender.then(GatewayHarness.answer(200, "{\"canceled\":[\"\(id("a"))\"],\"not_canceled\":{}}"))
        let ref = OrderRef(instrument: harness.instrument, orderID: id("a"))
        #expect(await harness.gateway.cancel(ref, deadline: harness.deadline) == .cancelled(nil))
        let request = try #require(harness.sender.requests.last)
        #expect(request.hasPrefix("DELETE /order HTTP/1.1\r\nHost: clob.test\r\n"))
        #expect(request.hasSuffix("\r\n\r\n{\"orderID\":\"\(id("a"))\"}"))
        #expect(harness.budget.now.cancels == 119 && harness.budget.now.orders == 0)
        #expect(harness.sender.state.withLock { $0.purposes } == [.close])
    }

    @Test("many orders: in parts, each answered for itself")
    func cancelMany() async throws {
        let settings = { () -> GatewaySettings in
            var settings = GatewayHarness.settings()
            settings.cancelsMax = 2
            return settings
        }()
        let harness = try GatewayHarness(settings: settings)
        let refs = ["a", "b", "c"].map { OrderRef(instrument: harness.instrument, orderID: id($0)) }
        harness.sender.then(
            GatewayHarness.answer(
                200, "{\"canceled\":[\"\(id("b"))\"],\"not_canceled\":{\"\(id("a"))\":\"already canceled or matched\"}}"
            ))
        harness.sender.then(GatewayHarness.error(500, "internal"))
        let reports = await harness.gateway.cancel(refs, deadline: harness.deadline)
        guard case .notLive = reports[0] else {
            Issue.record("\(reports[0])")
            return
        }
        #expect(reports[1] == .cancelled(nil) && reports[2] == .unknown(.serverError(500)))
        #expect(harness.sender.requests.count == 2 && harness.budget.now.cancels == 117)
        #expect(harness.sender.requests[0].hasSuffix("[\"\(id("a"))\",\"\(id("b"))\"]"))
    }

    @Test("all, and all of a market; no tokens and no connection are not sent, and cost nothing")
    func cancelAll() async throws {
        let harness = try GatewayHarness()
        harness.sender.then(GatewayHarness.answer(200, "{\"canceled\":[\"\(id("b"))\"],\"not_canceled\":{}}"))
        #expect(await harness.gateway.cancelMarket(harness.instrument, deadline: harness.deadline) == .cancelled(nil))
        #expect(harness.sender.requests[0].hasPrefix("DELETE /cancel-market-orders HTTP/1.1"))
        #expect(
            harness.sender.requests[0].hasSuffix("{\"market\":\"\(GatewayHarness.condition)\",\"asset_id\":\"\"}"))
        let stranger = await harness.gateway.cancelMarket(InstrumentID(9), deadline: harness.deadline)
        #expect(stranger == .notSent(LocalRefusal(.market, "the terms of the market are not known")))
        harness.sender.then(GatewayHarness.answer(200, "{\"canceled\":[],\"not_canceled\":{}}"))
        #expect(await harness.gateway.cancelAll(deadline: harness.deadline) == .cancelled(nil))
        #expect(harness.sender.requests[1].hasPrefix("DELETE /cancel-all HTTP/1.1"))
        #expect(harness.sender.requests[1].contains("Content-Length: 0\r\n"))

        let cut = try GatewayHarness(connections: 0)
        #expect(
            await cut.gateway.cancelAll(deadline: cut.deadline)
                == .notSent(LocalRefusal(.noConnection, "no connection is open and idle")))
        #expect(cut.budget.now.cancels == 120)
        _ = cut.budget.takeCancels(120, at: cut.clock.now().monotonic)
        #expect(
            await cut.gateway.cancelAll(deadline: cut.deadline)
                == .notSent(LocalRefusal(.noTokens, "the account's cancel tokens are used up")))
        harness.sender.then(.notSent(TransportFault(.closed, "gone")))
        _ = await harness.gateway.cancelAll(deadline: harness.deadline)
        #expect(harness.budget.now.cancels == 118)
    }

    // MARK: Versions

    private func market(version: String, negRisk: Bool, tokens: [String]? = nil) -> String {
        let tokens = tokens ?? [GatewayHarness.yesToken, GatewayHarness.noToken]
        return """
            {"c":"\(GatewayHarness.condition)","t":[{"t":"\(tokens[0])","o":"Yes"},{"t":"\(tokens[1])","o":"No"}],\
            "mts":0.01,"mos":5,"nr":\(negRisk),"ao":true,"v":"\(version)"}
            """
    }

    private func channel(_ market: String, version: Int = 2) -> ScriptedChannel {
        ScriptedChannel([
            "/version": [(200, "{\"version\":\(version)}")],
            "/clob-markets/\(GatewayHarness.condition)": [(200, market)],
        ])
    }

    @Test(
        "a version mismatch is a plain refusal; asked for its route, the market's next order is signed for the new place"
    )
    func reroute() async throws {
        let harness = try GatewayHarness(channel: channel(market(version: "v1", negRisk: true)))
        _ = try harness.gateway.signAhead(harness.order(), at: harness.clock.now())
        let slot = try harness.gateway.prepare(harness.order(), at: harness.clock.now())
        _ = try harness.gateway.signAhead(harness.order(), at: harness.clock.now())
        harness.sender.then(GatewayHarness.error(400, "order_version_mismatch"))
        let report = await harness.gateway.commit(slot, deadline: harness.deadline)
        guard case .rejected(let rejection) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        #expect(rejection.kind == .version && report.orderID == slot.orderID)
        #expect(harness.sender.requests.count == 1 && harness.channel.paths.isEmpty, "one order, and nobody was asked")
        #expect(await harness.gateway.reroute(harness.instrument))
        #expect(harness.gateway.desk.withLock { $0.markets[0]?.exchange } == .negRisk)
        #expect(harness.gateway.desk.withLock { $0.drafts.isEmpty }, "what was signed for the old place is void")
        let next = try harness.gateway.prepare(harness.order(), at: harness.clock.now())
        #expect(next.orderID != slot.orderID && harness.sender.requests.count == 1)
        // The catalogue may be the older of the two: it says the same as before, and is not believed.
        try harness.gateway.apply(GatewayHarness.terms(), of: harness.instrument, GatewayHarness.contract)
        #expect(harness.gateway.desk.withLock { $0.markets[0]?.exchange } == .negRisk)
        // Something new is: the market is traded where the catalogue says from then on.
        try harness.gateway.apply(
            GatewayHarness.terms { $0.negRisk = true }, of: harness.instrument, GatewayHarness.contract)
        try harness.gateway.apply(GatewayHarness.terms(), of: harness.instrument, GatewayHarness.contract)
        #expect(harness.gateway.desk.withLock { $0.markets[0]?.exchange } == .standard)
        #expect(await !harness.gateway.reroute(InstrumentID(7)), "a market that nobody knows")
    }

    @Test("no new place: same version, other tokens, tokens of the first protocol, another generation, no answer")
    func refusedRoutes() async throws {
        let cases = [
            channel(market(version: "v1", negRisk: false)),
            channel(market(version: "v1", negRisk: true, tokens: ["1", "2"])),
            channel(market(version: "v2", negRisk: false)),
            channel(market(version: "v1", negRisk: true), version: 3), ScriptedChannel(),
        ]
        for channel in cases {
            let harness = try GatewayHarness(channel: channel)
            #expect(await !harness.gateway.reroute(harness.instrument))
            #expect(harness.gateway.desk.withLock { $0.markets[0]?.exchange } == .standard)
        }
    }

    @Test("the budget of a signer: a burst of 60 of which 20 are kept for closes, 40 a second, cancels apart")
    func signerBudget() {
        let start = MonotonicNanos(rawValue: 1_000_000_000)
        let budget = SignerBudget(at: start)
        #expect(budget.takeOrders(40, .entry, at: start) && !budget.takeOrders(1, .entry, at: start))
        #expect(budget.takeOrders(20, .close, at: start) && !budget.takeOrders(1, .close, at: start))
        #expect(budget.takeCancels(120, at: start) && !budget.takeCancels(1, at: start))
        budget.giveBackCancels(1, at: start)
        #expect(budget.takeCancels(1, at: start))
        let later = start + .seconds(1)
        #expect(budget.takeOrders(20, .entry, at: later) && !budget.takeOrders(1, .entry, at: later))
        budget.giveBackOrders(1, at: later)
        #expect(budget.takeOrders(1, .entry, at: later))
        budget.refused(retryAfter: .seconds(4), at: later)
        #expect(!budget.takeOrders(1, .close, at: later + .seconds(3)))
        #expect(budget.takeCancels(1, at: later + .seconds(3)))
        #expect(budget.takeOrders(1, .close, at: later + .seconds(5)))
    }
}
