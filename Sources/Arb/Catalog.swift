public import Trading

/// A pair or set file describes something that cannot be a basket. The whole catalog is refused, all faults at once.
public struct CatalogFault: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Two pairs or sets have one id.
        case duplicateID = "E_PAIR_DUPLICATE_ID"
        /// Two approved pairs or sets share an instrument: one signed position cannot be allocated to both.
        case sharedInstrument = "E_PAIR_SHARED_INSTRUMENT"
        /// One market is described in two ways (tokens, shard, neg-risk).
        case contradiction = "E_PAIR_CONTRADICTION"
        /// A set with fewer than two legs, a repeated leg, or a number of winners that is not 1..<legs.
        case malformedSet = "E_PAIR_SET"
    }

    /// The kind; its raw value is the stable code.
    public let kind: Kind
    /// The pair or set that shows it.
    public let pair: PairID
    /// What was found, in words.
    public let text: String

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String { kind.rawValue }
}

/// The validated table of everything watched: instruments, the baskets they form, and which baskets a book concerns.
///
/// Built once at start; indices are dense, so that a message finds its book and its baskets by array look-ups alone.
public struct Catalog: Sendable {
    /// All markets, by `InstrumentID`.
    public private(set) var contracts: [Contract] = []
    /// Their venues, by `InstrumentID`: a contract is mostly texts, and far from what a fire looks at.
    public private(set) var venues: [VenueID] = []
    /// All baskets, by `BasketID`.
    public private(set) var baskets: [Basket] = []
    private var firstBasket: [Int32] = []
    private var basketList: [BasketID] = []

    /// All faults of a catalog that was refused.
    public struct Faults: Error, Sendable {
        /// At least one.
        public let all: [CatalogFault]
    }

    /// Builds the table. Suspended pairs and sets are left out.
    ///
    /// - Parameter watchesSuspended: suspended pairs are in it, and never entered: what stands open of them is still ours
    ///   to follow and to close.
    /// - Throws: `Faults`.
    public init(pairs: [MarketPair], sets: [OutcomeSet], watchesSuspended: Bool = false) throws(Faults) {
        var builder = Builder(watchesSuspended: watchesSuspended)
        for pair in pairs { builder.add(pair) }
        for set in sets { builder.add(set) }
        guard builder.faults.isEmpty else { throw Faults(all: builder.faults) }
        contracts = builder.contracts
        venues = contracts.map(\.venue)
        baskets = builder.baskets
        indexBaskets()
    }

    /// Number of instruments.
    public var count: Int { contracts.count }

    /// The baskets that buy an outcome of `instrument`.
    @inlinable
    public func baskets(of instrument: InstrumentID) -> ArraySlice<BasketID> { slice(instrument) }

    @usableFromInline
    func slice(_ instrument: InstrumentID) -> ArraySlice<BasketID> {
        let index = Int(instrument.index)
        return basketList[Int(firstBasket[index])..<Int(firstBasket[index + 1])]
    }

    /// The instruments of one venue.
    public func instruments(of venue: VenueID) -> [InstrumentID] {
        contracts.indices.filter { contracts[$0].venue == venue }.map { InstrumentID(Int32($0)) }
    }

    private mutating func indexBaskets() {
        var counts = [Int32](repeating: 0, count: contracts.count + 1)
        for basket in baskets { for leg in basket.legs { counts[Int(leg.instrument.index) + 1] += 1 } }
        for index in 1..<counts.count { counts[index] += counts[index - 1] }
        firstBasket = counts
        basketList = Array(repeating: BasketID(0), count: Int(counts.last ?? 0))
        var next = counts
        for basket in baskets {
            for leg in basket.legs {
                basketList[Int(next[Int(leg.instrument.index)])] = basket.id
                next[Int(leg.instrument.index)] += 1
            }
        }
    }

    private struct Builder {
        private struct Key: Hashable {
            let venue: VenueID
            let symbol: String
        }

        let watchesSuspended: Bool
        var contracts: [Contract] = []
        var baskets: [Basket] = []
        var faults: [CatalogFault] = []
        private var known: [Key: InstrumentID] = [:]
        private var ids: Set<PairID> = []
        private var approved: [InstrumentID: PairID] = [:]

