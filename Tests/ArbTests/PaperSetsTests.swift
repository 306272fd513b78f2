import Arb
import Risk
import Testing
import Trading

@Suite("Outcome sets on paper")
struct PaperSetsTests {
    @Test("a set that pays claims its markets, meets the books later, and is held until it pays")
    func filled() throws {
        let rig = try PaperSetsStage()
        let fees = CeilingFees(rate: 7_000_000, grid: 1_000_000)
        for index in 0..<3 { try rig.stage.terms(index, fees: fees) }
        rig.edge()
        #expect(rig.trader.claims == 3 && rig.intents.count == 3 && rig.sets.status.underWay == 1)
        #expect(rig.intents.allSatisfy { $0.role == .leg && $0.pair == PairID("s") })
        #expect(rig.trader.reserved > Stage.dollars("18"), "at worst, fees in, before anything filled")
        rig.wait(149)
        #expect(rig.heard.isEmpty && rig.events.results.isEmpty)
        rig.wait(1)
        var state = FeeState()
        let fee = try fees.buyFee(Stage.cents(60), Stage.contracts(10), .taker, &state)
        let cost = Money(rawValue: 1_800_000_000 + 3 * fee.rawValue)
        let box = try #require(rig.events.boxes.first)
        #expect(box.state == .open && box.quantity == Stage.contracts(10) && box.cost == cost)
        #expect(box.net.rawValue == 2_000_000_000 - cost.rawValue && box.netChange == nil)
        let result = try #require(rig.events.results.first)
        #expect(rig.events.results.count == 1 && result.kind == .filled && result.edgeRealized == box.net)
        #expect(result.legs.count == 3 && result.legs.allSatisfy { $0.orderID?.text.hasPrefix("paper-") ?? false })
        #expect(result.legs.allSatisfy { $0.fee == fee && $0.cumQty == Stage.contracts(10) })
        #expect(rig.trader.claims == 0 && rig.trader.reserved == cost && rig.sets.status.locked == cost)
        #expect(rig.exposure.state == .hedged && rig.exposure.hedged == cost && rig.exposure.openOrders == 0)
        #expect(rig.trader.dayProfit(at: rig.stage.now) == box.net && rig.held == [0: 10, 1: 10, 2: 10])
        #expect(rig.states.values.allSatisfy { $0.ordStatus == .filled && $0.isFeeWhole })
    }

    @Test("an opportunity is fired once, however its books move")
    func once() throws {
        let rig = try PaperSetsStage()
        rig.edge()
        rig.wait(150)
        for size in 8..<10 {
            rig.wait(150)
            for index in 0..<3 { rig.stage.level(index, .bid, 40, Int64(size)) }
        }
        #expect(rig.sets.status.fired == 1 && rig.trader.claims == 0)
        rig.calm()
        rig.wait(150)
        rig.edge()
        #expect(rig.sets.status.fired == 2)
    }

    @Test("the next opportunity is not fired while its books may still show what was taken")
    func settles() throws {
        let rig = try PaperSetsStage()
        rig.edge()
        rig.wait(150)
        rig.calm()
        rig.wait(50)
        rig.edge()
        #expect(rig.sets.status.fired == 1, "50 ms after the fills")
        rig.wait(50)
        rig.stage.level(0, .bid, 40, 9)
        rig.step()
        #expect(rig.sets.status.fired == 2)
    }

