public import Trading

// What venues said of our orders, secrets taken out: for arguing with them later.
extension Ledger {
    /// One answer or message, as it is kept.
    public struct ReceiptRow: Sendable, Hashable {
        /// When it was here.
        public var at: UTCNanos
        /// Who said it.
        public var venue: String
        /// `create`, `cancel` or `stream`.
        public var kind: String
        /// Either name of the order, as far as they are known.
        public var clOrdID: String?, orderID: String?
        /// HTTP status; nil on a stream.
        public var status: Int?
        /// The words, without secrets, at most 4 KiB.
        public var body: String
    }

    /// Keeps what a venue said: secrets are taken out of it, and it is cut at 4 KiB. One that names the order only in the
    /// venue's way gets our name of it where that is known.
    ///
    /// - Parameter whole: how long it was, when `words` are only its beginning. Unit: bytes.
    /// - Throws: `StoreFault`.
    public func addReceipt(_ mark: ReceiptMark, _ words: some Collection<UInt8>, whole: Int? = nil) throws(StoreFault) {
        try database.run(
            """
            INSERT INTO receipts (at_utc, venue, cl_ord_id, kind, status, body, order_id)
            VALUES (?1, ?2, coalesce(?3, (SELECT cl_ord_id FROM orders WHERE venue = ?2 AND order_id = ?7)), ?4, ?5, ?6, ?7)
            """,
            [
                .integer(mark.at.rawValue), .text(mark.venue.name), mark.clOrdID.map { .text($0.description) } ?? .null,
                .text(mark.kind.rawValue), mark.status.map { .integer(Int64($0)) } ?? .null,
                .text(Redaction.redacted(words, whole: whole)), mark.orderID.map { .text($0.text) } ?? .null,
            ])
    }

    /// Receipts of an order by either of its names, oldest first.
    ///
    /// - Throws: `StoreFault`.
    public func receipts(of clOrdID: ClOrdID, _ orderID: OrderID? = nil, at venue: VenueID) throws(StoreFault)
        -> [ReceiptRow]
    {
        guard try version() >= 6 else { return [] }
        var found: [ReceiptRow] = []
        try read(
            "WHERE id IN (SELECT id FROM receipts WHERE cl_ord_id = ?1 AND venue = ?3 "
                + "UNION SELECT id FROM receipts WHERE venue = ?3 AND order_id = ?2) ORDER BY at_utc, id",
            [.text(clOrdID.description), orderID.map { .text($0.text) } ?? .null, .text(venue.name)]
        ) { found.append($0) }
        return found
    }

    /// Receipts of all orders, oldest first, given one by one.
    ///
    /// - Throws: `StoreFault`.
    public func receipts(since: UTCNanos?, until: UTCNanos?, _ body: (ReceiptRow) -> Void) throws(StoreFault) {
        guard try version() >= 6 else { return }
        try read(
            "WHERE at_utc >= ? AND at_utc < ? ORDER BY at_utc, id",
            [.integer(since?.rawValue ?? .min), .integer(until?.rawValue ?? .max)], body)
    }

    private func read(_ rest: String, _ values: [Database.Value], _ body: (ReceiptRow) -> Void) throws(StoreFault) {
        try database.query(
            "SELECT at_utc, venue, kind, cl_ord_id, order_id, status, body FROM receipts \(rest)", values
        ) { row in
            body(
                ReceiptRow(
                    at: UTCNanos(rawValue: row.integer(0) ?? 0), venue: row.text(1) ?? "", kind: row.text(2) ?? "",
                    clOrdID: row.text(3), orderID: row.text(4), status: row.integer(5).map { Int($0) },
                    body: row.text(6) ?? ""))
        }
    }

    /// Ends the time of receipts: what is older goes.
    ///
    /// - Throws: `StoreFault`.
    public func pruneReceipts(before instant: UTCNanos) throws(StoreFault) {
        try database.run("DELETE FROM receipts WHERE at_utc < ?", [.integer(instant.rawValue)])
    }
}
