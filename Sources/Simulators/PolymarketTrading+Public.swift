internal import Codec
internal import Server
internal import Signing
internal import Trading

// What anybody may ask: books, prices, markets, metadata, positions.
extension PolymarketTrading {
    /// Answers a public read; nil: the world's own reads answer it.
    func publicAnswer(_ call: PolymarketCall, _ turn: TradingTurn) -> WebServer.Response? {
        switch call.path {
        case "/time": return Self.json(String(seconds(turn)))
        case "/ok", "/": return Self.json("\"OK\"")
        case "/version": return Self.json(#"{"version":2}"#)
        // The relayer's: whether a wallet is there yet.
        case "/deployed": return Self.json(#"{"deployed":true}"#)
        case "/api/geoblock":
            return Self.json(#"{"blocked":\#(isGeoblocked),"ip":"127.0.0.1","country":"IE","region":"L"}"#)
        case "/book", "/price", "/midpoint", "/spread", "/last-trade-price", "/tick-size", "/neg-risk", "/fee-rate":
            return one(call, turn)
        case "/books", "/prices", "/midpoints", "/spreads", "/last-trades-prices": return many(call, turn)
        case "/simplified-markets", "/sampling-markets", "/sampling-simplified-markets": return listing(call)
        case "/markets": return gamma(call, turn) ?? listing(call)
        case "/markets/keyset": return keyset(call, turn)
        case "/v2/positions": return positions(call)
        case _ where call.path.hasPrefix("/markets/slug/"):
            let slug = call.path.dropFirst("/markets/slug/".count)
            return found(exchange.markets.first { "event-\($0.index)" == slug }) { gammaRow($0, turn) }
        case _ where call.path.hasPrefix("/markets/0x"):
            return found(market(String(call.path.dropFirst("/markets/".count)))) { legacyRow($0) }
        case _ where call.path.hasPrefix("/markets/"):
            let id = Int(call.path.dropFirst("/markets/".count)).map { $0 - 900_000 }
            return found(exchange.markets.first { $0.index == id }) { gammaRow($0, turn) }
        case _ where call.path.hasPrefix("/clob-markets/"):
            return found(market(String(call.path.dropFirst("/clob-markets/".count)))) { compactRow($0) }
        case _ where call.path.hasPrefix("/markets-by-token/"):
            let token = exchange.token(String(call.path.dropFirst("/markets-by-token/".count)))
            return found(token.map { exchange.markets[$0.market] }) { market in
                #"{"condition_id":"\#(market.condition)","primary_token_id":"\#(market.tokens[0])","secondary_token_id":"\#(market.tokens[1])"}"#
            }
        default: return nil
        }
    }

    private func market(_ condition: String) -> PolymarketMarket? {
        exchange.market(condition).map { exchange.markets[$0] }
    }

    private func found(_ market: PolymarketMarket?, _ write: (PolymarketMarket) -> String) -> WebServer.Response {
        guard let market else { return Self.refused(PolymarketRefusal(404, "market not found")) }
        return Self.json(write(market))
    }

    // MARK: Books

    /// Both sides of a token's book with everything that rests, best first. Units: ten-thousandths, base units.
    func book(_ token: PolymarketToken, _ world: SimWorld) -> (
        bids: [(price: Int, shares: Int)], asks: [(price: Int, shares: Int)]
    ) {
        sync(token.market, world)
        func side(isBid: Bool) -> [(price: Int, shares: Int)] {
            var sizes: [Int: Int] = [:]
            let quoted = isBid ? exchange.quotes[token.market].bids : exchange.quotes[token.market].asks
            for level in quoted { sizes[level.price, default: 0] += level.shares }
            for price in exchange.levels(token.market, isBid: isBid) {
                sizes[price, default: 0] += exchange.resting(token.market, isBid: isBid, price: price)
            }
            // The venue's books count hundredths.
            return sizes.map { ($0.key, $0.value / 10_000 * 10_000) }.filter { $0.1 > 0 }
                .sorted { ($0.0 > $1.0) == isBid }
        }
        let (bids, asks) = (side(isBid: true), side(isBid: false))
        guard token.outcome == 1 else { return (bids, asks) }
        func mirror(_ levels: [(price: Int, shares: Int)]) -> [(price: Int, shares: Int)] {
            levels.map { (PolymarketMarket.dollar - $0.price, $0.shares) }
        }
        return (mirror(asks), mirror(bids))
    }

    private func text(_ token: PolymarketToken, _ turn: TradingTurn) -> String {
        let market = exchange.markets[token.market]
        if market.pair != nil {
            // The market data's own words: what REST says and what the stream says must be the same.
            let body = Array(#"[{"token_id":"\#(market.tokens[token.outcome])"}]"#.utf8)
            let list = data.books(body, turn.world, base: exchange.base)
            return String(decoding: list.dropFirst().dropLast(), as: UTF8.self)
        }
        let (bids, asks) = book(token, turn.world)
        func levels(_ side: [(price: Int, shares: Int)]) -> String {
            side.reversed().map {
                #"{"price":"\#(PolymarketExchange.text(price: $0.price))","size":"\#(PolymarketExchange.text($0.shares))"}"#
            }.joined(separator: ",")
        }
        let head =
            #"{"market":"\#(market.condition)","asset_id":"\#(market.tokens[token.outcome])","timestamp":"\#(max(market.stamp, exchange.base))","hash":""#
        let last = market.lastTrade.map { PolymarketExchange.text(price: $0) } ?? ""
        let tail =
            #"","bids":[\#(levels(bids))],"asks":[\#(levels(asks))],"min_order_size":"\#(PolymarketExchange.text(market.minSize))","tick_size":"\#(PolymarketExchange.text(price: market.tick))","neg_risk":\#(market.isNegRisk),"last_trade_price":"\#(last)"}"#
        return head + Digest.hex(.sha1, head + tail) + tail
    }

    private func one(_ call: PolymarketCall, _ turn: TradingTurn) -> WebServer.Response {
        guard let token = exchange.token(call.value("token_id") ?? "") else {
            return Self.refused(PolymarketRefusal(404, "No orderbook exists for the requested token id"))
        }
        let market = exchange.markets[token.market]
        switch call.path {
        case "/book": return Self.json(text(token, turn))
        case "/tick-size":
            return Self.json(#"{"minimum_tick_size":\#(PolymarketExchange.text(price: market.tick))}"#)
        case "/neg-risk": return Self.json(#"{"neg_risk":\#(market.isNegRisk)}"#)
        case "/fee-rate": return Self.json(#"{"base_fee":\#(market.feeRate > 0 ? 1_000 : 0)}"#)
        case "/price":
            let side = call.value("side") ?? ""
            guard ["BUY", "SELL"].contains(side) else { return Self.refused(PolymarketRefusal(400, "Invalid side")) }
            return Self.json(#"{"price":"\#(price(token, side, turn) ?? "0")"}"#)
        case "/midpoint": return Self.json(#"{"mid":"\#(middle(token, turn).mid)"}"#)
        case "/spread": return Self.json(#"{"spread":"\#(middle(token, turn).spread)"}"#)
        default: return Self.json(last(token))
        }
    }

    /// A buyer's price is the lowest ask.
    private func price(_ token: PolymarketToken, _ side: String, _ turn: TradingTurn) -> String? {
        let (bids, asks) = book(token, turn.world)
        return (side == "BUY" ? asks.first : bids.first).map { PolymarketExchange.text(price: $0.price) }
    }

    private func middle(_ token: PolymarketToken, _ turn: TradingTurn) -> (mid: String, spread: String) {
        let (bids, asks) = book(token, turn.world)
        guard let bid = bids.first?.price, let ask = asks.first?.price else { return ("0.5", "1") }
        return (PolymarketExchange.text((bid + ask) * 5, decimals: 5), PolymarketExchange.text(price: ask - bid))
    }

    private func last(_ token: PolymarketToken) -> String {
        let market = exchange.markets[token.market]
        let price = market.lastTrade.map { token.outcome == 0 ? $0 : PolymarketMarket.dollar - $0 }
        return #"{"price":"\#(PolymarketExchange.text(price: price ?? 5_000))","side":"\#(price == nil ? "" : "BUY")"}"#
    }

    private func many(_ call: PolymarketCall, _ turn: TradingTurn) -> WebServer.Response? {
        guard let root = try? reader.read(call.body), root.kind == .array else {
            return Self.refused(PolymarketRefusal(400, "Invalid payload"))
        }
        guard root.count <= 500 else { return Self.refused(PolymarketRefusal(400, "Payload exceeds the limit")) }
        let asked = root.elements.compactMap { element -> (PolymarketToken, String)? in
            guard let token = element["token_id"]?.text.flatMap({ exchange.token($0.string) }) else { return nil }
            return (token, element["side"]?.text?.string ?? "BUY")
        }
        func id(_ token: PolymarketToken) -> String { exchange.markets[token.market].tokens[token.outcome] }
        switch call.path {
        case "/books":
            if asked.allSatisfy({ exchange.markets[$0.0.market].pair != nil }) { return nil }
            return Self.json("[" + asked.map { text($0.0, turn) }.joined(separator: ",") + "]")
        case "/prices":
            let rows = Dictionary(grouping: asked) { id($0.0) }.sorted { $0.key < $1.key }.map { key, sides in
                let prices = sides.map { #""\#($0.1)":"\#(price($0.0, $0.1, turn) ?? "0")""# }.joined(separator: ",")
                return "\"\(key)\":{\(prices)}"
            }
            return Self.json("{" + rows.joined(separator: ",") + "}")
        case "/midpoints":
            return Self.json(
                "{" + asked.map { #""\#(id($0.0))":"\#(middle($0.0, turn).mid)""# }.joined(separator: ",") + "}")
        case "/spreads":
            return Self.json(
                "{" + asked.map { #""\#(id($0.0))":"\#(middle($0.0, turn).spread)""# }.joined(separator: ",") + "}")
        default:
            // Of a market that never traded, lists say nothing.
            let rows = asked.filter { exchange.markets[$0.0.market].lastTrade != nil }.map {
                #"{"token_id":"\#(id($0.0))","# + last($0.0).dropFirst()
            }
            return Self.json("[" + rows.joined(separator: ",") + "]")
        }
    }
}
