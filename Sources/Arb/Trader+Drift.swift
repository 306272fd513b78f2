import Risk
public import Trading

// What our own orders do not explain (law 6): shown, never traded, never counted as ours. No order follows from a
// difference (law 11); what follows is that nothing is entered.
extension Trader {
    /// Compares a read of an account with what our own orders say.
    func compare(_ snapshot: AccountSnapshot, _ now: Stamp) {
        tellStrays(now, lag: .zero)
        var settings = Drift.Settings()
        settings.lag = self.settings.readLag[snapshot.venue] ?? settings.lag
        let since = snapshot.since ?? snapshot.asOf + Nanoseconds(rawValue: -Self.readSpan.rawValue)
        var ours = account(snapshot.venue, since)
        defer {
            swap(&driftRoom, &ours.orders)
            driftRoom.removeAll(keepingCapacity: true)  // a copy kept is an order that is copied at its next news
        }
        var seen: Set<MarketKey> = []
        var isCashOdd = false
        for difference in Drift.differences(ours, snapshot, since: since, settings: settings) {
            switch difference.kind {
            case .position:
                let market = MarketKey(venue: difference.venue, symbol: difference.symbol)
                seen.insert(market)
                took(difference, of: market, now)
            case .balance: isCashOdd = !tookCash(difference, now)
            case .orderStanding where difference.severity == .critical && difference.theirs == "working":
                tellDrift(difference, now)
            default: break  // what a read brings was joined already; the resolver asks for what is missing
            }
        }
        foreign.positions = foreign.positions.filter { $0.key.venue != snapshot.venue || seen.contains($0.key) }
        // What is gone may have been paid before its terms said that the market has ended, and cash that came may be what it
        // paid: asked now, before a second read would make a drift of it.
        if isCashOdd || foreign.positions.values.contains(where: { $0.reads == 1 && !$0.isTold }) {
            accounts.readSettlements(
                snapshot.venue, since: now.utc + Nanoseconds(rawValue: -Self.readSpan.rawValue),
                of: endedMarkets(snapshot.venue, now))
        }
        if !isCashOdd { rememberCash(snapshot, ours, settings) }
    }

    /// How far back accounts are read at first, and while a difference is neither explained nor told.
    static let readSpan = Nanoseconds.seconds(86_400)
    /// How far before the read before a later one reaches.
    private static let readOverlap = Nanoseconds.seconds(180)

    /// How far back an account is read now: to before all of which something may still be told. What is older was read
    /// before; lists that are read whole every time grow with every order that was ever sent.
    func readFrom(_ venue: VenueID, _ now: Stamp) -> UTCNanos {
        let first = now.utc + Nanoseconds(rawValue: -Self.readSpan.rawValue)
        guard let last = lastRead[venue], !registry.needsRead.contains(venue),
            !foreign.positions.contains(where: { $0.key.venue == venue && !$0.value.isTold })
        else { return first }
        var from = min(last, now.utc)
        for execution in executions.values {
            for order in execution.orders where order.venue == venue && !isFinal(order) {
                from = min(from, registry[order.handle].intendedAt.utc)
            }
        }
        return max(first, from + Nanoseconds(rawValue: -Self.readOverlap.rawValue))
    }

    /// Our record of one venue: orders that are here, and what our fills amount to.
    ///
    /// - Parameter since: how far back the venue's fills were read. Cash that was last known before that is not compared.
    private func account(_ venue: VenueID, _ since: UTCNanos) -> OurAccount {
        var room: [OurAccount.Order] = []
        swap(&room, &driftRoom)
        var ours = OurAccount(registry, venue: venue, room: consume room)
        ours.positions = positions.positions(at: venue)
        let retired = registry.retired
        ours.isOver = { retired[$0] != nil }
        if let known = foreign.cash[venue], known.asOf >= since {
            ours.balances = known.balances
            ours.balancesAt = known.asOf
            ours.paidOut = foreign.paidOut[venue] ?? []
        }
        return ours
    }

    // MARK: Orders

    /// Tells of orders that are not ours, each once.
    func tellStrays(_ now: Stamp, lag: Nanoseconds) {
        for stray in registry.strays(at: now.monotonic, lag: lag) where !stray.mayBeOurs {
            guard foreign.isNew(stray.orderID) else { continue }
            stray.isOursByForm ? tellTwin(stray, now) : tellForeign(stray, now)
        }
    }

    /// An order with our name that we did not make: another instance trades this account, or a record was lost (P19).
    private func tellTwin(_ stray: StrayOrder, _ now: Stamp) {
        gate.killSwitch.halt(.alert, reason: "order \(stray.orderID.text) has our name and is not in our record")
        for pair in pairs(trading: stray.symbol, at: stray.venue) {
            halt(pair, .drift, "another instance, or a lost record")
        }
        tell(
            .alert(
                TradeAlert(
                    "E_EXEC_FOREIGN", isCritical: true, pair: nil,
                    "order \(stray.orderID.text) of \(stray.symbol) at \(stray.venue.name) has our name and is not in our record: another instance trades this account, or a record was lost; entries are halted. End the other one, then arb reconcile --explain and arb resume",
                    at: now)))
    }

