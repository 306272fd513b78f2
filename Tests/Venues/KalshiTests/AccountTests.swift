import Codec
import Foundation
import Signing
import Synchronization
import Testing
import Trading

@testable import Kalshi

/// Answers by path, in order; remembers what was asked.
final class ScriptedChannel: AccountChannel {
    private let state = Mutex<(answers: [String: [(Int, String, String?)]], asked: [AccountRequest])>(([:], []))

    var asked: [AccountRequest] { state.withLock { $0.asked } }
    func answer(_ path: String, _ status: Int, _ body: String, fault: String? = nil) {
        state.withLock { $0.answers[path, default: []].append((status, body, fault)) }
    }

    private func next(_ request: AccountRequest) -> (Int, String, String?) {
        state.withLock { state in
            state.asked.append(request)
            let known = state.answers.keys.filter { request.url.contains($0) }
            guard let key = known.max(by: { $0.count < $1.count }), let found = state.answers[key]?.first else {
                return (404, "{}", "E_NET_CONNECT")
            }
            if (state.answers[key]?.count ?? 0) > 1 { state.answers[key]?.removeFirst() }
            return found
        }
    }

    func perform(_ request: AccountRequest) async -> RestAnswer {
        let (status, body, fault) = next(request)
        return RestAnswer(
            request: RestRequest(tag: 0, venue: .kalshi, service: "rest", path: request.url), status: status,
            contentType: "application/json", body: Array(body.utf8), fetchedAt: TestClock.start, fault: fault)
    }
}

@Suite("Account")
struct AccountTests {
    let channel = ScriptedChannel()
    let account: Account
    let verifier: VerifyingKey

    init() throws {
        let key = try SigningKey(generating: .ed25519)
        verifier = try VerifyingKey(pem: key.publicPEM)
        var settings = AccountSettings()
        settings.restURL = "https://localhost/trade-api/v2"
        settings.pagesMax = 5
        account = Account(
            auth: Auth(keyID: "id", key: key), channel: channel, clock: TestClock(), settings: settings)
    }

    private func sample(_ name: String) throws -> String {
        String(decoding: try OrderSamples.named(name).answer, as: UTF8.self)
    }

    private func row(
        _ id: String, _ status: String = "resting", client: String? = nil, count: String = "10.00",
        outcome: String = "yes", price: String = "0.4400"
    ) -> String {
        let name = client.map { #","client_order_id":"\#($0)""# } ?? ""
        return #"{"order_id":"\#(id)","ticker":"KXA","status":"\#(status)","outcome_side":"\#(outcome)","#
            + #""yes_price_dollars":"\#(price)","fill_count_fp":"0.00","remaining_count_fp":"0.00","#
            + #""initial_count_fp":"\#(count)"\#(name)}"#
    }

    private func whole() throws {
        channel.answer("status=resting", 200, try sample("orders_list"))
        channel.answer("status=executed", 200, #"{"orders":[\#(row("e", "executed", count: "0.00"))],"cursor":null}"#)
        channel.answer("status=canceled", 200, #"{"orders":[]}"#)
        channel.answer("/portfolio/fills", 200, try sample("fills"))
        channel.answer("/portfolio/positions", 200, try sample("positions"))
        channel.answer("/portfolio/balance", 200, try sample("balance"))
    }

    private func code(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch { return (error as? AccountFault)?.code }
    }

    @Test("a snapshot has everything, each read signed for its own path")
    func snapshot() async throws {
        try whole()
        let since = UTCNanos(rawValue: 1_795_200_000_900_000_000)
        let snapshot = try await account.snapshot(since: since, now: TestClock.start)
        #expect(snapshot.openOrders.map(\.orderID.text) == [OrderSamples.orderID] && snapshot.asOf == TestClock.start)
        #expect(snapshot.openOrders[0].clOrdID == ClOrdID("7b0f5f0e-0000-4000-8000-000000000001"))
        #expect(snapshot.doneOrders.map(\.orderID.text) == ["e"])
        #expect(try snapshot.fills.map(\.fill.lastPx) == [price("0.44")])
        #expect(try snapshot.positions.map(\.quantity) == [quantity("4")])
        #expect(snapshot.balances.map(\.exchangeIndex) == [0, 2])
        #expect(try snapshot.balances[1].cash == money("48"))
        for request in channel.asked {
            #expect(request.method == "GET" && request.url.contains("subaccount=0"))
            let path = try #require(request.url.dropFirst("https://localhost".count).split(separator: "?").first)
            let headers = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name, $0.value) })
            let signature = try #require(Base64.decode(headers["KALSHI-ACCESS-SIGNATURE"] ?? ""))
            #expect(verifier.verifies(signature, of: (headers["KALSHI-ACCESS-TIMESTAMP"] ?? "") + "GET" + path))
        }
        #expect(channel.asked.contains { $0.url.contains("status=executed&min_ts=1795200000&") })
        #expect(channel.asked.contains { $0.url.contains("/portfolio/fills?min_ts=1795200000&") })
    }

