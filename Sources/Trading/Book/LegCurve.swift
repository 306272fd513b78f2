/// What a leg would pay: the levels of one outcome from the best outward, cheapest first.
///
/// Buying YES takes the asks upward; buying NO takes the YES bids downward at one minus their price.
public struct LegCurve {
    private let ladder: Ladder
    private let outcome: Outcome
    /// The next level to take; nil when the side is exhausted.
    public private(set) var level: Level?

    /// The curve of `outcome` in `book`, at its best level.
    @inlinable
    public static func best(of book: Book, _ outcome: Outcome) -> Price? {
        switch outcome {
        case .yes: book.asks.lowest?.price
        case .no: book.bids.highest.flatMap { $0.price.complement }
        }
    }

    /// Begins at the best level.
    public init(_ book: Book, _ outcome: Outcome) {
        self.outcome = outcome
        switch outcome {
        case .yes:
            ladder = book.asks
            level = ladder.lowest
        case .no:
            ladder = book.bids
            level = Self.mirrored(ladder.highest)
        }
    }

    /// Goes to the next worse level.
    public mutating func advance() {
        guard let here = level else { return }
        switch outcome {
        case .yes: level = ladder.above(here.price)
        case .no: level = here.price.complement.flatMap { Self.mirrored(ladder.below($0)) }
        }
    }

    private static func mirrored(_ level: Level?) -> Level? {
        guard let level, let price = level.price.complement else { return nil }
        return Level(price: price, quantity: level.quantity)
    }
}
