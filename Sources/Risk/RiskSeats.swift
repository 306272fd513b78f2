import Trading

// What the gate keeps of each place that money may be in: plain values, added up by `RiskGate`.

/// Where a leg is and what it is paid from.
struct LegSeat: Hashable, Sendable {
    var venue: VenueID
    var purse: Int32
}

struct LegPlaces: Hashable, Sendable {
    var first: LegSeat
    var second: LegSeat

    subscript(leg: Int) -> LegSeat { leg == 0 ? first : second }
}

/// A basket of the catalog; without legs when it is not one of two.
struct BasketSeat: Hashable, Sendable {
    let pair: Int
    var isApproved: Bool
    let first: BasketLeg?, second: BasketLeg?

    init(pair: Int, isApproved: Bool, legs: (BasketLeg, BasketLeg)?) {
        self.pair = pair
        self.isApproved = isApproved
        first = legs?.0
        second = legs?.1
    }
}

struct PairSeat: Hashable, Sendable {
    var open: Int128 = 0
    /// Executions that hold something.
    var count = 0
    /// The basket of them; another one of the pair is its opposite.
    var basket: BasketID?
    var unknownOrders = 0
    var suspensions: UInt8 = 0
}

struct VenueSeat: Hashable, Sendable {
    var open: Int128 = 0
    var unknownOrders = 0
}

/// Sums over all reservations. 4,096 of 64 bits each cannot leave 128.
struct Sums: Hashable, Sendable {
    var open: Int128 = 0
    var gross: Int128 = 0
    var net: Int128 = 0
    var lossAtRisk: Int128 = 0
    var openOrders = 0
    var unknownOrders = 0
    var reservations = 0
}

/// What one execution holds.
struct Reservation: Hashable, Sendable {
    private(set) var execution = ExecutionID(run: 0, sequence: 0)
    private(set) var generation: UInt32 = 0
    private(set) var isUsed = false
    var isFired = false
    private(set) var pair = 0
    private(set) var basket: BasketID?
    private(set) var places = LegPlaces(
        first: LegSeat(venue: .kalshi, purse: 0), second: LegSeat(venue: .kalshi, purse: 0))
    var exposure = ExecutionExposure()
    /// The second under which its orders were counted.
    private(set) var second: Int64 = 0
    /// Cash of each leg that the last snapshot shows already.
    private var seenFirst = Money.zero, seenSecond = Money.zero

    mutating func begin(
        _ execution: ExecutionID, pair: Int, basket: BasketID?, _ exposure: ExecutionExposure, _ places: LegPlaces,
        second: Int64, isProbe: Bool
    ) {
        self.execution = execution
        generation &+= 1  // 2^32 uses of one place outlast the process
        isUsed = true
        isFired = false
        self.pair = pair
        self.basket = basket
        self.places = places
        self.exposure = exposure
        self.second = second
        seenFirst = .zero
        seenSecond = .zero
    }

    /// Its place is free; the generation stays, so that old names of it mean nothing.
    mutating func end() {
        let last = generation
        self = Reservation()
        generation = last
    }

    func seen(_ leg: Int) -> Money { leg == 0 ? seenFirst : seenSecond }

    mutating func see(_ leg: Int, _ cash: Money) { if leg == 0 { seenFirst = cash } else { seenSecond = cash } }
}
