import Arb
import Assembly
import Glibc
import Simulators
import Synchronization
import Threading
import Trading
import Transport

/// Both legs of a fire through all that a live run has: gateways made from the configuration, warm connections, private
/// streams, the driver's hot lane; against both loopback venues in the same process.
///
/// The venues check, match and book in that time, on the same cores: the round trip is theirs more than ours. What is ours
/// alone has rows of its own: both prepares, and how far apart the legs leave.
struct TradeBench {
    private static let fires = 400

    /// Runs it and shows the rows.
    func run(json: Bool) async throws {
        var template = Array(("/tmp/arb-trade-" + String(repeating: "X", count: 6)).utf8CString)
        guard mkdtemp(&template) != nil else { return }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { _ = LoadBench.wait(LoadBench.spawn(["/bin/rm", "-rf", folder], output: nil)) }
        let floor = try await TradeFloor(folder + "/v")
        let figures = await floor.fuse.burn(Self.fires)
        let truth = floor.end()
        let proof =
            "\(figures.accepted) of \(2 * Self.fires) orders taken, \(truth) in the venues' truth; lanes \(floor.lanes.count); "
            + "venues in the same process"
        for (name, samples) in figures.rows { Row("trade." + name, samples, proof: proof).show(json: json) }
    }
}

/// What was measured. Unit: ns.
private struct TradeFigures: Sendable {
    var accepted = 0
    var prepare: [Double] = []
    var apart: [Double] = []
    var sent: [Double] = []
    var kalshi: [Double] = []
    var polymarket: [Double] = []

    var rows: [(String, [Double])] {
        [
            ("prepare_both", prepare), ("decided_to_sent", sent), ("legs_apart", apart),
            ("round_trip_kalshi", kalshi), ("round_trip_polymarket", polymarket),
        ]
    }

    mutating func add(_ legs: [LegReport], begun: MonotonicNanos, prepared: MonotonicNanos) {
        for leg in legs { if case .accepted = leg.outcome { accepted += 1 } }
        guard legs.count == 2, let first = legs[0].stamps.sent, let second = legs[1].stamps.sent,
            let kalshiAcked = legs[0].stamps.acked, let polymarketAcked = legs[1].stamps.acked
        else { return }
        prepare.append(Double((prepared - begun).rawValue))
        sent.append(Double((max(first, second) - begun).rawValue))
        apart.append(Double(abs((second - first).rawValue)))
        kalshi.append(Double((kalshiAcked - first).rawValue))
        polymarket.append(Double((polymarketAcked - second).rawValue))
    }
}

/// A trader that listens and does nothing.
private final class TradeListener: LiveTrader {
    func begin(at now: Stamp) {}
    func apply(_ report: ExecutionReport) {}
    func apply(_ position: VenuePosition) {}
    func gap(_ venue: VenueID, since: UTCNanos) {}
    func note(_ notice: FeedNotice) {}
    func answered(_ answer: AccountAnswer, at now: Stamp) {}
    func turn(at now: Stamp) {}
    var nextDeadline: MonotonicNanos? { nil }
    func stop(at now: Stamp) {}
    var isQuiet: Bool { true }
}

