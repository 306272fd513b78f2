import Codec
public import Signing
public import Trading

/// API keys as they were issued: from these every lane makes credentials of its own.
public struct ApiKeys: Sendable {
    /// The key's id, a UUID.
    public let apiKey: String
    /// Base64, as issued.
    let secret: Secret
    let passphrase: Secret

    /// Keys as issued.
    public init(apiKey: String, secret: Secret, passphrase: Secret) {
        self.apiKey = apiKey
        self.secret = secret
        self.passphrase = passphrase
    }

    /// Credentials for one lane.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_CREDENTIALS`).
    public func credentials(of address: EthereumAddress) throws(SigningFault) -> ApiCredentials {
        try ApiCredentials(address: address, apiKey: apiKey, secret: secret, passphrase: passphrase)
    }
}

/// Who trades: the key that signs, the wallet that pays, and the API keys.
public struct TradingAccount: Sendable {
    /// Signs.
    public let key: WalletKey
    /// Pays.
    public let wallet: Wallet
    /// Authenticate requests.
    public let keys: ApiKeys

    /// An account.
    public init(key: WalletKey, wallet: Wallet, keys: ApiKeys) {
        self.key = key
        self.wallet = wallet
        self.keys = keys
    }

    /// The key and the wallet of a configuration; API keys are asked for with them (`ApiKeyDesk`).
    ///
    /// - Parameters:
    ///   - keyFile: the private key, a file of mode 0600.
    ///   - funder: the wallet that pays; nil where the key's own account does.
    ///   - signatureType: 0 account, 1 proxy, 2 safe, 3 deposit wallet.
    /// - Throws: `SigningFault`: `E_AUTH_KEY_…`, `E_AUTH_ADDRESS`, `E_AUTH_FUNDER`.
    public static func load(
        keyFile: String, funder: String?, signatureType: UInt8
    ) throws(SigningFault) -> (key: WalletKey, wallet: Wallet) {
        let key = try WalletKey(hex: KeyFile.load(keyFile), name: keyFile)
        guard let kind = Wallet.Kind(rawValue: signatureType) else {
            throw SigningFault(.funder, "signature type \(signatureType) is not 0, 1, 2 or 3")
        }
        guard let funder else {
            guard kind == .account else {
                throw SigningFault(.funder, "signature type \(signatureType) needs the address of its wallet (funder)")
            }
            return (key, try Wallet(.account, address: key.address, owner: key.address))
        }
        return (key, try Wallet(kind, address: EthereumAddress(funder), owner: key.address))
    }
}

/// Asks the venue for the API keys of a wallet: derives those that there are, makes them where there are none.
///
/// They are kept in memory alone: the same wallet and nonce have the same keys, so nothing is gained by a file.
public struct ApiKeyDesk: Sendable {
    private let base: String
    private let channel: any AccountChannel
    private let userAgent: String

    /// Asks at `base` (`https://…`, without a slash at its end).
    public init(base: String, channel: any AccountChannel, userAgent: String) {
        self.base = base
        self.channel = channel
        self.userAgent = userAgent
    }

    /// The API keys of `key` under `nonce`.
    ///
    /// - Throws: `AccountFault`: `E_NET_…` where nobody answers, `E_AUTH_API_KEYS` where the venue refuses,
    ///   `E_WIRE_…` where its answer cannot be read.
    public func keys(
        of key: WalletKey, nonce: UInt64 = 0, at now: UTCNanos
    ) async throws(AccountFault) -> ApiKeys {
        let derived = try await ask("GET", "/auth/derive-api-key", key, nonce, now)
        if let keys = try read(derived, "/auth/derive-api-key") { return keys }
        let made = try await ask("POST", "/auth/api-key", key, nonce, now)
        if let keys = try read(made, "/auth/api-key") { return keys }
        throw AccountFault(
            code: "E_AUTH_API_KEYS",
            text: "the venue neither derives nor makes API keys for \(key.address): \(words(made))", status: made.status
        )
    }

    private func ask(
        _ method: String, _ path: String, _ key: WalletKey, _ nonce: UInt64, _ now: UTCNanos
    ) async throws(AccountFault) -> RestAnswer {
        let login: [(name: String, value: String)]
        do throws(SigningFault) { login = try Auth.loginHeaders(key: key, nonce: nonce, at: now) } catch {
            throw AccountFault(code: error.code, text: error.text)
        }
        let request = AccountRequest(
            method: method, url: base + path,
            headers: login + [("User-Agent", userAgent), ("Accept", "application/json")])
        let answer = await channel.perform(request)
        if let fault = answer.fault { throw AccountFault(code: faultCode(fault), text: "\(path): \(fault)") }
        return answer
    }

    /// Nil where there are no keys under this nonce, or they exist already: the other call is tried.
    private func read(_ answer: RestAnswer, _ path: String) throws(AccountFault) -> ApiKeys? {
        if answer.status == 400 || answer.status == 404 { return nil }
        guard answer.status == 200 || answer.status == 201 else {
            throw AccountFault(
                code: answer.status >= 500 || answer.status == 429 ? "E_NET_STATUS" : "E_AUTH_API_KEYS",
                text: "\(path): status \(answer.status) \(words(answer))", status: answer.status)
        }
        let reader = JSONReader(limits: .webSocket)
        return try withExtendedLifetime(reader) { () throws(AccountFault) -> ApiKeys in
            do throws(WireFault) {
                let root: JSONValue
                do throws(JSONFault) { root = try reader.read(answer.body) } catch {
                    throw WireFault(.json(error), "api-key")
                }
                let keys = try Wire.apiKeys(root)
                return ApiKeys(apiKey: keys.apiKey, secret: keys.secret, passphrase: keys.passphrase)
            } catch {
                throw AccountFault(
                    code: error.code, text: "\(path): \(error.field) cannot be read", status: answer.status)
            }
        }
    }

    private func words(_ answer: RestAnswer) -> String {
        let reader = JSONReader(limits: .webSocket)
        return withExtendedLifetime(reader) {
            (try? reader.read(answer.body)).flatMap { try? Wire.errorAnswer($0) }?.text ?? "no reason given"
        }
    }
}

/// The stable code at the start of a channel's fault, `E_NET_CLOSED: …`; the general one where it has none.
func faultCode(_ fault: String) -> String {
    let code = fault.prefix { $0 == "_" || ("A"..."Z").contains($0) || ("0"..."9").contains($0) }
    return code.hasPrefix("E_") ? String(code) : "E_NET_CLOSED"
}
