internal import Arb
internal import Assembly
internal import Glibc
internal import Risk
internal import Store
public import Simulators
internal import Threading
internal import Trading

/// Where a scene plays: venues, a live run against them, and the words that its script is written in.
///
/// - Lane: one thread, the scene's own.
public final class Stage {
    /// The venues and their folder.
    public let house: LoopbackFolder
    /// What the scene is drawn from.
    public let seed: UInt64
    private let environment: [String: String]
    private var daemon: SceneDaemon
    private var starts: UInt64 = 1
    /// What earlier runs of this scene were told; the newest last.
    private(set) var past: [SceneTold] = []
    /// What did not hold.
    private(set) var problems: [String] = []
    /// When the last edge was taken out of the books.
    private(set) var calmedAt: MonotonicNanos?

    /// Something that a script waited for did not come.
    struct Miss: Error, CustomStringConvertible {
        let description: String
    }

    init(_ house: LoopbackFolder, seed: UInt64, environment: [String: String]) throws {
        self.house = house
        self.seed = seed
        self.environment = environment
        daemon = try SceneDaemon(house.path, environment: environment, seed: seed)
    }

    /// How long a script waits for what must come: far longer than a busy machine needs.
    static let patience = Nanoseconds.seconds(60)

    // MARK: The run

    var view: SceneDaemon.View { daemon.look() }
    var told: SceneTold { daemon.heard }
    /// Everything that was told, over all runs of the scene.
    var intents: [OrderIntent] { past.flatMap(\.intents) + told.intents }
    var alerts: [TradeAlert] { past.flatMap(\.alerts) + told.alerts }
    var besideOpen: [OrderIntent] { past.flatMap(\.besideOpen) + told.besideOpen }
    var recovered: Int { daemon.recovered }

    /// Waits until both accounts were read and entries may be made.
    func ready() throws { try until("ready to trade") { $0.isReady } }

    /// Ends the run in order; the scene goes on without one.
    func end() { daemon.end() }

    /// True when the ledger has something that the next run must take up.
    func leavesWork() throws -> Bool {
        let ledger = try Ledger.reader(path: house.path + "/state/loopback/ledger.db")
        var filter = Ledger.OrderFilter(limit: 1)
        filter.standing = .open
        return try !ledger.orders(filter).isEmpty || !ledger.boxes().isEmpty
    }

    /// Ends the run in order, if it still lasts, and begins another with the same files.
    func restart() throws {
        daemon.end()
        past.append(daemon.heard)
        starts += 1
        daemon = try SceneDaemon(house.path, environment: environment, seed: seed &+ starts)
    }

    func halt() { daemon.halt() }

    /// Begins the run after a halt: it takes up what the operator left, and closes it; or it is less than the venue takes, and
    /// told.
    func restartAfterHalt() throws {
        try restart()
        try until("ready, or halted with the exposure stated") { [self] view in
            view.isReady || view.exposure.state > .hedged && isStated(view)
        }
    }

    func perform(_ body: @escaping @Sendable (Trader, Stamp) -> Void) { daemon.perform(body) }

    // MARK: The market

    /// Puts an edge into a pair's books, for as long as it is left there: Kalshi's whole book moves by so many thousandths.
    /// Below zero: YES is bought there. 150 pays, 80 is eaten by fees.
    func plant(_ pair: Int = 0, kalshi mills: Int = -150) {
        house.venues.reach { $0.world.shift(pair, venue: 0, by: mills, at: $0.now, $0.tell) }
    }

    /// Takes the edge out of the books.
    func calm(_ pair: Int = 0) {
        house.venues.reach { $0.world.shift(pair, venue: 0, by: 0, at: $0.now, $0.tell) }
        calmedAt = NanoClock.monotonic()
    }

