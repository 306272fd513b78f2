internal import Codec
internal import Server
internal import Signing
internal import Trading

// Orders and cancels as they are posted.
extension PolymarketTrading {
    /// `POST /order`.
    ///
    /// - Parameter isHeld: the taker delay of its market is over.
    func create(_ call: PolymarketCall, _ turn: TradingTurn, isHeld: Bool = false, isDelayed: Bool = false)
        -> WebServer.Response
    {
        do throws(PolymarketRefusal) {
            let caller = try keys.caller(call, now: isHeld ? stamp(call) : seconds(turn))
            try spend(1, caller.address, turn)
            guard let root = try? reader.read(call.body) else { throw PolymarketRefusal(400, "Invalid order payload") }
            let posted = try PolymarketPosted(root)
            return Self.json(try place(posted, caller, turn, isDelayed: isDelayed))
        } catch {
            return Self.refused(error)
        }
    }

    /// The time of a call that was held back: it was good when it came.
    private func stamp(_ call: PolymarketCall) -> Int64 { Int64(call.headers["poly_timestamp"] ?? "") ?? 0 }

    /// `POST /orders`: one answer a leg, refused ones too.
    func createAll(_ call: PolymarketCall, _ turn: TradingTurn) -> WebServer.Response {
        do throws(PolymarketRefusal) {
            let caller = try keys.caller(call, now: seconds(turn))
            guard let root = try? reader.read(call.body), root.kind == .array, root.count > 0 else {
                throw PolymarketRefusal(400, "Invalid order payload")
            }
            guard root.count <= 15 else {
                throw PolymarketRefusal(400, "Too many orders in payload: \(root.count), max allowed: 15")
            }
            try spend(root.count, caller.address, turn)
            let legs = root.elements.map { leg -> Result<PolymarketPosted, PolymarketRefusal> in
                do throws(PolymarketRefusal) { return .success(try PolymarketPosted(leg)) } catch {
                    return .failure(error)
                }
            }
            let answers = legs.map { leg -> String in
                do throws(PolymarketRefusal) { return try place(try leg.get(), caller, turn) } catch {
                    return Self.leg(error.text)
                }
            }
            return Self.json("[" + answers.joined(separator: ",") + "]")
        } catch {
            return Self.refused(error)
        }
    }

    private static func leg(_ text: String) -> String {
        var writer = JSONWriter()
        receipt(&writer, id: "", status: "", error: text)
        return writer.string
    }

    /// How a receipt is written: amounts are empty where nothing moved.
    static func receipt(
        _ writer: inout JSONWriter, id: String, status: String, error: String = "", making: String = "",
        taking: String = "", trades: [String] = []
    ) {
        writer.beginObject()
        writer.member("success", true)
        writer.member("errorMsg", error)
        writer.member("orderID", id)
        writer.member("status", status)
        writer.member("makingAmount", making)
        writer.member("takingAmount", taking)
        if !trades.isEmpty {
            writer.key("tradeIDs")
            writer.beginArray()
            for trade in trades { writer.string(trade) }
            writer.endArray()
        }
        writer.endObject()
    }

    /// Verifies an order and hands it to the engine.
    ///
    /// - Returns: the receipt.
    func place(
        _ posted: PolymarketPosted, _ caller: PolymarketKeys.Credentials, _ turn: TradingTurn, isDelayed: Bool = false
    ) throws(PolymarketRefusal) -> String {
        try checkMode(posted)
        let order: PolymarketOrder
        do throws(PolymarketRefusal) {
            order = try accept(posted, caller, turn)
        } catch {
            record(.rejected, turn) {
                $0.clientID = String(posted.salt)
                $0.instrument = posted.token
                $0.reason = error.text
            }
            throw error
        }
        record(.received, turn) { self.fill(&$0, order, posted) }
        sync(order.market, turn.world)
        let receipt: PolymarketExchange.Receipt
        do throws(PolymarketRefusal) {
            receipt = try exchange.submit(order, at: turn.now, isForcedDelay: isDelayed)
        } catch {
            record(.rejected, turn) {
                self.fill(&$0, order, posted)
                $0.reason = error.text
            }
            throw error
        }
        record(.accepted, turn) {
            self.fill(&$0, order, posted)
            $0.reason = receipt.status
        }
        publish(turn)
        let isMatched = receipt.status == "matched"
        var writer = JSONWriter()
        Self.receipt(
            &writer, id: order.id, status: receipt.status,
            making: isMatched ? PolymarketExchange.text(receipt.making) : "",
            taking: isMatched ? PolymarketExchange.text(receipt.taking) : "",
            trades: receipt.trades.map { exchange.trades[$0].id })
        return writer.string
    }

    private func checkMode(_ posted: PolymarketPosted) throws(PolymarketRefusal) {
        switch mode {
        case .normal: break
        case .restarting: throw PolymarketRefusal(425, "the matching engine is restarting")
        case .postOnly:
            guard !posted.isPostOnly else { break }
            throw PolymarketRefusal(503, "post-only mode: only post-only orders and cancels are allowed")
        case .cancelOnly:
            throw PolymarketRefusal(
                503, "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.")
        case .disabled: throw PolymarketRefusal(503, "Trading is currently disabled.")
        }
        if isGeoblocked { throw PolymarketRefusal(403, "Trading restricted in your region") }
    }

