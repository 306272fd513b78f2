import Arb
import Testing
import Trading

/// Hands baskets on to the trader as if they were of another kind, and says that all of them may be entered.
private final class Disguise: EntryDesk {
    private let trader: Trader
    private let kind: BasketKind
    private(set) var taken = 0

    init(_ trader: Trader, as kind: BasketKind) {
        self.trader = trader
        self.kind = kind
    }

    func isOpen(_ basket: Basket) -> Bool { true }

    func near(_ basket: Basket, at now: Stamp) {}

    func take(_ candidate: EntryCandidate, at now: Stamp) {
        let basket = candidate.basket
        taken += 1
        trader.take(
            EntryCandidate(
                basket: Basket(
                    id: basket.id, pair: basket.pair, kind: kind, legs: basket.legs, payoff: basket.payoff,
                    status: basket.status, expectedPayout: basket.expectedPayout),
                opportunity: candidate.opportunity, plan: candidate.plan, problem: candidate.problem,
                stamps: candidate.stamps), at: now)
    }
}

@Suite("Outcome sets are never fired")
struct TraderSetsTests {
    @Test(
        "what every other check would pass is not fired when it is a set",
        arguments: [BasketKind.allNo, .allYes, .crossVenue])
    func refusesSets(kind: BasketKind) throws {
        let rig = try TraderStage()
        let disguise = Disguise(rig.trader, as: kind)
        rig.stage.engine.entryDesk = disguise
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        #expect(disguise.taken > 0)
        let isFired = kind == .crossVenue
        #expect((rig.kalshi.sent.count, rig.polymarket.sent.count) == (isFired ? (1, 1) : (0, 0)))
        #expect(rig.journal.intents.isEmpty != isFired)
        if !isFired { #expect(rig.isUntouched && rig.kalshi.prepared.isEmpty && rig.polymarket.prepared.isEmpty) }
    }
}
