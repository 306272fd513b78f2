import Codec
import Glibc
import Signing
import Threading
public import Trading

/// Who stopped what, when, where and why.
public struct HaltNotice: Sendable, Hashable {
    /// The user.
    public var who: String
    /// The machine.
    public var host: String
    /// When.
    public var at: UTCNanos
    /// Why; may be empty.
    public var reason: String
    /// The account.
    public var account: String
    /// True when open orders are to be cancelled too.
    public var cancelsAll: Bool

    /// A notice.
    public init(who: String, host: String, at: UTCNanos, reason: String, account: String, cancelsAll: Bool = false) {
        self.who = who
        self.host = host
        self.at = at
        self.reason = reason
        self.account = account
        self.cancelsAll = cancelsAll
    }

    /// A notice of this user on this machine, now.
    public static func here(account: String, reason: String, cancelsAll: Bool = false, at instant: UTCNanos)
        -> HaltNotice
    {
        HaltNotice(
            who: Identity.user, host: Identity.host, at: instant, reason: reason, account: account,
            cancelsAll: cancelsAll)
    }

    /// One line for people.
    public var text: String {
        let why = reason.isEmpty ? "no reason given" : TerminalText.neutral(reason)
        return "halted by \(TerminalText.neutral(who)) on \(TerminalText.neutral(host)) at \(at.rfc3339): \(why)"
    }

    var json: String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.halt/1")
        json.member("account", account)
        json.member("who", who)
        json.member("host", host)
        json.member("at", at.rfc3339)
        json.member("at_ns", at.rawValue)
        json.member("reason", reason)
        json.member("cancel_all", cancelsAll)
        json.endObject()
        return json.string
    }

    init?(json text: String) {
        let reader = JSONReader(limits: .webSocket)
        defer { withExtendedLifetime(reader) {} }
        guard let value = try? reader.read(text), value["schema"]?.text?.string == "arb.halt/1",
            let who = value["who"]?.text?.string,
            let host = value["host"]?.text?.string, let at = value["at_ns"]?.int64,
            let account = value["account"]?.text?.string
        else { return nil }
        self.init(
            who: who, host: host, at: UTCNanos(rawValue: at), reason: value["reason"]?.text?.string ?? "",
            account: account, cancelsAll: value["cancel_all"]?.bool ?? false)
    }
}

/// This user and this machine.
public enum Identity {
    /// The user's name, or number where it has none.
    public static var user: String {
        guard let entry = getpwuid(geteuid()) else { return String(geteuid()) }
        return String(cString: entry.pointee.pw_name)
    }

    /// The machine's name.
    public static var host: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// The stop that outlives everything: a file in STATE, and one in memory for when the disk is full or gone. Either is enough.
///
/// Fails closed: a file that is there and cannot be read, is empty, or belongs to another user is a halt all the same.
/// - Lane: any thread.
public struct HaltLatch: Sendable {
    /// What is latched.
    public enum Finding: Sendable, Hashable {
        /// Nothing.
        case none
        /// Halted; the notice is nil where it cannot be read.
        case halted(HaltNotice?, file: String, remark: String)
        /// Halted on another machine: the folder is shared, or a copy of that machine's.
        case elsewhere(HaltNotice, file: String)

        /// True unless nothing is latched.
        public var isHalted: Bool { self != .none }

        /// Who did it, where that can be read.
        public var notice: HaltNotice? {
            switch self {
            case .none: nil
            case .halted(let notice, _, _): notice
            case .elsewhere(let notice, _): notice
            }
        }

        /// One line for people; empty when nothing is latched.
        public var text: String {
            switch self {
            case .none: ""
            case .halted(let notice, let file, let remark):
                (notice?.text ?? "halted by \(file)") + (remark.isEmpty ? "" : " (\(remark))")
            case .elsewhere(let notice, let file):
                "\(notice.text); this is another machine: \(file) was shared or copied. If nothing trades account "
                    + "'\(TerminalText.neutral(notice.account))' there any more: arb resume --reason TEXT"
            }
        }

        /// Stable code of why nothing may start; nil when nothing is latched.
        public var code: String? {
            switch self {
            case .none: nil
            case .halted: "E_CTL_HALTED"
            case .elsewhere: "E_CTL_HALT_ELSEWHERE"
            }
        }
    }

    /// The account's folder.
    public let folder: String
    /// The account.
    public let account: String
    /// The files, STATE first.
    public let files: [String]

