public import Arb
internal import Signing
public import Store
public import Trading

/// One venue's account as our ledger has it.
public struct LedgerAccount: Sendable {
    /// What is compared with the venue.
    public var account: OurAccount
    private let rows: [String: (row: Int64, order: NewOrder)]

    /// What one witness alone has told of an order.
    public struct Testimony: Sendable {
        /// Who.
        public let source: EvidenceSource
        /// Where the order stands, by this witness.
        public let ordStatus: OrdStatus
        /// Contracts filled, by this witness.
        public let cumQty: Quantity
        /// When it was last heard.
        public let at: UTCNanos
    }

    /// What each witness that was heard has told of an order, by either of its names: the reply, the stream, the reads.
    ///
    /// - Throws: `StoreFault`.
    public func witnesses(of name: String, _ ledger: Ledger) throws(StoreFault) -> [Testimony] {
        guard let known = rows[name] else { return [] }
        let events = try ledger.events(of: known.row)
        return [EvidenceSource.reply, .stream, .query].compactMap { source in
            let told = events.filter { $0.source == source }
            guard let last = told.last else { return nil }
            var state = OrderState(known.order)
            for event in told { state.apply(event.event) }
            return Testimony(source: source, ordStatus: state.ordStatus, cumQty: state.cumQty, at: last.at)
        }
    }

    /// The account's part of every order id: the same for ever, another for every account.
    public static func prefix(of account: String) -> UInt32 {
        UInt32(Digest.hex(.sha256, account).prefix(8), radix: 16) ?? 0
    }

    /// What the ledger says of `venue`: orders that are not done, others since an instant, and all positions.
    ///
    /// - Throws: `StoreFault`.
    public init(_ ledger: Ledger, venue: VenueID, account name: String, since: UTCNanos) throws(StoreFault) {
        var filter = Ledger.OrderFilter(limit: 1_000_000)
        filter.venue = venue
        filter.since = since
        var account = OurAccount(venue: venue, prefix: Self.prefix(of: name))
        let stored = try ledger.orders(filter)
        var rows: [String: (row: Int64, order: NewOrder)] = [:]
        for order in stored {
            rows[order.state.order.clOrdID.description] = (order.row, order.state.order)
            if let id = order.orderID { rows[id.text] = (order.row, order.state.order) }
        }
        self.rows = rows
        account.orders = stored.map { order in
            OurAccount.Order(
                orderID: order.orderID, symbol: order.symbol, state: order.state, sentAt: order.sent,
                heardAt: order.heard)
        }
        account.positions = try ledger.positions().filter { $0.venue == venue }
        self.account = account
    }
}
