import Foundation
import Testing
import Trading

@testable import Kalshi

private let tickers = ["KXA-1", "KXA-2"]

/// Two live books on a cent grid; the next sequence number is 3.
private func live() throws -> FeedHarness {
    let harness = FeedHarness(tickers) { $0.wantsLifecycle = true }
    for index in tickers.indices {
        harness.feed.learn(
            harness.id(index), try TickGrid(step: try Price(decimal: "0.01")), status: .active, otherEnd: nil,
            at: harness.stamp)
    }
    harness.open()
    harness.frame(Frames.ack(sid: 1))
    harness.frame(Frames.ack("market_lifecycle_v2", sid: 2, id: 2))
    for (index, ticker) in tickers.enumerated() {
        harness.frame(Frames.snapshot(ticker, seq: index + 1, yes: [("0.4000", "10.00")], no: [("0.5000", "10.00")]))
    }
    harness.sent = []
    return harness
}

/// A delta with parts of its text given as they stand.
private func delta(
    price: String = #""0.4000""#, change: String = #""1.00""#, side: String = #""yes""#, time: String = "1795219200123"
) -> String {
    #"{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"KXA-1","price_dollars":\#(price),"delta_fp":\#(change),"side":\#(side),"ts_ms":\#(time)}}"#
}

@Suite("Kalshi, hostile frames")
struct HostileFrameTests {
    @Test(
        "a delta that cannot be is refused, its book void and asked for, the other book untouched",
        arguments: [
            (#""0.0000""#, #""1""#), (#""1.0000""#, #""1""#), (#""1.5""#, #""1""#), (#""-0.4""#, #""1""#),
            (#""0.405""#, #""1""#), (#""4e-1""#, #""1""#), (#""NaN""#, #""1""#), (#""0.4""#, #""Infinity""#),
            (#""+0.4""#, #""1""#), (#"" 0.4""#, #""1""#), (#""0x1""#, #""1""#), ("null", #""1""#), (#""0.4""#, "[]"),
            ("0.4", #""1""#), (#""0.4""#, "1"), (#""00.4""#, #""1""#), (#""0.400000001""#, #""1""#), (#""""#, #""1""#),
            (#""0.4""#, #""99999999999999999999""#), (#""0.4""#, #""-99999999999""#), (#""0.4""#, #""-10.01""#),
            (#""0.4""#, #""92233720368.54775807""#), (#""٠.٤""#, #""1""#), (#""0.4\u0000""#, #""1""#),
            (#""0.6000""#, #""1""#), (#""0.5000""#, #""1""#), (#""0.4""#, #""--1""#), (#""0.4""#, #""1e3""#),
        ])
    func deltas(price: String, change: String) throws {
        let harness = try live()
        harness.frame(delta(price: price, change: change))
        #expect(!harness.isLive(0) && harness.text(0) == " | " && harness.isLive(1))
        #expect(harness.sink.codes.count == 1 && !harness.sink.sawCrossedBook)
        #expect(harness.sent.contains { $0.contains("get_snapshot") && $0.contains("KXA-1") })
    }

    @Test(
        "sides, instants and old-form numbers that cannot be are refused",
        arguments: [
            delta(side: #""maybe""#), delta(side: "true"), delta(side: #""YES""#), delta(time: "-1"),
            delta(time: #""1795219200123""#), delta(time: "1.5"), delta(time: "99999999999999999999"),
            #"{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"KXA-1","price":0,"delta":1,"side":"yes"}}"#,
            #"{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"KXA-1","price":100,"delta":1,"side":"yes"}}"#,
            #"{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"KXA-1","price":-1,"delta":1,"side":"yes"}}"#,
            #"{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"KXA-1","price":40,"delta":9223372036854775807,"side":"yes"}}"#,
            #"{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"KXA-1","price":40.5,"delta":1,"side":"yes"}}"#,
        ])
    func fields(text: String) throws {
        let harness = try live()
        harness.frame(text)
        #expect(!harness.isLive(0) && harness.isLive(1) && harness.feed.counters.malformed == 1)
    }

    @Test(
        "frames that are no messages void all books of their connection and say why",
        arguments: [
            ("{", "E_WIRE_JSON_TRUNCATED"), ("<html>", "E_WIRE_JSON_SYNTAX"),
            ("<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "E_WIRE_JSON_SYNTAX"),
            ("\u{FEFF}{}", "E_WIRE_JSON_SYNTAX"), ("\u{0}", "E_WIRE_JSON_SYNTAX"),
            (String(repeating: "[", count: 10_000), "E_WIRE_JSON_DEPTH"), (#"{"x":NaN}"#, "E_WIRE_JSON_NUMBER"),
            (#"{"x":-Infinity}"#, "E_WIRE_JSON_NUMBER"), (#"{"seq":01}"#, "E_WIRE_JSON_NUMBER"),
            (#"{"x":"\ud800"}"#, "E_WIRE_JSON_ESCAPE"), ("{} {}", "E_WIRE_JSON_TRAILING"),
            ("{\"x\":\"\u{1}\"}", "E_WIRE_JSON_CONTROL"), ("[]", "E_WIRE_KALSHI_FIELD"),
            ("null", "E_WIRE_KALSHI_FIELD"), ("\"PONG\"", "E_WIRE_KALSHI_FIELD"), ("7", "E_WIRE_KALSHI_FIELD"),
            (#"{"sid":-1,"seq":3,"type":"orderbook_delta"}"#, "E_WIRE_KALSHI_FIELD"),
            (#"{"sid":1,"seq":99999999999999999999,"type":"orderbook_delta"}"#, "E_WIRE_KALSHI_FIELD"),
            (#"{"sid":1,"seq":3,"seq":4,"type":"orderbook_delta"}"#, "E_WIRE_KALSHI_DUPLICATE"),
            (#"{"sid":1,"sid":2,"type":"ok"}"#, "E_WIRE_KALSHI_DUPLICATE"),
            (#"{"type":"orderbook_delta","sid":1,"seq":3,"msg":[]}"#, "E_WIRE_KALSHI_MISSING"),
            (#"{"type":"orderbook_delta","sid":1,"seq":9223372036854775807,"msg":{}}"#, "E_FEED_GAP"),
        ] as [(String, String)])
    func frames(text: String, code: String) throws {
        let harness = try live()
        harness.frame(text)
        #expect(!harness.isLive(0) && !harness.isLive(1) && harness.text(0) == " | ")
        #expect(harness.sink.codes.first == code)
    }

    @Test(
        "kinds and markets that nobody knows change nothing",
        arguments: [
            #"{"type":"dance","sid":7}"#, "{}", #"{"type":"ok","id":3}"#, #"{"msg":{"market_ticker":"KXA-1"}}"#,
            #"{"type":"orderbook_delta","sid":7,"seq":1,"msg":{"market_ticker":"KXA-1","price_dollars":"0.4","delta_fp":"1","side":"yes"}}"#,
            #"{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"KXZ","price_dollars":"0.4","delta_fp":"1","side":"yes"}}"#,
        ])
    func harmless(text: String) throws {
        let harness = try live()
        harness.frame(text)
        #expect(harness.isLive(0) && harness.isLive(1) && harness.text(0) == "10@0.40 | 10@0.50")
    }

    @Test("a trade that cannot be is told and forgotten; no book depends on it")
    func trades() throws {
        let harness = FeedHarness(tickers) { $0.wantsTrades = true }
        harness.open()
        harness.frame(Frames.ack("trade", sid: 5))
        for (price, count) in [(#""1.5""#, #""1""#), (#""0.4""#, #""0""#), ("0.4", #""1""#), (#""0.4""#, #""-1""#)] {
            harness.frame(
                #"{"type":"trade","sid":5,"msg":{"market_ticker":"KXA-1","yes_price_dollars":\#(price),"count_fp":\#(count)}}"#
            )
        }
        #expect(harness.feed.counters.malformed == 4 && harness.feed.counters.trades == 0)
    }
}

@Suite("Kalshi, books that must not pretend")
struct PretendingBookTests {
    @Test("an acknowledgement of another subscription ends the books of the one before")
    func otherSubscription() throws {
        let harness = try live()
        harness.frame(Frames.ack(sid: 3))
        #expect(!harness.isLive(0) && !harness.isLive(1) && harness.sink.voids.first == .subscriptionEnded)
        #expect(harness.sent.contains { $0.contains("get_snapshot") && $0.contains("[3]") })
    }

    @Test("grids without a common unit end the book; the new one is then alone")
    func strangeGrids() throws {
        let harness = try live()
        for (number, step) in ["0.0000128", "0.00003125"].enumerated() {
            harness.frame(
                #"{"type":"market_lifecycle_v2","sid":2,"seq":\#(number + 1),"msg":{"market_ticker":"KXA-1","event_type":"price_level_structure_updated","price_ranges":[{"start":"0.0000","end":"1.0000","step":"\#(step)"}]}}"#
            )
        }
        #expect(!harness.isLive(0))
        harness.frame(Frames.snapshot(tickers[0], seq: 3, yes: [("0.00003125", "1.00"), ("0.50000000", "2.00")]))
        #expect(harness.isLive(0) && harness.text(0) == "1@0.00003125 2@0.50 | ")
    }

    @Test("a grid too fine for any ladder is refused, and the book void")
    func tooFine() throws {
        let harness = try live()
        harness.frame(
            #"{"type":"market_lifecycle_v2","sid":2,"seq":1,"msg":{"market_ticker":"KXA-1","event_type":"price_level_structure_updated","price_ranges":[{"start":"0.0000","end":"1.0000","step":"0.000001"}]}}"#
        )
        #expect(!harness.isLive(0) && harness.sink.codes == ["E_REF_SCALE"])
    }
}