    /// Plants, waits until both legs of a fire have come to their venues, or to grief, and takes the edge away.
    func fire(_ pair: Int = 0, kalshi mills: Int = -150) throws {
        let before = truth.count
        let intents = told.intents.count
        plant(pair, kalshi: mills)
        defer { calm(pair) }
        try until("both legs of loop-\(pair) at their venues") { [self] _ in
            let arrived = truth[before...].filter {
                $0.kind == .received || ($0.kind == .fault && $0.endpoint == "create")
            }
            return Set(arrived.map(\.venue)).count == VenueID.allCases.count
                && told.intents[intents...].contains { $0.role == .leg && $0.pair.name == "loop-\(pair)" }
        }
    }

    func kalshi(_ body: (KalshiTrading, TradingTurn) -> Void) { house.venues.command(KalshiTrading.self, body) }

    func polymarket(_ body: (PolymarketTrading, TradingTurn) -> Void) {
        house.venues.command(PolymarketTrading.self, body)
    }

    /// One more fault, from now on.
    func fault(_ text: String) {
        guard let rule = FaultPlan.rule(text) else { return problems.append("'\(text)' is no fault") }
        house.venues.add(rule)
    }

    /// The venue whose turn it is by the seed: a scene of one leg is played on either.
    var odd: String { seed % 2 == 1 ? "kalshi" : "polymarket" }
    /// The other one.
    var even: String { seed % 2 == 1 ? "polymarket" : "kalshi" }

    // MARK: The truth

    var truth: [TruthEvent] { house.venues.truth }

    /// Orders of ours that came to a venue.
    func received(_ venue: VenueID? = nil) -> [TruthEvent] {
        truth.filter { $0.kind == .received && $0.account == "ours" && (venue == nil || $0.venue == venue) }
    }

    /// How often a fault struck.
    func struck(_ kind: FaultKind) -> Int { truth.count { $0.kind == .fault && $0.reason == kind.rawValue } }

    // MARK: Waiting and judging

    /// Waits for something that must come.
    ///
    /// - Throws: `Miss` when it does not.
    func until(
        _ what: String, within patience: Nanoseconds = Stage.patience, _ isThere: (SceneDaemon.View) throws -> Bool
    ) throws {
        let end = NanoClock.monotonic() + patience
        while true {
            let view = view
            if try isThere(view) { return }
            guard NanoClock.monotonic() < end else {
                throw Miss(description: "not seen: \(what); \(line(view))")
            }
            pause(5)
        }
    }

    /// Lets the world go on for a while: for what must *not* happen in it.
    func wait(_ milliseconds: Int64) { pause(Int32(milliseconds)) }

    private func pause(_ milliseconds: Int32) { poll(nil, 0, milliseconds) }

    /// Notes what does not hold.
    func check(_ isTrue: Bool, _ text: @autoclosure () -> String) {
        if !isTrue { problems.append(text()) }
    }

    /// Everything is known and nothing is under way: flat or hedged; or what is open has been told with its pair halted.
    func settled() throws {
        try until("flat, hedged, or halted with the exposure stated") { [self] view in
            isSettled(view)
        }
    }

    func isSettled(_ view: SceneDaemon.View) -> Bool {
        guard view.isReady || isStated(view) else { return false }
        if view.exposure.state <= .hedged { return view.isQuiet && view.unknownLegs == 0 }
        return isStated(view)
    }

    /// Nothing stands alone and nothing is under way.
    var isClosed: Bool {
        let view = view
        return view.exposure.state <= .hedged && view.isQuiet && view.unknownLegs == 0
    }

    /// What stands alone, or is unknown, was told by name and its pair takes no entries.
    func isStated(_ view: SceneDaemon.View) -> Bool {
        guard view.exposure.state > .hedged else { return true }
        return view.counters.pairHalts > 0 && told.alerts.contains { $0.isCritical }
    }

    /// For people.
    func line(_ view: SceneDaemon.View) -> String {
        let counters = view.counters
        let refused = told.results.filter { $0.kind == .refused }.map(\.error)
        return
            "\(view.exposure.line), ready \(view.isReady), quiet \(view.isQuiet), unknown \(view.unknownLegs), claims "
            + "\(view.claims), fired \(counters.fired), residuals \(counters.residuals), closes \(counters.closes), halts "
            + "\(counters.pairHalts); refused \(refused.suffix(2)); alerts \(told.alerts.suffix(3).map(\.text))"
    }
}
