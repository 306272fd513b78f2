internal import Server
internal import Trading

// What goes wrong on purpose: before a request is looked at, in the market just before it is matched, and with its answer.
extension KalshiTrading {
    private static let before: Set<FaultKind> = [
        .requestLost, .resetBefore, .requestLate, .throttled, .throttledRetry, .error500, .error502, .error503,
        .error504, .refusedFunds, .refusedAuth, .keyRevoked, .pageAnswer, .exchangePaused,
    ]
    private static let market: Set<FaultKind> = [
        .partialFill, .killed, .tickChange, .marketPaused, .marketClosed, .priceImprovement, .foreignTrade,
    ]
    private static let after: Set<FaultKind> = [
        .answerLost, .resetAfter, .endAfter, .slowAnswer, .cutAnswer, .closeAfterAnswer, .closeIdle, .error500Applied,
        .error502Applied, .error503Applied, .timeoutApplied, .otherOrder, .unreadable, .emptyList, .cursorLoop,
        .droppedRow, .overfill,
    ]

    /// Carries a request through the faults of the plan.
    func withFaults(
        _ request: WebServer.Request, _ route: KalshiRoute, _ turn: TradingTurn,
        _ apply: (_ isLate: Bool) -> KalshiAnswer
    ) -> WebServer.Response {
        let name = route.name.rawValue
        if let fault = turn.strike(.kalshi, name, among: Self.before),
            let answer = refused(fault, request, route, turn)
        {
            return answer
        }
        var answer = apply(false)
        let fault = turn.strike(.kalshi, name, among: Self.after)
        if fault == .overfill { overfill(answer, turn) }
        answer = altered(answer, fault, route)
        var response = answer.response
        response.delay = Nanoseconds(rawValue: turn.drawn(0...max(0, settings.jitterMax.rawValue)))
        return fault.map { sent(response, $0, turn) } ?? response
    }

    /// What comes of a request that is never looked at; nil: it is looked at after all.
    private func refused(
        _ fault: FaultKind, _ request: WebServer.Request, _ route: KalshiRoute, _ turn: TradingTurn
    ) -> WebServer.Response? {
        var response = KalshiAnswer(.words(429, "too many requests")).response
        switch fault {
        case .requestLost: response.fate = .silent
        case .resetBefore: response.fate = .reset
        case .requestLate:
            due.push(.late(request), at: turn.now + turn.drawn(1_000_000_000...4_000_000_000))
            response.fate = .silent
        case .throttled: break
        case .throttledRetry: response.headers.append(("Retry-After", "1"))
        case .error500: response = Self.broken(500)
        case .error502: response = Self.broken(502)
        case .error503: response = Self.broken(503)
        case .error504: response = Self.broken(504)
        case .refusedFunds: response = KalshiAnswer(.nested(400, "insufficient_balance")).response
        case .refusedAuth: response = KalshiAnswer(.nested(401, "header_timestamp_expired")).response
        case .pageAnswer:
            response = WebServer.Response(
                contentType: "text/html", body: Array("<html><body>Please sign in to the network</body></html>".utf8))
        case .keyRevoked:
            revoke(request.headers["kalshi-access-key"] ?? "")
            return nil
        default:
            pauseExchange(true, turn)
            due.push(.resume, at: turn.now + 5_000_000_000)
            return nil
        }
        return response
    }

    /// A gateway's own page: no body that the venue documents.
    private static func broken(_ status: Int) -> WebServer.Response {
        let body = status == 500 ? #"{"error":{"code":"internal_server_error","message":"internal server error"}}"# : ""
        return WebServer.Response(
            status: status, contentType: status == 500 ? "application/json" : "text/html",
            body: Array((status == 500 ? body : "<html><head><title>\(status)</title></head></html>").utf8))
    }

