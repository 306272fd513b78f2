import Codec
import Foundation
import Signing
import Testing

private let one = String(repeating: "0", count: 63) + "1"

@Suite("WalletKey")
struct WalletKeyTests {
    @Test("has the account of every vector, and signs for it")
    func accounts() throws {
        let cases = try Samples.object("eip55_vectors.json").list("key_to_address")
        #expect(cases.count == 4)
        for item in cases {
            let key = try walletKey(item.text("private_key"))
            #expect(key.address.checksummed == item.text("address_eip55"))
            #expect(key.address == (try EthereumAddress(item.text("address_lower"))))
            let publicKey = try #require(Hex.decode(item.text("public_key_uncompressed_no_prefix")))
            #expect(Array(Keccak256.hash(publicKey).bytes.suffix(20)) == key.address.bytes)
        }
    }

    @Test("signs what is published for RFC 6979 on this curve, byte for byte")
    func deterministic() throws {
        let digest = try #require(
            Bytes32(hex: "0x" + Digest.hex(.sha256, "Satoshi Nakamoto")))
        let signature = try walletKey(one).sign(digest)
        #expect(signature.r.hex == "0x934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8")
        #expect(signature.s.hex == "0x2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5")
        #expect(try walletKey(one).sign(digest) == signature)
    }

    @Test("recovers its own account from 1,000 random keys and messages, and no other from a changed one")
    func roundTrips() throws {
        var generator = SplitMix(seed: 1271)
        var upper = 0
        for _ in 0..<1000 {
            let key = try WalletKey()
            let digest = Keccak256.hash((0..<9).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
            let signature = try key.sign(digest)
            #expect(signature.signer(of: digest) == key.address)
            #expect(signature.isValid(for: digest, by: key.address))
            #expect(try RecoverableSignature(signature.bytes) == signature)
            #expect(try RecoverableSignature(try #require(Hex.decode(signature.hex, prefixed: true))) == signature)
            upper += signature.v == 28 ? 1 : 0
            // One bit anywhere, in the digest or in the signature: another account, or none.
            var bytes = signature.bytes
            let bit = Int(generator.next() % 512)
            bytes[bit / 8] ^= 1 << (bit % 8)
            if let changed = try? RecoverableSignature(bytes) { #expect(changed.signer(of: digest) != key.address) }
            var other = digest.bytes
            other[bit / 16] ^= 1
            let otherDigest = try #require(Bytes32(other))
            #expect(signature.signer(of: otherDigest) != key.address)
            #expect(!signature.isValid(for: otherDigest, by: key.address))
        }
        #expect((400...600).contains(upper))
    }

    @Test(
        "refuses what is no private key, each by its code and without repeating it",
        arguments: [
            ("", "E_AUTH_KEY_HEX"), ("0x", "E_AUTH_KEY_HEX"), ("0x" + one.dropFirst(), "E_AUTH_KEY_HEX"),
            ("0x" + one + "0", "E_AUTH_KEY_HEX"), ("0x00" + one, "E_AUTH_KEY_HEX"),
            (one.dropLast() + "g", "E_AUTH_KEY_HEX"),
            ("0X" + one, "E_AUTH_KEY_HEX"), (one.prefix(32) + " " + one.suffix(32), "E_AUTH_KEY_HEX"),
            ("-----BEGIN PRIVATE KEY-----", "E_AUTH_KEY_HEX"),
            ("0x" + String(repeating: "0", count: 64), "E_AUTH_KEY_RANGE"),
            ("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", "E_AUTH_KEY_RANGE"),
            (String(repeating: "f", count: 64), "E_AUTH_KEY_RANGE"),
        ] as [(String, String)])
    func refusals(text: String, code: String) {
        let fault = #expect(throws: SigningFault.self) { try walletKey(text) }
        #expect(fault?.code == code)
        #expect(fault?.text.contains("test key") == true)
        #expect(text.count < 20 || fault?.text.contains(text.suffix(20)) == false)
    }

    @Test(
        "accepts the greatest key, no prefix, upper case and white space around",
        arguments: [
            "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", "0x" + one + "\n", "  \(one)\r\n",
            "0xAC0974BEC39A17E36BA4A6B4D238FF944BACB478CBED5EFCAE784D7BF4F2FF80",
        ])
    func accepted(text: String) throws { _ = try walletKey(text) }

    @Test("shows nothing of the key, however it is printed")
    func silence() throws {
        let text = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
        let key = try walletKey(text)
        var shown = ""
        dump(key, to: &shown)
        shown += "\(key) \(String(reflecting: key)) \(secret(text))"
        #expect(!shown.contains(text.prefix(8)))
        #expect(!shown.contains("172, 9, 116"))
    }

    @Test("comes from a key file of mode 0600 only")
    func keyFile() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "arb-wallet-\(UUID().uuidString).key").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let isMade = FileManager.default.createFile(
            atPath: path, contents: Data("0x\(one)\n".utf8), attributes: [.posixPermissions: 0o600])
        try #require(isMade)
        let key = try WalletKey(hex: KeyFile.load(path), name: path)
        #expect(key.address.checksummed == "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf")
        try FileManager.default.setAttributes([.posixPermissions: 0o604], ofItemAtPath: path)
        let fault = #expect(throws: SigningFault.self) { try KeyFile.load(path) }
        #expect(fault?.code == "E_AUTH_KEY_MODE")
    }
}

@Suite("RecoverableSignature")
struct RecoverableSignatureTests {
    private func signature() throws -> [UInt8] { try walletKey(one).sign(Keccak256.hash("x")).bytes }

    private func refused(_ bytes: [UInt8]) {
        let fault = #expect(throws: SigningFault.self) { try RecoverableSignature(bytes) }
        #expect(fault?.code == "E_AUTH_SIGNATURE")
    }

