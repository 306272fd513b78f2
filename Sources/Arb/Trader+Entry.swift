import Risk
public import Trading

// From an offered basket to two orders: claim, fit, approve, prepare, record, fire. Each step that fails undoes those
// above it, in reverse.
extension Trader: EntryDesk {
    /// False when nothing can be entered on this basket now.
    public func isOpen(_ basket: Basket) -> Bool {
        isOpenAtAll(basket)
            && basket.legs.allSatisfy { !inFlight.isClaimed($0.instrument) && isSettled($0.instrument) }
    }

    /// The same, whatever is under way in its own markets.
    func isOpenAtAll(_ basket: Basket) -> Bool {
        guard !haltFlag.isRaised, isReady, !isStopping, !isBlocked, basket.kind == .crossVenue, basket.legs.count == 2,
            hasSeat, hasRoom
        else { return false }
        return gate.killSwitch.allows(.entry) && !gate.isSuspended(basket.id)
    }

    /// True once the book of a market in which we filled has moved since: before, it may still show what we took.
    func isSettled(_ instrument: InstrumentID) -> Bool {
        guard let filled = filledAt(instrument) else { return true }
        guard let received = engine.bookReceived(instrument), received > filled else { return false }
        return engine.stampOfNow.monotonic - filled >= settings.settleTime
    }

    /// Fires it, or tells why not.
    public func take(_ candidate: EntryCandidate, at now: Stamp) {
        bookEntry()
        let basket = candidate.basket
        if settings.rehearsalInterval.rawValue > 0, basket.kind == .crossVenue, basket.legs.count == 2 {
            newCandidate = candidate
        }
        guard isOpen(basket) else { return }
        guard let claim = inFlight.claim(basket.legs) else { return }
        do throws(Refusal) {
            try enter(candidate, claim, now)
        } catch {
            inFlight.release(claim, basket.legs)
            counters.refused &+= 1  // bounded by frames
            refused(candidate, error, now)
        }
    }

    /// Why a basket that the books offer was not fired.
    enum Refusal: Error {
        case risk(RiskRefusal)
        case noSize(String)
        case local(VenueID, LocalRefusal)
        case journal(JournalFault)
        /// It was recorded so long after its decision that the books may be too old.
        case late(Nanoseconds, admitted: Nanoseconds)
        case registry(OrderRegistry.Refusal)
        case tracker(PositionTracker.Refusal)

        /// The code alone: a reason is told once an opportunity.
        var key: String { String(text.prefix { $0 != " " }) }

        /// The code that stands first, and the words.
        var text: String {
            switch self {
            case .risk(let refusal): "\(refusal.code) \(refusal.text)"
            case .noSize(let text): "E_EXEC_RISK_REFUSED \(text)"
            case .local(let venue, let refusal): "\(refusal.kind.rawValue) \(venue.name): \(refusal.text)"
            case .journal(let fault): "\(fault.code) \(fault.text)"
            case .late(let taken, let admitted):
                "E_EXEC_RISK_REFUSED max_book_age_ms: recorded \(taken.rawValue / 1_000_000) ms after the books, "
                    + "\(admitted.rawValue / 1_000_000) admitted: the disk is slow"
            case .registry(let refusal): refusal.code
            case .tracker(let refusal): refusal.code
            }
        }
    }

    private func enter(_ candidate: EntryCandidate, _ claim: InFlight.Claim, _ now: Stamp) throws(Refusal) {
        let basket = candidate.basket
        var stamps = candidate.stamps ?? ExecutionStamps(now.monotonic)
        let least = smallest(candidate.problem)
        let (plan, losses) = try fitted(candidate, least, now)
        let orders = legOrders(plan, candidate.problem) { _ in newID() }
        let id = newExecutionID()
        let approval: Approval
        do throws(RiskRefusal) {
            approval = try gate.approve(
                request(id, basket, plan, orders, losses, candidate.problem, least), at: now)
        } catch {
            tellBreaker()
            throw .risk(error)
        }
        stamps.approved = clock.now().monotonic
        try send(candidate, id, plan, orders, claim, approval, stamps, now)
    }

