public import Trading

/// What to ask, and when, about one order of which nobody knows what became. Only evidence ends it: this machine says what
/// to look for and what the looking proves; time alone proves nothing.
///
/// - Lane: any; a value without clock or I/O. Every instant is the caller's.
public struct UnknownResolver: Hashable, Sendable {
    /// How patient it is.
    public struct Settings: Hashable, Sendable {
        /// When the venue is asked, after the order became unknown; the last gap is repeated.
        public var asks: [Nanoseconds] = [0, 200, 500, 1_000, 2_000, 4_000].map(Nanoseconds.milliseconds)
        /// After this long a critical alert goes out and the pair is halted.
        public var alertAfter = Nanoseconds.seconds(10)
        /// Reads lag writes: a read sent sooner than this after the order says nothing about what is missing.
        public var readLag = Nanoseconds.seconds(1)
        /// Kalshi: how old an order may be for a tombstone to prove anything; zero is off.
        public var tombstoneMaxAge = Nanoseconds.zero
        /// Kalshi: how often a tombstone is sent at most: one that is lost itself is sent again, the same bytes.
        public var tombstonesMax = 8
        /// Polymarket: how long after sending an order that nothing shows can no longer enter, before the market's delay.
        public var deadAfter = Nanoseconds.seconds(60)

        /// The defaults of the design.
        public init() {}
    }

    /// A read that could show the order.
    public enum Question: String, Hashable, Sendable, CaseIterable {
        /// The order by its name (Polymarket's hash; Kalshi's id once it is known).
        case order
        /// All orders of its market, working and done (Kalshi has no look-up by our id).
        case ordersOfMarket = "orders_of_market"
        /// All fills or trades of its market since it was sent.
        case fillsOfMarket = "fills_of_market"
        /// Cash and shares of the wallet: do known fills explain them?
        case balance
    }

    /// What is to be done.
    public enum Step: Hashable, Sendable {
        /// Read this now.
        case ask(Question)
        /// Tell the operator, and halt the pair until `resume --pair`.
        case alert
        /// Send an order that cannot matter under the same id (its own intent comes first); again when nobody knows what
        /// became of it: the venue takes one order of an id, whichever comes first, so that another try changes nothing.
        case tombstone
        /// Proved: apply `cannotEnter` with these words.
        case conclude(String)
    }

    /// What was found. An order that was found is not told here: its report ends the search.
    public enum Finding: Hashable, Sendable {
        /// Read to the last page, and nothing of it was there; the request left at that instant.
        case nothing(Question, askedAt: MonotonicNanos)
        /// The connection that carried it is closed: nothing more of it can leave us.
        case connectionClosed
        /// Balances read at that instant are what known fills explain.
        case balanceExplained(askedAt: MonotonicNanos)
        /// The tombstone was accepted (201): the id was free, and is no more.
        case tombstoneAccepted
        /// The tombstone was refused for its id (409): the original has it, or an earlier try has. A list says which.
        case nameUsed
        /// A tombstone came to nothing that proves anything, known at that instant: lost, refused otherwise, not sent.
        case tombstoneLost(at: MonotonicNanos)
        /// The list shows our tombstone under the id, and not the original.
        case onlyTombstoneListed
    }

    /// The venue.
    public let venue: VenueID
    /// When bytes may have left.
    public let sentAt: MonotonicNanos
    /// When it became unknown.
    public let since: MonotonicNanos
    private let delay: Nanoseconds
    private let canTombstone: Bool
    private let settings: Settings
    private var round = 0
    private var isAlerted = false
    private var tombstones = 0
    private var isTombstoneOut = false
    private var isNameUsed = false
    /// Reads sent sooner than the lag after this instant may miss what was sent last.
    private var lastSent: MonotonicNanos
    private var proof: String?
    private var isConcluded = false
    private var hasLooked = false
    private var isClosed = false
    private var isOrderAbsent = false
    private var areTradesAbsent = false
    private var isBalanceExplained = false

