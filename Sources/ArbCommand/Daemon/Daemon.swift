import Arb
import Assembly
import Control
import Glibc
import Risk
import Store
import Synchronization
import Threading
import Trading

/// The end of control inside a run: takes commands at the socket, looks at the latch, and says once a second how things are.
///
/// A halt acts before it is understood: the flag is raised and the hot lane woken first, everything else comes after.
/// - Lane: two threads of its own (the socket's and a clock's); what touches the trader is done on the hot lane.
final class Daemon: Sendable {
    /// Which run this is.
    struct Identity: Sendable {
        let root: String
        let account: String
        let mode: String
        let venues: String
        let started: UTCNanos
        /// From then on a venue's silence is a fault.
        let silenceMax: Nanoseconds
        /// How long a critical alert may be unseen; zero: for ever.
        let alertPatience: Nanoseconds
        /// How long the machine gives itself for closing.
        let closeDeadline: Nanoseconds
    }

    private struct State {
        /// Why it is halted, as far as it was told.
        var reason = ""
        /// Messages of each venue, and when the newest of them came.
        var heard: [VenueID: (frames: UInt64, at: MonotonicNanos)] = [:]
        var nextReport = MonotonicNanos(rawValue: 0)
        var nextCopy: MonotonicNanos
        var nextMemory = MonotonicNanos(rawValue: 0)
        var memory = StatusReport.Memory()
        /// What the trader was told of the ledger.
        var blocked = ""
        var clock = ClockWatch()
        /// Whether the hot lane still answers, and when it is asked next.
        var stall = StallWatch(limit: Daemon.stallMax)
        var nextPing = MonotonicNanos(rawValue: 0)
        /// Entries are held for an alert that nobody saw.
        var isHeldForAlert = false
    }

    let identity: Identity
    let folder: String
    let latch: HaltLatch
    /// What trades; nil in a dry run.
    let desk: TradingDesk?
    let office: BackOffice
    /// What stops the hot lane; in a dry run nobody looks at it.
    let flag: HaltFlag
    private let cell: StatusCell
    /// Who is told elsewhere; nil: nobody.
    private let alerts: AlertDesk?
    /// A sweep that goes on; nil: none.
    let sweep = Mutex<Sweep?>(nil)
    /// What the hot lane is asked about again; one or two a command.
    let watches = Mutex<[Watch]>([])
    /// When an instance that was refused was last told of; nil: never.
    let toldOfInstance = Mutex<MonotonicNanos?>(nil)
    private let errands = Mailbox<@Sendable () -> Void>(capacity: 64)
    private let state: Mutex<State>
    private let ended = Atomic<Bool>(false)
    private let pongs = Atomic<UInt64>(0)
    private let wakeup = Semaphore()
    private let worker = Mutex<Worker?>(nil)
    private let server = Mutex<ControlServer?>(nil)

    /// How often the latch is looked at.
    private static let turn = Nanoseconds.milliseconds(20)
    /// How long the hot lane may not answer, and how often it is asked (P21).
    private static let stallMax = Nanoseconds.seconds(8), pingEvery = Nanoseconds.milliseconds(500)
    /// What a cancel of everything may take of the end of a run that is stuck.
    private static let lastCancel = Nanoseconds.seconds(1)
    private static let reportEvery = Nanoseconds.seconds(1)
    /// Counting what the allocator has handed out takes its locks: not too often.
    private static let memoryEvery = Nanoseconds.seconds(5)
    /// The hot lane says how things are four times a second.
    private static let statusDelay = Nanoseconds.milliseconds(300)
    /// When the ledger is copied for the first time, and how often then.
    private static let copyAfter = Nanoseconds.seconds(60), copyEvery = Nanoseconds.seconds(3_600)
    /// How long a venue has to answer a cancel of everything.
    private static let cancelTimeout = Nanoseconds.seconds(2)

    init(
        _ identity: Identity, folder: String, desk: TradingDesk?, office: BackOffice, cell: StatusCell,
        alerts: AlertDesk? = nil
    ) {
        self.alerts = alerts
        self.identity = identity
        self.folder = folder
        self.desk = desk
        self.office = office
        self.cell = cell
        state = Mutex(State(nextCopy: NanoClock.monotonic() + Self.copyAfter))
        flag = desk?.trader.haltFlag ?? HaltFlag()
        latch = HaltLatch(root: identity.root, account: identity.account)
    }

