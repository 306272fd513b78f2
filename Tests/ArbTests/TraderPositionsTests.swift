import Arb
import Risk
import Testing
import Trading

@Suite("The trader: what is held, reserved and given back")
struct TraderPositionsTests {
    private func boxed(_ change: (inout TraderSettings) -> Void = { _ in }) throws -> TraderStage {
        let rig = try TraderStage(change: change)
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        return rig
    }

    @Test("exposure is flat, exposed while both are out, hedged when both filled; the box keeps its cost reserved")
    func exposure() throws {
        let rig = try TraderStage()
        #expect(rig.trader.exposure.line == "FLAT")
        rig.kalshi.will(.waits)
        rig.polymarket.will(.waits)
        rig.edge()
        rig.wait(10)
        #expect(rig.trader.exposure.state == .exposed && rig.trader.exposure.openOrders == 2)
        #expect(rig.trader.exposure.net == Stage.dollars("5"), "the dearer leg may stand alone")
        rig.kalshi.answer(TraderStage.filled(10, 40))
        rig.polymarket.answer(TraderStage.filled(10, 50))
        rig.step()
        #expect(rig.trader.exposure.line == "HEDGED" && rig.trader.exposure.hedged == Stage.dollars("9"))
        #expect(rig.trader.reserved == Stage.dollars("9"))
        #expect(rig.trader.exposure(in: PairID("other")).state == .flat)
    }

    @Test("an unknown leg is told as unknown and counts as filled and as open")
    func unknown() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.silence)
        rig.edge()
        #expect(rig.trader.exposure.state == .unknown && rig.trader.exposure.unknownLegs == 1)
        #expect(rig.trader.exposure.net == Stage.dollars("4") && rig.trader.reserved == Stage.dollars("9"))
    }

    @Test("a walk that fails after its execution was taken in leaves nothing of it")
    func undone() throws {
        let rig = try TraderStage()
        rig.journal.fault = JournalFault(.full, "test")
        rig.edge()
        #expect(rig.trader.exposure == Exposure() && rig.trader.boxes.isEmpty && rig.isUntouched)
    }

    @Test("what booking would refuse after the wire is refused before anything is recorded: a name that is taken")
    func takenName() throws {
        let rig = try TraderStage()
        rig.polymarket.nameOrders { _ in OrderID("0xsame") }
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        #expect(rig.trader.exposure.line == "HEDGED" && rig.journal.intents.count == 2)
        let reserved = rig.trader.reserved
        rig.stage.pass(5_000)
        rig.edge()
        #expect(rig.events.results.last?.kind == .refused)
        #expect(rig.events.results.last?.error.hasPrefix("E_EXEC_DUPLICATE_ID") == true)
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1 && rig.journal.intents.count == 2)
        #expect(rig.trader.claims == 0 && rig.kalshi.held == 0 && rig.polymarket.held == 0)
        #expect(rig.trader.reserved == reserved && rig.trader.exposure.line == "HEDGED")
    }

    @Test("one leg after the other: the leg that waits keeps what was approved for it until the first has ended")
    func oneAfterTheOther() throws {
        let rig = try TraderStage { $0.legOrder = .fillOdds }
        rig.kalshi.will(.waits)
        rig.polymarket.will(.waits)
        rig.sync()
        rig.stage.book(0, bids: [(39, 100)], asks: [(40, 10)])
        rig.stage.book(1, bids: [(50, 30)], asks: [(52, 100)])
        rig.step()
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.isEmpty, "the thinner book goes first")
        let order = rig.kalshi.sent[0]
        let part = OrderSummary(
            standing: .working, cumQty: Stage.contracts(4), leavesQty: Stage.contracts(6), avgPx: order.price)
        rig.report(order, .summary(part), orderID: "o1")
        #expect(rig.trader.reserved == Stage.dollars("9"), "both legs, though one order is out")
        rig.kalshi.answer(TraderStage.partly(4, 40))
        rig.step()
        #expect(rig.polymarket.sent.first?.orderQty == Stage.contracts(4))
        #expect(rig.trader.reserved == Stage.dollars("3.60"), "four of each: what the second may cost is known now")
        rig.polymarket.answer(TraderStage.killed)
        rig.step()
        #expect(rig.trader.exposure.net == Stage.dollars("1.60"))
    }

    @Test("dust alone holds no reservation and is booked at nothing")
    func dust() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.partly(1, 4)))
        rig.polymarket.will(.says(TraderStage.killed))
        rig.sync()
        rig.stage.book(0, bids: [(3, 100)], asks: [(4, 10)])
        rig.stage.book(1, bids: [(10, 10)], asks: [(52, 100)])
        rig.step()
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1)
        #expect(rig.trader.claims == 0 && rig.trader.reserved == .zero)
        #expect(rig.trader.exposure.dust == Stage.dollars("0.04") && rig.trader.exposure.line == "FLAT")
        #expect(rig.events.results.last?.edgeRealized == Stage.dollars("-0.04"))
    }
}
