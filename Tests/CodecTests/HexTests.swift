import Testing

@testable import Codec

@Suite("Hex")
struct HexTests {
    @Test("every byte goes to two lower-case letters and back, in either case")
    func roundTrip() {
        let bytes = (0...255).map { UInt8($0) }
        let text = Hex.encode(bytes)
        #expect(text.hasPrefix("000102030405060708090a0b0c0d0e0f10") && text.hasSuffix("fdfeff"))
        #expect(Hex.decode(text) == bytes)
        #expect(Hex.decode(text.uppercased()) == bytes)
        #expect(Hex.decode("0x" + text, prefixed: true) == bytes)
        #expect(Hex.decode("") == [])
    }

    @Test(
        "refuses odd lengths, other letters and a prefix that was not asked for",
        arguments: ["0", "0g", "0x00", " 00", "00 ", "é"])
    func refused(_ text: String) {
        #expect(Hex.decode(text) == nil)
    }

    @Test("asks for the prefix when it is required", arguments: ["", "0", "00", "x0", "0X00", "0x0", "1x00"])
    func prefix(_ text: String) {
        #expect(Hex.decode(text, prefixed: true) == nil)
    }
}
