import Arb
import Testing
import Trading

@Suite("UnknownResolver")
struct UnknownResolverTests {
    private func at(_ milliseconds: Int64) -> MonotonicNanos { MonotonicNanos(rawValue: milliseconds * 1_000_000) }

    private func resolver(
        _ venue: VenueID, tombstone: Int64 = 0, delay: Int64 = 0, _ timeInForce: TimeInForce = .ioc
    ) -> UnknownResolver {
        var order = OrderRegistryTests.order()
        order.timeInForce = timeInForce
        var settings = UnknownResolver.Settings()
        settings.tombstoneMaxAge = .seconds(tombstone)
        return UnknownResolver(
            order, venue: venue, sentAt: at(0), since: at(2_000), marketDelay: .seconds(delay), settings: settings)
    }

    @Test("the venue is asked at once, then at 0.2, 0.5, 1, 2 and 4 s and so on; N05")
    func asks() {
        var resolver = resolver(.kalshi)
        var asked: [Int64] = []
        var now: Int64 = 2_000
        while now < 20_000 {
            let steps = resolver.steps(at: at(now))
            if steps.contains(.ask(.ordersOfMarket)) {
                #expect(steps.contains(.ask(.fillsOfMarket)))
                asked.append(now - 2_000)
            }
            now = (resolver.nextDeadline?.rawValue ?? 0) / 1_000_000
        }
        #expect(asked == [0, 200, 500, 1_000, 2_000, 4_000, 6_000, 8_000, 10_000, 12_000, 14_000, 16_000])
    }

    @Test("after ten seconds one alert; late is once; time and nothing found conclude nothing")
    func alert() {
        var resolver = resolver(.kalshi)
        #expect(!resolver.steps(at: at(11_999)).contains(.alert))
        #expect(resolver.steps(at: at(12_000)) == [.alert, .ask(.ordersOfMarket), .ask(.fillsOfMarket)])
        for second in 13..<5_000 as Range<Int64> {
            for step in resolver.steps(at: at(second * 1_000)) {
                guard case .ask(let question) = step else {
                    Issue.record("\(step)")
                    continue
                }
                resolver.found(.nothing(question, askedAt: at(second * 1_000)))
                resolver.found(.connectionClosed)
                resolver.found(.balanceExplained(askedAt: at(second * 1_000)))
            }
        }
        #expect(resolver.nextDeadline != nil)
    }

    @Test("Polymarket: dead only when closed, without order, trade or money moved, all read after dead_after and delay")
    func deadAfter() {
        let late = at(66_000)
        let whole: [UnknownResolver.Finding] = [
            .connectionClosed, .nothing(.order, askedAt: late), .nothing(.fillsOfMarket, askedAt: late),
            .balanceExplained(askedAt: late),
        ]
        for missing in whole.indices {
            var resolver = resolver(.polymarket, delay: 3)
            _ = resolver.steps(at: late)
            for (index, finding) in whole.enumerated() where index != missing { resolver.found(finding) }
            #expect(!resolver.steps(at: at(90_000)).contains { if case .conclude = $0 { true } else { false } })
            resolver.found(whole[missing])
            let steps = resolver.steps(at: at(90_001))
            #expect(steps.count == 1 && resolver.nextDeadline == nil && resolver.steps(at: at(99_000)).isEmpty)
            guard case .conclude = steps.first else {
                Issue.record("\(steps)")
                return
            }
        }
        // Read a moment too early, the same proves nothing: 60 s and the market's 3 s after sending.
        var resolver = resolver(.polymarket, delay: 3)
        resolver.found(.connectionClosed)
        for question in [UnknownResolver.Question.order, .fillsOfMarket] {
            resolver.found(.nothing(question, askedAt: at(62_999)))
        }
        resolver.found(.balanceExplained(askedAt: at(62_999)))
        #expect(!resolver.steps(at: at(90_000)).contains { if case .conclude = $0 { true } else { false } })
    }

    @Test("the balance is asked for only when it can prove something")
    func balance() {
        var resolver = resolver(.polymarket)
        #expect(resolver.steps(at: at(2_000)) == [.ask(.order), .ask(.fillsOfMarket)])
        #expect(resolver.steps(at: at(70_000)).contains(.ask(.balance)))
    }

