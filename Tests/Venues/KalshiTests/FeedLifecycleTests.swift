import Foundation
import Testing
import Trading

@testable import Kalshi

private let tickers = ["KXA-26-T1", "KXA-26-T2"]

private func live(_ change: (inout FeedSettings) -> Void = { _ in }) -> FeedHarness {
    let harness = FeedHarness(tickers) {
        $0.wantsLifecycle = true
        change(&$0)
    }
    harness.open()
    harness.frame(Frames.ack(sid: 1))
    harness.frame(Frames.ack("market_lifecycle_v2", sid: 2, id: 2))
    for (index, ticker) in tickers.enumerated() {
        harness.frame(
            Frames.snapshot(ticker, seq: index + 1, yes: [("0.4000", "10.00")], no: [("0.5000", "10.00")]))
    }
    harness.sent = []
    harness.feed.wishes = ReferenceWishes()
    return harness
}

private func lifecycle(_ seq: Int, _ event: String, _ more: String = "", ticker: String = tickers[0]) -> String {
    #"{"type":"market_lifecycle_v2","sid":2,"seq":\#(seq),"msg":{"market_ticker":"\#(ticker)","event_type":"\#(event)"\#(more)}}"#
}

@Suite("Feed, life of markets")
struct FeedLifecycleTests {
    @Test("a paused market is void until it is active again and its book came anew")
    func pause() throws {
        let harness = live()
        harness.frame(lifecycle(1, "deactivated", #","is_deactivated":true"#))
        #expect(harness.sink.marketEvents == [.status(harness.id(0), .paused)] && harness.sink.voids == [.notTrading])
        harness.frame(Frames.delta(tickers[0], seq: 3, price: "0.4000", change: "-10.00"))
        #expect(harness.feed.counters.stale == 1 && harness.sent.isEmpty && harness.isLive(1))
        harness.frame(lifecycle(2, "activated"))
        #expect(harness.sink.marketEvents.last == .status(harness.id(0), .active) && !harness.isLive(0))
        #expect(harness.sent.count == 1 && harness.sent[0].contains("get_snapshot"))
        harness.frame(Frames.snapshot(tickers[0], seq: 4, id: 3, yes: [("0.3000", "1.00")]))
        #expect(harness.isLive(0) && harness.text(0) == "1@0.30 | ")
    }

    @Test("a decided market is over: void, unsubscribed, never asked for again", arguments: ["determined", "settled"])
    func over(event: String) throws {
        let harness = live()
        harness.frame(lifecycle(1, event, #","result":"yes""#))
        #expect(harness.sink.marketEvents == [.status(harness.id(0), .closed)] && harness.sink.voids == [.notTrading])
        #expect(harness.sent.count == 1 && harness.sent[0].contains("delete_markets"))
        harness.sent = []
        harness.close()
        harness.pass(.seconds(1))
        harness.open()
        let subscribe = try #require(harness.sent.first { $0.contains("orderbook_delta") })
        #expect(subscribe.contains(tickers[1]) && !subscribe.contains(tickers[0]))
    }

    @Test("V23: a new grid ends the book; the ladder then holds both grids, and prices of neither are corrupt")
    func grid() throws {
        let harness = live()
        let cents = try TickGrid(step: price("0.01"))
        harness.feed.learn(harness.id(0), cents, status: .active, otherEnd: nil, at: harness.stamp)
        harness.pass(.milliseconds(1))
        #expect(harness.isLive(0))
        let tapered =
            #","price_ranges":[{"start":"0.0000","end":"0.1000","step":"0.0010"},"#
            + #"{"start":"0.1000","end":"0.9000","step":"0.0200"},{"start":"0.9000","end":"1.0000","step":"0.0010"}]"#
        harness.frame(lifecycle(1, "price_level_structure_updated", tapered))
        #expect(harness.sink.voids == [.gridChanged] && harness.feed.wishes.markets)
        guard case .grid(let id, let grid) = harness.sink.marketEvents.first else {
            Issue.record("no grid event")
            return
        }
        #expect(try id == harness.id(0) && grid.unit == price("0.001"))
        harness.frame(
            Frames.snapshot(
                tickers[0], seq: 3, id: 3, yes: [("0.0510", "1.00"), ("0.3300", "2.00")], no: [("0.5000", "1.00")]))
        #expect(harness.isLive(0) && harness.text(0) == "1@0.051 2@0.33 | 1@0.50")
        harness.frame(Frames.delta(tickers[0], seq: 4, price: "0.3350", change: "1.00"))
        #expect(harness.sink.voids == [.gridChanged, .corrupt])
    }

    @Test("a grid that cannot be read voids the book and is asked for by REST")
    func badGrid() throws {
        let harness = live()
        harness.frame(lifecycle(1, "price_level_structure_updated", #","price_ranges":[]"#))
        #expect(
            harness.sink.voids == [.gridChanged] && harness.feed.wishes == ReferenceWishes(markets: true, fees: true))
        #expect(harness.sink.codes == ["E_REF_GRID"])
    }

    @Test("a moved close moves the end of entries, as far as the other ends are known")
    func closeDate() throws {
        let harness = live()
        harness.frame(lifecycle(1, "close_date_updated", #","close_ts":1795300000"#))
        #expect(harness.sink.marketEvents == [.entriesEnd(harness.id(0), nil)] && harness.feed.wishes.markets)
        let other = UTCNanos(rawValue: 1_795_250_000_000_000_000)
        harness.feed.learn(
            harness.id(0), try TickGrid(step: price("0.01")), status: .active, otherEnd: other, at: harness.stamp)
        harness.frame(lifecycle(2, "close_date_updated", #","close_ts":1795300000"#))
        harness.frame(lifecycle(3, "close_date_updated", #","close_ts":1795200000"#))
        #expect(
            harness.sink.marketEvents.suffix(2) == [
                .entriesEnd(harness.id(0), other),
                .entriesEnd(harness.id(0), UTCNanos(rawValue: 1_795_200_000_000_000_000)),
            ])
    }

    @Test("V29: fees of an event block all its markets until they are read again")
    func fees() throws {
        let harness = live()
        harness.frame(
            #"{"type":"event_fee_update","sid":2,"seq":1,"msg":{"event_ticker":"KXA-26","fee_multiplier_override":null}}"#
        )
        #expect(harness.sink.marketEvents == [.feesChanged(harness.id(0)), .feesChanged(harness.id(1))])
        #expect(harness.feed.wishes.fees)
        harness.frame(#"{"type":"event_fee_update","sid":2,"seq":2,"msg":{"event_ticker":"KXA-2"}}"#)
        #expect(harness.sink.marketEvents.count == 2)
    }

    @Test(
        "lost or unreadable lifecycle messages make everything be read again",
        arguments: [
            lifecycle(2, "activated"),
            #"{"type":"market_lifecycle_v2","sid":2,"seq":1,"msg":{"event_type":"settled"}}"#,
            lifecycle(1, "close_date_updated", #","close_ts":"soon""#),
        ])
    func lost(text: String) throws {
        let gap = live()
        gap.frame(lifecycle(2, "activated"))
        #expect(gap.sink.codes == ["E_FEED_LIFECYCLE_GAP"])
        let harness = live()
        harness.frame(text)
        #expect(harness.feed.wishes == ReferenceWishes(markets: true, fees: true) && harness.sink.codes.count == 1)
        #expect(harness.isLive(0) && harness.isLive(1))
    }

    @Test("words that are newer than this program are counted and change nothing")
    func future() throws {
        let harness = live()
        harness.frame(lifecycle(1, "teleported"))
        harness.frame(lifecycle(2, "settled", ticker: "KXELSEWHERE"))
        #expect(harness.sink.marketEvents.isEmpty && harness.feed.counters.unknownKinds == 1)
        #expect(harness.feed.counters.unknownTickers == 1)
    }
}

@Suite("Feed, the venue's refusals")
struct FeedRefusalTests {
    private func error(_ code: Int, _ more: String = "", outer: String = "") -> String {
        #"{"id":1,"type":"error"\#(outer),"msg":{"code":\#(code),"msg":"no"\#(more)}}"#
    }

    @Test("terminal codes drop the subscription and subscribe anew", arguments: [10, 25])
    func terminal(code: Int) throws {
        let harness = live()
        harness.frame(error(code, outer: #","sid":1,"seq":3"#))
        #expect(harness.sink.voids == [.subscriptionEnded, .subscriptionEnded])
        #expect(harness.sink.codes.contains("E_FEED_ENDED"))
        #expect(harness.sent.count == 1 && harness.sent[0].contains(#""cmd":"subscribe""#) && harness.closed.isEmpty)
        let other = live()
        other.frame(error(code))
        #expect(other.closed == [FeedHarness.link(0)] && other.sink.voids.count == 2)
    }

    @Test("a subscription that the venue does not know or ended is made anew")
    func unknownSid() throws {
        let harness = live()
        harness.frame(Frames.delta(tickers[0], seq: 9, price: "0.4100", change: "1.00"))
        harness.sent = []
        harness.frame(error(7))
        #expect(harness.sent.count == 1 && harness.sent[0].contains(#""cmd":"subscribe""#))
        let other = live()
        other.frame(#"{"sid":2,"seq":1,"type":"unsubscribed"}"#)
        #expect(other.sent.count == 1 && other.sent[0].contains("market_lifecycle_v2") && other.isLive(0))
        #expect(other.feed.wishes.markets)
    }

    @Test("a market that the venue does not take is left out; the others come")
    func refusedMarket() throws {
        let harness = FeedHarness(tickers)
        harness.open()
        harness.sent = []
        harness.frame(error(16, #","market_ticker":"\#(tickers[0])""#))
        #expect(harness.sink.codes == ["E_FEED_VENUE_ERROR", "E_FEED_REFUSED"])
        #expect(
            harness.sent.count == 1 && !harness.sent[0].contains(tickers[0]) && harness.sent[0].contains(tickers[1]))
        harness.frame(Frames.ack(sid: 1))
        harness.frame(Frames.snapshot(tickers[1], seq: 1))
        #expect(harness.isLive(1) && !harness.isLive(0))
        harness.pass(.seconds(3))
        #expect(harness.closed.isEmpty)
    }

    @Test("every other code is said aloud and changes no book", arguments: [1, 2, 5, 8, 11, 18, 26, 27, 99])
    func others(code: Int) throws {
        let harness = live()
        harness.frame(error(code))
        #expect(harness.sink.codes == ["E_FEED_VENUE_ERROR"] && harness.isLive(0) && harness.isLive(1))
        #expect(harness.sink.notices[0].text.contains("code \(code)"))
    }

    @Test("not signed in: another connection, with another signature")
    func notSignedIn() throws {
        let harness = live()
        harness.frame(error(9))
        #expect(harness.closed == [FeedHarness.link(0)])
    }
}

@Suite("Feed, plan of connections")
struct FeedPlanTests {
    private func sentTickers(_ harness: FeedHarness, _ command: String) -> [String] {
        harness.sent.filter { $0.contains(command) }.flatMap { text in
            harness.tickers.filter { text.contains("\"\($0)\"") }
        }
    }

    @Test("markets are spread evenly over as few links as carry them, and subscribed in batches")
    func spread() throws {
        let many = (0..<25).map { "KX-\($0)X" }
        let harness = FeedHarness(many) {
            $0.tickersPerLink = 10
            $0.tickersPerCommand = 4
            $0.wantsTrades = true
            $0.wantsLifecycle = true
        }
        #expect(harness.opened == (0..<3).map { FeedHarness.link($0) })
        #expect(harness.feed.links.map(\.markets.count).sorted() == [8, 8, 9])
        harness.open(0)
        #expect(harness.sent.count == 2 && harness.sent[0].contains(#""channels":["orderbook_delta","trade"]"#))
        #expect(harness.sent[0].contains(#""use_yes_price":false"#) && harness.sent[1].contains("market_lifecycle_v2"))
        harness.frame(Frames.ack(sid: 1))
        #expect(!harness.sent.contains { $0.contains("add_markets") })
        harness.frame(Frames.ack("trade", sid: 2))
        let all = harness.feed.links[0].markets.map { many[Int($0)] }
        #expect(Set(sentTickers(harness, "orderbook_delta") + sentTickers(harness, #""sids":[1]"#)) == Set(all))
        #expect(sentTickers(harness, #""sids":[2]"#).count == all.count - 4)
        harness.open(1)
        #expect(harness.sent.filter { $0.contains("market_lifecycle_v2") }.count == 1)
    }

    @Test("instruments that are added later join links with room, also while these are up")
    func added() throws {
        let contracts = tickers.enumerated().map {
            (InstrumentID(Int32($0.offset)), Contract(venue: .kalshi, symbol: $0.element))
        }
        var settings = FeedSettings()
        settings.wantsTrades = false
        settings.wantsLifecycle = false
        let feed = Feed(contracts, settings: settings)
        let sink = RecordingSink(count: 2)
        let stamp = Stamp(monotonic: MonotonicNanos(rawValue: 5), utc: UTCNanos(rawValue: 5))
        feed.start([InstrumentID(0)], at: stamp, into: sink)
        #expect(feed.takeActions() == [.open(FeedHarness.link(0))])
        feed.opened(FeedHarness.link(0), at: stamp, into: sink)
        _ = feed.received(FeedHarness.link(0), Array(Frames.ack(sid: 4).utf8).span.bytes, at: stamp, into: sink)
        _ = feed.takeActions()
        feed.start([InstrumentID(0), InstrumentID(1)], at: stamp, into: sink)
        let actions = feed.takeActions()
        #expect(actions.count == 1)
        guard case .send(_, let text) = actions.first else {
            Issue.record("nothing sent")
            return
        }
        #expect(String(decoding: text, as: UTF8.self).contains("add_markets"))
    }

    @Test("the same inputs give the same events and actions")
    func deterministic() throws {
        func run() -> ([BookEvent], [String], Int64?) {
            let harness = FeedHarness(tickers)
            harness.open()
            harness.frame(Frames.ack(sid: 1))
            harness.frame(Frames.snapshot(tickers[0], seq: 1, yes: [("0.4000", "10.00")]))
            harness.frame(Frames.snapshot(tickers[1], seq: 2))
            harness.pass(.seconds(40))
            harness.close()
            harness.pass(.seconds(5))
            return (harness.sink.events, harness.sent, harness.feed.nextDeadline?.rawValue)
        }
        let (first, second) = (run(), run())
        #expect(first.0 == second.0 && first.1 == second.1 && first.2 == second.2)
    }
}
