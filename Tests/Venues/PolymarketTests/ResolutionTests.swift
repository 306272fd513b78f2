import Signing
import TestKit
import Testing
import Trading

@testable import Polymarket

@Suite("Account: how markets ended")
struct ResolutionTests {
    private static let market = "/markets/\(GatewayHarness.condition)"

    private static func record(closed: Bool, yes: Bool, no: Bool) -> String {
        """
        {"condition_id":"\(GatewayHarness.condition)","closed":\(closed),"active":true,"tokens":[\
        {"token_id":"\(GatewayHarness.yesToken)","outcome":"Yes","price":0.5,"winner":\(yes)},\
        {"token_id":"\(GatewayHarness.noToken)","outcome":"No","price":0.5,"winner":\(no)}]}
        """
    }

    private static func redeemable(_ token: String, price: String) throws -> String {
        let wallet = try GatewayHarness.account().wallet.address.checksummed
        return """
            {"data":[{"proxy_wallet":"\(wallet)","token_id":"\(token)","condition_id":"\(GatewayHarness.condition)",\
            "current_size":10,"current_price":\(price),"status":"REDEEMABLE","redeemable":true,"outcome":"No",\
            "outcome_index":1}],"pagination":{"limit":100,"has_more":false,"next_cursor":""}}
            """
    }

    private static let nothing =
        #"{"data":[],"pagination":{"limit":100,"has_more":false,"next_cursor":""}}"#

    private static func positions() throws -> String {
        let wallet = try GatewayHarness.account().wallet.address.checksummed
        return "/v2/positions?user=\(wallet)&status=REDEEMABLE&limit=100"
    }

    private func facts(_ answers: [String: [(Int, String)]], of conditions: [String] = [GatewayHarness.condition])
        async throws -> [SettlementFact]
    {
        try await Self.account(answers).resolutions(of: conditions)
    }

    private static func account(_ answers: [String: [(Int, String)]]) throws -> Account {
        var settings = AccountSettings()
        settings.base = "https://clob.test"
        settings.dataBase = "https://data.test"
        return try Account(
            account: GatewayHarness.account(), contracts: [GatewayHarness.contract],
            channel: ScriptedChannel(answers), clock: ManualClock(), settings: settings)
    }

    @Test("a market with a winner pays it; the other token says NO", arguments: [Outcome.yes, .no])
    func winner(outcome: Outcome) async throws {
        let record = Self.record(closed: true, yes: outcome == .yes, no: outcome == .no)
        let found = try await facts([Self.market: [(200, record)]])
        #expect(found.map(\.winner) == [outcome] && found.first?.symbol == GatewayHarness.condition)
        #expect(found.first?.venue == .polymarket)
    }

    @Test("what is open, closed without a result, or unknown to the order book waits")
    func waits() async throws {
        let redeemed = [(200, Self.nothing)]
        let open = Self.record(closed: false, yes: true, no: false)
        #expect(try await facts([Self.market: [(200, open)]]).isEmpty)
        let disputed = Self.record(closed: true, yes: false, no: false)
        #expect(try await facts([Self.market: [(200, disputed)], try Self.positions(): redeemed]).isEmpty)
        #expect(try await facts([Self.market: [(404, "{}")]]).isEmpty)
        #expect(try await facts([:], of: []).isEmpty)
    }

    @Test("50/50: no winner, and a token of ours can be redeemed for one half; for any other price it waits")
    func split() async throws {
        let record = Self.record(closed: true, yes: false, no: false)
        func at(_ price: String) async throws -> [SettlementFact] {
            let held = try Self.redeemable(GatewayHarness.noToken, price: price)
            return try await facts([Self.market: [(200, record)], try Self.positions(): [(200, held)]])
        }
        let found = try await at("0.5")
        #expect(found.count == 1 && found[0].winner == nil)
        #expect(try await at("0.48").isEmpty)
        #expect(try await at("1").isEmpty)
    }

    @Test("a record that says nothing certain is a fault, not an end", arguments: ["{}", #"{"closed":true}"#, "[]"])
    func unreadable(body: String) async throws {
        await #expect(throws: AccountFault.self) { _ = try await facts([Self.market: [(200, body)]]) }
        let strange = #"{"closed":true,"tokens":[{"token_id":"77","winner":true}]}"#
        await #expect(throws: AccountFault.self) { _ = try await facts([Self.market: [(200, strange)]]) }
    }

    @Test("one market that cannot be read keeps nobody from the others; nothing but faults is a fault")
    func broken() async throws {
        let ended = Self.record(closed: true, yes: true, no: false)
        let others = (1...5).map { "0x\($0)" }
        var answers = [Self.market: [(200, ended)], "/markets/0x1": [(500, "")], "/markets/0x2": [(200, "<html>")]]
        let found = try await facts(answers, of: ["0x1", "0x2", GatewayHarness.condition])
        #expect(found.map(\.symbol) == [GatewayHarness.condition])
        for other in others { answers["/markets/\(other)"] = [(500, "")] }
        // Three are the venue's fault: it is not asked for the rest. The next time those are asked last that failed.
        let account = try Self.account(answers)
        let all = others + [GatewayHarness.condition]
        await #expect(throws: AccountFault.self) { _ = try await account.resolutions(of: all) }
        #expect(try await account.resolutions(of: all).map(\.symbol) == [GatewayHarness.condition])
    }
}
