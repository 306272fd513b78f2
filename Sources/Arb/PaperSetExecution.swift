internal import Risk
import Trading

/// One outcome set that is bought on paper: its orders, and what they hold.
final class PaperSetExecution {
    /// How far it is.
    enum Phase {
        /// Its legs are on their way to the books.
        case working
        /// What filled in part is being closed.
        case closing
        /// It could not be closed in time: looked at again at each sweep.
        case stuck
        /// Nothing is to be done any more.
        case over
    }

    /// One market of it.
    struct Leg {
        let leg: BasketLeg
        let venue: VenueID
        let symbol: String, token: String
        let currency: Currency
        /// Contracts held now, and all that were bought. Unit: 1e-8.
        var held: Int64 = 0, bought: Int64 = 0
        /// Money paid, and money that came back, fees in. Unit: 1e-8 of the currency.
        var paid: Int64 = 0, got: Int64 = 0

        init(_ leg: BasketLeg, _ contract: Contract, _ currency: Currency) {
            self.leg = leg
            self.currency = currency
            (venue, symbol) = (contract.venue, contract.symbol)
            token = contract.tokens.map { leg.outcome == .yes ? $0.yes : $0.no } ?? ""
        }

        func spent(_ valuation: Valuation) -> Int64 {
            // Beyond 64 bits, which no limit admits, it counts against us.
            let paid = (try? valuation.spent(Money(rawValue: paid), currency).rawValue) ?? .max
            return paid - ((try? valuation.received(Money(rawValue: got), currency).rawValue) ?? 0)
        }

        /// What so many contracts of it cost when they were bought, fees in. Unit: 1e-8 USD.
        func cost(of quantity: Int64, _ valuation: Valuation) -> Int64 {
            guard bought > 0, quantity > 0 else { return 0 }
            let paid = (try? valuation.spent(Money(rawValue: paid), currency).rawValue) ?? .max
            return Int64(clamping: Int128(paid) * Int128(quantity) / Int128(bought))
        }
    }

    /// One order of it.
    struct Order {
        var state: OrderState
        let role: OrderRole
        let leg: Int
        /// Of this run: it is told of with its stamps.
        var sent: MonotonicNanos?
        var ended: MonotonicNanos?
    }

    let id: ExecutionID
    let basket: Basket
    /// Nil for one that is only counted.
    let claim: InFlight.Claim?
    /// Nil for one of an earlier run.
    let plan: BasketPlan?
    private let opportunity: UInt64
    private let decided: Stamp
    private let stamps: ExecutionStamps
    /// What a unit surely pays. Unit: 1e-8 USD.
    private let payoffRate: Int64
    private(set) var legs: [Leg]
    private(set) var orders: [Order] = []
    /// Worst loss of a leg alone, by the books at the decision. Unit: USD.
    var lossAtRisk = Money.zero
    /// Most that each planned leg is charged. Unit: its currency.
    var feesMax: [Money] = []
    var phase = Phase.working
    /// When it is looked at next, and until when its orders wait for a book that may be used.
    var due: MonotonicNanos, deadline: MonotonicNanos
    /// Until when what stands alone is closed; then its set is halted.
    var closeBy: MonotonicNanos?
    /// Closing orders sent.
    var closes = 0
    var realized: Money?
    /// Net that the day's book has already. Unit: USD.
    var booked = Money.zero
    var error = ""

    init(
        _ id: ExecutionID, _ basket: Basket, _ legs: [Leg], _ claim: InFlight.Claim?, payoffRate: Int64,
        from candidate: EntryCandidate?, plan: BasketPlan?, at now: Stamp, approved: MonotonicNanos? = nil
    ) {
        (self.id, self.basket, self.legs, self.claim) = (id, basket, legs, claim)
        (self.payoffRate, self.plan) = (payoffRate, plan)
        opportunity = candidate?.opportunity ?? 0
        (decided, due, deadline) = (now, now.monotonic, now.monotonic)
        var stamps = candidate?.stamps ?? ExecutionStamps(now.monotonic)
        stamps.approved = max(stamps.decided, approved ?? now.monotonic)
        stamps.journaled = stamps.approved
        self.stamps = stamps
    }

    // MARK: Orders

    /// Takes an order in: of an earlier run with all that was told of it.
    func add(_ order: Order) {
        orders.append(order)
        count()
    }

    /// Joins what was told of an order.
    func apply(_ event: OrderEvent, to index: Int, at now: MonotonicNanos) {
        orders[index].state.apply(event)
        guard orders[index].state.isDone else { return }
        orders[index].ended = now
        count()
    }

    /// Orders that have not met their books.
    var openOrders: Int { orders.count { !$0.state.isDone } }

