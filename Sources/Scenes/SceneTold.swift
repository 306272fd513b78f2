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
    /// Orders that left while an order of their execution had no end yet, when it was not planned so: there may be none
    /// (law 1). Legs leave together; a leg that replaces another leaves after it has ended.
    var besideOpen: [OrderIntent] = []
    private var unknown: [ClOrdID: ExecutionID] = [:]
    /// Told of as intended, and not yet as ended.
    private var open: [ClOrdID: ExecutionID] = [:]

    /// Keeps one event.
    mutating func note(_ event: TradeEvent) {
        switch event {
        case .intended(let intent):
            intents.append(intent)
            guard intent.role != .tombstone else { return }
            let others = intent.role == .leg ? unknown : open
            if others.values.contains(intent.execution) { besideOpen.append(intent) }
            open[intent.order.clOrdID] = intent.execution
        case .heard(let heard):
            guard !heard.isTombstone else { return }
            if heard.state.isDone { open[heard.clOrdID] = nil }
            guard heard.state.isUnknown else { return unknown[heard.clOrdID] = nil }
            everUnknown.insert(heard.clOrdID)
            unknown[heard.clOrdID] = open[heard.clOrdID]
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
