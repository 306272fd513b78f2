import Testing

@testable import Codec

@Suite("UTF8Text")
struct UTF8TextTests {
    @Test("agrees with the standard library on random bytes, good and bad")
    func validity() {
        var random = SeededGenerator(state: 3)
        let pieces: [[UInt8]] = [
            [0x61], [0xC3, 0xA9], [0xE2, 0x82, 0xAC], [0xF0, 0x9F, 0x98, 0x80], [0xEF, 0xBF, 0xBF],
            [0xF4, 0x8F, 0xBF, 0xBF],
            [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80], [0xC2, 0x80], [0xE0, 0xA0, 0x80], [0xF0, 0x90, 0x80, 0x80],
        ]
        var good = 0
        for _ in 0..<5000 {
            var bytes = (0..<4).flatMap { _ in pieces.randomElement(using: &random) ?? [] }
            if Bool.random(using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let expected = String(validating: bytes, as: UTF8.self) != nil
            #expect(bytes.withUnsafeBytes { UTF8Text.isValid($0) } == expected, "\(bytes)")
            good += expected ? 1 : 0
        }
        #expect((1000...4500).contains(good))
    }
}
