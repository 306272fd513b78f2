public import Trading

/// What one order says about the health of what it went through.
public enum BreakerSignal: Hashable, Sendable {
    /// The venue answered as venues do: filled, working, killed for want of a counterpart.
    case good
    /// Says nothing either way: throttled, funds, never left this process.
    case neutral
    /// Nobody knows what became of it: deadline, 5xx, reset, unreadable answer.
    case unknown
    /// Refused by the venue, and we cannot say that we expected it.
    case reject

    /// True for what is counted against the scope.
    public var isError: Bool { self == .unknown || self == .reject }

    /// What a refusal counts as. Throttling, a kill, want of funds (also `not enough balance` before a buy is mined) are
    /// expected; everything else is not, the signature and the clock above all.
    public init(_ rejection: VenueRejection) {
        switch rejection.kind {
        case .unfilled: self = .good
        case .throttled, .balance: self = .neutral
        case .price, .size, .market, .venueMode, .postOnly, .duplicate, .authentication, .account, .version, .other:
            self = .reject
        }
    }

    /// What a leg's answer counts as.
    public init(_ outcome: LegReport.Outcome) {
        switch outcome {
        case .notSent: self = .neutral
        case .accepted: self = .good
        case .rejected(let rejection): self = BreakerSignal(rejection)
        case .unknown: self = .unknown
        }
    }
}

/// What a breaker guards.
public enum BreakerScope: Hashable, Sendable, CustomStringConvertible {
    /// Everything.
    case global
    /// Entries with a leg at this venue.
    case venue(VenueID)
    /// Entries of this pair or set.
    case pair(PairID)

    /// `global`, `venue:kalshi`, `pair:fed-dec-cut`: the label of the metric.
    public var description: String {
        switch self {
        case .global: "global"
        case .venue(let venue): "venue:\(venue.name)"
        case .pair(let pair): "pair:\(pair.name)"
        }
    }

    /// The scope of such a text; nil for any other.
    public init?(_ text: some StringProtocol) {
        if text == "global" {
            self = .global
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty else { return nil }
        switch parts[0] {
        case "venue":
            guard let venue = VenueID(name: parts[1]) else { return nil }
            self = .venue(venue)
        case "pair": self = .pair(PairID(String(parts[1])))
        default: return nil
        }
    }
}

/// Why a breaker opened.
public enum BreakerReason: String, Sendable, Hashable, CaseIterable {
    /// Errors in a row (`max_errors_consecutive`).
    case errorsConsecutive = "errors_consecutive"
    /// Errors among the last twenty orders (`max_error_rate_pct`).
    case errorRate = "error_rate"
    /// Many refusals in little time.
    case rejectSpike = "reject_spike"
    /// Answers that take too long, in a row.
    case latency
    /// The day's loss (`max_daily_loss_usd`).
    case dailyLoss = "daily_loss"
    /// An order stays unknown for longer than patience, or too many are.
    case unknownLegs = "unknown_legs"
    /// More was filled than was asked.
    case overfill
    /// A fill was void after it had been matched.
    case settlementFailed = "settlement_failed"
    /// Jobs were spilled beside a lane's ring: the machine does not keep up.
    case laneSpill = "lane_spill"

    /// True when the breaker may try again by itself, with one probe after the cooldown; others wait for `resume`.
    public var isProbed: Bool {
        switch self {
        case .errorsConsecutive, .errorRate, .rejectSpike, .latency: true
        case .dailyLoss, .unknownLegs, .overfill, .settlementFailed, .laneSpill: false
        }
    }
}

/// A change of a breaker, for log, metric and alert.
public struct BreakerEvent: Hashable, Sendable {
    /// What happened.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Entries stop.
        case opened
        /// One probe is out.
        case probing
        /// Entries go on.
        case closed
    }

    /// What it guards.
    public let scope: BreakerScope
    /// What happened.
    public let kind: Kind
    /// Why it is, or was, open.
    public let reason: BreakerReason
    /// What was counted. Unit: errors, percent, refusals, 1e-8 USD, orders, ns, contracts of 1e-8, or jobs.
    public let figure: Int64
    /// Where it trips. Unit: as `figure`.
    public let limit: Int64
    /// When.
    public let at: UTCNanos

    /// In words: `venue:kalshi opened: errors_consecutive 3 (limit 3)`.
    public var text: String {
        let (counted, most): (String, String) =
            switch reason {
            case .dailyLoss:
                (FixedPoint.text(figure, decimals: 2) + " USD", FixedPoint.text(limit, decimals: 2) + " USD")
            case .overfill, .settlementFailed: (FixedPoint.text(figure), FixedPoint.text(limit))
            case .latency: ("\(figure / 1_000_000) ms", "\(limit / 1_000_000) ms")
            case .errorRate: ("\(figure) %", "\(limit) %")
            case .errorsConsecutive, .rejectSpike, .unknownLegs, .laneSpill: (String(figure), String(limit))
            }
        return "\(scope) \(kind.rawValue): \(reason.rawValue) \(counted) (limit \(most))"
    }
}
