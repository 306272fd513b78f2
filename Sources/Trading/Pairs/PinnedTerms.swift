/// Terms that a pair file pins for replay and offline use: they hold until the venue itself has answered.
public struct PinnedTerms: Hashable, Sendable {
    /// Prices that orders may carry.
    public let grid: TickGrid
    /// Smallest order.
    public let orderQtyMin: Quantity
    /// Kalshi's word for the fee schedule; empty on Polymarket.
    public let feeType: String
    /// Kalshi: the multiplier. Polymarket: the rate. Unit: 1e-8.
    public let feeRate: Int64
    /// Polymarket's exponent; 1 on Kalshi.
    public let feeExponent: Int
    /// No entries from this instant minus `min_time_to_close_s`.
    public let entriesEnd: UTCNanos?
    /// The latest instant at which the venue is expected to have paid.
    public let payout: UTCNanos?
    /// When this was true.
    public let readAt: UTCNanos

    /// Pinned terms.
    public init(
        grid: TickGrid, orderQtyMin: Quantity, feeType: String, feeRate: Int64, feeExponent: Int,
        entriesEnd: UTCNanos?, payout: UTCNanos?, readAt: UTCNanos
    ) {
        self.grid = grid
        self.orderQtyMin = orderQtyMin
        self.feeType = feeType
        self.feeRate = feeRate
        self.feeExponent = feeExponent
        self.entriesEnd = entriesEnd
        self.payout = payout
        self.readAt = readAt
    }
}
