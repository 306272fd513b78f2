public import Store
public import Trading

/// What an account did within some time, from its ledger alone: traded, paid, locked, lost, missed, gone wrong, held now.
///
/// Sums are exact. Amounts of a venue are in that venue's currency and are never added to another's; what is in dollars
/// was made dollars by `Valuation` when it was booked.
public struct DailyReport: Sendable {
    /// Orders at one venue.
    public struct Venue: Sendable, Hashable {
        /// The venue.
        public let venue: VenueID
        /// Orders by how they ended: `filled`, `partial`, `unfilled`, `rejected`, `unknown`, `not_sent`.
        public var orders: [String: Int] = [:]
        /// Fills told one by one.
        public var fills = 0
        /// Contracts bought.
        public var bought = Quantity.zero
        /// Contracts sold.
        public var sold = Quantity.zero
        /// Money spent on contracts, without fees. Unit: the venue's currency.
        public var spent = Money.zero
        /// Money received for contracts, without fees. Unit: as `spent`.
        public var received = Money.zero
        /// Fees. Unit: as `spent`.
        public var fees = Money.zero
        /// Orders of which some fill's fee is not known yet.
        public var feesOpen = 0

        /// All orders.
        public var count: Int { orders.values.reduce(0, +) }
    }

    /// Executions of one pair.
    public struct Pair: Sendable, Hashable {
        /// The pair.
        public let pair: String
        /// Executions.
        public var fired = 0
        /// Of them filled as planned.
        public var filled = 0
        /// Of them unwound.
        public var unwound = 0
        /// Net expected at the decisions, in dollars.
        public var expected = Money.zero
        /// Net that came of those that are over or locked, in dollars.
        public var net = Money.zero
    }

    /// A sum over executions of one kind.
    public struct Sum: Sendable, Hashable {
        /// How many.
        public var count = 0
        /// Net expected at the decisions, in dollars.
        public var expected = Money.zero
        /// Net that came of them, in dollars.
        public var net = Money.zero
        /// Those whose net is not known yet.
        public var open = 0
    }

    /// What is held now, whenever it was bought.
    public struct Exposure: Sendable, Hashable {
        /// `flat`, `hedged`, `exposed`, `unknown`: the gravest that holds.
        public var word = "flat"
        /// Orders of which nobody knows what became.
        public var unknown = 0
        /// Orders that are not over, unknown ones too.
        public var open = 0
        /// Executions of which contracts may stand alone.
        public var alone = 0
        /// Boxes that are not settled.
        public var boxes = 0
        /// Cost of their matched units, fees in, in dollars.
        public var cost = Money.zero
        /// What they pay at least, in dollars.
        public var payoff = Money.zero
        /// `payoff - cost`, in dollars.
        public var locked: Money { Money(rawValue: payoff.rawValue - cost.rawValue) }
    }

    /// The account.
    public let account: String
    /// From here on.
    public let from: UTCNanos
    /// Before this.
    public let until: UTCNanos
    /// When it was made.
    public let at: UTCNanos
    /// Modes of the runs that decided something within the time, each once.
    public private(set) var modes: [String] = []
    /// Venues of the newest run: `production`, `demo`, `loopback`.
    public private(set) var venuesKind = ""
    /// What is held now.
    public private(set) var exposure = Exposure()
    /// Executions by result.
    public private(set) var results: [String: Sum] = [:]
    /// Orders by venue.
    public private(set) var venues: [Venue] = []
    /// Executions by pair, the most fired first.
    public private(set) var pairs: [Pair] = []
    /// Closing orders by their way.
    public private(set) var closes: [String: Int] = [:]
    /// Opportunities by kind and disposition.
    public private(set) var opportunities: [Ledger.CountRow] = []
    /// Opportunities that passed every gate and were not fired, by code and reason.
    public private(set) var missed: [Ledger.CountRow] = []
    /// What went wrong with orders, by venue.
    public private(set) var orderFaults: [Ledger.CountRow] = []
    /// What feeds and readers noticed, by code.
    public private(set) var notices: [Ledger.CountRow] = []
    /// Alerts by code and level.
    public private(set) var alerts: [Ledger.CountRow] = []
    /// Changes of breakers, oldest first.
    public private(set) var breakers: [Ledger.BreakerRow] = []
    /// Scopes that are open now.
    public private(set) var openBreakers: [String] = []
    /// Halts and resumes, oldest first.
    public private(set) var halts: [Ledger.HaltRow] = []

    /// True when what is told is a model of fills, not fills.
    public var isPaper: Bool { modes.contains(TradingMode.paper.rawValue) }

    /// All executions.
    public var total: Sum {
        results.values.reduce(into: Sum()) { sum, next in
            sum.count += next.count
            sum.open += next.open
            sum.expected = Self.added(sum.expected, next.expected)
            sum.net = Self.added(sum.net, next.net)
        }
    }

    /// Net of what was filled whole or in part without anything standing alone: locked until it is paid. In dollars.
    public var locked: Sum { of(["filled", "partial"]) }
    /// Net of what stood alone and was closed, what is left of it in boxes included. In dollars.
    public var unwound: Sum { of(["unwound"]) }

