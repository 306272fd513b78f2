import Testing
import Trading

@testable import Risk

@Suite("RiskGate: every refusal")
struct RiskGateRefusalTests {
    typealias Change = @Sendable (inout GateStage, inout EntryRequest) -> Void

    /// How each reason is provoked: limits, then the stage and the request.
    struct Provocation: Sendable {
        let reason: RiskRefusal.Reason
        var limits: @Sendable (inout RiskLimits) -> Void = { _ in }
        var cash: String? = "100000"
        var change: Change = { _, _ in }
    }

    static let provocations: [Provocation] = [
        .init(reason: .halted, change: { stage, _ in stage.gate.killSwitch.halt(.alert, reason: "test") }),
        .init(
            reason: .breakerGlobal,
            change: { stage, _ in
                stage.gate.breaker.noteLaneSpill(1_000, at: GateStage.at(0))
            }),
        .init(
            reason: .breakerVenue, limits: { $0.errorsConsecutiveMax = 2 },
            change: { stage, _ in
                // Errors of one venue alone, spread over pairs, with good answers between them.
                for index in 0..<2 {
                    let pair = PairID("pair\(index)")
                    stage.gate.breaker.record(
                        .good, execution: ExecutionID(run: 9, sequence: 1), pair: pair, venue: .polymarket,
                        latency: nil, at: GateStage.at(0))
                    stage.gate.breaker.record(
                        .reject, execution: ExecutionID(run: 9, sequence: 1), pair: pair, venue: .kalshi, latency: nil,
                        at: GateStage.at(0))
                }
            }),
        .init(
            reason: .breakerPair,
            change: { stage, _ in
                stage.gate.breaker.noteSettlementFailed(
                    pair: PairID("pair0"), quantity: GateStage.qty("1"), at: GateStage.at(0))
            }),
        .init(
            reason: .breakerProbe,
            limits: {
                $0.errorsConsecutiveMax = 1; $0.breakerCooldown = .seconds(0)
            },
            change: { stage, _ in
                stage.gate.breaker.record(
                    .reject, execution: ExecutionID(run: 9, sequence: 1), pair: PairID("pair0"), venue: .kalshi,
                    latency: nil, at: GateStage.at(-1))
            }),
        .init(reason: .pairSuspended, change: { stage, _ in stage.gate.suspend(PairID("pair0"), .foreign) }),
        .init(reason: .notApproved, change: { stage, _ in stage.gate.setApproved(BasketID(0), false) }),
        .init(reason: .notFireable, change: { _, request in request.second.outcome = .yes }),
        .init(reason: .oppositeOpen, change: { stage, _ in _ = stage.fire(stage.request(1)) }),
        .init(
            reason: .venueUnanswered,
            change: { stage, _ in
                guard let id = stage.fire(stage.request(2)).id else { return }
                var exposure = stage.gate.exposure(of: id) ?? ExecutionExposure()
                exposure.first.unknownOrders = 1
                stage.gate.settle(id, to: exposure)
            }),
        .init(reason: .staleBook, change: { _, request in request.first.freshness = .stale }),
        .init(reason: .silentFeed, change: { _, request in request.second.freshness = .silent }),
        .init(reason: .orderMax, limits: { $0.orderMax = GateStage.usd("9.01") }),
        .init(reason: .orderQtyMax, limits: { $0.orderQtyMax = GateStage.qty("9.99") }),
        .init(reason: .pairMax, limits: { $0.pairMax = GateStage.usd("9.01") }),
        .init(reason: .venueMax, limits: { $0.venueMax = GateStage.usd("5.00") }),
        .init(reason: .openMax, limits: { $0.openMax = GateStage.usd("9.01") }),
        .init(reason: .grossMax, limits: { $0.grossMax = GateStage.usd("19.99") }),
        .init(reason: .netMax, limits: { $0.netMax = GateStage.usd("5.00") }),
        .init(reason: .equityMax, limits: { $0.equityPctMax = 40 }, cash: "11.27"),
        .init(reason: .cash, cash: "5.00"),
        .init(reason: .unwindReserve, limits: { $0.unwindReserve = GateStage.usd("50") }, cash: "55.00"),
        .init(reason: .balanceUnknown, cash: nil),
        .init(reason: .oneLegLoss, limits: { $0.oneLegLossMax = GateStage.usd("0.99") }),
        .init(
            reason: .dailyLoss, limits: { $0.dailyLossMax = GateStage.usd("10") },
            change: { stage, _ in
                stage.gate.book(GateStage.usd("-9.01"), at: GateStage.at(0))
            }),
        .init(
            reason: .openOrders, limits: { $0.openOrdersMax = 3 }, change: { stage, _ in stage.fire(stage.request(2)) }),
        .init(
            reason: .orderRate, limits: { $0.ordersPerMinuteMax = 3 },
            change: { stage, _ in
                stage.gate.noteOrders(2, at: GateStage.at(-59).monotonic)
            }),
        .init(
            reason: .reservations,
            change: { stage, _ in
                for index in 0..<RiskGate.reservationsMax {
                    _ = stage.gate.restore(
                        ExecutionID(run: 2, sequence: UInt32(index)), pair: PairID("old"), basket: nil,
                        legs: ((.kalshi, 0), (.polymarket, nil)), exposure: ExecutionExposure())
                }
            }),
        .init(reason: .amounts, change: { _, request in request.first.orderQty = .zero }),
    ]

