internal import Arb
internal import Kalshi
internal import Signing
internal import Synchronization
internal import Threading
internal import Trading
internal import Transport

/// Kalshi, as a run trades there.
final class KalshiSide: TradingSide {
    private let orders: Kalshi.Gateway
    private let account: Kalshi.Account
    private let auth: Kalshi.Auth
    private let keepalive: KeepaliveRequest
    private let streamURL: String
    private let subaccount: Int
    private let tombstoneMaxAge: Nanoseconds
    /// Grid and lot by market: what a tombstone is made of.
    private let grids = Mutex<[InstrumentID: (grid: TickGrid, lot: Quantity)]>([:])

    var gateway: any OrderGateway { orders }
    var reader: any AccountReader { account }

    /// The sheet's lowest tier: what holds where the account's own limits cannot be read.
    private static let basic = (tier: "basic", read: (refill: 200, capacity: 600), write: (refill: 100, capacity: 100))

    /// - Throws: `Edges.Fault`, `AccountFault`: keys, or an account that cannot be reached.
    init(_ parts: VenueParts) async throws {
        let configuration = parts.configuration
        auth = try Edges.kalshiAuth(configuration, home: parts.home)
        account = try TradingEdge.kalshiAccount(configuration, home: parts.home, client: parts.client)
        streamURL = configuration.text("venues.kalshi.ws_url")
        subaccount = Int(configuration.integer("venues.kalshi.subaccount"))
        tombstoneMaxAge = configuration.seconds("venues.kalshi.tombstone_max_age_s")

        var settings = Kalshi.GatewaySettings()
        settings.restURL = configuration.text("venues.kalshi.rest_url")
        settings.subaccount = subaccount
        settings.slotsMax = parts.connections + 1
        settings.presignAhead = configuration.milliseconds("venues.kalshi.presign_ahead_ms")
        settings.presignCount = min(64, max(16, 4 * parts.connections))
        let limits = try await Self.limits(account)
        let costs = try? await account.costs()
        let root = "/trade-api/v2/portfolio/events/orders"
        settings.costOrder = costs?("POST", root) ?? settings.costOrder
        settings.costCancel = costs?("DELETE", root + "/:order_id") ?? settings.costCancel
        settings.costGroup = max(settings.costGroup, costs?("PUT", "/trade-api/v2/portfolio/order_groups") ?? 0)
        let writes = limits.write
        // Entries leave what an unwind of both directions takes: an order, its repetition, and their cancels.
        let reserve = max(2 * settings.costOrder + 4 * settings.costCancel, writes.capacity / 4)
        guard writes.capacity >= reserve + settings.costOrder, writes.refill > 0, limits.read.capacity >= 20 else {
            throw Edges.Fault(
                code: "E_CFG_LIMITS",
                text: "the account's limits (tier '\(limits.tier)', \(writes.capacity) write tokens) leave no room for "
                    + "an order of \(settings.costOrder) and its unwind", isPermission: false)
        }
        let budget = ShardBudget(
            capacity: writes.capacity, refill: writes.refill, reserve: reserve, orderCost: settings.costOrder,
            at: NanoClock.monotonic())
        keepalive = KeepaliveRequest(
            cost: 10,
            limit: RateLimit(
                name: "kalshi.read", capacity: limits.read.capacity, refill: max(1, limits.read.refill)))
        let pool = try parts.pool { [keepalive] in keepalive.take() }
        orders = Kalshi.Gateway(
            auth: auth, sender: pool, budget: budget, clock: NanoClock(), settings: settings, executor: parts.lane,
            receipts: parts.receipts)
        keepalive.begin { [orders] now in try? orders.keepaliveRequest(at: now) }
        parts.limits =
            "tier \(limits.tier): \(writes.refill) write tokens/s, \(writes.capacity) at most, \(reserve) kept"
    }

    /// The account's own; the lowest tier where the venue answers what we cannot read.
    private static func limits(_ account: Kalshi.Account) async throws(AccountFault) -> (
        tier: String, read: (refill: Int, capacity: Int), write: (refill: Int, capacity: Int)
    ) {
        do {
            let told = try await account.limits()
            return (
                told.tier, (told.read.refill, told.read.capacity), (told.write.refill, told.write.capacity)
            )
        } catch {
            guard error.status == 200 || error.status == 404 else { throw error }
            return basic
        }
    }

    // MARK: Markets

    func apply(_ terms: InstrumentTerms, of instrument: InstrumentID, _ contract: Contract) throws(LocalRefusal) {
        grids.withLock { $0[instrument] = (terms.grid, terms.lot) }
        try orders.apply(terms, of: instrument, ticker: contract.symbol)
    }

    func block(_ instrument: InstrumentID) { orders.block(instrument) }

    /// Headers are for any order: none is bound to a market.
    func void(_ instrument: InstrumentID) {}

    func void() { orders.void() }

    /// One address for all markets: the shard is in the request.
    func reroute(_ instrument: InstrumentID) async -> Bool { false }

