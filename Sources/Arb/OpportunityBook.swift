import Trading

/// The opportunities that live or wait for a judgement.
///
/// - Bound: at most one living per basket; at most `pendingMax` waiting for judgements: what is born beyond that is not
///   judged.
final class OpportunityBook {
    /// A judgement that is due.
    struct Due {
        let slot: Int
        let delay: Int
        let after: Nanoseconds
        let basket: BasketID
        let plan: BasketPlan
    }

    private struct Slot {
        var opportunity: Opportunity
        var pending: Int
    }

    private struct Queue {
        var entries: [(due: MonotonicNanos, slot: Int)] = []
        var head = 0

        var first: (due: MonotonicNanos, slot: Int)? { head < entries.count ? entries[head] : nil }

        mutating func removeFirst() {
            head += 1
            // Often enough that a quiet day and a busy one need the same memory.
            if head > 64, head * 2 > entries.count {
                entries.removeFirst(head)
                head = 0
            }
        }
    }

    static let pendingMax = 1 << 16

    private let delays: [Nanoseconds]
    private var alive: [Int32]
    private var slots: [Slot?] = []
    private var free: [Int] = []
    private var queues: [Queue]
    private var sequence: UInt64 = 0
    private var waiting = 0

    init(baskets: Int, delays: [Nanoseconds]) {
        self.delays = delays
        alive = Array(repeating: -1, count: baskets)
        queues = Array(repeating: Queue(), count: delays.count)
    }

    /// Number of living opportunities.
    private(set) var living = 0

    func isAlive(_ basket: BasketID) -> Bool { alive[Int(basket.index)] >= 0 }

    /// True for a living opportunity that has never passed everything.
    func awaitsTaking(_ basket: BasketID) -> Bool { opportunity(of: basket)?.takenAt == nil }

    /// The living opportunity of a basket.
    func opportunity(of basket: BasketID) -> Opportunity? {
        let slot = alive[Int(basket.index)]
        return slot >= 0 ? slots[Int(slot)]?.opportunity : nil
    }

    /// The number of a living opportunity.
    func sequence(of basket: BasketID) -> UInt64? {
        let slot = alive[Int(basket.index)]
        return slot >= 0 ? slots[Int(slot)]?.opportunity.sequence : nil
    }

    /// The number that the first, second, … birth from now on has.
    func sequence(ofBirth count: Int) -> UInt64 { sequence + UInt64(count) }

    func bear(
        _ basket: BasketID, _ plan: BasketPlan, _ ages: [Nanoseconds?], _ disposition: Disposition, _ now: Stamp
    ) -> Opportunity {
        sequence += 1
        let opportunity = Opportunity(
            sequence: sequence, basket: basket, born: now, plan: plan, bookAges: ages, disposition: disposition)
        let judged = waiting < Self.pendingMax
        let slot = free.popLast() ?? slots.count
        if slot == slots.count { slots.append(nil) }
        slots[slot] = Slot(opportunity: opportunity, pending: judged ? delays.count : 0)
        alive[Int(basket.index)] = Int32(slot)
        living += 1
        if judged {
            waiting += 1
            for (index, delay) in delays.enumerated() { queues[index].entries.append((now.monotonic + delay, slot)) }
        }
        return opportunity
    }

    func update(_ basket: BasketID, _ plan: BasketPlan, _ disposition: Disposition, _ now: Stamp) {
        let slot = Int(alive[Int(basket.index)])
        guard slot >= 0, var entry = slots[slot] else { return }
        if plan.net > entry.opportunity.best.net {
            entry.opportunity.best = plan
            entry.opportunity.bestAt = now
        }
        if disposition == .taken, entry.opportunity.takenAt == nil {
            entry.opportunity.takenAt = now
            entry.opportunity.disposition = .taken
        }
        slots[slot] = entry
    }

    /// Ends the living opportunity of a basket.
    ///
    /// - Returns: it, when nothing more is due for it; otherwise it is returned by the last `record`.
    func end(_ basket: BasketID, _ reason: EndReason, _ now: Stamp) -> Opportunity? {
        let slot = Int(alive[Int(basket.index)])
        guard slot >= 0 else { return nil }
        alive[Int(basket.index)] = -1
        living -= 1
        slots[slot]?.opportunity.ended = now
        slots[slot]?.opportunity.endReason = reason
        return releaseIfDone(slot)
    }

    private func releaseIfDone(_ slot: Int) -> Opportunity? {
        guard let entry = slots[slot], entry.pending == 0, entry.opportunity.ended != nil else { return nil }
        slots[slot] = nil
        free.append(slot)
        return entry.opportunity
    }

    /// The next instant at which something is to be judged.
    var nextDue: MonotonicNanos? {
        guard waiting > 0 else { return nil }
        var next: MonotonicNanos?
        for queue in queues { if let due = queue.first?.due { next = next.map { min($0, due) } ?? due } }
        return next
    }

    /// Takes the earliest judgement that is due; of equals the one with the smaller delay.
    func takeDue(by instant: MonotonicNanos) -> Due? {
        guard waiting > 0 else { return nil }
        var found: (index: Int, due: MonotonicNanos, slot: Int)?
        for (index, queue) in queues.enumerated() {
            guard let first = queue.first, first.due <= instant else { continue }
            if let earlier = found, earlier.due <= first.due { continue }
            found = (index, first.due, first.slot)
        }
        guard let found, let entry = slots[found.slot] else { return nil }
        queues[found.index].removeFirst()
        return Due(
            slot: found.slot, delay: found.index, after: delays[found.index], basket: entry.opportunity.basket,
            plan: entry.opportunity.plan)
    }

    /// Keeps a judgement.
    ///
    /// - Returns: the opportunity when it has ended and this was the last judgement due.
    func record(_ judgement: Judgement, _ due: Due) -> Opportunity? {
        slots[due.slot]?.opportunity.judgements.append(judgement)
        slots[due.slot]?.pending -= 1
        if slots[due.slot]?.pending == 0 { waiting -= 1 }
        return releaseIfDone(due.slot)
    }

    /// Hands out every ended opportunity that still waits for judgements, in order of birth.
    func abandonJudgements(_ deliver: (Opportunity) -> Void) {
        let left = slots.compactMap { $0?.opportunity }.filter { $0.ended != nil }.sorted { $0.sequence < $1.sequence }
        slots = []
        free = []
        queues = Array(repeating: Queue(), count: delays.count)
        waiting = 0
        for opportunity in left { deliver(opportunity) }
    }

    /// The living opportunities, in order of birth.
    var all: [Opportunity] {
        alive.lazy.filter { $0 >= 0 }.compactMap { self.slots[Int($0)]?.opportunity }.sorted {
            $0.sequence < $1.sequence
        }
    }
}
