import Foundation
import Signing
import Testing
import Trading

@testable import Polymarket

/// Keeps what a stream says.
private final class Kept: OrderSink {
    var reports: [ExecutionReport] = []
    var gaps: [UTCNanos] = []
    var notices: [FeedNotice] = []

    func apply(_ report: ExecutionReport) { reports.append(report) }
    func apply(_ position: VenuePosition) { Issue.record("Polymarket tells no positions") }
    func gap(_ venue: VenueID, since: UTCNanos) { gaps.append(since) }
    func note(_ notice: FeedNotice) { notices.append(notice) }

    var events: [OrderEvent] { reports.map(\.event) }
    var codes: [String] { notices.map(\.code) }
}

/// A stream driven message by message.
private final class Driver {
    static let apiKey = "11111111-2222-3333-4444-555555555555"
    static let hash = "0xd653e88e6effe5ab1223ac36db989c949b780fbc22dadf0a1f6a074477c6b08b"
    let stream: Polymarket.UserStream
    let sink = Kept()
    let link = UserStreamSettings().link
    var now: Int64 = 1_000_000_000

    init(known: KnownOrder? = nil, settings: UserStreamSettings = UserStreamSettings()) throws {
        stream = Polymarket.UserStream(account: try GatewayHarness.account(), settings: settings) {
            $0.text == Driver.hash ? known : nil
        }
        stream.start(at: stamp)
    }

    static func utc(_ now: Int64) -> UTCNanos { UTCNanos(rawValue: 1_795_132_800_000_000_000 + now) }
    var stamp: Stamp { Stamp(monotonic: MonotonicNanos(rawValue: now), utc: Self.utc(now)) }

    func open() -> [VenueAction] {
        _ = stream.takeActions()
        stream.opened(link, at: stamp, into: sink)
        return stream.takeActions()
    }

    func pass(_ time: Nanoseconds) {
        now += time.rawValue
        stream.advance(to: stamp, into: sink)
    }

    func say(_ text: String) {
        now += 1_000_000
        Array(text.utf8).withUnsafeBytes { stream.received(link, RawSpan(_unsafeBytes: $0), at: stamp, into: sink) }
    }

    static func trade(
        _ status: String, id: String = "T1", taker: String = hash, size: String = "21.04", price: String = "0.56",
        side: String = "BUY", update: Int = 1_795_132_801, owner: String = apiKey, traderSide: String = "TAKER",
        makers: String = "[]", address: String = "0xnobody"
    ) -> String {
        """
        {"event_type":"trade","type":"TRADE","id":"\(id)","taker_order_id":"\(taker)","status":"\(status)",\
        "market":"0x1111","asset_id":"1001","side":"\(side)","size":"\(size)","price":"\(price)","fee_rate_bps":"0",\
        "match_time":"1795132801","last_update":"\(update)","outcome":"Yes","owner":"\(owner)",\
        "trade_owner":"\(owner)","maker_address":"\(address)","transaction_hash":"","bucket_index":0,\
        "trader_side":"\(traderSide)","maker_orders":\(makers),"timestamp":"1795132801012"}
        """
    }

    static func order(
        _ status: String, type: String = "UPDATE", original: String = "21.04", matched: String = "0",
        life: String = "GTC", owner: String = apiKey, side: String = "BUY"
    ) -> String {
        """
        {"event_type":"order","type":"\(type)","id":"\(hash)","owner":"\(owner)","order_owner":"\(owner)",\
        "market":"0x1111","asset_id":"1001","side":"\(side)","original_size":"\(original)","size_matched":"\(matched)",\
        "price":"0.56","associate_trades":null,"outcome":"Yes","created_at":"1795132800","expiration":"0",\
        "order_type":"\(life)","status":"\(status)","maker_address":"0xnobody","timestamp":"1795132801010"}
        """
    }
}

