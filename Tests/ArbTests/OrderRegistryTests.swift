import Arb
import CAllocations
import Testing
import Trading

@Suite("OrderRegistry")
struct OrderRegistryTests {
    static func stamp(_ milliseconds: Int64) -> Stamp {
        Stamp(
            monotonic: MonotonicNanos(rawValue: milliseconds * 1_000_000),
            utc: UTCNanos(rawValue: 1_000_000_000_000 + milliseconds * 1_000_000))
    }

    static func order(_ sequence: UInt64 = 1, cents: Int64 = 44, purpose: OrderPurpose = .entry) -> NewOrder {
        NewOrder(
            clOrdID: ClOrdID(prefix: 7, run: 1, sequence: sequence), instrument: InstrumentID(0), outcome: .yes,
            side: .buy, orderQty: Quantity(rawValue: purpose == .tombstone ? 1_000_000 : 1_000_000_000),
            price: Price(rawValue: cents * 1_000_000) ?? .zero, timeInForce: .ioc, purpose: purpose)
    }

    static func fill(_ name: String, _ contracts: Int64) -> OrderEvent {
        .fill(
            Fill(
                execID: ExecID(name), lastQty: Quantity(rawValue: contracts * 100_000_000),
                lastPx: Price(rawValue: 44_000_000) ?? .zero, fee: .cent, liquidity: .taker, settlement: .confirmed))
    }

    static func done(_ contracts: Int64) -> OrderEvent {
        .summary(
            OrderSummary(
                standing: .cancelled, cumQty: Quantity(rawValue: contracts * 100_000_000), leavesQty: .zero))
    }

    static func report(
        _ event: OrderEvent, id: String?, ours sequence: UInt64? = nil, _ source: EvidenceSource = .stream,
        symbol: String = "T"
    ) -> ExecutionReport {
        ExecutionReport(
            venue: .kalshi, orderID: id.map { OrderID($0) },
            clOrdID: sequence.map { ClOrdID(prefix: 7, run: 1, sequence: $0) }, symbol: symbol, event: event,
            source: source, transactTime: nil)
    }

    private func registry() throws -> (OrderRegistry, OrderHandle) {
        var registry = OrderRegistry(prefix: 7)
        let handle = try registry.add(Self.order(), venue: .kalshi, symbol: "T", orderID: nil, at: Self.stamp(0))
        registry.apply(.sent, to: handle, at: Self.stamp(0))
        return (registry, handle)
    }

    @Test("a fill that comes before the reply is kept, and applied once the reply names the order")
    func fillFirst() throws {
        var (registry, handle) = try registry()
        #expect(registry.apply(Self.report(Self.fill("a", 4), id: "K1"), at: Self.stamp(5)) == .stray)
        #expect(registry.strays(at: Self.stamp(5).monotonic, lag: .milliseconds(1)).isEmpty)
        let waiting = registry.strays(at: Self.stamp(9_000).monotonic, lag: .seconds(1))
        #expect(waiting.count == 1 && waiting[0].mayBeOurs && !waiting[0].isOursByForm)
        let reply = LegReport(
            clOrdID: Self.order().clOrdID, orderID: OrderID("K1"),
            outcome: .accepted(
                OrderSummary(standing: .cancelled, cumQty: Quantity(rawValue: 400_000_000), leavesQty: .zero)),
            stamps: .init(signed: Self.stamp(0).monotonic))
        registry.apply(reply, to: handle, at: Self.stamp(10))
        let record = registry[handle]
        #expect(record.state.isDone && record.state.cumQty == Quantity(rawValue: 400_000_000))
        #expect(record.state.unexplainedQty == .zero && record.orderID == OrderID("K1"))
        #expect(registry.strays(at: Self.stamp(9_000).monotonic, lag: .zero).isEmpty)
        // It is told on, so that the ledger has what the order's state is made of; once.
        let claimed = registry.takeClaimed()
        #expect(claimed.map(\.handle) == [handle] && claimed.map(\.report.event) == [Self.fill("a", 4)])
        #expect(registry.takeClaimed().isEmpty)
        #expect(record.lastHeard(from: .stream) != nil && !record.hasTwoWitnesses)
    }

