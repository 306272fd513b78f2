import Foundation
import Synchronization
import Signing
import Testing
import TestKit
import Trading

@testable import Polymarket

/// The account's paths and what they answer.
private struct Desk {
    static let apiKey = "11111111-2222-3333-4444-555555555555"
    static let hash = "0xd653e88e6effe5ab1223ac36db989c949b780fbc22dadf0a1f6a074477c6b08b"
    static let market = GatewayHarness.condition
    static let since = UTCNanos(rawValue: 1_795_132_800_000_000_000)
    /// A minute before `since`, in seconds.
    static let after = 1_795_132_740
    static let orders = "/data/orders?next_cursor=MA%3D%3D"
    static let trades = "/data/trades?next_cursor=MA%3D%3D&after=\(after)"
    static let collateral = "/balance-allowance?asset_type=COLLATERAL&signature_type=0"
    static let token =
        "/balance-allowance?asset_type=CONDITIONAL&token_id=\(GatewayHarness.yesToken)&signature_type=0"

    static func wallet() throws -> String { try GatewayHarness.account().wallet.address.checksummed }

    static func positions(_ status: String, cursor: String = "") throws -> String {
        "/v2/positions?user=\(try wallet())&status=\(status)&limit=100" + (cursor.isEmpty ? "" : "&cursor=\(cursor)")
    }

    static func page(_ data: String, next: String = "LTE=") -> String {
        "{\"limit\":100,\"count\":1,\"next_cursor\":\"\(next)\",\"data\":[\(data)]}"
    }

    static func order(
        _ id: String = hash, status: String = "LIVE", original: String = "21.04", matched: String = "5",
        type: String = "GTC", owner: String = apiKey, trades: String = "[]"
    ) -> String {
        """
        {"id":"\(id)","status":"\(status)","owner":"\(owner)","maker_address":"0x1","market":"\(market)",\
        "asset_id":"\(GatewayHarness.noToken)","side":"BUY","original_size":"\(original)","size_matched":"\(matched)",\
        "price":"0.56","outcome":"No","expiration":"0","order_type":"\(type)","associate_trades":\(trades),\
        "created_at":1795132800}
        """
    }

    static func trade(_ id: String = "T1", size: String = "21.04", status: String = "MINED", owner: String = apiKey)
        -> String
    {
        """
        {"id":"\(id)","taker_order_id":"\(hash)","market":"\(market)","asset_id":"\(GatewayHarness.yesToken)",\
        "side":"BUY","size":"\(size)","fee_rate_bps":"0","price":"0.56","status":"\(status)","match_time":"1795132801",\
        "last_update":"1795132804","outcome":"Yes","bucket_index":0,"owner":"\(owner)","maker_address":"0x2",\
        "transaction_hash":"0x77","trader_side":"TAKER","maker_orders":[{"order_id":"0xcc","owner":"9999",\
        "maker_address":"0x7","matched_amount":"\(size)","price":"0.44","fee_rate_bps":"0",\
        "asset_id":"\(GatewayHarness.noToken)","outcome":"No","side":"BUY"}]}
        """
    }

    static func position(_ token: String, _ size: String = "21.04", outcome: String = "Yes") throws -> String {
        """
        {"proxy_wallet":"\(try wallet())","token_id":"\(token)","condition_id":"\(market)","current_size":\(size),\
        "avg_price":0.56,"status":"OPEN","redeemable":false,"mergeable":false,"outcome":"\(outcome)","outcome_index":0}
        """
    }

    static func index(_ data: String, next: String? = nil) -> String {
        "{\"data\":[\(data)],\"pagination\":{\"limit\":100,\"has_more\":\(next != nil),\"next_cursor\":\"\(next ?? "")\"}}"
    }

    static let balance = """
        {"balance":"250000000","allowances":{"0xE111180000d2663C0091e4f400237545B87B996B":"\(String(repeating: "9", count: 78))",\
        "0xe2222d279d744050d28e00520010520000310F59":"0"}}
        """

    /// Everything in order.
    static func answers() throws -> [String: [(Int, String)]] {
        [
            orders: [(200, page(order()))], trades: [(200, page(trade()))],
            try positions("OPEN"): [(200, index(try position(GatewayHarness.yesToken)))],
            try positions("REDEEMABLE"): [(200, index(""))], collateral: [(200, balance)], token: [(200, balance)],
        ]
    }

