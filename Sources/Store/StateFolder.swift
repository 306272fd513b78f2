import Glibc

/// The folder of one account's state: ours alone, and held by one instance at a time.
public final class StateFolder: Sendable {
    /// The folder.
    public let path: String
    private let lock: Int32

    /// Makes the folder where it is missing, checks that it is ours alone, and takes the account's lock.
    ///
    /// - Parameters:
    ///   - root: `state_dir`.
    ///   - account: names the subfolder.
    /// - Throws: `StoreFault`: `E_STORE_IO`, `E_STORE_MODE`, `E_STORE_LOCKED` with the holder's process id.
    public init(root: String, account: String) throws(StoreFault) {
        path = try Self.prepared(root: root, account: account)
        let file = path + "/lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.refused(file) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(root: root, account: account).map { " (process \($0))" } ?? ""
            close(descriptor)
            throw StoreFault(.locked, "another instance\(holder) holds account '\(account)' in \(path)")
        }
        lock = descriptor
        let text = "\(getpid())\n"
        ftruncate(lock, 0)
        _ = text.withCString { pwrite(lock, $0, strlen($0), 0) }
    }

    deinit { close(lock) }

    /// The folder, made and checked, without taking the lock: for readers.
    ///
    /// - Throws: `StoreFault`.
    public static func prepared(root: String, account: String) throws(StoreFault) -> String {
        let folder = root + "/" + account
        try make(root)
        try make(folder)
        return folder
    }

    /// The process that wrote the lock file; nil when nobody holds the lock.
    public static func holder(root: String, account: String) -> Int32? {
        let descriptor = open(root + "/" + account + "/lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = read(descriptor, &bytes, bytes.count)
        return Int32(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).prefix { $0.isNumber })
    }

    private static func make(_ folder: String) throws(StoreFault) {
        var built = ""
        for part in folder.split(separator: "/", omittingEmptySubsequences: true) {
            built += "/" + part
            mkdir(built, 0o700)
        }
        var status = stat()
        guard stat(folder, &status) == 0 else { throw refused(folder) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw StoreFault(.io, "\(folder) is not a folder") }
        guard status.st_uid == geteuid() else {
            throw StoreFault(.permissions, "\(folder) belongs to another user; choose another state_dir")
        }
        guard status.st_mode & 0o022 == 0 else {
            throw StoreFault(.permissions, "\(folder) may be written by others; run: chmod 700 '\(folder)'")
        }
    }

    private static func refused(_ path: String) -> StoreFault {
        StoreFault(errno: errno, path)
    }
}
