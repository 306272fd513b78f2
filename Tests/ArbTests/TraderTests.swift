import Arb
import Risk
import Testing
import Trading

@Suite("The trader: from an edge to boxes, and back from every failure on the way")
struct TraderTests {
    // MARK: The walk

    @Test("an edge fires both legs, sized and limited as the books say, recorded before they leave")
    func fires() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        let yes = try #require(rig.kalshi.sent.first), no = try #require(rig.polymarket.sent.first)
        #expect(yes.outcome == .yes && yes.side == .buy && yes.orderQty == Stage.contracts(10))
        #expect(yes.price == Stage.cents(40) && yes.timeInForce == .ioc && yes.purpose == .entry)
        #expect(no.outcome == .no && no.side == .buy && no.orderQty == Stage.contracts(10))
        #expect(no.price == Stage.cents(50))
        #expect(rig.journal.intents.map(\.order) == [yes, no])
        #expect(rig.kalshi.offLane == 0 && rig.polymarket.offLane == 0)
        let result = try #require(rig.events.results.last)
        #expect(result.success && result.kind == .filled && result.legs.count == 2)
        #expect(result.edgeRealized == Stage.dollars("1"))
        let box = try #require(rig.events.boxes.last)
        #expect(
            box.quantity == Stage.contracts(10) && box.net == Stage.dollars("1") && box.payoff == Stage.dollars("10"))
        #expect(rig.trader.claims == 0 && rig.events.alerts.isEmpty && rig.events.residuals.isEmpty)
    }

    @Test("a book that may still show what we took is not fired on again")
    func settles() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)), .says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)), .says(TraderStage.filled(10, 50)))
        rig.edge()
        rig.stage.level(0, .bid, 38, 7)
        rig.step()
        #expect(rig.kalshi.sent.count == 1)
        rig.stage.pass(200)
        rig.edge()
        #expect(rig.kalshi.sent.count == 2, "both books moved, and time has passed")
    }

    @Test("an edge that lived before it could be fired is proved again: on a book that fails its proof nothing leaves")
    func provedAgain() throws {
        let rig = try TraderStage()
        rig.trader.haltPair(PairID("p"), "test", at: rig.stage.now)
        rig.edge()
        rig.sync()
        _ = rig.trader.resume(pair: nil, acceptExposure: false, at: rig.stage.now)
        #expect(rig.stage.engine.status().alive.count == 1 && rig.kalshi.sent.isEmpty)
        for venue in rig.stage.feeds.indices {
            rig.stage.feeds[venue].verdict = .held
            rig.stage.level(1, .bid, 50, 9)
            rig.step()
            #expect(rig.kalshi.sent.isEmpty && rig.trader.claims == 0)
            rig.stage.feeds[venue].verdict = .verified
        }
        rig.kalshi.will(.says(TraderStage.filled(8, 40)))
        rig.polymarket.will(.says(TraderStage.filled(8, 50)))
        rig.stage.level(1, .bid, 50, 8)
        rig.step()
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1)
    }

    @Test("one input that changes both legs' books bears one opportunity, and fires it once")
    func bornOnce() throws {
        let rig = try TraderStage()
        let (first, second) = (InstrumentID(0), InstrumentID(1))
        rig.stage.book(0, bids: [(39, 100)], asks: [(55, 100)])
        rig.stage.book(1, bids: [(50, 10)], asks: [(52, 100)])
        rig.sync()
        rig.stage.say(
            0,
            [
                .level(first, .ask, Stage.cents(40), Stage.contracts(10)), .updated(first, venueStamp: nil),
                .updated(second, venueStamp: nil),
            ])
        #expect(rig.stage.engine.status().alive.count == 1)
        rig.step()
        rig.stage.level(0, .ask, 40, 0)
        rig.wait(600)
        #expect(rig.stage.sink.births.count == 1 && rig.stage.sink.endings.count == 1)
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1)
    }

    @Test("two directions and neighbours exclude each other while a fire is out")
    func excludes() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.waits)
        rig.polymarket.will(.waits)
        rig.edge()
        #expect(rig.kalshi.sent.count == 1 && rig.trader.claims == 2)
        rig.stage.pass(300)
        rig.edge(20)
        #expect(rig.kalshi.sent.count == 1, "the markets are in flight")
        rig.kalshi.answer(TraderStage.filled(10, 40))
        rig.polymarket.answer(TraderStage.filled(10, 50))
        rig.step()
        #expect(rig.trader.claims == 0 && rig.events.results.last?.success == true)
    }

    @Test("a fill that was told before its order had its name is told on when it has: the ledger lacks nothing")
    func claimsStrays() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.waits)
        rig.polymarket.will(.waits)
        rig.edge()
        let order = try #require(rig.kalshi.sent.first)
        let contract = rig.stage.catalog.contracts[Int(order.instrument.index)]
        let fill = Fill(
            execID: ExecID("early"), lastQty: Stage.contracts(10), lastPx: Stage.cents(40), fee: .cent,
            liquidity: .taker, settlement: .confirmed)
        rig.sync()
        rig.trader.apply(
            ExecutionReport(
                venue: contract.venue, orderID: OrderID("K1"), clOrdID: nil, symbol: contract.symbol,
                event: .fill(fill),
                source: .stream, transactTime: nil))
        rig.step()
        func fills() -> [Fill] {
            rig.events.all.compactMap { event in
                guard case .heard(let heard) = event, heard.clOrdID == order.clOrdID,
                    case .fill(let told) = heard.event
                else { return nil }
                return told
            }
        }
        #expect(fills().isEmpty, "nobody knows yet whose it is")
        rig.report(
            order, .summary(OrderSummary(standing: .filled, cumQty: Stage.contracts(10), leavesQty: .zero)),
            orderID: "K1")
        rig.step()
        #expect(fills() == [fill])
    }

    // MARK: Every step of the walk fails in turn

    enum Step: CaseIterable { case firstPrepare, secondPrepare, journal, cash, halt, pairHalt }

    @Test("a step that fails undoes those above it, sends nothing, and the next edge fires", arguments: Step.allCases)
    func undoes(step: Step) throws {
        let rig = try TraderStage()
        let refusal = LocalRefusal(.noConnection, "test")
        switch step {
        case .firstPrepare: rig.kalshi.refuse(refusal)
        case .secondPrepare: rig.polymarket.refuse(refusal)
        case .journal: rig.journal.fault = JournalFault(.full, "test")
        case .cash: try rig.fund("0.50")
        case .halt: rig.sync(); rig.trader.haltByOperator("test", at: rig.stage.now)
        case .pairHalt: rig.trader.haltPair(PairID("p"), "test", at: rig.stage.now)
        }
        rig.edge()
        #expect(rig.kalshi.sent.isEmpty && rig.polymarket.sent.isEmpty && rig.isUntouched)
        if step != .halt, step != .pairHalt {
            let result = try #require(rig.events.results.last)
            #expect(result.kind == .refused && !result.error.isEmpty)
        }
        #expect(rig.journal.intents.isEmpty)
        rig.kalshi.refuse(nil)
        rig.polymarket.refuse(nil)
        rig.journal.fault = nil
        try rig.fund()
        rig.sync()
        _ = rig.trader.resume(pair: nil, acceptExposure: false, at: rig.stage.now)
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.stage.pass(10)
        rig.edge()
        #expect(rig.events.results.last?.success == true && rig.trader.claims == 0)
    }

    @Test(
        "P17: a disk that takes longer than a book may be old: the entry is dropped, its records are taken back, and the next fires",
        arguments: [Nanoseconds.milliseconds(200), .milliseconds(201), .seconds(5)], TraderSettings.LegOrder.allCases)
    func slowDisk(taken: Nanoseconds, order: TraderSettings.LegOrder) throws {
        let rig = try TraderStage { $0.legOrder = order }
        let isLate = taken > TraderStage.limits().bookAgeMax
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.journal.whileWriting = { [clock = rig.clock] in
            clock.stamp = Stamp(monotonic: clock.stamp.monotonic + taken, utc: clock.stamp.utc + taken)
        }
        rig.edge()
        guard isLate else {
            #expect(rig.kalshi.sent.count == 1 && rig.journal.withdrawn.isEmpty)
            return
        }
        #expect(rig.kalshi.sent.isEmpty && rig.polymarket.sent.isEmpty && rig.isUntouched)
        #expect(!rig.journal.intents.isEmpty)
        #expect(rig.journal.withdrawn == rig.journal.intents.map(\.order.clOrdID))
        let result = try #require(rig.events.results.last)
        #expect(result.kind == .refused && result.error.contains("max_book_age_ms"), "\(result.error)")
        rig.journal.whileWriting = {}
        rig.stage.pass(10)
        rig.edge()
        #expect(rig.events.results.last?.success == true && rig.trader.claims == 0)
    }

    // MARK: One leg

    @Test("P: one leg filled, the other killed: what stands alone is closed by its best way, and never twice")
    func oneLegged() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.killed))
        rig.edge()
        // Completing at 0.50 is still the best way: the book has not moved.
        #expect(rig.polymarket.sent.count == 2)
        let close = rig.polymarket.sent[1]
        #expect(close.purpose == .close && close.outcome == .no && close.side == .buy)
        #expect(close.orderQty == Stage.contracts(10))
        #expect(rig.trader.claims == 2, "the claim stays until nothing stands alone")
        let found = try #require(rig.events.residuals.first)
        #expect(found.phase == .found && found.venue == .kalshi && found.quantity == Stage.contracts(10))
    }

    @Test("a sale is reduce-only, of what the venue confirms, on the leg that filled: never the other one")
    func sells() throws {
        let rig = try TraderStage()
        rig.kalshi.will(
            .says(TraderStage.filled(10, 40)), .says(TraderStage.filled(4, 39)), .says(TraderStage.filled(6, 39)))
        rig.polymarket.will(.waits)
        rig.edge()
        rig.noEdgeAtPolymarket()
        rig.polymarket.answer(TraderStage.killed)
        rig.step()
        #expect(rig.kalshi.sent.count == 1, "nothing is confirmed to be held yet")
        rig.hold(0, .yes, 4)
        rig.step()
        let first = try #require(rig.kalshi.sent.last)
        #expect(first.side == .sell && first.outcome == .yes && first.isReduceOnly && first.purpose == .close)
        #expect(first.orderQty == Stage.contracts(4) && first.price == Stage.cents(39))
        rig.hold(0, .yes, 6)
        rig.step()
        #expect(rig.kalshi.sent.last?.orderQty == Stage.contracts(6) && rig.polymarket.sent.count == 1)
        let result = try #require(rig.events.results.last)
        #expect(result.kind == .unwound && result.edgeRealized == Stage.dollars("-0.10"))
        #expect(rig.trader.claims == 0 && rig.events.residuals.last?.phase == .closed)
    }

    @Test("a partial fill boxes what is whole and closes the rest")
    func partial() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.partly(7, 50)), .says(TraderStage.filled(3, 50)))
        rig.edge()
        #expect(rig.polymarket.sent.last?.orderQty == Stage.contracts(3))
        let box = try #require(rig.events.boxes.last)
        #expect(box.quantity == Stage.contracts(10) && rig.trader.claims == 0)
    }

    @Test("both killed: nothing is held, nothing is sent, the claim is free")
    func missed() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.killed))
        rig.polymarket.will(.says(TraderStage.killed))
        rig.edge()
        #expect(rig.events.results.last?.kind == .missed && rig.trader.claims == 0 && rig.events.boxes.isEmpty)
        #expect(rig.kalshi.sent.count == 1 && rig.trader.reserved == .zero)
    }

    // MARK: Unknown

    @Test("N05: while one leg is unknown nothing is sent on any leg; evidence, not time, ends it")
    func unknown() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.silence)
        rig.edge()
        #expect(rig.events.results.last?.kind == .unknown && rig.trader.claims == 2)
        #expect(rig.accounts.asked.contains { $0.venue == .polymarket })
        for _ in 0..<40 { rig.wait(500) }
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1, "20 s are no evidence")
        #expect(rig.events.alerts.contains { $0.code == "E_EXEC_BROKER_TIMEOUT" && $0.isCritical })
        #expect(rig.trader.unknownLegs == 1 && rig.trader.claims == 2)
        let lost = rig.polymarket.sent[0]
        rig.report(
            lost,
            .summary(
                OrderSummary(
                    standing: .filled, cumQty: Stage.contracts(10), leavesQty: .zero,
                    cumCash: Stage.dollars("5"), fee: .zero)), source: .query)
        rig.step()
        #expect(rig.events.boxes.last?.quantity == Stage.contracts(10) && rig.trader.claims == 0)
        #expect(rig.trader.unknownLegs == 0 && rig.events.results.last?.edgeRealized == Stage.dollars("1"))
    }

    @Test("V38: a closing order that times out is not repeated until it is known")
    func closeUnknown() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.killed), .silence, .says(TraderStage.filled(6, 50)))
        rig.edge()
        #expect(rig.polymarket.sent.count == 2)
        for _ in 0..<10 { rig.wait(500) }
        #expect(rig.polymarket.sent.count == 2, "no second close while the first is unknown")
        let close = rig.polymarket.sent[1]
        rig.report(
            close,
            .summary(
                OrderSummary(
                    standing: .cancelled, cumQty: Stage.contracts(4), leavesQty: .zero, cumCash: Stage.dollars("2"),
                    fee: .zero)), source: .query)
        rig.edge()
        #expect(rig.polymarket.sent.count == 3 && rig.polymarket.sent[2].orderQty == Stage.contracts(6))
        #expect(rig.trader.claims == 0)
    }

    @Test("a residual that cannot be closed in time halts its pair, says what a person can do, and is tried on")
    func stuck() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.waits)
        rig.edge()
        rig.noEdgeAtPolymarket()
        rig.polymarket.answer(TraderStage.killed)
        for _ in 0..<30 { rig.wait(500) }
        let alert = try #require(rig.events.alerts.last)
        #expect(alert.code == "E_EXEC_CLOSE_FAILED" && alert.text.contains("EXPOSED $4"))
        #expect(alert.text.contains("arb close-exposure"))
        #expect(rig.trader.claims == 2 && rig.events.residuals.last?.phase == .stuck)
        rig.kalshi.will(.says(TraderStage.filled(10, 39)))
        rig.hold(0, .yes, 10)
        rig.step()
        #expect(rig.kalshi.sent.count == 1, "not on a book that has been silent")
        rig.noEdgeAtPolymarket()
        rig.step()
        #expect(rig.trader.claims == 0 && rig.events.residuals.last?.phase == .closed, "it goes on trying")
    }

    @Test(
        "V20: a fill that the chain undoes stands as alone again, the pair is halted, and nothing is sold that is not held"
    )
    func failedSettlement() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        #expect(rig.events.results.last?.success == true)
        let order = rig.polymarket.sent[0]
        let fill = Fill(
            execID: ExecID("t1"), lastQty: Stage.contracts(10), lastPx: Stage.cents(50), fee: .zero, liquidity: .taker,
            settlement: .matched)
        rig.report(order, .fill(fill))
        rig.report(order, .settlement(ExecID("t1"), .failed))
        rig.step()
        #expect(rig.events.alerts.contains { $0.code == "E_EXEC_ANOMALY" && $0.isCritical } && rig.trader.claims == 2)
        #expect(rig.kalshi.sent.allSatisfy { $0.side == .buy }, "nothing is confirmed to be held")
        #expect(rig.events.residuals.contains { $0.phase == .found && $0.venue == .kalshi })
    }

    @Test("a halt raised outside stops entries and closes before the next order, and says so once")
    func haltFlag() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.waits)
        rig.edge()
        rig.trader.haltFlag.raise()
        rig.polymarket.answer(TraderStage.killed)
        rig.step()
        rig.edge()
        rig.wait(6_000)
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1 && rig.trader.claims == 2)
        #expect(rig.events.alerts.count { $0.text.contains("halted by the operator") } == 1)
    }

    @Test("three unexpected refusals open the breaker: nothing more is entered, and it says so")
    func breaker() throws {
        var limits = TraderStage.limits()
        limits.errorsConsecutiveMax = 3
        let rig = try TraderStage(limits: limits)
        for _ in 0..<3 {
            rig.kalshi.will(.says(.rejected(VenueRejection(.price, status: 400, code: "tick"))))
            rig.polymarket.will(.says(TraderStage.killed))
            rig.edge()
            rig.stage.pass(300)
        }
        let sent = rig.kalshi.sent.count
        #expect(rig.events.alerts.contains { $0.code == "E_EXEC_CIRCUIT_OPEN" } && !rig.events.breaker.isEmpty)
        rig.noEdge()
        rig.edge()
        #expect(rig.kalshi.sent.count == sent && rig.trader.claims == 0)
        #expect(rig.events.results.last?.error.contains("E_EXEC_CIRCUIT_OPEN") == true)
    }

    @Test("evidence after the end, while the markets are in use again, halts the pair and names what stands alone")
    func late() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.killed), .waits)
        rig.polymarket.will(.says(TraderStage.killed), .waits)
        rig.edge()
        let killed = rig.kalshi.sent[0]
        rig.stage.pass(300)
        rig.edge()
        #expect(rig.kalshi.sent.count == 2 && rig.trader.claims == 2)
        let fill = Fill(
            execID: ExecID("late"), lastQty: Stage.contracts(10), lastPx: Stage.cents(40), fee: .zero,
            liquidity: .taker, settlement: .confirmed)
        rig.report(killed, .fill(fill))
        let alert = try #require(rig.events.alerts.first { $0.code == "E_EXEC_LATE_FILL" })
        #expect(alert.isCritical && alert.text.contains("10"))
        #expect(rig.kalshi.sent.count == 2, "two owners of one market would close twice")
    }

    @Test("an operator's halt stops entries and closes alike; what stands alone is shown")
    func operatorHalt() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.waits)
        rig.edge()
        rig.trader.haltByOperator("test", at: rig.stage.now)
        rig.polymarket.answer(TraderStage.killed)
        rig.step()
        rig.wait(20_000)
        #expect(rig.polymarket.sent.count == 1 && rig.kalshi.sent.count == 1)
        #expect(rig.trader.claims == 2)
        _ = rig.trader.resume(pair: nil, acceptExposure: true, at: rig.stage.now)
        rig.edge()
        #expect(rig.polymarket.sent.count == 2, "closing goes on after resume")
    }
}

