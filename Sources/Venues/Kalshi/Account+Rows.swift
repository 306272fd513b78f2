public import Trading

// Rows of lists and of the stream in the words of the house. All of them are told as buys of the outcome that is got: the
// venue does not tell a sale of YES from a buy of NO.
extension Wire.OrderBody {
    /// Nil while the venue itself does not know where the order stands.
    var summary: OrderSummary? {
        let standing: OrderSummary.Standing
        switch status {
        case .resting: standing = .working
        // Made smaller while it rested and then filled: it is done, and less than was asked first.
        case .executed: standing = fillCount >= initialCount ? .filled : .cancelled
        case .canceled: standing = reason == "ExpiryCancel" ? .expired : .cancelled
        case .unknown: return nil
        }
        return OrderSummary(
            standing: standing, cumQty: fillCount, leavesQty: standing == .working ? remainingCount : .zero,
            avgPx: meanPrice, fee: fees, reason: standing == .working ? "" : reason ?? "")
    }

    /// Mean price of the outcome that was got, rounded up; nil without fills, or where they cost what no price can.
    private var meanPrice: Price? {
        guard fillCount.rawValue > 0, let cost = fillCost, cost.rawValue >= 0 else { return nil }
        let (whole, rest) = (Int128(cost.rawValue) * Int128(FixedPoint.one))
            .quotientAndRemainder(dividingBy: Int128(fillCount.rawValue))
        guard let price = Int64(exactly: rest > 0 ? whole + 1 : whole).flatMap({ Price(rawValue: $0) }) else {
            return nil
        }
        return price <= .one ? price : nil
    }

    /// The order as a list shows it; nil while the venue itself does not know where it stands.
    var listed: VenueOrder? {
        guard let summary, let price = OutcomePolicy.own(yesPrice, outcome) else { return nil }
        return VenueOrder(
            orderID: OrderID(orderID), clOrdID: clientOrderID.flatMap { ClOrdID($0) },
            clientText: clientOrderID ?? "", symbol: ticker, outcome: outcome, side: .buy, price: price,
            orderQty: initialCount, summary: summary, exchangeIndex: exchangeIndex, createdAt: createdAt)
    }
}

extension Wire.FillBody {
    /// The fill as one of the outcome that was got; every fill here is final.
    var fill: Fill {
        Fill(
            execID: ExecID(tradeID), lastQty: quantity, lastPx: OutcomePolicy.own(yesPrice, outcome) ?? yesPrice,
            fee: fee, liquidity: isTaker ? .taker : .maker, settlement: .confirmed)
    }

    /// The fill as a list shows it.
    var listed: VenueFill {
        VenueFill(
            orderID: OrderID(orderID), symbol: ticker, outcome: outcome, side: .buy, fill: fill, transactTime: at)
    }
}

extension VenuePosition {
    /// One signed number a market: above zero is YES.
    init(kalshi ticker: String, _ position: Quantity) {
        self.init(
            venue: .kalshi, symbol: ticker, outcome: position.rawValue < 0 ? .no : .yes,
            quantity: Quantity(rawValue: abs(position.rawValue)))
    }
}

extension Account {
    /// As the protocol says, from the list of settlements.
    public func paidOut(since: UTCNanos) async throws(AccountFault) -> [VenueSettlement] {
        try await settlements(since: since).map { row in
            let (cash, over) = row.revenue.rawValue.subtractingReportingOverflow(row.fee?.rawValue ?? 0)
            return VenueSettlement(
                symbol: row.ticker, cash: over ? nil : Money(rawValue: cash), settledAt: row.settledAt)
        }
    }
}
