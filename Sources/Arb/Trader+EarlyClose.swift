import Risk
import Trading

// A box may end before its time: when both bids together give more, after both fees, than it will ever pay. A choice of the
// operator's, never a must: whatever is in doubt leaves the box as it is.
extension Trader {
    /// One leg of a box as it would be sold.
    private struct Sale {
        let leg: SizingLeg
        let limitPx: Price
        /// After fees. Unit: USD.
        let value: Money
    }

    /// Looks at some of the boxes, in turn; closes at most one.
    func closeBoxesEarly(_ now: Stamp) {
        guard let margin = settings.earlyCloseMin, isReady, !isStopping, !isBlocked, !haltFlag.isRaised,
            gate.killSwitch.allows(.autoClose), hasSeat
        else { return }
        let held = executions.keys.filter { executions[$0]?.phase == .done }.sorted()
        guard !held.isEmpty else { return }
        let start = held.firstIndex { $0 > lastLookedAt } ?? 0
        for offset in 0..<min(held.count, Self.boxLooksMax) {
            let number = held[(start + offset) % held.count]
            lastLookedAt = number
            guard let execution = executions[number] else { continue }
            if closeEarly(execution, margin, now) { return }
        }
    }

    private static let boxLooksMax = 64

    /// - Returns: true when its sales left.
    private func closeEarly(_ execution: Execution, _ margin: Money, _ now: Stamp) -> Bool {
        let basket = execution.basket
        guard let box = positions.box(of: execution.id), box.state == .open, box.quantity.rawValue > 0,
            execution.residualSince == nil, !gate.isSuspended(basket.pair),
            basket.legs.allSatisfy({ !inFlight.isClaimed($0.instrument) })
        else { return false }
        let markets = basket.legs.compactMap { engine.market($0.instrument, $0.outcome) }
        guard markets.count == 2 else { return false }
        var most = box.quantity
        for index in 0..<2 {
            let key = HeldKey(instrument: basket.legs[index].instrument, outcome: basket.legs[index].outcome)
            let held = confirmed[key] ?? .zero
            most = min(most, positions.boxSaleMax(execution.id, leg: index, venuePosition: held))
        }
        guard let (quantity, sales) = bestSales(of: most, markets),
            let worth = share(box.payout, quantity, box.quantity)
        else { return false }
        let value = Int128(sales[0].value.rawValue) + Int128(sales[1].value.rawValue)
        guard value >= Int128(worth.rawValue) + Int128(max(1, margin.rawValue)) else { return false }
        return sell(execution, quantity, sales, now)
    }

    /// What it is worth, rounded up: against the sale.
    private func share(_ payout: Money, _ part: Quantity, _ whole: Quantity) -> Money? {
        guard whole.rawValue > 0 else { return nil }
        let exact = Int128(payout.rawValue) * Int128(part.rawValue)
        let (quotient, rest) = exact.quotientAndRemainder(dividingBy: Int128(whole.rawValue))
        return Money(rawValue: Int64(clamping: rest > 0 ? quotient + 1 : quotient))
    }

    /// What both books take of both legs alike, at their bids; nil where one takes nothing.
    private func bestSales(of most: Quantity, _ markets: [SizingLeg]) -> (Quantity, [Sale])? {
        let lot = markets.map(\.lot).max() ?? Quantity(rawValue: 1)
        var quantity = most.floored(to: lot)
        for market in markets {
            guard quantity.rawValue > 0, let taken = try? AutoClose.sale(of: quantity, market, floor: nil) else {
                return nil
            }
            quantity = min(quantity, taken.quantity).floored(to: lot)
        }
        guard quantity.rawValue > 0, markets.allSatisfy({ quantity >= $0.orderQtyMin }) else { return nil }
        var sales: [Sale] = []
        for market in markets {
            guard let sale = try? AutoClose.sale(of: quantity, market, floor: nil), sale.quantity == quantity,
                let value = try? settings.valuation.received(sale.proceeds, market.currency)
            else { return nil }
            sales.append(Sale(leg: market, limitPx: sale.limitPx, value: value))
        }
        return (quantity, sales)
    }

    /// Claims, prepares, records and sends both sales; whatever fails undoes what was done, and the box stays.
    private func sell(_ execution: Execution, _ quantity: Quantity, _ sales: [Sale], _ now: Stamp) -> Bool {
        guard let claim = inFlight.claim(execution.basket.legs) else { return false }
        let orders = [2 of NewOrder] { leg in
            let sale = sales[leg]
            return NewOrder(
                clOrdID: newID(), instrument: sale.leg.instrument, outcome: sale.leg.outcome, side: .sell,
                orderQty: quantity, price: sale.limitPx, timeInForce: .ioc,
                isReduceOnly: venue(of: sale.leg.instrument) == .kalshi, purpose: .close)
        }
        let place = execution.orders.count
        let slots: [2 of SendSlot]
        do throws(Refusal) {
            slots = try prepared(orders, now)
        } catch {
            inFlight.release(claim, execution.basket.legs)
            return false
        }
        do throws(Refusal) {
            try record(execution, slots, .sell, now)
        } catch {
            giveBack(slots)
            inFlight.release(claim, execution.basket.legs)
            return false
        }
        execution.reclaim(claim)
        execution.phase = .working
        execution.isClosingEarly = true
        live.insert(execution.id.sequence)
        positions.setClosing(execution.id, true)
        markSent(execution, [place, place + 1], now)
        reserve(execution)
        gate.noteOrders(2, at: now.monotonic)
        counters.earlyCloses &+= 1  // bounded by sweeps
        fires?.close(
            ExecutionEngine.Fire(
                tag: tag(execution, place, isPair: true), first: slots[0], at: venue(of: orders[0].instrument),
                second: slots[1], at: venue(of: orders[1].instrument),
                deadline: now.monotonic + settings.orderTimeout))
        for leg in slots.indices { tellIntent(execution, place + leg, slots[leg]) }
        tellBox(execution, now)
        return true
    }
}
