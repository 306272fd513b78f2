public import Trading

/// The place of one of our orders in the registry. Meaningless outside the run that made it.
@frozen
public struct OrderHandle: Hashable, Sendable {
    /// 0-based index.
    public let index: Int

    init(_ index: Int) { self.index = index }
}

/// One of our orders: what was wanted, what its venue calls it, and what all witnesses together say of it.
public struct OrderRecord: Sendable {
    /// The venue.
    public let venue: VenueID
    /// Ticker, or condition id.
    public let symbol: String
    /// The venue's name, once it is known; Polymarket's before sending.
    public internal(set) var orderID: OrderID?
    /// What is known of it.
    public internal(set) var state: OrderState
    /// When it was recorded.
    public let intendedAt: Stamp
    /// When bytes may first have left; nil before.
    public internal(set) var sentAt: Stamp?
    /// When it ended, as far as we heard; nil before.
    public internal(set) var doneAt: Stamp?
    /// When something was last told of it that was news; nil: nothing was.
    public internal(set) var changedAt: Stamp?
    /// When each witness last said something, by `EvidenceSource`.
    var heard: [4 of Stamp?]

    /// When that witness last said anything of it.
    public func lastHeard(from source: EvidenceSource) -> Stamp? { heard[source.index] }

    /// True when only one of the two witnesses (stream and reads) has spoken so far of an order that left.
    public var hasTwoWitnesses: Bool {
        heard[EvidenceSource.stream.index] != nil && heard[EvidenceSource.query.index] != nil
    }
}

/// All our orders of all venues by both their names, and what was told of orders that are not, or not yet, ours.
///
/// Reports come from replies, user streams and reads, in any order. A report that names an order we do not know is kept:
/// it may be ours under a name that we learn later (a Kalshi fill before the reply), and is applied then. What stays is
/// FOREIGN: shown, never traded.
/// - Lane: the hot lane; a value with no I/O.
/// - Bound: `ordersMax` orders, `straysMax` unknown names with `strayReportsMax` reports each, the names of the last
///   `retiredMax` orders that were forgotten. Beyond, `needsRead` says that a full read must tell what was not kept.
public struct OrderRegistry {
    /// Orders held at once.
    public static let ordersMax = 65_536
    /// Names of orders that are not ours.
    public static let straysMax = 4_096
    /// Reports kept of each.
    public static let strayReportsMax = 64
    /// Names of forgotten orders that are remembered.
    public static let retiredMax = RetiredNames.countMax

    /// An order was not taken in: it must not be sent.
    public enum Refusal: Error, Hashable, Sendable {
        /// An order of this id is here already, the same or another: an id is used once.
        case duplicateID
        /// `ordersMax` orders are here; forget the done ones.
        case full

        /// Stable for ever; listed in `Docs/ERRORS.md`.
        public var code: String {
            switch self {
            case .duplicateID: "E_EXEC_DUPLICATE_ID"
            case .full: "E_EXEC_REGISTRY_FULL"
            }
        }
    }

    /// What became of a report.
    public enum Reception: Hashable, Sendable {
        /// It is about this order of ours.
        case ours(OrderHandle, OrderChange)
        /// It names no order that we know, and is kept.
        case stray
        /// It names no order that we know, and there was no room: a full read must tell.
        case lost
        /// It is about an order of ours that ended long ago and was forgotten. True: it tells more than was known then.
        case retired(isMore: Bool)
    }

    /// The account's part of every id of ours: an order of that form that is not here was made by another run of us.
    public let prefix: UInt32
    var records: [OrderRecord?] = []
    var free: [Int] = []
    var byClOrdID: [ClOrdID: Int] = [:]
    /// Tombstones carry the id of the order that they prove dead.
    var tombstones: [ClOrdID: Int] = [:]
    var byOrderID: [OrderID: Int] = [:]
    var strays: [OrderID: StrayOrder] = [:]
    /// Orders that ended and were forgotten: what is told of them once more is no news, and nobody else's.
    var retired = RetiredNames()
    /// What was told under names that were nobody's then, and turned out to be of orders here: booked, and not told on yet.
    private var claimed: [(handle: OrderHandle, report: ExecutionReport, change: OrderChange)] = []
    /// Venues whose reports were lost or missed: orders and fills are to be read in full before silence is trusted.
    public private(set) var needsRead: Set<VenueID> = []
    /// Reports whose two names belong to two orders; the venue's name was believed.
    public private(set) var conflicts: UInt64 = 0

