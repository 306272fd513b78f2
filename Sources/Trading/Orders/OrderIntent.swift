/// One execution of a basket: its legs, what closes them, and the result. Unique within an account.
@frozen
public struct ExecutionID: Hashable, Sendable, CustomStringConvertible {
    /// The run of the program that began it (`runs.id` of the ledger, and the run in every `ClOrdID` of it).
    public let run: UInt32
    /// 1, 2, 3 … within the run.
    public let sequence: UInt32

    /// An id.
    @inlinable
    public init(run: UInt32, sequence: UInt32) {
        self.run = run
        self.sequence = sequence
    }

    /// `RUN-SEQUENCE`.
    public var description: String { "\(run)-\(sequence)" }

    /// The id of such a text; nil for any other.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", maxSplits: 1)
        guard parts.count == 2, let run = UInt32(parts[0]), let sequence = UInt32(parts[1]) else { return nil }
        self.init(run: run, sequence: sequence)
    }
}

/// What an order is to its execution.
@frozen
public enum OrderRole: String, Sendable, Hashable, CaseIterable {
    /// A leg as planned.
    case leg
    /// Buys what the other leg has too much of a partner for.
    case complete
    /// Sells what stands alone.
    case sell
    /// Buys the other outcome of what stands alone, to be merged or netted.
    case opposite
    /// Proves that an order of the same id can no longer enter.
    case tombstone
}

/// An order that is about to be sent, with all that finds it again after a crash. Recorded before a byte leaves.
///
/// The key of an intent is `order.clOrdID` (a tombstone has its original's): a second one of the same key is refused.
public struct OrderIntent: Hashable, Sendable {
    /// The execution it belongs to.
    public let execution: ExecutionID
    /// What it is to it.
    public let role: OrderRole
    /// The pair or set.
    public let pair: PairID
    /// The venue.
    public let venue: VenueID
    /// Ticker, or condition id.
    public let symbol: String
    /// Polymarket's token, decimal; empty at Kalshi.
    public let token: String
    /// The order as it is sent. Its `instrument` means nothing outside this run.
    public let order: NewOrder
    /// The venue's name, where it is known before sending.
    public let orderID: OrderID?
    /// SHA-256 of the body.
    public let bodyHash: Digest256
    /// When it was decided.
    public let decided: Stamp
    /// What may follow it, where one leg leaves first; nil where nothing waits for its fills.
    public let follower: Follower?

    /// The most that the second leg of an execution may come to, stated before the first has left.
    public struct Follower: Hashable, Sendable {
        /// Contracts at most.
        public let orderQtyMax: Quantity
        /// The worst price.
        public let limitPx: Price

        /// A bound.
        public init(orderQtyMax: Quantity, limitPx: Price) {
            self.orderQtyMax = orderQtyMax
            self.limitPx = limitPx
        }
    }

    /// An intent.
    public init(
        execution: ExecutionID, role: OrderRole, pair: PairID, venue: VenueID, symbol: String, token: String,
        order: NewOrder, orderID: OrderID?, bodyHash: Digest256, decided: Stamp, follower: Follower? = nil
    ) {
        self.follower = follower
        self.execution = execution
        self.role = role
        self.pair = pair
        self.venue = venue
        self.symbol = symbol
        self.token = token
        self.order = order
        self.orderID = orderID
        self.bodyHash = bodyHash
        self.decided = decided
    }
}
