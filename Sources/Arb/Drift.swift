public import Trading

/// One thing in which our record and a venue's account of us differ. Shown, explained where it can be, and never the cause
/// of an order: a residual is born from fills of our own orders alone.
public struct Difference: Hashable, Sendable {
    /// What differs.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// An order that we hold to be alive, or unknown, is not listed.
        case orderMissingThere = "order_missing_there"
        /// A listed order that no record of ours explains: FOREIGN, or of another run of ours.
        case orderMissingHere = "order_missing_here"
        /// Both have the order and do not agree on whether it is done.
        case orderStanding = "order_standing"
        /// The venue's sum of an order is beyond ours.
        case orderQuantity = "order_quantity"
        /// A listed fill of our order that we have not booked.
        case fillMissingHere = "fill_missing_here"
        /// A fill that we booked is not listed.
        case fillMissingThere = "fill_missing_there"
        /// One fill with two sizes or prices.
        case fillAmounts = "fill_amounts"
        /// Contracts held.
        case position
        /// Cash.
        case balance
        /// A contract of the chain may not take what orders need.
        case allowance
    }

    /// How much it matters.
    public enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
        /// Explained in full.
        case info
        /// To be looked at; no exposure hangs on it that we do not count.
        case warning
        /// Exposure that we do not know may hang on it: the pair is halted.
        case critical

        private var rank: Int { self == .info ? 0 : self == .warning ? 1 : 2 }
        /// Orders by how much it matters.
        public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }
    }

    /// What would account for a difference of positions.
    public enum Explanation: String, Sendable, Hashable, CaseIterable {
        /// The market is settled: winners are paid, positions go.
        case settlement
        /// Both outcomes on a venue that nets them: equal parts went against each other.
        case netting
        /// Equal parts of both outcomes are gone: merged into cash.
        case merge
        /// Fills of orders that are not ours account for it.
        case foreign
        /// The venue lists no position at all: an empty list is not a flat account until a second read says so.
        case emptyList = "empty_list"
    }

    /// What differs.
    public let kind: Kind
    /// How much it matters.
    public let severity: Severity
    /// The venue.
    public let venue: VenueID
    /// Ticker, condition id, purse or spender.
    public let symbol: String
    /// The order, fill or token it is about; hostile text.
    public let subject: String
    /// What we have; empty where there is nothing.
    public let ours: String
    /// What the venue has; empty where there is nothing.
    public let theirs: String
    /// Who contradicts us.
    public let witness: EvidenceSource
    /// What accounts for it, or might.
    public let explanations: [Explanation]
    /// True when an explanation accounts for all of it.
    public let isExplained: Bool
    /// What it means, and what a person can do, in one sentence.
    public let text: String
    /// Of a position: contracts that the venue has beyond ours, below zero those that it lacks.
    public internal(set) var yesExcess = Quantity.zero, noExcess = Quantity.zero

    init(
        _ kind: Kind, _ severity: Severity, _ venue: VenueID, symbol: String, subject: String = "", ours: String = "",
        theirs: String = "", explanations: [Explanation] = [], isExplained: Bool = false, _ text: String
    ) {
        self.kind = kind
        self.severity = severity
        self.venue = venue
        self.symbol = symbol
        self.subject = subject
        self.ours = ours
        self.theirs = theirs
        self.witness = .query
        self.explanations = explanations
        self.isExplained = isExplained
        self.text = text
    }
}

/// What our record says of one venue's account.
public struct OurAccount: Sendable {
    /// One order of ours.
    public struct Order: Sendable {
        /// The venue's name, where it is known.
        public var orderID: OrderID?
        /// Ticker, or condition id.
        public var symbol: String
        /// What is known of it.
        public var state: OrderState
        /// When bytes may have left; nil when none did.
        public var sentAt: UTCNanos?
        /// When anything new was last told of it.
        public var heardAt: UTCNanos

        /// An order.
        public init(orderID: OrderID?, symbol: String, state: OrderState, sentAt: UTCNanos?, heardAt: UTCNanos) {
            self.orderID = orderID
            self.symbol = symbol
            self.state = state
            self.sentAt = sentAt
            self.heardAt = heardAt
        }
    }

    /// The venue.
    public var venue: VenueID
    /// The account's part of every order id of ours.
    public var prefix: UInt32
    /// Our orders there.
    public var orders: [Order] = []
    /// What our own fills amount to, both outcomes apart, less what was settled, merged or redeemed.
    public var positions: [VenuePosition] = []
    /// Cash as our record has it; empty where it has none, and then nothing is compared.
    public var balances: [VenueBalance] = []
    /// When `balances` were as they are; what our fills and settlements moved since then is added before they are compared.
    public var balancesAt: UTCNanos?
    /// Markets that were paid since then, or before.
    public var paidOut: [VenueSettlement] = []
    /// Markets known to be settled.
    public var settled: Set<String> = []
    /// Venue's names of orders that are ours, ended long ago, and are in `orders` no more.
    public var isOver: @Sendable (OrderID) -> Bool = { _ in false }

    /// An empty record.
    public init(venue: VenueID, prefix: UInt32) {
        self.venue = venue
        self.prefix = prefix
    }

