internal import Codec
internal import Glibc
internal import Simulators
internal import Store
internal import Threading
internal import Trading

/// A long run under load: so many messages a second, so many fires a second, and a look at what it costs in memory.
///
/// The run is a process of its own, the program that people run, and only that process is looked at; the venues are in this
/// one. Markets end as in life: each trades for some minutes, is closed, determined and paid, and its boxes with it.
public struct Soak: Sendable {
    /// What came of it.
    public struct Report: Sendable {
        /// Every look.
        public internal(set) var looks: [SoakLook] = []
        /// What did not hold; empty: it is good.
        public internal(set) var problems: [String] = []
        /// The truth beside the ledger.
        public internal(set) var audit: TruthAudit?
        /// Edges that were put into the books.
        public internal(set) var edges = 0
        /// Markets that ended.
        public internal(set) var settled = 0
        /// How memory went after the warm-up.
        public internal(set) var trend = SoakTrend()
    }

    let settings: SoakSettings

    /// A soak; the settings have no `fault`.
    public init(_ settings: SoakSettings) { self.settings = settings }

    /// Runs it.
    ///
    /// - Parameter show: gets every look.
    public func run(_ show: (SoakLook) -> Void) throws -> Report {
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
        world.pairs = settings.pairsNeeded
        world.plants = false
        world.isSteady = true
        // Some changes are none: a level beyond the grid, a size that it has already.
        world.rate = settings.rate + settings.rate / 8
        world.seed = settings.seed
        var trading = LoopbackFolder.Trading()
        trading.faults = settings.faults
        trading.kalshiCash = [0: 1_000_000_000_000]
        trading.polymarketCash = 1_000_000_000_000
        return try LoopbackFolder(path, world, trading: trading)
    }

    /// Has the market live and looks at the run at its own pace.
    private func drive(_ house: LoopbackFolder, _ child: Child, _ report: inout Report, _ show: (SoakLook) -> Void) {
        let start = NanoClock.monotonic()
        let end = start + settings.duration
        var market = SoakMarket(house, settings, start)
        var nextLook = start + settings.every
        var (sent, lookedAt) = (house.venues.frames, start)
        while NanoClock.monotonic() < end, child.ended == nil {
            let now = NanoClock.monotonic()
            market.advance(to: now)
            if now >= nextLook {
                var look = SoakLook()
                look.at = now - start
                let frames = house.venues.frames
                look.messagesPerSecond = Int(
                    Int128(frames - sent) * 1_000_000_000 / Int128(max(1, (now - lookedAt).rawValue)))
                look.orders = house.venues.reach { turn in
                    turn.ledger.events.count { $0.kind == .received && $0.account == "ours" }
                }
                Self.fill(&look, child.process, house.path + "/state/loopback/status.json")
                report.looks.append(look)
                show(look)
                (sent, lookedAt) = (frames, now)
                nextLook = nextLook + settings.every
            }
            poll(nil, 0, 5)
        }
        market.calm()
        (report.edges, report.settled) = (market.edges, market.settled)
    }

    /// What the kernel says of a process, and what the run says of itself.
    private static func fill(_ look: inout SoakLook, _ process: pid_t, _ status: String) {
        let lines = ((try? SceneDaemon.text("/proc/\(process)/status")) ?? "").split(separator: "\n")
        func figure(_ name: String) -> Int {
            lines.first { $0.hasPrefix(name) }.flatMap { Int($0.filter(\.isNumber)) } ?? 0
        }
        (look.resident, look.anonymous) = (figure("VmRSS:"), figure("RssAnon:"))
        let reader = JSONReader(limits: .rest)
        defer { withExtendedLifetime(reader) {} }
        guard let text = try? SceneDaemon.text(status), let told = try? reader.read(text) else { return }
        func count(_ value: JSONValue?) -> Int { Int(clamping: value?.int64 ?? 0) }
        look.boxes = count(told["boxes"])
        look.inUse = count(told["memory"]?["in_use_bytes"])
        (look.executions, look.liveOrders) = (
            count(told["memory"]?["executions_kept"]), count(told["memory"]?["orders_kept"])
        )
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
        let alerts = child.text.split(separator: "\n").filter {
            $0.contains("\"event\":\"alert\"") && $0.contains("\"severity\":\"critical\"")
        }
        report.problems += alerts.suffix(5).map { String($0.prefix(500)) }
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
        report.trend = SoakTrend(report.looks, warmUp: settings.warmUp)
        report.problems += report.trend.problems
        if report.trend.rate * 10 < settings.rate * 9 {
            report.problems.append("only \(report.trend.rate) messages a second")
        }
        let orders = report.audit?.orders ?? 0
        // Two legs an edge; one in ten may find the books gone again.
        if orders * 10 < report.edges * 18 { report.problems.append("\(orders) orders for \(report.edges) edges") }
    }
}