    /// An order whose signature, wallet, market and owner are right.
    func accept(_ posted: PolymarketPosted, _ caller: PolymarketKeys.Credentials, _ turn: TradingTurn)
        throws(PolymarketRefusal) -> PolymarketOrder
    {
        guard posted.owner == caller.key else {
            throw PolymarketRefusal(400, "the order owner has to be the owner of the API KEY")
        }
        guard let token = exchange.token(posted.token) else {
            throw PolymarketRefusal(404, "No orderbook exists for the requested token id")
        }
        let maker = posted.maker.checksummed
        let known = exchange.account(maker)
        let depositOwner = known.flatMap { place -> EthereumAddress? in
            let account = exchange.accounts[place]
            return account.kind == 3 ? try? EthereumAddress(account.owner) : nil
        }
        let id = try verifier.verify(
            posted, exchange.markets[token.market].contract, owner: caller.address, depositOwner: depositOwner,
            now: UInt64(max(0, turn.milliseconds)))
        if settings.refusesPlainAccounts, posted.kind == 0 {
            throw PolymarketRefusal(400, "maker address not allowed")
        }
        let account =
            known
            ?? exchange.open(
                PolymarketAccount(address: maker, owner: caller.address.checksummed, kind: posted.kind))
        return PolymarketOrder(
            id: id.hex, owner: caller.key, account: account, market: token.market, outcome: token.outcome,
            isBuy: posted.isBuy, making: Int(posted.makerAmount), taking: Int(posted.takerAmount), life: posted.life,
            isPostOnly: posted.isPostOnly, expiration: posted.expiration, arrived: turn.now)
    }

    // MARK: Cancels

    func cancel(
        _ call: PolymarketCall, _ route: Route, _ caller: PolymarketKeys.Credentials, _ fault: FaultKind?,
        _ turn: TradingTurn
    ) throws(PolymarketRefusal) -> WebServer.Response {
        if mode == .restarting { throw PolymarketRefusal(425, "the matching engine is restarting") }
        if mode == .disabled { throw PolymarketRefusal(503, "Trading is currently disabled.") }
        let ids = try named(call, route, caller)
        try spend(max(1, ids.count), caller.address, turn)
        if fault == .cancelRace { for id in ids { fillFirst(id, turn) } }
        var writer = JSONWriter()
        writer.beginObject()
        var refused: [(String, String)] = []
        writer.key("canceled")
        writer.beginArray()
        for id in ids {
            let place = exchange.order(id)
            let isOwn = place.map { exchange.accounts[$0.account].owner == caller.address.checksummed } ?? false
            let why =
                fault == .cancelNotFound
                ? "the order can't be found or is already canceled or matched"
                : exchange.cancel(id, account: isOwn ? place?.account ?? -1 : -1, at: turn.now)
            if let why { refused.append((id, why)) } else { writer.string(id) }
        }
        writer.endArray()
        writer.key("not_canceled")
        writer.beginObject()
        for (id, why) in refused {
            writer.key(id)
            writer.string(why)
        }
        writer.endObject()
        writer.endObject()
        publish(turn)
        return WebServer.Response(body: writer.bytes)
    }

    /// The orders that a cancel names.
    private func named(_ call: PolymarketCall, _ route: Route, _ caller: PolymarketKeys.Credentials)
        throws(PolymarketRefusal) -> [String]
    {
        let open = exchange.orders.filter {
            [.live, .delayed].contains($0.status) && exchange.accounts[$0.account].owner == caller.address.checksummed
        }
        if route == .cancelAll { return open.map(\.id) }
        guard let root = try? reader.read(call.body) else { throw PolymarketRefusal(400, "Invalid payload") }
        func id(_ json: JSONValue?) throws(PolymarketRefusal) -> String {
            guard let text = json?.text?.string, Bytes32(hex: text) != nil else {
                throw PolymarketRefusal(400, "Invalid orderID")
            }
            return text.lowercased()
        }
        switch route {
        case .cancel: return [try id(root["orderID"])]
        case .cancelMany:
            guard root.kind == .array else { throw PolymarketRefusal(400, "Invalid payload") }
            guard root.count <= 1_000 else {
                throw PolymarketRefusal(400, "Too many orders in payload: \(root.count), max allowed: 1000")
            }
            var ids: [String] = []
            for element in root.elements { ids.append(try id(element)) }
            return ids
        default:
            let market = root["market"]?.text?.string ?? ""
            let asset = root["asset_id"]?.text?.string ?? ""
            return open.filter { order in
                let listed = exchange.markets[order.market]
                return (market.isEmpty || listed.condition == market)
                    && (asset.isEmpty || listed.tokens[order.outcome] == asset)
            }.map(\.id)
        }
    }

    /// The crowd fills an order while its cancel is on the way.
    private func fillFirst(_ id: String, _ turn: TradingTurn) {
        guard let order = exchange.order(id), order.status == .live else { return }
        let isBid = exchange.isBid(order)
        let price = order.outcome == 0 ? order.price : PolymarketMarket.dollar - order.price
        exchange.meet(order.market, isBid: isBid, price: price, shares: order.resting, at: turn.now)
        publish(turn)
    }

    // MARK: Truth

    func record(_ kind: TruthEvent.Kind, _ turn: TradingTurn, _ fill: (inout TruthEvent) -> Void) {
        var event = TruthEvent(kind, .polymarket)
        fill(&event)
        turn.record(event)
    }

    /// What the ledger calls an account.
    func name(_ account: Int) -> String {
        account == PolymarketExchange.house ? "crowd" : account == 2 ? "ours" : exchange.accounts[account].address
    }

    private func fill(_ event: inout TruthEvent, _ order: PolymarketOrder, _ posted: PolymarketPosted) {
        event.account = name(order.account)
        event.orderID = order.id
        event.clientID = String(posted.salt)
        event.instrument = posted.token
        event.side = order.isBuy ? "BUY" : "SELL"
        event.price = order.price * 100
        event.quantity = order.size
    }
}
