internal import Codec
internal import Server
internal import Signing
internal import Trading

/// Polymarket's trading half of the loopback venues: keys, signed orders, private reads, the user channel, and everything
/// that goes wrong with them.
///
/// - Lane: under the lock of the loopback venues.
/// - Source: sheet of the venue's documentation of 2026-11-20.
public final class PolymarketTrading: LoopbackTrading {
    /// Somebody who trades here.
    public struct Client: Sendable {
        /// The account of the key that signs, with its checksum.
        public var owner: String
        /// 0 plain account, 1 proxy, 2 safe, 3 deposit wallet.
        public var kind: Int
        /// The wallet; nil: the one that the kind has by derivation.
        public var wallet: String?
        /// pUSD. Unit: 1e-6.
        public var cash = 10_000_000_000
        /// Pairs of shares of every market. Unit: 1e-6.
        public var shares = 0

        /// A client.
        public init(owner: String, kind: Int = 0, wallet: String? = nil) {
            self.owner = owner
            self.kind = kind
            self.wallet = wallet
        }
    }

    /// How the venue is set up.
    public struct Settings: Sendable {
        /// Who trades here. Others may come; they have nothing.
        public var clients: [Client] = []
        /// Markets besides the world's pairs, with the quotes of the crowd in YES terms: ten-thousandths, base units.
        public var markets:
            [(market: PolymarketMarket, bids: [(price: Int, shares: Int)], asks: [(price: Int, shares: Int)])] = []
        /// How long things take.
        public var pace = PolymarketExchange.Pace()
        /// How late a slow answer or a late request is. Unit: ns.
        public var slowness: Int64 = 3_000_000_000
        /// How long the engine restarts, and how long only resting orders are taken after. Unit: ns.
        public var restart: (engine: Int64, postOnly: Int64) = (2_000_000_000, 3_000_000_000)
        /// How far apart answer and events of one order may come. Unit: ns.
        public var spread: Int64 = 4_000_000
        /// Orders and cancels a second, and at once, that one signer may send; nil: no limit.
        public var limit: (rate: Int, burst: Int)?
        /// Rows of a page.
        public var page = 100
        /// Whether new plain accounts are turned away, as since 2026.
        public var refusesPlainAccounts = false
        /// Seed of keys and ids.
        public var seed: UInt64 = 1

        /// The defaults.
        public init() {}
    }

    /// What the venue takes now.
    public enum Mode: Sendable, Hashable {
        /// Everything.
        case normal
        /// Nothing: the engine restarts.
        case restarting
        /// Cancels, and orders that rest.
        case postOnly
        /// Cancels.
        case cancelOnly
        /// Nothing.
        case disabled
    }

    /// Something to be done later.
    enum Job {
        /// A request that was held back or is late; its answer is nobody's when it is late.
        case create(request: UInt64?, call: PolymarketCall, isBatch: Bool)
        /// A cancel, or another write, that is late.
        case late(call: PolymarketCall)
        /// The mode that comes next.
        case mode(Mode)
        /// A market takes orders again.
        case reopen(Int)
        /// A heartbeat is missed.
        case heartbeat(String, beat: Int)
    }

    /// A connection of the user channel.
    struct User {
        var address: EthereumAddress?
        /// Nil: all.
        var markets: Set<String>?
        var isSilent = false
    }

    /// The engine.
    public internal(set) var exchange: PolymarketExchange
    /// What the venue takes now.
    public internal(set) var mode = Mode.normal
    /// Whether it says that the caller's region is blocked.
    public var isGeoblocked = false
    /// Requests answered, by endpoint.
    public internal(set) var served: [String: Int] = [:]
    let settings: Settings
    var keys: PolymarketKeys
    let verifier = PolymarketVerifier()
    var users: [UInt64: User] = [:]
    var jobs = TimedQueue<Job>()
    var heartbeats: [String: (id: String, beat: Int)] = [:]
    var notices: [EthereumAddress: [PolymarketNotice]] = [:]
    var buckets: [EthereumAddress: (tokens: Int, at: Int64)] = [:]
    /// Fates of the trades that the order in hand makes.
    let fate = PolymarketFate()
    let reader = JSONReader(limits: .rest)
    var data: PolymarketSim
    private var isStarted = false

    /// The trading half for a world's pairs.
    public init(_ world: SimWorld, _ settings: Settings) {
        self.settings = settings
        keys = PolymarketKeys(seed: settings.seed)
        data = PolymarketSim(world.pairs)
        exchange = PolymarketExchange(base: 0, seed: settings.seed, pace: settings.pace)
        exchange.fate = { [fate] _ in fate.value }
        for pair in world.pairs { exchange.list(PolymarketMarket(pair)) }
        for extra in settings.markets {
            let market = exchange.list(extra.market)
            exchange.quote(market, bids: extra.bids, asks: extra.asks)
        }
        for client in settings.clients { add(client) }
    }

    private func add(_ client: Client) {
        guard let owner = try? EthereumAddress(client.owner) else { return }
        let wallet = client.wallet ?? PolymarketVerifier.wallet(client.kind, of: owner)?.checksummed ?? client.owner
        let account = exchange.open(
            PolymarketAccount(address: wallet, owner: owner.checksummed, kind: client.kind))
        exchange.deposit(account, client.cash + client.shares * exchange.markets.count)
        for market in exchange.markets.indices where client.shares > 0 {
            exchange.split(account, market: market, client.shares)
        }
    }