    /// Opens the socket and begins to look.
    ///
    /// - Throws: `ControlFault`.
    func begin() throws(ControlFault) {
        let socket = try ControlServer(folder: folder) { [self] request, peer, responder in
            take(request, peer, responder)
        }
        server.withLock { $0 = socket }
        worker.withLock { worker in
            worker = Worker(name: "daemon") { [self] in
                while !ended.load(ordering: .acquiring) {
                    for errand in errands.takeAll() { errand() }
                    look(at: NanoClock().now())
                    _ = wakeup.wait(timeout: Self.turn)
                }
            }
        }
    }

    /// Takes no more commands; the last report stays. After the hot lane, before the back office ends.
    func finish() {
        ended.store(true, ordering: .releasing)
        wakeup.signal()
        worker.withLock { $0 }?.join()
        server.withLock { $0 }?.finish()
        report(at: NanoClock().now()).publish(in: folder)
    }

    // MARK: The clock's thread

    private func look(at now: Stamp) {
        let isLatched = latch.isSet
        if isLatched, !flag.isRaised {
            stopSending()
            let found = latch.read()
            halted("latch", found.text, cancelsAll: found.notice?.cancelsAll ?? false, at: now.utc)
        } else if !isLatched, flag.isRaised {
            // A bare signal: what was signed ahead is void, and it has to outlive this process like any other halt. `arb halt`
            // signals first and latches afterwards: its notice may be there by now, and says who and why.
            stopSending()
            latch.set(.here(account: identity.account, reason: "by signal", at: now.utc), keepsOlder: true)
            halted("signal", "by signal", cancelsAll: false, at: now.utc)
        }
        alerts?.look(office.standing, at: now)
        if let desk {
            watch(desk, at: now)
            lookForStall(desk, at: now)
            lookAtSweep(desk, at: now.monotonic)
            lookAtWatches(desk, at: now.monotonic)
        }
        let (isDue, isCopyDue) = state.withLock { state in
            let isDue = now.monotonic >= state.nextReport, isCopyDue = now.monotonic >= state.nextCopy
            if isDue { state.nextReport = now.monotonic + Self.reportEvery }
            if isCopyDue { state.nextCopy = now.monotonic + Self.copyEvery }
            return (isDue, isCopyDue)
        }
        if isDue {
            desk?.checkpoint(through: office)
            report(at: now).publish(in: folder)
        }
        if isCopyDue { office.perform { ledger in try? ledger?.keepCopy() } }
    }

    /// What cannot be recorded is not entered; what nobody has seen holds entries.
    private func watch(_ desk: TradingDesk, at now: Stamp) {
        let standing = office.standing
        let dropped = office.dropped
        let fault =
            !standing.fault.isEmpty
            ? "the ledger cannot be written: \(standing.fault)"
            : !standing.full.isEmpty
                ? "the disk is full: \(standing.full); free it and start again"
                : dropped > 0 ? "\(dropped) decisions did not reach the ledger: start again" : ""
        let patience = identity.alertPatience
        let isLate = patience > .zero && (standing.criticalSince.map { now.utc - $0 >= patience } ?? false)
        let (isNew, isChanged) = state.withLock { state in
            let isNew = state.blocked.isEmpty && !fault.isEmpty, isChanged = state.isHeldForAlert != isLate
            if isNew { state.blocked = fault }
            state.isHeldForAlert = isLate
            return (isNew, isChanged)
        }
        if isNew { _ = desk.work.post { _ in desk.trader.block(fault) } }
        if let jump = state.withLock({ $0.clock.look(now) }) {
            let reason = "the wall clock jumped by \(jump.rawValue / 1_000_000) ms: set it right, then arb resume"
            _ = desk.work.post { stamp in desk.trader.holdLoudly("E_EXEC_CLOCK", reason, at: stamp) }
        }
        guard isChanged else { return }
        let seconds = patience.rawValue / 1_000_000_000
        let reason = isLate ? "nobody acknowledged a critical alert for \(seconds) s: arb alert ack" : nil
        _ = desk.work.post { _ in desk.trader.holdForAlert(reason) }
    }

