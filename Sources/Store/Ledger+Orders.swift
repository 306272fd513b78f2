import CSQLite
public import Trading

extension Ledger {
    /// Version of the SQLite that keeps it.
    public static var libraryVersion: String { String(cString: sqlite3_libversion()) }

    /// Which orders to look for.
    public struct OrderFilter: Sendable {
        /// Where they stand.
        public enum Standing: String, Sendable, CaseIterable {
            /// Sent, and nobody knows what became of them.
            case unknown
            /// Not known to be done; unknown ones too.
            case open
            /// Done.
            case done
        }

        /// Recorded at or after. Orders that are not done are found however old they are.
        public var since: UTCNanos?
        /// Where they stand; nil for all.
        public var standing: Standing?
        /// One venue alone.
        public var venue: VenueID?
        /// At most this many, newest first.
        public var limit: Int

        /// Everything, up to `limit`.
        public init(limit: Int = 1_000) { self.limit = limit }
    }

    /// Keeps an order before it is sent.
    ///
    /// - Returns: its row.
    /// - Throws: `StoreFault`; an id that is kept already is one.
    public func add(
        _ order: NewOrder, venue: VenueID, pair: String, symbol: String, token: String = "", orderID: OrderID?,
        at instant: UTCNanos, execution: ExecutionID? = nil, role: OrderRole? = nil
    ) throws(StoreFault) -> Int64 {
        var timeInForce = "ioc"
        var expires: Int64?
        switch order.timeInForce {
        case .ioc: break
        case .fok: timeInForce = "fok"
        case .gtc: timeInForce = "gtc"
        case .gtd(let instant): (timeInForce, expires) = ("gtd", instant.rawValue)
        }
        try database.run(
            """
            INSERT INTO orders (run, cl_ord_id, order_id, venue, pair, symbol, token, outcome, side, order_qty, price,
            cash_order_qty, time_in_force, expire_utc, is_post_only, is_reduce_only, purpose, intended, intended_utc,
            heard_utc, execution, role, ord_status, is_done, is_unknown, cum_qty)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'intended', 0, 0, 0)
            """,
            [
                run > 0 ? .integer(run) : .null, .text(order.clOrdID.description),
                orderID.map { .text($0.text) } ?? .null, .text(venue.name), .text(pair), .text(symbol), .text(token),
                .text(order.outcome.rawValue), .text(order.side.rawValue), .integer(order.orderQty.rawValue),
                .integer(order.price.rawValue), order.cashOrderQty.map { .integer($0.rawValue) } ?? .null,
                .text(timeInForce), expires.map { .integer($0) } ?? .null, .integer(order.isPostOnly ? 1 : 0),
                .integer(order.isReduceOnly ? 1 : 0), .text(order.purpose.rawValue), .text(instant.rfc3339),
                .integer(instant.rawValue), .integer(instant.rawValue),
                execution.map { .text($0.description) } ?? .null, role.map { .text($0.rawValue) } ?? .null,
            ])
        var row: Int64 = 0
        try database.query("SELECT last_insert_rowid()") { row = $0.integer(0) ?? 0 }
        return row
    }

