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
