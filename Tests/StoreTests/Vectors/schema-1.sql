-- A ledger as schema 1 was written.
BEGIN TRANSACTION;
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
CREATE TABLE runs (
            id INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT, mode TEXT NOT NULL, venues TEXT NOT NULL,
            build TEXT NOT NULL, config_sha256 TEXT NOT NULL, decisions INTEGER, decisions_sha256 TEXT
        ) STRICT;
INSERT INTO "runs" VALUES(1,'2026-11-01T00:00:00Z',NULL,'dry-run','loopback','b1','00',NULL,NULL);
CREATE INDEX opportunities_born ON opportunities (born_utc);
CREATE INDEX notices_at ON notices (at_utc);
COMMIT;
PRAGMA application_id = 1634886193;
PRAGMA user_version = 1;
