internal import Codec
internal import Trading

// New orders: decoding as strict as the venue's, its refusals in its words, and matching.
extension KalshiTrading {
    private static let structure = "CreateOrderV2Request"

    func create(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        guard let body = call.body else { throw .notFound }
        return try place(body, call)
    }

    /// Each order by itself: some may be taken and some not.
    func batchCreate(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        guard let list = call.body?["orders"], list.kind == .array, list.count > 0 else {
            throw .invalid("Orders", "required", of: "BatchCreateOrdersV2Request")
        }
        var items: [String] = []
        for element in list.elements {
            do throws(KalshiRefusal) {
                items.append(try place(element, call).body)
            } catch {
                var object = KalshiObject()
                object.text("client_order_id", element["client_order_id"]?.text?.string)
                object.raw("fill_count", "null")
                object.raw("remaining_count", "null")
                object.raw("ts_ms", "null")
                object.raw("error", error.item)
                items.append(object.end())
            }
        }
        var object = KalshiObject()
        object.list("orders", items)
        return KalshiAnswer(201, object.end())
    }

    private func place(_ body: JSONValue, _ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        var event = TruthEvent(.received, .kalshi)
        event.account = call.account
        event.clientID = body["client_order_id"]?.text?.string ?? ""
        event.instrument = body["ticker"]?.text?.string ?? ""
        event.side = body["side"]?.text?.string ?? ""
        event.price = (body["price"]?.text.flatMap { KalshiNumbers.price($0.string) } ?? 0) * 100
        event.quantity = (body["count"]?.text.flatMap { KalshiNumbers.count($0.string) } ?? 0) * 10_000
        event.endpoint = call.route.name.rawValue
        call.turn.record(event)
        do throws(KalshiRefusal) {
            let terms = try terms(body, call)
            prepareMarket(call.route.name.rawValue, terms, call.turn)
            try admit(terms, call)
            return enter(terms, call)
        } catch {
            event.kind = .rejected
            event.reason = error.code
            call.turn.record(event)
            isNoted = true
            throw error
        }
    }

    // MARK: Decoding

    private func text(_ body: JSONValue, _ key: StaticString) throws(KalshiRefusal) -> String? {
        guard let value = body[key], !value.isNull else { return nil }
        guard let text = value.text else { throw .type("\(key)", "\(value.kind)", "string", of: Self.structure) }
        return text.string
    }

    private func flag(_ body: JSONValue, _ key: StaticString) throws(KalshiRefusal) -> Bool {
        guard let value = body[key], !value.isNull else { return false }
        guard let flag = value.bool else { throw .type("\(key)", "\(value.kind)", "bool", of: Self.structure) }
        return flag
    }

    private func number(_ body: JSONValue, _ key: StaticString) throws(KalshiRefusal) -> Int? {
        guard let value = body[key], !value.isNull else { return nil }
        guard let number = value.int64 else { throw .type("\(key)", "\(value.kind)", "int64", of: Self.structure) }
        return Int(number)
    }

    private func needed(_ body: JSONValue, _ key: StaticString, _ field: String) throws(KalshiRefusal) -> String {
        guard let text = try text(body, key), !text.isEmpty else {
            throw .invalid(field, "required", of: Self.structure)
        }
        return text
    }

