import Codec
import Signing
public import Trading

/// What may be chosen about reference data.
public struct ReferenceSettings: Hashable, Sendable {
    /// Markets are read again after this long.
    public var marketsEvery = Nanoseconds.seconds(300)
    /// A read without an answer for this long has failed.
    public var timeout = Nanoseconds.seconds(20)
    /// First pause after a failed read; doubles, half of it drawn at random.
    public var backoffFirst = Nanoseconds.seconds(1)
    /// Longest pause after a failed read.
    public var backoffMax = Nanoseconds.seconds(60)
    /// Most reads under way at once.
    public var readsMax = 8
    /// Markets in one read of the metadata server.
    public var conditionsPerRead = 20
    /// How long the venue holds a taker's order in markets that say that they do.
    public var takerDelay = Nanoseconds.milliseconds(150)
    /// What is paid out this long after the end date.
    public var payoutAfterEnd = Nanoseconds.seconds(7_200)
    /// Seed of the jitter.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
}

/// Polymarket's reference data: the order book's own market info and the metadata server's dates, rules and fees.
///
/// Both must agree with each other and with the pair file; what is missing, unknown or contradictory blocks the market.
/// - Lane: the hot lane; answers are rare.
/// - Source: sheet of the venue's documentation of October 2026, sections 4.1, 4.2, 5 and 6.
public final class Reference: ReferenceReader {
    enum Subject: Hashable {
        case clob(Int)
        case gamma(Range<Int>)
    }

    private struct Read {
        let subject: Subject
        var due: MonotonicNanos
        var attempt = 0
        var tag: UInt64?
        var timeoutAt = MonotonicNanos(rawValue: 0)
        var isFirst = true
    }

    private struct Market {
        let instrument: InstrumentID
        let contract: Contract
        var clob: Wire.ClobMarket?
        var gamma: Wire.GammaMarket?
        var readAt: UTCNanos?
    }

    /// Polymarket.
    public let venue = VenueID.polymarket
    private let settings: ReferenceSettings
    private let reader = JSONReader(limits: .rest)
    /// Of lists that are text inside of what `reader` read.
    private let inner = JSONReader(limits: .webSocket)
    private var random: SeededGenerator
    private var reads: [Read] = []
    private var markets: [Market] = []
    private var places: [String: Int] = [:]
    private var byTag: [UInt64: Int] = [:]
    private var planned = DueQueue()
    /// True until the pinned terms have been told.
    private var hasPins = false
    private var actions: [VenueAction] = []
    private var nextTag: UInt64 = 1
    private var deadline: MonotonicNanos?

    /// A reader of nothing yet.
    public init(settings: ReferenceSettings) {
        precondition(settings.conditionsPerRead > 0 && settings.readsMax > 0, "a read asks for something")
        self.settings = settings
        random = SeededGenerator(seed: settings.seed)
    }

    /// Queues the reads for these contracts.
    public func start(_ contracts: [(InstrumentID, Contract)], at stamp: Stamp) {
        let first = markets.count
        for (instrument, contract) in contracts where places[contract.symbol] == nil {
            places[contract.symbol] = markets.count
            markets.append(Market(instrument: instrument, contract: contract))
            if contract.pinned != nil { hasPins = true }
        }
        for start in stride(from: first, to: markets.count, by: settings.conditionsPerRead) {
            let range = start..<min(start + settings.conditionsPerRead, markets.count)
            want(.gamma(range), stamp.monotonic)
            for place in range { want(.clob(place), stamp.monotonic) }
        }
        issue(stamp.monotonic)
    }

    private func want(_ subject: Subject, _ now: MonotonicNanos) {
        reads.append(Read(subject: subject, due: now))
        planned.plan(reads.count - 1, at: now)
    }

    private func plan(_ index: Int, at due: MonotonicNanos) {
        reads[index].due = due
        planned.plan(index, at: due)
    }

    /// The next instant at which `advance` has something to do.
    public var nextDeadline: MonotonicNanos? { hasPins ? MonotonicNanos(rawValue: 0) : deadline }

