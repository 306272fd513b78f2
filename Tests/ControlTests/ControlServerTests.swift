import Foundation
import Synchronization
import TestKit
import Testing
import Threading
import Trading

@testable import Control

@Suite("ControlServer", .serialized)
struct ControlServerTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private var folder: String { place.url.path }

    private func serve(
        patience: Nanoseconds = .seconds(2), replyMax: Nanoseconds = .seconds(30),
        _ handler: @escaping ControlServer.Handler = { request, peer, responder in
            responder.send(.done("\(request.command) by \(peer.process)", detail: "{\"n\":1}"))
        }
    ) throws -> ControlServer {
        try ControlServer(folder: folder, patience: patience, replyMax: replyMax, handler: handler)
    }

    private func ask(_ request: ControlRequest, seconds: Int64 = 10) throws -> ControlReply {
        try ControlClient.ask(folder: folder, request, timeout: .seconds(seconds))
    }

    @Test("a request is answered with words and an object; the socket is its owner's alone")
    func answers() throws {
        let server = try serve { request, peer, responder in
            #expect(peer.user == geteuid() && peer.process == getpid())
            responder.send(.done("\(request.command) \(request["pair"] ?? "-")", detail: "{\"n\":[1,\"é\"]}"))
            responder.send(.done("a second answer goes nowhere"))
        }
        defer { server.finish() }
        let reply = try ask(ControlRequest("resume", ["pair": "fed\n\"", "reason": "x"]))
        #expect(reply.isDone && reply.text == "resume fed\n\"" && reply.detail == "{\"n\":[1,\"é\"]}")
        let mode = try FileManager.default.attributesOfItem(atPath: folder + "/control.sock")[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("several clients are served while one waits for its answer from another thread")
    func concurrent() throws {
        let held = Mutex<[ControlServer.Responder]>([])
        let server = try serve { request, _, responder in
            if request.command == "slow" {
                held.withLock { $0.append(responder) }
            } else {
                responder.send(.done("quick"))
            }
        }
        defer { server.finish() }
        let answers = Mutex<[String]>([])
        let folder = folder
        let slow = Worker(name: "slow") {
            let reply = try? ControlClient.ask(folder: folder, ControlRequest("slow"), timeout: .seconds(20))
            answers.withLock { $0.append(reply?.text ?? "none") }
        }
        for _ in 0..<20 { #expect(try ask(ControlRequest("quick")).text == "quick") }
        let deadline = NanoClock.monotonic() + .seconds(10)
        while held.withLock({ $0.isEmpty }), NanoClock.monotonic() < deadline { sched_yield() }
        #expect(answers.withLock { $0.isEmpty })
        held.withLock { $0 }.first?.send(.refused("E_X", "later", exitCode: 3))
        slow.join()
        #expect(answers.withLock { $0 } == ["later"])
    }

    @Test("nonsense, endless lines and silence are refused and stop nobody")
    func hostile() throws {
        let server = try serve(patience: .milliseconds(300))
        defer { server.finish() }
        func talk(_ bytes: [UInt8]) throws -> String {
            let socket = try UnixSocket.connect(folder: folder, name: "control.sock", timeout: .seconds(5))
            defer { close(socket) }
            var sent = 0
            while sent < bytes.count {
                let count = send(socket, Array(bytes[sent...]), bytes.count - sent, Int32(MSG_NOSIGNAL))
                if count <= 0 { break }
                sent += count
            }
            var answer = [UInt8](repeating: 0, count: 4_096)
            let count = read(socket, &answer, answer.count)
            return String(decoding: answer.prefix(max(0, count)), as: UTF8.self)
        }
        for line in [
            "hello\n", "{}\n", "{\"schema\":\"arb.control/1\"}\n", "\n",
            "{\"schema\":\"arb.control/1\",\"command\":\"x\",\"arguments\":{\"a\":1}}\n", "\u{0}\n",
        ] {
            #expect(try talk(Array(line.utf8)).contains("E_CTL_MALFORMED"), "\(line)")
        }
        #expect(try talk([UInt8](repeating: 0x41, count: 1 << 20)).isEmpty)
        #expect(try talk([]).isEmpty)  // dropped after its patience
        #expect(try ask(ControlRequest("still")).isDone)
    }

    @Test("who is not answered in time is told that nobody knows; so is who waits when the daemon ends")
    func late() throws {
        let server = try serve(replyMax: .milliseconds(200)) { _, _, _ in }
        let reply = try ask(ControlRequest("never"))
        #expect(!reply.isDone && reply.code == "E_CTL_TIMEOUT" && reply.exitCode == 69)
        server.finish()
        let fault = #expect(throws: ControlFault.self) { try ask(ControlRequest("gone")) }
        #expect(fault?.kind == .unavailable)
    }

    @Test("more clients than there is room for are told so")
    func crowded() throws {
        let server = try serve(patience: .seconds(20))
        defer { server.finish() }
        var sockets: [Int32] = []
        defer { for socket in sockets { close(socket) } }
        for _ in 0..<16 {
            sockets.append(try UnixSocket.connect(folder: folder, name: "control.sock", timeout: .seconds(5)))
        }
        let deadline = NanoClock.monotonic() + .seconds(10)
        var refusal = ""
        while refusal.isEmpty, NanoClock.monotonic() < deadline {
            do {
                let reply = try ask(ControlRequest("one"))
                if !reply.isDone { refusal = reply.code }
            } catch let fault as ControlFault {
                refusal = fault.code
            }
        }
        #expect(refusal == "E_CTL_UNAVAILABLE")
    }

    @Test("S19: a folder that others may write, or a link, is refused with exit 77's code")
    func folders() throws {
        #expect(chmod(folder, 0o777) == 0)
        let open = #expect(throws: ControlFault.self) { try serve() }
        #expect(open?.kind == .permissions && open?.text.contains("chmod 700") == true)
        #expect(chmod(folder, 0o700) == 0)
        let link = place.path("link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder)
        #expect(open?.code == "E_CTL_MODE")
        let linked = #expect(throws: ControlFault.self) { try ControlFolder.check(link) }
        #expect(linked?.kind == .permissions)
        let missing = #expect(throws: ControlFault.self) { try ControlFolder.check(folder + "/none") }
        #expect(missing?.code == "E_CTL_IO")
    }

    @Test("a path of any length is no obstacle")
    func longPath() throws {
        let long = place.path(String(repeating: "d", count: 120))
        try FileManager.default.createDirectory(atPath: long, withIntermediateDirectories: true)
        chmod(long, 0o700)
        let server = try ControlServer(folder: long) { request, _, responder in responder.send(.done(request.command)) }
        defer { server.finish() }
        #expect(try ControlClient.ask(folder: long, ControlRequest("far"), timeout: .seconds(5)).text == "far")
    }
}
