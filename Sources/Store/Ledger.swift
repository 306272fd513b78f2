import Glibc
public import Trading

/// The record of an account: runs, opportunities, notices. SQLite in WAL mode, written by one thread off the hot lane.
///
/// - Lane: one thread at a time. Readers open their own.
public final class Ledger {
    /// One opportunity as it is kept: the columns that filters need, and the whole record as JSON.
    public struct OpportunityRow: Sendable, Hashable {
        /// Number within its run.
        public var sequence: UInt64
        /// Pair or set.
        public var pair: String
        /// Kind of basket.
        public var kind: String
        /// Legs in short.
        public var direction: String
        /// Taken, or why not.
        public var disposition: String
        /// Birth, on both clocks' wall side.
        public var born: UTCNanos
        /// End; nil when the run was killed first.
        public var ended: UTCNanos?
        /// How long it lived.
        public var lifetime: Nanoseconds?
        /// Why it ended.
        public var endReason: String?
        /// Units at birth.
        public var orderQty: Quantity
        /// Capital at birth, in dollars.
        public var locked: Money
        /// Expected net at birth, in dollars.
        public var edge: Money
        /// The same in basis points.
        public var edgeBps: Int64
        /// Greatest expected net over its life.
        public var bestEdge: Money
        /// Units of that.
        public var bestQty: Quantity
        /// Net that an order would have met at the last delay judged.
        public var judgedNet: Money?
        /// Whether all legs would have filled then.
        public var judgedFilled: Bool?
        /// The whole record, schema `arb.opportunity/1`.
        public var json: String
        /// Executions that came of it; nil in a run that does not trade, and in ledgers of before it was kept.
        public var fired: Int?
        /// Why it was not fired, or not again: the newest reason; nil when there was none.
        public var refusal: String?

        /// A row.
        public init(
            sequence: UInt64, pair: String, kind: String, direction: String, disposition: String, born: UTCNanos,
            orderQty: Quantity,
            locked: Money, edge: Money, edgeBps: Int64, bestEdge: Money, bestQty: Quantity, json: String
        ) {
            self.sequence = sequence
            self.pair = pair
            self.kind = kind
            self.direction = direction
            self.disposition = disposition
            self.born = born
            self.orderQty = orderQty
            self.locked = locked
            self.edge = edge
            self.edgeBps = edgeBps
            self.bestEdge = bestEdge
            self.bestQty = bestQty
            self.json = json
        }
    }

    /// What to look for.
    public struct Filter: Sendable {
        /// Born at or after.
        public var since: UTCNanos?
        /// Best edge at least this, in dollars.
        public var edgeMin: Money?
        /// Pair or set whose id contains this.
        public var pair: String?
        /// Kind of basket.
        public var kind: String?
        /// Disposition.
        public var disposition: String?
        /// At most this many, newest first.
        public var limit: Int

        /// Everything, up to `limit`.
        public init(limit: Int = 1_000) { self.limit = limit }
    }

    let database: Database
    /// The run that was begun; 0 before.
    public private(set) var run: Int64 = 0

    /// Opens the ledger at `path`, made and brought to the newest schema where needed.
    ///
    /// - Throws: `StoreFault`: `E_STORE_CORRUPT` (foreign or damaged), `E_STORE_FUTURE`, `E_STORE_IO`.
    public init(path: String) throws(StoreFault) {
        database = try Database(path: path)
        try Self.check(database)
        try database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")
        try migrate()
    }

    private init(reading database: Database) { self.database = database }

    /// Opens an existing ledger for reading.
    ///
    /// - Parameter isChecked: false leaves out the search for damage, which reads the whole file: for a glance.
    /// - Throws: `StoreFault`.
    public static func reader(path: String, isChecked: Bool = true) throws(StoreFault) -> Ledger {
        let database = try Database(path: path, readOnly: true)
        try check(database, forDamage: isChecked)
        return Ledger(reading: database)
    }

    private static func check(_ database: Database, forDamage: Bool = true) throws(StoreFault) {
        do throws(StoreFault) {
            try examine(database, forDamage: forDamage)
        } catch {
            // SQLite's own words of damage do not say what to do.
            guard error.kind == .corrupt, !error.text.contains("; ") else { throw error }
            throw StoreFault(.corrupt, damaged(database.path, error.text))
        }
    }

