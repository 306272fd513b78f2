internal import Signing

/// Checks that an order was signed by whoever may spend its maker's money, for the contract that will settle it.
///
/// Written from the sheet, with nothing of the program that signs: a second reading of the same rules.
/// - Source: sheet of the venue's documentation of 2026-11-20, sections 0, 2, 3.
struct PolymarketVerifier {
    private static let type =
        "Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,uint256 takerAmount,"
        + "uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,bytes32 builder)"
    private static let wrapperHash = Keccak256.hash(
        "TypedDataSign(Order contents,string name,string version,uint256 chainId,address verifyingContract,"
            + "bytes32 salt)" + type)
    private static let typeHash = Keccak256.hash(type)
    private static let walletName = Keccak256.hash("DepositWallet")
    private static let walletVersion = Keccak256.hash("1")
    private static let proxyFactory = EthereumAddress(known: "0xaB45c5A4B0c941a2F231C04C3f49182e1A254052")
    private static let safeFactory = EthereumAddress(known: "0xaacFeEa03eb1561C4e67d661e40682Bd20E3541b")
    private static let proxyCode: StaticString = "0xd21df8dc65880a8606f09fe0ce3df9b8869287ab0b058be05aa9e8af6330a00b"
    private static let safeCode: StaticString = "0x2bce2127ff07fb632d16c8347c4ebf501f4841168bed00d9e6ef715ddb6fcecf"

    /// How old an order's own time may be, and how far ahead. The venue documents none. Unit: ms.
    static let stampWindow: (past: UInt64, ahead: UInt64) = (3_600_000, 60_000)
    private let separators: [Bytes32]
    private let legacySeparators: [Bytes32]

    init() {
        separators = PolymarketContract.allCases.map { contract in
            EIP712.domainSeparator(
                name: "Polymarket CTF Exchange", version: contract.domainVersion, chainID: 137,
                verifyingContract: try? EthereumAddress(contract.address))
        }
        legacySeparators = [
            "0x4bFb41d5B3570DeFd03C39a9A4D8dE6Bd8B8982E", "0xC5d563A36AE78145C45a50134d48A1215220f80a",
        ].map {
            EIP712.domainSeparator(
                name: "Polymarket CTF Exchange", version: "1", chainID: 137, verifyingContract: try? EthereumAddress($0)
            )
        }
    }

    /// The hash of the order's fields.
    static func structHash(_ order: PolymarketPosted) -> Bytes32 {
        Keccak256.hash([
            typeHash, Bytes32(order.salt), order.maker.word, order.signer.word, order.tokenWord,
            Bytes32(order.makerAmount), Bytes32(order.takerAmount), Bytes32(order.isBuy ? 0 : 1),
            Bytes32(UInt64(order.kind)), Bytes32(order.timestamp), order.metadata, order.builder,
        ])
    }

    /// The venue's name of an order: its digest under the contract of its market.
    func id(_ order: PolymarketPosted, _ contract: PolymarketContract) -> Bytes32 {
        EIP712.digest(separator: separators[contract.rawValue], structHash: Self.structHash(order))
    }

    /// The wallet that a kind of signature belongs to; nil where it must be configured.
    static func wallet(_ kind: Int, of owner: EthereumAddress) -> EthereumAddress? {
        func code(_ text: StaticString) -> Bytes32 { Bytes32(hex: "\(text)") ?? .zero }
        switch kind {
        case 0: return owner
        case 1:
            return .create2(
                deployer: proxyFactory, salt: Keccak256.hash(owner.bytes), initCodeHash: code(proxyCode))
        case 2:
            return .create2(
                deployer: safeFactory, salt: Keccak256.hash([owner.word]), initCodeHash: code(safeCode))
        default: return nil
        }
    }

    /// Checks wallet, signer and signature.
    ///
    /// - Parameters:
    ///   - owner: the account of the API key that posted it.
    ///   - depositOwner: whose deposit wallet the maker is; nil: nobody's that is known.
    /// - Throws: `PolymarketRefusal` 400, in the venue's words.
    /// - Returns: the order's id.
    func verify(
        _ order: PolymarketPosted, _ contract: PolymarketContract, owner: EthereumAddress,
        depositOwner: EthereumAddress?, now milliseconds: UInt64
    ) throws(PolymarketRefusal) -> Bytes32 {
        let isDeposit = order.kind == 3
        let signs = isDeposit ? depositOwner : order.signer
        guard signs == owner, !isDeposit || order.signer == order.maker else {
            throw PolymarketRefusal(400, "the order signer address has to be the address of the API KEY")
        }
        guard isDeposit || Self.wallet(order.kind, of: owner) == order.maker else {
            throw PolymarketRefusal(400, "invalid signature")
        }
        guard isSigned(order, separators[contract.rawValue], by: owner) else {
            // Right keys under another generation's domain: the client must read the market's version again.
            let others = PolymarketContract.allCases.filter { ($0 == .third) != (contract == .third) }
                .map { separators[$0.rawValue] }
            let isMistaken = (others + legacySeparators).contains { isSigned(order, $0, by: owner) }
            throw PolymarketRefusal(400, isMistaken ? "order_version_mismatch" : "invalid signature")
        }
        guard order.timestamp + Self.stampWindow.past >= milliseconds,
            order.timestamp <= milliseconds + Self.stampWindow.ahead
        else { throw PolymarketRefusal(400, "Invalid order payload") }
        return id(order, contract)
    }

    private func isSigned(_ order: PolymarketPosted, _ separator: Bytes32, by owner: EthereumAddress) -> Bool {
        let contents = Self.structHash(order)
        guard order.kind == 3 else {
            guard let signature = try? RecoverableSignature(order.signature) else { return false }
            let digest = EIP712.digest(separator: separator, structHash: contents)
            return signature.isValid(for: digest, by: owner)
        }
        let tail = separator.bytes + contents.bytes + Array(Self.type.utf8) + [0x00, UInt8(Self.type.utf8.count)]
        guard order.signature.count == 65 + tail.count, Array(order.signature.dropFirst(65)) == tail,
            let signature = try? RecoverableSignature(order.signature.prefix(65))
        else { return false }
        let wrapped = Keccak256.hash([
            Self.wrapperHash, contents, Self.walletName, Self.walletVersion, Bytes32(137), order.maker.word, .zero,
        ])
        return signature.isValid(for: EIP712.digest(separator: separator, structHash: wrapped), by: owner)
    }

    // MARK: Text

    /// A plain signature in hexadecimal.
    static func signature(_ text: String) -> RecoverableSignature? {
        guard let bytes = PolymarketPosted.bytes(text) else { return nil }
        return try? RecoverableSignature(bytes)
    }
}
