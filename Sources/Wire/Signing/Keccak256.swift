/// Keccak with 256 bits of result and Ethereum's padding (0x01, not SHA-3's 0x06).
///
/// Values only: nothing is allocated. OpenSSL 3.0 does not have it.
/// - Source: the Keccak reference, version 3.0 (2011); rate 1,088 bits, 24 rounds.
public enum Keccak256 {
    /// Bytes taken in by one permutation.
    private static let rate = 136

    /// The hash of `bytes`.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> Bytes32 {
        var state = State()
        var rest = bytes[...]
        while rest.count >= rate {
            if let start = rest.baseAddress { state.absorb(start) }
            rest = rest.dropFirst(rate)
        }
        return withUnsafeTemporaryAllocation(byteCount: rate, alignment: 8) { block in
            block.initializeMemory(as: UInt8.self, repeating: 0)
            block.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest))
            block[rest.count] = 0x01
            block[rate - 1] |= 0x80
            if let start = block.baseAddress { state.absorb(UnsafeRawPointer(start)) }
            return state.result
        }
    }

    /// The hash of words side by side: the encoding of a struct.
    public static func hash(_ words: [Bytes32]) -> Bytes32 { words.withUnsafeBytes { hash($0) } }

    /// The hash of bytes.
    public static func hash(_ bytes: [UInt8]) -> Bytes32 { bytes.withUnsafeBytes { hash($0) } }

    /// The hash of the UTF-8 bytes of `text`.
    public static func hash(_ text: String) -> Bytes32 {
        var text = text
        return text.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
    }
}

extension UnsafeRawBufferPointer.SubSequence {
    fileprivate var baseAddress: UnsafeRawPointer? { UnsafeRawBufferPointer(rebasing: self).baseAddress }
}

/// Five lanes of 64 bits.
private struct Plane {
    var x0: UInt64 = 0
    var x1: UInt64 = 0
    var x2: UInt64 = 0
    var x3: UInt64 = 0
    var x4: UInt64 = 0

    init() {}

    /// The non-linear step over five lanes.
    @inline(__always)
    init(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64, _ e: UInt64) {
        x0 = a ^ (~b & c)
        x1 = b ^ (~c & d)
        x2 = c ^ (~d & e)
        x3 = d ^ (~e & a)
        x4 = e ^ (~a & b)
    }

    @inline(__always)
    mutating func add(_ source: UnsafeRawPointer) {
        x0 ^= lane(source, 0)
        x1 ^= lane(source, 1)
        x2 ^= lane(source, 2)
        x3 ^= lane(source, 3)
        x4 ^= lane(source, 4)
    }
}

@inline(__always)
private func lane(_ source: UnsafeRawPointer, _ index: Int) -> UInt64 {
    UInt64(littleEndian: source.loadUnaligned(fromByteOffset: index &* 8, as: UInt64.self))
}

@inline(__always)
private func rotate(_ lane: UInt64, _ count: UInt64) -> UInt64 { lane &<< count | lane &>> (64 &- count) }

/// 25 lanes; named fields, so that they live in registers and no index is checked.
private struct State {
    var y0 = Plane()
    var y1 = Plane()
    var y2 = Plane()
    var y3 = Plane()
    var y4 = Plane()

    /// The round constants.
    private static let constants: InlineArray<24, UInt64> = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808A, 0x8000_0000_8000_8000,
        0x0000_0000_0000_808B, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
        0x0000_0000_0000_008A, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000A,
        0x0000_0000_8000_808B, 0x8000_0000_0000_008B, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
        0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800A, 0x8000_0000_8000_000A,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]

    /// The first 32 bytes.
    var result: Bytes32 {
        Bytes32(
            word0: y0.x0.littleEndian, word1: y0.x1.littleEndian, word2: y0.x2.littleEndian, word3: y0.x3.littleEndian)
    }

    /// Takes in 136 bytes and permutes.
    mutating func absorb(_ source: UnsafeRawPointer) {
        var state = self
        state.y0.add(source)
        state.y1.add(source + 40)
        state.y2.add(source + 80)
        state.y3.x0 ^= lane(source, 15)
        state.y3.x1 ^= lane(source, 16)
        let constants = Self.constants
        for round in constants.indices { state.permute(constants[round]) }
        self = state
    }

    @inline(__always)
    private mutating func permute(_ constant: UInt64) {
        let c0 = y0.x0 ^ y1.x0 ^ y2.x0 ^ y3.x0 ^ y4.x0
        let c1 = y0.x1 ^ y1.x1 ^ y2.x1 ^ y3.x1 ^ y4.x1
        let c2 = y0.x2 ^ y1.x2 ^ y2.x2 ^ y3.x2 ^ y4.x2
        let c3 = y0.x3 ^ y1.x3 ^ y2.x3 ^ y3.x3 ^ y4.x3
        let c4 = y0.x4 ^ y1.x4 ^ y2.x4 ^ y3.x4 ^ y4.x4
        let d0 = c4 ^ rotate(c1, 1)
        let d1 = c0 ^ rotate(c2, 1)
        let d2 = c1 ^ rotate(c3, 1)
        let d3 = c2 ^ rotate(c4, 1)
        let d4 = c3 ^ rotate(c0, 1)
        var next = State()
        next.y0 = Plane(
            y0.x0 ^ d0, rotate(y1.x1 ^ d1, 44), rotate(y2.x2 ^ d2, 43), rotate(y3.x3 ^ d3, 21), rotate(y4.x4 ^ d4, 14))
        next.y1 = Plane(
            rotate(y0.x3 ^ d3, 28), rotate(y1.x4 ^ d4, 20), rotate(y2.x0 ^ d0, 3), rotate(y3.x1 ^ d1, 45),
            rotate(y4.x2 ^ d2, 61))
        next.y2 = Plane(
            rotate(y0.x1 ^ d1, 1), rotate(y1.x2 ^ d2, 6), rotate(y2.x3 ^ d3, 25), rotate(y3.x4 ^ d4, 8),
            rotate(y4.x0 ^ d0, 18))
        next.y3 = Plane(
            rotate(y0.x4 ^ d4, 27), rotate(y1.x0 ^ d0, 36), rotate(y2.x1 ^ d1, 10), rotate(y3.x2 ^ d2, 15),
            rotate(y4.x3 ^ d3, 56))
        next.y4 = Plane(
            rotate(y0.x2 ^ d2, 62), rotate(y1.x3 ^ d3, 55), rotate(y2.x4 ^ d4, 39), rotate(y3.x0 ^ d0, 41),
            rotate(y4.x1 ^ d1, 2))
        next.y0.x0 ^= constant
        self = next
    }
}
