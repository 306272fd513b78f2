import Trading

extension Drift {
    // MARK: Orders

    var orders: [Difference] {
        // Of those that are not done: what is done may be missing.
        var seen: Set<ClOrdID> = []
        var found: [Difference] = []
        for order in theirs.openOrders { look(at: order, isOpen: true, &seen, &found) }
        for order in theirs.doneOrders { look(at: order, isOpen: false, &seen, &found) }
        for order in ours.orders where !order.state.isDone && !seen.contains(order.state.order.clOrdID) {
            if let difference = missingThere(order) { found.append(difference) }
        }
        return found
    }

    private func look(
        at order: VenueOrder, isOpen: Bool, _ seen: inout Set<ClOrdID>, _ found: inout [Difference]
    ) {
        guard let record = record(of: order) else {
            if !ours.isOver(order.orderID), order.createdAt.map({ $0 <= settledBefore }) ?? true {
                found.append(foreign(order, isOpen))
            }
            return
        }
        if record.state.order.purpose != .tombstone, !record.state.isDone { seen.insert(record.state.order.clOrdID) }
        if isSettled(record), let difference = standing(record, order, isOpen) { found.append(difference) }
    }

    private func foreign(_ order: VenueOrder, _ isOpen: Bool) -> Difference {
        let filled = order.summary.cumQty.map { "\($0) filled" } ?? "fills not told"
        let theirs = "\(order.side.rawValue) \(order.outcome.rawValue) at \(order.price), \(filled)"
        if order.clOrdID?.prefix == ours.prefix {
            return Difference(
                .orderMissingHere, .critical, order.venueOf(self), symbol: order.symbol, subject: order.orderID.text,
                theirs: theirs,
                "ours by its name, and not in our record: another instance, or a record that was lost; "
                    + "look at it at the venue, and end the other instance")
        }
        return Difference(
            .orderMissingHere, isOpen ? .warning : .info, order.venueOf(self), symbol: order.symbol,
            subject: order.orderID.text, theirs: theirs, explanations: [.foreign], isExplained: true,
            "FOREIGN: someone else trades with this account; it is shown and never touched")
    }

    private func standing(_ record: OurAccount.Order, _ listed: VenueOrder, _ isOpen: Bool) -> Difference? {
        let state = record.state
        if isOpen, state.isDone {
            return Difference(
                .orderStanding, .critical, ours.venue, symbol: record.symbol, subject: listed.orderID.text,
                ours: state.ordStatus.rawValue, theirs: "working",
                "we hold it to be done and the venue lists it as open: cancel it, then read again")
        }
        if !isOpen, !state.isDone {
            return Difference(
                .orderStanding, state.isUnknown ? .warning : .critical, ours.venue, symbol: record.symbol,
                subject: listed.orderID.text, ours: state.isUnknown ? "unknown" : state.ordStatus.rawValue,
                theirs: listed.summary.standing.rawValue,
                "the venue lists its end; applying this read resolves it")
        }
        guard let cumQty = listed.summary.cumQty, cumQty.rawValue > state.cumQty.rawValue + state.voidedQty.rawValue
        else { return nil }
        return Difference(
            .orderQuantity, .critical, ours.venue, symbol: record.symbol, subject: listed.orderID.text,
            ours: state.cumQty.description, theirs: cumQty.description,
            "the venue filled more of it than we were told; its fills are to be read")
    }

    private func missingThere(_ order: OurAccount.Order) -> Difference? {
        guard let sentAt = order.sentAt, sentAt <= settledBefore, isSettled(order),
            order.state.order.purpose != .tombstone
        else { return nil }
        let isUnknown = order.state.isUnknown || order.state.ordStatus == .pendingNew
        return Difference(
            .orderMissingThere, .critical, ours.venue, symbol: order.symbol,
            subject: order.orderID?.text ?? order.state.order.clOrdID.description,
            ours: isUnknown ? "unknown" : order.state.ordStatus.rawValue,
            isUnknown
                ? "not listed, which proves nothing while it may be on its way; it counts as filled and as open"
                : "known to the venue before, and not listed now; it counts as open until its end is told")
    }

    // MARK: Fills

    var fills: [Difference] {
        var found: [Difference] = []
        let listed = ListedFills(theirs.fills)
        for order in ours.orders where isSettled(order) {
            guard let orderID = order.orderID else { continue }
            let told = listed[orderID]
            for fill in told {
                let booked = order.state.fills.first { $0.execID == fill.fill.execID }
                if let difference = missingHere(order, orderID, fill, booked) { found.append(difference) }
            }
            // What was sent before the window may have its fills before it too.
            guard let sentAt = order.sentAt, sentAt >= since else { continue }
            for fill in order.state.fills where fill.settlement != .failed {
                guard !told.contains(where: { $0.fill.execID == fill.execID }) else { continue }
                found.append(
                    Difference(
                        .fillMissingThere, .critical, ours.venue, symbol: order.symbol, subject: fill.execID.text,
                        ours: "\(fill.lastQty) at \(fill.lastPx)",
                        "booked from a reply or the stream, and not in the venue's list: it stays booked; read again"))
            }
        }
        return found
    }

    private func missingHere(_ order: OurAccount.Order, _ orderID: OrderID, _ listed: VenueFill, _ booked: Fill?)
        -> Difference?
    {
        let fill = listed.fill
        // Kalshi lists a sale of YES as a buy of NO: at the complement, and it is the same fill.
        let isSame = listed.outcome == order.state.order.outcome
        let lastPx = isSame ? fill.lastPx : fill.lastPx.complement ?? fill.lastPx
        let theirs = "\(fill.lastQty) at \(lastPx)"
        guard let booked else {
            guard fill.settlement != .failed else { return nil }
            let isInSum = order.state.unexplainedQty >= fill.lastQty
            return Difference(
                .fillMissingHere, isInSum ? .info : .critical, ours.venue, symbol: order.symbol,
                subject: fill.execID.text, theirs: theirs, isExplained: isInSum,
                isInSum
                    ? "counted in the order's sum, its details are new"
                    : "a fill of order \(orderID) that nobody told us; applying this read books it")
        }
        guard booked.lastQty != fill.lastQty || booked.lastPx != lastPx else { return nil }
        return Difference(
            .fillAmounts, .critical, ours.venue, symbol: order.symbol, subject: fill.execID.text,
            ours: "\(booked.lastQty) at \(booked.lastPx)", theirs: theirs,
            "one fill with two contents: the larger is booked; ask the venue")
    }
}

/// A venue's fills by their orders: two tables, however many orders there are.
private struct ListedFills {
    private let fills: [VenueFill]
    /// The last fill of each order, and of each fill the one before it of the same order; -1: none.
    private var last: [OrderID: Int] = [:]
    private var before: [Int] = []

    init(_ fills: [VenueFill]) {
        self.fills = fills
        last.reserveCapacity(fills.count)
        before.reserveCapacity(fills.count)
        for (place, fill) in fills.enumerated() { before.append(last.updateValue(place, forKey: fill.orderID) ?? -1) }
    }

    /// Those of one order, each once: what is listed twice counts as it was listed last.
    subscript(orderID: OrderID) -> [VenueFill] {
        var found: [VenueFill] = []
        var place = last[orderID] ?? -1
        while place >= 0 {
            let fill = fills[place]
            if !found.contains(where: { $0.fill.execID == fill.fill.execID }) { found.append(fill) }
            place = before[place]
        }
        return found
    }
}

extension VenueOrder {
    fileprivate func venueOf(_ drift: Drift) -> VenueID { drift.ours.venue }
}
