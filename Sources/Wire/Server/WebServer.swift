import CWebsockets
internal import Threading
public import Trading

/// One HTTPS and WebSocket server on a free loopback port, on libwebsockets: an independent peer for our own client code.
///
/// - Lane: a thread of its own; every closure is called there. `post` and `stop` from any thread, everything else from the
///   closures.
/// - Bound: requests of 8 MiB, 64 MiB unsent a connection, 4,096 connections.
public final class WebServer: @unchecked Sendable {
    // Safety: `handle` is used on the server's thread, but for `wake` and `stop`, which libwebsockets allows from any.
    private var handle: OpaquePointer?
    private var worker: Worker?
    private let work = Mailbox<@Sendable (WebServer) -> Void>(capacity: 1 << 20)
    private let handlers: Handlers

    /// One request.
    public struct Request: Sendable {
        /// Which request, for `respond`.
        public let id: UInt64
        /// `GET`, `POST`, `PUT`, `DELETE` and so on.
        public let method: String
        /// Path with query.
        public let target: String
        /// Headers, names in lower case: those with a name in HTTP, and those that our venues' clients add.
        public let headers: [String: String]
        /// Body; empty where there was none.
        public let body: [UInt8]

        /// A request, as a client would have sent it.
        public init(
            id: UInt64 = 0, method: String, target: String, headers: [String: String] = [:], body: [UInt8] = []
        ) {
            self.id = id
            self.method = method
            self.target = target
            self.headers = headers
            self.body = body
        }
    }

    /// What becomes of the connection.
    public enum Fate: Sendable, Hashable {
        /// Answered; the connection lives on.
        case keep
        /// Answered and then closed.
        case close
        /// Half of the body, then closed: the length that was promised never comes.
        case cut
        /// Closed in order, without an answer.
        case end
        /// Reset, without an answer.
        case reset
        /// Never answered; `respond` changes that.
        case silent
    }

    /// One answer.
    public struct Response: Sendable {
        /// HTTP status.
        public let status: Int
        /// Content type.
        public let contentType: String
        /// Body.
        public var body: [UInt8]
        /// Headers to add.
        public var headers: [(name: String, value: String)] = []
        /// What becomes of the connection.
        public var fate = Fate.keep
        /// How long the answer is held back.
        public var delay = Nanoseconds.zero
        /// How long after the answer an idle connection is closed; nil: it is not.
        public var closesAfter: Nanoseconds?

        /// An answer.
        public init(status: Int = 200, contentType: String = "application/json", body: [UInt8]) {
            self.status = status
            self.contentType = contentType
            self.body = body
            isLater = false
        }

        /// No answer now: `respond` gives it, or nobody does.
        public static var later: Response { Response(status: 0, isLater: true) }

        let isLater: Bool

        private init(status: Int, isLater: Bool) {
            self.status = status
            contentType = ""
            body = []
            self.isLater = isLater
        }
    }

    /// What the server does, all on its own thread.
    public struct Handlers: Sendable {
        /// Answers a request.
        public var request: @Sendable (Request) -> Response
        /// Accepts an upgrade (nil) or refuses it. Header names are in lower case.
        public var upgrade: @Sendable (_ target: String, _ headers: [String: String]) -> Response?
        /// A WebSocket connection is up.
        public var opened: @Sendable (_ server: WebServer, _ id: UInt64, _ target: String) -> Void
        /// A text message came.
        public var text: @Sendable (_ server: WebServer, _ id: UInt64, _ text: [UInt8]) -> Void
        /// A connection is gone.
        public var closed: @Sendable (_ server: WebServer, _ id: UInt64) -> Void

        /// Handlers.
        public init(
            request: @escaping @Sendable (Request) -> Response,
            upgrade: @escaping @Sendable (String, [String: String]) -> Response? = { _, _ in nil },
            opened: @escaping @Sendable (WebServer, UInt64, String) -> Void = { _, _, _ in },
            text: @escaping @Sendable (WebServer, UInt64, [UInt8]) -> Void = { _, _, _ in },
            closed: @escaping @Sendable (WebServer, UInt64) -> Void = { _, _ in }
        ) {
            self.request = request
            self.upgrade = upgrade
            self.opened = opened
            self.text = text
            self.closed = closed
        }
    }

    /// The server could not listen.
    public struct Fault: Error, Sendable {
        /// Stable for ever; listed in `Docs/ERRORS.md`.
        public var code: String { "E_NET_LISTEN" }
    }

    /// The port, on 127.0.0.1.
    public private(set) var port: Int = 0