    /// Orders that a run of days follows at once have their room from the start.
    private static let room = 2_048

    /// An empty registry of the account with that id prefix.
    public init(prefix: UInt32) {
        self.prefix = prefix
        records.reserveCapacity(Self.room)
        free.reserveCapacity(Self.room)
        byClOrdID.reserveCapacity(Self.room)
        byOrderID.reserveCapacity(Self.room)
    }

    /// Orders here.
    public var count: Int { records.count - free.count }

    /// One order.
    public subscript(handle: OrderHandle) -> OrderRecord {
        guard let record = records[handle.index] else { preconditionFailure("a handle is of a kept order") }
        return record
    }

    /// All orders, oldest place first; one at a time, for there may be thousands.
    public var orders: some Sequence<(handle: OrderHandle, record: OrderRecord)> {
        records.indices.lazy.compactMap { [records] index in records[index].map { (OrderHandle(index), $0) } }
    }

    /// The order of that name of ours; a tombstone is not found by it.
    public func find(_ clOrdID: ClOrdID) -> OrderHandle? { byClOrdID[clOrdID].map { OrderHandle($0) } }

    /// The tombstone of that name of ours.
    public func findTombstone(_ clOrdID: ClOrdID) -> OrderHandle? { tombstones[clOrdID].map { OrderHandle($0) } }

    /// The order of that name of the venue's.
    public func find(_ orderID: OrderID) -> OrderHandle? { byOrderID[orderID].map { OrderHandle($0) } }

    /// Asks what `add` would ask, and takes nothing in.
    ///
    /// - Parameter others: orders that will be taken in before it.
    /// - Throws: `Refusal`.
    public func admit(_ order: borrowing NewOrder, orderID: OrderID?, beside others: Int = 0) throws(Refusal) {
        let taken = order.purpose == .tombstone ? tombstones[order.clOrdID] : byClOrdID[order.clOrdID]
        guard taken == nil, orderID.map({ byOrderID[$0] == nil }) ?? true else { throw .duplicateID }
        guard count + others < Self.ordersMax else { throw .full }
    }

    /// Takes in an order before it is sent.
    ///
    /// - Parameter orderID: where it is known before sending (Polymarket's hash).
    /// - Throws: `Refusal`.
    public mutating func add(
        _ order: NewOrder, venue: VenueID, symbol: String, orderID: OrderID?, at stamp: Stamp
    ) throws(Refusal) -> OrderHandle {
        try admit(order, orderID: orderID)
        let isTombstone = order.purpose == .tombstone
        let record = OrderRecord(
            venue: venue, symbol: symbol, orderID: nil, state: OrderState(order), intendedAt: stamp,
            heard: [4 of Stamp?](repeating: nil))
        let index = free.popLast() ?? records.count
        if index == records.count { records.append(record) } else { records[index] = record }
        if isTombstone { tombstones[order.clOrdID] = index } else { byClOrdID[order.clOrdID] = index }
        if let orderID { link(index, to: orderID, at: stamp) }
        return OrderHandle(index)
    }

    /// A reply to the very request of an order: no name is needed to know whose it is.
    @discardableResult
    public mutating func apply(_ report: LegReport, to handle: OrderHandle, at stamp: Stamp) -> OrderChange {
        if let orderID = report.orderID, records[handle.index]?.orderID == nil, byOrderID[orderID] == nil {
            link(handle.index, to: orderID, at: stamp)
        }
        return change(handle.index, report.event, .reply, stamp)
    }

    /// An event of this program itself: sent, deadline passed, proved dead.
    @discardableResult
    public mutating func apply(_ event: OrderEvent, to handle: OrderHandle, at stamp: Stamp) -> OrderChange {
        change(handle.index, event, .local, stamp)
    }

    /// Something that was told of an order, by whomever.
    public mutating func apply(_ report: ExecutionReport, at stamp: Stamp) -> Reception {
        guard let index = place(of: report, at: stamp) else { return keep(report, at: stamp) }
        return .ours(OrderHandle(index), change(index, told(report, index), report.source, stamp))
    }

