import Control
import Foundation
import Glibc
import Store
import TestKit
import Testing
import Threading
import Trading
import Transport

/// Loopback venues as a process of their own, and `arb` trading on them as people run it.
final class LiveDesk {
    let place: Workplace
    let arb: Program
    private let venues: Program.Running
    private var runs: [Program.Running] = []

    init(seed: Int = 7, pairs: Int = 8, sets: Int = 2, faults: String = "none", rate: Int = 200) throws {
        place = try Workplace()
        arb = try Program("arb")
        venues = try Program("arb-sim").start(
            [
                "venues", "--out", "v", "--seed", String(seed), "--pairs", String(pairs), "--sets", String(sets),
                "--rate", String(rate), "--faults", faults, "--for", "170s",
            ], in: place.url)
        try #require(venues.waitForOutput { $0.contains("arb.sim-ready/1") }, "the venues did not start")
    }

    deinit {
        for run in runs { run.signal(SIGKILL) }
        venues.signal(SIGTERM)
        _ = venues.wait()
        try? latch.clear()
    }

    var state: String { place.path("v/state/loopback") }
    var latch: HaltLatch { HaltLatch(root: place.path("v/state"), account: "loopback") }

    /// Tells Polymarket's loopback venue what to do from now on, as `{"do":"clear_faults"}`.
    func command(_ body: String) async throws {
        let word = venues.output.split(separator: "\n").first { $0.contains("arb.sim-ready/1") } ?? ""
        let port = try #require(try objects(String(word)).first?["polymarket_port"] as? Int)
        let client = HTTPClient(userAgent: "test", loopbackAuthority: place.path("v/ca.pem"))
        defer { client.close() }
        let request = HTTPRequest(
            "https://127.0.0.1:\(port)/sim", method: "POST", headers: [], body: Array(body.utf8),
            timeout: .seconds(20))
        #expect(try await client.response(to: request).get().status == 200)
    }

    /// A live run that trades.
    func trade(_ more: [String] = [], environment: [String: String] = [:]) throws -> Program.Running {
        let run = try arb.start(
            ["run", "--config", "v/arb.toml", "--live", "--confirm-account", "loopback", "--json"] + more,
            in: place.url, environment: environment)
        runs.append(run)
        return run
    }

    func run(_ arguments: String...) throws -> Program.Outcome {
        try arb.run(arguments + ["--config", "v/arb.toml"], in: place.url)
    }

    func json(_ arguments: String...) throws -> [String: Any] {
        let outcome = try arb.run(arguments + ["--json", "--config", "v/arb.toml"], in: place.url)
        return try #require(try objects(outcome.out).first, "\(outcome.err)")
    }

    /// Waits until so many executions were told; the run's own words.
    func waitForFills(_ run: Program.Running, _ count: Int, seconds: Int = 60) -> Bool {
        run.waitForOutput(seconds: seconds) { out in
            out.split(separator: "\n").count { $0.contains("arb.execution/1") && !$0.contains("\"refused\"") } >= count
        }
    }

    /// Waits for a word of `arb status --json`.
    func waitForStatus(seconds: Int = 20, account: String = "loopback", _ isThere: ([String: Any]) -> Bool) throws
        -> [String: Any]?
    {
        let end = NanoClock.monotonic() + .seconds(Int64(seconds))
        while NanoClock.monotonic() < end {
            let found = try json("status", "--account", account)
            if isThere(found) { return found }
            usleep(50_000)
        }
        return nil
    }

    /// Waits until a file is there.
    func waitForFile(_ path: String, seconds: Int = 30) -> Bool {
        let end = NanoClock.monotonic() + .seconds(Int64(seconds))
        while NanoClock.monotonic() < end {
            if FileManager.default.fileExists(atPath: path) { return true }
            usleep(10_000)
        }
        return false
    }

    /// When the venues took orders of ours: their own truth, by wall clock.
    func accepted() throws -> [UTCNanos] {
        let path = place.path("v/orders.ndjson")
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").compactMap {
            guard $0.contains("\"accepted\""), $0.contains("\"ours\""),
                let at = try objects(String($0)).first?["at"] as? String
            else { return nil }
            return UTCNanos(rfc3339: at)
        }
    }

    /// Up to which record the log of intents was told that the ledger has all; 0 where there is none.
    var checkpoint: UInt64 {
        guard let log = try? IntentLog.read(path: state + "/intents.log") else { return 0 }
        return log.checkpoint
    }
}
