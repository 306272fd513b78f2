import Testing
import Trading

@testable import Transport

@Suite("HTTP client")
struct HTTPClientTests {
    @Test("without libcurl every request says so, before and after the attempt to load it, and the client still ends")
    func missingLibrary() async {
        let client = HTTPClient(userAgent: "test", library: "libcurl-of-no-machine.so.9")
        for _ in 0..<2 {
            guard case .failure(let fault) = await client.response(to: HTTPRequest("https://127.0.0.1:9/")) else {
                Issue.record("an answer without a library")
                return
            }
            #expect(fault.code == "E_NET_LIBRARY" && fault.text.contains("libcurl-of-no-machine.so.9"), "\(fault)")
        }
        client.close()
    }
}
