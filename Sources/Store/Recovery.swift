public import Trading

/// An order that a restart has to find out about.
public struct RecoveredOrder: Sendable, Hashable {
    /// Its row in the ledger; nil before `Recovery.adopt` has put it there.
    public internal(set) var row: Int64?
    /// Its place in the log of intents; nil when the ledger alone knows it.
    public let sequence: UInt64?
    /// The execution it belongs to; nil for orders of before executions were kept.
    public let execution: ExecutionID?
    /// What it is to it.
    public let role: OrderRole?
    /// Pair or set.
    public let pair: PairID
    /// The venue.
    public let venue: VenueID
    /// Ticker, or condition id.
    public let symbol: String
    /// The token (Polymarket); empty at Kalshi.
    public let token: String
    /// The venue's name, as far as it is known.
    public let orderID: OrderID?
    /// When it was recorded: bytes may have left from then on.
    public let intended: UTCNanos
    /// What was told of it, and that nobody knows the rest: `.unknown(.restart)` is applied.
    public let state: OrderState

    /// True for a tombstone, which has its original's name.
    public var isTombstone: Bool { state.order.purpose == .tombstone }
}

/// What a restart goes on from: what the log of intents and the ledger say together. Reading changes nothing, and reading
/// again says the same (P08).
public struct Recovery: Sendable {
    /// Orders whose fate is not known, oldest first: to be added to the registry as they are.
    public private(set) var orders: [RecoveredOrder] = []
    /// Recorded orders that never left, which the ledger may have as intended.
    public private(set) var withdrawn: [WithdrawnIntent] = []
    /// Executions to which an order of unknown fate or an open box belongs, with their plans.
    public private(set) var executions: [Ledger.ExecutionRow] = []
    /// Boxes of which something is held.
    public private(set) var boxes: [Ledger.BoxRow] = []
    /// Every order of those executions, done ones too: what their residuals are made of.
    public private(set) var history: [StoredOrder] = []
    /// Of the executions: those that are over but for a fee that nobody told before the end.
    public private(set) var feeless: Set<ExecutionID> = []
    /// Breakers that are open.
    public private(set) var breakers: [Ledger.BreakerRow] = []
    /// Profit of this UTC day so far. Unit: USD.
    public private(set) var profitToday = Money.zero
    /// The machine was started anew, and orders sent since this instant may be in no record of ours.
    public private(set) var lostSince: UTCNanos?
    /// The log is older than the ledger: a copy was put back. Everything has to be read at the venues before trading.
    public private(set) var isBackup = false
    /// The build that recorded the intents found, when it is another than this one.
    public private(set) var otherBuild: String?

    private var intents: [JournaledIntent] = []
    private var generation: UInt64 = 0
    private var head: UInt64 = 0

    /// Reads what is there.
    ///
    /// - Parameters:
    ///   - journal: as `IntentLog.found` has it.
    ///   - build: of this program.
    ///   - now: for the day's profit.
    /// - Throws: `StoreFault`.
    public init(journal: JournalContent, ledger: Ledger, build: String, now: UTCNanos) throws(StoreFault) {
        withdrawn = journal.withdrawn
        intents = journal.intents
        generation = journal.generation
        head = journal.head
        lostSince = journal.lostSince
        isBackup = try ledger.mark(Self.generationMark).map { $0 > Int64(clamping: journal.generation) } ?? false
        if !journal.intents.isEmpty, journal.build != build { otherBuild = journal.build }
        let gone = Set(withdrawn)
        var known: [WithdrawnIntent: UInt64] = [:]
        for entry in journal.intents { known[entry.intent.name] = entry.sequence }
        var seen: Set<WithdrawnIntent> = []
        var filter = Ledger.OrderFilter(limit: Int(Int32.max))
        filter.standing = .open
        for stored in try ledger.orders(filter) {
            let name = WithdrawnIntent(
                clOrdID: stored.state.order.clOrdID, isTombstone: stored.state.order.purpose == .tombstone)
            seen.insert(name)
            guard !gone.contains(name) else { continue }
            var state = stored.state
            state.apply(.unknown(.restart))
            orders.append(
                RecoveredOrder(
                    row: stored.row, sequence: known[name], execution: stored.execution, role: stored.role,
                    pair: PairID(stored.pair), venue: stored.venue, symbol: stored.symbol, token: stored.token,
                    orderID: stored.orderID, intended: stored.intended, state: state))
        }
        for entry in journal.intents where !seen.contains(entry.intent.name) {
            let intent = entry.intent
            // One that the ledger has and that is not among its open ones is done.
            let isKept = try ledger.row(of: intent.order.clOrdID, isTombstone: intent.isTombstone) != nil
            guard !isKept else { continue }
            var state = OrderState(intent.order)
            state.apply(.unknown(.restart))
            orders.append(
                RecoveredOrder(
                    row: nil, sequence: entry.sequence, execution: intent.execution, role: intent.role,
                    pair: intent.pair, venue: intent.venue, symbol: intent.symbol, token: intent.token,
                    orderID: intent.orderID, intended: intent.decided.utc, state: state))
        }
        orders.sort { ($0.intended, $0.sequence ?? 0) < ($1.intended, $1.sequence ?? 0) }
        boxes = try ledger.boxes()
        breakers = try ledger.openBreakers()
        profitToday = try ledger.profit(ofDayAt: now)
        try readExecutions(ledger, now)
    }

    private static let generationMark = "journal_generation"