@Suite("UserStream: link")
struct UserStreamLinkTests {
    @Test("opens, sends the API keys as they are in the first message, for all markets")
    func login() throws {
        let driver = try Driver()
        #expect(driver.stream.takeActions() == [.open(driver.link)])
        let actions = driver.open()
        guard case .send(_, let text) = try #require(actions.first), actions.count == 1 else {
            Issue.record("\(actions.count) actions")
            return
        }
        #expect(
            String(decoding: text, as: UTF8.self)
                == "{\"auth\":{\"apiKey\":\"\(Driver.apiKey)\",\"secret\":\"c2VjcmV0LW9mLXRoZS10ZXN0\","
                + "\"passphrase\":\"c0ffee\"},\"type\":\"user\",\"markets\":[]}")
    }

    @Test(
        "a gap is told when the link is up, and again when the subscription is surely in force; from the last frame on")
    func gaps() throws {
        let driver = try Driver()
        _ = driver.open()
        let start = driver.now
        #expect(driver.sink.gaps == [Driver.utc(start - 60_000_000_000)])
        driver.pass(.milliseconds(1_999))
        #expect(driver.sink.gaps.count == 1)
        driver.pass(.milliseconds(1))
        #expect(driver.sink.gaps.count == 2)
        driver.say("PONG")
        let last = driver.now
        driver.now += 20_000_000_000
        driver.stream.closed(driver.link, reason: "reset", at: driver.stamp, into: driver.sink)
        driver.now += 7_000_000_000
        _ = driver.open()
        #expect(driver.sink.gaps.last == Driver.utc(last - 60_000_000_000))
        #expect(driver.sink.codes == ["E_FEED_USER_DOWN"])
    }

    @Test("pings every ten seconds; a link without any frame for thirty is ended; PONG counts as a frame")
    func keepalive() throws {
        let driver = try Driver()
        _ = driver.open()
        driver.pass(.seconds(10))
        #expect(driver.stream.takeActions() == [.send(driver.link, text: Array("PING".utf8))])
        driver.say("PONG")
        driver.pass(.seconds(10))
        driver.pass(.seconds(10))
        #expect(driver.stream.takeActions().count == 2)
        driver.pass(.seconds(10))
        #expect(
            driver.stream.takeActions() == [.close(driver.link, reason: "no frame for 30000 ms")])
        #expect(driver.sink.codes.isEmpty)
    }

    @Test("a link that ends at once was refused: a pause of half a minute and more, growing; others come back soon")
    func refused() throws {
        let driver = try Driver()
        var pauses: [Int64] = []
        for _ in 0..<3 {
            _ = driver.open()
            driver.now += 100_000_000
            driver.stream.closed(driver.link, reason: "1006", at: driver.stamp, into: driver.sink)
            pauses.append(try #require(driver.stream.nextDeadline).rawValue - driver.now)
            driver.pass(.seconds(600))
            #expect(driver.stream.takeActions() == [.open(driver.link)])
        }
        #expect(driver.sink.codes == Array(repeating: "E_AUTH_USER_STREAM", count: 3))
        #expect(pauses[0] >= 15_000_000_000 && pauses[0] <= 30_000_000_000 && pauses[2] >= 60_000_000_000)
        // With an event it was no refusal.
        _ = driver.open()
        driver.say(Driver.order("LIVE"))
        driver.stream.closed(driver.link, reason: "1006", at: driver.stamp, into: driver.sink)
        #expect(try #require(driver.stream.nextDeadline).rawValue - driver.now <= 250_000_000)
        #expect(driver.sink.codes.last == "E_FEED_USER_DOWN")
        // A connection that did not come up at all is no refusal either.
        let down = try Driver()
        down.stream.closed(down.link, reason: "no route", at: down.stamp, into: down.sink)
        #expect(down.sink.codes == ["E_FEED_USER_DOWN"])
    }

    @Test("messages that cannot be read are told and make a gap; unknown kinds do not")
    func malformed() throws {
        let driver = try Driver()
        _ = driver.open()
        let before = driver.sink.gaps.count
        driver.say("{\"event_type\":\"order\",\"id\":\"0x1\"}")
        driver.say("<html>")
        driver.say(Driver.trade("MATCHED", size: "-1"))
        driver.say(Driver.trade("MATCHED", price: "1.2"))
        driver.say("{\"event_type\":\"trade\",\"event_type\":\"trade\",\"id\":\"a\",\"id\":\"b\"}")
        #expect(driver.sink.gaps.count == before + 5 && driver.stream.counters.malformed == 5)
        driver.say("{\"event_type\":\"novelty\"}")
        driver.say("[]")
        #expect(driver.sink.gaps.count == before + 5 && driver.stream.counters.unknown == 1)
        #expect(driver.sink.reports.isEmpty)
    }
}

@Suite("UserStream: orders and trades")
struct UserStreamTests {
    private func driver(known: KnownOrder? = nil) throws -> Driver {
        let driver = try Driver(known: known)
        _ = driver.open()
        return driver
    }

