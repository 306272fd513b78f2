import Arb
import Glibc
import Simulators
import Testing
import Threading
import Trading
import Transport

@testable import Kalshi

/// Faults by their ids, each brought about at the loopback venue over TLS; what our books say at the end is set beside the
/// venue's truth.
@Suite("Kalshi's faults by id, from the wire to the truth ledger", .serialized)
struct KalshiCatalogueTests {
    /// An order and what was learned of it.
    private struct Known {
        let order: NewOrder
        var state: OrderState

        init(_ order: NewOrder) {
            self.order = order
            state = OrderState(order)
            state.apply(.sent)
        }
    }

    private func send(_ floor: KalshiFloor, _ order: NewOrder) async throws -> (known: Known, report: LegReport) {
        var known = Known(order)
        let report = try await floor.send(order)
        known.state.apply(report.event)
        return (known, report)
    }

    /// Joins what the venue lists of an order.
    private func read(_ floor: KalshiFloor, _ known: inout Known) async throws {
        let found = try await floor.account.find(known.order.clOrdID, ticker: floor.ticker, since: floor.start)
        for listed in found { known.state.apply(.summary(listed.summary)) }
        for fill in try await floor.account.fills(of: floor.ticker, since: floor.start)
        where found.contains(where: { $0.orderID == fill.orderID }) {
            known.state.apply(.fill(ours(fill, known.order)))
        }
    }

    /// Kalshi lists a sale of YES as a buy of NO, at the complement.
    private func ours(_ listed: VenueFill, _ order: NewOrder) -> Fill {
        guard listed.outcome != order.outcome, let price = listed.fill.lastPx.complement else { return listed.fill }
        return Fill(
            execID: listed.fill.execID, lastQty: listed.fill.lastQty, lastPx: price, fee: listed.fill.fee,
            liquidity: listed.fill.liquidity, settlement: listed.fill.settlement)
    }

    private func expectTruth(_ known: Known, _ floor: KalshiFloor, _ comment: String) {
        SimulatorsTests.expectTruth(known.state, floor.venues, named: known.order.clOrdID.description, comment)
    }

    /// Our account as a daemon's books have it.
    private func books(_ known: [Known], _ floor: KalshiFloor, held: Quantity) -> OurAccount {
        var ours = OurAccount(venue: .kalshi, prefix: 7)
        ours.orders = known.map {
            OurAccount.Order(
                orderID: nil, symbol: floor.ticker, state: $0.state, sentAt: floor.start, heardAt: floor.start)
        }
        if held > .zero {
            ours.positions = [VenuePosition(venue: .kalshi, symbol: floor.ticker, outcome: .yes, quantity: held)]
        }
        return ours
    }

    private func differences(_ ours: OurAccount, _ floor: KalshiFloor) async throws -> [Difference] {
        let snapshot = try await floor.account.snapshot(since: floor.start, now: NanoClock.utc())
        var settings = Drift.Settings()
        settings.lag = .zero
        return Drift.differences(ours, snapshot, since: floor.start, settings: settings)
    }

    @Test(
        "N03, N04, V18, V22: the stream repeats, reorders, loses or says nothing; fills are booked once, all of them",
        arguments: [FaultKind.duplicateEvent, .reorderedEvents, .eventLost, .silentUser])
    func streams(kind: FaultKind) async throws {
        let floor = try KalshiFloor([.init(kind, .kalshi, "stream", .perMillion(600_000))])
        defer { floor.stop() }
        let heard = Heard()
        var known = Known(try floor.order(.yes, .buy, "5"))
        try await floor.listen(heard, patience: .seconds(2)) {
            known.state.apply(try await floor.send(known.order).event)
        } until: { _ in
            false
        }
        #expect(floor.venues.truth.contains { $0.kind == .fault && $0.reason == kind.rawValue })
        for report in heard.reports where report.clOrdID == known.order.clOrdID { known.state.apply(report.event) }
        #expect(known.state.cumQty <= known.order.orderQty && known.state.anomalies.isEmpty)
        if [.duplicateEvent, .reorderedEvents].contains(kind) { expectTruth(known, floor, "\(kind.rawValue), stream") }
        try await read(floor, &known)
        expectTruth(known, floor, "\(kind.rawValue), after the read")
        #expect(known.state.isDone && known.state.cumQty == known.order.orderQty)
    }

