public import Arb
internal import Synchronization
internal import Threading
public import Trading

/// Reads accounts beside the lanes and brings what they say back to the hot lane.
///
/// A read that fails, or is not there by its deadline, is told as failed and brings nothing: silence is no evidence. What
/// comes later than that is thrown away.
/// - Lane: the hot lane; reads run on the default pool.
/// A read of the whole account that is asked for while one is under way follows it: what was told to be missing may be
/// younger than the first. The first's answer is then thrown away, twice in a row at most.
/// - Bound: one read of a kind under way a venue (of one order: one a question), four at once a venue; 64 wait, what
///   exceeds them is dropped and comes with the next asking.
public final class AccountReads: AccountDesk {
    /// What is read.
    private enum Subject: Hashable, Sendable {
        case account
        case settlements
        case route(InstrumentID)
        case order(ClOrdID, UnknownResolver.Question)
    }

    private struct Key: Hashable, Sendable {
        let venue: VenueID
        let subject: Subject
    }

    private struct Flight {
        let key: Key
        let deadline: MonotonicNanos
        let inquiry: OrderInquiry?
        let task: Task<Void, Never>
    }

    private struct Waiting: Sendable {
        let key: Key
        let inquiry: OrderInquiry?
        var since: UTCNanos
        var symbols: [String] = []
    }

    private enum Landing: Sendable {
        case snapshot(AccountSnapshot)
        case settlements(SettlementsRead)
        case rerouted(InstrumentID, Bool)
        case evidence(Evidence)
        case failed(AccountFault)
    }

    private struct Landed: Sendable {
        let number: UInt64
        let landing: Landing
    }

    private let venues: TradingVenues
    private let clock: any Timekeeper
    private let timeout: Nanoseconds
    private let landed = Mailbox<Landed>(capacity: 1_024)
    private var flights: [UInt64: Flight] = [:]
    private var waiting: [Waiting] = []
    /// Of orders that were asked about.
    private var memories: [ClOrdID: Memory] = [:]
    /// Their names, the oldest first.
    private var remembered: [ClOrdID] = []
    /// The newest account reads of each venue, oldest first.
    private var holdings: [VenueID: [Memory.Holdings]] = [:]
    private var number: UInt64 = 0
    /// Answers in a row that were thrown away, for a later read follows.
    private var superseded: [Key: Int] = [:]
    private static let supersededMax = 2
    private static let flightsMax = 4
    private static let waitingMax = 64
    private static let memoriesMax = 1_024
    private static let holdingsMax = 16

    /// Reads of these venues' accounts.
    ///
    /// - Parameter timeout: of one read, with all of its pages.
    public init(_ venues: TradingVenues, clock: any Timekeeper, timeout: Nanoseconds = .seconds(15)) {
        self.venues = venues
        self.clock = clock
        self.timeout = timeout
    }

    // MARK: Asked by the trader

    /// Looks for what one order became.
    public func ask(_ inquiry: OrderInquiry) {
        let id = inquiry.order.clOrdID
        if memories[id]?.before == nil {
            let before = holdings[inquiry.venue]?.last { $0.landed < inquiry.sentAt.utc }
            remember(id) { $0.before = before }
        }
        want(
            Waiting(
                key: Key(venue: inquiry.venue, subject: .order(inquiry.order.clOrdID, inquiry.question)),
                inquiry: inquiry, since: inquiry.sentAt.utc))
    }

    /// Reads the whole account.
    public func read(_ venue: VenueID, since: UTCNanos) {
        want(Waiting(key: Key(venue: venue, subject: .account), inquiry: nil, since: since))
    }

    /// Reads which markets the venue has paid.
    public func readSettlements(_ venue: VenueID, since: UTCNanos, of symbols: [String]) {
        want(Waiting(key: Key(venue: venue, subject: .settlements), inquiry: nil, since: since, symbols: symbols))
    }

