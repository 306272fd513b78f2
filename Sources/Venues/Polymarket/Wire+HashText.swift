import Codec

/// A book hash as the venue prints it: 40 characters, held in place so that keeping one allocates nothing.
struct HashText: Hashable {
    private var words: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)

    /// No hash at all; equal to no text of the venue.
    static let none = HashText()

    private init() {}

    /// A text of 40 bytes; nil for any other length.
    init?(_ text: JSONText) {
        let bytes = text.bytes
        guard bytes.count == 40 else { return nil }
        words = (
            bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: 32, as: UInt64.self)
        )
    }

    var isEmpty: Bool { self == Self.none }

    /// The characters.
    var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3, words.4].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
        }
    }

    /// True when these are the hexadecimal digits of a digest of 20 bytes.
    func isDigest(_ digest: RawSpan) -> Bool {
        func same(_ word: UInt64, _ first: Int) -> Bool {
            var spelled: UInt64 = 0
            for index in 0..<4 {
                let byte = digest.unsafeLoad(fromByteOffset: first + index, as: UInt8.self)
                spelled |= Self.digit(byte >> 4) << UInt64(index * 16) | Self.digit(byte & 15) << UInt64(index * 16 + 8)
            }
            return spelled == word
        }
        return same(words.0, 0) && same(words.1, 4) && same(words.2, 8) && same(words.3, 12) && same(words.4, 16)
    }

    private static func digit(_ value: UInt8) -> UInt64 { UInt64(value < 10 ? 0x30 + value : 0x57 + value) }

    static func == (left: HashText, right: HashText) -> Bool { left.words == right.words }

    func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}
