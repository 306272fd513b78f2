internal import Codec

// Orders and trades as the venue writes them.
extension PolymarketTrading {
    /// Unix seconds of an instant of the world's clock.
    func unix(_ instant: Int64) -> Int64 { (exchange.base + instant / 1_000_000) / 1_000 }

    /// Members of an order that REST and the user channel share.
    private func members(_ json: inout JSONWriter, _ order: PolymarketOrder, isStream: Bool) {
        let market = exchange.markets[order.market]
        json.member("id", order.id)
        json.member("owner", order.owner)
        json.member("market", market.condition)
        json.member("asset_id", market.tokens[order.outcome])
        json.member("side", order.isBuy ? "BUY" : "SELL")
        // The user channel says of a budget how much is to be spent.
        json.member("original_size", PolymarketExchange.text(isStream && order.hasBudget ? order.making : order.size))
        json.member("size_matched", PolymarketExchange.text(order.matched))
        json.member("price", PolymarketExchange.text(price: order.price))
        json.member("outcome", market.outcomes[order.outcome])
        json.member("expiration", String(order.expiration))
        json.member("order_type", order.life.rawValue)
        json.member("maker_address", exchange.accounts[order.account].address)
        json.key("associate_trades")
        json.beginArray()
        for trade in order.trades { json.string(exchange.trades[trade].id) }
        json.endArray()
    }

    /// An order as REST answers it.
    func row(_ order: PolymarketOrder, _ json: inout JSONWriter, isPrefixed: Bool) {
        json.beginObject()
        json.member("status", (isPrefixed ? "ORDER_STATUS_" : "") + order.status.text)
        members(&json, order, isStream: false)
        json.member("created_at", unix(order.arrived))
        json.endObject()
    }

    /// An order as the user channel tells it.
    func frame(_ kind: PolymarketExchange.Event.Kind, _ order: PolymarketOrder, at milliseconds: Int64) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("event_type", "order")
        json.member("type", kind.rawValue)
        json.member("order_owner", order.owner)
        json.member("status", order.status.text)
        members(&json, order, isStream: true)
        json.member("created_at", String(unix(order.arrived)))
        json.member("timestamp", String(milliseconds))
        json.endObject()
        return json.bytes
    }

    /// Who looks at a trade.
    enum View {
        /// Whoever took.
        case taker
        /// One of those who rested; the API key.
        case maker(String)
    }

    /// Members of a trade that REST and the user channel share.
    private func members(
        _ json: inout JSONWriter, _ trade: PolymarketTrade, _ status: PolymarketTrade.Status, _ view: View,
        isPrefixed: Bool
    ) {
        let market = exchange.markets[trade.market]
        let taker = trade.taker.map { exchange.orders[$0].owner } ?? "crowd"
        json.member("id", trade.id)
        json.member("taker_order_id", trade.takerID)
        json.member("market", market.condition)
        json.member("asset_id", market.tokens[trade.outcome])
        json.member("side", trade.isBuy ? "BUY" : "SELL")
        json.member("size", PolymarketExchange.text(trade.shares))
        json.member("fee_rate_bps", "0")
        json.member("price", PolymarketExchange.text(price: trade.price))
        json.member("status", (isPrefixed ? "TRADE_STATUS_" : "") + status.rawValue)
        json.member("match_time", String(unix(trade.matchedAt)))
        json.member("last_update", String(unix(trade.updatedAt)))
        json.member("outcome", market.outcomes[trade.outcome])
        json.member("bucket_index", trade.bucket)
        json.member("maker_address", exchange.accounts[trade.account].address)
        json.member("transaction_hash", status == .matched || status == .failed ? "" : trade.transaction)
        switch view {
        case .taker:
            json.member("owner", taker)
            json.member("trader_side", "TAKER")
        case .maker(let key):
            json.member("owner", key)
            json.member("trader_side", "MAKER")
        }
        json.key("maker_orders")
        json.beginArray()
        for maker in trade.makers {
            json.beginObject()
            json.member("order_id", maker.id)
            json.member("owner", maker.order.map { exchange.orders[$0].owner } ?? "crowd")
            json.member("maker_address", exchange.accounts[maker.account].address)
            json.member("matched_amount", PolymarketExchange.text(maker.shares))
            json.member("price", PolymarketExchange.text(price: maker.price))
            json.member("fee_rate_bps", "0")
            json.member("asset_id", market.tokens[maker.outcome])
            json.member("outcome", market.outcomes[maker.outcome])
            json.member("side", maker.isBuy ? "BUY" : "SELL")
            json.endObject()
        }
        json.endArray()
    }

    /// A trade as REST answers it.
    func row(_ trade: PolymarketTrade, _ view: View, _ json: inout JSONWriter, isPrefixed: Bool) {
        json.beginObject()
        members(&json, trade, trade.status, view, isPrefixed: isPrefixed)
        json.member("match_time_nano", String(exchange.base * 1_000_000 + trade.matchedAt))
        json.member("err_msg", trade.status == .failed ? "execution reverted" : "")
        json.endObject()
    }

    /// A trade as the user channel tells it.
    func frame(
        _ trade: PolymarketTrade, _ status: PolymarketTrade.Status, _ view: View, at milliseconds: Int64
    ) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("event_type", "trade")
        json.member("type", "TRADE")
        members(&json, trade, status, view, isPrefixed: false)
        if case .maker(let key) = view {
            json.member("trade_owner", key)
        } else {
            json.member("trade_owner", trade.taker.map { exchange.orders[$0].owner } ?? "crowd")
        }
        json.member("timestamp", String(milliseconds))
        json.endObject()
        return json.bytes
    }

    /// How an account's owner looks at a trade; nil: not at all.
    func view(_ trade: PolymarketTrade, of owner: String) -> View? {
        if exchange.accounts[trade.account].owner == owner { return .taker }
        let own = trade.makers.first { exchange.accounts[$0.account].owner == owner }
        return own.map { .maker($0.order.map { exchange.orders[$0].owner } ?? "") }
    }
}
