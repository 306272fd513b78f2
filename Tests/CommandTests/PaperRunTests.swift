import Foundation
import TestKit
import Testing

/// `arb run --paper` as people run it: real feeds, orders that leave nowhere, an account of its own.
@Suite("A paper run", .serialized)
struct PaperRunTests {
    @Test("it trades on the live books, sends nothing, and is called a model everywhere")
    func trades() throws {
        let desk = try LiveDesk(seed: 5)
        let run = try desk.arb.start(
            ["run", "--config", "v/arb.toml", "--paper", "--json", "--for", "40s"], in: desk.place.url)
        #expect(desk.waitForFills(run, 9), "an execution is told up to three times")
        run.signal(SIGTERM)
        let status = run.wait().status
        #expect([0, 2, 3, 4].contains(status), "\(status)")
        #expect(try desk.accepted().isEmpty, "no order reached a venue")
        let folder = desk.place.path("v/state")
        #expect(FileManager.default.fileExists(atPath: folder + "/loopback-paper/ledger.db"))
        #expect(!FileManager.default.fileExists(atPath: folder + "/loopback/ledger.db"))
        let rows = try objects(try desk.run("export", "executions", "--json", "--account", "loopback-paper").out)
        #expect(!rows.isEmpty && rows.allSatisfy { $0["mode"] as? String == "paper" })
        let orders = try objects(try desk.run("export", "orders", "--json", "--account", "loopback-paper").out)
        #expect(orders.allSatisfy { ($0["order_id"] as? String)?.hasPrefix("paper-") ?? true })
        let report = try desk.run("report", "daily", "--account", "loopback-paper")
        #expect(report.out.contains("PAPER: every fill is a model"))
        let again = try desk.arb.start(
            ["run", "--config", "v/arb.toml", "--paper", "--json", "--for", "5s"], in: desk.place.url)
        #expect([0, 2, 3, 4].contains(again.wait().status), "it goes on with what it held")
    }
}
