import Trading

/// Names of orders that ended and were forgotten, with what they came to.
///
/// Of each name its mark is kept: texts of venues would be many times that. All memory is taken at the start: nothing grows while orders end, and no order waits for a
/// table that is made anew.
/// - Bound: `countMax` names; the oldest goes for a new one. 32 bytes each.
struct RetiredNames {
    /// Names that are remembered.
    static let countMax = 65_536

    private struct Entry {
        var mark: NameMark
        var cumQty: Quantity
    }

    /// The names in order of their retirement, around the end.
    private var ring: [Entry]
    private var next = 0
    /// One more than a place in the ring, where its mark's bits say or behind; 0: none. Half of it at most is taken.
    private var places = [UInt32](repeating: 0, count: countMax * 2)
    /// The newest name that this run gave: every one before it was in the registry, or never left.
    var newest: ClOrdID?
    private(set) var count = 0

    init() { ring = Array(repeating: Entry(mark: NameMark(OrderID("")), cumQty: .zero), count: Self.countMax) }

    subscript(name: OrderID) -> Quantity? {
        let place = places[slot(of: NameMark(name))]
        return place == 0 ? nil : ring[Int(place) - 1].cumQty
    }

    mutating func insert(_ name: OrderID, _ cumQty: Quantity) {
        let mark = NameMark(name)
        let known = places[slot(of: mark)]
        guard known == 0 else {
            ring[Int(known) - 1].cumQty = cumQty
            return
        }
        if count == Self.countMax { remove(ring[next].mark) } else { count += 1 }
        ring[next] = Entry(mark: mark, cumQty: cumQty)
        places[slot(of: mark)] = UInt32(next + 1)  // at most countMax
        next = (next + 1) % Self.countMax
    }

    private var mask: Int { places.count - 1 }

    /// Where a mark stands, or would.
    private func slot(of mark: NameMark) -> Int {
        var slot = mark.high & mask
        while places[slot] != 0, ring[Int(places[slot]) - 1].mark != mark { slot = (slot + 1) & mask }
        return slot
    }

    /// Takes a mark out, and moves those behind it up that would not be found across the gap.
    private mutating func remove(_ mark: NameMark) {
        var hole = slot(of: mark)
        guard places[hole] != 0 else { return }
        var probe = (hole + 1) & mask
        while places[probe] != 0 {
            let home = ring[Int(places[probe]) - 1].mark.high & mask
            if (probe - home) & mask >= (probe - hole) & mask {
                places[hole] = places[probe]
                hole = probe
            }
            probe = (probe + 1) & mask
        }
        places[hole] = 0
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
