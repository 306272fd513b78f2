import Foundation
import TestKit
import Testing

/// What venues said of our orders, found afterwards: over real sockets, from the loopback venues to the words on a terminal.
@Suite("Receipts of a live run", .serialized)
struct ReceiptsTests {
    @Test(
        "a rejected order's words are found afterwards, and those of an order that filled; without secrets, and bounded"
    )
    func rejected() throws {
        let desk = try LiveDesk(pairs: 4, faults: "V09@kalshi/create:1")
        let run = try desk.trade(["--for", "60s"])
        #expect(desk.waitForFills(run, 3), "\(run.output.suffix(1_500))")
        run.signal(SIGTERM)
        _ = run.wait()
        let orders = try objects(try desk.run("orders", "--json").out)
        let refused = try #require(orders.first { $0["state"] as? String == "rejected" })
        let name = try #require(refused["cl_ord_id"] as? String)

        let shown = try desk.json("orders", "show", name)
        let receipts = try #require(shown["receipts"] as? [[String: Any]])
        let words = try #require(receipts.first)
        #expect(words["kind"] as? String == "create" && words["http"] as? Int == 400)
        #expect((words["body"] as? String)?.contains("insufficient_balance") == true, "\(words)")
        let told = try desk.run("orders", "show", name, "--receipts")
        #expect(told.out.contains("create 400") && told.out.contains("insufficient_balance"), "\(told.out)")
        #expect(told.out.split(separator: "\n").allSatisfy { $0.count <= 79 })
        #expect(try desk.run("orders", "show", name).err.contains("of the venue's own words: --receipts"))

        // What filled was answered, and told of by the private stream under the same name.
        for venue in ["kalshi", "polymarket"] {
            let filled = orders.first { $0["venue"] as? String == venue && $0["cum_qty"] as? String != "0" }
            let id = try #require(filled?["cl_ord_id"] as? String)
            let all = try #require(try desk.json("orders", "show", id)["receipts"] as? [[String: Any]])
            let kinds = Set(all.compactMap { $0["kind"] as? String })
            #expect(kinds.isSuperset(of: ["create", "stream"]), "\(venue): \(all)")
        }

        // Nothing of all that was kept names a key.
        let keys = ["owner", "signature", "passphrase", "secret", "api_key"]
        let rows = try objects(try desk.run("export", "receipts", "--format", "ndjson").out)
        #expect(rows.count >= 6)
        for row in rows {
            let body = try #require(row["body"] as? String)
            #expect(body.utf8.count <= 4_096)
            for key in keys {
                for part in body.components(separatedBy: "\"\(key)\":").dropFirst() {
                    #expect(part.hasPrefix("\"[redacted]\""), "\(body)")
                }
            }
        }
        #expect(rows.contains { ($0["body"] as? String)?.contains("[redacted]") == true }, "nothing was ever hidden")
    }
}
