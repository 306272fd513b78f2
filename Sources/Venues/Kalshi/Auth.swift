import Codec
public import Signing
public import Trading

/// Kalshi's request signature: time, method and path, never the body, so it can be made ahead.
///
/// The signed text is `milliseconds + METHOD + path` without separators; the path starts at the host's root and ends
/// before `?`. RSA keys sign with PSS, SHA-256 and 32 bytes of salt, Ed25519 keys the text itself.
/// - Source: API keys page (October 2026). Stamps within 10 s of the venue's clock were accepted, from 30 s refused:
///   sign with a synchronised clock, and not longer ahead than 8 s.
public struct Auth: Sendable {
    /// A method of the venue's REST interface.
    public enum Method: String, Sendable, Hashable, CaseIterable {
        /// Reads, and the WebSocket upgrade.
        case get = "GET"
        /// Creates.
        case post = "POST"
        /// Changes.
        case put = "PUT"
        /// Cancels.
        case delete = "DELETE"
    }

    let keyID: String
    private let key: SigningKey

    /// Signs with `key`, known to the venue as `keyID`.
    public init(keyID: String, key: SigningKey) {
        self.keyID = keyID
        self.key = key
    }

    /// The three headers of one request.
    ///
    /// - Parameters:
    ///   - url: complete, with scheme and host; what follows `?` or `#` is not signed.
    ///   - now: wall clock; to be within 5 s of the venue's.
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`).
    public func headers(
        _ method: Method, url: String, at now: UTCNanos
    ) throws(SigningFault) -> [(name: String, value: String)] {
        let milliseconds = String(now.rawValue / 1_000_000)
        let signature = try key.sign(Self.message(milliseconds, method, url: url))
        return [
            ("KALSHI-ACCESS-KEY", keyID), ("KALSHI-ACCESS-TIMESTAMP", milliseconds),
            ("KALSHI-ACCESS-SIGNATURE", Base64.encode(signature)),
        ]
    }

    /// The signature of one request as base64 letters.
    ///
    /// - Parameter path: from the host's root, without query.
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`).
    func signature(milliseconds: Int64, _ method: Method, path: String) throws(SigningFault) -> [UInt8] {
        Array(Base64.encode(try key.sign(String(milliseconds) + method.rawValue + path)).utf8)
    }

    /// Where a link of the feed connects, signed for this instant.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`).
    public func linkTarget(url: String, at now: UTCNanos) throws(SigningFault) -> LinkTarget {
        LinkTarget(url: url, headers: try headers(.get, url: url, at: now))
    }

    /// The text that is signed.
    static func message(_ milliseconds: String, _ method: Method, url: String) -> String {
        milliseconds + method.rawValue + path(of: url)
    }

    /// From the first slash behind the host, the third of the URL, to the query.
    static func path(of url: String) -> String {
        var slashes = 0
        let start = url.indices.first { index in
            if url[index] == "/" { slashes += 1 }
            return slashes == 3
        }
        guard let start else { return "/" }
        return String(url[start...].prefix { $0 != "?" && $0 != "#" })
    }
}