    private func of(_ kinds: [String]) -> Sum {
        results.filter { kinds.contains($0.key) }.values.reduce(into: Sum()) { sum, next in
            sum.count += next.count
            sum.open += next.open
            sum.expected = Self.added(sum.expected, next.expected)
            sum.net = Self.added(sum.net, next.net)
        }
    }

    /// Reads it.
    ///
    /// - Throws: `StoreFault`; `E_STORE_CORRUPT` also for sums beyond 64 bits.
    public init(_ ledger: Ledger, account: String, from: UTCNanos, until: UTCNanos, at now: UTCNanos)
        throws(StoreFault)
    {
        (self.account, self.from, self.until, self.at) = (account, from, until, now)
        venuesKind = try ledger.lastRun()?.venues ?? ""
        try readExecutions(ledger)
        try readOrders(ledger)
        try readExposure(ledger)
        opportunities = try ledger.opportunityCounts(since: from, until: until)
        missed = try ledger.missedCounts(since: from, until: until)
        orderFaults = try ledger.orderFaultCounts(since: from, until: until)
        notices = try ledger.noticeCounts(since: from, until: until)
        alerts = try ledger.alertCounts(since: from, until: until)
        breakers = try ledger.breakerEvents(since: from, limit: Self.rowsMax).filter { $0.at < until }.reversed()
        openBreakers = try ledger.openBreakers().map(\.scope)
        halts = try ledger.halts(limit: 1_000).filter { $0.at >= from && $0.at < until }.reversed()
        if modes.isEmpty, let last = try ledger.lastRun(), !opportunities.isEmpty { modes = [last.mode] }
    }

    private static let rowsMax = 10_000_000

    private mutating func readExecutions(_ ledger: Ledger) throws(StoreFault) {
        var byPair: [String: Pair] = [:]
        for row in try ledger.executions(since: from, limit: Self.rowsMax) where row.decided < until {
            var sum = results[row.result] ?? Sum()
            var pair = byPair[row.pair] ?? Pair(pair: row.pair)
            sum.count += 1
            pair.fired += 1
            if row.result == "filled" { pair.filled += 1 }
            if row.result == "unwound" { pair.unwound += 1 }
            sum.expected = Self.added(sum.expected, row.edgeExpected)
            pair.expected = Self.added(pair.expected, row.edgeExpected)
            if let net = row.edgeRealized {
                sum.net = Self.added(sum.net, net)
                pair.net = Self.added(pair.net, net)
            } else {
                sum.open += 1
            }
            results[row.result] = sum
            byPair[row.pair] = pair
            if !modes.contains(row.mode) { modes.append(row.mode) }
        }
        pairs = byPair.values.sorted { ($1.fired, $0.pair) < ($0.fired, $1.pair) }
    }

    private mutating func readOrders(_ ledger: Ledger) throws(StoreFault) {
        var byVenue: [VenueID: Venue] = [:]
        for row in try ledger.orderCounts(since: from, until: until) {
            guard let id = VenueID(name: row.first) else { continue }
            byVenue[id, default: Venue(venue: id)].orders[row.second] = row.count
        }
        var filter = Ledger.OrderFilter(limit: Self.rowsMax)
        filter.since = from
        for order in try ledger.orders(filter) where order.intended >= from && order.intended < until {
            guard order.state.order.purpose != .tombstone else { continue }
            if let role = order.role, role != .leg { closes[role.rawValue, default: 0] += 1 }
            Self.add(order, to: &byVenue[order.venue, default: Venue(venue: order.venue)])
        }
        venues = byVenue.values.sorted { $0.venue < $1.venue }
    }

    private static func add(_ order: StoredOrder, to venue: inout Venue) {
        let state = order.state
        venue.fills += state.fills.count
        guard state.cumQty.rawValue > 0 else { return }
        if state.order.side == .buy {
            venue.bought = Quantity(rawValue: venue.bought.rawValue + state.cumQty.rawValue)
            venue.spent = added(venue.spent, state.cumCash)
        } else {
            venue.sold = Quantity(rawValue: venue.sold.rawValue + state.cumQty.rawValue)
            venue.received = added(venue.received, state.cumCash)
        }
        venue.fees = added(venue.fees, state.fees)
        if !state.isFeeWhole { venue.feesOpen += 1 }
    }

    private mutating func readExposure(_ ledger: Ledger) throws(StoreFault) {
        var filter = Ledger.OrderFilter(limit: Self.rowsMax)
        filter.standing = .open
        let open = try ledger.orders(filter)
        exposure.open = open.count
        exposure.unknown = open.count { $0.state.isUnknown }
        exposure.alone = try ledger.unboxedExecutions().count
        for box in try ledger.boxes() {
            exposure.boxes += 1
            exposure.cost = Self.added(exposure.cost, box.cost)
            exposure.payoff = Self.added(exposure.payoff, box.payoff)
        }
        exposure.word =
            exposure.unknown > 0
            ? "unknown" : exposure.alone > 0 ? "exposed" : exposure.boxes > 0 ? "hedged" : "flat"
    }

    /// 64 bits of 1e-8 are 92 billion dollars: beyond it the sum stays at the end of the scale.
    private static func added(_ left: Money, _ right: Money) -> Money {
        Money(rawValue: Int64(clamping: Int128(left.rawValue) + Int128(right.rawValue)))
    }
}
