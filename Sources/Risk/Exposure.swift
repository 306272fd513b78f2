public import Trading

/// What an operator asks at three in the morning: am I exposed, and does the machine know it?
public struct Exposure: Hashable, Sendable {
    /// The gravest that holds, mildest first.
    public enum State: String, Sendable, Hashable, CaseIterable, Comparable {
        /// Nothing is held and nothing is open.
        case flat
        /// Everything held has its partner.
        case hedged
        /// What stands alone is being closed.
        case closing
        /// Something stands alone, or may.
        case exposed
        /// Nobody knows of some order: it counts as filled and as open.
        case unknown

        private var rank: Int {
            switch self {
            case .flat: 0
            case .hedged: 1
            case .closing: 2
            case .exposed: 3
            case .unknown: 4
            }
        }
        /// Orders by gravity.
        public static func < (left: State, right: State) -> Bool { left.rank < right.rank }
    }

    /// Orders of which nobody knows what became.
    public var unknownLegs = 0
    /// Executions whose excess has a closing order out.
    public var closing = 0
    /// Cost of what stands alone, or may, without a closing order out. Unit: USD.
    public var exposed = Money.zero
    /// Cost of all that stands alone, or may. Unit: USD.
    public var net = Money.zero
    /// Boxes that are not settled.
    public var boxes = 0
    /// Cost of their matched units. Unit: USD.
    public var hedged = Money.zero
    /// Contracts held, or perhaps so, at what they pay. Unit: USD.
    public var gross = Money.zero
    /// Cost of dust, booked at nothing. Unit: USD.
    public var dust = Money.zero
    /// Orders that are not over.
    public var openOrders = 0

    /// Nothing.
    public init() {}

    /// The gravest that holds.
    public var state: State {
        if unknownLegs > 0 { return .unknown }
        if exposed.rawValue > 0 || (openOrders > 0 && closing == 0) { return .exposed }
        if closing > 0 { return .closing }
        return boxes > 0 ? .hedged : .flat
    }

    /// All that holds, the gravest first: `UNKNOWN 1 legs · EXPOSED $12.30 · HEDGED`.
    public var line: String {
        var parts: [String] = []
        if unknownLegs > 0 { parts.append("UNKNOWN \(unknownLegs) legs") }
        if exposed.rawValue > 0 || state == .exposed {
            parts.append("EXPOSED $\(Exposure.cents(exposed))")
        }
        if closing > 0 { parts.append("CLOSING \(closing)") }
        if boxes > 0 { parts.append("HEDGED") }
        return parts.isEmpty ? "FLAT" : parts.joined(separator: " · ")
    }

    /// Exit code of `arb status` for it: 3 unknown, 4 exposed or closing, 0 otherwise.
    public var exitCode: Int32 {
        switch state {
        case .unknown: 3
        case .exposed, .closing: 4
        case .flat, .hedged: 0
        }
    }

    /// Dollars and cents, rounded up: exposure is never shown smaller than it is.
    private static func cents(_ amount: Money) -> String {
        let units = Money.cent.rawValue
        let (whole, rest) = amount.rawValue.quotientAndRemainder(dividingBy: units)
        let rounded = Int64(clamping: Int128(rest > 0 ? whole + 1 : whole) * Int128(units))
        return FixedPoint.text(rounded, decimals: 2)
    }
}