    /// What a registry knows of one venue; positions and cash are added by whoever keeps them.
    ///
    /// - Parameter room: a list whose room is used again, and not what is in it: who compares all day makes no new one.
    public init(_ registry: OrderRegistry, venue: VenueID, room: consuming [Order] = []) {
        self.init(venue: venue, prefix: registry.prefix)
        orders = room
        orders.removeAll(keepingCapacity: true)
        for (_, record) in registry.orders where record.venue == venue {
            // A list repeats what is known of an order for a day: only news moves anything.
            orders.append(
                Order(
                    orderID: record.orderID, symbol: record.symbol, state: record.state, sentAt: record.sentAt?.utc,
                    heardAt: record.changedAt?.utc ?? record.intendedAt.utc))
        }
    }
}

/// Compares our record with a venue's own account of us.
///
/// - Lane: any; pure.
public struct Drift {
    /// What is compared, and when it may be.
    public struct Settings: Sendable {
        /// Reads lag writes: what happened within this before the read began is not compared.
        public var lag = Nanoseconds.seconds(5)

        /// The defaults.
        public init() {}
    }

    let ours: OurAccount
    let theirs: AccountSnapshot
    /// What was told or done after this may be missing from the read.
    let settledBefore: UTCNanos
    /// Done orders and fills were read back to here.
    let since: UTCNanos
    /// Places in `ours.orders` of those whose venue's name we know.
    private let byOrderID: [OrderID: Int]
    /// The same of those whose venue's name we were not told.
    private let unnamed: [ClOrdID: Int]
    /// Markets of which something was told or done after `settledBefore`.
    private let loud: Set<String>

    /// - Parameter since: how far back the snapshot's done orders and fills go.
    init(_ ours: OurAccount, _ theirs: AccountSnapshot, since: UTCNanos, settings: Settings) {
        precondition(ours.venue == theirs.venue, "one venue is compared with itself")
        self.ours = ours
        self.theirs = theirs
        self.since = since
        let settledBefore = Self.settledBefore(theirs, settings)
        self.settledBefore = settledBefore
        var byOrderID: [OrderID: Int] = [:], unnamed: [ClOrdID: Int] = [:], loud: Set<String> = []
        byOrderID.reserveCapacity(ours.orders.count)
        for (place, order) in ours.orders.enumerated() {
            if order.heardAt > settledBefore { loud.insert(order.symbol) }
            if let orderID = order.orderID {
                if byOrderID[orderID] == nil { byOrderID[orderID] = place }
            } else if order.state.order.purpose != .tombstone, unnamed[order.state.order.clOrdID] == nil {
                unnamed[order.state.order.clOrdID] = place
            }
        }
        // A tombstone carries the name of the order that it proves dead, and is meant where that order is not here.
        for (place, order) in ours.orders.enumerated() where order.state.order.purpose == .tombstone {
            let clOrdID = order.state.order.clOrdID
            guard order.orderID == nil, unnamed[clOrdID] == nil,
                !ours.orders.contains(where: {
                    $0.state.order.clOrdID == clOrdID && $0.state.order.purpose != .tombstone
                })
            else { continue }
            unnamed[clOrdID] = place
        }
        for fill in theirs.fills where fill.transactTime.map({ $0 > settledBefore }) ?? false {
            loud.insert(fill.symbol)
        }
        (self.byOrderID, self.unnamed, self.loud) = (byOrderID, unnamed, loud)
    }

    private static func settledBefore(_ theirs: AccountSnapshot, _ settings: Settings) -> UTCNanos {
        theirs.asOf + Nanoseconds(rawValue: -settings.lag.rawValue)
    }

    /// All differences, the gravest first, then by kind, market and subject.
    public static func differences(
        _ ours: OurAccount, _ theirs: AccountSnapshot, since: UTCNanos, settings: Settings = Settings()
    ) -> [Difference] {
        let drift = Drift(ours, theirs, since: since, settings: settings)
        let found = drift.orders + drift.fills + drift.positions + drift.balances + drift.allowances
        return found.sorted { left, right in
            if left.severity != right.severity { return left.severity > right.severity }
            if left.kind != right.kind { return left.kind.rawValue < right.kind.rawValue }
            return (left.symbol, left.subject) < (right.symbol, right.subject)
        }
    }

    /// True when nothing of ours was told or done of late, and nothing is open: cash stands still.
    public static func isQuiet(_ ours: OurAccount, _ theirs: AccountSnapshot, settings: Settings) -> Bool {
        let settledBefore = Self.settledBefore(theirs, settings)
        return ours.orders.allSatisfy { $0.state.isDone && $0.heardAt <= settledBefore }
            && theirs.fills.allSatisfy { ($0.transactTime ?? theirs.asOf) <= settledBefore }
    }

    /// The record of a listed order; nil when it is not ours.
    func record(of listed: VenueOrder) -> OurAccount.Order? {
        if let place = byOrderID[listed.orderID] { return ours.orders[place] }
        return listed.clOrdID.flatMap { unnamed[$0] }.map { ours.orders[$0] }
    }

    /// The order of ours of a listed fill; nil when it is not ours.
    func record(of fill: VenueFill) -> OurAccount.Order? {
        if let place = byOrderID[fill.orderID] { return ours.orders[place] }
        guard !unnamed.isEmpty else { return nil }
        for listed in theirs.openOrders where listed.orderID == fill.orderID { return record(of: listed) }
        for listed in theirs.doneOrders where listed.orderID == fill.orderID { return record(of: listed) }
        return nil
    }

    /// True when an order is old enough for a read to show all that is known of it.
    func isSettled(_ order: OurAccount.Order) -> Bool { order.heardAt <= settledBefore }

    /// True when nothing that could move a market's position is younger than the lag.
    func isQuiet(_ symbol: String) -> Bool { !loud.contains(symbol) }
}