    private func tellForeign(_ stray: StrayOrder, _ now: Stamp) {
        counters.foreign &+= 1  // bounded by reports
        let pairs = pairs(trading: stray.symbol, at: stray.venue)
        let market = MarketKey(venue: stray.venue, symbol: stray.symbol)
        // On markets that we do not trade it is none of our business; said once a market.
        guard !pairs.isEmpty || foreign.isNewElsewhere(market) else { return }
        let text =
            "FOREIGN order \(stray.orderID.text) of \(stray.symbol) at \(stray.venue.name): someone else trades with this account"
        // Orders that came to nothing hold nothing. A venue's list of trades has only those that did.
        let isHeld = stray.reports.contains { $0.mayHold }
        guard isHeld, !pairs.isEmpty else {
            return tell(
                .alert(
                    TradeAlert(
                        "E_EXEC_FOREIGN", isCritical: false, pair: pairs.first,
                        text + "; it is shown and never touched", at: now)))
        }
        for pair in pairs {
            halt(pair, .foreign, text)
            tell(
                .alert(
                    TradeAlert(
                        "E_EXEC_FOREIGN", isCritical: false, pair: pair,
                        text
                            + "; it is shown and never touched, and \(pair.name) is suspended. arb resume --pair \(pair.name) when it is done",
                        at: now)))
        }
    }

    // MARK: Positions

    /// One difference of positions: each is told once, and when it changes.
    private func took(_ difference: Difference, of market: MarketKey, _ now: Stamp) {
        let pairs = pairs(trading: market.symbol, at: market.venue)
        // A market that was paid is redeemed when it is; one of which an order is unknown cannot be compared.
        guard !pairs.isEmpty, positions.yesPaid(market.venue, market.symbol) == nil,
            !registry.orders.contains(where: { $0.record.symbol == market.symbol && !$0.record.state.isDone })
        else { return }
        var seen = ForeignBook.Seen(yes: difference.yesExcess, no: difference.noExcess)
        if let known = foreign.positions[market], known.yes == seen.yes, known.no == seen.no {
            seen.reads = known.reads + 1
            seen.isTold = known.isTold
        }
        defer { foreign.positions[market] = seen }
        guard !seen.isTold else { return }
        let isMore = seen.yes.rawValue > 0 || seen.no.rawValue > 0
        if !isMore, difference.isExplained, difference.explanations.first == .merge {
            guard seen.reads >= 2 else { return }
            seen.isTold = true
            return merged(market, Quantity(rawValue: -seen.yes.rawValue), now)
        }
        let isForeign = isMore || (difference.isExplained && difference.explanations.first == .foreign)
        if isForeign {
            seen.isTold = true
            return tellForeign(difference, pairs, now)
        }
        // Contracts of ours that are gone, and nothing says where: a single read is one source (V31).
        guard !difference.isExplained, seen.reads >= 2 else { return }
        seen.isTold = true
        tellDrift(difference, now)
    }

    private func tellForeign(_ difference: Difference, _ pairs: [PairID], _ now: Stamp) {
        counters.foreign &+= 1  // bounded by reads
        let what =
            "FOREIGN at \(difference.venue.name) \(difference.symbol): ours \(difference.ours), the venue has \(difference.theirs)"
        // Where one signed position is all there is, theirs and ours cannot be told apart any more.
        let isNetting = difference.venue == .kalshi
        for pair in pairs {
            if isNetting { halt(pair, .foreign, what) }
            let did = isNetting ? ", and \(pair.name) is suspended. arb resume --pair \(pair.name) when it is done" : ""
            tell(
                .alert(
                    TradeAlert(
                        "E_EXEC_FOREIGN", isCritical: false, pair: pair, what + "; it is shown and never touched" + did,
                        at: now)))
        }
    }

    private func tellDrift(_ difference: Difference, _ now: Stamp) {
        let market = MarketKey(venue: difference.venue, symbol: difference.symbol)
        let what =
            "\(difference.venue.name) \(difference.symbol): ours \(difference.ours), the venue has \(difference.theirs)"
        for pair in pairs(trading: market.symbol, at: market.venue) {
            guard halt(pair, .drift, what) else { continue }
            tell(
                .alert(
                    TradeAlert(
                        "E_EXEC_DRIFT", isCritical: true, pair: pair,
                        what + "; \(difference.text). See arb reconcile --explain", at: now)))
        }
    }

    // MARK: Cash

    /// Cash that nothing of ours moved: told when two reads say so, for what explains it may be read after it.
    ///
    /// - Returns: true when it was told: the venue's figure counts from here on.
    private func tookCash(_ difference: Difference, _ now: Stamp) -> Bool {
        guard foreign.cashSeen[difference.venue] == difference.theirs else {
            foreign.cashSeen[difference.venue] = difference.theirs
            return false
        }
        counters.cashDrifts &+= 1  // bounded by reads
        tell(
            .alert(
                TradeAlert(
                    "E_EXEC_CASH_DRIFT", isCritical: false, pair: nil,
                    "cash at \(difference.venue.name): \(difference.theirs), and \(difference.ours) was expected; \(difference.text)",
                    at: now)))
        return true
    }

    /// Keeps what a venue said of its purses, as of a moment at which nothing was under way.
    private func rememberCash(_ snapshot: AccountSnapshot, _ ours: OurAccount, _ settings: Drift.Settings) {
        guard !snapshot.balances.isEmpty, Drift.isQuiet(ours, snapshot, settings: settings) else { return }
        foreign.cash[snapshot.venue] = (snapshot.balances, snapshot.asOf)
        foreign.cashSeen[snapshot.venue] = nil
        tell(.cash(snapshot.balances, asOf: snapshot.asOf))
    }

    /// What an earlier run last knew of a venue's cash; before `start`.
    public func adopt(cash balances: [VenueBalance], asOf: UTCNanos) {
        guard let venue = balances.first?.venue else { return }
        foreign.cash[venue] = (balances, asOf)
    }
}

extension ExecutionReport {
    /// True when contracts may hang on what was told.
    fileprivate var mayHold: Bool {
        switch event {
        case .fill, .settlement: true
        case .summary(let summary): !summary.standing.isDone || (summary.cumQty.map { $0.rawValue > 0 } ?? true)
        case .sent, .notSent, .rejected, .unknown, .cannotEnter: false
        }
    }
}
