import Foundation
import Store
import TestKit
import Testing
import Trading

/// Outcome sets in `arb run --paper`, against the loopback venues over real sockets.
@Suite("A paper run with outcome sets", .serialized)
struct PaperSetsRunTests {
    private static let account = "loopback-paper"

    @Test("sets are traded by a model, told as one everywhere, and every table of the ledger agrees")
    func trades() throws {
        let desk = try LiveDesk(seed: 11, pairs: 2, sets: 9)
        let run = try desk.arb.start(
            ["run", "--config", "v/arb.toml", "--paper", "--json", "--for", "90s"], in: desk.place.url)
        defer { run.signal(SIGKILL) }
        let isTraded = run.waitForOutput(seconds: 80) { out in
            let told = out.split(separator: "\n").filter { $0.contains("arb.execution/1") && $0.contains("loop-set-") }
            return told.count { $0.contains("\"success\":true") } >= 3
        }
        #expect(isTraded, "\(run.output.split(separator: "\n").filter { $0.contains("loop-set-") }.suffix(5))")
        let status = try desk.run("status", "--account", Self.account)
        #expect(status.out.hasPrefix("PAPER, a model: "), "\(status.out)")
        #expect(status.out.prefix { $0 != "\n" }.contains("HEDGED"), "\(status.out)")
        #expect(status.out.contains("sets on paper (a model): "))
        run.signal(SIGTERM)
        #expect([0, 2, 3, 4].contains(run.wait().status))
        #expect(try desk.accepted().isEmpty, "no order reached a venue")
        let held = try ledgerAgrees(desk)
        try labels(desk)
        // The next run goes on with what is held: nothing of it stands alone, and no cash has moved unexplained.
        let again = try desk.arb.start(
            ["run", "--config", "v/arb.toml", "--paper", "--json", "--for", "40s"], in: desk.place.url)
        defer { again.signal(SIGKILL) }
        #expect(again.waitForOutput(seconds: 30) { $0.contains("arb.execution/1") }, "it goes on trading")
        let now = try desk.waitForStatus(account: Self.account) { $0["boxes"] as? Int ?? 0 >= max(1, held) }
        #expect(now?["pid"] as? Int != 0 && now?["model"] as? Bool == true, "what was held is counted by who trades")
        again.signal(SIGTERM)
        let end = again.wait()
        #expect([0, 2, 3, 4].contains(end.status) && end.out.contains("\"stopped\""))
        for code in ["E_EXEC_CASH_DRIFT", "E_EXEC_FOREIGN", "E_EXEC_NOT_ADOPTED"] {
            #expect(!end.out.contains(code), "\(code)")
        }
    }

    /// Executions, boxes, orders, events, fills and positions of sets say the same, to the last unit.
    ///
    /// - Returns: sets that are held.
    private func ledgerAgrees(_ desk: LiveDesk) throws -> Int {
        let ledger = try Ledger.reader(path: desk.place.path("v/state/\(Self.account)/ledger.db"))
        let executions = try ledger.executions(limit: 10_000).filter { $0.pair.hasPrefix("loop-set-") }
        #expect(executions.count >= 3 && executions.allSatisfy { $0.mode == "paper" })
        let boxes = try ledger.boxes(since: UTCNanos(rawValue: .min))
        var held: [String: Int64] = [:]
        var kept = 0
        for execution in executions {
            let orders = try ledger.orders(of: execution.id)
            #expect(orders.count { $0.role == .leg } == 3 && orders.allSatisfy { $0.state.isDone })
            #expect(orders.allSatisfy { $0.orderID?.text.hasPrefix("paper-") ?? false })
            var legs: [String: Int64] = [:]
            var spent: Int64 = 0
            for order in orders {
                let state = order.state
                #expect(state.isFeeWhole && state.unexplainedQty == .zero && state.anomalies.isEmpty)
                let sign: Int64 = state.order.side == .sell ? -1 : 1
                legs[order.symbol, default: 0] += sign * state.cumQty.rawValue
                spent += sign * state.cumCash.rawValue + state.fees.rawValue
            }
            for (symbol, quantity) in legs { held[symbol, default: 0] += quantity }
            guard let net = execution.edgeRealized else { continue }
            guard let box = boxes.first(where: { $0.execution == execution.id }) else {
                #expect(execution.result == "missed" && net == .zero && legs.values.allSatisfy { $0 == 0 })
                continue
            }
            #expect(box.pnl == net && box.payoff.rawValue - box.cost.rawValue == net.rawValue)
            #expect(box.quantity.rawValue == (legs.values.min() ?? 0), "\(execution.id)")
            if orders[0].venue == .kalshi { #expect(box.cost.rawValue == spent, "\(execution.id)") }
            if !box.isOver { kept += 1 }
        }
        #expect(kept > 0)
        let positions = try ledger.positions()
        for (symbol, quantity) in held {
            let told = positions.filter { $0.symbol == symbol }.reduce(Int64(0)) { $0 + $1.quantity.rawValue }
            #expect(told == quantity, "\(symbol)")
        }
        return kept
    }

    private func labels(_ desk: LiveDesk) throws {
        let headline = "PAPER: a model of the live books, no order was sent\n"
        for command in ["orders", "positions", "opportunities"] {
            #expect(try desk.run(command, "--account", Self.account).out.hasPrefix(headline), "\(command)")
            let rows = try objects(try desk.run(command, "--json", "--account", Self.account).out)
            #expect(!rows.isEmpty && rows.allSatisfy { $0["model"] as? Bool == true }, "\(command)")
        }
        let orders = try objects(try desk.run("orders", "--json", "--account", Self.account).out)
        let ours = orders.filter { ($0["pair"] as? String)?.hasPrefix("loop-set-") ?? false }
        let name = try #require(ours.first?["cl_ord_id"] as? String)
        #expect(try desk.run("orders", "show", name, "--account", Self.account).out.hasPrefix(headline))
        let seen = try objects(try desk.run("opportunities", "--json", "--account", Self.account).out)
        let sets = seen.filter { ($0["pair"] as? String)?.hasPrefix("loop-set-") ?? false }
        #expect(sets.contains { $0["fired"] as? Int ?? 0 > 0 }, "\(sets.suffix(3))")
        let report = try desk.run("report", "daily", "--account", Self.account).out
        #expect(report.contains("PAPER: every fill is a model"))
        #expect(report.contains("of them outcome sets, traded on paper alone: a model"))
        #expect(report.contains("loop-set-"))
    }
}
