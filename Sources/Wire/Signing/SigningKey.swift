import COpenSSL

/// A private key that signs requests: RSA with PSS (SHA-256, MGF1 SHA-256, 32 bytes of salt) or Ed25519.
///
/// The kind is decided by the key itself, not by the PEM's header line.
/// - Source: Kalshi API keys page (October 2026), see `Venues/Kalshi/README.md`.
public final class SigningKey: @unchecked Sendable {
    // Safety: an EVP_PKEY may be used for signing by several threads at once, and the prepared context is only copied
    // from, which changes nothing but atomic reference counts; both are freed in `deinit`.
    private let key: OpaquePointer
    /// The context with all but the message, so that a signature looks nothing up by name.
    private let prepared: OpaquePointer

    /// What kind of key it is.
    public enum Kind: String, Sendable, Hashable {
        /// RSA; `bits` says how long.
        case rsa
        /// Ed25519.
        case ed25519
    }

    /// The kind.
    public let kind: Kind
    /// Length of the modulus; 256 for Ed25519. Above 2,048 an RSA signature takes 17 times as long.
    public let bits: Int

    /// Reads an unencrypted PEM private key, PKCS#1 or PKCS#8.
    ///
    /// - Parameter name: what to call the key in messages, its path.
    /// - Throws: `SigningFault`: `E_AUTH_KEY_ENCRYPTED`, `E_AUTH_KEY_KIND`.
    public init(pem: Secret, name: String) throws(SigningFault) {
        let parsed = pem.withBytes { bytes -> OpaquePointer? in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
            defer { BIO_free(bio) }
            return COpenSSL_read_private_key(bio)
        }
        guard let parsed else {
            let isEncrypted = pem.withBytes { Self.mentionsEncryption($0) }
            ERR_clear_error()
            guard !isEncrypted else {
                throw SigningFault(
                    .encrypted,
                    "\(name) is encrypted; decrypt it into a file of mode 0600: openssl pkey -in '\(name)' -out NEW")
            }
            throw SigningFault(.wrongKind, "\(name) holds no private key in PEM form")
        }
        switch EVP_PKEY_get_base_id(parsed) {
        case EVP_PKEY_RSA: kind = .rsa
        case EVP_PKEY_ED25519: kind = .ed25519
        default:
            EVP_PKEY_free(parsed)
            throw SigningFault(.wrongKind, "\(name) is neither an RSA nor an Ed25519 key")
        }
        bits = Int(EVP_PKEY_get_bits(parsed))
        guard kind == .ed25519 || (2048...8192).contains(bits) else {
            EVP_PKEY_free(parsed)
            throw SigningFault(.wrongKind, "\(name) is an RSA key of \(bits) bits; 2048 are needed")
        }
        key = parsed
        prepared = try Self.prepare(parsed, kind)
    }

