import Arb
import Foundation
import Glibc
import Synchronization
import TestKit
import Testing
import Threading
import Trading
import Transport

@testable import Assembly
@testable import Simulators

/// A trader that sends what a test tells it to, and remembers everything that it is told.
private final class Probe: LiveTrader, @unchecked Sendable {
    // Safety: `heard` is guarded; `fire` belongs to the hot lane once the run has begun.
    struct Heard {
        var reports: [ExecutionReport] = []
        var found: [ExecutionReport] = []
        var findings: [(finding: UnknownResolver.Finding, order: ClOrdID)] = []
        var snapshots: [AccountSnapshot] = []
        var faults: [AccountFault] = []
        var gaps: [VenueID: Int] = [:]
        var codes: [String] = []
        var legs: [[LegReport]] = []
        var refusals: [LocalRefusal] = []
        var settled: [SettlementFact]?
        var wrongLane = 0
        var stops = 0
        var quiet = true
    }

    let heard = Mutex(Heard())
    private let hot: Lane
    /// What is to be done on the hot lane, with the desk of account reads.
    private let orders = Mailbox<@Sendable (any AccountDesk, Stamp) -> Void>(capacity: 64)
    var desk: (any AccountDesk)?
    /// Reads the account where a gap is told.
    var readsGaps = false
    private var now = Stamp(monotonic: MonotonicNanos(rawValue: 0), utc: UTCNanos(rawValue: 0))

    init(_ hot: Lane) { self.hot = hot }

    /// Has something done on the hot lane.
    func hotly(_ body: @escaping @Sendable (any AccountDesk, Stamp) -> Void) {
        #expect(orders.post(body))
        hot.poller.wake()
    }

    private func note(_ body: (inout Heard) -> Void) {
        heard.withLock { heard in
            if !hot.isCurrent { heard.wrongLane += 1 }
            body(&heard)
        }
    }

    func begin(at now: Stamp) { self.now = now }
    func apply(_ report: ExecutionReport) { note { $0.reports.append(report) } }
    func apply(_ position: VenuePosition) {}
    func gap(_ venue: VenueID, since: UTCNanos) {
        note { $0.gaps[venue, default: 0] += 1 }
        if readsGaps { desk?.read(venue, since: since) }
    }
    func note(_ notice: FeedNotice) { note { $0.codes.append(notice.code) } }
    func answered(_ answer: AccountAnswer, at now: Stamp) {
        note { heard in
            switch answer {
            case .snapshot(let snapshot): heard.snapshots.append(snapshot)
            case .reports(let reports): heard.found += reports
            case .finding(let finding, let order, _): heard.findings.append((finding, order))
            case .failed(_, let fault): heard.faults.append(fault)
            }
        }
    }
    func settled(_ facts: [SettlementFact], at now: Stamp) { note { $0.settled = facts } }
    func turn(at now: Stamp) {
        guard let desk else { return }
        for body in orders.takeAll() { body(desk, now) }
    }
    var nextDeadline: MonotonicNanos? { orders.isEmpty ? nil : MonotonicNanos(rawValue: 0) }
    func stop(at now: Stamp) { note { $0.stops += 1 } }
    var isQuiet: Bool { heard.withLock { $0.quiet } }
}

/// The fire, as the trader does it: prepared on the hot lane, both legs by `async let`.
private actor Trigger {
    private nonisolated let hot: Lane
    init(_ hot: Lane) { self.hot = hot }
    nonisolated var unownedExecutor: UnownedSerialExecutor { hot.asUnownedSerialExecutor() }

    func fire(_ venues: TradingVenues, _ kalshi: NewOrder, _ polymarket: NewOrder, _ probe: Probe) async {
        guard let one = venues[.kalshi]?.gateway, let other = venues[.polymarket]?.gateway else { return }
        let clock = NanoClock()
        let first: SendSlot
        let second: SendSlot
        do throws(LocalRefusal) {
            first = try one.prepare(kalshi, at: clock.now())
            do throws(LocalRefusal) { second = try other.prepare(polymarket, at: clock.now()) } catch {
                one.giveBack(first)
                throw error
            }
        } catch { return probe.heard.withLock { $0.refusals.append(error) } }
        let deadline = NanoClock.monotonic() + .seconds(2)
        async let yes = one.commit(first, deadline: deadline)
        async let no = other.commit(second, deadline: deadline)
        let legs = await [yes, no]
        probe.heard.withLock { heard in
            if !hot.isCurrent { heard.wrongLane += 1 }
            heard.legs.append(legs)
        }
    }
}

/// The venues, and a run that trades there.
private final class Run {
    let place: Workplace
    let folder: LoopbackFolder
    let hot: Lane
    let lanes: LaneSet
    let venues: TradingVenues
    let probe: Probe
    let core: Core
    let stop: RunStop
    private let trigger: Trigger
    private let edges: [VenueEdge]
    private let thread: Worker
    private var number: UInt64 = 0

