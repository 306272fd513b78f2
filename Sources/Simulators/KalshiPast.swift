/// What reads that lag see: orders, positions and cash as they were.
///
/// - Bound: what is older than a second is forgotten but for the newest of it.
struct KalshiPast {
    /// An order as it was.
    struct OrderView {
        let order: KalshiOrder
        let status: KalshiOrder.Status
        let terms: KalshiOrder.Terms
        let initial: Int
        let filled: Int
        let remaining: Int
        let takerCost: Int
        let makerCost: Int
        let takerFees: Int
        let makerFees: Int
        let updated: Int64
        let reason: String

        init(_ order: KalshiOrder) {
            self.order = order
            status = order.status
            terms = order.terms
            initial = order.initial
            filled = order.filled
            remaining = order.remaining
            takerCost = order.takerCost
            makerCost = order.makerCost
            takerFees = order.takerFees
            makerFees = order.makerFees
            updated = order.updated
            reason = order.reason
        }
    }

    /// Accounts and tallies as they were.
    struct Holdings {
        let accounts: [String: SimAccount]
        let tallies: [String: KalshiTally]
    }

    private var orders: [String: [(at: Int64, value: OrderView)]] = [:]
    private var holdings: [(at: Int64, value: Holdings)] = []

    /// How far back reads can see. Unit: ns.
    static let kept: Int64 = 1_000_000_000

    mutating func note(_ order: KalshiOrder, at now: Int64) {
        orders[order.id, default: []].append((now, OrderView(order)))
        Self.prune(&orders[order.id, default: []], now)
    }

    mutating func note(_ exchange: KalshiExchange, at now: Int64) {
        holdings.append((now, Holdings(accounts: exchange.accounts, tallies: exchange.tallies)))
        Self.prune(&holdings, now)
    }

    private static func prune<Item>(_ items: inout [(at: Int64, value: Item)], _ now: Int64) {
        while items.count > 1, items[1].at < now - kept { items.removeFirst() }
    }

    /// An order as it was at an instant; nil: it was not yet.
    func order(_ id: String, at instant: Int64) -> OrderView? { orders[id]?.last { $0.at <= instant }?.value }

    /// Accounts as they were at an instant; nil: nothing has ever changed.
    func holdings(at instant: Int64) -> Holdings? { (holdings.last { $0.at <= instant } ?? holdings.first)?.value }
}
