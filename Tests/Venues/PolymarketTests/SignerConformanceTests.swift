import Codec
import Foundation
import Signing
import TestKit
import Testing
import Trading

@testable import Polymarket

/// What our signer makes, read by libraries that share no line with it; `Scripts/conformance` provides them.
@Suite(
    "Conformance of Polymarket signatures with eth-account",
    .enabled(
        if: ProcessInfo.processInfo.environment["ARB_CONFORMANCE_SIGNING"] != nil, "run through Scripts/conformance"))
struct SignerConformanceTests {
    private static let exchanges: [Exchange] = [.standard, .negRisk, .protocolV2, .legacy, .legacyNegRisk]

    private func line(_ object: [String: Any]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self) + "\n"
    }

    /// Runs the verifier over cases and answers what it printed.
    private func verify(_ cases: [String]) throws -> [String] {
        let place = try Workplace()
        let file = try place.write("cases.jsonl", cases.joined())
        let python = try #require(ProcessInfo.processInfo.environment["ARB_CONFORMANCE_SIGNING"])
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Conformance/verify_signatures.py").standardized.path
        let outcome = try Program.shell("'\(python)' '\(script)' '\(file)'", in: place.url)
        #expect(outcome.status == 0, "\(outcome.out.suffix(2_000)) \(outcome.err.suffix(2_000))")
        return outcome.lines.map(String.init)
    }

    private func randomToken() throws -> TokenID {
        let digits = (0..<Int.random(in: 1...77)).map { String(Int.random(in: $0 == 0 ? 1...9 : 0...9)) }
        return try #require(TokenID(digits.joined()))
    }

    private func randomWallet(_ key: WalletKey, _ exchange: Exchange) throws -> Wallet {
        let kinds: [Wallet.Kind] = exchange.generation == .v1 ? [.account, .proxy, .safe] : Wallet.Kind.allCases
        let kind = try #require(kinds.randomElement())
        let address = try #require(Wallet.derived(kind, of: key.address).randomElement())
        return try Wallet(kind, address: address, owner: key.address)
    }

    private func randomOrder(_ index: Int) throws -> String {
        let key = try WalletKey()
        let exchange = try #require(Self.exchanges.randomElement())
        let wallet = try randomWallet(key, exchange)
        let isDecorated = exchange.generation != .v1 && Bool.random()
        let noise = [Bytes32.zero, isDecorated ? Keccak256.hash("\(index)") : .zero]
        let template = try OrderTemplate(
            exchange: exchange, wallet: wallet, tokenID: randomToken(), owner: UUID().uuidString.lowercased(),
            metadata: noise[1], builder: Bool.random() ? noise[1] : noise[0])
        let end = UTCNanos(rawValue: Int64.random(in: 1_795_000_000...1_999_000_000) * 1_000_000_000)
        let lifetimes: [OrderTicket.Lifetime] = [
            .ioc, .fok, .gtc(isPostOnly: true), .gtc(isPostOnly: false), .gtd(end, isPostOnly: Bool.random()),
        ]
        let ticket = OrderTicket(
            salt: UInt64.random(in: 0..<OrderTicket.saltEnd), side: Bool.random() ? .buy : .sell,
            makerAmount: BaseUnits(rawValue: UInt64.random(in: 1...1_000_000_000_000)),
            takerAmount: BaseUnits(rawValue: UInt64.random(in: 1...1_000_000_000_000)),
            transactTime: UTCNanos(rawValue: Int64.random(in: 0...1_999_000_000_000_000_000)),
            lifetime: try #require(lifetimes.randomElement()))
        var legacy = LegacyTerms()
        legacy.nonce = UInt64.random(in: 0...9)
        legacy.feeRateBps = UInt64.random(in: 0...1_000)
        var body: [UInt8] = []
        let signer = try OrderSigner(key: key, wallet: wallet)
        let hash = try signer.write(ticket, template, legacy: legacy, to: &body)
        let signature = try signer.sign(ticket, template, legacy: legacy).signature
        return try line([
            "kind": "order", "hash": hash.hex, "signature": signature.hex, "owner": key.address.checksummed,
            "body": String(decoding: body, as: UTF8.self), "mutate": index.isMultiple(of: 2),
            "domain": [
                "name": "Polymarket CTF Exchange", "version": exchange.generation.rawValue, "chainId": 137,
                "verifyingContract": exchange.contract.checksummed,
            ] as [String: Any],
            "message": [
                "salt": "\(ticket.salt)", "maker": wallet.address.checksummed, "signer": wallet.signer.checksummed,
                "taker": legacy.taker.checksummed, "tokenId": template.tokenID.text,
                "makerAmount": "\(ticket.makerAmount.rawValue)", "takerAmount": "\(ticket.takerAmount.rawValue)",
                "expiration": "\(ticket.expiration)", "nonce": "\(legacy.nonce)", "feeRateBps": "\(legacy.feeRateBps)",
                "side": "\(ticket.side.rawValue)", "signatureType": "\(wallet.kind.rawValue)",
                "timestamp": "\(ticket.milliseconds)", "metadata": template.metadata.hex,
                "builder": template.builder.hex,
            ],
        ])
    }

    @Test("1,000 random orders, in four parts: hash, signer, envelope and body; a changed one is another signer's")
    func orders() throws {
        for part in 0..<4 { #expect(try verify((0..<250).map { try randomOrder(part * 250 + $0) }) == ["order 250"]) }
    }

    @Test("50 requests for API keys and 200 authentication codes")
    func headers() throws {
        var cases: [String] = []
        for index in 0..<50 {
            let key = try WalletKey()
            let seconds = Int64.random(in: 1...4_000_000_000)
            let headers = try Auth.loginHeaders(
                key: key, nonce: UInt64(index), at: UTCNanos(rawValue: seconds * 1_000_000_000))
            cases.append(
                try line([
                    "kind": "login", "owner": key.address.checksummed, "timestamp": "\(seconds)", "nonce": "\(index)",
                    "signature": headers[1].value,
                ]))
        }
        for index in 0..<200 {
            let secret = Base64.encode(
                (0...Int.random(in: 0...99)).map { _ in UInt8.random(in: 0...255) }, alphabet: .url)
            let body = Array(String(repeating: "x", count: index).utf8)
            let keys = try ApiCredentials(
                address: .zero, apiKey: "a", secret: Samples.secret(secret), passphrase: Samples.secret("p"))
            let headers = keys.headers(
                .post, path: "/order?query", body: body, at: UTCNanos(rawValue: Int64(index) * 1_000_000_000))
            cases.append(
                try line([
                    "kind": "code", "secret": secret, "signature": headers[1].value,
                    "message": "\(index)POST/order" + String(decoding: body, as: UTF8.self),
                ]))
        }
        #expect(try verify(cases) == ["code 200", "login 50"])
    }
}
