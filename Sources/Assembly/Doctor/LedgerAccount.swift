public import Arb
internal import Signing
public import Store
public import Trading

/// One venue's account as our ledger has it.
public struct LedgerAccount: Sendable {
    /// What is compared with the venue.
    public let account: OurAccount

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
        account.orders = try ledger.orders(filter).map { order in
            OurAccount.Order(
                orderID: order.orderID, symbol: order.symbol, state: order.state, sentAt: order.sent,
                heardAt: order.heard)
        }
        account.positions = try ledger.positions().filter { $0.venue == venue }
        self.account = account
    }
}
