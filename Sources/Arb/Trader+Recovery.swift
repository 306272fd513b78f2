import Risk
public import Trading

/// An order of an earlier run, as the ledger and the log of intents have it.
public struct AdoptedOrder: Sendable {
    /// The execution it belongs to.
    public let execution: ExecutionID
    /// What it is to it.
    public let role: OrderRole
    /// The pair.
    public let pair: PairID
    /// The venue.
    public let venue: VenueID
    /// Ticker, or condition id.
    public let symbol: String
    /// The venue's name, as far as it is known.
    public let orderID: OrderID?
    /// All that was told of it.
    public let state: OrderState
    /// Net of the execution that the books of that run have already. Unit: USD.
    public let booked: Money
    /// When it was recorded: bytes may have left from then on. Nil: not known.
    public let intended: UTCNanos?
    /// Its execution is over but for a fee that was not told: nothing is lost when it cannot be taken up.
    public let lacksFeeAlone: Bool

    /// An order.
    public init(
        execution: ExecutionID, role: OrderRole, pair: PairID, venue: VenueID, symbol: String, orderID: OrderID?,
        state: OrderState, booked: Money, intended: UTCNanos? = nil, lacksFeeAlone: Bool = false
    ) {
        self.lacksFeeAlone = lacksFeeAlone
        self.intended = intended
        self.execution = execution
        self.role = role
        self.pair = pair
        self.venue = venue
        self.symbol = symbol
        self.orderID = orderID
        self.state = state
        self.booked = booked
    }
}

// A restart: what earlier runs left open is taken up before anything new is entered. Every order whose end is not known
// is unknown, and asked for; what stands alone is closed under its claim, as in the run that opened it.
extension Trader {
    /// Takes up the executions of earlier runs. Once, before `start`.
    ///
    /// What cannot be taken up (a pair that the files no longer have) is told as an alert, and nothing is entered at all:
    /// its orders would be nobody's.
    public func adopt(_ orders: [AdoptedOrder], profitToday: Money, at now: Stamp) {
        if profitToday.rawValue != 0 { gate.book(profitToday, at: now) }
        var groups: [ExecutionID: [AdoptedOrder]] = [:]
        for order in orders { groups[order.execution, default: []].append(order) }
        reserveSequences(beyond: groups.keys.map(\.sequence).max() ?? 0)
        for id in groups.keys.sorted(by: { ($0.run, $0.sequence) < ($1.run, $1.sequence) }) {
            take(id, groups[id] ?? [], now)
        }
        tellBreaker()
    }

    /// Takes in the names of orders of earlier runs that ended: lists of the account have them for a while, and they are
    /// nobody else's. Before `start`.
    public func remember(_ ended: [(orderID: OrderID, cumQty: Quantity)]) {
        for order in ended { registry.remember(order.orderID, cumQty: order.cumQty) }
    }

    private func take(_ id: ExecutionID, _ orders: [AdoptedOrder], _ now: Stamp) {
        guard let pair = orders.first?.pair else { return }
        guard let basket = basket(of: orders), executions[id.sequence] == nil,
            let claim = inFlight.claim(basket.legs)
        else {
            if orders.allSatisfy(\.lacksFeeAlone) { return }
            isBlocked = true
            halt(pair, .unknown, "execution \(id) of an earlier run cannot be taken up")
            let open = orders.count { !$0.state.isDone }
            let text =
                "execution \(id) of \(pair.name) cannot be taken up: its pair is gone from the pair files, or its markets "
                + "are in use; \(open) of its orders are open. Nothing is entered. Put the pair back, or see arb reconcile"
            return tell(.alert(TradeAlert("E_EXEC_NOT_ADOPTED", isCritical: true, pair: pair, text, at: now)))
        }
        take(id, basket, claim, orders, now)
    }

