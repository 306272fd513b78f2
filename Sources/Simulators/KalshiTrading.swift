internal import Codec
public import Server
internal import Trading

/// Kalshi's trading half: signed orders, reads and the private channels, strict where the venue is, late where it is.
///
/// - Source: sheet of the venue's documentation of 2026-10-08; where that is silent, its list of simulator defaults.
public final class KalshiTrading: LoopbackTrading {
    /// What happens later by itself.
    enum Due {
        case expiry(KalshiOrder)
        case late(WebServer.Request)
        case resume
        case refill(Int)
    }

    let settings: KalshiTradingSettings
    let exchange: KalshiExchange
    var gate: KalshiGate
    var past = KalshiPast()
    var due = TimedQueue<Due>()
    /// Connections whose private channels have gone silent.
    var isStreamSilent = false
    var connections: Set<UInt64> = []
    /// True while the whole exchange takes no orders.
    var isTradingPaused = false
    /// True while the exchange changes nothing at all.
    var isExchangePaused = false
    /// True when the ledger has the refusal of the present request already.
    var isNoted = false
    private let reader = JSONReader(limits: .rest)

    /// A venue with the markets of these pairs.
    public init(_ pairs: [SimPair], _ settings: KalshiTradingSettings) {
        self.settings = settings
        exchange = KalshiExchange(
            pairs, accounts: settings.cash.mapValues { SimAccount(cash: $0) }, seed: settings.seed)
        exchange.charge.multiplier = settings.feeMultiplier
        exchange.charge.chargesMakers = settings.chargesMakers
        exchange.charge.grain = settings.grain
        gate = KalshiGate(settings)
    }

    // MARK: Requests

    /// One request on its way through: who asks, what, and how far behind the reads are.
    struct Call {
        let request: WebServer.Request
        let route: KalshiRoute
        let query: [String: String]
        let account: String
        let turn: TradingTurn
        /// Reads tell of this instant, ns since 1970.
        let seen: Int64
        var body: JSONValue?
    }

    /// Answers what is signed, and what tells of the exchange itself.
    public func handle(_ request: WebServer.Request, _ turn: TradingTurn) -> WebServer.Response? {
        let (path, query) = Self.split(request.target)
        if let answer = control(request, path, turn) { return answer }
        guard path.hasPrefix("/trade-api/v2/"), let route = KalshiRoute(request.method, path.dropFirst(13)) else {
            return nil
        }
        return withFaults(request, route, turn) { isLate in
            answer(request, route, String(path), query, turn, isLate: isLate)
        }
    }

    /// The answer to a request without any network between.
    func answer(
        _ request: WebServer.Request, _ route: KalshiRoute, _ path: String, _ query: [String: String],
        _ turn: TradingTurn, isLate: Bool = false
    ) -> KalshiAnswer {
        isNoted = false
        do throws(KalshiRefusal) {
            var account = ""
            if route.isSigned {
                let clock = isLate ? Int64(request.headers["kalshi-access-timestamp"] ?? "") ?? 0 : turn.milliseconds
                let holder = try gate.holder(request.method, path, request.headers, now: clock)
                try check(holder, route)
                account = holder.account
            }
            var call = Call(
                request: request, route: route, query: query, account: account, turn: turn, seen: seen(route, turn))
            if route.hasBody {
                guard request.headers["content-type"]?.hasPrefix("application/json") == true else {
                    throw .flat(400, "invalid_content_type", details: "Content-Type must be application/json")
                }
                guard let body = try? reader.read(request.body), body.kind == .object, !body.hasDuplicateKeys else {
                    throw .flat(400, "bad_request", details: "invalid JSON in the request body")
                }
                call.body = body
            }
            if route.isSigned { try bill(call) }
            return try perform(call)
        } catch {
            if !isNoted, route.isWrite { note(error, route, turn) }
            return KalshiAnswer(error)
        }
    }

    private func check(_ holder: KalshiGate.Holder, _ route: KalshiRoute) throws(KalshiRefusal) {
        let wanted: Set<String> =
            !route.isWrite
            ? ["read"] : route.name == .transfer ? ["write", "write::transfer"] : ["write", "write::trade"]
        guard holder.scopes.isDisjoint(with: wanted) else { return }
        throw .nested(403, "insufficient_scope", details: wanted.sorted().joined(separator: " or "))
    }

