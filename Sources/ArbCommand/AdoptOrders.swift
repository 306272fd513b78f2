import Arb
import Assembly
import Control
import Store
import Threading
import Trading

/// `arb reconcile --adopt ID[,ID]`: orders that carry our own name and that no record of ours has, such as after a ledger was
/// lost, become one execution of ours. The next start, or `close-exposure`, takes it up like any other.
enum AdoptOrders {
    /// An order of the venues with what it came to.
    struct Found: Sendable {
        let venue: VenueID
        let order: VenueOrder
        let fills: [VenueFill]
        let pair: PairID
        let name: ClOrdID

        /// As it was wanted, as far as the venue tells.
        var wanted: NewOrder {
            // A budget may buy more than was planned: that is no overfill.
            let least = order.orderQty ?? .zero
            return NewOrder(
                clOrdID: name, instrument: InstrumentID(0), outcome: order.outcome, side: .buy,
                orderQty: max(least, order.summary.cumQty ?? least), price: order.price)
        }

        /// All that the venue tells of it.
        var events: [OrderEvent] { [.sent] + fills.map { .fill($0.fill) } + [.summary(order.summary)] }

        /// What that comes to.
        var state: OrderState {
            var state = OrderState(wanted)
            for event in events { state.apply(event) }
            return state
        }
    }

    /// The orders that `--adopt` names.
    ///
    /// - Throws: `UsageFault`.
    static func ids(_ list: String) throws(UsageFault) -> [String] {
        let ids = list.split(separator: ",").map(String.init)
        guard !ids.isEmpty, ids.count <= 2, ids.allSatisfy({ $0.utf8.count >= 8 }) else {
            throw UsageFault("--adopt wants one order, or both legs with a comma, each by eight letters or more")
        }
        return ids
    }

    /// Through the daemon where one runs; else by ourselves, for the next start.
    ///
    /// - Throws: `CommandFailure`: 1 for orders that cannot be ours.
    static func run(_ list: String, _ context: CommandContext) throws {
        let ids = try ids(list)
        let span = (try context.duration("--since") ?? .seconds(86_400)).rawValue
        let target = context.controlTarget()
        if target.holder != nil {
            let seconds = String(span / 1_000_000_000)
            return try context.ask(
                ControlRequest("adopt", ["orders": ids.joined(separator: ","), "since_s": seconds]), target)
        }
        let configuration = try context.configuration()
        let pairs = try context.pairs(configuration)
        let since = NanoClock.utc() + Nanoseconds(rawValue: -span)
        let home = context.home
        let account = configuration.text("account")
        let found = try OrdersCommand.stored { () throws(StoreFault) in
            try StateFolder(root: target.root, account: target.account)
        }
        let snapshots = try VenueID.allCases.map { venue in
            let reading = Waiting.on { await AccountReading.snapshot(venue, configuration, pairs, home, since) }
            return try reading.get()
        }
        let orders = try chosen(ids, snapshots, LedgerAccount.prefix(of: account)) { venue, symbol in
            pairs.pairs.first { (venue == .kalshi ? $0.kalshi : $0.polymarket).symbol == symbol }?.id
        }
        try OrdersCommand.stored { () throws(StoreFault) in
            let ledger = try Ledger(path: found.path + "/ledger.db")
            try ledger.beginRun(
                started: NanoClock.utc(), mode: "live", venues: "adopted", build: BuildInfo.build,
                configurationSHA256: "")
            try keep(orders, as: ExecutionID(run: UInt32(clamping: ledger.run), sequence: 1), in: ledger)
        }
        context.terminal.say("adopted \(orders.count) of \(orders[0].pair.name): taken up at the next start")
    }

    /// The orders that are meant: one execution, of one pair.
    ///
    /// - Parameter pair: in whose markets a venue's market is.
    static func chosen(
        _ ids: [String], _ snapshots: [AccountSnapshot], _ prefix: UInt32, pair: (VenueID, String) -> PairID?
    ) throws(CommandFailure) -> [Found] {
        var orders: [Found] = []
        for id in ids { orders.append(try order(id, snapshots, prefix, pair)) }
        guard Set(orders.map(\.pair)).count == 1, Set(orders.map(\.venue)).count == orders.count else {
            throw CommandFailure(
                .failure, "E_EXEC_NOT_ADOPTED", "one execution is one order a venue, of one pair: these are not")
        }
        return orders
    }

