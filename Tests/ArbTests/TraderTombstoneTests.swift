import Arb
import Risk
import Testing
import Trading

/// A venue that takes one order of an id, whichever comes first, and whose lists lag by a second.
private final class OneOfAnID {
    private(set) var taken: (order: NewOrder, at: Int64)?
    private(set) var refused = 0

    /// - Returns: true when it was taken.
    func arrive(_ order: NewOrder, at now: Int64) -> Bool {
        guard taken == nil else {
            refused += 1
            return false
        }
        taken = (order, now)
        return true
    }

    func summary(_ order: NewOrder) -> OrderSummary {
        order.purpose == .tombstone
            ? OrderSummary(standing: .cancelled, cumQty: .zero, leavesQty: .zero)
            : OrderSummary(
                standing: .filled, cumQty: order.orderQty, leavesQty: .zero, cumCash: Stage.dollars("4"), fee: .zero)
    }

    func rows(at now: Int64, _ clOrdID: ClOrdID) -> [VenueOrder] {
        guard let taken, now - taken.at >= 1_000, taken.order.clOrdID == clOrdID else { return [] }
        let order = taken.order
        return [
            VenueOrder(
                orderID: OrderID("v-\(order.purpose.rawValue)"), clOrdID: clOrdID, symbol: "K-p",
                outcome: order.outcome, side: .buy, price: order.price, orderQty: order.orderQty,
                summary: summary(order), createdAt: nil)
        ]
    }
}

@Suite("The trader: tombstones, and tombstones that are lost themselves")
struct TraderTombstoneTests {
    /// When the original comes to the venue: never, at once, or late: after so many tries of its tombstone.
    enum Original: CaseIterable {
        case lost, arrived, late1, late2, late3
        var after: Int? {
            switch self {
            case .lost, .arrived: nil
            case .late1: 1
            case .late2: 2
            case .late3: 3
            }
        }
    }

    /// What becomes of one try of the tombstone; late: it arrives after the next try.
    enum Try: CaseIterable { case lost, arrived, replyLost, late, throttled }

    static let stories: [(Original, [Try])] = Original.allCases.flatMap { original in
        Try.allCases.flatMap { first in
            Try.allCases.flatMap { second in Try.allCases.map { (original, [first, second, $0]) } }
        }
    }

    static func stone(_ order: NewOrder) -> NewOrder {
        NewOrder(
            clOrdID: order.clOrdID, instrument: order.instrument, outcome: .yes, side: .buy,
            orderQty: Stage.contracts(1), price: Stage.cents(1), purpose: .tombstone)
    }

    private func rig(maxAge: Int64 = 60) throws -> TraderStage {
        let rig = try TraderStage { $0.resolver.tombstoneMaxAge = .seconds(maxAge) }
        rig.accounts.stone = { order, sentAt, now in
            now - sentAt <= .seconds(maxAge) && order.purpose != .tombstone ? Self.stone(order) : nil
        }
        rig.polymarket.will(.says(TraderStage.filled(10, 50)))
        rig.kalshi.will(.says(.unknown(.timeout)), .waits, .waits, .waits, .waits, .waits)
        return rig
    }

    /// The venue's lists, as they are read for an order.
    private func answer(_ rig: TraderStage, _ venue: OneOfAnID, _ now: Int64) {
        for inquiry in rig.accounts.takeAsked() where inquiry.venue == .kalshi {
            let rows = venue.rows(at: now, inquiry.order.clOrdID)
            let stone = inquiry.tombstone ?? Self.stone(inquiry.order)
            let originals = rows.filter { $0.price != stone.price || $0.orderQty != stone.orderQty }
            let orders = inquiry.tombstone == nil ? originals : rows
            rig.sync()
            if !orders.isEmpty { rig.trader.answered(.listed(orders, .kalshi), at: rig.stage.now) }
            let finding: UnknownResolver.Finding? =
                rows.isEmpty
                ? .nothing(inquiry.question, askedAt: rig.stage.now.monotonic)
                : originals.isEmpty ? .onlyTombstoneListed : nil
            if let finding {
                rig.trader.answered(.finding(finding, of: inquiry.order.clOrdID, at: .kalshi), at: rig.stage.now)
            }
        }
    }

