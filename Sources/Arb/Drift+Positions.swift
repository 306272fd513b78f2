public import Trading

extension Drift {
    /// Contracts of both outcomes of a market, in 1e-8.
    struct Held {
        var yes: Int64 = 0
        var no: Int64 = 0

        mutating func add(_ outcome: Outcome, _ quantity: Int64) {
            let (sum, over) = self[outcome].addingReportingOverflow(quantity)
            self[outcome] = over ? (quantity < 0 ? .min : .max) : sum
        }

        subscript(outcome: Outcome) -> Int64 {
            get { outcome == .yes ? yes : no }
            set { if outcome == .yes { yes = newValue } else { no = newValue } }
        }

        /// As a venue with one signed position sees it: YES above zero, NO below.
        var netted: Held {
            let (net, over) = yes.subtractingReportingOverflow(no)
            if over { return self }
            return net >= 0 ? Held(yes: net) : Held(no: -net)
        }
    }

    // MARK: Positions

    var positions: [Difference] {
        var here: [String: Held] = [:], there: [String: Held] = [:]
        for position in ours.positions {
            here[position.symbol, default: Held()].add(position.outcome, position.quantity.rawValue)
        }
        for position in theirs.positions {
            there[position.symbol, default: Held()].add(position.outcome, position.quantity.rawValue)
        }
        let isEmpty = theirs.positions.isEmpty
        return Set(here.keys).union(there.keys).sorted().compactMap { symbol in
            guard isQuiet(symbol) else { return nil }
            return position(symbol, here[symbol] ?? Held(), there[symbol] ?? Held(), isEmpty: isEmpty)
        }
    }

    private func position(_ symbol: String, _ gross: Held, _ theirs: Held, isEmpty: Bool) -> Difference? {
        let isNetting = ours.venue == .kalshi
        let here = isNetting ? gross.netted : gross
        let (yes, no) = (theirs.yes &- here.yes, theirs.no &- here.no)  // both are sums of sizes: not negative
        guard yes != 0 || no != 0 else { return nil }
        var candidates: [Difference.Explanation] = []
        var isExplained = false
        let foreign = foreignFills(symbol)
        let left =
            isNetting
            ? Held(yes: here.yes &+ foreign.yes, no: here.no &+ foreign.no).netted
            : Held(yes: here.yes &+ foreign.yes, no: here.no &+ foreign.no)
        if foreign.yes != 0 || foreign.no != 0 {
            candidates.append(.foreign)
            isExplained = left.yes == theirs.yes && left.no == theirs.no
        }
        let isLess = yes <= 0 && no <= 0
        if isLess, ours.settled.contains(symbol) {
            candidates.append(.settlement)
            isExplained = true
        }
        if isLess, !isNetting, yes == no {
            candidates.append(.merge)
            isExplained = true
        }
        if isNetting, gross.yes > 0, gross.no > 0 { candidates.append(.netting) }
        if isEmpty, !isExplained { candidates.append(.emptyList) }
        let words = candidates.map(\.rawValue).joined(separator: ", ").replacing("_", with: " ")
        let isForeign = isExplained && candidates.first == .foreign
        let text =
            if isForeign {
                "fills that are not ours account for it: shown, never traded; on a netting market the pair is suspended"
            } else if isExplained {
                "accounted for by \(words); the box stays matched until its other leg is paid"
            } else if candidates.isEmpty {
                "nothing that we know accounts for it: the pair is halted, and no order follows from it"
            } else {
                "not accounted for, perhaps \(words): the pair is halted, and no order follows from it"
            }
        var difference = Difference(
            .position, isForeign ? .warning : isExplained ? .info : .critical, ours.venue, symbol: symbol,
            ours: Self.words(here), theirs: Self.words(theirs), explanations: candidates, isExplained: isExplained,
            text)
        difference.yesExcess = Quantity(rawValue: yes)
        difference.noExcess = Quantity(rawValue: no)
        return difference
    }

    /// Listed fills that no order of ours explains: somebody else trades with this account.
    public static func foreignFills(_ ours: OurAccount, _ theirs: AccountSnapshot) -> Int {
        let drift = Drift(ours, theirs, since: theirs.asOf, settings: Settings())
        return theirs.fills.count { drift.isForeign($0) }
    }

