import Codec
public import Trading

extension Account {
    /// What our own key may do, in the venue's words (`read`, `write`, `write::trade` …); nil where the venue does not list
    /// it.
    ///
    /// - Source: API keys page of the venue's documentation, November 2026.
    public func scopes() async throws(AccountFault) -> [String]? {
        let path = "/api_keys"
        let keyID = keyID
        return try read(await get(path, []), path) { root throws(WireFault) in try Wire.scopes(root, of: keyID) }
    }
}

extension Wire {
    /// The scopes of one key out of the list of all.
    static func scopes(_ root: JSONValue, of keyID: String) throws(WireFault) -> [String]? {
        guard let list = root["api_keys"], list.kind == .array, list.count <= 4_096 else {
            throw WireFault(.missing, "api_keys")
        }
        for element in list.elements where try text(element, "api_key_id") == keyID {
            guard let scopes = element["scopes"], scopes.kind == .array, scopes.count <= 64 else {
                throw WireFault(.missing, "scopes")
            }
            var words: [String] = []
            for scope in scopes.elements {
                guard let word = scope.text else { throw WireFault(.field, "scopes") }
                words.append(word.string)
            }
            return words
        }
        return nil
    }
}

extension Account {
    /// The least order of every market: a hundredth of a contract.
    public static let orderQtyMin = Quantity(rawValue: 1_000_000)

    /// Which shards take orders now, from the answer to `/exchange/status`; shard 0 where none is listed.
    ///
    /// - Throws: `AccountFault` (`E_WIRE_KALSHI_FIELD`).
    public static func isTrading(status body: [UInt8]) throws(AccountFault) -> [Int: Bool] {
        let reader = JSONReader(limits: .rest)
        // What is read is looked at in the reader's own memory.
        let read = withExtendedLifetime(reader) { () -> Wire.ExchangeStatus? in
            guard let root = try? reader.read(body) else { return nil }
            return try? Wire.status(root)
        }
        guard let status = read else {
            throw AccountFault(code: "E_WIRE_KALSHI_FIELD", text: "/exchange/status: not as documented")
        }
        guard status.isTrading, !status.shards.isEmpty else {
            return Dictionary(uniqueKeysWithValues: Set(status.shards.keys).union([0]).map { ($0, status.isTrading) })
        }
        return status.shards
    }
}
