internal import Codec
public import Server
internal import Signing
internal import Trading

// Which request is for whom, and what goes wrong with it on the way.
extension PolymarketTrading {
    /// Where a request goes.
    enum Route: Hashable {
        case createKey, deriveKey, listKeys, deleteKey, closedOnly
        case create, createAll, cancel, cancelMany, cancelAll, cancelMarket
        case order(String), orders, trades, balance, refresh, heartbeat, notifications, scoring, scorings
        case open

        /// The venue's word for it, in fault rules.
        var name: String {
            switch self {
            case .createKey, .deriveKey, .listKeys, .deleteKey, .closedOnly: "auth"
            case .create: "create"
            case .createAll: "batch"
            case .cancel, .cancelMany, .cancelMarket: "cancel"
            case .cancelAll: "cancel-all"
            case .order: "order"
            case .orders: "orders"
            case .trades: "trades"
            case .balance, .refresh: "balance"
            case .heartbeat: "heartbeat"
            case .notifications, .scoring, .scorings: "other"
            case .open: "public"
            }
        }

        /// True where something is changed by it.
        var isWrite: Bool {
            switch self {
            case .create, .createAll, .cancel, .cancelMany, .cancelAll, .cancelMarket: true
            default: false
            }
        }
    }

    func route(_ call: PolymarketCall) -> Route {
        switch (call.method, call.path) {
        case ("POST", "/auth/api-key"): .createKey
        case ("GET", "/auth/derive-api-key"): .deriveKey
        case ("GET", "/auth/api-keys"): .listKeys
        case ("DELETE", "/auth/api-key"): .deleteKey
        case ("GET", "/auth/ban-status/closed-only"): .closedOnly
        case ("POST", "/order"): .create
        case ("POST", "/orders"): .createAll
        case ("DELETE", "/order"): .cancel
        case ("DELETE", "/orders"): .cancelMany
        case ("DELETE", "/cancel-all"): .cancelAll
        case ("DELETE", "/cancel-market-orders"): .cancelMarket
        case ("GET", "/data/orders"): .orders
        case ("GET", "/data/trades"): .trades
        case ("GET", "/balance-allowance"): .balance
        case ("GET", "/balance-allowance/update"): .refresh
        case ("POST", "/v1/heartbeats"): .heartbeat
        case ("GET", "/notifications"), ("DELETE", "/notifications"): .notifications
        case ("GET", "/order-scoring"): .scoring
        case ("POST", "/orders-scoring"): .scorings
        default:
            call.method == "GET" && call.path.hasPrefix("/data/order/")
                ? .order(String(call.path.dropFirst("/data/order/".count))) : .open
        }
    }

    /// As the protocol says.
    public func handle(_ request: WebServer.Request, _ turn: TradingTurn) -> WebServer.Response? {
        advance(turn)
        let call = PolymarketCall(
            method: request.method, target: request.target, headers: request.headers, body: request.body)
        if let answer = control(call, turn) { return answer }
        let route = route(call)
        served[route.name, default: 0] += 1
        if route == .open { return publicAnswer(call, turn) }
        let fault = turn.strike(.polymarket, route.name, among: Self.kinds(route))
        if let fault, let answer = instead(fault, call, route, turn) { return answer }
        if let held = hold(request.id, call, route, turn) { return held }
        let answer = before(fault, call, route, turn) ?? answer(call, route, turn, fault)
        if fault == .overfill, answer.status == 200 { overfill(turn) }
        return after(fault, answer, turn)
    }

    func seconds(_ turn: TradingTurn) -> Int64 { turn.milliseconds / 1_000 }

    static func json(_ text: String, status: Int = 200) -> WebServer.Response {
        WebServer.Response(status: status, body: Array(text.utf8))
    }

