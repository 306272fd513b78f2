import Foundation
import Testing
import Trading

@testable import Polymarket

private let condition = "0x" + String(repeating: "ab", count: 32)

private func book(
    _ asset: String = "11", _ milliseconds: Int64 = 1_790_000_000_000, bids: String = #"{"price":"0.4","size":"10"}"#,
    asks: String = #"{"price":"0.6","size":"10"}"#, more: String = #","tick_size":"0.01""#
) -> String {
    #"{"event_type":"book","market":"\#(condition)","asset_id":"\#(asset)","timestamp":"\#(milliseconds)","hash":"\#(String(repeating: "0", count: 40))","bids":[\#(bids)],"asks":[\#(asks)]\#(more)}"#
}

private func change(
    _ price: String = #""0.4""#, _ size: String = #""1""#, side: String = #""BUY""#, asset: String = "11",
    time: String = #""1790000000001""#
) -> String {
    #"{"event_type":"price_change","market":"\#(condition)","timestamp":\#(time),"price_changes":[{"asset_id":"\#(asset)","price":\#(price),"size":\#(size),"side":\#(side),"hash":"\#(String(repeating: "1", count: 40))"}]}"#
}

private func ready() -> FeedHarness {
    let harness = FeedHarness(condition: condition, yes: "11", no: "12")
    harness.frame(book())
    return harness
}

/// Processor time of this thread: what others do at the same time does not count.
private func threadSeconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec
}