    private func terms(_ body: JSONValue, _ call: Call) throws(KalshiRefusal) -> KalshiOrder.Terms {
        guard body.kind == .object, !body.hasDuplicateKeys else {
            throw .flat(400, "bad_request", details: "json: an order is an object with every key once")
        }
        var terms = KalshiOrder.Terms()
        terms.ticker = try needed(body, "ticker", "Ticker")
        let side = try needed(body, "side", "Side")
        guard side == "bid" || side == "ask" else { throw .invalid("Side", "oneof", of: Self.structure) }
        terms.isBid = side == "bid"
        let count = try needed(body, "count", "Count")
        let price = try needed(body, "price", "Price")
        guard let lifetime = KalshiOrder.Lifetime(rawValue: try needed(body, "time_in_force", "TimeInForce")) else {
            throw .invalid("TimeInForce", "oneof", of: Self.structure)
        }
        terms.lifetime = lifetime
        let stp = try needed(body, "self_trade_prevention_type", "SelfTradePreventionType")
        guard let selfTrade = KalshiOrder.SelfTrade(rawValue: stp) else {
            throw .invalid("SelfTradePreventionType", "oneof", of: Self.structure)
        }
        terms.selfTrade = selfTrade
        terms.clientID = try text(body, "client_order_id") ?? ""
        guard terms.clientID.utf8.count <= 64 else { throw .invalid("ClientOrderId", "max", of: Self.structure) }
        terms.expiration = try number(body, "expiration_time")
        terms.isPostOnly = try flag(body, "post_only")
        terms.isReduceOnly = try flag(body, "reduce_only")
        terms.cancelsOnPause = try flag(body, "cancel_order_on_pause")
        terms.group = try text(body, "order_group_id").flatMap { $0.isEmpty ? nil : $0 }
        guard (try number(body, "subaccount") ?? 0) == 0 else { throw .nested(404, "subaccount_not_found") }
        let shard = try Self.index(body["exchange_index"], of: Self.structure)
        try locate(&terms, shard)
        guard let hundredths = KalshiNumbers.count(count), (1...100_000_000_000).contains(hundredths) else {
            throw .nested(400, "invalid_order_size")
        }
        terms.count = hundredths
        terms.mills = try mills(price, terms.market, call.turn)
        return terms
    }

    private func locate(_ terms: inout KalshiOrder.Terms, _ shard: Int?) throws(KalshiRefusal) {
        guard let place = exchange.places[terms.ticker] else { throw .nested(404, "market_not_found") }
        let market = exchange.markets[place]
        // Each shard knows its own markets only.
        if let shard, shard >= 0, shard != market.shard { throw .nested(404, "market_not_found") }
        terms.market = place
        terms.shard = market.shard
    }

    /// A price on the market's grid, in thousandths.
    func mills(_ text: String, _ place: Int, _ turn: TradingTurn) throws(KalshiRefusal) -> Int {
        let tick = turn.world.pairs[place].kalshiTick
        guard let price = KalshiNumbers.price(text), price > 0, price < 10_000, price % (tick * 10) == 0 else {
            throw .nested(400, "invalid_price")
        }
        return price / 10
    }

    // MARK: Admission

    private func invalid(_ details: String) -> KalshiRefusal { .nested(400, "invalid_order", details: details) }

    /// What the exchange refuses.
    private func admit(_ terms: KalshiOrder.Terms, _ call: Call) throws(KalshiRefusal) {
        try admitShape(terms, call.turn)
        try admitMarket(terms.market, call.turn)
        if !terms.clientID.isEmpty, exchange.isUsed(call.account, terms.clientID) {
            throw .nested(409, "order_already_exists")
        }
        if let group = terms.group {
            guard let known = exchange.groups[group], known.account == call.account, known.shard == terms.shard else {
                throw .nested(404, "order_group_not_found")
            }
            guard !known.isTriggered else { throw .nested(400, "exceeded_order_group_risk_limit") }
        }
        if terms.isPostOnly, exchange.crosses(terms.market, isBid: terms.isBid, terms.mills, call.turn.world) {
            throw invalid("post only cross")
        }
        guard terms.isReduceOnly || exchange.cost(call.account, terms) <= available(call.account, terms.shard) else {
            throw .nested(400, "insufficient_balance")
        }
        guard terms.lifetime == .fillOrKill,
            exchange.volume(terms.market, against: terms.isBid, terms.mills, call.turn.world) < terms.count
        else { return }
        // Killed: it existed for a moment, and its id with it.
        if !terms.clientID.isEmpty { exchange.use(call.account, terms.clientID, for: "") }
        throw .nested(409, "fill_or_kill_insufficient_resting_volume")
    }

    func available(_ account: String, _ shard: Int) -> Int { exchange.accounts[account]?.available(shard) ?? 0 }

