import Arb
import Risk
import Testing
import Trading

@Suite("V36: what is on the account and not ours is shown, never traded, never counted")
struct TraderForeignTests {
    private func boxed(_ change: (inout TraderSettings) -> Void = { _ in }) throws -> TraderStage {
        let rig = try TraderStage(change: change)
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        rig.stage.wait(200_000)
        rig.calm()
        return rig
    }

    private func order(_ name: String, _ symbol: String, _ contracts: Int64, clOrdID: ClOrdID? = nil) -> VenueOrder {
        VenueOrder(
            orderID: OrderID(name), clOrdID: clOrdID, symbol: symbol, outcome: .yes, side: .buy,
            price: Stage.cents(40), orderQty: Stage.contracts(10),
            summary: OrderSummary(
                standing: .cancelled, cumQty: Stage.contracts(contracts), leavesQty: .zero,
                cumCash: Money(rawValue: contracts * 40_000_000), fee: .zero), createdAt: Stage.start.utc)
    }

    private func fill(_ name: String, _ symbol: String, _ outcome: Outcome, _ contracts: Int64) -> VenueFill {
        VenueFill(
            orderID: OrderID(name), symbol: symbol, outcome: outcome, side: .buy,
            fill: Fill(
                execID: ExecID("x" + name), lastQty: Stage.contracts(contracts), lastPx: Stage.cents(40), fee: .zero,
                liquidity: .taker, settlement: .confirmed), transactTime: Stage.start.utc)
    }

    /// Nothing more leaves, what is ours is as before, and the next edge of the pair is not taken.
    private func isSuspended(_ rig: TraderStage, sent: Int) -> Bool {
        rig.edge()
        rig.wait(6_000)
        return rig.kalshi.sent.count == sent && rig.polymarket.sent.count == sent
    }

    @Test(
        "a manual trade at Kalshi that a read shows: the pair is suspended at once, told once, and nothing is ordered")
    func manualTrade() throws {
        let rig = try boxed()
        rig.read(.kalshi, held: [(0, .yes, 15)]) {
            $0.doneOrders = [self.order("h1", "K-p", 5)]
            $0.fills = [self.fill("h1", "K-p", .yes, 5)]
        }
        let alerts = rig.events.alerts.filter { $0.code == "E_EXEC_FOREIGN" }
        #expect(!alerts.isEmpty && alerts.allSatisfy { $0.pair == PairID("p") && $0.text.contains("FOREIGN") })
        #expect(rig.trader.suspensions(of: PairID("p")) == [.foreign])
        #expect(rig.trader.exposure.line == "HEDGED" && rig.trader.reserved == Stage.dollars("9"))
        #expect(rig.trader.boxes.map(\.quantity) == [Stage.contracts(10)], "what is foreign is in no box")
        #expect(isSuspended(rig, sent: 1))
        let told = rig.events.alerts.count
        rig.read(.kalshi, held: [(0, .yes, 15)]) {
            $0.doneOrders = [self.order("h1", "K-p", 5)]
            $0.fills = [self.fill("h1", "K-p", .yes, 5)]
        }
        #expect(rig.events.alerts.count == told, "\(rig.events.alerts.map(\.text))")
    }

    @Test("after resume the same trade is not told again; another one is")
    func resumed() throws {
        let rig = try boxed()
        rig.read(.kalshi, held: [(0, .yes, 15)]) { $0.fills = [self.fill("h1", "K-p", .yes, 5)] }
        #expect(rig.trader.resume(pair: PairID("p"), acceptExposure: false, at: rig.stage.now) == nil)
        rig.read(.kalshi, held: [(0, .yes, 15)]) { $0.fills = [self.fill("h1", "K-p", .yes, 5)] }
        #expect(rig.trader.suspensions(of: PairID("p")).isEmpty)
        rig.read(.kalshi, held: [(0, .yes, 17)]) {
            $0.fills = [self.fill("h1", "K-p", .yes, 5), self.fill("h2", "K-p", .yes, 2)]
        }
        #expect(rig.trader.suspensions(of: PairID("p")) == [.foreign])
    }

    @Test("a foreign order that a stream tells is told when its reply can no longer be on its way; ours is not")
    func streamed() throws {
        let rig = try boxed()
        rig.sync()
        rig.trader.apply(
            ExecutionReport(
                venue: .kalshi, orderID: OrderID("h7"), clOrdID: nil, symbol: "K-p",
                event: .fill(fill("h7", "K-p", .yes, 3).fill), source: .stream, transactTime: nil))
        rig.step()
        #expect(rig.trader.suspensions(of: PairID("p")).isEmpty)
        rig.wait(11_000)
        #expect(rig.trader.suspensions(of: PairID("p")) == [.foreign] && rig.kalshi.sent.count == 1)
    }

