public import Arb
internal import Synchronization
internal import Threading
public import Trading
internal import Transport

/// Everything that trades, put together from configuration and key files: a venue each, their lanes, and the thread that
/// makes ready what orders need.
///
/// - Lane: made anywhere; told of markets on the hot lane; `stop` on the thread that ran the hot lane, after it ended.
public final class TradingVenues: Sendable {
    /// The lanes.
    public let lanes: LaneSet
    /// One each, in the order of the venues.
    public let all: [TradingVenue]
    private let contracts: [Contract]
    private let hotPools: [WarmPool]
    private let tender: Tender
    /// The newest terms of each instrument: changes of grid and status go on top.
    private let terms: Mutex<[InstrumentTerms?]>
    private let isOver = Atomic<Bool>(false)

    /// Makes the venues: keys are read, the accounts asked for their limits, and nothing is sent yet.
    ///
    /// - Parameters:
    ///   - contracts: of the catalog, by instrument.
    ///   - seed: of salts, jitter and masks; drawn anew for every run.
    ///   - receipts: keeps what the venues say of our orders; nil: nobody does.
    /// - Throws: `Edges.Fault`, `AccountFault`, `TransportFault`, `SigningFault`.
    public static func make(
        _ configuration: Configuration, contracts: [Contract], home: String, lanes: LaneSet, seed: UInt64,
        receipts: ReceiptQueue? = nil
    ) async throws -> TradingVenues {
        var made: [TradingVenue] = []
        do {
            for venue in VenueID.allCases {
                let mine = contracts.filter { $0.venue == venue }
                let parts = try VenueParts(
                    venue, configuration, home: home, lane: lanes.gateway(of: venue),
                    seed: seed &+ UInt64(venue.rawValue), receipts: receipts)
                do {
                    let side: any TradingSide =
                        switch venue {
                        case .kalshi: try await KalshiSide(parts)
                        case .polymarket: try await PolymarketSide(parts, contracts: mine)
                        }
                    guard let pool = parts.made else { preconditionFailure("a side without connections") }
                    made.append(TradingVenue(venue, side, parts, pool: pool))
                } catch {
                    parts.made?.stop()
                    parts.client.close()
                    throw error
                }
            }
        } catch {
            for venue in made {
                venue.pool.stop()
                venue.edge.client.close()
            }
            throw error
        }
        return TradingVenues(made, contracts, lanes)
    }

    /// None: nothing is ever sent. What trades on paper has lanes and nothing else.
    public static func none(_ contracts: [Contract], lanes: LaneSet) -> TradingVenues {
        TradingVenues([], contracts, lanes)
    }

    private init(_ all: [TradingVenue], _ contracts: [Contract], _ lanes: LaneSet) {
        self.all = all
        self.contracts = contracts
        self.lanes = lanes
        hotPools = all.filter { $0.lane === lanes.hot }.map(\.pool)
        terms = Mutex(Array(repeating: nil, count: contracts.count))
        tender = Tender(all, hot: lanes.hot)
    }

    /// A venue.
    public subscript(venue: VenueID) -> TradingVenue? { all.first { $0.venue == venue } }

    /// The gateways, as the trader takes them.
    public var gateways: [any OrderGateway] { all.map(\.gateway) }

    // MARK: Life

    /// Starts the gateways' lanes and the signing ahead. Before the hot lane runs; call once.
    public func start() {
        let pools = all.map { ($0.lane, $0.pool) }
        lanes.start { lane, ready in
            var turn = Lane.Turn.idle(until: nil)
            for (owner, pool) in pools where owner === lane { turn = turn.joined(pool.turn(ready)) }
            return turn
        }
        tender.start()
    }

    /// What the connections of the hot lane have to do: part of each of its turns.
    func turn(_ ready: [UInt64]) -> Lane.Turn {
        var turn = Lane.Turn.idle(until: nil)
        for pool in hotPools { turn = turn.joined(pool.turn(ready)) }
        return turn
    }

