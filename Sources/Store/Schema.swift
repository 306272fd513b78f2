/// The tables of the ledger and the steps that lead to them.
///
/// A step is never changed once released; a new one is added. A ledger with more steps than this build knows was written
/// by a newer build and is refused.
enum Schema {
    /// "arb" and a version of the file's kind, so that a foreign database is told from ours.
    static let applicationID = 0x6172_6231

    static let steps: [String] = [
        """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT, mode TEXT NOT NULL, venues TEXT NOT NULL,
            build TEXT NOT NULL, config_sha256 TEXT NOT NULL, decisions INTEGER, decisions_sha256 TEXT
        ) STRICT;
        CREATE TABLE opportunities (
            run INTEGER NOT NULL REFERENCES runs (id), sequence INTEGER NOT NULL, pair TEXT NOT NULL, kind TEXT NOT NULL,
            direction TEXT NOT NULL, disposition TEXT NOT NULL, born TEXT NOT NULL, born_utc INTEGER NOT NULL,
            ended TEXT, lifetime_ns INTEGER, end_reason TEXT, order_qty INTEGER NOT NULL, locked_usd INTEGER NOT NULL,
            edge_usd INTEGER NOT NULL, edge_bps INTEGER NOT NULL, best_edge_usd INTEGER NOT NULL, best_qty INTEGER NOT NULL,
            judged_net_usd INTEGER, judged_filled INTEGER, json TEXT NOT NULL,
            PRIMARY KEY (run, sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX opportunities_born ON opportunities (born_utc);
        CREATE TABLE notices (
            run INTEGER NOT NULL REFERENCES runs (id), at TEXT NOT NULL, at_utc INTEGER NOT NULL, code TEXT NOT NULL,
            venue TEXT, link INTEGER, instrument TEXT, text TEXT NOT NULL
        ) STRICT;
        CREATE INDEX notices_at ON notices (at_utc);
        """,
        // Orders: one row as all evidence stands, the evidence itself appended and never changed, fills by their names.
        // Amounts are in 1e-8. A tombstone has the id of the order that it proves dead.
        """
        CREATE TABLE orders (
            id INTEGER PRIMARY KEY, run INTEGER REFERENCES runs (id), cl_ord_id TEXT NOT NULL, order_id TEXT,
            venue TEXT NOT NULL, pair TEXT NOT NULL, symbol TEXT NOT NULL, token TEXT NOT NULL, outcome TEXT NOT NULL,
            side TEXT NOT NULL, order_qty INTEGER NOT NULL, price INTEGER NOT NULL, cash_order_qty INTEGER,
            time_in_force TEXT NOT NULL, expire_utc INTEGER, is_post_only INTEGER NOT NULL,
            is_reduce_only INTEGER NOT NULL, purpose TEXT NOT NULL, intended TEXT NOT NULL,
            intended_utc INTEGER NOT NULL, sent_utc INTEGER, heard_utc INTEGER NOT NULL, ord_status TEXT NOT NULL,
            is_done INTEGER NOT NULL, is_unknown INTEGER NOT NULL, cum_qty INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX orders_cl_ord_id ON orders (cl_ord_id, purpose = 'tombstone');
        CREATE UNIQUE INDEX orders_order_id ON orders (venue, order_id) WHERE order_id IS NOT NULL;
        CREATE INDEX orders_intended ON orders (intended_utc);
        CREATE INDEX orders_open ON orders (is_done) WHERE is_done = 0;
        CREATE TABLE order_events (
            id INTEGER PRIMARY KEY, order_row INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
            at TEXT NOT NULL, at_utc INTEGER NOT NULL, transact_utc INTEGER, source TEXT NOT NULL, kind TEXT NOT NULL,
            word TEXT, exec_id TEXT, quantity INTEGER, leaves_qty INTEGER, price INTEGER, cash INTEGER, fee INTEGER,
            liquidity TEXT, status INTEGER, code TEXT, text TEXT, retry_ns INTEGER
        ) STRICT;
        CREATE INDEX order_events_order ON order_events (order_row);
        CREATE TRIGGER order_events_stay BEFORE UPDATE ON order_events BEGIN
            SELECT RAISE(ABORT, 'order_events are never changed');
        END;
        CREATE TABLE fills (
            order_row INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE, exec_id TEXT NOT NULL,
            last_qty INTEGER NOT NULL, last_px INTEGER NOT NULL, fee INTEGER, liquidity TEXT NOT NULL,
            settlement TEXT NOT NULL, at TEXT NOT NULL, at_utc INTEGER NOT NULL,
            PRIMARY KEY (order_row, exec_id)
        ) STRICT, WITHOUT ROWID;
        """,
        // Executions and what came of them; the state that a restart goes on from; what is reported later. Amounts are in
        // 1e-8. `json` is the object as it was told; its schema is in it.
        """
        ALTER TABLE orders ADD COLUMN execution TEXT;
        ALTER TABLE orders ADD COLUMN role TEXT;
        CREATE INDEX orders_execution ON orders (execution) WHERE execution IS NOT NULL;
        CREATE TABLE executions (
            id TEXT PRIMARY KEY, run INTEGER NOT NULL, sequence INTEGER NOT NULL, pair TEXT NOT NULL,
            direction TEXT NOT NULL, mode TEXT NOT NULL, result TEXT NOT NULL, edge_expected_usd INTEGER NOT NULL,
            edge_realized_usd INTEGER, decided TEXT NOT NULL, decided_utc INTEGER NOT NULL, error TEXT, plan TEXT,
            json TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX executions_decided ON executions (decided_utc);
        CREATE TABLE boxes (
            execution TEXT PRIMARY KEY, pair TEXT NOT NULL, state TEXT NOT NULL, is_over INTEGER NOT NULL,
            quantity INTEGER NOT NULL, cost_usd INTEGER NOT NULL, payoff_usd INTEGER NOT NULL, pnl_usd INTEGER NOT NULL,
            payout_utc INTEGER, opened_utc INTEGER NOT NULL, changed_utc INTEGER NOT NULL, json TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX boxes_open ON boxes (is_over) WHERE is_over = 0;
        CREATE TABLE positions (
            venue TEXT NOT NULL, symbol TEXT NOT NULL, token TEXT NOT NULL, outcome TEXT NOT NULL,
            quantity INTEGER NOT NULL, source TEXT NOT NULL, at TEXT NOT NULL, at_utc INTEGER NOT NULL,
            PRIMARY KEY (venue, symbol, token, outcome, source)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE breaker_events (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, at_utc INTEGER NOT NULL, scope TEXT NOT NULL, event TEXT NOT NULL,
            is_open INTEGER NOT NULL, reasons TEXT NOT NULL, figure INTEGER NOT NULL, bound INTEGER NOT NULL,
            since_utc INTEGER NOT NULL, text TEXT NOT NULL
        ) STRICT;
        CREATE INDEX breaker_events_scope ON breaker_events (scope, id);
        CREATE TABLE latency (
            execution TEXT NOT NULL, pair TEXT NOT NULL, venue TEXT, stage TEXT NOT NULL, duration_ns INTEGER NOT NULL,
            at_utc INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX latency_at ON latency (at_utc);
        CREATE TABLE daily (
            day INTEGER PRIMARY KEY, pnl_usd INTEGER NOT NULL, changed_utc INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE alerts (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, at_utc INTEGER NOT NULL, level TEXT NOT NULL, code TEXT NOT NULL,
            text TEXT NOT NULL, acked TEXT, acked_by TEXT
        ) STRICT;
        CREATE INDEX alerts_open ON alerts (level) WHERE acked IS NULL;
        CREATE TABLE halts (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, at_utc INTEGER NOT NULL, action TEXT NOT NULL, who TEXT NOT NULL,
            host TEXT NOT NULL, pair TEXT, reason TEXT NOT NULL, accepted_exposure INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE receipts (
            id INTEGER PRIMARY KEY, at_utc INTEGER NOT NULL, venue TEXT NOT NULL, cl_ord_id TEXT, kind TEXT NOT NULL,
            status INTEGER, body TEXT NOT NULL
        ) STRICT;
        CREATE INDEX receipts_at ON receipts (at_utc);
        CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        """,
        // Which opportunity an execution came of, and why others were not fired.
        """
        ALTER TABLE executions ADD COLUMN opportunity INTEGER;
        CREATE INDEX executions_opportunity ON executions (run, opportunity) WHERE opportunity IS NOT NULL;
        CREATE TABLE refusals (
            run INTEGER NOT NULL, opportunity INTEGER NOT NULL, pair TEXT NOT NULL, at TEXT NOT NULL,
            at_utc INTEGER NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, text TEXT NOT NULL,
            edge_usd INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX refusals_at ON refusals (at_utc);
        CREATE INDEX refusals_opportunity ON refusals (run, opportunity);
        """,
        // What venues last said of their purses while nothing was under way: what the next read is compared with. A venue
        // with one purse has -1 for its index. Unit: 1e-8.
        """
        CREATE TABLE cash (
            venue TEXT NOT NULL, exchange_index INTEGER NOT NULL, cash INTEGER NOT NULL, currency TEXT NOT NULL,
            at_utc INTEGER NOT NULL, PRIMARY KEY (venue, exchange_index)
        ) STRICT, WITHOUT ROWID;
        """,
        // Receipts are found by either name of an order.
        """
        ALTER TABLE receipts ADD COLUMN order_id TEXT;
        CREATE INDEX receipts_cl_ord_id ON receipts (cl_ord_id) WHERE cl_ord_id IS NOT NULL;
        CREATE INDEX receipts_order_id ON receipts (venue, order_id) WHERE order_id IS NOT NULL;
        """,
    ]
}
