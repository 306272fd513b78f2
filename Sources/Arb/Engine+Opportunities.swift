import Risk
import Trading

// From a changed book to an opportunity: gates, size, birth, best, end.
extension Engine {
    func evaluate(_ basket: Basket, trigger: InstrumentID, _ now: Stamp) {
        guard settings.kinds.contains(basket.kind) else { return }
        for leg in basket.legs {
            switch books[leg.instrument].status {
            case .live: continue
            case .held: return  // neither birth nor death until the burst is decided
            case .void: return end(basket.id, .bookVoid)
            }
        }
        guard detector.mayPay(basket.id) else { return end(basket.id, by: trigger) }
        guard let legs = sizingLegs(of: basket) else {
            counters.blocked &+= 1  // bounded by frames
            return end(basket.id, .blocked)
        }
        let alive = opportunities.isAlive(basket.id)
        // Proof before birth; a living opportunity was proved, and its books are sampled and held on a mismatch.
        var isProved = !alive
        if !alive, isPutOff(trigger) || !verified(basket) { return }
        guard let sized = size(basket, legs, now) else { return end(basket.id, by: trigger) }
        let disposition = sized.disposition == .taken ? gate(basket, trigger: trigger, now) : sized.disposition
        if alive {
            if disposition == .taken, opportunities.awaitsTaking(basket.id) {
                if isPutOff(trigger) || !verified(basket) { return }
                isProved = true
            }
            // Its best is nothing that an order asks for.
            defer { opportunities.update(basket.id, sized.plan, disposition, now) }
            // What lives was proved at its birth; an order wants proof of the books it is sent on.
            guard disposition == .taken, let entryDesk, entryDesk.isOpen(basket),
                isProved || !isPutOff(trigger) && verified(basket)
            else { return }
            offer(basket, sized.plan, legs, now, to: entryDesk)
        } else {
            guard disposition == .taken, let entryDesk, entryDesk.isOpen(basket) else {
                tellBirths()
                return listener.born(bear(basket, sized.plan, disposition, now))
            }
            births.append(Birth(basket: basket.id, plan: sized.plan, now: now))  // at most one a basket and input
            offer(basket, sized.plan, legs, now, to: entryDesk)
        }
    }

    private func offer(
        _ basket: Basket, _ plan: BasketPlan, _ legs: [SizingLeg], _ now: Stamp, to desk: any EntryDesk
    ) {
        // Of one that lives, or of the birth that was put off last.
        let opportunity = opportunities.sequence(of: basket.id) ?? opportunities.sequence(ofBirth: births.count)
        desk.take(
            EntryCandidate(
                basket: basket, opportunity: opportunity, plan: plan,
                problem: problem(basket, legs, settings.thresholds, now), stamps: stages?.stamps(now.monotonic)),
            at: now)
    }

    private func problem(_ basket: Basket, _ legs: [SizingLeg], _ thresholds: EdgeThresholds, _ now: Stamp)
        -> SizingProblem
    {
        SizingProblem(
            legs: legs, payoff: basket.payoff, limits: settings.limits, thresholds: thresholds,
            secondsToPayout: secondsToPayout(basket, now) ?? 0, valuation: settings.valuation)
    }

    /// What a basket would be sized for as its books stand; nil when something of it is unknown.
    func problem(of basket: Basket) -> SizingProblem? {
        guard basket.legs.allSatisfy({ books[$0.instrument].status == .live }), let legs = sizingLegs(of: basket) else {
            return nil
        }
        return problem(basket, legs, settings.thresholds, stampOfNow)
    }

    /// The legs with their terms and fees; nil when something of them is unknown.
    ///
    /// Void with the next call: whoever keeps them takes legs of its own (`SizingProblem.detached`), or that call asks for
    /// memory.
    private func sizingLegs(of basket: Basket) -> [SizingLeg]? {
        legs.removeAll(keepingCapacity: true)
        for leg in basket.legs {
            let index = Int(leg.instrument.index)
            guard let facts = states[index].facts, let fees = states[index].fees, states[index].fault == nil,
                !states[index].feesPending
            else { return nil }
            legs.append(
                SizingLeg(
                    leg, book: books[leg.instrument], facts: facts, fees: fees,
                    cash: settings.limits.cash(at: detector.venue(of: leg.instrument))))
        }
        return legs
    }

    /// The best plan that passes the thresholds (`taken`), else the one with the greatest net and what it lacks.
    private func size(_ basket: Basket, _ legs: [SizingLeg], _ now: Stamp) -> (
        plan: BasketPlan, disposition: Disposition
    )? {
        do {
            if let plan = try sizer.plan(problem(basket, legs, settings.thresholds, now)) { return (plan, .taken) }
            guard let plan = try sizer.plan(problem(basket, legs, .any, now)) else { return nil }
            return (plan, lacking(plan))
        } catch {
            counters.blocked &+= 1  // bounded by frames
            return nil
        }
    }

