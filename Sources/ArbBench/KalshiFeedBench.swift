import Kalshi
import Threading
import Trading

/// Applies events to books and nothing else: what any consumer must do at least.
private final class BookKeeper: BookSink {
    let books: BookTable
    var updates = 0
    var voids = 0

    init(count: Int) { books = BookTable(units: Array(repeating: .cent, count: count)) }

    func book(_ instrument: InstrumentID) -> Book { books[instrument] }

    func apply(_ event: BookEvent) -> LadderFault? {
        do throws(LadderFault) {
            switch event {
            case .change(let id, let side, let price, let change): try books[id][side].add(price, change: change)
            case .level(let id, let side, let price, let quantity): try books[id][side].set(price, quantity)
            case .snapshotBegan(let id, let unit, _): books[id].clear(unit: unit)
            case .snapshotEnded(let id, _): books[id].status = .live
            case .updated: updates += 1
            case .voided: voids += 1
            case .held, .released, .crossChecked: break
            }
            return nil
        } catch { return error }
    }

    func apply(_ event: MarketEvent) {}
    func note(_ notice: FeedNotice) {}
}

/// One connection's frames in one buffer: sequence numbers run on, sizes never go below zero, books never cross.
private struct Stream {
    var bytes: [UInt8] = []
    var ends: [Int] = []

    mutating func append(_ text: String) {
        bytes += Array(text.utf8)
        ends.append(bytes.count)
    }

    init(markets: Int, deltas: Int) {
        var random = SeededGenerator(seed: 7)
        append(#"{"id":1,"type":"subscribed","msg":{"channel":"orderbook_delta","sid":2}}"#)
        var held = [Int: Int]()
        for market in 0..<markets {
            append(
                #"{"type":"orderbook_snapshot","sid":2,"seq":\#(market + 1),"msg":{"market_ticker":"\#(Self.ticker(market))","#
                    + #""yes_dollars_fp":[["0.3000","100.00"]],"no_dollars_fp":[["0.6000","100.00"]]}}"#)
        }
        for index in 0..<deltas {
            let market = Int.random(in: 0..<markets, using: &random)
            let isYes = Bool.random(using: &random)
            let cents = Int.random(in: isYes ? 10...45 : 55...90, using: &random)
            let key = (market * 2 + (isYes ? 1 : 0)) * 100 + cents
            let have = held[key] ?? 0
            let change = have > 0 && Bool.random(using: &random) ? -have : Int.random(in: 1...999, using: &random)
            held[key] = have + change
            append(
                #"{"type":"orderbook_delta","sid":2,"seq":\#(markets + index + 1),"msg":{"market_ticker":"\#(Self.ticker(market))","#
                    + #""market_id":"9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1","price_dollars":"0.\#(cents)00","#
                    + #""delta_fp":"\#(change).00","side":"\#(isYes ? "yes" : "no")","ts":"2026-11-20T20:44:01.123456Z","#
                    + #""ts_ms":1795207441123},"sending_ts_ms":1795207441124}"# + "\n")
        }
    }

    static func ticker(_ market: Int) -> String { "KXNBAGAME-26NOV20LALBOS-\(100_000 + market)" }
}

/// Measures a delta frame from its bytes to the changed book, and shows that it allocates nothing.
func runKalshiFeedBench(json: Bool) {
    for markets in [10, 1_000] {
        let stream = Stream(markets: markets, deltas: 100_000)
        let warm = markets + 1
        var figures: [Double] = []
        var allocated: UInt64 = 0
        for round in 0..<12 {
            var settings = FeedSettings()
            settings.tickersPerLink = markets
            let contracts = (0..<markets).map {
                (InstrumentID(Int32($0)), Contract(venue: .kalshi, symbol: Stream.ticker($0)))
            }
            let feed = Feed(contracts, settings: settings)
            let sink = BookKeeper(count: markets)
            let stamp = Stamp(monotonic: MonotonicNanos(rawValue: 1), utc: UTCNanos(rawValue: 1))
            feed.start(contracts.map(\.0), at: stamp, into: sink)
            let link = LinkID(venue: .kalshi, index: 0)
            feed.opened(link, at: stamp, into: sink)
            let whole = stream.bytes.span.bytes
            var start = 0
            func play(_ range: Range<Int>) {
                for index in range {
                    let end = stream.ends[index]
                    _ = feed.received(link, whole.extracting(start..<end), at: stamp, into: sink)
                    start = end
                }
            }
            // Pages of the ladders are made on first touch: a tenth of the stream is warm-up.
            let middle = warm + 10_000
            play(0..<middle)
            let before = Allocations.bytesInUse
            let clock = ContinuousClock()
            let spent = clock.measure { play(middle..<stream.ends.count) }
            allocated = max(allocated, Allocations.bytesInUse &- before)
            precondition(sink.updates == 100_000 && sink.voids == 0, "every delta must reach its book")
            let nanos = Double(spent.components.attoseconds) / 1e9 + Double(spent.components.seconds) * 1e9
            if round >= 2 { figures.append(nanos / Double(stream.ends.count - middle)) }
        }
        Row(
            "feed.kalshi_delta.\(markets)", figures,
            proof: "90000 deltas in their books; \(allocated) bytes still allocated by them"
        ).show(json: json)
    }
}
