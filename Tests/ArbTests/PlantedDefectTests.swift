import Arb
import Risk
import Testing
import Trading

/// Defects that others had and that no other test here would see: `Scripts/mutants` puts them in and runs these.
@Suite("Defects that others had")
struct PlantedDefectTests {
    @Test(
        "a profit is right at any size: sixteen bits of half cents would overflow at 328 contracts",
        arguments: [327, 328, 329, 655, 656, 1_000] as [Int64])
    func profits(size: Int64) throws {
        let stage = try Stage()
        stage.book(0, bids: [(38, size)], asks: [(40, size)])
        stage.book(1, bids: [(50, size)], asks: [(52, size)])
        let born = try #require(stage.sink.births.first)
        #expect(born.plan.orderQty == Stage.contracts(size))
        #expect(born.plan.payoff == Stage.dollars("\(size)"))
        #expect(born.plan.net.rawValue == size * Money.cent.rawValue * 10)
    }

    @Test("every stamp of an execution is of one clock: in the order of its stages, and within its turn")
    func stamps() throws {
        let rig = try TraderStage()
        rig.kalshi.will(.says(TraderStage.filled(10, 40)))
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.edge()
        let result = try #require(rig.events.results.last)
        try #require(result.kind == .filled, "\(result)")
        let stamps = result.stamps
        let stages = [stamps.recv, stamps.parsed, stamps.booked, stamps.decided, stamps.approved, stamps.journaled]
        #expect(zip(stages, stages.dropFirst()).allSatisfy { $0 <= $1 }, "\(stages)")
        #expect(stamps.journaled - stamps.recv < .seconds(60), "two clocks: \(stages)")
    }
}