@Suite("Polymarket, hostile frames")
struct HostileFrameTests {
    @Test(
        "a level that cannot be is refused and the book void",
        arguments: [
            (#""0""#, #""1""#), (#""1""#, #""1""#), (#""1.5""#, #""1""#), (#""-0.4""#, #""1""#), (#""0.4""#, #""-1""#),
            (#""0.405""#, #""1""#), (#""4e-1""#, #""1""#), (#""NaN""#, #""1""#), (#""0.4""#, #""Infinity""#),
            (#""0.4""#, #""-0""#), (#""+0.4""#, #""1""#), (#""""#, #""1""#), (#"".""#, #""1""#), (#""0.4.1""#, #""1""#),
            (#"" 0.4""#, #""1""#), (#""0x1""#, #""1""#), ("null", #""1""#), (#""0.4""#, "[]"), (#""00.4""#, #""1""#),
            (#""0.400000001""#, #""1""#), (#""0.4""#, #""99999999999999999999""#), (#""٠.٤""#, #""1""#),
            (#""0.4""#, "true"), (#""0.4""#, "{}"), ("0.4e0", #""1""#), ("1e400", #""1""#), (#""0.4\u0000""#, #""1""#),
        ])
    func levels(price: String, size: String) {
        let harness = ready()
        #expect(harness.book.status == .live)
        harness.frame(change(price, size))
        #expect(harness.book.status == .void && harness.book.bids.isEmpty && harness.book.asks.isEmpty)
        #expect(!harness.sink.notices.isEmpty)
    }

    @Test(
        "frames that are no messages void the link's books and say why",
        arguments: [
            ("{", "E_WIRE_JSON_TRUNCATED"), ("", "E_WIRE_JSON_TRUNCATED"), ("<html>", "E_WIRE_JSON_SYNTAX"),
            ("<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "E_WIRE_JSON_SYNTAX"),
            ("\u{FEFF}[]", "E_WIRE_JSON_SYNTAX"), ("\u{0}", "E_WIRE_JSON_SYNTAX"), ("[[[[", "E_WIRE_JSON_TRUNCATED"),
            (String(repeating: "[", count: 10_000), "E_WIRE_JSON_DEPTH"),
            (#"{"event_type":"book","x":NaN}"#, "E_WIRE_JSON_NUMBER"),
            (#"{"event_type":"book","x":Infinity}"#, "E_WIRE_JSON_NUMBER"),
            (#"{"event_type":"book","x":-Infinity}"#, "E_WIRE_JSON_NUMBER"),
            (#"{"event_type":"book","x":01}"#, "E_WIRE_JSON_NUMBER"),
            (#"{"event_type":"book","x":"\ud800"}"#, "E_WIRE_JSON_ESCAPE"),
            (#"{"event_type":"book"} {}"#, "E_WIRE_JSON_TRAILING"), ("\"PONG\"", "E_WIRE_POLYMARKET_FIELD"),
            ("[null]", "E_WIRE_POLYMARKET_FIELD"), ("[[]]", "E_WIRE_POLYMARKET_FIELD"),
            (#"{"event_type":"book","event_type":"book"}"#, "E_WIRE_POLYMARKET_DUPLICATE"),
            (#"{"event_type":"book","asset_id":"11"}"#, "E_WIRE_POLYMARKET_MISSING"),
            (#"{"event_type":"book"}"#, "E_WIRE_POLYMARKET_MISSING"),
        ] as [(String, String)])
    func frames(text: String, code: String) {
        let harness = ready()
        harness.frame(text)
        #expect(harness.book.status == .void)
        #expect(harness.sink.notices.first?.code == code)
    }

    @Test("each cause of a void book has its code")
    func codes() {
        for (price, size, code) in [
            (#""1.5""#, #""1""#, "E_WIRE_POLYMARKET_PRICE"), (#""0.4""#, #""-1""#, "E_WIRE_DEC_NEGATIVE"),
            (#""0.4""#, "[]", "E_WIRE_POLYMARKET_MISSING"),
        ] {
            let harness = ready()
            harness.frame(change(price, size))
            #expect(harness.sink.notices.map(\.code).contains(code), "\(harness.sink.notices)")
        }
        let size = ready()
        size.frame(book("11", 1_790_000_000_001, bids: #"{"price":"0.4","size":"0"}"#))
        #expect(size.sink.notices.map(\.code).contains("E_WIRE_POLYMARKET_SIZE"), "\(size.sink.notices)")
        let crossed = ready()
        crossed.frame(book("11", 1_790_000_000_001, bids: #"{"price":"0.7","size":"1"}"#))
        #expect(crossed.sink.notices.map(\.code).contains("E_FEED_BOOK_VOID"), "\(crossed.sink.notices)")
        crossed.pass(1_000)
        #expect(crossed.answerBooks("<html>", type: "text/html"))
        #expect(crossed.sink.notices.map(\.code).contains("E_FEED_BOOKS_UNREADABLE"), "\(crossed.sink.notices)")
        let down = ready()
        down.close()
        #expect(down.sink.notices.map(\.code) == ["E_FEED_LINK_DOWN"] && down.book.status == .void)
    }

    @Test("bytes that are not UTF-8, and messages over 1 MiB, are refused whole")
    func bytes() {
        let bad = ready()
        bad.frame(bytes: [UInt8](#"{"event_type":"dance","x":""#.utf8) + [0xC0, 0x80] + [UInt8](#""}"#.utf8))
        #expect(bad.sink.notices.first?.code == "E_WIRE_JSON_UTF8" && bad.book.status == .void)
        let large = ready()
        large.frame(#"{"event_type":"dance","x":""# + String(repeating: "x", count: 1 << 20) + #""}"#)
        #expect(large.sink.notices.first?.code == "E_WIRE_JSON_SIZE" && large.book.status == .void)
    }

    @Test("duplicate keys and duplicate prices are refused: which of two is meant is anybody's guess")
    func duplicates() {
        let key = ready()
        key.frame(change(#""0.41","price":"0.42""#))
        #expect(key.book.status == .void)
        let price = ready()
        price.frame(book("11", 1_790_000_000_001, bids: #"{"price":"0.4","size":"1"},{"price":".40","size":"2"}"#))
        #expect(price.book.status == .void && price.sink.voids.last?.1 == .corrupt)
        let member = ready()
        member.frame(book("11", 1_790_000_000_001, bids: #"{"price":"0.4","size":"1","size":"2"}"#))
        #expect(member.book.status == .void)
    }

    @Test(
        "a book that cannot be is no book",
        arguments: [
            book("11", 1_790_000_000_001, bids: #"{"price":"0.7","size":"1"}"#),
            book("11", 1_790_000_000_001, bids: #"{"price":"0.4","size":"0"}"#),
            book("11", 1_790_000_000_001, bids: #"["0.4","1"]"#),
            book("11", 1_790_000_000_001, bids: #"{"price":"0.405","size":"1"}"#),
            book("11", 1_790_000_000_001, more: #","tick_size":"0""#),
            book("11", 1_790_000_000_001, more: #","tick_size":"0.000001""#),
            book("11", 1_790_000_000_001, more: #","tick_size":"2""#),
        ])
    func books(text: String) {
        let harness = ready()
        harness.frame(text)
        #expect(harness.book.status == .void && harness.book.bids.isEmpty && harness.book.asks.isEmpty)
    }

    @Test(
        "instants that no clock shows, sides that are none, and trades that cannot be are refused",
        arguments: [
            change(time: "null"), change(time: #""0""#), change(time: #""-1""#), change(time: #""soon""#),
            change(time: #""9223372036854775807""#), change(side: #""HOLD""#), change(side: "1"),
            #"{"event_type":"last_trade_price","asset_id":"11","price":"1.5","side":"BUY","size":"1"}"#,
            #"{"event_type":"last_trade_price","asset_id":"11","side":"BUY","size":"1"}"#,
            #"{"event_type":"tick_size_change","asset_id":"11","new_tick_size":"0.03x"}"#,
            #"{"event_type":"tick_size_change","asset_id":"11"}"#,
        ])
    func fields(text: String) {
        let harness = ready()
        harness.frame(text)
        #expect(harness.feed.counters.malformed == 1 && harness.book.status == .void)
    }

    @Test("unknown kinds, strangers and pongs change nothing")
    func harmless() {
        let harness = ready()
        for text in ["PONG", "[]", #"{"event_type":"dance"}"#, #"{"event_type":"best_bid_ask","asset_id":"11"}"#] {
            harness.frame(text)
        }
        harness.frame(change(#""0.41""#, asset: "99"))
        #expect(harness.book.status == .live)
        #expect(harness.book.bids.levels == 1)
    }

    @Test("the NO token's change is the mirror of YES, counted once")
    func mirror() {
        let harness = ready()
        harness.frame(change(#""0.3""#, #""7""#, asset: "12"))
        // A bid for NO at 0.3 is an ask for YES at 0.7.
        #expect(harness.book.asks.levels == 2)
        #expect(harness.book.bids.levels == 1)
        let both = change(#""0.7""#, #""5""#, side: #""SELL""#, time: #""1790000000002""#)
            .replacingOccurrences(
                of: "\"price_changes\":[",
                with: "\"price_changes\":[{\"asset_id\":\"12\",\"price\":\"0.3\",\"size\":\"5\",\"side\":\"BUY\"},")
        harness.frame(both)
        #expect(harness.book.asks.levels == 2)
    }
}

@Suite("Polymarket, books that must not pretend")
struct PretendingBookTests {
    @Test("a market that is over has no book, whatever still comes for it")
    func resolved() {
        let harness = ready()
        harness.frame(#"{"event_type":"market_resolved","assets_ids":["11","12"]}"#)
        #expect(harness.book.status == .void && harness.sink.market.contains(.status(harness.instrument, .closed)))
        harness.frame(book("11", 1_790_000_000_005))
        harness.frame(change(time: #""1790000000006""#))
        harness.answerBooks("[" + book("11", 1_790_000_000_007, more: #","tick_size":"0.01""#) + "]")
        #expect(harness.book.status == .void && harness.book.bids.isEmpty)
    }

    @Test("an answer that comes after its connection went down makes no book")
    func lateAnswer() {
        let harness = ready()
        harness.frame("<html>")
        #expect(harness.pendingReads > 0)
        harness.close()
        while harness.answerBooks("[" + book("11", 1_790_000_000_009) + "]") {}
        #expect(harness.book.status == .void && harness.book.bids.isEmpty)
    }

    @Test(
        "an answer that is no book leaves the book void, and is asked for again",
        arguments: [
            ("<html>maintenance</html>", "text/html", 200), ("<html>maintenance</html>", "application/json", 200),
            ("[" + book("11", 1_790_000_000_009) + "]", "text/html", 200),
            ("[" + book("11", 1_790_000_000_009) + "]", "application/json", 502), ("", "application/json", 200),
            ("{}", "application/json", 200), ("[]", "application/json", 200), ("[null,1,[]]", "application/json", 200),
            ("[" + book("12", 1_790_000_000_009) + "]", "application/json", 200),
            ("[" + book("99", 1_790_000_000_009) + "]", "application/json", 200),
            ("[" + book("11", -5) + "]", "application/json", 200),
            ("[" + book("11", 1_790_000_000_009, bids: #"{"price":"0.7","size":"1"}"#) + "]", "application/json", 200),
            ("[" + book("11", 1_790_000_000_009, bids: #"{"price":"1","size":"1"}"#) + "]", "application/json", 200),
            ("[" + book("11", 1_790_000_000_009, bids: #"{"price":NaN,"size":"1"}"#) + "]", "application/json", 200),
            (
                "[" + book("11", 1_790_000_000_009, bids: #"{"price":"0.4","size":"99999999999999999999"}"#) + "]",
                "application/json", 200
            ),
        ] as [(String, String, Int)])
    func answers(body: String, type: String, status: Int) {
        let harness = ready()
        harness.frame("<html>")
        #expect(harness.answerBooks(body, type: type, status: status))
        #expect(harness.book.status == .void && harness.book.bids.isEmpty && harness.book.asks.isEmpty)
        harness.pass(5_000)
        #expect(harness.pendingReads > 0)
    }

    @Test("a frame of a connection that is not up makes no book")
    func stray() {
        let harness = ready()
        harness.close()
        #expect(!harness.frame(book("11", 1_790_000_000_009)))
        #expect(harness.book.status == .void)
    }

    @Test("a change that waits for a book is not in it")
    func waitingChange() {
        let harness = FeedHarness(condition: condition, yes: "11", no: "12")
        harness.pass(150)
        harness.answerBooks("[]")
        harness.frame(change())
        #expect(harness.book.bids.isEmpty)
    }

    @Test("a frame full of bad messages ends with the connection, not with as many notices")
    func flood() {
        let harness = ready()
        harness.frame("[" + Array(repeating: #"{"event_type":"book"}"#, count: 20_000).joined(separator: ",") + "]")
        #expect(harness.sink.notices.count < 32 && harness.closes == 1)
    }

    @Test("a frame that leaps between two markets costs no more than its length")
    func leaps() {
        let contracts = (0..<2).map { index in
            let tokens = Contract.Tokens(yes: "\(index)1", no: "\(index)2")
            return (InstrumentID(Int32(index)), Contract(venue: .polymarket, symbol: condition, tokens: tokens))
        }
        let feed = Feed(contracts, settings: FeedSettings())
        let sink = TestSink(instruments: 2)
        var now: Int64 = 1_000_000_000
        func stamp() -> Stamp {
            now += 1
            return Stamp(monotonic: MonotonicNanos(rawValue: now), utc: UTCNanos(rawValue: now))
        }
        let link = LinkID(venue: .polymarket, index: 0)
        feed.start(contracts.map(\.0), at: stamp(), into: sink)
        feed.opened(link, at: stamp(), into: sink)
        func frame(_ text: String) {
            Array(text.utf8).withUnsafeBytes { _ = feed.received(link, $0.bytes, at: stamp(), into: sink) }
        }
        for index in 0..<2 { frame(book("\(index)1")) }
        let entries = (0..<8_000).map { index in
            #"{"asset_id":"\#(index & 1)1","price":"0.4","size":"\#(index)","side":"BUY"}"#
        }
        let text =
            #"{"event_type":"price_change","market":"\#(condition)","timestamp":"1790000000001","hash":"\#(String(repeating: "1", count: 40))","price_changes":[\#(entries.joined(separator: ","))]}"#
        let before = threadSeconds()
        for _ in 0..<2 { frame(text) }
        let used = threadSeconds() - before
        #expect(sink.table[InstrumentID(1)].bids.highest?.quantity == Quantity(rawValue: 799_900_000_000))
        #expect(used < 5, "64 million looks at entries take longer")
    }
}
