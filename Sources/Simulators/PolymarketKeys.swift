internal import Codec
internal import Signing

/// A request with everything that its signature covers.
struct PolymarketCall {
    /// `GET`, `POST`, `DELETE`.
    let method: String
    /// Path with query.
    let target: String
    /// Names in lower case.
    let headers: [String: String]
    let body: [UInt8]

    /// What stands before the question mark.
    var path: String { String(target.prefix { $0 != "?" }) }

    /// The values of a query parameter, percent decoding done.
    func values(_ name: String) -> [String] {
        guard let mark = target.firstIndex(of: "?") else { return [] }
        return target[target.index(after: mark)...].split(separator: "&").compactMap { part in
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, sides[0] == name else { return nil }
            return Self.decoded(sides[1])
        }
    }

    /// The first value of a query parameter; nil where it is absent or empty.
    func value(_ name: String) -> String? { values(name).first.flatMap { $0.isEmpty ? nil : $0 } }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var left = Array(text.utf8)[...]
        while let byte = left.popFirst() {
            guard byte == UInt8(ascii: "%"), left.count >= 2,
                let value = UInt8(String(decoding: left.prefix(2), as: UTF8.self), radix: 16)
            else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                continue
            }
            bytes.append(value)
            left = left.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// API keys of the loopback Polymarket: made for a wallet's signature, asked for with every private call.
///
/// - Source: sheet of the venue's documentation of 2026-11-20, section 2.
struct PolymarketKeys {
    /// One key.
    struct Credentials {
        let key: String
        let secret: String
        let passphrase: String
        /// The account that signed for it.
        let address: EthereumAddress
    }

    private struct Place: Hashable {
        let address: EthereumAddress
        let nonce: UInt64
    }

    /// How far a client's clock may be off. The venue documents none. Unit: s.
    static let skewMax: Int64 = 60
    private static let domain = EIP712.domainSeparator(
        name: "ClobAuthDomain", version: "1", chainID: 137, verifyingContract: nil)
    private static let type = Keccak256.hash(
        "ClobAuth(address address,string timestamp,uint256 nonce,string message)")
    private static let message = Keccak256.hash("This message attests that I control the given wallet")
    private let seed: [UInt8]
    private var byPlace: [Place: Credentials] = [:]
    private(set) var byKey: [String: Credentials] = [:]

    init(seed: UInt64) {
        self.seed = Array("loopback \(seed)".utf8)
    }

    // MARK: Wallet signatures

    /// The account and nonce of a call signed by a wallet.
    private func signer(_ call: PolymarketCall, now seconds: Int64) throws(PolymarketRefusal) -> Place {
        let refusal = PolymarketRefusal(401, "Invalid L1 Request headers")
        guard let text = call.headers["poly_address"], let address = try? EthereumAddress(text),
            let stamp = call.headers["poly_timestamp"], let at = Int64(stamp), String(at) == stamp,
            let nonceText = call.headers["poly_nonce"], let nonce = UInt64(nonceText), String(nonce) == nonceText,
            let signature = PolymarketVerifier.signature(call.headers["poly_signature"] ?? "")
        else { throw refusal }
        guard abs(seconds - at) <= Self.skewMax else { throw refusal }
        let hash = Keccak256.hash([
            Self.type, address.word, Keccak256.hash(stamp), Bytes32(nonce), Self.message,
        ])
        guard signature.signer(of: EIP712.digest(separator: Self.domain, structHash: hash)) == address else {
            throw refusal
        }
        return Place(address: address, nonce: nonce)
    }

    /// Makes a key for a wallet's signature.
    mutating func create(_ call: PolymarketCall, now seconds: Int64) throws(PolymarketRefusal) -> Credentials {
        let place = try signer(call, now: seconds)
        guard byPlace[place] == nil else { throw PolymarketRefusal(400, "Could not create api key") }
        return issue(place)
    }

    /// The key that was made for this account and nonce.
    func derive(_ call: PolymarketCall, now seconds: Int64) throws(PolymarketRefusal) -> Credentials {
        guard let known = byPlace[try signer(call, now: seconds)] else {
            throw PolymarketRefusal(400, "Could not derive api key!")
        }
        return known
    }

    /// A key without a signature, for the configuration of a loopback client.
    mutating func issue(to address: EthereumAddress) -> Credentials {
        let place = Place(address: address, nonce: 0)
        return byPlace[place] ?? issue(place)
    }

    private mutating func issue(_ place: Place) -> Credentials {
        func part(_ name: String) -> Bytes32 {
            Keccak256.hash(seed + Array(name.utf8) + place.address.bytes + Bytes32(place.nonce).bytes)
        }
        let letters = Array(part("key").hex.dropFirst(2))
        let pieces = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(letters[$0]) }
        let made = Credentials(
            key: pieces.joined(separator: "-"), secret: Base64.encode(part("secret").bytes, alphabet: .url),
            passphrase: String(part("passphrase").hex.dropFirst(2)), address: place.address)
        byPlace[place] = made
        byKey[made.key] = made
        return made
    }

    /// Forgets a key.
    mutating func revoke(_ key: String) {
        byKey.removeValue(forKey: key)
        for (place, known) in byPlace where known.key == key { byPlace.removeValue(forKey: place) }
    }

    /// All keys of an account, sorted.
    func keys(of address: EthereumAddress) -> [String] {
        byKey.values.filter { $0.address == address }.map(\.key).sorted()
    }

    // MARK: Codes

    /// Who made a call, by the code over its time, method, path and exact body.
    func caller(_ call: PolymarketCall, now seconds: Int64) throws(PolymarketRefusal) -> Credentials {
        let refusal = PolymarketRefusal(401, "Unauthorized/Invalid api key")
        guard let known = byKey[call.headers["poly_api_key"] ?? ""],
            call.headers["poly_passphrase"] == known.passphrase,
            let address = try? EthereumAddress(call.headers["poly_address"] ?? ""), address == known.address,
            let stamp = call.headers["poly_timestamp"], let at = Int64(stamp), abs(seconds - at) <= Self.skewMax
        else { throw refusal }
        var wanted: [UInt8] = []
        Self.code(known.secret, stamp + call.method + call.path, call.body).appendBase64URL(to: &wanted)
        guard Array((call.headers["poly_signature"] ?? "").utf8) == wanted else { throw refusal }
        return known
    }

    /// The code of a message.
    static func code(_ secret: String, _ head: String, _ body: [UInt8]) -> Bytes32 {
        let raw = Base64.decode(secret) ?? []
        let key = MessageKey(raw.withUnsafeBytes { Secret($0) })
        key.update(head)
        key.update(body)
        return key.finish()
    }

    /// Raw credentials, as the user channel is opened with.
    func owner(key: String, secret: String, passphrase: String) -> Credentials? {
        guard let known = byKey[key], known.secret == secret, known.passphrase == passphrase else { return nil }
        return known
    }
}
