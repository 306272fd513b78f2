public import Trading

/// An order as it is kept.
public struct StoredOrder: Sendable, Hashable {
    /// Its row.
    public let row: Int64
    /// The venue's name; nil while it is not known.
    public let orderID: OrderID?
    /// The venue.
    public let venue: VenueID
    /// Pair or set it was sent for; empty for none.
    public let pair: String
    /// Ticker, or condition id.
    public let symbol: String
    /// The token traded (Polymarket); empty on Kalshi.
    public let token: String
    /// When it was recorded.
    public let intended: UTCNanos
    /// When bytes may have left; nil when none did.
    public let sent: UTCNanos?
    /// When anything was last told of it.
    public let heard: UTCNanos
    /// The execution it belongs to; nil for orders of before executions were kept, and for those of others.
    public let execution: ExecutionID?
    /// What it is to it.
    public let role: OrderRole?
    /// What all that was told amounts to.
    public let state: OrderState
}

/// One thing that was told of an order.
public struct StoredOrderEvent: Sendable, Hashable {
    /// When it reached us.
    public let at: UTCNanos
    /// The venue's own stamp.
    public let transactTime: UTCNanos?
    /// Who said it.
    public let source: EvidenceSource
    /// What.
    public let event: OrderEvent

    /// An event.
    public init(at: UTCNanos, transactTime: UTCNanos?, source: EvidenceSource, event: OrderEvent) {
        self.at = at
        self.transactTime = transactTime
        self.source = source
        self.event = event
    }
}

/// Events as columns and back.
enum OrderEventColumns {
    static let names = """
        at, at_utc, transact_utc, source, kind, word, exec_id, quantity, leaves_qty, price, cash, fee, liquidity, status,
        code, text, retry_ns
        """
    static let count = 17

    private struct Cells {
        var kind = ""
        var word: String?, execID: String?, liquidity: String?, code: String?, text: String?
        var quantity: Int64?, leaves: Int64?, price: Int64?, cash: Int64?, fee: Int64?, status: Int64?, retry: Int64?
    }

    static func values(_ stored: StoredOrderEvent) -> [Database.Value] {
        var cells = Cells()
        switch stored.event {
        case .sent: cells.kind = "sent"
        case .notSent(let refusal):
            (cells.kind, cells.word, cells.text) = ("not_sent", refusal.kind.rawValue, refusal.text)
        case .summary(let summary):
            (cells.kind, cells.word, cells.text) = ("summary", summary.standing.rawValue, summary.reason)
            (cells.quantity, cells.leaves) = (summary.cumQty?.rawValue, summary.leavesQty?.rawValue)
            (cells.price, cells.cash, cells.fee) = (
                summary.avgPx?.rawValue, summary.cumCash?.rawValue, summary.fee?.rawValue
            )
        case .fill(let fill):
            (cells.kind, cells.word, cells.execID) = ("fill", fill.settlement.rawValue, fill.execID.text)
            (cells.quantity, cells.price, cells.fee) = (
                fill.lastQty.rawValue, fill.lastPx.rawValue, fill.fee?.rawValue
            )
            cells.liquidity = fill.liquidity.rawValue
        case .settlement(let execID, let settlement):
            (cells.kind, cells.word, cells.execID) = ("settlement", settlement.rawValue, execID.text)
        case .rejected(let rejection):
            (cells.kind, cells.word, cells.code) = ("rejected", rejection.kind.rawValue, rejection.code)
            (cells.status, cells.text) = (Int64(rejection.status), rejection.text)
            cells.retry = rejection.retryAfter?.rawValue
        case .unknown(let reason):
            cells.kind = "unknown"
            switch reason {
            case .timeout: cells.word = "timeout"
            case .connectionLost(let text): (cells.word, cells.text) = ("connection_lost", text)
            case .serverError(let status): (cells.word, cells.status) = ("server_error", Int64(status))
            case .unreadable(let text): (cells.word, cells.text) = ("unreadable", text)
            case .restart: cells.word = "restart"
            }
        case .cannotEnter(let proof): (cells.kind, cells.text) = ("cannot_enter", proof)
        }
        func text(_ value: String?) -> Database.Value { value.map { .text($0) } ?? .null }
        func integer(_ value: Int64?) -> Database.Value { value.map { .integer($0) } ?? .null }
        return [
            .text(stored.at.rfc3339), .integer(stored.at.rawValue), integer(stored.transactTime?.rawValue),
            .text(stored.source.rawValue), .text(cells.kind), text(cells.word), text(cells.execID),
            integer(cells.quantity), integer(cells.leaves), integer(cells.price), integer(cells.cash),
            integer(cells.fee), text(cells.liquidity), integer(cells.status), text(cells.code), text(cells.text),
            integer(cells.retry),
        ]
    }

    /// The event of a row whose first column is `at`; nil when the row is not one that this build writes.
    static func event(_ row: Database.Row) -> StoredOrderEvent? {
        guard let at = row.integer(1), let source = row.text(3).flatMap(EvidenceSource.init),
            let event = event(of: row)
        else { return nil }
        return StoredOrderEvent(
            at: UTCNanos(rawValue: at), transactTime: row.integer(2).map { UTCNanos(rawValue: $0) }, source: source,
            event: event)
    }

    private static func event(of row: Database.Row) -> OrderEvent? {
        let word = row.text(5) ?? "", text = row.text(15) ?? ""
        let execID = ExecID(row.text(6) ?? "")
        switch row.text(4) {
        case "sent": return .sent
        case "not_sent": return LocalRefusal.Kind(rawValue: word).map { .notSent(LocalRefusal($0, text)) }
        case "summary":
            return OrderSummary.Standing(rawValue: word).map {
                .summary(
                    OrderSummary(
                        standing: $0, cumQty: row.integer(7).map { Quantity(rawValue: $0) },
                        leavesQty: row.integer(8).map { Quantity(rawValue: $0) },
                        avgPx: row.integer(9).flatMap { Price(rawValue: $0) },
                        cumCash: row.integer(10).map { Money(rawValue: $0) },
                        fee: row.integer(11).map { Money(rawValue: $0) }, reason: text))
            }
        case "fill":
            guard let settlement = Settlement(rawValue: word), let quantity = row.integer(7),
                let price = row.integer(9).flatMap({ Price(rawValue: $0) }),
                let liquidity = row.text(12).flatMap(Liquidity.init)
            else { return nil }
            return .fill(
                Fill(
                    execID: execID, lastQty: Quantity(rawValue: quantity), lastPx: price,
                    fee: row.integer(11).map { Money(rawValue: $0) }, liquidity: liquidity, settlement: settlement))
        case "settlement": return Settlement(rawValue: word).map { .settlement(execID, $0) }
        case "rejected":
            return VenueRejection.Kind(rawValue: word).map {
                .rejected(
                    VenueRejection(
                        $0, status: Int(row.integer(13) ?? 0), code: row.text(14) ?? "", text: text,
                        retryAfter: row.integer(16).map { Nanoseconds(rawValue: $0) }))
            }
        case "unknown": return unknown(word, text, row.integer(13)).map { .unknown($0) }
        case "cannot_enter": return .cannotEnter(text)
        default: return nil
        }
    }

    private static func unknown(_ word: String, _ text: String, _ status: Int64?) -> UnknownReason? {
        switch word {
        case "timeout": .timeout
        case "connection_lost": .connectionLost(text)
        case "server_error": .serverError(Int(status ?? 0))
        case "unreadable": .unreadable(text)
        case "restart": .restart
        default: nil
        }
    }
}
