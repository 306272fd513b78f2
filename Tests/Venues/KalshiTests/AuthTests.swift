import Codec
import Foundation
import Signing
import Testing
import Trading

@testable import Kalshi

@Suite("Auth")
struct AuthTests {
    private let host = "https://external-api.kalshi.com"

    private func vectors() throws -> [String: Any] { try Samples.object(Samples.vector("auth_vectors.json")) }

    private func rsaPublic() throws -> VerifyingKey {
        try VerifyingKey(pem: String(decoding: Samples.vector("test_rsa_public.pem"), as: UTF8.self))
    }

    /// PKCS#8 around the raw seed.
    private func ed25519() throws -> SigningKey {
        let seed = try #require(Hex.decode(vectors().object("ed25519").text("seed_hex")))
        let wrapped = try #require(Hex.decode("302e020100300506032b657004220420")) + seed
        let pem = "-----BEGIN PRIVATE KEY-----\n\(Base64.encode(wrapped))\n-----END PRIVATE KEY-----\n"
        let secret = Array(pem.utf8).withUnsafeBytes { Secret($0) }
        return try SigningKey(pem: secret, name: "test key")
    }

    private func instant(_ milliseconds: String) throws -> UTCNanos {
        try #require(Int64(milliseconds).flatMap { UTCNanos(milliseconds: $0) })
    }

    @Test("the signed text of every vector is ours, and its RSA signature verifies over it")
    func messages() throws {
        let key = try rsaPublic()
        let cases = try vectors().list("vectors")
        #expect(cases.count == 8)
        for item in cases {
            let method = try #require(Auth.Method(rawValue: item.text("method")))
            let message = Auth.message(item.text("timestamp_ms"), method, url: host + item.text("request_target"))
            #expect(message == item.text("message") && Hex.encode(message.utf8) == item.text("message_utf8_hex"))
            let signature = try #require(Base64.decode(item.text("rsa_pss_sha256_signature_b64")))
            #expect(key.verifies(signature, of: message))
        }
    }

    @Test("Ed25519 headers equal the vectors byte for byte")
    func ed25519Headers() throws {
        let auth = Auth(keyID: try vectors().text("key_id"), key: try ed25519())
        for item in try vectors().list("vectors") {
            let method = try #require(Auth.Method(rawValue: item.text("method")))
            let headers = try auth.headers(
                method, url: host + item.text("request_target"), at: instant(item.text("timestamp_ms")))
            #expect(headers.map(\.name) == ["KALSHI-ACCESS-KEY", "KALSHI-ACCESS-TIMESTAMP", "KALSHI-ACCESS-SIGNATURE"])
            let signature = try #require(item.keys.first { $0.hasPrefix("ed25519_signature") })
            let expected = [try vectors().text("key_id"), item.text("timestamp_ms"), item.text(signature)]
            #expect(headers.map(\.value) == expected)
        }
    }

    @Test("RSA headers made by us verify over the venue's text, with a new salt each time")
    func rsaHeaders() throws {
        let key = try SigningKey(generating: .rsa)
        let auth = Auth(keyID: "id", key: key)
        let verifier = try VerifyingKey(pem: key.publicPEM)
        let now = try instant("1795219200137")
        let url = host + "/trade-api/v2/portfolio/orders?limit=5"
        let signatures = try (0..<2).map { _ in try auth.headers(.get, url: url, at: now)[2].value }
        #expect(signatures[0] != signatures[1])
        for text in signatures {
            let signature = try #require(Base64.decode(text, alphabet: .standard))
            #expect(signature.count == 256)
            #expect(verifier.verifies(signature, of: "1795219200137GET/trade-api/v2/portfolio/orders"))
        }
    }

    @Test("every wrong signature of the vectors is refused over the text that the venue checks")
    func negatives() throws {
        let key = try rsaPublic()
        let cases = try vectors().list("negative_vectors")
        #expect(cases.count == 6)
        for item in cases {
            let field = try #require(item.keys.first { $0.hasSuffix("signature_b64") })
            let signature = try #require(Base64.decode(item.text(field)))
            #expect(!key.verifies(signature, of: item.text("server_message")), "\(item.text("name"))")
        }
    }

    @Test("the link's target is signed for the socket's path, without its query, in milliseconds of the instant given")
    func linkTarget() throws {
        let auth = Auth(keyID: "id", key: try ed25519())
        let socket = try #require(try vectors().list("vectors").first { $0.text("signed_path").hasSuffix("/ws/v2") })
        // Clock cases: what the venue accepts or refuses is the offset of this stamp; ours adds none.
        for item in try vectors().list("clock_vectors") {
            let offset = Int64(try #require(item["offset_ms"] as? Int))
            let now = try instant(socket.text("timestamp_ms")) + .milliseconds(offset)
            let target = try auth.linkTarget(url: "wss://external-api-ws.kalshi.com/trade-api/ws/v2?x=1", at: now)
            #expect(target.headers[1].value == String(now.rawValue / 1_000_000))
            guard offset == 0 else { continue }
            let field = try #require(socket.keys.first { $0.hasPrefix("ed25519_signature") })
            #expect(target.headers[2].value == socket.text(field))
        }
    }

    @Test(
        "the path of a URL",
        arguments: [
            ("wss://h/trade-api/ws/v2", "/trade-api/ws/v2"), ("https://h:8443/a/b?c=/d", "/a/b"),
            ("https://h/a#b", "/a"),
            ("https://h", "/"), ("https://h/T114999.99", "/T114999.99"),
        ])
    func paths(url: String, path: String) { #expect(Auth.path(of: url) == path) }
}