    // MARK: Fitting

    /// The plan within the desk's own caps, and what each of its legs would lose alone.
    func fitted(_ candidate: EntryCandidate, _ least: Quantity, _ now: Stamp) throws(Refusal) -> (
        BasketPlan, [2 of Money]
    ) {
        guard var limits = gate.bounds(for: candidate.basket.id, orderQtyMin: least, at: now) else {
            throw .noSize("this basket is not fired")
        }
        let isProbe = gate.isProbe(candidate.basket.id, at: now.monotonic)
        let problem = isProbe ? candidate.problem.asProbe() : candidate.problem
        var losses: [2 of Money] = [.zero, .zero]
        let plan = try fitted(candidate.plan, problem, &limits) { (plan) throws(Refusal) in
            for leg in losses.indices { losses[leg] = try loss(plan.legs[leg], problem.legs[leg]) }
            return max(losses[0], losses[1])
        }
        return (plan, losses)
    }

    /// The same, of a basket of any kind within these caps.
    ///
    /// - Parameter worst: what the dearest leg of a plan would lose alone.
    func fitted(
        _ planned: BasketPlan, _ problem: SizingProblem, _ limits: inout SizingLimits,
        worst: (BasketPlan) throws(Refusal) -> Money
    ) throws(Refusal) -> BasketPlan {
        limits.lockedMax = min(limits.lockedMax, problem.limits.lockedMax)
        limits.orderQtyMax = min(limits.orderQtyMax, problem.limits.orderQtyMax)
        let lossMax = min(settings.oneLegLossMax, limits.oneLegLossMax ?? settings.oneLegLossMax)
        var plan = planned
        if !fits(plan, limits, problem) { plan = try resized(problem, limits) }
        plan = try fittedAtWorst(plan, &limits, problem)
        for _ in 0..<4 {
            if try worst(plan) <= lossMax { return plan }
            limits.orderQtyMax = try largest(problem, below: plan.orderQty, lossMax)
            plan = try resized(problem, limits)
        }
        throw .noSize("no size whose legs could each be got rid of within max_one_leg_loss_usd")
    }

    /// The least that every leg admits: what a probe risks.
    func smallest(_ problem: SizingProblem) -> Quantity {
        var least = Quantity.zero
        for leg in problem.legs {
            least = max(least, leg.orderQtyMin, leg.lot)
            guard leg.notionalMin.rawValue > 0, let price = LegCurve.best(of: leg.book, leg.outcome), price.rawValue > 0
            else { continue }
            let exact = Int128(leg.notionalMin.rawValue) * Int128(FixedPoint.one)
            let (whole, rest) = exact.quotientAndRemainder(dividingBy: Int128(price.rawValue))
            least = max(least, Quantity(rawValue: Int64(clamping: whole + (rest > 0 ? 1 : 0))))
        }
        var lot: Int64 = 1
        for leg in problem.legs { lot = max(lot, leg.lot.rawValue) }
        let over = least.rawValue % lot
        return over == 0 ? least : Quantity(rawValue: least.rawValue + lot - over)
    }

    private func fits(_ plan: BasketPlan, _ limits: SizingLimits, _ problem: SizingProblem) -> Bool {
        guard plan.locked <= limits.lockedMax, plan.orderQty <= limits.orderQtyMax else { return false }
        return zip(plan.legs, problem.legs).allSatisfy { planned, leg in
            guard let cash = limits.cash(at: venue(of: leg.instrument)) else { return true }
            return planned.cost.rawValue + planned.fee.rawValue <= cash.rawValue
        }
    }

    func resized(_ problem: SizingProblem, _ limits: SizingLimits) throws(Refusal) -> BasketPlan {
        let plan: BasketPlan?
        do throws(FeeFault) {
            fitLegs.removeAll(keepingCapacity: true)
            for leg in problem.legs { fitLegs.append(leg.with(cash: limits.cash(at: venue(of: leg.instrument)))) }
            plan = try sizer.plan(problem.within(limits, fitLegs))
        } catch {
            throw .noSize(error.code)
        }
        guard let plan else { throw .noSize("no size pays within the caps that are left") }
        return plan
    }

