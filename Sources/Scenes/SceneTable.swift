internal import Arb
internal import Risk
internal import Simulators
internal import Trading

extension Scene {
    /// Every scene.
    public static var all: [Scene] { fires + answers + tombstones + closes + markets + accounts }

    // MARK: What is fired

    private static let fires: [Scene] = [
        Scene("clean-arb", "an edge that pays is taken on both venues and nothing else is sent", []) { stage in
            try stage.fire()
            try stage.until("a box") { $0.exposure.boxes > 0 }
            try stage.settled()
            stage.check(stage.told.boxes.allSatisfy { $0.quantity.rawValue > 0 }, "an empty box")
            stage.check(stage.view.exposure.state == .hedged, "not hedged")
        },
        Scene("fees-eat", "an edge that fees eat is not taken: no order", []) { stage in
            stage.plant(kalshi: 80)
            stage.wait(1_500)
            stage.plant(kalshi: -80)
            stage.wait(1_500)
            stage.check(stage.received().isEmpty, "\(stage.received().count) orders for an edge that fees eat")
            // It was awake all the time.
            try stage.fire()
        },
        Scene("inverted", "a pair whose polarity is inverted is hedged by its meaning, both ways", ["V27"], pairs: 14) {
            stage in
            try stage.fire(6, kalshi: -150)
            try stage.fire(13, kalshi: 150)
        },
        Scene("signed-ahead", "a pair that comes near is signed ahead, and fires what was signed", []) { stage in
            for _ in 0..<12 where stage.view.signedAhead.used == 0 {
                // A cent at a time, with time to be made ready between, until it pays.
                let before = stage.received().count
                for cents in 5...13 where stage.received().count == before {
                    stage.plant(kalshi: -10 * cents)
                    stage.wait(250)
                }
                stage.calm()
                try stage.until("what came is in the run's own words") { _ in
                    stage.told.intents.count >= stage.received().count
                }
                try stage.settled()
            }
            let ahead = stage.view.signedAhead
            stage.check(ahead.made > 0 && ahead.used > 0, "never used: \(ahead)")
            stage.halt()
            try stage.until("what is ready is void") { $0.signedAhead.ready == 0 }
            // A frame from before the calm may be read after all was settled: then the halt came between a fire and its close.
            try stage.restartAfterHalt()
        }.with {
            $0.mayStandAlone = true
            $0.world.rate = 8
            $0.environment = ["ARB__DETECTOR__MIN_EDGE_USD": "0.01", "ARB__DETECTOR__MIN_EDGE_BPS": "1"]
        },
        Scene("neg-risk", "neg-risk markets with ticks of a tenth of a cent trade by their own contract", [], pairs: 3)
        {
            stage in
            try stage.fire(1, kalshi: -150)
            try stage.fire(2, kalshi: 150)
            try stage.until("two boxes") { $0.exposure.boxes >= 2 }
        }.with { $0.world.isNegRisk = true },
        Scene("many", "300 pairs, 30 edges at once: each taken by one basket at a time, none twice", [], pairs: 300) {
            stage in
            stage.house.venues.reach { turn in
                for pair in 0..<30 { turn.world.shift(pair * 7, venue: 0, by: -150, at: turn.now, turn.tell) }
            }
            defer { for pair in 0..<30 { stage.calm(pair * 7) } }
            // One that fired is calm again, or the quick ones spend the cash that a busy machine's last one needs.
            var waiting = Dictionary(uniqueKeysWithValues: (0..<30).map { ("loop-\($0 * 7)", $0 * 7) })
            try stage.until("thirty pairs fired") { _ in
                for intent in stage.told.intents where intent.role == .leg {
                    if let pair = waiting.removeValue(forKey: intent.pair.name) { stage.calm(pair) }
                }
                return waiting.isEmpty
            }
        }.with {
            $0.world.rate = 300
            $0.environment = ["ARB__RISK__MAX_OPEN_ORDERS": "500"]
            // Several rounds on thirty pairs are on their way to the chain when it ends.
            $0.bound = nil
        },
        Scene("tokens", "write tokens for one leg alone: both are refused, nothing is sent alone", ["V41"], pairs: 12) {
            stage in
            stage.house.venues.reach { turn in
                for pair in 0..<12 { turn.world.shift(pair, venue: 0, by: -150, at: turn.now, turn.tell) }
            }
            defer { for pair in 0..<12 { stage.calm(pair) } }
            try stage.until("a refusal for want of tokens") { _ in
                stage.told.results.contains {
                    $0.kind == .refused && $0.error.contains(LocalRefusal.Kind.noTokens.rawValue)
                }
            }
            try stage.settled()
            let legs = Dictionary(grouping: stage.told.intents.filter { $0.role == .leg }, by: \.execution)
            stage.check(legs.values.allSatisfy { $0.count == 2 }, "a leg was recorded alone")
            let sent = legs.values.reduce(0) { $0 + $1.count }
            let came = stage.received().count - stage.told.intents.count { $0.role != .leg }
            stage.check(came == sent, "\(sent) legs were recorded, \(came) came")
        }.with {
            $0.trading.kalshi.limits.write = 20
            $0.trading.kalshi.limits.writeCapacity = 60
        },
    ]

    // MARK: What is answered, or not

