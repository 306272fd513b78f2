/// A price per contract or coin.
///
/// - Unit: 1e-8 of the quote currency. A binary contract is 0...100_000_000; `TickGrid` says which an instrument accepts.
@frozen
public struct Price: Hashable, Comparable, Sendable {
    /// 1e-8 of the quote currency; never negative.
    public let rawValue: Int64

    /// A price of `rawValue` units, or nil when it is negative.
    @inlinable
    public init?(rawValue: Int64) {
        guard rawValue >= 0 else { return nil }
        self.rawValue = rawValue
    }

    @inlinable
    init(unchecked rawValue: Int64) { self.rawValue = rawValue }

    /// A price from decimal text such as `0.4200`.
    ///
    /// - Throws: `AmountError.notDecimal` (also for negative prices), `AmountError.overflow`.
    public init(decimal text: some StringProtocol) throws(AmountError) {
        let units = try FixedPoint.parse(text)
        guard units >= 0 else { throw .notDecimal }
        self.rawValue = units
    }

    /// Nothing.
    @inlinable public static var zero: Price { Price(unchecked: 0) }
    /// The payoff of a winning binary contract: one unit of the quote currency.
    @inlinable public static var one: Price { Price(unchecked: 100_000_000) }

    /// A hundredth of it.
    @inlinable public static var cent: Price { Price(unchecked: 1_000_000) }

    /// True for 0 < p < 1: a price at which a binary contract can trade.
    @inlinable public var isBinary: Bool { rawValue > 0 && rawValue < 100_000_000 }

    /// The price of the opposite outcome, 1 - p; nil above one.
    @inlinable public var complement: Price? { Price(rawValue: 100_000_000 - rawValue) }

    /// Orders by value.
    @inlinable
    public static func < (left: Price, right: Price) -> Bool { left.rawValue < right.rawValue }

    /// What `quantity` costs at this price.
    ///
    /// - Parameter rounding: `.againstUs` rounds up.
    /// - Throws: `AmountError.overflow`.
    @inlinable
    public func cost(of quantity: Quantity, rounding: Rounding) throws(AmountError) -> Money {
        let exact = Int128(rawValue) * Int128(quantity.rawValue)
        return Money(rawValue: try FixedPoint.divideByOne(exact, up: rounding == .againstUs))
    }

    /// What selling `quantity` at this price brings.
    ///
    /// - Parameter rounding: `.againstUs` rounds down.
    /// - Throws: `AmountError.overflow`.
    @inlinable
    public func proceeds(of quantity: Quantity, rounding: Rounding) throws(AmountError) -> Money {
        let exact = Int128(rawValue) * Int128(quantity.rawValue)
        return Money(rawValue: try FixedPoint.divideByOne(exact, up: rounding == .inOurFavour))
    }
}

extension Price: CustomStringConvertible {
    /// Decimal text with at least two places, as venues print it.
    public var description: String { FixedPoint.text(rawValue, decimals: 2) }
}
