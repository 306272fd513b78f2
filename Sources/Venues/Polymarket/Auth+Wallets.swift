import Codec
public import Signing

/// Who pays for an order, and who signs it.
public struct Wallet: Hashable, Sendable {
    /// What kind of wallet pays; the raw value is the venue's signature type.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        /// The key's own account.
        case account = 0
        /// A proxy of an account made by e-mail.
        case proxy = 1
        /// A safe of an account made by a browser wallet.
        case safe = 2
        /// A deposit wallet, of accounts made since May 2026: the wallet itself is the signer, and its contract checks
        /// what its owner has signed.
        case deposit = 3
    }

    /// The kind.
    public let kind: Kind
    /// The wallet that pays.
    public let address: EthereumAddress
    /// The account of the key that signs.
    public let owner: EthereumAddress

    /// A wallet of `owner`.
    ///
    /// The exchange derives proxies and safes itself and refuses any other, so a wrong one is refused here. A deposit
    /// wallet is configured: its factory has used two derivations and may use a third.
    /// - Throws: `SigningFault` (`E_AUTH_FUNDER`).
    public init(_ kind: Kind, address: EthereumAddress, owner: EthereumAddress) throws(SigningFault) {
        let belongs = Self.derived(kind, of: owner).contains(address)
        guard belongs || kind == .deposit else {
            let other = Self.kind(of: address, owner: owner).map { "; its signature type is \($0.rawValue)" }
            throw SigningFault(
                .funder,
                "\(address) is not the wallet of \(owner) under signature type \(kind.rawValue)\(other ?? "")")
        }
        if kind == .deposit, !belongs, let other = Self.kind(of: address, owner: owner) {
            throw SigningFault(.funder, "\(address) is no deposit wallet: its signature type is \(other.rawValue)")
        }
        self.kind = kind
        self.address = address
        self.owner = owner
    }

    /// Who stands as signer in the order: the owner, or the deposit wallet itself.
    public var signer: EthereumAddress { kind == .deposit ? address : owner }

    /// The kind whose derivation gives `address`; `nil` where none does.
    public static func kind(of address: EthereumAddress, owner: EthereumAddress) -> Kind? {
        Kind.allCases.first { derived($0, of: owner).contains(address) }
    }

    /// The wallets of one kind that the venue's factories make for `owner`: one, or two for deposit wallets (behind the
    /// beacon, and the older kind that is upgraded one by one).
    ///
    /// - Source: factories and initialisation codes on the chain; vectors of the official client, November 2026.
    public static func derived(_ kind: Kind, of owner: EthereumAddress) -> [EthereumAddress] {
        switch kind {
        case .account: return [owner]
        case .proxy:
            let code =
                bytes("3d3d606380380380913d393d73") + Factory.proxy.bytes
                + bytes("5af4602a57600080fd5b602d8060366000396000f3363d3d373d3d3d363d73")
                + Factory.proxyImplementation.bytes + bytes("5af43d82803e903d91602b57fd5bf352e831dd")
                + Bytes32(32).bytes + Bytes32.zero.bytes
            return [
                .create2(
                    deployer: Factory.proxy, salt: Keccak256.hash(owner.bytes), initCodeHash: Keccak256.hash(code))
            ]
        case .safe:
            return [
                .create2(
                    deployer: Factory.safe, salt: Keccak256.hash([owner.word]), initCodeHash: Factory.safeInitCodeHash)
            ]
        case .deposit:
            let arguments = [Factory.deposit.word, owner.word]
            let tail = arguments.flatMap(\.bytes)
            // 61 and two bytes: the length of the code that is left, with the arguments behind it.
            let beacon =
                bytes("61") + length(0x52 + tail.count) + bytes("3d8160233d3973") + Factory.depositBeacon.bytes
                + bytes("60195155f3363d3d373d3d363d602036600436635c60da")
                + bytes("1b60e01b36527fa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6c")
                + bytes("b3582b35133d50545afa5036515af43d6000803e604d573d6000fd5b3d6000f3") + tail
            let single =
                bytes("61") + length(0x3D + tail.count) + bytes("3d8160233d3973")
                + Factory.depositImplementation.bytes + bytes("6009")
                + bytes("5155f3363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076")
                + bytes("cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3") + tail
            return [beacon, single].map {
                .create2(
                    deployer: Factory.deposit, salt: Keccak256.hash(arguments), initCodeHash: Keccak256.hash($0))
            }
        }
    }

    /// The contracts that make wallets, and what they make them of.
    private enum Factory {
        static let proxy = EthereumAddress(known: "0xaB45c5A4B0c941a2F231C04C3f49182e1A254052")
        static let proxyImplementation = EthereumAddress(known: "0x44e999d5c2F66Ef0861317f9A4805AC2e90aEB4f")
        static let safe = EthereumAddress(known: "0xaacFeEa03eb1561C4e67d661e40682Bd20E3541b")
        static let safeInitCodeHash =
            Bytes32(hex: "0x2bce2127ff07fb632d16c8347c4ebf501f4841168bed00d9e6ef715ddb6fcecf") ?? .zero
        static let deposit = EthereumAddress(known: "0x00000000000Fb5C9ADea0298D729A0CB3823Cc07")
        static let depositBeacon = EthereumAddress(known: "0x7A18EDfe055488A3128f01F563e5B479D92ffc3a")
        static let depositImplementation = EthereumAddress(known: "0x58CA52ebe0DadfdF531Cde7062e76746de4Db1eB")
    }

    private static func length(_ count: Int) -> [UInt8] { [UInt8(count >> 8), UInt8(count & 255)] }

    private static func bytes(_ hex: String) -> [UInt8] {
        guard let bytes = Hex.decode(hex) else { preconditionFailure("a table of code is damaged") }
        return bytes
    }
}