    @Test("what filled in part is completed where that brings more")
    func completed() throws {
        let rig = try PaperSetsStage()
        rig.edge()
        rig.wait(100)
        rig.stage.book(2, bids: [(40, 4), (35, 100)], asks: [(42, 100)])
        rig.wait(50)
        #expect(rig.events.results.map(\.kind) == [.unwound] && rig.trader.claims == 3)
        #expect(rig.exposure.state == .closing)
        rig.wait(150)
        let box = try #require(rig.events.boxes.first)
        // 6.00 + 6.00 + 2.40, and six more for 0.65.
        #expect(box.quantity == Stage.contracts(10) && box.cost == Stage.dollars("18.30"))
        #expect(rig.events.results.map(\.kind) == [.unwound, .unwound])
        #expect(rig.events.results.map(\.edgeRealized) == [nil, Stage.dollars("1.70")])
        #expect(rig.intents.map(\.role) == [.leg, .leg, .leg, .complete] && rig.held == [0: 10, 1: 10, 2: 10])
        #expect(rig.trader.claims == 0 && rig.events.residuals.map(\.phase) == [.found, .found, .closing, .closed])
    }

    @Test("what filled in part is sold where nothing completes it")
    func sold() throws {
        let rig = try PaperSetsStage()
        rig.edge()
        rig.wait(100)
        rig.stage.book(2, bids: [(40, 4)], asks: [(42, 100)])
        rig.wait(50)
        rig.wait(150)
        let box = try #require(rig.events.boxes.first)
        // 14.40 paid, and twice six sold for 0.58.
        #expect(box.quantity == Stage.contracts(4) && box.cost == Stage.dollars("7.44"))
        #expect(rig.events.results.last?.edgeRealized == Stage.dollars("0.56"))
        #expect(rig.intents.map(\.role) == [.leg, .leg, .leg, .sell, .sell] && rig.held == [0: 4, 1: 4, 2: 4])
        #expect(rig.trader.reserved == Stage.dollars("7.44") && rig.trader.claims == 0)
    }

    @Test("where a book takes only some of it, that is sold first")
    func soldInPart() throws {
        let rig = try PaperSetsStage()
        rig.edge()
        rig.wait(100)
        rig.stage.book(1, bids: [(40, 10)], asks: [(42, 7)])
        rig.stage.book(2, asks: [(42, 100)])
        rig.wait(50)
        rig.wait(150)
        #expect(rig.held == [0: 0, 1: 3, 2: 0] && rig.trader.claims == 3 && rig.events.boxes.isEmpty)
        #expect(rig.exposure.exposed == Stage.dollars("1.80"), "at what they cost, whatever the others lost")
        rig.stage.level(1, .ask, 43, 50)
        rig.wait(100)
        rig.wait(150)
        #expect(rig.held == [0: 0, 1: 0, 2: 0] && rig.trader.claims == 0)
        #expect(rig.events.results.last?.edgeRealized == Stage.dollars("-0.43"))
    }

    @Test("a leg that is killed leaves the others alone: they are sold, and the loss is the day's")
    func killed() throws {
        let rig = try PaperSetsStage()
        rig.edge()
        rig.wait(100)
        rig.stage.book(1, asks: [(42, 100)])
        rig.wait(50)
        let leg = try #require(rig.events.results.first?.legs[1])
        #expect(leg.ordStatus == .cancelled && leg.cumQty == .zero)
        #expect(leg.error.contains("nothing stood within the limit"))
        rig.wait(150)
        let box = try #require(rig.events.boxes.first)
        #expect(box.state == .settled && box.quantity == .zero && box.net == Stage.dollars("-0.40"))
        #expect(rig.held == [0: 0, 1: 0, 2: 0] && rig.trader.dayProfit(at: rig.stage.now) == Stage.dollars("-0.40"))
        #expect(rig.exposure.state == .flat && rig.trader.reserved == .zero && rig.sets.status.boxes == 0)
    }

    @Test("nothing at all was there: it was missed, and nothing is held")
    func missed() throws {
        let rig = try PaperSetsStage()
        rig.edge()
        rig.calm()
        rig.wait(150)
        #expect(rig.events.results.map(\.kind) == [.missed] && rig.events.boxes.isEmpty && rig.trader.claims == 0)
        #expect(rig.exposure.state == .flat && rig.trader.reserved == .zero)
    }

