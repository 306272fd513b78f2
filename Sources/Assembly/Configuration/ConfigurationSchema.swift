/// Every key there is, in the order in which they are shown.
///
/// - Source: `Docs/OPERATING.md`, section Configuration. The upper bounds are ceilings that no file can raise: a limit a
///   hundred times too large is a typing mistake, not a wish.
public enum ConfigurationSchema {
    private static let dollar: Int64 = 100_000_000

    /// All keys.
    public static let keys: [ConfigurationKey] = root + decisions + risk + plumbing + venues

    /// The key of a path; nil when there is none.
    public static func key(_ path: String) -> ConfigurationKey? { byPath[path] }

    private static let byPath = Dictionary(uniqueKeysWithValues: keys.map { ($0.path, $0) })

    /// All sections, in order; the root is the empty one.
    public static let sections: [String] = {
        var seen: [String] = []
        for key in keys where !seen.contains(key.parts.section) { seen.append(key.parts.section) }
        return seen
    }()

    private static func dollars(_ most: Int64, least: Int64 = 0) -> ConfigurationKey.Kind {
        .money(least: least * dollar, most: most * dollar)
    }

    private static let root: [ConfigurationKey] = [
        .init("account", .name, "\"main\"", "name of the account: of its lock, its state folder and every record"),
        .init(
            "mode", .choice(["dry-run", "paper", "live"]), "\"dry-run\"",
            "what happens to an edge; live also needs --live and --confirm-account"),
        .init("state_dir", .path, "\"~/.local/state/arb\"", "folder of ledger, cache and lock (mode 0700)"),
        .init(
            "markets.pairs", .texts, "[\"Markets/*.toml\"]", "pair and set files; relative to this file; * and ? match"),
    ]

    private static let decisions: [ConfigurationKey] = [
        .init(
            "detector.min_edge_usd", dollars(10_000), "\"0.50\"",
            "expected net of the whole basket after fees, in dollars"),
        .init("detector.min_edge_bps", .integer(0...10_000), "20", "the same in basis points of the capital locked"),
        .init(
            "detector.min_annualized_pct", .decimal(least: 0, most: 100_000 * dollar), "\"5\"",
            "the same as percent a year until payout; less than a day counts as a day"),
        .init(
            "detector.kinds", .choices(["cross-venue", "outcome-set"]), "[\"cross-venue\", \"outcome-set\"]",
            "which baskets are watched"),
        .init(
            "detector.min_time_to_close_s", .integer(0...31_536_000), "300",
            "no entry closer than this to the earliest close, start or pause, in seconds; unknown blocks"),
        .init(
            "detector.judge_after_ms", .integers(0...60_000, count: 8), "[50, 150, 500]",
            "when a dry run looks again at what an order would have met, in milliseconds"),
        .init("paper.latency_ms", .integer(0...60_000), "150", "delay of simulated fills, in milliseconds"),
        .init(
            "sizing.max_order_usd", dollars(100_000), "\"200\"", "most capital in one basket, fees included, in dollars"
        ),
        .init(
            "sizing.max_contracts", .decimal(least: dollar / 100, most: 1_000_000 * dollar), "\"1000\"",
            "most contracts of each leg"),
        .init(
            "currency.pusd_usd", .decimal(least: dollar / 2, most: 2 * dollar), "\"1.0000\"",
            "what a pUSD counts, in dollars"),
        .init(
            "currency.haircut_bps", .integer(0...1_000), "10",
            "taken off a pUSD received, put on one spent, in basis points"),
    ]

    private static let risk: [ConfigurationKey] = [
        .init("risk.max_open_usd", dollars(10_000_000), "\"2000\"", "capital locked over all pairs, in dollars"),
        .init("risk.max_pair_usd", dollars(1_000_000), "\"500\"", "capital locked in one pair, in dollars"),
        .init("risk.max_venue_usd", dollars(10_000_000), "\"1500\"", "capital locked at one venue, in dollars"),
        .init("risk.max_gross_usd", dollars(20_000_000), "\"4000\"", "sum of all legs, in dollars"),
        .init("risk.max_net_usd", dollars(1_000_000), "\"200\"", "unhedged, in dollars"),
        .init("risk.max_equity_pct", .integer(1...100), "50", "share of the equity that may be locked, in percent"),
        .init("risk.max_open_orders", .integer(1...1_000), "20", "orders open at once"),
        .init(
            "risk.max_daily_loss_usd", dollars(1_000_000), "\"50\"", "loss of a UTC day, unwinds included, in dollars"),
        .init("risk.max_errors_consecutive", .integer(1...100), "5", "errors in a row that trip the breaker"),
        .init(
            "risk.max_error_rate_pct", .integer(1...100), "50",
            "errors among the last 20 orders that trip it, in percent"),
        .init("risk.max_orders_per_minute", .integer(1...10_000), "120", "orders a minute"),
        .init(
            "risk.max_one_leg_loss_usd", dollars(100_000), "\"10\"",
            "loss when one leg alone fills and is got rid of, in dollars"),
        .init(
            "risk.unwind_reserve_usd", dollars(1_000_000), "\"50\"",
            "cash per venue and shard that entries never touch, in dollars"),
        .init("risk.dust_usd", dollars(100), "\"0.05\"", "a residual worth less is dust, in dollars"),
        .init("risk.dust_max_usd", dollars(10_000), "\"5\"", "most dust, in dollars"),
        .init(
            "risk.max_book_age_ms", .integer(1...60_000), "200",
            "oldest book that may trigger, by the venue's stamp, in milliseconds"),
        .init(
            "risk.max_feed_silence_ms", .integer(100...600_000), "10000",
            "longest time without a data frame on the other book's connection, in milliseconds"),
        .init("risk.breaker_cooldown_s", .integer(1...86_400), "60", "then one probe, in seconds"),
        .init(
            "unwind.policy", .choice(["complete", "sell", "opposite", "cheapest", "hold"]), "\"cheapest\"",
            "what becomes of a leg that stands alone"),
        .init(
            "unwind.before_close_s", .integer(0...86_400), "120",
            "closed by then at any price within max_loss_usd, in seconds"),
        .init("unwind.max_loss_usd", dollars(100_000), "\"10\"", "most that one unwind may cost, in dollars"),
        .init("unwind.deadline_s", .integer(1...3_600), "10", "time for an unwind, in seconds"),
        .init(
            "unwind.early_close_usd", dollars(100_000), "\"0\"",
            "a box is sold before its time for so much more than it will pay, in dollars; 0: never"),
        .init("unwind.sweep_interval_s", .integer(1...3_600), "5", "time between sweeps for residuals, in seconds"),
        .init(
            "orders.timeout_ms", .integer(50...60_000), "2000",
            "an order without an answer is unknown after this, in milliseconds"),
        .init("orders.time_in_force", .choice(["ioc", "fok"]), "\"ioc\"", "of entries"),
        .init(
            "orders.leg_order", .choice(["both", "uncertain-first", "fill-odds"]), "\"both\"", "which leg leaves first"),
        .init(
            "orders.warm_connections", .integer(1...64), "4", "kept open per venue, and one more for closes and cancels"
        ),
        .init("orders.keepalive_s", .integer(1...300), "15", "an idle connection is exercised this often, in seconds"),
    ]

