import Arb
import Assembly
import Control
import Glibc
import Risk
import Signing
import Store
import Synchronization
import Threading
import Trading
import Transport

/// One run, from configuration to summary: it watches, and in live mode trades.
struct WatchSession {
    private let context: CommandContext
    private let configuration: Configuration
    private let pairs: PairFiles
    private let recording: String?
    private let duration: Nanoseconds?
    private let mode: TradingMode
    private let hand: HandWorker.Hand?

    /// A run for an operator's hand: accounts and books as in a live run, and no orders but the operator's.
    init(
        _ context: CommandContext, hand words: String,
        _ body: @escaping @Sendable (Daemon, StatusCell) throws -> ExitCode
    ) throws {
        self.context = context
        configuration = try context.configuration()
        duration = nil
        recording = nil
        mode = .live
        hand = HandWorker.Hand(words: words, body: body)
        pairs = try context.pairs(configuration)
    }

    /// - Parameter recording: where to record; empty: a name made of the time; nil: nowhere.
    init(_ context: CommandContext, recording: String?) throws {
        TLSContext.prepare()
        self.context = context
        configuration = try context.configuration()
        duration = try context.duration("--for")
        self.recording = recording
        hand = nil
        mode = try Self.mode(context, configuration, isRecording: recording != nil)
        let all = try context.pairs(configuration)
        pairs = try Self.chosen(all, context.option("--pairs"))
        guard mode == .live, !pairs.pairs.contains(where: { $0.status == .approved }) else { return }
        throw CommandFailure(
            .configuration, "E_PAIR_NONE", "no pair is approved: a live run would send nothing",
            fix: "review one: arb pairs show ID, arb pairs check; then set status = \"approved\" in its file")
    }

    /// Live is hard to start: the flag, and the account's name typed once more (law 12).
    private static func mode(_ context: CommandContext, _ configuration: Configuration, isRecording: Bool)
        throws(CommandFailure) -> TradingMode
    {
        guard let mode = TradingMode(rawValue: configuration.text("mode")) else {
            throw CommandFailure(.configuration, "E_CFG_MODE", "mode = \"\(configuration.text("mode"))\" is none")
        }
        guard mode != .dryRun else { return mode }
        guard !isRecording else {
            throw CommandFailure(
                .configuration, "E_CFG_MODE", "recordings are made in dry runs", fix: "set mode = \"dry-run\"")
        }
        guard mode != .paper else { return mode }
        let account = configuration.text("account")
        guard !account.hasSuffix(TradingDesk.paperSuffix) else {
            throw CommandFailure(
                .configuration, "E_CFG_MODE",
                "'\(account)' is the name of a paper account: no money is traded under it",
                fix: "choose an account whose name does not end with \(TradingDesk.paperSuffix)")
        }
        guard context.parsed.has("--live") else {
            throw CommandFailure(
                .configuration, "E_CFG_MODE", "mode = \"live\" in the configuration is not enough to send orders",
                fix: "add --live --confirm-account \(account), or --dry-run")
        }
        guard context.option("--confirm-account") == account else {
            throw CommandFailure(
                .configuration, "E_CFG_CONFIRM",
                "--live wants the account's name typed once more, and it is '\(account)'"
                    + (context.option("--confirm-account").map { ", not '\($0)'" } ?? ""),
                fix: "add --confirm-account \(account)")
        }
        return mode
    }

    private static func chosen(_ all: PairFiles, _ pattern: String?) throws(CommandFailure) -> PairFiles {
        let chosen = all.only(fitting: pattern ?? "")
        guard !chosen.pairs.isEmpty || !chosen.sets.isEmpty else {
            throw CommandFailure(
                .configuration, "E_PAIR_NONE",
                pattern.map { "no pair or set fits '\($0)'" } ?? "no pair file has a pair or set",
                fix: "see 'arb pairs list', and markets.pairs in the configuration")
        }
        return chosen
    }

