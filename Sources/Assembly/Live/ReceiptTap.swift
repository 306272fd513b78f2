internal import Arb
internal import Trading

/// Stands between a private stream and the trader: what a message told of orders goes on at once, and the message itself is
/// kept under their names.
///
/// - Lane: the hot lane.
final class ReceiptTap: OrderSink {
    private let receipts: ReceiptQueue
    private let trader: any LiveTrader
    /// Orders of the message that is being read, each once.
    private var named: [(venue: VenueID, clOrdID: ClOrdID?, orderID: OrderID?)] = []

    init(_ receipts: ReceiptQueue, into trader: any LiveTrader) {
        self.receipts = receipts
        self.trader = trader
    }

    func apply(_ report: ExecutionReport) {
        trader.apply(report)
        let isNew = !named.contains { $0.clOrdID == report.clOrdID && $0.orderID == report.orderID }
        if isNew { named.append((report.venue, report.clOrdID, report.orderID)) }
    }

    func apply(_ position: VenuePosition) { trader.apply(position) }

    func gap(_ venue: VenueID, since: UTCNanos) { trader.gap(venue, since: since) }

    func note(_ notice: FeedNotice) { trader.note(notice) }

    /// The message is read: it is kept once for each order that it told of.
    func keep(_ payload: RawSpan, at now: UTCNanos) {
        for order in named {
            receipts.keep(
                ReceiptMark(
                    venue: order.venue, kind: .stream, clOrdID: order.clOrdID, orderID: order.orderID, at: now), payload
            )
        }
        named.removeAll(keepingCapacity: true)
    }
}
