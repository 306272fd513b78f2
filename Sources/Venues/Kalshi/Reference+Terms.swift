import Codec
import Signing
import Trading

/// Everything that was read about one market, put together.
struct TermsSource {
    var market: Wire.MarketBody
    var event: Wire.EventBody
    var series: Wire.SeriesBody
    /// Of the series, past and future, ascending.
    var seriesChanges: [Wire.FeeChange]
    /// Of the event, past and future, ascending.
    var eventChanges: [Wire.FeeChange]
    var status: Wire.ExchangeStatus?
    var calendar: PauseCalendar?
    var readAt: UTCNanos
}

/// The terms with what only the feed needs besides.
struct BuiltTerms {
    var terms: InstrumentTerms
    /// The earliest end of entries other than the close time; nil: unknown.
    var otherEnd: UTCNanos?
}

extension TermsSource {
    /// The terms, or the first thing about them that is missing or unknown.
    func build(_ contract: Contract, account: FeeAccount, honoursWaiver: Bool, at now: UTCNanos) throws(ReferenceFault)
        -> BuiltTerms
    {
        try checkKind()
        let grid = try grid()
        guard let shard = market.exchangeIndex ?? contract.exchangeIndex else {
            throw Self.missing("exchange_index")
        }
        if let wanted = contract.exchangeIndex, wanted != shard {
            throw ReferenceFault(
                code: "E_REF_SHARD", text: "the market is on exchange \(shard), the pair file says \(wanted)")
        }
        guard let primary = market.rulesPrimary else { throw Self.missing("rules_primary") }
        guard let secondary = market.rulesSecondary else { throw Self.missing("rules_secondary") }
        guard let close = market.close else { throw Self.missing("close_time") }
        // Unknown dates are no fault of the market: they block entries, and the decision says so.
        var otherEnd: UTCNanos?
        if let expected = market.expectedExpiration, let pause = calendar?.next(at: now) {
            otherEnd = min(expected, pause.start)
        }
        var terms = InstrumentTerms(
            title: title, status: try status(shard), grid: grid, lot: Quantity(rawValue: 1_000_000),
            orderQtyMin: Quantity(rawValue: 1_000_000), fillStep: Quantity(rawValue: 1_000_000), currency: .usd,
            fees: try fees(account, honoursWaiver: honoursWaiver, at: now), entriesEnd: otherEnd.map { min($0, close) },
            payout: payout, readAt: readAt)
        terms.rulesSHA256 = Digest.hex(.sha256, primary + "\n" + secondary)
        terms.event = market.event
        terms.exchangeIndex = shard
        terms.placeholder = market.isProvisional
        terms.mutuallyExclusive = event.mutuallyExclusive
        return BuiltTerms(terms: terms, otherEnd: otherEnd)
    }

    static func missing(_ field: String) -> ReferenceFault {
        ReferenceFault(code: "E_REF_MISSING", text: "the venue's answer has no \(field)")
    }

    /// What the books, the fees and the payoff assume: a binary market that pays one dollar or nothing.
    private func checkKind() throws(ReferenceFault) {
        guard let type = market.type else { throw Self.missing("market_type") }
        guard type == "binary" else {
            throw ReferenceFault(code: "E_REF_KIND", text: "market_type is \(type), not binary")
        }
        if let notional = market.notional {
            do throws(AmountError) {
                guard try Money(decimal: notional).rawValue == FixedPoint.one else { throw .notDecimal }
            } catch {
                throw ReferenceFault(code: "E_REF_KIND", text: "notional_value_dollars is \(notional), not one dollar")
            }
        }
        if let bounds = market.settlementBounds, bounds != "default" {
            throw ReferenceFault(code: "E_REF_KIND", text: "settlement_bounds_type is \(bounds)")
        }
    }

    private func grid() throws(ReferenceFault) -> TickGrid {
        switch market.grid {
        case .success(let grid): return grid
        case .failure(let fault):
            let code = if case .grid(let grid) = fault.reason { grid.code } else { "E_REF_GRID" }
            throw ReferenceFault(code: code, text: "price_ranges make no grid (\(fault.code))")
        case nil: throw ReferenceFault(code: "E_REF_GRID", text: "the venue's answer has no price_ranges")
        }
    }

