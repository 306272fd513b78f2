import Foundation
import Testing
import Trading

@testable import Kalshi

private let tickers = ["KXA-1", "KXA-2", "KXB-1"]

/// A feed with three live books on one connection, sid 1, next seq 4.
private func live(_ change: (inout FeedSettings) -> Void = { _ in }) -> FeedHarness {
    let harness = FeedHarness(tickers, change)
    harness.open()
    harness.frame(Frames.ack(sid: 1))
    for (index, ticker) in tickers.enumerated() {
        harness.frame(
            Frames.snapshot(ticker, seq: index + 1, yes: [("0.4000", "10.00")], no: [("0.5000", "10.00")]))
    }
    harness.sent = []
    return harness
}

@Suite("Feed, sequence and books")
struct FeedSequenceTests {
    @Test("V15: a skipped, repeated or late number voids every book of the subscription", arguments: [5, 3, 1, 100])
    func sequence(seq: Int) throws {
        let harness = live()
        harness.frame(Frames.delta(tickers[0], seq: seq, price: "0.4100", change: "1.00"))
        #expect(harness.sink.voids == [.gap, .gap, .gap] && harness.feed.counters.gaps == 1)
        #expect(harness.sent.count == 1 && harness.sent[0].contains("get_snapshot"))
        #expect(harness.sink.codes == ["E_FEED_GAP"])
        for index in 0..<3 { #expect(!harness.isLive(index) && harness.text(index) == " | ") }
    }

    @Test("every sequenced frame of the subscription counts, also those that are no books")
    func counted() throws {
        let harness = live()
        harness.frame(#"{"id":9,"sid":1,"seq":4,"type":"ok","msg":{"market_tickers":[]}}"#)
        harness.frame(#"{"sid":1,"seq":5,"type":"from_the_future","msg":{}}"#)
        harness.frame(#"{"sid":1,"seq":6,"type":"error","msg":{"code":11,"msg":"no"}}"#)
        harness.frame(Frames.delta("KXUNKNOWN", seq: 7, price: "0.4100", change: "1.00"))
        harness.frame(Frames.delta(tickers[0], seq: 8, price: "0.4100", change: "1.00"))
        #expect(harness.isLive(0) && harness.text(0) == "10@0.40 1@0.41 | 10@0.50")
        #expect(harness.feed.counters.unknownKinds == 1 && harness.feed.counters.unknownTickers == 1)
    }

    @Test("frames of other subscriptions and connections touch nothing")
    func others() throws {
        let harness = live()
        #expect(!harness.frame(Frames.delta(tickers[0], sid: 2, seq: 4, price: "0.4100", change: "1.00")))
        #expect(!harness.frame(Frames.snapshot(tickers[0], sid: 7, seq: 1)))
        #expect(!harness.frame(Frames.delta(tickers[0], seq: 4, price: "0.4100", change: "1.00"), link: 1))
        #expect(harness.text(0) == "10@0.40 | 10@0.50" && harness.isLive(0))
        #expect(harness.feed.counters.unknownSids == 2 && harness.feed.counters.stray == 1)
        #expect(harness.frame(Frames.delta(tickers[0], seq: 4, price: "0.4100", change: "1.00")))
    }

    @Test("V16: a crossed or locked book is void at once and never shown as updated", arguments: ["0.5000", "0.6000"])
    func crossed(price: String) throws {
        let harness = live()
        harness.frame(Frames.delta(tickers[1], seq: 4, price: price, change: "1.00"))
        #expect(harness.sink.voids == [.crossed] && !harness.isLive(1) && harness.isLive(0))
        // YES and NO of one market below one dollar together: an edge that is none, told as a fault of the feed.
        #expect(harness.sink.codes == ["E_FEED_CROSSED"])
        #expect(
            harness.sent == [
                #"{"id":2,"cmd":"update_subscription","params":{"sids":[1],"#
                    + #""market_tickers":["KXA-2"],"action":"get_snapshot"}}"#
            ])
        harness.frame(Frames.snapshot(tickers[1], seq: 5, id: 2, yes: [("0.4000", "1.00")]))
        #expect(harness.isLive(1) && !harness.sink.sawCrossedBook)
    }

    @Test("a NO level read on the wrong scale crosses the book and is caught", arguments: [false, true])
    func wrongScale(useYesPrice: Bool) throws {
        let harness = FeedHarness([tickers[0]]) { $0.useYesPrice = useYesPrice }
        harness.open()
        harness.frame(Frames.ack(sid: 1))
        // Bids at 0.40, asks from 0.50 up to 0.95: NO prices when YES prices were asked for, and the other way round.
        let no = useYesPrice ? [("0.5000", "1.00"), ("0.0500", "1.00")] : [("0.5000", "1.00"), ("0.9500", "1.00")]
        harness.frame(Frames.snapshot(tickers[0], seq: 1, yes: [("0.4000", "1.00")], no: no))
        #expect(harness.sink.voids == [.crossed] && !harness.isLive())
    }

    @Test("V16: three crossed books in a minute end the connection")
    func venueDown() throws {
        let harness = live()
        for index in 0..<3 {
            harness.frame(Frames.delta(tickers[index], seq: 4 + index, price: "0.5000", change: "1.00"))
        }
        #expect(harness.sink.codes.last == "E_FEED_VENUE_DOWN" && harness.closed == [FeedHarness.link(0)])
        #expect(!harness.frame(Frames.delta(tickers[0], seq: 7, price: "0.4100", change: "1.00")))
    }

    @Test(
        "a size below zero or a price off the ladder is a corrupt book",
        arguments: [
            ("0.4000", "-10.01"), ("0.4050", "-1.00"), ("0.40001", "1.00"), ("0.4000", "92233720368.00"),
        ])
    func corrupt(price: String, change: String) throws {
        let harness = live()
        harness.frame(Frames.delta(tickers[0], seq: 4, price: price, change: change))
        #expect(harness.sink.voids == [.corrupt] && harness.isLive(1) && harness.sink.codes == ["E_FEED_CORRUPT"])
    }

    @Test(
        "S03-S05: an unreadable book message voids its market, or all when its name is in doubt",
        arguments: [
            (
                #"{"type":"orderbook_delta","sid":1,"seq":4,"msg":{"market_ticker":"KXA-1","price_dollars":"1.5","delta_fp":"1","side":"yes"}}"#,
                1
            ),
            (
                #"{"type":"orderbook_delta","sid":1,"seq":4,"msg":{"market_ticker":"KXA-1","price_dollars":"0.4","delta_fp":"1","delta_fp":"2","side":"yes"}}"#,
                3
            ),
            (
                #"{"type":"orderbook_delta","sid":1,"seq":4,"msg":{"price_dollars":"0.4","delta_fp":"1","side":"yes"}}"#,
                3
            ),
            (#"{"type":"orderbook_delta","sid":1,"seq":4}"#, 3),
            (
                #"{"type":"orderbook_delta","sid":1,"msg":{"market_ticker":"KXA-1","price_dollars":"0.4","delta_fp":"1","side":"yes"}}"#,
                3
            ),
            (#"{"type":"orderbook_delta","sid":1,"seq":4"#, 3),
            (#"{"type":"orderbook_delta","type":"ok","sid":1,"seq":4}"#, 3),
            ("\u{0}", 3), ("<html></html>", 3), (#"{"type":"orderbook_delta","sid":1,"seq":4.5}"#, 3),
        ])
    func malformed(text: String, voids: Int) throws {
        let harness = live()
        harness.frame(text)
        #expect(harness.sink.voids.count == voids && harness.feed.counters.malformed == 1)
        #expect(harness.sent.contains { $0.contains("get_snapshot") })
    }

    @Test("S01, S02: oversized and bottomless frames are refused whole")
    func hostile() throws {
        let large = live()
        large.frame(
            #"{"type":"orderbook_delta","sid":1,"seq":4,"pad":""# + String(repeating: "x", count: 1 << 20) + #""}"#)
        #expect(large.sink.codes.first == "E_WIRE_JSON_SIZE" && large.sink.voids.count == 3)
        let deep = live()
        deep.frame(String(repeating: "[", count: 10_000))
        #expect(deep.sink.codes.first == "E_WIRE_JSON_DEPTH" && deep.sink.voids.count == 3)
    }

    @Test("S06: text that is not UTF-8, or half a character, is refused")
    func unicode() throws {
        let harness = live()
        harness.frame(#"{"type":"trade","sid":9,"msg":{"market_ticker":"\ud800"}}"#)
        #expect(harness.sink.codes.first == "E_WIRE_JSON_ESCAPE" && harness.sink.voids.count == 3)
    }

    @Test("whitespace between messages says nothing")
    func blank() throws {
        let harness = live()
        for text in ["\n", "", " \r\n\t"] { #expect(!harness.frame(text)) }
        #expect(harness.isLive(0) && harness.sink.notices.isEmpty)
    }

    @Test(
        "bad snapshots never become books",
        arguments: [
            [("0.4000", "1.00"), ("0.4000", "2.00")], [("0.4050", "1.00")], [("0.4000", "0.00")], [("0.4000", "-1.00")],
            [("1.0000", "1.00")], [("0.400000001", "1.00")],
        ])
    func badSnapshots(yes: [(String, String)]) throws {
        let harness = FeedHarness([tickers[0]])
        harness.feed.learn(
            harness.id(0), try TickGrid(step: price("0.01")), status: .active, otherEnd: nil, at: harness.stamp)
        harness.open()
        harness.frame(Frames.ack(sid: 1))
        harness.frame(Frames.snapshot(tickers[0], seq: 1, yes: yes))
        #expect(!harness.isLive() && harness.text() == " | " && harness.feed.counters.malformed == 1)
    }
}

@Suite("Feed, cross-checks and time")
struct FeedTimeTests {
    @Test("V17: every live book is compared on the socket within a minute, and equal ones are marked")
    func crossCheck() throws {
        let harness = live { $0.probeAfter = .seconds(600) }
        var seq = 3
        var asked: Set<String> = []
        for _ in 0..<58 {
            harness.pass(.seconds(1))
            for command in harness.takeSent() {
                for ticker in tickers where command.contains(ticker) {
                    asked.insert(ticker)
                    seq += 1
                    harness.frame(
                        Frames.snapshot(ticker, seq: seq, id: 1, yes: [("0.4000", "10.00")], no: [("0.5000", "10.00")]))
                }
            }
        }
        #expect(asked == Set(tickers) && harness.feed.counters.crossChecks >= 3 && harness.sink.voids.isEmpty)
        #expect(harness.sink.count { if case .crossChecked = $0 { true } else { false } } >= 3)
        for index in 0..<3 { #expect(harness.isLive(index)) }
    }

    @Test(
        "a snapshot that differs from the live book voids it before it is replaced",
        arguments: [
            [("0.4000", "10.01")], [("0.3900", "10.00")], [("0.4000", "10.00"), ("0.3900", "1.00")], [],
        ])
    func differs(yes: [(String, String)]) throws {
        let harness = live()
        harness.frame(Frames.snapshot(tickers[0], seq: 4, id: 7, yes: yes, no: [("0.5000", "10.00")]))
        #expect(harness.sink.voids == [.crossCheckFailed] && !harness.isLive(0) && harness.isLive(1))
        #expect(harness.sink.codes == ["E_FEED_CROSS_CHECK"] && harness.sent.count == 1)
        harness.frame(Frames.snapshot(tickers[0], seq: 5, id: 8, yes: [("0.3000", "1.00")]))
        #expect(harness.isLive(0) && harness.text(0) == "1@0.30 | ")
    }

    @Test(
        "snapshots that were asked for may stand in the sequence or beside it",
        arguments: [
            (SnapshotCounter.detect, 4, 5), (.detect, 3, 4), (.detect, nil, 4), (.inSequence, 4, 5), (.besides, 77, 4),
            (.besides, nil, 4),
        ] as [(SnapshotCounter, Int?, Int)])
    func counters(counter: SnapshotCounter, seq: Int?, next: Int) throws {
        let harness = live { $0.snapshotCounter = counter }
        harness.frame(
            Frames.snapshot(tickers[0], seq: seq, id: 5, yes: [("0.4000", "10.00")], no: [("0.5000", "10.00")]))
        harness.frame(Frames.delta(tickers[0], seq: next, price: "0.4100", change: "1.00"))
        #expect(harness.isLive(0) && harness.feed.counters.crossChecks == 1 && harness.sink.voids.isEmpty)
        #expect(harness.text(0) == "10@0.40 1@0.41 | 10@0.50")
    }

    @Test("V19: a snapshot of an older number is no book")
    func oldSnapshot() throws {
        let harness = live()
        harness.frame(Frames.snapshot(tickers[0], seq: 2, id: 5, yes: [("0.1000", "1.00")]))
        #expect(harness.sink.voids == [.gap, .gap, .gap] && harness.text(0) == " | ")
    }

    @Test("V18, N06: a silent connection is probed after 5 s and made anew 4 s later")
    func silence() throws {
        let harness = live()
        harness.pass(.seconds(6))
        #expect(harness.sent.count == 1 && harness.sent[0].contains("get_snapshot") && harness.closed.isEmpty)
        harness.pass(.seconds(4))
        #expect(harness.sink.codes == ["E_FEED_SILENT"] && harness.closed == [FeedHarness.link(0)])
        #expect(harness.sink.voids == [.silent, .silent, .silent])
        harness.opened = []
        harness.close()
        harness.pass(.seconds(1))
        #expect(harness.opened == [FeedHarness.link(0)])
    }

    @Test("a quiet market that answers its probes stays live")
    func quiet() throws {
        let harness = live()
        var seq = 3
        for _ in 0..<120 {
            harness.pass(.seconds(1))
            for command in harness.takeSent() {
                for ticker in tickers where command.contains(ticker) {
                    seq += 1
                    harness.frame(
                        Frames.snapshot(ticker, seq: seq, id: 1, yes: [("0.4000", "10.00")], no: [("0.5000", "10.00")]))
                }
            }
        }
        #expect(harness.sink.voids.isEmpty && harness.closed.isEmpty && harness.feed.counters.crossChecks >= 15)
    }

    @Test("the ladder: ask for snapshots, subscribe anew, connect anew, each after two seconds without a book")
    func ladder() throws {
        let harness = live()
        harness.frame(Frames.delta(tickers[0], seq: 9, price: "0.4100", change: "1.00"))
        #expect(harness.takeSent().count == 1)
        harness.pass(.milliseconds(1999))
        #expect(harness.takeSent().isEmpty)
        harness.pass(.milliseconds(1))
        let anew = harness.takeSent()
        #expect(anew.count == 2 && anew[0].contains(#""cmd":"unsubscribe","params":{"sids":[1]}"#))
        #expect(anew[1].contains(#""cmd":"subscribe""#) && harness.closed.isEmpty)
        harness.frame(Frames.ack(sid: 2, id: 4))
        harness.frame(Frames.delta(tickers[0], seq: 10, price: "0.4100", change: "1.00"))
        #expect(harness.feed.counters.unknownSids == 1)
        harness.pass(.seconds(2))
        #expect(harness.closed == [FeedHarness.link(0)] && harness.sink.codes.contains("E_FEED_RESYNC"))
        harness.opened = []
        harness.close()
        harness.pass(.seconds(1))
        harness.open()
        #expect(harness.opened == [FeedHarness.link(0)] && harness.sent.last?.hasPrefix(#"{"id":1,"#) == true)
        harness.frame(Frames.ack(sid: 1))
        for (index, ticker) in tickers.enumerated() { harness.frame(Frames.snapshot(ticker, seq: index + 1)) }
        #expect(harness.isLive(0) && harness.isLive(1) && harness.isLive(2))
    }

    @Test("a second gap while the first is mended subscribes anew at once")
    func twoGaps() throws {
        let harness = live()
        harness.frame(Frames.delta(tickers[0], seq: 9, price: "0.4100", change: "1.00"))
        harness.frame(Frames.snapshot(tickers[0], seq: 10, id: 2, yes: [("0.4000", "1.00")]))
        #expect(harness.isLive(0))
        harness.frame(Frames.snapshot(tickers[1], seq: 12, id: 2))
        #expect(!harness.isLive(0) && !harness.isLive(1))
        #expect(harness.sent.contains { $0.contains("unsubscribe") })
    }

    @Test("N15: reconnects pause longer and longer, never in step, never beyond the budget")
    func storm() throws {
        let harness = FeedHarness(tickers)
        var instants: [Int64] = []
        for _ in 0..<400 {
            while harness.opened.isEmpty { harness.pass(.milliseconds(50)) }
            instants.append(harness.time)
            harness.opened = []
            harness.close()
        }
        let pauses = zip(instants.dropFirst(), instants).map { $0 - $1 }
        #expect(pauses[0] <= 300_000_000 && Set(pauses.dropFirst(10)).count > 50)
        #expect(pauses.dropFirst(10).allSatisfy { (15_000_000_000...30_100_000_000).contains($0) })
    }

    @Test("N15: all links together keep the budget of connections")
    func budget() throws {
        let many = (0..<50).map { "KX-\($0)" }
        let harness = FeedHarness(many) {
            $0.tickersPerLink = 1
            $0.opensPerMinute = 20
        }
        var instants = [Int64](repeating: harness.time, count: harness.opened.count)
        #expect(instants.count == 20)
        for _ in 0..<4000 {
            for link in harness.opened { harness.close(link.index) }
            harness.opened = []
            harness.pass(.milliseconds(50))
            instants += [Int64](repeating: harness.time, count: harness.opened.count)
        }
        for (index, instant) in instants.enumerated() where index >= 20 {
            #expect(instant - instants[index - 20] >= 59_900_000_000)
        }
    }

    @Test("a connection that never comes up is given up")
    func neverUp() throws {
        let harness = FeedHarness(tickers)
        harness.pass(.seconds(21))
        #expect(harness.closed.count == 1 && harness.sink.codes.contains("E_FEED_DISCONNECTED"))
        harness.opened = []
        harness.pass(.seconds(10))
        #expect(harness.opened.count == 1)
    }

    @Test(
        "a connection on which nothing more comes is left, whatever it was waiting for, and never turns on the spot",
        arguments: ["before the subscription", "after it", "after it was ended", "after a gap"])
    func frozen(when: String) throws {
        // Steps longer than the silence that is probed: both are under way at once.
        let harness = FeedHarness(tickers) { $0.snapshotTimeout = .seconds(10) }
        harness.open()
        if when != "before the subscription" {
            harness.frame(Frames.ack(sid: 1))
            for (index, ticker) in tickers.enumerated() {
                harness.frame(Frames.snapshot(ticker, seq: index + 1, yes: [("0.4000", "1.00")]))
            }
        }
        if when == "after it was ended" {
            harness.frame(#"{"sid":1,"seq":\#(tickers.count + 1),"type":"unsubscribed"}"#)
        }
        if when == "after a gap" { harness.frame(Frames.snapshot(tickers[0], seq: 99, yes: [("0.4000", "1.00")])) }
        harness.pass(.seconds(60))
        #expect(!harness.sink.codes.contains("TURNS_ON_THE_SPOT"))
        #expect(!harness.closed.isEmpty)
    }
}