    /// Of an order that is not ours and never was.
    private func isForeign(_ fill: VenueFill) -> Bool {
        fill.fill.settlement != .failed && record(of: fill) == nil && !ours.isOver(fill.orderID)
    }

    /// What listed fills of orders that are not ours did to a market's position.
    private func foreignFills(_ symbol: String) -> Held {
        var held = Held()
        for fill in theirs.fills where fill.symbol == symbol && isForeign(fill) {
            held.add(fill.outcome, fill.side == .buy ? fill.fill.lastQty.rawValue : -fill.fill.lastQty.rawValue)
        }
        return held
    }

    private static func words(_ held: Held) -> String {
        let parts = [(held.yes, "yes"), (held.no, "no")].filter { $0.0 != 0 }
        return parts.isEmpty ? "0" : parts.map { "\(Quantity(rawValue: $0.0)) \($0.1)" }.joined(separator: ", ")
    }

    // MARK: Cash

    /// What our own fills and what was paid out did to the venue's cash since our record of it.
    var flow: Money {
        guard let start = ours.balancesAt else { return .zero }
        var sum: Int128 = 0
        for listed in theirs.fills where (listed.transactTime ?? start) > start && listed.fill.settlement != .failed {
            guard let order = record(of: listed) else { continue }
            // In the order's own outcome: what Kalshi lists as a buy of the other outcome is a sale of this one.
            let isSame = listed.outcome == order.state.order.outcome
            let lastPx = isSame ? listed.fill.lastPx : listed.fill.lastPx.complement ?? listed.fill.lastPx
            let cash = Int128(lastPx.rawValue) * Int128(listed.fill.lastQty.rawValue) / 100_000_000
            sum += order.state.order.side == .buy ? -cash : cash
            sum -= Int128(listed.fill.fee?.rawValue ?? 0)
        }
        for paid in ours.paidOut where (paid.settledAt ?? start) > start { sum += Int128(paid.cash?.rawValue ?? 0) }
        return Money(rawValue: Int64(clamping: sum))
    }

    /// All purses of the venue together against what was known and what moved since; nil where nothing was known then.
    private var expected: Difference? {
        // No purse at all is an error of the list, not a loss of all cash.
        guard let start = ours.balancesAt, !ours.balances.isEmpty, !theirs.balances.isEmpty,
            ours.orders.allSatisfy(isSettled),
            // Of an order that was forgotten nobody knows any more what its fills moved.
            !theirs.fills.contains(where: { ($0.transactTime ?? start) > start && ours.isOver($0.orderID) })
        else { return nil }
        func total(_ balances: [VenueBalance]) -> Money {
            Money(rawValue: Int64(clamping: balances.reduce(Int128(0)) { $0 + Int128($1.cash.rawValue) }))
        }
        let (there, known) = (total(theirs.balances), total(ours.balances))
        let want = Money(rawValue: Int64(clamping: Int128(known.rawValue) + Int128(flow.rawValue)))
        guard there != want else { return nil }
        return Difference(
            .balance, .warning, ours.venue, symbol: "cash", ours: want.description, theirs: there.description,
            "known \(known), our fills, fees and settlements since \(flow): the rest is a deposit, a withdrawal or FOREIGN "
                + "trading; limits use the venue's figure")
    }

    var balances: [Difference] {
        if ours.balancesAt != nil { return [expected].compactMap { $0 } }
        return ours.balances.compactMap { balance in
            let purse = balance.exchangeIndex.map { "shard \($0)" } ?? "wallet"
            // Cash moves with every fill: it is compared only when no market has moved of late.
            guard ours.orders.allSatisfy(isSettled) else { return nil }
            let found = theirs.balances.first { $0.exchangeIndex == balance.exchangeIndex }
            guard found?.cash != balance.cash else { return nil }
            return Difference(
                .balance, .warning, ours.venue, symbol: purse, ours: balance.cash.description,
                theirs: found?.cash.description ?? "",
                found == nil
                    ? "the venue does not list this purse"
                    : "deposits, withdrawals, fees, settlements or FOREIGN trading; limits use the venue's figure")
        }
    }

    var allowances: [Difference] {
        theirs.allowances.filter { !$0.isEnough }.map { allowance in
            Difference(
                .allowance, .warning, ours.venue, symbol: allowance.spender, subject: allowance.asset,
                theirs: "not enough",
                "orders that need this spender are refused: approve it from the wallet, then 'arb doctor'")
        }
    }
}
