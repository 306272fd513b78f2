import Glibc

/// The store cannot be used. What is on disk is left as it is.
public struct StoreFault: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The folder or a file may be written by others, or belongs to another user (exit 77).
        case permissions = "E_STORE_MODE"
        /// The folder or file cannot be made, opened or written (exit 73).
        case io = "E_STORE_IO"
        /// Another instance holds the account (exit 75).
        case locked = "E_STORE_LOCKED"
        /// Written by a newer build (exit 78).
        case future = "E_STORE_FUTURE"
        /// Not a ledger, or damaged.
        case corrupt = "E_STORE_CORRUPT"
        /// The disk is full: entries stop, and the reserve is given back for closes (P15).
        case full = "E_STORE_FULL"
        /// The file system cannot set room aside, or has none (exit 73).
        case preallocate = "E_STORE_PREALLOCATE"
        /// The log of intents is damaged: which record, and where its copy is (exit 78).
        case journalCorrupt = "E_STORE_JOURNAL_CORRUPT"
    }

    /// The kind; its raw value is the stable code.
    public let kind: Kind
    /// What was found, where, and what to do.
    public let text: String

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String { kind.rawValue }

    /// A fault.
    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    /// What the system refused at `path`: a full disk is told as one.
    init(errno number: Int32, _ path: String) {
        guard number == ENOSPC || number == EDQUOT else {
            self.init(.io, "\(path): \(String(cString: strerror(number)))")
            return
        }
        self.init(.full, "\(path): the disk is full" + Self.room(path))
    }

    /// How much room is left where `path` lies, in words; empty where nobody says.
    static func room(_ path: String) -> String {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        var system = statvfs()
        guard statvfs(folder, &system) == 0 else { return "" }
        let free = UInt64(system.f_bavail) &* UInt64(system.f_frsize)
        return free < 1 << 20 ? "; \(free >> 10) KiB are free" : "; \(free >> 20) MiB are free"
    }
}
