import Codec
import Synchronization
public import Trading
import Transport

// Cancels draw on tokens and connections of their own and are held back by no mode.
extension Gateway {
    /// Cancels one order.
    public func cancel(_ order: OrderRef, deadline: MonotonicNanos) async -> CancelReport {
        var json = JSONWriter(reserved: 128)
        json.beginObject()
        json.member("orderID", order.orderID.text)
        json.endObject()
        switch await exchange("/order", json.bytes, [order.orderID], deadline) {
        case .failure(let refusal): return .notSent(refusal)
        case .success(let outcome): return learned(policy.report(outcome, cancelling: order.orderID))
        }
    }

    /// Cancels several orders, `cancelsMax` in a request; one report an order, in its order.
    public func cancel(_ orders: [OrderRef], deadline: MonotonicNanos) async -> [CancelReport] {
        var reports: [CancelReport] = []
        reports.reserveCapacity(orders.count)
        for start in stride(from: 0, to: orders.count, by: settings.cancelsMax) {
            let part = orders[start..<min(start + settings.cancelsMax, orders.count)].map(\.orderID)
            var json = JSONWriter(reserved: 16 + part.count * 72)
            json.beginArray()
            for id in part { json.string(id.text) }
            json.endArray()
            switch await exchange("/orders", json.bytes, part, deadline) {
            case .failure(let refusal): reports += part.map { _ in .notSent(refusal) }
            case .success(let outcome):
                reports += policy.reports(outcome, cancelling: part).map { learned($0) }
            }
        }
        return reports
    }

    /// Cancels every order of the API key, ours or not.
    public func cancelAll(deadline: MonotonicNanos) async -> CancelReport {
        switch await exchange("/cancel-all", [], [nil], deadline) {
        case .failure(let refusal): return .notSent(refusal)
        case .success(let outcome): return learned(policy.reportOfAll(outcome))
        }
    }

    /// Cancels every order of one market, both tokens.
    public func cancelMarket(_ instrument: InstrumentID, deadline: MonotonicNanos) async -> CancelReport {
        guard let condition = desk.withLock({ $0.market(instrument)?.contract.symbol }) else {
            return .notSent(LocalRefusal(.market, "the terms of the market are not known"))
        }
        var json = JSONWriter(reserved: 128)
        json.beginObject()
        json.member("market", condition)
        json.member("asset_id", "")
        json.endObject()
        switch await exchange("/cancel-market-orders", json.bytes, [nil], deadline) {
        case .failure(let refusal): return .notSent(refusal)
        case .success(let outcome): return learned(policy.reportOfAll(outcome))
        }
    }

    /// - Parameter orders: what is cancelled; nil stands for more than is named.
    private func exchange(
        _ path: String, _ body: [UInt8], _ orders: [OrderID?], _ deadline: MonotonicNanos
    ) async -> Result<WireOutcome, LocalRefusal> {
        let now = clock.now()
        guard budget.takeCancels(orders.count, at: now.monotonic) else {
            return .failure(LocalRefusal(.noTokens, "the account's cancel tokens are used up"))
        }
        guard let ticket = sender.reserve(.close) else {
            budget.giveBackCancels(orders.count, at: now.monotonic)
            return .failure(LocalRefusal(.noConnection, "no connection is open and idle"))
        }
        let request = desk.withLock { $0.request(.delete, path, body, at: now.utc) }
        let outcome = await sender.exchange(ticket, request, deadline: deadline)
        if case .notSent = outcome { budget.giveBackCancels(orders.count, at: clock.now().monotonic) }
        for orderID in orders { keep(outcome, .cancel, nil, orderID) }
        return .success(outcome)
    }

    private func learned(_ report: CancelReport) -> CancelReport {
        if case .rejected(let rejection) = report, rejection.kind == .throttled {
            budget.refused(retryAfter: rejection.retryAfter, at: clock.now().monotonic)
        }
        return report
    }
}
