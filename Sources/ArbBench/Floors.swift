import Codec
import Glibc

/// Figures of the C programs that `Scripts/bench` has built and run beside this one, by name.
struct Floors {
    private var figures: [String: [Double]] = [:]

    /// Reads lines of `{"bench":…,"min":…,"median":…,"max":…}`; a path that is nil or cannot be read gives no floors.
    init(_ path: String?) {
        guard let path, let file = fopen(path, "r") else { return }
        defer { fclose(file) }
        let reader = JSONReader(limits: .rest)
        var line = [CChar](repeating: 0, count: 65_536)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            guard let root = try? reader.read(text), let name = root["bench"]?.text?.string else { continue }
            let values = ["min", "median", "max"].compactMap { key in
                root[key].flatMap { $0.decimalText }.flatMap { Double($0.string) }
            }
            if values.count == 3 { figures[name] = values }
        }
    }

    /// Smallest, middle and largest figure of a floor; empty where it was not run.
    subscript(_ name: String) -> [Double] { figures[name] ?? [] }
}
