internal import Codec
internal import Server
internal import Signing
internal import Trading

// The user channel: raw credentials, orders and trades of one account, in no order that anyone could rely on.
extension PolymarketTrading {
    /// As the protocol says.
    public func opened(_ connection: UInt64, _ target: String, _ turn: TradingTurn) {
        guard target.prefix(while: { $0 != "?" }).hasSuffix("/user") else { return }
        users[connection] = User()
    }

    /// As the protocol says.
    public func closed(_ connection: UInt64, _ turn: TradingTurn) { users[connection] = nil }

    /// As the protocol says.
    public func received(_ connection: UInt64, _ text: [UInt8], _ turn: TradingTurn) -> Bool {
        advance(turn)
        guard var user = users[connection] else { return false }
        if text == Array("PING".utf8) {
            turn.push(.polymarket, SimFrame(connection: connection, text: Array("PONG".utf8)))
            return true
        }
        guard let root = try? reader.read(text), root.kind == .object else {
            turn.drop(.polymarket, connection)
            return true
        }
        let markets = root["markets"].map { Set($0.elements.compactMap { $0.text?.string }) } ?? []
        if let login = root["auth"] {
            // As the venue does it: nothing is said, the connection just ends.
            guard root["type"]?.text?.string == "user",
                let caller = keys.owner(
                    key: login["apiKey"]?.text?.string ?? "", secret: login["secret"]?.text?.string ?? "",
                    passphrase: login["passphrase"]?.text?.string ?? "")
            else {
                turn.drop(.polymarket, connection)
                return true
            }
            user.address = caller.address
            user.markets = markets.isEmpty ? nil : markets
        } else if user.address == nil {
            turn.drop(.polymarket, connection)
            return true
        } else if root["operation"]?.text?.string == "unsubscribe" {
            user.markets = user.markets.map { $0.subtracting(markets) }
        } else {
            user.markets = user.markets.map { $0.union(markets) }
        }
        users[connection] = user
        return true
    }

    /// Tells an event to those whom it concerns, and writes it down.
    func tell(_ event: PolymarketExchange.Event, _ turn: TradingTurn) {
        switch event {
        case .order(let kind, let order):
            let owner = exchange.accounts[order.account].owner
            send(turn, to: owner, order.market) { frame(kind, order, at: turn.milliseconds) }
            guard order.account > PolymarketExchange.treasury, kind == .cancellation else { return }
            notice(1, order, nil, turn)
            record(.cancelled, turn) {
                self.fill(&$0, order)
                $0.quantity = order.size - order.matched
                $0.reason = order.status.text
            }
        case .trade(let trade, let status):
            let accounts = [trade.account] + trade.makers.map(\.account)
            var owners: [String] = []
            for account in accounts where !owners.contains(exchange.accounts[account].owner) {
                owners.append(exchange.accounts[account].owner)
            }
            for owner in owners {
                guard let view = view(trade, of: owner) else { continue }
                send(turn, to: owner, trade.market) { frame(trade, status, view, at: turn.milliseconds) }
            }
            record(trade, status, turn)
        }
    }

    private func send(_ turn: TradingTurn, to owner: String, _ market: Int, _ make: () -> [UInt8]) {
        let condition = exchange.markets[market].condition
        var text: [UInt8]?
        for (connection, user) in users.sorted(by: { $0.key < $1.key }) {
            guard !user.isSilent, user.address?.checksummed == owner, user.markets?.contains(condition) != false else {
                continue
            }
            let frame = SimFrame(connection: connection, text: text ?? make())
            text = frame.text
            let kinds: Set<FaultKind> = [.duplicateEvent, .reorderedEvents, .eventLost, .silentUser]
            var delay = turn.drawn(0...max(0, settings.spread))
            switch turn.strike(.polymarket, "stream", among: kinds) {
            case .eventLost: continue
            case .silentUser:
                users[connection]?.isSilent = true
                continue
            case .duplicateEvent: turn.push(.polymarket, frame, after: delay + turn.drawn(1...20_000_000))
            case .reorderedEvents: delay += turn.drawn(50_000_000...400_000_000)
            default: break
            }
            turn.push(.polymarket, frame, after: delay)
        }
    }

    // MARK: Truth

    private func fill(_ event: inout TruthEvent, _ order: PolymarketOrder) {
        event.account = name(order.account)
        event.orderID = order.id
        event.instrument = exchange.markets[order.market].tokens[order.outcome]
        event.side = order.isBuy ? "BUY" : "SELL"
        event.price = order.price * 100
    }

    private func record(_ trade: PolymarketTrade, _ status: PolymarketTrade.Status, _ turn: TradingTurn) {
        let isNews = status == exchange.trades[trade.index].status || status == .matched
        guard isNews else { return }
        let kind: TruthEvent.Kind = status == .matched ? .filled : status == .failed ? .failed : .status
        if kind == .filled, turn.ledger.events.contains(where: { $0.tradeID == trade.id && $0.kind == .filled }) {
            return
        }
        let taker = trade.taker.map { exchange.orders[$0] }
        if trade.account != PolymarketExchange.house {
            record(kind, turn) {
                if let taker { self.fill(&$0, taker) }
                $0.tradeID = trade.id
                $0.price = trade.price * 100
                $0.quantity = trade.shares
                $0.fee = trade.fee
                $0.isTaker = true
                $0.reason = status.rawValue
                self.holdings(&$0, trade.account, trade.market, trade.outcome)
            }
            if let taker, status == .matched || status == .failed {
                notice(status == .matched ? 2 : 8, taker, trade.index, turn)
            }
        }
        for maker in trade.makers {
            guard let place = maker.order, maker.account != PolymarketExchange.house else { continue }
            record(kind, turn) {
                self.fill(&$0, self.exchange.orders[place])
                $0.tradeID = trade.id
                $0.price = maker.price * 100
                $0.quantity = maker.shares
                $0.reason = status.rawValue
                self.holdings(&$0, maker.account, trade.market, maker.outcome)
            }
        }
    }

    private func holdings(_ event: inout TruthEvent, _ account: Int, _ market: Int, _ outcome: Int) {
        event.cash = exchange.accounts[account].cash
        event.position = exchange.accounts[account].tokens[PolymarketToken(market, outcome)] ?? 0
    }

    private func notice(_ type: Int, _ order: PolymarketOrder, _ trade: Int?, _ turn: TradingTurn) {
        guard let owner = try? EthereumAddress(exchange.accounts[order.account].owner) else { return }
        let id = (notices[owner]?.last?.id ?? 0) + 1
        notices[owner, default: []].append(
            PolymarketNotice(id: id, type: type, order: order, trade: trade, at: turn.now))
        if notices[owner, default: []].count > 1_000 { notices[owner]?.removeFirst() }
    }
}
