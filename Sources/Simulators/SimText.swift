/// Numbers as the venues print them.
enum SimText {
    /// Thousandths as trimmed decimal text: `0.45`.
    static func trimmed(_ mills: Int) -> String { written { $0.trimmed(mills) } }

    /// Hundredths as trimmed decimal text: `13.5`.
    static func trimmedSize(_ hundredths: Int) -> String { written { $0.trimmedSize(hundredths) } }

    /// Thousandths with four decimals: `0.4500`.
    static func four(_ mills: Int) -> String { written { $0.four(mills) } }

    /// Hundredths with two decimals, signed: `-3.00`.
    static func two(_ hundredths: Int) -> String { written { $0.two(hundredths) } }

    private static func written(_ write: (inout FrameText) -> Void) -> String {
        var text = FrameText()
        write(&text)
        return String(decoding: text.bytes, as: UTF8.self)
    }
}

/// A frame being written: bytes at the end of a buffer, fast enough for tens of thousands of frames a second.
struct FrameText {
    private(set) var bytes: [UInt8] = []

    mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    mutating func add(_ text: StaticString) { text.withUTF8Buffer { bytes.append(contentsOf: $0) } }

    mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func add(_ text: [UInt8]) { bytes.append(contentsOf: text) }

    /// A whole number in decimal.
    mutating func number(_ value: Int) {
        if value < 0 { bytes.append(0x2D) }
        let first = bytes.count
        var left = value.magnitude
        repeat {
            bytes.append(0x30 + UInt8(left % 10))
            left /= 10
        } while left > 0
        bytes[first...].reverse()
    }

    /// A fraction of `digits` places, leading zeros kept, trailing ones as asked; nothing where it is trimmed to zero.
    private mutating func fraction(_ value: Int, digits: Int, isTrimmed: Bool) {
        var (value, digits) = (value, digits)
        while isTrimmed, digits > 0, value % 10 == 0 {
            value /= 10
            digits -= 1
        }
        guard digits > 0 else { return }
        bytes.append(0x2E)
        let first = bytes.count
        for _ in 0..<digits {
            bytes.append(0x30 + UInt8(value % 10))
            value /= 10
        }
        bytes[first...].reverse()
    }

    mutating func trimmed(_ mills: Int) {
        number(mills / 1_000)
        fraction(mills % 1_000, digits: 3, isTrimmed: true)
    }

    mutating func trimmedSize(_ hundredths: Int) {
        number(hundredths / 100)
        fraction(hundredths % 100, digits: 2, isTrimmed: true)
    }

    mutating func four(_ mills: Int) {
        number(mills / 1_000)
        fraction(mills % 1_000 * 10, digits: 4, isTrimmed: false)
    }

    mutating func two(_ hundredths: Int) {
        if hundredths < 0 { bytes.append(0x2D) }
        number(abs(hundredths) / 100)
        fraction(abs(hundredths) % 100, digits: 2, isTrimmed: false)
    }
}