    func run() throws -> ExitCode {
        Signals.block()
        let venues = Edges.environment(configuration)
        let event = RunEvent(mode: mode.rawValue, venues: venues, account: configuration.text("account"))
        Terminal.detach(context.isJSON ? event : nil)
        if mode != .dryRun { Terminal.outlivesReaders.store(true, ordering: .relaxed) }
        let clock = NanoClock()
        let start = clock.now()
        let folder = try stateFolder()
        let seed = UInt64(bitPattern: start.utc.rawValue)
        let hash = Digest.hex(.sha256, configuration.toml)
        let edges = try edges()
        defer { for edge in edges { edge.close() } }
        // The disk takes as long as the first connection: both at once.
        let lane = try lane()
        let mode = mode.rawValue
        let isTrading = self.mode != .dryRun, isHand = hand != nil
        let opening = ledger(folder, lane, start.utc, venues, hash)
        defer { opening.finish() }
        let recorder = try recorder(start, seed, hash)
        let cell = StatusCell()
        let office = OfficeBox()
        let core = try core(seed) { office.post($0) }
        let reporter = RunReporter(
            context: context, names: core.names, mode: mode, venues: venues,
            account: configuration.text("account"),
            pairs: pairs.pairs.count, sets: pairs.sets.count, started: start)
        let alerts = try alerts(cell, venues)
        defer { alerts?.finish() }
        let desk = BackOffice(names: core.names, contracts: core.catalog.contracts, ledger: opening) {
            if !isHand { reporter.take($0) }
            alerts?.take($0)
        }
        office.open(desk)
        let stop = RunStop(lane)
        let trade = try trade(core, lane, folder, opening, seed, stop, desk)
        let driver = LiveDriver(
            engine: core.engine, edges: edges, clock: clock, lane: lane, recorder: recorder?.writer,
            cacheFolder: folder.path + "/cache", seed: seed ^ 0xA5A5, published: cell, trading: trade?.trading)
        if !isHand { reporter.begin(recording: recorder?.path) }
        let daemon = self.daemon(folder, trade, desk, cell, start, venues, alerts)
        let signals = Signals(halt: daemon.flag) { isTrading ? stop.request() : lane.stop() }
        if let trade { try begin(trade, opening, at: clock.now()) }
        do throws(ControlFault) { try daemon.begin() } catch { throw error.failure }
        let board = isHand ? nil : BoardWorker(reporter: reporter, cell: cell, office: desk)
        let handed = hand.map { HandWorker($0, daemon, cell, stop) }
        driver.run(startedAt: start, until: duration.map { start.monotonic + $0 })
        board?.finish()
        signals.finish()
        daemon.finish()
        desk.finish()
        trade?.close(after: desk)
        let sha256 = core.decisions.finish()
        try finish(recorder?.writer, core.decisions.count, sha256)
        try stored { () throws(StoreFault) in
            try opening.value().end(at: clock.now().utc, decisions: core.decisions.count, sha256: sha256)
        }
        if let handed { return try handed.result() }
        reporter.end(cell.status, desk.recent, decisions: core.decisions.count, sha256: sha256, dropped: desk.dropped)
        return ExitCode(cell.status?.trader)
    }

    /// Opens the ledger on a thread of its own. One that cannot be kept ends the run.
    private func ledger(_ folder: StateFolder, _ lane: Lane, _ start: UTCNanos, _ venues: String, _ hash: String)
        -> Deferred<LedgerWriter, StoreFault>
    {
        let (mode, isTrading) = (mode.rawValue, mode != .dryRun)
        let isDurable = configuration.text("store.durability") == JournalDurability.power.rawValue
        return Deferred(name: "ledger") { () throws(StoreFault) in
            do throws(StoreFault) {
                let ledger = try LedgerWriter(folder: folder, now: start, isTrading: isTrading, isDurable: isDurable)
                try ledger.begin(
                    at: start, mode: mode, venues: venues, build: BuildInfo.build, configurationSHA256: hash)
                return ledger
            } catch {
                lane.stop()
                throw error
            }
        }
    }

    /// Everything that trades; nil in a dry run. A start that is refused is no crash: its run ends in the ledger.
    private func trade(
        _ core: Core, _ lane: Lane, _ folder: StateFolder, _ opening: Deferred<LedgerWriter, StoreFault>,
        _ seed: UInt64, _ stop: RunStop, _ office: BackOffice
    ) throws -> TradingDesk? {
        guard mode != .dryRun else { return nil }
        do {
            return try desk(core, lane, folder, opening, seed, stop, office)
        } catch {
            office.perform { ledger in try? ledger?.endRun(ended: NanoClock.utc(), decisions: 0, sha256: "") }
            office.finish()
            throw error
        }
    }

