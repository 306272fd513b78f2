internal import Arb
internal import Assembly
internal import Glibc
internal import Risk
internal import Simulators
internal import Store
internal import Threading
public import Trading

/// One story of the market, the venues and the network, played with a live run over real sockets, and judged by the truth.
public struct Scene: Sendable {
    /// Short name, for command lines.
    public let name: String
    /// What must come of it, as a sentence.
    public let title: String
    /// Ids of the fault catalogue that it provokes.
    public let faults: [String]
    /// The market.
    var world = SimWorld.Settings()
    /// What the venues are like.
    var trading = LoopbackFolder.Trading()
    /// Overrides of the configuration.
    var environment: [String: String] = [:]
    /// Longest time from the last edge to flat or hedged, where all that went wrong allows one. Judged by `isStrict`.
    var bound: Nanoseconds? = .seconds(10)
    /// Whether what stands alone at the end may, when it was told and its pair halted.
    var mayStandAlone = false
    /// What happens.
    let script: @Sendable (Stage) throws -> Void

    init(
        _ name: String, _ title: String, _ faults: [String], pairs: Int = 1,
        _ script: @escaping @Sendable (Stage) throws -> Void
    ) {
        self.name = name
        self.title = title
        self.faults = faults
        self.script = script
        world.pairs = pairs
        world.plants = false
        world.isSteady = true
        world.rate = 40
    }

    func with(_ change: (inout Scene) -> Void) -> Scene {
        var scene = self
        change(&scene)
        return scene
    }

    /// What came of one performance.
    public struct Report: Sendable, CustomStringConvertible {
        /// The scene.
        public let name: String
        /// Of everything drawn in it.
        public let seed: UInt64
        /// What did not hold; empty: it is good.
        public var problems: [String] = []
        /// Orders that left.
        public var orders = 0
        /// Orders that filled.
        public var filled = 0
        /// Faults that struck.
        public var struck = 0
        /// From the last edge to flat, hedged, or halted and stated. Unit: ns.
        public var settling = Nanoseconds.zero
        /// All of it. Unit: ns.
        public var duration = Nanoseconds.zero
        /// How it ended.
        public var exposure = ""

        /// One line for people.
        public var description: String {
            let seconds = FixedPoint.text(settling.rawValue / 10_000_000 * 1_000_000, decimals: 2)
            return "\(name) seed \(seed): \(problems.isEmpty ? "good" : "BAD") · \(orders) orders, \(filled) filled, "
                + "\(struck) faults · settled after \(seconds) s: \(exposure)"
                + problems.map { "\n  \($0)" }.joined()
        }
    }

    /// Plays it once, in a folder of its own that is gone afterwards.
    ///
    /// - Parameter isStrict: whether the bounds of time are judged; a busy machine may miss them.
    public func play(seed: UInt64, isStrict: Bool = false) -> Report {
        var report = Report(name: name, seed: seed)
        let began = NanoClock.monotonic()
        do {
            let folder = try SceneFolder()
            var world = world
            world.seed = seed
            let house = try LoopbackFolder(folder.path + "/v", world, trading: trading)
            defer { _ = house.venues.stop() }
            let stage = try Stage(house, seed: seed, environment: environment)
            defer { stage.end() }
            do {
                try stage.ready()
                try script(stage)
                house.venues.clearFaults()
                try stage.settled()
            } catch {
                report.problems.append("\(error)")
            }
            if let calmed = stage.calmedAt { report.settling = NanoClock.monotonic() - calmed }
            // An order that nobody knows of is told of ten seconds after its answer was due (N05), which is after two.
            let grace = stage.view.exposure.state > .hedged ? Int64(4_000_000_000) : 0
            if isStrict, let bound, report.settling.rawValue > bound.rawValue + grace {
                report.problems.append("settled too late")
            }
            report.problems += stage.problems
            try judge(stage, &report)
        } catch {
            report.problems.append("\(error)")
        }
        report.duration = NanoClock.monotonic() - began
        return report
    }

    /// Ends the run and looks at what it leaves: ledger = truth, nothing twice, nothing sold that was not held, nothing
    /// alone that was not told.
    private func judge(_ stage: Stage, _ report: inout Report) throws {
        // What a chain still settles is told to both sides, to the one later: the run lasts until they agree.
        let end = NanoClock.monotonic() + .seconds(40)
        while NanoClock.monotonic() < end, try !audit(stage).isGood { poll(nil, 0, 50) }
        // What stands alone and was told may be on its way out in this very moment: its fills are waited for too.
        let closed = NanoClock.monotonic() + .seconds(3)
        while NanoClock.monotonic() < closed, !stage.isClosed { poll(nil, 0, 20) }
        while NanoClock.monotonic() < end, try !audit(stage).isGood { poll(nil, 0, 50) }
        stage.end()
        let audit = try audit(stage)
        let view = stage.view
        report.problems += audit.differences + audit.breaches
        report.orders = audit.orders
        report.filled = audit.filled
        report.struck = audit.faults
        report.exposure = view.exposure.line
        if !mayStandAlone { report.problems += audit.open.map { "not ended: \($0)" } }
        report.problems += stage.besideOpen.map {
            "\($0.role.rawValue) \($0.order.clOrdID) left before the others of its execution had ended"
        }
        if audit.duplicates > 0 { report.problems.append("\(audit.duplicates) orders were sent twice") }
        for (pair, net) in audit.alone {
            // Every execution may leave its dust.
            let executions = Set(stage.intents.filter { $0.pair.name == pair }.map(\.execution)).count
            guard abs(net) >= Self.dust * max(1, executions) else { continue }
            let isTold = stage.alerts.contains { $0.isCritical && $0.pair?.name == pair }
            let isShown = view.exposure.state > .hedged
            guard mayStandAlone, isTold, isShown else {
                report.problems.append(
                    "\(pair): \(net)e-6 contracts of YES stand alone; told \(isTold), shown as \(view.exposure.line)")
                continue
            }
        }
        if audit.unknown > 0, view.exposure.state != .unknown {
            report.problems.append("\(audit.unknown) orders are unknown and the exposure is \(view.exposure.line)")
        }
    }

    private func audit(_ stage: Stage) throws -> TruthAudit {
        try TruthAudit(
            truth: stage.truth, ledger: stage.house.path + "/state/loopback/ledger.db", pairs: stage.house.venues.pairs)
    }

    /// Contracts below it are dust, as the configuration says: worth less than five cents at a third of a dollar. Unit: 1e-6.
    private static let dust = 150_000
}

/// A folder below the system's temporary one, removed with everything in it when nobody needs it any more.
final class SceneFolder {
    let path: String

    init() throws {
        var template = Array(("/tmp/arb-scene-" + String(repeating: "X", count: 6)).utf8CString)
        guard mkdtemp(&template) != nil else { throw SceneDaemon.Fault(description: "no folder can be made in /tmp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        Remains.keep(path)
    }

    deinit {
        Remains.clear(path)
    }
}
