/// Decimal text to scaled integers and back, exactly: no floating point, no rounding, one canonical form.
public enum DecimalText {
    /// Enough bytes for any text that `write` makes.
    public static let bytesMax = 32

    /// Reads `12`, `0.5`, `0.4600` into units of 10^-scale.
    ///
    /// - Throws: `DecimalFault` (`E_WIRE_DEC_*`). Decimals beyond the scale are refused unless they are zeros.
    public static func parse(
        _ bytes: UnsafeRawBufferPointer, scale: Int = 8, form: DecimalForm = []
    ) throws(DecimalFault) -> Int64 {
        guard bytes.count > 0, let p = bytes.baseAddress else { throw .empty }
        let end = bytes.count
        let first = p.load(as: UInt8.self) == minus ? 1 : 0
        if first == 1 && !form.contains(.negative) { throw .negative }
        var at = first
        var value: UInt64 = 0
        while at < end {
            let digit = digit(p, at)
            if digit > 9 { break }
            value = value &* 10 &+ UInt64(digit)  // wraps only beyond 19 digits, where `slow` takes over
            at &+= 1
        }
        let wholeDigits = at &- first
        if wholeDigits == 0 {
            guard form.contains(.bareFraction), at < end, p.load(fromByteOffset: at, as: UInt8.self) == dot else {
                throw end == first ? .empty : .malformed
            }
        } else if wholeDigits > 1 && digit(p, first) == 0 {
            throw .leadingZero
        }
        let wholeEnd = at
        var decimals = 0
        if at < end {
            guard p.load(fromByteOffset: at, as: UInt8.self) == dot, at &+ 1 < end else { throw .malformed }
            at &+= 1
            let limit = min(end, at &+ scale)
            while at < limit {
                let digit = digit(p, at)
                if digit > 9 { throw .malformed }
                value = value &* 10 &+ UInt64(digit)
                at &+= 1
            }
            decimals = at &- wholeEnd &- 1
            if at < end { try onlyZeros(p, at, end) }
        }
        guard wholeDigits &+ scale <= 18 else {
            let kept = UnsafeRawBufferPointer(start: p, count: at)
            return try slow(kept, first: first, missing: scale - decimals)
        }
        value = value &* powerOfTen(scale &- decimals)  // at most 18 digits in all
        if first == 1 && value == 0 { throw .negativeZero }
        return first == 1 ? -Int64(value) : Int64(value)
    }

    /// Reads a whole number in canonical text, such as a time stamp in milliseconds.
    ///
    /// - Throws: `DecimalFault` (`E_WIRE_DEC_*`).
    public static func integer(
        _ bytes: UnsafeRawBufferPointer, form: DecimalForm = []
    ) throws(DecimalFault) -> Int64 {
        guard bytes.count > 0, let p = bytes.baseAddress else { throw .empty }
        let first = p.load(as: UInt8.self) == minus ? 1 : 0
        if first == 1 && !form.contains(.negative) { throw .negative }
        guard bytes.count > first else { throw .empty }
        if digit(p, first) == 0 && bytes.count > first &+ 1 {
            throw digit(p, first &+ 1) > 9 ? .malformed : .leadingZero
        }
        var value: Int64 = 0
        for at in first..<bytes.count {
            let digit = digit(p, at)
            if digit > 9 { throw .malformed }
            value = value &* 10 &+ Int64(digit)  // wraps only beyond 18 digits, where `slow` takes over
        }
        guard bytes.count &- first <= 18 else { return try slow(bytes, first: first, missing: 0) }
        if first == 1 && value == 0 { throw .negativeZero }
        return first == 1 ? -value : value
    }

    /// Writes units of 10^-scale as canonical text: no trailing zeros, no dot for a whole number.
    ///
    /// - Returns: Bytes written. The buffer must hold `bytesMax`.
    public static func write(_ units: Int64, scale: Int = 8, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var magnitude = units.magnitude
        var decimals = scale
        while decimals > 0 && magnitude % 10 == 0 {
            magnitude /= 10
            decimals -= 1
        }
        return put(magnitude, decimals: decimals, negative: units < 0, into: buffer)
    }