    static func account(
        _ channel: ScriptedChannel, contracts: [Contract] = [GatewayHarness.contract], pages: Int = 200,
        known: @escaping @Sendable (OrderID) -> KnownOrder? = { _ in nil }
    ) throws -> Account {
        var settings = AccountSettings()
        settings.base = "https://clob.test"
        settings.dataBase = "https://data.test"
        settings.geoblockURL = "https://clob.test/api/geoblock"
        settings.pagesMax = pages
        return try Account(
            account: GatewayHarness.account(), contracts: contracts, channel: channel, clock: ManualClock(),
            settings: settings, known: known)
    }
}

private func code(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch { return (error as? AccountFault)?.code }
}

@Suite("Account: the whole account")
struct AccountTests {
    private func qty(_ text: String) -> Quantity { (try? Quantity(decimal: text)) ?? .zero }

    @Test("a snapshot: orders, fills, positions, cash and allowances, in our words")
    func snapshot() async throws {
        let channel = ScriptedChannel(try Desk.answers())
        let found = try await Desk.account(channel).snapshot(since: Desk.since, now: Desk.since)
        let order = try #require(found.openOrders.first)
        #expect(found.openOrders.count == 1 && order.orderID == OrderID(Desk.hash) && order.outcome == .no)
        #expect(order.orderQty == qty("21.04") && order.price == Price(rawValue: 56_000_000) && order.side == .buy)
        #expect(order.summary == OrderSummary(standing: .working, cumQty: qty("5"), leavesQty: qty("16.04")))
        #expect(order.createdAt == Desk.since && order.token == GatewayHarness.noToken)
        let fill = try #require(found.fills.first)
        #expect(found.fills.count == 1 && fill.orderID == OrderID(Desk.hash) && fill.outcome == .yes)
        #expect(fill.fill.execID == ExecID("T1") && fill.fill.settlement == .mined && fill.fill.lastQty == qty("21.04"))
        #expect(fill.fill.lastPx == Price(rawValue: 56_000_000))
        #expect(
            found.positions == [
                VenuePosition(
                    venue: .polymarket, symbol: Desk.market, token: GatewayHarness.yesToken, outcome: .yes,
                    quantity: qty("21.04"))
            ])
        #expect(found.balances.map(\.cash) == [try Money(decimal: "250")])
        #expect(
            found.allowances == [
                VenueAllowance(
                    spender: Exchange.standard.contract.checksummed, asset: "collateral", isEnough: true),
                VenueAllowance(
                    spender: Exchange.standard.contract.checksummed, asset: GatewayHarness.yesToken, isEnough: true),
            ])
        // Signed without the query; the index of positions is asked without keys.
        for request in channel.asked.withLock({ $0 }) {
            let names = request.headers.map(\.name)
            #expect(names.contains("POLY_SIGNATURE") == !request.url.hasPrefix("https://data.test"))
            guard let signature = request.headers.first(where: { $0.name == "POLY_SIGNATURE" })?.value else { continue }
            let path = request.url.dropFirst("https://clob.test".count).prefix { $0 != "?" }
            let credentials = try GatewayHarness.keys().credentials(of: Samples.key().address)
            let headers = credentials.headers(.get, path: String(path), at: ManualClock().now().utc)
            #expect(headers.contains { $0.value == signature })
        }
    }

    @Test("a neg-risk market whose exchange may take nothing: the allowance is told as not enough")
    func allowances() async throws {
        let contract = Contract(
            venue: .polymarket, symbol: Desk.market, tokens: GatewayHarness.contract.tokens, negRisk: true)
        let account = try Desk.account(ScriptedChannel(try Desk.answers()), contracts: [contract])
        let found = try await account.snapshot(since: Desk.since, now: Desk.since)
        #expect(found.allowances.map(\.isEnough) == [false, false])
        #expect(found.allowances.allSatisfy { $0.spender == Exchange.negRisk.contract.checksummed })
        // The older form speaks for every spender.
        var answers = try Desk.answers()
        answers[Desk.collateral] = [(200, "{\"balance\":\"1\",\"allowance\":\"\(String(repeating: "9", count: 20))\"}")]
        let older = try Desk.account(ScriptedChannel(answers), contracts: [contract])
        let told = try await older.snapshot(since: Desk.since, now: Desk.since)
        #expect(told.allowances.map(\.isEnough) == [true, false] && told.balances[0].cash == Money(rawValue: 100))
    }

    @Test("lists are read to their last page; a row that comes twice counts once, as it came last")
    func pages() async throws {
        var answers = try Desk.answers()
        answers[Desk.orders] = [(200, Desk.page(Desk.order("0xA1", matched: "1"), next: "MTAw"))]
        answers["/data/orders?next_cursor=MTAw"] = [
            (200, Desk.page(Desk.order("0xa1", matched: "2") + "," + Desk.order("0xb2"), next: "MjAw"))
        ]
        answers["/data/orders?next_cursor=MjAw"] = [(200, Desk.page(Desk.order("0xc3")))]
        answers[try Desk.positions("OPEN")] = [(200, Desk.index(try Desk.position("7"), next: "c/1"))]
        answers[try Desk.positions("OPEN", cursor: "c%2F1")] = [
            (200, Desk.index(try Desk.position("8", "0.12345678901", outcome: "No")))
        ]
        answers[try Desk.positions("REDEEMABLE")] = [(200, Desk.index(try Desk.position("9", "0")))]
        let found = try await Desk.account(ScriptedChannel(answers)).snapshot(since: Desk.since, now: Desk.since)
        #expect(found.openOrders.map(\.orderID.text) == ["0xa1", "0xb2", "0xc3"])
        #expect(found.openOrders[0].summary.cumQty == qty("2"))
        #expect(found.positions.map(\.token) == ["7", "8"] && found.positions.map(\.outcome) == [.yes, .no])
        #expect(found.positions[1].quantity == qty("0.12345678"))
    }

    @Test("cursors that run in a circle, too many pages, a page without its end: no read, not a short one")
    func circles() async throws {
        func fault(_ path: String, _ answers: [(Int, String)], pages: Int = 200) async throws -> String? {
            var all = try Desk.answers()
            all[path] = answers
            all["/data/orders?next_cursor=AAA"] = [(200, Desk.page("", next: "BBB"))]
            all["/data/orders?next_cursor=BBB"] = [(200, Desk.page("", next: "AAA"))]
            let channel = ScriptedChannel(all)
            let account = try Desk.account(channel, pages: pages)
            let found = await code { _ = try await account.snapshot(since: Desk.since, now: Desk.since) }
            // A circle is seen when it closes, not when patience ends.
            #expect(channel.paths.count <= 5)
            return found
        }
        #expect(try await fault(Desk.orders, [(200, Desk.page("", next: "MA=="))]) == "E_WIRE_POLYMARKET_PAGES")
        #expect(try await fault(Desk.orders, [(200, Desk.page("", next: "AAA"))]) == "E_WIRE_POLYMARKET_PAGES")
        #expect(
            try await fault(Desk.orders, [(200, Desk.page("", next: "AAA"))], pages: 1) == "E_WIRE_POLYMARKET_PAGES")
        #expect(try await fault(Desk.orders, [(200, "{\"data\":[]}")]) == "E_WIRE_POLYMARKET_MISSING")
        #expect(try await fault(Desk.orders, [(200, "[]")]) == "E_WIRE_POLYMARKET_FIELD")
        let endless = Desk.index("", next: "x")
        #expect(try await fault(Desk.positions("OPEN"), [(200, endless)]) == "E_NET_CLOSED")
        let hidden = "{\"data\":[],\"pagination\":{\"has_more\":true}}"
        #expect(try await fault(Desk.positions("OPEN"), [(200, hidden)]) == "E_WIRE_POLYMARKET_MISSING")
        #expect(try await fault(Desk.positions("OPEN"), [(200, "{\"data\":[]}")]) == "E_WIRE_POLYMARKET_MISSING")
    }

    @Test(
        "any read that fails fails the snapshot, with what it was",
        arguments: [
            (401, "{\"error\":\"Unauthorized/Invalid api key\"}", "E_AUTH_REFUSED"),
            (403, "{\"error\":\"Trading restricted in your region\"}", "E_AUTH_REFUSED"),
            (429, "{}", "E_EXEC_THROTTLED"), (500, "x", "E_NET_STATUS"), (404, "{}", "E_NET_STATUS"),
            (200, "<html>", "E_WIRE_JSON_SYNTAX"), (200, "{\"a\":1,\"a\":2}", "E_WIRE_POLYMARKET_DUPLICATE"),
        ] as [(Int, String, String)])
    func failures(status: Int, body: String, wanted: String) async throws {
        for path in try Desk.answers().keys {
            var answers = try Desk.answers()
            answers[path] = [(status, body)]
            let account = try Desk.account(ScriptedChannel(answers))
            let found = await code { _ = try await account.snapshot(since: Desk.since, now: Desk.since) }
            #expect(found == wanted, "\(path)")
            answers[path] = []
            let cut = try Desk.account(ScriptedChannel(answers))
            #expect(
                await code { _ = try await cut.snapshot(since: Desk.since, now: Desk.since) } == "E_NET_CLOSED")
        }
    }

    @Test("rows of another account are refused: nothing is read rather than something wrong")
    func foreign() async throws {
        for (path, row) in [
            (Desk.orders, Desk.page(Desk.order(owner: "someone"))),
            (Desk.trades, Desk.page(Desk.trade(owner: "someone"))),
            (
                try Desk.positions("OPEN"),
                Desk.index(
                    "{\"proxy_wallet\":\"0xother\",\"token_id\":\"1\",\"condition_id\":\"c\",\"current_size\":1}")
            ),
        ] {
            var answers = try Desk.answers()
            answers[path] = [(200, row)]
            let account = try Desk.account(ScriptedChannel(answers))
            #expect(
                await code { _ = try await account.snapshot(since: Desk.since, now: Desk.since) }
                    == "E_WIRE_POLYMARKET_FIELD")
        }
    }

    @Test("the venue's state: version, clock, closed-only, region; a token's balance; the cache renewed")
    func state() async throws {
        let account = try Desk.account(
            ScriptedChannel([
                "/version": [(200, "{\"version\":2}")], "/time": [(200, "1795132800")],
                "/auth/ban-status/closed-only": [(200, "{\"closed_only\":true}")],
                "/api/geoblock": [(200, "{\"blocked\":true,\"ip\":\"1.2.3.4\",\"country\":\"US\",\"region\":\"NY\"}")],
                Desk.token: [(200, "{\"balance\":\"21040000\",\"allowances\":{}}")],
                Desk.token.replacingOccurrences(of: "/balance-allowance", with: "/balance-allowance/update"): [
                    (200, "")
                ],
            ]))
        #expect(try await account.version() == 2)
        #expect(try await account.time() == Desk.since)
        #expect(try await account.isClosedOnly())
        #expect(try await account.geoblock() == "US NY")
        #expect(try await account.balance(of: GatewayHarness.yesToken) == qty("21.04"))
        try await account.refreshBalance(of: GatewayHarness.yesToken)
        #expect(await code { try await account.refreshBalance() } == "E_NET_CLOSED")
    }

    @Test(
        "the real order lists of a full and of a partial fill, with and without knowing the order",
        .enabled(if: RealOrders.areThere))
    func real() async throws {
        for (name, cumQty, standing) in [
            ("poly_order_status_full_real", "5", OrderSummary.Standing.filled),
            ("poly_order_status_partial_real", "5", .cancelled),
        ] {
            let response = try RealOrders.object(name).object("response")
            let parsed = response.object("body_parsed")
            let id = OrderID(parsed.text("id")), market = parsed.text("market")
            let shares = qty(parsed.text("original_size"))
            let order = NewOrder(
                clOrdID: ClOrdID(high: 1, low: 2), instrument: InstrumentID(0), outcome: .yes, side: .buy,
                orderQty: shares, price: try Price(decimal: "0.53"), timeInForce: .ioc)
            let known = try #require(
                KnownOrder(
                    SentOrder(
                        order: order, orderID: id,
                        amounts: Amounts(
                            maker: BaseUnits(rawValue: 2_650_000),
                            taker: BaseUnits(rawValue: UInt64(shares.rawValue / 100))),
                        signed: MonotonicNanos(rawValue: 0))))
            // The recording's owner is blanked.
            let body = response.text("body_raw").replacingOccurrences(
                of: "00000000-0000-0000-0000-000000000000", with: Desk.apiKey)
            let channel = ScriptedChannel([
                "/data/order/\(id)": [(200, body)],
                Desk.trades + "&market=\(market)": [(200, Desk.page(""))],
            ])
            let account = try Desk.account(channel, known: { $0 == id ? known : nil })
            let found = try await account.find(id, market: market, sent: Desk.since)
            #expect(found.order?.summary.standing == standing && found.order?.summary.cumQty == qty(cumQty))
            #expect(found.order?.clOrdID == order.clOrdID && !found.isAbsent)
            // Not knowing the order it cannot be told shares from a budget: nothing is said of sums.
            let blind = try await Desk.account(channel).find(id, market: market, sent: Desk.since)
            #expect(blind.order?.summary.cumQty == nil && blind.order?.orderQty == nil)
        }
    }
}

