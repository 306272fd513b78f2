public import Signing

/// One of the venue's exchange contracts: the domain under which an order is signed.
///
/// All carry one name; the version and the contract tell them apart. An order signed for one is refused by the others
/// (`order_version_mismatch`).
/// - Source: contract table and routing of the official clients, November 2026; separators recomputed.
public struct Exchange: Hashable, Sendable {
    /// Which struct is signed; the raw value is the version of the domain.
    public enum Generation: String, Hashable, Sendable, CaseIterable {
        /// Twelve fields with nonce and fee; retired in April 2026.
        case v1 = "1"
        /// Eleven fields with the time of making.
        case v2 = "2"
        /// As `v2`, for markets of the second protocol.
        case v3 = "3"
    }

    /// The chain of the venue: Polygon.
    public static let chainID: UInt64 = 137

    /// Which struct is signed.
    public let generation: Generation
    /// The chain's number.
    public let chain: UInt64
    /// The contract that checks the signature.
    public let contract: EthereumAddress
    /// The domain's separator, computed once.
    public let separator: Bytes32

    /// An exchange at an address.
    public init(_ generation: Generation, contract: EthereumAddress, chainID: UInt64 = Exchange.chainID) {
        self.generation = generation
        self.contract = contract
        chain = chainID
        separator = EIP712.domainSeparator(
            name: "Polymarket CTF Exchange", version: generation.rawValue, chainID: chainID,
            verifyingContract: contract)
    }

    /// Markets without negative risk.
    public static let standard = Exchange(
        .v2, contract: EthereumAddress(known: "0xE111180000d2663C0091e4f400237545B87B996B"))
    /// Markets with negative risk.
    public static let negRisk = Exchange(
        .v2, contract: EthereumAddress(known: "0xe2222d279d744050d28e00520010520000310F59"))
    /// Markets of the second protocol, with or without negative risk.
    public static let protocolV2 = Exchange(
        .v3, contract: EthereumAddress(known: "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"))
    /// Markets without negative risk, before April 2026.
    public static let legacy = Exchange(
        .v1, contract: EthereumAddress(known: "0x4bFb41d5B3570DeFd03C39a9A4D8dE6Bd8B8982E"))
    /// Markets with negative risk, before April 2026.
    public static let legacyNegRisk = Exchange(
        .v1, contract: EthereumAddress(known: "0xC5d563A36AE78145C45a50134d48A1215220f80a"))

    /// Where an order for a market goes.
    ///
    /// - Parameter isProtocolV2: the market's own version, not that of the order book.
    public static func of(isProtocolV2: Bool, isNegRisk: Bool) -> Exchange {
        isProtocolV2 ? protocolV2 : isNegRisk ? negRisk : standard
    }

    /// The hash of the order struct's type.
    var orderType: Bytes32 { generation == .v1 ? Self.legacyOrderType : Self.currentOrderType }

    static let currentOrder =
        "Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,"
        + "uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder)"
    static let legacyOrder =
        "Order(uint256 salt,address maker,address signer,address taker,uint256 tokenId,uint256 makerAmount,"
        + "uint256 takerAmount,uint256 expiration,uint256 nonce,uint256 feeRateBps,uint8 side,uint8 signatureType)"
    private static let currentOrderType = Keccak256.hash(currentOrder)
    private static let legacyOrderType = Keccak256.hash(legacyOrder)
}

/// An outcome's token: a number of 256 bits, which the venue writes in decimal digits.
public struct TokenID: Hashable, Sendable {
    /// The digits, as the venue writes them.
    public let text: String
    /// The number, as it is signed.
    public let word: Bytes32

    /// Reads the digits; `nil` for anything but a number below 2^256 without leading zeros.
    public init?(_ text: String) {
        guard let word = Bytes32(decimal: text) else { return nil }
        self.text = text
        self.word = word
    }

    /// True for a position of the second protocol: bits 40 to 103 of its number are zero.
    public var isProtocolV2: Bool { word.bytes[19...26].allSatisfy { $0 == 0 } }
}
