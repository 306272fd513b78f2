/// One fill as all its witnesses describe it; without quantity while only its settlement was told.
struct FillEvidence: Hashable, Sendable {
    let execID: ExecID
    var lastQty = Quantity.zero
    var lastPx = Price.zero
    var fee: Money?
    var liquidity = Liquidity.maker
    var settlement: Settlement

    init(_ fill: Fill) {
        execID = fill.execID
        lastQty = fill.lastQty
        lastPx = fill.lastPx
        fee = fill.fee
        liquidity = fill.liquidity
        settlement = fill.settlement
    }

    init(_ execID: ExecID, _ settlement: Settlement) {
        self.execID = execID
        self.settlement = settlement
    }

    var isVoid: Bool { settlement == .failed }
    var isTold: Bool { lastQty.rawValue > 0 }

    mutating func join(_ fill: Fill, _ anomalies: inout OrderAnomalies) -> Bool {
        let before = self
        if !isTold {
            (lastQty, lastPx, liquidity) = (fill.lastQty, fill.lastPx, fill.liquidity)
        } else {
            if lastQty != fill.lastQty || lastPx != fill.lastPx { anomalies.insert(.fillDiffers) }
            if (lastQty, lastPx) < (fill.lastQty, fill.lastPx) { (lastQty, lastPx) = (fill.lastQty, fill.lastPx) }
            if fill.liquidity == .taker { liquidity = .taker }
        }
        if let told = fill.fee { fee = max(fee ?? told, told) }
        let isFirmer = join(fill.settlement, &anomalies)
        return isFirmer || self != before
    }

    mutating func join(_ told: Settlement, _ anomalies: inout OrderAnomalies) -> Bool {
        if told == .failed && settlement == .confirmed || told == .confirmed && settlement == .failed {
            anomalies.insert(.settlementDiffers)
        }
        guard told.rank > settlement.rank else { return false }
        settlement = told
        return true
    }
}

/// The venue's own sums, at the largest quantity that it named.
struct FillClaim: Hashable, Sendable {
    var cumQty = Quantity.zero
    /// Exact.
    var cash: Money?
    /// From a mean price that the venue rounded.
    var roundedCash: Money?
    var fee: Money?
    /// From a mean fee that the venue rounded.
    var feeMax: Money?

    func joined(with other: FillClaim) -> FillClaim {
        if cumQty != other.cumQty { return cumQty < other.cumQty ? other : self }
        func larger(_ left: Money?, _ right: Money?) -> Money? {
            guard let left, let right else { return left ?? right }
            return max(left, right)
        }
        return FillClaim(
            cumQty: cumQty, cash: larger(cash, other.cash), roundedCash: larger(roundedCash, other.roundedCash),
            fee: larger(fee, other.fee), feeMax: larger(feeMax, other.feeMax))
    }
}

/// Sums over the fills told by name.
struct FillSums: Hashable, Sendable {
    var toldQty: Int64 = 0
    var voidQty: Int64 = 0
    var minedQty: Int64 = 0
    var confirmedQty: Int64 = 0
    /// 1e-16 of the currency.
    var toldCash: Int128 = 0
    var voidCash: Int128 = 0
    var fee: Int64 = 0
    var isFeeWhole = true
    var isClipped = false

    mutating func add(_ entry: FillEvidence) {
        guard entry.isTold else { return }
        let qty = entry.lastQty.rawValue
        let cash = Int128(entry.lastPx.rawValue) * Int128(qty)
        var over = Self.clip(&toldQty, qty)
        over = Self.clip(&toldCash, cash) || over
        if entry.fee == nil { isFeeWhole = false }
        if entry.isVoid {
            over = Self.clip(&voidQty, qty) || over
            over = Self.clip(&voidCash, cash) || over
        } else {
            over = Self.clip(&fee, entry.fee?.rawValue ?? 0) || over
            let isFinal = entry.settlement == .confirmed
            if isFinal || entry.settlement == .mined { over = Self.clip(&minedQty, qty) || over }
            if isFinal { over = Self.clip(&confirmedQty, qty) || over }
        }
        if over { isClipped = true }
    }

    /// Adds, and stays at the end of the range where the sum would leave it; true then.
    private static func clip<Amount: FixedWidthInteger>(_ sum: inout Amount, _ part: Amount) -> Bool {
        let (whole, over) = sum.addingReportingOverflow(part)
        sum = over ? (part < 0 ? .min : .max) : whole
        return over
    }
}
