internal import Risk
public import Trading

/// Trades outcome sets on paper: all legs of a set at once, filled from the live books some time later by a model.
///
/// Stands before the trader as the engine's desk: pairs go on to the trader, sets end here. Live runs have no such desk, and
/// the trader takes no set: they are logged there and never fired. Claims, halts, limits, cash and the day's loss are the
/// trader's own, so that pairs and sets of one paper account are bounded together.
/// - Lane: the hot lane, all of it.
/// - Bound: `underWayMax` executions that are not over; one an opportunity.
public final class PaperSets: EntryDesk {
    /// How it stands; a model.
    public struct Status: Hashable, Sendable {
        /// Executions of this run, and those filled as planned.
        public var fired = 0, filled = 0
        /// Executions that are not over.
        public var underWay = 0
        /// Sets that are held until they pay, of earlier runs too, and what they cost. Unit: USD.
        public var boxes = 0, locked = Money.zero
        /// What this run's executions surely bring. Unit: USD.
        public var net = Money.zero
        /// Cost of what stands alone. Unit: USD.
        public var alone = Money.zero

        /// Nothing.
        public init() {}
    }

    /// What the executions of one set that are over have come to.
    struct Account {
        /// Counts what the set holds against the limits.
        let reservation: ReservationID
        let venue: VenueID
        /// Cash that its executions took, net. Unit: 1e-8 of the venue's currency.
        var cash: Int64 = 0
        /// Sets held, their cost, and their contracts at what they pay. Unit: 1e-8 USD.
        var boxes = 0, locked: Int64 = 0, gross: Int64 = 0
        /// Cost of what is left over and cannot be ordered. Unit: 1e-8 USD.
        var dust: Int64 = 0
        var holds: Set<BasketLeg> = []
    }

    let trader: Trader
    let floor: any PaperFloor
    let latency: Nanoseconds
    var underWay: [PaperSetExecution] = []
    var accounts: [PairID: Account] = [:]
    private var seen: [BasketID: UInt64] = [:]
    var fired = 0, filled = 0, net = Money.zero

    private static let underWayMax = 64
    /// A book that is void, or too thin to close in, is looked at again so often.
    static let lookAgain = Nanoseconds.milliseconds(10), closeAgain = Nanoseconds.milliseconds(100)

    /// A desk before `trader`.
    ///
    /// - Parameter latency: from an order to the books that it meets.
    public init(before trader: Trader, _ floor: any PaperFloor, latency: Nanoseconds) {
        self.trader = trader
        self.floor = floor
        self.latency = latency
    }

    // MARK: EntryDesk

    /// False when nothing can be entered on this basket now.
    public func isOpen(_ basket: Basket) -> Bool {
        guard basket.kind != .crossVenue else { return trader.isOpen(basket) }
        return isOpenAtAll && trader.suspensions(of: basket.pair).isEmpty
            && basket.legs.allSatisfy {
                !trader.inFlight.isClaimed($0.instrument) && trader.isSettled($0.instrument)
            }
    }

    private var isOpenAtAll: Bool {
        !trader.haltFlag.isRaised && trader.isReady && !trader.isStopping && !trader.isBlocked
            && underWay.count < Self.underWayMax && trader.gate.killSwitch.allows(.entry)
    }

    /// Fires it on paper, once an opportunity, or tells why not.
    public func take(_ candidate: EntryCandidate, at now: Stamp) {
        let basket = candidate.basket
        guard basket.kind != .crossVenue else { return trader.take(candidate, at: now) }
        guard isOpen(basket), seen[basket.id] != candidate.opportunity,
            let claim = trader.inFlight.claim(basket.legs)
        else { return }
        seen[basket.id] = candidate.opportunity
        do throws(Trader.Refusal) {
            try enter(candidate, claim, now)
        } catch {
            trader.inFlight.release(claim, basket.legs)
            trader.counters.refused &+= 1  // bounded by opportunities
            trader.refused(candidate, error, now)
        }
    }

    /// Pairs are made ready; a model has nothing to make ready.
    public func near(_ basket: Basket, at now: Stamp) {
        if basket.kind == .crossVenue { trader.near(basket, at: now) }
    }

    // MARK: Entry

    /// Sizes it within what the limits leave, counts it against them, and puts its legs on their way.
    private func enter(_ candidate: EntryCandidate, _ claim: InFlight.Claim, _ now: Stamp) throws(Trader.Refusal) {
        let basket = candidate.basket
        let place = place(of: basket)
        var limits: SizingLimits
        do throws(RiskRefusal) {
            limits = try trader.gate.bounds(
                forSet: basket.id, orders: basket.legs.count, at: place, isOppositeHeld: isOppositeHeld(basket),
                now: now)
        } catch {
            throw .risk(error)
        }
        var losses: [Money] = []
        let plan = try trader.fitted(candidate.plan, candidate.problem, &limits) { (plan) throws(Trader.Refusal) in
            losses.removeAll(keepingCapacity: true)
            for (planned, leg) in zip(plan.legs, candidate.problem.legs) {
                losses.append(try trader.loss(planned, leg))
            }
            return losses.max() ?? .zero
        }
        let approved = trader.clock.now().monotonic
        let id = trader.newExecutionID()
        guard open(basket.pair, id, place) else { throw .noSize("reservations_full") }
        let execution = PaperSetExecution(
            id, basket, legs(of: basket), claim, payoffRate: trader.payoffRate(basket), from: candidate, plan: plan,
            at: now, approved: approved)
        execution.lossAtRisk = losses.max() ?? .zero
        execution.feesMax = zip(plan.legs, candidate.problem.legs).map { trader.feeMax($0, $1) }
        for (leg, planned) in plan.legs.enumerated() {
            let order = trader.legOrder(planned, candidate.problem.legs[leg], trader.newID())
            send(order, .leg, leg: leg, of: execution, now)
        }
        underWay.append(execution)
        fired += 1  // bounded by opportunities
        reserve(basket.pair)
    }

