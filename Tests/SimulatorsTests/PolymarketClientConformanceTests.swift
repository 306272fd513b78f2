import Foundation
import Signing
import TestKit
import Testing
import Trading

@testable import Simulators

/// The venue's own clients, unchanged, against the loopback venue over TLS; `Scripts/conformance` provides them.
@Suite(
    "Conformance of the loopback Polymarket with its official clients", .serialized,
    .enabled(
        if: ProcessInfo.processInfo.environment["ARB_CONFORMANCE_POLYMARKET"] != nil, "run through Scripts/conformance")
)
struct PolymarketClientConformanceTests {
    private let key = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"

    /// Position ids have 64 zero bits in their middle.
    private static let position = "1662864085140938409653700456423626137158360760320"

    /// The deposit wallet of the key, as the official client derives it.
    private static let deposit = "0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50"

    private func market(_ letter: String, _ yes: String, _ no: String) -> PolymarketMarket {
        PolymarketMarket(condition: "0x" + String(repeating: letter, count: 64), yes: yes, no: no)
    }

    private func start(_ place: Workplace, owner: EthereumAddress) throws -> (LoopbackVenues, [String: Any]) {
        var settings = SimWorld.Settings()
        settings.pairs = 2
        settings.isSteady = true
        settings.plants = false
        var negRisk = market(
            "a", "71321045679252212594626385532706912750332728571942532289631379312455583992563",
            "52114319501245915516055106046884209969926127482827954674443846427813813222426")
        negRisk.isNegRisk = true
        var fine = market(
            "b", "104173557214744537570424345347209544585775842950109756851652855913015295701992",
            "44528029102356085806317866371026691780796471200782980570839327755136990994869")
        fine.tick = 25
        var third = market("c", Self.position, String(Self.position.dropLast()) + "1")
        third.version = 2
        var trade = PolymarketTrading.Settings()
        for market in [negRisk, fine, third] {
            trade.markets.append(
                (market, [(4_000, 900_000_000), (3_900, 900_000_000)], [(6_000, 900_000_000), (6_100, 900_000_000)]))
        }
        var wallets: [String: String] = [:]
        for kind in 0...3 {
            let deposit = kind == 3 ? Self.deposit : nil
            var client = PolymarketTrading.Client(owner: owner.checksummed, kind: kind, wallet: deposit)
            client.shares = 2_000_000_000
            trade.clients.append(client)
            let derived = PolymarketVerifier.wallet(kind, of: owner)?.checksummed
            if kind > 0 { wallets[String(kind)] = deposit ?? derived }
        }
        var trading = LoopbackVenues.Trading()
        let made = trade
        trading.polymarket = { PolymarketTrading($0, made) }
        let authority = try ThrowawayCA(folder: place.url.path)
        let venues = try LoopbackVenues(settings, authority: authority, publicKey: nil, trading: trading)
        let world = SimWorld(settings)
        return (
            venues,
            [
                "host": "https://127.0.0.1:\(venues.polymarketPort)",
                "ws": "wss://127.0.0.1:\(venues.polymarketPort)/ws/user", "key": key, "address": owner.checksummed,
                "wallets": wallets, "yes": world.pairs[0].yesToken, "no": world.pairs[0].noToken,
                "condition": world.pairs[0].condition,
                "neg_yes": "71321045679252212594626385532706912750332728571942532289631379312455583992563",
                "fine_yes": "104173557214744537570424345347209544585775842950109756851652855913015295701992",
                "third_yes": Self.position, "authority": authority.authority,
            ]
        )
    }

    @Test("every call is accepted", arguments: ["polymarket_clob_v2.py", "polymarket_unified.py"])
    func client(script: String) throws {
        let place = try Workplace()
        let owner = try EthereumAddress("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
        let (venues, values) = try start(place, owner: owner)
        defer { _ = venues.stop() }
        let file = try place.write(
            "place.json", String(decoding: try JSONSerialization.data(withJSONObject: values), as: UTF8.self))
        let python = try #require(ProcessInfo.processInfo.environment["ARB_CONFORMANCE_POLYMARKET"])
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../Conformance/\(script)").standardized.path
        let authority = values["authority"] as? String ?? ""
        let outcome = try Program.shell(
            "SSL_CERT_FILE='\(authority)' REQUESTS_CA_BUNDLE='\(authority)' timeout 120 '\(python)' '\(path)' '\(file)'",
            in: place.url, seconds: 150)
        #expect(outcome.status == 0, "\(outcome.out.suffix(2_000)) \(outcome.err.suffix(4_000))")
        let calls = outcome.lines.last.map(String.init) ?? ""
        print("conformance: \(script) \(calls)")
        // What the client saw is what happened.
        let truth = venues.truth
        #expect(!truth.filter { $0.kind == .filled }.isEmpty)
        #expect(truth.filter { $0.kind == .failed }.isEmpty)
        #expect(
            venues.command(PolymarketTrading.self) { half, _ in half.exchange.cashInAll - half.exchange.deposited } == 0
        )
    }
}
