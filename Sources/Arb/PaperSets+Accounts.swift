internal import Risk
public import Trading

// What sets hold: counted against the limits, shown, and taken up again after a restart.
extension PaperSets {
    // MARK: Limits

    /// Makes sure that what a set holds is counted; false when there is no room for it.
    func open(_ pair: PairID, _ id: ExecutionID, _ place: (venue: VenueID, exchangeIndex: Int?)) -> Bool {
        guard accounts[pair] == nil else { return true }
        guard
            let reservation = trader.gate.restore(
                id, pair: pair, basket: nil, legs: (place, place), exposure: ExecutionExposure())
        else { return false }
        accounts[pair] = Account(reservation: reservation, venue: place.venue)
        return true
    }

    /// Puts what a set has come to, at worst, in the place of what was counted. Cash stays taken for ever: the paper venues'
    /// purses do not know of it.
    func reserve(_ pair: PairID) {
        guard let account = accounts[pair] else { return }
        let valuation = trader.settings.valuation
        var exposure = ExecutionExposure()
        var (cash, locked, gross, net, loss) = (account.cash, account.locked, account.gross, Int64(0), Int64(0))
        for execution in underWay where execution.basket.pair == pair && execution.phase != .over {
            exposure.first.openOrders += Int32(clamping: execution.openOrders)
            if execution.phase == .working, let plan = execution.plan {
                let worst = execution.cashMax(plan)
                cash += worst
                locked += (try? valuation.spent(Money(rawValue: worst), execution.legs[0].currency).rawValue) ?? worst
                gross += plan.orderQty.rawValue * Int64(execution.legs.count)
                net += plan.locked.rawValue
                loss += execution.lossAtRisk.rawValue
            } else {
                let alone = execution.alone(valuation).rawValue
                cash += execution.cash
                locked += max(0, execution.spent(valuation).rawValue)
                gross += execution.legs.reduce(0) { $0 + max(0, $1.held) }
                net += alone
                loss += min(alone, trader.settings.close.lossMax.rawValue)
            }
        }
        exposure.first.cash = Money(rawValue: max(0, cash))
        exposure.first.locked = Money(rawValue: locked)
        exposure.gross = Money(rawValue: gross)
        exposure.net = Money(rawValue: net)
        exposure.lossAtRisk = Money(rawValue: loss)
        trader.gate.settle(account.reservation, to: exposure)
    }

    /// An execution is over: what it holds is held until it pays.
    func keep(_ execution: PaperSetExecution) {
        let pair = execution.basket.pair
        accounts[pair]?.cash += execution.cash
        accounts[pair]?.dust += execution.alone(trader.settings.valuation).rawValue
        guard execution.units > 0 else { return }
        accounts[pair]?.boxes += 1
        accounts[pair]?.locked += max(0, execution.spent(trader.settings.valuation).rawValue)
        accounts[pair]?.gross += execution.units * Int64(execution.legs.count)
        accounts[pair]?.holds.formUnion(execution.basket.legs)
    }

    // MARK: Status

    /// How it stands; a model.
    public var status: Status {
        var status = Status()
        (status.fired, status.filled, status.net) = (fired, filled, net)
        for execution in underWay where execution.phase != .over {
            status.underWay += 1
            guard execution.phase != .working else { continue }
            status.alone = Money(rawValue: status.alone.rawValue + execution.alone(trader.settings.valuation).rawValue)
        }
        for account in accounts.values {
            status.boxes += account.boxes
            status.locked = Money(rawValue: status.locked.rawValue + account.locked)
        }
        return status
    }

    /// Adds what sets hold to what pairs do: one account, one exposure.
    public func add(to status: inout TraderStatus) {
        let valuation = trader.settings.valuation
        status.counters.fired &+= UInt64(fired)
        status.counters.filled &+= UInt64(filled)
        var sums = (hedged: Int64(0), gross: Int64(0), exposed: Int64(0), net: Int64(0), dust: Int64(0))
        for account in accounts.values {
            status.exposure.boxes += account.boxes
            sums.hedged += account.locked
            sums.gross += account.gross
            sums.dust += account.dust
        }
        for execution in underWay where execution.phase != .over {
            status.exposure.openOrders += execution.openOrders
            sums.gross += execution.legs.reduce(0) { $0 + max(0, $1.held) }
            guard execution.phase != .working else { continue }
            let alone = execution.alone(valuation).rawValue
            sums.net += alone
            sums.hedged += max(0, execution.spent(valuation).rawValue - alone)
            if execution.openOrders > 0 { status.exposure.closing += 1 } else { sums.exposed += alone }
        }
        func added(_ money: inout Money, _ sum: Int64) { money = Money(rawValue: money.rawValue + sum) }
        added(&status.exposure.hedged, sums.hedged)
        added(&status.exposure.gross, sums.gross)
        added(&status.exposure.exposed, sums.exposed)
        added(&status.exposure.net, sums.net)
        added(&status.exposure.dust, sums.dust)
    }

