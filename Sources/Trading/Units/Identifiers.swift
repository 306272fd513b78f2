/// A venue that we speak to.
public enum VenueID: UInt8, Sendable, Hashable, CaseIterable, Comparable {
    /// Kalshi's event-contract exchange.
    case kalshi = 1
    /// Polymarket's central limit order book on Polygon.
    case polymarket = 2

    /// The word used in configuration, JSON and captures.
    public var name: String {
        switch self {
        case .kalshi: "kalshi"
        case .polymarket: "polymarket"
        }
    }

    /// The venue of that word; nil when there is none.
    public init?(name: some StringProtocol) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    /// Orders by value.
    public static func < (left: VenueID, right: VenueID) -> Bool { left.rawValue < right.rawValue }
}

/// One market on one venue, as a dense index into the `Catalog`. Meaningless outside the run that made it.
@frozen
public struct InstrumentID: Hashable, Comparable, Sendable {
    /// 0-based index.
    public let index: Int32
    /// The instrument at `index`.
    @inlinable
    public init(_ index: Int32) { self.index = index }
    /// Orders by value.
    @inlinable
    public static func < (left: InstrumentID, right: InstrumentID) -> Bool { left.index < right.index }
}

/// One tradable basket (a direction of a pair, or one of a set's baskets), as a dense index into the `Catalog`.
@frozen
public struct BasketID: Hashable, Comparable, Sendable {
    /// 0-based index.
    public let index: Int32
    /// The basket at `index`.
    @inlinable
    public init(_ index: Int32) { self.index = index }
    /// Orders by value.
    @inlinable
    public static func < (left: BasketID, right: BasketID) -> Bool { left.index < right.index }
}

/// A pair or set of the pair files, by the id its author gave it.
public struct PairID: Hashable, Comparable, Sendable {
    /// The id as written in the file.
    public let name: String
    /// The pair called `name`.
    public init(_ name: String) { self.name = name }
    /// Orders by value.
    public static func < (left: PairID, right: PairID) -> Bool { left.name < right.name }
}

/// One connection of one venue's feed. Survives reconnects: the same place in the plan, a new socket.
@frozen
public struct LinkID: Hashable, Sendable {
    /// The venue at the other end.
    public let venue: VenueID
    /// 0-based index among that venue's connections.
    public let index: UInt16
    /// Connection `index` of `venue`.
    @inlinable
    public init(venue: VenueID, index: UInt16) {
        self.venue = venue
        self.index = index
    }
}