    private mutating func readExecutions(_ ledger: Ledger, _ now: UTCNanos) throws(StoreFault) {
        var wanted = Set(orders.compactMap(\.execution))
        wanted.formUnion(boxes.map(\.execution))
        wanted.formUnion(try ledger.unsettledExecutions())
        feeless = Set(try ledger.feelessExecutions(since: now + .seconds(-86_400))).subtracting(wanted)
        wanted.formUnion(feeless)
        for id in wanted.sorted(by: { ($0.run, $0.sequence) < ($1.run, $1.sequence) }) {
            if let row = try ledger.execution(id) { executions.append(row) }
            history += try ledger.orders(of: id)
        }
    }

    /// Puts into the ledger what it lacks: recorded orders, that they are unknown since the restart, that others never left.
    /// Whole or not at all; a second time changes nothing.
    ///
    /// - Returns: up to which record the ledger has everything now: for `IntentLog.checkpoint`.
    /// - Throws: `StoreFault`.
    public mutating func adopt(into ledger: Ledger, at now: UTCNanos) throws(StoreFault) -> UInt64 {
        var rows: [Int64?] = orders.map(\.row)
        let found = orders, journal = intents, gone = withdrawn
        try ledger.transaction { () throws(StoreFault) in
            for entry in journal { try ledger.keep(entry.intent) }
            for (index, order) in found.enumerated() {
                let known = try ledger.row(of: order.state.order.clOrdID, isTombstone: order.isTombstone)
                guard let row = known else { continue }
                rows[index] = row
                let told = try ledger.events(of: row)
                guard !told.contains(where: { $0.event == .unknown(.restart) }) else { continue }
                try ledger.append(
                    StoredOrderEvent(at: now, transactTime: nil, source: .local, event: .unknown(.restart)), to: row,
                    state: order.state, orderID: order.orderID)
            }
            for name in gone {
                guard let row = try ledger.row(of: name.clOrdID, isTombstone: name.isTombstone) else { continue }
                try ledger.withdraw(row, at: now)
            }
            try ledger.raiseMark(Self.generationMark, to: Int64(clamping: generation + 1))
        }
        for index in orders.indices { orders[index].row = rows[index] }
        return head
    }
}

extension OrderIntent {
    /// Its name, as withdrawals use it.
    var name: WithdrawnIntent { WithdrawnIntent(clOrdID: order.clOrdID, isTombstone: order.purpose == .tombstone) }
}

extension Ledger {
    /// Executions with fills that are neither in a box nor done with: something of them may stand alone.
    ///
    /// - Throws: `StoreFault`.
    public func unboxedExecutions() throws(StoreFault) -> [ExecutionID] {
        let boxed = Set(try boxes().map(\.execution))
        return try unsettledExecutions().filter { !boxed.contains($0) }
    }

    /// Executions of which a fill has not been explained by a box that is over: their residuals may be open.
    func unsettledExecutions() throws(StoreFault) -> [ExecutionID] {
        guard try version() >= 3 else { return [] }
        var found: [ExecutionID] = []
        try database.query(
            """
            SELECT DISTINCT execution FROM orders WHERE execution IS NOT NULL AND cum_qty <> 0
            AND execution NOT IN (SELECT execution FROM boxes WHERE is_over = 1)
            AND execution NOT IN (SELECT id FROM executions WHERE edge_realized_usd IS NOT NULL)
            """
        ) { row in if let id = row.text(0).flatMap({ ExecutionID($0) }) { found.append(id) } }
        return found
    }

    /// Executions that are over, of an order of which a fee is not known: its fills had not been told when the run ended.
    ///
    /// - Parameter since: their orders were recorded after this: what is older is in no list that a start reads.
    /// - Bound: the newest thousand.
    /// - Throws: `StoreFault`.
    func feelessExecutions(since: UTCNanos) throws(StoreFault) -> [ExecutionID] {
        guard try version() >= 3 else { return [] }
        var found: [ExecutionID] = []
        try database.query(
            """
            SELECT execution FROM orders WHERE execution IS NOT NULL AND is_done = 1 AND cum_qty <> 0
            AND intended_utc > ? AND execution NOT IN (SELECT execution FROM boxes WHERE quantity <> 0)
            AND execution IN (SELECT id FROM executions WHERE edge_realized_usd IS NOT NULL)
            AND (SELECT COALESCE(SUM(last_qty), 0) FROM fills WHERE order_row = orders.id AND fee IS NOT NULL) < cum_qty
            AND NOT EXISTS (SELECT 1 FROM order_events told WHERE told.order_row = orders.id AND told.kind = 'summary'
                AND told.fee IS NOT NULL AND told.quantity = orders.cum_qty)
            ORDER BY id DESC LIMIT 1000
            """, [.integer(since.rawValue)]
        ) { row in if let id = row.text(0).flatMap({ ExecutionID($0) }) { found.append(id) } }
        return found
    }

    /// Every order of an execution, oldest first.
    ///
    /// - Throws: `StoreFault`.
    public func orders(of execution: ExecutionID) throws(StoreFault) -> [StoredOrder] {
        guard try version() >= 3 else { return [] }
        return try orders("WHERE execution = ? ORDER BY id", [.text(execution.description)])
    }

    /// Marks a recorded order as never sent; one of which anything was told stays as it is.
    func withdraw(_ row: Int64, at instant: UTCNanos) throws(StoreFault) {
        guard try events(of: row).isEmpty, let stored = try orders("WHERE id = ?", [.integer(row)]).first else {
            return
        }
        var state = stored.state
        let event = OrderEvent.notSent(LocalRefusal(.slotSpent, "its slot was given back before anything was written"))
        state.apply(event)
        try append(
            StoredOrderEvent(at: instant, transactTime: nil, source: .local, event: event), to: row, state: state,
            orderID: nil)
    }
}
