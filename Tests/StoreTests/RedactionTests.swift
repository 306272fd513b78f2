import Testing

@testable import Store

/// What both venues' documents call by a name that proves who we are, in the places where it may come back to us.
@Suite("Redaction")
struct RedactionTests {
    private static let kept = "5c1f4e06-6f2f-4a8e-9e55-0d6f0a1b2c3d"

    /// Names of the sheets: headers of both venues, credentials, signed bodies, owners of orders and trades.
    static let names = [
        "KALSHI-ACCESS-KEY", "KALSHI-ACCESS-SIGNATURE", "kalshi-access-key", "api_key_id", "api_key", "private_key",
        "POLY_SIGNATURE", "POLY_API_KEY", "POLY_PASSPHRASE", "poly_passphrase", "apiKey", "apikey", "secret",
        "passphrase", "signature", "owner", "order_owner", "trade_owner", "auth", "Authorization", "Cookie",
        "Set-Cookie",
        "session_id", "token", "access_token", "csrf-token", "password", "apiKeys", "credentials", "jwt",
    ]

    private func clean(_ text: String) -> String { Redaction.redacted(Array(text.utf8)) }

    @Test("a member of that name loses its value, whatever the value is, and its neighbours stay", arguments: names)
    func members(name: String) {
        let values = [
            "\"hunter2\"", "\"a \\\"hunter2\\\" b\"", "[\"hunter2\",\"hunter2\"]", "{\"x\":{\"y\":[\"hunter2\"]}}",
            "42424242",
        ]
        for value in values {
            for space in ["", " ", "\n  "] {
                let text = "{\"price\":\"0.44\",\"\(name)\"\(space):\(space)\(value),\"id\":\"\(Self.kept)\"}"
                let found = clean(text)
                #expect(!found.contains("hunter2") && !found.contains("42424242"), "\(found)")
                #expect(found.contains("0.44") && found.contains(Self.kept), "\(found)")
            }
        }
        // Deep inside, last, and cut off in its middle.
        #expect(!clean("[{\"a\":[{\"\(name)\":\"hunter2\"}]}]").contains("hunter2"))
        #expect(!clean("{\"a\":1,\"\(name)\":\"hunter2").contains("hunter2"))
        #expect(!clean("{\"a\":1,\"\(name)\":[\"hunter2\",\"hunt").contains("hunter2"))
    }

    @Test(
        "a header, a parameter and a cookie of that name lose theirs, in plain text and inside of a text",
        arguments: names)
    func headers(name: String) {
        let lines = [
            "\(name): hunter2 and more\r\nDate: today", "\(name):hunter2\nDate: today",
            "GET /x?a=1&\(name)=hunter2&b=2 today",
            "a=1; \(name)=hunter2; today", "\(name)=\"hunter2 and\" today",
        ]
        for line in lines {
            let plain = clean(line)
            #expect(!plain.contains("hunter2") && plain.contains("oday"), "\(plain)")
            let quoted = clean(
                "{\"error\":\"\(line.replacing("\"", with: "\\\"").replacing("\r\n", with: "\\n"))\",\"n\":7}")
            #expect(!quoted.contains("hunter2") && quoted.contains("\"n\":7"), "\(quoted)")
        }
        // JSON in a text of JSON, and a body that is broken.
        #expect(!clean("{\"m\":\"{\\\"\(name)\\\":\\\"hunter2\\\"}\"}").contains("hunter2"))
        #expect(!clean("{\(name)=\"hunter2\"}").contains("hunter2"))
        #expect(!clean("oops {\"\(name)\":\"hunter2\"}").contains("hunter2"))
    }

    @Test("a name that is written with escapes hides what is behind it")
    func escaped() {
        #expect(!clean("{\"sig\\u006eature\":\"hunter2\"}").contains("hunter2"))
    }

    @Test("what has the form of a signature, a key or a token goes without any name")
    func shapes() {
        let hex = String(repeating: "0123456789abcdef", count: 40)
        let secrets = [
            "0x" + String(hex.prefix(130)),  // ECDSA, 65 bytes
            "0x" + String(hex.prefix(634)),  // of a deposit wallet, 317 bytes
            String(hex.prefix(64)),  // a passphrase
            "s7uhmW0Xb7w3q7jC8L2fP0mJ4nUZ9Q+1kE5vYtR6oXg=",  // HMAC or Ed25519 seed in base64
            "s7uhmW0Xb7w3q7jC8L2fP0mJ4nUZ9Q-1kE5vYtR6oX_=",
            String(repeating: "Ab3+/", count: 68) + "abcd",  // RSA-2048
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVP",
            "Bearer short7", "Basic c2hvcnQ=",
            "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----",
        ]
        for secret in secrets {
            for text in ["{\"x\":\"\(secret)\",\"n\":7}", "<p>\(secret)</p>", secret] {
                let found = clean(text)
                #expect(!found.contains(secret.suffix(6)) && found.contains("[redacted]"), "\(found)")
            }
        }
    }

    @Test("names of orders, markets, tokens and trades stay, and so do the words of a refusal")
    func stays() {
        let texts = [
            "{\"order_id\":\"\(Self.kept)\",\"client_order_id\":\"\(Self.kept)\",\"ticker\":\"KXFED-26DEC-C25\"}",
            "{\"orderID\":\"0xd653e88e6effe5ab1223ac36db98953a0c1a8b0bd1cdbaf0cdf5efb0aa0d7c11\",\"success\":true}",
            "{\"asset_id\":\"71321045679252212594626385532706912750332728571942532289631379312455583992563\"}",
            "{\"error\":{\"code\":\"authentication_error\",\"details\":\"INCORRECT_API_KEY_SIGNATURE\"}}",
            "{\"error\":\"Unauthorized/Invalid api key\"}", "{\"signatureType\":2,\"price\":\"0.56\"}",
            "{\"error\":\"the order owner has to be the owner of the API KEY\"}",
            "{\"error\":\"signature_is_missing_from_headers\"}", "{\"error\":{\"code\":\"insufficient_balance\"}}",
            "not enough balance / allowance: the balance is not enough", "", "{", "[]", "\"a\"", "null",
        ]
        for text in texts { #expect(clean(text) == text) }
    }

    @Test("a text that is too long is cut at a whole character, marked with its length, and never in half a secret")
    func cut() {
        let long = clean(String(repeating: "é ", count: 5_000))
        #expect(long.utf8.count <= Redaction.bodyMax && long.hasSuffix("…[cut: 15000 bytes]"))
        #expect(!long.contains("\u{FFFD}"))
        // Bytes that were cut before they came here.
        let half = Redaction.redacted(Array("{\"a\":1,\"signature\":\"0xabcdef".utf8), whole: 9_000)
        #expect(!half.contains("abcdef") && half.hasSuffix("…[cut: 9000 bytes]"))
        #expect(!Redaction.redacted(Array("key is Ab3dEf6hIj".utf8), whole: 9_000).contains("Ab3dEf6hIj"))
        // What stands instead of secrets is longer than they were.
        let many = clean("{" + String(repeating: "\"sig\":1,", count: 400) + "\"n\":7}")
        #expect(many.utf8.count <= Redaction.bodyMax && many.contains("…[cut: "))
        // Bytes that are no text.
        let wild = Redaction.redacted((0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 167) })
        #expect(wild.utf8.count <= Redaction.bodyMax)
    }
}
