import Trading

/// Names of orders that ended and were forgotten, with what they came to.
///
/// Of each name 128 bits are kept, hashed with keys of this process: texts of venues, over whose length we have no say,
/// would be many times that.
/// - Bound: `countMax` names; the oldest goes for a new one. 40 bytes each.
struct RetiredNames {
    /// Names that are remembered.
    static let countMax = 65_536

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
        if ring.count < Self.countMax {
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