    /// Takes the queued reads, oldest first.
    public func takeActions() -> [VenueAction] {
        guard !actions.isEmpty else { return [] }
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    /// Reads that are due, and reads that were not answered.
    public func advance(to stamp: Stamp, into sink: any ReferenceSink) {
        if hasPins { tellPinned(into: sink) }
        for (tag, index) in byTag.sorted(by: { $0.key < $1.key }) where reads[index].timeoutAt <= stamp.monotonic {
            byTag[tag] = nil
            failed(index, ReferenceFault(code: "E_REF_UNAVAILABLE", text: "no answer in time"), at: stamp, into: sink)
        }
        issue(stamp.monotonic)
    }

    private func tellPinned(into sink: any ReferenceSink) {
        hasPins = false
        for market in markets where market.clob == nil || market.gamma == nil {
            do throws(ReferenceFault) {
                guard let terms = try Self.pinned(market.contract) else { continue }
                sink.apply(terms, of: market.instrument)
            } catch {
                sink.block(market.instrument, error)
            }
        }
    }

    private func issue(_ now: MonotonicNanos) {
        while byTag.count < settings.readsMax,
            let index = planned.take(by: now, { reads[$0].tag == nil && reads[$0].due == $1 })
        {
            send(index, now)
        }
        deadline = byTag.values.lazy.map { self.reads[$0].timeoutAt }.min()
        // Held back by the number under way: an answer comes first.
        if byTag.count < settings.readsMax, let due = planned.next({ reads[$0].tag == nil && reads[$0].due == $1 }) {
            deadline = deadline.map { min($0, due) } ?? due
        }
    }

    private func send(_ index: Int, _ now: MonotonicNanos) {
        let tag = nextTag
        nextTag += 1
        reads[index].tag = tag
        reads[index].timeoutAt = now + settings.timeout
        byTag[tag] = index
        let service: String
        let path: String
        switch reads[index].subject {
        case .clob(let place): (service, path) = ("clob", "/clob-markets/\(markets[place].contract.symbol)")
        case .gamma(let range):
            let ids = range.map { "condition_ids=\(markets[$0].contract.symbol)" }.joined(separator: "&")
            (service, path) = ("gamma", "/markets/keyset?limit=\(range.count)&\(ids)")
        }
        actions.append(
            .fetch(RestRequest(tag: tag, venue: venue, service: service, path: path, mayUseCache: reads[index].isFirst))
        )
    }

    // MARK: Answers

    /// One answer; markets of which both servers have spoken are told to the sink.
    public func answered(_ answer: RestAnswer, at stamp: Stamp, into sink: any ReferenceSink) {
        guard let index = byTag[answer.request.tag] else { return }
        // An answer from the cache comes first; the fresh one follows under the same tag.
        let isKept = answer.request.mayUseCache && answer.fetchedAt < stamp.utc + .seconds(-1)
        if !isKept {
            byTag[answer.request.tag] = nil
            reads[index].tag = nil
        }
        do throws(ReferenceFault) {
            try take(try checked(answer), reads[index].subject, answer, into: sink)
            if !isKept {
                reads[index].attempt = 0
                reads[index].isFirst = false
                plan(index, at: stamp.monotonic + settings.marketsEvery)
            }
        } catch {
            if !isKept { failed(index, error, at: stamp, into: sink) }
        }
        issue(stamp.monotonic)
    }

    private func checked(_ answer: RestAnswer) throws(ReferenceFault) -> JSONValue {
        let path = answer.request.path.prefix(80)
        if let fault = answer.fault { throw ReferenceFault(code: "E_REF_UNAVAILABLE", text: "\(path): \(fault)") }
        guard answer.status == 200 else {
            throw ReferenceFault(
                code: answer.status == 404 ? "E_REF_NOT_FOUND" : "E_REF_UNAVAILABLE",
                text: "\(path): HTTP status \(answer.status)")
        }
        guard answer.contentType.hasPrefix("application/json") else {
            throw ReferenceFault(
                code: "E_REF_UNREADABLE", text: "\(path): content type \(answer.contentType) instead of JSON")
        }
        do throws(JSONFault) { return try reader.read(answer.body) } catch {
            throw ReferenceFault(code: "E_REF_UNREADABLE", text: "\(path): no JSON (\(error.code))")
        }
    }

    private func take(_ root: JSONValue, _ subject: Subject, _ answer: RestAnswer, into sink: any ReferenceSink)
        throws(ReferenceFault)
    {
        do throws(WireFault) {
            switch subject {
            case .clob(let place):
                let market = try Wire.clobMarket(root)
                guard market.condition == markets[place].contract.symbol else { throw WireFault(.field, "c") }
                markets[place].clob = market
                markets[place].readAt = answer.fetchedAt
                tell(place, into: sink)
            case .gamma(let range):
                var missing = Set(range)
                for market in try Wire.gammaMarkets(root, inner: inner) {
                    guard let place = places[market.condition] else { continue }
                    markets[place].gamma = market
                    markets[place].readAt = answer.fetchedAt
                    missing.remove(place)
                    tell(place, into: sink)
                }
                for place in missing.sorted() {
                    let text = "the metadata server does not list \(markets[place].contract.symbol)"
                    sink.block(markets[place].instrument, ReferenceFault(code: "E_REF_NOT_FOUND", text: text))
                }
            }
        } catch {
            throw ReferenceFault(
                code: "E_REF_UNREADABLE",
                text: "\(answer.request.path.prefix(80)): \(error.field) cannot be read (\(error.code))")
        }
    }

    private func failed(_ index: Int, _ fault: ReferenceFault, at stamp: Stamp, into sink: any ReferenceSink) {
        reads[index].tag = nil
        let doublings = Int64(min(reads[index].attempt, 10))
        reads[index].attempt += 1
        let step = min(settings.backoffMax.rawValue, settings.backoffFirst.rawValue << doublings)
        plan(index, at: stamp.monotonic + Nanoseconds(rawValue: Int64.random(in: (step / 2)...step, using: &random)))
        sink.note(FeedNotice(code: fault.code, text: fault.text))
        // What was known stays in force through a passing failure; what never was known is blocked in words.
        let concerned: [Int]
        switch reads[index].subject {
        case .clob(let place): concerned = [place]
        case .gamma(let range): concerned = Array(range)
        }
        for place in concerned
        where markets[place].contract.pinned == nil
            && (markets[place].clob == nil || markets[place].gamma == nil || reads[index].attempt > 4)
        {
            sink.block(markets[place].instrument, fault)
        }
    }

    private func tell(_ place: Int, into sink: any ReferenceSink) {
        guard let clob = markets[place].clob, let gamma = markets[place].gamma, let readAt = markets[place].readAt
        else { return }
        do throws(ReferenceFault) {
            let terms = try TermsMaker(contract: markets[place].contract, clob: clob, gamma: gamma, settings: settings)
                .terms(readAt: readAt)
            sink.apply(terms, of: markets[place].instrument)
        } catch {
            sink.block(markets[place].instrument, error)
        }
    }
}
