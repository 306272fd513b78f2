import COpenSSL

/// A hash that is fed in pieces and used again and again without allocating.
///
/// - Lane: owned by one lane.
public final class Digest {
    /// Which hash.
    public enum Algorithm: Sendable, Hashable {
        /// 20 bytes; Polymarket's book hash. Not for anything that must resist forgery.
        case sha1
        /// 32 bytes.
        case sha256

        /// Length of the result in bytes.
        public var length: Int { self == .sha1 ? 20 : 32 }
    }

    // Safety: made in init, freed in deinit, used by the owner of this object only.
    private let context: OpaquePointer
    private let method: OpaquePointer
    /// The algorithm.
    public let algorithm: Algorithm

    /// A hash over nothing yet.
    public init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        guard let context = EVP_MD_CTX_new(),
            let method = EVP_MD_fetch(nil, algorithm == .sha1 ? "SHA1" : "SHA256", nil)
        else {
            preconditionFailure("OpenSSL 3 has SHA-1 and SHA-256")
        }
        self.context = context
        self.method = method
        let status = EVP_DigestInit_ex(context, method, nil)
        precondition(status == 1, "a digest can be started")
    }

    deinit {
        EVP_MD_CTX_free(context)
        EVP_MD_free(method)
    }

    /// Forgets what was fed.
    public func reset() {
        // Without naming the method again: the context and its memory stay.
        let status = EVP_DigestInit_ex(context, nil, nil)
        precondition(status == 1, "a digest can be started again")
    }

    /// Feeds bytes.
    public func update(_ bytes: UnsafeRawBufferPointer) {
        let status = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(status == 1, "a started digest takes bytes")
    }

    /// Feeds bytes.
    public func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// Writes the hash of all that was fed into `buffer` (at least `algorithm.length` bytes) and starts again.
    public func finish(into buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count >= algorithm.length, "the buffer holds the hash")
        let status = EVP_DigestFinal_ex(context, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
        precondition(status == 1, "a started digest ends")
        reset()
    }

    /// The hash of all that was fed, in lower-case hex; starts again.
    public func finishHex() -> String {
        var raw = [UInt8](repeating: 0, count: algorithm.length)
        raw.withUnsafeMutableBytes { finish(into: $0) }
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: raw.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The hash of the UTF-8 bytes of `text`, in lower-case hex.
    public static func hex(_ algorithm: Algorithm, _ text: String) -> String {
        let digest = Digest(algorithm)
        digest.update(Array(text.utf8))
        return digest.finishHex()
    }
}
