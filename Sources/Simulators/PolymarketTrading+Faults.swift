internal import Codec
internal import Server
internal import Trading

// What goes wrong with requests: before the venue sees them, in what it does, and on the way back.
extension PolymarketTrading {
    private static let network: Set<FaultKind> = [
        .requestLost, .resetBefore, .answerLost, .resetAfter, .endAfter, .slowAnswer, .cutAnswer, .pageAnswer,
        .closeAfterAnswer, .closeIdle, .throttled, .throttledRetry, .error500, .error502, .error503, .error504,
        .error500Applied, .error502Applied, .error503Applied, .unreadable, .keyRevoked,
    ]
    private static let writes: Set<FaultKind> = [.requestLate, .timeoutApplied, .engineRestart, .exchangePaused]
    private static let orders: Set<FaultKind> = [
        .partialFill, .killed, .delayedMatch, .refusedFunds, .tickChange, .refusedAuth, .postOnlyMode, .failedTrade,
        .retryingTrade, .marketPaused, .marketClosed, .otherOrder, .foreignTrade, .priceImprovement, .overfill,
    ]
    private static let cancels: Set<FaultKind> = [.cancelRace, .cancelNotFound]
    private static let lists: Set<FaultKind> = [.emptyList, .cursorLoop, .droppedRow, .staleRead]

    /// What may go wrong at an endpoint.
    static func kinds(_ route: Route) -> Set<FaultKind> {
        switch route {
        case .create, .createAll: network.union(writes).union(orders)
        case .cancel, .cancelMany, .cancelAll, .cancelMarket: network.union(writes).union(cancels)
        case .orders, .trades, .order: network.union(lists)
        default: network
        }
    }