    @Test("what cannot be closed within the loss halts the set, keeps its claim, and is tried again")
    func stuck() throws {
        let rig = try PaperSetsStage { $0.close.lossMax = Stage.dollars("0.10") }
        rig.edge()
        rig.wait(100)
        rig.stage.book(1, asks: [(42, 100)])
        rig.wait(50)
        rig.waitSeconds(9)
        #expect(rig.trader.suspensions(of: PairID("s")).isEmpty)
        rig.waitSeconds(2)
        #expect(rig.trader.suspensions(of: PairID("s")) == [.stuck] && rig.trader.claims == 3)
        #expect(rig.exposure.state == .exposed && rig.exposure.exposed == Stage.dollars("12"))
        let alert = try #require(rig.events.alerts.first)
        #expect(alert.code == "E_EXEC_CLOSE_FAILED" && alert.text.contains("PAPER, a model"))
        rig.stage.book(1, bids: [(40, 100)], asks: [(42, 100)])
        rig.waitSeconds(6)
        #expect(rig.held == [0: 10, 1: 10, 2: 10] && rig.trader.claims == 0 && rig.exposure.state == .hedged)
        #expect(rig.events.results.last?.edgeRealized == Stage.dollars("2"))
        #expect(!rig.sets.isOpen(rig.stage.catalog.baskets[0]), "until an operator resumes it")
    }

    @Test("the policy to hold holds until before_close_s before the close")
    func beforeClose() throws {
        let rig = try PaperSetsStage { $0.close.policy = .hold }
        for index in 0..<3 {
            try rig.stage.terms(index) { $0.entriesEnd = Stage.start.utc + .seconds(index == 1 ? 400 : 4_000) }
        }
        rig.edge()
        rig.wait(100)
        rig.stage.book(1, asks: [(42, 100)])
        rig.waitSeconds(278)
        #expect(rig.held == [0: 10, 1: 0, 2: 10] && rig.intents.count == 3, "122 s before the first close")
        rig.waitSeconds(8)
        #expect(rig.held == [0: 0, 1: 0, 2: 0] && rig.intents.count == 5)
    }

    @Test("during an operator's halt nothing is entered and nothing closed")
    func halted() throws {
        let rig = try PaperSetsStage()
        rig.edge()
        rig.wait(100)
        rig.stage.book(1, asks: [(42, 100)])
        rig.trader.haltFlag.raise()
        rig.waitSeconds(1)
        #expect(rig.intents.count == 3 && rig.held == [0: 10, 1: 0, 2: 10] && rig.trader.claims == 3)
        #expect(!rig.sets.isOpen(rig.stage.catalog.baskets[0]) && rig.sets.isQuiet)
    }

    @Test("what is left over and too little for an order is dust, and costs what it cost when it was bought")
    func dust() throws {
        let rig = try PaperSetsStage()
        for index in 0..<3 { try rig.stage.terms(index) { $0.orderQtyMin = Stage.contracts(5) } }
        rig.edge()
        rig.wait(100)
        rig.stage.book(1, bids: [(40, 7)], asks: [(42, 100)])
        rig.wait(50)
        // Three of each of the others stand alone: worth 3.60, and no order is that small.
        let box = try #require(rig.events.boxes.first)
        #expect(box.quantity == Stage.contracts(7) && box.dust == [3, 0, 3].map { Stage.contracts($0) })
        #expect(rig.intents.count == 3 && rig.trader.claims == 0 && rig.exposure.dust == Stage.dollars("3.60"))
        #expect(rig.events.results.map(\.kind) == [.partial] && rig.exposure.state == .hedged)
        rig.calm()
        rig.wait(200)
        for index in 0..<3 { rig.stage.book(index, bids: [(41, 10)], asks: [(42, 100)]) }
        rig.step()
        rig.wait(100)
        rig.stage.book(1, bids: [(41, 7)], asks: [(42, 100)])
        rig.wait(50)
        #expect(rig.exposure.state == .exposed, "with what there is already it is more than dust_max_usd")
    }
}
