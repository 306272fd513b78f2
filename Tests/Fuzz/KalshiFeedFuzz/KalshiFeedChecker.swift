import Codec
import FuzzKit
import Trading

@testable import Kalshi

/// A venue that says anything, to a feed of three markets on one connection.
///
/// The input is lines. `o`, `c`, `t`, `a`, `s`, `d`, `g` and `l` are made into what the driver or the venue would say
/// next; every other line is a frame as it stands, with `~` for the next number of the sequence.
final class KalshiFeedChecker {
    private let tickers = ["KXA-1", "KXA-2", "KXB-1"]
    private var feed = Feed([], settings: FeedSettings())
    private var sink = CheckedSink(count: 0)
    private var now: Int64 = 0
    private var seq = 1
    private var isUp = false
    private var heard = 0

    func check(_ bytes: UnsafeRawBufferPointer) {
        var settings = FeedSettings()
        settings.useYesPrice = bytes.first.map { $0 & 1 == 0 } ?? true
        settings.snapshotCounter = [.detect, .inSequence, .besides][Int(bytes.first ?? 0) / 2 % 3]
        let contracts = tickers.enumerated().map {
            (InstrumentID(Int32($0.offset)), Contract(venue: .kalshi, symbol: $0.element))
        }
        feed = Feed(contracts, settings: settings)
        sink = CheckedSink(count: tickers.count)
        now = 1_000_000_000_000
        seq = 1
        isUp = false
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
        Stamp(monotonic: MonotonicNanos(rawValue: now), utc: UTCNanos(rawValue: 1_795_219_200_000_000_000 + now))
    }

    private func step(_ line: UnsafeRawBufferPointer) {
        var cursor = Cursor(UnsafeRawBufferPointer(rebasing: line.dropFirst()))
        now += 1_000_000
        switch line.first {
        case UInt8(ascii: "o"):
            guard !isUp else { return }
            isUp = true
            seq = 1
            feed.opened(link, at: stamp, into: sink)
        case UInt8(ascii: "c"): down()
        case UInt8(ascii: "t"): return pass(Int64(cursor.byte()) * 1_000_000 << Int64(cursor.byte() & 7))
        case UInt8(ascii: "a"):
            frame(#"{"type":"subscribed","id":1,"msg":{"channel":"orderbook_delta","sid":\#(1 + cursor.below(3))}}"#)
        case UInt8(ascii: "s"): frame(snapshot(&cursor))
        case UInt8(ascii: "d"): frame(delta(&cursor))
        case UInt8(ascii: "g"):
            let grid = try? TickGrid(step: Price(rawValue: (1 + Int64(cursor.byte())) * 10_000) ?? .cent)
            guard let grid else { return }
            let id = InstrumentID(Int32(cursor.below(3)))
            feed.learn(id, grid, status: .active, otherEnd: nil, at: stamp)
            return pass(0)
        case UInt8(ascii: "l"): frame(lifecycle(&cursor))
        default:
            var text: [UInt8] = []
            for byte in line {
                if byte == UInt8(ascii: "~") {
                    text += Array(String(seq).utf8)
                    seq += 1
                } else {
                    text.append(byte)
                }
            }
            frame(text)
        }
        drain(line.count)
    }

    private let link = LinkID(venue: .kalshi, index: 0)

    private func frame(_ text: String) { frame(Array(text.utf8)) }

    private func frame(_ bytes: [UInt8]) {
        guard isUp else { return }  // the driver gives a feed no frames of a connection that is down
        _ = feed.received(link, bytes.span.bytes, at: stamp, into: sink)
    }

    private func down() {
        isUp = false
        feed.closed(link, reason: "the fuzzer says so", at: stamp, into: sink)
    }

    private func pass(_ nanos: Int64) {
        let end = now + nanos
        var turns = 0
        while let due = feed.nextDeadline, due.rawValue <= end, turns < 256 {
            turns += 1
            now = max(now, due.rawValue)
            feed.advance(to: stamp, into: sink)
            drain(0)
            if let next = feed.nextDeadline { precondition(next.rawValue > now || turns < 200, "time goes on") }
        }
        now = end
        feed.advance(to: stamp, into: sink)
        drain(0)
    }

    private func drain(_ bytes: Int) {
        let actions = feed.takeActions()
        for action in actions {
            switch action {
            case .open: break
            case .close where isUp: down()
            case .close: break
            case .send(_, let text): precondition(text.count <= 4_096, "a command is short")
            case .fetch: preconditionFailure("this feed reads nothing")
            }
        }
        sink.settle(bytes: bytes, actions: actions.count) { $0 == link && isUp }
        for index in tickers.indices {
            let id = InstrumentID(Int32(index))
            let isLive = feed.verify(id, at: stamp, into: sink) == .verified
            precondition(isLive == (sink.books[id].status == .live), "feed and books agree")
        }
    }

    // MARK: What a venue would say

    private func number(_ cursor: inout Cursor) -> String {
        defer { seq += 1 }
        return cursor.byte() & 63 == 63 ? "" : #","seq":\#(seq)"#
    }

    private func delta(_ cursor: inout Cursor) -> String {
        let ticker = tickers[cursor.below(3)]
        let side = cursor.byte() & 1 == 0 ? "yes" : "no"
        let price = DecimalText.string(Int64(cursor.byte()) * 500_000)
        let change = Int64(Int8(bitPattern: cursor.byte())) * 100_000_000
        return #"{"type":"orderbook_delta","sid":1\#(number(&cursor)),"msg":{"market_ticker":"\#(ticker)","#
            + #""price_dollars":"\#(price)","delta_fp":"\#(DecimalText.string(change))","side":"\#(side)"}}"#
    }

    private func snapshot(_ cursor: inout Cursor) -> String {
        let ticker = tickers[cursor.below(3)]
        let asked = cursor.byte() & 1 == 0 ? "" : #","id":2"#
        let number = number(&cursor)
        var sides = ["", ""]
        while !cursor.isAtEnd {
            let head = cursor.byte()
            let price = DecimalText.string(Int64(cursor.byte()) * 500_000)
            if !sides[Int(head & 1)].isEmpty { sides[Int(head & 1)] += "," }
            sides[Int(head & 1)] += #"["\#(price)","\#(head >> 1).00"]"#
        }
        return #"{"type":"orderbook_snapshot","sid":1\#(number)\#(asked),"msg":{"market_ticker":"\#(ticker)","#
            + #""yes_dollars_fp":[\#(sides[0])],"no_dollars_fp":[\#(sides[1])]}}"#
    }

    private func lifecycle(_ cursor: inout Cursor) -> String {
        let words = ["activated", "deactivated", "determined", "settled", "price_level_structure_updated"]
        let ticker = tickers[cursor.below(3)]
        let word = words[cursor.below(words.count)]
        var ranges = ""
        var from: Int64 = 0
        while !cursor.isAtEnd {
            let to = min(100_000_000, from + (1 + Int64(cursor.byte())) * 500_000)
            let step = DecimalText.string(Int64(cursor.byte()) << Int64(cursor.byte() & 15))
            if !ranges.isEmpty { ranges += "," }
            ranges +=
                #"{"start":"\#(DecimalText.string(from))","end":"\#(DecimalText.string(to))","step":"\#(step)"}"#
            from = to
        }
        return #"{"type":"market_lifecycle_v2","sid":9,"msg":{"market_ticker":"\#(ticker)","#
            + #""event_type":"\#(word)","price_ranges":[\#(ranges)]}}"#
    }
}