    @Test("late evidence reaches an order that was unknown, by either of its names")
    func late() throws {
        var (registry, handle) = try registry()
        registry.apply(.unknown(.timeout), to: handle, at: Self.stamp(2_000))
        #expect(registry[handle].state.isUnknown)
        let found = registry.apply(Self.report(Self.done(10), id: "K1", ours: 1, .query), at: Self.stamp(60_000))
        guard case .ours(handle, let change) = found else {
            Issue.record("\(found)")
            return
        }
        #expect(change.becameDone && change.cumQtyChange == Quantity(rawValue: 1_000_000_000))
        #expect(registry.find(OrderID("K1")) == handle && registry.find(Self.order().clOrdID) == handle)
        _ = registry.apply(Self.report(Self.fill("a", 10), id: "K1"), at: Self.stamp(60_001))
        #expect(registry[handle].state.unexplainedQty == .zero && registry[handle].hasTwoWitnesses)
    }

    @Test("what names no order of ours is FOREIGN; of another run of ours it is said")
    func foreign() throws {
        var (registry, handle) = try registry()
        registry.apply(Self.done(0), to: handle, at: Self.stamp(1))
        _ = registry.apply(Self.report(Self.fill("x", 1), id: "F1", symbol: "U"), at: Self.stamp(1))
        _ = registry.apply(Self.report(Self.fill("x", 1), id: "F1", symbol: "U"), at: Self.stamp(2))
        _ = registry.apply(Self.report(Self.done(1), id: "F2", ours: 99), at: Self.stamp(2))
        let strays = registry.strays(at: Self.stamp(5_000).monotonic, lag: .seconds(1))
        #expect(strays.map(\.orderID.text) == ["F1", "F2"] && strays[0].reports.count == 1)
        #expect(strays.map(\.isOursByForm) == [false, true] && strays.allSatisfy { !$0.mayBeOurs })
        #expect(registry.needsRead.isEmpty)
        #expect(registry.apply(Self.report(Self.done(1), id: nil), at: Self.stamp(2)) == .lost)
        #expect(registry.needsRead == [.kalshi])
        registry.wasRead(.kalshi)
        #expect(registry.needsRead.isEmpty)
    }

    @Test("strays are bounded: what does not fit asks for a full read")
    func bound() {
        var registry = OrderRegistry(prefix: 7)
        for index in 0..<OrderRegistry.straysMax {
            #expect(registry.apply(Self.report(Self.done(1), id: "F\(index)"), at: Self.stamp(1)) == .stray)
        }
        #expect(registry.apply(Self.report(Self.done(1), id: "more"), at: Self.stamp(1)) == .lost)
        for index in 1..<OrderRegistry.strayReportsMax {
            _ = registry.apply(Self.report(Self.fill("\(index)", 1), id: "F0"), at: Self.stamp(1))
        }
        #expect(registry.apply(Self.report(Self.fill("z", 1), id: "F0"), at: Self.stamp(1)) == .lost)
        #expect(registry.needsRead == [.kalshi])
    }