    private func status(_ shard: Int) throws(ReferenceFault) -> TradingStatus {
        switch market.status {
        case "initialized": return .unopened
        case "active":
            guard let status else { return .active }
            return status.shards[shard] ?? status.isTrading ? .active : .paused
        case "inactive": return .paused
        case "closed", "determined", "disputed", "amended", "finalized", "settled": return .closed
        case nil: throw Self.missing("status")
        case .some(let word): throw ReferenceFault(code: "E_REF_STATUS", text: "status is \(word)")
        }
    }

    private var title: String {
        if let title = market.title, !title.isEmpty { return title }
        return [event.title, market.yesSubTitle].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
    }

    /// The latest expiration, never before the expected one, and the settlement timer behind it.
    private var payout: UTCNanos? {
        guard let latest = market.latestExpiration, let timer = market.settlementTimer,
            (0...31_536_000).contains(timer)
        else { return nil }
        return max(latest, market.expectedExpiration ?? latest) + .seconds(timer)
    }
}

// Fees over time.
extension TermsSource {
    private func fees(
        _ account: FeeAccount, honoursWaiver: Bool, at now: UTCNanos
    ) throws(ReferenceFault) -> FeeTimeline {
        var current = try schedule(series.fees, event.fees, account)
        // The series and its log must tell the same story; where they do not, the dearer one is charged.
        if let logged = seriesChanges.last(where: { $0.from <= readAt }), logged.fees != series.fees {
            let other = try schedule(logged.fees, event.fees, account)
            if Self.cost(other) > Self.cost(current) { current = other }
        }
        var entries: [(from: UTCNanos, schedule: any FeeSchedule)] = [(UTCNanos(rawValue: .min), current)]
        let instants = Set((seriesChanges + eventChanges).map(\.from)).filter { $0 > readAt }.sorted()
        for instant in instants {
            let seriesFees = seriesChanges.last { $0.from <= instant && $0.from > readAt }?.fees ?? series.fees
            let eventFees = eventChanges.last { $0.from <= instant && $0.from > readAt }?.fees ?? event.fees
            do throws(ReferenceFault) {
                entries.append((instant, try schedule(seriesFees, eventFees, account)))
            } catch {
                entries.append((instant, UnknownFees(text: error.text)))
            }
        }
        if honoursWaiver, let waiver = market.feeWaiver, waiver > now {
            entries = waived(entries, until: waiver, account)
        }
        return FeeTimeline(entries: entries)
    }

    private func schedule(
        _ series: Wire.FeeWords, _ event: Wire.FeeWords, _ account: FeeAccount
    ) throws(ReferenceFault) -> Fees {
        guard let type = event.type ?? series.type else { throw Self.missing("fee_type") }
        guard let text = event.multiplier ?? series.multiplier else { throw Self.missing("fee_multiplier") }
        do {
            guard let multiplier = FeeMultiplier(rawValue: try FixedPoint.parse(text)) else {
                throw AmountError.overflow
            }
            return try Fees(feeType: type, multiplier: multiplier, account: account)
        } catch is AmountError {
            throw ReferenceFault(code: "E_REF_FEE", text: "fee_multiplier is \(text)")
        } catch {
            throw ReferenceFault(code: "E_REF_FEE", text: "fee_type is \(type), whose rates are not published")
        }
    }

    private static func cost(_ fees: Fees) -> Int64 {
        let half = Price(rawValue: FixedPoint.one / 2) ?? .one
        return fees.marginalBuyFee(half, .taker).rawValue + fees.marginalBuyFee(half, .maker).rawValue
    }

    private func waived(
        _ entries: [(from: UTCNanos, schedule: any FeeSchedule)], until waiver: UTCNanos, _ account: FeeAccount
    ) -> [(from: UTCNanos, schedule: any FeeSchedule)] {
        guard let none = FeeMultiplier(rawValue: 0) else { return entries }
        do throws(FeeFault) {
            let free = try Fees(feeType: "quadratic", multiplier: none, account: account)
            let after = FeeTimeline(entries: entries).schedule(at: waiver).schedule
            return [(UTCNanos(rawValue: .min), free), (waiver, after)] + entries.filter { $0.from > waiver }
        } catch { return entries }
    }
}

/// Fees from an instant on that nobody has published: every question is refused.
struct UnknownFees: FeeSchedule {
    let text: String

    func buyFee(
        _ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState
    ) throws(FeeFault) -> Money { throw .unknownSchedule(text) }

    func sellFee(
        _ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState
    ) throws(FeeFault) -> Money { throw .unknownSchedule(text) }

    var shortfallMax: Money { .zero }

    func marginalBuyFee(_ price: Price, _ liquidity: Liquidity) -> Money { .zero }
}
