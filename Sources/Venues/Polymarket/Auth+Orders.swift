public import Signing
public import Trading

/// An amount as the chain counts it.
///
/// - Unit: 1e-6 of a pUSD or of a share.
public struct BaseUnits: Hashable, Sendable {
    /// 1e-6.
    public let rawValue: UInt64

    /// An amount of `rawValue` units of 1e-6.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// `nil` for a negative amount, or one that the chain cannot hold exactly.
    public init?(exactly cash: Money) { self.init(units: cash.rawValue) }

    /// `nil` for a negative number, or one that the chain cannot hold exactly.
    public init?(exactly shares: Quantity) { self.init(units: shares.rawValue) }

    private init?(units: Int64) {
        guard units >= 0, units.isMultiple(of: 100) else { return nil }
        rawValue = UInt64(units / 100)
    }
}

/// What differs from one order of a token to the next.
public struct OrderTicket: Hashable, Sendable {
    /// Whether shares are bought or sold; the raw value is signed.
    public enum Side: UInt8, Hashable, Sendable {
        /// Gives pUSD, wants shares.
        case buy = 0
        /// Gives shares, wants pUSD.
        case sell = 1
    }

    /// How long an order lives.
    public enum Lifetime: Hashable, Sendable {
        /// Fills at once as far as it can; the rest dies.
        case ioc
        /// Fills at once and whole, or dies.
        case fok
        /// Rests until cancelled.
        case gtc(isPostOnly: Bool)
        /// Rests until a minute before this instant; whole seconds.
        case gtd(UTCNanos, isPostOnly: Bool)
    }

    /// The largest salt is one less: it travels as a number that must survive a JavaScript client.
    public static let saltEnd: UInt64 = 1 << 53

    /// Makes the order's hash its own; below `saltEnd`.
    public var salt: UInt64
    /// Buy or sell.
    public var side: Side
    /// What is given: pUSD for a buy, shares for a sale.
    public var makerAmount: BaseUnits
    /// What is wanted: shares for a buy, pUSD for a sale.
    public var takerAmount: BaseUnits
    /// When the order was made; signed in milliseconds by `v2` and `v3`.
    public var transactTime: UTCNanos
    /// How long it lives; signed by `v1` only.
    public var lifetime: Lifetime

    /// A ticket.
    public init(
        salt: UInt64, side: Side, makerAmount: BaseUnits, takerAmount: BaseUnits, transactTime: UTCNanos,
        lifetime: Lifetime
    ) {
        self.salt = salt
        self.side = side
        self.makerAmount = makerAmount
        self.takerAmount = takerAmount
        self.transactTime = transactTime
        self.lifetime = lifetime
    }
}

/// What the struct of `v1` has and the later ones have not.
public struct LegacyTerms: Hashable, Sendable {
    /// Who alone may take the order; zero for everybody.
    public var taker = EthereumAddress.zero
    /// The maker's counter on the chain.
    public var nonce: UInt64 = 0
    /// The fee that the maker accepts, in hundredths of a percent.
    public var feeRateBps: UInt64 = 0

    /// The defaults: everybody, zero, zero.
    public init() {}
}

/// An order's signature in the form that its wallet needs.
public struct OrderSignature: Hashable, Sendable {
    /// What the owner signed.
    public let inner: RecoverableSignature
    /// For a deposit wallet what its contract needs to rebuild the digest (ERC-7739); `nil` for other wallets.
    public let envelope: Envelope?

    /// The exchange's separator and the hash of the order's struct.
    public struct Envelope: Hashable, Sendable {
        /// The domain under which the order stands.
        public let separator: Bytes32
        /// The hash of the order's struct.
        public let contents: Bytes32
    }

    /// The order's type and its length in two bytes, as hexadecimal letters: the end of every envelope.
    private static let tail: [UInt8] = {
        let type = Array(Exchange.currentOrder.utf8)
        return (type + [UInt8(type.count >> 8), UInt8(type.count & 255)]).flatMap { byte in
            let letters = Array("0123456789abcdef".utf8)
            return [letters[Int(byte >> 4)], letters[Int(byte & 15)]]
        }
    }()

    /// Appends lower-case letters without prefix: 130, or 634 with an envelope.
    public func appendHex(to text: inout [UInt8]) {
        inner.appendHex(to: &text)
        guard let envelope else { return }
        envelope.separator.appendHex(to: &text)
        envelope.contents.appendHex(to: &text)
        text.append(contentsOf: Self.tail)
    }

