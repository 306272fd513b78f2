import Foundation
import Glibc
import TestKit
import Testing

/// Orders with our own name that no record has: taken up beside a run that goes on, without a second owner of the ledger.
@Suite("reconcile --adopt beside a run", .serialized)
struct AdoptTests {
    /// Both legs of an execution that filled whole, by the venues' names, and its pair.
    private func filled(_ desk: LiveDesk) throws -> (ids: [String], pair: String) {
        let rows = try objects(try desk.run("export", "executions", "--format", "ndjson").out)
        for row in rows where row["result"] as? String == "filled" {
            let ids = (row["legs"] as? [[String: Any]] ?? []).compactMap { $0["order_id"] as? String }
            if ids.count == 2, let pair = row["pair"] as? String { return (ids, pair) }
        }
        Issue.record("nothing was filled whole: \(rows)")
        return ([], "")
    }

    private func adopt(_ desk: LiveDesk, _ ids: [String]) throws -> Program.Outcome {
        try desk.run("reconcile", "--adopt", ids.joined(separator: ","))
    }

    @Test("after a ledger was lost: the daemon takes both legs up, once, follows them, and has them at the next start")
    func besideARun() throws {
        let desk = try LiveDesk(pairs: 4)
        let first = try desk.trade()
        try #require(desk.waitForFills(first, 3), "\(first.output.suffix(1_500))")
        first.signal(SIGTERM)
        _ = first.wait()
        let (ids, pair) = try filled(desk)
        try #require(ids.count == 2)
        for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db.bak", "intents.log"] {
            try? FileManager.default.removeItem(atPath: desk.state + "/" + name)
        }

        let run = try desk.trade()
        // Nothing else is to happen in its markets meanwhile.
        #expect(try desk.waitForStatus { $0["pid"] as? Int ?? 0 > 0 && $0["exposure"] as? String != "unknown" } != nil)
        #expect(try desk.run("halt", "--reason", "the ledger was lost").status == 0)
        #expect(try objects(try desk.run("orders", "--json").out).allSatisfy { $0["order_id"] as? String != ids[0] })

        let strange = try adopt(desk, ["0123456789abcdef"])
        #expect(strange.status == 1 && strange.err.contains("E_EXEC_NOT_ADOPTED"), "\(strange.err)")
        let boxes = try desk.json("status")["boxes"] as? Int ?? 0
        let taken = try adopt(desk, ids)
        #expect(taken.status == 0 && taken.err.contains("adopted 2 of \(pair)"), "\(taken.out) \(taken.err)")
        let known = try objects(try desk.run("orders", "--json").out).compactMap { $0["order_id"] as? String }
        #expect(Set(known).isSuperset(of: ids))
        // The run follows them: the box is in its status.
        #expect(try desk.waitForStatus { ($0["boxes"] as? Int ?? 0) == boxes + 1 } != nil, "had \(boxes)")
        let again = try adopt(desk, ids)
        #expect(again.status == 1 && again.err.contains("known to this run already"), "\(again.err)")
        run.signal(SIGTERM)
        _ = run.wait()

        // Without a daemon the ledger is written by the command itself, and has them already.
        let alone = try adopt(desk, ids)
        #expect(alone.status != 0 && alone.err.contains("in the ledger already"), "\(alone.err)")
        #expect(try desk.json("status")["boxes"] as? Int == boxes + 1)
    }

    @Test("a paper run has no order at a venue: nothing is adopted there")
    func paper() throws {
        let desk = try LiveDesk(pairs: 2)
        let run = try desk.arb.start(["run", "--config", "v/arb.toml", "--paper", "--for", "60s"], in: desk.place.url)
        let paper = ["--account", "loopback-paper"]
        let isUp = desk.waitForFile(desk.place.path("v/state/loopback-paper/control.sock"))
        #expect(isUp)
        let refused = try desk.arb.run(
            ["reconcile", "--adopt", "0123456789", "--config", "v/arb.toml"] + paper, in: desk.place.url)
        #expect(refused.status == 1 && refused.err.contains("no order is at a venue"), "\(refused.err)")
        run.signal(SIGTERM)
        _ = run.wait()
    }
}
