public import Trading

/// The REST reads of both venues, answered from the world.
public struct SimRest {
    private var byTicker: [String: Int] = [:]
    private var byCondition: [String: Int] = [:]

    /// Answers about these pairs.
    public init(_ pairs: [SimPair]) {
        for pair in pairs {
            byTicker[pair.ticker] = pair.index
            byCondition[pair.condition] = pair.index
        }
    }

    /// Answers a Kalshi read; nil: 404.
    public func kalshi(_ target: String, _ world: SimWorld, now: UTCNanos) -> String? {
        let (path, query) = Self.split(target)
        switch path {
        case "/exchange/status":
            return
                #"{"exchange_active":true,"trading_active":true,"exchange_index_statuses":[{"exchange_index":0,"description":"main","exchange_active":true,"trading_active":true,"intra_exchange_transfers_active":true}]}"#
        case "/exchange/schedule":
            let day = #"[{"open_time":"00:00","close_time":"00:00"}]"#
            let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
                .map { "\"\($0)\":\(day)" }.joined(separator: ",")
            return
                #"{"schedule":{"standard_hours":[{"start_time":"2020-01-01T00:00:00Z","end_time":"2099-01-01T00:00:00Z",\#(days)}],"maintenance_windows":[]}}"#
        case "/markets":
            let rows = (query["tickers"] ?? "").split(separator: ",").compactMap { byTicker[String($0)] }
                .map { Self.market(world.pairs[$0], now) }
            return #"{"markets":[\#(rows.joined(separator: ","))],"cursor":""}"#
        case _ where path.hasPrefix("/markets/") && path.hasSuffix("/orderbook"):
            return byTicker[String(path.dropFirst(9).dropLast(10))].map { Self.orderbook(world.pairs[$0].shown(0)) }
        case _ where path.hasPrefix("/markets/"):
            return byTicker[String(path.dropFirst(9))].map { #"{"market":\#(Self.market(world.pairs[$0], now))}"# }
        case "/series/fee_changes": return #"{"series_fee_change_arr":[]}"#
        case "/events/fee_changes": return #"{"event_fee_changes":[],"cursor":""}"#
        case _ where path.hasPrefix("/events/"):
            let event = path.dropFirst(8)
            return
                #"{"event":{"event_ticker":"\#(event)","series_ticker":"KXSIM","title":"Loopback","sub_title":"","collateral_return_type":"","mutually_exclusive":false},"markets":[]}"#
        case _ where path.hasPrefix("/series/"):
            return
                #"{"series":{"ticker":"KXSIM","frequency":"once","title":"Loopback","category":"Test","fee_type":"quadratic","fee_multiplier":1}}"#
        default: return nil
        }
    }

    private static func market(_ pair: SimPair, _ now: UTCNanos) -> String {
        let close = (now + .seconds(30 * 86_400)).rfc3339.prefix(19) + "Z"
        let paid = (now + .seconds(31 * 86_400)).rfc3339.prefix(19) + "Z"
        return
            #"{"ticker":"\#(pair.ticker)","event_ticker":"\#(pair.event)","market_type":"binary","title":"Will event \#(pair.index) happen?","yes_sub_title":"Yes","no_sub_title":"No","open_time":"2026-01-01T00:00:00Z","close_time":"\#(close)","expected_expiration_time":"\#(close)","latest_expiration_time":"\#(paid)","settlement_timer_seconds":1800,"status":"\#(status(pair))","notional_value_dollars":"1.0000","rules_primary":"\#(pair.rules.primary)","rules_secondary":"\#(pair.rules.secondary)","price_level_structure":"linear","price_ranges":[{"start":"0.0000","end":"1.0000","step":"\#(SimText.four(pair.kalshiTick))"}],"exchange_index":\#(pair.shard),"result":"\#(result(pair))","can_close_early":false}"#
    }

    /// Both sides' bids, ascending, as the venue lists them.
    private static func orderbook(_ book: SimBook) -> String {
        func side(_ levels: [(price: Int, size: Int)]) -> String {
            levels.map { "[\"\(SimText.four($0.price))\",\"\(SimText.two($0.size))\"]" }.joined(separator: ",")
        }
        let no = book.asks.levels.reversed().map { (price: 1_000 - $0.price, size: $0.size) }
        return #"{"orderbook_fp":{"yes_dollars":[\#(side(book.bids.levels))],"no_dollars":[\#(side(no))]}}"#
    }

    private static func status(_ pair: SimPair) -> String {
        switch pair.phase.kalshi {
        case .open: pair.isPaused ? "inactive" : "active"
        case .closed: "closed"
        case .determined: "determined"
        case .finalized: "finalized"
        }
    }

    private static func result(_ pair: SimPair) -> String {
        switch pair.phase.kalshi {
        case .open, .closed: ""
        case .determined(let mills), .finalized(let mills): mills == 1_000 ? "yes" : mills == 0 ? "no" : "scalar"
        }
    }

    /// Answers a Polymarket read of the order book's or the metadata server; nil: 404. `POST /books` is the feed's.
    public func polymarket(_ target: String, _ world: SimWorld, now: UTCNanos) -> String? {
        let (path, _) = Self.split(target)
        switch path {
        case "/version": return #"{"version":2}"#
        case "/time": return String(now.rawValue / 1_000_000_000)
        case "/markets/keyset":
            let rows = target.split(separator: "?").dropFirst().flatMap { $0.split(separator: "&") }
                .filter { $0.hasPrefix("condition_ids=") }.compactMap { byCondition[String($0.dropFirst(14))] }
                .map { Self.gamma(world.pairs[$0], now) }
            return #"{"markets":[\#(rows.joined(separator: ","))]}"#
        case _ where path.hasPrefix("/clob-markets/"):
            guard let place = byCondition[String(path.dropFirst(14))] else { return nil }
            let pair = world.pairs[place]
            return
                #"{"c":"\#(pair.condition)","t":[{"t":"\#(pair.yesToken)","o":"Yes"},{"t":"\#(pair.noToken)","o":"No"}],"mts":\#(SimText.trimmed(pair.polymarketTick)),"mos":5,"mbf":1000,"tbf":1000,"fd":{"r":0.04,"e":1,"to":true},"ao":true,"v":"v1"}"#
        default: return nil
        }
    }

    private static func gamma(_ pair: SimPair, _ now: UTCNanos) -> String {
        let end = (now + .seconds(30 * 86_400)).rfc3339.prefix(19) + "Z"
        return
            #"{"id":"\#(900_000 + pair.index)","conditionId":"\#(pair.condition)","slug":"event-\#(pair.index)","question":"Will event \#(pair.index) happen?","description":"\#(pair.description)","outcomes":"[\"Yes\", \"No\"]","clobTokenIds":"[\"\#(pair.yesToken)\", \"\#(pair.noToken)\"]","version":"v1","active":true,"closed":false,"acceptingOrders":true,"negRisk":\#(pair.isNegRisk),"feesEnabled":true,"feeSchedule":{"exponent":1,"rate":0.04,"takerOnly":true,"rebateRate":0.25},"endDate":"\#(end)"}"#
    }

    private static func split(_ target: String) -> (path: String, query: [String: String]) {
        guard let mark = target.firstIndex(of: "?") else { return (target, [:]) }
        var query: [String: String] = [:]
        for part in target[target.index(after: mark)...].split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1).map(String.init)
            if sides.count == 2 { query[sides[0]] = sides[1] }
        }
        return (String(target[..<mark]), query)
    }
}