    @Test("someone's trade of our token suspends its pair too; a foreign order that came to nothing does not")
    func polymarket() throws {
        let rig = try boxed()
        rig.read(.kalshi, held: [(0, .yes, 10)]) { $0.doneOrders = [self.order("h2", "K-p", 0)] }
        #expect(rig.events.alerts.map(\.code) == ["E_EXEC_FOREIGN"])
        #expect(rig.trader.suspensions(of: PairID("p")).isEmpty)
        rig.read(.polymarket, held: [(1, .no, 12)]) { $0.fills = [self.fill("0xh", "0xp", .no, 2)] }
        #expect(rig.trader.suspensions(of: PairID("p")) == [.foreign] && isSuspended(rig, sent: 1))
    }

    @Test("contracts in the wallet that no trade of the day explains are shown; only a netting market is suspended")
    func oldHoldings() throws {
        let rig = try boxed()
        rig.read(.polymarket, held: [(1, .no, 10), (1, .yes, 100)])
        #expect(rig.events.alerts.map(\.code) == ["E_EXEC_FOREIGN"] && rig.trader.suspensions(of: PairID("p")).isEmpty)
        rig.read(.kalshi, held: [(0, .yes, 30)])
        #expect(rig.trader.suspensions(of: PairID("p")) == [.foreign])
    }

    @Test("markets that we do not trade are none of our business, and said once")
    func elsewhere() throws {
        let rig = try boxed()
        rig.read(.kalshi, held: [(0, .yes, 10)]) {
            $0.positions.append(
                VenuePosition(venue: .kalshi, symbol: "OTHER", outcome: .no, quantity: Stage.contracts(50)))
            $0.fills = [self.fill("o1", "OTHER", .no, 25), self.fill("o2", "OTHER", .no, 25)]
        }
        #expect(rig.events.alerts.count == 1 && rig.trader.suspensions(of: PairID("p")).isEmpty)
    }

    @Test(
        "V31: positions that are gone by one read are not gone; by two they are, the pair is halted, and nothing is ordered"
    )
    func vanished() throws {
        let rig = try boxed()
        rig.read(.kalshi, held: [])
        #expect(rig.trader.suspensions(of: PairID("p")).isEmpty && rig.events.alerts.isEmpty)
        rig.read(.kalshi, held: [(0, .yes, 10)])
        rig.read(.kalshi, held: [])
        #expect(rig.trader.suspensions(of: PairID("p")).isEmpty, "the two were not in a row")
        rig.read(.kalshi, held: [])
        #expect(rig.trader.suspensions(of: PairID("p")) == [.drift])
        #expect(rig.events.alerts.map(\.code) == ["E_EXEC_DRIFT"] && rig.events.alerts.first?.isCritical == true)
        #expect(isSuspended(rig, sent: 1) && rig.trader.exposure.line == "HEDGED", "ours stays ours")
    }

    @Test("P19: an order with our name that we did not make halts all entries")
    func twin() throws {
        let rig = try boxed()
        let name = ClOrdID(prefix: 0xABCD_1234, run: 9, sequence: 77)
        rig.read(.kalshi, held: [(0, .yes, 10)]) { $0.openOrders = [self.order("t1", "OTHER", 0, clOrdID: name)] }
        let alert = try #require(rig.events.alerts.first)
        #expect(alert.code == "E_EXEC_FOREIGN" && alert.isCritical && alert.text.contains("another instance"))
        #expect(isSuspended(rig, sent: 1))
    }

