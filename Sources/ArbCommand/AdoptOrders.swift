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
    private struct Found: Sendable {
        let venue: VenueID
        let order: VenueOrder
        let fills: [VenueFill]
        let pair: MarketPair
        let name: ClOrdID
    }

    /// - Throws: `CommandFailure`: 75 while a daemon holds the account, 1 for orders that cannot be ours.
    static func run(_ list: String, _ context: CommandContext) throws {
        let configuration = try context.configuration()
        let target = context.controlTarget()
        let ids = list.split(separator: ",").map(String.init)
        guard !ids.isEmpty, ids.allSatisfy({ $0.utf8.count >= 8 }) else {
            throw UsageFault("--adopt wants one order, or both legs with a comma, each by eight letters or more")
        }
        let pairs = try context.pairs(configuration)
        let since =
            NanoClock.utc() + Nanoseconds(rawValue: -(try context.duration("--since") ?? .seconds(86_400)).rawValue)
        let home = context.home
        let account = configuration.text("account")
        let found = try OrdersCommand.stored { () throws(StoreFault) in
            try StateFolder(root: target.root, account: target.account)
        }
        let snapshots = try VenueID.allCases.map { venue in
            let reading = Waiting.on { await ReconcileCommand.snapshot(venue, configuration, pairs, home, since) }
            return try reading.get()
        }
        let orders = try ids.map { try order($0, snapshots, pairs, LedgerAccount.prefix(of: account)) }
        guard Set(orders.map(\.pair.id)).count == 1, Set(orders.map(\.venue)).count == orders.count else {
            throw CommandFailure(
                .failure, "E_EXEC_NOT_ADOPTED", "one execution is one order a venue, of one pair: these are not")
        }
        try OrdersCommand.stored { () throws(StoreFault) in
            try keep(orders, in: Ledger(path: found.path + "/ledger.db"))
        }
        context.terminal.say("adopted \(orders.count) of \(orders[0].pair.id.name): taken up at the next start")
    }

    private static func order(_ id: String, _ snapshots: [AccountSnapshot], _ pairs: PairFiles, _ prefix: UInt32) throws
        -> Found
    {
        var found: [(venue: VenueID, order: VenueOrder, fills: [VenueFill])] = []
        for snapshot in snapshots {
            for order in snapshot.openOrders + snapshot.doneOrders {
                let isMeant = order.orderID.text.hasPrefix(id) || order.clOrdID?.description.hasPrefix(id) ?? false
                guard isMeant else { continue }
                found.append((snapshot.venue, order, snapshot.fills.filter { $0.orderID == order.orderID }))
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
        guard
            let pair = pairs.pairs.first(where: { [$0.kalshi.symbol, $0.polymarket.symbol].contains(one.order.symbol) })
        else { throw refuse("its market is in no pair file") }
        // A name that is the same each time: the ledger refuses it twice.
        let digits = one.order.orderID.text.drop { $0 == "0" || $0 == "x" }.prefix(15)
        let name = one.order.clOrdID ?? ClOrdID(prefix: prefix, run: .max, sequence: UInt64(digits, radix: 16) ?? 1)
        return Found(venue: one.venue, order: one.order, fills: one.fills, pair: pair, name: name)
    }

    private static func keep(_ orders: [Found], in ledger: Ledger) throws(StoreFault) {
        let now = NanoClock.utc()
        try ledger.beginRun(
            started: now, mode: "live", venues: "adopted", build: BuildInfo.build, configurationSHA256: "")
        let execution = ExecutionID(run: UInt32(clamping: ledger.run), sequence: 1)
        try ledger.transaction { () throws(StoreFault) in
            for found in orders {
                guard try ledger.row(of: found.name, isTombstone: false) == nil else {
                    throw StoreFault(.io, "order \(found.name) is in the ledger already; nothing was changed")
                }
                // A budget may buy more than was planned: that is no overfill.
                let least = found.order.orderQty ?? .zero
                let wanted = NewOrder(
                    clOrdID: found.name, instrument: InstrumentID(0), outcome: found.order.outcome, side: .buy,
                    orderQty: max(least, found.order.summary.cumQty ?? least), price: found.order.price)
                let row = try ledger.add(
                    wanted, venue: found.venue, pair: found.pair.id.name, symbol: found.order.symbol,
                    token: found.order.token, orderID: found.order.orderID, at: found.order.createdAt ?? now,
                    execution: execution, role: .leg)
                var state = OrderState(wanted)
                let events = [OrderEvent.sent] + found.fills.map { .fill($0.fill) } + [.summary(found.order.summary)]
                for event in events {
                    state.apply(event)
                    try ledger.append(
                        StoredOrderEvent(at: now, transactTime: nil, source: .query, event: event), to: row,
                        state: state, orderID: found.order.orderID)
                }
            }
            try ledger.add(
                Ledger.HaltRow(
                    at: now, action: "adopt", who: Identity.user, host: Identity.host,
                    pair: orders.first?.pair.id.name,
                    reason: orders.map(\.order.orderID.text).joined(separator: ",")))
        }
    }
}
