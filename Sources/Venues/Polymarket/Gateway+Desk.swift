import Signing
import Trading
import Transport

/// Terms and templates of one market, as orders need them.
struct TradedMarket {
    let contract: Contract
    let yes: TokenID
    let no: TokenID
    var terms: InstrumentTerms
    /// Where its orders are signed for; another one after `order_version_mismatch`.
    var exchange: Exchange
    /// All that is the same from order to order, made when the terms came.
    var yesTemplate: OrderTemplate
    var noTemplate: OrderTemplate
}

/// One prepared request: from `prepare` until its answer.
struct Parcel {
    enum State { case free, prepared, underway }

    var state = State.free
    var generation: UInt64 = 0
    var orders: [SentOrder] = []
    var purpose = SendPurpose.entry
    var ticket: ConnectionTicket?
    var bytes: [UInt8] = []
    /// What was signed ahead and is in it: ready again when no byte of it leaves.
    var draft: Draft?
    /// What is sealed, or left before anybody waited for its answer.
    var departing: Dispatch?
}

/// What leaves with `commit`.
struct Dispatch: Sendable {
    let ticket: ConnectionTicket
    let bytes: [UInt8]
    let orders: [SentOrder]
    let place: Int
}

/// Everything that preparing touches: one lane prepares, another commits, so it stands behind one lock.
///
/// Refusals undo what was taken, in reverse: connection, tokens, place.
struct OrderDesk {
    let settings: GatewaySettings
    let account: TradingAccount
    let signer: OrderSigner
    let credentials: ApiCredentials
    var modes = VenueModes()
    var markets: [TradedMarket?] = []
    /// Where markets are traded by the word of a refusal, while the catalogue says otherwise. Bound: the markets.
    private var routes: [InstrumentID: (said: Exchange, learned: Exchange)] = [:]
    var parcels: [Parcel]
    var free: [Int]
    var random: SeededGenerator
    var body: [UInt8] = []
    /// Amounts of the orders being prepared.
    var checked: [Amounts] = []
    var drafts: [Draft] = []
    var ahead = SignedAhead()
    /// Taken for the order that is being prepared.
    var taken: Draft?
    /// Which of its terms and books a market is at, counted; and how often everything was void. Bound: the markets.
    var epochs: [InstrumentID: UInt64] = [:]
    var epochOfAll: UInt64 = 0
    var known: KnownOrders
    let digest = Digest(.sha256)
    /// `POST /order HTTP/1.1` and all headers that are always the same.
    let orderHead: [UInt8]
    let batchHead: [UInt8]

    init(_ account: TradingAccount, _ settings: GatewaySettings, nonces: NoncePool? = nil) throws(SigningFault) {
        precondition(settings.slotsMax > 0 && (1...15).contains(settings.batchMax), "settings are bounded")
        self.settings = settings
        self.account = account
        signer = try OrderSigner(key: account.key, wallet: account.wallet, nonces: nonces)
        credentials = try account.keys.credentials(of: account.key.address)
        parcels = Array(repeating: Parcel(), count: settings.slotsMax)
        free = Array((0..<settings.slotsMax).reversed())
        random = SeededGenerator(seed: settings.seed)
        known = KnownOrders(countMax: settings.knownMax)
        orderHead = Self.head("POST /order", settings)
        batchHead = Self.head("POST /orders", settings)
        body.reserveCapacity(2_048)
        for place in parcels.indices { parcels[place].bytes.reserveCapacity(3_072) }
    }

    private static func head(_ line: String, _ settings: GatewaySettings) -> [UInt8] {
        Array(
            """
            \(line) HTTP/1.1\r
            Host: \(settings.host)\r
            User-Agent: \(settings.userAgent)\r
            Accept: application/json\r
            Content-Type: application/json\r

            """.utf8)
    }

    // MARK: Markets

    /// Takes the terms of a market, and makes its templates; orders signed ahead for it are void.
    mutating func apply(
        _ terms: InstrumentTerms, of instrument: InstrumentID, _ contract: Contract
    ) throws(LocalRefusal) {
        discardDrafts(of: instrument)
        while markets.count <= Int(instrument.index) { markets.append(nil) }
        markets[Int(instrument.index)] = nil
        guard let tokens = contract.tokens, let yes = TokenID(tokens.yes), let no = TokenID(tokens.no) else {
            throw LocalRefusal(.market, "\(contract.symbol) has no token ids that can be signed")
        }
        let isProtocolV2 = terms.protocolVersion == 2
        try admit(contract, yes, no, isProtocolV2: isProtocolV2)
        let said = Exchange.of(isProtocolV2: isProtocolV2, isNegRisk: terms.negRisk)
        // What was learned from a refusal stands until the catalogue says something new: it may be the older of the two.
        if let route = routes[instrument], route.said != said { routes[instrument] = nil }
        let exchange = routes[instrument]?.learned ?? said
        markets[Int(instrument.index)] = TradedMarket(
            contract: contract, yes: yes, no: no, terms: terms, exchange: exchange,
            yesTemplate: try template(exchange, yes), noTemplate: try template(exchange, no))
    }

    private func template(_ exchange: Exchange, _ token: TokenID) throws(LocalRefusal) -> OrderTemplate {
        do throws(SigningFault) {
            return try OrderTemplate(
                exchange: exchange, wallet: account.wallet, tokenID: token, owner: account.keys.apiKey)
        } catch { throw LocalRefusal(.signing, "\(error.code): \(error.text)") }
    }

