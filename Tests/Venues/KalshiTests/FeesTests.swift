import Foundation
import Testing
import Trading

@testable import Kalshi

@Suite("Fees")
struct FeesTests {
    private func schedule(
        _ multiplierText: String = "1", _ account: FeeAccount = .direct, type: String = "quadratic_with_maker_fees"
    ) throws -> Fees {
        try Fees(feeType: type, multiplier: try multiplier(multiplierText), account: account)
    }

    private func fee(_ fees: Fees, _ priceText: String, _ count: String, _ liquidity: Liquidity) throws -> Money {
        var state = FeeState()
        return try fees.buyFee(try price(priceText), try quantity(count), liquidity, &state)
    }

    @Test("every computed single fill is met to the last unit, for both accounts")
    func singleFills() throws {
        let cases = try Samples.object(Samples.vector("fee_vectors.json")).list("single_fill_vectors")
        #expect(cases.count == 82)
        for item in cases {
            let liquidity = try #require(Liquidity(rawValue: item.text("role")))
            for account in FeeAccount.allCases {
                let fees = try schedule(item.text("multiplier"), account)
                let trade = try fees.tradeFee(price(item.text("price")), quantity(item.text("count")), liquidity)
                #expect(try Money(rawValue: trade) == money(item.text("trade_fee_6dp")))
                let field = account == .direct ? "net_fee_direct_member" : "net_fee_non_direct"
                let expected = try money(item.text("\(field)_single_fill_buy"))
                #expect(try fee(fees, item.text("price"), item.text("count"), liquidity) == expected, "\(item)")
            }
        }
    }

    @Test("every computed order of several fills is met, its accumulator and rebates included")
    func orders() throws {
        let cases = try Samples.object(Samples.vector("fee_vectors.json")).list("multi_fill_vectors")
        #expect(cases.count == 6)
        for item in cases {
            let fees = try schedule("1", item.text("balance_precision") == "0.01" ? .fcm : .direct)
            var state = FeeState()
            var total = Money.zero
            for fill in item.list("fills") {
                let before = state.carried
                let net = try fees.buyFee(
                    price(fill.text("price")), quantity(fill.text("count")),
                    try #require(Liquidity(rawValue: fill.text("role"))), &state)
                #expect(try net == money(fill.text("net_fee")), "\(item.text("name"))")
                let rounding = try money(fill.text("rounding_fee")).rawValue
                #expect(try before + rounding == money(fill.text("accumulator_before_rebate")).rawValue)
                #expect(try before + rounding - state.carried == money(fill.text("rebate")).rawValue)
                total = try total.adding(net)
            }
            #expect(try total == money(item.text("total_net_fee")))
        }
    }

    @Test("the table of the venue sheet holds")
    func table() throws {
        let rows: [(String, String, Liquidity, String, String, String)] = [
            ("0.01", "1", .taker, "1", "0.0007", "0.01"), ("0.01", "100", .taker, "1", "0.0693", "0.07"),
            ("0.25", "1", .taker, "1", "0.0132", "0.02"), ("0.25", "100", .taker, "1", "1.3125", "1.32"),
            ("0.50", "1", .taker, "1", "0.0175", "0.02"), ("0.50", "100", .taker, "1", "1.7500", "1.75"),
            ("0.52", "1", .taker, "1", "0.0175", "0.02"), ("0.99", "100", .taker, "1", "0.0693", "0.07"),
            ("0.055", "1", .taker, "1", "0.0037", "0.005"), ("0.50", "100", .taker, "0.5", "0.8750", "0.88"),
            ("0.50", "100", .maker, "1", "0.4375", "0.44"), ("0.67", "2", .maker, "1", "0.0078", "0.01"),
        ]
        for row in rows {
            #expect(try fee(schedule(row.3, .direct), row.0, row.1, row.2) == money(row.4), "\(row)")
            #expect(try fee(schedule(row.3, .fcm), row.0, row.1, row.2) == money(row.5), "\(row)")
        }
    }

    @Test("fee costs seen on the wire under the current rule are met")
    func wire() throws {
        let cases = try Samples.object(Samples.vector("fee_vectors.json")).list("observed_real_fills")
        #expect(cases.count == 4)
        for item in cases {
            let liquidity = try #require(Liquidity(rawValue: item.text("role")))
            let fees = try schedule("1", .direct)
            // A fee cost of four decimals is a printed one: the venue's own six decimals are not known there.
            #expect(try fee(fees, item.text("price"), item.text("count"), liquidity) == money(item.text("fee_cost")))
        }
    }

    @Test("makers pay by the type of the series")
    func makers() throws {
        let types = [
            ("quadratic", "0"), ("quadratic_with_maker_fees", "0.4375"), ("quadratic_with_combo_maker_fees", "0.875"),
        ]
        for (type, expected) in types {
            let fees = try schedule("1", .direct, type: type)
            #expect(try fee(fees, "0.50", "100", .maker) == money(expected))
            #expect(try fee(fees, "0.50", "100", .taker) == money("1.75"))
        }
    }

    @Test(
        "E_REF_FEE: a type without published rates is refused",
        arguments: [
            "flat", "margin_market_maker_program_fees", "Quadratic", "", "quadratic ",
        ])
    func unknown(type: String) throws {
        let fault = #expect(throws: FeeFault.self) { try schedule(type: type) }
        #expect(fault == .unknownSchedule(type))
        #expect(fault?.code == "E_REF_FEE")
    }

    @Test("a multiplier that is negative or absurd is none")
    func multipliers() {
        #expect(FeeMultiplier(rawValue: -1) == nil)
        #expect(FeeMultiplier(rawValue: 10_000_000_001) == nil)
        #expect(FeeMultiplier(rawValue: 0) != nil)
    }

    @Test("a free series costs nothing where price times count is on the balance's grid")
    func free() throws {
        #expect(try fee(schedule("0"), "0.50", "100", .taker) == .zero)
        #expect(try fee(schedule("0", .fcm), "0.055", "1", .taker) == money("0.005"))
    }

    @Test("a product beyond 64 bits is an error, not a number")
    func overflow() throws {
        var state = FeeState()
        let huge = Quantity(rawValue: .max)
        #expect(throws: FeeFault.overflow) { try schedule("100").buyFee(price("0.5"), huge, .taker, &state) }
        #expect(throws: FeeFault.overflow) { try schedule().buyFee(price("1.5"), quantity("1"), .taker, &state) }
        #expect(throws: FeeFault.overflow) {
            try schedule().buyFee(price("0.5"), Quantity(rawValue: -1_000_000), .taker, &state)
        }
    }
}

