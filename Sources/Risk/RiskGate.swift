public import Trading

/// Lets entries out, or refuses them with a reason: checks, determines and reserves in one step.
///
/// What is approved is reserved at its worst at once: exposure, cash, unwind reserve, orders. A reservation shrinks only by
/// evidence (`settle`) and ends only when nothing is held any more (`release`): never by time. The gate never changes a
/// size; who sizes takes `bounds` first. Closing orders and cancels do not ask it.
/// - Lane: the hot lane; a value without I/O and clock. `approve`, `undo`, `fired` and `bounds` allocate nothing.
/// - Bound: `reservationsMax` executions that hold something.
public struct RiskGate: Sendable, Hashable {
    /// Executions that may hold something at once.
    public static let reservationsMax = 4_096
    /// A snapshot surely shows what ended this long before it was asked for.
    public static let snapshotLag = Nanoseconds.seconds(5)

    /// Why a pair takes no entries; each cause is lifted on its own.
    public enum Suspension: String, Sendable, Hashable, CaseIterable {
        /// Contracts that are not ours on an instrument that nets.
        case foreign
        /// The rule text is not the one that was approved.
        case rules
        /// A position that nothing explains.
        case drift
        /// An order of which nobody knows what became, beyond patience.
        case unknown
        /// A residual that could not be closed in time.
        case stuck
        /// An operator.
        case `operator`
    }

    /// What live trading asks for beyond the limits.
    public struct Demands: Hashable, Sendable {
        /// Entries need the venue's own word on cash.
        public var balances: Bool
        /// Entries need an approved pair.
        public var approval: Bool

        /// What live trading asks for; a dry run needs neither.
        public init(balances: Bool = true, approval: Bool = true) {
            self.balances = balances
            self.approval = approval
        }
    }

    /// What is, or may come to be, exposed in all.
    public struct Totals: Hashable, Sendable {
        /// Capital locked. Unit: USD.
        public internal(set) var open = Money.zero
        /// Contracts at what they pay. Unit: USD.
        public internal(set) var gross = Money.zero
        /// Without a partner, or perhaps so. Unit: USD.
        public internal(set) var net = Money.zero
        /// May still be lost by what is in flight. Unit: USD.
        public internal(set) var lossAtRisk = Money.zero
        /// Orders that are not over.
        public internal(set) var openOrders = 0
        /// Orders that are unknown.
        public internal(set) var unknownOrders = 0
        /// Executions that hold something.
        public internal(set) var reservations = 0
    }

    /// The limits.
    public let limits: RiskLimits
    /// What is asked for beyond them.
    public let demands: Demands
    /// Stops entries that go through what is not well.
    public var breaker: CircuitBreaker
    /// Who has stopped what.
    public var killSwitch = KillSwitch()
    /// The day's profit and loss.
    public private(set) var dayBook: DayBook

    var legs: [LegSeat]
    var seats: [BasketSeat]
    var pairs: [PairSeat] = []
    var venues: [VenueSeat]
    var purses: [Purse] = []
    var table: [Reservation]
    var free: [Int32]
    var sums = Sums()
    var rate = OrderRate()
    /// Which gate an approval is of.
    let identity: UInt64

    /// A gate under limits that this build admits.
    ///
    /// - Parameters:
    ///   - contracts: all instruments, by `InstrumentID`.
    ///   - baskets: all baskets, by `BasketID`.
    ///   - dayBook: as it was kept.
    ///   - breaker: as it was restored.
    ///   - identity: of this gate among those of the process: an approval is good at its own alone.
    /// - Throws: the first `CeilingFault`.
    public init(
        limits: RiskLimits, demands: Demands = Demands(), contracts: [Contract], baskets: [Basket],
        dayBook: DayBook = DayBook(), breaker: CircuitBreaker? = nil, identity: UInt64 = 0
    ) throws(CeilingFault) {
        if let fault = limits.ceilingFaults.first { throw fault }
        self.limits = limits
        self.demands = demands
        self.dayBook = dayBook
        self.breaker = breaker ?? CircuitBreaker(BreakerSettings(limits))
        self.identity = identity
        venues = VenueID.allCases.map { _ in VenueSeat() }
        table = Array(repeating: Reservation(), count: Self.reservationsMax)
        free = (0..<Int32(Self.reservationsMax)).reversed()
        legs = []
        seats = []
        for contract in contracts {
            let purse = purseIndex(contract.venue, contract.exchangeIndex ?? (contract.venue == .kalshi ? 0 : nil))
            legs.append(LegSeat(venue: contract.venue, purse: purse))
        }
        for basket in baskets {
            seats.append(
                BasketSeat(
                    pair: pairIndex(of: basket.pair), isApproved: basket.status == .approved,
                    legs: basket.legs.count == 2 ? (basket.legs[0], basket.legs[1]) : nil))
        }
    }

