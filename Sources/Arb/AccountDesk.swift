public import Trading

/// What one of our orders is asked about, and under which names it may be found.
public struct OrderInquiry: Hashable, Sendable {
    /// What to read.
    public let question: UnknownResolver.Question
    /// The venue.
    public let venue: VenueID
    /// The order as it was sent: its id names it in the answer.
    public let order: NewOrder
    /// The venue's name of it, where it is known.
    public let orderID: OrderID?
    /// Ticker, or condition id.
    public let symbol: String
    /// When bytes may have left.
    public let sentAt: Stamp
    /// The tombstone of its name, where one may have left.
    public let tombstone: NewOrder?

    /// An inquiry.
    public init(
        question: UnknownResolver.Question, venue: VenueID, order: NewOrder, orderID: OrderID?, symbol: String,
        sentAt: Stamp, tombstone: NewOrder? = nil
    ) {
        self.tombstone = tombstone
        self.question = question
        self.venue = venue
        self.order = order
        self.orderID = orderID
        self.symbol = symbol
        self.sentAt = sentAt
    }
}

/// What an account read brought. A failed read brings nothing: silence is no evidence.
public enum AccountAnswer: Sendable {
    /// Orders, fills, positions, cash and allowances, read to the last page.
    case snapshot(AccountSnapshot)
    /// What was found of an order: names, sums, fills. Told before the finding of the same inquiry.
    case reports([ExecutionReport])
    /// Orders as the venue lists them, under names that an original and its tombstone share: told apart by their contents.
    /// Told before the reports and the finding of the same inquiry.
    case listed([VenueOrder], VenueID)
    /// What a read to the last page did not show, or what balances prove.
    case finding(UnknownResolver.Finding, of: ClOrdID, at: VenueID)
    /// Whether a market is traded elsewhere than its gateway took it for; it knows where now.
    case rerouted(InstrumentID, Bool)
    /// The read failed: it is asked again when it is due again.
    case failed(VenueID, AccountFault)
}

/// Reads accounts for the trader, off the lanes. Answers come back on the hot lane, as calls of `Trader.answered`.
///
/// - Bound: one read of a kind under way a venue; a repeated request while it runs is dropped, for its answer comes.
public protocol AccountDesk: AnyObject {
    /// Looks for what one order became. Of an order whose `commit` has returned, or that an earlier run sent: nothing of it
    /// can leave us any more, and that is told with the first absence.
    func ask(_ inquiry: OrderInquiry)

    /// Reads the whole account.
    ///
    /// - Parameter since: done orders and fills from then on.
    func read(_ venue: VenueID, since: UTCNanos)

    /// Reads which markets the venue has paid; told by `LiveTrader.settled`.
    ///
    /// - Parameters:
    ///   - since: how far back, where the venue has a list of them (Kalshi).
    ///   - symbols: markets that have ended and hold something of ours, for a venue without such a list: all are asked
    ///     about, the first first.
    func readSettlements(_ venue: VenueID, since: UTCNanos, of symbols: [String])

    /// Asks where a market's orders are signed for, after one was refused for its version. Told as `rerouted` in any case.
    func reroute(_ venue: VenueID, _ instrument: InstrumentID)

    /// The order that proves that another one can no longer enter, to be recorded, prepared and committed like any other;
    /// nil where there can be none (setting, age, life, grid, venue).
    func tombstone(for order: NewOrder, venue: VenueID, sentAt: MonotonicNanos, at now: MonotonicNanos) -> NewOrder?
}

extension AccountDesk {
    /// No such list.
    public func readSettlements(_ venue: VenueID, since: UTCNanos, of symbols: [String]) {}

    /// Nobody is asked.
    public func reroute(_ venue: VenueID, _ instrument: InstrumentID) {}

    /// None.
    public func tombstone(for order: NewOrder, venue: VenueID, sentAt: MonotonicNanos, at now: MonotonicNanos)
        -> NewOrder?
    { nil }
}
