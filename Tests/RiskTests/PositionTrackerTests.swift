import Testing
import Trading

@testable import Risk

@Suite("PositionTracker")
struct PositionTrackerTests {
    typealias Stage = TrackerStage

    @Test("two whole legs are a box with its locked profit, hedged and over only when paid")
    func box() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "10")
        try stage.done(execution, 1, "10")
        let box = try #require(stage.tracker.box(of: execution))
        #expect(box.quantity == GateStage.qty("10"))
        #expect(box.cost == GateStage.usd("9"))
        #expect(box.payout == GateStage.usd("10"))
        #expect(box.lockedProfit == GateStage.usd("1"))
        #expect(box.state == .open)
        #expect(stage.tracker.exposure.line == "HEDGED")
        #expect(stage.tracker.exposure.hedged == GateStage.usd("9"))
        #expect(stage.tracker.profit == GateStage.usd("1"))
        #expect(stage.tracker.isSettledDown(execution))
        #expect(!stage.tracker.isOver(execution))
        #expect(stage.tracker.residual(of: execution) == nil)
        #expect(stage.tracker.forget(execution) == false)
        let exposure = try #require(stage.tracker.exposure(of: execution))
        #expect(exposure.first.locked == GateStage.usd("4"))
        #expect(exposure.second.locked == GateStage.usd("5"))
        #expect(exposure.net == .zero)
        #expect(exposure.lossAtRisk == .zero)
    }

    @Test("before anything is known both legs count as filled and as open")
    func intended() throws {
        var stage = Stage()
        let execution = try stage.begin()
        _ = try stage.order(execution, 0)
        _ = try stage.order(execution, 1)
        let exposure = try #require(stage.tracker.exposure(of: execution))
        #expect(exposure.first.locked == GateStage.usd("4.01"))
        #expect(exposure.second.locked == GateStage.usd("5.01"))
        #expect(exposure.net == GateStage.usd("5.01"))
        #expect(exposure.gross == GateStage.usd("20"))
        #expect(exposure.openOrders == 2)
        #expect(exposure.lossAtRisk == GateStage.usd("2"))
        #expect(stage.tracker.exposure.state == .exposed)
        #expect(stage.tracker.closeMax(execution, isSale: false, venuePosition: nil) == .zero)
    }

    @Test("one leg filled and one killed leave a residual, and it may be closed")
    func oneLeg() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "10")
        try stage.done(execution, 1, "0")
        let residual = try #require(stage.tracker.residual(of: execution))
        #expect(residual.leg == 0)
        #expect(residual.outcome == .yes)
        #expect(residual.quantity == GateStage.qty("10"))
        #expect(residual.cost == GateStage.usd("4"))
        #expect(stage.tracker.exposure.line == "EXPOSED $4.00")
        #expect(stage.tracker.exposure.exitCode == 4)
        #expect(stage.tracker.box(of: execution) == nil)
        #expect(!stage.tracker.isSettledDown(execution))
        #expect(stage.tracker.profit == .zero)
        #expect(stage.tracker.closeMax(execution, isSale: false, venuePosition: nil) == GateStage.qty("10"))
        // Law 6: never more than the venue says is there.
        #expect(stage.tracker.closeMax(execution, isSale: true, venuePosition: nil) == .zero)
        #expect(
            stage.tracker.closeMax(execution, isSale: true, venuePosition: GateStage.qty("3")) == GateStage.qty("3"))
        #expect(stage.tracker.closeMax(execution, isSale: true, venuePosition: GateStage.qty("-3")) == .zero)
        #expect(
            stage.tracker.closeMax(execution, isSale: true, venuePosition: GateStage.qty("99")) == GateStage.qty("10"))
        try stage.done(execution, 0, "10", role: .sell, at: "0.35")
        #expect(stage.tracker.residual(of: execution) == nil)
        #expect(stage.tracker.profit == GateStage.usd("-0.5"))
        #expect(stage.tracker.isOver(execution))
        #expect(stage.tracker.exposure.line == "FLAT")
        #expect(stage.tracker.forget(execution) == true)
        #expect(stage.tracker.profit == GateStage.usd("-0.5"))
    }

    @Test("while a leg is unknown nothing may be closed, and it counts as filled and as open")
    func unknown() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "10")
        let second = try stage.order(execution, 1)
        try stage.tell(second, .unknown(.timeout))
        #expect(stage.tracker.residual(of: execution) == nil)
        #expect(stage.tracker.closeMax(execution, isSale: false, venuePosition: nil) == .zero)
        #expect(stage.tracker.exposure.line == "UNKNOWN 1 legs · EXPOSED $4.00")
        #expect(stage.tracker.exposure.exitCode == 3)
        let worst = try #require(stage.tracker.exposure(of: execution))
        #expect(worst.second.locked == GateStage.usd("5.01"))
        #expect(worst.net == GateStage.usd("4"))
        #expect(worst.unknownOrders == 1)
        try stage.tell(second, .cannotEnter("proved"))
        #expect(stage.tracker.closeMax(execution, isSale: false, venuePosition: nil) == GateStage.qty("10"))
        try stage.fill(second, "10")
        #expect(stage.tracker.exposure.line == "HEDGED")
    }

    @Test("the excess of a partial leg is completed, and the box is whole")
    func complete() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "4")
        try stage.done(execution, 1, "10")
        #expect(stage.tracker.residual(of: execution)?.quantity == GateStage.qty("6"))
        #expect(stage.tracker.residual(of: execution)?.leg == 1)
        #expect(stage.tracker.box(of: execution)?.quantity == GateStage.qty("4"))
        #expect(stage.tracker.exposure.line == "EXPOSED $3.00 · HEDGED")
        let closing = try stage.order(execution, 0, "6", role: .complete, price: "0.55")
        #expect(stage.tracker.exposure.line == "CLOSING 1 · HEDGED")
        try stage.fill(closing, "6")
        #expect(stage.tracker.box(of: execution)?.quantity == GateStage.qty("10"))
        // 4 × 0.40 + 6 × 0.55 + 10 × 0.50 = 9.90.
        #expect(stage.tracker.profit == GateStage.usd("0.1"))
    }

    @Test("a fill that is void gives the residual back, and says so")
    func void() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "10")
        let second = try stage.order(execution, 1)
        let name = try stage.fill(second, "10", at: nil, .matched)
        try stage.end(second)
        #expect(stage.tracker.exposure.line == "HEDGED")
        let change = try stage.tell(second, .settlement(name, .failed))
        #expect(change.newlyVoid == GateStage.qty("10"))
        #expect(change.residual?.quantity == GateStage.qty("10"))
        #expect(change.profitChange == GateStage.usd("-1"))
        #expect(stage.tracker.exposure.line == "EXPOSED $4.00")
        let again = try stage.tell(second, .settlement(name, .failed))
        #expect(again.newlyVoid == .zero)
    }

    @Test("more filled than asked is booked and told once")
    func overfill() throws {
        var stage = Stage()
        let execution = try stage.begin()
        let first = try stage.order(execution, 0)
        try stage.fill(first, "10")
        let name = Fill(
            execID: ExecID("again"), lastQty: GateStage.qty("2"), lastPx: GateStage.px("0.40"), fee: .zero,
            liquidity: .taker, settlement: .confirmed)
        let change = try stage.tell(first, .fill(name))
        #expect(change.newlyOverfilled == GateStage.qty("2"))
        #expect(change.residual?.quantity == GateStage.qty("12"))
        let again = try stage.tell(first, .fill(name))
        #expect(again.newlyOverfilled == .zero)
    }

    @Test("on Polymarket only what is mined can be sold (V40)")
    func mined() throws {
        var stage = Stage()
        let execution = try stage.begin()
        let second = try stage.order(execution, 1)
        let name = try stage.fill(second, "10", at: nil, .matched)
        try stage.done(execution, 0, "0")
        let held = GateStage.qty("10")
        #expect(stage.tracker.residual(of: execution)?.quantity == held)
        #expect(stage.tracker.closeMax(execution, isSale: true, venuePosition: held) == .zero)
        #expect(stage.tracker.closeMax(execution, isSale: false, venuePosition: nil) == held)
        try stage.tell(second, .settlement(name, .mined))
        #expect(stage.tracker.closeMax(execution, isSale: true, venuePosition: held) == held)
    }

    @Test("a budget that bought more than planned leaves the excess, and the finer lot completes it (V39)")
    func overbuy() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "10")
        let second = try stage.order(execution, 1, "10", budget: "5")
        try stage.fill(second, "10.204081", at: "0.49")
        try stage.end(second)
        #expect(stage.tracker.residual(of: execution)?.quantity == GateStage.qty("0.204081"))
        #expect(stage.tracker.residual(of: execution)?.leg == 1)
        try stage.done(execution, 0, "0.2", role: .complete)
        #expect(stage.tracker.residual(of: execution)?.quantity == GateStage.qty("0.004081"))
        #expect(stage.tracker.residual(of: execution)?.isDust == true)
        #expect(stage.tracker.isSettledDown(execution))
    }

    // MARK: Dust

    @Test("a residual below both smallest orders, or worth less than dust_usd, is dust: booked at nothing")
    func dust() throws {
        for (filled, isDust) in [("0.009", true), ("0.124", true), ("0.125", false)] {
            var stage = Stage()
            let execution = try stage.begin()
            try stage.done(execution, 0, filled)
            try stage.done(execution, 1, "0")
            #expect(stage.tracker.residual(of: execution)?.isDust == isDust)
            #expect(stage.tracker.isSettledDown(execution) == isDust)
            #expect(stage.tracker.isOver(execution) == isDust)
            #expect(stage.tracker.exposure.state == (isDust ? .flat : .exposed))
            #expect((stage.tracker.profit < .zero) == isDust)
            #expect((stage.tracker.dustCost > .zero) == isDust)
            #expect(
                stage.tracker.closeMax(execution, isSale: false, venuePosition: nil)
                    == (isDust ? .zero : GateStage.qty("0.125")))
            #expect(stage.tracker.exposure(of: execution)?.first.locked == (isDust ? .zero : GateStage.usd("0.05")))
        }
    }

    @Test("dust beyond dust_max_usd is no dust, also after what was forgotten")
    func dustMax() throws {
        var stage = Stage { $0.dustMax = GateStage.usd("0.09") }
        for sequence in 1...3 as ClosedRange<UInt32> {
            let execution = try stage.begin(Stage.plan(sequence))
            try stage.done(execution, 0, "0.1")
            try stage.done(execution, 1, "0")
            #expect(stage.tracker.residual(of: execution)?.isDust == (sequence <= 2))
            if sequence == 1 { #expect(stage.tracker.forget(execution) == true) }
        }
        #expect(stage.tracker.dustCost == GateStage.usd("0.08"))
        #expect(stage.tracker.profit == GateStage.usd("-0.08"))
    }

    // MARK: The end of a box

    @Test("one venue pays hours before the other: the box settles, nothing becomes a residual, profit stays")
    func settling() throws {
        for yes in ["0", "1", "0.5"] {
            var stage = Stage()
            let execution = try stage.begin()
            try stage.done(execution, 0, "10")
            try stage.done(execution, 1, "10")
            let first = stage.tracker.apply(.settled(.kalshi, symbol: "K0", yesPays: GateStage.px(yes)))
            #expect(first.changes.count == 1)
            #expect(first.changes.first?.profitChange == .zero)
            #expect(first.changes.first?.residual == nil)
            #expect(stage.tracker.box(of: execution)?.state == .settling(.kalshi))
            #expect(stage.tracker.box(of: execution)?.lockedProfit == GateStage.usd("1"))
            #expect(stage.tracker.exposure.line == "HEDGED")
            #expect(stage.tracker.exposure(of: execution)?.first.locked == .zero)
            #expect(stage.tracker.exposure(of: execution)?.second.locked == GateStage.usd("5"))
            let again = stage.tracker.apply(.settled(.kalshi, symbol: "K0", yesPays: GateStage.px(yes)))
            #expect(again.changes.isEmpty)
            let second = stage.tracker.apply(.settled(.polymarket, symbol: "0x0", yesPays: GateStage.px(yes)))
            #expect(second.changes.first?.profitChange == .zero)
            #expect(second.changes.first?.isOver == true)
            #expect(stage.tracker.box(of: execution)?.state == .settled)
            #expect(stage.tracker.profit == GateStage.usd("1"))
            #expect(stage.tracker.exposure.line == "FLAT")
        }
    }

    @Test("a venue that voids at cost leaves no promise of the other: the box counts what was paid alone")
    func voidedMarket() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "10")
        try stage.done(execution, 1, "10")
        _ = stage.tracker.apply(.settled(.kalshi, symbol: "K0", yesPays: GateStage.px("0.4")))
        #expect(stage.tracker.profit == GateStage.usd("-5"))
        #expect(stage.tracker.residuals.isEmpty)
        _ = stage.tracker.apply(.settled(.polymarket, symbol: "0x0", yesPays: GateStage.px("0")))
        #expect(stage.tracker.profit == GateStage.usd("5"))
    }

    @Test("rules that differ are booked as paid")
    func bothLose() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "10")
        try stage.done(execution, 1, "10")
        _ = stage.tracker.apply(.settled(.kalshi, symbol: "K0", yesPays: .zero))
        let last = stage.tracker.apply(.settled(.polymarket, symbol: "0x0", yesPays: .one))
        #expect(last.changes.first?.profitChange == GateStage.usd("-10"))
        #expect(stage.tracker.profit == GateStage.usd("-9"))
    }

    @Test("a residual that is held to the end is paid like any contract")
    func residualPaid() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "10")
        try stage.done(execution, 1, "0")
        let change = stage.tracker.apply(.settled(.kalshi, symbol: "K0", yesPays: .one)).changes.first
        #expect(change?.profitChange == GateStage.usd("6"))
        #expect(change?.isOver == true)
        #expect(stage.tracker.exposure.line == "FLAT")
    }

    @Test("what was paid before an execution is read back is remembered")
    func factFirst() throws {
        var stage = Stage()
        _ = stage.tracker.apply(.settled(.kalshi, symbol: "K0", yesPays: .one))
        let execution = try stage.begin()
        try stage.done(execution, 0, "10")
        try stage.done(execution, 1, "10")
        #expect(stage.tracker.box(of: execution)?.state == .settling(.kalshi))
        #expect(stage.tracker.residuals.isEmpty)
    }

    @Test("both legs sold before their time: closing, then settled with what they brought")
    func earlyClose() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "10")
        try stage.done(execution, 1, "10")
        stage.tracker.setClosing(execution, true)
        #expect(stage.tracker.box(of: execution)?.state == .closing)
        #expect(stage.tracker.boxSaleMax(execution, leg: 0, venuePosition: GateStage.qty("8")) == GateStage.qty("8"))
        #expect(stage.tracker.boxSaleMax(execution, leg: 1, venuePosition: GateStage.qty("80")) == GateStage.qty("10"))
        let sale = try stage.order(execution, 0, role: .sell, price: "0.45")
        #expect(stage.tracker.boxSaleMax(execution, leg: 1, venuePosition: GateStage.qty("80")) == .zero)
        try stage.fill(sale, "10")
        try stage.done(execution, 1, "10", role: .sell, at: "0.53")
        #expect(stage.tracker.box(of: execution)?.state == .settled)
        #expect(stage.tracker.profit == GateStage.usd("0.8"))
        #expect(stage.tracker.isOver(execution))
    }

    // MARK: Opposite, merge, netting

    @Test("the opposite bought on Polymarket pays one with what is held, and waits to be merged")
    func opposite() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "0")
        try stage.done(execution, 1, "10")
        try stage.done(execution, 1, "10", role: .opposite, at: "0.52")
        #expect(stage.tracker.residual(of: execution) == nil)
        #expect(stage.tracker.profit == GateStage.usd("-0.2"))
        #expect(stage.tracker.isSettledDown(execution))
        #expect(!stage.tracker.isOver(execution))
        #expect(stage.tracker.exposure(of: execution)?.second.locked == GateStage.usd("10.2"))
        let merge = stage.tracker.apply(.merged(.polymarket, symbol: "0x0", GateStage.qty("12")))
        #expect(merge.unexplained == GateStage.qty("2"))
        #expect(merge.changes.first?.isOver == true)
        #expect(stage.tracker.exposure(of: execution)?.second.locked == .zero)
        #expect(stage.tracker.profit == GateStage.usd("-0.2"))
        #expect(stage.tracker.positions(at: .polymarket).isEmpty)
    }

    @Test("the opposite bought on Kalshi nets at once")
    func netting() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "10")
        try stage.done(execution, 1, "0")
        try stage.done(execution, 0, "10", role: .opposite, at: "0.62")
        #expect(stage.tracker.isOver(execution))
        #expect(stage.tracker.profit == GateStage.usd("-0.2"))
        #expect(stage.tracker.allocated(.kalshi, "K0") == .zero)
    }

    @Test("more of the opposite than wanted is a residual of the opposite outcome")
    func tooMuchOpposite() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "0")
        try stage.done(execution, 1, "4")
        try stage.done(execution, 1, "10", role: .opposite, at: "0.50")
        let residual = try #require(stage.tracker.residual(of: execution))
        #expect(residual.outcome == .yes)
        #expect(residual.quantity == GateStage.qty("6"))
        #expect(residual.cost == GateStage.usd("3"))
        #expect(stage.tracker.exposure.exposed == GateStage.usd("3"))
    }

    // MARK: Allocation

    @Test(
        "one signed Kalshi position is shared by allocation; what is over is FOREIGN, and never while an order is out")
    func allocation() throws {
        var stage = Stage()
        let first = try stage.begin(Stage.plan(1))
        try stage.done(first, 0, "10")
        try stage.done(first, 1, "10")
        let second = try stage.begin(Stage.plan(2, outcome: .no))
        try stage.done(second, 0, "3")
        try stage.done(second, 1, "3")
        let elsewhere = try stage.begin(Stage.plan(3, ticker: "K9"))
        try stage.done(elsewhere, 0, "5")
        #expect(stage.tracker.allocated(.kalshi, "K0") == GateStage.qty("7"))
        #expect(stage.tracker.foreign(.kalshi, "K0", venuePosition: GateStage.qty("7")) == .zero)
        #expect(stage.tracker.foreign(.kalshi, "K0", venuePosition: GateStage.qty("-1")) == GateStage.qty("-8"))
        let positions = stage.tracker.positions(at: .kalshi)
        #expect(positions.map(\.quantity) == [GateStage.qty("3"), GateStage.qty("10"), GateStage.qty("5")])
        #expect(positions.map(\.outcome) == [.no, .yes, .yes])
        _ = try stage.order(first, 0, role: .complete)
        #expect(stage.tracker.allocated(.kalshi, "K0") == nil)
        #expect(stage.tracker.foreign(.kalshi, "K0", venuePosition: .zero) == nil)
    }

    // MARK: Fees, refusals, order of things

    @Test("a fee that the venue did not tell counts as its most, by the share that was filled")
    func fees() throws {
        var stage = Stage()
        let execution = try stage.begin()
        let first = try stage.order(execution, 0)
        try stage.tell(
            first,
            .summary(
                OrderSummary(
                    standing: .cancelled, cumQty: GateStage.qty("5"), leavesQty: .zero, cumCash: GateStage.usd("2"))))
        #expect(stage.tracker.exposure(of: execution)?.first.cash == GateStage.usd("2.005"))
    }

    @Test("an order or execution is taken in once, and only within the bounds")
    func refusals() throws {
        var stage = Stage()
        let execution = try stage.begin()
        #expect(throws: PositionTracker.Refusal.duplicate) { try stage.tracker.begin(Stage.plan()) }
        let id = try stage.order(execution, 0)
        let order = try #require(stage.states[id]).order
        #expect(throws: PositionTracker.Refusal.duplicate) {
            _ = try stage.tracker.add(order, role: .leg, leg: 0, feeMax: .zero, to: execution)
        }
        let nowhere = ExecutionID(run: 7, sequence: 7)
        #expect(throws: PositionTracker.Refusal.unknownExecution) {
            _ = try stage.tracker.add(order, role: .tombstone, leg: 0, feeMax: .zero, to: nowhere)
        }
        for _ in 1..<PositionTracker.ordersMax { _ = try stage.order(execution, 0) }
        #expect(throws: PositionTracker.Refusal.full) { _ = try stage.order(execution, 0) }
        let change = stage.tracker.apply(OrderState(order), at: GateStage.at(0).utc)
        #expect(change != nil)
        #expect(
            [PositionTracker.Refusal.full, .duplicate, .unknownExecution].map(\.code)
                == ["E_EXEC_TRACKER_FULL", "E_EXEC_TRACKER_DUPLICATE", "E_EXEC_TRACKER_NO_EXECUTION"])
    }

    @Test("what was given back leaves no trace")
    func withdrawn() throws {
        var stage = Stage()
        let execution = try stage.begin()
        let id = try stage.order(execution, 0)
        #expect(stage.tracker.withdraw(id, isTombstone: false) == ExecutionExposure())
        #expect(stage.tracker.withdraw(id, isTombstone: false) == nil)
        stage.tracker.abandon(execution)
        #expect(stage.tracker.executions.isEmpty)
        #expect(stage.tracker.exposure.line == "FLAT")
        _ = try stage.begin()
    }

    @Test("contracts sold that were not held are exposure at what they may cost")
    func oversold() throws {
        var stage = Stage()
        let execution = try stage.begin()
        try stage.done(execution, 0, "4")
        try stage.done(execution, 1, "0")
        try stage.done(execution, 0, "6", role: .sell, at: "0.40")
        #expect(stage.tracker.exposure.exposed == GateStage.usd("2"))
        #expect(!stage.tracker.isOver(execution))
        _ = stage.tracker.apply(.settled(.kalshi, symbol: "K0", yesPays: .one))
        #expect(stage.tracker.profit == GateStage.usd("-1.2"))
    }

    @Test(
        "box states are read back from their text",
        arguments: [
            BoxState.open, .closing, .settling(.kalshi), .settling(.polymarket), .settled,
        ])
    func texts(_ state: BoxState) {
        #expect(BoxState(state.text) == state)
        #expect(BoxState(state.text + "x") == nil)
    }
}
