import COpenSSL
import Glibc
import Synchronization
internal import Threading
public import Trading

/// Gives up connections that are being opened. May be cancelled from any thread, once and for all.
public final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)

    /// Not cancelled.
    public init() {}

    /// True after `cancel`.
    public var isCancelled: Bool { flag.load(ordering: .acquiring) }

    /// Ends every wait that was given this object within a tenth of a second.
    public func cancel() { flag.store(true, ordering: .releasing) }
}

/// One TLS connection. Opened on a cold thread; afterwards it never blocks.
///
/// - Lane: one owner at a time; handing it from the thread that opened it to the lane that uses it is a transfer.
public final class TLSStream: @unchecked Sendable {
    // Safety: owned by one thread at a time, as the lane rule says; the descriptor and the SSL object are freed here.
    private let ssl: OpaquePointer
    /// The socket, for a poller. Valid while the stream lives.
    public let descriptor: Int32
    private let keep: TLSContext
    /// Between the library and the socket; nil: it writes there itself.
    private var outbox: TLSOutbox?
    /// What is in the outbox waits for `release`.
    private(set) var isSealed = false

    /// What a read found.
    public enum Incoming: Sendable, Hashable {
        /// That many bytes were put into the buffer.
        case bytes(Int)
        /// Nothing now.
        case nothing
        /// The peer ended the connection in order.
        case ended
    }

    /// Resolves, connects and shakes hands, all before `deadline`. Blocks: never on a hot lane.
    ///
    /// - Parameter cancellation: what ends the wait early, as if the deadline had passed.
    /// - Throws: `TransportFault`.
    public convenience init(
        to endpoint: Endpoint, context: TLSContext, deadline: MonotonicNanos, cancellation: Cancellation? = nil
    ) throws(TransportFault) {
        try self.init(
            to: endpoint, at: try endpoint.addresses(), context: context, deadline: deadline,
            cancellation: cancellation)
    }