    @Test("an order that ended between two lists is done, not open")
    func moved() async throws {
        try whole()
        channel.answer("status=canceled", 200, "")
        let moving = ScriptedChannel()
        for (path, body) in [
            ("status=resting", #"{"orders":[\#(row("a")),\#(row("b"))]}"#),
            ("status=executed", #"{"orders":[\#(row("b", "executed"))]}"#), ("status=canceled", #"{"orders":[]}"#),
            ("/portfolio/fills", #"{"fills":[]}"#), ("/portfolio/positions", #"{"market_positions":[]}"#),
            ("/portfolio/balance", #"{"balance_dollars":"1.0000"}"#),
        ] { moving.answer(path, 200, body) }
        let reader = Account(
            auth: Auth(keyID: "id", key: try SigningKey(generating: .ed25519)), channel: moving, clock: TestClock(),
            settings: AccountSettings())
        let snapshot = try await reader.snapshot(since: TestClock.start, now: TestClock.start)
        #expect(snapshot.openOrders.map(\.orderID.text) == ["a"] && snapshot.doneOrders.map(\.orderID.text) == ["b"])
        #expect(
            snapshot.balances == [
                VenueBalance(venue: .kalshi, exchangeIndex: nil, cash: try money("1"), currency: .usd)
            ])
    }

    @Test("pages are read to the end; rows that two pages share count once; cursors are escaped")
    func pages() async throws {
        channel.answer("ticker=KXA", 200, #"{"orders":[\#(row("a")),\#(row("b"))],"cursor":"x+/="}"#)
        channel.answer("cursor=x%2B%2F%3D", 200, #"{"orders":[\#(row("b")),\#(row("c"))],"cursor":""}"#)
        let orders = try await account.orders(of: "KXA", since: TestClock.start)
        #expect(orders.map(\.orderID.text) == ["a", "b", "c"])
        #expect(channel.asked.last?.url.hasSuffix("&limit=100&cursor=x%2B%2F%3D") == true)
    }

    @Test("a cursor that comes back, and a list without end, are errors")
    func loops() async throws {
        channel.answer("ticker=KXA", 200, #"{"orders":[\#(row("a"))],"cursor":"x"}"#)
        #expect(await code { _ = try await account.orders(of: "KXA", since: TestClock.start) } == "E_WIRE_KALSHI_PAGES")
        #expect(channel.asked.count == 2, "the first page's cursor came back with the second")
        for index in 0..<9 { channel.answer("ticker=KXB", 200, #"{"orders":[],"cursor":"c\#(index)"}"#) }
        #expect(await code { _ = try await account.orders(of: "KXB", since: TestClock.start) } == "E_WIRE_KALSHI_PAGES")
        #expect(channel.asked.filter { $0.url.contains("KXB") }.count == 5)
    }

    @Test(
        "a half-read account is none: whichever read fails, everything throws",
        arguments: [
            "status=resting", "status=executed", "status=canceled", "/portfolio/fills", "/portfolio/positions",
            "/portfolio/balance",
        ])
    func half(path: String) async throws {
        for (status, body, fault, expected) in [
            (0, "", "E_NET_TIMEOUT", "E_NET_TIMEOUT"), (500, "", nil, "E_NET_STATUS"),
            (401, #"{"error":{"code":"authentication_error"}}"#, nil, "E_AUTH_REFUSED"),
            (429, #"{"error":"too many requests"}"#, nil, "E_EXEC_THROTTLED"),
            (200, "<html>", nil, "E_WIRE_JSON_SYNTAX"),
            (200, "{}", nil, nil), (200, #"{"error":{"code":"x"}}"#, nil, "E_NET_STATUS"),
        ] as [(Int, String, String?, String?)] {
            let channel = ScriptedChannel()
            channel.answer("status=", 200, #"{"orders":[]}"#)
            channel.answer("/portfolio/fills", 200, #"{"fills":[]}"#)
            channel.answer("/portfolio/positions", 200, #"{"market_positions":[]}"#)
            channel.answer("/portfolio/balance", 200, #"{"balance_dollars":"1.0000"}"#)
            let longer = path.hasPrefix("/") ? path + "?" : path
            channel.answer(longer, status, body, fault: fault)
            let reader = Account(
                auth: Auth(keyID: "id", key: try SigningKey(generating: .ed25519)), channel: channel,
                clock: TestClock(), settings: AccountSettings())
            let found = await code { _ = try await reader.snapshot(since: TestClock.start, now: TestClock.start) }
            if let expected {
                #expect(found == expected, "\(status) \(body)")
            } else {
                #expect(found == "E_WIRE_KALSHI_MISSING")
            }
        }
    }

    @Test("limits, costs, freshness, groups, settlements, one order")
    func rest() async throws {
        channel.answer("/account/limits", 200, try sample("account_limits"))
        #expect(try await account.limits().write == AccountLimits.Bucket(refill: 300, capacity: 900))
        channel.answer(
            "/account/endpoint_costs", 200,
            #"{"default_cost":10,"endpoint_costs":[{"method":"DELETE","path":"/a/:id","cost":2}]}"#)
        let costs = try await account.costs()
        #expect(costs("DELETE", "/a/:id") == 2 && costs("POST", "/a/:id") == 10)
        channel.answer("user_data_timestamp", 200, #"{"as_of_time":"2026-11-21T00:00:00Z"}"#)
        #expect(try await account.userDataTimestamp() == UTCNanos(rfc3339: "2026-11-21T00:00:00Z"))
        channel.answer(
            "/portfolio/order_groups", 200, #"{"order_groups":[{"id":"g","is_auto_cancel_enabled":true}]}"#)
        #expect(try await account.groups().map(\.id.text) == ["g"])
        channel.answer("/portfolio/settlements", 200, try sample("settlements"))
        #expect(try await account.settlements(since: TestClock.start).map(\.revenue) == [money("4")])
        channel.answer("/portfolio/orders/", 200, try sample("order_get"))
        let found = try await account.order(OrderID(OrderSamples.orderID))
        #expect(try found?.summary.avgPx == price("0.44") && found?.summary.standing == .cancelled)
        let none = ScriptedChannel()
        none.answer("/portfolio/orders/", 404, #"{"error":{"code":"not_found"}}"#)
        let other = Account(
            auth: Auth(keyID: "id", key: try SigningKey(generating: .ed25519)), channel: none, clock: TestClock(),
            settings: AccountSettings())
        #expect(try await other.order(OrderID("a")) == nil)
        #expect(
            await code { _ = try await account.orders(of: "KX A", since: TestClock.start) } == "E_WIRE_KALSHI_FIELD")
    }

    @Test("an order is found by our name for it, with its tombstone beside it")
    func find() async throws {
        let name = "7b0f5f0e-0000-4000-8000-000000000001"
        channel.answer(
            "ticker=KXA", 200,
            #"{"orders":[\#(row("a", client: name)),\#(row("b", client: "other")),\#(row("c")),\#(row("d", client: name.uppercased()))]}"#
        )
        let found = try await account.find(try #require(ClOrdID(name)), ticker: "KXA", since: TestClock.start)
        #expect(found.map(\.orderID.text) == ["a", "d"])
    }
}

@Suite("Tombstone")
struct TombstoneTests {
    private let sentAt = MonotonicNanos(rawValue: 1_000)

    private func original(_ lifetime: TimeInForce = .ioc, at text: String = "0.44", count: String = "10") throws
        -> NewOrder
    {
        NewOrder(
            clOrdID: ClOrdID(prefix: 1, run: 1, sequence: 1), instrument: InstrumentID(0), outcome: .no, side: .buy,
            orderQty: try quantity(count), price: try price(text), timeInForce: lifetime)
    }

    private func tombstone(
        _ original: NewOrder, age: Nanoseconds = .seconds(1), maxAge: Nanoseconds = .seconds(60)
    ) throws(Tombstone.Refusal) -> NewOrder {
        guard let grid = try? TickGrid(step: .cent) else { throw .indistinct }
        return try Tombstone.order(
            for: original, sentAt: sentAt, now: sentAt + age, maxAge: maxAge, grid: grid,
            lot: Quantity(rawValue: 1_000_000))
    }

    @Test("it is the smallest order at the lowest tick, IOC, under the original's name")
    func order() throws {
        let stone = try tombstone(original())
        #expect(stone.clOrdID == (try original()).clOrdID && stone.purpose == .tombstone && stone.timeInForce == .ioc)
        #expect(try stone.orderQty == quantity("0.01") && stone.price == price("0.01") && stone.outcome == .yes)
    }

    @Test("there is none when it is off, too late, of a resting order, or when it would be the original itself")
    func refusals() throws {
        #expect(throws: Tombstone.Refusal.off) { try tombstone(original(), maxAge: .zero) }
        #expect(throws: Tombstone.Refusal.tooOld) { try tombstone(original(), age: .seconds(61)) }
        #expect(throws: Tombstone.Refusal.mayRest) { try tombstone(original(.gtc)) }
        var same = try original(count: "0.01")
        (same.outcome, same.price) = (.yes, try price("0.01"))
        #expect(throws: Tombstone.Refusal.indistinct) { try tombstone(same) }
        (same.outcome, same.side, same.price) = (.no, .sell, try price("0.99"))
        #expect(throws: Tombstone.Refusal.indistinct) { try tombstone(same) }
    }

    private func row(_ order: NewOrder, _ id: String, count: Quantity? = nil, price other: Price? = nil) throws
        -> VenueOrder
    {
        let leg = try #require(Wire.YesLeg(order.outcome, order.side, other ?? order.price))
        let outcome: Outcome = leg.side == .bid ? .yes : .no
        return VenueOrder(
            orderID: OrderID(id), clOrdID: order.clOrdID, symbol: "KXA", outcome: outcome, side: .buy,
            price: try #require(outcome == .yes ? leg.price : leg.price.complement), orderQty: count ?? order.orderQty,
            summary: OrderSummary(standing: .cancelled, cumQty: .zero, leavesQty: .zero), createdAt: nil)
    }

    @Test("listed: the original is adopted, the tombstone alone proves it dead, neither proves nothing")
    func findings() throws {
        let order = try original()
        let stone = try tombstone(order)
        let (first, second) = (try row(order, "original"), try row(stone, "stone"))
        func finding(_ rows: [VenueOrder]) -> Tombstone.Finding {
            Tombstone.finding(rows, original: order, tombstone: stone)
        }
        #expect(finding([first]) == .adopt(first) && finding([second, first]) == .adopt(first))
        #expect(finding([second]) == .cannotEnter)
        #expect(finding([]) == .unknown)
        #expect(finding([try row(order, "x", count: quantity("3"))]) == .unknown)
        #expect(finding([second, try row(order, "x", price: price("0.45"))]) == .unknown)
        var sold = order
        (sold.outcome, sold.side, sold.price) = (.yes, .sell, try price("0.56"))
        #expect(Tombstone.finding([first], original: sold, tombstone: stone) == .adopt(first), "told as a buy of NO")
    }
}