    private func altered(_ answer: KalshiAnswer, _ fault: FaultKind?, _ route: KalshiRoute) -> KalshiAnswer {
        var answer = answer
        switch fault {
        case .otherOrder:
            guard let order = answer.order else { break }
            answer.body = answer.body.replacing(order, with: exchange.makeID())
            // Whole: under the other order's own client id as well.
            if let clientID = exchange.orders[order]?.terms.clientID, !clientID.isEmpty {
                answer.body = answer.body.replacing("\"\(clientID)\"", with: "\"\(exchange.makeID())\"")
            }
        case .unreadable: answer.body = String(answer.body.dropLast()) + ",\"fill_count\":\"9e9\",]"
        case .emptyList:
            let lists: [KalshiRoute.Name: String] = [
                .orders: "orders", .fills: "fills", .positions: "market_positions", .settlements: "settlements",
            ]
            if let name = lists[route.name] { answer.body = #"{"\#(name)":[],"cursor":""}"# }
        case .cursorLoop: answer.body = answer.body.replacing(#""cursor":"""#, with: #""cursor":"zzzzzz""#)
        case .droppedRow:
            // The first row goes, if there is one.
            guard let start = answer.body.firstRange(of: "[{"), let end = answer.body.firstRange(of: "},{") else {
                break
            }
            answer.body = answer.body[..<start.lowerBound] + "[{" + answer.body[end.upperBound...]
        default: break
        }
        return answer
    }

    private func sent(_ answer: WebServer.Response, _ fault: FaultKind, _ turn: TradingTurn) -> WebServer.Response {
        var response = answer
        switch fault {
        case .answerLost: response.fate = .silent
        case .resetAfter: response.fate = .reset
        case .endAfter: response.fate = .end
        case .slowAnswer: response.delay = Nanoseconds(rawValue: turn.drawn(3_000_000_000...10_000_000_000))
        case .cutAnswer: response.fate = .cut
        case .closeAfterAnswer: response.fate = .close
        case .closeIdle: response.closesAfter = Nanoseconds(rawValue: turn.drawn(0...20_000_000))
        case .error500Applied: response = Self.broken(500)
        case .error502Applied: response = Self.broken(502)
        case .error503Applied: response = Self.broken(503)
        case .timeoutApplied: response = Self.broken(504)
        default: break
        }
        return response
    }

    /// A request that was long under way: applied now, answered never.
    func arrive(_ request: WebServer.Request, _ turn: TradingTurn) {
        let (path, query) = Self.split(request.target)
        guard let route = KalshiRoute(request.method, path.dropFirst(13)) else { return }
        _ = answer(request, route, String(path), query, turn, isLate: true)
    }

    /// Refuses an upgrade when the plan says so.
    func refusedUpgrade(_ turn: TradingTurn) -> KalshiRefusal? {
        switch turn.strike(.kalshi, "upgrade", among: [.throttled, .refusedAuth, .error503]) {
        case .throttled: .words(429, "too many requests")
        case .refusedAuth: .nested(401, "header_timestamp_expired")
        case .error503: .nested(503, "service_unavailable")
        default: nil
        }
    }

    // MARK: The market, just before

    /// Lets the market do what the plan says, just before an order is looked at.
    func prepareMarket(_ endpoint: String, _ terms: KalshiOrder.Terms, _ turn: TradingTurn) {
        guard let fault = turn.strike(.kalshi, endpoint, among: Self.market) else { return }
        let world = turn.world
        let place = terms.market
        switch fault {
        case .partialFill: thin(terms, to: terms.count / 200 * 100, turn)
        case .killed: thin(terms, to: 0, turn)
        case .tickChange:
            world.regrid(place, tick: world.pairs[place].kalshiTick == 10 ? 1 : 10, turn.tell)
        case .marketPaused: world.pause(place, true, at: turn.now, turn.tell)
        case .marketClosed: world.enter(.closed, place, venue: 0, at: turn.now, turn.tell)
        case .priceImprovement: improve(terms, turn)
        default:
            let crossing = exchange.best(place, isBid: !terms.isBid, world) ?? terms.mills
            tradeByHand("ours", terms.ticker, isBid: terms.isBid, mills: crossing, count: 100, turn)
        }
    }

    /// Leaves the crowd no more than this against an order, best prices first.
    private func thin(_ terms: KalshiOrder.Terms, to count: Int, _ turn: TradingTurn) {
        let book = turn.world.pairs[terms.market].kalshi
        let levels = terms.isBid ? book.asks.levels : book.bids.levels.reversed()
        var left = count
        for (price, size) in levels where terms.isBid ? price <= terms.mills : price >= terms.mills {
            let kept = min(left, size)
            left -= kept
            turn.world.setCrowd(
                terms.market, venue: 0, isBid: !terms.isBid, price: price, size: kept, at: turn.now, turn.tell)
        }
        due.push(.refill(terms.market), at: turn.now + 2_000_000_000)
    }

    /// Puts the crowd's size one tick nearer, if nothing rests there.
    private func improve(_ terms: KalshiOrder.Terms, _ turn: TradingTurn) {
        let place = terms.market
        let tick = turn.world.pairs[place].kalshiTick
        guard let best = exchange.best(place, isBid: !terms.isBid, turn.world) else { return }
        let price = terms.isBid ? best - tick : best + tick
        let facing = exchange.best(place, isBid: terms.isBid, turn.world)
        guard price > 0, price < 1_000, facing.map({ terms.isBid ? price > $0 : price < $0 }) ?? true else { return }
        turn.world.setCrowd(
            place, venue: 0, isBid: !terms.isBid, price: price, size: terms.count, at: turn.now, turn.tell)
        due.push(.refill(place), at: turn.now + 2_000_000_000)
    }

    /// The races of a cancel: the order fills first, or is not found though it stands.
    ///
    /// - Returns: true when the cancel is to say "not found" and do nothing.
    func beforeCancel(_ order: KalshiOrder, _ turn: TradingTurn) -> Bool {
        switch turn.strike(.kalshi, "cancel", among: [.cancelRace, .cancelNotFound]) {
        case .cancelNotFound: return true
        case .cancelRace:
            // Somebody takes everything down to it.
            let place = order.terms.market
            let all = exchange.volume(place, against: !order.terms.isBid, order.terms.mills, turn.world)
            exchange.crowdTakes(place, isBid: !order.terms.isBid, limit: order.terms.mills, all, turn)
            due.push(.refill(place), at: turn.now + 2_000_000_000)
            publish(turn)
            return false
        default: return false
        }
    }

    /// One contract more than was ordered.
    private func overfill(_ answer: KalshiAnswer, _ turn: TradingTurn) {
        guard let id = answer.order, let order = exchange.orders[id], order.filled > 0 else { return }
        let market = exchange.markets[order.terms.market]
        let trade = exchange.makeID()
        exchange.book(
            KalshiExchange.crowd, nil, market, isBid: !order.terms.isBid, mills: order.terms.mills, count: 100,
            isTaker: false, trade: trade, turn)
        exchange.book(
            order.account, order, market, isBid: order.terms.isBid, mills: order.terms.mills, count: 100,
            isTaker: true, trade: trade, turn)
        order.remaining = max(0, order.remaining)
        exchange.tell(.order(order))
        publish(turn)
    }
}
