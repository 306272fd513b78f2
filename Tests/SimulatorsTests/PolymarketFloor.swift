import Signing
import Simulators
import Synchronization
import Testing
import Threading
import Trading
import Transport

@testable import Polymarket

/// The loopback venue over TLS, and everything of ours that trades there.
final class PolymarketFloor {
    let venues: LoopbackVenues
    let gateway: Polymarket.Gateway
    let account: Polymarket.Account
    let contract: Contract
    let instrument = InstrumentID(0)
    let budget = SignerBudget(at: NanoClock.monotonic())
    private let ground: Ground
    private var number: UInt64 = 0

    init(
        _ faults: [FaultPlan.Rule] = [], pair index: Int = 0, step: String = "0.01", shares: Int = 1_000_000_000
    ) async throws {
        ground = try Ground()
        var world = SimWorld.Settings()
        world.pairs = 2
        world.plants = false
        world.rate = 10
        let key = try WalletKey()
        var settings = PolymarketTrading.Settings()
        var trader = PolymarketTrading.Client(owner: key.address.checksummed)
        trader.shares = shares
        settings.clients = [trader]
        var trading = LoopbackVenues.Trading()
        trading.faults = FaultPlan(faults)
        trading.polymarket = { [settings] in PolymarketTrading($0, settings) }
        venues = try LoopbackVenues(world, authority: ground.authority, publicKey: nil, trading: trading)
        // The same settings make the same world.
        let pair = SimWorld(world).pairs[index]
        contract = Contract(
            venue: .polymarket, symbol: pair.condition, tokens: .init(yes: pair.yesToken, no: pair.noToken))
        let base = "https://localhost:\(venues.polymarketPort)"
        let channel = HTTPChannel(venue: .polymarket, client: ground.client)
        let keys = try await ApiKeyDesk(base: base, channel: channel, userAgent: "arb").keys(
            of: key, at: NanoClock.utc())
        let trades = TradingAccount(
            key: key, wallet: try Wallet(.account, address: key.address, owner: key.address), keys: keys)

        let (pool, lane) = try ground.connect(base)
        var orders = Polymarket.GatewaySettings()
        orders.base = base
        orders.host = "localhost:\(venues.polymarketPort)"
        orders.seed = UInt64.random(in: 0...UInt64.max)
        let gateway = try Polymarket.Gateway(
            account: trades, sender: pool, budget: budget, channel: channel,
            clock: NanoClock(), settings: orders, executor: lane)
        self.gateway = gateway
        var reads = AccountSettings()
        reads.base = base
        reads.dataBase = base
        account = try Polymarket.Account(
            account: trades, contracts: [contract], channel: channel, clock: NanoClock(), settings: reads,
            known: { gateway.known($0) })
        let terms = InstrumentTerms(
            title: pair.ticker, status: .active, grid: try TickGrid(step: try Price(decimal: step)),
            lot: Quantity(rawValue: 1_000_000),
            orderQtyMin: try Quantity(decimal: "5"), notionalMin: try Money(decimal: "1"), budgetStep: .cent,
            fillStep: Quantity(rawValue: 100), currency: .pusd, fees: FeeTimeline(Polymarket.Fees.free),
            entriesEnd: nil, payout: nil, readAt: NanoClock.utc())
        try gateway.apply(terms, of: instrument, contract)
    }

    func stop() {
        ground.stop()
        _ = venues.stop()
    }

    var deadline: MonotonicNanos { NanoClock.monotonic() + .seconds(1) }
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
            cashOrderQty: try budget.map { try Money(decimal: $0) }, timeInForce: life, isPostOnly: isPostOnly,
            purpose: side == .sell ? .close : .entry)
    }

    /// Prepares as soon as there is a connection, and commits.
    func send(_ order: NewOrder) async throws -> (slot: SendSlot, report: LegReport) {
        let slot = try Ground.patiently { try self.gateway.prepare(order, at: NanoClock().now()) }
        return (slot, await gateway.commit(slot, deadline: deadline))
    }
}
