/// Arithmetic on amounts failed. Nothing was computed; no value is a stand-in for the failure.
public enum AmountError: Error, Hashable, Sendable {
    /// The exact result does not fit 64 bits of 1e-8 units.
    case overflow
    /// The text is not a plain decimal number with at most eight decimals.
    case notDecimal

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String {
        switch self {
        case .overflow: "E_AMT_OVERFLOW"
        case .notDecimal: "E_AMT_NOT_DECIMAL"
        }
    }
}

/// Who bears the last unit when an exact result falls between two units.
public enum Rounding: Sendable {
    /// Costs go up, proceeds go down.
    case againstUs
    /// Costs go down, proceeds go up: for what a venue promises to do, never for an estimate of ours.
    case inOurFavour
}

/// The one scale of the house: prices, quantities and money count units of 1e-8.
public enum FixedPoint {
    /// Units in one dollar, contract or coin.
    @inlinable public static var one: Int64 { 100_000_000 }

    /// Reads plain decimal text (`-12.5`, `0.0049`) into 1e-8 units.
    ///
    /// For people's text (configuration, pair files, tests); venue bytes go through `Codec.DecimalText`.
    /// - Throws: `AmountError.notDecimal` for anything but digits, one point and a leading minus, or more than eight
    ///   decimals; `AmountError.overflow`.
    public static func parse(_ text: some StringProtocol) throws(AmountError) -> Int64 {
        var bytes = text.utf8.makeIterator()
        var next = bytes.next()
        let negative = next == UInt8(ascii: "-")
        if negative { next = bytes.next() }
        var units: Int64 = 0
        var wholeDigits = 0
        var decimals = -1
        while let byte = next {
            if byte == UInt8(ascii: "."), decimals < 0, wholeDigits > 0 {
                decimals = 0
            } else if byte >= 0x30, byte <= 0x39, decimals < 8 {
                if decimals >= 0 { decimals += 1 } else { wholeDigits += 1 }
                units = try appending(byte - 0x30, to: units)
            } else {
                throw .notDecimal
            }
            next = bytes.next()
        }
        guard wholeDigits > 0, decimals != 0 else { throw .notDecimal }
        for _ in 0..<(8 - max(decimals, 0)) { units = try appending(0, to: units) }
        return negative ? -units : units
    }

    private static func appending(_ digit: UInt8, to units: Int64) throws(AmountError) -> Int64 {
        let (shifted, over) = units.multipliedReportingOverflow(by: 10)
        let (sum, carried) = shifted.addingReportingOverflow(Int64(digit))
        if over || carried { throw .overflow }
        return sum
    }

    /// Writes 1e-8 units as decimal text with no trailing zeros but at least `decimals` places.
    public static func text(_ units: Int64, decimals: Int = 0) -> String {
        let magnitude = units.magnitude
        var fraction = String(magnitude % UInt64(one))
        fraction = String(repeating: "0", count: 8 - fraction.utf8.count) + fraction
        while fraction.utf8.count > decimals, fraction.hasSuffix("0") { fraction.removeLast() }
        let whole = String(magnitude / UInt64(one))
        return (units < 0 ? "-" : "") + (fraction.isEmpty ? whole : whole + "." + fraction)
    }

    /// `numerator / one`, rounded to a whole unit: `up` toward plus infinity, otherwise toward minus infinity.
    ///
    /// - Throws: `AmountError.overflow`.
    @inlinable
    public static func divideByOne(_ numerator: Int128, up: Bool) throws(AmountError) -> Int64 {
        let (quotient, rest) = numerator.quotientAndRemainder(dividingBy: 100_000_000)
        var cut = quotient
        if rest > 0, up { cut += 1 }
        if rest < 0, !up { cut -= 1 }
        guard let units = Int64(exactly: cut) else { throw .overflow }
        return units
    }
}
