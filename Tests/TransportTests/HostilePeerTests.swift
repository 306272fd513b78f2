import Foundation
import Simulators
import Testing
import Threading
import Trading

@testable import Transport

/// A folder with a throwaway authority, gone with the process.
final class ThrowawayFolder: Sendable {
    /// One for all tests: making the keys takes longer than any of them.
    private static let shared = Result { try ThrowawayFolder() }
    static func get() throws -> ThrowawayFolder { try shared.get() }

    let path: String
    let authority: ThrowawayCA

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "arb-hostile-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        authority = try ThrowawayCA(folder: path)
        atexit { try? FileManager.default.removeItem(atPath: (try? ThrowawayFolder.get())?.path ?? "") }
    }

}

/// Our WebSocket client against a server that breaks every rule: the right fault, in time, in bounded memory.
@Suite("A hostile WebSocket server", .serialized)
struct HostileWebSocketTests {
    private let folder: ThrowawayFolder
    private let context: TLSContext

    init() throws {
        folder = try ThrowawayFolder.get()
        context = try TLSContext(loopbackAuthority: folder.authority.authority)
    }

    /// The code that each behaviour must end with; nil: the link must live on.
    private static func code(_ behaviour: HostileBehaviour) -> String? {
        switch behaviour {
        case .maskedFrame, .reservedBits, .reservedOpcode, .reservedControlOpcode, .lengthNotShortest,
            .longLengthNotShortest, .continuationOfNothing, .messageInMessage, .fragmentedPing, .oversizedPing,
            .closeWithBadCode, .closeWithOneByte, .closeWithBadReason:
            "E_WS_PROTOCOL"
        case .hugeLength, .endlessFragments, .endlessLargeFragments: "E_WS_TOO_LARGE"
        case .textNotUTF8, .halfCharacter: "E_WS_UTF8"
        case .halfFrameThenSilence, .trickledFrame: "E_WS_SILENT"
        case .resetInFrame, .endInFrame, .endWithoutCloseFrame, .resetAfterTLS: "E_NET_CLOSED"
        case .floodOfPings: "E_WS_BACKLOG"
        case .pongsOnly: nil
        case .wrongAccept, .missingUpgrade, .missingConnection, .oldVersion, .endlessHeaders, .endlessHeaderLine,
            .uninvitedExtension, .uninvitedSubprotocol, .halfHead:
            "E_WS_HANDSHAKE"
        case .page, .endlessPage, .refusal, .negativeLength: "E_WS_REFUSED"
        case .trickledHead, .silenceAfterAccept, .silenceAfterTLS: "E_NET_TIMEOUT"
        case .noTLS: "E_TLS_PROTOCOL"
        case .resetAfterAccept: "E_NET_CLOSED"
        }
    }

    private struct Outcome {
        var fault: TransportFault?
        var bytesHeld = 0
        var messages = 0
        var openedAfter: Nanoseconds?
        var endedAfter = Nanoseconds.zero
    }

    /// Opens a link and polls it as the hot lane does, until it ends or 3 seconds have passed.
    private func run(_ behaviour: HostileBehaviour) throws -> Outcome {
        let peer = try HostilePeer(folder.authority) { _ in behaviour.steps }
        defer { peer.stop() }
        var outcome = Outcome()
        let start = NanoClock.monotonic()
        do throws(TransportFault) {
            let link = try WebSocketLink(
                url: "wss://127.0.0.1:\(peer.port)/", context: context, deadline: start + .milliseconds(700), seed: 1,
                pingInterval: .milliseconds(100), silenceMax: .milliseconds(500))
            outcome.openedAfter = NanoClock.monotonic() - start
            while NanoClock.monotonic() - start < .seconds(3) {
                var entry = pollfd(fd: link.descriptor, events: Int16(POLLIN), revents: 0)
                poll(&entry, 1, 10)
                var taken = 0
                while taken < 256, let event = try link.next(now: NanoClock.monotonic()) {
                    taken += 1
                    outcome.bytesHeld = max(outcome.bytesHeld, link.bytesHeld)
                    if case .message = event { outcome.messages += 1 }
                }
                outcome.bytesHeld = max(outcome.bytesHeld, link.bytesHeld)
                if link.deadline <= NanoClock.monotonic() { try link.beat(now: NanoClock.monotonic()) }
            }
        } catch { outcome.fault = error }
        outcome.endedAfter = NanoClock.monotonic() - start
        return outcome
    }