    /// What is held is what its orders say, never counted along.
    private func count() {
        for index in legs.indices { (legs[index].held, legs[index].bought) = (0, 0) }
        for index in legs.indices { (legs[index].paid, legs[index].got) = (0, 0) }
        for order in orders {
            let (cash, fee) = (order.state.cumCash.rawValue, order.state.fees.rawValue)
            if order.state.order.side == .sell {
                legs[order.leg].held -= order.state.cumQty.rawValue
                legs[order.leg].got += cash - fee
            } else {
                legs[order.leg].held += order.state.cumQty.rawValue
                legs[order.leg].bought += order.state.cumQty.rawValue
                legs[order.leg].paid += cash + fee
            }
        }
    }

    // MARK: Sums

    /// Whole sets. Unit: 1e-8.
    var units: Int64 { max(0, legs.map(\.held).min() ?? 0) }

    /// Money that left its purse. Unit: 1e-8 of the currency.
    var cash: Int64 { legs.reduce(0) { $0 + $1.paid - $1.got } }

    /// Most that its legs can take from their purse: every contract at its limit. Unit: 1e-8 of the currency.
    func cashMax(_ plan: BasketPlan) -> Int64 {
        var sum: Int128 = 0
        for order in orders where order.role == .leg {
            let wanted = order.state.order
            let exact = Int128(wanted.price.rawValue) * Int128(wanted.orderQty.rawValue)
            let cost = (exact + Int128(FixedPoint.one) - 1) / Int128(FixedPoint.one)
            sum += wanted.cashOrderQty.map { Int128($0.rawValue) } ?? cost
        }
        for fee in feesMax { sum += Int128(fee.rawValue) }
        return Int64(clamping: sum)
    }

    /// All that was spent less all that came back.
    func spent(_ valuation: Valuation) -> Money {
        Money(rawValue: Int64(clamping: legs.reduce(Int128(0)) { $0 + Int128($1.spent(valuation)) }))
    }

    /// What so many units pay, less all that was spent. Unit: 1e-8 USD.
    func net(units: Int64, _ valuation: Valuation) -> Int64 {
        let pays = Int128(payoffRate) * Int128(units) / Int128(FixedPoint.one)
        return Int64(clamping: pays - Int128(spent(valuation).rawValue))
    }

    /// Cost of the contracts of a leg that have no partners. Unit: USD.
    func alone(_ index: Int, _ valuation: Valuation) -> Money {
        Money(rawValue: legs[index].cost(of: legs[index].held - units, valuation))
    }

    /// Cost of all contracts without their partners. Unit: USD.
    func alone(_ valuation: Valuation) -> Money {
        Money(rawValue: legs.indices.reduce(0) { $0 + alone($1, valuation).rawValue })
    }

    // MARK: Told

    private var kind: ExecutionResult.Kind {
        if phase == .closing || phase == .stuck || orders.contains(where: { $0.role != .leg }) { return .unwound }
        let entries = orders.filter { $0.role == .leg }
        if entries.allSatisfy({ $0.state.cumQty == .zero }) { return .missed }
        return entries.allSatisfy { $0.state.ordStatus == .filled } ? .filled : .partial
    }

    /// As it stands.
    func result(_ now: MonotonicNanos) -> ExecutionResult {
        var result = ExecutionResult(
            id: id, opportunity: opportunity, basket: basket.id, kind: kind, edgeExpected: plan?.net ?? .zero,
            edgeRealized: realized, stamps: stamps, decidedAt: decided.utc, told: now, error: error)
        result.legs = orders.filter { $0.role == .leg }.map(told)
        return result
    }

    private func told(_ order: Order) -> ExecutedLeg {
        let state = order.state
        var told = ExecutedLeg(state.order, venue: legs[order.leg].venue, symbol: legs[order.leg].symbol)
        told.orderID = OrderID(paper: state.order)
        (told.cumQty, told.avgPx, told.cash, told.fee) = (state.cumQty, state.avgPx, state.cumCash, state.fees)
        told.ordStatus = state.ordStatus
        told.filled = order.ended
        if let sent = order.sent { told.stamps = .init(signed: stamps.journaled, sent: sent, acked: order.ended) }
        if let rejection = state.venueRejection {
            told.error = "E_EXEC_BROKER_REJECTED \(rejection.code) \(rejection.text)"
        }
        return told
    }

    /// The whole units, held until they pay.
    func box(_ valuation: Valuation, payoutAt: UTCNanos?, _ now: Stamp) -> BoxReport {
        let cost = spent(valuation)
        let net = Money(rawValue: net(units: units, valuation))
        return BoxReport(
            execution: id, basket: basket.id, pair: basket.pair, state: units > 0 ? .open : .settled,
            quantity: Quantity(rawValue: units), cost: cost, payoff: Money(rawValue: cost.rawValue + net.rawValue),
            net: net, netChange: nil, dust: legs.map { Quantity(rawValue: max(0, $0.held - units)) },
            payoutAt: payoutAt, openedAt: decided.utc, at: now)
    }
}

extension OrderID {
    /// The name that a paper order has where a venue would have given it one.
    init(paper order: NewOrder) { self.init("paper-\(order.clOrdID)") }
}
