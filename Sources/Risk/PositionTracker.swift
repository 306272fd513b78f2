public import Trading

/// What we hold, by execution: boxes, residuals, dust; counted from our own orders alone.
///
/// Every figure is a pure function of the last state of each order and of what was paid, so it does not matter in which
/// order or how often things are told. A difference between positions never makes a residual (law 11); what is at a venue
/// and not here is FOREIGN.
/// - Lane: the hot lane; a value without I/O and clock.
/// - Bound: `executionsMax` executions of `ordersMax` orders each. In steady state `begin`, `add` and `apply` reuse what
///   was there.
public struct PositionTracker: Sendable {
    /// Executions followed at once.
    public static let executionsMax = 8_192
    /// Orders of one execution.
    public static let ordersMax = 1_024

    /// Why something was not taken in: it must not be sent.
    public enum Refusal: Error, Hashable, Sendable {
        /// No room; forget what is over.
        case full
        /// An execution or order of that id is here.
        case duplicate
        /// No such execution.
        case unknownExecution

        /// Stable; listed in `Docs/ERRORS.md`.
        public var code: String {
            switch self {
            case .full: "E_EXEC_TRACKER_FULL"
            case .duplicate: "E_EXEC_TRACKER_DUPLICATE"
            case .unknownExecution: "E_EXEC_TRACKER_NO_EXECUTION"
            }
        }
    }

    struct Key: Hashable, Sendable {
        let clOrdID: ClOrdID
        let isTombstone: Bool
    }

    struct OrderSeat: Hashable, Sendable {
        let key: Key
        let leg: Int
        let flow: LegFlow
        let feeMax: Money
        let isClosing: Bool
        var figures: OrderFigures
    }

    struct Seat: Hashable, Sendable {
        var plan: ExecutionPlan
        var orders: [OrderSeat]
        var outcomes = (LegPaid(), LegPaid())
        var figures: ExecutionFigures
        var isDust = false
        /// An operator or the machine is selling both legs before their time.
        var isClosing = false
        /// 1, 2, 3 … in order of their beginning.
        let number: UInt64

        init(_ plan: ExecutionPlan, number: UInt64, _ valuation: Valuation, orders: [OrderSeat]) {
            self.plan = plan
            self.orders = orders
            self.number = number
            figures = ExecutionFigures(plan, (LegSums(), LegSums()), outcomes, valuation)
        }

        static func == (left: Seat, right: Seat) -> Bool {
            left.plan == right.plan && left.orders == right.orders && left.outcomes == right.outcomes
                && left.isDust == right.isDust && left.isClosing == right.isClosing
        }

        func hash(into hasher: inout Hasher) { hasher.combine(plan) }
    }

    struct Market: Hashable, Sendable {
        let venue: VenueID
        let symbol: String
    }

    /// How dust is told.
    private let dust: Money, dustMax: Money
    let valuation: Valuation
    var seats: [ExecutionID: Seat] = [:]
    private var owners: [Key: ExecutionID] = [:]
    /// What markets paid, for executions that are read back later.
    var settlements: [Market: Price] = [:]
    private var dustSum: Int128 = 0
    private var next: UInt64 = 1
    /// Room for orders, made ahead: what begins does not allocate.
    private var spare: [[OrderSeat]] = []
    private static let spareMax = 64
    /// Net of executions that were forgotten. Unit: USD.
    private var profitForgotten: Int128 = 0
    private var dustForgotten: Int128 = 0

    /// Nothing is held.
    ///
    /// - Parameter markets: how many may come to be paid; room for them is taken now.
    public init(_ limits: RiskLimits, markets: Int = 0) {
        settlements.reserveCapacity(markets)
        dust = limits.dust
        dustMax = limits.dustMax
        valuation = limits.valuation
        seats.reserveCapacity(256)
        owners.reserveCapacity(1_024)
        spare.reserveCapacity(Self.spareMax)
        for _ in 0..<Self.spareMax { spare.append(Self.room()) }
    }

    private static func room() -> [OrderSeat] {
        var room: [OrderSeat] = []
        room.reserveCapacity(8)
        return room
    }

    /// False when no further execution can be followed.
    public var hasRoom: Bool { seats.count < Self.executionsMax }

    // MARK: Orders

