public import Arb
import Assembly
public import Simulators
import Trading

extension Engine: DrivenCore {}

/// One seed: the real core driven by the simulated venues in virtual time, its opportunities compared with the truth.
public struct Exploration {
    /// What was found.
    public struct Report: Sendable {
        /// The seed.
        public var seed: UInt64 = 0
        /// Messages given to the core.
        public var frames = 0
        /// Edges planted and over within the run.
        public var planted = 0
        /// Of these, seen and passed by every gate.
        public var found = 0
        /// Of these, alive only while a book of theirs was rightly void or held.
        public var hidden = 0
        /// Of these, missed: a defect.
        public var missed: [String] = []
        /// Opportunities born where the truth has no edge: a defect.
        public var phantoms: [String] = []
        /// Opportunities born.
        public var born = 0
        /// Of births without an edge, those in the seconds before a frozen link was found out.
        public var blind = 0
        /// Live books that differ from the truth at the end: a defect.
        public var wrongBooks: [String] = []
        /// Faults that struck.
        public var struck: [SimFault: Int] = [:]
        /// Hash of all decisions.
        public var sha256 = ""
        /// An empty report.
        public init() {}
        /// True when nothing of it is a defect.
        public var isGood: Bool { missed.isEmpty && phantoms.isEmpty && wrongBooks.isEmpty }
    }

    /// The configuration cannot be read: a defect of this module.
    public struct Fault: Error {
        /// What is wrong.
        public let text: String
    }

    private var settings: VirtualDrive.Settings

    /// An exploration under these settings.
    public init(_ settings: VirtualDrive.Settings) { self.settings = settings }

    /// Runs one seed.
    ///
    /// - Throws: `Fault`.
    public func run(seed: UInt64) throws -> Report {
        var settings = settings
        settings.world.seed = seed
        let world = SimWorld(settings.world)
        let watch = Watch(world: world, isLoose: settings.faults.contains(.late))
        let core = try makeCore(world, seed: seed, watch)
        let drive = VirtualDrive(settings, world: world, core: core.engine)
        watch.engine = core.engine
        watch.drive = drive
        drive.observe = { now in watch.look(at: now) }
        drive.run()
        var report = watch.report(settings.duration.rawValue)
        report.seed = seed
        report.frames = drive.frames
        report.struck = drive.struck
        if drive.isStuck { report.wrongBooks.append("the core asks to be called again and again at one instant") }
        report.sha256 = core.decisions.finish()
        withExtendedLifetime(core) {}
        return report
    }

    private func makeCore(_ world: SimWorld, seed: UInt64, _ watch: Watch) throws(Fault) -> Core {
        do {
            let configuration = try ConfigurationReader.read("", file: nil, folder: ".")
            let pairs = try PairFiles([CaptureHeader.PairText(path: "loopback.toml", text: SimFiles.pairs(world))])
            return try Core(configuration: configuration, pairs: pairs, seed: seed) { event in watch.take(event) }
        } catch let faults as SourceFaults {
            throw Fault(text: faults.rendered)
        } catch {
            throw Fault(text: "\(error)")
        }
    }
}

/// Follows a drive: what the engine said against what the world knows, input by input.
final class Watch {
    private struct Edge {
        let planted: PlantedEdge
        var isFound = false
        var wasHidden = false
    }

    private let world: SimWorld
    private let isLoose: Bool
    private var edges: [Edge] = []
    private var open: [Int] = []
    private var seen = 0
    private var now: Int64 = 0
    private var result = Exploration.Report()
    weak var engine: Engine?
    weak var drive: VirtualDrive?

    /// Within the time that a frozen link takes to be found out, its books are wrong and nobody can know.
    private var isBlind: Bool { drive.map { $0.isSilent(.kalshi) || $0.isSilent(.polymarket) } ?? false }

    private let map: WorldMap

    /// Shortly after a connection came up again what was said meanwhile is still being read.
    private func isCatchingUp(_ now: Int64) -> Bool {
        now - (drive?.lastOpened ?? 0) < 100_000_000 && now > 5_000_000_000
    }

    init(world: SimWorld, isLoose: Bool) {
        self.world = world
        map = WorldMap(world)
        self.isLoose = isLoose
    }

