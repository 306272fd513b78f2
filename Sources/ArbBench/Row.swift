import Codec
import Glibc
import Threading

/// One figure of a benchmark, as `arb.bench/1` and as a line for people.
struct Row {
    /// Name, as in the operator's contract.
    let bench: String
    /// Unit of every figure.
    var unit = "ns"
    /// Number of samples.
    var n = 0
    var p50 = 0.0
    var p99: Double?
    var p999: Double?
    var max = 0.0
    /// The C floor in the same run, where there is one.
    var floor50: Double?
    var floor99: Double?
    /// Ours divided by the floor, pair by pair.
    var ratioMin: Double?
    var ratioMax: Double?
    var isNoisy = false
    /// What was checked so that the figure means something.
    var proof = ""

    /// A row of a few repetitions.
    init(_ bench: String, _ samples: [Double], unit: String = "ns", proof: String) {
        self.bench = bench
        self.unit = unit
        self.proof = proof
        let sorted = samples.sorted()
        n = sorted.count
        p50 = Self.percentile(sorted, 0.50)
        if n >= 100 { p99 = Self.percentile(sorted, 0.99) }
        if n >= 1_000 { p999 = Self.percentile(sorted, 0.999) }
        max = sorted.last ?? 0
    }

    static func percentile(_ sorted: [Double], _ share: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count - 1) * share + 0.5))]
    }

    /// Adds the floor of the same run, sample by sample where the floor has as many.
    mutating func compare(_ samples: [Double], _ floor: [Double]) {
        guard !floor.isEmpty else { return }
        let sorted = floor.sorted()
        floor50 = Self.percentile(sorted, 0.50)
        if sorted.count >= 100 { floor99 = Self.percentile(sorted, 0.99) }
        let ratios = zip(samples, floor.count == samples.count ? floor : samples.map { _ in floor50 ?? 1 })
            .map { $0 / $1 }
        ratioMin = ratios.min()
        ratioMax = ratios.max()
        isNoisy = (sorted.last ?? 0) > (sorted.first ?? 0) * 1.1
    }

    /// Writes the row to standard output.
    func show(json: Bool) {
        let text = json ? object : line
        emit(text + "\n", STDOUT_FILENO)
    }

    private var object: String {
        func number(_ value: Double?) -> String { value.map { String(Double(Int($0 * 1_000)) / 1_000) } ?? "null" }
        return
            "{\"schema\":\"arb.bench/1\",\"bench\":\"\(bench)\",\"unit\":\"\(unit)\",\"n\":\(n),\"p50\":\(number(p50)),"
            + "\"p99\":\(number(p99)),\"p999\":\(number(p999)),\"max\":\(number(max)),\"floor_p50\":\(number(floor50)),"
            + "\"floor_p99\":\(number(floor99)),\"ratio_p50\":\(number(floor50.map { p50 / $0 })),"
            + "\"ratio_p99\":\(number(floor99.flatMap { floor in p99.map { $0 / floor } })),"
            + "\"ratio_min\":\(number(ratioMin)),\"ratio_max\":\(number(ratioMax)),\"noisy\":\(isNoisy),"
            + "\"proof\":\"\(proof)\"}"
    }

    private var line: String {
        func cell(_ value: Double?, _ width: Int) -> String {
            let text =
                value.map { $0 < 10 && $0 != 0 ? String(Double(Int($0 * 100)) / 100) : String(Int($0 + 0.5)) } ?? "-"
            return String(repeating: " ", count: Swift.max(0, width - text.count)) + text
        }
        let name = bench + String(repeating: " ", count: Swift.max(1, 34 - bench.count))
        let ratio = floor50.map { p50 / $0 }
        return name + cell(p50, 9) + cell(p99, 9) + cell(max, 10) + "  " + unit
            + String(repeating: " ", count: Swift.max(1, 7 - unit.count)) + cell(ratio, 6) + "  " + proof
    }

    /// The heads of the columns for people.
    static let heads = "                                        p50      p99       max  unit    ratio  proof"
}

/// Writes at once; a reader that has gone ends the program.
func emit(_ text: String, _ descriptor: Int32) {
    if SystemCalls.write(Array(text.utf8), to: descriptor) != 0 { exit(0) }
}
