internal import Arb
internal import Codec
internal import Store
internal import Trading

/// Turns what the trader tells into rows of the ledger.
///
/// - Lane: the back office's thread.
final class TradeRows {
    private struct Key: Hashable {
        let clOrdID: ClOrdID
        let isTombstone: Bool
    }

    /// Mode and venues of the run.
    var mode = "", venues = ""
    private var stops = StopRows()
    /// Rows of orders of this run, until they have ended.
    private var rows: [Key: Int64] = [:]
    /// Samples kept of each execution: a result is told again when it changes, a stage is measured once.
    private var measured: [ExecutionID: Int] = [:]
    private var newestMeasured: UInt32 = 0
    /// Executions that may still be told again; what is older has ended long ago.
    private static let measuredMax = 4_096

    init() { measured.reserveCapacity(Self.measuredMax + 1) }

    /// Writes one event.
    ///
    /// - Throws: `StoreFault`.
    func write(_ event: TradeEvent, to ledger: Ledger, _ names: BasketNames) throws(StoreFault) {
        switch event {
        case .intended(let intent):
            rows[Key(clOrdID: intent.order.clOrdID, isTombstone: intent.role == .tombstone)] = try ledger.keep(intent)
        case .heard(let heard):
            let key = Key(clOrdID: heard.clOrdID, isTombstone: heard.isTombstone)
            var known = rows[key]
            if known == nil { known = try ledger.row(of: heard.clOrdID, isTombstone: heard.isTombstone) }
            guard let row = known else { return }
            // Of an earlier run, or told after the end, as what settles is: found by its name again.
            rows[key] = heard.state.isDone ? nil : row
            try ledger.append(
                StoredOrderEvent(
                    at: heard.at.utc, transactTime: heard.transactTime, source: heard.source, event: heard.event),
                to: row, state: heard.state, orderID: heard.orderID)
        case .result(let result):
            guard result.kind != .refused else { return try keepRefusal(result, ledger, names) }
            try keep(result, ledger, names)
        case .box(let box):
            var row = Ledger.BoxRow(
                execution: box.execution, pair: box.pair.name, state: box.state.text, isOver: box.state == .settled,
                quantity: box.quantity, cost: box.cost, payoff: box.payoff, pnl: box.net, opened: box.openedAt,
                changed: box.at.utc)
            row.payoutAt = box.payoutAt
            try ledger.keep(row)
        case .cash(let balances, let asOf): try ledger.keep(balances, asOf: asOf)
        case .alert(let alert):
            try ledger.addAlert(
                level: alert.isCritical ? "critical" : "warning", code: alert.code, text: alert.text, at: alert.at.utc)
        case .breaker(let event): try stops.keep(event, in: ledger)
        case .suspended(let report): try stops.keep(report, in: ledger)
        case .profit(let profit, let at): try ledger.keepProfit(profit, at: at.utc)
        case .residual: break
        }
    }

    private func keep(_ result: ExecutionResult, _ ledger: Ledger, _ names: BasketNames) throws(StoreFault) {
        var json = JSONWriter()
        ExecutionJSON.write(result, names: names, mode: mode, venues: venues, into: &json)
        try ledger.keep(
            Ledger.ExecutionRow(
                id: result.id, pair: names[result.basket].pair.name, direction: names[result.basket].direction,
                mode: mode, result: result.kind.rawValue, edgeExpected: result.edgeExpected,
                edgeRealized: result.edgeRealized, decided: result.decidedAt, error: result.error, json: json.string,
                opportunity: result.opportunity == 0 ? nil : result.opportunity))
        try measure(result, ledger, pair: names[result.basket].pair.name)
    }

    /// Told once an opportunity and code: what was missed, and why.
    private func keepRefusal(_ result: ExecutionResult, _ ledger: Ledger, _ names: BasketNames) throws(StoreFault) {
        let code = result.error.prefix { $0 != " " }
        let words = result.error.dropFirst(code.count + 1)
        try ledger.add(
            Ledger.RefusalRow(
                opportunity: result.opportunity, pair: names[result.basket].pair.name, at: result.decidedAt,
                code: String(code), reason: String(words.prefix { $0 != ":" }), text: String(words),
                edge: result.edgeExpected))
    }

    /// Keeps the stages once all of them are stamped, or what there is when the execution is told for the last time.
    private func measure(_ result: ExecutionResult, _ ledger: Ledger, pair: String) throws(StoreFault) {
        // What an earlier run began has stamps of a clock that is gone.
        guard Int64(result.id.run) == ledger.run else { return }
        let samples = LatencySample.all(of: result)
        let known = measured[result.id] ?? 0
        guard samples.count > known else { return }
        try ledger.replaceLatency(samples, of: result.id, pair: pair, at: result.decidedAt, known: known > 0)
        measured[result.id] = samples.count
        newestMeasured = max(newestMeasured, result.id.sequence)
        guard measured.count > Self.measuredMax else { return }
        let oldest = newestMeasured - UInt32(Self.measuredMax / 2)
        measured = measured.filter { $0.key.sequence > oldest }
    }
}
