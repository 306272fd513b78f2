import Assembly
import Simulators
import Store
import Trading

/// What a live demonstration shows for certain: faults at exact occasions, drawn by seed, and others by chance beside them.
struct DemoScenes {
    /// One thing that should be seen.
    struct Scene {
        let name: String
        /// What was seen of it; empty when it was not.
        let seen: String
    }

    /// What goes wrong, in the words of `--faults`: once each early on, then the refusals that trip the breaker, and
    /// a few in a hundred all the time.
    static func faults(seed: UInt64) -> String {
        let shift = Int(seed % 3)
        let trip = 12 + Int(seed / 3 % 4)
        // Three in a row trip it. The answer to an order of before may come between the first two: five are three all the same.
        let refusals = (0..<5).map { "V11@kalshi/create:\(trip + $0)" }
        return
            ([
                "V06@kalshi/create:\(2 + shift)", "V07@polymarket/create:\(4 + shift)",
                "N02-lost@kalshi/create:\(7 + shift)", "V02-500-applied@polymarket/create:\(9 + shift)",
                "V07@polymarket/create:8%", "V06@kalshi/create:8%", "N02-lost@kalshi/create:2%",
                "V02-500-applied@polymarket/create:2%",
            ] + refusals).joined(separator: ",")
    }

    /// What was seen, from our ledger alone.
    static func seen(_ ledger: Ledger) throws -> [Scene] {
        let executions = try ledger.executions(limit: 1_000_000)
        let orders = try ledger.orders(.init(limit: 1_000_000))
        var refused = 0, lost = 0, found = 0
        for order in orders {
            var (isLost, isRefused) = (false, false)
            for event in try ledger.events(of: order.row) {
                switch event.event {
                case .unknown: isLost = true
                case .rejected(let rejection): if rejection.kind != .unfilled { isRefused = true }
                case .sent, .notSent, .summary, .fill, .settlement, .cannotEnter: break
                }
            }
            if isRefused { refused += 1 }
            if isLost { lost += 1 }
            if isLost, !order.state.isUnknown { found += 1 }
        }
        let whole = executions.count { $0.result == "filled" }
        let unwound = executions.filter { $0.result == "unwound" }
        let partial = orders.count { $0.state.isDone && $0.state.cumQty.rawValue > 0 && $0.state.ordStatus != .filled }
        let breaker = try ledger.breakerEvents(since: nil, limit: 100_000)
        let trips = breaker.count { $0.isOpen && $0.event != "probing" && $0.event != "half_open" }
        let recovered = breaker.count { !$0.isOpen }
        func scene(_ name: String, _ count: Int, _ words: String) -> Scene {
            Scene(name: name, seen: count > 0 ? words : "")
        }
        return [
            scene("both legs fired", executions.count, "\(executions.count) times, \(whole) filled as planned"),
            scene("a partial fill", partial, "\(partial) orders"),
            scene("a leg refused", refused, "\(refused) orders, for no good reason"),
            scene("an answer lost", lost, "\(lost) orders UNKNOWN for a while, \(found) found again"),
            scene(
                "a leg alone", unwound.count,
                "\(unwound.count) unwound, \(unwound.count { $0.edgeRealized == nil }) still open"),
            scene("the breaker trips", trips, "\(trips) times"),
            scene("and recovers", recovered, "\(recovered) times, by a probe that was filled"),
        ]
    }
}
