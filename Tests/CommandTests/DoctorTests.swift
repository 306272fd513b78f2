import Foundation
import Signing
import TestKit
import Testing

/// `arb doctor --offline`: each thing that is not well is named in one line with what to do.
@Suite("arb doctor")
struct DoctorTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    private func findings(_ words: String..., status: Int32? = nil) throws -> [String: [String: Any]] {
        let outcome = try desk.arb.run(["doctor", "--offline", "--json"] + words, in: desk.place.url)
        if let status { #expect(outcome.status == status, "\(outcome.out)\(outcome.err)") }
        return Dictionary(
            try objects(outcome.out).map { ($0["check"] as? String ?? "", $0) }, uniquingKeysWith: { first, _ in first }
        )
    }

    private func set(_ line: String, in section: String) throws {
        var text = try String(contentsOf: desk.place.url.appending(path: "arb.toml"), encoding: .utf8)
        let key = line.prefix { $0 != "=" }
        if let old = text.split(separator: "\n").first(where: { $0.hasPrefix(key) }) {
            text = text.replacing(old, with: line)
        } else {
            text = text.replacing("[\(section)]", with: "[\(section)]\n\(line)")
        }
        try desk.place.write("arb.toml", text)
    }

    private func write(_ name: String, _ text: String, mode: Int = 0o600) throws {
        try desk.place.write(name, text)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: desk.place.path(name))
    }

    @Test("a good desk has no failure; each line has check, level, text, fix and code")
    func good() throws {
        let found = try findings(status: 0)
        for check in [
            "configuration", "pairs", "limits", "kalshi.key", "polymarket.wallet", "state", "tls", "lanes",
            "descriptors", "clock", "libraries",
        ] {
            let finding = try #require(found[check], "\(check)")
            #expect(finding["schema"] as? String == "arb.doctor/1" && finding["code"] is String)
            let isWell = finding["level"] as? String == "ok"
            #expect((finding["fix"] as? String)?.isEmpty == isWell, "\(finding)")
        }
        #expect(found["kalshi.key"]?["text"] as? String == "Ed25519, mode 0600, key id test…")
        #expect((found["libraries"]?["text"] as? String)?.contains("OpenSSL 3") == true)
        let text = try desk.run("doctor", "--offline")
        #expect(text.lines.allSatisfy { $0.count <= 80 } && text.out.contains(" ok, "))
    }

    @Test("a key that others may read: exit 77 and the command that mends it")
    func mode() throws {
        try write("kalshi.pem", try SigningKey(generating: .ed25519).exportPrivatePEM(), mode: 0o644)
        let key = try #require(try findings(status: 77)["kalshi.key"])
        #expect(key["code"] as? String == "E_AUTH_KEY_MODE" && (key["text"] as? String)?.contains("chmod 600") == true)
    }

    @Test(
        "keys of the wrong kind, encrypted, missing or damaged",
        arguments: [
            ("-----BEGIN EC PRIVATE KEY-----\nMHc=\n-----END EC PRIVATE KEY-----\n", "E_AUTH_KEY_KIND"),
            (
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMHc=\n-----END ENCRYPTED PRIVATE KEY-----\n",
                "E_AUTH_KEY_ENCRYPTED"
            ),
        ])
    func keys(pem: String, code: String) throws {
        try write("kalshi.pem", pem)
        let key = try #require(try findings(status: 6)["kalshi.key"])
        #expect(key["code"] as? String == code && key["level"] as? String == "fail")
        try FileManager.default.removeItem(atPath: desk.place.path("kalshi.pem"))
        #expect(try findings(status: 6)["kalshi.key"]?["code"] as? String == "E_AUTH_KEY_UNREADABLE")
    }

    @Test("a funder that does not belong to the signer is named with the type that would fit")
    func funder() throws {
        // The second key of every test chain: its own account, so no safe of it.
        try write("wallet.hex", "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d\n")
        try set("private_key_file = \"kalshi.pem\"", in: "venues.kalshi")
        var text = try String(contentsOf: desk.place.url.appending(path: "arb.toml"), encoding: .utf8)
        text += "private_key_file = \"wallet.hex\"\nfunder = \"0x70997970C51812dc3A010C7d01b50e0d17dc79C8\"\n"
        try desk.place.write("arb.toml", text)
        let wrong = try #require(try findings(status: 6)["polymarket.wallet"])
        #expect(wrong["code"] as? String == "E_AUTH_FUNDER")
        #expect((wrong["text"] as? String)?.contains("its signature type is 0") == true)
        try desk.place.write("arb.toml", text + "signature_type = 0\n")
        let right = try #require(try findings(status: 0)["polymarket.wallet"])
        #expect((right["text"] as? String)?.contains("0x70997970C51812dc3A010C7d01b50e0d17dc79C8") == true)
        try desk.place.write("arb.toml", text.replacing("0x70997970C5", with: "0x70997970c5") + "signature_type = 0\n")
        #expect(try findings(status: 6)["polymarket.wallet"]?["code"] as? String == "E_AUTH_ADDRESS")
        try write("wallet.hex", "0x00\n")
        #expect(try findings(status: 6)["polymarket.wallet"]?["code"] as? String == "E_AUTH_KEY_HEX")
        try write("wallet.hex", "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d\n", mode: 0o640)
        #expect(try findings(status: 77)["polymarket.wallet"]?["code"] as? String == "E_AUTH_KEY_MODE")
    }

    @Test("no key is never printed, whatever is wrong")
    func secrets() throws {
        try write("wallet.hex", "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d\n")
        let text = try String(contentsOf: desk.place.url.appending(path: "arb.toml"), encoding: .utf8)
        try desk.place.write("arb.toml", text + "private_key_file = \"wallet.hex\"\nsignature_type = 0\n")
        for words in [["doctor", "--offline"], ["doctor", "--offline", "--json"]] {
            let outcome = try desk.arb.run(words, in: desk.place.url)
            #expect(!(outcome.out + outcome.err).contains("59c6995e"))
            #expect(!(outcome.out + outcome.err).contains("PRIVATE"))
        }
    }

    @Test("a state folder that others may write is a failure with exit 77, a held one is told with its holder")
    func state() throws {
        try FileManager.default.createDirectory(
            atPath: desk.place.path("state"), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o777])
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: desk.place.path("state"))
        #expect(try findings(status: 77)["state"]?["code"] as? String == "E_STORE_MODE")
    }

    @Test("limits that contradict each other, and files without an approved pair")
    func limits() throws {
        try set("max_order_usd = \"900\"", in: "sizing")
        let outcome = try desk.arb.run(
            ["doctor", "--offline", "--json"], in: desk.place.url,
            environment: ["ARB__SIZING__MAX_ORDER_USD": "900"])
        #expect(outcome.status == 0 && outcome.out.contains("risk.max_pair_usd"))
        try desk.place.write("Markets/fed.toml", Desk.pairs.replacing("\"approved\"", with: "\"proposed\""))
        #expect(try findings()["pairs"]?["level"] as? String == "warn")
    }
}