    /// Appends what was told of an order, and keeps what it now amounts to.
    ///
    /// - Parameters:
    ///   - state: of the order, the event applied.
    ///   - orderID: the venue's name, once it is known.
    /// - Throws: `StoreFault`.
    public func append(_ stored: StoredOrderEvent, to row: Int64, state: OrderState, orderID: OrderID?)
        throws(StoreFault)
    {
        let marks = [String](repeating: "?", count: OrderEventColumns.count + 1).joined(separator: ", ")
        try database.run(
            "INSERT INTO order_events (order_row, \(OrderEventColumns.names)) VALUES (\(marks))",
            [.integer(row)] + OrderEventColumns.values(stored))
        let hasLeft = state.ordStatus != .intended && state.localRefusal == nil
        try database.run(
            """
            UPDATE orders SET order_id = coalesce(order_id, ?2), heard_utc = max(heard_utc, ?3), ord_status = ?4,
            is_done = ?5, is_unknown = ?6, cum_qty = ?7,
            sent_utc = CASE WHEN ?8 THEN min(coalesce(sent_utc, ?3), ?3) ELSE sent_utc END WHERE id = ?1
            """,
            [
                .integer(row), orderID.map { .text($0.text) } ?? .null, .integer(stored.at.rawValue),
                .text(state.ordStatus.rawValue), .integer(state.isDone ? 1 : 0), .integer(state.isUnknown ? 1 : 0),
                .integer(state.cumQty.rawValue), .integer(hasLeft ? 1 : 0),
            ])
        let execID: ExecID
        switch stored.event {
        case .fill(let fill): execID = fill.execID
        case .settlement(let told, _): execID = told
        case .sent, .notSent, .summary, .rejected, .unknown, .cannotEnter: return
        }
        guard let fill = state.fills.first(where: { $0.execID == execID }) else { return }
        try database.run(
            """
            INSERT INTO fills (order_row, exec_id, last_qty, last_px, fee, liquidity, settlement, at, at_utc)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (order_row, exec_id) DO UPDATE SET
            last_qty = excluded.last_qty, last_px = excluded.last_px, fee = excluded.fee,
            liquidity = excluded.liquidity, settlement = excluded.settlement
            """,
            [
                .integer(row), .text(execID.text), .integer(fill.lastQty.rawValue), .integer(fill.lastPx.rawValue),
                fill.fee.map { .integer($0.rawValue) } ?? .null, .text(fill.liquidity.rawValue),
                .text(fill.settlement.rawValue), .text((stored.transactTime ?? stored.at).rfc3339),
                .integer((stored.transactTime ?? stored.at).rawValue),
            ])
    }

    /// The orders that a filter lets through, newest first; none in a ledger of before orders were kept.
    ///
    /// - Throws: `StoreFault`: `E_STORE_CORRUPT` for a row that this program did not write.
    public func orders(_ filter: OrderFilter) throws(StoreFault) -> [StoredOrder] {
        let condition =
            switch filter.standing {
            case .unknown: "is_unknown = 1"
            case .open: "is_done = 0"
            case .done: "is_done = 1 AND intended_utc >= ?1"
            case nil: "(is_done = 0 OR intended_utc >= ?1)"
            }
        // Without a bound of time the parameter is bound all the same.
        return try orders(
            "WHERE \(condition) AND ?1 IS NOT NULL AND (?2 IS NULL OR venue = ?2) ORDER BY intended_utc DESC, id DESC "
                + "LIMIT ?3",
            [
                .integer(filter.since?.rawValue ?? .min), filter.venue.map { .text($0.name) } ?? .null,
                .integer(Int64(filter.limit)),
            ])
    }

    /// The orders that one of their names begins with, at most two: enough to say that a name is not enough.
    ///
    /// - Throws: `StoreFault`.
    public func orders(named name: String) throws(StoreFault) -> [StoredOrder] {
        try orders(
            "WHERE substr(cl_ord_id, 1, length(?1)) = lower(?1) OR substr(order_id, 1, length(?1)) = ?1 "
                + "ORDER BY (cl_ord_id = lower(?1) OR order_id = ?1) DESC, purpose = 'tombstone', id DESC LIMIT 2",
            [.text(name)])
    }

    func orders(_ rest: String, _ values: [Database.Value]) throws(StoreFault) -> [StoredOrder] {
        let version = try version()
        guard version >= 2 else { return [] }
        var bare: [(StoredOrder?, row: Int64)] = []
        try database.query(
            """
            SELECT id, cl_ord_id, order_id, venue, pair, symbol, token, outcome, side, order_qty, price, cash_order_qty,
            time_in_force, expire_utc, is_post_only, is_reduce_only, purpose, intended_utc, sent_utc, heard_utc,
            \(version >= 3 ? "execution, role" : "NULL, NULL")
            FROM orders \(rest)
            """, values
        ) { bare.append((Self.order($0), $0.integer(0) ?? 0)) }
        var found: [StoredOrder] = []
        for (order, row) in bare {
            guard let order else {
                throw StoreFault(.corrupt, "\(database.path): order \(row) cannot be read by this build")
            }
            var state = order.state
            for event in try events(of: order.row) { state.apply(event.event) }
            found.append(
                StoredOrder(
                    row: order.row, orderID: order.orderID, venue: order.venue, pair: order.pair, symbol: order.symbol,
                    token: order.token, intended: order.intended, sent: order.sent, heard: order.heard,
                    execution: order.execution,
                    role: order.role, state: state))
        }
        return found
    }

