internal import Codec
internal import Trading

// Cancels, amendments and decreases: each finds its order on the shard it names, and nowhere else.
extension KalshiTrading {
    /// A live order of the caller on a shard.
    ///
    /// - Parameters:
    ///   - shard: named; -1 or nil with a market: the market's; nil without: shard 0.
    private func live(
        _ id: String, _ account: String, _ shard: Int?, _ ticker: String?
    ) throws(KalshiRefusal) -> KalshiOrder {
        var target = shard ?? 0
        if shard == nil || shard == -1 {
            if let ticker {
                guard let place = exchange.places[ticker] else { throw .nested(404, "market_not_found") }
                target = exchange.markets[place].shard
            } else if shard == -1 {
                throw .bare(400, "Parameter validation failed: market_ticker is needed for exchange_index -1")
            }
        }
        guard let order = exchange.orders[id], order.account == account, order.isLive, order.terms.shard == target,
            ticker == nil || ticker == order.terms.ticker
        else { throw .notFound }
        return order
    }

    /// After the close nothing is taken any more, cancels included.
    private func admitCancel(_ order: KalshiOrder, _ turn: TradingTurn) throws(KalshiRefusal) {
        guard turn.world.pairs[order.terms.market].phase.kalshi == .open else { throw .nested(409, "market_closed") }
    }

    private func cancelled(_ order: KalshiOrder, _ turn: TradingTurn) -> String {
        let reduced = order.remaining
        exchange.remove(order, "Cancel", turn)
        var object = KalshiObject()
        object.text("order_id", order.id)
        object.text("client_order_id", order.terms.clientID.isEmpty ? nil : order.terms.clientID)
        object.text("reduced_by", KalshiNumbers.count(reduced))
        object.number("ts_ms", Int(turn.milliseconds))
        return object.end()
    }

    func cancel(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        let shard = try Self.index(call.query)
        let order = try live(call.route.id, call.account, shard, call.query["market_ticker"])
        try admitCancel(order, call.turn)
        if beforeCancel(order, call.turn) { throw .notFound }
        guard order.isLive else { throw .notFound }
        let body = cancelled(order, call.turn)
        publish(call.turn)
        return KalshiAnswer(200, body, order: order.id)
    }

    func batchCancel(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        guard let list = call.body?["orders"], list.kind == .array, list.count > 0 else {
            throw .invalid("Orders", "required", of: "BatchCancelOrdersV2Request")
        }
        var items: [String] = []
        for element in list.elements {
            let id = element["order_id"]?.text?.string ?? ""
            do throws(KalshiRefusal) {
                let shard = try Self.index(element["exchange_index"], of: "BatchCancelOrdersV2Request")
                let order = try live(id, call.account, shard, element["market_ticker"]?.text?.string)
                try admitCancel(order, call.turn)
                items.append(cancelled(order, call.turn))
            } catch {
                var object = KalshiObject()
                object.text("order_id", id)
                object.text("reduced_by", "0.00")
                object.raw("error", error.item)
                items.append(object.end())
            }
        }
        publish(call.turn)
        var object = KalshiObject()
        object.list("orders", items)
        return KalshiAnswer(200, object.end())
    }

    func cancelAll(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        for order in exchange.history where order.isLive && order.account == call.account {
            guard call.turn.world.pairs[order.terms.market].phase.kalshi == .open else { continue }
            exchange.remove(order, "Cancel", call.turn)
        }
        publish(call.turn)
        return KalshiAnswer(204, "")
    }

    // MARK: Amend

    func amend(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        let structure = "AmendOrderV2Request"
        guard let body = call.body else { throw .notFound }
        func text(_ key: StaticString, _ field: String, isNeeded: Bool) throws(KalshiRefusal) -> String? {
            guard let value = body[key], !value.isNull else {
                if isNeeded { throw .invalid(field, "required", of: structure) }
                return nil
            }
            guard let text = value.text else { throw .type("\(key)", "\(value.kind)", "string", of: structure) }
            return text.string
        }
        let ticker = try text("ticker", "Ticker", isNeeded: true)
        let side = try text("side", "Side", isNeeded: true)
        let price = try text("price", "Price", isNeeded: true) ?? ""
        let countText = try text("count", "Count", isNeeded: true) ?? ""
        let shard = try Self.index(body["exchange_index"], of: structure)
        // The ticker routes; whether it is the order's is looked at after.
        let order = try live(call.route.id, call.account, shard, shard == nil || shard == -1 ? ticker : nil)
        guard ticker == order.terms.ticker else { throw .nested(400, "order_ticker_mismatch") }
        guard side == (order.terms.isBid ? "bid" : "ask") else { throw .nested(400, "order_side_mismatch") }
        if let client = try text("client_order_id", "ClientOrderId", isNeeded: false), client != order.terms.clientID {
            throw .nested(400, "order_id_and_client_order_id_mismatch")
        }
        guard let count = KalshiNumbers.count(countText), count > order.filled, count <= 100_000_000_000 else {
            throw .nested(400, "invalid_order_size")
        }
        let mills = try mills(price, order.terms.market, call.turn)
        try admitMarket(order.terms.market, call.turn)
        if let updated = try text("updated_client_order_id", "UpdatedClientOrderId", isNeeded: false) {
            guard updated == order.terms.clientID || !exchange.isUsed(call.account, updated) else {
                throw .nested(409, "order_already_exists")
            }
            try change(order, mills, count, body, call)
            order.terms.clientID = updated
            exchange.use(call.account, updated, for: order.id)
        } else {
            try change(order, mills, count, body, call)
        }
        return amended(order, mills, count, call)
    }

