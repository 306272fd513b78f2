internal import Arb
internal import Polymarket
internal import Signing
internal import Synchronization
internal import Threading
internal import Trading
internal import Transport

/// Polymarket, as a run trades there.
final class PolymarketSide: TradingSide {
    private let orders: Polymarket.Gateway
    private let account: Polymarket.Account
    private let trader: TradingAccount
    private let keepalive: KeepaliveRequest
    private let contracts: [String: Contract]
    private let streamURL: String

    var gateway: any OrderGateway { orders }
    var reader: any AccountReader { account }

    /// - Throws: `Edges.Fault`, `AccountFault`, `SigningFault`: keys, or an account that cannot be reached.
    init(_ parts: VenueParts, contracts: [Contract]) async throws {
        let configuration = parts.configuration
        let channel = HTTPChannel(venue: .polymarket, client: parts.client)
        trader = try await TradingEdge.polymarketTrader(configuration, home: parts.home, channel: channel)
        streamURL = configuration.text("venues.polymarket.ws_url")
        self.contracts = Dictionary(contracts.map { ($0.symbol, $0) }, uniquingKeysWith: { first, _ in first })

        let base = configuration.text("venues.polymarket.clob_url")
        let endpoint = try Endpoint(base)
        var settings = Polymarket.GatewaySettings()
        settings.base = base
        settings.host = endpoint.port == 443 ? endpoint.host : "\(endpoint.host):\(endpoint.port)"
        settings.userAgent = "arb/\(BuildInfo.version)"
        settings.slotsMax = parts.connections + 1
        settings.draftAgeMax = configuration.milliseconds("venues.polymarket.presign_max_age_ms")
        settings.noncesAhead = Int(configuration.integer("venues.polymarket.nonces_ahead"))
        settings.seed = parts.seed
        // No account is told its limits here: those of the lowest tier, as announced.
        let budget = SignerBudget(at: NanoClock.monotonic())
        keepalive = KeepaliveRequest(
            cost: 1, limit: RateLimit(name: "polymarket.read", capacity: 20, refill: 10))
        let pool = try parts.pool { [keepalive] in keepalive.take() }
        orders = try Polymarket.Gateway(
            account: trader, sender: pool, budget: budget, channel: channel, clock: NanoClock(), settings: settings,
            executor: parts.lane, receipts: parts.receipts)
        let alive = Array(
            """
            GET /time HTTP/1.1\r
            Host: \(settings.host)\r
            User-Agent: \(settings.userAgent)\r
            Accept: application/json\r
            \r

            """.utf8)
        keepalive.begin { _ in alive }
        account = try Polymarket.Account(
            account: trader, contracts: contracts, channel: channel, clock: NanoClock(),
            settings: TradingEdge.polymarketReads(configuration), known: { [orders] in orders.known($0) })
        parts.limits = "40 orders/s, 60 at most, 20 kept; 80 cancels/s, 120 at most"
    }

    // MARK: Markets

    func apply(_ terms: InstrumentTerms, of instrument: InstrumentID, _ contract: Contract) throws(LocalRefusal) {
        try orders.apply(terms, of: instrument, contract)
    }

    func block(_ instrument: InstrumentID) { orders.block(instrument) }

    func void(_ instrument: InstrumentID) { orders.voidDrafts(of: instrument) }

    func void() { orders.voidDrafts() }

    func reroute(_ instrument: InstrumentID) async -> Bool { await orders.reroute(instrument) }

    // MARK: Tending

    func tend(at now: Stamp) -> FeedNotice? {
        keepalive.refill(at: now.utc)
        do throws(SigningFault) {
            try orders.tend(at: now.monotonic)
            return nil
        } catch {
            return FeedNotice(code: error.code, text: "Polymarket signatures cannot be begun ahead: \(error.text)")
        }
    }

    func signAhead(_ order: NewOrder, at now: Stamp) -> Bool { (try? orders.signAhead(order, at: now)) != nil }

    func rest(_ isResting: Bool) async {
        if isResting { await orders.beginHeartbeats() } else { await orders.endHeartbeats() }
    }

    func beat(deadline: MonotonicNanos) async -> String? {
        guard case .lapsed(let reason) = await orders.beat(deadline: deadline) else { return nil }
        return reason
    }