    /// Asks the hot lane for a sign of life. One that gives none for eight seconds will give none any more: what rests is
    /// cancelled where that is possible, and the process ends, so that the next start takes up what it left (P21).
    private func lookForStall(_ desk: TradingDesk, at now: Stamp) {
        let (isStuck, isDue) = state.withLock { state in
            let isStuck = state.stall.look(answers: pongs.load(ordering: .relaxed), at: now.monotonic)
            let isDue = now.monotonic >= state.nextPing
            if isDue { state.nextPing = now.monotonic + Self.pingEvery }
            return (isStuck, isDue)
        }
        if isDue { _ = desk.work.post { [self] _ in pongs.wrappingAdd(1, ordering: .relaxed) } }
        guard isStuck else { return }
        flag.raise()
        let words = "the hot lane has not answered for \(Self.stallMax.rawValue / 1_000_000_000) s"
        Terminal.complain("arb: \(words): everything is cancelled where that is possible, and this process ends (70)")
        Terminal.complain("     arb status, then start it again: it takes up what is open")
        let cancelled = Semaphore()
        Task {
            _ = await desk.venues.cancelAll(deadline: NanoClock.monotonic() + Self.lastCancel)
            cancelled.signal()
        }
        _ = cancelled.wait(timeout: Self.lastCancel)
        var report = report(at: now)
        (report.exposure, report.exposureLine) = ("unknown", "UNKNOWN: \(words)")
        report.stops.append(.init(scope: "process", reason: "\(words); it ended itself (70)"))
        report.publish(in: folder)
        Terminal.flush()
        _exit(ExitCode.internalFault.rawValue)
    }

    /// Has something done on the clock's thread, which alone sets the latch and takes it away while the run goes on.
    func later(_ errand: @escaping @Sendable () -> Void) {
        _ = errands.post(errand)  // one a client of the socket, which has fewer
        wakeup.signal()
    }

    /// The status that is read from the folder is made anew as soon as the hot lane has said how things are.
    func reportSoon() {
        state.withLock { $0.nextReport = NanoClock.monotonic() + Self.statusDelay }
        wakeup.signal()
    }

    // MARK: Halt

    /// Nothing but cancels leaves from the hot lane's next look on. From any thread, first of all.
    func stopSending() {
        flag.raise()
        guard let desk else { return }
        desk.work.wake()
        desk.venues.halt()
    }

    private func halted(_ means: String, _ text: String, cancelsAll: Bool, at now: UTCNanos) {
        state.withLock { $0.reason = text }
        reportSoon()
        let row = Ledger.HaltRow(
            at: now, action: "halt", who: Control.Identity.user, host: Control.Identity.host,
            reason: text.isEmpty ? means : text)
        office.perform { ledger in try? ledger?.add(row) }
        guard cancelsAll, let desk else { return }
        Task { _ = await desk.venues.cancelAll(deadline: NanoClock.monotonic() + Self.cancelTimeout) }
    }

    /// `halt` at the socket.
    func halt(_ request: ControlRequest, _ responder: ControlServer.Responder) {
        let asked = NanoClock.monotonic()
        stopSending()
        let isCancelling = request.isSet("cancel_all")
        halted("socket", request["reason"] ?? "", cancelsAll: false, at: NanoClock.utc())
        let what = desk == nil ? "dry run: nothing is ever sent" : "nothing but cancels and your own closes is sent"
        guard isCancelling, let desk else { return responder.send(.done(what)) }
        Task {
            let reports = await desk.venues.cancelAll(deadline: NanoClock.monotonic() + Self.cancelTimeout)
            let took = (NanoClock.monotonic() - asked).rawValue / 1_000_000
            let words = reports.map { "\($0.venue.name) \(Self.words($0.report))" }.joined(separator: ", ")
            responder.send(.done("\(what); cancel-all after \(took) ms: \(words)"))
        }
    }

    private static func words(_ report: CancelReport) -> String {
        switch report {
        case .cancelled(let quantity): quantity.map { "cancelled \($0)" } ?? "cancelled"
        case .notLive: "had none"
        case .rejected(let rejection): "REFUSED \(rejection.code)"
        case .notSent(let refusal): "NOT SENT \(refusal.kind.rawValue)"
        case .unknown(let reason): "UNKNOWN \(reason)"
        }
    }

    // MARK: Resume

    /// Everything that was signed ahead may be signed again.
    func goOn() {
        state.withLock { $0.reason = "" }
        desk?.venues.resume()
    }

    // MARK: Status