    @Test("refuses another length and another v")
    func shape() throws {
        let bytes = try signature()
        refused([])
        refused(bytes.dropLast())
        refused(bytes + [0])
        for v in [0, 1, 26, 29, 255] as [UInt8] { refused(bytes.dropLast() + [v]) }
    }

    @Test("refuses the other of two valid values of s, though it recovers to the same account elsewhere")
    func upperHalf() throws {
        let bytes = try signature()
        let order: [UInt8] = try #require(
            Hex.decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"))
        var (mirrored, borrow) = ([UInt8](repeating: 0, count: 32), 0)
        for index in (0..<32).reversed() {
            let rest = Int(order[index]) - Int(bytes[32 + index]) - borrow
            mirrored[index] = UInt8(truncatingIfNeeded: rest)
            borrow = rest < 0 ? 1 : 0
        }
        refused(bytes.prefix(32) + mirrored + [bytes[64] ^ 7])  // 27 and 28 swapped
        let half = try #require(Hex.decode("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"))
        _ = try RecoverableSignature(bytes.prefix(32) + half + [27])
        refused(bytes.prefix(32) + half.dropLast() + [0xA1, 27])
    }

    @Test("of zeros is nobody's")
    func nobody() throws {
        let digest = Keccak256.hash("x")
        #expect(try RecoverableSignature([UInt8](repeating: 0, count: 64) + [27]).signer(of: digest) == nil)
    }
}

@Suite("EthereumAddress")
struct EthereumAddressTests {
    @Test("has the checksum of every vector, and reads it back")
    func checksums() throws {
        let cases = try Samples.object("eip55_vectors.json").list("checksum")
        #expect(cases.count == 12)
        for item in cases {
            let address = try EthereumAddress(item.text("lower"))
            #expect(address.checksummed == item.text("eip55"))
            #expect(try EthereumAddress(item.text("eip55")) == address)
            #expect(try EthereumAddress("0x" + item.text("lower").dropFirst(2).uppercased()) == address)
        }
    }

    @Test(
        "refuses a mistyped letter, another length and other letters",
        arguments: [
            "0x4bFb41d5B3570DeFd03C39a9A4D8dE6Bd8B8982e", "0x4bFb41d5B3570DeFd03C39a9A4D8dE6Bd8B8982",
            "4bFb41d5B3570DeFd03C39a9A4D8dE6Bd8B8982E", "0x4bFb41d5B3570DeFd03C39a9A4D8dE6Bd8B8982EE",
            "0x4bfb41d5b3570defd03c39a9a4d8de6bd8b8982g", "", "0x",
        ])
    func refusals(text: String) {
        let fault = #expect(throws: SigningFault.self) { try EthereumAddress(text) }
        #expect(fault?.code == "E_AUTH_ADDRESS")
    }

    @Test(
        "finds CREATE2 contracts as the examples of EIP-1014 say",
        arguments: [
            ("0x0000000000000000000000000000000000000000", "00", "0x4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38"),
            ("0xdeadbeef00000000000000000000000000000000", "00", "0xB928f69Bb1D91Cd65274e3c79d8986362984fDA3"),
            ("0x0000000000000000000000000000000000000000", "deadbeef", "0x70f2b2914A2a4b783FaEFb75f459A580616Fcb5e"),
        ])
    func create2(deployer: String, code: String, wanted: String) throws {
        let hash = Keccak256.hash(try #require(Hex.decode(code)))
        let found = EthereumAddress.create2(
            deployer: try EthereumAddress(deployer), salt: .zero, initCodeHash: hash)
        #expect(found.checksummed == wanted)
    }
}

@Suite("MessageKey")
struct MessageKeyTests {
    @Test(
        "equals RFC 4231, fed whole or in pieces, again and again",
        arguments: [
            (
                [UInt8](repeating: 0x0B, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func vectors(key: [UInt8], message: String, code: String) {
        let key = MessageKey(key.withUnsafeBytes { Secret($0) })
        for _ in 0..<3 {
            key.update(message)
            #expect(key.finish().hex == "0x" + code)
            for byte in message.utf8 { key.update([byte]) }
            #expect(key.finish().hex == "0x" + code)
        }
    }
}

@Suite("Secret")
struct SecretTests {
    @Test("decodes base64 of both alphabets, padded or not, and nothing else")
    func base64() throws {
        func decoded(_ text: String) -> [UInt8]? { Secret(base64Of: secret(text))?.withBytes { Array($0) } }
        var generator = SplitMix(seed: 3)
        for length in 1...70 {
            let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            for alphabet in [Base64.Alphabet.standard, .url, .urlUnpadded] {
                #expect(decoded(Base64.encode(bytes, alphabet: alphabet) + "\n") == bytes)
            }
        }
        for text in ["", "=", "A", "AAAAA", "AA=", "AA A", "AA==A", "A===", "AA.="] { #expect(decoded(text) == nil) }
    }

    @Test("decodes hexadecimal text from one secret into another")
    func hex() throws {
        let decoded = try #require(Secret(hexLettersOf: secret(" 0x00ffA1\n")))
        #expect(decoded.withBytes { Array($0) } == [0, 255, 0xA1])
        #expect(Secret(hexLettersOf: secret("0x0")) == nil)
    }

    @Test("takes as many bytes as there are, over several pages")
    func sizes() {
        for length in [0, 1, 4095, 4096, 4097, 65_536] {
            let bytes = [UInt8](repeating: 7, count: length)
            let kept = bytes.withUnsafeBytes { Secret($0) }
            #expect(kept.count == length && kept.withBytes { Array($0) } == bytes)
        }
    }
}
