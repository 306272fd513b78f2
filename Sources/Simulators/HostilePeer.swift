internal import COpenSSL
internal import Codec
internal import Glibc
internal import Signing
internal import Synchronization
internal import Threading
public import Trading

/// A TLS server on loopback that does to its clients what no proper server does: each connection follows a script.
///
/// Ignores SIGPIPE for the whole process, as everything that writes to sockets here does.
/// - Lane: threads of its own, one that accepts and one a connection; bounded by what its clients open.
public final class HostilePeer: @unchecked Sendable {
    // Safety: `context` may be used by many threads; everything else that changes is behind `state`.

    /// What is done next on a connection. A script that is over ends the connection in order.
    public enum Step: Sendable {
        /// Speaks plain bytes before any TLS.
        case plain([UInt8])
        /// Shakes hands.
        case secure
        /// Reads until the head of a request is complete.
        case hear
        /// Answers; `@` stands for what RFC 6455 wants to be answered to the key of the request.
        case answer(String)
        /// Sends bytes as they are.
        case say([UInt8])
        /// Sends the bytes one by one, that long apart.
        case trickle([UInt8], Nanoseconds)
        /// Sends the same again and again until the client is gone.
        case flood([UInt8])
        /// Reads what comes and says nothing until the client is gone.
        case hush
        /// Answers pings and says nothing else until the client is gone.
        case pong
        /// Tells TLS that nothing more comes, and waits until the client is gone.
        case sayEnd
        /// Ends the TCP connection without telling TLS.
        case end
        /// Resets the TCP connection.
        case reset
        /// Reads one whole request, head and body.
        case hearRequest
        /// Reads that many bytes.
        case hearBytes(Int)
        /// Reads requests and answers each with the number of the connection, until the client is gone.
        case serve
        /// Waits until the gate is open.
        case pass(HostileGate)
        /// Opens a gate that somebody else waits at.
        case open(HostileGate)
        /// Waits that long without giving the core away.
        case spin(Nanoseconds)
        /// Ends the TCP connection in one direction, without telling TLS, and goes on listening.
        case halfEnd
        /// Tells TLS that nothing more comes; what follows may still listen.
        case notify
        /// Ends the TCP connection in both directions, without telling TLS, before the next step.
        case shut
        /// Resets the TCP connection before the next step.
        case resetNow
    }

    /// The system refused a socket, or the certificate cannot be used.
    public struct Fault: Error, Sendable {}

    private struct State {
        var workers: [Worker] = []
        var open: Set<Int32> = []
        var accepted: [MonotonicNanos] = []
        var said = 0
        var ended = false
        var requests: [(connection: Int, text: String)] = []
    }

    private let state = Mutex<State>(State())
    private let context: OpaquePointer
    private let listener: Int32
    private let script: @Sendable (Int) -> [Step]
    /// Where it listens.
    public let port: UInt16

    /// Starts a peer; the script gets the number of the connection, from zero.
    ///
    /// - Throws: `Fault`.
    public init(_ authority: ThrowawayCA, script: @escaping @Sendable (Int) -> [Step]) throws(Fault) {
        signal(SIGPIPE, SIG_IGN)
        self.script = script
        guard let made = SSL_CTX_new(TLS_server_method()),
            SSL_CTX_use_certificate_chain_file(made, authority.certificate) == 1,
            SSL_CTX_use_PrivateKey_file(made, authority.key, SSL_FILETYPE_PEM) == 1
        else { throw Fault() }
        context = made
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isUp = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        guard isUp else { throw Fault() }
        let acceptor = Worker(name: "hostile") { [unowned self] in accept() }
        state.withLock { $0.workers.append(acceptor) }
    }

    deinit {
        Glibc.close(listener)
        SSL_CTX_free(context)
    }

    /// When connections were accepted.
    public var accepted: [MonotonicNanos] { state.withLock { $0.accepted } }

    /// Bytes that were given to TLS, over all connections.
    public var bytesSaid: Int { state.withLock { $0.said } }

    /// The requests that were read whole, also after an end was announced: what a server may have acted on.
    public var requests: [(connection: Int, text: String)] { state.withLock { $0.requests } }

    /// Ends all connections and threads. Call once.
    public func stop() {
        state.withLock { state in
            state.ended = true
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
        // No connection is added once `ended` is set and the acceptor, which is the first, was joined.
        state.withLock { $0.workers }.first?.join()
        for worker in state.withLock({ $0.workers }).dropFirst() { worker.join() }
    }

    private func accept() {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            if descriptor < 0 {
                if errno == EINTR { continue }
                return
            }
            let index = state.withLock { state -> Int? in
                guard !state.ended else { return nil }
                state.open.insert(descriptor)
                state.accepted.append(NanoClock.monotonic())
                return state.accepted.count - 1
            }
            guard let index else {
                Glibc.close(descriptor)
                return
            }
            let worker = Worker(name: "hostile-\(index)") { [unowned self] in
                let connection = HostileConnection(descriptor, SSL_new(context), index) { text in
                    self.state.withLock { $0.requests.append((index, text)) }
                }
                for step in script(index) where !connection.isOver { connection.perform(step) }
                state.withLock { state in
                    state.open.remove(descriptor)
                    state.said += connection.said
                }
                connection.close()
            }
            state.withLock { $0.workers.append(worker) }
        }
    }
}

