internal import Glibc
import Simulators
internal import Store
internal import Threading
internal import Trading

/// `kill -9` of a real `arb run --live` at a named point of an order's way, the restart, and the judgement of the truth.
///
/// The program is the one that people run: a library that is loaded before it kills it (`Sources/C/CCrashPoints`).
public struct CrashStory: Sendable {
    /// Short name.
    public let name: String
    /// Ids of the fault catalogue.
    public let faults: [String]
    /// Points at which one run after the other is killed; the first trades, later ones recover.
    let points: [String]
    /// What goes wrong at the venues.
    let rules: [String]
    /// Beside those of every story.
    var settings: [String: String] = [:]

    /// Every point; then recoveries that are killed, too.
    public static let all: [CrashStory] = [
        // Nothing is signed but what is about to be recorded.
        CrashStory(
            name: "before-record", faults: ["P01"], points: ["sign:1"], rules: [],
            settings: ["ARB__LANES__REHEARSE_MS": "0", "ARB__VENUES__POLYMARKET__PRESIGN_MAX_AGE_MS": "0"]),
        CrashStory(name: "recorded", faults: ["P02"], points: ["seal:1"], rules: []),
        CrashStory(name: "one-sealed", faults: ["P02"], points: ["seal:2"], rules: []),
        CrashStory(name: "both-sealed", faults: ["P02"], points: ["write:1"], rules: []),
        CrashStory(name: "first-leg-sent", faults: ["P03"], points: ["wrote:1"], rules: []),
        CrashStory(name: "second-leg-next", faults: ["P03"], points: ["write:2"], rules: []),
        CrashStory(name: "both-sent", faults: ["P04"], points: ["wrote:2"], rules: []),
        CrashStory(name: "first-reply", faults: ["P04", "P05"], points: ["read:1"], rules: []),
        CrashStory(name: "second-reply", faults: ["P05"], points: ["read:2"], rules: []),
        CrashStory(name: "ledger-first", faults: ["P05", "P07"], points: ["wal:1"], rules: []),
        CrashStory(name: "ledger-later", faults: ["P05", "P07"], points: ["wal:6"], rules: []),
        CrashStory(name: "close-recorded", faults: ["P06"], points: ["write:3"], rules: ["V07@kalshi/create:1"]),
        CrashStory(name: "close-sent", faults: ["P06"], points: ["wrote:3"], rules: ["V07@polymarket/create:1"]),
        CrashStory(name: "close-reply", faults: ["P06"], points: ["read:3"], rules: ["V07@kalshi/create:1"]),
        CrashStory(name: "memory-gone", faults: ["P10"], points: ["memory"], rules: []),
        CrashStory(name: "memory-gone-sending", faults: ["P10"], points: ["spent"], rules: []),
        CrashStory(
            name: "recovery", faults: ["P08"],
            points: [
                "wrote:2", "recv:1", "recv:4", "disk:1", "recv:8", "recv:12", "disk:2", "recv:16", "recv:20", "disk:3",
            ],
            rules: ["N02-lost@kalshi/create:1"]),
    ]

    /// The configuration of every run: lost orders are decided by evidence while the story lasts.
    private static let settings = [
        "ARB__LANES__WAIT": "park", "ARB__RISK__MAX_BOOK_AGE_MS": "3000",
        "ARB__VENUES__KALSHI__TOMBSTONE_MAX_AGE_S": "60", "ARB__VENUES__POLYMARKET__DEAD_AFTER_S": "10",
    ]

    /// Points at which nothing is killed: from some allocation on, another one of each seed, none succeeds, and the program
    /// ends by itself. Of so many one is drawn.
    private static let memory: [String: UInt64] = ["memory": 4_000, "spent": 250]