    /// What is answered in place of everything; nil: the request goes on.
    func instead(_ fault: FaultKind, _ call: PolymarketCall, _ route: Route, _ turn: TradingTurn)
        -> WebServer.Response?
    {
        switch fault {
        case .requestLost: return Self.fated(.silent)
        case .resetBefore: return Self.fated(.reset)
        case .requestLate:
            let isOrder = route == .create || route == .createAll
            let job: Job =
                isOrder ? .create(request: nil, call: call, isBatch: route == .createAll) : .late(call: call)
            jobs.push(job, at: turn.now + settings.slowness)
            return Self.fated(.silent)
        case .throttled: return Self.json(#"{"error":"Too Many Requests"}"#, status: 429)
        case .throttledRetry: return Self.refused(PolymarketRefusal(429, "Too Many Requests"))
        case .error500: return Self.json(#"{"error":"could not insert order"}"#, status: 500)
        case .error502, .error503, .error504: return Self.failing(fault)
        case .engineRestart:
            mode = .restarting
            jobs.push(.mode(.postOnly), at: turn.now + settings.restart.engine)
            return nil
        case .postOnlyMode:
            mode = .postOnly
            jobs.push(.mode(.normal), at: turn.now + settings.restart.postOnly)
            return nil
        case .exchangePaused:
            mode = .disabled
            jobs.push(.mode(.normal), at: turn.now + settings.restart.engine)
            return nil
        case .refusedFunds: return Self.refused(PolymarketRefusal(400, "not enough balance / allowance"))
        case .refusedAuth: return Self.refused(PolymarketRefusal(401, "Unauthorized/Invalid api key"))
        case .keyRevoked:
            keys.revoke(call.headers["poly_api_key"] ?? "")
            return nil
        default: return nil
        }
    }

    private static func fated(_ fate: WebServer.Fate) -> WebServer.Response {
        var answer = WebServer.Response(body: [])
        answer.fate = fate
        return answer
    }

    private static func failing(_ fault: FaultKind) -> WebServer.Response {
        let status =
            switch fault {
            case .error500, .error500Applied: 500
            case .error502, .error502Applied: 502
            case .error503, .error503Applied: 503
            default: 504
            }
        let page = "<html><head><title>\(status)</title></head><body>cloudflare</body></html>"
        return WebServer.Response(status: status, contentType: "text/html", body: Array(page.utf8))
    }

    /// Holds an order back that would take in a market with a taker delay: its POST is answered when the delay is over.
    func hold(_ id: UInt64, _ call: PolymarketCall, _ route: Route, _ turn: TradingTurn) -> WebServer.Response? {
        guard route == .create, let root = try? reader.read(call.body),
            let posted = try? PolymarketPosted(root), let token = exchange.token(posted.token),
            exchange.markets[token.market].isTakerDelayed,
            let caller = try? keys.caller(call, now: seconds(turn)),
            let order = try? accept(posted, caller, turn)
        else { return nil }
        sync(order.market, turn.world)
        guard !PolymarketMatching.plan(order, exchange.candidates(against: order)).fills.isEmpty else { return nil }
        jobs.push(.create(request: id, call: call, isBatch: false), at: turn.now + settings.pace.takerDelay)
        return .later
    }

    /// Brings about what a fault needs before an order is matched.
    ///
    /// - Returns: the answer, where the fault has made it; nil: the request goes on.
    func before(_ fault: FaultKind?, _ call: PolymarketCall, _ route: Route, _ turn: TradingTurn)
        -> WebServer.Response?
    {
        fate.value = .confirmed
        guard let fault else { return nil }
        switch fault {
        case .failedTrade: fate.value = turn.drawn(0...1) == 0 ? .failed : .retriedThenFailed
        case .retryingTrade:
            let fates: [PolymarketExchange.Fate] = [.retried, .retriedThenFailed, .regressed, .silent]
            fate.value = fates[Int(turn.drawn(0...3))]
        case .delayedMatch where route == .create: return create(call, turn, isDelayed: true)
        case .partialFill, .killed, .priceImprovement, .tickChange, .marketPaused, .marketClosed, .foreignTrade:
            guard let root = try? reader.read(call.body),
                let posted = try? PolymarketPosted(
                    root.kind == .array ? root.elements.first { _ in true } ?? root : root),
                let token = exchange.token(posted.token)
            else { return nil }
            disturb(
                fault, token, isBuy: posted.isBuy, shares: Int(posted.isBuy ? posted.takerAmount : posted.makerAmount),
                turn)
        default: break
        }
        return nil
    }

    private func disturb(_ fault: FaultKind, _ token: PolymarketToken, isBuy: Bool, shares: Int, _ turn: TradingTurn) {
        let takesAsks = isBuy == (token.outcome == 0)
        sync(token.market, turn.world)
        let levels = takesAsks ? exchange.quotes[token.market].asks : exchange.quotes[token.market].bids
        let ranked = levels.sorted { ($0.price < $1.price) == takesAsks }
        switch fault {
        case .killed:
            for level in ranked { setCrowd(token.market, !takesAsks, level.price, 0, turn) }
        case .partialFill:
            // Half of what is wanted stays, at the best price.
            for (place, level) in ranked.enumerated() {
                let rest = place == 0 ? min(level.shares, max(10_000, shares / 2 / 10_000 * 10_000)) : 0
                setCrowd(token.market, !takesAsks, level.price, rest, turn)
            }
        case .priceImprovement:
            guard let best = ranked.first else { return }
            let price = best.price + (takesAsks ? -1 : 1) * exchange.markets[token.market].tick
            let facing = takesAsks ? exchange.quotes[token.market].bids : exchange.quotes[token.market].asks
            guard !facing.contains(where: { takesAsks ? $0.price >= price : $0.price <= price }),
                exchange.markets[token.market].isOnGrid(price)
            else { return }
            setCrowd(token.market, !takesAsks, price, 1_000 * PolymarketMarket.unit, turn)
        case .tickChange: retick(token.market, turn)
        case .marketPaused:
            exchange.accept(token.market, false)
            jobs.push(.reopen(token.market), at: turn.now + settings.slowness)
        case .marketClosed:
            if let pair = exchange.markets[token.market].pair {
                turn.world.enter(.closed, pair, venue: 1, at: turn.now, turn.tell)
            }
            exchange.close(token.market, at: turn.now)
            publish(turn)
        case .foreignTrade: tradeByHand(account: 2, market: token.market, turn)
        default: break
        }
    }

    /// The crowd's size at a level is another one. Units: ten-thousandths, base units.
    public func setCrowd(_ market: Int, _ isBid: Bool, _ price: Int, _ shares: Int, _ turn: TradingTurn) {
        if let pair = exchange.markets[market].pair {
            turn.world.setCrowd(
                pair, venue: 1, isBid: isBid, price: price / 10, size: shares / 10_000, at: turn.now, turn.tell)
            return sync(market, turn.world)
        }
        var quotes = exchange.quotes[market]
        var side = (isBid ? quotes.bids : quotes.asks).filter { $0.price != price }
        if shares > 0 { side.append((price, shares)) }
        if isBid { quotes.bids = side } else { quotes.asks = side }
        exchange.quote(market, bids: quotes.bids, asks: quotes.asks)
    }

    /// A market moves to another version: its orders are signed for another contract from now on. Nobody is told.
    public func setVersion(_ market: Int, _ version: Int) { exchange.markets[market].version = version }

    /// The step of prices becomes ten times finer, or coarser where it was fine.
    public func retick(_ market: Int, _ turn: TradingTurn) {
        let was = exchange.markets[market].tick
        let now = was >= 100 ? was / 10 : was * 10
        exchange.retick(market, now)
        guard let pair = exchange.markets[market].pair else { return }
        turn.world.pairs[pair].polymarketTick = now / 10
        turn.world.pairs[pair].polymarketStamp = max(turn.world.pairs[pair].polymarketStamp + 1, turn.now / 1_000_000)
        turn.tell(.tick(pair: pair, was: was / 10, now: now / 10))
    }

    /// Somebody trades on an account by hand: five shares of YES, made from its own money.
    public func tradeByHand(account: Int, market: Int, _ turn: TradingTurn) {
        guard exchange.accounts.indices.contains(account),
            exchange.split(account, market: market, 5 * PolymarketMarket.unit)
        else { return }
        record(.moved, turn) {
            $0.account = self.name(account)
            $0.instrument = exchange.markets[market].tokens[0]
            $0.quantity = 5 * PolymarketMarket.unit
            $0.reason = "by hand"
        }
    }

    /// Five shares more than the order that was just taken asked for, at its last price.
    func overfill(_ turn: TradingTurn) {
        guard let id = turn.ledger.events.last(where: { $0.kind == .accepted && $0.venue == .polymarket })?.orderID
        else { return }
        exchange.overfill(id, 5 * PolymarketMarket.unit, at: turn.now)
        publish(turn)
    }

    // MARK: The way back

    /// What the network makes of an answer.
    func after(_ fault: FaultKind?, _ answer: WebServer.Response, _ turn: TradingTurn) -> WebServer.Response {
        var answer = answer
        guard let fault else {
            if settings.spread > 0, !answer.body.isEmpty {
                answer.delay = Nanoseconds(rawValue: turn.drawn(0...settings.spread))
            }
            return answer
        }
        switch fault {
        case .answerLost: answer.fate = .silent
        case .resetAfter: answer.fate = .reset
        case .endAfter: answer.fate = .end
        case .cutAnswer: answer.fate = .cut
        case .closeAfterAnswer: answer.fate = .close
        case .closeIdle: answer.closesAfter = .milliseconds(turn.drawn(1...50))
        case .slowAnswer: answer.delay = Nanoseconds(rawValue: settings.slowness)
        case .pageAnswer:
            return WebServer.Response(
                contentType: "text/html", body: Array("<html><body>welcome to the hotel</body></html>".utf8))
        case .unreadable:
            return WebServer.Response(body: Array(#"{"success":tr"#.utf8))
        case .error500Applied: return Self.json(#"{"error":"order timed out"}"#, status: 500)
        case .error502Applied, .error503Applied, .timeoutApplied: return Self.failing(fault)
        case .otherOrder:
            let text = String(decoding: answer.body, as: UTF8.self)
            guard let mark = text.firstRange(of: #""orderID":"0x"#) else { return answer }
            let other = text[..<mark.upperBound] + exchange.hex(32) + text[mark.upperBound...].dropFirst(64)
            answer.body = Array(other.utf8)
        case .killed where answer.status == 400 && turn.drawn(0...1) == 0:
            // The other shape of a kill: status 200, a name, no status, and the words.
            let text = String(decoding: answer.body, as: UTF8.self)
            guard text.contains("FOK orders are"), let id = turn.ledger.events.last?.orderID else { return answer }
            return Self.json(
                #"{"success":true,"errorMsg":"order couldn't be fully filled. FOK orders are fully filled or killed.","#
                    + #""orderID":"\#(id)","status":"","makingAmount":"","takingAmount":""}"#)
        default: break
        }
        return answer
    }
}