    /// What a leg would lose alone.
    func loss(_ planned: PlannedLeg, _ leg: SizingLeg) throws(Refusal) -> Money {
        do throws(FeeFault) {
            return try AutoClose.oneLegLoss(planned, leg, settings.valuation)
        } catch {
            throw .noSize(error.code)
        }
    }

    /// The largest size below one that loses too much, of which no leg does: what a leg loses grows with its size.
    private func largest(_ problem: SizingProblem, below tooMuch: Quantity, _ lossMax: Money) throws(Refusal)
        -> Quantity
    {
        let lot = problem.legs.map(\.lot.rawValue).max() ?? 1
        var (good, bad) = (Int64(0), tooMuch.rawValue / lot)
        while bad - good > 1 {
            let middle = (good + bad) / 2
            let size = Quantity(rawValue: middle * lot)
            let isGood = problem.legs.allSatisfy { leg in
                guard let planned = try? LegWalk.quote(size, leg) else { return true }
                let loss = try? AutoClose.oneLegLoss(planned, leg, settings.valuation)
                return loss.map { $0 <= lossMax } ?? false
            }
            if isGood { good = middle } else { bad = middle }
        }
        guard good > 0 else { throw .noSize("one leg alone would lose more than max_one_leg_loss_usd at any size") }
        return Quantity(rawValue: good * lot)
    }

    // MARK: Orders

    func legOrders(_ plan: BasketPlan, _ problem: SizingProblem, named name: (Int) -> ClOrdID) -> [2 of NewOrder] {
        [2 of NewOrder] { place in legOrder(plan.legs[place], problem.legs[place], name(place)) }
    }

    func legOrder(_ planned: PlannedLeg, _ leg: SizingLeg, _ name: ClOrdID) -> NewOrder {
        NewOrder(
            clOrdID: name, instrument: planned.instrument, outcome: planned.outcome, side: .buy,
            orderQty: planned.orderQty, price: planned.limitPx,
            cashOrderQty: leg.budgetStep == nil ? nil : planned.cost, timeInForce: settings.timeInForce,
            purpose: .entry)
    }

    func request(
        _ id: ExecutionID, _ basket: Basket, _ plan: BasketPlan, _ orders: [2 of NewOrder], _ losses: [2 of Money],
        _ problem: SizingProblem, _ least: Quantity
    ) -> EntryRequest {
        func leg(_ index: Int) -> EntryLeg {
            // The engine judged both books in this very turn, or there would be no candidate.
            EntryLeg(
                instrument: orders[index].instrument, outcome: orders[index].outcome, orderQty: orders[index].orderQty,
                limitPx: orders[index].price, cashOrderQty: orders[index].cashOrderQty,
                feeMax: feeMax(plan.legs[index], problem.legs[index]), currency: problem.legs[index].currency,
                lossAlone: losses[index], freshness: .fresh)
        }
        return EntryRequest(
            execution: id, basket: basket.id, first: leg(0), second: leg(1),
            orderQtyMin: isProbeSize(plan, least) ? plan.orderQty : least)
    }

    /// A size by budget may buy a little more than the least: still the smallest that can be ordered.
    private func isProbeSize(_ plan: BasketPlan, _ least: Quantity) -> Bool { plan.orderQty <= least }

    /// Most that the venue may charge: fees of this shape are greatest nearest to one half, and fills may be cheaper.
    func feeMax(_ planned: PlannedLeg, _ leg: SizingLeg) -> Money {
        var state = FeeState()
        let half = Price(rawValue: FixedPoint.one / 2) ?? planned.limitPx
        let dearest = try? leg.fees.buyFee(min(planned.limitPx, half), planned.orderQty, .taker, &state)
        return max(planned.fee, dearest ?? planned.fee)
    }
}
