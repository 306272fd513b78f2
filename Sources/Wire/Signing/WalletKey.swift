private import COpenSSL
private import CSecp256k1

/// The library's context: made once, blinded with fresh randomness, and never changed after.
private enum Library {
    // Safety: written by the initialiser of a global only; a context that is not changed may be used by every thread.
    nonisolated(unsafe) static let context: OpaquePointer = {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { seed in
            guard RAND_priv_bytes(seed.baseAddress, 32) == 1, let context = CSecp256k1_context(seed.baseAddress)
            else { preconditionFailure("libsecp256k1 makes a context and OpenSSL 32 random bytes") }
            OPENSSL_cleanse(seed.baseAddress, 32)
            return context
        }
    }()
}

/// The private key of an Ethereum account.
///
/// Signs hashes on secp256k1 with the nonce of RFC 6979, so one hash has one signature, and with s in the lower half.
/// - Lane: any; nothing changes after it is made.
public final class WalletKey: Sendable {
    private let scalar: Secret
    /// The account.
    public let address: EthereumAddress

    /// Reads the content of a key file: `0x` (or nothing) and 64 hexadecimal letters, perhaps with spaces around.
    ///
    /// - Parameter name: what to call the key in messages, its path.
    /// - Throws: `SigningFault`: `E_AUTH_KEY_HEX`; `E_AUTH_KEY_RANGE` for zero or what is not below the group's order.
    public convenience init(hex text: Secret, name: String) throws(SigningFault) {
        guard let scalar = Secret(hexLettersOf: text), scalar.count == 32 else {
            throw SigningFault(
                .hex, "\(name) is no private key of a wallet; 0x and 64 hexadecimal letters are needed, nothing else")
        }
        try self.init(scalar: scalar, name: name)
    }

    /// Makes a new key, for loopback venues and tests.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`) when the library has no randomness.
    public convenience init(generating: Void = ()) throws(SigningFault) {
        let scalar = Secret(capacity: 32) {
            RAND_priv_bytes($0.baseAddress?.assumingMemoryBound(to: UInt8.self), 32) == 1 ? 32 : nil
        }
        guard let scalar else { throw SigningFault(.refused, "no key could be generated") }
        try self.init(scalar: scalar, name: "the new key")
    }

    private init(scalar: Secret, name: String) throws(SigningFault) {
        let point = scalar.withBytes { key in
            Point { CSecp256k1_public(Library.context, key.baseAddress?.assumingMemoryBound(to: UInt8.self), $0) }
        }
        guard let point else {
            throw SigningFault(.range, "\(name) holds zero or a number that is not below the order of secp256k1")
        }
        self.scalar = scalar
        address = point.address
    }

    /// Signs a hash.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`), which cannot happen with a key that was accepted.
    public func sign(_ digest: Bytes32) throws(SigningFault) -> RecoverableSignature {
        var pair = (Bytes32.zero, Bytes32.zero)
        var parity: Int32 = 0
        let status = scalar.withBytes { key in
            withUnsafeBytes(of: digest) { digest in
                withUnsafeMutableBytes(of: &pair) { pair in
                    CSecp256k1_sign(
                        Library.context, digest.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        key.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        pair.baseAddress?.assumingMemoryBound(to: UInt8.self), &parity)
                }
            }
        }
        guard status == 1 else { throw SigningFault(.refused, "libsecp256k1 refused to sign") }
        return RecoverableSignature(r: pair.0, s: pair.1, v: 27 + UInt8(truncatingIfNeeded: parity))
    }

    /// What of a signature needs no digest, for `NoncePool`; false for fresh bytes that make no nonce.
    func begin(_ fresh: [UInt8], _ begun: inout [UInt8], _ parity: inout Int32) -> Bool {
        scalar.withBytes { key in
            CSecp256k1_begin(
                Library.context, key.baseAddress?.assumingMemoryBound(to: UInt8.self), fresh, &begun, &parity) == 1
        }
    }

