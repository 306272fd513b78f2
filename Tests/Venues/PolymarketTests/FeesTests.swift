import Foundation
import Polymarket
import Testing
import Trading

@Suite("Polymarket fees")
struct FeesTests {
    private func fee(_ rate: String, _ price: String, _ shares: String, exponent: Int = 1) throws -> Money {
        var state = FeeState()
        return try Fees(rate: FixedPoint.parse(rate), exponent: exponent)
            .buyFee(Price(decimal: price), Quantity(decimal: shares), .taker, &state)
    }

    @Test(
        "equals real fills to the last unit",
        arguments: [
            ("0.05", "0.66", "7.575758", "0.085"), ("0.05", "0.55", "8.92", "0.11038"),
            ("0.07", "0.82", "1.219511", "0.01259"),
            ("0.05", "0.71", "7.042251", "0.07249"), ("0.07", "0.50", "100", "1.75"), ("0", "0.50", "100", "0"),
        ])
    func worked(rate: String, price: String, shares: String, expected: String) throws {
        #expect(try fee(rate, price, shares) == Money(decimal: expected))
    }

    @Test("equals every vector", .enabled(if: Vectors.areThere, "venue vectors are not beside the project"))
    func vectors() throws {
        let data = Data(try #require(Vectors.text("fee_vectors.json")).utf8)
        let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        var count = 0
        for key in ["real", "computed_round_down"] {
            for vector in try #require(root[key] as? [[String: Any]]) {
                let rate = try #require(vector["rate"] as? String)
                let price = try #require(vector["price"] as? String)
                let shares = try #require(vector["shares"] as? String)
                let expected = try #require(vector["fee"] as? String)
                let exponent = vector["exponent"] as? Int ?? 1
                #expect(try fee(rate, price, shares, exponent: exponent) == Money(decimal: expected), "\(vector)")
                count += 1
            }
        }
        #expect(count > 21)
    }

    @Test("lies below the model by less than the shortfall that it states, and never above it")
    func shortfall() throws {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<20_000 {
            let fees = try Fees(rate: Int64.random(in: 0...10, using: &random) * 1_000_000, exponent: 1)
            let price = try #require(Price(rawValue: Int64.random(in: 1...9_999, using: &random) * 10_000))
            let quantity = Quantity(rawValue: Int64.random(in: 1...1_000_000, using: &random) * 100)
            var state = FeeState()
            let exact = try fees.buyFee(price, quantity, .taker, &state).rawValue
            let model = Int64(
                Int128(fees.marginalBuyFee(price, .taker).rawValue) * Int128(quantity.rawValue) / 100_000_000)
            #expect(exact >= model - fees.shortfallMax.rawValue)
            #expect(try fees.buyFee(price, quantity, .maker, &state) == .zero)
        }
    }

    @Test("refuses schedules that are not known exactly")
    func refusals() {
        #expect(throws: FeeFault.self) { try Fees(rate: -1, exponent: 1) }
        #expect(throws: FeeFault.self) { try Fees(rate: 200_000_000, exponent: 1) }
        #expect(throws: FeeFault.self) { try Fees(rate: 5_000_000, exponent: 0) }
        #expect(throws: FeeFault.self) { try Fees(rate: 5_000_000, exponent: 4) }
    }
}
