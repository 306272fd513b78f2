internal import Trading

/// The engine of the loopback Polymarket: one book a condition, matched by price and time, with funds that are reserved,
/// moved and conserved to the last unit. Time, randomness and fates come from outside; nothing here does I/O.
///
/// - Source: sheet of the venue's documentation of 2026-11-20, sections 5 and 6.
public struct PolymarketExchange {
    /// What becomes of a trade.
    public enum Fate: Sendable, Hashable {
        /// Mined, then confirmed.
        case confirmed
        /// Sent again once, then confirmed.
        case retried
        /// Sent again, then void.
        case retriedThenFailed
        /// Void.
        case failed
        /// Confirmed, after which its earlier statuses are told once more.
        case regressed
        /// Nothing more is ever heard of it until someone asks: mined and confirmed in silence.
        case silent
    }

    /// How long things take. Unit: ns.
    public struct Pace: Sendable {
        /// From match to block.
        public var mined: Int64 = 300_000_000
        /// From block to the end.
        public var confirmed: Int64 = 700_000_000
        /// How long a transaction is tried again.
        public var retried: Int64 = 1_500_000_000
        /// The taker delay of markets that have one: 150 ms since 2026-09-04.
        public var takerDelay: Int64 = 150_000_000

        /// The defaults.
        public init() {}
    }

    /// What the venue tells.
    public enum Event: Sendable {
        /// What an order event is about.
        public enum Kind: String, Sendable {
            /// It is on the book, or was matched on arrival.
            case placement = "PLACEMENT"
            /// Some of it was matched.
            case update = "UPDATE"
            /// It is dead.
            case cancellation = "CANCELLATION"
        }
        /// An order, as it was then.
        case order(Kind, PolymarketOrder)
        /// A trade in a status.
        case trade(PolymarketTrade, PolymarketTrade.Status)
    }

    /// What is due later.
    enum Timer: Sendable {
        case mine(Int)
        case confirm(Int)
        case retry(Int)
        case fail(Int)
        case repeatStatus(Int, PolymarketTrade.Status)
        case expire(Int)
        case delayOver(Int)
    }

    /// All markets.
    public internal(set) var markets: [PolymarketMarket] = []
    /// All wallets; the house and the treasury first.
    public internal(set) var accounts: [PolymarketAccount]
    /// All orders ever taken.
    public internal(set) var orders: [PolymarketOrder] = []
    /// All trades ever made.
    public internal(set) var trades: [PolymarketTrade] = []
    /// pUSD behind the shares of each market.
    public internal(set) var collateral: [Int] = []
    /// pUSD that has come in from outside.
    public internal(set) var deposited = 0
    /// What was told since it was last taken.
    public internal(set) var events: [Event] = []
    /// Quotes of the house that were hit since this was last taken; in YES terms.
    public internal(set) var hits: [(market: Int, isBid: Bool, price: Int, shares: Int)] = []
    /// Markets where what rests is another since this was last taken.
    public internal(set) var touched: Set<Int> = []
    /// Draws the fate of a trade; nil: all are confirmed.
    public var fate: ((PolymarketTrade) -> Fate)?
    /// How long things take.
    public var pace: Pace
    var placeOf: [String: Int] = [:]
    var tokenOf: [String: PolymarketToken] = [:]
    var marketOf: [String: Int] = [:]
    var walletOf: [String: Int] = [:]
    /// By market, in YES terms: orders at rest, in order of arrival.
    var bids: [[Int]] = []
    var asks: [[Int]] = []
    /// By market, in YES terms: what the world quotes.
    var quotes: [(bids: [(price: Int, shares: Int)], asks: [(price: Int, shares: Int)])] = []
    /// Markets where anything was ever held back.
    var delayedMarkets: Set<Int> = []
    var timers = TimedQueue<Timer>()
    /// Milliseconds since 1970 at the world's time zero.
    public internal(set) var base: Int64
    private var sequence = 0
    private var random: SeededGenerator

    /// An exchange without markets.
    ///
    /// - Parameters:
    ///   - base: milliseconds since 1970 at the world's time zero.
    ///   - seed: of ids.
    public init(base: Int64, seed: UInt64, pace: Pace = Pace()) {
        self.base = base
        self.pace = pace
        random = SeededGenerator(seed: seed ^ 0x504F_4C59)
        accounts = ["0x00000000000000000000000000000000000000A1", "0x00000000000000000000000000000000000000fE"]
            .map { PolymarketAccount(address: $0, owner: $0, kind: 0) }
        deposit(Self.house, 1_000_000_000_000_000)
    }

    /// Lists a market; the house gets shares of it to quote with.
    @discardableResult
    public mutating func list(_ market: PolymarketMarket) -> Int {
        var market = market
        market.index = markets.count
        markets.append(market)
        collateral.append(0)
        bids.append([])
        asks.append([])
        quotes.append(([], []))
        marketOf[market.condition] = market.index
        for (outcome, token) in market.tokens.enumerated() { tokenOf[token] = PolymarketToken(market.index, outcome) }
        split(Self.house, market: market.index, 1_000_000_000_000)
        return market.index
    }

    /// Opens a wallet.
    @discardableResult
    public mutating func open(_ account: PolymarketAccount) -> Int {
        if let known = walletOf[account.address] { return known }
        accounts.append(account)
        walletOf[account.address] = accounts.count - 1
        return accounts.count - 1
    }

    // MARK: Names

