private import COpenSSL

/// SHA-1 of texts, one after the other, without allocating: a checksum that a venue prints, nothing that is trusted.
///
/// The plain interface of libcrypto, because EVP allocates a context for every hash.
/// - Lane: one owner; not Sendable.
public final class SHA1 {
    private var context = SHA_CTX()

    /// A hasher.
    public init() {}

    /// Writes the hash of `bytes` into `buffer`, at least 20 bytes.
    public func hash(_ bytes: UnsafeRawBufferPointer, into buffer: UnsafeMutableRawBufferPointer) {
        precondition(buffer.count >= 20, "the buffer holds the hash")
        let isDone =
            SHA1_Init(&context) == 1 && SHA1_Update(&context, bytes.baseAddress, bytes.count) == 1
            && SHA1_Final(buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), &context) == 1
        precondition(isDone, "SHA-1 takes any bytes")
    }
}