    static func refused(_ refusal: PolymarketRefusal) -> WebServer.Response {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("error", refusal.text)
        let isPostOnly = refusal.text.hasPrefix("post-only mode")
        if isPostOnly {
            writer.member("code", "post_only_mode")
            writer.member("retry_after_seconds", 2)
        }
        writer.endObject()
        var answer = WebServer.Response(status: refusal.status, body: writer.bytes)
        if isPostOnly || refusal.status == 429 { answer.headers = [("retry-after", "2")] }
        return answer
    }

    /// Does what a request asks for.
    func answer(_ call: PolymarketCall, _ route: Route, _ turn: TradingTurn, _ fault: FaultKind? = nil)
        -> WebServer.Response
    {
        do throws(PolymarketRefusal) {
            switch route {
            case .createKey: return Self.json(Self.text(try keys.create(call, now: seconds(turn))))
            case .deriveKey: return Self.json(Self.text(try keys.derive(call, now: seconds(turn))))
            case .create: return create(call, turn)
            case .createAll: return createAll(call, turn)
            default: break
            }
            let caller = try keys.caller(call, now: seconds(turn))
            switch route {
            case .listKeys:
                let all = keys.keys(of: caller.address).map { "\"\($0)\"" }.joined(separator: ",")
                return Self.json(#"{"apiKeys":[\#(all)]}"#)
            case .deleteKey:
                keys.revoke(caller.key)
                return Self.json("\"OK\"")
            case .closedOnly:
                let owner = caller.address.checksummed
                let isClosed = exchange.accounts.contains { $0.owner == owner && $0.isClosedOnly }
                return Self.json(#"{"closed_only":\#(isClosed)}"#)
            case .cancel, .cancelMany, .cancelAll, .cancelMarket:
                return try cancel(call, route, caller, fault, turn)
            case .order, .orders, .trades, .balance, .refresh, .notifications, .scoring, .scorings:
                return try privateAnswer(call, route, caller, fault, turn)
            case .heartbeat: return try beat(call, caller, turn)
            case .open, .createKey, .deriveKey, .create, .createAll: preconditionFailure("answered above")
            }
        } catch {
            return Self.refused(error)
        }
    }

    private static func text(_ made: PolymarketKeys.Credentials) -> String {
        #"{"apiKey":"\#(made.key)","secret":"\#(made.secret)","passphrase":"\#(made.passphrase)"}"#
    }

    // MARK: Heartbeats

    /// Once begun, ten seconds without one and up to five more cancel everything of the key.
    private func beat(_ call: PolymarketCall, _ caller: PolymarketKeys.Credentials, _ turn: TradingTurn)
        throws(PolymarketRefusal) -> WebServer.Response
    {
        guard let root = try? reader.read(call.body), let id = root["heartbeat_id"]?.text?.string else {
            throw PolymarketRefusal(400, "Invalid payload")
        }
        if let known = heartbeats[caller.key], known.id != id {
            return Self.json(#"{"error_msg":"Invalid Heartbeat ID","heartbeat_id":"\#(known.id)"}"#, status: 400)
        }
        let next = (id: exchange.uuid(), beat: (heartbeats[caller.key]?.beat ?? 0) + 1)
        heartbeats[caller.key] = next
        jobs.push(
            .heartbeat(caller.key, beat: next.beat),
            at: turn.now + 10_000_000_000 + turn.drawn(0...5_000_000_000))
        return Self.json(#"{"heartbeat_id":"\#(next.id)"}"#)
    }

    // MARK: Limits

    /// Takes from a signer's bucket: all or nothing.
    func spend(_ cost: Int, _ address: EthereumAddress, _ turn: TradingTurn) throws(PolymarketRefusal) {
        guard let limit = settings.limit else { return }
        let scale = 1_000_000_000
        var bucket = buckets[address] ?? (limit.burst * scale, turn.now)
        bucket.tokens = min(limit.burst * scale, bucket.tokens + Int(turn.now - bucket.at) * limit.rate)
        bucket.at = turn.now
        defer { buckets[address] = bucket }
        guard bucket.tokens >= cost * scale else { throw PolymarketRefusal(429, "Too Many Requests") }
        bucket.tokens -= cost * scale
    }
}
