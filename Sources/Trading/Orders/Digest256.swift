/// A SHA-256: 32 bytes held in place, so that what carries one allocates nothing for it.
@frozen
public struct Digest256: BitwiseCopyable, Hashable, Sendable, CustomStringConvertible {
    // In memory order: the bytes of this value are those of the hash.
    private var word0: UInt64
    private var word1: UInt64
    private var word2: UInt64
    private var word3: UInt64

    /// Nothing but zero bits: of orders that have no body.
    public static var zero: Digest256 { Digest256(word0: 0, word1: 0, word2: 0, word3: 0) }

    private init(word0: UInt64, word1: UInt64, word2: UInt64, word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// What `write` puts into the 32 bytes that it is given; zeros before.
    @inline(__always)
    public init(_ write: (UnsafeMutableRawBufferPointer) -> Void) {
        self = .zero
        withUnsafeMutableBytes(of: &self) { write($0) }
    }

    /// The first 32 bytes of `source`.
    @inline(__always)
    public init(loading source: UnsafeRawPointer) { self = source.loadUnaligned(as: Digest256.self) }

    /// Exactly 32 bytes.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.init { $0.copyBytes(from: bytes) }
    }

    /// The bytes, first to last.
    public var bytes: [UInt8] { Swift.withUnsafeBytes(of: self) { Array($0) } }

    /// 64 lower-case letters.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