/// One connection of a hostile peer, on its own thread. Blocks; `shutdown` of its socket wakes it up.
private final class HostileConnection {
    private let descriptor: Int32
    private let ssl: OpaquePointer?
    private var isSecure = false
    private var isClosed = false
    private var heard: [UInt8] = []
    private var reader = HostileRequestReader()
    private let index: Int
    private let heardRequest: (String) -> Void
    private(set) var isOver = false
    private(set) var said = 0

    init(_ descriptor: Int32, _ ssl: OpaquePointer?, _ index: Int, heardRequest: @escaping (String) -> Void) {
        self.descriptor = descriptor
        self.ssl = ssl
        self.index = index
        self.heardRequest = heardRequest
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { SSL_free(ssl) }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        if isSecure, !isOver { SSL_shutdown(ssl) }
        ERR_clear_error()
        Glibc.close(descriptor)
    }

    func perform(_ step: HostilePeer.Step) {
        switch step {
        case .plain(let bytes):
            if Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) <= 0 { isOver = true }
        case .secure:
            SSL_set_fd(ssl, descriptor)
            isSecure = SSL_accept(ssl) == 1
            isOver = !isSecure
        case .hear: while !heard.contains(ending: [13, 10, 13, 10]), hearMore() {}
        case .answer(let text):
            for part in text.split(separator: "@", omittingEmptySubsequences: false).enumerated() {
                if part.offset > 0 { say(accept()) }
                say(Array(part.element.utf8))
            }
        case .say(let bytes): say(bytes)
        case .trickle(let bytes, let pause):
            for byte in bytes where !isOver {
                say([byte])
                wait(pause)
            }
        case .flood(let bytes): while !isOver { say(bytes) }
        case .hush: while hearMore() { heard = [] }
        case .pong: answerPings()
        case .sayEnd:
            SSL_shutdown(ssl)
            perform(.hush)
        case .end: isOver = true
        case .reset:
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            isOver = true
        case .hearRequest, .hearBytes, .serve, .pass, .open, .spin, .halfEnd, .notify, .shut, .resetNow:
            performRequest(step)
        }
    }

    private func performRequest(_ step: HostilePeer.Step) {
        switch step {
        case .hearRequest: _ = hearRequest()
        case .hearBytes(let count):
            let whole = reader.bytes + count
            while reader.bytes < whole, hearMore() {}
        case .serve: while hearRequest() { say(HostilePeer.answer("\(index)")) }
        case .pass(let gate): gate.pass()
        case .open(let gate): gate.open()
        case .spin(let pause):
            let until = NanoClock.monotonic() + pause
            while NanoClock.monotonic() < until {}
        case .halfEnd: shutdown(descriptor, Int32(SHUT_WR))
        case .notify: SSL_shutdown(ssl)
        case .shut: shutdown(descriptor, Int32(SHUT_RDWR))
        case .resetNow:
            // To nobody: Linux resets the connection and keeps the descriptor.
            var nobody = sockaddr(
                sa_family: sa_family_t(AF_UNSPEC), sa_data: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
            connect(descriptor, &nobody, socklen_t(MemoryLayout<sockaddr>.size))
        default: break
        }
    }

    private func hearRequest() -> Bool {
        let count = reader.requests
        while reader.requests == count { guard hearMore() else { return false } }
        return true
    }

    /// Reads what is there, or waits; false when the client is gone.
    private func hearMore() -> Bool {
        guard !isOver else { return false }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = isSecure ? Int(SSL_read(ssl, &buffer, 4_096)) : recv(descriptor, &buffer, 4_096, 0)
        guard count > 0 else {
            isOver = true
            return false
        }
        heard += buffer[..<count]
        reader.read(buffer[..<count], heardRequest)
        return true
    }

    private func say(_ bytes: [UInt8]) {
        guard !isOver, !bytes.isEmpty else { return }
        let count = SSL_write(ssl, bytes, Int32(bytes.count))
        said += Int(max(0, count))
        if count <= 0 { isOver = true }
    }

    /// Waits, or returns early when the client is gone.
    private func wait(_ pause: Nanoseconds) {
        var entry = pollfd(fd: descriptor, events: 0, revents: 0)
        if poll(&entry, 1, Int32(clamping: pause.rawValue / 1_000_000)) > 0 { isOver = true }
    }

    /// What the key in the request must be answered with.
    private func accept() -> [UInt8] {
        let lines = String(decoding: heard, as: UTF8.self).split(separator: "\r\n")
        let name = "sec-websocket-key: "
        let key = lines.first { $0.lowercased().hasPrefix(name) }?.dropFirst(name.count) ?? ""
        let digest = Digest(.sha1)
        digest.update(Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        var raw = [UInt8](repeating: 0, count: 20)
        raw.withUnsafeMutableBytes { digest.finish(into: $0) }
        return Array(Base64.encode(raw).utf8)
    }

    /// Reads masked frames and answers each ping.
    private func answerPings() {
        heard = []
        while true {
            while heard.count < 2 || heard.count < 6 + Int(heard[1] & 0x7F) { if !hearMore() { return } }
            let length = Int(heard[1] & 0x7F)
            guard length < 126 else { return isOver = true }  // no client of ours sends a long frame here
            if heard[0] & 0x0F == 9 {
                let key = heard[2..<6]
                let payload = (0..<length).map { heard[6 + $0] ^ key[2 + $0 & 3] }
                say([0x8A, UInt8(length)] + payload)
            }
            heard.removeFirst(6 + length)
        }
    }
}

extension [UInt8] {
    fileprivate func contains(ending: [UInt8]) -> Bool {
        count >= ending.count && suffix(ending.count).elementsEqual(ending)
    }
}
