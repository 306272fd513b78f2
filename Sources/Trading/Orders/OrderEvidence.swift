extension OrderState {
    /// What does not fit together. None of it stops the order from being followed; each wants a person's eye.
    public struct Anomalies: OptionSet, Hashable, Sendable {
        /// One bit a kind.
        public let rawValue: UInt16
        /// Kinds by their bits.
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        /// More was filled than asked (by size), or spent than allowed (by budget). Booked all the same.
        public static let overfill = Anomalies(rawValue: 1 << 0)
        /// Refused, or never sent, and yet it worked or filled.
        public static let contradiction = Anomalies(rawValue: 1 << 1)
        /// One fill was told with two sizes or prices; the larger is booked.
        public static let fillDiffers = Anomalies(rawValue: 1 << 2)
        /// A fill was called final and void; it stays final.
        public static let settlementDiffers = Anomalies(rawValue: 1 << 3)
        /// At least one fill is void.
        public static let voided = Anomalies(rawValue: 1 << 4)
        /// More fills than are remembered by name.
        public static let tooManyFills = Anomalies(rawValue: 1 << 5)
        /// Called filled with less than was asked.
        public static let shortFill = Anomalies(rawValue: 1 << 6)
        /// A fill of nothing or less, or sums beyond 64 bits: what can be kept of it is.
        public static let badAmounts = Anomalies(rawValue: 1 << 7)

        /// The words used in output, in order.
        public var words: [String] {
            [
                (Anomalies.overfill, "overfill"), (.contradiction, "contradiction"), (.fillDiffers, "fill_differs"),
                (.settlementDiffers, "settlement_differs"), (.voided, "voided"), (.tooManyFills, "too_many_fills"),
                (.shortFill, "short_fill"), (.badAmounts, "bad_amounts"),
            ].filter { contains($0.0) }.map(\.1)
        }
    }

    /// One fill as all its witnesses describe it; without quantity while only its settlement was told.
    struct FillEntry: Hashable, Sendable {
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

        mutating func join(_ fill: Fill, _ anomalies: inout Anomalies) -> Bool {
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

        mutating func join(_ told: Settlement, _ anomalies: inout Anomalies) -> Bool {
            if told == .failed && settlement == .confirmed || told == .confirmed && settlement == .failed {
                anomalies.insert(.settlementDiffers)
            }
            guard told.rank > settlement.rank else { return false }
            settlement = told
            return true
        }
    }

    /// The venue's own sums, at the largest quantity that it named.
    struct Claim: Hashable, Sendable {
        var cumQty = Quantity.zero
        /// Exact.
        var cash: Money?
        /// From a mean price that the venue rounded.
        var roundedCash: Money?
        var fee: Money?

        func joined(with other: Claim) -> Claim {
            if cumQty != other.cumQty { return cumQty < other.cumQty ? other : self }
            func larger(_ left: Money?, _ right: Money?) -> Money? {
                guard let left, let right else { return left ?? right }
                return max(left, right)
            }
            return Claim(
                cumQty: cumQty, cash: larger(cash, other.cash), roundedCash: larger(roundedCash, other.roundedCash),
                fee: larger(fee, other.fee))
        }
    }

    /// Sums over the fills told by name.
    struct Sums: Hashable, Sendable {
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

        mutating func add(_ entry: FillEntry) {
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

    mutating func total() {
        var sums = Sums()
        for index in entries.indices { sums.add(entries[index]) }
        self.sums = sums
    }
}
