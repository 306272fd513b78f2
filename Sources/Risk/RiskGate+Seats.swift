public import Trading

extension RiskGate.Suspension {
    var bit: UInt8 {
        switch self {
        case .foreign: 1
        case .rules: 2
        case .drift: 4
        case .unknown: 8
        case .stuck: 16
        case .operator: 32
        }
    }
}

extension RiskGate {
    // MARK: Figures

    /// What is, or may come to be, exposed in all.
    public var totals: Totals {
        var totals = Totals()
        totals.open = Money(rawValue: Int64(clamping: sums.open))
        totals.gross = Money(rawValue: Int64(clamping: sums.gross))
        totals.net = Money(rawValue: Int64(clamping: sums.net))
        totals.lossAtRisk = Money(rawValue: Int64(clamping: sums.lossAtRisk))
        totals.openOrders = sums.openOrders
        totals.unknownOrders = sums.unknownOrders
        totals.reservations = sums.reservations
        return totals
    }

    /// Capital locked at a venue. Unit: USD.
    public func open(at venue: VenueID) -> Money { Money(rawValue: Int64(clamping: venues[venue.place].open)) }

    /// Capital locked in a pair. Unit: USD.
    public func open(in pair: PairID) -> Money {
        guard let index = breaker.find(pair) else { return .zero }
        return Money(rawValue: Int64(clamping: pairs[index].open))
    }

    /// What an execution holds; nil when the reservation has ended.
    public func exposure(of id: ReservationID) -> ExecutionExposure? { place(id).map { table[$0].exposure } }

    /// Loss of the UTC day of an instant. Unit: USD.
    public func dailyLoss(at now: UTCNanos) -> Money { dayBook.loss(at: now) }

    // MARK: Places

    func place(_ id: ReservationID) -> Int? {
        let index = Int(id.index)
        guard table.indices.contains(index), table[index].isUsed, table[index].generation == id.generation else {
            return nil
        }
        return index
    }

    mutating func pairIndex(of pair: PairID) -> Int {
        let index = breaker.index(of: pair)
        while pairs.count <= index { pairs.append(PairSeat()) }
        return index
    }

    mutating func purseIndex(_ venue: VenueID, _ exchangeIndex: Int?) -> Int32 {
        if let known = purses.firstIndex(where: { $0.venue == venue && $0.exchangeIndex == exchangeIndex }) {
            return Int32(known)
        }
        purses.append(Purse(venue: venue, exchangeIndex: exchangeIndex, currency: venue == .kalshi ? .usd : .pusd))
        return Int32(purses.count - 1)
    }

    // MARK: Adding up

    /// Adds what a reservation holds to every sum, or takes it off.
    mutating func add(_ index: Int, _ sign: Int) {
        let exposure = table[index].exposure
        let pair = table[index].pair
        let factor = Int128(sign)
        for leg in 0..<2 {
            let part = exposure[leg]
            let venue = table[index].places[leg].venue.place
            let locked = Int128(part.locked.rawValue) * factor
            sums.open += locked
            pairs[pair].open += locked
            venues[venue].open += locked
            venues[venue].unknownOrders += Int(part.unknownOrders) * sign
            hold(index, leg, sign)
        }
        sums.gross += Int128(exposure.gross.rawValue) * factor
        sums.net += Int128(exposure.net.rawValue) * factor
        sums.lossAtRisk += Int128(exposure.lossAtRisk.rawValue) * factor
        sums.openOrders += exposure.openOrders * sign
        sums.unknownOrders += exposure.unknownOrders * sign
        sums.reservations += sign
        pairs[pair].unknownOrders += exposure.unknownOrders * sign
        pairs[pair].count += sign
        if pairs[pair].count == 0 {
            pairs[pair].basket = nil
        } else if sign > 0 {
            pairs[pair].basket = table[index].basket
        }
    }

    /// Adds the cash of one leg that no snapshot shows to what its purse holds, or takes it off.
    mutating func hold(_ index: Int, _ leg: Int, _ sign: Int) {
        let part = table[index].exposure[leg]
        let cash = max(0, Int128(part.cash.rawValue) - Int128(table[index].seen(leg).rawValue))
        purses[Int(table[index].places[leg].purse)].held += cash * Int128(sign)
    }

    mutating func drop(_ index: Int) {
        table[index].end()
        free.append(Int32(index))
    }
}
