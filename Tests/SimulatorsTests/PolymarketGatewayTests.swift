import Glibc
import Simulators
import Testing
import Threading
import Trading

@testable import Polymarket

@Suite("Polymarket's gateway at the loopback venue, over TLS", .serialized)
struct PolymarketGatewayTests {
    @Test("orders, batches, cancels, heartbeats and the account, from keys to the last page")
    func story() async throws {
        let floor = try await PolymarketFloor()
        defer { floor.stop() }
        // A buy by budget, found again by its hash and by its trades.
        let bought = try await floor.send(floor.order())
        guard case .accepted(let summary) = bought.report.outcome, let cumQty = summary.cumQty else {
            Issue.record("\(bought.report.outcome)")
            return
        }
        #expect(summary.standing == .filled && cumQty > Quantity(rawValue: 600_000_000))
        let cash = try #require(summary.cumCash)
        #expect(cash <= Money(rawValue: 600_000_000) && bought.report.orderID == bought.slot.orderID)
        let id = try #require(bought.slot.orderID)
        let found = try await floor.account.find(id, market: floor.contract.symbol, sent: floor.start)
        #expect(found.fills.reduce(0) { $0 + $1.fill.lastQty.rawValue } == cumQty.rawValue)
        #expect(found.fills.allSatisfy { $0.fill.liquidity == .taker && $0.outcome == .yes && $0.side == .buy })

        // What rests, is listed, is cancelled once.
        let resting = try floor.order(.buy, "10", at: "0.01", budget: nil, .gtc, isPostOnly: true)
        let placed = try await floor.send(resting)
        #expect(word(placed.report.outcome) == "working")
        let listed = try await floor.account.openOrders()
        #expect(listed.map(\.orderID) == [placed.slot.orderID] && listed[0].clOrdID == resting.clOrdID)
        #expect(listed[0].summary.leavesQty == resting.orderQty && listed[0].price == resting.price)
        let ref = OrderRef(instrument: floor.instrument, orderID: try #require(placed.slot.orderID))
        #expect(await floor.gateway.cancel(ref, deadline: floor.deadline) == .cancelled(nil))
        guard case .notLive = await floor.gateway.cancel(ref, deadline: floor.deadline) else {
            Issue.record("cancelled twice")
            return
        }

        // A batch, and everything of a market at once.
        let many = try (1...3).map { _ in try floor.order(.buy, "10", at: "0.01", budget: nil, .gtc) }
        let batch = try Ground.patiently { try floor.gateway.prepareBatch(many, at: NanoClock().now()) }
        let legs = await floor.gateway.commit(batch, deadline: floor.deadline)
        #expect(legs.map { word($0.outcome) } == ["working", "working", "working"])
        #expect(await floor.gateway.cancelMarket(floor.instrument, deadline: floor.deadline) == .cancelled(nil))
        #expect(try await floor.account.openOrders().isEmpty)
        #expect(await floor.gateway.cancelAll(deadline: floor.deadline) == .cancelled(nil))

        // Misses and refusals.
        let miss = try floor.order(.buy, "10", at: "0.01", budget: "1.00", .fok)
        #expect(word(try await floor.send(miss).report.outcome) == "rejected unfilled")
        let cross = try floor.order(.buy, "10", at: "0.99", budget: nil, .gtc, isPostOnly: true)
        #expect(word(try await floor.send(cross).report.outcome) == "rejected post_only")
        let costly = try floor.order(.buy, "1", at: "0.99", budget: "500000.00")
        #expect(word(try await floor.send(costly).report.outcome) == "rejected balance")
        let life = floor.order
        let dated = try life(.buy, "10", "0.01", nil, .gtd(NanoClock.utc() + .seconds(600)), false)
        #expect(word(try await floor.send(dated).report.outcome) == "working")

        // Heartbeats: the second carries the first one's id.
        await floor.gateway.beginHeartbeats()
        #expect(await floor.gateway.beat(deadline: floor.deadline) == .good)
        #expect(await floor.gateway.nextBeat != nil)

        let snapshot = try await floor.account.snapshot(since: floor.start, now: NanoClock.utc())
        #expect(snapshot.openOrders.count == 1 && !snapshot.fills.isEmpty && snapshot.balances[0].cash > .zero)
        #expect(snapshot.positions.contains { $0.token == floor.contract.tokens?.yes })
        #expect(snapshot.allowances.allSatisfy(\.isEnough) && snapshot.allowances.count == 2)
        #expect(try await floor.account.version() == 2)
    }

    @Test(
        """
        N01 N02 N05 N07 N16 N19 V01 V02 V03 V06 V07 V08 V09 V11 V12 V20 V21 V22 V24 V28 V37 V39: each fault of a create \
        has its outcome; what the venue took is found by its hash, and the books of it are the venue's truth
        """,
        arguments: [
            (.requestLost, "unknown timeout", false), (.resetBefore, "unknown lost", false),
            (.answerLost, "unknown timeout", true), (.resetAfter, "unknown lost", true),
            (.endAfter, "unknown lost", true), (.slowAnswer, "unknown timeout", true),
            (.cutAnswer, "unknown lost", true), (.pageAnswer, "unknown unreadable", true),
            (.throttled, "rejected throttled", false), (.throttledRetry, "rejected throttled", false),
            (.error500, "unknown 500", false), (.error502, "unknown 502", false), (.error503, "unknown 503", false),
            (.error504, "unknown 504", false), (.error500Applied, "unknown 500", true),
            (.error503Applied, "unknown 503", true), (.timeoutApplied, "unknown 504", true),
            (.delayedMatch, "delayed", true), (.refusedFunds, "rejected balance", false),
            (.refusedAuth, "rejected authentication", false), (.engineRestart, "rejected venue_mode", false),
            (.postOnlyMode, "rejected venue_mode", false), (.otherOrder, "unknown unreadable", true),
            (.unreadable, "unknown unreadable", true), (.closeAfterAnswer, "filled", true),
            (.priceImprovement, "filled", true), (.marketClosed, "rejected market", false),
            (.requestLate, "unknown timeout", true), (.error502Applied, "unknown 502", true),
            (.partialFill, "cancelled", true), (.killed, "rejected unfilled", false), (.closeIdle, "filled", true),
            (.exchangePaused, "rejected venue_mode", false), (.marketPaused, "rejected", false),
            (.failedTrade, "filled", true), (.retryingTrade, "filled", true), (.overfill, "filled", true),
            (.keyRevoked, "rejected authentication", nil),
        ] as [(FaultKind, String, Bool?)])
    func faults(kind: FaultKind, wanted: String, isTaken: Bool?) async throws {
        let floor = try await PolymarketFloor([.init(kind, .polymarket, "create", .nth(1))])
        defer { floor.stop() }
        let order = try floor.order()
        let (slot, report) = try await floor.send(order)
        #expect(word(report.outcome).hasPrefix(wanted), "\(kind.rawValue): \(report.outcome)")
        #expect(report.orderID == slot.orderID)
        let id = try #require(slot.orderID)
        var state = OrderState(order)
        for event in [.sent, report.event] as [OrderEvent] { state.apply(event) }
        // A revoked key reads nothing either.
        guard let isTaken else { return expectTruth(state, floor.venues, named: id.text, kind.rawValue) }
        // A late answer or a delayed match is there when it is there; what was not taken never comes. A trade of which the
        // stream says nothing more is firm, or void, in the list.
        let isSettling = [.failedTrade, .retryingTrade].contains(kind)
        let finding = try await eventually {
            try await floor.account.find(id, market: floor.contract.symbol, sent: floor.start)
        } until: { finding in
            !isTaken
                || !finding.fills.isEmpty
                    && (!isSettling || finding.fills.allSatisfy { [.confirmed, .failed].contains($0.fill.settlement) })
        }
        #expect(finding.isAbsent == !isTaken, "\(kind.rawValue)")
        for _ in 1...2 { for event in finding.events { state.apply(event) } }
        expectTruth(state, floor.venues, named: id.text, kind.rawValue)
        #expect(state.isDone || !isTaken, "\(kind.rawValue): \(state.ordStatus)")
        #expect(state.anomalies.contains(.overfill) == (kind == .overfill), "\(kind.rawValue) \(state.anomalies.words)")
        #expect(state.anomalies.contains(.voided) || kind != .failedTrade)
        if kind == .priceImprovement {
            #expect(try state.cumCash <= Money(decimal: "6.00"), "a better price buys more, and costs no more")
        }
        if case .unknown = report.outcome, !isTaken {
            #expect(state.isUnknown && state.cashMax == order.cashOrderQty, "not found is no evidence")
        }
        var question = DeadAfter(sent: try #require(report.stamps.sent ?? report.stamps.acked), takerDelay: .zero)
        question.looked(finding, asked: NanoClock.monotonic())
        if isTaken { #expect(question.verdict(at: NanoClock.monotonic()) == .entered) }
    }
}
