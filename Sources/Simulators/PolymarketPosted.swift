internal import Codec
internal import Signing

/// An order as it was posted: every field of the right kind, nothing verified yet.
struct PolymarketPosted {
    let salt: UInt64
    let maker: EthereumAddress
    let signer: EthereumAddress
    let token: String
    let tokenWord: Bytes32
    let makerAmount: UInt64
    let takerAmount: UInt64
    let isBuy: Bool
    let expiration: Int64
    let kind: Int
    /// Milliseconds since 1970.
    let timestamp: UInt64
    let metadata: Bytes32
    let builder: Bytes32
    let signature: [UInt8]
    /// The API key that it claims.
    let owner: String
    let life: PolymarketLife
    let isPostOnly: Bool

    private static let orderKeys: Set<String> = [
        "salt", "maker", "signer", "tokenId", "makerAmount", "takerAmount", "side", "expiration", "signatureType",
        "timestamp", "metadata", "builder", "signature",
    ]
    private static let legacyKeys: Set<String> = ["taker", "nonce", "feeRateBps"]
    private static let envelopeKeys: Set<String> = ["order", "owner", "orderType", "deferExec", "postOnly"]

    /// Reads one order.
    ///
    /// - Throws: `PolymarketRefusal` 400: `Invalid order payload`, `Invalid side`, `Invalid token id`,
    ///   `Invalid signature_type`, `order_version_mismatch` for an order of the first generation.
    init(_ json: JSONValue) throws(PolymarketRefusal) {
        let bad = PolymarketRefusal(400, "Invalid order payload")
        guard json.kind == .object, !json.hasDuplicateKeys, let order = json["order"], order.kind == .object,
            !order.hasDuplicateKeys, json.members.allSatisfy({ Self.envelopeKeys.contains($0.key.string) })
        else { throw bad }
        let keys = Set(order.members.map(\.key.string))
        if !keys.isDisjoint(with: Self.legacyKeys) { throw PolymarketRefusal(400, "order_version_mismatch") }
        guard keys == Self.orderKeys else { throw bad }

        // Uniqueness travels as a JSON number: what a double cannot hold would be another salt on the way.
        guard let salt = order["salt"]?.int64, salt >= 0, salt < 1 << 53,
            let maker = Self.address(order["maker"]), let signer = Self.address(order["signer"]),
            let making = Self.amount(order["makerAmount"]), let taking = Self.amount(order["takerAmount"]),
            let expiration = Self.amount(order["expiration"]), let timestamp = Self.amount(order["timestamp"]),
            let metadata = Self.word(order["metadata"]), let builder = Self.word(order["builder"]),
            let text = order["signature"]?.text?.string, let signature = Self.bytes(text)
        else { throw bad }
        guard let kind = order["signatureType"]?.int64, (0...3).contains(kind) else {
            throw PolymarketRefusal(400, "Invalid signature_type")
        }
        guard let token = order["tokenId"]?.text?.string, let word = Bytes32(decimal: token) else {
            throw PolymarketRefusal(400, "Invalid token id")
        }
        guard let side = order["side"]?.text?.string, ["BUY", "SELL"].contains(side) else {
            throw PolymarketRefusal(400, "Invalid side")
        }
        guard let owner = json["owner"]?.text?.string,
            let life = (json["orderType"]?.text?.string).flatMap(PolymarketLife.init),
            json["deferExec"].map({ $0.bool != nil }) ?? true, json["postOnly"].map({ $0.bool != nil }) ?? true
        else { throw bad }
        self.salt = UInt64(salt)
        self.maker = maker
        self.signer = signer
        self.token = token
        tokenWord = word
        makerAmount = making
        takerAmount = taking
        isBuy = side == "BUY"
        self.expiration = Int64(expiration)
        self.kind = Int(kind)
        self.timestamp = timestamp
        self.metadata = metadata
        self.builder = builder
        self.signature = signature
        self.owner = owner
        self.life = life
        isPostOnly = json["postOnly"]?.bool ?? false
    }

    /// `0x` and an even number of letters.
    static func bytes(_ text: String) -> [UInt8]? {
        let letters = Array(text.utf8)
        guard letters.count > 2, letters.count.isMultiple(of: 2), text.hasPrefix("0x") else { return nil }
        var bytes: [UInt8] = []
        for start in stride(from: 2, to: letters.count, by: 2) {
            let pair = String(decoding: letters[start..<start + 2], as: UTF8.self)
            guard !pair.hasPrefix("+"), !pair.hasPrefix("-"), let byte = UInt8(pair, radix: 16) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// Decimal text without sign or leading zeros, far below what arithmetic could not hold.
    private static func amount(_ json: JSONValue?) -> UInt64? {
        guard let text = json?.text?.string, let value = UInt64(text), String(value) == text,
            value <= 1_000_000_000_000_000
        else { return nil }
        return value
    }

    /// With its checksum, as the venue's clients write it.
    private static func address(_ json: JSONValue?) -> EthereumAddress? {
        guard let text = json?.text?.string else { return nil }
        return try? EthereumAddress(text)
    }

    private static func word(_ json: JSONValue?) -> Bytes32? { (json?.text?.string).flatMap { Bytes32(hex: $0) } }
}
