internal import Glibc
public import Simulators
internal import Store
internal import Threading
public import Trading

/// A long run under load: so many messages a second, so many fires a second, and a look at what it costs in memory.
///
/// The run is a process of its own, the program that people run; the venues are in this one.
public struct Soak: Sendable {
    /// How it is loaded.
    public struct Settings: Sendable {
        /// How long.
        public var duration = Nanoseconds.seconds(600)
        /// Messages a second, both venues together.
        public var rate = 10_000
        /// Edges a second, each taken once or more.
        public var firesPerSecond = 1
        /// Pairs that the messages are spread over.
        public var pairs = 300
        /// Of everything drawn.
        public var seed: UInt64 = 1
        /// Time between two looks at memory.
        public var every = Nanoseconds.seconds(10)
        /// What goes wrong meanwhile.
        public var faults: [FaultPlan.Rule] = []

        /// A quarter of what a release is soaked with.
        public init() {}
    }

    /// One look.
    public struct Look: Sendable {
        /// Since the start.
        public let at: Nanoseconds
        /// Resident memory of the run. Unit: KiB.
        public let resident: Int
        /// Messages that the venues sent since the look before, a second.
        public let messagesPerSecond: Int
        /// Orders that came to the venues so far.
        public let orders: Int
    }

    /// What came of it.
    public struct Report: Sendable {
        /// Every look.
        public fileprivate(set) var looks: [Look] = []
        /// What did not hold; empty: it is good.
        public fileprivate(set) var problems: [String] = []
        /// The truth beside the ledger.
        public fileprivate(set) var audit: TruthAudit?
        /// Edges that were put into the books.
        public fileprivate(set) var edges = 0
        /// How memory grew from the end of the first fifth to the end. Unit: KiB.
        public fileprivate(set) var growth = 0
        /// Mean messages a second after the first fifth.
        public fileprivate(set) var rate = 0
    }

    private let settings: Settings

    /// A soak.
    public init(_ settings: Settings) { self.settings = settings }

    /// Growth that is no growth: an allocator's own. Unit: KiB.
    private static let slack = 8 * 1_024

    /// Runs it.
    ///
    /// - Parameter show: gets every look.
    public func run(_ show: (Look) -> Void) throws -> Report {
        var report = Report()
        let folder = try SceneFolder()
        let house = try house(folder.path + "/v")
        let child = try Child(
            "arb",
            [
                "run", "--live", "--confirm-account", "loopback", "--json", "--config", house.path + "/arb.toml",
            ], environment: environment, file: folder.path + "/run.out")
        defer { _ = house.venues.stop() }
        let patience = NanoClock.monotonic() + .seconds(120)
        while !child.text.contains("\"event\":\"started\"") {
            guard child.ended == nil, NanoClock.monotonic() < patience else {
                throw SceneDaemon.Fault(description: "did not start: \(child.text.suffix(600))")
            }
            poll(nil, 0, 50)
        }
        drive(house, child, &report, show)
        finish(house, child, &report)
        return report
    }

    private var environment: [String: String] {
        [
            "ARB__RISK__MAX_BOOK_AGE_MS": "3000", "ARB__DETECTOR__MIN_EDGE_USD": "0.05",
            "ARB__SIZING__MAX_ORDER_USD": "10", "ARB__SIZING__MAX_CONTRACTS": "20",
            "ARB__VENUES__KALSHI__TOMBSTONE_MAX_AGE_S": "60", "ARB__VENUES__POLYMARKET__DEAD_AFTER_S": "10",
        ]
    }

    private func house(_ path: String) throws -> LoopbackFolder {
        var world = SimWorld.Settings()
        world.pairs = settings.pairs
        world.plants = false
        world.isSteady = true
        world.rate = settings.rate
        world.seed = settings.seed
        var trading = LoopbackFolder.Trading()
        trading.faults = settings.faults
        trading.kalshiCash = [0: 1_000_000_000_000]
        trading.polymarketCash = 1_000_000_000_000
        return try LoopbackFolder(path, world, trading: trading)
    }

