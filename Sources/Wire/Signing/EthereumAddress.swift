/// The address of a wallet or a contract: 20 bytes, written with the checksum of EIP-55.
public struct EthereumAddress: Hashable, Sendable {
    /// The address as a word of ABI encoding: 12 zero bytes and the 20.
    public let word: Bytes32

    /// Nobody's.
    public static let zero = EthereumAddress(word: .zero)

    init(word: Bytes32) { self.word = word }

    /// The last 20 bytes of a hash.
    init(lastBytesOf hash: Bytes32) {
        var word = hash
        withUnsafeMutableBytes(of: &word) { bytes in
            for index in 0..<12 { bytes[index] = 0 }
        }
        self.word = word
    }

    /// Reads `0x` and 40 letters: all lower case, all upper case, or with the right checksum.
    ///
    /// - Throws: `SigningFault` (`E_AUTH_ADDRESS`), which repeats the text: an address is no secret.
    public init(_ text: String) throws(SigningFault) {
        guard text.utf8.count == 42, text.hasPrefix("0x"), let word = Bytes32(hexLetters: text.utf8.dropFirst(2))
        else {
            throw SigningFault(.address, "\(text) is no address; 0x and 40 hexadecimal letters are needed")
        }
        self.word = word
        let letters = text.dropFirst(2)
        let isMixed = letters != letters.lowercased() && letters != letters.uppercased()
        guard !isMixed || checksummed == text else {
            throw SigningFault(.address, "the checksum of address \(text) is wrong: a letter of it was mistyped")
        }
    }

    /// An address of this program's own tables, known to be good.
    public init(known text: StaticString) {
        let letters = text.withUTF8Buffer { Array($0) }
        guard letters.count == 42, let word = Bytes32(hexLetters: letters.dropFirst(2)) else {
            preconditionFailure("a table of addresses is damaged")
        }
        self.word = word
    }

    /// The 20 bytes.
    public var bytes: [UInt8] { Array(word.bytes.dropFirst(12)) }

    /// `0x` and 40 letters, upper and lower case by EIP-55.
    public var checksummed: String {
        var letters: [UInt8] = []
        word.appendHex(to: &letters)
        letters.removeFirst(24)
        let hash = Keccak256.hash(letters).bytes
        for index in letters.indices where letters[index] >= UInt8(ascii: "a") {
            let nibble = index.isMultiple(of: 2) ? hash[index / 2] >> 4 : hash[index / 2] & 15
            if nibble >= 8 { letters[index] -= 32 }
        }
        return "0x" + String(decoding: letters, as: UTF8.self)
    }

    /// Where `deployer` puts a contract of this initialisation code under `salt` (EIP-1014).
    public static func create2(deployer: EthereumAddress, salt: Bytes32, initCodeHash: Bytes32) -> EthereumAddress {
        let preimage = [0xFF] + deployer.bytes + salt.bytes + initCodeHash.bytes
        return EthereumAddress(lastBytesOf: Keccak256.hash(preimage))
    }
}

extension EthereumAddress: CustomStringConvertible {
    /// As `checksummed`.
    public var description: String { checksummed }
}
