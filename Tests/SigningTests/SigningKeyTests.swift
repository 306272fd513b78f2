import Codec
import Foundation
import Signing
import Testing

@Suite("SigningKey")
struct SigningKeyTests {
    /// PKCS#8 of an Ed25519 seed: a fixed prefix and the 32 bytes.
    private static func pem(ed25519Seed seed: [UInt8]) -> String {
        let prefix: [UInt8] = [
            0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ]
        return "-----BEGIN PRIVATE KEY-----\n\(Base64.encode(prefix + seed))\n-----END PRIVATE KEY-----\n"
    }

    private static func secret(_ text: String) -> Secret { Array(text.utf8).withUnsafeBytes { Secret($0) } }

    // Made for this test and used nowhere.
    private static let ellipticCurve = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgnlNilHxj0vx4Fbtw
        RjWPBvL8Z/SflT/umSCjJnGP02WhRANCAASKBe14JIlv9ixAuHnEjJ09PICoVkv/
        qJB3dpSOQGzDk6MUfTLqTKJSvbyZTXe7FRVkfsz+biwKxPehAxPynER7
        -----END PRIVATE KEY-----
        """
    private static let shortRSA = """
        -----BEGIN PRIVATE KEY-----
        MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAMvjdKSOBKjb5lPe
        t/D+mUWoNZdFX8pC+uQEBVbrDCeXuJEtWlD8wZj8FT+bxG3LqXFXMPIbS3BRQXiD
        vVtU/cNyrc56W4Fa07qp0mkoZQLx71g1A1mk6LDAj2qWPsbxpYWDmxX2dTs2i0Ih
        0Ea5asXmB+HdvLwhIHTjwkB9uGVfAgMBAAECgYB4w7b5KO11nxpkHw1Qf10Ft0ZW
        3U6JnPbCS+dlvj8qzGEUDIrsYWnCVb24OWk1p2Yrrftdy/D5DAf9e/qSuFq9c5Ru
        VGVpUN0c2+N2/gQGwGFvtdq87i1mxFQfiOZWr4iV90FZzWpmA0AVcjGjY6QxxIoi
        EDkYoNQQqRvISPjnAQJBAPyLGvrJR361AXg56886/A2wIxI3s4rUzt52Hl3dvV64
        UjSTrq1Nlnt7Cle4HiL+yyexwP+I2d6YJeW7q/L9A58CQQDOrd3soDWEwuyuELVe
        Xg4yLxbN3Rtdr6kM4Wnj88az5H+czNw/WoHHuZHfpwhiCOpDwGGPt0mrB8O6IpYK
        Y0ZBAkBLLE0XoZp6iP6q/vLGeNRWbrvBzHrRNI9vgNGBN2QLMeqmY993DsVgdDub
        6N5vpFBsvGiqp93SeI+vVrHUXqQZAkAB4Srnf/18m5kzbAt6NDjE1BDNBnm9PF+5
        MkOYQxtHf4h5kJNgMB6GBnYBJq+41IPs4c8BU5Vj7Mom4zGiHo0BAkEAjEHiPXMz
        3tCCb6yHNDA1+Q/jdRRfi7itKckfaCx+J5hSWOa9Ba0elv3/prx1+78lFK9fEH3R
        HogzZmTQt7NQNw==
        -----END PRIVATE KEY-----
        """

    @Test("signs what RFC 8032 test 2 says, byte for byte")
    func ed25519() throws {
        let seed = try #require(Hex.decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
        let key = try SigningKey(pem: Self.secret(Self.pem(ed25519Seed: seed)), name: "test")
        #expect(key.kind == .ed25519)
        let signature = try key.sign("r")  // the vector's message is the byte 0x72
        #expect(
            Hex.encode(signature)
                == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
        #expect(try VerifyingKey(pem: key.publicPEM).verifies(signature, of: "r"))
        #expect(try !VerifyingKey(pem: key.publicPEM).verifies(signature, of: "s"))
    }

    @Test("signs with RSA-PSS so that the public half verifies, and never twice alike")
    func rsa() throws {
        let made = try SigningKey(generating: .rsa)
        let key = try SigningKey(pem: Self.secret(made.exportPrivatePEM()), name: "test")
        #expect(key.kind == .rsa)
        #expect(key.bits == 2048)
        let message = "1795219200000GET/trade-api/v2/portfolio/balance"
        let signature = try key.sign(message)
        #expect(signature.count == 256)
        #expect(try key.sign(message) != signature)
        let verifier = try VerifyingKey(pem: made.publicPEM)
        #expect(verifier.verifies(signature, of: message))
        #expect(!verifier.verifies(signature, of: message + "?"))
        var damaged = signature
        damaged[100] ^= 1
        #expect(!verifier.verifies(damaged, of: message))
    }

    @Test("one key signs on several threads at once", arguments: [SigningKey.Kind.rsa, .ed25519])
    func threads(kind: SigningKey.Kind) async throws {
        let key = try SigningKey(generating: kind)
        let verifier = try VerifyingKey(pem: key.publicPEM)
        let good = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<4 {
                group.addTask {
                    try (0..<50).count { verifier.verifies(try key.sign("\(task) \($0)"), of: "\(task) \($0)") }
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(good == 200)
    }

    @Test("refuses what is no key, an encrypted key and a short key, each in words")
    func refusals() throws {
        #expect(throws: SigningFault.self) { try SigningKey(pem: Self.secret("hello"), name: "k") }
        let hex = String(repeating: "0", count: 63) + "1"
        let kinds = [
            (Self.ellipticCurve, "neither"), (Self.shortRSA, "1024 bits"), (hex, "no private key in PEM form"),
            ("", "PEM"),
        ]
        for (text, words) in kinds {
            let fault = #expect(throws: SigningFault.self) { try SigningKey(pem: Self.secret(text), name: "k") }
            #expect(fault?.code == "E_AUTH_KEY_KIND" && fault?.text.contains(words) == true)
        }
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n"
        let fault = #expect(throws: SigningFault.self) { try SigningKey(pem: Self.secret(encrypted), name: "k.pem") }
        #expect(fault?.code == "E_AUTH_KEY_ENCRYPTED")
        #expect(fault?.text.contains("k.pem") == true)
    }

    @Test("a secret lies on pages of its own that no core dump has, and that are locked where the system allows it")
    func pages() throws {
        let secret = Self.secret("a secret of thirty-two bytes ....")
        let address = secret.withBytes { UInt(bitPattern: $0.baseAddress) }
        let limits = try String(contentsOfFile: "/proc/self/limits", encoding: .utf8).split(separator: "\n")
        let locked = limits.first { $0.hasPrefix("Max locked memory") }?.split(separator: " ").dropFirst(3).first ?? "0"
        var isHere = false
        var flags: [Substring] = []
        // Read to its end: the file says that it is empty, and a whole-file read believes it.
        let smaps = try #require(try FileHandle(forReadingAtPath: "/proc/self/smaps")?.readToEnd())
        for line in String(decoding: smaps, as: UTF8.self).split(separator: "\n") {
            let bounds = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
            if bounds.count == 2 { isHere = (bounds[0]..<bounds[1]).contains(address) }
            if isHere, line.hasPrefix("VmFlags:") { flags = line.dropFirst(8).split(separator: " ") }
        }
        // It lives until here: let go, its pages are gone.
        withExtendedLifetime(secret) {}
        #expect(flags.contains("dd"), "a core dump would have it: \(flags)")
        #expect(flags.contains("lo") || Int(locked).map { $0 < 1 << 20 } ?? false, "not locked: \(flags)")
    }

    @Test("a secret shows nothing of itself")
    func silence() {
        let secret = Self.secret("hunter2 hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("hunter2"))
    }
}

@Suite("KeyFile")
struct KeyFileTests {
    @Test(
        "takes only files that are ours alone",
        arguments: [(0o600, true), (0o400, true), (0o644, false), (0o640, false), (0o700, false)] as [(Int, Bool)])
    func modes(mode: Int, accepted: Bool) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "arb-keyfile-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "key.pem").path
        try Data("secret".utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        guard !accepted else {
            #expect(try KeyFile.load(path).count == 6)
            return
        }
        let fault = #expect(throws: SigningFault.self) { try KeyFile.load(path) }
        #expect(fault?.code == "E_AUTH_KEY_MODE")
        #expect(fault?.text.contains("chmod 600") == true)
    }

    @Test("says what it cannot read")
    func unreadable() {
        let fault = #expect(throws: SigningFault.self) { try KeyFile.load("/nonexistent/key.pem") }
        #expect(fault?.code == "E_AUTH_KEY_UNREADABLE")
        #expect(throws: SigningFault.self) { try KeyFile.load("/tmp") }
    }
}

@Suite("Digest")
struct DigestTests {
    @Test("equals the published vectors, fed whole or in pieces")
    func vectors() {
        #expect(Digest.hex(.sha1, "abc") == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(Digest.hex(.sha256, "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Digest.hex(.sha256, "") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let digest = Digest(.sha1)
        for byte in "abc".utf8 { digest.update([byte]) }
        #expect(digest.finishHex() == Digest.hex(.sha1, "abc"))
        digest.update(Array("abc".utf8))
        #expect(digest.finishHex() == Digest.hex(.sha1, "abc"))
    }
}
