import Glibc
import Simulators
import Threading
import Trading
import Transport

/// What a gateway stands on in these tests: two warm connections on a lane with a thread of its own, and a cold client.
final class GatewayFloor {
    let lane: Lane
    let pool: WarmPool
    let client: HTTPClient
    private let thread: Worker

    init(_ base: String, authority: ThrowawayCA) throws {
        client = HTTPClient(userAgent: "arb", loopbackAuthority: authority.authority)
        let lane = try Lane(name: "gateway")
        var warm = WarmPoolSettings(endpoint: try Endpoint(base), seed: 1)
        warm.entries = 2
        let pool = WarmPool(
            warm, context: try TLSContext(loopbackAuthority: authority.authority), lane: lane, exercise: { nil })
        thread = Worker(name: "gateway") { lane.run { pool.turn($0) } }
        (self.lane, self.pool) = (lane, pool)
    }

    func stop() {
        pool.stop()
        lane.stop()
        thread.join()
        client.close()
    }

    var deadline: MonotonicNanos { NanoClock.monotonic() + .seconds(1) }

    /// Connections are opened beside the lane: the first ones take a moment.
    func patiently<T>(_ body: () throws -> T) throws -> T {
        let end = NanoClock.monotonic() + .seconds(10)
        while true {
            do { return try body() } catch let refusal as LocalRefusal
                where refusal.kind == .noConnection && NanoClock.monotonic() < end
            { poll(nil, 0, 2) }
        }
    }
}

/// An outcome in few words, for tables.
func word(_ outcome: LegReport.Outcome) -> String {
    switch outcome {
    case .notSent(let refusal): "not sent \(refusal.kind.rawValue)"
    case .accepted(let summary): summary.standing.rawValue
    case .rejected(let rejection): "rejected \(rejection.kind.rawValue)"
    case .unknown(.timeout): "unknown timeout"
    case .unknown(.connectionLost): "unknown lost"
    case .unknown(.serverError(let status)): "unknown \(status)"
    case .unknown(.unreadable): "unknown unreadable"
    case .unknown(.restart): "unknown restart"
    }
}
