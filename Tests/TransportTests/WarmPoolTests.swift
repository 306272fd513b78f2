import Foundation
import Server
import Simulators
import Synchronization
import Testing
import Threading
import Trading

@testable import Transport

/// The pool against servers that do nothing wrong: libwebsockets, and the raw peer where timing is scripted.
@Suite("WarmPool", .serialized)
struct WarmPoolTests {
    private let folder: ThrowawayFolder

    init() throws { folder = try ThrowawayFolder.get() }

    private static let exercise = Array("GET /time HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)

    private func echo(_ count: @escaping @Sendable (String) -> Void = { _ in }) throws -> WebServer {
        try WebServer(
            certificate: folder.authority.certificate, key: folder.authority.key,
            handlers: WebServer.Handlers(request: { request in
                count(request.target)
                return WebServer.Response(body: Array("\(request.method) \(request.target) \(request.body.count)".utf8))
            }))
    }

    private func serving() throws -> HostilePeer { try HostilePeer(folder.authority) { _ in [.secure, .serve] } }

    @Test(
        "hundreds of requests over two connections, on a lane that parks, adapts or spins", arguments: LaneWait.allCases
    )
    func many(wait: LaneWait) async throws {
        let server = try echo()
        defer { server.stop() }
        let desk = try PoolDesk(port: server.port, wait: wait)
        defer { desk.stop() }
        for index in 0..<200 {
            let size = [0, 1, 600, 20_000][index % 4]
            let outcome = try await desk.send("r\(index)", index % 5 == 0 ? .close : .entry, body: size)
            #expect(outcome.word == "200 POST /r\(index) \(size)")
            guard case .answered(let answer) = outcome else { continue }
            #expect(answer.contentType.hasPrefix("application/json") && answer.sent < answer.acked)
        }
        let status = desk.pool.status
        #expect(status.answered == 200 && status.lost == 0 && status.notSent == 0, "\(status)")
        // A server may end a connection that is idle; then another one is opened, and nothing else retires one.
        #expect(status.retired.keys.allSatisfy { $0 == .closed }, "\(status)")
        #expect(status.opened - (status.retired[.closed] ?? 0) == 2 && status.opened < 10, "\(status)")
    }

    @Test("a request larger than the sockets hold is written piece by piece")
    func large() async throws {
        let peer = try serving()
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port), wait: .park)
        defer { desk.stop() }
        let outcome = try await desk.send("large", body: 24 << 20, timeout: .seconds(20))
        #expect(outcome.word == "200 0" && peer.requests.count == 1)
        #expect(try await desk.send("small").word == "200 0")
    }

    @Test("what is rehearsed reaches no server and takes no connection")
    func rehearses() async throws {
        let peer = try serving()
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        #expect(desk.until { $0.idle == 2 })
        let request = PoolDesk.request("rehearsed", body: 1_000)
        let end = NanoClock.monotonic() + .seconds(20)
        while await !desk.gateway.rehearse(desk.pool, request), NanoClock.monotonic() < end { poll(nil, 0, 1) }
        for _ in 0..<100 { #expect(await desk.gateway.rehearse(desk.pool, request)) }
        #expect(desk.pool.status.idle == 2 && desk.pool.status.exchanges == 0 && peer.requests.isEmpty)
        #expect(try await desk.send("sent").word == "200 0")
        #expect(peer.requests.count == 1)
    }

    @Test(
        "P23: with no descriptor left the closing connection is opened with a spare, and nothing is entered meanwhile")
    func descriptors() async throws {
        let peer = try serving()
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        #expect(desk.until { $0.idle == 2 && !$0.isShort })
        var before = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) }
        // Nothing can be opened, whatever is closed; what is open stays.
        var none = rlimit(rlim_cur: 0, rlim_max: before.rlim_max)
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none) == 0)
        while await !desk.gateway.retire(desk.pool, 1) { poll(nil, 0, 1) }
        #expect(desk.until { $0.isShort })
        #expect(desk.pool.reserve(.entry) == nil && desk.pool.shortage.hasPrefix("E_NET_DESCRIPTORS"))
        // The one that is open carries closes.
        #expect(try await desk.send("close", .close).isAnswered)
        // This peer is in the same process and cannot take the connection; another one could.
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
        #expect(desk.until { $0.idle == 2 && !$0.isShort })
        #expect(desk.pool.status.opened == 3 && desk.pool.status.openFailed == 0)
        #expect(try await desk.send("entry").isAnswered)
    }

    @Test("entries share N connections; the one more is for closes; a ticket is good once")
    func places() async throws {
        let peer = try serving()
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port)) { $0.entries = 2 }
        defer { desk.stop() }
        #expect(desk.until { $0.idle == 3 })
        let (pool, gateway) = (desk.pool, desk.gateway)
        let first = try #require(desk.reserve(.entry))
        let second = try #require(desk.reserve(.entry))
        #expect(first.place != second.place && pool.reserve(.entry) == nil)
        let close = try #require(desk.reserve(.close))
        #expect(close.place == 2 && pool.reserve(.close) == nil && pool.status.inUse == 3)
        pool.release(first)
        pool.release(first)
        let again = try #require(desk.reserve(.entry))
        #expect(again.place == first.place && again.generation != first.generation)
        let spent = await gateway.exchange(pool, first, PoolDesk.request("spent"), timeout: .seconds(1))
        #expect(spent.word == "notSent E_NET_TICKET")
        let good = await gateway.exchange(pool, again, PoolDesk.request("good"), timeout: .seconds(1))
        #expect(good.isAnswered)
        let used = await gateway.exchange(pool, again, PoolDesk.request("used"), timeout: .seconds(1))
        #expect(used.word == "notSent E_NET_TICKET")
        pool.release(again)
        let forged = await gateway.exchange(
            pool, ConnectionTicket(place: 9, generation: 1), PoolDesk.request("forged"), timeout: .seconds(1))
        #expect(forged.word == "notSent E_NET_TICKET")
        pool.release(close)
        pool.release(second)
        #expect(peer.names == ["good"])
    }

    @Test("a deadline that has passed sends nothing and costs no connection")
    func late() async throws {
        let peer = try serving()
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        let outcome = try await desk.send("late", timeout: Nanoseconds(rawValue: -1))
        #expect(outcome.word == "notSent E_NET_TIMEOUT")
        #expect(try await desk.send("next").word == "200 0")
        #expect(peer.names == ["next"] && desk.until { $0.opened == 2 && $0.idle == 2 })
    }

    @Test("two legs in flight at once are answered each over its own connection, whatever order the answers have")
    func together() async throws {
        let (slow, fast) = (HostileGate(), HostileGate())
        let peer = try HostilePeer(folder.authority) { index in
            let gate = index == 0 ? slow : fast
            return [.secure, .hearRequest, .pass(gate), .say(HostilePeer.answer("\(index)")), .serve]
        }
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port), wait: .park) { $0.entries = 2 }
        defer { desk.stop() }
        #expect(desk.until { $0.idle == 3 })
        let (pool, gateway) = (desk.pool, desk.gateway)
        async let first = gateway.fire(pool, .entry, PoolDesk.request("a"), timeout: .seconds(5))
        async let second = gateway.fire(pool, .entry, PoolDesk.request("b"), timeout: .seconds(5))
        #expect(desk.until { $0.inUse == 2 })
        fast.open()
        #expect(desk.until { $0.inUse == 1 })
        slow.open()
        let words = await [first, second].compactMap { $0?.word }
        #expect(words.sorted() == ["200 0", "200 1"])
    }

    @Test("an outcome that comes before anybody waits for it is kept", arguments: [true, false])
    func early(isAnswered: Bool) async throws {
        let peer = try HostilePeer(folder.authority) { _ in
            isAnswered ? [.secure, .serve] : [.secure, .hearRequest, .reset]
        }
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        #expect(desk.until { $0.idle == 2 })
        let ticket = try #require(desk.reserve(.entry))
        let outcome = await desk.gateway.exchangeEarly(desk.pool, ticket, PoolDesk.request("a"))
        #expect(outcome.word == (isAnswered ? "200 0" : "lost E_NET_CLOSED"))
        #expect(peer.names == ["a"])
    }

    @Test("a cancelled task still learns what became of its request")
    func cancelled() async throws {
        let gate = HostileGate()
        let peer = try HostilePeer(folder.authority) { _ in
            [.secure, .hearRequest, .pass(gate), .say(HostilePeer.answer("x")), .serve]
        }
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        #expect(desk.until { $0.idle == 2 })
        let task = Task { await desk.gateway.fire(desk.pool, .entry, PoolDesk.request("a"), timeout: .seconds(5)) }
        #expect(desk.until { $0.inUse == 1 })
        task.cancel()
        gate.open()
        #expect(await task.value?.word == "200 x")
    }

    @Test("idle connections are exercised, unless there is no request for it")
    func exercised() async throws {
        let targets = Mutex<[String]>([])
        let server = try echo { target in targets.withLock { $0.append(target) } }
        defer { server.stop() }
        let flag = Flag()
        let desk = try PoolDesk(
            port: server.port,
            change: {
                $0.entries = 2
                $0.keepAlive = .milliseconds(40)
            }, exercise: { flag.isSet.withLock { $0 } ? Self.exercise : nil })
        defer { desk.stop() }
        #expect(desk.until { $0.exercises >= 12 })
        #expect(targets.withLock { $0.allSatisfy { $0 == "/time" } })
        let status = desk.pool.status
        #expect(status.opened == 3 && status.answered == 0 && status.exchanges == 0, "exercises are no requests")
        flag.isSet.withLock { $0 = false }
        #expect(desk.until { $0.exercisesSkipped >= 6 })
        #expect(try await desk.send("after").isAnswered)
        #expect(desk.pool.status.opened == 3)
    }

    /// Whether exercises have a token.
    private final class Flag: Sendable {
        let isSet = Mutex<Bool>(true)
    }

    @Test(
        "an exercise that is not answered, or answered with an end, retires its connection", arguments: [true, false])
    func exerciseFails(announces: Bool) async throws {
        let peer = try HostilePeer(folder.authority) { index in
            let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            return index == 0
                ? [.secure, .hearRequest] + (announces ? [.say(Array(answer.utf8))] : []) + [.hush] : [.secure, .serve]
        }
        defer { peer.stop() }
        let desk = try PoolDesk(
            port: Int(peer.port),
            change: {
                $0.keepAlive = .milliseconds(50)
                $0.exerciseTimeout = .milliseconds(100)
            }, exercise: { Self.exercise })
        defer { desk.stop() }
        #expect(desk.until { ($0.retired[announces ? .announced : .lost] ?? 0) >= 1 && $0.opened >= 3 })
        #expect(desk.pool.status.lost == 0, "an exercise is nobody's order")
        #expect(try await desk.send("first").isAnswered)
    }

    @Test("a connection is replaced before its last request, and before it is too old, without a gap")
    func replaced() async throws {
        let peer = try serving()
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port)) { $0.requestsMax = 16 }
        defer { desk.stop() }
        for index in 0..<100 { #expect(try await desk.send("\(index)").isAnswered) }
        #expect(Dictionary(grouping: peer.requests, by: \.connection).values.allSatisfy { $0.count <= 16 })
        #expect(peer.requests.count == 100 && desk.pool.status.opened >= 7)
        let old = try PoolDesk(port: Int(peer.port)) { $0.ageMax = .milliseconds(200) }
        defer { old.stop() }
        #expect(old.until { ($0.retired[.age] ?? 0) >= 6 })
        #expect(try await old.send("old").isAnswered)
    }

    @Test("a server's own limit on idle time is kept by exercising or ending first")
    func keepAliveHeader() async throws {
        let peer = try HostilePeer(folder.authority) { _ in
            let answer = "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=4\r\nContent-Length: 0\r\n\r\n"
            return [.secure]
                + [[HostilePeer.Step]](
                    repeating: [.hearRequest, .say(Array(answer.utf8))], count: 100
                ).joined()
        }
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port), exercise: { nil })
        defer { desk.stop() }
        #expect(try await desk.send("first").isAnswered)
        let start = NanoClock.monotonic()
        #expect(desk.until { ($0.retired[.idle] ?? 0) >= 1 }, "half of the four seconds that the server allows")
        #expect(NanoClock.monotonic() - start < .seconds(4))
    }

    @Test("a server that drops every connection is asked again and again, with back-off, and found when it is well")
    func recovers() async throws {
        let peer = try HostilePeer(folder.authority) { $0 < 6 ? [.reset] : [.secure, .serve] }
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        #expect(desk.until { $0.openFailed >= 2 })
        #expect(desk.pool.reserve(.entry) == nil && desk.pool.status.lastFault != nil)
        #expect(try await desk.send("first").isAnswered)
        #expect(desk.pool.status.openFailed <= 6 && peer.accepted.count <= 8)
    }

    @Test("a certificate that is not good is never spoken to")
    func certificate() throws {
        let path = folder.path + "/wrong"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let peer = try HostilePeer(try ThrowawayCA(folder: path)) { _ in [.secure, .serve] }
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        #expect(desk.until { $0.openFailed >= 3 })
        #expect(desk.pool.status.lastFault?.code == "E_TLS_CERTIFICATE" && desk.pool.status.opened == 0)
    }

    @Test("two venues' pools share a parked lane, each woken by its own sockets")
    func shared() async throws {
        let peers = [try serving(), try serving()]
        defer { for peer in peers { peer.stop() } }
        let lane = try Lane(name: "pools", wait: .park)
        let context = try TLSContext(loopbackAuthority: folder.authority.authority)
        let pools = try peers.enumerated().map { index, peer in
            var settings = WarmPoolSettings(endpoint: try Endpoint("https://localhost:\(peer.port)"), seed: 1)
            settings.firstToken = UInt64(1_000 * (index + 1))
            return WarmPool(settings, context: context, lane: lane, exercise: { nil })
        }
        let thread = Worker(name: "pools") { lane.run { pools[0].turn($0).joined(pools[1].turn($0)) } }
        let gateway = PoolDesk.Gateway(lane)
        let end = NanoClock.monotonic() + .seconds(10)
        while pools.contains(where: { $0.status.idle < 3 }), NanoClock.monotonic() < end { poll(nil, 0, 1) }
        for round in 0..<50 {
            async let first = gateway.fire(pools[0], .entry, PoolDesk.request("a\(round)"), timeout: .seconds(5))
            async let second = gateway.fire(pools[1], .entry, PoolDesk.request("b\(round)"), timeout: .seconds(5))
            let words = await [first, second].map { $0?.word }
            #expect(words == ["200 0", "200 0"])
        }
        #expect(peers[0].names == (0..<50).map { "a\($0)" } && peers[1].names == (0..<50).map { "b\($0)" })
        for pool in pools { pool.stop() }
        while pools.contains(where: { $0.status.idle > 0 }), NanoClock.monotonic() < end { poll(nil, 0, 1) }
        lane.stop()
        thread.join()
    }

    @Test("stopping loses what is in flight, says so, and hands out nothing more")
    func stopped() async throws {
        let peer = try HostilePeer(folder.authority) { _ in [.secure, .hearRequest, .hush] }
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port), wait: .park)
        #expect(desk.until { $0.idle == 2 })
        let held = try #require(desk.reserve(.close))
        async let outcome = desk.gateway.fire(desk.pool, .close, PoolDesk.request("a"), timeout: .seconds(30))
        #expect(desk.until { $0.inUse == 2 && !peer.requests.isEmpty })
        desk.pool.stop()
        #expect(await outcome?.word == "lost E_NET_CLOSED")
        #expect(desk.pool.reserve(.close) == nil)
        let late = await desk.gateway.exchange(desk.pool, held, PoolDesk.request("b"), timeout: .seconds(1))
        #expect(late.word == "notSent E_NET_CLOSED")
        desk.stop()
        #expect(peer.names == ["a"])
    }
}
