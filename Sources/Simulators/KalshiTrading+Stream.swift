public import Server
internal import Trading

// The private channels: fills, orders, positions and groups, on the same connection as market data.
extension KalshiTrading {
    /// Lets in whoever signed the path of the stream.
    public func upgrade(
        _ target: String, _ headers: [String: String], _ turn: TradingTurn
    ) -> WebServer.Response? {
        let (path, _) = Self.split(target)
        do throws(KalshiRefusal) {
            if let refusal = refusedUpgrade(turn) { throw refusal }
            guard path == "/trade-api/ws/v2" else { throw .notFound }
            _ = try gate.holder("GET", String(path), headers, now: turn.milliseconds)
            return nil
        } catch {
            return KalshiAnswer(error).response
        }
    }

    /// A new connection: silence of the private channels ends.
    public func opened(_ connection: UInt64, _ target: String, _ turn: TradingTurn) {
        connections.insert(connection)
        isStreamSilent = false  // silence ends with a new connection
    }

    /// A connection is gone.
    public func closed(_ connection: UInt64, _ turn: TradingTurn) { connections.remove(connection) }

    /// Sends what has happened to those who listen, and remembers it for reads that lag.
    func publish(_ turn: TradingTurn) {
        let events = exchange.takeEvents()
        guard !events.isEmpty else { return }
        // One delay for all, so that they keep their order; the answer has its own.
        let delay = turn.drawn(0...max(0, settings.jitterMax.rawValue))
        for event in events {
            switch event {
            case .fill(let fill): send("fill", "fill", fill.ticker, Self.message(fill), delay, turn)
            case .order(let order):
                past.note(order, at: turn.utc.rawValue)
                let message = Self.message(KalshiPast.OrderView(order))
                send("user_orders", "user_order", order.terms.ticker, message, delay, turn)
            case .position(let account, let ticker):
                send("market_positions", "market_position", ticker, message(account, ticker), delay, turn)
            case .group(let id, let event, let limit):
                var object = KalshiObject()
                object.text("event_type", event)
                object.text("order_group_id", id)
                object.text("contracts_limit_fp", KalshiNumbers.count(limit))
                object.number("ts_ms", Int(turn.milliseconds))
                send("order_group_updates", "order_group_updates", nil, object.end(), delay, turn)
            }
        }
        past.note(exchange, at: turn.utc.rawValue)
    }

    private func send(
        _ channel: String, _ type: String, _ ticker: String?, _ message: String, _ delay: Int64, _ turn: TradingTurn
    ) {
        let fault = turn.strike(
            .kalshi, "stream", among: [.duplicateEvent, .reorderedEvents, .eventLost, .silentUser])
        if fault == .silentUser { isStreamSilent = true }
        guard !isStreamSilent, fault != .eventLost else { return }
        var delay = delay
        if fault == .reorderedEvents { delay += turn.drawn(1_000_000...200_000_000) }
        for frame in turn.frames(channel, type: type, ticker: ticker, message) {
            turn.push(.kalshi, frame, after: delay)
            guard fault == .duplicateEvent else { continue }
            turn.push(.kalshi, frame, after: delay + turn.drawn(0...200_000_000))
        }
    }

    // MARK: Messages

    private static func message(_ fill: KalshiFill) -> String {
        var object = KalshiObject()
        object.text("trade_id", fill.tradeID)
        object.text("order_id", fill.orderID)
        object.text("client_order_id", fill.clientID.isEmpty ? nil : fill.clientID)
        object.text("market_ticker", fill.ticker)
        object.number("exchange_index", fill.shard)
        object.flag("is_taker", fill.isTaker)
        object.text("side", "yes")
        object.text("yes_price_dollars", KalshiNumbers.dollars(mills: fill.mills))
        object.text("count_fp", KalshiNumbers.count(fill.count))
        object.text("fee_cost", KalshiNumbers.dollars6(fill.fee))
        object.text("action", fill.isBid ? "buy" : "sell")
        object.number("ts", Int(fill.at / 1_000_000_000))
        object.number("ts_ms", Int(fill.at / 1_000_000))
        object.text("post_position_fp", KalshiNumbers.count(fill.position))
        object.text("purchased_side", fill.isBid ? "yes" : "no")
        object.text("outcome_side", fill.isBid ? "yes" : "no")
        object.text("book_side", fill.isBid ? "bid" : "ask")
        object.number("subaccount", 0)
        return object.end()
    }

    private static func message(_ view: KalshiPast.OrderView) -> String {
        var object = KalshiObject()
        head(&object, view)
        object.flag("is_yes", true)
        object.text("created_time", UTCNanos(rawValue: view.order.created).rfc3339)
        object.number("created_ts_ms", Int(view.order.created / 1_000_000))
        object.number("last_updated_ts_ms", Int(view.updated / 1_000_000))
        object.number("expiration_ts_ms", view.terms.expiration.map { $0 * 1_000 })
        object.text("order_group_id", view.terms.group)
        object.text("last_update_reason", view.reason.isEmpty ? nil : view.reason)
        return object.end()
    }

    private func message(_ account: String, _ ticker: String) -> String {
        let tally = exchange.tally(account, ticker)
        var object = KalshiObject()
        object.text("user_id", Self.user)
        object.text("market_ticker", ticker)
        object.text("position_fp", KalshiNumbers.count(exchange.position(account, ticker)))
        object.text("position_cost_dollars", KalshiNumbers.dollars4(tally.cost))
        object.text("realized_pnl_dollars", KalshiNumbers.dollars4(tally.realized))
        object.text("fees_paid_dollars", KalshiNumbers.dollars4(tally.fees))
        object.text("position_fee_cost_dollars", KalshiNumbers.dollars4(tally.fees))
        object.text("volume_fp", KalshiNumbers.count(tally.volume))
        return object.end()
    }
}
