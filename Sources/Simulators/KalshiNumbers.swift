/// Kalshi's numbers as text: dollars with two to four decimals in, four or six out; counts with up to two in, two out.
///
/// - Source: sheet of the venue's documentation of 2026-10-08, section 3.0.
enum KalshiNumbers {
    /// A price of a request in 1e-4 dollars; nil when the text is none.
    static func price(_ text: String) -> Int? { fixed(text, places: 2...4) }

    /// A count of a request in hundredths; nil when the text is none.
    static func count(_ text: String) -> Int? { fixed(text, places: 0...2) }

    /// Plain decimal text with as many decimals as allowed, scaled to the most of them: no sign, no exponent, no space, no
    /// empty part, at most 15 digits.
    private static func fixed(_ text: String, places: ClosedRange<Int>) -> Int? {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count <= 16 else { return nil }
        var value = 0
        var decimals: Int?
        var digits = 0
        for byte in bytes {
            if byte == UInt8(ascii: ".") {
                guard decimals == nil, digits > 0 else { return nil }
                decimals = 0
                continue
            }
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            digits += 1
            if let known = decimals { decimals = known + 1 }
        }
        guard decimals != 0, places.contains(decimals ?? 0) else { return nil }
        for _ in (decimals ?? 0)..<places.upperBound { value *= 10 }
        return value
    }

    /// `0.4400` of 440 thousandths.
    static func dollars(mills: Int) -> String { SimText.four(mills) }

    /// `4.00` of 400 hundredths.
    static func count(_ hundredths: Int) -> String { SimText.two(hundredths) }

    /// `1.760000` of 1e-6 dollars; signed.
    static func dollars6(_ micros: Int) -> String { decimal(micros, 6) }

    /// `1.7600` of 1e-6 dollars, cut to four decimals towards minus infinity; signed.
    static func dollars4(_ micros: Int) -> String {
        decimal((micros >= 0 ? micros : micros - 99) / 100, 4)
    }

    /// Decimal text with exactly `places` decimals.
    static func decimal(_ units: Int, _ places: Int) -> String {
        var digits = Array(String(units.magnitude).utf8)
        while digits.count <= places { digits.insert(UInt8(ascii: "0"), at: 0) }
        digits.insert(UInt8(ascii: "."), at: digits.count - places)
        if units < 0 { digits.insert(UInt8(ascii: "-"), at: 0) }
        return String(decoding: digits, as: UTF8.self)
    }

    /// Decimal text with trailing zeros gone beyond `least` decimals: `0.01725`.
    static func trimmed(_ units: Int, _ places: Int, least: Int) -> String {
        var text = Substring(decimal(units, places))
        var decimals = places
        while decimals > least, text.last == "0" {
            text = text.dropLast()
            decimals -= 1
        }
        return String(text)
    }
}
