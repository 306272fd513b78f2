public import Trading

/// The names behind the indices of one run: what people and files read instead of `BasketID` and `InstrumentID`.
public struct BasketNames: Sendable {
    /// One leg of a basket.
    public struct Leg: Hashable, Sendable {
        /// Whose market.
        public let venue: VenueID
        /// The venue's name of it.
        public let symbol: String
        /// The outcome that is bought.
        public let outcome: Outcome
        /// A leg.
        public init(venue: VenueID, symbol: String, outcome: Outcome) {
            self.venue = venue
            self.symbol = symbol
            self.outcome = outcome
        }
    }

    /// One basket.
    public struct Entry: Hashable, Sendable {
        /// The pair or set.
        public let pair: PairID
        /// Its kind.
        public let kind: BasketKind
        /// Its legs, in the basket's order.
        public let legs: [Leg]
        /// A basket's names.
        public init(pair: PairID, kind: BasketKind, legs: [Leg]) {
            self.pair = pair
            self.kind = kind
            self.legs = legs
        }

        /// `kalshi yes + polymarket no`, or `no x 4` for a set: short enough for a table.
        public var direction: String {
            guard kind == .crossVenue else { return "\(legs.first?.outcome.rawValue ?? "?") x \(legs.count)" }
            return legs.map { "\($0.venue.name) \($0.outcome.rawValue)" }.joined(separator: " + ")
        }
    }

    private let entries: [Entry]

    /// The names of all baskets of a catalog: those of `baskets`, whose legs are of `contracts`.
    public init(baskets: [Basket], contracts: [Contract]) {
        entries = baskets.map { basket in
            let legs = basket.legs.map { leg in
                let contract = contracts[Int(leg.instrument.index)]
                return Leg(venue: contract.venue, symbol: contract.symbol, outcome: leg.outcome)
            }
            return Entry(pair: basket.pair, kind: basket.kind, legs: legs)
        }
    }

    /// The names of a basket of the same catalog.
    public subscript(_ basket: BasketID) -> Entry { entries[Int(basket.index)] }
}
