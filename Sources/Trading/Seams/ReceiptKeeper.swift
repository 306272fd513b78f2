/// What a venue's own words belong to.
public struct ReceiptMark: Sendable {
    /// How the words came.
    public enum Kind: String, Sendable, CaseIterable {
        /// The answer to a new order.
        case create
        /// The answer to a cancel.
        case cancel
        /// A message of the private stream.
        case stream
    }

    /// Who said it.
    public let venue: VenueID
    /// How it came.
    public let kind: Kind
    /// Our name of the order; nil where the venue did not say, and for a cancel of everything.
    public let clOrdID: ClOrdID?
    /// The venue's name of the order; nil where it gave none.
    public let orderID: OrderID?
    /// HTTP status; nil on a stream.
    public let status: Int?
    /// When it was here.
    public let at: UTCNanos

    /// A mark.
    public init(
        venue: VenueID, kind: Kind, clOrdID: ClOrdID?, orderID: OrderID?, status: Int? = nil, at: UTCNanos
    ) {
        self.venue = venue
        self.kind = kind
        self.clOrdID = clOrdID
        self.orderID = orderID
        self.status = status
        self.at = at
    }
}

/// Takes what venues said of our orders, for arguing with them later. Called after an answer is here, never before an order
/// has left.
///
/// - Lane: any. `keep` copies into memory that it has, never waits, and drops what does not fit.
public protocol ReceiptKeeper: Sendable {
    /// Keeps the words as they came; who writes them takes the secrets out.
    func keep(_ mark: ReceiptMark, _ words: RawSpan)
}
