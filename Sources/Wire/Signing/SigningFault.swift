/// A key cannot be used, or what is to be signed cannot be. `text` names the file where there is one, and what to do.
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
        /// Not the hexadecimal text of a wallet's private key.
        case hex = "E_AUTH_KEY_HEX"
        /// A wallet's private key that is zero or not below the order of the group.
        case range = "E_AUTH_KEY_RANGE"
        /// Not an address, or one whose checksum is wrong.
        case address = "E_AUTH_ADDRESS"
        /// Not a signature of 65 bytes with s in the lower half.
        case signature = "E_AUTH_SIGNATURE"
        /// An API secret, key or passphrase that cannot be one.
        case credentials = "E_AUTH_CREDENTIALS"
        /// The wallet that pays does not belong to the key that signs.
        case funder = "E_AUTH_FUNDER"
        /// An order that cannot be signed as it stands.
        case order = "E_AUTH_ORDER"
        /// The library refused to sign.
        case refused = "E_AUTH_SIGN"
    }

    /// The kind; its raw value is the stable code.
    public let kind: Kind
    /// What was found and what to do about it; never key material.
    public let text: String

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String { kind.rawValue }

    /// A fault in words; `text` must hold no key material.
    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }
}
