import Codec
import Foundation
import Testing
import Trading

@testable import Kalshi

final class RecordingOrderSink: OrderSink {
    var reports: [ExecutionReport] = []
    var positions: [VenuePosition] = []
    var gaps: [UTCNanos] = []
    var notices: [FeedNotice] = []
    func apply(_ report: ExecutionReport) { reports.append(report) }
    func apply(_ position: VenuePosition) { positions.append(position) }
    func gap(_ venue: VenueID, since: UTCNanos) { gaps.append(since) }
    func note(_ notice: FeedNotice) { notices.append(notice) }
    var codes: [String] { notices.map(\.code) }
}

/// A stream with its sink and a clock that only the test moves.
final class StreamHarness {
    let stream: Kalshi.UserStream
    let sink = RecordingOrderSink()
    let link = UserStreamSettings().link
    var stamp = Stamp(monotonic: MonotonicNanos(rawValue: 1_000_000_000), utc: TestClock.start)
    var sent: [String] = []
    var opens = 0
    var closes = 0

    init(_ change: (inout UserStreamSettings) -> Void = { _ in }) {
        var settings = UserStreamSettings()
        change(&settings)
        stream = Kalshi.UserStream(settings: settings)
        stream.start(at: stamp)
        drain()
    }

    func drain() {
        for action in stream.takeActions() {
            switch action {
            case .open: opens += 1
            case .close: closes += 1
            case .send(_, let text): sent.append(String(decoding: text, as: UTF8.self))
            case .fetch: break
            }
        }
    }

    func pass(_ time: Nanoseconds) {
        stamp = Stamp(monotonic: stamp.monotonic + time, utc: stamp.utc + time)
        stream.advance(to: stamp, into: sink)
        drain()
    }

    func open() {
        stream.opened(link, at: stamp, into: sink)
        drain()
    }

    func say(_ text: String) {
        stream.received(link, Array(text.utf8).span.bytes, at: stamp, into: sink)
        drain()
    }

    func close() {
        stream.closed(link, reason: "reset", at: stamp, into: sink)
        drain()
    }

    static let channels = ["fill", "user_orders", "market_positions", "order_group_updates"]

    func acknowledge(_ channels: [String] = StreamHarness.channels) {
        for (index, channel) in channels.enumerated() {
            say(#"{"id":\#(index + 1),"type":"subscribed","msg":{"channel":"\#(channel)","sid":\#(index + 1)}}"#)
        }
    }

    func live() {
        open()
        acknowledge()
    }

    static func frames() throws -> [String: String] {
        guard Samples.areThere else { return [:] }
        var frames: [String: String] = [:]
        for line in try Samples.lines(Samples.sample("venues/kalshi/ws/other_channels.jsonl")) {
            frames[try Samples.object(Data(line.utf8)).text("type")] = line
        }
        return frames
    }

    static func fill(
        _ trade: String, outcome: String = "yes", price: String = "0.4400", count: String = "4.00", more: String = ""
    ) -> String {
        #"{"type":"fill","sid":2,"msg":{"trade_id":"\#(trade)","order_id":"o-1","client_order_id":"#
            + #""7b0f5f0e-0000-4000-8000-000000000001","market_ticker":"KXA","exchange_index":0,"is_taker":true,"#
            + #""yes_price_dollars":"\#(price)","count_fp":"\#(count)","fee_cost":"0.069000","ts_ms":1795219200123,"#
            + #""outcome_side":"\#(outcome)","book_side":"bid"\#(more)}}"#
    }

    static func order(_ status: String, fill: String = "4.00", rest: String = "0.00", more: String = "") -> String {
        #"{"type":"user_order","sid":3,"msg":{"order_id":"o-1","ticker":"KXA","status":"\#(status)","outcome_side":"no","#
            + #""yes_price_dollars":"0.4400","fill_count_fp":"\#(fill)","remaining_count_fp":"\#(rest)","#
            + #""initial_count_fp":"10.00","taker_fill_cost_dollars":"2.240000","maker_fill_cost_dollars":"0.000000","#
            + #""taker_fees_dollars":"0.069000","maker_fees_dollars":"0.000000","last_updated_ts_ms":1795219200123\#(more)}}"#
    }
}

@Suite("UserStream")
struct UserStreamTests {
    @Test("each channel is asked for by itself; the stream lives when all are acknowledged, and tells the first gap")
    func subscribes() throws {
        let harness = StreamHarness()
        #expect(harness.opens == 1 && harness.stream.nextDeadline != nil)
        harness.open()
        let commands = try harness.sent.map { try Samples.object(Data($0.utf8)) }
        #expect(commands.map { $0["id"] as? Int } == [1, 2, 3, 4])
        #expect(commands.map { $0.object("params")["channels"] as? [String] } == StreamHarness.channels.map { [$0] })
        harness.acknowledge(Array(StreamHarness.channels.prefix(3)))
        #expect(!harness.stream.isLive && harness.sink.gaps.isEmpty)
        harness.acknowledge()
        #expect(harness.stream.isLive && harness.stream.nextDeadline == nil)
        #expect(harness.sink.gaps == [UTCNanos(rawValue: TestClock.start.rawValue - 10_000_000_000)])
    }

