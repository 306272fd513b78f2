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
        """
    ]
}