    // MARK: Approval

    /// Checks one entry against everything and reserves it at its worst, in one step.
    ///
    /// - Throws: `RiskRefusal`; then nothing has changed.
    public mutating func approve(_ request: EntryRequest, at now: Stamp) throws(RiskRefusal) -> Approval {
        rate.advance(to: now.monotonic)
        let found = try check(request, at: now)
        guard let index = free.popLast() else {
            throw RiskRefusal(
                .reservations, wanted: Int128(Self.reservationsMax + 1), admitted: Int128(Self.reservationsMax))
        }
        let second = rate.add(2, at: now.monotonic)
        table[Int(index)].begin(
            request.execution, pair: found.pair, basket: request.basket, found.exposure, found.places, second: second,
            isProbe: found.isProbe)
        add(Int(index), 1)
        if found.isProbe {
            breaker.sendProbe(
                request.execution, pair: found.pair, found.places.first.venue, found.places.second.venue, at: now)
        }
        return Approval(
            request, isProbe: found.isProbe,
            reservation: ReservationID(index: index, generation: table[Int(index)].generation), gate: identity)
    }

    /// Undoes an approval of which no byte has left: everything is as before.
    public mutating func undo(_ approval: consuming Approval) {
        let index = own(approval)
        if approval.isProbe { breaker.takeBackProbe(approval.request.execution) }
        rate.takeBack(2, of: table[index].second)
        add(index, -1)
        drop(index)
    }

    /// Bytes may leave from now on: what is reserved stays so until evidence says what it came to.
    public mutating func fired(_ approval: consuming Approval) -> ReservationID {
        let index = own(approval)
        table[index].isFired = true
        return approval.reservation
    }

    private func own(_ approval: borrowing Approval) -> Int {
        precondition(approval.gate == identity, "an approval is good at its own gate alone")
        let index = Int(approval.reservation.index)
        precondition(
            table[index].generation == approval.reservation.generation && table[index].isUsed && !table[index].isFired,
            "an approval ends once")
        return index
    }

    // MARK: Evidence

    /// Puts what an execution has come to, at worst, in the place of what was reserved.
    ///
    /// - Parameter exposure: of all its orders, as `PositionTracker.exposure` tells it.
    public mutating func settle(_ id: ReservationID, to exposure: ExecutionExposure) {
        guard let index = place(id) else { return }
        add(index, -1)
        table[index].exposure = exposure
        add(index, 1)
    }

    /// The execution holds nothing any more. Cash that it took stays taken until a snapshot shows it.
    ///
    /// - Returns: false when the reservation had ended before.
    @discardableResult
    public mutating func release(_ id: ReservationID, at now: UTCNanos) -> Bool {
        guard let index = place(id) else { return false }
        precondition(table[index].isFired, "what was not fired is undone")
        add(index, -1)
        for leg in 0..<2 {
            let part = table[index].exposure[leg]
            let cash = Int128(part.cash.rawValue) - Int128(table[index].seen(leg).rawValue)
            purses[Int(table[index].places[leg].purse)].keep(max(0, cash), doneAt: max(part.doneAt ?? now, now))
        }
        drop(index)
        return true
    }

    /// Takes up an execution of an earlier run; no limit is asked.
    ///
    /// - Parameters:
    ///   - basket: where the catalog still has it.
    ///   - legs: where its legs are.
    /// - Returns: nil when there is no room: nothing may be traded then.
    public mutating func restore(
        _ execution: ExecutionID, pair: PairID, basket: BasketID?,
        legs: (first: (venue: VenueID, exchangeIndex: Int?), second: (venue: VenueID, exchangeIndex: Int?)),
        exposure: ExecutionExposure
    ) -> ReservationID? {
        let pair = pairIndex(of: pair)
        let first = LegSeat(venue: legs.first.venue, purse: purseIndex(legs.first.venue, legs.first.exchangeIndex))
        let second = LegSeat(venue: legs.second.venue, purse: purseIndex(legs.second.venue, legs.second.exchangeIndex))
        guard let index = free.popLast() else { return nil }
        table[Int(index)].begin(
            execution, pair: pair, basket: basket, exposure, LegPlaces(first: first, second: second), second: .min,
            isProbe: false)
        table[Int(index)].isFired = true
        add(Int(index), 1)
        return ReservationID(index: index, generation: table[Int(index)].generation)
    }