    /// Connects to one of these addresses of the endpoint and shakes hands, as above.
    ///
    /// - Parameter spares: sockets for the case that the process has no descriptor left.
    init(
        to endpoint: Endpoint, at addresses: [Endpoint.Address], context: TLSContext, deadline: MonotonicNanos,
        cancellation: Cancellation?, spares: SpareSockets? = nil
    ) throws(TransportFault) {
        var last = TransportFault(.connect, "\(endpoint.host) has no address")
        var connected: Int32 = -1
        for address in addresses {
            do {
                connected = try Self.connect(address, endpoint, deadline, cancellation, spares)
                break
            } catch {
                last = error
                if error.kind == .timeout { break }
            }
        }
        guard connected >= 0 else { throw last }
        guard let made = SSL_new(context.handle) else {
            close(connected)
            throw TransportFault(.tls, "no memory for a TLS connection")
        }
        ssl = made
        descriptor = connected
        keep = context
        SSL_set_fd(ssl, descriptor)
        SSL_set_connect_state(ssl)
        X509_VERIFY_PARAM_set_hostflags(SSL_get0_param(ssl), UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        let isAddress = endpoint.host.utf8.allSatisfy { $0 == 0x2E || $0 == 0x3A || (0x30...0x39).contains($0) }
        if isAddress {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), endpoint.host)
        } else {
            SSL_set1_host(ssl, endpoint.host)
            COpenSSL_set_server_name(ssl, endpoint.host)
        }
        try shakeHands(endpoint, deadline, cancellation)
    }

    deinit {
        SSL_free(ssl)
        close(descriptor)
    }

    private static func connect(
        _ address: Endpoint.Address, _ endpoint: Endpoint, _ deadline: MonotonicNanos, _ cancellation: Cancellation?,
        _ spares: SpareSockets?
    ) throws(TransportFault) -> Int32 {
        var socket = Glibc.socket(address.family, Endpoint.socketType, 0)
        if socket < 0, SpareSockets.isShortage(errno) {
            guard let spare = spares?.take(address.family) else {
                throw TransportFault(.descriptors, "\(endpoint.host):\(endpoint.port): the process has none left")
            }
            socket = spare
        }
        guard socket >= 0 else { throw TransportFault(.connect, "no socket: \(String(cString: strerror(errno)))") }
        var one: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var storage = address.storage
        let status = withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, address.length) }
        }
        var failure = status == 0 ? 0 : errno
        if failure == EINPROGRESS {
            guard Self.wait(socket, output: true, until: deadline, unless: cancellation) else {
                close(socket)
                throw TransportFault(.timeout, "\(endpoint.host):\(endpoint.port) did not answer in time")
            }
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(socket, SOL_SOCKET, SO_ERROR, &failure, &length)
        }
        guard failure == 0 else {
            close(socket)
            throw TransportFault(.connect, "\(endpoint.host):\(endpoint.port): \(String(cString: strerror(failure)))")
        }
        return socket
    }

    private func shakeHands(_ endpoint: Endpoint, _ deadline: MonotonicNanos, _ cancellation: Cancellation?)
        throws(TransportFault)
    {
        while true {
            ERR_clear_error()
            let status = SSL_connect(ssl)
            if status == 1 { return }
            let reason = SSL_get_error(ssl, status)
            if reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE {
                let output = reason == SSL_ERROR_WANT_WRITE
                guard Self.wait(descriptor, output: output, until: deadline, unless: cancellation) else {
                    throw TransportFault(.timeout, "\(endpoint.host): TLS did not answer in time")
                }
                continue
            }
            let verdict = SSL_get_verify_result(ssl)
            if verdict != Int(X509_V_OK) {
                let words = String(cString: X509_verify_cert_error_string(verdict))
                throw TransportFault(.certificate, "\(endpoint.host): \(words)")
            }
            let fault = broken(reason)
            throw TransportFault(fault.kind, "\(endpoint.host): \(fault.text)")
        }
    }

    /// Reads what is there. Never blocks.
    ///
    /// - Throws: `TransportFault`: `E_NET_CLOSED` for a reset or an end without close_notify, `E_TLS_PROTOCOL`.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TransportFault) -> Incoming {
        Self.forgetErrors()
        let count = SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
        // What the library answers of itself (a key update) leaves with what was read; nothing leaves that is sealed.
        if let outbox, !isSealed, !outbox.isEmpty { try flush(outbox) }
        if count > 0 { return .bytes(Int(count)) }
        let reason = SSL_get_error(ssl, count)
        switch reason {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .nothing
        case SSL_ERROR_ZERO_RETURN: return .ended
        default: throw broken(reason)
        }
    }

    /// Writes as much as the socket takes. Never blocks.
    ///
    /// - Returns: the number of bytes taken; 0 when the socket is full. Where there is an outbox it may take more than the
    ///   socket does: `hasOutput` says that some wait for another `write`, which may be of none.
    /// - Throws: as `read`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(TransportFault) -> Int {
        guard let outbox else { return try record(bytes) }
        precondition(!isSealed, "what is sealed is released first")
        // Nothing is made a record of while there is no room for what was.
        if !outbox.isEmpty {
            try flush(outbox)
            guard outbox.isEmpty else { return 0 }
        }
        let count = try record(bytes)
        try flush(outbox)
        return count
    }

    /// Makes a record of bytes that leaves with `release`, and not before.
    ///
    /// - Returns: false where it cannot be done now; nothing has happened then.
    func seal(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let outbox, !isSealed, outbox.isEmpty, bytes.count <= Self.recordMax else { return false }
        guard let count = try? record(bytes), count == bytes.count else {
            // What the library made of a part of them is nothing that a peer may see.
            isSealed = !outbox.isEmpty
            return false
        }
        isSealed = true
        return true
    }

    /// What was sealed leaves, as far as the socket takes it.
    ///
    /// - Throws: as `read`.
    func release() throws(TransportFault) {
        guard isSealed, let outbox else { return }
        isSealed = false
        try flush(outbox)
    }

    /// Bytes wait in the outbox for room in the socket.
    var hasOutput: Bool {
        guard let outbox, !isSealed else { return false }
        return !outbox.isEmpty
    }

    private func flush(_ outbox: TLSOutbox) throws(TransportFault) {
        do throws(TLSOutbox.SystemError) { _ = try outbox.flush() } catch {
            throw TransportFault(.closed, String(cString: strerror(error.number)))
        }
    }

    /// The longest text of one record.
    private static let recordMax = 16_384

    private func record(_ bytes: UnsafeRawBufferPointer) throws(TransportFault) -> Int {
        guard !bytes.isEmpty else { return 0 }
        Self.forgetErrors()
        let count = SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count))
        if count > 0 { return Int(count) }
        let reason = SSL_get_error(ssl, count)
        if reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE { return 0 }
        throw broken(reason)
    }

    /// What another user of the library left in this thread's error queue would be taken for ours.
    @inline(__always) private static func forgetErrors() { if ERR_peek_error() != 0 { ERR_clear_error() } }

    /// Keeps the library's buffers between records, where it would ask for one of 16 KiB each time, and reads a record in one
    /// system call. What was read may hold more than one: `read` until there is nothing.
    func keepBuffers() { COpenSSL_keep_buffers(ssl) }

    /// Records leave in one system call of ours, and may wait for `release`.
    func writeThroughOutbox() {
        if outbox == nil { outbox = TLSOutbox(ssl, descriptor) }
    }

    /// True when nothing has come and the peer has not ended the connection. One system call; never blocks.
    var isQuiet: Bool {
        if SSL_has_pending(ssl) != 0 { return false }
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
    }

    /// Makes the end of this stream a reset: what the kernel has not delivered by then never will be.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Tells the peer that nothing more comes. What is sealed does not leave: then the connection is reset.
    public func sendEnd() {
        guard !isSealed else {
            outbox?.empty()
            return reset()
        }
        SSL_shutdown(ssl)
        if let outbox { _ = try? outbox.flush() }  // it ends as well without these words
        ERR_clear_error()
    }

    private func broken(_ reason: Int32) -> TransportFault {
        let isEnd = COpenSSL_is_eof(reason) != 0
        let number = errno
        let words = Self.libraryWords()
        if isEnd { return TransportFault(.closed, "the peer ended the connection without saying so") }
        if reason == SSL_ERROR_SYSCALL {
            return TransportFault(
                .closed, number == 0 ? "the peer ended the connection" : String(cString: strerror(number)))
        }
        return TransportFault(.tls, words)
    }

    private static func libraryWords() -> String {
        let code = ERR_peek_error()
        ERR_clear_error()
        guard code != 0, let words = ERR_reason_error_string(code) else { return "the connection broke" }
        return String(cString: words)
    }

    /// Waits for a socket on a cold thread.
    ///
    /// - Returns: false when the deadline passed first, or it was cancelled.
    static func wait(
        _ descriptor: Int32, output: Bool, until deadline: MonotonicNanos, unless cancellation: Cancellation? = nil
    ) -> Bool {
        while true {
            let left = (deadline - NanoClock.monotonic()).rawValue
            guard left > 0, cancellation?.isCancelled != true else { return false }
            var entry = pollfd(fd: descriptor, events: Int16(output ? POLLOUT : POLLIN), revents: 0)
            // Nothing wakes this thread but the socket: whether it is cancelled is looked at ten times a second.
            let slice = cancellation == nil ? left / 1_000_000 + 1 : min(100, left / 1_000_000 + 1)
            let count = poll(&entry, 1, Int32(clamping: slice))
            if count > 0 { return true }
            if count < 0, errno != EINTR { return true }  // the next call on the socket says what is wrong
        }
    }
}
