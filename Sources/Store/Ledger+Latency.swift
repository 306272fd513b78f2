public import Trading

// How long each stage of an execution took.
extension Ledger {
    /// One measured stage, as it is kept.
    public struct LatencyRow: Sendable, Hashable {
        /// The execution.
        public let execution: String
        /// Pair or set.
        public let pair: String
        /// The venue; nil for what concerns the whole.
        public let venue: String?
        /// `LatencyStage`.
        public let stage: String
        /// How long it took.
        public let duration: Nanoseconds
        /// When.
        public let at: UTCNanos
    }

    /// Keeps the measured stages of an execution.
    ///
    /// - Throws: `StoreFault`.
    public func add(_ samples: [LatencySample], of execution: ExecutionID, pair: String, at instant: UTCNanos)
        throws(StoreFault)
    {
        for sample in samples {
            try database.run(
                "INSERT INTO latency (execution, pair, venue, stage, duration_ns, at_utc) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    .text(execution.description), .text(pair), sample.venue.map { .text($0.name) } ?? .null,
                    .text(sample.stage.rawValue), .integer(sample.duration.rawValue), .integer(instant.rawValue),
                ])
        }
    }

    /// Keeps the measured stages of an execution in place of those kept before.
    ///
    /// - Parameters:
    ///   - instant: of its decision; the same in every call.
    ///   - known: false when nothing of it is kept yet.
    /// - Throws: `StoreFault`.
    public func replaceLatency(
        _ samples: [LatencySample], of execution: ExecutionID, pair: String, at instant: UTCNanos, known: Bool
    ) throws(StoreFault) {
        if known {
            // By the instant as well: that is what the index has.
            try database.run(
                "DELETE FROM latency WHERE at_utc = ? AND execution = ?",
                [.integer(instant.rawValue), .text(execution.description)])
        }
        try add(samples, of: execution, pair: pair, at: instant)
    }

    /// Measured stages at or after an instant; calls `body` for each, in no order.
    ///
    /// - Throws: `StoreFault`.
    public func latency(since: UTCNanos?, _ body: (LatencyRow) -> Void) throws(StoreFault) {
        guard try version() >= 3 else { return }
        try database.query(
            "SELECT execution, pair, venue, stage, duration_ns, at_utc FROM latency WHERE at_utc >= ?",
            [.integer(since?.rawValue ?? .min)]
        ) { row in
            body(
                LatencyRow(
                    execution: row.text(0) ?? "", pair: row.text(1) ?? "", venue: row.text(2), stage: row.text(3) ?? "",
                    duration: Nanoseconds(rawValue: row.integer(4) ?? 0), at: UTCNanos(rawValue: row.integer(5) ?? 0)))
        }
    }
}
