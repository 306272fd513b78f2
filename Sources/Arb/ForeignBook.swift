import Trading

/// A market by its venue's name of it.
struct MarketKey: Hashable {
    let venue: VenueID
    let symbol: String
}

/// What was told of orders, contracts and cash that no order of ours explains, so that each is told once.
struct ForeignBook {
    /// A difference of positions that was seen.
    struct Seen: Hashable {
        let yes: Quantity, no: Quantity
        /// Reads in a row that showed just this.
        var reads = 1
        var isTold = false
    }

    /// Venue's names of orders that were told.
    private(set) var told = RingSet<OrderID>(capacity: 8_192)
    /// Markets that are in no pair of ours and were told.
    private(set) var elsewhere = RingSet<MarketKey>(capacity: 1_024)
    var positions: [MarketKey: Seen] = [:]
    /// Cash of each venue as it was last read while nothing was under way, and when.
    var cash: [VenueID: (balances: [VenueBalance], asOf: UTCNanos)] = [:]
    /// A difference of cash that one read showed.
    var cashSeen: [VenueID: String] = [:]
    /// Markets that were paid of late.
    var paidOut: [VenueID: [VenueSettlement]] = [:]

    mutating func isNew(_ order: OrderID) -> Bool { told.insert(order) }

    mutating func isNewElsewhere(_ market: MarketKey) -> Bool { elsewhere.insert(market) }
}

/// A set that forgets its oldest member for a new one.
struct RingSet<Member: Hashable> {
    private var members: Set<Member> = []
    private var ring: [Member] = []
    private var oldest = 0
    private let capacity: Int

    init(capacity: Int) {
        precondition(capacity > 0, "a set holds something")
        self.capacity = capacity
    }

    /// - Returns: false when it is in already.
    mutating func insert(_ member: Member) -> Bool {
        guard members.insert(member).inserted else { return false }
        if ring.count < capacity {
            ring.append(member)
        } else {
            members.remove(ring[oldest])
            ring[oldest] = member
            oldest = (oldest + 1) % capacity
        }
        return true
    }
}