    /// Starts a server with the certificate and key of these PEM files.
    ///
    /// - Parameter isSpinning: its thread never sleeps, so that what is sent to it wakes nobody: for benchmarks.
    /// - Throws: `Fault` when it cannot listen or the files are no good.
    public init(certificate: String, key: String, isSpinning: Bool = false, handlers: Handlers) throws(Fault) {
        self.handlers = handlers
        var port: Int32 = 0
        handle = CWebsockets_make(certificate, key, &port, callbacks())
        guard handle != nil else { throw Fault() }
        self.port = Int(port)
        worker = Worker(name: "server") { [unowned self] in CWebsockets_run(handle, isSpinning ? 1 : 0) }
    }

    private func callbacks() -> CWebsockets_Callbacks {
        CWebsockets_Callbacks(
            user: Unmanaged.passUnretained(self).toOpaque(),
            request: { user, id, method, target, headers, body, count in
                guard let server = WebServer.of(user), let method, let target, let headers else { return }
                let request = Request(
                    id: id, method: String(cString: method), target: String(cString: target),
                    headers: WebServer.fields(String(cString: headers)),
                    body: Array(UnsafeBufferPointer(start: body, count: count)))
                server.respond(id, server.handlers.request(request))
            },
            upgrade: { user, id, target, headers in
                guard let server = WebServer.of(user), let target, let headers else { return 1 }
                let fields = WebServer.fields(String(cString: headers))
                guard let refusal = server.handlers.upgrade(String(cString: target), fields) else { return 0 }
                server.respond(id, refusal)
                return 1
            },
            opened: { user, id, target in
                guard let server = WebServer.of(user), let target else { return }
                server.handlers.opened(server, id, String(cString: target))
            },
            text: { user, id, bytes, count in
                guard let server = WebServer.of(user) else { return }
                server.handlers.text(server, id, Array(UnsafeBufferPointer(start: bytes, count: count)))
            },
            closed: { user, id in
                guard let server = WebServer.of(user) else { return }
                server.handlers.closed(server, id)
            },
            woken: { user in
                guard let server = WebServer.of(user) else { return }
                for job in server.work.takeAll() { job(server) }
            })
    }

    private static func of(_ user: UnsafeMutableRawPointer?) -> WebServer? {
        user.map { Unmanaged<WebServer>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func fields(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[String(line[..<colon])] = String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return fields
    }

    /// Answers a request that was left for later; a second answer to one request is ignored. On the server's thread only.
    public func respond(_ id: UInt64, _ response: Response) {
        guard !response.isLater else { return }
        let fate =
            switch response.fate {
            case .keep: CWebsockets_keep
            case .close: CWebsockets_close
            case .cut: CWebsockets_cut
            case .end: CWebsockets_end
            case .reset: CWebsockets_reset
            case .silent: CWebsockets_silent
            }
        var headers = response.headers
        // RFC 9110 6.6.1: a server with a clock says what it shows; an answer may bring another of its own.
        if !headers.contains(where: { $0.name.lowercased() == "date" }) {
            headers.append(("date", HTTPDate.text(NanoClock.utc())))
        }
        let extra = headers.map { "\($0.name.lowercased()):\($0.value)\n" }.joined()
        CWebsockets_respond(
            handle, id, Int32(response.status), response.contentType, extra, response.body, response.body.count, fate,
            response.delay.rawValue / 1_000, response.closesAfter.map { $0.rawValue / 1_000 } ?? -1)
    }

    /// Runs a closure on the server's thread.
    ///
    /// - Returns: false when too many wait.
    @discardableResult
    public func post(_ job: @escaping @Sendable (WebServer) -> Void) -> Bool {
        guard work.post(job) else { return false }
        CWebsockets_wake(handle)
        return true
    }

    /// Queues a text message. On the server's thread only.
    ///
    /// - Returns: false when the connection is gone or does not keep up.
    @discardableResult
    public func send(_ id: UInt64, _ text: [UInt8]) -> Bool { CWebsockets_send(handle, id, text, text.count, 0) == 0 }

    /// Queues a ping. On the server's thread only.
    public func ping(_ id: UInt64, _ payload: [UInt8]) { _ = CWebsockets_send(handle, id, payload, payload.count, 1) }

    /// Ends a WebSocket connection without a close frame, or resets it. On the server's thread only.
    public func drop(_ id: UInt64, isReset: Bool = false) { CWebsockets_drop(handle, id, isReset ? 1 : 0) }

    /// Ends the server and waits for its thread. Call once.
    public func stop() {
        CWebsockets_stop(handle)
        worker?.join()
        worker = nil
        CWebsockets_free(handle)
        handle = nil
    }
}
