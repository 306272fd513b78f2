import Testing

@testable import Threading

@Suite("CRC32C")
struct CRC32CTests {
    @Test(
        "gives the values of RFC 3720",
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0..<32), 0x46DD_794E), (Array((0..<32).reversed()), 0x113F_DB5C),
            (Array("123456789".utf8), 0xE306_9283),
        ] as [([UInt8], UInt32)])
    func vectors(bytes: [UInt8], expected: UInt32) {
        #expect(bytes.withUnsafeBytes { CRC32C.of($0) } == expected)
        #expect(bytes.withUnsafeBytes { CRC32C.byTable($0) } == expected)
    }

    @Test("the processor and the table agree at every length")
    func lengths() {
        let bytes = (0..<600).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
        for count in bytes.indices {
            let slice = Array(bytes[count...])
            #expect(slice.withUnsafeBytes { CRC32C.of($0) } == slice.withUnsafeBytes { CRC32C.byTable($0) })
            #expect(
                slice.withUnsafeBytes { CRC32C.ofHalves($0) } == slice.withUnsafeBytes { CRC32C.ofHalvesByTable($0) })
        }
    }
}
