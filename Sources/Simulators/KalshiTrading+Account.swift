internal import Codec
internal import Trading

// Limits, keys, status, transfers between shards, and order groups.
extension KalshiTrading {
    func limits() -> KalshiAnswer {
        func bucket(_ rate: Int, _ capacity: Int) -> String {
            var object = KalshiObject()
            object.number("refill_rate", rate)
            object.number("bucket_capacity", capacity)
            return object.end()
        }
        var object = KalshiObject()
        object.text("usage_tier", settings.limits.tier)
        object.raw("read", bucket(settings.limits.read, settings.limits.readCapacity))
        object.raw("write", bucket(settings.limits.write, settings.limits.writeCapacity))
        object.list("grants", [])
        return KalshiAnswer(200, object.end())
    }

    static let costs: String = {
        let rows = [
            ("DELETE", "/trade-api/v2/portfolio/events/orders", 2),
            ("DELETE", "/trade-api/v2/portfolio/events/orders/:order_id", 2),
            ("DELETE", "/trade-api/v2/portfolio/events/orders/batched", 2),
            ("GET", "/trade-api/v2/portfolio/orders/:order_id", 2),
        ].map { method, path, cost in
            var object = KalshiObject()
            object.number("cost", cost)
            object.text("method", method)
            object.text("path", path)
            return object.end()
        }
        var object = KalshiObject()
        object.number("default_cost", 10)
        object.list("endpoint_costs", rows)
        return object.end()
    }()

    func status() -> KalshiAnswer {
        func flags(_ object: inout KalshiObject) {
            object.flag("exchange_active", !isExchangePaused)
            object.flag("trading_active", !isExchangePaused && !isTradingPaused)
            object.flag("intra_exchange_transfers_active", !isExchangePaused && !isTradingPaused)
        }
        var object = KalshiObject()
        flags(&object)
        let names = ["Default", "Combos", "Crypto & Commodities", "Tennis, Baseball, Basketball"]
        object.list(
            "exchange_index_statuses",
            names.enumerated().map { index, name in
                var item = KalshiObject()
                item.number("exchange_index", index)
                item.text("description", name)
                flags(&item)
                return item.end()
            })
        return KalshiAnswer(200, object.end())
    }

    func keys(_ call: Call) -> KalshiAnswer {
        let rows = gate.holders.values.filter { $0.account == call.account && !$0.isRevoked }
            .sorted { $0.id < $1.id }.map { holder in
                var object = KalshiObject()
                object.text("api_key_id", holder.id)
                object.text("name", "loopback")
                object.list("scopes", holder.scopes.sorted().map { "\"\($0)\"" })
                return object.end()
            }
        var object = KalshiObject()
        object.list("api_keys", rows)
        return KalshiAnswer(200, object.end())
    }

    /// Moves money between shards of the one account. Amounts are in hundredths of a cent.
    func transfer(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        let structure = "IntraExchangeTransferRequest"
        guard let body = call.body else { throw .notFound }
        for (key, field) in [("source", "Source"), ("destination", "Destination")] {
            let value = key == "source" ? body["source"] : body["destination"]
            guard value?.text?.string == "event_contract" else { throw .invalid(field, "oneof", of: structure) }
        }
        guard let amount = body["amount"]?.int64, (1...1_000_000_000_000).contains(amount) else {
            throw .invalid("Amount", "required", of: structure)
        }
        let from = Int(body["source_exchange_shard"]?.int64 ?? 0)
        let to = Int(body["destination_exchange_shard"]?.int64 ?? 0)
        guard (0...3).contains(from), (0...3).contains(to), from != to else {
            throw .invalid("DestinationExchangeShard", "nefield", of: structure)
        }
        guard !isTradingPaused else { throw .nested(400, "trading_paused") }
        let micros = Int(amount) * 100
        guard available(call.account, from) >= micros else { throw .nested(400, "insufficient_balance") }
        exchange.accounts[call.account]?.add(-micros, shard: from)
        exchange.accounts[call.account]?.add(micros, shard: to)
        for (shard, change) in [(from, -micros), (to, micros)] {
            var event = TruthEvent(.moved, .kalshi)
            event.account = call.account
            event.quantity = change
            event.reason = "shard \(shard)"
            event.cash = exchange.accounts[call.account]?.cash[shard]
            call.turn.record(event)
        }
        past.note(exchange, at: call.turn.utc.rawValue)
        var object = KalshiObject()
        object.text("transfer_id", exchange.makeID())
        return KalshiAnswer(200, object.end())
    }

