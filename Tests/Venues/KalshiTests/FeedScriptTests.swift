import Foundation
import Testing
import Trading

@testable import Kalshi

@Suite("Feed, scripts and recordings")
struct FeedScriptTests {
    private let first = "KXTEST-26DEC31-T50"
    private let second = "KXTEST-26DEC31-T60"

    private func frames(_ name: String) throws -> [(expect: String, frame: String, object: [String: Any])] {
        try Samples.lines(Samples.vector("ws/\(name)")).map { line in
            let object = try Samples.object(Data(line.utf8))
            // The frame exactly as it stands in the line: numbers and order of keys survive.
            let start = try #require(line.range(of: #""frame":"#)).upperBound
            return (
                object.text("expect") + object.text("dir"), String(line[start...].dropLast()), object.object("frame")
            )
        }
    }

    @Test("V15: the gap and resync script is played line by line")
    func gapScript() throws {
        let harness = FeedHarness([first, second])
        harness.open()
        _ = harness.takeSent()
        for (expect, frame, _) in try frames("gap_and_resync_script.jsonl") {
            let word = String(expect.prefix { $0 != ":" && $0 != "," })
            if word == "client_sends" {
                #expect(harness.takeSent() == [frame])
                continue
            }
            let voidsBefore = harness.sink.voids.count
            let before = [harness.text(0), harness.text(1)]
            harness.frame(frame)
            switch word {
            case "wait": #expect(!harness.isLive(0) && !harness.isLive(1))
            case "book_set" where expect.contains("T60 still stale"):
                #expect(harness.isLive(0) && !harness.isLive(1))
                #expect(harness.text(0) == "10@0.40 | 9@0.45")
            case "book_set" where expect.contains("all fresh"):
                #expect(harness.isLive(0) && harness.isLive(1))
                #expect(harness.text(1) == "4@0.25 | 5@0.30")
            case "book_set": #expect(harness.text(0) == "10@0.40 | 10@0.45" && harness.isLive(0))
            case "book_set_one_sided_no_yes_bid": #expect(harness.text(1) == " | 5@0.30" && harness.isLive(1))
            case "apply": #expect([harness.text(0), harness.text(1)] != before)
            case "GAP":
                #expect(harness.sink.voids == [.gap, .gap])
                #expect(!harness.isLive(0) && !harness.isLive(1))
                #expect(harness.text(0) == " | " && harness.text(1) == " | ")
            case "stale": #expect([harness.text(0), harness.text(1)] == before && !harness.isLive(0))
            case "TERMINAL":
                #expect(harness.sink.voids.count == voidsBefore + 2)
                #expect(harness.sink.voids.last == .subscriptionEnded)
                let sent = harness.takeSent()
                #expect(sent.count == 1 && sent[0].hasPrefix(#"{"id":3,"cmd":"subscribe""#))
            default: Issue.record("unknown expectation \(expect)")
            }
        }
        #expect(harness.text(1) == " | " && harness.feed.counters.stale == 1 && harness.feed.counters.gaps == 1)
    }

