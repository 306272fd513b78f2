public import Signing

/// All of an order's request body that is the same from one order of a token to the next.
///
/// - Source: `POST /order` of the venue's documentation and of its official clients, November 2026. The order of keys is
///   theirs; the server reads any, but the request's HMAC is over these very bytes.
public struct OrderTemplate: Sendable {
    /// Under which domain the order is signed.
    public let exchange: Exchange
    /// Who pays.
    public let wallet: Wallet
    /// What is traded.
    public let tokenID: TokenID
    /// Free for the maker's use; signed.
    public let metadata: Bytes32
    /// Whom the venue pays for having built the order; zero, because a code costs the maker a fee.
    public let builder: Bytes32

    private let afterSalt: [UInt8]
    private let afterSide: [UInt8]
    private let afterTime: [UInt8]
    private let afterSignature: [UInt8]

    /// A template for one token of one market.
    ///
    /// - Parameter owner: the API key, which is not an address.
    /// - Throws: `SigningFault`: `E_AUTH_ORDER` for a deposit wallet on an exchange of `v1`, which does not know it;
    ///   `E_AUTH_CREDENTIALS` for a key that holds other than letters, digits and dashes.
    public init(
        exchange: Exchange, wallet: Wallet, tokenID: TokenID, owner: String, metadata: Bytes32 = .zero,
        builder: Bytes32 = .zero
    ) throws(SigningFault) {
        guard wallet.kind != .deposit || exchange.generation != .v1 else {
            throw SigningFault(.order, "exchanges of version 1 know no deposit wallets")
        }
        try ApiCredentials.checkKey(owner)
        self.exchange = exchange
        self.wallet = wallet
        self.tokenID = tokenID
        self.metadata = metadata
        self.builder = builder
        let taker =
            exchange.generation == .v1 ? "\",\"taker\":\"" : "\",\"tokenId\":\"\(tokenID.text)\",\"makerAmount\":\""
        afterSalt = Array(",\"maker\":\"\(wallet.address)\",\"signer\":\"\(wallet.signer)\(taker)".utf8)
        afterSide = Array("\",\"signatureType\":\(wallet.kind.rawValue),\"timestamp\":\"".utf8)
        afterTime = Array("\",\"metadata\":\"\(metadata)\",\"builder\":\"\(builder)\",\"signature\":\"0x".utf8)
        afterSignature = Array("\"},\"owner\":\"\(owner)\",\"orderType\":\"".utf8)
    }

    /// Appends the body of `POST /order`: compact JSON.
    func append(_ ticket: OrderTicket, legacy: LegacyTerms, signature: OrderSignature, to body: inout [UInt8]) {
        let isLegacy = exchange.generation == .v1
        body.append(literal: "{\"order\":{\"salt\":")
        body.append(decimal: ticket.salt)
        body.append(contentsOf: afterSalt)
        if isLegacy {
            body.append(contentsOf: legacy.taker.checksummed.utf8)
            body.append(literal: "\",\"tokenId\":\"")
            body.append(contentsOf: tokenID.text.utf8)
            body.append(literal: "\",\"makerAmount\":\"")
        }
        body.append(decimal: ticket.makerAmount.rawValue)
        body.append(literal: "\",\"takerAmount\":\"")
        body.append(decimal: ticket.takerAmount.rawValue)
        switch ticket.side {
        case .buy: body.append(literal: "\",\"side\":\"BUY\",\"expiration\":\"")
        case .sell: body.append(literal: "\",\"side\":\"SELL\",\"expiration\":\"")
        }
        body.append(decimal: ticket.expiration)
        if isLegacy {
            body.append(literal: "\",\"nonce\":\"")
            body.append(decimal: legacy.nonce)
            body.append(literal: "\",\"feeRateBps\":\"")
            body.append(decimal: legacy.feeRateBps)
            body.append(literal: "\",\"signatureType\":")
            body.append(decimal: UInt64(wallet.kind.rawValue))
            body.append(literal: ",\"signature\":\"0x")
        } else {
            body.append(contentsOf: afterSide)
            body.append(decimal: ticket.milliseconds)
            body.append(contentsOf: afterTime)
        }
        signature.appendHex(to: &body)
        body.append(contentsOf: afterSignature)
        let isPostOnly: Bool
        switch ticket.lifetime {
        case .ioc:
            body.append(literal: "FAK")
            isPostOnly = false
        case .fok:
            body.append(literal: "FOK")
            isPostOnly = false
        case .gtc(let flag):
            body.append(literal: "GTC")
            isPostOnly = flag
        case .gtd(_, let flag):
            body.append(literal: "GTD")
            isPostOnly = flag
        }
        body.append(
            literal: isPostOnly
                ? "\",\"deferExec\":false,\"postOnly\":true}" : "\",\"deferExec\":false,\"postOnly\":false}")
    }
}

extension [UInt8] {
    /// Appends the text's bytes, without making a string of it.
    mutating func append(literal text: StaticString) { text.withUTF8Buffer { append(contentsOf: $0) } }

    /// Appends decimal digits.
    mutating func append(decimal number: UInt64) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var (rest, start) = (number, 20)
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        for index in start..<20 { append(digits[index]) }
    }
}
