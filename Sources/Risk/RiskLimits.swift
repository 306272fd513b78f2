public import Trading

/// Every limit of the configuration (`[risk]`, `[sizing]`, `[currency]`), and above them the ceilings compiled in here.
///
/// - Unit: money is USD unless a name says otherwise. A limit that is reached is not broken; one unit more is.
public struct RiskLimits: Sendable, Hashable {
    /// `sizing.max_order_usd`: capital of one basket, fees included.
    public var orderMax: Money
    /// `sizing.max_contracts`: contracts of each leg.
    public var orderQtyMax: Quantity
    /// `risk.max_open_usd`: capital locked over all pairs.
    public var openMax: Money
    /// `risk.max_pair_usd`: capital locked in one pair.
    public var pairMax: Money
    /// `risk.max_venue_usd`: capital locked at one venue.
    public var venueMax: Money
    /// `risk.max_gross_usd`: sum of all legs at what a contract pays when it wins.
    public var grossMax: Money
    /// `risk.max_net_usd`: cost of contracts that may stand without a partner, added up over all executions.
    public var netMax: Money
    /// `risk.max_equity_pct`: share of cash and locked capital together that may be locked. Unit: percent.
    public var equityPctMax: Int64
    /// `risk.max_open_orders`: orders that are not over, unknown ones too.
    public var openOrdersMax: Int
    /// `risk.max_daily_loss_usd`: loss of a UTC day, unwinds included.
    public var dailyLossMax: Money
    /// `risk.max_errors_consecutive`: errors in a row that trip the breaker.
    public var errorsConsecutiveMax: Int
    /// `risk.max_error_rate_pct`: errors among the last twenty orders that trip it. Unit: percent.
    public var errorRatePctMax: Int
    /// `risk.max_orders_per_minute`: orders sent in any 60 s, closing ones too.
    public var ordersPerMinuteMax: Int
    /// `risk.max_one_leg_loss_usd`: what either leg alone may lose when it is got rid of.
    public var oneLegLossMax: Money
    /// `risk.unwind_reserve_usd`: cash of each purse that entries never touch.
    public var unwindReserve: Money
    /// `risk.dust_usd`: a residual worth less is dust.
    public var dust: Money
    /// `risk.dust_max_usd`: most dust altogether; what comes on top is no dust.
    public var dustMax: Money
    /// `risk.max_book_age_ms`.
    public var bookAgeMax: Nanoseconds
    /// `risk.max_feed_silence_ms`.
    public var feedSilenceMax: Nanoseconds
    /// `risk.breaker_cooldown_s`: then one probe.
    public var breakerCooldown: Nanoseconds
    /// `[currency]`: how pUSD counts.
    public var valuation: Valuation

    /// The defaults of the configuration.
    public init() {
        func usd(_ dollars: Int64) -> Money { Money(rawValue: dollars * FixedPoint.one) }
        orderMax = usd(200)
        orderQtyMax = Quantity(rawValue: 1_000 * FixedPoint.one)
        openMax = usd(2_000)
        pairMax = usd(500)
        venueMax = usd(1_500)
        grossMax = usd(4_000)
        netMax = usd(200)
        equityPctMax = 50
        openOrdersMax = 20
        dailyLossMax = usd(50)
        errorsConsecutiveMax = 5
        errorRatePctMax = 50
        ordersPerMinuteMax = 120
        oneLegLossMax = usd(10)
        unwindReserve = usd(50)
        dust = Money(rawValue: 5_000_000)
        dustMax = usd(5)
        bookAgeMax = .milliseconds(200)
        feedSilenceMax = .milliseconds(10_000)
        breakerCooldown = .seconds(60)
        valuation = Valuation(haircutBps: 10)
    }
}

/// A limit beyond what this build admits: a typing mistake, or limits of another kind of business.
public struct CeilingFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The configuration's key.
    public let key: String
    /// What it says.
    public let value: String
    /// The most (or least) that this build admits.
    public let ceiling: String

    /// Stable; listed in `Docs/ERRORS.md`.
    public var code: String { "E_CFG_CEILING" }
    /// Key, value and ceiling in one sentence.
    public var description: String { "\(key) = \(value) is beyond \(ceiling), which no configuration may pass" }
}

extension RiskLimits {
    /// All limits that are negative, or above the ceilings compiled in; empty when the limits may be used.
    ///
    /// Each ceiling lies between twenty and fifty times the default, so that a limit typed a hundred times too large is
    /// refused and an account may still grow.
    public var ceilingFaults: [CeilingFault] {
        func usd(_ dollars: Int64) -> Int64 { dollars * FixedPoint.one }
        let millisecond = Nanoseconds.milliseconds(1).rawValue
        let rows: [(key: String, value: Int64, ceiling: Int64, unit: Int64)] = [
            ("sizing.max_order_usd", orderMax.rawValue, usd(10_000), FixedPoint.one),
            ("sizing.max_contracts", orderQtyMax.rawValue, usd(50_000), FixedPoint.one),
            ("risk.max_open_usd", openMax.rawValue, usd(100_000), FixedPoint.one),
            ("risk.max_pair_usd", pairMax.rawValue, usd(25_000), FixedPoint.one),
            ("risk.max_venue_usd", venueMax.rawValue, usd(75_000), FixedPoint.one),
            ("risk.max_gross_usd", grossMax.rawValue, usd(200_000), FixedPoint.one),
            ("risk.max_net_usd", netMax.rawValue, usd(10_000), FixedPoint.one),
            ("risk.max_equity_pct", equityPctMax, 100, 1),
            ("risk.max_open_orders", Int64(openOrdersMax), 1_000, 1),
            ("risk.max_daily_loss_usd", dailyLossMax.rawValue, usd(2_500), FixedPoint.one),
            ("risk.max_errors_consecutive", Int64(errorsConsecutiveMax), 100, 1),
            ("risk.max_error_rate_pct", Int64(errorRatePctMax), 100, 1),
            ("risk.max_orders_per_minute", Int64(ordersPerMinuteMax), 6_000, 1),
            ("risk.max_one_leg_loss_usd", oneLegLossMax.rawValue, usd(500), FixedPoint.one),
            ("risk.unwind_reserve_usd", unwindReserve.rawValue, usd(1_000_000), FixedPoint.one),
            ("risk.dust_usd", dust.rawValue, usd(2), FixedPoint.one),
            ("risk.dust_max_usd", dustMax.rawValue, usd(200), FixedPoint.one),
            ("risk.max_book_age_ms", bookAgeMax.rawValue, 10_000 * millisecond, millisecond),
            ("risk.max_feed_silence_ms", feedSilenceMax.rawValue, 120_000 * millisecond, millisecond),
            ("risk.breaker_cooldown_s", breakerCooldown.rawValue, Nanoseconds.seconds(86_400).rawValue, 1_000_000_000),
        ]
        func words(_ amount: Int64, _ unit: Int64) -> String {
            unit == FixedPoint.one ? FixedPoint.text(amount) : String(amount / unit)
        }
        return rows.filter { $0.value < 0 || $0.value > $0.ceiling }.map { row in
            CeilingFault(
                key: row.key, value: words(row.value, row.unit),
                ceiling: row.value < 0 ? "0" : words(row.ceiling, row.unit))
        }
    }
}
