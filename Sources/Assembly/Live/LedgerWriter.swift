internal import Arb
internal import Codec
public import Store
public import Trading

/// The ledger as the back office writes it: everything that came at once in one transaction.
public final class LedgerWriter: @unchecked Sendable {
    // Safety: used by the back office's thread between `begin` and `end`, which the run's thread calls before and after.
    private let ledger: Ledger
    var store: Ledger { ledger }
    private let rows = TradeRows()
    private let reserve: DiskReserve?
    /// The first refusal of a full disk; nil while there was none.
    private(set) var fullDisk: String?
    /// When receipts that are too old go next: a run may last longer than they do.
    private var nextPrune: UTCNanos
    private static let receiptAge = Nanoseconds.seconds(-30 * 86_400), pruneEvery = Nanoseconds.seconds(3_600)

    /// Opens the ledger of a state folder, made and brought to the newest schema where needed; rows of over a year go, and
    /// what venues said of over 30 days.
    ///
    /// - Parameters:
    ///   - isTrading: room on the disk is set aside for closes.
    ///   - isDurable: what is written outlives a power loss (`[store] durability = "power"`).
    /// - Throws: `StoreFault`.
    public init(folder: StateFolder, now: UTCNanos, isTrading: Bool = false, isDurable: Bool = false)
        throws(StoreFault)
    {
        reserve = isTrading ? try DiskReserve(path: folder.path + "/reserve") : nil
        ledger = try Ledger(path: folder.path + "/ledger.db")
        if isDurable { try ledger.syncEveryWrite() }
        try ledger.prune(before: now + .seconds(-365 * 86_400))
        try ledger.pruneReceipts(before: now + Self.receiptAge)
        nextPrune = now + Self.pruneEvery
    }

    /// Begins a run.
    ///
    /// - Returns: its number in this ledger.
    /// - Throws: `StoreFault`.
    @discardableResult
    public func begin(
        at instant: UTCNanos, mode: String, venues: String, build: String, configurationSHA256: String
    ) throws(StoreFault) -> Int64 {
        try ledger.beginRun(
            started: instant, mode: mode, venues: venues, build: build, configurationSHA256: configurationSHA256)
        (rows.mode, rows.venues) = (mode, venues)
        return ledger.run
    }

    /// What earlier runs left open; the ledger has it whole afterwards.
    ///
    /// - Returns: it, and up to which record the log of intents may be used anew.
    /// - Throws: `StoreFault`.
    public func recover(_ journal: JournalContent, build: String, now: UTCNanos) throws(StoreFault) -> (
        Recovery, UInt64
    ) {
        var recovery = try Recovery(journal: journal, ledger: ledger, build: build, now: now)
        let through = try recovery.adopt(into: ledger, at: now)
        return (recovery, through)
    }

    /// Names of orders of earlier runs that ended, and what venues last said of their purses.
    ///
    /// - Throws: `StoreFault`.
    public func account(since: UTCNanos) throws(StoreFault) -> (
        ended: [(orderID: OrderID, cumQty: Quantity)], cash: [(balances: [VenueBalance], asOf: UTCNanos)]
    ) {
        let ended = try ledger.endedOrders(since: since, limit: OrderRegistry.retiredMax)
        var cash: [(balances: [VenueBalance], asOf: UTCNanos)] = []
        for venue in VenueID.allCases {
            if let known = try ledger.cash(at: venue) { cash.append(known) }
        }
        return (ended, cash)
    }

    /// The run's number in this ledger.
    public var run: Int64 { ledger.run }

    /// Ends the run; of one that traded a copy is kept, for the day when the ledger is damaged.
    ///
    /// - Throws: `StoreFault`.
    public func end(at instant: UTCNanos, decisions: UInt64, sha256: String) throws(StoreFault) {
        try ledger.endRun(ended: instant, decisions: decisions, sha256: sha256)
        // A disk without room for one is no fault of the run.
        if reserve != nil { try? ledger.keepCopy() }
    }

    /// - Returns: why nothing more can be written; nil when all was.
    func write(_ events: [DecisionEvent], _ names: BasketNames, _ symbols: [String], _ now: UTCNanos)
        -> String?
    {
        do throws(StoreFault) {
            try keep(events, names, symbols, now)
            return nil
        } catch {
            // On a full disk once more, in the room that was set aside: whoever looks stops entries.
            guard error.kind == .full, let reserve, reserve.release() else { return "\(error.code) \(error.text)" }
            fullDisk = "\(error.code) \(error.text)"
        }
        do throws(StoreFault) {
            try keep(events, names, symbols, now)
            return nil
        } catch {
            return "\(error.code) \(error.text)"
        }
    }

    /// Writes what venues said. Nothing hangs on it: what cannot be written is lost, and on a disk that is full the room that
    /// was set aside is for other things.
    func write(_ receipts: ReceiptQueue, _ now: UTCNanos) {
        if now >= nextPrune {
            nextPrune = now + Self.pruneEvery
            try? ledger.pruneReceipts(before: now + Self.receiptAge)
        }
        guard receipts.isWaiting, fullDisk == nil else { return }
        try? ledger.transaction { () throws(StoreFault) in
            try receipts.drain { (mark, words, whole) throws(StoreFault) in
                try ledger.addReceipt(mark, words, whole: whole)
            }
        }
    }

    private func keep(_ events: [DecisionEvent], _ names: BasketNames, _ symbols: [String], _ now: UTCNanos)
        throws(StoreFault)
    {
        try ledger.transaction { () throws(StoreFault) in
            for event in events {
                switch event {
                case .born(let opportunity): try ledger.add(Self.row(opportunity, .born, names))
                case .ended(let opportunity): try ledger.add(Self.row(opportunity, .ended, names))
                case .note(let notice):
                    try ledger.add(notice, at: now, instrument: notice.instrument.map { symbols[Int($0.index)] })
                case .trade(let event): try rows.write(event, to: ledger, names)
                }
            }
        }
    }

    private static func row(_ opportunity: Opportunity, _ phase: OpportunityJSON.Phase, _ names: BasketNames)
        -> Ledger.OpportunityRow
    {
        let entry = names[opportunity.basket]
        var json = JSONWriter()
        OpportunityJSON.write(opportunity, phase, names: names, into: &json)
        var row = Ledger.OpportunityRow(
            sequence: opportunity.sequence, pair: entry.pair.name, kind: entry.kind.rawValue,
            direction: entry.direction,
            disposition: opportunity.disposition.rawValue, born: opportunity.born.utc,
            orderQty: opportunity.plan.orderQty,
            locked: opportunity.plan.locked, edge: opportunity.plan.net, edgeBps: opportunity.plan.edgeBps,
            bestEdge: opportunity.best.net, bestQty: opportunity.best.orderQty, json: json.string)
        row.ended = opportunity.ended?.utc
        row.lifetime = opportunity.ended.map { $0.monotonic - opportunity.born.monotonic }
        row.endReason = opportunity.endReason?.rawValue
        row.judgedNet = opportunity.judgements.last.flatMap(\.net)
        row.judgedFilled = opportunity.judgements.last.map(\.filled)
        return row
    }
}