    private func admitShape(_ terms: KalshiOrder.Terms, _ turn: TradingTurn) throws(KalshiRefusal) {
        let isImmediate = terms.lifetime != .goodTillCanceled
        if let expiration = terms.expiration {
            guard !isImmediate else { throw invalid("expiration time needs good till canceled") }
            guard Int64(expiration) * 1_000_000_000 > turn.utc.rawValue else {
                throw invalid("expiration time is in the past")
            }
        }
        if terms.isPostOnly, isImmediate { throw invalid("post only needs good till canceled") }
        if terms.isReduceOnly, terms.lifetime != .immediate { throw invalid("reduce only needs immediate or cancel") }
    }

    /// Whether the market takes orders now.
    func admitMarket(_ place: Int, _ turn: TradingTurn) throws(KalshiRefusal) {
        let pair = turn.world.pairs[place]
        guard pair.phase.kalshi == .open else { throw .nested(409, "market_closed") }
        guard !isTradingPaused, !pair.isPaused else { throw .nested(400, "trading_paused") }
    }

    // MARK: Entry

    private func enter(_ asked: KalshiOrder.Terms, _ call: Call) -> KalshiAnswer {
        var terms = asked
        let turn = call.turn
        let held = exchange.position(call.account, terms.ticker)
        if terms.isReduceOnly { terms.count = min(terms.count, max(0, terms.isBid ? -held : held)) }
        let order = KalshiOrder(
            id: exchange.makeID(), account: call.account, terms, sequence: exchange.nextSequence(),
            at: turn.utc.rawValue)
        order.initial = asked.count
        exchange.orders[order.id] = order
        exchange.history.append(order)
        if !terms.clientID.isEmpty { exchange.use(call.account, terms.clientID, for: order.id) }
        var event = TruthEvent(.accepted, .kalshi)
        event.account = order.account
        event.orderID = order.id
        event.clientID = terms.clientID
        event.instrument = terms.ticker
        event.side = terms.isBid ? "bid" : "ask"
        event.price = terms.mills * 1_000
        event.quantity = asked.count * 10_000
        turn.record(event)
        let outcome = exchange.match(order, turn)
        finish(order, outcome, turn, reason: terms.count == 0 ? "ReduceOnlyCancel" : nil)
        return KalshiAnswer(201, execution(order, outcome.fills, turn, hasAverages: true), order: order.id)
    }

    /// What becomes of an order after it took what it could.
    func finish(_ order: KalshiOrder, _ outcome: KalshiExchange.Outcome, _ turn: TradingTurn, reason: String? = nil) {
        if order.isLive {
            if order.remaining == 0, reason == nil {
                order.status = .executed
                exchange.tell(.order(order))
            } else if outcome.isStopped {
                exchange.remove(order, "SelfTradeCancel", turn)
            } else if order.terms.lifetime != .goodTillCanceled {
                exchange.remove(order, reason ?? "ImmediateCancel", turn)
            } else {
                exchange.rest(order, turn)
                exchange.tell(.order(order))
                if let expiration = order.terms.expiration {
                    let wait = Int64(expiration) * 1_000_000_000 - turn.utc.rawValue
                    due.push(.expiry(order), at: turn.now + max(0, wait))
                }
            }
        }
        exchange.reserve(order.account, order.terms.market, turn)
        publish(turn)
    }

    /// The answer about an order's execution now.
    func execution(_ order: KalshiOrder, _ fills: [KalshiFill], _ turn: TradingTurn, hasAverages: Bool) -> String {
        let count = fills.reduce(0) { $0 + $1.count }
        var object = KalshiObject()
        object.text("order_id", order.id)
        object.text("client_order_id", order.terms.clientID.isEmpty ? nil : order.terms.clientID)
        object.text("fill_count", KalshiNumbers.count(count))
        object.text("remaining_count", KalshiNumbers.count(order.remaining))
        if count > 0 {
            // The mean of prices in 1e-4 dollars and of fees in 1e-6, rounded down.
            let price = fills.reduce(0) { $0 + $1.mills * $1.count } * 10 / count
            let fee = fills.reduce(0) { $0 + $1.fee } * 100 / count
            object.text("average_fill_price", KalshiNumbers.decimal(price, 4))
            object.text("average_fee_paid", KalshiNumbers.trimmed(fee, 6, least: 4))
        }
        object.number("ts_ms", Int(turn.milliseconds))
        return object.end()
    }
}
