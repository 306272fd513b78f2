internal import Trading

// How orders meet: price, then time; fills at the resting price; what an account may not do with itself.
extension KalshiExchange {
    /// What came of an order on its way in.
    struct Outcome {
        var fills: [KalshiFill] = []
        /// True when it met an order of its own account and stopped.
        var isStopped = false
    }

    /// One piece of liquidity in line at a price.
    enum Piece {
        /// Of the crowd: this much.
        case crowd(Int)
        /// An account's order.
        case order(KalshiOrder)
    }

    /// Who stands in line at one price, first in time first.
    func line(_ place: Int, isBid: Bool, _ mills: Int, _ world: SimWorld) -> [Piece] {
        let crowd = world.pairs[place].kalshi[isBid, mills]
        var pieces: [Piece] = []
        var passed = 0
        for order in markets[place][isBid] where order.terms.mills == mills {
            let ahead = min(order.ahead, crowd)
            if ahead > passed { pieces.append(.crowd(ahead - passed)) }
            passed = max(passed, ahead)
            pieces.append(.order(order))
        }
        if crowd > passed { pieces.append(.crowd(crowd - passed)) }
        return pieces
    }

    /// The best price on a side, of the crowd or of accounts.
    func best(_ place: Int, isBid: Bool, _ world: SimWorld) -> Int? {
        let crowd = isBid ? world.pairs[place].kalshi.bestBid : world.pairs[place].kalshi.bestAsk
        let own = markets[place][isBid].first?.terms.mills
        guard let crowd, let own else { return crowd ?? own }
        return isBid ? max(crowd, own) : min(crowd, own)
    }

    /// Whether an order at this price would take.
    func crosses(_ place: Int, isBid: Bool, _ mills: Int, _ world: SimWorld) -> Bool {
        guard let best = best(place, isBid: !isBid, world) else { return false }
        return isBid ? best <= mills : best >= mills
    }

    /// All that stands against an order up to its price; orders of the account itself count, for they are met too.
    func volume(_ place: Int, against isBid: Bool, _ mills: Int, _ world: SimWorld) -> Int {
        let levels = (isBid ? world.pairs[place].kalshi.asks : world.pairs[place].kalshi.bids).levels
        func reaches(_ price: Int) -> Bool { isBid ? price <= mills : price >= mills }
        return levels.reduce(0) { $0 + (reaches($1.price) ? $1.size : 0) }
            + markets[place][!isBid].reduce(0) { $0 + (reaches($1.terms.mills) ? $1.remaining : 0) }
    }

    /// Lets an order take what it can.
    func match(_ order: KalshiOrder, _ turn: TradingTurn) -> Outcome {
        var outcome = Outcome()
        let place = order.terms.market
        let isBid = order.terms.isBid
        while order.remaining > 0, order.isLive, !outcome.isStopped,
            let price = best(place, isBid: !isBid, turn.world),
            isBid ? price <= order.terms.mills : price >= order.terms.mills
        {
            for piece in line(place, isBid: !isBid, price, turn.world) where order.remaining > 0 {
                switch piece {
                case .crowd(let size):
                    outcome.fills.append(takeCrowd(order, price, min(size, order.remaining), turn))
                case .order(let other) where !other.isLive: continue  // gone since the line was drawn up
                case .order(let other) where other.account == order.account:
                    if order.terms.selfTrade == .maker {
                        remove(other, "SelfTradeCancel", turn)
                        continue
                    }
                    outcome.isStopped = true
                case .order(let other):
                    outcome.fills.append(meet(order, other, min(other.remaining, order.remaining), turn))
                }
                if outcome.isStopped || !order.isLive { break }
            }
        }
        return outcome
    }

    private func takeCrowd(_ order: KalshiOrder, _ price: Int, _ size: Int, _ turn: TradingTurn) -> KalshiFill {
        let place = order.terms.market
        let isBid = order.terms.isBid
        turn.world.take(place, venue: 0, hitsAsks: isBid, [(price, size)], at: turn.now, turn.tell)
        for other in markets[place][!isBid] where other.terms.mills == price {
            other.ahead = max(0, other.ahead - size)
        }
        let trade = makeID()
        book(
            Self.crowd, nil, markets[place], isBid: !isBid, mills: price, count: size, isTaker: false, trade: trade,
            turn)
        let fill = book(
            order.account, order, markets[place], isBid: isBid, mills: price, count: size, isTaker: true, trade: trade,
            turn)
        countForGroup(order, size, turn)
        return fill
    }

    private func meet(_ order: KalshiOrder, _ other: KalshiOrder, _ size: Int, _ turn: TradingTurn) -> KalshiFill {
        let place = order.terms.market
        let price = other.terms.mills
        let trade = makeID()
        turn.world.rest(
            place, venue: 0, isBid: other.terms.isBid, price: price, by: -size, at: turn.now, turn.tell)
        hit(other, size, trade, turn)
        let fill = book(
            order.account, order, markets[place], isBid: order.terms.isBid, mills: price, count: size, isTaker: true,
            trade: trade, turn)
        countForGroup(order, size, turn)
        return fill
    }