    @Test("ends with its code, in time and in bounded memory", arguments: HostileBehaviour.allCases)
    func ends(behaviour: HostileBehaviour) throws {
        let outcome = try run(behaviour)
        let expected = Self.code(behaviour)
        // A reset right after the accept may reach us before our own connect has returned, or after it.
        let mayBeRefused = behaviour == .resetAfterAccept && outcome.fault?.code == "E_NET_CONNECT"
        #expect(outcome.fault?.code == expected || mayBeRefused, "\(outcome.fault?.text ?? "no fault")")
        #expect(outcome.bytesHeld < 8 << 20)
        if expected == nil {
            #expect(outcome.endedAfter >= .seconds(3) && outcome.messages == 0)
        } else {
            #expect(outcome.endedAfter < .seconds(4))
        }
        if outcome.openedAfter == nil { #expect(outcome.endedAfter < .seconds(3), "the deadline is 700 ms") }
    }

    @Test("a refusal carries its status and what it says, also where it has no end")
    func refusals() throws {
        let page = try run(.page).fault
        #expect(page?.status == 200 && String(decoding: page?.body ?? [], as: UTF8.self).contains("Just a moment"))
        let endless = try run(.endlessPage).fault
        #expect(
            endless?.status == 200 && String(decoding: endless?.body ?? [], as: UTF8.self).contains("Just a moment"))
        #expect(try run(.refusal).fault?.status == 401)
    }

    @Test("what a server does behind a proper upgrade is what ends the link: a proper server does not")
    func proper() throws {
        let peer = try HostilePeer(folder.authority) { _ in
            HostileBehaviour.upgraded + [.say([0x81, 0x02, 0x68, 0x69]), .pong]
        }
        defer { peer.stop() }
        let now = NanoClock.monotonic()
        let link = try WebSocketLink(
            url: "wss://localhost:\(peer.port)/", context: context, deadline: now + .seconds(5), seed: 1)
        var text: String?
        while text == nil, NanoClock.monotonic() - now < .seconds(5) {
            if case .message(let bytes)? = try link.next(now: NanoClock.monotonic()) {
                text = String(decoding: bytes, as: UTF8.self)
            }
        }
        #expect(text == "hi" && peer.accepted.count == 1)
    }
}

/// Our HTTP client against a server that breaks every rule.
@Suite("A hostile HTTP server", .serialized)
struct HostileHTTPTests {
    private let folder: ThrowawayFolder

    init() throws { folder = try ThrowawayFolder.get() }

    private func run(_ steps: [HostilePeer.Step], timeout: Nanoseconds = .milliseconds(700)) async throws
        -> (result: Result<HTTPResponse, TransportFault>, after: Nanoseconds, accepted: Int, said: Int)
    {
        let peer = try HostilePeer(folder.authority) { _ in steps }
        let client = HTTPClient(userAgent: "arb/test", loopbackAuthority: folder.authority.authority)
        let start = NanoClock.monotonic()
        let request = HTTPRequest("https://127.0.0.1:\(peer.port)/markets", timeout: timeout)
        // The time of the answer itself: when this test goes on is up to how busy the machine is.
        let (result, end) = await withCheckedContinuation { continuation in
            client.send(request) { continuation.resume(returning: ($0, NanoClock.monotonic())) }
        }
        let after = end - start
        client.close()
        peer.stop()
        return (result, after, peer.accepted.count, peer.bytesSaid)
    }

    private static let ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    private static func steps(_ answer: String, _ more: HostilePeer.Step...) -> [HostilePeer.Step] {
        [.secure, .hear, .answer(answer)] + more
    }

