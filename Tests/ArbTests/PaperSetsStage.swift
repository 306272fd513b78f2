import Arb
import Paper
import Risk
import Testing
import Trading

/// A paper run without a socket: engine and books of a `Stage`, the paper venues and the floor of sets over one depth, the
/// trader and before it who trades sets, everything on one stepped lane.
final class PaperSetsStage {
    let stage: Stage
    let trader: Trader
    let sets: PaperSets
    let lane = StepLane()
    let gateways: [Paper.Gateway]
    let floor: Floor
    let events = EventLog()
    let clock = StepClock()
    private(set) var reports: [LegReport] = []

    static let latency = Nanoseconds.milliseconds(150)

    /// One set of three Kalshi markets, numbers 0 to 2, or behind two of a pair.
    init(
        pairs: [MarketPair] = [], sets: [OutcomeSet] = [Stage.set()], limits: RiskLimits = PaperSetsStage.limits(),
        isStarted: Bool = true, change: (inout TraderSettings) -> Void = { _ in }
    ) throws {
        stage = try Stage(pairs: pairs, sets: sets)
        clock.stamp = stage.now
        let engine = stage.engine
        let contracts = stage.catalog.contracts
        let depth = Depth()
        let market: (InstrumentID) -> PaperMarket? = { [unowned engine] instrument in
            let book = engine.book(instrument)
            guard book.status == .live, let terms = engine.terms(of: instrument), terms.status == .active,
                let fees = engine.fees(of: instrument)
            else { return nil }
            return PaperMarket(book: book, terms: terms, fees: fees)
        }
        floor = Floor(depth: depth, market: market)
        gateways = VenueID.allCases.map { [clock] venue in
            Paper.Gateway(
                venue, cash: Stage.dollars("1000"), currency: .usd, shards: [venue == .kalshi ? 0 : nil],
                latency: Self.latency, depth: depth, clock: clock, market: market,
                symbol: { contracts[Int($0.index)].symbol })
        }
        var settings = TraderSettings(
            close: AutoClose.Settings(lossMax: Stage.dollars("10")), oneLegLossMax: Stage.dollars("50"),
            valuation: Valuation(), prefix: 0xABCD_1234, run: 1)
        change(&settings)
        let gate = try RiskGate(limits: limits, contracts: contracts, baskets: stage.catalog.baskets)
        trader = Trader(
            Trader.Parts(
                catalog: stage.catalog, engine: engine, gateways: gateways, journal: MemoryJournal(),
                accounts: ScriptAccounts(), clock: clock, gate: gate), settings: settings
        ) { [events] in events.take($0) }
        self.sets = PaperSets(before: trader, floor, latency: Self.latency)
        for gateway in gateways { gateway.sink = trader }
        trader.attach(to: lane)
        engine.entryDesk = self.sets
        lane.drain()
        if isStarted { start() }
    }

    /// Reads both accounts: from then on it trades.
    func start() {
        sync()
        trader.start(at: stage.now)
        for gateway in gateways { trader.answered(.snapshot(gateway.snapshot(at: stage.now.utc)), at: stage.now) }
    }

    static func limits() -> RiskLimits {
        var limits = RiskLimits()
        limits.unwindReserve = Stage.dollars("1")
        limits.oneLegLossMax = Stage.dollars("50")
        return limits
    }

    /// Markets in which every NO costs 0.60, ten of each: three cost 1.80 and pay 2.
    func edge(from first: Int = 0) {
        sync()
        for index in first..<first + 3 { stage.book(index, bids: [(40, 10)], asks: [(42, 100)]) }
        step()
    }

    /// The same markets when nothing pays.
    func calm(from first: Int = 0) {
        sync()
        for index in first..<first + 3 { stage.book(index, bids: [(20, 100)], asks: [(42, 100)]) }
        step()
    }

    /// An order of a pair at Kalshi, beside all that the trader knows.
    func send(_ outcome: Outcome, _ size: Int64, at price: Int64, of market: Int) throws {
        sync()
        let order = NewOrder(
            clOrdID: ClOrdID(prefix: 9, run: 9, sequence: UInt64(reports.count + 1)),
            instrument: InstrumentID(Int32(market)), outcome: outcome, side: .buy, orderQty: Stage.contracts(size),
            price: Stage.cents(price))
        let slot = try gateways[0].prepare(order, at: stage.now)
        let deadline = stage.now.monotonic + .seconds(2)
        nonisolated(unsafe) let rig = self
        Task(executorPreference: lane) {
            let report = await rig.gateways[0].commit(slot, deadline: deadline)
            rig.reports.append(report)
        }
        lane.drain()
    }

    // MARK: Time

    func sync() {
        clock.stamp = stage.now
        trader.begin(at: stage.now)
    }

    /// What the lane does after a turn.
    func step() {
        sync()
        for gateway in gateways { gateway.turn(at: stage.now) }
        sets.turn(at: stage.now)
        lane.drain()
        trader.turn(at: stage.now)
        lane.drain()
    }

    func wait(_ milliseconds: Int64) {
        stage.wait(milliseconds)
        step()
    }

    /// So many seconds in steps of a tenth.
    func waitSeconds(_ seconds: Int64) { for _ in 0..<seconds * 10 { wait(100) } }

    // MARK: Told

    var intents: [OrderIntent] {
        events.all.compactMap { if case .intended(let intent) = $0 { intent } else { nil } }
    }
    var heard: [HeardOrder] { events.all.compactMap { if case .heard(let heard) = $0 { heard } else { nil } } }
    /// The last state that was told of each order, by its name.
    var states: [ClOrdID: OrderState] {
        heard.reduce(into: [:]) { $0[$1.clOrdID] = $1.state }
    }
    /// Contracts held by all that was told, by market.
    var held: [Int32: Int64] {
        states.values.reduce(into: [:]) { held, state in
            let quantity = state.cumQty.rawValue / 100_000_000
            held[state.order.instrument.index, default: 0] += state.order.side == .sell ? -quantity : quantity
        }
    }
    var exposure: Exposure {
        guard var status = trader.status(at: stage.now) else { return Exposure() }
        sets.add(to: &status)
        return status.exposure
    }
}