extension TraderStage {
    /// Polymarket's book is empty, Kalshi's has only a bid: what stands alone there can only be sold.
    func noEdgeAtPolymarket() {
        sync()
        stage.book(0, bids: [(39, 100)], asks: [])
        stage.book(1, bids: [], asks: [])
        step()
    }
}

@Suite("The trader after a restart")
struct TraderRestartTests {
    private func order(_ number: UInt64, _ market: Int32, _ outcome: Outcome, _ price: Int64) -> OrderState {
        OrderState(
            NewOrder(
                clOrdID: ClOrdID(prefix: 0xABCD_1234, run: 0, sequence: number), instrument: InstrumentID(market),
                outcome: outcome, side: .buy, orderQty: Stage.contracts(10), price: Stage.cents(price)))
    }

    private func adopted(_ state: OrderState, _ venue: VenueID, _ symbol: String) -> AdoptedOrder {
        AdoptedOrder(
            execution: ExecutionID(run: 0, sequence: 5), role: .leg, pair: PairID("p"), venue: venue, symbol: symbol,
            orderID: nil, state: state, booked: .zero)
    }

    @Test(
        "P02: an order of an earlier run without an answer is unknown and asked for; nothing is entered before it is known"
    )
    func unknown() throws {
        let rig = try TraderStage(isStarted: false)
        var filled = order(1, 0, .yes, 40)
        filled.apply(TraderStage.filled(10, 40).event)
        rig.trader.adopt(
            [adopted(filled, .kalshi, "K-p"), adopted(order(2, 1, .no, 50), .polymarket, "0xp")], profitToday: .zero,
            at: rig.stage.now)
        #expect(rig.trader.unknownLegs == 1 && rig.trader.claims == 2 && rig.trader.reserved.rawValue > 0)
        try rig.begin()
        #expect(rig.accounts.asked.contains { $0.venue == .polymarket })
        rig.edge()
        #expect(rig.kalshi.sent.isEmpty && rig.polymarket.sent.isEmpty && !rig.trader.isReady)
        rig.report(
            order(2, 1, .no, 50).order,
            .summary(
                OrderSummary(
                    standing: .filled, cumQty: Stage.contracts(10), leavesQty: .zero, cumCash: Stage.dollars("5"),
                    fee: .zero)), source: .query)
        rig.step()
        #expect(rig.trader.isReady && rig.trader.claims == 0 && rig.trader.unknownLegs == 0)
        #expect(rig.events.boxes.last?.quantity == Stage.contracts(10))
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.stage.pass(300)
        rig.edge()
        #expect(rig.events.results.last?.success == true)
        #expect(rig.events.results.last.map { $0.id.sequence > 5 } == true, "no number is used twice")
    }