    /// Whether the money is there, and the expiry is good; nothing is changed but the expiry.
    private func change(
        _ order: KalshiOrder, _ mills: Int, _ count: Int, _ body: JSONValue, _ call: Call
    ) throws(KalshiRefusal) {
        var wanted = order.terms
        wanted.mills = mills
        wanted.count = count - order.filled
        let room = available(call.account, order.terms.shard) + order.reserved
        guard exchange.cost(call.account, wanted, insteadOf: order) <= room else {
            throw .nested(400, "insufficient_balance")
        }
        let isCrossing = exchange.crosses(wanted.market, isBid: wanted.isBid, mills, call.turn.world)
        if wanted.isPostOnly, isCrossing { throw .nested(400, "invalid_order", details: "post only cross") }
        guard let expiration = body["expiration_time"], let seconds = expiration.int64 else { return }
        guard seconds == 0 || seconds * 1_000_000_000 > call.turn.utc.rawValue else {
            throw .nested(400, "invalid_order", details: "expiration time is in the past")
        }
        order.terms.expiration = seconds == 0 ? nil : Int(seconds)
        guard seconds > 0 else { return }
        due.push(.expiry(order), at: call.turn.now + seconds * 1_000_000_000 - call.turn.utc.rawValue)
    }

    private func amended(_ order: KalshiOrder, _ mills: Int, _ count: Int, _ call: Call) -> KalshiAnswer {
        let turn = call.turn
        let resting = count - order.filled
        let isSized = resting != order.remaining
        var fills: [KalshiFill] = []
        if mills == order.terms.mills, resting <= order.remaining {
            exchange.shrink(order, to: resting, "Amend", turn)
            exchange.reserve(order.account, order.terms.market, turn)
            publish(turn)
        } else {
            exchange.lift(order, turn)
            order.terms.mills = mills
            order.remaining = resting
            order.reason = "Amend"
            order.updated = turn.utc.rawValue
            let outcome = exchange.match(order, turn)
            fills = outcome.fills
            finish(order, outcome, turn)
        }
        order.initial = count
        var event = TruthEvent(.amended, .kalshi)
        event.account = order.account
        event.orderID = order.id
        event.clientID = order.terms.clientID
        event.price = mills * 1_000
        event.quantity = count * 10_000
        turn.record(event)
        guard isSized || !fills.isEmpty else {
            var object = KalshiObject()
            object.text("order_id", order.id)
            object.text("client_order_id", order.terms.clientID.isEmpty ? nil : order.terms.clientID)
            object.number("ts_ms", Int(turn.milliseconds))
            return KalshiAnswer(200, object.end(), order: order.id)
        }
        return KalshiAnswer(200, execution(order, fills, turn, hasAverages: !fills.isEmpty), order: order.id)
    }

    // MARK: Decrease

    func decrease(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        let structure = "DecreaseOrderV2Request"
        guard let body = call.body else { throw .notFound }
        let shard = try Self.index(body["exchange_index"], of: structure)
        let order = try live(call.route.id, call.account, shard, body["market_ticker"]?.text?.string)
        let (by, to) = (body["reduce_by"], body["reduce_to"])
        guard (by == nil) != (to == nil), let value = by ?? to else {
            throw .invalid("ReduceBy", "required_without", of: structure)
        }
        guard let text = value.text else { throw .type("reduce_by", "\(value.kind)", "string", of: structure) }
        guard let count = KalshiNumbers.count(text.string) else { throw .nested(400, "invalid_order_size") }
        let target = by != nil ? max(0, order.remaining - count) : count
        guard target <= order.remaining, by == nil || count > 0 else { throw .nested(400, "invalid_order_size") }
        try admitMarket(order.terms.market, call.turn)
        if target == 0 {
            exchange.remove(order, "Decrease", call.turn)
        } else {
            exchange.shrink(order, to: target, "Decrease", call.turn)
            exchange.reserve(order.account, order.terms.market, call.turn)
        }
        publish(call.turn)
        var object = KalshiObject()
        object.text("order_id", order.id)
        object.text("client_order_id", order.terms.clientID.isEmpty ? nil : order.terms.clientID)
        object.text("remaining_count", KalshiNumbers.count(order.remaining))
        object.number("ts_ms", Int(call.turn.milliseconds))
        return KalshiAnswer(200, object.end(), order: order.id)
    }
}

extension KalshiExchange {
    /// Makes a resting order smaller; its place in line is kept.
    func shrink(_ order: KalshiOrder, to remaining: Int, _ reason: String, _ turn: TradingTurn) {
        let place = order.terms.market
        turn.world.rest(
            place, venue: 0, isBid: order.terms.isBid, price: order.terms.mills, by: remaining - order.remaining,
            at: turn.now, turn.tell)
        order.remaining = remaining
        order.reason = reason
        order.updated = turn.utc.rawValue
        tell(.order(order))
    }

    /// Takes a resting order out of line for a moment, to put it elsewhere.
    func lift(_ order: KalshiOrder, _ turn: TradingTurn) {
        let place = order.terms.market
        markets[place][order.terms.isBid].removeAll { $0 === order }
        turn.world.rest(
            place, venue: 0, isBid: order.terms.isBid, price: order.terms.mills, by: -order.remaining, at: turn.now,
            turn.tell)
        release(order)
    }
}