@Suite("Fees, properties")
struct FeesPropertyTests {
    /// The rule once more, slowly, in units of 1e-24 and with no cleverness.
    private func oracle(
        _ fees: Fees, _ price: Int64, _ quantity: Int64, tenThousandths: Int64, revenueSign: Int64,
        _ carried: inout Int64
    ) -> Int64 {
        let unit: Int128 = fees.account == .direct ? 10_000 : 1_000_000
        // 1e-36 would not fit: the generator's multipliers and counts have two decimals at most.
        let model =
            Int128(fees.multiplier.rawValue / 1_000_000) * Int128(tenThousandths) * Int128(quantity / 1_000_000)
            * Int128(price) * Int128(100_000_000 - price)  // 1e-2 · 1e-4 · 1e-2 · 1e-16
        let million: Int128 = 1_000_000_000_000_000_000
        let trade = ((model + million - 1) / million) * 100
        let revenue = Int128(revenueSign) * Int128(price) * Int128(quantity) / 100_000_000
        var aligned = (revenue - trade) / unit * unit
        if aligned > revenue - trade { aligned -= unit }
        let rounding = revenue - trade - aligned
        var rebate: Int128 = 0
        while Int128(carried) + rounding - rebate >= unit, rebate + unit <= trade + rounding { rebate += unit }
        carried = Int64(Int128(carried) + rounding - rebate)
        return Int64(trade + rounding - rebate)
    }

    private struct Order {
        var fees: Fees
        var fills: [(price: Int64, quantity: Int64, liquidity: Liquidity)]
    }

    private func order(_ random: inout SeededGenerator) throws -> Order {
        let multipliers: [Int64] = [0, 25_000_000, 50_000_000, 100_000_000, 200_000_000]
        let account = FeeAccount.allCases[Int.random(in: 0..<2, using: &random)]
        let multiplier = multipliers[Int.random(in: 0..<multipliers.count, using: &random)]
        let fees = try Fees(
            feeType: "quadratic_with_maker_fees", multiplier: #require(FeeMultiplier(rawValue: multiplier)),
            account: account)
        let tick: Int64 = [1_000_000, 100_000, 10_000][Int.random(in: 0..<3, using: &random)]
        let fills = (0..<Int.random(in: 1...8, using: &random)).map { _ in
            (
                price: Int64.random(in: 1..<(100_000_000 / tick), using: &random) * tick,
                quantity: Int64.random(in: 1...200_000, using: &random) * 1_000_000,
                liquidity: Bool.random(using: &random) ? Liquidity.taker : .maker
            )
        }
        return Order(fees: fees, fills: fills)
    }

    @Test("equal to a slow oracle on random orders, bought and sold", arguments: [1, 2, 3] as [UInt64])
    func equalsOracle(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<4_000 {
            let order = try order(&random)
            for sells in [false, true] {
                var state = FeeState()
                var carried: Int64 = 0
                for fill in order.fills {
                    let price = try #require(Price(rawValue: fill.price))
                    let quantity = Quantity(rawValue: fill.quantity)
                    let net =
                        try sells
                        ? order.fees.sellFee(price, quantity, fill.liquidity, &state)
                        : order.fees.buyFee(price, quantity, fill.liquidity, &state)
                    let expected = oracle(
                        order.fees, fill.price, fill.quantity, tenThousandths: fill.liquidity == .taker ? 700 : 175,
                        revenueSign: sells ? 1 : -1, &carried)
                    try #require(net.rawValue == expected, "seed \(seed): \(order) sells \(sells)")
                    try #require(state.carried == carried && net >= .zero)
                }
            }
        }
    }

