import Codec
public import Signing
public import Trading

/// What may be chosen about reading the account.
public struct AccountSettings: Hashable, Sendable {
    /// The order book's address.
    public var base = "https://clob.polymarket.com"
    /// The address of the index of positions.
    public var dataBase = "https://data-api.polymarket.com"
    /// Where the venue tells what it thinks of our region.
    public var geoblockURL = "https://polymarket.com/api/geoblock"
    /// What is said of us.
    public var userAgent = "arb"
    /// Pages of one list; more is a fault, not an end.
    public var pagesMax = 200
    /// Positions asked for in one page.
    public var positionsPerPage = 100
    /// Trades are read from this much before the instant asked for.
    public var overlap = Nanoseconds.seconds(60)
    /// An allowance below this does not cover what limits allow.
    public var allowanceMin = Money(rawValue: 100_000 * FixedPoint.one)

    /// The defaults.
    public init() {}
}

/// Reads the account at Polymarket: orders and trades, balances and allowances at the order book, positions at the index.
///
/// Every list is read to its last page or the read has failed: nothing may be concluded from what is missing.
/// - Lane: none of its own; cold.
/// - Source: sheet of November 2026, sections 4.3 and 4.5.
public actor Account: AccountReader {
    /// Polymarket.
    public nonisolated let venue = VenueID.polymarket
    let settings: AccountSettings
    let account: TradingAccount
    let credentials: ApiCredentials
    let channel: any AccountChannel
    let clock: any Timekeeper
    let identity: Identity
    /// Used between two waits, never across one.
    let reader = JSONReader(limits: .rest)
    let known: @Sendable (OrderID) -> KnownOrder?
    let contracts: [Contract]
    /// Outcome by token of the markets that are traded here.
    let outcomes: [String: Outcome]
    /// Markets whose end could not be read the last time.
    var unreadEnds: Set<String> = []

    /// A reader of one account.
    ///
    /// - Parameters:
    ///   - contracts: the markets that are traded: they say which outcome a token is.
    ///   - known: what is known of an order that was prepared here (`Gateway.known`).
    /// - Throws: `SigningFault` (`E_AUTH_CREDENTIALS`).
    public init(
        account: TradingAccount, contracts: [Contract], channel: any AccountChannel, clock: any Timekeeper,
        settings: AccountSettings = AccountSettings(),
        known: @escaping @Sendable (OrderID) -> KnownOrder? = { _ in nil }
    ) throws(SigningFault) {
        precondition(settings.pagesMax > 0 && settings.positionsPerPage > 0, "settings are bounded")
        self.account = account
        self.contracts = contracts
        self.channel = channel
        self.clock = clock
        self.settings = settings
        self.known = known
        credentials = try account.keys.credentials(of: account.key.address)
        identity = Identity(apiKey: account.keys.apiKey, wallet: account.wallet.address.checksummed)
        var outcomes: [String: Outcome] = [:]
        for tokens in contracts.compactMap(\.tokens) {
            outcomes[tokens.yes] = .yes
            outcomes[tokens.no] = .no
        }
        self.outcomes = outcomes
    }

    // MARK: Snapshot

    /// All of the account. Done orders are not listed by the venue: fills say what came of them.
    public func snapshot(since: UTCNanos, now: UTCNanos) async throws(AccountFault) -> AccountSnapshot {
        var snapshot = AccountSnapshot(venue: venue, asOf: now)
        snapshot.openOrders = try await openOrders()
        snapshot.fills = try await fills(since: since)
        snapshot.positions = try await positions()
        let collateral = try await balance(of: .collateral)
        guard let cash = collateral.balance.cash else { throw Self.unreadable("/balance-allowance", "balance") }
        snapshot.balances = [VenueBalance(venue: venue, exchangeIndex: nil, cash: cash, currency: .pusd)]
        snapshot.allowances = allowances(collateral, asset: "collateral")
        snapshot.allowances += try await tokenAllowances()
        return snapshot
    }

    /// Orders that may still work, to the last page.
    public func openOrders() async throws(AccountFault) -> [VenueOrder] {
        var found: [String: VenueOrder] = [:]
        var order: [String] = []
        try await pages("/data/orders", "") { (element) throws(WireFault) in
            let listed = try Wire.openOrder(element)
            guard self.identity.owns([listed.owner], listed.makerAddress) else { throw WireFault(.field, "owner") }
            if found[listed.id] == nil { order.append(listed.id) }
            found[listed.id] = try self.venueOrder(listed)
        }
        return order.compactMap { found[$0] }
    }

    /// Fills since an instant, and somewhat before it, to the last page.
    public func fills(since: UTCNanos, market: String? = nil) async throws(AccountFault) -> [VenueFill] {
        var found: [ExecID: VenueFill] = [:]
        var order: [ExecID] = []
        let after = (since + Nanoseconds(rawValue: -settings.overlap.rawValue)).rawValue / 1_000_000_000
        let filter = "&after=\(max(0, after))" + (market.map { "&market=\($0)" } ?? "")
        try await pages("/data/trades", filter) { (element) throws(WireFault) in
            for fill in try self.venueFills(Wire.trade(element)) {
                if found[fill.fill.execID] == nil { order.append(fill.fill.execID) }
                found[fill.fill.execID] = fill
            }
        }
        return order.compactMap { found[$0] }
    }

    /// Tokens that the wallet holds, by the index: it lags the chain by seconds.
    public func positions() async throws(AccountFault) -> [VenuePosition] {
        var found: [String: VenuePosition] = [:]
        var order: [String] = []
        for status in ["OPEN", "REDEEMABLE"] {
            for held in try await heldTokens(status) where held.quantity.rawValue > 0 {
                if found[held.token] == nil { order.append(held.token) }
                found[held.token] = VenuePosition(
                    venue: venue, symbol: held.condition, token: held.token,
                    outcome: outcome(of: held.token, held.outcome), quantity: held.quantity)
            }
        }
        return order.compactMap { found[$0] }
    }

    /// As the protocol says: markets whose tokens can be redeemed, or were. What was paid is not told.
    public func paidOut(since: UTCNanos) async throws(AccountFault) -> [VenueSettlement] {
        var symbols: Set<String> = []
        for status in ["REDEEMABLE", "CLOSED"] {
            for held in try await heldTokens(status) where status == "REDEEMABLE" || held.quantity.rawValue == 0 {
                symbols.insert(held.condition)
            }
        }
        return symbols.sorted().map { VenueSettlement(symbol: $0, cash: nil, settledAt: nil) }
    }

    func heldTokens(_ status: String) async throws(AccountFault) -> [Wire.HeldToken] {
        let wallet = account.wallet.address.checksummed
        var tokens: [Wire.HeldToken] = []
        var cursor = ""
        var seen: Set<String> = []
        for _ in 0..<settings.pagesMax {
            var query = "?user=\(wallet)&status=\(status)&limit=\(settings.positionsPerPage)"
            if !cursor.isEmpty { query += "&cursor=\(Self.escaped(cursor))" }
            let page = try await get(settings.dataBase, "/v2/positions", query, isSigned: false) {
                (root) throws(WireFault) in try Wire.positions(root)
            }
            for token in page.tokens {
                guard token.wallet.isEmpty || token.wallet.lowercased() == identity.wallet else {
                    throw Self.unreadable("/v2/positions", "proxy_wallet")
                }
                tokens.append(token)
            }
            guard let next = page.next else { return tokens }
            guard seen.insert(next).inserted else { throw Self.circle("/v2/positions") }
            cursor = next
        }
        throw Self.circle("/v2/positions")
    }

    // MARK: Lists

    private func pages(
        _ path: String, _ filter: String, _ take: (JSONValue) throws(WireFault) -> Void
    ) async throws(AccountFault) {
        var cursor = "MA=="
        var seen: Set<String> = [cursor]
        for _ in 0..<settings.pagesMax {
            let next = try await get(settings.base, path, "?next_cursor=\(Self.escaped(cursor))\(filter)") {
                (root) throws(WireFault) -> String? in
                let page = try Wire.page(root)
                for element in page.data.elements { try take(element) }
                return page.next
            }
            guard let next else { return }
            guard seen.insert(next).inserted else { throw Self.circle(path) }
            cursor = next
        }
        throw Self.circle(path)
    }

    /// A cursor in a query: base64, of which three letters mean something there.
    static func escaped(_ cursor: String) -> String {
        var text = ""
        for byte in cursor.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                text += "%" + (hex.utf8.count == 1 ? "0" + hex : hex)
            }
        }
        return text
    }

    static func circle(_ path: String) -> AccountFault {
        AccountFault(
            code: "E_WIRE_POLYMARKET_PAGES", text: "\(path): more pages than a list may have, or they run in a circle")
    }

    static func unreadable(_ path: String, _ field: StaticString) -> AccountFault {
        AccountFault(code: WireFault(.field, field).code, text: "\(path): \(field) cannot be read")
    }
}
