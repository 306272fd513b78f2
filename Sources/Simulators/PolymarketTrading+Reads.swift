internal import Codec
internal import Server
internal import Signing
internal import Trading

// What an account asks about itself.
extension PolymarketTrading {
    func privateAnswer(
        _ call: PolymarketCall, _ route: Route, _ caller: PolymarketKeys.Credentials, _ fault: FaultKind?,
        _ turn: TradingTurn
    ) throws(PolymarketRefusal) -> WebServer.Response {
        switch route {
        case .order(let id): return order(id, caller, fault, turn)
        case .orders: return orders(call, caller, fault, turn)
        case .trades: return trades(call, caller, fault, turn)
        case .balance, .refresh: return try balance(call, route, caller)
        case .notifications: return notifications(call, caller)
        case .scoring: return Self.json(#"{"scoring":false}"#)
        default:
            guard let root = try? reader.read(call.body), root.kind == .array else {
                throw PolymarketRefusal(400, "Invalid payload")
            }
            let rows = root.elements.compactMap { $0.text?.string }.map { "\"\($0)\":false" }
            return Self.json("{" + rows.joined(separator: ",") + "}")
        }
    }

    /// True where a stale read cannot know of it yet.
    private func isHidden(_ instant: Int64, _ fault: FaultKind?, _ turn: TradingTurn) -> Bool {
        fault == .staleRead && instant > turn.now - 5_000_000_000
    }

    private func order(_ id: String, _ caller: PolymarketKeys.Credentials, _ fault: FaultKind?, _ turn: TradingTurn)
        -> WebServer.Response
    {
        guard let order = exchange.order(id.lowercased()), !isHidden(order.arrived, fault, turn),
            exchange.accounts[order.account].owner == caller.address.checksummed
        else {
            // Seen in both shapes.
            return turn.drawn(0...1) == 0
                ? Self.json("null") : Self.refused(PolymarketRefusal(404, "order not found"))
        }
        var json = JSONWriter()
        row(order, &json, isPrefixed: turn.drawn(0...3) == 0)
        return WebServer.Response(body: json.bytes)
    }

    private func orders(
        _ call: PolymarketCall, _ caller: PolymarketKeys.Credentials, _ fault: FaultKind?, _ turn: TradingTurn
    ) -> WebServer.Response {
        let rows = exchange.orders.filter { order in
            let market = exchange.markets[order.market]
            return [.live, .delayed].contains(order.status)
                && exchange.accounts[order.account].owner == caller.address.checksummed
                && call.value("id").map { $0 == order.id } ?? true
                && call.value("market").map { $0 == market.condition } ?? true
                && call.value("asset_id").map { $0 == market.tokens[order.outcome] } ?? true
                && !isHidden(order.arrived, fault, turn)
        }
        let isPrefixed = turn.drawn(0...3) == 0
        return page(rows, call, fault) { row($0, &$1, isPrefixed: isPrefixed) }
    }

    private func trades(
        _ call: PolymarketCall, _ caller: PolymarketKeys.Credentials, _ fault: FaultKind?, _ turn: TradingTurn
    ) -> WebServer.Response {
        let owner = caller.address.checksummed
        let (after, before) = (call.value("after").flatMap { Int64($0) }, call.value("before").flatMap { Int64($0) })
        // Newest first, as the venue lists them.
        let rows = exchange.trades.reversed().compactMap { trade -> (PolymarketTrade, View)? in
            let market = exchange.markets[trade.market]
            let at = unix(trade.matchedAt)
            let accounts = [trade.account] + trade.makers.map(\.account)
            guard let view = view(trade, of: owner), call.value("id").map({ $0 == trade.id }) ?? true,
                call.value("market").map({ $0 == market.condition }) ?? true,
                call.value("asset_id").map({ token in
                    token == market.tokens[trade.outcome]
                        || trade.makers.contains {
                            exchange.accounts[$0.account].owner == owner && market.tokens[$0.outcome] == token
                        }
                }) ?? true,
                call.value("maker_address").map({ address in
                    accounts.contains { exchange.accounts[$0].address == address }
                }) ?? true,
                after.map({ at > $0 }) ?? true, before.map({ at < $0 }) ?? true,
                !isHidden(trade.matchedAt, fault, turn)
            else { return nil }
            return (trade, view)
        }
        let isPrefixed = turn.drawn(0...3) == 0
        return page(rows, call, fault) { row($0.0, $0.1, &$1, isPrefixed: isPrefixed) }
    }

    /// One page: the cursor is a place in base64, `LTE=` says that it was the last.
    private func page<Row>(
        _ rows: [Row], _ call: PolymarketCall, _ fault: FaultKind?, _ write: (Row, inout JSONWriter) -> Void
    ) -> WebServer.Response {
        let cursor = call.value("next_cursor") ?? "MA=="
        let start = Base64.decode(cursor).flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        guard start >= 0 else { return Self.refused(PolymarketRefusal(400, "Invalid payload")) }
        var part = fault == .emptyList ? [] : Array(rows.dropFirst(start).prefix(settings.page))
        let isLast = start + part.count >= rows.count
        if fault == .droppedRow, !part.isEmpty { part.remove(at: part.count / 2) }
        var next = isLast || fault == .emptyList ? "LTE=" : Base64.encode(Array(String(start + settings.page).utf8))
        if fault == .cursorLoop { next = cursor }
        var json = JSONWriter()
        json.beginObject()
        json.member("limit", settings.page)
        json.member("count", part.count)
        json.member("next_cursor", next)
        json.key("data")
        json.beginArray()
        for row in part { write(row, &json) }
        json.endArray()
        json.endObject()
        return WebServer.Response(body: json.bytes)
    }

    // MARK: Balances

    private static let unlimited =
        "115792089237316195423570985008687907853269984665640564039457584007913129639935"

    private func balance(_ call: PolymarketCall, _ route: Route, _ caller: PolymarketKeys.Credentials)
        throws(PolymarketRefusal) -> WebServer.Response
    {
        guard let kind = Int(call.value("signature_type") ?? "0"), (0...3).contains(kind) else {
            throw PolymarketRefusal(400, "Invalid signature_type")
        }
        let type = call.value("asset_type") ?? ""
        guard ["COLLATERAL", "CONDITIONAL", "CONDITIONAL-V2"].contains(type) else {
            throw PolymarketRefusal(400, "Invalid asset type")
        }
        var token: PolymarketToken?
        if type != "COLLATERAL" {
            guard let known = exchange.token(call.value("token_id") ?? "") else {
                throw PolymarketRefusal(400, "Invalid token id")
            }
            token = known
        }
        let place = account(of: caller.address, kind: kind)
        if route == .refresh {
            if let place { exchange.refreshAllowances(place) }
            return Self.json("{}")
        }
        let holder = place.map { exchange.accounts[$0] }
        var json = JSONWriter()
        json.beginObject()
        json.member("balance", String(token.map { holder?.tokens[$0] ?? 0 } ?? holder?.cash ?? 0))
        json.key("allowances")
        json.beginObject()
        for contract in PolymarketContract.allCases {
            json.key(contract.address)
            let cash = holder?.cashAllowedCached[contract.rawValue] ?? 0
            let shares = holder?.sharesAllowedCached[contract.rawValue] ?? false
            let isUnlimited = token == nil ? cash == PolymarketAccount.unlimited : shares
            json.string(isUnlimited ? Self.unlimited : token == nil ? String(cash) : "0")
        }
        json.endObject()
        json.endObject()
        return WebServer.Response(body: json.bytes)
    }

    // MARK: Notifications

    private func notifications(_ call: PolymarketCall, _ caller: PolymarketKeys.Credentials) -> WebServer.Response {
        if call.method == "DELETE" {
            let ids = Set((call.value("ids") ?? "").split(separator: ",").compactMap { Int($0) })
            notices[caller.address]?.removeAll { ids.isEmpty || ids.contains($0.id) }
            return Self.json("\"OK\"")
        }
        var json = JSONWriter()
        json.beginArray()
        for notice in notices[caller.address] ?? [] {
            let market = exchange.markets[notice.order.market]
            let order = notice.order
            json.beginObject()
            json.member("id", notice.id)
            json.member("type", notice.type)
            json.member("owner", caller.key)
            json.member("timestamp", unix(notice.at))
            json.key("payload")
            json.beginObject()
            json.member("asset_id", market.tokens[order.outcome])
            json.member("market", market.condition)
            json.member("order_id", order.id)
            json.member("side", order.isBuy ? "BUY" : "SELL")
            json.member("type", order.life.rawValue)
            json.member("price", PolymarketExchange.text(price: order.price))
            json.member("original_size", PolymarketExchange.text(order.size))
            json.member("matched_size", PolymarketExchange.text(order.matched))
            json.member("remaining_size", PolymarketExchange.text(max(0, order.size - order.matched)))
            json.member("outcome", market.outcomes[order.outcome])
            json.member("outcome_index", order.outcome)
            json.member("trade_id", notice.trade.map { exchange.trades[$0].id } ?? "")
            json.member("transaction_hash", "")
            json.endObject()
            json.endObject()
        }
        json.endArray()
        return WebServer.Response(body: json.bytes)
    }
}