@Suite("Account: an order of unknown outcome")
struct AccountEvidenceTests {
    private let id = OrderID(Desk.hash)
    private let path = "/data/order/\(Desk.hash)"
    private let trades = Desk.trades + "&market=\(Desk.market)"

    private func find(_ order: (Int, String), _ page: String) async throws -> OrderFinding {
        let account = try Desk.account(ScriptedChannel([path: [order], trades: [(200, page)]]))
        return try await account.find(id, market: Desk.market, sent: Desk.since)
    }

    @Test("found by its hash, by its trades, by both, or not at all")
    func finds() async throws {
        let none = try await find((404, "{\"error\":\"not found\"}"), Desk.page(""))
        #expect(none.isAbsent && none.events.isEmpty)
        #expect(try await find((200, "null"), Desk.page("")).isAbsent)
        let other = Desk.trade("T9").replacingOccurrences(of: Desk.hash, with: "0xother")
        #expect(try await find((200, "null"), Desk.page(other)).isAbsent)
        let filled = try await find((404, "{}"), Desk.page(Desk.trade()))
        #expect(!filled.isAbsent && filled.fills.count == 1)
        let resting = try await find((200, Desk.order()), Desk.page(""))
        #expect(resting.order?.summary.standing == .working && resting.events.count == 1)
    }