    /// Writes units of 10^-scale with exactly `decimals` decimals, as in `0.4600`.
    ///
    /// - Returns: Bytes written; `nil` when a digit that is not zero would be lost. The buffer must hold `bytesMax`.
    public static func write(
        _ units: Int64, scale: Int = 8, decimals: Int, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int? {
        precondition((0...scale).contains(decimals), "at most as many decimals as the scale has")
        let (kept, lost) = units.magnitude.quotientAndRemainder(dividingBy: powerOfTen(scale - decimals))
        guard lost == 0 else { return nil }
        return put(kept, decimals: decimals, negative: units < 0, into: buffer)
    }

    /// Canonical text as a string; for cold paths.
    public static func string(_ units: Int64, scale: Int = 8) -> String {
        withUnsafeTemporaryAllocation(byteCount: bytesMax, alignment: 1) { buffer in
            let count = write(units, scale: scale, into: buffer)
            return String(decoding: UnsafeRawBufferPointer(rebasing: buffer[..<count]), as: UTF8.self)
        }
    }
}

extension DecimalText {
    private static let minus = UInt8(ascii: "-")
    private static let dot = UInt8(ascii: ".")

    @inline(__always) private static func digit(_ p: UnsafeRawPointer, _ at: Int) -> UInt8 {
        p.load(fromByteOffset: at, as: UInt8.self) &- 48
    }

    private static func onlyZeros(_ p: UnsafeRawPointer, _ from: Int, _ end: Int) throws(DecimalFault) {
        var lost = false
        for at in from..<end {
            let digit = digit(p, at)
            if digit > 9 { throw .malformed }
            lost = lost || digit != 0
        }
        if lost { throw .tooManyDecimals }
    }

    /// The same digits with every step checked, for texts near or beyond the range. Their form was checked: digits,
    /// and a dot where one may stand.
    private static func slow(
        _ bytes: UnsafeRawBufferPointer, first: Int, missing: Int
    ) throws(DecimalFault) -> Int64 {
        var value: Int64 = 0
        for byte in bytes[first...] where byte != dot {
            value = try appending(Int64(byte &- 48), to: value, negative: first == 1)
        }
        for _ in 0..<missing { value = try appending(0, to: value, negative: first == 1) }
        if first == 1 && value == 0 { throw .negativeZero }
        return value
    }

    private static func appending(_ digit: Int64, to value: Int64, negative: Bool) throws(DecimalFault) -> Int64 {
        let (tenfold, over) = value.multipliedReportingOverflow(by: 10)
        let (sum, out) = tenfold.addingReportingOverflow(negative ? -digit : digit)
        guard !over && !out else { throw .overflow }
        return sum
    }

    /// 10^exponent for 0...18; laid out by the compiler, one load.
    private static let powersOfTen: InlineArray<19, UInt64> = [
        1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
        100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
        10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000,
    ]

    @inline(__always) private static func powerOfTen(_ exponent: Int) -> UInt64 { powersOfTen[exponent] }

    private static func put(
        _ magnitude: UInt64, decimals: Int, negative: Bool, into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        precondition(buffer.count >= bytesMax && decimals < 19, "the buffer holds bytesMax bytes")
        var left = magnitude
        var at = bytesMax
        var written = 0
        while left > 0 || written <= decimals {
            if written == decimals && decimals > 0 {
                at -= 1
                buffer[at] = dot
            }
            let (rest, digit) = left.quotientAndRemainder(dividingBy: 10)
            at -= 1
            buffer[at] = 48 + UInt8(truncatingIfNeeded: digit)
            left = rest
            written += 1
        }
        if negative {
            at -= 1
            buffer[at] = minus
        }
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[at..<bytesMax]))
        return bytesMax - at
    }
}
