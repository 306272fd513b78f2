import Arb
import Risk
import Testing
import Trading

@Suite("The trader: orders signed before they are wanted")
struct TraderArmTests {
    /// What was given to be signed ahead.
    private final class Forge {
        var orders: [(order: NewOrder, venue: VenueID)] = []
    }

    private func rig(_ change: (inout TraderSettings) -> Void = { _ in }) throws -> (TraderStage, Forge) {
        let rig = try TraderStage(change: change)
        let forge = Forge()
        rig.polymarket.signsAhead()
        rig.trader.forge = { forge.orders.append(($0, $1)) }
        rig.stage.engine.nearSlack = rig.trader.nearSlack
        try rig.stage.terms(1) {
            $0.budgetStep = .cent
            $0.lot = Quantity(rawValue: 100_000_000)
        }
        return (rig, forge)
    }

    private func books(_ rig: TraderStage, kalshi: Int64, _ size: Int64 = 10) {
        rig.sync()
        rig.stage.book(0, bids: [(39, 100)], asks: [(kalshi, size)])
        rig.stage.book(1, bids: [(50, 30)], asks: [(52, 100)])
        rig.step()
    }

    private func same(_ one: NewOrder, _ other: NewOrder) -> Bool {
        var renamed = one
        renamed.clOrdID = other.clOrdID
        return renamed == other
    }

    @Test(
        "a pair two cents from paying has the very order signed that is fired when it pays; nothing is recorded for it")
    func exact() throws {
        let (rig, forge) = try rig()
        rig.polymarket.will(.says(TraderStage.killed))
        rig.kalshi.will(.says(TraderStage.killed))
        books(rig, kalshi: 51)
        #expect(rig.kalshi.sent.isEmpty && rig.polymarket.sent.isEmpty && rig.journal.intents.isEmpty)
        #expect(
            !forge.orders.isEmpty && forge.orders.allSatisfy { $0.venue == .polymarket && $0.order.purpose == .entry })
        #expect(rig.trader.reserved == .zero && rig.trader.claims == 0 && rig.polymarket.prepared.isEmpty)
        #expect(rig.trader.isNear(at: rig.stage.now.monotonic))
        rig.wait(50)
        books(rig, kalshi: 49)
        let fired = try #require(rig.polymarket.sent.first)
        #expect(forge.orders.contains { same($0.order, fired) }, "\(forge.orders.map(\.order)) for \(fired)")
    }

    @Test("too far away, halted, stopping, claimed or with nobody to sign: nothing is signed ahead")
    func notNear() throws {
        for cause in 0..<5 {
            let (rig, forge) = try rig()
            switch cause {
            case 0: books(rig, kalshi: 54)
            case 1:
                rig.trader.haltFlag.raise()
                books(rig, kalshi: 51)
            case 2:
                rig.trader.stop(at: rig.stage.now)
                books(rig, kalshi: 51)
            case 3:
                rig.polymarket.will(.waits)
                rig.kalshi.will(.waits)
                books(rig, kalshi: 40)
                try #require(rig.polymarket.sent.count == 1)
                forge.orders = []
                rig.wait(200)
                books(rig, kalshi: 51)
            default:
                rig.trader.forge = nil
                books(rig, kalshi: 51)
            }
            #expect(forge.orders.isEmpty, "\(cause)")
            if cause < 3 { #expect(!rig.trader.isNear(at: rig.stage.now.monotonic), "\(cause)") }
        }
    }

    @Test("a basket is made ready once an interval, however often its books change, and is not near for ever")
    func bounded() throws {
        let (rig, forge) = try rig()
        books(rig, kalshi: 51)
        let once = forge.orders.count
        for size in 11..<40 as Range<Int64> { books(rig, kalshi: 51, size) }
        #expect(once > 0 && once <= 3 && forge.orders.count == once)
        rig.wait(120)
        books(rig, kalshi: 51)
        #expect(forge.orders.count > once && forge.orders.count <= 2 * once)
        books(rig, kalshi: 60)
        rig.wait(1_100)
        #expect(!rig.trader.isNear(at: rig.stage.now.monotonic))
    }

    @Test("decisions are the same with and without it")
    func decisions() throws {
        func births(_ isArming: Bool) throws -> [String] {
            let (rig, _) = try rig()
            if !isArming {
                rig.stage.engine.nearSlack = 0
                rig.trader.forge = nil
            }
            for price in [51, 49, 52, 47, 50, 45] as [Int64] {
                books(rig, kalshi: price)
                rig.wait(30)
            }
            return rig.stage.sink.births.map { "\($0.sequence) \($0.plan)" }
        }
        let with = try births(true)
        #expect(try with == births(false) && !with.isEmpty)
    }
}
