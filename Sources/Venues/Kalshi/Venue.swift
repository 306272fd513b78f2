public import Trading

/// Everything that may be chosen about Kalshi. Addresses and keys are the driver's: the core never connects.
public struct Settings: Hashable, Sendable {
    /// Market data.
    public var feed = FeedSettings()
    /// Reference data.
    public var reference = ReferenceSettings()

    /// The defaults.
    public init() {}
}

/// Kalshi as the decision core sees it: a feed and a reader that tell each other what they see change.
///
/// - Lane: the hot lane.
public final class Venue: Trading.Venue {
    /// Kalshi.
    public let id = VenueID.kalshi
    /// Market data, with its counters.
    public let kalshiFeed: Feed
    /// Reference data.
    public let kalshiReference: Reference

    /// A venue that knows these markets by ticker; the core says which of them it wants.
    public init(_ contracts: [(InstrumentID, Contract)], settings: Settings) {
        kalshiFeed = Feed(contracts, settings: settings.feed)
        kalshiReference = Reference(settings: settings.reference, feed: kalshiFeed)
    }

    /// Market data.
    public var feed: any BookFeed { kalshiFeed }
    /// Reference data.
    public var reference: any ReferenceReader { kalshiReference }
}