    // MARK: Stream

    func stream(seed: UInt64) -> any Trading.UserStream {
        var settings = Polymarket.UserStreamSettings()
        settings.seed = seed
        return Polymarket.UserStream(account: trader, settings: settings) { [orders] in orders.known($0) }
    }

    func streamTarget(at now: UTCNanos) throws -> LinkTarget {
        Polymarket.Auth(userAgent: "arb/\(BuildInfo.version)").userLinkTarget(url: streamURL)
    }

    // MARK: Evidence

    func evidence(_ inquiry: OrderInquiry, _ memory: Memory, askedAt: MonotonicNanos) async throws(AccountFault)
        -> Evidence
    {
        var evidence = Evidence()
        if inquiry.question == .balance {
            var isProved = try await isExplained(inquiry, memory.before)
            // Fills at about the time of that read leave it open for ever; all trades ever listed have no such time.
            if !isProved, memory.before != nil { isProved = try await isExplained(inquiry, nil) }
            if isProved {
                evidence.findings.append(.balanceExplained(askedAt: askedAt))
            }
            return evidence
        }
        // Every order of ours has its hash before it is sent: without one nothing is said.
        guard let id = inquiry.orderID else { return evidence }
        let found = try await account.find(id, market: inquiry.symbol, sent: inquiry.sentAt.utc)
        evidence.reports = found.events.map { event in
            ExecutionReport(
                venue: .polymarket, orderID: id, clOrdID: inquiry.order.clOrdID, symbol: inquiry.symbol, event: event,
                source: .query, transactTime: nil)
        }
        // An order that is listed as live and has no trade yet is no absence of anything.
        if found.isAbsent { evidence.findings.append(.nothing(inquiry.question, askedAt: askedAt)) }
        return evidence
    }

    /// True when both tokens of the order's market are held as they were before it was sent, changed by the listed trades
    /// and by nothing else. Whatever is not certain is a no: an index that may have been behind, a split or a redemption,
    /// a trade that is not on the chain yet.
    ///
    /// - Parameter before: nil for an order of an earlier run: what that one had seen ended with it. Then all trades that
    ///   were ever listed must explain all that is held.
    private func isExplained(_ inquiry: OrderInquiry, _ before: Memory.Holdings?) async throws(AccountFault) -> Bool {
        guard let contract = contracts[inquiry.symbol] else { return false }
        let start = UTCNanos(rawValue: 0)
        let before = before ?? Memory.Holdings(asOf: start, landed: start, positions: [])
        guard before.landed < inquiry.sentAt.utc else { return false }
        let held = try await account.holdings(of: contract)
        // After the holdings: a trade that comes in between is listed and not held, which explains nothing.
        let settled = max(start, before.asOf + Nanoseconds(rawValue: -Self.indexLag.rawValue))
        let fills = try await account.fills(since: settled, market: inquiry.symbol)
        guard !held.isEmpty else { return false }
        for present in held {
            var expected = before[present.token]?.rawValue ?? 0
            for fill in fills where fill.token == present.token && fill.fill.settlement != .failed {
                guard let time = fill.transactTime else { return false }
                if time < settled { continue }
                // About as old as the read of what was held: it may have been in that or not.
                guard time > before.landed + Self.clockError else { return false }
                let change = fill.side == .buy ? fill.fill.lastQty.rawValue : -fill.fill.lastQty.rawValue
                let (sum, isOver) = expected.addingReportingOverflow(change)
                if isOver { return false }
                expected = sum
            }
            guard expected == present.quantity.rawValue else { return false }
        }
        return true
    }

    /// How far the index of positions may be behind the chain; it was seconds.
    private static let indexLag = Nanoseconds.seconds(120)
    /// How far the venue's stamps may be from ours, their whole seconds included.
    private static let clockError = Nanoseconds.seconds(5)

    var settlementsMax: Int { Polymarket.Account.conditionsMax }

    /// The venue lists none: each market's own record says how it ended.
    func settlements(since: UTCNanos, of symbols: [String]) async throws(AccountFault) -> [SettlementFact] {
        try await account.resolutions(of: symbols)
    }

    func tombstone(for order: NewOrder, sentAt: MonotonicNanos, at now: MonotonicNanos) -> NewOrder? { nil }
}