    init(processors: Int, faults: [FaultPlan.Rule] = [], readsGaps: Bool = false, more: String = "") async throws {
        place = try Workplace()
        var world = SimWorld.Settings()
        world.pairs = 2
        world.plants = false
        world.isSteady = true
        world.rate = 20
        var trading = LoopbackFolder.Trading()
        trading.faults = faults
        folder = try LoopbackFolder(place.path("v"), world, trading: trading)
        let text = try String(contentsOfFile: place.path("v/arb.toml"), encoding: .utf8)
        let configuration = try ConfigurationReader.read(
            more + text, file: place.path("v/arb.toml"), folder: place.path("v"))
        let markets = place.path("v/Markets")
        let pairs = try PairFiles(
            FileManager.default.contentsOfDirectory(atPath: markets).sorted().map {
                .init(path: $0, text: try String(contentsOfFile: markets + "/" + $0, encoding: .utf8))
            })
        core = try Core(configuration: configuration, pairs: pairs, seed: 3) { _ in }
        hot = try Lane(name: "hot", wait: .park)
        let lanes = try LaneSet(
            hot: hot, wait: .park, venues: VenueID.allCases, processors: processors, isBesideVenues: false)
        self.lanes = lanes
        venues = try await TradingVenues.make(
            configuration, contracts: core.catalog.contracts, home: place.url.path, lanes: lanes, seed: 9)
        probe = Probe(hot)
        probe.readsGaps = readsGaps
        stop = RunStop(hot)
        trigger = Trigger(hot)
        edges = try Edges.make(configuration, home: place.url.path, build: "test")
        let clock = NanoClock()
        let reads = AccountReads(venues, clock: clock)
        probe.desk = reads
        let driver = LiveDriver(
            engine: core.engine, edges: edges, clock: clock, lane: hot, seed: 4, published: StatusCell(),
            trading: LiveTrading(venues, reads: reads, trader: probe, stop: stop))
        let box = Box(driver)
        thread = Worker(name: "hot") { box.driver.run(startedAt: clock.now(), until: nil) }
    }

    private final class Box: @unchecked Sendable {
        // Safety: handed to the one thread that uses it.
        let driver: LiveDriver
        init(_ driver: LiveDriver) { self.driver = driver }
    }

    func end() {
        stop.request()
        thread.join()
        for edge in edges { edge.client.close() }
        _ = folder.venues.stop()
    }

    /// Waits until the probe has heard what is wanted.
    func wait(_ what: String, seconds: Int64 = 15, until isEnough: (Probe.Heard) -> Bool) -> Bool {
        let end = NanoClock.monotonic() + .seconds(seconds)
        while NanoClock.monotonic() < end {
            if probe.heard.withLock({ isEnough($0) }) { return true }
            poll(nil, 0, 2)
        }
        Issue.record("not heard: \(what); \(probe.heard.withLock { "\($0.codes) \($0.refusals) \($0.faults)" })")
        return false
    }

    private func instrument(_ venue: VenueID) throws -> InstrumentID {
        try #require(core.catalog.instruments(of: venue).first)
    }

    var symbols: (kalshi: String, polymarket: String) {
        get throws {
            (
                core.catalog.contracts[Int(try instrument(.kalshi).index)].symbol,
                core.catalog.contracts[Int(try instrument(.polymarket).index)].symbol
            )
        }
    }

    func orders() throws -> (kalshi: NewOrder, polymarket: NewOrder) {
        number += 1
        let kalshi = NewOrder(
            clOrdID: ClOrdID(prefix: 7, run: 1, sequence: number * 2), instrument: try instrument(.kalshi),
            outcome: .yes, side: .buy, orderQty: try Quantity(decimal: "5"), price: try Price(decimal: "0.99"))
        let polymarket = NewOrder(
            clOrdID: ClOrdID(prefix: 7, run: 1, sequence: number * 2 + 1), instrument: try instrument(.polymarket),
            outcome: .no, side: .buy, orderQty: try Quantity(decimal: "6"), price: try Price(decimal: "0.99"),
            cashOrderQty: try Money(decimal: "6.00"))
        return (kalshi, polymarket)
    }