    /// Asks where a market's orders are signed for.
    public func reroute(_ venue: VenueID, _ instrument: InstrumentID) {
        want(
            Waiting(
                key: Key(venue: venue, subject: .route(instrument)), inquiry: nil, since: UTCNanos(rawValue: 0)))
    }

    /// The order that proves that another one can no longer enter; remembered, so that lists can tell the two apart.
    public func tombstone(for order: NewOrder, venue: VenueID, sentAt: MonotonicNanos, at now: MonotonicNanos)
        -> NewOrder?
    {
        guard let tombstone = venues[venue]?.side.tombstone(for: order, sentAt: sentAt, at: now) else { return nil }
        remember(order.clOrdID) { $0.tombstone = tombstone }
        return tombstone
    }

    /// What is remembered of an order; the oldest is forgotten for it, which was asked about long ago.
    private func remember(_ id: ClOrdID, _ change: (inout Memory) -> Void) {
        if memories[id] == nil {
            if remembered.count == Self.memoriesMax { memories[remembered.removeFirst()] = nil }
            remembered.append(id)
        }
        change(&memories[id, default: Memory()])
    }

    private func want(_ waiting: Waiting) {
        guard venues[waiting.key.venue] != nil else { return }
        if let place = self.waiting.firstIndex(where: { $0.key == waiting.key }) {
            self.waiting[place].since = min(self.waiting[place].since, waiting.since)
            for symbol in waiting.symbols where !self.waiting[place].symbols.contains(symbol) {
                self.waiting[place].symbols.append(symbol)
            }
            return
        }
        // An order is asked about again and again; the answer that is under way will do.
        switch waiting.key.subject {
        case .order, .route: if isUnderWay(waiting.key) { return }
        case .account, .settlements: break
        }
        guard self.waiting.count < Self.waitingMax else { return }
        self.waiting.append(waiting)
        launch()
    }

    private func isUnderWay(_ key: Key) -> Bool { flights.values.contains { $0.key == key } }

    private func launch() {
        var rest: [Waiting] = []
        for next in waiting {
            let venue = next.key.venue
            if flights.values.count(where: { $0.key.venue == venue }) < Self.flightsMax, !isUnderWay(next.key) {
                if let later = launch(next) { rest.append(later) }
            } else {
                rest.append(next)
            }
        }
        waiting = rest
    }

    /// - Returns: markets that one read has no room for: the next one looks at them, before any that are asked for later.
    private func launch(_ next: Waiting) -> Waiting? {
        guard let venue = venues[next.key.venue] else { return nil }
        var next = next, later: Waiting?
        let exceeding = next.symbols.count - venue.side.settlementsMax
        if exceeding > 0 {
            later = next
            later?.symbols.removeFirst(venue.side.settlementsMax)
            next.symbols.removeLast(exceeding)
        }
        number += 1
        let memory = next.inquiry.flatMap { memories[$0.order.clOrdID] } ?? Memory()
        let task = Self.task(number, next, venue, memory, clock, landed, venues.lanes.hot)
        flights[number] = Flight(
            key: next.key, deadline: clock.now().monotonic + timeout, inquiry: next.inquiry, task: task)
        return later
    }

    private static func task(
        _ number: UInt64, _ next: Waiting, _ venue: TradingVenue, _ memory: Memory, _ clock: any Timekeeper,
        _ landed: Mailbox<Landed>, _ hot: Lane
    ) -> Task<Void, Never> {
        Task {
            let landing = await landing(next, venue, memory, clock)
            _ = landed.post(Landed(number: number, landing: landing))  // as many as flights: never full
            hot.poller.wake()
        }
    }

