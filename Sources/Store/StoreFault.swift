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
}
