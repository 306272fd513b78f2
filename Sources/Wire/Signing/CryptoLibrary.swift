import COpenSSL

/// The library that does the cryptography.
public enum CryptoLibrary {
    /// As it names itself, such as `OpenSSL 3.0.17 1 Jul 2025`.
    public static var version: String { OpenSSL_version(OPENSSL_VERSION).map { String(cString: $0) } ?? "OpenSSL ?" }
}
