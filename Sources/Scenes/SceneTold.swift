internal import Arb
internal import Risk
internal import Trading

/// What a trader has told since its start.
struct SceneTold {
    var results: [ExecutionResult] = []
    var intents: [OrderIntent] = []
    var residuals: [ResidualReport] = []
    var boxes: [BoxReport] = []
    var alerts: [TradeAlert] = []
    var breaker: [BreakerEvent] = []
    /// Orders of which nobody knew for a while what had become of them. That may be over within a millisecond: whoever looks
    /// from time to time does not see it.
    var everUnknown: Set<ClOrdID> = []
    /// Orders that left while another one of their execution was unknown: there may be none (law 1).
    var besideUnknown: [OrderIntent] = []
    private var unknown: [ClOrdID: ExecutionID] = [:]

    /// Keeps one event.
    mutating func note(_ event: TradeEvent) {
        switch event {
        case .intended(let intent):
            intents.append(intent)
            if intent.role != .tombstone, unknown.values.contains(intent.execution) { besideUnknown.append(intent) }
        case .heard(let heard):
            guard !heard.isTombstone else { return }
            guard heard.state.isUnknown else { return unknown[heard.clOrdID] = nil }
            everUnknown.insert(heard.clOrdID)
            unknown[heard.clOrdID] = intents.last { $0.order.clOrdID == heard.clOrdID }?.execution
        case .result(let result):
            guard result.kind != .refused || results.count < 10_000 else { return }
            results.append(result)
        case .residual(let report): residuals.append(report)
        case .box(let box): boxes.append(box)
        case .alert(let alert): alerts.append(alert)
        case .breaker(let event): breaker.append(event)
        case .cash, .suspended, .profit: break
        }
    }
}