    /// Takes in an execution, before its first order.
    ///
    /// - Throws: `Refusal`.
    public mutating func begin(_ plan: ExecutionPlan) throws(Refusal) {
        guard seats[plan.execution] == nil else { throw .duplicate }
        guard hasRoom else { throw .full }
        var seat = Seat(plan, number: next, valuation, orders: spare.popLast() ?? Self.room())
        next += 1
        for leg in 0..<2 {
            if let yes = settlements[Market(venue: plan[leg].venue, symbol: plan[leg].symbol)] {
                seat.settle(leg, yesPays: yes)
            }
        }
        seats[plan.execution] = seat
    }

    /// Takes in an order before it is recorded and sent: from here on it counts as filled and as open.
    ///
    /// - Parameters:
    ///   - leg: whose market it trades: 0 or 1.
    ///   - feeMax: most that the venue may charge. Unit: the leg's currency.
    /// - Throws: `Refusal`.
    public mutating func add(
        _ order: NewOrder, role: OrderRole, leg: Int, feeMax: Money, to execution: ExecutionID
    ) throws(Refusal) -> ExecutionExposure {
        precondition(leg == 0 || leg == 1, "a pair has two legs")
        let key = Key(clOrdID: order.clOrdID, isTombstone: role == .tombstone)
        guard var seat = seats[execution] else { throw .unknownExecution }
        guard owners[key] == nil else { throw .duplicate }
        guard seat.orders.count < Self.ordersMax else { throw .full }
        let isSame = order.outcome == seat.plan[leg].outcome
        precondition(isSame || order.side == .buy, "the other outcome is only bought")
        seats[execution] = nil  // one owner of its arrays
        seat.orders.append(
            OrderSeat(
                key: key, leg: leg, flow: isSame ? (order.side == .buy ? .buy : .sell) : .opposite, feeMax: feeMax,
                isClosing: role != .leg && role != .tombstone, figures: OrderFigures(order, feeMax: feeMax)))
        owners[key] = execution
        update(&seat)
        seats[execution] = seat
        return seat.figures.exposure(isDust: seat.isDust)
    }

    /// Takes an order back that never left: its slot was given back.
    public mutating func withdraw(_ clOrdID: ClOrdID, isTombstone: Bool) -> ExecutionExposure? {
        let key = Key(clOrdID: clOrdID, isTombstone: isTombstone)
        guard let execution = owners.removeValue(forKey: key), var seat = seats.removeValue(forKey: execution) else {
            return nil
        }
        seat.orders.removeAll { $0.key == key }
        update(&seat)
        seats[execution] = seat
        return seat.figures.exposure(isDust: seat.isDust)
    }

    /// Takes an execution back of which no order is left.
    public mutating func abandon(_ execution: ExecutionID) {
        guard var seat = seats.removeValue(forKey: execution) else { return }
        precondition(seat.orders.isEmpty, "an execution with orders is not abandoned")
        giveBack(&seat.orders)
    }

    /// Joins the present state of one order of ours; after every report about it.
    ///
    /// - Parameter now: when the report was taken in.
    /// - Returns: nil for an order that is not here.
    @discardableResult
    public mutating func apply(_ state: borrowing OrderState, at now: UTCNanos) -> PositionChange? {
        let key = Key(clOrdID: state.order.clOrdID, isTombstone: state.order.purpose == .tombstone)
        guard let execution = owners[key], var seat = seats.removeValue(forKey: execution),
            let place = seat.orders.firstIndex(where: { $0.key == key })
        else { return nil }
        let order = seat.orders[place]
        var figures = OrderFigures(state, feeMax: order.feeMax, venue: seat.plan[order.leg].venue)
        // What changes after the end, a late fill or a void, changes cash anew.
        if figures.isDone {
            figures.doneAt = order.figures.hasSameMoney(as: figures) ? order.figures.doneAt ?? now : now
        }
        let before = seat.snapshot
        if figures != order.figures {
            seat.orders[place].figures = figures
            update(&seat)
        }
        let change = seat.change(since: before)
        seats[execution] = seat
        return change
    }

    // MARK: Facts