    /// Everything that was told of an order, oldest first.
    ///
    /// - Throws: `StoreFault`: `E_STORE_CORRUPT` for a row that this program did not write.
    public func events(of row: Int64) throws(StoreFault) -> [StoredOrderEvent] {
        var found: [StoredOrderEvent?] = []
        try database.query(
            "SELECT \(OrderEventColumns.names) FROM order_events WHERE order_row = ? ORDER BY id", [.integer(row)]
        ) { found.append(OrderEventColumns.event($0)) }
        let events = found.compactMap { $0 }
        guard events.count == found.count else {
            throw StoreFault(.corrupt, "\(database.path): events of order \(row) cannot be read by this build")
        }
        return events
    }

    /// What our own fills amount to: per venue, market and outcome, void fills left out, zero left out.
    ///
    /// - Throws: `StoreFault`.
    public func positions() throws(StoreFault) -> [VenuePosition] {
        var held: [VenuePosition] = []
        for order in try netFills() {
            guard let venue = VenueID(name: order.venue), let outcome = Outcome(rawValue: order.outcome),
                order.quantity != 0
            else { continue }
            held.append(
                VenuePosition(
                    venue: venue, symbol: order.symbol, token: order.token,
                    outcome: order.quantity > 0 ? outcome : outcome.opposite,
                    quantity: Quantity(rawValue: Int64(clamping: order.quantity.magnitude))))
        }
        return held
    }

    private func netFills() throws(StoreFault) -> [(
        venue: String, symbol: String, token: String, outcome: String, quantity: Int64
    )] {
        guard try version() >= 2 else { return [] }
        var found: [(venue: String, symbol: String, token: String, outcome: String, quantity: Int64)] = []
        // The sum in `cum_qty` has what the venue named and no fill has explained yet.
        try database.query(
            """
            SELECT venue, symbol, token, outcome, sum(CASE side WHEN 'buy' THEN cum_qty ELSE -cum_qty END)
            FROM orders WHERE cum_qty <> 0 GROUP BY venue, symbol, token, outcome ORDER BY venue, symbol, outcome
            """
        ) {
            found.append(
                ($0.text(0) ?? "", $0.text(1) ?? "", $0.text(2) ?? "", $0.text(3) ?? "", $0.integer(4) ?? 0))
        }
        return found
    }

    private static func order(_ row: Database.Row) -> StoredOrder? {
        guard let clOrdID = row.text(1).flatMap({ ClOrdID($0) }),
            let venue = row.text(3).flatMap({ VenueID(name: $0) }),
            let outcome = row.text(7).flatMap(Outcome.init), let side = row.text(8).flatMap(Side.init),
            let orderQty = row.integer(9), orderQty >= 0, let price = row.integer(10).flatMap({ Price(rawValue: $0) }),
            let purpose = row.text(16).flatMap(OrderPurpose.init), let intended = row.integer(17),
            let heard = row.integer(19)
        else { return nil }
        let timeInForce: TimeInForce
        switch row.text(12) {
        case "ioc": timeInForce = .ioc
        case "fok": timeInForce = .fok
        case "gtc": timeInForce = .gtc
        case "gtd": timeInForce = .gtd(UTCNanos(rawValue: row.integer(13) ?? 0))
        default: return nil
        }
        // The dense index of its run is gone with the run; the market is its symbol.
        let order = NewOrder(
            clOrdID: clOrdID, instrument: InstrumentID(-1), outcome: outcome, side: side,
            orderQty: Quantity(rawValue: orderQty), price: price,
            cashOrderQty: row.integer(11).map { Money(rawValue: $0) }, timeInForce: timeInForce,
            isPostOnly: row.integer(14) == 1, isReduceOnly: row.integer(15) == 1, purpose: purpose)
        return StoredOrder(
            row: row.integer(0) ?? 0, orderID: row.text(2).map { OrderID($0) }, venue: venue, pair: row.text(4) ?? "",
            symbol: row.text(5) ?? "", token: row.text(6) ?? "", intended: UTCNanos(rawValue: intended),
            sent: row.integer(18).map { UTCNanos(rawValue: $0) }, heard: UTCNanos(rawValue: heard),
            execution: row.text(20).flatMap { ExecutionID($0) }, role: row.text(21).flatMap(OrderRole.init),
            state: OrderState(order))
    }
}
