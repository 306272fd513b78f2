import Risk
public import Trading

// Markets that were paid. A fact ends contracts, and what is reserved for them; it is never the cause of an order.
extension Trader {
    /// Markets that a venue has paid, by its own list: as often as it is told, each counts once.
    public func settled(_ facts: [SettlementFact], at now: Stamp) {
        for fact in facts where instruments[MarketKey(venue: fact.venue, symbol: fact.symbol)] != nil {
            let paid = PositionFact.settled(fact.venue, symbol: fact.symbol, yesPays: Self.yesPays(fact))
            for change in positions.apply(paid).changes {
                guard let execution = executions[change.execution.sequence], execution.id == change.execution else {
                    continue
                }
                wasPaid(execution, now)
            }
        }
        tellBreaker()
    }

    /// What its box comes to is booked; contracts of a paid market are not closed any more.
    private func wasPaid(_ execution: Execution, _ now: Stamp) {
        reserve(execution)
        switch execution.phase {
        case .working: return  // an order is out: its end books it
        case .done: conclude(execution, now)
        case .closing, .stuck:
            let holding = holding(of: execution)
            let isOpen = execution.orders.contains { !registry[$0.handle].state.isDone }
            if !isOpen, standing(execution, holding) == nil { finish(execution, holding, now) }
        }
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
