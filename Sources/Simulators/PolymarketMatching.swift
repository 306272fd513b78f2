/// Matching of one order against a mirrored book: pure, no account is touched.
enum PolymarketMatching {
    /// What stands against an order, in the order's own terms.
    struct Candidate {
        /// The order; nil: a quote of the house.
        let order: Int?
        let id: String
        let account: Int
        /// 0 YES, 1 NO.
        let outcome: Int
        let isBuy: Bool
        /// The maker's price of its own token.
        let price: Int
        let shares: Int
        /// Shares of it that have gone since it rests: its rounding goes on from there.
        let gone: Int
        let sequence: Int
    }

    /// What an order would do now.
    struct Plan {
        var fills: [PolymarketMakerFill] = []
        /// Shares.
        var shares = 0
        /// pUSD given or got, without fee.
        var cash = 0
        /// True when all that was asked for can be had.
        var isFull = false
    }

    /// The price of a taker's token when the maker's stands at `price`.
    static func facing(_ candidate: Candidate, outcome: Int) -> Int {
        candidate.outcome == outcome ? candidate.price : PolymarketMarket.dollar - candidate.price
    }

    /// Matches by price, then by time, at the makers' prices.
    ///
    /// - Parameter candidates: in any order, from the opposite side of the book only.
    static func plan(_ order: PolymarketOrder, _ candidates: [Candidate]) -> Plan {
        let ranked = candidates.map { ($0, facing($0, outcome: order.outcome)) }
            .filter { $0.0.shares > 0 && order.accepts($0.1) }
            .sorted { left, right in
                left.1 != right.1
                    ? (left.1 < right.1) == order.isBuy
                    : left.0.sequence < right.0.sequence
            }
        var plan = Plan()
        for (candidate, price) in ranked {
            let left = order.hasBudget ? order.making - plan.cash : order.size - plan.shares
            var shares = min(candidate.shares, order.hasBudget ? affordable(left, price) : left)
            guard shares > 0 else { break }
            var fill = fill(order, candidate, shares)
            // A mint's parts must make a whole: the maker's rounding may cost the budget its last unit.
            while order.hasBudget, takerCash(order, fill) > left {
                shares -= 1
                fill = self.fill(order, candidate, shares)
            }
            guard shares > 0 else { break }
            plan.fills.append(fill)
            plan.shares += shares
            plan.cash += takerCash(order, fill)
            plan.isFull = order.hasBudget ? order.making - plan.cash < dust : plan.shares == order.size
            if plan.isFull { break }
        }
        return plan
    }

    /// A budget of which less than this is left is spent: a hundredth of a cent.
    static let dust = 100

    /// Shares that a budget buys at a price.
    private static func affordable(_ budget: Int, _ price: Int) -> Int {
        Int(Int128(budget) * Int128(PolymarketMarket.dollar) / Int128(price))
    }

    private static func fill(_ order: PolymarketOrder, _ maker: Candidate, _ shares: Int) -> PolymarketMakerFill {
        // Whoever rests bears the rounding: it pays up and is paid down, but never more than its whole order costs.
        let cash =
            maker.isBuy
            ? PolymarketOrder.cost(maker.gone + shares, maker.price) - PolymarketOrder.cost(maker.gone, maker.price)
            : PolymarketOrder.proceeds(shares, maker.price)
        let kind: PolymarketMatch = maker.isBuy != order.isBuy ? .complementary : order.isBuy ? .mint : .merge
        return PolymarketMakerFill(
            order: maker.order, id: maker.id, account: maker.account, outcome: maker.outcome, isBuy: maker.isBuy,
            price: maker.price, shares: shares, cash: cash, kind: kind)
    }

    /// The taker's side of a fill: what the maker moves, or what is left of a whole pair.
    static func takerCash(_ order: PolymarketOrder, _ fill: PolymarketMakerFill) -> Int {
        fill.kind == .complementary ? fill.cash : fill.shares - fill.cash
    }
}
