/// Hexadecimal text and bytes.
public enum Hex {
    /// Lower-case text, two letters a byte.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(letter(byte >> 4))
            text.append(letter(byte & 15))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Bytes of a text of either case; `nil` for an odd length or any other letter. A `0x` prefix is refused
    /// unless `prefixed`, and then it is required.
    public static func decode(_ text: some StringProtocol, prefixed: Bool = false) -> [UInt8]? {
        var letters = Array(text.utf8)[...]
        if prefixed {
            guard letters.count >= 2, letters.first == UInt8(ascii: "0"), letters[1] == UInt8(ascii: "x") else {
                return nil
            }
            letters = letters.dropFirst(2)
        }
        guard letters.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(letters.count / 2)
        var high: UInt8?
        for letter in letters {
            guard let value = value(letter) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    /// The letter of 0...15.
    static func letter(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }

    /// The value of one letter.
    static func value(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): letter - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): letter - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
