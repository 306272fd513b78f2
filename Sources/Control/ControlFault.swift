/// What keeps a command from the daemon, or a latch from the disk.
public struct ControlFault: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A folder or file that others may write, or that is not ours (exit 77).
        case permissions = "E_CTL_MODE"
        /// The latch or the socket cannot be made, read or written (exit 73).
        case io = "E_CTL_IO"
        /// No daemon answers at the socket (exit 69).
        case unavailable = "E_CTL_UNAVAILABLE"
        /// The daemon did not answer in time: whether it acted is not known (exit 69).
        case timeout = "E_CTL_TIMEOUT"
        /// A request or an answer that cannot be read.
        case malformed = "E_CTL_MALFORMED"
        /// The daemon knows the request and refuses it.
        case refused = "E_CTL_REFUSED"
    }

    /// What is wrong; its raw value is the stable code.
    public let kind: Kind
    /// What was found, where, and what to do.
    public let text: String

    /// A fault.
    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String { kind.rawValue }
}
