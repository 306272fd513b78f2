import Codec
import Foundation
import Testing
import Trading

@testable import Polymarket

@Suite("Recorded frames", .enabled(if: Vectors.areThere, "venue vectors are not beside the project"))
struct CaptureTests {
    private static let yes = "76670567130917723816490572615540605537878462672464291990940067659127658071111"
    private static let no = "54179564009642723353355316176091991063553046330768303687769988635499280029688"
    private static let condition = "0x285746de0e4f751fd4dc8f9dc2cecd0101ba9ad0096a43145ed9643b09514f01"

    private func books(_ first: String, lastTrade: String) throws -> String {
        // What REST would say of the first frame: the same book with the constants of the hash.
        let body = first.dropLast().replacingOccurrences(of: ",\"event_type\":\"book\"", with: "")
        var text = String(body)
        for key in ["tick_size", "last_trade_price"] {
            if let range = text.range(of: ",\"\(key)\":\"[0-9.]*\"", options: .regularExpression) {
                text.removeSubrange(range)
            }
        }
        return
            "[\(text),\"min_order_size\":\"5\",\"tick_size\":\"0.001\",\"neg_risk\":false,\"last_trade_price\":\"\(lastTrade)\"}]"
    }

    @Test("every hash of a real capture is reproduced for both tokens, and the crossing trade is held, not voided")
    func burst() throws {
        let text = try #require(Vectors.text("ws_capture_market_crossing_burst.jsonl"))
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.count == 51)
        let harness = FeedHarness(condition: Self.condition, yes: Self.yes, no: Self.no)
        harness.frame(lines[0])
        harness.pass(200)
        #expect(harness.answerBooks(try books(lines[0], lastTrade: "0.255")))
        var verified = 0
        for (index, line) in lines.enumerated() where index > 0 {
            harness.frame(line)
            guard index < 47 else { continue }
            #expect(harness.book.status == .live, "line \(index + 1)")
            // Both hashes of the frame, not only the one that the feed would choose.
            for isNo in [false, true] {
                let hash = isNo ? harness.feed.markets[0].noHash : harness.feed.markets[0].yesHash
                if hash.isEmpty { continue }
                var market = harness.feed.markets[0]
                market.verifiedAt = .max
                let frame = BookHash.Frame(
                    market: market.condition, token: Array((isNo ? Self.no : Self.yes).utf8),
                    timestamp: market.timestamp,
                    minimum: market.minimumText, tick: market.tickText, negRisk: false, lastTrade: Array("0.255".utf8))
                let matches = BookHash().matches(hash, harness.book, isNo: isNo, frame, market.oddities)
                #expect(matches, "line \(index + 1) \(isNo ? "NO" : "YES")")
                if matches { verified += 1 }
            }
            #expect(harness.feed.verify(harness.instrument, at: harness.stamp, into: harness.sink) == .verified)
        }
        #expect(verified == 92)
        harness.pass(100)
        #expect(harness.sink.voids.isEmpty)
        #expect(harness.book.status == .live)
        #expect(harness.feed.verify(harness.instrument, at: harness.stamp, into: harness.sink) == .verified)
        #expect(harness.feed.markets[0].lastTradeText == Array("0.301".utf8))
        #expect(!harness.book.isCrossed)
        try expectBook(harness.book, "ws_capture_market_crossing_burst.expected.json", "final_book_yes")
    }

    @Test("the synthetic sequence ends at its book, through a tick change and an empty frame")
    func synthetic() throws {
        let text = try #require(Vectors.text("ws_synthetic_sequence.jsonl"))
        let condition = "0x" + String(repeating: "5c", count: 32)
        let harness = FeedHarness(condition: condition, yes: "1001", no: "1002")
        for line in text.split(separator: "\n") { harness.frame(String(line)) }
        #expect(harness.book.status == .live)
        try expectBook(harness.book, "ws_synthetic_sequence.expected.json", "yes")
        #expect(harness.sink.market.contains { if case .grid = $0 { true } else { false } })
    }

    private func expectBook(_ book: Book, _ file: String, _ key: String) throws {
        let data = Data(try #require(Vectors.text(file)).utf8)
        let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let expected = try #require(root[key] as? [String: Any])
        for (name, side) in [("bids", BookSide.bid), ("asks", BookSide.ask)] {
            let levels = try #require(expected[name] as? [[String: String]])
            #expect(book[side].levels == levels.count)
            for level in levels {
                let price = try Price(decimal: level["price"] ?? "")
                let size = try Quantity(decimal: level["size"] ?? "")
                #expect(book[side].quantity(at: price) == size, "\(name) \(price)")
            }
        }
    }

    @Test("a dropped frame is caught by the next proof, and the book is void within the hold")
    func dropped() throws {
        let text = try #require(Vectors.text("ws_capture_market_crossing_burst.jsonl"))
        let lines = text.split(separator: "\n").map(String.init)
        for dropped in stride(from: 2, to: 46, by: 3) {
            let harness = FeedHarness(condition: Self.condition, yes: Self.yes, no: Self.no)
            harness.frame(lines[0])
            harness.pass(200)
            harness.answerBooks(try books(lines[0], lastTrade: "0.255"))
            for index in 1...dropped + 1 where index != dropped { harness.frame(lines[index]) }
            let verdict = harness.feed.verify(harness.instrument, at: harness.stamp, into: harness.sink)
            #expect(verdict != .verified, "line \(dropped + 1) dropped")
            harness.pass(60)
            #expect(harness.book.status == .void)
            #expect(harness.sink.voids.last?.1 == .hashMismatch)
        }
    }

    @Test("every sample of every message kind decodes or is refused in words; none crashes")
    func samples() throws {
        let text = try #require(Vectors.text("ws_samples_market_messages.jsonl"))
        let harness = FeedHarness(condition: Self.condition, yes: Self.yes, no: Self.no)
        for line in text.split(separator: "\n") { harness.frame(String(line)) }
        #expect(harness.feed.counters.malformed == 0, "\(harness.sink.notices.map(\.text))")
        let snapshot = try #require(Vectors.text("ws_capture_book_snapshot.jsonl"))
        for line in snapshot.split(separator: "\n") { harness.frame(String(line)) }
        #expect(harness.feed.counters.malformed == 0)
    }
}
