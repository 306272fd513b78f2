import Codec
import Foundation
import Trading

@testable import Kalshi

/// Books as a decision core keeps them, and a record of everything that was said.
final class RecordingSink: BookSink {
    let books: BookTable
    var events: [BookEvent] = []
    var marketEvents: [MarketEvent] = []
    var notices: [FeedNotice] = []
    var now = Stamp(monotonic: MonotonicNanos(rawValue: 0), utc: UTCNanos(rawValue: 0))
    /// Set when an event would have let a crossed book be looked at.
    var sawCrossedBook = false

    init(count: Int) { books = BookTable(units: Array(repeating: .cent, count: count)) }

    func book(_ instrument: InstrumentID) -> Book { books[instrument] }

    func apply(_ event: BookEvent) -> LadderFault? {
        events.append(event)
        do throws(LadderFault) {
            switch event {
            case .snapshotBegan(let id, let unit, let link):
                books[id].clear(unit: unit)
                books[id].link = link
            case .level(let id, let side, let price, let quantity): try books[id][side].set(price, quantity)
            case .change(let id, let side, let price, let change): try books[id][side].add(price, change: change)
            case .snapshotEnded(let id, _):
                books[id].status = .live
                books[id].crossChecked = now.monotonic
                if books[id].isCrossed { sawCrossedBook = true }
            case .updated(let id, let stamp):
                books[id].venueStamp = stamp
                if books[id].isCrossed { sawCrossedBook = true }
            case .crossChecked(let id): books[id].crossChecked = now.monotonic
            case .voided(let id, _): books[id].void()
            case .held, .released: break
            }
            return nil
        } catch { return error }
    }

    func apply(_ event: MarketEvent) { marketEvents.append(event) }
    func note(_ notice: FeedNotice) { notices.append(notice) }

    var codes: [String] { notices.map(\.code) }
    var voids: [VoidReason] {
        events.compactMap { if case .voided(_, let reason) = $0 { reason } else { nil } }
    }
    func count(_ isWanted: (BookEvent) -> Bool) -> Int { events.count(where: isWanted) }
}

/// A feed with its sink and a clock that only the test moves.
final class FeedHarness {
    let feed: Feed
    let sink: RecordingSink
    let tickers: [String]
    private(set) var time: Int64 = 1_000_000_000_000
    var sent: [String] = []
    var opened: [LinkID] = []
    var closed: [LinkID] = []

    init(_ tickers: [String], _ change: (inout FeedSettings) -> Void = { _ in }) {
        self.tickers = tickers
        var settings = FeedSettings()
        settings.useYesPrice = false
        settings.wantsTrades = false
        settings.wantsLifecycle = false
        change(&settings)
        let contracts = tickers.enumerated().map {
            (InstrumentID(Int32($0.offset)), Contract(venue: .kalshi, symbol: $0.element))
        }
        feed = Feed(contracts, settings: settings)
        sink = RecordingSink(count: tickers.count)
        feed.start(contracts.map(\.0), at: stamp, into: sink)
        drain()
    }

    var stamp: Stamp {
        Stamp(monotonic: MonotonicNanos(rawValue: time), utc: UTCNanos(rawValue: 1_795_219_200_000_000_000 + time))
    }

    static func link(_ index: UInt16) -> LinkID { LinkID(venue: .kalshi, index: index) }

    func drain() {
        for action in feed.takeActions() {
            switch action {
            case .open(let link): opened.append(link)
            case .close(let link, _): closed.append(link)
            case .send(_, let text): sent.append(String(decoding: text, as: UTF8.self))
            case .fetch: break
            }
        }
    }

    func open(_ link: UInt16 = 0) {
        sink.now = stamp
        feed.opened(Self.link(link), at: stamp, into: sink)
        drain()
    }

    func close(_ link: UInt16 = 0, reason: String = "test") {
        sink.now = stamp
        feed.closed(Self.link(link), reason: reason, at: stamp, into: sink)
        drain()
    }

    @discardableResult
    func frame(_ text: String, link: UInt16 = 0) -> Bool {
        sink.now = stamp
        let bytes = Array(text.utf8)
        let isData = feed.received(Self.link(link), bytes.span.bytes, at: stamp, into: sink)
        drain()
        return isData
    }

