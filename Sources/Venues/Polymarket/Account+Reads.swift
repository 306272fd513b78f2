import Codec
import Signing
public import Trading

extension Account {
    // MARK: One read

    /// Reads and decodes; nil only where `isMissingOK` and the venue says 404 or `null`.
    func read<Answer>(
        _ base: String, _ path: String, _ query: String, isSigned: Bool, isMissingOK: Bool,
        _ decode: (JSONValue) throws(WireFault) -> Answer
    ) async throws(AccountFault) -> Answer? {
        var headers: [(name: String, value: String)] = [
            ("User-Agent", settings.userAgent), ("Accept", "application/json"),
        ]
        if isSigned { headers += credentials.headers(.get, path: path, at: clock.now().utc) }
        let answer = await channel.perform(
            AccountRequest(method: "GET", url: base + path + query, headers: headers))
        if let fault = answer.fault { throw AccountFault(code: faultCode(fault), text: "\(path): \(fault)") }
        if isMissingOK, answer.status == 404 { return nil }
        guard answer.status == 200 else { throw Self.refused(path, answer, reader) }
        guard answer.contentType.hasPrefix("application/json") else { throw Self.unreadable(path, "content-type") }
        do throws(WireFault) {
            let root: JSONValue
            do throws(JSONFault) { root = try reader.read(answer.body) } catch {
                throw WireFault(.json(error), "answer")
            }
            if isMissingOK, root.isNull { return nil }
            return try decode(root)
        } catch {
            throw AccountFault(code: error.code, text: "\(path): \(error.field) cannot be read", status: 200)
        }
    }

    /// As `read`, of something that must be there.
    func get<Answer>(
        _ base: String, _ path: String, _ query: String = "", isSigned: Bool = true,
        _ decode: (JSONValue) throws(WireFault) -> Answer
    ) async throws(AccountFault) -> Answer {
        let answer = try await read(base, path, query, isSigned: isSigned, isMissingOK: false, decode)
        guard let answer else { throw Self.unreadable(path, "answer") }
        return answer
    }

    private static func refused(_ path: String, _ answer: RestAnswer, _ reader: JSONReader) -> AccountFault {
        let words = (try? reader.read(answer.body)).flatMap { try? Wire.errorAnswer($0) }?.text ?? "no reason given"
        let code =
            switch answer.status {
            case 401, 403: "E_AUTH_REFUSED"
            case 429: "E_EXEC_THROTTLED"
            default: "E_NET_STATUS"
            }
        return AccountFault(
            code: code, text: "\(path): status \(answer.status), \(words.prefix(200))", status: answer.status)
    }

    // MARK: Into our words

    /// Which outcome a token is: of our markets by their files, of others by the venue's word.
    func outcome(of token: String, _ word: String) -> Outcome {
        outcomes[token] ?? (word.lowercased() == "no" ? .no : .yes)
    }

    /// - Parameter fallback: where the order's own numbers say nothing that is certain.
    func venueOrder(_ order: Wire.OpenOrder, summary fallback: OrderSummary? = nil) throws(WireFault) -> VenueOrder {
        let id = OrderID(order.id)
        let known = known(id)
        let sizes = try order.sizes(known)
        // Of an order of which nothing else is certain it is certain that it is listed.
        let listed = OrderSummary(standing: .working, cumQty: sizes.cumQty, leavesQty: nil)
        let summary = try order.summary(known) ?? fallback ?? listed
        return VenueOrder(
            orderID: id, clOrdID: known?.clOrdID, symbol: order.market, token: order.asset,
            outcome: outcome(of: order.asset, order.outcome), side: order.side, price: order.price,
            orderQty: sizes.orderQty, summary: summary, createdAt: order.createdAt)
    }

    func venueFills(_ trade: Wire.Trade) throws(WireFault) -> [VenueFill] {
        // A word that is not known is no settlement; what is surely there is the match.
        let own = trade.fills(of: identity, trade.settlement ?? .matched)
        guard !own.isEmpty else { throw WireFault(.field, "trade owner") }
        return own.map { own in
            VenueFill(
                orderID: own.orderID, symbol: trade.market, token: own.token,
                outcome: outcome(of: own.token, own.outcome), side: own.side, fill: own.fill,
                transactTime: trade.matchTime)
        }
    }

    // MARK: Balances

    /// What a balance is of.
    enum Asset: Hashable, Sendable {
        case collateral
        /// A token of the first protocol, or a position of the second.
        case token(String, isProtocolV2: Bool)

        var query: String {
            switch self {
            case .collateral: "?asset_type=COLLATERAL"
            case .token(let id, let isV2): "?asset_type=\(isV2 ? "CONDITIONAL-V2" : "CONDITIONAL")&token_id=\(id)"
            }
        }
    }

    func balance(of asset: Asset) async throws(AccountFault) -> Wire.BalanceAllowance {
        let query = asset.query + "&signature_type=\(account.wallet.kind.rawValue)"
        return try await get(settings.base, "/balance-allowance", query) { (root) throws(WireFault) in
            try Wire.balanceAllowance(root)
        }
    }