    /// An order as the venue lists it: names, sum, and content by which an original is told from its tombstone.
    public mutating func apply(_ listed: VenueOrder, venue: VenueID, at stamp: Stamp) -> Reception {
        if byOrderID[listed.orderID] == nil, let clOrdID = listed.clOrdID,
            let index = owner(of: listed, clOrdID), records[index]?.orderID == nil, records[index]?.venue == venue
        {
            link(index, to: listed.orderID, at: stamp)
        }
        return apply(
            ExecutionReport(
                venue: venue, orderID: listed.orderID, clOrdID: listed.clOrdID, symbol: listed.symbol,
                event: .summary(listed.summary), outcome: listed.outcome, source: .query, transactTime: nil), at: stamp)
    }

    /// Whose row it is of an original and its tombstone: what is not the tombstone's is the original's, which may be
    /// listed with less than it asked for.
    private func owner(of listed: VenueOrder, _ clOrdID: ClOrdID) -> Int? {
        guard let tombstone = tombstones[clOrdID] else { return byClOrdID[clOrdID] }
        let isTombstone = records[tombstone]?.state.order.isSame(as: listed) ?? false
        return isTombstone ? tombstone : byClOrdID[clOrdID]
    }

    /// A fill as the venue lists it.
    public mutating func apply(_ listed: VenueFill, venue: VenueID, at stamp: Stamp) -> Reception {
        apply(
            ExecutionReport(
                venue: venue, orderID: listed.orderID, clOrdID: nil, symbol: listed.symbol, event: .fill(listed.fill),
                outcome: listed.outcome,
                source: .query, transactTime: listed.transactTime), at: stamp)
    }

    /// Takes what was found to be of orders here since the last call, oldest first.
    public mutating func takeClaimed() -> [(handle: OrderHandle, report: ExecutionReport, change: OrderChange)] {
        guard !claimed.isEmpty else { return [] }
        defer { claimed.removeAll(keepingCapacity: true) }
        return claimed
    }

    /// Reports may have been missed: a full read is due.
    public mutating func gap(_ venue: VenueID) { needsRead.insert(venue) }

    /// Orders and fills of the venue were read in full, from before the gap.
    public mutating func wasRead(_ venue: VenueID) { needsRead.remove(venue) }

    /// Forgets orders that ended before an instant, every fill of them final; returns how many. Their names are then
    /// nobody's: keep them for longer than any late report takes, a day at least.
    @discardableResult
    public mutating func forget(doneBefore instant: MonotonicNanos) -> Int {
        var forgotten = 0
        for index in records.indices {
            guard let record = records[index], let doneAt = record.doneAt, doneAt.monotonic < instant,
                record.state.isDone, record.state.confirmedQty == record.state.cumQty
            else { continue }
            retire(OrderHandle(index))
            forgotten += 1
        }
        return forgotten
    }
}

// MARK: - Names

extension OrderRegistry {
    private func place(of report: ExecutionReport) -> Int? {
        if let orderID = report.orderID, let index = byOrderID[orderID] { return index }
        guard let clOrdID = report.clOrdID, let index = byClOrdID[clOrdID], records[index]?.venue == report.venue
        else { return nil }
        guard report.orderID != nil else { return tombstones[clOrdID] == nil ? index : nil }
        let unnamed = [index, tombstones[clOrdID]].compactMap { $0 }.filter { records[$0]?.orderID == nil }
        // With an original and its tombstone both unnamed, only their contents tell them apart: a list does.
        return unnamed.count == 1 ? unnamed[0] : nil
    }

    private mutating func place(of report: ExecutionReport, at stamp: Stamp) -> Int? {
        guard let index = place(of: report) else { return nil }
        if let orderID = report.orderID, records[index]?.orderID == nil { link(index, to: orderID, at: stamp) }
        if let clOrdID = report.clOrdID, records[index]?.state.order.clOrdID != clOrdID { conflicts += 1 }
        return index
    }

