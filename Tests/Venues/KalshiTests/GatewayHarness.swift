import Codec
import Foundation
import Signing
import Synchronization
import Testing
import Threading
import Trading
import Transport

@testable import Kalshi

/// A clock that only the test moves.
final class TestClock: Timekeeper {
    private let state = Mutex(Stamp(monotonic: MonotonicNanos(rawValue: 1_000_000_000), utc: start))
    static let start = UTCNanos(rawValue: 1_795_219_200_000_000_000)

    func now() -> Stamp { state.withLock { $0 } }
    func advance(_ time: Nanoseconds) {
        state.withLock { $0 = Stamp(monotonic: $0.monotonic + time, utc: $0.utc + time) }
    }
}

/// Connections that answer what the script says, and remember who holds them.
final class ScriptedSender: RequestSender {
    struct State {
        var free: [Int]
        var generation: UInt64 = 0
        var held: [ConnectionTicket] = []
        var reserved: [SendPurpose] = []
        var sent: [[UInt8]] = []
        var answers: [WireOutcome] = []
        /// Called while a request is under way.
        var during: (@Sendable () -> Void)?
    }

    let state: Mutex<State>
    private let keptForCloses: Int

    init(connections: Int = 4, keptForCloses: Int = 1) {
        state = Mutex(State(free: Array(0..<connections)))
        self.keptForCloses = keptForCloses
    }

    var held: Int { state.withLock { $0.held.count } }
    var free: Int { state.withLock { $0.free.count } }
    var sent: [String] { state.withLock { $0.sent }.map { String(decoding: $0, as: UTF8.self) } }

    func answer(_ outcome: WireOutcome) { state.withLock { $0.answers.append(outcome) } }
    func answer(_ status: Int, _ body: String, type: String = "application/json") {
        answer(
            .answered(
                WireAnswer(
                    status: status, contentType: type, retryAfter: nil, date: nil, body: Array(body.utf8),
                    sent: MonotonicNanos(rawValue: 2_000), acked: MonotonicNanos(rawValue: 3_000))))
    }

    func reserve(_ purpose: SendPurpose) -> ConnectionTicket? {
        state.withLock { state in
            guard state.free.count > (purpose == .entry ? keptForCloses : 0) else { return nil }
            state.generation += 1
            let ticket = ConnectionTicket(place: state.free.removeFirst(), generation: state.generation)
            state.held.append(ticket)
            state.reserved.append(purpose)
            return ticket
        }
    }

    func release(_ ticket: ConnectionTicket) {
        state.withLock { state in
            state.held.removeAll { $0 == ticket }
            state.free.append(ticket.place)
        }
    }

    nonisolated(nonsending) func exchange(_ ticket: ConnectionTicket, _ request: [UInt8], deadline: MonotonicNanos)
        async -> WireOutcome
    {
        let (outcome, during) = state.withLock { state in
            state.sent.append(request)
            return (state.answers.isEmpty ? nil : state.answers.removeFirst(), state.during)
        }
        during?()
        release(ticket)
        return outcome ?? .lost(TransportFault(.timeout, "nothing scripted"), sent: MonotonicNanos(rawValue: 2_000))
    }
}

/// Jobs run on the thread that queues them: a lane of the test's own thread.
final class InlineExecutor: SerialExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        UnownedJob(job).runSynchronously(on: asUnownedSerialExecutor())
    }
}

/// A gateway with everything around it scripted.
struct GatewayHarness {
    let clock = TestClock()
    let sender: ScriptedSender
    let budget: ShardBudget
    let gateway: Gateway
    let key: SigningKey
    let verifier: VerifyingKey

    static let capacity = 100

