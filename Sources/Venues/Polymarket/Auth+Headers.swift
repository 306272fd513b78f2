public import Signing
public import Trading

extension Auth {
    /// A method of the venue's REST interface.
    public enum Method: String, Sendable, Hashable, CaseIterable {
        /// Reads.
        case get = "GET"
        /// Creates.
        case post = "POST"
        /// Cancels.
        case delete = "DELETE"
    }

    /// The headers by which a wallet proves that it wants API keys: to make them, or to be told them again.
    ///
    /// - Parameters:
    ///   - nonce: which set of keys; the same nonce has the same keys.
    ///   - now: wall clock, signed in seconds.
    /// - Throws: `SigningFault` (`E_AUTH_SIGN`).
    /// - Source: authentication page and official clients, November 2026; vectors reproduced.
    public static func loginHeaders(
        key: WalletKey, nonce: UInt64 = 0, at now: UTCNanos, chainID: UInt64 = Exchange.chainID
    ) throws(SigningFault) -> [(name: String, value: String)] {
        let timestamp = String(now.rawValue / 1_000_000_000)
        let signature = try key.sign(loginDigest(of: key.address, timestamp, nonce: nonce, chainID: chainID))
        return [
            ("POLY_ADDRESS", key.address.checksummed), ("POLY_SIGNATURE", signature.hex),
            ("POLY_TIMESTAMP", timestamp), ("POLY_NONCE", String(nonce)),
        ]
    }

    /// What a wallet signs to be given API keys.
    static func loginDigest(
        of address: EthereumAddress, _ timestamp: String, nonce: UInt64, chainID: UInt64
    ) -> Bytes32 {
        let separator = EIP712.domainSeparator(
            name: "ClobAuthDomain", version: "1", chainID: chainID, verifyingContract: nil)
        let contents = Keccak256.hash([
            Keccak256.hash("ClobAuth(address address,string timestamp,uint256 nonce,string message)"), address.word,
            Keccak256.hash(timestamp), Bytes32(nonce),
            Keccak256.hash("This message attests that I control the given wallet"),
        ])
        return EIP712.digest(separator: separator, structHash: contents)
    }
}

/// The API keys of an account: every trading request is authenticated with them.
///
/// - Lane: owned by one lane.
/// - Source: authentication page and official clients, November 2026; vectors reproduced.
public final class ApiCredentials {
    /// The key's id, a UUID; it stands in every order as its owner.
    public let apiKey: String
    private let address: String
    private let passphrase: Secret
    private let key: MessageKey

    /// Keys as the venue issued them.
    ///
    /// - Parameters:
    ///   - address: the account whose signature the keys were given for, not the wallet that pays.
    ///   - secret: base64, either alphabet.
    /// - Throws: `SigningFault` (`E_AUTH_CREDENTIALS`), which names the part and repeats nothing of it.
    public init(
        address: EthereumAddress, apiKey: String, secret: Secret, passphrase: Secret
    ) throws(SigningFault) {
        try Self.checkKey(apiKey)
        guard let decoded = Secret(base64Of: secret) else {
            throw SigningFault(.credentials, "the API secret is not base64; derive the API keys anew")
        }
        let isClean = passphrase.withBytes { bytes in
            (1...256).contains(bytes.count) && bytes.allSatisfy { (0x21...0x7E).contains($0) }
        }
        guard isClean else {
            throw SigningFault(.credentials, "the API passphrase is empty or holds other than plain letters")
        }
        self.apiKey = apiKey
        self.address = address.checksummed
        self.passphrase = passphrase
        key = MessageKey(decoded)
    }

    /// Refuses a key that could not stand in a header or in JSON as it is.
    static func checkKey(_ text: String) throws(SigningFault) {
        let isClean = text.utf8.allSatisfy { letter in
            switch letter {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isClean, (1...64).contains(text.utf8.count) else {
            throw SigningFault(.credentials, "the API key holds other than letters, digits and dashes, or is too long")
        }
    }

    /// The headers of one request, for paths that are not in a hurry.
    ///
    /// - Parameters:
    ///   - path: from the host's root; what follows `?` is not signed.
    ///   - body: the bytes that are sent, and no others.
    ///   - now: wall clock, signed in seconds.
    public func headers(
        _ method: Auth.Method, path: String, body: [UInt8] = [], at now: UTCNanos
    ) -> [(name: String, value: String)] {
        let timestamp = String(now.rawValue / 1_000_000_000)
        var signature: [UInt8] = []
        code(timestamp, method.rawValue, path, body).appendBase64URL(to: &signature)
        return [
            ("POLY_ADDRESS", address), ("POLY_SIGNATURE", String(decoding: signature, as: UTF8.self)),
            ("POLY_TIMESTAMP", timestamp), ("POLY_API_KEY", apiKey),
            ("POLY_PASSPHRASE", passphrase.withBytes { String(decoding: $0, as: UTF8.self) }),
        ]
    }

    /// Appends the headers as lines of HTTP/1.1, each with its end; allocates nothing where `request` has room.
    public func appendHeaders(
        _ method: Auth.Method, path: String, body: [UInt8], at now: UTCNanos, to request: inout [UInt8]
    ) {
        let seconds = UInt64(max(0, now.rawValue / 1_000_000_000))
        request.append(literal: "POLY_TIMESTAMP: ")
        let start = request.count
        request.append(decimal: seconds)
        key.update(request[start...])
        request.append(literal: "\r\nPOLY_ADDRESS: ")
        request.append(contentsOf: address.utf8)
        request.append(literal: "\r\nPOLY_API_KEY: ")
        request.append(contentsOf: apiKey.utf8)
        request.append(literal: "\r\nPOLY_PASSPHRASE: ")
        passphrase.append(to: &request)
        request.append(literal: "\r\nPOLY_SIGNATURE: ")
        feed(method.rawValue, path, body)
        key.finish().appendBase64URL(to: &request)
        request.append(literal: "\r\n")
    }

    /// The code over time, method, path and body.
    func code(_ timestamp: String, _ method: String, _ path: String, _ body: [UInt8]) -> Bytes32 {
        key.update(timestamp)
        feed(method, path, body)
        return key.finish()
    }

    private func feed(_ method: String, _ path: String, _ body: [UInt8]) {
        key.update(method)
        key.update(path.utf8.contains(UInt8(ascii: "?")) ? String(path.prefix { $0 != "?" }) : path)
        key.update(body)
    }
}
