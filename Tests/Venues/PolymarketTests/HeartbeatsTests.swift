import Foundation
import Synchronization
import Testing
import Trading
import Transport

@testable import Polymarket

@Suite("Gateway: heartbeats")
struct HeartbeatsTests {
    private func at(_ milliseconds: Int64) -> MonotonicNanos { MonotonicNanos(rawValue: milliseconds * 1_000_000) }

    private func id(_ body: [UInt8]?) -> String? { body.map { String(decoding: $0, as: UTF8.self) } }

    private func good(_ id: String) -> [UInt8] { Array("{\"heartbeat_id\":\"\(id)\"}".utf8) }

    @Test("the first carries no id, each after it the last one; one every five seconds; none before they begin")
    func series() {
        var beats = Heartbeats()
        #expect(beats.nextDeadline == nil && beats.take(at: at(0)) == nil)
        beats.begin(at: at(0))
        #expect(id(beats.take(at: at(0))) == "{\"heartbeat_id\":\"\"}")
        #expect(beats.take(at: at(0)) == nil && beats.nextDeadline == nil)
        #expect(beats.answered(status: 200, good("one"), at: at(100)) == .beat)
        #expect(beats.nextDeadline == at(5_100) && beats.take(at: at(5_099)) == nil)
        beats.begin(at: at(5_000))
        #expect(id(beats.take(at: at(5_100))) == "{\"heartbeat_id\":\"one\"}")
        // An older form of the answer carries no id: the last one goes on.
        #expect(beats.answered(status: 200, Array("{\"status\":\"ok\"}".utf8), at: at(5_200)) == .beat)
        #expect(id(beats.take(at: at(10_200))) == "{\"heartbeat_id\":\"one\"}")
        beats.end()
        #expect(beats.nextDeadline == nil && beats.take(at: at(99_000)) == nil)
    }

    @Test("a wrong id: the expected one is adopted and sent at once; not twice the same")
    func adopted() {
        var beats = Heartbeats()
        beats.begin(at: at(0))
        _ = beats.take(at: at(0))
        let wrong = Array("{\"error_msg\":\"Invalid Heartbeat ID\",\"heartbeat_id\":\"expected\"}".utf8)
        #expect(beats.answered(status: 400, wrong, at: at(50)) == .adopted)
        #expect(id(beats.take(at: at(50))) == "{\"heartbeat_id\":\"expected\"}")
        #expect(beats.answered(status: 400, wrong, at: at(100)) == .failed("status 400"))
        #expect(beats.nextDeadline == at(1_100))
    }

    @Test("failures are tried again every second; after ten without a beat all orders may be gone, said once")
    func lapsed() {
        var beats = Heartbeats()
        beats.begin(at: at(0))
        _ = beats.take(at: at(0))
        #expect(beats.answered(status: 200, good("one"), at: at(0)) == .beat)
        var events: [Heartbeats.Event] = []
        for second in 5...20 {
            guard beats.take(at: at(Int64(second) * 1_000)) != nil else { continue }
            events.append(beats.answered(status: 0, [], "E_NET_TIMEOUT", at: at(Int64(second) * 1_000)))
        }
        #expect(events.count == 16)
        #expect(events.enumerated().filter { $0.element == .lapsed("E_NET_TIMEOUT") }.map(\.offset) == [5])
        // A new series begins without an id; a beat that is taken ends the lapse.
        #expect(id(beats.take(at: at(21_000))) == "{\"heartbeat_id\":\"\"}")
        #expect(beats.answered(status: 200, good("two"), at: at(21_000)) == .beat)
        #expect(beats.nextDeadline == at(26_000))
    }

    @Test("answers that cannot be read, and answers to nothing, are no beats")
    func unreadable() {
        var beats = Heartbeats()
        #expect(beats.answered(status: 200, good("x"), at: at(0)) == .failed("an answer to no beat"))
        beats.begin(at: at(0))
        for body in ["", "<html>", "[]", "{}", "{\"status\":\"no\"}"] {
            _ = beats.take(at: at(20_000))
            guard case .beat = beats.answered(status: 200, Array(body.utf8), at: at(0)) else { continue }
            Issue.record("\(body) is no beat")
        }
    }

    @Test(
        "through the gateway: the signed request on a connection kept for closes, and the second one after a wrong id")
    func gateway() async throws {
        let harness = try GatewayHarness(connections: 1)
        #expect(await harness.gateway.beat(deadline: harness.deadline) == .notDue)
        await harness.gateway.beginHeartbeats()
        #expect(await harness.gateway.nextBeat == harness.clock.now().monotonic)
        harness.sender.then(
            GatewayHarness.answer(400, "{\"error_msg\":\"Invalid Heartbeat ID\",\"heartbeat_id\":\"e\"}"))
        harness.sender.then(GatewayHarness.answer(200, "{\"heartbeat_id\":\"n\"}"))
        #expect(await harness.gateway.beat(deadline: harness.deadline) == .good)
        #expect(harness.sender.requests.count == 2)
        #expect(harness.sender.requests[0].hasPrefix("POST /v1/heartbeats HTTP/1.1"))
        #expect(harness.sender.requests[1].hasSuffix("{\"heartbeat_id\":\"e\"}"))
        #expect(harness.sender.requests[1].contains("POLY_SIGNATURE: "))
        #expect(await harness.gateway.nextBeat == harness.clock.now().monotonic + .seconds(5))
        harness.clock.advance(.seconds(5))
        harness.sender.then(.lost(TransportFault(.timeout, "late"), sent: MonotonicNanos(rawValue: 1)))
        #expect(await harness.gateway.beat(deadline: harness.deadline) == .failed("E_NET_TIMEOUT: late"))
        harness.clock.advance(.seconds(6))
        harness.sender.state.withLock { $0.free = [] }
        #expect(
            await harness.gateway.beat(deadline: harness.deadline) == .lapsed("no connection is open and idle"))
        await harness.gateway.endHeartbeats()
        #expect(await harness.gateway.nextBeat == nil)
    }
}
