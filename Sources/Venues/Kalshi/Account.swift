import Codec
import Signing
public import Trading

/// What may be chosen about reads of the account.
public struct AccountSettings: Hashable, Sendable {
    /// `https://…/trade-api/v2`, as configured.
    public var restURL = "https://external-api.kalshi.com/trade-api/v2"
    /// The subaccount that is read; 0 is the primary one.
    public var subaccount = 0
    /// Rows of a page; the venue refuses more than it gives, and 100 is what all its lists give.
    public var pageSize = 100
    /// Most pages of one list; a longer one is not read at all.
    public var pagesMax = 500

    /// The defaults.
    public init() {}
}

/// Tier and limits of the account.
public struct AccountLimits: Hashable, Sendable {
    /// Tokens a second, and how many a bucket holds.
    public struct Bucket: Hashable, Sendable {
        /// Tokens that come back in a second.
        public let refill: Int
        /// Tokens that the bucket holds.
        public let capacity: Int
    }

    /// The venue's word for the tier.
    public let tier: String
    /// Of reads.
    public let read: Bucket
    /// Of writes, of every shard's bucket.
    public let write: Bucket
}

/// A market that was paid.
public struct SettlementRecord: Hashable, Sendable {
    /// The market.
    public let ticker: String
    /// `yes`, `no` or `scalar`.
    public let result: String
    /// Contracts held on each outcome.
    public let yesQty: Quantity, noQty: Quantity
    /// What was paid.
    public let revenue: Money
    /// What settlement cost; nil where the venue does not say.
    public let fee: Money?
    /// When; nil where the venue does not say.
    public let settledAt: UTCNanos?
    /// The shard; nil where the venue does not say.
    public let exchangeIndex: Int?
}

/// Reads all of a Kalshi account by REST.
///
/// Every list is read to its end or not at all: a page that is missing, refused or unreadable throws, and nothing may be
/// concluded from what came before it. Reads lag writes (0.4 s was seen): `userDataTimestamp` says by how much.
/// - Source: sheet sections 3.5 to 3.7 of the venue's documentation of 2026-10-08.
public final class Account: AccountReader {
    /// Kalshi.
    public let venue = VenueID.kalshi
    private let auth: Auth
    private let channel: any AccountChannel
    private let clock: any Timekeeper
    private let settings: AccountSettings
    private let readers = JSONReaders(limits: .rest)

    var keyID: String { auth.keyID }

    /// Reads through `channel`, signed for the instant of each request.
    public init(auth: Auth, channel: any AccountChannel, clock: any Timekeeper, settings: AccountSettings) {
        self.auth = auth
        self.channel = channel
        self.clock = clock
        self.settings = settings
    }

    /// Orders, fills, positions and balances of all shards.
    ///
    /// Resting orders are read before done ones: what ends in between is in both lists, and counts as done. Done orders are
    /// those made since `since`; of older ones that ended since, the fills tell.
    public func snapshot(since: UTCNanos, now: UTCNanos) async throws(AccountFault) -> AccountSnapshot {
        var snapshot = AccountSnapshot(venue: venue, asOf: now)
        let from = "min_ts=\(since.wholeSeconds)"
        let resting = try await orders(["status=resting"])
        let done = try await orders(["status=executed", from]) + orders(["status=canceled", from])
        let doneIDs = Set(done.map(\.orderID))
        snapshot.openOrders = resting.filter { !doneIDs.contains($0.orderID) }
        snapshot.doneOrders = done
        snapshot.fills = try await fills([from])
        snapshot.positions = try await positions()
        snapshot.balances = try await balances()
        return snapshot
    }

    /// Orders of one market, in whatever state, made since an instant.
    public func orders(of ticker: String, since: UTCNanos) async throws(AccountFault) -> [VenueOrder] {
        try await orders([try plain("ticker", ticker), "min_ts=\(since.wholeSeconds)"])
    }

    /// Fills of one market since an instant.
    public func fills(of ticker: String, since: UTCNanos) async throws(AccountFault) -> [VenueFill] {
        try await fills([try plain("ticker", ticker), "min_ts=\(since.wholeSeconds)"])
    }

