/// 32 bytes: a hash, or a number of 256 bits in big-endian order, which is also one word of ABI encoding.
public struct Bytes32: Hashable, Sendable {
    // In memory order, so that an array of these is the encoding itself.
    var word0: UInt64
    var word1: UInt64
    var word2: UInt64
    var word3: UInt64

    /// Nothing but zero bits.
    public static let zero = Bytes32(0)

    /// A number.
    public init(_ number: UInt64) {
        word0 = 0
        word1 = 0
        word2 = 0
        word3 = number.bigEndian
    }

    init(word0: UInt64, word1: UInt64, word2: UInt64, word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// The first 32 bytes of `source`.
    init(loading source: UnsafeRawPointer) { self = source.loadUnaligned(as: Bytes32.self) }

    /// Exactly 32 bytes.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var value = Bytes32.zero
        withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: bytes) }
        self = value
    }

    /// `0x` and 64 hexadecimal letters of either case.
    public init?(hex text: some StringProtocol) {
        guard text.utf8.count == 66, text.hasPrefix("0x") else { return nil }
        self.init(hexLetters: text.utf8.dropFirst(2))
    }

    /// An even number of letters, at most 64, without prefix; short ones are padded with zeros on the left.
    init?(hexLetters letters: some Collection<UInt8>) {
        guard letters.count <= 64, letters.count.isMultiple(of: 2) else { return nil }
        var value = Bytes32.zero
        var isGood = true
        withUnsafeMutableBytes(of: &value) { bytes in
            var index = 64 - letters.count
            for letter in letters {
                guard let nibble = HexLetter.value(letter) else {
                    isGood = false
                    return
                }
                bytes[index >> 1] = bytes[index >> 1] << 4 | nibble
                index += 1
            }
        }
        guard isGood else { return nil }
        self = value
    }

    /// A decimal number below 2^256 without sign, separators or leading zeros.
    public init?(decimal text: some StringProtocol) {
        let digits = text.utf8
        guard let first = digits.first, digits.count <= 78, first != UInt8(ascii: "0") || digits.count == 1 else {
            return nil
        }
        var (low, mid, high, top) = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
        for digit in digits {
            let value = UInt64(digit &- UInt8(ascii: "0"))
            guard value < 10 else { return nil }
            var carry = value
            for keyPath in 0..<4 {
                let limb = keyPath == 0 ? low : keyPath == 1 ? mid : keyPath == 2 ? high : top
                let product = limb.multipliedFullWidth(by: 10)
                let (sum, overflow) = product.low.addingReportingOverflow(carry)
                carry = product.high + (overflow ? 1 : 0)  // the product's upper half is below 10
                switch keyPath {
                case 0: low = sum
                case 1: mid = sum
                case 2: high = sum
                default: top = sum
                }
            }
            guard carry == 0 else { return nil }
        }
        self.init(word0: top.bigEndian, word1: high.bigEndian, word2: mid.bigEndian, word3: low.bigEndian)
    }

    /// The bytes, first to last.
    public var bytes: [UInt8] { withUnsafeBytes(of: self) { Array($0) } }

    /// As four words in memory order.
    public var words: (UInt64, UInt64, UInt64, UInt64) { (word0, word1, word2, word3) }

    /// `0x` and 64 lower-case letters.
    public var hex: String {
        String(unsafeUninitializedCapacity: 66) { text in
            text[0] = UInt8(ascii: "0")
            text[1] = UInt8(ascii: "x")
            let letters = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(text)[2...])
            withUnsafeBytes(of: self) { HexLetter.write($0, to: letters) }
            return 66
        }
    }

    /// Appends 64 lower-case letters, without prefix; allocates nothing where `text` has room.
    public func appendHex(to text: inout [UInt8]) {
        withUnsafeBytes(of: self) { HexLetter.append($0, to: &text) }
    }

    /// True where this, as a number, is below `other`.
    func isBelow(_ other: Bytes32) -> Bool {
        if word0 != other.word0 { return word0.bigEndian < other.word0.bigEndian }
        if word1 != other.word1 { return word1.bigEndian < other.word1.bigEndian }
        if word2 != other.word2 { return word2.bigEndian < other.word2.bigEndian }
        return word3.bigEndian < other.word3.bigEndian
    }
}

extension Bytes32: CustomStringConvertible {
    /// As `hex`.
    public var description: String { hex }
}

/// Hexadecimal letters.
enum HexLetter {
    /// 256 pairs of letters, in memory order.
    private static let pairs: [UInt16] = (0..<256).map { byte in
        let letters = Array("0123456789abcdef".utf8)
        return (UInt16(letters[byte >> 4]) | UInt16(letters[byte & 15]) << 8).littleEndian
    }

    /// The value of one letter of either case.
    static func value(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): letter - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): letter - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Writes two lower-case letters a byte.
    static func write(_ bytes: UnsafeRawBufferPointer, to text: UnsafeMutableRawBufferPointer) {
        pairs.withUnsafeBufferPointer { pairs in
            for index in bytes.indices {
                text.storeBytes(of: pairs[Int(bytes[index])], toByteOffset: 2 * index, as: UInt16.self)
            }
        }
    }

    /// Appends two lower-case letters a byte.
    static func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        pairs.withUnsafeBufferPointer { pairs in
            withUnsafeTemporaryAllocation(of: UInt16.self, capacity: bytes.count) { letters in
                for index in bytes.indices { letters[index] = pairs[Int(bytes[index])] }
                text.append(contentsOf: UnsafeRawBufferPointer(letters))
            }
        }
    }
}
