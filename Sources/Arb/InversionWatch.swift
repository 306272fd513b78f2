import Trading

/// Watches for pairs that cannot be what their file says: the two venues' prices of one outcome far apart for minutes.
///
/// Where the gap vanishes when one side is flipped, the polarity is wrong; where it does not, the questions differ. Either
/// way the pair is no entry until a person has looked (FAULTS H03).
final class InversionWatch {
    /// Prices further apart than this are suspect. Unit: 1e-8.
    static let gapMax: Int64 = 30_000_000
    /// A gap below this counts as none.
    static let gapNone: Int64 = 5_000_000
    /// How long a gap must last.
    static let patience = Nanoseconds.seconds(300)
    static let interval = Nanoseconds.seconds(1)

    private struct Watch {
        /// The legs of a pair; nil for a set.
        let legs: (first: BasketLeg, second: BasketLeg)?
        var since: MonotonicNanos?
        var nextLook: MonotonicNanos?
        var suspect = false
    }

    private var watches: [Watch] = []

    init(_ catalog: Catalog) {
        NearMemory.reserve(&watches, catalog.baskets.count)
        for basket in catalog.baskets {
            watches.append(Watch(legs: basket.kind == .crossVenue ? (basket.legs[0], basket.legs[1]) : nil))
        }
    }

    /// True when the pair of this basket has been suspect for long.
    func isSuspect(_ basket: BasketID) -> Bool { watches[Int(basket.index)].suspect }

    /// Looks at a basket because of an instrument that it holds: once a second is enough.
    func observe(
        _ id: BasketID, _ instrument: InstrumentID, _ catalog: Catalog, _ books: BookTable, _ now: Stamp,
        _ notify: (FeedNotice) -> Void
    ) {
        let index = Int(id.index)
        if let next = watches[index].nextLook, now.monotonic < next { return }
        watches[index].nextLook = now.monotonic + Self.interval
        guard let legs = watches[index].legs, let first = Self.middle(books, legs.first),
            let second = Self.middle(books, legs.second)
        else { return }
        let gap = Int64((first + second - FixedPoint.one).magnitude)
        guard gap >= Self.gapMax else {
            watches[index].since = nil
            watches[index].suspect = false
            return
        }
        let since = watches[index].since ?? now.monotonic
        watches[index].since = since
        guard !watches[index].suspect, now.monotonic - since >= Self.patience else { return }
        watches[index].suspect = true
        guard legs.first.outcome == .yes else { return }  // both directions show one gap: it is told once
        let flipped = Int64((first - second).magnitude)
        notify(
            FeedNotice(
                code: flipped <= Self.gapNone ? "E_PAIR_INVERSION" : "E_PAIR_DIVERGENCE", instrument: instrument,
                text: "pair '\(catalog.baskets[index].pair.name)': the venues' prices have been "
                    + "\(FixedPoint.text(gap, decimals: 2)) apart for 5 minutes"
                    + (flipped <= Self.gapNone
                        ? " and agree when one side is flipped: check `polarity`" : ": the questions may differ")
                    + "; no entries until they agree"))
    }

    /// The middle of the book as the price of the leg's outcome; nil unless both sides stand.
    private static func middle(_ books: BookTable, _ leg: BasketLeg) -> Int64? {
        let book = books[leg.instrument]
        guard book.status == .live, let bid = book.bids.highestPrice, let ask = book.asks.lowestPrice else {
            return nil
        }
        let yes = (bid.rawValue + ask.rawValue) / 2
        return leg.outcome == .yes ? yes : FixedPoint.one - yes
    }
}
