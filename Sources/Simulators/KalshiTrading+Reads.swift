internal import Trading

// What is told of orders, fills, positions and money: page by page, and as late as the settings say.
extension KalshiTrading {
    func read(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        switch call.route.name {
        case .orders: return try orders(call)
        case .order:
            guard let view = past.order(call.route.id, at: call.seen), view.order.account == call.account else {
                throw .notFound
            }
            var object = KalshiObject()
            object.raw("order", Self.object(view))
            return KalshiAnswer(200, object.end(), order: view.order.id)
        case .queuePosition, .queuePositions: return try queue(call)
        case .balance: return balance(call)
        case .positions: return try positions(call)
        case .fills: return try fills(call)
        case .settlements: return try settlements(call)
        case .groups, .group: return try groups(call)
        case .limits: return limits()
        case .costs: return KalshiAnswer(200, Self.costs)
        case .status: return status()
        case .freshness:
            var object = KalshiObject()
            object.text("as_of_time", UTCNanos(rawValue: call.seen).rfc3339)
            return KalshiAnswer(200, object.end())
        case .keys: return keys(call)
        default: throw .notFound
        }
    }

    // MARK: Pages

    /// A page of rows, newest first, each with its place in time; the last page has an empty cursor.
    private func page(
        _ rows: [(place: Int, text: String)], _ name: StaticString, _ call: Call, _ rest: (inout KalshiObject) -> Void
    ) throws(KalshiRefusal) -> KalshiAnswer {
        let limit = try self.limit(call)
        // A cursor that is none is taken for no cursor, as the venue does.
        let before = call.query["cursor"].flatMap { Int($0, radix: 36) } ?? .max
        let ordered = rows.filter { $0.place < before }.sorted { $0.place > $1.place }
        let shown = ordered.prefix(limit)
        var object = KalshiObject()
        object.list(name, shown.map(\.text))
        rest(&object)
        let next = ordered.count > limit ? shown.last.map { String($0.place, radix: 36) } : nil
        object.text("cursor", next ?? "")
        return KalshiAnswer(200, object.end())
    }

    private func limit(_ call: Call) throws(KalshiRefusal) -> Int {
        guard let text = call.query["limit"], !text.isEmpty else { return 100 }
        guard let limit = Int(text), limit >= 0 else {
            throw .bare(400, "Parameter validation failed: limit '\(text)' is no number")
        }
        guard limit <= 1_000 else {
            throw .bare(
                400,
                "Parameter validation failed: Key: 'Params.Limit' Error:Field validation for 'Limit' failed on the 'lte' tag"
            )
        }
        return limit == 0 ? 100 : limit
    }

    /// Whether a row of a market passes the filters by ticker, event and shard.
    private func passes(_ call: Call, _ ticker: String, tickers: String = "ticker") -> Bool {
        guard let place = exchange.places[ticker] else { return false }
        let market = exchange.markets[place]
        if let wanted = call.query[tickers], !wanted.isEmpty,
            !wanted.split(separator: ",").contains(where: { $0 == ticker })
        {
            return false
        }
        if let wanted = call.query["event_ticker"], !wanted.isEmpty,
            !wanted.split(separator: ",").contains(where: { $0 == market.event })
        {
            return false
        }
        if let wanted = call.query["exchange_index"], Int(wanted) != market.shard { return false }
        return call.query["subaccount"].map { $0 == "0" || $0.isEmpty } ?? true
    }

    private func isWithin(_ call: Call, _ at: Int64) -> Bool {
        let seconds = at / 1_000_000_000
        if let least = call.query["min_ts"].flatMap({ Int64($0) }), seconds < least { return false }
        if let most = call.query["max_ts"].flatMap({ Int64($0) }), seconds > most { return false }
        return true
    }

    // MARK: Orders

    private func orders(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        let status = call.query["status"].flatMap { $0.isEmpty ? nil : $0 }
        if let status, KalshiOrder.Status(rawValue: status) == nil {
            throw .bare(400, "Parameter validation failed: status '\(status)' is none of resting, canceled, executed")
        }
        var rows: [(place: Int, text: String)] = []
        for (place, order) in exchange.history.enumerated() where order.account == call.account {
            guard passes(call, order.terms.ticker), isWithin(call, order.created),
                let view = past.order(order.id, at: call.seen), status == nil || view.status.rawValue == status
            else { continue }
            rows.append((place, Self.object(view)))
        }
        return try page(rows, "orders", call) { _ in }
    }

    /// An order as reads tell it.
    static func object(_ view: KalshiPast.OrderView) -> String {
        var object = KalshiObject()
        head(&object, view)
        object.text("created_time", UTCNanos(rawValue: view.order.created).rfc3339)
        object.text("last_update_time", UTCNanos(rawValue: view.updated).rfc3339)
        let expiration = view.terms.expiration.map { UTCNanos(rawValue: Int64($0) * 1_000_000_000).rfc3339 }
        if let expiration { object.text("expiration_time", expiration) } else { object.raw("expiration_time", "null") }
        if let group = view.terms.group {
            object.text("order_group_id", group)
        } else {
            object.raw("order_group_id", "null")
        }
        object.text("type", "limit")
        object.text("action", view.terms.isBid ? "buy" : "sell")
        object.flag("cancel_order_on_pause", view.terms.cancelsOnPause)
        return object.end()
    }