    /// Follows orders that were there before they were known here, as one execution that holds its markets.
    func take(_ id: ExecutionID, _ basket: Basket, _ claim: InFlight.Claim, _ orders: [AdoptedOrder], _ now: Stamp) {
        let plan = BasketPlan(orderQty: .zero, legs: [], locked: .zero, payoff: .zero, net: .zero, edgeBps: 0)
        let execution = Execution(
            id: id, basket: basket, opportunity: 0, plan: plan, decided: now, stamps: ExecutionStamps(now.monotonic),
            claim: claim, isRecovered: true)
        for order in orders { take(order, into: execution, now) }
        execution.booked = orders.first?.booked ?? .zero
        keep(execution)
        do throws(PositionTracker.Refusal) {
            try restore(execution, now)
        } catch {
            isBlocked = true
            halt(basket.pair, .unknown, "execution \(id) of an earlier run cannot be followed: \(error.code)")
        }
        advance(execution, now)
    }

    private func take(_ adopted: AdoptedOrder, into execution: Execution, _ now: Stamp) {
        guard let instrument = instruments[MarketKey(venue: adopted.venue, symbol: adopted.symbol)],
            let leg = execution.basket.legs.firstIndex(where: { $0.instrument == instrument })
        else { return }
        var order = adopted.state.order
        order.instrument = instrument
        do throws(OrderRegistry.Refusal) {
            let sent = Self.sent(adopted, now)
            let handle = try registry.add(
                order, venue: adopted.venue, symbol: adopted.symbol, orderID: adopted.orderID, at: sent)
            registry.apply(.sent, to: handle, at: sent)
            for fill in adopted.state.fills { registry.apply(.fill(fill), to: handle, at: now) }
            registry.apply(
                adopted.state.isDone ? .summary(end(of: adopted.state)) : .unknown(.restart), to: handle, at: now)
            execution.orders.append(
                ExecutionOrder(
                    handle: handle, role: adopted.role, leg: leg, venue: adopted.venue, isAdopted: true))
            owners[handle.index] = execution.id.sequence
        } catch {
            isBlocked = true
            halt(adopted.pair, .unknown, "order \(order.clOrdID) of an earlier run cannot be taken up: \(error.code)")
        }
    }

    /// When it left, on the clock of this run: what is looked for is as old as that. A stamp from the future says that a
    /// clock was set: then it is taken for a day old, so that nothing is looked for in too short a past or proved by its youth.
    private static func sent(_ adopted: AdoptedOrder, _ now: Stamp) -> Stamp {
        guard let intended = adopted.intended else { return now }
        let age = intended <= now.utc ? now.utc - intended : Nanoseconds.seconds(86_400)
        let before = Nanoseconds(rawValue: -age.rawValue)
        return Stamp(monotonic: now.monotonic + before, utc: now.utc + before)
    }

    /// The end of an order that was known, as one sum.
    func end(of state: OrderState) -> OrderSummary {
        let standing: OrderSummary.Standing =
            switch state.ordStatus {
            case .filled: .filled
            case .expired: .expired
            default: .cancelled
            }
        let isFilled = state.cumQty.rawValue > 0
        return OrderSummary(
            standing: standing, cumQty: state.cumQty, leavesQty: .zero, cumCash: isFilled ? state.cumCash : nil,
            fee: isFilled && state.isFeeWhole ? state.fees : nil, reason: state.text)
    }

    /// The basket whose legs these orders are: of this pair, and buying what its legs buy.
    func basket(of orders: [AdoptedOrder]) -> Basket? {
        let legs = orders.filter { $0.role == .leg }
        return catalog.baskets.first { basket in
            guard basket.kind == .crossVenue, basket.legs.count == 2, basket.pair == orders.first?.pair else {
                return false
            }
            return !legs.isEmpty
                && legs.allSatisfy { order in
                    let key = MarketKey(venue: order.venue, symbol: order.symbol)
                    return basket.legs.contains {
                        $0.instrument == instruments[key] && $0.outcome == order.state.order.outcome
                    }
                }
        }
    }
}