    @Test("is provoked by what it names and changes nothing", arguments: provocations.indices)
    func refuses(_ index: Int) throws {
        let provocation = Self.provocations[index]
        var limits = GateStage.wide
        provocation.limits(&limits)
        var stage = try GateStage(limits, cash: provocation.cash)
        var request = stage.request()
        provocation.change(&stage, &request)
        let before = stage.gate.totals
        let refusal = stage.fire(request).refusal
        #expect(refusal?.reason == provocation.reason)
        #expect(stage.gate.totals == before)
        let text = try #require(refusal).text
        #expect(text.hasPrefix(provocation.reason.rawValue))
        #expect(try #require(refusal).code.hasPrefix("E_EXEC_"))
    }

    @Test("every reason there is has a provocation, and without one the entry is approved")
    func complete() throws {
        #expect(Set(Self.provocations.map(\.reason)) == Set(RiskRefusal.Reason.allCases))
        var stage = try GateStage()
        #expect(stage.fire(stage.request()).refusal == nil)
    }

    @Test(
        "one unit less of each figure is admitted",
        arguments: [
            ("9.02", "10", "20", "5.01", "5.01", "1")
        ])
    func exact(open: String, quantity: String, gross: String, venue: String, net: String, alone: String) throws {
        var limits = GateStage.wide
        limits.orderMax = GateStage.usd(open)
        limits.pairMax = GateStage.usd(open)
        limits.openMax = GateStage.usd(open)
        limits.orderQtyMax = GateStage.qty(quantity)
        limits.grossMax = GateStage.usd(gross)
        limits.venueMax = GateStage.usd(venue)
        limits.netMax = GateStage.usd(net)
        limits.oneLegLossMax = GateStage.usd(alone)
        limits.dailyLossMax = GateStage.usd(alone)
        limits.openOrdersMax = 2
        limits.ordersPerMinuteMax = 2
        limits.unwindReserve = GateStage.usd("1")
        var stage = try GateStage(limits, cash: "6.01")
        stage.setCash("6.01", "6.01", at: -50)
        limits.equityPctMax = 100
        #expect(stage.fire(stage.request()).refusal == nil)
    }