    /// Fires as soon as the terms are known and connections are open.
    func fire() async throws -> (orders: (kalshi: NewOrder, polymarket: NewOrder), legs: [LegReport]) {
        let orders = try orders()
        let before = probe.heard.withLock { $0.legs.count }
        let end = NanoClock.monotonic() + .seconds(15)
        while NanoClock.monotonic() < end, probe.heard.withLock({ $0.legs.count }) == before {
            await trigger.fire(venues, orders.kalshi, orders.polymarket, probe)
            poll(nil, 0, 5)
        }
        let legs = probe.heard.withLock { $0.legs }
        return (orders, try #require(legs.count > before ? legs.last : nil, "nothing could be sent"))
    }
}

private func isFill(_ report: ExecutionReport) -> Bool { if case .fill = report.event { true } else { false } }

@Suite("Gateways, streams and account reads of a running daemon, over TLS", .serialized)
struct LiveTradingTests {
    @Test("both legs leave by async let; replies, private streams and account reads tell one story", arguments: [2, 4])
    func story(processors: Int) async throws {
        let run = try await Run(processors: processors)
        #expect(run.lanes.count == (processors == 2 ? 1 : 2))
        // Both private streams are up when the gap before them has been told to its end.
        #expect(run.wait("gaps") { $0.gaps[.kalshi, default: 0] >= 1 && $0.gaps[.polymarket, default: 0] >= 1 })
        let (orders, legs) = try await run.fire()
        try #require(legs.count == 2)
        for leg in legs {
            guard case .accepted(let summary) = leg.outcome else {
                Issue.record("\(leg.outcome)")
                continue
            }
            #expect(summary.standing == .filled && leg.stamps.sent != nil && leg.stamps.acked != nil)
        }
        // The same fills come by stream, under our names.
        let names = [orders.kalshi.clOrdID, orders.polymarket.clOrdID]
        for name in names {
            #expect(run.wait("fill of \(name)") { $0.reports.contains { $0.clOrdID == name && isFill($0) } })
        }
        // And by the lists, each order by the questions that its venue can be asked.
        let sentAt = NanoClock().now()
        let symbols = try run.symbols
        run.probe.hotly { desk, _ in
            for question in [UnknownResolver.Question.ordersOfMarket, .fillsOfMarket] {
                desk.ask(
                    OrderInquiry(
                        question: question, venue: .kalshi, order: orders.kalshi, orderID: nil, symbol: symbols.kalshi,
                        sentAt: sentAt))
            }
            desk.ask(
                OrderInquiry(
                    question: .order, venue: .polymarket, order: orders.polymarket, orderID: legs[1].orderID,
                    symbol: symbols.polymarket, sentAt: sentAt))
            desk.read(.kalshi, since: sentAt.utc + .seconds(-60))
            desk.read(.polymarket, since: sentAt.utc + .seconds(-60))
            desk.readSettlements(.kalshi, since: sentAt.utc + .seconds(-60))
        }
        for name in names {
            #expect(run.wait("evidence of \(name)") { $0.found.contains { $0.clOrdID == name && isFill($0) } })
        }
        #expect(run.wait("snapshots") { $0.snapshots.count == 2 && $0.settled != nil })
        let heard = run.probe.heard.withLock { $0 }
        #expect(heard.snapshots.allSatisfy { !$0.fills.isEmpty && !$0.balances.isEmpty })
        #expect(heard.findings.isEmpty && heard.faults.isEmpty && heard.wrongLane == 0)
        run.end()
        #expect(run.probe.heard.withLock { $0.stops } == 1)
        // The venues' truth has each order once.
        let truth = run.folder.venues.truth.filter { $0.kind == .accepted && $0.account == "ours" }
        #expect(truth.count == 2)
    }

    @Test("what fills while a private stream is down is a gap, and the account read finds it")
    func gap() async throws {
        let run = try await Run(processors: 2, readsGaps: true)
        defer { run.end() }
        #expect(run.wait("gaps") { $0.gaps.count == 2 && $0.snapshots.count >= 2 })
        let first = try await run.fire()
        for name in [first.orders.kalshi.clOrdID, first.orders.polymarket.clOrdID] {
            #expect(run.wait("fill of \(name)") { $0.reports.contains { $0.clOrdID == name && isFill($0) } })
        }
        let before = run.probe.heard.withLock { $0 }
        _ = run.folder.venues.command(KalshiTrading.self) { half, turn in
            for connection in half.connections { turn.drop(.kalshi, connection) }
        }
        _ = run.folder.venues.command(PolymarketTrading.self) { half, turn in
            for connection in half.users.keys { turn.drop(.polymarket, connection) }
        }
        let second = try await run.fire()
        let ids = second.legs.compactMap(\.orderID)
        #expect(ids.count == 2)
        for venue in VenueID.allCases {
            #expect(run.wait("gap at \(venue)") { $0.gaps[venue, default: 0] > before.gaps[venue, default: 0] })
        }
        for id in ids {
            #expect(
                run.wait("\(id) in a snapshot") {
                    $0.snapshots.dropFirst(before.snapshots.count).contains { $0.fills.contains { $0.orderID == id } }
                })
        }
    }
}