    private func seen(_ route: KalshiRoute, _ turn: TradingTurn) -> Int64 {
        if !route.isWrite, turn.strikes(.kalshi, route.name.rawValue, .staleRead) {
            return turn.utc.rawValue - turn.drawn(500_000_000...KalshiPast.kept)
        }
        guard settings.readLagMax > .zero else { return turn.utc.rawValue }
        return turn.utc.rawValue - turn.drawn(0...settings.readLagMax.rawValue)
    }

    func note(_ refusal: KalshiRefusal, _ route: KalshiRoute, _ turn: TradingTurn) {
        var event = TruthEvent(.rejected, .kalshi)
        event.endpoint = route.name.rawValue
        event.orderID = route.id
        event.reason = refusal.code
        turn.record(event)
    }

    private func bill(_ call: Call) throws(KalshiRefusal) {
        let now = call.turn.now
        guard call.route.isWrite else { return try gate.bill(call.route.cost, .read, now: now) }
        switch call.route.name {
        case .batchCreate, .batchCancel:
            let count = call.body?["orders"].map { Array($0.elements).count } ?? 0
            try gate.bill(call.route.cost * max(1, count), .unscoped, now: now)
        case .create, .amend, .decrease:
            let index = try Self.index(call.body?["exchange_index"], of: "Request")
            let hasTicker = call.body?["ticker"] != nil || call.body?["market_ticker"] != nil
            try gate.bill(call.route.cost, lane(index, hasTicker: hasTicker), now: now)
        case .cancel:
            let index = try Self.index(call.query)
            try gate.bill(call.route.cost, lane(index, hasTicker: call.query["market_ticker"] != nil), now: now)
        case .groupDelete, .groupReset, .groupLimit, .groupTrigger:
            try gate.bill(call.route.cost, lane(try Self.index(call.query), hasTicker: false), now: now)
        case .groupCreate:
            let index = try Self.index(call.body?["exchange_index"], of: "CreateOrderGroupRequest")
            try gate.bill(call.route.cost, lane(index, hasTicker: false), now: now)
        default: try gate.bill(call.route.cost, .unscoped, now: now)
        }
    }

    private func lane(_ index: Int?, hasTicker: Bool) -> KalshiGate.Lane {
        switch index {
        case nil: hasTicker ? .all : .unscoped
        case -1: .all
        case 0: .unscoped
        case let shard?: .shard(shard)
        }
    }

    private func perform(_ call: Call) throws(KalshiRefusal) -> KalshiAnswer {
        if isExchangePaused, call.route.isWrite { throw .nested(400, "exchange_paused") }
        switch call.route.name {
        case .create: return try create(call)
        case .batchCreate: return try batchCreate(call)
        case .cancel: return try cancel(call)
        case .batchCancel: return try batchCancel(call)
        case .cancelAll: return try cancelAll(call)
        case .amend: return try amend(call)
        case .decrease: return try decrease(call)
        case .legacy:
            throw .nested(
                410, "deprecated_v1_order_endpoint",
                details: "https://docs.kalshi.com/api-reference/orders/create-order-v2")
        case .groupCreate: return try createGroup(call)
        case .groupReset, .groupTrigger, .groupLimit, .groupDelete: return try changeGroup(call)
        case .transfer: return try transfer(call)
        default: return try read(call)
        }
    }

    // MARK: Helpers

    /// Path and query of a target.
    static func split(_ target: String) -> (path: Substring, query: [String: String]) {
        guard let mark = target.firstIndex(of: "?") else { return (target[...], [:]) }
        var query: [String: String] = [:]
        for part in target[target.index(after: mark)...].split(separator: "&") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            query[sides[0]] = sides.count == 2 ? sides[1] : ""
        }
        return (target[..<mark], query)
    }

    /// `exchange_index` of a body; nil where there is none.
    static func index(_ value: JSONValue?, of structure: String) throws(KalshiRefusal) -> Int? {
        guard let value, !value.isNull else { return nil }
        guard let index = value.int64 else { throw .type("exchange_index", "\(value.kind)", "int", of: structure) }
        guard (-1...3).contains(index) else { throw .invalid("ExchangeIndex", "oneof", of: structure) }
        return Int(index)
    }

    /// `exchange_index` of a query; nil where there is none.
    static func index(_ query: [String: String]) throws(KalshiRefusal) -> Int? {
        guard let text = query["exchange_index"] else { return nil }
        guard let index = Int(text), (-1...3).contains(index) else {
            throw .bare(400, "Parameter validation failed for ExchangeIndex: '\(text)' is no shard")
        }
        return index
    }
}
