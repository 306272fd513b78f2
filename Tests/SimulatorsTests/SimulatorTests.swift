import Testing

@testable import Simulators

@Suite("Simulated venues")
struct SimulatorTests {
    @Test("the same seed makes the same market, another seed another one")
    func seeds() {
        func digest(_ seed: UInt64) -> String {
            var settings = SimWorld.Settings()
            settings.seed = seed
            let world = SimWorld(settings)
            var text = ""
            world.advance(to: 5_000_000_000) { change in text += "\(change)\n" }
            return text
        }
        #expect(digest(1) == digest(1))
        #expect(digest(1) != digest(2))
        #expect(digest(1).count > 1_000)
    }

    @Test("nothing pays but what is planted, no book of one venue ever crosses, and what is planted pays")
    func guardBand() {
        var settings = SimWorld.Settings()
        settings.seed = 4
        settings.rate = 400
        settings.sets = 3
        let world = SimWorld(settings)
        var now: Int64 = 0
        var paying = 0
        while now < 60_000_000_000 {
            now = world.nextEvent
            world.advance(to: now) { _ in }
            for pair in world.pairs {
                if let bid = pair.kalshi.bestBid, let ask = pair.kalshi.bestAsk { #expect(bid < ask) }
                if let bid = pair.polymarket.bestBid, let ask = pair.polymarket.bestAsk { #expect(bid < ask) }
                for direction in [0, 1] where pair.set == nil && (pair.edge(direction) ?? -1) > 0 {
                    paying += 1
                    let isPlanted = world.planted.contains {
                        $0.basket == .pair(pair.index, direction: direction) && $0.from <= now && now <= $0.until
                    }
                    #expect(isPlanted, "pair \(pair.index) direction \(direction) at \(now)")
                }
            }
            for set in world.sets {
                for isYes in [false, true]
                where (set.isExhaustive || !isYes) && (world.edge(set: set.index, isYes: isYes) ?? -1) > 0 {
                    let isPlanted = world.planted.contains {
                        $0.basket == .set(set.index, isYes: isYes) && $0.from <= now && now <= $0.until
                    }
                    #expect(isPlanted, "set \(set.index) \(isYes) at \(now)")
                }
            }
        }
        #expect(world.planted.count > 20)
        #expect(paying > 100)
    }

    @Test(
        "an edge is what the published formulas say",
        arguments: [(400, 450, false), (400, 450, true), (100, 150, false)])
    func edges(ask: Int, bid: Int, isInverted: Bool) throws {
        var pair = SimPair(
            index: 0, ticker: "K", event: "E", condition: "0x0", yesToken: "1", noToken: "2", isInverted: isInverted,
            set: nil, kalshiTick: 10, polymarketTick: 10, fair: 500, polymarketFair: 500, sizes: [], depth: 0)
        pair.kalshi.asks[ask] = 100
        if isInverted { pair.polymarket.asks[1_000 - bid] = 100 } else { pair.polymarket.bids[bid] = 100 }
        let kalshiFee = 7 * ask * (1_000 - ask) / 10
        let other = 1_000 - bid
        let polymarketFee = 4 * other * (1_000 - other) / 10
        let expected = 9_990_000 - ask * 10_000 - kalshiFee - (other * 10_000 + polymarketFee) * 1_001 / 1_000
        #expect(pair.edge(0) == expected)
        #expect(pair.edge(1) == nil)
    }

    @Test("Kalshi tells a change of a book once, whatever other channels follow that market")
    func onceEach() {
        let world = SimWorld(SimWorld.Settings())
        var sim = KalshiSim(world.pairs)
        let tickers = world.pairs.prefix(2).map(\.ticker)
        func send(_ text: String) { _ = sim.received(1, Array(text.utf8), world) }
        sim.opened(1)
        send(
            #"{"id":1,"cmd":"subscribe","params":{"channels":["orderbook_delta","trade"],"market_tickers":["\#(tickers[0])"]}}"#
        )
        for sid in [1, 2] {
            send(
                #"{"id":2,"cmd":"update_subscription","params":{"sids":[\#(sid)],"action":"add_markets","market_tickers":["\#(tickers[1])"]}}"#
            )
        }
        for place in 0..<2 {
            let frames = sim.changed(world.pairs[place], isBid: true, price: 400, change: 100, milliseconds: 1)
            #expect(frames.count == 1, "\(place)")
        }
        send(
            #"{"id":3,"cmd":"update_subscription","params":{"sids":[1],"action":"delete_markets","market_tickers":["\#(tickers[1])"]}}"#
        )
        #expect(sim.changed(world.pairs[1], isBid: true, price: 400, change: 100, milliseconds: 1).isEmpty)
    }

    @Test("numbers are printed as the venues print them")
    func text() {
        #expect(SimText.trimmed(450) == "0.45" && SimText.trimmed(5) == "0.005" && SimText.trimmed(1_000) == "1")
        #expect(
            SimText.trimmedSize(1_350) == "13.5" && SimText.trimmedSize(30_000) == "300"
                && SimText.trimmedSize(7) == "0.07")
        #expect(SimText.four(450) == "0.4500" && SimText.two(-300) == "-3.00" && SimText.two(5) == "0.05")
    }
}
