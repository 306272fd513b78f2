public import Trading

/// What one execution may cost at worst: open orders count as filled, unknown ones as filled and as open (law 1).
public struct ExecutionExposure: Hashable, Sendable {
    /// One leg's part.
    public struct Leg: Hashable, Sendable {
        /// Cost of what is held and of what may still be, fees in. Unit: USD.
        public var locked: Money
        /// Cash taken from the purse and still to be taken at most, buys and fees alone. Unit: the leg's currency.
        public var cash: Money
        /// Orders that are not over.
        public var openOrders: Int32
        /// Orders of which nobody knows what became.
        public var unknownOrders: Int32
        /// When the last of them ended; nil while one is open.
        public var doneAt: UTCNanos?

        /// Nothing.
        public init() {
            locked = .zero
            cash = .zero
            openOrders = 0
            unknownOrders = 0
            doneAt = nil
        }
    }

    /// The legs in the basket's order.
    public var first = Leg(), second = Leg()
    /// All contracts that are or may be held, at what they pay. Unit: USD.
    public var gross = Money.zero
    /// Cost of what stands, or may stand, without a partner. Unit: USD.
    public var net = Money.zero
    /// What may still be lost while legs are open, beyond what is booked. Unit: USD.
    public var lossAtRisk = Money.zero

    /// Nothing.
    public init() {}

    /// One leg.
    ///
    /// - Parameter leg: 0 or 1.
    public subscript(leg: Int) -> Leg {
        get { leg == 0 ? first : second }
        set { if leg == 0 { first = newValue } else { second = newValue } }
    }

    /// Orders that are not over.
    public var openOrders: Int { Int(first.openOrders) + Int(second.openOrders) }
    /// Orders of which nobody knows what became.
    public var unknownOrders: Int { Int(first.unknownOrders) + Int(second.unknownOrders) }
}
