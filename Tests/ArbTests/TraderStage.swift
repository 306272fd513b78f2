import Arb
import Risk
import Synchronization
import Testing
import Trading

/// The whole trading half without a socket: engine and books of a `Stage`, scripted gateways, a journal in memory, answers
/// as the test gives them, everything on one stepped lane.
final class TraderStage {
    let stage: Stage
    let trader: Trader
    let lane = StepLane()
    let kalshi: ScriptGateway
    let polymarket: ScriptGateway
    let journal = MemoryJournal()
    let accounts = ScriptAccounts()
    let events = EventLog()
    let clock = StepClock()

    /// Where the legs of the only pair are: Kalshi's market is 0, Polymarket's is 1.
    init(
        pairs: [MarketPair] = [Stage.pair()], limits: RiskLimits = TraderStage.limits(),
        isStarted: Bool = true, change: (inout TraderSettings) -> Void = { _ in }
    ) throws {
        stage = try Stage(pairs: pairs)
        kalshi = ScriptGateway(.kalshi, on: lane)
        polymarket = ScriptGateway(.polymarket, on: lane)
        var settings = TraderSettings(
            close: AutoClose.Settings(lossMax: Stage.dollars("10")),
            oneLegLossMax: Stage.dollars("50"), valuation: Valuation(), prefix: 0xABCD_1234, run: 1)
        change(&settings)
        clock.stamp = stage.now
        let gate = try RiskGate(
            limits: limits, contracts: stage.catalog.contracts, baskets: stage.catalog.baskets)
        let events = events
        trader = Trader(
            Trader.Parts(
                catalog: stage.catalog, engine: stage.engine, gateways: [kalshi, polymarket], journal: journal,
                accounts: accounts, clock: clock, gate: gate), settings: settings
        ) { events.take($0) }
        trader.attach(to: lane)
        stage.engine.entryDesk = trader
        stage.engine.stages = StageClock(clock: clock)
        lane.drain()
        trader.begin(at: stage.now)
        if isStarted { try begin() }
    }

    /// Starts the trader, and answers its first reads.
    func begin() throws {
        sync()
        trader.start(at: stage.now)
        try fund()
    }

    /// Both accounts are read: cash, and nothing else.
    func fund(_ cash: String = "1000") throws {
        for venue in VenueID.allCases {
            var snapshot = AccountSnapshot(venue: venue, asOf: stage.now.utc)
            snapshot.balances = [
                VenueBalance(
                    venue: venue, exchangeIndex: venue == .kalshi ? 0 : nil, cash: Stage.dollars(cash),
                    currency: .usd)
            ]
            trader.answered(.snapshot(snapshot), at: stage.now)
        }
    }

    static func limits() -> RiskLimits {
        var limits = RiskLimits()
        limits.unwindReserve = Stage.dollars("1")
        limits.oneLegLossMax = Stage.dollars("50")
        return limits
    }

    /// Books that pay 10 c a unit: YES at Kalshi for 0.40, NO at Polymarket for 0.50, ten of each.
    func edge(_ size: Int64 = 10) {
        sync()
        stage.book(0, bids: [(39, 100)], asks: [(40, size)])
        stage.book(1, bids: [(50, size)], asks: [(52, 100)])
        step()
    }

    /// The books after the edge is gone.
    func noEdge() {
        sync()
        stage.book(0, bids: [(39, 100)], asks: [(45, 100)])
        stage.book(1, bids: [(50, 100)], asks: [(52, 100)])
        step()
    }

    /// Books without an edge either way, nor on the way to it from any other of these.
    func calm() {
        sync()
        stage.book(0, bids: [(39, 100)], asks: [(60, 100)])
        stage.book(1, bids: [(30, 100)], asks: [(62, 100)])
        step()
    }

    func sync() {
        clock.stamp = stage.now
        trader.begin(at: stage.now)
    }

    /// What the lane does after a turn.
    func step() {
        sync()
        lane.drain()
        trader.turn(at: stage.now)
        lane.drain()
    }

    func wait(_ milliseconds: Int64) {
        stage.wait(milliseconds)
        step()
    }

    // MARK: Answers

    static func filled(_ contracts: Int64, _ price: Int64) -> LegReport.Outcome {
        .accepted(
            OrderSummary(
                standing: .filled, cumQty: Stage.contracts(contracts), leavesQty: .zero, avgPx: Stage.cents(price),
                cumCash: Money(rawValue: contracts * price * 1_000_000), fee: .zero))
    }

    static func partly(_ contracts: Int64, _ price: Int64) -> LegReport.Outcome {
        .accepted(
            OrderSummary(
                standing: .cancelled, cumQty: Stage.contracts(contracts), leavesQty: .zero, avgPx: Stage.cents(price),
                cumCash: Money(rawValue: contracts * price * 1_000_000), fee: .zero))
    }