    // MARK: Tending

    func tend(at now: Stamp) -> FeedNotice? {
        keepalive.refill(at: now.utc)
        do throws(SigningFault) {
            try orders.tend(at: now.utc)
            return nil
        } catch { return FeedNotice(code: error.code, text: "Kalshi headers cannot be signed ahead: \(error.text)") }
    }

    func signAhead(_ order: NewOrder, at now: Stamp) -> Bool { false }

    func rest(_ isResting: Bool) async {}

    func beat(deadline: MonotonicNanos) async -> String? { nil }

    // MARK: Stream

    func stream(seed: UInt64) -> any Trading.UserStream {
        var settings = Kalshi.UserStreamSettings()
        settings.subaccount = subaccount
        settings.seed = seed
        return Kalshi.UserStream(settings: settings)
    }

    func streamTarget(at now: UTCNanos) throws -> LinkTarget { try auth.linkTarget(url: streamURL, at: now) }

    // MARK: Evidence

    func evidence(_ inquiry: OrderInquiry, _ memory: Memory, askedAt: MonotonicNanos) async throws(AccountFault)
        -> Evidence
    {
        var evidence = Evidence()
        let since = inquiry.sentAt.utc + .seconds(-60)
        let name = inquiry.order.clOrdID
        func tell(_ row: VenueOrder) { evidence.reports.append(ExecutionReport(row, at: .kalshi, clOrdID: name)) }
        switch inquiry.question {
        case .order:
            if let id = inquiry.orderID, let row = try await account.order(id) { tell(row) }
        case .ordersOfMarket: _ = try await list(inquiry, memory, since, &evidence)
        case .fillsOfMarket:
            var id = inquiry.orderID
            if id == nil {
                id = try await list(inquiry, memory, since, &evidence).first?.orderID
            }
            let fills = try await account.fills(of: inquiry.symbol, since: since)
            for fill in fills where fill.orderID == id {
                evidence.reports.append(ExecutionReport(fill, at: .kalshi, clOrdID: name))
            }
        // Orders are found by their names here; what is held proves nothing more.
        case .balance: return evidence
        }
        if evidence.orders.isEmpty, evidence.reports.isEmpty, evidence.findings.isEmpty {
            evidence.findings.append(.nothing(inquiry.question, askedAt: askedAt))
        }
        return evidence
    }

    /// What is listed under the order's name: the order itself, or its tombstone alone, which proves it dead.
    private func list(_ inquiry: OrderInquiry, _ memory: Memory, _ since: UTCNanos, _ evidence: inout Evidence)
        async throws(AccountFault) -> [VenueOrder]
    {
        let listed = try await account.find(inquiry.order.clOrdID, ticker: inquiry.symbol, since: since)
        let originals = originals(among: listed, of: inquiry.order, inquiry.tombstone ?? memory.tombstone)
        // A tombstone that the asker has no record of would be taken for the original.
        evidence.orders = inquiry.tombstone == nil ? originals : listed
        if originals.isEmpty, !listed.isEmpty { evidence.findings.append(.onlyTombstoneListed) }
        return originals
    }

    /// What is listed under an order's name and is no tombstone of it. The size of an original is no mark of it: a
    /// reduce-only order may be listed with less than it asked for.
    private func originals(among listed: [VenueOrder], of order: NewOrder, _ made: NewOrder?) -> [VenueOrder] {
        guard let tombstone = made ?? tombstoneShape(of: order) else { return listed }
        return listed.filter { row in
            if case .adopt = Tombstone.finding([row], original: tombstone, tombstone: tombstone) { return false }
            return true
        }
    }

    /// What a tombstone looks like that an earlier run may have sent; nil where there cannot be one.
    private func tombstoneShape(of order: NewOrder) -> NewOrder? {
        guard let market = grids.withLock({ $0[order.instrument] }) else { return nil }
        let now = NanoClock.monotonic()
        return try? Tombstone.order(
            for: order, sentAt: now, now: now, maxAge: .seconds(1), grid: market.grid, lot: market.lot)
    }

    /// It is one list of all.
    var settlementsMax: Int { .max }

    func settlements(since: UTCNanos, of symbols: [String]) async throws(AccountFault) -> [SettlementFact] {
        try await account.settlements(since: since).map { row in
            SettlementFact(
                venue: .kalshi, symbol: row.ticker, winner: Outcome(rawValue: row.result), yesQty: row.yesQty,
                noQty: row.noQty, revenue: row.revenue, fee: row.fee, settledAt: row.settledAt)
        }
    }

    func tombstone(for order: NewOrder, sentAt: MonotonicNanos, at now: MonotonicNanos) -> NewOrder? {
        guard let market = grids.withLock({ $0[order.instrument] }) else { return nil }
        return try? Tombstone.order(
            for: order, sentAt: sentAt, now: now, maxAge: tombstoneMaxAge, grid: market.grid, lot: market.lot)
    }
}