    private static let faults: [(name: String, steps: [HostilePeer.Step], code: String)] = [
        ("a body without end", steps(ok + "\r\n", .flood([UInt8](repeating: 0x20, count: 16_384))), "E_NET_TOO_LARGE"),
        ("a length over the limit", steps(ok + "Content-Length: 99999999999\r\n\r\n", .hush), "E_NET_TOO_LARGE"),
        (
            "chunks without end",
            steps(
                ok + "Transfer-Encoding: chunked\r\n\r\n",
                .flood(Array("400\r\n".utf8) + [UInt8](repeating: 0x20, count: 1_024) + Array("\r\n".utf8))),
            "E_NET_TOO_LARGE"
        ),
        (
            "headers without end", steps(ok, .flood(Array(String(repeating: "X-More: yes\r\n", count: 100).utf8))),
            "E_NET_TOO_LARGE"
        ),
        (
            "a header line without end", steps(ok + "X-More: ", .flood([UInt8](repeating: 0x78, count: 1_024))),
            "E_NET_TOO_LARGE"
        ),
        (
            "interim answers without end",
            [.secure, .hear, .flood(Array("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n".utf8))], "E_NET_TOO_LARGE"
        ),
        (
            "a trickled body",
            steps(
                ok + "Content-Length: 4000\r\n\r\n", .trickle([UInt8](repeating: 0x20, count: 4_000), .milliseconds(20))
            ), "E_NET_TIMEOUT"
        ),
        (
            "a trickled head",
            [
                .secure, .hear,
                .trickle(Array((ok + String(repeating: "X: y\r\n", count: 400)).utf8), .milliseconds(20)),
            ], "E_NET_TIMEOUT"
        ),
        ("silence after TLS", [.secure, .hush], "E_NET_TIMEOUT"),
        ("silence after TCP", [.hush], "E_NET_TIMEOUT"),
        ("half a body, then the end", steps(ok + "Content-Length: 100\r\n\r\n[1,2", .sayEnd), "E_NET_CLOSED"),
        (
            "half a body, then the end without TLS's end", steps(ok + "Content-Length: 100\r\n\r\n[1,2", .end),
            "E_NET_CLOSED"
        ),
        ("half a body, then a reset", steps(ok + "Content-Length: 100\r\n\r\n[1,2", .reset), "E_NET_CLOSED"),
        (
            "half a chunk, then the end", steps(ok + "Transfer-Encoding: chunked\r\n\r\n64\r\n[1,2", .end),
            "E_NET_CLOSED"
        ),
        ("a chunk length that is none", steps(ok + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", .hush), "E_NET_CLOSED"),
        ("a length that is none", steps(ok + "Content-Length: -5\r\n\r\n[]", .hush), "E_NET_CLOSED"),
        ("two lengths", steps(ok + "Content-Length: 2\r\nContent-Length: 5\r\n\r\n[]", .hush), "E_NET_TIMEOUT"),
        ("bytes that are no HTTP", steps("hello\r\n\r\n", .hush), "E_NET_CLOSED"),
        ("no TLS", [.plain(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)), .hush], "E_TLS_PROTOCOL"),
        ("a reset after TLS", [.secure, .reset], "E_NET_CLOSED"),
        (
            "a body that is not gzip but says so",
            steps(ok + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]", .hush), "E_NET_CLOSED"
        ),
    ]

    @Test("ends with its code, in time", arguments: faults.indices)
    func ends(index: Int) async throws {
        let (name, steps, code) = Self.faults[index]
        let outcome = try await run(steps)
        guard case .failure(let fault) = outcome.result else {
            Issue.record("\(name): an answer \(outcome.result)")
            return
        }
        #expect(fault.code == code, "\(name): \(fault.text)")
        #expect(outcome.after < .seconds(4), "\(name): the deadline is 700 ms")
        #expect(outcome.said < 64 << 20, "\(name)")
    }

    @Test("a page with status 200 is handed on as what it is: never as JSON")
    func page() async throws {
        let html = "<html>maintenance</html>"
        let outcome = try await run(
            Self.steps(
                "HTTP/1.1 200 OK\r\nContent-Type: text/HTML\r\nContent-Length: \(html.utf8.count)\r\n\r\n\(html)", .hush
            ))
        let response = try outcome.result.get()
        #expect(response.status == 200 && response.contentType == "text/html" && response.body == Array(html.utf8))
    }

    @Test("a redirect is not followed, however it goes round")
    func redirect() async throws {
        let outcome = try await run(
            Self.steps("HTTP/1.1 302 Found\r\nLocation: /markets\r\nContent-Length: 0\r\n\r\n", .hush))
        #expect(try outcome.result.get().status == 302)
        #expect(outcome.accepted == 1)
    }

    @Test("bytes behind the body are nobody's")
    func longer() async throws {
        let outcome = try await run(
            Self.steps(Self.ok + "Content-Length: 2\r\n\r\n[]HTTP/1.1 200 OK\r\n\r\nfalse", .hush))
        #expect(try outcome.result.get().body == Array("[]".utf8))
    }

    @Test("a small body that inflates to more than the limit is refused")
    func bomb() async throws {
        // A stored gzip header, then deflate blocks of one repeated byte: made with `gzip` from 16 MiB of zeros.
        let bomb = try #require(Gzip.zeros(16 << 20))
        let head = Array((Self.ok + "Content-Encoding: gzip\r\nContent-Length: \(bomb.count)\r\n\r\n").utf8)
        let outcome = try await run([.secure, .hear, .say(head + bomb), .hush], timeout: .seconds(5))
        guard case .failure(let fault) = outcome.result else {
            Issue.record("an answer")
            return
        }
        #expect(fault.code == "E_NET_TOO_LARGE")
    }
}

private enum Gzip {
    /// What the system's `gzip` makes of that many zero bytes.
    static func zeros(_ count: Int) -> [UInt8]? {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "head -c \(count) /dev/zero | gzip -c"]
        let output = Pipe()
        process.standardOutput = output
        guard (try? process.run()) != nil else { return nil }
        let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        return bytes.isEmpty ? nil : bytes
    }
}
