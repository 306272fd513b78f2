internal import Trading

/// The simulated Kalshi's accounts, orders and positions: a two-sided book of bids in YES terms, matched by price, then
/// time, where the crowd's levels of the market generator stand in line with accounts' orders.
///
/// Every account has cash per shard and one signed position per market. A bid pays its price, an ask pays one dollar less
/// its price; what closes a position is netted and paid out at once. Counts are hundredths, prices thousandths, money
/// millionths.
///
/// - Source: sheet of the venue's documentation of 2026-10-08, sections 3 to 5.
final class KalshiExchange {
    /// One market.
    struct Market {
        let index: Int
        let ticker: String
        let event: String
        let shard: Int
        /// Accounts' resting orders, best first.
        var bids: [KalshiOrder] = []
        var asks: [KalshiOrder] = []

        subscript(_ isBid: Bool) -> [KalshiOrder] {
            get { isBid ? bids : asks }
            set { if isBid { bids = newValue } else { asks = newValue } }
        }
    }

    /// What those who listen should hear.
    enum Event {
        case fill(KalshiFill)
        case order(KalshiOrder)
        case position(account: String, ticker: String)
        case group(id: String, event: String, limit: Int)
    }

    /// The other side of every trade with the generator's levels.
    static let crowd = "crowd"

    var markets: [Market]
    let places: [String: Int]
    var accounts: [String: SimAccount]
    var charge = KalshiCharge()
    var orders: [String: KalshiOrder] = [:]
    /// All orders in the order of their creation.
    var history: [KalshiOrder] = []
    /// Every client's id ever taken, by account and id.
    var used: [String: String] = [:]
    var fills: [KalshiFill] = []
    var tallies: [String: KalshiTally] = [:]
    var settlements: [(account: String, settlement: KalshiSettlement)] = []
    var groups: [String: KalshiGroup] = [:]
    /// What the exchange holds against open positions, and what it has taken in fees. Unit: 1e-6 dollars.
    private(set) var collateral = 0
    private(set) var feesTaken = 0
    private(set) var events: [Event] = []
    private var sequence = 0
    private var names: SeededGenerator

    init(_ pairs: [SimPair], accounts: [String: SimAccount], seed: UInt64) {
        markets = pairs.map { Market(index: $0.index, ticker: $0.ticker, event: $0.event, shard: $0.shard) }
        places = Dictionary(uniqueKeysWithValues: pairs.map { ($0.ticker, $0.index) })
        self.accounts = accounts
        self.accounts[Self.crowd] = SimAccount(cash: [:])
        names = SeededGenerator(seed: seed ^ 0x1D5)
    }

    func takeEvents() -> [Event] {
        defer { events = [] }
        return events
    }

    func tell(_ event: Event) { events.append(event) }

    /// A UUID of version 4.
    func makeID() -> String {
        let (high, low) = (names.next(), names.next())
        let hex =
            KalshiNumbers.hex(high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000)
            + KalshiNumbers.hex(low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
        var text = ""
        for (index, letter) in hex.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.append(letter)
        }
        return text
    }

    func nextSequence() -> Int {
        sequence += 1
        return sequence
    }

    // MARK: Accounts

    private static func key(_ account: String, _ ticker: String) -> String { account + "|" + ticker }

    func tally(_ account: String, _ ticker: String) -> KalshiTally {
        tallies[Self.key(account, ticker)] ?? KalshiTally()
    }

    func setTally(_ account: String, _ ticker: String, _ tally: KalshiTally) {
        tallies[Self.key(account, ticker)] = tally
    }

    func position(_ account: String, _ ticker: String) -> Int { accounts[account]?[ticker] ?? 0 }

    func isUsed(_ account: String, _ clientID: String) -> Bool { used[Self.key(account, clientID)] != nil }

    func use(_ account: String, _ clientID: String, for order: String) { used[Self.key(account, clientID)] = order }

    /// One side of a match: money, position, fee, and the record of it.
    @discardableResult
    func book(
        _ account: String, _ order: KalshiOrder?, _ market: Market, isBid: Bool, mills: Int, count: Int, isTaker: Bool,
        trade: String, _ turn: TradingTurn
    ) -> KalshiFill {
        var holder = accounts[account] ?? SimAccount(cash: [:])
        let held = holder[market.ticker]
        let closing = min(count, max(0, isBid ? -held : held))
        let paid = isBid ? mills : 1_000 - mills
        let change = (closing * 1_000 - paid * count) * 10
        holder.add(change, shard: market.shard)
        collateral -= change
        holder[market.ticker] = held + (isBid ? count : -count)
        var fee = 0
        if let order {
            fee = charge.fee(
                mills: mills, count: count, isBuy: isBid, isTaker: isTaker, accumulator: &order.accumulator)
            holder.pay(fee: fee, shard: market.shard)
            feesTaken += fee
        }
        accounts[account] = holder
        note(account, market, held: held, closing: closing, paid: paid, count: count, fee: fee, turn)
        let fill = KalshiFill(
            tradeID: trade, orderID: order?.id ?? "", clientID: order?.terms.clientID ?? "", account: account,
            ticker: market.ticker, shard: market.shard, isBid: isBid, mills: mills, count: count, isTaker: isTaker,
            fee: fee, position: holder[market.ticker], sequence: nextSequence(), at: turn.utc.rawValue)
        guard let order else { return fill }
        order.filled += count
        order.remaining -= count
        order.updated = turn.utc.rawValue
        order.reason = "Trade"
        let cost = paid * count * 10
        if isTaker {
            order.takerCost += cost
            order.takerFees += fee
        } else {
            order.makerCost += cost
            order.makerFees += fee
        }
        fills.append(fill)
        tell(.fill(fill))
        record(fill, turn)
        return fill
    }