    // MARK: Groups

    private func limit(_ body: JSONValue?, _ structure: String) throws(KalshiRefusal) -> Int {
        if let value = body?["contracts_limit_fp"], !value.isNull {
            guard let text = value.text, let count = KalshiNumbers.count(text.string), count > 0 else {
                throw .invalid("ContractsLimitFp", "gt", of: structure)
            }
            return count
        }
        guard let count = body?["contracts_limit"]?.int64, (1...1_000_000_000).contains(count) else {
            throw .invalid("ContractsLimit", "min", of: structure)
        }
        return Int(count) * 100
    }

    func createGroup(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        let structure = "CreateOrderGroupRequest"
        let limit = try limit(call.body, structure)
        let shard = try Self.index(call.body?["exchange_index"], of: structure) ?? 0
        guard (0...3).contains(shard) else { throw .invalid("ExchangeIndex", "min", of: structure) }
        guard exchange.groups.count < 100_000 else { throw .nested(400, "too_many_order_groups") }
        let group = KalshiGroup(id: exchange.makeID(), account: call.account, shard: shard, limit: limit)
        exchange.groups[group.id] = group
        exchange.tell(.group(id: group.id, event: "created", limit: limit))
        publish(call.turn)
        var object = KalshiObject()
        object.text("order_group_id", group.id)
        object.number("subaccount", 0)
        object.number("exchange_index", shard)
        return KalshiAnswer(201, object.end())
    }

    func groups(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        if call.route.name == .group {
            guard let group = exchange.groups[call.route.id], group.account == call.account else { throw .notFound }
            let members = exchange.history.filter { $0.isLive && $0.terms.group == group.id }
            var object = KalshiObject()
            object.flag("is_auto_cancel_enabled", !group.isTriggered)
            object.text("contracts_limit_fp", KalshiNumbers.count(group.limit))
            object.list("orders", members.map { "\"\($0.id)\"" })
            object.number("exchange_index", group.shard)
            return KalshiAnswer(200, object.end())
        }
        let rows = exchange.groups.values.filter { $0.account == call.account }.sorted { $0.id < $1.id }.map { group in
            var object = KalshiObject()
            object.text("id", group.id)
            object.text("contracts_limit_fp", KalshiNumbers.count(group.limit))
            object.flag("is_auto_cancel_enabled", !group.isTriggered)
            object.number("exchange_index", group.shard)
            return object.end()
        }
        var object = KalshiObject()
        object.list("order_groups", rows)
        return KalshiAnswer(200, object.end())
    }

    func changeGroup(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        let id = call.route.id
        let shard = try Self.index(call.query) ?? 0
        guard let group = exchange.groups[id], group.account == call.account, group.shard == shard else {
            throw .notFound
        }
        switch call.route.name {
        case .groupReset:
            exchange.groups[id]?.isTriggered = false
            exchange.groups[id]?.recent = []
            exchange.tell(.group(id: id, event: "reset", limit: group.limit))
        case .groupTrigger: exchange.trigger(id, call.turn)
        case .groupLimit:
            let limit = try limit(call.body, "UpdateOrderGroupLimitRequest")
            exchange.groups[id]?.limit = limit
            exchange.tell(.group(id: id, event: "limit_updated", limit: limit))
            if let filled = exchange.groups[id]?.filled(at: call.turn.now), filled >= limit {
                exchange.trigger(id, call.turn)
            }
        default:
            for order in exchange.history where order.isLive && order.terms.group == id {
                exchange.remove(order, "OrderGroupCancel", call.turn)
            }
            exchange.groups[id] = nil
            exchange.tell(.group(id: id, event: "deleted", limit: group.limit))
        }
        publish(call.turn)
        return KalshiAnswer(200, "{}")
    }
}