    private func qty(_ text: String) -> Quantity { (try? Quantity(decimal: text)) ?? .zero }

    /// An order that was prepared here: 21.04 shares, 11.7824 pUSD.
    private func known(_ side: Trading.Side = .buy, _ life: TimeInForce = .fok) throws -> KnownOrder {
        let order = NewOrder(
            clOrdID: ClOrdID(high: 5, low: 6), instrument: InstrumentID(0), outcome: .yes, side: side,
            orderQty: qty("21.04"), price: try Price(decimal: "0.56"), timeInForce: life)
        let money = BaseUnits(rawValue: 11_782_400), shares = BaseUnits(rawValue: 21_040_000)
        let amounts = side == .buy ? Amounts(maker: money, taker: shares) : Amounts(maker: shares, taker: money)
        return try #require(
            KnownOrder(
                SentOrder(
                    order: order, orderID: OrderID(Driver.hash), amounts: amounts, signed: MonotonicNanos(rawValue: 0)))
        )
    }

    @Test("a trade through its life: the fill once, then how firm it is; repeats and steps back say nothing")
    func lifecycle() throws {
        let driver = try driver()
        for (status, update) in [
            ("MATCHED", 1), ("MATCHED", 1), ("MINED", 4), ("MATCHED", 1), ("MATCHED", 5), ("RETRYING", 6), ("MINED", 5),
            ("MINED", 7),
            ("TRADE_STATUS_CONFIRMED", 9), ("MINED", 10), ("RETRYING", 11), ("CONFIRMED", 9),
        ] {
            driver.say(Driver.trade(status, update: 1_795_132_800 + update))
        }
        let id = ExecID("T1")
        #expect(
            driver.sink.events == [
                .fill(
                    Fill(
                        execID: id, lastQty: qty("21.04"), lastPx: try Price(decimal: "0.56"), fee: nil,
                        liquidity: .taker, settlement: .matched)), .settlement(id, .mined),
                .settlement(id, .retrying), .settlement(id, .mined), .settlement(id, .confirmed),
            ])
        #expect(driver.sink.reports.allSatisfy { $0.orderID == OrderID(Driver.hash) && $0.source == .stream })
        #expect(driver.stream.counters.repeats == 7)
    }

    @Test("FAILED voids; a final word against a final word is told, and both are passed on")
    func failed() throws {
        let driver = try driver()
        driver.say(Driver.trade("MATCHED"))
        driver.say(Driver.trade("FAILED"))
        #expect(driver.sink.events.last == .settlement(ExecID("T1"), .failed))
        driver.say(Driver.trade("CONFIRMED"))
        #expect(driver.sink.codes == ["E_FEED_USER_CONTRADICTION"])
        #expect(driver.sink.events.last == .settlement(ExecID("T1"), .confirmed))
        // Seen first when it had failed already: a fill that is void.
        driver.say(Driver.trade("FAILED", id: "T2"))
        guard case .fill(let fill) = try #require(driver.sink.events.last) else {
            Issue.record("a void fill")
            return
        }
        #expect(fill.settlement == .failed && fill.execID == ExecID("T2"))
    }

    @Test("one taker order in several trades: each a fill of that order")
    func several() throws {
        let driver = try driver()
        for (id, size) in [("T1", "5"), ("T2", "16.04")] { driver.say(Driver.trade("MATCHED", id: id, size: size)) }
        #expect(driver.sink.reports.map(\.orderID) == [OrderID(Driver.hash), OrderID(Driver.hash)])
        #expect(driver.stream.counters.trades == 2)
    }

    @Test("a taker's price is the mean of its makers, in its own token, rounded against us, where they add up")
    func makersPrices() throws {
        let driver = try driver()
        func makers(_ second: String) -> String {
            """
            [{"order_id":"0xa","owner":"x","maker_address":"0xz","matched_amount":"1","price":"0.55","asset_id":"1001"},\
            {"order_id":"0xb","owner":"x","maker_address":"0xz","matched_amount":"\(second)","price":"0.44","asset_id":"1002"}]
            """
        }
        driver.say(Driver.trade("MATCHED", id: "T1", size: "3", makers: makers("2")))
        driver.say(Driver.trade("MATCHED", id: "T2", size: "3", makers: makers("1")))
        let prices = driver.sink.events.compactMap { event -> Price? in
            if case .fill(let fill) = event { fill.lastPx } else { nil }
        }
        #expect(prices == [Price(rawValue: 55_666_667), Price(rawValue: 56_000_000)])
    }

    @Test(
        "a price that the venue has divided is cut at the eighth decimal; a limit may stand at an end, a trade may not")
    func divided() throws {
        let driver = try driver()
        driver.say(Driver.trade("MATCHED", price: "0.560003804123"))
        guard case .fill(let fill) = try #require(driver.sink.events.first) else {
            Issue.record("a fill")
            return
        }
        #expect(fill.lastPx == Price(rawValue: 56_000_380))
        driver.say(Driver.order("LIVE").replacingOccurrences(of: "\"0.56\"", with: "\"1\""))
        #expect(driver.sink.events.count == 2)
        for price in ["1", "0", "1.000000001", "-0.5", "5e-1", ".", "0.56000380412x"] {
            driver.say(Driver.trade("MATCHED", id: "T-\(price)", price: price))
        }
        #expect(driver.stream.counters.malformed == 7 && driver.sink.events.count == 2)
    }

    @Test("as maker our fill is our element, maybe on the other token; never the taker's size and price")
    func maker() throws {
        let driver = try driver()
        let makers = """
            [{"order_id":"0xAA","owner":"\(Driver.apiKey)","maker_address":"0x1","matched_amount":"5","price":"0.4",\
            "fee_rate_bps":"0","asset_id":"1002","outcome":"No","side":"BUY"},\
            {"order_id":"0xbb","owner":"other","maker_address":"0x2","matched_amount":"5","price":"0.35","asset_id":"1001"},\
            {"order_id":"0xAA","owner":"\(Driver.apiKey)","maker_address":"0x1","matched_amount":"2","price":"0.4",\
            "asset_id":"1002","outcome":"No"}]
            """
        driver.say(
            Driver.trade("MATCHED", size: "12", price: "0.6", owner: "someone", traderSide: "MAKER", makers: makers))
        let fills = driver.sink.events.compactMap { event -> Fill? in
            if case .fill(let fill) = event { fill } else { nil }
        }
        #expect(fills.map(\.execID.text) == ["T1/0xaa", "T1/0xaa#2"])
        #expect(fills.map(\.lastQty) == [qty("5"), qty("2")])
        #expect(fills.allSatisfy { $0.liquidity == .maker && $0.lastPx.rawValue == 40_000_000 })
        #expect(driver.sink.reports.allSatisfy { $0.orderID == OrderID("0xaa") })
    }

    @Test("what is another account's is told and not booked; the wallet's address is ours as the key is")
    func foreign() throws {
        let driver = try driver()
        driver.say(Driver.trade("MATCHED", owner: "someone"))
        driver.say(Driver.order("LIVE", owner: "someone"))
        #expect(driver.sink.reports.isEmpty)
        #expect(driver.sink.codes == ["E_FEED_USER_FOREIGN", "E_FEED_USER_FOREIGN"])
        let wallet = try GatewayHarness.account().wallet.address.checksummed.lowercased()
        driver.say(Driver.trade("MATCHED", owner: "another key", address: wallet))
        #expect(driver.sink.reports.count == 1)
    }

    @Test("resting orders: placed, filled in part, whole, cancelled with and without fills")
    func orders() throws {
        let driver = try driver()
        driver.say(Driver.order("LIVE", type: "PLACEMENT"))
        driver.say(Driver.order("LIVE", matched: "5"))
        driver.say(Driver.order("MATCHED", matched: "21.04"))
        driver.say(Driver.order("CANCELED", type: "CANCELLATION", matched: "5"))
        driver.say(Driver.order("ORDER_STATUS_CANCELED_MARKET_RESOLVED", type: "CANCELLATION", matched: "0"))
        driver.say(Driver.order("INVALID", type: "CANCELLATION", matched: "0"))
        driver.say(Driver.order("CANCELED", type: "CANCELLATION", matched: "21.04"))
        driver.say(Driver.order("DELAYED"))
        let none = Quantity.zero, all = qty("21.04")
        #expect(
            driver.sink.events == [
                .summary(OrderSummary(standing: .working, cumQty: none, leavesQty: all)),
                .summary(OrderSummary(standing: .working, cumQty: qty("5"), leavesQty: qty("16.04"))),
                .summary(OrderSummary(standing: .filled, cumQty: all, leavesQty: none)),
                .summary(OrderSummary(standing: .cancelled, cumQty: qty("5"), leavesQty: none, reason: "CANCELED")),
                .summary(
                    OrderSummary(
                        standing: .cancelled, cumQty: none, leavesQty: none, reason: "CANCELED_MARKET_RESOLVED")),
                .summary(OrderSummary(standing: .cancelled, cumQty: none, leavesQty: none, reason: "INVALID")),
                .summary(OrderSummary(standing: .filled, cumQty: all, leavesQty: none)),
                .summary(OrderSummary(standing: .delayed, cumQty: none, leavesQty: nil)),
            ])
        driver.say(Driver.order("SOMETHING"))
        #expect(driver.sink.events.count == 8 && driver.sink.codes == ["E_FEED_USER_WORD"])
        driver.say(Driver.trade("SOMETHING"))
        #expect(driver.sink.codes == ["E_FEED_USER_WORD", "E_FEED_USER_WORD"])
    }

    @Test("a FOK or FAK buy is told as a budget: its sums are not taken for shares, known or not")
    func budgets() throws {
        let stranger = try driver()
        stranger.say(Driver.order("MATCHED", original: "12", matched: "12", life: "FOK"))
        stranger.say(Driver.order("MATCHED", original: "12", matched: "6", life: "FAK"))
        let killed = "CANCELED_order couldn't be fully filled. FOK orders are fully filled or killed."
        stranger.say(Driver.order(killed, type: "CANCELLATION", original: "12", matched: "", life: "FOK"))
        #expect(
            stranger.sink.events == [
                .summary(OrderSummary(standing: .cancelled, cumQty: .zero, leavesQty: .zero, reason: killed))
            ], "what matched beside a budget may be shares: it is no proof that the budget is spent")
        let ours = try driver(known: known())
        ours.say(Driver.order("MATCHED", original: "11.7824", matched: "11.7824", life: "FOK"))
        ours.say(Driver.order("MATCHED", original: "21.04", matched: "21.04", life: "FOK"))
        ours.say(Driver.order("MATCHED", original: "21040000", matched: "21040000", life: "FOK"))
        #expect(
            ours.sink.events == [
                .summary(OrderSummary(standing: .filled, cumQty: qty("21.04"), leavesQty: .zero)),
                .summary(OrderSummary(standing: .filled, cumQty: qty("21.04"), leavesQty: .zero)),
            ])
        #expect(ours.sink.reports.allSatisfy { $0.clOrdID == ClOrdID(high: 5, low: 6) })
        // Neither of our numbers in either unit: not our order, or a unit that is not documented.
        ours.say(Driver.order("MATCHED", original: "22", matched: "22", life: "FOK"))
        #expect(ours.sink.events.count == 2 && ours.sink.codes == ["E_WIRE_POLYMARKET_SIZE"])
    }

    @Test("what is remembered is bounded: the oldest fill is told anew, which the books join")
    func bounded() throws {
        var settings = UserStreamSettings()
        settings.fillsMax = 4
        let driver = try Driver(settings: settings)
        _ = driver.open()
        for id in 0..<6 { driver.say(Driver.trade("MATCHED", id: "T\(id)")) }
        #expect(driver.stream.firmness.count == 4)
        driver.say(Driver.trade("MATCHED", id: "T5"))
        #expect(driver.sink.events.count == 6)
        driver.say(Driver.trade("MATCHED", id: "T0"))
        #expect(driver.sink.events.count == 7 && driver.stream.firmness.count == 4)
    }

    @Test(
        "every sample of the channel is read: orders and trades of three years, some without a word for their kind",
        .enabled(if: Vectors.areThere))
    func samples() throws {
        let lines = try #require(Vectors.text("ws_samples_user_messages.jsonl")).split(separator: "\n")
        #expect(lines.count >= 10)
        let driver = try driver()
        for line in lines { driver.say(String(line)) }
        // Some are of the wallet that the tests' published key has, which the fixtures used too.
        let counters = driver.stream.counters
        #expect(counters.malformed == 0, "\(driver.sink.notices.map(\.text))")
        #expect(counters.orders == 5 && counters.trades == 1 && counters.unknown == 0, "\(counters)")
        #expect(counters.foreign + 6 == UInt64(lines.count))
    }
}