    /// Joins what a venue paid or merged; executions in order of their beginning.
    ///
    /// - Returns: what changed, and contracts of a merge that no execution of ours explains: FOREIGN.
    public mutating func apply(_ fact: PositionFact) -> (changes: [PositionChange], unexplained: Quantity) {
        var changes: [PositionChange] = []
        var left: Int128 = 0
        let market: Market
        switch fact {
        case .settled(let venue, let symbol, let yesPays):
            market = Market(venue: venue, symbol: symbol)
            settlements[market] = yesPays
        case .merged(let venue, let symbol, let quantity):
            market = Market(venue: venue, symbol: symbol)
            left = Int128(quantity.rawValue)
        }
        for execution in executions(in: market) {
            guard var seat = seats.removeValue(forKey: execution) else { continue }
            let before = seat.snapshot
            for leg in 0..<2 where Market(venue: seat.plan[leg].venue, symbol: seat.plan[leg].symbol) == market {
                switch fact {
                case .settled(_, _, let yesPays): seat.settle(leg, yesPays: yesPays)
                case .merged: left -= seat.merge(leg, atMost: left)
                }
            }
            update(&seat)
            if seat.snapshot != before { changes.append(seat.change(since: before)) }
            seats[execution] = seat
        }
        return (changes, Quantity(rawValue: Int64(clamping: left)))
    }

    /// Both legs of a box are being sold before their time, or no longer.
    public mutating func setClosing(_ execution: ExecutionID, _ isClosing: Bool) {
        // Said at every look: a seat that is written is a copy of its orders.
        guard let seat = seats[execution], seat.isClosing != isClosing else { return }
        seats[execution]?.isClosing = isClosing
    }

    /// Forgets an execution that is over; its profit stays in the sums. False while it is not over.
    @discardableResult
    public mutating func forget(_ execution: ExecutionID) -> Bool {
        guard var seat = seats[execution], seat.isOver else { return false }
        seats[execution] = nil
        for order in seat.orders { owners[order.key] = nil }
        profitForgotten += seat.figures.profit(isDust: seat.isDust)
        if seat.isDust {
            dustSum -= seat.figures.residualCost
            dustForgotten += seat.figures.residualCost
        }
        giveBack(&seat.orders)
        return true
    }

    /// Takes the room out of a seat that nobody else has any more, so that it is the same memory that is used again.
    private mutating func giveBack(_ orders: inout [OrderSeat]) {
        guard spare.count < Self.spareMax else { return }
        var room: [OrderSeat] = []
        swap(&room, &orders)
        room.removeAll(keepingCapacity: true)
        spare.append(room)
    }

    // MARK: - Sums

    private func executions(in market: Market) -> [ExecutionID] {
        seats.values.filter { seat in
            [seat.plan.first, seat.plan.second].contains { Market(venue: $0.venue, symbol: $0.symbol) == market }
        }.sorted { $0.number < $1.number }.map(\.plan.execution)
    }

    /// All that follows from the orders of one execution.
    private mutating func update(_ seat: inout Seat) {
        var sums = (LegSums(), LegSums())
        for order in seat.orders {
            if order.leg == 0 {
                sums.0.add(order.figures, order.flow, isClosing: order.isClosing)
            } else {
                sums.1.add(order.figures, order.flow, isClosing: order.isClosing)
            }
        }
        if seat.isDust { dustSum -= seat.figures.residualCost }
        seat.figures = ExecutionFigures(seat.plan, sums, seat.outcomes, valuation)
        seat.isDust = isDust(seat)
        if seat.isDust { dustSum += seat.figures.residualCost }
    }

    /// Below both venues' smallest orders, or worth less than `dust_usd`; all dust together within `dust_max_usd`.
    private func isDust(_ seat: Seat) -> Bool {
        let figures = seat.figures
        guard figures.isDone, figures.residualQty > 0 else { return false }
        let least = min(seat.plan.first.orderQtyMin.rawValue, seat.plan.second.orderQtyMin.rawValue)
        let isSmall = figures.residualQty < Int128(least) || figures.residualCost < Int128(dust.rawValue)
        return isSmall && dustSum + dustForgotten + figures.residualCost <= Int128(dustMax.rawValue)
    }

    /// Net of all executions, those forgotten too: boxes at what they surely pay, residuals at cost, dust at nothing.
    /// Unit: USD.
    public var profit: Money {
        Money(clamping: seats.values.reduce(profitForgotten) { $0 + $1.figures.profit(isDust: $1.isDust) })
    }

    /// Cost of all dust, booked at nothing. Unit: USD.
    public var dustCost: Money { Money(clamping: dustSum + dustForgotten) }
}

extension OrderFigures {
    fileprivate func hasSameMoney(as other: OrderFigures) -> Bool {
        isDone && cumQty == other.cumQty && cash == other.cash && fee == other.fee
    }
}
