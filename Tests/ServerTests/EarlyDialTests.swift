import Foundation
import Server
import Simulators
import Testing
import Threading
import Trading

@testable import Transport

@Suite("A connection opened before it is needed")
struct EarlyDialTests {
    private let folder: String
    private let authority: ThrowawayCA

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "arb-dial-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        authority = try ThrowawayCA(folder: folder)
    }

    private func server() throws -> WebServer {
        let handlers = WebServer.Handlers(
            request: { _ in WebServer.Response(status: 404, body: []) },
            text: { server, id, text in server.send(id, text) })
        return try WebServer(certificate: authority.certificate, key: authority.key, handlers: handlers)
    }

    private func echo(_ link: WebSocketLink, _ word: String) throws -> Bool {
        try link.send(Array(word.utf8))
        let until = NanoClock.monotonic() + .seconds(20)
        while NanoClock.monotonic() < until {
            if case .message(let bytes)? = try link.next(now: NanoClock.monotonic()) {
                return bytes.elementsEqual(word.utf8)
            }
        }
        return false
    }

    @Test("the first link takes it; the next one opens its own")
    func once() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try server()
        defer { server.stop() }
        let context = try TLSContext(loopbackAuthority: authority.authority)
        let url = "wss://localhost:\(server.port)/echo"
        let early = EarlyDial(url: url, context: context)
        let until = NanoClock.monotonic() + .seconds(20)
        let first = try WebSocketLink(url: url, context: context, deadline: until, seed: 1, early: early)
        #expect(early.take(for: try Endpoint(url)) == nil)
        let second = try WebSocketLink(url: url, context: context, deadline: until, seed: 2, early: early)
        #expect(first.descriptor != second.descriptor)
        #expect(try echo(first, "one") && echo(second, "two"))
        early.close()
        #expect(try echo(first, "still open"))
    }

    @Test("it serves no other host or port, and closes what nobody took")
    func unused() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try server()
        defer { server.stop() }
        let context = try TLSContext(loopbackAuthority: authority.authority)
        let early = EarlyDial(url: "wss://localhost:\(server.port)/", context: context)
        #expect(early.take(for: try Endpoint("wss://127.0.0.1:\(server.port)/")) == nil)
        #expect(early.take(for: try Endpoint("wss://localhost:\(server.port + 1)/")) == nil)
        early.close()
        early.close()
        #expect(early.take(for: try Endpoint("wss://localhost:\(server.port)/")) == nil)
    }

    @Test("where it did not come up, the link tells why it cannot either")
    func refused() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try server()
        let url = "wss://localhost:\(server.port)/"
        server.stop()
        let context = try TLSContext(loopbackAuthority: authority.authority)
        let fault = #expect(throws: TransportFault.self) {
            try WebSocketLink(
                url: url, context: context, deadline: NanoClock.monotonic() + .seconds(20), seed: 1,
                early: EarlyDial(url: url, context: context))
        }
        #expect(fault?.kind == .connect)
    }

    @Test("a peer of another authority is refused early and late")
    func stranger() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let server = try server()
        defer { server.stop() }
        let url = "wss://localhost:\(server.port)/"
        let context = try TLSContext()
        let early = EarlyDial(url: url, context: context)
        #expect(early.take(for: try Endpoint(url)) == nil)
        #expect(throws: TransportFault.self) {
            try WebSocketLink(url: url, context: context, deadline: NanoClock.monotonic() + .seconds(20), seed: 1)
        }
    }
}