    /// `0x` and the letters.
    public var hex: String {
        var text = Array("0x".utf8)
        appendHex(to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}

/// Signs orders for one wallet. What is constant for a token lies ready in an `OrderTemplate`; a signature costs one
/// call of libsecp256k1 (a tenth of one where a nonce is ready) and four to six permutations of Keccak, and allocates nothing.
///
/// - Lane: owned by one lane.
public final class OrderSigner {
    private static let typedDataSign = Keccak256.hash(
        "TypedDataSign(Order contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
            + Exchange.currentOrder)
    private static let walletName = Keccak256.hash("DepositWallet")
    private static let walletVersion = Keccak256.hash("1")

    private let key: WalletKey
    private let nonces: NoncePool?
    private let practice: PracticeKey
    /// Who pays.
    public let wallet: Wallet
    private var words = [Bytes32](repeating: .zero, count: 12)
    private var legacyWords = [Bytes32](repeating: .zero, count: 13)
    private var envelope: [Bytes32]

    /// Signs with `key` for `wallet`.
    ///
    /// - Parameter nonces: of the same key; nil: every signature makes its own.
    /// - Throws: `SigningFault` (`E_AUTH_FUNDER`) when the wallet's owner is another account.
    public init(key: WalletKey, wallet: Wallet, nonces: NoncePool? = nil) throws(SigningFault) {
        let owner = nonces?.address ?? key.address
        guard wallet.owner == key.address, owner == key.address else {
            throw SigningFault(
                .funder,
                "\(wallet.address) is owned by \(wallet.owner), but the keys are of \(key.address) and \(owner)")
        }
        self.key = key
        self.nonces = nonces
        practice = try PracticeKey(begins: nonces != nil)
        self.wallet = wallet
        envelope = [
            Self.typedDataSign, .zero, Self.walletName, Self.walletVersion, Bytes32(Exchange.chainID),
            wallet.address.word,
            .zero,
        ]
    }

    /// Signs an order.
    ///
    /// - Parameter isPractice: signs with a key of nobody: no venue takes what comes of it.
    /// - Returns: the order's hash, which the venue uses as its id, and the signature.
    /// - Throws: `SigningFault`: `E_AUTH_ORDER` for a salt or an amount that cannot be sent; `E_AUTH_SIGN`.
    public func sign(
        _ ticket: OrderTicket, _ template: OrderTemplate, legacy: LegacyTerms = LegacyTerms(),
        isPractice: Bool = false
    ) throws(SigningFault) -> (hash: Bytes32, signature: OrderSignature) {
        guard ticket.salt < OrderTicket.saltEnd else { throw SigningFault(.order, "a salt of 2^53 or more") }
        guard ticket.makerAmount.rawValue > 0, ticket.takerAmount.rawValue > 0 else {
            throw SigningFault(.order, "an order that gives or wants nothing")
        }
        guard template.wallet == wallet else { throw SigningFault(.order, "a template of another wallet") }
        let contents = structHash(ticket, template, legacy)
        let separator = template.exchange.separator
        let hash = EIP712.digest(separator: separator, structHash: contents)
        guard wallet.kind == .deposit else {
            return (hash, OrderSignature(inner: try sign(hash, isPractice), envelope: nil))
        }
        envelope[1] = contents
        envelope[4] = Bytes32(template.exchange.chain)
        let digest = EIP712.digest(separator: separator, structHash: Keccak256.hash(envelope))
        let inner = try sign(digest, isPractice)
        return (hash, OrderSignature(inner: inner, envelope: .init(separator: separator, contents: contents)))
    }

    private func sign(_ digest: Bytes32, _ isPractice: Bool) throws(SigningFault) -> RecoverableSignature {
        if isPractice { return try practice.sign(digest) }
        guard let nonces else { return try key.sign(digest) }
        return try nonces.sign(digest)
    }

    /// Signs an order and appends the body of its request to `body`.
    ///
    /// - Returns: the order's hash, known before anything is sent.
    /// - Throws: as `sign`; `body` is then as it was.
    public func write(
        _ ticket: OrderTicket, _ template: OrderTemplate, legacy: LegacyTerms = LegacyTerms(),
        isPractice: Bool = false, to body: inout [UInt8]
    ) throws(SigningFault) -> Bytes32 {
        let signed = try sign(ticket, template, legacy: legacy, isPractice: isPractice)
        template.append(ticket, legacy: legacy, signature: signed.signature, to: &body)
        return signed.hash
    }

    /// The hash of the struct, field by field as the exchange hashes it.
    func structHash(_ ticket: OrderTicket, _ template: OrderTemplate, _ legacy: LegacyTerms) -> Bytes32 {
        guard template.exchange.generation == .v1 else {
            words[0] = template.exchange.orderType
            words[1] = Bytes32(ticket.salt)
            words[2] = wallet.address.word
            words[3] = wallet.signer.word
            words[4] = template.tokenID.word
            words[5] = Bytes32(ticket.makerAmount.rawValue)
            words[6] = Bytes32(ticket.takerAmount.rawValue)
            words[7] = Bytes32(UInt64(ticket.side.rawValue))
            words[8] = Bytes32(UInt64(wallet.kind.rawValue))
            words[9] = Bytes32(ticket.milliseconds)
            words[10] = template.metadata
            words[11] = template.builder
            return Keccak256.hash(words)
        }
        legacyWords[0] = template.exchange.orderType
        legacyWords[1] = Bytes32(ticket.salt)
        legacyWords[2] = wallet.address.word
        legacyWords[3] = wallet.signer.word
        legacyWords[4] = legacy.taker.word
        legacyWords[5] = template.tokenID.word
        legacyWords[6] = Bytes32(ticket.makerAmount.rawValue)
        legacyWords[7] = Bytes32(ticket.takerAmount.rawValue)
        legacyWords[8] = Bytes32(ticket.expiration)
        legacyWords[9] = Bytes32(legacy.nonce)
        legacyWords[10] = Bytes32(legacy.feeRateBps)
        legacyWords[11] = Bytes32(UInt64(ticket.side.rawValue))
        legacyWords[12] = Bytes32(UInt64(wallet.kind.rawValue))
        return Keccak256.hash(legacyWords)
    }
}

extension OrderTicket {
    /// When the order was made, in milliseconds; zero before 1970.
    var milliseconds: UInt64 { UInt64(max(0, transactTime.rawValue / 1_000_000)) }

    /// When the order ends, in seconds; zero for never.
    var expiration: UInt64 {
        switch lifetime {
        case .gtd(let end, _): UInt64(max(0, end.rawValue / 1_000_000_000))
        case .ioc, .fok, .gtc: 0
        }
    }
}
