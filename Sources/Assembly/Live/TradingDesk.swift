public import Arb
internal import Risk
public import Store
public import Threading
public import Trading

/// A trader put together with everything that it trades through, for a live run.
///
/// - Lane: made off the hot lane, while nothing runs; then the hot lane's.
public final class TradingDesk: @unchecked Sendable {
    // Safety: handed from the thread that makes it to the hot lane, which is the same thread or begins afterwards.

    /// The conductor of orders.
    public let trader: Trader
    /// What a live run has beyond a dry one.
    public let trading: LiveTrading
    /// Gateways and their lanes.
    public let venues: TradingVenues
    /// Has something done on the hot lane.
    public let work: HotWork
    let journal: IntentLog

    /// What is needed beside the configuration.
    public struct Parts {
        /// The core of the run.
        public let core: Core
        /// The lane that will be the hot one.
        public let lane: Lane
        /// The account's folder, whose lock is held.
        public let folder: StateFolder
        /// The run's number in the ledger.
        public let run: Int64
        /// Of salts, jitter and masks.
        public let seed: UInt64
        /// Keeps what the venues say of our orders; nil: nobody does.
        public let receipts: ReceiptQueue?

        /// Parts.
        public init(
            core: Core, lane: Lane, folder: StateFolder, run: Int64, seed: UInt64, receipts: ReceiptQueue? = nil
        ) {
            self.receipts = receipts
            self.core = core
            self.lane = lane
            self.folder = folder
            self.run = run
            self.seed = seed
        }
    }

    /// Puts it together: keys are read, accounts asked for their limits, the intent log is opened; nothing is sent.
    ///
    /// - Parameter tell: gets every event; called on the hot lane.
    /// - Throws: `Edges.Fault`, `AccountFault`, `TransportFault`, `SigningFault`, `StoreFault`, `CeilingFault`.
    public static func live(
        _ configuration: Configuration, _ parts: Parts, home: String, stop: RunStop,
        tell: @escaping (TradeEvent) -> Void
    ) async throws -> TradingDesk {
        if let fault = LoadedLibrary.fault(in: try LoadedLibrary.all()) { throw fault }
        let isLoopback = Edges.environment(configuration) == "loopback"
        let wait = LaneWait(rawValue: configuration.text("lanes.wait")) ?? .adaptive
        let lanes = try LaneSet(
            hot: parts.lane, wait: wait, venues: VenueID.allCases, isBesideVenues: isLoopback)
        let catalog = parts.core.catalog
        let journal = try IntentLog(
            path: parts.folder.path + "/intents.log",
            durability: JournalDurability(rawValue: configuration.text("store.durability")) ?? .process,
            build: BuildInfo.build)
        let gate = try RiskGate(
            limits: RiskLimits(configuration), contracts: catalog.contracts, baskets: catalog.baskets)
        let venues = try await TradingVenues.make(
            configuration, contracts: catalog.contracts, home: home, lanes: lanes, seed: parts.seed,
            receipts: parts.receipts)
        let clock = NanoClock()
        let reads = AccountReads(venues, clock: clock)
        let prefix = LedgerAccount.prefix(of: configuration.text("account"))
        let trader = Trader(
            Trader.Parts(
                catalog: catalog, engine: parts.core.engine, gateways: venues.gateways, journal: journal,
                accounts: reads, clock: clock, gate: gate),
            settings: TraderSettings(configuration, prefix: prefix, run: UInt32(clamping: parts.run)), tell: tell)
        let work = HotWork(parts.lane)
        let trading = LiveTrading(
            venues, reads: reads, trader: trader, stop: stop, work: work, receipts: parts.receipts)
        parts.core.engine.entryDesk = trader
        parts.core.engine.stages = StageClock(clock: clock)
        if configuration.milliseconds("venues.polymarket.presign_max_age_ms") > .zero {
            trader.forge = { [venues] order, venue in venues.signAhead(order, at: venue) }
            parts.core.engine.nearSlack = trader.nearSlack
        }
        return TradingDesk(trader, trading, venues, journal, work)
    }

    init(
        _ trader: Trader, _ trading: LiveTrading, _ venues: TradingVenues, _ journal: IntentLog,
        _ work: HotWork
    ) {
        self.trader = trader
        self.trading = trading
        self.venues = venues
        self.journal = journal
        self.work = work
    }

    /// Begins: on the thread that will be the hot lane, before it runs.
    public func start(at now: Stamp) {
        trader.attach(to: venues.lanes.hot)
        trader.begin(at: now)
        trader.start(at: now)
    }
}