    /// Plays it once.
    public func play(seed: UInt64) -> Scene.Report {
        var report = Scene.Report(name: name, seed: seed)
        let began = NanoClock.monotonic()
        do {
            let play = try Play(seed: seed, pairs: 1, faults: rules, settings: Self.settings.merging(settings) { $1 })
            defer { play.close() }
            for (index, point) in points.enumerated() {
                let allocations = Self.memory[point]
                let at = allocations.map { "\(point):\(1 + seed &* 7_919 % $0)" } ?? point
                let child = try play.start(crashAt: at, isArmed: index > 0)
                if index == 0 {
                    try play.provoke(child)
                } else if child.wait(.seconds(8)) == nil {
                    child.signal(SIGKILL)  // it recovered without coming to the point: killed all the same
                    _ = child.wait(.seconds(10))
                }
                var isDead = child.ended == .killed(SIGKILL)
                if allocations != nil, case .killed(let signal) = child.ended { isDead = signal != SIGKILL }
                guard isDead else {
                    throw SceneDaemon.Fault(
                        description:
                            "\(at): ended as \(child.ended.map { "\($0)" } ?? "not at all"): \(child.text.suffix(600))"
                    )
                }
            }
            try play.recover(&report)
        } catch {
            report.problems.append("\(error)")
        }
        report.duration = NanoClock.monotonic() - began
        return report
    }

    /// Kills runs at any instant, one after the other, while edges come and go and things go wrong; then lets one live.
    public static func atRandom(seed: UInt64, kills: Int) -> Scene.Report {
        var report = Scene.Report(name: "random-kills", seed: seed)
        let began = NanoClock.monotonic()
        do {
            let rules = [
                "V06@kalshi/create:10%", "V07@polymarket/create:10%", "N02-lost@kalshi/create:5%",
                "V03@polymarket/create:5%",
            ]
            let play = try Play(seed: seed, pairs: 4, faults: rules, settings: settings)
            defer { play.close() }
            var random = SeededGenerator(seed: seed)
            for _ in 0..<kills {
                let child = try play.start(crashAt: nil, isArmed: true)
                let isUp = play.isStarted(child)
                guard isUp else { throw SceneDaemon.Fault(description: "did not start: \(child.text.suffix(600))") }
                let until = NanoClock.monotonic() + .milliseconds(Int64.random(in: 100...4_000, using: &random))
                var round = 0
                while NanoClock.monotonic() < until {
                    for pair in 0..<4 { play.shift(pair, by: (round + pair) % 3 == 0 ? 0 : -150) }
                    round += 1
                    poll(nil, 0, 150)
                }
                child.signal(SIGKILL)
                _ = child.wait(.seconds(10))
            }
            for pair in 0..<4 { play.shift(pair, by: 0) }
            play.house.venues.clearFaults()
            try play.recover(&report)
        } catch {
            report.problems.append("\(error)")
        }
        report.duration = NanoClock.monotonic() - began
        return report
    }
}

/// Venues in this process, and runs against them in processes of their own, one after the other.
private final class Play {
    let house: LoopbackFolder
    private let folder: SceneFolder
    private let settings: [String: String]
    private var runs = 0

    init(seed: UInt64, pairs: Int, faults: [String], settings: [String: String]) throws {
        folder = try SceneFolder()
        self.settings = settings
        var world = SimWorld.Settings()
        world.pairs = pairs
        world.plants = false
        world.isSteady = true
        world.rate = 40
        world.seed = seed
        var trading = LoopbackFolder.Trading()
        trading.faults = faults.compactMap { FaultPlan.rule($0) }
        house = try LoopbackFolder(folder.path + "/v", world, trading: trading)
    }

    func close() { _ = house.venues.stop() }

    func shift(_ pair: Int, by mills: Int) {
        house.venues.reach { $0.world.shift(pair, venue: 0, by: mills, at: $0.now, $0.tell) }
    }

    /// - Parameter isArmed: from the start; else from `provoke` on.
    func start(crashAt point: String?, isArmed: Bool) throws -> Child {
        runs += 1
        var environment = settings
        if let point {
            let library = Child.folder + "/libCrashPoints.so"
            guard access(library, R_OK) == 0 else {
                throw SceneDaemon.Fault(
                    description: "\(library) is missing; build it with: swift build --product CrashPoints")
            }
            environment["LD_PRELOAD"] = library
            environment["ARB_CRASH_AT"] = point
            if !isArmed { environment["ARB_CRASH_ARM"] = armFile }
        }
        return try Child(
            "arb",
            [
                "run", "--live", "--confirm-account", "loopback", "--json", "--for", "300s", "--config",
                house.path + "/arb.toml",
            ], environment: environment, file: folder.path + "/run-\(runs).out")
    }

    private var armFile: String { folder.path + "/armed" }

