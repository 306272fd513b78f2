/// Why a decimal text was refused.
public enum DecimalFault: UInt8, Error, CaseIterable, Sendable {
    /// No digits at all.
    case empty
    /// A byte that does not belong: plus sign, exponent, space, hexadecimal, `NaN`, a dot without digits behind it.
    case malformed
    /// A leading zero before another digit, as in `00.1`.
    case leadingZero
    /// A negative number where only zero or more is allowed.
    case negative
    /// Minus zero.
    case negativeZero
    /// More decimals than the scale holds, and they are not zeros. Never rounded.
    case tooManyDecimals
    /// Does not fit.
    case overflow
    /// The JSON value is neither a string nor a number.
    case notDecimal

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String {
        switch self {
        case .empty: "E_WIRE_DEC_EMPTY"
        case .malformed: "E_WIRE_DEC_FORM"
        case .leadingZero: "E_WIRE_DEC_LEADING_ZERO"
        case .negative: "E_WIRE_DEC_NEGATIVE"
        case .negativeZero: "E_WIRE_DEC_NEGATIVE_ZERO"
        case .tooManyDecimals: "E_WIRE_DEC_DECIMALS"
        case .overflow: "E_WIRE_DEC_OVERFLOW"
        case .notDecimal: "E_WIRE_DEC_KIND"
        }
    }
}

/// What a decimal text may look like besides `12` and `0.5`.
@frozen public struct DecimalForm: OptionSet, Sendable {
    /// The option bits.
    public let rawValue: UInt8

    /// Options from bits.
    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A minus sign; minus zero stays refused.
    @inlinable public static var negative: DecimalForm { DecimalForm(rawValue: 1) }
    /// `.48` for `0.48`, as Polymarket sends some prices.
    @inlinable public static var bareFraction: DecimalForm { DecimalForm(rawValue: 2) }
}