    @Test("the samples become reports", .enabled(if: Samples.areThere))
    func samples() throws {
        let frames = try StreamHarness.frames()
        let harness = StreamHarness()
        harness.live()
        for kind in ["fill", "user_order", "market_position", "order_group_updates", "ticker", "trade"] {
            harness.say(try #require(frames[kind]))
        }
        #expect(harness.sink.reports.count == 2)
        let clOrdID = ClOrdID("7b0f5f0e-0000-4000-8000-000000000001")
        let fill = try Fill(
            execID: ExecID("aa51e2b4-7d0a-5c1e-9f6b-0d2c4e6f8a10"), lastQty: quantity("4"), lastPx: price("0.44"),
            fee: money("0.069"), liquidity: .taker, settlement: .confirmed)
        #expect(
            harness.sink.reports[0]
                == ExecutionReport(
                    venue: .kalshi, orderID: OrderID(OrderSamples.orderID), clOrdID: clOrdID,
                    symbol: OrderSamples.ticker, event: .fill(fill), outcome: .yes, source: .stream,
                    transactTime: UTCNanos(milliseconds: 1_795_219_200_123)))
        let summary = try OrderSummary(
            standing: .cancelled, cumQty: quantity("4"), leavesQty: .zero, avgPx: price("0.44"), fee: money("0.069"))
        #expect(harness.sink.reports[1].event == .summary(summary) && harness.sink.reports[1].clOrdID == clOrdID)
        let position = try VenuePosition(
            venue: .kalshi, symbol: OrderSamples.ticker, outcome: .yes, quantity: quantity("4"))
        #expect(harness.sink.positions == [position, position])
        #expect(harness.sink.codes == ["E_EXEC_ORDER_GROUP"])
        #expect(harness.stream.counters.ignored == 2 && harness.stream.counters.malformed == 0)
    }

