/// Where a pair or set stands between an idea and a trade.
public enum ReviewStatus: String, Sendable, Hashable, CaseIterable {
    /// Watched and logged, never traded live.
    case proposed
    /// Reviewed by a person, with both rule texts pinned.
    case approved
    /// Not watched for entries.
    case suspended
}

/// How the outcomes of the two markets of a pair correspond.
public enum Polarity: String, Sendable, Hashable, CaseIterable {
    /// Kalshi YES is Polymarket YES.
    case same
    /// Kalshi YES is Polymarket NO.
    case inverted
}

/// Two markets of two venues that pay on the same question.
public struct MarketPair: Hashable, Sendable {
    /// Its author's id.
    public let id: PairID
    /// Human title from the file.
    public let title: String
    /// Review state in the file.
    public let status: ReviewStatus
    /// Which outcomes correspond.
    public let polarity: Polarity
    /// When the reviewer expects both venues to have paid.
    public let expectedPayout: UTCNanos?
    /// The Kalshi market.
    public let kalshi: Contract
    /// The Polymarket market.
    public let polymarket: Contract

    /// A pair as a file describes it.
    public init(
        id: PairID, title: String, status: ReviewStatus, polarity: Polarity, expectedPayout: UTCNanos?,
        kalshi: Contract,
        polymarket: Contract
    ) {
        self.id = id
        self.title = title
        self.status = status
        self.polarity = polarity
        self.expectedPayout = expectedPayout
        self.kalshi = kalshi
        self.polymarket = polymarket
    }
}

/// Several markets of one event on one venue, of which at most `winnersMax` can resolve YES.
public struct OutcomeSet: Hashable, Sendable {
    /// Its author's id.
    public let id: PairID
    /// Human title from the file; the event where it gives none.
    public let title: String
    /// Review state in the file.
    public let status: ReviewStatus
    /// The venue of all its markets.
    public let venue: VenueID
    /// The venue's name of the event.
    public let event: String
    /// True only when a reviewer says that exactly one of the legs must resolve YES.
    public let exhaustive: Bool
    /// How many legs can resolve YES at most.
    public let winnersMax: Int
    /// When the reviewer expects all legs to be paid; nil: the venue's own dates decide.
    public let expectedPayout: UTCNanos?
    /// The markets.
    public let legs: [Contract]

    /// A set as a file describes it.
    public init(
        id: PairID, title: String, status: ReviewStatus, venue: VenueID, event: String, exhaustive: Bool,
        winnersMax: Int,
        expectedPayout: UTCNanos?, legs: [Contract]
    ) {
        self.id = id
        self.title = title
        self.status = status
        self.venue = venue
        self.event = event
        self.exhaustive = exhaustive
        self.winnersMax = winnersMax
        self.expectedPayout = expectedPayout
        self.legs = legs
    }
}
