public import Trading

/// A basket that passed everything the books and the configuration ask, at this very moment.
public struct EntryCandidate {
    /// The basket.
    public let basket: Basket
    /// The opportunity it belongs to: its number within the run.
    public let opportunity: UInt64
    /// What the configuration's own caps admit. The desk's caps may be tighter.
    public let plan: BasketPlan
    /// What it was sized for: the legs with their books and fees.
    public let problem: SizingProblem
    /// When the message was received, parsed and booked; nil where nobody measures.
    public let stamps: ExecutionStamps?

    /// A candidate.
    public init(
        basket: Basket, opportunity: UInt64, plan: BasketPlan, problem: SizingProblem, stamps: ExecutionStamps?
    ) {
        self.basket = basket
        self.opportunity = opportunity
        self.plan = plan
        self.problem = problem
        self.stamps = stamps
    }
}

extension EntryCandidate {
    /// The same, to be kept.
    var detached: EntryCandidate {
        EntryCandidate(basket: basket, opportunity: opportunity, plan: plan, problem: problem.detached, stamps: stamps)
    }
}

/// Who fires what the engine finds. The engine's decisions and their log are the same with and without one.
///
/// - Lane: the hot lane, inside the engine's turn: the books are those of the decision.
public protocol EntryDesk: AnyObject {
    /// False when nothing can be entered on this basket now; asked before costly proofs.
    func isOpen(_ basket: Basket) -> Bool

    /// Fires it, or says elsewhere why not.
    func take(_ candidate: EntryCandidate, at now: Stamp)

    /// The best prices of a basket are within `Engine.nearSlack` of paying: what its entry needs may be made ready. Told of
    /// every change of its books while it lasts.
    func near(_ basket: Basket, at now: Stamp)
}

extension EntryDesk {
    /// Nothing is made ready.
    public func near(_ basket: Basket, at now: Stamp) {}
}

/// Stamps the stages that lie inside the engine, for whoever reports latency. Reads a clock and decides nothing.
///
/// - Lane: the hot lane.
public final class StageClock {
    private let clock: any Timekeeper
    private var recv = MonotonicNanos(rawValue: 0)
    private var parsed: MonotonicNanos?
    private var booked: MonotonicNanos?

    /// Stamps by this clock, which is the one of all other stamps.
    public init(clock: any Timekeeper) { self.clock = clock }

    func begin(_ instant: MonotonicNanos) {
        recv = instant
        parsed = nil
        booked = nil
    }

    /// The first thing that a feed says of a message ends its parsing.
    func markParsed() { if parsed == nil { parsed = clock.now().monotonic } }

    func markBooked() { booked = clock.now().monotonic }

    /// The stages up to the decision, which is now.
    func stamps(_ received: MonotonicNanos) -> ExecutionStamps {
        var stamps = ExecutionStamps(recv.rawValue > 0 ? recv : received)
        stamps.parsed = parsed ?? stamps.recv
        stamps.booked = booked ?? stamps.parsed
        stamps.decided = clock.now().monotonic
        return stamps
    }
}
