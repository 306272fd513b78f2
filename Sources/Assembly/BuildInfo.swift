import Glibc
internal import Signing

/// What program this is: in every record, so that two builds on one account can be told apart.
public enum BuildInfo {
    /// The version of the sources.
    public static let version = "0.1.0"

    /// The version and the first digits of the executable's own SHA-256: `0.1.0+3f9c2a71b0d4`.
    public static let build: String = {
        guard let hash = executableHash() else { return version + "+unknown" }
        return version + "+" + hash.prefix(12)
    }()

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
