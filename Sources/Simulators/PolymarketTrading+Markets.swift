internal import Codec
internal import Server
internal import Trading

// Markets as the order book's server, the metadata server and the data server tell of them.
extension PolymarketTrading {
    private func tokens(_ market: PolymarketMarket) -> String {
        (0...1).map { outcome in
            let winner = market.payout.map { $0[outcome] == PolymarketMarket.dollar } ?? false
            let price = market.lastTrade.map { outcome == 0 ? $0 : PolymarketMarket.dollar - $0 } ?? 5_000
            return
                #"{"token_id":"\#(market.tokens[outcome])","outcome":"\#(market.outcomes[outcome])","price":\#(PolymarketExchange.text(price: price)),"winner":\#(winner)}"#
        }.joined(separator: ",")
    }

    /// The market as `/markets/{condition}` has it.
    func legacyRow(_ market: PolymarketMarket) -> String {
        let negRisk = market.isNegRisk ? market.condition : ""
        let isClosed = market.isClosed || market.payout != nil
        return
            #"{"condition_id":"\#(market.condition)","question_id":"\#(market.condition)","question":"\#(market.question)","market_slug":"event-\#(market.index)","tokens":[\#(tokens(market))],"minimum_order_size":\#(PolymarketExchange.text(market.minSize)),"minimum_tick_size":\#(PolymarketExchange.text(price: market.tick)),"neg_risk":\#(market.isNegRisk),"neg_risk_market_id":"\#(negRisk)","accepting_orders":\#(market.isAccepting),"enable_order_book":true,"closed":\#(isClosed),"active":true,"archived":false,"seconds_delay":\#(market.delaySeconds ?? 0),"game_start_time":null,"maker_base_fee":0,"taker_base_fee":\#(market.feeRate > 0 ? 1_000 : 0),"end_date_iso":"2026-12-31T00:00:00Z"}"#
    }

