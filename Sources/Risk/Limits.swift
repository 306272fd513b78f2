public import Trading

/// The caps within which a basket is sized. The Sizer takes every cap as a bound; nothing is resized later.
public struct SizingLimits: Sendable, Hashable {
    /// Most capital in one basket, fees included. Unit: USD.
    public var lockedMax: Money
    /// Most contracts of each leg.
    public var orderQtyMax: Quantity
    /// Cash that may be spent per venue, in its own currency; nil where balances are not known (dry run).
    public var cashKalshi: Money?
    /// As `cashKalshi`.
    public var cashPolymarket: Money?
    /// Most that either leg alone may lose when it is got rid of at today's books, both fees in; nil: unbounded (dry run).
    /// Unit: USD.
    public var oneLegLossMax: Money?

    /// Caps without balances.
    public init(lockedMax: Money, orderQtyMax: Quantity) {
        self.lockedMax = lockedMax
        self.orderQtyMax = orderQtyMax
        self.cashKalshi = nil
        self.cashPolymarket = nil
        self.oneLegLossMax = nil
    }

    /// Cash for entries at a venue; nil when unknown.
    public func cash(at venue: VenueID) -> Money? {
        switch venue {
        case .kalshi: cashKalshi
        case .polymarket: cashPolymarket
        }
    }
}

/// What an edge must be worth before it is taken (OPERATOR §5, `[detector]`).
public struct EdgeThresholds: Sendable, Hashable {
    /// Least expected net of the whole basket. Unit: USD.
    public var edgeMin: Money
    /// Least net in basis points of the capital locked.
    public var edgeBpsMin: Int64
    /// Least yearly return on the capital locked until payout. Unit: 1e-8 percent.
    public var annualizedPctMin: Int64

    /// Thresholds.
    public init(edgeMin: Money, edgeBpsMin: Int64, annualizedPctMin: Int64) {
        self.edgeMin = edgeMin
        self.edgeBpsMin = edgeBpsMin
        self.annualizedPctMin = annualizedPctMin
    }

    /// Anything above zero.
    public static let any = EdgeThresholds(edgeMin: Money(rawValue: 1), edgeBpsMin: 0, annualizedPctMin: 0)

    /// What `locked` must earn until payout to meet the yearly return, rounded up. Unit: USD.
    ///
    /// - Parameter seconds: time to payout; less than a day counts as a day.
    public func hurdle(_ locked: Money, seconds: Int64) -> Money {
        let time = Int128(max(86_400, seconds))
        let yearPercent = Int128(365 * 86_400) * 100 * Int128(FixedPoint.one)
        let exact = Int128(locked.rawValue) * Int128(annualizedPctMin) * time
        let (quotient, rest) = exact.quotientAndRemainder(dividingBy: yearPercent)
        return Money(rawValue: Int64(clamping: quotient + (rest > 0 ? 1 : 0)))
    }
}