    /// Learns the venue's name of an order, and with it everything that was told under that name before.
    private mutating func link(_ index: Int, to orderID: OrderID, at stamp: Stamp) {
        byOrderID[orderID] = index
        records[index]?.orderID = orderID
        guard let stray = strays.removeValue(forKey: orderID) else { return }
        for report in stray.reports {
            let change = change(index, told(report, index), report.source, stamp)
            // At most `strayReportsMax` an order.
            if change.isNews { claimed.append((OrderHandle(index), report, change)) }
        }
        // The other of two orders of one id may be told apart now.
        guard let clOrdID = records[index]?.state.order.clOrdID, tombstones[clOrdID] != nil else { return }
        for held in strays.values.filter({ $0.clOrdID == clOrdID }) {
            if let report = held.reports.first, let other = place(of: report) {
                link(other, to: held.orderID, at: stamp)
                return
            }
        }
    }

    /// What happened in prices of the outcome that the order trades.
    private func told(_ report: ExecutionReport, _ index: Int) -> OrderEvent {
        report.event(trading: records[index]?.state.order.outcome ?? .yes)
    }

    private mutating func change(_ index: Int, _ event: OrderEvent, _ source: EvidenceSource, _ stamp: Stamp)
        -> OrderChange
    {
        precondition(records[index] != nil, "a report is of a kept order")
        let change = records[index]?.state.apply(event)
        records[index]?.heard[source.index] = stamp
        if change?.isNews ?? false { records[index]?.changedAt = stamp }
        if records[index]?.sentAt == nil, event.mayHaveLeft { records[index]?.sentAt = stamp }
        let isDone = records[index]?.state.isDone ?? false
        if isDone != (records[index]?.doneAt != nil) { records[index]?.doneAt = isDone ? stamp : nil }
        return change ?? OrderChange(isNews: false, cumQtyChange: .zero, becameDone: false, anomalies: [])
    }

    // MARK: - Strays

    private mutating func keep(_ report: ExecutionReport, at stamp: Stamp) -> Reception {
        let isHere = report.clOrdID.map { byClOrdID[$0] != nil || tombstones[$0] != nil } ?? false
        if !isHere, let isMore = retired.tells(report) { return .retired(isMore: isMore) }
        guard let orderID = report.orderID else {
            needsRead.insert(report.venue)
            return .lost
        }
        if strays[orderID] == nil {
            guard strays.count < Self.straysMax else {
                needsRead.insert(report.venue)
                return .lost
            }
            strays[orderID] = StrayOrder(
                venue: report.venue, orderID: orderID, clOrdID: report.clOrdID, symbol: report.symbol, firstHeard: stamp
            )
        }
        if strays[orderID]?.clOrdID == nil { strays[orderID]?.clOrdID = report.clOrdID }
        guard let kept = strays[orderID], !kept.reports.contains(report) else { return .stray }
        guard kept.reports.count < Self.strayReportsMax else {
            needsRead.insert(report.venue)
            return .lost
        }
        strays[orderID]?.reports.append(report)
        return .stray
    }

    /// Orders that others sent, or that we have no record of, as told so far; in order of their names.
    ///
    /// - Parameters:
    ///   - now: the present.
    ///   - lag: a name heard of for a shorter time may still be learned to be ours.
    public func strays(at now: MonotonicNanos, lag: Nanoseconds) -> [StrayOrder] {
        guard !strays.isEmpty else { return [] }
        let open = orders.filter { $0.record.orderID == nil && $0.record.sentAt != nil && !$0.record.state.isDone }
        return strays.values.filter { now - $0.firstHeard.monotonic >= lag }.map { stray in
            var found = stray
            // As long as an order of ours has no name on that market, any unnamed one may be it.
            found.mayBeOurs = open.contains { $0.record.venue == stray.venue && $0.record.symbol == stray.symbol }
            found.isOursByForm = stray.clOrdID?.prefix == prefix
            return found
        }.sorted { $0.orderID.text < $1.orderID.text }
    }
}

extension OrderEvent {
    /// True for everything that cannot be told of an order of which no byte has left.
    var mayHaveLeft: Bool {
        switch self {
        case .notSent, .cannotEnter: false
        case .sent, .summary, .fill, .settlement, .rejected, .unknown: true
        }
    }
}

extension EvidenceSource {
    var index: Int {
        switch self {
        case .reply: 0
        case .stream: 1
        case .query: 2
        case .local: 3
        }
    }
}

extension NewOrder {
    /// True when a listed order has this order's content.
    func isSame(as listed: VenueOrder) -> Bool {
        guard price == listed.price || listed.price == price.complement else { return false }
        return listed.orderQty.map { $0 == orderQty } ?? true
    }
}
