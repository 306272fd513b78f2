public import Trading

/// Everything that may be chosen about Polymarket. Addresses are the driver's: the core never connects.
public struct Settings: Hashable, Sendable {
    /// Market data.
    public var feed = FeedSettings()
    /// Reference data.
    public var reference = ReferenceSettings()

    /// The defaults.
    public init() {}
}

/// Polymarket as the decision core sees it.
///
/// - Lane: the hot lane.
public final class Venue: Trading.Venue {
    /// Polymarket.
    public let id = VenueID.polymarket
    /// Market data, with its counters.
    public let polymarketFeed: Feed
    /// Reference data.
    public let polymarketReference: Reference

    /// A venue that knows these markets by token.
    public init(_ contracts: [(InstrumentID, Contract)], settings: Settings) {
        polymarketFeed = Feed(contracts, settings: settings.feed)
        polymarketReference = Reference(settings: settings.reference)
    }

    /// Market data.
    public var feed: any BookFeed { polymarketFeed }
    /// Reference data.
    public var reference: any ReferenceReader { polymarketReference }
}
