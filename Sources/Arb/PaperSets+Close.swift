import Risk
import Trading

// What filled in part is unwound as with pairs: under its claim, the way that brings most by the books and exact fees, within
// `unwind.max_loss_usd` of the whole execution, until `unwind.deadline_s`; what is left then halts the set, and is tried again
// at each sweep.
extension PaperSets {
    /// All orders have met their books: what is whole is held, what stands alone is closed.
    func settle(_ execution: PaperSetExecution, _ now: Stamp) {
        guard isStandingAlone(execution) else { return finish(execution, now) }
        if execution.phase == .working {
            execution.phase = .closing
            execution.closeBy = now.monotonic + trader.settings.close.deadline
            trader.counters.residuals &+= 1  // bounded by executions
            trader.tell(.result(execution.result(now.monotonic)))
            tellAlone(execution, .found, "", now)
        }
        execution.due = now.monotonic + Self.closeAgain
        trader.seeHalt(now)
        // No machine closes during an operator's halt.
        guard trader.gate.killSwitch.allows(.autoClose) else { return }
        let hasTries = execution.closes < trader.settings.closesMax
        if hasTries, let orders = closingOrders(execution, now) {
            for order in orders { close(order, execution, now) }
            return
        }
        let why = hasTries ? "no way within max_loss_usd" : "\(execution.closes) closing orders did not do it"
        expire(execution, why, now)
    }

    /// Contracts of some leg without their partners that are no dust: worth more than it, and enough for an order. What cannot
    /// be ordered is dust as long as there is not too much of it.
    private func isStandingAlone(_ execution: PaperSetExecution) -> Bool {
        let limits = trader.gate.limits
        let alone = execution.alone(trader.settings.valuation)
        guard alone > limits.dust else { return false }
        let units = execution.units, most = execution.legs.map(\.held).max() ?? 0
        let canBeOrdered = execution.legs.contains { leg in
            let smallest = trader.smallest(leg.leg.instrument).rawValue
            return leg.held - units >= smallest || most - leg.held >= smallest
        }
        if canBeOrdered { return true }
        let dust = accounts.values.reduce(trader.exposure.dust.rawValue) { $0 + $1.dust }
        return dust + alone.rawValue > limits.dustMax.rawValue
    }

    private func expire(_ execution: PaperSetExecution, _ why: String, _ now: Stamp) {
        guard execution.phase == .closing else {
            execution.due = now.monotonic + trader.settings.sweepInterval
            return
        }
        let closeBy = execution.closeBy ?? now.monotonic
        guard now.monotonic >= closeBy else {
            execution.due = min(execution.due, closeBy)
            return
        }
        execution.phase = .stuck
        execution.due = now.monotonic + trader.settings.sweepInterval
        trader.counters.stuck &+= 1  // bounded by executions
        let pair = execution.basket.pair
        let cost = execution.alone(trader.settings.valuation)
        execution.error = "E_EXEC_CLOSE_FAILED on paper: contracts for \(cost) stand alone"
        trader.halt(pair, .stuck, "on paper (a model) a set filled in part cannot be closed: \(why)")
        trader.tell(.result(execution.result(now.monotonic)))
        tellAlone(execution, .stuck, why, now)
        trader.tell(
            .alert(
                TradeAlert(
                    "E_EXEC_CLOSE_FAILED", isCritical: true, pair: pair,
                    "PAPER, a model: of set \(pair.name) contracts for $\(cost) stand alone and cannot be closed (\(why)); "
                        + "the set is halted, still trying at each sweep. arb resume --pair \(pair.name) when it is understood",
                    at: now)))
    }

    private func close(_ closing: Closing, _ execution: PaperSetExecution, _ now: Stamp) {
        var order = closing
        order.order.clOrdID = trader.newID()
        execution.closes += 1
        trader.counters.closes &+= 1  // bounded by executions and their deadlines
        send(order.order, order.order.side == .sell ? .sell : .complete, leg: order.leg, of: execution, now)
        tellAlone(execution, .closing, "", now, leg: order.leg, order.order)
    }

    // MARK: Ways

    /// One closing order.
    private struct Closing {
        var order: NewOrder
        let leg: Int
    }

    /// Orders, and what the execution comes to with them. Unit: 1e-8 USD.
    private struct Way {
        var orders: [Closing] = []
        var net: Int64
    }

    /// The orders after which every leg has the same number of contracts, as many as bring most: the missing ones bought, or
    /// what is over sold; else what can be sold of it. Nil when no way is there now, or each loses more than is admitted.
    private func closingOrders(_ execution: PaperSetExecution, _ now: Stamp) -> [Closing]? {
        let held = execution.legs.map { max(0, $0.held) }
        guard let least = held.min(), let most = held.max() else { return nil }
        let policy = trader.settings.close.policy
        let sizes: Set<Int64>
        switch policy {
        // From `before_close_s` on every way is open.
        case _ where isNearClose(execution, now): sizes = Set(held)
        case .complete: sizes = [most]
        // Buying the opposite and merging it meets the same bids.
        case .sell, .opposite: sizes = [least]
        case .cheapest: sizes = Set(held)
        case .hold: return nil
        }
        var best: Way?
        for size in sizes.sorted() {
            guard let way = way(execution, to: size, inPart: false), way.net > best?.net ?? .min else { continue }
            best = way
        }
        if best == nil, sizes.contains(least) { best = way(execution, to: least, inPart: true) }
        guard let best, !best.orders.isEmpty, best.net >= -trader.settings.close.lossMax.rawValue else { return nil }
        return best.orders
    }

    /// True from `before_close_s` before the first close of its markets.
    private func isNearClose(_ execution: PaperSetExecution, _ now: Stamp) -> Bool {
        execution.basket.legs.contains { leg in
            guard let end = trader.engine.terms(of: leg.instrument)?.entriesEnd else { return false }
            return end - now.utc <= trader.settings.close.beforeClose
        }
    }

