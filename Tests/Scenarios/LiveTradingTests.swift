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
        var listed: [(order: VenueOrder, venue: VenueID)] = []
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
        var spilled = 0
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
            case .listed(let orders, let venue): heard.listed += orders.map { ($0, venue) }
            case .rerouted: break
            }
        }
    }
    func settled(_ read: SettlementsRead, at now: Stamp) { note { $0.settled = read.facts } }
    func lanesSpilled(_ jobs: Int, at now: Stamp) { note { $0.spilled = jobs } }
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

    /// One order, as soon as there is a connection.
    func send(_ venues: TradingVenues, _ order: NewOrder) async -> LegReport? {
        guard let gateway = venues[.kalshi]?.gateway else { return nil }
        for _ in 0..<1_000 {
            if let slot = try? gateway.prepare(order, at: NanoClock().now()) {
                return await gateway.commit(slot, deadline: NanoClock.monotonic() + .seconds(2))
            }
            await Task.yield()
        }
        return nil
    }

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

    init(
        processors: Int, faults: [FaultPlan.Rule] = [], readsGaps: Bool = false, settings: [String: String] = [:],
        readTimeout: Nanoseconds = .seconds(15)
    ) async throws {
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
            text, file: place.path("v/arb.toml"), folder: place.path("v"), environment: settings)
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
        let reads = AccountReads(venues, clock: clock, timeout: readTimeout)
        probe.desk = reads
        let driver = LiveDriver(
            engine: core.engine, edges: edges, clock: clock, lane: hot, seed: 4, published: StatusCell(),
            trading: LiveTrading(venues, reads: reads, trader: probe, stop: stop))
        let box = Box(driver)
        thread = Worker(name: "livehot") { box.driver.run(startedAt: clock.now(), until: nil) }
    }

    private final class Box: @unchecked Sendable {
        // Safety: handed to the one thread that uses it.
        let driver: LiveDriver
        init(_ driver: LiveDriver) { self.driver = driver }
    }

    func end() {
        endRun()
        _ = folder.venues.stop()
    }

    func endRun() {
        stop.request()
        thread.join()
        for edge in edges { edge.client.close() }
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

    /// Has a tombstone made and sent.
    func tombstone(of order: NewOrder, sentAt: MonotonicNanos) async -> LegReport? {
        let made = Mutex<NewOrder?>(nil)
        let semaphore = Semaphore()
        probe.hotly { desk, now in
            let tombstone = desk.tombstone(for: order, venue: .kalshi, sentAt: sentAt, at: now.monotonic)
            made.withLock { $0 = tombstone }
            semaphore.signal()
        }
        guard semaphore.wait(timeout: .seconds(5)), let tombstone = made.withLock({ $0 }) else { return nil }
        return await trigger.send(venues, tombstone)
    }

    /// The threads of this run that live, and its connections to the venues.
    var remains: [String] {
        var found: [String] = []
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        for thread in threads {
            let name = (try? String(contentsOfFile: "/proc/self/task/\(thread)/comm", encoding: .utf8)) ?? ""
            if ["tender", "gateways", "livehot", "warm"].contains(where: name.hasPrefix) { found.append(name) }
        }
        let ports = [folder.venues.kalshiPort, folder.venues.polymarketPort].map { String($0, radix: 16).uppercased() }
        let sockets = (try? String(contentsOfFile: "/proc/self/net/tcp", encoding: .utf8)) ?? ""
        for line in sockets.split(separator: "\n") {
            let words = line.split(separator: " ")
            // Established, or ended by the other side alone: somebody here still has it open.
            guard words.count > 3, words[3] == "01" || words[3] == "08" else { continue }
            if ports.contains(where: { words[2].hasSuffix(":" + String(repeating: "0", count: 4 - $0.utf8.count) + $0) }
            ) {
                found.append(String(line))
            }
        }
        return found
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
    @Test("a lane that does not keep up is told to who trades")
    func spills() async throws {
        let run = try await Run(processors: 2)
        let (isHeld, isFull) = (Semaphore(), Semaphore())
        run.probe.hotly { _, _ in
            isHeld.signal()
            _ = isFull.wait(timeout: .seconds(30))
        }
        #expect(isHeld.wait(timeout: .seconds(15)))
        for _ in 0..<1_200 { Task(executorPreference: run.hot) {} }
        isFull.signal()
        #expect(run.wait("spilled jobs") { $0.spilled >= 100 })
        run.end()
    }

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
            desk.readSettlements(.kalshi, since: sentAt.utc + .seconds(-60), of: [])
        }
        for name in names {
            #expect(run.wait("evidence of \(name)") { $0.found.contains { $0.clOrdID == name && isFill($0) } })
        }
        #expect(run.wait("snapshots") { $0.snapshots.count == 2 && $0.settled != nil })
        let heard = run.probe.heard.withLock { $0 }
        #expect(heard.snapshots.allSatisfy { !$0.fills.isEmpty && !$0.balances.isEmpty })
        #expect(heard.findings.isEmpty && heard.faults.isEmpty && heard.wrongLane == 0)
        #expect(!run.remains.isEmpty)
        run.endRun()
        #expect(run.remains.isEmpty, "\(run.remains)")
        _ = run.folder.venues.stop()
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

    @Test(
        "a lost order is asked about until evidence says what became of it, and the tombstone proves what absence cannot",
        arguments: [(FaultKind.requestLost, false), (.answerLost, true)])
    func tombstone(kind: FaultKind, isTaken: Bool) async throws {
        let run = try await Run(
            processors: 2, faults: [.init(kind, .kalshi, "create", .nth(1))],
            settings: ["ARB__VENUES__KALSHI__TOMBSTONE_MAX_AGE_S": "60"])
        defer { run.end() }
        let sentAt = NanoClock().now()
        let (orders, legs) = try await run.fire()
        guard case .unknown(.timeout) = legs[0].outcome, case .accepted = legs[1].outcome else {
            Issue.record("\(legs)")
            return
        }
        let order = orders.kalshi
        let inquiry = OrderInquiry(
            question: .ordersOfMarket, venue: .kalshi, order: order, orderID: nil, symbol: try run.symbols.kalshi,
            sentAt: sentAt)
        run.probe.hotly { desk, _ in desk.ask(inquiry) }
        #expect(run.wait("an answer") { !$0.findings.isEmpty || !$0.listed.isEmpty })
        if !isTaken {
            #expect(run.probe.heard.withLock { $0.found.isEmpty && $0.listed.isEmpty })
        }
        // The tombstone goes the way of every order: prepared on the hot lane, committed by the gateway.
        let report = try #require(await run.tombstone(of: order, sentAt: sentAt.monotonic))
        switch report.outcome {
        case .accepted: #expect(!isTaken)
        case .rejected(let rejection): #expect(isTaken && rejection.kind == .duplicate)
        case .notSent, .unknown: Issue.record("\(report.outcome)")
        }
        let end = NanoClock.monotonic() + .seconds(10)
        func isProved() -> Bool {
            run.probe.heard.withLock { heard in
                isTaken
                    ? heard.listed.contains { $0.order.clOrdID == order.clOrdID && $0.order.outcome == order.outcome }
                    : heard.findings.contains { $0.finding == .onlyTombstoneListed && $0.order == order.clOrdID }
            }
        }
        // The venue's lists lag its engine.
        while !isProved(), NanoClock.monotonic() < end {
            run.probe.hotly { desk, _ in desk.ask(inquiry) }
            poll(nil, 0, 50)
        }
        #expect(isProved())
        // Never the one taken for the other.
        #expect(run.probe.heard.withLock { isTaken || $0.found.isEmpty && $0.listed.isEmpty })
    }

    @Test("a read that takes too long is told as failed once, and brings nothing later")
    func late() async throws {
        let run = try await Run(processors: 2, readTimeout: Nanoseconds(rawValue: 1))
        defer { run.end() }
        run.probe.hotly { desk, now in
            for _ in 0..<3 { desk.read(.kalshi, since: now.utc) }
        }
        #expect(run.wait("a fault") { !$0.faults.isEmpty })
        // What it brought after all would be here by the time that another venue's read was given up, too.
        run.probe.hotly { desk, now in desk.read(.polymarket, since: now.utc) }
        #expect(run.wait("another") { $0.faults.count >= 2 })
        let heard = run.probe.heard.withLock { $0 }
        // The second and third asking of the first account came while it was read: one read follows for both.
        #expect((2...3).contains(heard.faults.count) && heard.faults.allSatisfy { $0.code == "E_NET_TIMEOUT" })
        #expect(heard.snapshots.isEmpty)
    }

    @Test("an account that is asked for while it is read is read again; of many askings one snapshot comes, a late one")
    func again() async throws {
        let run = try await Run(processors: 2)
        defer { run.end() }
        let asked = NanoClock().now()
        run.probe.hotly { desk, _ in
            for seconds in 1...5 { desk.read(.kalshi, since: asked.utc + .seconds(-60 * Int64(seconds))) }
        }
        #expect(run.wait("a snapshot") { !$0.snapshots.isEmpty })
        // Whatever the first five askings still bring is here before a sixth's answer.
        let sixth = NanoClock.utc()
        run.probe.hotly { desk, _ in desk.read(.kalshi, since: asked.utc) }
        #expect(run.wait("the sixth") { $0.snapshots.contains { $0.asOf >= sixth } })
        #expect(run.probe.heard.withLock { $0.snapshots.count } == 2)
    }

    @Test(
        "what the wallet holds explains a lost order that never came; shares that no listed trade explains do not",
        arguments: [false, true])
    func explained(isTaken: Bool) async throws {
        // The trade is left out of the list: only the shares show it.
        let faults: [FaultPlan.Rule] =
            isTaken
            ? [
                .init(.answerLost, .polymarket, "create", .nth(1)),
                .init(.eventLost, .polymarket, nil, .perMillion(1_000_000)),
                .init(.emptyList, .polymarket, "trades", .perMillion(1_000_000)),
            ] : [.init(.requestLost, .polymarket, "create", .nth(1))]
        let run = try await Run(processors: 2, faults: faults)
        defer { run.end() }
        run.probe.hotly { desk, now in desk.read(.polymarket, since: now.utc) }
        #expect(run.wait("what is held before") { !$0.snapshots.isEmpty })
        let sentAt = NanoClock().now()
        let (orders, legs) = try await run.fire()
        guard case .unknown = legs[1].outcome else {
            Issue.record("\(legs[1].outcome)")
            return
        }
        let inquiry = OrderInquiry(
            question: .balance, venue: .polymarket, order: orders.polymarket, orderID: legs[1].orderID,
            symbol: try run.symbols.polymarket, sentAt: sentAt)
        func isExplained(_ heard: Probe.Heard) -> Bool {
            heard.findings.contains { if case .balanceExplained = $0.finding { true } else { false } }
        }
        // Shares come to the wallet when they are mined: until then nothing is there to be explained.
        let end = NanoClock.monotonic() + .seconds(isTaken ? 6 : 15)
        var last = false
        while NanoClock.monotonic() < end, isTaken || !last {
            let before = run.probe.heard.withLock { $0.findings.count }
            run.probe.hotly { desk, _ in desk.ask(inquiry) }
            poll(nil, 0, 200)
            last = run.probe.heard.withLock { $0.findings.dropFirst(before).isEmpty == false && isExplained($0) }
        }
        #expect(last == !isTaken)
    }

    @Test(
        "however many markets wait to be paid, each is asked about: the last of them is not for ever the one too many")
    func manyEnded() async throws {
        let run = try await Run(processors: 2)
        defer { run.end() }
        let paid = try run.symbols.polymarket
        _ = run.folder.venues.command(PolymarketTrading.self) { half, turn in
            if let market = half.exchange.markets.firstIndex(where: { $0.condition == paid }) {
                half.resolve(market: market, yes: PolymarketMarket.dollar, turn)
            }
        }
        let oneRead = try #require(run.venues[.polymarket]).side.settlementsMax
        let others = (0..<2 * oneRead).map { number -> String in
            "0x" + String(repeating: "0", count: 59) + String(10_000 + number)
        }
        run.probe.hotly { desk, _ in
            desk.readSettlements(.polymarket, since: UTCNanos(rawValue: 0), of: others + [paid])
        }
        #expect(run.wait("what was paid") { $0.settled?.map(\.symbol) == [paid] })
        #expect(run.probe.heard.withLock { $0.faults.isEmpty })
    }

    @Test("a halt voids what was prepared and signed ahead; what comes after is signed in line")
    func halt() async throws {
        let run = try await Run(processors: 2)
        defer { run.end() }
        _ = try await run.fire()
        let gateway = try #require(run.venues[.kalshi]?.gateway)
        let slot = try gateway.prepare(run.orders().kalshi, at: NanoClock().now())
        run.venues.halt()
        let voided = await gateway.commit(slot, deadline: NanoClock.monotonic() + .seconds(1))
        guard case .notSent(let refusal) = voided.outcome else {
            Issue.record("\(voided.outcome)")
            return
        }
        #expect(refusal.kind == .slotSpent)
        let (_, legs) = try await run.fire()
        for leg in legs { if case .accepted = leg.outcome { continue } else { Issue.record("\(leg.outcome)") } }
    }

    @Test("an account that refuses its keys keeps a run from starting, and nothing is left of it")
    func refused() async throws {
        let place = try Workplace()
        var world = SimWorld.Settings()
        world.pairs = 1
        let folder = try LoopbackFolder(place.path("v"), world)
        defer { _ = folder.venues.stop() }
        let text = try String(contentsOfFile: place.path("v/arb.toml"), encoding: .utf8)
        let configuration = try ConfigurationReader.read(
            text.replacing("key_id = \"loopback\"", with: "key_id = \"stranger\""), file: nil, folder: place.path("v"))
        let hot = try Lane(name: "hot", wait: .park)
        let lanes = try LaneSet(
            hot: hot, wait: .park, venues: VenueID.allCases, processors: 2, isBesideVenues: false)
        let fault = await #expect(throws: AccountFault.self) {
            _ = try await TradingVenues.make(
                configuration, contracts: [], home: place.url.path, lanes: lanes, seed: 1)
        }
        #expect(fault?.code == "E_AUTH_REFUSED", "\(String(describing: fault))")
    }
}
