import Glibc
import Simulators
import Testing
import Threading
import Trading

@testable import Kalshi

@Suite("Kalshi's gateway at the loopback venue, over TLS", .serialized)
struct KalshiGatewayTests {
    @Test(
        "V34 and all else in one story: orders, cancels, changes, groups and the account: what is answered, listed and told is one"
    )
    func story() async throws {
        let floor = try KalshiFloor()
        defer { floor.stop() }
        let bought = try await floor.send(floor.order())
        guard case .accepted(let summary) = bought.outcome else {
            Issue.record("\(bought.outcome)")
            return
        }
        #expect(try summary.standing == .filled && summary.cumQty == Quantity(decimal: "2"))
        let id = try #require(bought.orderID)
        let listed = try #require(await floor.account.order(id))
        #expect(listed.clOrdID == bought.clOrdID && listed.summary.cumQty == summary.cumQty)
        #expect(listed.summary.avgPx == summary.avgPx && listed.summary.fee != nil && summary.fee == nil)
        let found = try await floor.account.find(bought.clOrdID, ticker: floor.ticker, since: floor.start)
        #expect(found.map(\.orderID) == [id])

        // Sold back, reduce-only: listed as a buy of NO, at the same price seen from the other side.
        let sold = try await floor.send(floor.order(.yes, .sell, "2", at: "0.01"))
        guard case .accepted(let sale) = sold.outcome, let price = sale.avgPx, let saleID = sold.orderID else {
            Issue.record("\(sold.outcome)")
            return
        }
        let fills = try await floor.account.fills(of: floor.ticker, since: floor.start)
        let own = fills.filter { $0.orderID == saleID }
        #expect(!own.isEmpty && own.allSatisfy { $0.outcome == .no && $0.fill.lastPx == price.complement })
        #expect(try await floor.account.order(saleID)?.summary.avgPx == price.complement)
        #expect(try await floor.account.positions().isEmpty)

        try await changes(floor)
        let snapshot = try await floor.account.snapshot(since: floor.start, now: NanoClock.utc())
        #expect(snapshot.openOrders.isEmpty && snapshot.doneOrders.count >= 4 && !snapshot.fills.isEmpty)
        #expect(snapshot.balances.contains { $0.exchangeIndex == 0 && $0.cash > .zero })
        #expect(try await floor.account.limits().write.capacity > 0)
    }

    private func changes(_ floor: KalshiFloor) async throws {
        let resting = try floor.order(.no, .buy, "10", at: "0.01", .gtc, isPostOnly: true)
        let placed = try await floor.send(resting)
        #expect(word(placed.outcome) == "working")
        let ref = OrderRef(instrument: floor.instrument, orderID: try #require(placed.orderID))
        var wanted = try floor.order(.no, .buy, "8", at: "0.02", .gtc)
        wanted.isPostOnly = true
        guard case .changed(let amended) = await floor.gateway.amend(ref, to: wanted, deadline: floor.deadline) else {
            Issue.record("not amended")
            return
        }
        #expect(try amended.leavesQty == Quantity(decimal: "8"))
        let three = try Quantity(decimal: "3")
        guard case .changed(let less) = await floor.gateway.decrease(ref, to: three, deadline: floor.deadline) else {
            Issue.record("not made smaller")
            return
        }
        #expect(less.leavesQty == three)
        #expect(await floor.gateway.cancel(ref, deadline: floor.deadline) == .cancelled(three))
        guard case .notLive = await floor.gateway.cancel(ref, deadline: floor.deadline) else {
            Issue.record("cancelled twice")
            return
        }
        let made = await floor.gateway.makeGroup(
            limit: try Quantity(decimal: "100"), shard: 0, deadline: floor.deadline)
        guard case .done(let group?) = made else {
            Issue.record("\(made)")
            return
        }
        floor.gateway.join(group, shard: 0)
        let grouped = try await floor.send(floor.order(.yes, .buy, "2", at: "0.01", .gtc))
        #expect(word(grouped.outcome) == "working")
        #expect(await floor.gateway.change(group, .trigger, shard: 0, deadline: floor.deadline) == .done(nil))
        let refused = word(try await floor.send(floor.order()).outcome)
        #expect(refused.hasPrefix("rejected"), "\(refused)")
        #expect(try await floor.account.snapshot(since: floor.start, now: NanoClock.utc()).openOrders.isEmpty)
        floor.gateway.join(nil, shard: 0)
        let batch = try [floor.order(.yes, .buy, "1", at: "0.01", .gtc), floor.order(.yes, .buy, "1")]
        let slot = try Ground.patiently { try floor.gateway.prepareBatch(batch, at: NanoClock().now()) }
        let reports = await floor.gateway.commit(slot, deadline: floor.deadline)
        #expect(reports.map { word($0.outcome) } == ["working", "filled"])
        #expect(await floor.gateway.cancelAll(deadline: floor.deadline) == .cancelled(nil))
    }

    @Test("the private stream tells the same fills as the lists")
    func stream() async throws {
        let floor = try KalshiFloor()
        defer { floor.stop() }
        let heard = Heard()
        var report: LegReport?
        try await floor.listen(heard) {
            report = try await floor.send(floor.order(.no, .buy, "2"))
        } until: { heard in
            heard.reports.contains { if case .summary(let told) = $0.event { told.standing == .filled } else { false } }
        }
        let sent = try #require(report)
        let fills = try await floor.account.fills(of: floor.ticker, since: floor.start)
        let told = heard.reports.compactMap { report -> Fill? in
            if case .fill(let fill) = report.event { fill } else { nil }
        }
        #expect(!fills.isEmpty && Set(told) == Set(fills.map(\.fill)))
        #expect(heard.reports.allSatisfy { $0.orderID == sent.orderID && $0.clOrdID == sent.clOrdID })
        #expect(heard.gaps == 1)
    }

    @Test("V04, V07, V09: unfilled FOK, post-only that would take, too little cash, a used name")
    func refusals() async throws {
        let floor = try KalshiFloor(cash: 5_000_000)
        defer { floor.stop() }
        #expect(
            word(try await floor.send(floor.order(.yes, .buy, "2", at: "0.01", .fok)).outcome) == "rejected unfilled")
        let cross = try floor.order(.yes, .buy, "2", at: "0.99", .gtc, isPostOnly: true)
        #expect(word(try await floor.send(cross).outcome) == "rejected post_only")
        #expect(word(try await floor.send(floor.order(.yes, .buy, "1000")).outcome) == "rejected balance")
        let first = try floor.order(.yes, .buy, "1", at: "0.01")
        #expect(word(try await floor.send(first).outcome) == "cancelled")
        let stone = try Tombstone.order(
            for: floor.order(), sentAt: NanoClock.monotonic(), now: NanoClock.monotonic(), maxAge: .seconds(60),
            grid: TickGrid(step: .cent), lot: Quantity(rawValue: 1_000_000))
        var used = stone
        used.clOrdID = first.clOrdID
        let answer = try await floor.send(used)
        #expect(word(answer.outcome) == "rejected duplicate")
        let listed = try await floor.account.find(first.clOrdID, ticker: floor.ticker, since: floor.start)
        guard case .adopt = Tombstone.finding(listed, original: first, tombstone: used) else {
            Issue.record("\(listed)")
            return
        }
        #expect(word(try await floor.send(stone).outcome) == "cancelled")
    }

