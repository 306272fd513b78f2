import Trading

/// The same questions answered slowly, from the whole list of what was told, with none of the machine's parts.
struct OrderOracle {
    let order: NewOrder
    var fills: [String: (qty: Int64, px: Int64, states: Set<Settlement>)] = [:]
    var early: [String: Set<Settlement>] = [:]
    var venueSum: Int64 = 0
    var standings: Set<OrderSummary.Standing> = []
    var isRefused = false, isKilled = false, isNeverIn = false, isNotSent = false, isUnsure = false, isSent = false

    init(_ order: NewOrder, _ events: [OrderEvent]) {
        self.order = order
        for event in events { hear(event) }
    }

    private mutating func hear(_ event: OrderEvent) {
        switch event {
        case .sent: isSent = true
        case .notSent: isNotSent = true
        case .cannotEnter: isNeverIn = true
        case .unknown: isUnsure = true
        case .rejected(let told):
            switch told.kind {
            case .duplicate: isUnsure = true
            case .unfilled: (isKilled, isRefused) = (true, true)
            default: isRefused = true
            }
        case .summary(let summary):
            standings.insert(summary.standing)
            let sum = summary.cumQty?.rawValue ?? (summary.standing == .filled ? order.orderQty.rawValue : 0)
            venueSum = max(venueSum, sum)
        case .settlement(let execID, let state): early[execID.text, default: []].insert(state)
        case .fill(let fill):
            early[fill.execID.text, default: []].insert(fill.settlement)
            let known = fills[fill.execID.text]
            let better = [(known?.qty ?? 0, known?.px ?? 0), (fill.lastQty.rawValue, fill.lastPx.rawValue)].max(by: <)
            fills[fill.execID.text] = (better?.0 ?? 0, better?.1 ?? 0, [])
        }
    }

    private func isVoid(_ name: String) -> Bool {
        let states = early[name] ?? []
        return states.contains(.failed) && !states.contains(.confirmed)
    }

    var told: Int64 { max(venueSum, fills.values.reduce(0) { $0 + $1.qty }) }
    var void: Int64 { fills.reduce(0) { $0 + (isVoid($1.key) ? $1.value.qty : 0) } }
    var cumQty: Int64 { told - void }
    var hasEnd: Bool { !standings.isDisjoint(with: [.cancelled, .expired, .filled]) }
    var isDone: Bool {
        if told > 0, order.cashOrderQty == nil, told >= order.orderQty.rawValue { return true }
        if hasEnd || isKilled { return true }
        if told > 0 || standings.contains(.working) { return false }
        if standings.contains(.delayed) { return isRefused }
        return isRefused || isNeverIn || isNotSent
    }
    var leavesQty: Int64 { isDone ? 0 : max(0, order.orderQty.rawValue - told) }
    /// 1e-16, of the fills alone.
    var cash: Int128 {
        fills.reduce(0) { $0 + (isVoid($1.key) ? 0 : Int128($1.value.qty) * Int128($1.value.px)) }
    }
}