    func isStarted(_ child: Child) -> Bool {
        let end = NanoClock.monotonic() + .seconds(60)
        while NanoClock.monotonic() < end, child.ended == nil {
            if child.text.contains("\"event\":\"started\"") { return true }
            poll(nil, 0, 10)
        }
        return false
    }

    /// Arms the point and puts an edge into the books, until the run is dead.
    func provoke(_ child: Child) throws(SceneDaemon.Fault) {
        guard isStarted(child) else {
            throw SceneDaemon.Fault(description: "did not start: \(child.text.suffix(600))")
        }
        if let file = fopen(armFile, "w") { fclose(file) }
        shift(0, by: -150)
        _ = child.wait(.seconds(60))
        shift(0, by: 0)
    }

    private func audit() throws -> TruthAudit {
        try TruthAudit(
            truth: house.venues.truth, ledger: house.path + "/state/loopback/ledger.db", pairs: house.venues.pairs)
    }

    /// Contracts below it are dust. Unit: 1e-6.
    private static let dust = 50_000

    private func isSettled(_ audit: TruthAudit) -> Bool {
        audit.isGood && audit.open.isEmpty
            && audit.alone.values.allSatisfy { abs($0) < Self.dust * max(1, audit.orders / 2) }
    }

    /// Nothing is exposed or unknown; a pair whose order was unknown for long stays halted until somebody resumes it (2).
    private static func isFine(_ end: Child.End?) -> Bool { end == .exited(0) || end == .exited(2) }

    private func status() throws -> (end: Child.End?, text: String) {
        let status = try Child(
            "arb", ["status", "--config", house.path + "/arb.toml"], environment: settings,
            file: folder.path + "/status.out")
        return (status.wait(.seconds(10)), status.text)
    }

    /// Several deaths in a row halt the next run, and what stands alone then stays until somebody has looked (P22): here
    /// somebody does.
    private func resumeIfHalted() throws {
        let status = try status()
        guard status.end == .exited(4), status.text.contains("runs ended") else { return }
        let resume = try Child(
            "arb", ["resume", "--accept-exposure", "--reason", "looked", "--config", house.path + "/arb.toml"],
            environment: settings,
            file: folder.path + "/resume.out")
        _ = resume.wait(.seconds(10))
    }

    /// Lets a run live: it takes up what the dead ones left, closes or completes it, and says that nothing is exposed.
    func recover(_ report: inout Scene.Report) throws {
        let before = house.venues.truth.count { $0.kind == .received && $0.account == "ours" }
        let child = try start(crashAt: nil, isArmed: true)
        guard isStarted(child) else {
            throw SceneDaemon.Fault(description: "did not start again: \(child.text.suffix(600))")
        }
        let began = NanoClock.monotonic()
        let end = began + .seconds(60)
        var looks = 0
        while NanoClock.monotonic() < end, child.ended == nil, try !isSettled(audit()) {
            poll(nil, 0, 50)
            looks += 1
            if looks % 40 == 0 { try resumeIfHalted() }
        }
        // The truth has it; the machine must say so itself.
        var status = try status()
        while NanoClock.monotonic() < end, !Self.isFine(status.end) {
            poll(nil, 0, 200)
            // A third kill may halt the run when the truth is settled already, and what it closes would wait for ever.
            try resumeIfHalted()
            status = try self.status()
        }
        report.settling = NanoClock.monotonic() - began
        report.exposure = String(status.text.split(separator: "\n").first ?? "")
        if !Self.isFine(status.end) {
            report.problems.append("arb status ended as \(String(describing: status.end)): \(status.text)")
        }
        child.signal(SIGTERM)
        let ended = child.wait(.seconds(15))
        if !Self.isFine(ended) {
            report.problems.append("the last run ended as \(String(describing: ended)): \(child.text.suffix(600))")
        }
        let audit = try audit()
        report.orders = audit.orders
        report.filled = audit.filled
        report.struck = audit.faults
        report.problems += audit.differences + audit.breaches
        report.problems += audit.open.map { "not ended: \($0)" }
        for (pair, net) in audit.alone where abs(net) >= Self.dust * max(1, audit.orders / 2) {
            report.problems.append("\(pair): \(net)e-6 contracts of YES stand alone")
        }
        if audit.orders == 0, before > 0 { report.problems.append("orders were sent and none is in the ledger") }
    }
}