    @Test("a pair is suspended as long as any cause is left", arguments: RiskGate.Suspension.allCases)
    func suspends(cause: RiskGate.Suspension) throws {
        var gate = try GateStage().gate
        let pair = PairID("pair0")
        func isSuspended() -> Bool { gate.isSuspended(pair) }
        #expect(!isSuspended())
        gate.suspend(pair, cause)
        gate.suspend(pair, .stuck)
        #expect(isSuspended() && gate.suspensions(of: pair).contains(cause))
        if cause != .stuck { gate.lift(pair, .stuck) }
        #expect(isSuspended())
        gate.lift(pair, cause)
        #expect(!isSuspended() && gate.suspensions(of: pair).isEmpty)
    }

    @Test("figures are in the words of a refusal")
    func words() throws {
        var limits = GateStage.wide
        limits.openMax = GateStage.usd("9")
        var stage = try GateStage(limits)
        let refusal = try #require(stage.fire(stage.request()).refusal)
        #expect(refusal.text == "max_open_usd: 9.02 wanted, 9.00 admitted")
        #expect(refusal.code == "E_EXEC_RISK_REFUSED")
    }
}

@Suite("RiskGate: reservations")
struct RiskGateReservationTests {
    @Test("undo leaves everything as it was, the rate of orders and the probe too")
    func undo() throws {
        var limits = GateStage.wide
        limits.ordersPerMinuteMax = 2
        limits.errorsConsecutiveMax = 1
        limits.breakerCooldown = .seconds(1)
        var stage = try GateStage(limits)
        stage.gate.breaker.record(
            .unknown, execution: ExecutionID(run: 9, sequence: 9), pair: PairID("pair0"), venue: .kalshi, latency: nil,
            at: GateStage.at(-10))
        let before = stage.gate
        for _ in 0..<3 {
            let approval = try stage.gate.approve(stage.request(0, "5"), at: GateStage.at(0))
            let isProbe = approval.isProbe
            #expect(isProbe)
            #expect(stage.gate.totals.openOrders == 2)
            #expect(stage.gate.breaker.state(.venue(.kalshi), at: GateStage.at(0).monotonic) == .halfOpen)
            stage.gate.undo(approval)
        }
        #expect(stage.gate.totals == before.totals)
        #expect(stage.gate.cash(.kalshi, exchangeIndex: 0) == before.cash(.kalshi, exchangeIndex: 0))
        #expect(stage.gate.pairs == before.pairs)
        #expect(stage.gate.venues == before.venues)
        #expect(stage.gate.free == before.free)
        #expect(stage.gate.breaker.state(.pair(PairID("pair0")), at: GateStage.at(0).monotonic) == .halfOpen)
    }

    @Test("what was fired stays reserved whatever the clock says, until evidence settles and releases it")
    func held() throws {
        var stage = try GateStage()
        let id = try #require(stage.fire(stage.request()).id)
        let late = GateStage.at(1_000_000)
        #expect(stage.gate.totals.open == GateStage.usd("9.02"))
        #expect(stage.gate.totals.net == GateStage.usd("5.01"))
        #expect(stage.gate.totals.gross == GateStage.usd("20"))
        _ = stage.fire(stage.request(2), at: late)
        #expect(stage.gate.totals.open == GateStage.usd("18.04"))
        var done = ExecutionExposure()
        done.first.locked = GateStage.usd("4")
        done.second.locked = GateStage.usd("5")
        done.gross = GateStage.usd("20")
        stage.gate.settle(id, to: done)
        #expect(stage.gate.open(in: PairID("pair0")) == GateStage.usd("9"))
        #expect(stage.gate.open(at: .kalshi) == GateStage.usd("8.01"))
        #expect(stage.gate.totals.openOrders == 2)
        #expect(stage.gate.release(id, at: late.utc) == true)
        #expect(stage.gate.release(id, at: late.utc) == false)
        #expect(stage.gate.open(in: PairID("pair0")) == .zero)
        #expect(stage.gate.exposure(of: id) == nil)
        stage.gate.settle(id, to: done)
        #expect(stage.gate.totals.open == GateStage.usd("9.02"))
    }

