import Glibc

/// What figures are worth nothing without.
enum Machine {
    /// One line: processor, kernel, load.
    static var line: String {
        let name = field("/proc/cpuinfo", "model name") ?? "unknown processor"
        let load = read("/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " ")
        let version = read("/proc/version").split(separator: " ").dropFirst(2).first.map(String.init) ?? "?"
        return "\(name) x\(sysconf(Int32(_SC_NPROCESSORS_ONLN))), Linux \(version), load \(load)"
    }

    /// Resident memory of this process. Unit: bytes.
    static var resident: Int {
        let pages = read("/proc/self/statm").split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private static func read(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 8_192)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    private static func field(_ path: String, _ name: String) -> String? {
        read(path).split(separator: "\n").first { $0.hasPrefix(name) }?
            .split(separator: ":", maxSplits: 1).last?.trimmingPrefix { $0 == " " }.description
    }
}
