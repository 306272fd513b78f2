import Arb
import Testing
import Trading

@Suite("Catalog")
struct CatalogTests {
    private func faults(_ pairs: [MarketPair], _ sets: [OutcomeSet] = []) -> [String] {
        do throws(Catalog.Faults) {
            _ = try Catalog(pairs: pairs, sets: sets)
            return []
        } catch { return error.all.map { "\($0.code) \($0.pair.name)" } }
    }

    private func pair(
        _ id: String, kalshi: String, polymarket: String = "0x1", status: ReviewStatus = .proposed, yes: String = "1",
        shard: Int? = nil
    ) -> MarketPair {
        MarketPair(
            id: PairID(id), title: "", status: status, polarity: .same, expectedPayout: nil,
            kalshi: Contract(venue: .kalshi, symbol: kalshi, exchangeIndex: shard),
            polymarket: Contract(venue: .polymarket, symbol: polymarket, tokens: .init(yes: yes, no: "2")))
    }

    @Test("a pair makes two baskets, a set one or two, and each market knows its own")
    func shape() throws {
        let catalog = try Catalog(
            pairs: [Stage.pair("a"), Stage.pair("b", polarity: .inverted)], sets: [Stage.set(exhaustive: true)])
        #expect(
            catalog.count == 7
                && catalog.baskets.map(\.kind) == [.crossVenue, .crossVenue, .crossVenue, .crossVenue, .allNo, .allYes])
        #expect(catalog.baskets.indices.allSatisfy { catalog.baskets[$0].id.index == $0 })
        #expect(catalog.baskets[0].legs.map(\.outcome) == [.yes, .no])
        #expect(catalog.baskets[1].legs.map(\.outcome) == [.no, .yes])
        #expect(catalog.baskets[2].legs.map(\.outcome) == [.yes, .yes])
        #expect(catalog.baskets[3].legs.map(\.outcome) == [.no, .no])
        for (index, contract) in catalog.contracts.enumerated() {
            let mine = catalog.baskets(of: InstrumentID(Int32(index))).map { catalog.baskets[Int($0.index)] }
            #expect(mine.count == 2 && mine.allSatisfy { $0.legs.contains { $0.instrument.index == index } })
            #expect(catalog.instruments(of: contract.venue).contains(InstrumentID(Int32(index))))
        }
        #expect(catalog.instruments(of: .kalshi).count == 5)
    }

    @Test("one market in two proposals is one instrument with all their baskets")
    func shared() throws {
        let catalog = try Catalog(pairs: [pair("a", kalshi: "K1"), pair("b", kalshi: "K2")], sets: [])
        #expect(catalog.count == 3)
        #expect(catalog.baskets(of: InstrumentID(1)).count == 4)
    }

    @Test("ids are unique over pairs and sets, suspended ones included")
    func duplicates() {
        #expect(faults([Stage.pair("a"), Stage.pair("a")]) == ["E_PAIR_DUPLICATE_ID a"])
        #expect(faults([Stage.pair("a", status: .suspended)], [Stage.set("a")]) == ["E_PAIR_DUPLICATE_ID a"])
    }

    @Test("approved pairs and sets share no market; a proposal may share one with an approved pair")
    func sharedInstrument() {
        let first = pair("a", kalshi: "K1", status: .approved)
        #expect(faults([first, pair("b", kalshi: "K2", status: .approved)]) == ["E_PAIR_SHARED_INSTRUMENT b"])
        #expect(faults([first, pair("b", kalshi: "K2")]).isEmpty)
        #expect(faults([first, pair("b", kalshi: "K2", status: .suspended)]).isEmpty)
        let set = OutcomeSet(
            id: PairID("s"), title: "", status: .approved, venue: .kalshi, event: "E", exhaustive: false, winnersMax: 1,
            expectedPayout: nil, legs: ["K1", "K9"].map { Contract(venue: .kalshi, symbol: $0) })
        #expect(faults([first], [set]) == ["E_PAIR_SHARED_INSTRUMENT s"])
    }

    @Test("one market described in two ways is refused")
    func contradictions() {
        #expect(faults([pair("a", kalshi: "K1"), pair("b", kalshi: "K2", yes: "7")]) == ["E_PAIR_CONTRADICTION b"])
        #expect(
            faults([pair("a", kalshi: "K", shard: 0), pair("b", kalshi: "K", polymarket: "0x2", shard: 1)])
                == ["E_PAIR_CONTRADICTION b"])
    }

    @Test(
        "a set that pays nothing for sure is refused",
        arguments: [(1, 1), (0, 1), (3, 0), (3, 3), (3, -1), (2, .max)] as [(Int, Int)])
    func malformedSets(legs: Int, winners: Int) {
        #expect(faults([], [Stage.set(legs: legs, winners: winners)]) == ["E_PAIR_SET s"])
    }

    @Test("a set with one market twice is refused")
    func repeatedLeg() {
        let leg = Contract(venue: .kalshi, symbol: "K")
        let set = OutcomeSet(
            id: PairID("s"), title: "", status: .proposed, venue: .kalshi, event: "E", exhaustive: true, winnersMax: 1,
            expectedPayout: nil, legs: [leg, leg])
        #expect(faults([], [set]) == ["E_PAIR_SET s"])
    }

    @Test("all faults are told at once")
    func allAtOnce() {
        let found = faults(
            [Stage.pair("a"), Stage.pair("a"), pair("b", kalshi: "K1"), pair("c", kalshi: "K2", yes: "9")],
            [Stage.set(legs: 1)])
        #expect(found == ["E_PAIR_DUPLICATE_ID a", "E_PAIR_CONTRADICTION c", "E_PAIR_SET s"])
    }
}
