@testable import Arb
import Synchronization
import Testing
import Threading
import Trading

@Suite("The execution engine")
struct ExecutionEngineTests {
    /// A running lane with an engine on it, and what was told.
    private final class Rig: @unchecked Sendable {
        // Safety: the engine is made and used on the lane alone; what is told lies behind a lock.
        let lane: Lane
        let kalshi: ScriptGateway
        let polymarket: ScriptGateway
        private var engine: ExecutionEngine?
        private var worker: Worker?
        private let told = Mutex<[(tag: UInt64, first: LegReport, second: LegReport?)]>([])
        private let offLane = Atomic<Int>(0)
        private let work = Mutex<[@Sendable (ExecutionEngine) -> Void]>([])

        init(seats: Int = 2, lanes: Int = 1) throws {
            lane = try Lane(name: "hot", wait: .park)
            kalshi = ScriptGateway(.kalshi, on: lane)
            polymarket = ScriptGateway(.polymarket, on: lane)
            worker = Worker(name: "hot") { [self] in
                engine = ExecutionEngine(gateways: [kalshi, polymarket], lane: lane, seats: seats) {
                    [self] tag, one, two in
                    if !lane.isCurrent { offLane.wrappingAdd(1, ordering: .relaxed) }
                    told.withLock { $0.append((tag, one, two)) }
                }
                lane.run { _ in
                    let jobs = work.withLock { jobs in
                        defer { jobs = [] }
                        return jobs
                    }
                    if let engine { for job in jobs { job(engine) } }
                    return jobs.isEmpty ? .idle(until: nil) : .busy
                }
            }
        }

        func onLane(_ body: @escaping @Sendable (ExecutionEngine) -> Void) {
            work.withLock { $0.append(body) }
            lane.poller.wake()
        }

        var reports: [(tag: UInt64, first: LegReport, second: LegReport?)] { told.withLock { $0 } }
        var toldOffLane: Int { offLane.load(ordering: .relaxed) }

        func wait(for count: Int) async throws {
            let end = NanoClock.monotonic() + .seconds(20)
            while reports.count < count, NanoClock.monotonic() < end { await Task.yield() }
            try #require(reports.count >= count)
        }

        func stop() {
            onLane { $0.stop() }
            lane.stop()
            worker?.join()
        }
    }

    private func order(_ number: UInt64, purpose: OrderPurpose = .close) -> NewOrder {
        NewOrder(
            clOrdID: ClOrdID(prefix: 1, run: 1, sequence: number), instrument: InstrumentID(0), outcome: .yes,
            side: .buy, orderQty: Quantity(rawValue: 100_000_000), price: .cent, purpose: purpose)
    }

    private static let filled = LegReport.Outcome.accepted(
        OrderSummary(standing: .filled, cumQty: Quantity(rawValue: 100_000_000), leavesQty: .zero))
    private static let refused = LegReport.Outcome.rejected(VenueRejection(.balance, status: 400, code: "funds"))

    @Test(
        "one leg's refusal, silence or late answer never costs the other leg its report, and all of it is on the lane")
    func legs() async throws {
        let rig = try Rig()
        defer { rig.stop() }
        let now = Stamp(monotonic: NanoClock.monotonic(), utc: NanoClock.utc())
        rig.kalshi.will(.says(Self.filled), .says(Self.filled), .waits)
        rig.polymarket.will(.says(Self.refused), .silence, .says(Self.filled))
        for number in 0..<3 as Range<UInt64> {
            let one = try rig.kalshi.prepare(order(number * 2), at: now)
            let two = try rig.polymarket.prepare(order(number * 2 + 1), at: now)
            rig.onLane { engine in
                engine.fire(
                    .init(
                        tag: number, first: one, at: .kalshi, second: two, at: .polymarket,
                        deadline: now.monotonic + .seconds(30)))
            }
            if number < 2 { try await rig.wait(for: Int(number) + 1) }
        }
        let end = NanoClock.monotonic() + .seconds(20)
        while rig.kalshi.waiting == 0, NanoClock.monotonic() < end { await Task.yield() }
        while rig.polymarket.sent.count < 3, NanoClock.monotonic() < end { await Task.yield() }
        #expect(rig.polymarket.sent.count == 3, "no leg waits for the other's answer")
        #expect(rig.reports.count == 2, "a fire is told when its last leg is")
        rig.kalshi.answer(.unknown(.timeout))
        try await rig.wait(for: 3)
        let reports = rig.reports
        #expect(reports.map(\.tag) == [0, 1, 2])
        #expect(reports[0].first.outcome == Self.filled && reports[0].second?.outcome == Self.refused)
        #expect(reports[1].first.outcome == Self.filled && reports[1].second?.outcome == .unknown(.timeout))
        #expect(reports[2].first.outcome == .unknown(.timeout) && reports[2].second?.outcome == Self.filled)
        #expect(reports.map(\.first.clOrdID) == (0..<3).map { order($0 * 2).clOrdID }, "legs are never swapped")
        #expect(rig.kalshi.offLane == 0 && rig.polymarket.offLane == 0 && rig.toldOffLane == 0)
        #expect(rig.kalshi.held == 0 && rig.polymarket.held == 0)
    }

