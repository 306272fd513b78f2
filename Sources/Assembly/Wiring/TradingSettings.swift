public import Arb
public import Risk
internal import Threading
internal import Trading

extension RiskLimits {
    /// The limits of a configuration.
    public init(_ configuration: Configuration) {
        self.init()
        orderMax = configuration.money("sizing.max_order_usd")
        orderQtyMax = Quantity(rawValue: configuration.decimal("sizing.max_contracts"))
        openMax = configuration.money("risk.max_open_usd")
        pairMax = configuration.money("risk.max_pair_usd")
        venueMax = configuration.money("risk.max_venue_usd")
        grossMax = configuration.money("risk.max_gross_usd")
        netMax = configuration.money("risk.max_net_usd")
        equityPctMax = configuration.integer("risk.max_equity_pct")
        openOrdersMax = Int(configuration.integer("risk.max_open_orders"))
        dailyLossMax = configuration.money("risk.max_daily_loss_usd")
        errorsConsecutiveMax = Int(configuration.integer("risk.max_errors_consecutive"))
        errorRatePctMax = Int(configuration.integer("risk.max_error_rate_pct"))
        ordersPerMinuteMax = Int(configuration.integer("risk.max_orders_per_minute"))
        oneLegLossMax = configuration.money("risk.max_one_leg_loss_usd")
        unwindReserve = configuration.money("risk.unwind_reserve_usd")
        dust = configuration.money("risk.dust_usd")
        dustMax = configuration.money("risk.dust_max_usd")
        bookAgeMax = configuration.milliseconds("risk.max_book_age_ms")
        feedSilenceMax = configuration.milliseconds("risk.max_feed_silence_ms")
        breakerCooldown = configuration.seconds("risk.breaker_cooldown_s")
        valuation = Valuation(configuration)
    }
}

extension Valuation {
    /// How a configuration counts pUSD.
    public init(_ configuration: Configuration) {
        self.init(
            pusdUSD: Price(rawValue: configuration.decimal("currency.pusd_usd")) ?? .one,
            haircutBps: configuration.integer("currency.haircut_bps"))
    }
}

extension TraderSettings {
    /// What trading depends on, out of a configuration.
    ///
    /// - Parameters:
    ///   - prefix: of the account's order ids.
    ///   - run: of this run.
    public init(_ configuration: Configuration, prefix: UInt32, run: UInt32) {
        let valuation = Valuation(configuration)
        self.init(
            close: AutoClose.Settings(
                policy: ClosePolicy(rawValue: configuration.text("unwind.policy")) ?? .cheapest,
                lossMax: configuration.money("unwind.max_loss_usd"),
                beforeClose: configuration.seconds("unwind.before_close_s"),
                deadline: configuration.seconds("unwind.deadline_s"), valuation: valuation),
            oneLegLossMax: configuration.money("risk.max_one_leg_loss_usd"),
            valuation: valuation, prefix: prefix, run: run)
        timeInForce = configuration.text("orders.time_in_force") == "fok" ? .fok : .ioc
        orderTimeout = configuration.milliseconds("orders.timeout_ms")
        legOrder = LegOrder(rawValue: configuration.text("orders.leg_order")) ?? .both
        // Seconds since 1970, and room for 16 million orders in each: 55 bits until the year 2038, of 62.
        sequenceBase = UInt64(max(0, NanoClock.utc().rawValue / 1_000_000_000)) << 24
        rehearsalInterval = configuration.milliseconds("lanes.rehearse_ms")
        rehearsalIntervalAway = Nanoseconds(rawValue: rehearsalInterval.rawValue * 10)  // a minute at most
        // A lane that parks is woken to the millisecond.
        rehearsesInParts = configuration.text("lanes.wait") != "park"
        sweepInterval = configuration.seconds("unwind.sweep_interval_s")
        let early = configuration.money("unwind.early_close_usd")
        earlyCloseMin = early.rawValue > 0 ? early : nil
        resolver = UnknownResolver.Settings(configuration)
        seats = max(2, Int(configuration.integer("orders.warm_connections")))
    }
}
