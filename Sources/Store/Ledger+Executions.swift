public import Trading

extension Ledger {
    /// One execution as it is kept: the columns that filters need, the plan that a restart needs, the object as told.
    public struct ExecutionRow: Sendable, Hashable {
        /// Which.
        public var id: ExecutionID
        /// Pair or set.
        public var pair: String
        /// Legs in short.
        public var direction: String
        /// Mode of the run.
        public var mode: String
        /// In one word (`ExecutionResult.Kind`); `begun` until the first result.
        public var result: String
        /// Expected net of the plan, in dollars.
        public var edgeExpected: Money
        /// Net of what came of it, in dollars; nil while something is open or unknown.
        public var edgeRealized: Money?
        /// Wall time of the decision.
        public var decided: UTCNanos
        /// Code and words of what went wrong; empty when nothing did.
        public var error: String
        /// What a restart needs to go on with it, in its writer's form; nil where nothing is needed.
        public var plan: String?
        /// The whole object, schema `arb.execution/1`.
        public var json: String
        /// The opportunity that made it: its number within the run; nil in rows of before it was kept.
        public var opportunity: UInt64?

        /// A row.
        public init(
            id: ExecutionID, pair: String, direction: String, mode: String, result: String, edgeExpected: Money,
            edgeRealized: Money? = nil, decided: UTCNanos, error: String = "", plan: String? = nil, json: String = "{}",
            opportunity: UInt64? = nil
        ) {
            self.id = id
            self.pair = pair
            self.direction = direction
            self.mode = mode
            self.result = result
            self.edgeExpected = edgeExpected
            self.edgeRealized = edgeRealized
            self.decided = decided
            self.error = error
            self.plan = plan
            self.json = json
            self.opportunity = opportunity
        }

        /// The row of a result.
        public init(
            _ result: ExecutionResult, pair: String, direction: String, mode: String, plan: String? = nil, json: String
        ) {
            self.init(
                id: result.id, pair: pair, direction: direction, mode: mode, result: result.kind.rawValue,
                edgeExpected: result.edgeExpected, edgeRealized: result.edgeRealized, decided: result.decidedAt,
                error: result.error, plan: plan, json: json, opportunity: result.opportunity)
        }
    }

    /// Keeps an execution, or what it has become since; a plan stays until another one comes.
    ///
    /// - Throws: `StoreFault`.
    public func keep(_ row: ExecutionRow) throws(StoreFault) {
        try database.run(
            """
            INSERT INTO executions (id, run, sequence, pair, direction, mode, result, edge_expected_usd, edge_realized_usd,
            decided, decided_utc, error, plan, json, opportunity)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET result = excluded.result, edge_realized_usd = excluded.edge_realized_usd,
            error = excluded.error, plan = coalesce(excluded.plan, plan), json = excluded.json,
            opportunity = coalesce(opportunity, excluded.opportunity)
            """,
            [
                .text(row.id.description), .integer(Int64(row.id.run)), .integer(Int64(row.id.sequence)),
                .text(row.pair), .text(row.direction), .text(row.mode), .text(row.result),
                .integer(row.edgeExpected.rawValue), row.edgeRealized.map { .integer($0.rawValue) } ?? .null,
                .text(row.decided.rfc3339), .integer(row.decided.rawValue),
                row.error.isEmpty ? .null : .text(row.error), row.plan.map { .text($0) } ?? .null, .text(row.json),
                row.opportunity.map { .integer(Int64(clamping: $0)) } ?? .null,
            ])
    }

    /// Executions decided at or after an instant, newest first; none in a ledger of before they were kept.
    ///
    /// - Throws: `StoreFault`.
    public func executions(since: UTCNanos? = nil, pair: String? = nil, limit: Int = 1_000) throws(StoreFault)
        -> [ExecutionRow]
    {
        guard try version() >= 3 else { return [] }
        return try executions(
            "WHERE decided_utc >= ?1 AND (?2 IS NULL OR pair = ?2) ORDER BY decided_utc DESC, id DESC LIMIT ?3",
            [
                .integer(since?.rawValue ?? .min), pair.map { .text($0) } ?? .null, .integer(Int64(limit)),
            ])
    }

    /// One execution; nil when it is not kept.
    ///
    /// - Throws: `StoreFault`.
    public func execution(_ id: ExecutionID) throws(StoreFault) -> ExecutionRow? {
        guard try version() >= 3 else { return nil }
        return try executions("WHERE id = ?", [.text(id.description)]).first
    }

    private func executions(_ rest: String, _ values: [Database.Value]) throws(StoreFault) -> [ExecutionRow] {
        var found: [ExecutionRow?] = []
        let opportunity = try version() >= 4 ? "opportunity" : "NULL"
        try database.query(
            """
            SELECT id, pair, direction, mode, result, edge_expected_usd, edge_realized_usd, decided_utc, error, plan,
            json, \(opportunity) FROM executions \(rest)
            """, values
        ) { row in
            found.append(
                row.text(0).flatMap { ExecutionID($0) }.map { id in
                    ExecutionRow(
                        id: id, pair: row.text(1) ?? "", direction: row.text(2) ?? "", mode: row.text(3) ?? "",
                        result: row.text(4) ?? "", edgeExpected: Money(rawValue: row.integer(5) ?? 0),
                        edgeRealized: row.integer(6).map { Money(rawValue: $0) },
                        decided: UTCNanos(rawValue: row.integer(7) ?? 0), error: row.text(8) ?? "", plan: row.text(9),
                        json: row.text(10) ?? "", opportunity: row.integer(11).map { UInt64(clamping: $0) })
                })
        }
        let rows = found.compactMap { $0 }
        guard rows.count == found.count else {
            throw StoreFault(.corrupt, "\(database.path): an execution cannot be read by this build")
        }
        return rows
    }

