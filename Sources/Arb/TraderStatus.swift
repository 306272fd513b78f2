public import Risk
public import Trading

/// What a trader knows of itself at one instant, for people: never an input of a decision.
public struct TraderStatus: Sendable, Hashable {
    /// A pair that takes no entries.
    public struct Stop: Sendable, Hashable {
        /// The pair.
        public let pair: PairID
        /// Why, stable words with commas between them; and in words.
        public let causes: String, text: String
    }

    /// When this was true.
    public var at: Stamp
    /// What our own orders hold, or may.
    public var exposure = Exposure()
    /// Causes of a halt of everything, the gravest first, each with its reason.
    public var halts: [String] = []
    /// True while an operator's halt stands, also one that the hot lane has not looked at yet.
    public var isHaltedByOperator = false
    /// Breakers that are not closed.
    public var breakers: [BreakerRecord] = []
    /// Pairs that are halted.
    public var stops: [Stop] = []
    /// Profit of this UTC day, losses negative. Unit: USD.
    public var profitToday = Money.zero
    /// Executions and orders that are here: those that are not over, and those that ended of late.
    public var kept = 0, keptOrders = 0
    /// Counts since the start.
    public var counters = TraderCounters()
    /// True once both accounts were read and what earlier runs left is known.
    public var isReady = false
    /// True once both accounts were read.
    public var isRead = false
    /// Why nothing is entered in this run any more; empty: it is.
    public var blocked = ""

    /// Nothing known but the time.
    public init(at stamp: Stamp) { at = stamp }
}

extension Trader {
    /// Breakers that are not closed.
    public var openBreakers: Int { gate.breaker.records.count }

    /// Our names of the orders of which nobody knows what became, in order of their sending.
    public var unknownNames: [String] {
        resolvers.keys.sorted().map { registry[OrderHandle($0)].state.order.clOrdID.description }
    }

    /// Reads both accounts to the last page, soon: orders and fills since then.
    public func readAccounts(since: UTCNanos, at now: Stamp) {
        for venue in gateways.keys.sorted() { accounts.read(venue, since: since) }
        for (index, _) in resolvers { step(OrderHandle(index), now) }
    }

    /// Venues of which no whole read was sent since then and has come back.
    public func unread(since instant: UTCNanos) -> [VenueID] {
        gateways.keys.sorted().filter { lastRead[$0].map { $0 < instant } ?? true }
    }

    /// True for a pair of the catalog.
    public func knows(_ pair: PairID) -> Bool { catalog.baskets.contains { $0.pair == pair } }

    /// Everything an operator asks for. Costs a walk over what is open: for status, not for messages.
    public func status(at now: Stamp) -> TraderStatus? {
        var status = TraderStatus(at: now)
        status.exposure = positions.exposure
        status.halts = gate.killSwitch.causes.map { cause in
            "\(cause.rawValue): \(gate.killSwitch.reason(cause) ?? "")"
        }
        status.isHaltedByOperator = haltFlag.isRaised || gate.killSwitch.reason(.operator) != nil
        status.breakers = gate.breaker.records
        status.stops = haltReasons.keys.sorted { $0.name < $1.name }.compactMap { pair in
            let causes = gate.suspensions(of: pair)
            guard !causes.isEmpty else { return nil }
            return TraderStatus.Stop(
                pair: pair, causes: causes.map(\.rawValue).joined(separator: ","), text: haltReasons[pair] ?? "")
        }
        let isToday = gate.dayBook.day == DayBook.day(of: now.utc)
        status.profitToday = isToday ? gate.dayBook.profit : .zero
        (status.kept, status.keptOrders) = (kept, keptOrders)
        status.counters = counters
        status.isReady = isReady
        status.isRead = unread.isEmpty
        status.blocked = isBlocked ? blockReason : ""
        return status
    }
}