    @Test("what stands alone is closed beside foreign contracts: at most ours, at most what the venue has")
    func closesBeside() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)), .says(TraderStage.filled(6, 39)))
        rig.polymarket.will(.waits)
        rig.edge()
        rig.noEdgeAtPolymarket()
        rig.polymarket.answer(TraderStage.killed)
        // Someone sold four of them by hand.
        rig.hold(0, .yes, 6)
        rig.step()
        let sale = try #require(rig.kalshi.sent.last)
        #expect(sale.side == .sell && sale.orderQty == Stage.contracts(6) && sale.isReduceOnly)
        rig.hold(0, .yes, 50)
        rig.noEdgeAtPolymarket()
        #expect(rig.kalshi.sent.last?.orderQty == Stage.contracts(4), "never more than ours, whatever is held")
    }

    @Test("nothing is entered before both accounts were read")
    func unread() throws {
        let rig = try TraderStage(isStarted: false)
        rig.sync()
        rig.trader.start(at: rig.stage.now)
        rig.read(.kalshi, held: []) {
            $0.balances = [
                VenueBalance(venue: .kalshi, exchangeIndex: 0, cash: Stage.dollars("1000"), currency: .usd)
            ]
        }
        #expect(!rig.trader.isReady)
        rig.edge()
        #expect(rig.kalshi.sent.isEmpty && rig.polymarket.sent.isEmpty && rig.events.results.isEmpty)
        rig.read(.polymarket, held: [])
        #expect(rig.trader.isReady)
    }

    @Test("orders of earlier runs that ended are nobody else's, and what they filled since then is no news")
    func earlierRuns() throws {
        let rig = try TraderStage(isStarted: false)
        rig.trader.remember([(OrderID("old"), Stage.contracts(5)), (OrderID("0xold"), .zero)])
        try rig.begin()
        rig.read(.kalshi, held: []) {
            $0.doneOrders = [
                self.order("old", "K-p", 5, clOrdID: ClOrdID(prefix: 0xABCD_1234, run: 0, sequence: 3))
            ]
            $0.fills = [self.fill("old", "K-p", .yes, 5)]
        }
        rig.read(.polymarket, held: []) { $0.fills = [self.fill("0xold", "0xp", .no, 5)] }
        #expect(rig.events.alerts.isEmpty && rig.trader.suspensions(of: PairID("p")).isEmpty)
        rig.read(.kalshi, held: []) { $0.doneOrders = [self.order("old", "K-p", 6)] }
        #expect(rig.events.alerts.map(\.code) == ["E_EXEC_LATE_FILL"])
        #expect(rig.trader.suspensions(of: PairID("p")) == [.drift])
    }

    @Test("item 9: cash that nothing of ours moved is told by the second read; our own fills and payouts are not")
    func cash() throws {
        let rig = try TraderStage()
        rig.kalshi.nameOrders { _ in OrderID("ours") }
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        let filledAt = rig.stage.now.utc
        rig.stage.wait(20_000)
        rig.calm()
        func read(_ cash: String, _ change: (inout AccountSnapshot) -> Void = { _ in }) {
            rig.read(.kalshi, held: [(0, .yes, 10)]) {
                $0.balances = [
                    VenueBalance(venue: .kalshi, exchangeIndex: 0, cash: Stage.dollars(cash), currency: .usd)
                ]
                $0.fills = [
                    VenueFill(
                        orderID: OrderID("ours"), symbol: "K-p", outcome: .yes, side: .buy,
                        fill: Fill(
                            execID: ExecID("f"), lastQty: Stage.contracts(10), lastPx: Stage.cents(40), fee: .zero,
                            liquidity: .taker, settlement: .confirmed), transactTime: filledAt + .milliseconds(1))
                ]
                change(&$0)
            }
        }
        rig.wait(30_000)
        read("996")
        rig.wait(30_000)
        read("996")
        #expect(rig.trader.counters.cashDrifts == 0)
        rig.wait(30_000)
        read("990")
        #expect(rig.trader.counters.cashDrifts == 0, "what explains it may be read after it")
        rig.wait(30_000)
        read("990")
        #expect(rig.events.alerts.map(\.code) == ["E_EXEC_CASH_DRIFT"])
        let text = rig.events.alerts.first?.text ?? ""
        #expect(text.contains("990") && text.contains("996"))
        rig.wait(30_000)
        read("990")
        #expect(rig.trader.counters.cashDrifts == 1, "the venue's figure counts from there on")
        rig.wait(1_000)
        let paid = SettlementFact(
            venue: .kalshi, symbol: "ELSE", winner: .yes, yesQty: Stage.contracts(5), noQty: .zero,
            revenue: Stage.dollars("5"), fee: nil, settledAt: rig.stage.now.utc)
        rig.trader.settled([paid], at: rig.stage.now)
        rig.wait(30_000)
        read("995")
        rig.wait(30_000)
        read("995")
        #expect(rig.trader.counters.cashDrifts == 1, "a payout explains it")
        let kept = rig.events.cash.last
        #expect(kept?.first?.cash == Stage.dollars("995"))
    }
}

extension TraderStage {
    /// An account is read: `held` by market index, and whatever `change` adds.
    func read(
        _ venue: VenueID, held: [(market: Int, outcome: Outcome, contracts: Int64)],
        _ change: (inout AccountSnapshot) -> Void = { _ in }
    ) {
        sync()
        var snapshot = AccountSnapshot(venue: venue, asOf: stage.now.utc)
        snapshot.positions = held.map { market, outcome, contracts in
            VenuePosition(
                venue: venue, symbol: stage.catalog.contracts[market].symbol, outcome: outcome,
                quantity: Stage.contracts(contracts))
        }
        change(&snapshot)
        trader.answered(.snapshot(snapshot), at: stage.now)
        lane.drain()
    }
}

extension EventLog {
    var cash: [[VenueBalance]] { all.compactMap { if case .cash(let balances, _) = $0 { balances } else { nil } } }
}
