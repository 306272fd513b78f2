import Control
import Foundation
import Glibc
import Store
import TestKit
import Testing
import Threading
import Trading

/// What stands alone is closed by an operator's hand: through the daemon where one runs, by itself where none does.
@Suite("close-exposure", .serialized)
struct CloseExposureTests {
    /// A machine that is told to hold what stands alone.
    private static let holding = ["ARB__UNWIND__POLICY": "hold"]

    private func rows(_ object: [String: Any]) -> [[String: Any]] { object["rows"] as? [[String: Any]] ?? [] }

    /// One pair, whose every order at Polymarket is killed until its other leg has filled: where both come too late for
    /// their books, the next edge is fired. What stands alone keeps the pair's claims, so there is one. From then on
    /// nothing is killed.
    private func exposed() async throws -> (LiveDesk, Program.Running) {
        let desk = try LiveDesk(pairs: 1, faults: "V07@polymarket/create:100%")
        let run = try desk.trade(environment: Self.holding)
        let status = try desk.waitForStatus(seconds: 60) {
            $0["exposure"] as? String == "exposed" && $0["open_orders"] as? Int == 0
        }
        let taken = try desk.accepted().count
        try #require(status != nil, "nothing stands alone, \(taken) orders taken: \(run.output.suffix(6_000))")
        try await desk.command(#"{"do":"clear_faults"}"#)
        return (desk, run)
    }

    /// Sales of ours that the venues took.
    private func sales(_ desk: LiveDesk) throws -> Int {
        try String(contentsOfFile: desk.place.path("v/orders.ndjson"), encoding: .utf8).split(separator: "\n").count {
            $0.contains("\"accepted\"") && $0.contains("\"ours\"") && $0.contains("sell")
        }
    }

    @Test("through the daemon: the plan first, nothing without a yes, then closed; also during a halt, and never twice")
    func throughDaemon() async throws {
        let (desk, run) = try await exposed()
        #expect(try desk.run("halt", "--reason", "look").status == 0)
        let plan = try desk.run("close-exposure", "--plan")
        #expect(
            plan.status == 4 && plan.out.contains("EXPOSED") && plan.out.contains("<- this one"),
            "\(plan.out.split(separator: "\n")) \(plan.err)")
        #expect(plan.out.split(separator: "\n").allSatisfy { $0.count <= 79 })
        let told = try #require(try objects(try desk.run("close-exposure", "--plan", "--json").out).first)
        #expect(told["schema"] as? String == "arb.close-exposure/1" && told["phase"] as? String == "plan")
        let row = try #require(rows(told).first)
        #expect((row["ways"] as? [[String: Any]])?.count == 3)
        // Nobody at a keyboard says yes.
        let unasked = try desk.run("close-exposure")
        #expect(unasked.status == 4 && unasked.err.contains("--yes"), "\(unasked.err)")
        let held = try #require(try desk.json("status")["exposed_usd"] as? String)
        // Bounds that admit nothing: it says why, and exposes itself as such.
        let refused = try desk.run(
            "close-exposure", "--plan", "--max-loss", "0", "--floor", "kalshi=0.99,polymarket=0.99")
        #expect(refused.status == 4, "\(refused.out)")
        let closed = try desk.run("close-exposure", "--yes")
        #expect(closed.status == 0 && closed.out.contains("FLAT"), "held \(held): \(closed.out) \(closed.err)")
        let count = try desk.accepted().count
        let again = try desk.run("close-exposure", "--yes")
        #expect(again.status == 0 && again.out.contains("nothing stands alone"), "\(again.out)")
        #expect(try desk.accepted().count == count, "nothing more was ordered")
        #expect(try desk.waitForStatus { $0["exit_code"] as? Int == 2 } != nil, "halted, and not exposed")
        run.signal(SIGTERM)
        _ = run.wait()
    }

    @Test(
        "without a daemon it takes the account, takes up what was left, closes, and ends; a second time finds nothing")
    func alone() async throws {
        let (desk, run) = try await exposed()
        run.signal(SIGKILL)
        _ = run.wait()
        #expect(try desk.run("status").status == 4)
        let plan = try desk.run("close-exposure", "--plan")
        #expect(
            plan.status == 4 && plan.out.contains("<- this one"),
            "\(plan.out.split(separator: "\n")) \(plan.err)")
        let before = try desk.accepted().count
        let closed = try desk.run("close-exposure", "--yes")
        #expect(closed.status == 0 && closed.out.contains("closed 1"), "\(closed.out) \(closed.err)")
        let after = try desk.accepted().count
        #expect(after > before)
        #expect(try desk.run("status").status == 0)
        let again = try desk.run("close-exposure", "--yes")
        #expect(again.status == 0 && again.out.contains("nothing stands alone"), "\(again.out) \(again.err)")
        #expect(try desk.accepted().count == after)
        #expect(!desk.latch.isSet, "its own halt is nobody else's")
    }

    @Test("a lost record: the order with our own name is adopted, once, shown as exposed, and closed like any other")
    func adopted() async throws {
        let (desk, run) = try await exposed()
        run.signal(SIGKILL)
        _ = run.wait()
        for name in try FileManager.default.contentsOfDirectory(atPath: desk.state) where !name.hasPrefix("cache") {
            try FileManager.default.removeItem(atPath: desk.state + "/" + name)
        }
        let truth = try objects(String(contentsOfFile: desk.place.path("v/orders.ndjson"), encoding: .utf8))
        let taken = truth.first {
            $0["kind"] as? String == "accepted" && $0["account"] as? String == "ours"
                && $0["venue"] as? String == "kalshi"
        }
        let id = try #require(taken?["order_id"] as? String)
        #expect(try desk.run("reconcile", "--adopt", "12345678").status == 1)
        let adopted = try desk.run("reconcile", "--adopt", id)
        #expect(adopted.status == 0 && adopted.err.contains("adopted 1"), "\(adopted.err)")
        #expect(try desk.run("reconcile", "--adopt", id).status != 0, "never twice")
        #expect(try desk.run("status").status == 4)
        let closed = try desk.run("close-exposure", "--yes")
        #expect(closed.status == 0 && closed.out.contains("closed 1"), "\(closed.out) \(closed.err)")
    }

    @Test(
        "wrong words are usage, and nothing is taken or asked",
        arguments: [
            (["--max-loss", "1e3"], "dollars"), (["--floor", "kalshi"], "VENUE=PRICE"),
            (["--floor", "x=0.4"], "VENUE=PRICE"),
            (["--pair", "a", "--all"], "--pair P"), (["--plan", "--yes"], "one of them"),
            (["--floor", "kalshi=2"], "PRICE"),
        ] as [([String], String)])
    func usage(words: [String], says: String) throws {
        let desk = try Desk()
        let outcome = try desk.arb.run(["close-exposure"] + words, in: desk.place.url)
        #expect(outcome.status == 64 && outcome.err.contains(says), "\(outcome.err)")
    }
}
