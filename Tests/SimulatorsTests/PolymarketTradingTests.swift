import Foundation
import Signing
import Testing
import Trading

@testable import Polymarket
@testable import Server
@testable import Simulators

@Suite("Polymarket's loopback trading")
struct PolymarketTradingTests {
    private func text(_ answer: WebServer.Response) -> String { String(decoding: answer.body, as: UTF8.self) }

    @Test("every kind of wallet trades, on every contract", arguments: Wallet.Kind.allCases, [0, 1, 2])
    func wallets(kind: Wallet.Kind, contract: Int) throws {
        var market = PolymarketMarket(
            condition: "0x" + String(repeating: "e", count: 64), yes: "7" + String(repeating: "0", count: 70), no: "8")
        market.isNegRisk = contract == 1
        market.version = contract == 2 ? 2 : 1
        let desk = try PolymarketDesk(kind, extra: [market])
        let exchange: Exchange = [.standard, .negRisk, .protocolV2][contract]
        let order = try desk.order(market.tokens[0], .buy, price: 6_000, size: 1_000, .ioc, exchange: exchange)
        let answer = try desk.ask("POST", "/order", order.bytes)
        #expect(answer["orderID"] as? String == order.id && answer["status"] as? String == "matched")
        #expect(answer["makingAmount"] as? String == "6" && answer["takingAmount"] as? String == "10")
        // The same order, signed for another contract.
        let other: Exchange = contract == 0 ? .negRisk : contract == 1 ? .standard : .standard
        let wrong = try desk.order(market.tokens[0], .buy, price: 6_000, size: 1_000, .ioc, exchange: other)
        let refusal = try desk.ask("POST", "/order", wrong.bytes)["error"] as? String
        #expect(refusal == (contract == 2 ? "order_version_mismatch" : "invalid signature"))
    }

    @Test("an order takes from the crowd's book, which is less by it; REST and the channel tell of it")
    func takes() throws {
        let desk = try PolymarketDesk()
        desk.listen()
        let best = try desk.best(0)
        let pair = desk.world.pairs[0]
        let was = pair.polymarket.asks[best.ask / 10]
        let order = try desk.order(pair.yesToken, .buy, price: best.ask, size: 2_000, .ioc)
        let answer = try desk.ask("POST", "/order", order.bytes)
        #expect(answer["takingAmount"] as? String == "20")
        #expect(desk.world.pairs[0].polymarket.asks[best.ask / 10] == was - 2_000)
        desk.pass(5_000_000_000)
        let trades = desk.frames.filter { $0.object["event_type"] as? String == "trade" }
        #expect(trades.compactMap { $0.object["status"] as? String } == ["MATCHED", "MINED", "CONFIRMED"])
        #expect(Set(trades.compactMap { $0.object["id"] as? String }).count == 1)
        let page = try desk.ask("GET", "/data/trades?next_cursor=MA==")
        #expect(page["next_cursor"] as? String == "LTE=" && (page["data"] as? [Any])?.count == 1)
        let balance = try desk.ask(
            "GET", "/balance-allowance?asset_type=CONDITIONAL&signature_type=0&token_id=\(pair.yesToken)")
        #expect(balance["balance"] as? String == "1020000000")
        let positions = try desk.ask("GET", "/v2/positions?user=\(desk.wallet.address.checksummed)&status=OPEN")
        #expect((positions["data"] as? [Any])?.count == 8)
        #expect(desk.turn.ledger.events(.filled).map(\.quantity) == [20_000_000])
        #expect(desk.turn.ledger.events(.status).map(\.reason) == ["MINED", "CONFIRMED"])
    }

