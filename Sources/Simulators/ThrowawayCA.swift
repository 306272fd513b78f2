import COpenSSL
import Glibc

/// A certificate authority for one run of the loopback venues: nobody trusts it who is not told to.
public struct ThrowawayCA: Sendable {
    /// PEM file of the authority, for `extra_ca_file`.
    public let authority: String
    /// PEM file of the server's certificate, for localhost and 127.0.0.1.
    public let certificate: String
    /// PEM file of its key, mode 0600.
    public let key: String

    /// How a certificate may be wrong, for tests that must see it refused.
    public enum Flaw: String, Sendable, CaseIterable {
        /// Good.
        case none
        /// Ended yesterday.
        case expired
        /// Begins tomorrow.
        case notYetValid
        /// For another host.
        case wrongHost
        /// Signed by an authority that is not the one handed out.
        case unknownAuthority
        /// Signed by itself.
        case selfSigned
        /// For clients only.
        case clientOnly
        /// No name but the common name.
        case noAlternativeName
        /// An RSA key of 1,024 bits.
        case weakKey
    }

    /// The library or the disk refused.
    public struct Fault: Error, Sendable {}

    /// Makes authority, certificate and key in `folder`.
    ///
    /// - Throws: `Fault`.
    public init(folder: String, flaw: Flaw = .none) throws(Fault) {
        authority = folder + "/ca.pem"
        certificate = folder + "/server.pem"
        key = folder + "/server.key"
        // Of a curve: an RSA key takes a tenth of a second, and every scene makes its own.
        let authorityKey = COpenSSL_generate_p256()
        let otherKey = COpenSSL_generate_p256()
        let serverKey = flaw == .weakKey ? COpenSSL_generate_rsa(1024) : COpenSSL_generate_p256()
        defer { for made in [authorityKey, otherKey, serverKey] { EVP_PKEY_free(made) } }
        let day = 86_400
        let root = COpenSSL_certificate(
            authorityKey, nil, authorityKey, "arb loopback venues", -day, 30 * day, nil, nil)
        let other = COpenSSL_certificate(otherKey, nil, otherKey, "somebody else", -day, 30 * day, nil, nil)
        defer { for made in [root, other] { X509_free(made) } }
        let names =
            switch flaw {
            case .wrongHost: "DNS:venue.example"
            default: "DNS:localhost,IP:127.0.0.1"
            }
        let issuer = flaw == .selfSigned ? nil : flaw == .unknownAuthority ? other : root
        let issuerKey = flaw == .selfSigned ? serverKey : flaw == .unknownAuthority ? otherKey : authorityKey
        let leaf = COpenSSL_certificate(
            serverKey, issuer, issuerKey, "localhost", flaw == .notYetValid ? day : -2 * day,
            flaw == .expired ? -day : 30 * day,
            flaw == .noAlternativeName ? nil : names, flaw == .clientOnly ? "clientAuth" : "serverAuth")
        defer { X509_free(leaf) }
        guard let root, let leaf, Self.write(authority, 0o644, { PEM_write_bio_X509($0, root) }),
            Self.write(certificate, 0o644, { PEM_write_bio_X509($0, leaf) }),
            Self.write(key, 0o600, { PEM_write_bio_PrivateKey($0, serverKey, nil, nil, 0, nil, nil) })
        else { throw Fault() }
    }

    private static func write(_ path: String, _ mode: mode_t, _ body: (OpaquePointer?) -> Int32) -> Bool {
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        guard body(bio) == 1 else { return false }
        var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(bio))
        let count = Int(BIO_read(bio, &bytes, Int32(bytes.count)))
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return Glibc.write(descriptor, bytes, count) == count
    }
}
