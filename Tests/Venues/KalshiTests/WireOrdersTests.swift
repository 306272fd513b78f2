import Codec
import Foundation
import Testing
import Trading

@testable import Kalshi

@Suite("Wire.Orders")
struct WireOrdersTests {
    private func order(
        _ outcome: Outcome, _ side: Trading.Side, at text: String, _ lifetime: TimeInForce = .ioc, count: String = "10",
        isPostOnly: Bool = false, isReduceOnly: Bool = false
    ) throws -> NewOrder {
        NewOrder(
            clOrdID: ClOrdID(prefix: 0xA1B2_C3D4, run: 7, sequence: 1), instrument: InstrumentID(0), outcome: outcome,
            side: side, orderQty: try quantity(count), price: try price(text), timeInForce: lifetime,
            isPostOnly: isPostOnly, isReduceOnly: isReduceOnly)
    }

    @Test("every create of the samples is written as the venue wants it, with its shard")
    func creates() throws {
        let samples = try OrderSamples.all().filter {
            $0.path.hasSuffix("/portfolio/events/orders") && $0.method == "POST"
        }
        #expect(samples.count == 11)
        for sample in samples where sample.name != "create_numeric_count" {
            let body = try dictionary(createBody(OrderSamples.order(sample.request), template()))
            let expected = NSMutableDictionary(dictionary: sample.request)
            if sample.request.text("time_in_force") == "good_till_canceled" { expected["cancel_order_on_pause"] = true }
            #expect(body == expected, "\(sample.name)")
        }
    }

    @Test("the direction table of the venue holds for every side of both outcomes")
    func directions() throws {
        let table = try Samples.areThere ? Samples.object(Samples.sample("venues/kalshi/meta/side_mapping.json")) : [:]
        if !table.isEmpty { #expect(table.keys.count > 0) }
        let cases: [(Outcome, Trading.Side, String, Wire.BookSide, String)] = [
            (.yes, .buy, "0.44", .bid, "0.44"), (.yes, .sell, "0.44", .ask, "0.44"),
            (.no, .buy, "0.56", .ask, "0.44"), (.no, .sell, "0.56", .bid, "0.44"),
            (.no, .buy, "0.0001", .ask, "0.9999"),
        ]
        for (outcome, side, own, bookSide, yes) in cases {
            let leg = try #require(Wire.YesLeg(outcome, side, price(own)))
            #expect(try leg.side == bookSide && leg.price == price(yes))
        }
    }

    @Test("exact bytes: a sale of NO, reduce-only, of a fraction of a contract, in a subaccount and a group")
    func bytes() throws {
        let order = try order(.no, .sell, at: "0.955", count: "0.05", isReduceOnly: true)
        let body = try createBody(order, template("KXA-B53.5", shard: 3, subaccount: 2, group: "g-1"))
        #expect(
            String(decoding: body, as: UTF8.self) == """
                {"ticker":"KXA-B53.5","exchange_index":3,"subaccount":2,"order_group_id":"g-1",\
                "self_trade_prevention_type":"taker_at_cross","client_order_id":"a1b2c3d4-0000-8007-8000-000000000001",\
                "side":"bid","count":"0.05","price":"0.0450","time_in_force":"immediate_or_cancel","reduce_only":true}
                """)
    }

    @Test("an order with a time to end rests until that whole second, and dies in a pause")
    func expiry() throws {
        let order = try order(.yes, .buy, at: "0.41", .gtd(UTCNanos(rawValue: 1_795_222_800_999_999_999)))
        let body = try dictionary(createBody(order, template()))
        #expect(body["expiration_time"] as? Int == 1_795_222_800)
        #expect(body["time_in_force"] as? String == "good_till_canceled")
        #expect(body["cancel_order_on_pause"] as? Bool == true)
    }

    @Test(
        "counts and prices are written digit by digit",
        arguments: [
            ("0.01", "0.0001", "0.01", "0.0001"), ("1", "0.5", "1.00", "0.5000"),
            ("1000000", "0.9999", "1000000.00", "0.9999"), ("10.1", "0.0450", "10.10", "0.0450"),
        ])
    func digits(count: String, dollars: String, written: String, writtenDollars: String) throws {
        var text: [UInt8] = []
        text.append(count: try quantity(count))
        text.append(dollars: try price(dollars))
        #expect(String(decoding: text, as: UTF8.self) == written + writtenDollars)
    }

