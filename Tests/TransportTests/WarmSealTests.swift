import Foundation
import Server
import Simulators
import Testing
import Threading
import Trading

@testable import Transport

/// Requests that are made records before they leave: they leave with a word, or never.
@Suite("WarmPool: sealed requests", .serialized)
struct WarmSealTests {
    private let folder: ThrowawayFolder

    init() throws { folder = try ThrowawayFolder.get() }

    private func peer() throws -> HostilePeer { try HostilePeer(folder.authority) { _ in [.secure, .serve] } }

    @Test("what is sealed leaves with `exchange`, whole and once, and not before", arguments: [0, 600, 16_000, 40_000])
    func leaves(size: Int) async throws {
        let peer = try peer()
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port)) { $0.entries = 2 }
        defer { desk.stop() }
        #expect(desk.until { $0.idle == 3 })
        let (pool, gateway) = (desk.pool, desk.gateway)
        let request = PoolDesk.request("sealed", body: size)
        let ticket = try #require(desk.reserve(.entry))
        pool.seal(ticket, request)
        pool.seal(ticket, request)
        // What is longer than one record is written as it leaves.
        #expect(pool.slots[ticket.place].connection?.isSealed == (request.count <= 16_384))
        #expect(try await desk.send("other").word.hasPrefix("200 "))
        #expect(peer.names == ["other"], "nothing has left that was only sealed")
        let outcome = await gateway.exchange(pool, ticket, request, timeout: .seconds(5))
        #expect(outcome.word.hasPrefix("200 ") && peer.names == ["other", "sealed"])
        let spent = await gateway.exchange(pool, ticket, request, timeout: .seconds(5))
        #expect(spent.word == "notSent E_NET_TICKET" && peer.names.count == 2)
        #expect(pool.status.retired.isEmpty && pool.status.idle == 3, "\(pool.status)")
        // The connection carries the next one.
        for _ in 0..<6 { #expect(try await desk.send("next").word.hasPrefix("200 ")) }
        #expect(peer.names.count { $0 == "sealed" } == 1 && pool.status.opened == 3)
    }

    @Test("what departs is written there and then; its answer waits for who asks", arguments: [false, true])
    func departs(isSealed: Bool) async throws {
        let peer = try peer()
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        #expect(desk.until { $0.idle == 2 })
        let (pool, gateway) = (desk.pool, desk.gateway)
        for index in 1...5 {
            let request = PoolDesk.request("d\(index)", body: 700)
            let ticket = try #require(desk.reserve(.entry))
            if isSealed { pool.seal(ticket, request) }
            // On another thread than the lane's nothing happens.
            pool.depart(ticket, request, deadline: NanoClock.monotonic() + .seconds(5))
            await gateway.depart(pool, ticket, request, timeout: .seconds(5))
            #expect(desk.until { $0.answered == index }, "answered before anybody waits")
            #expect(peer.names.count == index)
            await gateway.depart(pool, ticket, request, timeout: .seconds(5))
            let outcome = await gateway.exchange(pool, ticket, request, timeout: .seconds(5))
            #expect(outcome.word.hasPrefix("200 ") && peer.names.count == index)
            let spent = await gateway.exchange(pool, ticket, request, timeout: .seconds(5))
            #expect(spent.word == "notSent E_NET_TICKET")
        }
        #expect(pool.status.exchanges == 5 + 5 && pool.status.opened == 2 && pool.status.lost == 0)
    }

    @Test(
        "what is sealed and given back, late, or overtaken by a stop never leaves; its connection carries nothing more")
    func withheld() async throws {
        let peer = try peer()
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port))
        defer { desk.stop() }
        let (pool, gateway) = (desk.pool, desk.gateway)
        #expect(desk.until { $0.idle == 2 })
        let request = PoolDesk.request("withheld", body: 900)

        let unused = try #require(desk.reserve(.entry))
        pool.seal(unused, request)
        pool.release(unused)
        #expect(desk.until { $0.retired[.withheld] == 1 && $0.idle == 2 && $0.opened == 3 })
        let released = await gateway.exchange(pool, unused, request, timeout: .seconds(1))
        #expect(released.word == "notSent E_NET_TICKET")

        let late = try #require(desk.reserve(.entry))
        pool.seal(late, request)
        let outcome = await gateway.exchange(pool, late, request, timeout: Nanoseconds(rawValue: -1))
        #expect(outcome.word == "notSent E_NET_TIMEOUT")
        #expect(desk.until { $0.retired[.withheld] == 2 && $0.idle == 2 && $0.opened == 4 })

        // Another request than the one that was sealed: neither leaves, and nobody says that nothing did.
        let other = try #require(desk.reserve(.entry))
        pool.seal(other, request)
        let mixed = await gateway.exchange(pool, other, PoolDesk.request("mixed"), timeout: .seconds(1))
        #expect(mixed.word == "lost E_NET_CLOSED")
        #expect(desk.until { $0.retired[.lost] == 1 && $0.idle == 2 && $0.opened == 5 })

        #expect(try await desk.send("after").word.hasPrefix("200 "))
        let stopped = try #require(desk.reserve(.entry))
        pool.seal(stopped, request)
        pool.stop()
        #expect(desk.until { $0.idle == 0 && $0.inUse == 1 })
        let over = await gateway.exchange(pool, stopped, request, timeout: .seconds(1))
        #expect(over.word == "notSent E_NET_CLOSED")
        #expect(peer.names == ["after"])
    }

    @Test("a connection that the peer ended while its ticket was held is found, sealed or not")
    func ended() async throws {
        let gate = HostileGate()
        let peer = try HostilePeer(folder.authority) { index in
            index == 0 ? [.secure, .pass(gate), .end] : [.secure, .serve]
        }
        defer { peer.stop() }
        let desk = try PoolDesk(port: Int(peer.port)) { $0.entries = 2 }
        defer { desk.stop() }
        #expect(desk.until { $0.idle == 3 })
        let tickets = [try #require(desk.reserve(.entry)), try #require(desk.reserve(.entry))]
        gate.open()
        // Held longer than a look holds good: the end has come meanwhile.
        let since = NanoClock.monotonic()
        while NanoClock.monotonic() - since < .milliseconds(200) { poll(nil, 0, 1) }
        var words: [String] = []
        for ticket in tickets {
            let request = PoolDesk.request("held\(ticket.place)")
            desk.pool.seal(ticket, request)
            words.append(await desk.gateway.exchange(desk.pool, ticket, request, timeout: .seconds(5)).word)
        }
        let close = try #require(desk.reserve(.close))
        words.append(
            await desk.gateway.exchange(desk.pool, close, PoolDesk.request("close"), timeout: .seconds(5)).word)
        // One of the three connections was the one that ended; no request is lost on it.
        #expect(
            words.count { $0.hasPrefix("200 ") } >= 2
                && words.allSatisfy { $0.hasPrefix("200 ") || $0 == "notSent E_NET_CLOSED" })
    }
}