    private static let answers: [Scene] = [
        one("leg-rejected", "one leg rejected: the other is closed or completed", ["V09"], "V09"),
        one("timeout-after-accept", "time runs out after accept and fill: never a zero fill", ["V03"], "V03"),
        one("reply-lost", "the reply is lost: found by stream, booked once", ["N02"], "N02-lost"),
        Scene("reply-and-events-lost", "reply and events are lost: the venue's list tells it", ["N02", "V22"]) {
            stage in
            for venue in ["kalshi", "polymarket"] { stage.fault("V22@\(venue):100%") }
            stage.fault("N02-lost@\(stage.odd)/create:1")
            try stage.fire()
            try stage.until("the order is known again") { $0.unknownLegs == 0 && $0.isQuiet }
            stage.check(stage.struck(.answerLost) == 1, "the reply was not lost")
        }.with { $0.bound = nil },
        one("reset", "the connection is reset after accept", ["N02"], "N02-reset"),
        one(
            "reset-before", "the connection is reset before the order was taken: dead by evidence alone", ["N01"],
            "N01-reset"
        )
        .with {
            $0.environment = [
                "ARB__VENUES__KALSHI__TOMBSTONE_MAX_AGE_S": "60", "ARB__VENUES__POLYMARKET__DEAD_AFTER_S": "10",
            ]
            $0.bound = nil
        },
        one("cut", "the answer ends in its middle", ["N07"], "N07"),
        one("error-applied", "status 500, and the order was taken", ["V02"], "V02-500-applied"),
        Scene("request-lost", "the request never arrives: unknown until evidence says dead", ["N01"]) { stage in
            stage.fault("N01-lost@\(stage.odd)/create:1")
            try stage.fire()
            // A tombstone may tell within a millisecond, dead_after takes its seconds.
            try stage.until("the lost order is told as unknown") { _ in !stage.told.everUnknown.isEmpty }
            try stage.until("the order is known again") { $0.unknownLegs == 0 && $0.isQuiet }
            stage.check(stage.struck(.requestLost) == 1, "the request was not lost")
        }.with {
            $0.environment = [
                "ARB__VENUES__KALSHI__TOMBSTONE_MAX_AGE_S": "60", "ARB__VENUES__POLYMARKET__DEAD_AFTER_S": "10",
            ]
            // Evidence of absence takes its time: the tombstone's, or dead_after and the market's delay.
            $0.bound = nil
        },
        one("partial", "half of one leg fills: the difference is closed or completed", ["V06"], "V06"),
        one("one-killed", "one leg is killed: the other is closed or completed", ["V07"], "V07"),
        Scene("delayed", "matched seconds later: the state is delayed, the claim is kept, the fill is booked", ["V08"])
        {
            stage in
            stage.fault("V08@polymarket/create:1")
            try stage.fire()
            try stage.settled()
            stage.check(stage.struck(.delayedMatch) == 1, "nothing was delayed")
        },
        Scene(
            "version", "a market moves to another version between catalogue and order: made anew once, filled once", []
        ) { stage in
            // Made anew within the time of the order it replaces, or not at all: a machine that reads late gets its leg by
            // another way, and the market moves once more.
            var moves = 0
            repeat {
                moves += 1
                let version = moves % 2 == 1 ? 2 : 1
                stage.polymarket { trading, _ in trading.setVersion(0, version) }
                try stage.fire()
                try stage.settled()
            } while stage.view.counters.rebuilt == 0 && moves < 4
            let refused = stage.truth.filter { $0.kind == .rejected && $0.reason.contains("order_version_mismatch") }
            stage.check(
                refused.count == moves && stage.view.counters.rebuilt == 1,
                "\(refused.count) refused, \(stage.view.counters.rebuilt) made anew")
            stage.check(stage.view.exposure.state == .hedged, "not hedged: \(stage.view.exposure.line)")
            let legs = stage.intents.filter { $0.role == .leg && $0.venue == .polymarket }
            stage.check(Set(legs.compactMap(\.orderID)).count == legs.count && legs.count >= 2, "not two hashes")
        }.with { $0.world.hasPositionIDs = true },
        Scene("both-killed", "both legs are killed: nothing is held, the claims are free", ["V07"]) { stage in
            stage.fault("V07@kalshi/create:1")
            stage.fault("V07@polymarket/create:1")
            try stage.fire()
            try stage.settled()
            stage.check(stage.struck(.killed) == 2, "not both were killed")
            stage.check(
                stage.told.results.contains { $0.kind == .missed }, "no execution missed: \(stage.told.results)")
        },
        Scene("failed-settlement", "a match fails on the chain: the fill is void, the pair is halted", ["V20"]) {
            stage in
            stage.fault("V20@polymarket/create:1")
            try stage.fire()
            try stage.until("the chain's no") { _ in stage.truth.contains { $0.kind == .failed } }
            try stage.until("a halt of the pair") { $0.counters.pairHalts > 0 }
            try stage.settled()
            stage.check(stage.alerts.contains { $0.isCritical }, "nobody was told")
        },
        Scene("three-rejects", "three unexpected rejects open the breaker; a probe closes it", ["V11"]) { stage in
            for number in 1...3 { stage.fault("V11@kalshi/create:\(number)") }
            stage.plant()
            defer { stage.calm() }
            try stage.until("the breaker opens") { _ in stage.told.breaker.contains { $0.kind == .opened } }
            stage.check(stage.struck(.refusedAuth) == 3, "\(stage.struck(.refusedAuth)) refusals, three were meant")
            try stage.until("the breaker closes again") { _ in stage.told.breaker.contains { $0.kind == .closed } }
        }.with {
            $0.environment = ["ARB__RISK__BREAKER_COOLDOWN_S": "2"]
        },
    ]

    /// A fault of one order of a fire, on either venue by the seed.
    private static func one(_ name: String, _ title: String, _ faults: [String], _ kind: String) -> Scene {
        Scene(name, title, faults) { stage in
            stage.fault("\(kind)@\(stage.odd)/create:1")
            try stage.fire()
            try stage.settled()
            stage.check(FaultKind(rawValue: kind).map { stage.struck($0) } == 1, "the fault did not strike once")
        }
    }
}
