public import Trading

/// Fills orders of outcome sets at once from the live books, less what paper orders have taken of them.
///
/// Keeps no account: whoever sends an order knows what it holds.
/// - Lane: the hot lane, all of it.
public final class Floor: PaperFloor {
    private let depth: Depth
    private let market: (InstrumentID) -> PaperMarket?

    /// - Parameters:
    ///   - depth: shared with the gateways of the run, so that the same contracts are not bought twice.
    ///   - market: nil where the book may not be used.
    public init(depth: Depth, market: @escaping (InstrumentID) -> PaperMarket?) {
        self.depth = depth
        self.market = market
    }

    /// False while the market's book is void or its terms are not known.
    public func isUsable(_ instrument: InstrumentID) -> Bool { market(instrument) != nil }

    /// What an order takes of the book as it stands. A sale is of what its owner holds.
    public func fill(_ order: NewOrder, isTaken: Bool) -> PaperFill? {
        guard let market = market(order.instrument) else { return nil }
        if isTaken { depth.prune(self.market) }
        guard let taking = try? depth.quote(order, held: order.orderQty, market), taking.quantity > .zero else {
            return nil
        }
        if order.timeInForce == .fok, order.cashOrderQty == nil, taking.quantity < order.orderQty { return nil }
        if isTaken { depth.take(taking) }
        let levels = taking.levels.map { PaperFill.Level(price: $0.price, quantity: $0.quantity, fee: $0.fee) }
        return PaperFill(levels: levels, quantity: taking.quantity, cash: taking.cash, fee: taking.fee)
    }
}