    @Test("cash that an execution took stays taken until a snapshot shows it")
    func cash() throws {
        var stage = try GateStage(cash: "100")
        #expect(stage.gate.cash(.kalshi, exchangeIndex: 0) == GateStage.usd("100"))
        let id = try #require(stage.fire(stage.request()).id)
        #expect(stage.gate.cash(.kalshi, exchangeIndex: 0) == GateStage.usd("95.99"))
        #expect(stage.gate.cash(.polymarket, exchangeIndex: nil) == GateStage.usd("94.99"))
        var done = ExecutionExposure()
        done.first.cash = GateStage.usd("2")
        done.first.doneAt = GateStage.at(1).utc
        done.second.doneAt = GateStage.at(1).utc
        stage.gate.settle(id, to: done)
        #expect(stage.gate.cash(.kalshi, exchangeIndex: 0) == GateStage.usd("98"))
        // A read that was sent before, or just after, may not show it.
        stage.setCash("100", "100", at: 2)
        #expect(stage.gate.cash(.kalshi, exchangeIndex: 0) == GateStage.usd("98"))
        #expect(stage.gate.release(id, at: GateStage.at(3).utc) == true)
        #expect(stage.gate.cash(.kalshi, exchangeIndex: 0) == GateStage.usd("98"))
        stage.setCash("98", "100", at: 30)
        #expect(stage.gate.cash(.kalshi, exchangeIndex: 0) == GateStage.usd("98"))
        #expect(stage.gate.cash(.polymarket, exchangeIndex: nil) == GateStage.usd("100"))
        // An older read that comes later says nothing.
        stage.setCash("500", "500", at: 29)
        #expect(stage.gate.cash(.kalshi, exchangeIndex: 0) == GateStage.usd("98"))
    }

    @Test("what a snapshot shows of an execution that goes on is not counted twice, what follows is")
    func seen() throws {
        var stage = try GateStage(cash: "100")
        let id = try #require(stage.fire(stage.request()).id)
        var exposure = ExecutionExposure()
        exposure.first.cash = GateStage.usd("4")
        exposure.first.doneAt = GateStage.at(1).utc
        stage.gate.settle(id, to: exposure)
        stage.setCash("96", "100", at: 20)
        #expect(stage.gate.cash(.kalshi, exchangeIndex: 0) == GateStage.usd("96"))
        exposure.first.cash = GateStage.usd("5")
        exposure.first.doneAt = nil
        stage.gate.settle(id, to: exposure)
        #expect(stage.gate.cash(.kalshi, exchangeIndex: 0) == GateStage.usd("95"))
    }

    @Test("shards are purses of their own")
    func shards() throws {
        var stage = try GateStage(cash: "100")
        stage.gate.setPurse(of: InstrumentID(0), exchangeIndex: 3)
        #expect(stage.reason(stage.request()) == .balanceUnknown)
        stage.gate.set(
            [VenueBalance(venue: .kalshi, exchangeIndex: 3, cash: GateStage.usd("4"), currency: .usd)],
            asOf: GateStage.at(-1).utc)
        #expect(stage.reason(stage.request()) == .cash)
        #expect(stage.reason(stage.request(2)) == nil)
    }

    @Test("a loss is of its UTC day, a clock set back forgives nothing, and the limit opens the breaker until resume")
    func dailyLoss() throws {
        var limits = GateStage.wide
        limits.dailyLossMax = GateStage.usd("50")
        var stage = try GateStage(limits)
        stage.gate.book(GateStage.usd("-49"), at: GateStage.at(0))
        stage.gate.book(GateStage.usd("2"), at: GateStage.at(0))
        #expect(stage.gate.dailyLoss(at: GateStage.at(0).utc) == GateStage.usd("47"))
        #expect(stage.gate.dailyLoss(at: GateStage.at(-86_400).utc) == GateStage.usd("47"))
        #expect(stage.reason(stage.request(0, "10", alone: "3")) == nil)
        #expect(stage.reason(stage.request(0, "10", alone: "3.01")) == .dailyLoss)
        stage.gate.book(GateStage.usd("-3"), at: GateStage.at(1))
        #expect(stage.reason(stage.request()) == .breakerGlobal)
        let tomorrow = GateStage.at(86_400)
        #expect(stage.gate.dailyLoss(at: tomorrow.utc) == .zero)
        #expect(stage.reason(stage.request(), at: tomorrow) == .breakerGlobal)
        stage.gate.breaker.resume(.global, at: GateStage.at(2))
        #expect(stage.reason(stage.request()) == .dailyLoss)
        #expect(stage.reason(stage.request(), at: tomorrow) == nil)
    }

