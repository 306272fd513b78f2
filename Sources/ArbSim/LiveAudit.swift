import Assembly
import Scenes
import Simulators
import Store
import Trading

/// What the venues know of our orders beside what our ledger has of them, to the last unit, for people.
struct LiveAudit {
    private let folder: LoopbackFolder

    init(_ folder: LoopbackFolder) { self.folder = folder }

    /// Prints it.
    ///
    /// - Returns: 0, or 6 when anything differs.
    func report() throws -> Int32 {
        let truth = folder.venues.truth
        let ours = try Ledger.reader(path: folder.path + "/state/loopback/ledger.db").orders(.init(limit: 1_000_000))
        let audit = TruthAudit(truth: truth, ours: ours, pairs: folder.venues.pairs)
        let positions = Self.positions(truth, ours)
        show(
            """
              orders in our ledger        \(audit.orders)
              with fills at the venues    \(audit.filled)
              faults that struck          \(audit.faults)
              unknown at the end          \(audit.unknown)
              not ended                   \(audit.open.count)
              sent twice                  \(audit.duplicates)
              markets in which we hold    \(positions.markets)


            """)
        let differences = audit.differences + audit.breaches + positions.differences
        guard differences.isEmpty, audit.isGood else {
            for line in differences.prefix(20) { show("DIFFERS: \(line)\n") }
            show("The venues' truth and our ledger DIFFER in \(differences.count) places.\n")
            return 6
        }
        show("Orders, cash, fees and positions: the venues' truth and our ledger agree\nto the last unit.\n")
        return 0
    }

    /// What each market holds of us: by our own fills, and by the venue's last word on it. Unit: 1e-6 contracts.
    static func positions(_ truth: [TruthEvent], _ ours: [StoredOrder]) -> (markets: Int, differences: [String]) {
        var held: [String: Int] = [:]
        for order in ours where order.state.cumQty.rawValue != 0 {
            let wanted = order.state.order
            var sign = wanted.side == .buy ? 1 : -1
            // Kalshi has one signed position a ticker.
            if order.venue == .kalshi, wanted.outcome == .no { sign = -sign }
            let market = order.venue == .kalshi ? order.symbol : order.token
            held[market, default: 0] += sign * Int(order.state.cumQty.rawValue / 100)
        }
        var told: [String: Int] = [:]
        for event in truth where event.account == "ours" && !event.instrument.isEmpty {
            if let position = event.position { told[event.instrument] = position }
        }
        let differences = Set(held.keys).union(told.keys).sorted().compactMap { market -> String? in
            let (mine, theirs) = (held[market] ?? 0, told[market] ?? 0)
            return mine == theirs ? nil : "\(market): our fills come to \(mine)e-6, the venue holds \(theirs)e-6"
        }
        return (held.values.count { $0 != 0 }, differences)
    }
}
