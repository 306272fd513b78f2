import Testing
import Trading

@testable import Risk

@Suite("RiskLimits: ceilings above the configuration (H04)")
struct RiskLimitsTests {
    @Test("the defaults and the widest limits are within the ceilings")
    func defaults() {
        #expect(RiskLimits().ceilingFaults.isEmpty)
        #expect(GateStage.wide.ceilingFaults.isEmpty)
    }

    static let fingers: [(key: String, change: @Sendable (inout RiskLimits, Int64) -> Void)] = [
        ("sizing.max_order_usd", { $0.orderMax = Money(rawValue: $0.orderMax.rawValue * $1) }),
        ("sizing.max_contracts", { $0.orderQtyMax = Quantity(rawValue: $0.orderQtyMax.rawValue * $1) }),
        ("risk.max_open_usd", { $0.openMax = Money(rawValue: $0.openMax.rawValue * $1) }),
        ("risk.max_pair_usd", { $0.pairMax = Money(rawValue: $0.pairMax.rawValue * $1) }),
        ("risk.max_venue_usd", { $0.venueMax = Money(rawValue: $0.venueMax.rawValue * $1) }),
        ("risk.max_gross_usd", { $0.grossMax = Money(rawValue: $0.grossMax.rawValue * $1) }),
        ("risk.max_net_usd", { $0.netMax = Money(rawValue: $0.netMax.rawValue * $1) }),
        ("risk.max_equity_pct", { $0.equityPctMax *= $1 }),
        ("risk.max_open_orders", { $0.openOrdersMax *= Int($1) }),
        ("risk.max_daily_loss_usd", { $0.dailyLossMax = Money(rawValue: $0.dailyLossMax.rawValue * $1) }),
        ("risk.max_errors_consecutive", { $0.errorsConsecutiveMax *= Int($1) }),
        ("risk.max_error_rate_pct", { $0.errorRatePctMax *= Int($1) }),
        ("risk.max_orders_per_minute", { $0.ordersPerMinuteMax *= Int($1) }),
        ("risk.max_one_leg_loss_usd", { $0.oneLegLossMax = Money(rawValue: $0.oneLegLossMax.rawValue * $1) }),
        ("risk.dust_usd", { $0.dust = Money(rawValue: $0.dust.rawValue * $1) }),
        ("risk.dust_max_usd", { $0.dustMax = Money(rawValue: $0.dustMax.rawValue * $1) }),
        ("risk.max_book_age_ms", { $0.bookAgeMax = Nanoseconds(rawValue: $0.bookAgeMax.rawValue * $1) }),
        ("risk.max_feed_silence_ms", { $0.feedSilenceMax = Nanoseconds(rawValue: $0.feedSilenceMax.rawValue * $1) }),
    ]

    @Test("a default typed a hundred times too large is refused, and named", arguments: fingers.indices)
    func fatFinger(_ index: Int) throws {
        let finger = Self.fingers[index]
        var limits = RiskLimits()
        finger.change(&limits, 100)
        #expect(limits.ceilingFaults.map(\.key) == [finger.key])
        #expect(throws: CeilingFault.self) { try GateStage(limits) }
    }

    @Test("a negative limit is refused", arguments: fingers.indices)
    func negative(_ index: Int) throws {
        let finger = Self.fingers[index]
        var limits = RiskLimits()
        finger.change(&limits, -1)
        let fault = try #require(limits.ceilingFaults.first)
        #expect(fault.key == finger.key)
        #expect(fault.ceiling == "0")
        #expect(fault.code == "E_CFG_CEILING")
    }

    @Test("a fault says key, value and ceiling")
    func words() throws {
        var limits = RiskLimits()
        limits.openMax = GateStage.usd("200000")
        let fault = try #require(limits.ceilingFaults.first)
        #expect(fault.description == "risk.max_open_usd = 200000 is beyond 100000, which no configuration may pass")
    }
}
