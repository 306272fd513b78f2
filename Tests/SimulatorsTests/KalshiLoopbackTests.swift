import Codec
import Foundation
import Glibc
import Signing
import Synchronization
import Testing
import Threading
import Trading
import Transport

@testable import Simulators

/// Serial: two cores, real time.
@Suite("Kalshi's trading half over TLS", .serialized)
final class KalshiLoopbackTests {
    private let folder: String
    private let key: SigningKey
    private let authority: ThrowawayCA
    private let venues: LoopbackVenues
    private let client: HTTPClient
    private static let orders = "/portfolio/events/orders"

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "arb-kalshi-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        authority = try ThrowawayCA(folder: folder)
        let key = try SigningKey(generating: .rsa)
        self.key = key
        var market = SimWorld.Settings()
        market.pairs = 2
        market.isSteady = true
        market.plants = false
        market.rate = 20
        var trading = LoopbackVenues.Trading()
        trading.ledgerPath = folder + "/orders.ndjson"
        trading.kalshi = { world in
            var settings = KalshiTradingSettings()
            settings.keys = [KalshiTradingSettings.Key(id: "ours", publicPEM: key.publicPEM)]
            return KalshiTrading(world.pairs, settings)
        }
        venues = try LoopbackVenues(market, authority: authority, publicKey: key.publicPEM, trading: trading)
        client = HTTPClient(userAgent: "arb/test", loopbackAuthority: authority.authority)
    }

    deinit {
        client.close()
        _ = venues.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func headers(_ method: String, _ target: String) throws -> [(name: String, value: String)] {
        let stamp = String(NanoClock.utc().rawValue / 1_000_000)
        let signature = try key.sign(stamp + method + String(target.prefix { $0 != "?" }))
        return [
            ("Content-Type", "application/json"), ("KALSHI-ACCESS-KEY", "ours"), ("KALSHI-ACCESS-TIMESTAMP", stamp),
            ("KALSHI-ACCESS-SIGNATURE", Base64.encode(signature)),
        ]
    }

    private struct Reply: Sendable {
        let status: Int
        let body: [UInt8]
        var object: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:]
        }
    }

    /// When something happened, told between threads.
    private final class Moment: Sendable {
        let at = Mutex<Int64>(0)
        func set() { at.withLock { $0 = NanoClock.monotonic().rawValue } }
        var value: Int64 { at.withLock { $0 } }
    }

    private func request(_ method: String, _ path: String, _ body: String, _ timeout: Nanoseconds) throws -> HTTPRequest
    {
        let target = "/trade-api/v2" + path
        return HTTPRequest(
            "https://127.0.0.1:\(venues.kalshiPort)" + target, method: method, headers: try headers(method, target),
            body: Array(body.utf8), timeout: timeout)
    }

    private func ask(
        _ method: String, _ path: String, _ body: String = "", timeout: Nanoseconds = .seconds(5)
    ) async throws -> Reply {
        // A connection of its own: libcurl asks again by itself when one that it used before is reset.
        let client = HTTPClient(userAgent: "arb/test", loopbackAuthority: authority.authority)
        defer { client.close() }
        let answer = try await client.response(to: request(method, path, body, timeout)).get()
        return Reply(status: answer.status, body: answer.body)
    }

    private func order(_ id: String, price: String, count: String = "2.00", isImmediate: Bool = true) -> String {
        let life = isImmediate ? "immediate_or_cancel" : "good_till_canceled"
        return
            #"{"ticker":"KXSIM-26DEC31-P0","client_order_id":"\#(id)","side":"bid","count":"\#(count)","price":"\#(price)","time_in_force":"\#(life)","self_trade_prevention_type":"taker_at_cross","exchange_index":0}"#
    }

    /// A stream with market data and all private channels.
    private func stream() throws -> WebSocketLink {
        let link = try WebSocketLink(
            url: "wss://127.0.0.1:\(venues.kalshiPort)/trade-api/ws/v2",
            headers: headers("GET", "/trade-api/ws/v2"), context: TLSContext(loopbackAuthority: authority.authority),
            deadline: NanoClock.monotonic() + .seconds(5), seed: 1)
        let channels = #"["orderbook_delta","fill","user_orders","market_positions","order_group_updates"]"#
        try link.send(
            Array(
                #"{"id":1,"cmd":"subscribe","params":{"channels":\#(channels),"market_tickers":["KXSIM-26DEC31-P0"],"use_yes_price":true}}"#
                    .utf8))
        return link
    }

    /// Messages until one satisfies `isLast`, at most five seconds.
    private func messages(_ link: WebSocketLink, until isLast: ([String: Any]) -> Bool) throws -> [[String: Any]] {
        var all: [[String: Any]] = []
        let until = NanoClock.monotonic() + .seconds(5)
        while NanoClock.monotonic() < until {
            guard case .message(let bytes)? = try link.next(now: NanoClock.monotonic()) else { continue }
            let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] ?? [:]
            all.append(object)
            if isLast(object) { break }
        }
        return all
    }

    @Test("signed orders, cancels and reads go through, and market data and the private channels tell of them")
    func wholeWay() async throws {
        let link = try stream()
        _ = try messages(link) { $0["type"] as? String == "orderbook_snapshot" }
        let placed = try await ask("POST", Self.orders, order("one", price: "0.9900"))
        #expect(placed.status == 201 && placed.object["fill_count"] as? String == "2.00", "\(placed)")
        let heard = try messages(link) { ($0["msg"] as? [String: Any])?["status"] as? String == "executed" }
        let types = Set(heard.compactMap { $0["type"] as? String })
        #expect(types.isSuperset(of: ["fill", "user_order", "market_position", "orderbook_delta"]), "\(types)")
        let fill = heard.first { $0["type"] as? String == "fill" }?["msg"] as? [String: Any] ?? [:]
        #expect(fill["client_order_id"] as? String == "one" && fill["count_fp"] as? String == "2.00")
        #expect(fill["order_id"] as? String == placed.object["order_id"] as? String)
        let resting = try await ask("POST", Self.orders, order("two", price: "0.0100", isImmediate: false))
        #expect(resting.object["remaining_count"] as? String == "2.00")
        let id = try #require(resting.object["order_id"] as? String)
        let listed = try await ask("GET", "/portfolio/orders?ticker=KXSIM-26DEC31-P0&status=resting")
        #expect(
            (listed.object["orders"] as? [[String: Any]])?.compactMap { $0["client_order_id"] as? String } == ["two"])
        #expect(try await ask("DELETE", Self.orders + "/\(id)?market_ticker=KXSIM-26DEC31-P0").status == 200)
        let batch = try await ask("DELETE", Self.orders + "/batched", #"{"orders":[{"order_id":"\#(id)"}]}"#)
        #expect(batch.status == 200, "a body with DELETE")
        #expect(try await ask("DELETE", Self.orders).status == 204)
        let group = try await ask("POST", "/portfolio/order_groups/create", #"{"contracts_limit":5}"#)
        let name = try #require(group.object["order_group_id"] as? String)
        #expect(try await ask("PUT", "/portfolio/order_groups/\(name)/trigger", "{}").status == 200)
        let told = try messages(link) {
            ($0["msg"] as? [String: Any])?["event_type"] as? String == "triggered"
        }.filter { $0["type"] as? String == "order_group_updates" }
        #expect(told.compactMap { $0["seq"] as? Int } == [1, 2])
        link.close()
        let truth = try String(contentsOfFile: folder + "/orders.ndjson", encoding: .utf8).split(separator: "\n")
        #expect(
            truth.count == venues.truth.count
                && truth.allSatisfy { $0.hasPrefix("{\"schema\":\"arb.sim-order-truth/1\"") })
    }

    @Test("the answer and the stream come in either order")
    func eitherOrder() throws {
        let link = try stream()
        _ = try messages(link) { $0["type"] as? String == "orderbook_snapshot" }
        var streamFirst = 0
        let count = 24
        for index in 0..<count {
            let answered = Moment()
            let heard = Moment()
            let body = self.order("r\(index)", price: "0.0100")
            client.send(try request("POST", Self.orders, body, .seconds(5))) { _ in answered.set() }
            _ = try messages(link) { message in
                guard (message["msg"] as? [String: Any])?["client_order_id"] as? String == "r\(index)" else {
                    return false
                }
                heard.set()
                return true
            }
            let until = NanoClock.monotonic() + .seconds(3)
            while answered.value == 0, NanoClock.monotonic() < until { _ = sched_yield() }
            #expect(heard.value > 0 && answered.value > 0)
            if heard.value < answered.value { streamFirst += 1 }
        }
        #expect(streamFirst > 0 && streamFirst < count, "\(streamFirst) of \(count)")
        link.close()
    }

    @Test("a lost answer, a reset and a closed connection leave an order that the list knows, once")
    func lost() async throws {
        for (index, kind) in [FaultKind.answerLost, .resetAfter, .endAfter, .cutAnswer].enumerated() {
            venues.add(FaultPlan.Rule(kind, .kalshi, "create", .nth(1)))
            await #expect(throws: TransportFault.self, "\(kind)") {
                try await self.ask("POST", Self.orders, self.order("l\(index)", price: "0.9900"), timeout: .seconds(1))
            }
            venues.clearFaults()
            let listed = try await ask("GET", "/portfolio/orders")
            let rows = listed.object["orders"] as? [[String: Any]] ?? []
            #expect(rows.filter { $0["client_order_id"] as? String == "l\(index)" }.count == 1)
        }
        for kind in [FaultKind.requestLost, .resetBefore] {
            venues.add(FaultPlan.Rule(kind, .kalshi, "create", .nth(1)))
            await #expect(throws: TransportFault.self, "\(kind)") {
                try await self.ask("POST", Self.orders, self.order("none", price: "0.9900"), timeout: .seconds(1))
            }
            venues.clearFaults()
        }
        let truth = venues.truth
        #expect(!truth.contains { $0.clientID == "none" })
        #expect(truth.filter { $0.kind == .accepted }.count == 4)
        #expect(Set(truth.filter { $0.kind == .filled }.map(\.clientID)).count == 4)
    }

    @Test("an upgrade with a wrong signature or a stale stamp is refused with the venue's body")
    func upgrades() throws {
        let context = try TLSContext(loopbackAuthority: authority.authority)
        func refusal(_ headers: [(name: String, value: String)]) -> String {
            let fault = #expect(throws: TransportFault.self) {
                try WebSocketLink(
                    url: "wss://127.0.0.1:\(self.venues.kalshiPort)/trade-api/ws/v2", headers: headers,
                    context: context, deadline: NanoClock.monotonic() + .seconds(5), seed: 1)
            }
            #expect(fault?.status == 401)
            return String(decoding: fault?.body ?? [], as: UTF8.self)
        }
        #expect(refusal(try headers("GET", "/trade-api/ws/v1")).contains("INCORRECT_API_KEY_SIGNATURE"))
        #expect(refusal([]).contains("signature_is_missing_from_headers"))
        let stamp = String(NanoClock.utc().rawValue / 1_000_000 - 60_000)
        let signature = Base64.encode(try key.sign(stamp + "GET/trade-api/ws/v2"))
        let stale = [
            ("KALSHI-ACCESS-KEY", "ours"), ("KALSHI-ACCESS-TIMESTAMP", stamp), ("KALSHI-ACCESS-SIGNATURE", signature),
        ]
        #expect(refusal(stale).contains("header_timestamp_expired"))
    }
}