    @Test("the control dialogue: our commands byte for byte, their answers without effect on books")
    func dialogue() throws {
        let third = "KXTEST-26DEC31-T70"
        let harness = FeedHarness([first, second, third])
        harness.open()
        harness.frame(Frames.ack(sid: 1))
        harness.frame(Frames.snapshot(first, seq: 1, yes: [("0.4000", "1.00")]))
        harness.frame(Frames.snapshot(second, seq: 2, yes: [("0.4000", "1.00")]))
        _ = harness.takeSent()
        let commands = [
            Wire.Commands.subscribe(
                id: 1, channels: ["orderbook_delta"], tickers: [first, second], useYesPrice: false),
            Wire.Commands.subscribe(id: 2, channels: ["fill", "user_orders"], tickers: [], useYesPrice: nil),
            Wire.Commands.update(id: 3, sid: 1, .addMarkets, tickers: [third]),
            Wire.Commands.list(id: 4), Wire.Commands.unsubscribe(id: 5, sid: 1),
        ].map { String(decoding: $0, as: UTF8.self) }
        var ours: [String] = []
        for (direction, frame, object) in try frames("control_dialogue.jsonl") {
            if direction == "c2s" {
                ours.append(frame)
                continue
            }
            harness.frame(frame)
            if object.text("type") == "ok", object["seq"] != nil { #expect(harness.isLive(0) && harness.isLive(1)) }
            if object["seq"] as? Int == 4 { #expect(harness.isLive(2) && harness.text(2) == " | ") }
            if object.text("type") == "unsubscribed" {
                #expect(harness.sink.voids == [.subscriptionEnded, .subscriptionEnded, .subscriptionEnded])
            }
        }
        // The rest of the dialogue are commands that a client must not send.
        #expect(Array(ours.prefix(5)) == commands)
        #expect(harness.sink.codes.filter { $0 == "E_FEED_VENUE_ERROR" }.count == 3)
        #expect(harness.feed.counters.gaps == 0 && harness.feed.counters.malformed == 0)
    }

    @Test("other channels: trades and the life of markets become events, private kinds are counted")
    func otherChannels() throws {
        let harness = FeedHarness([first]) {
            $0.wantsTrades = true
            $0.wantsLifecycle = true
        }
        harness.open()
        harness.frame(Frames.ack(sid: 1))
        harness.frame(Frames.ack("trade", sid: 5))
        harness.frame(Frames.ack("market_lifecycle_v2", sid: 8, id: 2))
        harness.frame(Frames.snapshot(first, seq: 1, yes: [("0.4000", "1.00")]))
        #expect(harness.isLive())
        for line in try Samples.lines(Samples.vector("ws/other_channels.jsonl")) { harness.frame(line) }
        let grid = try TickGrid(step: price("0.001"))
        #expect(
            harness.sink.marketEvents == [
                .trade(harness.id(0), try price("0.44"), try quantity("4")), .status(harness.id(0), .paused),
                .grid(harness.id(0), grid), .status(harness.id(0), .closed), .status(harness.id(0), .closed),
                .feesChanged(harness.id(0)),
            ])
        #expect(harness.sink.voids.first == .notTrading && !harness.isLive())
        #expect(harness.feed.counters.ignoredKinds == 5 && harness.feed.counters.unknownKinds == 0)
        #expect(harness.feed.wishes == ReferenceWishes(markets: true, fees: true, isUrgent: true))
    }

    /// The generated streams lock the book for a while (bid and ask both 0.43): the guard must void it then, and the
    /// snapshot that the venue would send afterwards, made by the slow side, must lead to the expected end.
    @Test(
        "generated streams end in the expected book",
        arguments: [
            ("orderbook_new_form", false), ("orderbook_new_form_use_yes_price", true), ("orderbook_old_form", false),
        ])
    func generated(name: String, useYesPrice: Bool) throws {
        let harness = FeedHarness([first]) { $0.useYesPrice = useYesPrice }
        harness.open()
        var slow = SlowBook(useYesPrice: useYesPrice)
        var wasLocked = false
        for line in try Samples.lines(Samples.vector("ws/\(name).jsonl")) {
            harness.frame(line + "\n")
            let object = try Samples.object(Data(line.utf8))
            try slow.apply(object)
            wasLocked = wasLocked || slow.isCrossed
            if slow.isCrossed { #expect(!harness.isLive() && harness.text() == " | ") }
            if !harness.isLive(), !slow.isCrossed, let seq = object["seq"] as? Int {
                harness.frame(slow.snapshot(first, seq: seq))
            }
        }
        let expected = try FeedHarness.text(finalBook: Samples.object(Samples.vector("ws/\(name).final_book.json")))
        #expect(harness.text() == expected && harness.isLive())
        #expect(wasLocked && harness.sink.voids == [.crossed] && !harness.sink.sawCrossedBook)
    }
}

/// Levels by text, from the frames' own fields, in both forms.
private struct SlowBook {
    let useYesPrice: Bool
    var sides: [String: [Int: Int]] = ["yes": [:], "no": [:]]

    private func hundredths(_ value: Any?) -> Int {
        if let count = value as? Int { return count * 100 }
        return Int(((Double(value as? String ?? "") ?? 0) * 100).rounded())
    }

    private func cents(_ value: Any?, _ side: String) -> Int {
        let cents = Int(((Double(value as? String ?? "") ?? 0) * 100).rounded())
        return side == "no" && useYesPrice ? 100 - cents : cents
    }

    mutating func apply(_ frame: [String: Any]) throws {
        let body = frame.object("msg")
        if frame.text("type") == "orderbook_snapshot" {
            for side in ["yes", "no"] {
                let levels = (body["\(side)_dollars_fp"] ?? body["\(side)_dollars"]) as? [[Any]] ?? []
                for level in levels {
                    let price = cents(level[0], side)
                    let size = hundredths(level[1])
                    sides[side]?[price] = size
                }
            }
        } else if frame.text("type") == "orderbook_delta" {
            let side = body.text("side")
            let price = cents(body["price_dollars"], side)
            let now = (sides[side]?[price] ?? 0) + hundredths(body["delta_fp"] ?? body["delta"])
            sides[side]?[price] = now == 0 ? nil : now
        }
    }

    var isCrossed: Bool {
        guard let bid = sides["yes"]?.keys.max(), let no = sides["no"]?.keys.max() else { return false }
        return bid >= 100 - no
    }

    func snapshot(_ ticker: String, seq: Int) -> String {
        func levels(_ side: String) -> [(String, String)] {
            (sides[side] ?? [:]).map { price, size in
                let shown = side == "no" && useYesPrice ? 100 - price : price
                return (String(format: "0.%02d00", shown), String(format: "%d.%02d", size / 100, size % 100))
            }
        }
        return Frames.snapshot(ticker, seq: seq, id: 9, yes: levels("yes"), no: levels("no"))
    }
}

@Suite("Feed, recordings", .enabled(if: Samples.areThere, "samples are not beside the checkout"))
struct FeedRecordingTests {
    private func play(_ path: String, _ ticker: String, useYesPrice: Bool) throws -> FeedHarness {
        let harness = FeedHarness([ticker]) {
            $0.useYesPrice = useYesPrice
            $0.wantsTrades = true
        }
        harness.open()
        let text = String(decoding: try Samples.sample(path), as: UTF8.self)
        if !text.contains("subscribed") { harness.frame(Frames.ack(sid: 1)) }
        // Blank lines are in the recordings: each message ends with a newline of its own.
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { harness.frame(line + "\n") }
        return harness
    }

    @Test("the production frames of 2026-06-24 end in the expected book, sizes of a hundredth of a contract included")
    func production() throws {
        let harness = try play(
            "venues/kalshi/captured/prod_2026-06-24_KXHIGHNY.jsonl", "KXHIGHNY-26JUN24-T82", useYesPrice: false)
        let final = try Samples.object(
            Samples.sample("venues/kalshi/captured/prod_2026-06-24_KXHIGHNY.final_book.json"))
        #expect(try harness.text() == FeedHarness.text(finalBook: final))
        #expect(harness.isLive() && harness.sink.voids.isEmpty && harness.text().contains("0.05@0.28"))
    }

    @Test(
        "the demo streams of 2026-06-11 end in the expected books on either scale",
        arguments: [
            ("venues/kalshi/captured/demo_2026-06-11/ws__orderbook_trade_noleg.jsonl", false),
            ("venues/kalshi/captured/demo_2026-06-11/ws__orderbook_trade_yes.jsonl", true),
            ("data/books/fortuna_ws__orderbook_trade_noleg.jsonl", false),
        ])
    func demo(path: String, useYesPrice: Bool) throws {
        let harness = try play(path, "KXWTACHALLENGERMATCH-26JUN11JIMLEP-LEP", useYesPrice: useYesPrice)
        let finals = try Samples.object(Samples.sample("venues/kalshi/captured/demo_2026-06-11.final_books.json"))
        let name = (path as NSString).lastPathComponent.replacingOccurrences(of: "fortuna_", with: "")
        let final = try #require(finals.first { $0.key.hasSuffix(name) }?.value as? [String: Any])
        #expect(try harness.text() == FeedHarness.text(finalBook: final), "\(final)")
        #expect(harness.isLive() && harness.sink.voids.isEmpty && harness.feed.counters.malformed == 0)
    }

    @Test("perpetual futures on another schema never make a book that pretends")
    func perpetuals() throws {
        let harness = try play("data/books/fortuna_ws__public_orderbook_ticker.jsonl", "KXBTCPERP1", useYesPrice: false)
        #expect(harness.text() == " | " && harness.feed.counters.frames > 480)
        #expect(harness.feed.counters.malformed >= 3 && harness.closed.count == 1)
    }
}
