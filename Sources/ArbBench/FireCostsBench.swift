import Glibc
import Simulators
import Trading

/// What a fire asks of the allocator, from the frame to the second order: counted in the real program, `arb run --live`,
/// by a library that is loaded before it (`Sources/C/CFireCosts`), against loopback venues in this process.
///
/// TLS asks for memory with every record, and the Swift runtime for the two child tasks: what is ours is what is left.
struct FireCostsBench {
    private static let seconds = 30

    /// Runs it and shows the rows.
    func run(json: Bool) throws {
        guard let path = LoadBench.folder() else { return }
        defer { _ = LoadBench.wait(LoadBench.spawn(["/bin/rm", "-rf", path], output: nil)) }
        var settings = SimWorld.Settings()
        settings.pairs = 16
        settings.plantEvery = .seconds(1)
        var trading = LoopbackFolder.Trading()
        trading.kalshiCash = [0: 1_000_000_000_000]
        trading.polymarketCash = 1_000_000_000_000
        let folder = try LoopbackFolder(path, settings, trading: trading)
        let costs = path + "/costs"
        let child = LoadBench.spawn(
            [
                "/usr/bin/env", "LD_PRELOAD=" + LoadBench.beside("libFireCosts.so"), "ARB_FIRE_COSTS=" + costs,
                "ARB_FIRE_PORTS=\(folder.venues.kalshiPort),\(folder.venues.polymarketPort)",
                LoadBench.beside("arb"), "run", "--quiet", "--config", path + "/arb.toml", "--live",
                "--confirm-account", "loopback", "--for", "\(Self.seconds)s",
            ], output: "/dev/null")
        let status = LoadBench.wait(child)
        _ = folder.venues.stop()
        let counts = try Self.read(costs)
        let proof = "\(counts.ours.count) fires; the first of a run included; arb ended with \(status >> 8)"
        Row("alloc.per_fire_ours", counts.ours, unit: "n", proof: proof + counts.places).show(json: json)
        Row("alloc.per_fire_tasks", counts.tasks, unit: "n", proof: "the two child tasks").show(json: json)
        Row("alloc.per_fire_tls", counts.library, unit: "n", proof: "libssl and libcrypto").show(json: json)
    }

    private struct Counts {
        var library: [Double] = []
        var tasks: [Double] = []
        var ours: [Double] = []
        /// Where ours were asked for, most first.
        var places = ""
    }

    private static func read(_ path: String) throws -> Counts {
        guard let file = fopen(path, "r") else { throw BenchFault("no figures: libFireCosts.so was not loaded") }
        defer { fclose(file) }
        var counts = Counts()
        var line: UnsafeMutablePointer<CChar>?
        var room = 0
        defer { free(line) }
        var places: [(count: Int, name: Substring)] = []
        while getline(&line, &room, file) > 0, let text = line {
            let words = String(cString: text).split(whereSeparator: \.isWhitespace)
            if words.count == 4, words[0] == "fire" {
                counts.library.append(Double(words[1]) ?? 0)
                counts.tasks.append(Double(words[2]) ?? 0)
                counts.ours.append(Double(words[3]) ?? 0)
            } else if words.count == 3, words[0] == "ours", let count = Int(words[1]) {
                places.append((count, words[2]))
            }
        }
        places.sort { $0.count > $1.count }
        counts.places = places.prefix(8).map { "; \($0.count) \($0.name)" }.joined()
        return counts
    }
}

/// What a benchmark cannot do here.
struct BenchFault: Error, CustomStringConvertible {
    let description: String
    init(_ text: String) { description = text }
}
