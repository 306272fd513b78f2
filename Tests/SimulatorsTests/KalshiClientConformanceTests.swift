import Foundation
import Signing
import TestKit
import Testing
import Trading

@testable import Simulators

/// Requests signed by another library against the loopback Kalshi over TLS; `Scripts/conformance` provides it.
@Suite(
    "Conformance of the loopback Kalshi with requests signed by cryptography", .serialized,
    .enabled(
        if: ProcessInfo.processInfo.environment["ARB_CONFORMANCE_SIGNING"] != nil, "run through Scripts/conformance"))
struct KalshiClientConformanceTests {
    @Test("every call is answered as documented", arguments: [SigningKey.Kind.ed25519, .rsa])
    func client(kind: SigningKey.Kind) throws {
        let place = try Workplace()
        var settings = SimWorld.Settings()
        settings.pairs = 1
        settings.isSteady = true
        settings.plants = false
        settings.seed = 3
        let world = SimWorld(settings)
        let key = try SigningKey(generating: kind)
        var kalshi = KalshiTradingSettings()
        kalshi.keys = [KalshiTradingSettings.Key(id: "conformance", publicPEM: key.publicPEM)]
        var trading = LoopbackVenues.Trading()
        let made = kalshi
        trading.kalshi = { KalshiTrading($0.pairs, made) }
        let authority = try ThrowawayCA(folder: place.url.path)
        let venues = try LoopbackVenues(settings, authority: authority, publicKey: nil, trading: trading)
        defer { _ = venues.stop() }
        let book = world.pairs[0].kalshi
        let values: [String: Any] = [
            "port": venues.kalshiPort, "authority": authority.authority, "key_id": "conformance",
            "key_file": try place.write("key.pem", key.exportPrivatePEM()), "ticker": world.pairs[0].ticker,
            "bid": SimText.four(try #require(book.bestBid)), "ask": SimText.four(try #require(book.bestAsk)),
        ]
        let file = try place.write(
            "place.json", String(decoding: try JSONSerialization.data(withJSONObject: values), as: UTF8.self))
        let python = try #require(ProcessInfo.processInfo.environment["ARB_CONFORMANCE_SIGNING"])
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Conformance/kalshi_raw.py").standardized.path
        let outcome = try Program.shell("'\(python)' '\(script)' '\(file)'", in: place.url, seconds: 60)
        #expect(outcome.status == 0, "\(outcome.out.suffix(2_000)) \(outcome.err.suffix(3_000))")
        print("conformance: kalshi_raw.py (\(kind)) \(outcome.lines.last ?? "")")
        let truth = venues.truth
        #expect(truth.filter { $0.kind == .filled && $0.account == "ours" }.reduce(0) { $0 + $1.quantity } == 8_000_000)
    }
}