    /// The signature that `begun` becomes, which is erased; nil for a digest that no number below the group's order is.
    static func finish(
        _ digest: Bytes32, _ begun: UnsafeMutableRawBufferPointer, _ parity: Int32
    ) -> RecoverableSignature? {
        var pair = (Bytes32.zero, Bytes32.zero)
        var parity = parity
        let status = withUnsafeBytes(of: digest) { digest in
            withUnsafeMutableBytes(of: &pair) { pair in
                CSecp256k1_finish(
                    Library.context, digest.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    begun.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    pair.baseAddress?.assumingMemoryBound(to: UInt8.self), &parity)
            }
        }
        guard status == 1 else { return nil }
        return RecoverableSignature(r: pair.0, s: pair.1, v: 27 + UInt8(truncatingIfNeeded: parity))
    }
}

/// A signature from which the signer's account can be told.
public struct RecoverableSignature: Hashable, Sendable {
    /// Half the order of the group, the greatest s that is accepted: of the two valid values only the lower is.
    private static let lowerHalf = Bytes32(
        word0: UInt64(0x7FFF_FFFF_FFFF_FFFF).bigEndian, word1: UInt64.max,
        word2: UInt64(0x5D57_6E73_57A4_501D).bigEndian, word3: UInt64(0xDFE9_2F46_681B_20A0).bigEndian)

    /// The first number.
    public let r: Bytes32
    /// The second number, at most half the order of the group.
    public let s: Bytes32
    /// 27 or 28: which of two points is the signer's.
    public let v: UInt8

    init(r: Bytes32, s: Bytes32, v: UInt8) {
        self.r = r
        self.s = s
        self.v = v
    }

    /// Reads 65 bytes: r, s, v.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_SIGNATURE`) for another length, another v, or an s in the upper half.
    public init(_ bytes: some Collection<UInt8>) throws(SigningFault) {
        guard bytes.count == 65, let r = Bytes32(bytes.prefix(32)), let s = Bytes32(bytes.dropFirst(32).prefix(32)),
            let v = bytes.dropFirst(64).first, v == 27 || v == 28, !Self.lowerHalf.isBelow(s)
        else {
            throw SigningFault(.signature, "no signature: 65 bytes, s in the lower half and v of 27 or 28 are needed")
        }
        self.init(r: r, s: s, v: v)
    }

    /// r, s, v: 65 bytes.
    public var bytes: [UInt8] { r.bytes + s.bytes + [v] }

    /// Appends 130 lower-case letters, without prefix; allocates nothing where `text` has room.
    public func appendHex(to text: inout [UInt8]) {
        r.appendHex(to: &text)
        s.appendHex(to: &text)
        withUnsafeBytes(of: v) { HexLetter.append($0, to: &text) }
    }

    /// `0x` and 130 letters.
    public var hex: String {
        var text = Array("0x".utf8)
        appendHex(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The account whose signature over `digest` this is; `nil` where it can be nobody's.
    public func signer(of digest: Bytes32) -> EthereumAddress? { point(of: digest)?.address }

    /// True when `address` signed `digest`: recovered, and then verified once more by the plain algorithm.
    public func isValid(for digest: Bytes32, by address: EthereumAddress) -> Bool {
        guard let point = point(of: digest), point.address == address else { return false }
        return withUnsafeBytes(of: (r, s)) { pair in
            withUnsafeBytes(of: digest) { digest in
                withUnsafeBytes(of: point) { point in
                    CSecp256k1_verify(
                        Library.context, digest.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        pair.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        point.baseAddress?.assumingMemoryBound(to: UInt8.self)) == 1
                }
            }
        }
    }

    private func point(of digest: Bytes32) -> Point? {
        withUnsafeBytes(of: (r, s)) { pair in
            withUnsafeBytes(of: digest) { digest in
                Point {
                    CSecp256k1_recover(
                        Library.context, digest.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        pair.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(v) - 27, $0)
                }
            }
        }
    }
}

/// A public key: two coordinates of 32 bytes.
private struct Point {
    private var x = Bytes32.zero
    private var y = Bytes32.zero

    /// The 64 bytes that `write` leaves, when it answers 1.
    init?(_ write: (UnsafeMutablePointer<UInt8>?) -> Int32) {
        let status = withUnsafeMutableBytes(of: &self) { write($0.baseAddress?.assumingMemoryBound(to: UInt8.self)) }
        guard status == 1 else { return nil }
    }

    /// The account of this key.
    var address: EthereumAddress {
        withUnsafeBytes(of: self) { EthereumAddress(lastBytesOf: Keccak256.hash($0)) }
    }
}
