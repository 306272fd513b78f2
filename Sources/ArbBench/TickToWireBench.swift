import Glibc
import Simulators
import Store
import Threading
import Trading

/// From a frame that can be read to both orders handed to the kernel: the real program, `arb run --live`, against loopback
/// venues in this process, by its own stamps as they stand in its ledger.
///
/// The C floor does the same with one frame, one book and prepared requests. Here a fire is rare (a few a second), so its
/// code and data are as cold as in life; claim, caps, gate and journal are in it.
///
/// In turns with it: a neighbour of the machine who makes one of them slow makes the other slow too. Each round is held
/// against the mean of the floors before and after it.
struct TickToWireBench {
    private static let rounds = 3
    private static let seconds = 30

    /// The C program; nil: rows without ratios.
    let floor: String?

    /// Runs both in turns and shows the rows.
    func run(json: Bool) throws {
        guard let path = LoadBench.folder() else { return }
        defer { _ = LoadBench.wait(LoadBench.spawn(["/bin/rm", "-rf", path], output: nil)) }
        var all = Figures()
        var rounds: [Figures] = []
        var floors = [measureFloor(path)]
        for round in 0..<Self.rounds {
            let figures = try Self.round("\(path)/\(round)")
            floors.append(measureFloor(path))
            rounds.append(figures)
            all.add(figures)
        }
        let proof =
            "\(all.both.count) fires on frames (\(all.others.count) on answers are not in it), \(all.taken) orders in the venues' truth; 1 lane, pinned; the venues poll, as the floor's peer does; arb ended with \(all.ended)"
        show("t2w.kalshi_ahead", rounds.map(\.both), floors, ["TOTAL_read_to_both_on_wire"], proof, json)
        show(
            "t2w.leg_skew", rounds.map(\.skew), floors, ["poly_sign", "poly_patch_hmac", "poly_ssl_write"],
            "first to last byte of both legs", json)
        for (stage, samples) in all.stages.sorted(by: { $0.key < $1.key }) {
            Row("t2w." + stage, samples, proof: "of them").show(json: json)
        }
    }

    /// One run of the program.
    private static func round(_ path: String) throws -> Figures {
        guard mkdir(path, 0o700) == 0 else { return Figures() }
        var settings = SimWorld.Settings()
        settings.pairs = 16
        settings.plantEvery = .seconds(2)
        var trading = LoopbackFolder.Trading()
        trading.kalshiCash = [0: 1_000_000_000_000]
        trading.polymarketCash = 1_000_000_000_000
        // As the floor has it: one core for the fires, and peers on the other that nobody has to wake.
        trading.isPinned = true
        trading.isSpinning = true
        // No box is paid here: small ones leave room for fires in the whole minute.
        trading.orderMax = 80
        let folder = try LoopbackFolder(path, settings, trading: trading)
        // Who is made has its maker's processors: it is made before its processor is left to it.
        let processor = Threading.Machine.processors > 1 ? Threading.Machine.processor(fromLast: 0) : nil
        let child = LoadBench.spawn(
            [
                LoadBench.beside("arb"), "run", "--quiet", "--config", path + "/arb.toml", "--live",
                "--confirm-account", "loopback", "--for", "\(seconds)s",
            ], output: "/dev/null")
        if let processor { Threading.Machine.leave(processor) }
        let status = LoadBench.wait(child)
        if let processor { Threading.Machine.rejoin(processor) }
        var figures = try Self.figures(path + "/state/loopback/ledger.db")
        figures.ended = status >> 8
        figures.taken = folder.venues.truth.count { $0.kind == .accepted && $0.account == "ours" }
        _ = folder.venues.stop()
        return figures
    }

    /// The floor as it is now; none where there is no program.
    private func measureFloor(_ folder: String) -> Floors {
        guard let floor else { return Floors(nil) }
        _ = LoadBench.wait(LoadBench.spawn([floor], output: folder + "/floor", errors: "/dev/null"))
        return Floors(folder + "/floor")
    }

    private struct Figures {
        var both: [Double] = []
        var skew: [Double] = []
        /// Fires that no frame made.
        var others: [Double] = []
        var stages: [String: [Double]] = [:]
        /// Orders in the venues' truth.
        var taken = 0
        /// How the program ended: the worst of all.
        var ended: Int32 = 0

        mutating func add(_ other: Figures) {
            both += other.both
            skew += other.skew
            others += other.others
            stages.merge(other.stages, uniquingKeysWith: +)
            taken += other.taken
            ended = max(ended, other.ended)
        }
    }

    /// Until the first leg is on the wire and then the second: together until both are. Both rows are of the whole.
    private static func figures(_ ledger: String) throws -> Figures {
        var figures = Figures()
        var first: [String: Double] = [:]
        var apart: [String: Double] = [:]
        // What no frame made has none that was parsed: an answer to a question of ours, or time that passed.
        var frames: Set<String> = []
        try Ledger.reader(path: ledger).latency(since: nil) { row in
            let duration = Double(row.duration.rawValue)
            switch LatencyStage(rawValue: row.stage) {
            case .tickToWire: first[row.execution] = duration
            case .legSkew: apart[row.execution] = duration
            case .parse:
                if duration > 0 { frames.insert(row.execution) }
                figures.stages[row.stage, default: []].append(duration)
            case .book, .decide, .verify, .journal: figures.stages[row.stage, default: []].append(duration)
            case .send:
                figures.stages["\(row.stage).\(row.venue ?? "")", default: []].append(duration)
            default: break
            }
        }
        for (execution, skew) in apart {
            guard let first = first[execution] else { continue }
            guard frames.contains(execution) else {
                figures.others.append(first + skew)
                continue
            }
            figures.both.append(first + skew)
            figures.skew.append(skew)
        }
        return figures
    }

    private func show(
        _ name: String, _ rounds: [[Double]], _ floors: [Floors], _ parts: [String], _ proof: String, _ json: Bool
    ) {
        // What the floor has only in parts is their sum: of medians and of tails, which is a little above the tail.
        let mode = parts.count == 1 ? "kalshi_presigned" : "both_presigned"
        let found = floors.compactMap { floor -> (p50: Double, p99: Double)? in
            let found = parts.compactMap { floor.percentiles("t2w/\(mode)/cold/" + $0) }
            guard found.count == parts.count else { return nil }
            return (found.reduce(0) { $0 + $1.p50 }, found.reduce(0) { $0 + $1.p99 })
        }
        var row = Row(name, rounds.flatMap { $0 }, proof: proof)
        if found.count == rounds.count + 1 {
            let beside = (0..<rounds.count).map { (found[$0].p50 + found[$0 + 1].p50) / 2 }
            row.compare(rounds.map { Row.percentile($0.sorted(), 0.5) }, beside)
            row.floor99 = Row.percentile(found.map(\.p99).sorted(), 0.5)
            let ratios = [row.ratioMin, row.ratioMax].map { String(Double(Int(($0 ?? 0) * 100)) / 100) }
            let tail = row.p99.flatMap { p99 in row.floor99.map { String(Double(Int(p99 / $0 * 100)) / 100) } } ?? "-"
            row.proof = "rounds \(ratios[0]) to \(ratios[1]), p99 \(tail); " + proof
        }
        row.show(json: json)
    }
}