    /// Puts an order on its way to the books: recorded like every other, and named as what it is by the account.
    func send(_ order: NewOrder, _ role: OrderRole, leg: Int, of execution: PaperSetExecution, _ now: Stamp) {
        var state = OrderState(order)
        state.apply(.sent)
        execution.add(.init(state: state, role: role, leg: leg, sent: trader.clock.now().monotonic))
        execution.due = now.monotonic + latency
        execution.deadline = now.monotonic + max(latency, trader.settings.orderTimeout)
        trader.gate.noteOrders(1, at: now.monotonic)
        let market = execution.legs[leg]
        trader.tellLater(
            .intended(
                OrderIntent(
                    execution: execution.id, role: role, pair: execution.basket.pair, venue: market.venue,
                    symbol: market.symbol, token: market.token, order: order, orderID: nil, bodyHash: .zero,
                    decided: now)))
    }

    func legs(of basket: Basket) -> [PaperSetExecution.Leg] {
        zip(basket.legs, trader.currencies(basket)).map {
            PaperSetExecution.Leg($0, trader.catalog.contracts[Int($0.instrument.index)], $1)
        }
    }

    /// Where all legs of a set are, and what pays them: a set is of one venue.
    func place(of basket: Basket) -> (venue: VenueID, exchangeIndex: Int?) {
        let contract = trader.catalog.contracts[Int(basket.legs[0].instrument.index)]
        return (contract.venue, contract.exchangeIndex ?? (contract.venue == .kalshi ? 0 : nil))
    }

    /// True where the other outcome of one of its markets is held: Kalshi would net them.
    private func isOppositeHeld(_ basket: Basket) -> Bool {
        guard let holds = accounts[basket.pair]?.holds else { return false }
        return basket.legs.contains {
            holds.contains(BasketLeg(instrument: $0.instrument, outcome: $0.outcome.opposite))
        }
    }

    // MARK: Time

    /// When `turn` has something to do.
    public var nextDeadline: MonotonicNanos? { underWay.lazy.map(\.due).min() }

    /// True when no order is out and nothing stands alone that could be closed now.
    public var isQuiet: Bool {
        let closes = trader.gate.killSwitch.allows(.autoClose)
        return !underWay.contains {
            $0.openOrders > 0 || $0.phase == .working || ($0.phase == .closing && closes)
        }
    }

    /// Fills what is due, and closes what filled in part.
    public func turn(at now: Stamp) {
        guard let next = nextDeadline, next <= now.monotonic else { return }
        for execution in underWay where execution.due <= now.monotonic {
            advance(execution, now)
            reserve(execution.basket.pair)
        }
        underWay.removeAll { $0.phase == .over }
    }

    private func advance(_ execution: PaperSetExecution, _ now: Stamp) {
        let isLate = now.monotonic >= execution.deadline
        for index in execution.orders.indices where !execution.orders[index].state.isDone {
            // The venue has its book all the while: the order waits for ours.
            let isUsable = floor.isUsable(execution.orders[index].state.order.instrument)
            if isUsable || isLate { meet(execution, index, isUsable: isUsable, now) }
        }
        guard execution.openOrders == 0 else {
            execution.due = min(now.monotonic + Self.lookAgain, execution.deadline)
            return
        }
        settle(execution, now)
    }

    /// An order meets its book.
    private func meet(_ execution: PaperSetExecution, _ index: Int, isUsable: Bool, _ now: Stamp) {
        let order = execution.orders[index].state.order
        guard isUsable, let fill = floor.fill(order, isTaken: true) else {
            let text = isUsable ? "nothing stood within the limit" : "its book was void until the deadline"
            let refusal = VenueRejection(.unfilled, status: 0, code: "paper", text: text)
            return hear(.rejected(refusal), .reply, execution, index, now)
        }
        for (number, level) in fill.levels.enumerated() {
            let told = Fill(
                execID: ExecID("paper-\(order.clOrdID)-\(number + 1)"), lastQty: level.quantity, lastPx: level.price,
                fee: level.fee, liquidity: .taker, settlement: .confirmed)
            hear(.fill(told), .stream, execution, index, now)
        }
        let isWhole = order.cashOrderQty != nil || fill.quantity == order.orderQty
        let summary = OrderSummary(
            standing: isWhole ? .filled : .cancelled, cumQty: fill.quantity, leavesQty: .zero, cumCash: fill.cash,
            fee: fill.fee)
        hear(.summary(summary), .reply, execution, index, now)
        trader.noteFill(order.instrument, now.monotonic)
    }

    func hear(
        _ event: OrderEvent, _ source: EvidenceSource, _ execution: PaperSetExecution, _ index: Int, _ now: Stamp
    ) {
        execution.apply(event, to: index, at: now.monotonic)
        let state = execution.orders[index].state
        trader.tell(
            .heard(
                HeardOrder(
                    clOrdID: state.order.clOrdID, isTombstone: false, orderID: OrderID(paper: state.order),
                    event: event,
                    source: source, transactTime: now.utc, at: now, state: state)))
    }
}