        init(watchesSuspended: Bool) { self.watchesSuspended = watchesSuspended }

        mutating func add(_ pair: MarketPair) {
            guard admit(pair.id), pair.status != .suspended || watchesSuspended else { return }
            let kalshi = instrument(pair.kalshi, of: pair.id)
            let polymarket = instrument(pair.polymarket, of: pair.id)
            if pair.status == .approved { for leg in [kalshi, polymarket] { claim(leg, for: pair.id) } }
            for outcome in [Outcome.yes, .no] {
                let other = pair.polarity == .same ? outcome.opposite : outcome
                let legs = [
                    BasketLeg(instrument: kalshi, outcome: outcome), BasketLeg(instrument: polymarket, outcome: other),
                ]
                append(pair.id, .crossVenue, legs, units: 1, pair.status, pair.expectedPayout)
            }
        }

        mutating func add(_ set: OutcomeSet) {
            guard admit(set.id), set.status != .suspended else { return }
            guard set.legs.count >= 2, Set(set.legs.map(\.symbol)).count == set.legs.count,
                (1..<set.legs.count).contains(set.winnersMax)
            else {
                report(
                    .malformedSet, set.id,
                    "a set needs at least two different legs and 1 to legs - 1 winners; it has \(set.legs.count) legs and "
                        + "max_winners \(set.winnersMax)")
                return
            }
            let legs = set.legs.map { instrument($0, of: set.id) }
            if set.status == .approved { for leg in legs { claim(leg, for: set.id) } }
            append(
                set.id, .allNo, legs.map { BasketLeg(instrument: $0, outcome: .no) },
                units: legs.count - set.winnersMax,
                set.status, set.expectedPayout)
            // Riskless on nothing less than a reviewer's word that one of these outcomes must happen.
            guard set.exhaustive else { return }
            append(
                set.id, .allYes, legs.map { BasketLeg(instrument: $0, outcome: .yes) }, units: 1, set.status,
                set.expectedPayout)
        }

        private mutating func append(
            _ pair: PairID, _ kind: BasketKind, _ legs: [BasketLeg], units: Int, _ status: ReviewStatus,
            _ payout: UTCNanos?
        ) {
            let index = Int32(baskets.count)  // pair files of 4 MiB each cannot name 2^31
            baskets.append(
                Basket(
                    id: BasketID(index), pair: pair, kind: kind, legs: legs,
                    payoff: Money(rawValue: Int64(units) * FixedPoint.one), status: status, expectedPayout: payout))
        }

        private mutating func admit(_ id: PairID) -> Bool {
            if ids.insert(id).inserted { return true }
            report(.duplicateID, id, "the id '\(id.name)' is used twice")
            return false
        }

        private mutating func claim(_ leg: InstrumentID, for pair: PairID) {
            if let holder = approved[leg], holder != pair {
                let symbol = contracts[Int(leg.index)].symbol
                report(
                    .sharedInstrument, pair,
                    "\(symbol) is in '\(holder.name)' too, which is approved; approve only one of them")
            }
            approved[leg] = pair
        }

        private mutating func instrument(_ contract: Contract, of pair: PairID) -> InstrumentID {
            let key = Key(venue: contract.venue, symbol: contract.symbol)
            guard let found = known[key] else {
                let id = InstrumentID(Int32(clamping: contracts.count))
                contracts.append(contract)
                known[key] = id
                return id
            }
            let first = contracts[Int(found.index)]
            if first.tokens != contract.tokens || first.exchangeIndex != contract.exchangeIndex
                || first.negRisk != contract.negRisk || first.rulesSHA256 != contract.rulesSHA256
            {
                report(
                    .contradiction, pair,
                    "\(contract.symbol) is described differently elsewhere (tokens, exchange_index, neg_risk or rules_sha256)"
                )
            }
            return found
        }

        private mutating func report(_ kind: CatalogFault.Kind, _ pair: PairID, _ text: String) {
            faults.append(CatalogFault(kind: kind, pair: pair, text: text))
        }
    }
}