    /// Takes up what earlier runs left, and a halt that stands; then the trader begins.
    private func begin(_ trade: TradingDesk, _ opening: Deferred<LedgerWriter, StoreFault>, at now: Stamp)
        throws(CommandFailure)
    {
        if mode == .live { _ = Worker(name: "memory") { Machine.keepInMemory() } }
        let recovered = try stored { () throws(StoreFault) in try trade.recover(opening.value(), at: now) }
        if recovered.executions > 0 {
            context.terminal.say("took up \(recovered.executions) executions of earlier runs")
        }
        if recovered.breakers > 0 {
            Terminal.complain("\(recovered.breakers) breakers of earlier runs are open still: arb status")
        }
        for hold in recovered.holds { Terminal.complain("HELD: \(hold); nothing is entered until arb resume") }
        let target = HaltLatch(
            root: configuration.path("state_dir", home: context.home) ?? "", account: configuration.text("account"))
        let latch = target.read()
        if latch.isHalted {
            trade.trader.haltFlag.raise()
            Terminal.complain("HALTED: \(latch.text); nothing is sent until arb resume")
        }
        if hand == nil, recovered.crashes >= TradingDesk.crashesMax {
            let reason = "\(recovered.crashes) runs ended without a word within ten minutes: see why, then arb resume"
            target.set(.here(account: configuration.text("account"), reason: reason, at: now.utc))
            trade.trader.haltFlag.raise()
            Terminal.complain("HALTED: \(reason)")
        }
        if let hand {
            trade.trader.block(hand.words)
            trade.trader.haltByOperator(hand.words, at: now)
        }
        trade.start(at: now)
    }

    /// Who is told elsewhere: of a run that trades, not of an operator's own hand.
    private func alerts(_ cell: StatusCell, _ venues: String) throws(CommandFailure) -> AlertDesk? {
        guard mode != .dryRun, hand == nil, let webhook = try AlertDesk.webhook(context, configuration) else {
            return nil
        }
        return AlertDesk(
            webhook, account: configuration.text("account"), mode: mode.rawValue, venues: venues, cell: cell)
    }

    private func daemon(
        _ folder: StateFolder, _ trade: TradingDesk?, _ office: BackOffice, _ cell: StatusCell, _ start: Stamp,
        _ venues: String, _ alerts: AlertDesk?
    ) -> Daemon {
        Daemon(
            Daemon.Identity(
                root: configuration.path("state_dir", home: context.home) ?? "",
                account: configuration.text("account"), mode: mode.rawValue, venues: venues, started: start.utc,
                silenceMax: configuration.milliseconds("risk.max_feed_silence_ms"),
                alertPatience: configuration.seconds("alerts.halt_unacknowledged_s"),
                closeDeadline: configuration.seconds("unwind.deadline_s")),
            folder: folder.path, desk: trade, office: office, cell: cell, alerts: alerts)
    }

    /// Everything that trades. The ledger is open before anything may be sent.
    private func desk(
        _ core: Core, _ lane: Lane, _ folder: StateFolder, _ opening: Deferred<LedgerWriter, StoreFault>,
        _ seed: UInt64, _ stop: RunStop, _ office: BackOffice
    ) throws(CommandFailure) -> TradingDesk {
        let tell: (TradeEvent) -> Void = { office.post(.trade($0)) }
        let ledger = try stored { () throws(StoreFault) in try opening.value() }
        let parts = TradingDesk.Parts(
            core: core, lane: lane, folder: folder, run: ledger.run, seed: seed, receipts: office.receipts)
        let configuration = configuration
        guard mode == .live else {
            do {
                return try TradingDesk.paper(configuration, parts, ledger: ledger, stop: stop, tell: tell)
            } catch {
                throw Self.failure(error)
            }
        }
        let home = context.home
        let box = UncheckedBox((parts, tell))
        let made = Waiting.on { () async -> Result<TradingDesk, any Error> in
            do {
                return .success(
                    try await TradingDesk.live(configuration, box.value.0, home: home, stop: stop, tell: box.value.1))
            } catch {
                return .failure(error)
            }
        }
        switch made {
        case .success(let desk): return desk
        case .failure(let error): throw Self.failure(error)
        }
    }

