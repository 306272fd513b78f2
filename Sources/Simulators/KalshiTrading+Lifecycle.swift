internal import Codec
internal import Trading

// What happens without a request: expiry, pauses, closes, payouts, the crowd; and the commands that bring it about.
extension KalshiTrading {
    /// When an order expires, a late request arrives or the crowd comes back next.
    public var nextEvent: Int64 { due.next ?? .max }

    /// Lets what is due happen.
    public func advance(_ turn: TradingTurn) {
        while let item = due.pop(by: turn.now) {
            switch item.item {
            case .expiry(let order):
                // An amendment may have changed the time, or taken it away.
                guard order.isLive, let seconds = order.terms.expiration else { continue }
                let wait = Int64(seconds) * 1_000_000_000 - turn.utc.rawValue
                if wait > 0 {
                    due.push(.expiry(order), at: turn.now + wait)
                } else {
                    exchange.remove(order, "ExpiryCancel", turn)
                }
            case .late(let request): arrive(request, turn)
            case .resume: pauseExchange(false, turn)
            case .refill(let place): turn.world.refill(place, at: turn.now, turn.tell)
            }
        }
        publish(turn)
    }

    /// Lets orders feel what the market does: hits, pauses, closes, payouts.
    public func changed(_ change: SimChange, _ turn: TradingTurn) {
        switch change {
        case .met(let place, 0, let isBid, let price, let size): exchange.met(place, isBid: isBid, price, size, turn)
        case .level(let place, 0, let isBid, let price, _, _):
            return exchange.clamp(place, isBid: isBid, price, turn.world)
        case .paused(let place, let isPaused):
            let market = exchange.markets[place]
            for order in market.bids + market.asks where !isPaused || order.terms.cancelsOnPause {
                // What rests survives a pause, but not the market's own way back from being inactive.
                exchange.remove(order, "HaltCancel", turn)
            }
        case .phase(let place, 0):
            let market = exchange.markets[place]
            for order in market.bids + market.asks { exchange.remove(order, "CloseCancel", turn) }
            if case .finalized(let mills) = turn.world.pairs[place].phase.kalshi { payOut(place, mills, turn) }
        default: return
        }
        publish(turn)
    }

    private func payOut(_ place: Int, _ mills: Int, _ turn: TradingTurn) {
        let market = exchange.markets[place]
        for account in exchange.accounts.keys.sorted() {
            let position = exchange.position(account, market.ticker)
            let hasTraded = exchange.tallies[account + "|" + market.ticker] != nil
            guard position != 0 || hasTraded else { continue }
            let exact = (position > 0 ? mills : 1_000 - mills) * abs(position) * 10
            let grain = account == KalshiExchange.crowd ? 1 : exchange.charge.grain
            let revenue = exact - exact % grain
            exchange.pay(account, revenue, fee: exact - revenue, shard: market.shard)
            exchange.accounts[account]?[market.ticker] = 0
            guard account != KalshiExchange.crowd else { continue }
            var tally = exchange.tally(account, market.ticker)
            let settlement = KalshiSettlement(
                ticker: market.ticker, event: market.event, shard: market.shard, mills: mills, position: position,
                cost: tally.cost, revenue: revenue, fee: exact - revenue, at: turn.utc.rawValue)
            exchange.settlements.append((account, settlement))
            tally.realized += revenue - tally.cost
            tally.cost = 0
            tally.updated = turn.utc.rawValue
            exchange.setTally(account, market.ticker, tally)
            exchange.tell(.position(account: account, ticker: market.ticker))
            var event = TruthEvent(.settled, .kalshi)
            event.account = account
            event.instrument = market.ticker
            event.price = mills * 1_000
            event.quantity = position * 10_000
            event.position = 0
            event.cash = exchange.accounts[account]?.cash[market.shard]
            turn.record(event)
        }
    }

    // MARK: Commands

    /// The place of a market; nil: there is none of that name.
    public func place(_ ticker: String) -> Int? { exchange.places[ticker] }

    /// Pauses the exchange's trading, or lets it go on. What rests survives, unless it was flagged.
    public func pauseExchange(_ isPaused: Bool, _ turn: TradingTurn) {
        isTradingPaused = isPaused
        if isPaused {
            for order in exchange.history where order.isLive && order.terms.cancelsOnPause {
                exchange.remove(order, "HaltCancel", turn)
            }
        }
        publish(turn)
    }

    /// Stops the exchange altogether, cancels included, or lets it go on.
    public func haltExchange(_ isHalted: Bool, _ turn: TradingTurn) {
        isExchangePaused = isHalted
        pauseExchange(isHalted, turn)
    }

    /// A step of a market's life: close, result, payout.
    public func enter(_ phase: SimPhase, _ ticker: String, _ turn: TradingTurn) {
        guard let place = place(ticker) else { return }
        turn.world.enter(phase, place, venue: 0, at: turn.now, turn.tell)
    }

    /// Somebody of the crowd takes from a market, accounts' orders included, by price and time. Prices in thousandths,
    /// counts in hundredths.
    public func crowdTakes(_ ticker: String, isBid: Bool, limit: Int, count: Int, _ turn: TradingTurn) {
        guard let place = place(ticker) else { return }
        exchange.crowdTakes(place, isBid: isBid, limit: limit, count, turn)
        publish(turn)
    }

    /// Somebody trades on an account by hand: an order that our side never sent.
    ///
    /// - Returns: the venue's name of it; nil when the market is unknown.
    @discardableResult
    public func tradeByHand(
        _ account: String, _ ticker: String, isBid: Bool, mills: Int, count: Int, isResting: Bool = false,
        _ turn: TradingTurn
    ) -> String? {
        guard let place = place(ticker) else { return nil }
        var terms = KalshiOrder.Terms()
        terms.ticker = ticker
        terms.market = place
        terms.shard = exchange.markets[place].shard
        terms.isBid = isBid
        terms.mills = mills
        terms.count = count
        terms.lifetime = isResting ? .goodTillCanceled : .immediate
        terms.clientID = "by-hand-" + exchange.makeID()
        guard exchange.cost(account, terms) <= available(account, terms.shard) else { return nil }
        let order = KalshiOrder(
            id: exchange.makeID(), account: account, terms, sequence: exchange.nextSequence(), at: turn.utc.rawValue)
        exchange.orders[order.id] = order
        exchange.history.append(order)
        exchange.use(account, terms.clientID, for: order.id)
        var event = TruthEvent(.accepted, .kalshi)
        event.account = account
        event.orderID = order.id
        event.clientID = terms.clientID
        event.instrument = ticker
        event.side = isBid ? "bid" : "ask"
        event.price = mills * 1_000
        event.quantity = count * 10_000
        event.reason = "by hand"
        turn.record(event)
        finish(order, exchange.match(order, turn), turn)
        return order.id
    }

    /// Revokes a key.
    public func revoke(_ key: String) { gate.holders[key]?.isRevoked = true }

    /// Cash of an account in a shard, and what of it is free. Unit: 1e-6 dollars.
    public func cash(_ account: String, shard: Int) -> (all: Int, free: Int) {
        (exchange.accounts[account]?.cash[shard] ?? 0, available(account, shard))
    }

    /// Position of an account, signed. Unit: hundredths.
    public func position(_ account: String, _ ticker: String) -> Int { exchange.position(account, ticker) }
}

extension SimWorld {
    /// Brings the crowd's books back to what they should be.
    func refill(_ index: Int, at now: Int64, _ tell: (SimChange) -> Void) { settle(index, now, tell) }
}
