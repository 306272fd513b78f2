/// An amount of one currency; which one is the instrument's (`Currency`). Amounts of two currencies never add.
///
/// - Unit: 1e-8 of the currency; signed.
@frozen
public struct Money: Hashable, Comparable, Sendable {
    /// 1e-8 of the currency.
    public let rawValue: Int64

    /// An amount of `rawValue` units of 1e-8.
    @inlinable
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// An amount from decimal text such as `-0.50`.
    ///
    /// - Throws: `AmountError`.
    public init(decimal text: some StringProtocol) throws(AmountError) { self.rawValue = try FixedPoint.parse(text) }

    /// Nothing.
    @inlinable public static var zero: Money { Money(rawValue: 0) }
    /// One cent.
    @inlinable public static var cent: Money { Money(rawValue: 1_000_000) }

    /// Orders by value.
    @inlinable
    public static func < (left: Money, right: Money) -> Bool { left.rawValue < right.rawValue }

    /// Checked sum.
    ///
    /// - Throws: `AmountError.overflow`.
    @inlinable
    public func adding(_ other: Money) throws(AmountError) -> Money {
        let (sum, over) = rawValue.addingReportingOverflow(other.rawValue)
        if over { throw .overflow }
        return Money(rawValue: sum)
    }

    /// Checked difference.
    ///
    /// - Throws: `AmountError.overflow`.
    @inlinable
    public func subtracting(_ other: Money) throws(AmountError) -> Money {
        let (difference, over) = rawValue.subtractingReportingOverflow(other.rawValue)
        if over { throw .overflow }
        return Money(rawValue: difference)
    }

    /// Rounded down to a multiple of `step`, toward minus infinity; `step` is positive.
    @inlinable
    public func floored(to step: Money) -> Money {
        precondition(step.rawValue > 0, "a step is positive")
        let rest = rawValue % step.rawValue
        return Money(rawValue: rawValue - rest - (rest < 0 ? step.rawValue : 0))
    }
}

extension Money: CustomStringConvertible {
    /// Decimal text with at least two places.
    public var description: String { FixedPoint.text(rawValue, decimals: 2) }
}

/// The money that an instrument is quoted and settled in. Only `Valuation` makes dollars of it.
public enum Currency: String, Sendable, Hashable, CaseIterable {
    /// US dollars.
    case usd
    /// Polymarket's collateral token, 6 decimals on chain.
    case pusd
}
