/// Whether a fill took liquidity or gave it.
@frozen
public enum Liquidity: String, Sendable, Hashable, CaseIterable {
    /// We crossed the spread.
    case taker
    /// Our resting order was hit.
    case maker
}

/// Which outcome of a market a contract pays on.
@frozen
public enum Outcome: String, Sendable, Hashable, CaseIterable {
    /// Pays one when the market resolves YES.
    case yes
    /// Pays one when the market resolves NO.
    case no

    /// The other outcome.
    @inlinable public var opposite: Outcome { self == .yes ? .no : .yes }
}

/// What a venue carries from fill to fill of one order when it rounds fees (Kalshi's accumulator). Starts at zero.
@frozen
public struct FeeState: Hashable, Sendable {
    /// 1e-8 of the currency that rounding took so far and has not given back.
    public var carried: Int64

    /// The state of an order without fills.
    @inlinable
    public init(carried: Int64 = 0) { self.carried = carried }
}

/// A fee cannot be computed; whatever it was for is blocked.
public enum FeeFault: Error, Hashable, Sendable {
    /// The result does not fit.
    case overflow
    /// The venue names a fee type, rate or exponent that we do not know exactly.
    case unknownSchedule(String)

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String {
        switch self {
        case .overflow: "E_AMT_OVERFLOW"
        case .unknownSchedule: "E_REF_FEE"
        }
    }
}

/// The exact fees of one instrument under one schedule.
public protocol FeeSchedule: Sendable {
    /// The fee of one fill of a BUY of an outcome, in the instrument's currency.
    ///
    /// - Parameters:
    ///   - price: price paid per contract of the outcome bought.
    ///   - quantity: contracts in this fill.
    ///   - state: of the order, over all its fills so far; updated.
    /// - Throws: `FeeFault`.
    func buyFee(_ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState) throws(FeeFault)
        -> Money

    /// The fee of one fill of a SELL of a held outcome.
    ///
    /// - Throws: `FeeFault`.
    func sellFee(_ price: Price, _ quantity: Quantity, _ liquidity: Liquidity, _ state: inout FeeState) throws(FeeFault)
        -> Money

    /// How far the fee of one fill can lie below `marginalBuyFee × quantity`; zero where the venue rounds up. With it the
    /// Sizer knows which sizes cannot win without trying them. Never smaller than the truth.
    var shortfallMax: Money { get }

    /// The model fee per contract at `price` before rounding, rounded down to 1e-8: what detection in a hurry uses.
    func marginalBuyFee(_ price: Price, _ liquidity: Liquidity) -> Money
}

/// The schedules of an instrument over time.
public struct FeeTimeline: Sendable {
    /// Ascending by instant; the first begins at the start of time.
    public let entries: [(from: UTCNanos, schedule: any FeeSchedule)]

    /// A timeline; `entries` are sorted by instant, not empty.
    public init(entries: [(from: UTCNanos, schedule: any FeeSchedule)]) {
        precondition(!entries.isEmpty, "a timeline has a schedule")
        self.entries = entries
    }

    /// One schedule for ever.
    public init(_ schedule: any FeeSchedule) { self.init(entries: [(UTCNanos(rawValue: .min), schedule)]) }

    /// The schedule in force, and the instant at which another takes over.
    public func schedule(at now: UTCNanos) -> (schedule: any FeeSchedule, until: UTCNanos?) {
        let index = entries.lastIndex { $0.from <= now } ?? 0
        return (entries[index].schedule, index + 1 < entries.count ? entries[index + 1].from : nil)
    }
}