    /// A search.
    ///
    /// - Parameter marketDelay: how long the market holds orders back before matching.
    public init(
        _ order: NewOrder, venue: VenueID, sentAt: MonotonicNanos, since: MonotonicNanos, marketDelay: Nanoseconds,
        settings: Settings
    ) {
        precondition(!settings.asks.isEmpty, "something is asked")
        self.venue = venue
        self.sentAt = sentAt
        lastSent = sentAt
        self.since = since
        self.settings = settings
        delay = marketDelay
        // A resting order may be cancelled instead; only one that cannot rest is proved dead by a used id.
        canTombstone = venue == .kalshi && order.timeInForce.isImmediate && settings.tombstoneMaxAge > .zero
    }

    /// When an order that nothing shows can no longer enter (Polymarket).
    public var deadAt: MonotonicNanos { sentAt + settings.deadAfter + delay }

    /// When there is something to do next; nil when nothing ever will be.
    public var nextDeadline: MonotonicNanos? {
        if isConcluded { return nil }
        if proof != nil { return since }
        return isAlerted ? askAt(round) : min(askAt(round), since + settings.alertAfter)
    }

    private func askAt(_ round: Int) -> MonotonicNanos {
        let last = settings.asks.count - 1
        guard round > last else { return since + settings.asks[round] }
        let before = last > 0 ? settings.asks[last - 1] : .zero
        let gap = max(settings.asks[last].rawValue - before.rawValue, 1_000_000)
        return since + Nanoseconds(rawValue: settings.asks[last].rawValue + Int64(round - last) * gap)
    }

    /// What is due. Each step is given once; reads come again until the order is known.
    public mutating func steps(at now: MonotonicNanos) -> [Step] {
        if isConcluded { return [] }
        if let proof {
            isConcluded = true
            return [.conclude(proof)]
        }
        var steps: [Step] = []
        if !isAlerted, now >= since + settings.alertAfter {
            isAlerted = true
            steps.append(.alert)
        }
        if now >= askAt(round) {
            // Late is once, not as often as was missed.
            while now >= askAt(round) { round += 1 }
            steps += questions(at: now).map(Step.ask)
        }
        if canTombstone, !isTombstoneOut, !isNameUsed, tombstones < settings.tombstonesMax, hasLooked,
            now - sentAt <= settings.tombstoneMaxAge
        {
            isTombstoneOut = true
            tombstones += 1
            steps.append(.tombstone)
        }
        return steps
    }

    private func questions(at now: MonotonicNanos) -> [Question] {
        switch venue {
        case .kalshi: [.ordersOfMarket, .fillsOfMarket]
        case .polymarket: now < deadAt ? [.order, .fillsOfMarket] : [.order, .fillsOfMarket, .balance]
        }
    }

    /// Takes what a read or a tombstone showed. Failed reads are not told: they show nothing.
    public mutating func found(_ finding: Finding) {
        switch finding {
        case .tombstoneAccepted:
            if tombstones > 0 { proof = "the tombstone took its id" }
        // Whoever sent it: no order but ours has this id, and there is one of each.
        case .onlyTombstoneListed: if venue == .kalshi { proof = "its id is the tombstone's" }
        case .nameUsed:
            isTombstoneOut = false
            isNameUsed = true
        case .tombstoneLost(let instant):
            isTombstoneOut = false
            hasLooked = false
            lastSent = max(lastSent, instant)
        case .connectionClosed: isClosed = true
        case .nothing(let question, let askedAt):
            guard askedAt - lastSent >= settings.readLag else { return }
            if question == .ordersOfMarket || question == .order { hasLooked = true }
            guard venue == .polymarket, askedAt >= deadAt else { return }
            if question == .order { isOrderAbsent = true }
            if question == .fillsOfMarket { areTradesAbsent = true }
        case .balanceExplained(let askedAt):
            if venue == .polymarket, askedAt >= deadAt { isBalanceExplained = true }
        }
        if proof == nil, isClosed, isOrderAbsent, areTradesAbsent, isBalanceExplained {
            proof = "connection closed, no order, no trade and no money moved by dead_after"
        }
    }
}