    @Test("a FAK buy that is done for a budget: its trades say for how much, where all of them are there")
    func sums() async throws {
        let done = Desk.order(
            status: "MATCHED", original: "11.78", matched: "5.60", type: "FAK", trades: "[\"T1\",\"T2\"]")
        let both = try await find(
            (200, done), Desk.page(Desk.trade("T1", size: "4") + "," + Desk.trade("T2", size: "6")))
        #expect(both.order?.summary.standing == .cancelled)
        #expect(both.order?.summary.cumQty == (try? Quantity(decimal: "10")))
        let one = try await find((200, done), Desk.page(Desk.trade("T1", size: "4")))
        #expect(one.order?.summary.standing == .working && one.order?.summary.cumQty == nil)
    }

    @Test("an order of another name or account is no answer")
    func wrong() async throws {
        for text in [Desk.order("0xother"), Desk.order(owner: "someone")] {
            #expect(await code { _ = try await find((200, text), Desk.page("")) } == "E_WIRE_POLYMARKET_FIELD")
        }
        #expect(await code { _ = try await find((500, "x"), Desk.page("")) } == "E_NET_STATUS")
    }

    private func at(_ seconds: Int64) -> MonotonicNanos { MonotonicNanos(rawValue: seconds * 1_000_000_000) }
    private let absent = OrderFinding(order: nil, fills: [])