    /// Notes closing orders that leave: they are never refused, and count for the rate of entries.
    public mutating func noteOrders(_ count: Int, at now: MonotonicNanos) {
        _ = rate.add(Int32(clamping: count), at: now)
    }

    /// Books a change of the profit: finished boxes, unwinds, dust, fees. At the limit the breaker opens for all.
    public mutating func book(_ change: Money, at now: Stamp) {
        dayBook.book(change, at: now.utc)
        breaker.noteDailyLoss(dayBook.loss(at: now.utc), limit: limits.dailyLossMax, at: now)
    }

    // MARK: Cash

    /// Takes in what the venue says of its purses. Executions that ended well before the read are in it.
    ///
    /// - Parameter asOf: when the read was sent.
    public mutating func set(_ balances: [VenueBalance], asOf: UTCNanos) {
        let seenUntil = asOf + Nanoseconds(rawValue: -Self.snapshotLag.rawValue)
        for balance in balances {
            let purse = purseIndex(balance.venue, balance.exchangeIndex)
            guard purses[Int(purse)].set(balance.cash, asOf: asOf, seenUntil: seenUntil) else { continue }
            for index in table.indices where table[index].isUsed {
                for leg in 0..<2 where table[index].places[leg].purse == purse {
                    guard let doneAt = table[index].exposure[leg].doneAt, doneAt <= seenUntil else { continue }
                    hold(index, leg, -1)
                    table[index].see(leg, table[index].exposure[leg].cash)
                    hold(index, leg, 1)
                }
            }
        }
    }

    /// Which Kalshi shard an instrument is paid from, once the venue has said so.
    public mutating func setPurse(of instrument: InstrumentID, exchangeIndex: Int?) {
        let venue = legs[Int(instrument.index)].venue
        legs[Int(instrument.index)].purse = purseIndex(venue, exchangeIndex)
    }

    /// Cash that entries may take from a purse, the unwind reserve kept back; nil until the venue has told it.
    public func cash(_ venue: VenueID, exchangeIndex: Int?) -> Money? {
        guard let purse = purses.first(where: { $0.venue == venue && $0.exchangeIndex == exchangeIndex }) else {
            return nil
        }
        return entryCash(purse).map { Money(rawValue: Int64(clamping: max(0, $0))) }
    }

    // MARK: Pairs

    /// Takes no entries of a pair any more; false when that cause stood.
    @discardableResult
    public mutating func suspend(_ pair: PairID, _ cause: Suspension) -> Bool {
        let index = pairIndex(of: pair)
        guard pairs[index].suspensions & cause.bit == 0 else { return false }
        pairs[index].suspensions |= cause.bit
        return true
    }

    /// Ends one cause.
    public mutating func lift(_ pair: PairID, _ cause: Suspension) {
        let index = pairIndex(of: pair)
        pairs[index].suspensions &= ~cause.bit
    }

    /// Takes up a breaker that an earlier run left open. Before anything is approved.
    public mutating func restore(_ record: BreakerRecord, at now: Stamp) {
        if case .pair(let pair) = record.scope { _ = pairIndex(of: pair) }
        breaker.restore(record, at: now)
    }

    /// Why a pair takes no entries; empty when it does.
    public func suspensions(of pair: PairID) -> [Suspension] {
        guard let index = breaker.find(pair) else { return [] }
        return Suspension.allCases.filter { pairs[index].suspensions & $0.bit != 0 }
    }

    /// Whether a pair takes no entries. Mutating so that it is read in place: a copy of the gate is made otherwise, and
    /// every fire asks several times.
    public mutating func isSuspended(_ pair: PairID) -> Bool {
        guard let index = breaker.find(pair) else { return false }
        return pairs[index].suspensions != 0
    }

    /// The same of a basket's pair, without a look for its name.
    public mutating func isSuspended(_ basket: BasketID) -> Bool {
        pairs[seats[Int(basket.index)].pair].suspensions != 0
    }

    /// The review of a basket's pair changed while we run.
    public mutating func setApproved(_ basket: BasketID, _ isApproved: Bool) {
        seats[Int(basket.index)].isApproved = isApproved
    }
}
