import Arb
import Risk
import Testing
import Trading

@Suite("Sizer")
struct SizerTests {
    /// A random basket: books, fees, minimums, caps and thresholds, small enough to try every size.
    struct Case {
        var legs: [BruteForce.Leg] = []
        var limits: SizingLimits
        var thresholds: EdgeThresholds
        var payoff = Money(rawValue: 100_000_000)
        var seconds: Int64
        var valuation: Valuation

        init(_ random: inout SeededGenerator) {
            let count = Int.random(in: 0..<10, using: &random) < 7 ? 2 : Int.random(in: 3...5, using: &random)
            let units = count == 2 ? 1 : Int64.random(in: 1...Int64(count - 1), using: &random)
            payoff = Money(rawValue: units * 100_000_000)
            let fair = units * 100 / Int64(count)
            for _ in 0..<count { legs.append(Self.leg(around: fair, &random)) }
            limits = SizingLimits(
                lockedMax: Money(rawValue: Int64.random(in: 10_000_000...400_000_000, using: &random)),
                orderQtyMax: Quantity(rawValue: Int64.random(in: 1...200, using: &random) * 1_000_000))
            let strict = Bool.random(using: &random)
            thresholds = EdgeThresholds(
                edgeMin: Money(rawValue: strict ? Int64.random(in: 1...3_000_000, using: &random) : 1),
                edgeBpsMin: strict ? Int64.random(in: 0...500, using: &random) : 0,
                annualizedPctMin: strict ? Int64.random(in: 0...40, using: &random) * 100_000_000 : 0)
            seconds = Int64.random(in: 0...20_000_000, using: &random)
            valuation = Valuation(haircutBps: Int64.random(in: 0...20, using: &random))
        }

