import Codec
import Signing
import Trading

// Pages, balances, positions, and the venue's small answers.
extension Wire {
    /// The cursor behind the last page.
    static let endCursor = "LTE="

    /// Where the page's elements are, and where it goes on; nil at the end.
    static func page(_ root: JSONValue) throws(WireFault) -> (data: JSONValue, next: String?) {
        try object(root, "page")
        guard let data = root["data"], data.kind == .array else { throw WireFault(.missing, "data") }
        guard let cursor = try text(root["next_cursor"], "next_cursor") else {
            throw WireFault(.missing, "next_cursor")
        }
        return (data, cursor == endCursor || cursor.isEmpty ? nil : cursor)
    }

    /// What the wallet has of one asset, and what the exchanges may take of it.
    struct BalanceAllowance: Hashable, Sendable {
        /// 1e-6 of a pUSD or a share.
        var balance = BaseUnits(rawValue: 0)
        /// Decimal digits of 1e-6 by spender; one under the empty name in the older form.
        var allowances: [String: String] = [:]

        /// True when `spender` may take `amount`; the older form speaks for every spender.
        func covers(_ amount: BaseUnits, spender: String) -> Bool {
            let found = allowances.first { $0.key.lowercased() == spender.lowercased() }?.value ?? allowances[""]
            return found.map { Wire.isAtLeast($0, amount.rawValue) } ?? false
        }
    }

    static func balanceAllowance(_ root: JSONValue) throws(WireFault) -> BalanceAllowance {
        try object(root, "balance-allowance")
        var answer = BalanceAllowance()
        let text = try needed(root["balance"], "balance")
        let units = try size(text, .fixed)
        answer.balance = BaseUnits(rawValue: UInt64(units) / 100)  // `size` refuses negative numbers
        if let allowances = root["allowances"], !allowances.isNull {
            try object(allowances, "allowances")
            for (spender, value) in allowances.members {
                guard let digits = value.decimalText?.string, isNumber(digits) else {
                    throw WireFault(.field, "allowances")
                }
                answer.allowances[spender.string] = digits
            }
        } else if let digits = try Self.text(root["allowance"], "allowance") {
            guard isNumber(digits) else { throw WireFault(.field, "allowance") }
            answer.allowances[""] = digits
        } else {
            throw WireFault(.missing, "allowances")
        }
        return answer
    }

    /// Digits and nothing else, of a number of at most 256 bits.
    static func isNumber(_ digits: String) -> Bool {
        (1...78).contains(digits.utf8.count) && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Compares a number of up to 256 bits; `digits` are decimal.
    fileprivate static func isAtLeast(_ digits: String, _ amount: UInt64) -> Bool {
        let bare = digits.drop { $0 == "0" }
        return bare.utf8.count > 19 ? true : (UInt64(bare) ?? 0) >= amount
    }

    /// A token that the wallet holds, as the chain's index has it.
    struct HeldToken: Hashable, Sendable {
        var wallet: String
        var token: String
        var condition: String
        var quantity: Quantity
        var outcome: String
        /// 0 or 1: the market's first or second outcome; nil where it is not told.
        var outcomeIndex: Int?
        /// What a share is worth, by the index; nil where it is not told as a price.
        var price: Price?
    }

    /// Positions, and the cursor of the next page; nil at the end.
    static func positions(_ root: JSONValue) throws(WireFault) -> (tokens: [HeldToken], next: String?) {
        try object(root, "positions")
        guard let data = root["data"], data.kind == .array else { throw WireFault(.missing, "data") }
        var tokens: [HeldToken] = []
        for element in data.elements {
            try object(element, "position")
            let size = try needed(element["current_size"], "current_size")
            tokens.append(
                HeldToken(
                    wallet: try text(element["proxy_wallet"], "proxy_wallet") ?? "",
                    token: try needed(element["token_id"], "token_id"),
                    condition: try needed(element["condition_id"], "condition_id"), quantity: try cut(size),
                    outcome: try text(element["outcome"], "outcome") ?? "",
                    outcomeIndex: element["outcome_index"]?.decimalText?.integer.flatMap { Int(exactly: $0) },
                    price: element["current_price"]?.decimalText.flatMap { try? decimal($0, "current_price") }
                        .flatMap { Price(rawValue: $0) }))
        }
        guard let pages = root["pagination"], let hasMore = pages["has_more"]?.bool else {
            throw WireFault(.missing, "pagination")
        }
        guard hasMore else { return (tokens, nil) }
        let next = try needed(pages["next_cursor"], "next_cursor")
        guard !next.isEmpty else { throw WireFault(.field, "next_cursor") }
        return (tokens, next)
    }

    /// A size whose tail beyond eight decimals is cut: the index computes in binary, and it is a witness, never a source.
    private static func cut(_ text: String) throws(WireFault) -> Quantity {
        Quantity(rawValue: try size(withoutTail(text), .human))
    }

    // MARK: Small answers

    /// The answer to a heartbeat: the id that the next one carries. Empty where the venue only says that it is well.
    static func heartbeat(_ root: JSONValue) throws(WireFault) -> String {
        try object(root, "heartbeat")
        if let id = try text(root["heartbeat_id"], "heartbeat_id") { return id }
        guard try text(root["status"], "status") == "ok" else { throw WireFault(.missing, "heartbeat_id") }
        return ""
    }

    /// The order book's generation.
    static func version(_ root: JSONValue) throws(WireFault) -> Int64 {
        try object(root, "version")
        guard let version = root["version"]?.decimalText?.integer else { throw WireFault(.missing, "version") }
        return version
    }

    /// The venue's clock: a bare number of seconds.
    static func time(_ root: JSONValue) throws(WireFault) -> UTCNanos {
        guard let instant = moment(root) else { throw WireFault(.field, "time") }
        return instant
    }

    /// True where the account may only close.
    static func closedOnly(_ root: JSONValue) throws(WireFault) -> Bool {
        try object(root, "closed-only")
        guard let flag = root["closed_only"]?.bool else { throw WireFault(.missing, "closed_only") }
        return flag
    }

    /// What the venue's probe thinks of our address: a hint, the answer to an order decides.
    struct Geoblock: Hashable, Sendable {
        var isBlocked: Bool
        var country: String
        var region: String
    }

    static func geoblock(_ root: JSONValue) throws(WireFault) -> Geoblock {
        try object(root, "geoblock")
        guard let isBlocked = root["blocked"]?.bool else { throw WireFault(.missing, "blocked") }
        return Geoblock(
            isBlocked: isBlocked, country: try text(root["country"], "country") ?? "",
            region: try text(root["region"], "region") ?? "")
    }

    /// API keys as the venue issues them; the secret parts go from the reader's buffer into secrets at once.
    static func apiKeys(_ root: JSONValue) throws(WireFault) -> (apiKey: String, secret: Secret, passphrase: Secret) {
        try object(root, "api-key")
        guard let secret = root["secret"]?.text, let passphrase = root["passphrase"]?.text else {
            throw WireFault(.missing, "secret")
        }
        return (try needed(root["apiKey"], "apiKey"), Secret(secret.bytes), Secret(passphrase.bytes))
    }
}
