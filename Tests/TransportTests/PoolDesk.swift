import Foundation
import Simulators
import Synchronization
import Testing
import Threading
import Trading

@testable import Transport

/// A pool on a lane of its own, and an actor there that sends, as a gateway does.
final class PoolDesk: Sendable {
    let lane: Lane
    let pool: WarmPool
    let gateway: Gateway
    private let thread: Worker

    /// An actor on the pool's lane.
    actor Gateway {
        private let lane: Lane
        nonisolated var unownedExecutor: UnownedSerialExecutor { lane.asUnownedSerialExecutor() }
        init(_ lane: Lane) { self.lane = lane }

        func exchange(
            _ pool: WarmPool, _ ticket: ConnectionTicket, _ request: [UInt8], timeout: Nanoseconds
        ) async -> WireOutcome {
            await pool.exchange(ticket, request, deadline: NanoClock.monotonic() + timeout)
        }

        /// Sends and lets the lane take turns until the answer is there, before anybody waits for it.
        func exchangeEarly(_ pool: WarmPool, _ ticket: ConnectionTicket, _ request: [UInt8]) async -> WireOutcome {
            let deadline = NanoClock.monotonic() + .seconds(5)
            if let outcome = pool.begin(ticket, request, deadline) { return outcome }
            while pool.status.answered + pool.status.lost == 0 { _ = pool.turn([]) }
            return await withUnsafeContinuation { pool.attach(ticket, $0) }
        }

        /// Lets bytes go the way of a request, to nobody; true once there is a mirror.
        func rehearse(_ pool: WarmPool, _ request: [UInt8]) -> Bool {
            pool.rehearse(request)
            return pool.opener.mirror() != nil
        }

        /// Writes a request now, for `exchange` to tell of later.
        func depart(_ pool: WarmPool, _ ticket: ConnectionTicket, _ request: [UInt8], timeout: Nanoseconds) {
            pool.depart(ticket, request, deadline: NanoClock.monotonic() + timeout)
        }

        /// Gives up the idle connection of a place; false when it is not idle.
        func retire(_ pool: WarmPool, _ place: Int) -> Bool {
            let (state, generation) = pool.slots[place].now
            guard state == .idle, pool.slots[place].move(.idle, generation, to: .checking, generation) else {
                return false
            }
            pool.retire(place, generation, .closed, NanoClock.monotonic())
            return true
        }

        /// Reserves and sends in one turn; nil when there was no connection.
        func fire(_ pool: WarmPool, _ purpose: SendPurpose, _ request: [UInt8], timeout: Nanoseconds) async
            -> WireOutcome?
        {
            guard let ticket = pool.reserve(purpose) else { return nil }
            return await pool.exchange(ticket, request, deadline: NanoClock.monotonic() + timeout)
        }
    }

    init(
        port: Int, wait: LaneWait = .adaptive, change: (inout WarmPoolSettings) -> Void = { _ in },
        exercise: @escaping @Sendable () -> [UInt8]? = { nil }
    ) throws {
        let context = try TLSContext(loopbackAuthority: try ThrowawayFolder.get().authority.authority)
        var settings = WarmPoolSettings(endpoint: try Endpoint("https://localhost:\(port)"), seed: 1)
        settings.entries = 1
        change(&settings)
        let lane = try Lane(name: "pool", wait: wait)
        let pool = WarmPool(settings, context: context, lane: lane, exercise: exercise)
        self.lane = lane
        self.pool = pool
        gateway = Gateway(lane)
        thread = Worker(name: "pool") { lane.run { pool.turn($0) } }
    }

    /// Stops pool, lane and threads. Call once.
    func stop() {
        pool.stop()
        _ = until { $0.idle == 0 && $0.inUse == 0 }
        lane.stop()
        thread.join()
    }

    /// Waits until the pool's status is as wanted; false after ten seconds.
    func until(_ isReached: (WarmPoolStatus) -> Bool) -> Bool {
        let end = NanoClock.monotonic() + .seconds(10)
        while NanoClock.monotonic() < end {
            if isReached(pool.status) { return true }
            poll(nil, 0, 1)
        }
        return false
    }

    /// Takes a connection, waiting while the lane looks at one: a server's session tickets arrive just after it opens.
    func reserve(_ purpose: SendPurpose) -> ConnectionTicket? {
        var ticket: ConnectionTicket?
        _ = until { _ in
            ticket = pool.reserve(purpose)
            return ticket != nil
        }
        return ticket
    }

    static func request(_ name: String, body: Int = 0) -> [UInt8] {
        Array("POST /\(name) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body)\r\n\r\n".utf8)
            + [UInt8](repeating: 0x78, count: body)
    }

    /// Waits for an idle connection and sends over it.
    func send(_ name: String, _ purpose: SendPurpose = .entry, body: Int = 0, timeout: Nanoseconds = .seconds(5))
        async throws -> WireOutcome
    {
        let end = NanoClock.monotonic() + .seconds(30)
        while NanoClock.monotonic() < end {
            if let outcome = await gateway.fire(pool, purpose, Self.request(name, body: body), timeout: timeout) {
                return outcome
            }
            poll(nil, 0, 1)
        }
        throw NoConnection()
    }

    struct NoConnection: Error {}
}

extension WireOutcome {
    /// `notSent E_…`, `lost E_…`, `200 body`.
    var word: String {
        switch self {
        case .notSent(let fault): "notSent \(fault.code)"
        case .lost(let fault, _): "lost \(fault.code)"
        case .answered(let answer): "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))"
        }
    }
    var isNotSent: Bool { if case .notSent = self { true } else { false } }
    var isAnswered: Bool { if case .answered = self { true } else { false } }
    var isLost: Bool { if case .lost = self { true } else { false } }
}

extension HostilePeer {
    /// Names of the requests that were read whole.
    var names: [String] {
        requests.map { String($0.text.split(separator: " ")[1].dropFirst()) }
    }
}
