public import Trading

// What a restart goes on from besides orders, and what is reported later.
extension Ledger {
    // MARK: - Breaker

    /// One change of a breaker, as it is kept.
    public struct BreakerRow: Sendable, Hashable {
        /// When.
        public var at: UTCNanos
        /// What it guards: `global`, `venue:kalshi`, `pair:ID`.
        public var scope: String
        /// `trip`, `half_open`, `close`, `resume`.
        public var event: String
        /// True when entries are stopped after it.
        public var isOpen: Bool
        /// Why, stable words with commas between them.
        public var reasons: String
        /// The figure of the first reason, and its limit. Unit: the reason's.
        public var figure: Int64, limit: Int64
        /// Since when it has been open.
        public var since: UTCNanos
        /// For people.
        public var text: String

        /// A row.
        public init(
            at: UTCNanos, scope: String, event: String, isOpen: Bool, reasons: String, figure: Int64 = 0,
            limit: Int64 = 0, since: UTCNanos, text: String = ""
        ) {
            self.at = at
            self.scope = scope
            self.event = event
            self.isOpen = isOpen
            self.reasons = reasons
            self.figure = figure
            self.limit = limit
            self.since = since
            self.text = text
        }
    }

    /// Keeps a change of a breaker.
    ///
    /// - Throws: `StoreFault`.
    public func add(_ row: BreakerRow) throws(StoreFault) {
        try database.run(
            """
            INSERT INTO breaker_events (at, at_utc, scope, event, is_open, reasons, figure, bound, since_utc, text)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .text(row.at.rfc3339), .integer(row.at.rawValue), .text(row.scope), .text(row.event),
                .integer(row.isOpen ? 1 : 0), .text(row.reasons), .integer(row.figure), .integer(row.limit),
                .integer(row.since.rawValue), .text(row.text),
            ])
    }

    /// The breakers that are open: the newest change of each scope that left it so.
    ///
    /// - Throws: `StoreFault`.
    public func openBreakers() throws(StoreFault) -> [BreakerRow] {
        try breakers(
            "WHERE is_open = 1 AND id IN (SELECT max(id) FROM breaker_events GROUP BY scope) ORDER BY scope", [])
    }

    /// Changes of breakers, newest first.
    ///
    /// - Throws: `StoreFault`.
    public func breakerEvents(since: UTCNanos?, limit: Int = 1_000) throws(StoreFault) -> [BreakerRow] {
        try breakers(
            "WHERE at_utc >= ? ORDER BY id DESC LIMIT ?",
            [.integer(since?.rawValue ?? .min), .integer(Int64(limit))])
    }

    private func breakers(_ rest: String, _ values: [Database.Value]) throws(StoreFault) -> [BreakerRow] {
        guard try version() >= 3 else { return [] }
        var found: [BreakerRow] = []
        try database.query(
            "SELECT at_utc, scope, event, is_open, reasons, figure, bound, since_utc, text FROM breaker_events \(rest)",
            values
        ) { row in
            found.append(
                BreakerRow(
                    at: UTCNanos(rawValue: row.integer(0) ?? 0), scope: row.text(1) ?? "", event: row.text(2) ?? "",
                    isOpen: row.integer(3) == 1, reasons: row.text(4) ?? "", figure: row.integer(5) ?? 0,
                    limit: row.integer(6) ?? 0, since: UTCNanos(rawValue: row.integer(7) ?? 0), text: row.text(8) ?? "")
            )
        }
        return found
    }

    // MARK: - The day

    /// Which UTC day an instant is in: days since 1970.
    public static func day(of instant: UTCNanos) -> Int64 {
        let (days, rest) = instant.rawValue.quotientAndRemainder(dividingBy: 86_400_000_000_000)
        return rest < 0 ? days - 1 : days
    }

    /// Keeps the profit of a UTC day so far, losses negative. Unit: USD.
    ///
    /// - Throws: `StoreFault`.
    public func keepProfit(_ profit: Money, at instant: UTCNanos) throws(StoreFault) {
        try database.run(
            "INSERT OR REPLACE INTO daily (day, pnl_usd, changed_utc) VALUES (?, ?, ?)",
            [.integer(Self.day(of: instant)), .integer(profit.rawValue), .integer(instant.rawValue)])
    }

    /// The profit of the UTC day of an instant as far as it was kept; zero on a day without any. Unit: USD.
    ///
    /// - Throws: `StoreFault`.
    public func profit(ofDayAt instant: UTCNanos) throws(StoreFault) -> Money {
        guard try version() >= 3 else { return .zero }
        var found = Money.zero
        try database.query("SELECT pnl_usd FROM daily WHERE day = ?", [.integer(Self.day(of: instant))]) {
            found = Money(rawValue: $0.integer(0) ?? 0)
        }
        return found
    }

    // MARK: - Halts, alerts

    /// A stop or its end, by whom and why.
    public struct HaltRow: Sendable, Hashable {
        /// When.
        public var at: UTCNanos
        /// `halt` or `resume`.
        public var action: String
        /// Who.
        public var who: String
        /// On which machine.
        public var host: String
        /// The pair; nil for everything.
        public var pair: String?
        /// Why.
        public var reason: String
        /// True when exposure was accepted with it.
        public var acceptedExposure: Bool

        /// A row.
        public init(
            at: UTCNanos, action: String, who: String, host: String, pair: String? = nil, reason: String,
            acceptedExposure: Bool = false
        ) {
            self.at = at
            self.action = action
            self.who = who
            self.host = host
            self.pair = pair
            self.reason = reason
            self.acceptedExposure = acceptedExposure
        }
    }

    /// Keeps a stop or its end.
    ///
    /// - Throws: `StoreFault`.
    public func add(_ row: HaltRow) throws(StoreFault) {
        try database.run(
            "INSERT INTO halts (at, at_utc, action, who, host, pair, reason, accepted_exposure) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .text(row.at.rfc3339), .integer(row.at.rawValue), .text(row.action), .text(row.who), .text(row.host),
                row.pair.map { .text($0) } ?? .null, .text(row.reason), .integer(row.acceptedExposure ? 1 : 0),
            ])
    }

    /// Stops and their ends, newest first.
    ///
    /// - Throws: `StoreFault`.
    public func halts(limit: Int = 100) throws(StoreFault) -> [HaltRow] {
        guard try version() >= 3 else { return [] }
        var found: [HaltRow] = []
        try database.query(
            "SELECT at_utc, action, who, host, pair, reason, accepted_exposure FROM halts ORDER BY id DESC LIMIT ?",
            [.integer(Int64(limit))]
        ) { row in
            found.append(
                HaltRow(
                    at: UTCNanos(rawValue: row.integer(0) ?? 0), action: row.text(1) ?? "", who: row.text(2) ?? "",
                    host: row.text(3) ?? "", pair: row.text(4), reason: row.text(5) ?? "",
                    acceptedExposure: row.integer(6) == 1))
        }
        return found
    }

    /// How many runs before this one began since `instant`, and since the last `resume` of everything, and never ended: they
    /// crashed or were killed.
    ///
    /// - Throws: `StoreFault`.
    public func crashes(since instant: UTCNanos) throws(StoreFault) -> Int {
        var count: Int64 = 0
        try database.query(
            """
            SELECT count(*) FROM runs WHERE ended IS NULL AND id <> ?1 AND mode IN ('live', 'paper') AND venues <> 'adopted'
            AND started >= max(?2, (SELECT coalesce(max(at), '') FROM halts WHERE action = 'resume' AND pair IS NULL))
            """, [.integer(run), .text(instant.rfc3339)]
        ) { count = $0.integer(0) ?? 0 }
        return Int(clamping: count)
    }

    /// Keeps an alert.
    ///
    /// - Returns: its number.
    /// - Throws: `StoreFault`.
    @discardableResult
    public func addAlert(level: String, code: String, text: String, at instant: UTCNanos) throws(StoreFault) -> Int64 {
        try database.run(
            "INSERT INTO alerts (at, at_utc, level, code, text) VALUES (?, ?, ?, ?, ?)",
            [.text(instant.rfc3339), .integer(instant.rawValue), .text(level), .text(code), .text(text)])
        var row: Int64 = 0
        try database.query("SELECT last_insert_rowid()") { row = $0.integer(0) ?? 0 }
        return row
    }

    /// Marks alerts as seen: one, or all.
    ///
    /// - Throws: `StoreFault`.
    public func acknowledgeAlerts(_ number: Int64? = nil, by who: String, at instant: UTCNanos) throws(StoreFault) {
        try database.run(
            "UPDATE alerts SET acked = ?2, acked_by = ?3 WHERE acked IS NULL AND (?1 IS NULL OR id = ?1)",
            [number.map { .integer($0) } ?? .null, .text(instant.rfc3339), .text(who)])
    }

    /// Alerts that nobody has seen, oldest first.
    ///
    /// - Throws: `StoreFault`.
    public func openAlerts() throws(StoreFault) -> [(
        number: Int64, at: UTCNanos, level: String, code: String, text: String
    )] {
        guard try version() >= 3 else { return [] }
        var found: [(number: Int64, at: UTCNanos, level: String, code: String, text: String)] = []
        try database.query("SELECT id, at_utc, level, code, text FROM alerts WHERE acked IS NULL ORDER BY id") { row in
            found.append(
                (
                    row.integer(0) ?? 0, UTCNanos(rawValue: row.integer(1) ?? 0), row.text(2) ?? "", row.text(3) ?? "",
                    row.text(4) ?? ""
                ))
        }
        return found
    }

    // MARK: - Positions, marks

    /// Keeps what a source says is held at a venue, in place of what it said before.
    ///
    /// - Parameter source: `ledger` or `venue`.
    /// - Throws: `StoreFault`.
    public func keepPositions(_ positions: [VenuePosition], of venue: VenueID, source: String, at instant: UTCNanos)
        throws(StoreFault)
    {
        try database.run("DELETE FROM positions WHERE venue = ? AND source = ?", [.text(venue.name), .text(source)])
        for position in positions where position.venue == venue {
            try database.run(
                """
                INSERT OR REPLACE INTO positions (venue, symbol, token, outcome, quantity, source, at, at_utc)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    .text(venue.name), .text(position.symbol), .text(position.token), .text(position.outcome.rawValue),
                    .integer(position.quantity.rawValue), .text(source), .text(instant.rfc3339),
                    .integer(instant.rawValue),
                ])
        }
    }

    /// Keeps a number under a name; never a smaller one than before.
    ///
    /// - Throws: `StoreFault`.
    public func raiseMark(_ name: String, to value: Int64) throws(StoreFault) {
        try database.run(
            "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
            [.text(name), .integer(value)])
    }

    /// The number kept under a name.
    ///
    /// - Throws: `StoreFault`.
    public func mark(_ name: String) throws(StoreFault) -> Int64? {
        guard try version() >= 3 else { return nil }
        var found: Int64?
        try database.query("SELECT value FROM marks WHERE name = ?", [.text(name)]) { found = $0.integer(0) }
        return found
    }
}