    /// What the trader was last told of an order under that name.
    private func state(_ rig: TraderStage, _ clOrdID: ClOrdID, isTombstone: Bool) -> OrderState? {
        rig.events.all.compactMap { event -> OrderState? in
            guard case .heard(let heard) = event, heard.clOrdID == clOrdID, heard.isTombstone == isTombstone else {
                return nil
            }
            return heard.state
        }.last
    }

    private func play(_ original: Original, _ tries: [Try]) throws {
        let rig = try rig()
        let venue = OneOfAnID()
        rig.edge()
        let order = try #require(rig.kalshi.sent.first)
        if original == .arrived { _ = venue.arrive(order, at: 0) }
        var (seen, now) = (1, Int64(0))
        var late: [NewOrder] = []
        let patience = 120
        for _ in 0..<patience where rig.trader.unknownLegs > 0 {
            now += 250
            rig.wait(250)
            answer(rig, venue, now)
            rig.step()
            guard rig.kalshi.sent.count > seen, rig.trader.unknownLegs > 0 else { continue }
            seen += 1
            let stone = rig.kalshi.sent[seen - 1]
            try #require(stone.purpose == .tombstone && stone.clOrdID == order.clOrdID, "law 1: nothing else leaves")
            let number = seen - 1
            let arriving = late
            late = []
            var outcome = LegReport.Outcome.unknown(.timeout)
            switch number <= tries.count ? tries[number - 1] : .arrived {
            case .lost: break
            case .late: late.append(stone)
            case .throttled: outcome = .rejected(VenueRejection(.throttled, status: 429, code: ""))
            case .replyLost: _ = venue.arrive(stone, at: now)
            case .arrived:
                outcome =
                    venue.arrive(stone, at: now)
                    ? .accepted(venue.summary(stone))
                    : .rejected(VenueRejection(.duplicate, status: 409, code: "order_already_exists"))
            }
            for stone in arriving { _ = venue.arrive(stone, at: now) }
            if original.after == number { _ = venue.arrive(order, at: now) }
            rig.kalshi.answer(outcome)
            rig.step()
        }
        let story: Comment = "\(original) \(tries)"
        #expect(rig.trader.unknownLegs == 0, story)
        // What comes after all changes nothing.
        if let after = original.after, after >= seen { _ = venue.arrive(order, at: now) }
        let told = try #require(state(rig, order.clOrdID, isTombstone: false), story)
        let isTaken = venue.taken?.order == order
        #expect(told.isDone && told.cumQty == (isTaken ? Stage.contracts(10) : .zero), story)
        #expect(venue.taken != nil, "known without a proof: \(original) \(tries)")
        if seen > 1 {
            let stone = try #require(state(rig, order.clOrdID, isTombstone: true), story)
            #expect(stone.isDone && stone.cumQty == .zero && stone.anomalies.isEmpty, story)
        }
        #expect(told.anomalies.isEmpty && !rig.events.alerts.contains { $0.code == "E_EXEC_ANOMALY" }, story)
        #expect(rig.journal.intents.count { $0.role == .tombstone } == min(1, seen - 1), "recorded once")
        #expect(rig.journal.withdrawn.isEmpty, story)
    }

    @Test("every interleaving of an original and three tries of its tombstone ends, in the truth, nothing twice")
    func interleavings() throws {
        for (original, tries) in Self.stories { try play(original, tries) }
    }

