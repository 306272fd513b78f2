import Glibc
internal import Signing

/// What program this is: in every record, so that two builds on one account can be told apart.
public enum BuildInfo {
    /// The version of the sources.
    public static let version = "0.1.0"

    /// The version and the first digits of the identity that the linker gave the executable: `0.1.0+3f9c2a71b0d4`.
    public static let build: String = {
        guard let identity = linkedIdentity() ?? executableHash() else { return version + "+unknown" }
        return version + "+" + identity.prefix(12)
    }()

    /// The build id of the ELF notes: a hash over everything that was linked, for the price of reading two pages.
    private static func linkedIdentity() -> String? {
        let descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        func bytes(_ offset: Int, _ count: Int) -> [UInt8]? {
            guard count > 0, count <= 1 << 16 else { return nil }
            var chunk = [UInt8](repeating: 0, count: count)
            return pread(descriptor, &chunk, count, offset) == count ? chunk : nil
        }
        func number(_ bytes: [UInt8], _ at: Int, _ count: Int) -> Int {
            guard at + count <= bytes.count else { return 0 }
            return (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << ($1 * 8) }
        }
        guard let head = bytes(0, 64), head.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2]),
            let table = bytes(number(head, 32, 8), number(head, 54, 2) * number(head, 56, 2))
        else { return nil }
        for entry in stride(from: 0, to: table.count, by: max(1, number(head, 54, 2))) {
            guard number(table, entry, 4) == 4,
                let notes = bytes(number(table, entry + 8, 8), number(table, entry + 32, 8))
            else { continue }
            var at = 0
            while at + 16 <= notes.count {
                let name = (number(notes, at, 4) + 3) / 4 * 4
                let size = number(notes, at + 4, 4)
                let start = at + 12 + name
                guard start + size <= notes.count else { break }
                if number(notes, at + 8, 4) == 3, name == 4 {
                    return notes[start..<(start + size)].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                }
                at = start + (size + 3) / 4 * 4
            }
        }
        return nil
    }

    private static func executableHash() -> String? {
        let descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let digest = Digest(.sha256)
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 { return digest.finishHex() }
            guard count > 0 else { return nil }
            digest.update(count == chunk.count ? chunk : Array(chunk[..<count]))
        }
    }
}
