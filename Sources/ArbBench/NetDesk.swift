private import CAllocations
private import COpenSSL
import Glibc
import Simulators
import Synchronization
import Threading
import Trading
import Transport

/// A pool on a polled lane, a gateway there, and a peer that answers each request as the C program's does.
final class NetDesk {
    private let peer: NetPeer
    private let lane: Lane
    private let pool: WarmPool
    private let gateway: NetGateway
    private let thread: Worker
    private let request: [UInt8]

    /// Requests of `sizes.request` bytes, answers of `sizes.answer`.
    init(_ authority: ThrowawayCA, sizes: (request: Int, answer: Int)) throws {
        peer = try NetPeer(authority, sizes: sizes)
        let head =
            "POST /trade-api/v2/portfolio/events/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300\r\nX: "
        let filler = sizes.request - 300 - 4 - head.utf8.count
        request =
            Array(head.utf8) + [UInt8](repeating: 0x61, count: filler) + Array("\r\n\r\n".utf8)
            + [UInt8](repeating: 0x78, count: 300)
        let lane = try Lane(name: "gateway", wait: .spin, processor: 1)
        var settings = WarmPoolSettings(endpoint: try Endpoint("https://localhost:\(peer.port)"), seed: 1)
        settings.entries = 1
        settings.requestsMax = 1 << 40
        settings.keepAlive = .seconds(600)
        let pool = WarmPool(
            settings, context: try TLSContext(loopbackAuthority: authority.authority), lane: lane, exercise: { nil })
        self.lane = lane
        self.pool = pool
        gateway = NetGateway(lane)
        thread = Worker(name: "gateway") { lane.run { pool.turn($0) } }
        while pool.status.idle < 2 { poll(nil, 0, 1) }
    }

    /// Sends `count` requests one after another, after a tenth as many that do not count.
    func measure(_ count: Int) -> NetFigures {
        let done = Semaphore()
        let (gateway, pool, request) = (gateway, pool, request)
        Task {
            await gateway.measure(pool, request, count)
            done.signal()
        }
        done.wait()
        return gateway.figures.withLock { $0 }
    }

    /// Allocations of the peer, which reads and writes with the library alone. After `stop`.
    var libraryAllocations: Int { peer.allocations }

    /// Ends pool, lane, peer and their threads. Call once.
    func stop() {
        pool.stop()
        while pool.status.idle > 0 { poll(nil, 0, 1) }
        lane.stop()
        thread.join()
        peer.join()
    }
}

/// What a round measured. Unit: ns.
struct NetFigures: Sendable {
    var samples: [Double] = []
    var reserves: [Double] = []
    var allocations = 0
    var reserveAllocations = 0
}

/// A gateway as far as the network sees one.
actor NetGateway {
    private let lane: Lane
    nonisolated let figures = Mutex<NetFigures>(NetFigures())
    nonisolated var unownedExecutor: UnownedSerialExecutor { lane.asUnownedSerialExecutor() }

    init(_ lane: Lane) { self.lane = lane }

    func measure(_ pool: WarmPool, _ request: [UInt8], _ count: Int) async {
        var result = NetFigures()
        result.samples.reserveCapacity(count)
        var before: UInt64 = 0
        for index in -count / 10..<count {
            if index == 0 { before = CAllocations_count() }
            guard let ticket = pool.reserve(.entry) else { preconditionFailure("the connection is idle") }
            let start = NanoClock.monotonic()
            let outcome = await pool.exchange(ticket, request, deadline: start + .seconds(5))
            let end = NanoClock.monotonic()
            guard case .answered(let answer) = outcome, answer.status == 200, answer.body.count > 64 else {
                preconditionFailure("every request is answered")
            }
            if index >= 0 { result.samples.append(Double((end - start).rawValue)) }
        }
        result.allocations = Int(CAllocations_count() - before)
        result.reserves.reserveCapacity(200)
        let quiet = CAllocations_count()
        for _ in 0..<200 {
            let start = NanoClock.monotonic()
            for _ in 0..<100 {
                guard let ticket = pool.reserve(.entry) else { preconditionFailure("the connection is idle") }
                pool.release(ticket)
            }
            result.reserves.append(Double((NanoClock.monotonic() - start).rawValue) / 100)
        }
        result.reserveAllocations = Int(CAllocations_count() - quiet)
        let final = result
        figures.withLock { $0 = final }
    }
}

/// Accepts two connections and answers what comes on the first, spinning on its own core, until that one ends.
private final class NetPeer: @unchecked Sendable {
    // Safety: the context and the listener are set before the thread starts and used there alone until it was joined.
    let port: UInt16
    private let context: OpaquePointer
    private let listener: Int32
    private var thread: Worker?
    /// Made while serving. Read after `join`.
    private(set) var allocations = 0

    struct Fault: Error {}

    init(_ authority: ThrowawayCA, sizes: (request: Int, answer: Int)) throws {
        signal(SIGPIPE, SIG_IGN)
        guard let made = SSL_CTX_new(TLS_server_method()),
            SSL_CTX_use_certificate_chain_file(made, authority.certificate) == 1,
            SSL_CTX_use_PrivateKey_file(made, authority.key, SSL_FILETYPE_PEM) == 1,
            SSL_CTX_set_ciphersuites(made, "TLS_AES_128_GCM_SHA256") == 1
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
                bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        guard isUp else { throw Fault() }
        let lane = try Lane(name: "peer", wait: .spin, processor: 0)
        thread = Worker(name: "peer") { [unowned self] in
            lane.run { _ in
                self.serve(sizes)
                lane.stop()
                return .busy
            }
        }
    }

    func join() {
        thread?.join()
        SSL_CTX_free(context)
        close(listener)
    }

    private func accept() -> (OpaquePointer, Int32)? {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0, let ssl = SSL_new(context) else { return nil }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        SSL_set_fd(ssl, descriptor)
        return SSL_accept(ssl) == 1 ? (ssl, descriptor) : nil
    }

    private func serve(_ sizes: (request: Int, answer: Int)) {
        guard let first = accept(), let second = accept() else { return }
        defer {
            for (ssl, descriptor) in [first, second] {
                SSL_free(ssl)
                close(descriptor)
            }
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 110\r\nX-Y: "
        let filler = sizes.answer - 110 - 4 - head.utf8.count
        let answer =
            Array(head.utf8) + [UInt8](repeating: 0x61, count: filler) + Array("\r\n\r\n".utf8)
            + [UInt8](repeating: 0x78, count: 110)
        var buffer = [UInt8](repeating: 0, count: 4_096)
        _ = fcntl(first.1, F_SETFL, fcntl(first.1, F_GETFL) | O_NONBLOCK)
        let before = CAllocations_count()
        while true {
            allocations = Int(CAllocations_count() - before)
            var got = 0
            while got < sizes.request {
                let count = SSL_read(first.0, &buffer, 4_096)
                if count > 0 {
                    got += Int(count)
                } else if SSL_get_error(first.0, count) != SSL_ERROR_WANT_READ {
                    return
                }
            }
            SSL_write(first.0, answer, Int32(answer.count))
        }
    }
}
