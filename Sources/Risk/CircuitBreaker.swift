public import Trading

/// Stops entries when what they go through is not well: for all, for a venue, for a pair.
///
/// Closed, it counts. Open, it refuses entries; closes and cancels are never asked. After errors, refusals and slow
/// answers it lets one entry of the smallest size through once the cooldown is over: good, it closes; anything else, it
/// waits again. Loss, unknown legs, overfill, void settlement and spilled jobs wait for a person's `resume`.
/// - Lane: the hot lane; a value. `admission` allocates nothing.
public struct CircuitBreaker: Hashable, Sendable {
    /// What a scope lets through now.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// Everything.
        case closed
        /// Nothing.
        case open
        /// One probe.
        case halfOpen = "half_open"
    }

    /// Whether an entry may go out.
    enum Admission: Hashable {
        case free
        case probe
        case refused(RiskRefusal.Reason)
    }

    /// Where it trips.
    public let settings: BreakerSettings
    private var global = BreakerCell()
    private var venues: [BreakerCell]
    private var pairs: [BreakerCell] = []
    private var names: [PairID] = []
    private var indices: [PairID: Int] = [:]
    private var events: [BreakerEvent] = []
    /// Events kept until somebody takes them; the oldest go first.
    public static let eventsMax = 1_024

    /// A breaker, with what an earlier run left open.
    public init(
        _ settings: BreakerSettings = BreakerSettings(), restoring records: [BreakerRecord] = [], at now: Stamp? = nil
    ) {
        precondition(settings.rejectSpikeMax > 0, "a spike is at least one refusal")
        self.settings = settings
        venues = Array(repeating: BreakerCell(), count: VenueID.allCases.count)
        let start = now ?? Stamp(monotonic: MonotonicNanos(rawValue: 0), utc: UTCNanos(rawValue: 0))
        for record in records { edit(record.scope) { $0.restore(record, at: start) } }
    }

    /// Takes up what an earlier run left open; cooldowns begin anew.
    mutating func restore(_ record: BreakerRecord, at now: Stamp) {
        edit(record.scope) { $0.restore(record, at: now) }
    }

    // MARK: Orders

    /// Takes in what became of one order. Once for each entry and closing order, when its answer or deadline is there.
    ///
    /// - Parameter latency: from the last byte sent to the answer; nil where none came.
    public mutating func record(
        _ signal: BreakerSignal, execution: ExecutionID, pair: PairID, venue: VenueID, latency: Nanoseconds?,
        at now: Stamp
    ) {
        for scope in [BreakerScope.global, .venue(venue), .pair(pair)] {
            // How fast a venue answers says nothing of a pair.
            let latency = scope == .venue(venue) ? latency : nil
            let isSlow = latency.map { $0 > settings.latencyMax } ?? false
            let rules = settings
            var finding: BreakerCell.Finding?
            edit(scope) { finding = $0.count(signal, latency: latency, rules, at: now.monotonic) }
            if let finding { open(scope, finding, at: now) }
            guard cell(scope).probe?.execution == execution else { continue }
            var isDone = false
            edit(scope) { isDone = $0.answer(signal == .good && !isSlow, at: now.monotonic) }
            if isDone {
                close(scope, at: now)
            } else if cell(scope).probe == nil {
                tell(scope, .opened, at: now)
            }
        }
    }

    // MARK: Other trips

    /// The day's loss; trips everything at the limit.
    public mutating func noteDailyLoss(_ loss: Money, limit: Money, at now: Stamp) {
        guard loss >= limit else { return }
        open(
            .global, BreakerCell.Finding(reason: .dailyLoss, figure: loss.rawValue, limit: limit.rawValue), at: now)
    }

    /// An order has been unknown for `age`; beyond the patience it trips its pair.
    public mutating func noteUnknown(pair: PairID, age: Nanoseconds, at now: Stamp) {
        guard age >= settings.unknownPatience else { return }
        open(.pair(pair), BreakerCell.Finding(reason: .unknownLegs, figure: 1, limit: 1), at: now)
    }

    /// So many orders are unknown beyond the patience, over all pairs; too many trip everything.
    public mutating func noteUnknown(overdue count: Int, at now: Stamp) {
        guard count >= settings.unknownLegsMax else { return }
        open(
            .global,
            BreakerCell.Finding(reason: .unknownLegs, figure: Int64(count), limit: Int64(settings.unknownLegsMax)),
            at: now)
    }

    /// A venue filled more than was asked: whatever the cause, nothing more is sent.
    public mutating func noteOverfill(pair: PairID, excess: Quantity, at now: Stamp) {
        let finding = BreakerCell.Finding(reason: .overfill, figure: excess.rawValue, limit: 0)
        open(.pair(pair), finding, at: now)
        open(.global, finding, at: now)
    }

    /// A fill was void after it had been matched: its pair stops.
    public mutating func noteSettlementFailed(pair: PairID, quantity: Quantity, at now: Stamp) {
        open(
            .pair(pair), BreakerCell.Finding(reason: .settlementFailed, figure: quantity.rawValue, limit: 0), at: now)
    }

    /// So many jobs found a lane's ring full; true when that is too many.
    @discardableResult
    public mutating func noteLaneSpill(_ jobs: Int, at now: Stamp) -> Bool {
        guard jobs >= settings.laneSpillMax else { return false }
        open(
            .global,
            BreakerCell.Finding(reason: .laneSpill, figure: Int64(jobs), limit: Int64(settings.laneSpillMax)), at: now)
        return true
    }

    // MARK: Operator

    /// Closes one scope by the operator's word, whatever the reason; false when it was closed.
    @discardableResult
    public mutating func resume(_ scope: BreakerScope, at now: Stamp) -> Bool {
        guard !cell(scope).isClosed else { return false }
        close(scope, at: now)
        return true
    }

    /// Closes every scope.
    public mutating func resumeAll(at now: Stamp) { for record in records { resume(record.scope, at: now) } }

    // MARK: What it says

    /// What a scope lets through at an instant.
    public func state(_ scope: BreakerScope, at now: MonotonicNanos) -> State {
        let cell = cell(scope)
        if cell.isClosed { return .closed }
        return cell.probe != nil || cell.isHalfOpen(settings, at: now) ? .halfOpen : .open
    }

    /// All scopes that are not closed, to be shown and to be kept over a restart: global, venues, pairs.
    public var records: [BreakerRecord] {
        var found: [BreakerRecord] = []
        // Asked for with every status: a list of all pairs would be made ten times a second, and nearly all are closed.
        func look(_ scope: BreakerScope, _ cell: BreakerCell) {
            guard let cause = cell.cause else { return }
            let others = BreakerReason.allCases.filter { $0 != cause && cell.reasons.contains($0) }
            let record = BreakerRecord(
                scope: scope, reasons: [cause] + others, figure: cell.figure, limit: cell.limit, since: cell.since)
            if let record { found.append(record) }
        }
        look(.global, cell(.global))
        for venue in VenueID.allCases { look(.venue(venue), cell(.venue(venue))) }
        for (pair, name) in zip(pairs, names) { look(.pair(name), pair) }
        return found
    }

    /// Takes what happened since the last call, oldest first.
    public mutating func takeEvents() -> [BreakerEvent] {
        defer { events.removeAll() }
        return events
    }

    // MARK: For the gate

    /// The place of a pair; made when it is new.
    mutating func index(of pair: PairID) -> Int {
        if let known = indices[pair] { return known }
        indices[pair] = pairs.count
        pairs.append(BreakerCell())
        names.append(pair)
        return pairs.count - 1
    }

    /// The pair at a place.
    func name(of index: Int) -> PairID { names[index] }

    /// The place of a pair that is known.
    func find(_ pair: PairID) -> Int? { indices[pair] }

    /// Whether an entry of this pair at these venues may go out.
    func admission(pair: Int, _ first: VenueID, _ second: VenueID, at now: MonotonicNanos) -> Admission {
        // Almost always; and a cell is dear to copy.
        if global.isClosed, venues[first.place].isClosed, venues[second.place].isClosed, pairs[pair].isClosed {
            return .free
        }
        var isProbe = false
        for step in 0..<4 {
            let cell =
                step == 0 ? global : step == 1 ? venues[first.place] : step == 2 ? venues[second.place] : pairs[pair]
            if cell.isClosed { continue }
            if cell.isHalfOpen(settings, at: now) {
                isProbe = true
                continue
            }
            if cell.probe != nil { return .refused(.breakerProbe) }
            return .refused(step == 0 ? .breakerGlobal : step == 3 ? .breakerPair : .breakerVenue)
        }
        return isProbe ? .probe : .free
    }

    /// The probe goes out: every half-open scope of it waits for its answers.
    mutating func sendProbe(
        _ execution: ExecutionID, pair: Int, _ first: VenueID, _ second: VenueID, at now: Stamp
    ) {
        let atVenue = first == second ? 2 : 1
        let scopes: [(BreakerScope, Int)] = [
            (.global, 2), (.pair(names[pair]), 2), (.venue(first), atVenue), (.venue(second), atVenue),
        ]
        for (scope, legs) in scopes where cell(scope).isHalfOpen(settings, at: now.monotonic) {
            edit(scope) { $0.send(BreakerCell.Probe(execution: execution, legs: legs)) }
            tell(scope, .probing, at: now)
        }
    }

    /// The probe did not go out after all.
    mutating func takeBackProbe(_ execution: ExecutionID) {
        global.takeBack(execution)
        for index in venues.indices { venues[index].takeBack(execution) }
        for index in pairs.indices { pairs[index].takeBack(execution) }
    }

    // MARK: - Cells

    private func cell(_ scope: BreakerScope) -> BreakerCell {
        switch scope {
        case .global: global
        case .venue(let venue): venues[venue.place]
        case .pair(let pair): indices[pair].map { pairs[$0] } ?? BreakerCell()
        }
    }

    private mutating func edit(_ scope: BreakerScope, _ change: (inout BreakerCell) -> Void) {
        switch scope {
        case .global: change(&global)
        case .venue(let venue): change(&venues[venue.place])
        case .pair(let pair):
            let index = index(of: pair)
            change(&pairs[index])
        }
    }

    private mutating func open(_ scope: BreakerScope, _ finding: BreakerCell.Finding, at now: Stamp) {
        var isNew = false
        edit(scope) { isNew = $0.open(finding, at: now) }
        guard isNew else { return }
        append(
            BreakerEvent(
                scope: scope, kind: .opened, reason: finding.reason, figure: finding.figure, limit: finding.limit,
                at: now.utc))
    }

    private mutating func close(_ scope: BreakerScope, at now: Stamp) {
        tell(scope, .closed, at: now)
        edit(scope) { $0.close() }
    }

    private mutating func tell(_ scope: BreakerScope, _ kind: BreakerEvent.Kind, at now: Stamp) {
        let cell = cell(scope)
        guard let cause = cell.cause else { return }
        append(
            BreakerEvent(
                scope: scope, kind: kind, reason: cause, figure: cell.figure, limit: cell.limit, at: now.utc))
    }

    private mutating func append(_ event: BreakerEvent) {
        if events.count >= Self.eventsMax { events.removeFirst() }
        events.append(event)
    }
}

extension VenueID {
    /// 0-based, for tables by venue.
    var place: Int { Int(rawValue) - 1 }
}
