public import Trading

/// An order that no record of ours explains.
public struct StrayOrder: Hashable, Sendable {
    /// The venue.
    public let venue: VenueID
    /// The venue's name.
    public let orderID: OrderID
    /// The name that its sender gave it, where it has the form of ours.
    public internal(set) var clOrdID: ClOrdID?
    /// Ticker, or condition id.
    public let symbol: String
    /// When it was first heard of.
    public let firstHeard: Stamp
    /// What was told of it, oldest first.
    public internal(set) var reports: [ExecutionReport] = []
    /// An order of ours on that market still lacks its name: this may be it.
    public internal(set) var mayBeOurs = false
    /// Its id has our prefix: another run of this account sent it.
    public internal(set) var isOursByForm = false
}