    @Test("an id is used once: V05 is refused before anything is sent")
    func duplicates() throws {
        var (registry, _) = try registry()
        #expect(throws: OrderRegistry.Refusal.duplicateID) {
            try registry.add(Self.order(), venue: .kalshi, symbol: "T", orderID: nil, at: Self.stamp(1))
        }
        _ = try registry.add(
            Self.order(2), venue: .polymarket, symbol: "C", orderID: OrderID("0x1"), at: Self.stamp(1))
        #expect(throws: OrderRegistry.Refusal.duplicateID) {
            try registry.add(
                Self.order(3), venue: .polymarket, symbol: "C", orderID: OrderID("0x1"), at: Self.stamp(1))
        }
        #expect(OrderRegistry.Refusal.duplicateID.code == "E_EXEC_DUPLICATE_ID")
        #expect(OrderRegistry.Refusal.full.code == "E_EXEC_REGISTRY_FULL")
    }

    private func listed(_ id: String, cents: Int64, _ quantity: Int64, cum: Int64) -> VenueOrder {
        VenueOrder(
            orderID: OrderID(id), clOrdID: Self.order().clOrdID, symbol: "T", outcome: .yes, side: .buy,
            price: Price(rawValue: cents * 1_000_000) ?? .zero, orderQty: Quantity(rawValue: quantity),
            summary: OrderSummary(standing: .cancelled, cumQty: Quantity(rawValue: cum), leavesQty: .zero),
            createdAt: nil)
    }

    @Test("a tombstone under the same id is told from its original by content, whichever is listed first")
    func tombstone() throws {
        for order in [[0, 1], [1, 0]] {
            var (registry, handle) = try registry()
            registry.apply(.unknown(.timeout), to: handle, at: Self.stamp(2_000))
            let tomb = try registry.add(
                Self.order(1, cents: 1, purpose: .tombstone), venue: .kalshi, symbol: "T", orderID: nil,
                at: Self.stamp(2_000))
            registry.apply(.sent, to: tomb, at: Self.stamp(2_001))
            // With both unnamed a report that has only their common name decides nothing.
            #expect(
                registry.apply(Self.report(Self.done(0), id: "K2", ours: 1), at: Self.stamp(2_002)) == .stray)
            let lists = [
                listed("K1", cents: 44, 1_000_000_000, cum: 500_000_000), listed("K2", cents: 1, 1_000_000, cum: 0),
            ]
            for index in order { _ = registry.apply(lists[index], venue: .kalshi, at: Self.stamp(2_003)) }
            #expect(registry[handle].orderID == OrderID("K1") && registry[tomb].orderID == OrderID("K2"))
            #expect(registry[handle].state.cumQty == Quantity(rawValue: 500_000_000))
            #expect(registry[tomb].state.isDone && registry[tomb].state.cumQty == .zero)
            #expect(registry.strays(at: Self.stamp(99_000).monotonic, lag: .zero).isEmpty)
        }
    }

    @Test("done and final orders are forgotten after their time; others are not")
    func forgets() throws {
        var (registry, handle) = try registry()
        _ = registry.apply(Self.report(Self.done(4), id: "K1", ours: 1), at: Self.stamp(1))
        #expect(registry.forget(doneBefore: Self.stamp(100).monotonic) == 0)
        _ = registry.apply(Self.report(Self.fill("a", 4), id: "K1"), at: Self.stamp(2))
        #expect(registry[handle].doneAt == Self.stamp(1))
        #expect(registry.forget(doneBefore: Self.stamp(1).monotonic) == 0)
        #expect(registry.forget(doneBefore: Self.stamp(2).monotonic) == 1)
        #expect(registry.count == 0 && registry.find(OrderID("K1")) == nil)
        #expect(try registry.add(Self.order(), venue: .kalshi, symbol: "T", orderID: nil, at: Self.stamp(3)) == handle)
    }

    @Test("a forgotten order's name is nobody else's; more than it came to is told as that")
    func retired() throws {
        var (registry, _) = try registry()
        _ = registry.apply(Self.report(Self.done(4), id: "K1", ours: 1), at: Self.stamp(1))
        _ = registry.apply(Self.report(Self.fill("a", 4), id: "K1"), at: Self.stamp(2))
        registry.forget(doneBefore: Self.stamp(50).monotonic)
        #expect(registry.isRetired(OrderID("K1")) && registry.retiredCount == 1)
        #expect(registry.apply(Self.report(Self.done(4), id: "K1"), at: Self.stamp(60)) == .retired(isMore: false))
        #expect(registry.apply(Self.report(Self.fill("a", 4), id: "K1"), at: Self.stamp(60)) == .retired(isMore: false))
        #expect(registry.apply(Self.report(Self.done(5), id: "K1"), at: Self.stamp(60)) == .retired(isMore: true))
        let failed = OrderEvent.settlement(ExecID("a"), .failed)
        #expect(registry.apply(Self.report(failed, id: "K1"), at: Self.stamp(60)) == .retired(isMore: true))
        #expect(registry.strays(at: Self.stamp(99_000).monotonic, lag: .zero).isEmpty)
    }

    @Test("names of forgotten orders are bounded: the oldest goes")
    func retiredBound() {
        var registry = OrderRegistry(prefix: 7)
        let extra = 10
        for index in 0..<OrderRegistry.retiredMax + extra { registry.remember(OrderID("r\(index)"), cumQty: .zero) }
        #expect(registry.retiredCount == OrderRegistry.retiredMax)
        #expect(!registry.isRetired(OrderID("r\(extra - 1)")) && registry.isRetired(OrderID("r\(extra)")))
    }

    #if !DEBUG
        @Test("events of an order with a few fills allocate nothing")
        func allocations() throws {
            var (registry, handle) = try registry()
            _ = registry.apply(Self.report(Self.fill("a", 1), id: "K1", ours: 1), at: Self.stamp(1))
            let reports = (0..<6).map {
                Self.report(Self.fill("a long name of a fill, number \($0)", 1), id: "K1", ours: 1)
            }
            let before = CAllocations_count()
            for report in reports + reports { _ = registry.apply(report, at: Self.stamp(2)) }
            let spent = CAllocations_count() - before
            #expect(registry[handle].state.cumQty == Quantity(rawValue: 700_000_000))
            // One for `reports + reports`.
            #expect(spent <= 1, "\(spent) allocations")
        }
    #endif
}
