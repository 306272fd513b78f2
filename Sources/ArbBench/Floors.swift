import Codec
import Glibc

/// Figures of the C programs that `Scripts/bench` has built and run beside this one, by name.
struct Floors {
    private var figures: [String: [Double]] = [:]
    private var tails: [String: (p50: Double, p99: Double)] = [:]

    /// Reads lines of `{"bench":…,"min":…,"median":…,"max":…}`; a path that is nil or cannot be read gives no floors.
    init(_ path: String?) {
        guard let path, let file = fopen(path, "r") else { return }
        defer { fclose(file) }
        let reader = JSONReader(limits: .rest)
        var line = [CChar](repeating: 0, count: 65_536)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            guard let root = try? reader.read(text), let name = root["bench"]?.text?.string else { continue }
            func number(_ key: StaticString) -> Double? { root[key]?.decimalText.flatMap { Double($0.string) } }
            let values = [number("min"), number("median"), number("max")].compactMap { $0 }
            if values.count == 3 { figures[name] = values }
            if let p50 = number("p50"), let p99 = number("p99") { tails[name] = (p50, p99) }
        }
    }

    /// Percentiles of a floor that was measured one by one; nil where it was not run.
    func percentiles(_ name: String) -> (p50: Double, p99: Double)? { tails[name] }

    /// Smallest, middle and largest figure of a floor; empty where it was not run.
    subscript(_ name: String) -> [Double] { figures[name] ?? [] }
}
