import Arb
import Risk
import Trading

/// Tries every size, each from nothing: the obvious answer that the Sizer must equal.
enum BruteForce {
    struct Level {
        let price: Int64
        let quantity: Int64
    }

    struct Leg {
        let levels: [Level]
        let fees: any FeeSchedule
        let orderQtyMin: Int64
        let notionalMin: Int64
        let budgetStep: Int64?
        let currency: Currency
        let cash: Int64?
    }

    struct Answer: Equatable {
        var quantity: Int64
        var net: Int64
        var locked: Int64
        var legs: [[Int64]]
    }

    static let lot: Int64 = 1_000_000
    static let fillStep: Int64 = 100

    static func solve(
        _ legs: [Leg], payoffRate: Int64, limits: SizingLimits, thresholds: EdgeThresholds, seconds: Int64,
        valuation: Valuation
    ) throws -> Answer? {
        var best: (answer: Answer, objective: Int64)?
        var quantity = lot
        while quantity <= limits.orderQtyMax.rawValue {
            defer { quantity += lot }
            var locked: Int64 = 0
            var plans: [[Int64]] = []
            for leg in legs {
                guard let plan = try buy(leg, quantity) else { break }
                plans.append(plan)
                locked += try valuation.spent(Money(rawValue: plan[2] + plan[3]), leg.currency).rawValue
            }
            guard plans.count == legs.count else { continue }
            let payoff = Int64(Int128(payoffRate) * Int128(quantity) / 100_000_000)
            let net = payoff - locked
            let objective = net - thresholds.hurdle(Money(rawValue: locked), seconds: seconds).rawValue
            guard locked <= limits.lockedMax.rawValue, net >= thresholds.edgeMin.rawValue, objective >= 0,
                Int128(net) * 10_000 >= Int128(thresholds.edgeBpsMin) * Int128(locked)
            else { continue }
            if let found = best, objective <= found.objective { continue }
            best = (Answer(quantity: quantity, net: net, locked: locked, legs: plans), objective)
        }
        return best?.answer
    }

    /// `[orderQty, limitPx, cost, fee]` of buying `quantity`; nil when the book or the venue does not allow it.
    private static func buy(_ leg: Leg, _ quantity: Int64) throws -> [Int64]? {
        var left = quantity
        var exact: Int128 = 0
        for level in leg.levels where left > 0 {
            let taken = min(left, level.quantity)
            exact += Int128(taken) * Int128(level.price)
            left -= taken
        }
        guard left == 0 else { return nil }
        if let step = leg.budgetStep {
            let unit = Int128(step) * 100_000_000
            return try spend(leg, Int64((exact + unit - 1) / unit) * step, atLeast: quantity)
        }
        guard quantity >= leg.orderQtyMin else { return nil }
        let cost = Int64((exact + 99_999_999) / 100_000_000)
        var state = FeeState()
        var fee: Int64 = 0
        var limit: Int64 = 0
        left = quantity
        for level in leg.levels where left > 0 {
            let taken = min(left, level.quantity)
            fee += try leg.fees.buyFee(price(level.price), Quantity(rawValue: taken), .taker, &state).rawValue
            limit = level.price
            left -= taken
        }
        guard cost >= leg.notionalMin, leg.cash.map({ cost + fee <= $0 }) ?? true else { return nil }
        return [quantity, limit, cost, fee]
    }

    private static func spend(_ leg: Leg, _ budget: Int64, atLeast quantity: Int64) throws -> [Int64]? {
        var left = Int128(budget) * 100_000_000
        var shares: Int64 = 0
        var fee: Int64 = 0
        var limit: Int64 = 0
        var state = FeeState()
        for level in leg.levels where left > 0 {
            let affordable = Int64(left / Int128(level.price)) / fillStep * fillStep
            let whole = Int128(level.price) * Int128(level.quantity)
            let taken = left >= whole ? level.quantity : affordable
            if taken > 0 {
                fee += try leg.fees.buyFee(price(level.price), Quantity(rawValue: taken), .taker, &state).rawValue
                shares += taken
                limit = level.price
            }
            left -= min(left, whole)
        }
        guard left == 0, shares >= quantity, shares >= leg.orderQtyMin, budget >= leg.notionalMin,
            leg.cash.map({ budget + fee <= $0 }) ?? true
        else { return nil }
        return [shares, limit, budget, fee]
    }

    private static func price(_ raw: Int64) -> Price { Price(rawValue: raw) ?? .zero }
}