    /// The maker's side of a match. The market's level is the caller's to change.
    private func hit(_ order: KalshiOrder, _ size: Int, _ trade: String, _ turn: TradingTurn) {
        let place = order.terms.market
        book(
            order.account, order, markets[place], isBid: order.terms.isBid, mills: order.terms.mills, count: size,
            isTaker: false, trade: trade, turn)
        if order.remaining == 0 {
            order.status = .executed
            markets[place][order.terms.isBid].removeAll { $0 === order }
            release(order)
        }
        tell(.order(order))
        reserve(order.account, place, turn)
        countForGroup(order, size, turn)
    }

    /// The crowd has hit what rests at a price, as the market told: the first in line first.
    func met(_ place: Int, isBid: Bool, _ mills: Int, _ size: Int, _ turn: TradingTurn) {
        var left = size
        for order in markets[place][isBid] where order.terms.mills == mills && left > 0 {
            let part = min(left, order.remaining)
            left -= part
            let trade = makeID()
            book(
                Self.crowd, nil, markets[place], isBid: !isBid, mills: mills, count: part, isTaker: true, trade: trade,
                turn)
            hit(order, part, trade, turn)
        }
    }

    /// Somebody of the crowd takes, by price and time, whatever stands in line.
    ///
    /// - Returns: what was taken of accounts' orders. Unit: hundredths.
    @discardableResult
    func crowdTakes(_ place: Int, isBid: Bool, limit mills: Int, _ count: Int, _ turn: TradingTurn) -> Int {
        var left = count
        var taken = 0
        while left > 0, let price = best(place, isBid: !isBid, turn.world), isBid ? price <= mills : price >= mills {
            for piece in line(place, isBid: !isBid, price, turn.world) where left > 0 {
                switch piece {
                case .crowd(let size):
                    let part = min(size, left)
                    turn.world.take(place, venue: 0, hitsAsks: isBid, [(price, part)], at: turn.now, turn.tell)
                    for other in markets[place][!isBid] where other.terms.mills == price {
                        other.ahead = max(0, other.ahead - part)
                    }
                    left -= part
                case .order(let order):
                    let part = min(order.remaining, left)
                    guard part > 0 else { continue }
                    let trade = makeID()
                    turn.world.rest(
                        place, venue: 0, isBid: !isBid, price: price, by: -part, at: turn.now, turn.tell)
                    book(
                        Self.crowd, nil, markets[place], isBid: isBid, mills: price, count: part, isTaker: true,
                        trade: trade, turn)
                    hit(order, part, trade, turn)
                    left -= part
                    taken += part
                }
            }
        }
        return taken
    }

    // MARK: Resting

    /// Puts what is left of an order in line.
    func rest(_ order: KalshiOrder, _ turn: TradingTurn) {
        let place = order.terms.market
        let isBid = order.terms.isBid
        let mills = order.terms.mills
        order.ahead = turn.world.pairs[place].kalshi[isBid, mills]
        order.sequence = nextSequence()
        let index = markets[place][isBid].firstIndex {
            isBid ? $0.terms.mills < mills : $0.terms.mills > mills
        }
        markets[place][isBid].insert(order, at: index ?? markets[place][isBid].count)
        turn.world.rest(place, venue: 0, isBid: isBid, price: mills, by: order.remaining, at: turn.now, turn.tell)
    }

    /// Takes an order off the book; it is over.
    func remove(_ order: KalshiOrder, _ reason: String, _ turn: TradingTurn) {
        let place = order.terms.market
        let isBid = order.terms.isBid
        let rested = markets[place][isBid].contains { $0 === order }
        if rested {
            markets[place][isBid].removeAll { $0 === order }
            turn.world.rest(
                place, venue: 0, isBid: isBid, price: order.terms.mills, by: -order.remaining, at: turn.now, turn.tell)
        }
        release(order)
        var event = TruthEvent(.cancelled, .kalshi)
        event.account = order.account
        event.orderID = order.id
        event.clientID = order.terms.clientID
        event.instrument = order.terms.ticker
        event.quantity = order.remaining * 10_000
        event.reason = reason
        turn.record(event)
        order.remaining = 0
        order.status = .canceled
        order.reason = reason
        order.updated = turn.utc.rawValue
        tell(.order(order))
        if rested { reserve(order.account, place, turn) }
    }

    /// The crowd's level has changed: nobody has more of it ahead than there is.
    func clamp(_ place: Int, isBid: Bool, _ mills: Int, _ world: SimWorld) {
        guard !markets[place][isBid].isEmpty else { return }
        let crowd = world.pairs[place].kalshi[isBid, mills]
        for order in markets[place][isBid] where order.terms.mills == mills { order.ahead = min(order.ahead, crowd) }
    }
}
