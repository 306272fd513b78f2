import Foundation
import Signing
import Synchronization
import Testing
import Trading
import Transport

@testable import Polymarket

/// A clock that stands still until it is told.
final class ManualClock: Timekeeper {
    private let nanos = Mutex<Int64>(1_000_000_000)

    static let epoch: Int64 = 1_795_132_800_000_000_000

    func now() -> Stamp {
        let now = nanos.withLock { $0 }
        return Stamp(
            monotonic: MonotonicNanos(rawValue: now), utc: UTCNanos(rawValue: Self.epoch + now))
    }

    func advance(_ time: Nanoseconds) { nanos.withLock { $0 += time.rawValue } }
}

/// Connections that answer what they are told to.
final class ScriptedSender: RequestSender {
    struct State {
        var free: [Int]
        var taken: Set<Int> = []
        var generation: UInt64 = 0
        var requests: [String] = []
        var deadlines: [MonotonicNanos] = []
        var purposes: [SendPurpose] = []
        var script: [WireOutcome] = []
        var onExchange: (@Sendable (String) -> WireOutcome)?
    }

    let state: Mutex<State>

    init(connections: Int = 3) { state = Mutex(State(free: Array(0..<connections))) }

    func reserve(_ purpose: SendPurpose) -> ConnectionTicket? {
        state.withLock { state in
            state.purposes.append(purpose)
            // The last one is kept for closes.
            guard state.free.count > (purpose == .entry ? 1 : 0), let place = state.free.popLast() else { return nil }
            state.taken.insert(place)
            state.generation += 1
            return ConnectionTicket(place: place, generation: state.generation)
        }
    }

    func release(_ ticket: ConnectionTicket) {
        state.withLock { state in
            #expect(state.taken.remove(ticket.place) != nil, "only what was taken is given back")
            state.free.append(ticket.place)
        }
    }

    nonisolated(nonsending) func exchange(
        _ ticket: ConnectionTicket, _ request: [UInt8], deadline: MonotonicNanos
    ) async -> WireOutcome {
        let text = String(decoding: request, as: UTF8.self)
        return state.withLock { state in
            state.requests.append(text)
            state.deadlines.append(deadline)
            #expect(state.taken.remove(ticket.place) != nil, "only what was taken is used")
            state.free.append(ticket.place)
            if let answer = state.onExchange { return answer(text) }
            return state.script.isEmpty
                ? .lost(TransportFault(.timeout, "no script"), sent: MonotonicNanos(rawValue: 1))
                : state.script.removeFirst()
        }
    }

    func then(_ outcome: WireOutcome) { state.withLock { $0.script.append(outcome) } }
    var requests: [String] { state.withLock { $0.requests } }
    var free: Int { state.withLock { $0.free.count } }
}

/// Counted tokens.
final class CountedBudget: WriteBudget {
    struct State: Equatable {
        var orders: Int
        var cancels: Int
        var kept = 0
        var refusals: [Nanoseconds?] = []
    }

    let state: Mutex<State>

    init(orders: Int = 60, cancels: Int = 120, kept: Int = 0) {
        state = Mutex(State(orders: orders, cancels: cancels, kept: kept))
    }

    func takeOrders(_ count: Int, _ purpose: SendPurpose, at now: MonotonicNanos) -> Bool {
        state.withLock { state in
            guard state.orders - count >= (purpose == .entry ? state.kept : 0) else { return false }
            state.orders -= count
            return true
        }
    }
    func takeCancels(_ count: Int, at now: MonotonicNanos) -> Bool {
        state.withLock { state in
            guard state.cancels >= count else { return false }
            state.cancels -= count
            return true
        }
    }
    func giveBackOrders(_ count: Int, at now: MonotonicNanos) { state.withLock { $0.orders += count } }
    func giveBackCancels(_ count: Int, at now: MonotonicNanos) { state.withLock { $0.cancels += count } }
    func refused(retryAfter: Nanoseconds?, at now: MonotonicNanos) {
        state.withLock { $0.refusals.append(retryAfter) }
    }
    var now: State { state.withLock { $0 } }
}

/// Cold answers by the path asked for.
final class ScriptedChannel: AccountChannel {
    let answers: Mutex<[String: [(Int, String)]]>
    let asked = Mutex<[AccountRequest]>([])

    init(_ answers: [String: [(Int, String)]] = [:]) { self.answers = Mutex(answers) }

    func perform(_ request: AccountRequest) async -> RestAnswer {
        asked.withLock { $0.append(request) }
        let path = request.url.replacingOccurrences(of: "https://clob.test", with: "")
            .replacingOccurrences(of: "https://data.test", with: "")
        let found = answers.withLock { answers -> (Int, String)? in
            guard let list = answers[path], let first = list.first else { return nil }
            // The last answer stays.
            if list.count > 1 { answers[path]?.removeFirst() }
            return first
        }
        let told = RestRequest(tag: 0, venue: .polymarket, service: "clob", path: path)
        guard let found else {
            return RestAnswer(
                request: told, status: 0, contentType: "", body: [], fetchedAt: UTCNanos(rawValue: 0),
                fault: "E_NET_CLOSED nobody answers \(path)")
        }
        return RestAnswer(
            request: told, status: found.0, contentType: "application/json", body: Array(found.1.utf8),
            fetchedAt: UTCNanos(rawValue: 0))
    }

