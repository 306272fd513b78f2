/// A key cannot be used. `text` names the file where there is one, and what to do.
public struct SigningFault: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The key file is not there or cannot be read.
        case unreadable = "E_AUTH_KEY_UNREADABLE"
        /// The key file may be read by others, is not a regular file, or is not ours (exit 77).
        case permissions = "E_AUTH_KEY_MODE"
        /// The PEM is encrypted.
        case encrypted = "E_AUTH_KEY_ENCRYPTED"
        /// Not a private key of a kind that the venue takes, or damaged.
        case wrongKind = "E_AUTH_KEY_KIND"
        /// The library refused to sign.
        case refused = "E_AUTH_SIGN"
    }

    /// The kind; its raw value is the stable code.
    public let kind: Kind
    /// What was found and what to do about it; never key material.
    public let text: String

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String { kind.rawValue }

    init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }
}
