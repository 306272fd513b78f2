public import Arb
import CAllocations
import Kalshi
import Polymarket
import Risk
public import Simulators
import Threading
import Trading

extension Engine: DrivenCore {}

/// Takes decisions and counts them.
private final class Counter: DecisionSink {
    var decisions = 0
    var notices = 0
    func born(_ opportunity: Opportunity) { decisions += 1 }
    func ended(_ opportunity: Opportunity) {}
    func note(_ notice: FeedNotice) { notices += 1 }
}

/// The whole path of a message without an opportunity, bytes to decision: read, looked up, book changed, edge sought.
///
/// Half are Kalshi deltas, half Polymarket changes of both tokens, on books of 20 levels a side; every hash is the book's
/// own. Engines without and with sampling of the hashes take the same frames in turn.
struct PipelineBench {
    let pairs: Int
    let isZipf: Bool
    var rounds = 6
    var frames = 100_000

    private final class Subject {
        let engine: Engine
        let drive: LoadDrive
        let sink: Counter
        var figures: [Double] = []
        var allocations: UInt64 = 0

        init(pairs: Int, isZipf: Bool, sampleEvery: Int) throws {
            var settings = SimWorld.Settings()
            settings.pairs = pairs
            settings.plants = false
            settings.isSteady = true
            settings.isZipf = isZipf
            settings.depth = 20
            let world = SimWorld(settings)
            let catalog = try Catalog(pairs: world.pairs.map(Self.pair), sets: [])
            let contracts = catalog.contracts.enumerated().map { (InstrumentID(Int32($0.offset)), $0.element) }
            var kalshi = Kalshi.Settings()
            kalshi.feed.tickersPerLink = max(400, pairs / 20)  // no more than may be opened in a minute
            var polymarket = Polymarket.Settings()
            polymarket.feed.sampleEvery = sampleEvery
            sink = Counter()
            engine = Engine(
                catalog: catalog,
                venues: [
                    Kalshi.Venue(contracts.filter { $0.1.venue == .kalshi }, settings: kalshi),
                    Polymarket.Venue(contracts.filter { $0.1.venue == .polymarket }, settings: polymarket),
                ],
                settings: EngineSettings(
                    thresholds: EdgeThresholds(edgeMin: .zero, edgeBpsMin: 0, annualizedPctMin: 0),
                    limits: SizingLimits(
                        lockedMax: Money(rawValue: 20_000_000_000), orderQtyMax: Quantity(rawValue: 100_000_000_000))),
                sink: sink)
            drive = LoadDrive(world: world, core: engine)
            drive.start { [engine] in
                let status = engine.status()
                return status.live == catalog.count && status.blocked == 0
            }
        }

        private static func pair(_ pair: SimPair) -> MarketPair {
            MarketPair(
                id: PairID("p\(pair.index)"), title: "", status: .approved,
                polarity: pair.isInverted ? .inverted : .same, expectedPayout: nil,
                kalshi: Contract(venue: .kalshi, symbol: pair.ticker),
                polymarket: Contract(
                    venue: .polymarket, symbol: pair.condition,
                    tokens: Contract.Tokens(yes: pair.yesToken, no: pair.noToken)))
        }

        /// Plays a batch and keeps its time per frame.
        func play(_ count: Int, keep: Bool) {
            let batch = drive.batch(count)
            let whole = batch.bytes.span.bytes
            var start = 0
            let first = VirtualDrive.stamp(drive.now - Int64(count) * 1_000)
            let before = CAllocations_count()
            let began = NanoClock.monotonic()
            var stamp = first
            for (link, end) in batch.frames {
                stamp = Stamp(
                    monotonic: stamp.monotonic + Nanoseconds(rawValue: 1_000),
                    utc: stamp.utc + Nanoseconds(rawValue: 1_000))
                engine.frame(link, whole.extracting(start..<end), at: stamp)
                start = end
            }
            let spent = NanoClock.monotonic() - began
            if keep {
                figures.append(Double(spent.rawValue) / Double(batch.frames.count))
                allocations += CAllocations_count() - before
            }
            drive.perform()
        }

        /// Books that differ from the world's, or are not live.
        var wrongBooks: Int {
            var wrong = 0
            for pair in drive.world.pairs {
                for (venue, truth) in [pair.kalshi, pair.polymarket].enumerated() {
                    let book = engine.book(InstrumentID(Int32(pair.index * 2 + venue)))
                    var isEqual = book.status == .live
                    for (side, levels) in [(BookSide.bid, truth.bids.levels), (.ask, truth.asks.levels)] {
                        if book[side].levels != levels.count { isEqual = false }
                        for (price, size) in levels {
                            let at = Price(rawValue: Int64(price) * 100_000) ?? .one
                            if book[side].quantity(at: at).rawValue != Int64(size) * 1_000_000 { isEqual = false }
                        }
                    }
                    if !isEqual { wrong += 1 }
                }
            }
            return wrong
        }
    }

    /// Runs it and returns the rows without and with sampling, and the allocations a message.
    func run(_ floors: Floors) throws -> [Row] {
        let name = "pipeline.\(pairs)" + (isZipf ? ".zipf" : "")
        let subjects = [
            (name, try Subject(pairs: pairs, isZipf: isZipf, sampleEvery: .max)),
            (name + ".sampled", try Subject(pairs: pairs, isZipf: isZipf, sampleEvery: 64)),
        ]
        for round in 0..<(rounds + 2) { for (_, subject) in subjects { subject.play(frames, keep: round >= 2) } }
        var rows: [Row] = []
        for (name, subject) in subjects {
            let wrong = subject.wrongBooks
            let isGood = wrong == 0 && subject.sink.decisions == 0 && subject.engine.counters.voids == 0
            var row = Row(
                name, subject.figures, unit: "ns/msg",
                proof: isGood
                    ? "\(pairs * 2) books equal the venues'"
                    : "VOID: \(wrong) wrong books, \(subject.sink.decisions) decisions, \(subject.engine.counters.voids) voids"
            )
            let floor = floors["pipeline_parse_book_detect/simdjson/\(pairs)_pairs" + (isZipf ? "_zipf" : "")]
            row.compare(subject.figures, floor)
            rows.append(row)
            let messages = Double(rounds * frames)
            rows.append(
                Row(
                    "alloc.per_message." + name.dropFirst(9), [Double(subject.allocations) / messages], unit: "malloc",
                    proof: "\(subject.allocations) in \(rounds * frames) messages"))
        }
        return rows
    }
}
