import COpenSSL
internal import Threading

/// How TLS is spoken: versions, trust, verification. One per trust, shared by all its connections.
///
/// Peers are always verified, chain and host name; there is no way to switch it off. Trust is the system's hashed
/// directory, which is read only when a chain needs it (the bundle takes 19 ms to load). An extra authority is accepted
/// for loopback hosts alone.
public final class TLSContext: @unchecked Sendable {
    // Safety: an SSL_CTX may be used by many threads once set up; it is freed with the object.
    let handle: OpaquePointer

    /// The system's certificate directory.
    public static let systemDirectory = "/etc/ssl/certs"

    /// A client context.
    ///
    /// - Parameter loopbackAuthority: PEM file of an authority for loopback hosts; nil for production.
    /// - Throws: `TransportFault` (`E_TLS_CA_FILE`).
    public init(loopbackAuthority: String? = nil) throws(TransportFault) {
        guard let made = SSL_CTX_new(TLS_client_method()) else {
            throw TransportFault(.tls, "the TLS library could not be set up")
        }
        handle = made
        COpenSSL_min_version(made, TLS1_2_VERSION)
        COpenSSL_set_mode(made)
        COpenSSL_no_renegotiation(made)
        SSL_CTX_set_verify(made, SSL_VERIFY_PEER, nil)
        COpenSSL_no_session_cache(made)
        if let loopbackAuthority {
            guard SSL_CTX_load_verify_file(made, loopbackAuthority) == 1 else {
                ERR_clear_error()
                throw TransportFault(.authority, "\(loopbackAuthority) holds no certificate authority in PEM form")
            }
        } else {
            SSL_CTX_load_verify_dir(made, Self.systemDirectory)
        }
    }

    /// Has the TLS library read its own configuration and find its algorithms, on a thread beside the caller's: the first
    /// context of a process waits for that, a few milliseconds.
    public static func prepare() {
        _ = Worker(name: "tls") {
            if let made = SSL_CTX_new(TLS_client_method()) { SSL_CTX_free(made) }
        }
    }

    deinit { SSL_CTX_free(handle) }
}
