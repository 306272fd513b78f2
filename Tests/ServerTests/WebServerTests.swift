import Foundation
import Server
import Simulators
import Synchronization
import Testing
import Threading
import Trading
import Transport

@Suite("WebServer with our own clients, over TLS")
struct WebServerTests {
    private let folder: String
    private let authority: ThrowawayCA

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "arb-server-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        authority = try ThrowawayCA(folder: folder)
    }

    private func server(_ handlers: WebServer.Handlers) throws -> WebServer {
        try WebServer(certificate: authority.certificate, key: authority.key, handlers: handlers)
    }

    private static let echo = WebServer.Handlers(
        request: { request in
            WebServer.Response(body: Array("{\"target\":\"\(request.target)\",\"bytes\":\(request.body.count)}".utf8))
        },
        upgrade: { target, headers in
            guard target == "/refused" else { return nil }
            return WebServer.Response(status: 401, body: Array("{\"error\":{\"code\":\"authentication_error\"}}".utf8))
        }, text: { server, id, text in server.send(id, text) })

    private func deadline(_ seconds: Int64 = 5) -> MonotonicNanos { NanoClock.monotonic() + .seconds(seconds) }

    /// The next message within five seconds.
    private func message(_ link: WebSocketLink) throws -> String? {
        let until = deadline()
        while NanoClock.monotonic() < until {
            if case .message(let bytes)? = try link.next(now: NanoClock.monotonic()) {
                return String(decoding: bytes, as: UTF8.self)
            }
        }
        return nil
    }

    @Test("texts of every length come back as they were sent")
    func echoes() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try server(Self.echo)
        defer { server.stop() }
        let context = try TLSContext(loopbackAuthority: authority.authority)
        let link = try WebSocketLink(
            url: "wss://localhost:\(server.port)/echo", context: context, deadline: deadline(), seed: 1)
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 300_000] {
            let text = String(repeating: "ä", count: length / 2) + String(repeating: "x", count: length % 2)
            try link.send(Array(text.utf8))
            #expect(try message(link) == text)
        }
        link.close()
    }

    @Test("a refused upgrade surfaces its status and body")
    func refusal() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try server(Self.echo)
        defer { server.stop() }
        let context = try TLSContext(loopbackAuthority: authority.authority)
        let fault = #expect(throws: TransportFault.self) {
            try WebSocketLink(
                url: "wss://127.0.0.1:\(server.port)/refused", context: context, deadline: deadline(), seed: 1)
        }
        #expect(fault?.code == "E_WS_REFUSED")
        #expect(fault?.status == 401)
        let body = String(decoding: fault?.body ?? [], as: UTF8.self)
        #expect(body.contains("authentication_error"))
    }

    @Test("requests keep their path, query and body")
    func requests() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try server(Self.echo)
        let client = HTTPClient(userAgent: "arb/test", loopbackAuthority: authority.authority)
        let base = "https://127.0.0.1:\(server.port)"
        let got = try await client.response(to: HTTPRequest(base + "/a/b?x=1&y=2")).get()
        #expect(got.status == 200)
        #expect(got.contentType == "application/json")
        #expect(String(decoding: got.body, as: UTF8.self) == #"{"target":"/a/b?x=1&y=2","bytes":0}"#)
        let body = [UInt8](repeating: 0x78, count: 200_000)
        let posted = try await client.response(to: HTTPRequest(base + "/books", method: "POST", body: body)).get()
        #expect(String(decoding: posted.body, as: UTF8.self) == #"{"target":"/books","bytes":200000}"#)
        client.close()
        server.stop()
    }

    @Test("every method may carry a body, and the headers of our venues' clients are handed on")
    func methods() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try server(
            WebServer.Handlers(request: { request in
                let names = ["content-type", "kalshi-access-key", "poly_address", "user-agent"]
                let fields = names.map { "\($0)=\(request.headers[$0] ?? "")" }.joined(separator: "&")
                return WebServer.Response(body: Array("\(request.method) \(request.body.count) \(fields)".utf8))
            }))
        defer { server.stop() }
        let client = HTTPClient(userAgent: "arb/test", loopbackAuthority: authority.authority)
        defer { client.close() }
        let url = "https://127.0.0.1:\(server.port)/x"
        let fields = [("Content-Type", "application/json"), ("KALSHI-ACCESS-KEY", "k"), ("POLY_ADDRESS", "0x1")]
        for (method, count) in [("GET", 0), ("POST", 5), ("POST", 0), ("PUT", 7), ("DELETE", 0), ("DELETE", 9)] {
            let body = [UInt8](repeating: 0x61, count: count)
            let answer = try await client.response(
                to: HTTPRequest(url, method: method, headers: fields, body: body)
            ).get()
            let expected =
                "\(method) \(count) content-type=application/json&kalshi-access-key=k&poly_address=0x1&user-agent=arb/test"
            #expect(String(decoding: answer.body, as: UTF8.self) == expected)
        }
    }

    @Test("an answer may be held back, cut, withheld, or come with the end of its connection")
    func fates() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try server(
            WebServer.Handlers(request: { request in
                var answer = WebServer.Response(body: Array("0123456789".utf8))
                answer.headers = [("Retry-After", "3")]
                switch request.target {
                case "/late": answer.delay = .milliseconds(200)
                case "/close": answer.fate = .close
                case "/cut": answer.fate = .cut
                case "/end": answer.fate = .end
                case "/reset": answer.fate = .reset
                case "/silent": answer.fate = .silent
                case "/idle": answer.closesAfter = .milliseconds(20)
                default: break
                }
                return answer
            }))
        defer { server.stop() }
        let client = HTTPClient(userAgent: "arb/test", loopbackAuthority: authority.authority)
        defer { client.close() }
        func get(_ path: String) async -> Result<HTTPResponse, TransportFault> {
            await client.response(to: HTTPRequest("https://127.0.0.1:\(server.port)\(path)", timeout: .seconds(1)))
        }
        let start = NanoClock.monotonic()
        #expect(try await get("/late").get().body.count == 10)
        #expect(NanoClock.monotonic() - start >= .milliseconds(200))
        for path in ["/close", "/", "/idle"] { #expect(try await get(path).get().body.count == 10, "\(path)") }
        for path in ["/cut", "/end", "/reset", "/silent"] {
            let answer = await get(path)
            #expect(throws: TransportFault.self, "\(path)") { try answer.get() }
            #expect(try await get("/").get().status == 200, "after \(path)")
        }
    }

    @Test("a write that is lost on a kept connection leaves once; a read may leave again")
    func writesOnce() async throws {
        let seen = Mutex<[String: Int]>([:])
        let server = try server(
            WebServer.Handlers(request: { request in
                let count = seen.withLock { seen in
                    seen[request.method, default: 0] += 1
                    return seen[request.method] ?? 0
                }
                var answer = WebServer.Response(body: Array("{}".utf8))
                if request.target != "/ok", count == 1 { answer.fate = .reset }
                return answer
            }))
        defer { server.stop() }
        let client = HTTPClient(userAgent: "test", loopbackAuthority: authority.authority)
        defer { client.close() }
        for method in ["POST", "PUT", "DELETE"] {
            _ = await client.response(to: HTTPRequest("https://127.0.0.1:\(server.port)/ok"))
            let request = HTTPRequest("https://127.0.0.1:\(server.port)/write", method: method, body: Array("{}".utf8))
            guard case .failure = await client.response(to: request) else {
                Issue.record("\(method): an answer to a request that was reset")
                continue
            }
            #expect(seen.withLock { $0[method] } == 1, "\(method) left more than once")
        }
    }

    @Test("an answer that was left for later is given by a job, and only once")
    func later() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let asked = Mutex<UInt64?>(nil)
        let server = try server(
            WebServer.Handlers(request: { request in
                asked.withLock { $0 = request.id }
                return .later
            }))
        defer { server.stop() }
        let client = HTTPClient(userAgent: "arb/test", loopbackAuthority: authority.authority)
        defer { client.close() }
        let url = "https://127.0.0.1:\(server.port)/"
        let got = try await withCheckedThrowingContinuation { continuation in
            client.send(HTTPRequest(url)) { continuation.resume(with: $0) }
            server.post { server in
                // The request may come after this job: it comes back until it is there.
                @Sendable func answer(_ server: WebServer) {
                    guard let request = asked.withLock({ $0 }) else {
                        _ = server.post(answer)
                        return
                    }
                    server.respond(request, WebServer.Response(status: 201, body: Array("first".utf8)))
                    server.respond(request, WebServer.Response(status: 202, body: Array("second".utf8)))
                }
                answer(server)
            }
        }
        #expect(got.status == 201 && got.body == Array("first".utf8))
    }

    @Test(
        "bad certificates are refused by both clients, each for what is wrong with it",
        arguments: ThrowawayCA.Flaw.allCases)
    func certificates(flaw: ThrowawayCA.Flaw) async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bad = folder + "/" + flaw.rawValue
        try FileManager.default.createDirectory(atPath: bad, withIntermediateDirectories: true)
        let files = try ThrowawayCA(folder: bad, flaw: flaw)
        // A server that will not even start with a key this weak has refused it first.
        guard let server = try? WebServer(certificate: files.certificate, key: files.key, handlers: Self.echo) else {
            #expect(flaw == .weakKey)
            return
        }
        defer { server.stop() }
        let context = try TLSContext(loopbackAuthority: files.authority)
        let client = HTTPClient(userAgent: "arb/test", loopbackAuthority: files.authority)
        defer { client.close() }
        let answer = await client.response(to: HTTPRequest("https://localhost:\(server.port)/"))
        if flaw == .none || flaw == .noAlternativeName {
            #expect((try? answer.get()) != nil)
        } else {
            #expect(throws: TransportFault.self) { try answer.get() }
            #expect(throws: TransportFault.self) {
                try WebSocketLink(
                    url: "wss://localhost:\(server.port)/", context: context, deadline: deadline(), seed: 1)
            }
        }
    }

    @Test("what cannot be reached, resolved, read or trusted has its own code")
    func codes() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let context = try TLSContext(loopbackAuthority: authority.authority)
        func link(_ url: String) -> String? {
            do throws(TransportFault) {
                _ = try WebSocketLink(url: url, context: context, deadline: deadline(), seed: 1)
                return nil
            } catch { return error.code }
        }
        #expect(link("ws://localhost/") == "E_NET_URL")
        #expect(link("wss://nobody.invalid/") == "E_NET_RESOLVE")
        #expect(link("wss://127.0.0.1:9/") == "E_NET_CONNECT")
        #expect(
            #expect(throws: TransportFault.self) { try TLSContext(loopbackAuthority: "/dev/null") }?.code
                == "E_TLS_CA_FILE")
        #expect(
            #expect(throws: WebServer.Fault.self) {
                try WebServer(certificate: "/dev/null", key: "/dev/null", handlers: Self.echo)
            }?.code == "E_NET_LISTEN")
        let late = folder + "/late"
        try FileManager.default.createDirectory(atPath: late, withIntermediateDirectories: true)
        let expired = try ThrowawayCA(folder: late, flaw: .expired)
        let server = try WebServer(certificate: expired.certificate, key: expired.key, handlers: Self.echo)
        defer { server.stop() }
        let client = HTTPClient(userAgent: "arb/test", loopbackAuthority: expired.authority)
        defer { client.close() }
        let answer = await client.response(to: HTTPRequest("https://localhost:\(server.port)/"))
        #expect(#expect(throws: TransportFault.self) { try answer.get() }?.code == "E_TLS_CERTIFICATE")
        let trusting = try TLSContext(loopbackAuthority: expired.authority)
        let refused = #expect(throws: TransportFault.self) {
            try WebSocketLink(url: "wss://localhost:\(server.port)/", context: trusting, deadline: deadline(), seed: 1)
        }
        #expect(refused?.code == "E_TLS_CERTIFICATE")
    }

    @Test("a host that is not loopback gets no extra authority, and a private address is refused")
    func guards() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(throws: TransportFault.self) { try Endpoint("http://localhost/") }
        #expect(throws: TransportFault.self) { try Endpoint("wss://user@localhost/") }
        #expect(throws: TransportFault.self) { try Endpoint("wss://exämple.com/") }
        #expect(try Endpoint("wss://[::1]:8443/x").isLoopback)
        #expect(try !Endpoint("wss://127.0.0.1.example.com/").isLoopback)
        let context = try TLSContext()
        let fault = #expect(throws: TransportFault.self) {
            try WebSocketLink(url: "wss://10.1.2.3/", context: context, deadline: deadline(), seed: 1)
        }
        #expect(fault?.code == "E_NET_FORBIDDEN")
    }
}