    @Test("P06: what stood alone is closed before anything is entered, and no order of it is sent again")
    func residual() throws {
        let rig = try TraderStage(isStarted: false)
        var filled = order(1, 0, .yes, 40)
        filled.apply(TraderStage.filled(10, 40).event)
        var killed = order(2, 1, .no, 50)
        killed.apply(TraderStage.killed.event)
        rig.trader.adopt(
            [adopted(filled, .kalshi, "K-p"), adopted(killed, .polymarket, "0xp")], profitToday: .zero,
            at: rig.stage.now)
        try rig.begin()
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        #expect(rig.kalshi.sent.isEmpty && rig.polymarket.sent.map(\.purpose) == [.close])
        #expect(rig.trader.isReady && rig.trader.claims == 0)
    }

    @Test("an execution whose pair is gone stops entries, and says so")
    func gone() throws {
        let rig = try TraderStage(isStarted: false)
        rig.trader.adopt([adopted(order(1, 0, .yes, 40), .kalshi, "other")], profitToday: .zero, at: rig.stage.now)
        try rig.begin()
        rig.edge()
        #expect(rig.kalshi.sent.isEmpty && rig.events.alerts.contains { $0.code == "E_EXEC_NOT_ADOPTED" })
    }
}

extension LegReport.Outcome {
    /// The same as an event.
    fileprivate var event: OrderEvent {
        switch self {
        case .notSent(let refusal): .notSent(refusal)
        case .accepted(let summary): .summary(summary)
        case .rejected(let rejection): .rejected(rejection)
        case .unknown(let reason): .unknown(reason)
        }
    }
}