    private static func landing(
        _ next: Waiting, _ venue: TradingVenue, _ memory: Memory, _ clock: any Timekeeper
    ) async -> Landing {
        // Stamped before the first request leaves: what is missing was missing at or after this instant.
        let asked = clock.now()
        do throws(AccountFault) {
            switch next.key.subject {
            case .account:
                var snapshot = try await venue.reader.snapshot(since: next.since, now: asked.utc)
                snapshot.since = next.since
                return .snapshot(snapshot)
            case .settlements:
                let facts = try await venue.side.settlements(since: next.since, of: next.symbols)
                return .settlements(
                    SettlementsRead(venue: next.key.venue, since: next.since, asOf: asked.utc, facts: facts))
            case .route(let instrument): return .rerouted(instrument, await venue.side.reroute(instrument))
            case .order:
                guard let inquiry = next.inquiry else { preconditionFailure("an order without its inquiry") }
                return .evidence(try await venue.side.evidence(inquiry, memory, askedAt: asked.monotonic))
            }
        } catch {
            return .failed(error)
        }
    }

    // MARK: Driven by the hot lane

    /// True when something has come.
    var hasLanded: Bool { !landed.isEmpty }

    /// When the next read is given up.
    var nextDeadline: MonotonicNanos? { flights.isEmpty ? nil : flights.values.map(\.deadline).min() }

    /// Tells what has come, and what did not come in time.
    func deliver(to trader: any LiveTrader, at now: Stamp) {
        for landed in landed.takeAll() {
            guard let flight = flights.removeValue(forKey: landed.number) else { continue }
            deliver(landed.landing, flight, to: trader, at: now)
        }
        for (number, flight) in flights where flight.deadline <= now.monotonic {
            flights[number] = nil
            flight.task.cancel()
            let fault = AccountFault(code: "E_NET_TIMEOUT", text: "an account read took too long")
            trader.answered(.failed(flight.key.venue, fault), at: now)
        }
        launch()
    }

    private func deliver(_ landing: Landing, _ flight: Flight, to trader: any LiveTrader, at now: Stamp) {
        switch landing {
        case .snapshot(let snapshot):
            let isFollowed = waiting.contains { $0.key == flight.key }
            guard !isFollowed || superseded[flight.key, default: 0] >= Self.supersededMax else {
                superseded[flight.key, default: 0] += 1
                return
            }
            superseded[flight.key] = 0
            remember(snapshot, now)
            trader.answered(.snapshot(snapshot), at: now)
        case .settlements(let read): trader.settled(read, at: now)
        case .rerouted(let instrument, let isElsewhere):
            trader.answered(.rerouted(instrument, isElsewhere), at: now)
        case .failed(let fault): trader.answered(.failed(flight.key.venue, fault), at: now)
        case .evidence(let evidence):
            guard let inquiry = flight.inquiry else { return }
            if !evidence.orders.isEmpty { trader.answered(.listed(evidence.orders, inquiry.venue), at: now) }
            if !evidence.reports.isEmpty { trader.answered(.reports(evidence.reports), at: now) }
            var findings = evidence.findings
            // An exchange without an answer ends its connection, and an earlier run's have ended with it.
            if case .nothing = findings.first { findings.append(.connectionClosed) }
            for finding in findings {
                trader.answered(.finding(finding, of: inquiry.order.clOrdID, at: inquiry.venue), at: now)
            }
        }
    }

    private func remember(_ snapshot: AccountSnapshot, _ now: Stamp) {
        var kept = holdings.removeValue(forKey: snapshot.venue) ?? []
        if kept.count == Self.holdingsMax {
            var oldest = kept.removeFirst()
            oldest.become(asOf: snapshot.asOf, landed: now.utc, positions: snapshot.positions)
            kept.append(oldest)
        } else {
            kept.append(Memory.Holdings(asOf: snapshot.asOf, landed: now.utc, positions: snapshot.positions))
        }
        holdings[snapshot.venue] = kept
    }

    /// Gives up what is under way: nothing is told any more.
    func stop() {
        for flight in flights.values { flight.task.cancel() }
        flights = [:]
        waiting = []
    }
}

extension UnknownResolver.Settings {
    /// The patience of the configuration.
    public init(_ configuration: Configuration) {
        self.init()
        tombstoneMaxAge = configuration.seconds("venues.kalshi.tombstone_max_age_s")
        deadAfter = configuration.seconds("venues.polymarket.dead_after_s")
    }
}