    /// Ends everything: requests in flight are lost and told so, threads and connections are gone when it returns.
    /// The hot lane must have ended. Harmless when repeated.
    public func stop() {
        guard !isOver.exchange(true, ordering: .acquiringAndReleasing) else { return }
        tender.stop()
        for venue in all { venue.pool.stop() }
        lanes.stop()
        lanes.hot.stop()
        for venue in all { _ = venue.pool.turn([]) }
        drain()
        for venue in all { venue.edge.client.close() }
    }

    /// A lane that was stopped only runs what waits on it: whoever waited for a request hears that it is lost.
    func drain() {
        for lane in lanes.others + [lanes.hot] { lane.run { _ in .idle(until: nil) } }
    }

    // MARK: Halt

    /// Everything that was signed ahead is void and nothing is signed ahead any more; closes and cancels are signed in
    /// line. From any thread.
    public func halt() { tender.halt() }

    /// Signing ahead goes on.
    public func resume() { tender.resume() }

    /// Cancels every order of the account at each venue, ours or not, all at once. From any thread.
    ///
    /// - Parameter deadline: a venue that has not answered by then is told as unknown.
    public func cancelAll(deadline: MonotonicNanos) async -> [(venue: VenueID, report: CancelReport)] {
        await withTaskGroup(of: (VenueID, CancelReport).self) { group in
            for venue in all {
                group.addTask(executorPreference: venue.lane) {
                    (venue.venue, await venue.gateway.cancelAll(deadline: deadline))
                }
            }
            var reports: [(venue: VenueID, report: CancelReport)] = []
            for await (venue, report) in group { reports.append((venue, report)) }
            return reports.sorted { $0.venue < $1.venue }
        }
    }

    /// Signs an order ahead for the next fire that wants just this one. From any thread; what does not fit is dropped.
    public func signAhead(_ order: NewOrder, at venue: VenueID) { tender.signAhead(order, at: venue) }

    /// Orders rest at a venue from now on, or no longer: some cancel them when they do not hear of us.
    public func rest(_ isResting: Bool, at venue: VenueID) {
        self[venue]?.isResting.store(isResting, ordering: .releasing)
    }

    /// Takes what an operator should know, and where a gap began. On the hot lane.
    func takeNotes() -> [Tender.Note] { tender.notes.isEmpty ? [] : tender.notes.takeAll() }
}

// What the engine tells of markets, in its own order.
extension TradingVenues: MarketObserver {
    /// The terms of an instrument, new or anew; one that its gateway cannot trade is told of.
    public func apply(_ terms: InstrumentTerms, of instrument: InstrumentID) {
        self.terms.withLock { $0[Int(instrument.index)] = terms }
        let contract = contracts[Int(instrument.index)]
        guard let venue = self[contract.venue] else { return }
        do throws(LocalRefusal) {
            try venue.side.apply(terms, of: instrument, contract)
        } catch {
            tender.tell(
                FeedNotice(
                    code: error.kind.rawValue, instrument: instrument,
                    text: "\(contract.symbol) takes no orders: \(error.text)"))
        }
    }

    /// It takes no orders until its terms are known again.
    public func block(_ instrument: InstrumentID) {
        terms.withLock { $0[Int(instrument.index)] = nil }
        self[contracts[Int(instrument.index)].venue]?.side.block(instrument)
    }

    /// Status and grid go on top of the terms; fees that may have changed void what was signed ahead.
    public func apply(_ event: MarketEvent) {
        switch event {
        case .status(let instrument, let status): change(instrument) { $0.status = status }
        case .grid(let instrument, let grid): change(instrument) { $0.grid = grid }
        case .feesChanged(let instrument): voided(instrument)
        case .entriesEnd, .trade: break
        }
    }

    private func change(_ instrument: InstrumentID, _ body: (inout InstrumentTerms) -> Void) {
        guard var terms = terms.withLock({ $0[Int(instrument.index)] }) else { return }
        body(&terms)
        apply(terms, of: instrument)
    }

    /// What was signed ahead for it is void.
    public func voided(_ instrument: InstrumentID) {
        self[contracts[Int(instrument.index)].venue]?.side.void(instrument)
    }
}