    /// The market as `/clob-markets/{condition}` has it: what is false or empty is left out.
    func compactRow(_ market: PolymarketMarket) -> String {
        var parts = [
            #""c":"\#(market.condition)""#,
            #""t":[{"t":"\#(market.tokens[0])","o":"\#(market.outcomes[0])"},{"t":"\#(market.tokens[1])","o":"\#(market.outcomes[1])"}]"#,
            #""mts":\#(PolymarketExchange.text(price: market.tick))"#,
            #""mos":\#(PolymarketExchange.text(market.minSize))"#,
        ]
        if market.feeRate > 0 {
            parts.append(#""mbf":1000,"tbf":1000"#)
            parts.append(
                #""fd":{"r":\#(PolymarketExchange.text(market.feeRate, decimals: 4)),"e":\#(market.feeExponent),"to":true}"#
            )
        }
        if market.isNegRisk { parts.append(#""nr":true"#) }
        if market.isAccepting { parts.append(#""ao":true"#) }
        if let delay = market.delaySeconds { parts.append(#""sd":\#(delay),"cbos":true"#) }
        if market.isTakerDelayed { parts.append(#""itode":true"#) }
        parts.append(#""r":{},"v":"v\#(market.version)""#)
        return "{" + parts.joined(separator: ",") + "}"
    }

    /// A page of `/markets` and its kin.
    func listing(_ call: PolymarketCall) -> WebServer.Response {
        let start =
            call.value("next_cursor").flatMap { Base64.decode($0) }
            .flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        guard start >= 0 else { return Self.refused(PolymarketRefusal(400, "Invalid payload")) }
        let rows = exchange.markets.dropFirst(start).prefix(settings.page)
        let isLast = start + rows.count >= exchange.markets.count
        let next = isLast ? "LTE=" : Base64.encode(Array(String(start + settings.page).utf8))
        let data = rows.map { legacyRow($0) }.joined(separator: ",")
        return Self.json(
            #"{"limit":\#(settings.page),"count":\#(rows.count),"next_cursor":"\#(next)","data":[\#(data)]}"#)
    }

    // MARK: Metadata

    /// The market as the metadata server has it.
    func gammaRow(_ market: PolymarketMarket, _ turn: TradingTurn) -> String {
        let text = market.pair.map { turn.world.pairs[$0].description } ?? "This market resolves by its question."
        let rate = PolymarketExchange.text(market.feeRate, decimals: 4)
        let isClosed = market.isClosed || market.payout != nil
        let (yes, no) = (market.tokens[0], market.tokens[1])
        let ids =
            market.version == 2
            ? #""clobTokenIds":"[]","positionIds":["\#(yes)","\#(no)"]"#
            : #""clobTokenIds":"[\"\#(yes)\", \"\#(no)\"]""#
        return
            #"{"id":"\#(900_000 + market.index)","conditionId":"\#(market.condition)","slug":"event-\#(market.index)","question":"\#(market.question)","description":"\#(text)","outcomes":"[\"\#(market.outcomes[0])\", \"\#(market.outcomes[1])\"]",\#(ids),"version":"v\#(market.version)","active":true,"closed":\#(isClosed),"archived":false,"acceptingOrders":\#(market.isAccepting),"enableOrderBook":true,"negRisk":\#(market.isNegRisk),"orderPriceMinTickSize":\#(PolymarketExchange.text(price: market.tick)),"orderMinSize":\#(PolymarketExchange.text(market.minSize)),"feesEnabled":\#(market.feeRate > 0),"feeSchedule":{"exponent":\#(market.feeExponent),"rate":\#(rate),"takerOnly":true,"rebateRate":0.25},"secondsDelay":\#(market.delaySeconds ?? 0),"endDate":"2026-12-31T00:00:00Z"}"#
    }

    private func wanted(_ call: PolymarketCall) -> [PolymarketMarket] {
        let conditions = Set(call.values("condition_ids").flatMap { $0.split(separator: ",").map(String.init) })
        let tokens = Set(call.values("clob_token_ids").flatMap { $0.split(separator: ",").map(String.init) })
        return exchange.markets.filter { market in
            (conditions.isEmpty || conditions.contains(market.condition))
                && (tokens.isEmpty || !tokens.isDisjoint(with: market.tokens))
                && call.value("slug").map { $0 == "event-\(market.index)" } ?? true
        }
    }

    /// `/markets` of the metadata server: a plain list; nil where the order book's server is meant.
    func gamma(_ call: PolymarketCall, _ turn: TradingTurn) -> WebServer.Response? {
        let filters = ["condition_ids", "clob_token_ids", "slug", "limit", "offset"]
        guard filters.contains(where: { call.value($0) != nil }) else { return nil }
        let rows = wanted(call).prefix(Int(call.value("limit") ?? "20") ?? 20).map { gammaRow($0, turn) }
        return Self.json("[" + rows.joined(separator: ",") + "]")
    }

    /// `/markets/keyset`: nil where all that is asked for are pairs of the world, which answers for itself.
    func keyset(_ call: PolymarketCall, _ turn: TradingTurn) -> WebServer.Response? {
        if call.value("offset") != nil { return Self.refused(PolymarketRefusal(422, "offset is not supported")) }
        let rows = wanted(call)
        if !rows.isEmpty, rows.allSatisfy({ $0.pair != nil && $0.payout == nil && !$0.isClosed }) {
            guard call.values("condition_ids").isEmpty else { return nil }
        }
        let start = Int(call.value("after_cursor") ?? "0") ?? 0
        let size = min(100, Int(call.value("limit") ?? "20") ?? 20)
        let part = rows.dropFirst(start).prefix(size).map { gammaRow($0, turn) }
        let next = start + part.count < rows.count ? #","next_cursor":"\#(start + part.count)""# : ""
        return Self.json(#"{"markets":[\#(part.joined(separator: ","))]\#(next)}"#)
    }

    // MARK: Positions

    /// What a wallet holds, as the chain's index has it.
    func positions(_ call: PolymarketCall) -> WebServer.Response {
        if call.value("offset") != nil { return Self.refused(PolymarketRefusal(400, "offset is not supported")) }
        let user = call.value("user")?.lowercased()
        let status = call.value("status") ?? "OPEN"
        let place = exchange.accounts.firstIndex { $0.address.lowercased() == user }
        let holder = place.map { exchange.accounts[$0] }
        let held = (holder?.tokens ?? [:]).filter { $0.value > 0 }
            .sorted { ($0.key.market, $0.key.outcome) < ($1.key.market, $1.key.outcome) }
        let rows = held.compactMap { token, shares -> String? in
            let market = exchange.markets[token.market]
            let isRedeemable = market.payout.map { $0[token.outcome] > 0 } ?? false
            guard status == "OPEN" ? market.payout == nil : status == "REDEEMABLE" && isRedeemable else { return nil }
            let isMergeable = (holder?.tokens[token.other] ?? 0) > 0
            let last =
                market.payout.map { $0[token.outcome] } ?? market.lastTrade.map {
                    token.outcome == 0 ? $0 : PolymarketMarket.dollar - $0
                } ?? 5_000
            let paid = place.map { entry($0, token) } ?? 5_000
            func cash(_ price: Int) -> String { PolymarketExchange.text(PolymarketOrder.proceeds(shares, price)) }
            let gain = PolymarketOrder.proceeds(shares, last) - PolymarketOrder.proceeds(shares, paid)
            let gained = (gain < 0 ? "-" : "") + PolymarketExchange.text(abs(gain))
            let price = PolymarketExchange.text(price: last)
            return
                #"{"proxy_wallet":"\#(holder?.address ?? "")","token_id":"\#(market.tokens[token.outcome])","condition_id":"\#(market.condition)","current_size":\#(PolymarketExchange.text(shares)),"total_size":\#(PolymarketExchange.text(shares)),"avg_price":\#(PolymarketExchange.text(price: paid)),"entry_cost_usdc":\#(cash(paid)),"entry_fees_usdc":0,"total_cost_usdc":\#(cash(paid)),"current_price":\#(price),"current_value":\#(cash(last)),"unrealized_pnl":\#(gained),"realized_pnl":0,"total_pnl":\#(gained),"percent_pnl":0,"percent_realized_pnl":0,"status":"\#(status)","redeemable":\#(isRedeemable),"mergeable":\#(isMergeable),"archived":false,"verified":true,"title":"\#(market.question)","slug":"event-\#(market.index)","outcome":"\#(market.outcomes[token.outcome])","outcome_index":\#(token.outcome),"opposite_outcome":"\#(market.outcomes[1 - token.outcome])","opposite_token_id":"\#(market.tokens[1 - token.outcome])","negative_risk":\#(market.isNegRisk)}"#
        }
        let limit = min(500, Int(call.value("limit") ?? "100") ?? 100)
        let start = Int(call.value("cursor") ?? "0") ?? 0
        let part = rows.dropFirst(start).prefix(limit)
        let hasMore = start + part.count < rows.count
        // The official client wants null on the last page; the sheet's example has an empty string.
        let next = hasMore ? "\"\(start + part.count)\"" : "null"
        return Self.json(
            #"{"data":[\#(part.joined(separator: ","))],"pagination":{"limit":\#(limit),"has_more":\#(hasMore),"next_cursor":\#(next)}}"#
        )
    }

    /// What a wallet paid for its shares of a token, a share; half a dollar for those that were made in pairs.
    private func entry(_ account: Int, _ token: PolymarketToken) -> Int {
        var (cash, shares) = (0, 0)
        for trade in exchange.trades where [.mined, .confirmed].contains(trade.status) {
            for move in exchange.movements(trade)
            where move.account == account && move.token == token && move.shares > 0 {
                cash -= move.cash
                shares += move.shares
            }
        }
        return shares == 0 ? 5_000 : Int(Int128(cash) * Int128(PolymarketMarket.dollar) / Int128(shares))
    }
}
