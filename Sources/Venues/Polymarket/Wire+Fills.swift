import Trading

/// By what the venue's messages are known to be about this account.
struct Identity: Hashable, Sendable {
    /// The API key.
    let apiKey: String
    /// The wallet that pays, in lower case.
    let wallet: String

    init(apiKey: String, wallet: String) {
        self.apiKey = apiKey
        self.wallet = wallet.lowercased()
    }

    /// True when one of the two is ours; a message that names neither is nobody's.
    func owns(_ owners: [String], _ address: String) -> Bool {
        owners.contains(apiKey) || address.lowercased() == wallet
    }
}

/// One fill of one order of ours, out of a trade.
struct OwnFill: Hashable, Sendable {
    let orderID: OrderID
    let token: String
    let outcome: String
    let side: Trading.Side
    let fill: Fill
}

extension Wire.Trade {
    /// What of this trade is ours: as taker the whole, as maker our elements, which may be of the other token.
    ///
    /// A taker's fill has the trade's name, whatever makers are told with it: one message lists them, the next does not.
    func fills(of me: Identity, _ settlement: Settlement) -> [OwnFill] {
        var fills: [OwnFill] = []
        if isTaker != false, me.owns([owner, tradeOwner], makerAddress) {
            let fill = Fill(
                execID: ExecID(id), lastQty: size, lastPx: meanPrice ?? price, fee: nil, liquidity: .taker,
                settlement: settlement)
            fills.append(
                OwnFill(orderID: OrderID(takerOrderID), token: asset, outcome: outcome, side: side, fill: fill))
        }
        var seen: [String: Int] = [:]
        for maker in makers where me.owns([maker.owner], maker.makerAddress) {
            let turn = seen[maker.id, default: 0]
            seen[maker.id] = turn + 1
            let name = turn == 0 ? "\(id)/\(maker.id)" : "\(id)/\(maker.id)#\(turn + 1)"
            let fill = Fill(
                execID: ExecID(name), lastQty: maker.matched, lastPx: maker.price, fee: nil, liquidity: .maker,
                settlement: settlement)
            // A maker of the same token stands against the taker; of the other token, beside (mint and merge).
            let derived: Trading.Side = (maker.asset == asset) == (side == .buy) ? .sell : .buy
            fills.append(
                OwnFill(
                    orderID: OrderID(maker.id), token: maker.asset, outcome: maker.outcome, side: maker.side ?? derived,
                    fill: fill))
        }
        return fills
    }

    /// The mean of what the makers gave, in the taker's token, rounded against us; nil where they do not add up to the size.
    private var meanPrice: Price? {
        var shares: Int64 = 0
        var cash: Int128 = 0
        for maker in makers {
            guard let price = maker.asset == asset ? maker.price : maker.price.complement else { return nil }
            let (sum, over) = shares.addingReportingOverflow(maker.matched.rawValue)
            if over { return nil }
            shares = sum
            cash += Int128(price.rawValue) * Int128(maker.matched.rawValue)
        }
        guard shares == size.rawValue, shares > 0 else { return nil }
        let (whole, rest) = cash.quotientAndRemainder(dividingBy: Int128(shares))
        let mean = side == .buy && rest > 0 ? whole + 1 : whole
        return Int64(exactly: mean).flatMap { Price(rawValue: $0) }
    }
}

extension Wire.OpenOrder {
    /// The order's numbers, told from one another by what is known of it.
    struct Sizes: Hashable {
        /// Shares asked for; nil where a budget is printed, or it cannot be told which.
        let orderQty: Quantity?
        /// Shares filled; nil where it is not told in shares.
        let cumQty: Quantity?
        /// In whichever unit is printed.
        let original: Int64
        let matched: Int64?

        /// Told in shares alone: beside a budget the unit of what matched is not documented, and as shares it would pass for
        /// the whole of a smaller budget.
        var isWhole: Bool { cumQty.map { $0.rawValue >= original && original > 0 } ?? false }
    }

    /// Reads the sizes.
    ///
    /// A FOK or FAK buy is printed in shares by lists and as a budget by the stream: without knowing the order neither is
    /// taken for shares.
    func sizes(_ known: KnownOrder?) throws(WireFault) -> Sizes {
        let form = try Wire.sizeForm(of: self, known: known.map { [$0.shares, $0.cash] } ?? [])
        let original = try Wire.size(original, form)
        let matched: Int64? = self.matched.isEmpty ? nil : try Wire.size(self.matched, form)
        let isShares: Bool
        if let known {
            // Human text with a point that is neither of ours: another order's, or a unit that is not documented.
            guard original == known.shares || original == known.cash else {
                throw WireFault(.size, "original_size")
            }
            isShares = original == known.shares
        } else {
            isShares = side == .sell || !isImmediate
        }
        return Sizes(
            orderQty: isShares ? Quantity(rawValue: original) : nil,
            cumQty: isShares ? matched.map { Quantity(rawValue: $0) } : nil, original: original, matched: matched)
    }

    /// The venue's account of the order; nil where it says nothing that is certain: an unknown word, or a FAK buy that is
    /// done for an amount that is not told in shares (its trades say).
    func summary(_ known: KnownOrder?) throws(WireFault) -> OrderSummary? {
        let sizes = try sizes(known)
        let isImmediate = known?.isImmediate ?? self.isImmediate
        switch status {
        case .unknown: return nil
        case .live: return working(sizes)
        case .delayed: return OrderSummary(standing: .delayed, cumQty: sizes.cumQty, leavesQty: nil)
        case .cancelled(let reason):
            if sizes.isWhole { return done(.filled, sizes, "") }
            // Nothing filled: said so, a FOK that ended, or the words of a clean miss. Otherwise the sum must be told.
            let isMiss = VenueTexts.meaning(reason) == .refused(.unfilled)
            if sizes.matched == 0 || type == "FOK" || isMiss {
                return done(.cancelled, sizes, reason, cumQty: sizes.cumQty ?? .zero)
            }
            return sizes.cumQty == nil ? nil : done(.cancelled, sizes, reason)
        case .matched:
            if sizes.isWhole || (type == "FOK" && sizes.matched == nil) { return done(.filled, sizes, "") }
            guard isImmediate else { return working(sizes) }
            guard sizes.cumQty != nil else { return nil }
            return done(.cancelled, sizes, "the rest found nothing to match")
        }
    }

    private func working(_ sizes: Sizes) -> OrderSummary {
        var leavesQty: Quantity?
        if let orderQty = sizes.orderQty, let cumQty = sizes.cumQty, cumQty <= orderQty {
            leavesQty = try? orderQty.subtracting(cumQty)
        }
        return OrderSummary(standing: .working, cumQty: sizes.cumQty, leavesQty: leavesQty)
    }

    private func done(
        _ standing: OrderSummary.Standing, _ sizes: Sizes, _ reason: String, cumQty: Quantity? = nil
    ) -> OrderSummary {
        OrderSummary(standing: standing, cumQty: cumQty ?? sizes.cumQty, leavesQty: .zero, reason: reason)
    }
}