    private static func examine(_ database: Database, forDamage: Bool) throws(StoreFault) {
        var application: Int64 = 0
        var version: Int64 = 0
        var tables: Int64 = 0
        try database.query("PRAGMA application_id") { application = $0.integer(0) ?? 0 }
        try database.query("PRAGMA user_version") { version = $0.integer(0) ?? 0 }
        try database.query("SELECT count(*) FROM sqlite_schema") { tables = $0.integer(0) ?? 0 }
        if application == 0, version == 0, tables == 0 { return }  // new
        guard application == Int64(Schema.applicationID) else {
            throw StoreFault(
                .corrupt, "\(database.path) is a database, but not a ledger of arb; choose another state_dir")
        }
        guard version <= Schema.steps.count else {
            throw StoreFault(
                .future,
                "\(database.path) has schema \(version), this build knows \(Schema.steps.count): use the newer build")
        }
        guard forDamage else { return }
        var verdict = ""
        try database.query("PRAGMA quick_check(1)") { verdict = $0.text(0) ?? "" }
        guard verdict == "ok" else {
            throw StoreFault(.corrupt, damaged(database.path, verdict))
        }
    }

    private static func damaged(_ path: String, _ verdict: String) -> String {
        let copy = path + ".bak"
        let words =
            "\(path) is damaged (\(verdict.prefix(200))); nothing was changed. 'arb doctor --recover' puts it aside"
        guard access(copy, R_OK) == 0 else {
            return words + "; there is no copy: 'arb reconcile' shows what the venues hold"
        }
        return words + " and \(copy) in its place; then run 'arb reconcile'"
    }

    private func migrate() throws(StoreFault) {
        var version: Int64 = 0
        try database.query("PRAGMA user_version") { version = $0.integer(0) ?? 0 }
        for index in Int(version)..<Schema.steps.count {
            // One transaction a step: a killed migration leaves the step before or the step after.
            try database.execute(
                "BEGIN IMMEDIATE; \(Schema.steps[index]) PRAGMA application_id = \(Schema.applicationID); "
                    + "PRAGMA user_version = \(index + 1); COMMIT;")
        }
    }

    /// Begins a run; what is added later belongs to it.
    ///
    /// - Throws: `StoreFault`.
    public func beginRun(started: UTCNanos, mode: String, venues: String, build: String, configurationSHA256: String)
        throws(StoreFault)
    {
        try database.run(
            "INSERT INTO runs (started, mode, venues, build, config_sha256) VALUES (?, ?, ?, ?, ?)",
            [.text(started.rfc3339), .text(mode), .text(venues), .text(build), .text(configurationSHA256)])
        try database.query("SELECT last_insert_rowid()") { run = $0.integer(0) ?? 0 }
    }

    /// Ends the run.
    ///
    /// - Throws: `StoreFault`.
    public func endRun(ended: UTCNanos, decisions: UInt64, sha256: String) throws(StoreFault) {
        try database.run(
            "UPDATE runs SET ended = ?, decisions = ?, decisions_sha256 = ? WHERE id = ?",
            [.text(ended.rfc3339), .integer(Int64(clamping: decisions)), .text(sha256), .integer(run)])
    }