    @Test("N09: the venue's name is not found: nothing leaves, the unknown order stays, and is found when it is again")
    func unresolved() async throws {
        let floor = try KalshiFloor([.init(.answerLost, .kalshi, "create", .nth(1))])
        defer { floor.stop() }
        var (known, report) = try await send(floor, floor.order())
        #expect(word(report.outcome) == "unknown timeout")
        let away = try floor.elsewhere("https://venue.invalid:\(floor.venues.kalshiPort)/trade-api/v2")
        defer { away.ground.stop() }
        do {
            _ = try await away.account.find(known.order.clOrdID, ticker: floor.ticker, since: floor.start)
            Issue.record("a name that is nobody's was read from")
        } catch { #expect(error.code == "E_NET_RESOLVE") }
        let next = try floor.order()
        let end = NanoClock.monotonic() + .milliseconds(300)
        while NanoClock.monotonic() < end {
            do throws(LocalRefusal) {
                _ = try away.gateway.prepare(next, at: NanoClock().now())
                Issue.record("a connection to nobody")
            } catch { #expect(error.kind == .noConnection) }
            poll(nil, 0, 20)
        }
        #expect(known.state.isUnknown && known.state.exposureMax == known.order.orderQty)
        #expect(floor.venues.truth(of: next.clOrdID.description).taken == 0)
        try await read(floor, &known)
        #expect(known.state.isDone)
        expectTruth(known, floor, "N09")
    }

    @Test(
        "V10: the grid has changed since the terms were read: the venue refuses by its own words, and nothing is placed"
    )
    func grid() async throws {
        let floor = try KalshiFloor([.init(.tickChange, .kalshi, "create", .nth(1))], pair: 2, step: "0.001")
        defer { floor.stop() }
        // The grid changes as the first one arrives; the second one meets the new grid.
        let (first, _) = try await send(floor, floor.order(.yes, .buy, "2", at: "0.011"))
        let (known, report) = try await send(floor, floor.order(.yes, .buy, "2", at: "0.011"))
        #expect(word(report.outcome) == "rejected price", "\(report.outcome)")
        #expect(known.state.ordStatus == .rejected)
        expectTruth(first, floor, "V10, before")
        expectTruth(known, floor, "V10")
    }

    @Test(
        "V13, V14: a fill overtakes the cancel, or the cancel is told of no such order: neither says that it did not fill",
        arguments: [FaultKind.cancelRace, .cancelNotFound])
    func cancels(kind: FaultKind) async throws {
        let floor = try KalshiFloor([.init(kind, .kalshi, "cancel", .nth(1))])
        defer { floor.stop() }
        var (known, report) = try await send(floor, floor.order(.yes, .buy, "2", at: "0.01", .gtc, isPostOnly: true))
        let ref = OrderRef(instrument: floor.instrument, orderID: try #require(report.orderID))
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
            #expect(await floor.gateway.cancel(ref, deadline: floor.deadline) == .cancelled(known.order.orderQty))
            try await read(floor, &known)
            #expect(known.state.ordStatus == .cancelled)
        }
        expectTruth(known, floor, kind.rawValue)
    }

    @Test("V31: no positions are listed, by error: that is not flat, nothing explains it, and the next read is whole")
    func empty() async throws {
        let floor = try KalshiFloor([.init(.emptyList, .kalshi, "positions", .nth(1))])
        defer { floor.stop() }
        let (known, _) = try await send(floor, floor.order())
        let ours = books([known], floor, held: known.state.cumQty)
        let found = try await differences(ours, floor).filter { $0.kind == .position }
        #expect(found.count == 1 && found[0].severity == .critical && !found[0].isExplained)
        #expect(found.first?.explanations == [.emptyList])
        #expect(try await differences(ours, floor).filter { $0.kind == .position }.isEmpty)
        expectTruth(known, floor, "V31")
    }

    @Test(
        "V32: a cursor that comes back is no list at all; a row that is missing is missed, and no fill is lost for it")
    func pages() async throws {
        let floor = try KalshiFloor([.init(.cursorLoop, .kalshi, "orders", .perMillion(1_000_000))])
        defer { floor.stop() }
        var (first, _) = try await send(floor, floor.order())
        var (second, report) = try await send(floor, floor.order())
        let last = try #require(report.orderID)
        await #expect(throws: AccountFault.self) {
            try await floor.account.orders(of: floor.ticker, since: floor.start)
        }
        floor.venues.clearFaults()
        floor.venues.add(.init(.droppedRow, .kalshi, "fills", .nth(1)))
        // A list without its first row: the orders' own sums say what was filled.
        let short = try await floor.account.fills(of: floor.ticker, since: floor.start)
        let whole = try await floor.account.fills(of: floor.ticker, since: floor.start)
        #expect(short.count == whole.count - 1)
        for fill in short where fill.orderID == last { second.state.apply(.fill(fill.fill)) }
        expectTruth(first, floor, "V32")
        expectTruth(second, floor, "V32")
        try await read(floor, &first)
        try await read(floor, &second)
        expectTruth(first, floor, "V32, read whole")
        expectTruth(second, floor, "V32, read whole")
        #expect(first.state.unexplainedQty == .zero && second.state.unexplainedQty == .zero)
    }

    @Test(
        "V35: the venue's clock is a minute off: refused as authentication, nothing placed, and the way back is clear")
    func clock() async throws {
        let floor = try KalshiFloor(clockOffset: .seconds(60))
        defer { floor.stop() }
        let (known, report) = try await send(floor, floor.order())
        #expect(word(report.outcome) == "rejected authentication", "\(report.outcome)")
        #expect(known.state.ordStatus == .rejected)
        expectTruth(known, floor, "V35")
        await #expect(throws: AccountFault.self) { try await floor.account.positions() }
        #expect(!floor.venues.truth.contains { $0.kind == .accepted && $0.account == "ours" })
    }

    @Test("V36: somebody trades by hand: FOREIGN, shown beside ours, and our own order is what it was")
    func byHand() async throws {
        let floor = try KalshiFloor([.init(.foreignTrade, .kalshi, "create", .nth(1))])
        defer { floor.stop() }
        var (known, _) = try await send(floor, floor.order())
        try await read(floor, &known)
        expectTruth(known, floor, "V36")
        let found = try await differences(books([known], floor, held: known.state.cumQty), floor)
        #expect(found.contains { $0.kind == .orderMissingHere && $0.explanations == [.foreign] })
        let position = try #require(found.first { $0.kind == .position })
        #expect(position.isExplained && position.explanations.first == .foreign && position.severity == .warning)
        #expect(!found.contains { $0.severity == .critical }, "\(found)")
    }

    @Test(
        "V37: the key is revoked in session: orders and reads are refused as authentication, what is held stays booked")
    func revoked() async throws {
        let floor = try KalshiFloor([.init(.keyRevoked, .kalshi, "create", .nth(2))])
        defer { floor.stop() }
        let (held, _) = try await send(floor, floor.order())
        let (refused, report) = try await send(floor, floor.order())
        #expect(word(report.outcome) == "rejected authentication" && refused.state.ordStatus == .rejected)
        do {
            _ = try await floor.account.positions()
            Issue.record("a revoked key reads")
        } catch { #expect(error.status == 401) }
        #expect(held.state.cumQty == held.order.orderQty)
        expectTruth(held, floor, "V37, before")
        expectTruth(refused, floor, "V37, after")
    }

    @Test("V38: the answer to a closing order is lost: unknown until the list says; nothing was sold twice")
    func closing() async throws {
        let floor = try KalshiFloor([.init(.answerLost, .kalshi, "create", .nth(2))])
        defer { floor.stop() }
        let (bought, _) = try await send(floor, floor.order())
        var (sold, report) = try await send(floor, floor.order(.yes, .sell, "2", at: "0.01"))
        #expect(word(report.outcome) == "unknown timeout" && sold.state.isUnknown)
        #expect(sold.state.exposureMin == .zero && sold.state.exposureMax == sold.order.orderQty)
        try await read(floor, &sold)
        #expect(sold.state.isDone && sold.state.cumQty == bought.state.cumQty)
        expectTruth(sold, floor, "V38")
        #expect(try await floor.account.positions().isEmpty)
    }

    @Test("V41: write tokens run out: found in prepare, nothing leaves; what is kept serves the close")
    func tokens() async throws {
        let floor = try KalshiFloor(tokens: 51)
        defer { floor.stop() }
        let (bought, _) = try await send(floor, floor.order())
        let entry = try floor.order()
        do throws(LocalRefusal) {
            _ = try floor.gateway.prepare(entry, at: NanoClock().now())
            Issue.record("an entry took what is kept for closes")
        } catch { #expect(error.kind == .noTokens) }
        let (sold, report) = try await send(floor, floor.order(.yes, .sell, "2", at: "0.01"))
        #expect(word(report.outcome) == "filled")
        for known in [bought, sold] { expectTruth(known, floor, "V41") }
        #expect(!floor.venues.truth.contains { $0.clientID == entry.clOrdID.description })
    }
}
