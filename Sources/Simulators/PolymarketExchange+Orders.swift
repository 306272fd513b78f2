/// The venue says no.
public struct PolymarketRefusal: Error, Hashable, Sendable {
    /// HTTP status.
    public let status: Int
    /// The venue's words.
    public let text: String

    /// A refusal.
    public init(_ status: Int, _ text: String) {
        self.status = status
        self.text = text
    }
}

// Orders: what is refused, what is matched, what rests, what dies.
extension PolymarketExchange {
    /// What came of an order that was taken.
    public struct Receipt: Sendable {
        /// The order's index.
        public let order: Int
        /// `live`, `matched`, `delayed` or `unmatched`.
        public let status: String
        /// Given and got in this answer, in base units; without fees.
        public let making: Int
        /// As `making`.
        public let taking: Int
        /// Trades made.
        public let trades: [Int]
    }

    /// Takes an order whose signature and owner have been found good.
    ///
    /// - Parameter isForcedDelay: what would match is held back as in a market with a delay.
    /// - Throws: `PolymarketRefusal`: nothing has changed then.
    public mutating func submit(_ order: PolymarketOrder, at now: Int64, isForcedDelay: Bool = false)
        throws(PolymarketRefusal) -> Receipt
    {
        try check(order, at: now)
        let plan = PolymarketMatching.plan(order, candidates(against: order))
        try checkMarketable(order, plan)
        try checkFunds(order, plan)
        var order = order
        order.sequence = nextSequence()
        let market = markets[order.market]
        if !plan.fills.isEmpty, isForcedDelay || (market.delaySeconds ?? 0) > 0 {
            order.status = .delayed
            let index = register(order)
            delayedMarkets.insert(order.market)
            events.append(.order(.placement, orders[index]))
            timers.push(.delayOver(index), at: now + Int64(market.delaySeconds ?? 1) * 1_000_000_000)
            return Receipt(order: index, status: "delayed", making: 0, taking: 0, trades: [])
        }
        if order.life == .fok, !plan.isFull {
            throw PolymarketRefusal(400, "order couldn't be fully filled. FOK orders are fully filled or killed.")
        }
        if order.life == .fak, plan.fills.isEmpty {
            throw PolymarketRefusal(
                400,
                "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found."
            )
        }
        let index = register(order)
        return execute(index, plan, at: now)
    }

    private mutating func register(_ order: PolymarketOrder) -> Int {
        orders.append(order)
        let index = orders.count - 1
        placeOf[order.id] = index
        accounts[order.account].open.insert(index)
        return index
    }

    /// Matches what a plan says, and puts the rest on the book or lets it die.
    private mutating func execute(_ index: Int, _ plan: PolymarketMatching.Plan, at now: Int64) -> Receipt {
        let first = trades.count
        orders[index].status = .live
        apply(plan, taker: index, at: now)
        let order = orders[index]
        let left = order.hasBudget ? 0 : order.size - order.matched
        if order.life.isImmediate || left == 0 {
            finish(index, .matched)
            events.append(.order(.placement, orders[index]))
        } else {
            orders[index].resting = left
            events.append(.order(.placement, orders[index]))
            if isBid(order) { bids[order.market].append(index) } else { asks[order.market].append(index) }
            touch(order.market, now)
            if order.life == .gtd {
                let dies = (order.expiration - 60) * 1_000 - base
                timers.push(.expire(index), at: max(now, dies * 1_000_000))
            }
        }
        let made = Array(first..<trades.count)
        let (cash, shares) = (plan.cash, plan.shares)
        return Receipt(
            order: index, status: made.isEmpty ? "live" : "matched", making: order.isBuy ? cash : shares,
            taking: order.isBuy ? shares : cash, trades: made)
    }

    /// The delay of a market is over: all is checked again, as if the order came now.
    mutating func delayOver(_ index: Int, _ now: Int64) {
        guard orders[index].status == .delayed else { return }
        let order = orders[index]
        let plan = PolymarketMatching.plan(order, candidates(against: order))
        accounts[order.account].open.remove(index)
        let isFunded = (try? checkFunds(order, plan)) != nil
        accounts[order.account].open.insert(index)
        if !markets[order.market].isAccepting { return end(index, "", at: now) }
        if !isFunded { return end(index, "NOT_ENOUGH_BALANCE", at: now) }
        if order.life == .fok && !plan.isFull || order.life == .fak && plan.fills.isEmpty {
            return end(index, "", at: now)
        }
        _ = execute(index, plan, at: now)
    }

