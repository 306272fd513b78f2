internal import Codec
internal import Server
internal import Trading

// What happens to accounts and markets without an order: by test, or by command over the same port.
extension PolymarketTrading {
    /// The wallet that commands mean when they name none: the first client's.
    public static let client = PolymarketExchange.treasury + 1

    /// Turns shares of both outcomes into pUSD, or the other way round when `shares` is negative.
    @discardableResult
    public func merge(account: Int, market: Int, shares: Int, _ turn: TradingTurn) -> Bool {
        let isDone =
            shares < 0
            ? exchange.split(account, market: market, -shares) : exchange.merge(account, market: market, shares)
        guard isDone else { return false }
        moved(account, market, 0, -shares, shares < 0 ? "split" : "merge", turn)
        return true
    }

    /// Pays out what an account holds of a resolved market.
    @discardableResult
    public func redeem(account: Int, market: Int, _ turn: TradingTurn) -> Int? {
        guard let paid = exchange.redeem(account, market: market) else { return nil }
        record(.settled, turn) {
            $0.account = self.name(account)
            $0.instrument = exchange.markets[market].condition
            $0.quantity = paid
            $0.cash = exchange.accounts[account].cash
            $0.reason = "redeem"
        }
        return paid
    }

    /// Decides a market: every open order dies, and a share of YES pays this much.
    ///
    /// - Parameter yes: in ten-thousandths of a dollar; 5,000 is half and half.
    public func resolve(market: Int, yes: Int, _ turn: TradingTurn) {
        guard exchange.markets[market].payout == nil else { return }
        if let pair = exchange.markets[market].pair {
            turn.world.enter(.finalized(yes / 10), pair, venue: 1, at: turn.now, turn.tell)
        }
        exchange.resolve(market, payout: [yes, PolymarketMarket.dollar - yes], at: turn.now)
        record(.settled, turn) {
            $0.instrument = exchange.markets[market].condition
            $0.price = yes * 100
            $0.reason = "resolved"
        }
        publish(turn)
    }

    private func moved(
        _ account: Int, _ market: Int, _ outcome: Int, _ shares: Int, _ why: String, _ turn: TradingTurn
    ) {
        record(.moved, turn) {
            $0.account = self.name(account)
            $0.instrument = exchange.markets[market].tokens[outcome]
            $0.quantity = shares
            $0.cash = exchange.accounts[account].cash
            $0.reason = why
        }
    }

    // MARK: Commands

    /// Answers a command (`POST /sim`, unsigned, on loopback alone); nil: the request is none.
    ///
    /// `{"do":"fault","rule":"N02-lost@polymarket/create:1"}`, `clear_faults`, `mode` (`"mode"`: `normal`, `restarting`,
    /// `post_only`, `cancel_only`, `disabled`), `geoblock` (`"on"`), `revoke` (`"key"`), `truth`. With `"wallet"` (or the
    /// first client's): `closed_only` and `ban` (`"on"`), `allow` (`"units"`: pUSD of all contracts, on the chain; the
    /// venue believes what it has read), `deposit` (`"units"`). With `"token"`: `pause`, `resume`, `close`, `resolve`
    /// (`"price"` of YES), `tick`, `crowd` (`"side"`, `"price"`, `"units"`: size of a level, in YES terms), `meet` (the
    /// crowd takes what rests), `by_hand`, `split`, `merge` (`"units"`), `redeem`. Prices are in ten-thousandths of a
    /// dollar, units in millionths.
    func control(_ call: PolymarketCall, _ turn: TradingTurn) -> WebServer.Response? {
        guard call.path == "/sim", call.method == "POST" else { return nil }
        guard let body = try? reader.read(call.body), let verb = body["do"]?.text?.string else {
            return Self.json(#"{"error":"no command"}"#, status: 400)
        }
        if verb == "truth" {
            let lines = turn.ledger.events.map { $0.json + "\n" }.joined()
            return WebServer.Response(contentType: "application/x-ndjson", body: Array(lines.utf8))
        }
        let wallet = body["wallet"]?.text?.string
        let account = wallet.map { exchange.account($0) ?? -1 } ?? Self.client
        let isDone =
            venueCommand(verb, body, turn) || accountCommand(verb, account, body)
            || marketCommand(verb, account, body, turn)
        publish(turn)
        return isDone ? Self.json("{}") : Self.json(#"{"error":"unknown command, market or wallet"}"#, status: 400)
    }

    private func venueCommand(_ verb: String, _ body: JSONValue, _ turn: TradingTurn) -> Bool {
        switch verb {
        case "fault":
            guard let rule = FaultPlan.rule(body["rule"]?.text?.string ?? "") else { return false }
            turn.faults.add(rule)
        case "clear_faults": turn.faults.clear()
        case "geoblock": isGeoblocked = body["on"]?.bool ?? true
        case "revoke": keys.revoke(body["key"]?.text?.string ?? "")
        case "mode":
            let modes: [String: Mode] = [
                "normal": .normal, "restarting": .restarting, "post_only": .postOnly, "cancel_only": .cancelOnly,
                "disabled": .disabled,
            ]
            guard let mode = modes[body["mode"]?.text?.string ?? ""] else { return false }
            self.mode = mode
        default: return false
        }
        return true
    }

    private func accountCommand(_ verb: String, _ account: Int, _ body: JSONValue) -> Bool {
        guard exchange.accounts.indices.contains(account) else { return false }
        let isOn = body["on"]?.bool ?? true
        let units = Int(body["units"]?.int64 ?? 0)
        guard units >= 0 else { return false }
        switch verb {
        case "closed_only": exchange.change(account) { $0.isClosedOnly = isOn }
        case "ban": exchange.change(account) { $0.isBanned = isOn }
        case "allow":
            exchange.change(account) { wallet in
                for contract in wallet.cashAllowed.indices { wallet.cashAllowed[contract] = units }
            }
        case "deposit": exchange.deposit(account, units)
        default: return false
        }
        return true
    }

    private func marketCommand(_ verb: String, _ account: Int, _ body: JSONValue, _ turn: TradingTurn) -> Bool {
        guard let token = exchange.token(body["token"]?.text?.string ?? ""), exchange.accounts.indices.contains(account)
        else { return false }
        let market = token.market
        let price = Int(body["price"]?.int64 ?? 0)
        let units = Int(body["units"]?.int64 ?? 0)
        let isBid = body["side"]?.text?.string == "bid"
        guard (0...PolymarketMarket.dollar).contains(price), (0...1_000_000_000_000).contains(units) else {
            return false
        }
        switch verb {
        case "pause": exchange.accept(market, false)
        case "resume": exchange.accept(market, true)
        case "close":
            if let pair = exchange.markets[market].pair {
                turn.world.enter(.closed, pair, venue: 1, at: turn.now, turn.tell)
            }
            exchange.close(market, at: turn.now)
        case "resolve": resolve(market: market, yes: price, turn)
        case "tick": retick(market, turn)
        case "crowd": setCrowd(market, isBid, price, units, turn)
        case "meet": exchange.meet(market, isBid: isBid, price: price, shares: units, at: turn.now)
        case "by_hand": tradeByHand(account: account, market: market, turn)
        case "split": return merge(account: account, market: market, shares: -units, turn)
        case "merge": return merge(account: account, market: market, shares: units, turn)
        case "redeem": return redeem(account: account, market: market, turn) != nil
        default: return false
        }
        return true
    }
}
