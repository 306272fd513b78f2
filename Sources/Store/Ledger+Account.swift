public import Trading

// What a run takes over from those before it about the account itself.
extension Ledger {
    /// The venues' names of orders that have ended and were heard of since then, with what they came to; the oldest first.
    ///
    /// - Parameter limit: the newest so many.
    /// - Throws: `StoreFault`.
    public func endedOrders(since: UTCNanos, limit: Int) throws(StoreFault) -> [(orderID: OrderID, cumQty: Quantity)] {
        guard try version() >= 2 else { return [] }
        var found: [(orderID: OrderID, cumQty: Quantity)] = []
        try database.query(
            """
            SELECT order_id, cum_qty FROM orders WHERE is_done = 1 AND order_id IS NOT NULL AND heard_utc >= ?
            ORDER BY heard_utc DESC, id DESC LIMIT ?
            """, [.integer(since.rawValue), .integer(Int64(limit))]
        ) { row in
            guard let name = row.text(0) else { return }
            found.append((OrderID(name), Quantity(rawValue: row.integer(1) ?? 0)))
        }
        return found.reversed()
    }

    /// Keeps what a venue said of its purses, in place of what it said before.
    ///
    /// - Parameter asOf: when the read was sent.
    /// - Throws: `StoreFault`.
    public func keep(_ balances: [VenueBalance], asOf: UTCNanos) throws(StoreFault) {
        for venue in Set(balances.map(\.venue)) {
            try database.run("DELETE FROM cash WHERE venue = ?", [.text(venue.name)])
        }
        for balance in balances {
            try database.run(
                "INSERT OR REPLACE INTO cash (venue, exchange_index, cash, currency, at_utc) VALUES (?, ?, ?, ?, ?)",
                [
                    .text(balance.venue.name), .integer(Int64(balance.exchangeIndex ?? -1)),
                    .integer(balance.cash.rawValue), .text(balance.currency.rawValue), .integer(asOf.rawValue),
                ])
        }
    }

    /// What a venue last said of its purses, and when; nil where nothing was kept.
    ///
    /// - Throws: `StoreFault`: `E_STORE_CORRUPT` for a row that this program did not write.
    public func cash(at venue: VenueID) throws(StoreFault) -> (balances: [VenueBalance], asOf: UTCNanos)? {
        guard try version() >= 5 else { return nil }
        var balances: [VenueBalance?] = []
        var asOf = UTCNanos(rawValue: 0)
        try database.query(
            "SELECT exchange_index, cash, currency, at_utc FROM cash WHERE venue = ? ORDER BY exchange_index",
            [.text(venue.name)]
        ) { row in
            let purse = row.integer(0) ?? -1
            asOf = UTCNanos(rawValue: row.integer(3) ?? 0)
            balances.append(
                row.text(2).flatMap { Currency(rawValue: $0) }.map { currency in
                    VenueBalance(
                        venue: venue, exchangeIndex: purse < 0 ? nil : Int(purse),
                        cash: Money(rawValue: row.integer(1) ?? 0), currency: currency)
                })
        }
        let known = balances.compactMap { $0 }
        guard known.count == balances.count else {
            throw StoreFault(.corrupt, "\(database.path): cash of \(venue.name) cannot be read by this build")
        }
        return known.isEmpty ? nil : (known, asOf)
    }
}
