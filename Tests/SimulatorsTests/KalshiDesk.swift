import Codec
import Foundation
import Server
import Signing
import Testing
import Trading

@testable import Simulators

/// The simulated Kalshi without a network: signed requests in, answers out, time as the test says.
final class KalshiDesk {
    let world: SimWorld
    let venue: KalshiTrading
    let turn: TradingTurn
    let key: SigningKey
    private let changes = Changes()

    private final class Changes {
        var unseen: [SimChange] = []
        var messages: [(channel: String, text: String)] = []
    }

    /// 2026-11-21T00:00:00Z.
    static let base: Int64 = 1_795_219_200_000_000_000

    init(
        kind: SigningKey.Kind = .ed25519, pairs: Int = 3, shards: Int = 1,
        _ adjust: (inout KalshiTradingSettings) -> Void = { _ in }
    ) throws {
        var market = SimWorld.Settings()
        market.pairs = pairs
        market.isSteady = true
        market.plants = false
        market.shards = shards
        market.seed = 3
        world = SimWorld(market)
        key = try SigningKey(generating: kind)
        var settings = KalshiTradingSettings()
        settings.keys = [KalshiTradingSettings.Key(id: "ours", publicPEM: key.publicPEM)]
        settings.cash["ours"] = Dictionary(uniqueKeysWithValues: (0..<shards).map { ($0, 10_000_000_000) })
        settings.limits.read = 1_000_000
        settings.limits.write = 1_000_000
        settings.limits.readCapacity = 1_000_000
        settings.limits.writeCapacity = 1_000_000
        adjust(&settings)
        venue = KalshiTrading(world.pairs, settings)
        let changes = changes
        turn = TradingTurn(
            world, TruthLedger(), sink: { changes.unseen.append($0) },
            speaker: { channel, type, _, message in
                changes.messages.append((channel, message))
                return [SimFrame(connection: 1, text: Array(message.utf8))]
            })
        turn.utc = UTCNanos(rawValue: Self.base)
    }

    /// All messages of a private channel so far.
    func heard(_ channel: String) -> [[String: Any]] {
        changes.messages.filter { $0.channel == channel }.compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.text.utf8)) as? [String: Any]
        }
    }

    /// Lets time pass.
    func pass(_ time: Nanoseconds) {
        turn.now += time.rawValue
        turn.utc = turn.utc + time
        venue.advance(turn)
        settle()
    }

    /// Lets the venue see what has changed, as the loopback venues do after every call.
    func settle() {
        while !changes.unseen.isEmpty {
            let seen = changes.unseen
            changes.unseen = []
            for change in seen { venue.changed(change, turn) }
        }
    }

    /// Changes something between requests.
    func command(_ body: () -> Void) {
        body()
        settle()
    }

    /// Headers of a request, signed at the venue's time or off it.
    func headers(
        _ method: String, _ target: String, off milliseconds: Int64 = 0, id: String = "ours",
        key other: SigningKey? = nil
    ) throws -> [String: String] {
        let stamp = String(turn.milliseconds + milliseconds)
        let path = String(target.prefix { $0 != "?" })
        let signature = try (other ?? key).sign(stamp + method + path)
        return [
            "content-type": "application/json", "kalshi-access-key": id, "kalshi-access-timestamp": stamp,
            "kalshi-access-signature": Base64.encode(signature),
        ]
    }

    /// One request; the path stands below the API's root.
    @discardableResult
    func ask(
        _ method: String, _ path: String, _ body: String? = nil, headers: [String: String]? = nil
    ) throws -> (status: Int, text: String, response: WebServer.Response) {
        let target = "/trade-api/v2" + path
        let request = WebServer.Request(
            id: 1, method: method, target: target, headers: try headers ?? self.headers(method, target),
            body: Array((body ?? "").utf8))
        let response = try #require(venue.handle(request, turn), "not an endpoint of trading: \(method) \(path)")
        settle()
        return (response.status, String(decoding: response.body, as: UTF8.self), response)
    }

    /// As `ask`, the body as an object.
    func object(_ method: String, _ path: String, _ body: String? = nil) throws -> (Int, [String: Any]) {
        let answer = try ask(method, path, body)
        let object = try? JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any]
        return (answer.status, object ?? [:])
    }

    /// A body for a new order; members may be replaced, or left out with "".
    func order(
        _ changes: [String: String] = [:], place: Int = 0, side: String = "bid", price: String = "0.5000",
        count: String = "10.00", id: String = UUID().uuidString.lowercased()
    ) -> String {
        var members = [
            "ticker": "\"\(world.pairs[place].ticker)\"", "client_order_id": "\"\(id)\"", "side": "\"\(side)\"",
            "count": "\"\(count)\"", "price": "\"\(price)\"", "time_in_force": "\"good_till_canceled\"",
            "self_trade_prevention_type": "\"taker_at_cross\"", "exchange_index": "\(world.pairs[place].shard)",
        ]
        for (name, value) in changes { members[name] = value.isEmpty ? nil : value }
        return "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    /// Places an order and gives the answer's object.
    func place(_ body: String) throws -> (Int, [String: Any]) {
        try object("POST", "/portfolio/events/orders", body)
    }

    /// The best bid and ask of the crowd, in thousandths.
    func best(_ place: Int = 0) throws -> (bid: Int, ask: Int) {
        let book = world.pairs[place].kalshi
        return (try #require(book.bestBid), try #require(book.bestAsk))
    }
}

/// Thousandths as a price of a request.
func dollars(_ mills: Int) -> String { SimText.four(mills) }
