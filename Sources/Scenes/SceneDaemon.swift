internal import Arb
internal import Assembly
internal import Glibc
internal import Risk
internal import Simulators
internal import Store
internal import Synchronization
internal import Threading
internal import Trading
internal import Transport

/// A live run against loopback venues, in this process: everything that `arb run --live` is made of, without the terminal.
///
/// - Lane: made and ended by one thread; `look` and `perform` from that thread while it runs.
final class SceneDaemon: @unchecked Sendable {
    // Safety: `worker` is written before the initialiser returns; the rest is constant or guarded.

    /// Where the trader stands, as its own lane sees it.
    struct View: Sendable {
        var isReady = false
        var isQuiet = true
        var unknownLegs = 0
        var claims = 0
        var counters = TraderCounters()
        var exposure = Exposure()
        var reserved = Money.zero
        /// At Polymarket.
        var signedAhead = SignedAhead()
    }

    /// What kept a run from starting.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    /// Keeps what is told.
    private final class Memory: Sendable {
        let told = Mutex(SceneTold())
        func note(_ event: TradeEvent) { told.withLock { $0.note(event) } }
    }

    private actor Hand {
        private nonisolated let lane: Lane
        private let desk: TradingDesk
        private let clock = NanoClock()

        init(_ lane: Lane, _ desk: TradingDesk) {
            self.lane = lane
            self.desk = desk
        }

        nonisolated var unownedExecutor: UnownedSerialExecutor { lane.asUnownedSerialExecutor() }

        func view() -> View {
            let trader = desk.trader
            return View(
                isReady: trader.isReady, isQuiet: trader.isQuiet, unknownLegs: trader.unknownLegs,
                claims: trader.claims, counters: trader.counters, exposure: trader.exposure, reserved: trader.reserved,
                signedAhead: desk.venues[.polymarket]?.gateway.signedAhead ?? SignedAhead())
        }

        func perform(_ body: @Sendable (Trader, Stamp) -> Void) {
            let now = clock.now()
            desk.trader.begin(at: now)
            body(desk.trader, now)
            lane.poller.wake()
        }
    }

    /// Hands decisions to whoever keeps them, once that is there.
    private final class Post: Sendable {
        let office = Mutex<BackOffice?>(nil)
        func post(_ event: DecisionEvent) { office.withLock { $0 }?.post(event) }
    }

    private final class Box<Value>: @unchecked Sendable {
        // Safety: handed from the thread that makes it to the one that uses it.
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    private let memory = Memory()
    private let lane: Lane
    private let stop: RunStop
    private let hand: Hand
    private let desk: TradingDesk
    private let office: BackOffice
    private let edges: [VenueEdge]
    private let ledger: Deferred<LedgerWriter, StoreFault>
    private var worker: Worker?
    private var last: View?
    /// Executions that earlier runs left.
    let recovered: Int

