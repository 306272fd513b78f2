import Testing
import Trading

/// What realistic orders are told, as sets of events: the tests tell them in every order.
struct OrderStory: Sendable, CustomTestStringConvertible {
    let name: String
    let order: NewOrder
    let events: [OrderEvent]

    init(_ name: String, _ order: NewOrder, _ events: [OrderEvent]) {
        self.name = name
        self.order = order
        self.events = events
    }

    var testDescription: String { name }

    static func qty(_ hundredths: Int64) -> Quantity { Quantity(rawValue: hundredths * 1_000_000) }
    static func px(_ cents: Int64) -> Price { Price(rawValue: cents * 1_000_000) ?? .zero }

    static func order(
        _ hundredths: Int64 = 1_000, at cents: Int64 = 44, _ timeInForce: TimeInForce = .ioc, side: Side = .buy,
        budget: Int64? = nil
    ) -> NewOrder {
        NewOrder(
            clOrdID: ClOrdID(prefix: 7, run: 1, sequence: 1), instrument: InstrumentID(0), outcome: .yes, side: side,
            orderQty: qty(hundredths), price: px(cents),
            cashOrderQty: budget.map { Money(rawValue: $0 * 1_000_000) }, timeInForce: timeInForce)
    }

    static func fill(
        _ name: String, _ hundredths: Int64, _ cents: Int64 = 44, fee: Int64? = 1, _ settlement: Settlement = .confirmed
    ) -> OrderEvent {
        .fill(
            Fill(
                execID: ExecID(name), lastQty: qty(hundredths), lastPx: px(cents),
                fee: fee.map { Money(rawValue: $0 * 1_000_000) }, liquidity: .taker, settlement: settlement))
    }

    static func summary(
        _ standing: OrderSummary.Standing, _ cum: Int64? = nil, leaves: Int64? = nil, avg: Int64? = nil,
        cash: Int64? = nil, fee: Int64? = nil, feeMax: Int64? = nil, reason: String = ""
    ) -> OrderEvent {
        .summary(
            OrderSummary(
                standing: standing, cumQty: cum.map(qty), leavesQty: leaves.map(qty), avgPx: avg.map(px),
                cumCash: cash.map { Money(rawValue: $0 * 1_000_000) },
                fee: fee.map { Money(rawValue: $0 * 1_000_000) },
                feeMax: feeMax.map { Money(rawValue: $0 * 1_000_000) }, reason: reason))
    }

    static func refused(_ kind: VenueRejection.Kind, _ code: String = "x") -> OrderEvent {
        .rejected(VenueRejection(kind, status: 409, code: code))
    }