    /// What reads and the stream tell alike.
    static func head(_ object: inout KalshiObject, _ view: KalshiPast.OrderView) {
        let terms = view.terms
        object.text("order_id", view.order.id)
        object.text("user_id", user)
        object.text("client_order_id", terms.clientID)
        object.text("ticker", terms.ticker)
        object.number("exchange_index", terms.shard)
        object.text("status", view.status.rawValue)
        object.text("side", "yes")
        object.text("outcome_side", terms.isBid ? "yes" : "no")
        object.text("book_side", terms.isBid ? "bid" : "ask")
        object.text("yes_price_dollars", KalshiNumbers.dollars(mills: terms.mills))
        object.text("no_price_dollars", KalshiNumbers.dollars(mills: 1_000 - terms.mills))
        object.text("fill_count_fp", KalshiNumbers.count(view.filled))
        object.text("remaining_count_fp", KalshiNumbers.count(view.remaining))
        object.text("initial_count_fp", KalshiNumbers.count(view.initial))
        object.text("taker_fill_cost_dollars", KalshiNumbers.dollars6(view.takerCost))
        object.text("maker_fill_cost_dollars", KalshiNumbers.dollars6(view.makerCost))
        object.text("taker_fees_dollars", KalshiNumbers.dollars6(view.takerFees))
        object.text("maker_fees_dollars", KalshiNumbers.dollars6(view.makerFees))
        object.text("self_trade_prevention_type", terms.selfTrade.rawValue)
        object.number("subaccount_number", 0)
    }

    static let user = "0b7d3a52-6c1e-4f0a-9d88-1a2b3c4d5e6f"

    private func queue(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        func ahead(_ order: KalshiOrder) -> String {
            let before = exchange.markets[order.terms.market][order.terms.isBid]
                .prefix { $0 !== order }.filter { $0.terms.mills == order.terms.mills }
            return KalshiNumbers.count(before.reduce(order.ahead) { $0 + $1.remaining })
        }
        if call.route.name == .queuePosition {
            guard let order = exchange.orders[call.route.id], order.account == call.account, order.isLive else {
                throw .notFound
            }
            var object = KalshiObject()
            object.text("queue_position_fp", ahead(order))
            return KalshiAnswer(200, object.end())
        }
        let rows = exchange.history.filter {
            $0.isLive && $0.account == call.account && passes(call, $0.terms.ticker, tickers: "market_tickers")
        }.map { order in
            var object = KalshiObject()
            object.text("order_id", order.id)
            object.text("market_ticker", order.terms.ticker)
            object.text("queue_position_fp", ahead(order))
            return object.end()
        }
        var object = KalshiObject()
        object.list("queue_positions", rows)
        return KalshiAnswer(200, object.end())
    }

    private func fills(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        var rows: [(place: Int, text: String)] = []
        for fill in exchange.fills where fill.account == call.account && fill.at <= call.seen {
            guard passes(call, fill.ticker), isWithin(call, fill.at) else { continue }
            if let order = call.query["order_id"], !order.isEmpty, order != fill.orderID { continue }
            var object = KalshiObject()
            object.text("fill_id", fill.tradeID)
            object.text("trade_id", fill.tradeID)
            object.number("exchange_index", fill.shard)
            object.text("order_id", fill.orderID)
            object.text("ticker", fill.ticker)
            object.text("market_ticker", fill.ticker)
            object.text("outcome_side", fill.isBid ? "yes" : "no")
            object.text("book_side", fill.isBid ? "bid" : "ask")
            object.text("side", "yes")
            object.text("action", fill.isBid ? "buy" : "sell")
            object.text("count_fp", KalshiNumbers.count(fill.count))
            object.text("yes_price_dollars", KalshiNumbers.dollars(mills: fill.mills))
            object.text("no_price_dollars", KalshiNumbers.dollars(mills: 1_000 - fill.mills))
            object.flag("is_taker", fill.isTaker)
            object.text("created_time", UTCNanos(rawValue: fill.at).rfc3339)
            object.text("fee_cost", KalshiNumbers.dollars6(fill.fee))
            object.number("subaccount_number", 0)
            object.number("ts", Int(fill.at / 1_000_000_000))
            rows.append((fill.sequence, object.end()))
        }
        return try page(rows, "fills", call) { _ in }
    }

    // MARK: Money

    private func held(_ call: Call) -> (account: SimAccount, tallies: [String: KalshiTally]) {
        let holdings = past.holdings(at: call.seen)
        return (
            holdings?.accounts[call.account] ?? exchange.accounts[call.account] ?? SimAccount(cash: [:]),
            holdings?.tallies ?? exchange.tallies
        )
    }

