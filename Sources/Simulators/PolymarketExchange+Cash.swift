// Money and shares: what moves, and that nothing is made or lost.
extension PolymarketExchange {
    /// The account that quotes for the world.
    static let house = 0
    /// The account that is paid the fees.
    static let treasury = 1

    /// Puts pUSD into an account from outside.
    public mutating func deposit(_ account: Int, _ amount: Int) {
        accounts[account].cash += amount
        deposited += amount
    }

    /// Turns pUSD into as many shares of both outcomes; false where there is not enough.
    @discardableResult
    public mutating func split(_ account: Int, market: Int, _ shares: Int) -> Bool {
        guard shares > 0, available(account) >= shares, markets[market].payout == nil else { return false }
        accounts[account].cash -= shares
        for outcome in 0...1 { accounts[account].tokens[PolymarketToken(market, outcome), default: 0] += shares }
        collateral[market] += shares
        return true
    }

    /// Turns as many shares of both outcomes back into pUSD; false where there are not enough.
    @discardableResult
    public mutating func merge(_ account: Int, market: Int, _ shares: Int) -> Bool {
        let both = (0...1).allSatisfy { available(account, PolymarketToken(market, $0)) >= shares }
        guard shares > 0, both, markets[market].payout == nil else { return false }
        for outcome in 0...1 { accounts[account].tokens[PolymarketToken(market, outcome), default: 0] -= shares }
        accounts[account].cash += shares
        collateral[market] -= shares
        return true
    }

    /// Pays a resolved market's shares out; nil before it is resolved.
    ///
    /// - Returns: pUSD paid.
    @discardableResult
    public mutating func redeem(_ account: Int, market: Int) -> Int? {
        guard let payout = markets[market].payout else { return nil }
        var paid = 0
        for outcome in 0...1 {
            let token = PolymarketToken(market, outcome)
            // What a trade under way will take stays: the chain settles it first.
            let shares = (accounts[account].tokens[token] ?? 0) - (accounts[account].leavingTokens[token] ?? 0)
            accounts[account].tokens[token, default: 0] -= shares
            paid += PolymarketOrder.proceeds(shares, payout[outcome])
        }
        accounts[account].cash += paid
        collateral[market] -= paid
        return paid
    }

    /// pUSD that a new order may use: the balance less what open orders and trades under way need.
    public func available(_ account: Int) -> Int {
        accounts[account].cash - accounts[account].leavingCash
            - accounts[account].open.reduce(0) { $0 + reserve(orders[$1]).cash }
    }

    /// Shares that a new order may use.
    public func available(_ account: Int, _ token: PolymarketToken) -> Int {
        (accounts[account].tokens[token] ?? 0) - (accounts[account].leavingTokens[token] ?? 0)
            - accounts[account].open.reduce(0) { sum, index in
                let order = orders[index]
                return PolymarketToken(order.market, order.outcome) == token ? sum + reserve(order).shares : sum
            }
    }

    /// What an order that works or is held back must be able to give.
    func reserve(_ order: PolymarketOrder) -> (cash: Int, shares: Int) {
        switch order.status {
        case .live: (order.restingCash, order.isBuy ? 0 : order.resting)
        case .delayed: order.isBuy ? (order.making, 0) : (0, order.making)
        case .matched, .cancelled: (0, 0)
        }
    }

    /// All pUSD: in accounts and behind shares. Equal to what was deposited, always.
    public var cashInAll: Int { accounts.reduce(0) { $0 + $1.cash } + collateral.reduce(0, +) }

    /// All shares of a token.
    public func shares(_ token: PolymarketToken) -> Int { accounts.reduce(0) { $0 + ($1.tokens[token] ?? 0) } }

    // MARK: Trades

    /// What one trade moves.
    struct Movement {
        let account: Int
        let cash: Int
        let token: PolymarketToken
        let shares: Int
    }

    func movements(_ trade: PolymarketTrade) -> [Movement] {
        let sign = trade.isBuy ? 1 : -1
        let taker = Movement(
            account: trade.account, cash: -sign * trade.cash - trade.fee,
            token: PolymarketToken(trade.market, trade.outcome), shares: sign * trade.shares)
        return [taker]
            + trade.makers.map { maker in
                let sign = maker.isBuy ? 1 : -1
                return Movement(
                    account: maker.account, cash: -sign * maker.cash,
                    token: PolymarketToken(trade.market, maker.outcome), shares: sign * maker.shares)
            }
    }

    /// Holds what a trade will take until it is mined, or lets go of it.
    mutating func hold(_ trade: PolymarketTrade, sign: Int) {
        for move in movements(trade) {
            if move.cash < 0 { accounts[move.account].leavingCash -= sign * move.cash }
            if move.shares < 0 { accounts[move.account].leavingTokens[move.token, default: 0] -= sign * move.shares }
        }
    }

    /// The chain carries a trade out.
    mutating func carryOut(_ trade: PolymarketTrade) {
        for move in movements(trade) {
            accounts[move.account].cash += move.cash
            accounts[move.account].tokens[move.token, default: 0] += move.shares
        }
        accounts[Self.treasury].cash += trade.fee
        for maker in trade.makers {
            switch maker.kind {
            case .complementary: break
            case .mint: collateral[trade.market] += maker.shares
            case .merge: collateral[trade.market] -= maker.shares
            }
        }
    }
}