    private static let plumbing: [ConfigurationKey] = [
        .init(
            "store.durability", .choice(["process", "power"]), "\"process\"",
            "what a record survives before an order leaves"),
        .init("lanes.wait", .choice(["adaptive", "spin", "park"]), "\"adaptive\"", "how the hot lane waits"),
        .init(
            "lanes.processor", .choice(["last", "any"]), "\"last\"",
            "where the hot lane of a live run stays: on the last of the processors that the program may use, or anywhere"
        ),
        .init(
            "lanes.rehearse_ms", .integer(0...60_000), "1",
            "a fire's way to the wire is walked this often while a pair is near paying, short of sending; 0: never"),
        .init("http.listen", .text, "\"127.0.0.1:9464\"", "address of the read-only views; \"off\" for none"),
        .init("alerts.webhook_url_file", .path, "\"\"", "file (0600) with the URL that alerts are posted to"),
        .init(
            "alerts.halt_unacknowledged_s", .integer(0...86_400), "60",
            "a critical alert halts entries after this; 0: never"),
    ]

    private static let venues: [ConfigurationKey] = [
        .init(
            "venues.kalshi.rest_url", .url(scheme: "https"), "\"https://external-api.kalshi.com/trade-api/v2\"",
            "REST API"),
        .init(
            "venues.kalshi.ws_url", .url(scheme: "wss"), "\"wss://external-api-ws.kalshi.com/trade-api/ws/v2\"",
            "WebSocket API"),
        .init("venues.kalshi.key_id", .text, "\"\"", "id of the API key; every WebSocket connection needs one"),
        .init("venues.kalshi.private_key_file", .path, "\"\"", "RSA or Ed25519 key in PEM form, mode 0600"),
        .init(
            "venues.kalshi.fee_account", .choice(["direct", "fcm"]), "\"direct\"",
            "how fees are rounded: member or broker"),
        .init("venues.kalshi.subaccount", .integer(0...63), "0", "subaccount; 0 is the primary one"),
        .init(
            "venues.kalshi.tombstone_max_age_s", .integer(0...86_400), "0",
            "tombstones prove an order dead within this; 0: off"),
        .init(
            "venues.kalshi.presign_ahead_ms", .integer(0...8_000), "8000",
            "headers are signed this far ahead; 0: in line"),
        .init("venues.kalshi.extra_ca_file", .path, "\"\"", "for loopback venues only; refused with any other host"),
        .init("venues.polymarket.clob_url", .url(scheme: "https"), "\"https://clob.polymarket.com\"", "order book API"),
        .init(
            "venues.polymarket.gamma_url", .url(scheme: "https"), "\"https://gamma-api.polymarket.com\"",
            "market data API"),
        .init(
            "venues.polymarket.data_url", .url(scheme: "https"), "\"https://data-api.polymarket.com\"", "positions API"),
        .init(
            "venues.polymarket.ws_url", .url(scheme: "wss"), "\"wss://ws-subscriptions-clob.polymarket.com/ws\"",
            "WebSocket API, without /market or /user"),
        .init("venues.polymarket.private_key_file", .path, "\"\"", "0x and 64 hex digits, mode 0600"),
        .init("venues.polymarket.funder", .text, "\"\"", "address that holds the money; 0x and 40 hex digits"),
        .init("venues.polymarket.signature_type", .integer(0...3), "2", "0 EOA, 1 proxy, 2 safe, 3 deposit wallet"),
        .init(
            "venues.polymarket.presign_max_age_ms", .integer(0...60_000), "1000",
            "oldest order template, in milliseconds"),
        .init(
            "venues.polymarket.nonces_ahead", .integer(0...64), "32",
            "signatures begun before their orders are known; 0: none"),
        .init(
            "venues.polymarket.dead_after_s", .integer(10...3_600), "60", "evidence window of a lost order, in seconds"),
        .init(
            "venues.polymarket.extra_ca_file", .path, "\"\"", "for loopback venues only; refused with any other host"),
    ]
}
