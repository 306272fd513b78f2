internal import Arb
internal import Risk
internal import Simulators
internal import Trading

extension Scene {
    // MARK: What is closed

    static let closes: [Scene] = [
        Scene("close-times-out", "the closing order's reply is lost: no second close until it is known", ["V38"]) {
            stage in
            stage.fault("V07@\(stage.odd)/create:1")
            for venue in ["kalshi", "polymarket"] { stage.fault("N02-lost@\(venue)/create:2") }
            try stage.fire()
            try stage.settled()
            stage.check(stage.struck(.answerLost) >= 1, "no close was lost")
        }.with {
            // A FAK order that Polymarket killed is in no list: proved only when it could not enter any more, and told till then.
            $0.mayStandAlone = true
        },
        Scene("over-buys", "a better price buys more shares than were planned: the excess finds its partner", ["V39"]) {
            stage in
            stage.fault("V39@polymarket/create:1")
            try stage.fire()
            try stage.settled()
            stage.check(stage.struck(.priceImprovement) == 1, "no price was better")
        },
        Scene("not-yet-mined", "what was bought is not sold before it is mined", ["V40"]) { stage in
            stage.fault("V07@kalshi/create:1")
            try stage.fire()
            try stage.until("a sale") { _ in stage.received(.polymarket).contains { $0.side == "SELL" } }
            let truth = stage.truth
            let sale = truth.firstIndex { $0.kind == .received && $0.venue == .polymarket && $0.side == "SELL" }
            let mined = truth.firstIndex { $0.kind == .status && $0.reason == "MINED" }
            stage.check(sale ?? 0 > mined ?? .max, "sold before it was mined")
        }.with {
            $0.environment = ["ARB__UNWIND__POLICY": "sell"]
            $0.trading.polymarket.pace.mined = 2_000_000_000
        },
        Scene("paused", "the market is paused between the legs: the other leg is got rid of or held and told", ["V24"])
        {
            stage in
            stage.fault("V24-pause@\(stage.odd)/create:1")
            try stage.fire()
            try stage.until("an order that the pause met") { _ in stage.struck(.marketPaused) == 1 }
            try stage.settled()
            stage.kalshi { _, turn in turn.world.pause(0, false, at: turn.now, turn.tell) }
        }.with { $0.mayStandAlone = true },
        Scene("closed", "the market closes between the legs: nothing is tried there again", ["V24"]) { stage in
            stage.fault("V24-close@\(stage.odd)/create:1")
            try stage.fire()
            try stage.until("an order that the close met") { _ in stage.struck(.marketClosed) == 1 }
            try stage.settled()
        }.with {
            $0.mayStandAlone = true
            $0.bound = .seconds(15)
        },
        Scene(
            "sweep", "what cannot be closed for want of depth is told, and closed by the sweep when it can be", ["V07"]
        ) {
            stage in
            stage.fault("V07@kalshi/create:100%")
            try stage.fire()
            try stage.until("a residual that is stuck") { $0.counters.stuck > 0 }
            let view = stage.view
            stage.check(stage.isStated(view) && view.exposure.state > .hedged, "not stated: \(view.exposure.line)")
            stage.check(stage.alerts.contains { $0.code == "E_EXEC_CLOSE_FAILED" }, "nobody was told")
            stage.house.venues.clearFaults()
            try stage.until("the sweep closes it") { $0.exposure.state <= .hedged && $0.isQuiet }
        }.with {
            $0.environment = [
                "ARB__UNWIND__SWEEP_INTERVAL_S": "1", "ARB__UNWIND__DEADLINE_S": "1", "ARB__UNWIND__POLICY": "complete",
            ]
            $0.bound = nil
        },
        Scene(
            "connections", "connections end at every instant around the fires: resolved, nothing twice", ["N19"],
            pairs: 12
        ) {
            stage in
            for kind in ["N19", "N19-idle", "N02-end", "N02-reset"] {
                stage.fault("\(kind)@kalshi/create:15%")
                stage.fault("\(kind)@polymarket/create:15%")
            }
            for pair in 0..<12 {
                try stage.until("nothing unknown") { $0.unknownLegs == 0 }
                try stage.fire(pair, kalshi: pair % 2 == 0 ? -150 : 150)
            }
        }.with {
            $0.environment = [
                "ARB__RISK__MAX_ERRORS_CONSECUTIVE": "100", "ARB__RISK__MAX_ERROR_RATE_PCT": "100",
                "ARB__VENUES__KALSHI__TOMBSTONE_MAX_AGE_S": "60", "ARB__VENUES__POLYMARKET__DEAD_AFTER_S": "10",
            ]
            $0.bound = nil
        },
    ]

    // MARK: What the market does

