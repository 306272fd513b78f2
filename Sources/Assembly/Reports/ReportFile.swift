internal import Glibc

/// Writes a report where a person asked for it: whole or not at all.
public enum ReportFile {
    /// Writes `text` to `path`, in place of what was there.
    ///
    /// - Returns: why it could not be written; nil when it was.
    public static func write(_ text: String, to path: String) -> String? {
        let made = path + ".new"
        let descriptor = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { return words(made) }
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + sent }, bytes.count - sent)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let reason = words(made)
                close(descriptor)
                unlink(made)
                return reason
            }
            sent += count
        }
        guard close(descriptor) == 0, rename(made, path) == 0 else {
            let reason = words(path)
            unlink(made)
            return reason
        }
        return nil
    }

    private static func words(_ path: String) -> String { "\(path): \(String(cString: strerror(errno)))" }
}
