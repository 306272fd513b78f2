private import COpenSSL

/// A shared secret that authenticates messages: HMAC with SHA-256 (RFC 2104), fed in pieces, without allocation.
///
/// Both padded keys are hashed ahead, and a message starts from a copy of that state. The plain interface of libcrypto,
/// because EVP allocates a context for every copy.
/// - Lane: owned by one lane.
public final class MessageKey {
    private static let block = 64
    private static let size = MemoryLayout<SHA256_CTX>.size

    /// The state behind the inner and behind the outer pad: as good as the key.
    private let states: Secret
    private var context = SHA256_CTX()

    /// Keeps what it needs of `key`.
    public init(_ key: Secret) {
        let states = Secret(capacity: 2 * MemoryLayout<SHA256_CTX>.stride) { states in
            withUnsafeTemporaryAllocation(byteCount: Self.block, alignment: 16) { pad in
                pad.initializeMemory(as: UInt8.self, repeating: 0)
                key.withBytes { key in
                    guard key.count > Self.block else { return pad.copyMemory(from: key) }
                    SHA256(
                        key.baseAddress?.assumingMemoryBound(to: UInt8.self), key.count,
                        pad.baseAddress?.assumingMemoryBound(to: UInt8.self))
                }
                let contexts = states.bindMemory(to: SHA256_CTX.self)
                var fill: UInt8 = 0x36
                for index in contexts.indices {
                    for position in pad.indices { pad[position] ^= fill }
                    SHA256_Init(&contexts[index])
                    SHA256_Update(&contexts[index], pad.baseAddress, pad.count)
                    fill = 0x36 ^ 0x5C  // turns the inner pad into the outer
                }
                OPENSSL_cleanse(pad.baseAddress, pad.count)
            }
            return states.count
        }
        guard let states else { preconditionFailure("the states were written") }
        self.states = states
        start(0)
    }

    deinit { OPENSSL_cleanse(&context, Self.size) }

    /// Feeds bytes.
    public func update(_ bytes: UnsafeRawBufferPointer) { SHA256_Update(&context, bytes.baseAddress, bytes.count) }

    /// Feeds bytes.
    public func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// Feeds bytes.
    public func update(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { update($0) } }

    /// Feeds the UTF-8 bytes of `text`.
    public func update(_ text: String) {
        var text = text
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }

    /// The code of all that was fed; starts again.
    public func finish() -> Bytes32 {
        let inner = end()
        start(1)
        withUnsafeBytes(of: inner) { update($0) }
        let code = end()
        start(0)
        return code
    }

    private func end() -> Bytes32 {
        var code = Bytes32.zero
        withUnsafeMutableBytes(of: &code) {
            let status = SHA256_Final($0.baseAddress?.assumingMemoryBound(to: UInt8.self), &context)
            precondition(status == 1, "SHA-256 takes any bytes")
        }
        return code
    }

    private func start(_ index: Int) {
        context = states.withBytes {
            $0.loadUnaligned(fromByteOffset: index * MemoryLayout<SHA256_CTX>.stride, as: SHA256_CTX.self)
        }
    }
}

extension Bytes32 {
    private static let base64URL: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    /// Appends 44 letters of base64 in the alphabet for URLs, with padding; allocates nothing where `text` has room.
    public func appendBase64URL(to text: inout [UInt8]) {
        let letters = Self.base64URL.utf8Start
        withUnsafeBytes(of: self) { bytes in
            withUnsafeTemporaryAllocation(byteCount: 44, alignment: 1) { target in
                for group in 0..<11 {
                    let start = group * 3
                    let last = group < 10 ? UInt32(bytes[start + 2]) : 0
                    let bits = UInt32(bytes[start]) << 16 | UInt32(bytes[start + 1]) << 8 | last
                    for place in 0..<4 { target[group * 4 + place] = letters[Int(bits >> UInt32(18 - 6 * place) & 63)] }
                }
                target[43] = UInt8(ascii: "=")
                text.append(contentsOf: target)
            }
        }
    }
}
