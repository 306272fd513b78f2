public import Arb
internal import Risk
import Store
internal import Threading
import Trading

extension TradingDesk {
    /// What a paper account's name ends with: its ledger and its order ids are never those of an account with money.
    public static let paperSuffix = "-paper"

    /// A trader whose orders meet the live books some time later and are filled there by a model. No key is read, no
    /// account asked, nothing sent.
    ///
    /// Each account begins with `risk.max_venue_usd` and the unwind reserve, and goes on with what its ledger has.
    /// - Parameters:
    ///   - ledger: of this paper account, open.
    ///   - tell: gets every event; called on the hot lane.
    /// - Throws: `StoreFault`, `CeilingFault`, `Poller.Fault`.
    public static func paper(
        _ configuration: Configuration, _ parts: Parts, ledger: LedgerWriter, stop: RunStop,
        tell: @escaping (TradeEvent) -> Void
    ) throws -> TradingDesk {
        let account = configuration.text("account")
        precondition(account.hasSuffix(paperSuffix), "a paper account is called one")
        let catalog = parts.core.catalog
        let wait = LaneWait(rawValue: configuration.text("lanes.wait")) ?? .adaptive
        // Nothing is written to a socket: the hot lane does it all.
        let lanes = try LaneSet(hot: parts.lane, wait: wait, venues: [], isBesideVenues: true)
        let venues = TradingVenues.none(catalog.contracts, lanes: lanes)
        let journal = try IntentLog(
            path: parts.folder.path + "/intents.log", durability: .process, build: BuildInfo.build)
        let limits = RiskLimits(configuration)
        let gate = try RiskGate(limits: limits, contracts: catalog.contracts, baskets: catalog.baskets)
        let clock = NanoClock()
        let cash = Money(rawValue: limits.venueMax.rawValue + limits.unwindReserve.rawValue)
        let desk = PaperDesk(
            parts.core.engine, catalog.contracts, cash: cash,
            latency: configuration.milliseconds("paper.latency_ms"), clock: clock)
        // Oldest first, as they happened: Kalshi nets as it goes.
        desk.restore(try ledger.store.orders(.init(limit: Int(Int32.max))).reversed(), catalog)
        let trader = Trader(
            Trader.Parts(
                catalog: catalog, engine: parts.core.engine, gateways: desk.gateways, journal: journal,
                accounts: desk, clock: clock, gate: gate),
            settings: TraderSettings(
                configuration, prefix: LedgerAccount.prefix(of: account), run: UInt32(clamping: parts.run)), tell: tell)
        let work = HotWork(parts.lane)
        let trading = LiveTrading(
            venues, reads: AccountReads(venues, clock: clock), trader: trader, stop: stop, work: work, paper: desk)
        // Sets stand before the trader: a live run has nobody who would take one.
        parts.core.engine.entryDesk = desk.trade(
            setsBefore: trader, latency: configuration.milliseconds("paper.latency_ms"))
        parts.core.engine.stages = StageClock(clock: clock)
        return TradingDesk(trader, trading, venues, journal, work)
    }
}