    /// Shares of a token that the order book will let be sold: the gate of every sell-back.
    public func balance(of token: String, isProtocolV2: Bool = false) async throws(AccountFault) -> Quantity {
        let found = try await balance(of: .token(token, isProtocolV2: isProtocolV2))
        guard let shares = found.balance.shares else { throw Self.unreadable("/balance-allowance", "balance") }
        return shares
    }

    /// Has the order book look at the chain again; it keeps balances and allowances for a while.
    public func refreshBalance(of token: String? = nil, isProtocolV2: Bool = false) async throws(AccountFault) {
        let asset = token.map { Asset.token($0, isProtocolV2: isProtocolV2) } ?? .collateral
        let path = "/balance-allowance/update"
        let query = asset.query + "&signature_type=\(account.wallet.kind.rawValue)"
        let headers =
            [("User-Agent", settings.userAgent), ("Accept", "application/json")]
            + credentials.headers(.get, path: path, at: clock.now().utc)
        let answer = await channel.perform(
            AccountRequest(method: "GET", url: settings.base + path + query, headers: headers))
        if let fault = answer.fault { throw AccountFault(code: faultCode(fault), text: "\(path): \(fault)") }
        guard answer.status == 200 else { throw Self.refused(path, answer, reader) }
    }

    /// What each exchange that is traded on may take.
    func allowances(_ found: Wire.BalanceAllowance, asset: String) -> [VenueAllowance] {
        let least = BaseUnits(exactly: settings.allowanceMin) ?? BaseUnits(rawValue: 0)
        return exchanges.map { exchange in
            let spender = exchange.contract.checksummed
            return VenueAllowance(
                spender: spender, asset: asset, isEnough: found.covers(least, spender: spender))
        }
    }

    /// The exchanges of our markets; both of the current generation where there are none yet.
    private var exchanges: [Exchange] {
        guard !contracts.isEmpty else { return [.standard, .negRisk] }
        var found: [Exchange] = []
        for contract in contracts {
            let isV2 = isProtocolV2(contract)
            let exchange = Exchange.of(isProtocolV2: isV2, isNegRisk: contract.negRisk)
            if !found.contains(exchange) { found.append(exchange) }
        }
        return found
    }

    private func isProtocolV2(_ contract: Contract) -> Bool {
        // A token of the first protocol is a hash: that bits 40 to 103 of it are zero does not happen.
        contract.tokens.flatMap { TokenID($0.yes) }?.isProtocolV2 ?? false
    }

    /// Approval to take tokens is given once for all tokens of a protocol: one token of each is asked for.
    func tokenAllowances() async throws(AccountFault) -> [VenueAllowance] {
        var told: [VenueAllowance] = []
        for isV2 in [false, true] {
            guard let token = contracts.first(where: { isProtocolV2($0) == isV2 })?.tokens?.yes else { continue }
            let found = try await balance(of: .token(token, isProtocolV2: isV2))
            let generation: Exchange.Generation = isV2 ? .v3 : .v2
            let spenders = exchanges.filter { $0.generation == generation }.map(\.contract.checksummed)
            told += allowances(found, asset: token).filter { spenders.contains($0.spender) }
        }
        return told
    }

    // MARK: The venue's state, for `doctor`

    /// The generation of the order book; 2 is the one whose orders we make.
    public func version() async throws(AccountFault) -> Int64 {
        try await get(settings.base, "/version", isSigned: false) { (root) throws(WireFault) in try Wire.version(root) }
    }

    /// The venue's clock, in whole seconds.
    public func time() async throws(AccountFault) -> UTCNanos {
        try await get(settings.base, "/time", isSigned: false) { (root) throws(WireFault) in try Wire.time(root) }
    }

    /// True where the account may only close.
    public func isClosedOnly() async throws(AccountFault) -> Bool {
        try await get(settings.base, "/auth/ban-status/closed-only") { (root) throws(WireFault) in
            try Wire.closedOnly(root)
        }
    }

    /// Country and region where the venue's probe would refuse us; nil where it would not. A hint: orders decide.
    public func geoblock() async throws(AccountFault) -> String? {
        let found = try await get(settings.geoblockURL, "", isSigned: false) { (root) throws(WireFault) in
            try Wire.geoblock(root)
        }
        return found.isBlocked ? "\(found.country) \(found.region)" : nil
    }
}

extension Account {
    /// The least order of a market, in shares.
    ///
    /// - Throws: `AccountFault`.
    public func orderQtyMin(of contract: Contract) async throws(AccountFault) -> Quantity {
        guard let token = contract.tokens?.yes else { throw Self.unreadable("/book", "token") }
        return try await get(settings.base, "/book", "?token_id=\(token)", isSigned: false) {
            (root) throws(WireFault) -> Quantity in
            guard let text = root["min_order_size"]?.text?.string, let least = try? Quantity(decimal: text) else {
                throw WireFault(.missing, "min_order_size")
            }
            return least
        }
    }
}
