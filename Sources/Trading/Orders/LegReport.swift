/// What came of one sent leg by the time its answer was read or its deadline passed. A value in every case: no leg throws.
public struct LegReport: Hashable, Sendable {
    /// What the answer says.
    public enum Outcome: Hashable, Sendable {
        /// Nothing left: the order never existed.
        case notSent(LocalRefusal)
        /// The venue has it: working, delayed, filled, or done in part or not at all.
        case accepted(OrderSummary)
        /// The venue refused it.
        case rejected(VenueRejection)
        /// Nobody knows. For risk it counts as filled and as open until evidence says which.
        case unknown(UnknownReason)
    }

    /// Instants of one leg, on the monotonic clock.
    public struct Stamps: Hashable, Sendable {
        /// Signature or header was ready.
        public var signed: MonotonicNanos
        /// The last byte was given to the kernel; nil when none left.
        public var sent: MonotonicNanos?
        /// The answer was complete; nil when none came.
        public var acked: MonotonicNanos?

        /// Stamps.
        public init(signed: MonotonicNanos, sent: MonotonicNanos? = nil, acked: MonotonicNanos? = nil) {
            self.signed = signed
            self.sent = sent
            self.acked = acked
        }
    }

    /// Our name of the order.
    public let clOrdID: ClOrdID
    /// The venue's name: from the answer, or known before sending (Polymarket).
    public let orderID: OrderID?
    /// What the answer says.
    public let outcome: Outcome
    /// When.
    public let stamps: Stamps
    /// The venue's own stamp of the answer; nil where there is none.
    public let transactTime: UTCNanos?

    /// A report.
    public init(
        clOrdID: ClOrdID, orderID: OrderID?, outcome: Outcome, stamps: Stamps, transactTime: UTCNanos? = nil
    ) {
        self.clOrdID = clOrdID
        self.orderID = orderID
        self.outcome = outcome
        self.stamps = stamps
        self.transactTime = transactTime
    }

    /// The same as an event of the order's state machine.
    public var event: OrderEvent {
        switch outcome {
        case .notSent(let refusal): .notSent(refusal)
        case .accepted(let summary): .summary(summary)
        case .rejected(let rejection): .rejected(rejection)
        case .unknown(let reason): .unknown(reason)
        }
    }
}
