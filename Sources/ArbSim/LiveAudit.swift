import Assembly
import Simulators
import Store
import Trading

/// What the venues know of our orders beside what our ledger has of them, to the last unit.
struct LiveAudit {
    private let folder: LoopbackFolder
    private let truth: [TruthEvent]

    init(_ folder: LoopbackFolder) {
        self.folder = folder
        truth = folder.venues.truth
    }

    /// One order, as one side sums it up. Unit: 1e-6.
    private struct Sums: Equatable, CustomStringConvertible {
        var quantity = 0
        var cash: Int128 = 0
        var fee = 0

        var description: String { "\(quantity)e-6 for \(cash / 1_000_000)e-6, fee \(fee)e-6" }
    }

    /// Prints it.
    ///
    /// - Returns: 0, or 6 when anything differs.
    func report() throws -> Int32 {
        let ledger = try Ledger.reader(path: folder.path + "/state/loopback/ledger.db")
        let ours = try ledger.orders(.init(limit: 1_000_000))
        var differences: [String] = []
        let theirs = sums()
        var fills = 0
        for order in ours {
            guard let id = order.orderID?.text else {
                if order.state.cumQty.rawValue != 0 {
                    differences.append("\(order.state.order.clOrdID) has fills and no name")
                }
                continue
            }
            fills += order.state.fills.count
            let mine = Sums(
                quantity: Int(order.state.cumQty.rawValue / 100), cash: Int128(order.state.cumCash.rawValue) * 10_000,
                fee: Int(order.state.fees.rawValue / 100))
            var truth = theirs[id] ?? Sums()
            // Kalshi's own word is always the price of YES.
            if order.venue == .kalshi, order.state.order.outcome == .no {
                truth.cash = Int128(truth.quantity) * 1_000_000 - truth.cash
            }
            // The truth is exact; a venue's own sums end at its unit, a millionth, once a fill.
            let unit = Int128(1_000_000 * max(1, order.state.fills.count))
            let isSame =
                mine.quantity == truth.quantity && mine.fee == truth.fee && (mine.cash - truth.cash).magnitude < unit
            if !isSame { differences.append("\(order.venue.name) \(id): we have \(mine), the venue \(truth)") }
        }
        let known = Set(ours.compactMap { $0.orderID?.text })
        for id in theirs.keys.sorted() where !known.contains(id) {
            differences.append("\(id): filled at the venue, and our ledger has no such order")
        }
        for (id, count) in received() where count > 1 { differences.append("\(id) was sent \(count) times") }
        let unknown = ours.count { $0.state.isUnknown }
        let open = ours.count { !$0.state.isDone }
        show(
            """

            \(ours.count) orders in our ledger, \(theirs.count) filled in whole or part at the venues, \(faults) faults struck.
            Unknown at the end: \(unknown). Not ended: \(open). Sent twice: 0 expected, \(received().count { $0.value > 1 }) found.

            """)
        guard differences.isEmpty else {
            for line in differences.prefix(20) { show("DIFFERS: \(line)\n") }
            show("The venues' truth and our ledger differ in \(differences.count) places.\n")
            return 6
        }
        show("The venues' truth and our ledger agree to the last unit.\n")
        return 0
    }

    private var faults: Int { truth.count { $0.kind == .fault } }

    /// Fills of our account by the venue's name of the order; those that failed are taken off.
    private func sums() -> [String: Sums] {
        var sums: [String: Sums] = [:]
        for event in truth where event.account == "ours" && (event.kind == .filled || event.kind == .failed) {
            let sign = event.kind == .filled ? 1 : -1
            sums[event.orderID, default: Sums()].quantity += sign * event.quantity
            sums[event.orderID, default: Sums()].cash += Int128(sign) * Int128(event.price) * Int128(event.quantity)
            sums[event.orderID, default: Sums()].fee += sign * event.fee
        }
        return sums
    }

    /// How often each name of ours was seen as a request.
    private func received() -> [String: Int] {
        var counts: [String: Int] = [:]
        for event in truth where event.account == "ours" && event.kind == .received && !event.clientID.isEmpty {
            counts[event.clientID, default: 0] += 1
        }
        return counts
    }
}
