public import Trading

/// Names of orders that ended and were forgotten, with what they came to.
///
/// Of each name 128 bits are kept, hashed with keys of this process: texts of venues, over whose length we have no say,
/// would be many times that.
/// - Bound: `OrderRegistry.retiredMax` names; the oldest goes for a new one. 40 bytes each.
struct RetiredNames {
    private struct Mark: Hashable {
        let high: Int
        let low: Int

        init(_ name: OrderID) {
            var hasher = Hasher()
            name.hash(into: &hasher)
            // The same hash of a longer text: the second half is independent of the first.
            var longer = hasher
            longer.combine(UInt8(1))
            high = hasher.finalize()
            low = longer.finalize()
        }
    }

    private var filled: [Mark: Quantity] = [:]
    /// The names in order of their retirement, from `oldest` on, around the end.
    private var ring: [Mark] = []
    private var oldest = 0
    /// The newest name that this run gave: every one before it was in the registry, or never left.
    var newest: ClOrdID?

    var count: Int { filled.count }

    subscript(name: OrderID) -> Quantity? { filled[Mark(name)] }

    mutating func insert(_ name: OrderID, _ cumQty: Quantity) {
        let mark = Mark(name)
        guard filled.updateValue(cumQty, forKey: mark) == nil else { return }
        if ring.count < OrderRegistry.retiredMax {
            ring.append(mark)
        } else {
            filled[ring[oldest]] = nil
            ring[oldest] = mark
            oldest = (oldest + 1) % ring.count
        }
    }

    /// Whether a report is about a forgotten order, and tells more than was known when it was forgotten; nil: it is not.
    func tells(_ report: ExecutionReport) -> Bool? {
        if let name = report.orderID, let known = self[name] {
            switch report.event {
            case .summary(let summary): return summary.cumQty.map { $0 > known } ?? false
            // What it filled was final when it was forgotten.
            case .settlement(_, let settlement): return settlement == .failed
            case .fill, .sent, .notSent, .rejected, .unknown, .cannotEnter: return false
            }
        }
        // A name that this run gave, and that is not here any more.
        guard let own = report.clOrdID, let newest, own.high == newest.high, own.low <= newest.low else { return nil }
        guard case .summary(let summary) = report.event else { return true }
        return (summary.cumQty?.rawValue ?? 0) > 0
    }
}

extension OrderRegistry {
    /// Names of forgotten orders that are remembered.
    public var retiredCount: Int { retired.count }

    /// Forgets an order that ended and of which nothing is to come; its venue's name stays known as one of ours.
    ///
    /// - Precondition: it is done.
    mutating func retire(_ handle: OrderHandle) {
        guard let record = records[handle.index] else { return }
        precondition(record.state.isDone, "an order that may still fill is kept")
        let clOrdID = record.state.order.clOrdID
        if byClOrdID[clOrdID] == handle.index { byClOrdID[clOrdID] = nil }
        if tombstones[clOrdID] == handle.index { tombstones[clOrdID] = nil }
        if let orderID = record.orderID {
            byOrderID[orderID] = nil
            retired.insert(orderID, record.state.cumQty)
        }
        records[handle.index] = nil
        free.append(handle.index)
    }

    /// Takes in the name of an order of an earlier run that ended, with what it came to.
    public mutating func remember(_ orderID: OrderID, cumQty: Quantity) {
        guard byOrderID[orderID] == nil else { return }
        retired.insert(orderID, cumQty)
        strays[orderID] = nil
    }

    /// Says which name of this run is the newest.
    mutating func noteName(_ newest: ClOrdID) { retired.newest = newest }

    /// True for a venue's name of an order that was forgotten.
    public func isRetired(_ orderID: OrderID) -> Bool { retired[orderID] != nil }
}