    @Test(
        "a tombstone goes out after a look past the lag of reads, in time, one at a time, for orders that cannot rest")
    func tombstone() {
        var asked = resolver(.kalshi, tombstone: 30)
        #expect(!asked.steps(at: at(2_000)).contains(.tombstone))
        asked.found(.nothing(.ordersOfMarket, askedAt: at(500)))
        #expect(!asked.steps(at: at(2_100)).contains(.tombstone))
        asked.found(.nothing(.ordersOfMarket, askedAt: at(2_000)))
        #expect(asked.steps(at: at(2_150)) == [.tombstone])
        #expect(!asked.steps(at: at(2_300)).contains(.tombstone))
        asked.found(.tombstoneAccepted)
        #expect(asked.steps(at: at(2_301)) == [.conclude("the tombstone took its id")])
        #expect(asked.steps(at: at(9_000)).isEmpty)

        for (seconds, timeInForce, now) in [
            (0, .ioc, 2_100), (30, .gtc, 2_100), (30, .ioc, 31_000),
        ] as [(Int64, TimeInForce, Int64)] {
            var other = resolver(.kalshi, tombstone: seconds, timeInForce)
            other.found(.nothing(.ordersOfMarket, askedAt: at(2_000)))
            #expect(!other.steps(at: at(now)).contains(.tombstone))
            // An answer to what was never sent proves nothing.
            other.found(.tombstoneAccepted)
            #expect(!other.steps(at: at(now + 1)).contains { if case .conclude = $0 { true } else { false } })
        }
    }

    @Test(
        "a lost tombstone is sent again after another look past the lag; not once its id is known to be used")
    func lostTombstone() {
        var asked = resolver(.kalshi, tombstone: 30)
        asked.found(.nothing(.ordersOfMarket, askedAt: at(2_000)))
        #expect(asked.steps(at: at(2_100)) == [.ask(.ordersOfMarket), .ask(.fillsOfMarket), .tombstone])
        // While it is out, no look sends another.
        asked.found(.nothing(.ordersOfMarket, askedAt: at(3_900)))
        #expect(!asked.steps(at: at(3_950)).contains(.tombstone))
        asked.found(.tombstoneLost(at: at(4_000)))
        asked.found(.nothing(.ordersOfMarket, askedAt: at(4_900)))
        #expect(!asked.steps(at: at(5_000)).contains(.tombstone), "a look within the lag shows nothing")
        asked.found(.nothing(.ordersOfMarket, askedAt: at(5_000)))
        #expect(asked.steps(at: at(5_100)).contains(.tombstone))
        asked.found(.nameUsed)
        asked.found(.nothing(.ordersOfMarket, askedAt: at(9_000)))
        #expect(!asked.steps(at: at(9_100)).contains(.tombstone), "one more would be refused like this one")
        asked.found(.onlyTombstoneListed)
        #expect(asked.steps(at: at(9_101)) == [.conclude("its id is the tombstone's")])
        // Never beyond the age at which ids are trusted, never more often than is set.
        var many = resolver(.kalshi, tombstone: 3_600)
        var count = 0
        for second in 3..<3_700 as Range<Int64> {
            many.found(.nothing(.ordersOfMarket, askedAt: at(second * 1_000)))
            if many.steps(at: at(second * 1_000)).contains(.tombstone) { count += 1 }
            many.found(.tombstoneLost(at: at(second * 1_000)))
            many.found(.nothing(.ordersOfMarket, askedAt: at(second * 1_000 + 999)))
        }
        #expect(count == 8)
    }

    @Test("a used id proves something only when the list shows the tombstone alone")
    func usedID() {
        var asked = resolver(.kalshi, tombstone: 30)
        asked.found(.nothing(.ordersOfMarket, askedAt: at(2_000)))
        #expect(asked.steps(at: at(2_000)).contains(.tombstone))
        asked.found(.nothing(.ordersOfMarket, askedAt: at(4_000)))
        #expect(!asked.steps(at: at(5_000)).contains { if case .conclude = $0 { true } else { false } })
        asked.found(.onlyTombstoneListed)
        #expect(asked.steps(at: at(5_001)) == [.conclude("its id is the tombstone's")])
    }
}
