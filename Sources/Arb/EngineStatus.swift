public import Trading

/// The engine at one instant, copied out for people: what a board shows.
public struct EngineStatus: Sendable {
    /// One instrument.
    public struct Instrument: Sendable, Hashable {
        /// The market.
        public let contract: Contract
        /// Whether decisions may use its book.
        public let status: BookStatus
        /// Why it may not; nil when it may.
        public let reason: VoidReason?
        /// Why its terms are not known; nil when they are.
        public let fault: ReferenceFault?
        /// Best bid and ask for YES.
        public let bid: Level?
        /// As `bid`.
        public let ask: Level?
        /// Price levels in its book.
        public let levels: Int
    }

    /// When this was true.
    public let at: Stamp
    /// Counts since the start.
    public let counters: EngineCounters
    /// Books by status.
    public let live: Int
    /// As `live`.
    public let held: Int
    /// As `live`.
    public let void: Int
    /// Why books are void, with how many each; in order of the reason's declaration.
    public let voidReasons: [(reason: VoidReason, count: Int)]
    /// Instruments whose terms are not known.
    public let blocked: Int
    /// Living opportunities, oldest first.
    public let alive: [Opportunity]
    /// Clock offset per venue, where known.
    public let offsets: [(venue: VenueID, offset: Nanoseconds?)]
}

extension Engine {
    /// The engine as it stands between two inputs. Costs a walk over all instruments: for boards, not for messages.
    public func status() -> EngineStatus {
        var (live, held, void) = (0, 0, 0)
        var reasons: [VoidReason: Int] = [:]
        var blocked = 0
        for index in 0..<catalog.count {
            switch books[InstrumentID(Int32(index))].status {
            case .live: live += 1
            case .held: held += 1
            case .void:
                void += 1
                if let reason = states[index].voidReason { reasons[reason, default: 0] += 1 }
            }
            if states[index].terms == nil || states[index].fault != nil { blocked += 1 }
        }
        return EngineStatus(
            at: stampOfNow, counters: counters, live: live, held: held, void: void,
            voidReasons: VoidReason.allCases.compactMap { reason in reasons[reason].map { (reason, $0) } },
            blocked: blocked, alive: opportunities.all, offsets: VenueID.allCases.map { ($0, offset(of: $0)) })
    }

    /// One instrument as it stands between two inputs.
    public func status(of instrument: InstrumentID) -> EngineStatus.Instrument {
        let book = books[instrument]
        let state = states[Int(instrument.index)]
        return EngineStatus.Instrument(
            contract: catalog.contracts[Int(instrument.index)], status: book.status,
            reason: book.status == .void ? state.voidReason : nil, fault: state.fault, bid: book.bids.highest,
            ask: book.asks.lowest, levels: book.bids.levels + book.asks.levels)
    }

    /// The terms of an instrument, where they are known.
    public func terms(of instrument: InstrumentID) -> InstrumentTerms? { states[Int(instrument.index)].terms }

    /// What an entry asks of them.
    func facts(of instrument: InstrumentID) -> EntryFacts? { states[Int(instrument.index)].facts }
}