    /// After every input of the drive: edges that came and went, books that were no books meanwhile.
    func look(at now: Int64) {
        self.now = now
        meet()
        open.removeAll { index in
            let edge = edges[index].planted
            if !edges[index].isFound {
                if isBlind || isCatchingUp(now) { edges[index].wasHidden = true }
                for instrument in map.instruments(of: edge.basket)
                where engine?.status(of: instrument).status != .live || engine?.terms(of: instrument) == nil {
                    edges[index].wasHidden = true
                }
            }
            return edge.until < now
        }
    }

    func take(_ event: DecisionEvent) {
        switch event {
        case .born(let opportunity):
            result.born += 1
            check(opportunity)
            if opportunity.disposition == .taken { credit(opportunity, at: opportunity.born) }
        case .ended(let opportunity):
            if let taken = opportunity.takenAt { credit(opportunity, at: taken) }
        case .note, .trade: break
        }
    }

    /// An opportunity is a phantom when the truth has no edge at that instant.
    private func check(_ opportunity: Opportunity) {
        let basket = map.basket(Int(opportunity.basket.index))
        let edge: Int? =
            switch basket {
            case .pair(let index, let direction): world.pairs[index].edge(direction)
            case .set(let index, let isYes): world.edge(set: index, isYes: isYes)
            }
        guard (edge ?? .min) <= 0, !isLoose, opportunity.disposition == .taken else { return }
        guard !isBlind else {
            result.blind += 1
            return
        }
        result.phantoms.append(
            "\(basket) at \(opportunity.born.monotonic.rawValue) ns: the truth earns \(edge.map(String.init) ?? "nothing")e-7, "
                + "the plan \(opportunity.plan.net) on \(opportunity.plan.orderQty)")
    }

    private func credit(_ opportunity: Opportunity, at stamp: Stamp) {
        let basket = map.basket(Int(opportunity.basket.index))
        let instant = stamp.monotonic.rawValue
        // Born in the very input that planted it: the watch has not seen it yet.
        meet()
        for index in edges.indices.reversed() {
            let edge = edges[index].planted
            if edge.until + 1_000_000_000 < instant, index + 200 < edges.count { break }
            if edge.basket == basket, edge.from <= instant, instant <= edge.until { edges[index].isFound = true }
        }
    }

    /// Takes in what was planted since the last time.
    private func meet() {
        while seen < world.planted.count {
            edges.append(Edge(planted: world.planted[seen]))
            open.append(seen)
            seen += 1
        }
    }

    func report(_ duration: Int64) -> Exploration.Report {
        for edge in edges where edge.planted.until < duration {
            result.planted += 1
            if edge.isFound {
                result.found += 1
            } else if edge.wasHidden || isLoose && edge.planted.until - edge.planted.from <= 250_000_000 {
                // Where frames come late, what is over within their delay may be over before it is told.
                result.hidden += 1
            } else {
                let planted = edge.planted
                result.missed.append("\(planted.basket) from \(planted.from) to \(planted.until) ns")
            }
        }
        compareBooks()
        return result
    }

    /// Every live book must be the truth at the end.
    private func compareBooks() {
        guard let engine, !isBlind else { return }
        for pair in world.pairs {
            for venue in [0, 1] {
                guard let instrument = map.instrument(pair.index, venue) else { continue }
                let book = engine.book(instrument)
                guard book.status == .live else { continue }
                if venue == 0, pair.isPaused, engine.terms(of: instrument)?.status == .active, !isCatchingUp(now) {
                    result.wrongBooks.append("pair \(pair.index) is paused and taken for active")
                }
                let truth = venue == 0 ? pair.kalshi : pair.polymarket
                for (isBid, levels) in [(true, truth.bids.levels), (false, truth.asks.levels)] {
                    let side: BookSide = isBid ? .bid : .ask
                    var isEqual = book[side].levels == levels.count
                    for (price, size) in levels {
                        guard let at = Price(rawValue: Int64(price) * 100_000) else { continue }
                        if book[side].quantity(at: at) != Quantity(rawValue: Int64(size) * 1_000_000) {
                            isEqual = false
                        }
                    }
                    if !isEqual { result.wrongBooks.append("pair \(pair.index) venue \(venue) \(side)") }
                }
            }
        }
    }
}
