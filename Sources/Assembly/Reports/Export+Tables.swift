internal import Store
internal import Trading

// The rows of each table, in the order of `Export.columns`.
extension Export {
    private static let rowsMax = 10_000_000

    static func orders(_ ledger: Ledger, _ filter: Filter, _ buffer: inout LineBuffer) throws {
        var wanted = Ledger.OrderFilter(limit: rowsMax)
        wanted.since = filter.since
        wanted.venue = filter.venue
        for order in try ledger.orders(wanted).reversed() where filter.lets(order.intended, order.pair) {
            let state = order.state, asked = order.state.order
            try buffer.row([
                .time(order.intended), .text(asked.clOrdID.description), .words(order.orderID?.text),
                .words(order.execution?.description), .words(order.role?.rawValue), .text(order.venue.name),
                .words(order.pair), .text(order.symbol), .words(order.token), .text(asked.outcome.rawValue),
                .text(asked.side.rawValue), .text(asked.purpose.rawValue), .text(word(asked.timeInForce)),
                .decimal(asked.orderQty.rawValue), .decimal(asked.price.rawValue), .money(asked.cashOrderQty),
                .text(state.isUnknown ? "unknown" : state.ordStatus.rawValue), .decimal(state.cumQty.rawValue),
                .decimal(state.leavesQty.rawValue), .decimal(state.voidedQty.rawValue),
                state.avgPx.map { .decimal($0.rawValue) } ?? .none, .money(state.cumCash), .money(state.fees),
                .bool(state.isFeeWhole), .time(order.sent), .time(order.heard), .words(state.text),
            ])
        }
    }

    private static func word(_ timeInForce: TimeInForce) -> String {
        switch timeInForce {
        case .ioc: "ioc"
        case .fok: "fok"
        case .gtc: "gtc"
        case .gtd: "gtd"
        }
    }

    static func fills(_ ledger: Ledger, _ filter: Filter, _ buffer: inout LineBuffer) throws {
        var rows: [Ledger.FillRow] = []
        try ledger.fills(since: filter.since, until: filter.until) { rows.append($0) }
        for fill in rows where filter.lets(fill.at, fill.pair, fill.venue) {
            try buffer.row([
                .time(fill.at), .text(fill.execID), .text(fill.clOrdID), .words(fill.orderID), .words(fill.execution),
                .words(fill.role), .text(fill.venue), .words(fill.pair), .text(fill.symbol), .text(fill.outcome),
                .text(fill.side), .decimal(fill.lastQty.rawValue), .decimal(fill.lastPx), .money(fill.fee),
                .text(fill.liquidity), .text(fill.settlement),
            ])
        }
    }

    static func executions(_ ledger: Ledger, _ filter: Filter, _ buffer: inout LineBuffer) throws {
        let rows = try ledger.executions(since: filter.since, limit: rowsMax)
        for row in rows.reversed() where filter.lets(row.decided, row.pair) {
            try buffer.row(
                [
                    .time(row.decided), .text(row.id.description), .text(row.pair), .text(row.direction),
                    .text(row.mode), .text(row.result), .money(row.edgeExpected), .money(row.edgeRealized),
                    row.opportunity.map { .integer(Int64(clamping: $0)) } ?? .none, .words(row.error),
                ], object: row.json)
        }
    }

    static func boxes(_ ledger: Ledger, _ filter: Filter, _ buffer: inout LineBuffer) throws {
        for box in try ledger.boxes(since: UTCNanos(rawValue: .min)) where filter.lets(box.opened, box.pair) {
            try buffer.row([
                .time(box.opened), .text(box.execution.description), .text(box.pair), .text(box.state),
                .bool(box.isOver), .decimal(box.quantity.rawValue), .money(box.cost), .money(box.payoff),
                .money(box.pnl), .time(box.payoutAt), .time(box.changed),
            ])
        }
    }

    static func opportunities(_ ledger: Ledger, _ filter: Filter, _ buffer: inout LineBuffer) throws {
        var wanted = Ledger.Filter(limit: rowsMax)
        wanted.since = filter.since
        wanted.pair = filter.pair
        for row in try ledger.opportunities(wanted).reversed() where filter.lets(row.born, row.pair) {
            try buffer.row(
                [
                    .time(row.born), .text(row.pair), .text(row.kind), .text(row.direction), .text(row.disposition),
                    .decimal(row.orderQty.rawValue), .money(row.locked), .money(row.edge), .integer(row.edgeBps),
                    .money(row.bestEdge), .decimal(row.bestQty.rawValue),
                    row.lifetime.map { .integer($0.rawValue) } ?? .none, .words(row.endReason), .money(row.judgedNet),
                    row.judgedFilled.map { .bool($0) } ?? .none, .integer(Int64(clamping: row.sequence)),
                ], object: row.json)
        }
    }

    static func refusals(_ ledger: Ledger, _ filter: Filter, _ buffer: inout LineBuffer) throws {
        for row in try ledger.refusals(since: filter.since, until: filter.until) where filter.lets(row.at, row.pair) {
            try buffer.row([
                .time(row.at), .integer(Int64(clamping: row.opportunity)), .text(row.pair), .text(row.code),
                .words(row.reason), .words(row.text), .money(row.edge),
            ])
        }
    }

    static func latency(_ ledger: Ledger, _ filter: Filter, _ buffer: inout LineBuffer) throws {
        var rows: [Ledger.LatencyRow] = []
        try ledger.latency(since: filter.since) { row in
            if filter.lets(row.at, row.pair, row.venue ?? "") { rows.append(row) }
        }
        for row in rows.sorted(by: { $0.at < $1.at }) {
            try buffer.row([
                .time(row.at), .text(row.execution), .text(row.pair), .words(row.venue), .text(row.stage),
                .integer(row.duration.rawValue),
            ])
        }
    }

    static func breakers(_ ledger: Ledger, _ filter: Filter, _ buffer: inout LineBuffer) throws {
        for row in try ledger.breakerEvents(since: filter.since, limit: rowsMax).reversed()
        where filter.lets(row.at, row.scope) {
            try buffer.row([
                .time(row.at), .text(row.scope), .text(row.event), .bool(row.isOpen), .text(row.reasons),
                .integer(row.figure), .integer(row.limit), .time(row.since), .words(row.text),
            ])
        }
    }

    static func receipts(_ ledger: Ledger, _ filter: Filter, _ buffer: inout LineBuffer) throws {
        // No pair is kept with them: one that is asked for has none here.
        guard filter.pair == nil else { return }
        var rows: [Ledger.ReceiptRow] = []
        try ledger.receipts(since: filter.since, until: filter.until) { row in
            if filter.lets(row.at, "", row.venue) { rows.append(row) }
        }
        for row in rows {
            try buffer.row([
                .time(row.at), .text(row.venue), .text(row.kind), .words(row.clOrdID), .words(row.orderID),
                row.status.map { .integer(Int64($0)) } ?? .none, .text(row.body),
            ])
        }
    }
}
