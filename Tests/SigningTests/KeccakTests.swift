import Codec
import Foundation
import Signing
import Testing

/// Keccak-256 by the letter of its definition: constants computed, one lane at a time, nothing unrolled.
private enum SlowKeccak {
    static func hash(_ message: [UInt8]) -> [UInt8] {
        var padded = message + [0x01]
        while !padded.count.isMultiple(of: 136) { padded.append(0) }
        padded[padded.count - 1] |= 0x80
        var lanes = [UInt64](repeating: 0, count: 25)
        for start in stride(from: 0, to: padded.count, by: 136) {
            for index in 0..<136 { lanes[index / 8] ^= UInt64(padded[start + index]) << UInt64(8 * (index % 8)) }
            permute(&lanes)
        }
        return (0..<32).map { UInt8(truncatingIfNeeded: lanes[$0 / 8] >> UInt64(8 * ($0 % 8))) }
    }

    private static func permute(_ lanes: inout [UInt64]) {
        var register: UInt8 = 1
        for _ in 0..<24 {
            let columns = (0..<5).map { x in (0..<5).reduce(0) { $0 ^ lanes[x + 5 * $1] } }
            for index in 0..<25 {
                lanes[index] ^= columns[(index + 4) % 5] ^ rotated(columns[(index + 1) % 5], 1)
            }
            var (x, y, carried) = (1, 0, lanes[1])
            for step in 0..<24 {
                (x, y) = (y, (2 * x + 3 * y) % 5)
                let kept = lanes[x + 5 * y]
                lanes[x + 5 * y] = rotated(carried, (step + 1) * (step + 2) / 2 % 64)
                carried = kept
            }
            for row in stride(from: 0, to: 25, by: 5) {
                let old = Array(lanes[row..<(row + 5)])
                for x in 0..<5 { lanes[row + x] = old[x] ^ (~old[(x + 1) % 5] & old[(x + 2) % 5]) }
            }
            for bit in 0..<7 {
                if register & 1 == 1 { lanes[0] ^= 1 << UInt64((1 << bit) - 1) }
                register = register << 1 ^ (register & 0x80 == 0 ? 0 : 0x71)
            }
        }
    }

    private static func rotated(_ lane: UInt64, _ count: Int) -> UInt64 {
        count == 0 ? lane : lane << UInt64(count) | lane >> UInt64(64 - count)
    }
}

@Suite("Keccak256")
struct KeccakTests {
    @Test("equals every vector")
    func vectors() throws {
        let cases = try Samples.object("keccak_vectors.json").list("vectors")
        #expect(cases.count == 21)
        for item in cases {
            let input = try #require(Hex.decode(item.text("input_hex")))
            #expect(Keccak256.hash(input).hex == "0x" + item.text("keccak256"), "\(item.text("label"))")
        }
    }

    @Test("equals the definition for every length around three blocks, and differs with every bit")
    func oracle() {
        var generator = SplitMix(seed: 0x4B45_4343)
        for length in 0...410 {
            var message = (0..<length).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
            let hash = Keccak256.hash(message)
            #expect(hash.bytes == SlowKeccak.hash(message), "length \(length)")
            guard let index = message.indices.randomElement(using: &generator) else { continue }
            message[index] ^= 1
            #expect(Keccak256.hash(message) != hash)
        }
    }

    @Test("takes texts and words as their bytes")
    func forms() {
        #expect(Keccak256.hash("hello") == Keccak256.hash(Array("hello".utf8)))
        let words = [Bytes32(1), Bytes32(2), Keccak256.hash("x")]
        #expect(Keccak256.hash(words) == Keccak256.hash(words.flatMap(\.bytes)))
    }
}

@Suite("Bytes32")
struct Bytes32Tests {
    @Test("reads and writes hexadecimal text")
    func hex() throws {
        let text = "0x" + String(repeating: "0", count: 60) + "bEEf"
        #expect(try #require(Bytes32(hex: text)) == Bytes32(0xBEEF))
        #expect(Bytes32(0xBEEF).hex == text.lowercased())
        #expect(Bytes32(hex: text.dropFirst(2)) == nil)
        #expect(Bytes32(hex: text + "00") == nil)
        #expect(Bytes32(hex: text.dropLast() + "g") == nil)
        #expect(Bytes32([1, 2, 3]) == nil)
    }

    @Test(
        "reads decimal numbers below 2^256, and nothing else",
        arguments: [
            ("0", "0x" + String(repeating: "0", count: 64)),
            (
                "18446744073709551616",
                "0x" + String(repeating: "0", count: 47) + "1" + String(repeating: "0", count: 16)
            ),
            (
                "115792089237316195423570985008687907853269984665640564039457584007913129639935",
                "0x" + String(repeating: "f", count: 64)
            ),
            ("115792089237316195423570985008687907853269984665640564039457584007913129639936", nil),
            ("999999999999999999999999999999999999999999999999999999999999999999999999999999", nil),
            ("", nil), ("00", nil), ("01", nil), ("-1", nil), ("+1", nil), ("1 ", nil), ("0x1", nil), ("1.0", nil),
        ] as [(String, String?)])
    func decimal(text: String, hex: String?) { #expect(Bytes32(decimal: text)?.hex == hex) }

    @Test("writes base64 for URLs as the codec does")
    func base64() {
        var generator = SplitMix(seed: 64)
        for _ in 0..<200 {
            let value = Keccak256.hash([UInt8(truncatingIfNeeded: generator.next()), UInt8.random(in: 0...255)])
            var text: [UInt8] = []
            value.appendBase64URL(to: &text)
            #expect(String(decoding: text, as: UTF8.self) == Base64.encode(value.bytes, alphabet: .url))
        }
    }
}

@Suite("EIP712")
struct EIP712Tests {
    @Test("equals the worked example of the standard")
    func example() throws {
        let contract = try EthereumAddress("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC")
        let separator = EIP712.domainSeparator(
            name: "Ether Mail", version: "1", chainID: 1, verifyingContract: contract)
        #expect(separator.hex == "0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f")
        let person = Keccak256.hash("Person(string name,address wallet)")
        let from = Keccak256.hash([
            person, Keccak256.hash("Cow"), try EthereumAddress("0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826").word,
        ])
        let to = Keccak256.hash([
            person, Keccak256.hash("Bob"), try EthereumAddress("0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB").word,
        ])
        let mail = Keccak256.hash([
            Keccak256.hash("Mail(Person from,Person to,string contents)Person(string name,address wallet)"), from, to,
            Keccak256.hash("Hello, Bob!"),
        ])
        #expect(mail.hex == "0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e")
        #expect(
            EIP712.digest(separator: separator, structHash: mail).hex
                == "0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2")
    }

    @Test("leaves the contract out of the domain type where there is none")
    func withoutContract() {
        let separator = EIP712.domainSeparator(
            name: "ClobAuthDomain", version: "1", chainID: 137, verifyingContract: nil)
        #expect(separator.hex == "0xcfc66be2a3b30464cb3b588324101f660c9a205fa76e8e5f83ee16a528e1c4cb")
    }
}