    // MARK: A restart

    /// Takes up what earlier runs of this paper account bought. Once, before the trader starts.
    ///
    /// An order whose end is not recorded never met a book, or met it and nobody knows: it has what was recorded of it. What
    /// stands alone is closed as in the run that opened it.
    /// - Parameters:
    ///   - orders: all orders of sets that the account ever had.
    ///   - finished: executions that need nothing any more but to be counted.
    public func adopt(_ orders: [AdoptedOrder], finished: Set<ExecutionID>, at now: Stamp) {
        var groups: [ExecutionID: [AdoptedOrder]] = [:]
        for order in orders { groups[order.execution, default: []].append(order) }
        for id in groups.keys.sorted(by: { ($0.run, $0.sequence) < ($1.run, $1.sequence) }) {
            guard let orders = groups[id], let first = orders.first else { continue }
            guard let basket = basket(of: orders), open(basket.pair, id, place(of: basket)) else {
                if finished.contains(id), Self.holdsNothing(orders) { continue }
                halted(id, first.pair, "its set is gone from the pair files, or has other legs", now)
                continue
            }
            let isOver = finished.contains(id)
            let claim = isOver ? nil : trader.inFlight.claim(basket.legs)
            guard isOver || claim != nil else {
                halted(id, first.pair, "its markets are in use", now)
                continue
            }
            let decided = Stamp(monotonic: now.monotonic, utc: first.intended ?? now.utc)
            let execution = PaperSetExecution(
                id, basket, legs(of: basket), claim, payoffRate: trader.payoffRate(basket), from: nil, plan: nil,
                at: decided)
            for order in orders { take(order, into: execution, now) }
            if isOver { keep(execution) } else { underWay.append(execution) }
            reserve(basket.pair)
        }
    }

    private static func holdsNothing(_ orders: [AdoptedOrder]) -> Bool {
        var held: [String: Int64] = [:]
        for order in orders {
            let quantity = order.state.cumQty.rawValue
            held[order.symbol, default: 0] += order.state.order.side == .sell ? -quantity : quantity
        }
        return held.values.allSatisfy { $0 <= 0 }
    }

    private func halted(_ id: ExecutionID, _ pair: PairID, _ why: String, _ now: Stamp) {
        trader.isBlocked = true
        trader.tell(
            .alert(
                TradeAlert(
                    "E_EXEC_NOT_ADOPTED", isCritical: true, pair: pair,
                    "PAPER, a model: execution \(id) of set \(pair.name) cannot be taken up: \(why). Nothing is entered. "
                        + "Put the set back, or use another account",
                    at: now)))
    }

    private func take(_ adopted: AdoptedOrder, into execution: PaperSetExecution, _ now: Stamp) {
        guard let leg = execution.legs.firstIndex(where: { $0.venue == adopted.venue && $0.symbol == adopted.symbol })
        else { return }
        var order = adopted.state.order
        order.instrument = execution.legs[leg].leg.instrument
        var state = OrderState(order)
        state.apply(.sent)
        for fill in adopted.state.fills { state.apply(.fill(fill)) }
        if adopted.state.isDone { state.apply(.summary(trader.end(of: adopted.state))) }
        execution.add(.init(state: state, role: adopted.role, leg: leg))
        guard !state.isDone else { return }
        let index = execution.orders.count - 1
        guard state.cumQty > .zero else {
            return hear(.cannotEnter("paper: it never met a book"), .query, execution, index, now)
        }
        let summary = OrderSummary(standing: .cancelled, cumQty: state.cumQty, leavesQty: .zero)
        hear(.summary(summary), .query, execution, index, now)
    }

    /// The set whose legs these orders are: of this name, and buying what its legs buy.
    private func basket(of orders: [AdoptedOrder]) -> Basket? {
        trader.catalog.baskets.first { basket in
            guard basket.kind != .crossVenue, basket.pair == orders.first?.pair else { return false }
            return orders.allSatisfy { order in
                basket.legs.contains { leg in
                    let contract = trader.catalog.contracts[Int(leg.instrument.index)]
                    return contract.venue == order.venue && contract.symbol == order.symbol
                        && leg.outcome == order.state.order.outcome
                }
            }
        }
    }
}