    var paths: [String] { asked.withLock { $0.map { "\($0.method) \($0.url)" } } }
}

/// An executor of its own, as a lane is.
final class TestExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "gateway")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

/// A gateway between scripts.
struct GatewayHarness {
    static let condition = "0x1111111111111111111111111111111111111111111111111111111111111111"
    static let yesToken = "71321045679252212594626385532706912750332728571942532289631379312455583992563"
    static let noToken = "52114319501245915516055106046884209969926127482827954674443846427813813222426"

    let clock = ManualClock()
    let sender: ScriptedSender
    let budget: CountedBudget
    let channel: ScriptedChannel
    let gateway: Gateway
    let instrument = InstrumentID(0)

    init(
        connections: Int = 3, orders: Int = 60, kept: Int = 0, channel: ScriptedChannel = ScriptedChannel(),
        settings: GatewaySettings? = nil, terms: InstrumentTerms? = nil, contract: Contract = Self.contract
    ) throws {
        sender = ScriptedSender(connections: connections)
        budget = CountedBudget(orders: orders, kept: kept)
        self.channel = channel
        gateway = try Gateway(
            account: Self.account(), sender: sender, budget: budget, channel: channel, clock: clock,
            settings: settings ?? Self.settings(), executor: TestExecutor())
        try gateway.apply(terms ?? Self.terms(), of: instrument, contract)
    }

    static func settings() -> GatewaySettings {
        var settings = GatewaySettings()
        settings.base = "https://clob.test"
        settings.host = "clob.test"
        return settings
    }

    static var contract: Contract {
        Contract(venue: .polymarket, symbol: condition, tokens: .init(yes: yesToken, no: noToken))
    }

    static func keys() -> ApiKeys {
        ApiKeys(
            apiKey: "11111111-2222-3333-4444-555555555555", secret: Samples.secret("c2VjcmV0LW9mLXRoZS10ZXN0"),
            passphrase: Samples.secret("c0ffee"))
    }

    static func account(_ kind: Wallet.Kind = .account) throws -> TradingAccount {
        let key = try Samples.key()
        let address = try #require(Wallet.derived(kind, of: key.address).first)
        return TradingAccount(
            key: key, wallet: try Wallet(kind, address: address, owner: key.address), keys: keys())
    }

    static func terms(tick: String = "0.01", _ change: (inout InstrumentTerms) -> Void = { _ in }) throws
        -> InstrumentTerms
    {
        var terms = InstrumentTerms(
            title: "test", status: .active, grid: try TickGrid(step: Price(decimal: tick)),
            lot: Quantity(rawValue: 1_000_000), orderQtyMin: try Quantity(decimal: "5"),
            notionalMin: try Money(decimal: "1"), budgetStep: .cent, fillStep: Quantity(rawValue: 100),
            currency: .pusd, fees: FeeTimeline(Fees.free), entriesEnd: nil, payout: nil, readAt: UTCNanos(rawValue: 0))
        change(&terms)
        return terms
    }

    /// A FOK buy of 11.78 pUSD at 0.56, unless said otherwise.
    func order(
        _ side: Trading.Side = .buy, _ shares: String = "21.03", at price: String = "0.56", budget: String? = "11.78",
        _ life: TimeInForce = .fok, outcome: Outcome = .yes, isPostOnly: Bool = false, isReduceOnly: Bool = false,
        purpose: OrderPurpose = .entry, number: UInt64 = 1
    ) throws -> NewOrder {
        NewOrder(
            clOrdID: ClOrdID(prefix: 7, run: 1, sequence: number), instrument: instrument, outcome: outcome, side: side,
            orderQty: try Quantity(decimal: shares), price: try Price(decimal: price),
            cashOrderQty: try budget.map { try Money(decimal: $0) }, timeInForce: life, isPostOnly: isPostOnly,
            isReduceOnly: isReduceOnly, purpose: purpose)
    }

    var deadline: MonotonicNanos { clock.now().monotonic + .seconds(1) }

    static func answer(
        _ status: Int, _ body: String, type: String = "application/json; charset=utf-8", retryAfter: Nanoseconds? = nil
    ) -> WireOutcome {
        .answered(
            WireAnswer(
                status: status, contentType: type, retryAfter: retryAfter, date: UTCNanos(rawValue: 5),
                body: Array(body.utf8), sent: MonotonicNanos(rawValue: 2), acked: MonotonicNanos(rawValue: 3)))
    }

    static func error(_ status: Int, _ text: String, retryAfter: Nanoseconds? = nil) -> WireOutcome {
        answer(status, "{\"error\":\"\(text)\"}", retryAfter: retryAfter)
    }
}