    // MARK: Matching

    /// True where an order stands among the bids of the YES token.
    func isBid(_ order: PolymarketOrder) -> Bool { order.isBuy == (order.outcome == 0) }

    /// Everything that stands against an order.
    func candidates(against order: PolymarketOrder) -> [PolymarketMatching.Candidate] {
        let takesAsks = isBid(order)
        let isHouse = order.account == Self.house
        let resting = (takesAsks ? asks : bids)[order.market].map { index in
            let maker = orders[index]
            return PolymarketMatching.Candidate(
                order: index, id: maker.id, account: maker.account, outcome: maker.outcome, isBuy: maker.isBuy,
                price: maker.price, shares: maker.resting, gone: maker.restedGone, sequence: maker.sequence)
        }
        if isHouse { return resting }
        let quoted = takesAsks ? quotes[order.market].asks : quotes[order.market].bids
        return resting
            + quoted.map { quote in
                // The house quotes one token here and its opposite there: clients meet all three kinds of match.
                let isOpposite = quote.price / markets[order.market].tick % 2 == 1
                return PolymarketMatching.Candidate(
                    order: nil, id: Self.houseID(order.market, quote.price), account: Self.house,
                    outcome: isOpposite ? 1 : 0, isBuy: isOpposite == takesAsks,
                    price: isOpposite ? PolymarketMarket.dollar - quote.price : quote.price, shares: quote.shares,
                    gone: 0, sequence: 0)
            }
    }

    static func houseID(_ market: Int, _ price: Int) -> String {
        let text = String(market * PolymarketMarket.dollar + price, radix: 16)
        return "0x" + String(repeating: "a", count: 64 - text.utf8.count) + text
    }

    /// Makes trades of a plan: one for each price.
    mutating func apply(_ plan: PolymarketMatching.Plan, taker index: Int, at now: Int64) {
        var fills = plan.fills[...]
        var bucket = 0
        while let first = fills.first {
            let taker = orders[index]
            let price = first.outcome == taker.outcome ? first.price : PolymarketMarket.dollar - first.price
            let level = fills.prefix {
                ($0.outcome == taker.outcome ? $0.price : PolymarketMarket.dollar - $0.price) == price
            }
            fills = fills.dropFirst(level.count)
            let shares = level.reduce(0) { $0 + $1.shares }
            let cash = level.reduce(0) { $0 + PolymarketMatching.takerCash(taker, $1) }
            let market = markets[taker.market]
            let trade = PolymarketTrade(
                id: uuid(), index: trades.count, taker: index, takerID: taker.id, account: taker.account,
                market: taker.market, outcome: taker.outcome, isBuy: taker.isBuy, price: price, shares: shares,
                cash: cash, fee: taker.account == Self.house ? 0 : market.fee(shares: shares, price: price),
                makers: Array(level), bucket: bucket, matchedAt: now, updatedAt: now)
            bucket += 1
            orders[index].matched += shares
            orders[index].cash += cash
            orders[index].trades.append(trade.index)
            markets[taker.market].lastTrade = taker.outcome == 0 ? price : PolymarketMarket.dollar - price
            for fill in level { take(fill, trade, now) }
            send(trade, now)
            events.append(.order(.update, orders[index]))
        }
    }

    /// Fills an order that has filled beyond what it asked for: one more trade against the house at its last price.
    mutating func overfill(_ id: String, _ shares: Int, at now: Int64) {
        guard let index = placeOf[id], let last = orders[index].trades.last else { return }
        let (order, price) = (orders[index], trades[last].price)
        let cash = order.isBuy ? PolymarketOrder.proceeds(shares, price) : PolymarketOrder.cost(shares, price)
        let fill = PolymarketMakerFill(
            order: nil, id: Self.houseID(order.market, price), account: Self.house, outcome: order.outcome,
            isBuy: !order.isBuy, price: price, shares: shares, cash: cash, kind: .complementary)
        apply(PolymarketMatching.Plan(fills: [fill], shares: shares, cash: cash), taker: index, at: now)
    }