    private static func failure(_ error: any Error) -> CommandFailure {
        switch error {
        case let fault as Edges.Fault:
            CommandFailure(fault.isPermission ? .permissions : .configuration, fault.code, fault.text)
        case let fault as StoreFault: CommandFailure(fault.exitCode, fault.code, fault.text)
        case let fault as AccountFault: CommandFailure(.unavailable, fault.code, fault.text)
        case let fault as TransportFault: CommandFailure(.unavailable, fault.code, fault.text)
        case let fault as SigningFault: CommandFailure(.configuration, fault.code, fault.text)
        case let fault as CeilingFault: CommandFailure(.configuration, fault.code, fault.description)
        default: CommandFailure(.failure, "E_CLI_INTERNAL", "\(error)")
        }
    }

    private func edges() throws(CommandFailure) -> [VenueEdge] {
        do {
            return try Edges.make(configuration, home: context.home, build: BuildInfo.version, dialing: true)
        } catch {
            throw CommandFailure(error.isPermission ? .permissions : .configuration, error.code, error.text)
        }
    }

    private func stateFolder() throws(CommandFailure) -> StateFolder {
        guard let root = configuration.path("state_dir", home: context.home) else {
            throw CommandFailure(.configuration, "E_CFG_MISSING", "state_dir is empty")
        }
        let account = configuration.text("account")
        do throws(StoreFault) { return try StateFolder(root: root, account: account) } catch {
            var words = error.text
            if error.kind == .locked, hand == nil {
                words += SecondInstance.tell(root: root, account, mode, context, configuration)
            }
            throw CommandFailure(error.exitCode, error.code, words)
        }
    }

    private func stored<Result>(_ body: () throws(StoreFault) -> Result) throws(CommandFailure) -> Result {
        do throws(StoreFault) {
            return try body()
        } catch {
            throw CommandFailure(error.exitCode, error.code, error.text)
        }
    }

    private func core(_ seed: UInt64, _ forward: @escaping (DecisionEvent) -> Void) throws(CommandFailure) -> Core {
        do {
            return try Core(configuration: configuration, pairs: pairs, seed: seed, forward: forward)
        } catch {
            let words = error.all.map { "\($0.code) \($0.pair.name): \($0.text)" }.joined(separator: "\n")
            throw CommandFailure(.configuration, error.all.first?.code ?? "E_PAIR_VALUE", words)
        }
    }

    private func lane() throws(CommandFailure) -> Lane {
        do {
            // What only watches leaves the last core to what trades beside it.
            let isPinned = mode == .live && configuration.text("lanes.processor") == "last" && Machine.processors > 1
            return try Lane(
                name: "hot", wait: LaneWait(rawValue: configuration.text("lanes.wait")) ?? .adaptive,
                processor: isPinned ? Machine.processor(fromLast: 0) : nil)
        } catch {
            throw CommandFailure(.failure, error.code, "no descriptors left (ulimit -n)")
        }
    }

    private func recorder(_ start: Stamp, _ seed: UInt64, _ hash: String) throws(CommandFailure) -> (
        writer: CaptureWriter, path: String
    )? {
        guard let recording else { return nil }
        let stamp = start.utc.rfc3339.prefix(19).filter { $0 != ":" && $0 != "-" }
        let path = recording.isEmpty ? "arb-\(stamp)Z.ndjson" : recording
        let header = CaptureHeader(
            build: BuildInfo.build, started: start, seed: seed, configuration: configuration.toml,
            configurationSHA256: hash,
            pairs: pairs.texts, only: context.option("--pairs") ?? "", feeRules: Core.feeRules)
        do {
            return (try CaptureWriter(path: path, header: header), path)
        } catch {
            throw CommandFailure(.cannotWrite, error.code, error.description)
        }
    }

    private func finish(_ recorder: CaptureWriter?, _ decisions: UInt64, _ sha256: String) throws(CommandFailure) {
        do {
            try recorder?.finish(decisions: decisions, sha256: sha256)
        } catch {
            throw CommandFailure(.cannotWrite, error.code, error.description)
        }
    }
}

extension StoreFault {
    /// What the shell is told.
    var exitCode: ExitCode {
        switch kind {
        case .permissions: .permissions
        case .io, .preallocate, .full: .cannotWrite
        case .locked: .locked
        case .future, .corrupt, .journalCorrupt: .configuration
        }
    }
}

/// Hands a value to the one task that uses it.
private final class UncheckedBox<Value>: @unchecked Sendable {
    // Safety: made before the task begins, read by it alone, and its maker waits for its end.
    let value: Value
    init(_ value: Value) { self.value = value }
}
