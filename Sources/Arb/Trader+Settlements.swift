import Risk
public import Trading

// Markets that were paid. A fact ends contracts, and what is reserved for them; it is never the cause of an order.
extension Trader {
    /// Markets that a venue has paid, by its own list: as often as it is told, each counts once.
    public func settled(_ read: SettlementsRead, at now: Stamp) {
        notePaid(read)
        for fact in read.facts {
            guard let instrument = instruments[MarketKey(venue: fact.venue, symbol: fact.symbol)] else { continue }
            // What is kept for the length of a run has the catalog's text, not one between those of an answer.
            let symbol = catalog.contracts[Int(instrument.index)].symbol
            let paid = PositionFact.settled(fact.venue, symbol: symbol, yesPays: Self.yesPays(fact))
            changed(positions.apply(paid).changes, now)
            // A read may have shown it gone before this told why: there is nothing left that older lists could explain.
            foreign.positions[MarketKey(venue: fact.venue, symbol: symbol)] = nil
        }
        tellBreaker()
    }

    /// As many of both outcomes were turned back into cash; by whom does not matter.
    func merged(_ market: MarketKey, _ quantity: Quantity, _ now: Stamp) {
        let (changes, unexplained) = positions.apply(.merged(market.venue, symbol: market.symbol, quantity))
        changed(changes, now)
        guard unexplained.rawValue > 0 else { return }
        for pair in pairs(trading: market.symbol, at: market.venue) {
            guard halt(pair, .drift, "\(unexplained) pairs of \(market.symbol) were merged that were not for that")
            else {
                continue
            }
            tell(
                .alert(
                    TradeAlert(
                        "E_EXEC_DRIFT", isCritical: true, pair: pair,
                        "\(unexplained) of both outcomes of \(market.symbol) at \(market.venue.name) are gone, and no close of ours waited for a merge: a leg of a box may be without its partner; pair halted. See arb reconcile --explain",
                        at: now)))
        }
    }

    /// Markets of a venue that have ended, or take no orders now, or of which the venue holds something else than we do,
    /// and in which something of ours waits to be paid. The latter first: a second read makes a drift of them.
    func endedMarkets(_ venue: VenueID, _ now: Stamp) -> [String] {
        var odd: [String] = [], ended: [String] = [], last: String?
        for symbol in positions.positions(at: venue).map(\.symbol) where symbol != last {
            last = symbol
            let market = MarketKey(venue: venue, symbol: symbol)
            guard let instrument = instruments[market] else { continue }
            let terms = engine.terms(of: instrument)
            let isOpen = terms?.status == .active && terms?.entriesEnd.map { now.utc < $0 } ?? true
            if foreign.positions[market] != nil {
                odd.append(symbol)
            } else if !isOpen {
                ended.append(symbol)
            }
        }
        return odd + ended
    }

    private func changed(_ changes: [PositionChange], _ now: Stamp) {
        for change in changes {
            guard let execution = executions[change.execution.sequence], execution.id == change.execution else {
                continue
            }
            wasPaid(execution, now)
        }
    }

    /// How far back a list of paid markets is read now: a day, while something is gone or came that nothing explains; otherwise
    /// to a little before the read before. A list that is read whole every time grows with every market that was ever paid.
    func settlementsFrom(_ venue: VenueID, _ now: Stamp) -> UTCNanos {
        let first = now.utc + Nanoseconds(rawValue: -Self.readSpan.rawValue)
        guard let last = lastPaid[venue], foreign.cashSeen[venue] == nil,
            !foreign.positions.contains(where: { $0.key.venue == venue && !$0.value.isTold })
        else { return first }
        return max(first, min(last, now.utc) + Nanoseconds(rawValue: -Self.paidOverlap.rawValue))
    }

    /// How far before the read before a later one reaches: a market is listed when it is paid, not when it is decided.
    private static let paidOverlap = Nanoseconds.seconds(600)