    private func balance(_ call: Call) -> KalshiAnswer {
        let (account, tallies) = held(call)
        let shard = call.query["exchange_index"].flatMap { Int($0) }
        let shards = account.cash.keys.filter { shard == nil || shard == $0 }.sorted()
        let total = shards.reduce(0) { $0 + account.available($1) }
        let value = account.positions.keys.reduce(0) { $0 + (tallies[call.account + "|" + $1]?.cost ?? 0) }
        var object = KalshiObject()
        object.number("balance", total / 10_000)
        object.text("balance_dollars", KalshiNumbers.dollars4(total))
        object.number("portfolio_value", value / 10_000)
        object.number("updated_ts", Int(call.seen / 1_000_000_000))
        object.list(
            "balance_breakdown",
            shards.map { shard in
                var item = KalshiObject()
                item.number("exchange_index", shard)
                item.text("balance", KalshiNumbers.dollars4(account.available(shard)))
                return item.end()
            })
        return KalshiAnswer(200, object.end())
    }

    private func positions(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        let (account, tallies) = held(call)
        let settlement = call.query["settlement_status"] ?? "unsettled"
        var rows: [(place: Int, text: String)] = []
        var events: [String: (tally: KalshiTally, shares: Int)] = [:]
        for market in exchange.markets where passes(call, market.ticker) {
            guard let tally = tallies[call.account + "|" + market.ticker] else { continue }
            let isSettled = exchange.settlements.contains {
                $0.account == call.account && $0.settlement.ticker == market.ticker
            }
            guard settlement == "all" || isSettled == (settlement == "settled") else { continue }
            let position = account[market.ticker]
            if call.query["count_filter"] == "position", position == 0 { continue }
            var object = KalshiObject()
            object.text("ticker", market.ticker)
            object.number("exchange_index", market.shard)
            object.text("total_traded_dollars", KalshiNumbers.dollars6(tally.traded))
            object.text("position_fp", KalshiNumbers.count(position))
            object.text("market_exposure_dollars", KalshiNumbers.dollars6(tally.cost))
            object.text("realized_pnl_dollars", KalshiNumbers.dollars6(tally.realized))
            object.text("fees_paid_dollars", KalshiNumbers.dollars6(tally.fees))
            object.text("last_updated_ts", UTCNanos(rawValue: tally.updated).rfc3339)
            rows.append((market.index, object.end()))
            var event = events[market.event] ?? (KalshiTally(), 0)
            event.tally.cost += tally.cost
            event.tally.traded += tally.traded
            event.tally.realized += tally.realized
            event.tally.fees += tally.fees
            event.shares += tally.volume
            events[market.event] = event
        }
        return try page(rows, "market_positions", call) { object in
            object.list(
                "event_positions",
                events.sorted { $0.key < $1.key }.map { name, event in
                    var item = KalshiObject()
                    item.text("event_ticker", name)
                    item.text("total_cost_dollars", KalshiNumbers.dollars6(event.tally.traded))
                    item.text("total_cost_shares_fp", KalshiNumbers.count(event.shares))
                    item.text("event_exposure_dollars", KalshiNumbers.dollars6(event.tally.cost))
                    item.text("realized_pnl_dollars", KalshiNumbers.dollars6(event.tally.realized))
                    item.text("fees_paid_dollars", KalshiNumbers.dollars6(event.tally.fees))
                    return item.end()
                })
        }
    }

    private func settlements(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        var rows: [(place: Int, text: String)] = []
        for (place, item) in exchange.settlements.enumerated() where item.account == call.account {
            let paid = item.settlement
            guard paid.at <= call.seen, passes(call, paid.ticker), isWithin(call, paid.at) else { continue }
            var object = KalshiObject()
            object.text("ticker", paid.ticker)
            object.number("exchange_index", paid.shard)
            object.text("event_ticker", paid.event)
            object.text("market_result", paid.mills == 1_000 ? "yes" : paid.mills == 0 ? "no" : "scalar")
            object.text("yes_count_fp", KalshiNumbers.count(max(0, paid.position)))
            object.text("yes_total_cost_dollars", KalshiNumbers.dollars6(paid.position > 0 ? paid.cost : 0))
            object.text("no_count_fp", KalshiNumbers.count(max(0, -paid.position)))
            object.text("no_total_cost_dollars", KalshiNumbers.dollars6(paid.position < 0 ? paid.cost : 0))
            object.number("revenue", paid.revenue / 10_000)
            object.text("settled_time", UTCNanos(rawValue: paid.at).rfc3339)
            object.text("fee_cost", KalshiNumbers.dollars6(paid.fee))
            object.number("value", paid.mills / 10)
            rows.append((place, object.end()))
        }
        return try page(rows, "settlements", call) { _ in }
    }
}