    /// Makes a new key, for loopback venues and tests.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`) when the library has no randomness.
    public init(generating kind: Kind) throws(SigningFault) {
        let made: OpaquePointer?
        switch kind {
        case .rsa: made = COpenSSL_generate_rsa(2048)
        case .ed25519:
            let context = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nil)
            defer { EVP_PKEY_CTX_free(context) }
            var generated: OpaquePointer?
            made = EVP_PKEY_keygen_init(context) == 1 && EVP_PKEY_keygen(context, &generated) == 1 ? generated : nil
        }
        guard let made else { throw SigningFault(.refused, "no key could be generated") }
        key = made
        self.kind = kind
        bits = Int(EVP_PKEY_get_bits(made))
        prepared = try Self.prepare(made, kind)
    }

    deinit {
        EVP_MD_CTX_free(prepared)
        EVP_PKEY_free(key)
    }

    /// A context that waits for the message; frees the key too when there is none.
    private static func prepare(_ key: OpaquePointer, _ kind: Kind) throws(SigningFault) -> OpaquePointer {
        let context = EVP_MD_CTX_new()
        var options: OpaquePointer?
        guard let context, EVP_DigestSignInit(context, &options, kind == .rsa ? EVP_sha256() : nil, nil, key) == 1,
            kind == .ed25519 || usePSS(options)
        else {
            EVP_MD_CTX_free(context)
            EVP_PKEY_free(key)
            throw refusal()
        }
        return context
    }

    /// Signs `message`.
    ///
    /// - Returns: 64 bytes for Ed25519, as many as the modulus has for RSA.
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`).
    public func sign(_ message: UnsafeRawBufferPointer) throws(SigningFault) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(key)))
        var length = signature.count
        let text = message.bindMemory(to: UInt8.self)
        guard EVP_MD_CTX_copy_ex(context, prepared) == 1,
            EVP_DigestSign(context, &signature, &length, text.baseAddress, text.count) == 1
        else { throw Self.refusal() }
        signature.removeLast(signature.count - length)
        return signature
    }

    /// Signs the UTF-8 bytes of `message`.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`).
    public func sign(_ message: String) throws(SigningFault) -> [UInt8] {
        let bytes = Array(message.utf8)
        let result: Result<[UInt8], SigningFault> = bytes.withUnsafeBytes { buffer in
            do { return .success(try sign(buffer)) } catch { return .failure(error as? SigningFault ?? Self.refusal()) }
        }
        return try result.get()
    }

    /// The public half, as PEM.
    public var publicPEM: String { Self.pem { PEM_write_bio_PUBKEY($0, key) } }

    /// The private half as unencrypted PKCS#8 PEM: for the key files of loopback venues, never for an operator's key.
    public func exportPrivatePEM() -> String { Self.pem { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) } }

    private static func pem(_ write: (OpaquePointer?) -> Int32) -> String {
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        guard write(bio) == 1 else { return "" }
        var text = [UInt8](repeating: 0, count: BIO_ctrl_pending(bio))
        let count = BIO_read(bio, &text, Int32(clamping: text.count))
        return String(decoding: text.prefix(max(0, Int(count))), as: UTF8.self)
    }

    static func usePSS(_ options: OpaquePointer?) -> Bool {
        EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1
            && EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1
            && EVP_PKEY_CTX_set_rsa_mgf1_md(options, EVP_sha256()) == 1
    }

    private static func refusal() -> SigningFault {
        let code = ERR_get_error()
        ERR_clear_error()
        return SigningFault(.refused, "the library refused to sign (OpenSSL error \(code))")
    }

    private static func mentionsEncryption(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let text = String(decoding: bytes.prefix(512), as: UTF8.self)
        return text.contains("ENCRYPTED")
    }
}

/// A public key that verifies signatures, for loopback venues and tests.
public final class VerifyingKey: @unchecked Sendable {
    // Safety: as `SigningKey`.
    private let key: OpaquePointer
    private let isRSA: Bool

    /// Reads a PEM public key.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_KEY_KIND`).
    public init(pem: String) throws(SigningFault) {
        let bytes = Array(pem.utf8)
        let parsed = bytes.withUnsafeBytes { buffer -> OpaquePointer? in
            guard let bio = BIO_new_mem_buf(buffer.baseAddress, Int32(clamping: buffer.count)) else { return nil }
            defer { BIO_free(bio) }
            return PEM_read_bio_PUBKEY(bio, nil, nil, nil)
        }
        ERR_clear_error()
        guard let parsed else { throw SigningFault(.wrongKind, "no public key in PEM form") }
        key = parsed
        isRSA = EVP_PKEY_get_base_id(parsed) == EVP_PKEY_RSA
    }

    deinit { EVP_PKEY_free(key) }

    /// True when `signature` is this key's over the UTF-8 bytes of `message`.
    public func verifies(_ signature: [UInt8], of message: String) -> Bool {
        let context = EVP_MD_CTX_new()
        defer {
            EVP_MD_CTX_free(context)
            ERR_clear_error()
        }
        var options: OpaquePointer?
        guard EVP_DigestVerifyInit(context, &options, isRSA ? EVP_sha256() : nil, nil, key) == 1,
            !isRSA || SigningKey.usePSS(options)
        else { return false }
        let bytes = Array(message.utf8)
        return EVP_DigestVerify(context, signature, signature.count, bytes, bytes.count) == 1
    }
}
