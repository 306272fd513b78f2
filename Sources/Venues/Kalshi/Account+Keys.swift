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