    @Test("prices are those of the outcome that is got, and the report says which")
    func outcomes() throws {
        let harness = StreamHarness()
        harness.live()
        harness.say(StreamHarness.fill("t-1", outcome: "no", more: #","post_position_fp":"-4.00""#))
        guard case .fill(let fill) = harness.sink.reports[0].event else { return #expect(Bool(false), "no fill") }
        #expect(try fill.lastPx == price("0.56") && harness.sink.reports[0].outcome == .no)
        guard case .fill(let sold) = harness.sink.reports[0].event(trading: .yes) else { return }
        #expect(try sold.lastPx == price("0.44"), "a sale of YES")
        #expect(harness.sink.positions.first?.outcome == .no)
        harness.say(StreamHarness.order("executed", fill: "4.00"))
        guard case .summary(let summary) = harness.sink.reports[1].event else { return }
        #expect(try summary.avgPx == price("0.56") && summary.standing == .cancelled, "less than was asked first")
    }

    @Test("standings: resting, done, expired, cancelled with its reason")
    func standings() throws {
        let harness = StreamHarness()
        harness.live()
        for frame in [
            StreamHarness.order("resting", fill: "0.00", rest: "10.00"), StreamHarness.order("executed", fill: "10.00"),
            StreamHarness.order("canceled", more: #","last_update_reason":"ExpiryCancel""#),
            StreamHarness.order("canceled", more: #","last_update_reason":"SelfTradeCancel""#),
        ] { harness.say(frame) }
        let summaries = harness.sink.reports.compactMap { report -> OrderSummary? in
            if case .summary(let summary) = report.event { summary } else { nil }
        }
        #expect(summaries.map(\.standing) == [.working, .filled, .expired, .cancelled])
        #expect(try summaries[0].leavesQty == quantity("10") && summaries[0].avgPx == nil)
        #expect(summaries[3].reason == "SelfTradeCancel")
    }

    @Test("duplicates and replays are passed on as they are")
    func duplicates() {
        let harness = StreamHarness()
        harness.live()
        for _ in 0..<3 { harness.say(StreamHarness.fill("t-1")) }
        #expect(harness.sink.reports.count == 3 && Set(harness.sink.reports).count == 1)
        #expect(harness.sink.gaps.count == 1)
    }

    @Test("a connection that ends is a gap at once, and again when the next one stands; then back-off begins anew")
    func reconnects() {
        let harness = StreamHarness()
        harness.live()
        harness.pass(.seconds(3))
        harness.say(StreamHarness.fill("t-1"))
        let last = harness.stamp.utc
        harness.pass(.seconds(60))
        harness.close()
        let expected = UTCNanos(rawValue: last.rawValue - 10_000_000_000)
        #expect(harness.sink.gaps.dropFirst() == [expected])
        #expect(harness.sink.codes == ["E_FEED_DISCONNECTED"])
        harness.pass(.seconds(1))
        #expect(harness.opens == 2)
        harness.close()
        harness.pass(.seconds(1))
        #expect(harness.opens == 3 && harness.sink.gaps.count == 2)
        harness.live()
        #expect(harness.sink.gaps.last == expected && harness.sink.gaps.count == 3)
    }

    @Test(
        "a message that cannot be read is a gap",
        arguments: [
            "{", "[]", #"{"type":"fill","sid":1}"#, #"{"type":"fill","msg":{"trade_id":"t"}}"#,
            StreamHarness.fill("t", count: "0.00"), StreamHarness.fill("t", price: "1.0000"),
            StreamHarness.order("sleeping"), #"{"type":"user_order","msg":{},"msg":{}}"#,
            #"{"type":"market_position","msg":{"market_ticker":"A","position_fp":4}}"#,
        ])
    func unreadable(frame: String) {
        let harness = StreamHarness()
        harness.live()
        let gaps = harness.sink.gaps.count
        harness.say(frame)
        #expect(harness.sink.gaps.count == gaps + 1 && harness.sink.reports.isEmpty)
        #expect(harness.stream.counters.malformed == 1 && harness.stream.isLive)
        #expect(harness.sink.codes.count == 1 && harness.sink.codes[0].hasPrefix("E_WIRE_"))
    }

    @Test("an order of which the venue does not know where it stands is to be read")
    func unknownStatus() {
        let harness = StreamHarness()
        harness.live()
        harness.say(StreamHarness.order("unknown"))
        #expect(harness.sink.reports.isEmpty && harness.sink.gaps.count == 2 && harness.sink.codes == ["E_FEED_GAP"])
    }

    @Test("other subaccounts' messages are not ours")
    func subaccounts() {
        let harness = StreamHarness { $0.subaccount = 2 }
        harness.live()
        harness.say(StreamHarness.fill("t-1", more: #","subaccount":1"#))
        harness.say(StreamHarness.fill("t-2", more: #","subaccount":2"#))
        harness.say(StreamHarness.order("resting", more: #","subaccount_number":0"#))
        #expect(harness.sink.reports.count == 1 && harness.stream.counters.ignored == 2)
    }

    @Test("a refused channel that is not needed is done without; a needed one is asked for on another connection")
    func refusals() {
        let harness = StreamHarness()
        harness.open()
        harness.acknowledge(Array(StreamHarness.channels.prefix(3)))
        harness.say(#"{"id":4,"type":"error","msg":{"code":8,"msg":"Unknown channel"}}"#)
        #expect(harness.stream.isLive && harness.sink.codes == ["E_FEED_VENUE_ERROR"])
        let needed = StreamHarness()
        needed.open()
        needed.say(#"{"id":1,"type":"error","msg":{"code":9,"msg":"auth"}}"#)
        #expect(needed.closes == 1 && !needed.stream.isLive)
        needed.close()
        needed.pass(.seconds(1))
        #expect(needed.opens == 2)
    }

    @Test(
        "terminal errors and ended subscriptions make another connection",
        arguments: [
            #"{"type":"error","msg":{"code":25,"msg":"overflow"}}"#,
            #"{"type":"error","msg":{"code":10,"msg":"channel"}}"#,
            #"{"type":"unsubscribed","sid":2}"#,
        ])
    func terminal(frame: String) {
        let harness = StreamHarness()
        harness.live()
        harness.say(frame)
        #expect(harness.closes == 1 && !harness.stream.isLive)
        harness.say(StreamHarness.fill("t-1"))
        #expect(harness.sink.reports.isEmpty && harness.stream.counters.stray == 1)
        harness.close()
        #expect(harness.sink.gaps.count == 2)
    }

    @Test("no acknowledgement, no connection, no end: each has its deadline")
    func deadlines() {
        let harness = StreamHarness()
        harness.pass(.seconds(20))
        #expect(harness.sink.codes == ["E_FEED_DISCONNECTED"])
        harness.pass(.seconds(1))
        #expect(harness.opens == 2)
        harness.open()
        harness.pass(.seconds(5))
        #expect(harness.closes == 1 && harness.sink.codes.last == "E_FEED_SILENT")
        harness.pass(.seconds(5))
        harness.pass(.seconds(1))
        #expect(harness.opens == 3, "a close that is never confirmed is one")
    }

    @Test("lost news of order groups are a gap")
    func groupSequence() {
        let harness = StreamHarness()
        harness.live()
        func news(_ seq: Int) -> String {
            #"{"type":"order_group_updates","sid":4,"seq":\#(seq),"msg":{"event_type":"created","order_group_id":"g"}}"#
        }
        for seq in [1, 2, 2] { harness.say(news(seq)) }
        #expect(harness.sink.gaps.count == 1)
        harness.say(news(4))
        #expect(harness.sink.gaps.count == 2 && harness.sink.codes == ["E_FEED_GAP"])
    }

    @Test("the same inputs give the same reports, pauses too")
    func deterministic() {
        func run() -> [MonotonicNanos?] {
            let harness = StreamHarness()
            return (0..<10).map { _ in
                harness.close()
                defer { harness.pass(.seconds(40)) }
                return harness.stream.nextDeadline
            }
        }
        #expect(run() == run())
    }
}
