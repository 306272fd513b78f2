import Testing

@testable import Transport

@Suite("A mirror for requests that go nowhere")
struct TLSMirrorTests {
    @Test("it takes any number of requests and never blocks: its far end throws them away")
    func takesAll() throws {
        let mirror = try #require(TLSMirror())
        let request = [UInt8](repeating: 0x41, count: 4_000)
        // Ten times what both socket buffers hold.
        for _ in 0..<20_000 { request.withUnsafeBytes { mirror.write($0) } }
        #expect(!mirror.isBroken)
    }
}