    /// What venues paid explains cash that came. A list is told whole from an instant on: what was known from then on is in it.
    private func notePaid(_ read: SettlementsRead) {
        lastPaid[read.venue] = read.asOf
        guard read.venue == .kalshi else {
            // When a token is redeemed is not told: cash is looked at anew.
            if !read.facts.isEmpty { foreign.cash[read.venue] = nil }
            return
        }
        let old = read.asOf + Nanoseconds(rawValue: -Self.readSpan.rawValue)
        // Venues are asked in whole seconds: what they tell may begin a little before what was asked.
        let from = min(read.since, read.facts.compactMap(\.settledAt).min() ?? read.since)
        var paid = foreign.paidOut.removeValue(forKey: read.venue) ?? []
        paid.removeAll { known in known.settledAt.map { $0 < old || $0 >= from } ?? true }
        for fact in read.facts {
            let cash = Money(rawValue: fact.revenue.rawValue - (fact.fee?.rawValue ?? 0))
            paid.append(VenueSettlement(symbol: text(of: fact), cash: cash, settledAt: fact.settledAt))
        }
        if paid.count > Self.paidMax {
            paid.sort { ($0.settledAt ?? old) < ($1.settledAt ?? old) }
            paid.removeFirst(paid.count - Self.paidMax)
        }
        foreign.paidOut[read.venue] = paid
    }

    private static let paidMax = 4_096

    /// The catalog's text of a market's name, where it is there.
    private func text(of fact: SettlementFact) -> String {
        let instrument = instruments[MarketKey(venue: fact.venue, symbol: fact.symbol)]
        return instrument.map { catalog.contracts[Int($0.index)].symbol } ?? fact.symbol
    }

    /// What its box comes to is booked; contracts of a paid market are not closed any more.
    private func wasPaid(_ execution: Execution, _ now: Stamp) {
        reserve(execution)
        switch execution.phase {
        case .working: return  // an order is out: its end books it
        case .done:
            conclude(execution, now)
            tellBox(execution, now)
        case .closing, .stuck:
            let holding = holding(of: execution)
            let isOpen = execution.orders.contains { !registry[$0.handle].state.isDone }
            if !isOpen, standing(execution, holding) == nil { finish(execution, holding, now) }
        }
    }

    /// What its box has come to; nothing where no unit was ever matched.
    func tellBox(_ execution: Execution, _ now: Stamp) {
        guard let box = positions.box(of: execution.id) else { return }
        let net = net(of: execution)
        let change = execution.change(to: net)
        tell(
            .box(
                BoxReport(
                    execution: execution.id, basket: execution.basket.id, pair: execution.basket.pair,
                    state: box.state, quantity: box.quantity, cost: box.cost, payoff: box.payout,
                    net: net, netChange: change, dust: [], payoutAt: box.payoutAt, openedAt: box.openedAt, at: now)))
        // What the ledger says it came to is what a restart has booked already.
        guard execution.phase == .done, change.map({ $0.rawValue != 0 }) ?? false else { return }
        tellResult(execution, execution.told ?? .filled, now, net: net)
    }

    /// What a contract of YES paid. Of a split the revenue tells it; where as many of each were held it cannot, and then
    /// their sum does not depend on it.
    static func yesPays(_ fact: SettlementFact) -> Price {
        switch fact.winner {
        case .yes: return .one
        case .no: return .zero
        case nil: break
        }
        let difference = Int128(fact.yesQty.rawValue) - Int128(fact.noQty.rawValue)
        let half = Int128(FixedPoint.one / 2)
        let rest = Int128(fact.revenue.rawValue) - Int128(fact.noQty.rawValue)
        let exact = difference == 0 ? half : rest * Int128(FixedPoint.one) / difference
        return Price(rawValue: Int64(clamping: max(0, min(Int128(FixedPoint.one), exact)))) ?? .zero
    }
}
