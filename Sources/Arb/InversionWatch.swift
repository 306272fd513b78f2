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
    private static let interval = Nanoseconds.seconds(1)

    private struct Watch {
        var since: MonotonicNanos?
        var nextLook: MonotonicNanos?
        var suspect = false
    }

    private var watches: [Watch]
    /// Per instrument: nothing to look at before.
    private var nextLooks: [MonotonicNanos]

    init(baskets: Int, instruments: Int) {
        watches = Array(repeating: Watch(), count: baskets)
        nextLooks = Array(repeating: MonotonicNanos(rawValue: .min), count: instruments)
    }

    /// True when a change of the instrument should be looked at: once a second is enough.
    func isDue(_ instrument: InstrumentID, _ now: MonotonicNanos) -> Bool {
        nextLooks[Int(instrument.index)] <= now
    }

    /// True when the pair of this basket has been suspect for long.
    func isSuspect(_ basket: BasketID) -> Bool { watches[Int(basket.index)].suspect }

    func observe(
        _ instrument: InstrumentID, _ catalog: Catalog, _ books: BookTable, _ now: Stamp, _ notify: (FeedNotice) -> Void
    ) {
        nextLooks[Int(instrument.index)] = now.monotonic + Self.interval
        for id in catalog.baskets(of: instrument) {
            let index = Int(id.index)
            if let next = watches[index].nextLook, now.monotonic < next { continue }
            watches[index].nextLook = now.monotonic + Self.interval
            let basket = catalog.baskets[index]
            guard basket.kind == .crossVenue, let first = Self.middle(books, basket.legs[0]),
                let second = Self.middle(books, basket.legs[1])
            else { continue }
            let gap = Int64((first + second - FixedPoint.one).magnitude)
            guard gap >= Self.gapMax else {
                watches[index].since = nil
                watches[index].suspect = false
                continue
            }
            let since = watches[index].since ?? now.monotonic
            watches[index].since = since
            guard !watches[index].suspect, now.monotonic - since >= Self.patience else { continue }
            watches[index].suspect = true
            guard basket.legs[0].outcome == .yes else { continue }  // both directions show one gap: it is told once
            let flipped = Int64((first - second).magnitude)
            notify(
                FeedNotice(
                    code: flipped <= Self.gapNone ? "E_PAIR_INVERSION" : "E_PAIR_DIVERGENCE", instrument: instrument,
                    text: "pair '\(basket.pair.name)': the venues' prices have been "
                        + "\(FixedPoint.text(gap, decimals: 2)) apart for 5 minutes"
                        + (flipped <= Self.gapNone
                            ? " and agree when one side is flipped: check `polarity`" : ": the questions may differ")
                        + "; no entries until they agree"))
        }
    }

    /// The middle of the book as the price of the leg's outcome; nil unless both sides stand.
    private static func middle(_ books: BookTable, _ leg: BasketLeg) -> Int64? {
        let book = books[leg.instrument]
        guard book.status == .live, let bid = book.bids.highest, let ask = book.asks.lowest else { return nil }
        let yes = (bid.price.rawValue + ask.price.rawValue) / 2
        return leg.outcome == .yes ? yes : FixedPoint.one - yes
    }
}