    /// The order of this hash.
    public func order(_ id: String) -> PolymarketOrder? { placeOf[id].map { orders[$0] } }
    /// The wallet's index.
    public func account(_ address: String) -> Int? { walletOf[address] }
    /// What a token is.
    public func token(_ id: String) -> PolymarketToken? { tokenOf[id] }
    /// A market's index.
    public func market(_ condition: String) -> Int? { marketOf[condition] }

    mutating func nextSequence() -> Int {
        sequence += 1
        return sequence
    }

    mutating func hex(_ bytes: Int) -> String {
        var text = ""
        while text.utf8.count < bytes * 2 {
            let word = String(random.next(), radix: 16)
            text += String(repeating: "0", count: 16 - word.utf8.count) + word
        }
        return String(text.prefix(bytes * 2))
    }

    mutating func uuid() -> String {
        let letters = Array(hex(16))
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(letters[$0]) }
        return "\(parts[0])-\(parts[1])-4\(parts[2].dropFirst())-8\(parts[3].dropFirst())-\(parts[4])"
    }

    // MARK: Commands of the test

    /// Orders are taken, or not.
    public mutating func accept(_ market: Int, _ isAccepting: Bool) { markets[market].isAccepting = isAccepting }

    /// Trading is over, though nobody knows the outcome yet: every open order dies.
    public mutating func close(_ market: Int, at now: Int64) {
        endAll(market, "", at: now)
        markets[market].isClosed = true
    }

    private mutating func endAll(_ market: Int, _ why: String, at now: Int64) {
        for index in orders.indices
        where orders[index].market == market && [.live, .delayed].contains(orders[index].status) {
            end(index, why, at: now)
        }
    }

    /// The step of prices is another one.
    public mutating func retick(_ market: Int, _ tick: Int) { markets[market].tick = tick }

    /// The market is decided: every open order dies, shares can be redeemed.
    ///
    /// - Parameter payout: what a share of YES and of NO pays, in ten-thousandths; they add up to a dollar.
    public mutating func resolve(_ market: Int, payout: [Int], at now: Int64) {
        precondition(payout.count == 2 && payout.reduce(0, +) == PolymarketMarket.dollar, "a pair pays a dollar")
        endAll(market, "MARKET_RESOLVED", at: now)
        markets[market].payout = payout
        markets[market].isAccepting = false
    }

    /// Sets what an account may do, and what it has allowed.
    public mutating func change(_ account: Int, _ body: (inout PolymarketAccount) -> Void) { body(&accounts[account]) }

    /// The venue reads an account's allowances from the chain.
    public mutating func refreshAllowances(_ account: Int) { accounts[account].refreshAllowances() }

    /// Takes what was told.
    public mutating func takeEvents() -> [Event] {
        defer { events = [] }
        return events
    }

    /// Takes the quotes that were hit.
    public mutating func takeHits() -> [(market: Int, isBid: Bool, price: Int, shares: Int)] {
        defer { hits = [] }
        return hits
    }

    /// Takes the markets where what rests has changed.
    public mutating func takeTouched() -> Set<Int> {
        defer { touched = [] }
        return touched
    }

    // MARK: Time

    /// When something happens next by itself.
    public var nextEvent: Int64 { timers.next ?? .max }

    /// Lets everything happen that is due.
    public mutating func advance(to now: Int64) {
        while let due = timers.pop(by: now) { fire(due.item, due.at) }
    }

    private mutating func fire(_ timer: Timer, _ now: Int64) {
        switch timer {
        case .mine(let trade): mine(trade, now)
        case .confirm(let trade): settle(trade, .confirmed, now)
        case .retry(let trade): settle(trade, .retrying, now)
        case .fail(let trade):
            hold(trades[trade], sign: -1)
            settle(trade, .failed, now)
        case .repeatStatus(let trade, let status): events.append(.trade(trades[trade], status))
        case .expire(let index):
            if orders[index].status == .live { end(index, "EXPIRED_ORDER", at: now) }
        case .delayOver(let index): delayOver(index, now)
        }
    }

    private mutating func mine(_ index: Int, _ now: Int64) {
        hold(trades[index], sign: -1)
        carryOut(trades[index])
        trades[index].transaction = "0x" + hex(32)
        settle(index, .mined, now)
        timers.push(.confirm(index), at: now + pace.confirmed)
    }

    private mutating func settle(_ index: Int, _ status: PolymarketTrade.Status, _ now: Int64) {
        trades[index].status = status
        trades[index].updatedAt = now
        guard fates[index] != .silent else { return }
        events.append(.trade(trades[index], status))
        guard fates[index] == .regressed, status == .confirmed else { return }
        for (place, earlier) in [PolymarketTrade.Status.mined, .matched, .confirmed].enumerated() {
            timers.push(.repeatStatus(index, earlier), at: now + Int64(place + 1) * 20_000_000)
        }
    }

    /// By trade.
    var fates: [Fate] = []

    /// A trade is made: its transaction sets out.
    mutating func send(_ trade: PolymarketTrade, _ now: Int64) {
        let fate = fate?(trade) ?? .confirmed
        fates.append(fate)
        trades.append(trade)
        hold(trade, sign: 1)
        events.append(.trade(trade, .matched))
        let sent = now + pace.mined
        switch fate {
        case .confirmed, .regressed, .silent: timers.push(.mine(trade.index), at: sent)
        case .retried:
            timers.push(.retry(trade.index), at: sent)
            timers.push(.mine(trade.index), at: sent + pace.retried)
        case .retriedThenFailed:
            timers.push(.retry(trade.index), at: sent)
            timers.push(.fail(trade.index), at: sent + pace.retried)
        case .failed: timers.push(.fail(trade.index), at: sent)
        }
    }
}