    static let killed = LegReport.Outcome.rejected(VenueRejection(.unfilled, status: 400, code: "killed"))
    static let noFunds = LegReport.Outcome.rejected(VenueRejection(.balance, status: 400, code: "funds"))

    /// The venue says what is held.
    func hold(_ market: Int, _ outcome: Outcome, _ contracts: Int64) {
        sync()
        let contract = stage.catalog.contracts[market]
        trader.apply(
            VenuePosition(
                venue: contract.venue, symbol: contract.symbol, outcome: outcome, quantity: Stage.contracts(contracts)))
        lane.drain()
    }

    /// A report of a stream or a read.
    func report(_ order: NewOrder, _ event: OrderEvent, orderID: String? = nil, source: EvidenceSource = .stream) {
        sync()
        let contract = stage.catalog.contracts[Int(order.instrument.index)]
        trader.apply(
            ExecutionReport(
                venue: contract.venue, orderID: orderID.map { OrderID($0) }, clOrdID: order.clOrdID,
                symbol: contract.symbol, event: event, source: source, transactTime: nil))
        lane.drain()
    }

    /// Nothing is left that an undone walk should have given back.
    var isUntouched: Bool {
        trader.claims == 0 && kalshi.held == 0 && polymarket.held == 0 && trader.reserved == .zero
    }
}

final class MemoryJournal: Journal {
    var fault: JournalFault?
    private(set) var intents: [OrderIntent] = []
    private(set) var withdrawn: [ClOrdID] = []
    /// Called in every append: a disk takes its time.
    var whileWriting: () -> Void = {}

    func append(_ first: borrowing OrderIntent, _ second: borrowing OrderIntent?) throws(JournalFault) {
        if let fault { throw fault }
        whileWriting()
        intents.append(copy first)
        if let second = copy second { intents.append(second) }
    }

    func withdraw(_ clOrdID: ClOrdID, isTombstone: Bool) { withdrawn.append(clOrdID) }
}

final class ScriptAccounts: AccountDesk {
    fileprivate(set) var asked: [OrderInquiry] = []
    private(set) var reads: [VenueID] = []
    func ask(_ inquiry: OrderInquiry) { asked.append(inquiry) }
    /// How far back each venue was to be read last.
    private(set) var readSince: [VenueID: UTCNanos] = [:]
    func read(_ venue: VenueID, since: UTCNanos) {
        reads.append(venue)
        readSince[venue] = since
    }
    var stone: (NewOrder, _ sentAt: MonotonicNanos, _ now: MonotonicNanos) -> NewOrder? = { _, _, _ in nil }
    func tombstone(for order: NewOrder, venue: VenueID, sentAt: MonotonicNanos, at now: MonotonicNanos) -> NewOrder? {
        stone(order, sentAt, now)
    }
    func takeAsked() -> [OrderInquiry] {
        defer { asked = [] }
        return asked
    }
    private(set) var rerouted: [InstrumentID] = []
    func reroute(_ venue: VenueID, _ instrument: InstrumentID) { rerouted.append(instrument) }
    private(set) var settlementReads: [VenueID] = []
    /// How far back each venue's paid markets were to be read last.
    private(set) var paidSince: [VenueID: UTCNanos] = [:]
    private(set) var endedAsked: [String] = []
    func forgetEnded() { endedAsked = [] }
    func readSettlements(_ venue: VenueID, since: UTCNanos, of symbols: [String]) {
        settlementReads.append(venue)
        paidSince[venue] = since
        endedAsked = symbols.isEmpty ? endedAsked : symbols
    }
}

/// Everything the trader told.
final class EventLog {
    private(set) var all: [TradeEvent] = []
    func take(_ event: TradeEvent) { all.append(event) }

    var results: [ExecutionResult] {
        all.compactMap { if case .result(let result) = $0 { result } else { nil } }
    }
    var residuals: [ResidualReport] {
        all.compactMap { if case .residual(let report) = $0 { report } else { nil } }
    }
    var boxes: [BoxReport] { all.compactMap { if case .box(let box) = $0 { box } else { nil } } }
    var alerts: [TradeAlert] { all.compactMap { if case .alert(let alert) = $0 { alert } else { nil } } }
    var breaker: [BreakerEvent] { all.compactMap { if case .breaker(let event) = $0 { event } else { nil } } }
}

/// A clock that the test sets.
final class StepClock: Timekeeper, @unchecked Sendable {
    // Safety: used by one test on one thread.
    var stamp = Stamp(monotonic: MonotonicNanos(rawValue: 0), utc: UTCNanos(rawValue: 0))
    func now() -> Stamp { stamp }
}

extension Trader {
    /// A whole list of markets that were paid.
    func settled(_ facts: [SettlementFact], at now: Stamp) {
        guard let venue = facts.first?.venue else { return }
        settled(SettlementsRead(venue: venue, since: UTCNanos(rawValue: 0), asOf: now.utc, facts: facts), at: now)
    }
}