    /// One order by the venue's name; nil when the venue does not know it, which proves nothing.
    public func order(_ orderID: OrderID) async throws(AccountFault) -> VenueOrder? {
        guard Wire.isPlain(orderID.text) else { return nil }
        let path = "/portfolio/orders/\(orderID.text)"
        let answer = await get(path, [])
        if answer.status == 404, answer.fault == nil { return nil }
        return try read(answer, path) { root throws(WireFault) in
            guard let listed = try Wire.order(root).listed else { throw WireFault(.field, "status") }
            return listed
        }
    }

    /// Positions that are not zero.
    public func positions() async throws(AccountFault) -> [VenuePosition] {
        let rows = try await pages(
            "/portfolio/positions", ["count_filter=position"], id: { "\($0.ticker) \($0.exchangeIndex ?? 0)" },
            read: Wire.positions)
        return rows.filter { $0.position.rawValue != 0 }.map { VenuePosition(kalshi: $0.ticker, $0.position) }
    }

    /// Cash, shard by shard where the venue says so.
    public func balances() async throws(AccountFault) -> [VenueBalance] {
        let path = "/portfolio/balance"
        let body = try read(await get(path, [subaccount]), path, Wire.balance)
        guard !body.shards.isEmpty else {
            return [VenueBalance(venue: venue, exchangeIndex: nil, cash: body.total, currency: .usd)]
        }
        return body.shards.map {
            VenueBalance(venue: venue, exchangeIndex: $0.exchangeIndex, cash: $0.cash, currency: .usd)
        }
    }

    /// Markets that were paid since an instant.
    public func settlements(since: UTCNanos) async throws(AccountFault) -> [SettlementRecord] {
        let rows = try await pages(
            "/portfolio/settlements", ["min_ts=\(since.wholeSeconds)"],
            id: { "\($0.ticker) \($0.exchangeIndex ?? 0)" }, read: Wire.settlements)
        return rows.map {
            SettlementRecord(
                ticker: $0.ticker, result: $0.result, yesQty: $0.yesCount, noQty: $0.noCount, revenue: $0.revenue,
                fee: $0.fee, settledAt: $0.at, exchangeIndex: $0.exchangeIndex)
        }
    }

    /// Tier and limits.
    public func limits() async throws(AccountFault) -> AccountLimits {
        let path = "/account/limits"
        let body = try read(await get(path, []), path, Wire.limits)
        return AccountLimits(
            tier: body.tier, read: .init(refill: body.read.refill, capacity: body.read.capacity),
            write: .init(refill: body.write.refill, capacity: body.write.capacity))
    }

    /// What one request of this method and path costs, `/trade-api/v2/…` with `:name` for what varies.
    public func costs() async throws(AccountFault) -> @Sendable (_ method: String, _ path: String) -> Int {
        let path = "/account/endpoint_costs"
        let (standard, costs) = try read(await get(path, []), path, Wire.costs)
        let table = Dictionary(costs.map { ("\($0.method) \($0.path)", $0.cost) }, uniquingKeysWith: max)
        return { table["\($0) \($1)"] ?? standard }
    }

    /// How fresh balances, orders, fills and positions are: a read says nothing about what happened after this.
    public func userDataTimestamp() async throws(AccountFault) -> UTCNanos {
        let path = "/exchange/user_data_timestamp"
        return try read(await get(path, []), path, Wire.userDataTimestamp)
    }

    /// Order groups: name, limit in contracts, whether it takes orders, shard.
    public func groups() async throws(AccountFault) -> [(
        id: OrderGroupID, limit: Quantity?, isAutoCancelOn: Bool, exchangeIndex: Int?
    )] {
        let path = "/portfolio/order_groups"
        return try read(await get(path, [subaccount]), path, Wire.groups).compactMap { group in
            group.id.map { (OrderGroupID($0), group.limit, group.isAutoCancelOn, group.exchangeIndex) }
        }
    }
}

// Lists.
extension Account {
    private var subaccount: String { "subaccount=\(settings.subaccount)" }

    private func plain(_ name: String, _ value: String) throws(AccountFault) -> String {
        guard Wire.isPlain(value) else {
            throw AccountFault(code: "E_WIRE_KALSHI_FIELD", text: "\(name): not a name that a request can carry")
        }
        return "\(name)=\(value)"
    }

