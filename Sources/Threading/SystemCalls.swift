import CLinux
import Glibc

/// Calls of Linux that Swift's Glibc module does not have.
public enum SystemCalls {
    /// Gives a file blocks for its first `bytes` bytes, so that later writes into them find room.
    ///
    /// - Returns: 0, or errno of the refusal.
    public static func allocate(_ descriptor: Int32, bytes: Int) -> Int32 { CLinux_allocate(descriptor, Int64(bytes)) }

    /// Writes all of it, however little the system takes at a time; waits where the descriptor would not.
    ///
    /// - Parameter taken: told how many bytes each call took.
    /// - Returns: 0, or errno of the refusal: some of it may be written then.
    public static func write(_ bytes: [UInt8], to descriptor: Int32, taken: (Int) -> Void = { _ in }) -> Int32 {
        bytes.withUnsafeBytes { buffer in
            var sent = 0
            while sent < buffer.count {
                let count = Glibc.write(descriptor, buffer.baseAddress.map { $0 + sent }, buffer.count - sent)
                if count > 0 {
                    sent += count
                    taken(count)
                } else if count == 0 {
                    return EIO
                } else if errno == EAGAIN {
                    // Whoever shares it has made it one that does not wait.
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&ready, 1, -1)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }

    /// The process and the user at the other end of a unix socket; nil where the system does not say.
    public static func peer(of socket: Int32) -> (process: Int32, user: UInt32)? {
        var process: Int32 = 0
        var user: UInt32 = 0
        return CLinux_peer(socket, &process, &user) == 0 ? (process, user) : nil
    }

    /// A pipe whose ends do not block and are closed in children; nil when no descriptors are left (errno says so).
    public static func pipe() -> (read: Int32, write: Int32)? {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        return (ends[0], ends[1])
    }
}
