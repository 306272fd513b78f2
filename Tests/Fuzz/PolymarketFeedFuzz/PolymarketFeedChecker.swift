import Codec
import FuzzKit
import Signing
import Trading

@testable import Polymarket

/// A venue that says anything, to a feed of three markets on two connections.
///
/// The input is lines. `o`, `c`, `t`, `b`, `p`, `k`, `x` and `r` are made into what the driver or the venue would say
/// next; every other line is a frame as it stands.
final class PolymarketFeedChecker {
    private let condition = "0x" + String(repeating: "ab", count: 32)
    private var feed = Feed([], settings: FeedSettings())
    private var sink = CheckedSink(count: 0)
    private var now: Int64 = 0
    private var milliseconds: Int64 = 0
    private var isUp = [false, false]
    private var requests: [RestRequest] = []

    func check(_ bytes: UnsafeRawBufferPointer) {
        var settings = FeedSettings()
        settings.tokensPerLink = 4
        settings.sampleEvery = 1 + Int(bytes.first ?? 0) % 8
        let contracts = (0..<3).map { index in
            let tokens = Contract.Tokens(yes: "\(index * 2 + 1)", no: "\(index * 2 + 2)")
            return (
                InstrumentID(Int32(index)), Contract(venue: .polymarket, symbol: condition, tokens: tokens)
            )
        }
        feed = Feed(contracts, settings: settings)
        sink = CheckedSink(count: 3)
        now = 1_000_000_000
        milliseconds = 1_790_000_000_000
        isUp = [false, false]
        requests = []
        feed.start(contracts.map(\.0), at: stamp, into: sink)
        drain(0)
        var cursor = Cursor(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
        var lines = 0
        while let line = cursor.line(), lines < 512 {
            lines += 1
            step(line)
        }
    }

    private var stamp: Stamp {
        Stamp(monotonic: MonotonicNanos(rawValue: now), utc: UTCNanos(rawValue: 1_790_000_000_000_000_000 + now))
    }

    private func link(_ index: Int) -> LinkID { LinkID(venue: .polymarket, index: UInt16(index)) }

    private func step(_ line: UnsafeRawBufferPointer) {
        var cursor = Cursor(UnsafeRawBufferPointer(rebasing: line.dropFirst()))
        now += 1_000_000
        switch line.first {
        case UInt8(ascii: "o"):
            let index = cursor.below(2)
            guard !isUp[index] else { return }
            isUp[index] = true
            feed.opened(link(index), at: stamp, into: sink)
        case UInt8(ascii: "c"): down(cursor.below(2))
        case UInt8(ascii: "t"): return pass(Int64(cursor.byte()) * 1_000_000 << Int64(cursor.byte() & 7))
        case UInt8(ascii: "b"):
            let market = cursor.below(3)
            frame(market & 1, book(market, &cursor))
        case UInt8(ascii: "p"):
            let market = cursor.below(3)
            frame(market & 1, change(market, &cursor))
        case UInt8(ascii: "k"):
            let market = cursor.below(3)
            let tick = DecimalText.string(Int64(cursor.byte()) << Int64(cursor.byte() & 31))
            frame(
                market & 1,
                Array(
                    #"{"event_type":"tick_size_change","asset_id":"\#(market * 2 + 1)","new_tick_size":"\#(tick)"}"#
                        .utf8)
            )
        case UInt8(ascii: "x"):
            let market = cursor.below(3)
            frame(market & 1, Array(#"{"event_type":"market_resolved","assets_ids":["\#(market * 2 + 1)"]}"#.utf8))
        case UInt8(ascii: "r"): answer(&cursor)
        case UInt8(ascii: "1"): frame(1, Array(line.dropFirst()))
        default: frame(0, Array(line))
        }
        drain(line.count)
    }

    private func frame(_ index: Int, _ bytes: [UInt8]) {
        guard isUp[index] else { return }  // the driver gives a feed no frames of a connection that is down
        _ = feed.received(link(index), bytes.span.bytes, at: stamp, into: sink)
    }

    private func down(_ index: Int) {
        isUp[index] = false
        feed.closed(link(index), reason: "the fuzzer says so", at: stamp, into: sink)
    }

    /// Answers the oldest read: with books, with what follows, or not at all.
    private func answer(_ cursor: inout Cursor) {
        guard !requests.isEmpty else { return }
        let request = requests.removeFirst()
        let form = cursor.byte()
        var body: [UInt8] = []
        if form & 1 == 0 {
            body = Array("[".utf8)
            for market in 0..<3 where form >> 1 & UInt8(1 << market) != 0 {
                if body.count > 1 { body.append(UInt8(ascii: ",")) }
                body += book(market, &cursor)
            }
            body.append(UInt8(ascii: "]"))
        } else {
            body = Array(cursor.rest())
        }
        let answer = RestAnswer(
            request: request, status: form & 64 == 0 ? 200 : 502,
            contentType: form & 32 == 0 ? "application/json" : "text/html", body: body, fetchedAt: stamp.utc)
        feed.answered(answer, at: stamp, into: sink)
    }

    private func pass(_ nanos: Int64) {
        let end = now + nanos
        var turns = 0
        while let due = feed.nextDeadline, due.rawValue <= end, turns < 4_096 {
            turns += 1
            now = max(now, due.rawValue)
            feed.advance(to: stamp, into: sink)
            drain(0)
            precondition(feed.nextDeadline.map { $0.rawValue > now } ?? true, "time goes on")
        }
        now = end
    }

    private func drain(_ bytes: Int) {
        let actions = feed.takeActions()
        for action in actions {
            switch action {
            case .open, .send: break
            case .close(let link, _): if isUp[Int(link.index)] { down(Int(link.index)) }
            case .fetch(let request):
                precondition(request.body.count <= 4_096, "a read of three books is short")
                requests.append(request)
                if requests.count > 16 { requests.removeFirst() }
            }
        }
        sink.settle(bytes: bytes, actions: actions.count) { isUp[Int($0.index)] }
        for index in 0..<3 {
            let id = InstrumentID(Int32(index))
            let verdict = feed.verify(id, at: stamp, into: sink)
            let book = sink.books[id]
            precondition(verdict != .verified || book.status == .live, "only a live book is proved")
            precondition((verdict == .void) == (book.status == .void), "feed and books agree")
        }
        sink.settle(bytes: 0, actions: 0) { isUp[Int($0.index)] }
    }

    // MARK: What a venue would say

    private func book(_ market: Int, _ cursor: inout Cursor) -> [UInt8] {
        let form = cursor.byte()
        milliseconds += Int64(form & 3)
        let token = "\(market * 2 + 1 + Int(form >> 7))"
        var sides: [[(Int64, Int64)]] = [[], []]
        for _ in 0..<Int(form >> 2 & 7) {
            let head = cursor.byte()
            sides[Int(head & 1)].append((Int64(cursor.byte() % 100) * 1_000_000, Int64(head >> 1) * 100_000_000))
        }
        func list(_ levels: [(Int64, Int64)]) -> String {
            levels.map { #"{"price":"\#(DecimalText.string($0.0))","size":"\#(DecimalText.string($0.1))"}"# }
                .joined(separator: ",")
        }
        // Bids ascend and asks descend, as the server prints them: then the hash below is the book's own.
        let text =
            #"{"market":"\#(condition)","asset_id":"\#(token)","timestamp":"\#(milliseconds)","hash":"@","bids":["#
            + list(sides[0].sorted { $0.0 < $1.0 }) + #"],"asks":["# + list(sides[1].sorted { $0.0 > $1.0 })
            + #"],"min_order_size":"5","tick_size":"0.01","neg_risk":false,"last_trade_price":"0.5"}"#
        let hash = form & 64 == 0 ? Digest.hex(.sha1, text.replacing("@", with: "")) : String(repeating: "0", count: 40)
        return Array(text.replacing("@", with: hash).utf8)
    }

    private func change(_ market: Int, _ cursor: inout Cursor) -> [UInt8] {
        let form = cursor.byte()
        milliseconds += Int64(form & 3)
        var entries: [String] = []
        for _ in 0..<(1 + Int(form >> 5)) {
            let head = cursor.byte()
            let token = "\(market * 2 + 1 + Int(head >> 7))"
            let price = DecimalText.string(Int64(cursor.byte() % 100) * 1_000_000)
            let hash = String(repeating: "\(head >> 4 & 3)", count: 40)
            entries.append(
                #"{"asset_id":"\#(token)","price":"\#(price)","size":"\#(head >> 1 & 7)","side":"#
                    + #""\#(head & 1 == 0 ? "BUY" : "SELL")","hash":"\#(hash)"}"#)
        }
        return Array(
            (#"{"event_type":"price_change","market":"\#(condition)","timestamp":"\#(milliseconds)","#
                + #""price_changes":[\#(entries.joined(separator: ","))]}"#).utf8)
    }
}
