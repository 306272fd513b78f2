-- A ledger as schema 3 was written.
BEGIN TRANSACTION;
CREATE TABLE alerts (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, at_utc INTEGER NOT NULL, level TEXT NOT NULL, code TEXT NOT NULL,
            text TEXT NOT NULL, acked TEXT, acked_by TEXT
        ) STRICT;
CREATE TABLE boxes (
            execution TEXT PRIMARY KEY, pair TEXT NOT NULL, state TEXT NOT NULL, is_over INTEGER NOT NULL,
            quantity INTEGER NOT NULL, cost_usd INTEGER NOT NULL, payoff_usd INTEGER NOT NULL, pnl_usd INTEGER NOT NULL,
            payout_utc INTEGER, opened_utc INTEGER NOT NULL, changed_utc INTEGER NOT NULL, json TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
INSERT INTO "boxes" VALUES('3-9','fed','open',0,1000000000,890000000,1000000000,110000000,NULL,1793491203000000000,1793491203000000000,'{}');
CREATE TABLE breaker_events (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, at_utc INTEGER NOT NULL, scope TEXT NOT NULL, event TEXT NOT NULL,
            is_open INTEGER NOT NULL, reasons TEXT NOT NULL, figure INTEGER NOT NULL, bound INTEGER NOT NULL,
            since_utc INTEGER NOT NULL, text TEXT NOT NULL
        ) STRICT;
INSERT INTO "breaker_events" VALUES(1,'2026-11-01T00:00:04Z',1793491204000000000,'global','trip',1,'errors',3,3,1793491204000000000,'three errors');
CREATE TABLE daily (
            day INTEGER PRIMARY KEY, pnl_usd INTEGER NOT NULL, changed_utc INTEGER NOT NULL
        ) STRICT;
CREATE TABLE executions (
            id TEXT PRIMARY KEY, run INTEGER NOT NULL, sequence INTEGER NOT NULL, pair TEXT NOT NULL,
            direction TEXT NOT NULL, mode TEXT NOT NULL, result TEXT NOT NULL, edge_expected_usd INTEGER NOT NULL,
            edge_realized_usd INTEGER, decided TEXT NOT NULL, decided_utc INTEGER NOT NULL, error TEXT, plan TEXT,
            json TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
INSERT INTO "executions" VALUES('3-9',3,9,'fed','kalshi yes + polymarket no','live','filled',120000000,110000000,'2026-11-01T00:00:02Z',1793491202000000000,NULL,NULL,'{"schema":"arb.execution/1"}');
CREATE TABLE fills (
            order_row INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE, exec_id TEXT NOT NULL,
            last_qty INTEGER NOT NULL, last_px INTEGER NOT NULL, fee INTEGER, liquidity TEXT NOT NULL,
            settlement TEXT NOT NULL, at TEXT NOT NULL, at_utc INTEGER NOT NULL,
            PRIMARY KEY (order_row, exec_id)
        ) STRICT, WITHOUT ROWID;
INSERT INTO "fills" VALUES(1,'t1',1000000000,43000000,1000000,'taker','confirmed','2026-11-01T00:00:03Z',1793491203000000000);
CREATE TABLE halts (
            id INTEGER PRIMARY KEY, at TEXT NOT NULL, at_utc INTEGER NOT NULL, action TEXT NOT NULL, who TEXT NOT NULL,
            host TEXT NOT NULL, pair TEXT, reason TEXT NOT NULL, accepted_exposure INTEGER NOT NULL
        ) STRICT;
CREATE TABLE latency (
            execution TEXT NOT NULL, pair TEXT NOT NULL, venue TEXT, stage TEXT NOT NULL, duration_ns INTEGER NOT NULL,
            at_utc INTEGER NOT NULL
        ) STRICT;
INSERT INTO "latency" VALUES('3-9','fed','kalshi','ack',1234567,1793491202000000000);
CREATE TABLE marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE notices (
            run INTEGER NOT NULL REFERENCES runs (id), at TEXT NOT NULL, at_utc INTEGER NOT NULL, code TEXT NOT NULL,
            venue TEXT, link INTEGER, instrument TEXT, text TEXT NOT NULL
        ) STRICT;
INSERT INTO "notices" VALUES(1,'2026-11-01T00:00:01Z',1793491201000000000,'E_FEED_GAP','kalshi',0,NULL,'gap');
CREATE TABLE opportunities (
            run INTEGER NOT NULL REFERENCES runs (id), sequence INTEGER NOT NULL, pair TEXT NOT NULL, kind TEXT NOT NULL,
            direction TEXT NOT NULL, disposition TEXT NOT NULL, born TEXT NOT NULL, born_utc INTEGER NOT NULL,
            ended TEXT, lifetime_ns INTEGER, end_reason TEXT, order_qty INTEGER NOT NULL, locked_usd INTEGER NOT NULL,
            edge_usd INTEGER NOT NULL, edge_bps INTEGER NOT NULL, best_edge_usd INTEGER NOT NULL, best_qty INTEGER NOT NULL,
            judged_net_usd INTEGER, judged_filled INTEGER, json TEXT NOT NULL,
            PRIMARY KEY (run, sequence)
        ) STRICT, WITHOUT ROWID;
INSERT INTO "opportunities" VALUES(1,7,'fed','cross-venue','kalshi yes','taken','2026-11-01T00:00:01Z',1793491201000000000,NULL,NULL,NULL,1000000000,960000000,50000000,12,50000000,1000000000,NULL,NULL,'{}');
CREATE TABLE order_events (
            id INTEGER PRIMARY KEY, order_row INTEGER NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
            at TEXT NOT NULL, at_utc INTEGER NOT NULL, transact_utc INTEGER, source TEXT NOT NULL, kind TEXT NOT NULL,
            word TEXT, exec_id TEXT, quantity INTEGER, leaves_qty INTEGER, price INTEGER, cash INTEGER, fee INTEGER,
            liquidity TEXT, status INTEGER, code TEXT, text TEXT, retry_ns INTEGER
        ) STRICT;
INSERT INTO "order_events" VALUES(1,1,'2026-11-01T00:00:02Z',1793491202000000001,NULL,'local','sent',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "order_events" VALUES(2,1,'2026-11-01T00:00:03Z',1793491203000000000,NULL,'stream','fill','confirmed','t1',1000000000,NULL,43000000,NULL,1000000,'taker',NULL,NULL,NULL,NULL);
INSERT INTO "order_events" VALUES(3,2,'2026-11-01T00:00:02Z',1793491202000000001,NULL,'local','unknown','timeout',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE orders (
            id INTEGER PRIMARY KEY, run INTEGER REFERENCES runs (id), cl_ord_id TEXT NOT NULL, order_id TEXT,
            venue TEXT NOT NULL, pair TEXT NOT NULL, symbol TEXT NOT NULL, token TEXT NOT NULL, outcome TEXT NOT NULL,
            side TEXT NOT NULL, order_qty INTEGER NOT NULL, price INTEGER NOT NULL, cash_order_qty INTEGER,
            time_in_force TEXT NOT NULL, expire_utc INTEGER, is_post_only INTEGER NOT NULL,
            is_reduce_only INTEGER NOT NULL, purpose TEXT NOT NULL, intended TEXT NOT NULL,
            intended_utc INTEGER NOT NULL, sent_utc INTEGER, heard_utc INTEGER NOT NULL, ord_status TEXT NOT NULL,
            is_done INTEGER NOT NULL, is_unknown INTEGER NOT NULL, cum_qty INTEGER NOT NULL
        , execution TEXT, role TEXT) STRICT;
INSERT INTO "orders" VALUES(1,1,'0000abcd-0000-8001-8000-000000000001','K1','kalshi','fed','KXFED','','yes','buy',1000000000,44000000,NULL,'ioc',NULL,0,0,'entry','2026-11-01T00:00:02Z',1793491202000000000,1793491202000000001,1793491203000000000,'filled',1,0,1000000000,NULL,NULL);
INSERT INTO "orders" VALUES(2,1,'0000abcd-0000-8001-8000-000000000002',NULL,'polymarket','fed','0xc','9','no','buy',1000000000,50000000,500000000,'fok',NULL,0,0,'entry','2026-11-01T00:00:02Z',1793491202000000000,1793491202000000001,1793491202000000001,'pending_new',0,1,0,NULL,NULL);
CREATE TABLE positions (
            venue TEXT NOT NULL, symbol TEXT NOT NULL, token TEXT NOT NULL, outcome TEXT NOT NULL,
            quantity INTEGER NOT NULL, source TEXT NOT NULL, at TEXT NOT NULL, at_utc INTEGER NOT NULL,
            PRIMARY KEY (venue, symbol, token, outcome, source)
        ) STRICT, WITHOUT ROWID;
CREATE TABLE receipts (
            id INTEGER PRIMARY KEY, at_utc INTEGER NOT NULL, venue TEXT NOT NULL, cl_ord_id TEXT, kind TEXT NOT NULL,
            status INTEGER, body TEXT NOT NULL
        ) STRICT;
CREATE TABLE runs (
            id INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT, mode TEXT NOT NULL, venues TEXT NOT NULL,
            build TEXT NOT NULL, config_sha256 TEXT NOT NULL, decisions INTEGER, decisions_sha256 TEXT
        ) STRICT;
INSERT INTO "runs" VALUES(1,'2026-11-01T00:00:00Z',NULL,'dry-run','loopback','b1','00',NULL,NULL);
CREATE INDEX opportunities_born ON opportunities (born_utc);
CREATE INDEX notices_at ON notices (at_utc);
CREATE UNIQUE INDEX orders_cl_ord_id ON orders (cl_ord_id, purpose = 'tombstone');
CREATE UNIQUE INDEX orders_order_id ON orders (venue, order_id) WHERE order_id IS NOT NULL;
CREATE INDEX orders_intended ON orders (intended_utc);
CREATE INDEX orders_open ON orders (is_done) WHERE is_done = 0;
CREATE INDEX order_events_order ON order_events (order_row);
CREATE TRIGGER order_events_stay BEFORE UPDATE ON order_events BEGIN
            SELECT RAISE(ABORT, 'order_events are never changed');
        END;
CREATE INDEX orders_execution ON orders (execution) WHERE execution IS NOT NULL;
CREATE INDEX executions_decided ON executions (decided_utc);
CREATE INDEX boxes_open ON boxes (is_over) WHERE is_over = 0;
CREATE INDEX breaker_events_scope ON breaker_events (scope, id);
CREATE INDEX latency_at ON latency (at_utc);
CREATE INDEX alerts_open ON alerts (level) WHERE acked IS NULL;
CREATE INDEX receipts_at ON receipts (at_utc);
COMMIT;
PRAGMA application_id = 1634886193;
PRAGMA user_version = 3;
