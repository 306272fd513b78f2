import Arb
import Glibc
import Simulators
import Testing
import Threading
import Trading
import Transport

@testable import Polymarket

/// Faults by their ids, each brought about at the loopback venue over TLS; what our books say at the end is set beside the
/// venue's truth.
@Suite("Polymarket's faults by id, from the wire to the truth ledger", .serialized)
struct PolymarketCatalogueTests {
    /// An order and what was learned of it.
    private struct Known {
        let order: NewOrder
        let id: OrderID
        var state: OrderState
    }

    private func send(_ floor: PolymarketFloor, _ order: NewOrder) async throws -> (known: Known, report: LegReport) {
        let (slot, report) = try await floor.send(order)
        var known = Known(order: order, id: try #require(slot.orderID), state: OrderState(order))
        for event in [.sent, report.event] as [OrderEvent] { known.state.apply(event) }
        return (known, report)
    }

    private func read(_ floor: PolymarketFloor, _ known: inout Known) async throws {
        let found = try await floor.account.find(known.id, market: floor.contract.symbol, sent: floor.start)
        for event in found.events { known.state.apply(event) }
    }

    private func expectTruth(_ known: Known, _ floor: PolymarketFloor, _ comment: String) {
        SimulatorsTests.expectTruth(known.state, floor.venues, named: known.id.text, comment)
    }

    private func differences(_ known: [Known], _ floor: PolymarketFloor) async throws -> [Difference] {
        var ours = OurAccount(venue: .polymarket, prefix: 7)
        ours.orders = known.map {
            OurAccount.Order(
                orderID: $0.id, symbol: floor.contract.symbol, state: $0.state, sentAt: floor.start,
                heardAt: floor.start)
        }
        ours.positions = known.map {
            VenuePosition(
                venue: .polymarket, symbol: floor.contract.symbol, token: floor.contract.tokens?.yes ?? "",
                outcome: .yes, quantity: $0.state.cumQty)
        }
        let snapshot = try await floor.account.snapshot(since: floor.start, now: NanoClock.utc())
        var settings = Drift.Settings()
        settings.lag = .zero
        return Drift.differences(ours, snapshot, since: floor.start, settings: settings)
    }

    @Test(
        "V10: the grid has changed since the terms were read: the venue refuses by its own words, and nothing is placed"
    )
    func grid() async throws {
        let floor = try await PolymarketFloor(
            [.init(.tickChange, .polymarket, "create", .nth(1))], pair: 1, step: "0.001")
        defer { floor.stop() }
        let order = try floor.order(.buy, "10", at: "0.111", budget: nil, .gtc)
        let (known, report) = try await send(floor, order)
        #expect(word(report.outcome) == "rejected price", "\(report.outcome)")
        expectTruth(known, floor, "V10")
    }

    @Test(
        "V13, V14: a fill overtakes the cancel, or the cancel is told of no such order: neither says that it did not fill",
        arguments: [FaultKind.cancelRace, .cancelNotFound])
    func cancels(kind: FaultKind) async throws {
        let floor = try await PolymarketFloor([.init(kind, .polymarket, "cancel", .nth(1))])
        defer { floor.stop() }
        let order = try floor.order(.buy, "10", at: "0.01", budget: nil, .gtc, isPostOnly: true)
        var (known, _) = try await send(floor, order)
        let ref = OrderRef(instrument: floor.instrument, orderID: known.id)
        guard case .notLive = await floor.gateway.cancel(ref, deadline: floor.deadline) else {
            Issue.record("the cancel was not refused")
            return
        }
        #expect(!known.state.isDone)
        try await read(floor, &known)
        if kind == .cancelRace {
            #expect(known.state.ordStatus == .filled)
        } else {
            #expect(known.state.ordStatus == .new)
            #expect(await floor.gateway.cancel(ref, deadline: floor.deadline) == .cancelled(nil))
        }
        expectTruth(known, floor, kind.rawValue)
    }

    @Test(
        "V31, V32: lists that are empty, that loop or that lack a row: no read, or a difference; never a fill less",
        arguments: [FaultKind.emptyList, .cursorLoop, .droppedRow])
    func lists(kind: FaultKind) async throws {
        let floor = try await PolymarketFloor([.init(kind, .polymarket, "trades", .nth(1))])
        defer { floor.stop() }
        var (known, _) = try await send(floor, floor.order())
        let before = known.state.cumQty
        if kind == .cursorLoop {
            await #expect(throws: AccountFault.self) { try await floor.account.fills(since: floor.start) }
        } else {
            let short = try await floor.account.fills(since: floor.start)
            let whole = try await floor.account.fills(since: floor.start)
            #expect(kind == .emptyList ? short.isEmpty : short.count < whole.count)
            for fill in short where fill.orderID == known.id { known.state.apply(.fill(fill.fill)) }
        }
        #expect(known.state.cumQty == before)
        expectTruth(known, floor, "\(kind.rawValue), short")
        try await read(floor, &known)
        expectTruth(known, floor, "\(kind.rawValue), whole")
        #expect(known.state.unexplainedQty == .zero)
    }

    @Test("V35: the venue's clock is ten minutes off: refused as authentication, and nothing is placed")
    func clock() async throws {
        let floor = try await PolymarketFloor()
        defer { floor.stop() }
        let (before, _) = try await send(floor, floor.order())
        floor.venues.setClock(offset: .seconds(600))
        let (known, report) = try await send(floor, floor.order())
        #expect(word(report.outcome).hasPrefix("rejected"), "\(report.outcome)")
        for known in [before, known] { expectTruth(known, floor, "V35") }
        #expect(floor.venues.truth(of: known.id.text).taken == 0)
    }

    @Test(
        "V36: shares appear that no order of ours explains: shown, the pair's position differs, our order is what it was"
    )
    func byHand() async throws {
        let floor = try await PolymarketFloor([.init(.foreignTrade, .polymarket, "create", .nth(1))], shares: 0)
        defer { floor.stop() }
        var (known, _) = try await send(floor, floor.order())
        try await read(floor, &known)
        expectTruth(known, floor, "V36")
        let found = try await eventually {
            try await differences([known], floor)
        } until: {
            $0.contains { $0.kind == .position }
        }
        let position = try #require(found.first { $0.kind == .position })
        #expect(!position.isExplained && position.severity == .critical)
        #expect(position.text.contains("no order follows from it"))
    }

    @Test(
        "V37: the key is revoked in session: refused, entries end until an operator mends it, what is held stays booked"
    )
    func revoked() async throws {
        let floor = try await PolymarketFloor([.init(.keyRevoked, .polymarket, "create", .nth(2))])
        defer { floor.stop() }
        let (held, _) = try await send(floor, floor.order())
        let (refused, report) = try await send(floor, floor.order())
        #expect(word(report.outcome) == "rejected authentication")
        let entry = try floor.order()
        do throws(LocalRefusal) {
            _ = try floor.gateway.prepare(entry, at: NanoClock().now())
            Issue.record("an entry after the key was revoked")
        } catch { #expect(error.kind == .blocked, "\(error)") }
        await #expect(throws: AccountFault.self) { try await floor.account.openOrders() }
        for known in [held, refused] { expectTruth(known, floor, "V37") }
    }

    @Test("V38: the answer to a closing order is lost: unknown until its trades say; nothing was sold twice")
    func closing() async throws {
        let floor = try await PolymarketFloor([.init(.answerLost, .polymarket, "create", .nth(1))])
        defer { floor.stop() }
        var (sold, report) = try await send(floor, floor.order(.sell, "20", at: "0.01", budget: nil))
        #expect(word(report.outcome) == "unknown timeout" && sold.state.isUnknown)
        #expect(sold.state.exposureMin == .zero && sold.state.exposureMax == sold.order.orderQty)
        try await read(floor, &sold)
        #expect(sold.state.isDone && sold.state.cumQty == sold.order.orderQty)
        expectTruth(sold, floor, "V38")
    }

    @Test(
        "V40: what was bought a moment ago cannot be sold before it is mined; the refusal is of balance, then it is sold"
    )
    func early() async throws {
        let floor = try await PolymarketFloor(shares: 0)
        defer { floor.stop() }
        var (bought, _) = try await send(floor, floor.order())
        let (early, report) = try await send(floor, floor.order(.sell, "5", at: "0.01", budget: nil))
        #expect(word(report.outcome) == "rejected balance", "\(report.outcome)")
        #expect(bought.state.minedQty == .zero)
        let end = NanoClock.monotonic() + .seconds(8)
        while bought.state.minedQty == .zero, NanoClock.monotonic() < end {
            try await read(floor, &bought)
            poll(nil, 0, 50)
        }
        #expect(bought.state.minedQty == bought.state.cumQty)
        var (late, second) = try await send(floor, floor.order(.sell, "5", at: "0.01", budget: nil))
        #expect(word(second.outcome) == "filled", "\(second.outcome)")
        try await read(floor, &late)
        for known in [bought, early, late] { expectTruth(known, floor, "V40") }
    }

    @Test("V41: order tokens run out: found in prepare, nothing leaves; what is kept serves the close")
    func tokens() async throws {
        let floor = try await PolymarketFloor()
        defer { floor.stop() }
        let spent = floor.budget.takeOrders(40, .entry, at: NanoClock.monotonic())
        #expect(spent)
        let entry = try floor.order()
        do throws(LocalRefusal) {
            _ = try floor.gateway.prepare(entry, at: NanoClock().now())
            Issue.record("an entry took what is kept for closes")
        } catch { #expect(error.kind == .noTokens) }
        let (sold, report) = try await send(floor, floor.order(.sell, "20", at: "0.01", budget: nil))
        #expect(word(report.outcome) == "filled", "\(report.outcome)")
        expectTruth(sold, floor, "V41")
        #expect(floor.venues.truth.count { $0.kind == .received && $0.account == "ours" } == 1)
    }
}