    /// The API key of an account, made if it has none: for the configuration of a loopback client.
    public func credentials(_ owner: String) -> (key: String, secret: String, passphrase: String)? {
        guard let address = try? EthereumAddress(owner) else { return nil }
        let made = keys.issue(to: address)
        return (made.key, made.secret, made.passphrase)
    }

    /// The wallet of a kind that belongs to an account: derived, or the one that was configured.
    func account(of owner: EthereumAddress, kind: Int) -> Int? {
        if let derived = PolymarketVerifier.wallet(kind, of: owner) { return exchange.account(derived.checksummed) }
        return exchange.accounts.firstIndex { $0.kind == kind && $0.owner == owner.checksummed }
    }

    // MARK: Time

    /// As the protocol says.
    public var nextEvent: Int64 { min(exchange.nextEvent, jobs.next ?? .max) }

    /// As the protocol says.
    public func advance(_ turn: TradingTurn) {
        start(turn)
        fate.value = .confirmed
        for market in exchange.delayedMarkets { sync(market, turn.world) }
        exchange.advance(to: turn.now)
        publish(turn)
        while let job = jobs.pop(by: turn.now) { perform(job.item, turn) }
    }

    private func start(_ turn: TradingTurn) {
        guard !isStarted else { return }
        isStarted = true
        exchange.base = turn.milliseconds - turn.now / 1_000_000
    }

    private func perform(_ job: Job, _ turn: TradingTurn) {
        switch job {
        case .create(let request, let call, let isBatch):
            let answer = isBatch ? createAll(call, turn) : create(call, turn, isHeld: true)
            if let request { turn.answer(.polymarket, request, answer) }
        case .late(let call): _ = answer(call, route(call), turn)
        case .mode(let next):
            mode = next
            if next == .postOnly { jobs.push(.mode(.normal), at: turn.now + settings.restart.postOnly) }
        case .reopen(let market): exchange.accept(market, true)
        case .heartbeat(let key, let beat):
            guard heartbeats[key]?.beat == beat else { return }
            heartbeats[key] = nil
            for order in exchange.orders where order.owner == key && order.status == .live {
                _ = exchange.cancel(order.id, account: order.account, at: turn.now)
            }
            publish(turn)
        }
    }

    // MARK: The market

    /// As the protocol says.
    public func changed(_ change: SimChange, _ turn: TradingTurn) {
        start(turn)
        switch change {
        case .met(let pair, 1, let isBid, let price, let size):
            fate.value = .confirmed
            exchange.meet(pair, isBid: isBid, price: price * 10, shares: size * 10_000, at: turn.now)
            publish(turn)
        case .tick(let pair, _, let now): exchange.retick(pair, now * 10)
        case .phase(let pair, 1):
            switch turn.world.pairs[pair].phase.polymarket {
            case .open: break
            case .closed: exchange.close(pair, at: turn.now)
            case .determined(let mills), .finalized(let mills):
                guard exchange.markets[pair].payout == nil else { return }
                exchange.resolve(pair, payout: [mills * 10, 10_000 - mills * 10], at: turn.now)
            }
            publish(turn)
        case .level, .trade, .paused, .grid, .phase, .met: break
        }
    }

    /// Reads what the crowd quotes for a market, just before it is needed.
    func sync(_ market: Int, _ world: SimWorld) {
        guard let pair = exchange.markets[market].pair else { return }
        let book = world.pairs[pair].polymarket
        exchange.quote(
            market, bids: book.bids.levels.map { ($0.price * 10, $0.size * 10_000) },
            asks: book.asks.levels.map { ($0.price * 10, $0.size * 10_000) })
    }

    /// Tells the market and the users what the engine has done.
    func publish(_ turn: TradingTurn) {
        var taken: [Int: [Bool: [Int: Int]]] = [:]
        for hit in exchange.takeHits() {
            guard let pair = exchange.markets[hit.market].pair else { continue }
            taken[pair, default: [:]][hit.isBid, default: [:]][hit.price / 10, default: 0] += hit.shares
        }
        for (pair, sides) in taken.sorted(by: { $0.key < $1.key }) {
            for (isBid, levels) in sides.sorted(by: { $0.key && !$1.key }) {
                let ranked = levels.sorted { ($0.key < $1.key) != isBid }.map { ($0.key, ($0.value + 9_999) / 10_000) }
                turn.world.take(pair, venue: 1, hitsAsks: !isBid, ranked, at: turn.now, turn.tell)
            }
        }
        for market in exchange.takeTouched().sorted() { show(market, turn) }
        for event in exchange.takeEvents() { tell(event, turn) }
    }

    /// Shows what rests of a pair's market beside the crowd's book.
    private func show(_ market: Int, _ turn: TradingTurn) {
        guard let pair = exchange.markets[market].pair else { return }
        for isBid in [true, false] {
            let side = turn.world.pairs[pair].resting.polymarket
            let levels = Set(exchange.levels(market, isBid: isBid).map { $0 / 10 })
                .union((isBid ? side.bids : side.asks).levels.map(\.price))
            for price in levels.sorted() {
                let size = exchange.resting(market, isBid: isBid, price: price * 10) / 10_000
                let was = side[isBid, price]
                turn.world.rest(pair, venue: 1, isBid: isBid, price: price, by: size - was, at: turn.now, turn.tell)
            }
        }
    }
}

/// What becomes of the trades that are made next.
final class PolymarketFate {
    var value = PolymarketExchange.Fate.confirmed
}
