import Trading

/// Why an entry was refused: a stable word, and the figures that say how far beyond it was.
///
/// A value without text, so that refusing allocates nothing; the words are made when somebody reads them.
public struct RiskRefusal: Error, Hashable, Sendable {
    /// Stable words; those of limits are the configuration's keys.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// Entries are halted: by the operator, an alert or the breaker.
        case halted
        /// The breaker is open for all, for a venue of the basket, or for its pair.
        case breakerGlobal = "breaker_global"
        /// As `breakerGlobal`.
        case breakerVenue = "breaker_venue"
        /// As `breakerGlobal`.
        case breakerPair = "breaker_pair"
        /// The breaker admits one probe of the smallest size, and this is larger, or not the first.
        case breakerProbe = "breaker_probe"
        /// The pair is suspended: FOREIGN position, changed rules, drift, or an unknown leg that nobody resolved.
        case pairSuspended = "pair_suspended"
        /// The pair or set is not approved.
        case notApproved = "not_approved"
        /// Not a basket of two legs at the two ends that the gate knows.
        case notFireable = "not_fireable"
        /// The opposite direction of a box that is open: an early close of it, never an entry.
        case oppositeOpen = "opposite_open"
        /// An order at a venue of the basket is unknown: nothing more goes there until it is known.
        case venueUnanswered = "venue_unanswered"
        /// A leg's book is too old, or the clocks contradict each other.
        case staleBook = "max_book_age_ms"
        /// A leg's connection is silent, or its cross-check is too old.
        case silentFeed = "max_feed_silence_ms"
        /// More capital than one basket may lock.
        case orderMax = "max_order_usd"
        /// More contracts than one leg may have.
        case orderQtyMax = "max_contracts"
        /// More capital than one pair may lock.
        case pairMax = "max_pair_usd"
        /// More capital than one venue may hold.
        case venueMax = "max_venue_usd"
        /// More capital than may be locked altogether.
        case openMax = "max_open_usd"
        /// More contracts than may be held altogether, at what they pay.
        case grossMax = "max_gross_usd"
        /// More that may stand without a partner than admitted.
        case netMax = "max_net_usd"
        /// More than the admitted share of the equity.
        case equityMax = "max_equity_pct"
        /// Not enough cash in the purse, what is reserved counted as spent.
        case cash
        /// Enough cash, but not without the unwind reserve.
        case unwindReserve = "unwind_reserve_usd"
        /// The venue has not told the purse's balance yet.
        case balanceUnknown = "balance_unknown"
        /// A leg alone could lose more than admitted.
        case oneLegLoss = "max_one_leg_loss_usd"
        /// The day's loss, with what is in flight and this, could pass the limit.
        case dailyLoss = "max_daily_loss_usd"
        /// More orders open than admitted.
        case openOrders = "max_open_orders"
        /// More orders a minute than admitted.
        case orderRate = "max_orders_per_minute"
        /// No room for another reservation.
        case reservations = "reservations_full"
        /// An amount of the request is negative, zero where it may not be, or beyond 64 bits.
        case amounts
    }

    /// Why.
    public let reason: Reason
    /// What it would come to with this entry; nil where the reason is no figure. Unit: 1e-8 USD or contracts, or a count.
    public let wanted: Int64?
    /// What is admitted. Unit: as `wanted`.
    public let admitted: Int64?

    init(_ reason: Reason, wanted: Int128? = nil, admitted: Int128? = nil) {
        self.reason = reason
        self.wanted = wanted.map { Int64(clamping: $0) }
        self.admitted = admitted.map { Int64(clamping: $0) }
    }

    /// Stable; listed in `Docs/ERRORS.md`.
    public var code: String {
        switch reason {
        case .halted, .breakerGlobal, .breakerVenue, .breakerPair, .breakerProbe: "E_EXEC_CIRCUIT_OPEN"
        default: "E_EXEC_RISK_REFUSED"
        }
    }

    /// In words with figures: `max_open_usd: 2005.00 wanted, 2000.00 admitted`.
    public var text: String {
        guard let wanted, let admitted else { return reason.rawValue }
        return "\(reason.rawValue): \(Self.words(wanted, reason)) wanted, \(Self.words(admitted, reason)) admitted"
    }

    private static func words(_ figure: Int64, _ reason: Reason) -> String {
        switch reason {
        case .openOrders, .orderRate, .reservations: String(figure)
        case .orderQtyMax, .breakerProbe: FixedPoint.text(figure)
        default: FixedPoint.text(figure, decimals: 2)
        }
    }
}
