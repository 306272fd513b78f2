public import Trading
public import Transport

/// How one venue is reached: the only thing about it that is not deterministic.
public struct VenueEdge: Sendable {
    /// Which venue.
    public let venue: VenueID
    /// Base URL per service that its requests name (`rest`, `clob`, `gamma`, …), without a trailing slash.
    public let services: [String: String]
    /// Where a link connects, signed for the instant at which it is asked. Called on a connector thread.
    public let target: @Sendable (LinkID, UTCNanos) throws -> LinkTarget
    /// TLS for its WebSocket links.
    public let context: TLSContext
    /// Its REST client.
    public let client: HTTPClient
    /// The first link's connection, under way since the edge was made; nil: it is opened when the link is.
    public let early: EarlyDial?

    /// An edge.
    public init(
        venue: VenueID, services: [String: String], context: TLSContext, client: HTTPClient,
        early: EarlyDial? = nil,
        target: @escaping @Sendable (LinkID, UTCNanos) throws -> LinkTarget
    ) {
        self.venue = venue
        self.services = services
        self.context = context
        self.client = client
        self.early = early
        self.target = target
    }

    /// Ends its REST client, and a connection that no link took.
    public func close() {
        early?.close()
        client.close()
    }
}