    private func orders(_ query: [String]) async throws(AccountFault) -> [VenueOrder] {
        try await pages("/portfolio/orders", query, id: { $0.orderID.text }) { root throws(WireFault) in
            let page = try Wire.orders(root)
            var rows: [VenueOrder] = []
            for row in page.rows {
                guard let listed = row.listed else { throw WireFault(.field, "status") }
                rows.append(listed)
            }
            return Wire.Page(rows: rows, cursor: page.cursor)
        }
    }

    private func fills(_ query: [String]) async throws(AccountFault) -> [VenueFill] {
        // One trade may fill two orders of one account: its name alone is no key.
        try await pages("/portfolio/fills", query, id: { "\($0.orderID) \($0.tradeID)" }, read: Wire.fills)
            .map(\.listed)
    }

    /// All rows of a list, each once: pages may overlap while the list moves, but must come to an end.
    private func pages<Row>(
        _ path: String, _ query: [String], id: (Row) -> String,
        read take: (JSONValue) throws(WireFault) -> Wire.Page<Row>
    ) async throws(AccountFault) -> [Row] {
        let fixed = query + [subaccount, "limit=\(settings.pageSize)"]
        var rows: [Row] = []
        var ids: Set<String> = []
        var cursors: Set<String> = []
        var cursor: String?
        for _ in 0..<settings.pagesMax {
            let page = try read(
                await get(path, fixed + (cursor.map { ["cursor=\(Self.escaped($0))"] } ?? [])), path, take)
            for row in page.rows where ids.insert(id(row)).inserted { rows.append(row) }
            guard let next = page.cursor else { return rows }
            guard cursors.insert(next).inserted else {
                throw AccountFault(code: "E_WIRE_KALSHI_PAGES", text: "\(path): its cursors run in a circle")
            }
            cursor = next
        }
        throw AccountFault(code: "E_WIRE_KALSHI_PAGES", text: "\(path): more than \(settings.pagesMax) pages")
    }

    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for letter in text.utf8 {
            if Wire.isPlain(String(decoding: [letter], as: UTF8.self)) {
                out.append(letter)
            } else {
                out += [UInt8(ascii: "%"), digits[Int(letter >> 4)], digits[Int(letter & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    func get(_ path: String, _ query: [String]) async -> RestAnswer {
        let url = settings.restURL + path + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
        let now = clock.now().utc
        do throws(SigningFault) {
            let headers = try auth.headers(.get, url: url, at: now)
            return await channel.perform(AccountRequest(method: "GET", url: url, headers: headers))
        } catch {
            let request = RestRequest(tag: 0, venue: venue, service: "rest", path: path)
            return RestAnswer(request: request, status: 0, contentType: "", body: [], fetchedAt: now, fault: error.code)
        }
    }

    func read<Body>(
        _ answer: RestAnswer, _ path: String, _ take: (JSONValue) throws(WireFault) -> Body
    ) throws(AccountFault) -> Body {
        func fault(_ code: String, _ text: String) -> AccountFault {
            AccountFault(code: code, text: "\(path): \(text)", status: answer.status)
        }
        // A channel may say more behind its code: `E_NET_CLOSED: …`.
        if let words = answer.fault { throw fault(String(words.prefix { $0 != ":" }), words) }
        return try readers.borrow { (reader) throws(AccountFault) -> Body in
            let isJSON = answer.contentType.isEmpty || answer.contentType.hasPrefix("application/json")
            guard answer.status == 200 else {
                let words = isJSON ? (try? reader.read(answer.body)).flatMap(Wire.errorBody) : nil
                let text = "HTTP status \(answer.status) \(words.map { $0.code.isEmpty ? $0.message : $0.code } ?? "")"
                switch answer.status {
                case 401, 403: throw fault("E_AUTH_REFUSED", text)
                case 429: throw fault("E_EXEC_THROTTLED", text)
                default: throw fault("E_NET_STATUS", text)
                }
            }
            guard isJSON else { throw fault("E_NET_STATUS", "content type \(answer.contentType) instead of JSON") }
            let root: JSONValue
            do throws(JSONFault) { root = try reader.read(answer.body) } catch { throw fault(error.code, "no JSON") }
            if let error = Wire.errorBody(root) { throw fault("E_NET_STATUS", "an error in a success: \(error.code)") }
            do throws(WireFault) { return try take(root) } catch {
                throw fault(error.code, "\(error.field) cannot be read")
            }
        }
    }
}
