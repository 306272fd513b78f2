import Arb
import Risk
import Testing
import Trading

@Suite("The trader: a box sold before its time")
struct TraderEarlyCloseTests {
    /// Ten units bought for 0.90 each, held and confirmed at both venues.
    private func boxed(_ margin: String?) throws -> TraderStage {
        let rig = try TraderStage { $0.earlyCloseMin = margin.map(Stage.dollars) }
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        rig.report(
            rig.polymarket.sent[0],
            .fill(
                Fill(
                    execID: ExecID("t1"), lastQty: Stage.contracts(10), lastPx: Stage.cents(50), fee: .zero,
                    liquidity: .taker, settlement: .confirmed)))
        rig.hold(0, .yes, 10)
        rig.hold(1, .no, 10)
        rig.stage.pass(1_000)
        rig.calm()
        return rig
    }

    /// Both bids: YES at Kalshi, NO at Polymarket; in cents.
    private func bids(_ rig: TraderStage, _ kalshi: Int64, _ polymarket: Int64, size: Int64 = 100) {
        rig.sync()
        rig.stage.book(0, bids: [(kalshi, size)], asks: [(99, 100)])
        rig.stage.book(1, bids: [(1, 100)], asks: [(100 - polymarket, size)])
        rig.step()
        rig.wait(5_100)
    }

    @Test("both bids pay more than the box will: both legs are sold at once, reduce-only, and the gain is booked")
    func sells() throws {
        let rig = try boxed("0.50")
        rig.kalshi.will(.says(TraderStage.filled(10, 70)))
        rig.polymarket.will(.says(TraderStage.filled(10, 45)))
        bids(rig, 70, 45)
        try #require(rig.kalshi.sent.count == 2 && rig.polymarket.sent.count == 2)
        let (yes, no) = (rig.kalshi.sent[1], rig.polymarket.sent[1])
        #expect(yes.side == .sell && yes.outcome == .yes && yes.isReduceOnly && yes.purpose == .close)
        #expect(yes.price == Stage.cents(70) && yes.orderQty == Stage.contracts(10))
        #expect(no.side == .sell && no.outcome == .no && no.price == Stage.cents(45) && no.purpose == .close)
        #expect(rig.journal.intents.suffix(2).map(\.role) == [.sell, .sell])
        #expect(rig.events.boxes.map(\.state) == [.open, .closing, .settled])
        #expect(rig.trader.exposure.line == "FLAT" && rig.trader.claims == 0 && rig.trader.reserved == .zero)
        #expect(rig.trader.dayProfit(at: rig.stage.now) == Stage.dollars("2.50"))
        #expect(rig.events.results.last?.edgeRealized == Stage.dollars("2.50"))
        #expect(rig.events.residuals.isEmpty && rig.trader.counters.earlyCloses == 1)
        bids(rig, 70, 45)
        #expect(rig.kalshi.sent.count == 2, "once")
    }

    @Test("off means off; a margin that is not reached, or eaten by fees, means no")
    func stays() throws {
        let off = try boxed(nil)
        bids(off, 70, 45)
        #expect(off.kalshi.sent.count == 1 && off.polymarket.sent.count == 1)
        let short = try boxed("1.60")
        bids(short, 70, 45)
        #expect(short.kalshi.sent.count == 1)
        let fees = try boxed("0.20"), free = try boxed("0.20")
        try fees.stage.terms(0, fees: FloorFees(rate: 7_000_000))
        bids(fees, 57, 46)
        bids(free, 57, 46)
        #expect(fees.kalshi.sent.count == 1, "three cents a unit, and the fee takes 1.7 of them")
        #expect(free.kalshi.sent.count == 2 && free.polymarket.sent.count == 2)
        #expect(short.polymarket.sent.count == 1 && fees.polymarket.sent.count == 1)
    }

    @Test("never more than the venue says is held, nor than both bids take")
    func bounded() throws {
        let rig = try boxed("0.10")
        rig.hold(0, .yes, 6)
        rig.kalshi.will(.says(TraderStage.filled(4, 70)))
        rig.polymarket.will(.says(TraderStage.filled(4, 45)))
        bids(rig, 70, 45, size: 4)
        #expect(rig.kalshi.sent.last?.orderQty == Stage.contracts(4))
        #expect(rig.trader.boxes.map(\.quantity) == [Stage.contracts(6)])
        #expect(rig.trader.boxes.map(\.state) == [.open] && rig.trader.exposure.line == "HEDGED")
        rig.hold(0, .yes, 0)
        bids(rig, 70, 45)
        #expect(rig.kalshi.sent.count == 2, "what the venue does not hold is not sold")
    }

    @Test("one sale is killed: what stands alone then is closed like any residual, and nothing is sold twice")
    func oneKilled() throws {
        let rig = try boxed("0.50")
        rig.kalshi.will(.says(TraderStage.filled(10, 70)))
        rig.polymarket.will(.says(TraderStage.killed), .says(TraderStage.filled(10, 44)))
        bids(rig, 70, 45)
        #expect(rig.events.residuals.first?.venue == .polymarket)
        #expect(rig.polymarket.sent.count == 2, "not at once: the book may show what nobody gets")
        rig.wait(200)
        let close = try #require(rig.polymarket.sent.last)
        #expect(rig.polymarket.sent.count == 3 && close.purpose == .close && close.orderQty == Stage.contracts(10))
        #expect(close.side == .sell && rig.trader.exposure.line == "FLAT")
        let sold = rig.kalshi.sent.filter { $0.side == .sell }.count
        #expect(sold == 1)
    }

    @Test("one sale is unknown: nothing more leaves until it is known")
    func unknown() throws {
        let rig = try boxed("0.50")
        rig.kalshi.will(.says(TraderStage.filled(10, 70)))
        rig.polymarket.will(.silence)
        bids(rig, 70, 45)
        bids(rig, 80, 60)
        #expect(rig.kalshi.sent.count == 2 && rig.polymarket.sent.count == 2 && rig.trader.claims == 2)
        #expect(rig.trader.unknownLegs == 1)
    }

    @Test("a box of which one leg was paid, and one of a suspended pair, is left alone")
    func leftAlone() throws {
        let rig = try boxed("0.50")
        rig.trader.haltPair(PairID("p"), "test", at: rig.stage.now)
        bids(rig, 70, 45)
        #expect(rig.kalshi.sent.count == 1)
        let paid = try boxed("0.50")
        let fact = SettlementFact(
            venue: .kalshi, symbol: "K-p", winner: .yes, yesQty: .zero, noQty: .zero, revenue: .zero, fee: nil,
            settledAt: nil)
        paid.trader.settled([fact], at: paid.stage.now)
        bids(paid, 70, 60)
        #expect(paid.polymarket.sent.count == 1 && paid.kalshi.sent.count == 1)
    }

    enum Step: CaseIterable { case first, second, journal }

    @Test("a step that fails undoes those above it, and the box stays", arguments: Step.allCases)
    func undone(step: Step) throws {
        let rig = try boxed("0.50")
        switch step {
        case .first: rig.kalshi.refuse(LocalRefusal(.noConnection, "test"))
        case .second: rig.polymarket.refuse(LocalRefusal(.noConnection, "test"))
        case .journal: rig.journal.fault = JournalFault(.full, "test")
        }
        bids(rig, 70, 45)
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1)
        #expect(rig.kalshi.held == 0 && rig.polymarket.held == 0 && rig.trader.claims == 0)
        #expect(rig.trader.boxes.map(\.state) == [.open] && rig.trader.reserved == Stage.dollars("9"))
        #expect(rig.trader.exposure.line == "HEDGED")
    }
}
