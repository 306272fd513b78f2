import Glibc
import Threading

/// Room on the disk that is given back when it is full, so that closes can still be recorded (P15).
///
/// - Lane: one thread at a time; off the hot lane.
public final class DiskReserve {
    /// The file.
    public let path: String
    /// Its size in bytes.
    public let bytes: Int
    /// True once the room was given back: entries stay stopped until a restart has made it anew.
    public private(set) var isReleased = false

    /// What is kept by default: 64 MiB.
    public static let bytesDefault = 64 << 20

    /// Sets the room aside, or finds it as an earlier run left it.
    ///
    /// - Throws: `StoreFault`: `E_STORE_PREALLOCATE` when the disk has no such room, `E_STORE_IO`.
    public init(path: String, bytes: Int = bytesDefault) throws(StoreFault) {
        self.path = path
        self.bytes = bytes
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StoreFault(errno: errno, path) }
        defer { close(descriptor) }
        let refusal = SystemCalls.allocate(descriptor, bytes: bytes)
        guard refusal == 0 else {
            unlink(path)
            throw StoreFault(
                .preallocate,
                "\(path): \(bytes >> 20) MiB cannot be set aside: \(String(cString: strerror(refusal)))"
                    + StoreFault.room(path))
        }
    }

    /// Gives the room back. A second call does nothing.
    ///
    /// - Returns: true when there is room now that there was not before.
    @discardableResult
    public func release() -> Bool {
        guard !isReleased else { return false }
        isReleased = true
        // Cut first: who still has it open would keep a removed file's room.
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        if descriptor >= 0 {
            ftruncate(descriptor, 0)
            close(descriptor)
        }
        return unlink(path) == 0
    }
}
