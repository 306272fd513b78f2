import Foundation
import Simulators
import Testing
import Threading
import Trading

@testable import Transport

/// N19 and its relatives: what the sender says of a request must be what the server knows of it, and a connection on which
/// anything was odd never carries another one.
@Suite("WarmPool against a hostile server", .serialized)
struct WarmHostileTests {
    private let folder: ThrowawayFolder

    init() throws { folder = try ThrowawayFolder.get() }

    /// The pool opens its entry connection first: that one follows the script, all others are proper.
    private func peer(_ steps: [HostilePeer.Step]) throws -> HostilePeer {
        try HostilePeer(folder.authority) { $0 == 0 ? [.secure] + steps : [.secure, .serve] }
    }

    /// No request that the server read whole was said not to have been sent, and none was read twice.
    private func compare(_ outcomes: [(name: String, outcome: WireOutcome)], _ peer: HostilePeer) {
        let names = peer.names
        for (name, outcome) in outcomes {
            let count = names.count { $0 == name }
            #expect(count <= 1, "\(name) was read \(count) times")
            if outcome.isNotSent { #expect(count == 0, "\(name): \(outcome.word), but the server read it") }
            if outcome.isAnswered { #expect(count == 1, "\(name): \(outcome.word), but the server did not read it") }
        }
    }

    private static func code(_ answer: HostileAnswer) -> String {
        switch answer {
        case .nothing, .endlessDrip: "lost E_NET_TIMEOUT"
        case .hugeHeaders, .endlessChunks, .hugeLength, .endlessInterim: "lost E_NET_TOO_LARGE"
        case .twoLengths, .lengthBesideChunks, .foldedField, .bareLineFeed, .badChunk, .noLength, .noHTTP, .upgrade:
            "lost E_NET_ANSWER"
        case .garbageTLS: "lost E_TLS_PROTOCOL"
        case .noContent: "204 "
        default: "200 x"
        }
    }

    @Test(
        "every answer has its outcome; only a flawless one lets the connection go on", arguments: HostileAnswer.allCases
    )
    func answers(answer: HostileAnswer) async throws {
        let done = HostileGate()
        let peer = try peer([.hearRequest] + answer.steps(done))
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        let first = try await desk.send("first", timeout: .milliseconds(500))
        #expect(first.word == Self.code(answer))
        #expect(answer.isAnswered == first.isAnswered)
        if answer == .answerLater {
            // The second answer comes alone, when the connection is idle: it must be gone before it is used.
            #expect(desk.until { $0.retired[.unexpected] == 1 })
        }
        let second = try await desk.send("second")
        #expect(second.word == (answer.goesOn ? "200 0" : second.word))
        #expect(answer.goesOn || second.word != "200 0", "a connection that was odd is not used again")
        #expect(second.isAnswered)
        compare([("first", first), ("second", second)], peer)
        #expect(desk.pool.status.lost == (answer.isAnswered ? 0 : 1))
    }

    @Test("an end while idle is seen before a request is prepared", arguments: HostileEnd.allCases)
    func idleEnd(end: HostileEnd) async throws {
        let go = HostileGate()
        let peer = try peer([.hearRequest, .say(HostilePeer.answer("x")), .pass(go)] + end.steps())
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        let first = try await desk.send("first")
        #expect(first.word == "200 x")
        go.open()
        #expect(desk.until { $0.retired[.closed] == 1 && $0.idle == 2 })
        let second = try await desk.send("second")
        #expect(second.isAnswered)
        compare([("first", first), ("second", second)], peer)
        #expect(desk.pool.status.lost == 0 && desk.pool.status.notSent == 0)
    }

    @Test(
        "bytes while idle end the connection",
        arguments: ["HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", "\r\n"])
    func idleBytes(text: String) async throws {
        let go = HostileGate()
        let peer = try peer([.pass(go), .say(Array(text.utf8)), .serve])
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        #expect(desk.until { $0.idle == 2 })
        go.open()
        #expect(desk.until { ($0.retired[.unexpected] ?? 0) >= 1 })
        let outcome = try await desk.send("first")
        #expect(outcome.isAnswered && outcome.word != "200 0")
        compare([("first", outcome)], peer)
    }

    @Test(
        "an end between reserve and the first byte is not sent, and reserve itself sees one that the lane has not",
        arguments: HostileEnd.allCases)
    func heldEnd(end: HostileEnd) async throws {
        let (go, done) = (HostileGate(), HostileGate())
        let peer = try peer([.pass(go)] + end.steps(done))
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        #expect(desk.until { $0.idle == 2 })
        let ticket = try #require(desk.reserve(.entry))
        #expect(ticket.place == 0)
        go.open()
        done.pass()
        let outcome = await desk.gateway.exchange(
            desk.pool, ticket, PoolDesk.request("first"), timeout: .seconds(1))
        #expect(outcome.word == "notSent E_NET_CLOSED")
        let second = try await desk.send("second")
        #expect(second.isAnswered)
        compare([("first", outcome), ("second", second)], peer)
    }

    enum Instant: String, CaseIterable, Sendable { case firstByte, request, halfAnswer, answer }

    @Test("an end at every instant of an exchange", arguments: HostileEnd.allCases, Instant.allCases)
    func ends(end: HostileEnd, instant: Instant) async throws {
        let answer = HostilePeer.answer("whole")
        let before: [HostilePeer.Step] =
            switch instant {
            case .firstByte: [.hearBytes(1)]
            case .request: [.hearRequest]
            case .halfAnswer: [.hearRequest, .say(Array(answer.prefix(answer.count / 2)))]
            case .answer: [.hearRequest, .say(answer)]
            }
        let done = HostileGate()
        let peer = try peer(before + end.steps(done))
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        // More than the sockets hold: it cannot be read whole where only its first byte is.
        let first = try await desk.send("first", body: instant == .firstByte ? 8 << 20 : 100)
        if instant == .answer {
            // A reset may overtake what was said before it: then the answer is lost, and the outcome says so.
            #expect(first.word == "200 whole" || (end == .reset && first.isLost), "\(first.word)")
        } else {
            #expect(first.isLost, "\(first.word)")
            #expect(first.word == "lost E_NET_CLOSED" || first.word == "lost E_TLS_PROTOCOL", "\(first.word)")
        }
        // Before the end has left, a second request may still find the connection open and lose.
        done.pass()
        let second = try await desk.send("second")
        #expect(second.isAnswered && second.word != "200 0", "another connection")
        compare([("first", first), ("second", second)], peer)
    }

    @Test(
        "an end at every microsecond around a fire: what the server read is never called unsent",
        arguments: HostileEnd.allCases)
    func race(end: HostileEnd) async throws {
        var kinds: [String: Int] = [:]
        for step in 0..<32 {
            let (go, ready) = (HostileGate(), HostileGate())
            let pause = Nanoseconds(rawValue: Int64(step / 2) * 8_000)
            let peer = try peer(
                [.open(ready), .pass(go), .spin(pause)] + (step % 2 == 0 ? [.hearRequest] : []) + end.steps())
            let desk = try PoolDesk(port: Int(peer.port), wait: .spin)
            #expect(desk.until { $0.idle == 2 })
            ready.pass()
            var outcomes: [(String, WireOutcome)] = []
            // The peer waits, so a connection that the lane is taking session tickets from is idle again in a moment.
            let ticket = desk.reserve(.entry)
            go.open()
            let outcome = await desk.gateway.exchange(
                desk.pool, try #require(ticket), PoolDesk.request("first"), timeout: .seconds(1))
            outcomes.append(("first", outcome))
            kinds[outcome.word, default: 0] += 1
            let second = try await desk.send("second")
            #expect(second.isAnswered)
            desk.stop()
            peer.stop()
            compare(outcomes + [("second", second)], peer)
            for (_, outcome) in outcomes { #expect(!outcome.isAnswered, "this server never answers") }
        }
        #expect(kinds.values.reduce(0, +) == 32, "\(kinds)")
    }
}