        static func leg(around fair: Int64, _ random: inout SeededGenerator) -> BruteForce.Leg {
            let step: Int64 = [1_000_000, 100_000, 10_000, 500_000, 250_000].randomElement(using: &random) ?? 1_000_000
            var price = max(
                step, (fair * 1_000_000 + Int64.random(in: -8_000_000...3_000_000, using: &random)) / step * step)
            var levels: [BruteForce.Level] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) where price < 100_000_000 {
                let fine = Int.random(in: 0..<5, using: &random) == 0
                let lots = Int64.random(in: 1...60, using: &random) * 1_000_000
                levels.append(
                    .init(
                        price: price, quantity: fine ? lots + Int64.random(in: 0...9_999, using: &random) * 100 : lots))
                price += step * Int64.random(in: 1...6, using: &random)
            }
            let budgeted = Bool.random(using: &random)
            let fees: any FeeSchedule =
                budgeted
                ? FloorFees(rate: [0, 3_000_000, 4_000_000, 5_000_000, 7_000_000].randomElement(using: &random) ?? 0)
                : CeilingFees(
                    rate: [0, 3_500_000, 7_000_000].randomElement(using: &random) ?? 0,
                    grid: Bool.random(using: &random) ? 10_000 : 1_000_000)
            let hasMinimum = Int.random(in: 0..<3, using: &random) == 0
            return BruteForce.Leg(
                levels: levels, fees: fees,
                orderQtyMin: hasMinimum ? Int64.random(in: 1...40, using: &random) * 1_000_000 : 1_000_000,
                notionalMin: hasMinimum ? Int64.random(in: 0...20_000_000, using: &random) : 0,
                budgetStep: budgeted ? 1_000_000 : nil, currency: budgeted ? .pusd : .usd,
                cash: Int.random(in: 0..<6, using: &random) == 0
                    ? Int64.random(in: 1...60_000_000, using: &random) : nil)
        }
    }

    private static func sized(_ test: Case, outcome: Outcome) throws -> (BasketPlan?, BruteForce.Answer?) {
        let unit = try #require(Price(rawValue: 10_000))
        let table = BookTable(units: Array(repeating: unit, count: test.legs.count))
        var legs: [SizingLeg] = []
        for (index, leg) in test.legs.enumerated() {
            let instrument = InstrumentID(Int32(index))
            let book = table[instrument]
            for level in leg.levels {
                let price = try #require(Price(rawValue: level.price))
                let shown = outcome == .yes ? price : try #require(price.complement)
                try book[outcome == .yes ? .ask : .bid].set(shown, Quantity(rawValue: level.quantity))
            }
            var terms = InstrumentTerms(
                title: "", status: .active, grid: try TickGrid(step: unit), lot: Quantity(rawValue: BruteForce.lot),
                orderQtyMin: Quantity(rawValue: leg.orderQtyMin), fillStep: Quantity(rawValue: BruteForce.fillStep),
                currency: leg.currency, fees: FeeTimeline(leg.fees), entriesEnd: nil, payout: nil,
                readAt: UTCNanos(rawValue: 0))
            terms.notionalMin = Money(rawValue: leg.notionalMin)
            terms.budgetStep = leg.budgetStep.map { Money(rawValue: $0) }
            legs.append(
                SizingLeg(
                    BasketLeg(instrument: instrument, outcome: outcome), book: book, terms: terms, fees: leg.fees,
                    cash: leg.cash.map { Money(rawValue: $0) }))
        }
        let problem = SizingProblem(
            legs: legs, payoff: test.payoff, limits: test.limits, thresholds: test.thresholds,
            secondsToPayout: test.seconds,
            valuation: test.valuation)
        let plan = try withExtendedLifetime(table) { try Sizer().plan(problem) }
        let answer = try BruteForce.solve(
            test.legs, payoffRate: problem.payoffRate, limits: test.limits, thresholds: test.thresholds,
            seconds: test.seconds,
            valuation: test.valuation)
        return (plan, answer)
    }

    @Test("equals trying every size, on 100,000 random small books", arguments: 0..<20)
    func equalsBruteForce(chunk: Int) throws {
        var found = 0
        for index in 0..<5_000 {
            let seed = UInt64(chunk * 5_000 + index)
            var random = SeededGenerator(seed: seed)
            let test = Case(&random)
            let (plan, answer) = try Self.sized(test, outcome: seed % 2 == 0 ? .yes : .no)
            let got = plan.map { plan in
                BruteForce.Answer(
                    quantity: plan.orderQty.rawValue, net: plan.net.rawValue, locked: plan.locked.rawValue,
                    legs: plan.legs.map {
                        [$0.orderQty.rawValue, $0.limitPx.rawValue, $0.cost.rawValue, $0.fee.rawValue]
                    })
            }
            if got != nil { found += 1 }
            if got != answer {
                Issue.record("seed \(seed): sizer \(String(describing: got)), every size \(String(describing: answer))")
                return
            }
        }
        #expect(found > 300, "too few of the random books pay for the test to mean anything")
    }

    @Test("finds ten contracts where the fee's rounding makes one unprofitable")
    func roundingMakesOneUnprofitable() throws {
        let cents = CeilingFees(rate: 7_000_000, grid: 1_000_000)
        let free = FloorFees(rate: 0)
        let leg = BruteForce.Leg(
            levels: [.init(price: 50_000_000, quantity: 1_000_000_000)], fees: cents, orderQtyMin: 1_000_000,
            notionalMin: 0,
            budgetStep: nil, currency: .usd, cash: nil)
        let other = BruteForce.Leg(
            levels: [.init(price: 48_010_000, quantity: 1_000_000_000)], fees: free, orderQtyMin: 1_000_000,
            notionalMin: 0,
            budgetStep: nil, currency: .usd, cash: nil)
        var random = SeededGenerator(seed: 1)
        var test = Case(&random)
        test.legs = [leg, other]
        test.payoff = Money(rawValue: 100_000_000)
        test.valuation = Valuation()
        test.thresholds = .any
        test.limits = SizingLimits(
            lockedMax: Money(rawValue: 100_000_000_000), orderQtyMax: Quantity(rawValue: 100_000_000))
        let (one, _) = try Self.sized(test, outcome: .yes)
        #expect(one == nil || one?.orderQty != Quantity(rawValue: 100_000_000))
        test.limits.orderQtyMax = Quantity(rawValue: 1_000_000_000)
        let (ten, answer) = try Self.sized(test, outcome: .yes)
        #expect(try #require(ten).orderQty > Quantity(rawValue: 900_000_000))
        #expect(ten?.net.rawValue == answer?.net)
        #expect(ten?.orderQty.rawValue == answer?.quantity)
    }
}
