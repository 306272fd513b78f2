/// Strict UTF-8, read in place.
public enum UTF8Text {
    /// True when all bytes are well-formed UTF-8 (no overlong form, no surrogate).
    public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        while at < bytes.count {
            guard let (_, length) = scalar(bytes, at) else { return false }
            at += length
        }
        return true
    }

    /// The scalar that starts at `at` and its length, `nil` when no well-formed sequence does.
    static func scalar(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (scalar: UInt32, length: Int)? {
        let lead = bytes[at]
        if lead < 0x80 { return (UInt32(lead), 1) }
        let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
        guard (0xC2...0xF4).contains(lead), at + length <= bytes.count else { return nil }
        var value = UInt32(lead) & (0x7F >> UInt32(length))
        for next in bytes[(at + 1)..<(at + length)] {
            guard next & 0xC0 == 0x80 else { return nil }
            value = value << 6 | UInt32(next & 0x3F)
        }
        let least: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
        guard value >= least, value <= 0x10FFFF, !(0xD800...0xDFFF).contains(value) else { return nil }
        return (value, length)
    }

    /// True for scalars that act on a terminal or hide or reorder text instead of showing something: controls,
    /// bidirectional marks, zero-width and tag characters, line separators.
    static func isHostile(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0..<0x20, 0x7F...0x9F, 0xAD, 0x061C, 0x180E: true
        case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB: true
        case 0xE0000...0xE007F: true
        default: false
        }
    }
}
