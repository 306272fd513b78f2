// What an order must be before it is matched, in the venue's words where they are known.
extension PolymarketExchange {
    private typealias Refusal = PolymarketRefusal

    /// A number of base units as the venue prints it.
    static func text(_ units: Int, decimals: Int = 6) -> String {
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        guard units % scale != 0 else { return String(units / scale) }
        var fraction = String(units % scale)
        fraction = String(repeating: "0", count: decimals - fraction.utf8.count) + fraction
        while fraction.last == "0" { fraction.removeLast() }
        return "\(units / scale).\(fraction)"
    }

    /// A price as the venue prints it.
    static func text(price: Int) -> String { text(price, decimals: 4) }

    /// Everything that does not depend on the book.
    func check(_ order: PolymarketOrder, at now: Int64) throws(PolymarketRefusal) {
        let market = markets[order.market]
        if placeOf[order.id] != nil { throw Refusal(400, "order \(order.id) is invalid. Duplicated.") }
        guard market.payout == nil, !market.isClosed else {
            throw Refusal(404, "No orderbook exists for the requested token id")
        }
        guard market.isAccepting else {
            throw Refusal(400, "the market is not yet ready to process new orders")
        }
        let account = accounts[order.account]
        if account.isBanned { throw Refusal(400, "'\(account.address)' address banned") }
        if account.isClosedOnly, order.isBuy {
            throw Refusal(400, "'\(account.address)' address in closed only mode")
        }
        try checkAmounts(order, market)
        try checkExpiration(order, at: now)
        if !order.life.isImmediate, order.size < market.minSize {
            throw Refusal(
                400,
                "order \(order.id) is invalid. Size (\(Self.text(order.size))) lower than the minimum: "
                    + Self.text(market.minSize))
        }
        if order.isPostOnly, order.life.isImmediate {
            throw Refusal(400, "invalid post-only order: only GTC and GTD order types are allowed")
        }
    }

    private func checkExpiration(_ order: PolymarketOrder, at now: Int64) throws(PolymarketRefusal) {
        let seconds = (base + now / 1_000_000) / 1_000
        guard order.life == .gtd else {
            if order.expiration != 0 { throw Refusal(400, "invalid expiration") }
            return
        }
        // Three minutes by the client's clock; a second or two go by on the way.
        if order.expiration < seconds + 175 { throw Refusal(400, "invalid expiration") }
    }

    private func checkAmounts(_ order: PolymarketOrder, _ market: PolymarketMarket) throws(PolymarketRefusal) {
        let (cash, shares) = order.isBuy ? (order.making, order.taking) : (order.taking, order.making)
        guard cash > 0, shares > 0 else { throw Refusal(400, "Invalid order payload") }
        guard market.isOnGrid(order.price) else {
            throw Refusal(
                400,
                "order \(order.id) is invalid. Price (\(Self.text(price: order.price))) breaks minimum tick size rule: "
                    + Self.text(price: market.tick))
        }
        let (cashDigits, shareDigits) = (Self.digits(cash), Self.digits(shares))
        let amount = market.decimals.amount
        if order.hasBudget {
            guard cashDigits <= 2, shareDigits <= amount else {
                throw Refusal(
                    400,
                    "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals, "
                        + "taker amount a max of \(amount) decimals")
            }
            return  // a budget over a price has no end: the limit is what is left after cutting
        }
        guard cashDigits <= amount, shareDigits <= 2 else {
            let (maker, taker) = order.isBuy ? (amount, 2) : (2, amount)
            throw Refusal(
                400,
                "invalid amounts, the \(order.isBuy ? "buy" : "sell") orders maker amount supports a max accuracy of "
                    + "\(maker) decimals, taker amount a max of \(taker) decimals")
        }
        let exact = Int128(shares) * Int128(order.price)
        guard exact == Int128(cash) * Int128(PolymarketMarket.dollar) else {
            let side = order.isBuy ? "maker" : "taker"
            throw Refusal(
                400,
                "invalid amounts, the \(side) amount for a $\(Self.text(price: order.price)) order of size "
                    + "\(Self.text(shares)) should be '\(Self.text(Int(exact / Int128(PolymarketMarket.dollar))))' "
                    + "but the value submited is '\(Self.text(cash))'")
        }
    }

    /// Decimals of an amount of base units.
    private static func digits(_ units: Int) -> Int {
        var (units, digits) = (units, 6)
        while digits > 0, units % 10 == 0 {
            units /= 10
            digits -= 1
        }
        return digits
    }

    /// What depends on whether it would trade now.
    func checkMarketable(_ order: PolymarketOrder, _ plan: PolymarketMatching.Plan) throws(PolymarketRefusal) {
        if order.isPostOnly, !plan.fills.isEmpty {
            throw Refusal(400, "invalid post-only order: order crosses book")
        }
        let cash = order.isBuy ? order.making : 0
        if order.isBuy, order.life.isImmediate || !plan.fills.isEmpty, cash < PolymarketMarket.unit {
            throw Refusal(
                400, "invalid amount for a marketable BUY order ($\(Self.text(cash))), min size: $1")
        }
    }

    /// Balance less what is reserved, and what the exchange may move of it.
    func checkFunds(_ order: PolymarketOrder, _ plan: PolymarketMatching.Plan) throws(PolymarketRefusal) {
        let market = markets[order.market]
        let account = accounts[order.account]
        let contract = market.contract.rawValue
        let token = PolymarketToken(order.market, order.outcome)
        // The fee comes on top of what is paid, and out of what is got.
        let fees = order.isBuy ? fees(order, plan) : 0
        let cashNeeded = max(order.making, plan.cash) + fees
        let needed = order.isBuy ? cashNeeded : order.making
        let balance = order.isBuy ? available(order.account) : available(order.account, token)
        guard balance >= needed else {
            throw Refusal(
                400,
                "not enough balance / allowance: the balance is not enough -> balance: \(max(0, balance)), "
                    + "order amount: \(needed)")
        }
        let allowed =
            order.isBuy
            ? account.cashAllowedCached[contract]
            : account.sharesAllowedCached[contract] ? PolymarketAccount.unlimited : 0
        guard allowed >= needed else {
            throw Refusal(
                400,
                "not enough balance / allowance: the allowance is not enough -> spender: \(market.contract.address), "
                    + "allowance: \(allowed), order amount: \(needed)")
        }
    }

    private func fees(_ order: PolymarketOrder, _ plan: PolymarketMatching.Plan) -> Int {
        var byPrice: [Int: Int] = [:]
        for fill in plan.fills {
            let price = fill.outcome == order.outcome ? fill.price : PolymarketMarket.dollar - fill.price
            byPrice[price, default: 0] += fill.shares
        }
        return byPrice.reduce(0) { $0 + markets[order.market].fee(shares: $1.value, price: $1.key) }
    }
}