    /// One maker's part of a trade.
    private mutating func take(_ fill: PolymarketMakerFill, _ trade: PolymarketTrade, _ now: Int64) {
        guard let maker = fill.order else {
            let price = fill.outcome == 0 ? fill.price : PolymarketMarket.dollar - fill.price
            let isBid = fill.isBuy == (fill.outcome == 0)
            hits.append((trade.market, isBid, price, fill.shares))
            hit(trade.market, isBid, price, fill.shares)
            return
        }
        orders[maker].matched += fill.shares
        orders[maker].cash += fill.cash
        orders[maker].restedGone += fill.shares
        orders[maker].resting -= fill.shares
        orders[maker].trades.append(trade.index)
        if orders[maker].resting == 0 { finish(maker, .matched) }
        events.append(.order(.update, orders[maker]))
        touch(trade.market, now)
    }

    // MARK: Ends

    /// Takes an order off the book for good.
    private mutating func finish(_ index: Int, _ status: PolymarketOrder.Status) {
        let order = orders[index]
        orders[index].status = status
        orders[index].resting = 0
        accounts[order.account].open.remove(index)
        if isBid(order) {
            bids[order.market].removeAll { $0 == index }
        } else {
            asks[order.market].removeAll { $0 == index }
        }
    }

    /// An order dies.
    mutating func end(_ index: Int, _ why: String, at now: Int64) {
        finish(index, .cancelled(why))
        touch(orders[index].market, now)
        events.append(.order(.cancellation, orders[index]))
    }

    private mutating func touch(_ market: Int, _ now: Int64) {
        touched.insert(market)
        markets[market].stamp = max(markets[market].stamp, base + now / 1_000_000)
    }

    /// Cancels an order of an account.
    ///
    /// - Returns: nil, or why it was not cancelled.
    public mutating func cancel(_ id: String, account: Int, at now: Int64) -> String? {
        guard let index = placeOf[id], orders[index].account == account else {
            return "the order can't be found or is already canceled or matched"
        }
        switch orders[index].status {
        case .live:
            end(index, "", at: now)
            return nil
        case .delayed: return "the order is delayed and can't be canceled yet"
        case .matched, .cancelled: return "already canceled or matched"
        }
    }

    // MARK: The crowd

    /// The crowd quotes this now.
    ///
    /// - Parameters:
    ///   - bids: price in ten-thousandths and shares in base units, of YES; in any order.
    ///   - asks: as `bids`.
    public mutating func quote(_ market: Int, bids: [(price: Int, shares: Int)], asks: [(price: Int, shares: Int)]) {
        quotes[market] = (bids, asks)
    }

    /// The crowd takes what rests, up to a price: the house stands for it.
    ///
    /// - Parameters:
    ///   - isBid: the side that is hit, in YES terms.
    ///   - price: of YES.
    public mutating func meet(_ market: Int, isBid: Bool, price: Int, shares: Int, at now: Int64) {
        let cash = PolymarketOrder.cost(shares, price)
        var order = PolymarketOrder(
            id: "0x" + hex(32), owner: "crowd", account: Self.house, market: market, outcome: 0, isBuy: !isBid,
            making: isBid ? shares : cash, taking: isBid ? cash : shares, life: .gtc, isPostOnly: false, expiration: 0,
            arrived: now)
        let plan = PolymarketMatching.plan(order, candidates(against: order))
        guard !plan.fills.isEmpty else { return }
        order.status = .matched
        orders.append(order)
        apply(plan, taker: orders.count - 1, at: now)
    }

    /// Takes shares off a quote until the crowd quotes again.
    private mutating func hit(_ market: Int, _ isBid: Bool, _ price: Int, _ shares: Int) {
        func taken(_ levels: [(price: Int, shares: Int)]) -> [(price: Int, shares: Int)] {
            levels.map { $0.price == price ? (price, max(0, $0.shares - shares)) : $0 }.filter { $0.shares > 0 }
        }
        if isBid {
            quotes[market].bids = taken(quotes[market].bids)
        } else {
            quotes[market].asks = taken(quotes[market].asks)
        }
    }

    /// What rests at a price of YES, in base units.
    public func resting(_ market: Int, isBid: Bool, price: Int) -> Int {
        (isBid ? bids : asks)[market].reduce(0) { sum, index in
            let order = orders[index]
            return (order.outcome == 0 ? order.price : PolymarketMarket.dollar - order.price) == price
                ? sum + order.resting : sum
        }
    }

    /// Prices of YES at which anything rests.
    public func levels(_ market: Int, isBid: Bool) -> Set<Int> {
        Set(
            (isBid ? bids : asks)[market].map { index in
                let order = orders[index]
                return order.outcome == 0 ? order.price : PolymarketMarket.dollar - order.price
            })
    }
}