    @Test("what has more decimals than the venue takes is known before it is written")
    func decimals() throws {
        #expect(try !price("0.00001").hasFourDecimals && price("0.0001").hasFourDecimals)
        #expect(try !quantity("0.001").hasTwoDecimals && quantity("0.01").hasTwoDecimals)
    }

    @Test(
        "tickers and ids that would not stand in a URL or a string as they are make no template",
        arguments: [
            "", "A B", "A\"", "A/B", "A\\", "A?x", "Ä", "A\n", String(repeating: "A", count: 129),
        ])
    func hostileTickers(ticker: String) {
        #expect(Wire.OrderTemplate(ticker: ticker, exchangeIndex: 0) == nil)
        #expect(Wire.OrderTemplate(ticker: "A", exchangeIndex: 0, group: ticker) == nil)
        #expect(Wire.OrderTemplate(ticker: "A", exchangeIndex: -1) == nil)
    }

    @Test("amend, decrease, batch, batch cancel and groups are the samples' bodies with a shard")
    func otherBodies() throws {
        let terms = try template()
        func same(_ body: [UInt8], _ name: String, adding: [String: Any] = ["exchange_index": 0]) throws {
            let expected = NSMutableDictionary(dictionary: try OrderSamples.named(name).request)
            expected.addEntries(from: adding)
            expected.removeObject(forKey: "client_order_id")
            #expect(try dictionary(body) == expected, "\(name)")
        }
        let amended = try OrderSamples.named("amend").request
        try same(
            Wire.amend(
                terms, #require(Wire.YesLeg(.yes, .buy, price("0.42"))), total: quantity("8"),
                renamed: ClOrdID(amended.text("updated_client_order_id")),
                expiration: .at(UTCNanos(rawValue: 1_795_222_800_500_000_000))), "amend")
        try same(Wire.decrease(terms, .to(quantity("3"))), "decrease")
        let by = try dictionary(Wire.decrease(terms, .by(quantity("0.5"))))
        #expect(by["reduce_by"] as? String == "0.50" && by["reduce_to"] == nil)
        try same(Wire.group(limit: quantity("100"), exchangeIndex: 0), "order_group_create", adding: [:])
        #expect(
            String(decoding: Wire.group(limit: try quantity("1"), exchangeIndex: nil), as: UTF8.self)
                == #"{"contracts_limit_fp":"1.00"}"#)
        #expect(String(decoding: Wire.emptyBody, as: UTF8.self) == "{}")

        let batch = try OrderSamples.named("batch_create").request.list("orders")
        let orders = try batch.map { body throws in
            let order = try OrderSamples.order(body)
            return (order, try #require(Wire.YesLeg(order.outcome, order.side, order.price)), terms)
        }
        #expect(try dictionary(Wire.batch(orders))["orders"] as? NSArray == batch as NSArray)

        let cancels = [(OrderID("a"), terms), (OrderID("b"), try template("KXB", shard: 2))]
        let listed = try dictionary(Wire.batchCancel(cancels, subaccount: 1))["orders"] as? NSArray
        #expect(
            listed == [
                ["order_id": "a", "market_ticker": OrderSamples.ticker, "exchange_index": 0, "subaccount": 1],
                ["order_id": "b", "market_ticker": "KXB", "exchange_index": 2, "subaccount": 1],
            ] as NSArray)
    }

    @Test("what becomes of an expiry in an amendment: kept, cleared, moved")
    func amendedExpiry() throws {
        let leg = try #require(Wire.YesLeg(.yes, .buy, price("0.42")))
        func body(_ expiration: Wire.Expiration) throws -> NSDictionary {
            try dictionary(
                Wire.amend(template(), leg, total: quantity("1"), renamed: nil, expiration: expiration))
        }
        #expect(try body(.keep)["expiration_time"] == nil)
        #expect(try body(.clear)["expiration_time"] as? Int == 0)
    }
}
