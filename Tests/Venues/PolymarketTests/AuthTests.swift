import Codec
import Foundation
import Signing
import Testing
import Trading

@testable import Polymarket

/// Vectors of this target.
enum Samples {
    private static let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

    static func object(_ name: String) throws -> [String: Any] {
        let data = try Data(contentsOf: here.appending(path: "Vectors/\(name)"))
        guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw CocoaError(.fileReadCorruptFile)
        }
        return object
    }

    /// The key of every vector.
    static func key() throws -> WalletKey {
        let text = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
        return try WalletKey(hex: secret(text), name: "test key")
    }

    static func secret(_ text: String) -> Secret { Array(text.utf8).withUnsafeBytes { Secret($0) } }
}

extension Dictionary where Key == String, Value == Any {
    func text(_ key: String) -> String { self[key] as? String ?? "" }
    func list(_ key: String) -> [[String: Any]] { self[key] as? [[String: Any]] ?? [] }
    func object(_ key: String) -> [String: Any] { self[key] as? [String: Any] ?? [:] }
}

@Suite("Auth: asking for API keys")
struct LoginTests {
    @Test("equals every vector: digest, signature, headers")
    func vectors() throws {
        let cases = try Samples.object("l1_clobauth_vectors.json").list("vectors")
        #expect(cases.count == 4)
        let key = try Samples.key()
        for item in cases {
            let nonce = UInt64(try #require(item["nonce"] as? Int))
            let chainID = UInt64(try #require(item["chain_id"] as? Int))
            let digest = Auth.loginDigest(of: key.address, item.text("timestamp"), nonce: nonce, chainID: chainID)
            #expect(digest.hex == item.text("digest"))
            let seconds = try #require(Int64(item.text("timestamp")))
            // Half a second later is the same second.
            let now = UTCNanos(rawValue: seconds * 1_000_000_000 + 500_000_000)
            let headers = try Auth.loginHeaders(key: key, nonce: nonce, at: now, chainID: chainID)
            let wanted = try #require(item["headers"] as? [String: String])
            #expect(Dictionary(uniqueKeysWithValues: headers.map { ($0.name, $0.value) }) == wanted)
        }
    }
}

@Suite("ApiCredentials")
struct ApiCredentialsTests {
    private let address = try? EthereumAddress("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")

    private func credentials(
        apiKey: String = "11111111-2222-3333-4444-555555555555", secret: String, passphrase: String = "c0ffee"
    ) throws -> ApiCredentials {
        try ApiCredentials(
            address: #require(address), apiKey: apiKey, secret: Samples.secret(secret),
            passphrase: Samples.secret(passphrase))
    }

    @Test("the code equals every vector, with the query left out, and one object serves them again and again")
    func vectors() throws {
        let cases = try Samples.object("l2_hmac_vectors.json").list("vectors")
        #expect(cases.count >= 9)
        for item in cases {
            let keys = try credentials(secret: item.text("secret"))
            let body = Array((item["body"] as? String ?? "").utf8)
            for path in [item.text("path"), item.text("path") + "?next_cursor=MA=="] {
                let code = keys.code(item.text("timestamp"), item.text("method"), path, body)
                #expect(Base64.encode(code.bytes, alphabet: .url) == item.text("signature"))
            }
            guard let method = Auth.Method(rawValue: item.text("method")) else { continue }
            let now = UTCNanos(rawValue: try #require(Int64(item.text("timestamp"))) * 1_000_000_000 + 1)
            let headers = keys.headers(method, path: item.text("path"), body: body, at: now)
            let wanted = [
                "POLY_ADDRESS": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "POLY_SIGNATURE": item.text("signature"),
                "POLY_TIMESTAMP": item.text("timestamp"), "POLY_API_KEY": "11111111-2222-3333-4444-555555555555",
                "POLY_PASSPHRASE": "c0ffee",
            ]
            #expect(Dictionary(uniqueKeysWithValues: headers.map { ($0.name, $0.value) }) == wanted)
            var request = Array("POST / HTTP/1.1\r\n".utf8)
            keys.appendHeaders(method, path: item.text("path"), body: body, at: now, to: &request)
            let lines = String(decoding: request, as: UTF8.self).components(separatedBy: "\r\n").dropFirst().dropLast()
            #expect(Set(lines) == Set(wanted.map { "\($0.key): \($0.value)" }))
        }
    }

    @Test("takes the secret in either alphabet")
    func alphabets() throws {
        let body = Array("{}".utf8)
        let url = try credentials(secret: "-yBFao-02f4jSG2St9wBJktwlbrfBClOc5i94gcsUXY=")
        let standard = try credentials(secret: "+yBFao+02f4jSG2St9wBJktwlbrfBClOc5i94gcsUXY=")
        #expect(url.code("1", "POST", "/order", body) == standard.code("1", "POST", "/order", body))
    }

    @Test(
        "refuses what cannot be a key, a secret or a passphrase, and shows none of it",
        arguments: [
            ("a\r\nX: y", "AAAA", "p"), ("", "AAAA", "p"), ("a\"b", "AAAA", "p"), ("a", "not base64!", "p"),
            ("a", "", "p"),
            ("a", "AAAA", ""), ("a", "AAAA", "hush\r\nhush"), (String(repeating: "a", count: 65), "AAAA", "p"),
        ])
    func refusals(apiKey: String, secret: String, passphrase: String) {
        let fault = #expect(throws: SigningFault.self) {
            try credentials(apiKey: apiKey, secret: secret, passphrase: passphrase)
        }
        #expect(fault?.code == "E_AUTH_CREDENTIALS")
        #expect(fault?.text.contains("hush") == false && fault?.text.contains("not base64!") == false)
    }

    @Test("cannot be printed")
    func silence() throws {
        var shown = ""
        dump(try credentials(secret: "-yBFao-02f4jSG2St9wBJktwlbrfBClOc5i94gcsUXY="), to: &shown)
        #expect(!shown.contains("yBFao") && !shown.contains("c0ffee") && !shown.contains("99, 48, 102"))
    }
}
