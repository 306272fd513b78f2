internal import Arb
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
        /// The disk is full: what was set aside for closes is in use now; said once.
        case diskFull(String)
    }

    /// What the ledger has that an operator should know of.
    public struct Standing: Sendable, Hashable {
        /// Alerts that nobody has seen.
        public var openAlerts = 0
        /// When the oldest critical one of them came; nil: none.
        public var criticalSince: UTCNanos?
        /// Why nothing is written any more; empty while all is well.
        public var fault = ""
        /// The disk was full, and what was kept for closes is in use; empty while all is well.
        public var full = ""

        /// Nothing.
        public init() {}
    }

    /// Something to be done with the ledger beside decisions, in their order; nil where there is none any more.
    public typealias Errand = @Sendable (Ledger?) -> Void

    /// What venues said of our orders; written within a second.
    public let receipts = ReceiptQueue()

    private let mailbox = Mailbox<DecisionEvent>(capacity: 65_536, room: room)
    /// Events that wait while the disk is written; more is asked for when it is needed, and kept.
    private static let room = 512
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
        var events = Mailbox<DecisionEvent>.list(room: Self.room)
        while true {
            let isEnding = ended.load(ordering: .acquiring)
            let asked = errands.takeAll()
            mailbox.takeAll(into: &events)
            if events.isEmpty, asked.isEmpty {
                ledger?.write(receipts, NanoClock.utc())
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
            // Behind the decisions, which may have told under which name the venue knows an order.
            ledger?.write(receipts, now)
            if let full = ledger?.fullDisk, known.withLock({ $0.full.isEmpty }) {
                known.withLock { $0.full = full }
                listener(.diskFull(full))
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
