/// A number of contracts, shares or coins.
///
/// - Unit: 1e-8 contract. Kalshi trades 0.01 contract, Polymarket settles 0.000001 share, coins go to 8 decimals.
@frozen
public struct Quantity: Hashable, Comparable, Sendable {
    /// 1e-8 contract; a size is never negative, a difference of sizes may be.
    public let rawValue: Int64

    /// A quantity of `rawValue` units of 1e-8.
    @inlinable
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// A quantity from decimal text such as `13.00`.
    ///
    /// - Throws: `AmountError`.
    public init(decimal text: some StringProtocol) throws(AmountError) { self.rawValue = try FixedPoint.parse(text) }

    /// None.
    @inlinable public static var zero: Quantity { Quantity(rawValue: 0) }

    /// Orders by value.
    @inlinable
    public static func < (left: Quantity, right: Quantity) -> Bool { left.rawValue < right.rawValue }

    /// Checked sum.
    ///
    /// - Throws: `AmountError.overflow`.
    @inlinable
    public func adding(_ other: Quantity) throws(AmountError) -> Quantity {
        let (sum, over) = rawValue.addingReportingOverflow(other.rawValue)
        if over { throw .overflow }
        return Quantity(rawValue: sum)
    }

    /// Checked difference; may be negative.
    ///
    /// - Throws: `AmountError.overflow`.
    @inlinable
    public func subtracting(_ other: Quantity) throws(AmountError) -> Quantity {
        let (difference, over) = rawValue.subtractingReportingOverflow(other.rawValue)
        if over { throw .overflow }
        return Quantity(rawValue: difference)
    }

    /// The largest multiple of `lot` that is not above this quantity (neither is negative; `lot` is positive).
    @inlinable
    public func floored(to lot: Quantity) -> Quantity {
        precondition(lot.rawValue > 0, "a lot is positive")
        return Quantity(rawValue: rawValue - rawValue % lot.rawValue)
    }
}

extension Quantity: CustomStringConvertible {
    /// Decimal text with no padding.
    public var description: String { FixedPoint.text(rawValue) }
}
