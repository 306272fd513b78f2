import Risk
import Testing
import Trading

@testable import Arb

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

    @Test("what is gone before its market is known to have ended is asked about at once; paid, it is no drift")
    func redeemed() throws {
        let rig = try boxed()
        rig.stage.wait(300_000)
        rig.accounts.forgetEnded()
        rig.read(.polymarket, held: [])
        #expect(rig.accounts.endedAsked == [rig.stage.catalog.contracts[1].symbol])
        pay(rig, 1, .yes, revenue: "0", no: 10)
        for _ in 0..<3 {
            rig.stage.wait(30_000)
            rig.read(.polymarket, held: [])
        }
        #expect(rig.events.alerts.isEmpty && rig.trader.boxes.map(\.state) == [.settling(.polymarket)])
    }

    @Test("of two markets that have ended the one that is gone at the venue is asked about first")
    func oddFirst() throws {
        let rig = try TraderStage(pairs: [Stage.pair("a"), Stage.pair("b")])
        for pair in 0..<2 {
            rig.kalshi.will(.says(TraderStage.filled(10, 40)))
            rig.polymarket.will(.says(TraderStage.filled(10, 50)))
            rig.sync()
            rig.stage.book(2 * pair, bids: [(39, 100)], asks: [(40, 10)])
            rig.stage.book(2 * pair + 1, bids: [(50, 10)], asks: [(52, 100)])
            rig.step()
            try rig.stage.terms(2 * pair + 1) { $0.status = .closed }
        }
        try #require(rig.trader.boxes.count == 2)
        rig.wait(31_000)
        #expect(rig.accounts.endedAsked == ["0xa", "0xb"])
        rig.stage.wait(300_000)
        rig.read(.polymarket, held: [(1, .no, 10)])
        #expect(rig.accounts.endedAsked == ["0xb", "0xa"])
    }

    @Test("a split pays half a contract, wherever the revenue says so")
    func split() throws {
        let rig = try boxed()
        pay(rig, 0, nil, revenue: "5", yes: 10)
        pay(rig, 1, nil, revenue: "5", no: 10)
        #expect(rig.trader.boxes.map(\.state) == [.settled] && rig.trader.reserved == .zero)
        #expect(rig.trader.boxes.first?.payout == Stage.dollars("10"))
    }

    @Test("a box is told when one venue has paid, and when both have; the profit that it came to is booked")
    func told() throws {
        let rig = try boxed()
        pay(rig, 0, .yes, revenue: "10", yes: 10)
        pay(rig, 1, .yes, revenue: "0", no: 10)
        #expect(rig.events.boxes.map(\.state) == [.open, .settling(.kalshi), .settled])
        #expect(rig.events.boxes.map(\.netChange) == [nil, .zero, .zero])
        #expect(rig.trader.dayProfit(at: rig.stage.now) == Stage.dollars("1"))
    }

    @Test(
        "a split here and a result there: what the rules did not promise is a loss, booked and told, and no order follows"
    )
    func unequal() throws {
        let rig = try boxed()
        // Kalshi pays NO, Polymarket one half: YES brings nothing and NO a half.
        pay(rig, 0, .no, revenue: "0", yes: 10)
        #expect(rig.trader.dayProfit(at: rig.stage.now) == Stage.dollars("1"), "NO is expected to pay one")
        pay(rig, 1, nil, revenue: "0")
        #expect(rig.events.boxes.last?.state == .settled && rig.events.boxes.last?.net == Stage.dollars("-4"))
        #expect(rig.events.boxes.last?.netChange == Stage.dollars("-5"))
        #expect(rig.trader.dayProfit(at: rig.stage.now) == Stage.dollars("-4"))
        #expect(rig.events.results.last?.edgeRealized == Stage.dollars("-4"), "the ledger has what a restart books")
        #expect(rig.kalshi.sent.count == 1 && rig.polymarket.sent.count == 1 && rig.trader.reserved == .zero)
    }

    @Test("a box whose loss at settlement reaches the day's limit stops entries")
    func dailyLoss() throws {
        var limits = TraderStage.limits()
        limits.dailyLossMax = Stage.dollars("4")
        let rig = try TraderStage(limits: limits)
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        pay(rig, 0, .no, revenue: "0", yes: 10)
        pay(rig, 1, .yes, revenue: "0", no: 10)
        #expect(rig.trader.dayProfit(at: rig.stage.now) == Stage.dollars("-9"), "both venues paid the other side")
        #expect(rig.events.alerts.map(\.code) == ["E_EXEC_CIRCUIT_OPEN"])
    }

    @Test("markets that have ended and hold something of ours are asked about, where the venue has no list of them")
    func ended() throws {
        let rig = try boxed()
        rig.wait(31_000)
        #expect(rig.accounts.endedAsked.isEmpty, "both markets are open")
        try rig.stage.terms(1) { $0.status = .closed }
        rig.wait(31_000)
        #expect(rig.accounts.endedAsked == ["0xp"])
        pay(rig, 1, .yes, revenue: "0", no: 10)
        rig.accounts.forgetEnded()
        rig.wait(31_000)
        #expect(rig.accounts.endedAsked.isEmpty, "what was paid is not asked about again")
    }

    @Test("after buying the opposite both tokens wait for a merge; two reads without them end it, at what they pay")
    func merged() throws {
        let rig = try TraderStage { $0.close.policy = .opposite }
        rig.kalshi.will(.waits)
        rig.polymarket.will(.says(TraderStage.filled(10, 50)), .says(TraderStage.filled(10, 48)))
        rig.edge()
        rig.sync()
        rig.stage.book(0, bids: [(39, 100)], asks: [])
        rig.stage.book(1, bids: [(46, 100)], asks: [(48, 100)])
        rig.kalshi.answer(TraderStage.killed)
        rig.step()
        let close = try #require(rig.polymarket.sent.last)
        try #require(close.outcome == .yes && close.side == .buy && close.purpose == .close)
        rig.step()
        #expect(rig.trader.reserved.rawValue > 0, "pairs wait to be merged")
        rig.stage.wait(200_000)
        rig.calm()
        rig.read(.polymarket, held: [(1, .no, 10), (1, .yes, 10)])
        rig.read(.polymarket, held: [])
        #expect(rig.trader.reserved.rawValue > 0, "one read is one source")
        rig.read(.polymarket, held: [])
        #expect(rig.trader.reserved == .zero && rig.trader.exposure.line == "FLAT")
        #expect(rig.trader.dayProfit(at: rig.stage.now) == Stage.dollars("0.20"), "two cents a pair")
        #expect(rig.events.alerts.isEmpty && rig.polymarket.sent.count == 2)
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

@Suite("The trader: more of an opposite than was asked for")
struct OverboughtTests {
    @Test("a leg below nothing stands under a leg of nothing, and equal legs leave none")
    func holding() throws {
        func holding(_ first: Int64, _ second: Int64) -> Holding {
            var legs = [Holding.Leg(), Holding.Leg()]
            legs[0].quantity = Quantity(rawValue: first)
            legs[1].quantity = Quantity(rawValue: second)
            return Holding(legs: legs)
        }
        let over = try #require(holding(0, -278).residual)
        #expect(over.leg == 0 && over.quantity == Quantity(rawValue: 278) && holding(0, -278).isOpposite(1))
        #expect(holding(0, -278).boxed == .zero && holding(10, 7).residual?.quantity == Quantity(rawValue: 3))
        #expect(holding(10, 10).residual == nil && holding(0, 0).residual == nil)
    }
}
