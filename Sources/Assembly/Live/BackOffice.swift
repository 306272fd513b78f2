internal import Arb
internal import Codec
public import Store
import Synchronization
public import Threading
public import Trading

/// Takes decisions from the hot lane and does the slow things with them: ledger, event stream, the board's memory.
///
/// - Lane: a thread of its own. `post` from the hot lane; `recent` from any thread.
/// - Bound: 65,536 decisions wait; what exceeds that is counted (`dropped`) and told, the hot lane never waits. The decision
///   log and the recording have them all the same.
public final class BackOffice: Sendable {
    /// What a listener is told, on the back office's thread.
    public enum Event: Sendable {
        /// A decision, with the wall time at which it was taken from the hot lane.
        case decision(DecisionEvent, UTCNanos)
        /// The ledger cannot be written; said once.
        case ledgerFailed(String)
    }

    /// What the ledger has that an operator should know of.
    public struct Standing: Sendable, Hashable {
        /// Alerts that nobody has seen.
        public var openAlerts = 0
        /// When the oldest critical one of them came; nil: none.
        public var criticalSince: UTCNanos?
        /// Why nothing is written any more; empty while all is well.
        public var fault = ""

        /// Nothing.
        public init() {}
    }

    /// Something to be done with the ledger beside decisions, in their order; nil where there is none any more.
    public typealias Errand = @Sendable (Ledger?) -> Void

    private let mailbox = Mailbox<DecisionEvent>(capacity: 65_536)
    private let errands = Mailbox<Errand>(capacity: 1_024)
    private let known = Mutex<Standing>(Standing())
    private let lost = Atomic<Int>(0)
    private let wakeup = Semaphore()
    private let ended = Atomic<Bool>(false)
    private let memory = Mutex<[Opportunity]>([])
    private let worker = Mutex<Worker?>(nil)
    private let names: BasketNames
    private let symbols: [String]
    private static let recentMax = 200

    /// A back office that keeps what it is given in `ledger` as soon as that is open (nil: nowhere) and tells `listener`.
    public init(
        names: BasketNames, contracts: [Contract], ledger: Deferred<LedgerWriter, StoreFault>?,
        listener: @escaping @Sendable (Event) -> Void
    ) {
        self.names = names
        symbols = contracts.map(\.symbol)
        worker.withLock { worker in
            // Strong: an owner that is dropped before its end, as on a failing start, must outlive its thread.
            worker = Worker(name: "back-office") { [self] in run(ledger, listener) }
        }
    }

    /// Hands a decision over; never waits.
    public func post(_ event: DecisionEvent) {
        if mailbox.post(event) { wakeup.signal() } else { lost.wrappingAdd(1, ordering: .relaxed) }
    }

    /// Has something done with the ledger, after all that was posted before. From any thread; never waits.
    ///
    /// - Returns: false when too much waits; it is not done then.
    @discardableResult
    public func perform(_ errand: @escaping Errand) -> Bool {
        guard errands.post(errand) else { return false }
        wakeup.signal()
        return true
    }

    /// What the ledger has that an operator should know of. From any thread.
    public var standing: Standing { known.withLock { $0 } }

    /// Decisions that did not fit.
    public var dropped: Int { lost.load(ordering: .relaxed) }

    /// The newest opportunities that have ended, newest last.
    public var recent: [Opportunity] { memory.withLock { $0 } }

    /// Waits until everything handed over is done. Call once, after the hot lane has ended.
    public func finish() {
        ended.store(true, ordering: .releasing)
        wakeup.signal()
        worker.withLock { $0 }?.join()
    }

    private func run(_ opening: Deferred<LedgerWriter, StoreFault>?, _ listener: (Event) -> Void) {
        // One that does not open ends the run, by him who opens it.
        var ledger = try? opening?.value()
        note(ledger)
        while true {
            let isEnding = ended.load(ordering: .acquiring)
            let asked = errands.takeAll()
            let events = mailbox.takeAll()
            if events.isEmpty, asked.isEmpty {
                if isEnding { return }
                _ = wakeup.wait(timeout: .seconds(1))
                continue
            }
            let now = NanoClock.utc()
            if let writer = ledger, let failure = writer.write(events, names, symbols, now) {
                ledger = nil
                known.withLock { $0.fault = failure }
                listener(.ledgerFailed(failure))
            }
            for errand in asked { errand(ledger?.store) }
            if !asked.isEmpty || events.contains(where: Self.isAlert) { note(ledger) }
            for event in events {
                if case .ended(let opportunity) = event { remember(opportunity) }
                listener(.decision(event, now))
            }
        }
    }

    private static func isAlert(_ event: DecisionEvent) -> Bool {
        if case .trade(.alert) = event { true } else { false }
    }

    private func note(_ ledger: LedgerWriter?) {
        guard let alerts = try? ledger?.store.openAlerts() else { return }
        known.withLock { known in
            known.openAlerts = alerts.count
            known.criticalSince = alerts.first { $0.level == "critical" }?.at
        }
    }

    private func remember(_ opportunity: Opportunity) {
        memory.withLock { memory in
            memory.append(opportunity)
            if memory.count > Self.recentMax { memory.removeFirst(memory.count - Self.recentMax) }
        }
    }
}

/// The ledger as the back office writes it: everything that came at once in one transaction.
public final class LedgerWriter: @unchecked Sendable {
    // Safety: used by the back office's thread between `begin` and `end`, which the run's thread calls before and after.
    private let ledger: Ledger
    fileprivate var store: Ledger { ledger }
    private let rows = TradeRows()

    /// Opens the ledger of a state folder, made and brought to the newest schema where needed; rows of over a year go.
    ///
    /// - Throws: `StoreFault`.
    public init(folder: StateFolder, now: UTCNanos) throws(StoreFault) {
        ledger = try Ledger(path: folder.path + "/ledger.db")
        try ledger.prune(before: now + .seconds(-365 * 86_400))
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

    /// The run's number in this ledger.
    public var run: Int64 { ledger.run }

    /// Ends the run.
    ///
    /// - Throws: `StoreFault`.
    public func end(at instant: UTCNanos, decisions: UInt64, sha256: String) throws(StoreFault) {
        try ledger.endRun(ended: instant, decisions: decisions, sha256: sha256)
    }

    /// - Returns: why nothing more can be written; nil when all was.
    fileprivate func write(_ events: [DecisionEvent], _ names: BasketNames, _ symbols: [String], _ now: UTCNanos)
        -> String?
    {
        do throws(StoreFault) {
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
            return nil
        } catch {
            return "\(error.code) \(error.text)"
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
