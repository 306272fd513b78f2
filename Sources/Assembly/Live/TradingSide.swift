internal import Arb
internal import Synchronization
internal import Threading
internal import Trading
internal import Transport

/// What only one venue knows how to do; everything else about trading is the same for all.
///
/// - Lane: markets and streams on the hot lane, `tend` and `beat` on the tending thread, reads anywhere.
protocol TradingSide: Sendable {
    /// Sends orders.
    var gateway: any OrderGateway { get }
    /// Reads all of the account.
    var reader: any AccountReader { get }

    /// The terms of a market, now or anew.
    func apply(_ terms: InstrumentTerms, of instrument: InstrumentID, _ contract: Contract) throws(LocalRefusal)
    /// The market takes no orders until its terms are known again.
    func block(_ instrument: InstrumentID)
    /// What was made ready for one market is void.
    func void(_ instrument: InstrumentID)
    /// Everything that was made ready is void.
    func void()

    /// After a refusal for the version of a market: asks where its orders are signed for. Off the lanes.
    ///
    /// - Returns: true when that is elsewhere than before, and known now.
    func reroute(_ instrument: InstrumentID) async -> Bool

    /// Makes ready what can be: called several times a second.
    ///
    /// - Returns: what an operator should know.
    func tend(at now: Stamp) -> FeedNotice?
    /// Signs an order ahead; false where the venue's orders are not signed one by one.
    func signAhead(_ order: NewOrder, at now: Stamp) -> Bool
    /// Orders rest from now on, or no longer.
    func rest(_ isResting: Bool) async
    /// Keeps resting orders alive where the venue wants that and it is due.
    ///
    /// - Returns: why the venue may have cancelled all of them.
    func beat(deadline: MonotonicNanos) async -> String?

    /// A private stream that is not started.
    func stream(seed: UInt64) -> any UserStream
    /// Where it connects, signed for this instant.
    func streamTarget(at now: UTCNanos) throws -> LinkTarget

    /// Looks for an order of unknown outcome.
    ///
    func evidence(_ inquiry: OrderInquiry, _ memory: Memory, askedAt: MonotonicNanos) async throws(AccountFault)
        -> Evidence
    /// Markets that one read of settlements looks at.
    var settlementsMax: Int { get }
    /// Markets that were paid: since then, and of these.
    func settlements(since: UTCNanos, of symbols: [String]) async throws(AccountFault) -> [SettlementFact]
    /// The order that proves that another can no longer enter.
    func tombstone(for order: NewOrder, sentAt: MonotonicNanos, at now: MonotonicNanos) -> NewOrder?
}

/// What is remembered of an order that is asked about.
struct Memory: Sendable {
    /// The tombstone that was made for it in this run.
    var tombstone: NewOrder?
    /// What was held before it was sent: the newest account read that was over earlier than that.
    var before: Holdings?

    /// Tokens held at one instant.
    ///
    /// Of each token its mark is kept, and none of the venue's texts: sixteen reads of an account are kept.
    struct Holdings: Sendable {
        /// When the first request of the read left, and when the last answer was here.
        private(set) var asOf: UTCNanos, landed: UTCNanos
        private var held: [(mark: NameMark, quantity: Quantity)] = []

        /// - Parameter positions: those without a token are left out.
        init(asOf: UTCNanos, landed: UTCNanos, positions: [VenuePosition]) {
            (self.asOf, self.landed) = (asOf, landed)
            hold(positions)
        }

        /// Becomes those of another read, in the same memory: for the oldest of many that are kept.
        mutating func become(asOf: UTCNanos, landed: UTCNanos, positions: [VenuePosition]) {
            (self.asOf, self.landed) = (asOf, landed)
            held.removeAll(keepingCapacity: true)
            hold(positions)
        }

        private mutating func hold(_ positions: [VenuePosition]) {
            held.reserveCapacity(positions.count)
            for position in positions where !position.token.isEmpty {
                held.append((NameMark(position.token), position.quantity))
            }
        }

        /// What was held of a token; nil: none was listed.
        subscript(token: String) -> Quantity? {
            let mark = NameMark(token)
            return held.first { $0.mark == mark }?.quantity
        }
    }
}

/// What a look for one order brought.
struct Evidence: Sendable {
    /// What is listed under its name.
    var orders: [VenueOrder] = []
    /// What was found of it.
    var reports: [ExecutionReport] = []
    /// What was not there, or is proved.
    var findings: [UnknownResolver.Finding] = []
}

extension ExecutionReport {
    /// A listed order, under our name of it.
    init(_ row: VenueOrder, at venue: VenueID, clOrdID: ClOrdID) {
        self.init(
            venue: venue, orderID: row.orderID, clOrdID: clOrdID, symbol: row.symbol, event: .summary(row.summary),
            outcome: row.outcome, source: .query, transactTime: row.createdAt)
    }

    /// A listed fill, under our name of its order.
    init(_ row: VenueFill, at venue: VenueID, clOrdID: ClOrdID) {
        self.init(
            venue: venue, orderID: row.orderID, clOrdID: clOrdID, symbol: row.symbol, event: .fill(row.fill),
            outcome: row.outcome, source: .query, transactTime: row.transactTime)
    }
}

/// The cheap read that shows an idle connection to be alive, made before it is needed and paid from the read budget.
///
/// - Lane: any; its lock is never held while something is signed.
final class KeepaliveRequest: Sendable {
    private struct State {
        var made: (request: [UInt8], at: UTCNanos)?
        var budget: RateBudget
    }

    private let state: Mutex<State>
    private let charge: [RateCharge]
    /// In a value of its own: a bare function behind a generic lock is wrapped once more by every access, so that a call goes
    /// through as many layers as there were accesses, until the stack ends.
    private struct Maker {
        let make: @Sendable (UTCNanos) -> [UInt8]?
    }
    private let maker: Mutex<Maker?>
    /// A signed stamp is used for so long, and made anew somewhat earlier.
    private static let ageMax = Nanoseconds.seconds(4)
    private static let ageRefilled = Nanoseconds.seconds(2)

    /// - Parameter cost: tokens of one read, out of `limit`.
    init(cost: Int, limit: RateLimit) {
        state = Mutex(State(budget: RateBudget([limit], at: NanoClock.monotonic())))
        charge = [RateCharge(bucket: 0, cost: cost)]
        maker = Mutex(nil)
    }

    /// How it is made; until this is told there is none.
    func begin(_ make: @escaping @Sendable (UTCNanos) -> [UInt8]?) {
        let maker = Maker(make: make)
        self.maker.withLock { $0 = maker }
    }

    /// Makes one where there is none, or only an old one.
    func refill(at now: UTCNanos) {
        let isFresh = state.withLock { $0.made.map { now - $0.at < Self.ageRefilled } ?? false }
        guard !isFresh, let maker = maker.withLock({ $0 }), let request = maker.make(now) else { return }
        state.withLock { $0.made = (request, now) }
    }

    /// One that can be sent now; nil without tokens for it.
    func take() -> [UInt8]? {
        let now = NanoClock().now()
        let (isPaid, ready) = state.withLock { state -> (Bool, [UInt8]?) in
            guard state.budget.take(charge, .close, at: now.monotonic) else { return (false, nil) }
            defer { state.made = nil }
            let ready = state.made.flatMap { now.utc - $0.at < Self.ageMax ? $0.request : nil }
            return (true, ready)
        }
        guard isPaid else { return nil }
        return ready ?? maker.withLock { $0 }?.make(now.utc)
    }
}
