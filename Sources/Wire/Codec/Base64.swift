/// Base64 text and bytes (RFC 4648), both alphabets.
public enum Base64 {
    /// Which letters stand for 62 and 63, and whether padding is written.
    public enum Alphabet: Sendable {
        /// `+` and `/`, padded.
        case standard
        /// `-` and `_`, padded.
        case url
        /// `-` and `_`, without padding.
        case urlUnpadded
    }

    /// Padded or unpadded text of the bytes.
    public static func encode(_ bytes: some Sequence<UInt8>, alphabet: Alphabet = .standard) -> String {
        let bytes = Array(bytes)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for byte in group { bits = bits << 8 | UInt32(byte) }
            bits <<= UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                if index <= group.count {
                    text.append(letter(UInt8(bits >> UInt32(18 - 6 * index) & 63), alphabet))
                } else if alphabet != .urlUnpadded {
                    text.append(UInt8(ascii: "="))
                }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Bytes of a text in either alphabet, but not a mixture; padding may be missing, not wrong.
    ///
    /// `nil` for other letters, whitespace, padding in the wrong place, or stray bits behind the last byte, so that
    /// one value has one text but for its alphabet and padding.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        decode(text, accepting: { value($0, .standard) }) ?? decode(text, accepting: { value($0, .url) })
    }

    /// Bytes of a text in one alphabet: padded for `.standard` and `.url`, unpadded for `.urlUnpadded`.
    public static func decode(_ text: some StringProtocol, alphabet: Alphabet) -> [UInt8]? {
        let hasForm =
            alphabet == .urlUnpadded ? !text.utf8.contains(UInt8(ascii: "=")) : text.utf8.count.isMultiple(of: 4)
        guard hasForm else { return nil }
        return decode(text, accepting: { value($0, alphabet) })
    }

    private static func decode(_ text: some StringProtocol, accepting value: (UInt8) -> UInt8?) -> [UInt8]? {
        var letters = Array(text.utf8)[...]
        var padding = 0
        while letters.last == UInt8(ascii: "="), padding < 2 {
            letters.removeLast()
            padding += 1
        }
        let tail = letters.count % 4
        guard tail != 1, padding == 0 || tail + padding == 4 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(letters.count * 3 / 4)
        var bits: UInt32 = 0
        var held = 0
        for letter in letters {
            guard let six = value(letter) else { return nil }
            bits = bits << 6 | UInt32(six)
            held += 6
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
            }
        }
        return bits & (1 << UInt32(held) - 1) == 0 ? bytes : nil
    }

    private static func letter(_ six: UInt8, _ alphabet: Alphabet) -> UInt8 {
        switch six {
        case 0..<26: UInt8(ascii: "A") + six
        case 26..<52: UInt8(ascii: "a") + six - 26
        case 52..<62: UInt8(ascii: "0") + six - 52
        case 62: UInt8(ascii: alphabet == .standard ? "+" : "-")
        default: UInt8(ascii: alphabet == .standard ? "/" : "_")
        }
    }

    private static func value(_ letter: UInt8, _ alphabet: Alphabet) -> UInt8? {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): letter - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): letter - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): alphabet == .standard ? 62 : nil
        case UInt8(ascii: "/"): alphabet == .standard ? 63 : nil
        case UInt8(ascii: "-"): alphabet == .standard ? nil : 62
        case UInt8(ascii: "_"): alphabet == .standard ? nil : 63
        default: nil
        }
    }
}