    @Test("a tombstone that is never answered leaves it unknown: no proof, no order; the operator's word ends both")
    func neverAnswered() throws {
        let rig = try rig(maxAge: 8)
        let venue = OneOfAnID()
        rig.edge()
        let order = try #require(rig.kalshi.sent.first)
        var seen = 1
        for step in 1...80 {
            rig.wait(250)
            answer(rig, venue, Int64(step) * 250)
            rig.step()
            guard rig.kalshi.sent.count > seen else { continue }
            seen += 1
            rig.kalshi.answer(.unknown(.timeout))
            rig.step()
        }
        #expect(seen > 2 && seen < 9 && rig.trader.unknownLegs == 1, "as long as ids are trusted, and not after")
        #expect(rig.kalshi.sent.dropFirst().allSatisfy { $0.purpose == .tombstone })
        rig.sync()
        #expect(rig.trader.assumeUnfilled(order.clOrdID.description, by: "test", at: rig.stage.now) == nil)
        rig.step()
        #expect(rig.trader.unknownLegs == 0 && state(rig, order.clOrdID, isTombstone: true)?.isDone == true)
    }

    private func adopted(_ order: NewOrder, _ role: OrderRole, _ venue: VenueID, age: Int64?, isDone: Bool = false)
        -> AdoptedOrder
    {
        var state = OrderState(order)
        if isDone, case .accepted(let whole) = TraderStage.filled(10, 50) { state.apply(.summary(whole)) }
        return AdoptedOrder(
            execution: ExecutionID(run: 0, sequence: 5), role: role, pair: PairID("p"), venue: venue,
            symbol: venue == .kalshi ? "K-p" : "0xp", orderID: nil, state: state, booked: .zero,
            intended: age.map { UTCNanos(rawValue: Stage.start.utc.rawValue - $0 * 1_000_000_000) })
    }

    @Test(
        "killed while both are unknown: the restart sends the recorded tombstone again, unless ids are not trusted any more",
        arguments: [5, 120, -60])
    func restart(age: Int64) throws {
        let rig = try TraderStage(isStarted: false) { $0.resolver.tombstoneMaxAge = .seconds(60) }
        rig.accounts.stone = { order, sentAt, now in now - sentAt <= .seconds(60) ? Self.stone(order) : nil }
        let order = NewOrder(
            clOrdID: ClOrdID(prefix: 0xABCD_1234, run: 0, sequence: 1), instrument: InstrumentID(0), outcome: .yes,
            side: .buy, orderQty: Stage.contracts(10), price: Stage.cents(40))
        var other = order
        other.clOrdID = ClOrdID(prefix: 0xABCD_1234, run: 0, sequence: 2)
        other.outcome = .no
        rig.sync()
        rig.trader.adopt(
            [
                adopted(order, .leg, .kalshi, age: age),
                adopted(other, .leg, .polymarket, age: age, isDone: true),
                adopted(Self.stone(order), .tombstone, .kalshi, age: age),
            ], profitToday: .zero, at: rig.stage.now)
        try rig.begin()
        rig.kalshi.will(.waits, .waits)
        let venue = OneOfAnID()
        let asked = try #require(rig.accounts.asked.first { $0.venue == .kalshi })
        let past = rig.stage.now.utc - asked.sentAt.utc
        #expect(past == (age < 0 ? .seconds(86_400) : .seconds(age)), "looked for where it may be")
        for step in 1...20 {
            rig.wait(250)
            answer(rig, venue, Int64(step) * 250)
            rig.step()
        }
        guard age == 5 else {
            #expect(rig.kalshi.sent.isEmpty && rig.trader.unknownLegs == 1)
            return
        }
        #expect(rig.kalshi.sent.map(\.purpose) == [.tombstone] && rig.journal.intents.isEmpty, "it is on record")
        rig.kalshi.answer(.accepted(venue.summary(Self.stone(order))))
        rig.step()
        #expect(rig.trader.unknownLegs == 0 && state(rig, order.clOrdID, isTombstone: false)?.cumQty == .zero)
    }
}