    @Test(
        """
        N01 N02 N05 N07 N16 N19 V01 V02 V03 V06 V07 V09 V11 V12 V24 V28 V37 V39: each fault of a create has its outcome; \
        what the venue took is found by our name, and the books of it are the venue's truth
        """,
        arguments: [
            (.requestLost, "unknown timeout", false), (.resetBefore, "unknown lost", false),
            (.requestLate, "unknown timeout", true), (.answerLost, "unknown timeout", true),
            (.resetAfter, "unknown lost", true), (.endAfter, "unknown lost", true),
            (.slowAnswer, "unknown timeout", true), (.cutAnswer, "unknown lost", true),
            (.pageAnswer, "unknown unreadable", false), (.throttled, "rejected throttled", false),
            (.throttledRetry, "rejected throttled", false), (.error500, "unknown 500", false),
            (.error502, "unknown 502", false), (.error503, "unknown 503", false), (.error504, "unknown 504", false),
            (.error500Applied, "unknown 500", true), (.error502Applied, "unknown 502", true),
            (.error503Applied, "unknown 503", true), (.timeoutApplied, "unknown 504", true),
            (.refusedFunds, "rejected balance", false), (.refusedAuth, "rejected authentication", false),
            (.keyRevoked, "rejected authentication", nil), (.exchangePaused, "rejected venue_mode", false),
            (.marketPaused, "rejected", false), (.marketClosed, "rejected market", false),
            (.unreadable, "unknown unreadable", true), (.closeAfterAnswer, "filled", true),
            (.closeIdle, "filled", true), (.killed, "cancelled", true), (.partialFill, "cancelled", true),
            (.priceImprovement, "filled", true), (.overfill, "filled", true),
        ] as [(FaultKind, String, Bool?)])
    func faults(kind: FaultKind, wanted: String, isTaken: Bool?) async throws {
        let floor = try KalshiFloor([.init(kind, .kalshi, "create", .nth(1))])
        defer { floor.stop() }
        let order = try floor.order()
        let name = order.clOrdID.description
        let report = try await floor.send(order)
        #expect(word(report.outcome).hasPrefix(wanted), "\(kind.rawValue): \(report.outcome)")
        var state = OrderState(order)
        for event in [.sent, report.event] as [OrderEvent] { state.apply(event) }
        // A revoked key reads nothing either.
        guard let isTaken else { return expectTruth(state, floor.venues, named: name, kind.rawValue) }
        // A late request or answer is there when it is there; what was not taken never comes.
        let found = try await eventually {
            try await floor.account.find(order.clOrdID, ticker: floor.ticker, since: floor.start)
        } until: {
            !isTaken || !$0.isEmpty
        }
        #expect(found.count == (isTaken ? 1 : 0), "\(kind.rawValue)")
        let fills = try await floor.account.fills(of: floor.ticker, since: floor.start).filter { fill in
            found.contains { $0.orderID == fill.orderID }
        }
        // Read twice, as a daemon does: what was told is joined, not added.
        for _ in 1...2 {
            for listed in found { state.apply(.summary(listed.summary)) }
            for fill in fills { state.apply(.fill(fill.fill)) }
        }
        expectTruth(state, floor.venues, named: name, kind.rawValue)
        #expect(state.isDone == isTaken || !isTaken, "\(kind.rawValue): \(state.ordStatus)")
        #expect(state.anomalies.contains(.overfill) == (kind == .overfill), "\(kind.rawValue)")
        if case .unknown = report.outcome, !isTaken {
            #expect(state.isUnknown && state.exposureMax == order.orderQty, "not found is no evidence")
        }
    }
}
