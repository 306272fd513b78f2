public import Trading

// What became of an order of which nobody knows: only what the venue's own records say counts.
extension Account {
    /// Every listed order that carries this name of ours: the original, its tombstone, or none. None proves nothing while
    /// the request may still arrive, nor before the reads are as fresh as the order.
    public func find(
        _ clOrdID: ClOrdID, ticker: String, since: UTCNanos
    ) async throws(AccountFault) -> [VenueOrder] {
        try await orders(of: ticker, since: since).filter { $0.clOrdID == clOrdID }
    }
}

/// An order that cannot matter, under the name of one of which nobody knows what became: if the venue takes it, or has
/// only it, the original can no longer enter.
///
/// Off unless `tombstone_max_age_s` is set: names are unique only among recent orders. It is journaled as an intent of its
/// own, and is the one exception to sending nothing while a leg is unknown.
/// - Source: sheet section 4.4: a second create with a used name answers 409 `order_already_exists` and places nothing.
public enum Tombstone {
    /// Why there is no tombstone for an order.
    public enum Refusal: Error, Hashable, Sendable {
        /// `tombstone_max_age_s` is 0.
        case off
        /// The order is older than names are trusted to be unique.
        case tooOld
        /// A resting order is cancelled instead.
        case mayRest
        /// The grid has no price far enough away, or the tombstone would be what the original is.
        case indistinct
    }

    /// The tombstone of an order: IOC, the smallest lot, at the far end of the grid where nobody sells.
    ///
    /// - Parameters:
    ///   - sentAt: when bytes of the original may have left.
    ///   - maxAge: `tombstone_max_age_s`.
    /// - Throws: `Refusal`.
    public static func order(
        for original: NewOrder, sentAt: MonotonicNanos, now: MonotonicNanos, maxAge: Nanoseconds, grid: TickGrid,
        lot: Quantity
    ) throws(Refusal) -> NewOrder {
        guard maxAge > .zero else { throw .off }
        guard now - sentAt <= maxAge else { throw .tooOld }
        guard original.timeInForce.isImmediate else { throw .mayRest }
        // A bid for YES at the lowest tick fills only where YES is sold for next to nothing: one cent's worth at most.
        guard let price = grid.ceil(.zero) else { throw .indistinct }
        let tombstone = NewOrder(
            clOrdID: original.clOrdID, instrument: original.instrument, outcome: .yes, side: .buy, orderQty: lot,
            price: price, timeInForce: .ioc, purpose: .tombstone)
        guard !isSame(tombstone, as: original) else { throw .indistinct }
        return tombstone
    }

    private static func isSame(_ one: NewOrder, as other: NewOrder) -> Bool {
        guard let left = Wire.YesLeg(one.outcome, one.side, one.price),
            let right = Wire.YesLeg(other.outcome, other.side, other.price)
        else { return true }
        return left == right && one.orderQty == other.orderQty
    }

    /// What a list of the market's orders, read to its end after a tombstone's name was found used, says of the original.
    public enum Finding: Hashable, Sendable {
        /// This is the original: it is what the list says.
        case adopt(VenueOrder)
        /// Only the tombstone has the name: the original can no longer enter.
        case cannotEnter
        /// Neither is listed, or what is listed is neither: still unknown.
        case unknown
    }

    /// Looks for the original among the orders that carry its name.
    public static func finding(_ listed: [VenueOrder], original: NewOrder, tombstone: NewOrder) -> Finding {
        let named = listed.filter { $0.clOrdID == original.clOrdID }
        if let found = named.first(where: { isListed(original, as: $0) }) { return .adopt(found) }
        guard !named.isEmpty, named.allSatisfy({ isListed(tombstone, as: $0) }) else { return .unknown }
        return .cannotEnter
    }

    /// Lists tell everything as a buy of the outcome that is got.
    private static func isListed(_ order: NewOrder, as row: VenueOrder) -> Bool {
        guard let own = Wire.YesLeg(order.outcome, order.side, order.price),
            let theirs = Wire.YesLeg(row.outcome, row.side, row.price), let orderQty = row.orderQty
        else { return false }
        return own == theirs && orderQty == order.orderQty
    }
}