    static let markets: [Scene] = [
        Scene("gap", "every stream breaks while orders are out: what was missed is read", ["V15", "V22", "N11"]) {
            stage in
            stage.fault("N02-lost@\(stage.odd)/create:1")
            try stage.fire()
            for venue in VenueID.allCases { stage.house.venues.dropLinks(venue) }
            try stage.settled()
            try stage.fire()
        },
        Scene("silence", "a venue whose books are silent is not traded on; after the gap it is again", ["V15", "V17"]) {
            stage in
            let mute: VenueID = stage.seed % 2 == 1 ? .kalshi : .polymarket
            stage.house.venues.mute(mute, true)
            stage.wait(1_500)
            stage.plant()
            stage.wait(1_000)
            stage.check(stage.received().isEmpty, "an order on a silent book")
            stage.calm()
            stage.house.venues.mute(mute, false)
            stage.wait(200)
            try stage.fire()
        }.with { $0.environment = ["ARB__RISK__MAX_FEED_SILENCE_MS": "1000"] },
        Scene("settles-early", "one venue pays hours before the other: the box settles, no order follows", ["V25"]) {
            stage in
            try stage.fire()
            try stage.until("a box") { $0.exposure.boxes > 0 }
            try stage.settled()
            let ticker = stage.house.venues.pairs[0].ticker
            let before = stage.received().count
            stage.kalshi { half, turn in
                half.enter(.closed, ticker, turn)
                half.enter(.determined(1_000), ticker, turn)
                half.enter(.finalized(1_000), ticker, turn)
            }
            // Its list of payouts is read at the start.
            try stage.restart()
            try stage.ready()
            stage.wait(2_000)
            stage.check(stage.received().count == before, "an order followed the payout")
            stage.check(stage.view.exposure.state <= .hedged, "the payout left \(stage.view.exposure.line)")
        },
    ]

    // MARK: What happens to the account

    static let accounts: [Scene] = [
        Scene(
            "by-hand", "somebody trades on the account by hand: shown, never traded, no order follows", ["V36", "H12"]
        ) {
            stage in
            try stage.fire()
            try stage.until("a box") { $0.exposure.boxes > 0 }
            try stage.settled()
            let before = stage.received().count
            let pair = stage.house.venues.pairs[0]
            stage.kalshi { half, turn in
                _ = half.tradeByHand("ours", pair.ticker, isBid: true, mills: 990, count: 500, turn)
            }
            stage.polymarket { half, turn in half.tradeByHand(account: PolymarketTrading.client, market: 0, turn) }
            stage.wait(2_000)
            try stage.restart()
            try stage.ready()
            stage.wait(1_000)
            stage.check(stage.received().count == before, "an order followed a trade by hand")
        },
        Scene("restart", "a run ends with an order unknown: the next takes it up and finds it", ["N02", "P25"]) {
            stage in
            stage.fault("N02-lost@\(stage.odd)/create:1")
            for venue in ["kalshi", "polymarket"] { stage.fault("V22@\(venue):100%") }
            stage.plant()
            try stage.until("an order") { _ in !stage.received().isEmpty }
            stage.calm()
            stage.end()
            // A slow machine may have found and sold everything before the run was over.
            let isLeft = try stage.leavesWork()
            try stage.restart()
            try stage.ready()
            try stage.settled()
            stage.check(!isLeft || stage.recovered > 0, "nothing was taken up")
        }.with { $0.bound = nil },
        Scene("halt", "an operator's halt: nothing but cancels leaves, what stands alone stays and is shown", ["I7"]) {
            stage in
            stage.fault("V07@\(stage.odd)/create:1")
            stage.fault("N05@\(stage.even)/create:1")
            stage.plant()
            try stage.until("an order") { _ in !stage.received().isEmpty }
            stage.halt()
            try stage.until("the halt is seen") { _ in stage.alerts.contains { $0.code == "E_EXEC_CIRCUIT_OPEN" } }
            let before = stage.told.intents.count
            stage.wait(2_000)
            stage.check(stage.told.intents.count == before, "an order after the halt")
            stage.calm()
            // The account's stream may tell of the slow leg at once: what closes it may have left before the halt was seen.
            let isClosed = stage.told.intents.prefix(before).contains { $0.role != .leg }
            try stage.until("the slow leg is known") {
                $0.unknownLegs == 0 && (isClosed || $0.exposure.state > .hedged)
            }
            stage.check(
                isClosed || stage.view.exposure.exposed.rawValue > 0, "shown as \(stage.view.exposure.line)")
            if !isClosed {
                try stage.until("a person is told") { _ in
                    stage.alerts.contains { $0.code == "E_EXEC_EXPOSED" && $0.isCritical }
                }
            }
            try stage.restartAfterHalt()
        }.with {
            $0.bound = nil
            $0.mayStandAlone = true
        },
        Scene(
            "storm", "everything goes wrong at once for a while, and then no more: all is known, all agrees", ["V06"],
            pairs: 6
        ) {
            stage in
            let kinds = [
                "N02-lost", "N02-reset", "N07", "N16", "N19", "V01", "V02-503", "V02-500-applied", "V03", "V06", "V07",
                "V09",
            ]
            for kind in kinds {
                stage.fault("\(kind)@kalshi/create:4%")
                stage.fault("\(kind)@polymarket/create:4%")
            }
            for kind in ["N03", "N04", "V22"] {
                stage.fault("\(kind)@kalshi:10%")
                stage.fault("\(kind)@polymarket:10%")
            }
            for round in 0..<4 {
                for pair in 0..<6 { stage.plant(pair, kalshi: round % 2 == 0 ? -150 : 150) }
                stage.wait(700)
                for pair in 0..<6 { stage.calm(pair) }
                stage.wait(300)
            }
            stage.check(stage.told.intents.contains { $0.role == .leg }, "nothing was fired")
        }.with {
            $0.environment = [
                "ARB__RISK__MAX_ERRORS_CONSECUTIVE": "100", "ARB__RISK__MAX_ERROR_RATE_PCT": "100",
                "ARB__VENUES__KALSHI__TOMBSTONE_MAX_AGE_S": "60", "ARB__VENUES__POLYMARKET__DEAD_AFTER_S": "10",
            ]
            $0.bound = nil
            $0.mayStandAlone = true
        },
    ]
}
