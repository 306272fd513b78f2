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
struct TickToWireBench {
    private static let seconds = 60

    /// Runs it and shows the rows.
    func run(_ floors: Floors, json: Bool) throws {
        guard let path = LoadBench.folder() else { return }
        defer { _ = LoadBench.wait(LoadBench.spawn(["/bin/rm", "-rf", path], output: nil)) }
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
                "--confirm-account", "loopback", "--for", "\(Self.seconds)s",
            ], output: "/dev/null")
        if let processor { Threading.Machine.leave(processor) }
        let status = LoadBench.wait(child)
        if let processor { Threading.Machine.rejoin(processor) }
        let figures = try Self.figures(path + "/state/loopback/ledger.db")
        let taken = folder.venues.truth.count { $0.kind == .accepted && $0.account == "ours" }
        _ = folder.venues.stop()
        let proof =
            "\(figures.both.count) fires on frames (\(figures.others.count) on answers are not in it), \(taken) orders in the venues' truth; 1 lane, pinned; the venues poll, as the floor's peer does; arb ended with \(status >> 8)"
        Self.show("t2w.kalshi_ahead", figures.both, floors, ["TOTAL_read_to_both_on_wire"], proof, json)
        Self.show(
            "t2w.leg_skew", figures.skew, floors, ["poly_sign", "poly_patch_hmac", "poly_ssl_write"],
            "first to last byte of both legs", json)
        for (stage, samples) in figures.stages.sorted(by: { $0.key < $1.key }) {
            Row("t2w." + stage, samples, proof: "of them").show(json: json)
        }
    }

    private struct Figures {
        var both: [Double] = []
        var skew: [Double] = []
        /// Fires that no frame made.
        var others: [Double] = []
        var stages: [String: [Double]] = [:]
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

    private static func show(
        _ name: String, _ samples: [Double], _ floors: Floors, _ parts: [String], _ proof: String, _ json: Bool
    ) {
        var row = Row(name, samples, proof: proof)
        // What the floor has only in parts is their sum: of medians and of tails, which is a little above the tail.
        let mode = parts.count == 1 ? "kalshi_presigned" : "both_presigned"
        let found = parts.compactMap { floors.percentiles("t2w/\(mode)/cold/" + $0) }
        if found.count == parts.count {
            row.floor50 = found.reduce(0) { $0 + $1.p50 }
            row.floor99 = found.reduce(0) { $0 + $1.p99 }
        }
        row.show(json: json)
    }
}