    /// Plants edges at their pace and looks at memory at its own.
    private func drive(_ house: LoopbackFolder, _ child: Child, _ report: inout Report, _ show: (Look) -> Void) {
        let start = NanoClock.monotonic()
        let end = start + settings.duration
        let pause = Nanoseconds(rawValue: 1_000_000_000 / Int64(max(1, settings.firesPerSecond)))
        var nextEdge = start + .seconds(3)
        var nextLook = start + settings.every
        var planted: [(pair: Int, until: MonotonicNanos)] = []
        var sent = house.venues.frames
        var lookedAt = start
        while NanoClock.monotonic() < end, child.ended == nil {
            let now = NanoClock.monotonic()
            while let first = planted.first, first.until <= now {
                shift(house, first.pair, 0)
                planted.removeFirst()
            }
            if settings.firesPerSecond > 0, now >= nextEdge {
                let pair = report.edges * 7 % settings.pairs
                shift(house, pair, pair % 2 == 0 ? -150 : 150)
                planted.append((pair, now + .milliseconds(400)))
                report.edges += 1
                nextEdge = nextEdge + pause
            }
            if now >= nextLook {
                let frames = house.venues.frames
                let rate = Int(Int128(frames - sent) * 1_000_000_000 / Int128(max(1, (now - lookedAt).rawValue)))
                let orders = house.venues.truth.count { $0.kind == .received && $0.account == "ours" }
                let look = Look(
                    at: now - start, resident: Self.resident(child.process), messagesPerSecond: rate, orders: orders)
                report.looks.append(look)
                show(look)
                (sent, lookedAt) = (frames, now)
                nextLook = nextLook + settings.every
            }
            poll(nil, 0, 5)
        }
        for edge in planted { shift(house, edge.pair, 0) }
    }

    private func shift(_ house: LoopbackFolder, _ pair: Int, _ mills: Int) {
        house.venues.reach { $0.world.shift(pair, venue: 0, by: mills, at: $0.now, $0.tell) }
    }

    /// Resident memory of a process. Unit: KiB.
    private static func resident(_ process: pid_t) -> Int {
        let status = (try? SceneDaemon.text("/proc/\(process)/status")) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return Int(line.filter(\.isNumber)) ?? 0
    }

    private func finish(_ house: LoopbackFolder, _ child: Child, _ report: inout Report) {
        if let ended = child.ended { report.problems.append("the run ended as \(ended): \(child.text.suffix(600))") }
        house.venues.clearFaults()
        let path = house.path + "/state/loopback/ledger.db"
        func audit() -> TruthAudit? {
            try? TruthAudit(truth: house.venues.truth, ledger: path, pairs: house.venues.pairs)
        }
        let end = NanoClock.monotonic() + .seconds(60)
        report.audit = audit()
        while NanoClock.monotonic() < end, report.audit.map({ !$0.isGood || !$0.open.isEmpty }) ?? true {
            poll(nil, 0, 500)
            report.audit = audit()
        }
        child.signal(SIGTERM)
        let ended = child.wait(.seconds(15))
        if ended != .exited(0), ended != .exited(2) {
            report.problems.append(
                "the run ended as \(ended.map { "\($0)" } ?? "not at all"): \(child.text.suffix(600))")
        }
        if !report.problems.isEmpty {
            let alerts = child.text.split(separator: "\n").filter { $0.contains("\"event\":\"alert\"") }
            report.problems += alerts.suffix(5).map { String($0.prefix(500)) }
        }
        report.audit = audit()
        if let audit = report.audit {
            report.problems += (audit.differences + audit.breaches).prefix(10)
            report.problems += audit.open.prefix(10).map { "not ended: \($0)" }
        } else {
            report.problems.append("the ledger cannot be read")
        }
        judge(&report)
    }

    private func judge(_ report: inout Report) {
        let warm = report.looks.dropFirst(report.looks.count / 5)
        guard warm.count >= 3 else { return report.problems.append("too short to say anything of memory") }
        let half = max(1, warm.count / 4)
        let first = warm.prefix(half).map(\.resident).reduce(0, +) / half
        let last = warm.suffix(half).map(\.resident).reduce(0, +) / half
        report.growth = last - first
        report.rate = warm.map(\.messagesPerSecond).reduce(0, +) / warm.count
        if report.growth > max(Self.slack, first / 20) { report.problems.append("memory grew by \(report.growth) KiB") }
        if report.rate * 10 < settings.rate * 9 { report.problems.append("only \(report.rate) messages a second") }
        let orders = report.audit?.orders ?? 0
        if orders < report.edges { report.problems.append("\(orders) orders for \(report.edges) edges") }
    }
}
