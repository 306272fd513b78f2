import COpenSSL
import Glibc
internal import Threading
internal import Trading

/// A TLS connection to this very process that nobody reads: what is written to it goes the way of a request through the
/// TLS library and the kernel, and no further.
///
/// A request is written seldom, and by then the code of that way has left the processor's caches (`RequestSender.rehearse`).
/// Loopback, with keys of its own that never leave it; it can reach no venue.
/// - Lane: one owner at a time, as `TLSStream`.
final class TLSMirror: @unchecked Sendable {
    // Safety: owned by one thread at a time; both ends are freed here.
    private let near: OpaquePointer
    private let far: OpaquePointer
    private let sockets: (near: Int32, far: Int32)
    private var outbox: TLSOutbox?
    /// The library refused a write: nothing more is written.
    private(set) var isBroken = false

    /// Makes both ends and shakes hands between them: about two milliseconds. Nil where the machine refuses a part of it.
    init?() {
        guard let contexts = Self.contexts() else { return nil }
        defer {
            SSL_CTX_free(contexts.near)
            SSL_CTX_free(contexts.far)
        }
        guard let sockets = Self.pair() else { return nil }
        guard let near = SSL_new(contexts.near), let far = SSL_new(contexts.far) else {
            close(sockets.near)
            close(sockets.far)
            return nil
        }
        (self.near, self.far, self.sockets) = (near, far, sockets)
        SSL_set_fd(near, sockets.near)
        SSL_set_fd(far, sockets.far)
        SSL_set_connect_state(near)
        SSL_set_accept_state(far)
        guard shakeHands() else { return nil }
        COpenSSL_keep_buffers(near)
        outbox = TLSOutbox(near, sockets.near)
    }

    deinit {
        SSL_free(near)
        SSL_free(far)
        close(sockets.near)
        close(sockets.far)
    }

    /// Writes bytes and throws them away at the other end. Never blocks.
    func write(_ bytes: UnsafeRawBufferPointer) {
        guard !isBroken, let start = bytes.baseAddress, !bytes.isEmpty else { return }
        let count = SSL_write(near, start, Int32(clamping: bytes.count))
        let isTaken = (try? outbox?.flush()) != nil
        if count <= 0 || !isTaken {
            ERR_clear_error()
            isBroken = true
        }
        while recv(sockets.far, nil, Self.most, Int32(MSG_TRUNC | MSG_DONTWAIT)) > 0 {}
    }

    private static let most = 1 << 20
    private static let rounds = 16

    private func shakeHands() -> Bool {
        for _ in 0..<Self.rounds {
            let isNearDone = step(near), isFarDone = step(far)
            if isNearDone && isFarDone { return true }
        }
        return false
    }

    private func step(_ ssl: OpaquePointer) -> Bool {
        ERR_clear_error()
        return SSL_do_handshake(ssl) == 1
    }

    private static func contexts() -> (near: OpaquePointer, far: OpaquePointer)? {
        guard let key = COpenSSL_generate_p256() else { return nil }
        defer { EVP_PKEY_free(key) }
        guard let certificate = COpenSSL_certificate(key, nil, key, "mirror", 0, 10 * 365 * 86_400, nil, nil) else {
            return nil
        }
        defer { X509_free(certificate) }
        guard let near = SSL_CTX_new(TLS_client_method()) else { return nil }
        guard let far = SSL_CTX_new(TLS_server_method()) else {
            SSL_CTX_free(near)
            return nil
        }
        COpenSSL_set_mode(near)
        SSL_CTX_set_num_tickets(far, 0)
        // The peer is this process: its very certificate is the one that is trusted.
        SSL_CTX_set_verify(near, SSL_VERIFY_PEER, nil)
        guard X509_STORE_add_cert(SSL_CTX_get_cert_store(near), certificate) == 1,
            SSL_CTX_use_certificate(far, certificate) == 1, SSL_CTX_use_PrivateKey(far, key) == 1
        else {
            ERR_clear_error()
            SSL_CTX_free(near)
            SSL_CTX_free(far)
            return nil
        }
        return (near, far)
    }

    /// Two ends of one TCP connection over loopback.
    private static func pair() -> (near: Int32, far: Int32)? {
        let listener = socket(AF_INET, Endpoint.socketType, 0)
        guard listener >= 0 else { return nil }
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        guard bind(listener, address), listen(listener, 1) == 0, let bound = name(listener, getsockname) else {
            return nil
        }
        let near = socket(AF_INET, Endpoint.socketType, 0)
        guard near >= 0 else { return nil }
        var one: Int32 = 1
        setsockopt(near, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        guard connect(near, bound),
            TLSStream.wait(listener, output: false, until: NanoClock.monotonic() + Nanoseconds.seconds(1))
        else {
            close(near)
            return nil
        }
        let far = accept(listener, nil, nil)
        // Another process may have been quicker to connect: then this is not our other end.
        guard far >= 0, let peer = name(far, getpeername), let mine = name(near, getsockname),
            peer.sin_port == mine.sin_port,
            peer.sin_addr.s_addr == mine.sin_addr.s_addr
        else {
            close(near)
            if far >= 0 { close(far) }
            return nil
        }
        _ = fcntl(far, F_SETFL, O_NONBLOCK)
        _ = fcntl(far, F_SETFD, FD_CLOEXEC)
        return (near, far)
    }

    private static func bind(_ socket: Int32, _ address: sockaddr_in) -> Bool {
        var address = address
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func connect(_ socket: Int32, _ address: sockaddr_in) -> Bool {
        var address = address
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 || errno == EINPROGRESS
            }
        }
    }

    private static func name(
        _ socket: Int32, _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> sockaddr_in? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask(socket, $0, &length) }
        }
        return status == 0 ? address : nil
    }
}