    /// The market is traded on this exchange from now on; false: it was before.
    @discardableResult
    mutating func route(_ instrument: InstrumentID, to exchange: Exchange) throws(LocalRefusal) -> Bool {
        guard var market = market(instrument) else { throw LocalRefusal(.market, "its terms are not known") }
        guard exchange != market.exchange else { return false }
        try admit(market.contract, market.yes, market.no, isProtocolV2: exchange == .protocolV2)
        discardDrafts(of: instrument)
        let said = Exchange.of(isProtocolV2: market.terms.protocolVersion == 2, isNegRisk: market.terms.negRisk)
        routes[instrument] = exchange == said ? nil : (said, exchange)
        market.exchange = exchange
        market.yesTemplate = try template(exchange, market.yes)
        market.noTemplate = try template(exchange, market.no)
        markets[Int(instrument.index)] = market
        return true
    }

    /// Positions of the second protocol have numbers of their own form: signing a token for one would buy nothing.
    private func admit(_ contract: Contract, _ yes: TokenID, _ no: TokenID, isProtocolV2: Bool) throws(LocalRefusal) {
        guard !isProtocolV2 || (yes.isProtocolV2 && no.isProtocolV2) else {
            throw LocalRefusal(.market, "\(contract.symbol) is of the second protocol, its tokens are of the first")
        }
    }

    /// The market's terms are not known any more.
    mutating func forget(_ instrument: InstrumentID) {
        discardDrafts(of: instrument)
        if markets.indices.contains(Int(instrument.index)) { markets[Int(instrument.index)] = nil }
    }

    func market(_ instrument: InstrumentID) -> TradedMarket? {
        markets.indices.contains(Int(instrument.index)) ? markets[Int(instrument.index)] : nil
    }

    // MARK: Checks

    /// All that can be said against an order without touching anything.
    mutating func check(_ order: NewOrder, at now: Stamp) throws(LocalRefusal) -> Amounts {
        guard order.purpose != .tombstone, !order.isReduceOnly else {
            throw LocalRefusal(.unsupported, "Polymarket has neither tombstones nor reduce-only orders")
        }
        guard !order.isPostOnly || !order.timeInForce.isImmediate else {
            throw LocalRefusal(.unsupported, "a FOK or FAK order cannot be post-only")
        }
        guard order.cashOrderQty == nil || (order.timeInForce.isImmediate && order.side == .buy) else {
            throw LocalRefusal(.unsupported, "only FOK and FAK buys have a budget")
        }
        if case .gtd(let end) = order.timeInForce, end - now.utc < settings.restMin {
            throw LocalRefusal(.unsupported, "a resting order must live \(settings.restMin.rawValue / 1_000_000_000) s")
        }
        guard let market = market(order.instrument) else {
            throw LocalRefusal(.market, "the terms of the market are not known")
        }
        guard market.terms.status == .active else {
            throw LocalRefusal(.market, "the market is \(market.terms.status.rawValue)")
        }
        if let refusal = modes.refusal(of: order, at: now.monotonic) { throw refusal }
        return try amounts(order, market.terms)
    }

    private func amounts(_ order: NewOrder, _ terms: InstrumentTerms) throws(LocalRefusal) -> Amounts {
        let amounts: Amounts
        do throws(AmountsFault) {
            guard let precision = Precision(tick: terms.grid.unit.rawValue) else { throw .tick }
            amounts = try Amounts.of(order, precision)
        } catch { throw LocalRefusal(.amounts, error.text) }
        let isImmediate = order.timeInForce.isImmediate
        let shares = order.side == .buy ? amounts.taker : amounts.maker
        // A residual below the minimum may be sold at once, but not offered.
        if order.purpose != .close || !isImmediate, let asked = shares.shares, asked < terms.orderQtyMin {
            throw LocalRefusal(.amounts, "\(asked) shares are below the market's minimum of \(terms.orderQtyMin)")
        }
        if order.side == .buy, isImmediate, let cash = amounts.maker.cash, cash < terms.notionalMin {
            throw LocalRefusal(.amounts, "\(cash) pUSD are below the minimum of \(terms.notionalMin) for a taker")
        }
        return amounts
    }

    // MARK: Requests

    /// The request: head, length, headers over these very bytes, and the bytes.
    func write(
        _ head: [UInt8], _ method: Auth.Method, path: String, _ body: [UInt8], at now: UTCNanos,
        to request: inout [UInt8]
    ) {
        request.removeAll(keepingCapacity: true)
        request.append(contentsOf: head)
        request.append(literal: "Content-Length: ")
        request.append(decimal: UInt64(body.count))
        request.append(literal: "\r\n")
        credentials.appendHeaders(method, path: path, body: body, at: now, to: &request)
        request.append(literal: "\r\n")
        request.append(contentsOf: body)
    }

    /// A request that is not an order: rare, made anew each time.
    func request(_ method: Auth.Method, _ path: String, _ body: [UInt8], at now: UTCNanos) -> [UInt8] {
        var request: [UInt8] = []
        request.reserveCapacity(1_024 + body.count)
        write(Self.head("\(method.rawValue) \(path)", settings), method, path: path, body, at: now, to: &request)
        return request
    }

    /// SHA-256, as the intent records it.
    func hash(_ body: [UInt8]) -> Digest256 {
        digest.update(body)
        return Digest256 { digest.finish(into: $0) }
    }
}