    @Test("what rests is shown beside the crowd's book, is hit by the crowd, and goes when it is cancelled")
    func rests() throws {
        let desk = try PolymarketDesk()
        desk.listen()
        let best = try desk.best(0)
        let pair = desk.world.pairs[0]
        let order = try desk.order(pair.yesToken, .buy, price: best.bid + 100, size: 1_000, .gtc(isPostOnly: true))
        #expect(try desk.ask("POST", "/order", order.bytes)["status"] as? String == "live")
        #expect(desk.world.pairs[0].shown(1).bestBid == best.bid / 10 + 10)
        let book = try desk.ask("GET", "/book?token_id=\(pair.yesToken)")
        let bids = try #require(book["bids"] as? [[String: String]])
        #expect(bids.last?["size"] == "10")
        // The crowd comes down to it.
        desk.world.setCrowd(
            0, venue: 1, isBid: false, price: best.bid / 10 + 10, size: 400, at: desk.turn.now, desk.turn.tell)
        desk.pass(5_000_000_000)
        let open = try desk.ask("GET", "/data/order/\(order.id)")
        #expect(open["size_matched"] as? String == "4")
        let trade = try #require(desk.frames.first { $0.object["event_type"] as? String == "trade" }?.object)
        #expect(trade["trader_side"] as? String == "MAKER" && trade["taker_order_id"] as? String != order.id)
        let cancelled = try desk.ask("DELETE", "/order", Array(#"{"orderID":"\#(order.id)"}"#.utf8))
        #expect(cancelled["canceled"] as? [String] == [order.id])
        #expect(desk.world.pairs[0].shown(1).bestBid == best.bid / 10)
        let again = try desk.ask("DELETE", "/order", Array(#"{"orderID":"\#(order.id)"}"#.utf8))
        #expect((again["not_canceled"] as? [String: String])?[order.id] == "already canceled or matched")
        #expect(desk.turn.ledger.events(.cancelled).map(\.quantity) == [6_000_000])
    }

    @Test("calls with a wrong code, time, path, body, address or passphrase are refused")
    func authentication() throws {
        let desk = try PolymarketDesk()
        let good = desk.headers("GET", "/data/orders", [])
        #expect(desk.send("GET", "/data/orders?market=0x1", headers: good).status == 200)
        var bad: [[String: String]] = [
            desk.headers("GET", "/data/orders", [], skew: -61), desk.headers("GET", "/data/orders", [], skew: 61),
            desk.headers("GET", "/data/orders?market=0x1", []), desk.headers("POST", "/data/orders", []),
            desk.headers("GET", "/data/orders", [0x20]), [:],
        ]
        let others = [
            "poly_address": EthereumAddress.zero.checksummed, "poly_passphrase": "x", "poly_api_key": "y",
            "poly_signature": "", "poly_timestamp": "z",
        ]
        for (name, value) in others { bad.append(good.merging([name: value]) { $1 }) }
        for headers in bad {
            let answer = desk.send("GET", "/data/orders?market=0x1", headers: headers)
            #expect(answer.status == 401 && text(answer) == #"{"error":"Unauthorized/Invalid api key"}"#)
        }
    }

    @Test("keys are made for a wallet's signature once, and derived after")
    func keys() throws {
        let desk = try PolymarketDesk()
        let key = try WalletKey()
        func headers(_ nonce: UInt64, _ skew: Int64 = 0) throws -> [String: String] {
            let fields = try Auth.loginHeaders(
                key: key, nonce: nonce, at: UTCNanos(rawValue: desk.turn.utc.rawValue + skew * 1_000_000_000))
            return Dictionary(uniqueKeysWithValues: fields.map { ($0.name.lowercased(), $0.value) })
        }
        #expect(text(desk.send("GET", "/auth/derive-api-key", headers: try headers(0))).contains("Could not derive"))
        let made = desk.send("POST", "/auth/api-key", headers: try headers(0))
        #expect(made.status == 200)
        #expect(text(desk.send("POST", "/auth/api-key", headers: try headers(0))).contains("Could not create api key"))
        #expect(text(desk.send("GET", "/auth/derive-api-key", headers: try headers(0))) == text(made))
        #expect(desk.send("POST", "/auth/api-key", headers: try headers(1)).status == 200)
        for wrong in [try headers(0, 90), try headers(0).merging(["poly_nonce": "7"]) { $1 }] {
            let answer = desk.send("GET", "/auth/derive-api-key", headers: wrong)
            #expect(answer.status == 401 && text(answer).contains("Invalid L1 Request headers"))
        }
    }

    @Test("a batch answers leg by leg; more than fifteen are too many")
    func batches() throws {
        let desk = try PolymarketDesk()
        let token = desk.world.pairs[0].yesToken
        let best = try desk.best(0)
        let good = try desk.order(token, .buy, price: best.bid, size: 1_000, .gtc(isPostOnly: false))
        let poor = try desk.order(token, .buy, price: best.bid, size: 90_000_000, .gtc(isPostOnly: false))
        func batch(_ orders: [[UInt8]]) -> [UInt8] { [0x5B] + Array(orders.joined(separator: [0x2C])) + [0x5D] }
        let answer = desk.send("POST", "/orders", batch([good.bytes, poor.bytes]))
        let legs = try #require(
            JSONSerialization.jsonObject(with: Data(answer.body)) as? [[String: Any]])
        #expect(legs.count == 2 && legs[0]["status"] as? String == "live" && legs[1]["success"] as? Bool == true)
        #expect((legs[1]["errorMsg"] as? String)?.contains("not enough balance / allowance") == true)
        let many = desk.send("POST", "/orders", batch(Array(repeating: good.bytes, count: 16)))
        #expect(text(many).contains("Too many orders in payload: 16, max allowed: 15"))
    }

    @Test("heartbeats that stop cancel what is open; a wrong id is told the right one")
    func heartbeats() throws {
        let desk = try PolymarketDesk()
        let best = try desk.best(0)
        let order = try desk.order(
            desk.world.pairs[0].yesToken, .buy, price: best.bid, size: 1_000, .gtc(isPostOnly: false))
        _ = desk.send("POST", "/order", order.bytes)
        let first = try desk.ask("POST", "/v1/heartbeats", Array(#"{"heartbeat_id":""}"#.utf8))
        let id = try #require(first["heartbeat_id"] as? String)
        let wrong = desk.send("POST", "/v1/heartbeats", Array(#"{"heartbeat_id":"x"}"#.utf8))
        #expect(wrong.status == 400 && text(wrong).contains(id) && text(wrong).contains("Invalid Heartbeat ID"))
        desk.pass(9_000_000_000)
        _ = desk.send("POST", "/v1/heartbeats", Array(#"{"heartbeat_id":"\#(id)"}"#.utf8))
        desk.pass(9_900_000_000)
        #expect(desk.trading.exchange.order(order.id)?.status == .live)
        desk.pass(5_200_000_000)
        #expect(desk.trading.exchange.order(order.id)?.status == .cancelled(""))
    }

    @Test("a taker's POST in a market with a taker delay is answered when the delay is over")
    func takerDelay() throws {
        var market = PolymarketMarket(condition: "0x" + String(repeating: "e", count: 64), yes: "71", no: "72")
        market.isTakerDelayed = true
        let desk = try PolymarketDesk(extra: [market])
        let order = try desk.order("71", .buy, price: 6_000, size: 1_000, .fok)
        _ = desk.send("POST", "/order", order.bytes)
        desk.pass(149_000_000)
        #expect(desk.lateAnswer == nil && desk.trading.exchange.trades.isEmpty)
        desk.pass(2_000_000)
        let answer = try PolymarketDesk.object(#require(desk.lateAnswer))
        #expect(answer["status"] as? String == "matched")
    }

    @Test("a hundred and one orders are listed on two pages, each once")
    func pages() throws {
        let desk = try PolymarketDesk { $0.page = 40 }
        let best = try desk.best(0)
        var ids: Set<String> = []
        for _ in 0..<101 {
            let order = try desk.order(
                desk.world.pairs[0].yesToken, .buy, price: best.bid, size: 500, .gtc(isPostOnly: false))
            _ = desk.send("POST", "/order", order.bytes)
            ids.insert(order.id)
        }
        var cursor = "MA=="
        var seen: [String] = []
        while cursor != "LTE=" {
            let page = try desk.ask("GET", "/data/orders?next_cursor=\(cursor)")
            seen += try #require(page["data"] as? [[String: Any]]).compactMap { $0["id"] as? String }
            cursor = try #require(page["next_cursor"] as? String)
        }
        #expect(seen.count == 101 && Set(seen) == ids)
        let all = try desk.ask("DELETE", "/cancel-all")
        #expect((all["canceled"] as? [String])?.count == 101)
    }

    @Test("a signer that sends more than its bucket holds is throttled, a batch whole or not at all; time refills it")
    func limits() throws {
        let desk = try PolymarketDesk { $0.limit = (40, 60) }
        let missing = Array(#"{"orderID":"0x\#(String(repeating: "1", count: 64))"}"#.utf8)
        let statuses = (0..<61).map { _ in desk.send("DELETE", "/order", missing).status }
        #expect(statuses == Array(repeating: 200, count: 60) + [429])
        desk.pass(100_000_000)  // four tokens
        let order = try desk.order(
            desk.world.pairs[0].yesToken, .buy, price: 4_000, size: 500, .gtc(isPostOnly: false))
        let batch = [0x5B] + Array(Array(repeating: order.bytes, count: 5).joined(separator: [0x2C])) + [0x5D]
        #expect(desk.send("POST", "/orders", batch).status == 429 && desk.trading.exchange.orders.isEmpty)
        #expect((0..<5).map { _ in desk.send("DELETE", "/order", missing).status } == [200, 200, 200, 200, 429])
    }

    @Test("an order's events and its answer come in any order")
    func order() throws {
        var firsts: Set<String> = []
        for seed in 1...20 {
            let desk = try PolymarketDesk(seed: UInt64(seed))
            desk.listen()
            let ask = try desk.best(0).ask
            let order = try desk.order(desk.world.pairs[0].yesToken, .buy, price: ask, size: 1_000, .ioc)
            let answer = desk.send("POST", "/order", order.bytes)
            let first = try #require(desk.frames.first)
            let name = first.object["event_type"] as? String ?? ""
            firsts.insert(answer.delay.rawValue < first.at - desk.turn.now ? "answer" : name)
        }
        #expect(firsts == ["answer", "order", "trade"])
    }

    @Test("orders changed after signing are refused, every one")
    func mutations() throws {
        for kind in Wallet.Kind.allCases {
            let desk = try PolymarketDesk(kind)
            var random = SeededGenerator(seed: UInt64(kind.rawValue) + 1)
            var refused: [String: Int] = [:]
            for round in 0..<250 {
                let order = try desk.order(
                    desk.world.pairs[0].yesToken, .buy, price: 4_000, size: 1_000, .gtc(isPostOnly: false))
                let (changed, name) = try PolymarketMutation.changed(order.bytes, round, &random, desk)
                let answer = desk.send("POST", "/order", changed)
                #expect(answer.status == 400 || answer.status == 404, "\(name): \(text(answer))")
                let message = try PolymarketDesk.object(answer)["error"] as? String ?? ""
                let isKnown = PolymarketMutation.wanted(name).contains { message.contains($0) }
                #expect(isKnown, "\(name): \(message)")
                refused[name, default: 0] += 1
            }
            #expect(desk.trading.exchange.orders.isEmpty && refused.count == PolymarketMutation.names.count)
            #expect(desk.turn.ledger.events(.accepted).isEmpty)
        }
    }
}

/// One field, or one byte of a signature, changed after signing.
enum PolymarketMutation {
    static let names = [
        "salt", "maker", "signer", "tokenId", "makerAmount", "takerAmount", "side", "expiration", "signatureType",
        "timestamp", "metadata", "builder", "signature", "owner",
    ]

    /// What the venue may answer.
    static func wanted(_ name: String) -> [String] {
        switch name {
        case "owner": ["the order owner has to be the owner of the API KEY"]
        case "tokenId": ["No orderbook exists for the requested token id", "invalid signature"]
        case "maker", "signer":
            ["invalid signature", "the order signer address has to be the address of the API KEY"]
        case "signatureType": ["invalid signature", "the order signer address has to be the address of the API KEY"]
        case "expiration": ["invalid expiration"]
        default: ["invalid signature"]
        }
    }

    static func changed(_ bytes: [UInt8], _ round: Int, _ random: inout SeededGenerator, _ desk: PolymarketDesk) throws
        -> ([UInt8], String)
    {
        let name = names[round % names.count]
        var envelope = try #require(
            JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
        var order = try #require(envelope["order"] as? [String: Any])
        func more(_ key: String) -> String {
            String((Int(order[key] as? String ?? "0") ?? 0) + Int.random(in: 1...1_000, using: &random))
        }
        func hex(_ count: Int) -> String {
            "0x" + (0..<count).map { _ in String(Int.random(in: 0...15, using: &random), radix: 16) }.joined()
        }
        switch name {
        case "salt": order[name] = (order[name] as? Int ?? 0) + Int.random(in: 1...1_000_000, using: &random)
        case "maker", "signer": order[name] = try EthereumAddress(hex(40)).checksummed
        case "tokenId": order[name] = desk.world.pairs[round % 2].noToken
        case "makerAmount", "takerAmount", "timestamp", "expiration": order[name] = more(name)
        case "side": order[name] = "SELL"
        case "signatureType": order[name] = ((order[name] as? Int ?? 0) + Int.random(in: 1...3, using: &random)) % 4
        case "metadata", "builder": order[name] = hex(64)
        case "signature":
            var text = Array((order[name] as? String ?? "").utf8)
            let place = Int.random(in: 2..<text.count, using: &random)
            text[place] = text[place] == UInt8(ascii: "7") ? UInt8(ascii: "8") : UInt8(ascii: "7")
            order[name] = String(decoding: text, as: UTF8.self)
        default: envelope["owner"] = UUID().uuidString.lowercased()
        }
        envelope["order"] = order
        return (Array(try JSONSerialization.data(withJSONObject: envelope)), name)
    }
}
