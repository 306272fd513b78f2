import Signing
import Synchronization
import Threading
public import Trading
import Transport

/// Why an alert was not delivered. The address is a secret: only its host is ever said.
public struct WebhookFault: Error, Hashable, Sendable {
    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public let code: String
    /// What was found.
    public let text: String
    /// True when trying again may help.
    public let mayRetry: Bool
    /// True when the file may be read by others, or is not ours (exit 77).
    public var isPermission: Bool { code == "E_AUTH_KEY_MODE" }

    init(_ code: String, _ text: String, mayRetry: Bool = false) {
        self.code = code
        self.text = text
        self.mayRetry = mayRetry
    }
}

/// One address to which alerts are posted: Slack's and Telegram's own form, JSON of ours for any other.
///
/// - Lane: any but the hot one; `post` waits for the answer.
public final class Webhook: Sendable {
    /// Whose form a body has.
    public enum Service: Sendable, Hashable {
        /// Ours: schema `arb.alert/1`.
        case plain
        /// An incoming webhook of Slack.
        case slack
        /// A bot's `sendMessage`; the chat is in the URL.
        case telegram(chat: String)
    }

    /// Where it leads; all that is ever said of the address.
    public let host: String
    /// Whose form is spoken there.
    public let service: Service
    private let address: Secret
    private let client: HTTPClient
    private let timeout: Nanoseconds

    /// Reads the address from a file.
    ///
    /// - Parameters:
    ///   - file: one `https` URL, mode 0600.
    ///   - loopbackAuthority: PEM file of a certificate authority for loopback hosts.
    ///   - timeout: of one post.
    /// - Throws: `WebhookFault`: `E_AUTH_KEY_MODE`, `E_AUTH_KEY_UNREADABLE`, `E_CTL_WEBHOOK_URL`.
    public init(
        file: String, userAgent: String, loopbackAuthority: String? = nil, timeout: Nanoseconds = .seconds(3)
    ) throws(WebhookFault) {
        let secret: Secret
        do throws(SigningFault) {
            secret = try KeyFile.load(file)
        } catch {
            throw WebhookFault(error.code, error.text)
        }
        address = secret
        guard let endpoint = try? Endpoint(Self.url(secret)), endpoint.scheme == "https" else {
            throw WebhookFault("E_CTL_WEBHOOK_URL", "\(file) holds no https URL")
        }
        host = endpoint.host
        service = try Self.service(endpoint, file)
        self.timeout = timeout
        client = HTTPClient(userAgent: userAgent, loopbackAuthority: endpoint.isLoopback ? loopbackAuthority : nil)
    }

    private static func service(_ endpoint: Endpoint, _ file: String) throws(WebhookFault) -> Service {
        if endpoint.host == "hooks.slack.com" { return .slack }
        guard endpoint.host == "api.telegram.org" else { return .plain }
        let query = endpoint.target.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        guard let chat = query.split(separator: "&").first(where: { $0.hasPrefix("chat_id=") }) else {
            throw WebhookFault("E_CTL_WEBHOOK_URL", "\(file): the URL of a Telegram bot ends with ?chat_id=NUMBER")
        }
        return .telegram(chat: String(chat.dropFirst(8)))
    }

    private static func url(_ secret: Secret) -> String {
        let text = secret.withBytes { String(decoding: $0, as: UTF8.self) }
        return String(text.drop { $0.isWhitespace }.prefix { !$0.isWhitespace })
    }

    /// Posts a message and waits for the answer.
    ///
    /// - Throws: `WebhookFault`: `E_CTL_WEBHOOK`, or what kept it from getting there (`E_NET_…`).
    public func post(_ message: AlertMessage) throws(WebhookFault) {
        let url = Self.url(address)
        let request = HTTPRequest(
            url, method: "POST", headers: [("Content-Type", "application/json")], body: message.body(for: service),
            timeout: timeout)
        let answer = Answer()
        client.send(request) { answer.give($0) }
        switch answer.value() {
        case .success(let response) where (200..<300).contains(response.status): return
        case .success(let response):
            // What the service says is not repeated: it may quote the address.
            throw WebhookFault(
                "E_CTL_WEBHOOK", "\(host) answered \(response.status)",
                mayRetry: response.status == 429 || response.status >= 500)
        case .failure(let fault):
            let words = fault.text.replacing(url, with: host)
            throw WebhookFault(fault.code, words, mayRetry: fault.kind != .url && fault.kind != .forbidden)
        }
    }

    /// Ends connections. Call once, when nothing is posted any more.
    public func close() { client.close() }

    /// The client answers every request, at the latest when its time is over or the client is closed.
    private final class Answer: Sendable {
        private let answered = Semaphore()
        private let result = Mutex<Result<HTTPResponse, TransportFault>>(
            .failure(TransportFault(.closed, "no answer")))

        func give(_ given: Result<HTTPResponse, TransportFault>) {
            result.withLock { $0 = given }
            answered.signal()
        }

        func value() -> Result<HTTPResponse, TransportFault> {
            answered.wait()
            return result.withLock { $0 }
        }
    }
}
