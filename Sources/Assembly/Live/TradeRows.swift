internal import Arb
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

    /// Rows of orders of this run, until they have ended.
    private var rows: [Key: Int64] = [:]

    /// Writes one event.
    ///
    /// - Throws: `StoreFault`.
    func write(_ event: TradeEvent, to ledger: Ledger, _ names: BasketNames) throws(StoreFault) {
        switch event {
        case .intended(let intent):
            rows[Key(clOrdID: intent.order.clOrdID, isTombstone: intent.role == .tombstone)] = try ledger.add(
                intent.order, venue: intent.venue, pair: intent.pair.name, symbol: intent.symbol, token: intent.token,
                orderID: intent.orderID, at: intent.decided.utc)
        case .heard(let heard):
            let key = Key(clOrdID: heard.clOrdID, isTombstone: heard.isTombstone)
            var known = rows[key]
            if known == nil { known = try found(key, ledger) }
            guard let row = known else { return }
            rows[key] = row
            try ledger.append(
                StoredOrderEvent(
                    at: heard.at.utc, transactTime: heard.transactTime, source: heard.source, event: heard.event),
                to: row, state: heard.state, orderID: heard.orderID)
        case .result, .residual, .box, .alert, .breaker: break
        }
    }

    /// An order of an earlier run.
    private func found(_ key: Key, _ ledger: Ledger) throws(StoreFault) -> Int64? {
        try ledger.orders(named: key.clOrdID.description)
            .first { ($0.state.order.purpose == .tombstone) == key.isTombstone }?.row
    }
}
