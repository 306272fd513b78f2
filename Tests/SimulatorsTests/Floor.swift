import Foundation
import Signing
import Simulators
import TestKit
import Testing
import Threading
import Trading
import Transport

/// What both venues' floors have in common: a folder, an authority that both sides trust, and a lane with connections.
final class Ground {
    let authority: ThrowawayCA
    let client: HTTPClient
    /// One key for all: to make one takes longer than most of what is tested with it.
    private static let made = Result { try SigningKey(generating: .rsa) }
    let key: SigningKey
    private let place: Workplace
    private var lane: Lane?
    private var pool: WarmPool?
    private var thread: Worker?

    init() throws {
        place = try Workplace()
        key = try Self.made.get()
        authority = try ThrowawayCA(folder: place.url.path)
        client = HTTPClient(userAgent: "arb", loopbackAuthority: authority.authority)
    }

    /// Opens connections to a venue, on a lane of their own that runs from now on.
    func connect(_ base: String) throws -> (pool: WarmPool, lane: Lane) {
        let lane = try Lane(name: "gateway")
        var warm = WarmPoolSettings(endpoint: try Endpoint(base), seed: 1)
        warm.entries = 2
        let pool = WarmPool(
            warm, context: try TLSContext(loopbackAuthority: authority.authority), lane: lane, exercise: { nil })
        thread = Worker(name: "gateway") { lane.run { pool.turn($0) } }
        (self.lane, self.pool) = (lane, pool)
        return (pool, lane)
    }

    func stop() {
        pool?.stop()
        lane?.stop()
        thread?.join()
        client.close()
    }

    /// Connections are opened beside the lane: the first ones take a moment.
    static func patiently<T>(_ body: () throws -> T) throws -> T {
        let end = NanoClock.monotonic() + .seconds(10)
        while true {
            do { return try body() } catch let refusal as LocalRefusal
                where refusal.kind == .noConnection && NanoClock.monotonic() < end
            { poll(nil, 0, 2) }
        }
    }
}

/// What became of a leg, in two words.
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

/// Looks until something is there, for as long as a late request or answer may take.
func eventually<Found>(_ look: () async throws -> Found, until isEnough: (Found) -> Bool) async throws -> Found {
    let end = NanoClock.monotonic() + .seconds(8)
    var found = try await look()
    while !isEnough(found), NanoClock.monotonic() < end {
        poll(nil, 0, 50)
        found = try await look()
    }
    return found
}

extension LoopbackVenues {
    /// What the truth ledger says of one order of ours, by either of its names. Unit of quantities: 1e-6.
    func truth(of name: String) -> (taken: Int, filled: Int, void: Int) {
        let own = truth.filter { ($0.orderID == name || $0.clientID == name) && $0.account == "ours" }
        func sum(_ kind: TruthEvent.Kind) -> Int { own.filter { $0.kind == kind }.reduce(0) { $0 + $1.quantity } }
        return (own.count { $0.kind == .accepted }, sum(.filled), sum(.failed))
    }
}

/// Our books of one order at its end, beside the truth: it was taken at most once, and every fill is booked, once.
func expectTruth(
    _ state: OrderState, _ venues: LoopbackVenues, named name: String, _ comment: String,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let truth = venues.truth(of: name)
    #expect(truth.taken <= 1, "\(comment): a duplicate order", sourceLocation: sourceLocation)
    #expect(
        state.cumQty.rawValue == Int64(truth.filled - truth.void) * 100,
        "\(comment): booked \(state.cumQty), filled \(truth.filled), void \(truth.void)", sourceLocation: sourceLocation
    )
}
