public import Trading

/// Cash of one place that orders are paid from: a Kalshi shard, or the Polymarket wallet.
///
/// What the venue last said, less all that our own orders have taken since then or may still take. Proceeds count when
/// the venue says so, never before: a sale may be void until it is mined.
struct Purse: Hashable, Sendable {
    /// Cash that ended executions took and that no snapshot shows yet.
    struct Unseen: Hashable, Sendable {
        var cash: Int128
        var doneAt: UTCNanos
    }

    static let unseenMax = 16

    let venue: VenueID
    let exchangeIndex: Int?
    let currency: Currency
    /// As the venue said; nil until it has.
    private(set) var balance: Money?
    private(set) var asOf = UTCNanos(rawValue: .min)
    /// Taken, or still to be taken, by executions that hold a reservation, and not yet in `balance`.
    var held: Int128 = 0
    private(set) var unseen: [Unseen] = []

    init(venue: VenueID, exchangeIndex: Int?, currency: Currency) {
        self.venue = venue
        self.exchangeIndex = exchangeIndex
        self.currency = currency
        unseen.reserveCapacity(Self.unseenMax)
    }

    /// Cash that nothing of ours has a claim on; nil until the venue has told a balance.
    var free: Int128? {
        guard let balance else { return nil }
        var free = Int128(balance.rawValue) - held
        for entry in unseen { free -= entry.cash }
        return free
    }

    /// Takes in a balance; false when it is older than what is known.
    mutating func set(_ cash: Money, asOf instant: UTCNanos, seenUntil: UTCNanos) -> Bool {
        guard instant >= asOf else { return false }
        balance = cash
        asOf = instant
        unseen.removeAll { $0.doneAt <= seenUntil }
        return true
    }

    /// Keeps what an ended execution took until a snapshot shows it.
    mutating func keep(_ cash: Int128, doneAt: UTCNanos) {
        guard cash != 0 else { return }
        if unseen.count < Self.unseenMax {
            unseen.append(Unseen(cash: cash, doneAt: doneAt))
        } else {
            // No room: the youngest carries it, and both wait for the later instant.
            let last = unseen.count - 1
            unseen[last].cash += cash
            unseen[last].doneAt = max(unseen[last].doneAt, doneAt)
        }
    }
}

/// Profit and loss of one UTC day, in raw fields, to be kept over a restart.
public struct DayBook: Hashable, Sendable {
    /// Days since 1970-01-01 UTC.
    public private(set) var day: Int64
    /// Net of the day, unwinds and fees in. Unit: 1e-8 USD.
    public private(set) var profit: Money

    /// A day's book as it was kept.
    public init(day: Int64 = .min, profit: Money = .zero) {
        self.day = day
        self.profit = profit
    }

    /// The day of an instant.
    public static func day(of instant: UTCNanos) -> Int64 {
        let (day, rest) = instant.rawValue.quotientAndRemainder(dividingBy: 86_400_000_000_000)
        return rest < 0 ? day - 1 : day
    }

    /// Loss of the day of an instant; zero when the day is another or has a profit.
    public func loss(at instant: UTCNanos) -> Money {
        Self.day(of: instant) > day ? .zero : Money(rawValue: max(0, profit.rawValue == .min ? .max : -profit.rawValue))
    }

    /// Adds a change of the profit. A day that is over is begun anew; an instant before the day belongs to the day (a
    /// clock that was set back does not forgive a loss).
    public mutating func book(_ change: Money, at instant: UTCNanos) {
        let today = Self.day(of: instant)
        if today > day { self = DayBook(day: today) }
        let (sum, over) = profit.rawValue.addingReportingOverflow(change.rawValue)
        profit = Money(rawValue: over ? (change.rawValue < 0 ? .min : .max) : sum)
    }
}

/// Orders of the last 60 seconds, by second: never counts fewer than there were.
struct OrderRate: Hashable, Sendable {
    private var second: Int64 = .min
    private var buckets = [Int32](repeating: 0, count: 61)
    private(set) var count = 0

    /// Forgets what is older than a minute.
    mutating func advance(to now: MonotonicNanos) {
        let current = now.rawValue / 1_000_000_000
        guard current > second else { return }
        let passed = second == .min ? 61 : min(61, current - second)
        for step in 0..<passed {
            let index = Self.index(current - step)
            count -= Int(buckets[index])
            buckets[index] = 0
        }
        second = current
    }

    /// Orders of the minute before an instant, without forgetting.
    func count(at now: MonotonicNanos) -> Int {
        var copy = self
        copy.advance(to: now)
        return copy.count
    }

    /// Notes orders; the second under which they were noted.
    mutating func add(_ orders: Int32, at now: MonotonicNanos) -> Int64 {
        advance(to: now)
        buckets[Self.index(second)] += orders
        count += Int(orders)
        return second
    }

    /// Takes orders back that did not leave after all.
    mutating func takeBack(_ orders: Int32, of noted: Int64) {
        guard second - noted < 61 else { return }
        buckets[Self.index(noted)] -= orders
        count -= Int(orders)
    }

    private static func index(_ second: Int64) -> Int { Int((second % 61 + 61) % 61) }
}