    private static func order(
        _ id: String, _ snapshots: [AccountSnapshot], _ prefix: UInt32, _ pair: (VenueID, String) -> PairID?
    ) throws(CommandFailure) -> Found {
        var found: [(venue: VenueID, order: VenueOrder, fills: [VenueFill])] = []
        for snapshot in snapshots {
            for order in snapshot.openOrders + snapshot.doneOrders {
                let isMeant = order.orderID.text.hasPrefix(id) || order.clOrdID?.description.hasPrefix(id) ?? false
                guard isMeant else { continue }
                found.append((snapshot.venue, order, snapshot.fills.filter { $0.orderID == order.orderID }))
            }
            let listed = Set(found.map(\.order.orderID))
            for name in Set(snapshot.fills.map(\.orderID)) where name.text.hasPrefix(id) && !listed.contains(name) {
                let fills = snapshot.fills.filter { $0.orderID == name }
                if let order = done(name, fills) { found.append((snapshot.venue, order, fills)) }
            }
        }
        func refuse(_ why: String) -> CommandFailure {
            CommandFailure(.failure, "E_EXEC_NOT_ADOPTED", "'\(id)': \(why)", fix: "see arb reconcile --explain")
        }
        guard let one = found.first else { throw refuse("no order of that name at the venues since then") }
        guard found.count == 1 else { throw refuse("several orders begin so") }
        // Polymarket keeps no name of ours; the wallet's own orders are ours or a person's, and the operator says which.
        if one.venue == .kalshi, one.order.clOrdID?.prefix != prefix { throw refuse("it does not carry our name") }
        guard one.order.side == .buy else { throw refuse("it is no entry: only what was bought is adopted") }
        guard let pair = pair(one.venue, one.order.symbol) else { throw refuse("its market is in no pair file") }
        // A name that is the same each time: the ledger refuses it twice.
        let digits = one.order.orderID.text.drop { $0 == "0" || $0 == "x" }.prefix(15)
        let name = one.order.clOrdID ?? ClOrdID(prefix: prefix, run: .max, sequence: UInt64(digits, radix: 16) ?? 1)
        return Found(venue: one.venue, order: one.order, fills: one.fills, pair: pair, name: name)
    }

    /// An order that is over and that its venue lists no more, as Polymarket does: what its fills come to.
    private static func done(_ name: OrderID, _ fills: [VenueFill]) -> VenueOrder? {
        let standing = fills.filter { $0.fill.settlement != .failed }
        guard let first = standing.first, let worst = standing.map(\.fill.lastPx).max() else { return nil }
        let cumQty = Quantity(rawValue: standing.reduce(0) { $0 + $1.fill.lastQty.rawValue })
        return VenueOrder(
            orderID: name, clOrdID: nil, symbol: first.symbol, token: first.token, outcome: first.outcome,
            side: first.side, price: worst, orderQty: cumQty,
            summary: OrderSummary(standing: .filled, cumQty: cumQty, leavesQty: .zero),
            createdAt: fills.compactMap(\.transactTime).min())
    }

    /// All of them in the ledger, or none.
    static func keep(_ orders: [Found], as execution: ExecutionID, in ledger: Ledger) throws(StoreFault) {
        let now = NanoClock.utc()
        try ledger.transaction { () throws(StoreFault) in
            for found in orders {
                guard try ledger.row(of: found.name, isTombstone: false) == nil else {
                    throw StoreFault(.io, "order \(found.name) is in the ledger already; nothing was changed")
                }
                let row = try ledger.add(
                    found.wanted, venue: found.venue, pair: found.pair.name, symbol: found.order.symbol,
                    token: found.order.token, orderID: found.order.orderID, at: found.order.createdAt ?? now,
                    execution: execution, role: .leg)
                var state = OrderState(found.wanted)
                for event in found.events {
                    state.apply(event)
                    try ledger.append(
                        StoredOrderEvent(at: now, transactTime: nil, source: .query, event: event), to: row,
                        state: state, orderID: found.order.orderID)
                }
            }
            try ledger.add(
                Ledger.HaltRow(
                    at: now, action: "adopt", who: Identity.user, host: Identity.host,
                    pair: orders.first?.pair.name,
                    reason: orders.map(\.order.orderID.text).joined(separator: ",")))
        }
    }
}
