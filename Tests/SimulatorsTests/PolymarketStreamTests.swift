import Foundation
import Server
import Signing
import Testing
import Trading
import Transport

@testable import Polymarket
@testable import Simulators

/// Applies what the private stream says to the books of one order.
private final class OrderBooks: OrderSink {
    var states: [OrderID: OrderState] = [:]
    var gaps = 0
    var notices: [FeedNotice] = []

    func apply(_ report: ExecutionReport) {
        guard let id = report.orderID else { return }
        states[id]?.apply(report.event)
    }
    func apply(_ position: VenuePosition) {}
    func gap(_ venue: VenueID, since: UTCNanos) { gaps += 1 }
    func note(_ notice: FeedNotice) { notices.append(notice) }
}

@Suite("Polymarket's private stream from the loopback venue")
struct PolymarketStreamTests {

    @Test(
        "whatever comes twice, late or in another order, the books of every order end at the venue's truth",
        arguments: 1...16)
    func truth(seed: UInt64) throws {
        let desk = try PolymarketDesk(seed: seed)
        desk.turn.faults = FaultPlan(
            seed: seed,
            [
                .init(.duplicateEvent, .polymarket, nil, .perMillion(300_000)),
                .init(.reorderedEvents, .polymarket, nil, .perMillion(300_000)),
                .init(.failedTrade, .polymarket, nil, .perMillion(200_000)),
                .init(.retryingTrade, .polymarket, nil, .perMillion(200_000)),
            ])
        desk.listen()
        let books = OrderBooks()
        let stream = try stream(desk)
        let token = desk.world.pairs[0].yesToken
        for turn in 0..<6 {
            let best = try desk.best(0)
            // A taker by budget, a maker that the crowd comes to, and one that is cancelled.
            let cash = 5_000_000 + turn * 1_000_000
            let shares = cash * 100 / 99 / 100 * 100
            let taker = try desk.body(token, .buy, making: cash, taking: shares, .ioc)
            try place(desk, books, taker, budget: cash, shares: shares, price: 9_900, .ioc)
            let maker = try desk.order(token, .buy, price: best.bid, size: 1_000, .gtc(isPostOnly: true))
            try place(desk, books, maker, budget: nil, shares: 10_000_000, price: best.bid, .gtc)
            desk.world.setCrowd(
                0, venue: 1, isBid: false, price: best.bid / 10, size: 400, at: desk.turn.now, desk.turn.tell)
            desk.pass(1_000_000_000)
            _ = desk.send("DELETE", "/order", Array(#"{"orderID":"\#(maker.id)"}"#.utf8))
            desk.pass(1_000_000_000)
        }
        desk.pass(120_000_000_000)
        try feed(desk, stream, books)

        let ledger = desk.turn.ledger
        #expect(books.states.count >= 6 && books.notices.map(\.code).filter { $0 != "E_FEED_USER_FOREIGN" }.isEmpty)
        var filled = 0
        for (id, state) in books.states {
            let mine = ledger.events.filter { $0.orderID == id.text && $0.account == "ours" }
            let matched = mine.filter { $0.kind == .filled }.reduce(0) { $0 + $1.quantity }
            let void = mine.filter { $0.kind == .failed }.reduce(0) { $0 + $1.quantity }
            #expect(state.cumQty.rawValue == Int64(matched - void) * 100, "\(id) \(state.anomalies.words)")
            #expect(state.isDone, "\(id) \(state.anomalies.words)")
            filled += matched
        }
        #expect(filled > 0)
    }

    private func stream(_ desk: PolymarketDesk) throws -> Polymarket.UserStream {
        let keys = try #require(desk.trading.credentials(desk.key.address.checksummed))
        func secret(_ text: String) -> Secret { Array(text.utf8).withUnsafeBytes { Secret($0) } }
        return Polymarket.UserStream(
            account: TradingAccount(
                key: desk.key, wallet: desk.wallet,
                keys: ApiKeys(apiKey: keys.key, secret: secret(keys.secret), passphrase: secret(keys.passphrase))))
    }

    private func place(
        _ desk: PolymarketDesk, _ books: OrderBooks, _ body: (bytes: [UInt8], id: String), budget: Int?, shares: Int,
        price: Int, _ life: TimeInForce
    ) throws {
        let order = NewOrder(
            clOrdID: ClOrdID(prefix: 1, run: 1, sequence: UInt64(books.states.count)), instrument: InstrumentID(0),
            outcome: .yes, side: .buy, orderQty: Quantity(rawValue: Int64(shares) * 100),
            price: try #require(Price(rawValue: Int64(price) * 10_000)),
            cashOrderQty: budget.map { Money(rawValue: Int64($0) * 100) }, timeInForce: life)
        let answer = desk.send("POST", "/order", body.bytes)
        guard answer.status == 200 else { return }
        var state = OrderState(order)
        state.apply(.sent)
        // The answer to the order, as the gateway reads it.
        let signed = Amounts(
            maker: BaseUnits(rawValue: UInt64(budget ?? shares * price / 10_000)),
            taker: BaseUnits(rawValue: UInt64(shares)))
        let sent = SentOrder(
            order: order, orderID: OrderID(body.id), amounts: signed, signed: MonotonicNanos(rawValue: 0))
        let wire = GatewayAnswer.of(answer.body)
        state.apply(OutcomePolicy().verdict(wire, of: sent).report(sent).event)
        books.states[OrderID(body.id)] = state
    }

    /// Every frame of the channel, in the order of its arrival.
    private func feed(_ desk: PolymarketDesk, _ stream: Polymarket.UserStream, _ books: OrderBooks) throws {
        let link = UserStreamSettings().link
        stream.opened(link, at: stamp(0), into: books)
        for frame in desk.frames {
            let bytes = try JSONSerialization.data(withJSONObject: frame.object)
            bytes.withUnsafeBytes {
                stream.received(link, RawSpan(_unsafeBytes: $0), at: stamp(frame.at), into: books)
            }
        }
    }

    private func stamp(_ now: Int64) -> Stamp {
        Stamp(monotonic: MonotonicNanos(rawValue: now), utc: UTCNanos(rawValue: VirtualDrive.base + now))
    }
}

/// An answer of status 200 as the connection would have brought it.
private enum GatewayAnswer {
    static func of(_ body: [UInt8]) -> WireOutcome {
        .answered(
            WireAnswer(
                status: 200, contentType: "application/json", retryAfter: nil, date: nil, body: body,
                sent: MonotonicNanos(rawValue: 1), acked: MonotonicNanos(rawValue: 2)))
    }
}