    /// Keeps an opportunity; one that is kept already is replaced.
    ///
    /// - Throws: `StoreFault`.
    public func add(_ row: OpportunityRow) throws(StoreFault) {
        try database.run(
            """
            INSERT OR REPLACE INTO opportunities (run, sequence, pair, kind, direction, disposition, born, born_utc, ended,
            lifetime_ns, end_reason, order_qty, locked_usd, edge_usd, edge_bps, best_edge_usd, best_qty, judged_net_usd,
            judged_filled, json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .integer(run), .integer(Int64(clamping: row.sequence)), .text(row.pair), .text(row.kind),
                .text(row.direction),
                .text(row.disposition), .text(row.born.rfc3339), .integer(row.born.rawValue),
                row.ended.map { .text($0.rfc3339) } ?? .null, row.lifetime.map { .integer($0.rawValue) } ?? .null,
                row.endReason.map { .text($0) } ?? .null, .integer(row.orderQty.rawValue),
                .integer(row.locked.rawValue),
                .integer(row.edge.rawValue), .integer(row.edgeBps), .integer(row.bestEdge.rawValue),
                .integer(row.bestQty.rawValue), row.judgedNet.map { .integer($0.rawValue) } ?? .null,
                row.judgedFilled.map { .integer($0 ? 1 : 0) } ?? .null, .text(row.json),
            ])
    }

    /// Keeps a notice.
    ///
    /// - Throws: `StoreFault`.
    public func add(_ notice: FeedNotice, at instant: UTCNanos, instrument: String?) throws(StoreFault) {
        try database.run(
            "INSERT INTO notices (run, at, at_utc, code, venue, link, instrument, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .integer(run), .text(instant.rfc3339), .integer(instant.rawValue), .text(notice.code),
                notice.link.map { .text($0.venue.name) } ?? .null,
                notice.link.map { .integer(Int64($0.index)) } ?? .null,
                instrument.map { .text($0) } ?? .null, .text(notice.text),
            ])
    }

    /// Mode of the newest run; nil when there was none.
    ///
    /// - Throws: `StoreFault`.
    public func lastMode() throws(StoreFault) -> String? {
        var mode: String?
        try database.query("SELECT mode FROM runs ORDER BY id DESC LIMIT 1") { mode = $0.text(0) }
        return mode
    }

    /// One run of the program.
    public struct RunRow: Sendable, Hashable {
        /// Its number.
        public let id: Int64
        /// When it began, RFC 3339.
        public let started: String
        /// When it ended in order; nil: it did not, or goes on.
        public let ended: String?
        /// How it dealt with money.
        public let mode: String
        /// `production`, `demo` or `loopback`.
        public let venues: String
        /// The build.
        public let build: String
    }

    /// The newest run; nil when there was none.
    ///
    /// - Throws: `StoreFault`.
    public func lastRun() throws(StoreFault) -> RunRow? { try runs(limit: 1).first }

    /// Runs, newest first.
    ///
    /// - Throws: `StoreFault`.
    public func runs(limit: Int = 1_000) throws(StoreFault) -> [RunRow] {
        var found: [RunRow] = []
        try database.query(
            "SELECT id, started, ended, mode, venues, build FROM runs ORDER BY id DESC LIMIT ?",
            [.integer(Int64(limit))]
        ) { row in
            found.append(
                RunRow(
                    id: row.integer(0) ?? 0, started: row.text(1) ?? "", ended: row.text(2), mode: row.text(3) ?? "",
                    venues: row.text(4) ?? "", build: row.text(5) ?? ""))
        }
        return found
    }

    /// From here on what was written outlives a power loss, at the cost of a sync a transaction.
    ///
    /// - Throws: `StoreFault`.
    public func syncEveryWrite() throws(StoreFault) { try database.execute("PRAGMA synchronous = FULL;") }

    /// Everything between the two calls is written at once.
    ///
    /// - Throws: `StoreFault`.
    public func transaction(_ body: () throws(StoreFault) -> Void) throws(StoreFault) {
        try database.execute("BEGIN IMMEDIATE")
        do throws(StoreFault) {
            try body()
        } catch {
            try? database.execute("ROLLBACK")
            throw error
        }
        try database.execute("COMMIT")
    }

    /// The opportunities that a filter lets through, newest first.
    ///
    /// - Throws: `StoreFault`.
    public func opportunities(_ filter: Filter) throws(StoreFault) -> [OpportunityRow] {
        var rows: [OpportunityRow] = []
        let trades =
            try version() < 4
            ? "NULL, NULL"
            : """
            CASE WHEN (SELECT mode FROM runs WHERE id = o.run) = 'dry-run' THEN NULL ELSE
            (SELECT count(*) FROM executions e WHERE e.run = o.run AND e.opportunity = o.sequence) END,
            (SELECT reason FROM refusals r WHERE r.run = o.run AND r.opportunity = o.sequence ORDER BY r.rowid DESC LIMIT 1)
            """
        try database.query(
            """
            SELECT sequence, pair, kind, direction, disposition, born_utc, lifetime_ns, end_reason, order_qty, locked_usd, edge_usd,
            edge_bps, best_edge_usd, best_qty, judged_net_usd, judged_filled, json, \(trades) FROM opportunities o
            WHERE born_utc >= ?1 AND best_edge_usd >= ?2 AND (?3 IS NULL OR instr(pair, ?3) > 0) AND (?4 IS NULL OR kind = ?4)
            AND (?5 IS NULL OR disposition = ?5) ORDER BY born_utc DESC, sequence DESC LIMIT ?6
            """,
            [
                .integer(filter.since?.rawValue ?? .min), .integer(filter.edgeMin?.rawValue ?? .min),
                filter.pair.map { .text($0) } ?? .null, filter.kind.map { .text($0) } ?? .null,
                filter.disposition.map { .text($0) } ?? .null, .integer(Int64(filter.limit)),
            ]
        ) { rows.append(Self.row($0)) }
        return rows
    }

    private static func row(_ row: Database.Row) -> OpportunityRow {
        func integer(_ column: Int32) -> Int64 { row.integer(column) ?? 0 }
        let born = UTCNanos(rawValue: integer(5))
        var result = OpportunityRow(
            sequence: UInt64(clamping: integer(0)), pair: row.text(1) ?? "", kind: row.text(2) ?? "",
            direction: row.text(3) ?? "",
            disposition: row.text(4) ?? "", born: born, orderQty: Quantity(rawValue: integer(8)),
            locked: Money(rawValue: integer(9)), edge: Money(rawValue: integer(10)), edgeBps: integer(11),
            bestEdge: Money(rawValue: integer(12)), bestQty: Quantity(rawValue: integer(13)), json: row.text(16) ?? "")
        result.lifetime = row.integer(6).map { Nanoseconds(rawValue: $0) }
        result.ended = result.lifetime.map { born + $0 }
        result.endReason = row.text(7)
        result.judgedNet = row.integer(14).map { Money(rawValue: $0) }
        result.judgedFilled = row.integer(15).map { $0 != 0 }
        result.fired = row.integer(17).map { Int($0) }
        result.refusal = row.text(18)
        return result
    }

    /// Removes what is older than the retention: opportunities, notices, and orders that ended without a
    /// fill, 365 days. What was filled stays: positions are made of it.
    ///
    /// - Throws: `StoreFault`.
    public func prune(before instant: UTCNanos) throws(StoreFault) {
        try database.run(
            "DELETE FROM orders WHERE is_done = 1 AND cum_qty = 0 AND heard_utc < ?", [.integer(instant.rawValue)])
        try database.run("DELETE FROM opportunities WHERE born_utc < ?", [.integer(instant.rawValue)])
        try database.run("DELETE FROM notices WHERE at_utc < ?", [.integer(instant.rawValue)])
        try database.run(
            "DELETE FROM executions WHERE decided_utc < ?1 AND id NOT IN (SELECT execution FROM boxes WHERE is_over = 0) "
                + "AND id NOT IN (SELECT execution FROM orders WHERE execution IS NOT NULL)",
            [.integer(instant.rawValue)])
        try database.run("DELETE FROM boxes WHERE is_over = 1 AND changed_utc < ?", [.integer(instant.rawValue)])
        try database.run("DELETE FROM latency WHERE at_utc < ?", [.integer(instant.rawValue)])
        try database.run("DELETE FROM refusals WHERE at_utc < ?", [.integer(instant.rawValue)])
        try database.run("DELETE FROM alerts WHERE acked IS NOT NULL AND at_utc < ?", [.integer(instant.rawValue)])
        try database.run(
            "DELETE FROM breaker_events WHERE at_utc < ?1 AND id NOT IN (SELECT max(id) FROM breaker_events GROUP BY scope)",
            [.integer(instant.rawValue)])
    }

    /// The schema of the file, which a reader of an older one has to know.
    func version() throws(StoreFault) -> Int64 {
        var version: Int64 = 0
        try database.query("PRAGMA user_version") { version = $0.integer(0) ?? 0 }
        return version
    }

    /// Writes a whole copy beside the ledger (`.bak`), in place of the one before: what a damaged ledger is mended from.
    ///
    /// - Throws: `StoreFault`.
    public func keepCopy() throws(StoreFault) {
        let made = database.path + ".bak.new"
        unlink(made)
        try database.run("VACUUM INTO ?", [.text(made)])
        chmod(made, 0o600)
        guard rename(made, database.path + ".bak") == 0 else {
            throw StoreFault(errno: errno, database.path + ".bak")
        }
    }
}
