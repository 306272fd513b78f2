public import Trading

// What reports add up, and opportunities that were not fired.
extension Ledger {
    /// Why an opportunity was not fired by a run that trades.
    public struct RefusalRow: Sendable, Hashable {
        /// Its number within the run.
        public var opportunity: UInt64
        /// Pair or set.
        public var pair: String
        /// When.
        public var at: UTCNanos
        /// Stable code.
        public var code: String
        /// The reason without its figures.
        public var reason: String
        /// The reason with its figures.
        public var text: String
        /// Expected net of what was not fired, in dollars.
        public var edge: Money

        /// A row.
        public init(
            opportunity: UInt64, pair: String, at: UTCNanos, code: String, reason: String, text: String, edge: Money
        ) {
            self.opportunity = opportunity
            self.pair = pair
            self.at = at
            self.code = code
            self.reason = reason
            self.text = text
            self.edge = edge
        }
    }

    /// Keeps why an opportunity was not fired.
    ///
    /// - Throws: `StoreFault`.
    public func add(_ row: RefusalRow) throws(StoreFault) {
        try database.run(
            "INSERT INTO refusals (run, opportunity, pair, at, at_utc, code, reason, text, edge_usd) "
                + "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .integer(run), .integer(Int64(clamping: row.opportunity)), .text(row.pair), .text(row.at.rfc3339),
                .integer(row.at.rawValue), .text(row.code), .text(row.reason), .text(row.text),
                .integer(row.edge.rawValue),
            ])
    }

    /// Refusals within a time, oldest first.
    ///
    /// - Throws: `StoreFault`.
    public func refusals(since: UTCNanos?, until: UTCNanos?) throws(StoreFault) -> [RefusalRow] {
        guard try version() >= 4 else { return [] }
        var found: [RefusalRow] = []
        try database.query(
            "SELECT opportunity, pair, at_utc, code, reason, text, edge_usd FROM refusals "
                + "WHERE at_utc >= ? AND at_utc < ? ORDER BY at_utc, rowid", Self.bounds(since, until)
        ) { row in
            found.append(
                RefusalRow(
                    opportunity: UInt64(clamping: row.integer(0) ?? 0), pair: row.text(1) ?? "",
                    at: UTCNanos(rawValue: row.integer(2) ?? 0), code: row.text(3) ?? "", reason: row.text(4) ?? "",
                    text: row.text(5) ?? "", edge: Money(rawValue: row.integer(6) ?? 0)))
        }
        return found
    }

    static func bounds(_ since: UTCNanos?, _ until: UTCNanos?) -> [Database.Value] {
        [.integer(since?.rawValue ?? .min), .integer(until?.rawValue ?? .max)]
    }

    // MARK: - Fills

    /// One fill of one of our orders, as it is kept.
    public struct FillRow: Sendable, Hashable {
        /// Our name of the order.
        public let clOrdID: String
        /// The venue's name of the order; empty while it is not known.
        public let orderID: String
        /// The execution; empty for orders of before they were kept.
        public let execution: String
        /// What the order was to it; empty as `execution`.
        public let role: String
        /// The venue.
        public let venue: String
        /// Pair or set.
        public let pair: String
        /// Ticker, or condition id.
        public let symbol: String
        /// The outcome traded.
        public let outcome: String
        /// Bought or sold.
        public let side: String
        /// The venue's name of the fill.
        public let execID: String
        /// Contracts.
        public let lastQty: Quantity
        /// At this price.
        public let lastPx: Int64
        /// The fee; nil while it is not known. Unit: the venue's currency.
        public let fee: Money?
        /// Maker or taker.
        public let liquidity: String
        /// How far it is settled.
        public let settlement: String
        /// When the venue says it happened.
        public let at: UTCNanos
    }

    /// Fills within a time, oldest first; calls `body` for each.
    ///
    /// - Throws: `StoreFault`.
    public func fills(since: UTCNanos?, until: UTCNanos?, _ body: (FillRow) -> Void) throws(StoreFault) {
        guard try version() >= 2 else { return }
        let kept = try version() >= 3 ? "o.execution, o.role" : "NULL, NULL"
        try database.query(
            """
            SELECT o.cl_ord_id, o.order_id, \(kept), o.venue, o.pair, o.symbol, o.outcome, o.side, f.exec_id, f.last_qty,
            f.last_px, f.fee, f.liquidity, f.settlement, f.at_utc FROM fills f JOIN orders o ON o.id = f.order_row
            WHERE f.at_utc >= ? AND f.at_utc < ? ORDER BY f.at_utc, f.order_row, f.exec_id
            """, Self.bounds(since, until)
        ) { row in
            body(
                FillRow(
                    clOrdID: row.text(0) ?? "", orderID: row.text(1) ?? "", execution: row.text(2) ?? "",
                    role: row.text(3) ?? "", venue: row.text(4) ?? "", pair: row.text(5) ?? "",
                    symbol: row.text(6) ?? "", outcome: row.text(7) ?? "", side: row.text(8) ?? "",
                    execID: row.text(9) ?? "", lastQty: Quantity(rawValue: row.integer(10) ?? 0),
                    lastPx: row.integer(11) ?? 0, fee: row.integer(12).map { Money(rawValue: $0) },
                    liquidity: row.text(13) ?? "", settlement: row.text(14) ?? "",
                    at: UTCNanos(rawValue: row.integer(15) ?? 0)))
        }
    }

    // MARK: - Counts

    /// How often something was, under a name of up to two words.
    public struct CountRow: Sendable, Hashable {
        /// The first word, such as a venue or a code.
        public let first: String
        /// The second word; empty where there is none.
        public let second: String
        /// How often.
        public let count: Int
        /// An amount that was summed with it, in dollars.
        public let sum: Money
    }

    private func counts(_ sql: String, _ values: [Database.Value]) throws(StoreFault) -> [CountRow] {
        var found: [CountRow] = []
        try database.query(sql, values) { row in
            found.append(
                CountRow(
                    first: row.text(0) ?? "", second: row.text(1) ?? "", count: Int(row.integer(2) ?? 0),
                    sum: Money(rawValue: row.integer(3) ?? 0)))
        }
        return found
    }

    /// Opportunities born within a time: kind, disposition, how many, and the sum of their best expected nets.
    ///
    /// - Throws: `StoreFault`.
    public func opportunityCounts(since: UTCNanos?, until: UTCNanos?) throws(StoreFault) -> [CountRow] {
        try counts(
            "SELECT kind, disposition, count(*), sum(best_edge_usd) FROM opportunities "
                + "WHERE born_utc >= ? AND born_utc < ? GROUP BY kind, disposition ORDER BY count(*) DESC, 1, 2",
            Self.bounds(since, until))
    }

    /// Opportunities born within a time that no execution came of although they passed every gate of the detector: the
    /// newest reason why (code, reason), how many, and the sum of their best expected nets.
    ///
    /// - Throws: `StoreFault`.
    public func missedCounts(since: UTCNanos?, until: UTCNanos?) throws(StoreFault) -> [CountRow] {
        guard try version() >= 4 else { return [] }
        return try counts(
            """
            SELECT coalesce(r.code, ''), coalesce(r.reason, ''), count(*), sum(o.best_edge_usd)
            FROM opportunities o JOIN runs ON runs.id = o.run AND runs.mode <> 'dry-run'
            LEFT JOIN refusals r ON r.rowid = (SELECT max(rowid) FROM refusals WHERE run = o.run AND opportunity = o.sequence)
            WHERE o.born_utc >= ?1 AND o.born_utc < ?2 AND o.disposition = 'taken' AND o.kind = 'cross-venue'
            AND NOT EXISTS (SELECT 1 FROM executions e WHERE e.run = o.run AND e.opportunity = o.sequence)
            GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2
            """, Self.bounds(since, until))
    }

    /// Orders recorded within a time: venue, and `order`, `sent`, `filled`, `unfilled`, `rejected` or `unknown`.
    ///
    /// - Throws: `StoreFault`.
    public func orderCounts(since: UTCNanos?, until: UTCNanos?) throws(StoreFault) -> [CountRow] {
        guard try version() >= 2 else { return [] }
        return try counts(
            """
            SELECT venue, CASE WHEN is_unknown = 1 THEN 'unknown' WHEN ord_status = 'rejected' THEN 'rejected'
            WHEN sent_utc IS NULL THEN 'not_sent' WHEN cum_qty = 0 THEN 'unfilled'
            WHEN ord_status = 'filled' THEN 'filled' ELSE 'partial' END, count(*), 0
            FROM orders WHERE intended_utc >= ? AND intended_utc < ? AND purpose <> 'tombstone' GROUP BY 1, 2 ORDER BY 1, 2
            """, Self.bounds(since, until))
    }

    /// What went wrong with orders within a time: venue, and the venue's code or why it was unknown.
    ///
    /// - Throws: `StoreFault`.
    public func orderFaultCounts(since: UTCNanos?, until: UTCNanos?) throws(StoreFault) -> [CountRow] {
        guard try version() >= 2 else { return [] }
        return try counts(
            """
            SELECT o.venue, e.kind || ' ' || coalesce(nullif(e.code, ''), e.word, ''), count(*), 0
            FROM order_events e JOIN orders o ON o.id = e.order_row
            WHERE e.at_utc >= ? AND e.at_utc < ? AND e.kind IN ('rejected', 'unknown', 'not_sent')
            GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
            """, Self.bounds(since, until))
    }

    /// Notices within a time by code.
    ///
    /// - Throws: `StoreFault`.
    public func noticeCounts(since: UTCNanos?, until: UTCNanos?) throws(StoreFault) -> [CountRow] {
        try counts(
            "SELECT code, '', count(*), 0 FROM notices WHERE at_utc >= ? AND at_utc < ? GROUP BY 1 ORDER BY 3 DESC, 1",
            Self.bounds(since, until))
    }

    /// Alerts within a time by code and level.
    ///
    /// - Throws: `StoreFault`.
    public func alertCounts(since: UTCNanos?, until: UTCNanos?) throws(StoreFault) -> [CountRow] {
        guard try version() >= 3 else { return [] }
        return try counts(
            "SELECT code, level, count(*), 0 FROM alerts WHERE at_utc >= ? AND at_utc < ? GROUP BY 1, 2 "
                + "ORDER BY 3 DESC, 1", Self.bounds(since, until))
    }
}
