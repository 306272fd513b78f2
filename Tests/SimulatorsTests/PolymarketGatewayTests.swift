import Foundation
import Signing
import Simulators
import Synchronization
import TestKit
import Testing
import Threading
import Trading
import Transport

@testable import Polymarket

/// The loopback venue over TLS, and everything of ours that trades there.
private final class TradingFloor {
    let venues: LoopbackVenues
    let gateway: Polymarket.Gateway
    let account: Polymarket.Account
    let contract: Contract
    let instrument = InstrumentID(0)
    let floor: GatewayFloor
    private let place: Workplace
    private var number: UInt64 = 0

    init(_ faults: [FaultPlan.Rule] = []) async throws {
        place = try Workplace()
        let authority = try ThrowawayCA(folder: place.url.path)
        var world = SimWorld.Settings()
        world.pairs = 2
        world.plants = false
        world.rate = 10
        let key = try WalletKey()
        var settings = PolymarketTrading.Settings()
        var trader = PolymarketTrading.Client(owner: key.address.checksummed)
        trader.shares = 1_000_000_000
        settings.clients = [trader]
        var trading = LoopbackVenues.Trading()
        trading.faults = FaultPlan(faults)
        trading.polymarket = { [settings] in PolymarketTrading($0, settings) }
        venues = try LoopbackVenues(world, authority: authority, publicKey: nil, trading: trading)
        // The same settings make the same world.
        let pair = SimWorld(world).pairs[0]
        contract = Contract(
            venue: .polymarket, symbol: pair.condition, tokens: .init(yes: pair.yesToken, no: pair.noToken))
        let base = "https://localhost:\(venues.polymarketPort)"
        floor = try GatewayFloor(base, authority: authority)
        let channel = HTTPChannel(venue: .polymarket, client: floor.client)
        let keys = try await ApiKeyDesk(base: base, channel: channel, userAgent: "arb").keys(
            of: key, at: NanoClock.utc())
        let trades = TradingAccount(
            key: key, wallet: try Wallet(.account, address: key.address, owner: key.address), keys: keys)

        var orders = Polymarket.GatewaySettings()
        orders.base = base
        orders.host = "localhost:\(venues.polymarketPort)"
        orders.seed = UInt64.random(in: 0...UInt64.max)
        let gateway = try Polymarket.Gateway(
            account: trades, sender: floor.pool, budget: SignerBudget(at: NanoClock.monotonic()), channel: channel,
            clock: NanoClock(), settings: orders, executor: floor.lane)
        self.gateway = gateway
        var reads = AccountSettings()
        reads.base = base
        reads.dataBase = base
        account = try Polymarket.Account(
            account: trades, contracts: [contract], channel: channel, clock: NanoClock(), settings: reads,
            known: { gateway.known($0) })
        let terms = InstrumentTerms(
            title: pair.ticker, status: .active, grid: try TickGrid(step: .cent), lot: Quantity(rawValue: 1_000_000),
            orderQtyMin: try Quantity(decimal: "5"), notionalMin: try Money(decimal: "1"), budgetStep: .cent,
            fillStep: Quantity(rawValue: 100), currency: .pusd, fees: FeeTimeline(Polymarket.Fees.free),
            entriesEnd: nil, payout: nil, readAt: NanoClock.utc())
        try gateway.apply(terms, of: instrument, contract)
    }

    func stop() {
        floor.stop()
        _ = venues.stop()
    }

    var deadline: MonotonicNanos { floor.deadline }
    /// Before everything that happens here, by the venue's clock too.
    let start = NanoClock.utc() + .seconds(-5)

    func order(
        _ side: Trading.Side = .buy, _ shares: String = "20", at price: String = "0.99", budget: String? = "6.00",
        _ life: TimeInForce = .ioc, isPostOnly: Bool = false
    ) throws -> NewOrder {
        number += 1
        return NewOrder(
            clOrdID: ClOrdID(prefix: 7, run: 1, sequence: number), instrument: instrument, outcome: .yes, side: side,
            orderQty: try Quantity(decimal: shares), price: try Price(decimal: price),
            cashOrderQty: try budget.map { try Money(decimal: $0) }, timeInForce: life, isPostOnly: isPostOnly)
    }

    /// Prepares as soon as there is a connection, and commits.
    func send(_ order: NewOrder) async throws -> (slot: SendSlot, report: LegReport) {
        let slot = try floor.patiently { try self.gateway.prepare(order, at: NanoClock().now()) }
        return (slot, await gateway.commit(slot, deadline: deadline))
    }

}

@Suite("Polymarket's gateway at the loopback venue, over TLS", .serialized)
struct PolymarketGatewayTests {
    @Test("orders, batches, cancels, heartbeats and the account, from keys to the last page")
    func story() async throws {
        let floor = try await TradingFloor()
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
        let batch = try floor.floor.patiently { try floor.gateway.prepareBatch(many, at: NanoClock().now()) }
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
        "every fault of a create has its outcome, and the order is found by its hash where the venue took it",
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
        ] as [(FaultKind, String, Bool)])
    func faults(kind: FaultKind, wanted: String, isTaken: Bool) async throws {
        let floor = try await TradingFloor([.init(kind, .polymarket, "create", .nth(1))])
        defer { floor.stop() }
        let (slot, report) = try await floor.send(floor.order())
        #expect(word(report.outcome) == wanted, "\(kind.rawValue): \(report.outcome)")
        #expect(report.orderID == slot.orderID)
        let id = try #require(slot.orderID)
        // A late answer or a delayed match is there when it is there; what was not taken never comes.
        var finding = try await floor.account.find(id, market: floor.contract.symbol, sent: floor.start)
        let end = NanoClock.monotonic() + .seconds(8)
        while isTaken, finding.isAbsent, NanoClock.monotonic() < end {
            poll(nil, 0, 50)
            finding = try await floor.account.find(id, market: floor.contract.symbol, sent: floor.start)
        }
        #expect(finding.isAbsent == !isTaken, "\(kind.rawValue)")
        var question = DeadAfter(sent: try #require(report.stamps.sent ?? report.stamps.acked), takerDelay: .zero)
        question.looked(finding, asked: NanoClock.monotonic())
        if isTaken { #expect(question.verdict(at: NanoClock.monotonic()) == .entered) }
    }
}
