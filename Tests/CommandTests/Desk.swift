import Foundation
import Signing
import Store
import TestKit
import Testing
import Trading

/// A folder as an operator has it: configuration, pair files, a key, a ledger, and the program.
struct Desk {
    let place: Workplace
    let arb: Program

    /// Nobody listens at the venues' addresses: what needs none of them works all the same.
    static let configuration = """
        account = "test"
        state_dir = "state"
        [markets]
        pairs = ["Markets/*.toml"]
        [venues.kalshi]
        rest_url = "https://127.0.0.1:9/trade-api/v2"
        ws_url = "wss://127.0.0.1:9/trade-api/ws/v2"
        key_id = "test"
        private_key_file = "kalshi.pem"
        [venues.polymarket]
        clob_url = "https://127.0.0.1:9"
        gamma_url = "https://127.0.0.1:9"
        data_url = "https://127.0.0.1:9"
        ws_url = "wss://127.0.0.1:9/ws"

        """

    static let pairs = """
        [[pair]]
        id = "fed-dec-cut"
        title = "Fed cuts rates in December 2026, by twenty-five basis points or by any more than that"
        status = "approved"
        polarity = "same"
        expected_payout = "2026-12-10T21:00:00Z"
        reviewed = { by = "ab", on = "2026-11-20", note = "" }
          [pair.kalshi]
          ticker = "KXFEDDECISION-26DEC-C25"
          exchange_index = 0
          rules_sha256 = "\(String(repeating: "a", count: 64))"
          [pair.polymarket]
          condition_id = "0x\(String(repeating: "b", count: 64))"
          yes_token = "1\(String(repeating: "2", count: 77))"
          no_token = "1\(String(repeating: "3", count: 77))"
          neg_risk = false
          rules_sha256 = "\(String(repeating: "c", count: 64))"
        [[set]]
        id = "fed-dec-outcomes"
        status = "proposed"
        venue = "kalshi"
        event = "KXFEDDECISION-26DEC"
        exhaustive = false
        max_winners = 1
          [[set.leg]]
          ticker = "KXFEDDECISION-26DEC-H0"
          rules_sha256 = "\(String(repeating: "d", count: 64))"
          [[set.leg]]
          ticker = "KXFEDDECISION-26DEC-H25"
          rules_sha256 = ""

        """

    init() throws {
        place = try Workplace()
        arb = try Program("arb")
        try place.write("arb.toml", Self.configuration)
        try place.write("Markets/fed.toml", Self.pairs)
        try place.write("kalshi.pem", try SigningKey(generating: .ed25519).exportPrivatePEM())
    }

    func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Program.Outcome {
        try arb.run(arguments, in: place.url, environment: environment)
    }

    /// Opportunities of the last minutes in the account's ledger.
    func fillLedger(_ count: UInt64 = 50) throws {
        let folder = try persist { try StateFolder(root: place.path("state"), account: "test") }
        let ledger = try Ledger(path: folder.path + "/ledger.db")
        let now = UTCNanos(rawValue: Int64(Date().timeIntervalSince1970) * 1_000_000_000)
        try ledger.beginRun(
            started: now, mode: "dry-run", venues: "loopback", build: "test", configurationSHA256: "00")
        for sequence in 1...count {
            var row = Ledger.OpportunityRow(
                sequence: sequence, pair: "a-pair-with-a-name-that-is-longer-than-any-column", kind: "cross-venue",
                direction: "kalshi yes + polymarket no", disposition: "below_min_annualized",
                born: now + .seconds(-Int64(sequence)), orderQty: Quantity(rawValue: 1_234_567_890_000),
                locked: Money(rawValue: 960_000_000), edge: Money(rawValue: Int64(sequence) * 1_000_000), edgeBps: 12,
                bestEdge: Money(rawValue: Int64(sequence) * 1_000_000), bestQty: Quantity(rawValue: 99_999_990_000),
                json: #"{"schema":"arb.opportunity/1","id":\#(sequence)}"#)
            row.lifetime = .milliseconds(9_999)
            row.judgedFilled = sequence % 2 == 0
            try ledger.transaction { () throws(StoreFault) in try ledger.add(row) }
        }
    }
}

/// What JSON lines have in common.
func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any], "\($0)")
    }
}
