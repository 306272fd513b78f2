/// Typed structured data (EIP-712): what a wallet signs instead of bytes that nobody can read.
///
/// - Source: EIP-712, final.
public enum EIP712 {
    /// The separator of a domain: a signature under one is worthless under any other.
    ///
    /// - Parameter verifyingContract: `nil` for a domain type without that field.
    public static func domainSeparator(
        name: String, version: String, chainID: UInt64, verifyingContract: EthereumAddress?
    ) -> Bytes32 {
        let fields = "EIP712Domain(string name,string version,uint256 chainId"
        let type = verifyingContract == nil ? fields + ")" : fields + ",address verifyingContract)"
        var words = [Keccak256.hash(type), Keccak256.hash(name), Keccak256.hash(version), Bytes32(chainID)]
        if let verifyingContract { words.append(verifyingContract.word) }
        return Keccak256.hash(words)
    }

    /// What is signed: the hash of 0x19, 0x01, the separator and the hash of the struct.
    public static func digest(separator: Bytes32, structHash: Bytes32) -> Bytes32 {
        withUnsafeTemporaryAllocation(byteCount: 66, alignment: 8) { preimage in
            preimage[0] = 0x19
            preimage[1] = 0x01
            preimage.storeBytes(of: separator, toByteOffset: 2, as: Bytes32.self)
            preimage.storeBytes(of: structHash, toByteOffset: 34, as: Bytes32.self)
            return Keccak256.hash(UnsafeRawBufferPointer(preimage))
        }
    }
}