    /// How things are.
    func report(at now: Stamp) -> StatusReport {
        var report = StatusReport()
        (report.account, report.mode, report.venuesKind) = (identity.account, identity.mode, identity.venues)
        (report.build, report.process) = (BuildInfo.build, getpid())
        (report.at, report.started) = (now.utc, identity.started)
        let standing = office.standing
        report.openAlerts = standing.openAlerts
        if let remark = alerts?.remark { report.remarks.append(remark) }
        if office.receipts.dropped > 0 {
            report.remarks.append("\(office.receipts.dropped) answers of the venues came too fast to be kept")
        }
        if Terminal.dropped > 0 {
            report.remarks.append("\(Terminal.dropped) lines of its output were dropped: whoever reads it has stopped")
        }
        if !standing.fault.isEmpty { report.stops.append(.init(scope: "ledger", reason: standing.fault)) }
        let found = latch.read()
        if found.isHalted || flag.isRaised {
            let told = state.withLock { $0.reason }
            report.halted = found.isHalted ? found.text : told.isEmpty ? "halted" : told
        }
        guard let status = cell.status else {
            report.remarks.append("starting")
            report.venues = [.init(name: "feeds", isUp: false, text: "not connected yet")]
            if desk != nil { (report.exposure, report.exposureLine) = ("unknown", "UNKNOWN: starting") }
            return report
        }
        state.withLock { state in
            if now.monotonic >= state.nextMemory {
                state.nextMemory = now.monotonic + Self.memoryEvery
                (state.memory.resident, state.memory.inUse) = (
                    Machine.resident / 1_024, Int(clamping: Allocations.bytesInUse)
                )
            }
            report.memory = state.memory
            for venue in VenueID.allCases {
                if let row = row(of: venue, status, &state, at: now.monotonic) { report.venues.append(row) }
            }
        }
        if let trader = status.trader { report.fill(trader) }
        if let sets = status.sets, sets.fired > 0 || sets.boxes > 0 { report.remarks.append(Self.words(sets)) }
        return report
    }

    private static func words(_ sets: PaperSets.Status) -> String {
        "sets on paper (a model): \(sets.fired) fired, \(sets.filled) filled, \(sets.boxes) held for $\(sets.locked), "
            + "surely $\(sets.net)" + (sets.alone > .zero ? ", $\(sets.alone) STANDS ALONE" : "")
    }

    private func row(of venue: VenueID, _ status: LiveStatus, _ state: inout State, at now: MonotonicNanos)
        -> StatusReport.Venue?
    {
        let links = status.links.filter { $0.link.venue == venue }
        let feeds = links.filter { $0.link.index != .max }
        guard !feeds.isEmpty else { return nil }
        let frames = feeds.reduce(UInt64(0)) { $0 &+ $1.frames }
        if state.heard[venue]?.frames != frames { state.heard[venue] = (frames, now) }
        let silence = now - (state.heard[venue]?.at ?? now)
        let up = feeds.count(where: \.isUp)
        var words = ["\(up)/\(feeds.count) feeds", "data \(silence.rawValue / 1_000_000_000) s ago"]
        var isUp = up == feeds.count && silence <= identity.silenceMax && frames > 0
        if let own = links.first(where: { $0.link.index == .max }) {
            words.append(own.isUp ? "orders' stream up" : "orders' stream DOWN \(own.reason)")
            isUp = isUp && own.isUp
        }
        if let ahead = status.trader?.signedAhead[venue] {
            words.append("signed ahead \(ahead.used) of \(ahead.used &+ ahead.missed) entries, \(ahead.ready) ready")
        }
        if let down = feeds.first(where: { !$0.isUp }), !down.reason.isEmpty { words.append(down.reason) }
        return StatusReport.Venue(name: venue.name, isUp: isUp, text: words.joined(separator: ", "))
    }
}

extension StatusReport {
    /// What the trader says of itself.
    mutating func fill(_ trader: TraderStatus) {
        let held = trader.exposure
        (exposure, exposureLine) = (held.state.rawValue, held.line)
        (unknownLegs, closing, boxes) = (held.unknownLegs, held.closing, held.boxes)
        (exposed, net, gross, hedged, dust) = (held.exposed, held.net, held.gross, held.hedged, held.dust)
        openOrders = held.openOrders
        (memory.executions, memory.orders) = (trader.kept, trader.keptOrders)
        profitToday = trader.profitToday
        executions = Int(clamping: trader.counters.fired)
        filled = Int(clamping: trader.counters.filled)
        for breaker in trader.breakers {
            stops.append(
                Stop(
                    scope: "breaker:\(breaker.scope)",
                    reason: breaker.reasons.map(\.rawValue).joined(separator: ",")
                        + " \(breaker.figure) (limit \(breaker.limit)), since \(breaker.since.rfc3339)"))
        }
        for stop in trader.stops {
            stops.append(Stop(scope: "pair:\(stop.pair.name)", reason: "\(stop.causes): \(stop.text)"))
        }
        for halt in trader.halts where !halt.hasPrefix("operator") {
            stops.append(Stop(scope: "entries", reason: halt))
        }
        if !trader.blocked.isEmpty { stops.append(Stop(scope: "entries", reason: trader.blocked)) }
        if !trader.isReady { remarks.append("not trading yet: accounts are read, earlier runs taken up") }
    }
}