    private func note(
        _ account: String, _ market: Market, held: Int, closing: Int, paid: Int, count: Int, fee: Int,
        _ turn: TradingTurn
    ) {
        guard account != Self.crowd else { return }
        var tally = tally(account, market.ticker)
        let part = held == 0 ? 0 : tally.cost * closing / abs(held)
        tally.cost += paid * (count - closing) * 10 - part
        tally.realized += (1_000 - paid) * closing * 10 - part
        tally.traded += paid * count * 10
        tally.fees += fee
        tally.volume += count
        tally.updated = turn.utc.rawValue
        setTally(account, market.ticker, tally)
        tell(.position(account: account, ticker: market.ticker))
    }

    private func record(_ fill: KalshiFill, _ turn: TradingTurn) {
        var event = TruthEvent(.filled, .kalshi)
        event.account = fill.account
        event.orderID = fill.orderID
        event.clientID = fill.clientID
        event.tradeID = fill.tradeID
        event.instrument = fill.ticker
        event.side = fill.isBid ? "bid" : "ask"
        event.price = fill.mills * 1_000
        event.quantity = fill.count * 10_000
        event.fee = fill.fee
        event.isTaker = fill.isTaker
        event.position = fill.position * 10_000
        event.cash = accounts[fill.account]?.cash[fill.shard]
        turn.record(event)
    }

    /// Money that goes to or comes from what the exchange holds: payouts.
    func pay(_ account: String, _ amount: Int, fee: Int, shard: Int) {
        accounts[account]?.add(amount, shard: shard)
        collateral -= amount + fee
        feesTaken += fee
    }

    // MARK: Reserves

    /// Lays claim to what the resting orders of an account in a market may cost: what they open at their price, in order of
    /// their time; what they close costs nothing. Orders that the money no longer carries go, the newest first.
    func reserve(_ account: String, _ place: Int, _ turn: TradingTurn) {
        guard account != Self.crowd else { return }
        claim(account, place)
        let shard = markets[place].shard
        while (accounts[account]?.available(shard) ?? 0) < 0 {
            let live = (markets[place].bids + markets[place].asks).filter { $0.account == account && $0.reserved > 0 }
            guard let newest = live.max(by: { $0.sequence < $1.sequence }) else { return }
            remove(newest, "MarginCancel", turn)
            claim(account, place)
        }
    }

    /// Gives back what an order has laid claim to.
    func release(_ order: KalshiOrder) {
        guard order.reserved != 0 else { return }
        accounts[order.account]?.reserve(-order.reserved, shard: order.terms.shard)
        order.reserved = 0
    }

    private func claim(_ account: String, _ place: Int) {
        let market = markets[place]
        let held = position(account, market.ticker)
        for isBid in [true, false] {
            var closable = max(0, isBid ? -held : held)
            for order in market[isBid].filter({ $0.account == account }).sorted(by: { $0.sequence < $1.sequence }) {
                let opening = max(0, order.remaining - closable)
                closable = max(0, closable - order.remaining)
                let price = isBid ? order.terms.mills : 1_000 - order.terms.mills
                let wanted = price * opening * 10
                accounts[account]?.reserve(wanted - order.reserved, shard: market.shard)
                order.reserved = wanted
            }
        }
    }

    /// What an order may cost at worst, fees included, less what it closes: it must be there when the order comes.
    ///
    /// - Parameter replaced: the order that it is instead of.
    func cost(_ account: String, _ terms: KalshiOrder.Terms, insteadOf replaced: KalshiOrder? = nil) -> Int {
        let held = position(account, terms.ticker)
        let resting = markets[terms.market][terms.isBid].filter { $0.account == account && $0 !== replaced }
            .reduce(0) { $0 + $1.remaining }
        let closing = min(terms.count, max(0, (terms.isBid ? -held : held) - resting))
        let opening = terms.count - closing
        guard opening > 0 else { return 0 }
        let price = terms.isBid ? terms.mills : 1_000 - terms.mills
        guard !terms.isPostOnly else { return price * opening * 10 }
        let fee = charge.model(mills: terms.mills, count: opening, isTaker: true)
        // Every fill may round up by a grain.
        return price * opening * 10 + fee + charge.grain * 16
    }
}

extension KalshiNumbers {
    /// Sixteen hex digits.
    static func hex(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
