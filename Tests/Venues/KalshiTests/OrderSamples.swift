import Codec
import Foundation
import Testing
import Trading

@testable import Kalshi

/// Requests and answers of the order interface, from the samples of this target.
enum OrderSamples {
    struct Sample {
        let name: String
        let method: String
        let path: String
        let request: [String: Any]
        let status: Int
        let answer: Data
    }

    static func all() throws -> [Sample] {
        try Samples.object(Samples.vector("rest_samples.json")).list("samples").map { item in
            let request = item.object("request")
            let response = item.object("response")
            let body = response["body"].flatMap { $0 is NSNull ? nil : $0 }
            return Sample(
                name: item.text("name"), method: request.text("method"), path: request.text("path"),
                request: request.object("body"), status: response["status"] as? Int ?? 0,
                answer: try body.map { try JSONSerialization.data(withJSONObject: $0) } ?? Data())
        }
    }

    static func named(_ name: String) throws -> Sample { try #require(try all().first { $0.name == name }) }

    /// A recorded body of June 2026 with its status.
    static func recorded(_ name: String) throws -> (body: [UInt8], status: Int) {
        let folder = "venues/kalshi/captured/demo_2026-06-11/"
        let meta = try Samples.object(Samples.sample(folder + name + ".meta.json"))
        return (Array(try Samples.sample(folder + name + ".json")), try #require(meta["status"] as? Int))
    }

    static let ticker = "KXTEST-26DEC31-T50"
    static let orderID = "3b23c1c7-f4ef-4f0d-8b9a-9e53c61f1a0d"

    /// The order that a create sample asks for.
    static func order(_ body: [String: Any]) throws -> NewOrder {
        let lifetime: TimeInForce =
            switch body.text("time_in_force") {
            case "immediate_or_cancel": .ioc
            case "fill_or_kill": .fok
            default: .gtc
            }
        let isBid = body.text("side") == "bid"
        let yes = try price(body.text("price"))
        return NewOrder(
            clOrdID: try #require(ClOrdID(body.text("client_order_id"))), instrument: InstrumentID(0),
            outcome: isBid ? .yes : .no, side: .buy, orderQty: try quantity(body.text("count")),
            price: isBid ? yes : try #require(yes.complement), timeInForce: lifetime,
            isPostOnly: body["post_only"] as? Bool ?? false)
    }
}

func template(_ ticker: String = OrderSamples.ticker, shard: Int = 0, subaccount: Int = 0, group: String? = nil)
    throws -> Wire.OrderTemplate
{
    try #require(Wire.OrderTemplate(ticker: ticker, exchangeIndex: shard, subaccount: subaccount, group: group))
}

func createBody(_ order: NewOrder, _ template: Wire.OrderTemplate) throws -> [UInt8] {
    var body: [UInt8] = []
    template.append(order, try #require(Wire.YesLeg(order.outcome, order.side, order.price)), to: &body)
    return body
}

func dictionary(_ body: [UInt8]) throws -> NSDictionary {
    try #require(try JSONSerialization.jsonObject(with: Data(body)) as? NSDictionary)
}