    /// Starts a run with the files of `path`; what an earlier run left there is taken up.
    ///
    /// - Parameters:
    ///   - environment: overrides of the configuration, as environment variables are.
    /// - Throws: what kept it from starting.
    init(_ path: String, environment: [String: String], seed: UInt64) throws {
        var settings = ["ARB__LANES__WAIT": "park", "ARB__RISK__MAX_BOOK_AGE_MS": "3000"]
        settings.merge(environment) { $1 }
        let configuration = try ConfigurationReader.read(
            try Self.text(path + "/arb.toml"), file: path + "/arb.toml", folder: path, environment: settings)
        let pairs = try Self.pairs(path + "/Markets")
        let clock = NanoClock()
        let start = clock.now()
        let folder = try StateFolder(root: path + "/state", account: configuration.text("account"))
        let build = BuildInfo.build
        ledger = Deferred(name: "ledger") { () throws(StoreFault) in
            let ledger = try LedgerWriter(folder: folder, now: start.utc)
            try ledger.begin(
                at: start.utc, mode: "live", venues: "loopback", build: build, configurationSHA256: "scene")
            return ledger
        }
        let post = Post()
        let core = try Core(configuration: configuration, pairs: pairs, seed: seed) { post.post($0) }
        lane = try Lane(name: "hot", wait: .park)
        stop = RunStop(lane)
        edges = try Edges.make(configuration, home: path, build: "scene")
        let office = BackOffice(names: core.names, contracts: core.catalog.contracts, ledger: ledger) { _ in }
        self.office = office
        post.office.withLock { $0 = office }
        let parts = TradingDesk.Parts(
            core: core, lane: lane, folder: folder, run: try ledger.value().run, seed: seed)
        let memory = memory
        let tell: (TradeEvent) -> Void = { event in
            post.post(.trade(event))
            memory.note(event)
        }
        let box = Box((configuration, parts, stop, tell))
        desk = try Self.desk(box, path)
        hand = Hand(lane, desk)
        let recovering = try desk.recover(ledger.value(), at: clock.now())
        recovered = recovering.executions
        let driver = LiveDriver(
            engine: core.engine, edges: edges, clock: clock, lane: lane, cacheFolder: folder.path + "/cache",
            seed: seed ^ 0xA5A5, published: StatusCell(), trading: desk.trading)
        let running = Box((driver, desk, folder))
        worker = Worker(name: "hot") {
            let (driver, desk, folder) = running.value
            desk.start(at: clock.now())
            driver.run(startedAt: start, until: nil)
            _ = folder  // its lock is held as long as the run lasts
        }
    }

    private static func desk(
        _ box: Box<(Configuration, TradingDesk.Parts, RunStop, (TradeEvent) -> Void)>, _ path: String
    ) throws -> TradingDesk {
        let made = Waiting.on { () async -> Result<TradingDesk, any Error> in
            do {
                let (configuration, parts, stop, tell) = box.value
                return .success(
                    try await TradingDesk.live(configuration, parts, home: path, stop: stop, tell: tell))
            } catch {
                return .failure(error)
            }
        }
        return try made.get()
    }

    /// All of a file.
    static func text(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw Fault(description: "\(path) cannot be read") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    private static func pairs(_ folder: String) throws -> PairFiles {
        var names: [String] = []
        guard let directory = opendir(folder) else { throw Fault(description: "\(folder) cannot be read") }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".toml") { names.append(name) }
        }
        return try PairFiles(names.sorted().map { .init(path: $0, text: try text(folder + "/" + $0)) })
    }

    /// What was told so far.
    var heard: SceneTold { memory.told.withLock { $0 } }

    /// Where it stands now; after the end: where it stood at its end.
    func look() -> View {
        if let last { return last }
        let hand = hand
        return Waiting.on { await hand.view() }
    }

    /// Has something done on the hot lane.
    func perform(_ body: @escaping @Sendable (Trader, Stamp) -> Void) {
        guard last == nil else { return }
        let hand = hand
        Waiting.on { await hand.perform(body) }
    }

    /// Raises the operator's halt, as the signal does.
    func halt() {
        desk.trader.haltFlag.raise()
        lane.poller.wake()
    }

    /// Ends it in order. Harmless when repeated.
    func end() {
        guard let worker else { return }
        last = look()
        stop.request()
        worker.join()
        self.worker = nil
        last = View(
            isReady: desk.trader.isReady, isQuiet: desk.trader.isQuiet, unknownLegs: desk.trader.unknownLegs,
            claims: desk.trader.claims, counters: desk.trader.counters, exposure: desk.trader.exposure,
            reserved: desk.trader.reserved,
            signedAhead: desk.venues[.polymarket]?.gateway.signedAhead ?? SignedAhead())
        office.finish()
        desk.close(after: office)
        if let ledger = try? ledger.value() {
            try? ledger.end(at: NanoClock.utc(), decisions: 0, sha256: "scene")
        }
        for edge in edges { edge.client.close() }
    }
}