    /// The latch of an account.
    ///
    /// - Parameters:
    ///   - root: `state_dir`; need not exist.
    ///   - memory: a folder that is no disk.
    public init(root: String, account: String, memory: String = "/dev/shm") {
        folder = root + "/" + account
        self.account = account
        // Two accounts of one name in two folders are two accounts.
        let name = Digest.hex(.sha256, folder).prefix(16)
        files = [folder + "/halt", "\(memory)/arb-\(geteuid())-\(name).halt"]
    }

    /// True when something is latched: two system calls, for a loop that has to know.
    public var isSet: Bool { files.contains { access($0, F_OK) == 0 || errno == EACCES } }

    /// What is latched, the gravest of both files.
    public func read() -> Finding {
        let findings = files.map(read)
        return findings.first { if case .elsewhere = $0 { true } else { false } } ?? findings.first { $0.isHalted }
            ?? .none
    }

    private func read(_ file: String) -> Finding {
        var status = stat()
        guard lstat(file, &status) == 0 else {
            let number = errno
            if number == ENOENT || number == ENOTDIR { return .none }
            return .halted(nil, file: file, remark: "it cannot be looked at: \(String(cString: strerror(number)))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return .halted(nil, file: file, remark: "it is no file") }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            return .halted(nil, file: file, remark: "it belongs to user \(status.st_uid)")
        }
        guard let text = SmallFile.read(file, most: 16_384) else {
            return .halted(nil, file: file, remark: "it cannot be read")
        }
        guard let notice = HaltNotice(json: text) else {
            return .halted(nil, file: file, remark: text.isEmpty ? "it is empty" : "it cannot be understood")
        }
        guard notice.host == Identity.host else { return .elsewhere(notice, file: file) }
        return .halted(notice, file: file, remark: "")
    }

    /// Latches one of the files, made whole before it is seen.
    ///
    /// - Parameter keepsOlder: a notice that is there stays, for one who knows less than whoever wrote it.
    /// - Returns: nil when it is latched, else why not. On a full disk an empty file is enough.
    public func set(_ notice: HaltNotice, file: String, keepsOlder: Bool = false) -> String? {
        if let refusal = SmallFile.replace(file, with: notice.json + "\n", isDurable: true, keepsOlder: keepsOlder) {
            let descriptor = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { return refusal }
            close(descriptor)
        }
        return access(file, F_OK) == 0 ? nil : String(cString: strerror(errno))
    }

    /// Latches both.
    ///
    /// - Parameter keepsOlder: as above.
    /// - Returns: each file with nil, or why it could not be made.
    @discardableResult
    public func set(_ notice: HaltNotice, keepsOlder: Bool = false) -> [(file: String, refusal: String?)] {
        files.map { ($0, set(notice, file: $0, keepsOlder: keepsOlder)) }
    }

    /// Takes both away.
    ///
    /// - Throws: `ControlFault`: `E_CTL_IO`; then it is halted still.
    public func clear() throws(ControlFault) {
        for file in files where unlink(file) != 0 && errno != ENOENT && errno != ENOTDIR {
            throw ControlFault(.io, "\(file) cannot be removed: \(String(cString: strerror(errno)))")
        }
        SmallFile.syncFolder(of: files[0])
    }
}

/// Files of a few lines, read and written whole.
enum SmallFile {
    /// The content as UTF-8; nil when it cannot be read, is larger than `most` bytes or is not UTF-8.
    static func read(_ path: String, most: Int) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count <= most {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 { return nil }
            if count == 0 { return String(validating: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
        return nil
    }

    /// Writes beside and renames: a reader sees the old or the new.
    ///
    /// - Parameter keepsOlder: what is there by then stays, and that is no refusal.
    /// - Returns: why not; nil when it was done.
    static func replace(_ path: String, with text: String, isDurable: Bool, keepsOlder: Bool = false) -> String? {
        let made = path + ".\(getpid()).new"
        let descriptor = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        let bytes = Array(text.utf8)
        var number = SystemCalls.write(bytes, to: descriptor)
        if number == 0, isDurable, fsync(descriptor) != 0 { number = errno }
        close(descriptor)
        if keepsOlder {
            // A link is made only where nothing is, which a rename cannot promise.
            if number == 0, link(made, path) != 0, errno != EEXIST { number = errno }
            unlink(made)
        } else if number == 0, rename(made, path) != 0 {
            number = errno
        }
        guard number == 0 else {
            unlink(made)
            return String(cString: strerror(number))
        }
        if isDurable { syncFolder(of: path) }
        return nil
    }

    static func syncFolder(of path: String) {
        let descriptor = open(
            path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