    /// Which threshold the plan with the greatest net fails; it fails one, or it would have been found under all of them.
    private func lacking(_ plan: BasketPlan) -> Disposition {
        let wanted = settings.thresholds
        if plan.net < wanted.edgeMin { return .belowMinEdge }
        if plan.edgeBps < wanted.edgeBpsMin { return .belowMinBps }
        return .belowMinAnnualized
    }

    /// Seconds until every venue is expected to have paid; nil when unknown or past.
    private func secondsToPayout(_ basket: Basket, _ now: Stamp) -> Int64? {
        var latest = basket.expectedPayout
        for leg in basket.legs {
            guard let payout = states[Int(leg.instrument.index)].facts?.payout else { return nil }
            latest = latest.map { max($0, payout) } ?? payout
        }
        guard let latest, latest > now.utc else { return nil }
        return (latest - now.utc).rawValue / 1_000_000_000
    }

    /// Everything that may forbid an entry although the edge is there; the first reason found, gravest first.
    private func gate(_ basket: Basket, trigger: InstrumentID, _ now: Stamp) -> Disposition {
        for leg in basket.legs {
            guard let facts = states[Int(leg.instrument.index)].facts else { return .unknownDates }
            if !facts.isActive { return .notTrading }
            if facts.isRuleTextChanged { return .rulesChanged }
            if facts.isPlaceholder { return .notRiskless }
            if basket.kind == .allYes, facts.isAugmented { return .notRiskless }
            guard let end = facts.entriesEnd else { return .unknownDates }
            if end - now.utc < settings.timeToCloseMin { return .nearClose }
        }
        if secondsToPayout(basket, now) == nil { return .unknownDates }
        for leg in basket.legs {
            let book = books[leg.instrument]
            let last = lastData(of: book)
            let usual = book.link.flatMap { links.usualSilence($0) }
            let offset = offset(of: detector.venue(of: leg.instrument))
            let verdict =
                leg.instrument == trigger
                ? freshness.trigger(book, offset: offset, lastData: last, usualSilence: usual, now: now)
                : freshness.passive(book, lastData: last, usualSilence: usual, now: now)
            switch verdict {
            case .fresh: continue
            case .stale: return .staleBook
            case .silent: return .silentFeed
            }
        }
        if inversions.isSuspect(basket.id) { return .priceDivergence }
        return basket.status == .approved ? .taken : .notApproved
    }

    private func bear(_ basket: Basket, _ plan: BasketPlan, _ disposition: Disposition, _ now: Stamp) -> Opportunity {
        let ages = basket.legs.map { leg in
            let book = books[leg.instrument]
            let offset = offset(of: detector.venue(of: leg.instrument))
            return Freshness.age(venueStamp: book.venueStamp, received: book.received, offset: offset)
        }
        counters.born &+= 1  // bounded by frames
        return opportunities.bear(basket.id, plan, ages, disposition, now)
    }

    /// Ends what the last message about `trigger` ended.
    private func end(_ basket: BasketID, by trigger: InstrumentID) {
        guard let alive = opportunities.opportunity(of: basket) else { return }
        let venue = catalog.contracts[Int(trigger.index)].venue
        var reason = EndReason.edgeGone
        if let sent = books[trigger].venueStamp, let offset = offset(of: venue), sent + offset < alive.born.utc {
            reason = .overtaken
        }
        end(basket, reason)
    }

    func end(_ basket: BasketID, _ reason: EndReason) {
        guard let finished = opportunities.end(basket, reason, stampOfNow) else { return }
        deliver(finished)
    }

    /// Where decisions go: behind the births that wait.
    var sink: any DecisionSink {
        tellBirths()
        return listener
    }

    /// What is done when orders have left: births are told, and memory for the next ones is asked for.
    public func rest() {
        tellBirths()
        sizer.makeRoom()
    }

    /// Books and tells the births that waited for their orders to leave. At the latest by the next input, so that their
    /// books are those of the decision, and the order of what is told is the order of what happened.
    func tellBirths() {
        guard !births.isEmpty else { return }
        for birth in births {
            listener.born(bear(catalog.baskets[Int(birth.basket.index)], birth.plan, .taken, birth.now))
        }
        births.removeAll(keepingCapacity: true)
    }

    func deliver(_ opportunity: Opportunity) {
        counters.ended &+= 1  // bounded by births
        sink.ended(opportunity)
    }

    /// Has the books of a basket proved while there is time: what changes until they are needed is proved then.
    func proveAhead(_ basket: Basket) {
        for leg in basket.legs {
            let venue = catalog.contracts[Int(leg.instrument.index)].venue
            guard let seat = seat(venue) else { continue }
            seats[seat].feed.proveAhead(leg.instrument, from: self)
        }
    }

    /// Judges every delay that is due, against the books as they stand before the input being processed.
    func judge(dueBy instant: MonotonicNanos) {
        while let due = opportunities.takeDue(by: instant) {
            let judgement = Judge.judge(
                due.plan, of: catalog.baskets[Int(due.basket.index)], after: due.after, books: books, states: states,
                valuation: settings.valuation)
            if let finished = opportunities.record(judgement, due) { deliver(finished) }
        }
    }
}
