import CLinux
import Glibc
public import Trading

/// Unix sockets of our own folders: made, found and asked who is there. Paths may be of any length.
public enum UnixSocket {
    /// The system refused; `number` is errno.
    public struct Fault: Error, Hashable, Sendable {
        /// errno of the refusal.
        public let number: Int32
        /// The system's words.
        public var text: String { String(cString: strerror(number)) }

        /// A refusal.
        public init(_ number: Int32) { self.number = number }
    }

    /// Listens at `folder`/`name`, which only its owner may open; what was there is replaced.
    ///
    /// - Returns: a descriptor that does not block.
    /// - Throws: `Fault`.
    public static func listen(folder: String, name: String) throws(Fault) -> Int32 {
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw Fault(errno) }
        unlink(folder + "/" + name)
        let refusal = withAddress(folder, name) { bind(descriptor, $0, $1) == 0 ? 0 : errno }
        guard refusal == 0, chmod(folder + "/" + name, 0o600) == 0, Glibc.listen(descriptor, 16) == 0 else {
            let number = refusal == 0 ? errno : refusal
            close(descriptor)
            throw Fault(number)
        }
        return descriptor
    }

    /// Connects to `folder`/`name`.
    ///
    /// - Returns: a descriptor whose reads and writes give up after `timeout`.
    /// - Throws: `Fault`.
    public static func connect(folder: String, name: String, timeout: Nanoseconds) throws(Fault) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Fault(errno) }
        var patience = timeval()
        patience.tv_sec = Int(timeout.rawValue / 1_000_000_000)
        patience.tv_usec = Int(timeout.rawValue % 1_000_000_000 / 1_000)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        let refusal = withAddress(folder, name) { Glibc.connect(descriptor, $0, $1) == 0 ? 0 : errno }
        guard refusal == 0 else {
            close(descriptor)
            throw Fault(refusal)
        }
        return descriptor
    }

    /// Takes one that waits; nil when none does. It does not block.
    public static func accept(_ listening: Int32) -> Int32? {
        let descriptor = CLinux_accept(listening)
        return descriptor >= 0 ? descriptor : nil
    }

    /// Names a socket through its open folder, so that the path's length does not matter.
    private static func withAddress(
        _ folder: String, _ name: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    )
        -> Int32
    {
        let opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { return errno }
        defer { close(opened) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array("/proc/self/fd/\(opened)/\(name)".utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.count < room else { return ENAMETOOLONG }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
