/// A connection or request failed. What it means for an order is decided elsewhere: this only says what happened.
public struct TransportFault: Error, Hashable, Sendable {
    /// What happened.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Not a URL that we connect to.
        case url = "E_NET_URL"
        /// The host name has no address.
        case resolve = "E_NET_RESOLVE"
        /// A production host with a private address, or a loopback certificate authority with a production host.
        case forbidden = "E_NET_FORBIDDEN"
        /// Nobody answers, or the connection was refused.
        case connect = "E_NET_CONNECT"
        /// The process has no descriptor left for another connection.
        case descriptors = "E_NET_DESCRIPTORS"
        /// Not within the deadline.
        case timeout = "E_NET_TIMEOUT"
        /// The peer ended or reset the connection.
        case closed = "E_NET_CLOSED"
        /// The answer is larger than any that we read.
        case tooLarge = "E_NET_TOO_LARGE"
        /// The answer breaks HTTP/1.1, or is one of those shapes that two readers read in two ways.
        case answer = "E_NET_ANSWER"
        /// A connection ticket that was used or given back before.
        case ticket = "E_NET_TICKET"
        /// The certificate is not good for this host.
        case certificate = "E_TLS_CERTIFICATE"
        /// The library that speaks HTTP cannot be loaded.
        case library = "E_NET_LIBRARY"
        /// TLS could not be agreed on, or broke.
        case tls = "E_TLS_PROTOCOL"
        /// The certificate authority file cannot be used.
        case authority = "E_TLS_CA_FILE"
        /// The server refused the WebSocket upgrade; `status` and `body` say how.
        case upgradeRefused = "E_WS_REFUSED"
        /// The upgrade answer is not one of RFC 6455.
        case upgradeMalformed = "E_WS_HANDSHAKE"
        /// A frame breaks RFC 6455.
        case protocolError = "E_WS_PROTOCOL"
        /// A message is larger than any that we read.
        case messageTooLarge = "E_WS_TOO_LARGE"
        /// A text message that is not UTF-8.
        case notText = "E_WS_UTF8"
        /// No frame, not even an answer to our ping, within the deadline.
        case silent = "E_WS_SILENT"
        /// The peer does not take what we send.
        case backlog = "E_WS_BACKLOG"
    }

    /// What happened; its raw value is the stable code.
    public let kind: Kind
    /// What was found, in words; may quote the peer.
    public let text: String
    /// HTTP status of a refused upgrade.
    public let status: Int?
    /// Body of a refused upgrade, at most 64 KiB.
    public let body: [UInt8]

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String { kind.rawValue }

    /// A fault.
    public init(_ kind: Kind, _ text: String, status: Int? = nil, body: [UInt8] = []) {
        self.kind = kind
        self.text = text
        self.status = status
        self.body = body
    }
}