    static let all: [OrderStory] = [
        OrderStory(
            "acknowledged, two fills, the rest cancelled", order(.init(1_000), at: 44, .gtc),
            [
                .sent, summary(.working, 0, leaves: 1_000), fill("a", 300), fill("b", 400, 43),
                summary(.working, 300, leaves: 700, avg: 44), summary(.cancelled, 700, leaves: 0, reason: "cancel"),
            ]),
        OrderStory(
            "reply lost, found on the stream", order(),
            [.sent, .unknown(.timeout), fill("a", 400), fill("b", 600), summary(.filled, 1_000, leaves: 0)]),
        OrderStory(
            "reply after the stream", order(),
            [
                .sent, fill("a", 400), summary(.cancelled, 400, leaves: 0, avg: 44, fee: 2),
                summary(.cancelled, 400, leaves: 0, reason: "ioc"), .unknown(.timeout),
            ]),
        OrderStory(
            "a mean fee before the fees", order(),
            [
                .sent, summary(.cancelled, 700, leaves: 0, avg: 44, feeMax: 3), fill("a", 400), fill("b", 300),
                summary(.cancelled, 700, leaves: 0, fee: 2),
            ]),
        OrderStory(
            "FOK killed and nothing more", order(1_000, at: 44, .fok),
            [.sent, refused(.unfilled), summary(.cancelled, 0, leaves: 0)]),
        OrderStory(
            "delayed, then matched", order(1_000, at: 44, .fok),
            [
                .sent, summary(.delayed), .unknown(.timeout), summary(.filled, 1_000, cash: 440),
                fill("t", 1_000, 44, fee: nil, .matched), .settlement(ExecID("t"), .confirmed),
            ]),
        OrderStory(
            "delayed, then nothing to match", order(1_000, at: 44, .fok),
            [.sent, summary(.delayed), .unknown(.timeout), summary(.cancelled, 0), refused(.unfilled)]),
        OrderStory(
            "matched, mined, failed", order(1_000, at: 44, .fok),
            [
                .sent, summary(.filled, 1_000, cash: 440), fill("t", 1_000, 44, fee: nil, .matched),
                .settlement(ExecID("t"), .mined), .settlement(ExecID("t"), .retrying),
                .settlement(ExecID("t"), .failed),
            ]),
        OrderStory(
            "of two fills one fails", order(1_000, at: 44, .gtc),
            [
                .sent, summary(.working, 0), fill("t", 400, 44, .matched), fill("u", 600, 44, .matched),
                .settlement(ExecID("t"), .failed), .settlement(ExecID("u"), .confirmed), summary(.filled, 1_000),
            ]),
        OrderStory(
            "unknown, then found done", order(),
            [.sent, .unknown(.connectionLost("reset")), summary(.cancelled, 250, leaves: 0, avg: 44), fill("a", 250)]),
        OrderStory(
            "unknown, then proved never to have entered", order(),
            [.sent, .unknown(.serverError(503)), .unknown(.timeout), .cannotEnter("tombstone 201")]),
        OrderStory(
            "409 of a used id, then found", order(1_000, at: 44, .gtc),
            [.sent, .unknown(.timeout), refused(.duplicate), summary(.working, 0, leaves: 1_000), fill("a", 1_000)]),
        OrderStory(
            "a cancel races with a fill", order(1_000, at: 44, .gtc),
            [
                .sent, summary(.working, 0, leaves: 1_000), summary(.cancelled, 0, leaves: 0, reason: "cancel"),
                fill("a", 1_000), summary(.filled, 1_000, leaves: 0),
            ]),
        OrderStory(
            "refused, and yet filled", order(),
            [.sent, refused(.balance), fill("a", 400), summary(.cancelled, 400, leaves: 0)]),
        OrderStory(
            "never sent, and yet filled", order(),
            [.notSent(LocalRefusal(.noConnection, "no connection")), .sent, fill("a", 400), .unknown(.restart)]),
        OrderStory(
            "more than asked", order(),
            [.sent, summary(.filled, 1_000), fill("a", 900), fill("b", 300, 45), fill("c", 100, 43)]),
        OrderStory(
            "one fill told in two ways", order(),
            [.sent, fill("a", 500), fill("a", 600), fill("a", 500, 45, fee: 3), summary(.cancelled, 500)]),
        OrderStory(
            "called final and void", order(1_000, at: 44, .fok),
            [
                .sent, fill("t", 1_000, 44, .matched), .settlement(ExecID("t"), .failed),
                .settlement(ExecID("t"), .confirmed), .settlement(ExecID("t"), .mined),
            ]),
        OrderStory(
            "a budget buys more than planned", order(2_104, at: 56, .ioc, budget: 1_178),
            [
                .sent, summary(.filled, 2_200, cash: 1_178), fill("t", 1_200, 53, fee: nil, .matched),
                fill("u", 1_000, 54, fee: nil, .matched), .settlement(ExecID("t"), .mined),
            ]),
        OrderStory(
            "a good-till order whose time runs out", order(1_000, at: 44, .gtd(UTCNanos(rawValue: 9)), side: .sell),
            [.sent, summary(.working, 0), fill("a", 100, 45), summary(.expired, 100), summary(.cancelled, 100)]),
    ]
}
