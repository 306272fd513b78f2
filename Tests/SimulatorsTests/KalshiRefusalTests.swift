import Foundation
import Server
import Signing
import Testing
import Trading

@testable import Simulators

@Suite("What the simulated Kalshi refuses, in the venue's words")
struct KalshiRefusalTests {
    private static let orders = "/portfolio/events/orders"

    private func code(_ text: String) -> String {
        guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
            return text
        }
        if let words = object["error"] as? String { return words }
        if let inner = object["error"] as? [String: Any] { return inner["code"] as? String ?? "" }
        return object["code"] as? String ?? object["msg"] as? String ?? ""
    }

    @Test("both kinds of keys are let in, by path without query, within the clock's window", arguments: [true, false])
    func letsIn(isRSA: Bool) throws {
        let desk = try KalshiDesk(kind: isRSA ? .rsa : .ed25519)
        for off in [0, 5_000, -5_000, 10_000, -10_000] as [Int64] {
            let target = "/trade-api/v2/portfolio/balance?subaccount=0"
            let headers = try desk.headers("GET", target, off: off)
            #expect(try desk.ask("GET", "/portfolio/balance?subaccount=0", headers: headers).status == 200, "\(off)")
        }
        for off in [30_000, -30_000, 300_000] as [Int64] {
            let answer = try desk.ask(
                "GET", "/portfolio/balance",
                headers: desk.headers("GET", "/trade-api/v2/portfolio/balance", off: off))
            #expect(answer.status == 401)
            #expect(
                answer.text == #"{"error":{"code":"header_timestamp_expired","message":"header timestamp expired"}}"#)
        }
    }

    @Test("a wrong signature, key, path, method or scope is refused, each as documented")
    func auth() throws {
        let desk = try KalshiDesk()
        let target = "/trade-api/v2/portfolio/balance"
        func ask(_ headers: [String: String]) throws -> String {
            let answer = try desk.ask("GET", "/portfolio/balance", headers: headers)
            #expect(answer.status == 401)
            return answer.text
        }
        let bad =
            #"{"error":{"code":"authentication_error","message":"authentication_error","details":"INCORRECT_API_KEY_SIGNATURE"}}"#
        let unknown =
            #"{"error":{"code":"authentication_error","message":"authentication_error","details":"NOT_FOUND"}}"#
        #expect(try ask(desk.headers("GET", "/trade-api/v2/portfolio/fills")) == bad)
        #expect(try ask(desk.headers("POST", target)) == bad)
        #expect(try ask(desk.headers("GET", target, key: SigningKey(generating: .ed25519))) == bad)
        #expect(try ask(desk.headers("GET", target, key: SigningKey(generating: .rsa))) == bad)
        #expect(try ask(desk.headers("GET", target, id: "nobody")) == unknown)
        var headers = try desk.headers("GET", target)
        headers["kalshi-access-signature"] = nil
        #expect(
            try ask(headers)
                == #"{"error":{"code":"signature_is_missing_from_headers","message":"signature is missing from headers"}}"#
        )
        // The query is no part of the path that is signed.
        let withQuery = try desk.key.sign(String(desk.turn.milliseconds) + "GET" + target + "?subaccount=0")
        headers["kalshi-access-signature"] = Data(withQuery).base64EncodedString()
        #expect(
            try desk.ask("GET", "/portfolio/balance?subaccount=0", headers: headers).text == bad)
        desk.venue.revoke("ours")
        #expect(try ask(desk.headers("GET", target)) == unknown)
    }

    @Test("a key that may only read places nothing, one that may only trade reads nothing")
    func scopes() throws {
        let desk = try KalshiDesk { $0.keys[0].scopes = ["read"] }
        let answer = try desk.ask("POST", Self.orders, desk.order())
        #expect(answer.status == 403 && desk.venue.exchange.history.isEmpty)
        #expect(try desk.ask("GET", "/portfolio/balance").status == 200)
        let trader = try KalshiDesk { $0.keys[0].scopes = ["write::trade"] }
        #expect(try trader.ask("POST", Self.orders, trader.order(price: "0.0100")).status == 201)
        #expect(try trader.ask("GET", "/portfolio/balance").status == 403)
        let transfer = #"{"source":"event_contract","destination":"event_contract","amount":1}"#
        #expect(try trader.ask("POST", "/portfolio/intra_exchange_instance_transfer", transfer).status == 403)
    }

    @Test(
        "each fault of a new order has its status and its code, and nothing is placed",
        arguments: [
            (["price": "0.5"], 400, "bad_request"), (["count": "10"], 400, "bad_request"),
            (["price": "\"0.5\""], 400, "invalid_price"), (["price": "\"0.50000\""], 400, "invalid_price"),
            (["price": "\"0.5050\""], 400, "invalid_price"), (["price": "\"0.0000\""], 400, "invalid_price"),
            (["price": "\"1.0000\""], 400, "invalid_price"), (["price": "\"-0.5000\""], 400, "invalid_price"),
            (["price": "\"5e-1\""], 400, "invalid_price"), (["price": "\" 0.5000\""], 400, "invalid_price"),
            (["count": "\"0.00\""], 400, "invalid_order_size"), (["count": "\"1.001\""], 400, "invalid_order_size"),
            (["count": "\"-1.00\""], 400, "invalid_order_size"), (["count": "\"1,00\""], 400, "invalid_order_size"),
            (["count": "\"9999999.00\""], 400, "insufficient_balance"), (["side": "\"yes\""], 400, "bad_request"),
            (["side": ""], 400, "bad_request"), (["ticker": ""], 400, "bad_request"),
            (["ticker": "\"KXNONE\""], 404, "market_not_found"), (["time_in_force": "\"ioc\""], 400, "bad_request"),
            (["time_in_force": ""], 400, "bad_request"), (["self_trade_prevention_type": ""], 400, "bad_request"),
            (["self_trade_prevention_type": "\"none\""], 400, "bad_request"),
            (["exchange_index": "1"], 404, "market_not_found"), (["exchange_index": "9"], 400, "bad_request"),
            (["exchange_index": "\"0\""], 400, "bad_request"), (["post_only": "\"true\""], 400, "bad_request"),
            (["post_only": "true", "price": "\"0.9900\""], 400, "invalid_order"),
            (["post_only": "true", "time_in_force": "\"immediate_or_cancel\""], 400, "invalid_order"),
            (["reduce_only": "true"], 400, "invalid_order"), (["expiration_time": "1"], 400, "invalid_order"),
            (["expiration_time": "1995219200", "time_in_force": "\"fill_or_kill\""], 400, "invalid_order"),
            (["order_group_id": "\"none\""], 404, "order_group_not_found"),
            (["subaccount": "7"], 404, "subaccount_not_found"),
            (
                ["count": "\"5000.00\"", "price": "\"0.9900\"", "time_in_force": "\"fill_or_kill\""], 409,
                "fill_or_kill_insufficient_resting_volume"
            ),
        ] as [([String: String], Int, String)])
    func orders(changes: [String: String], status: Int, code: String) throws {
        let desk = try KalshiDesk()
        let answer = try desk.ask("POST", Self.orders, desk.order(changes))
        #expect(answer.status == status && self.code(answer.text) == code, "\(answer.text)")
        #expect(desk.venue.exchange.history.isEmpty)
        #expect(desk.turn.ledger.events(.rejected).map(\.reason) == [code])
        #expect(desk.venue.cash("ours", shard: 0) == (10_000_000_000, 10_000_000_000))
    }

    @Test("the shapes of errors are those on the wire")
    func shapes() throws {
        let desk = try KalshiDesk()
        #expect(
            try desk.ask("POST", Self.orders, desk.order(["count": "10"])).text
                == #"{"code":"bad_request","message":"bad request","details":"json: cannot unmarshal number into Go struct field CreateOrderV2Request.count of type string"}"#
        )
        #expect(
            try desk.ask("POST", Self.orders, desk.order(["post_only": "true", "price": "\"0.9900\""])).text
                == #"{"error":{"code":"invalid_order","message":"invalid order","details":"post only cross"}}"#)
        #expect(
            try desk.ask("GET", "/portfolio/orders?limit=1001").text
                .hasPrefix(#"{"msg":"Parameter validation failed"#))
        let legacy = try desk.ask("POST", "/portfolio/orders", "{}")
        #expect(legacy.status == 410)
        #expect(
            legacy.text
                == #"{"error":{"code":"deprecated_v1_order_endpoint","message":"Please switch to the V2 endpoints","details":"https://docs.kalshi.com/api-reference/orders/create-order-v2"}}"#
        )
        for path in ["/portfolio/orders/x/amend", "/portfolio/orders/batched"] {
            #expect(try desk.ask("POST", path, "{}").status == 410)
        }
        #expect(try desk.ask("DELETE", "/portfolio/orders/x").status == 410)
        for body in ["", "{", "[]", "{\"ticker\":\"A\",\"ticker\":\"B\"}"] {
            let answer = try desk.ask("POST", Self.orders, body)
            #expect(answer.status == 400 && code(answer.text) == "bad_request")
        }
        var headers = try desk.headers("POST", "/trade-api/v2" + Self.orders)
        headers["content-type"] = nil
        #expect(code(try desk.ask("POST", Self.orders, desk.order(), headers: headers).text) == "invalid_content_type")
    }

    @Test("a client's id is used for ever: while it rests, after the cancel, after a kill; a refused one is free")
    func duplicates() throws {
        let desk = try KalshiDesk()
        let body = desk.order(price: "0.0100", id: "one")
        let placed = try desk.place(body)
        #expect(placed.0 == 201)
        let again = try desk.ask("POST", Self.orders, body)
        #expect(again.status == 409)
        #expect(again.text == #"{"error":{"code":"order_already_exists","message":"order already exists"}}"#)
        let id = try #require(placed.1["order_id"] as? String)
        #expect(try desk.ask("DELETE", Self.orders + "/" + id).status == 200)
        desk.pass(.seconds(86_400))
        #expect(try desk.ask("POST", Self.orders, body).status == 409)
        let kill = desk.order(["time_in_force": "\"fill_or_kill\""], price: "0.9900", count: "5000.00", id: "two")
        #expect(code(try desk.ask("POST", Self.orders, kill).text) == "fill_or_kill_insufficient_resting_volume")
        #expect(code(try desk.ask("POST", Self.orders, kill).text) == "order_already_exists")
        #expect(try desk.ask("POST", Self.orders, desk.order(price: "0.0150", id: "three")).status == 400)
        #expect(try desk.ask("POST", Self.orders, desk.order(price: "0.0100", id: "three")).status == 201)
    }

    @Test("tokens run out by kind and shard, come back by the clock, and the answer carries no hint")
    func rates() throws {
        let desk = try KalshiDesk(shards: 2) { settings in
            settings.limits.read = 20
            settings.limits.readCapacity = 20
            settings.limits.write = 100
            settings.limits.writeCapacity = 100
        }
        for _ in 0..<2 { #expect(try desk.ask("GET", "/portfolio/balance").status == 200) }
        let refused = try desk.ask("GET", "/portfolio/balance")
        #expect(refused.status == 429 && refused.text == #"{"error":"too many requests"}"#)
        #expect(refused.response.headers.isEmpty)
        desk.pass(.milliseconds(500))
        #expect(try desk.ask("GET", "/portfolio/balance").status == 200)
        #expect(try desk.ask("GET", "/portfolio/balance").status == 429)
        desk.pass(.seconds(10))
        func place(_ place: Int, _ changes: [String: String] = [:]) throws -> Int {
            try desk.ask("POST", Self.orders, desk.order(changes, place: place, price: "0.0100", count: "0.01")).status
        }
        for _ in 0..<10 { #expect(try place(1) == 201) }
        #expect(try place(1) == 429)
        #expect(try place(0) == 201)  // the other shard has its own
        #expect(try place(0, ["exchange_index": ""]) == 429)  // routed by the venue: billed everywhere
        let batch = "{\"orders\":[\((0..<10).map { _ in desk.order(price: "0.0100") }.joined(separator: ","))]}"
        #expect(try desk.ask("POST", Self.orders + "/batched", batch).status == 429)  // nothing of it
        desk.pass(.seconds(1))
        #expect(try desk.ask("POST", Self.orders + "/batched", batch).status == 201)
    }

    @Test("one thousand signed orders, each spoilt in one place, are all refused with a documented error")
    func mutated() throws {
        let desk = try KalshiDesk()
        let known: Set<String> = [
            "bad_request", "invalid_price", "invalid_order_size", "invalid_order", "market_not_found",
            "authentication_error", "header_timestamp_expired", "signature_is_missing_from_headers",
            "invalid_content_type", "insufficient_balance", "order_already_exists", "order_group_not_found",
            "subaccount_not_found",
        ]
        var random = SeededGenerator(seed: 99)
        func any<Item>(_ items: [Item]) -> Item { items[Int(random.next() % UInt64(items.count))] }
        let used = desk.order(price: "0.0100", id: "used")
        #expect(try desk.ask("POST", Self.orders, used).status == 201)
        let names = [
            "ticker", "side", "count", "price", "time_in_force", "self_trade_prevention_type",
        ]
        let texts = ["", "x", "0", "-1", "1e3", "NaN", "0.50001", " 1", "1 ", "+1", "0x1", "１", "\\u0000", "0.00"]
        let others = ["1", "0.5", "true", "false", "null", "{}", "[]", "[\"0.5\"]"]
        for index in 0..<1_000 {
            var headers = try desk.headers("POST", "/trade-api/v2" + Self.orders)
            var body = desk.order(price: "0.5000")
            switch index % 8 {
            case 0: body = desk.order([any(names): "\"\(any(texts))\""])
            case 1: body = desk.order([any(names): any(others)])
            case 2: body = desk.order([any(names): ""])
            case 3: body = String(body.prefix(Int(random.next() % UInt64(body.count))))
            case 4:
                var signature = try #require(headers["kalshi-access-signature"].flatMap { Data(base64Encoded: $0) })
                signature[Int(random.next() % UInt64(signature.count))] ^= UInt8(1 << (random.next() % 8))
                headers["kalshi-access-signature"] = signature.base64EncodedString()
            case 5:
                let stamp = try #require(headers["kalshi-access-timestamp"].flatMap { Int64($0) })
                headers["kalshi-access-timestamp"] = String(stamp + Int64(random.next() % 100_000) - 50_000 | 1)
            case 6:
                headers[any(["kalshi-access-signature", "kalshi-access-key", "content-type"])] = any([nil, "", "x"])
            default:
                body = desk.order([
                    any(["order_group_id", "subaccount", "expiration_time", "exchange_index"]): any([
                        "\"x\"", "9", "-7",
                    ])
                ])
                if body.contains("\"order_group_id\":9") || body.contains("\"order_group_id\":-7") { break }
            }
            let answer = try desk.ask("POST", Self.orders, body, headers: headers)
            #expect((400...409).contains(answer.status), "\(index): \(answer.status) \(body)")
            #expect(known.contains(code(answer.text)), "\(index): \(answer.text)")
        }
        #expect(desk.venue.exchange.history.count == 1, "something was placed")
    }
}