    /// Keeps an intent as an order; one that is kept already stays as it is.
    ///
    /// - Returns: its row.
    /// - Throws: `StoreFault`.
    @discardableResult
    public func keep(_ intent: OrderIntent) throws(StoreFault) -> Int64 {
        if let known = try row(of: intent.order.clOrdID, isTombstone: intent.order.purpose == .tombstone) {
            return known
        }
        return try add(
            intent.order, venue: intent.venue, pair: intent.pair.name, symbol: intent.symbol, token: intent.token,
            orderID: intent.orderID, at: intent.decided.utc, execution: intent.execution, role: intent.role)
    }

    /// The row of an order; nil when it is not kept.
    ///
    /// - Throws: `StoreFault`.
    public func row(of clOrdID: ClOrdID, isTombstone: Bool) throws(StoreFault) -> Int64? {
        guard try version() >= 2 else { return nil }
        var found: Int64?
        try database.query(
            "SELECT id FROM orders WHERE cl_ord_id = ? AND (purpose = 'tombstone') = ?",
            [.text(clOrdID.description), .integer(isTombstone ? 1 : 0)]
        ) { found = $0.integer(0) }
        return found
    }

    // MARK: - Boxes

    /// One box as it is kept.
    public struct BoxRow: Sendable, Hashable {
        /// The execution that made it.
        public var execution: ExecutionID
        /// Pair or set.
        public var pair: String
        /// `open`, `closing`, `settling:kalshi`, `settled`.
        public var state: String
        /// True when nothing of it is held any more.
        public var isOver: Bool
        /// Matched units.
        public var quantity: Quantity
        /// Cost of them with fees, in dollars.
        public var cost: Money
        /// What they pay at least, in dollars.
        public var payoff: Money
        /// Profit, locked or made, in dollars.
        public var pnl: Money
        /// When the last of it is expected to be paid.
        public var payoutAt: UTCNanos?
        /// When it was opened.
        public var opened: UTCNanos
        /// When it last changed.
        public var changed: UTCNanos
        /// Its legs and all else, as its writer tells it.
        public var json: String

        /// A row.
        public init(
            execution: ExecutionID, pair: String, state: String, isOver: Bool, quantity: Quantity, cost: Money,
            payoff: Money, pnl: Money, payoutAt: UTCNanos? = nil, opened: UTCNanos, changed: UTCNanos,
            json: String = "{}"
        ) {
            self.execution = execution
            self.pair = pair
            self.state = state
            self.isOver = isOver
            self.quantity = quantity
            self.cost = cost
            self.payoff = payoff
            self.pnl = pnl
            self.payoutAt = payoutAt
            self.opened = opened
            self.changed = changed
            self.json = json
        }
    }

    /// Keeps a box, or what it has become since.
    ///
    /// - Throws: `StoreFault`.
    public func keep(_ row: BoxRow) throws(StoreFault) {
        try database.run(
            """
            INSERT OR REPLACE INTO boxes (execution, pair, state, is_over, quantity, cost_usd, payoff_usd, pnl_usd,
            payout_utc, opened_utc, changed_utc, json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .text(row.execution.description), .text(row.pair), .text(row.state), .integer(row.isOver ? 1 : 0),
                .integer(row.quantity.rawValue), .integer(row.cost.rawValue), .integer(row.payoff.rawValue),
                .integer(row.pnl.rawValue), row.payoutAt.map { .integer($0.rawValue) } ?? .null,
                .integer(row.opened.rawValue), .integer(row.changed.rawValue), .text(row.json),
            ])
    }

    /// Boxes, oldest first: those of which something is held, and with `since` those that changed from then on.
    ///
    /// - Throws: `StoreFault`: `E_STORE_CORRUPT` for a row that this program did not write.
    public func boxes(since: UTCNanos? = nil) throws(StoreFault) -> [BoxRow] {
        guard try version() >= 3 else { return [] }
        var found: [BoxRow?] = []
        try database.query(
            """
            SELECT execution, pair, state, is_over, quantity, cost_usd, payoff_usd, pnl_usd, payout_utc, opened_utc,
            changed_utc, json FROM boxes WHERE is_over = 0 OR changed_utc >= ? ORDER BY opened_utc, execution
            """, [.integer(since?.rawValue ?? .max)]
        ) { row in
            func money(_ column: Int32) -> Money { Money(rawValue: row.integer(column) ?? 0) }
            found.append(
                row.text(0).flatMap { ExecutionID($0) }.map { id in
                    BoxRow(
                        execution: id, pair: row.text(1) ?? "", state: row.text(2) ?? "", isOver: row.integer(3) == 1,
                        quantity: Quantity(rawValue: row.integer(4) ?? 0), cost: money(5), payoff: money(6),
                        pnl: money(7), payoutAt: row.integer(8).map { UTCNanos(rawValue: $0) },
                        opened: UTCNanos(rawValue: row.integer(9) ?? 0),
                        changed: UTCNanos(rawValue: row.integer(10) ?? 0), json: row.text(11) ?? "")
                })
        }
        let rows = found.compactMap { $0 }
        guard rows.count == found.count else {
            throw StoreFault(.corrupt, "\(database.path): a box cannot be read by this build")
        }
        return rows
    }
}