    @Test("it cannot enter any more when all four conditions are shown late enough; each missing one is named")
    func deadAfter() {
        for left in DeadAfter.Condition.allCases {
            var question = DeadAfter(sent: at(100), takerDelay: .seconds(3))
            #expect(question.verdict(at: at(162)) == .wait(until: at(163)))
            if left != .connection { question.connectionEnded() }
            if left == .order || left == .trades {
                // Both are asked for together: a look too early shows neither.
                question.looked(absent, asked: at(162))
            } else {
                question.looked(absent, asked: at(163))
            }
            question.balanceRead(isExplained: true, asked: at(left == .balance ? 162 : 163))
            let missing: [DeadAfter.Condition] = left == .order || left == .trades ? [.order, .trades] : [left]
            #expect(question.verdict(at: at(200)) == .missing(missing))
        }
        var whole = DeadAfter(sent: at(100), takerDelay: .zero)
        whole.looked(absent, asked: at(160))
        whole.balanceRead(isExplained: true, asked: at(160))
        #expect(whole.verdict(at: at(160)) == .missing([.connection]))
        whole.connectionEnded()
        guard case .cannotEnter(let words) = whole.verdict(at: at(160)) else {
            Issue.record("all conditions are shown")
            return
        }
        #expect(words.contains("60 s"))
    }

