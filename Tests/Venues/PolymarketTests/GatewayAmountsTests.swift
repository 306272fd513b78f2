import Foundation
import Testing
import Trading

@testable import Polymarket

@Suite("Gateway: amounts")
struct GatewayAmountsTests {
    private func precision(_ tick: String) throws -> Precision {
        try #require(Precision(tick: Price(decimal: tick).rawValue))
    }

    private func order(
        _ side: Trading.Side, _ shares: String, at price: String, budget: String? = nil, _ life: TimeInForce = .fok
    ) throws -> NewOrder {
        NewOrder(
            clOrdID: ClOrdID(high: 1, low: 1), instrument: InstrumentID(0), outcome: .yes, side: side,
            orderQty: try Quantity(decimal: shares), price: try Price(decimal: price),
            cashOrderQty: try budget.map { try Money(decimal: $0) }, timeInForce: life)
    }

    @Test("all 986 vectors: limit and market orders of six ticks, the exact client's amounts where the two differ")
    func vectors() throws {
        let cases = try Samples.object("amount_rounding_vectors.json").list("vectors")
        #expect(cases.count == 986)
        var differing = 0
        for item in cases {
            let target = item["unified_sdk_decimal"] as? [String: Any] ?? item
            if item["unified_sdk_decimal"] != nil { differing += 1 }
            let grid = try precision(item.text("tick"))
            let price = try Price(decimal: item.text("price"))
            let isBuy = item.text("side") == "BUY"
            let amounts: Amounts
            if item.text("kind") == "limit" {
                amounts = try Amounts.limit(isBuy ? .buy : .sell, Quantity(decimal: item.text("size")), at: price, grid)
            } else if isBuy {
                amounts = try Amounts.market(budget: Money(decimal: item.text("amount")), at: price, grid)
            } else {
                amounts = try Amounts.market(selling: Quantity(decimal: item.text("amount")), at: price, grid)
            }
            #expect(String(amounts.maker.rawValue) == target.text("makerAmount"), "\(item)")
            #expect(String(amounts.taker.rawValue) == target.text("takerAmount"), "\(item)")
        }
        #expect(differing == 161)
    }

    @Test("every amount that is made has the decimals that the venue takes, and reads as no other price")
    func precision() throws {
        var random = SeededGenerator(seed: 7)
        var made = 0
        for tick in ["0.1", "0.01", "0.005", "0.0025", "0.001", "0.0001"] {
            let grid = try precision(tick)
            for _ in 0..<2_000 {
                let steps = FixedPoint.one / grid.tick
                let price = try #require(Price(rawValue: Int64.random(in: 1..<steps, using: &random) * grid.tick))
                let budget = Money(rawValue: Int64.random(in: 1...200_000, using: &random) * Money.cent.rawValue)
                guard let amounts = try? Amounts.market(budget: budget, at: price, grid) else { continue }
                made += 1
                #expect(amounts.maker.rawValue.isMultiple(of: 10_000))
                #expect(amounts.taker.rawValue.isMultiple(of: grid.amountStep))
                #expect(amounts.isReadAs(price))
                #expect(!amounts.isReadAs(try #require(Price(rawValue: price.rawValue + 10_000))))
                // Not one step of shares more could be had for the money.
                let more = UInt128(amounts.taker.rawValue + grid.amountStep) * UInt128(UInt64(price.rawValue))
                #expect(more > UInt128(amounts.maker.rawValue) * 100_000_000)
            }
        }
        #expect(made > 11_000)
    }

    @Test("a buy whose amounts read as a ten-thousandth more is refused: few shares at a coarse step")
    func guardOfTheBuy() throws {
        // One cent buys 0.011 share at 0.9: cut to three decimals it reads as 0.90909.
        #expect(throws: AmountsFault.ambiguous) {
            try Amounts.market(budget: Money(decimal: "0.01"), at: Price(decimal: "0.9"), precision("0.1"))
        }
        #expect(throws: Never.self) {
            try Amounts.market(budget: Money(decimal: "0.09"), at: Price(decimal: "0.9"), precision("0.1"))
        }
    }

    @Test(
        "prices off the grid are refused, also those that have few enough decimals",
        arguments: [
            ("0.005", "0.331"), ("0.005", "0.3325"), ("0.0025", "0.331"), ("0.01", "0.005"), ("0.01", "1"),
            ("0.01", "0"), ("0.1", "0.95"), ("0.001", "0.9999"), ("0.0001", "0.00005"),
        ])
    func grid(tick: String, price: String) throws {
        for side in [Trading.Side.buy, .sell] {
            for life in [TimeInForce.fok, .gtc] {
                #expect(throws: AmountsFault.price) {
                    try Amounts.of(order(side, "10", at: price, life), precision(tick))
                }
            }
        }
        #expect(Precision(tick: 2_000_000) == nil)
    }

    @Test("an order's own words: budgets in whole cents, buys by size that cost whole cents, sales cut to 0.01")
    func orders() throws {
        let cent = try precision("0.01")
        let byBudget = try Amounts.of(order(.buy, "37.57", at: "0.56", budget: "21.04"), cent)
        #expect(byBudget == Amounts(maker: BaseUnits(rawValue: 21_040_000), taker: BaseUnits(rawValue: 37_571_400)))
        #expect(throws: AmountsFault.cents) {
            try Amounts.of(order(.buy, "10", at: "0.56", budget: "5.605"), cent)
        }
        #expect(throws: AmountsFault.cents) { try Amounts.of(order(.buy, "21.04", at: "0.56"), cent) }
        let bySize = try Amounts.of(order(.buy, "25", at: "0.56"), cent)
        #expect(bySize == Amounts(maker: BaseUnits(rawValue: 14_000_000), taker: BaseUnits(rawValue: 25_000_000)))
        let sale = try Amounts.of(order(.sell, "21.049", at: "0.56", .ioc), cent)
        #expect(sale == Amounts(maker: BaseUnits(rawValue: 21_040_000), taker: BaseUnits(rawValue: 11_782_400)))
        // A resting buy is by size, whatever it costs.
        let resting = try Amounts.of(order(.buy, "21.04", at: "0.56", .gtc), cent)
        #expect(resting == Amounts(maker: BaseUnits(rawValue: 11_782_400), taker: BaseUnits(rawValue: 21_040_000)))
        #expect(throws: AmountsFault.size) { try Amounts.of(order(.sell, "0.009", at: "0.56"), cent) }
        #expect(throws: AmountsFault.size) {
            try Amounts.of(order(.buy, "1", at: "0.56", budget: "0"), cent)
        }
    }

    @Test("amounts that no 64 bits hold are refused, not wrapped")
    func overflow() throws {
        let fine = try precision("0.0001")
        #expect(throws: AmountsFault.size) {
            try Amounts.market(
                budget: Money(rawValue: 9_000_000_000_000_000_000), at: Price(decimal: "0.0001"), fine)
        }
        let most = Quantity(rawValue: 9_223_372_036_000_000_000)
        #expect(throws: Never.self) { try Amounts.limit(.sell, most, at: Price(decimal: "0.9999"), fine) }
    }

    @Test("faults speak in words", arguments: [AmountsFault.tick, .price, .size, .cents, .ambiguous])
    func words(fault: AmountsFault) { #expect(fault.text.utf8.count > 20) }
}
