import Risk
import Trading

// The gate reserves what orders may come to, not what the books promise: every contract at its order's limit, and the
// most that the venue may charge. A plan over several levels is fitted to that, or the gate would refuse it at each cap.
extension Trader {
    /// The plan, or a smaller one, that is within the caps at its worst.
    ///
    /// - Parameter limits: tightened so far that what is sized anew within them is within the caps too.
    func fittedAtWorst(_ plan: BasketPlan, _ limits: inout SizingLimits, _ problem: SizingProblem) throws(Refusal)
        -> BasketPlan
    {
        let caps = limits
        var plan = plan
        for _ in 0..<8 {
            var locked: Int128 = 0
            var isWithin = true
            for (planned, leg) in zip(plan.legs, problem.legs) {
                let worst = cashMax(planned, leg)
                locked += spent(worst, leg.currency)
                let venue = venue(of: leg.instrument)
                guard let cap = caps.cash(at: venue), worst > Int128(cap.rawValue) else { continue }
                isWithin = false
                let paid = Int128(planned.cost.rawValue) + Int128(planned.fee.rawValue)
                limits.setCash(Self.scaled(paid, to: cap, of: worst), at: venue)
            }
            if locked > Int128(caps.lockedMax.rawValue) {
                isWithin = false
                limits.lockedMax = Self.scaled(Int128(plan.locked.rawValue), to: caps.lockedMax, of: locked)
            }
            if isWithin { return plan }
            plan = try resized(problem, limits)
        }
        throw .noSize("no size is within the caps when every contract costs its limit")
    }

    /// Most that an order takes from its purse. Unit: the leg's currency.
    private func cashMax(_ planned: PlannedLeg, _ leg: SizingLeg) -> Int128 {
        var cost = Int128(planned.cost.rawValue)
        if leg.budgetStep == nil {
            let exact = Int128(planned.limitPx.rawValue) * Int128(planned.orderQty.rawValue)
            cost = max(cost, (exact + Int128(FixedPoint.one) - 1) / Int128(FixedPoint.one))
        }
        return cost + Int128(feeMax(planned, leg).rawValue)
    }

    private func spent(_ amount: Int128, _ currency: Currency) -> Int128 {
        (amount * Int128(settings.valuation.spentRate(currency)) + Int128(FixedPoint.one) - 1) / Int128(FixedPoint.one)
    }

    /// What of `amount` is left when its worst is brought down to the cap, less a cent for the roundings.
    private static func scaled(_ amount: Int128, to cap: Money, of worst: Int128) -> Money {
        let share = amount * Int128(max(0, cap.rawValue)) / max(1, worst)
        return Money(rawValue: Int64(clamping: max(0, share - Int128(Money.cent.rawValue))))
    }
}
