import Glibc
import Signing
import Simulators
import Testing
import Threading
import Trading
import Transport

@testable import Kalshi

/// Everything that a private stream tells.
final class Heard: OrderSink {
    var reports: [ExecutionReport] = []
    var gaps = 0
    func apply(_ report: ExecutionReport) { reports.append(report) }
    func apply(_ position: VenuePosition) {}
    func gap(_ venue: VenueID, since: UTCNanos) { gaps += 1 }
    func note(_ notice: FeedNotice) {}
}

/// The loopback venue over TLS, and everything of ours that trades there.
final class KalshiFloor {
    let venues: LoopbackVenues
    let gateway: Kalshi.Gateway
    let account: Kalshi.Account
    let ticker: String
    let instrument = InstrumentID(0)
    private let terms: InstrumentTerms
    private let auth: Kalshi.Auth
    private let ground: Ground
    private var number: UInt64 = 0

    init(
        _ faults: [FaultPlan.Rule] = [], cash: Int = 10_000_000_000, pair: Int = 0, step: String = "0.01",
        tokens: Int = 300, clockOffset: Nanoseconds = .zero
    ) throws {
        ground = try Ground()
        let key = ground.key
        var world = SimWorld.Settings()
        world.pairs = 3
        world.isSteady = true
        world.plants = false
        world.rate = 20
        var settings = KalshiTradingSettings()
        settings.keys = [KalshiTradingSettings.Key(id: "ours", publicPEM: key.publicPEM)]
        settings.cash = ["ours": [0: cash]]
        var trading = LoopbackVenues.Trading()
        trading.faults = FaultPlan(faults)
        trading.clockOffset = clockOffset
        trading.kalshi = { [settings] in KalshiTrading($0.pairs, settings) }
        venues = try LoopbackVenues(world, authority: ground.authority, publicKey: key.publicPEM, trading: trading)
        ticker = SimWorld(world).pairs[pair].ticker
        let base = "https://localhost:\(venues.kalshiPort)/trade-api/v2"
        auth = Kalshi.Auth(keyID: "ours", key: key)
        var reads = Kalshi.AccountSettings()
        reads.restURL = base
        account = Kalshi.Account(
            auth: auth, channel: HTTPChannel(venue: .kalshi, client: ground.client), clock: NanoClock(), settings: reads
        )

        let (pool, lane) = try ground.connect(base)
        var orders = Kalshi.GatewaySettings()
        orders.restURL = base
        gateway = Kalshi.Gateway(
            auth: auth, sender: pool,
            budget: ShardBudget(
                capacity: tokens, refill: tokens < 300 ? 1 : 100, reserve: 40, at: NanoClock.monotonic()),
            clock: NanoClock(), settings: orders, executor: lane)
        var terms = InstrumentTerms(
            title: ticker, status: .active, grid: try TickGrid(step: try Price(decimal: step)),
            lot: Quantity(rawValue: 1_000_000),
            orderQtyMin: Quantity(rawValue: 1_000_000), fillStep: Quantity(rawValue: 1_000_000), currency: .usd,
            fees: FeeTimeline(
                try Kalshi.Fees(
                    feeType: "quadratic", multiplier: #require(FeeMultiplier(rawValue: 100_000_000)), account: .direct)),
            entriesEnd: nil, payout: nil, readAt: NanoClock.utc())
        terms.exchangeIndex = 0
        self.terms = terms
        try gateway.apply(terms, of: instrument, ticker: ticker)
        try gateway.tend(at: NanoClock.utc())
    }

    func stop() {
        ground.stop()
        _ = venues.stop()
    }

    var deadline: MonotonicNanos { NanoClock.monotonic() + .seconds(1) }
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
        let slot = try Ground.patiently { try self.gateway.prepare(order, at: NanoClock().now()) }
        return await gateway.commit(slot, deadline: deadline)
    }

    /// The same account at another address, with a gateway of its own there.
    func elsewhere(_ base: String) throws -> (account: Kalshi.Account, gateway: Kalshi.Gateway, ground: Ground) {
        let ground = try Ground()
        var reads = Kalshi.AccountSettings()
        reads.restURL = base
        let account = Kalshi.Account(
            auth: auth, channel: HTTPChannel(venue: .kalshi, client: ground.client), clock: NanoClock(),
            settings: reads)
        let (pool, lane) = try ground.connect(base)
        var orders = Kalshi.GatewaySettings()
        orders.restURL = base
        let gateway = Kalshi.Gateway(
            auth: auth, sender: pool,
            budget: ShardBudget(capacity: 300, refill: 100, reserve: 40, at: NanoClock.monotonic()),
            clock: NanoClock(), settings: orders, executor: lane)
        try gateway.apply(terms, of: instrument, ticker: ticker)
        try gateway.tend(at: NanoClock.utc())
        return (account, gateway, ground)
    }

    /// The private stream over a link of its own, until `isEnough` or five seconds have passed.
    func listen(
        _ heard: Heard, patience: Nanoseconds = .seconds(5), during: () async throws -> Void,
        until isEnough: (Heard) -> Bool
    ) async throws {
        let stream = Kalshi.UserStream(settings: UserStreamSettings())
        let id = UserStreamSettings().link
        stream.start(at: NanoClock().now())
        let target = try auth.linkTarget(
            url: "wss://localhost:\(venues.kalshiPort)/trade-api/ws/v2", at: NanoClock.utc())
        let link = try WebSocketLink(
            url: target.url, headers: target.headers,
            context: TLSContext(loopbackAuthority: ground.authority.authority),
            deadline: NanoClock.monotonic() + .seconds(5), seed: 1)
        stream.opened(id, at: NanoClock().now(), into: heard)
        for action in stream.takeActions() { if case .send(_, let text) = action { try link.send(text) } }
        let end = NanoClock.monotonic() + patience
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
