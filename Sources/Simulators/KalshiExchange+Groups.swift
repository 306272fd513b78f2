internal import Trading

/// A set of orders that the exchange takes off the book when too much of it has filled within 15 seconds.
struct KalshiGroup {
    let id: String
    let account: String
    let shard: Int
    /// Unit: hundredths.
    var limit: Int
    /// True once the limit was reached or the group was triggered: nothing new is taken until it is reset.
    var isTriggered = false
    /// Fills of the last 15 seconds: ns of the world and hundredths.
    var recent: [(at: Int64, count: Int)] = []

    static let window: Int64 = 15_000_000_000

    /// Contracts filled within the window. Unit: hundredths.
    mutating func filled(at now: Int64) -> Int {
        recent.removeAll { $0.at <= now - Self.window }
        return recent.reduce(0) { $0 + $1.count }
    }
}

extension KalshiExchange {
    /// Counts a fill for the order's group, which may end the group.
    func countForGroup(_ order: KalshiOrder, _ count: Int, _ turn: TradingTurn) {
        guard let id = order.terms.group, groups[id] != nil else { return }
        groups[id]?.recent.append((turn.now, count))
        guard let filled = groups[id]?.filled(at: turn.now), let limit = groups[id]?.limit, filled >= limit else {
            return
        }
        trigger(id, turn)
    }

    /// Cancels all that rests in a group and refuses what comes.
    func trigger(_ id: String, _ turn: TradingTurn) {
        guard let group = groups[id], !group.isTriggered else { return }
        groups[id]?.isTriggered = true
        for order in history where order.isLive && order.terms.group == id && order.remaining > 0 {
            remove(order, "OrderGroupCancel", turn)
        }
        tell(.group(id: id, event: "triggered", limit: group.limit))
    }
}