/// Fires as the trader does, on the hot lane.
private actor TradeFuse {
    private let venues: TradingVenues
    private let instruments: [VenueID: InstrumentID]
    private var number: UInt64 = 0
    nonisolated var unownedExecutor: UnownedSerialExecutor { venues.lanes.hot.asUnownedSerialExecutor() }

    init(_ venues: TradingVenues, _ instruments: [VenueID: InstrumentID]) {
        self.venues = venues
        self.instruments = instruments
    }

    private func order(_ venue: VenueID, _ outcome: Outcome, budget: Money?) -> NewOrder? {
        guard let instrument = instruments[venue], let price = Price(rawValue: 99_000_000) else { return nil }
        number += 1
        return NewOrder(
            clOrdID: ClOrdID(prefix: 7, run: 1, sequence: number), instrument: instrument, outcome: outcome,
            side: .buy, orderQty: Quantity(rawValue: 500_000_000), price: price, cashOrderQty: budget)
    }

    /// So many fires, twenty a second: within what accounts of the lowest tier may send.
    func burn(_ fires: Int) async -> TradeFigures {
        var figures = TradeFigures()
        guard let one = venues[.kalshi]?.gateway, let other = venues[.polymarket]?.gateway else { return figures }
        let end = NanoClock.monotonic() + .seconds(120)
        var next = NanoClock.monotonic()
        var done = 0
        while done < fires, NanoClock.monotonic() < end {
            // The lane goes on between two fires.
            while NanoClock.monotonic() < next { await Task.yield() }
            next = NanoClock.monotonic() + .milliseconds(50)
            guard let yes = order(.kalshi, .yes, budget: nil),
                let no = order(.polymarket, .no, budget: Money(rawValue: 500_000_000))
            else { return figures }
            let begun = NanoClock().now()
            guard let first = try? one.prepare(yes, at: begun) else { continue }
            guard let second = try? other.prepare(no, at: begun) else {
                one.giveBack(first)
                continue
            }
            let prepared = NanoClock.monotonic()
            async let left = one.commit(first, deadline: prepared + .seconds(2))
            async let right = other.commit(second, deadline: prepared + .seconds(2))
            figures.add(await [left, right], begun: begun.monotonic, prepared: prepared)
            done += 1
        }
        return figures
    }
}

/// The venues and a run that trades there.
private final class TradeFloor {
    let lanes: LaneSet
    let fuse: TradeFuse
    private let folder: LoopbackFolder
    private let stop: RunStop
    private let edges: [VenueEdge]
    private let thread: Worker

    private final class Box: @unchecked Sendable {
        // Safety: handed to the one thread that uses it.
        let driver: LiveDriver
        init(_ driver: LiveDriver) { self.driver = driver }
    }

    init(_ path: String) async throws {
        var world = SimWorld.Settings()
        world.pairs = 2
        world.plants = false
        world.isSteady = true
        world.rate = 20
        folder = try LoopbackFolder(path, world)
        let configuration = try ConfigurationReader.read(
            Self.text(path + "/arb.toml"), file: path + "/arb.toml", folder: path)
        let pairs = try PairFiles(
            ["loopback-0.toml"].compactMap { name in
                let file = path + "/Markets/" + name
                return Self.text(file).map { .init(path: file, text: $0) }
            })
        let core = try Core(configuration: configuration, pairs: pairs, seed: 3) { _ in }
        let hot = try Lane(name: "hot", wait: .spin)
        let lanes = try LaneSet(hot: hot, wait: .spin, venues: VenueID.allCases, isBesideVenues: true)
        self.lanes = lanes
        let venues = try await TradingVenues.make(
            configuration, contracts: core.catalog.contracts, home: path, lanes: lanes, seed: 9)
        var instruments: [VenueID: InstrumentID] = [:]
        for venue in VenueID.allCases { instruments[venue] = core.catalog.instruments(of: venue).first }
        fuse = TradeFuse(venues, instruments)
        stop = RunStop(hot)
        edges = try Edges.make(configuration, home: path, build: "bench")
        let clock = NanoClock()
        let driver = LiveDriver(
            engine: core.engine, edges: edges, clock: clock, lane: hot, seed: 4, published: StatusCell(),
            trading: LiveTrading(
                venues, reads: AccountReads(venues, clock: clock), trader: TradeListener(), stop: stop))
        let box = Box(driver)
        thread = Worker(name: "hot") { box.driver.run(startedAt: clock.now(), until: nil) }
    }

    /// - Returns: orders that the venues say they took from us.
    func end() -> Int {
        stop.request()
        thread.join()
        for edge in edges { edge.client.close() }
        let taken = folder.venues.truth.count { $0.kind == .accepted && $0.account == "ours" }
        _ = folder.venues.stop()
        return taken
    }

    private static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(descriptor, &bytes, bytes.count)
        return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
    }
}
