import Arb
import Risk
import Testing
import Trading

@Suite("The trader: markets that were paid")
struct TraderSettlementsTests {
    private func boxed() throws -> TraderStage {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        return rig
    }

    private func pay(
        _ rig: TraderStage, _ market: Int, _ winner: Outcome?, revenue: String, yes: Int64 = 0, no: Int64 = 0
    ) {
        rig.sync()
        let contract = rig.stage.catalog.contracts[market]
        let fact = SettlementFact(
            venue: contract.venue, symbol: contract.symbol, winner: winner, yesQty: Stage.contracts(yes),
            noQty: Stage.contracts(no), revenue: Stage.dollars(revenue), fee: nil, settledAt: nil)
        rig.trader.settled([fact, fact], at: rig.stage.now)
        rig.step()
    }

    @Test("V25: one venue pays hours before the other: settling, then settled; no order; the reservation ends with it")
    func oneFirst() throws {
        let rig = try boxed()
        #expect(rig.trader.boxes.map(\.state) == [.open] && rig.trader.reserved == Stage.dollars("9"))
        pay(rig, 0, .yes, revenue: "10", yes: 10)
        #expect(rig.trader.boxes.map(\.state) == [.settling(.kalshi)] && rig.trader.reserved == Stage.dollars("5"))
        for _ in 0..<6 {
            rig.stage.wait(3_600_000)
            rig.step()
        }
        #expect(rig.trader.boxes.map(\.state) == [.settling(.kalshi)] && rig.trader.exposure.line == "HEDGED")
        pay(rig, 1, .yes, revenue: "0", no: 10)
        #expect(rig.trader.boxes.map(\.state) == [.settled] && rig.trader.reserved == .zero)
        #expect(rig.trader.exposure.line == "FLAT" && rig.trader.boxes.first?.lockedProfit == Stage.dollars("1"))
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1 && rig.events.residuals.isEmpty)
    }

    @Test("a split pays half a contract, wherever the revenue says so")
    func split() throws {
        let rig = try boxed()
        pay(rig, 0, nil, revenue: "5", yes: 10)
        pay(rig, 1, nil, revenue: "5", no: 10)
        #expect(rig.trader.boxes.map(\.state) == [.settled] && rig.trader.reserved == .zero)
        #expect(rig.trader.boxes.first?.payout == Stage.dollars("10"))
    }

    @Test("what stands alone in a market that was paid is not closed any more")
    func alone() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.waits)
        rig.edge()
        rig.noEdgeAtPolymarket()
        rig.polymarket.answer(TraderStage.killed)
        rig.step()
        #expect(rig.trader.claims == 2)
        pay(rig, 0, .no, revenue: "0", yes: 10)
        rig.hold(0, .yes, 10)
        rig.noEdgeAtPolymarket()
        #expect(rig.trader.claims == 0 && rig.trader.reserved == .zero && rig.kalshi.sent.count == 1)
        #expect(rig.events.results.last?.edgeRealized == Stage.dollars("-4"))
    }

    @Test("settlements are read as often as the accounts")
    func reads() throws {
        let rig = try TraderStage()
        let before = rig.accounts.settlementReads.count
        #expect(before == rig.accounts.reads.count && before > 0)
        rig.wait(31_000)
        #expect(rig.accounts.settlementReads.count == rig.accounts.reads.count)
        #expect(rig.accounts.reads.count > before)
    }
}