    @Test("an order's fees never sum to less than the model, and exceed it by less than two units a fill")
    func shortfall() throws {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<20_000 {
            let order = try order(&random)
            #expect(order.fees.shortfallMax == .zero)
            var state = FeeState()
            var total: Int64 = 0
            var linear: Int128 = 0
            var contracts: Int64 = 0
            for fill in order.fills {
                let price = try #require(Price(rawValue: fill.price))
                let quantity = Quantity(rawValue: fill.quantity)
                total += try order.fees.buyFee(price, quantity, fill.liquidity, &state).rawValue
                linear += Int128(order.fees.marginalBuyFee(price, fill.liquidity).rawValue) * Int128(fill.quantity)
                contracts += fill.quantity / 100_000_000 + 1
                try #require(Int128(total) * 100_000_000 >= linear, "\(order)")
            }
            let unit: Int64 = order.fees.account == .direct ? 10_000 : 1_000_000
            // A unit of the balance and a millionth a fill; the marginal fee is cut by less than 1e-8 a contract.
            let slack = Int128(order.fills.count) * Int128(unit + 100) + Int128(contracts)
            try #require(Int128(total) * 100_000_000 - linear <= slack * 100_000_000, "\(order)")
        }
    }

    @Test("an opening ask rounds alike whether its revenue is the NO cost or the YES proceeds")
    func openingAsk() throws {
        var random = SeededGenerator(seed: 6)
        for _ in 0..<5_000 {
            let order = try order(&random)
            var cost: Int64 = 0
            var proceeds: Int64 = 0
            for fill in order.fills {
                let rate: Int64 = fill.liquidity == .taker ? 700 : 175
                let asBid = oracle(order.fees, fill.price, fill.quantity, tenThousandths: rate, revenueSign: -1, &cost)
                let asAsk = oracle(
                    order.fees, 100_000_000 - fill.price, fill.quantity, tenThousandths: rate, revenueSign: 1, &proceeds
                )
                try #require(asBid == asAsk && cost == proceeds)
            }
        }
    }
}

@Suite("Fees, real fills", .enabled(if: Samples.areThere, "samples are not beside the checkout"))
struct FeesRealFillTests {
    /// The rule of schedules before July 2026: the model of the order's fills at one price, up to a whole cent.
    private func wholeCents(cents price: Int, count: Int) -> Int {
        let exact = 7 * count * price * (100 - price)  // 1e-6 dollar
        return (exact + 9_999) / 10_000
    }

    @Test("fills of January 2026 follow the whole-cent rule of their time, and the current rule asks no more")
    func january() throws {
        let data = try Samples.sample("data/fees/kalshi_real_fee_points.json")
        let points = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
        var filled = 0
        for point in points {
            let count = try #require(point["fill_count"] as? Int)
            let cost = try #require(point["taker_fill_cost"] as? Int)
            let fees = try #require(point["taker_fees"] as? Int)
            guard count > 0 else {
                #expect(fees == 0)
                continue
            }
            filled += 1
            // The average price in cents; whole in every one of these. For sells the cost is the NO side's.
            #expect(cost.isMultiple(of: count))
            #expect(wholeCents(cents: cost / count, count: count) == fees, "\(point.text("file"))")
            var state = FeeState()
            let now = try Fees(feeType: "quadratic", multiplier: multiplier("1"), account: .fcm).buyFee(
                try #require(Price(rawValue: Int64(cost / count) * 1_000_000)),
                Quantity(rawValue: Int64(count) * 100_000_000), .taker, &state)
            #expect(now == Money(rawValue: Int64(fees) * 1_000_000))
        }
        #expect(filled == 4)
    }

    @Test("fills of the recorded demo session are met to the millionth")
    func demo() throws {
        var count = 0
        for file in [
            "venues/kalshi/captured/demo_2026-06-11/fills__after_taker.json",
            "data/books/fortuna_fills__after_taker.json",
        ] {
            for fill in try Samples.object(Samples.sample(file)).list("fills") {
                let fees = try Fees(feeType: "quadratic", multiplier: multiplier("1"), account: .direct)
                var state = FeeState()
                let bought = fill.text("outcome_side") == "yes" ? "yes_price_dollars" : "no_price_dollars"
                let net = try fees.buyFee(
                    price(fill.text(bought)), quantity(fill.text("count_fp")),
                    fill["is_taker"] as? Bool == true ? .taker : .maker, &state)
                #expect(try net == money(fill.text("fee_cost")), "\(fill)")
                count += 1
            }
        }
        #expect(count == 6)
    }
}
