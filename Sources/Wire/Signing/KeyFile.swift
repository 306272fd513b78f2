import COpenSSL
import Glibc

/// Key files: readable by their owner alone, small, and what they say they are.
public enum KeyFile {
    private static let bytesMax = 64 * 1024

    /// Reads a key file.
    ///
    /// - Throws: `SigningFault`: `E_AUTH_KEY_UNREADABLE`; `E_AUTH_KEY_MODE` unless it is a regular file of ours with mode
    ///   0600 (or 0400).
    public static func load(_ path: String) throws(SigningFault) -> Secret {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw SigningFault(.unreadable, "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw SigningFault(.permissions, "\(path) is not a regular file")
        }
        guard status.st_uid == geteuid() else {
            throw SigningFault(.permissions, "\(path) belongs to another user; run: chown \(geteuid()) '\(path)'")
        }
        let mode = status.st_mode & 0o7777
        guard mode == 0o600 || mode == 0o400 else {
            throw SigningFault(
                .permissions,
                "\(path) has mode \(String(mode, radix: 8)), so others may read it; run: chmod 600 '\(path)'")
        }
        guard status.st_size > 0, status.st_size <= bytesMax else {
            throw SigningFault(.wrongKind, "\(path) has \(status.st_size) bytes; a key has 1 to \(bytesMax)")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(status.st_size), alignment: 16)
        defer {
            OPENSSL_cleanse(buffer.baseAddress, buffer.count)
            buffer.deallocate()
        }
        var filled = 0
        while filled < buffer.count {
            let count = read(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SigningFault(.unreadable, "\(path) cannot be read to its end") }
            filled += count
        }
        return Secret(UnsafeRawBufferPointer(buffer))
    }
}