    /// Moves time, stopping at every deadline on the way as a driver does.
    func pass(_ duration: Nanoseconds) {
        let end = time + duration.rawValue
        var turns = 0
        while let due = feed.nextDeadline, due.rawValue <= end {
            turns = due.rawValue > time ? 0 : turns + 1
            if turns > 100 {
                sink.notices.append(FeedNotice(code: "TURNS_ON_THE_SPOT", text: "asked for again at one instant"))
                break
            }
            time = max(time, due.rawValue)
            sink.now = stamp
            feed.advance(to: stamp, into: sink)
            drain()
        }
        time = end
        sink.now = stamp
        feed.advance(to: stamp, into: sink)
        drain()
    }

    func takeSent() -> [String] {
        defer { sent = [] }
        return sent
    }

    func id(_ index: Int) -> InstrumentID { InstrumentID(Int32(index)) }
    func book(_ index: Int = 0) -> Book { sink.books[id(index)] }
    func isLive(_ index: Int = 0) -> Bool {
        let isVerified = feed.verify(id(index), at: stamp, into: sink) == .verified
        return isVerified && book(index).status == .live
    }

    /// The book as text: bids and asks ascending.
    func text(_ index: Int = 0) -> String { Self.text(book(index)) }

    static func text(_ book: Book) -> String {
        func side(_ ladder: Ladder) -> String {
            var levels: [String] = []
            var level = ladder.lowest
            while let found = level {
                levels.append("\(found.quantity)@\(found.price)")
                level = ladder.above(found.price)
            }
            return levels.joined(separator: " ")
        }
        return side(book.bids) + " | " + side(book.asks)
    }

    /// The same text from a final-book file of the vectors.
    static func text(finalBook: [String: Any]) throws -> String {
        func side(_ key: String, complement: Bool) throws -> String {
            let levels = finalBook[key] as? [[String]] ?? []
            let parsed = try levels.map { pair in
                let price = try Price(decimal: pair[0])
                let shown = complement ? Price(rawValue: 100_000_000 - price.rawValue) ?? price : price
                return (shown, try Quantity(decimal: pair[1]))
            }
            return parsed.sorted { $0.0 < $1.0 }.map { "\($0.1)@\($0.0)" }.joined(separator: " ")
        }
        let bids = try side("yes_bids_ascending", complement: false)
        return bids + " | " + (try side("no_bids_ascending_no_leg", complement: true))
    }
}

/// Frames as the venue writes them.
enum Frames {
    static func ack(_ channel: String = "orderbook_delta", sid: Int, id: Int = 1) -> String {
        #"{"id":\#(id),"type":"subscribed","msg":{"channel":"\#(channel)","sid":\#(sid)}}"#
    }

    static func snapshot(
        _ ticker: String, sid: Int = 1, seq: Int?, id: Int? = nil, yes: [(String, String)] = [],
        no: [(String, String)] = []
    ) -> String {
        func side(_ name: String, _ levels: [(String, String)]) -> String {
            if levels.isEmpty { return "" }
            return #","\#(name)":["# + levels.map { #"["\#($0.0)","\#($0.1)"]"# }.joined(separator: ",") + "]"
        }
        let number = seq.map { #","seq":\#($0)"# } ?? ""
        let asked = id.map { #","id":\#($0)"# } ?? ""
        return #"{"type":"orderbook_snapshot","sid":\#(sid)\#(number)\#(asked),"msg":{"market_ticker":"\#(ticker)""#
            + #","market_id":"x"\#(side("yes_dollars_fp", yes))\#(side("no_dollars_fp", no))}}"# + "\n"
    }

    static func delta(
        _ ticker: String, sid: Int = 1, seq: Int?, side: String = "yes", price: String, change: String
    ) -> String {
        let number = seq.map { #","seq":\#($0)"# } ?? ""
        return
            #"{"type":"orderbook_delta","sid":\#(sid)\#(number),"msg":{"market_ticker":"\#(ticker)","market_id":"x","#
            + #""price_dollars":"\#(price)","delta_fp":"\#(change)","side":"\#(side)","ts_ms":1795219200123}}"# + "\n"
    }
}
