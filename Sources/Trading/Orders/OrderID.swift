/// The venue's name of an order. FIX tag 37. Kalshi: a UUID. Polymarket: the hash of the signed order.
///
/// A hash is kept as its 32 bytes: an order's name is then made, compared and recorded without asking for memory.
public struct OrderID: Hashable, Sendable, CustomStringConvertible {
    private enum Name: Hashable, Sendable {
        /// `0x` and 64 lower-case letters, as words in memory order.
        case hash(UInt64, UInt64, UInt64, UInt64)
        case text(String)
    }

    private let name: Name
    private static let hashLength = 66

    /// The order called `text`.
    public init(_ text: String) { name = Self.hash(text) ?? .text(text) }

    /// The order whose hash is these 32 bytes, as words in memory order.
    public init(hash: (UInt64, UInt64, UInt64, UInt64)) { name = .hash(hash.0, hash.1, hash.2, hash.3) }

    /// As the venue writes it.
    public var text: String {
        if case .text(let text) = name { return text }
        var letters: [UInt8] = []
        letters.reserveCapacity(length)
        forEachByte { letters.append($0) }
        return String(decoding: letters, as: UTF8.self)
    }

    /// The text.
    public var description: String { text }

    /// Bytes of the text.
    public var length: Int {
        switch name {
        case .text(let text): text.utf8.count
        case .hash: Self.hashLength
        }
    }

    /// The bytes of the text, in order; asks for no memory.
    public func forEachByte(_ body: (UInt8) -> Void) {
        switch name {
        case .text(let text): for byte in text.utf8 { body(byte) }
        case .hash(let first, let second, let third, let fourth):
            body(UInt8(ascii: "0"))
            body(UInt8(ascii: "x"))
            Self.letters(first, body)
            Self.letters(second, body)
            Self.letters(third, body)
            Self.letters(fourth, body)
        }
    }

    private static func letters(_ word: UInt64, _ body: (UInt8) -> Void) {
        let digits = UInt64(bigEndian: word)
        for place in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: digits >> UInt64(60 - 4 * place) & 15)  // 4 bits
            body(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    /// Nil for any text that `forEachByte` would not give back letter by letter.
    private static func hash(_ text: String) -> Name? {
        guard text.utf8.count == hashLength else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var place = 0
        for byte in text.utf8 {
            defer { place += 1 }
            if place < 2 {
                guard byte == (place == 0 ? UInt8(ascii: "0") : UInt8(ascii: "x")) else { return nil }
                continue
            }
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            switch (place - 2) / 16 {
            case 0: words.0 = words.0 << 4 | UInt64(digit)
            case 1: words.1 = words.1 << 4 | UInt64(digit)
            case 2: words.2 = words.2 << 4 | UInt64(digit)
            default: words.3 = words.3 << 4 | UInt64(digit)
            }
        }
        return .hash(words.0.bigEndian, words.1.bigEndian, words.2.bigEndian, words.3.bigEndian)
    }
}
