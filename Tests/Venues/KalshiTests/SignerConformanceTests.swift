import Codec
import Foundation
import Signing
import TestKit
import Testing
import Trading

@testable import Kalshi

/// What our signer makes, read by a library that shares no line with our use of it; `Scripts/conformance` provides it.
@Suite(
    "Conformance of Kalshi signatures with cryptography",
    .enabled(
        if: ProcessInfo.processInfo.environment["ARB_CONFORMANCE_SIGNING"] != nil, "run through Scripts/conformance"))
struct SignerConformanceTests {
    @Test("1,000 headers of 20 keys of both kinds verify over the venue's text, and over no other")
    func headers() throws {
        var cases = ""
        for index in 0..<20 {
            let key = try SigningKey(generating: index.isMultiple(of: 2) ? .rsa : .ed25519)
            let auth = Auth(keyID: "id", key: key)
            for turn in 0..<50 {
                let method = try #require(Auth.Method.allCases.randomElement())
                let path = "/trade-api/v2/portfolio/orders/\(UUID().uuidString)"
                let stamp = Int64.random(in: 1...9_000_000_000_000)
                let now = try #require(UTCNanos(milliseconds: stamp))
                let headers = try auth.headers(method, url: "https://h\(path)?turn=\(turn)", at: now)
                let object = [
                    "kind": "request", "key": key.publicPEM, "signature": headers[2].value,
                    "message": "\(stamp)\(method.rawValue)\(path)",
                ]
                cases += String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self) + "\n"
            }
        }
        let place = try Workplace()
        let file = try place.write("cases.jsonl", cases)
        let python = try #require(ProcessInfo.processInfo.environment["ARB_CONFORMANCE_SIGNING"])
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Conformance/verify_signatures.py").standardized.path
        let outcome = try Program.shell("'\(python)' '\(script)' '\(file)'", in: place.url)
        #expect(outcome.out == "request 1000\n" && outcome.status == 0, "\(outcome.out.suffix(500)) \(outcome.err)")
    }
}