    @Test("one find ends the question for good; a balance that is not explained opens it again")
    func reopened() async throws {
        var question = DeadAfter(sent: at(0), takerDelay: .zero)
        question.connectionEnded()
        question.looked(absent, asked: at(61))
        question.balanceRead(isExplained: true, asked: at(61))
        question.balanceRead(isExplained: false, asked: at(62))
        #expect(question.verdict(at: at(63)) == .missing([.balance]))
        question.balanceRead(isExplained: true, asked: at(63))
        guard case .cannotEnter = question.verdict(at: at(63)) else {
            Issue.record("explained again")
            return
        }
        question.looked(try await find((200, Desk.order()), Desk.page("")), asked: at(5))
        #expect(question.verdict(at: at(1)) == .entered && question.verdict(at: at(99)) == .entered)
    }
}

@Suite("Account: keys")
struct AccountKeysTests {
    private let now = UTCNanos(rawValue: 1_795_132_800_000_000_000)
    private let issued =
        "{\"apiKey\":\"11111111-2222-3333-4444-555555555555\",\"secret\":\"c2VjcmV0\",\"passphrase\":\"c0ffee\"}"

    private func desk(_ channel: ScriptedChannel) -> ApiKeyDesk {
        ApiKeyDesk(base: "https://clob.test", channel: channel, userAgent: "arb")
    }

    @Test("keys that there are are derived; where there are none they are made; both are signed by the wallet")
    func derive() async throws {
        let key = try Samples.key()
        let there = ScriptedChannel(["/auth/derive-api-key": [(200, issued)]])
        let keys = try await desk(there).keys(of: key, at: now)
        #expect(keys.apiKey == "11111111-2222-3333-4444-555555555555")
        #expect(throws: Never.self) { try keys.credentials(of: key.address) }
        #expect(there.paths == ["GET https://clob.test/auth/derive-api-key"])
        let headers = there.asked.withLock { $0[0].headers }
        let login = try Auth.loginHeaders(key: key, at: now)
        #expect(login.allSatisfy { wanted in headers.contains { $0 == wanted } })
        let none = ScriptedChannel([
            "/auth/derive-api-key": [(400, "{\"error\":\"Could not derive api key!\"}")],
            "/auth/api-key": [(200, issued)],
        ])
        _ = try await desk(none).keys(of: key, at: now)
        #expect(none.paths.last == "POST https://clob.test/auth/api-key")
        #expect(!"\(keys)".contains("c2VjcmV0") && !"\(keys)".contains("c0ffee"))
    }

    @Test("refusals, silence and nonsense have codes of their own")
    func refused() async throws {
        let key = try Samples.key()
        for (answers, wanted) in [
            ([:], "E_NET_CLOSED"),
            (["/auth/derive-api-key": [(401, "{\"error\":\"Invalid L1 Request headers\"}")]], "E_AUTH_API_KEYS"),
            (["/auth/derive-api-key": [(503, "x")]], "E_NET_STATUS"),
            (["/auth/derive-api-key": [(200, "{}")]], "E_WIRE_POLYMARKET_MISSING"),
            (["/auth/derive-api-key": [(200, "<html>")]], "E_WIRE_JSON_SYNTAX"),
            (
                [
                    "/auth/derive-api-key": [(400, "{\"error\":\"Could not derive api key!\"}")],
                    "/auth/api-key": [(400, "{\"error\":\"Could not create api key\"}")],
                ], "E_AUTH_API_KEYS"
            ),
        ] as [([String: [(Int, String)]], String)] {
            #expect(await code { _ = try await desk(ScriptedChannel(answers)).keys(of: key, at: now) } == wanted)
        }
    }

    @Test("key file and wallet of a configuration: what does not fit together is named")
    func configuration() throws {
        let place = try Workplace()
        let text = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80\n"
        let file = try place.write("key", text)
        let open = try place.write("open", text, mode: 0o644)
        let key = try Samples.key()
        func load(_ path: String, _ funder: String?, _ type: UInt8) -> SigningFault.Kind? {
            do throws(SigningFault) {
                _ = try TradingAccount.load(keyFile: path, funder: funder, signatureType: type)
                return nil
            } catch { return error.kind }
        }
        #expect(load(file, nil, 0) == nil && load(file, key.address.checksummed, 0) == nil)
        let safe = try #require(Wallet.derived(.safe, of: key.address).first)
        #expect(load(file, safe.checksummed, 2) == nil)
        #expect(load(file, safe.checksummed, 1) == .funder && load(file, safe.checksummed, 0) == .funder)
        #expect(load(file, nil, 2) == .funder && load(file, nil, 7) == .funder)
        #expect(load(file, "0x12", 2) == .address)
        #expect(load(open, nil, 0) == .permissions)
        #expect(load(place.path("none"), nil, 0) == .unreadable)
    }
}