    /// The orders that bring every leg to `size`, or with `inPart` nearer to it by what bids take now. What is not sold counts
    /// at its cost: it is not lost yet.
    private func way(_ execution: PaperSetExecution, to size: Int64, inPart: Bool) -> Way? {
        let valuation = trader.settings.valuation
        var way = Way(net: execution.net(units: size, valuation))
        for (index, leg) in execution.legs.enumerated() where leg.held != size {
            let instrument = leg.leg.instrument
            guard floor.isUsable(instrument), let lot = trader.engine.terms(of: instrument)?.lot.rawValue, lot > 0
            else { return nil }
            let isSale = leg.held > size
            // What is missing is bought whole; of what is over only what can be ordered is sold, the rest is dust.
            let apart = abs(leg.held - size)
            let quantity = isSale ? apart - apart % lot : (apart + lot - 1) / lot * lot
            guard quantity >= trader.smallest(instrument).rawValue else {
                if isSale { continue }
                return nil
            }
            var order = closing(execution, index, quantity, isSale: isSale)
            guard let fill = floor.fill(order, isTaken: false) else {
                guard inPart else { return nil }
                way.net += leg.cost(of: quantity, valuation)
                continue
            }
            guard let change = Self.change(fill, isSale: isSale, leg.currency, valuation) else { return nil }
            let missing = quantity - fill.quantity.rawValue
            if missing > 0 {
                let part = fill.quantity.rawValue - fill.quantity.rawValue % lot
                guard inPart, isSale, part >= trader.smallest(instrument).rawValue else { return nil }
                order.orderQty = Quantity(rawValue: part)
                way.net += leg.cost(of: quantity - part, valuation)
            }
            order.price = fill.worst
            way.net += change
            way.orders.append(Closing(order: order, leg: index))
        }
        return way
    }

    /// It is named when it is sent: quotes are not.
    private func closing(_ execution: PaperSetExecution, _ index: Int, _ quantity: Int64, isSale: Bool) -> NewOrder {
        let leg = execution.legs[index]
        return NewOrder(
            clOrdID: ClOrdID(high: 0, low: 0), instrument: leg.leg.instrument, outcome: leg.leg.outcome,
            side: isSale ? .sell : .buy, orderQty: Quantity(rawValue: quantity), price: isSale ? .zero : .one,
            timeInForce: .ioc, isReduceOnly: isSale && leg.venue == .kalshi, purpose: .close)
    }

    /// What a fill changes in dollars: proceeds less fees, or below zero what it costs. Unit: 1e-8 USD.
    private static func change(_ fill: PaperFill, isSale: Bool, _ currency: Currency, _ valuation: Valuation) -> Int64?
    {
        let (cash, fee) = (fill.cash.rawValue, fill.fee.rawValue)
        if isSale { return (try? valuation.received(Money(rawValue: cash - fee), currency))?.rawValue }
        return (try? valuation.spent(Money(rawValue: cash + fee), currency)).map { -$0.rawValue }
    }

    // MARK: Ends

    /// Nothing stands alone: whole sets are held until they pay, and the claim ends.
    private func finish(_ execution: PaperSetExecution, _ now: Stamp) {
        let valuation = trader.settings.valuation
        let wasAlone = execution.phase != .working
        execution.phase = .over
        execution.error = ""
        if let claim = execution.claim { trader.inFlight.release(claim, execution.basket.legs) }
        let net = Money(rawValue: execution.net(units: execution.units, valuation))
        execution.realized = net
        self.net = Money(rawValue: self.net.rawValue + net.rawValue)
        keep(execution)
        if wasAlone { tellAlone(execution, .closed, "", now) }
        if execution.orders.contains(where: { $0.state.cumQty > .zero }) {
            trader.tell(.box(execution.box(valuation, payoutAt: payout(of: execution.basket), now)))
        }
        let result = execution.result(now.monotonic)
        if result.kind == .filled { filled += 1 }
        trader.tell(.result(result))
        guard net != execution.booked else { return }
        trader.gate.book(Money(rawValue: net.rawValue - execution.booked.rawValue), at: now)
        trader.tell(.profit(trader.gate.dayBook.profit, at: now))
        trader.tellBreaker()
    }

    /// When the last of its markets is expected to pay; nil: unknown.
    private func payout(of basket: Basket) -> UTCNanos? {
        var last: UTCNanos?
        for leg in basket.legs {
            guard let payout = trader.engine.terms(of: leg.instrument)?.payout else { return nil }
            last = max(last ?? payout, payout)
        }
        return last
    }

    /// Tells of one leg, or of each that has more than the others.
    private func tellAlone(
        _ execution: PaperSetExecution, _ phase: ResidualReport.Phase, _ text: String, _ now: Stamp, leg: Int? = nil,
        _ order: NewOrder? = nil
    ) {
        let valuation = trader.settings.valuation
        let units = execution.units
        let way: CloseWay? = order.map { $0.side == .sell ? .sell : .complete }
        for (index, held) in execution.legs.enumerated() {
            let over = held.held - units
            guard leg.map({ $0 == index }) ?? (over > 0 || (phase == .closed && index == 0)) else { continue }
            trader.tell(
                .residual(
                    ResidualReport(
                        execution: execution.id, pair: execution.basket.pair, phase: phase, venue: held.venue,
                        symbol: held.symbol, outcome: held.leg.outcome,
                        quantity: order?.orderQty ?? Quantity(rawValue: max(0, over)),
                        cost: execution.alone(index, valuation), way: way,
                        text: text.isEmpty ? "paper, a model" : "paper, a model: \(text)", at: now)))
        }
    }
}
