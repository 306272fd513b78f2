import Foundation
import Glibc
import Signing
import Simulators
import TestKit
import Testing
import Threading
import Trading
import Transport

@testable import Kalshi

private final class Heard: OrderSink {
    var reports: [ExecutionReport] = []
    var gaps = 0
    func apply(_ report: ExecutionReport) { reports.append(report) }
    func apply(_ position: VenuePosition) {}
    func gap(_ venue: VenueID, since: UTCNanos) { gaps += 1 }
    func note(_ notice: FeedNotice) {}
}

/// The loopback venue over TLS, and everything of ours that trades there.
private final class KalshiFloor {
    let venues: LoopbackVenues
    let gateway: Kalshi.Gateway
    let account: Kalshi.Account
    let ticker: String
    let instrument = InstrumentID(0)
    private let auth: Kalshi.Auth
    private let authority: ThrowawayCA
    let floor: GatewayFloor
    private let place: Workplace
    private var number: UInt64 = 0

    init(_ faults: [FaultPlan.Rule] = [], cash: Int = 10_000_000_000) throws {
        place = try Workplace()
        authority = try ThrowawayCA(folder: place.url.path)
        let key = try SigningKey(generating: .rsa)
        var world = SimWorld.Settings()
        world.pairs = 2
        world.isSteady = true
        world.plants = false
        world.rate = 20
        var settings = KalshiTrading.Settings()
        settings.keys = [KalshiTrading.Key(id: "ours", publicPEM: key.publicPEM)]
        settings.cash = ["ours": [0: cash]]
        var trading = LoopbackVenues.Trading()
        trading.faults = FaultPlan(faults)
        trading.kalshi = { [settings] in KalshiTrading($0.pairs, settings) }
        venues = try LoopbackVenues(world, authority: authority, publicKey: key.publicPEM, trading: trading)
        ticker = SimWorld(world).pairs[0].ticker
        let base = "https://localhost:\(venues.kalshiPort)/trade-api/v2"
        floor = try GatewayFloor(base, authority: authority)
        auth = Kalshi.Auth(keyID: "ours", key: key)
        var reads = Kalshi.AccountSettings()
        reads.restURL = base
        account = Kalshi.Account(
            auth: auth, channel: HTTPChannel(venue: .kalshi, client: floor.client), clock: NanoClock(), settings: reads)

        var orders = Kalshi.GatewaySettings()
        orders.restURL = base
        gateway = Kalshi.Gateway(
            auth: auth, sender: floor.pool,
            budget: ShardBudget(capacity: 300, refill: 100, reserve: 40, at: NanoClock.monotonic()),
            clock: NanoClock(), settings: orders, executor: floor.lane)
        var terms = InstrumentTerms(
            title: ticker, status: .active, grid: try TickGrid(step: .cent), lot: Quantity(rawValue: 1_000_000),
            orderQtyMin: Quantity(rawValue: 1_000_000), fillStep: Quantity(rawValue: 1_000_000), currency: .usd,
            fees: FeeTimeline(
                try Kalshi.Fees(
                    feeType: "quadratic", multiplier: #require(FeeMultiplier(rawValue: 100_000_000)), account: .direct)),
            entriesEnd: nil, payout: nil, readAt: NanoClock.utc())
        terms.exchangeIndex = 0
        try gateway.apply(terms, of: instrument, ticker: ticker)
        try gateway.tend(at: NanoClock.utc())
    }

    func stop() {
        floor.stop()
        _ = venues.stop()
    }

    var deadline: MonotonicNanos { floor.deadline }
    /// Before everything that happens here.
    let start = NanoClock.utc() + .seconds(-5)

    func order(
        _ outcome: Outcome = .yes, _ side: Trading.Side = .buy, _ count: String = "2", at price: String = "0.99",
        _ life: TimeInForce = .ioc, isPostOnly: Bool = false
    ) throws -> NewOrder {
        number += 1
        return NewOrder(
            clOrdID: ClOrdID(prefix: 7, run: 1, sequence: number), instrument: instrument, outcome: outcome,
            side: side, orderQty: try Quantity(decimal: count), price: try Price(decimal: price), timeInForce: life,
            isPostOnly: isPostOnly, isReduceOnly: side == .sell, purpose: side == .sell ? .close : .entry)
    }

    /// Prepares as soon as there is a connection, and commits.
    func send(_ order: NewOrder) async throws -> LegReport {
        let slot = try floor.patiently { try self.gateway.prepare(order, at: NanoClock().now()) }
        return await gateway.commit(slot, deadline: deadline)
    }

    /// The private stream over a link of its own, until `isEnough` or five seconds have passed.
    func listen(_ heard: Heard, during: () async throws -> Void, until isEnough: (Heard) -> Bool) async throws {
        let stream = Kalshi.UserStream(settings: UserStreamSettings())
        let id = UserStreamSettings().link
        stream.start(at: NanoClock().now())
        let target = try auth.linkTarget(
            url: "wss://localhost:\(venues.kalshiPort)/trade-api/ws/v2", at: NanoClock.utc())
        let link = try WebSocketLink(
            url: target.url, headers: target.headers, context: TLSContext(loopbackAuthority: authority.authority),
            deadline: NanoClock.monotonic() + .seconds(5), seed: 1)
        stream.opened(id, at: NanoClock().now(), into: heard)
        for action in stream.takeActions() { if case .send(_, let text) = action { try link.send(text) } }
        let end = NanoClock.monotonic() + .seconds(5)
        var isStarted = false
        while NanoClock.monotonic() < end {
            if stream.isLive, !isStarted {
                isStarted = true
                try await during()
            }
            if isStarted, isEnough(heard) { return }
            guard case .message(let bytes)? = try link.next(now: NanoClock.monotonic()) else {
                poll(nil, 0, 1)
                continue
            }
            stream.received(id, Array(bytes).span.bytes, at: NanoClock().now(), into: heard)
        }
    }
}

@Suite("Kalshi's gateway at the loopback venue, over TLS", .serialized)
struct KalshiGatewayTests {
    @Test("orders, cancels, changes, groups and the account: what is answered, listed and told is one")
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
        #expect(listed.summary.avgPx == summary.avgPx && listed.summary.fee == summary.fee)
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
        let slot = try floor.floor.patiently { try floor.gateway.prepareBatch(batch, at: NanoClock().now()) }
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

    @Test("refusals: unfilled FOK, post-only that would take, too little cash, a used name")
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
        #expect(word(answer.outcome) == "rejected duplicate" && Tombstone.answer(answer) == .list)
        let listed = try await floor.account.find(first.clOrdID, ticker: floor.ticker, since: floor.start)
        guard case .adopt = Tombstone.finding(listed, original: first, tombstone: used) else {
            Issue.record("\(listed)")
            return
        }
        #expect(Tombstone.answer(try await floor.send(stone)) == .cannotEnter)
    }

    @Test(
        "every fault of a create has its outcome, and the order is found by our name where the venue took it",
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
            (.priceImprovement, "filled", true),
        ] as [(FaultKind, String, Bool?)])
    func faults(kind: FaultKind, wanted: String, isTaken: Bool?) async throws {
        let floor = try KalshiFloor([.init(kind, .kalshi, "create", .nth(1))])
        defer { floor.stop() }
        let order = try floor.order()
        let report = try await floor.send(order)
        #expect(word(report.outcome).hasPrefix(wanted), "\(kind.rawValue): \(report.outcome)")
        // A revoked key reads nothing either.
        guard let isTaken else { return }
        var found = try await floor.account.find(order.clOrdID, ticker: floor.ticker, since: floor.start)
        // A late request or answer is there when it is there; what was not taken never comes.
        let end = NanoClock.monotonic() + .seconds(8)
        while isTaken, found.isEmpty, NanoClock.monotonic() < end {
            poll(nil, 0, 50)
            found = try await floor.account.find(order.clOrdID, ticker: floor.ticker, since: floor.start)
        }
        #expect(found.count == (isTaken ? 1 : 0), "\(kind.rawValue)")
    }
}