    init(
        connections: Int = 4, capacity: Int = GatewayHarness.capacity, reserve: Int = 20,
        keyKind: SigningKey.Kind = .ed25519,
        _ change: (inout GatewaySettings) -> Void = { _ in }
    ) throws {
        sender = ScriptedSender(connections: connections)
        budget = ShardBudget(capacity: capacity, refill: 100, reserve: reserve, at: clock.now().monotonic)
        key = try SigningKey(generating: keyKind)
        verifier = try VerifyingKey(pem: key.publicPEM)
        var settings = GatewaySettings()
        settings.restURL = "https://localhost:8443/trade-api/v2"
        settings.presignAhead = .zero
        change(&settings)
        gateway = Gateway(
            auth: Auth(keyID: "key-id", key: key), sender: sender, budget: budget, clock: clock, settings: settings,
            executor: InlineExecutor())
        try gateway.apply(Self.terms(shard: 0), of: InstrumentID(0), ticker: OrderSamples.ticker)
        try gateway.apply(Self.terms(shard: 2), of: InstrumentID(1), ticker: "KXB-T1.5")
    }

    static func terms(shard: Int?, status: TradingStatus = .active) throws -> InstrumentTerms {
        var terms = InstrumentTerms(
            title: "t", status: status, grid: try TickGrid(step: .cent), lot: try quantity("0.01"),
            orderQtyMin: try quantity("0.01"), fillStep: try quantity("0.01"), currency: .usd,
            fees: try FeeTimeline(Kalshi.Fees(feeType: "quadratic", multiplier: multiplier("1"), account: .direct)),
            entriesEnd: nil, payout: nil, readAt: TestClock.start)
        terms.exchangeIndex = shard
        return terms
    }

    func order(
        _ sequence: UInt64, _ outcome: Outcome = .yes, _ side: Trading.Side = .buy, market: Int32 = 0,
        at text: String = "0.44",
        count: String = "10", lifetime: TimeInForce = .ioc, isPostOnly: Bool = false, isReduceOnly: Bool = false,
        purpose: OrderPurpose = .entry
    ) throws -> NewOrder {
        NewOrder(
            clOrdID: ClOrdID(prefix: 0xA1B2_C3D4, run: 1, sequence: sequence), instrument: InstrumentID(market),
            outcome: outcome, side: side, orderQty: try quantity(count), price: try price(text), timeInForce: lifetime,
            isPostOnly: isPostOnly, isReduceOnly: isReduceOnly, purpose: purpose)
    }

    var now: Stamp { clock.now() }
    var deadline: MonotonicNanos { clock.now().monotonic + .seconds(2) }
    func tokens(_ shard: Int = 0) -> Int { budget.available(shard, .close, at: now.monotonic) }

    static func filled(_ count: String, rest: String = "0.00") -> String {
        #"{"order_id":"\#(OrderSamples.orderID)","fill_count":"\#(count)","remaining_count":"\#(rest)","ts_ms":1795219200123}"#
    }
}

/// Head and body of a request, taken apart by an obvious reader.
struct ParsedRequest {
    let line: String
    let headers: [String: String]
    let body: String

    init(_ text: String) throws {
        let parts = text.components(separatedBy: "\r\n\r\n")
        let lines = try #require(parts.first).components(separatedBy: "\r\n")
        line = lines[0]
        body = parts.dropFirst().joined(separator: "\r\n\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let colon = try #require(line.firstRange(of: ": "))
            let name = String(line[..<colon.lowerBound])
            #expect(headers[name] == nil, "\(name) is there twice")
            headers[name] = String(line[colon.upperBound...])
        }
        self.headers = headers
    }

    /// True when the signature is the key's over stamp, method and path.
    func isSigned(by key: VerifyingKey) throws -> Bool {
        let words = line.split(separator: " ").map(String.init)
        let path = try #require(words[1].split(separator: "?").first)
        let signature = try #require(headers["KALSHI-ACCESS-SIGNATURE"].flatMap { Base64.decode($0) })
        return key.verifies(signature, of: (headers["KALSHI-ACCESS-TIMESTAMP"] ?? "") + words[0] + path)
    }
}