    @Test("the day's book survives a restart in raw fields")
    func restart() throws {
        var stage = try GateStage()
        stage.gate.book(GateStage.usd("-7.5"), at: GateStage.at(0))
        let kept = (stage.gate.dayBook.day, stage.gate.dayBook.profit)
        let restored = DayBook(day: kept.0, profit: kept.1)
        #expect(restored.loss(at: GateStage.at(5).utc) == GateStage.usd("7.5"))
    }

    @Test("an execution of an earlier run counts like one of this run, and its opposite is refused")
    func restored() throws {
        var stage = try GateStage()
        var exposure = ExecutionExposure()
        exposure.first.locked = GateStage.usd("24999")
        let place = stage.gate.restore(
            ExecutionID(run: 0, sequence: 1), pair: PairID("pair0"), basket: BasketID(0),
            legs: ((.kalshi, 0), (.polymarket, nil)), exposure: exposure)
        let id = try #require(place)
        #expect(stage.reason(stage.request(0)) == .pairMax)
        #expect(stage.reason(stage.request(1)) == .oppositeOpen)
        stage.gate.release(id, at: GateStage.at(0).utc)
        #expect(stage.reason(stage.request(1)) == nil)
    }

    @Test("orders count for a minute and no longer")
    func orderRate() throws {
        var limits = GateStage.wide
        limits.ordersPerMinuteMax = 4
        var stage = try GateStage(limits)
        stage.fire(stage.request(0), at: GateStage.at(0, 999_999_999))
        stage.fire(stage.request(0), at: GateStage.at(30))
        #expect(stage.reason(stage.request(0), at: GateStage.at(60, 999_999_998)) == .orderRate)
        #expect(stage.reason(stage.request(0), at: GateStage.at(62)) == nil)
        #expect(stage.reason(stage.request(0), at: GateStage.at(100_000)) == nil)
    }

    @Test("an approval admits no order beyond it")
    func admitted() throws {
        var stage = try GateStage()
        let approval = try stage.gate.approve(stage.request(), at: GateStage.at(0))
        func order(_ change: (inout NewOrder) -> Void = { _ in }) -> NewOrder {
            var order = NewOrder(
                clOrdID: ClOrdID(high: 0, low: 1), instrument: InstrumentID(0), outcome: .yes, side: .buy,
                orderQty: GateStage.qty("10"), price: GateStage.px("0.40"))
            change(&order)
            return order
        }
        var checks: [(found: Bool, wanted: Bool)] = []
        checks.append((approval.admits(order(), leg: 0), true))
        checks.append((approval.admits(order(), leg: 1), false))
        checks.append((approval.admits(order { $0.orderQty = GateStage.qty("10.01") }, leg: 0), false))
        checks.append((approval.admits(order { $0.price = GateStage.px("0.41") }, leg: 0), false))
        checks.append((approval.admits(order { $0.outcome = .no }, leg: 0), false))
        checks.append((approval.admits(order { $0.side = .sell }, leg: 0), false))
        checks.append((approval.admits(order { $0.cashOrderQty = GateStage.usd("1") }, leg: 0), false))
        checks.append((approval.admits(order { $0.purpose = .close }, leg: 0), false))
        stage.gate.undo(approval)
        for check in checks { #expect(check.found == check.wanted) }
    }
}
