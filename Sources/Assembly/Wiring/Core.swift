public import Arb
internal import Kalshi
internal import Polymarket
internal import Risk
internal import Trading

/// The deterministic core, put together: catalog, venues, engine and decision log from a configuration and pair files.
/// Live runs, recordings and replays make it in this one way.
public final class Core {
    /// All instruments and baskets.
    public let catalog: Catalog
    /// Their names.
    public let names: BasketNames
    /// The engine.
    public let engine: Engine
    /// All decisions.
    public let decisions: DecisionLog
    private let desk: DecisionDesk

    /// The fee rules that this build has compiled in: part of what decisions depend on.
    public static let feeRules = ["kalshi quadratic 2026-09", "polymarket curve 2026-07"]

    /// A core.
    ///
    /// - Parameters:
    ///   - seed: of all jitter in the feeds.
    ///   - write: gets every line of the decision log.
    ///   - forward: gets every decision; called on the hot lane.
    /// - Throws: `Catalog.Faults`.
    public init(
        configuration: Configuration, pairs: PairFiles, seed: UInt64, write: (([UInt8]) -> Void)? = nil,
        forward: @escaping (DecisionEvent) -> Void
    ) throws(Catalog.Faults) {
        // Who trades may hold something of a pair that was suspended since.
        catalog = try Catalog(
            pairs: pairs.pairs, sets: pairs.sets,
            watchesSuspended: configuration.text("mode") != TradingMode.dryRun.rawValue)
        names = BasketNames(baskets: catalog.baskets, contracts: catalog.contracts)
        decisions = DecisionLog(names: names, write: write)
        desk = DecisionDesk(log: decisions, forward: forward)
        let contracts = catalog.contracts.enumerated().map { (InstrumentID(Int32($0.offset)), $0.element) }
        engine = Engine(
            catalog: catalog, venues: Self.venues(configuration, contracts, seed: seed),
            settings: Self.settings(configuration),
            sink: desk)
    }

    private static func venues(_ configuration: Configuration, _ contracts: [(InstrumentID, Contract)], seed: UInt64)
        -> [any Trading.Venue]
    {
        var kalshi = Kalshi.Settings()
        kalshi.feed.seed = seed
        kalshi.reference.seed = seed
        kalshi.reference.account = configuration.text("venues.kalshi.fee_account") == "fcm" ? .fcm : .direct
        var polymarket = Polymarket.Settings()
        polymarket.feed.seed = seed ^ 0x9E37_79B9
        polymarket.reference.seed = seed
        return [
            Kalshi.Venue(contracts.filter { $0.1.venue == .kalshi }, settings: kalshi),
            Polymarket.Venue(contracts.filter { $0.1.venue == .polymarket }, settings: polymarket),
        ]
    }

    /// What decisions depend on, out of the configuration.
    static func settings(_ configuration: Configuration) -> EngineSettings {
        let kinds = configuration.texts("detector.kinds")
        var watched: Set<BasketKind> = []
        if kinds.contains("cross-venue") { watched.insert(.crossVenue) }
        if kinds.contains("outcome-set") { watched.formUnion([.allNo, .allYes]) }
        return EngineSettings(
            thresholds: EdgeThresholds(
                edgeMin: configuration.money("detector.min_edge_usd"),
                edgeBpsMin: configuration.integer("detector.min_edge_bps"),
                annualizedPctMin: configuration.decimal("detector.min_annualized_pct")),
            limits: SizingLimits(
                lockedMax: configuration.money("sizing.max_order_usd"),
                orderQtyMax: Quantity(rawValue: configuration.decimal("sizing.max_contracts"))),
            freshness: Freshness.Limits(
                bookAgeMax: configuration.milliseconds("risk.max_book_age_ms"),
                feedSilenceMax: configuration.milliseconds("risk.max_feed_silence_ms")),
            valuation: Valuation(
                pusdUSD: Price(rawValue: configuration.decimal("currency.pusd_usd")) ?? .one,
                haircutBps: configuration.integer("currency.haircut_bps")),
            timeToCloseMin: configuration.seconds("detector.min_time_to_close_s"), kinds: watched,
            judgeAfter: configuration.integers("detector.judge_after_ms").map { .milliseconds($0) })
    }
}
