internal import Codec
internal import Signing

/// Who may come in: signatures, clocks, scopes, and token buckets.
///
/// - Source: sheet of the venue's documentation of 2026-10-08, sections 2 and 7.
struct KalshiGate {
    /// A key that the venue knows.
    struct Holder {
        let id: String
        let account: String
        let scopes: Set<String>
        let key: VerifyingKey
        var isRevoked = false
    }

    /// Tokens of one kind.
    struct Bucket {
        let rate: Int
        let capacity: Int
        private var tokens: Int
        private var at: Int64 = 0

        init(rate: Int, capacity: Int) {
            self.rate = rate
            self.capacity = capacity
            tokens = capacity * 1_000_000
        }

        private mutating func fill(_ now: Int64) {
            let elapsed = min(max(0, now - at), 3_600_000_000_000) / 1_000
            at = now
            tokens = min(capacity * 1_000_000, tokens + Int(elapsed) * rate)
        }

        /// Whether there are so many tokens.
        mutating func has(_ cost: Int, _ now: Int64) -> Bool {
            fill(now)
            return tokens >= cost * 1_000_000
        }

        mutating func take(_ cost: Int) { tokens -= cost * 1_000_000 }
    }

    var holders: [String: Holder] = [:]
    /// Stamps that are farther off are refused. Unit: ms.
    let skewMax: Int64
    private var read: Bucket
    private var write: [Int: Bucket]

    init(_ settings: KalshiTradingSettings) {
        precondition((10_000..<30_000).contains(settings.skewMaxMilliseconds), "10 s are good and 30 s are not")
        skewMax = settings.skewMaxMilliseconds
        for key in settings.keys {
            guard let verifier = try? VerifyingKey(pem: key.publicPEM) else { continue }
            holders[key.id] = Holder(id: key.id, account: key.account, scopes: key.scopes, key: verifier)
        }
        let limits = settings.limits
        read = Bucket(rate: limits.read, capacity: limits.readCapacity)
        write = [:]
        for shard in 0..<4 { write[shard] = Bucket(rate: limits.write, capacity: limits.writeCapacity) }
    }

    /// The account of whoever signed this.
    ///
    /// - Parameters:
    ///   - path: from the root, without query.
    ///   - now: the venue's clock in ms since 1970.
    func holder(
        _ method: String, _ path: String, _ headers: [String: String], now: Int64
    ) throws(KalshiRefusal) -> Holder {
        guard let signature = headers["kalshi-access-signature"], !signature.isEmpty else {
            throw .nested(401, "signature_is_missing_from_headers")
        }
        guard let holder = holders[headers["kalshi-access-key"] ?? ""], !holder.isRevoked else {
            throw .nested(401, "authentication_error", details: "NOT_FOUND")
        }
        let stamp = headers["kalshi-access-timestamp"] ?? ""
        guard stamp.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let milliseconds = Int64(stamp),
            abs(milliseconds - now) <= skewMax
        else { throw .nested(401, "header_timestamp_expired") }
        guard let bytes = Base64.decode(signature), holder.key.verifies(bytes, of: stamp + method + path) else {
            throw .nested(401, "authentication_error", details: "INCORRECT_API_KEY_SIGNATURE")
        }
        return holder
    }

    /// What a write is billed on.
    enum Lane {
        case read
        /// Shard 0, batches, and what names no market.
        case unscoped
        /// A shard by its number.
        case shard(Int)
        /// Routed by the venue: every shard's bucket.
        case all
    }

    /// Takes tokens, or refuses.
    mutating func bill(_ cost: Int, _ lane: Lane, now: Int64) throws(KalshiRefusal) {
        let tooMany = KalshiRefusal.words(429, "too many requests")
        let shards: [Int]
        switch lane {
        case .read:
            guard read.has(cost, now) else { throw tooMany }
            return read.take(cost)
        case .unscoped: shards = [0]
        case .shard(let shard): shards = [shard]
        case .all: shards = Array(write.keys)
        }
        for shard in shards where write[shard]?.has(cost, now) != true { throw tooMany }
        for shard in shards { write[shard]?.take(cost) }
    }
}