    @Test("both legs are sealed, then both leave in one step, then each waits for its own answer")
    func departures() throws {
        let lane = StepLane()
        let (kalshi, polymarket) = (ScriptGateway(.kalshi, on: lane), ScriptGateway(.polymarket, on: lane))
        let engine = ExecutionEngine(gateways: [kalshi, polymarket], lane: lane, seats: 1) { _, _, _ in }
        lane.drain()
        let steps = Mutex<[ScriptGateway.Step]>([])
        for gateway in [kalshi, polymarket] {
            gateway.will(.says(Self.filled), .says(Self.filled))
            gateway.watch { step in steps.withLock { $0.append(step) } }
        }
        let now = Stamp(monotonic: NanoClock.monotonic(), utc: NanoClock.utc())
        for number in 0..<2 as Range<UInt64> {
            let one = try kalshi.prepare(order(number * 2), at: now)
            let two = try polymarket.prepare(order(number * 2 + 1), at: now)
            engine.fire(
                .init(
                    tag: number, first: one, at: .kalshi, second: two, at: .polymarket,
                    deadline: now.monotonic + .seconds(20)))
            #expect(steps.withLock { $0 } == [.seal(.kalshi), .seal(.polymarket)], "before anything leaves")
            lane.drain()
            let left = steps.withLock { steps in
                defer { steps = [] }
                return steps.dropFirst(2)
            }
            #expect(left.prefix(2) == [.depart(.kalshi), .depart(.polymarket)])
            #expect(left.dropFirst(2) == [.commit(.kalshi), .commit(.polymarket)], "each once")
        }
        #expect(engine.underWay == 0 && kalshi.sent.count == 2 && polymarket.sent.count == 2)
        engine.stop()
        lane.drain()
    }

    @Test("a bounded number of fires: full says so, and a seat is free again after its report")
    func bounded() async throws {
        let rig = try Rig(seats: 2)
        defer { rig.stop() }
        let now = Stamp(monotonic: NanoClock.monotonic(), utc: NanoClock.utc())
        rig.kalshi.will(.waits, .waits)
        let full = Mutex<[Bool]>([])
        let slots = try (0..<2 as Range<UInt64>).map { try rig.kalshi.prepare(order($0), at: now) }
        rig.onLane { engine in
            for slot in slots {
                engine.close(
                    .init(tag: slot.order.clOrdID.low, slot, at: .kalshi, deadline: now.monotonic + .seconds(30)))
                let isFull = engine.isFull
                full.withLock { $0.append(isFull) }
            }
        }
        let end = NanoClock.monotonic() + .seconds(20)
        while rig.kalshi.waiting < 2, NanoClock.monotonic() < end { await Task.yield() }
        rig.kalshi.answer(Self.filled)
        try await rig.wait(for: 1)
        rig.onLane { engine in
            let isFull = engine.isFull
            full.withLock { $0.append(isFull) }
        }
        rig.kalshi.answer(Self.filled)
        try await rig.wait(for: 2)
        while full.withLock({ $0.count }) < 3, NanoClock.monotonic() < end { await Task.yield() }
        #expect(full.withLock { $0 } == [false, true, false])
    }

    /// What a stepped engine was told, and what it is to do then.
    private final class Told: @unchecked Sendable {
        // Safety: used by one test on one thread.
        var tags: [UInt64] = []
        var then: ((UInt64) -> Void)?
    }

    @Test("an order that is given to a seat while it settles down to wait is not lost")
    func settling() throws {
        let lane = StepLane()
        let kalshi = ScriptGateway(.kalshi, on: lane)
        let told = Told()
        let engine = ExecutionEngine(gateways: [kalshi], lane: lane, seats: 2) { tag, _, _ in
            told.tags.append(tag)
            told.then?(tag)
        }
        lane.drain()
        let now = Stamp(monotonic: NanoClock.monotonic(), utc: NanoClock.utc())
        func fire(_ number: UInt64) throws {
            let slot = try kalshi.prepare(order(number), at: now)
            engine.fire(.init(tag: number, slot, at: .kalshi, deadline: now.monotonic + .seconds(20)))
        }
        kalshi.will(.waits, .waits, .says(Self.filled))
        try fire(1)
        try fire(2)
        lane.drain()
        // Both answers come at once: the first seat is on its way to wait when the second one's end sends a third order.
        told.then = { tag in if tag == 2 { try? fire(3) } }
        kalshi.answer(Self.filled)
        kalshi.answer(Self.filled)
        lane.drain()
        #expect(told.tags == [1, 2, 3] && engine.underWay == 0)
        engine.stop()
        lane.drain()
    }
}
